"""Focus movements add up, whatever the plan, the camera and the moment at which things go wrong."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackcore.actions import CameraTraits, CapturePlan, DriveFocus, Expose, SavePreview, Wait, Watch
from stackcore.capturing.engine import Engine
from stackcore.capturing.plan import estimate, split_movement
from stackcore.errors import Cancelled, FocusDriveError
from stackcore.events import EventBus
from stackcore.protocols import CameraInfo, CapturedFile, Check, Need, RunMode
from stackcore.runs import Run
from stackcore.testing.strategies import camera_traits, capture_plans
from stackcore_plugins.mode_full.plugin import FullRun
from stackcore_plugins.mode_preview.plugin import PreviewRun
from stackcore_plugins.mode_preview_images.plugin import PreviewImagesRun

MODES: list[RunMode] = [FullRun(), PreviewRun(), PreviewImagesRun()]

plans, traits = capture_plans(), camera_traits()


@given(plans, traits, st.sampled_from(MODES))
def test_movements_sum_to_the_whole_travel(plan: CapturePlan, traits: CameraTraits, mode: RunMode) -> None:
    actions = list(mode.actions(plan, traits))
    assert sum(action.steps for action in actions if isinstance(action, DriveFocus)) == plan.step * (plan.slices - 1)
    visited = [action.slice_index for action in actions if isinstance(action, Expose | SavePreview | Watch)]
    assert visited == list(range(plan.slices))


@given(plans, st.sampled_from(MODES))
def test_only_the_full_mode_of_the_legacy_style_settles_after_stills(plan: CapturePlan, mode: RunMode) -> None:
    def delays(legacy: bool) -> int:
        style = CameraTraits(style="legacy" if legacy else "unified", waits_after_still=legacy)
        return sum(isinstance(action, Wait) for action in mode.actions(plan, style))

    assert delays(legacy=False) == plan.slices - 1
    assert delays(legacy=True) - delays(legacy=False) == (plan.slices if isinstance(mode, FullRun) else 0)


@given(st.integers(-500_000, 500_000), st.integers(100, 40_000))
def test_split_movements_sum_and_fit(steps: int, limit: int) -> None:
    parts = split_movement(steps, limit)
    assert sum(parts) == steps
    assert all(0 < abs(part) <= limit and (part > 0) == (steps > 0) for part in parts)


@given(plans, traits, st.sampled_from(MODES))
def test_the_estimate_counts_what_the_mode_saves(plan: CapturePlan, traits: CameraTraits, mode: RunMode) -> None:
    cost = estimate(mode.actions(plan, traits), traits)
    assert cost.files == (plan.slices if mode.saves else 0)
    assert cost.travel == plan.step * (plan.slices - 1)
    assert cost.seconds >= (plan.slices - 1) * plan.delay_ms / 1000 - 1e-6


class FailingCamera:
    """Obeys until the drive fails at command `fails_at`, having moved `came` units, which it confirms or not."""

    def __init__(self, traits: CameraTraits, fails_at: int, came: int, confirms: bool) -> None:
        self.traits, self.position = traits, 0
        self._commands, self._fails_at, self._came, self._confirms = 0, fails_at, came, confirms

    def drive_focus(self, steps: int) -> None:
        assert abs(steps) <= self.traits.max_drive
        self._commands += 1
        if self._commands == self._fails_at:
            came = max(-abs(steps), min(abs(steps), self._came))
            self.position += came
            raise FocusDriveError("jammed.", "", "", confirmed=came if self._confirms else None)
        self.position += steps

    def expose(self) -> Sequence[CapturedFile]:
        return []

    def preview_frame(self) -> CapturedFile:
        return CapturedFile(data=b"", extension="jpg")

    def wait_ready(self, timeout_s: float) -> bool:
        return True

    def open(self) -> CameraInfo:
        raise NotImplementedError

    def close(self) -> None: ...

    def restore(self) -> None: ...

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        raise NotImplementedError

    def focus_position(self) -> int | None:
        return None


class NoTime:
    """Lets delays pass at once and cancels at the delay `cancel_at`."""

    def __init__(self, cancel_at: int) -> None:
        self._left = cancel_at

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def wait(self, seconds: float, cancel: threading.Event) -> None:
        self._left -= 1
        if self._left == 0:
            cancel.set()


class Forgetful:
    """Records nothing."""

    def slice_done(self, slice_index: int, offset: int, files: Sequence[CapturedFile]) -> None: ...

    def about_to_move(self, steps: int, offset: int) -> None: ...

    def has_moved(self, steps: int, offset: int) -> None: ...


@given(
    plan=st.builds(CapturePlan, slices=st.integers(2, 8), step=st.integers(2, 60), delay_ms=st.just(1)),
    max_drive=st.integers(7, 100),
    mode=st.sampled_from(MODES),
    fails_at=st.integers(0, 40),
    came=st.integers(-3, 60),
    confirms=st.booleans(),
    cancel_at=st.integers(0, 12),
)
def test_focus_is_back_or_the_loss_is_told(
    plan: CapturePlan, max_drive: int, mode: RunMode, fails_at: int, came: int, confirms: bool, cancel_at: int
) -> None:
    traits = CameraTraits(style="unified", waits_after_still=False, max_drive=max_drive)
    camera = FailingCamera(traits, fails_at, came, confirms)
    run = Run(EventBus("run"), threading.Event())
    engine = Engine(run, camera, Forgetful(), NoTime(cancel_at), plan.slices)
    with contextlib.suppress(Cancelled, FocusDriveError):
        engine.perform(mode.actions(plan, traits))
    engine.return_focus()
    if engine.focus.certain:
        assert camera.position == engine.focus.now
    told = [warning.code for warning in run.warnings]
    if engine.focus.certain and engine.focus.now == 0:
        assert told == []
    else:
        assert told == ["focus_not_returned" if engine.focus.certain else "focus_uncertain"]


def test_an_action_that_nobody_knows_is_a_plugin_error() -> None:
    from stackcore.errors import PluginError

    traits = CameraTraits(style="unified", waits_after_still=False)
    run = Run(EventBus("run"), threading.Event())
    engine = Engine(run, FailingCamera(traits, 0, 0, True), Forgetful(), NoTime(0), 2)
    with pytest.raises(PluginError, match="no action"):
        engine.perform(["jump"])  # type: ignore[list-item]
