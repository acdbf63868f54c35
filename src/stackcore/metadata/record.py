"""The record of the processing: what made a result, kept inside it, and read back (schema `stackcore.result/1`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stackcore.errors import UnreadableFrame
from stackcore.metadata.library import PREFIX, MetadataError, opened

KEY = f"Xmp.{PREFIX}.Record"
"""The XMP property that holds the record, as JSON."""


class UsedPlugin(BaseModel):
    """A plugin that took part, with the options it was built with."""

    model_config = ConfigDict(frozen=True)
    name: str
    distribution: str = ""
    version: str = ""
    options: dict[str, Any] = Field(default_factory=dict)


class Record(BaseModel):
    """What made a result. Readers of this version pass over keys that later ones add.

    Attributes
    ----------
    software
        `stackcore` and its version.
    command
        The verb: `stack`, `fuse`, `align`, `sharpen`, `develop`.
    frames, skipped
        Names of the frames that take part, nearest first, and of those that were left out.
    frame_count
        How many take part; `frames` may be shortened where the file format has no room for all the names.
    reference
        Name of the frame that gave geometry, colours and metadata.
    crop
        x, y, width, height of the result in the reference, pixels.
    plugins
        By kind: {"fuser": ...}.
    settings
        Everything that decides about the picture, by the names of `StackOptions`.
    simulated
        The frames are no photographs.
    before
        The record of what this result was made from, if it had one.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)
    schema_: Literal["stackcore.result/1"] = Field("stackcore.result/1", alias="schema")
    software: str
    command: str
    frames: tuple[str, ...]
    frame_count: int
    skipped: tuple[str, ...] = ()
    reference: str
    crop: tuple[int, int, int, int] | None = None
    plugins: dict[str, UsedPlugin] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    simulated: bool = False
    before: Record | None = None

    def to_json(self) -> str:
        """One line of JSON; the same record gives the same text."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), ensure_ascii=False, separators=(",", ":"))

    def described(self) -> str:
        """The processing in words, for whoever looks at the history of the file."""
        count = f"{self.frame_count} frame" + ("" if self.frame_count == 1 else "s")
        parts = [count + (f", {len(self.skipped)} left out" if self.skipped else "")]
        for kind, plugin in self.plugins.items():
            options = ", ".join(f"{key} {_said(value)}" for key, value in plugin.options.items())
            parts.append(f"{kind} {plugin.name}" + (f" ({options})" if options else ""))
        plain = {key: value for key, value in self.settings.items() if isinstance(value, str | int | float)}
        return "; ".join([*parts, *(f"{key} {_said(value)}" for key, value in plain.items())])


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ":".join(map(str, value)) if isinstance(value, list) else str(value)


def legible(name: str) -> str:
    r"""The name of a file as metadata can hold it: what is no Unicode text, or not to be printed, becomes a "?".

    Examples
    --------
    >>> legible("Käfer 1.jpg"), legible("a\x01b\udcff.jpg")
    ('Käfer 1.jpg', 'a?b?.jpg')
    """
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def read_record(path: Path) -> Record:
    """Return the record that a result carries.

    `UnreadableFrame` when the file cannot be read, carries none, or one that this version does not understand.
    """
    try:
        with opened(path) as image:
            text = next((d.toString() for d in image.xmpData() if d.key() == KEY), None)
    except MetadataError as error:
        raise UnreadableFrame(f"{path} cannot be read.", f"{error}.", "name a result that stackcore wrote.") from error
    if text is None:
        raise UnreadableFrame(
            f"{path} does not tell how it was made.",
            "it carries no record of a run of stackcore.",
            "name a result that stackcore wrote, as it was written: other programs may drop the record.",
        )
    try:
        return Record.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise UnreadableFrame(
            f"{path} does not tell how it was made in a way that this version understands.",
            f"{'.'.join(map(str, fault['loc'])) or 'the record'}: {fault['msg']}.",
            "use the version of stackcore that wrote it, or a later one.",
        ) from error


def record_in(xmp: dict[str, str]) -> Record | None:
    """The record among XMP properties, or None; for one that is to be nested in the next, so nothing is raised."""
    try:
        return Record.model_validate_json(xmp[KEY]) if KEY in xmp else None
    except ValidationError:
        return None
