"""The offer of the raw developer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stackcore.hookspecs import Offer, hookimpl
from stackcore.stacking.pixel_limit import PixelLimit

if TYPE_CHECKING:
    from stackcore.protocols import Developer

SUFFIXES = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef", ".mos", ".mrw"),
    *(".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)
"""The raw formats of LibRaw's camera list that have a suffix of their own."""


class LibRawOptions(PixelLimit):
    """What can be set on the raw developer."""

    demosaic: Literal["ahd", "ppg", "linear", "vng", "dcb", "dht"] = Field("ahd", description="How colours are filled.")
    check_length: bool = Field(True, description="Refuse files that are shorter than their own directory says.")


def _build(options: LibRawOptions) -> Developer:
    from stackcore_plugins.developer_libraw.developer import LibRawDeveloper

    return LibRawDeveloper(options)


@hookimpl
def stackcore_developers() -> Iterable[Offer[Developer]]:
    """Offer the raw developer."""
    return [
        Offer(
            name="libraw",
            summary="Develops camera raw files to 16 bit, every frame of a stack in exactly the same way.",
            options=LibRawOptions,
            build=_build,
            capabilities=SUFFIXES,
            needs=("rawpy",),
        )
    ]
