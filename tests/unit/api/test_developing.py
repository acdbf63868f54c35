"""`develop`: every raw in exactly the same way, whole or not at all, and nothing else touched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips

import stackcore.api
from stackcore.api.developing import develop, plan_develop
from stackcore.colour.icc import profile
from stackcore.colour.spaces import to_xyz
from stackcore.errors import Cancelled, ConfigError, FrameMismatch, OutputError, UnreadableFrame, UsageError
from stackcore.events import Progress
from stackcore.metadata.record import read_record
from stackcore.metadata.shot import read_shot
from stackcore.stacking.file_format import FileFormat
from stackcore.testing.dng import RawCamera
from stackcore.testing.photosites import HotSite, SensorTruth
from stackcore.testing.raws import write_darks, write_grey_card, write_scene

QUIET = SensorTruth(read_noise=0, electrons_per_count=0)
SPACES = ["srgb", "display-p3", "adobe-rgb", "prophoto", "xyz"]


def scene(highlight: float = 0.0) -> np.ndarray:
    """Soft colours; a highlight far above white in the upper left corner, if any."""
    y, x = np.mgrid[: QUIET.height, : QUIET.width].astype(np.float32)
    light = np.stack([0.1 + 0.4 * x / QUIET.width, 0.3 - 0.2 * y / QUIET.height, 0.2 + 0 * x], axis=-1)
    light[2:12, 2:12] += highlight
    return light


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """Five raws of one scene, the first two with a highlight."""
    folder = tmp_path / "shoot"
    folder.mkdir()
    for index in range(5):
        write_scene(folder / f"IMG_{index}.DNG", QUIET, scene(3.0 if index < 2 else 0.0), shot=index)
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "developed"


def pixels(path: Path) -> np.ndarray:
    return np.asarray(pyvips.Image.new_from_file(str(path)).numpy())


def test_each_raw_becomes_a_picture_of_its_own_name(shoot, out, ear, snapshot):
    before = snapshot(shoot)

    done = develop(shoot, out, listeners=[ear])

    assert [path.name for path in done.files] == [f"IMG_{i}.tif" for i in range(5)]
    assert sorted(path.name for path in out.iterdir()) == [path.name for path in done.files]
    assert snapshot(shoot) == before
    for path in done.files:
        assert (pixels(path).shape, pixels(path).dtype) == ((64, 96, 3), np.uint16)
    assert (done.width, done.height, done.reference) == (96, 64, "IMG_2.DNG")
    assert [(p.done, p.total) for p in ear.of("progress") if p.stage == "develop"] == [(i, 5) for i in range(1, 6)]
    [told] = ear.of("result")
    assert told.data["files"] == [str(path) for path in done.files]
    assert told.data["frames"] == 5
    assert told.data["colour_space"] == "srgb"


@pytest.mark.parametrize("highlights", ["clip", "unclipped", "blend", "reconstruct"])
def test_a_highlight_changes_nothing_but_itself(shoot, out, highlights):
    done = develop(shoot, out, highlights=highlights, white_balance="2 1 1.6 1")

    with_highlight, without = pixels(done.files[0]), pixels(done.files[4])
    far = np.s_[32:, 32:]
    np.testing.assert_array_equal(with_highlight[far], without[far])
    assert (with_highlight[6, 6] > without[6, 6]).all()
    assert np.array_equal(with_highlight, pixels(done.files[1]))


def test_one_alone_comes_out_as_among_others(shoot, out, tmp_path):
    """What is open comes from the reference, so the numbers are given here."""
    choices = {"white_balance": "2 1 1.6 1"}
    together = develop(shoot, out, **choices, workers=2)
    alone = develop(shoot / "IMG_3.DNG", tmp_path / "alone", **choices)

    np.testing.assert_array_equal(pixels(alone.files[0]), pixels(together.files[3]))


def test_the_balance_of_the_middle_one_is_that_of_all(tmp_path, out):
    for index, neutral in enumerate([(0.9, 1.0, 0.4), (0.5, 1.0, 0.625), (0.3, 1.0, 0.9)]):
        truth = SensorTruth(
            read_noise=0, electrons_per_count=0, lamp=(0.5, 1.0, 0.625), camera=RawCamera(neutral=neutral)
        )
        write_grey_card(tmp_path / f"{index}.dng", truth)

    done = develop([tmp_path / f"{i}.dng" for i in range(3)], out, linear=True)

    middles = [pixels(path)[32, 48] for path in done.files]
    assert np.array_equal(middles[0], middles[1])
    assert np.array_equal(middles[1], middles[2])
    np.testing.assert_allclose(middles[1] / middles[1].mean(), 1, atol=0.005)


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("colour_space", SPACES)
def test_the_profile_says_what_colour_it_is(tmp_path, out, colour_space, linear):
    light = np.array([0.5, 0.12, 0.07], np.float32)
    raw = write_scene(tmp_path / "a.dng", QUIET, np.broadcast_to(light, (64, 96, 3)).copy())

    [picture] = develop(raw, out, colour_space=colour_space, linear=linear).files

    image = pyvips.Image.new_from_file(str(picture))
    assert image.get("icc-profile-data") == profile(colour_space, "linear" if linear else "srgb")
    seen = image.icc_import(embedded=True, pcs="xyz", intent="relative").numpy()[32, 48] / 100  # for D65
    np.testing.assert_allclose(seen, to_xyz("srgb") @ light, atol=1e-3)


@pytest.mark.parametrize("colour_space", SPACES)
def test_white_is_white_in_every_space(tmp_path, out, colour_space):
    raw = write_scene(tmp_path / "a.dng", QUIET, np.full((64, 96, 3), 4.0, np.float32))

    [picture] = develop(raw, out, colour_space=colour_space).files

    image = pyvips.Image.new_from_file(str(picture))
    seen = image.icc_import(embedded=True, pcs="xyz", intent="relative").numpy()[32, 48] / 100
    np.testing.assert_allclose(seen, to_xyz("srgb").sum(axis=1), atol=2e-3)


def test_exposure_is_a_factor_on_light(shoot, out, tmp_path):
    plain = develop(shoot / "IMG_2.DNG", out, linear=True).files[0]
    darker = develop(shoot / "IMG_2.DNG", tmp_path / "darker", linear=True, exposure_ev=-1.0).files[0]

    np.testing.assert_allclose(pixels(darker), pixels(plain) / 2, atol=2)


def test_dark_and_grey_card_are_used_and_not_developed(tmp_path, out, ear):
    truth = SensorTruth(hot=(HotSite(30, 40, 5000.0),), dead=((50, 20),), lamp=(0.7, 1.0, 0.5), electrons_per_count=50)
    [dark] = write_darks(tmp_path, truth)
    grey = np.full((64, 96, 3), 0.3, np.float32)
    frames = [write_scene(tmp_path / f"IMG_{i}.dng", truth, grey, shot=i) for i in range(3)]
    card = write_grey_card(tmp_path / "card.dng", truth)

    done = develop([dark, *frames, card], out, first_is_dark=True, last_is_greycard=True, linear=True, listeners=[ear])

    assert sorted(path.name for path in out.iterdir()) == ["IMG_0.tif", "IMG_1.tif", "IMG_2.tif"]
    [data] = [event.data for event in ear.of("result")]
    assert (data["hot"], data["dead"]) == ([[30, 40]], [[50, 20]])
    assert data["multipliers"] == pytest.approx(truth.multipliers, rel=0.01)
    for path in done.files:
        picture = pixels(path)[4:-4, 4:-4].astype(float)
        np.testing.assert_allclose(picture.mean(axis=(0, 1)) / picture.mean(), 1, atol=0.01)
        assert np.abs(picture / picture.mean() - 1).max() < 0.1  # a hot photosite would be twice as bright


def test_demosaic_is_an_option_and_a_setting(shoot, out, tmp_path):
    raw = shoot / "IMG_0.DNG"
    first = develop(raw, out, demosaic="linear").files[0]
    again = develop(raw, tmp_path / "b", settings={"developer": {"demosaic": "linear"}}).files[0]
    other = develop(raw, tmp_path / "c").files[0]

    np.testing.assert_array_equal(pixels(first), pixels(again))
    assert (pixels(first) != pixels(other)).any()
    with pytest.raises(UsageError, match="demosaic"):
        develop(raw, tmp_path / "d", demosaic="magic")
    with pytest.raises(ConfigError):
        develop(raw, tmp_path / "d", settings={"fuser": {"levels": 2}})
    with pytest.raises(ConfigError, match='did you mean "demosaic"'):
        develop(raw, tmp_path / "d", settings={"developer": {"demosiac": "linear"}})


def test_compressed_and_tiled_pictures_hold_the_same(shoot, out, tmp_path):
    plain = develop(shoot / "IMG_0.DNG", out).files[0]
    small = develop(shoot / "IMG_0.DNG", tmp_path / "b", file_format=FileFormat(compression="deflate", tiled=True))

    assert small.files[0].stat().st_size < plain.stat().st_size
    np.testing.assert_array_equal(pixels(small.files[0]), pixels(plain))


def test_a_picture_says_of_what_it_was_made_and_how(shoot, out, tmp_path):
    truth = SensorTruth(camera=RawCamera(make="ACME", model="ACME R1", serial="4711", orientation=6))
    raw = write_scene(tmp_path / "a.dng", truth, scene(), exposure_s=0.25, iso=800)

    [picture] = develop(raw, out, white_balance="2 1 1.6 1", exposure_ev=0.5, linear=True).files

    shot = read_shot(picture)
    assert (shot.make, shot.model, shot.serial, shot.iso, shot.exposure_s) == ("ACME", "ACME R1", "4711", 800, 0.25)
    record = read_record(picture)
    assert (record.command, record.frames, record.reference) == ("develop", ("a.dng",), "a.dng")
    assert record.plugins["developer"].name == "libraw"
    assert record.settings["multipliers"] == [2.0, 1.0, 1.6, 1.0]
    assert (record.settings["encoding"], record.settings["exposure_ev"]) == ("linear", 0.5)
    image = pyvips.Image.new_from_file(str(picture))
    assert (image.width, image.height) == (64, 96)  # upright
    assert image.get("orientation") == 1
    assert image.get("icc-profile-data") == profile("srgb", "linear")


def test_what_exists_is_refused_before_any_work(shoot, out, ear):
    out.mkdir()
    (out / "IMG_3.tif").write_bytes(b"mine")

    with pytest.raises(OutputError, match=r"IMG_3\.tif exists"):
        develop(shoot, out, listeners=[ear])

    assert [path.name for path in out.iterdir()] == ["IMG_3.tif"]
    assert (out / "IMG_3.tif").read_bytes() == b"mine"
    assert ear.kinds == ["run_started", "run_finished"]
    develop(shoot, out, overwrite=True)
    assert pixels(out / "IMG_3.tif").shape == (64, 96, 3)


def test_two_raws_of_one_name_are_refused(shoot, out, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write_scene(other / "img_1.dng", QUIET, scene())
    with pytest.raises(OutputError, match="would both become"):
        develop([shoot / "IMG_1.DNG", other / "img_1.dng"], out)
    assert not out.exists()


def test_finished_pictures_are_developed_already(shoot, out, stack_folder):
    with pytest.raises(UnreadableFrame, match="developed already"):
        develop(stack_folder / "img8.tif", out)
    with pytest.raises(UnreadableFrame, match=r"img8\.tif is developed already"):
        develop([shoot, stack_folder / "img8.tif"], out)
    assert not out.exists()


def test_the_jpegs_that_a_body_writes_beside_its_raws_are_passed_over(shoot, out, ear):
    for index in range(2):
        pyvips.Image.black(96, 64, bands=3).write_to_file(str(shoot / f"IMG_{index}.jpg"))

    done = develop(shoot, out, listeners=[ear])

    assert [path.name for path in done.files] == [f"IMG_{i}.tif" for i in range(5)]
    assert pixels(done.files[0]).max() > 0
    assert [(event.code, event.message[:1]) for event in ear.of("warning")] == [("finished_pictures", "2")]


def test_a_raw_of_another_size_is_named(shoot, out):
    write_scene(shoot / "IMG_9.dng", SensorTruth(width=48, height=32), np.zeros((32, 48, 3), np.float32))
    with pytest.raises(FrameMismatch, match=r"IMG_9\.dng"):
        develop(shoot, out)
    assert not out.exists()


def test_a_broken_raw_is_named_and_leaves_no_part_of_a_picture(shoot, out):
    data = (shoot / "IMG_4.DNG").read_bytes()
    (shoot / "IMG_4.DNG").write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableFrame, match=r"IMG_4\.DNG"):
        develop(shoot, out)
    assert not list(out.glob(".*")) if out.exists() else True
    assert not (out / "IMG_4.tif").exists()


def test_a_folder_that_cannot_be_made_is_refused(shoot, tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "missing" / "developed"):
        with pytest.raises(OutputError):
            develop(shoot, folder)


def test_too_little_memory_is_refused_with_the_number_needed(shoot, out):
    with pytest.raises(ConfigError, match="MiB"):
        develop(shoot, out, memory_bytes=1_000_000)
    assert not out.exists()


def test_a_plan_does_nothing(shoot, out, ear):
    plan = plan_develop(shoot, out, listeners=[ear])

    assert plan["dry_run"] is True
    assert plan["files"] == [str(out / f"IMG_{i}.tif") for i in range(5)]
    assert plan["memory_bytes"] > 0
    assert not out.exists()
    assert ear.kinds[-2:] == ["result", "run_finished"]


def test_it_is_one_call_away():
    assert stackcore.api.develop is develop


def test_a_cancel_at_any_moment_leaves_whole_pictures_or_none(shoot, tmp_path, monkeypatch, cancel_at):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1760000000")  # the same bytes whenever they are written
    whole = cancel_at(-1)
    reference = develop(shoot, tmp_path / "whole", listeners=[whole], workers=2)
    wanted = {path.name: path.read_bytes() for path in reference.files}
    for moment in range(len(whole.events) - 2):
        run = cancel_at(moment)
        folder = tmp_path / f"cancelled-{moment}"
        with pytest.raises(Cancelled):
            develop(shoot, folder, listeners=[run], cancel=run.cancel, workers=2)
        told = [event.kind for event in run.events]
        assert told[-1] == "run_finished"
        assert "result" not in told
        for path in folder.iterdir() if folder.exists() else []:
            assert path.read_bytes() == wanted[path.name]
    assert any(isinstance(event, Progress) for event in whole.events)


@pytest.mark.parametrize(
    ("rule", "multipliers"), [("camera", (2.0, 1.0, 1.6, 1.0)), ("4 2 3 2", (2.0, 1.0, 1.5, 1.0)), ("auto", None)]
)
def test_the_multipliers_that_were_used_are_told(shoot, out, rule, multipliers):
    done = develop(shoot, out, white_balance=rule)

    assert done.calibration["white_balance"] == rule
    assert min(done.multipliers) == pytest.approx(1)
    assert done.summary()["multipliers"] == list(done.multipliers)
    if multipliers:
        assert done.multipliers == pytest.approx(multipliers, rel=1e-3)
