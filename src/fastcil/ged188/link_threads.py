"""A link on two threads: one has the connections, one calls the listeners in order.

    with CtiLinkThread(LinkSettings.from_url("ctiserver://side-a,side-b"), show) as link:
        answer = link.request(QueryAgentStateReq(...)).result()

The first thread runs an asyncio loop with a CtiLink: one implementation of connections and TLS
serves both drivers. Neither thread waits for the other: between them is a bounded queue, and what a
slow listener misses is counted and told by Gap.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError
from types import TracebackType
from typing import Any, Callable

from fastcil.ged188 import Message
from fastcil.ged188._enums import CTIServiceMask, StatusCode
from fastcil.ged188.link_actions import Counters, LinkState
from fastcil.ged188.link_aio import CtiLink
from fastcil.ged188.link_core import LinkCore
from fastcil.ged188.link_errors import LinkClosedError, LinkError
from fastcil.ged188.link_events import LinkEvent
from fastcil.ged188.link_queue import EventQueue
from fastcil.ged188.link_requests import Ask
from fastcil.ged188.link_settings import LinkSettings

__all__ = ["CtiLinkThread"]

logger = logging.getLogger("fastcil.ged188.link")

Listener = Callable[[LinkEvent], None]


class CtiLinkThread:
    """A link whose events are given to listeners on one thread of its own.

    listener: called with every event; add_listener adds more. What one raises is logged and stops
    neither the others nor the thread. Requests may be made on any thread, also in a listener, which
    may wait for their results as well.
    """

    def __init__(
        self,
        settings: LinkSettings,
        listener: Listener | None = None,
        *,
        core: LinkCore | None = None,
    ) -> None:
        self.settings = settings
        self._link = CtiLink(settings, core=core)
        self._listeners: tuple[Listener, ...] = () if listener is None else (listener,)
        self._queue = EventQueue(settings.max_events)
        self._ready = threading.Condition()
        self._over = False  # the last event is in the queue
        self._lock = threading.Lock()
        self._stopped = False  # the loop takes no more calls
        self._loop: asyncio.AbstractEventLoop | None = None
        self._network: threading.Thread | None = None
        self._delivery = threading.Thread(
            target=self._run_listeners, name="fastcil-cti-events", daemon=True
        )

    # --- state ------------------------------------------------------------------------------------

    @property
    def state(self) -> LinkState:
        """Where the link stands, at a moment just past."""
        return self._link.state

    @property
    def side(self) -> str | None:
        """Name of the active side."""
        return self._link.side

    @property
    def version(self) -> int | None:
        """The protocol version of the active session."""
        return self._link.version

    @property
    def services(self) -> CTIServiceMask:
        """What the server granted."""
        return self._link.services

    @property
    def counters(self) -> Counters:
        """What happened so far."""
        return self._link.counters

    def add_listener(self, listener: Listener) -> None:
        """Has a function called with every event from now on."""
        with self._ready:
            self._listeners = (*self._listeners, listener)

    def remove_listener(self, listener: Listener) -> None:
        """Not any more; nothing when it is no listener."""
        with self._ready:
            self._listeners = tuple(one for one in self._listeners if one != listener)

    # --- opening and closing ----------------------------------------------------------------------

    def open(self, timeout: float | None = 60.0) -> None:
        """Connects and returns when a session is active.

        Raises OpenError when the server refuses for good or timeout seconds have passed, LinkError
        when the link was opened before, EncodeError when the settings make no OPEN_REQ.
        """
        with self._lock:
            if self._loop is not None:
                raise LinkError("the link was opened before")
            loop = self._loop = asyncio.new_event_loop()
        opened: Future[None] = Future()
        self._network = threading.Thread(
            target=self._run_network,
            args=(loop, timeout, opened),
            name="fastcil-cti-network",
            daemon=True,
        )
        self._delivery.start()
        self._network.start()
        try:
            opened.result()
        except BaseException:
            self.close()
            raise

    def close(
        self, status: int = StatusCode.E_CTI_NO_ERROR, *, timeout: float | None = 10.0
    ) -> None:
        """Ends the session; returns when both threads have ended, or after timeout seconds.

        In a listener it does not wait. Closed is the last event. Nothing when it is closed.
        """
        network = self._network
        if network is None:
            return
        closed: Future[None] = Future()

        def close() -> None:
            task = asyncio.ensure_future(self._link.close(status))
            task.add_done_callback(lambda _: closed.set_result(None))

        self._call(close, closed)
        if threading.current_thread() is self._delivery:
            return
        with contextlib.suppress(FutureTimeoutError, LinkClosedError):
            closed.result(timeout)
        network.join(timeout)
        self._delivery.join(timeout)

    def __enter__(self) -> CtiLinkThread:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- requests ---------------------------------------------------------------------------------

    def request(
        self,
        request: Ask,
        values: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> Future[Message]:
        """Makes a request of the active side; the future has its confirmation, or the error.

        Arguments and errors as of CtiLink.request. Cancelling the future gives the request up.
        """
        future: Future[Message] = Future()
        self._submit(future, request, values, timeout, whole=True)
        return future

    def request_parts(
        self,
        request: Ask,
        values: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> Future[tuple[Message, ...]]:
        """As request(), with the messages of the answer as they came."""
        future: Future[tuple[Message, ...]] = Future()
        self._submit(future, request, values, timeout, whole=False)
        return future

    def send(
        self,
        message: Ask,
        values: Mapping[str, Any] | None = None,
        *,
        floating: Iterable[tuple[str | int, Any]] | None = None,
        body: bytes | None = None,
    ) -> Future[None]:
        """Sends a message that nothing answers; the future says that it could be sent."""
        future: Future[None] = Future()

        def send() -> None:
            self._link.send(message, values, floating=floating, body=body)
            with contextlib.suppress(InvalidStateError):
                future.set_result(None)

        self._call(send, future)
        return future

    # --- inside -----------------------------------------------------------------------------------

    def _submit(
        self,
        future: Future[Any],
        request: Ask,
        values: Mapping[str, Any] | None,
        timeout: float | None,
        *,
        whole: bool,
    ) -> None:
        def submit() -> None:
            self._link._submit(future, request, values, timeout, whole=whole)

        self._call(submit, future)

    def _call(self, what: Callable[[], None], future: Future[Any]) -> None:
        """Runs something on the network thread; what it raises becomes the future's."""

        def run() -> None:
            if future.cancelled():
                return
            try:
                what()
            except Exception as error:
                _fail(future, error)

        # Under the lock, so that what is accepted is run before the loop is closed.
        with self._lock:
            loop = self._loop
            if loop is not None and not self._stopped:
                loop.call_soon_threadsafe(run)
                return
        _fail(future, LinkClosedError("the link is not open"))

    def _run_network(
        self, loop: asyncio.AbstractEventLoop, timeout: float | None, opened: Future[None]
    ) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._main(timeout, opened))
            with self._lock:
                self._stopped = True
            loop.run_until_complete(_others_end())
        except BaseException as error:
            # Nothing is left half open: the link ends as if it had been closed.
            logger.exception("the network thread of a link failed")
            _fail(opened, error)
            with self._lock:
                self._stopped = True
            self._link.abort()
            loop.run_until_complete(_others_end())
        finally:
            with self._ready:
                self._over = True
                self._ready.notify()
            asyncio.set_event_loop(None)
            loop.close()

    async def _main(self, timeout: float | None, opened: Future[None]) -> None:
        self._link._sinks.append(self._put)
        # Listeners get the events; the stream for the first events() has no reader here.
        self._link.events().close()
        try:
            await self._link.open(timeout)
        except Exception as error:
            _fail(opened, error)
        else:
            opened.set_result(None)
            await self._link.wait_closed()
        await _others_end()

    def _put(self, events: Sequence[LinkEvent]) -> int:
        """On the network thread."""
        with self._ready:
            dropped = self._queue.put(events)
            self._ready.notify()
        return dropped

    def _run_listeners(self) -> None:
        while True:
            with self._ready:
                while not len(self._queue):
                    if self._over:
                        return
                    self._ready.wait()
                event = self._queue.get()
                listeners = self._listeners
            for listener in listeners:
                try:
                    listener(event)
                except BaseException:
                    # sys.exit() in a listener ends neither the thread nor the other events.
                    logger.exception("a listener failed on %s", type(event).__name__)


async def _others_end() -> None:
    """Every other task of the loop, and calls of other threads that were just accepted."""
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


def _fail(future: Future[Any], error: BaseException) -> None:
    """Gives a future its error, unless it was cancelled meanwhile."""
    with contextlib.suppress(InvalidStateError):
        future.set_exception(error)
