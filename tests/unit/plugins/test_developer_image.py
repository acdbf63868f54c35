"""Image files through libvips: every kind comes out as RGB, upright, in its own depth, or is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pyvips
import tifffile

from stackcore.errors import UnreadableFrame
from stackcore_plugins.developer_image.developer import ImageDeveloper

WIDTH, HEIGHT = 120, 80


@pytest.fixture
def developer() -> ImageDeveloper:
    return ImageDeveloper()


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """Smooth colours, different in every corner, float32 0 to 1."""
    rng = np.random.default_rng(3)
    coarse = rng.random((6, 8, 3), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), 0, 1)


def u8(scene: np.ndarray) -> np.ndarray:
    return np.rint(scene * 255).astype(np.uint8)


def u16(scene: np.ndarray) -> np.ndarray:
    return np.rint(scene * 65535).astype(np.uint16)


def save(pixels: np.ndarray, path: Path, interpretation: str = "srgb", orientation: int = 1, **options: Any) -> Path:
    image = pyvips.Image.new_from_array(pixels).copy(interpretation=interpretation)
    if orientation != 1:
        image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.write_to_file(str(path), **options)
    return path


LOSSLESS = {
    "8-bit PNG": ("a.png", "srgb", u8, {}),
    "16-bit PNG": ("a.png", "rgb16", u16, {}),
    "interlaced 16-bit PNG": ("a.png", "rgb16", u16, {"interlace": True}),
    "8-bit TIFF": ("a.tif", "srgb", u8, {}),
    "16-bit TIFF": ("a.tif", "rgb16", u16, {}),
    "16-bit TIFF, LZW, predictor": ("a.tif", "rgb16", u16, {"compression": "lzw", "predictor": "horizontal"}),
    "16-bit TIFF, deflate, tiles": ("a.tif", "rgb16", u16, {"compression": "deflate", "tile": True}),
    "BigTIFF": ("a.tiff", "rgb16", u16, {"bigtiff": True}),
    "float TIFF": ("a.tif", "scrgb", lambda scene: scene, {}),
    "lossless WebP": ("a.webp", "srgb", u8, {"lossless": True}),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_lossless_file_comes_back_to_the_bit(
    developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path, name: str
) -> None:
    file, interpretation, convert, options = LOSSLESS[name]
    pixels = convert(scene)
    path = save(pixels, tmp_path / file, interpretation, **options)
    read = developer.read(path).pixels
    assert read.dtype == pixels.dtype
    np.testing.assert_array_equal(read, pixels)
    info = developer.probe(path)
    assert (info.width, info.height, info.dtype, info.icc) == (WIDTH, HEIGHT, pixels.dtype.name, None)


@pytest.mark.parametrize(("file", "tolerance"), [("a.jpg", 3), ("a.jpeg", 3), ("a.webp", 6), ("a.avif", 6)])
def test_a_lossy_file_comes_back_nearly(
    developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path, file: str, tolerance: float
) -> None:
    read = developer.read(save(u8(scene), tmp_path / file, Q=98)).pixels
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - u8(scene)).mean() < tolerance


@pytest.mark.parametrize("convert", [u8, u16, lambda scene: scene], ids=["uint8", "uint16", "float32"])
def test_grey_becomes_rgb(developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path, convert: Any) -> None:
    grey = np.ascontiguousarray(convert(scene)[..., 1])
    path = tmp_path / "grey.tif"
    tifffile.imwrite(path, grey, photometric="minisblack")
    np.testing.assert_array_equal(developer.read(path).pixels, np.dstack([grey] * 3))
    reduced = developer.read_reduced(path, 40).pixels
    assert reduced.dtype == grey.dtype
    assert reduced.mean() == pytest.approx(grey.mean(), rel=0.02)


@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".png", ".webp", ".avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_alike_everywhere(
    developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path, suffix: str, orientation: int
) -> None:
    path = save(u8(scene), tmp_path / f"a{suffix}", orientation=orientation)
    upright = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.transpose(a, (1, 0, 2)),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(np.transpose(a, (1, 0, 2)), 2),
        8: lambda a: np.rot90(a, 1),
    }[orientation](u8(scene))
    read, info, reduced = developer.read(path).pixels, developer.probe(path), developer.read_reduced(path, 60).pixels
    assert np.abs(read.astype(int) - upright).mean() < (6 if suffix in (".avif", ".webp") else 3)
    assert (info.height, info.width) == upright.shape[:2]
    assert max(reduced.shape) == 60
    expected = cv2.resize(upright, reduced.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(reduced.astype(int) - expected).mean() < (7 if suffix in (".avif", ".webp") else 4)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("name", ["16-bit TIFF", "float TIFF", "16-bit PNG"])
def test_reduced_keeps_depth_and_values(
    developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path, name: str, orientation: int
) -> None:
    file, interpretation, convert, options = LOSSLESS[name]
    pixels = convert(scene)
    path = save(pixels, tmp_path / file, interpretation, orientation, **options)
    reduced = developer.read_reduced(path, 60).pixels
    assert reduced.dtype == pixels.dtype
    small = cv2.resize(pixels, (60, 40), interpolation=cv2.INTER_AREA)
    expected = np.rot90(small, -1) if orientation == 6 else small
    assert reduced.shape == expected.shape
    full_scale = 1.0 if pixels.dtype == np.float32 else 65535.0
    assert np.abs(reduced.astype(float) - expected).mean() < 0.01 * full_scale


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("name", [*LOSSLESS, "JPEG"])
def test_a_large_frame_is_reduced_in_two_steps_to_the_same(
    developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path, name: str, orientation: int
) -> None:
    file, interpretation, convert, options = LOSSLESS.get(name, ("a.jpg", "srgb", u8, {"Q": 98}))
    if file.endswith(("png", "webp")) and orientation != 1:
        pytest.skip("libvips writes no orientation into it that it reads")
    pixels = convert(scene)
    path = save(pixels, tmp_path / file, interpretation, orientation, **options)
    reduced = developer.read_reduced(path, WIDTH // 6).pixels
    assert reduced.dtype == pixels.dtype
    small = cv2.resize(pixels, (WIDTH // 6, HEIGHT // 6), interpolation=cv2.INTER_AREA)
    expected = np.rot90(small, -1) if orientation == 6 else small
    assert reduced.shape == expected.shape
    full_scale = {"uint8": 255.0, "uint16": 65535.0}.get(pixels.dtype.name, 1.0)
    assert np.abs(reduced.astype(float) - expected).mean() < 0.015 * full_scale


@pytest.mark.parametrize("name", LOSSLESS)
def test_reduced_never_enlarges(developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path, name: str) -> None:
    file, interpretation, convert, options = LOSSLESS[name]
    path = save(convert(scene), tmp_path / file, interpretation, **options)
    np.testing.assert_array_equal(developer.read_reduced(path, 10_000).pixels, convert(scene))


@pytest.mark.parametrize("file", ["a.jpg", "a.tif", "a.png"])
def test_the_icc_profile_is_returned(developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path, file: str) -> None:
    with_profile = save(u8(scene), tmp_path / file, profile="p3")
    icc = developer.probe(with_profile).icc
    assert icc is not None
    assert icc[36:40] == b"acsp"  # the signature of ICC.1, section 7.2
    np.testing.assert_allclose(
        developer.read(with_profile).pixels, u8(scene), atol=25
    )  # numbers stay, nothing is converted


def test_a_missing_file_is_named(developer: ImageDeveloper, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFrame, match=r"gone\.tif"):
        developer.probe(tmp_path / "gone.tif")


@pytest.mark.parametrize("format_", ["int", "short"])
def test_a_depth_that_no_camera_writes_is_refused(developer: ImageDeveloper, tmp_path: Path, format_: str) -> None:
    path = tmp_path / "odd.tif"
    pyvips.Image.black(8, 8, bands=3).cast(format_).copy(interpretation="rgb").tiffsave(str(path))
    for read in (developer.probe, developer.read, lambda p: developer.read_reduced(p, 4)):
        with pytest.raises(UnreadableFrame, match=f"odd.tif holds {format_} pixels"):
            read(path)


def test_colours_that_are_not_rgb_are_refused(developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "lab.tif"
    pyvips.Image.new_from_array(u8(scene)).copy(interpretation="srgb").colourspace("lab").write_to_file(str(path))
    with pytest.raises(UnreadableFrame, match="lab"):
        developer.read(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_refused(
    developer: ImageDeveloper, scene: np.ndarray, tmp_path: Path, value: float
) -> None:
    holed = scene.copy()
    holed[20, 30, 1] = value
    path = save(holed, tmp_path / "holed.tif", "scrgb")
    for read in (
        developer.read,
        lambda p: developer.read_reduced(p, 40),
        lambda p: developer.read_reduced(p, 1000),
    ):
        with pytest.raises(UnreadableFrame, match=r"holed\.tif holds pixels that are no numbers"):
            read(path)
