"""What can be chosen when raw files are developed, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackcore.api.calibrated import RawChoices
from stackcore.api.stacks import Settings
from stackcore.stacking import output as writing
from stackcore.stacking.file_format import FileFormat
from stackcore.terms import Multipliers


@dataclass(frozen=True, kw_only=True)
class DevelopOptions(RawChoices):
    """How raw files are developed; every field has the name of its command-line option.

    Attributes
    ----------
    demosaic
        How colours are filled in; None for what the developer does by itself.
    executor, workers
        Who does the work, and how many frames at a time; None for as many as there are cores.
    memory_bytes
        Refuse to need more; None for no limit.
    overwrite
        Replace files that exist.
    file_format
        Compression and tiles of the TIFF.
    settings
        Options of plugins by section: {"developer": {"demosaic": "dht"}}.
    notes
        Warnings to give at the start, as code and message.
    """

    demosaic: str | None = None
    executor: str = "local"
    workers: int | None = None
    memory_bytes: int | None = None
    overwrite: bool = False
    file_format: FileFormat = writing.USUAL_FORMAT
    settings: Settings = field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class DevelopResult:
    """What was developed.

    Attributes
    ----------
    folder, files
        Where, and the files in the order of the inputs.
    width, height
        Of each, pixels.
    multipliers
        White balance of all of them; None if the developer does not tell it.
    calibration
        Where white balance, dark and flat come from; see `stackcore.api.calibrated.Calibrated.report`.
    warnings, seconds
        What was warned of, and how long each stage took.
    """

    folder: Path
    files: list[Path]
    width: int
    height: int
    reference: str
    colour_space: str
    encoding: str
    multipliers: Multipliers | None
    calibration: Mapping[str, Any]
    warnings: list[str]
    seconds: dict[str, float]

    def summary(self) -> dict[str, Any]:
        """What the `result` event says."""
        return {
            "folder": str(self.folder),
            "files": [str(path) for path in self.files],
            "frames": len(self.files),
            "width": self.width,
            "height": self.height,
            "reference": self.reference,
            "colour_space": self.colour_space,
            "encoding": self.encoding,
            **self.calibration,
            "multipliers": None if self.multipliers is None else list(self.multipliers),
            "warnings": self.warnings,
            "seconds": self.seconds,
        }
