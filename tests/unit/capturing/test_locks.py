"""Locks that go with their process, and what two runs on one camera or one manifest hear."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stackcore.capturing.journal import Journal, JournalHeldError
from stackcore.capturing.locks import CameraLock, try_lock
from stackcore.errors import NotReadyError, OutputError
from stackcore.protocols import CameraInfo

BODY = CameraInfo(provider="fake", model="D850", serial="1234", port="usb:1")


def test_a_second_run_on_one_camera_is_told_who_has_it(tmp_path: Path) -> None:
    first, second = CameraLock(tmp_path), CameraLock(tmp_path)
    first.take(BODY, "run-1")
    with pytest.raises(NotReadyError, match=rf"run run-1, process {os.getpid()}"):
        second.take(CameraInfo(provider="other", model="D850", serial="1234", port="usb:2"), "run-2")
    second.take(CameraInfo(provider="fake", model="D850", serial="99"), "run-2")
    first.release()
    first.release()
    CameraLock(tmp_path).take(BODY, "run-3")


def test_cameras_without_a_serial_are_told_apart_by_their_port(tmp_path: Path) -> None:
    CameraLock(tmp_path).take(CameraInfo(provider="fake", model="A", port="usb:1"), "1")
    CameraLock(tmp_path).take(CameraInfo(provider="fake", model="A", port="usb:2"), "2")


def test_a_folder_that_cannot_hold_locks_is_named(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("in the way")
    with pytest.raises(OutputError, match="locks"):
        CameraLock(tmp_path / "locks").take(BODY, "run")


def test_a_lock_goes_with_the_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    code = (
        "import os, sys; from stackcore.capturing.locks import try_lock;"
        f"print(try_lock(os.open({str(path)!r}, os.O_RDWR | os.O_CREAT)), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"True"
        handle = os.open(path, os.O_RDWR)
        try:
            assert not try_lock(handle)
            child.kill()
            child.wait()
            assert try_lock(handle)
        finally:
            os.close(handle)


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "r.journal.jsonl"
    journal = Journal(path)
    with pytest.raises(JournalHeldError, match="still under way"):
        Journal(path)
    journal.close()
    Journal(path).remove()
    assert not path.exists()


def test_the_run_that_waits_for_its_turn_is_refused_before_anything_moves(stage: Any) -> None:
    lock = CameraLock(stage.folder.parent / "state" / "locks")
    lock.take(CameraInfo(provider="fake", model="Fake 1"), "other")
    with pytest.raises(NotReadyError, match="in use by another run"):
        stage.capture()
    assert "drive" not in stage.moments
    assert not stage.camera.is_open
    lock.release()
    stage.capture()
