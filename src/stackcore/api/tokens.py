"""The path tokens that are installed, each with an example of what it gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from stackcore.errors import PluginError
from stackcore.paths.template import TokenUse, written
from stackcore.protocols import AskingToken, CameraInfo, Token, TokenContext
from stackcore.registry import ANSWER_LIMIT_S, PluginRecord, Registry

_STARTED = datetime(2026, 11, 22, 18, 15, 0, 42_000, timezone(timedelta(hours=1)))

SAMPLE = TokenContext(
    run_started=_STARTED,
    taken_at=_STARTED + timedelta(seconds=7, milliseconds=310),
    profile="default",
    mode="full",
    extension="nef",
    slice_index=4,
    slices=12,
    step=40,
    focus_offset=160,
    image_in_run=5,
    camera=CameraInfo(provider="simulator", model="Z 6", serial="6001234", lens="Z MC 105mm"),
    counter=42,
    fields={"job": "Beetles", "batch_id": "B-7", **{f"bd{n}": f"field {n}" for n in range(1, 7)}},
    answers={"subject": "Carabus"},
)
"""The file that examples show: the fifth of a run of 12 slices."""


@dataclass(frozen=True, kw_only=True)
class TokenInfo:
    """A token: how it is written (`@GCTn`), what it means, where that is known from, and an example with its result."""

    written: str
    summary: str
    about: tuple[str, ...]
    example: str
    result: str
    distribution: str


def list_tokens(registry: Registry | None = None) -> list[TokenInfo]:
    """Return every token that works, sorted by name.

    Examples
    --------
    >>> import stackcore
    >>> {token.written: token.result for token in stackcore.list_tokens()}["@SLICE"]
    '05'
    """
    found = registry or Registry.discover()
    return list(_infos(found, (record for record in found.records("token") if record.state == "ok")))


def _infos(registry: Registry, records: Iterable[PluginRecord]) -> Iterable[TokenInfo]:
    for record in records:
        try:
            token: Token = registry.build("token", record.name, limit_s=ANSWER_LIMIT_S)
        except PluginError:  # `stackcore plugins` tells why; it harms no other token
            continue
        label = "subject" if isinstance(token, AskingToken) else ""
        use = TokenUse(record.name, 4 if token.takes_digits else None, label)
        yield TokenInfo(
            written=written(record.name, token),
            summary=record.summary,
            about=record.capabilities,
            example=str(use),
            result=token.expand(replace(SAMPLE, label=label), use.digits),
            distribution=record.distribution,
        )
