"""Live view over loopback: the page, the stream, the state, and who is refused."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import stackcore
from stackcore import events as ev
from stackcore.api.shooting import LiveFrame
from stackcore.api.watching import STREAMS_MAX, LiveWatch
from stackcore.errors import UsageError

DONE = ev.RunFinished(outcome="completed", exit_code=0)


@pytest.fixture
def watch() -> Iterator[LiveWatch]:
    with LiveWatch() as served:
        yield served


def get(watch: LiveWatch, path: str, **headers: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", watch.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def read_frame(answer: http.client.HTTPResponse) -> bytes:
    """The next part of a stream, or nothing at its end."""
    if answer.readline().rstrip().endswith(b"--"):
        return b""
    assert answer.readline() == b"Content-Type: image/jpeg\r\n"
    size = int(answer.readline().split(b":")[1])
    assert answer.readline() == b"\r\n"
    data = answer.read(size)
    assert answer.readline() == b"\r\n"
    return data


def test_the_page_shows_the_stream_and_asks_for_the_state(watch: LiveWatch) -> None:
    status, media_type, page = get(watch, "/")
    assert (status, media_type) == (200, "text/html; charset=utf-8")
    assert b'src="/live.mjpg"' in page
    assert b'fetch("/status.json")' in page


def test_the_state_is_that_of_the_run(watch: LiveWatch) -> None:
    watch(ev.SliceStarted(slice_index=1, slices=3, offset=40, simulated=True))
    watch(ev.Progress(stage="sharpness", done=2, total=3, sharpness=0.5))
    watch.show(LiveFrame(jpeg=b"x", slice_index=1, offset=40))
    _, media_type, body = get(watch, "/status.json?again")
    data = json.loads(body)
    assert media_type == "application/json"
    assert (data["slice"], data["slices"], data["offset"], data["simulated"]) == (2, 3, 40, True)
    assert data["sharpness"] == [None, 0.5]
    assert data["picture"] == {"slice": 2, "offset": 40}


def test_the_stream_gives_the_frames_and_ends_with_the_run(watch: LiveWatch) -> None:
    watch.show(LiveFrame(jpeg=b"first", slice_index=0, offset=0))
    connection = http.client.HTTPConnection("127.0.0.1", watch.port, timeout=10)
    connection.request("GET", "/live.mjpg")
    answer = connection.getresponse()
    assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace; boundary=")
    assert read_frame(answer) == b"first"
    watch.show(LiveFrame(jpeg=b"second\r\n--", slice_index=1, offset=5))
    assert read_frame(answer) == b"second\r\n--"
    watch(DONE)
    assert read_frame(answer) == b""
    assert answer.read() == b""
    connection.close()


def test_closing_ends_a_stream_that_waits() -> None:
    with LiveWatch() as watch:
        connection = http.client.HTTPConnection("127.0.0.1", watch.port, timeout=10)
        connection.request("GET", "/live.mjpg")
        answer = connection.getresponse()
    assert read_frame(answer) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", watch.port), timeout=10)


def test_it_listens_on_the_loopback_address_alone(watch: LiveWatch) -> None:
    assert watch._server.server_address[0] == "127.0.0.1"
    assert watch.address == f"http://127.0.0.1:{watch.port}/"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", ""])
def test_a_page_elsewhere_is_refused(watch: LiveWatch, host: str) -> None:
    assert get(watch, "/status.json", Host=host)[0] == 403


def test_other_paths_are_not_there(watch: LiveWatch) -> None:
    assert get(watch, "/../etc/passwd")[0] == 404


def test_so_many_may_look_on_and_no_more(watch: LiveWatch) -> None:
    assert all(watch.enter_stream() for _ in range(STREAMS_MAX))
    assert get(watch, "/live.mjpg")[0] == 503
    watch.leave_stream()
    watch(DONE)
    assert get(watch, "/live.mjpg")[0] == 200


def test_a_port_in_use_is_refused(watch: LiveWatch) -> None:
    with pytest.raises(UsageError, match=f"Port {watch.port} cannot be used"):
        LiveWatch(watch.port)
    with pytest.raises(UsageError, match="1 to 65535"):
        LiveWatch(70_000)


def test_a_preview_run_can_be_watched(tmp_path: Path) -> None:
    """A reader beside the run gets the frame of the last slice at the latest; the run waits for nobody."""
    seen: list[bytes] = []
    shown: list[bytes] = []
    with LiveWatch() as watch:
        connection = http.client.HTTPConnection("127.0.0.1", watch.port, timeout=20)
        connection.request("GET", "/live.mjpg")
        answer = connection.getresponse()

        def read() -> None:
            while frame := read_frame(answer):
                seen.append(frame)

        def show(frame: LiveFrame) -> None:
            shown.append(frame.jpeg)
            watch.show(frame)

        reader = threading.Thread(target=read)
        reader.start()
        small = {"camera": {"width_px": 96, "height_px": 64}}
        stackcore.capture(slices=3, delay_ms=0, mode="preview", settings=small, listeners=[watch], show=show)
        reader.join(20)
        assert not reader.is_alive()
        state = watch.data()
    connection.close()
    assert len(shown) == 3
    assert seen[-1] == shown[-1]
    assert set(seen) <= set(shown)
    assert (state["doing"], len(state["sharpness"]), state["simulated"]) == ("completed", 3, True)
