"""One small stack from files to picture, against the truth; limits and their reasons are in ladybird.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

import stackcore
from stackcore.api import StackResult
from stackcore.testing.scene import SyntheticStack, make_stack

GOLDEN = json.loads(Path(__file__).with_name("ladybird.json").read_text(encoding="utf-8"))


def limit(name: str) -> float:
    return float(GOLDEN["limits"][name]["value"])


@dataclass(frozen=True)
class Case:
    """The stack, what came of it, and everything cut to their common area, 0 to 1."""

    folder: Path
    stack: SyntheticStack
    result: StackResult
    picture: np.ndarray
    truth: np.ndarray
    frames: list[np.ndarray]
    depth: np.ndarray


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("ladybird")
    stack = make_stack(**GOLDEN["stack"])
    for index, frame in enumerate(stack.frames):
        tifffile.imwrite(folder / f"slice_{index:02d}.tif", frame, photometric="rgb")
    result = stackcore.stack(folder, workers=2)
    x, y, width, height = result.crop
    cut = np.s_[y : y + height, x : x + width]
    return Case(
        folder,
        stack,
        result,
        result.picture / 65535.0,
        (stack.truth / 255.0)[cut],
        [(frame / 255.0)[cut] for frame in stack.frames],
        stack.depth[cut],
    )


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((picture - truth) ** 2)))


def luma(picture: np.ndarray) -> np.ndarray:
    return (picture @ np.array([0.299, 0.587, 0.114])).astype(np.float32)


def smooth(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), sigma_px)


def test_the_picture_is_near_the_truth(case: Case) -> None:
    assert psnr(case.picture, case.truth) >= limit("psnr_db_at_least")


def test_it_beats_every_single_frame(case: Case) -> None:
    best = max(psnr(frame, case.truth) for frame in case.frames)
    assert psnr(case.picture, case.truth) - best >= limit("db_over_best_frame_at_least")


def test_it_beats_the_plain_mean(case: Case) -> None:
    mean = psnr(np.mean(case.frames, axis=0), case.truth)
    assert psnr(case.picture, case.truth) - mean >= limit("db_over_mean_at_least")


def test_flat_areas_are_quieter_than_one_frame(case: Case) -> None:
    truth = luma(case.truth)
    activity = cv2.boxFilter(np.abs(truth - smooth(truth, 4)), -1, (25, 25))
    flat = activity < np.quantile(activity, 0.1)

    def noise(picture: np.ndarray) -> float:
        error = luma(picture) - truth
        return float((error - smooth(error, 3))[flat].std())

    quietest = min(noise(frame) for frame in case.frames)
    assert quietest > 0.001  # else there is nothing to compare
    assert noise(case.picture) <= limit("noise_of_one_frame_at_most") * quietest


def halo(case: Case, picture: np.ndarray) -> float:
    edge = cv2.morphologyEx(case.depth, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0.5
    near = cv2.dilate(edge.astype(np.uint8), np.ones((13, 13), np.uint8)).astype(bool)
    assert 0.02 < near.mean() < 0.6
    return float(np.sqrt(np.mean(smooth(luma(picture) - luma(case.truth), 2)[near] ** 2)))


def test_depth_edges_have_no_halo(case: Case) -> None:
    assert halo(case, case.picture) <= limit("halo_at_most")
    assert halo(case, case.picture) < min(halo(case, frame) for frame in case.frames)


def test_nothing_is_brighter_or_darker_than_the_subject(case: Case) -> None:
    truth, picture = luma(case.truth), luma(case.picture)
    window = np.ones((31, 31), np.uint8)
    beyond = np.maximum(picture - cv2.dilate(truth, window), cv2.erode(truth, window) - picture)
    assert beyond.max() <= limit("overshoot_at_most")


def test_frames_lie_where_they_are_known_to_lie(case: Case) -> None:
    survey = case.result.survey
    assert survey is not None
    right, bottom = survey.width - 1.0, survey.height - 1.0
    corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])
    for found, truth in zip(survey.frames, case.stack.transforms, strict=True):
        assert found.transform is not None
        apart = np.linalg.norm(found.transform.apply(corners) - truth.apply(corners), axis=1).max()
        assert apart <= limit("corner_error_px_at_most"), f"frame {found.index}"


def test_flicker_is_measured(case: Case) -> None:
    survey = case.result.survey
    assert survey is not None
    for found, truth in zip(survey.frames, case.stack.gains, strict=True):
        assert np.abs(np.array(found.gain) / truth - 1).max() <= limit("gain_error_at_most"), f"frame {found.index}"
    assert max(abs(gain - 1) for gain in case.stack.gains) > 0.01  # else there was none


def test_it_is_the_same_to_the_bit_again_and_with_other_workers(case: Case) -> None:
    for workers in (1, 3):
        again = stackcore.stack(case.folder, workers=workers)
        np.testing.assert_array_equal(again.picture, case.result.picture)


def test_no_input_is_modified(case: Case) -> None:
    for index, frame in enumerate(case.stack.frames):
        np.testing.assert_array_equal(tifffile.imread(case.folder / f"slice_{index:02d}.tif"), frame)


def test_every_limit_has_its_reason_and_its_test() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    for name, entry in GOLDEN["limits"].items():
        assert entry["reason"], name
        assert f'limit("{name}")' in here, name
