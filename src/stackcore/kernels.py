"""Inner loops over pixels, compiled to machine code by numba when they are first called.

A kernel is a plain function over arrays and numbers, in the subset of Python that numba compiles: loops, arithmetic,
indexing. It gives the same bits for a pixel whatever else is computed in the same call: there is no fast-math, so LLVM
neither changes the order of a sum nor joins a product and a sum into one rounding, and a pixel does not depend on the
vector lane, the band or the strip that it falls in. Kernels release the GIL.

Kernels make no arrays: what they need to work in is given to them. So numba need not count who holds which array. Each
part of an array that a loop over runs looks at would be counted twice, with an instruction that waits for the memory:
that was a tenth of the time of a whole stack.

Machine code is kept in `__pycache__` beside the source, else in numba's folder in the user's cache, for the next
process; where neither can be written, each process compiles for itself. A kernel may call kernels of its own module
only: what is kept is thrown away when the source of the kernel's module changes, not when another module does.

numba itself (0.2 s and 65 MiB; the first call of a kernel as much again, compiled before or not) is loaded when a
kernel is called: while other workers decode the first frames.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    AnyT = TypeVar("AnyT", bound=np.generic)

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def kernel(function: FunctionT) -> FunctionT:
    """Return `function` compiled, when it is first called; that is done as before, with arrays and numbers.

    A division by zero gives infinity or NaN, as in numpy. Indices are not checked: whoever calls a kernel has checked
    the shapes.

    Examples
    --------
    >>> import numpy as np
    >>> @kernel
    ... def total(values):
    ...     found = 0.0
    ...     for value in values:
    ...         found += value
    ...     return found
    >>> total(np.arange(5.0))
    10.0
    """
    return cast(FunctionT, _Kernel(function))


class _Kernel:
    """Stands for a kernel in its module until one of them is called; then all of them are what numba makes of them.

    Where another module has taken it by its name it stays, and hands calls on.
    """

    _guard = threading.RLock()

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._compiled: Any = None

    def __call__(self, *arguments: Any) -> Any:
        if self._compiled is None:
            self._compile_all()
        return self._compiled(*arguments)

    def _compile_all(self) -> None:
        """Those that this one may call, too: numba looks for them in the module, and wants its own kind.

        Nobody is given one of them before all are in their places.
        """
        module = self._function.__globals__
        with self._guard:
            if self._compiled is not None:
                return
            ours = {
                name: value
                for name, value in list(module.items())
                if isinstance(value, _Kernel) and value._function.__globals__ is module
            }
            made = {value: value._made() for value in {*ours.values(), self}}  # itself: one within a function
            module.update({name: made[value] for name, value in ours.items()})
            for value, compiled in made.items():
                value._compiled = compiled

    def _made(self) -> Any:
        try:
            return _jit(self._function, cache=True)
        except RuntimeError:  # numba found no folder for the machine code: nothing writable, or no file at all
            return _jit(self._function, cache=False)


def read_only(array: NDArray[AnyT]) -> NDArray[AnyT]:
    """A view to hand to a kernel: there is one machine code for arrays that may be written, and one for the others."""
    view = array.view()
    view.flags.writeable = False
    return view


def _jit(function: Callable[..., Any], cache: bool) -> Any:
    import numba

    compiled: Any = numba.njit  # its stubs do not know the last option, which leaves counting out
    return compiled(nogil=True, cache=cache, fastmath=False, error_model="numpy", _nrt=False)(function)
