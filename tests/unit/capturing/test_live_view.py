"""Live view at each slice: what it measures, and that it never harms the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.api.resuming import resume_capture
from stackcore.capturing.live_view import LiveFrame, live_view_sharpness
from stackcore.errors import CameraError, Cancelled
from stackcore.protocols import CapturedFile

MakeStage = Callable[..., Any]


def picture(blur_px: float, gain: float = 1.0, width: int = 640) -> bytes:
    """A JPEG of noise seen through a lens out of focus by `blur_px`."""
    grain = np.random.default_rng(5).random((width * 2 // 3, width)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 2 + blur_px)
    grain = (grain - grain.mean()) * 300 + 120
    done, data = cv2.imencode(".jpg", np.clip(grain * gain, 0, 255).astype(np.uint8))
    assert done
    return data.tobytes()


def give_pictures(stage: Any) -> None:
    """Let the fake camera show the sharpest picture at offset 40."""

    def frame() -> CapturedFile:
        stage.camera._enter("preview")
        return CapturedFile(data=picture(abs(stage.camera.position - 40) / 20), extension="jpg")

    stage.camera.preview_frame = frame


def figures(stage: Any) -> list[tuple[int, float]]:
    return [(e.done, e.sharpness) for e in stage.events if e.kind == "progress" and e.stage == "sharpness"]


def test_the_figure_falls_with_defocus_and_not_with_the_light() -> None:
    sharp, soft, softer = (live_view_sharpness(picture(blur)) for blur in (0, 1, 3))
    assert sharp is not None
    assert soft is not None
    assert softer is not None
    assert sharp > 1.3 * soft > 1.3 * 1.3 * softer > 0
    assert live_view_sharpness(picture(0, gain=0.7)) == pytest.approx(sharp, rel=0.05)


def test_a_larger_picture_is_reduced_before_it_is_measured() -> None:
    ok, data = cv2.imencode(".png", np.tile(np.array([[0, 255], [255, 0]], np.uint8), (960, 960)))
    assert ok
    assert live_view_sharpness(data.tobytes()) == 0.0  # a checkerboard of single pixels is an even grey


@pytest.mark.parametrize("data", [b"", b"no picture", picture(0)[:300]])
def test_what_is_no_picture_has_no_figure(data: bytes) -> None:
    assert live_view_sharpness(data) is None


def test_a_black_picture_has_no_figure() -> None:
    _, data = cv2.imencode(".png", np.zeros((8, 8), np.uint8))
    assert live_view_sharpness(data.tobytes()) is None


@pytest.mark.parametrize("mode", ["full", "preview-images", "preview"])
def test_every_mode_tells_the_sharpness_of_each_slice(stage: Any, mode: str) -> None:
    give_pictures(stage)
    stage.capture(mode=mode, sharpness=True)
    (one, near), (two, best), (three, far) = figures(stage)
    assert (one, two, three) == (1, 2, 3)
    assert best > 1.5 * near > 0
    assert best > 1.5 * far > 0
    assert stage.camera.calls.count("preview") == 3, "one frame a slice, also where it is saved"
    assert stage.codes() == []


@pytest.mark.parametrize("mode", ["full", "preview"])
def test_switched_off_it_asks_for_no_frame(stage: Any, mode: str) -> None:
    give_pictures(stage)
    stage.capture(mode=mode, sharpness=False)
    assert "preview" not in stage.camera.calls
    assert figures(stage) == []


@pytest.mark.parametrize("looks", [True, False])
def test_a_resumed_run_looks_as_the_run_did(stage: Any, looks: bool) -> None:
    give_pictures(stage)

    def hook(moment: str) -> None:
        if moment == "expose" and stage.moments.count("expose") == 2:
            raise CameraError("The still failed.", "", "")

    stage.hook = hook
    with pytest.raises(CameraError):
        stage.capture(sharpness=looks)
    stage.events.clear()
    [manifest] = stage.folder.rglob("*.stackcore.json")
    resume_capture(manifest, registry=stage.registry(), clock=stage.clock, listeners=[stage.events.append])
    assert [number for number, _ in figures(stage)] == ([2, 3] if looks else [])


@pytest.mark.parametrize("error", [CameraError("No frame.", "", ""), ValueError("a bug of the provider")])
def test_live_view_that_fails_costs_no_frame_and_is_soon_left_alone(stage: Any, error: Exception) -> None:
    def fail() -> CapturedFile:
        stage.camera.calls.append("preview")
        raise error

    stage.camera.preview_frame = fail
    result = stage.capture(slices=4, sharpness=True)
    assert (result.outcome, len(result.files), result.warnings) == ("completed", 4, ())
    assert figures(stage) == []
    assert stage.camera.calls.count("preview") == 2


def test_one_frame_that_fails_is_only_a_gap(stage: Any) -> None:
    give_pictures(stage)
    good, asked = stage.camera.preview_frame, []

    def now_and_then() -> CapturedFile:
        asked.append(1)
        if len(asked) % 2:
            raise CameraError("No frame.", "", "")
        return good()

    stage.camera.preview_frame = now_and_then
    stage.capture(slices=6, sharpness=True)
    assert [number for number, _ in figures(stage)] == [2, 4, 6]


def test_frames_are_shown_with_their_place(stage: Any) -> None:
    give_pictures(stage)
    shown: list[LiveFrame] = []
    stage.capture(sharpness=False, show=shown.append)
    assert [(frame.slice_index, frame.offset) for frame in shown] == [(0, 0), (1, 40), (2, 80)]
    assert shown[1].jpeg == picture(0)
    assert figures(stage) == []


def test_whoever_fails_to_show_a_frame_stops_nothing(stage: Any) -> None:
    give_pictures(stage)
    shown: list[LiveFrame] = []

    def fail(frame: LiveFrame) -> None:
        shown.append(frame)
        raise OSError("gone")

    assert stage.capture(sharpness=True, show=fail).outcome == "completed"
    assert len(shown) == 1
    assert len(figures(stage)) == 3


def test_slices_tell_where_focus_stands_and_what_is_simulated(make_stage: MakeStage, style: Any) -> None:
    from dataclasses import replace

    stage = make_stage(replace(style, simulated=True))
    stage.capture()
    told = [(e.offset, e.simulated) for e in stage.events if e.kind == "slice_started"]
    assert told == [(0, True), (40, True), (80, True)]
    real = make_stage(style)
    real.capture()
    assert [e.simulated for e in real.events if e.kind == "slice_started"] == [None] * 3


@pytest.mark.parametrize("mode", ["full", "preview"])
@pytest.mark.parametrize("stop", ["cancel", "at once"])
def test_a_stop_while_looking_ends_the_run_before_the_still(stage: Any, mode: str, stop: str) -> None:
    give_pictures(stage)

    def hook(moment: str) -> None:
        if moment == "preview" and stage.moments.count("preview") == 2:
            if stop == "at once":
                raise KeyboardInterrupt
            stage.cancel.set()

    stage.hook = hook
    with pytest.raises(KeyboardInterrupt if stop == "at once" else Cancelled):
        stage.capture(mode=mode, sharpness=True)
    assert stage.camera.calls.count("expose") == (mode == "full")
    assert stage.camera.position == (40 if stop == "at once" else 0)
    assert stage.manifest().focus.now == stage.camera.position
    assert stage.kinds[-1] == "run_finished"
