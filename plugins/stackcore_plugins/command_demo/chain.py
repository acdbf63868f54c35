"""The demo's run: shoot a simulated stack, fuse it, sharpen it, report on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stackcore.api.processing import StackOptions, StackResult, stack_into
from stackcore.api.shooting import CaptureRequest, CaptureResult, capture_into
from stackcore.capturing.profiles import DEFAULT_PROFILE
from stackcore.errors import OutputError
from stackcore.events import Listener, Result
from stackcore.runs import Run, run_scope

SHARPEN = "0.5"
PAGE = "index.html"


@dataclass(frozen=True, kw_only=True)
class DemoPlan:
    """What the demo shoots; slices and step cover the depth of the simulated scene, which is 550 drive units."""

    slices: int = 12
    step: int = 50
    width_px: int = 1500
    height_px: int = 1000


def run_demo(
    out: Path,
    plan: DemoPlan | None = None,
    *,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
) -> Path:
    """Shoot, fuse and show a simulated stack in a fresh folder below `out`; returns the page.

    Raises what capturing and stacking raise, and `OutputError` when `out` cannot be written.
    """
    with run_scope("demo", {"out": str(out)}, listeners, cancel) as run:
        folder = fresh_folder(out.absolute())
        began = time.monotonic()
        shot = _shoot(run, folder, plan or DemoPlan())
        shot_at = time.monotonic()
        stacked = _stack(run, shot, folder)
        timings = {"capture": shot_at - began, "stack": time.monotonic() - shot_at}
        run.emit(Result(data=_summary(folder / PAGE, shot, stacked, timings)))
        return folder / PAGE


def fresh_folder(out: Path) -> Path:
    """Make and return the first of `demo-001`, `demo-002`, ... that does not exist yet."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number in range(1, 100_000):
            folder = out / f"demo-{number:03d}"
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise OutputError(
            f"The demo cannot write to {out}.", f"{error.strerror or error}.", "choose another folder with --out."
        ) from error
    raise OutputError(f"The demo cannot write to {out}.", "it is full of demos.", "remove some of them.")


def _shoot(run: Run, folder: Path, plan: DemoPlan) -> CaptureResult:
    request = CaptureRequest(
        slices=plan.slices,
        step=plan.step,
        delay_ms=0,
        mode="full",
        camera="simulator",
        path="frames/slice-@MCT",
        base=folder,  # used as it is: a folder of the user may be called anything
        mirror="",
        profile=DEFAULT_PROFILE,
        save_profile=False,
        settings={"camera": {"width_px": plan.width_px, "height_px": plan.height_px}},
    )
    return capture_into(run, request)


def _stack(run: Run, shot: CaptureResult, folder: Path) -> StackResult:
    options = StackOptions(sharpen=SHARPEN, report=folder / PAGE)
    return stack_into(run, shot.files, folder / "result.tif", options)


def _summary(page: Path, shot: CaptureResult, stacked: StackResult, timings: dict[str, float]) -> dict[str, object]:
    return {
        "page": str(page),
        "output": str(stacked.output),
        "manifest": str(shot.manifest),
        "folder": str(shot.folder),
        "slices": len(shot.files),
        "size": f"{stacked.width} x {stacked.height}",
        "simulated": shot.simulated,
        "timings_s": {name: round(seconds, 2) for name, seconds in timings.items()},
        "peak_memory_bytes": stacked.peak_memory_bytes,
    }
