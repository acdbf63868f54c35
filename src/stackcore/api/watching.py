"""Watching a run in a browser: live view as MJPEG and the state of the run, on this machine alone."""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from stackcore.api.watch_page import PAGE
from stackcore.capturing.live_view import LiveFrame
from stackcore.capturing.status import CaptureStatus
from stackcore.errors import UsageError
from stackcore.events import BaseEvent, RunFinished

__all__ = ["LiveWatch"]

ADDRESS = "127.0.0.1"
STREAMS_MAX = 8
"""Each one that looks on holds a thread."""

_BOUNDARY = "stackcore-frame"
_CLIENT_TIMEOUT_S = 10.0
"""A browser that reads nothing for so long is let go."""


class LiveWatch:
    """Serves live view and the state of one run until it is closed; a context manager, and a listener.

    Nothing here talks to the camera: `show` is given the frames that the run takes anyway.

    Parameters
    ----------
    port
        TCP port on 127.0.0.1, 1 to 65535; 0 takes a free one.

    Raises
    ------
    UsageError
        The port cannot be used.

    Examples
    --------
    `with LiveWatch() as watch: capture(listeners=[watch], show=watch.show)`
    """

    def __init__(self, port: int = 0) -> None:
        self._changed = threading.Condition()
        self._status = CaptureStatus()
        self._frame: LiveFrame | None = None
        self._frames = self._streams = 0
        self._closed = False
        if not 0 <= port <= 65535:
            raise UsageError(f"{port} is no port.", "ports are 1 to 65535, 0 takes a free one.", "choose another one.")
        try:
            self._server = _Server(self, port)
        except OSError as error:
            why = f"{error.strerror or error}."
            raise UsageError(
                f"Port {port} cannot be used.", why, "choose another one, or 0 for any free one."
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="watch", daemon=True)

    @property
    def port(self) -> int:
        """The port that is really used."""
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{ADDRESS}:{self.port}/"

    def __enter__(self) -> LiveWatch:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every stream, then stop serving."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __call__(self, event: BaseEvent) -> None:
        """Take one event in."""
        with self._changed:
            self._status.note(event)
            if isinstance(event, RunFinished):
                self._changed.notify_all()

    def show(self, frame: LiveFrame) -> None:
        """Take a live-view frame in; returns at once, whoever looks on."""
        with self._changed:
            self._frame, self._frames = frame, self._frames + 1
            self._changed.notify_all()

    def data(self) -> dict[str, Any]:
        """The state of the run, and which slice the picture shows; plain values only."""
        with self._changed:
            frame = self._frame
            place = None if frame is None else {"slice": frame.slice_index + 1, "offset": frame.offset}
            return {**self._status.as_data(), "picture": place}

    def next_frame(self, seen: int) -> tuple[int, bytes] | None:
        """Wait for a frame after number `seen` (from 1); None when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames > seen or self._over)
            if self._frame is None or self._frames <= seen:
                return None
            return self._frames, self._frame.jpeg

    def enter_stream(self) -> bool:
        """Take a place among those who look on; False when all are taken."""
        with self._changed:
            free = self._streams < STREAMS_MAX
            self._streams += free
            return free

    def leave_stream(self) -> None:
        """Give the place back."""
        with self._changed:
            self._streams -= 1

    @property
    def _over(self) -> bool:
        return self._closed or self._status.ended


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a browser that hangs must not hold up the end of the run
    # Elsewhere this only lets the port of the last run be used again; Windows would share it with another program.
    allow_reuse_address = os.name != "nt"

    def __init__(self, watch: LiveWatch, port: int) -> None:
        self.watch = watch
        super().__init__((ADDRESS, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is nobody's trouble."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _CLIENT_TIMEOUT_S

    def do_GET(self) -> None:
        """Answer one request."""
        path = self.path.partition("?")[0]
        if not self._is_addressed_to_us():
            self.send_error(403)  # a page elsewhere that made its name point at this machine
        elif path == "/":
            self._answer("text/html; charset=utf-8", PAGE.encode())
        elif path == "/status.json":
            self._answer("application/json", json.dumps(self.server.watch.data()).encode())
        elif path == "/live.mjpg":
            self._stream()
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is given)
        """Print nothing: the terminal belongs to the run."""

    def _is_addressed_to_us(self) -> bool:
        port = self.server.server_address[1]
        return self.headers.get("Host") in (f"{ADDRESS}:{port}", f"localhost:{port}")

    def _head(self, media_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'")

    def _answer(self, media_type: str, body: bytes) -> None:
        self._head(media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        watch = self.server.watch
        if not watch.enter_stream():
            self.send_error(503)
            return
        try:
            self._head(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
            self.end_headers()
            seen = 0
            while (found := watch.next_frame(seen)) is not None:
                seen, jpeg = found
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
            self.wfile.write(f"--{_BOUNDARY}--\r\n".encode())
        finally:
            watch.leave_stream()
