from __future__ import annotations

import json
import shutil

import pytest

QUICK = ("--fuser", "average", "--set", "aligner.model=shift")


@pytest.fixture
def shoots(stack_folder, tmp_path, monkeypatch):
    """Three folders with a stack each, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("ant", "bee", "cicada"):
        shutil.copytree(stack_folder, tmp_path / "shoots" / name)
    return tmp_path / "shoots"


def test_a_batch_tells_what_became_of_each_stack_and_exits_with_8_when_one_failed(stackcore, shoots, tmp_path):
    frame = sorted((shoots / "bee").iterdir())[1]
    frame.write_bytes(frame.read_bytes()[:400])
    done = stackcore("batch", "shoots", "-o", "out", *QUICK)
    assert done.code == 8
    assert [line.split()[0] for line in done.out.splitlines()[:2]] == ["ant", "bee"]
    assert "FAILED" in done.out
    assert frame.name in done.out
    assert "--resume" in done.err
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tif")) == ["ant.tif", "cicada.tif"]

    shutil.copy(shoots / "ant" / frame.name, frame)  # mended
    again = stackcore("batch", "shoots", "-o", "out", *QUICK, "--resume", "--json")
    assert again.code == 0
    events = [json.loads(line) for line in again.out.splitlines()]
    assert events[-1]["kind"] == "run_finished"
    [result] = [event["data"] for event in events if event["kind"] == "result" and "stack" not in event]
    assert [entry["state"] for entry in result["stacks"]] == ["existed", "completed", "existed"]


def test_a_dry_run_shows_the_stacks(stackcore, shoots, tmp_path):
    done = stackcore("batch", "shoots", "-o", "out", "--dry-run")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()[:3]] == ["ant", "bee", "cicada"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere", "-o", "out"], 2, "no folder has this name"),
        (["shoots", "-o", "out", "--split", "tim"], 2, '"time"'),
        (["shoots", "-o", "out", "--gap", "5"], 2, "--split time"),
        (["shoots", "-o", "out", "--format", "gif"], 2, "tif"),
        (["shoots", "-o", "out", "--pattern", "*.nef"], 6, "*.nef"),
        (["shoots", "-o", "out", "--fuser", "blent"], 4, "blend"),
        (["shoots", "-o", "shoots/ant/f.txt"], 7, ""),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(stackcore, shoots, arguments, code, said):
    (shoots / "ant" / "f.txt").write_text("a file")
    done = stackcore("batch", *arguments)
    assert (done.code, said in done.err) == (code, True), done.err


def test_a_result_in_the_way_is_named_and_can_be_skipped(stackcore, shoots, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "bee.jpg").write_bytes(b"mine")
    refused = stackcore("batch", "shoots", "-o", "out", "--format", "jpg", *QUICK)
    assert refused.code == 7
    assert "bee.jpg" in refused.err
    done = stackcore("batch", "shoots", "-o", "out", "--format", "jpg", *QUICK, "--skip-existing")
    assert done.code == 0
    assert "there before" in done.out


def test_depth_maps_and_reports_are_written_beside_each_result(stackcore, shoots, tmp_path):
    wanted = ("--fuser", "depthmap", "--depth-maps", "--reports")
    done = stackcore("batch", "shoots/ant", "shoots/bee", "-o", "out", *wanted)
    assert done.code == 0, done.err
    assert {"ant-depth.png", "bee-depth.png", "ant.html", "bee.json"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }


def test_the_preset_says_of_what_type_results_are(stackcore, shoots, tmp_path):
    done = stackcore("batch", "shoots/ant", "-o", "out", "--preset", "quick-draft")
    assert done.code == 0, done.err
    assert (tmp_path / "out" / "ant.jpg").is_file()
    typed = stackcore("batch", "shoots/ant", "-o", "out", "--preset", "quick-draft", "--format", "png")
    assert typed.code == 0, typed.err
    assert (tmp_path / "out" / "ant.png").is_file()
