"""What every session has, whatever drives it: listeners, objects, properties, monitor mode.

Sources: CTI OS Developer Guide 12.6(1), session chapter and event interfaces chapter.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any, Protocol

from fastcil.catalog import CilError, ConnectionMode, SubscriberList
from fastcil.catalog.requests import RequestID
from fastcil.cil import events
from fastcil.cil.core import Monitor, SessionCore, State
from fastcil.cil.dispatch import Binder, Dispatcher, Handler, generic
from fastcil.cil.errors import (
    ConnectionRejectedError,
    RequestFailedError,
    SessionClosedError,
    SessionError,
)
from fastcil.cil.objects import Agent, Call, CtiOsObject, SkillGroup
from fastcil.cil.settings import Settings
from fastcil.cil.store import ObjectStore
from fastcil.codec import Arguments, Frame, MessageFilter

__all__ = ["Session"]


class _Future(Protocol):
    """What asyncio's and concurrent.futures' futures have in common."""

    def done(self) -> bool: ...

    def set_result(self, result: None, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


class Session(CtiOsObject):
    """The part of a session that does no I/O; ThreadedSession and AsyncSession drive it."""

    __slots__ = (
        "__dict__",
        "_filtering",
        "_invoke_ids",
        "_opening",
        "_recovering",
        "_store",
        "core",
        "dispatcher",
    )

    def __init__(
        self, *, core: SessionCore | None = None, store: ObjectStore | None = None
    ) -> None:
        super().__init__()
        self.core = SessionCore() if core is None else core
        self._store = ObjectStore() if store is None else store
        self.dispatcher = Dispatcher(before=self._before, after=self._after)
        self._opening: list[_Future] = []
        self._filtering: dict[int, _Future] = {}
        self._invoke_ids = count(1)
        self._recovering = False
        self._changed["ConnectionMode"] = int(ConnectionMode.eNotConnected)

    # --- state and objects ----------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the connection stands."""
        return self.core.state

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self.core.state is State.CONNECTED

    @property
    def agents(self) -> Mapping[str, Agent]:
        """Agents by UniqueObjectID, a view."""
        return MappingProxyType(self._store.agents)

    @property
    def calls(self) -> Mapping[str, Call]:
        """Calls by UniqueObjectID, a view. They change on the thread that delivers events."""
        return MappingProxyType(self._store.calls)

    @property
    def skill_groups(self) -> Mapping[str, SkillGroup]:
        """Skill groups by UniqueObjectID, a view."""
        return MappingProxyType(self._store.skill_groups)

    def object(self, unique_object_id: str) -> CtiOsObject | None:
        """An agent, call or skill group; None when unknown (GetObjectFromObjectID)."""
        return self._store.objects.get(unique_object_id)

    # --- listeners ------------------------------------------------------------------------------

    def add_listener(
        self,
        listener: Any,
        list_id: int = SubscriberList.eAllInOneList,
        bind: Binder = generic,
    ) -> bool:
        """Puts a listener on a list: OnEvent(iEventID, rArgs) for each of its events.

        With bind=typed its methods named as the events are called, with rArgs. False when it is on
        the list already; ValueError when there is no such list.
        """
        return self.dispatcher.add(listener, list_id, bind)

    def remove_listener(
        self,
        listener: Any,
        list_id: int = SubscriberList.eAllInOneList,
        bind: Binder = generic,
    ) -> bool:
        """Takes a listener off a list, from the next event on; False when it was not there."""
        return self.dispatcher.remove(listener, list_id, bind)

    def AddEventListener(self, Listener: Any, iListID: int) -> CilError:
        """The documented name and result of add_listener."""
        try:
            self.add_listener(Listener, iListID)
        except (ValueError, AttributeError):
            return CilError.E_CTIOS_INVALID_ARGUMENT
        return CilError.CIL_OK

    def RemoveEventListener(self, Listener: Any, iListID: int) -> CilError:
        """The documented name and result of remove_listener."""
        try:
            found = self.remove_listener(Listener, iListID)
        except ValueError:
            return CilError.E_CTIOS_INVALID_ARGUMENT
        return CilError.CIL_OK if found else CilError.CIL_FAIL

    # --- for the drivers ------------------------------------------------------------------------

    def _prepare(self, settings: Settings) -> None:
        """The session is about to connect: its properties say where to."""
        self._recovering = False
        self.dispatcher.mute(False)
        self.update(
            {
                "CtiosA": settings.ctios_a,
                "CtiosB": settings.ctios_b,
                "PortA": settings.port_a,
                "PortB": settings.port_b,
                "Heartbeat": int(settings.heartbeat),
                "MaxHeartbeats": settings.max_heartbeats,
                "TryingSince": int(time.time()),
            }
        )

    def _mode(self, text: str, snapshot: bool, more: Mapping[str, Any]) -> Monitor:
        """Monitor mode with a new InvokeID; FilterError when the filter is wrong."""
        MessageFilter(text)
        return Monitor(text, snapshot, next(self._invoke_ids), dict(more))

    def _before(self, message_id: int) -> Iterable[Handler]:
        own = {
            events.CONNECTION: self._on_connection,
            events.CONNECTION_REJECTED: self._on_rejected,
            events.CONNECTION_CLOSED: self._on_closed,
            events.CONNECTION_FAILURE: self._on_failure,
            events.MONITOR_MODE_ESTABLISHED: self._on_established,
        }.get(message_id)
        return (own,) if own is not None else self._store.before(message_id)

    def _after(self, message_id: int) -> Iterable[Handler]:
        own = {
            events.CONNECTION: self._tell_opened,
            events.MONITOR_MODE_ESTABLISHED: self._tell_established,
            events.CONTROL_FAILURE: self._tell_refused,
        }.get(message_id)
        return (own,) if own is not None else self._store.after(message_id)

    def _on_connection(self, _: int, arguments: Arguments) -> None:
        self.update(
            {
                "CurrentServer": arguments.get_string("CurrentServer"),
                "CurrentPort": self.core.server[1],
                "ConnectedSince": int(time.time()),
            }
        )
        if self._recovering:
            self._store.begin_recovery()

    def _on_failure(self, _: int, arguments: Arguments) -> None:
        self._recovering = True
        server, port = self.core.server
        self.update({"TryingServer": server, "TryingPort": port, "TryingSince": int(time.time())})

    def _on_established(self, _: int, arguments: Arguments) -> None:
        """Monitor mode stands. After a reconnect, calls that ended meanwhile are ended."""
        self._changed["ConnectionMode"] = int(ConnectionMode.eMonitorConnection)
        monitor = self.core.monitor
        if monitor is None:
            return
        self._changed["MessageFilter"] = monitor.text
        if self._recovering:
            self._recovering = False
            if monitor.snapshot:
                for key in self._store.end_recovery(monitor.text):
                    self._deliver_one(events.call_end(key))

    def _deliver_one(self, frame: Frame) -> None:
        """An event made while another is delivered."""
        self.dispatcher.dispatch(frame)

    def _tell_opened(self, _: int, arguments: Arguments) -> None:
        waiting, self._opening = self._opening, []
        _finish(waiting, None)

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
        _finish(waiting, SessionClosedError(text, CilError.E_CTIOS_SESSION_NOT_CONNECTED))
        self._store.clear()
        self._recovering = False
        self._changed["ConnectionMode"] = int(ConnectionMode.eNotConnected)
        for key in ("CurrentServer", "CurrentPort", "ConnectedSince", "MessageFilter"):
            self._changed.pop(key, None)

    def _tell_established(self, _: int, arguments: Arguments) -> None:
        number = arguments.get_int("InvokeID", 0)
        if number:
            waiting = [self._filtering.pop(number)] if number in self._filtering else []
        else:
            waiting = list(self._filtering.values())
            self._filtering.clear()
        _finish(waiting, None)

    def _tell_refused(self, _: int, arguments: Arguments) -> None:
        if arguments.get_int("MessageType", 0) != RequestID.SET_MESSAGE_FILTER:
            return
        number = arguments.get_int("InvokeID", 0) or next(iter(self._filtering), 0)
        self._forget_monitor(number)
        future = self._filtering.pop(number, None)
        if future is not None:
            code = arguments.get_int("FailureCode", 0)
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
