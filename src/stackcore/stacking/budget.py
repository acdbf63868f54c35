"""How much memory a stack needs, worked out before work starts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stackcore.errors import ConfigError, UsageError

_BASE_BYTES = 310_000_000
"""Python, libvips, OpenCV, numba with LLVM, and what the allocator does not give back; measured on Linux."""

_HELD = 1.04
"""What is taken for each byte that is asked for: the allocator keeps parts of blocks; measured at 24 and 100 MP."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


@dataclass(frozen=True)
class Budget:
    """Bytes by what needs them, for a number of workers.

    Attributes
    ----------
    state, frames, tasks, picture
        While frames are fused: what is accumulated; the frames in flight; the workers; pictures that are finished.
    kept
        What stays all the time: darks and flats.
    finish
        What finishing the picture takes beside the state, when no frame is in flight any more.
    after
        What the finished picture and its depth map take, when the state is gone.
    before
        What the stages before fusing take, the largest of them.
    """

    state: int
    frames: int
    tasks: int
    picture: int = 0
    kept: int = 0
    finish: int = 0
    after: int = 0
    before: int = 0

    @property
    def total(self) -> int:
        """Peak of the whole process."""
        return _BASE_BYTES + self.kept + int(_HELD * max(self.before, self.fusing))

    @property
    def fusing(self) -> int:
        """Peak while frames are fused, or the picture of them is finished, or its depth map made."""
        return max(self.state + max(self.frames + self.tasks, self.finish) + self.picture, self.after)


def estimate(state_bytes: int, frame_bytes: int, task_bytes: int, workers: int) -> Budget:
    """One state, the frame at work and the one being decoded, one task per worker."""
    return Budget(state_bytes, 2 * frame_bytes, workers * task_bytes)


def require(budget: Budget, limit: int | None, choices: Sequence[str] = ()) -> None:
    """Raise `ConfigError` that names the number needed when `limit` is smaller, and what else may be done."""
    if limit is None or budget.total <= limit:
        return
    finishes = budget.finish > budget.frames + budget.tasks
    parts = {
        "for the picture being built": budget.state,
        "for finishing it": budget.finish if finishes else 0,
        "for frames in flight": 0 if finishes else budget.frames,
        "for the workers": 0 if finishes else budget.tasks,
        "for finished pictures": budget.picture,
        "for darks and flats": budget.kept,
    }
    named = ", ".join(f"{in_mib(size)} {what}" for what, size in parts.items() if size)
    if budget.after == budget.fusing:
        named = f"{in_mib(budget.after)} for the picture and its depth map"
    if budget.before > budget.fusing:
        named = f"{in_mib(budget.before)} for surveying the frames"
    raise ConfigError(
        f"The memory limit of {in_mib(limit)} is too small for this stack.",
        f"it needs {in_mib(budget.total)}: {named}.",
        "; or ".join([f"allow at least `--memory {-(-budget.total // 2**20)}MiB`", *choices]) + ".",
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


def readable(size: int) -> str:
    """A size for people, in the unit that suits it.

    Examples
    --------
    >>> readable(884 * 2**20), readable(2**30)
    ('884 MiB', '1.0 GiB')
    """
    return in_mib(size) if size < 2**30 else f"{size / 2**30:.1f} GiB"


def in_mib(size: int) -> str:
    """Readable size."""
    return f"{size / 2**20:.0f} MiB"
