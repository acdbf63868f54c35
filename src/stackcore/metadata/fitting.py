"""Makes metadata smaller step by step, for a JPEG has room for 64 KiB of EXIF and as much of XMP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from stackcore.metadata.carrying import Carried
from stackcore.metadata.library import exiv2_alone
from stackcore.metadata.record import Record

_LONG = 4096
"""Bytes from which a single value is taken for what does not fit."""

Held = tuple[Carried, Record]
"""What is to be written."""

Step = tuple[Callable[[Held], Held], str]
"""How to make it smaller, and what is lost by that."""


def smaller_exif(held: Held) -> Iterator[Step]:
    """Steps that shorten EXIF: first the maker note goes, then long values, then all of it."""
    name = held[0].source
    yield _exif_where(lambda exiv2, d: not is_maker_note(exiv2, d)), f"the maker note of {name}"
    yield _exif_where(lambda exiv2, d: d.size() <= _LONG), f"EXIF values of {name} longer than {_LONG} bytes"
    yield _exif_where(lambda exiv2, d: False), f"EXIF of {name}"


def smaller_xmp(held: Held) -> Iterator[Step]:
    """Steps that shorten XMP: first the names of the frames or long values go, whichever take more; then the rest."""
    carried, record = held
    names: Step = (lambda h: (h[0], h[1].model_copy(update={"frames": ()}))), "the list of the frames"
    long = _xmp_where(lambda d: d.size() <= _LONG), f"XMP values of {carried.source} longer than {_LONG} bytes"
    longest = max((d.size() for d in carried.xmp), default=0)
    yield from (names, long) if longest < sum(map(len, record.frames)) else (long, names)
    yield _forget_the_past, f"XMP of {carried.source}"


def is_maker_note(exiv2: Any, datum: Any) -> bool:
    """Whether a tag is a maker note or part of one."""
    return bool(exiv2.ExifTags.isMakerGroup(datum.groupName()) or datum.tagName() == "MakerNote")


def _exif_where(keep: Callable[[Any, Any], bool]) -> Callable[[Held], Held]:
    def shorten(held: Held) -> Held:
        with exiv2_alone() as exiv2:
            kept = exiv2.ExifData()
            for datum in held[0].exif:
                if keep(exiv2, datum):
                    kept.add(exiv2.ExifKey(datum.key()), datum.value())
        return replace(held[0], exif=kept), held[1]

    return shorten


def _xmp_where(keep: Callable[[Any], bool]) -> Callable[[Held], Held]:
    def shorten(held: Held) -> Held:
        with exiv2_alone() as exiv2:
            kept = exiv2.XmpData()
            for datum in held[0].xmp:
                if keep(datum):
                    kept.add(exiv2.XmpKey(datum.key()), datum.value())
        return replace(held[0], xmp=kept), held[1]

    return shorten


def _forget_the_past(held: Held) -> Held:
    bare = _xmp_where(lambda d: False)(held)[0]
    return replace(bare, earlier={}), held[1].model_copy(update={"before": None, "skipped": ()})
