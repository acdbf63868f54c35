"""How near a picture is to the truth: by a judge, a program of your own, or by the measures below.

A judge is called `JUDGE truth STACK PICTURE...` and prints one JSON object per picture: `file` and the scores, with the
names below where they mean the same. Ours are simple on purpose. They place nothing: a program that chose another
reference frame is off by it, and a judge that registers first is fairer to it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from truth_stack import Picture, TruthStack, read

Scores = Mapping[str, float | None]
Plane = NDArray[np.float32]

BETTER: dict[str, Callable[[float], float]] = {
    "psnr": lambda value: -value,
    "ssim": lambda value: -value,
    "gmsd": abs,
    "psnr_occ": lambda value: -value,
    "psnr_in": lambda value: -value,
    "detail": lambda value: abs(value - 1),
    "miss": abs,
    "halo": abs,
    "noise": abs,
    "mottle": abs,
    "dE": abs,
}
"""What is shown, in this order; the smallest of these is the best."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_SSIM = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_GMSD = 170.0


def judged(judge: Sequence[str], stack: TruthStack, pictures: Sequence[Path]) -> list[Scores]:
    """What the judge says, in the order of `pictures`; `RuntimeError` with its words if it fails."""
    done = subprocess.run(
        [*judge, "truth", str(stack.folder), *map(str, pictures)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{judge[-1]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    told = {row["file"]: row for row in map(json.loads, done.stdout.splitlines())}
    return [{name: told[str(picture)].get(name) for name in BETTER} for picture in pictures]


def scored(stack: TruthStack, pictures: Sequence[Path]) -> list[Scores]:
    """Our own measures of each picture, which has to be as large as the truth (else none is given)."""
    truth, common = stack.truth(), stack.common()
    answers: list[Scores] = []
    for path in pictures:
        picture = read(path)
        answers.append(score(picture[common], truth[common]) if picture.shape == truth.shape else {})
    return answers


def score(picture: Picture, truth: Picture) -> Scores:
    """Measures of a picture (H, W, 3), 0 to 255, against the truth.

    All but dE after gain and offset of each channel are taken out, for another exposure is no fault.

    psnr
        Peak signal to noise, dB.
    ssim
        Structural similarity of luma, Wang et al., IEEE Trans. Image Processing 13(4), 2004.
    gmsd
        Deviation of gradient similarity, Xue et al., IEEE Trans. Image Processing 23(2), 2014.
    detail
        Slope of the picture's gradients on the truth's, where there is texture: 1 is all of it.
    halo
        Root mean square of what lies beyond the truth's range in 7 x 7 pixels, near strong edges, levels.
    noise
        Robust standard deviation of error finer than 3 pixels, where the truth is flat, levels.
    dE
        Mean CIE 1976 colour difference of both, blurred by 4 pixels.
    """
    fitted = np.clip(_fitted(picture, truth), 0, 255)
    ours, true = fitted @ _LUMA, truth @ _LUMA
    gradient = _gradient(true)
    strength = np.hypot(*gradient)
    mine = _gradient(ours)
    textured = _blurred(strength, 4) > 2
    strong = (strength > 14).astype(np.uint8)
    near = (_grown(strong, 49) > 0) & (_grown(strong, 5) == 0)
    flat = (_grown((strength > 1.2).astype(np.uint8), 31) == 0) & (true > 8) & (true < 245)
    smooth, ones = _blurred(ours, 1), np.ones((7, 7), np.uint8)
    beyond = np.maximum(smooth - cv2.dilate(true, ones), cv2.erode(true, ones) - smooth).clip(0)
    error = ours - true
    fine = (error - _blurred(error, 3))[flat]
    along = mine[0] * gradient[0] + mine[1] * gradient[1]
    return {
        "psnr": float(10 * np.log10(255**2 / max(float(np.mean((fitted - truth) ** 2)), 1e-5))),
        "ssim": _ssim(ours, true),
        "gmsd": _gmsd(ours, true),
        "detail": float(along[textured].sum() / (strength[textured] ** 2).sum()) if textured.any() else None,
        "halo": float(np.sqrt(np.mean(beyond[near] ** 2))) if near.any() else None,
        "noise": float(1.4826 * np.median(np.abs(fine - np.median(fine)))) if flat.sum() > 2000 else None,
        "dE": _colour_difference(picture, truth),
    }


def _fitted(picture: Picture, truth: Picture) -> Picture:
    fitted = picture.copy()
    for channel in range(3):
        ours, true = (_blurred(np.ascontiguousarray(p[..., channel]), 4) for p in (picture, truth))
        inside = (true > 3) & (true < 245)
        if inside.sum() > 100 and ours[inside].std() > 1e-3:
            gain, offset = np.polyfit(ours[inside].astype(np.float64), true[inside].astype(np.float64), 1)
            fitted[..., channel] = fitted[..., channel] * np.float32(gain) + np.float32(offset)
    return fitted


def _blurred(plane: Plane, sigma_px: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT), np.float32)


def _grown(mask: NDArray[np.uint8], width_px: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width_px, width_px))), np.uint8)


def _gradient(plane: Plane) -> tuple[Plane, Plane]:
    x, y = (cv2.Sobel(plane, cv2.CV_32F, *step, scale=1 / 8) for step in ((1, 0), (0, 1)))
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _ssim(a: Plane, b: Plane) -> float:
    mean_a, mean_b = _blurred(a, 1.5), _blurred(b, 1.5)
    var_a, var_b = _blurred(a * a, 1.5) - mean_a**2, _blurred(b * b, 1.5) - mean_b**2
    covariance = _blurred(a * b, 1.5) - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + _SSIM[0]) * (2 * covariance + _SSIM[1])
    return float(np.mean(likeness / ((mean_a**2 + mean_b**2 + _SSIM[0]) * (var_a + var_b + _SSIM[1]))))


def _gmsd(a: Plane, b: Plane) -> float:
    prewitt = np.array([[1, 0, -1]] * 3, np.float32) / 3

    def strength(plane: Plane) -> Plane:
        half = cv2.blur(plane, (2, 2))[::2, ::2]
        x, y = (cv2.filter2D(half, -1, np.ascontiguousarray(kernel)) for kernel in (prewitt, prewitt.T))
        return np.asarray(np.hypot(x, y), np.float32)

    of_a, of_b = strength(a), strength(b)
    return float(np.std((2 * of_a * of_b + _GMSD) / (of_a**2 + of_b**2 + _GMSD)))


def _colour_difference(picture: Picture, truth: Picture) -> float:
    a, b = (cv2.cvtColor(_blurred(p, 4)[::4, ::4] / np.float32(255), cv2.COLOR_RGB2Lab) for p in (picture, truth))
    return float(np.sqrt(((a - b) ** 2).sum(-1)).mean())
