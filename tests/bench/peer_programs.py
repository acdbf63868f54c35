"""The programs that are compared: which of them are here, and how each stacks some frames.

Every program is run as its makers recommend for a focus stack, with its defaults; nothing is sharpened.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from process_tree import Command, Cost, run_together

ENFUSE = (
    "--exposure-weight=0",
    "--saturation-weight=0",
    "--contrast-weight=1",
    "--hard-mask",
    "--gray-projector=l-star",
)
"""Options of Enfuse for focus stacks, from its manual."""

Stage = Callable[[Path], Sequence[Command]]
"""What runs side by side in a scratch folder, asked for when everything before it has ended."""


@dataclass(frozen=True)
class Program:
    """One column of the comparison.

    Attributes
    ----------
    name
        As the table calls it.
    is_ours
        Whether it is one of our fusers.
    version
        What the program says of itself.
    stages
        How it makes a picture, OUT without suffix, of frames.
    """

    name: str
    is_ours: bool
    version: str
    stages: Callable[[Sequence[Path], Path], Sequence[Stage]]

    def run(self, frames: Sequence[Path], out: Path, scratch: Path, *, limit_bytes: int, limit_s: float) -> Cost:
        """Stack `frames`; the picture is `out` with some suffix, unless the cost tells a failure."""
        environment = {f"STACKCORE_{kind}_DIR": str(scratch / "home") for kind in ("CONFIG", "STATE", "DATA")}
        cost = Cost(0.0, 0.0, 0)
        for stage in self.stages([frame.resolve() for frame in frames], out.resolve()):
            commands = stage(scratch)
            later = run_together(commands, scratch, limit_bytes=limit_bytes, limit_s=limit_s, environment=environment)
            cost = cost.then(later)
            if cost.failure:
                break
        return cost


def our_fusers(names: Sequence[str], options: Sequence[str] = ()) -> list[Program]:
    """One program for each fuser, with its defaults and the whole reference frame kept."""
    version = _said_by([sys.executable, "-m", "stackcore", "--version"])

    def program(name: str) -> Program:
        def stages(frames: Sequence[Path], out: Path) -> list[Stage]:
            target = out.with_suffix(".tif")
            command = [sys.executable, "-m", "stackcore", "stack", *frames, "-o", target, "--fuser", name, "--no-crop"]
            return [lambda _: [[*command, "--quiet", "--overwrite", *options]]]

        return Program(name, True, version, stages)

    return [program(name) for name in names]


def present_peers() -> list[Program]:
    """Other programs found on this machine.

    `enfuse` and `align_image_stack`, `focus-stack` and `chimpstackr` are looked for on PATH, or where ENFUSE,
    ALIGN_IMAGE_STACK, FOCUS_STACK and CHIMPSTACKR say; shinestacker in the interpreter SHINESTACKER_PYTHON.
    """
    found = []
    enfuse, align = _program("enfuse"), _program("align_image_stack")
    if enfuse and align:
        found.append(_align_and_enfuse(align, enfuse))
    if python := os.environ.get("SHINESTACKER_PYTHON"):
        tell = "from importlib.metadata import version; print('shinestacker', version('shinestacker'))"
        version = _said_by([python, "-c", tell])
        found += [_shinestacker(python, kind, version) for kind in ("pyramid", "depthmap")]
    if focus_stack := _program("focus-stack"):
        found.append(_focus_stack(focus_stack))
    if chimpstackr := _program("chimpstackr"):
        found.append(_chimpstackr(chimpstackr))
    return found


def _align_and_enfuse(align: str, enfuse: str) -> Program:
    """Two aligners side by side, from the middle frame outwards, as both have to start from one picture; then blend."""

    def stages(frames: Sequence[Path], out: Path) -> list[Stage]:
        middle = max(0, len(frames) // 2 - 1)
        halves = {"near_": frames[middle::-1], "far_": frames[middle:]}
        flags = ["-m", "--use-given-order"]
        commands = [[align, *flags, "-a", name, *half] for name, half in halves.items() if len(half) > 1]

        def blend(scratch: Path) -> list[Command]:
            near = sorted(scratch.glob("near_*.tif"), reverse=True)
            far = sorted(scratch.glob("far_*.tif"))
            aligned = [*near, *(far[1:] if near else far)]  # the middle frame is in both
            return [[enfuse, *ENFUSE, f"--output={out.with_suffix('.tif')}", *aligned]]

        return [lambda _: commands, blend]

    version = f"{_said_by([enfuse, '--version'])}, {_said_by([align, '--help'], line=1)}"
    return Program("align_image_stack + enfuse", False, version, stages)


def _shinestacker(python: str, kind: str, version: str) -> Program:
    job = Path(__file__).with_name("shinestacker_job.py")
    return Program(
        f"shinestacker {kind}", False, version, lambda frames, out: [lambda _: [[python, job, kind, out, *frames]]]
    )


def _focus_stack(binary: str) -> Program:
    def stages(frames: Sequence[Path], out: Path) -> list[Stage]:
        return [lambda _: [[binary, "--align-keep-size", f"--output={out.with_suffix('.tif')}", *frames]]]

    return Program("focus-stack", False, _said_by([binary, "--version"]), stages)


def _chimpstackr(binary: str) -> Program:
    def stages(frames: Sequence[Path], out: Path) -> list[Stage]:
        flags = ["--align", "--rotation-scale", "--alignment-ref", "middle"]
        return [lambda _: [[binary, "--input", *frames, "--output", out.with_suffix(".tif"), *flags]]]

    return Program("ChimpStackr", False, "chimpstackr", stages)


def _program(name: str) -> str | None:
    return os.environ.get(name.upper().replace("-", "_")) or shutil.which(name)


def _said_by(command: Sequence[str], line: int = 0) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    lines = [text for text in done.stdout.splitlines() if text.strip()]
    return lines[line].strip() if len(lines) > line else command[0]
