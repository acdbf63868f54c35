"""The two TCP connections of PTP/IP on the loopback address: greets, reads commands, lets the body answer them."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from itertools import chain

from stackcore.testing.ptpip import packets
from stackcore.testing.ptpip.body import Body, Reply
from stackcore.testing.ptpip.codes import act_of, name_of
from stackcore.testing.ptpip.packets import Command, ConnectionEnded, Kind, MalformedPacket
from stackcore.testing.ptpip.wire import Arrival, What, WireLog

_GUID = b"stackcore-ptp-ip"
_REASON_BUSY = 2
_HANDOVER_S = 0.5
"""A host that leaves and comes back at once may arrive before its farewell."""


class Server:
    """Serves one body to one host at a time, and to the next when that one is gone.

    Parameters
    ----------
    body
        What answers.
    log
        Where arrivals are written.
    port
        TCP port; 0 for any that is free.
    """

    def __init__(self, body: Body, log: WireLog, port: int = 0) -> None:
        self._body, self._log = body, log
        self._listener = socket.create_server(("127.0.0.1", port))
        self._free = threading.Condition()
        self._host: _Host | None = None
        self._connections = 0
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._open: list[tuple[threading.Thread, socket.socket]] = []

    @property
    def port(self) -> int:
        """The TCP port, of commands and of events."""
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._listening.start()

    def close(self) -> None:
        """Take no more connections and end those there are; returns when every thread is done."""
        self._stop_listening()
        self._listening.join()
        for thread, connection in self._open:
            _hang_up(connection)
            thread.join()

    def _stop_listening(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # on Linux a close alone leaves `accept` listening
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # unplugged
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._greet, args=(connection,), daemon=True)
            self._open = [entry for entry in self._open if entry[0].is_alive()]
            self._open.append((thread, connection))
            thread.start()

    def _greet(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionEnded, MalformedPacket, OSError):
            first = packets.read_packet(connection.recv)
            if first.kind == Kind.INIT_COMMAND_REQUEST:
                self._welcome(connection)
            elif first.kind == Kind.INIT_EVENT_REQUEST:
                self._attach(connection, packets.connection_number(first))

    def _welcome(self, connection: socket.socket) -> None:
        with self._free:
            if not self._free.wait_for(lambda: self._host is None, _HANDOVER_S):
                self._note("refused")
                connection.sendall(packets.init_fail(_REASON_BUSY).encode())
                return
            self._connections += 1
            self._host = host = _Host(self._connections, connection)
        self._note("connected")
        try:
            greeting = packets.init_command_ack(host.number, _GUID, self._body.identity.model)
            connection.sendall(greeting.encode())
            while self._serve(connection):
                pass
        finally:
            self._note("disconnected")
            self._body.disconnected()
            with self._free:
                self._host = None
                self._free.notify_all()
            host.hang_up()

    def _attach(self, connection: socket.socket, number: int) -> None:
        with self._free:
            host = self._host
            if host is None or host.number != number:
                connection.sendall(packets.init_fail(_REASON_BUSY).encode())
                return
            host.events = connection
        connection.sendall(packets.Packet(Kind.INIT_EVENT_ACK).encode())
        while True:
            packet = packets.read_packet(connection.recv)
            if packet.kind == Kind.PING:
                connection.sendall(packets.Packet(Kind.PONG).encode())

    def _serve(self, connection: socket.socket) -> bool:
        """Answer one command; False when the connection is to end."""
        packet = packets.read_packet(connection.recv)
        if packet.kind in (Kind.CANCEL, Kind.PING):  # every command is over before the next packet is read
            return True
        command = packets.parse_command(packet)
        received = packets.read_data(connection.recv) if command.data_follows else b""
        at_s = self._log.now_s()
        reply = self._body.handle(command.operation, command.parameters, received)
        self._log.write(self._arrival(at_s, command, received, reply))
        if reply.fate == "silent":
            return True
        if reply.fate == "answered":
            connection.sendall(_encode(command, reply))
            return True
        if reply.fate == "unplug":
            self._stop_listening()
        if reply.data is not None:
            connection.sendall(_encode(command, reply)[: reply.cut_after_bytes])
        return False

    def _arrival(self, at_s: float, command: Command, received: bytes, reply: Reply) -> Arrival:
        return Arrival(
            at_s=at_s,
            operation=command.operation,
            name=name_of(command.operation),
            act=act_of(command.operation),
            parameters=command.parameters,
            received=received[:64].hex(),
            answer=reply.code,
            sent_bytes=len(reply.data or b""),
            fate=reply.fate,
            position=self._body.lens.position,
            about=reply.about,
        )

    def _note(self, what: What) -> None:
        self._log.write(Arrival(at_s=self._log.now_s(), what=what, position=self._body.lens.position))


class _Host:
    """The host that is being served: its number and its connections."""

    def __init__(self, number: int, commands: socket.socket) -> None:
        self.number, self.commands = number, commands
        self.events: socket.socket | None = None

    def hang_up(self) -> None:
        for connection in (self.commands, self.events):
            if connection is not None:
                _hang_up(connection)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # it may have ended by itself
        connection.shutdown(socket.SHUT_RDWR)


def _encode(command: Command, reply: Reply) -> bytes:
    data = () if reply.data is None else packets.data_packets(command.transaction, reply.data)
    answer = packets.response(command.transaction, reply.code, reply.parameters)
    return b"".join(packet.encode() for packet in chain(data, (answer,)))
