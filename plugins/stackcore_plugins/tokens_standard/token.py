"""What a standard token is: a function of what is known about the file, or an answer of the user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stackcore.protocols import TokenContext


@dataclass
class StandardToken:
    """A token made of a function from context and number of digits (0 where it takes none) to text."""

    write: Callable[[TokenContext, int], str]
    takes_digits: bool = False
    counter: Literal["global", "profile"] | None = None

    def expand(self, context: TokenContext, digits: int | None) -> str:
        """Return the text that takes the token's place."""
        return self.write(context, digits or 0)


class AskToken:
    """A token whose value the user gives once for a run."""

    takes_digits = False
    counter: Literal["global", "profile"] | None = None

    def question(self, label: str) -> str:
        """Return the label in words."""
        return label.replace("_", " ")

    def expand(self, context: TokenContext, digits: int | None) -> str:
        """Return the answer under the token's own label."""
        return context.answers[context.label]


def counter_text(context: TokenContext, digits: int) -> str:
    """Return the number reserved for the file with leading zeros; wider when it outgrows its digits."""
    return f"{context.counter or 0:0{digits}d}"


def slice_text(context: TokenContext) -> str:
    """Return the number of the slice from 1, as wide as that of the run's last slice."""
    return f"{context.slice_index + 1:0{len(str(context.slices))}d}"


def to_the_millisecond(moment: datetime) -> str:
    """Return a time whose order as text is its order in time: 20261122-181500-042."""
    return f"{moment:%Y%m%d-%H%M%S}-{moment.microsecond // 1000:03d}"
