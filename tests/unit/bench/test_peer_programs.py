"""Which programs are found, and what each is told to do."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from peer_programs import Program, our_fusers, present_peers

NAMES = ("ENFUSE", "ALIGN_IMAGE_STACK", "FOCUS_STACK", "CHIMPSTACKR", "SHINESTACKER_PYTHON")


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any other program."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def commands(program: Program, frames: int, scratch: Path) -> list[list[list[str]]]:
    given = [scratch / f"slice_{index}.jpg" for index in range(frames)]
    stages = program.stages(given, scratch / "out")
    return [[[str(part) for part in command] for command in stage(scratch)] for stage in stages]


def test_none_are_invented(nobody: Path) -> None:
    assert present_peers() == []


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_programs_are_found_by_path_and_by_variable(nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("enfuse", "align_image_stack", "elsewhere"):
        program = nobody / name
        program.write_text(f"#!/bin/sh\necho usage\necho {name} 9.9\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("FOCUS_STACK", str(nobody / "elsewhere"))
    found = present_peers()
    assert [peer.name for peer in found] == ["align_image_stack + enfuse", "focus-stack"]
    assert found[0].version == "usage, align_image_stack 9.9"
    assert not any(peer.is_ours for peer in found)


def test_both_aligners_start_from_the_middle_and_frames_are_blended_in_order(
    nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENFUSE", sys.executable)
    monkeypatch.setenv("ALIGN_IMAGE_STACK", sys.executable)
    (peer,) = present_peers()
    for name in ("near_0000", "near_0001", "far_0000", "far_0001", "far_0002"):
        (nobody / f"{name}.tif").touch()
    (near, far), (blend,) = commands(peer, 4, nobody)
    assert [Path(part).stem for part in near[-2:]] == ["slice_1", "slice_0"]
    assert [Path(part).stem for part in far[-3:]] == ["slice_1", "slice_2", "slice_3"]
    assert [Path(part).stem for part in blend[-4:]] == ["near_0001", "near_0000", "far_0001", "far_0002"]
    assert "--hard-mask" in blend


def test_our_fusers_keep_the_whole_frame_and_sharpen_nothing(tmp_path: Path) -> None:
    blend, weighted = our_fusers(["blend", "weighted"], ["--memory=1GiB"])
    (((*command,),),) = commands(blend, 3, tmp_path)
    assert command[:4] == [sys.executable, "-m", "stackcore", "stack"]
    assert "--no-crop" in command
    assert "--memory=1GiB" in command
    assert not any("sharpen" in part for part in command)
    assert weighted.name == "weighted"
    assert blend.version.startswith("stackcore ")
