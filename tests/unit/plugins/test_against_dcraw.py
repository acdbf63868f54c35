"""The same raw files through dcraw: to the last bits where the method is the same, and where it is not, how it differs.

dcraw is the program of the published workflow, and what LibRaw grew from. Skipped where it is not installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from stackcore.calibration.grey_world import grey_world
from stackcore.colour.spaces import SPACES
from stackcore.protocols import Correction, Development
from stackcore.testing.dng import RawCamera, write_dng
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_darks, write_grey_card, write_scene
from stackcore.testing.scene import Scene
from stackcore_plugins.developer_libraw.developer import LibRawDeveloper
from stackcore_plugins.developer_libraw.plugin import LibRawOptions

DCRAW = shutil.which("dcraw")
pytestmark = pytest.mark.skipif(DCRAW is None, reason="dcraw is not installed")

WIDTH, HEIGHT = 192, 128
MULTIPLIERS = (2.0, 1.0, 1.6, 1.0)
BLACK = (500, 520, 540, 560)
QUALITY = {"linear": 0, "vng": 1, "ppg": 2, "ahd": 3}


def dcraw(path: Path, *flags: object) -> tuple[np.ndarray, str]:
    """Picture (H, W, 3) uint16 and what it says."""
    done = subprocess.run([str(DCRAW), "-v", "-c", "-T", *map(str, flags), str(path)], capture_output=True, check=True)
    picture = path.parent / "dcraw.tiff"
    picture.write_bytes(done.stdout)
    return tifffile.imread(picture), done.stderr.decode()


def ours(path: Path, development: Development, demosaic: str = "linear") -> np.ndarray:
    developer = LibRawDeveloper(LibRawOptions(demosaic=demosaic))
    developer.prepare(path, development)
    return developer.read(path).pixels


def linear(**rest: object) -> Development:
    return Development(encoding="linear", **{"white_balance": MULTIPLIERS, **rest})


def textured(seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).random((HEIGHT // 8, WIDTH // 8, 3), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), 0, 1) * 0.55 + 0.05


def balance(*multipliers: float) -> tuple[object, ...]:
    return ("-r", *multipliers)


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(one.astype(np.int64) - other)


# ------------------------------------------------------------------ development


@pytest.mark.parametrize("demosaic", ["linear", "vng", "ppg"])
@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_developed_pixels_agree_to_the_last_bit_but_one(tmp_path: Path, pattern: str, demosaic: str) -> None:
    path = write_dng(tmp_path / "a.dng", textured(), RawCamera(pattern=pattern, margins=(4, 2, 6, 8)))
    theirs, _ = dcraw(path, "-4", "-q", QUALITY[demosaic], *balance(*MULTIPLIERS), "-o", 1)
    assert difference(ours(path, linear(), demosaic), theirs).max() <= 1


def test_ahd_agrees_but_for_a_few_pixels_whose_direction_is_a_toss_up(tmp_path: Path) -> None:
    """It chooses by a threshold on distances of colour, which LibRaw computes in another order of rounding."""
    path = write_dng(tmp_path / "a.dng", textured(), RawCamera())
    theirs, _ = dcraw(path, "-4", "-q", 3, *balance(*MULTIPLIERS))
    apart = difference(ours(path, linear(), "ahd"), theirs).max(axis=2)
    assert (apart > 1).mean() < 0.01
    assert apart.mean() < 2
    assert apart.max() < 1500


def test_black_by_channel_differs_in_scale_alone(tmp_path: Path) -> None:
    """dcraw counts white from the lowest black, so that channels with more black never quite reach white."""
    path = write_dng(tmp_path / "a.dng", textured(), RawCamera(black=BLACK))
    white = 16383 - max(BLACK) + min(BLACK)
    theirs, _ = dcraw(path, "-4", "-q", 0, "-S", white, *balance(*MULTIPLIERS))
    assert difference(ours(path, linear()), theirs).max() <= 1


@pytest.mark.parametrize(("number", "space"), [(1, "srgb"), (2, "adobe-rgb"), (4, "prophoto"), (5, "xyz")])
def test_colour_spaces_agree(tmp_path: Path, number: int, space: str) -> None:
    path = write_dng(tmp_path / "a.dng", textured() * np.float32(0.8))
    theirs, _ = dcraw(path, "-4", "-q", 0, *balance(*MULTIPLIERS), "-o", number)
    scaled = ours(path, linear(colour_space=space)) * SPACES[space].peak
    assert np.abs(scaled - theirs).max() <= 6


@pytest.mark.parametrize(("number", "mode"), [(0, "clip"), (1, "unclipped"), (2, "blend"), (5, "reconstruct")])
def test_highlights_agree(tmp_path: Path, number: int, mode: str) -> None:
    scene = textured()
    scene[40:80, 60:120] *= 3
    path = write_dng(tmp_path / "a.dng", scene)
    theirs, _ = dcraw(path, "-4", "-q", 0, *balance(*MULTIPLIERS), "-H", number)
    assert difference(ours(path, linear(highlights=mode)), theirs).max() <= 1


@pytest.mark.parametrize("stops", [-1.0, 0.0, 0.5, 1.0])
def test_exposure_and_the_curve_of_srgb_agree(tmp_path: Path, stops: float) -> None:
    path = write_dng(tmp_path / "a.dng", textured())
    theirs, _ = dcraw(path, "-6", "-W", "-g", 2.4, 12.92, "-q", 0, *balance(*MULTIPLIERS), "-b", 2**stops)
    development = Development(white_balance=MULTIPLIERS, exposure_ev=stops)
    assert difference(ours(path, development), theirs).max() <= 8


# ------------------------------------------------------------------ white balance


@pytest.mark.parametrize(("flags", "rule"), [(["-w"], "camera"), ([], "daylight")])
def test_the_white_balance_of_the_file_agrees(tmp_path: Path, flags: list[str], rule: str) -> None:
    path = write_dng(tmp_path / "a.dng", textured())
    theirs, _ = dcraw(path, "-4", "-q", 0, *flags)
    assert difference(ours(path, linear(white_balance=rule)), theirs).max() <= 5


def said_multipliers(text: str) -> np.ndarray:
    found = re.search(r"multipliers ([\d. ]+)", text)
    assert found is not None
    return np.array([float(word) for word in found[1].split()])


def test_multipliers_of_a_grey_card_agree_within_a_hundredth(tmp_path: Path) -> None:
    """`-A` over the central 0.3 of the frame, as the workflow does it."""
    truth = SensorTruth(width=WIDTH, height=HEIGHT, lamp=(0.35, 1.0, 0.75, 0.97), camera=RawCamera(black=(512,) * 4))
    path = write_grey_card(tmp_path / "card.dng", truth, level=0.5)
    box = (round(WIDTH * 0.35), round(HEIGHT * 0.35), round(WIDTH * 0.3), round(HEIGHT * 0.3))
    _, text = dcraw(path, "-4", "-q", 0, "-A", *box)
    theirs = said_multipliers(text)
    found = np.array(grey_world(LibRawDeveloper(LibRawOptions()).mosaic(path), "card.dng"))
    np.testing.assert_allclose(found, theirs / theirs.min(), rtol=0.01)
    np.testing.assert_allclose(found, truth.multipliers, rtol=0.005)


# ------------------------------------------------------------------ correction

FAULTY: dict[str, object] = {"read_noise": 0.0, "electrons_per_count": 0.0}


def test_the_mosaic_is_that_of_document_mode(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", textured(), RawCamera(margins=(4, 2, 6, 8), orientation=6))
    theirs, _ = dcraw(path, "-D", "-4", "-j", "-t", 0)
    np.testing.assert_array_equal(LibRawDeveloper(LibRawOptions()).mosaic(path).values, theirs)


def both_repaired(folder: Path, truth: SensorTruth, scene: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A scene developed here and by dcraw, which reads the defects from a file, as x, y and time of death."""
    listed = folder / "bad.txt"
    listed.write_text("".join(f"{x} {y} 0\n" for x, y in truth.defects()))
    path = write_scene(folder / "a.dng", truth, scene)
    theirs, _ = dcraw(path, "-4", "-q", 0, *balance(*MULTIPLIERS), "-P", listed)
    return ours(path, linear(correction=Correction(defects=truth.defects()))), theirs


def test_bad_pixels_on_their_own_agree_on_even_light(tmp_path: Path) -> None:
    alone = tuple((x + (y // 9) % 4, y) for y in range(5, HEIGHT - 5, 9) for x in range(5, WIDTH - 9, 11))
    truth = SensorTruth(width=WIDTH, height=HEIGHT, dead=alone, **FAULTY)
    mine, theirs = both_repaired(tmp_path, truth, np.full((HEIGHT, WIDTH, 3), 0.4, np.float32))
    assert difference(mine, theirs).max() <= 1
    assert np.ptp(mine, axis=(0, 1)).max() <= 1


def test_bad_pixels_in_a_picture_are_filled_in_better(tmp_path: Path) -> None:
    """dcraw takes the mean of the neighbours, those that are bad themselves among them."""
    truth = SensorTruth.random(WIDTH, HEIGHT, hot=80, dead=40, seed=5, **FAULTY)
    scene = Scene.build(WIDTH, HEIGHT, seed=4).sharp()
    mine, theirs = both_repaired(tmp_path, truth, scene)
    far = np.ones((HEIGHT, WIDTH), np.bool_)
    for x, y in truth.defects():
        far[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = False
    assert difference(mine, theirs)[far].max() <= 1
    sound = SensorTruth(width=WIDTH, height=HEIGHT, **FAULTY)
    clean = ours(write_scene(tmp_path / "clean.dng", sound, scene), linear()).astype(np.int64)
    assert np.std(mine - clean) < 0.85 * np.std(theirs - clean)


def test_a_dark_frame_agrees_in_the_light(tmp_path: Path) -> None:
    """`-K` with a dark made as the manual says.

    dcraw takes black for part of the dark, and white still from zero: the picture is darker by white / (white -
    black), which `-S` makes good.
    """
    truth = SensorTruth(width=WIDTH, height=HEIGHT, glow=3000.0, column_noise=12.0, dark_current=20.0, **FAULTY)
    dark = write_darks(tmp_path, truth, 1)[0]
    made = subprocess.run([str(DCRAW), "-D", "-4", "-j", "-t", "0", str(dark)], check=False)
    assert made.returncode == 0
    path = write_scene(tmp_path / "a.dng", truth, textured())
    white = 16383 - 512
    theirs, _ = dcraw(path, "-4", "-q", 0, *balance(*MULTIPLIERS), "-K", dark.with_suffix(".pgm"), "-S", white)
    counted = LibRawDeveloper(LibRawOptions()).mosaic(dark).values.astype(np.float32)
    mine = ours(path, linear(correction=Correction(dark=counted)))
    assert difference(mine, theirs).max() <= 1


def test_a_dark_frame_keeps_the_mean_of_noise_where_dcraw_clips_it(tmp_path: Path) -> None:
    """In shadows dcraw cuts what noise takes below the dark, and they come out too bright; here LibRaw alone cuts."""
    truth = SensorTruth(width=WIDTH, height=HEIGHT, read_noise=30.0, electrons_per_count=0.0, glow=500.0)
    dark = truth.unlit().astype(np.float32)
    path = write_scene(tmp_path / "a.dng", truth, np.full((HEIGHT, WIDTH, 3), 0.001, np.float32))
    developer = LibRawDeveloper(LibRawOptions())
    counts = developer.mosaic(path)
    from stackcore.calibration.correcting import corrected

    got = corrected(counts, Correction(dark=dark)) - 512.0
    sound = SensorTruth(width=WIDTH, height=HEIGHT, **FAULTY).scene(np.full((HEIGHT, WIDTH, 3), 0.001, np.float32))
    assert got.mean() == pytest.approx((sound - 512.0).mean(), abs=1.0)
    assert np.maximum(counts.values - dark, 0).mean() > (sound - 512.0).mean() + 2
