"""ICC profiles of files: whether they can be used, what they are called, and whether two of them mean the same."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
import pyvips

_FIELD = "icc-profile-data"
_SAME = 65535 / 128
"""Two profiles mean the same when no colour moves by more than this, of 16 bits. Measured: two of sRGB, one with a
table and one with a formula, differ by a half of it; a plain power 2.2 instead of its curve by four times as much."""

SRGB = "srgb"
"""How libvips calls its own profile of sRGB."""


def usable(image: Any, space: bytes) -> bytes | None:
    """The embedded profile, if it describes numbers of `space` (`RGB `, `GRAY`, `CMYK`); ICC.1:2022 section 7.2."""
    if _FIELD not in image.get_fields():
        return None
    icc = bytes(image.get(_FIELD))
    whole = len(icc) >= 128 and icc[36:40] == b"acsp" and int.from_bytes(icc[:4], "big") <= len(icc)
    return icc if whole and icc[16:20] == space else None


def embedded(image: Any) -> bool:
    """Whether the file holds any profile at all."""
    return _FIELD in image.get_fields()


def title(icc: bytes) -> str:
    """How a profile calls itself, `an unnamed profile` if it does not; ICC.1:2022 section 9.2.41, both versions."""
    (count,) = struct.unpack_from(">I", icc, 128) if len(icc) >= 132 else (0,)
    for entry in range(min(count, 100)):
        if len(icc) < 144 + 12 * entry:
            break
        tag, start, size = struct.unpack_from(">4sII", icc, 132 + 12 * entry)
        if tag == b"desc":
            data = icc[start : start + size]
            text = _localised(data) if data[:4] == b"mluc" else data[12:].split(b"\0")[0].decode("latin-1")
            return "".join(c for c in text if c.isprintable()).strip()[:60] or "an unnamed profile"
    return "an unnamed profile"


def _localised(data: bytes) -> str:
    """First text of a `multiLocalizedUnicodeType`, section 10.15."""
    if len(data) < 28:
        return ""
    length, start = struct.unpack_from(">II", data, 20)
    return data[start : start + length].decode("utf-16-be", "replace")


def convert(image: Any, source: bytes | str, target: bytes | None, *, depth: int) -> Any:
    """Numbers of `image` in the profile `source` as those of `target` (None: sRGB), 8 or 16 bits deep.

    `source` is a profile or what libvips calls one of its own. Relative colorimetric with black-point compensation:
    white stays white, and inks keep their shadows. libvips leaves the arithmetic to Little CMS.
    """
    image = image.copy()
    if isinstance(source, bytes):
        image.set_type(pyvips.GValue.blob_type, _FIELD, source)
    elif _FIELD in image.get_fields():
        image.remove(_FIELD)
    how: dict[str, Any] = {"embedded": True} if isinstance(source, bytes) else {"input_profile": source}
    with _as_file(target) as name:
        return image.icc_transform(name, intent="relative", black_point_compensation=True, depth=depth, **how)


@contextmanager
def _as_file(icc: bytes | None) -> Iterator[str]:
    """A name for libvips, which takes profiles to convert to from files alone and reads them at once."""
    if icc is None:
        yield SRGB
        return
    with tempfile.NamedTemporaryFile(suffix=".icc", delete=False) as file:
        file.write(icc)
    try:
        yield file.name
    finally:
        os.unlink(file.name)


@lru_cache(maxsize=32)
def same(one: bytes | None, other: bytes | None) -> bool:
    """Whether two RGB profiles (None: sRGB) mean the same colours, whatever their names, dates and curves.

    Cameras and programs write sRGB in dozens of ways; to convert between those would only round.
    """
    if one == other:
        return True
    steps = np.linspace(0, 65535, 9).astype(np.uint16)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    image = pyvips.Image.new_from_array(np.ascontiguousarray(grid)).copy(interpretation="rgb16")
    return _unmoved(image, one or SRGB, other, grid)


@lru_cache(maxsize=32)
def is_srgb_grey(icc: bytes) -> bool:
    """Whether a grey profile has the curve of sRGB."""
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None, :, None]
    image = pyvips.Image.new_from_array(np.ascontiguousarray(ramp)).copy(interpretation="grey16")
    return _unmoved(image, icc, None, ramp)


def _unmoved(image: Any, source: bytes | str, target: bytes | None, before: Any) -> bool:
    try:
        after = convert(image, source, target, depth=16).numpy()
    except pyvips.Error:  # a profile that nobody can use: what is wrong will be said when it is
        return False
    return bool(np.abs(after.astype(np.int32) - before).max() <= _SAME)
