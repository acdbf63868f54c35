"""Makes one name of a path safe on every system, so that a folder of frames can be carried anywhere."""

from __future__ import annotations

import re

NAME_BYTES = 255
"""Longest name that common file systems accept, bytes of UTF-8."""

_ILLEGAL = re.compile(r'[<>:"|?*/\\\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_TRAILING = re.compile(r"[. ]+$")
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])(?= *(\.|$))", re.IGNORECASE)


def sanitise(name: str, max_bytes: int = NAME_BYTES) -> tuple[str, list[str]]:
    """Return a name that every system accepts, and why it differs from `name` (empty when it does not).

    Unsafe parts become underscores: characters that Windows refuses, separators, control characters, names
    reserved on Windows, trailing dots and blanks (so `..` too). What is over `max_bytes` of UTF-8 is cut off. An
    empty name becomes `_`.

    Examples
    --------
    >>> sanitise("a:b")
    ('a_b', ['"a:b" holds characters that not every system allows'])
    >>> sanitise("..")
    ('__', ['".." ends with dots or blanks'])
    """
    safe, reasons = name, []
    for pattern, reason in (
        (_ILLEGAL, "holds characters that not every system allows"),
        (_TRAILING, "ends with dots or blanks"),
    ):
        if pattern.search(safe):
            safe = pattern.sub(lambda found: "_" * len(found.group()), safe)
            reasons.append(f"{_quoted(name)} {reason}")
    reserved = _RESERVED.match(safe)
    if reserved:
        safe = "_" * len(reserved.group()) + safe[reserved.end() :]
        reasons.append(f"{_quoted(name)} is a name that Windows reserves")
    if len(safe.encode()) > max_bytes:
        # The cut may fall inside a character, and may leave a dot or blank at the end.
        safe = safe.encode()[: max_bytes - 1].decode(errors="ignore") + "_"
        reasons.append(f"{_quoted(name)} is longer than {max_bytes} bytes")
    if not safe:
        safe = "_"
        reasons.append("a name is empty")
    return safe, reasons


def _quoted(name: str) -> str:
    shown = name if len(name) <= 40 else f"{name[:37]}..."
    return '"' + shown.encode("utf-8", "replace").decode() + '"'
