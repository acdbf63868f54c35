"""On which line each key of a TOML text stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def lines_of(text: str) -> dict[Path, int]:
    r"""Return the line, counted from 1, of every table and key by its path.

    The text is valid TOML. Each of its statements is valid TOML by itself, too, and so the standard library's parser
    finds where it ends and what it says: see docs/decisions/2026-11-22-presets.md.

    Examples
    --------
    >>> lines_of('summary = "x"\n[stack]\n\nslab.size = 3')
    {('summary',): 1, ('stack',): 2, ('stack', 'slab'): 4, ('stack', 'slab', 'size'): 4}
    """
    found: dict[Path, int] = {}
    table: Path = ()
    statement, begins = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        statement += line + "\n"
        try:
            said = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:  # it goes on in the next line
            continue
        paths = list(_paths(said))
        if statement.lstrip().startswith("["):
            table = max(paths, key=len)
            paths = [table[:depth] for depth in range(1, len(table) + 1)]
        else:
            paths = [table + path for path in paths]
        for path in paths:
            found.setdefault(path, begins)
        statement, begins = "", number + 1
    return found


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of a key, or of the nearest table around it that has one; 1 for the file itself."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _paths(value: Any, above: Path = ()) -> Iterator[Path]:
    if isinstance(value, list):  # [[table]]
        value = value[-1] if value and isinstance(value[-1], dict) else None
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*above, key)
            yield from _paths(inner, (*above, key))
