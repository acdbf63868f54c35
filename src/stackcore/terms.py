"""The value objects that all modules speak in: frames, regions, transforms, what a stack is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Encoding = Literal["srgb", "linear"]
"""How numbers stand for light: `srgb` follows the transfer curve of IEC 61966-2-1, `linear` is proportional."""

ColourSpace = Literal["srgb", "display-p3", "adobe-rgb", "prophoto", "xyz"]
"""Primaries and transfer curve of RGB numbers; each is written with an ICC profile that says so."""

Multipliers = tuple[float, float, float, float]
"""White balance: factors on red, green, blue and the second green, the smallest 1, that make grey neutral."""

Pixels = NDArray[Any]
"""An image (H, W, 3) of uint8, uint16 (full range) or float32 (0 to 1)."""

FULL_SCALE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
"""The value that means white, per dtype of a frame."""


@dataclass(frozen=True)
class Region:
    """A rectangle of pixels: `x`, `y` of its first pixel, `width`, `height`."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column after the region."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below the region."""
        return self.y + self.height


@dataclass(frozen=True)
class Strip:
    """Rows `top` to `bottom` (not included) of a picture, over its whole width."""

    top: int
    bottom: int

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.bottom - self.top

    def holds(self, top: int, bottom: int) -> bool:
        """Whether rows `top` to `bottom` (not included) are all among them."""
        return self.top <= top and bottom <= self.bottom


@dataclass(frozen=True)
class Transform:
    """Maps reference pixel coordinates (x, y, 1) to frame coordinates; pixel centres are at integers."""

    matrix: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.matrix.shape != (3, 3):
            raise ValueError(f"a transform is 3x3, not {self.matrix.shape}")

    @classmethod
    def identity(cls) -> Self:
        """The transform that changes nothing."""
        return cls(np.eye(3))

    @property
    def is_identity(self) -> bool:
        """True when the frame needs no resampling at all."""
        return bool(np.array_equal(self.matrix, np.eye(3)))

    def then(self, after: Transform) -> Transform:
        """This map first, `after` second."""
        product = after.matrix @ self.matrix
        return Transform(product / product[2, 2])

    def inverse(self) -> Transform:
        """Map frame coordinates back to reference coordinates."""
        back = np.linalg.inv(self.matrix)
        return Transform(back / back[2, 2])

    def apply(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map points (N, 2) of x, y."""
        homogeneous = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        mapped: NDArray[np.float64] = homogeneous[:, :2] / homogeneous[:, 2:]
        return mapped


@dataclass(frozen=True)
class Rows:
    """Some rows of a warped frame, or some columns of them.

    `pixels` is (n, W, 3) float32, 0 to 1 for black to white (a bicubic warp may overshoot slightly);
    `valid` is (n, W) bool, or None when the source covered every pixel.
    """

    pixels: NDArray[np.float32]
    valid: NDArray[np.bool_] | None


class Frame:
    """The pixels of one slice in the geometry of the reference.

    Parameters
    ----------
    index
        Slice index, 0 is the nearest.
    pixels
        (H, W, 3), uint8, uint16 or float32; not copied and not modified.
    valid
        (H, W) bool, or None when every pixel is covered.
    """

    def __init__(self, index: int, pixels: Pixels, valid: NDArray[np.bool_] | None = None) -> None:
        self.index = index
        self._pixels = pixels
        self._valid = valid
        self.height, self.width = int(pixels.shape[0]), int(pixels.shape[1])

    @property
    def pixels(self) -> Pixels:
        """The whole frame, (H, W, 3), in the dtype of its source."""
        return self._pixels

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which pixels the source covered, (H, W)."""
        if self._valid is None:
            return np.ones((self.height, self.width), np.bool_)
        return self._valid

    def rows(self, top: int, bottom: int, left: int = 0, right: int | None = None) -> Rows:
        """Rows `top` to `bottom` (not included) as float32, 0 to 1; the same values whatever the cut.

        Of them the columns `left` to `right` (not included), None for the end of the row.
        """
        part = self._pixels[top:bottom, left:right]
        scale = np.float32(1.0 / FULL_SCALE[part.dtype.name])
        valid = None if self._valid is None else self._valid[top:bottom, left:right]
        return Rows(part.astype(np.float32) * scale, valid)


@dataclass(frozen=True)
class StackInfo:
    """What a fuser may know before the first frame; equal for every cut of the stack into slabs.

    Attributes
    ----------
    width, height
        Size of the aligned frames and of the result, pixels.
    frames
        How many frames the stack has.
    reference
        Index of the reference frame.
    dtype
        `uint8`, `uint16` or `float32`: what the sources hold.
    encoding
        How the numbers of the frames stand for light.
    noise_sigma
        Standard deviation of the noise of one frame's luma in its flat areas, as a fraction of full scale.
    finds_depth
        Depth is wanted beside the picture. A fuser that knows depth anyhow may give it without being asked.
    """

    width: int
    height: int
    frames: int
    reference: int
    dtype: str
    encoding: Encoding = "srgb"
    noise_sigma: float = 0.0
    finds_depth: bool = False


DEPTH_REDUCTION = 2
"""How much smaller than the picture the evidence of its depth is."""


@dataclass(frozen=True)
class DepthEvidence:
    """What each place of a stack tells of its own depth, at half the size of the picture, rounded up.

    Nothing is borrowed from anywhere yet, so that the evidence of strips makes up that of the whole.

    Attributes
    ----------
    depth
        (h, w) float32, in slices: the peak of the focus measure.
    aloneness
        (h, w) float32, 0 (all slices are alike) to 1 (one is sharper than all others).
    strength
        (h, w) float32 >= 0: ln(1 + E / E0) of the best slice, where noise alone hardly reaches the energy E0.
    """

    depth: NDArray[np.float32]
    aloneness: NDArray[np.float32]
    strength: NDArray[np.float32]


@dataclass(frozen=True)
class Fused:
    """A finished picture, and what the fuser knows of its depth.

    Attributes
    ----------
    pixels
        (H, W, 3) uint16, or float32 for float sources.
    depth
        (H, W) float32, in slices, 0 the first; None from fusers that find none.
    confidence
        (H, W) float32, 0 (a guess) to 1 (certain), of `depth`; None where the fuser cannot tell.
    evidence
        In place of both: what was measured of the depth. Whoever has the whole picture makes a depth map of it
        (`stackcore.fusing.depth_map`); None where none was wanted.
    """

    pixels: Pixels
    depth: NDArray[np.float32] | None = None
    confidence: NDArray[np.float32] | None = None
    evidence: DepthEvidence | None = None
