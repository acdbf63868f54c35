"""The room that the workers of other processes need, each of them, while a stack is fused there."""

from __future__ import annotations

from typing import Any

from stackcore.errors import ConfigError
from stackcore.fusing.depth import evidence_bytes
from stackcore.protocols import ParallelFuser, RegionalFuser, RemoteExecutor
from stackcore.stacking import budget
from stackcore.stacking.reader import StackReader
from stackcore.terms import StackInfo, Strip

_STATES = 5
"""At a join: both sides, and the copy of one that is joined into, for the task may be run again. And two that wait."""

_BESIDE = 60_000_000
"""Dask itself; measured at 3 and 6 MP, where workers came to 530 and 860 MiB of the 650 and 915 reckoned."""

_SHARE = 0.7
"""Of its limit that a worker is asked to take: above that, Dask writes states to the disk, and ends it at 0.95."""


def worker_needs(reader: StackReader, fuser: Any, info: StackInfo, strip: Strip, threads: int) -> int:
    """Bytes that a worker takes at most while it fuses slabs of a strip, all of its process."""
    is_whole = strip.rows == info.height
    frame = info.width * info.height * 3 * {"uint8": 1, "uint16": 2, "float32": 4}[info.dtype]
    decoding = max(frame, reader.info.decode_bytes)
    state = (
        fuser.state_bytes(info) if is_whole or not isinstance(fuser, RegionalFuser) else fuser.strip_bytes(info, strip)
    )
    task = threads * fuser.task_bytes(info) if isinstance(fuser, ParallelFuser) else 24 * info.width * info.height
    correction = reader.development.correction
    kept = sum(plane.nbytes for plane in (correction.dark, correction.flat) if plane is not None)
    reckoned = budget.Budget(_STATES * state, decoding + frame, task, kept=2 * kept, picture=evidence_bytes(info))
    return _BESIDE + reckoned.total


def fits_workers(needed: int, executor: RemoteExecutor) -> bool:
    """Whether the smallest worker has room for it."""
    limit = executor.worker_bytes
    return limit is None or needed <= _SHARE * limit


def refuse_small_workers(least: int, executor: RemoteExecutor) -> None:
    """Raise `ConfigError` that names the number needed, where the smallest worker has less."""
    if not fits_workers(least, executor):
        limit = executor.worker_bytes or 0
        raise ConfigError(
            "The workers have too little memory for this stack.",
            f"each needs {budget.in_mib(least)} in {_SHARE:.0%} of its limit; the smallest may take "
            f"{budget.in_mib(limit)}.",
            f"give each at least {budget.in_mib(int(least / _SHARE) + 2**20)} (`--set executor.worker_memory=...`, or "
            "`dask worker --memory-limit ...`), with fewer workers on a machine if need be.",
        )
