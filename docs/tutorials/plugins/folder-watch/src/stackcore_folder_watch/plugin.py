"""What stackcore reads at start-up: a camera, and a run mode that needs nothing but stills."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import Field

from stackcore.actions import Action, CameraTraits, CapturePlan, Expose, Wait
from stackcore.config import NoOptions, Options
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import CameraProvider, Need, RunMode

PICTURES = (
    *("jpg", "jpeg", "tif", "tiff", "png", "heic", "heif"),
    *("arw", "cr2", "cr3", "dng", "nef", "orf", "pef", "raf", "rw2"),
)


stackcore_api = "1.0"
"""Version of the hooks that this was written for."""


class FolderWatchOptions(Options):
    """Which folder, what counts as a frame, and how long it may take."""

    folder: Path | None = Field(None, description="Folder into which the other tool drops its frames.")
    suffixes: tuple[str, ...] = Field(PICTURES, description="Endings of frames; any other file is passed over.")
    files: int = Field(1, ge=1, le=4, description="Files that one still makes: 2 for a raw with its JPEG.")
    trigger: str = Field("", description="Command that releases the shutter; empty where a person does.")
    timeout_s: float = Field(600, gt=0, le=86_400, description="How long a person may take for a still, seconds.")
    trigger_s: float = Field(60, gt=0, le=3_600, description="How long a still may take after the command, seconds.")
    settle_s: float = Field(0.5, ge=0, le=60, description="A file is written when its size stood so long, seconds.")
    poll_s: float = Field(0.2, ge=0.01, le=10, description="Pause between two looks into the folder, seconds.")
    verify: bool = Field(True, description="Take a file only when its own structure says that all of it is there.")


class StillsRun:
    """A still at each slice and no movement: somebody else drives focus, or the camera does by itself."""

    needs: frozenset[Need] = frozenset({"still"})
    saves = True

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Action]:
        """Yield the stills, with the delay between them."""
        for index in range(plan.slices):
            if index:
                yield Wait(plan.delay_ms)
            yield Expose(index)


def _build(options: FolderWatchOptions) -> CameraProvider:
    from stackcore_folder_watch.camera import FolderCamera

    return FolderCamera(options)


@hookimpl
def stackcore_cameras() -> Iterable[Offer[CameraProvider]]:
    """Offer the camera `folder-watch`."""
    return [
        Offer(
            name="folder-watch",
            summary="Frames that another tool drops into a folder; focus is not driven, use --mode stills.",
            options=FolderWatchOptions,
            build=_build,
            capabilities=("any tethering tool", "trigger command", "no focus drive", "no live view", "jpeg", "raw"),
            needs=("tifffile",),
        )
    ]


@hookimpl
def stackcore_run_modes() -> Iterable[Offer[RunMode]]:
    """Offer the run mode `stills`."""
    return [
        Offer(
            name="stills",
            summary="A still at each slice; focus is moved by somebody else.",
            options=NoOptions,
            build=lambda options: StillsRun(),
            capabilities=("saves stills", "moves nothing"),
        )
    ]
