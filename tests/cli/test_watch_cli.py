"""`stackcore capture --watch` from the outside."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]

RUN = ["capture", "--slices", "2", "--delay-ms", "0", "--mode", "preview"]
SMALL = ["--set", "camera.width_px=96", "--set", "camera.height_px=64"]


@pytest.mark.parametrize("options", [["--watch", *SMALL], [*SMALL, "--watch"]], ids=["before", "last"])
def test_it_says_where_to_look_and_ends_with_the_run(
    stackcore: Cli, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = stackcore(*RUN, *options, "--json")
    assert done.code == 0, done.err
    found = re.search(r"^live view at http://127\.0\.0\.1:(\d+)/$", done.err, re.MULTILINE)
    assert found is not None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(found[1])), timeout=10)
    assert json.loads(done.out.splitlines()[-1])["kind"] == "run_finished"


def test_a_port_that_another_program_has_is_refused(stackcore: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = stackcore(*RUN, "--watch", str(port))
    assert done.code == 2
    assert f"Port {port} cannot be used" in done.err


def test_sharpness_is_told_and_can_be_switched_off(
    stackcore: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(re.findall(r"^  sharpness 0\.\d{4}$", stackcore(*RUN, *SMALL).err, re.MULTILINE)) == 2
    assert "sharpness" not in stackcore(*RUN, *SMALL, "--no-sharpness").err
