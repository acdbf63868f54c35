"""Pictures among the inputs that stackcore made from others of them: results that lie in the folder of the frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from stackcore.errors import UnreadableFrame
from stackcore.events import Emit, Warned
from stackcore.metadata.record import Record, legible, read_record

_WRITTEN = frozenset((".tif", ".tiff", ".png", ".jpg", ".jpeg"))
"""What results are written as; other files are not opened."""


def without_results(paths: Sequence[Path], emit: Emit) -> list[Path]:
    """The frames among `paths`, in their order; a result that is left out is told as `result-left-out`.

    A picture is a result if the record that it carries, or that of a picture which it was made from, names another of
    the files: results of other frames, aligned frames and images of slabs may be stacked like any picture. Reads the
    metadata of files of the types that results have.
    """
    names = {legible(path.name) for path in paths}
    kept = []
    for path in paths:
        if path.suffix.lower() in _WRITTEN and _is_made_of(names - {legible(path.name)}, path):
            message = f"{path.name} is left out: stackcore made it from other files that are named here."
            emit(Warned(code="result-left-out", message=message, frame=path.name))
        else:
            kept.append(path)
    return kept


def _is_made_of(names: set[str], path: Path) -> bool:
    try:
        record = read_record(path)
    except UnreadableFrame:  # it has none, or cannot be read, which is told when it is decoded
        return False
    return any(not names.isdisjoint(each.frames) for each in _records(record))


def _records(record: Record | None) -> Iterator[Record]:
    while record is not None:
        yield record
        record = record.before
