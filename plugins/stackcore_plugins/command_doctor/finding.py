"""What a look at one thing gave: the value that all checks return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from stackcore.errors import PluginError

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    fix
        What to do; empty only where `state` is ok.
    figures
        What the detail tells, for programs: names with their unit, as `free_bytes`.
    exit_code
        What the doctor ends with when this is the first that failed.
    """

    name: str
    state: State
    detail: str
    fix: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = PluginError.exit_code
