"""Measures what each task of a stack takes, on one core and in this process: the costs of `scaling_model.py`.

    python tests/bench/task_costs.py FRAMES

Seconds of the processor, the least of three times, for each megapixel; a machine that does other work as well stretches
them less than those of a clock.
"""

from __future__ import annotations

import argparse
import copy
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stackcore.api.toolbox import Toolbox
from stackcore.protocols import Development, FusePlan
from stackcore.registry import Registry
from stackcore.stacking.hot_pixels import find_hot_pixels
from stackcore.stacking.inputs import collect
from stackcore.stacking.noise import NoiseGauge
from stackcore.stacking.reader import StackReader
from stackcore.stacking.registering import RunOfLinks
from stackcore.stacking.source import AlignedFrames
from stackcore.stacking.survey import run_survey
from stackcore_plugins.executor_dask.held import array_bytes

_TIMES = 3


def least(work: Callable[[], Any]) -> float:
    """Seconds of the processor."""
    found = []
    for _ in range(_TIMES):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=Path)
    tools = Toolbox(Registry.discover(), {})
    paths = collect([parser.parse_args().frames], tools.suffixes)
    reader = StackReader(paths, tools.developers, Development())
    megapixels = reader.info.width * reader.info.height / 1e6
    aligner, fuser = tools.aligner("ecc"), tools.fuser("blend")
    executor = tools.executor("local", 1)
    cancel = threading.Event()

    def search() -> None:
        noise = NoiseGauge(reader)
        find_hot_pixels(reader, executor, lambda event: None, cancel, noise.see)
        noise.sigma()

    survey = run_survey(reader, aligner, executor, lambda event: None, cancel)
    frames = AlignedFrames(reader, survey, survey.crop)
    links = aligner.links(len(reader), reader.reference)
    some, count = list(links)[:12], 6
    seen = len({index for link in some for index in (link.fixed, link.moving)})
    run = RunOfLinks(reader, aligner)

    class Slab:
        open = staticmethod(frames.open)

        def __len__(self) -> int:
            return count

    def slab() -> Any:
        plan = FusePlan.fold(count)
        return executor.fuse(fuser, frames.info, Slab(), cancel, lambda done: None, plan)

    state = slab()
    slab_s = least(slab)
    join_s = least(lambda: fuser.merge(copy.deepcopy(state), state))
    finish_s = least(lambda: fuser.finish(copy.deepcopy(state))) - least(lambda: copy.deepcopy(state))
    size = frames.info.width * frames.info.height / 1e6
    costs = {
        "register_s": least(lambda: run(some)) * len(links) / len(some) / len(reader) / megapixels,
        "fuse_s": slab_s / count / size,
        "join_s": join_s / size,
        "here_s": (least(search) + finish_s) / size,
        "state_bytes": array_bytes(state) / size,
        "result_bytes": 6e6,
        "frame_bytes": sum(path.stat().st_size for path in paths) / len(paths) / megapixels,
    }
    executor.close()
    print(json.dumps(costs, indent=1))
    print(json.dumps({"links": len(links), "in a run": len(some), "of frames": seen, "finish_s": finish_s / size}))


if __name__ == "__main__":
    main()
