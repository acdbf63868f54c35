"""How a stack is processed, as Python says it: keywords, a preset, a result that is repeated, or options at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, TypedDict

from stackcore.api.presets import SettledStack, settle_stack
from stackcore.api.stacks import Settings, StackOptions
from stackcore.errors import UsageError, did_you_mean
from stackcore.presets.sections import OutputSection, StackSection
from stackcore.protocols import Highlights
from stackcore.registry import Registry
from stackcore.stacking.file_format import Compression, FileFormat
from stackcore.stacking.survey import OnFailure
from stackcore.terms import ColourSpace


class DevelopChoices(TypedDict, total=False):
    """What `develop` takes as keywords: fields of `DevelopOptions`, and keys of presets."""

    demosaic: str | None
    executor: str
    workers: int | None
    memory: str
    memory_bytes: int | None
    overwrite: bool
    compression: Compression
    tiled: bool
    file_format: FileFormat
    settings: Settings
    linear: bool
    colour_space: ColourSpace
    white_balance: str | Sequence[float] | None
    darks: str | None
    flat: str | Path | None
    exposure: float
    exposure_ev: float
    highlights: Highlights
    first_is_dark: bool
    last_is_greycard: bool


class SurveyChoices(TypedDict, total=False):
    """What functions that register a stack take as keywords: fields of `StackOptions`, and keys of presets."""

    aligner: str
    model: str
    executor: str
    align: bool
    crop: bool
    match_exposure: bool
    on_unaligned: OnFailure
    hot_pixels: bool
    workers: int | None
    memory: str
    memory_bytes: int | None
    overwrite: bool
    compression: Compression
    tiled: bool
    file_format: FileFormat
    settings: Settings
    linear: bool
    colour_space: ColourSpace
    white_balance: str | Sequence[float] | None
    darks: str | None
    flat: str | Path | None
    exposure: float
    exposure_ev: float
    highlights: Highlights
    first_is_dark: bool
    last_is_greycard: bool


class StackChoices(SurveyChoices, total=False):
    """What functions that process a stack take as keywords: fields of `StackOptions`, and keys of presets."""

    fuser: str
    sharpener: str
    sharpen: str | None
    transforms: str | Path | None
    slabs: Literal["exact", "images"]
    keep_aligned: str | Path | None
    keep_slabs: str | Path | None
    slab_size: int | None
    slab_overlap: int | None
    depth_map: str | Path | None
    report: str | Path | None
    depth: bool
    resume: bool
    format: Literal["tif", "png", "jpg"]
    quality: int


_UNSAID = ("preset", "notes", "passed_over")
"""Fields of `StackOptions` that follow from how they were settled."""

_FIELDS = frozenset(field.name for field in fields(StackOptions)) - {*_UNSAID}
_KEYS = frozenset((*StackSection.model_fields, *OutputSection.model_fields))
_KNOWN = _FIELDS | _KEYS
_ONCE = ("transforms", "resume", "overwrite", "depth")
"""Belong to one run, and are in no preset."""


def choose(
    options: StackOptions | None,
    choices: Mapping[str, Any],
    *,
    output: Path | None = None,
    preset: str | None = None,
    like: str | Path | None = None,
    surroundings: bool = False,
    registry: Registry | None = None,
) -> tuple[StackOptions, Path | None]:
    """Return the options, and the name of the result, which a preset may give its extension.

    Parameters
    ----------
    options
        All of it at once; nothing else may be said then.
    choices
        See `StackChoices`; they are stronger than any preset.
    output, preset, like, surroundings
        As in `stackcore.settle_stack`.

    Raises
    ------
    UsageError
        Options and choices both; a choice that there is none; and as `settle_stack`.
    ConfigError, PluginError, UnreadableFrame
        As `settle_stack`.
    """
    settles = preset is not None or like is not None or surroundings
    if options is not None:
        if settles or choices:
            said = ", ".join([*(["a preset or a result"] if settles else []), *choices])
            why = f"options say everything, and there is {said} beside them."
            raise UsageError("It is said twice how to process the stack.", why, "give options, or the rest.")
        return options, output
    if not settles and _FIELDS.issuperset(choices):
        return StackOptions(**_paths(choices)), output
    settled = settle(choices, output=output, preset=preset, like=like, surroundings=surroundings, registry=registry)
    chosen = settled.options()
    if "file_format" in choices:
        chosen = replace(chosen, file_format=choices["file_format"])
    return chosen, settled.output


def keys_of(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of presets among choices, those that are named as fields of options by the names of the keys."""
    given = {key: value for key, value in choices.items() if key in _KEYS}
    if choices.get("memory_bytes") is not None:
        given["memory"] = str(choices["memory_bytes"])
    if "exposure_ev" in choices:
        given["exposure"] = float(choices["exposure_ev"])
    if given.get("flat") is not None:
        given["flat"] = str(given["flat"])
    if not isinstance(balance := given.get("white_balance"), str | None):
        given["white_balance"] = [float(factor) for factor in balance]
    return given


def settle(
    choices: Mapping[str, Any],
    *,
    output: Path | None,
    preset: str | None,
    like: str | Path | None = None,
    surroundings: bool = False,
    registry: Registry | None = None,
) -> SettledStack:
    """`settle_stack` for choices that may be named as fields of `StackOptions`; leaves `file_format` out.

    `UsageError` for a choice that there is none.
    """
    refuse_unknown(choices, _KNOWN)
    once = _paths({name: choices[name] for name in _ONCE if name in choices})
    return settle_stack(
        preset,
        like=like,
        output=output,
        settings=choices.get("settings"),
        surroundings=surroundings,
        registry=registry,
        once=once,
        **keys_of(choices),
    )


def refuse_unknown(choices: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise `UsageError` for a choice that is none of the `known`, with the nearest of them."""
    for name in choices:
        if name not in known:
            raise UsageError(
                f'There is no choice "{name}".', "choices have fixed names.", did_you_mean(name, sorted(known))
            )


def _paths(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Names of files as paths, as the command line has them."""
    files = ("transforms", "keep_aligned", "keep_slabs", "depth_map", "report", "flat")
    return {name: Path(value) if name in files and isinstance(value, str) else value for name, value in choices.items()}
