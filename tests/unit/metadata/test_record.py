"""The record in words and as JSON, the time, and which maker notes may be moved."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from stackcore.errors import ConfigError
from stackcore.metadata.maker_note import can_be_moved
from stackcore.metadata.moment import moment
from stackcore.metadata.record import Record, UsedPlugin


def test_words_for_the_history(record):
    full = record.model_copy(
        update={
            "skipped": ("three.jpg",),
            "plugins": {"fuser": UsedPlugin(name="pyramid", options={"levels": 6, "weights": [1, 2], "fast": True})},
            "settings": {"sharpen": "1", "crop": False, "darks": None},
        }
    )
    assert full.described() == (
        "2 frames, 1 left out; fuser pyramid (levels 6, weights 1:2, fast yes); sharpen 1; crop no"
    )


def test_a_record_comes_back_from_its_text(record):
    nested = record.model_copy(update={"before": record, "crop": (1, 2, 3, 4)})
    assert Record.model_validate_json(nested.to_json()) == nested
    later = nested.to_json().replace('{"schema"', '{"of_a_later_version":1,"schema"', 1)
    assert Record.model_validate_json(later) == nested
    assert nested.to_json() == nested.model_copy().to_json()


def test_the_time_is_now_or_what_the_variable_says(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert abs((moment() - datetime.now(UTC)).total_seconds()) < 60
    assert moment().tzinfo is not None
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert moment() == datetime(1970, 1, 1, tzinfo=UTC)
    for wrong in ("1.5", "now", "9" * 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", wrong)
        with pytest.raises(ConfigError, match="SOURCE_DATE_EPOCH"):
            moment()


def directory(order: str, *entries: tuple[int, int, int], head: bytes = b"") -> bytes:
    body = b"".join(struct.pack(f"{order}HHI4x", *entry) for entry in entries)
    return head + struct.pack(f"{order}H", len(entries)) + body + bytes(4)


@pytest.mark.parametrize(
    ("note", "movable"),
    [
        (b"", True),
        (b"\x00056\x00\x00\xa5\xa5", True),
        (b"words of a maker, and nothing else", True),
        (directory("<", (1, 3, 1), (2, 4, 1)), True),
        (directory("<", (1, 3, 1), (2, 2, 20)), False),
        (directory(">", (1, 3, 1), (2, 2, 20)), False),
        (directory("<", (1, 5, 1), head=b"ACME\0\0\1\0"), False),
        (directory(">", (1, 5, 1), head=b"ACME CAM\0\0"), False),
        (directory("<", (9, 5, 1), (1, 5, 1)), False),  # not every maker sorts
        (directory("<", (9, 99, 1), (1, 5, 1)), True),  # a type that does not exist is no directory
        (directory("<", (1, 5, 1))[:-10], True),  # nor what does not fit
    ],
)
def test_a_note_whose_values_lie_elsewhere_cannot_be_moved(note, movable):
    assert can_be_moved(note, "<") is movable
    assert can_be_moved(note, ">") is movable
