"""How the raws of a stack are developed: which dark, which white balance, and what is refused."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackcore.api.calibrated import Calibrated, RawChoices, settle
from stackcore.api.toolbox import Toolbox
from stackcore.calibration.entries import Camera, ChannelStatistics, DarkEntry, WhiteBalanceEntry
from stackcore.calibration.library import Library
from stackcore.errors import FrameError, FrameMismatch, StackcoreError, UnreadableFrame, UsageError
from stackcore.events import EventBus
from stackcore.protocols import Correction, FrameInfo
from stackcore.registry import Registry
from stackcore.runs import Run
from stackcore.testing.dng import RawCamera
from stackcore.testing.photosites import HotSite, SensorTruth
from stackcore.testing.raws import write_darks, write_flat, write_grey_card, write_scene, write_shot

HOT = (HotSite(20, 30, 4000.0), HotSite(61, 11, 900.0))
DEAD = ((40, 41),)
TRUTH = SensorTruth(
    hot=HOT,
    dead=DEAD,
    lamp=(0.62, 1.0, 0.47),
    read_noise=3.0,
    electrons_per_count=50,
    camera=RawCamera(serial="4711", model="SIMULATED R1"),
)
SETTINGS = {"exposure_s": 0.5, "iso": 400}
ACROSS = np.linspace(0.1, 0.6, TRUTH.width, dtype=np.float32)
LIGHT = np.repeat(np.broadcast_to(ACROSS, (TRUTH.height, TRUTH.width))[..., None], 3, axis=2)


@pytest.fixture
def shoot(tmp_path: Path) -> list[Path]:
    """Three frames of one scene."""
    return [write_scene(tmp_path / f"IMG_{i}.dng", TRUTH, LIGHT, shot=i, **SETTINGS) for i in range(3)]


def settled(paths: list[Path], ear: Any, **choices: Any) -> Calibrated:
    developers = Toolbox(Registry.discover(), {}).developers
    run = Run(EventBus("test", [ear]), threading.Event())
    return settle(paths, developers, RawChoices(**choices), run)


def keep_dark(truth: SensorTruth = TRUTH, name: str = "mine", frames: int = 4, **settings: Any) -> np.ndarray:
    """Put the mean of some darks into the library; returns it."""
    settings = SETTINGS | settings
    shots = np.stack([truth.dark(shot=shot, **settings) for shot in range(frames)])
    mean = shots[0] if frames == 1 else shots.mean(axis=0).astype(np.float32)
    camera = truth.camera
    counted = ChannelStatistics(
        channel="all", photosites=1, median=1, sigma=1, threshold=1, dead=1, hot=len(truth.hot), iterations=()
    )
    entry = DarkEntry(
        name=name,
        created=datetime.now(UTC),
        software="test",
        camera=Camera(make=camera.make, model=camera.model, serial=camera.serial),
        iso=settings["iso"],
        exposure_s=settings["exposure_s"],
        width=truth.width,
        height=truth.height,
        frames=frames,
        sources=tuple(f"dark{i}.dng" for i in range(frames)),
        image="",
        pattern=tuple(tuple(row) for row in camera.block.tolist()),
        colours="RGBG",
        black=tuple(float(level) for level in camera.black),
        white=camera.white,
        sigma_factor=10,
        overall=False,
        dead_test=True,
        channels=(counted,),
        dead=truth.dead,
        hot=tuple((site.x, site.y) for site in truth.hot),
    )
    Library().store_dark(entry, mean)
    return mean


def keep_white_balance(name: str, multipliers: tuple[float, float, float, float], model: str = "") -> None:
    nothing = (0.0, 0.0, 0.0, 0.0)
    entry = WhiteBalanceEntry(
        name=name,
        created=datetime.now(UTC),
        software="test",
        camera=Camera(make="SIMULATED" if model else "", model=model),
        source="card.dng",
        multipliers=multipliers,
        spread=nothing,
        standard_error=nothing,
        clipped=0,
        unevenness=0,
        colour_unevenness=0,
        patch=(0, 0, 2, 2),
        fraction=0.3,
    )
    Library().store_white_balance(entry)


def codes(ear: Any) -> list[str]:
    return [event.code for event in ear.of("warning")]


def test_with_an_empty_library_there_is_nothing_to_correct(shoot, ear):
    found = settled(shoot, ear)

    assert found.paths == shoot
    assert found.development.correction == Correction()
    assert found.development.white_balance == "camera"
    assert found.report == {"white_balance": "camera", "multipliers": None, "flat": None, "dark": None}
    assert ear.events == []


def test_choices_become_the_development(shoot, ear):
    found = settled(
        shoot, ear, linear=True, colour_space="prophoto", white_balance="daylight", exposure_ev=-0.5, highlights="blend"
    ).development

    assert (found.encoding, found.colour_space, found.white_balance) == ("linear", "prophoto", "daylight")
    assert (found.exposure_ev, found.highlights) == (-0.5, "blend")


def test_a_dark_of_the_same_settings_is_chosen_and_subtracted(shoot, ear):
    keep_dark(name="other-time", exposure_s=30.0)
    mean = keep_dark()

    found = settled(shoot, ear)

    assert set(found.development.correction.defects) == set(TRUTH.defects())
    np.testing.assert_array_equal(found.development.correction.dark, mean)
    assert found.report["dark"] == {
        "name": "mine",
        "chosen": "automatically",
        "subtracted": "whole",
        "hot": 2,
        "dead": 1,
    }
    assert codes(ear) == []


def test_of_a_single_dark_no_noise_is_subtracted(shoot, ear):
    single = keep_dark(frames=1)

    found = settled(shoot, ear)

    dark = found.development.correction.dark
    assert found.report["dark"]["subtracted"] == "smooth"
    assert single.std() > 40  # the hot ones
    assert dark.std() < 1


@pytest.mark.parametrize("other", [{"iso": 1600}, {"exposure_s": 8.0}])
def test_of_a_dark_of_other_settings_the_defects_are_used_and_that_is_told(shoot, ear, other):
    keep_dark(**other)

    found = settled(shoot, ear)

    assert found.development.correction.dark is None
    assert set(found.development.correction.defects) == set(TRUTH.defects())
    assert found.report["dark"]["subtracted"] == "no"
    assert codes(ear) == ["dark_mismatch"]
    assert "It is not subtracted" in ear.of("warning")[0].message


def test_one_that_is_named_is_subtracted_in_any_case_with_a_warning(shoot, ear):
    mean = keep_dark(iso=1600)

    found = settled(shoot, ear, darks="mine")

    np.testing.assert_array_equal(found.development.correction.dark, mean)
    assert found.report["dark"]["chosen"] == "by name"
    assert codes(ear) == ["dark_mismatch"]


TWELVE_BITS = replace(TRUTH, camera=replace(TRUTH.camera, black=(128,) * 4, white=4095))


def test_a_dark_of_another_bit_depth_gives_its_defects_alone(shoot, ear):
    keep_dark(TWELVE_BITS)
    found = settled(shoot, ear)
    assert found.development.correction.dark is None
    assert found.development.correction.defects == TRUTH.defects()
    assert found.report["dark"]["subtracted"] == "no"
    (warned,) = ear.of("warning")
    assert "bit depth" in warned.message


def test_one_of_the_same_bit_depth_is_preferred(shoot, ear):
    keep_dark(TRUTH, "fourteen", exposure_s=0.25)
    keep_dark(TWELVE_BITS, "twelve")
    assert settled(shoot, ear).report["dark"]["name"] == "fourteen"


def test_black_that_a_body_measures_for_each_frame_is_no_other_bit_depth(shoot, ear):
    keep_dark(replace(TRUTH, camera=replace(TRUTH.camera, black=(514, 512, 513, 512))))
    assert settled(shoot, ear).report["dark"]["subtracted"] == "whole"
    assert codes(ear) == []


def test_a_dark_of_another_bit_depth_cannot_be_named_nor_come_first(shoot, ear, tmp_path):
    keep_dark(TWELVE_BITS)
    with pytest.raises(FrameMismatch, match="black 128 and white 4095"):
        settled(shoot, ear, darks="mine")
    dark = write_shot(tmp_path / "a_dark.dng", TWELVE_BITS, TWELVE_BITS.dark(**SETTINGS), **SETTINGS)
    with pytest.raises(FrameMismatch, match="black 128 and white 4095"):
        settled([dark, *shoot], ear, first_is_dark=True)


def test_darks_of_another_body_are_passed_over(shoot, ear):
    keep_dark(SensorTruth(camera=RawCamera(serial="4712", model="SIMULATED R1")), name="twin")
    keep_dark(SensorTruth(camera=RawCamera(model="SIMULATED R2")), name="other-model")
    keep_dark(SensorTruth(width=48, height=32, camera=TRUTH.camera), name="other-size")

    assert settled(shoot, ear).development.correction == Correction()
    assert codes(ear) == []


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("twin", SensorTruth(camera=RawCamera(serial="4712", model="SIMULATED R1"))),
        ("other-size", SensorTruth(width=48, height=32, camera=TRUTH.camera)),
    ],
)
def test_a_dark_of_another_sensor_cannot_be_named(shoot, ear, name, truth):
    keep_dark(truth, name=name)
    with pytest.raises(FrameMismatch, match=name):
        settled(shoot, ear, darks=name)


def test_none_means_none(shoot, ear):
    keep_dark()

    assert settled(shoot, ear, darks="none").report["dark"] is None


def test_a_broken_entry_is_told_and_the_next_is_used(shoot, ear):
    keep_dark()
    (Library().folder / "broken.json").write_text("{")

    assert settled(shoot, ear).report["dark"]["name"] == "mine"
    assert codes(ear) == ["library_entry_broken"]
    assert "broken.json" in ear.of("warning")[0].message


def test_a_dark_whose_picture_is_damaged_still_gives_its_defects(shoot, ear):
    keep_dark()
    [picture] = Library().folder.glob("*.tif")
    picture.write_bytes(b"no picture")

    found = settled(shoot, ear)

    assert set(found.development.correction.defects) == set(TRUTH.defects())
    assert found.report["dark"]["subtracted"] == "no"
    assert codes(ear) == ["library_entry_broken"]


def test_the_first_file_is_the_dark(shoot, ear, tmp_path):
    [dark] = write_darks(tmp_path, TRUTH, **SETTINGS)

    found = settled([dark, *shoot], ear, first_is_dark=True)

    assert found.paths == shoot
    assert set(found.development.correction.defects) == set(TRUTH.defects())
    assert {tuple(place) for place in found.report["hot"]} == {(site.x, site.y) for site in HOT}
    assert [tuple(place) for place in found.report["dead"]] == list(DEAD)
    assert found.report["dark"] == {
        "name": dark.name,
        "chosen": "first file",
        "subtracted": "smooth",
        "hot": 2,
        "dead": 1,
    }
    assert codes(ear) == []
    assert ear.of("stage_started")[0].total == 1


def test_the_first_file_wins_over_the_library(shoot, ear, tmp_path):
    keep_dark(SensorTruth(camera=TRUTH.camera))
    dark = write_darks(tmp_path, TRUTH, **SETTINGS)

    found = settled([*dark, *shoot], ear, first_is_dark=True)

    assert len(found.development.correction.defects) == 3


def test_a_dark_of_other_settings_at_the_start_is_warned_of(shoot, ear, tmp_path):
    dark = write_darks(tmp_path, TRUTH, exposure_s=0.5, iso=100)

    found = settled([*dark, *shoot], ear, first_is_dark=True)

    assert codes(ear) == ["dark_mismatch"]
    assert found.development.correction.dark is not None


def test_a_picture_is_no_dark(shoot, ear):
    with pytest.raises(FrameError, match="not a dark frame"):
        settled(shoot, ear, first_is_dark=True)


def test_a_dark_of_another_camera_at_the_start_is_refused(shoot, ear, tmp_path):
    other = SensorTruth(camera=RawCamera(model="SIMULATED R2"))
    dark = write_darks(tmp_path, other, **SETTINGS)
    with pytest.raises(FrameMismatch, match=r"dark_00\.dng does not belong"):
        settled([*dark, *shoot], ear, first_is_dark=True)


def test_the_last_file_tells_the_colours_corrected_as_the_frames_are(shoot, ear, tmp_path):
    [dark] = write_darks(tmp_path, TRUTH, **SETTINGS)
    card = write_grey_card(tmp_path / "card.dng", TRUTH, **SETTINGS)

    found = settled([dark, *shoot, card], ear, first_is_dark=True, last_is_greycard=True)

    assert found.paths == shoot
    assert found.development.white_balance == pytest.approx(TRUTH.multipliers, rel=0.005)
    assert found.report["multipliers"] == list(found.development.white_balance)
    assert found.report["white_balance"] == "grey card"


def test_no_dark_of_other_settings_is_taken_from_the_grey_card(shoot, ear, tmp_path):
    glowing = SensorTruth(camera=TRUTH.camera, dark_current=2000.0, read_noise=3.0, lamp=TRUTH.lamp)
    frames = [write_scene(tmp_path / f"G{i}.dng", glowing, LIGHT, exposure_s=1.0) for i in range(2)]
    dark = write_darks(tmp_path, glowing, exposure_s=1.0)
    card = write_grey_card(tmp_path / "card.dng", glowing, exposure_s=0.001)

    found = settled([*dark, *frames, card], ear, first_is_dark=True, last_is_greycard=True)

    assert found.development.white_balance == pytest.approx(TRUTH.multipliers, rel=0.005)


@pytest.mark.parametrize(
    ("given", "multipliers"),
    [("studio-flash", (1.5, 1.0, 2.0, 1.0)), ("3 2 4 2", (1.5, 1.0, 2.0, 1.0)), ((3, 2, 4, 2), (1.5, 1.0, 2.0, 1.0))],
)
def test_a_white_balance_by_name_or_numbers(shoot, ear, given, multipliers):
    keep_white_balance("studio-flash", (1.5, 1.0, 2.0, 1.0))

    found = settled(shoot, ear, white_balance=given)

    assert found.development.white_balance == multipliers
    assert found.report["multipliers"] == list(multipliers)


@pytest.mark.parametrize(
    ("model", "told"), [("SIMULATED R1", []), ("SIMULATED R2", ["white_balance_mismatch"]), ("", [])]
)
def test_a_grey_card_of_another_model_is_warned_of(shoot, ear, model, told):
    keep_white_balance("lamp", (1.5, 1.0, 2.0, 1.0), model)

    assert settled(shoot, ear, white_balance="lamp").development.white_balance == (1.5, 1.0, 2.0, 1.0)
    assert codes(ear) == told


def test_xyz_is_linear_whatever_was_asked(shoot, ear):
    assert settled(shoot, ear, colour_space="xyz").development.encoding == "linear"


def test_an_unknown_name_is_refused_before_anything_is_read(shoot, ear):
    keep_white_balance("studio-flash", (1.5, 1.0, 2.0, 1.0))
    with pytest.raises(UsageError, match='did you mean "studio-flash"'):
        settled(shoot, ear, white_balance="studio-flahs")
    with pytest.raises(UsageError):
        settled(shoot, ear, darks="studio-flash")  # no dark


def test_a_flat_levels_the_light_and_keeps_the_colour(shoot, ear, tmp_path):
    shaded = SensorTruth(camera=TRUTH.camera, vignetting=0.4, read_noise=3.0)
    frames = [write_scene(tmp_path / f"V{i}.dng", shaded, LIGHT, **SETTINGS) for i in range(2)]
    flat = write_flat(tmp_path / "flat.dng", shaded, **SETTINGS)

    found = settled(frames, ear, flat=flat)

    factors = found.development.correction.flat
    wanted = shaded.shading().max() / shaded.shading()
    np.testing.assert_allclose(factors / factors.min(), wanted / wanted.min(), rtol=0.1)
    assert factors[0, 0] > 1.3 * factors[32, 48]
    assert found.report["flat"] == str(flat)


def test_a_flat_that_is_none_is_refused(shoot, ear, tmp_path, stack_folder):
    (tmp_path / "flat.txt").write_text("")
    for flat in (tmp_path / "flat.txt", tmp_path / "missing.dng", stack_folder / "img8.tif"):
        with pytest.raises(UnreadableFrame):
            settled(shoot, ear, flat=flat)
    with pytest.raises(UsageError, match="not one picture"):
        settled(shoot, ear, flat=shoot[0].parent)
    with pytest.raises(FrameError, match="flat frame"):
        settled(shoot, ear, flat=write_darks(tmp_path, TRUTH)[0])


@pytest.mark.parametrize(
    "choices",
    [
        {"colour_space": "rec2020"},
        {"highlights": "burn"},
        {"exposure_ev": 9.0},
        {"exposure_ev": float("nan")},
        {"white_balance": "1 2 3"},
        {"first_is_dark": True, "darks": "mine"},
        {"last_is_greycard": True, "white_balance": "camera"},
        {"darks": "unknown"},
    ],
)
def test_choices_that_mean_nothing_are_refused(shoot, ear, choices):
    with pytest.raises(UsageError):
        settled(shoot, ear, **choices)


def test_dark_and_grey_card_are_no_frames(shoot, ear):
    with pytest.raises(FrameError, match="no frames"):
        settled(shoot[:2], ear, first_is_dark=True, last_is_greycard=True)
    with pytest.raises(FrameError, match="no frames"):
        settled(shoot[:1], ear, last_is_greycard=True)


def test_frames_of_two_cameras_are_refused(shoot, ear, tmp_path):
    stranger = write_scene(
        tmp_path / "stranger.dng", SensorTruth(camera=RawCamera(model="SIMULATED R2")), LIGHT, **SETTINGS
    )
    with pytest.raises(FrameMismatch, match=r"stranger\.dng"):
        settled([*shoot, stranger], ear)


def test_finished_pictures_take_their_encoding_and_nothing_else(stack_folder, ear):
    keep_dark()
    frames = sorted(stack_folder.iterdir())

    found = settled(frames, ear, linear=True)

    assert found.development.encoding == "linear"
    assert (found.report, found.paths, ear.events) == ({}, frames, [])


@pytest.mark.parametrize(
    "choices",
    [
        {"colour_space": "xyz"},
        {"white_balance": "auto"},
        {"darks": "mine"},
        {"first_is_dark": True},
        {"last_is_greycard": True},
        {"exposure_ev": 1.0},
        {"highlights": "blend"},
        {"flat": Path("flat.dng")},
    ],
)
def test_what_finished_pictures_cannot_have_is_not_passed_over(stack_folder, ear, choices):
    with pytest.raises(UsageError, match="cannot be used here"):
        settled(sorted(stack_folder.iterdir()), ear, **choices)


def test_a_finished_picture_is_no_dark(shoot, stack_folder, ear):
    with pytest.raises((UnreadableFrame, StackcoreError)):
        settled([stack_folder / "img8.tif", *shoot], ear, first_is_dark=True)


def test_the_report_tells_what_a_rule_came_to(shoot, ear, stack_folder):
    found = settled(shoot, ear)
    frame = FrameInfo(width=96, height=64, dtype="uint16", multipliers=(2.0, 1.0, 1.5, 1.0))

    assert found.told(frame)["multipliers"] == [2.0, 1.0, 1.5, 1.0]
    assert found.report["multipliers"] is None
    assert settled(sorted(stack_folder.iterdir()), ear).told(frame) == {}
