"""Many simulated runs that fail, are cancelled and are killed, and a check of everything that they leave behind.

    python tests/bench/endurance.py --runs 1000 --seed 1

Each run is a process of its own. Some meet a fault of the camera, a full disk, a cancel or a Ctrl-C; a part of them is
ended by a real SIGKILL at a random instant. Afterwards the disk is compared with the position where the simulated lens
really stands, and the run goes on, is given up, or is killed again while it goes on. What must hold: no saved frame is
lost, changed or overwritten; no counter number is used twice; the manifest can be read; where focus stands is known, or
is said not to be. Prints one JSON document; exits with 1 when anything does not hold. Needs `os.fork`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FAULTS = (
    *("jam", "lost", "refused", "end-stop", "busy-move", "busy-still", "stays-busy", "still-fails", "timeout"),
    *("transfer-cut", "card-full", "unplugged", "busy"),
)
FRAMES = 420
OURS = (".stackcore.json", ".journal.jsonl", ".journal-broken.jsonl", ".log", ".part")
KILL_SHARE = 0.45


# ------------------------------------------------------------------------- the processes that shoot


def serve() -> None:
    """Load everything once, then fork a process for each job that a line of stdin describes."""
    from importlib import import_module

    from stackcore.registry import Registry

    for name in ("stackcore.api.resuming", "stackcore_plugins.camera_simulator.camera"):
        import_module(name)  # once, here, and not in each of the processes
    registry = Registry.discover()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(_work(json.loads(line), registry))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _work(job: dict[str, Any], registry: Any) -> int:
    """Shoot, go on, or return focus; the exit code is that of the command line, 99 for what must not happen."""
    from stackcore.api.resuming import resume_capture, return_focus
    from stackcore.api.shooting import capture
    from stackcore.errors import StackcoreError

    os.environ.update(job["environment"])
    cancel = threading.Event()
    _fill_disk(job["disk_full_at"])
    listeners = [_stopper(job["cancel_at"], cancel)]
    more: dict[str, Any] = {"cancel": cancel, "registry": registry, "listeners": listeners}
    try:
        if job["verb"] == "capture":
            capture(**job["options"], settings={"camera": job["camera"]}, **more)
        else:
            verb = resume_capture if job["verb"] == "resume" else return_focus
            verb(Path(job["manifest"]), focus_offset=job["stated"], settings={"camera": job["camera"]}, **more)
    except StackcoreError as error:
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BaseException:
        traceback.print_exc()
        return 99
    return 0


def _stopper(at: int, cancel: threading.Event) -> Any:
    """A listener that cancels at an event, or presses Ctrl-C twice where `at` is negative."""
    seen = 0

    def listen(event: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == abs(at):
            if at < 0:
                raise KeyboardInterrupt
            cancel.set()

    return listen


def _fill_disk(at: int) -> None:
    """Let every flush fail from number `at` on, as on a disk that is full."""
    import errno

    flushed, before = 0, os.fsync

    def flush(handle: int) -> None:
        nonlocal flushed
        flushed += 1
        if 0 < at <= flushed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        before(handle)

    os.fsync = flush  # type: ignore[assignment]


class Shooters:
    """The process that forks, and how long its children live."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        command = [sys.executable, "-W", "error", __file__, "--serve"]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._lifetimes = [0.2]

    def run(self, job: dict[str, Any], *, kill: bool) -> int:
        """Do a job; the exit code, or -9 when it was killed before it was done."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(job).encode() + b"\n")
        child = int(self._server.stdout.readline())
        started = time.monotonic()
        if kill:
            instant = self._rng.uniform(0, sorted(self._lifetimes)[len(self._lifetimes) * 3 // 4])
            done, _, _ = select.select([self._server.stdout], [], [], instant)
            if not done:
                os.kill(child, signal.SIGKILL)
        code = int(self._server.stdout.readline())
        if code >= 0:
            self._lifetimes = [*self._lifetimes[-30:], time.monotonic() - started]
        return code

    def close(self) -> None:
        """End it."""
        self._server.communicate()


# ------------------------------------------------------------------------- the campaign


class BrokenPromiseError(Exception):
    """Something that must hold does not."""


@dataclass
class Campaign:
    """All runs, in one folder with one state, so that counters and frames of all of them meet."""

    folder: Path
    rng: random.Random
    shooters: Shooters
    counts: Counter[str] = field(default_factory=Counter)
    ledger: dict[Path, str] = field(default_factory=dict)
    numbers: dict[int, Path] = field(default_factory=dict)
    lens_of: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import numpy as np
        import pyvips

        self.shared = self.folder / "shared"
        self.replay = self.folder / "replay"
        self.replay.mkdir(parents=True)
        picture: bytes = pyvips.Image.new_from_array(np.full((16, 16, 3), 99, np.uint8)).jpegsave_buffer()
        for index in range(FRAMES):  # what follows the end of a JPEG is passed over, and tells the frames apart
            (self.replay / f"{index:04d}.jpg").write_bytes(picture + f"frame {index}".encode())
        self.environment = {
            "STACKCORE_CONFIG_DIR": str(self.folder / "config"),
            "STACKCORE_STATE_DIR": str(self.folder / "state"),
        }

    def go(self, runs: int) -> None:
        """Shoot `runs` runs, the goings-on of earlier ones included."""
        while self.counts["runs"] < runs:
            Story(self, self.folder / "shots" / f"{self.counts['stories']:05d}").tell(runs)
            self.counts["stories"] += 1
        for path, digest in self.ledger.items():
            if not path.exists() or _digest(path) != digest:
                raise BrokenPromiseError(f"{path} was lost or changed")
        self.counts["frames"] = len(self.ledger)
        self.counts["counter_numbers"] = len(self.numbers)

    def note_frames(self, folder: Path) -> list[Path]:
        """Enter new frames; a number that was used before must not come back, and no old frame may have changed."""
        found = [path for path in sorted(folder.rglob("*.*")) if path.is_file() and not path.name.endswith(OURS)]
        for path in found:
            digest = _digest(path)
            if self.ledger.setdefault(path, digest) != digest:
                raise BrokenPromiseError(f"{path} was overwritten")
            number = int(path.name.split(".")[0]) if path.parent != self.shared else -1
            if number > 0 and self.numbers.setdefault(number, path) != path:
                raise BrokenPromiseError(f"number {number} was used for {self.numbers[number]} and for {path}")
        return found


class Story:
    """One run from its start through everything that happens to it."""

    def __init__(self, campaign: Campaign, folder: Path) -> None:
        rng = campaign.rng
        self._campaign, self._rng, self._folder = campaign, rng, folder
        folder.mkdir(parents=True)
        self._lens = folder / "lens" / "lens.json"
        self._lens.parent.mkdir()
        self._start = rng.randrange(100)
        self._lens.write_text(json.dumps({"position": self._start, "lens": self._start}))
        # A part of the runs saves under the same names in one folder, where they must not meet.
        self._frames = campaign.shared if rng.random() < 0.25 else folder / "frames"
        self._slices, self._step = rng.randint(2, 8), rng.choice([3, 7, 20])
        self._mode = rng.choices(["full", "preview-images", "preview"], [6, 2, 2])[0]
        self._camera = {
            "replay": str(campaign.replay),
            "replay_step": 1,
            "lens_file": str(self._lens),
            "backlash_units": rng.choice([0, 0, 3]),
            "tells_position": rng.random() < 0.4,
            "still_s": rng.choice([0, 0.004]),
            "move_s": rng.choice([0, 0.02]),
            "timeout_s": 0,
            "seed": rng.randrange(5),
        }
        self._options = {
            "slices": self._slices,
            "step": self._step,
            "delay_ms": rng.choice([0, 3]),
            "mode": self._mode,
            "camera": rng.choice(["simulator", "simulator-legacy"]),
            "path": str(self._frames / ("@MCT" if self._frames == campaign.shared else "@GRP/@GCT6")),
            "save_profile": False,
        }

    @property
    def _truth(self) -> int:
        """Where the lens really stands, drive units from the start of the run."""
        return int(json.loads(self._lens.read_text())["position"]) - self._start

    def tell(self, runs: int) -> None:
        """Shoot, then go on until the run is complete, given up, or there are enough runs."""
        self._shoot("capture", None, trouble=True)
        for _ in range(self._rng.randrange(4)):
            manifest = self._manifest()
            if manifest is None or self._campaign.counts["runs"] >= runs:
                return
            self._go_on(manifest, trouble=self._rng.random() < 0.5)
        manifest = self._manifest()
        if manifest is not None and self._rng.random() < 0.6 and self._campaign.counts["runs"] < runs:
            self._go_on(manifest, trouble=False)

    def _shoot(self, verb: str, manifest: Path | None, *, trouble: bool, stated: int | None = None) -> int:
        rng, counts = self._rng, self._campaign.counts
        kill = trouble and rng.random() < KILL_SHARE
        fault = self._fault() if trouble and rng.random() < 0.4 else ""
        camera: dict[str, Any] = {**self._camera, "fault": fault, "far_stop": 20_000}
        if trouble and rng.random() < 0.1:
            camera["far_stop"] = self._start + rng.randrange(self._slices * self._step)
        job = {
            "verb": verb,
            "manifest": str(manifest) if manifest else None,
            "stated": stated,
            "options": self._options,
            "camera": camera,
            "environment": self._campaign.environment,
            "cancel_at": rng.choice([1, -1]) * rng.randint(3, 30) if trouble and rng.random() < 0.35 else 0,
            "disk_full_at": rng.randint(5, 60) if trouble and rng.random() < 0.15 else 0,
        }
        code = self._campaign.shooters.run(job, kill=kill)
        names = {0: "completed", 130: "cancelled", -9: "killed"}
        counts["runs"] += 1
        counts[names.get(code, "failed")] += 1
        counts[verb] += 1
        if code == 99 or code not in (0, 2, 5, 6, 7, 130, -9):
            raise BrokenPromiseError(f"{job} ended with {code}")
        self._check()
        return code

    def _fault(self) -> str:
        return ",".join(
            f"{self._rng.choice(FAULTS)}@{self._rng.randint(1, 2 * self._slices)}"
            for _ in range(self._rng.randint(1, 2))
        )

    def _go_on(self, manifest: Path, *, trouble: bool) -> None:
        """Resume or return focus; without certainty the offset must be refused first, and is then stated."""
        found, truth = self._recovered(manifest), self._truth
        verb = self._rng.choice(["resume", "resume", "return"])
        settled = found.focus.certain or (self._camera["tells_position"] and found.focus.low is not None)
        stated = None
        if not settled:
            code = self._shoot(verb, manifest, trouble=False)
            if code not in (2, 5) or self._truth != truth:
                raise BrokenPromiseError(f"{manifest}: {verb} guessed and ended with {code}")
            self._campaign.counts["refused_to_guess"] += 1
            stated = truth
        code = self._shoot(verb, manifest, trouble=trouble, stated=stated)
        if trouble:
            return
        done = self._recovered(manifest).manifest
        if code not in (0, 2) or (code == 2 and verb == "return"):
            raise BrokenPromiseError(f"{manifest}: {verb} without any trouble ended with {code}")
        if code == 0 and (self._truth != 0 or not done.focus.certain or done.focus.now != 0):
            raise BrokenPromiseError(f"{manifest}: {verb} did not return focus")
        if code == 0 and verb == "resume":
            self._check_complete(done)

    def _check_complete(self, manifest: Any) -> None:
        expected = [(index, index * self._step) for index in range(self._slices)]
        if manifest.state != "completed" or [(each.index, each.offset) for each in manifest.slices] != expected:
            raise BrokenPromiseError(f"{manifest.run_id} went on and is not complete")
        self._campaign.counts["completed_after_all"] += 1

    def _check(self) -> None:
        """Everything that must hold after each run, however it ended."""
        frames = self._campaign.note_frames(self._frames) if self._frames.exists() else []
        if self._frames == self._campaign.shared:
            frames = []  # those of others, too: the ledger alone looks after them
        path, truth = self._manifest(), self._truth
        if path is None:
            if truth != 0 or frames:
                raise BrokenPromiseError(f"{self._folder}: moved or saved without a manifest")
            return
        found = self._recovered(path)
        low, high = found.focus.low, found.focus.high
        if low is None or high is None:
            self._campaign.counts["focus_unknown"] += 1
        elif not low <= truth <= high:
            raise BrokenPromiseError(f"{path}: focus stands at {truth:+d}, said to be {found.focus}")
        else:
            self._campaign.counts["focus_certain" if found.focus.certain else "focus_in_a_range"] += 1
        self._check_frames(path, found.manifest, frames)

    def _check_frames(self, path: Path, manifest: Any, frames: Sequence[Path]) -> None:
        told = {warning.frame for warning in manifest.warnings if warning.code == "shot_again"}
        listed = {file.resolve() for file in manifest.file_paths(path.parent)}
        for frame in frames:
            if frame.resolve() not in listed and frame.name not in told:
                raise BrokenPromiseError(f"{frame} is in no manifest")
        for entry in manifest.slices:
            for file in entry.files:
                data = (path.parent / file.path).read_bytes()
                if (len(data), hashlib.sha256(data).hexdigest()) != (file.bytes, file.sha256):
                    raise BrokenPromiseError(f"{path.parent / file.path} is not what the manifest tells")
                if self._mode == "full" and self._camera["backlash_units"] == 0:
                    self._check_content(entry, data)

    def _check_content(self, entry: Any, data: bytes) -> None:
        if data != (self._campaign.replay / f"{self._start + entry.offset:04d}.jpg").read_bytes():
            raise BrokenPromiseError(f"slice {entry.index} was not taken at {entry.offset:+d}")

    def _manifest(self) -> Path | None:
        """The one manifest of this run; it is told from those of others by the lens."""
        places = (self._frames, self._campaign.folder / "state" / "runs")
        states = [path for place in places for path in place.rglob("*.stackcore.json") if self._is_mine(path)]
        if len(states) > 1:
            raise BrokenPromiseError(f"{self._folder} has several manifests: {states}")
        return states[0] if states else None

    def _is_mine(self, path: Path) -> bool:
        lens_of = self._campaign.lens_of
        if path not in lens_of:
            lens_of[path] = json.loads(path.read_bytes())["settings"]["camera_options"]["lens_file"]
        return lens_of[path] == str(self._lens)

    def _recovered(self, path: Path) -> Any:
        from stackcore.capturing.journal import broken_journal_path, journal_path, read_journal
        from stackcore.capturing.manifest import read_manifest
        from stackcore.capturing.recovery import recover

        manifest = read_manifest(path)
        names = (journal_path(path, manifest.run_id), broken_journal_path(path, manifest.run_id))
        return recover(manifest, path.parent, *(read_journal(name) if name.exists() else [] for name in names))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="work here and leave everything")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
        return 0
    rng = random.Random(given.seed)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="endurance-"))
    started, broken = time.monotonic(), None
    shooters = Shooters(rng)
    campaign = Campaign(folder, rng, shooters)
    try:
        campaign.go(given.runs)
    except BrokenPromiseError as error:
        broken = str(error)
    finally:
        shooters.close()
        if given.keep is None and broken is None:
            with suppress(OSError):
                shutil.rmtree(folder)
    seconds = round(time.monotonic() - started, 1)
    told = {"seed": given.seed, **dict(sorted(campaign.counts.items())), "seconds": seconds, "broken": broken}
    print(json.dumps({**told, "folder": str(folder)} if broken else told, indent=2))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
