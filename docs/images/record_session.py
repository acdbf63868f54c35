"""Records the picture of a terminal session for the tutorial: `python docs/images/record_session.py`.

A real run on the simulated camera; nothing in it is drawn by hand, but for the folder, which is called ~/photos.
Writes capture-session.svg beside this script.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

import stackcore
from stackcore.capturing.status import CaptureStatus
from stackcore.cli.capture_panel import render
from stackcore.cli.render import LiveScreen
from stackcore.events import BaseEvent, Moving, Result

HERE = Path(__file__).parent
COMMAND = 'stackcore capture --slices 12 --step 50 --path "leaf/slice-@GCT3"'


class Recorder:
    """A screen whose panel is kept once, at the event that `moment` picks, as a terminal showed it then."""

    def __init__(self, moment: Callable[[CaptureStatus, BaseEvent], bool]) -> None:
        self.console = Console(record=True, width=92, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        self.console.print(f"[bold green]$[/] {COMMAND}", highlight=False)
        self._status, self._moment, self._kept = CaptureStatus(), moment, False

    def __call__(self, event: BaseEvent) -> None:
        """Take one event in."""
        self._status.note(event)
        if not self._kept and self._moment(self._status, event):
            self._kept = True
            self.console.print(render(self._status))


def record(name: str, folder: str, moment: Callable[[CaptureStatus, BaseEvent], bool]) -> None:
    """Run the command in `folder`, keep the panel of one moment, and the summary."""
    recorder = Recorder(moment)
    quiet = Console(file=io.StringIO(), force_terminal=True)
    summary = LiveScreen(progress_console=quiet, summary_console=recorder.console)

    def at_home(event: BaseEvent) -> None:
        if isinstance(event, Result):
            data = {k: v.replace(folder, "~/photos") if isinstance(v, str) else v for k, v in event.data.items()}
            event = event.model_copy(update={"data": data})
        summary(event)

    small = {"camera": {"width_px": 600, "height_px": 400}}
    stackcore.capture(slices=12, step=50, path="leaf/slice-@GCT3", settings=small, listeners=[recorder, at_home])
    picture = recorder.console.export_svg(title="stackcore capture", unique_id="session")
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)  # they would be fetched from elsewhere
    (HERE / name).write_text(picture, encoding="utf-8")


def main() -> None:
    """Write the picture, from an empty folder with settings of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STACKCORE_CONFIG_DIR"] = os.environ["STACKCORE_STATE_DIR"] = str(Path(folder, "state"))
        with contextlib.chdir(folder):
            record(
                "capture-session.svg",
                os.getcwd(),
                lambda status, event: status.slice_number == 9 and isinstance(event, Moving),
            )


if __name__ == "__main__":
    main()
