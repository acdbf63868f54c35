"""Raw files through LibRaw: right in level and colour, and every frame of a stack in exactly the same way."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import stackcore
from stackcore.errors import UnreadableFrame
from stackcore.protocols import Development
from stackcore.testing.dng import RawCamera, write_dng
from stackcore.testing.scene import make_stack
from stackcore.testing.sensor import Motion, Sensor
from stackcore_plugins.developer_libraw.developer import LibRawDeveloper
from stackcore_plugins.developer_libraw.plugin import LibRawOptions

WIDTH, HEIGHT = 96, 64
GREY = 0.18


@pytest.fixture
def developer() -> LibRawDeveloper:
    return LibRawDeveloper(LibRawOptions())


def flat(level: float) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), level, np.float32)


def textured(seed: int = 0) -> np.ndarray:
    """Soft colours between 0.05 and 0.6."""
    coarse = np.random.default_rng(seed).random((8, 12, 3), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), 0, 1) * 0.55 + 0.05


def srgb(linear: np.ndarray | float) -> np.ndarray:
    return np.where(np.asarray(linear) <= 0.0031308, 12.92 * linear, 1.055 * np.asarray(linear) ** (1 / 2.4) - 0.055)


def linear_light(path: Path, developer: LibRawDeveloper, reference: Path | None = None) -> np.ndarray:
    developer.prepare(reference or path, Development(encoding="linear"))
    return developer.read(path).pixels / 65535.0


@pytest.mark.parametrize("level", [0.0, 0.01, GREY, 0.5, 1.0])
@pytest.mark.parametrize("black", [(0,) * 4, (512,) * 4, (500, 520, 540, 560)], ids=["none", "even", "by channel"])
def test_grey_is_grey_and_at_its_level(
    developer: LibRawDeveloper, tmp_path: Path, level: float, black: tuple[int, int, int, int]
) -> None:
    path = write_dng(tmp_path / "grey.dng", flat(level), RawCamera(black=black))
    seen = linear_light(path, developer)
    np.testing.assert_allclose(seen, level, rtol=0.006, atol=2e-4)  # black differs by channel, white does not


@pytest.mark.parametrize("black", [(512,) * 4, (500, 520, 540, 560)], ids=["even", "by channel"])
def test_a_full_photosite_is_white(
    developer: LibRawDeveloper, tmp_path: Path, black: tuple[int, int, int, int]
) -> None:
    path = write_dng(tmp_path / "white.dng", flat(3.0), RawCamera(black=black))
    assert linear_light(path, developer).min() > 0.999


def test_colours_are_those_of_the_scene(developer: LibRawDeveloper, tmp_path: Path) -> None:
    seen = linear_light(write_dng(tmp_path / "a.dng", textured()), developer)
    inside = np.s_[4:-4, 4:-4]
    assert np.abs(seen - textured())[inside].mean() < 0.01


def test_srgb_follows_its_curve(developer: LibRawDeveloper, tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", textured())
    light = linear_light(path, developer)
    developer.prepare(path, Development(encoding="srgb"))
    np.testing.assert_allclose(developer.read(path).pixels / 65535.0, srgb(light), atol=0.002)


@pytest.mark.parametrize("encoding", ["srgb", "linear"])
@pytest.mark.parametrize("demosaic", ["ahd", "ppg", "linear"])
def test_a_highlight_changes_nothing_elsewhere(tmp_path: Path, encoding: str, demosaic: str) -> None:
    """LibRaw's defaults make such a frame darker by a fifth."""
    developer = LibRawDeveloper(LibRawOptions(demosaic=demosaic))
    without, with_light = textured(), textured()
    without[24:32, 40:48] = 0.85  # near enough to white for LibRaw to make it white
    with_light[24:32, 40:48] = 4.0
    plain = write_dng(tmp_path / "plain.dng", without)
    bright = write_dng(tmp_path / "bright.dng", with_light)
    developer.prepare(plain, Development(encoding=encoding))
    a, b = developer.read(plain).pixels, developer.read(bright).pixels
    touched = np.zeros((HEIGHT, WIDTH), np.bool_)
    touched[14:42, 30:58] = True
    np.testing.assert_array_equal(a[~touched], b[~touched])
    assert b[26:30, 42:46].min() >= 65534
    assert a[26:30, 42:46].max() < 65000
    far = np.s_[30:, :12]
    np.testing.assert_array_equal(
        developer.read_reduced(plain, 48).pixels[far], developer.read_reduced(bright, 48).pixels[far]
    )


def test_white_balance_comes_from_the_reference(developer: LibRawDeveloper, tmp_path: Path) -> None:
    reference = write_dng(tmp_path / "reference.dng", flat(GREY), RawCamera(neutral=(0.5, 1.0, 0.625)))
    # The same numbers from the sensor, in a file that believes in other light.
    light = flat(GREY) * np.float32([0.5 / 0.8, 1.0, 0.625 / 0.4])
    other = write_dng(tmp_path / "other.dng", light, RawCamera(neutral=(0.8, 1.0, 0.4)))
    np.testing.assert_array_equal(
        linear_light(other, developer, reference), linear_light(reference, developer, reference)
    )
    alone = linear_light(other, developer)
    assert alone[..., 2].mean() > 1.3 * alone[..., 0].mean()


def test_levels_come_from_the_reference(developer: LibRawDeveloper, tmp_path: Path) -> None:
    reference = write_dng(tmp_path / "reference.dng", flat(GREY), RawCamera(black=(512,) * 4))
    # The same photons on the same black of 512, in a file whose tag claims 1024.
    share = (512 + GREY * (16383 - 512) - 1024) / (16383 - 1024)
    camera = RawCamera(black=(1024,) * 4, neutral=(1.0, 1.0, 1.0))
    other = write_dng(tmp_path / "other.dng", flat(share), camera)
    green_here = linear_light(reference, developer, reference)[..., 1].mean()
    green_there = linear_light(other, developer, reference)[..., 1].mean()
    assert green_there == pytest.approx(green_here, rel=2e-3)


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 8])
def test_orientation_is_that_of_the_reference(developer: LibRawDeveloper, tmp_path: Path, orientation: int) -> None:
    reference = write_dng(tmp_path / "reference.dng", textured(), RawCamera(orientation=orientation))
    odd = write_dng(tmp_path / "odd.dng", textured(), RawCamera(orientation=3))
    developer.prepare(reference, Development(encoding="linear"))
    info, pixels = developer.probe(odd), developer.read(odd).pixels
    assert (info.height, info.width) == pixels.shape[:2]
    np.testing.assert_array_equal(pixels, developer.read(reference).pixels)
    upright = {
        1: lambda a: a,
        3: lambda a: np.rot90(a, 2),
        5: lambda a: np.transpose(a, (1, 0, 2)),
        6: lambda a: np.rot90(a, -1),
        8: lambda a: np.rot90(a, 1),
    }[orientation](textured())
    assert np.abs(pixels / 65535.0 - upright).mean() < 0.012


def test_reduced_is_smaller_never_larger_and_of_the_same_light(developer: LibRawDeveloper, tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", textured())
    developer.prepare(path, Development(encoding="linear"))
    whole = developer.read(path).pixels
    for size, expected in ((24, (16, 24, 3)), (40, (27, 40, 3)), (5000, (32, 48, 3))):  # half size is all there is
        reduced = developer.read_reduced(path, size).pixels
        assert reduced.shape == expected
        assert reduced.dtype == np.uint16
        assert reduced.mean() == pytest.approx(whole.mean(), rel=0.01)


def test_probe_tells_size_and_depth(developer: LibRawDeveloper, tmp_path: Path) -> None:
    info = developer.probe(write_dng(tmp_path / "a.dng", flat(0.1)))
    assert (info.width, info.height, info.dtype) == (WIDTH, HEIGHT, "uint16")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.95])
def test_a_truncated_raw_file_is_named(
    developer: LibRawDeveloper, tmp_path: Path, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = write_dng(tmp_path / "whole.dng", textured())
    cut = tmp_path / "cut.dng"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    developer.prepare(whole, Development(encoding="srgb"))
    for read in (
        developer.read,
        lambda p: developer.read_reduced(p, 40),
        lambda p: developer.prepare(p, Development(encoding="srgb")),
    ):
        with pytest.raises(UnreadableFrame, match=r"cut\.dng"):
            read(cut)
    capfd.readouterr()  # LibRaw itself writes to the screen


@pytest.mark.parametrize("content", [b"", b"hello, I am no raw file" * 100], ids=["empty", "text"])
def test_what_is_no_raw_file_is_named(developer: LibRawDeveloper, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "holiday.nef"
    path.write_bytes(content)
    with pytest.raises(UnreadableFrame, match=r"holiday\.nef"):
        developer.probe(path)
    with pytest.raises(UnreadableFrame, match=r"holiday\.nef"):
        developer.probe(tmp_path / "gone" / "holiday.nef")


def test_an_odd_mosaic_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="even"):
        RawCamera().mosaic(np.zeros((5, 4, 3), np.float32))


@pytest.mark.parametrize("linear", [False, True])
def test_a_stack_of_raw_files_goes_through(tmp_path: Path, linear: bool) -> None:
    stack = make_stack(384, 256, 5, seed=2, motion=Motion.none(), sensor=Sensor.ideal(), blur_px=12.0)
    for index, focus in enumerate(stack.focus):
        write_dng(tmp_path / f"raw_{index}.dng", stack.scene.render(focus))
    result = stackcore.stack(tmp_path, tmp_path / "out.tif", linear=linear, workers=2)
    assert result.picture.dtype == np.uint16
    assert result.frames == 5
    x, y, w, h = result.crop
    truth = np.clip(stack.scene.sharp(), 0, 1)[y : y + h, x : x + w]
    expected = truth if linear else srgb(truth)
    developer = LibRawDeveloper(LibRawOptions())
    developer.prepare(tmp_path / "raw_2.dng", Development(encoding="linear" if linear else "srgb"))
    one_frame = developer.read(tmp_path / "raw_2.dng").pixels[y : y + h, x : x + w]
    assert error(result.picture, expected) < 0.7 * error(one_frame, expected)


def error(picture: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((picture / 65535.0 - truth) ** 2)))


def test_a_raw_file_that_claims_too_many_pixels_is_refused_unread(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "large.dng", np.full((1000, 1200, 3), GREY, np.float32), RawCamera())
    small = LibRawDeveloper(LibRawOptions(max_megapixels=1))
    for read in (small.probe, small.read, small.mosaic, lambda p: small.prepare(p, Development())):
        with pytest.raises(UnreadableFrame, match="the limit is 1 megapixels") as caught:
            read(path)
        assert "developer.max_megapixels" in caught.value.fix
    assert LibRawDeveloper(LibRawOptions(max_megapixels=2)).probe(path).width == 1200
