"""Peak memory and time of a stack, for a few and for many frames; a script, not collected by pytest.

    python tests/bench/bench_memory.py --megapixels 24 --frames 10 40 --workers 2

Each stack runs in a process of its own, so that peaks do not add up. See docs/how-to/measure.md.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20
LEVEL_WITHIN = 0.05
"""Memory must not grow with the number of frames; this much is left to chance."""


@dataclass(frozen=True)
class Measured:
    """One row of the table."""

    frames: int
    peak_bytes: int
    seconds: dict[str, float]
    wall_s: float


def make_frames(folder: Path, megapixels: float, count: int, suffix: str) -> None:
    """Write `count` frames of the simulated scene; they show it at nine focus positions, over and over."""
    import cv2
    import numpy as np
    import pyvips

    from stackcore.testing.scene import make_stack

    width = round((megapixels * 1e6 * 1.5) ** 0.5 / 2) * 2
    height = round(width / 3) * 2
    seen = make_stack(width // 4, height // 4, 9, dtype="uint16" if suffix == "tif" else "uint8").frames
    for index in range(count):
        enlarged = cv2.resize(np.asarray(seen[index * 9 // count]), (width, height), interpolation=cv2.INTER_CUBIC)
        options = {} if suffix == "tif" else {"Q": 92}
        pyvips.Image.new_from_array(enlarged).write_to_file(str(folder / f"frame_{index:03d}.{suffix}"), **options)


def measure(folder: Path, workers: int) -> Measured:
    """Stack a folder in a fresh process and read its peak."""
    code = (
        "import json, sys, stackcore\n"
        "r = stackcore.stack(sys.argv[1], sys.argv[2], workers=int(sys.argv[3]))\n"
        "print(json.dumps([r.frames, r.peak_memory_bytes, r.seconds]))\n"
    )
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as out:
        arguments = [sys.executable, "-c", code, str(folder), str(Path(out) / "result.tif"), str(workers)]
        answer = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout
    frames, peak, seconds = json.loads(answer)
    return Measured(frames, peak, seconds, time.monotonic() - begun)


def report(rows: list[Measured], megapixels: float) -> bool:
    """Print the table; True when memory stays level."""
    print(
        f"{'frames':>6} {'peak MiB':>9} {'align s':>8} {'fuse s':>7} {'write s':>8} {'wall s':>7} {'ms/MP-frame':>12}"
    )
    for row in rows:
        stages = [row.seconds.get(stage, 0.0) for stage in ("align", "fuse", "write")]
        per_megapixel = 1000 * (stages[0] + stages[1]) / (megapixels * row.frames)
        print(
            f"{row.frames:6d} {row.peak_bytes / MIB:9.0f} {stages[0]:8.2f} {stages[1]:7.2f} {stages[2]:8.2f} "
            f"{row.wall_s:7.2f} {per_megapixel:12.1f}"
        )
    growth = max(r.peak_bytes for r in rows) / min(r.peak_bytes for r in rows) - 1
    print(f"largest peak over smallest: +{100 * growth:.1f} % (allowed {100 * LEVEL_WITHIN:.0f} %)")
    return growth <= LEVEL_WITHIN


def main() -> int:
    """Measure and print; exit code 1 when memory grows with the number of frames."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=6.0, help="size of a frame")
    parser.add_argument("--frames", type=int, nargs="+", default=[10, 40], help="how many frames, one run for each")
    parser.add_argument("--format", choices=["jpg", "tif"], default="jpg", help="8-bit JPEG or 16-bit TIFF")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    rows = []
    for count in chosen.frames:
        with tempfile.TemporaryDirectory() as folder:
            # Rendered in a process of its own too: on Linux a peak is inherited by whatever this one starts later.
            arguments = (Path(folder), chosen.megapixels, count, chosen.format)
            maker = multiprocessing.get_context("spawn").Process(target=make_frames, args=arguments)
            maker.start()
            maker.join()
            rows.append(measure(Path(folder), chosen.workers))
    return 0 if report(rows, chosen.megapixels) else 1


if __name__ == "__main__":
    sys.exit(main())
