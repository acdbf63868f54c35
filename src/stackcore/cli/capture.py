"""`stackcore capture`: shoot a focus stack."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from stackcore.cli import resuming
from stackcore.cli.capture_options import (
    Camera,
    DelayMs,
    LiveViewStart,
    Mode,
    NoSave,
    Path,
    Sharpness,
    Slices,
    Step,
    Watch,
)
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
from stackcore.cli.stack_options import Json, NoPresets, Preset, Quiet, Verbose
from stackcore.cli.watch import OptionalPort, watched
from stackcore.errors import UsageError

if TYPE_CHECKING:
    from stackcore.api.planning import PlannedCapture
    from stackcore.api.preparing import CaptureRequest
    from stackcore.events import Listener


def register(app: typer.Typer) -> None:
    """Add the command to the application, and what can be done with a run that ended early."""
    group = typer.Typer(cls=OptionalPort)
    group.callback(invoke_without_command=True)(capture)
    resuming.register(group)
    app.add_typer(group, name="capture")


def capture(
    context: typer.Context,
    preset: Preset = None,
    camera: Camera = None,
    slices: Slices = None,
    step: Step = None,
    delay_ms: DelayMs = None,
    mode: Mode = None,
    path: Path = None,
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
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KIND.KEY=VALUE", help="Option of the camera or mode: camera.width_px=1200."),
    ] = None,
    no_save: NoSave = False,
    live_view_start: LiveViewStart = None,
    sharpness: Sharpness = None,
    no_presets: NoPresets = False,
    watch: Watch = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen and touch no camera.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Shoot a focus stack: focus starts at the nearest point, moves farther after each slice, and returns.

    What is left out comes from --preset, else from the last run. Ctrl-C ends the run cleanly and returns focus. A run
    that ended early goes on with `stackcore capture resume MANIFEST`.
    """
    if context.invoked_subcommand is not None:
        _refuse_own_options(context)
        return
    from stackcore.cli.session import run_command

    told: dict[str, str] = {}

    def request() -> CaptureRequest:
        from stackcore.api.capture_presets import capture_request
        from stackcore.config import parse_settings
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
            settings=parse_settings(setting or []),
        )

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api.shooting import capture as shoot

        with watched(watch) as (watchers, show):
            return shoot(**{**vars(request()), "show": show}, listeners=[*listeners, *watchers], cancel=cancel)

    def look_ahead(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api.planning import plan_capture

        planned = plan_capture(request(), listeners if json else (), cancel)
        if not json:
            _show(planned)
        return planned

    if not json:
        told.update(ask_user(request()))
    run_command(look_ahead if dry_run else work, json=json, quiet=quiet, verbose=verbose)


def _refuse_own_options(context: typer.Context) -> None:
    """Refuse options of a new run before a verb, where they would be passed over without a word."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "--set" if name == "setting" else f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{option} belongs to a new run.",
                f"{context.invoked_subcommand} works with a run that has its own settings.",
                f"leave {option} out, or write it after {context.invoked_subcommand} if that has it.",
            )


def _show(planned: PlannedCapture) -> None:
    """Print the plan as a table of runs of equal actions, and what it costs."""
    from rich.console import Console
    from rich.table import Table

    from stackcore.cli.plan_table import plan_rows, plan_summary

    console = Console()
    table = Table("slice", "focus", "actions", title="Dry run: nothing is moved or saved", title_justify="left")
    for row in plan_rows(planned.actions):
        table.add_row(*row)
    console.print(table)
    for label, text in plan_summary(planned):
        console.print(f"{label:>12}  {text}", markup=False, highlight=False, soft_wrap=True)
