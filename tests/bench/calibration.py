"""How well calibration works on raws whose every fault is known; a script, not collected by pytest.

    python tests/bench/calibration.py --crops crops

Uses the command line as a person would, each command in a process of its own, and prints tables: dead and hot pixels
found, missed and false; white balance against the lamp; what is left of defects after development; trails in fused
pictures. See docs/how-to/measure.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from calibration_pictures import pictures_table
from command_line import Tool
from numpy.typing import NDArray

from stackcore.testing.dng import XTRANS, RawCamera
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_darks, write_grey_card

BODY = RawCamera(model="SIMULATED bench", serial="1")
OFFSETS = RawCamera(model="SIMULATED bench", serial="2", black=(480, 512, 560, 544))
TOSS_UP = 3.0
"""A hot pixel this many sigma above or below the threshold is on its side; in between noise decides."""


# ------------------------------------------------------------------------------- dark frames


@dataclass(frozen=True)
class DarkCase:
    """Some darks of a sensor, and how they are looked at."""

    name: str
    truth: SensorTruth
    darks: int = 1
    sigma: float = 10.0
    exposure_s: float = 1.0
    iso: int = 100
    leak: float = 0.0
    options: tuple[str, ...] = ()


def dark_cases(width: int, height: int) -> list[DarkCase]:
    """Return every case of the table."""

    def sensor(**kinds: Any) -> SensorTruth:
        settings = {"camera": BODY, "hot": 200, "dead": 40, "levels": (15.0, 8000.0), "seed": 7, **kinds}
        return SensorTruth.random(width, height, **settings)

    plain, glow = sensor(), sensor(glow=300.0)
    long = sensor(per_second=True, dark_current=3.0, levels=(2.0, 500.0))
    return [
        *(DarkCase(f"{n} dark{'s' * (n > 1)}", plain, n) for n in (1, 5, 20)),
        *(DarkCase(f"{n} dark{'s' * (n > 1)}, N = 5.5", plain, n, 5.5) for n in (1, 20)),
        DarkCase("no defects", replace(plain, hot=(), dead=()), 5),
        DarkCase("no defects, N = 5.5", replace(plain, hot=(), dead=()), 5, 5.5),
        DarkCase("30 s, ISO 800", long, 5, exposure_s=30.0, iso=800),
        DarkCase("columns of their own", sensor(column_noise=3.0), 5),
        DarkCase("amplifier glow", glow, 5),
        DarkCase("black by channel", sensor(camera=OFFSETS), 5),
        DarkCase("black by channel, --overall", sensor(camera=OFFSETS), 5, options=("--overall",)),
        DarkCase("X-Trans", sensor(camera=replace(BODY, pattern=XTRANS)), 5),
        DarkCase("masked margins, 12 bits", sensor(camera=replace(BODY, margins=(8, 6, 4, 2), white=4095)), 5),
        DarkCase("light leak, 2 % of white", plain, leak=0.02),
        DarkCase("no dark but a picture", plain, leak=0.3),
        DarkCase("body takes black off", sensor(subtracts_black=True), 5),
    ]


def measure_dark(case: DarkCase, tool: Tool, folder: Path) -> str:
    """Find the defects of a case; return its row."""
    truth, gain = case.truth, case.iso / 100
    if case.leak:
        write_grey_card(folder / "leak.dng", truth, level=case.leak, unevenness=1.0)
    else:
        write_darks(folder, truth, case.darks, exposure_s=case.exposure_s, iso=case.iso)
    answer = tool("darks", folder, "--name", "bench", "--overwrite", "--sigma", str(case.sigma), *case.options)
    if answer.error:
        return f"{case.name:<28} {answer.error}"
    shot_noise = gain**2 * case.exposure_s * truth.dark_current / truth.electrons_per_count
    sigma = float(np.sqrt(((gain * truth.read_noise) ** 2 + shot_noise + 1 / 12) / case.darks))
    excess = {(s.x, s.y): gain * (s.level + case.exposure_s * s.per_second) for s in truth.hot}
    clear = {place for place, level in excess.items() if level > (case.sigma + TOSS_UP) * sigma}
    faint = {place for place, level in excess.items() if level < (case.sigma - TOSS_UP) * sigma}
    hot, dead = ({tuple(place) for place in answer.data[kind]} for kind in ("hot", "dead"))
    return (
        f"{case.name:<28} {len(clear):>6} {len(clear & hot):>6} {len(clear - hot):>7} {len(faint & hot):>11} "
        f"{len(truth.dead):>6} {len(dead & set(truth.dead)):>6} "
        f"{len((hot - set(excess)) | (dead - set(truth.dead))):>6} {answer.seconds:>6.1f}  "
        f"{'; '.join(answer.warnings)[:90]}"
    )


def dark_table(tool: Tool, width: int, height: int) -> None:
    """Print found, missed and false defects of every case."""
    print(f"\nDark frames, {width} x {height}; clear: above N + {TOSS_UP:g} sigma of the averaged dark")
    print(
        f"{'case':<28} {'clear':>6} {'found':>6} {'missed':>7} {'faint found':>11} "
        f"{'dead':>6} {'found':>6} {'false':>6} {'s':>6}  warnings"
    )
    for case in dark_cases(width, height):
        with tempfile.TemporaryDirectory() as folder:
            print(measure_dark(case, tool, Path(folder)), flush=True)


# ------------------------------------------------------------------------------- white balance


def grey_cases(width: int, height: int) -> list[tuple[str, SensorTruth, dict[str, float]]]:
    """Return name, sensor and shot of every grey card."""
    defects = SensorTruth.random(width, height, hot=width * height // 500, dead=width * height // 2000, seed=3)
    warm = replace(defects, hot=(), dead=(), camera=BODY, lamp=(0.62, 1.0, 0.47, 0.98))
    return [
        ("as noted", replace(warm, lamp=None), {}),
        ("warm lamp, greens apart", warm, {}),
        ("cold, dim lamp", replace(warm, lamp=(0.3, 1.0, 0.8)), {"level": 0.05}),
        ("0.25 % of photosites defect", replace(warm, hot=defects.hot, dead=defects.dead), {}),
        ("uneven by a tenth, vignetting", replace(warm, vignetting=0.3), {"unevenness": 0.1}),
        (
            "the same, with its dark",
            replace(warm, hot=defects.hot, dead=defects.dead, camera=replace(BODY, serial="its own")),
            {},
        ),
        ("black by channel", replace(warm, camera=OFFSETS), {}),
        ("X-Trans", replace(warm, camera=replace(BODY, pattern=XTRANS), lamp=(0.62, 1.0, 0.47)), {}),
        ("body takes black off", replace(warm, subtracts_black=True), {}),
        ("some photosites full", warm, {"level": 1.0}),
    ]


def grey_table(tool: Tool, width: int, height: int) -> None:
    """Print multipliers of every grey card beside the truth."""
    print(f"\nGrey cards, {width} x {height}")
    print(f"{'case':<30} {'multipliers':<32} {'truth':<32} {'off by %':>8} {'s':>5}  warnings")
    for name, truth, shot in grey_cases(width, height):
        with tempfile.TemporaryDirectory() as folder:
            if "its dark" in name:
                tool("darks", *write_darks(Path(folder), truth, 3), "--name", "card")
            card = write_grey_card(Path(folder) / "card.dng", truth, **shot)
            answer = tool("greycard", card)
        if answer.error:
            print(f"{name:<30} {answer.error[:110]}")
            continue
        told, expected = (np.array(numbers) for numbers in (answer.data["multipliers"], truth.multipliers))
        error = 100 * float(np.abs(told / expected - 1).max())
        print(
            f"{name:<30} {_numbers(told):<32} {_numbers(expected):<32} {error:>8.3f} {answer.seconds:>5.1f}  "
            f"{'; '.join(answer.warnings)[:80]}"
        )


def _numbers(values: NDArray[np.float64]) -> str:
    return " ".join(f"{value:.4f}" for value in values)


def main() -> int:
    """Measure and print."""
    parts: dict[str, Callable[[Tool, int, int, Path | None], None]] = {
        "darks": lambda tool, width, height, _: dark_table(tool, width, height),
        "greycard": lambda tool, width, height, _: grey_table(tool, width, height),
        "pictures": pictures_table,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=768, help="of every frame, pixels, a multiple of 12")
    parser.add_argument("--crops", type=Path, help="folder for details of the pictures, side by side")
    parser.add_argument("--only", choices=list(parts), nargs="+", default=list(parts))
    chosen = parser.parse_args()
    for part in chosen.only:
        with tempfile.TemporaryDirectory() as home:  # no part may find the darks of another
            parts[part](Tool(Path(home)), chosen.width, chosen.width * 2 // 3, chosen.crops)
    return 0


if __name__ == "__main__":
    sys.exit(main())
