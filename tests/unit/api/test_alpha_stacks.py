"""Stacks whose frames have alpha: what is not picture takes no part in anything, and leaves no trace."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from stackcore.api.processing import stack
from stackcore.testing.scene import SyntheticStack


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    difference = picture / np.iinfo(picture.dtype).max - truth / np.iinfo(truth.dtype).max
    return float(-10 * np.log10((difference**2).mean()))


def write(pixels: np.ndarray, alpha: np.ndarray | None, path: Path) -> Path:
    if alpha is None:
        tifffile.imwrite(path, pixels, photometric="rgb")
    else:
        tifffile.imwrite(path, np.dstack([pixels, alpha]), photometric="rgb", extrasamples=["unassalpha"])
    return path


def aligned(small_stack: SyntheticStack, folder: Path, under: int) -> list[Path]:
    """Frames as an alignment program leaves them: `under` stands where a frame does not reach, with alpha 0."""
    folder.mkdir()
    height, width = small_stack.truth.shape[:2]
    paths = []
    for index, frame in enumerate(small_stack.frames):
        matrix, flags = small_stack.transforms[index].matrix, cv2.WARP_INVERSE_MAP
        pixels = cv2.warpPerspective(frame, matrix, (width, height), flags=flags | cv2.INTER_CUBIC)
        full = np.full((height, width), 255, np.uint8)
        alpha = cv2.warpPerspective(full, matrix, (width, height), flags=flags | cv2.INTER_NEAREST)
        alpha[:3], alpha[-3:], alpha[:, :3], alpha[:, -3:] = 0, 0, 0, 0
        cv2.circle(alpha, (60 + 50 * index, 120), 17, (0.0,), -1)  # and a part that was masked by hand
        if index == small_stack.reference:
            alpha[:] = 255
        pixels[alpha == 0] = under
        paths.append(write(pixels, alpha, folder / f"OUT{index:04d}.tif"))
    return paths


@pytest.mark.parametrize("align", [False, True], ids=["fuse", "stack"])
def test_what_stands_under_alpha_does_not_matter(small_stack, tmp_path, align):
    results = [
        stack(aligned(small_stack, tmp_path / str(under), under), align=align, hot_pixels=False) for under in (0, 255)
    ]
    assert np.array_equal(results[0].picture, results[1].picture)
    assert results[0].warnings == []
    assert results[0].frames == len(small_stack.frames)
    for one, other in zip(results[0].survey.frames, results[1].survey.frames, strict=True):
        assert np.array_equal(one.transform.matrix, other.transform.matrix)
        assert one.gain == other.gain
    assert results[0].survey.noise_sigma == results[1].survey.noise_sigma


def test_aligned_frames_with_alpha_fuse_to_the_whole_picture(small_stack, tmp_path):
    """Nothing is cropped: where one frame does not reach, others do. No border, no ring where a mask was."""
    result = stack(aligned(small_stack, tmp_path / "black", 0), align=False)
    height, width = small_stack.truth.shape[:2]
    assert result.picture.shape == (height, width, 3)
    plain = stack([write(f, None, tmp_path / f"{i}.tif") for i, f in enumerate(small_stack.frames)], crop=False)
    inner = slice(20, -20), slice(20, -20)
    assert (
        psnr(result.picture[inner], small_stack.truth[inner])
        > psnr(plain.picture[inner], small_stack.truth[inner]) - 1.5
    )
    frame = np.ones((height, width), bool)
    frame[4:-4, 4:-4] = False
    assert psnr(result.picture[frame], small_stack.truth[frame]) > 20
    assert result.picture[frame].mean() == pytest.approx(small_stack.truth[frame].mean() * 257, rel=0.03)


def test_a_retouch_mask_takes_an_object_out_of_the_picture(small_stack, tmp_path):
    """A fly that sat down for one frame, painted out in its alpha."""
    clean = [write(f, None, tmp_path / f"clean{i}.tif") for i, f in enumerate(small_stack.frames)]
    spoilt, alpha = small_stack.frames[2].copy(), np.full(small_stack.truth.shape[:2], 255, np.uint8)
    cv2.circle(spoilt, (180, 120), 20, (255.0, 0.0, 255.0), -1)
    cv2.circle(alpha, (180, 120), 24, (0.0,), -1)
    bare = [*clean[:2], write(spoilt, None, tmp_path / "bare2.tif"), *clean[3:]]
    masked = [*clean[:2], write(spoilt, alpha, tmp_path / "masked2.tif"), *clean[3:]]
    wanted, with_fly, without = (stack(paths, crop=False).picture for paths in (clean, bare, masked))
    place = slice(95, 145), slice(155, 205)
    assert psnr(with_fly[place], wanted[place]) < 22
    assert psnr(without[place], wanted[place]) > 28
    assert psnr(without, wanted) > 38


def test_a_mask_of_the_sensor_does_not_hold_the_frames(small_stack, tmp_path):
    """Dust of the sensor stands still while the subject moves: masked, it draws nothing towards itself."""
    alpha = np.full(small_stack.truth.shape[:2], 255, np.uint8)
    alpha[:, 130:190] = 0
    paths = []
    for index, frame in enumerate(small_stack.frames):
        pixels = frame.copy()
        pixels[:, 130:190] = np.random.default_rng(1).integers(0, 256, (pixels.shape[0], 60, 3))
        paths.append(write(pixels, alpha, tmp_path / f"f{index}.tif"))
    found = stack(paths).survey
    corners = np.array([[0, 0], [359.0, 0], [0, 239.0], [359.0, 239.0]])
    for frame, truth in zip(found.frames, small_stack.transforms, strict=True):
        assert np.linalg.norm(frame.transform.apply(corners) - truth.apply(corners), axis=1).max() < 0.8


@pytest.mark.skipif(shutil.which("align_image_stack") is None, reason="align_image_stack (Hugin) is not installed")
def test_what_align_image_stack_writes_is_fused(small_stack, tmp_path):
    paths = [write(f.astype(np.uint16) * 257, None, tmp_path / f"{i}.tif") for i, f in enumerate(small_stack.frames)]
    first = paths[small_stack.reference]  # it aligns all to the first
    command = ["align_image_stack", "-a", str(tmp_path / "OUT"), str(first), *map(str, paths)]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    outputs = sorted(tmp_path.glob("OUT*.tif"))[1:]
    assert len(outputs) == len(paths)
    with tifffile.TiffFile(outputs[0]) as tif:
        assert tif.pages.first.samplesperpixel == 4
    result = stack(outputs, align=False)
    height, width = small_stack.truth.shape[:2]
    assert result.picture.shape == (height, width, 3)
    inner = slice(20, -20), slice(20, -20)
    assert psnr(result.picture[inner], small_stack.truth[inner]) > 26
    edge = np.ones((height, width), bool)
    edge[4:-4, 4:-4] = False
    assert result.picture[edge].mean() == pytest.approx(small_stack.truth[edge].mean() * 257, rel=0.03)
