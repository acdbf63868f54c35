"""Path templates: parse what the user typed once, expand it for every file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stackcore.errors import UsageError, did_you_mean
from stackcore.paths.sanitise import NAME_BYTES, sanitise
from stackcore.protocols import AskingToken, Token, TokenContext

DEFAULT_TEMPLATE = "stackcore/@GRP/@GCT4"
"""Where frames go when nobody says otherwise: one folder per run, below the current folder."""

SUFFIX_ROOM = 8
"""Bytes kept free in a file name for `-(1)` and its like."""

_SEPARATORS = re.compile(r"[/\\]+")
_DRIVE = re.compile(r"[A-Za-z]:")
_UNC = re.compile(r"[/\\]{2}([^/\\]+)[/\\]([^/\\]+)")
_WORD = re.compile(r"[A-Za-z0-9]*")
_LABEL = re.compile(r":([^\W_]+(?:_[^\W_]+)*)")
_EXTENSIONS = re.compile(
    r"\.(jpe?g|tiff?|png|webp|avif|heic|heif|jxl|dng|nef|nrw|cr[23w]|arw|raf|rw2|orf|pef|srw|3fr|iiq|raw)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class TokenUse:
    """A token in a template: its name, and the digit or the label that followed it."""

    name: str
    digits: int | None = None
    label: str = ""

    def __str__(self) -> str:
        return f"@{self.name}{self.digits or ''}{':' if self.label else ''}{self.label}"


Piece = str | TokenUse
"""A literal text or a token."""

ContextFor = Callable[[Token], TokenContext]
"""Gives a token what it may know; the number of its counter is in it."""


@dataclass(frozen=True)
class Template:
    """A parsed template.

    Attributes
    ----------
    anchor
        Where it starts: empty for the current folder, `~`, or a root such as `/` or `C:/`.
    levels
        The folders and, last, the file name without its extension; each a row of pieces.
    warnings
        What was wrong with the text and put right.
    """

    anchor: str
    levels: tuple[tuple[Piece, ...], ...]
    warnings: tuple[str, ...] = ()

    @property
    def uses(self) -> list[TokenUse]:
        """Every token of the template, in order."""
        return [piece for level in self.levels for piece in level if isinstance(piece, TokenUse)]

    def __str__(self) -> str:
        body = "/".join("".join(map(_source, level)) for level in self.levels)
        if self.anchor == "~":
            return f"~/{body}"
        # A first name that would read as an anchor, like the "~" of "./~/a", keeps its "./".
        looks_anchored = not self.anchor and (_DRIVE.match(body) or body.startswith("~/") or body == "~")
        return f"./{body}" if looks_anchored else self.anchor + body


@dataclass(frozen=True)
class Expanded:
    """A template with its tokens replaced.

    `stem` is the absolute path without extension, `root` the part of it where the template starts, and `warnings`
    tell what was neutralised.
    """

    stem: Path
    root: Path
    warnings: tuple[str, ...]

    def with_extension(self, extension: str) -> Path:
        """Path for a file of this type; `extension` comes without a dot and is made safe."""
        safe, _ = sanitise(extension.lower().lstrip("."))
        return self.stem.with_name(f"{self.stem.name}.{safe}")


def parse(text: str, tokens: Mapping[str, Token], *, drives: bool = os.name == "nt") -> Template:
    r"""Read a template.

    `/` and `\` both separate folders; a drive letter or `~` counts only at the very start; the longest token name
    wins; `@@` is a literal @. `drives` says whether this system has drive letters. Raises `UsageError` for an
    unknown token, a digit or label that is missing, a drive where there is none, bytes that are no text, and a
    template without a file name.
    """
    _refuse_undecodable(text)
    anchor, rest = _split_anchor(text, drives)
    names = [part for part in _SEPARATORS.split(rest) if part not in ("", ".")]
    if not names or rest[-1:] in ("/", "\\"):
        raise UsageError(
            f'The path template "{text}" names no file.',
            "it is empty or ends with a separator.",
            f'end it with a name, for example "{DEFAULT_TEMPLATE}".',
        )
    warnings: list[str] = []
    while (typed := _EXTENSIONS.search(names[-1])) and typed.start() > 0:
        names[-1] = names[-1][: typed.start()]
        warnings.append(f'"{typed.group()}" is left out: the extension of each file is appended by itself')
    return Template(anchor, tuple(_pieces(name, text, tokens) for name in names), tuple(warnings))


def written(name: str, token: Token) -> str:
    """How a token is written, `n` for its digit: `@GCTn`, `@ASK:label`, `@GRP`."""
    return f"@{name}{'n' if token.takes_digits else ''}{':label' if isinstance(token, AskingToken) else ''}"


def expand(
    template: Template,
    tokens: Mapping[str, Token],
    context_for: ContextFor,
    extension: str,
    base: Path | None = None,
) -> Expanded:
    """Replace the tokens; a token's value can never add a folder level, and no name is unsafe.

    A token without a value, like `@LENS` where the camera names none, draws a warning.
    `extension` (without a dot) is what the name must leave room for. A relative template starts at
    `base`, which is used as it is, or else at the current folder. Raises `UsageError` when `~` stands for no folder.
    """
    warnings: list[str] = list(template.warnings)
    root = path = root_of(template, base)
    last = len(template.levels) - 1
    for position, level in enumerate(template.levels):
        texts = [_text(piece, tokens, context_for) for piece in level]
        warnings.extend(f"{piece} has no value" for piece, text in zip(level, texts, strict=True) if not text)
        name = "".join(texts)
        room = NAME_BYTES - (SUFFIX_ROOM + 1 + len(extension.encode()) if position == last else 0)
        safe, reasons = sanitise(name, room)
        warnings.extend(f'{reason}; it is written as "{safe}"' for reason in reasons)
        path = path / safe
    return Expanded(path, root, tuple(warnings))


def _refuse_undecodable(text: str) -> None:
    """Refuse what a shell passed on although it is no UTF-8: no event and no manifest could show it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The path template {text!a} is no text.",
            f"character {error.start + 1} is not valid UTF-8.",
            "type it in a terminal that uses UTF-8.",
        ) from error


def _split_anchor(text: str, drives: bool) -> tuple[str, str]:
    drive = _DRIVE.match(text)
    if drive and not drives:
        without = text[drive.end() :]
        raise UsageError(
            f'The path template "{text}" starts with a drive letter.',
            "this system has no drives.",
            f'leave it out: "{without}".',
        )
    if drive:
        rest = text[drive.end() :]
        return f"{drive.group().upper()}/", rest
    share = _UNC.match(text) if drives else None
    if share:
        return f"//{share.group(1)}/{share.group(2)}/", text[share.end() :]
    if text[:1] in ("/", "\\") and text:
        return "/", text[1:]
    if text == "~" or text[:2] in ("~/", "~\\"):
        return "~", text[1:]
    return "", text


def _pieces(name: str, whole: str, tokens: Mapping[str, Token]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    position = 0
    while position < len(name):
        at = name.find("@", position)
        if at < 0:
            at = len(name)
        _append_text(pieces, name[position:at])
        if at == len(name):
            break
        if name[at + 1 : at + 2] == "@":
            _append_text(pieces, "@")
            position = at + 2
            continue
        use, position = _token_at(name, at + 1, whole, tokens)
        pieces.append(use)
    return tuple(pieces)


def _append_text(pieces: list[Piece], text: str) -> None:
    if text and pieces and isinstance(pieces[-1], str):
        pieces[-1] += text
    elif text:
        pieces.append(text)


def _token_at(name: str, start: int, whole: str, tokens: Mapping[str, Token]) -> tuple[TokenUse, int]:
    fitting = [token for token in tokens if name.startswith(token, start)]
    if not fitting:
        word = _WORD.match(name, start)
        typed = word.group() if word else ""
        raise UsageError(
            f'The path template "{whole}" holds the unknown token "@{typed}".',
            "every @ starts a token; write @@ for a literal @.",
            did_you_mean(f"@{typed}", [written(known, tokens[known]) for known in tokens]),
        )
    found = max(fitting, key=len)
    end = start + len(found)
    if isinstance(tokens[found], AskingToken):
        return _labelled(name, found, end, whole)
    if not tokens[found].takes_digits:
        return TokenUse(found), end
    digit = name[end : end + 1]
    if digit not in tuple("123456789"):
        raise UsageError(
            f'The token "@{found}" in the path template "{whole}" lacks its number of digits.',
            "one digit from 1 to 9 follows its name.",
            f'for example "@{found}4" for 0042.',
        )
    return TokenUse(found, int(digit)), end + 1


def _labelled(name: str, token: str, end: int, whole: str) -> tuple[TokenUse, int]:
    label = _LABEL.match(name, end)
    if not label:
        raise UsageError(
            f'The token "@{token}" in the path template "{whole}" does not say what it asks for.',
            "a colon and a label of letters, digits and single _ inside follow its name.",
            f'for example "@{token}:subject".',
        )
    return TokenUse(token, label=label.group(1)), label.end()


def _source(piece: Piece) -> str:
    return piece.replace("@", "@@") if isinstance(piece, str) else str(piece)


def _text(piece: Piece, tokens: Mapping[str, Token], context_for: ContextFor) -> str:
    if isinstance(piece, str):
        return piece
    token = tokens[piece.name]
    context = context_for(token)
    return token.expand(replace(context, label=piece.label) if piece.label else context, piece.digits)


def root_of(template: Template, base: Path | None = None) -> Path:
    """Return the folder where a template starts, absolute; `UsageError` when its `~` stands for no folder."""
    if template.anchor == "~":
        try:
            return Path.home()
        except RuntimeError as error:
            raise UsageError(
                'The "~" of the path template stands for no folder.', f"{error}.", "write the folder in full."
            ) from error
    return Path(template.anchor) if template.anchor else (base or Path()).absolute()
