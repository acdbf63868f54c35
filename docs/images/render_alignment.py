"""Renders the picture of `docs/explanations/alignment.md`: `python docs/images/render_alignment.py`.

Two links of a simulated stack, seen as the aligner sees them: where tiles lie, how far each is trusted, and by how much
it says that it is displaced once the match that was found is applied. Prints the errors, and writes alignment.jpg
beside this script.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import ReducedFrame
from stackcore.stacking.transfer import linear_light, luma
from stackcore.testing.scene import SyntheticStack, make_stack
from stackcore_plugins.aligner_ecc.aligner import EccAligner
from stackcore_plugins.aligner_ecc.families import corners_of
from stackcore_plugins.aligner_ecc.plugin import EccOptions
from stackcore_plugins.aligner_ecc.refine import displaced
from stackcore_plugins.aligner_ecc.tile_sums import tile_sums

HERE = Path(__file__).parent
WIDTH, HEIGHT, FRAMES, TILE_PX, BLUR_PX = 960, 640, 12, 48, 1.2
LINKS = ((2, 3), (9, 10))
ENLARGED = 200
"""A displacement of a tenth of a pixel is drawn 20 px long."""

Picture = NDArray[np.uint8]


def seen(stack: SyntheticStack, index: int) -> ReducedFrame:
    """Return a frame as the aligner gets it; these are small, and need not be reduced."""
    return ReducedFrame(index, luma(linear_light(stack.frames[index], "srgb")), WIDTH, HEIGHT)


def panel(stack: SyntheticStack, fixed: int, moving: int) -> Picture:
    """Return one link: the fixed frame, and on it each tile, the greener the surer, with what it says."""
    here, there = seen(stack, fixed), seen(stack, moving)
    found = EccAligner(EccOptions()).register(here, there).transform
    assert found is not None
    truth = stack.transforms[fixed].inverse().then(stack.transforms[moving])
    corners = corners_of(WIDTH, HEIGHT)
    error = float(np.sqrt(((found.apply(corners) - truth.apply(corners)) ** 2).sum(axis=1).mean()))
    print(f"frames {fixed} and {moving}: {error:.3f} px RMS at the corners")
    everything = np.ones((HEIGHT, WIDTH), np.uint8)
    smooth = [np.ascontiguousarray(cv2.GaussianBlur(f.luma, (0, 0), BLUR_PX), np.float32) for f in (here, there)]
    sums = tile_sums(smooth[0], smooth[1], everything, everything, found.matrix, TILE_PX)
    tiles = displaced(sums, TILE_PX, (WIDTH, HEIGHT))
    picture = np.ascontiguousarray(stack.frames[fixed][..., ::-1] // 2)
    unsure_px = 1 / np.sqrt(np.trace(tiles.information, axis1=1, axis2=2) / 2)
    for centre, shift, px in zip(tiles.centres, tiles.shifts, unsure_px, strict=True):
        sure = float(np.clip(np.log10(0.3 / px) / np.log10(0.3 / 0.015), 0, 1))
        colour = (40.0, 255 * sure, 255 * (1 - sure))
        corner = np.rint(centre - TILE_PX / 2 + 2).astype(int), np.rint(centre + TILE_PX / 2 - 2).astype(int)
        cv2.rectangle(picture, corner[0].tolist(), corner[1].tolist(), colour, 1, cv2.LINE_AA)
        if sure > 0:
            end = np.rint(centre + np.clip(ENLARGED * shift, -TILE_PX, TILE_PX)).astype(int)
            cv2.line(picture, np.rint(centre).astype(int).tolist(), end.tolist(), colour, 2, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)


def main() -> None:
    """Shoot, register, draw."""
    stack = make_stack(WIDTH, HEIGHT, FRAMES, seed=4)
    rim = np.full((HEIGHT, 8, 3), 255, np.uint8)
    left, right = (panel(stack, *link) for link in LINKS)
    cv2.imwrite(str(HERE / "alignment.jpg"), np.hstack([left, rim, right]), [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
