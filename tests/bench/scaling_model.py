"""A model of stackcore on 1 to 1,000 workers, from figures that were measured: docs/explanations/scaling.md.

    python tests/bench/scaling_model.py                          # prints the tables
    python tests/bench/scaling_model.py --picture docs/images/scaling.svg
    python tests/bench/scaling_model.py --check measured.json    # against what dask_workers.py measured

Workers, scheduler, storage and the network of the one who asks are servers that do one thing after the other. What is
simulated is the order in which they do it; how long each thing takes comes from `scaling.json`.
"""

from __future__ import annotations

import argparse
import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stackcore.protocols import joined
from stackcore.stacking.slabs import slabs

FIGURES = Path(__file__).with_name("scaling.json")
_SMALL = 4
"""Frames of a slab where there are more workers than the usual slabs."""

WORKERS = (1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 1000)


@dataclass(frozen=True)
class Costs:
    """What was measured; seconds are those of one core.

    Attributes
    ----------
    register_s, fuse_s, join_s, here_s
        For a megapixel: surveying a frame, fusing it, joining two states, and what is done by the one who asks (the
        search for hot pixels, the noise, finishing and writing the picture), for a stack.
    state_bytes, result_bytes, frame_bytes
        For a megapixel.
    task_s, event_s
        Of the scheduler, for a task, and for a word of progress.
    """

    register_s: float
    fuse_s: float
    join_s: float
    here_s: float
    state_bytes: float
    result_bytes: float
    frame_bytes: float
    task_s: float
    event_s: float


@dataclass(frozen=True)
class Place:
    """A cluster: what each worker's network, the storage of the frames, and the network of the asker carry, bytes/s."""

    workers: int
    link: float = 1.25e9
    storage: float = 1.25e9
    asker: float = 1.25e9


class Server:
    """Does one thing after the other."""

    def __init__(self) -> None:
        self.free = self.busy = 0.0

    def serve(self, at: float, seconds: float) -> float:
        """When something is done that comes at this time and takes so long."""
        self.free = max(at, self.free) + seconds
        self.busy += seconds
        return self.free


@dataclass(frozen=True)
class Tree:
    """A fuse stage: seconds of each slab and of a join, and of the transfer of a state to another worker."""

    slabs: Sequence[float]
    join: float
    transfer: float


def tree_seconds(tree: Tree, workers: int, storage: Server | None = None, reads: Sequence[float] = ()) -> float:
    """How long it takes: slabs in order to whoever is free, joins first; a join waits for the state it has not.

    `storage` serves the frames of each slab, in `reads` seconds, while it is fused.
    """
    nodes: list[tuple[int, int] | int] = list(range(len(tree.slabs)))
    parents: list[tuple[int, int]] = []

    def join(left: int, right: int) -> int:
        parents.append((left, right))
        nodes.append((left, right))
        return len(nodes) - 1

    joined(range(len(tree.slabs)), join)
    home: dict[int, int] = {}
    waiting = list(range(len(tree.slabs)))
    undone = {len(tree.slabs) + n: pair for n, pair in enumerate(parents)}
    idle, events, now = list(range(workers)), list[tuple[float, int, int]](), 0.0
    while True:
        ready = [node for node, pair in undone.items() if all(child in home for child in pair)]
        while idle and (ready or waiting):
            if ready:
                node = ready.pop(0)
                left, right = undone.pop(node)
                worker = next((w for w in idle if w in (home[left], home[right])), idle[0])
                moved = sum(home[child] != worker for child in (left, right))
                ends = now + tree.join + moved * tree.transfer
            else:
                node, worker = waiting.pop(0), idle[0]
                ends = now + tree.slabs[node]
                if storage is not None:
                    ends = max(ends, storage.serve(now, reads[node]))
            idle.remove(worker)
            heapq.heappush(events, (ends, worker, node))
        if not events:
            return now
        now, worker, node = heapq.heappop(events)
        home[node] = worker
        idle.append(worker)


def stack_seconds(
    costs: Costs, place: Place, frames: int, megapixels: float, slab_size: int | None = None
) -> dict[str, float]:
    """One stack on all workers: seconds of each part, one after the other; `slab_size` as `--slab-size`."""
    mp, storage = megapixels, Server()
    runs = min(2 * frames, 4 * place.workers)
    run = (frames / runs + 1) * costs.register_s * mp  # each reads a frame again that its neighbour read
    read = (frames / runs + 1) * costs.frame_bytes * mp / place.storage
    ends = [0.0] * place.workers
    for number in range(runs):
        begun = heapq.heappop(ends) + costs.task_s
        heapq.heappush(ends, max(begun + run, storage.serve(begun, read)))
        del number
    survey = max(ends)
    sizes = [slab.stop - slab.first for slab in slabs(frames, slab_size)]
    tree = Tree([n * costs.fuse_s * mp for n in sizes], costs.join_s * mp, costs.state_bytes * mp / place.link)
    reads = [n * costs.frame_bytes * mp / place.storage for n in sizes]
    fuse = tree_seconds(tree, place.workers, Server(), reads)
    return {
        "here": costs.here_s * mp,
        "survey": survey,
        "fuse": fuse,
        "home": costs.state_bytes * mp / place.asker,
    }


def batch_rate(costs: Costs, place: Place, frames: int, megapixels: float) -> tuple[float, str]:
    """Whole stacks, one on each worker at a time: stacks an hour, and what limits them.

    Every worker begins at another time, as they do after a while; each stack takes its frames in ten parts.
    """
    mp, parts, rounds = megapixels, 10, 4
    alone = frames * (costs.register_s + costs.fuse_s) * mp + costs.here_s * mp
    read = 2 * frames * costs.frame_bytes * mp / place.storage / parts  # for the survey, and to be fused
    home = costs.result_bytes * mp / place.asker
    words = (costs.task_s + 2 * frames * costs.event_s) / parts
    storage, asker, scheduler = Server(), Server(), Server()
    events = [(alone * worker / place.workers, worker, 0) for worker in range(place.workers)]
    ends: list[float] = []
    while events:
        at, worker, part = heapq.heappop(events)
        done = max(storage.serve(at, read), scheduler.serve(at, words), at + alone / parts)
        if (part + 1) % parts == 0:
            done = asker.serve(done, home)
            ends.append(done)
        if part + 1 < parts * rounds:
            heapq.heappush(events, (done, worker, part + 1))
    ends.sort()
    middle = ends[len(ends) // 4 : 3 * len(ends) // 4 + 1]
    rate = (len(middle) - 1) / (middle[-1] - middle[0]) if len(middle) > 1 else len(ends) / ends[-1]
    load = {"workers": 1.0, "storage": storage.busy, "asker": asker.busy, "scheduler": scheduler.busy}
    shares = {name: busy / max(ends) for name, busy in load.items() if name != "workers"}
    worst = max(shares, key=lambda name: shares[name])
    return 3600 * rate, worst if shares[worst] > 0.9 else "workers"


def checked(measured: dict[str, Any]) -> list[dict[str, float]]:
    """For each run of `dask_workers.py`: how long fusing took, and how long the model says, of the run's own tasks.

    The durations are the run's, because a busy machine stretches them; what is checked is the order of the work.
    """
    rows = []
    for run in measured["runs"]:
        tasks = run["tasks"]
        took = [
            task["compute"] + task["transfer"] for task in sorted(tasks["fuse_slab"], key=lambda task: task["stop"])
        ]
        joins = tasks["join_states"]
        moved = [task for task in joins if task["transfer"] > 0]
        tree = Tree(took, _mean(joins, "compute"), _mean(moved, "transfer") if moved else 0.0)
        ended = max(task["stop"] for task in joins)
        seconds = tree_seconds(tree, run["workers"])
        rows.append({"workers": run["workers"], "took_s": ended - run["fuse_began"], "model_s": seconds})
    return rows


def _mean(tasks: Sequence[dict[str, float]], key: str) -> float:
    return sum(task[key] for task in tasks) / len(tasks)


def main() -> None:
    """Print the tables; draw the picture; check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--check", type=Path)
    given = parser.parse_args()
    if given.check:
        for row in checked(json.loads(given.check.read_text("utf-8"))):
            print({key: round(value, 1) for key, value in row.items()})
        return
    costs = Costs(**json.loads(FIGURES.read_text("utf-8"))["costs"])
    print("| workers | one stack, s | here | survey | fuse | home | with slabs of 4, s | batch, an hour | limited by |")
    print("|---|---|---|---|---|---|---|---|---|")
    for workers in WORKERS:
        one = stack_seconds(costs, Place(workers), 300, 24)
        small = stack_seconds(costs, Place(workers), 300, 24, slab_size=_SMALL)
        rate, by = batch_rate(costs, Place(workers), 300, 24)
        parts = [f"{seconds:.1f}" for seconds in one.values()]
        cells = [f"{sum(one.values()):.0f}", *parts, f"{sum(small.values()):.0f}", f"{rate:.0f}", by]
        print(f"| {workers} | {' | '.join(cells)} |")
    if given.picture:
        _draw(costs, given.picture)


def _draw(costs: Costs, target: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "stackcore"
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), constrained_layout=True)
    parts = [stack_seconds(costs, Place(workers), 300, 24) for workers in WORKERS]
    names = {"fuse": "fuse and join", "survey": "survey", "here": "this machine", "home": "state comes home"}
    left.stackplot(WORKERS, [[part[name] for part in parts] for name in names], labels=list(names.values()), alpha=0.85)
    small = [sum(stack_seconds(costs, Place(workers), 300, 24, slab_size=_SMALL).values()) for workers in WORKERS]
    left.plot(WORKERS, small, "k:", lw=1.5, label="all of it, with slabs of 4 frames")
    left.plot(WORKERS, [sum(parts[0].values()) / workers for workers in WORKERS], "k--", lw=1, label="if all scaled")
    left.set(xscale="log", yscale="log", ylim=(1, 1000), xlabel="workers, one core each", ylabel="seconds")
    left.set_title("One stack, 300 frames of 24 MP")
    left.legend(fontsize=8)
    for gigabits, style in ((100, "-"), (10, "-"), (1, "-")):
        place = Place(1, storage=gigabits * 1.25e8, asker=gigabits * 1.25e8)
        rates = [batch_rate(costs, replace(place, workers=workers), 300, 24)[0] for workers in WORKERS]
        right.plot(WORKERS, rates, style, marker="o", ms=3, label=f"storage and asker at {gigabits} Gbit/s")
    right.plot(WORKERS, [batch_rate(costs, Place(1), 300, 24)[0] * workers for workers in WORKERS], "k--", lw=1)
    right.set(xscale="log", yscale="log", xlabel="workers, one core each", ylabel="stacks an hour")
    right.set_title("A batch of such stacks")
    right.legend(fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
