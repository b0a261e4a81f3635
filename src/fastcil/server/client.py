"""The server's side of one connection: handshake, heartbeats, the way out."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any

from fastcil.codec import Frame, FrameKind, FrameReader, MessageFilter, WireError, control
from fastcil.codec.control import CloseReason
from fastcil.server.client_requests import ClientRequests, level_of
from fastcil.server.outbox import Encoded, Outbox

if TYPE_CHECKING:
    from fastcil.server.group import Group
    from fastcil.server.server import EventServer

__all__ = ["ClientConnection"]

_log = logging.getLogger("fastcil.server")
_CHUNK = 256 << 10


class ClientConnection(asyncio.BufferedProtocol):
    """One client: bytes are received into its reader's slab, events wait in its outbox."""

    def __init__(self, server: EventServer, number: int, epoch: int) -> None:
        self.server = server
        self.connection_id = f"{server.name}.{number}"
        self.outbox = Outbox(epoch, server.limits)
        self.outbox.owner = self
        self.group: Group | None = None  # with whom it gets the same events
        self.filter: MessageFilter | None = None  # None: not in monitor mode
        self.level = server.minimize
        self.max_frame = 0
        self.probe_seconds = 0.0
        self.probe_due = 0.0
        self.progress_at = 0.0  # when it last took something
        self.address = ""  # of the other side
        self.peer: Callable[[ClientConnection, Frame], None] | None = None
        """What takes the requests of a client that is a peer server."""
        self._requests = ClientRequests(self)
        self.closed = asyncio.get_running_loop().create_future()
        self._hello: control.Hello | None = None
        self._resumed = False
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._closing = False
        self._waiting: Frame | None = None  # a request that comes after the snapshot in the queue
        self._received_at = 0.0
        self._heartbeats = 0  # sent without an answer
        self._timer: asyncio.TimerHandle | None = None

    # -- asyncio.BufferedProtocol ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=self.server.write_buffer)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else "local"
        loop = asyncio.get_running_loop()
        self._received_at = self.outbox.sent_at = self.progress_at = loop.time()
        self.outbox.write = transport.write
        self._requests.begin(loop.time())
        self._timer = loop.call_later(self.server.handshake_seconds, self._no_hello)
        self.server.connected(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self.outbox.ready = False
        if self._timer is not None:
            self._timer.cancel()
        self.server.disconnected(self)
        if not self.closed.done():
            self.closed.set_result(None)

    @property
    def closing(self) -> bool:
        """Whether nothing is sent any more."""
        return self._closing

    def certificate_names(self) -> frozenset[str]:
        """Names of the client's certificate, which was checked, in lower case; none without one."""
        found = self._transport.get_extra_info("peercert") if self._transport else None
        names = [value for _, value in (found or {}).get("subjectAltName", ())]
        for part in (found or {}).get("subject", ()):
            names += [value for key, value in part if key == "commonName"]
        return frozenset(str(name).lower() for name in names)

    def tune(self, send_buffer: int | None) -> None:
        """Set what the system buffers for this connection, if it is not the default."""
        if send_buffer is not None and self._transport is not None:
            found = self._transport.get_extra_info("socket")
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._reader.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._received_at = asyncio.get_running_loop().time()
        self._heartbeats = 0
        try:
            self._reader.buffer_updated(nbytes)
        except WireError as error:
            self._protocol_error(str(error))
            return
        self._read()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._paused = True
        self.outbox.ready = False
        self.progress_at = asyncio.get_running_loop().time()  # so far it took everything

    def resume_writing(self) -> None:
        self._paused = False
        self.flush()
        self.server.drained.set()

    # -- what comes in -----------------------------------------------------------------------

    def _read(self) -> None:
        """Handle the frames that are there; a request waits while a snapshot is in the queue."""
        try:
            while not self._closing and self._waiting is None:
                frame = next(self._reader, None)
                if frame is None:
                    return
                self.server.counters.frames_received += 1
                self._frame(frame)
        except WireError as error:
            self._protocol_error(str(error))

    def _frame(self, frame: Frame) -> None:
        kind = frame.kind
        if self._hello is None and kind not in (FrameKind.HELLO, FrameKind.CLOSE):
            self._protocol_error(f"expected HELLO first, got {FrameKind(kind).name}")
        elif kind == FrameKind.REQUEST:
            if self.outbox.snapshot_pending:
                self._waiting = frame.detach()
                self._pause_reading()
            else:
                self._requests.take(frame)
        elif kind == FrameKind.HEARTBEAT:
            # One that takes nothing could have answers pile up.
            if not self._paused and self._requests.beats():
                self._write(control.heartbeat_conf(frame))
        elif kind == FrameKind.HEARTBEAT_CONF:
            pass
        elif kind == FrameKind.CLOSE:
            control.parse_close(frame)
            self._closing = True
            self.outbox.ready = False
            if self._transport is not None:
                self._transport.close()
        elif kind == FrameKind.HELLO and self._hello is None:
            self._greet(frame)
        else:
            self._protocol_error(f"a client sends no {FrameKind(kind).name} here")

    def _no_hello(self) -> None:
        self.server.counters.handshake_time_outs += 1
        self.close(
            CloseReason.TIME_OUT, f"no HELLO within {self.server.handshake_seconds:g} seconds"
        )

    def _greet(self, frame: Frame) -> None:
        hello = control.parse_hello(frame)
        try:
            found = control.negotiate(
                hello,
                heartbeat_interval=int(self.server.heartbeat_seconds * 1000),
                connection_id=self.connection_id,
                current_server=self.server.name,
            )
        except control.NegotiationError as error:
            self.close(CloseReason.VERSION, str(error))
            return
        if found.keyword_count < control.KEYWORD_COUNT:
            self.close(
                CloseReason.VERSION,
                f"expected a keyword table of at least {control.KEYWORD_COUNT}, "
                f"got {found.keyword_count}",
            )
            return
        if self._timer is not None:
            self._timer.cancel()
        self._hello = hello
        self.max_frame = hello.max_frame
        self.level = level_of(frame, self.level)
        self.server.counters.handshakes_completed += 1
        self._write(control.welcome(found))

    def tell_resumed(self) -> None:
        """A client that was here before is told that the rest of its old epoch will not come."""
        hello = self._hello
        if hello is None or hello.resume_epoch is None or self._resumed:
            return
        self._resumed = True
        last = hello.resume_sequence or 0
        gap = control.Gap(
            missed=0,  # not known: what was not sent was not counted
            from_sequence=min(last + 1, (1 << 64) - 1),
            to_sequence=(1 << 64) - 1,
            epoch=hello.resume_epoch,
            reason=control.GapReason.RECONNECT,
        )
        self._write(control.gap(gap))

    # -- what goes out -----------------------------------------------------------------------

    def push(self, encoded: Encoded, key: Hashable | None = None, keep: bool = False) -> None:
        """Add an event to the outbox; flush() sends it. What waits in the group comes before it."""
        if self.group is not None and self.group.events:
            self.group.settle(self)
        self.push_event(encoded, key, keep)

    def push_event(self, encoded: Encoded, key: Hashable | None, keep: bool) -> None:
        """push(), for the group."""
        if self._closing:
            return
        if encoded.length > self.max_frame:
            self.server.counters.closed_limit += 1
            self.close(
                CloseReason.LIMIT_REACHED,
                f"an event of {encoded.length} bytes is more than the client's {self.max_frame}",
            )
            return
        self.outbox.push(encoded, key=key, keep=keep)

    def push_snapshot(self, then: Iterable[Encoded] = ()) -> None:
        """Add the server's present state as far as the filter lets it through."""
        if self._closing:
            return
        if self.filter is None:
            # Agent mode: after the gap the client asks for its mode again, and is told everything.
            self.outbox.push_snapshot([], then)
            return
        if self.group is not None and self.group.events:
            self.group.settle(self)
        events = self.server.snapshot(self.filter, self.level)
        largest = max((encoded.length for encoded in events), default=0)
        if largest > self.max_frame:
            self.server.counters.closed_limit += 1
            self.close(CloseReason.LIMIT_REACHED, f"an event has {largest} bytes")
            return
        self.outbox.push_snapshot(events, then)

    def flush(self) -> None:
        """Hand the connection as much as it takes."""
        outbox = self.outbox
        while not (self._paused or self._closing):
            if outbox.wants_snapshot:
                self.push_snapshot()
            before = outbox.taken
            buffers = outbox.take(_CHUNK)
            if not buffers:
                if outbox.wants_snapshot:
                    continue
                break
            self.server.counters.frames_sent += outbox.taken - before
            self._write(b"".join(buffers))
            self.progress_at = outbox.sent_at
            if not outbox and not outbox.wants_snapshot:
                break
        outbox.ready = not (
            self._paused or self._closing or self._hello is None or outbox or outbox.wants_snapshot
        )
        if self._waiting is not None and not self.outbox.snapshot_pending and not self._closing:
            frame, self._waiting = self._waiting, None
            self._requests.take(frame)
            self._resume_reading()
            self._read()

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._closing:
            return
        self.outbox.sent_at = asyncio.get_running_loop().time()
        self.server.counters.bytes_sent += len(data)
        self._transport.write(data)

    def _pause_reading(self) -> None:
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._waiting is None and self._transport is not None and not self._closing:
            self._transport.resume_reading()

    # -- time and the end --------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """To be called a few times a second: heartbeats and slow clients."""
        if self._closing:
            return
        words = self.outbox.too_slow(now)
        if words is not None:
            self.server.counters.closed_too_slow += 1
            self.close(CloseReason.TOO_SLOW, words)
            return
        interval = self.server.heartbeat_seconds
        if self._hello is None or not interval or self._waiting is not None:
            return
        silence = now - self._received_at
        retries = self.server.heartbeat_retries
        if (self._heartbeats or not retries) and silence > (retries + 1) * interval:
            self.server.counters.heartbeat_time_outs += 1
            self.close(CloseReason.TIME_OUT, f"nothing received for {silence:.1f} seconds")
            return
        sent_at = self.outbox.sent_at
        silent = now - min(self._received_at, sent_at) >= interval
        again = self._heartbeats == 0 or now - sent_at >= interval
        if silent and again and retries and not self._paused:
            self._heartbeats += 1
            self._write(control.heartbeat(self.server.event_time()))

    def _protocol_error(self, words: str) -> None:
        self.server.counters.protocol_errors += 1
        _log.info("%s: protocol error: %s", self.connection_id, words)
        self.close(CloseReason.PROTOCOL_ERROR, words)

    def close(self, reason: CloseReason, words: str) -> None:
        """Send CLOSE and close; what the client does not take within a time is thrown away."""
        if self._closing or self._transport is None:
            return
        self._write(control.close(reason, words))
        self._closing = True
        self.outbox.ready = False
        if self._timer is not None:
            self._timer.cancel()
        transport: Any = self._transport
        transport.close()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.server.linger_seconds, transport.abort)
        self.server.leave(self)
