"""`stackcore run`: from camera to picture."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackcore.cli import capture_options as shot
from stackcore.cli import stack_options as stacked
from stackcore.cli.developing import Balance, Darks, Exposure, Flat, Highlights, Space
from stackcore.cli.naming import (
    AskOption,
    BatchIdOption,
    Bd1Option,
    Bd2Option,
    Bd3Option,
    Bd4Option,
    Bd5Option,
    Bd6Option,
    JobOption,
    MirrorOption,
    ProfileOption,
    ask_user,
    given_fields,
)
from stackcore.cli.watch import OptionalPortCommand, watched

if TYPE_CHECKING:
    from stackcore.api.preparing import CaptureRequest
    from stackcore.api.presets import SettledStack
    from stackcore.events import Listener

OutputOrNone = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The picture to write; beside the folder of the frames if left out."),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("run", cls=OptionalPortCommand)(run)


def run(
    output: OutputOrNone = None,
    preset: stacked.Preset = None,
    camera: shot.Camera = None,
    slices: shot.Slices = None,
    step: shot.Step = None,
    delay_ms: shot.DelayMs = None,
    mode: shot.Mode = None,
    path: shot.Path = None,
    profile: ProfileOption = None,
    job: JobOption = None,
    batch_id: BatchIdOption = None,
    bd1: Bd1Option = None,
    bd2: Bd2Option = None,
    bd3: Bd3Option = None,
    bd4: Bd4Option = None,
    bd5: Bd5Option = None,
    bd6: Bd6Option = None,
    ask: AskOption = None,
    mirror: MirrorOption = None,
    no_save: shot.NoSave = False,
    live_view_start: shot.LiveViewStart = None,
    sharpness: shot.Sharpness = None,
    watch: shot.Watch = None,
    aligner: stacked.Aligner = None,
    model: stacked.Model = None,
    fuser: stacked.Fuser = None,
    sharpener: stacked.Sharpener = None,
    executor: stacked.Executor = None,
    sharpen: stacked.Sharpen = None,
    workers: stacked.Workers = None,
    memory: stacked.Memory = None,
    keep_aligned: stacked.KeepAligned = None,
    keep_slabs: stacked.KeepSlabs = None,
    slabs: stacked.Slabs = None,
    slab_size: stacked.SlabSize = None,
    slab_overlap: stacked.SlabOverlap = None,
    align: stacked.Align = None,
    crop: stacked.Crop = None,
    match_exposure: stacked.MatchExposure = None,
    on_unaligned: stacked.OnUnaligned = None,
    hot_pixels: stacked.HotPixels = None,
    linear: stacked.Linear = None,
    white_balance: Balance = None,
    darks: Darks = None,
    flat: Flat = None,
    colour_space: Space = None,
    exposure: Exposure = None,
    highlights: Highlights = None,
    setting: stacked.Setting = None,
    compression: stacked.Compression = None,
    tiled: stacked.Tiled = None,
    quality: stacked.Quality = None,
    depth_map: stacked.DepthMap = None,
    report: stacked.Report = None,
    no_presets: stacked.NoPresets = False,
    overwrite: stacked.Overwrite = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen; touch no camera and write nothing.")
    ] = False,
    json: stacked.Json = False,
    quiet: stacked.Quiet = False,
    verbose: stacked.Verbose = False,
) -> None:
    """Shoot a focus stack and fuse it: from camera to picture in one go.

    The options are those of `stackcore capture` and `stackcore stack`, and a preset may hold both. Should fusing fail,
    or be cancelled, the frames are kept.

    For example:

    stackcore run --preset studio-10x -o beetle.tif
    """
    from stackcore.cli.session import run_command

    told: dict[str, str] = {}

    def request() -> CaptureRequest:
        from stackcore.api.capture_presets import capture_request
        from stackcore.paths.questions import parse_answers

        return capture_request(
            preset,
            surroundings=not no_presets,
            slices=slices,
            step=step,
            delay_ms=delay_ms,
            mode=mode,
            camera=camera,
            path=path,
            fields=given_fields(job=job, batch_id=batch_id, bd1=bd1, bd2=bd2, bd3=bd3, bd4=bd4, bd5=bd5, bd6=bd6),
            answers={**parse_answers(ask or []), **told},
            mirror=mirror,
            profile=profile,
            save_profile=not no_save,
            live_view_start=live_view_start,
            sharpness=sharpness,
            settings=_settings(setting, shooting=True),
        )

    def processing() -> SettledStack:
        from stackcore.api.presets import settle_stack

        return settle_stack(
            preset,
            output=output,
            surroundings=not no_presets,
            settings=_settings(setting, shooting=False),
            once={"overwrite": overwrite},
            aligner=aligner,
            model=model,
            fuser=fuser,
            sharpener=sharpener,
            executor=executor,
            sharpen=sharpen,
            workers=workers,
            memory=memory,
            keep_aligned=keep_aligned,
            keep_slabs=keep_slabs,
            slabs=slabs,
            slab_size=slab_size,
            slab_overlap=slab_overlap,
            align=align,
            crop=crop,
            match_exposure=match_exposure,
            on_unaligned=on_unaligned,
            hot_pixels=hot_pixels,
            linear=linear,
            white_balance=white_balance,
            darks=darks,
            flat=flat,
            colour_space=colour_space,
            exposure=exposure,
            highlights=highlights,
            compression=compression,
            tiled=tiled,
            quality=quality,
            depth_map=depth_map,
            report=report,
        )

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from dataclasses import replace

        from stackcore.api import running

        asked, settled = request(), processing()
        if dry_run:
            return running.plan_run(asked, settled, listeners=listeners, cancel=cancel)
        with watched(watch) as (watchers, show):
            return running.run_settled(
                replace(asked, show=show), settled, listeners=[*listeners, *watchers], cancel=cancel
            )

    if not json:
        told.update(ask_user(request()))
    run_command(work, json=json, quiet=quiet, verbose=verbose)


def _settings(typed: list[str] | None, *, shooting: bool) -> dict[str, dict[str, Any]]:
    """Options of plugins that shoot, or of all others: those that nobody knows are refused with the latter."""
    from stackcore.config import parse_settings
    from stackcore.presets.sections import CAPTURE_KINDS

    return {
        kind: options for kind, options in parse_settings(typed or []).items() if (kind in CAPTURE_KINDS) is shooting
    }
