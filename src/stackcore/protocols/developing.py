"""What developers must do: read frames, and correct and develop what a sensor counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # discovery loads this with every plugin, and needs no numpy
    import numpy as np
    from numpy.typing import NDArray

    from stackcore.terms import ColourSpace, Encoding, Multipliers, Pixels

WhiteBalanceRule = Literal["camera", "daylight", "auto"]
"""What the body noted; that of daylight for the body; or worked out once, from the reference frame."""

Highlights = Literal["clip", "unclipped", "blend", "reconstruct"]
"""What becomes of photosites that are full; LibRaw's highlight modes 0, 1, 2 and 5."""


@dataclass(frozen=True, kw_only=True)
class FrameInfo:
    """What is known of a frame without decoding it.

    Attributes
    ----------
    width, height
        Size after orientation, pixels.
    dtype
        `uint8`, `uint16` or `float32`.
    icc
        The ICC profile of the numbers that `read` gives.
    orientation
        How the camera was held, 1 to 8 as in EXIF.
    has_mosaic
        The file holds what a mosaic of photosites counted: `Developer.mosaic` reads it, and a `Correction` applies.
    is_developed
        The file holds a finished picture: of a `Development`, nothing but its encoding has a meaning for it.
    multipliers
        White balance of the numbers that `read` gives, once `prepare` has settled it; None for finished pictures.
    colours
        What becomes of the colours of this file, as words after "its colours are", where the photographer should
        know (`converted from Display P3`); empty where they are plain.
    decode_bytes
        What `read` takes while it is under way, bytes, the frame that it returns included; 0 for that frame alone.
    """

    width: int
    height: int
    dtype: str
    icc: bytes | None = None
    orientation: int = 1
    has_mosaic: bool = False
    is_developed: bool = False
    multipliers: Multipliers | None = None
    colours: str = ""
    decode_bytes: int = 0


@dataclass(frozen=True)
class Decoded:
    """A decoded frame: `pixels` (H, W, 3), and `valid` (H, W) where it has any, None when all of it is picture."""

    pixels: Pixels
    valid: NDArray[np.bool_] | None = None


@dataclass(frozen=True, kw_only=True)
class Mosaic:
    """What the photosites counted, before anything is done to it.

    Attributes
    ----------
    values
        (H, W) uint16: the visible area, not turned. Its columns x and rows y are the *sensor coordinates*.
    pattern
        (h, w) uint8, the smallest block of colour filters, which repeats from the top left: numbers of channels.
        Bayer 2x2 with four channels (the two greens apart), X-Trans 6x6 with three.
    colours
        One letter per channel: `RGBG`, or `RGB`.
    black
        Number of no light, per channel.
    white
        Number from which a photosite is full.
    """

    values: NDArray[np.uint16]
    pattern: NDArray[np.uint8]
    colours: str
    black: tuple[float, ...]
    white: int


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What is wrong with a sensor; put right on the mosaic, before demosaicing, in the order of the attributes.

    Attributes
    ----------
    dark
        (H, W) float32, averaged dark frames, black included, or None: raw - dark + black, signed, clipped once.
    flat
        (H, W) float32, factors on the light above black, or None.
    defects
        Dead and hot photosites, (x, y) in sensor coordinates: replaced from neighbours of the same colour.
    """

    dark: NDArray[np.float32] | None = None
    flat: NDArray[np.float32] | None = None
    defects: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Development:
    """How all frames of a stack are developed. Files that hold a finished picture use `encoding` alone.

    Attributes
    ----------
    encoding
        How the numbers shall stand for light. `srgb` means the transfer curve that belongs to `colour_space`.
    colour_space
        Primaries of the developed numbers.
    white_balance
        A rule, or the multipliers themselves.
    exposure_ev
        Factor on the light, in stops; the same for every frame.
    highlights
        What becomes of photosites that are full.
    correction
        What is put right on the mosaic.
    """

    encoding: Encoding = "srgb"
    colour_space: ColourSpace = "srgb"
    white_balance: WhiteBalanceRule | Multipliers = "camera"
    exposure_ev: float = 0.0
    highlights: Highlights = "clip"
    correction: Correction = field(default_factory=Correction)


class Developer(Protocol):
    """Reads one family of files. The capabilities of its offer list the suffixes it reads (`.jpg`).

    Arrays are (H, W, 3) RGB in uint8, uint16 or float32. Nothing may vary from frame to frame except light.
    A file that cannot be read raises `UnreadableFrame`. Calls come from several threads.
    """

    def prepare(self, reference: Path, development: Development) -> None:
        """Fix everything that must be equal for all frames of a stack; what is open comes from `reference`.

        May be called again, with another development; what is read afterwards follows the last one.
        """
        ...

    def probe(self, path: Path) -> FrameInfo:
        """Read the header only."""
        ...

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        """Decode to at most `max_size_px` on the longer side, never enlarged; as cheap as the format allows."""
        ...

    def read(self, path: Path) -> Decoded:
        """Decode the whole frame."""
        ...

    def mosaic(self, path: Path) -> Mosaic:
        """What the photosites counted; asked for only where `probe` says `has_mosaic`, `UnreadableFrame` elsewhere."""
        ...
