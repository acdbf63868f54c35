"""Fuses one stack with 1, 2, 4 ... local Dask workers over TCP, and measures tasks, transfers and bytes.

    python tests/bench/dask_workers.py FRAMES -o measured.json --workers 1 2 4 [--kill]

The same stack is fused without a cluster first, as a tree and as a fold: the picture must be the tree's to the byte,
and how far it is from the fold's is told. With --kill, one worker is killed while it fuses, each time. The figures of
the tasks (how many, how long each, bytes of what they return) are what `scaling_model.py` reckons with.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import distributed
import numpy as np

from stackcore.api.processing import stack

_MANY = 2000
_STATE_BYTES = 2**27


def main() -> None:
    """Measure, print, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--kill", action="store_true", help="kill a worker when the first frame is fused")
    given = parser.parse_args()
    tree = _here(given.frames, "tree")
    fold = _here(given.frames, "fold")
    found = {"tree": tree["told"], "fold": fold["told"], "from_fold": _apart(tree["picture"], fold["picture"])}
    print(json.dumps(found))
    found["overheads"] = _overheads()
    print(json.dumps(found["overheads"]))
    found["runs"] = []
    for workers in given.workers:
        run = _there(given.frames, workers, kill=given.kill)
        run["same_bytes"] = bool(np.array_equal(run.pop("picture"), tree["picture"]))
        print(json.dumps({key: value for key, value in run.items() if key != "tasks"}))
        found["runs"].append(run)
        given.output.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def _here(frames: Path, plan: str) -> dict[str, Any]:
    began, used = time.monotonic(), time.process_time()
    result = stack(frames, settings={"executor": {"plan": plan}})
    told = {"wall_s": time.monotonic() - began, "cpu_s": time.process_time() - used, "stages_s": result.seconds}
    return {"picture": result.picture, "told": told}


def _there(frames: Path, workers: int, *, kill: bool) -> dict[str, Any]:
    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.get_task_stream()  # from now on, the scheduler remembers tasks
        pids = client.run(os.getpid)
        heard = _Heard(client, list(pids.values())[-1] if kill else None)
        began, used, epoch = time.monotonic(), time.process_time(), time.time()
        result = stack(
            frames,
            executor="dask",
            settings={"executor": {"address": cluster.scheduler_address}},
            listeners=[heard],
        )
        wall, cpu = time.monotonic() - began, time.process_time() - used
        tasks = _by_kind(client.get_task_stream(start=epoch))
        sent = sum(client.run(_sent_bytes).values())
        return {
            "workers": workers,
            "killed": heard.killed,
            "wall_s": wall,
            "cpu_here_s": cpu,
            "cpu_of_workers_s": {stage: round(seconds, 2) for stage, seconds in heard.cpu(client).items()},
            "stages_s": result.seconds,
            "fuse_began": heard.began,
            "sent_by_workers_bytes": sent,
            "tasks": tasks,
            "picture": result.picture,
        }


class _Heard:
    """Notes when stages begin, and what workers have used until then; kills a process once it fuses."""

    def __init__(self, client: Any, victim: int | None) -> None:
        self._client, self._victim, self.killed, self.began = client, victim, 0, 0.0
        self._used: dict[str, float] = {}

    def __call__(self, event: Any) -> None:
        if event.kind == "stage_started":
            self._used[event.stage] = self._now(self._client)
            self.began = time.time()  # the last of them is fuse
        if event.kind == "progress" and event.stage == "fuse" and self._victim is not None:
            os.kill(self._victim, signal.SIGKILL)
            self._victim, self.killed = None, 1

    def cpu(self, client: Any) -> dict[str, float]:
        """Seconds of all cores that the workers used in each stage."""
        marks = [*self._used.items(), ("end", self._now(client))]
        return {stage: after - before for (stage, before), (_, after) in pairwise(marks)}

    @staticmethod
    def _now(client: Any) -> float:
        return sum(client.run(time.process_time).values())


def _overheads() -> dict[str, float]:
    """What scheduler and client take for a task and for an event, seconds of a core, and how fast states travel."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        used = time.process_time()
        client.gather(client.map(abs, range(_MANY)))
        task_s = (time.process_time() - used) / _MANY
        heard = threading.Semaphore(0)
        client.subscribe_topic("bench", lambda event: heard.release())
        used = time.process_time()
        client.submit(_tell, _MANY, pure=False).result()
        for _ in range(_MANY):
            heard.acquire()
        event_s = (time.process_time() - used) / _MANY
        one, other = client.scheduler_info(n_workers=-1)["workers"]
        state = client.submit(_state, workers=[one], pure=False)
        distributed.wait(state)
        began = time.monotonic()
        used = sum(client.run(time.process_time).values())
        client.submit(type, state, workers=[other], pure=False).result()
        took = time.monotonic() - began
        used = sum(client.run(time.process_time).values()) - used
        return {
            "task_s": task_s,
            "event_s": event_s,
            "loopback_bytes_per_s": _STATE_BYTES / took,
            "transfer_cpu_s_per_byte": used / _STATE_BYTES,
        }


def _tell(many: int) -> None:
    for number in range(many):
        distributed.get_worker().log_event("bench", number)


def _state() -> list[Any]:
    return [np.zeros(_STATE_BYTES // 8, np.uint8) for _ in range(8)]


def _by_kind(stream: Any) -> dict[str, Any]:
    """Of each kind of task: when it ran on which worker, how long it computed and waited for transfers, its bytes."""
    found = defaultdict(list)
    for task in stream:
        spans = {"compute": 0.0, "transfer": 0.0}
        for span in task["startstops"]:
            if span["action"] in spans:
                spans[span["action"]] += span["stop"] - span["start"]
        ends = [span["stop"] for span in task["startstops"]] or [0.0]
        found[task["key"].split("-")[0]].append(
            {**spans, "stop": max(ends), "worker": task["worker"], "nbytes": task.get("nbytes") or 0}
        )
    return dict(found)


def _sent_bytes(dask_worker: Any) -> int:
    return int(dask_worker.transfer_outgoing_bytes_total)


def _apart(one: Any, other: Any) -> dict[str, float]:
    """Largest difference in steps of 16 bits, share of numbers that differ, PSNR in dB."""
    apart = one.astype(np.float64) - other
    square = float((apart**2).mean())
    return {
        "max": float(np.abs(apart).max()),
        "share": float((apart != 0).mean()),
        "psnr_db": float("inf") if square == 0 else float(20 * np.log10(65535 / np.sqrt(square))),
    }


if __name__ == "__main__":
    main()
