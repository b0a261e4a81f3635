"""A link on an asyncio loop.

    async with CtiLink(LinkSettings.from_url("ctiserver://side-a,side-b", client_id="me")) as link:
        async for event in link.events():
            ...

One link serves everything in a program: sites allow few clients that get all events. Any number of
tasks may make requests, InvokeIDs tell the answers apart, and each events() is a stream of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Callable, cast

from fastcil.ged188 import Message
from fastcil.ged188._enums import CTIServiceMask, StatusCode
from fastcil.ged188.link_actions import (
    Connect,
    Counters,
    Deliver,
    Disconnect,
    LinkState,
    Resolve,
    Send,
)
from fastcil.ged188.link_core import LinkCore
from fastcil.ged188.link_errors import LinkError, OpenError
from fastcil.ged188.link_events import Closed, LinkEvent, Opened
from fastcil.ged188.link_futures import AnyFuture, Waiting
from fastcil.ged188.link_queue import EventQueue
from fastcil.ged188.link_requests import Ask
from fastcil.ged188.link_settings import LinkSettings

__all__ = ["CtiLink", "EventStream"]

logger = logging.getLogger("fastcil.ged188.link")

_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class EventStream:
    """The events of a link in order, for `async for`. Ends after Closed.

    missed: messages that were dropped because they were not read in time; Gap stands where.
    """

    def __init__(self, link: CtiLink) -> None:
        self._link = link
        self._queue = EventQueue(link.settings.max_events)
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False

    @property
    def missed(self) -> int:
        """Messages that were dropped so far."""
        return self._queue.missed

    def __len__(self) -> int:
        return len(self._queue)

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> LinkEvent:
        while not len(self._queue):
            if self._ended:
                raise StopAsyncIteration
            if self._waiter is not None:
                raise LinkError("another task is waiting for this stream: open a second one")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._queue.get()

    def take(self, most: int) -> list[LinkEvent]:
        """Events that wait already, at most so many."""
        queue = self._queue
        return [queue.get() for _ in range(min(most, len(queue)))]

    def close(self) -> None:
        """No more events are wanted from it."""
        self._queue.clear()
        self._link._readers.discard(self)
        self._end()

    def _put(self, events: Sequence[LinkEvent]) -> int:
        dropped = self._queue.put(events)
        self._wake()
        return dropped

    def _end(self) -> None:
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class _Protocol(asyncio.BufferedProtocol):
    """One connection of a link."""

    def __init__(self, link: CtiLink, side: int) -> None:
        self.link: CtiLink | None = link
        self.transport: asyncio.Transport | None = None
        self._side = side
        self._scratch = memoryview(bytearray(4096))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            # Guide, Configuring TCP/IP Transport Services: linger 0 so that closing takes no time,
            # and no delay of small messages.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.link is not None:
            self.link._made(self, self._side)

    def get_buffer(self, sizehint: int) -> memoryview:
        if self.link is None:
            return self._scratch
        return self.link.core.get_buffer(self._side, sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        link = self.link
        if link is not None:
            link.core.buffer_updated(self._side, nbytes, link._now())
            link._act()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.link is not None:
            self.link._lost(self, self._side, "" if exc is None else _text(exc))


class CtiLink:
    """A link driven by asyncio. core: for tests; made from the settings else.

    All methods belong to the loop that it was opened on.
    """

    def __init__(self, settings: LinkSettings, *, core: LinkCore | None = None) -> None:
        self.settings = settings
        self.core = LinkCore(settings) if core is None else core
        self._tls = settings.tls_context()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._protocols: dict[int, _Protocol] = {}
        self._connecting: dict[int, asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        # Events before the first events() are kept for it, as many as any stream keeps.
        self._first: EventStream | None = EventStream(self)
        self._readers: set[EventStream] = {self._first}
        self._sinks: list[Callable[[Sequence[LinkEvent]], int]] = []  # of the threads' driver
        self._opened: list[asyncio.Future[None]] = []
        self._ended: asyncio.Future[None] | None = None
        self._acting = False
        self._final: Closed | None = None

    # --- state ------------------------------------------------------------------------------------

    @property
    def state(self) -> LinkState:
        """Where the link stands."""
        return self.core.state

    @property
    def side(self) -> str | None:
        """Name of the active side, "A" or "B"; None without one."""
        active = self.core.active
        return None if active is None else active.name

    @property
    def version(self) -> int | None:
        """The protocol version of the active session."""
        return self.core.version

    @property
    def services(self) -> CTIServiceMask:
        """What the server granted."""
        return self.core.services

    @property
    def counters(self) -> Counters:
        """What happened so far."""
        return self.core.counters

    # --- opening and closing ----------------------------------------------------------------------

    def start(self) -> None:
        """Begins to connect and returns at once; Opened or Closed tell the outcome.

        Raises EncodeError when the settings make no OPEN_REQ (a ClientID that is too long).
        """
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self.core.open(self._now())
        self._act()

    async def open(self, timeout: float | None = 60.0) -> None:
        """Connects; returns when a session is active.

        Raises OpenError when the server refuses for good, or when it takes longer than timeout
        seconds; None: it tries for ever.
        """
        if self.core.state is LinkState.IDLE:
            self.start()
        if self.core.state is LinkState.OPEN:
            return
        if self._final is not None:
            raise OpenError(self._final.text, status=self._final.status)
        opened = self._running().create_future()
        self._opened.append(opened)
        try:
            await asyncio.wait_for(opened, timeout)
        except asyncio.TimeoutError:
            await self.close()
            sides = " and ".join(f"{host}:{port}" for host, port in self.settings.sides)
            raise OpenError(f"no session with {sides} in {timeout:g} seconds") from None
        except BaseException:
            await self.close()
            raise

    async def close(self, status: int = StatusCode.E_CTI_NO_ERROR) -> None:
        """Ends the session with CLOSE_REQ and returns when the connections are gone.

        Takes up to close_timeout when the server does not answer. Outstanding requests fail with
        LinkClosedError. status: of CLOSE_REQ, see LinkCore.close.
        """
        if self._ended is None:
            return
        self.core.close(self._now(), status)
        self._act()
        await asyncio.shield(self._ended)

    async def wait_closed(self) -> None:
        """Returns when the link is closed, by whomever."""
        if self._ended is not None:
            await asyncio.shield(self._ended)

    def abort(self) -> None:
        """Ends the link at once: CLOSE_REQ is sent, its answer not awaited."""
        if self._ended is None:
            return
        self.core.close(self._now())
        self._act()
        for side in range(len(self.core.sides)):
            self._disconnect(side)
            self.core.connection_lost(side, self._now(), "aborted")
        self._act()

    async def __aenter__(self) -> CtiLink:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # --- requests and events ----------------------------------------------------------------------

    async def request(
        self,
        request: Ask,
        values: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> Message:
        """Makes a request of the active side and returns its confirmation.

        request: an object of fastcil.ged188.requests, or a name with values by documented names.
        timeout: seconds; None: that of the settings. Answers in parts come as one message.

        Raises RequestFailedError (FAILURE_CONF), ControlFailureError (CONTROL_FAILURE_CONF),
        RequestTimeoutError, LinkLostError when the session ends meanwhile, AnswerError when the
        confirmation cannot be read, and what LinkCore.request raises.
        """
        future: asyncio.Future[Message] = self._running().create_future()
        self._submit(future, request, values, timeout, whole=True)
        return await future

    async def request_parts(
        self,
        request: Ask,
        values: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> tuple[Message, ...]:
        """As request(), with the messages of the answer as they came: more than one where the
        last has the field More."""
        future: asyncio.Future[tuple[Message, ...]] = self._running().create_future()
        self._submit(future, request, values, timeout, whole=False)
        return await future

    def send(
        self,
        message: Ask,
        values: Mapping[str, Any] | None = None,
        *,
        floating: Iterable[tuple[str | int, Any]] | None = None,
        body: bytes | None = None,
    ) -> None:
        """Sends a message that nothing answers, or whose answer does not matter."""
        self.core.send(self._now(), message, values, floating=floating, body=body)
        self._act()

    def events(self) -> EventStream:
        """All events from here on, for `async for`; the first stream begins with Opened."""
        stream, self._first = self._first, None
        if stream is None:
            stream = EventStream(self)
            if self._final is None:
                self._readers.add(stream)
            else:
                stream._end()
        return stream

    # --- inside -----------------------------------------------------------------------------------

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise LinkError("the link was not opened")
        return self._loop

    def _now(self) -> float:
        return self._running().time()

    def _submit(
        self,
        future: AnyFuture,
        request: Ask,
        values: Mapping[str, Any] | None,
        timeout: float | None,
        *,
        whole: bool,
    ) -> None:
        pending = self.core.request(
            self._now(), request, values, timeout=timeout, token=Waiting(future, whole)
        )

        def given_up(future: Any) -> None:
            if future.cancelled():
                with contextlib.suppress(RuntimeError):  # the loop is closed by now
                    self._running().call_soon_threadsafe(self.core.abandon, pending)

        cast("Any", future).add_done_callback(given_up)
        self._act()

    def _made(self, protocol: _Protocol, side: int) -> None:
        # Before the task of create_connection goes on: the connection may be lost until then.
        self._protocols[side] = protocol
        self.core.connection_made(side, self._now())
        self._act()

    def _lost(self, protocol: _Protocol, side: int, text: str) -> None:
        if self._protocols.get(side) is protocol:
            del self._protocols[side]
            self.core.connection_lost(side, self._now(), text)
            self._act()

    def _act(self) -> None:
        """Does what the core wants, and what doing it makes it want."""
        if self._acting:
            return
        self._acting = True
        try:
            while True:
                actions = self.core.take()
                if not actions:
                    break
                for action in actions:
                    if isinstance(action, Deliver):
                        self._deliver(action.events)
                    elif isinstance(action, Send):
                        self._send(action)
                    elif isinstance(action, Resolve):
                        if action.pending.token is not None:
                            action.pending.token.settle(action.parts, action.error)
                    elif isinstance(action, Connect):
                        task = self._running().create_task(self._connect(action))
                        self._connecting[action.side] = task
                    elif isinstance(action, Disconnect):
                        self._disconnect(action.side)
        finally:
            self._acting = False
        self._arm()

    def _send(self, action: Send) -> None:
        protocol = self._protocols.get(action.side)
        if protocol is None or protocol.transport is None:
            return
        protocol.transport.write(action.data)
        unsent = protocol.transport.get_write_buffer_size()
        if unsent > self.settings.max_unsent:
            self._disconnect(action.side)
            text = f"the server does not read: {unsent} bytes are not sent"
            self.core.connection_lost(action.side, self._now(), text)

    async def _connect(self, action: Connect) -> None:
        protocol = _Protocol(self, action.side)
        options: dict[str, Any] = {}
        if self._tls is not None:
            options = {"ssl": self._tls, "server_hostname": action.host}
        try:
            await self._running().create_connection(
                lambda: protocol, action.host, action.port, **options
            )
        except asyncio.CancelledError:
            protocol.link = None
            if protocol.transport is not None:
                protocol.transport.abort()
            raise
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
            self._connecting.pop(action.side, None)
            self.core.connection_lost(action.side, self._now(), _text(error))
            self._act()
        else:
            self._connecting.pop(action.side, None)

    def _disconnect(self, side: int) -> None:
        task = self._connecting.pop(side, None)
        if task is not None:
            task.cancel()
        protocol = self._protocols.pop(side, None)
        if protocol is not None:
            protocol.link = None
            if protocol.transport is not None:
                protocol.transport.abort()

    def _deliver(self, events: Sequence[LinkEvent]) -> None:
        for put in (*(reader._put for reader in self._readers), *self._sinks):
            self.core.counters.missed += put(events)
        if self._opened and any(isinstance(event, Opened) for event in events):
            self._tell_opened(None)
        if isinstance(events[-1], Closed):
            self._end(events[-1])

    def _end(self, closed: Closed) -> None:
        self._final = closed
        self._tell_opened(OpenError(closed.text, status=closed.status))
        for reader in self._readers:
            reader._end()
        self._readers.clear()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def _tell_opened(self, error: OpenError | None) -> None:
        waiting, self._opened = self._opened, []
        for future in waiting:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    def _arm(self) -> None:
        """One timer, set anew only when it would come too late."""
        deadline = self.core.deadline
        if deadline is None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        elif self._timer is None or self._timer.when() > deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._running().call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.core.tick(self._now())
        self._act()


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__
