"""What a process is made of, as far as the bytes of a result depend on it; compared before any work."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from stackcore.registry import Registry

_KINDS = ("developer", "aligner", "fuser")
_LIBRARIES = ("distributed", "numpy", "numba", "opencv-python-headless", "pyvips", "pyvips-binary", "rawpy")


def facts() -> dict[str, str]:
    """Versions of Python, of the libraries beneath, and of each package that offers a plugin which touches pixels."""
    import importlib_metadata

    found = {"python": ".".join(platform.python_version_tuple()[:2]), "machine": platform.machine()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib_metadata.version(name)
        except importlib_metadata.PackageNotFoundError:
            continue
    for record in Registry.discover().records():
        if record.kind in _KINDS and record.state == "ok":
            found[record.distribution] = record.version
    return found


def differences(here: Mapping[str, str], there: Mapping[str, Any]) -> list[str]:
    """What is of another version there, in words; a package that only one side has is none of its business.

    Examples
    --------
    >>> differences({"numpy": "2.4", "acme": "1"}, {"numpy": "2.3"})
    ['numpy 2.3 instead of 2.4']
    """
    return [
        f"{name} {there[name]} instead of {here[name]}" for name in here if there.get(name, here[name]) != here[name]
    ]
