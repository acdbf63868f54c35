"""Every plugin that is offered keeps the contract of its kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest

from stackcore.hookspecs import Kind
from stackcore.protocols import CameraProvider
from stackcore.registry import Registry
from stackcore.testing import (
    AlignerContract,
    CameraContract,
    CommandContract,
    DeveloperContract,
    ExecutorContract,
    ModeContract,
    SharpenerContract,
    TokenContract,
)
from stackcore.testing.simulated import QUICK

REGISTRY = Registry.discover()
"""Before any test has a home of its own: nothing is read from there."""

FAULTS = ("jam@1", "lost@2", "refused@1", "end-stop@2", "still-fails@2", "timeout@1", "transfer-cut@2", "card-full@2")


def every(kind: Kind, *but: str) -> Any:
    """A fixture that runs a contract against each offer of a kind."""

    @pytest.fixture(autouse=True, params=[name for name in REGISTRY.names(kind) if name not in but])
    def chosen(self: Any, request: pytest.FixtureRequest) -> None:
        self.offer = REGISTRY.offer(kind, request.param)

    return chosen


class TestEveryMode(ModeContract):
    chosen = every("mode")


class TestEveryToken(TokenContract):
    chosen = every("token")


class TestEveryCommand(CommandContract):
    chosen = every("command")


class TestEverySharpener(SharpenerContract):
    chosen = every("sharpener")
    most_bytes_per_pixel = 12  # they work in bands


class TestEveryExecutor(ExecutorContract):
    chosen = every("executor", "dask")  # which has a cluster in its own tests, and keeps the contract there


class TestEveryAligner(AlignerContract):
    chosen = every("aligner")


class TestEveryDeveloper(DeveloperContract):
    chosen = every("developer")


class TestEverySimulator(CameraContract):
    chosen = every("camera", "gphoto2-legacy", "gphoto2-unified")
    options = QUICK

    @pytest.fixture(autouse=True)
    def _no_flushing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Some eighty runs need not outlast a power cut."""
        monkeypatch.setattr(os, "fsync", lambda handle: None)

    def make_faulty(self) -> Mapping[str, CameraProvider]:
        return {fault: self.make_with(fault=fault) for fault in FAULTS}


class TestEveryRealCamera(CameraContract):
    """What can be said without a camera: nothing is connected."""

    chosen = every("camera", "simulator", "simulator-legacy")
    connects = False


def test_no_kind_is_left_out() -> None:
    tried = {each.kind for each in CONTRACTS}
    assert {record.kind for record in REGISTRY.records() if record.state == "ok"} <= {*tried, "fuser"}


CONTRACTS = (
    AlignerContract,
    CameraContract,
    CommandContract,
    DeveloperContract,
    ExecutorContract,
    ModeContract,
    SharpenerContract,
    TokenContract,
)
