"""A plugin that implements a deprecated hook works, and this is told once."""

from __future__ import annotations

import warnings

import pytest

from stackcore.hookspecs import Deprecation, Hooks, hook, hook_facts, hookimpl
from stackcore.registry import Registry
from stackcore.registry.deprecations import HookDeprecationWarning
from stackcore.registry.finding import find_plugins

from .conftest import fusers, offer


class OlderHooks(Hooks):
    """The hooks of a later day, when one of them has been renamed."""

    @hook(
        "fuser",
        since="1.0",
        protocol="Fuser",
        deprecated=Deprecation(since="1.3", use="stackcore_fusers", goes_with="2.0"),
    )
    def stackcore_melters(self):
        """Offer ways to melt a stack down."""
        return ()


@pytest.fixture
def melter(fake_plugins, request):
    """A plugin of a distribution that no other test has, for what is told once is told once in a process."""

    @hookimpl
    def stackcore_melters():
        return [offer("hot")]

    distribution = f"acme-{request.node.name.replace('_', '-')}"
    fake_plugins.add("fuser-hot", distribution=distribution, stackcore_melters=stackcore_melters)
    return distribution


def test_it_works_and_carries_a_note(melter):
    with pytest.warns(HookDeprecationWarning):
        (record,) = find_plugins(specification=OlderHooks)
    assert (record.kind, record.name, record.state) == ("fuser", "hot", "ok")
    assert record.notes == (
        "implements the hook stackcore_melters, deprecated since version 1.3 of the hooks: use stackcore_fusers. "
        "It goes with version 2.0.",
    )


def test_the_warning_names_the_distribution_and_comes_once(melter):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            find_plugins(specification=OlderHooks)
    (warning,) = caught
    assert warning.category is HookDeprecationWarning
    assert str(warning.message).startswith(f"{melter} 1.2 (fake_acme_")
    assert "use stackcore_fusers" in str(warning.message)


def test_another_plugin_is_told_of_on_its_own(melter, fake_plugins):
    @hookimpl
    def stackcore_melters():
        return [offer("cold")]

    fake_plugins.add("fuser-cold", distribution="rival-of-" + melter, stackcore_melters=stackcore_melters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        find_plugins(specification=OlderHooks)
    assert len(caught) == 2


def test_a_hook_that_is_not_deprecated_is_not_told(fake_plugins):
    fake_plugins.add("fuser-a", stackcore_fusers=fusers(offer("a")))
    (record,) = Registry.discover().records()  # a warning would be an error
    assert record.notes == ()


def test_the_hooks_of_a_subclass_are_known_beside_those_of_its_base():
    assert {*hook_facts(OlderHooks)} == {*hook_facts(Hooks), "stackcore_melters"}
