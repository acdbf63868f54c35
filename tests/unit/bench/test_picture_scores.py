"""Our own measures put pictures that are known to be good and bad in the right order."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from picture_scores import BETTER, judged, score, scored
from truth_stack import TruthStack, read, write_stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> TruthStack:
    return write_stack(tmp_path_factory.mktemp("stacks") / "ladybird", 360, 240, 3)


@pytest.fixture(scope="module")
def truth(stack: TruthStack) -> np.ndarray:
    return stack.truth()


def blurred(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), sigma_px)


def test_the_truth_is_perfect(truth: np.ndarray) -> None:
    told = score(truth, truth)
    assert told["psnr"] == pytest.approx(98.1, abs=0.1)
    assert told["ssim"] == pytest.approx(1, abs=1e-5)
    assert told["detail"] == pytest.approx(1, abs=1e-5)
    assert [told[name] for name in ("gmsd", "halo", "dE")] == pytest.approx([0, 0, 0], abs=0.01)


def test_blur_costs_every_measure_of_detail(truth: np.ndarray) -> None:
    fine, coarse = (score(blurred(truth, sigma), truth) for sigma in (0.7, 1.5))
    for name in ("psnr", "ssim", "gmsd", "detail"):
        assert BETTER[name](fine[name]) < BETTER[name](coarse[name]), name
    assert coarse["detail"] < 0.7


def test_another_exposure_is_a_shift_of_colour_and_nothing_else(truth: np.ndarray) -> None:
    told = score(truth * np.float32(0.9), truth)
    assert told["psnr"] > 45
    assert told["dE"] > 2


def test_a_halo_and_noise_are_told_apart() -> None:
    step = np.full((200, 300, 3), 60, np.float32)
    step[:, 150:] = 180
    wide = blurred(step, 10)
    haloed = score(step + 0.3 * (step - wide), step)
    noisy = score(step + np.random.default_rng(0).normal(0, 3, step.shape).astype(np.float32), step)
    assert haloed["halo"] > 4
    assert haloed["noise"] < 0.5
    # Channels are noisy by 3 levels each; luma is by 3 times the root of the sum of its squared weights, 2.0.
    assert noisy["noise"] == pytest.approx(2.0, abs=0.15)
    assert noisy["halo"] < haloed["halo"] / 2


def test_a_picture_of_another_size_has_no_scores(stack: TruthStack, truth: np.ndarray, tmp_path: Path) -> None:
    smaller = tmp_path / "smaller.png"
    cv2.imwrite(str(smaller), truth[:-2])
    assert list(scored(stack, [stack.folder / "truth.png", smaller])[1]) == []


def test_frames_of_the_made_stack_are_worse_than_its_truth(stack: TruthStack) -> None:
    perfect, frame = scored(stack, [stack.folder / "truth.png", stack.frames[1]])
    assert perfect["psnr"] > frame["psnr"] + 20
    rows, columns = stack.common()
    assert 0 < rows.start < rows.stop < 240
    assert 0 < columns.start < columns.stop < 360


def test_sixteen_bits_read_as_eight(truth: np.ndarray, tmp_path: Path) -> None:
    deep = tmp_path / "deep.png"
    cv2.imwrite(str(deep), np.rint(truth * 257).astype(np.uint16)[..., ::-1])
    np.testing.assert_allclose(read(deep), truth, atol=1e-3)


def test_a_judge_answers_for_each_picture_or_its_failure_is_told(stack: TruthStack, tmp_path: Path) -> None:
    judge = tmp_path / "judge.py"
    judge.write_text(
        "import json, sys\n"
        "assert sys.argv[1] == 'truth'\n"
        "for number, path in reversed(list(enumerate(sys.argv[3:]))):\n"
        "    print(json.dumps({'file': path, 'psnr': number, 'placed': 'identity'}))\n"
    )
    first, second = judged([sys.executable, str(judge)], stack, [Path("a.tif"), Path("b.tif")])
    assert (first["psnr"], second["psnr"]) == (0, 1)
    assert "placed" not in first
    assert first["halo"] is None
    judge.write_text("import sys; sys.exit('no such stack')")
    with pytest.raises(RuntimeError, match="no such stack"):
        judged([sys.executable, str(judge)], stack, [Path("a.tif")])
