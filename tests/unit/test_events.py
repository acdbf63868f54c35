from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from pydantic import ValidationError

from stackcore import events as ev
from stackcore.events import EventBus, from_json, to_json

SAMPLES = [
    ev.RunStarted(command="capture", settings={"slices": 3, "mode": "full"}),
    ev.SliceStarted(slice_index=0, slices=3),
    ev.Moving(steps=-5, offset=10),
    ev.Waiting(delay_ms=200),
    ev.Capturing(slice_index=1, source="live_view"),
    ev.Saving(slice_index=1, path="a/b.jpg"),
    ev.Saved(slice_index=1, path="a/b.jpg", bytes=12, sha256="00ff"),
    ev.Returning(steps=-20),
    ev.StageStarted(stage="survey", total=None),
    ev.Progress(stage="survey", done=1, total=3),
    ev.Warned(code="frame_skipped", message="no overlap", frame="IMG_1.jpg"),
    ev.Result(data={"output": "ü.tif", "sizes": [1, 2]}),
    ev.RunFinished(outcome="failed", exit_code=6, error=ev.ErrorInfo(what="a", why="b", fix="c")),
]


def test_the_samples_are_all_kinds():
    union = get_args(get_args(ev.Event)[0])
    assert {type(sample) for sample in SAMPLES} == set(union)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)
def test_events_survive_json(sample):
    stamped = sample.model_copy(update={"run_id": "r", "seq": 4, "at": datetime(2026, 11, 22, 1, 2, 3, 4, UTC)})
    line = to_json(stamped)
    assert "\n" not in line
    assert json.loads(line)["kind"] == sample.kind
    assert from_json(line) == stamped


def test_absent_fields_are_left_out():
    assert "total" not in json.loads(to_json(ev.StageStarted(stage="survey")))


@pytest.mark.parametrize("line", ['{"kind": "exploded"}', '{"kind": "waiting"}', "[]", "nonsense"])
def test_other_lines_are_refused(line):
    with pytest.raises(ValidationError):
        from_json(line)


def test_events_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        SAMPLES[3].delay_ms = 5  # type: ignore[attr-defined]


def test_the_bus_stamps_run_number_and_time():
    heard: list[ev.BaseEvent] = []
    bus = EventBus("run-7", [heard.append])
    before = datetime.now(UTC)
    bus.emit(ev.Waiting(delay_ms=1))
    bus.emit(ev.Returning(steps=-1))
    assert [(event.run_id, event.seq, event.kind) for event in heard] == [
        ("run-7", 1, "waiting"),
        ("run-7", 2, "returning"),
    ]
    assert timedelta() <= heard[0].at - before < timedelta(minutes=1)


def test_a_listener_that_raises_is_dropped_and_logged(caplog):
    heard: list[int] = []

    def bad(event: ev.BaseEvent) -> None:
        heard.append(-event.seq)
        raise OSError("disk full")

    bus = EventBus("r", [bad, lambda event: heard.append(event.seq)])
    with caplog.at_level(logging.ERROR):
        bus.emit(ev.Waiting(delay_ms=1))
        bus.emit(ev.Waiting(delay_ms=2))
    assert heard == [-1, 1, 2]
    assert caplog.text.count("disk full") >= 1
    assert len(caplog.records) == 1


def test_a_late_listener_hears_what_follows():
    heard: list[int] = []
    bus = EventBus("r")
    bus.emit(ev.Waiting(delay_ms=1))
    bus.subscribe(lambda event: heard.append(event.seq))
    bus.emit(ev.Waiting(delay_ms=1))
    assert heard == [2]


def test_listeners_hear_one_order_from_all_threads():
    first: list[int] = []
    second: list[int] = []
    bus = EventBus("r", [lambda event: first.append(event.seq), lambda event: second.append(event.seq)])
    threads = [threading.Thread(target=lambda: [bus.emit(ev.Waiting(delay_ms=0)) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert first == second == list(range(1, 201))
