"""Keywords, presets and options: what Python says of how a stack is processed, in one call."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

import stackcore
from stackcore.api.choosing import _KNOWN, DevelopChoices, StackChoices, SurveyChoices, choose
from stackcore.errors import ConfigError, FrameError, UsageError
from stackcore.metadata.record import read_record
from stackcore.stacking.file_format import FileFormat
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_scene

SMALL = {"width_px": 96, "height_px": 64}
QUICK = {"align": False, "fuser": "average", "hot_pixels": False}


def test_type_checkers_know_every_choice_that_there_is():
    assert set(get_type_hints(StackChoices)) == _KNOWN
    assert set(get_type_hints(SurveyChoices)) < _KNOWN


def test_keywords_and_settled_settings_are_the_same_options():
    said = {
        "fuser": "weighted",
        "sharpen": "0.5",
        "crop": False,
        "workers": 1,
        "settings": {"fuser": {"exponent": 8}},
        "overwrite": True,
        "transforms": Path("t.json"),
        "depth": True,
        "white_balance": (2.0, 1.0, 1.5, 1.0),
        "flat": Path("flat.nef"),
        "memory_bytes": 2**30,
        "exposure_ev": 0.5,
    }
    fields, _ = choose(None, said, output=Path("a.tif"))
    keys, _ = choose(None, {**said, "compression": "none"}, output=Path("a.tif"))  # which only presets have
    assert replace(keys, white_balance=tuple(keys.white_balance), passed_over=frozenset()) == fields
    assert fields.memory_bytes == 2**30
    by_words, _ = choose(
        None, {**{k: v for k, v in said.items() if k != "memory_bytes"}, "memory": "1GiB"}, output=Path("a.tif")
    )
    assert by_words.memory_bytes == 2**30


def test_names_of_files_may_be_text():
    options, _ = choose(None, {"depth_map": "d.png", "transforms": "t.json", "keep_slabs": Path("s")})
    assert (options.depth_map, options.transforms, options.keep_slabs) == (Path("d.png"), Path("t.json"), Path("s"))
    settled, _ = choose(None, {"depth_map": "d.png", "transforms": "t.json", "quality": 80}, output=Path("a.jpg"))
    assert (settled.depth_map, settled.transforms) == (Path("d.png"), Path("t.json"))


def test_a_preset_holds_unless_something_is_said(tmp_path):
    (tmp_path / "mine.toml").write_text(
        '[stack]\nfuser = "weighted"\nsharpen = 2\n[output]\nformat = "png"\ndepth_map = "{name}-d.png"\n'
    )
    preset = str(tmp_path / "mine.toml")
    options, target = choose(None, {}, preset=preset, output=tmp_path / "a")
    assert (options.fuser, options.sharpen, options.preset) == ("weighted", "2", preset)
    assert (target, options.depth_map) == (tmp_path / "a.png", tmp_path / "a-d.png")
    stronger, _ = choose(None, {"fuser": "blend", "file_format": FileFormat(quality=70)}, preset=preset)
    assert (stronger.fuser, stronger.sharpen, stronger.file_format.quality) == ("blend", "2", 70)


def test_the_surroundings_hold_when_they_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("STACKCORE_STACK_FUSER", "pyramid")
    assert choose(None, {})[0].fuser == "blend"
    assert choose(None, {}, surroundings=True)[0].fuser == "pyramid"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"choices": {"fusr": "blend"}}, 'no choice "fusr".*did you mean "fuser"'),
        ({"choices": {"preset": "x", "fuser": "y"}}, 'no choice "preset"'),
        ({"options": stackcore.StackOptions(), "choices": {"fuser": "x"}}, "said twice .* fuser beside them"),
        ({"options": stackcore.StackOptions(), "choices": {}, "preset": "x"}, "a preset or a result beside them"),
        ({"choices": {}, "preset": "no-such-preset"}, "no-such-preset"),
        ({"choices": {}, "preset": "quick-draft", "like": "a.tif"}, "contradict each other"),
    ],
)
def test_what_contradicts_itself_is_refused(arguments, words):
    with pytest.raises(UsageError, match=words):
        choose(arguments.pop("options", None), arguments.pop("choices"), **arguments)


def test_a_wrong_value_names_itself():
    with pytest.raises((UsageError, ConfigError), match="slabs"):
        choose(None, {"slabs": "many", "quality": 3})


def test_stack_takes_a_preset_and_repeats_a_result(shoot, tmp_path):
    first = stackcore.stack(shoot, tmp_path / "a.tif", preset="quick-draft", **QUICK)
    settings = read_record(tmp_path / "a.tif").settings
    assert settings["preset"] == "quick-draft"
    again = stackcore.stack(shoot, tmp_path / "b.tif", like=tmp_path / "a.tif")
    assert np.array_equal(again.picture, first.picture)
    plan = stackcore.plan_stack(shoot, tmp_path / "c", format="png", **QUICK)
    assert plan["output"] == str(tmp_path / "c.png")
    assert not (tmp_path / "c.png").exists()


def test_a_survey_and_an_alignment_take_presets_too(shoot, tmp_path):
    (tmp_path / "mine.toml").write_text('[stack]\nmodel = "shift"\nhot_pixels = false\n')
    preset = str(tmp_path / "mine.toml")
    assert stackcore.survey(shoot, preset=preset).model == "shift"
    assert stackcore.align(shoot, preset=preset).model == "shift"
    assert stackcore.align(stackcore.read_frames(shoot), preset=preset).model == "shift"
    with pytest.raises(UsageError, match="no choice"):
        stackcore.align(shoot, fusr="x")  # type: ignore[call-overload]


@pytest.fixture
def raws(tmp_path) -> list[Path]:
    truth = SensorTruth.random(96, 64, hot=0, dead=0, seed=4)
    light = np.random.default_rng(2).uniform(0, 0.8, (64, 96, 3)).astype(np.float32)
    return [write_scene(tmp_path / f"{shot}.dng", truth, light, shot=shot) for shot in range(2)]


def test_developing_takes_presets_and_choices(raws, tmp_path):
    (tmp_path / "mine.toml").write_text('[stack]\nlinear = true\nexposure = 1.0\n[output]\ncompression = "lzw"\n')
    preset = str(tmp_path / "mine.toml")
    done = stackcore.develop(raws, tmp_path / "a", preset=preset, demosaic="linear")
    assert done.encoding == "linear"
    brighter = stackcore.read_frames(done.files)[0].mean()
    plain = stackcore.develop(raws, tmp_path / "b", preset=preset, exposure_ev=0.0, demosaic="linear")
    assert brighter > 1.5 * stackcore.read_frames(plain.files)[0].mean()
    assert stackcore.plan_develop(raws, tmp_path / "c", colour_space="prophoto")["colour_space"] == "prophoto"
    assert stackcore.develop_options(linear=True) == stackcore.develop_options(preset=None, linear=True)
    for wrong in ({"demosaik": "linear"}, {"fuser": "blend"}, {"options": stackcore.DevelopOptions(), "linear": True}):
        with pytest.raises(UsageError, match=r"no choice|said twice"):
            stackcore.develop(raws, tmp_path / "c", **wrong)
    assert not (tmp_path / "c").exists()
    assert set(get_type_hints(DevelopChoices)) <= _KNOWN | {"demosaic"}


def test_sharpening_takes_a_preset(shoot, tmp_path):
    (tmp_path / "mine.toml").write_text('[stack]\nsharpen = "0:0:3"\n[output]\nformat = "png"\n')
    preset = str(tmp_path / "mine.toml")
    written = stackcore.sharpen(shoot / "img8.tif", tmp_path / "a", preset=preset)
    assert written == tmp_path / "a.png"
    assert read_record(written).plugins["sharpener"].options["strength"] == [0, 0, 3]
    stronger = stackcore.sharpen(shoot / "img8.tif", tmp_path / "b", preset=preset, strength=0.5)
    assert read_record(stronger).plugins["sharpener"].options["strength"] == [0.5, 0.5, 0.5]
    usual = stackcore.sharpen(shoot / "img8.tif", tmp_path / "c.tif")
    assert read_record(usual).plugins["sharpener"].options["strength"] == [1, 1, 1]


def test_arrays_are_no_files(small_stack):
    for given in (list(small_stack.frames), np.stack(small_stack.frames)):
        with pytest.raises(FrameError, match=r"A ndarray is not a file\..*`stackcore\.fuse`"):
            stackcore.stack(given)  # type: ignore[arg-type]


def test_a_capture_takes_a_preset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(
        '[capture]\nslices = 3\nstep = 20\ndelay_ms = 0\nsharpness = false\npath = "r/@MCT"\n'
        "[camera]\nwidth_px = 96\nheight_px = 64\n"
    )
    shot = stackcore.capture(preset=str(tmp_path / "mine.toml"), step=30, save_profile=False, base=tmp_path / "x")
    assert (shot.settings.slices, shot.settings.step) == (3, 30)
    assert [path.parent for path in shot.files] == [tmp_path / "x" / "r"] * 3
    assert shot.manifest is not None
    assert json.loads(shot.manifest.read_text("utf-8"))["settings"]["sharpness"] is False


def test_one_call_from_camera_to_picture(tmp_path, monkeypatch, ear):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(
        '[capture]\nslices = 9\nstep = 50\ndelay_ms = 0\npath = "r/@MCT"\n[stack]\nalign = false\nfuser = "average"\n'
        "[camera]\nwidth_px = 96\nheight_px = 64\n"
    )
    done = stackcore.run(preset=str(tmp_path / "mine.toml"), slices=3, save_profile=False, listeners=[ear])
    assert done.capture.settings.slices == done.stack.frames == 3
    assert done.stack.output == tmp_path / "r.tif"
    assert read_record(tmp_path / "r.tif").plugins["fuser"].name == "average"
    assert ear.kinds.count("run_finished") == 1
    settings = {"camera": SMALL, "fuser": {"exponent": 12}}
    second = stackcore.run(
        "b.png", slices=2, step=9, delay_ms=0, path="q/@MCT", save_profile=False, settings=settings, fuser="weighted"
    )
    assert second.stack.output == Path("b.png")
    assert read_record(tmp_path / "b.png").plugins["fuser"].options["exponent"] == 12
    for wrong in ({"file_format": FileFormat()}, {"fusr": "x"}, {"settings": {"fuser": {"exp": 1}}}):
        with pytest.raises((UsageError, ConfigError)):
            stackcore.run("c.tif", slices=2, step=9, save_profile=False, **wrong)
    assert not (tmp_path / "c.tif").exists()


def test_a_batch_takes_choices(shoot, tmp_path):
    quick = {**QUICK, "fuser": "weighted"}
    done = stackcore.batch([shoot], tmp_path / "out", format="jpg", quality=60, depth_maps=True, **quick)
    assert [(entry.state, entry.output) for entry in done.stacks] == [("completed", "shoot.jpg")]
    assert {"shoot.jpg", "shoot-depth.png"} <= {path.name for path in (tmp_path / "out").iterdir()}
    (tmp_path / "mine.toml").write_text('[output]\nformat = "png"\ndepth_map = "{name}-d.png"\n')
    planned = stackcore.batch([shoot], tmp_path / "more", preset=str(tmp_path / "mine.toml"), dry_run=True)
    assert [(entry.state, entry.output) for entry in planned.stacks] == [("waiting", "shoot.png")]
    with pytest.raises(UsageError, match="said twice"):
        stackcore.batch([shoot], tmp_path / "more", options=stackcore.BatchOptions(), fuser="blend")
