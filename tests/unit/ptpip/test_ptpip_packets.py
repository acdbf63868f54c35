from __future__ import annotations

import io
import struct

import pytest

from stackcore.testing.ptpip import packets
from stackcore.testing.ptpip.packets import ConnectionEnded, Kind, MalformedPacket, Packet


def drip(data: bytes) -> io.BytesIO:
    """A connection that gives at most three bytes at a time."""

    class Drip(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 3))

    return Drip(data)


def test_a_packet_is_read_as_it_was_written_however_it_arrives() -> None:
    sent = Packet(Kind.RESPONSE, b"\x01\x20\x07\0\0\0")
    assert sent.encode() == bytes.fromhex("0e000000 07000000 0120 07000000")
    assert packets.read_packet(drip(sent.encode() * 2).read) == sent


@pytest.mark.parametrize("length", [0, 7, packets.MAX_PACKET_BYTES + 1])
def test_a_length_that_cannot_be_is_refused_before_anything_is_kept(length: int) -> None:
    with pytest.raises(MalformedPacket, match=str(length)):
        packets.read_packet(io.BytesIO(struct.pack("<II", length, 6)).read)


@pytest.mark.parametrize("size", [0, 5, 8, 13])
def test_a_connection_may_end_anywhere(size: int) -> None:
    with pytest.raises(ConnectionEnded):
        packets.read_packet(drip(Packet(Kind.RESPONSE, b"\x01\x20\x07\0\0\0").encode()[:size]).read)


def test_a_command_has_its_phase_its_code_and_up_to_five_parameters() -> None:
    body = struct.pack("<IHI2I", 1, 0x9204, 9, 2, 50)
    command = packets.parse_command(Packet(Kind.COMMAND, body))
    assert (command.operation, command.transaction, command.parameters) == (0x9204, 9, (2, 50))
    assert not command.data_follows
    assert packets.parse_command(Packet(Kind.COMMAND, struct.pack("<IHI", 2, 0x1016, 1))).data_follows


@pytest.mark.parametrize(
    "packet", [Packet(Kind.EVENT, bytes(10)), Packet(Kind.COMMAND, bytes(9)), Packet(6, bytes(11))]
)
def test_what_is_no_command_is_refused(packet: Packet) -> None:
    with pytest.raises(MalformedPacket):
        packets.parse_command(packet)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 25])
def test_data_arrives_whole_in_pieces_of_any_size(size: int) -> None:
    data = bytes(range(size))
    sent = list(packets.data_packets(5, data, 10))
    assert sent[0].kind == Kind.START_DATA
    assert sent[0].body == struct.pack("<IQ", 5, size)
    assert [packet.kind for packet in sent[1:]] == [Kind.DATA] * max(0, (size - 1) // 10) + [Kind.END_DATA]
    assert all(len(packet.body) <= 14 for packet in sent)
    assert packets.read_data(drip(b"".join(packet.encode() for packet in sent)).read) == data


def test_a_piece_must_carry_something() -> None:
    with pytest.raises(ValueError, match="0 bytes"):
        next(packets.data_packets(1, b"x", 0))


@pytest.mark.parametrize("kinds", [(Kind.END_DATA,), (Kind.START_DATA, Kind.COMMAND)])
def test_data_out_of_order_is_refused(kinds: tuple[int, ...]) -> None:
    with pytest.raises(MalformedPacket):
        packets.read_data(io.BytesIO(b"".join(Packet(kind, bytes(12)).encode() for kind in kinds)).read)


def test_the_greeting_names_the_connection_and_the_body() -> None:
    ack = packets.init_command_ack(3, b"g" * 16, "Z 6")
    assert ack.body == b"\3\0\0\0" + b"g" * 16 + b"Z\0 \x006\0\0\0" + b"\0\0\1\0"
    assert packets.init_fail(2).body == b"\2\0\0\0"
    assert packets.connection_number(Packet(Kind.INIT_EVENT_REQUEST, b"\3\0\0\0")) == 3
    with pytest.raises(MalformedPacket):
        packets.connection_number(Packet(Kind.INIT_EVENT_REQUEST, b"\3\0"))
