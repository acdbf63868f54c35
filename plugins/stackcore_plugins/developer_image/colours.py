"""What the numbers of a file mean, and how they become RGB of the profile that the whole stack has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stackcore.colour.icc import profile
from stackcore.errors import FrameMismatch, UnreadableFrame
from stackcore_plugins.developer_image import profiles

Kind = Literal["grey", "rgb", "cmyk"]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("b-w", "grey16"), "grey"),
    **dict.fromkeys(("srgb", "rgb", "rgb16", "scrgb"), "rgb"),
    "cmyk": "cmyk",
}
"""By what libvips calls the numbers."""
_SPACES: dict[Kind, bytes] = {"grey": b"GRAY", "rgb": b"RGB ", "cmyk": b"CMYK"}
_BANDS: dict[Kind, int] = {"grey": 1, "rgb": 3, "cmyk": 4}
_AS: dict[Kind, tuple[str, str]] = {"grey": ("b-w", "grey16"), "rgb": ("srgb", "rgb16"), "cmyk": ("cmyk", "cmyk")}


@dataclass(frozen=True)
class Meaning:
    """What the colours of one file are.

    Attributes
    ----------
    kind
        Which colours the bands are; one more is alpha.
    source
        The profile they are converted from, or the libvips name of one; None where the numbers stay.
    note
        What becomes of the colours, as words after "its colours are", where the user should know; else empty.
    """

    kind: Kind
    source: bytes | str | None = None
    note: str = ""


def kind_of(image: Any, path: Path) -> Kind:
    """What the bands of a file are, alpha left aside; `UnreadableFrame` if neither grey, RGB nor CMYK."""
    name = image.interpretation
    if name == "multiband":
        name = "b-w" if image.bands < 3 else "srgb"
    if name not in _KINDS:
        raise UnreadableFrame(
            f"{path} holds {name} colours.", "a frame is grey, RGB or CMYK.", "convert it to 16-bit RGB."
        )
    kind = _KINDS[name]
    if image.bands not in (_BANDS[kind], _BANDS[kind] + 1):
        raise UnreadableFrame(
            f"{path} has {image.bands} channels.",
            "a frame is grey, RGB or CMYK, with or without alpha.",
            "convert it to RGB.",
        )
    return kind


def profile_of(image: Any, path: Path) -> bytes | None:
    """The profile that a stack takes from this file, its reference.

    Its own, if it is of RGB; that of sRGB, if its numbers are to be converted to that; None, if nothing is said of
    them, which stands for sRGB too.
    """
    kind = kind_of(image, path)
    icc = profiles.usable(image, _SPACES[kind])
    if kind == "rgb":
        return icc
    converted = kind == "cmyk" or (icc is not None and not profiles.is_srgb_grey(icc))
    return profile("srgb", "srgb") if converted else None


def meaning_of(image: Any, path: Path, target: bytes | None) -> Meaning:
    """How the numbers of `image` become RGB of the profile `target` (None: sRGB).

    Raises `FrameMismatch` for float numbers in another profile, which cannot be converted without cutting off what
    lies beyond white.
    """
    kind = kind_of(image, path)
    icc = profiles.usable(image, _SPACES[kind])
    meaning = _meaning(kind, icc, target, embedded=profiles.embedded(image))
    if meaning.source is not None and image.format == "float":
        raise FrameMismatch(
            f"{path} has other colours than the stack.",
            f"its numbers are floating point, and would have to be {meaning.note}.",
            "convert all frames to one profile with the program that made them.",
        )
    return meaning


def _meaning(kind: Kind, icc: bytes | None, target: bytes | None, *, embedded: bool) -> Meaning:
    name = None if icc is None else profiles.title(icc)
    if kind == "cmyk":
        return Meaning(kind, icc or "cmyk", f"converted from CMYK ({name or 'no profile, taken for common inks'})")
    if icc is None:
        why = "its profile is damaged or of another kind" if embedded else "no profile"
        note = f"taken for sRGB ({why})" if embedded or target is not None else ""
        return Meaning(kind, None if profiles.same(None, target) else profiles.SRGB, note)
    if kind == "grey":
        if profiles.is_srgb_grey(icc):
            return Meaning(kind, None if profiles.same(None, target) else profiles.SRGB)
        return Meaning(kind, icc, f"converted from grey ({name})")
    return Meaning(kind) if profiles.same(icc, target) else Meaning(kind, icc, f"converted from {name}")


def to_rgb(image: Any, meaning: Meaning, target: bytes | None) -> Any:
    """Three bands of RGB in the depth of `image`, which has no alpha (any more)."""
    kind, source = meaning.kind, meaning.source
    if kind == "grey" and not isinstance(source, bytes):
        image, kind = image.bandjoin([image, image]), "rgb"
    if source is None:
        return image
    deep = image.format == "ushort"
    return profiles.convert(image.copy(interpretation=_AS[kind][deep]), source, target, depth=16 if deep else 8)
