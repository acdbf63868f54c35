"""The calibration library in Python: what it holds, shown, exported, removed."""

from __future__ import annotations

from pathlib import Path

from stackcore.calibration.entries import DarkEntry, Entry, WhiteBalanceEntry
from stackcore.calibration.exporting import exported
from stackcore.calibration.library import Contents, Library
from stackcore.paths.naming import create, replace
from stackcore.stacking.output import check_place

__all__ = ["Contents", "DarkEntry", "Entry", "Library", "WhiteBalanceEntry", "export_entry"]


def export_entry(name: str, output: str | Path, *, overwrite: bool = False) -> Path:
    """Write an entry as a file for other programs, by the extension of `output`; returns its path.

    A dark becomes `.txt`, its defects as `dcraw -P` reads them; `.tif`, the averaged dark; `.pgm`, the same as
    `dcraw -K` reads it; or `.json`. A white balance becomes `.txt`, the four multipliers, or `.json`.

    `UsageError` for an unknown name or extension, `ConfigError` for an entry that is broken, `OutputError` when the
    file exists without `overwrite` or cannot be written.

    Examples
    --------
    >>> import stackcore
    >>> found = stackcore.greycard("raws/card.dng", save="lamp")
    >>> len(stackcore.export_entry("lamp", "lamp.txt").read_text().split())
    4
    """
    library, target = Library(), Path(output)
    check_place(target, overwrite=overwrite)
    data = exported(library, library.entry(name), target.suffix.lower())
    (replace if overwrite else create)(data, target)
    return target
