"""Time and memory of developing raw files, beside dcraw, in one run; a script, not collected by pytest.

    python tests/bench/develop.py --megapixels 24 --frames 5

The raw files are of the simulated sensor with defects and glow. dcraw is left out where it is not installed. Every row
is a process of its own, with one core unless `--cores` says otherwise: dcraw knows no threads. See
docs/how-to/measure.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20
DEMOSAICS = {"linear": 0, "ppg": 2, "ahd": 3}
CORRECTIONS = ("none", "dark", "defects", "both")
WRITER = """
import sys
import numpy as np
from pathlib import Path
from stackcore.testing.dng import RawCamera, tiled
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_darks, write_shot
from stackcore.testing.scene import Scene

folder, width, height, count, defects = Path(sys.argv[1]), *map(int, sys.argv[2:])
small = Scene.build(width // 4, height // 4, seed=1).sharp()
light = np.repeat(np.repeat(small, 4, axis=0), 4, axis=1)[:height, :width]
truth = SensorTruth.random(width, height, hot=defects, seed=1, glow=400.0, per_second=True)
np.save(folder / "defects.npy", np.array(truth.defects()))
(folder / "bad.txt").write_text("".join(f"{x} {y} 0\\n" for x, y in truth.defects()))
write_darks(folder, truth, 1)
first = truth.scene(light)
for index in range(count):
    write_shot(folder / f"raw_{index:02d}.dng", truth, first)
"""
OURS = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
import cv2
from stackcore.protocols import Correction, Development
from stackcore_plugins.developer_libraw.developer import LibRawDeveloper
from stackcore_plugins.developer_libraw.plugin import LibRawOptions

folder, demosaic, what, write = Path(sys.argv[1]), *sys.argv[2:]
cv2.setNumThreads(1)
paths = sorted(folder.glob("raw_*.dng"))
developer = LibRawDeveloper(LibRawOptions(demosaic=demosaic))
dark = developer.mosaic(folder / "dark_00.dng").values.astype(np.float32) if what in ("dark", "both") else None
defects = tuple(map(tuple, np.load(folder / "defects.npy").tolist())) if what in ("defects", "both") else ()
begun = time.process_time()
developer.prepare(paths[0], Development(encoding="linear", correction=Correction(dark=dark, defects=defects)))
prepared = time.process_time()
for path in paths:
    pixels = None  # that of the last frame
    pixels = developer.read(path).pixels
    if write == "write":
        pixels.tofile(folder / "out.bin")
        (folder / "out.bin").unlink()
done = time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([(done - prepared) / len(paths), prepared - begun, peak]))
"""
LIBRAW = """
import json, resource, sys, time
from pathlib import Path
import rawpy

folder, demosaic = Path(sys.argv[1]), sys.argv[2]
paths = sorted(folder.glob("raw_*.dng"))
begun = time.process_time()
for path in paths:
    with rawpy.imread(str(path)) as raw:
        raw.postprocess(
            use_camera_wb=True, no_auto_bright=True, adjust_maximum_thr=0.0, output_bps=16, gamma=(1, 1),
            demosaic_algorithm=rawpy.DemosaicAlgorithm[demosaic.upper()],
        )
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([(time.process_time() - begun) / len(paths), 0.0, peak]))
"""


@dataclass(frozen=True)
class Measured:
    """One row of the table: CPU seconds for each frame, those of preparing, and peak memory."""

    who: str
    demosaic: str
    correction: str
    frame_s: float
    prepare_s: float
    peak_bytes: int


def scripted(who: str, code: str, folder: Path, demosaic: str, correction: str) -> Measured:
    """Run one of the scripts above in a fresh process."""
    arguments = [sys.executable, "-c", code, str(folder), demosaic, correction, "write"]
    answer = json.loads(subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return Measured(who, demosaic, correction, *answer)


def by_dcraw(folder: Path, demosaic: str, correction: str) -> Measured:
    """Each file in a process of its own, as dcraw has it; it writes TIFF, whose bytes are thrown away."""
    flags = ["-w", "-4", "-T", "-c", "-t", "0", "-q", str(DEMOSAICS[demosaic])]
    if correction in ("defects", "both"):
        flags += ["-P", str(folder / "bad.txt")]
    if correction in ("dark", "both"):
        flags += ["-K", str(folder / "dark_00.pgm")]
    seconds, peaks = [], []
    for path in sorted(folder.glob("raw_*.dng")):
        with (folder / "out.bin").open("wb") as out:
            child = subprocess.Popen(["dcraw", *flags, str(path)], stdout=out)
            _, status, used = os.wait4(child.pid, 0)
        if status:
            raise SystemExit(f"dcraw {' '.join(flags)} {path} failed")
        seconds.append(used.ru_utime + used.ru_stime)
        peaks.append(used.ru_maxrss * 1024)
    (folder / "out.bin").unlink()
    return Measured("dcraw", demosaic, correction, sum(seconds) / len(seconds), 0.0, max(peaks))


def measured(folder: Path, demosaics: Sequence[str]) -> list[Measured]:
    """Everybody in turn, with every demosaic and correction."""
    who: list[Callable[[str, str], Measured]] = [lambda d, c: scripted("stackcore", OURS, folder, d, c)]
    if shutil.which("dcraw"):
        subprocess.run(["dcraw", "-D", "-4", "-j", "-t", "0", str(folder / "dark_00.dng")], check=True)
        who.append(lambda d, c: by_dcraw(folder, d, c))
    rows = []
    for demosaic in demosaics:
        rows.append(scripted("LibRaw alone", LIBRAW, folder, demosaic, "none"))
        rows += [run(demosaic, correction) for correction in CORRECTIONS for run in who]
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=24.0, help="size of a frame")
    parser.add_argument("--frames", type=int, default=3, help="how many raw files")
    parser.add_argument("--defects", type=int, default=2000, help="how many hot pixels the sensor has")
    parser.add_argument("--demosaic", nargs="+", choices=DEMOSAICS, default=["linear", "ahd"])
    parser.add_argument("--cores", type=int, default=1)
    chosen = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: chosen.cores]))
    os.environ["OMP_NUM_THREADS"] = str(chosen.cores)
    width = round((chosen.megapixels * 1e6 * 1.5) ** 0.5 / 12) * 12
    height = round(width / 3) * 2
    with tempfile.TemporaryDirectory() as name:
        sizes = [str(n) for n in (width, height, chosen.frames, chosen.defects)]
        subprocess.run([sys.executable, "-c", WRITER, name, *sizes], check=True)
        begun = time.monotonic()
        rows = measured(Path(name), chosen.demosaic)
    print(f"{width}x{height}, {chosen.frames} frames, {chosen.defects} defects, {time.monotonic() - begun:.0f} s")
    print(f"{'':>13} {'demosaic':>8} {'correction':>10} {'s/frame':>8} {'prepare s':>9} {'peak MiB':>9}")
    for row in rows:
        print(
            f"{row.who:>13} {row.demosaic:>8} {row.correction:>10} {row.frame_s:8.2f} {row.prepare_s:9.2f} "
            f"{row.peak_bytes / MIB:9.0f}"
        )


if __name__ == "__main__":
    main()
