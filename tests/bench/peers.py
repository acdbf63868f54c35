"""Our fusers and other focus stackers side by side on the same frames; a script, not collected by pytest.

    python tests/bench/peers.py STACK... --out DIR [--judge "python judge.py"] [--crop X,Y,W,H]
    python tests/bench/peers.py --make STACK --size 1800x1200 --frames 10

Writes DIR/results.json, DIR/table.md, the pictures, and sheets of details side by side. A run that was interrupted
goes on where it stopped. See docs/how-to/measure.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import cv2
from crop_sheets import Place, sheet, where_they_differ
from peer_programs import Program, our_fusers, present_peers
from peer_tables import Row, report
from picture_scores import judged, scored
from truth_stack import Picture, TruthStack, read, write_stack

FUSERS = ("blend", "weighted", "pyramid", "depthmap", "contrast")


class Comparison:
    """Rows on the disk, one for each program and stack."""

    def __init__(self, out: Path, *, costs: bool = True) -> None:
        self.out = out
        self._costs = costs
        self._store = out / "results.json"
        out.mkdir(parents=True, exist_ok=True)
        told = json.loads(self._store.read_text(encoding="utf-8")) if self._store.exists() else []
        self.rows = [Row.from_json(row) for row in told]

    def has(self, stack: str, program: str) -> bool:
        """Whether that was run before."""
        return any(row.stack == stack and row.program == program for row in self.rows)

    def of(self, stack: str) -> list[Row]:
        """Rows of one stack."""
        return [row for row in self.rows if row.stack == stack]

    def add(self, row: Row) -> None:
        """Remember a row in place of an earlier one of that stack and program, on the disk too."""
        key = (row.stack, row.program)
        self.rows = [*(kept for kept in self.rows if (kept.stack, kept.program) != key), row]
        _replace(self._store, json.dumps([asdict(row) for row in self.rows], indent=1))

    def tell(self) -> None:
        """Write the table."""
        _replace(self.out / "table.md", report(self.rows, machine(), costs=self._costs))


def machine() -> dict[str, str]:
    """What a table has to say about the computer it was made on."""
    cpu = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = names[0] if names else cpu
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{cpu}, {cores} cores",
        "system": f"{platform.platform()}, Python {platform.python_version()}",
    }


def run(comparison: Comparison, stack: TruthStack, programs: Sequence[Program], chosen: argparse.Namespace) -> None:
    """Run on one stack what has not been run yet, one program at a time, and score the pictures."""
    frames, megapixels = stack.frames, stack.megapixels()
    for program in programs:
        if comparison.has(stack.name, program.name):
            continue
        out = comparison.out / stack.name / program.name.replace(" ", "-")
        out.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
            limits = {"limit_bytes": round(chosen.limit_gib * 2**30), "limit_s": chosen.limit_s}
            cost = program.run(frames, out, Path(scratch), **limits)
        picture = next(iter(sorted(out.parent.glob(f"{out.name}.[tjp]*"))), None)
        scores = {}
        if picture is not None and not cost.failure and stack.has_truth:
            scores = (judged(chosen.judge, stack, [picture]) if chosen.judge else scored(stack, [picture]))[0]
        name = str(picture.relative_to(comparison.out)) if picture and not cost.failure else ""
        size = (len(frames), round(megapixels, 2))
        comparison.add(Row(stack.name, *size, program.name, program.is_ours, program.version, cost, scores, name))
        told = " ".join(f"{key} {value:.3f}" for key, value in scores.items() if value is not None)
        print(f"{stack.name} {program.name}: {cost.failure or told} ({cost.cpu_s:.0f} s of CPU)", flush=True)


def show(comparison: Comparison, stack: TruthStack, crops: Sequence[Place], count: int) -> None:
    """Write the sheet of details of one stack."""
    pictures: dict[str, Picture] = {"truth": stack.truth()} if stack.has_truth else {}
    pictures |= {row.program: read(comparison.out / row.picture) for row in comparison.of(stack.name) if row.picture}
    places = list(crops) or where_they_differ(list(pictures.values()), count)
    if len(pictures) > 1 and places:
        made = sheet(pictures, places)
        cv2.imwrite(str(comparison.out / f"{stack.name}.png"), made[..., ::-1])


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".part")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.replace("x", ",").split(","))


def main() -> int:
    """Make a stack, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stacks", nargs="*", type=Path, help="folders of frames, with their truth if there is one")
    parser.add_argument("--out", type=Path, default=Path("comparison"), help="where results go")
    parser.add_argument("--judge", type=shlex.split, help="a command that scores pictures, instead of our own measures")
    parser.add_argument("--fusers", nargs="*", default=FUSERS, help="ours, by name")
    parser.add_argument("--peers", nargs="*", help="others, by a part of their names; all that are here if left out")
    parser.add_argument(
        "--option", action="append", default=[], help="handed to stackcore stack, for example --memory=1GiB"
    )
    parser.add_argument("--crop", action="append", type=_numbers, default=[], help="X,Y,W,H of a detail to show")
    parser.add_argument("--crops", type=int, default=4, help="else so many where the pictures differ most")
    parser.add_argument("--limit-gib", type=float, default=12, help="a program that takes more memory is stopped")
    parser.add_argument("--limit-s", type=float, default=3600, help="and one that takes longer")
    parser.add_argument("--no-costs", action="store_true", help="no time and memory in the table: the machine is busy")
    parser.add_argument("--make", type=Path, metavar="STACK", help="write a synthetic stack, and nothing else")
    parser.add_argument("--size", type=_numbers, default=(1800, 1200), help="of its frames, WxH")
    parser.add_argument("--frames", type=int, default=10, help="of it")
    parser.add_argument("--seed", type=int, default=0, help="of its scene")
    chosen = parser.parse_args()
    if chosen.make:
        write_stack(chosen.make, *chosen.size, chosen.frames, seed=chosen.seed)
        return 0
    peers = present_peers()
    if chosen.peers is not None:
        peers = [peer for peer in peers if any(part in peer.name for part in chosen.peers)]
    programs = [*our_fusers(chosen.fusers, chosen.option), *peers]
    comparison = Comparison(chosen.out, costs=not chosen.no_costs)
    for stack in map(TruthStack, chosen.stacks):
        run(comparison, stack, programs, chosen)
        show(comparison, stack, chosen.crop, chosen.crops)
    comparison.tell()
    return 0


if __name__ == "__main__":
    sys.exit(main())
