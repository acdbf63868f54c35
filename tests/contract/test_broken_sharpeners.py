"""Each promise of `SharpenerContract` is broken by a sharpener that is wrong in one way."""

from __future__ import annotations

from itertools import count
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.terms import FULL_SCALE
from stackcore.testing import SharpenerContract


class Right:
    """A small unsharp mask."""

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def sharpen(self, pixels: np.ndarray, encoding: str) -> np.ndarray:
        if not self.strength:
            return pixels
        plain = pixels.astype(np.float32)
        blurred = cv2.GaussianBlur(plain, (5, 5), 1.2, borderType=cv2.BORDER_REPLICATE)
        sharp = plain + np.float32(self.strength) * (plain - blurred)
        if pixels.dtype == np.float32:
            return sharp
        return np.clip(np.rint(sharp), 0, FULL_SCALE[pixels.dtype.name]).astype(pixels.dtype)


class Widens(Right):
    def sharpen(self, pixels: np.ndarray, encoding: str) -> np.ndarray:
        return super().sharpen(pixels, encoding).astype(np.float64)


class WritesInto(Right):
    def sharpen(self, pixels: np.ndarray, encoding: str) -> np.ndarray:
        pixels[...] = super().sharpen(pixels, encoding)
        return pixels


class Dithers(Right):
    turns = count()

    def sharpen(self, pixels: np.ndarray, encoding: str) -> np.ndarray:
        out = super().sharpen(pixels, encoding).copy()
        out[0, 0, 0] = next(self.turns) % 2
        return out


class Brightens(Right):
    def sharpen(self, pixels: np.ndarray, encoding: str) -> np.ndarray:
        return np.where(pixels == 0, 1, super().sharpen(pixels, encoding)).astype(pixels.dtype)


class TakesRoots(Right):
    def sharpen(self, pixels: np.ndarray, encoding: str) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.sqrt(super().sharpen(pixels, encoding).astype(np.float32)).astype(pixels.dtype)


class WrapsRound(Right):
    def sharpen(self, pixels: np.ndarray, encoding: str) -> np.ndarray:
        blurred = cv2.blur(pixels, (9, 9))
        return pixels + (pixels - blurred)


class DoesNothing(Right):
    def sharpen(self, pixels: np.ndarray, encoding: str) -> np.ndarray:
        return pixels.copy()


class CannotStop(Right):
    def __init__(self, strength: float = 1.0) -> None:
        super().__init__(1.0)


class Hoards(Right):
    def sharpen(self, pixels: np.ndarray, encoding: str) -> np.ndarray:
        planes = [pixels.astype(np.float64) for _ in range(4)]
        assert planes
        return super().sharpen(pixels, encoding)


WRONG: dict[str, tuple[Any, str]] = {
    "the_picture_keeps_its_shape_and_dtype": (Widens, "a picture of 97x64 uint8 srgb came out as float64"),
    "its_input_is_left_alone": (WritesInto, "sharpening changed its input, a picture of 97x64 uint8 srgb"),
    "a_picture_that_may_not_be_written_to_is_taken": (WritesInto, "ValueError: assignment destination is read-only"),
    "the_same_picture_gives_the_same_bytes": (Dithers, "comes out otherwise the second time"),
    "flat_stays_flat": (Brightens, "a plain picture of 97x64 uint8 srgb at 0 changes by 0.0039"),
    "every_pixel_stays_a_number": (TakesRoots, "comes out with pixels that are no numbers"),
    "the_range_is_kept": (WrapsRound, "beside a uint8 edge, "),
    "a_soft_edge_gets_steeper": (DoesNothing, "the steepest place of a soft uint8 edge goes from"),
    "switched_off_it_changes_nothing": (CannotStop, "changes although it is switched off"),
    "memory_is_bounded": (Hoards, "bytes beside the pictures, allowed 60"),
}


def contract(sharpener: Any) -> SharpenerContract:
    tried = SharpenerContract()
    tried.make = sharpener  # type: ignore[method-assign]
    tried.make_disabled = lambda: sharpener(strength=0)  # type: ignore[method-assign]
    return tried


@pytest.mark.parametrize("promise", WRONG)
def test_it_is_caught(happened_in, promise) -> None:
    sharpener, words = WRONG[promise]
    assert words in happened_in(contract(sharpener), promise)


def test_every_promise_can_be_broken(own_promises) -> None:
    assert own_promises(SharpenerContract) == set(WRONG)


def test_the_right_one_breaks_none() -> None:
    for promise in WRONG:
        getattr(contract(Right), f"test_{promise}")()
