"""The camera of the how-to works as it is printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import stackcore
from stackcore.errors import FocusDriveError
from stackcore.registry import Registry
from stackcore.testing.trying import attempt

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-camera-plugin.md"


@pytest.fixture
def registry(fake_plugins: Any) -> Registry:
    """What is found where the module of the page and the run modes and tokens are installed."""
    [program] = re.findall(r"^```python camera\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    module: dict[str, Any] = {"__name__": "my_package.rail"}
    exec(compile(program, str(PAGE), "exec"), module)
    fake_plugins.add("rail", stackcore_cameras=module["stackcore_cameras"])
    for name in ("mode_full", "mode_preview", "tokens_standard"):
        fake_plugins.add_entry_point(name, f"stackcore_plugins.{name}.plugin", distribution="stackcore")
    return Registry.discover()


def test_it_is_listed_and_works(registry: Registry) -> None:
    [record] = [record for record in registry.records() if record.name == "rail"]
    assert (record.kind, record.state) == ("camera", "ok")


def test_it_shoots_three_slices(registry: Registry, tmp_path: Path) -> None:
    path = str(tmp_path / "@MCT")
    result = stackcore.capture(slices=3, step=250, delay_ms=0, camera="rail", path=path, registry=registry)
    assert [file.name for file in result.files] == ["1.txt", "2.txt", "3.txt"]
    assert [file.read_text() for file in result.files] == ["taken at 0", "taken at 250", "taken at 500"]
    assert result.focus.is_back
    assert (result.camera.model, result.simulated, result.warnings) == ("Rail 1", False, ())


def test_its_end_stops_the_run_and_what_was_moved_is_taken_back(registry: Registry, tmp_path: Path) -> None:
    path = str(tmp_path / "@MCT")
    with pytest.raises(FocusDriveError, match="did not move"):
        stackcore.capture(slices=3, step=999, delay_ms=0, camera="rail", path=path, registry=registry)
    [manifest] = tmp_path.glob("*.stackcore.json")
    assert '"certain": true' in manifest.read_text()
    assert sorted(file.name for file in tmp_path.glob("*.txt")) == ["1.txt", "2.txt"]


def test_the_page_is_about_sixty_lines_of_code() -> None:
    block = PAGE.read_text(encoding="utf-8").split("```python camera\n")[1].split("```")[0]
    assert len(block.splitlines()) <= 65


def test_it_keeps_the_contract_in_the_test_of_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    programs = re.findall(r"^```py(?:thon)? (?:camera|test)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(programs) == 2
    module: dict[str, Any] = {"__name__": "my_package.rail"}
    for program in programs:
        exec(compile(program, str(PAGE), "exec"), module)
    test = module["TestRail"]()
    found = {promise.title: attempt(test, promise) for promise in test.promises()}
    assert "broken" not in {finding.state for finding in found.values()}, found
    assert found["after a cancel focus is back or the loss is told"].state == "kept"
    assert found["live view is a jpeg"].happened == "it has no live view: There is no live view."
