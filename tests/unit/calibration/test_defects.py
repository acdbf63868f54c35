"""Dead and hot photosites: those that are there, found exactly, by the rule as it is written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackcore.calibration.defects import DarkStatistics, Defects, locate_defects, measure_dark
from stackcore.testing.dng import XTRANS, RawCamera, tiled
from stackcore.testing.photosites import SensorTruth

BAYER = np.array([[0, 1], [3, 2]], np.uint8)


def sums_of(*mosaics: np.ndarray) -> np.ndarray:
    return np.sum(mosaics, axis=0, dtype=np.uint32)


def zeros_of(*mosaics: np.ndarray, pattern: np.ndarray = BAYER) -> tuple[float, ...]:
    filters = tiled(pattern, *mosaics[0].shape)
    return tuple(max(float(np.mean(m[filters == c] == 0)) for m in mosaics) for c in range(int(pattern.max()) + 1))


def found_in(*mosaics: np.ndarray, pattern: np.ndarray = BAYER, **options: object) -> tuple[DarkStatistics, Defects]:
    sums = sums_of(*mosaics)
    zeros = zeros_of(*mosaics, pattern=pattern)
    found = measure_dark(sums, len(mosaics), pattern, zeros=zeros, **options)  # type: ignore[arg-type]
    return found, locate_defects(sums, len(mosaics), pattern, found)


def by_the_letter(values: np.ndarray, factor: float = 10.0) -> tuple[list[tuple[float, float, int]], float]:
    """The article's rule in a few slow lines: (p, sigma, removed) of each pass, and from when on a photosite is hot."""
    left, passes = values[values > 0].astype(float), []
    while True:
        p, sigma = np.median(left), np.std(left)
        hotter = left > p + 3 * sigma
        passes.append((p, sigma, int(hotter.sum())))
        if not hotter.any():
            return passes, p + factor * sigma
        left = left[~hotter]


def noise(seed: int = 0, height: int = 128, width: int = 192) -> np.ndarray:
    counts = 512 + 6 * np.random.default_rng(seed).standard_normal((height, width))
    return np.rint(counts).astype(np.uint16)


@given(
    seed=st.integers(0, 10_000),
    hot=st.integers(0, 60),
    dead=st.integers(0, 5),
    shots=st.integers(1, 4),
)
def test_known_defects_are_found_and_no_others(seed: int, hot: int, dead: int, shots: int) -> None:
    truth = SensorTruth.random(96, 240, hot=hot, dead=dead, seed=seed, read_noise=4.0)
    _, defects = found_in(*[truth.dark(shot=shot) for shot in range(shots)])
    assert set(defects.hot) == {(site.x, site.y) for site in truth.hot}
    assert set(defects.dead) == set(truth.dead)


@given(seed=st.integers(0, 1000))
def test_every_pass_is_that_of_the_article(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dark = noise(seed, 64, 96)
    dark[rng.integers(0, 64, 40), rng.integers(0, 96, 40)] = rng.integers(0, 16383, 40)
    dark[5, 7] = 0
    found, _ = found_in(dark)
    for channel, population in enumerate(found.populations):
        expected, threshold = by_the_letter(dark[tiled(BAYER, 64, 96) == channel])
        told = [(i.median, i.sigma, i.removed) for i in population.iterations]
        np.testing.assert_allclose(told, expected, rtol=1e-9)
        assert population.threshold == pytest.approx(threshold)
        assert (population.median, population.sigma) == (told[-1][0], told[-1][1])
        for one, following in zip(population.iterations, population.iterations[1:], strict=False):
            assert following.photosites == one.photosites - one.removed
            assert one.threshold == pytest.approx(one.median + 3 * one.sigma)


def test_one_population_is_that_of_the_article_too() -> None:
    dark = noise()
    dark[3, 4] = 900
    found, defects = found_in(dark, overall=True)
    (population,) = found.populations
    expected, threshold = by_the_letter(dark)
    np.testing.assert_allclose([(i.median, i.sigma, i.removed) for i in population.iterations], expected, rtol=1e-9)
    assert population.threshold == pytest.approx(threshold)
    assert population.channel is None
    assert defects.hot == ((4, 3),)


def test_channels_with_a_black_of_their_own_hide_nothing() -> None:
    """In one population, the differences of black would count as noise."""
    dark = noise()
    dark[1::2, 1::2] += 300
    dark[10, 12] = 512 + 150
    assert found_in(dark)[1].hot == ((12, 10),)
    assert found_in(dark, overall=True)[1].hot == ()


def test_dead_ones_leave_before_anything_is_measured() -> None:
    dark = noise(height=256, width=256)
    dead = [(int(x), int(y)) for x, y in np.random.default_rng(1).integers(0, 256, (12, 2))]
    with_dead = dark.copy()
    for x, y in dead:
        with_dead[y, x] = 0
    found, defects = found_in(with_dead)
    assert set(defects.dead) == set(dead)
    for population in found.populations:
        assert population.iterations[0].sigma == pytest.approx(6.0, abs=0.2)  # with zeros in it, 20
        assert population.photosites == 256 * 256 / 4
        assert population.iterations[0].photosites == population.photosites - population.dead


@pytest.mark.parametrize(("zeros", "tested"), [(9, True), (11, False)])
def test_zeros_over_a_thousandth_of_a_channel_mean_nothing(zeros: int, tested: bool) -> None:
    dark = noise(height=200, width=200)  # 10,000 photosites a channel
    dark[1 : 1 + 2 * zeros : 2, 0] = 0  # all in the channel 3
    dark[0, 0] = 0  # a single one in the channel 0
    found, defects = found_in(dark)
    assert found.dead_test is tested
    assert len(defects.dead) == (zeros + 1 if tested else 0)
    assert found.zeros[3] == pytest.approx(zeros / 10_000)
    assert sum(p.dead for p in found.populations) == len(defects.dead)


@pytest.mark.parametrize("shots", [1, 3, 12])
def test_a_body_that_subtracts_black_has_no_dead_and_the_same_hot(shots: int) -> None:
    truth = SensorTruth.random(192, 128, hot=20, dead=0, levels=(60, 4000), subtracts_black=True, seed=2)
    found, defects = found_in(*[truth.dark(shot=shot) for shot in range(shots)])
    for population in found.populations:
        assert shots > 1 or population.sigma == pytest.approx(4.0, abs=0.15)  # what the sensor's noise really is
    assert not found.dead_test
    assert defects.dead == ()
    assert set(defects.hot) == {(site.x, site.y) for site in truth.hot}


@given(order=st.permutations(range(4)))
def test_the_order_of_darks_makes_no_difference(order: list[int]) -> None:
    truth = SensorTruth.random(64, 48, hot=10, dead=1, seed=5)
    darks = [truth.dark(shot=shot) for shot in range(4)]
    assert found_in(*[darks[i] for i in order]) == found_in(*darks)


def test_the_mean_decides_not_a_single_frame() -> None:
    first, second, third = noise(1), noise(2), noise(3)
    first[10, 10] = 512 + 90  # a cosmic ray: 15 sigma of one frame, 8.7 of the mean of three
    for dark in (first, second, third):
        dark[20, 20] = 512 + 45  # 7.5 sigma in each, 13 of the mean
    assert found_in(first)[1].hot == ((10, 10),)
    assert found_in(first, second, third)[1].hot == ((20, 20),)


@pytest.mark.parametrize(("factor", "hot"), [(5.5, 2), (10.0, 1), (40.0, 0)])
def test_the_factor_decides_what_is_hot(factor: float, hot: int) -> None:
    dark = noise()
    dark[4, 4], dark[6, 6] = 512 + 48, 512 + 120
    found, defects = found_in(dark, sigma_factor=factor)
    assert len(defects.hot) == hot == sum(p.hot for p in found.populations)
    for population in found.populations:
        assert population.threshold == pytest.approx(population.median + factor * population.sigma)


def test_noise_alone_has_no_hot_ones_at_five_and_a_half_sigma() -> None:
    assert found_in(noise(height=1000, width=1000), sigma_factor=5.5)[1].hot == ()


def test_clipping_goes_on_until_nothing_leaves() -> None:
    """Each pass uncovers the next outlier; a fixed number of passes would stop early."""
    dark = np.full((20, 20), 512, np.uint16)
    dark[::4, ::2] += 1  # hardly any noise: a sixteenth of the photosites differs
    steps = [12 * 4**number for number in range(6)]
    for number, step in enumerate(steps):
        dark[2 * number, 0] = 512 + step
    found, defects = found_in(dark)
    passes = found.populations[0].iterations
    assert [one.removed for one in passes] == [1, 1, 1, 1, 1, 1, 0]
    assert len(defects.hot) == 6


def test_xtrans_has_three_channels_and_its_own_places() -> None:
    camera = RawCamera(pattern=XTRANS)
    truth = SensorTruth.random(96, 96, hot=25, dead=3, camera=camera, seed=4)
    found, defects = found_in(truth.dark(), pattern=camera.block)
    assert [p.channel for p in found.populations] == [0, 1, 2]
    assert [p.photosites for p in found.populations] == [96 * 96 * share // 36 for share in (8, 20, 8)]
    assert set(defects.hot) == {(site.x, site.y) for site in truth.hot}
    assert set(defects.dead) == set(truth.dead)


def test_lists_are_sorted_by_rows() -> None:
    _, defects = found_in(SensorTruth.random(96, 64, hot=20, seed=1).dark())
    assert list(defects.hot) == sorted(defects.hot, key=lambda place: (place[1], place[0]))


def test_a_frame_without_any_noise() -> None:
    dark = np.full((32, 32), 512, np.uint16)
    dark[3, 5] = 600
    found, defects = found_in(dark)
    assert defects.hot == ((5, 3),)
    assert {p.sigma for p in found.populations} == {0.0}


def test_a_frame_of_zeros() -> None:
    found, defects = found_in(np.zeros((32, 32), np.uint16))
    assert (defects.hot, defects.dead, found.dead_test) == ((), (), False)
    assert found.hot_share == 0
