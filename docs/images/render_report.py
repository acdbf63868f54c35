"""Takes the picture of a report for `docs/how-to/report.md`: `python docs/images/render_report.py`.

Shoots the simulated stack of the demo, fuses it, and lets Chromium show the page; nothing is drawn by hand. Writes
report.jpg beside this script: result and comparison on the left, depth and coverage on the right.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import stackcore

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1200, 1560
SHOWN = 640
"""Width of each half of the picture, pixels; it has to stay below 200 kB."""

HIDDEN = ("", ".top, nav, #verdict, #result, #compare { display: none }")
"""What is left out of each half, so that the next part of the page is at its top."""


def report(folder: Path) -> Path:
    """Shoot and fuse in `folder`; returns the page."""
    shot = stackcore.capture(slices=12, step=50, delay_ms=0, path="leaf/slice-@GCT3", base=folder)
    page = folder / "leaf.html"
    stackcore.stack(shot.files, folder / "leaf.tif", sharpen="0.5", report=page)
    return page


def photographed(page: Path, hidden: str, folder: Path) -> NDArray[np.uint8]:
    """What Chromium shows of a page without what is `hidden`, (H, W, 3), blue first."""
    part = folder / "part.html"
    part.write_text(page.read_text("utf-8").replace("</style>", f"{hidden}</style>", 1), "utf-8")
    browser = next(found for name in ("chromium", "google-chrome") if (found := shutil.which(name)))
    target = folder / "page.png"
    subprocess.run(
        [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--hide-scrollbars",
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            "--virtual-time-budget=10000",
            f"--user-data-dir={folder / 'browser'}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={target}",
            part.as_uri(),
        ],
        check=True,
        capture_output=True,
    )
    return np.asarray(cv2.imread(str(target)), np.uint8)


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("CONFIG", "STATE", "DATA"):
            os.environ[f"STACKCORE_{kind}_DIR"] = str(folder / "home")
        page = report(folder)
        halves = [photographed(page, hidden, folder) for hidden in HIDDEN]
    scale = SHOWN / WIDTH
    small = [cv2.resize(half, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for half in halves]
    cv2.imwrite(str(HERE / "report.jpg"), np.hstack(small), [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == "__main__":
    main()
