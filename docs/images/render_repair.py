"""Renders the picture of `docs/explanations/on-the-mosaic.md`: `python docs/images/render_repair.py`.

One frame of the simulated scene, shot by a sensor with hot pixels and by the same sensor without, which differ in
nothing else, and developed by the raw developer. Prints the figures of that page and writes repair.png beside this
script: the three places where the ways differ most.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.protocols import Correction, Development
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_scene
from stackcore.testing.scene import Scene
from stackcore_plugins.developer_libraw.developer import LibRawDeveloper
from stackcore_plugins.developer_libraw.plugin import LibRawOptions

HERE = Path(__file__).parent
WIDTH, HEIGHT, FOCUS = 1500, 1000, 0.35
HALF, ENLARGED, PLACES = 14, 7, 3
BLOB = 5
"""How far a hot pixel spreads in the developed picture, pixels: width and height of what retouching replaces."""

Picture = NDArray[np.float64]


def developed(path: Path, correction: Correction) -> Picture:
    """Return the picture (H, W, 3), blue first, 0 to 1."""
    developer = LibRawDeveloper(LibRawOptions())
    developer.prepare(path, Development(correction=correction))
    return np.asarray(developer.read(path).pixels[..., ::-1], np.float64) / 65535


def retouched(picture: Picture, blobs: NDArray[np.uint8]) -> Picture:
    """Return the picture with the blobs filled in from their surroundings: Telea, Journal of Graphics Tools 9, 2004."""
    eight = np.rint(picture * 255).astype(np.uint8)
    filled = cv2.inpaint(eight, blobs, 3, cv2.INPAINT_TELEA) / 255
    return np.where(blobs[..., None] > 0, filled, picture)


def tile(picture: Picture, x: int, y: int) -> NDArray[np.uint8]:
    """Return the surroundings of a place, enlarged, with a white rim."""
    part = np.rint(picture[y - HALF : y + HALF, x - HALF : x + HALF] * 255).astype(np.uint8)
    large = cv2.resize(part, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.copyMakeBorder(large, 0, 6, 0, 6, cv2.BORDER_CONSTANT, value=(255, 255, 255)), np.uint8)


def main() -> None:
    """Shoot, develop in each way, compare, and write the picture."""
    faulty = SensorTruth.random(WIDTH, HEIGHT, hot=3000, levels=(1000, 9000), seed=3)
    light = Scene.build(WIDTH, HEIGHT, seed=1).render(FOCUS)
    with tempfile.TemporaryDirectory() as name:
        shot = write_scene(Path(name) / "faulty.dng", faulty, light)
        sound = write_scene(Path(name) / "sound.dng", replace(faulty, hot=()), light)
        truth = developed(sound, Correction())
        left = developed(shot, Correction())
        before = developed(shot, Correction(defects=faulty.defects()))
    sites = np.zeros((HEIGHT, WIDTH), np.uint8)
    for x, y in faulty.defects():
        sites[y, x] = 1
    blobs = cv2.dilate(sites, np.ones((BLOB, BLOB), np.uint8))
    after = retouched(left, np.asarray(blobs, np.uint8))
    ways = {"no hot pixel": truth, "left alone": left, "after demosaicing": after, "on the mosaic": before}
    near = cv2.dilate(sites, np.ones((7, 7), np.uint8)) > 0
    for way, picture in ways.items():
        print(
            f"{way:<18} {100 * np.sqrt(((picture - truth)[near] ** 2).mean()):.2f} % off within 3 pixels of a hot one"
        )
    gain = np.abs(after - truth).max(axis=2) - np.abs(before - truth).max(axis=2)
    gain[:HALF] = gain[-HALF:] = gain[:, :HALF] = gain[:, -HALF:] = 0
    rows = []
    for _ in range(PLACES):
        y, x = (int(at) for at in np.unravel_index(int(gain.argmax()), gain.shape))
        rows.append(np.hstack([tile(picture, x, y) for picture in ways.values()]))
        gain[max(y - 60, 0) : y + 60, max(x - 60, 0) : x + 60] = 0
    sheet = cv2.copyMakeBorder(np.vstack(rows), 24, 0, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    for column, way in enumerate(ways):
        at = (column * (2 * HALF * ENLARGED + 6) + 4, 16)
        cv2.putText(sheet, way, at, cv2.FONT_HERSHEY_SIMPLEX, 0.48, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.imwrite(str(HERE / "repair.png"), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
