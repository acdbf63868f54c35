"""Darks and grey cards from raw files to the library, in Python."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stackcore.api as api
from stackcore.api.library import Library, export_entry
from stackcore.calibration.entries import DarkEntry, WhiteBalanceEntry
from stackcore.errors import Cancelled, FrameError, FrameMismatch, OutputError, UnreadableFrame, UsageError
from stackcore.events import to_json
from stackcore.testing.dng import XTRANS, RawCamera
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_darks, write_grey_card, write_scene, write_shot

CAMERA = RawCamera(make="NIKON", model="NIKON D850", serial="3001", margins=(8, 4, 6, 2))
TRUTH = SensorTruth.random(192, 128, hot=12, dead=3, camera=CAMERA, lamp=(0.45, 1.0, 0.7, 0.98), seed=11)
SETTINGS: dict[str, Any] = {"exposure_s": 0.5, "iso": 200}
NAME = "NIKON-D850-3001-iso200-0_5s-192x128"


@pytest.fixture
def darks_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "darks"
    folder.mkdir()
    write_darks(folder, TRUTH, 4, **SETTINGS)
    return folder


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return write_grey_card(tmp_path / "card.dng", TRUTH, **SETTINGS)


def kept() -> list[str]:
    folder = Library().folder
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# ---------------------------------------------------------------------- darks


def test_darks_become_an_entry_of_the_library(darks_folder, ear):
    result = api.darks(darks_folder, listeners=[ear])

    assert result.entry.name == NAME
    assert result.file == Library().folder / f"{NAME}.json"
    assert set(result.entry.hot) == {(site.x, site.y) for site in TRUTH.hot}
    assert set(result.entry.dead) == set(TRUTH.dead)
    assert result.entry.sources == ("dark_00.dng", "dark_01.dng", "dark_02.dng", "dark_03.dng")
    assert (result.entry.iso, result.entry.exposure_s, result.entry.camera.serial) == (200, 0.5, "3001")
    assert Library().dark(NAME) == result.entry
    mean = np.mean([TRUTH.dark(shot=shot, **SETTINGS) for shot in range(4)], axis=0)
    np.testing.assert_allclose(Library().image(result.entry), mean, rtol=1e-6)
    assert ear.kinds == [
        *("run_started", "stage_started", "progress", "progress", "progress", "progress"),
        *("stage_started", "progress", "result", "run_finished"),
    ]


def test_the_result_tells_all_of_it(darks_folder, ear):
    api.darks([darks_folder], sigma=8.0, name="mine", listeners=[ear])

    (event,) = ear.of("result")
    data = json.loads(to_json(event))["data"]
    assert sorted(map(tuple, data["hot"])) == sorted((site.x, site.y) for site in TRUTH.hot)
    assert sorted(map(tuple, data["dead"])) == sorted(TRUTH.dead)
    assert (data["name"], data["frames"], data["sigma_factor"], data["dead_test"]) == ("mine", 4, 8.0, True)
    assert data["camera"] == {"make": "NIKON", "model": "NIKON D850", "serial": "3001"}
    assert (data["iso"], data["exposure_s"], data["width"], data["height"]) == (200, 0.5, 192, 128)
    assert [one["channel"] for one in data["channels"]] == ["R", "G", "B", "G2"]
    for one in data["channels"]:
        passes = [p for p in data["iterations"] if p["channel"] == one["channel"]]
        assert [p["iteration"] for p in passes] == list(range(1, len(passes) + 1))
        assert (passes[-1]["median"], passes[-1]["sigma"], passes[-1]["removed"]) == (one["median"], one["sigma"], 0)
        assert one["threshold"] == pytest.approx(one["median"] + 8 * one["sigma"])
        assert one["sigma"] == pytest.approx(4.0, abs=0.5)  # 4 x gain 2, over the root of 4
    assert data["warnings"] == []
    assert Path(data["path"]).is_file()


def test_one_population_when_asked(darks_folder):
    entry = api.darks(darks_folder, overall=True).entry
    assert [channel.channel for channel in entry.channels] == ["all"]
    assert entry.overall
    assert set(entry.hot) == {(site.x, site.y) for site in TRUTH.hot}


def test_a_single_dark_is_kept_as_it_is(darks_folder):
    entry = api.darks(darks_folder / "dark_00.dng").entry
    image = Library().image(entry)
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image, TRUTH.dark(shot=0, **SETTINGS))


def test_xtrans(tmp_path):
    camera = RawCamera(pattern=XTRANS, model="X-T5")
    truth = SensorTruth.random(132, 120, hot=9, dead=1, camera=camera, seed=3)
    entry = api.darks(write_darks(tmp_path, truth, 2), name="x").entry
    assert [channel.channel for channel in entry.channels] == ["R", "G", "B"]
    assert set(entry.hot) == {(site.x, site.y) for site in truth.hot}


def test_a_turned_camera_makes_no_difference(tmp_path):
    turned = replace(TRUTH, camera=replace(CAMERA, orientation=6))
    (tmp_path / "a").mkdir()
    paths = [*write_darks(tmp_path, TRUTH, 1, **SETTINGS), *write_darks(tmp_path / "a", turned, 1, **SETTINGS)]
    entry = api.darks(paths).entry
    assert (entry.width, entry.height) == (192, 128)
    assert set(entry.hot) == {(site.x, site.y) for site in TRUTH.hot}


def test_the_order_of_darks_makes_no_difference(darks_folder):
    paths = sorted(darks_folder.iterdir())
    one = api.darks(paths, name="one").entry
    other = api.darks(paths[::-1], name="other").entry
    assert (one.hot, one.dead, one.channels) == (other.hot, other.dead, other.channels)
    np.testing.assert_array_equal(Library().image(one), Library().image(other))


def test_no_input_is_modified(darks_folder, card, snapshot, tmp_path):
    before = snapshot(tmp_path)
    api.darks(darks_folder)
    api.greycard(card, save="flash")
    assert snapshot(tmp_path) == before


def test_the_odd_one_is_named_before_anything_is_decoded(darks_folder, ear):
    write_shot(darks_folder / "odd.dng", TRUTH, TRUTH.dark(), exposure_s=0.5, iso=800)
    with pytest.raises(FrameMismatch, match=r"odd\.dng") as caught:
        api.darks(darks_folder, listeners=[ear])
    assert "ISO 800" in caught.value.why
    assert ear.kinds == ["run_started", "run_finished"]
    assert kept() == []


def test_a_dark_of_another_size_is_named(darks_folder):
    other = SensorTruth(width=96, height=64, camera=CAMERA)
    write_shot(darks_folder / "small.dng", other, other.dark(), **SETTINGS)
    with pytest.raises(FrameMismatch, match=r"small\.dng") as caught:
        api.darks(darks_folder)
    assert "96x64" in caught.value.why


def test_a_damaged_dark_is_named_and_nothing_is_kept(darks_folder, capfd):
    damaged = darks_folder / "dark_02.dng"
    damaged.write_bytes(damaged.read_bytes()[:3000])
    with pytest.raises(UnreadableFrame, match=r"dark_02\.dng"):
        api.darks(darks_folder)
    capfd.readouterr()  # LibRaw itself writes to the screen
    assert [name for name in kept() if not name.startswith(".")] == []


def test_a_finished_picture_is_no_dark(stack_folder):
    with pytest.raises(UnreadableFrame, match=r"img8\.tif holds no mosaic"):
        api.darks(stack_folder / "img8.tif")
    with pytest.raises(UnreadableFrame, match="holds no mosaic"):
        api.greycard(stack_folder / "img8.tif")


def test_the_jpegs_that_bodies_write_beside_raws_are_passed_over(darks_folder, stack_folder, ear):
    shutil.copy(stack_folder / "img8.tif", darks_folder / "dark_00.tif")
    assert api.darks(darks_folder, listeners=[ear]).entry.frames == 4
    (told,) = ear.of("warning")
    assert (told.code, told.frame) == ("no_mosaic", "dark_00.tif")
    shutil.copy(stack_folder / "img8.tif", darks_folder / "holiday.tif")
    with pytest.raises(UnreadableFrame, match=r"holiday\.tif"):
        api.darks(darks_folder, name="other")


def test_a_photograph_is_no_dark(tmp_path):
    light = np.random.default_rng(0).random((128, 192, 3), dtype=np.float32)
    picture = write_scene(tmp_path / "holiday.dng", TRUTH, light)
    with pytest.raises(FrameError, match=r"holiday\.dng is not a dark frame"):
        api.darks(picture)
    assert kept() == []


def test_doubts_are_events_of_the_run_and_kept_with_the_entry(tmp_path, ear):
    truth = SensorTruth.random(192, 128, hot=60, camera=CAMERA)
    result = api.darks(write_darks(tmp_path, truth, 1, exposure_s=30.0, iso=400), sigma=5.0, listeners=[ear])
    assert [w.code for w in ear.of("warning")] == ["sigma_too_low", "too_many_hot"]
    assert [w.code for w in result.entry.warnings] == ["sigma_too_low", "too_many_hot"]
    assert len(result.warnings) == 2
    assert "30 s, ISO 400" in result.warnings[1]


def test_a_body_that_subtracts_black(tmp_path, ear):
    truth = replace(TRUTH, subtracts_black=True)
    entry = api.darks(write_darks(tmp_path, truth, 3), listeners=[ear]).entry
    assert not entry.dead_test
    assert entry.dead == ()
    assert set(entry.hot) == {(site.x, site.y) for site in TRUTH.hot}
    assert [w.code for w in ear.of("warning")] == ["no_dead_test"]


@pytest.mark.parametrize("sigma", [0.0, -3.0, float("nan"), float("inf")])
def test_a_factor_that_is_none_is_refused(darks_folder, sigma):
    with pytest.raises(UsageError, match="--sigma"):
        api.darks(darks_folder, sigma=sigma)


def test_nothing_is_replaced_unasked_and_found_out_before_the_work(darks_folder, ear):
    first = api.darks(darks_folder / "dark_00.dng").file.read_bytes()
    with pytest.raises(OutputError, match="already"):
        api.darks(darks_folder, listeners=[ear])
    assert ear.kinds == ["run_started", "run_finished"]
    assert Library().file(NAME).read_bytes() == first
    assert api.darks(darks_folder, overwrite=True).entry.frames == 4
    assert len(kept()) == 2
    with pytest.raises(UsageError, match="can be called"):
        api.darks(darks_folder, name="no name")


# ---------------------------------------------------------------------- grey card


def test_a_grey_card_tells_the_white_balance(card, ear):
    result = api.greycard(card, listeners=[ear])

    np.testing.assert_allclose(result.multipliers, TRUTH.multipliers, rtol=0.005)
    assert (result.name, result.file, result.darks) == (None, None, None)
    assert kept() == []
    data = ear.of("result")[0].data
    assert data["multipliers"] == list(result.multipliers)
    assert len(data["spread"]) == len(data["standard_error"]) == 4
    assert data["patch"] == [66, 44, 58, 38]
    assert {"clipped", "unevenness", "colour_unevenness", "name", "darks"} <= set(data)


def test_it_is_kept_under_a_name(card, ear):
    result = api.greycard(card, save="studio-flash")
    assert Library().white_balance("studio-flash") == result.multipliers
    entry = Library().entry("studio-flash")
    assert isinstance(entry, WhiteBalanceEntry)
    assert (entry.source, entry.camera.model, entry.iso) == ("card.dng", "NIKON D850", 200)
    with pytest.raises(OutputError, match="already"):
        api.greycard(card, save="studio-flash", listeners=[ear])
    assert ear.kinds == ["run_started", "run_finished"]  # before any work
    api.greycard(card, save="studio-flash", overwrite=True, fraction=0.5)
    assert Library().entry("studio-flash").fraction == 0.5


def test_the_dark_of_the_library_corrects_it(tmp_path, ear):
    sites = [(x, y) for y in range(46, 82, 4) for x in range(68, 122, 4)]  # all red
    counts = TRUTH.grey_card(**SETTINGS)
    dark = [TRUTH.dark(shot=shot, **SETTINGS) for shot in range(2)]
    for x, y in sites:
        counts[y, x] += 6000
        for one in dark:
            one[y, x] += 6000
    card = write_shot(tmp_path / "card.dng", TRUTH, counts, **SETTINGS)
    for number, one in enumerate(dark):
        write_shot(tmp_path / f"dark{number}.dng", TRUTH, one, **SETTINGS)

    assert api.greycard(card).multipliers[0] < 0.9 * TRUTH.multipliers[0]
    api.darks(str(tmp_path / "dark*.dng"), name="mine")
    result = api.greycard(card)
    np.testing.assert_allclose(result.multipliers, TRUTH.multipliers, rtol=0.005)
    assert result.darks == "mine"
    assert api.greycard(card, darks="mine").multipliers == result.multipliers
    assert api.greycard(card, darks="none").darks is None
    with pytest.raises(UsageError, match='holds no "nine"'):
        api.greycard(card, darks="nine")


def test_a_dark_at_other_settings_is_told(tmp_path, card, ear):
    api.darks(write_darks(tmp_path, TRUTH, 2, exposure_s=30.0, iso=200), name="long")
    result = api.greycard(card, listeners=[ear])
    assert result.darks == "long"
    assert [w.code for w in ear.of("warning")] == ["dark_mismatch"]
    np.testing.assert_allclose(result.multipliers, TRUTH.multipliers, rtol=0.005)


def test_only_one_card(darks_folder):
    with pytest.raises(UsageError, match="not one picture"):
        api.greycard(darks_folder)


def test_no_light_and_too_much(darks_folder, tmp_path):
    with pytest.raises(FrameError, match="no light"):
        api.greycard(darks_folder / "dark_00.dng")
    with pytest.raises(FrameError, match="overexposed"):
        api.greycard(write_grey_card(tmp_path / "bright.dng", TRUTH, level=2.0))


# ---------------------------------------------------------------------- cancelling


@pytest.mark.parametrize("darks", ["auto", "mine", "none"])
def test_a_grey_card_is_decoded_once(darks_folder, card, monkeypatch, darks):
    from stackcore_plugins.developer_libraw import developer

    api.darks(darks_folder, name="mine")
    opened, files = developer.opened, []

    def counted(path, *arguments, **named):
        files.append(path)
        return opened(path, *arguments, **named)

    monkeypatch.setattr(developer, "opened", counted)
    api.greycard(card, darks=darks)
    assert files == [card]


@pytest.mark.parametrize("verb", ["darks", "greycard"])
def test_a_cancel_at_any_event_keeps_nothing(darks_folder, card, verb, cancel_at):
    def work(**ears: Any) -> None:
        if verb == "darks":
            api.darks(darks_folder, sigma=5.0, **ears)
        else:
            api.greycard(card, save="flash", **ears)

    whole = cancel_at()
    work(listeners=[whole], cancel=whole.cancel)
    kinds = [event.kind for event in whole.events]
    assert kinds[-2:] == ["result", "run_finished"]
    Library().remove(NAME if verb == "darks" else "flash")
    for moment in range(len(kinds) - 2):
        run = cancel_at(moment)
        with pytest.raises(Cancelled):
            work(listeners=[run], cancel=run.cancel)
        assert run.events[-1].kind == "run_finished"
        assert "result" not in [event.kind for event in run.events]
        assert kept() == []


def test_a_full_disk_leaves_nothing_behind(darks_folder, monkeypatch):
    import os

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="no space left"):
        api.darks(darks_folder)
    assert kept() == []


# ---------------------------------------------------------------------- export


@pytest.fixture
def filled(darks_folder: Path, card: Path) -> tuple[DarkEntry, WhiteBalanceEntry]:
    dark = api.darks(darks_folder, name="mine").entry
    api.greycard(card, save="flash")
    balance = Library().entry("flash")
    assert isinstance(balance, WhiteBalanceEntry)
    return dark, balance


def test_defects_as_dcraw_reads_them(filled, tmp_path):
    target = export_entry("mine", tmp_path / "bad.txt")
    lines = [line.partition("#")[0].split() for line in target.read_text().splitlines()]
    listed = [tuple(map(int, line)) for line in lines if line]
    assert listed == [(x, y, 0) for x, y in filled[0].defects]
    assert target.read_text().count("# dead") == 3


def test_the_averaged_dark_as_a_picture(filled, tmp_path):
    import cv2
    import tifffile

    image = Library().image(filled[0])
    np.testing.assert_array_equal(tifffile.imread(export_entry("mine", tmp_path / "dark.tif")), image)
    pgm = cv2.imread(str(export_entry("mine", tmp_path / "dark.pgm")), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(pgm, np.rint(image).astype(np.uint16))


def test_a_white_balance_as_text_and_both_as_json(filled, tmp_path):
    text = export_entry("flash", tmp_path / "flash.txt").read_text()
    np.testing.assert_allclose([float(part) for part in text.split()], filled[1].multipliers, atol=5e-5)
    for name, entry in (("mine", filled[0]), ("flash", filled[1])):
        data = json.loads(export_entry(name, tmp_path / f"{name}.json").read_text())
        assert type(entry).model_validate(data) == entry


def test_an_export_is_refused(filled, tmp_path):
    for name, suffix in (("mine", ".png"), ("flash", ".tif"), ("flash", "")):
        with pytest.raises(UsageError, match="cannot be exported"):
            export_entry(name, tmp_path / f"x{suffix}")
    with pytest.raises(UsageError, match="holds no"):
        export_entry("nine", tmp_path / "x.txt")
    export_entry("mine", tmp_path / "x.txt")
    with pytest.raises(OutputError, match="exists already"):
        export_entry("flash", tmp_path / "x.txt")
    export_entry("flash", tmp_path / "x.txt", overwrite=True)
    with pytest.raises(OutputError, match="does not exist"):
        export_entry("mine", tmp_path / "gone" / "x.txt")


def test_dcraw_understands_what_is_exported(filled, tmp_path, run_dcraw: Callable[..., np.ndarray]):
    """Given the list, it repairs what we found and nothing else; given the dark, it subtracts that."""
    listed = export_entry("mine", tmp_path / "bad.txt")
    raw = tmp_path / "darks" / "dark_00.dng"
    plain, repaired = run_dcraw(raw), run_dcraw(raw, "-P", str(listed))
    x, y = np.array(filled[0].defects).T
    np.testing.assert_array_equal(plain, TRUTH.dark(shot=0, **SETTINGS))
    assert np.all((plain[y, x] > 700) | (plain[y, x] == 0))
    assert repaired[y, x].min() > 480
    assert repaired[y, x].max() < 545
    sound = np.ones(plain.shape, np.bool_)
    sound[y, x] = False
    np.testing.assert_array_equal(plain[sound], repaired[sound])
    dark = export_entry("mine", tmp_path / "dark.pgm")
    rounded = np.rint(Library().image(filled[0])).astype(int)
    np.testing.assert_array_equal(run_dcraw(raw, "-K", str(dark)), np.maximum(plain.astype(int) - rounded, 0))


@pytest.fixture
def run_dcraw(tmp_path: Path) -> Callable[..., np.ndarray]:
    """Run dcraw, where it is installed, up to the mosaic: `-D` counts, no scaling."""
    import subprocess

    import cv2

    program = shutil.which("dcraw")
    if program is None:
        pytest.skip("dcraw is not installed")

    def run(raw: Path, *options: str) -> np.ndarray:
        done = subprocess.run(
            [program, "-D", "-4", "-t", "0", "-c", *options, str(raw)],
            capture_output=True,
            check=True,
        )
        picture = cv2.imdecode(np.frombuffer(done.stdout, np.uint8), cv2.IMREAD_UNCHANGED)
        return np.asarray(picture)

    return run
