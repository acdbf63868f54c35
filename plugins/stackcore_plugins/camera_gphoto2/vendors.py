"""What differs between the makers of cameras, as a table: one row a vendor, no branches anywhere else.

`verified` tells how a row is known: `wire` (libgphoto2's own driver drove it against a responder that speaks the
protocol), `source` (read in the driver's source and run against a made-up tree of settings), `body` (a real camera).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verified = Literal["wire", "source", "body"]
Meaning = Literal["end", "small", "busy", "not_live"]

GENERIC_ERROR, CAMERA_BUSY, CAMERA_ERROR = -1, -110, -113


@dataclass(frozen=True)
class Amount:
    """The drive takes a signed number of units; `largest` is the most one command carries, 0 is never sent."""

    setting: str
    largest: int


@dataclass(frozen=True)
class Classes:
    """The drive takes a size of step and a direction, and no number: a unit is one command of the chosen size.

    `sizes` are pairs of choices (near, far) from fine to coarse. `rearm` is written before each command and moves
    nothing. `pause_s` passes after each command, since nothing tells when the lens stops.
    """

    setting: str
    sizes: tuple[tuple[str, str], ...]
    rearm: str = ""
    pause_s: float = 0.0


@dataclass(frozen=True)
class Absolute:
    """The drive takes a position; a movement is the position now and the units."""

    setting: str


DriveTable = Amount | Classes | Absolute


@dataclass(frozen=True)
class Sign:
    """How the driver says something: this result code, with this in its text (empty: any text)."""

    meaning: Meaning
    code: int
    text: str = ""


@dataclass(frozen=True)
class FocusMode:
    """The body's focus mode: `setting` reads one of the `manual` values when it is manual.

    `required`: a run needs manual; `refused`: a run needs autofocus; `warn`: `better` is advised, and any will do.
    """

    setting: str
    manual: tuple[str, ...]
    rule: Literal["required", "refused", "warn"]
    better: Literal["manual", "autofocus"]


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A row of the table.

    Attributes
    ----------
    name, makers
        What it is called; how the body's maker begins, lower case.
    verified, note
        How it is known; what its drive can and cannot do, one sentence.
    drive, exact
        How a movement becomes commands; whether the same number back reaches the same place.
    signs
        What the driver's failures of a drive command mean.
    unmoved_within_s
        A "busy" that comes back sooner than this proves that nothing moved, so the command may be sent again; seconds.
    focus_mode
        The rule for it.
    live_view, live_view_told
        Setting that switches live view, empty where it is always on; whether reading it tells the truth.
    prohibited, permitted
        Setting that tells why live view cannot start; the text in it when nothing stands against it.
    target, ram, card
        Setting for where stills go, and its values.
    no_autofocus
        Settings and values that keep a still from focusing, written in every session where they exist.
    release
        Settings and values that take a still without autofocus; the first whose choices exist is used, else a trigger.
    shutter, shutter_unit_s
        Setting of the shutter time, and the seconds its number counts in; 0 for text as `1/60`.
    battery, flash, position
        Settings of the battery's charge, of a flash that is ready, of the drive's position; empty where unknown.
    """

    name: str
    makers: tuple[str, ...]
    verified: Verified
    note: str
    drive: DriveTable
    exact: bool
    signs: tuple[Sign, ...] = (Sign("busy", CAMERA_BUSY),)
    unmoved_within_s: float = 0.0
    focus_mode: FocusMode | None = None
    live_view: str = "viewfinder"
    live_view_told: bool = True
    prohibited: str = ""
    permitted: str = ""
    target: str = "capturetarget"
    ram: str = "Internal RAM"
    card: str = "Memory card"
    no_autofocus: tuple[tuple[str, str], ...] = ()
    release: tuple[tuple[tuple[str, str], ...], ...] = ()
    shutter: str = "shutterspeed"
    shutter_unit_s: float = 0.0
    battery: str = "batterylevel"
    flash: str = ""
    position: str = ""


_THREE_SIZES = (("Near 1", "Far 1"), ("Near 2", "Far 2"), ("Near 3", "Far 3"))

NIKON = Vendor(
    name="Nikon",
    makers=("nikon",),
    verified="wire",
    note="Counts units; reports the end of the range and steps that are too small; live view must be on.",
    drive=Amount("manualfocusdrive", 32_767),
    exact=True,
    signs=(
        Sign("end", CAMERA_ERROR, "at limit"),
        Sign("small", CAMERA_ERROR, "too small"),
        Sign("not_live", GENERIC_ERROR, "only in LiveView"),
        Sign("busy", CAMERA_BUSY),
    ),
    # The driver polls a body that has taken the command for a second, and tells of one that has not at once.
    unmoved_within_s=0.5,
    # The raw property: reading the menu's text can end the process when the value is none of its choices.
    focus_mode=FocusMode("500a", ("1",), "warn", "autofocus"),
    prohibited="liveviewprohibit",
    permitted="should not be prohibited",
    no_autofocus=(("autofocus", "Off"),),
    shutter="500d",
    shutter_unit_s=1e-4,
    flash="flashcharged",
)

VENDORS: tuple[Vendor, ...] = (
    NIKON,
    Vendor(
        name="Canon EOS",
        makers=("canon",),
        verified="source",
        note="Three sizes of step without a count: a unit is one command, and the way back is about as long.",
        drive=Classes("manualfocusdrive", _THREE_SIZES, rearm="None", pause_s=0.1),
        exact=False,
        focus_mode=FocusMode("focusmode", ("Manual",), "warn", "autofocus"),
        release=(
            (("eosremoterelease", "Press Full MF"), ("eosremoterelease", "Release Full")),
            (("eosremoterelease", "Immediate"), ("eosremoterelease", "Release Full")),
        ),
    ),
    Vendor(
        name="Sony Alpha",
        makers=("sony",),
        verified="source",
        note="Seven speeds each way without a report: commands of at most 7 units, and the way back is about as long.",
        drive=Amount("manualfocus", 7),
        exact=False,
        focus_mode=FocusMode("focusmode", ("Manual",), "required", "manual"),
        live_view="",
        ram="sdram",
        card="card",
    ),
    Vendor(
        name="Panasonic",
        makers=("panasonic",),
        verified="source",
        note="Two sizes of step without a count: a unit is one command, and the way back is about as long.",
        drive=Classes("manualfocusdrive", _THREE_SIZES[:2], rearm="None", pause_s=0.1),
        exact=False,
        focus_mode=FocusMode("focusmode", ("Manual", "MF"), "warn", "manual"),
        live_view_told=False,
    ),
    Vendor(
        name="Olympus OM-D",
        makers=("olympus", "om digital"),
        verified="source",
        note="Three sizes of 3, 14 and 60 motor steps; a unit is one command; no report of the end of the range.",
        drive=Classes("manualfocusdrive", _THREE_SIZES, rearm="None", pause_s=0.1),
        exact=False,
        focus_mode=FocusMode("focusmode", ("Manual", "MF"), "warn", "manual"),
        live_view="",
    ),
    Vendor(
        name="Fujifilm",
        makers=("fuji",),
        verified="source",
        note="Takes positions and tells its own, so the end of the range is known before anything moves.",
        drive=Absolute("manualfocusdrive"),
        exact=True,
        focus_mode=FocusMode("focusmode", ("Manual", "MF"), "required", "manual"),
        live_view="",
        position="manualfocusdrive",
    ),
)
"""All rows; the first whose maker fits is used."""


UNKNOWN = Vendor(
    name="unknown maker",
    makers=(),
    verified="source",
    note="No row of the table fits, so its focus cannot be driven.",
    drive=Amount("", 1),
    exact=False,
)


def vendor_of(*names: str) -> Vendor:
    """Return the row of a body by its maker's name, best source first; `UNKNOWN` for a maker without one.

    Examples
    --------
    >>> vendor_of("Nikon Corporation").name, vendor_of("GP", "Canon EOS R5").name, vendor_of("Acme").name
    ('Nikon', 'Canon EOS', 'unknown maker')
    """
    told = [name.casefold() for name in names]
    return next((row for name in told for row in VENDORS if name.startswith(row.makers)), UNKNOWN)


_IN_ONE_GO = 10


def most_units(row: Vendor) -> int:
    """Most drive units that one movement shall have: between movements a run can be stopped and keeps its books."""
    match row.drive:
        case Amount(_, largest):
            return largest
        case Classes():
            return _IN_ONE_GO
        case Absolute():
            return 32_767
