"""Renders the picture of `docs/explanations/depth.md`: `python docs/images/render_depth.py`.

A stack of the simulated scene, whose depth is known, fused by `blend`. Prints the table of that page and writes
depth-map.jpg beside this script: the picture, what each place tells of its own depth, how sure it is, the depth map.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.fusing.depth_map import depth_map
from stackcore.registry import Registry
from stackcore.stacking import depth_picture
from stackcore.stacking.transfer import UNITY, luma, normalise
from stackcore.terms import Frame, StackInfo
from stackcore.testing.scene import Motion, SyntheticStack, make_stack

HERE = Path(__file__).parent
WIDTH, HEIGHT, FRAMES = 900, 600, 9
NOISE = 0.003
"""Standard deviation of luma noise in these frames, as a fraction of white."""

TILE, GAP, QUALITY = (600, 400), 8, 82

Plane = NDArray[np.float32]


def found(stack: SyntheticStack) -> tuple[NDArray[np.uint16], Plane, Plane, Plane]:
    """Return the picture, each place's own depth enlarged, the depth map and its confidence."""
    fuser = Registry.discover().build("fuser", "blend")
    info = StackInfo(
        WIDTH, HEIGHT, FRAMES, stack.reference, stack.frames[0].dtype.name, noise_sigma=NOISE, finds_depth=True
    )
    state = fuser.start(info)
    for index, pixels in enumerate(stack.frames):
        state = fuser.add(state, Frame(index, pixels))
    fused = fuser.finish(state)

    def brightness(top: int, bottom: int) -> Plane:
        return luma(normalise(fused.pixels[top:bottom], UNITY, "srgb"))

    depth, confidence = depth_map(fused.evidence, brightness, HEIGHT, WIDTH, FRAMES)
    own = cv2.resize(fused.evidence.depth, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    return fused.pixels, own, depth, confidence


def tile(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (H, W, 3), red first, at the size of a tile with a white rim, blue first."""
    small = cv2.resize(picture[..., ::-1], TILE, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.copyMakeBorder(small, 0, GAP, 0, GAP, cv2.BORDER_CONSTANT, value=(255, 255, 255)), np.uint8)


def main() -> None:
    """Fuse, compare with the truth, and write the picture."""
    stack = make_stack(WIDTH, HEIGHT, FRAMES, seed=2, motion=Motion.none())
    picture, own, depth, sure = found(stack)
    for low, high in ((0.8, 1.01), (0.6, 0.8), (0.3, 0.6), (0.0, 0.3)):
        place = (sure >= low) & (sure < high)
        error, before = (np.abs(plane - stack.depth)[place] for plane in (depth, own))
        print(
            f"{low:.1f}: {100 * place.mean():.0f} % of the picture, {np.median(error):.2f} and "
            f"{np.quantile(error, 0.9):.2f} slices off; own depth {np.median(before):.2f} and "
            f"{np.quantile(before, 0.9):.2f}"
        )
    certain = np.repeat((depth_picture.grey_confidence(sure) >> 8).astype(np.uint8)[..., None], 3, axis=2)
    tiles = [
        (picture >> 8).astype(np.uint8),
        depth_picture.colours(own, FRAMES),
        certain,
        depth_picture.colours(depth, FRAMES),
    ]
    upper, lower = (np.hstack([tile(t) for t in pair]) for pair in (tiles[:2], tiles[2:]))
    sheet = np.vstack([upper, lower])[:-GAP, :-GAP]
    cv2.imwrite(str(HERE / "depth-map.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    main()
