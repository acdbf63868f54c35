"""What the stages that work alone take from presets: `develop` and `sharpen`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from stackcore.api.calibrated import RawChoices
from stackcore.api.developed import DevelopOptions
from stackcore.api.presets import Settings, settle_stack
from stackcore.api.sharpening import USUAL_STRENGTH
from stackcore.api.stacks import StackOptions

_ANY = "any.tif"
"""The type of the pictures that `develop` writes; their names are those of the raw files."""


def develop_options(
    preset: str | None = None,
    *,
    settings: Settings | None = None,
    surroundings: bool = False,
    demosaic: str | None = None,
    overwrite: bool = False,
    **given: Any,
) -> DevelopOptions:
    """Return how raw files are developed, from presets and from what is given.

    Parameters and errors are those of `stackcore.api.presets.settle_stack`; `demosaic` and `overwrite` are what no
    preset says. Of a preset, what is about raw files, the executor and the TIFF counts; the rest is for stacks.

    Examples
    --------
    >>> import stackcore
    >>> stackcore.develop_options("quick-draft", linear=True).linear
    True
    """
    typed = settings or {}
    found = settle_stack(preset, output=_ANY, settings=typed, surroundings=surroundings, **given).options()
    return DevelopOptions(
        **{field.name: getattr(found, field.name) for field in fields(RawChoices)},
        demosaic=demosaic,
        executor=found.executor,
        workers=found.workers,
        memory_bytes=found.memory_bytes,
        overwrite=overwrite,
        file_format=found.file_format,
        settings=_own(found, typed, ("developer", "executor")),
        notes=found.notes,
    )


def sharpen_choices(
    preset: str | None = None,
    *,
    output: Path,
    settings: Settings | None = None,
    surroundings: bool = False,
    **given: Any,
) -> tuple[Path, dict[str, Any]]:
    """Return the picture to write and the keywords of `stackcore.api.processing.sharpen`, likewise.

    A strength that nobody says is 1; so is that of a preset which switches sharpening off, for whoever calls `sharpen`
    wants it.
    """
    typed = settings or {}
    settled = settle_stack(preset, output=output, settings=typed, surroundings=surroundings, **given)
    found = settled.options()
    return settled.output or output, {
        "strength": found.sharpen or USUAL_STRENGTH,
        "sharpener": found.sharpener,
        "settings": _own(found, typed, ("sharpener", "developer")),
        "file_format": found.file_format,
        "notes": found.notes,
    }


def _own(found: StackOptions, typed: Settings, kinds: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    """Options of the plugins that a stage uses, and whatever else was typed, which is refused there."""
    return {kind: options for kind, options in found.settings.items() if kind in kinds or kind in typed}
