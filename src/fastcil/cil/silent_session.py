"""A session's silent monitor managers: made, chosen, told of events, restored after a reconnect.

Sources: CTI OS Developer Guide 12.6(1), session chapter (CreateSilentMonitorManager …), building
chapter (silent monitoring).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from fastcil.catalog import CilError, SMManagerMode, event_id
from fastcil.catalog import SilentMonitorStatus as Status
from fastcil.cil import events
from fastcil.cil.dispatch import Handler
from fastcil.cil.errors import SessionError
from fastcil.cil.lenient import number_in
from fastcil.cil.silent import START_CONF, STARTED, STOP_CONF, SilentMonitorManager
from fastcil.codec import Arguments, FastcilError

if TYPE_CHECKING:
    from fastcil.cil.session import Session

__all__ = ["SilentMonitors", "SilentSession"]

START_REQUESTED = event_id("OnSilentMonitorStartRequestedEvent")
STOP_REQUESTED = event_id("OnSilentMonitorStopRequestedEvent")
STATUS_REPORT = event_id("OnSilentMonitorStatusReportEvent")
STREAM_TIMED_OUT = event_id("OnRTPStreamTimedoutEvent")
RTP_STARTED = event_id("OnCallRTPStarted")
DISCONNECTED = events.SILENT_MONITOR_DISCONNECTED


class SilentMonitors:
    """The managers of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._managers: tuple[SilentMonitorManager, ...] = ()
        self.current: SilentMonitorManager | None = None
        self.forced_monitored = False
        """Whether a supervisor may be monitored."""
        self._before = {
            START_REQUESTED: lambda _, arguments: self._each("_requested_of", arguments),
            START_CONF: lambda _, arguments: self._each(
                "_begun", arguments, Status.eSMStatusInProgress
            ),
            STARTED: lambda _, arguments: self._each(
                "_begun", arguments, Status.eSMStatusMonitorStarted
            ),
            STATUS_REPORT: lambda _, arguments: self._each("_reported", arguments),
            STREAM_TIMED_OUT: lambda _, arguments: self._each("_reported", arguments),
            DISCONNECTED: lambda _, arguments: self._each("_reported", arguments),
            RTP_STARTED: lambda _, arguments: self._each("_streams", arguments),
            events.CONNECTION: lambda *_: self._each("_restore"),
            events.CONNECTION_CLOSED: lambda *_: self._each("_reset"),
        }
        self._after = {
            START_REQUESTED: lambda _, arguments: self._each("_decide", arguments),
            STATUS_REPORT: self._over,
            STOP_REQUESTED: lambda _, arguments: self._each("_ended", arguments),
            STOP_CONF: lambda _, arguments: self._each("_ended", arguments),
            DISCONNECTED: lambda _, arguments: self._each("_ended", arguments),
            events.CONNECTION_FAILURE: lambda *_: self._each("_lost"),
        }

    def create(self, arguments: Mapping[str, Any] | None) -> SilentMonitorManager:
        """A new manager. SessionError with E_CTIOS_INVALID_ARGUMENT."""
        try:
            made = self._session.silent_monitor_manager_type(self._session, arguments)
        except (FastcilError, TypeError, ValueError, OverflowError) as error:
            text = f"CreateSilentMonitorManager: {error}"
            raise SessionError(text, CilError.E_CTIOS_INVALID_ARGUMENT) from None
        self._managers = (*self._managers, made)
        self._session.dispatcher.refresh()
        return made

    def destroy(self, manager: SilentMonitorManager) -> None:
        """Ends its mode, and the session forgets it. SessionError: not one of the session."""
        self._check(manager)
        manager._destroy()
        self._managers = tuple(one for one in self._managers if one is not manager)
        if self.current is manager:
            self.current = None
        self._session.dispatcher.refresh()

    def choose(self, manager: SilentMonitorManager | None) -> None:
        """The current one, or none. SessionError: not one of the session."""
        if manager is not None:
            self._check(manager)
        self.current = manager

    def claim(self, manager: SilentMonitorManager) -> None:
        """Only one manager of a connection is in a mode. SessionError: E_CTIOS_MODE_SET_ALREADY."""
        for one in self._managers:
            if one.mode is not SMManagerMode.eSMModeNotSet:
                whose = "the manager" if one is manager else "another manager of the session"
                text = f"{whose} is in {one.mode.name} already"
                raise SessionError(text, CilError.E_CTIOS_MODE_SET_ALREADY)

    def before(self, message_id: int) -> Iterator[Handler]:
        """What runs before the listeners."""
        if self._managers and message_id in self._before:
            yield self._before[message_id]

    def after(self, message_id: int) -> Iterator[Handler]:
        """What runs after the listeners."""
        if self._managers and message_id in self._after:
            yield self._after[message_id]

    def _check(self, manager: SilentMonitorManager) -> None:
        if not any(one is manager for one in self._managers):
            raise SessionError(
                "the silent monitor manager is not one of this session",
                CilError.E_CTIOS_INVALID_ARGUMENT,
            )

    def _each(self, what: str, *arguments: Any) -> None:
        for manager in self._managers:
            getattr(manager, what)(*arguments)

    def _over(self, _: int, arguments: Arguments) -> None:
        self._each("_ended", arguments, number_in(arguments, "StatusCode", Status.eSMStatusOK))


class SilentSession:
    """What a session has to do with silent monitoring."""

    __slots__ = ()
    silent_monitor_manager_type: ClassVar[type[SilentMonitorManager]] = SilentMonitorManager
    """What create_silent_monitor_manager() makes: a subclass adds methods of its own."""
    _silent: SilentMonitors

    def create_silent_monitor_manager(
        self, arguments: Mapping[str, Any] | None = None
    ) -> SilentMonitorManager:
        """A silent monitor manager of the session (CreateSilentMonitorManager).

        arguments: HeartbeatInterval, HeartbeatTimeout (seconds) and MediaTerminationPort become its
        properties. SessionError with E_CTIOS_INVALID_ARGUMENT when they cannot be.
        """
        return self._silent.create(arguments)

    def destroy_silent_monitor_manager(self, manager: SilentMonitorManager) -> None:
        """Ends the manager's mode, and the manager (DestroySilentMonitorManager).

        SessionError with E_CTIOS_INVALID_ARGUMENT when it is not one of this session.
        """
        self._silent.destroy(manager)

    @property
    def current_silent_monitor(self) -> SilentMonitorManager | None:
        """The manager chosen by set_current_silent_monitor() (GetCurrentSilentMonitor)."""
        return self._silent.current

    def set_current_silent_monitor(self, manager: SilentMonitorManager | None) -> None:
        """Chooses the current manager, None for none (SetCurrentSilentMonitor).

        SessionError with E_CTIOS_INVALID_ARGUMENT when it is not one of this session.
        """
        self._silent.choose(manager)

    def set_supervisor_silent_monitor_mode(self, force_monitored_mode: int) -> None:
        """Whether this session's supervisor may be monitored: 1, or 0, monitoring only, as it is
        by default (SetSupervisorSilentMonitorMode).

        SessionError with E_CTIOS_INVALID_ARGUMENT for another number.
        """
        if force_monitored_mode not in (0, 1):
            raise SessionError(
                f"expected SilentMonitorForceMonitoredMode 0 or 1, got {force_monitored_mode!r}",
                CilError.E_CTIOS_INVALID_ARGUMENT,
            )
        self._silent.forced_monitored = bool(force_monitored_mode)
