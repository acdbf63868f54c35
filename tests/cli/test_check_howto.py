"""What docs/how-to/check-a-plugin.md shows is what happens."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackcore.hookspecs import Kind
from stackcore.testing import Contract, contract_of
from stackcore.testing.trying import attempt

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "check-a-plugin.md").read_text(encoding="utf-8")
KINDS = ("camera", "mode", "token", "developer", "aligner", "fuser", "sharpener", "executor", "command")


def block(label: str) -> str:
    [found] = re.findall(rf"^```\w+ {label}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def module(code: str, **names: Any) -> dict[str, Any]:
    filled = {"__name__": "acme_crisp", **names}
    exec(compile(code, "check-a-plugin.md", "exec"), filled)
    return filled


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    metadata = tmp_path / "acme_crisp-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-crisp\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[stackcore]\nsharpener-crisp = acme_crisp\n")
    (tmp_path / "acme_crisp.py").write_text(block("plugin"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    yield
    sys.modules.pop("acme_crisp", None)


def test_the_verdict_is_the_one_on_the_page(stackcore: Any, site: None) -> None:
    done = stackcore("plugins", "check", "crisp")
    assert done.code == 4
    assert done.out == block("verdict")


def test_once_mended_it_keeps_all_of_them_in_the_test_of_the_page() -> None:
    wrong = "        return np.rint(sharp).astype(pixels.dtype)\n"
    assert wrong in block("plugin")
    plugin = module(block("plugin").replace(wrong, block("mended")))
    test = module(block("test"), Crisp=plugin["Crisp"])["TestCrisp"]()
    findings = {promise.title: attempt(test, promise) for promise in test.promises()}
    assert {finding.state for finding in findings.values()} == {"kept", "not applicable"}
    assert findings["the offer says what it is"].state == "not applicable"


def test_the_program_with_strategies_runs() -> None:
    module(block("strategies"), my_measure=abs)["test_my_measure_is_never_negative"]()


@pytest.mark.parametrize("kind", KINDS)
def test_every_contract_is_on_the_page_with_what_it_really_has(kind: Kind) -> None:
    contract = contract_of(kind)
    [cell] = re.findall(rf"^\| `{contract.__name__}` \| (.*) \|$", PAGE, re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", cell))
    public = {name for base in contract.__mro__ for name in vars(base) if not name.startswith(("_", "test_"))}
    own = public - set(vars(Contract)) - {"kind", "protocol"}
    assert own <= named
    assert named <= own | {"make_with", "focus_position"}
