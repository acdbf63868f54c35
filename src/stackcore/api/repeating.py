"""The settings that a result was made with, as a layer: what `--like` repeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from stackcore.api.recording import SOFTWARE
from stackcore.errors import PluginError, UsageError
from stackcore.hookspecs import Kind
from stackcore.metadata.record import Record, read_record
from stackcore.presets.layering import Layer, Resolved, Setting
from stackcore.presets.sections import SECTIONS
from stackcore.registry import Registry
from stackcore.stacking.output import USUAL_FORMAT

_COMMANDS = ("stack", "fuse")
"""What `stack` can repeat."""

_RENAMED = {"exposure_ev": "exposure"}
_FILES = ("flat", "transforms")
"""Of these the record keeps the name alone: folders are nobody else's business."""


def read_like(result: str | Path) -> Record:
    """Return the record of a result that `stack` can repeat.

    `UnreadableFrame` when it carries none, `UsageError` when it was made by something else.
    """
    record = read_record(Path(result))
    if record.command not in _COMMANDS:
        raise UsageError(
            f"{result} cannot be repeated.",
            f"it was made by `stackcore {record.command}`, not by `stack`.",
            "name a stacked result.",
        )
    return record


def like_layer(record: Record, result: str | Path, given: Mapping[str, Any]) -> Layer:
    """Return what a result says about how it was made: everything that decides about the picture.

    `given` is what was typed; `UsageError` for a file that the record names and that was not named again.
    """
    for name in _FILES:
        known = record.settings.get(name)
        if known is not None and given.get(name) is None:
            raise UsageError(
                f"{result} cannot be repeated without its {name}.",
                f'the record keeps the name "{known}" and no folder.',
                f"name it again: --{name} {known}, from where it lies now.",
            )
    return [Setting(section, key, value, "like", f"{result}") for section, key, value in _said(record)]


def differences(record: Record, resolved: Resolved, registry: Registry) -> list[str]:
    """Return what is of another version now than when the result was made, of what is used again."""
    told = []
    if record.software != SOFTWARE:
        told.append(f"it was made by {record.software}, this is {SOFTWARE}")
    for kind, used in record.plugins.items():
        chosen = resolved.plugin(kind)
        if kind != "developer" and (chosen is None or chosen.value != used.name):
            continue
        try:
            registry.offer(cast(Kind, kind), used.name)
        except PluginError:
            continue  # told where it is used
        now = next(r for r in registry.records(cast(Kind, kind)) if r.name == used.name and r.state == "ok")
        then = f"{used.distribution} {used.version}"
        if (now.distribution, now.version) != (used.distribution, used.version):
            told.append(f'its {kind} "{used.name}" was of {then}, now it is of {now.distribution} {now.version}')
    return told


def _said(record: Record) -> Iterator[tuple[str, str, Any]]:
    for name, value in record.settings.items():
        key = _RENAMED.get(name, name)
        if key in SECTIONS["stack"].model_fields and key not in _FILES:
            yield "stack", key, value
    for kind, plugin in record.plugins.items():
        if kind != "developer":
            yield "stack", kind, plugin.name
        for key, value in plugin.options.items():
            if (kind, key) != ("sharpener", "strength"):  # `sharpen` says it
                yield kind, key, value
    yield from _order(record.settings.get("plan") or {})
    for key, value in {**asdict(USUAL_FORMAT), **(record.settings.get("file_format") or {})}.items():
        yield "output", key, value


def _order(plan: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """The order of the work, as far as it decides about the picture."""
    kind = plan.get("kind")
    yield "stack", "slabs", "images" if kind == "images" else "exact"
    if kind in ("fold", "tree"):
        yield "executor", "plan", kind
    for key in ("slab_size", "slab_overlap"):
        yield "stack", key, plan.get(key)
