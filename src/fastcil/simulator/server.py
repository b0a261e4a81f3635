"""The TCP server over a Hub: sockets, real time, and nothing that a client could observe else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import time
from collections.abc import Callable, Mapping

from fastcil.ged188.enums import StatusCode
from fastcil.simulator.hub import Hub
from fastcil.simulator.session import ServerSession

__all__ = ["LinkServer"]

_log = logging.getLogger("fastcil.simulator")

_CHUNK = 64 << 10
_TICK_SECONDS = 0.25
_LAST_WORDS_SECONDS = 2.0
"""So long the server waits at its end for clients to take what was queued for them."""
_NO_LINGER = struct.pack("ii", 1, 0)


class _Connection(asyncio.Protocol):
    """One socket: its bytes go to a ServerSession, and that one's to the socket."""

    def __init__(self, server: LinkServer, side: str) -> None:
        self.session: ServerSession | None = None
        self._server = server
        self._side = side
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_CHUNK)
        server = self._server
        if server.hub.sides[self._side].failed:
            self._reset()
            return
        peer = transport.get_extra_info("peername") or ("", 0)
        self.session = server.hub.connect(self._side, (str(peer[0]), int(peer[1])), server.now())
        server.connections[self.session.id] = self
        if server.send_buffer is not None:
            found = transport.get_extra_info("socket")
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, server.send_buffer)
        self.flush()

    def data_received(self, data: bytes) -> None:
        if self.session is not None:
            self.session.receive(data, self._server.now())

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.session is not None:
            self._server.connections.pop(self.session.id, None)
            self.session.lost()

    def flush(self) -> None:
        """Hand the socket what is due, and close it when the session says so."""
        transport, session = self._transport, self.session
        if transport is None or session is None or transport.is_closing():
            return
        if session.hangs == transport.is_reading():
            # A server that hangs leaves to the system what the client sends.
            (transport.pause_reading if session.hangs else transport.resume_reading)()
        now = self._server.now()
        while not self._paused and not session.finished:
            data = session.take(now, _CHUNK)
            if not data:
                break
            transport.write(data)
        if session.finished:
            if session.ending is not None and session.ending.reset:
                self._reset()
            else:
                transport.close()
            return
        self._wake_at(None if self._paused else session.next_due(now), now)

    def _wake_at(self, due: float | None, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            # A little is added so that the time has come when the timer has.
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, due - now) + 0.001, self.flush)

    def _reset(self) -> None:
        """Close with RST instead of FIN."""
        assert self._transport is not None
        found = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()


class LinkServer:
    """Listens for the clients of a Hub. start() and stop() once each, in one event loop.

    ports: of side "A" and, when there is one, "B"; 0 lets the system choose, and after start()
    `ports` has the real ones. offset: seconds added to the link's time, see Simulator.pass_idle.
    send_buffer: of each socket, in bytes; None for the system's own choice.
    """

    def __init__(
        self,
        hub: Hub,
        host: str,
        ports: Mapping[str, int],
        *,
        send_buffer: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hub = hub
        self.host = host
        self.ports = dict(ports)
        self.connections: dict[int, _Connection] = {}
        self.send_buffer = send_buffer
        self.offset = 0.0
        self._clock = clock
        self._servers: list[asyncio.AbstractServer] = []
        self._touched: dict[int, ServerSession] = {}
        self._flushing = False
        self._tick: asyncio.Task[None] | None = None

    def now(self) -> float:
        """The link's time in seconds: real time from anywhere on."""
        return self._clock() + self.offset

    async def start(self) -> None:
        """Listen. Raises OSError when a port is taken."""
        loop = asyncio.get_running_loop()
        self.hub.link_time = self.now
        self.hub.on_touch = self._touch
        try:
            for side, port in self.ports.items():
                server = await loop.create_server(
                    lambda side=side: _Connection(self, side),  # type: ignore[misc]
                    self.host,
                    port,
                    backlog=1024,
                )
                self._servers.append(server)
                self.ports[side] = server.sockets[0].getsockname()[1]
        except OSError:
            for listening in self._servers:
                listening.close()
            raise
        self._tick = loop.create_task(self._house())

    async def stop(self) -> None:
        """FAILURE_EVENT (the server is off-line) to every session, and the connections are closed.

        Source: guide, Session Termination.
        """
        for listening in self._servers:
            listening.close()
        if self._tick is not None:
            self._tick.cancel()
            await asyncio.gather(self._tick, return_exceptions=True)
        status = StatusCode.E_CTI_CTI_SERVER_OFFLINE
        for session in self.hub.connections:
            if session.hangs:
                session.end(status, "the server stops", reset=True)
                continue
            if session.is_open:
                session.fail(status, None)
            session.end(status, "the server stops")
        self._flush()
        until = time.monotonic() + _LAST_WORDS_SECONDS
        while self.connections and time.monotonic() < until:
            await asyncio.sleep(0.005)
        for connection in list(self.connections.values()):
            connection._reset()
        while self.connections:
            await asyncio.sleep(0)
        for listening in self._servers:
            await listening.wait_closed()
        self._servers.clear()

    def _touch(self, session: ServerSession) -> None:
        """A session has something to send: it is sent once, at the end of this turn of the loop."""
        self._touched[session.id] = session
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        touched, self._touched = self._touched, {}
        for number in touched:
            connection = self.connections.get(number)
            if connection is not None:
                connection.flush()

    async def _house(self) -> None:
        """Time-outs, a few times a second."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            try:
                self.hub.tick(self.now())
            except Exception:
                # Else there would be no time-outs any more, and nobody would know.
                self.hub.count("tick_errors")
                _log.exception("time-outs of the sessions")
