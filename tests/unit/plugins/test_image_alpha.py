"""Alpha says what of a frame is picture: opaque is, everything else is not, and bleeds nowhere."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips
import tifffile

from stackcore.errors import UnreadableFrame
from stackcore_plugins.developer_image.developer import ImageDeveloper

WIDTH, HEIGHT = 120, 80
FULL = {"uint8": 255, "uint16": 65535, "float32": 1.0}
TURN = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.fixture
def developer() -> ImageDeveloper:
    return ImageDeveloper()


def colours(dtype: str) -> np.ndarray:
    coarse = np.random.default_rng(3).random((6, 8, 3), dtype=np.float32)
    fine = np.clip(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), 0.02, 1)
    return fine if dtype == "float32" else np.rint(fine * FULL[dtype]).astype(dtype)


def shape() -> np.ndarray:
    """Alpha 0 to 1: a border, a hole, and a soft edge."""
    alpha = np.ones((HEIGHT, WIDTH), np.float32)
    alpha[:9], alpha[:, -14:], alpha[30:44, 50:75] = 0, 0, 0
    alpha[9, :], alpha[60, 10] = 0.5, 0.99
    return alpha


def rgba(dtype: str, under: float | None = None) -> np.ndarray:
    """Colours with alpha; what is not opaque holds the number `under`, or what it always held."""
    pixels, alpha = colours(dtype), shape()
    if under is not None:
        pixels[alpha < 1] = under * FULL[dtype]
    deep = alpha if dtype == "float32" else np.floor(alpha * FULL[dtype])
    return np.dstack([pixels, deep.astype(dtype)])


def write(pixels: np.ndarray, path: Path, *, extra: str = "unassalpha", orientation: int = 1) -> Path:
    if path.suffix == ".tif":
        tags = [(274, 3, 1, orientation, True)]
        tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=[extra], extratags=tags)
        return path
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="rgb16" if pixels.dtype == np.uint16 else "srgb")
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.write_to_file(str(path), **({"lossless": True} if path.suffix in (".webp", ".avif") else {}))
    return path


KINDS = [
    *((".tif", dtype, extra) for dtype in FULL for extra in ("unassalpha", "unspecified")),
    *((".png", dtype, "") for dtype in ("uint8", "uint16")),
    (".webp", "uint8", ""),
    (".avif", "uint8", ""),
]


@pytest.mark.parametrize(("suffix", "dtype", "extra"), KINDS)
def test_only_what_is_fully_opaque_is_valid(
    developer: ImageDeveloper, tmp_path: Path, suffix: str, dtype: str, extra: str
) -> None:
    path = write(rgba(dtype), tmp_path / f"a{suffix}", extra=extra)
    decoded = developer.read(path)
    assert decoded.valid is not None
    np.testing.assert_array_equal(decoded.valid, shape() == 1)
    assert decoded.pixels.dtype == dtype
    if suffix != ".avif":
        np.testing.assert_array_equal(decoded.pixels[decoded.valid], colours(dtype)[decoded.valid])
    assert developer.probe(path).dtype == dtype


@pytest.mark.parametrize("dtype", FULL)
def test_numbers_that_are_multiplied_by_alpha_are_understood(
    developer: ImageDeveloper, tmp_path: Path, dtype: str
) -> None:
    pixels = rgba(dtype)
    pixels[..., :3] = pixels[..., :3] * shape()[..., None]
    decoded = developer.read(write(pixels, tmp_path / "a.tif", extra="assocalpha"))
    assert decoded.valid is not None
    np.testing.assert_array_equal(decoded.valid, shape() == 1)
    np.testing.assert_array_equal(decoded.pixels[decoded.valid], colours(dtype)[decoded.valid])


@pytest.mark.parametrize("suffix", [".tif", ".png", ".webp"])
def test_alpha_that_is_opaque_everywhere_says_nothing(developer: ImageDeveloper, tmp_path: Path, suffix: str) -> None:
    pixels = rgba("uint8")
    pixels[..., 3] = 255
    path = write(pixels, tmp_path / f"a{suffix}")
    assert developer.read(path).valid is None
    assert developer.read_reduced(path, 40).valid is None
    np.testing.assert_array_equal(developer.read(path).pixels, colours("uint8"))


@pytest.mark.parametrize("verb", ["read", "read_reduced"])
def test_a_frame_that_is_transparent_all_over_is_named(developer: ImageDeveloper, tmp_path: Path, verb: str) -> None:
    pixels = rgba("uint8")
    pixels[..., 3] = 254
    path = write(pixels, tmp_path / "gone.png")
    with pytest.raises(UnreadableFrame, match=r"gone\.png is transparent all over"):
        getattr(developer, verb)(*((path,) if verb == "read" else (path, 40)))


@pytest.mark.parametrize("suffix", [".tif", ".png", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_validity_turns_with_the_picture(
    developer: ImageDeveloper, tmp_path: Path, suffix: str, orientation: int
) -> None:
    path = write(rgba("uint8"), tmp_path / f"a{suffix}", orientation=orientation)
    decoded, reduced = developer.read(path), developer.read_reduced(path, 60)
    expected = TURN[orientation](shape() == 1)
    assert decoded.valid is not None
    assert reduced.valid is not None
    np.testing.assert_array_equal(decoded.valid, expected)
    np.testing.assert_array_equal(decoded.pixels[expected], TURN[orientation](colours("uint8"))[expected])
    assert reduced.valid.shape == reduced.pixels.shape[:2] == (expected.shape[0] // 2, expected.shape[1] // 2)


@pytest.mark.parametrize("rows", [15, 16, 37, 64, 129, 300], ids="{} rows a strip".format)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_frames_are_turned_whole_however_they_are_stored(
    developer: ImageDeveloper, tmp_path: Path, orientation: int, rows: int
) -> None:
    """They are decoded strip by strip, and libvips reads strips of its own, once and in order."""
    pixels = np.random.default_rng(rows).integers(0, 65536, (300, 40, 3)).astype(np.uint16)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", rowsperstrip=rows, extratags=[(274, 3, 1, orientation, True)])
    np.testing.assert_array_equal(developer.read(path).pixels, TURN[orientation](pixels))


@pytest.mark.parametrize("interlace", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("subsample", ["on", "off"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpegs_are_turned_whole(
    developer: ImageDeveloper, tmp_path: Path, orientation: int, subsample: str, interlace: bool
) -> None:
    """Strips of their height do not divide 413 lines, nor do the blocks of 8 and 16."""
    pixels = np.random.default_rng(1).integers(0, 256, (413, 203, 3)).astype(np.uint8)
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb")
    how = {"subsample_mode": subsample, "interlace": interlace}
    image.write_to_file(str(tmp_path / "straight.jpg"), **how)
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.write_to_file(str(tmp_path / "turned.jpg"), **how)
    straight = developer.read(tmp_path / "straight.jpg").pixels
    np.testing.assert_array_equal(developer.read(tmp_path / "turned.jpg").pixels, TURN[orientation](straight))


@pytest.mark.parametrize("dtype", FULL)
def test_a_reduced_frame_is_made_of_what_is_valid(developer: ImageDeveloper, tmp_path: Path, dtype: str) -> None:
    black = developer.read_reduced(write(rgba(dtype, 0.0), tmp_path / "black.tif"), 40)
    white = developer.read_reduced(write(rgba(dtype, 1.0), tmp_path / "white.tif"), 40)
    assert black.valid is not None
    assert black.pixels.dtype == dtype
    np.testing.assert_array_equal(black.valid, white.valid)
    np.testing.assert_array_equal(black.pixels[black.valid], white.pixels[black.valid])
    whole = cv2.resize((shape() == 1).astype(np.float32), (40, 27), interpolation=cv2.INTER_AREA)
    assert not np.any(black.valid & (whole < 0.6))
    assert np.all(black.valid[cv2.erode(whole, np.ones((3, 3))) == 1])
    plain = cv2.resize(colours(dtype), (40, 27), interpolation=cv2.INTER_AREA)
    apart = np.abs(black.pixels.astype(float) - plain)[black.valid] / FULL[dtype]
    assert apart.mean() < 0.02


def test_a_reduced_frame_is_never_enlarged(developer: ImageDeveloper, tmp_path: Path) -> None:
    path = write(rgba("uint16"), tmp_path / "a.tif")
    whole, reduced = developer.read(path), developer.read_reduced(path, 5000)
    np.testing.assert_array_equal(reduced.pixels, whole.pixels)
    np.testing.assert_array_equal(reduced.valid, whole.valid)


def test_what_is_no_number_does_not_matter_where_it_is_not_seen(developer: ImageDeveloper, tmp_path: Path) -> None:
    pixels = rgba("float32")
    pixels[2, 3, :3] = np.nan
    assert np.isfinite(developer.read(write(pixels, tmp_path / "hidden.tif")).pixels).all()
    pixels[70, 3, :3] = np.nan
    with pytest.raises(UnreadableFrame, match="no numbers"):
        developer.read(write(pixels, tmp_path / "seen.tif"))


@pytest.mark.parametrize("bands", [2, 5])
def test_grey_may_have_alpha_and_five_channels_are_refused(
    developer: ImageDeveloper, tmp_path: Path, bands: int
) -> None:
    path = tmp_path / "a.tif"
    if bands == 2:
        grey = np.ascontiguousarray(rgba("uint8")[..., [1, 3]])
        tifffile.imwrite(path, grey, photometric="minisblack", extrasamples=["unassalpha"], planarconfig="contig")
        decoded = developer.read(path)
        np.testing.assert_array_equal(decoded.valid, shape() == 1)
        np.testing.assert_array_equal(decoded.pixels, np.dstack([grey[..., 0]] * 3))
    else:
        many = np.concatenate([rgba("uint8"), rgba("uint8")[..., 3:]], axis=2)
        tifffile.imwrite(path, many, photometric="rgb", extrasamples=["unassalpha", "unspecified"])
        with pytest.raises(UnreadableFrame, match="5 channels"):
            developer.probe(path)
