"""Text that fits the terminal: wrapped at words, and indented under what it belongs to.

A file or a pipe gets every line whole.
"""

from __future__ import annotations

import os
import shutil
import sys
from textwrap import wrap
from typing import TextIO

NARROW = 72
"""Columns below which tables become lists: their cells would be a few letters wide."""

_LEAST = 20
"""Columns that a text gets beside its label; with fewer it goes below."""


def columns_of(stream: TextIO | None = None) -> int | None:
    """How wide a terminal is; None for a stream that is none, unless the variable `COLUMNS` says a width."""
    stream = sys.stdout if stream is None else stream
    if stream.isatty() or "COLUMNS" in os.environ:
        return shutil.get_terminal_size().columns
    return None


def is_narrow(columns: int | None) -> bool:
    """Whether tables do not fit."""
    return columns is not None and columns < NARROW


def fitted(text: str, columns: int | None, *, label: str = "", indent: int | None = None) -> list[str]:
    """Lines of `label` and `text`, the latter indented by `indent`, or else under itself.

    A word that is too long, as a path, stays whole: it is there to be copied.

    Examples
    --------
    >>> fitted("one two three four five six", 30, label="seconds  ")
    ['seconds  one two three four', '         five six']
    >>> fitted("one two three four five", 28, label="a very long label: ")
    ['a very long label:', '  one two three four five']
    >>> fitted("one two", None, label="seconds  ")
    ['seconds  one two']
    """
    if columns is None or len(label) + len(text) <= columns:
        return [f"{label}{text}"]
    before = " " * (len(label) if indent is None else indent)
    if columns - len(before) < _LEAST:
        return [*([label.rstrip()] if label.strip() else []), *_wrapped(text, columns, "  ", "  ")]
    return _wrapped(text, columns, label, before)


def _wrapped(text: str, columns: int, first: str, others: str) -> list[str]:
    # A terminal may be narrower than an indent; `wrap` wants room for a letter.
    return wrap(
        text,
        max(columns, len(first) + 1, len(others) + 1),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
