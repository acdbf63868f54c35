"""The heap of the local executor: pages are used again, and the user's own settings win."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from stackcore_plugins.executor_local import heap

needs_gnu = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")

_BANDS = """
import resource, sys
import numpy as np
from stackcore_plugins.executor_local.executor import LocalExecutor
from stackcore_plugins.executor_local.plugin import LocalOptions
import threading

def band(number):
    for _ in range(5):
        [np.ones(12_000_000 + 8 * number, np.uint8) for _ in range(4)]

executor = LocalExecutor(LocalOptions(workers=2))
list(executor.map(band, range(4), threading.Event()))
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
list(executor.map(band, range(4), threading.Event()))
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
executor.close()
"""
"""80 arrays of 12 MB in two threads, of which eight at a time are alive; 2930 pages each."""


def _faults() -> int:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    environment["NUMPY_MADVISE_HUGEPAGE"] = "0"  # huge pages take fewer faults, and are not everywhere
    done = subprocess.run([sys.executable, "-c", _BANDS], env=environment, capture_output=True, check=True)
    return int(done.stdout)


@needs_gnu
def test_bands_use_the_pages_of_those_before():
    assert _faults() < 20_000  # without it 64 000 and more


@needs_gnu
@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES"])
def test_settings_of_the_environment_win(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    assert not heap.keep_heap()


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not heap.keep_heap()
    heap.give_back()
