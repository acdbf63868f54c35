"""`stackcore presets`, and `--preset` of `stack` and `capture`, from the outside."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackcore import folders
from stackcore.presets.finding import SHIPPED, user_presets
from stackcore.presets.sections import SECTIONS

Run = Callable[..., Any]

NAMES = ["field-macro", "microscope", "product", "quick-draft", "studio-10x"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shoot(stack_folder: Path, here: Path) -> Path:
    return Path(shutil.copytree(stack_folder, here / "shoot"))


def settings_of(out: str) -> dict[str, tuple[Any, str]]:
    return {f"{s['section']}.{s['key']}": (s["value"], s["from"]) for s in json.loads(out)["settings"]}


def test_the_shipped_presets_are_listed_and_in_order(stackcore: Run) -> None:
    told = json.loads(stackcore("presets", "list", "--json").out)["presets"]
    assert [preset["name"] for preset in told if preset["source"] == "shipped"] == NAMES
    assert all(preset["summary"] and preset["problem"] is None for preset in told)
    done = stackcore("presets", "list")
    assert [line.split()[0] for line in done.out.splitlines()] == NAMES
    assert stackcore("presets", "validate", *NAMES).code == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_a_shipped_preset_has_its_reason(name: str) -> None:
    lines = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if "=" in line and not line.startswith(("summary", "extends", "#")):
            assert "  # " in line, f"{name}: {line}"


def test_a_broken_preset_of_the_user_is_listed_with_its_reason(stackcore: Run) -> None:
    user_presets().mkdir(parents=True)
    (user_presets() / "mine.toml").write_text("[stack]\ncrop = 3\n")
    done = stackcore("presets", "list")
    assert done.code == 0
    assert "broken" in done.out
    assert "mine.toml:2: stack.crop cannot be 3" in done.out


def test_the_reference_page_is_made_from_the_models(stackcore: Run) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "presets.md"
    made = stackcore("presets", "schema", "--markdown").out
    assert page.read_text(encoding="utf-8") == made, "run: stackcore presets schema --markdown > docs/reference/..."
    assert "| `slices` | a whole number from 2 to 199 | `12` |" in made


def test_the_schema_is_printed(stackcore: Run) -> None:
    assert (
        "weighted"
        in json.loads(stackcore("presets", "schema").out)["$defs"]["StackSection"]["properties"]["fuser"]["enum"]
    )


def test_every_key_is_an_option_of_the_command_line(stackcore: Run) -> None:
    helps = {name: stackcore(name, "--help").out for name in ("stack", "capture", "run")}
    for section, model in SECTIONS.items():
        commands = ["capture" if section == "capture" else "stack", "run"]
        for key in model.model_fields:
            for command in commands:
                if key not in ("format", "first_is_dark", "last_is_greycard"):  # the name says it; a run shoots neither
                    assert f"--{key.replace('_', '-')}" in helps[command], f"{command} has no option for {key}"


def test_show_gives_the_file(stackcore: Run) -> None:
    done = stackcore("presets", "show", "quick-draft")
    assert done.out == (SHIPPED / "quick-draft.toml").read_text(encoding="utf-8")


def test_resolved_says_where_each_value_comes_from(stackcore: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders.config_folder().mkdir(parents=True)
    (folders.config_folder() / "defaults.toml").write_text("\n[stack]\nworkers = 2\n[fuser]\nlevels = 5\n")
    (here / "stackcore.toml").write_text("[stack]\ncrop = false\n")
    monkeypatch.setenv("STACKCORE_STACK_LINEAR", "true")
    done = stackcore("presets", "show", "quick-draft", "--resolved", "-o", "match-exposure=false", "--json")
    told = settings_of(done.out)
    assert told["stack.workers"] == (2, str(folders.config_folder() / "defaults.toml") + ":3")
    assert told["stack.crop"] == (False, str(here / "stackcore.toml") + ":2")
    assert told["stack.fuser"][1].startswith("quick-draft:")
    assert told["stack.linear"] == (True, "STACKCORE_STACK_LINEAR")
    assert told["stack.match_exposure"] == (False, "--no-match-exposure")
    assert told["stack.executor"][1].startswith("built-in:")
    assert told["fuser.exponent"] == (16.0, 'fuser "weighted"')
    assert [s["key"] for s in json.loads(done.out)["dropped"]] == ["levels"]
    shown = stackcore("presets", "show", "quick-draft", "--resolved")
    assert "linear = true" in shown.out
    assert "# environment STACKCORE_STACK_LINEAR" in shown.out
    assert "dropped: fuser.levels of" in shown.err
    assert "workers" not in stackcore("presets", "show", "--resolved", "--no-presets").out


FAULTS = [
    ("[stack]\nfusre = 1\n", 3, 'x.toml:2: There is no "fusre" in [stack]', 'did you mean "fuser"'),
    ("[stack]\nworkers = true\n", 3, "x.toml:2: stack.workers cannot be true", "a whole number from 1 to 256"),
    ('\n[stack]\nfuser = "blnd"\n', 4, 'x.toml:3: There is no fuser called "blnd"', 'did you mean "blend"'),
    ("[fuser]\nlevels = 0\n", 3, 'x.toml:2: Option "levels"', "greater than or equal to 2"),
    ('extends = "x.toml"\n', 3, "x.toml:1: The presets extend each other in a circle", "x -> x"),
    ("[stack\n", 3, "x.toml:1: This is no TOML", "line 1"),
]


@pytest.mark.parametrize(("text", "code", "what", "told"), FAULTS, ids=[text for text, *_ in FAULTS])
@pytest.mark.parametrize("how", ["validate", "preset", "user", "project"])
def test_a_fault_is_named_wherever_the_file_is_used(
    stackcore: Run, shoot: Path, how: str, text: str, code: int, what: str, told: str
) -> None:
    place = {"user": folders.config_folder() / "defaults.toml", "project": shoot.parent / "stackcore.toml"}
    file = place.get(how, shoot.parent / "x.toml")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace("x.toml", file.name))
    before = sorted(path.name for path in shoot.parent.iterdir())
    done = {
        "validate": ("presets", "validate", "x.toml"),
        "preset": ("stack", "shoot", "-o", "out.tif", "--preset", "./x.toml"),
    }.get(how, ("stack", "shoot", "-o", "out.tif"))
    finished = stackcore(*done)
    assert finished.code == code, finished.err
    assert what.replace("x.toml", file.name) in finished.err
    assert told.replace("x -> x", f"{file.stem} -> {file.stem}") in finished.err
    assert sorted(path.name for path in shoot.parent.iterdir()) == before


def test_a_wrong_variable_and_an_unknown_preset_have_their_codes(
    stackcore: Run, shoot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = stackcore("stack", "shoot", "-o", "a.tif", "--preset", "prodct", "--json")
    assert done.code == 2
    assert 'did you mean "product"' in json.loads(done.out.splitlines()[-1])["error"]["fix"]
    monkeypatch.setenv("STACKCORE_STACK_FUSER", "blnd")
    done = stackcore("stack", "shoot", "-o", "a.tif")
    assert (done.code, "STACKCORE_STACK_FUSER: There is no fuser" in done.err) == (4, True)
    monkeypatch.setenv("STACKCORE_STACK_CROP", "2")
    assert stackcore("stack", "shoot", "-o", "a.tif").code == 3
    monkeypatch.setenv("STACKCORE_NO_CONFIG", "1")
    assert stackcore("stack", "shoot", "-o", "a.tif", "--dry-run").code == 0


def told_settings(out: str) -> dict[str, Any]:
    started = json.loads(out.splitlines()[0])
    assert started["kind"] == "run_started"
    settings = started["settings"]
    assert isinstance(settings, dict)
    return settings


def test_stack_works_as_a_preset_says_and_the_command_line_wins(
    stackcore: Run, shoot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACKCORE_STAK", "x")
    done = stackcore("stack", "shoot", "-o", "draft", "--preset", "quick-draft", "--json", "--hot-pixels")
    assert done.code == 0, done.err
    settings = told_settings(done.out)
    assert (settings["fuser"], settings["hot_pixels"], settings["preset"]) == ("weighted", True, "quick-draft")
    assert settings["settings"]["aligner"]["work_size_px"] == 512
    assert settings["output"] == "draft.jpg"
    assert Path("draft.jpg").is_file()
    assert "STACKCORE_STAK means nothing" in done.out
    from stackcore.metadata.record import read_record

    assert read_record(Path("draft.jpg")).settings["preset"] == "quick-draft"


@pytest.mark.parametrize("command", ["survey", "align", "fuse"])
def test_the_stages_take_presets_too(stackcore: Run, shoot: Path, command: str) -> None:
    Path("p.toml").write_text('[stack]\nworkers = 1\nsharpen = "1"\n[output]\nkeep_slabs = "{name}-s"\n')
    place = {"survey": ["--transforms", "t.json"], "align": ["-o", "aligned"], "fuse": ["-o", "a.tif"]}[command]
    done = stackcore(command, "shoot", *place, "--preset", "p.toml", "--json")
    assert done.code == 0, done.err
    settings = told_settings(done.out)
    assert settings["workers"] == 1
    assert not list(Path().glob("*-s"))
    assert '"stage":"sharpen"' not in done.out


def test_capture_works_as_a_preset_says_and_the_profile_remembers_it(stackcore: Run, here: Path) -> None:
    Path("p.toml").write_text(
        '[capture]\nslices = 3\ndelay_ms = 0\npath = "shots/@SLICE"\nsharpness = false\n'
        "[camera]\nwidth_px = 192\nheight_px = 128\n"
    )
    done = stackcore("capture", "--preset", "p.toml", "--step", "20", "--json")
    assert done.code == 0, done.err
    assert sorted(path.name for path in Path("shots").glob("*.jpg")) == ["1.jpg", "2.jpg", "3.jpg"]
    assert '"sharpness"' not in done.out.replace('"sharpness":false', "")
    remembered = json.loads(stackcore("profiles", "show", "--json").out)["settings"]
    assert (remembered["slices"], remembered["step"], remembered["delay_ms"]) == (3, 20, 0)


def test_capture_names_the_place_of_a_fault(stackcore: Run, here: Path) -> None:
    Path("p.toml").write_text("[camera]\nwidth_px = 192\nwdth_px = 3\n")
    done = stackcore("capture", "--preset", "p.toml", "--dry-run")
    assert (done.code, "p.toml:3: The camera" in done.err) == (3, True), done.err


def test_new_asks_nothing_with_yes_and_overwrites_nothing(stackcore: Run) -> None:
    done = stackcore("presets", "new", "beetles", "--subject", "field", "--magnification", "2", "--yes")
    path = Path(done.out.strip())
    assert (done.code, path) == (0, user_presets() / "beetles.toml")
    assert stackcore("presets", "validate", "beetles").code == 0
    before = path.read_text()
    again = stackcore("presets", "new", "beetles", "--yes")
    assert (again.code, "exists already" in again.err) == (7, True)
    assert path.read_text() == before
    assert os.listdir(path.parent) == ["beetles.toml"]


@pytest.mark.parametrize("aim", ["quality", "speed"])
@pytest.mark.parametrize("subject", ["field", "studio", "microscope", "product"])
def test_every_answer_gives_a_preset_that_is_in_order(stackcore: Run, here: Path, subject: str, aim: str) -> None:
    done = stackcore(
        *("presets", "new", "x", "--subject", subject, "--aim", aim, "--camera", "simulator-legacy"),
        *("--format", "jpg", "--magnification", "10", "--out", "deep/x.toml", "--json"),
    )
    assert done.code == 0, done.err
    assert stackcore("presets", "validate", "deep/x.toml").code == 0
    told = settings_of(stackcore("presets", "show", "deep/x.toml", "--resolved", "--json").out)
    assert told["capture.camera"] == ("simulator-legacy", "deep/x.toml:5")
    assert told["capture.delay_ms"][0] == 2200
    assert told["output.format"][0] == "jpg"
    assert (told["stack.fuser"][1].startswith("deep/x.toml")) is (aim == "speed")


@pytest.mark.parametrize(
    "wrong",
    [
        ("../x",),
        ("x", "--subject", "sky"),
        ("x", "--magnification", "0"),
        ("x", "--magnification", "nan"),
        ("x", "--aim", "both"),
        ("x", "--format", "gif"),
    ],
)
def test_an_answer_that_is_none_writes_nothing(stackcore: Run, wrong: tuple[str, ...]) -> None:
    assert stackcore("presets", "new", *wrong, "--yes").code == 2
    assert not user_presets().exists()


def test_what_is_not_given_is_asked_for(stackcore: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def prompt(text: str, default: Any, **_: Any) -> Any:
        asked.append(text.split(" ")[0])
        return {"Subject": "product"}.get(asked[-1], default)

    monkeypatch.setattr("stackcore.cli.preset_questions.typer.prompt", prompt)
    done = stackcore("presets", "new", "shoes", "--camera", "simulator")
    assert done.code == 0, done.err
    assert asked == ["Subject", "Magnification", "What", "Type"]
    assert 'extends = "product"' in (user_presets() / "shoes.toml").read_text()
