"""`stackcore capture resume` and `return-focus`: what can still be done with a run that ended early."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stackcore.cli.capture_options import Watch
from stackcore.cli.stack_options import Json, Quiet, Verbose
from stackcore.cli.watch import OptionalPortCommand, watched

if TYPE_CHECKING:
    from stackcore.events import Listener

ManifestArgument = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="The .stackcore.json beside the frames of the run.")
]
OffsetOption = Annotated[
    int | None,
    typer.Option("--focus-offset", help="Where focus stands, in drive units from the start of the run; + is farther."),
]
CameraOption = Annotated[str | None, typer.Option(help="Another provider than that of the run.")]
SettingOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KIND.KEY=VALUE", help="Option of the camera or mode, instead of that of the run."),
]
LiveViewOption = Annotated[bool, typer.Option("--no-live-view-start", help="Refuse to run when live view is off.")]


def register(group: typer.Typer) -> None:
    """Add the commands to the group `capture`."""
    group.command("resume", cls=OptionalPortCommand)(resume)
    group.command("return-focus")(return_focus)


def resume(
    manifest: ManifestArgument,
    focus_offset: OffsetOption = None,
    camera: CameraOption = None,
    setting: SettingOption = None,
    no_live_view_start: LiveViewOption = False,
    watch: Watch = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Go on with a run that ended early, from the first slice that is not saved.

    Where focus stands is known from the manifest and the journal beside it. If that is not certain, nothing is moved
    and the range is told; look through live view, and say where focus stands with --focus-offset.
    """
    from stackcore.cli.session import run_command

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api.resuming import resume_capture
        from stackcore.config import parse_settings

        with watched(watch) as (watchers, show):
            return resume_capture(
                manifest,
                focus_offset=focus_offset,
                camera=camera,
                settings=parse_settings(setting or []),
                start_live_view=not no_live_view_start,
                show=show,
                listeners=[*listeners, *watchers],
                cancel=cancel,
            )

    run_command(work, json=json, quiet=quiet, verbose=verbose)


def return_focus(
    manifest: ManifestArgument,
    focus_offset: OffsetOption = None,
    camera: CameraOption = None,
    setting: SettingOption = None,
    no_live_view_start: LiveViewOption = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Drive focus back to where a run started, if it is certain where it stands."""
    from stackcore.cli.session import run_command

    def work(listeners: Sequence[Listener], cancel: threading.Event) -> object:
        from stackcore.api.resuming import return_focus as bring_back
        from stackcore.config import parse_settings

        return bring_back(
            manifest,
            focus_offset=focus_offset,
            camera=camera,
            settings=parse_settings(setting or []),
            start_live_view=not no_live_view_start,
            listeners=listeners,
            cancel=cancel,
        )

    run_command(work, json=json, quiet=quiet, verbose=verbose)
