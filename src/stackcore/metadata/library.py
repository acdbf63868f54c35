"""The one door to Exiv2: files opened, its errors and its messages turned into ours, one caller at a time.

Nothing outside this package imports it; why it was chosen and what it costs is told in
`docs/decisions/2026-11-22-metadata.md`.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from stackcore.metadata.tiff import MetadataError, extract, is_big

__all__ = ["NAMESPACE", "PREFIX", "MetadataError", "complaints", "exiv2_alone", "opened"]

_ALONE = threading.RLock()
"""Exiv2's XMP parser and its log are global: one thread at a time."""


@contextmanager
def exiv2_alone() -> Iterator[Any]:
    """Yield the module `exiv2` to one thread at a time; what it raises becomes a `MetadataError`."""
    with _ALONE:
        module = _loaded()
        try:
            yield module
        except (module.Exiv2Error, UnicodeError, OverflowError, ValueError, OSError) as error:
            raise MetadataError(str(getattr(error, "message", None) or error)) from error


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Yield the `exiv2.Image` of a file, its metadata read.

    Of a BigTIFF, which Exiv2 does not know, it is an image in memory: writing to it changes no file. `MetadataError`
    when the file is missing, of another type that Exiv2 does not know, or damaged beyond reading.
    """
    with exiv2_alone() as exiv2, _name(path) as name:
        image = exiv2.ImageFactory.open(extract(path) if is_big(path) else name)
        image.readMetadata()
        yield image


@contextmanager
def complaints() -> Iterator[list[str]]:
    """Collect what Exiv2 calls errors while the block runs; without it they go nowhere, never to stderr."""
    heard: list[str] = []
    with _ALONE:
        _loaded()
        before, _LISTENER.heard = _LISTENER.heard, heard
        try:
            yield heard
        finally:
            _LISTENER.heard = before


class _Listener(logging.Handler):
    """Keeps messages while somebody wants them."""

    heard: list[str] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self.heard is not None:
            self.heard.append(record.getMessage().strip().rstrip("."))


_LISTENER = _Listener()


@cache
def _loaded() -> Any:
    import exiv2  # heavy, and not needed by every command

    log = logging.getLogger("exiv2")
    log.propagate = False
    log.addHandler(_LISTENER)
    exiv2.LogMsg.setHandler(exiv2.pythonHandler)  # with Exiv2's own it would print to stderr
    exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.error)
    exiv2.XmpProperties.registerNs(NAMESPACE, PREFIX)
    return exiv2


NAMESPACE, PREFIX = "urn:stackcore:xmp/1/", "stackcore"
"""Our own XMP properties."""


@contextmanager
def _name(path: Path) -> Iterator[str]:
    """A name that Exiv2 understands: it wants UTF-8, and not every file system does."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        pass
    else:
        yield str(path)
        return
    try:
        descriptor = os.open(path, os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY)
    except OSError as error:
        raise MetadataError(str(error.strerror)) from error
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
