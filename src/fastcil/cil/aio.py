"""A session on an asyncio loop.

    async with connect("ctios://side-a:42028,side-b:42028") as session:
        await session.monitor("MessageID=23,24")
        async for event in session.events():
            ...

Everything happens on the loop: listeners are called there, in order, as events arrive.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Literal, cast, overload

from fastcil.catalog import CilError
from fastcil.cil import events
from fastcil.cil.core import Action, Close, Deliver, Open, Send, SessionCore, State
from fastcil.cil.errors import SessionClosedError, SessionError
from fastcil.cil.session import Session
from fastcil.cil.settings import Settings
from fastcil.cil.store import ObjectStore
from fastcil.cil.stream import FrameStream
from fastcil.cil.waiting import Watch, What
from fastcil.codec import Frame
from fastcil.codec.control import Gap

if TYPE_CHECKING:
    from fastcil.cil.typed_events import AsyncTypedStream

__all__ = ["AsyncSession", "EventStream", "connect"]

_CLOSE_SECONDS = 2.0  # for what is not sent yet
_BACKLOG = 8192  # events that wait for a slow `async for` before reading pauses


def connect(url: str, *, timeout: float | None = 30.0, **options: Any) -> AsyncSession:
    """A session for `async with`, connected when the block begins.

    url is ctios://host[:port][,host[:port]]; options are those of Settings. When neither side can
    be reached within timeout seconds, entering raises ConnectError; None: it tries for ever.
    """
    return AsyncSession(Settings.from_url(url, **options), timeout=timeout)


class EventStream:
    """Events in order, for `async for`. Ends after OnConnectionClosed.

    An event is a Frame: message_id, arguments, get(), get_many(). Objects of the session show the
    events that have arrived, which can be later ones than the one just taken.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._frames: deque[Frame] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Frame:
        while not self._frames:
            if self._ended:
                raise StopAsyncIteration
            if self._waiter is not None:
                raise SessionError("another task is waiting for this stream: open a second one")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        frame = self._frames.popleft()
        if not self._frames:
            self._session._drained()
        return frame

    def close(self) -> None:
        """No more events are wanted from it."""
        self._ended = True
        self._frames.clear()
        self._session._streams.discard(self)
        self._session._drained()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _put(self, frames: Sequence[Frame]) -> None:
        self._frames.extend(frames)
        self._wake()

    def _end(self) -> None:
        self._ended = True
        self._wake()


def _reason(error: Exception) -> str:
    """Why a connection failed, as the threads' driver says it: asyncio puts more into the text."""
    if isinstance(error, OSError) and not isinstance(error, (ssl.SSLError, socket.gaierror)):
        return os.strerror(error.errno) if error.errno else str(error)
    return str(error)


class _Protocol(asyncio.BufferedProtocol):
    """One connection of a session."""

    def __init__(self, session: AsyncSession) -> None:
        self.session: AsyncSession | None = session
        self.transport: asyncio.Transport | None = None
        self.gone = session._running().create_future()
        self._stream = FrameStream(session.core.max_frame)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._stream.get_buffer()

    def buffer_updated(self, nbytes: int) -> None:
        if self.session is not None:
            self.session._received(self._stream, nbytes)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        if self.session is not None:
            self.session._lost(self, "" if exc is None else str(exc))


class AsyncSession(Session):
    """A session driven by asyncio: see connect()."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        timeout: float | None = 30.0,
        core: SessionCore | None = None,
        store: ObjectStore | None = None,
    ) -> None:
        super().__init__(core=core, store=store)
        self._settings = settings
        self._timeout = timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._protocol: _Protocol | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._streams: set[EventStream] = set()
        # Events before the first events(): kept up to _BACKLOG, so that none slips through.
        self._backlog: EventStream | None = None
        self._missed = 0
        self._watches: tuple[Watch, ...] = ()
        self._reading = True
        self._acting = False
        self._closing = False

    async def connect(self, settings: Settings | None = None) -> None:
        """Connects; ConnectError when that takes longer than the time-out."""
        settings = self._settings if settings is None else settings
        if settings is None:
            raise SessionError("where to? give settings", CilError.E_CTIOS_MISSING_ARGUMENT)
        loop = self._loop = asyncio.get_running_loop()
        self._start(settings)
        opened = loop.create_future()
        self._opening.append(opened)
        self._act()
        try:
            await asyncio.wait_for(opened, self._timeout)
        except asyncio.TimeoutError:
            unreached = self.core.unreached(self._timeout)
            await self.disconnect()
            raise unreached from None
        except BaseException:
            await self.disconnect()
            raise

    def _start(self, settings: Settings) -> None:
        """Begins to connect; _act() does it."""
        self.core.connect(self._running().time(), settings)
        self._settings = settings
        self._prepare(settings)
        self._closing = False
        self._backlog = EventStream(self)
        self._missed = 0

    async def disconnect(self) -> None:
        """Closes; OnConnectionClosed is the last event. Nothing when not connected."""
        protocol = self._protocol
        self.disconnect_nowait()
        if protocol is not None:
            await asyncio.wait([protocol.gone], timeout=_CLOSE_SECONDS)

    def disconnect_nowait(self) -> None:
        """disconnect() for a listener: the socket closes a moment later."""
        if self.core.state is State.IDLE:
            return
        self._closing = True
        self.dispatcher.mute()
        self.core.disconnect()
        self._act()

    async def monitor(self, text: str, *, snapshot: bool = True, **more: Any) -> None:
        """Monitor mode: returns when OnMonitorModeEstablished came, the snapshot before it.

        FilterError for a wrong filter, RequestFailedError when the server refuses it. The filter
        is set again after every reconnect. more are further fields of the request.
        """
        if self.core.state is State.IDLE:
            raise SessionError("not connected", CilError.E_CTIOS_SESSION_NOT_CONNECTED)
        mode = self._mode(text, snapshot, more)
        future = self._running().create_future()
        self._filtering[mode.invoke_id] = future
        self._pause(False)  # the answer comes behind what waits
        self.core.set_monitor(mode)
        self._act()
        try:
            await future
        finally:
            self._filtering.pop(mode.invoke_id, None)
            self._drained()

    @overload
    def events(self, *, typed: Literal[False] = False) -> EventStream: ...
    @overload
    def events(self, *, typed: Literal[True]) -> AsyncTypedStream: ...
    def events(self, *, typed: bool = False) -> EventStream | AsyncTypedStream:
        """All events in order, for `async for`; typed: as classes of fastcil.cil.typed_events.

        The first call also gives what came since connect(); when that was too much to keep, the
        stream begins with OnGap. A stream that is not read makes reading pause.
        """
        if typed:
            from fastcil.cil.typed_events import AsyncTypedStream

            return AsyncTypedStream(self.events())
        stream, self._backlog = self._backlog, None
        if stream is None:
            stream = EventStream(self)
            if self._missed:
                stream._frames.append(events.gap(Gap(self._missed, 0, 0, 0, "slow")))
                self._missed = 0
        if self.core.state is State.IDLE:
            stream._end()
        else:
            self._streams.add(stream)
        return stream

    def wait_for(self, what: What, *, timeout: float | None = None) -> asyncio.Future[Frame]:
        """A future of the next event that matches, from this call on: `await` it.

        what: an event's number, name or typed class, several of them, or a test of a frame. Called
        before a request and awaited after it, no answer is missed. TimeoutError after timeout
        seconds, SessionClosedError when the session closes first, ValueError when nothing could
        match.
        """
        if self.core.state is State.IDLE:
            raise SessionError("not connected", CilError.E_CTIOS_SESSION_NOT_CONNECTED)
        loop = self._running()
        future: asyncio.Future[Frame] = loop.create_future()
        watch = Watch(what, future)

        def late() -> None:
            if not future.done():
                future.set_exception(TimeoutError(f"the event did not come in {timeout:g} seconds"))

        timer = loop.call_later(timeout, late) if timeout is not None else None

        def leave(_: asyncio.Future[Frame]) -> None:
            self._watches = tuple(one for one in self._watches if one is not watch)
            if timer is not None:
                timer.cancel()

        future.add_done_callback(leave)
        self._watches = (*self._watches, watch)
        return future

    async def __aenter__(self) -> AsyncSession:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.disconnect()

    # --- inside ---------------------------------------------------------------------------------

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise SessionError("not connected", CilError.E_CTIOS_SESSION_NOT_CONNECTED)
        return self._loop

    def _run(self, command: Callable[[float], None]) -> None:
        loop = self._loop
        if loop is None:
            return
        if asyncio._get_running_loop() is loop:
            command(loop.time())
            self._act()
        else:  # another thread asks: its turn comes on the loop
            try:
                loop.call_soon_threadsafe(self._run, command)
            except RuntimeError:
                self._loop_closed()

    def _connect(self, settings: Settings) -> None:
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise SessionError(
                "Connect: expected to be called where an event loop runs, got none",
                CilError.E_CTIOS_INVALID_OBJECT_STATE,
            ) from None
        self._start(settings)
        self._act()

    def _restart(self, settings: Settings) -> None:
        # After the streams of the old connection have ended.
        def again() -> None:
            if self.core.state is State.IDLE:
                self._start(settings)
                self._act()

        self._running().call_soon(again)

    def _guard_waiting(self) -> None:
        super()._guard_waiting()
        if self._loop is not None and self._loop.is_closed():
            self._loop_closed()

    def _loop_closed(self) -> None:
        """Nobody is left who could answer: the program ended its loop without disconnect()."""
        self.requests.close(
            SessionClosedError(
                "the session's event loop is closed", CilError.E_CTIOS_SESSION_NOT_CONNECTED
            )
        )

    def _on_event_thread(self) -> bool:
        # Whatever runs on the loop holds up what the loop would deliver.
        return self._loop is not None and asyncio._get_running_loop() is self._loop

    def _forget_monitor(self, invoke_id: int) -> None:
        monitor = self.core.monitor
        if monitor is not None and monitor.invoke_id == invoke_id:
            self.core.set_monitor(None)

    def _received(self, stream: FrameStream, count: int) -> None:
        now = self._running().time()
        frames = stream.updated(count)
        if frames:
            self.core.received(now, frames)
        if stream.error is not None:
            self.core.broken(now, stream.error)
        self._act()

    def _lost(self, protocol: _Protocol, text: str) -> None:
        if protocol is self._protocol:
            self._protocol = None
        self.core.closed(self._running().time(), text)
        self._act()

    def _act(self) -> None:
        """Does what the core wants. Listeners may come here again: the outer call goes on."""
        if self._acting:
            return
        self._acting = True
        try:
            while True:
                actions = self.core.take()
                if not actions:
                    break
                for action in actions:
                    self._do(action)
        finally:
            self._acting = False
        self._arm()

    def _do(self, action: Action) -> None:
        if isinstance(action, Deliver):
            self._deliver(action.frames)
        elif isinstance(action, Send):
            if self._protocol is not None and self._protocol.transport is not None:
                self._protocol.transport.write(action.data)
        elif isinstance(action, Open):
            self._connecting = self._running().create_task(self._open(action.host, action.port))
        elif isinstance(action, Close):
            self._close()

    async def _open(self, host: str, port: int) -> None:
        protocol = _Protocol(self)
        try:
            tls = self.core.settings.tls if self.core.settings is not None else None
            await self._running().create_connection(lambda: protocol, host, port, ssl=tls)
        except asyncio.CancelledError:
            protocol.session = None
            if protocol.transport is not None:
                protocol.transport.abort()
            raise
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
            self._connecting = None
            self.core.closed(self._running().time(), _reason(error))
        else:
            self._connecting = None
            self._protocol = protocol
            self._reading = True
            self.core.opened(self._running().time())
        self._act()

    def _close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.session = None
            transport = protocol.transport
            if transport is not None:
                transport.close()
                if transport.get_write_buffer_size():
                    self._running().call_later(_CLOSE_SECONDS, transport.abort)

    def _deliver(self, frames: Sequence[Frame]) -> None:
        last = frames[-1].message_id in (events.CONNECTION_CLOSED, events.CONNECTION_REJECTED)
        if self._closing:
            if not last:
                return  # Disconnect outranks what is still to be delivered
            self._closing = False
            self.dispatcher.mute(False)
        self.dispatcher.dispatch_batch(frames)
        for watch in self._watches:
            watch.put(frames)
        for stream in self._streams:
            stream._put(frames)
        if self._backlog is not None:
            self._backlog._put(frames)
        elif self._missed and not self._streams:
            self._missed += len(frames)
        if not self._filtering:
            self._bound()
        if last:
            for watch in self._watches:
                watch.end()
            for stream in self._streams:
                stream._end()
            self._streams.clear()
            if self._backlog is not None:
                self._backlog._end()

    def _deliver_one(self, frame: Frame) -> None:
        super()._deliver_one(frame)
        for watch in self._watches:
            watch.put([frame])
        for stream in (*self._streams, self._backlog):
            if stream is not None:
                stream._put([frame])

    def _bound(self) -> None:
        """Keeps what waits for readers within bounds."""
        backlog = self._backlog
        if backlog is not None and len(backlog._frames) > _BACKLOG:
            # Nobody asked for events(): a program of listeners. It is not held up.
            self._missed = len(backlog._frames)
            self._backlog = None
        if self._reading and any(len(stream._frames) > _BACKLOG for stream in self._streams):
            self._pause(True)

    def _drained(self) -> None:
        if not self._reading and not any(
            len(stream._frames) > _BACKLOG // 2 for stream in self._streams
        ):
            self._pause(False)

    def _pause(self, paused: bool) -> None:
        protocol = self._protocol
        if self._reading is not paused or protocol is None or protocol.transport is None:
            return
        self._reading = not paused
        with contextlib.suppress(RuntimeError):  # it is closing
            if paused:
                protocol.transport.pause_reading()
            else:
                protocol.transport.resume_reading()
        self.core.pause(self._running().time(), paused)

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
        self.core.tick(self._running().time())
        self._act()
