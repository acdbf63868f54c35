"""`stackcore develop` from the outside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

from stackcore.testing.photosites import HotSite, SensorTruth
from stackcore.testing.raws import write_darks, write_grey_card, write_scene

Run = Callable[..., Any]

TRUTH = SensorTruth(hot=(HotSite(30, 40, 5000.0),), dead=((50, 20),), lamp=(0.7, 1.0, 0.5), electrons_per_count=50)


@pytest.fixture
def shoot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dark, three frames and a grey card in the folder `shoot` of the folder where the command runs."""
    folder = tmp_path / "shoot"
    folder.mkdir()
    [dark] = write_darks(folder, TRUTH)
    dark.rename(folder / "IMG_0.dng")
    for shot in range(1, 4):
        write_scene(folder / f"IMG_{shot}.dng", TRUTH, np.full((64, 96, 3), 0.3, np.float32), shot=shot)
    write_grey_card(folder / "IMG_4.dng", TRUTH)
    monkeypatch.chdir(tmp_path)
    return folder


def result_of(out: str) -> dict[str, Any]:
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1]["kind"] == "run_finished"
    [data] = [event["data"] for event in events if event["kind"] == "result"]
    assert isinstance(data, dict)
    return data


def test_a_session_of_dark_frames_and_card_becomes_neutral_pictures(stackcore: Run, shoot: Path) -> None:
    done = stackcore("develop", "shoot", "-o", "out", "--first-is-dark", "--last-is-greycard", "--linear", "--json")

    assert (done.code, done.err) == (0, "")
    data = result_of(done.out)
    assert data["files"] == [str(Path("out") / f"IMG_{i}.tif") for i in (1, 2, 3)]
    assert (data["hot"], data["dead"]) == ([[30, 40]], [[50, 20]])
    assert data["multipliers"] == pytest.approx(TRUTH.multipliers, rel=0.01)
    assert data["white_balance"] == "grey card"
    assert data["dark"]["name"] == "IMG_0.dng"
    assert (data["colour_space"], data["encoding"], data["warnings"]) == ("srgb", "linear", [])
    picture = pyvips.Image.new_from_file(data["files"][1]).numpy()
    assert picture.dtype == np.uint16
    np.testing.assert_allclose(picture.mean(axis=(0, 1)) / picture.mean(), 1, atol=0.01)


def test_people_are_told_where_the_pictures_are(stackcore: Run, shoot: Path) -> None:
    done = stackcore("develop", "shoot/IMG_1.dng", "shoot/IMG_2.dng", "-o", "out", "--colour-space", "adobe-rgb")

    assert done.code == 0, done.err
    assert "develop: 2 to do" in done.err
    lines = dict(line.split("  ", 1) for line in done.out.splitlines())
    assert lines["folder"].strip() == "out"
    assert lines["colour space"].strip() == "adobe-rgb"
    assert lines["multipliers"].split() == ["2", "1", "1.6", "1"]


def test_quiet_says_only_where(stackcore: Run, shoot: Path) -> None:
    done = stackcore("develop", "shoot/IMG_1.dng", "-o", "out", "-q")
    assert (done.code, done.out.strip(), done.err) == (0, "out", "")


def test_a_dry_run_writes_nothing(stackcore: Run, shoot: Path) -> None:
    done = stackcore("develop", "shoot", "-o", "out", "--dry-run", "--json")

    assert done.code == 0
    assert result_of(done.out)["files"] == [str(Path("out") / f"IMG_{i}.tif") for i in range(5)]
    assert not Path("out").exists()


def test_a_preset_and_the_settings_around_hold_for_it(stackcore: Run, shoot: Path) -> None:
    Path("stackcore.toml").write_text('[stack]\ncolour_space = "prophoto"\nlinear = true\n')
    Path("mine.toml").write_text('[stack]\ncolour_space = "adobe-rgb"\n')
    arguments = ("develop", "shoot/IMG_1.dng", "-o", "out", "--dry-run", "--json")
    told = [
        result_of(stackcore(*arguments, *more).out)
        for more in ([], ["--preset", "mine.toml"], ["--no-linear", "--preset", "mine.toml"], ["--no-presets"])
    ]
    assert [(data["colour_space"], data["encoding"]) for data in told] == [
        ("prophoto", "linear"),
        ("adobe-rgb", "linear"),
        ("adobe-rgb", "srgb"),
        ("srgb", "srgb"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["shoot/IMG_1.dng"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--colour-space", "rec709"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--highlights", "burn"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--white-balance", "1 2 3"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--white-balance", "nobody"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--darks", "nobody"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--exposure", "40"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--demosaic", "magic"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--memory", "much"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--workers", "0"], 2),
        (["shoot", "-o", "out", "--first-is-dark", "--darks", "mine"], 2),
        (["shoot/IMG_1.dng", "-o", "out", "--set", "developer.demosaic=magic"], 3),
        (["shoot/IMG_1.dng", "-o", "out", "--set", "fuser.levels=2"], 3),
        (["shoot/IMG_1.dng", "-o", "out", "--memory", "1MB"], 3),
        (["shoot/IMG_9.dng", "-o", "out"], 6),
        (["shoot/IMG_1.dng", "shoot/IMG_2.dng", "-o", "out", "--first-is-dark"], 6),
        (["shoot/IMG_1.dng", "-o", "out", "--first-is-dark"], 6),
        (["shoot/IMG_1.dng", "-o", "missing/out"], 7),
    ],
)
def test_each_mistake_has_its_exit_code_and_leaves_nothing(
    stackcore: Run, shoot: Path, arguments: list[str], code: int
) -> None:
    done = stackcore("develop", *arguments)

    assert done.code == code, done.err
    assert done.err
    assert not Path("out").exists()


def test_a_picture_that_exists_stays_unless_told_otherwise(stackcore: Run, shoot: Path) -> None:
    Path("out").mkdir()
    Path("out/IMG_1.tif").write_bytes(b"mine")

    done = stackcore("develop", "shoot/IMG_1.dng", "-o", "out")

    assert done.code == 7
    assert "--overwrite" in done.err
    assert Path("out/IMG_1.tif").read_bytes() == b"mine"
    assert stackcore("develop", "shoot/IMG_1.dng", "-o", "out", "--overwrite").code == 0
    assert Path("out/IMG_1.tif").read_bytes()[:2] == b"II"


def test_a_jpeg_is_developed_already(stackcore: Run, shoot: Path) -> None:
    pyvips.Image.black(96, 64, bands=3).write_to_file("shoot/a.jpg")

    done = stackcore("develop", "shoot/a.jpg", "-o", "out", "--json")

    last = json.loads(done.out.splitlines()[-1])
    assert (done.code, last["exit_code"]) == (6, 6)
    assert "developed already" in last["error"]["what"]


def test_the_help_loads_no_imaging_library() -> None:
    program = (
        "import sys\nfrom stackcore.cli.app import main\n"
        "try:\n    main(['develop', '--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(', '.join({'numpy', 'cv2', 'pyvips', 'rawpy', 'exiv2'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--white-balance" in done.stdout
