"""The JSON Schema of preset files, for editors, with the options of the plugins that are installed."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from stackcore.hookspecs import Offer
from stackcore.presets.layering import chooser
from stackcore.presets.plugins import NOBODY
from stackcore.presets.sections import KINDS, Preset
from stackcore.registry import Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def preset_schema(registry: Registry) -> dict[str, Any]:
    """Return the schema of a preset (JSON Schema, draft 2020-12).

    The tables of plugins take what any plugin of their kind takes, and, once `[stack]` or `[capture]` names one, what
    this one takes.
    """
    offers = {kind: registry.offers(kind) for kind in KINDS}  # type: ignore[arg-type]  # they are a part of all kinds
    models: list[type[BaseModel]] = [Preset, *(offer.options for several in offers.values() for offer in several)]
    places, shared = models_json_schema([(model, "validation") for model in dict.fromkeys(models)])
    definitions: dict[str, Any] = shared["$defs"]
    reference = {model: places[model, "validation"] for model in models}
    root: dict[str, Any] = definitions.pop(reference[Preset]["$ref"].rpartition("/")[2])
    for kind, several in offers.items():
        section, _ = chooser(kind)
        if kind == "developer":
            definitions["DeveloperOptions"] = _of_developers(several)
        taken = [reference[offer.options] for offer in several] if kind != "developer" else [_DEVELOPERS]
        root["properties"][kind]["anyOf"] = list({str(each): each for each in taken}.values())
        root["properties"][kind].pop("additionalProperties", None)
        if kind not in ("developer", "camera"):  # a camera may be followed by its address
            names = [offer.name for offer in several]
            words = sorted({*names, *([NOBODY[kind]] if kind in NOBODY else [])})
            _section(definitions, root, section)["properties"][kind]["enum"] = words
    clean = _without_null({**root, "$defs": definitions})
    clean["allOf"] = [
        _when(kind, offer.name, reference[offer.options])
        for kind, several in offers.items()
        for offer in several
        if kind != "developer"
    ]
    return {"$schema": DIALECT, "title": "Preset of stackcore", **{k: v for k, v in clean.items() if k != "title"}}


_DEVELOPERS = {"$ref": "#/$defs/DeveloperOptions"}


def _of_developers(offers: list[Offer[Any]]) -> dict[str, Any]:
    """One table serves all developers: it takes what any of them takes."""
    properties: dict[str, Any] = {}
    for offer in offers:
        properties.update(offer.options.model_json_schema().get("properties", {}))
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _section(definitions: dict[str, Any], root: dict[str, Any], section: str) -> dict[str, Any]:
    name = root["properties"][section]["$ref"].rpartition("/")[2]
    found: dict[str, Any] = definitions[name]
    return found


def _when(kind: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    section, key = chooser(kind)
    named: dict[str, Any] = {"const": name}
    if kind == "camera":
        named = {"pattern": f"^{name}(:.*)?$"}
    chosen = {"required": [key], "properties": {key: named}}
    return {
        "if": {"required": [section], "properties": {section: chosen}},
        "then": {"properties": {kind: options}},
    }


def _without_null(schema: Any) -> Any:
    """TOML has no null: what was not said is left out."""
    if isinstance(schema, list):
        return [_without_null(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    clean = {key: _without_null(value) for key, value in schema.items() if not (key == "default" and value is None)}
    parts = clean.get("anyOf")
    if isinstance(parts, list):
        kept = [part for part in parts if part != {"type": "null"}]
        if len(kept) == 1:
            del clean["anyOf"]
            clean = {**kept[0], **clean}
        else:
            clean["anyOf"] = kept
    return clean
