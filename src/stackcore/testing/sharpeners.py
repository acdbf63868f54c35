"""The contract of sharpeners: derive from `SharpenerContract`, say how yours is made, and let pytest collect it."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from typing import ClassVar, get_args

import cv2
import numpy as np

from stackcore.hookspecs import Kind
from stackcore.protocols import Sharpener
from stackcore.terms import FULL_SCALE, Encoding, Pixels
from stackcore.testing.contract import Contract, DoesNotApply

Case = tuple[Pixels, Encoding, str]


class SharpenerContract(Contract):
    """What every sharpener owes the picture, whatever its algorithm. Override `make`.

    Attributes
    ----------
    sizes
        Widths and heights of the pictures it is tried on: odd, tiny, high and narrow.
    dtypes
        What the pictures hold.
    most_bytes_per_pixel
        What it may take beside the picture it is given and the one it returns.

    Examples
    --------
    >>> class TestMine(SharpenerContract):
    ...     def make(self):
    ...         return MySharpener()
    """

    kind: ClassVar[Kind] = "sharpener"
    protocol: ClassVar[type | None] = Sharpener
    sizes: ClassVar[tuple[tuple[int, int], ...]] = ((97, 64), (5, 3), (1, 1), (24, 700))
    dtypes: ClassVar[tuple[str, ...]] = ("uint8", "uint16", "float32")
    most_bytes_per_pixel: ClassVar[float] = 60

    def make(self) -> Sharpener:
        """Return the sharpener under test, at a strength that does something."""
        sharpener: Sharpener = super().make()
        return sharpener

    def make_disabled(self) -> Sharpener:
        """Return one that shall do nothing; the default sets the option `strength` to 0."""
        disabled: Sharpener = self.make_with(strength=0)
        return disabled

    def test_the_picture_keeps_its_shape_and_dtype(self) -> None:
        """(H, W, 3) of uint8, uint16 or float32, as it came."""
        for pixels, encoding, words in self._cases():
            out = self.make().sharpen(pixels, encoding)
            assert out.shape == pixels.shape, f"{words} came out as {out.shape}"
            assert out.dtype == pixels.dtype, f"{words} came out as {out.dtype}"

    def test_its_input_is_left_alone(self) -> None:
        """The report and the next sharpener want it, too."""
        for pixels, encoding, words in self._cases():
            before = pixels.copy()
            self.make().sharpen(pixels, encoding)
            assert np.array_equal(before, pixels), f"sharpening changed its input, {words}"

    def test_a_picture_that_may_not_be_written_to_is_taken(self) -> None:
        """Arrays that are mapped from a file are like that."""
        for pixels, encoding, _ in self._cases():
            pixels.flags.writeable = False
            self.make().sharpen(pixels, encoding)

    def test_the_same_picture_gives_the_same_bytes(self) -> None:
        """Also from another instance."""
        for pixels, encoding, words in self._cases():
            first, second = (self.make().sharpen(pixels, encoding) for _ in range(2))
            assert np.array_equal(first, second), f"{words} comes out otherwise the second time"

    def test_flat_stays_flat(self) -> None:
        """Where there is nothing to sharpen, nothing changes, at any brightness and up to the border."""
        for (width, height), dtype, encoding in itertools.product(self.sizes, self.dtypes, get_args(Encoding)):
            for level in (0.0, 0.18, 0.5, 1.0):
                flat = np.full((height, width, 3), level * FULL_SCALE[dtype], dtype)
                out = self.make().sharpen(flat, encoding)
                apart = float(np.abs(out.astype(np.float64) - flat).max()) / FULL_SCALE[dtype]
                allowed = 1e-5 if dtype == "float32" else 0.0
                assert apart <= allowed, (
                    f"a plain picture of {width}x{height} {dtype} {encoding} at {level:g} changes by {apart:.2g}"
                )

    def test_every_pixel_stays_a_number(self) -> None:
        """No NaN, no infinity; black and white, and float pictures a little below and above them, included."""
        for pixels, encoding, words in self._cases():
            if pixels.dtype != np.float32:
                continue
            beyond = pixels.copy()
            beyond[: len(beyond) // 2] = beyond[: len(beyond) // 2] * 1.2 - 0.1
            for picture in (pixels, beyond):
                out = self.make().sharpen(picture, encoding)
                assert np.isfinite(out).all(), f"{words} comes out with pixels that are no numbers"

    def test_the_range_is_kept(self) -> None:
        """Integers do not wrap round: white stays bright and black dark at the steepest edge."""
        for dtype, encoding in itertools.product(("uint8", "uint16"), get_args(Encoding)):
            full = int(FULL_SCALE[dtype])
            edge = np.zeros((64, 64, 3), dtype)
            edge[:, 32:] = full
            out = self.make().sharpen(edge, encoding)
            darkest, brightest = int(out[:, 32:].min()), int(out[:, :32].max())
            assert darkest >= full // 2, f"beside a {dtype} edge, white ({encoding}) falls to {darkest} of {full}"
            assert brightest <= full // 2, f"beside a {dtype} edge, black ({encoding}) rises to {brightest} of {full}"

    def test_a_soft_edge_gets_steeper(self) -> None:
        """It is a sharpener."""
        for dtype in self.dtypes:
            soft = _soft_edge(dtype)
            out = self.make().sharpen(soft, "srgb")
            before, after = (float(np.abs(np.diff(p.astype(np.float64)[32, :, 1])).max()) for p in (soft, out))
            assert after > before, f"the steepest place of a soft {dtype} edge goes from {before:g} to {after:g}"

    def test_switched_off_it_changes_nothing(self) -> None:
        """To the bit."""
        for pixels, encoding, words in self._cases():
            out = self.make_disabled().sharpen(pixels, encoding)
            assert np.array_equal(out, pixels), f"{words} changes although it is switched off"

    def test_memory_is_bounded(self) -> None:
        """No more than `most_bytes_per_pixel` beside both pictures, whatever their height."""
        sharpener = self.make()
        sharpener.sharpen(_picture(64, 64, "uint16"), "srgb")  # what is compiled or remembered by then does not count
        width, heights = 256, (1024, 3072)
        taken = []
        for height in heights:
            pixels = _picture(width, height, "uint16")
            tracemalloc.start()
            try:
                out = sharpener.sharpen(pixels, "srgb")
                taken.append(tracemalloc.get_traced_memory()[1] - out.nbytes)
            finally:
                tracemalloc.stop()
        each = (taken[1] - taken[0]) / (width * (heights[1] - heights[0]))
        assert each <= self.most_bytes_per_pixel, (
            f"each pixel more takes {each:.1f} bytes beside the pictures, allowed {self.most_bytes_per_pixel:g}"
        )

    def _cases(self) -> Iterator[Case]:
        for (width, height), dtype, encoding in itertools.product(self.sizes, self.dtypes, get_args(Encoding)):
            if min(width, height) < 1:
                raise DoesNotApply("a size is below one pixel")
            yield _picture(width, height, dtype), encoding, f"a picture of {width}x{height} {dtype} {encoding}"


def _picture(width: int, height: int, dtype: str) -> Pixels:
    """Texture, plain parts at black and white, and an edge between them."""
    rng = np.random.default_rng([width, height])
    picture = rng.random((height, width, 3), dtype=np.float32)
    picture[: height // 4, : width // 2] = 0
    picture[: height // 4, width // 2 :] = 1
    picture[height // 2 :] *= np.float32(0.1)
    return _as(picture, dtype)


def _soft_edge(dtype: str) -> Pixels:
    picture = np.full((64, 96, 3), 0.3, np.float32)
    picture[:, 48:] = 0.7
    return _as(np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.float32), dtype)


def _as(picture: Pixels, dtype: str) -> Pixels:
    if dtype == "float32":
        return picture
    whole: Pixels = np.rint(picture * FULL_SCALE[dtype]).astype(dtype)
    return whole
