"""The impersonated body as a process of its own, started and stopped by a `with` statement."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from stackcore.testing.ptpip.faults import Setup, with_fault
from stackcore.testing.ptpip.wire import Arrival, read_log

_STOP_TIMEOUT_S = 10.0


class Responder:
    """A body on the loopback address that the driver of libgphoto2 takes for a Nikon.

    It runs in another process, because several calls of python-gphoto2 stop all threads of theirs; and it ends with
    the process that started it.

    Parameters
    ----------
    identity
        `d850` (first list of events), `z6` (second list, application mode) or `d300` (stills into memory only).
    faults
        Specs of `faults.with_fault`.
    files
        Suffixes of what one still consists of.
    position, near_stop, far_stop
        The lens, drive units; greater is farther from the camera.
    port
        TCP port, such as that of a body which was unplugged before; 0 for any that is free.
    pictures
        Name and content of what it serves: `preview*.jpg` live view, anything else stills; None: made up.

    Examples
    --------
    >>> with Responder("z6", faults=["end-of-range@2"]) as body:  # doctest: +SKIP
    ...     take_pictures(body.address)
    ...     [a.about["moved"] for a in body.log() if a.act == "drive"]
    [50, 25]
    """

    def __init__(
        self,
        identity: str = "d850",
        *,
        faults: Sequence[str] = (),
        files: Sequence[str] = ("jpg",),
        position: int = 0,
        near_stop: int = -1_000_000,
        far_stop: int = 1_000_000,
        port: int = 0,
        pictures: Mapping[str, bytes] | None = None,
    ) -> None:
        setup = Setup(identity=identity, position=position, near_stop=near_stop, far_stop=far_stop, files=tuple(files))
        for fault in faults:  # what is wrong is told here, not by a process that did not start
            setup = with_fault(setup, fault)
        self._arguments = [
            f"--identity={identity}",
            f"--files={'+'.join(files)}",
            f"--position={position}",
            f"--near-stop={near_stop}",
            f"--far-stop={far_stop}",
            f"--port={port}",
            *(f"--fault={fault}" for fault in faults),
        ]
        self._pictures, self._start = pictures, position
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Responder:
        self._folder = tempfile.TemporaryDirectory(prefix="ptpip-")
        arguments = [*self._arguments, f"--log={self._log_file}", "--until-stdin-closes"]
        if self._pictures is not None:
            folder = Path(self._folder.name) / "pictures"
            folder.mkdir()
            for name, content in self._pictures.items():
                (folder / name).write_bytes(content)
            arguments.append(f"--pictures={folder}")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stackcore.testing.ptpip", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first:
            self.__exit__(None, None, None)
            raise RuntimeError(f"the responder did not start with {arguments}; its reason is on the error stream.")
        self.port = int(first)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
        if self._folder is not None:
            self._folder.cleanup()

    def unplug(self) -> None:
        """End the body at once, whatever it is doing; its log can still be read."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()

    @property
    def address(self) -> str:
        """The port path for libgphoto2: the same TCP port for commands and for events."""
        return f"ptpip:127.0.0.1:{self.port}:{self.port}"

    @property
    def _log_file(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / "wire.jsonl"

    def log(self) -> list[Arrival]:
        """Return everything that has arrived on the wire so far; ask before the `with` statement ends."""
        return read_log(self._log_file)

    def commands(self, act: str) -> list[Arrival]:
        """Return the commands about one thing, such as `drive` or `still`, in their order."""
        return [arrival for arrival in self.log() if arrival.act == act]

    def files(self) -> list[dict[str, Any]]:
        """Return every file of every still so far: its `name`, size in `bytes`, `sha256` and `handle`, in order."""
        return [file for still in self.commands("still") for file in still.about.get("files", ())]

    @property
    def position(self) -> int:
        """Where the lens stands now, drive units."""
        log = self.log()
        return log[-1].position if log else self._start
