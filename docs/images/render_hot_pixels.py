"""Renders the picture of `docs/explanations/hot-pixels.md`: `python docs/images/render_hot_pixels.py`.

Nine raw files of the simulated scene, shot by a sensor with hot pixels from a rig that drifts a little, fused twice:
with the hot pixels left alone, and mended as they were found from the stack itself. Prints how many there were and how
many were found, and writes hot-pixels.png beside this script: the six places where the two differ most.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np

import stackcore
from stackcore.terms import Pixels
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_scene
from stackcore.testing.scene import Scene
from stackcore.testing.sensor import Motion

HERE = Path(__file__).parent
WIDTH, HEIGHT, SLICES = 1500, 1000, 9
HALF, ENLARGED, PLACES = 24, 4, 6


def shoot(folder: Path, truth: SensorTruth) -> list[Path]:
    """Write the frames of a stack."""
    scene, motion = Scene.build(WIDTH, HEIGHT, seed=9), Motion(seed=9)
    files = []
    for shot in range(SLICES):
        focus = shot / (SLICES - 1)
        light = scene.render(focus, motion.transform(focus - 0.5, shot, WIDTH, HEIGHT))
        files.append(write_scene(folder / f"slice_{shot}.dng", truth, np.minimum(light, 1), shot=shot))
    return files


def main() -> None:
    """Shoot, stack twice, compare, draw."""
    truth = SensorTruth.random(WIDTH, HEIGHT, hot=60, levels=(1500.0, 12000.0), seed=9)
    with tempfile.TemporaryDirectory() as folder:
        files = shoot(Path(folder), truth)
        left = stackcore.stack(files, crop=False, hot_pixels=False).picture
        result = stackcore.stack(files, crop=False)
    mended = result.picture
    sites = {(site.x, site.y) for site in truth.hot}
    found = set(result.hot_pixels.places)
    print(f"{len(sites)} hot pixels, {len(found & sites)} found, {len(found - sites)} false")
    away = np.abs(left.astype(int) - mended).max(axis=2)
    inner = [(x, y) for x, y in sites if HALF <= x < WIDTH - HALF and HALF <= y < HEIGHT - HALF]
    inner.sort(key=lambda place: -int(away[place[1] - 12 : place[1] + 13, place[0] - 12 : place[0] + 13].max()))
    rows = [np.hstack([_enlarged(picture, x, y) for x, y in inner[:PLACES]]) for picture in (left, mended)]
    cv2.imwrite(str(HERE / "hot-pixels.png"), np.vstack(rows))


def _enlarged(picture: Pixels, x: int, y: int) -> np.ndarray:
    part = (picture[y - HALF : y + HALF, x - HALF : x + HALF, ::-1] / 257).astype(np.uint8)
    large = cv2.resize(part, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_NEAREST)
    return cv2.copyMakeBorder(large, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))


if __name__ == "__main__":
    main()
