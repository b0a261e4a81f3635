"""What every session does when events come, whatever drives it.

Handlers run around the listeners of an event: before them objects and properties are brought up to
date, after them the requests that were answered end, and what follows from the event is told.
Sources: CTI OS Developer Guide 12.6(1), session chapter and event interfaces chapter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from fastcil.catalog import CilError, ConnectionMode
from fastcil.catalog.requests import RequestID
from fastcil.cil import engine, events
from fastcil.cil.agent_desk import SET_AGENT_CONFIRM, AgentDesk
from fastcil.cil.core import SessionCore
from fastcil.cil.current_call import CurrentCall
from fastcil.cil.dispatch import Dispatcher, Handler
from fastcil.cil.errors import (
    ConnectionRejectedError,
    RequestFailedError,
    SessionClosedError,
    SessionError,
)
from fastcil.cil.lenient import number_in
from fastcil.cil.pending import Requests
from fastcil.cil.session_requests import SessionRequests
from fastcil.cil.settings import Settings
from fastcil.cil.silent_session import SilentMonitors
from fastcil.cil.store import ObjectStore
from fastcil.cil.system_status import SystemStatus
from fastcil.cil.waiting import Waits
from fastcil.codec import Arguments, Frame

__all__ = ["Session"]

# Properties without a connection; the server's name is blank then. Session chapter, properties.
_UNCONNECTED = {
    "ConnectionMode": int(ConnectionMode.eNotConnected),
    "CurrentServer": "",
    "CurrentPort": 0,
    "ConnectedSince": 0,
}


class _Future(Protocol):
    """What asyncio's and concurrent.futures' futures have in common."""

    def done(self) -> bool: ...

    def set_result(self, result: None, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


class Session(SessionRequests):
    """The part of a session that does no I/O; ThreadedSession and AsyncSession drive it."""

    __slots__ = ()

    def __init__(
        self, *, core: SessionCore | None = None, store: ObjectStore | None = None
    ) -> None:
        super().__init__()
        self.core = SessionCore() if core is None else core
        self._store = ObjectStore() if store is None else store
        self.dispatcher = Dispatcher(before=self._before, after=self._last)
        self._waits = Waits(self.dispatcher.refresh, self._on_event_thread)
        self._silent = SilentMonitors(self)
        self._opening: list[_Future] = []
        self._filtering: dict[int, _Future] = {}
        self.recovering = False
        self.requests = Requests()
        self._desk = AgentDesk(self)
        self._current_call = CurrentCall(self)
        self._lives = 0  # failures of the connection that were delivered
        self._store.session = self
        self._confirming = (
            engine.CONFIRMING
            | SET_AGENT_CONFIRM
            | {events.CONTROL_FAILURE, events.MONITOR_MODE_ESTABLISHED}
        )
        self._status = SystemStatus()
        self._leaving = False  # begin_disconnect() was called
        self._changed["ConnectionMode"] = int(ConnectionMode.eNotConnected)

    def _prepare(self, settings: Settings) -> None:
        """The session has begun to connect: its properties say where to."""
        self.recovering = False
        self.requests.open()
        self.dispatcher.mute(False)
        self.update(
            {
                "CtiosA": settings.ctios_a,
                "CtiosB": settings.ctios_b,
                "PortA": settings.port_a,
                "PortB": settings.port_b,
                "Heartbeat": int(settings.heartbeat),
                "MaxHeartbeats": settings.max_heartbeats,
                **self._trying(),
            }
        )

    def _trying(self) -> dict[str, Any]:
        """The properties that say where a connection is attempted, blank when none is."""
        host, port = self.core.trying
        return {"TryingServer": host, "TryingPort": port, "TryingSince": events.time_of_day()}

    def _before(self, message_id: int) -> Iterable[Handler]:
        own = {
            events.CONNECTION: self._on_connection,
            events.CONNECTION_REJECTED: self._on_rejected,
            events.CONNECTION_CLOSED: self._on_closed,
            events.CONNECTION_FAILURE: self._on_failure,
            events.MONITOR_MODE_ESTABLISHED: self._on_established,
            events.SETTINGS_DOWNLOAD: self._on_settings,
        }.get(message_id)
        if message_id in SystemStatus.EVENTS:
            yield self._status.take
        if own is not None:
            yield own
        else:
            yield from self._store.before(message_id)
        yield from self._desk.before(message_id)
        yield from self._silent.before(message_id)

    def _after(self, message_id: int) -> Iterable[Handler]:
        own = {
            events.CONNECTION: self._tell_opened,
            events.CONNECTION_CLOSED: self._begin_anew,
            events.MONITOR_MODE_ESTABLISHED: self._tell_established,
            events.CONTROL_FAILURE: self._tell_refused,
        }.get(message_id)
        if own is not None:
            yield own
        yield from self._store.after(message_id)
        if self._desk.active:
            yield from self._current_call.after(message_id)
            yield from self._desk.after(message_id)
        if message_id in self._confirming:
            yield self._answered

    def _last(self, message_id: int) -> Iterable[Handler]:
        """What runs after the listeners, and last of all who waits."""
        yield from self._after(message_id)
        yield from self._silent.after(message_id)
        yield from self._waits.handlers(message_id)
        if message_id in (events.CONNECTION_CLOSED, events.CONNECTION_REJECTED):
            yield self._waits.release

    def _on_connection(self, _: int, arguments: Arguments) -> None:
        self.update(
            {
                "CurrentServer": arguments.get_string("CurrentServer"),
                "CurrentPort": self.core.server[1],
                "ConnectedSince": events.time_of_day(),
                "TryingServer": "",
                "TryingPort": 0,
            }
        )
        if self.recovering:
            self._store.begin_recovery()

    def _on_failure(self, _: int, arguments: Arguments) -> None:
        self._desk.lost()
        self.recovering = True
        self._lives += 1
        self.requests.lost(
            self._lives,
            SessionError("the connection was lost", CilError.E_CTIOS_IN_FAILOVER),
        )
        self.update({**_UNCONNECTED, **self._trying()})

    def _on_established(self, _: int, arguments: Arguments) -> None:
        """Monitor mode stands. After a reconnect, calls that ended meanwhile are ended."""
        self._changed["ConnectionMode"] = int(ConnectionMode.eMonitorConnection)
        monitor = self.core.monitor
        if monitor is None:
            return
        self._changed["MessageFilter"] = monitor.text
        if self.recovering:
            self.recovering = False
            if monitor.snapshot:
                for key in self._store.end_recovery(monitor.text):
                    self._deliver_one(events.call_end(key))
            self._desk.restore()

    def _deliver_one(self, frame: Frame) -> None:
        """An event made while another is delivered."""
        self.dispatcher.dispatch(frame)

    def _tell_opened(self, _: int, arguments: Arguments) -> None:
        waiting, self._opening = self._opening, []
        _finish(waiting, None)
        self._desk.connected_anew()

    def _begin_anew(self, _: int, arguments: Arguments) -> None:
        """The connection was closed to be opened again for another agent."""
        waiting, settings = self._desk.closed(), self.core.settings
        if waiting is not None and settings is not None:
            self._restart(settings)
            self._run(lambda now: self.core.watch(now, waiting))

    def _answered(self, message_id: int, arguments: Arguments) -> None:
        """An event that may answer a request. A login that fails ends the connection."""
        pending = self.requests.answered(message_id, arguments)
        if pending is None or pending.method != "Login" or pending.exception() is None:
            return
        settings = self.core.settings
        if settings is not None and settings.disconnect_on_login_failure:
            self.disconnect_nowait()

    def _on_settings(self, _: int, arguments: Arguments) -> None:
        """The tree becomes properties; from now on the number of tries is bounded."""
        self.update(arguments.to_dict())
        self._run(lambda now: self.core.limit())

    def _on_rejected(self, _: int, arguments: Arguments) -> None:
        text = arguments.get_string("ErrorMessage", "the versions do not match")
        waiting, self._opening = self._opening, []
        _finish(waiting, ConnectionRejectedError(text))
        self._end(f"rejected: {text}")

    def _on_closed(self, _: int, arguments: Arguments) -> None:
        self._end("the session was closed")

    def _end(self, text: str) -> None:
        """No connection any more, by one's own wish: everything is released."""
        waiting = [*self._opening, *self._filtering.values()]
        self._opening, self._filtering = [], {}
        closed = SessionClosedError(text, CilError.E_CTIOS_SESSION_NOT_CONNECTED)
        _finish(waiting, closed)
        self.requests.close(closed)
        self._lives = self.core.lives
        self._desk.clear(closed)
        self._current_call.clear()
        self._store.clear()
        self._status.bits = 0
        self._leaving = False
        self.dispatcher.refresh()
        self.recovering = False
        self.update({**_UNCONNECTED, "TryingServer": "", "TryingPort": 0, "MessageFilter": ""})

    def _tell_established(self, _: int, arguments: Arguments) -> None:
        number = number_in(arguments, "InvokeID")
        if number:
            waiting = [self._filtering.pop(number)] if number in self._filtering else []
        else:
            waiting = list(self._filtering.values())
            self._filtering.clear()
        _finish(waiting, None)

    def _tell_refused(self, _: int, arguments: Arguments) -> None:
        if number_in(arguments, "MessageType") != RequestID.SET_MESSAGE_FILTER:
            return
        number = number_in(arguments, "InvokeID") or next(iter(self._filtering), 0)
        self._forget_monitor(number)
        future = self._filtering.pop(number, None)
        if future is not None:
            code = number_in(arguments, "FailureCode")
            text = arguments.get_string("ErrorMessage", "") or f"refused with FailureCode {code}"
            _finish([future], RequestFailedError(text, code))

    def _forget_monitor(self, invoke_id: int) -> None:
        """A filter was refused: it is not asked for again after a reconnect."""
        raise NotImplementedError


def _finish(futures: Iterable[_Future], error: SessionError | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
