"""The simulated cameras as the engine sees them: verbs, drive, metadata, replay, faults."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pyvips
import rawpy

from stackcore.config import resolve_options
from stackcore.errors import CameraBusyError, CameraError, ConfigError, FocusDriveError, NotReadyError
from stackcore.hookspecs import Offer
from stackcore.metadata.shot import read_shot
from stackcore.protocols import CameraProvider, Need
from stackcore.testing.scene import Scene
from stackcore_plugins.camera_simulator import plugin
from stackcore_plugins.camera_simulator.bodies import BODIES
from stackcore_plugins.camera_simulator.camera import SimulatedCamera
from stackcore_plugins.camera_simulator.drive import FocusDrive
from stackcore_plugins.camera_simulator.faults import FAULTS, parse_faults
from stackcore_plugins.camera_simulator.options import SimulatorOptions

ALL: frozenset[Need] = frozenset({"live_view", "focus_drive", "still"})
NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
SMALL: dict[str, Any] = {"width_px": 150, "height_px": 100}


def never(seconds: float) -> None:
    raise AssertionError(f"waited {seconds} s for nothing")


def make(style: str = "unified", pause: Callable[[float], None] = never, **values: Any) -> SimulatedCamera:
    options = SimulatorOptions(**{**SMALL, **values})
    return SimulatedCamera("simulator", style, options, pause=pause, now=lambda: NOON)  # type: ignore[arg-type]


def opened(**values: Any) -> SimulatedCamera:
    camera = make(**values)
    camera.open()
    return camera


def decode(data: bytes) -> np.ndarray:
    return np.asarray(pyvips.Image.new_from_buffer(data, "").numpy())


def sharpness(data: bytes) -> float:
    return float(cv2.Laplacian(decode(data).astype(np.float32).mean(axis=2), cv2.CV_32F).var())


# ------------------------------------------------------------------------- offers


def offers() -> dict[str, Offer[CameraProvider]]:
    return {offer.name: offer for offer in plugin.stackcore_cameras()}


def test_two_cameras_are_offered_and_differ_in_style_alone() -> None:
    assert set(offers()) == {"simulator", "simulator-legacy"}
    unified, legacy = (offers()[name].build(SimulatorOptions()).traits for name in ("simulator", "simulator-legacy"))
    assert (unified.style, unified.waits_after_still) == ("unified", False)
    assert (legacy.style, legacy.waits_after_still) == ("legacy", True)
    assert unified.simulated
    assert legacy.simulated
    assert unified.still_bytes == legacy.still_bytes


def test_looking_at_the_offers_loads_nothing_heavy() -> None:
    code = (
        "import sys; from stackcore_plugins.camera_simulator.plugin import stackcore_cameras as f; list(f());"
        "heavy = {'cv2', 'pyvips', 'rawpy', 'tifffile'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_says_that_it_is_simulated() -> None:
    info = make().open()
    assert info.simulated
    assert "SIMULATED" in info.model
    assert info.provider == "simulator"


# ------------------------------------------------------------------------- pictures


def test_a_jpeg_has_the_size_asked_for_and_says_simulated() -> None:
    (still,) = opened(seed=7).expose()
    image = pyvips.Image.new_from_buffer(still.data, "")
    assert still.extension == "jpg"
    assert (image.width, image.height, image.bands, image.format) == (150, 100, 3, "uchar")
    for field in ("Make", "Model", "ImageDescription"):
        assert "SIMULATED" in image.get(f"exif-ifd0-{field}")
    assert "scene 7" in image.get("exif-ifd0-ImageDescription")
    assert "2026:06:01 12:00:00" in image.get("exif-ifd2-DateTimeOriginal")


def test_a_tiff_has_sixteen_bits_and_says_simulated() -> None:
    (still,) = opened(format="tiff16").expose()
    image = pyvips.Image.new_from_buffer(still.data, "")
    assert still.extension == "tif"
    assert (image.width, image.height, image.bands, image.format) == (150, 100, 3, "ushort")
    assert "SIMULATED" in image.get("image-description")
    assert len(np.unique(image.numpy())) > 1000


def test_a_raw_still_is_a_dng_that_libraw_opens_and_says_simulated() -> None:
    camera = opened(format="dng", full_well_e=0, flicker=0, width_px=151, height_px=101)
    (still,) = camera.expose()
    assert still.extension == "dng"
    with rawpy.imread(io.BytesIO(still.data)) as raw:
        assert raw.raw_image_visible.shape == (100, 150)
        assert raw.raw_type == rawpy.RawType.Flat
        assert raw.color_desc == b"RGBG"
        assert (raw.black_level_per_channel, raw.white_level) == ([512] * 4, 16383)
        picture = raw.postprocess(use_camera_wb=True, no_auto_bright=True, adjust_maximum_thr=0.0, gamma=(2.4, 12.92))
    (other,) = opened(format="tiff16", full_well_e=0, flicker=0, width_px=151, height_px=101).expose()
    expected = decode(other.data)[:100, :150] / 257.0
    assert np.abs(picture.astype(float).mean(axis=(0, 1)) - expected.mean(axis=(0, 1))).max() < 6
    for tag in (b"SIMULATED camera", b"SIMULATED by stackcore, no photograph: scene 1", b"2026:06:01 12:00:00"):
        assert tag in still.data


def test_raw_and_jpeg_are_two_files_of_one_still() -> None:
    camera = opened(format="dng+jpeg")
    raw, picture = camera.expose()
    assert (raw.extension, picture.extension) == ("dng", "jpg")
    assert camera.traits.still_bytes > len(raw.data)
    assert picture.data == opened(format="jpeg").expose()[0].data


def test_both_formats_show_the_same_picture() -> None:
    eight, sixteen = (decode(opened(format=kind).expose()[0].data) for kind in ("jpeg", "tiff16"))
    assert np.abs(eight.astype(float) - sixteen / 257.0).mean() < 2.0


def test_the_same_seed_and_shot_give_the_same_pixels() -> None:
    first, again, other = (opened(seed=seed).expose()[0].data for seed in (3, 3, 4))
    assert first == again
    assert first != other
    camera = opened(seed=3)
    assert [camera.expose()[0].data, camera.expose()[0].data][1] != first  # noise, flicker and drift go on


def test_the_default_run_covers_the_scene_from_its_nearest_point() -> None:
    options = SimulatorOptions()
    assert 11 * 50 >= options.depth_units >= 10 * 50
    camera = opened(drift_px=0, jitter_px=0, rotation_deg=0, breathing=0, flicker=0, hot_pixels=0)
    truth = Scene.build(150, 100, seed=options.seed)
    camera.drive_focus(275)
    still = decode(camera.expose()[0].data).astype(float)
    differences = {}
    for focus in (0.3, 0.5, 0.7):
        linear = np.clip(truth.render(focus), 0, 1)
        srgb = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        differences[focus] = np.abs(still - srgb).mean()
    assert differences[0.5] < 3.0
    assert differences[0.5] < 0.8 * min(differences[0.3], differences[0.7])


def test_sharpness_falls_when_focus_leaves_the_scene() -> None:
    camera = opened(hot_pixels=0)
    within = [sharpness(camera.expose()[0].data)]
    camera.drive_focus(200)
    within.append(sharpness(camera.expose()[0].data))
    camera.drive_focus(2000)
    assert sharpness(camera.expose()[0].data) < 0.4 * min(within)


def test_hot_pixels_are_where_they_were_in_every_still() -> None:
    without, few = (opened(format="tiff16", full_well_e=0, hot_pixels=count) for count in (0, 9))
    places = []
    for _ in range(2):
        differs = (decode(without.expose()[0].data) != decode(few.expose()[0].data)).any(axis=2)
        places.append(np.argwhere(differs).tolist())
        for camera in (without, few):
            camera.drive_focus(100)
    assert len(places[0]) == 9
    assert places[0] == places[1]


def test_live_view_is_a_reduced_jpeg_of_what_the_lens_sees() -> None:
    camera = opened(width_px=1280, height_px=160, live_view=True)
    frame = camera.preview_frame()
    image = pyvips.Image.new_from_buffer(frame.data, "")
    assert frame.extension == "jpg"
    assert (image.width, image.height) == (640, 80)
    assert "SIMULATED" in image.get("exif-ifd0-ImageDescription")
    camera.drive_focus(3000)
    assert sharpness(camera.preview_frame().data) < 0.5 * sharpness(frame.data)


# ------------------------------------------------------------------------- calibration


def counts(still: bytes) -> np.ndarray:
    with rawpy.imread(io.BytesIO(still)) as raw:
        return np.asarray(raw.raw_image_visible.astype(np.float64))


def test_a_capped_lens_gives_a_dark_frame_with_the_faults_of_the_sensor() -> None:
    faults = {"hot_pixels": 40, "dead_pixels": 12, "subject": "dark", "exposure_s": 1 / 30}
    raw, picture = opened(format="dng+jpeg", **faults).expose()
    dark, shown = counts(raw.data), decode(picture.data)
    assert np.median(dark) == pytest.approx(512, abs=2)
    assert (dark == 0).sum() == 12
    assert (dark > 512 + 4000).sum() == 40
    assert np.median(shown) <= 12
    assert decode(opened(format="tiff16", **faults).expose()[0].data).max(axis=2)[dark > 4512].min() > 20_000


def test_hot_and_dead_pixels_are_at_the_same_places_before_every_subject() -> None:
    faults: dict[str, Any] = {"hot_pixels": 30, "dead_pixels": 9, "full_well_e": 0, "flicker": 0, "format": "dng"}
    dark = counts(opened(subject="dark", **faults).expose()[0].data)
    for subject in ("grey-card", "scene"):
        with_faults, without = (
            counts(opened(subject=subject, **{**faults, **change}).expose()[0].data)
            for change in ({}, {"hot_pixels": 0, "dead_pixels": 0})
        )
        assert np.argwhere(with_faults != without).tolist() == np.argwhere(dark != 512).tolist()


@pytest.mark.parametrize("kind", ["dng", "tiff16"])
def test_a_dark_frame_has_noise_of_its_own(kind: str) -> None:
    def noise(subject: str) -> np.ndarray:
        shots = [
            opened(subject=subject, format=kind, full_well_e=well, flicker=0).expose()[0].data for well in (0, 500)
        ]
        plain, noisy = (counts(s) if kind == "dng" else decode(s).astype(float) for s in shots)
        return (noisy - plain).ravel()

    dark, card, scene = (noise(subject) for subject in ("dark", "grey-card", "scene"))
    for first, second in ((dark, card), (dark, scene), (card, scene)):
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_what_the_sensor_makes_itself_grows_with_time_and_iso() -> None:
    one, two, four = (
        counts(opened(subject="dark", format="dng", full_well_e=0, glow=0.02, **exposure).expose()[0].data)[-1, -1]
        for exposure in ({}, {"exposure_s": 1 / 30}, {"exposure_s": 1 / 30, "iso": 200})
    )
    assert [one - 512, two - 512, four - 512] == pytest.approx([317, 635, 1270], abs=2)
    shown = decode(opened(subject="dark", format="tiff16", full_well_e=0, glow=0.02).expose()[0].data)
    assert shown[-1, -1].min() > 5 * shown[0, 0].max()


def test_more_iso_is_noisier_and_no_brighter() -> None:
    means, noise = [], []
    for iso in (100, 1600):
        card = counts(opened(subject="grey-card", format="dng", iso=iso, flicker=0).expose()[0].data)[::2, 1::2]
        means.append(card.mean())
        noise.append((card - card.mean(axis=0)).std())
    assert means[0] == pytest.approx(means[1], rel=0.01)
    assert noise[1] == pytest.approx(4 * noise[0], rel=0.1)


@pytest.mark.parametrize(("lamp", "expected"), [("noted", (2, 1, 1.6)), ("warm", (1.6129, 1, 2.1277))])
def test_a_grey_card_shows_the_light_of_the_lamp(lamp: str, expected: tuple[float, ...]) -> None:
    card = counts(opened(subject="grey-card", lamp=lamp, format="dng").expose()[0].data) - 512
    red, green, blue = card[::2, ::2].mean(), card[::2, 1::2].mean(), card[1::2, 1::2].mean()
    assert (green / red, 1, green / blue) == pytest.approx(expected, rel=0.003)
    with rawpy.imread(io.BytesIO(opened(subject="grey-card", lamp=lamp, format="dng").expose()[0].data)) as raw:
        assert raw.camera_whitebalance[:3] == pytest.approx([2, 1, 1.6])  # the body notes what it always notes
    shown = decode(opened(subject="grey-card", lamp=lamp).expose()[0].data).mean(axis=(0, 1))
    assert (shown[0] > shown[1] + 5 > shown[2] + 10) == (lamp == "warm")


@pytest.mark.parametrize("kind", ["jpeg", "tiff16", "dng"])
def test_every_file_tells_camera_and_exposure(kind: str, tmp_path: Path) -> None:
    camera = make(format=kind, subject="dark", exposure_s=0.5, iso=3200)
    path = tmp_path / "still"
    path.write_bytes((info := camera.open()) and camera.expose()[0].data)
    shot = read_shot(path)
    assert (shot.make, shot.model, shot.serial) == ("SIMULATED", "SIMULATED camera", info.serial)
    assert (shot.iso, shot.exposure_s) == (3200, 0.5)
    assert b"no photograph: dark" in path.read_bytes()


@pytest.mark.parametrize("subject", ["dark", "grey-card"])
def test_live_view_shows_cap_or_card(subject: str) -> None:
    seen = decode(opened(subject=subject, live_view=True).preview_frame().data)
    assert seen.shape == (100, 150, 3)
    assert (seen.mean() > 150) == (subject == "grey-card")


# ------------------------------------------------------------------------- focus drive


def test_movements_add_up() -> None:
    camera = opened()
    for steps in (50, 50, -30):
        camera.drive_focus(steps)
    assert camera.focus_position() == 70


@pytest.mark.parametrize(("steps", "confirmed", "end"), [(500, 120, "far"), (-500, -80, "near")])
def test_an_end_stop_says_how_far_the_lens_came(steps: int, confirmed: int, end: str) -> None:
    camera = opened(near_stop=-80, far_stop=120)
    with pytest.raises(FocusDriveError, match=f"{end} end") as caught:
        camera.drive_focus(steps)
    assert caught.value.confirmed == confirmed
    assert camera.focus_position() == confirmed
    camera.drive_focus(-confirmed)
    assert camera.focus_position() == 0


def test_backlash_is_lost_at_each_change_of_direction() -> None:
    drive = FocusDrive(near_stop=-1000, far_stop=1000, backlash_units=5)
    seen = []
    for steps in (50, 50, -3, -20, -77, 2, 10):
        drive.move(steps)
        seen.append((drive.position, drive.lens))
    assert seen == [(50, 50), (100, 100), (97, 100), (77, 82), (0, 5), (2, 5), (12, 12)]


def test_the_picture_follows_the_lens_not_the_motor() -> None:
    calm = {"drift_px": 0, "jitter_px": 0, "rotation_deg": 0, "flicker": 0, "full_well_e": 0}
    slack, tight = (opened(backlash_units=units, **calm) for units in (40, 0))
    for camera in (slack, tight):
        camera.drive_focus(100)
        camera.drive_focus(-40)
        assert camera.focus_position() == 60
    still, reference = (decode(camera.expose()[0].data) for camera in (slack, tight))
    tight.drive_focus(40)
    at_the_lens = decode(tight.expose()[0].data)
    assert np.array_equal(still, at_the_lens)
    assert not np.array_equal(still, reference)


def test_a_lens_that_is_remembered_stands_where_the_last_run_left_it(tmp_path: Path) -> None:
    kept = tmp_path / "lens.json"
    camera, other = (opened(lens_file=kept, backlash_units=5) for _ in range(2))
    camera.drive_focus(100)
    camera.drive_focus(-2)
    other.close()
    other.open()
    assert other.focus_position() == 98
    other.drive_focus(-10)
    assert FocusDrive(-400, 400, 5, kept).lens == 93
    kept.write_text("{}")
    with pytest.raises(CameraError, match="forgot"):
        opened(lens_file=kept)


# ------------------------------------------------------------------------- bodies


@pytest.mark.parametrize("style", ["legacy", "unified"])
def test_each_style_has_several_bodies_with_their_own_identity_and_pace(style: str) -> None:
    found = {body: make(style, body=body) for body in BODIES}
    infos = [camera.open() for camera in found.values()]
    assert len({info.model for info in infos}) == len({info.serial for info in infos}) == 3
    assert all("SIMULATED" in info.model and style in info.model for info in infos)
    fast, slow = found["fast"].traits, found["slow"].traits
    assert (fast.still_s, fast.move_s, fast.max_drive) == (0.15, 0.03, 32_767)
    assert (slow.still_s, slow.move_s, slow.max_drive) == (2.5, 0.4, 200)
    assert (found["fast"].focus_position(), found["slow"].focus_position()) == (0, None)
    assert make(style, body="slow", tells_position=True, move_s=0).traits.move_s == 0


def test_a_slow_body_takes_its_time() -> None:
    waits: list[float] = []
    camera = make(pause=waits.append, body="slow", live_view=True)
    camera.open()
    camera.drive_focus(10)
    camera.expose()
    assert waits[0] == 0.4
    assert 0 < waits[1] < 2.5  # the rest of it: rendering has taken some


# ------------------------------------------------------------------------- preflight


def test_live_view_is_switched_on_and_put_back() -> None:
    camera = opened()
    with pytest.raises(NotReadyError, match="live view"):
        camera.preview_frame()
    checks = {check.name: check for check in camera.preflight(ALL, start_live_view=True)}
    assert set(checks) == {"camera connected", "live view", "focus drive", "still capture"}
    assert all(check.ok for check in checks.values())
    assert camera.preview_frame().data
    camera.restore()
    with pytest.raises(NotReadyError, match="live view"):
        camera.preview_frame()


def test_live_view_that_was_on_stays_on() -> None:
    camera = opened(live_view=True)
    assert all(check.ok for check in camera.preflight(ALL, start_live_view=False))
    camera.restore()
    assert camera.preview_frame().data


def test_live_view_that_may_not_be_started_is_refused_with_advice() -> None:
    (failed,) = [check for check in opened().preflight(ALL, start_live_view=False) if not check.ok]
    assert (failed.name, failed.detail, failed.fatal) == ("live view", "off", True)
    assert "switch live view on" in failed.fix


def test_only_what_is_needed_is_looked_at() -> None:
    assert [check.name for check in opened().preflight(frozenset(), start_live_view=True)] == ["camera connected"]


@pytest.mark.parametrize("kind", ["no-live-view", "no-focus-drive", "no-still"])
def test_each_preflight_fault_fails_its_own_check(kind: str) -> None:
    failed = [check for check in opened(fault=kind).preflight(ALL, start_live_view=True) if not check.ok]
    assert len(failed) == 1
    assert failed[0].name.split()[0] == kind.split("-")[1]
    assert failed[0].fix


def test_a_camera_that_was_not_opened_obeys_nothing() -> None:
    camera = make()
    for command in (camera.expose, camera.preview_frame, lambda: camera.drive_focus(1)):
        with pytest.raises(NotReadyError):
            command()
    assert not camera.wait_ready(1.0)
    assert camera.focus_position() is None
    assert not camera.preflight(ALL, start_live_view=True)[0].ok


def test_closing_twice_is_fine_and_it_can_be_opened_again() -> None:
    camera = opened()
    camera.drive_focus(10)
    camera.close()
    camera.close()
    camera.open()
    assert camera.focus_position() == 10


# ------------------------------------------------------------------------- time


def test_simulated_time_is_waited_for_only_as_far_as_it_is_missing() -> None:
    waits: list[float] = []
    camera = make(pause=waits.append, still_s=500.0, move_s=0.25)
    camera.open()
    camera.drive_focus(10)
    camera.expose()
    assert waits[0] == 0.25
    assert 400 < waits[1] < 500  # rendering took a part of it
    assert (camera.traits.still_s, camera.traits.move_s) == (500, 0.25)


# ------------------------------------------------------------------------- replay


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    for index in range(4):
        picture = np.full((40, 60, 3), 40 * index + 30, np.uint8)
        pyvips.Image.new_from_array(picture).jpegsave(str(tmp_path / f"IMG_{index:04d}.JPG"))
    (tmp_path / "notes.txt").write_text("no frame")
    (tmp_path / ".hidden.jpg").write_bytes(b"no frame either")
    return tmp_path


def test_a_folder_is_replayed_byte_for_byte(frames: Path) -> None:
    camera = opened(replay=frames, replay_step=30, backlash_units=0)
    files = sorted(frames.glob("*.JPG"))
    delivered = []
    for _ in files:
        delivered.extend(camera.expose())
        camera.drive_focus(30)
    assert [file.data for file in delivered] == [path.read_bytes() for path in files]
    assert {file.extension for file in delivered} == {"jpg"}


@pytest.mark.parametrize(("position", "index"), [(-90, 0), (14, 0), (16, 1), (61, 2), (900, 3)])
def test_the_frame_nearest_to_focus_is_delivered(frames: Path, position: int, index: int) -> None:
    camera = opened(replay=frames, replay_step=30, backlash_units=0)
    camera.drive_focus(position)
    assert camera.expose()[0].data == (frames / f"IMG_{index:04d}.JPG").read_bytes()


def test_frames_are_replayed_in_natural_order(tmp_path: Path) -> None:
    for name in ("img10.jpg", "img2.jpg", "img1.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    camera = opened(replay=tmp_path, replay_step=1, backlash_units=0)
    delivered = []
    for _ in range(3):
        delivered.append(camera.expose()[0].data.decode())
        camera.drive_focus(1)
    assert delivered == ["img1.jpg", "img2.jpg", "img10.jpg"]


def test_replay_has_live_view_too(frames: Path) -> None:
    camera = opened(replay=frames, replay_step=30, live_view=True)
    camera.drive_focus(60)
    shown = decode(camera.preview_frame().data)
    assert shown.shape == (40, 60, 3)
    assert shown.mean() == pytest.approx(110, abs=3)
    assert camera.traits.still_bytes == max(path.stat().st_size for path in frames.glob("*.JPG"))


def test_a_folder_without_frames_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(NotReadyError, match="nothing to replay"):
            make(replay=folder).open()


def test_a_frame_that_vanishes_is_named(frames: Path) -> None:
    camera = opened(replay=frames, live_view=True)
    (frames / "IMG_0000.JPG").unlink()
    with pytest.raises(CameraError, match=r"IMG_0000\.JPG"):
        camera.expose()
    with pytest.raises(CameraError, match=r"IMG_0000\.JPG"):
        camera.preview_frame()


# ------------------------------------------------------------------------- faults


@pytest.mark.parametrize(("kind", "confirmed", "position"), [("jam", 20, 60), ("refused", 0, 40), ("lost", None, None)])
def test_a_drive_fault_comes_at_its_movement(kind: str, confirmed: int | None, position: int | None) -> None:
    camera = opened(fault=f"{kind}@2")
    camera.drive_focus(40)
    with pytest.raises(FocusDriveError) as caught:
        camera.drive_focus(40)
    assert caught.value.confirmed == confirmed
    if position is not None:
        assert camera.focus_position() == position
        camera.drive_focus(-position)  # the next one works again
        assert camera.focus_position() == 0


def test_a_still_fails_once() -> None:
    camera = opened(fault="still-fails@2")
    camera.expose()
    with pytest.raises(CameraError, match="still failed"):
        camera.expose()
    assert camera.expose()


def test_a_preview_fails_once() -> None:
    camera = opened(fault="preview-fails@1", live_view=True)
    with pytest.raises(CameraError, match="Live view failed"):
        camera.preview_frame()
    assert camera.preview_frame().data


def test_a_pulled_cable_stays_pulled() -> None:
    camera = opened(fault="unplugged@3")
    camera.expose()
    camera.drive_focus(10)
    with pytest.raises(CameraError, match="gone"):
        camera.expose()
    with pytest.raises(FocusDriveError) as caught:
        camera.drive_focus(-10)
    assert caught.value.confirmed is None
    assert not camera.wait_ready(1.0)
    assert camera.focus_position() is None
    camera.restore()
    camera.close()


def test_a_busy_camera_becomes_ready_after_as_many_questions() -> None:
    camera = opened(fault="busy@2")
    assert [camera.wait_ready(1.0) for _ in range(3)] == [False, False, True]


def test_a_lens_that_slips_says_nothing() -> None:
    camera = opened(fault="slips@1")
    camera.drive_focus(40)
    assert camera.focus_position() == 20


def test_an_end_stop_on_request_moves_nothing() -> None:
    camera = opened(fault="end-stop@1")
    with pytest.raises(FocusDriveError, match="at its end") as caught:
        camera.drive_focus(40)
    assert (caught.value.confirmed, camera.focus_position()) == (0, 0)


def test_a_busy_body_refuses_once_and_does_nothing() -> None:
    camera = opened(fault="busy-move@1,busy-still@1")
    with pytest.raises(CameraBusyError):
        camera.drive_focus(40)
    with pytest.raises(CameraBusyError):
        camera.expose()
    assert camera.focus_position() == 0
    camera.drive_focus(40)
    assert camera.focus_position() == 40
    assert camera.expose()


def test_a_body_that_stays_busy_is_never_ready() -> None:
    camera = opened(fault="stays-busy@2")
    camera.drive_focus(40)
    assert camera.wait_ready(1.0)
    for command in (camera.expose, camera.preview_frame, lambda: camera.drive_focus(1)):
        with pytest.raises(CameraBusyError):
            command()
    assert not camera.wait_ready(1.0)


def test_a_still_that_never_finishes_is_given_up_in_time() -> None:
    waits: list[float] = []
    camera = make(pause=waits.append, fault="timeout@1", timeout_s=7)
    camera.open()
    with pytest.raises(CameraError, match="not finished after 7 s"):
        camera.expose()
    assert waits == [7]


def test_a_cable_that_is_pulled_during_the_transfer_stays_out() -> None:
    camera = opened(fault="transfer-cut@1")
    for command in (camera.expose, camera.expose, lambda: camera.drive_focus(1)):
        with pytest.raises(CameraError, match="gone"):
            command()
    assert camera.focus_position() is None


def test_a_full_card_stays_full() -> None:
    camera = opened(fault="card-full@2")
    camera.expose()
    for _ in range(2):
        with pytest.raises(CameraError, match="card is full"):
            camera.expose()


@pytest.mark.skipif(os.name == "nt", reason="processes end otherwise on Windows")
@pytest.mark.parametrize("command", ["drive_focus(40)", "expose()", "preview_frame()"])
def test_the_process_is_killed_in_the_middle_of_a_command(tmp_path: Path, command: str) -> None:
    code = (
        "from stackcore_plugins.camera_simulator.camera import SimulatedCamera as C;"
        "from stackcore_plugins.camera_simulator.options import SimulatorOptions as O;"
        f"c = C('s', 'unified', O(width_px=64, height_px=64, live_view=True, fault='killed@2', lens_file='lens.json'));"
        f"c.open(); c.drive_focus(10); c.{command}; print('survived')"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert (ended.returncode, ended.stdout) == (-9, b"")
    assert FocusDrive(-400, 400, 3, tmp_path / "lens.json").position == (30 if "drive" in command else 10)


def test_every_fault_is_read_and_has_a_meaning() -> None:
    for kind, meaning in FAULTS.items():
        word = kind if kind.startswith("no-") else f"{kind}@2"
        (fault,) = parse_faults(word)
        assert (fault.kind, fault.at) == (kind, 0 if word == kind else 2)
        assert meaning in str(SimulatorOptions.model_fields["fault"].description)


@pytest.mark.parametrize(
    ("text", "advice"), [("jamm@2", "jam"), ("jam", "jam@1"), ("jam@0", "jam@1"), ("no-still@2", "no number")]
)
def test_a_fault_that_does_not_exist_is_refused_with_what_does(text: str, advice: str) -> None:
    with pytest.raises(ConfigError, match=advice):
        resolve_options(SimulatorOptions, {"fault": text}, 'camera "simulator"')


def test_read_noise_without_a_well_is_refused() -> None:
    with pytest.raises(ConfigError, match="full_well_e"):
        resolve_options(SimulatorOptions, {"full_well_e": 0, "read_e": 5}, 'camera "simulator"')
