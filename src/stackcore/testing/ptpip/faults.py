"""What can go wrong, as data: when it strikes, what it does; and the words in which a test asks for it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal, get_args

from stackcore.errors import UsageError, did_you_mean
from stackcore.testing.ptpip.codes import Act, Answer, Operation

Effect = Literal["busy", "answer", "result", "stop_short", "silent", "cut", "unplug"]
"""What a fault does to a command.

`busy`: it works, then the body is not ready for `value` polls. `answer`: it is refused with code `value`. `result`: it
is accepted, does nothing, and the next poll ends with code `value`. `stop_short`: a focus move ends at a mechanical
stop after `value` units (0: half of it). `silent`: it is carried out and never answered. `cut`: it is carried out, and
the connections close after `value` bytes of its data. `unplug`: the same, and nobody listens any more.
"""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong: from the `first` command about `on`, `times` times (0: from then on)."""

    effect: Effect
    on: Act | Literal["any"]
    value: int = 0
    first: int = 1
    times: int = 1

    def strikes(self, number: int) -> bool:
        """Whether it strikes the command with this number, counted from 1."""
        return number >= self.first and (self.times == 0 or number < self.first + self.times)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The body before the first command: what it is, how its lens stands, what it saves, what will go wrong.

    Attributes
    ----------
    identity
        Key of `identity.IDENTITIES`.
    position, near_stop, far_stop
        Where the lens stands and where it ends, drive units; greater is farther from the camera.
    smallest_step
        Fewer drive units than this are refused as too small a step.
    ready_polls
        How many times the body says busy after every action.
    files
        Suffixes of what one still consists of, in order.
    card_frames
        Free room on the card, files; None without a card.
    prohibited
        Nikon's word of reasons why live view cannot start; 0 for none.
    without
        Operations that the body does not list and refuses.
    still_ends_live_view
        Whether live view is off after a still, as with a mirror.
    """

    identity: str = "d850"
    position: int = 0
    near_stop: int = -1_000_000
    far_stop: int = 1_000_000
    smallest_step: int = 1
    ready_polls: int = 0
    files: tuple[str, ...] = ("jpg",)
    card_frames: int | None = 1000
    prohibited: int = 0
    without: frozenset[int] = frozenset()
    still_ends_live_view: bool = False
    faults: tuple[Fault, ...] = ()


_WORDS = {
    "battery": 1 << 8,
    "temperature": 1 << 17,
    "no-card": 1 << 14,
    "mirror-up": 1 << 22,
    "not-supported": Answer.OPERATION_NOT_SUPPORTED,
    "out-of-focus": Answer.NIKON_OUT_OF_FOCUS,
    "invalid-status": Answer.NIKON_INVALID_STATUS,
    "store-full": Answer.STORE_FULL,
}
"""Values that have a name."""

_STRIKING: dict[str, Fault] = {
    "busy": Fault(effect="busy", on="drive", value=3),
    "busy-at-once": Fault(effect="answer", on="drive", value=Answer.DEVICE_BUSY),
    "end-of-range": Fault(effect="stop_short", on="drive"),
    "lens-cannot-move": Fault(effect="answer", on="drive", value=Answer.NIKON_INVALID_STATUS, times=0),
    "lens-jams": Fault(effect="result", on="drive", value=Answer.GENERAL_ERROR),
    "refused": Fault(effect="answer", on="still", value=Answer.NIKON_OUT_OF_FOCUS),
    "no-answer": Fault(effect="silent", on="drive"),
    "cut": Fault(effect="cut", on="download", value=1000),
    "unplug": Fault(effect="unplug", on="download", value=1000),
}
_STANDING: dict[str, str] = {
    "step-too-small": "smallest_step",
    "live-view-prohibited": "prohibited",
    "card-full": "card_frames",
    "slow": "ready_polls",
}
_DEFAULTS = {"step-too-small": 10, "live-view-prohibited": _WORDS["battery"], "card-full": 0, "slow": 2}
_SWITCHES: dict[str, dict[str, object]] = {
    "no-card": {"card_frames": None},
    "no-focus-drive": {"without": frozenset({Operation.NIKON_DRIVE_FOCUS})},
    "no-live-view": {"without": frozenset({Operation.NIKON_START_LIVE_VIEW, Operation.NIKON_GET_LIVE_VIEW_IMAGE})},
    "still-ends-live-view": {"still_ends_live_view": True},
}

FAULT_NAMES: tuple[str, ...] = (*_STRIKING, *_STANDING, *_SWITCHES)
"""Every name that `with_fault` knows."""

_ACTS: dict[str, Act | Literal["any"]] = {act: act for act in (*get_args(Act), "any")}

_SPEC = re.compile(r"([a-z-]+)(?::([a-z_]+))?(?:=([a-z-]+|0x[0-9a-fA-F]+|\d+))?(?:@([1-9]\d*))?(?:x([1-9]\d*|\*))?")


def with_fault(setup: Setup, spec: str) -> Setup:
    """Return a setup in which this goes wrong too.

    Parameters
    ----------
    setup
        What it is added to.
    spec
        `NAME[:ACT][=VALUE][@FIRST][xTIMES]`: which fault, on which kind of command, with which number (or its word,
        such as `battery`), from which such command on, how often (`*`: always). What is left out is the fault's own.

    Raises
    ------
    UsageError
        The name is unknown, or a part of the spec does not belong to it.

    Examples
    --------
    >>> with_fault(Setup(), "no-answer:still@3").faults[0]
    Fault(effect='silent', on='still', value=0, first=3, times=1)
    >>> with_fault(Setup(), "card-full=2").card_frames
    2
    """
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise UsageError(f"`{spec}` is no fault.", "a fault reads NAME[:ACT][=VALUE][@FIRST][xTIMES].", _advice(spec))
    name, on, value, first, times = match.groups()
    if name in _STRIKING:
        fault = _STRIKING[name]
        if on is not None and on not in _ACTS:
            raise UsageError(f"`{spec}` strikes nothing.", f"there is no act `{on}`.", did_you_mean(on, _ACTS))
        fault = replace(
            fault,
            on=fault.on if on is None else _ACTS[on],
            value=fault.value if value is None else _number(spec, value),
            first=int(first or fault.first),
            times=fault.times if times is None else 0 if times == "*" else int(times),
        )
        return replace(setup, faults=(*setup.faults, fault))
    if name not in FAULT_NAMES:
        raise UsageError(f"`{spec}` is no fault.", f"`{name}` is unknown.", _advice(name))
    if on or first or times or (value is not None and name in _SWITCHES):
        raise UsageError(f"`{spec}` says too much.", f"`{name}` holds from the start.", f"write `{name}`.")
    if name in _STANDING:
        number = _DEFAULTS[name] if value is None else _number(spec, value)
        return replace(setup, **{_STANDING[name]: number})  # type: ignore[arg-type]
    changes = dict(_SWITCHES[name])
    if "without" in changes:
        changes["without"] = setup.without | _SWITCHES[name]["without"]  # type: ignore[operator]
    return replace(setup, **changes)  # type: ignore[arg-type]


def _number(spec: str, value: str) -> int:
    if value in _WORDS:
        return int(_WORDS[value])
    try:
        return int(value, 0)
    except ValueError as error:
        raise UsageError(f"`{spec}` has no number.", f"`{value}` is none.", did_you_mean(value, _WORDS)) from error


def _advice(name: str) -> str:
    return did_you_mean(name, FAULT_NAMES)


class Watch:
    """Counts commands and says which faults strike the one that has come."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._seen: Counter[str] = Counter()

    def due(self, act: Act) -> tuple[Fault, ...]:
        """Count one more command of this kind; return what strikes it."""
        self._seen.update((act, "any"))
        return tuple(f for f in self._faults if f.on in (act, "any") and f.strikes(self._seen[f.on]))
