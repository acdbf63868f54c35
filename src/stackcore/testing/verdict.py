"""What a check found: one finding for each promise of a contract, and the verdict over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stackcore.hookspecs import Kind

FindingState = Literal["kept", "broken", "not applicable"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How a promise fared.

    Attributes
    ----------
    title
        The promise, in words.
    state
        What became of it.
    expected
        What was promised, at more length.
    happened
        What happened instead, or why it does not apply; empty for a promise that is kept.
    seconds
        How long it took.
    """

    title: str
    state: FindingState
    expected: str
    happened: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the contract of its kind says of an installed plugin."""

    kind: Kind
    name: str
    distribution: str
    version: str
    findings: tuple[Finding, ...]

    @property
    def is_kept(self) -> bool:
        """No promise is broken."""
        return not self.count("broken")

    def count(self, state: FindingState) -> int:
        """How many promises fared like that."""
        return sum(finding.state == state for finding in self.findings)
