"""What each hook is, as data: its signature, what holds, since when, and what must be built for it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from stackcore.hookspecs import API_VERSION, HookFacts, Hooks, Offer, hook_facts


@dataclass(frozen=True, kw_only=True)
class Member:
    """One thing that a protocol asks for: `signature` with its name, `about` it in a sentence."""

    name: str
    signature: str
    about: str


@dataclass(frozen=True, kw_only=True)
class HookDescription:
    """A hook.

    Attributes
    ----------
    signature
        With its name and what it returns.
    about
        Its docstring: what it offers, what a plugin may rely on, what it must do.
    asks
        What the protocols ask for, by their names; the required one first.
    """

    name: str
    signature: str
    about: str
    facts: HookFacts
    asks: dict[str, tuple[Member, ...]]


def describe_hooks(specification: type = Hooks) -> list[HookDescription]:
    """Return a description of each hook, in the order in which they are written."""
    found = []
    for name, facts in hook_facts(specification).items():
        function = getattr(specification, name)
        protocols = (*([facts.protocol] if facts.protocol else []), *facts.optional)
        found.append(
            HookDescription(
                name=name,
                signature=_signature(name, function),
                about=inspect.getdoc(function) or "",
                facts=facts,
                asks={protocol: describe_protocol(protocol) for protocol in protocols},
            )
        )
    return found


def describe_protocol(protocol: str) -> tuple[Member, ...]:
    """What a protocol of `stackcore.protocols` asks for, in the order in which it is written."""
    described = _protocol(protocol)
    annotations = inspect.get_annotations(described)
    return tuple(_member(name, vars(described).get(name), annotations.get(name, "")) for name in members(protocol))


def members(protocol: str) -> tuple[str, ...]:
    """Names of what a protocol of `stackcore.protocols` asks for, in the order in which it does."""
    return members_of(_protocol(protocol))


def members_of(protocol: type) -> tuple[str, ...]:
    """The same of the protocol itself; those of its bases are left out."""
    named = dict.fromkeys([*inspect.get_annotations(protocol), *vars(protocol)])
    return tuple(name for name in named if not name.startswith("_"))


def api_text(specification: type = Hooks) -> str:
    """All that `API_VERSION` stands for, one line a thing: what changes here changes the version.

    It is recorded for each version; a test compares.
    """
    return "\n".join(_api_lines(specification)) + "\n"


def _api_lines(specification: type) -> Iterator[str]:
    yield f"version {API_VERSION}"
    yield "offer " + ", ".join(f"{field.name}: {field.type}" for field in fields(Offer))
    for described in describe_hooks(specification):
        facts = described.facts
        gone = f", deprecated since {facts.deprecated.since}" if facts.deprecated else ""
        yield f"hook {described.signature}, {facts.kind}, since {facts.since}{gone}"
        for protocol, asked in described.asks.items():
            role = "must be" if protocol == facts.protocol else "may be"
            for member in asked:
                yield f"    {role} {protocol}: {member.signature}"


def _protocol(name: str) -> Any:
    from stackcore import protocols

    return getattr(protocols, name)


def _member(name: str, value: Any, annotation: str) -> Member:
    if isinstance(value, property) and value.fget is not None:
        returned = inspect.signature(value.fget).return_annotation
        return Member(name=name, signature=f"{name}: {returned}", about=_first_sentence(value))
    if callable(value):
        return Member(name=name, signature=_signature(name, value), about=_first_sentence(value))
    return Member(name=name, signature=f"{name}: {annotation}", about="")


def _signature(name: str, function: Any) -> str:
    """Name, arguments and result, as they would be written."""
    signature = inspect.signature(function)
    without_self = [p for p in signature.parameters.values() if p.name != "self"]
    return name + str(signature.replace(parameters=without_self)).replace("'", "")


def _first_sentence(described: Any) -> str:
    return (inspect.getdoc(described) or "").split("\n\n")[0].replace("\n", " ")
