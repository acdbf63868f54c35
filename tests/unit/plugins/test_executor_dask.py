"""The Dask executor on real worker processes over TCP: the same bytes as here, through losses, and errors that help."""

from __future__ import annotations

import math
import operator
import os
import signal
import sys
import threading
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import dask
import distributed
import numpy as np
import pytest
import tifffile

from stackcore.api.batching import BatchOptions, batch
from stackcore.api.processing import plan_stack, stack
from stackcore.api.stacks import StackOptions
from stackcore.batching.journal import read_journal
from stackcore.errors import BatchFailed, Cancelled, ConfigError, PluginError, UnreadableFrame
from stackcore.protocols import FusePlan, RemoteExecutor
from stackcore.registry import Registry
from stackcore.testing import ExecutorContract
from stackcore_plugins.executor_dask import job, tasks
from stackcore_plugins.executor_dask.executor import DaskExecutor
from stackcore_plugins.executor_dask.facts import facts
from stackcore_plugins.executor_dask.plugin import DaskOptions

has_signals = pytest.mark.skipif(sys.platform == "win32", reason="processes get no signals there")

PATIENCE_S = 30.0
"""How long a test waits for what must come; only a failing test waits that long."""


@pytest.fixture(scope="module")
def cluster():
    """Two workers that are started anew when they die; a task may cost two of them and no more."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 2}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
        ) as own,
    ):
        yield own


@pytest.fixture(scope="module")
def client(cluster):
    with distributed.Client(cluster, set_as_default=False) as own:
        yield own


@pytest.fixture
def settings(cluster) -> dict[str, dict[str, Any]]:
    return {"executor": {"address": cluster.scheduler_address}}


@pytest.fixture
def executor(cluster):
    built = DaskExecutor(DaskOptions(address=cluster.scheduler_address))
    yield built
    built.close()


@pytest.fixture(scope="module")
def here(stack_folder):
    """What the tree gives without a cluster."""
    return stack(stack_folder, hot_pixels=False, depth=True, settings={"executor": {"plan": "tree"}})


def there(folder: Path, settings: dict[str, Any], **choices: Any) -> Any:
    return stack(folder, executor="dask", settings=settings, hot_pixels=False, **choices)


class Ear:
    """A listener that does something at the first progress of a stage."""

    def __init__(self, stage: str, act: Any = lambda: None) -> None:
        self._stage, self._act = stage, act
        self.told: list[int] = []

    def __call__(self, event: Any) -> None:
        if event.kind == "progress" and event.stage == self._stage:
            self.told.append(event.done)
            if len(self.told) == 1:
                self._act()


def test_workers_survey_and_fuse_to_the_same_bytes_as_the_tree_here(stack_folder, settings, here):
    aligned, fused = Ear("align"), Ear("fuse")
    result = there(stack_folder, settings, depth=True, listeners=[aligned, fused])
    np.testing.assert_array_equal(result.picture, here.picture)
    np.testing.assert_array_equal(result.depth, here.depth)
    for one, other in zip(result.survey.frames, here.survey.frames, strict=True):
        np.testing.assert_array_equal(one.transform.matrix, other.transform.matrix)
        assert one.gain == other.gain
    np.testing.assert_array_equal(result.survey.sharpness, here.survey.sharpness)
    assert fused.told == list(range(1, 7))
    assert aligned.told == sorted(aligned.told)


def test_strips_and_another_fuser_too(stack_folder, settings, tmp_path):
    choices: dict[str, Any] = {"align": False, "fuser": "max", "slab_size": 1, "slab_overlap": 0}
    wanted = stack(stack_folder, hot_pixels=False, settings={"executor": {"plan": "tree"}}, **choices)
    with pytest.raises(ConfigError) as caught:
        there(stack_folder, settings, memory_bytes=1, **choices)
    least = int(caught.value.fix.split("--memory ")[1].split("MiB")[0]) * 2**20
    result = there(stack_folder, settings, memory_bytes=least, **choices)
    assert wanted.arrangement["strips"] == 1
    np.testing.assert_array_equal(result.picture, wanted.picture)


def test_a_cancel_stops_the_workers_too(stack_folder, settings, client):
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        there(stack_folder, settings, cancel=cancel, listeners=[Ear("fuse", cancel.set)])
    deadline = time.monotonic() + PATIENCE_S
    while any(client.processing().values()):
        assert time.monotonic() < deadline
    assert len(client.scheduler_info()["workers"]) == 2


def test_results_come_in_order_and_a_cancel_ends_them(executor):
    cancel = threading.Event()
    results = executor.map(math.factorial, range(6), cancel)
    assert [next(results) for _ in range(3)] == [1, 1, 2]
    cancel.set()
    with pytest.raises(Cancelled):
        list(results)
    assert list(executor.map(math.factorial, [], cancel)) == []


def test_the_heap_of_workers_is_left_to_the_executor_that_works_there(executor, client):
    list(executor.map(abs, range(8), threading.Event()))
    assert None in client.run(os.getenv, tasks._TRIM).values()


def test_what_a_function_raises_comes_back(executor):
    with pytest.raises(ZeroDivisionError):
        list(executor.map(partial(operator.truediv, 1), [0], threading.Event()))


def test_what_cannot_be_pickled_is_refused_by_name(executor):
    with pytest.raises(PluginError, match="cannot be sent") as caught:
        list(executor.map(lambda item: item, [1], threading.Event()))
    assert "--executor local" in caught.value.fix


def test_frames_are_fetched_from_an_address(stack_folder, settings, here, tmp_path):
    with zipfile.ZipFile(tmp_path / "frames.zip", "w") as archive:
        for path in stack_folder.iterdir():
            archive.write(path, f"shoot/{path.name}")
    settings["executor"]["folder"] = f"zip://shoot::{tmp_path / 'frames.zip'}"
    np.testing.assert_array_equal(there(stack_folder, settings, depth=True).picture, here.picture)


def test_frames_that_a_worker_does_not_see_are_named_with_the_folder(stack_folder, settings, tmp_path):
    (tmp_path / "img8.tif").write_bytes(b"short")
    settings["executor"]["folder"] = str(tmp_path)
    with pytest.raises(UnreadableFrame) as caught:
        there(stack_folder, settings)
    error = caught.value
    assert "does not see 6 of 6 frames" in error.what
    assert "tcp://127.0.0.1" in error.what
    assert f"{tmp_path}: img8.tif has 5 bytes there" in error.why
    assert "img9.tif is not there" in error.why
    assert "executor.folder" in error.fix


def test_a_worker_of_another_version_is_refused_unless_it_is_allowed(stack_folder, settings, monkeypatch, here):
    monkeypatch.setattr(job, "facts", lambda: {**facts(), "numpy": "0.9"})
    with pytest.raises(PluginError, match="other versions") as caught:
        there(stack_folder, settings)
    assert f"numpy {np.__version__} instead of 0.9" in caught.value.why
    assert "allow_versions" in caught.value.fix
    settings["executor"]["allow_versions"] = True
    np.testing.assert_array_equal(there(stack_folder, settings, depth=True).picture, here.picture)


def test_a_worker_that_came_late_with_another_version_is_refused_by_itself(client):
    cargo = tasks.Cargo.of((math.sqrt,), None, {"numpy": "0.9"})
    with pytest.raises(PluginError, match=r"The worker tcp://.* has other versions"):
        client.submit(tasks.call, cargo, "run", 4.0, pure=False).result()


def test_a_worker_without_the_plugin_is_named(stack_folder, settings, client):
    hidden = "stackcore_plugins.executor_dask.tasks"

    def hide() -> None:
        import sys

        sys.modules[hidden] = None  # type: ignore[assignment]

    def show() -> None:
        import sys

        del sys.modules[hidden]

    [worker, _] = client.scheduler_info()["workers"]
    client.run(hide, workers=[worker])
    try:
        with pytest.raises(PluginError) as caught:
            there(stack_folder, settings)
    finally:
        client.run(show, workers=[worker])
    assert worker in caught.value.what
    assert "install `stackcore[dask]` there" in caught.value.fix


def test_small_workers_are_refused_with_the_number_needed(stack_folder, settings, monkeypatch):
    monkeypatch.setattr(DaskExecutor, "worker_bytes", 2**28)
    with pytest.raises(ConfigError, match="too little memory") as caught:
        there(stack_folder, settings)
    assert "256 MiB" in caught.value.why
    assert "worker_memory" in caught.value.fix


def test_a_dry_run_tells_the_tree(stack_folder, settings):
    planned = plan_stack(stack_folder, options=StackOptions(executor="dask", settings=settings))
    assert planned["plan"] == {"kind": "tree", "slab_ends": [2, 6]}
    assert planned["arrangement"]["workers"] == 2


def test_what_is_no_tree_is_fused_here(executor):
    assert isinstance(executor, RemoteExecutor)
    assert (executor.workers, executor.threads) == (2, 1)
    assert executor.worker_bytes > 2**28
    assert executor.nearby is executor.nearby
    seen = []

    class Nearby:
        def fuse(self, *arguments: Any) -> str:
            seen.append(arguments[-2])
            return "here"

        def close(self) -> None:
            seen.append("closed")

    executor.nearby.close()
    executor._nearby = Nearby()
    assert executor.fuse(None, None, [], threading.Event(), print, FusePlan.fold(3)) == "here"
    executor.close()
    assert seen == [FusePlan.fold(3), "closed"]


def test_an_address_that_nobody_answers_is_told_in_time(stack_folder):
    began = time.monotonic()
    with pytest.raises(ConfigError, match="No scheduler answers"):
        there(stack_folder, {"executor": {"address": "tcp://127.0.0.1:9", "timeout_s": 0.3}})
    assert time.monotonic() - began < PATIENCE_S
    with pytest.raises(ConfigError, match="No scheduler answers"):
        there(stack_folder, {"executor": {"address": "nonsense://x", "timeout_s": 0.3}})


def test_too_few_workers_are_told_in_time(stack_folder, settings):
    settings["executor"] |= {"workers": 9, "timeout_s": 2.0}  # a busy machine must have connected by then
    with pytest.raises(ConfigError, match="too few workers") as caught:
        there(stack_folder, settings)
    assert "2 of 9 came" in caught.value.why


@has_signals
def test_a_cluster_of_its_own_is_deaf_to_the_terminal_and_ends_with_it():
    executor = DaskExecutor(DaskOptions(workers=1, worker_memory="2GiB"))
    assert (executor.workers, executor.worker_bytes) == (1, 2**31)
    [pid] = executor.map(eval, ["__import__('os').getpid()"], threading.Event())
    os.kill(pid, signal.SIGINT)
    assert list(executor.map(eval, ["__import__('os').getpid()"], threading.Event())) == [pid]
    executor.close()
    executor.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_workers_that_do_not_start_are_told_with_the_usual_reason(stack_folder, monkeypatch):
    def fail(**_: Any) -> None:
        raise RuntimeError("Nanny failed to start")

    monkeypatch.setattr("stackcore_plugins.executor_dask.cluster.LocalCluster", fail)
    with pytest.raises(ConfigError, match="did not start") as caught:
        there(stack_folder, {"executor": {"workers": 1}})
    assert "__main__" in caught.value.fix


def test_options_are_checked():
    with pytest.raises(ConfigError, match="4GiB"):
        Registry.discover().options("executor", "dask", {"worker_memory": "much"})
    with pytest.raises(ConfigError, match="tree"):
        Registry.discover().options("executor", "dask", {"plan": "fold"})


def test_without_dask_it_is_listed_with_what_mends_it(monkeypatch):
    monkeypatch.setattr("stackcore.registry.finding._is_installed", lambda module: module != "distributed")
    [record] = [record for record in Registry.discover().records("executor") if record.name == "dask"]
    assert (record.state, record.fix) == ("missing", "pip install 'stackcore[dask]'")


@pytest.fixture
def shoots(stack_folder, tmp_path) -> Path:
    """Three stacks: two that are the same, and one with a frame that is cut off."""
    for name in ("first", "second", "third"):
        folder = tmp_path / "shoots" / name
        folder.mkdir(parents=True)
        for path in stack_folder.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    broken = tmp_path / "shoots" / "third" / "img10.tif"
    broken.write_bytes(broken.read_bytes()[:50_000])
    return tmp_path / "shoots"


def test_a_batch_gives_whole_stacks_to_the_workers(shoots, settings, tmp_path, here):
    heard: list[Any] = []
    options = BatchOptions(
        stack=StackOptions(executor="dask", settings=settings, hot_pixels=False, depth=True), depth_maps=True
    )
    with pytest.raises(BatchFailed):
        batch([shoots], tmp_path / "results", options=options, listeners=[heard.append])
    for name in ("first", "second"):
        np.testing.assert_array_equal(tifffile.imread(tmp_path / "results" / f"{name}.tif"), here.picture)
        assert (tmp_path / "results" / f"{name}-depth.png").is_file()
    entries = {entry.name: entry for entry in read_journal(tmp_path / "results").stacks}
    assert [entry.state for entry in entries.values()] == ["completed", "completed", "failed"]
    assert "img10.tif" in entries["third"].problem.what
    assert entries["first"].seconds > 0
    told = {event.stack for event in heard if event.kind == "progress" and event.stage == "fuse"}
    assert told == {"first", "second"}
    [output] = [e.data["output"] for e in heard if e.kind == "result" and e.stack == "first"]
    assert output == str(tmp_path / "results" / "first.tif")
    assert [e.done for e in heard if e.kind == "progress" and e.stage == "batch"] == [1, 2, 3]


def test_a_cancelled_batch_leaves_nothing_half_done(shoots, settings, tmp_path):
    cancel = threading.Event()
    options = BatchOptions(stack=StackOptions(executor="dask", settings=settings, hot_pixels=False))
    with pytest.raises(Cancelled):
        batch([shoots], tmp_path / "results", options=options, cancel=cancel, listeners=[Ear("fuse", cancel.set)])
    entries = read_journal(tmp_path / "results").stacks
    assert {entry.state for entry in entries} <= {"cancelled", "waiting", "failed"}
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["stackcore-batch.json"]


@has_signals
def test_workers_that_die_in_the_middle_of_a_slab_cost_time_alone(stack_folder, settings, here, client):
    pids = client.run(os.getpid)

    def kill() -> None:
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)

    fused = Ear("fuse", kill)
    result = there(stack_folder, settings, listeners=[fused], depth=True)
    np.testing.assert_array_equal(result.picture, here.picture)
    assert fused.told == list(range(1, 7)), "each frame is told of once, though some were added again"
    assert not set(pids.values()) & set(client.run(os.getpid).values())


def test_work_that_kills_its_workers_ends_with_advice(executor, client):
    client.wait_for_workers(2, timeout=PATIENCE_S)
    with pytest.raises(ConfigError, match="workers die") as caught:
        list(executor.map(os._exit, [1], threading.Event()))
    assert "memory" in caught.value.fix
    client.wait_for_workers(2, timeout=PATIENCE_S)


class TestDask(ExecutorContract):
    workers = (1, 2)  # to wait for, where the cluster runs already

    @pytest.fixture(autouse=True)
    def _chosen(self, cluster) -> None:
        self.offer = Registry.discover().offer("executor", "dask")
        self.options = {"address": cluster.scheduler_address}
