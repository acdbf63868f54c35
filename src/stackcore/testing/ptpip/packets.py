"""How PTP/IP cuts a conversation into packets (CIPA DC-X005, 2005, section 2.3); knows no meaning of a command."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

MAX_PACKET_BYTES = 256 * 1024 * 1024
"""No honest packet is longer: a length beyond it means that the two sides lost step."""


class Kind(IntEnum):
    """The type of a packet, its second word."""

    INIT_COMMAND_REQUEST = 1
    INIT_COMMAND_ACK = 2
    INIT_EVENT_REQUEST = 3
    INIT_EVENT_ACK = 4
    INIT_FAIL = 5
    COMMAND = 6
    RESPONSE = 7
    EVENT = 8
    START_DATA = 9
    DATA = 10
    CANCEL = 11
    END_DATA = 12
    PING = 13
    PONG = 14


class MalformedPacket(Exception):  # noqa: N818 - reads as a claim, like the errors of the core
    """The peer sent something that is no PTP/IP packet, or less of it than its type needs."""


class ConnectionEnded(Exception):  # noqa: N818
    """The peer closed the connection."""


@dataclass(frozen=True)
class Packet:
    """A packet: its type, and what follows the eight bytes of its header."""

    kind: int
    body: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes that go over the wire."""
        return struct.pack("<II", 8 + len(self.body), self.kind) + self.body


@dataclass(frozen=True)
class Command:
    """A command of the host; `data_follows` when it sends data along."""

    operation: int
    transaction: int
    parameters: tuple[int, ...]
    data_follows: bool


def read_packet(read: Callable[[int], bytes]) -> Packet:
    """Read the next packet.

    Parameters
    ----------
    read
        Returns between 1 and that many bytes, or none at the end of the connection; like `socket.recv`.

    Raises
    ------
    ConnectionEnded
        The connection ended, between packets or within one.
    MalformedPacket
        The length cannot be true.
    """
    length, kind = struct.unpack("<II", _exactly(read, 8))
    if not 8 <= length <= MAX_PACKET_BYTES:
        raise MalformedPacket(f"a packet of type {kind} claims {length} bytes; 8 to {MAX_PACKET_BYTES} are possible.")
    return Packet(kind, _exactly(read, length - 8))


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    got = bytearray()
    while len(got) < size:
        piece = read(size - len(got))
        if not piece:
            raise ConnectionEnded(f"the peer hung up with {size - len(got)} bytes missing.")
        got += piece
    return bytes(got)


def parse_command(packet: Packet) -> Command:
    """Return the command in a packet of that type; `MalformedPacket` when it is short or no command."""
    if packet.kind != Kind.COMMAND or len(packet.body) < 10 or (len(packet.body) - 10) % 4:
        raise MalformedPacket(f"type {packet.kind} with {len(packet.body)} bytes is no command.")
    phase, operation, transaction = struct.unpack_from("<IHI", packet.body)
    count = (len(packet.body) - 10) // 4
    return Command(operation, transaction, struct.unpack_from(f"<{count}I", packet.body, 10), phase == 2)


def read_data(read: Callable[[int], bytes]) -> bytes:
    """Read what the host sends along with a command: one start, any number of pieces, one end."""
    packet = read_packet(read)
    if packet.kind != Kind.START_DATA:
        raise MalformedPacket(f"data should start with a packet of type 9, not {packet.kind}.")
    got = bytearray()
    while packet.kind != Kind.END_DATA:
        packet = read_packet(read)
        if packet.kind not in (Kind.DATA, Kind.END_DATA):
            raise MalformedPacket(f"a packet of type {packet.kind} came in the middle of data.")
        got += packet.body[4:]
    return bytes(got)


def data_packets(transaction: int, data: bytes, piece_bytes: int = 65536) -> Iterator[Packet]:
    """Yield the packets that carry `data` to the host in pieces; empty data still needs its start and its end.

    Raises
    ------
    ValueError
        `piece_bytes` is less than 1.
    """
    if piece_bytes < 1:
        raise ValueError(f"a piece of {piece_bytes} bytes carries nothing.")
    yield Packet(Kind.START_DATA, struct.pack("<IQ", transaction, len(data)))
    last = max(0, (len(data) - 1) // piece_bytes * piece_bytes)
    for start in range(0, last, piece_bytes):
        yield Packet(Kind.DATA, struct.pack("<I", transaction) + data[start : start + piece_bytes])
    yield Packet(Kind.END_DATA, struct.pack("<I", transaction) + data[last:])


def response(transaction: int, code: int, parameters: Sequence[int] = ()) -> Packet:
    """Return the answer to a command, with up to five parameters."""
    return Packet(Kind.RESPONSE, struct.pack(f"<HI{len(parameters)}I", code, transaction, *parameters))


def init_command_ack(connection: int, guid: bytes, name: str) -> Packet:
    """Return the greeting of a body: the number of the connection, its 16 bytes of identity, its name."""
    text = (name + "\0").encode("utf-16-le")
    return Packet(Kind.INIT_COMMAND_ACK, struct.pack("<I", connection) + guid + text + struct.pack("<HH", 0, 1))


def init_fail(reason: int) -> Packet:
    """Return the refusal of a connection: 1 rejected, 2 busy, 0xFFFFFFFF unspecified."""
    return Packet(Kind.INIT_FAIL, struct.pack("<I", reason))


def connection_number(packet: Packet) -> int:
    """Return which connection an event request belongs to; `MalformedPacket` when it is none."""
    if packet.kind != Kind.INIT_EVENT_REQUEST or len(packet.body) != 4:
        raise MalformedPacket(f"type {packet.kind} with {len(packet.body)} bytes asks for no event connection.")
    return int.from_bytes(packet.body, "little")
