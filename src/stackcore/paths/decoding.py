"""Paths whose bytes are no text: old cameras, cards and archives leave names that are not UTF-8."""

from __future__ import annotations

from pathlib import Path


def is_text(path: Path) -> bool:
    r"""Whether every byte of a path is text: image libraries and JSON take no other.

    Examples
    --------
    >>> is_text(Path("Käfer.jpg")), is_text(Path("K\udce4fer.jpg"))
    (True, False)
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def as_text(path: Path, other: str = "?") -> str:
    r"""A path to be shown or written down; `other` stands for what is no text.

    Examples
    --------
    >>> as_text(Path("K\udce4fer.jpg"))
    'K?fer.jpg'
    """
    return str(path) if is_text(path) else "".join(other if "\ud800" <= c <= "\udfff" else c for c in str(path))
