"""Where presets lie: those that are shipped, the user's, the project's, and files that are named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stackcore import folders
from stackcore.errors import UsageError, did_you_mean
from stackcore.presets.reading import PresetFile, read_preset

SHIPPED = Path(__file__).parent / "shipped"
"""Folder of the presets of the package."""

BUILT_IN = SHIPPED.parent / "built-in.toml"
"""What holds where nobody says anything else."""

PROJECT_FILE = "stackcore.toml"
USER_FILE = "defaults.toml"

Source = Literal["shipped", "user"]


@dataclass(frozen=True)
class Known:
    """A preset that goes by a name."""

    name: str
    path: Path
    source: Source
    hides: bool = False
    """It is the user's, and takes the place of a shipped one of that name."""

    @property
    def label(self) -> str:
        """How its lines are cited."""
        return self.name if self.source == "shipped" else str(self.path)


def user_presets() -> Path:
    """Folder of the user's presets; it need not exist yet."""
    return folders.config_folder() / "presets"


def known_presets() -> list[Known]:
    """Return every preset that goes by a name, the user's before a shipped one of the same name, sorted."""
    shipped = {path.stem: Known(path.stem, path, "shipped") for path in SHIPPED.glob("*.toml")}
    users = {path.stem: Known(path.stem, path, "user", path.stem in shipped) for path in user_presets().glob("*.toml")}
    return [known for _, known in sorted({**shipped, **users}.items())]


def is_file(named: str) -> bool:
    """Whether `--preset` names a file, and not a preset."""
    return named.endswith(".toml") or "/" in named or "\\" in named


def find_preset(named: str, beside: Path | None = None) -> PresetFile:
    """Return the preset of that name, or in that file; a relative file lies `beside` another, or here.

    `UsageError` for an unknown name or a missing file, `ConfigError` for one that is not in order.
    """
    if is_file(named):
        path = Path(named).expanduser()
        path = path if beside is None else beside / path
        if not path.is_file():
            raise UsageError(
                f"There is no preset file {path}.", "a name with a / or .toml is a file.", "check the path."
            )
        return read_preset(path)
    presets = {known.name: known for known in known_presets()}
    if named not in presets:
        raise UsageError(
            f'There is no preset "{named}".',
            f"it is none of those that are shipped, and not in {user_presets()}.",
            did_you_mean(named, presets),
        )
    return read_preset(presets[named].path, presets[named].label)


def project_file(start: Path) -> Path | None:
    """Return the nearest `stackcore.toml` in the folder `start` or above it."""
    here = start.absolute()
    return next((file for folder in (here, *here.parents) if (file := folder / PROJECT_FILE).is_file()), None)
