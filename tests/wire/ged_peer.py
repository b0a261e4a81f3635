"""A CTI Server made of sockets and a script, for the tests of the link. Nothing in it waits long.

The test plays the server: accept(), then expect() and send() on the connection, in any order, also
wrongly on purpose. Tests of the asyncio driver run such steps on a thread.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from typing import Any

from fastcil.ged188 import Message, encode_message
from fastcil.ged188.enums import CTIServiceMask, SessionType, StatusCode

SECONDS = 20.0  # a limit, never a wait
ALL_EVENTS = int(CTIServiceMask.CTI_SERVICE_ALL_EVENTS)
STANDBY = int(CTIServiceMask.CTI_SERVICE_ACTIVE_STANDBY)
_OPEN_REQ = 3


class GedConnection:
    """One accepted connection. version: what the client asked for in its OPEN_REQ."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(SECONDS)
        self.version = 25

    # --- reading ----------------------------------------------------------------------------------

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                raise AssertionError(f"the client closed after {len(data)} of {count} bytes")
            data += piece
        return data

    def message(self) -> Message:
        """The next message of the client."""
        head = self._exactly(8)
        size, number = struct.unpack(">II", head)
        data = head + self._exactly(size)
        if number == _OPEN_REQ:
            # Its own fixed part says how its floating part is to be read.
            self.version = struct.unpack_from(">I", data, 12)[0]
        return Message.from_bytes(data, self.version)

    def expect(self, name: str, *, heartbeats: bool = True) -> Message:
        """The next message, which has this name; with heartbeats those before it are answered."""
        while True:
            found = self.message()
            if heartbeats and found.name == "HEARTBEAT_REQ" != name:
                self.send("HEARTBEAT_CONF", InvokeID=found["InvokeID"])
                continue
            assert found.name == name, f"{found.name} came, {name} was due"
            return found

    def gone(self) -> None:
        """The client closes or resets; nothing but heartbeats comes before."""
        while True:
            try:
                data = self.sock.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                break
            if not data:
                break
            kinds = {data[at + 7] for at in range(0, len(data) - 7, 12)}
            assert kinds <= {5}, f"the client sent {data!r}"
        self.close()

    # --- writing ----------------------------------------------------------------------------------

    def raw(self, data: bytes) -> None:
        """Any bytes."""
        self.sock.sendall(data)

    def send(self, name: str, **values: Any) -> None:
        """A message of the client's version."""
        self.raw(encode_message(name, values, version=self.version))

    def trickle(self, data: bytes, size: int = 1) -> None:
        """Bytes in pieces, each in a packet of its own."""
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), size):
            self.raw(data[at : at + size])

    def confirm(self, request: Message, name: str = "HOLD_CALL_CONF", **values: Any) -> None:
        """A confirmation of a request."""
        self.send(name, InvokeID=request["InvokeID"], **values)

    def open(
        self, kind: int = SessionType.UNKNOWN, services: int = ALL_EVENTS, **more: Any
    ) -> Message:
        """Takes OPEN_REQ and grants it."""
        request = self.expect("OPEN_REQ")
        values: dict[str, Any] = {
            "ServicesGranted": services,
            "MonitorID": 1,
            "PGStatus": 0,
            "ICMCentralControllerTime": 1_700_000_000,
            "PeripheralOnline": 1,
            "PeripheralType": 17,
            "AgentState": 0,
        }
        if self.version >= 19:
            values["DepartmentID"] = 0
        if self.version >= 24:
            values["SessionType"] = int(kind)
        self.confirm(request, "OPEN_CONF", **{**values, **more})
        return request

    def refuse(self, request: Message, status: int) -> None:
        """FAILURE_CONF in the form of the version."""
        if self.version >= 24:
            self.confirm(request, "FAILURE_CONF", FailureCode=int(status), PeripheralErrorCode=0)
        else:
            self.confirm(request, "FAILURE_CONF", Status=int(status))

    def refuse_open(self, status: int) -> Message:
        """Takes OPEN_REQ, refuses it, and sees the client go."""
        request = self.expect("OPEN_REQ")
        self.refuse(request, status)
        self.gone()
        return request

    def say(self, text: str) -> None:
        """An event that has a text."""
        self.send(
            "USER_MESSAGE_EVENT",
            ICMCentralControllerTime=1,
            Distribution=3,
            ClientID="peer",
            Text=text,
        )

    def take_leave(self, status: int = StatusCode.E_CTI_NO_ERROR) -> None:
        """CLOSE_REQ is confirmed, and the client closes."""
        request = self.expect("CLOSE_REQ")
        assert request["Status"] == status
        self.confirm(request, "CLOSE_CONF")
        self.gone()

    def close(self) -> None:
        """FIN."""
        self.sock.close()

    def reset(self) -> None:
        """RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class GedPeer:
    """A listening side. tls: a server's context, for TLS from the first byte on."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.port: int = self._listener.getsockname()[1]
        self._tls = tls
        self._made: list[GedConnection] = []

    @property
    def address(self) -> tuple[str, int]:
        """As a side of the settings."""
        return ("127.0.0.1", self.port)

    def accept(self) -> GedConnection:
        """The next connection. Raises ssl.SSLError when its TLS handshake fails."""
        sock, _ = self._listener.accept()
        sock.settimeout(SECONDS)
        if self._tls is not None:
            try:
                sock = self._tls.wrap_socket(sock, server_side=True)
            except BaseException:
                sock.close()
                raise
        connection = GedConnection(sock)
        self._made.append(connection)
        return connection

    def opened(self, kind: int = SessionType.UNKNOWN, services: int = ALL_EVENTS) -> GedConnection:
        """The next connection, with a session."""
        connection = self.accept()
        connection.open(kind, services)
        return connection

    def leave(self) -> None:
        """Nobody listens here any more."""
        self._listener.close()

    def __enter__(self) -> GedPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        for connection in self._made:
            with contextlib.suppress(OSError):
                connection.close()


def unused_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port
