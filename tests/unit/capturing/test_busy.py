"""A body that is busy: waited for and asked again, within bounds that its traits set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stackcore.errors import CameraBusyError, Cancelled

from .conftest import UNIFIED

BUSY = CameraBusyError("The camera is busy.", "it refused.", "wait.")
TRAITS = replace(UNIFIED, busy_retries=3, busy_pause_s=0.5, shutter_s=20)


def refuse(stage: Any, name: str, times: int) -> None:
    refused = []

    def hook(moment: str) -> None:
        if moment == name and len(refused) < times:
            refused.append(moment)
            raise BUSY

    stage.hook = hook


@pytest.mark.parametrize(("command", "mode"), [("drive", "full"), ("expose", "full"), ("preview", "preview-images")])
def test_a_busy_body_is_asked_again(make_stage: Callable[..., Any], command: str, mode: str) -> None:
    stage = make_stage(TRAITS)
    refuse(stage, command, 3)
    stage.capture(delay_ms=0, mode=mode)
    assert stage.clock.waits == [0.5] * 3
    assert stage.camera.moves == [40, 40, -80]
    assert len(stage.saved()) == 3


@pytest.mark.parametrize("command", ["drive", "expose"])
def test_a_body_that_stays_busy_ends_the_run_where_it_certainly_is(
    make_stage: Callable[..., Any], command: str
) -> None:
    stage = make_stage(TRAITS)
    refuse(stage, command, 4)
    with pytest.raises(CameraBusyError):
        stage.capture()
    assert stage.manifest().focus.certain
    assert stage.camera.position == 0
    assert stage.journals() == []


def test_the_way_back_is_patient_too(make_stage: Callable[..., Any]) -> None:
    stage = make_stage(TRAITS)

    def hook(moment: str) -> None:
        if moment == "drive" and stage.camera.position == 80 and stage.moments.count("drive") < 5:
            raise BUSY

    stage.hook = hook
    stage.capture()
    assert stage.camera.moves == [40, 40, -80]


def test_a_cancel_ends_the_patience(make_stage: Callable[..., Any]) -> None:
    stage = make_stage(TRAITS)

    def hook(moment: str) -> None:
        if moment == "expose":
            stage.cancel.set()
            raise BUSY

    stage.hook = hook
    with pytest.raises(Cancelled):
        stage.capture()
    assert stage.camera.calls.count("expose") == 1


def test_the_time_that_a_body_gets_grows_with_the_shutter(
    make_stage: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make_stage(TRAITS)
    asked: list[float] = []
    monkeypatch.setattr(stage.camera, "wait_ready", lambda timeout_s: bool(asked.append(timeout_s)))
    stage.capture()
    assert asked == [30 + 2 * 20]
    assert "busy after 70 s" in stage.events[-3].message
