"""Raw files whose faults are known: LibRaw and readers of metadata see in them what the truth says."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rawpy

from stackcore.metadata.shot import Shot, read_shot
from stackcore.testing.dng import XTRANS, RawCamera, ShotNotes, dng_bytes, write_dng
from stackcore.testing.photosites import HotSite, SensorTruth
from stackcore.testing.raws import write_darks, write_flat, write_grey_card, write_scene, write_shot

BAYER = ["RGGB", "BGGR", "GRBG", "GBRG"]
QUIET = {"read_noise": 0.0, "electrons_per_count": 0.0}


def channel_means(counts: np.ndarray, camera: RawCamera) -> list[float]:
    light = counts - camera.blacks(*counts.shape)
    channels = camera.channels(*counts.shape)
    return [float(light[channels == c].mean()) for c in range(channels.max() + 1)]


# ------------------------------------------------------------------------- files


@pytest.mark.parametrize("margins", [(0, 0, 0, 0), (6, 4, 2, 8)], ids=["whole", "masked"])
@pytest.mark.parametrize("pattern", BAYER)
def test_libraw_sees_each_bayer_pattern_with_its_numbers(
    tmp_path: Path, pattern: str, margins: tuple[int, int, int, int]
) -> None:
    camera = RawCamera(pattern=pattern, margins=margins, black=(500, 520, 540, 560))
    truth = SensorTruth(width=40, height=24, camera=camera)
    counted = truth.grey_card()
    with rawpy.imread(str(write_shot(tmp_path / "a.dng", truth, counted))) as raw:
        assert np.array_equal(raw.raw_image_visible, counted)
        assert np.array_equal(raw.raw_colors_visible, camera.channels(24, 40))
        black = {int(c): level for c, level in zip(camera.block.ravel(), camera.black, strict=True)}
        assert raw.black_level_per_channel == [black[c] for c in range(4)]
        left, top, _, _ = margins
        assert (raw.sizes.left_margin, raw.sizes.top_margin) == (left, top)


@pytest.mark.parametrize("margins", [(0, 0, 0, 0), (5, 3, 2, 1)], ids=["whole", "masked"])
def test_libraw_develops_a_mosaic_of_six_by_six(tmp_path: Path, margins: tuple[int, int, int, int]) -> None:
    camera = RawCamera(pattern=XTRANS, margins=margins, neutral=(0.5, 1.0, 0.625))
    truth = SensorTruth(width=520, height=514, camera=camera, **QUIET)
    with rawpy.imread(str(write_grey_card(tmp_path / "a.dng", truth))) as raw:
        assert raw.raw_image_visible.shape == (514, 520)
        assert np.array_equal(raw.raw_colors_visible, camera.channels(514, 520))
        seen = raw.postprocess(use_camera_wb=True, no_auto_bright=True, gamma=(1, 1), output_bps=16, user_flip=0)
    assert np.ptp(seen[20:-20, 20:-20].reshape(-1, 3).mean(axis=0)) < 0.005 * seen.mean()


@pytest.mark.parametrize("white", [4095, 16383, 65535])
def test_the_number_of_bits_is_that_of_white(tmp_path: Path, white: int) -> None:
    truth = SensorTruth(width=24, height=24, camera=RawCamera(white=white, black=(64,) * 4), hot=(HotSite(3, 2, 1e6),))
    (path,) = write_darks(tmp_path, truth)
    with rawpy.imread(str(path)) as raw:
        assert raw.white_level == white
        assert raw.raw_image_visible[2, 3] == white


@pytest.mark.parametrize(("orientation", "flip"), [(1, 0), (3, 3), (6, 6), (8, 5)])
def test_the_orientation_is_written(tmp_path: Path, orientation: int, flip: int) -> None:
    truth = SensorTruth(camera=RawCamera(orientation=orientation))
    with rawpy.imread(str(write_darks(tmp_path, truth)[0])) as raw:
        assert raw.sizes.flip == flip


CAMERA = RawCamera(make="SIMULATED maker", model="SIMULATED body", serial="4711")


def noted(tmp_path: Path) -> Path:
    return write_darks(tmp_path, SensorTruth(camera=CAMERA), exposure_s=1 / 60, iso=800)[0]


def test_readers_of_metadata_find_camera_and_exposure(tmp_path: Path) -> None:
    shot = read_shot(noted(tmp_path))
    assert shot == Shot(
        make="SIMULATED maker", model="SIMULATED body", serial="4711", iso=800, exposure_s=pytest.approx(1 / 60)
    )
    with rawpy.imread(str(tmp_path / "dark_00.dng")) as raw:
        assert raw.other.iso_speed == 800
        assert raw.other.shutter_speed == pytest.approx(1 / 60)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_nothing_wrong(tmp_path: Path) -> None:
    asked = ["exiftool", "-json", "-n", "-validate", "-warning", "-Make", "-SerialNumber", "-ISO", "-ExposureTime"]
    (told,) = json.loads(subprocess.run([*asked, str(noted(tmp_path))], check=True, capture_output=True).stdout)
    assert told["Validate"] == "0 0 0"
    assert (told["Make"], str(told["SerialNumber"]), told["ISO"]) == ("SIMULATED maker", "4711", 800)
    assert told["ExposureTime"] == pytest.approx(1 / 60, abs=1e-6)


@pytest.mark.skipif(shutil.which("dcraw") is None, reason="dcraw is not installed")
def test_dcraw_opens_it(tmp_path: Path) -> None:
    told = subprocess.run(
        ["dcraw", "-i", "-v", str(noted(tmp_path))], check=True, capture_output=True, text=True
    ).stdout
    assert "ISO speed: 800" in told
    assert "Shutter: 1/60.0 sec" in told
    assert "Filter pattern: RG/GB" in told


def test_what_is_not_known_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(dng_bytes(np.full((8, 8), 600, np.uint16), CAMERA, ShotNotes(exposure_s=2.0)))
    shot = read_shot(tmp_path / "a.dng")
    assert (shot.iso, shot.exposure_s) == (None, 2.0)
    assert read_shot(write_dng(tmp_path / "b.dng", np.zeros((8, 8, 3), np.float32))).serial == ""


# ------------------------------------------------------------------------- dark frames


def test_darks_tend_to_what_the_sensor_counts_unlit() -> None:
    truth = SensorTruth.random(
        60, 40, hot=20, dead=6, levels=(100, 2000), dark_current=30.0, glow=400.0, column_noise=20.0, seed=5
    )
    mean = np.mean([truth.dark(shot=n, exposure_s=2.0) for n in range(100)], axis=0)
    expected = truth.unlit(2.0)
    for x, y in truth.dead:
        assert mean[y, x] == 0
        expected[y, x] = 0
    assert np.abs(mean - expected).max() < 10.0  # sigma of the mean is 2 at most
    assert abs((mean - expected).mean()) < 0.1


def test_every_dark_has_noise_of_its_own_as_strong_as_asked_for() -> None:
    truth = SensorTruth(width=200, height=100, read_noise=5.0, electrons_per_count=2.0, dark_current=22.0)
    first, again, other = (truth.dark(shot=n, exposure_s=2.0).astype(float) for n in (0, 0, 1))
    assert np.array_equal(first, again)
    assert (first - other).std() == pytest.approx(np.sqrt(2 * (25 + 44 / 2)), rel=0.03)
    assert truth.dark(exposure_s=2.0, iso=400).std() == pytest.approx(np.sqrt(16 * (25 + 44 / 2)), rel=0.03)


def test_a_scene_has_not_the_noise_of_a_dark() -> None:
    truth = SensorTruth(width=200, height=100, electrons_per_count=0.0)
    dark, scene = truth.dark(), truth.scene(np.full((100, 200, 3), 0.1, np.float32))
    assert abs(np.corrcoef(dark[::2, ::2].ravel(), scene[::2, ::2].ravel())[0, 1]) < 0.05


def test_hot_photosites_grow_with_time_and_iso() -> None:
    truth = SensorTruth(width=4, height=2, hot=(HotSite(1, 0, 100.0, 50.0),), **QUIET)
    shots = [(1.0, 100), (3.0, 100), (1.0, 200)]
    assert [int(truth.dark(exposure_s=s, iso=iso)[0, 1]) - 512 for s, iso in shots] == [150, 250, 300]


def test_random_faults_are_all_at_places_of_their_own() -> None:
    truth = SensorTruth.random(30, 20, hot=100, dead=50, levels=(10, 1000), seed=2)
    assert len({*truth.dead, *((s.x, s.y) for s in truth.hot)}) == len(truth.defects()) == 150
    assert list(truth.defects()) == sorted(truth.defects(), key=lambda p: (p[1], p[0]))
    assert [truth.hot[0].level, truth.hot[-1].level] == pytest.approx([10, 1000])
    assert truth == SensorTruth.random(30, 20, hot=100, dead=50, levels=(10, 1000), seed=2)
    assert truth.hot != SensorTruth.random(30, 20, hot=100, dead=50, levels=(10, 1000), seed=3).hot


def test_the_glow_fades_from_its_corner() -> None:
    unlit = SensorTruth(width=100, height=60, glow=800.0).unlit(0.5) - 512
    assert unlit[-1, -1] == pytest.approx(400)
    assert unlit[0, 0] < 0.05 * 400
    assert (np.diff(unlit[-1]) > 0).all()


def test_a_body_that_takes_black_off_leaves_zeros(tmp_path: Path) -> None:
    truth = SensorTruth(width=80, height=60, subtracts_black=True, camera=RawCamera(black=(500, 520, 540, 560)))
    (path,) = write_darks(tmp_path, truth)
    with rawpy.imread(str(path)) as raw:
        assert raw.black_level_per_channel == [0] * 4
        assert raw.white_level == 16383 - 560
        assert 0.4 < (raw.raw_image_visible == 0).mean() < 0.6


# ------------------------------------------------------------------------- light


@pytest.mark.parametrize("black", [(512, 512, 512, 512), (480, 512, 1060, 544)], ids=["even", "by channel"])
@pytest.mark.parametrize("pattern", [*BAYER, XTRANS])
def test_a_grey_card_shows_the_lamp(pattern: str, black: tuple[int, int, int, int]) -> None:
    lamp = (0.7, 0.9, 0.45) if pattern == XTRANS else (0.7, 0.9, 0.45, 0.88)
    truth = SensorTruth(width=300, height=240, camera=RawCamera(pattern=pattern, black=black), lamp=lamp)
    means = channel_means(truth.grey_card(level=0.5).astype(float), truth.camera)
    assert [max(means) / mean for mean in means] == pytest.approx(truth.multipliers[: len(means)], rel=0.003)
    highest = black[0] if pattern == XTRANS else max(black)
    assert max(means) == pytest.approx(0.5 * (16383 - highest), rel=0.003)
    assert min(truth.multipliers) == 1


def test_an_uneven_card_is_brighter_on_the_right() -> None:
    truth = SensorTruth(width=200, height=20, **QUIET)
    counted = truth.grey_card(unevenness=0.2) - 512.0
    assert counted[:, -2:].mean() / counted[:, :2].mean() == pytest.approx(1.1 / 0.9, rel=0.01)


def test_a_flat_frame_shows_vignetting_and_dust(tmp_path: Path) -> None:
    truth = SensorTruth(width=200, height=120, vignetting=0.4, dust=5, seed=4, **QUIET)
    shading = truth.shading()
    with rawpy.imread(str(write_flat(tmp_path / "flat.dng", truth, level=0.6))) as raw:
        seen = raw.raw_image_visible - 512.0
    answers = np.array(truth.answers, np.float32)[truth.camera.channels(120, 200)]
    assert np.allclose(seen / answers, 0.6 * (16383 - 512) * shading, atol=2)
    assert shading[0, 0] == pytest.approx(0.6, abs=0.01)
    assert SensorTruth(width=200, height=120, vignetting=0.4).shading().min() > shading.min()


def test_a_scene_is_counted_as_the_plain_camera_counts_it(tmp_path: Path) -> None:
    light = np.random.default_rng(0).random((24, 30, 3), dtype=np.float32)
    before = light.copy()
    truth = SensorTruth(width=30, height=24, hot=(HotSite(4, 3, 700.0),), dead=((9, 9),), **QUIET)
    expected = truth.camera.mosaic(light)
    expected[9, 9] = 0
    with rawpy.imread(str(write_scene(tmp_path / "a.dng", truth, light))) as raw:
        seen = raw.raw_image_visible.copy()
    assert seen[3, 4] == pytest.approx(expected[3, 4] + 700.0, abs=1)
    seen[3, 4] = expected[3, 4]
    assert np.abs(seen.astype(int) - expected).max() <= 1
    assert np.array_equal(light, before)
    with pytest.raises(ValueError, match="24 x 30"):
        truth.scene(light[:10])


def test_an_odd_bayer_mosaic_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="even"):
        SensorTruth(width=5, height=4).dark()
