"""The fuser `contrast` beside Enfuse itself, same frames and parameters; a script, not collected by pytest.

    python tests/bench/beside_enfuse.py

Frames of the simulated scene, three times with another seed or depth of field, nothing to align. Prints how far both
pictures are from each other, and each from the truth.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import tifffile
from peer_programs import ENFUSE
from picture_scores import score
from truth_stack import Picture, read

import stackcore
from stackcore.testing.scene import Motion, make_stack

CASES = ((0, None), (3, None), (1, 36.0))
"""Seed of the scene, and radius of its blur, pixels."""

RIM = np.s_[16:-16, 16:-16]
"""Enfuse cuts its windows at the edge of the picture, `contrast` mirrors."""


def apart(a: Picture, b: Picture) -> float:
    """Peak signal to noise of one picture against another, dB."""
    return float(10 * np.log10(255**2 / np.mean((a - b)[RIM] ** 2)))


def compare(folder: Path, seed: int, blur_px: float | None) -> None:
    """Fuse one stack with both, and print a row."""
    stack = make_stack(900, 600, 9, seed=seed, blur_px=blur_px, motion=Motion.none())
    names = [f"slice_{index}.tif" for index in range(len(stack.frames))]
    for name, frame in zip(names, stack.frames, strict=True):
        tifffile.imwrite(folder / name, frame.astype(np.uint16) * 257, photometric="rgb")
    command = ["enfuse", *ENFUSE, "--contrast-window-size=5", "--depth=16", "--output=enfuse.tif", *names]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    as_they_lie = {"align": False, "crop": False, "match_exposure": False, "hot_pixels": False}
    result = stackcore.stack(
        [folder / name for name in names], folder / "contrast.tif", fuser="contrast", **as_they_lie
    )
    assert result.output is not None
    ours, theirs = read(result.output), read(folder / "enfuse.tif")
    truth = np.asarray(stack.truth, np.float32)
    told = [score(picture, truth) for picture in (ours, theirs)]
    print(
        f"{seed:>4} {apart(ours, theirs):>10.1f} {np.abs(ours - theirs).mean():>6.2f} "
        f"{apart(ours, truth):>9.1f} {apart(theirs, truth):>7.1f} "
        f"{told[0]['ssim']:>9.3f} {told[1]['ssim']:>7.3f} {told[0]['halo']:>9.2f} {told[1]['halo']:>7.2f} "
        f"{told[0]['noise']:>9.2f} {told[1]['noise']:>7.2f}",
        flush=True,
    )


def main() -> int:
    """Compare on every case."""
    cv2.setNumThreads(1)
    print(
        f"{'':>4} {'apart':>10} {'mean':>6} {'off truth, dB':>17} {'SSIM':>17} {'halo':>17} {'noise':>17}\n"
        f"{'seed':>4} {'dB':>10} {'':>6} " + " ".join(f"{'contrast':>9} {'enfuse':>7}" for _ in range(4))
    )
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), *case)
    return 0


if __name__ == "__main__":
    sys.exit(main())
