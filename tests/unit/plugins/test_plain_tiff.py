"""TIFF files that are read without a decoder: the same pixels as libvips gives, and only where it would give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import tifffile

from stackcore.colour.icc import profile
from stackcore.errors import UnreadableFrame
from stackcore_plugins.developer_image import developer as module
from stackcore_plugins.developer_image import plain_tiff
from stackcore_plugins.developer_image.colours import meaning_of
from stackcore_plugins.developer_image.developer import ImageDeveloper
from stackcore_plugins.developer_image.files import opened
from stackcore_plugins.developer_image.plugin import ImageOptions

HEIGHT, WIDTH = 301, 404


def frame(dtype: str) -> np.ndarray:
    return np.random.default_rng(4).integers(0, np.iinfo(dtype).max, (HEIGHT, WIDTH, 3), dtype, endpoint=True)


def found(path: Path, target: bytes | None = None) -> plain_tiff.PlainTiff | None:
    image = opened(path, ImageOptions())
    return plain_tiff.plain_tiff(path, image, meaning_of(image, path, target))


def by_libvips(path: Path, monkeypatch: pytest.MonkeyPatch, read: Any) -> np.ndarray:
    with monkeypatch.context() as patch:
        patch.setattr(module, "plain_tiff", lambda *_: None)
        return np.asarray(read(ImageDeveloper(), path).pixels)


PLAIN: dict[str, dict[str, Any]] = {
    "one strip": {},
    "strips": {"rowsperstrip": 16},
    "BigTIFF": {"bigtiff": True},
    "with a resolution and a description": {"resolution": (300, 300), "description": "beetle"},
}


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("kind", PLAIN)
def test_what_is_plain_is_read_as_libvips_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, dtype: str
) -> None:
    path, pixels = tmp_path / "a.tif", frame(dtype)
    tifffile.imwrite(path, pixels, photometric="rgb", **PLAIN[kind])
    assert found(path) is not None
    np.testing.assert_array_equal(ImageDeveloper().read(path).pixels, pixels)
    for size in (100, 70, 30):  # 100 is done by libvips alone, the others shrink by 4 and by 8 first
        reduced = ImageDeveloper().read_reduced(path, size).pixels
        expected = by_libvips(path, monkeypatch, lambda own, file, size=size: own.read_reduced(file, size))
        np.testing.assert_array_equal(reduced, expected)
        assert max(reduced.shape[:2]) == size


def test_a_file_of_libvips_is_plain(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pixels = frame("uint16")
    pyvips.Image.new_from_array(pixels).copy(interpretation="rgb16").write_to_file(str(path))
    assert found(path) is not None
    np.testing.assert_array_equal(ImageDeveloper().read(path).pixels, pixels)


DECODED: dict[str, dict[str, Any]] = {
    "compressed": {"compression": "zlib"},
    "with a predictor": {"compression": "zlib", "predictor": True},
    "of the other byte order": {"byteorder": ">"},
    "plane by plane": {"planarconfig": "separate"},
    "in tiles": {"tile": (64, 64)},
    "on its side": {"extratags": [(274, "H", 1, 6, True)]},
}


@pytest.mark.parametrize("kind", DECODED)
def test_all_else_is_left_to_libvips(tmp_path: Path, kind: str) -> None:
    path, pixels = tmp_path / "a.tif", frame("uint16")
    stored = pixels.transpose(2, 0, 1) if kind == "plane by plane" else pixels
    tifffile.imwrite(path, np.ascontiguousarray(stored), photometric="rgb", **DECODED[kind])
    assert found(path) is None
    turned = np.rot90(pixels, -1) if kind == "on its side" else pixels
    np.testing.assert_array_equal(ImageDeveloper().read(path).pixels, turned)


def test_strips_that_lie_apart_are_left_to_libvips(tmp_path: Path) -> None:
    path, pixels = tmp_path / "a.tif", frame("uint16")
    tifffile.imwrite(path, pixels, photometric="rgb", rowsperstrip=100)
    with tifffile.TiffFile(path) as file:
        tag = file.pages.first.tags["StripOffsets"]
        offsets, counts = list(tag.value), file.pages.first.databytecounts
        where = tag.valueoffset
    data = bytearray(path.read_bytes())
    last = bytes(data[offsets[-1] : offsets[-1] + counts[-1]])
    data[offsets[-1] : offsets[-1] + counts[-1]] = bytes(len(last))
    item = 4 if tag.dtype == 4 else 8
    data[where + item * (len(offsets) - 1) : where + item * len(offsets)] = len(data).to_bytes(item, "little")
    path.write_bytes(bytes(data) + last)
    assert found(path) is None
    np.testing.assert_array_equal(ImageDeveloper().read(path).pixels, pixels)


def test_grey_alpha_and_other_profiles_are_left_to_libvips(tmp_path: Path) -> None:
    grey, alpha, other = tmp_path / "grey.tif", tmp_path / "alpha.tif", tmp_path / "other.tif"
    tifffile.imwrite(grey, frame("uint16")[..., 0], photometric="minisblack")
    tifffile.imwrite(
        alpha,
        np.concatenate([frame("uint16"), np.full((HEIGHT, WIDTH, 1), 65535, np.uint16)], axis=2),
        photometric="rgb",
    )
    tifffile.imwrite(other, frame("uint16"), photometric="rgb", iccprofile=profile("display-p3", "srgb"))
    assert found(grey) is None
    assert found(alpha) is None
    assert found(other, profile("srgb", "srgb")) is None
    assert found(other, profile("display-p3", "srgb")) is not None


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, frame("uint16"), photometric="rgb")
    path.write_bytes(path.read_bytes()[:-5000])
    for read in (lambda: ImageDeveloper().read(path), lambda: ImageDeveloper().read_reduced(path, 70)):
        with pytest.raises(UnreadableFrame, match=r"a\.tif"):
            read()


def test_a_file_that_shrinks_or_goes_meanwhile_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, frame("uint16"), photometric="rgb")
    plain = found(path)
    assert plain is not None
    path.write_bytes(path.read_bytes()[:-5000])
    for read in (plain.read, lambda: plain.shrunk(4)):
        with pytest.raises(UnreadableFrame, match="shorter"):
            read()
    path.unlink()
    with pytest.raises(UnreadableFrame, match="No such file"):
        plain.read()
