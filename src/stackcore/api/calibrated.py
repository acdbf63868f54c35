"""How the raw files of a stack are developed, all of them alike: darks, flat, white balance, settled in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from stackcore.api.dark_choice import AUTOMATIC, NO_DARK, Dark, dark_of
from stackcore.api.reference import Developers, Reference
from stackcore.calibration.white_balance import multipliers, parse_white_balance
from stackcore.colour.spaces import is_linear
from stackcore.errors import FrameError, UsageError, did_you_mean
from stackcore.events import Warned
from stackcore.metadata.shot import read_shot
from stackcore.protocols import Correction, Development, FrameInfo, Highlights, WhiteBalanceRule
from stackcore.runs import Run
from stackcore.stacking.inputs import collect
from stackcore.terms import ColourSpace, Encoding, Multipliers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_EV = 5.0
"""More than five stops either way is no correction of an exposure any more."""


@dataclass(frozen=True, kw_only=True)
class RawChoices:
    """What is asked of the development of raw files; every field has the name of its command-line option.

    Attributes
    ----------
    linear
        Numbers proportional to light.
    colour_space
        Primaries and transfer curve.
    white_balance
        `camera`, `daylight`, `auto`, the name of a grey card in the calibration library, "r g b g" or four numbers;
        None for the grey card that is last, or else `camera`.
    darks
        Name of a dark in the calibration library, `none`, or `auto` (as None) for the best by body, size, ISO, time.
    flat
        A raw file of an evenly lit, white surface, by which light is made even.
    exposure_ev
        Factor on the light, in stops.
    highlights
        What becomes of full photosites.
    first_is_dark, last_is_greycard
        The first file is a dark frame, the last one a grey card, of which neither is a frame of the stack.
    passed_over
        Names of fields that hold for raw files alone and are passed over for finished pictures, as those of a preset
        are; what is not among them is refused there.
    """

    linear: bool = False
    colour_space: ColourSpace = "srgb"
    white_balance: str | Sequence[float] | None = None
    darks: str | None = None
    flat: Path | None = None
    exposure_ev: float = 0.0
    highlights: Highlights = "clip"
    first_is_dark: bool = False
    last_is_greycard: bool = False
    passed_over: frozenset[str] = frozenset()

    @property
    def encoding(self) -> Encoding:
        """How the developed numbers stand for light."""
        return "linear" if self.linear else "srgb"

    def check(self) -> None:
        """Raise `UsageError` for values that nothing can be, and for two that contradict each other."""
        _one_of("--colour-space", self.colour_space, get_args(ColourSpace))
        _one_of("--highlights", self.highlights, get_args(Highlights))
        if not (isfinite(self.exposure_ev) and abs(self.exposure_ev) <= MOST_EV):
            raise UsageError(
                f"--exposure cannot be {self.exposure_ev:g}.",
                f"it is a number of stops from {-MOST_EV:g} to {MOST_EV:g}.",
                "for example 0.5.",
            )
        if self.first_is_dark and self.darks is not None:
            raise _contradiction("--first-is-dark", f"--darks {self.darks}", "the dark")
        if self.last_is_greycard and self.white_balance is not None:
            raise _contradiction("--last-is-greycard", "--white-balance", "the white balance")


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """How a stack is developed.

    Attributes
    ----------
    development
        The same for all frames.
    paths
        The frames: what was named, without dark and grey card.
    report
        What the `result` event says of it: `white_balance` (where it comes from), `multipliers` (None while a rule is
        still open), `dark`, `flat`, and `hot` and `dead` where a dark was evaluated here. Empty for finished pictures.
    """

    development: Development
    paths: list[Path]
    report: dict[str, Any] = field(default_factory=dict)

    def told(self, frame: FrameInfo) -> dict[str, Any]:
        """The report, with the multipliers that a rule came to: those of a `frame` after `Developer.prepare`."""
        if not self.report or frame.multipliers is None:
            return self.report
        return {**self.report, "multipliers": list(frame.multipliers)}


def frames_of(paths: Sequence[Path], choices: RawChoices) -> list[Path]:
    """Return the files that are frames; `FrameError` when dark and grey card leave none."""
    frames = list(paths[choices.first_is_dark : len(paths) - choices.last_is_greycard])
    if not frames:
        apart = [
            *(["the first is the dark"] if choices.first_is_dark else []),
            *(["the last is the grey card"] if choices.last_is_greycard else []),
        ]
        raise FrameError(
            "There are no frames.",
            f"{len(paths)} files were named, of which {' and '.join(apart)}.",
            "name the frames as well, in the order in which they were shot.",
        )
    return frames


def settle(paths: Sequence[Path], developers: Developers, choices: RawChoices, run: Run) -> Calibrated:
    """Settle how the files of a stack are developed.

    Parameters
    ----------
    paths
        What was named, in order; dark and grey card, where `choices` say that they are there, first and last.
    developers
        By suffix; they are not prepared here.
    choices
        What was asked for.
    run
        Hears what is done and warned of, and may be cancelled.

    Raises
    ------
    UsageError
        Choices that contradict each other, a name that the calibration library does not know, or choices about raw
        files where the frames are finished pictures.
    FrameError
        No frame is left; the dark is not dark, the grey card tells nothing; sizes or bodies differ.
    ConfigError
        The entry of the library that was named is damaged.
    """
    choices.check()
    frames = frames_of(paths, choices)
    reference = Reference(frames[len(frames) // 2], developers)
    if reference.info.is_developed:
        _refuse_for_finished(choices, reference.path)
        return Calibrated(development=Development(encoding=choices.encoding), paths=frames)
    balance = _named_balance(choices, reference, run)  # before any work: the name may be wrong
    for path in frames:
        reference.refuse_other_body(str(path), read_shot(path))
    dark = dark_of(paths[0], reference, choices, run)
    correction = dark.correction
    if choices.flat is not None:
        correction = replace(correction, flat=_flat(choices.flat, reference, dark))
    if choices.last_is_greycard:
        balance = _grey_card(paths[-1], reference, correction, dark, run)
    development = Development(
        encoding="linear" if is_linear(choices.colour_space, choices.encoding) else "srgb",
        colour_space=choices.colour_space,
        white_balance=balance,
        exposure_ev=choices.exposure_ev,
        highlights=choices.highlights,
        correction=correction,
    )
    report = {
        "white_balance": _source_of_balance(choices),
        "multipliers": None if isinstance(development.white_balance, str) else list(development.white_balance),
        "flat": None if choices.flat is None else str(choices.flat),
        **dark.report(),
    }
    return Calibrated(development=development, paths=frames, report=report)


def _one_of(option: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f'{option} cannot be "{value}".', "there is no such choice.", did_you_mean(value, known))


def _contradiction(one: str, other: str, what: str) -> UsageError:
    return UsageError(
        f"{one} and {other} contradict each other.", f"both say what {what} is.", "leave one of them out."
    )


def _refuse_for_finished(choices: RawChoices, reference: Path) -> None:
    """A choice about raw files would be passed over in silence where frames are finished pictures."""
    asked = {
        "--colour-space": ("colour_space", choices.colour_space != "srgb"),
        "--white-balance": ("white_balance", choices.white_balance is not None),
        "--darks": ("darks", choices.darks not in (None, AUTOMATIC, NO_DARK)),
        "--flat": ("flat", choices.flat is not None),
        "--exposure": ("exposure_ev", choices.exposure_ev != 0),
        "--highlights": ("highlights", choices.highlights != "clip"),
        "--first-is-dark": ("first_is_dark", choices.first_is_dark),
        "--last-is-greycard": ("last_is_greycard", choices.last_is_greycard),
    }
    wrong = [option for option, (name, given) in asked.items() if given and name not in choices.passed_over]
    if wrong:
        raise UsageError(
            f"{' and '.join(wrong)} cannot be used here.",
            f"{reference} is a finished picture; only raw files are developed.",
            "leave it out, or name the camera's raw files.",
        )


def _named_balance(choices: RawChoices, reference: Reference, run: Run) -> WhiteBalanceRule | Multipliers:
    from stackcore.calibration.library import Library

    asked, library = choices.white_balance, Library()

    def named(name: str) -> Multipliers:
        found = library.white_balance(name)
        camera, shot = library.entry(name).camera, reference.shot
        models = [" ".join((each.make, each.model)).strip() for each in (camera, shot)]
        if all(models) and models[0].casefold() != models[1].casefold():
            message = f'The white balance "{name}" was measured with a {models[0]}, these frames are of a {models[1]}: '
            run.emit(
                Warned(code="white_balance_mismatch", message=message + "each sensor sees colours in its own way.")
            )
        return found

    if asked is None:
        return "camera"
    return parse_white_balance(asked, named) if isinstance(asked, str) else multipliers(asked)


def _source_of_balance(choices: RawChoices) -> str:
    if choices.last_is_greycard:
        return "grey card"
    if isinstance(choices.white_balance, str):
        return choices.white_balance.strip()
    return "camera" if choices.white_balance is None else " ".join(f"{part:g}" for part in choices.white_balance)


def _flat(path: Path, reference: Reference, dark: Dark) -> NDArray[np.float32]:
    from stackcore.calibration.correcting import corrected
    from stackcore.calibration.flattening import flat_factors

    reference.refuse_without_mosaic("--flat")
    found = collect([path], set(reference.developers))
    if len(found) > 1:
        raise UsageError(f"--flat {path} is not one picture.", f"{len(found)} were found.", "name a single raw file.")
    mosaic = reference.mosaic_of(found[0], "flat frame")
    correction = dark.correction_for(read_shot(path))
    return flat_factors(replace(mosaic, values=corrected(mosaic, correction)), str(path))


def _grey_card(path: Path, reference: Reference, correction: Correction, dark: Dark, run: Run) -> Multipliers:
    """The white balance that the grey card tells, corrected as the frames are."""
    from stackcore.api.calibrating import measure_greycard

    reference.refuse_without_mosaic("--last-is-greycard")
    shot = read_shot(path)
    reference.refuse_other_body(f"The grey card {path}", shot)
    correction = replace(dark.correction_for(shot), flat=correction.flat)
    mosaic = reference.developers[path.suffix.lower()].mosaic(path)
    return measure_greycard(run, path, mosaic, correction=correction).card.multipliers
