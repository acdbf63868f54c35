"""Any dataclass of arrays as a folder of files: what fusers accumulate, and what the survey found.

Arrays become `.npy` files of their own, everything else one JSON document that says where they belong. Nothing of it
is code: what is read back takes its types from a template, an empty state of the same fuser, and whole arrays of it
are filled in place, so that reading takes no memory beside it.
"""

from __future__ import annotations

import copy
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

_STRUCTURE = "structure.json"
_PLAIN = (str, int, float, bool, type(None))
_CHUNK = 2**24


def save_state(value: Any, folder: Path) -> None:
    """Write dataclasses, lists, tuples, dicts (with text for keys), arrays, numbers and text, nested as they like.

    `folder` is made; all of it is on the disk when this returns. `TypeError` for anything else, `OSError` where the
    file system refuses. Arrays of objects are refused: they would have to be pickled.
    """
    folder.mkdir()
    arrays: list[NDArray[Any]] = []
    structure = _taken_apart(value, arrays)
    sums = []
    for number, array in enumerate(arrays):
        with (folder / f"{number}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)
            _settle(file)
        sums.append(_checksum(folder / f"{number}.npy"))
    with (folder / _STRUCTURE).open("wb") as file:
        file.write(json.dumps({"value": structure, "checksums": sums}).encode())
        _settle(file)


def load_state(folder: Path, template: Any) -> Any:
    """Read back what `save_state` wrote.

    `template` is an object of the same make: its types are used, and arrays of the same shape and dtype are filled in
    place, so that it must not be used afterwards. `ValueError` says what is damaged or does not fit; `OSError` where
    a file is missing.
    """
    record = json.loads((folder / _STRUCTURE).read_bytes())
    for number, wanted in enumerate(record["checksums"]):
        if _checksum(folder / f"{number}.npy") != wanted:
            raise ValueError(f"{number}.npy is damaged")
    return _put_together(record["value"], template, folder)


def _taken_apart(value: Any, arrays: list[NDArray[Any]]) -> dict[str, Any]:
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.hasobject:
            raise TypeError("an array of objects cannot be kept in a file")
        arrays.append(np.asarray(value))
        return {"array" if isinstance(value, np.ndarray) else "scalar": len(arrays) - 1}
    if isinstance(value, _PLAIN):
        return {"plain": value}
    if isinstance(value, list | tuple):
        return {"list" if isinstance(value, list) else "tuple": [_taken_apart(inner, arrays) for inner in value]}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("only text can be the key of a dict that is kept in a file")
        return {"dict": {key: _taken_apart(inner, arrays) for key, inner in value.items()}}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: _taken_apart(getattr(value, field.name), arrays) for field in fields(value)}
        return {"object": type(value).__qualname__, "fields": parts}
    raise TypeError(f"{type(value).__qualname__} cannot be kept in a file: it is no dataclass of arrays")


def _put_together(node: Mapping[str, Any], template: Any, folder: Path) -> Any:
    if "array" in node or "scalar" in node:
        return _array(folder / f"{node['array']}.npy", template) if "array" in node else _scalar(node, folder)
    if "plain" in node:
        return node["plain"]
    if "list" in node or "tuple" in node:
        kind: type[list[Any]] | type[tuple[Any, ...]] = list if "list" in node else tuple
        given = list(template) if isinstance(template, list | tuple) else []
        inner = node["list"] if kind is list else node["tuple"]
        return kind(_put_together(part, given[i] if i < len(given) else None, folder) for i, part in enumerate(inner))
    if "dict" in node:
        known = template if isinstance(template, Mapping) else {}
        return {key: _put_together(part, known.get(key), folder) for key, part in node["dict"].items()}
    return _object(node, template, folder)


def _object(node: Mapping[str, Any], template: Any, folder: Path) -> Any:
    names = {field.name for field in _fields(template)}
    if type(template).__qualname__ != node["object"] or names != node["fields"].keys():
        raise ValueError(f"a {node['object']} was kept where a {type(template).__qualname__} belongs, or another one")
    made = copy.copy(template)
    for name, part in node["fields"].items():
        object.__setattr__(made, name, _put_together(part, getattr(template, name), folder))  # frozen ones, too
    return made


def _fields(template: Any) -> Iterable[Any]:
    return fields(template) if is_dataclass(template) else ()


def _scalar(node: Mapping[str, Any], folder: Path) -> Any:
    return np.load(folder / f"{node['scalar']}.npy", allow_pickle=False)[()]


def _array(path: Path, template: Any) -> NDArray[Any]:
    with path.open("rb") as file:
        shape, fortran, dtype = _header(file)
        fits = isinstance(template, np.ndarray) and (template.shape, template.dtype) == (shape, dtype) and not fortran
        if fits and template.flags.c_contiguous and template.flags.writeable:
            if file.readinto(memoryview(template.reshape(-1)).cast("B")) != template.nbytes:
                raise ValueError(f"{path.name} is cut off")
            filled: NDArray[Any] = template
            return filled
    fresh: NDArray[Any] = np.load(path, allow_pickle=False)
    return fresh


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    return npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _checksum(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total = zlib.crc32(chunk, total)
    return total
