"""The child process: owns the camera, takes calls from the pipe one by one, and ends with its parent."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

from stackcore.errors import StackcoreError
from stackcore_plugins.camera_gphoto2 import messages
from stackcore_plugins.camera_gphoto2.session import CameraSession


class _SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Worker:
    """Answers calls until it is told to close, or nobody is left to answer."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._session: CameraSession | None = None
        self._number = 0
        self._lock: object = None

    def serve(self) -> None:
        """Take calls; returns when the parent has closed the camera or has gone."""
        try:
            while True:
                call: messages.Call = self._pipe.recv()
                self._number = call.number
                self._pipe.send(self._reply(call))
                if isinstance(call.request, messages.Close):
                    return
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._close()

    def _reply(self, call: messages.Call) -> messages.Reply:
        try:
            return messages.Answer(call.number, self._carry_out(call.request))
        except StackcoreError as error:
            return messages.Failure(call.number, error)
        except Exception:
            return messages.Bug(call.number, traceback.format_exc())

    def _carry_out(self, request: messages.Request) -> Any:
        if isinstance(request, messages.Detect):
            from stackcore_plugins.camera_gphoto2.library import detect

            return detect()
        if isinstance(request, messages.Open):
            return self._open(request)
        if isinstance(request, messages.Close):
            return self._close()
        if self._session is None:
            raise RuntimeError(f"{request!r} before the camera was opened")
        return self._session.answer(request)

    def _open(self, request: messages.Open) -> messages.Opened:
        from stackcore_plugins.camera_gphoto2.library import connect
        from stackcore_plugins.camera_gphoto2.lock import lock_camera

        def lock(port: str) -> None:
            self._lock = lock_camera(request.locks, port)

        options = request.options
        body, port, known_as = connect(options.port, options.model, lock)
        self._session = CameraSession(body, port, options, _SystemClock(), self._say_patience, known_as)
        return self._session.opened

    def _say_patience(self, seconds: float) -> None:
        self._pipe.send(messages.Patience(self._number, seconds))

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def main(descriptor: int) -> None:
    """Serve the pipe of this file descriptor. Ctrl-C is the parent's business: it decides how a run ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["LANGUAGE"] = "C"  # the driver's texts and choices are compared, so they must be its own
    with Connection(descriptor) as pipe:
        Worker(pipe).serve()
    sys.stdout.flush()
    os._exit(0)  # freeing the camera again at the interpreter's end may close what is not its own
