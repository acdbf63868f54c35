"""The one exception tree: what the user can act on, and the exit code each branch ends with."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, ClassVar


class StackcoreError(Exception):
    """Something the user can act on; bugs stay ordinary exceptions with their traceback.

    Parameters
    ----------
    what
        What happened, one sentence.
    why
        The cause, with the figures that show it.
    fix
        What to do about it.
    """

    exit_code: ClassVar[int]

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(what, why, fix)  # all in args: it must pickle to a worker and back
        self.what, self.why, self.fix = what, why, fix

    def __str__(self) -> str:
        return f"{self.what} why: {self.why} try: {self.fix}"


class UsageError(StackcoreError):
    """The command line is wrong, or a value on it is out of range."""

    exit_code = 2


class ConfigError(StackcoreError):
    """A preset, profile, environment variable or `--set` is wrong."""

    exit_code = 3


class PluginError(StackcoreError):
    """A plugin is unknown, broken, disabled, duplicate or incompatible."""

    exit_code = 4


class CameraError(StackcoreError):
    """The camera refused, failed or went away."""

    exit_code = 5


class NotReadyError(CameraError):
    """The camera cannot do this now: preflight failed, or it stayed busy."""


class CameraBusyError(NotReadyError):
    """The camera was busy and did nothing at all: the same command may be sent again."""


class FocusDriveError(CameraError):
    """A focus movement failed.

    Parameters
    ----------
    confirmed
        Signed drive units that were really moved by the failed command, or None when the camera does not know.
    """

    def __init__(self, what: str, why: str, fix: str, confirmed: int | None = None) -> None:
        super().__init__(what, why, fix)
        self.confirmed = confirmed

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what, self.why, self.fix, self.confirmed)


class FrameError(StackcoreError):
    """Input frames are missing, too few or unusable."""

    exit_code = 6


class UnreadableFrame(FrameError):  # noqa: N818 - the names of the house style read as claims
    """A frame is truncated, corrupt or of a type that no developer reads."""


class FrameMismatch(FrameError):  # noqa: N818
    """A frame differs in size or depth from the rest of its stack."""


class AlignmentFailed(FrameError):  # noqa: N818
    """A frame could not be registered."""


class OutputError(StackcoreError):
    """The result could not be written; whatever stood at its place before is untouched."""

    exit_code = 7


class BatchFailed(StackcoreError):  # noqa: N818
    """A batch came to its end, and some of its stacks have no result."""

    exit_code = 8


class Cancelled(StackcoreError):  # noqa: N818
    """The user stopped the run."""

    exit_code = 130


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Advice for a mistyped name: the nearest valid ones first, else all of them.

    Examples
    --------
    >>> did_you_mean("pyramyd", ["pyramid", "weighted"])
    'did you mean "pyramid"? valid: pyramid, weighted.'
    >>> did_you_mean("x", [])
    'none is available.'
    """
    names = sorted(set(known))
    if not names:
        return "none is available."
    folded = {n.casefold(): n for n in names}
    near = [folded[match] for match in get_close_matches(name.casefold(), folded, n=2, cutoff=0.5)]
    everything = f"valid: {', '.join(names)}."
    if not near:
        return everything
    quoted = " or ".join(f'"{n}"' for n in near)
    return f"did you mean {quoted}? {everything}"
