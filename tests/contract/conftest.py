"""Tries one promise of a contract that a wrong plugin breaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stackcore.testing import Contract
from stackcore.testing.trying import attempt

HappenedIn = Callable[[Contract, str], str]


@pytest.fixture
def happened_in() -> HappenedIn:
    """What is said to have happened in a promise of a contract, by its name without `test_`; it must be broken."""

    def happened(contract: Contract, name: str) -> str:
        [promise] = [promise for promise in contract.promises() if promise.method == f"test_{name}"]
        finding = attempt(contract, promise)
        assert finding.state == "broken", f"{name}: {finding.state} {finding.happened}"
        return finding.happened

    return happened


@pytest.fixture
def own_promises() -> Callable[[type[Contract]], set[str]]:
    """Names of the promises of a contract, those of every kind left out."""

    def own(contract: type[Contract]) -> set[str]:
        common = {promise.method for promise in Contract.promises()}
        return {p.method.removeprefix("test_") for p in contract.promises() if p.method not in common}

    return own
