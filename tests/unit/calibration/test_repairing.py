"""Defects filled in from sound photosites of their colour: better than a mean, and never from another defect."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stackcore.calibration.repairing import Repair
from stackcore.errors import FrameMismatch
from stackcore.testing.scene import Scene

BAYER = {
    "rggb": ((0, 1), (3, 2)),
    "bggr": ((2, 3), (1, 0)),
    "grbg": ((1, 0), (2, 3)),
    "gbrg": ((3, 2), (0, 1)),
}
XTRANS = (
    (1, 1, 0, 1, 1, 2),
    (1, 1, 2, 1, 1, 0),
    (2, 0, 1, 0, 2, 1),
    (1, 1, 2, 1, 1, 0),
    (1, 1, 0, 1, 1, 2),
    (0, 2, 1, 2, 0, 1),
)
PATTERNS = {**BAYER, "xtrans": XTRANS}
HEIGHT, WIDTH = 240, 360
BLACK = (500, 520, 540, 560)
HOT = 16383


def pattern_of(name: str) -> np.ndarray:
    return np.array(PATTERNS[name], np.uint8)


def colours_of(name: str) -> str:
    return "RGB" if name == "xtrans" else "RGBG"


def channels(pattern: np.ndarray, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    h, w = pattern.shape
    return np.tile(pattern, (-(-shape[0] // h), -(-shape[1] // w)))[: shape[0], : shape[1]]


def photograph(light: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """Counts of a sensor without noise: red sees half the light, blue two thirds, each channel has its own black."""
    channel = channels(pattern, light.shape[:2])
    answer = light * np.float32([0.5, 1.0, 0.66])
    level = np.take_along_axis(answer, np.array([0, 1, 2, 1])[channel][..., None], axis=2)[..., 0]
    return np.rint(np.array(BLACK)[channel] + 12_000 * level).astype(np.uint16)


def lettering() -> np.ndarray:
    rng = np.random.default_rng(3)
    page = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for _ in range(40):
        place = (int(rng.integers(-50, WIDTH)), int(rng.integers(0, HEIGHT)))
        tint = tuple(int(v) for v in rng.integers(80, 255, 3))
        cv2.putText(page, "macro", place, cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.4, 1.5)), tint, 2, cv2.LINE_AA)
    return cv2.GaussianBlur(page, (0, 0), 0.7).astype(np.float32) / 255


def rings() -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    wave = 0.5 + 0.45 * np.sin(((x - 180) ** 2 + (y - 120) ** 2) / 500)
    return np.stack([wave, wave * 0.8, wave * 0.9], axis=2).astype(np.float32)


def beetle() -> np.ndarray:
    return Scene.build(WIDTH, HEIGHT, seed=4).sharp()


def places(seed: int, count: int) -> list[tuple[int, int]]:
    rng = np.random.default_rng(seed)
    chosen = rng.choice(WIDTH * HEIGHT, count, replace=False)
    return [(int(p % WIDTH), int(p // WIDTH)) for p in chosen]


def spoilt(clean: np.ndarray, defects: list[tuple[int, int]]) -> np.ndarray:
    out = clean.copy()
    for number, (x, y) in enumerate(defects):
        out[y, x] = HOT if number % 2 else 0
    return out


def repaired(values: np.ndarray, defects: list[tuple[int, int]], name: str) -> np.ndarray:
    out = values.copy()
    Repair(defects, pattern_of(name), colours_of(name), values.shape).apply(out, BLACK)
    return out


def plain_mean(values: np.ndarray, defects: list[tuple[int, int]], name: str) -> np.ndarray:
    """What dcraw does: the mean of the sound photosites of the channel within two pixels (three for X-Trans)."""
    channel, bad, out = channels(pattern_of(name)), np.zeros(values.shape, np.bool_), values.copy()
    radius = 3 if name == "xtrans" else 2
    for x, y in defects:
        bad[y, x] = True
    for x, y in defects:
        near = np.s_[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
        fit = (channel[near] == channel[y, x]) & ~bad[near]
        out[y, x] = round(float(values[near][fit].mean()))
    return out


def residual(got: np.ndarray, clean: np.ndarray, defects: list[tuple[int, int]]) -> float:
    x, y = np.array(defects).T
    return float(np.sqrt(np.mean((got[y, x].astype(float) - clean[y, x]) ** 2)))


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize(
    ("scene", "share"), [(beetle, 0.9), (rings, 0.45), (lettering, 0.75)], ids=["beetle", "rings", "lettering"]
)
def test_the_residual_is_smaller_than_that_of_a_mean(name: str, scene: object, share: float) -> None:
    clean, defects = photograph(scene(), pattern_of(name)), places(1, 1500)
    seen = spoilt(clean, defects)
    ours = residual(repaired(seen, defects, name), clean, defects)
    mean = residual(plain_mean(seen, defects, name), clean, defects)
    assert ours < share * mean
    assert ours < 0.1 * residual(seen, clean, defects)


def test_fine_detail_that_all_colours_share_is_nearly_restored() -> None:
    """The colour between two neighbours tells how the line bends."""
    clean, defects = photograph(rings(), pattern_of("rggb")), places(1, 1500)
    seen = spoilt(clean, defects)
    mean = residual(plain_mean(seen, defects, "rggb"), clean, defects)
    assert residual(repaired(seen, defects, "rggb"), clean, defects) < 0.18 * mean


def test_colours_that_have_nothing_to_do_with_each_other_are_no_worse_than_with_a_mean() -> None:
    coarse = np.random.default_rng(0).random((HEIGHT // 8, WIDTH // 8, 3), dtype=np.float32)
    scene = np.clip(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), 0, 1) * 0.8 + 0.1
    clean, defects = photograph(scene.astype(np.float32), pattern_of("rggb")), places(1, 1500)
    seen = spoilt(clean, defects)
    mean = residual(plain_mean(seen, defects, "rggb"), clean, defects)
    assert residual(repaired(seen, defects, "rggb"), clean, defects) < 0.85 * mean


@pytest.mark.parametrize("name", PATTERNS)
def test_even_light_comes_back_exactly_whatever_the_black_of_the_channels(name: str) -> None:
    clean, defects = photograph(np.full((HEIGHT, WIDTH, 3), 0.37, np.float32), pattern_of(name)), places(2, 900)
    np.testing.assert_array_equal(repaired(spoilt(clean, defects), defects, name), clean)


@pytest.mark.parametrize("name", PATTERNS)
def test_sound_photosites_are_left_alone(name: str) -> None:
    clean, defects = photograph(beetle(), pattern_of(name)), places(3, 500)
    x, y = np.array(defects).T
    got = repaired(spoilt(clean, defects), defects, name)
    got[y, x] = clean[y, x]
    np.testing.assert_array_equal(got, clean)


CLUSTERS = {
    "corners": [(0, 0), (WIDTH - 1, 0), (0, HEIGHT - 1), (WIDTH - 1, HEIGHT - 1)],
    "borders": [(x, y) for x in range(40, 60) for y in (0, 1, HEIGHT - 1)] + [(0, y) for y in range(30, 50)],
    "a pair of one colour": [(100, 100), (102, 100), (100, 102)],
    "a block of 9x9": [(x, y) for x in range(50, 59) for y in range(70, 79)],
    "a block of 40x40": [(x, y) for x in range(100, 140) for y in range(100, 140)],
    "a column": [(77, y) for y in range(HEIGHT)],
    "two rows": [(x, y) for x in range(WIDTH) for y in (31, 32)],
    "a block in the corner": [(x, y) for x in range(25) for y in range(25)],
}


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("defects", CLUSTERS.values(), ids=CLUSTERS)
def test_nothing_is_filled_in_from_another_defect(name: str, defects: list[tuple[int, int]]) -> None:
    """Whatever the defects count, the picture is the same, and lies between the numbers of the sound ones."""
    clean = photograph(np.full((HEIGHT, WIDTH, 3), 0.5, np.float32), pattern_of(name))
    np.testing.assert_array_equal(repaired(spoilt(clean, defects), defects, name), clean)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_column_on_a_slope_is_filled_in_to_within_a_part_in_a_hundred(name: str) -> None:
    slope = np.repeat(np.linspace(0.2, 0.8, WIDTH, dtype=np.float32)[None, :, None], HEIGHT, axis=0)
    clean = photograph(np.repeat(slope, 3, axis=2), pattern_of(name))
    defects = CLUSTERS["a column"]
    got = repaired(spoilt(clean, defects), defects, name)
    np.testing.assert_allclose(got[:, 77], clean[:, 77], rtol=0.01)


def test_a_stripe_is_followed_along_its_direction() -> None:
    """Only one direction is right; the mean of all eight neighbours would be grey."""
    for direction in ((0, 1), (1, 0), (1, 1), (1, -1)):
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        across = y * direction[1] - x * direction[0]
        stripes = np.where((across // 2) % 3 == 0, 0.8, 0.1).astype(np.float32)
        clean = photograph(np.repeat(stripes[..., None], 3, axis=2), pattern_of("rggb"))
        defects = [(x, y) for x, y in places(5, 300) if 8 <= x < WIDTH - 8 and 8 <= y < HEIGHT - 8]
        got = repaired(spoilt(clean, defects), defects, "rggb")
        assert residual(got, clean, defects) < 0.1 * residual(
            plain_mean(spoilt(clean, defects), defects, "rggb"), clean, defects
        )


def test_each_green_is_used_above_its_own_black() -> None:
    """The second green has 200 counts more of black: taken as they are, they would show as a bright dot."""
    black = (500, 500, 500, 700)
    pattern = pattern_of("rggb")
    clean = (np.array(black)[channels(pattern)] + 1000).astype(np.uint16)
    defects = [(x, y) for x, y in places(6, 400) if channels(pattern)[y, x] in (1, 3)]
    out = spoilt(clean, defects)
    Repair(defects, pattern, "RGBG", clean.shape).apply(out, black)
    np.testing.assert_array_equal(out, clean)


def test_a_sensor_without_colours_is_repaired_too() -> None:
    clean = np.tile(np.arange(1000, 1000 + 4 * WIDTH, 4, dtype=np.uint16), (HEIGHT, 1))
    defects = places(7, 300)
    out = spoilt(clean, defects)
    Repair(defects, np.zeros((1, 1), np.uint8), "R", clean.shape).apply(out, (0,))
    inner = [(x, y) for x, y in defects if 3 < x < WIDTH - 4]
    assert residual(out, clean, inner) < 3


def test_what_has_no_sound_photosite_at_all_keeps_its_number() -> None:
    values = np.arange(16, dtype=np.uint16).reshape(4, 4)
    out = values.copy()
    Repair([(x, y) for x in range(4) for y in range(4)], pattern_of("rggb"), "RGBG", (4, 4)).apply(out, (0,) * 4)
    np.testing.assert_array_equal(out, values)


def test_a_defect_named_twice_counts_once_and_none_at_all_is_fine() -> None:
    clean = photograph(beetle(), pattern_of("rggb"))
    seen = spoilt(clean, [(50, 60)])
    np.testing.assert_array_equal(repaired(seen, [(50, 60), (50, 60)], "rggb"), repaired(seen, [(50, 60)], "rggb"))
    np.testing.assert_array_equal(repaired(seen, [], "rggb"), seen)


@pytest.mark.parametrize("place", [(-1, 0), (0, -1), (WIDTH, 0), (0, HEIGHT)])
def test_a_defect_outside_the_sensor_is_refused(place: tuple[int, int]) -> None:
    with pytest.raises(FrameMismatch, match=rf"\[{place[0]}, {place[1]}\] lies outside the {WIDTH}x{HEIGHT}"):
        Repair([place], pattern_of("rggb"), "RGBG", (HEIGHT, WIDTH))
