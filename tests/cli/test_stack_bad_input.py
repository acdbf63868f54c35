"""Whatever is wrong: the house's exit code, what/why/try, nothing written, no input changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

Run = Callable[..., Any]

NOT_ON_WINDOWS = pytest.mark.skipif(os.name == "nt", reason="Windows has neither these limits nor these signals")


@pytest.fixture
def folder(stack_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a good stack in `shoot`, and everything that can be wrong with one beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    shutil.copytree(stack_folder, tmp_path / "shoot")
    first, second = (stack_folder / name for name in ("img8.tif", "img9.tif"))
    for name in ("empty", "single", "sizes", "depths", "broken"):
        (tmp_path / name).mkdir()
    shutil.copy(first, tmp_path / "single" / "only.tif")
    image = cv2.imread(str(first))
    assert image is not None
    for name, other in (("sizes", image[:-7]), ("depths", image.astype(np.uint16) * np.uint16(257))):
        shutil.copy(first, tmp_path / name / "a.tif")
        shutil.copy(second, tmp_path / name / "b.tif")
        assert cv2.imwrite(str(tmp_path / name / "odd.tif"), other)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        assert cv2.imwrite(str(tmp_path / "broken" / name), image)
    whole = (tmp_path / "broken" / "b.jpg").read_bytes()
    (tmp_path / "broken" / "b.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "notes.docx").write_text("no picture")
    (tmp_path / "taken.tif").write_bytes(b"of yesterday")
    (tmp_path / "bad.json").write_text('{"schema": "stackcore.transforms/1", "referense": 0}')
    (tmp_path / "lost.stackcore.json").write_text('{"slices": [{"files": [{"path": "gone.jpg"}]}]}')
    return tmp_path


def snapshot(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


OUT = ("-o", "out.tif")

BAD = [
    # no, too few, missing or unusable frames
    (6, "There are no frames", ("stack", "empty", *OUT)),
    (6, "There are no frames", ("stack", "*.webp", *OUT)),
    (6, "One frame is not a stack", ("stack", "single", *OUT)),
    (6, "One frame is not a stack", ("survey", "shoot/img8.tif")),
    (6, "named twice", ("stack", "shoot", "shoot/img9.tif", *OUT)),
    (6, 'did you mean "img10.tif"', ("stack", "shoot/img8.tif", "shoot/img100.tif", *OUT)),
    (6, "nowhere does not exist", ("align", "nowhere", "--transforms", "t.json")),
    (6, '".docx"', ("stack", "shoot/img8.tif", "notes.docx", *OUT)),
    (6, "gone.jpg", ("stack", "lost.stackcore.json", *OUT)),
    (6, "b.jpg", ("stack", "broken", *OUT)),
    (6, "truncated", ("fuse", "broken", *OUT)),
    (6, "b.jpg", ("sharpen", "broken/b.jpg", *OUT)),
    (6, "360x233", ("stack", "sizes", *OUT)),
    (6, "uint16", ("survey", "depths", "--transforms", "t.json")),
    # a place where nothing can be written
    (7, "the folder missing does not exist", ("stack", "shoot", "-o", "missing/out.tif")),
    (7, "the folder missing does not exist", ("fuse", "shoot", "-o", "missing/out.tif")),
    (7, "the folder missing does not exist", ("sharpen", "shoot/img8.tif", "-o", "missing/out.tif")),
    (7, "the folder missing does not exist", ("survey", "shoot", "--transforms", "missing/t.json")),
    (7, "the folder missing does not exist", ("align", "shoot", "-o", "missing/aligned")),
    (7, "exists already", ("stack", "shoot", "-o", "taken.tif")),
    (7, "exists already", ("align", "shoot", "--matrices", "taken.tif")),
    (7, "it is a folder", ("stack", "shoot", "-o", "aligned.tif/../shoot/../folder.tif")),
    (7, "is one of the inputs", ("stack", "shoot", "-o", "shoot/img8.tif", "--overwrite")),
    # values on the command line
    (2, "extension", ("stack", "shoot", "-o", "out.gif")),
    (2, "extension", ("stack", "shoot", "-o", "out")),
    (2, "not an amount of memory", ("stack", "shoot", *OUT, "--memory", "plenty")),
    (2, "skip or stop", ("stack", "shoot", *OUT, "--on-unaligned", "maybe")),
    (2, "workers", ("stack", "shoot", *OUT, "--workers", "0")),
    (2, "strength", ("stack", "shoot", *OUT, "--sharpen", "1:2")),
    (2, "strength", ("sharpen", "shoot/img8.tif", *OUT, "--sharpen", "-1")),
    # settings
    (3, 'did you mean "levels"', ("stack", "shoot", *OUT, "--set", "fuser.level=6")),
    (3, "levels", ("stack", "shoot", *OUT, "--set", "fuser.levels=1")),
    (3, 'did you mean "fuser"', ("stack", "shoot", *OUT, "--set", "fusser.levels=6")),
    (3, "SECTION.KEY=VALUE", ("stack", "shoot", *OUT, "--set", "levels")),
    (3, "--memory", ("stack", "shoot", *OUT, "--memory", "1MiB")),
    (3, "referense", ("stack", "shoot", *OUT, "--transforms", "bad.json")),
    (3, "none.json cannot be read", ("fuse", "shoot", *OUT, "--transforms", "none.json")),
    # plugins
    (4, 'did you mean "pyramid"', ("stack", "shoot", *OUT, "--fuser", "pyramyd")),
    (4, 'did you mean "ecc"', ("survey", "shoot", "--aligner", "eec")),
    (4, 'did you mean "local"', ("fuse", "shoot", *OUT, "--executor", "locale")),
    (4, 'did you mean "unsharp3"', ("stack", "shoot", *OUT, "--sharpen", "1", "--sharpener", "unsharp")),
]


@pytest.mark.parametrize(("code", "told", "arguments"), BAD, ids=[" ".join(a) for _, _, a in BAD])
def test_bad_input(stackcore: Run, folder: Path, code: int, told: str, arguments: tuple[str, ...]) -> None:
    if "folder.tif" in arguments[-1]:
        (folder / "folder.tif").mkdir()
        arguments = (*arguments[:-1], "folder.tif")
    before = snapshot(folder)
    done = stackcore(*arguments)
    assert done.code == code, done.err
    assert told in done.err
    for part in ("error: ", "  why: ", "  try: "):
        assert part in done.err
    assert "Traceback" not in done.err
    assert snapshot(folder) == before
    as_json = stackcore(*arguments, "--json")
    last = json.loads(as_json.out.splitlines()[-1])
    assert as_json.code == last["exit_code"] == code
    assert (last["kind"], last["outcome"]) == ("run_finished", "failed")
    assert told in " ".join(last["error"].values())
    assert snapshot(folder) == before


@pytest.mark.parametrize("arguments", [("stack", "shoot"), ("stack", *OUT), ("stack", "shoot", *OUT, "--fusre", "x")])
def test_a_wrong_command_line_exits_with_2(stackcore: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    before = snapshot(folder)
    assert stackcore(*arguments).code == 2
    last = json.loads(stackcore(*arguments, "--json").out.splitlines()[-1])
    assert (last["kind"], last["exit_code"]) == ("run_finished", 2)
    assert snapshot(folder) == before


def test_frames_that_fit_nowhere_are_told_and_the_rest_is_stacked(stackcore: Run, folder: Path) -> None:
    image = cv2.imread("shoot/img9.tif")
    assert image is not None
    grey = 128 + np.random.default_rng(1).integers(-1, 2, image.shape)
    assert cv2.imwrite("shoot/img9.tif", grey.astype(np.uint8))
    done = stackcore("stack", "shoot", *OUT)
    assert done.code == 0
    assert "warning: img9.tif" in done.err
    stopped = stackcore("stack", "shoot", "-o", "b.tif", "--on-unaligned", "stop")
    assert stopped.code == 6
    assert "img9.tif" in stopped.err
    assert not Path("b.tif").exists()


FULL = (
    "import resource as r, sys; r.setrlimit(r.RLIMIT_FSIZE, (90_000,) * 2); from stackcore.cli.app import main; main()"
)


@NOT_ON_WINDOWS
def test_a_full_disk(folder: Path) -> None:
    before = snapshot(folder)
    command = [sys.executable, "-c", FULL, "stack", "shoot", "-o", "taken.tif", "--overwrite", "--no-align", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == last["exit_code"] == 7, done.stderr
    assert last["kind"] == "run_finished"
    assert "taken.tif could not be written" in last["error"]["what"]
    assert "space" in last["error"]["fix"]
    assert snapshot(folder) == before


@pytest.fixture(scope="session")
def long_stack(small_stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty frames: enough work that a signal arrives in the midst of it."""
    folder = tmp_path_factory.mktemp("long")
    large = np.tile(small_stack.frames[3], (3, 3, 1))
    assert cv2.imwrite(str(folder / "0.jpg"), large)
    for index in range(1, 60):
        shutil.copy(folder / "0.jpg", folder / f"{index}.jpg")
    return folder


@NOT_ON_WINDOWS
@pytest.mark.parametrize(
    ("stage", "options"),
    [("hot_pixels", ()), ("align", ("--no-hot-pixels",)), ("fuse", ("--no-hot-pixels", "--no-align"))],
)
def test_ctrl_c(long_stack: Path, tmp_path: Path, stage: str, options: tuple[str, ...]) -> None:
    before = snapshot(long_stack)
    command = [sys.executable, "-m", "stackcore", "stack", str(long_stack), "-o", "out.tif", "--json", *options]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["kind"] == "progress":
                assert event["stage"] == stage
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=60)
    told = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 130, err
    assert (told[-1]["kind"], told[-1]["outcome"], told[-1]["exit_code"]) == ("run_finished", "cancelled", 130)
    assert [event["kind"] for event in told].count("run_finished") == 1
    assert "Finishing cleanly" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    assert snapshot(long_stack) == before


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their file systems take text alone")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("stack", "{odd}", "-o", "out.tif"), 6),
        (("survey", "{odd}"), 6),
        (("batch", "{odd}", "-o", "results"), 8),
        (("stack", "shoot", "-o", "{odd}/out.tif", "--dry-run"), 7),
    ],
)
def test_a_name_that_is_not_utf8_is_refused_by_name(stackcore: Run, folder: Path, arguments: Any, code: int) -> None:
    odd = os.fsdecode(b"k\xe4fer")
    shutil.copytree(folder / "shoot", folder / odd)
    done = stackcore(*(text.format(odd=odd) for text in arguments))
    assert done.code == code
    assert "UTF-8" in done.out + done.err
    assert not list(folder.glob("out*"))
    assert not list((folder / odd).glob("out*"))
