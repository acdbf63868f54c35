"""Depth while frames are fused: evidence in any order, bands and strips; a depth map that knows what it knows."""

from __future__ import annotations

import itertools
import tracemalloc

import cv2
import numpy as np
import pytest

from stackcore.fusing.best_three import BestThree
from stackcore.fusing.depth import (
    DepthState,
    bytes_of,
    evidence_bytes,
    evidence_making_bytes,
    evidence_of,
    read_band,
    scoring_of,
)
from stackcore.fusing.depth import start_of as start
from stackcore.fusing.depth_map import confidence, depth_map, depth_map_bytes
from stackcore.terms import DepthEvidence, Frame, StackInfo

NOISE = 0.002


def info_of(height: int, width: int, frames: int) -> StackInfo:
    return StackInfo(width, height, frames, 0, "float32", noise_sigma=NOISE, finds_depth=True)


def blurred(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    return picture if sigma_px < 0.05 else np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def texture(height: int, width: int, seed: int = 3) -> np.ndarray:
    return blurred(np.random.default_rng(seed).random((height, width), dtype=np.float32), 0.7)


def found(frames: list[np.ndarray], order: list[int] | None = None, band: int = 1000) -> DepthEvidence:
    height, width = frames[0].shape
    info = info_of(height, width, len(frames))
    state = start(info)
    for index in order or range(len(frames)):
        add(state, info, index, frames[index], band)
    evidence = evidence_of(state, scoring_of(info))
    assert evidence is not None
    return evidence


def add(
    state: DepthState | None,
    info: StackInfo,
    index: int,
    picture: np.ndarray,
    band: int = 1000,
    valid: np.ndarray | None = None,
) -> None:
    frame = Frame(index, np.repeat(picture[..., None], 3, axis=2), valid)
    for top in range(0, len(picture), band):
        read_band(state, info, frame, top, min(top + band, len(picture)), 4, lambda pixels: pixels[..., 0].copy())


def mapped(frames: list[np.ndarray], picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return depth_map(found(frames), lambda top, bottom: picture[top:bottom], *picture.shape, len(frames))


def noisy(frame: np.ndarray, seed: int) -> np.ndarray:
    return np.asarray(frame + np.random.default_rng(seed).normal(0, NOISE, frame.shape), np.float32)


def tilted(frames: int = 10) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Rows are in focus at depths from 1 to 8; blur grows by 0.8 pixels a slice. Frames, picture, truth."""
    sharp = texture(241, 163)
    truth = np.linspace(1, 8, 241, dtype=np.float32)[:, None]
    layers = [blurred(sharp, 0.8 * off) for off in np.arange(0, 10, 0.25)]
    stack = []
    for index in range(frames):
        nearest = np.rint(np.abs(truth[:, 0] - index) / 0.25).astype(int)
        stack.append(noisy(np.stack([layers[k][y] for y, k in enumerate(nearest)]), index))
    return stack, sharp, truth


def test_the_three_best_do_not_depend_on_the_order() -> None:
    scores = np.random.default_rng(0).integers(0, 4, (5, 6, 7)).astype(np.float32)  # with many ties
    expected = np.argsort(-scores, axis=0, kind="stable")[:3]
    for order in itertools.permutations(range(5)):
        best = BestThree.empty(6, 7)
        for index in order:
            best.admit(scores[index], np.full((6, 7), index, np.uint16))
        np.testing.assert_array_equal(best.origin, expected)
        np.testing.assert_array_equal(best.score, np.take_along_axis(scores, expected, 0))


def test_nothing_is_kept_unless_depth_is_wanted() -> None:
    info = StackInfo(40, 30, 3, 0, "uint8")
    assert start(info) is None
    assert evidence_of(None, scoring_of(info)) is None
    assert bytes_of(info) == evidence_bytes(info) == depth_map_bytes(info) == 0


def test_depth_of_a_tilted_plane_is_right_to_a_fraction_of_a_slice() -> None:
    frames, sharp, truth = tilted()
    depth, sure = mapped(frames, sharp)
    assert depth.shape == sure.shape == sharp.shape
    error = np.abs(depth - truth)[10:-10]
    assert np.median(error) < 0.1
    assert np.quantile(error, 0.95) < 0.4
    assert np.median(sure) > 0.6


@pytest.mark.parametrize("band", [32, 64])
def test_evidence_does_not_depend_on_the_bands(band: int) -> None:
    frames, _, _ = tilted(4)
    whole, cut = found(frames), found(frames, band=band)
    for one, other in ((whole.depth, cut.depth), (whole.aloneness, cut.aloneness), (whole.strength, cut.strength)):
        np.testing.assert_array_equal(one, other)


def test_what_a_frame_does_not_cover_has_no_say() -> None:
    frames, _, _ = tilted(3)
    info = info_of(241, 163, 3)
    state = start(info)
    valid = np.zeros((241, 163), np.bool_)
    for index, frame in enumerate(frames):
        add(state, info, index, frame, valid=None if index == 1 else valid)
    evidence = evidence_of(state, scoring_of(info))
    assert evidence is not None
    np.testing.assert_array_equal(evidence.depth, 1)
    nowhere = start(info)
    add(nowhere, info, 0, frames[0], valid=valid)
    hidden = evidence_of(nowhere, scoring_of(info))
    assert hidden is not None
    assert hidden.aloneness.max() == hidden.strength.max() == 0


def plate_on_plain_ground() -> tuple[list[np.ndarray], np.ndarray]:
    """A bright textured plate in focus at slice 7, on ground that is plain in all of 12 frames but for its noise."""
    sharp = np.full((200, 260), 0.3, np.float32)
    sharp[60:140, 90:170] = 0.6 + 0.35 * texture(80, 80)
    return [noisy(blurred(sharp, 1.2 * abs(index - 7)), index) for index in range(12)], sharp


def test_plain_ground_is_a_guess_and_texture_is_sure() -> None:
    frames, sharp = plate_on_plain_ground()
    depth, sure = mapped(frames, sharp)
    assert np.median(sure[66:134, 96:164]) > 0.7
    np.testing.assert_allclose(np.median(depth[66:134, 96:164]), 7, atol=0.1)
    assert sure[:40].mean() < 0.05
    assert np.quantile(sure[:40], 0.99) < 0.5


def test_the_blur_of_a_bright_edge_is_not_taken_for_the_ground() -> None:
    """Beside the plate the blurred rim of wrong frames is all there is to see."""
    frames, sharp = plate_on_plain_ground()
    depth, sure = mapped(frames, sharp)
    evidence = found(frames)
    rim = np.s_[66:134, 184:192]
    assert np.abs(evidence.depth[33:67, 92:96] - 7).mean() > 2, "the rim misleads"
    assert sure[rim].mean() < 0.15
    assert np.abs(depth[rim] - 7).mean() < 2, "depth is that of the plate, borrowed"


def test_chance_does_not_agree_and_texture_does() -> None:
    noise = np.random.default_rng(1).uniform(0, 29, (60, 60)).astype(np.float32)
    weak = np.full((60, 60), 0.8, np.float32)
    ones = np.ones((60, 60), np.float32)
    assert confidence(DepthEvidence(noise, ones, weak), 30).max() == 0
    assert confidence(DepthEvidence(noise * 0.02, ones, weak), 30).min() == 1
    assert confidence(DepthEvidence(noise, ones, weak * 4), 30).min() == 1, "much energy needs no neighbours"


def test_memory_is_as_much_as_is_said() -> None:
    info = info_of(1200, 500, 3)
    state = start(info)
    assert state is not None
    assert state.best.score.nbytes + state.best.origin.nbytes + state.total.nbytes == bytes_of(info)
    add(state, info, 0, texture(1200, 500))
    tracemalloc.start()
    evidence = evidence_of(state, scoring_of(info))
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert evidence is not None
    assert taken <= evidence_making_bytes(info) <= 2 * taken
    picture = texture(1200, 500)
    tracemalloc.start()
    depth_map(evidence, lambda top, bottom: picture[top:bottom], 1200, 500, 3)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken <= depth_map_bytes(info) <= 2 * taken
