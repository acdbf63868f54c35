"""The version of the hooks says what they are: nothing changes beneath it, and the reference tells all of it."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from typing import Any, Protocol

import pluggy
import pytest

from stackcore import protocols
from stackcore.hookspecs import API_VERSION, HOOK_OF_KIND, PROJECT, Deprecation, Hooks, hook, hook_facts, hookspec
from stackcore.registry.compatibility import FIRST_VERSION, mismatch
from stackcore.registry.describing import api_text, describe_hooks, describe_protocol

RECORDED = Path(__file__).with_name("hook_api.txt")
REFERENCE = Path(__file__).parents[3] / "docs" / "_extensions" / "generated_reference.py"

ADVICE = f"""what plugins are written against has changed.
Raise the second number of API_VERSION for something that plugins may do without, the first where one that works would
have to be changed; then record it: python -c "from stackcore.registry.describing import api_text;
print(api_text(), end='')" > tests/unit/registry/{RECORDED.name}"""


def unmarked(specification: type) -> set[str]:
    """Public functions of a class of hooks that do not say since when they are there."""
    functions = {name for name in vars(specification) if not name.startswith("_")}
    return functions - {*hook_facts(specification)}


def test_nothing_has_changed_beneath_its_version():
    assert api_text() == RECORDED.read_text(encoding="utf-8"), ADVICE


def test_every_hook_says_since_when():
    assert unmarked(Hooks) == set()
    assert all(mismatch(facts.since, "stackcore") is None for facts in hook_facts(Hooks).values())
    assert {facts.kind for facts in hook_facts(Hooks).values()} == {*HOOK_OF_KIND}


def test_one_that_does_not_is_noticed():
    class Forgetful:
        @hookspec
        def stackcore_melters(self): ...

    assert unmarked(Forgetful) == {"stackcore_melters"}


def test_every_hook_is_one_that_pluggy_knows():
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    assert {*vars(manager.hook)} >= {*hook_facts(Hooks)}


def test_a_changed_signature_is_noticed():
    class Changed(Hooks):
        @hook("fuser", since="1.0", protocol="Fuser")
        def stackcore_fusers(self, stack: str): ...

    (line,) = {*api_text(Changed).splitlines()} - {*api_text().splitlines()}
    assert line.startswith("hook stackcore_fusers(stack: str)")


def test_a_changed_protocol_is_noticed(monkeypatch):
    class Token(Protocol):
        takes_digits: bool

        def expand(self, context: Any) -> str: ...

    monkeypatch.setattr(protocols, "Token", Token)
    assert {member.name for member in describe_protocol("Sharpener")} == {"sharpen"}
    assert [member.signature for member in describe_protocol("Token") if member.name == "expand"] == [
        "expand(context: Any) -> str"
    ]


@pytest.mark.parametrize("described", describe_hooks(), ids=lambda described: described.name)
def test_every_hook_tells_what_it_offers_and_what_holds(described):
    paragraphs = described.about.split("\n\n")
    assert paragraphs[0].startswith("Offer ")
    labels = [paragraph.split(".**")[0] for paragraph in paragraphs[1:]]
    assert labels == ["**Guaranteed", "**Asked"], "say what a plugin may rely on, and what it must do"
    for asked in described.asks.values():
        assert all(member.about or "(" not in member.signature for member in asked)


def test_protocols_that_a_plugin_may_meet_are_all_told():
    told = {name for described in describe_hooks() for name in described.asks}
    mine = {"FrameSource", "Milestones", "ReadsFiles"}  # what the core hands over
    there = {name for name in protocols.__all__ if getattr(getattr(protocols, name), "_is_protocol", False)}
    assert told == there - mine


@pytest.fixture(scope="module")
def reference() -> Any:
    spec = importlib.util.spec_from_file_location("generated_reference", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_lists_each_hook_with_signature_guarantees_and_since(reference):
    page = "\n".join(reference.hooks())
    assert f"Version {API_VERSION} of the hooks" in page
    for described in describe_hooks():
        _, section = page.split(f"\n## {described.name}\n")
        section = section.split("\n## ")[0]
        assert f"`{described.signature}` · kind `{described.facts.kind}` · since version " in section
        assert described.about in section
        for asked in described.asks.values():
            assert all(member.signature.replace("|", "\\|") in section for member in asked)


def test_the_reference_tells_what_is_deprecated(reference, monkeypatch):
    class Older(Hooks):
        @hook(
            "fuser",
            since=FIRST_VERSION,
            protocol="Fuser",
            deprecated=Deprecation(since="1.3", use="stackcore_fusers", goes_with="2.0"),
        )
        def stackcore_melters(self):
            """Offer ways to melt."""

    monkeypatch.setattr(reference, "describe_hooks", lambda: describe_hooks(Older))
    page = "\n".join(reference.hooks())
    assert "**Deprecated** since version 1.3: use `stackcore_fusers`. It goes with 2.0." in page
    assert inspect.getdoc(Older.stackcore_melters) in page
