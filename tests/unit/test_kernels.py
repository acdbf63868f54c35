"""Compiled kernels: the same bits whatever the cut, infinities instead of errors, and no need for a folder to write."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from stackcore.kernels import _jit, kernel


@kernel
def weigh(values, weights, out):
    for i in range(values.shape[0]):
        out[i] = values[i] * weights[i] + values[i] / np.float32(3)


def arrays(n: int = 1009) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    return random.random(n, dtype=np.float32), random.random(n, dtype=np.float32)


def test_a_pixel_is_the_same_to_the_bit_in_whatever_lane_it_falls():
    values, weights = arrays()
    whole = np.empty_like(values)
    weigh(values, weights, whole)
    for length in (1, 3, 8, 61):
        cut = np.empty_like(values)
        for begin in range(0, len(values), length):
            part = slice(begin, begin + length)
            weigh(values[part], weights[part], cut[part])
        assert np.array_equal(cut, whole)


def test_a_product_and_a_sum_are_rounded_one_by_one_as_numpy_does():
    values, weights = arrays()
    ours = np.empty_like(values)
    weigh(values, weights, ours)
    assert np.array_equal(ours, values * weights + values / np.float32(3))


def test_nothing_is_counted_and_nothing_made_inside():
    def last_of_halves(values):
        total = np.float32(0)
        for i in range(values.shape[0] // 2):
            part = values[2 * i : 2 * i + 2]
            total += part[1]
        return total

    @kernel
    def made_inside(n):
        return np.empty(n, np.float32).shape[0]

    compiled = _jit(last_of_halves, cache=False)  # of code from a file numba shows nothing
    assert compiled(np.arange(6, dtype=np.float32)) == 9
    assert not any("NRT_incref" in code for code in compiled.inspect_llvm().values())
    with pytest.raises(numba.core.errors.NumbaError, match="empty"):
        made_inside(3)


def test_a_division_by_zero_is_no_error():
    @kernel
    def share(part, whole):
        return part / whole

    assert share(1.0, 0.0) == np.inf
    assert np.isnan(share(0.0, 0.0))


def test_without_a_folder_for_machine_code_it_compiles_anew(monkeypatch):
    def refuse(function):
        raise RuntimeError(f"cannot cache function {function.__name__!r}: no locator available")

    monkeypatch.setattr("numba.core.dispatcher.Dispatcher.enable_caching", lambda self: refuse(self.py_func))

    @kernel
    def twice(value):
        return 2 * value

    assert twice(21) == 42


@pytest.mark.parametrize("option", ["nogil", "fastmath", "error_model"])
def test_the_settings_are_those_that_the_same_bits_need(option):
    wanted = {"nogil": True, "fastmath": False, "error_model": "numpy"}
    weigh(*arrays(8), np.empty(8, np.float32))
    assert isinstance(weigh, numba.core.dispatcher.Dispatcher)
    assert weigh.targetoptions[option] == wanted[option]


def test_the_kernels_of_a_module_are_compiled_when_one_of_them_is_called():
    code = (
        "import sys\n"
        "from stackcore.fusing import loops\n"
        "from stackcore.fusing.loops import exponential\n"
        "import numpy as np\n"
        "import stackcore.api.processing\n"
        "print('numba' in sys.modules, type(loops.exponential).__name__)\n"
        "print(round(float(exponential(np.float32(-1))), 4), type(loops.absorb).__name__)\n"
        "print(loops.exponential.__doc__ == exponential.__doc__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "_Kernel", "0.3679", "CPUDispatcher", "True"]


def test_no_kernel_is_handed_out_before_those_that_it_calls(tmp_path, monkeypatch):
    (tmp_path / "slow_kernels.py").write_text(
        "from stackcore.kernels import kernel\n\n\n"
        "@kernel\ndef twice(value):\n    return 2 * once(value)\n\n\n"
        "@kernel\ndef once(value):\n    return inner(value)\n\n\n"
        "@kernel\ndef inner(value):\n    return value\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def slowly(function, cache):
        time.sleep(0.1)  # as long as numba may take to be imported
        return _jit(function, cache)

    monkeypatch.setattr("stackcore.kernels._jit", slowly)
    import slow_kernels

    def call(number):
        time.sleep(0.03 * number)
        return slow_kernels.twice(number)

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(call, range(12))) == [2 * n for n in range(12)]


def test_threads_that_call_at_once_get_the_same_kernel():
    @kernel
    def thrice(value):
        return 3 * value

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(thrice, range(20))) == [3 * n for n in range(20)]
