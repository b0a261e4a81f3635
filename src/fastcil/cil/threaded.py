"""A session on two threads: one reads and writes the socket, one calls the listeners in order.

    with connect_sync("ctios://side-a:42028,side-b:42028") as session:
        session.add_listener(listener)
        session.monitor("MessageID=23,24")

Neither thread holds up the other: between them is a queue of batches, and when it is full reading
pauses, so that the server sees a slow client. Source: CTI OS Developer Guide 12.6(1), architecture
and building chapters (threads).
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Literal, overload

from fastcil.catalog import CilError
from fastcil.cil._iterate import EventHub, EventStream
from fastcil.cil._network import Network
from fastcil.cil.core import Monitor, SessionCore, State
from fastcil.cil.errors import SessionError
from fastcil.cil.session import Session
from fastcil.cil.settings import Settings
from fastcil.cil.store import ObjectStore
from fastcil.cil.waiting import Watch, What
from fastcil.codec import Frame

if TYPE_CHECKING:
    from fastcil.cil.typed_events import TypedStream

__all__ = ["ThreadedSession", "connect_sync"]

_live: weakref.WeakSet[ThreadedSession] = weakref.WeakSet()


def connect_sync(url: str, *, timeout: float | None = 30.0, **options: Any) -> ThreadedSession:
    """A connected session, to be used in a `with` block or closed by disconnect().

    url is ctios://host[:port][,host[:port]]; options are those of Settings. ConnectError when
    neither side can be reached within timeout seconds; None: it tries for ever.
    """
    session = ThreadedSession()
    session.connect(Settings.from_url(url, **options), timeout=timeout)
    return session


class ThreadedSession(Session):
    """A session whose events are delivered on one thread of its own."""

    def __init__(
        self, *, core: SessionCore | None = None, store: ObjectStore | None = None
    ) -> None:
        super().__init__(core=core, store=store)
        self._network: Network | None = None
        self._hub = EventHub(self._waits_for_answer)
        self._lock = threading.Lock()

    # --- connection -----------------------------------------------------------------------------

    def start(self, settings: Settings, opened: Future[None] | None = None) -> None:
        """Begins to connect and returns at once: OnConnection or OnConnectionFailure follow.

        opened, when given, gets the outcome of the first of OnConnection, OnConnectionRejected and
        OnConnectionClosed. SessionError when the session is under way or not closed yet.
        """
        with self._lock:
            if self._network is not None and not self._network.finished:
                code = CilError.E_CTIOS_SESSION_NOT_DISCONNECTED
                if self.core.in_failover:
                    code = CilError.E_CTIOS_IN_FAILOVER
                raise SessionError("Disconnect first, and wait for OnConnectionClosed", code)
            hub = EventHub(self._waits_for_answer)
            network = Network(self.core, self.dispatcher, hub, self._network)
            self.core.connect(time.monotonic(), settings)
            self._prepare(settings)
            self._opening = [] if opened is None else [opened]
            self._hub, self._network = hub, network
            _live.add(self)
            network.start()

    def connect(self, settings: Settings, *, timeout: float | None = 30.0) -> None:
        """Connects and returns when OnConnection was delivered; ConnectError after timeout."""
        self._refuse_on_event_thread("connect", "start")
        opened: Future[None] = Future()
        self.start(settings, opened)
        try:
            opened.result(timeout)
        except FutureTimeoutError:
            unreached = self.core.unreached(timeout)
            self.disconnect()
            raise unreached from None
        except BaseException:
            self.disconnect()
            raise

    def disconnect(self, *, timeout: float | None = 5.0) -> bool:
        """Closes, also while trying; events not yet delivered are dropped, OnConnectionClosed is
        the last. Waits until the threads have ended, except on the event thread itself.

        False when there was nothing to close.
        """
        network = self._network
        if network is None or network.finished:
            return False
        self.dispatcher.mute()
        self._hub.close()
        network.disconnect()
        if not network.is_event_thread():
            network.join(timeout)
        return True

    def disconnect_nowait(self) -> None:
        """disconnect() without waiting for the threads; for listeners too."""
        self.disconnect(timeout=0.0)

    def __enter__(self) -> ThreadedSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.disconnect()

    # --- monitor mode ---------------------------------------------------------------------------

    def monitor(
        self, text: str, *, snapshot: bool = True, timeout: float | None = 30.0, **more: Any
    ) -> None:
        """Monitor mode: returns when OnMonitorModeEstablished was delivered, the snapshot before.

        FilterError for a wrong filter, RequestFailedError when the server refuses it, TimeoutError
        when it does not answer. The filter is set again after every reconnect. more are further
        fields of the request. Not from a listener: see set_message_filter().
        """
        self._refuse_on_event_thread("monitor", "set_message_filter")
        mode = self._mode(text, snapshot, more)
        future: Future[None] = Future()
        self._filtering[mode.invoke_id] = future
        self._hub.stir()
        try:
            self._set_mode(mode)
            future.result(timeout)
        except FutureTimeoutError:
            raise TimeoutError(f"no answer to the filter in {timeout:g} seconds") from None
        finally:
            self._filtering.pop(mode.invoke_id, None)

    @overload
    def events(
        self, *, timeout: float | None = None, typed: Literal[False] = False
    ) -> EventStream: ...
    @overload
    def events(self, *, timeout: float | None = None, typed: Literal[True]) -> TypedStream: ...
    def events(
        self, *, timeout: float | None = None, typed: bool = False
    ) -> EventStream | TypedStream:
        """All events in order, for `for`; after the listeners had them. typed: as classes of
        fastcil.cil.typed_events.

        The first call also gives what came since connect(); when that was too much to keep, the
        stream begins with OnGap. A stream that is not read makes delivery pause, and so the server
        sees a slow client. With a timeout, TimeoutError after so many seconds without an event.
        """
        if typed:
            from fastcil.cil.typed_events import TypedStream

            return TypedStream(self._hub.stream(timeout))
        return self._hub.stream(timeout)

    def expect(self, what: What) -> Future[Frame]:
        """A future of the next event that matches, from now on: for what is done before waiting.

        what: an event's number, name or typed class, several of them, or a test of a frame (called
        on the event thread). SessionClosedError when the session closes first; ValueError when
        nothing could match. cancel() it when it is wanted no more.
        """
        if self._network is None or self._network.finished:
            raise SessionError("not connected", CilError.E_CTIOS_SESSION_NOT_CONNECTED)
        future: Future[Frame] = Future()
        watch = Watch(what, future)
        hub = self._hub
        future.add_done_callback(lambda _: hub.unwatch(watch))
        hub.watch(watch)
        return future

    def wait_for(self, what: What, *, timeout: float | None = None) -> Frame:
        """Waits for the next event that matches: expect(what), then its result.

        TimeoutError after timeout seconds; SessionClosedError when the session closes; SessionError
        in a listener, which must not wait.
        """
        self._waits.refuse_on_event_thread("wait_for")
        future = self.expect(what)
        try:
            return future.result(timeout)
        except FutureTimeoutError:
            raise TimeoutError(f"the event did not come in {timeout:g} seconds") from None
        finally:
            future.cancel()

    def set_message_filter(self, text: str, *, snapshot: bool = True, **more: Any) -> None:
        """Asks for monitor mode and does not wait: OnMonitorModeEstablished follows."""
        self._set_mode(self._mode(text, snapshot, more))

    # --- inside ---------------------------------------------------------------------------------

    def _run(self, command: Callable[[float], None]) -> None:
        network = self._network
        if network is not None and not network.finished:
            network.call(lambda: command(time.monotonic()))

    def _connect(self, settings: Settings) -> None:
        self.start(settings)

    def _restart(self, settings: Settings) -> None:
        self.start(settings)

    def _waits_for_answer(self) -> bool:
        """While monitor() waits, delivery must not: the answer comes behind the snapshot."""
        return bool(self._filtering)

    def _set_mode(self, mode: Monitor) -> None:
        network = self._network
        if network is None or network.finished or self.core.state is State.IDLE:
            raise SessionError("not connected", CilError.E_CTIOS_SESSION_NOT_CONNECTED)
        network.call(lambda: self.core.set_monitor(mode))

    def _deliver_one(self, frame: Frame) -> None:
        super()._deliver_one(frame)
        self._hub.put([frame])

    def _forget_monitor(self, invoke_id: int) -> None:
        def forget() -> None:
            monitor = self.core.monitor
            if monitor is not None and monitor.invoke_id == invoke_id:
                self.core.set_monitor(None)

        if self._network is not None:
            self._network.call(forget)

    def _on_event_thread(self) -> bool:
        return self._network is not None and self._network.is_event_thread()

    def _refuse_on_event_thread(self, what: str, instead: str) -> None:
        if self._on_event_thread():
            raise SessionError(
                f"{what}() waits for an event, and a listener must not: use {instead}() there",
                CilError.E_CTIOS_INVALID_OBJECT_STATE,
            )


@atexit.register
def _close_all() -> None:
    """An interpreter that ends leaves no connection open and no thread running."""
    for session in list(_live):
        session.disconnect(timeout=1.0)
