"""The record of a batch, kept in the folder of its results: what became of each stack, and what is still to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stackcore.errors import ConfigError
from stackcore.stacking.output import write_text

NAME = "stackcore-batch.json"

State = Literal["waiting", "running", "completed", "existed", "failed", "cancelled"]
"""`existed`: its result was there before the batch, and was left alone."""


class Problem(BaseModel):
    """Why a stack has no result; `exit_code` is that of the same stack alone."""

    model_config = ConfigDict(frozen=True)
    what: str
    why: str
    fix: str
    exit_code: int


class Entry(BaseModel):
    """One stack of a batch.

    Attributes
    ----------
    name, folder, frames
        What it is called, where it lies, how many frames it has.
    output
        Name of the result, in the folder of this record.
    fingerprint
        Of frames and settings: another one means another picture.
    state, problem
        See `State`; what went wrong.
    seconds, warnings
        How long it took, and what there was to say.
    """

    name: str
    folder: str
    frames: int
    output: str
    fingerprint: str
    state: State = "waiting"
    problem: Problem | None = None
    seconds: float = 0.0
    warnings: list[str] = Field(default_factory=list)


class Journal(BaseModel):
    """The whole record, schema `stackcore.batch/1`."""

    model_config = ConfigDict(populate_by_name=True)
    schema_: Literal["stackcore.batch/1"] = Field("stackcore.batch/1", alias="schema")
    stacks: list[Entry]

    def write(self, folder: Path) -> None:
        """Replace the record in `folder`; `OutputError` when that fails."""
        write_text(self.model_dump_json(by_alias=True, indent=1, exclude_none=True), folder / NAME, overwrite=True)


def read_journal(folder: Path) -> Journal | None:
    """The record of an earlier batch in `folder`, None where there is none; `ConfigError` for one that is damaged."""
    path = folder / NAME
    try:
        return Journal.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ConfigError(
            f"{path} cannot be read.", str(error).splitlines()[0], "move it away; finished results stay as they are."
        ) from error


def fingerprint(frames: Sequence[Path], settings: Mapping[str, Any]) -> str:
    """What tells two stacks apart: names, sizes and times of the frames, and the settings that decide the picture."""
    files = []
    for path in frames:
        facts = path.stat()
        files.append([str(path.resolve()), facts.st_size, facts.st_mtime_ns])
    text = json.dumps([files, settings], sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
