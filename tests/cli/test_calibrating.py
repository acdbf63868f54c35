"""`stackcore darks`, `greycard` and `library` from the outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackcore.testing.dng import RawCamera
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_darks, write_grey_card

Run = Callable[..., Any]

TRUTH = SensorTruth.random(
    96, 64, hot=6, dead=1, camera=RawCamera(model="R1", serial="7"), lamp=(0.5, 1.0, 0.625, 0.98), seed=2
)
NAME = "SIMULATED-R1-7-iso100-0_5s-96x64"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two darks in `darks`, a grey card, and a library of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STACKCORE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "darks").mkdir()
    write_darks(tmp_path / "darks", TRUTH, 2, exposure_s=0.5)
    write_grey_card(tmp_path / "card.dng", TRUTH, exposure_s=0.5)
    return tmp_path


def events(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def result(out: str) -> dict[str, Any]:
    (found,) = [event["data"] for event in events(out) if event["kind"] == "result"]
    return found


@pytest.mark.parametrize("inputs", [["darks"], ["darks/*.dng"], ["darks/dark_00.dng", "darks/dark_01.dng"]])
def test_darks_takes_what_stack_takes(stackcore, inputs):
    done = stackcore("darks", *inputs)
    assert done.code == 0, done.err
    assert f"{NAME}.json" in done.out


def test_darks_shows_every_pass_and_what_was_found(stackcore):
    done = stackcore("darks", "darks", "--name", "mine")
    lines = done.out.splitlines()
    (heading,) = [i for i, line in enumerate(lines) if line.startswith("channel  pass")]
    passes = lines[heading + 1 : lines.index("", heading + 1)]
    assert [line.split()[0] for line in passes if line.split()[1] == "1"] == ["R", "G", "B", "G2"]
    assert all(
        line.split()[-1] == "0"
        for line, after in zip(passes, [*passes[1:], "X 1"], strict=True)
        if after.split()[1] == "1"
    )
    assert lines[-1].split() == ["all", "6", "1"]
    assert "N = 10" in done.out
    assert "dead test     yes" in done.out
    assert "average: 2 to do" in done.err


def test_darks_for_machines(stackcore):
    done = stackcore("darks", "darks", "--json", "--sigma", "8", "--overall")
    told = events(done.out)
    assert told[0]["kind"] == "run_started"
    assert told[-1] == {**told[-1], "kind": "run_finished", "outcome": "completed", "exit_code": 0}
    data = result(done.out)
    assert sorted(map(tuple, data["hot"])) == sorted((site.x, site.y) for site in TRUTH.hot)
    assert data["dead"] == [list(place) for place in TRUTH.dead]
    assert data["sigma_factor"] == 8
    assert [channel["channel"] for channel in data["channels"]] == ["all"]


def test_quiet_tells_where_it_is(stackcore, home):
    done = stackcore("darks", "darks", "-q", "--name", "mine")
    assert (done.out, done.err) == (f"{home / 'data' / 'calibration' / 'mine.json'}\n", "")
    done = stackcore("greycard", "card.dng", "-q")
    assert len(done.out.split()) == 4
    assert done.out.count("\n") == 1


def test_greycard_prints_what_can_be_pasted(stackcore):
    done = stackcore("greycard", "card.dng")
    assert done.code == 0, done.err
    multipliers = [float(part) for part in done.out.splitlines()[-1].split()]
    assert multipliers == pytest.approx(TRUTH.multipliers, rel=0.01)
    assert "spread" in done.out
    assert "uncertain by" in done.out
    assert "unevenness" in done.out


def test_greycard_for_machines_and_for_later(stackcore):
    stackcore("darks", "darks", "--name", "mine")
    done = stackcore("greycard", "card.dng", "--save", "studio-flash", "--json", "--fraction", "0.5")
    data = result(done.out)
    assert data["multipliers"] == pytest.approx(TRUTH.multipliers, rel=0.01)
    assert (data["name"], data["fraction"], data["darks"]) == ("studio-flash", 0.5, "mine")
    shown = json.loads(stackcore("library", "show", "studio-flash", "--json").out)
    assert shown["schema"] == "stackcore.white-balance/1"
    assert shown["multipliers"] == data["multipliers"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["darks"], 2),
        (["darks", "nothing"], 6),
        (["darks", "darks", "--sigma", "0"], 2),
        (["darks", "darks", "--name", "a b"], 2),
        (["darks", "card.dng"], 6),
        (["greycard", "card.dng", "--fraction", "2"], 2),
        (["greycard", "card.dng", "--darks", "unknown"], 2),
        (["greycard", "darks/dark_00.dng"], 6),
        (["library", "show", "unknown"], 2),
        (["library", "remove", "unknown"], 2),
        (["library", "export", "unknown", "-o", "x.txt"], 2),
    ],
)
def test_what_is_wrong_has_its_code_and_says_what_to_do(stackcore, arguments, code):
    done = stackcore(*arguments)
    assert done.code == code
    assert "Traceback" not in done.err
    if arguments != ["darks"]:
        assert "\n  why: " in done.err
        assert "\n  try: " in done.err


def test_a_name_that_is_taken(stackcore):
    stackcore("darks", "darks")
    done = stackcore("darks", "darks", "--json")
    assert done.code == 7
    assert events(done.out)[-1]["error"]["what"] == f'The calibration library holds "{NAME}" already.'
    assert stackcore("darks", "darks", "--overwrite").code == 0


def test_the_library_is_listed(stackcore, home):
    done = stackcore("library", "list")
    assert (done.code, done.out) == (0, "")
    assert "holds nothing yet" in done.err
    stackcore("darks", "darks", "--name", "mine")
    stackcore("greycard", "card.dng", "--save", "studio-flash")
    (home / "data" / "calibration" / "bad.json").write_text("{")
    done = stackcore("library", "list")
    rows = [line.split() for line in done.out.splitlines() if line]
    assert rows[1][0] == "mine"
    assert rows[1][-4:] == ["96x64", "2", "6", "1"]
    assert rows[3][0] == "studio-flash"
    assert done.err.startswith("broken: bad:")
    listed = json.loads(stackcore("library", "list", "--json").out)
    assert listed["schema"] == "stackcore.library/1"
    assert [(dark["name"], dark["hot"], dark["dead"]) for dark in listed["darks"]] == [("mine", 6, 1)]
    assert [one["name"] for one in listed["white_balances"]] == ["studio-flash"]
    assert [one["name"] for one in listed["broken"]] == ["bad"]


def test_an_entry_is_shown(stackcore):
    stackcore("darks", "darks", "--name", "mine")
    stackcore("greycard", "card.dng", "--save", "flash")
    shown = stackcore("library", "show", "mine").out
    assert "camera    SIMULATED R1 (7)" in shown
    assert "taken at  ISO 100 and 0.5 s" in shown
    assert "averaged  2: dark_00.dng, dark_01.dng" in shown
    assert "mine.json" in shown
    document = json.loads(stackcore("library", "show", "mine", "--json").out)
    assert document["schema"] == "stackcore.dark/1"
    assert len(document["hot"]) == 6
    shown = stackcore("library", "show", "flash").out
    assert "dark      mine" in shown
    assert "picture   card.dng" in shown


def test_an_entry_is_exported_and_removed(stackcore, home):
    stackcore("darks", "darks", "--name", "mine")
    done = stackcore("library", "export", "mine", "-o", "bad.txt")
    assert done.out == "bad.txt\n"
    assert len([line for line in (home / "bad.txt").read_text().splitlines() if line[0] != "#"]) == 7
    assert stackcore("library", "export", "mine", "-o", "bad.txt").code == 7
    told = json.loads(stackcore("library", "export", "mine", "-o", "bad.txt", "--overwrite", "--json").out)
    assert told["output"] == "bad.txt"
    assert stackcore("library", "remove", "mine").out == "mine is removed\n"
    assert list((home / "data" / "calibration").iterdir()) == []
    stackcore("darks", "darks", "--name", "mine")
    assert json.loads(stackcore("library", "remove", "mine", "--json").out)["name"] == "mine"
