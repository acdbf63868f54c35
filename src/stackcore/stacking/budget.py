"""How much memory a stack needs, worked out before work starts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stackcore.errors import ConfigError, UsageError

_BASE_BYTES = 160_000_000
"""Python, libvips, OpenCV and the survey; measured on Linux."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


@dataclass(frozen=True)
class Budget:
    """Bytes by what needs them, for a number of workers."""

    state: int
    frames: int
    tasks: int

    @property
    def total(self) -> int:
        """Peak of the whole process."""
        return _BASE_BYTES + self.state + self.frames + self.tasks


def estimate(state_bytes: int, frame_bytes: int, task_bytes: int, workers: int) -> Budget:
    """One state, the frame at work and the one being decoded, one task per worker."""
    return Budget(state_bytes, 2 * frame_bytes, workers * task_bytes)


def require(budget: Budget, limit: int | None) -> None:
    """Raise `ConfigError` that names the number needed when `limit` is smaller."""
    if limit is not None and budget.total > limit:
        raise ConfigError(
            f"The memory limit of {in_mib(limit)} is too small for this stack.",
            f"it needs {in_mib(budget.total)}: {in_mib(budget.state)} for the picture being built, "
            f"{in_mib(budget.frames)} for two frames, {in_mib(budget.tasks)} for the workers.",
            f"allow at least `--memory {-(-budget.total // 2**20)}MiB`, or use fewer workers.",
        )


def parse_bytes(text: str) -> int:
    """Bytes of a size such as `2GiB`, `900MB` or `1.5g`; `UsageError` for anything else.

    Examples
    --------
    >>> parse_bytes("2GiB")
    2147483648
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(k|m|g|ki|mi|gi|)b?\s*", text.casefold())
    if match is None:
        raise UsageError(
            f'"{text}" is not an amount of memory.', "a number and a unit are needed.", "for example 2GiB."
        )
    return int(float(match[1]) * _UNITS[match[2]])


def in_mib(size: int) -> str:
    """Readable size."""
    return f"{size / 2**20:.0f} MiB"
