"""Whether a plugin was written for these hooks: what it declares, read without importing it, and what that means."""

from __future__ import annotations

import ast
import importlib.util
import re
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Literal

from stackcore.hookspecs import API_VERSION

ATTRIBUTE = "stackcore_api"
"""Name of the line in a plugin's module that says which version of the hooks it was written for."""

FIRST_VERSION = "1.0"
"""What a plugin that declares nothing was written for, for ever."""


@dataclass(frozen=True)
class Mismatch:
    """Why a plugin does not fit: `state` as in a record, in words, and what to do."""

    state: Literal["incompatible", "broken"]
    reason: str
    fix: str


def read_declared(module: str) -> str | None:
    """Return what the source of a module declares, or None; neither it nor a package around it is imported.

    What was written for other hooks would most likely fail at its imports, and be taken for broken.
    """
    try:
        path = _source_of(module)
        source = path.read_bytes() if path else b""
        return _declared_in(ast.parse(source)) if ATTRIBUTE.encode() in source else None
    except Exception:  # whatever is wrong with it, importing it will tell
        return None


def _source_of(module: str) -> Path | None:
    """Where the source of a module lies; Python's own `find_spec` would import the packages on the way."""
    top, *inner = module.split(".")
    spec, name = importlib.util.find_spec(top), top
    for part in inner:
        if spec is None:
            return None
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, spec.submodule_search_locations)
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


def _declared_in(module: ast.Module) -> str | None:
    for line in module.body:
        match line:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(version))):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(version))):
                pass
            case _:
                continue
        if name == ATTRIBUTE:
            return version
    return None


def mismatch(declared: object, distribution: str) -> Mismatch | None:
    """Return why a plugin that declares `declared` does not fit the hooks of this stackcore; None if it does.

    The major versions must be equal, and the minor one not above ours. `1` means `1.0`.

    Examples
    --------
    >>> mismatch("1.0", "acme") is None
    True
    >>> mismatch("2.1", "acme").reason
    'it was written for version 2.1 of the hooks, and this stackcore has 1.0.'
    """
    version = _parse(declared)
    if version is None:
        return Mismatch(
            "broken",
            f"its {ATTRIBUTE} is {declared!r}, which is no version.",
            f'tell the author of {distribution} to write {ATTRIBUTE} = "{API_VERSION}".',
        )
    ours = _parse(API_VERSION)
    assert ours is not None
    if version[0] == ours[0] and version[1] <= ours[1]:
        return None
    newer = version > ours
    cure = "pip install --upgrade stackcore" if newer else f"pip install --upgrade {distribution}"
    other = "an older" if newer else "a newer"
    return Mismatch(
        "incompatible",
        f"it was written for version {declared} of the hooks, and this stackcore has {API_VERSION}.",
        f"{cure}, or install {other} {distribution} that was written for {API_VERSION}.",
    )


def _parse(declared: object) -> tuple[int, int] | None:
    """Major and minor number of a version."""
    found = re.fullmatch(r"(\d+)(?:\.(\d+))?", declared) if isinstance(declared, str) else None
    return (int(found[1]), int(found[2] or 0)) if found else None
