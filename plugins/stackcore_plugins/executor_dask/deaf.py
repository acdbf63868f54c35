"""Preloaded by the workers of this machine: Ctrl-C, which a terminal sends to them too, is for who started them."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by Dask in each worker, in its main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
