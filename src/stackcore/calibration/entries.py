"""The files of the calibration library: what each holds, and what it is called."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stackcore.calibration.agreement import Size, written_time
from stackcore.errors import ConfigError, UsageError
from stackcore.metadata.shot import Shot
from stackcore.paths.sanitise import sanitise
from stackcore.terms import Multipliers

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RESERVED = ("auto", "camera", "daylight", "none")
"""What `--darks` and `--white-balance` understand beside names."""


_Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Camera(_Part):
    """A body; what its files do not tell is empty."""

    make: str = ""
    model: str = ""
    serial: str = ""

    def __str__(self) -> str:
        """Maker, model and serial number, as far as they are known."""
        model = self.model if self.model.casefold().startswith(self.make.casefold()) else f"{self.make} {self.model}"
        return " ".join(filter(None, (model.strip(), self.serial and f"({self.serial})"))) or "an unknown camera"


class ClipIteration(_Part):
    """One pass of the clipping: `removed` of `photosites` were above `threshold`; raw numbers."""

    photosites: int
    median: float
    sigma: float
    threshold: float
    removed: int


class ChannelStatistics(_Part):
    """One mosaic channel, or all of them: raw numbers; `channel` is R, G, B, G2, or `all`."""

    channel: str
    photosites: int
    median: float
    sigma: float
    threshold: float
    dead: int
    hot: int
    iterations: tuple[ClipIteration, ...]


class EntryWarning(_Part):
    """A warning that was given when the entry was made."""

    code: str
    message: str
    frame: str | None = None


class _Entry(_Part):
    name: str
    created: datetime
    software: str
    camera: Camera
    iso: int | None = None
    exposure_s: float | None = None
    warnings: tuple[EntryWarning, ...] = ()

    @property
    def shot(self) -> Shot:
        """Camera and exposure, as a frame tells them."""
        return Shot(**self.camera.model_dump(), iso=self.iso, exposure_s=self.exposure_s)


class DarkEntry(_Entry):
    """An averaged dark frame and the defects found in it.

    Attributes
    ----------
    width, height
        Size of the mosaic, not turned.
    sources
        Names of the files that were averaged, `frames` of them.
    image
        Name of the averaged dark, a TIFF (height, width) beside this file: uint16 for one frame, float32 for several.
    pattern, colours, black, white
        As in `Mosaic`.
    dead, hot
        Photosites [x, y] in sensor coordinates.
    """

    schema_: Literal["stackcore.dark/1"] = Field("stackcore.dark/1", alias="schema")
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    frames: int = Field(ge=1)
    sources: tuple[str, ...]
    image: str
    pattern: tuple[tuple[int, ...], ...]
    colours: str
    black: tuple[float, ...]
    white: int
    sigma_factor: float
    overall: bool
    dead_test: bool
    channels: tuple[ChannelStatistics, ...]
    dead: tuple[tuple[int, int], ...]
    hot: tuple[tuple[int, int], ...]

    @model_validator(mode="after")
    def _check_places(self) -> Self:
        for x, y in (*self.dead, *self.hot):
            if not (0 <= x < self.width and 0 <= y < self.height):
                raise ValueError(f"the photosite [{x}, {y}] lies outside of {self.width}x{self.height}")
        return self

    @property
    def defects(self) -> tuple[tuple[int, int], ...]:
        """Dead and hot photosites, by row, then column."""
        return tuple(sorted({*self.dead, *self.hot}, key=lambda place: (place[1], place[0])))


class WhiteBalanceEntry(_Entry):
    """What a grey card told of the light; multipliers and spread are of red, green, blue and the second green."""

    schema_: Literal["stackcore.white-balance/1"] = Field("stackcore.white-balance/1", alias="schema")
    source: str
    multipliers: tuple[_Factor, _Factor, _Factor, _Factor]
    spread: Multipliers
    standard_error: Multipliers
    clipped: float
    unevenness: float
    colour_unevenness: float
    patch: tuple[int, int, int, int]
    fraction: float
    darks: str | None = None


Entry = DarkEntry | WhiteBalanceEntry

_SCHEMAS: dict[str, type[Entry]] = {
    "stackcore.dark/1": DarkEntry,
    "stackcore.white-balance/1": WhiteBalanceEntry,
}


def check_name(name: str) -> None:
    """Raise `UsageError` unless an entry can have this name."""
    if _NAME.fullmatch(name) and sanitise(name)[0] == name and name.casefold() not in _RESERVED:
        return
    raise UsageError(
        f'Nothing in the calibration library can be called "{name}".',
        "a name has 1 to 64 letters, digits, - and _, starts with a letter or digit, and is none that Windows "
        f"reserves, like CON, nor {', '.join(_RESERVED)}.",
        'for example "studio-flash".',
    )


def default_name(shot: Shot, size: Size) -> str:
    """Return the name of a dark that was given none: body, ISO, time and size, so that other settings get others.

    Examples
    --------
    >>> default_name(Shot(make="NIKON", model="NIKON D850", serial="3001", iso=64, exposure_s=1 / 60), (8256, 5504))
    'NIKON-D850-3001-iso64-1-60s-8256x5504'
    >>> default_name(Shot(), (96, 64))
    'dark-96x64'
    """
    body = shot.model if shot.model.casefold().startswith(shot.make.casefold()) else f"{shot.make} {shot.model}"
    parts = [
        _slug(body)[:24].strip("-") or "dark",
        _slug(shot.serial)[-12:].strip("-"),
        "" if shot.iso is None else f"iso{shot.iso}",
        "" if shot.exposure_s is None else written_time(shot.exposure_s).translate(_IN_NAMES),
        f"{size[0]}x{size[1]}",
    ]
    return "-".join(filter(None, parts))


_IN_NAMES = str.maketrans({"/": "-", ".": "_", " ": None, "+": None})


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def parse_entry(path: Path, data: bytes) -> Entry:
    """Read an entry; `ConfigError` names file and fault of one that cannot be used."""
    try:
        schema = _Schema.model_validate_json(data).schema_
        if schema not in _SCHEMAS:
            raise _broken(path, f'its schema is "{schema}"; this version reads {" and ".join(_SCHEMAS)}')
        entry = _SCHEMAS[schema].model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _broken(path, f"{where}: {first['msg']}" if where else first["msg"]) from error
    if entry.name != path.stem:
        raise _broken(path, f'it says that it is called "{entry.name}"')
    return entry


class _Schema(BaseModel):
    schema_: str = Field(alias="schema")


def _broken(path: Path, why: str) -> ConfigError:
    is_name = _NAME.fullmatch(path.stem) is not None
    removal = f"remove it with `stackcore library remove {path.stem}`" if is_name else "move that file away"
    return ConfigError(
        f"The entry {path} of the calibration library cannot be used.", f"{why}.", f"{removal}, and make it again."
    )
