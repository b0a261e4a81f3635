"""What a session asks of the server: modes, connection, and the requests by their names.

Sources: CTI OS Developer Guide 12.6(1), session chapter (return values of its methods) and building
chapter (one mode per connection; SendIdentifyClientRequest).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable

from fastcil.catalog import CilError
from fastcil.catalog.requests import RequestID
from fastcil.cil import engine, events
from fastcil.cil._native import SessionMethods
from fastcil.cil.core import Monitor, State
from fastcil.cil.errors import SessionError
from fastcil.cil.method import Method
from fastcil.cil.objects import Agent, Call, CtiOsObject
from fastcil.cil.pending import Pending
from fastcil.cil.session_state import SessionState
from fastcil.cil.settings import Settings
from fastcil.cil.silent_session import SilentSession
from fastcil.codec import Arguments, FastcilError, FilterError, Frame, MessageFilter

__all__ = ["SessionRequests"]

_ESTABLISHED = frozenset({events.MONITOR_MODE_ESTABLISHED})


class SessionRequests(SessionMethods, SilentSession, SessionState):
    """The requests of a session; Session answers for what follows from events."""

    __slots__ = ()
    _confirming: frozenset[int]
    _leaving: bool

    # --- requests -------------------------------------------------------------------------------

    def perform(self, method: str, arguments: Any = None) -> Pending:
        """A documented request of a session by its name: perform("RequestDesktopSettings", {...}).

        SetAgent takes an Agent or None, SetCurrentCall a Call or None, the methods about a silent
        monitor manager that one. Never raises what the guide has a code for: see Pending.code.
        """
        own = _OWN.get(method) if isinstance(method, str) else None
        if own is None:
            return engine.begin(self, self, "Session", method, arguments)
        try:
            return own(self, arguments)
        except SessionError as error:
            self.note_error(error.code)
            return Pending(method, error.code, str(error))

    def set_agent(self, agent: Agent | None) -> Pending:
        """Agent mode for an agent with AgentID and PeripheralID; answered by OnSetAgentModeEvent.

        None: the session has no agent any more. SessionError with the documented code when there
        is one already, or monitor mode.
        """
        return self._desk.set(agent)

    def set_current_call(self, call: Call | None) -> None:
        """Chooses the current call: OnCurrentCallChanged and OnButtonEnablementChange follow.

        SessionError with E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION, or E_CTIOS_INVALID_CALL for a
        call that is not in the session.
        """
        self._current_call.set(call)

    def request(
        self, number: int, arguments: Mapping[str, Any] | None = None, confirm: Iterable[int] = ()
    ) -> Pending:
        """A request by its number (fastcil.catalog.requests), without any check.

        confirm: numbers of the events that answer it. SessionError when it cannot be sent.
        """
        if self.core.state is not State.CONNECTED:
            idle = self.core.state is State.IDLE
            raise SessionError(
                f"the session is not connected ({self.core.state.value})",
                CilError.E_CTIOS_SESSION_NOT_CONNECTED if idle else CilError.E_CTIOS_IN_FAILOVER,
            )
        answers = frozenset(confirm)
        if not answers <= self._confirming:
            self._confirming |= answers
            self.dispatcher.refresh()
        return engine.send(self, f"request {number:#x}", number, Arguments(arguments), answers)

    def begin_connect(self, arguments: Mapping[str, Any] | None) -> CilError:
        """Connect: CIL_OK says that trying has begun. Session chapter, Connect."""
        try:
            if arguments is None:
                raise SessionError("Connect: no arguments", CilError.E_CTIOS_INVALID_ARGUMENT)
            self._connect(Settings.from_arguments(arguments))
        except SessionError as error:
            self.note_error(error.code)
            return error.code
        return CilError.CIL_OK

    def begin_disconnect(
        self, arguments: Mapping[str, Any] | None = None, *, needs_mode: bool = False
    ) -> CilError:
        """Disconnect: OnConnectionClosed follows CIL_OK. Session chapter, Disconnect.

        needs_mode: the rule of C++ and COM, that without a mode ForcedDisconnect must be there
        (its presence is what counts).
        """
        code = CilError.CIL_OK
        active = self._desk.active or self.core.monitor is not None
        try:
            given = Arguments(arguments)
        except (FastcilError, TypeError, ValueError, OverflowError):
            self.note_error(CilError.E_CTIOS_INVALID_ARGUMENT)
            return CilError.E_CTIOS_INVALID_ARGUMENT
        forced = self.is_valid("ForcedDisconnect") or "ForcedDisconnect" in given
        if self._leaving:
            code = CilError.E_CTIOS_SESSION_DISCONNECT_PENDING
        elif self.core.state is State.IDLE:
            code = CilError.E_CTIOS_SESSION_NOT_CONNECTED
        elif needs_mode and not forced and not active:
            code = CilError.E_CTIOS_MODE_NOT_SET
        else:
            self._leaving = True
            self.disconnect_nowait()
        if code is not CilError.CIL_OK:
            self.note_error(code)
        return code

    def _monitor(self, text: str, snapshot: bool, more: Mapping[str, Any]) -> Pending:
        """Asks for monitor mode. SessionError with the documented code."""
        state = self.core.state
        if state is State.IDLE:
            raise SessionError(
                "SetMessageFilter: not connected", CilError.E_CTIOS_SESSION_NOT_CONNECTED
            )
        try:
            mode = self._mode(text, snapshot, more)
        except FilterError as error:
            raise SessionError(
                f"SetMessageFilter: {error}", CilError.E_CTIOS_INVALID_ARGUMENT
            ) from None
        pending = Pending(
            "SetMessageFilter",
            invoke_id=mode.invoke_id,
            request=int(RequestID.SET_MESSAGE_FILTER),
            confirm=_ESTABLISHED,
            guard=self._guard_waiting,
        )
        self.requests.add(pending)

        def command(now: float) -> None:
            pending.lives = self.core.lives
            self.core.set_monitor(mode)
            self.core.watch(now, pending)

        self._run(command)
        return pending

    def _refuse_second_mode(self) -> None:
        if self._desk.active:
            raise SessionError(
                "the session is in agent mode: one mode per connection",
                CilError.E_CTIOS_MODE_CONFLICT,
            )

    def _mode(self, text: str, snapshot: bool, more: Mapping[str, Any]) -> Monitor:
        """Monitor mode with a new InvokeID; FilterError when the filter is wrong, SessionError in
        agent mode."""
        self._refuse_second_mode()
        MessageFilter(text)
        return Monitor(text, snapshot, self.requests.new_id(), dict(more))

    # --- for the drivers ------------------------------------------------------------------------

    def _on_event_thread(self) -> bool:
        """Whether the caller is where events are delivered."""
        return False

    def _run(self, command: Callable[[float], None]) -> None:
        """Runs a command with the time, where the core runs."""
        raise NotImplementedError

    def disconnect_nowait(self) -> None:
        """Closes without waiting: OnConnectionClosed follows."""
        raise NotImplementedError

    def _connect(self, settings: Settings) -> None:
        """Begins to connect. SessionError when the session is under way."""
        raise NotImplementedError

    def _restart(self, settings: Settings) -> None:
        """Connects again, after OnConnectionClosed was delivered."""
        raise NotImplementedError

    def _transmit(self, pending: Pending, data: bytes) -> None:
        self._run(lambda now: self.core.request(now, pending, data))

    def _inject(self, frames: Sequence[Frame]) -> None:
        """Events of the client's own making, behind those that wait; on any thread."""
        self._run(lambda now: self.core.deliver(frames))

    def _guard_waiting(self) -> None:
        if self._on_event_thread():
            raise SessionError(
                "result() waits for an event, and must not where events are delivered: "
                "take the answer from its event, use add_waker(), or await it in a task",
                CilError.E_CTIOS_INVALID_OBJECT_STATE,
            )

    def _performed(
        self, target: CtiOsObject, method: Method, fields: Arguments, pending: Pending
    ) -> None:
        self._desk.performed(target, method, fields, pending)


def _filter(session: SessionRequests, arguments: Any) -> Pending:
    """SetMessageFilter: Filter, and MonitorSessionSnapshotMode = 1 for no snapshot."""
    try:
        values = Arguments(arguments)
        text = values.get_string("Filter", None)
        snapshot = values.get_int("MonitorSessionSnapshotMode", 0) != 1
    except (FastcilError, OverflowError, TypeError, ValueError) as error:
        raise SessionError(
            f"SetMessageFilter: {error}", CilError.E_CTIOS_INVALID_ARGUMENT
        ) from None
    if text is None:
        raise SessionError("SetMessageFilter: Filter is missing", CilError.E_CTIOS_MISSING_ARGUMENT)
    more = values.to_dict()
    for key in [key for key in more if key.lower() in ("filter", "monitorsessionsnapshotmode")]:
        del more[key]
    return session._monitor(text, snapshot, more)


def _current(session: SessionRequests, call: Any) -> Pending:
    session.set_current_call(call)
    return _done("SetCurrentCall")


def _identify(session: SessionRequests, arguments: Any) -> Pending:
    """SendIdentifyClientRequest: the opening of the connection has told who the client is; the
    code says whether there is one. Building chapter."""
    if session.core.state is not State.CONNECTED:
        raise SessionError(
            "SendIdentifyClientRequest: not connected", CilError.E_CTIOS_SESSION_NOT_CONNECTED
        )
    return _done("SendIdentifyClientRequest")


def _silent_mode(session: SessionRequests, arguments: Any) -> Pending:
    """SetSupervisorSilentMonitorMode: what the guide lets the client alone decide."""
    key = "SilentMonitorForceMonitoredMode"
    try:
        number = Arguments(arguments).get_int(key, None)
    except (FastcilError, OverflowError, TypeError, ValueError) as error:
        raise SessionError(
            f"SetSupervisorSilentMonitorMode: {error}", CilError.E_CTIOS_INVALID_ARGUMENT
        ) from None
    if number is None:
        raise SessionError(
            f"SetSupervisorSilentMonitorMode: {key} is missing",
            CilError.E_CTIOS_MISSING_ARGUMENT,
        )
    session.set_supervisor_silent_monitor_mode(number)
    return _done("SetSupervisorSilentMonitorMode")


def _connect(session: SessionRequests, arguments: Any) -> Pending:
    return _coded("Connect", session.begin_connect(arguments))


def _disconnect(session: SessionRequests, arguments: Any) -> Pending:
    return _coded("Disconnect", session.begin_disconnect(arguments))


def _choose_manager(session: SessionRequests, manager: Any) -> Pending:
    session.set_current_silent_monitor(manager)
    return _done("SetCurrentSilentMonitor")


def _destroy_manager(session: SessionRequests, manager: Any) -> Pending:
    session.destroy_silent_monitor_manager(manager)
    return _done("DestroySilentMonitorManager")


def _coded(method: str, code: CilError) -> Pending:
    return _done(method) if code is CilError.CIL_OK else Pending(method, code)


def _done(method: str) -> Pending:
    """What is done at once."""
    done = Pending(method)
    done.confirm(0, Arguments())
    return done


_OWN: dict[str, Callable[[SessionRequests, Any], Pending]] = {
    "Connect": _connect,
    "DestroySilentMonitorManager": _destroy_manager,
    "Disconnect": _disconnect,
    "SetAgent": SessionRequests.set_agent,
    "SetCurrentCall": _current,
    "SetCurrentSilentMonitor": _choose_manager,
    "SetMessageFilter": _filter,
    "SendIdentifyClientRequest": _identify,
    "SetSupervisorSilentMonitorMode": _silent_mode,
}
