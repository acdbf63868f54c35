"""The manifest of a run: the file beside the frames that tells what was asked, done and saved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stackcore.errors import UnreadableFrame
from stackcore.events import Warned
from stackcore.paths.naming import replace

SUFFIX = ".stackcore.json"
SCHEMA = "stackcore.capture/1"

INCOMPLETE = "incomplete"
"""Code of the warning at a slice of which some files are missing."""

NO_FILE = "no_file"
"""Code of the warning at a slice of which the camera delivered nothing."""

State = Literal["running", "completed", "cancelled", "failed"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class ManifestFile(_Part):
    """A saved file; `path` is relative to the manifest, with `/`."""

    path: str
    sha256: str
    bytes: int


class ManifestWarning(_Part):
    """A warning of the run, as the event stream told it."""

    code: str
    message: str
    frame: str | None = None


class ManifestSlice(_Part):
    """One slice: its net focus `offset` in drive units, when it was taken, and what was saved."""

    index: int
    offset: int
    time: datetime
    files: list[ManifestFile] = Field(default_factory=list)
    warnings: list[ManifestWarning] = Field(default_factory=list)


class ManifestFocus(_Part):
    """Where focus stands, in drive units from the start; `now` is None where that is not known."""

    start: int = 0
    now: int | None = 0
    certain: bool = True


class Manifest(_Part):
    """All of it; `state` stays `running` when the run was killed. `started` is what `@GRP` was made of."""

    schema_: Literal["stackcore.capture/1"] = Field("stackcore.capture/1", alias="schema")
    run_id: str
    state: State
    simulated: bool
    started: datetime | None = None
    settings: dict[str, Any]
    camera: dict[str, Any]
    focus: ManifestFocus = Field(default_factory=ManifestFocus)
    slices: list[ManifestSlice] = Field(default_factory=list)
    warnings: list[ManifestWarning] = Field(default_factory=list)

    def file_paths(self, folder: Path) -> list[Path]:
        """Paths of all saved files, nearest slice first, given the folder that the manifest lies in."""
        return [folder / file.path for each in self.slices for file in each.files]


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; `UnreadableFrame` says what is wrong with one that is not whole."""
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror or str(error)
        raise UnreadableFrame(
            f"{path} is no manifest of a capture run.", f"{why}.", "name the frames or their folder instead."
        ) from error


class ManifestFileWriter:
    """Keeps the manifest of a run on disk up to date; every state of the file is whole.

    It lies in the folder of the first saved file, or in `fallback` as long as nothing was saved.
    """

    def __init__(
        self, run_id: str, fallback: Path, settings: Mapping[str, Any], camera: Mapping[str, Any], simulated: bool
    ) -> None:
        whole = {"schema": SCHEMA, "run_id": run_id, "state": "running", "simulated": simulated}
        self.data = Manifest.model_validate({**whole, "settings": dict(settings), "camera": dict(camera)})
        self._fallback = fallback
        self._folder: Path | None = None

    @classmethod
    def of(cls, manifest: Manifest, folder: Path) -> ManifestFileWriter:
        """Go on with a manifest that lies in `folder`."""
        writer = cls(manifest.run_id, folder, {}, {}, manifest.simulated)
        writer.data, writer._folder = manifest, folder
        return writer

    @property
    def path(self) -> Path:
        """Where the manifest is, or would be written now."""
        return (self._folder or self._fallback) / f"{self.data.run_id}{SUFFIX}"

    def settle_beside(self, file: Path) -> None:
        """Let the manifest lie beside the first saved `file`; later calls change nothing."""
        self._folder = self._folder or file.parent

    def unsettle(self) -> None:
        """Forget the folder: nothing can be written there."""
        self._folder = None

    def relative(self, file: Path) -> str:
        """Name a file as the manifest does."""
        try:
            return Path(os.path.relpath(file, self.path.parent)).as_posix()
        except ValueError:  # another drive
            return file.as_posix()

    def write(self) -> None:
        """Replace the file; `OutputError` when that fails, the old one then stays."""
        text = self.data.model_dump_json(by_alias=True, indent=2)
        replace(text.encode() + b"\n", self.path)


def as_manifest_warning(event: Warned) -> ManifestWarning:
    """Copy a warning from the event stream."""
    return ManifestWarning(code=event.code, message=event.message, frame=event.frame)
