"""The parent's end of the pipe: starts the child process, speaks to it, and ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from multiprocessing import Pipe
from typing import Any, Protocol

from stackcore_plugins.camera_gphoto2.messages import Call, Reply

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from {module} import main; main(int(sys.argv[1]))"
_END_S = 2.0
_LAST_WORDS = 300


class Link(Protocol):
    """A child process that answers calls."""

    def send(self, call: Call) -> None:
        """Hand over a call; `OSError` when the child is gone."""
        ...

    def receive(self, timeout_s: float) -> Reply | None:
        """Return the next reply, None when none comes in time; `EOFError` or `OSError` when the child is gone."""
        ...

    def end(self, *, at_once: bool) -> str:
        """End the child, waiting a moment unless `at_once`, and return how it ended, in words."""
        ...


class ChildProcess:
    """A fresh interpreter of its own, in a session of its own, so that Ctrl-C in a terminal does not reach it.

    Not `multiprocessing.Process`: that would run the caller's main program again in the child, and fail in every
    script without a `__main__` guard. Its standard input is the null device, which keeps file descriptor 0 in use.
    """

    def __init__(self, module: str = "stackcore_plugins.camera_gphoto2.worker") -> None:
        self._pipe, theirs = Pipe()
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START.format(module=module), str(theirs.fileno()), json.dumps(sys.path)],
                stdin=subprocess.DEVNULL,
                stdout=self._words,
                stderr=self._words,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env={**os.environ, "LANGUAGE": "C"},
            )
        except BaseException:
            self._pipe.close()
            self._words.close()
            raise
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def send(self, call: Call) -> None:
        """Hand over a call."""
        self._pipe.send(call)

    def receive(self, timeout_s: float) -> Reply | None:
        """Return the next reply, or None."""
        if not self._pipe.poll(timeout_s):
            return None
        reply: Any = self._pipe.recv()
        return reply  # type: ignore[no-any-return]

    def end(self, *, at_once: bool) -> str:
        """End the child and return how it ended."""
        if self._words.closed:
            return ""
        self._pipe.close()
        if at_once:
            self._process.kill()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._words.seek(0)
        last = self._words.read()[-_LAST_WORDS:].decode(errors="replace").strip().splitlines()
        self._words.close()
        return _how(self._process.returncode) + (f": {last[-1]}" if last else "")


def _how(code: int) -> str:
    if code >= 0:
        return f"it ended with {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"
