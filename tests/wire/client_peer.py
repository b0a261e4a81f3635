"""A server made of a socket and a script, for the tests of the client. Nothing in it waits long."""

from __future__ import annotations

import contextlib
import queue
import select
import socket
from itertools import count
from typing import Any

from fastcil.catalog import EVENT_NAMES
from fastcil.codec import Arguments, Frame, FrameKind, FrameReader, FrameWriter
from fastcil.codec.control import CloseReason, Welcome, close, welcome

SECONDS = 10.0  # a limit, never a wait
_epochs = count(100)


class PeerConnection:
    """One accepted connection."""

    def __init__(self, sock: socket.socket, epoch: int) -> None:
        self.sock = sock
        sock.settimeout(SECONDS)
        self.epoch = epoch
        self._reader = FrameReader()
        self._writer = FrameWriter(epoch=epoch)

    def frame(self) -> Frame | None:
        """The next frame of the client; None when it closed."""
        while True:
            found = next(self._reader, None)
            if found is not None:
                return found
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._reader.feed(data)

    def expect(self, kind: FrameKind) -> Frame:
        """The next frame, which is of that kind; heartbeats in between are passed over."""
        while True:
            found = self.frame()
            assert found is not None, f"the client closed instead of sending {kind.name}"
            if found.kind == FrameKind.HEARTBEAT and kind != FrameKind.HEARTBEAT:
                continue
            assert found.kind == kind
            return found

    def greet(self, **values: Any) -> Frame:
        """Takes HELLO, answers WELCOME."""
        hello = self.expect(FrameKind.HELLO)
        self.send(welcome(Welcome(**values)))
        return hello

    def establish(self, *snapshot: tuple[str, dict[str, Any]]) -> Frame:
        """Takes a filter, sends a snapshot and OnMonitorModeEstablished."""
        request = self.expect(FrameKind.REQUEST)
        self.events(
            *snapshot,
            ("OnMonitorModeEstablished", {"InvokeID": request.get("InvokeID")}),
        )
        return request

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def events(self, *events: tuple[str | int, dict[str, Any]]) -> None:
        """Sends numbered events, in one piece."""
        for name, fields in events:
            self._writer.write(EVENT_NAMES[name] if isinstance(name, str) else name, fields)
        self.send(self._writer.take())

    def say_close(self, reason: CloseReason, text: str = "") -> None:
        self.send(close(reason, text))
        self.close()

    def close(self) -> None:
        self.sock.close()

    def closed(self) -> bool:
        """Whether the client says CLOSE and closes."""
        found = self.frame()
        while found is not None and found.kind != FrameKind.CLOSE:
            found = self.frame()
        return found is not None and self.frame() is None


class Peer:
    """A listening socket on the loopback."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[PeerConnection] = []

    def accept(self) -> PeerConnection:
        sock, _ = self._listener.accept()
        connection = PeerConnection(sock, next(_epochs))
        self._connections.append(connection)
        return connection

    def chosen_of(self, other: Peer) -> Peer:
        """Which of two the client came to."""
        listeners = {self._listener: self, other._listener: other}
        ready, _, _ = select.select(list(listeners), [], [], SECONDS)
        return listeners[ready[0]]

    def close(self) -> None:
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.close()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def unused_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


class Events:
    """A listener whose events a test waits for."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[int, Arguments]] = queue.Queue()

    def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
        self._queue.put((iEventID, rArgs.detach()))

    def next(self) -> tuple[int, Arguments]:
        return self._queue.get(timeout=SECONDS)

    def wait(self, name: str | int) -> Arguments:
        """The fields of the next event of that name; others before it are passed over."""
        wanted = EVENT_NAMES[name] if isinstance(name, str) else name
        while True:
            number, arguments = self.next()
            if number == wanted:
                return arguments

    def until(self, name: str) -> list[int]:
        """The numbers of all events up to the next of that name."""
        wanted = EVENT_NAMES[name]
        found: list[int] = []
        while not found or found[-1] != wanted:
            found.append(self.next()[0])
        return found

    def empty(self) -> bool:
        return self._queue.empty()
