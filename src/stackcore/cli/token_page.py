"""The reference page of path tokens, made from what is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stackcore.api.tokens import TokenInfo

_HEAD = """\
# Path tokens

<!-- Made by `stackcore path tokens --markdown`; a test keeps it true. Do not edit. -->

`--path` takes a template: a path whose tokens are replaced for each file. The examples show the fifth image of a run \
of 12 slices. Each token is a plugin; where a token is known from stands in the last column.

| token | meaning | example | gives | value and origin |
|---|---|---|---|---|
"""

_TAIL = """\
| `@@` | A literal @. | `a@@b` | `a@b` | our own |

"From the capture workflow" means: its help pages name the token. An older version of that tool had others, whose \
names we kept; where only a family of tokens or a name was known, the rest is ours, and the table says so.

## Rules

- Tokens are case-sensitive and the longest name wins: `@UD1` is never `@U` and `D1`. `n` is one digit from 1 to 9; a \
number that outgrows its digits gets wider. A label has letters, digits, and single `_` inside: `@ASK:tray_no`. An \
unknown token is an error that names the nearest ones.
- `/` and `\\` both separate folders, on every system. `~` and a drive letter count only at the very start; a drive \
letter on a system without drives is an error. A relative template starts at the current folder.
- The extension is never typed: each file gets that of its type. One that is typed draws a warning and is left out.
- A token's value never adds a folder. Characters that some system refuses (`< > : " | ? *`, control characters), \
names that Windows reserves (`CON`, `NUL`, `COM1`), dots and blanks at the end (so `..` too) become underscores, \
names over 255 bytes are cut; each with a warning, and the same everywhere, so that a folder can be carried anywhere.
- A token without a value (`@LENS` where the camera names none) is left empty, with a warning; a name that is empty \
becomes `_`.
- Nothing is ever overwritten: where a name is taken, the file gets `-(1)`, `-(2)` and so on. Files of one picture \
(raw and JPEG) share one name and one number.
- `@GCTn` and `@PCTn` advance only with a saved picture and are never used twice, whatever is killed when and however \
many runs are under way; a run that dies may leave a gap, which the next one tells.
- `--mirror DIR` writes a second copy under the same name below DIR. A mirror that fails draws a warning for each file.

`stackcore path preview` shows what a template gives next; [Name your files](../how-to/path-templates.md) has examples.
"""


def token_page(tokens: Sequence[TokenInfo]) -> str:
    """Return the page in Markdown."""
    rows = [
        f"| `{token.written}` | {_cell(token.summary)} | `{token.example}` | `{_cell(token.result)}` "
        f"| {_cell(', '.join(token.about))} |\n"
        for token in tokens
    ]
    return _HEAD + "".join(rows) + _TAIL


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
