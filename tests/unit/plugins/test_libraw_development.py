"""Everything that a development can ask of raw files, the same for every frame of a stack."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from stackcore.colour.icc import profile
from stackcore.colour.spaces import SPACES, adaptation, light, to_xyz
from stackcore.errors import FrameError, FrameMismatch, UnreadableFrame
from stackcore.protocols import Correction, Development
from stackcore.testing.dng import XTRANS, RawCamera, _tags, dng_bytes, write_dng
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_scene
from stackcore_plugins.developer_libraw.developer import LibRawDeveloper
from stackcore_plugins.developer_libraw.plugin import LibRawOptions

WIDTH, HEIGHT = 96, 64
BAYER = ("RGGB", "BGGR", "GRBG", "GBRG")
BLACK = (500, 520, 540, 560)
LINEAR = Development(encoding="linear")


@pytest.fixture
def developer() -> LibRawDeveloper:
    return LibRawDeveloper(LibRawOptions())


def flat(level: float, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    return np.full((height, width, 3), level, np.float32)


def textured(width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).random((height // 8, width // 8, 3), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1) * 0.55 + 0.05


def developed(developer: LibRawDeveloper, path: Path, development: Development) -> np.ndarray:
    developer.prepare(path, development)
    return developer.read(path).pixels / 65535.0


def write_finished(path: Path, pixels: np.ndarray, black: int = 512) -> Path:
    """A DNG without mosaic: linear RGB (H, W, 3), or one number per pixel (H, W) of a sensor without filters."""
    colours = 1 if pixels.ndim == 2 else 3
    dropped = {33421, 33422, 50713, 50714} | ({50721, 50728} if colours == 1 else set())
    tags = [tag for tag in _tags(RawCamera(), *pixels.shape[:2]) if tag[0] not in dropped]
    levels = (black,) * 3 if colours == 3 else black
    tags += [(50713, 3, 2, (1, 1), True), (50714, 3, colours, levels, True)]
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        kind = 34892 if colours == 3 else 1
        writer.write(pixels, photometric=kind, compression=None, metadata=None, extratags=tags)
    written = bytearray(buffer.getvalue())
    with tifffile.TiffFile(io.BytesIO(written)) as file:  # which writes no linear raw of one channel itself
        place = file.pages[0].tags[262].valueoffset
    written[place : place + 2] = (34892).to_bytes(2, "little")
    path.write_bytes(written)
    return path


# ------------------------------------------------------------------ the mosaic


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("margins", [(0, 0, 0, 0), (4, 2, 6, 8), (12, 6, 0, 0)], ids=str)
@pytest.mark.parametrize("pattern", BAYER)
def test_a_mosaic_is_what_the_sensor_counted(
    developer: LibRawDeveloper, tmp_path: Path, pattern: str, margins: tuple[int, int, int, int], orientation: int
) -> None:
    camera = RawCamera(pattern=pattern, black=BLACK, margins=margins, orientation=orientation)
    path = write_dng(tmp_path / "a.dng", textured(), camera)
    found = developer.mosaic(path)
    np.testing.assert_array_equal(found.values, camera.mosaic(textured()))
    np.testing.assert_array_equal(found.pattern, camera.block)
    assert (found.colours, found.white) == ("RGBG", camera.white)
    black = np.array(found.black)[np.tile(found.pattern, (HEIGHT // 2, WIDTH // 2))]
    np.testing.assert_array_equal(black, camera.blacks(HEIGHT, WIDTH))
    assert developer.probe(path).has_mosaic
    assert found.values.flags.writeable


@pytest.mark.parametrize("margins", [(0, 0, 0, 0), (6, 4, 2, 2), (13, 9, 0, 0)], ids=str)
def test_an_x_trans_mosaic_counts_from_the_visible_area(
    developer: LibRawDeveloper, tmp_path: Path, margins: tuple[int, int, int, int]
) -> None:
    """rawpy's own pattern reads beyond its table where the masked border is wider than the block."""
    camera = RawCamera(pattern=XTRANS, black=(1000,) * 4, margins=margins)
    found = developer.mosaic(write_dng(tmp_path / "a.dng", textured(), camera))
    np.testing.assert_array_equal(found.values, camera.mosaic(textured()))
    np.testing.assert_array_equal(found.pattern, camera.block)
    assert (found.colours, found.black) == ("RGB", (1000.0,) * 3)


def test_a_sensor_without_filters_has_a_mosaic_of_one_channel(developer: LibRawDeveloper, tmp_path: Path) -> None:
    counts = (512 + textured()[..., 1] * 15_000).astype(np.uint16)
    path = write_finished(tmp_path / "mono.dng", counts)
    found = developer.mosaic(path)
    np.testing.assert_array_equal(found.values, counts)
    assert (found.pattern.tolist(), found.colours, found.black) == ([[0]], "W", (512.0,))
    for rule in ("camera", "daylight", "auto"):
        pixels = developed(developer, path, Development(encoding="linear", white_balance=rule))
        assert pixels.shape == (HEIGHT, WIDTH, 3)
        np.testing.assert_allclose(pixels, np.repeat((counts[..., None] - 512.0) / 15_871, 3, axis=2), atol=2e-4)


def test_finished_pixels_have_no_mosaic_and_cannot_be_corrected(developer: LibRawDeveloper, tmp_path: Path) -> None:
    counts = (512 + textured() * np.float32([0.5, 1, 0.625]) * 15_871).astype(np.uint16)
    path = write_finished(tmp_path / "linear.dng", counts)
    whole = write_dng(tmp_path / "whole.dng", textured())
    assert not developer.probe(path).has_mosaic
    assert developer.probe(whole).has_mosaic
    with pytest.raises(UnreadableFrame, match=r"linear\.dng holds no mosaic"):
        developer.mosaic(path)
    correction = Correction(defects=((5, 5),))
    with pytest.raises(FrameError, match=r"linear\.dng cannot be corrected"):
        developer.prepare(path, Development(correction=correction))
    developer.prepare(whole, Development(correction=correction))
    with pytest.raises(FrameError, match=r"linear\.dng cannot be corrected"):
        developer.read(path)


@pytest.mark.parametrize("black", [0, 512, 1024])
def test_finished_pixels_have_the_levels_of_their_file(developer: LibRawDeveloper, tmp_path: Path, black: int) -> None:
    counts = np.rint(black + textured() * np.float32([0.5, 1, 0.625]) * (16383 - black)).astype(np.uint16)
    path = write_finished(tmp_path / "linear.dng", counts, black)
    np.testing.assert_allclose(developed(developer, path, LINEAR), textured(), atol=0.002)
    auto = developed(developer, path, Development(encoding="linear", white_balance="auto"))
    means = auto.mean(axis=(0, 1))
    assert means == pytest.approx(means.mean(), rel=0.01)


# ------------------------------------------------------------------ levels and colours


@pytest.mark.parametrize("pattern", [*BAYER, XTRANS])
@pytest.mark.parametrize("level", [0.02, 0.3, 1.0, 3.0])
def test_grey_is_grey_and_white_is_white_for_every_pattern(
    developer: LibRawDeveloper, tmp_path: Path, pattern: str, level: float
) -> None:
    wide, high = (540, 528) if pattern == XTRANS else (WIDTH, HEIGHT)
    black = (1000,) * 4 if pattern == XTRANS else BLACK
    camera = RawCamera(pattern=pattern, black=black, margins=(6, 4, 2, 2))
    path = write_dng(tmp_path / "a.dng", flat(level, wide, high), camera)
    seen = developed(developer, path, LINEAR)
    np.testing.assert_allclose(seen, min(level, 1.0), rtol=0.006, atol=2e-4)
    reduced = developer.read_reduced(path, 48).pixels / 65535.0
    np.testing.assert_allclose(reduced.mean(axis=(0, 1)), min(level, 1.0), rtol=0.006, atol=2e-4)


def test_x_trans_takes_its_black_from_the_reference(developer: LibRawDeveloper, tmp_path: Path) -> None:
    reference = write_dng(tmp_path / "a.dng", flat(0.3, 540, 528), RawCamera(pattern=XTRANS, black=(1000,) * 4))
    counts = RawCamera(pattern=XTRANS, black=(1000,) * 4).mosaic(flat(0.3, 540, 528))
    claims = RawCamera(pattern=XTRANS, black=(900,) * 4)
    other = tmp_path / "b.dng"
    other.write_bytes(dng_bytes(counts, claims))
    developer.prepare(reference, LINEAR)
    np.testing.assert_array_equal(developer.read(other).pixels, developer.read(reference).pixels)


@pytest.mark.parametrize("encoding", ["linear", "srgb"])
@pytest.mark.parametrize("space", SPACES)
def test_numbers_mean_the_same_light_in_every_colour_space(tmp_path: Path, space: str, encoding: str) -> None:
    developer = LibRawDeveloper(LibRawOptions(demosaic="linear"))  # others decide by differences, which scale
    path = write_dng(tmp_path / "a.dng", textured())
    here = developed(developer, path, LINEAR) @ to_xyz("srgb").T
    numbers = developed(developer, path, Development(encoding=encoding, colour_space=space))
    there = light(numbers, space, encoding) @ to_xyz(space).T @ adaptation(space).T
    np.testing.assert_allclose(there, here @ adaptation("srgb").T, atol=0.004)
    info = developer.probe(path)
    assert info.icc == profile(space, encoding)


@pytest.mark.parametrize("space", SPACES)
def test_what_is_full_is_white_in_every_colour_space(developer: LibRawDeveloper, tmp_path: Path, space: str) -> None:
    """In XYZ, white is not (1, 1, 1), and the channels with large multipliers must not rise above it."""
    path = write_dng(tmp_path / "a.dng", flat(4.0), RawCamera(black=BLACK))
    numbers = developed(developer, path, Development(encoding="linear", colour_space=space))
    white = np.linalg.solve(to_xyz(space), to_xyz(space) @ np.ones(3))
    if space == "xyz":
        white = to_xyz("srgb") @ np.ones(3) / SPACES["xyz"].peak
    np.testing.assert_allclose(numbers, np.broadcast_to(white, numbers.shape), atol=0.002)


@pytest.mark.parametrize("stops", [-1.5, -1.0, 0.5, 1.0])
@pytest.mark.parametrize("encoding", ["linear", "srgb"])
def test_exposure_is_a_factor_on_light(developer: LibRawDeveloper, tmp_path: Path, stops: float, encoding: str) -> None:
    path = write_dng(tmp_path / "a.dng", textured() * np.float32(0.4))
    before = light(developed(developer, path, Development(encoding=encoding)), "srgb", encoding)
    after = light(developed(developer, path, Development(encoding=encoding, exposure_ev=stops)), "srgb", encoding)
    np.testing.assert_allclose(after, before * 2**stops, atol=0.0015)


# ------------------------------------------------------------------ white balance

LAMP = (0.35, 1.0, 0.75, 0.95)


def lit(tmp_path: Path, name: str = "a.dng", **rest: object) -> tuple[SensorTruth, Path]:
    """A scene that is grey on the mean, under a lamp that the body does not know of."""
    truth = SensorTruth(lamp=LAMP, camera=RawCamera(black=BLACK), **rest)
    scene = textured(seed=3)
    return truth, write_scene(tmp_path / name, truth, scene / scene.mean(axis=(0, 1)) * np.float32(0.3))


def cast(pixels: np.ndarray) -> float:
    """How far the mean is from grey."""
    means = pixels.mean(axis=(0, 1))
    return float(np.ptp(means) / means.mean())


def test_multipliers_that_are_given_are_used_for_all_four_channels(developer: LibRawDeveloper, tmp_path: Path) -> None:
    truth, path = lit(tmp_path)
    pixels = developed(developer, path, Development(encoding="linear", white_balance=truth.multipliers))
    assert cast(pixels) < 0.01
    odd = list(truth.multipliers)
    odd[3] *= 1.5
    greener = developed(developer, path, Development(encoding="linear", white_balance=tuple(odd)))
    assert greener[..., 1].mean() > 1.2 * pixels[..., 1].mean()


def test_auto_finds_the_lamp_from_the_reference_and_keeps_it(tmp_path: Path) -> None:
    developer = LibRawDeveloper(LibRawOptions(demosaic="linear"))
    truth, reference = lit(tmp_path)
    other = write_scene(tmp_path / "b.dng", truth, textured(seed=9) * np.float32([1.0, 0.2, 0.2]))
    developer.prepare(reference, Development(encoding="linear", white_balance="auto"))
    assert cast(developer.read(reference).pixels) < 0.02
    reddish = developer.read(other).pixels
    developer.prepare(reference, Development(encoding="linear", white_balance=truth.multipliers))
    np.testing.assert_allclose(reddish, developer.read(other).pixels, rtol=0.02, atol=30)


def test_auto_looks_at_the_corrected_frame(developer: LibRawDeveloper, tmp_path: Path) -> None:
    truth, path = lit(tmp_path, glow=9000.0)
    dark = truth.unlit().astype(np.float32)
    auto = Development(encoding="linear", white_balance="auto", correction=Correction(dark=dark))
    assert cast(developed(developer, path, auto)) < 0.02


def test_camera_and_daylight(developer: LibRawDeveloper, tmp_path: Path) -> None:
    _, path = lit(tmp_path)
    as_noted = RawCamera().neutral
    camera = developed(developer, path, Development(encoding="linear", white_balance="camera"))
    expected = np.array(LAMP[:3]) / as_noted
    means = camera.mean(axis=(0, 1))
    np.testing.assert_allclose(means / means[1], expected / expected[1], rtol=0.03)
    daylight = developed(developer, path, Development(encoding="linear", white_balance="daylight"))
    assert daylight[..., 0].mean() < camera[..., 0].mean()


# ------------------------------------------------------------------ correction

FAULTS: dict[str, object] = {"glow": 2000.0, "column_noise": 15.0, "dark_current": 30.0}


def faulty(pattern: str = "RGGB", **rest: object) -> SensorTruth:
    wide, high = (540, 528) if pattern == XTRANS else (WIDTH, HEIGHT)
    camera = RawCamera(pattern=pattern, black=(1000,) * 4 if pattern == XTRANS else BLACK, margins=(4, 2, 2, 2))
    return SensorTruth.random(
        wide, high, hot=60, dead=30, seed=5, camera=camera, read_noise=0.0, electrons_per_count=0.0, **FAULTS, **rest
    )


def sound(truth: SensorTruth) -> SensorTruth:
    return SensorTruth(
        width=truth.width, height=truth.height, camera=truth.camera, read_noise=0.0, electrons_per_count=0.0
    )


@pytest.mark.parametrize("pattern", [*BAYER, XTRANS])
def test_a_corrected_frame_is_that_of_a_sound_sensor(developer: LibRawDeveloper, tmp_path: Path, pattern: str) -> None:
    truth = faulty(pattern)
    scene = textured(truth.width, truth.height)
    spoilt = write_scene(tmp_path / "spoilt.dng", truth, scene)
    clean = write_scene(tmp_path / "clean.dng", sound(truth), scene)
    correction = Correction(dark=truth.unlit().astype(np.float32), defects=truth.defects())
    got = developed(developer, spoilt, Development(encoding="linear", correction=correction))
    half = developer.read_reduced(spoilt, 5000).pixels / 65535.0
    expected = developed(developer, clean, LINEAR)
    expected_half = developer.read_reduced(clean, 5000).pixels / 65535.0
    untouched = developed(developer, spoilt, LINEAR)
    assert rms(got - expected) < 0.006
    assert rms(half - expected_half) < 0.006
    assert rms(untouched - expected) > 0.03


def test_reduced_x_trans_frames_are_the_same_each_time(developer: LibRawDeveloper, tmp_path: Path) -> None:
    truth = faulty(XTRANS)
    path = write_scene(tmp_path / "a.dng", truth, textured(truth.width, truth.height))
    developer.prepare(path, LINEAR)
    first = developer.read_reduced(path, 90).pixels
    assert first.shape[:2] == (88, 90)
    assert first.min() > 0  # no colour is missing anywhere
    for _ in range(5):
        np.testing.assert_allclose(developer.read_reduced(path, 90).pixels, first, atol=300)


def rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.mean(difference**2)))


def test_a_body_that_measures_black_for_each_frame_gives_no_flicker(developer: LibRawDeveloper, tmp_path: Path) -> None:
    """The same counts from files that claim another black and white: the levels of the reference hold."""
    truth = faulty()
    counts = truth.scene(textured())
    reference, other = tmp_path / "a.dng", tmp_path / "b.dng"
    reference.write_bytes(dng_bytes(counts, truth.camera))
    claims = replace(truth.camera, black=(700, 710, 690, 650), white=15_000)
    other.write_bytes(dng_bytes(counts, claims))
    dark = truth.unlit().astype(np.float32)
    flat_field = np.full(dark.shape, 1.1, np.float32)
    correction = Correction(dark=dark, flat=flat_field, defects=truth.defects())
    developer.prepare(reference, Development(white_balance="auto", correction=correction))
    np.testing.assert_array_equal(developer.read(other).pixels, developer.read(reference).pixels)
    np.testing.assert_array_equal(
        developer.read_reduced(other, 40).pixels, developer.read_reduced(reference, 40).pixels
    )


def test_a_flat_takes_vignetting_away(developer: LibRawDeveloper, tmp_path: Path) -> None:
    truth = SensorTruth(vignetting=0.5, dust=3, seed=2, read_noise=0.0, electrons_per_count=0.0)
    path = write_scene(tmp_path / "a.dng", truth, flat(0.4))
    even = developed(developer, path, Development(encoding="linear", correction=Correction(flat=1 / truth.shading())))
    np.testing.assert_allclose(even, 0.4, rtol=0.004)


def test_white_stays_white_in_every_channel_after_a_correction(developer: LibRawDeveloper, tmp_path: Path) -> None:
    truth = faulty()
    scene = textured()
    scene[20:44, 20:60] = 6.0
    path = write_scene(tmp_path / "a.dng", truth, scene)
    dark = truth.unlit().astype(np.float32)
    correction = Correction(dark=dark, flat=np.full(dark.shape, 0.9, np.float32), defects=truth.defects())
    pixels = developed(developer, path, Development(encoding="linear", correction=correction))
    assert pixels[26:38, 26:54].min() > 0.999


@pytest.mark.parametrize("demosaic", ["ahd", "ppg", "linear", "vng", "dcb", "dht"])
def test_a_frame_alone_and_among_others_is_the_same_to_the_bit(tmp_path: Path, demosaic: str) -> None:
    truth = faulty()
    correction = Correction(dark=truth.unlit().astype(np.float32), defects=truth.defects())
    development = Development(white_balance="auto", correction=correction)
    paths = [
        write_scene(tmp_path / f"{i}.dng", truth, textured(seed=i) * np.float32(level), shot=i)
        for i, level in enumerate((1.0, 0.1, 4.0))
    ]
    among = LibRawDeveloper(LibRawOptions(demosaic=demosaic))
    among.prepare(paths[0], development)
    seen = [among.read(path).pixels for path in paths]
    again = [among.read(path).pixels for path in reversed(paths)][::-1]
    for path, first, second in zip(paths, seen, again, strict=True):
        alone = LibRawDeveloper(LibRawOptions(demosaic=demosaic))
        alone.prepare(paths[0], development)
        np.testing.assert_array_equal(alone.read(path).pixels, first)
        np.testing.assert_array_equal(first, second)


def test_the_file_is_not_changed_and_the_mosaic_stays_raw(developer: LibRawDeveloper, tmp_path: Path) -> None:
    truth = faulty()
    path = write_scene(tmp_path / "a.dng", truth, textured())
    before = path.read_bytes()
    developed(developer, path, Development(correction=Correction(defects=truth.defects())))
    assert path.read_bytes() == before
    np.testing.assert_array_equal(developer.mosaic(path).values, truth.scene(textured(), shot=300_000))


def test_a_correction_of_another_sensor_is_refused(developer: LibRawDeveloper, tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", textured())
    with pytest.raises(FrameMismatch, match="dark frame does not belong"):
        developer.prepare(path, Development(correction=Correction(dark=np.zeros((HEIGHT, WIDTH + 2), np.float32))))
    with pytest.raises(FrameMismatch, match=r"\[96, 3\] lies outside"):
        developer.prepare(path, Development(correction=Correction(defects=((96, 3),))))
    developer.prepare(path, Development(correction=Correction(defects=((90, 3),))))
    smaller = write_dng(tmp_path / "b.dng", textured(80, 64))
    with pytest.raises(FrameMismatch, match=r"b\.dng does not match the correction.*80x64"):
        developer.read(smaller)


# ------------------------------------------------------------------ highlights


def test_highlight_modes(developer: LibRawDeveloper, tmp_path: Path) -> None:
    """In the patch, red is 1.5 times as bright as white; its photosites, which see half the light, are not full."""
    scene = textured()
    scene[16:48, 24:72] = np.float32([1.5, 0.75, 0.75])
    path = write_dng(tmp_path / "a.dng", scene)
    patch = np.s_[24:40, 36:60]
    modes = {
        mode: developed(developer, path, Development(encoding="linear", highlights=mode))[patch].mean(axis=(0, 1))
        for mode in ("clip", "unclipped", "blend", "reconstruct")
    }
    assert modes["clip"] == pytest.approx([1.0, 0.75, 0.75], abs=0.01)
    # Nothing is cut at white, so that white lies lower: by the ratio of the largest multiplier to the smallest, 2.
    assert modes["unclipped"] == pytest.approx([0.75, 0.375, 0.375], abs=0.01)
    assert len({tuple(np.round(v, 3)) for v in modes.values()}) > 2


# ------------------------------------------------------------------ odd sensors


def write_odd(path: Path, *extra: tuple[int, int, int, object, bool]) -> Path:
    """A DNG of grey light with other tags than usual."""
    counts = RawCamera().mosaic(flat(0.3))
    codes = {tag[0] for tag in extra} | ({50721, 50728} if extra[0][0] == 33422 else set())
    tags = [tag for tag in _tags(RawCamera(), *counts.shape) if tag[0] not in codes]
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(counts, photometric=32803, compression=None, metadata=None, extratags=[*tags, *extra])
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.parametrize(
    ("across", "down", "size"), [(2, 1, (192, 64)), (1, 2, (96, 128)), (1.002, 1, (96, 64)), (1.01, 1, (97, 64))]
)
def test_pixels_that_are_not_square_are_announced_as_they_will_be(
    developer: LibRawDeveloper, tmp_path: Path, across: float, down: float, size: tuple[int, int]
) -> None:
    scale = (round(across * 1000), 1000, round(down * 1000), 1000)
    path = write_odd(tmp_path / "a.dng", (50718, 5, 2, scale, True))  # DefaultScale
    developer.prepare(path, LINEAR)
    info, pixels = developer.probe(path), developer.read(path).pixels
    assert (info.width, info.height) == size == pixels.shape[1::-1]


def test_a_sensor_of_four_colours(developer: LibRawDeveloper, tmp_path: Path) -> None:
    """Cyan, magenta, yellow and green: no channel stands in for another, and each has its own multiplier."""
    colours = bytes((3, 4, 5, 1))
    path = write_odd(tmp_path / "a.dng", (33422, 1, 4, colours, True), (50710, 1, 4, colours, True))
    found = developer.mosaic(path)
    assert (found.colours, found.pattern.tolist(), len(found.black)) == ("GMCY", [[0, 1], [2, 3]], 4)
    auto = Development(encoding="linear", white_balance="auto", correction=Correction(defects=((50, 31), (20, 40))))
    pixels = developed(developer, path, auto)
    assert np.ptp(pixels) < 0.002
