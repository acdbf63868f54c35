"""The time that a result carries as that of its making."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from stackcore.errors import ConfigError

VARIABLE = "SOURCE_DATE_EPOCH"
"""Environment variable of reproducible-builds.org: seconds since 1970, in place of the clock."""


def moment() -> datetime:
    """Now, in local time with its zone; in UTC what `SOURCE_DATE_EPOCH` says, so that equal runs give equal bytes.

    A run asks once and gives all its files the same time. `ConfigError` when the variable holds no time.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return datetime.now().astimezone()
    try:
        return datetime.fromtimestamp(int(given), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(
            f'{VARIABLE} cannot be "{given}".', "it holds whole seconds since 1970.", f"unset it: unset {VARIABLE}."
        ) from error
