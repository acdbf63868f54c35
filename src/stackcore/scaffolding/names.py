"""What a new plugin is called: which names will do, and what follows from one."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from stackcore.errors import UsageError
from stackcore.hookspecs import HOOK_OF_KIND, Kind

LONGEST = 24
"""Characters of a name; it is part of module names, and of lines that are written."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TOKEN = re.compile(r"[A-Z][A-Z0-9]*")

_MEAN_SOMETHING = {"all", "auto", "default", "false", "help", "list", "none", "off", "on", "stackcore", "true"}
"""Words that the command line, or TOML, takes for something else than a name."""


@dataclass(frozen=True)
class Names:
    """Everything that follows from the kind and the name of a plugin."""

    kind: Kind
    name: str

    @property
    def distribution(self) -> str:
        """What pip calls the package: `stackcore-fuser-variance`."""
        return f"stackcore-{self.kind}-{self.name.lower()}"

    @property
    def package(self) -> str:
        """What Python calls it: `stackcore_fuser_variance`."""
        return self.distribution.replace("-", "_")

    @property
    def entry_point(self) -> str:
        """Its name among the entry points: `fuser-variance`."""
        return f"{self.kind}-{self.name.lower()}"

    @property
    def identifier(self) -> str:
        """The name as a Python function: `count_files`."""
        return self.name.lower().replace("-", "_")

    @property
    def class_name(self) -> str:
        """The class that does the work: `VarianceFuser`."""
        return "".join(part.capitalize() for part in self.name.split("-")) + self.kind.capitalize()

    @property
    def hook(self) -> str:
        """The hook that offers it."""
        return HOOK_OF_KIND[self.kind]

    @property
    def contract(self) -> str:
        """The class of `stackcore.testing` that tries it."""
        return f"{self.kind.capitalize()}Contract"


def names_of(kind: Kind, name: str) -> Names:
    """Return the names of a new plugin; `UsageError` for a name that will not do."""
    is_token = kind == "token"
    if not (_TOKEN if is_token else _NAME).fullmatch(name):
        allowed = (
            "a token's name is upper-case letters and digits, beginning with a letter"
            if is_token
            else "a name is lower-case letters, digits and single hyphens, beginning with a letter"
        )
        raise UsageError(f'A {kind} cannot be called "{name}".', f"{allowed}.", _suggest(name, is_token=is_token))
    if len(name) > LONGEST:
        raise UsageError(
            f'A {kind} cannot be called "{name}".',
            f"it has {len(name)} characters, and {LONGEST} are the most.",
            "choose a shorter name: it is typed often.",
        )
    if keyword.iskeyword(name.lower()) or keyword.issoftkeyword(name.lower()) or name.lower() in _MEAN_SOMETHING:
        raise UsageError(
            f'A {kind} cannot be called "{name}".', "the word means something else already.", "choose another name."
        )
    return Names(kind, name)


def _suggest(name: str, *, is_token: bool) -> str:
    """Advice with the nearest name that will do, where there is one."""
    if is_token:
        near = re.sub(r"^[^A-Z]+|[^A-Z0-9]", "", name.upper())
    else:
        words = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name).lower()
        near = re.sub(r"[^a-z0-9]+", "-", words).strip("-")
        near = re.sub(r"^[^a-z]+", "", near)
    return f'for example "{near[:LONGEST].rstrip("-")}".' if near else "choose one with a letter in it."
