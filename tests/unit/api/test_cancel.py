"""A cancel at any moment of processing: the run says so, and nothing is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

import stackcore.api as api
from stackcore.api.processing import sharpen, stack
from stackcore.config import NoOptions
from stackcore.errors import Cancelled
from stackcore.events import BaseEvent, Progress
from stackcore.hookspecs import Offer
from stackcore.registry import PluginRecord, Registry
from stackcore.terms import Frame, Fused, StackInfo


def every_moment(cancel_at: Any, work: Callable[..., object], targets: list[Path]) -> None:
    whole = cancel_at()
    work(listeners=[whole], cancel=whole.cancel)
    kinds = [event.kind for event in whole.events]
    for target in targets:
        assert target.is_file()
        target.unlink()
    assert kinds[-2:] == ["result", "run_finished"]
    for moment in range(len(kinds) - 2):
        run = cancel_at(moment)
        with pytest.raises(Cancelled):
            work(listeners=[run], cancel=run.cancel)
        told = [event.kind for event in run.events]
        assert told[-1] == "run_finished"
        assert told.count("run_finished") == 1
        assert "result" not in told
        assert (run.events[-1].outcome, run.events[-1].exit_code) == ("cancelled", 130)
        assert len(told) <= moment + 3  # it stops soon
        assert not any(target.exists() for target in targets)


def test_a_stack_at_every_event(shoot, tmp_path, cancel_at):
    target = tmp_path / "a.tif"
    every_moment(cancel_at, lambda **ears: stack(shoot, target, sharpen="0:0:1", workers=2, **ears), [target])
    assert [path.name for path in tmp_path.iterdir()] == ["shoot"]


def test_a_survey_at_every_event(shoot, tmp_path, cancel_at):
    target = tmp_path / "t.json"
    every_moment(cancel_at, lambda **ears: api.survey(shoot, transforms=target, **ears), [target])


def test_sharpening_at_every_event(shoot, tmp_path, cancel_at):
    target = tmp_path / "a.png"
    every_moment(cancel_at, lambda **ears: sharpen(shoot / "img8.tif", target, **ears), [target])


def test_aligned_frames_are_whole_or_not_there(shoot, tmp_path, cancel_at):
    run = cancel_at()

    def at_the_third(event: BaseEvent) -> None:
        if isinstance(event, Progress) and event.stage == "write" and event.done == 3:
            run.cancel.set()

    with pytest.raises(Cancelled):
        api.survey(shoot, aligned=tmp_path / "out", listeners=[run, at_the_third], cancel=run.cancel)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["aligned_0000.tif", "aligned_0001.tif", "aligned_0002.tif"]
    pictures = [pyvips.Image.new_from_file(str(path)).numpy() for path in (tmp_path / "out").iterdir()]
    assert len({picture.shape for picture in pictures}) == 1


def test_from_another_thread(shoot, tmp_path, cancel_at):
    run, reached = cancel_at(), threading.Event()

    def stop() -> None:
        assert reached.wait(30)
        run.cancel.set()

    other = threading.Thread(target=stop)
    other.start()

    def wait_for_it(event: BaseEvent) -> None:
        if isinstance(event, Progress) and event.stage == "fuse":
            reached.set()
            other.join(30)

    with pytest.raises(Cancelled):
        stack(shoot, tmp_path / "a.tif", listeners=[run, wait_for_it], cancel=run.cancel)
    assert [e.stage for e in run.events if isinstance(e, Progress)].count("fuse") == 1
    assert not (tmp_path / "a.tif").exists()


class MeanFuser:
    """The mean of all frames; asks for a cancel at its very end."""

    tolerance = 1e-6

    def __init__(self, at_the_end: Callable[[], None]) -> None:
        self._at_the_end = at_the_end

    def start(self, info: StackInfo) -> Any:
        return np.zeros((info.height, info.width, 3), np.float64)

    def add(self, state: Any, frame: Frame) -> Any:
        return state + frame.pixels

    def merge(self, left: Any, right: Any) -> Any:
        return left + right

    def finish(self, state: Any) -> Fused:
        self._at_the_end()
        return Fused(np.rint(state / 6 * 257).astype(np.uint16))

    def state_bytes(self, info: StackInfo) -> int:
        return info.width * info.height * 24


def registry_with(fuser: MeanFuser) -> Registry:
    offer = Offer[Any](name="mean", summary="The mean.", options=NoOptions, build=lambda _: fuser)
    record = PluginRecord(
        kind="fuser",
        name="mean",
        summary="The mean.",
        distribution="acme",
        version="1",
        entry_point="acme:mean",
        state="ok",
        offer=offer,
    )
    return Registry([*Registry.discover().records(), record])


def test_a_fuser_without_tasks_of_its_own_works_too(shoot, small_stack):
    result = stack(shoot, fuser="mean", align=False, registry=registry_with(MeanFuser(lambda: None)))
    expected = np.mean([frame.astype(float) for frame in small_stack.frames], axis=0)
    assert np.abs(result.picture / 257 - expected).max() < 0.01


def test_while_the_picture_is_finished(shoot, tmp_path, cancel_at):
    run = cancel_at()
    registry = registry_with(MeanFuser(run.cancel.set))
    with pytest.raises(Cancelled):
        stack(
            shoot, tmp_path / "a.tif", fuser="mean", align=False, registry=registry, listeners=[run], cancel=run.cancel
        )
    assert not (tmp_path / "a.tif").exists()
    assert run.events[-1].outcome == "cancelled"
