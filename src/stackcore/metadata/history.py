"""The record of the processing in fields that other programs read: EXIF, XMP media management, IPTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stackcore.metadata.record import KEY, Record

_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""IPTC NewsCodes of 2024: what kind of thing a picture was made from."""

_ACTIONS = {"sharpen": "filtered", "align": "edited", "develop": "converted"}
"""Values of `stEvt:action`, XMP specification part 2, section 2.2.8; of whatever is not here, "created"."""

_GENERAL_COMPOSITE = 2
"""CompositeImage of EXIF 2.32: put together after the shooting, not by the camera while it shot (3)."""

_MOST_FRAMES = 65535


def exif_of(record: Record, made_at: datetime) -> dict[str, str]:
    """Software, time and, for several frames, that it is a composite and of how many; by Exiv2's names."""
    zone = f"{made_at:%z}"
    told = {
        "Exif.Image.Software": record.software,
        "Exif.Image.DateTime": f"{made_at:%Y:%m:%d %H:%M:%S}",
        "Exif.Photo.OffsetTime": f"{zone[:3]}:{zone[3:5]}",
    }
    if record.frame_count > 1:
        captured = min(record.frame_count + len(record.skipped), _MOST_FRAMES)
        used = min(record.frame_count, _MOST_FRAMES)
        told["Exif.Photo.CompositeImage"] = str(_GENERAL_COMPOSITE)
        told["Exif.Photo.SourceImageNumberOfCompositeImage"] = f"{captured} {used}"
    return told


def write_xmp(exiv2: Any, xmp: Any, record: Record, source: str, earlier: Mapping[str, str], made_at: datetime) -> None:
    """Add the record to XMP data: tool, dates, history, ingredients, source type, and the record itself.

    `source` is the name of the file that the metadata come from, `earlier` the properties of `xmpMM` that it had.
    `xmpMM:History` goes on after what the reference brought; `xmpMM:DerivedFrom` is that file, under its own
    identifiers where it has them; `xmpMM:Ingredients` are all frames, by name (XMP specification part 2, section 2.2).
    """
    when = made_at.isoformat(timespec="seconds")
    xmp["Xmp.xmp.CreatorTool"] = record.software
    xmp["Xmp.xmp.ModifyDate"] = when
    xmp["Xmp.xmp.MetadataDate"] = when
    event = {
        "action": _ACTIONS.get(record.command, "created"),
        "softwareAgent": record.software,
        "when": when,
        "parameters": f"{record.command}: {record.described()}",
    }
    steps = 1 + sum(1 for d in xmp if _is_step(d.key()))
    if steps == 1:
        _array(exiv2, xmp, "Xmp.xmpMM.History", exiv2.XmpValue.XmpArrayType.xaSeq)
    for name, value in event.items():
        xmp[f"Xmp.xmpMM.History[{steps}]/stEvt:{name}"] = value
    for name, value in {"filePath": source, **_identifiers(earlier)}.items():
        xmp[f"Xmp.xmpMM.DerivedFrom/stRef:{name}"] = value
    if record.frames and record.frame_count > 1:
        _array(exiv2, xmp, "Xmp.xmpMM.Ingredients", exiv2.XmpValue.XmpArrayType.xaBag)
        for number, frame in enumerate(record.frames, 1):
            xmp[f"Xmp.xmpMM.Ingredients[{number}]/stRef:filePath"] = frame
    if record.simulated:
        xmp["Xmp.iptcExt.DigitalSourceType"] = f"{_SOURCE_TYPE}algorithmicMedia"
    elif record.frame_count > 1:
        xmp["Xmp.iptcExt.DigitalSourceType"] = f"{_SOURCE_TYPE}computationalCapture"
    xmp[KEY] = record.to_json()


def _is_step(key: str) -> bool:
    return key.startswith("Xmp.xmpMM.History[") and "/" not in key


def _identifiers(earlier: Mapping[str, str]) -> dict[str, str]:
    names = ("documentID", "instanceID", "originalDocumentID")
    keys = {name: f"Xmp.xmpMM.{name[0].upper()}{name[1:]}" for name in names}
    return {name: earlier[key] for name, key in keys.items() if key in earlier}


def _array(exiv2: Any, xmp: Any, key: str, kind: Any) -> None:
    """Begin an array anew."""
    for old in [d.key() for d in xmp if d.key() == key or d.key().startswith(f"{key}[")]:
        xmp.erase(xmp.findKey(exiv2.XmpKey(old)))
    value = exiv2.XmpTextValue("")
    value.setXmpArrayType(kind)
    xmp.add(exiv2.XmpKey(key), value)
