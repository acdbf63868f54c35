"""A stack of raws: developed on the fly, the dark first and the grey card last, free of the trails of hot pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackcore.api.processing import plan_stack, stack, survey
from stackcore.api.stacks import StackOptions
from stackcore.errors import FrameError, UsageError
from stackcore.metadata.record import read_record
from stackcore.stacking.transfer import to_linear
from stackcore.testing.dng import RawCamera
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_darks, write_grey_card, write_scene
from stackcore.testing.scene import make_stack
from stackcore.testing.sensor import Motion

WIDTH, HEIGHT, FRAMES = 240, 160, 5
TRUTH = SensorTruth.random(
    WIDTH,
    HEIGHT,
    hot=12,
    dead=3,
    levels=(3000.0, 9000.0),
    seed=4,
    lamp=(0.55, 1.0, 0.7),
    glow=60.0,
    electrons_per_count=20.0,
    camera=RawCamera(serial="1234"),
)
SOUND = replace(TRUTH, hot=(), dead=(), glow=0.0)
SETTINGS = {"exposure_s": 0.5, "iso": 200}


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dark, five frames of a scene that moves, and a grey card."""
    folder = tmp_path_factory.mktemp("raws")
    (folder / "sound").mkdir()
    motion = Motion(drift_px=4.0, jitter_px=1.5, breathing=0.03, rotation_deg=0.3, flicker=0.0)
    scene = make_stack(WIDTH, HEIGHT, FRAMES, seed=3, motion=motion, dtype="uint16")
    for i, frame in enumerate(scene.frames):
        light = 0.7 * to_linear(frame.astype(np.float32) / np.float32(65535), "srgb")
        write_scene(folder / f"b_{i}.dng", TRUTH, light, shot=i, **SETTINGS)
        write_scene(folder / "sound" / f"{i}.dng", SOUND, light, shot=i, **SETTINGS)
    write_darks(folder, TRUTH, **SETTINGS)[0].rename(folder / "a_dark.dng")
    write_grey_card(folder / "c_card.dng", TRUTH, **SETTINGS)
    return folder


def frames(folder: Path) -> list[Path]:
    return sorted(folder.glob("b_*.dng"))


def spots(shoot: Path, picture: np.ndarray, **choices: Any) -> int:
    """How many pixels are far from what a sensor without faults would have shown."""
    sound = stack(shoot / "sound", hot_pixels=False, darks="none", crop=False, **choices).picture
    return int(np.count_nonzero(np.abs(picture.astype(np.int32) - sound).max(axis=2) > 8000))


def test_first_is_dark_last_is_grey_card(shoot: Path, tmp_path: Path, ear: Any) -> None:
    result = stack(shoot, tmp_path / "a.tif", first_is_dark=True, last_is_greycard=True, crop=False, listeners=[ear])
    assert result.frames == FRAMES
    told = ear.of("result")[0].data["development"]
    assert told["white_balance"] == "grey card"
    np.testing.assert_allclose(told["multipliers"], TRUTH.multipliers, rtol=0.005)
    assert {tuple(place) for place in told["dead"]} == set(TRUTH.dead)
    assert {tuple(place) for place in told["hot"]} == {(s.x, s.y) for s in TRUTH.hot}
    assert told["dark"]["subtracted"] == "smooth"
    assert result.hot_pixels is None  # the dark has told: nothing is searched for
    assert spots(shoot, result.picture, white_balance=TRUTH.multipliers) < 5
    record = read_record(tmp_path / "a.tif")
    assert record is not None
    assert record.settings["first_is_dark"] is True
    assert record.settings["development"]["dark"]["hot"] == len(TRUTH.hot)
    np.testing.assert_allclose(record.settings["development"]["multipliers"], told["multipliers"])


def test_without_a_dark_the_stack_tells_its_hot_pixels_itself(shoot: Path) -> None:
    untreated = stack(frames(shoot), hot_pixels=False, crop=False)
    assert spots(shoot, untreated.picture) > 30
    result = stack(frames(shoot), crop=False)
    assert result.hot_pixels is not None
    found = set(result.hot_pixels.places)
    assert found <= set(TRUTH.defects())
    assert len(found) >= 0.7 * len(TRUTH.defects())
    assert spots(shoot, result.picture) < 0.2 * spots(shoot, untreated.picture)


def test_frames_are_developed_as_asked(shoot: Path) -> None:
    plain = stack(frames(shoot), white_balance="camera", align=False, hot_pixels=False)
    warm = stack(frames(shoot), white_balance="4 1 1 1", align=False, hot_pixels=False, colour_space="prophoto")
    assert warm.development["multipliers"] == [4, 1, 1, 1]
    assert plain.development["white_balance"] == "camera"
    redness = [p.picture[..., 0].mean() / p.picture[..., 2].mean() for p in (plain, warm)]
    assert redness[1] > 1.2 * redness[0]
    linear = stack(frames(shoot), linear=True, align=False, hot_pixels=False)
    assert linear.picture.mean() < 0.7 * plain.picture.mean()


def test_the_survey_takes_the_same_frames(shoot: Path) -> None:
    found = survey(shoot, first_is_dark=True, last_is_greycard=True)
    assert len(found.frames) == FRAMES


def test_a_plan_knows_dark_and_card(shoot: Path) -> None:
    plan = plan_stack(shoot, options=StackOptions(first_is_dark=True, last_is_greycard=True))
    assert plan["frames"] == FRAMES
    assert plan["stages"] == ["align", "fuse"]
    assert plan["development"]["dark"]["name"] == "a_dark.dng"


@pytest.mark.parametrize(
    ("choices", "error", "told"),
    [
        ({"first_is_dark": True, "darks": "mine"}, UsageError, "--darks mine"),
        ({"darks": "nobody"}, UsageError, "nobody"),
        ({"white_balance": "1 2 3"}, UsageError, "four numbers"),
        ({"white_balance": "studio"}, UsageError, "studio"),
        ({"flat": Path("nowhere.dng")}, FrameError, "nowhere.dng"),
        ({"exposure_ev": 9.0}, UsageError, "--exposure"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_before_any_work(
    shoot: Path, tmp_path: Path, ear: Any, choices: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error) as caught:
        stack(frames(shoot), tmp_path / "a.tif", listeners=[ear], **choices)
    assert told in str(caught.value)
    assert ear.of("stage_started") == []
    assert list(tmp_path.iterdir()) == []


def test_one_frame_beside_dark_and_card_is_no_stack(shoot: Path) -> None:
    few = [shoot / "a_dark.dng", shoot / "b_0.dng", shoot / "c_card.dng"]
    with pytest.raises(FrameError, match="One frame"):
        stack(few, first_is_dark=True, last_is_greycard=True)
