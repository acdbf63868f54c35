from __future__ import annotations

import io
import itertools
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import rawpy

from stackcore.errors import UsageError
from stackcore.testing.ptpip import Responder, packets
from stackcore.testing.ptpip.__main__ import main
from stackcore.testing.ptpip.body import Body
from stackcore.testing.ptpip.codes import Answer, Operation
from stackcore.testing.ptpip.faults import Setup, with_fault
from stackcore.testing.ptpip.packets import Kind, Packet
from stackcore.testing.ptpip.pictures import GivenPictures, MadeUpPictures
from stackcore.testing.ptpip.server import Server
from stackcore.testing.ptpip.wire import Arrival, WireLog, read_log

GREETING = Packet(Kind.INIT_COMMAND_REQUEST, bytes(16) + b"h\0\0\0" + b"\0\0\1\0")


class Line:
    """A connection of a host that says what it likes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._transactions = itertools.count(1)

    def say(self, packet: Packet) -> None:
        self.socket.sendall(packet.encode())

    def hear(self) -> Packet:
        return packets.read_packet(self.socket.recv)

    def ask(self, operation: int, *parameters: int) -> int:
        number = next(self._transactions)
        body = struct.pack(f"<IHI{len(parameters)}I", 1, operation, number, *parameters)
        self.say(Packet(Kind.COMMAND, body))
        while (answer := self.hear()).kind != Kind.RESPONSE:
            pass
        code: int
        code, told = struct.unpack_from("<HI", answer.body)
        assert told == number
        return code

    def ended(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


class Bench:
    """A server in this process, and its log."""

    def __init__(self, folder: Path, *faults: str) -> None:
        setup = Setup()
        for fault in faults:
            setup = with_fault(setup, fault)
        self.file = folder / "wire.jsonl"
        self.log = WireLog(self.file, itertools.count(100).__next__)
        self.server = Server(Body(setup, MadeUpPictures()), self.log)
        self.server.start()
        self.lines: list[Line] = []

    def line(self) -> Line:
        self.lines.append(Line(self.server.port))
        return self.lines[-1]

    def greeted(self) -> Line:
        line = self.line()
        line.say(GREETING)
        assert line.hear().kind == Kind.INIT_COMMAND_ACK
        return line

    def close(self) -> None:
        for line in self.lines:
            line.socket.close()
        self.server.close()
        self.log.close()


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(tmp_path, *getattr(request, "param", ()))
    yield bench
    bench.close()


def test_both_connections_are_greeted_and_pinged(bench: Bench) -> None:
    line, events = bench.greeted(), bench.line()
    events.say(Packet(Kind.INIT_EVENT_REQUEST, b"\1\0\0\0"))
    assert events.hear().kind == Kind.INIT_EVENT_ACK
    events.say(Packet(Kind.PING))
    assert events.hear().kind == Kind.PONG
    line.say(Packet(Kind.CANCEL, b"\1\0\0\0"))
    assert line.ask(Operation.OPEN_SESSION, 1) == Answer.OK
    line.socket.close()
    assert events.ended()


def test_events_of_another_connection_are_refused(bench: Bench) -> None:
    bench.greeted()
    events = bench.line()
    events.say(Packet(Kind.INIT_EVENT_REQUEST, b"\7\0\0\0"))
    assert events.hear().kind == Kind.INIT_FAIL


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n", Packet(Kind.EVENT).encode(), Packet(Kind.COMMAND, b"?").encode()]
)
def test_noise_ends_a_connection_and_nothing_else(noise: bytes, bench: Bench) -> None:
    stranger = bench.line()
    stranger.socket.sendall(noise)
    assert stranger.ended()
    line = bench.greeted()
    line.socket.sendall(noise)
    assert line.ended()
    assert bench.greeted().ask(Operation.OPEN_SESSION, 1) == Answer.OK


def test_everything_that_arrives_is_in_the_log_before_its_answer(bench: Bench) -> None:
    line = bench.greeted()
    line.ask(Operation.OPEN_SESSION, 1)
    line.ask(0x9999, 5, 6)
    line.say(Packet(Kind.COMMAND, struct.pack("<IHII", 2, Operation.SET_PROPERTY_VALUE, 3, 0x5007)))
    for packet in packets.data_packets(3, struct.pack("<H", 800)):
        line.say(packet)
    assert line.hear().body[:2] == struct.pack("<H", Answer.OK)
    arrivals = read_log(bench.file)
    assert [arrival.what for arrival in arrivals] == ["connected", "command", "command", "command"]
    unknown, put = arrivals[2:]
    assert (unknown.operation, unknown.name, unknown.parameters) == (0x9999, "0x9999", (5, 6))
    assert unknown.answer == Answer.OPERATION_NOT_SUPPORTED
    assert (put.act, put.received, put.about) == ("setting", "2003", {"value": 800})
    assert [arrival.at_s for arrival in arrivals] == [1, 2, 3, 4]


@pytest.mark.parametrize("bench", [["cut:preview=100"]], indirect=True)
def test_a_cut_comes_after_exactly_so_many_bytes(bench: Bench) -> None:
    line = bench.greeted()
    line.ask(Operation.OPEN_SESSION, 1)
    line.ask(Operation.NIKON_START_LIVE_VIEW)
    line.say(Packet(Kind.COMMAND, struct.pack("<IHI", 1, Operation.NIKON_GET_LIVE_VIEW_IMAGE, 3)))
    got = b""
    while piece := line.socket.recv(4096):
        got += piece
    assert len(got) == 100
    assert bench.greeted().ask(Operation.OPEN_SESSION, 1) == Answer.OK


def test_a_log_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("dear")
    with pytest.raises(FileExistsError):
        WireLog(tmp_path / "kept", lambda: 0.0)
    assert (tmp_path / "kept").read_text() == "dear"


def test_a_line_half_written_is_left_for_the_next_time(tmp_path: Path) -> None:
    log = WireLog(tmp_path / "log", lambda: 0.0)
    log.write(Arrival(at_s=1.5, operation=0x9204, parameters=(2, 50)))
    with (tmp_path / "log").open("a") as file:
        file.write('{"at_s": 2')
    assert read_log(tmp_path / "log") == [Arrival(at_s=1.5, operation=0x9204, parameters=(2, 50))]
    log.close()


def test_made_up_pictures_are_sharp_where_the_lens_stands() -> None:
    pictures = MadeUpPictures()

    def sharpness(position: int) -> list[float]:
        image = cv2.imdecode(np.frombuffer(pictures.preview(position), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert image is not None
        assert image.shape == (212, 320)
        return [float(cv2.Laplacian(image[:, n * 40 + 4 : n * 40 + 36], cv2.CV_64F).var()) for n in range(8)]

    for strip in (0, 3, 7):
        measured = sharpness(strip * 50)
        assert int(np.argmax(measured)) == strip
        assert measured[strip] > 2 * min(measured)
    assert pictures.preview(50) == MadeUpPictures().preview(50)
    assert pictures.preview(50) != pictures.preview(60)


def test_made_up_stills_open_as_what_they_claim_to_be() -> None:
    pictures = MadeUpPictures()
    image = cv2.imdecode(np.frombuffer(pictures.still(0, "jpg"), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (640, 960, 3)
    with rawpy.imread(io.BytesIO(pictures.still(0, "nef"))) as raw:
        assert (raw.sizes.width, raw.sizes.height) == (960, 640)


def test_given_pictures_come_in_order_and_again(tmp_path: Path) -> None:
    for name in ("preview2.jpg", "preview1.jpg", "b.jpg", "a.jpg", "c.NEF"):
        (tmp_path / name).write_bytes(name.encode())
    given = GivenPictures(tmp_path)
    assert [given.preview(0) for _ in range(3)] == [b"preview1.jpg", b"preview2.jpg", b"preview1.jpg"]
    assert [given.still(0, "jpg") for _ in range(3)] == [b"a.jpg", b"b.jpg", b"a.jpg"]
    assert given.still(0, "nef") == b"c.NEF"


def test_an_empty_folder_holds_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no picture"):
        GivenPictures(tmp_path)


def test_a_wrong_fault_is_told_before_a_process_is_started() -> None:
    with pytest.raises(UsageError, match="bussy"):
        Responder(faults=["bussy"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("--fault=bussy", 'did you mean "busy"'),
        ("--files=", "jpg+nef"),
        ("--position=2000000", "stops"),
        ("--log=.", "new --log"),
        ("--pictures=nowhere", "--pictures"),
        ("--port=70000", "65535"),
    ],
)
def test_the_command_line_says_what_is_wrong_and_ends(
    wrong: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([wrong]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err


def test_a_port_in_use_is_refused(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"--port={bench.server.port}"]) == 2
    assert "another --port" in capsys.readouterr().err


def test_a_body_nobody_described_is_refused_with_advice() -> None:
    with pytest.raises(UsageError, match="d850"):
        Responder("d85")


def test_a_responder_ends_with_its_statement() -> None:
    with Responder("z6", position=12) as body:
        assert body.address == f"ptpip:127.0.0.1:{body.port}:{body.port}"
        assert (body.position, body.log(), body.files()) == (12, [], [])
        port = body.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_a_body_that_was_unplugged_may_come_back_where_it_was() -> None:
    with Responder(position=5) as body:
        connection = socket.create_connection(("127.0.0.1", body.port), timeout=10)
        body.unplug()
        assert connection.recv(1) == b""
        connection.close()
        assert body.log() == []
        with Responder(position=body.position, port=body.port) as again:
            assert (again.address, again.position) == (body.address, 5)


@pytest.mark.skipif(os.name == "nt", reason="a killed process has no negative return code there")
def test_a_responder_ends_with_the_process_that_started_it() -> None:
    script = "\n".join(
        (
            "import os, signal",
            "from stackcore.testing.ptpip import Responder",
            "print(Responder().__enter__().port, flush=True)",
            "os.kill(os.getpid(), signal.SIGKILL)",
        )
    )
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert killed.returncode == -9
    # its error stream is inherited: `run` has returned, so nobody holds it any more
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(killed.stdout)), timeout=10)
