"""What fusers are built from, piece by piece."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stackcore.fusing.coverage import numbers, shrink
from stackcore.fusing.energy import box_width, cell_energy, detail_energy, finest_energy, noise_energy, noise_floor
from stackcore.fusing.halving import descend, half
from stackcore.fusing.logarithms import joint_score, log_score
from stackcore.fusing.pyramid import collapse, detail_of, down, render, shapes, up
from stackcore.fusing.short_floats import as_floats, as_short
from stackcore.fusing.sixteen_bits import to_sixteen_bits
from stackcore.fusing.softmean import UNCOVERED, SoftMean
from stackcore.terms import Frame, StackInfo

RNG = np.random.default_rng(3)


def picture(height: int, width: int, *more: int) -> np.ndarray:
    return RNG.random((height, width, *more), dtype=np.float32)


def test_a_soft_mean_is_the_mean_weighted_by_exp_of_the_scores() -> None:
    means, scores = [picture(4, 5, 3) for _ in range(3)], [8 * picture(4, 5) for _ in range(3)]
    running = SoftMean.empty(4, 5)
    for mean, score in zip(means, scores, strict=True):
        running.absorb(mean, score)
    weights = np.exp(np.array(scores, np.float64))
    expected = (weights[..., None] * np.array(means)).sum(0) / weights.sum(0)[..., None]
    np.testing.assert_allclose(running.mean, expected, atol=1e-6)
    np.testing.assert_allclose(running.score, np.log(weights.sum(0)), atol=1e-5)


def test_scores_of_any_size_neither_overflow_nor_divide_by_nothing() -> None:
    running = SoftMean.empty(1, 2)
    running.absorb(np.full((1, 2, 3), 0.25, np.float32), np.array([[UNCOVERED, -500]], np.float32))
    running.absorb(np.full((1, 2, 3), 0.75, np.float32), np.array([[-800, 500]], np.float32))
    np.testing.assert_array_equal(running.mean, np.full((1, 2, 3), 0.75, np.float32))


def test_what_no_frame_covers_is_the_mean_of_all_in_any_order() -> None:
    values = np.linspace(0.1, 0.9, 40, dtype=np.float32)
    found = []
    for order in (values, values[::-1], np.random.default_rng(1).permutation(values)):
        running = SoftMean.empty(1, 1)
        for value in order:
            running.absorb(np.full((1, 1, 3), value, np.float32), np.array([[UNCOVERED]], np.float32))
        found.append(running.mean[0, 0, 0])
    assert found == pytest.approx([0.5] * 3, abs=1e-3)
    running.absorb(np.zeros((1, 1, 3), np.float32), np.array([[120 * np.log(1e-9)]], np.float32))  # the worst there is
    assert running.mean[0, 0, 0] == 0


def test_absorbing_into_rows_changes_those_rows_alone_and_no_argument() -> None:
    running, mean, score = SoftMean.empty(6, 4), picture(2, 4, 3), picture(2, 4)
    before = mean.copy(), score.copy()
    running.rows(2, 4).absorb(mean, score)
    np.testing.assert_array_equal(running.mean[2:4], mean)
    assert not running.mean[[0, 1, 4, 5]].any()
    np.testing.assert_array_equal(mean, before[0])
    np.testing.assert_array_equal(score, before[1])


@pytest.mark.parametrize("size", [(64, 96), (33, 17), (5, 7), (150, 41)])
@pytest.mark.parametrize("fine", [0, 1, 2])
def test_a_pyramid_collapses_to_the_picture_it_was_made_of(size: tuple[int, int], fine: int) -> None:
    gauss, details = picture(*size, 3), []
    original = gauss
    for _ in shapes(*size, 5)[1:]:
        below = down(gauss)
        details.append(detail_of(gauss, below))
        gauss = below
    np.testing.assert_allclose(collapse(details, gauss), original, atol=2e-6)
    coarse = collapse(details[fine:], gauss)
    info = StackInfo(width=size[1], height=size[0], frames=1, reference=0, dtype="float32")
    np.testing.assert_allclose(render(details[:fine], coarse, info), original, atol=2e-6)
    whole = render(details[:fine], coarse, replace(info, dtype="uint8"))
    assert whole.dtype == np.uint16
    assert np.abs(whole / 65535 - original).max() <= 1 / 65535


def test_levels_have_the_sizes_of_the_filter() -> None:
    sizes = shapes(301, 90, 12)
    gauss = picture(301, 90)
    for size in sizes:
        assert gauss.shape == size
        gauss = down(gauss)
    assert min(sizes[-1]) >= 16
    assert len(shapes(301, 90, 2)) == 2


@pytest.mark.parametrize("window_px", [1, 5, 9, 33])
def test_energy_is_the_mean_square_in_a_triangular_window(window_px: int) -> None:
    point = np.zeros((101, 101), np.float32)
    point[50, 50] = 3
    box = box_width(window_px)
    energy = detail_energy(point, np.zeros((51, 51), np.float32), box)
    triangle = np.convolve(np.full(box, 1 / box), np.full(box, 1 / box))
    middle = slice(50 - box + 1, 50 + box)
    np.testing.assert_allclose(energy[middle, middle], 9 * np.outer(triangle, triangle), rtol=1e-5, atol=1e-8)
    assert energy.sum() == pytest.approx(9, rel=1e-5)


def test_noise_alone_has_the_energy_foretold() -> None:
    gauss = 0.02 * np.random.default_rng(8).standard_normal((512, 512), dtype=np.float32)
    for level in range(3):
        below = down(gauss)
        mean = float(detail_energy(gauss, below, 5).mean())
        assert mean == pytest.approx(0.02**2 * noise_energy(level), rel=0.06)
        assert noise_floor(0.02, level, 2.0) == pytest.approx(2 * mean, rel=0.06)
        gauss = below


@pytest.mark.parametrize("size", [(70, 200), (33, 129), (7, 5), (2, 3), (1, 7), (9, 2), (1, 1)])
def test_energy_of_any_size_is_that_of_the_detail(size: tuple[int, int]) -> None:
    gauss = picture(*size)
    below = down(gauss)
    square = detail_of(gauss, below) ** 2
    padded = np.pad(square, 4, "symmetric")
    window = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1]) / 25
    expected = sum(
        window[i] * window[j] * padded[i : i + size[0], j : j + size[1]].astype(np.float64)
        for i in range(9)
        for j in range(9)
    )
    np.testing.assert_allclose(detail_energy(gauss, below, 5), expected, rtol=1e-4, atol=1e-8)
    both = gauss + up(below, size) / 2
    assert finest_energy(gauss, below) is gauss
    np.testing.assert_allclose(gauss, both, rtol=1e-5)


@pytest.mark.parametrize("size", [(70, 200), (33, 129), (7, 5), (2, 3), (1, 7), (9, 2), (1, 1)])
def test_energy_of_cells_is_that_of_the_detail_seen_at_every_other_pixel(size: tuple[int, int]) -> None:
    gauss = picture(*size)
    square = np.pad(detail_of(gauss, down(gauss)) ** 2, [(0, side % 2) for side in size], "edge").astype(np.float64)
    cells = square.reshape(-(-size[0] // 2), 2, -(-size[1] // 2), 2).mean(axis=(1, 3))
    padded, window = np.pad(cells, 2, "symmetric"), np.array([1, 3, 5, 3, 1]) / 13
    expected = sum(
        window[i] * window[j] * padded[i : i + cells.shape[0], j : j + cells.shape[1]]
        for i in range(5)
        for j in range(5)
    )
    np.testing.assert_allclose(cell_energy(gauss, down(gauss), 5), expected, rtol=1e-4, atol=1e-8)


def test_energy_of_cells_is_the_same_in_every_block() -> None:
    gauss = picture(120, 90)
    whole = cell_energy(gauss, half(gauss), 5)
    part = gauss[36:, 20:].copy()
    np.testing.assert_array_equal(cell_energy(part, half(part), 5)[8:, 8:], whole[26:, 18:])


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("size", [(12, 300), (7, 41), (2, 2), (1, 3)])
def test_cells_share_a_weight(size: tuple[int, int], short: bool) -> None:
    height, width = size
    by_cell, by_pixel = SoftMean.empty(*size, short=short, cells=True), SoftMean.empty(*size, short=short)
    merged = SoftMean.empty(*size, short=short, cells=True)
    for _ in range(3):
        gauss, score = picture(*size, 3), 9 * picture(-(-height // 2), -(-width // 2))
        repeated = np.ascontiguousarray(score.repeat(2, axis=0).repeat(2, axis=1)[:height, :width])
        by_cell.absorb_detail(gauss, down(gauss), 0, score)
        by_pixel.absorb_detail(gauss, down(gauss), 0, repeated)
        alone = SoftMean.empty(*size, short=short, cells=True)
        alone.absorb_detail(gauss, down(gauss), 0, score)
        merged.absorb(alone.mean, alone.score)
    np.testing.assert_array_equal(by_cell.mean, by_pixel.mean)
    np.testing.assert_array_equal(by_cell.score, by_pixel.score[::2, ::2])
    np.testing.assert_allclose(merged.floats, by_cell.floats, atol=2e-4)
    assert by_cell.strip == by_pixel.strip


@pytest.mark.parametrize(
    "size", [(70, 300), (33, 129), (8, 130), (7, 5), (5, 7), (2, 3), (1, 9), (9, 1), (2, 2), (1, 1)]
)
def test_the_way_down_in_one_pass_is_the_way_down(size: tuple[int, int]) -> None:
    colours = picture(*size, 3)
    levels = descend(colours, 2)
    assert levels.colours[0] is colours
    for _ in range(2):
        colours = down(colours)
    np.testing.assert_allclose(levels.colours[2], colours, atol=5e-7)
    for rgb, luma in zip(levels.colours, levels.luma, strict=True):
        np.testing.assert_allclose(luma, rgb @ np.array([0.299, 0.587, 0.114], np.float32), atol=3e-7)


def test_a_band_goes_down_to_the_same_bits() -> None:
    colours = picture(64, 131, 3)
    whole, band = descend(colours, 2), descend(colours[16:56], 2)
    for level, margin in ((0, 0), (1, 1), (2, 2)):
        own = slice(margin, (40 >> level) - margin)
        theirs = slice((16 >> level) + own.start, (16 >> level) + own.stop)
        np.testing.assert_array_equal(band.colours[level][own], whole.colours[level][theirs])
        np.testing.assert_array_equal(band.luma[level][own], whole.luma[level][theirs])


@pytest.mark.parametrize("size", [(70, 200), (33, 129), (8, 64), (7, 5), (2, 3), (1, 7), (9, 2), (1, 1)])
def test_absorbed_detail_is_the_detail(size: tuple[int, int]) -> None:
    gauss, running = picture(*size, 3), SoftMean.empty(*size)
    below = down(gauss)
    running.absorb_detail(gauss, below, 0, picture(*size))
    np.testing.assert_allclose(running.mean, detail_of(gauss, below), atol=3e-7)


def test_absorbed_detail_is_weighted_as_a_mean_is() -> None:
    levels, scores = [picture(40, 150, 3) for _ in range(3)], [30 * picture(40, 150) for _ in range(3)]
    whole, parts, means = SoftMean.empty(40, 150), SoftMean.empty(40, 150), SoftMean.empty(40, 150)
    for gauss, score in zip(levels, scores, strict=True):
        below = down(gauss)
        whole.absorb_detail(gauss, below, 0, score)
        parts.rows(0, 10).absorb_detail(gauss[:16], below[:8], 0, score[:10])
        parts.rows(10, 40).absorb_detail(gauss[4:], below[2:], 6, score[10:])
        means.absorb(detail_of(gauss, below), score)
    np.testing.assert_allclose(whole.mean, means.mean, atol=1e-6)
    np.testing.assert_array_equal(whole.score, means.score)
    np.testing.assert_array_equal(parts.mean, whole.mean)
    np.testing.assert_array_equal(parts.score, whole.score)


def test_a_frame_that_is_far_worse_leaves_every_bit_as_it_is() -> None:
    running, score = SoftMean.empty(5, 70), picture(5, 70)
    running.absorb(picture(5, 70, 3), score)
    before = running.mean.copy()
    running.absorb(picture(5, 70, 3), score - 17)
    np.testing.assert_array_equal(running.mean, before)
    np.testing.assert_array_equal(running.score, score)
    better = picture(5, 70, 3)
    running.absorb(better, score + 17)
    np.testing.assert_array_equal(running.mean, better)


def test_the_score_is_the_logarithm_of_a_power() -> None:
    energy = np.geomspace(1e-12, 1e6, 30_000, dtype=np.float32).reshape(3, -1)
    exact = np.log(energy.astype(np.float64) + np.float32(1e-9))
    allowed = 2e-7 * np.maximum(1, np.abs(exact))
    assert (np.abs(log_score(energy, 1e-9, 1) - exact) <= allowed).all()
    other = energy[::-1].copy()
    np.testing.assert_allclose(
        joint_score(energy, 1e-9, 15, other, 0.5, 5), 15 * exact + 5 * np.log(other.astype(np.float64) + 0.5), atol=8e-5
    )


def test_a_score_is_the_same_to_the_bit_wherever_it_is_in_its_row() -> None:
    energy = picture(1, 200)
    whole = log_score(energy, 1e-6, 20)
    for begin in (1, 3, 50, 199):
        np.testing.assert_array_equal(log_score(energy[:, begin:].copy(), 1e-6, 20), whole[:, begin:])


def test_sixteen_bits_are_rounded_to_even_and_clipped() -> None:
    pixels = np.array([[[-0.1, 0, 0.5 / 65535], [1.5 / 65535, 2.5 / 65535, 0.5], [1, 1.1, 1e30]]], np.float32)
    out = np.empty(pixels.shape, np.uint16)
    to_sixteen_bits(pixels, out)
    np.testing.assert_array_equal(out.ravel(), [0, 0, 0, 2, 2, 32768, 65535, 65535, 65535])
    pixels = picture(9, 70, 3)
    out = np.empty(pixels.shape, np.uint16)
    to_sixteen_bits(pixels, out)
    np.testing.assert_array_equal(out, np.rint(pixels * np.float32(65535)))


def test_what_is_no_number_is_uncovered_and_filled_from_its_row() -> None:
    pixels = np.full((4, 30, 3), 0.5, np.float32)
    pixels[1, 3, 0] = np.nan
    pixels[2, 29] = np.inf
    rows = numbers(Frame(0, pixels), 0, 4, "float32")
    assert rows.valid is not None
    assert set(zip(*np.nonzero(~rows.valid), strict=True)) == {(1, 3), (2, 29)}
    np.testing.assert_allclose(rows.pixels, 0.5, atol=1e-6)


def test_covered_is_what_is_mostly_covered() -> None:
    valid = np.zeros((20, 20), np.bool_)
    valid[:, :10] = True
    below = shrink(valid)
    assert below is not None
    assert below[:, :5].all()
    assert not below[:, 6:].any()
    assert shrink(None) is None


def test_short_numbers_keep_an_8000th_of_themselves_and_a_128th() -> None:
    sizes = np.float32(10) ** np.linspace(-7, 0.298, 5000, dtype=np.float32)
    values = np.concatenate([-sizes, sizes])
    found = as_floats(as_short(values))
    assert np.all(np.abs(found - values) <= 1.001 * np.maximum((np.abs(values) + 2**-7) * 2**-13, 2**-20))
    np.testing.assert_array_equal(as_floats(as_short(found)), found)
    assert np.all(np.diff(found[5000:]) >= 0)


def test_short_numbers_end_somewhere() -> None:
    largest = 2 - 2**-12 - 2**-7
    values = np.array([0, 1e-9, -1e-9, largest, 2, 40, -1e30], np.float32)
    assert as_floats(as_short(values)).tolist() == [0, 0, 0, largest, largest, largest, -largest]


def test_half_way_short_numbers_go_up_in_size() -> None:
    values = np.array([1 + 2**-13, 1 + 3 * 2**-13, -1 - 2**-13], np.float32)
    assert as_floats(as_short(values)).tolist() == [1 + 2 * 2**-13, 1 + 4 * 2**-13, -1 - 2 * 2**-13]


def test_a_short_mean_follows_a_long_one_within_a_thousandth() -> None:
    long, short = SoftMean.empty(12, 150), SoftMean.empty(12, 150, short=True)
    merged = SoftMean.empty(12, 150, short=True)
    for seed in range(6):
        noise = np.random.default_rng(seed)
        gauss = noise.random((12, 150, 3), dtype=np.float32)
        score = (noise.random((12, 150), dtype=np.float32) * 6).astype(np.float32)
        for mean in (long, short):
            mean.absorb_detail(gauss, down(gauss), 0, score)
        alone = SoftMean.empty(12, 150, short=True)
        alone.absorb_detail(gauss, down(gauss), 0, score)
        merged.absorb(alone.mean, alone.score)
    np.testing.assert_array_equal(long.score, short.score)
    np.testing.assert_allclose(short.floats, long.mean, atol=3e-4)
    np.testing.assert_allclose(merged.floats, long.mean, atol=6e-4)
