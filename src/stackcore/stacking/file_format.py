"""How the file of a picture is laid out: extension, compression, tiles, quality."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from stackcore.errors import UsageError, did_you_mean

Compression = Literal["none", "lzw", "deflate", "zstd"]
"""Of a TIFF; all of them give back every bit. Not every libvips has zstd, and not every program reads it."""

COMPRESSIONS: tuple[Compression, ...] = get_args(Compression)

COMPRESSED_SUFFIXES = _TIFF = (".tif", ".tiff")
"""Extensions of files that take a compression, and tiles."""

QUALITY_SUFFIXES = _JPEG = (".jpg", ".jpeg")
"""Extensions of files that take a quality."""

_KNOWN = (*_TIFF, *_JPEG, ".png")

_BIG = 3_900_000_000
"""Bytes above which a TIFF needs 64-bit offsets: 32 bits, less some room for metadata and tables."""

_TILE_PX = 256
_USUAL_QUALITY = 95


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """What the user chose about the file; the extension says the rest.

    Attributes
    ----------
    compression
        Of a TIFF; `none` opens fastest and in every program.
    tiled
        TIFF in tiles of 256 pixels instead of strips, for programs that show parts of very large pictures.
    quality
        Of a JPEG, 1 to 100; None for 95. Colour is never subsampled.
    """

    compression: Compression = "none"
    tiled: bool = False
    quality: int | None = None

    def chosen(self, target: Path) -> dict[str, Any]:
        """What of it takes part in the file `target` and is not as usual, by name."""
        suffix = target.suffix.lower()
        said: dict[str, Any] = {}
        if suffix in _TIFF:
            said = {"compression": self.compression, "tiled": self.tiled}
        if suffix in _JPEG:
            said = {"quality": self.quality}
        return {key: value for key, value in said.items() if value != getattr(type(self)(), key)}

    def check(self, target: Path) -> None:
        """Raise `UsageError` for an extension that nothing writes, or a choice that does not go with it."""
        suffix = target.suffix.lower()
        if suffix not in _KNOWN:
            raise UsageError(
                f"{target} cannot be written.",
                f'nothing writes the extension "{target.suffix}".',
                did_you_mean(suffix, _KNOWN),
            )
        if self.compression not in COMPRESSIONS:
            raise UsageError(
                f'The compression cannot be "{self.compression}".',
                "no TIFF is written with it.",
                did_you_mean(self.compression, COMPRESSIONS),
            )
        if self.compression != "none" and not _is_built_in(self.compression):
            raise UsageError(
                f"No TIFF can be compressed with {self.compression} here.",
                "the installed libvips was built without it.",
                "choose deflate, or install another libvips.",
            )
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise UsageError(f"The quality cannot be {self.quality}.", "it is 1 to 100.", "leave it out for 95.")
        foreign = []
        if suffix not in _TIFF:
            foreign += ["--compression"] if self.compression != "none" else []
            foreign += ["--tiled"] if self.tiled else []
        if suffix not in _JPEG and self.quality is not None:
            foreign.append("--quality")
        if foreign:
            raise UsageError(
                f"{' and '.join(foreign)} cannot be used for {target.name}.",
                "compression and tiles belong to TIFF, quality to JPEG.",
                "leave it out, or choose another extension.",
            )

    def saver(self, suffix: str, dtype: str, size_bytes: int) -> dict[str, Any]:
        """Options of libvips for a picture of that many bytes.

        The horizontal predictor of TIFF 6.0 section 14 makes 16-bit photographs smaller under LZW, deflate and zstd;
        floating-point ones need that of Adobe's technical note 3.
        """
        if suffix in _JPEG:
            return {"Q": self.quality or _USUAL_QUALITY, "subsample_mode": "off"}
        if suffix not in _TIFF:
            return {"compression": 6}
        options: dict[str, Any] = {"bigtiff": size_bytes > _BIG, "compression": self.compression}
        if self.compression != "none":
            options["predictor"] = "float" if dtype == "float32" else "horizontal"
        if self.tiled:
            options |= {"tile": True, "tile_width": _TILE_PX, "tile_height": _TILE_PX}
        return options


@cache
def _is_built_in(compression: Compression) -> bool:
    import pyvips

    try:
        pyvips.Image.black(1, 1).tiffsave_buffer(compression=compression)
    except pyvips.Error:
        return False
    return True


def has_eight_bits(suffix: str) -> bool:
    """Whether files of this extension hold 8 bits a channel."""
    return suffix in _JPEG


def holds_floats(suffix: str) -> bool:
    """Whether files of this extension can hold floating-point numbers."""
    return suffix in _TIFF
