from __future__ import annotations

import json
import shutil

import pytest

from stackcore.api.batching import BatchOptions, batch
from stackcore.api.stacks import StackOptions
from stackcore.batching.finding import Search
from stackcore.batching.journal import NAME, fingerprint, read_journal
from stackcore.errors import BatchFailed, Cancelled, ConfigError, OutputError

QUICK = StackOptions(fuser="average", align=False, hot_pixels=False)


@pytest.fixture
def places(stack_folder, tmp_path):
    """Three folders with a stack each."""
    folders = [tmp_path / "shoots" / name for name in ("ant", "bee", "cicada")]
    for folder in folders:
        shutil.copytree(stack_folder, folder)
    return folders


def states(result):
    return {entry.name: entry.state for entry in result.stacks}


def spoil(folder):
    frame = sorted(folder.iterdir())[1]
    frame.write_bytes(frame.read_bytes()[:500])


def test_every_folder_gets_its_result_and_the_record_says_so(places, tmp_path, ear):
    result = batch([tmp_path / "shoots"], tmp_path / "out", options=BatchOptions(stack=QUICK), listeners=[ear])
    assert states(result) == {"ant": "completed", "bee": "completed", "cicada": "completed"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["ant.tif", "bee.tif", "cicada.tif", NAME]
    record = json.loads((tmp_path / "out" / NAME).read_text())
    assert record["schema"] == "stackcore.batch/1"
    assert [entry["state"] for entry in record["stacks"]] == ["completed"] * 3
    assert [event.stack for event in ear.of("result")] == ["ant", "bee", "cicada", None]
    assert ear.kinds[-1] == "run_finished"


def test_one_failing_stack_does_not_stop_the_rest(places, tmp_path, ear):
    spoil(places[1])
    with pytest.raises(BatchFailed, match="bee") as caught:
        batch(places, tmp_path / "out", options=BatchOptions(stack=QUICK), listeners=[ear])
    assert caught.value.exit_code == 8
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tif")) == ["ant.tif", "cicada.tif"]
    entry = read_journal(tmp_path / "out").stacks[1]
    assert entry.state == "failed"
    assert entry.problem.exit_code == 6
    assert [event.stack for event in ear.of("warning") if event.code == "stack_failed"] == ["bee"]
    assert ear.events[-1].exit_code == 8


def test_a_bug_in_one_stack_does_not_stop_the_rest(places, tmp_path, monkeypatch):
    from stackcore.api import batching

    real = batching.stack_into

    def sometimes(run, inputs, *args, **kwargs):
        if run.stack == "ant":
            raise ZeroDivisionError("a bug")
        return real(run, inputs, *args, **kwargs)

    monkeypatch.setattr(batching, "stack_into", sometimes)
    with pytest.raises(BatchFailed):
        batch(places, tmp_path / "out", options=BatchOptions(stack=QUICK))
    [ant, *others] = read_journal(tmp_path / "out").stacks
    assert (ant.problem.exit_code, ant.problem.why) == (1, "ZeroDivisionError: a bug")
    assert [entry.state for entry in others] == ["completed"] * 2


def test_results_in_the_way_are_named_before_any_work(places, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "bee.tif").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"bee\.tif"):
        batch(places, out, options=BatchOptions(stack=QUICK))
    assert [path.name for path in out.iterdir()] == ["bee.tif"]
    result = batch(places, out, options=BatchOptions(stack=QUICK, skip_existing=True))
    assert states(result) == {"ant": "completed", "bee": "existed", "cicada": "completed"}
    assert (out / "bee.tif").read_bytes() == b"mine"


def test_a_cancelled_batch_goes_on_where_it_was(places, tmp_path, cancel_at):
    out = tmp_path / "out"
    counted = cancel_at()
    batch(places, tmp_path / "whole", options=BatchOptions(stack=QUICK), listeners=[counted])
    second = next(number for number, event in enumerate(counted.events) if event.stack == "bee")
    stop = cancel_at(second + 1)
    with pytest.raises(Cancelled):
        batch(places, out, options=BatchOptions(stack=QUICK), listeners=[stop], cancel=stop.cancel)
    assert [entry.state for entry in read_journal(out).stacks] == ["completed", "cancelled", "waiting"]
    made = (out / "ant.tif").stat().st_mtime_ns
    result = batch(places, out, options=BatchOptions(stack=StackOptions(**{**vars(QUICK), "resume": True})))
    assert states(result) == {"ant": "existed", "bee": "completed", "cicada": "completed"}
    assert (out / "ant.tif").stat().st_mtime_ns == made
    assert [entry.warnings for entry in result.stacks] == [[], [], []]  # nobody misses a checkpoint


def test_resuming_makes_anew_what_other_settings_or_frames_would_make(places, tmp_path):
    out = tmp_path / "out"
    batch(places, out, options=BatchOptions(stack=QUICK))
    other = StackOptions(**{**vars(QUICK), "fuser": "max", "resume": True})
    with pytest.raises(OutputError, match="3 of 3"):
        batch(places, out, options=BatchOptions(stack=other))


def test_a_result_that_was_there_before_it_was_written_down_is_made_again(places, tmp_path):
    out = tmp_path / "out"
    batch(places, out, options=BatchOptions(stack=QUICK))
    record = json.loads((out / NAME).read_text())
    record["stacks"][1]["state"] = "running"
    (out / NAME).write_text(json.dumps(record))
    result = batch(places, out, options=BatchOptions(stack=StackOptions(**{**vars(QUICK), "resume": True})))
    assert states(result) == {"ant": "existed", "bee": "completed", "cicada": "existed"}


def test_a_dry_run_writes_nothing(places, tmp_path):
    result = batch(places, tmp_path / "out", options=BatchOptions(stack=QUICK), dry_run=True)
    assert states(result) == {"ant": "waiting", "bee": "waiting", "cicada": "waiting"}
    assert not (tmp_path / "out").exists()


def test_results_within_the_place_are_not_taken_for_frames(places, tmp_path):
    shoots = tmp_path / "shoots"
    options = BatchOptions(stack=QUICK, search=Search(recursive=True))
    batch([shoots], shoots / "results", options=options)
    again = BatchOptions(stack=StackOptions(**{**vars(QUICK), "overwrite": True}), search=Search(recursive=True))
    assert list(states(batch([shoots], shoots / "results", options=again))) == ["ant", "bee", "cicada"]


def test_a_damaged_record_is_named(places, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / NAME).write_text("{")
    with pytest.raises(ConfigError, match=NAME):
        batch(places, out, options=BatchOptions(stack=StackOptions(**{**vars(QUICK), "resume": True})))


def test_a_fingerprint_follows_frames_and_settings(places):
    frames = sorted(places[0].iterdir())
    first = fingerprint(frames, {"fuser": "blend"})
    assert fingerprint(frames, {"fuser": "blend"}) == first
    assert fingerprint(frames, {"fuser": "max"}) != first
    assert fingerprint(frames[1:], {"fuser": "blend"}) != first
    frames[0].write_bytes(frames[0].read_bytes() + b" ")
    assert fingerprint(frames, {"fuser": "blend"}) != first
