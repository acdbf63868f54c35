"""The packages of the tutorials are built, installed and found; their pages work as they are printed."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import stackcore
from stackcore.cli.app import main
from stackcore.events import BaseEvent

PAGES = sorted((Path(__file__).parents[2] / "docs" / "tutorials" / "plugins").glob("*.md"))
OFFERED = {
    "folder-watch": {("camera", "folder-watch"), ("mode", "stills")},
    "serial-rail": {("camera", "serial-rail")},
    "variance-fuser": {("fuser", "variance")},
}
"""Kind and name of what each package brings."""

SMALL = ("--set", "camera.width_px=192", "--set", "camera.height_px=128")


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{{code-block}} {language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def type_it(
    tutorial_plugins: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """Run a command line where the packages are installed, in an empty folder; what it prints."""
    monkeypatch.syspath_prepend(tutorial_plugins)
    monkeypatch.chdir(tmp_path)

    def run(command: str) -> str:
        program, *arguments = shlex.split(command)
        assert program == "stackcore"
        simulated = arguments[0] == "capture" and ("--camera" not in arguments or "simulator" in arguments)
        with pytest.raises(SystemExit) as ended:
            main([*arguments, *(SMALL if simulated else ())])
        told = capsys.readouterr()
        assert ended.value.code == 0, f"{command}: {told.err}"
        return told.out

    return run


def commands(page: Path) -> list[str]:
    return [line[2:] for block in blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]


def page(name: str) -> Path:
    return next(path for path in PAGES if path.stem == name)


def test_each_page_has_its_package_and_each_package_its_offers():
    assert {path.stem for path in PAGES} == set(OFFERED)


@pytest.mark.parametrize("name", OFFERED)
def test_a_wheel_holds_its_module_its_types_and_its_entry_points(wheels, name):
    package = f"stackcore_{name.replace('-', '_')}"
    with zipfile.ZipFile(wheels[name]) as wheel:
        inside = {path for path in wheel.namelist() if ".dist-info/" not in path}
        sources = page(name).with_suffix("") / "src"
        assert inside == {
            path.relative_to(sources).as_posix() for path in sources.rglob("*.*") if path.suffix != ".pyc"
        }
        assert f"{package}/py.typed" in inside
        (declared,) = [wheel.read(path).decode() for path in wheel.namelist() if path.endswith("entry_points.txt")]
    assert re.search(rf"^\[stackcore\]\n[\w-]+ = {package}\.plugin$", declared, re.MULTILINE)


def test_they_are_found_with_their_origin(type_it):
    found: dict[str, set[Any]] = {}
    for plugin in json.loads(type_it("stackcore plugins list --json"))["plugins"]:
        if plugin["distribution"] != "stackcore":
            assert (plugin["state"], plugin["version"]) == ("ok", "0.1.0"), plugin
            found.setdefault(plugin["distribution"], set()).add((plugin["kind"], plugin["name"]))
    assert found == {f"stackcore-{name}": offers for name, offers in OFFERED.items()}


def test_their_own_tests_pass_where_they_are_installed(tutorial_plugins):
    folders = [str(path.with_suffix("") / "tests") for path in PAGES]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *folders]
    environment = {**os.environ, "PYTHONPATH": str(tutorial_plugins)}
    done = subprocess.run(
        command, cwd=PAGES[0].parents[3], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout


def test_the_page_of_the_fuser_works_as_it_is_printed(type_it, tmp_path, capsys):
    told = [type_it(command) for command in commands(page("variance-fuser"))]
    assert "stackcore-variance-fuser" in told[0]
    assert "window_px" in told[1]
    assert "variance (fuser): 21 promises kept, none broken" in told[2]
    assert (tmp_path / "beetle.tif").is_file()
    (program,) = blocks(page("variance-fuser"), "python")
    exec(compile(program, "variance-fuser.md", "exec"), {})
    assert re.fullmatch(r"\(1[12]\d, 1[89]\d, 3\)\n", capsys.readouterr().out)  # less a crop


def test_the_page_of_the_folder_works_as_it_is_printed(type_it, tutorial_plugins, tmp_path):
    check, watch, drop, fuse = commands(page("folder-watch"))
    (tmp_path / "incoming").mkdir()
    assert "stills (mode): 9 promises kept, none broken" in type_it(check)
    command = [sys.executable, "-m", *shlex.split(watch), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(tutorial_plugins), "PYTHONWARNINGS": "error"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        begun = next(line for line in watching.stdout if '"capturing"' in line or '"run_finished"' in line)
        assert '"capturing"' in begun
        type_it(drop)
        finished = json.loads(watching.stdout.readlines()[-1])
    assert (finished["outcome"], watching.returncode) == ("completed", 0)
    dropped = [path.read_bytes() for path in sorted((tmp_path / "incoming").glob("*.jpg"))]
    assert [path.read_bytes() for path in sorted((tmp_path / "leaf").glob("*.jpg"))] == dropped
    (manifest,) = [json.loads(path.read_text()) for path in (tmp_path / "leaf").glob("*.stackcore.json")]
    assert [(one["index"], one["offset"]) for one in manifest["slices"]] == [(index, 0) for index in range(5)]
    assert not manifest["simulated"]
    type_it(fuse)
    assert (tmp_path / "leaf.tif").is_file()


def test_its_program_takes_a_raw_with_its_jpeg(type_it, tmp_path, capsys):
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    done = threading.Event()

    def drop() -> None:
        for number in itertools.count():
            (incoming / f"DSC_{number}.NEF").write_bytes(b"raw %d" % number)
            (incoming / f"DSC_{number}.JPG").write_bytes(b"\xff\xd8\xff\xda\0\2%d\xff\xd9" % number)
            if done.wait(0.05):
                return

    dropping = threading.Thread(target=drop)
    dropping.start()
    try:
        (program,) = blocks(page("folder-watch"), "python")
        exec(compile(program, "folder-watch.md", "exec"), {})
    finally:
        done.set()
        dropping.join()
    names = [f"slice-00{number}.{suffix}" for number in (1, 2, 3) for suffix in ("jpg", "nef")]
    assert sorted(ast.literal_eval(capsys.readouterr().out)) == names
    numbers = [int(path.read_bytes().removeprefix(b"raw ")) for path in sorted((tmp_path / "pairs").glob("*.nef"))]
    assert numbers == list(range(numbers[0], numbers[0] + 3))


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
def test_the_page_of_the_rail_works_as_it_is_printed(type_it, tmp_path, capsys):
    from stackcore_serial_rail.stand_in import StandIn  # type: ignore[import-not-found,unused-ignore]

    small = '--set \'camera.body_options={"width_px": 96, "height_px": 64}\''
    look, check, full, preview = commands(page("serial-rail"))
    (program,) = blocks(page("serial-rail"), "python")
    assert "serial-rail" in type_it(look)
    with StandIn() as rail:
        assert "15 promises kept, none broken" in type_it(check.replace("/dev/pts/7", rail.port))
        rail.jogs.clear()
        type_it(f"{full} {small}".replace("/dev/pts/7", rail.port))
        assert rail.jogs == pytest.approx([0.04] * 5 + [-0.2])
        assert len(list((tmp_path / "rail").glob("slice-*.jpg"))) == 6
        rail.jogs.clear()
        type_it(f"{preview} {small}".replace("/dev/pts/7", rail.port))
        assert rail.jogs == pytest.approx([0.1] * 3 + [-0.33, 0.03])
        body = '"body": "simulator", "body_options": {"width_px": 96, "height_px": 64}'
        program = program.replace("/dev/pts/7", rail.port).replace('"body": "simulator"', body)
        exec(compile(program, "serial-rail.md", "exec"), {})
        assert rail.position_mm == pytest.approx(0, abs=1e-6)
    assert capsys.readouterr().out == "serial-rail True\n"
    assert len(list((tmp_path / "again").glob("slice-*.jpg"))) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
@pytest.mark.usefixtures("type_it")
def test_a_rail_moves_after_each_frame_that_is_dropped(tmp_path):
    from stackcore_serial_rail.stand_in import StandIn  # type: ignore[import-not-found,unused-ignore]

    incoming = tmp_path / "incoming"
    incoming.mkdir()

    def drop(event: BaseEvent) -> None:
        if event.kind == "capturing":
            number = len(rail.jogs)
            (incoming / f"IMG_{number}.jpg").write_bytes(b"\xff\xd8\xff\xda\0\2%d\xff\xd9" % number)

    folder = {"folder": str(incoming), "settle_s": 0, "poll_s": 0.01}
    with StandIn() as rail:
        shot = stackcore.capture(
            camera=f"serial-rail:{rail.port}",
            slices=3,
            step=50,
            delay_ms=0,
            path="both/@MCT",
            settings={"camera": {"body": "folder-watch", "body_options": folder}},
            listeners=[drop],
        )
        assert rail.jogs == pytest.approx([0.05, 0.05, -0.1])
    assert [path.name for path in shot.files] == ["1.jpg", "2.jpg", "3.jpg"]
    assert [path.read_bytes()[6:7] for path in shot.files] == [b"0", b"1", b"2"]
    assert [warned.message for warned in shot.warnings] == ["live view: a folder has none (stills do without it)"]
