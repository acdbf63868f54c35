"""Each promise of `DeveloperContract` is broken by a developer that is wrong in one way."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackcore.config import NoOptions
from stackcore.hookspecs import Offer
from stackcore.protocols import Decoded, Development, FrameInfo
from stackcore.registry import Registry
from stackcore.testing import DeveloperContract

REGISTRY = Registry.discover()


class Passes:
    """A right one, of pictures or of raw files; what is wrong is in the classes below."""

    built_in = "image"

    def __init__(self) -> None:
        self.inner = REGISTRY.build("developer", self.built_in)

    def prepare(self, reference: Path, development: Development) -> None:
        self.inner.prepare(reference, development)

    def probe(self, path: Path) -> FrameInfo:
        return self.inner.probe(path)

    def read(self, path: Path) -> Decoded:
        return self.inner.read(path)

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        return self.inner.read_reduced(path, max_size_px)

    def mosaic(self, path: Path) -> Any:
        return self.inner.mosaic(path)


class PassesRaws(Passes):
    built_in = "libraw"


class Turned(Passes):
    def probe(self, path: Path) -> FrameInfo:
        info = super().probe(path)
        return replace(info, width=info.height, height=info.width)


class OneChannel(Passes):
    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        return Decoded(super().read_reduced(path, max_size_px).pixels[..., 1])


class Stretches(Passes):
    def read(self, path: Path) -> Decoded:
        pixels = super().read(path).pixels
        return Decoded(np.clip(pixels.astype(np.float64) * 1.1, 0, 250).astype(pixels.dtype))


class Enlarges(Passes):
    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        return Decoded(np.kron(super().read_reduced(path, max_size_px).pixels, np.ones((2, 2, 1), np.uint8)))


class Dithers(Passes):
    turns = count()

    def read(self, path: Path) -> Decoded:
        pixels = super().read(path).pixels.copy()
        pixels[0, 0, 0] = next(self.turns) % 2
        return Decoded(pixels)


class AutoBrightens(PassesRaws):
    """To the brightest frame so far."""

    most = 0

    def read(self, path: Path) -> Decoded:
        pixels = super().read(path).pixels
        self.most = max(self.most, int(pixels.max()))
        return Decoded((pixels * (65535 / self.most)).astype(np.uint16))


class AlwaysSrgb(PassesRaws):
    def prepare(self, reference: Path, development: Development) -> None:
        super().prepare(reference, replace(development, encoding="srgb"))


class NoError(Passes):
    def mosaic(self, path: Path) -> Any:
        return None


class Caches(Passes):
    def probe(self, path: Path) -> FrameInfo:
        path.with_suffix(".cache").write_bytes(b"x")
        return super().probe(path)


class Blunt(Passes):
    def read(self, path: Path) -> Decoded:
        if path.stat().st_size == 0:
            raise EOFError("nothing in it")
        return super().read(path)


class Patches(Passes):
    """Fills in what is missing."""

    def read(self, path: Path) -> Decoded:
        try:
            return super().read(path)
        except Exception:
            return Decoded(np.full((62, 98, 3), 128, np.uint8))


WRONG: dict[str, tuple[Any, str]] = {
    "its_capabilities_are_suffixes": (Passes, "'TIF' is no suffix in lower case with its dot"),
    "probe_and_read_agree": (Turned, "uint8.tif: probe says 62x98 uint8, read gives 98x62 uint8"),
    "a_frame_is_a_picture_in_rgb": (OneChannel, "uint8.tif comes out with the shape ("),
    "numbers_of_a_picture_are_kept": (Stretches, "uint8.tif comes out changed by 0.08"),
    "a_reduced_frame_is_the_same_picture": (Enlarges, "uint8.tif reduced to 16 pixels is 32 pixels long"),
    "the_same_file_gives_the_same_bytes": (Dithers, "uint8.tif comes out otherwise the second time"),
    "nothing_varies_from_frame_to_frame": (AutoBrightens, "a frame depends on the one that was read before it"),
    "linear_means_proportional_to_light": (AlwaysSrgb, "half the light gives 0.7"),
    "the_mosaic_is_where_probe_says": (NoError, "the mosaic of uint8.tif was not refused: it gave a NoneType"),
    "its_input_is_left_alone": (Caches, "reading uint8.tif left uint8.cache beside it"),
    "what_is_no_frame_is_refused": (Blunt, "read of an empty file called an-empty-file.tif raised EOFError"),
    "a_cut_file_is_refused": (Patches, "read of 50% of uint8.tif was not refused: it gave a Decoded"),
}


def contract(developer: Any, *suffixes: str) -> DeveloperContract:
    tried = DeveloperContract()
    suffixes = suffixes or ((".dng",) if issubclass(developer, PassesRaws) else (".tif",))
    tried.offer = Offer(
        name="x", summary="X.", options=NoOptions, build=lambda options: developer(), capabilities=suffixes
    )
    return tried


@pytest.mark.parametrize("promise", WRONG)
def test_it_is_caught(happened_in, promise) -> None:
    developer, words = WRONG[promise]
    suffixes = ("TIF",) if "suffixes" in promise else ()
    assert words in happened_in(contract(developer, *suffixes), promise)


def test_every_promise_can_be_broken(own_promises) -> None:
    assert own_promises(DeveloperContract) == set(WRONG)


def test_given_files_are_tried_as_copies(happened_in, tmp_path: Path) -> None:
    """So that a developer that writes cannot harm them."""
    given = tmp_path / "mine.xyz"
    given.write_bytes(b"no picture")
    tried = contract(Passes, ".xyz")
    tried.files = [given]
    happened = happened_in(tried, "probe_and_read_agree")
    assert "mine.xyz cannot be read" in happened
    assert str(given) not in happened
