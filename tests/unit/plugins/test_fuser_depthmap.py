"""The depth-map fuser: depth to a fraction of a slice, candidates in any order, borrowed depth, a preferred end."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.fusing.best_three import NOBODY, NOTHING
from stackcore.fusing.borrowing import guide, moments_of
from stackcore.fusing.depth_score import Scoring, aloneness, sub_slice_depth
from stackcore.terms import Frame, Fused, StackInfo
from stackcore.testing.scene import Motion, make_stack
from stackcore_plugins.fuser_depthmap.candidates import Candidates
from stackcore_plugins.fuser_depthmap.fuser import DepthMapFuser
from stackcore_plugins.fuser_depthmap.plugin import DepthMapOptions

PLAIN = Scoring(floor=1e-6, frames=12)


def info_of(width: int, height: int, frames: int, dtype: str = "float32") -> StackInfo:
    return StackInfo(width=width, height=height, frames=frames, reference=0, dtype=dtype, noise_sigma=0.002)


def folded(frames: list[Any], band_rows: int = 128, **options: Any) -> Fused:
    fuser = DepthMapFuser(DepthMapOptions(**options), band_rows)
    height, width = frames[0].shape[:2]
    state = fuser.start(info_of(width, height, len(frames), frames[0].dtype.name))
    for index, pixels in enumerate(frames):
        state = fuser.add(state, Frame(index, pixels))
    return fuser.finish(state)


def blurred(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    return picture if sigma_px < 0.05 else np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def texture(height: int, width: int, seed: int = 3) -> np.ndarray:
    return blurred(np.random.default_rng(seed).random((height, width, 3), dtype=np.float32), 0.7)


def test_the_three_best_do_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 4, (5, 6, 7)).astype(np.float32)  # with many ties
    colours = rng.integers(0, 65536, (5, 6, 7, 3), dtype=np.uint16)
    expected = np.argsort(-scores, axis=0, kind="stable")[:3]
    for order in itertools.permutations(range(5)):
        found = Candidates.empty(6, 7, "uint16")
        for i in order:
            found.admit(scores[i], np.full((6, 7), i, np.uint16), colours[i])
        np.testing.assert_array_equal(found.best.origin, expected)
        np.testing.assert_array_equal(found.best.score, np.take_along_axis(scores, expected, 0))
        np.testing.assert_array_equal(found.colour, np.take_along_axis(colours, expected[..., None], 0))


@pytest.mark.parametrize("peak", [0.0, 3.0, 4.3, 6.5, 7.81, 11.0])
def test_a_gaussian_peak_is_found_between_slices(peak: float) -> None:
    slices = np.arange(12)
    score = -((slices - peak) ** 2) / 2 / 1.7**2 + 9
    best = np.argsort(-score, kind="stable")[:3]
    depth = sub_slice_depth(score[best].astype(np.float32)[:, None, None], best.astype(np.uint16)[:, None, None], PLAIN)
    assert depth[0, 0] == pytest.approx(peak, abs=1e-4)


@pytest.mark.parametrize(
    ("origin", "score"),
    [
        ((5, 9, 2), (4.0, 3.9, 3.8)),  # no neighbours
        ((5, 4, 6), (4.0, 4.0, 4.0)),  # flat
        ((5, NOBODY, NOBODY), (4.0, NOTHING, NOTHING)),  # alone
        ((5, 6, NOBODY), (4.0, 3.0, NOTHING)),  # two
    ],
)
def test_where_no_parabola_fits_depth_is_the_best_slice(origin: tuple[int, ...], score: tuple[float, ...]) -> None:
    at, value = np.array(origin, np.uint16)[:, None, None], np.array(score, np.float32)[:, None, None]
    assert sub_slice_depth(value, at, PLAIN)[0, 0] == 5


def test_confidence_counts_the_frames_that_are_as_sharp() -> None:
    best = np.full((1, 3), 7.0, np.float32)
    total = best + np.log(np.array([[1.0, 4.0, 16.0]], np.float32))
    found = aloneness(best, total, 16)
    np.testing.assert_allclose(found, [[1.0, 0.5, 0.0]], atol=1e-6)


@pytest.mark.parametrize("prefer", ["front", "back"])
def test_scores_grow_with_energy_and_can_be_undone(prefer: Any) -> None:
    scoring = Scoring(floor=1e-4, frames=10, prefer=prefer, strength=3)
    energy = np.logspace(-7, 0, 200, dtype=np.float32)[None]
    for index in (0, 4, 9):
        score = scoring.score(energy, index)
        assert (np.diff(score[0]) > 0).all()
        undone = scoring.undone(score, np.full(score.shape, index, np.float32))
        np.testing.assert_allclose(undone, np.log1p(energy / 1e-4), rtol=2e-5)


def test_depth_of_a_tilted_plane_is_right_to_a_fraction_of_a_slice() -> None:
    """Rows are in focus at depths from 1 to 8; blur grows by 0.8 pixels a slice."""
    sharp = texture(240, 160)
    truth = np.linspace(1, 8, 240, dtype=np.float32)[:, None]
    frames = []
    for index in range(10):
        layers = [blurred(sharp, 0.8 * off) for off in np.arange(0, 10, 0.25)]
        nearest = np.rint(np.abs(truth[:, 0] - index) / 0.25).astype(int)
        frames.append(np.stack([layers[k][y] for y, k in enumerate(nearest)]))
    fused = folded(frames)
    assert fused.depth is not None
    assert fused.confidence is not None
    error = np.abs(fused.depth - truth)[10:-10]
    assert np.median(error) < 0.12
    assert np.quantile(error, 0.95) < 0.4
    assert np.median(fused.confidence) > 0.6
    assert np.mean((fused.pixels - sharp) ** 2) < 0.3 * min(np.mean((f - sharp) ** 2) for f in frames)


def two_plates_and_a_plain_gap() -> tuple[list[np.ndarray], slice, slice]:
    sharp = texture(96, 240)
    sharp[:, 80:160] = 0.5
    noise = np.random.default_rng(8)
    frames = []
    for index in range(9):
        frame = sharp.copy()
        frame[:, :80] = blurred(sharp[:, :80].copy(), abs(index - 2))
        frame[:, 160:] = blurred(sharp[:, 160:].copy(), abs(index - 6))
        frames.append(frame + noise.normal(0, 0.002, frame.shape).astype(np.float32))
    return frames, slice(100, 140), slice(0, 70)


def test_plain_ground_borrows_its_depth_and_says_that_it_guesses() -> None:
    frames, gap, plate = two_plates_and_a_plain_gap()
    fused = folded(frames, wide=0)
    assert fused.depth is not None
    assert fused.confidence is not None
    assert fused.confidence[:, gap].mean() < 0.2
    assert fused.confidence[:, plate].mean() > 0.7
    assert fused.depth[:, gap].min() >= 2
    assert fused.depth[:, gap].max() <= 6.01
    assert fused.depth[:, gap].std(axis=0).max() < 0.5, "borrowed depth is smooth"


def test_plain_ground_is_the_mean_of_all_frames() -> None:
    frames, gap, _ = two_plates_and_a_plain_gap()
    noise = (folded(frames, wide=0).pixels[:, gap] - 0.5).std()
    assert noise < 0.5 * (frames[0][:, gap] - 0.5).std()


def test_borrowed_depth_stops_at_an_edge_of_the_picture() -> None:
    """Evidence on the left of a dark half and on the right of a bright one; between them nothing but the edge."""
    brightness = np.full((64, 256), 0.2, np.float32)
    brightness[:, 128:] = 0.8
    known = np.zeros((64, 256), np.float32)
    known[:, :96] = known[:, 160:] = 1
    depth = np.where(np.arange(256) < 128, 2.0, 9.0).astype(np.float32)[None].repeat(64, 0)
    found = guide(moments_of(depth, known, brightness), 16, 0.05).depth(brightness, 0)
    assert np.abs(found[:, 100:126] - 2).max() < 0.5
    assert np.abs(found[:, 130:156] - 9).max() < 0.5


def test_without_any_evidence_there_is_a_finite_guess() -> None:
    nothing = np.zeros((20, 12), np.float32)
    assert np.isfinite(guide(moments_of(nothing, nothing, nothing), 4, 0.05).depth(nothing, 0)).all()


@pytest.mark.parametrize(("prefer", "expected"), [("front", 1), ("back", 7)])
def test_the_preferred_end_wins_where_both_are_sharp(prefer: str, expected: int) -> None:
    """A pattern seen through another: both are sharp, each in its own frame, one a little more than the other."""
    front, back = texture(80, 90, 1), texture(80, 90, 2)
    stronger = 1.15 if prefer == "front" else 0.87
    frames = [
        0.5 * blurred(front, 1.2 * abs(i - 1)) + 0.5 * (0.5 + stronger * (blurred(back, 1.2 * abs(i - 7)) - 0.5))
        for i in range(9)
    ]
    usual, preferred = folded(frames).depth, folded(frames, prefer=prefer).depth
    assert usual is not None
    assert preferred is not None
    inner = np.s_[10:-10, 10:-10]
    assert np.mean(np.abs(preferred[inner] - expected) < 1) > 0.95
    assert np.mean(np.abs(usual[inner] - expected) < 1) < 0.6


def test_wide_energy_gives_plain_ground_the_depth_of_the_edge_beside_it() -> None:
    frames, _, _ = two_plates_and_a_plain_gap()
    beside = np.s_[:, 92:100]  # beyond the window of the measure
    near, alone = folded(frames), folded(frames, wide=0)
    assert near.depth is not None
    assert alone.confidence is not None
    assert np.median(np.abs(near.depth[beside] - 2)) < 0.5
    assert near.confidence is not None
    assert near.confidence[beside].mean() > alone.confidence[beside].mean() + 0.2


@pytest.mark.parametrize("band_rows", [32, 64, 1000])
def test_the_picture_does_not_depend_on_the_bands(band_rows: int) -> None:
    frames = list(make_stack(60, 301, 4, seed=5, dtype="uint16", motion=Motion.none()).frames)
    whole, cut = folded(frames), folded(frames, band_rows)
    np.testing.assert_array_equal(cut.pixels, whole.pixels)
    np.testing.assert_array_equal(cut.depth, whole.depth)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_finishing_takes_as_much_memory_as_it_says(dtype: str) -> None:
    """Depth, confidence and the picture come on top of the state."""
    fuser = DepthMapFuser(DepthMapOptions())
    info = info_of(300, 900, 3, dtype)
    state = fuser.start(info)
    tracemalloc.start()
    fuser.finish(state)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken <= fuser.finish_bytes(info) <= 1.2 * taken


def test_slices_keep_their_numbers_when_others_are_left_out() -> None:
    """A part of a stack, or one without its first frames: indices are larger than the number of frames."""
    sharp = texture(60, 60)
    fuser = DepthMapFuser(DepthMapOptions())
    state = fuser.start(info_of(60, 60, 4))
    for index in (20, 21, 22, 24):
        state = fuser.add(state, Frame(index, blurred(sharp, 1.5 * abs(index - 22))))
    depth = fuser.finish(state).depth
    assert depth is not None
    np.testing.assert_allclose(depth[10:-10, 10:-10], 22, atol=0.6)
