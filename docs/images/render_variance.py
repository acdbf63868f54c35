"""Renders the picture of `docs/tutorials/plugins/variance-fuser.md`: `python docs/images/render_variance.py`.

The plugin must be installed: `pip install docs/tutorials/plugins/variance-fuser`. The stack is the simulated scene,
whose truth is known; nothing is aligned, so that what differs is fusion alone. Writes variance-fuser.jpg beside this
script and prints how far each fuser is from the truth.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

import stackcore
from stackcore.testing.scene import Motion, make_stack

HERE = Path(__file__).parent
WIDTH, HEIGHT, FRAMES = 900, 600, 9
FUSERS = ("variance", "weighted", "blend")
PLACES = ((96, 330, 180, 120), (352, 396, 180, 120))
TILE_PX = 300

Bytes = NDArray[np.uint8]


def fused(folder: Path, fuser: str) -> Bytes:
    """What a fuser makes of the frames as they lie, (H, W, 3)."""
    result = stackcore.stack(folder, fuser=fuser, align=False, crop=False, match_exposure=False, hot_pixels=False)
    return np.asarray(np.rint(result.picture / np.float32(257)), np.uint8)


def tile(picture: Bytes, name: str, place: tuple[int, int, int, int]) -> Bytes:
    """A part of a picture with its name above."""
    x, y, w, h = place
    size = (TILE_PX, round(TILE_PX * h / w))
    sized = cv2.resize(picture[y : y + h, x : x + w], size, interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(sized, 20, 4, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(framed, name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)


def main() -> None:
    """Make the stack, fuse it three times, write the picture."""
    stack = make_stack(WIDTH, HEIGHT, FRAMES, motion=Motion.none())
    with tempfile.TemporaryDirectory() as name:
        for index, frame in enumerate(stack.frames):
            tifffile.imwrite(Path(name) / f"slice_{index}.tif", frame, photometric="rgb")
        pictures = {fuser: fused(Path(name), fuser) for fuser in FUSERS}
    for fuser, picture in pictures.items():
        print(f"{fuser}: {cv2.PSNR(picture, stack.truth):.1f} dB")
    shown = {"one frame of nine": stack.frames[4], **pictures}
    sheet = np.vstack([np.hstack([tile(shot, name, place) for name, shot in shown.items()]) for place in PLACES])
    path = HERE / "variance-fuser.jpg"
    cv2.imwrite(str(path), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 84, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    print(f"{path.name}: {sheet.shape[1]} x {sheet.shape[0]}, {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
