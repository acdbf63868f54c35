"""What programs cost: processor time, wall time and memory of a process and everything it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_S = 0.05

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Cost:
    """What running some commands took.

    Attributes
    ----------
    cpu_s
        Processor time of all processes, user and system, seconds.
    wall_s
        Seconds from the first start to the last end.
    peak_bytes
        The most memory that all processes held at once, sampled 20 times a second; pages that processes share count
        for each of them. At least the peak of the largest process, which is exact. Without /proc nothing else.
    failure
        Why there is no result, in words; empty when all commands ended with 0.
    """

    cpu_s: float
    wall_s: float
    peak_bytes: int
    failure: str = ""

    def then(self, later: Cost) -> Cost:
        """The cost of one after the other."""
        return Cost(
            self.cpu_s + later.cpu_s,
            self.wall_s + later.wall_s,
            max(self.peak_bytes, later.peak_bytes),
            self.failure or later.failure,
        )


def resident_bytes(roots: Sequence[int]) -> int:
    """Memory that these processes and their descendants hold now; 0 where there is no /proc."""
    children: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name of the program, in parentheses, may hold anything; what follows does not.
            fields = entry.read_text().rpartition(")")[2].split()
        except (OSError, UnicodeDecodeError):
            continue  # it has ended
        process = int(entry.parent.name)
        children.setdefault(int(fields[1]), []).append(process)
        pages[process] = int(fields[21])
    total, waiting = 0, list(roots)
    while waiting:
        process = waiting.pop()
        total += pages.get(process, 0)
        waiting += children.get(process, [])
    return total * os.sysconf("SC_PAGE_SIZE")


def run_together(
    commands: Sequence[Command],
    folder: Path,
    *,
    limit_bytes: int,
    limit_s: float,
    environment: Mapping[str, str] | None = None,
) -> Cost:
    """Run commands side by side in `folder`, stop them at the limits, and tell the cost of all.

    What they print goes to `N.log` in that folder. Needs a system that tells the cost of a child (not Windows).
    """
    begun = time.monotonic()
    processes = []
    for number, command in enumerate(commands):
        with (folder / f"{number}.log").open("wb") as log:
            processes.append(
                subprocess.Popen(
                    [str(part) for part in command],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=None if environment is None else {**os.environ, **environment},
                    start_new_session=True,
                )
            )
    peak, stopped = 0, ""
    over = threading.Event()

    def watch() -> None:
        nonlocal peak, stopped
        while not over.wait(_SAMPLE_S):
            peak = max(peak, resident_bytes([process.pid for process in processes]))
            if peak > limit_bytes:
                stopped = f"stopped at {peak / 2**30:.1f} GiB"
            elif time.monotonic() - begun > limit_s:
                stopped = f"stopped after {limit_s:.0f} s"
            if stopped:
                for process in processes:
                    _kill(process)
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    cpu, largest, failure = 0.0, 0, ""
    for number, process in enumerate(processes):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu += used.ru_utime + used.ru_stime
        largest = max(largest, used.ru_maxrss * 1024)
        if process.returncode and not failure:
            failure = f"exit code {process.returncode}: {_last_line(folder / f'{number}.log')}"
    wall = time.monotonic() - begun
    over.set()
    watcher.join()
    return Cost(cpu, wall, max(peak, largest), stopped or failure)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1][-200:] if lines else "it said nothing"
