"""What `--white-balance` takes: a rule, four numbers, or the name of a grey card that was measured before."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import get_args

from stackcore.errors import UsageError
from stackcore.protocols import WhiteBalanceRule
from stackcore.terms import Multipliers

_WIDEST = 100.0
"""No light and no sensor is so far from neutral that one channel needs a hundred times another."""


def parse_white_balance(text: str, named: Callable[[str], Multipliers]) -> WhiteBalanceRule | Multipliers:
    """Return the rule, or the multipliers with the smallest 1.

    Parameters
    ----------
    text
        `camera`, `daylight` or `auto`; four positive numbers for red, green, blue and the second green, parted by
        blanks or commas; or a name.
    named
        Looks a name up, and raises a `StackcoreError` for one that it does not know.

    Raises
    ------
    UsageError
        Numbers that are no white balance.

    Examples
    --------
    >>> parse_white_balance("4.2, 2 2.8 2", {}.__getitem__)
    (2.1, 1.0, 1.4, 1.0)
    >>> parse_white_balance("daylight", {}.__getitem__)
    'daylight'
    """
    text = text.strip()
    for rule in get_args(WhiteBalanceRule):
        if text.casefold() == rule:
            found: WhiteBalanceRule = rule
            return found
    parts = [part for part in re.split(r"[\s,]+", text) if part]
    numbers = [number for part in parts if (number := _number(part)) is not None]
    if not numbers:
        if not text:
            raise _refused(text, "nothing is given.")
        return named(text)
    if len(numbers) != len(parts) or len(numbers) != 4:
        raise _refused(
            text, f"four numbers are needed (red, green, blue, second green), not {len(numbers)} of {len(parts)}."
        )
    return multipliers(numbers, text)


def multipliers(numbers: Sequence[float], text: str | None = None) -> Multipliers:
    """Four positive numbers scaled so that the smallest is 1; `UsageError` calls them `text`.

    Examples
    --------
    >>> multipliers([1.0, 0.5, 0.75, 0.5])
    (2.0, 1.0, 1.5, 1.0)
    """
    shown = " ".join(f"{number:g}" for number in numbers) if text is None else text
    if len(numbers) != 4:
        raise _refused(shown, f"it has {len(numbers)} numbers, not four.")
    if not all(math.isfinite(number) and number > 0 for number in numbers):
        raise _refused(shown, "each number is a factor on light, and must be greater than 0.")
    least = min(numbers)
    if max(numbers) > _WIDEST * least:
        raise _refused(shown, f"its largest number is {max(numbers) / least:.0f} times the smallest.")
    red, green, blue, second = (number / least for number in numbers)
    return red, green, blue, second


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _refused(text: str, why: str) -> UsageError:
    return UsageError(
        f'"{text}" is no white balance.',
        why,
        'give "camera", "daylight", "auto", the name of a grey card, or four numbers such as "2.1 1 1.4 1".',
    )
