"""What can go wrong, as data: when it strikes, what it does; and the words in which a test asks for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from stackcore.errors import UsageError, did_you_mean
from stackcore.testing.ptpip.codes import Act, Answer, Operation, Property
from stackcore.testing.ptpip.identity import IDENTITIES

Effect = Literal["busy", "answer", "result", "stop_short", "lost", "stray", "dark", "silent", "cut", "unplug"]
"""What a fault does to a command.

`busy`: it works, then the body is busy for the next `value` times it is asked. `answer`: it is refused with code
`value`. `result`: it is accepted, does nothing, and the next poll ends with code `value`. `stop_short`: a focus move
ends at a mechanical stop after `value` units (0: half of it). `lost`: it works, and no news of it comes. `stray`: it
works, and then somebody presses the shutter button. `dark`: it works, and then the body ends live view by itself.
`silent`: it is carried out and never answered. `cut`: it is carried out, and the connections close after `value` bytes
of its data. `unplug`: the same, and nobody listens any more.
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
        How many times the body says busy, or has no news, after every action.
    files
        Suffixes of what one still consists of, in order.
    card_frames
        Free room on the card, files; None without a card.
    values
        Properties that differ from those of the identity, by code.
    without
        Operations that the body does not list and refuses.
    still_ends_live_view
        Whether live view is off after a still, as with a mirror.

    Raises
    ------
    UsageError
        There is no such identity, the lens stands beyond its stops, or `files` are no suffixes.
    """

    identity: str = "d850"
    position: int = 0
    near_stop: int = -1_000_000
    far_stop: int = 1_000_000
    smallest_step: int = 1
    ready_polls: int = 0
    files: tuple[str, ...] = ("jpg",)
    card_frames: int | None = 1000
    values: Mapping[int, int] = field(default_factory=dict)
    without: frozenset[int] = frozenset()
    still_ends_live_view: bool = False
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        if self.identity not in IDENTITIES:
            raise UsageError(
                f"There is no body `{self.identity}`.", "nobody described it.", did_you_mean(self.identity, IDENTITIES)
            )
        if not self.near_stop <= self.position <= self.far_stop:
            raise UsageError(
                f"No lens stands at {self.position}.",
                f"its stops are {self.near_stop} and {self.far_stop}.",
                "put it between them.",
            )
        if not self.files or not all(re.fullmatch("[a-z0-9]+", suffix) for suffix in self.files):
            raise UsageError(
                f"A still cannot consist of {list(self.files)}.",
                "each file of it needs a suffix of small letters and digits.",
                "write `jpg`, `nef` or `jpg+nef`.",
            )


_WORDS = {
    "battery": 1 << 8,
    "temperature": 1 << 17,
    "no-card": 1 << 14,
    "mirror-up": 1 << 22,
    "manual": 1,
    "not-supported": Answer.OPERATION_NOT_SUPPORTED,
    "out-of-focus": Answer.NIKON_OUT_OF_FOCUS,
    "invalid-status": Answer.NIKON_INVALID_STATUS,
    "store-full": Answer.STORE_FULL,
}
"""Values that have a name: reasons against live view (bits of Nikon's word), a focus mode, answers."""

_STRIKING: dict[str, Fault] = {
    "busy": Fault(effect="busy", on="drive", value=3),
    "busy-at-once": Fault(effect="answer", on="drive", value=Answer.DEVICE_BUSY),
    "end-of-range": Fault(effect="stop_short", on="drive"),
    "lens-cannot-move": Fault(effect="answer", on="drive", value=Answer.NIKON_INVALID_STATUS, times=0),
    "lens-jams": Fault(effect="result", on="drive", value=Answer.GENERAL_ERROR),
    "refused": Fault(effect="answer", on="still", value=Answer.NIKON_OUT_OF_FOCUS),
    "still-lost": Fault(effect="lost", on="still"),
    "shutter-button": Fault(effect="stray", on="drive"),
    "live-view-drops": Fault(effect="dark", on="drive"),
    "no-answer": Fault(effect="silent", on="drive"),
    "cut": Fault(effect="cut", on="download", value=1000),
    "unplug": Fault(effect="unplug", on="download", value=1000),
}
"""What strikes single commands."""


@dataclass(frozen=True)
class _Condition:
    """What holds from the start: how it changes the setup, and its number (None: it has none)."""

    change: Callable[[Setup, int], Setup]
    number: int | None = None


def _property(code: Property, number: int) -> _Condition:
    return _Condition(lambda setup, value: replace(setup, values={**setup.values, code: value}), number)


def _missing(*operations: Operation) -> _Condition:
    return _Condition(lambda setup, _: replace(setup, without=setup.without | set(operations)))


_STANDING: dict[str, _Condition] = {
    "step-too-small": _Condition(lambda setup, value: replace(setup, smallest_step=value), 10),
    "card-full": _Condition(lambda setup, value: replace(setup, card_frames=value), 0),
    "no-card": _Condition(lambda setup, _: replace(setup, card_frames=None)),
    "slow": _Condition(lambda setup, value: replace(setup, ready_polls=value), 2),
    "still-ends-live-view": _Condition(lambda setup, _: replace(setup, still_ends_live_view=True)),
    "live-view-prohibited": _property(Property.NIKON_LIVE_VIEW_PROHIBITED, _WORDS["battery"]),
    "focus-mode": _property(Property.FOCUS_MODE, _WORDS["manual"]),
    "battery": _property(Property.BATTERY_LEVEL, 1),
    "flash-charged": _property(Property.NIKON_FLASH_CHARGED, 0),
    "no-focus-drive": _missing(Operation.NIKON_DRIVE_FOCUS),
    "no-live-view": _missing(Operation.NIKON_START_LIVE_VIEW, Operation.NIKON_GET_LIVE_VIEW_IMAGE),
}
"""What holds from the start to the end; the number is the one that counts where none is given."""

FAULT_NAMES: tuple[str, ...] = (*_STRIKING, *_STANDING)
"""Every name that `with_fault` knows."""

_ACTS: dict[str, Act | Literal["any"]] = {act: act for act in (*get_args(Act), "any")}

_SPEC = re.compile(
    r"(?P<name>[a-z-]+)(?::(?P<on>[a-z_]+))?(?:=(?P<value>[a-z-]+|0x[0-9a-fA-F]+|\d+))?"
    r"(?:@(?P<first>[1-9]\d*))?(?:x(?P<times>[1-9]\d*|\*))?"
)


def with_fault(setup: Setup, spec: str) -> Setup:
    """Return a setup in which this goes wrong too.

    Parameters
    ----------
    setup
        What it is added to.
    spec
        `NAME[:ACT][=VALUE][@FIRST][xTIMES]`: which fault, on which kind of command, with which number (or its word,
        such as `battery`), from which such command on, how often (`*`: always). What is left out is the fault's own.
        What holds from the start takes at most a value.

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
        raise UsageError(
            f"`{spec}` is no fault.",
            "a fault reads NAME[:ACT][=VALUE][@FIRST][xTIMES].",
            did_you_mean(re.split("[^a-z-]", spec)[0], FAULT_NAMES),
        )
    name, value = match["name"], _number(match["value"])
    if name in _STRIKING:
        return replace(setup, faults=(*setup.faults, _striking(_STRIKING[name], match, value)))
    if name not in _STANDING:
        raise UsageError(f"`{spec}` is no fault.", f"`{name}` is unknown.", did_you_mean(name, FAULT_NAMES))
    condition = _STANDING[name]
    if match["on"] or match["first"] or match["times"] or (value is not None and condition.number is None):
        most = name if condition.number is None else f"{name}={condition.number}"
        raise UsageError(f"`{spec}` says too much.", f"`{name}` holds from the start.", f"write `{most}`.")
    return condition.change(setup, (condition.number or 0) if value is None else value)


def _striking(fault: Fault, match: re.Match[str], value: int | None) -> Fault:
    on, first, times = match["on"], match["first"], match["times"]
    if on is not None and on not in _ACTS:
        raise UsageError(f"`{match[0]}` strikes nothing.", f"there is no act `{on}`.", did_you_mean(on, _ACTS))
    return replace(
        fault,
        on=fault.on if on is None else _ACTS[on],
        value=fault.value if value is None else value,
        first=fault.first if first is None else int(first),
        times=fault.times if times is None else 0 if times == "*" else int(times),
    )


def _number(value: str | None) -> int | None:
    if value is None:
        return None
    if value in _WORDS:
        return int(_WORDS[value])
    try:
        return int(value, 0)
    except ValueError as error:
        raise UsageError(
            f"`{value}` is no number.", "it is no word for one either.", did_you_mean(value, _WORDS)
        ) from error


class Watch:
    """Counts commands and says which faults strike the one that has come."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._seen: Counter[str] = Counter()

    def due(self, act: Act) -> tuple[Fault, ...]:
        """Count one more command of this kind; return what strikes it."""
        self._seen.update((act, "any"))
        return tuple(f for f in self._faults if f.on in (act, "any") and f.strikes(self._seen[f.on]))
