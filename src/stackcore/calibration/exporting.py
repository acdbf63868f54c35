"""Entries of the calibration library as files for other programs."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np

from stackcore.calibration.entries import DarkEntry, Entry, WhiteBalanceEntry
from stackcore.calibration.library import Library
from stackcore.errors import UsageError, did_you_mean
from stackcore.terms import Multipliers


def exported(library: Library, entry: Entry, suffix: str) -> bytes:
    """Return the file that `suffix` (`.txt`, lower case) names, of an entry of `library`.

    A dark is `.txt`, the list of its defects as `dcraw -P` reads it; `.tif` or `.tiff`, the averaged dark as it is
    kept; `.pgm`, the same in 16 bits as `dcraw -K` reads it; or `.json`. A white balance is `.txt`, the four
    multipliers, or `.json`. `UsageError` for another suffix, `ConfigError` for a dark whose picture is damaged.
    """
    writers: dict[str, Callable[[], bytes]]
    if isinstance(entry, DarkEntry):
        dark = entry
        writers = {
            ".txt": lambda: defect_list(dark).encode(),
            ".tif": lambda: _tiff(library, dark),
            ".tiff": lambda: _tiff(library, dark),
            ".pgm": lambda: _pgm(library, dark),
        }
    else:
        balance = entry
        writers = {".txt": lambda: f"{written_multipliers(balance.multipliers)}\n".encode()}
    writers[".json"] = lambda: entry.model_dump_json(by_alias=True, indent=2).encode() + b"\n"
    if suffix not in writers:
        kind = "white balance" if isinstance(entry, WhiteBalanceEntry) else "dark"
        raise UsageError(
            f'"{entry.name}" cannot be exported to a file that ends in "{suffix}".',
            f"it is a {kind}.",
            did_you_mean(suffix, writers),
        )
    return writers[suffix]()


def defect_list(entry: DarkEntry) -> str:
    """Return the defects as `dcraw -P` reads them: column, row, and the time from when on, one photosite a line.

    The time is 0, always. `dcraw` takes the rest of a line after # as a remark.
    """
    dead = set(entry.dead)
    lines = [
        f"# {len(entry.dead)} dead and {len(entry.hot)} hot photosites of {entry.camera}, found by {entry.software}",
        f"# column, row and time as dcraw -P reads them, in a picture of {entry.width}x{entry.height}, not turned",
        *(f"{x} {y} 0{' # dead' if (x, y) in dead else ''}" for x, y in entry.defects),
    ]
    return "\n".join(lines) + "\n"


def written_multipliers(multipliers: Multipliers) -> str:
    """Return red, green, blue and second green as they are typed.

    Examples
    --------
    >>> written_multipliers((2.0, 1.0, 1.60012, 1.003))
    '2.0000 1.0000 1.6001 1.0030'
    """
    return " ".join(f"{factor:.4f}" for factor in multipliers)


def _tiff(library: Library, entry: DarkEntry) -> bytes:
    library.image(entry)  # a damaged one is not handed on
    return library.image_file(entry).read_bytes()


def _pgm(library: Library, entry: DarkEntry) -> bytes:
    """Netpbm's greyscale with 16 bits, the high byte first."""
    buffer = io.BytesIO(f"P5 {entry.width} {entry.height} 65535\n".encode())
    buffer.seek(0, io.SEEK_END)
    buffer.write(np.rint(library.image(entry)).astype(">u2").tobytes())
    return buffer.getvalue()
