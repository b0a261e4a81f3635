"""SilentMonitorManager: silent monitoring of the CTI OS kind, without the voice.

Requests, states, checks, codes and events are those of the guide; what carries voice is not here:
no packets are captured, no audio is sent or played. A monitored client that accepts says so, and
that is all it does. The other kind, of Unified CM, is Agent.supervise_call(). Sources: CTI OS
Developer Guide 12.6(1), silent monitor manager chapter, building chapter (silent monitoring), event
interfaces chapter (ISilentMonitorEvents).

The guide prints a code for one method only. The others here are those of its table of CilError
whose names fit.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Callable

from fastcil.catalog import CilError, ClassIdentifier, SMManagerMode, event_id
from fastcil.catalog import SilentMonitorStatus as Status
from fastcil.catalog.requests import RequestID
from fastcil.cil.errors import SessionError
from fastcil.cil.pending import Asker, Pending
from fastcil.cil.silent_state import GOES_ON, PHONE, MonitorState, information
from fastcil.codec import Arguments, FastcilError

if TYPE_CHECKING:
    from fastcil.cil.session import Session

__all__ = ["SilentMonitorManager"]

logger = logging.getLogger("fastcil.cil")

START_CONF = event_id("OnStartSilentMonitorConf")
STARTED = event_id("OnSilentMonitorStartedEvent")
STOP_CONF = event_id("OnStopSilentMonitorConf")
DEFAULT_PORT = 39200
"""MonitoringIPPort when none is given. Source: StartSilentMonitorRequest."""

_MODE_ARGUMENTS = (
    "SMSAddr",
    "SMSListenport",
    "SMSTOS",
    "SMSHeartbeats",
    "SMSRetries",
    "HeartbeatInterval",
    "HeartbeatTimeout",
    "MonitoringDeviceID",
    "MediaTerminationPort",
)
_NOT_SET, _MONITORED, _MONITORING = (
    SMManagerMode.eSMModeNotSet,
    SMManagerMode.eSMMonitoredMode,
    SMManagerMode.eSMMonitoringMode,
)


def _error(code: CilError, text: str) -> SessionError:
    return SessionError(text, code)


class SilentMonitorManager(Asker, MonitorState):
    """Silent monitoring for one side; made by session.create_silent_monitor_manager().

    perform(name, arguments) is what the documented methods that return a CilError do; the same in
    snake_case raise SessionError with that code. Both give a Pending: its result is the answer of
    the server, where there is one. Properties: SMManagerMode, HeartbeatInterval, HeartbeatTimeout,
    MediaTerminationPort, IPPhoneInformation, SessionInformation.
    """

    __slots__ = ()
    class_identifier = int(ClassIdentifier.eSilentMonitorManagerObject)

    # --- what is asked for ---------------------------------------------------------------------

    def perform(self, method: str, arguments: Mapping[str, Any] | None = None) -> Pending:
        """A documented method by its name: perform("StartSMMonitoringMode", {...}).

        Never raises what has a code: see Pending.code.
        """
        try:
            one = _METHODS.get(method) if isinstance(method, str) else None
            if one is None:
                raise _error(
                    CilError.E_CTIOS_METHOD_NO_IMPLEMENTED,
                    f"SilentMonitorManager has no method {method}",
                )
            try:
                given = Arguments() if arguments is None else Arguments(arguments)
            except (FastcilError, TypeError, ValueError, OverflowError) as error:
                text = f"{method}: {error}"
                raise _error(CilError.E_CTIOS_INVALID_ARGUMENT, text) from None
            with self._guard:
                pending = one(self, given)
        except SessionError as error:
            self.note_error(error.code)
            return Pending(method, error.code, str(error))
        if method == "StartSilentMonitorRequest" and isinstance(arguments, MutableMapping):
            _give_key(pending, arguments)
        return pending

    def start_sm_monitored_mode(self, arguments: Mapping[str, Any] | None = None) -> Pending:
        """Ready to be monitored. Cluster, else SMSAddr, names the silent monitor service: one is
        chosen and kept in SMSAddr, but not connected to, since no voice is carried.

        Codes: E_CTIOS_MODE_SET_ALREADY; E_CTIOS_INVALID_SILENT_MONITOR_MODE where silent monitoring
        is that of Unified CM; E_CTIOS_NOT_ENABLED_FOR_SILENT_MONITOR for a supervisor, unless
        set_supervisor_silent_monitor_mode() allowed it.
        """
        return self._ask("StartSMMonitoredMode", arguments, {})

    def start_sm_monitoring_mode(self, arguments: Mapping[str, Any] | None = None) -> Pending:
        """Ready to monitor. Codes as for start_sm_monitored_mode()."""
        return self._ask("StartSMMonitoringMode", arguments, {})

    def stop_silent_monitor_mode(self) -> Pending:
        """Ready for nothing any more; ends a session under way. E_CTIOS_MODE_NOT_SET."""
        return self._ask("StopSilentMonitorMode", None, {})

    def start_silent_monitor_request(
        self,
        arguments: Mapping[str, Any] | None = None,
        *,
        agent_id: str | None = None,
        device_id: str | None = None,
        peripheral_id: int | None = None,
        monitoring_ip_address: str | None = None,
        monitoring_ip_port: int | None = None,
        heartbeat_interval: int | None = None,
        heartbeat_timeout: int | None = None,
    ) -> Pending:
        """Begins to monitor an agent, by agent_id or device_id; intervals in seconds.

        Its answer, OnStartSilentMonitorConf, has the SMSessionKey, which is then also written into
        arguments; OnSilentMonitorStatusReportEvent tells what becomes of it. Codes:
        E_CTIOS_INVALID_SILENT_MONITOR_MODE (the documented one, where silent monitoring is that of
        Unified CM), E_CTIOS_MODE_NOT_SET, E_CTIOS_MODE_CONFLICT, E_CTIOS_ALREADY_IN_SESSION,
        E_CTIOS_MISSING_ARGUMENT, E_CTIOS_INVALID_ARGUMENT.
        """
        given = {
            "AgentID": agent_id,
            "DeviceID": device_id,
            "PeripheralID": peripheral_id,
            "MonitoringIPAddress": monitoring_ip_address,
            "MonitoringIPPort": monitoring_ip_port,
            "HeartbeatInterval": heartbeat_interval,
            "HeartbeatTimeout": heartbeat_timeout,
        }
        return self._ask("StartSilentMonitorRequest", arguments, given)

    def stop_silent_monitor_request(
        self, arguments: Mapping[str, Any] | None = None, *, sm_session_key: int | None = None
    ) -> Pending:
        """Ends a session; answered by OnStopSilentMonitorConf at the monitoring side.

        Codes: E_CTIOS_MODE_NOT_SET, E_CTIOS_NO_SM_SESSION_IN_PROGRESS, E_CTIOS_MISSING_ARGUMENT,
        E_CTIOS_INVALID_SILENT_MONITOR_SESSION.
        """
        return self._ask("StopSilentMonitorRequest", arguments, {"SMSessionKey": sm_session_key})

    def accept_silent_monitoring(
        self, arguments: Mapping[str, Any] | None = None, *, sm_session_key: int | None = None
    ) -> Pending:
        """Accepts a start request whose DoDefaultMessageHandling was set to False.

        Answered by OnSilentMonitorStartedEvent. Codes: E_CTIOS_MODE_NOT_SET, E_CTIOS_MODE_CONFLICT,
        E_CTIOS_NO_PENDING_REQUEST, E_CTIOS_INVALID_SILENT_MONITOR_SESSION.
        """
        return self._ask("AcceptSilentMonitoring", arguments, {"SMSessionKey": sm_session_key})

    def report_sm_session_status(
        self,
        arguments: Mapping[str, Any] | None = None,
        *,
        sm_session_key: int | None = None,
        status_code: int | None = None,
    ) -> Pending:
        """Tells the monitoring side a SilentMonitorStatus, from the monitored side.

        A status other than eSMStatusOK, eSMStatusMonitorStarted and eSMStatusInProgress ends the
        session, or declines the start request. Named ReportSMSessionStatus in the event interfaces
        chapter only. Codes as for accept_silent_monitoring(), and E_CTIOS_MISSING_ARGUMENT.
        """
        given = {"SMSessionKey": sm_session_key, "StatusCode": status_code}
        return self._ask("ReportSMSessionStatus", arguments, given)

    def set_ip_phone_info(self, arguments: Mapping[str, Any] | None = None) -> Pending:
        """Tells of the phone that is monitored: ClientAddress, and what is known of its stream.

        E_CTIOS_MISSING_ARGUMENT without ClientAddress, E_CTIOS_INVALID_ARGUMENT.
        """
        return self._ask("SetIPPhoneInfo", arguments, {})

    # --- inside --------------------------------------------------------------------------------

    def _connected(self) -> Session:
        session = self._session
        if session is None:
            raise _error(CilError.E_CTIOS_INVALID_SESSION, "the manager was destroyed")
        return session

    def _refuse_other_kind(self, session: Session) -> None:
        if session.is_ccm_silent_monitor():
            raise _error(
                CilError.E_CTIOS_INVALID_SILENT_MONITOR_MODE,
                "the silent monitor of this site is that of Unified CM: use SuperviseCall",
            )

    def _begin_mode(self, mode: SMManagerMode, given: Arguments) -> Pending:
        session = self._connected()
        self._refuse_other_kind(session)
        session._silent.claim(self)
        if mode is _MONITORED and session.is_supervisor() and not session._silent.forced_monitored:
            raise _error(
                CilError.E_CTIOS_NOT_ENABLED_FOR_SILENT_MONITOR,
                "a supervisor is monitored only after SetSupervisorSilentMonitorMode",
            )
        found = {key: given[key] for key in _MODE_ARGUMENTS if key in given}
        found.update(_service(given, random.choice))
        pending = self._send(RequestID.SET_SILENT_MONITOR_MODE, {"SMManagerMode": int(mode)})
        self.update({**found, "SMManagerMode": int(mode)})
        return pending

    def _monitored_mode(self, given: Arguments) -> Pending:
        return self._begin_mode(_MONITORED, given)

    def _monitoring_mode(self, given: Arguments) -> Pending:
        return self._begin_mode(_MONITORING, given)

    def _stop_mode(self, given: Arguments) -> Pending:
        self._in_mode()
        pending = self._send(RequestID.SET_SILENT_MONITOR_MODE, {"SMManagerMode": int(_NOT_SET)})
        self._reset()
        return pending

    def _in_mode(self, wanted: SMManagerMode | None = None) -> SMManagerMode:
        """The mode, which must be set and, when told, be the wanted one."""
        self._connected()
        mode = self.mode
        if mode is _NOT_SET:
            raise _error(CilError.E_CTIOS_MODE_NOT_SET, "the manager is in no mode")
        if wanted is not None and mode is not wanted:
            text = f"expected {wanted.name}, the manager is in {mode.name}"
            raise _error(CilError.E_CTIOS_MODE_CONFLICT, text)
        return mode

    def _start(self, given: Arguments) -> Pending:
        session = self._connected()
        self._refuse_other_kind(session)
        self._in_mode(_MONITORING)
        if self._info is not None:
            text = (
                f"session {self._info.get('SMSessionKey')} is under way, and there is one at a time"
            )
            raise _error(CilError.E_CTIOS_ALREADY_IN_SESSION, text)
        for key in ("HeartbeatInterval", "HeartbeatTimeout"):
            if key not in given and self.is_valid(key):
                given[key] = self.get_value(key)
        targets = [key for key in ("AgentID", "DeviceID") if given.get(key) not in (None, "")]
        if len(targets) != 1:
            code = CilError.E_CTIOS_INVALID_ARGUMENT
            if not targets:
                code = CilError.E_CTIOS_MISSING_ARGUMENT
            raise _error(code, "StartSilentMonitorRequest: expected one of AgentID and DeviceID")
        _need(given, "PeripheralID", "HeartbeatInterval", "HeartbeatTimeout")
        if "MonitoringIPPort" not in given:
            given["MonitoringIPPort"] = DEFAULT_PORT
        return self._send(RequestID.START_SILENT_MONITOR, given, START_CONF)

    def _stop(self, given: Arguments) -> Pending:
        mode = self._in_mode()
        if self._info is None and self._requested is None:
            text = "there is no silent monitor session"
            raise _error(CilError.E_CTIOS_NO_SM_SESSION_IN_PROGRESS, text)
        _need(given, "SMSessionKey")
        self._own_key(given, self._info or self._requested or {})
        # The monitored side gets no confirmation: its session is over when it says so.
        confirm = (STOP_CONF,) if mode is _MONITORING else ()
        pending = self._send(RequestID.STOP_SILENT_MONITOR, given, *confirm)
        if mode is _MONITORED:
            self._forget()
        return pending

    def _accept(self, given: Arguments) -> Pending:
        self._in_mode(_MONITORED)
        requested = self._requested
        if requested is None:
            text = "no start request waits to be accepted"
            raise _error(CilError.E_CTIOS_NO_PENDING_REQUEST, text)
        self._own_key(given, requested)
        fields = {"SMSessionKey": requested.get("SMSessionKey", 0)}
        pending = self._send(RequestID.ACCEPT_SILENT_MONITOR, fields, STARTED)
        self._requested = None
        self._info = information(requested, Status.eSMStatusInProgress)
        self._show()
        return pending

    def _report(self, given: Arguments) -> Pending:
        self._in_mode(_MONITORED)
        about = self._info or self._requested
        if about is None:
            text = "there is no silent monitor session"
            raise _error(CilError.E_CTIOS_NO_SM_SESSION_IN_PROGRESS, text)
        _need(given, "StatusCode")
        self._own_key(given, about)
        try:
            status = given.get_int("StatusCode")
        except (FastcilError, OverflowError) as error:
            text = f"ReportSMSessionStatus: StatusCode: {error}"
            raise _error(CilError.E_CTIOS_INVALID_ARGUMENT, text) from None
        fields = {"SMSessionKey": about.get("SMSessionKey", 0), "StatusCode": status}
        pending = self._send(RequestID.REPORT_SILENT_MONITOR, fields)
        if status not in GOES_ON:
            self._forget()
        return pending

    def _phone(self, given: Arguments) -> Pending:
        _need(given, "ClientAddress")
        self.update({"IPPhoneInformation": _phone_fields(given)})
        pending = Pending("SetIPPhoneInfo")
        pending.confirm(0, Arguments())
        return pending

    def _own_key(self, given: Arguments, about: Mapping[str, Any]) -> None:
        key = given.get("SMSessionKey")
        if key is not None and str(key).strip() != str(about.get("SMSessionKey")):
            text = f"expected SMSessionKey {about.get('SMSessionKey')}, got {key}"
            raise _error(CilError.E_CTIOS_INVALID_SILENT_MONITOR_SESSION, text)

    def _send(self, request: RequestID, fields: Mapping[str, Any], *confirm: int) -> Pending:
        return self._connected().request(request, fields, confirm)

    # --- events, as the session's SilentMonitors tells them ----------------------------------

    def _decide(self, arguments: Arguments) -> None:
        """The same, after the listeners."""
        with self._guard:
            requested = self._requested
            if requested is None or not self._is_mine(arguments):
                return  # a listener has accepted or declined
            if not arguments.get_bool("DoDefaultMessageHandling", True):
                return
        pending = self.perform("AcceptSilentMonitoring", {})
        if pending.code is not CilError.CIL_OK:
            logger.warning("a silent monitor request was not accepted: %s", pending.exception())
        pending.add_waker(lambda: self._accepted(pending))

    def _accepted(self, pending: Pending) -> None:
        if pending.exception() is not None:
            with self._guard:
                self._forget()

    def _restore(self) -> None:
        """There is a connection again: the server is told the mode."""
        mode = self.mode
        if mode is not _NOT_SET:
            try:
                self._send(RequestID.SET_SILENT_MONITOR_MODE, {"SMManagerMode": int(mode)})
            except SessionError as error:
                logger.info("the silent monitor mode was not restored: %s", error)

    def _destroy(self) -> None:
        with self._guard:
            if self.mode is not _NOT_SET:
                self.perform("StopSilentMonitorMode")
                self._reset()
            self._session = None


_METHODS: dict[str, Callable[[SilentMonitorManager, Arguments], Pending]] = {
    "StartSMMonitoredMode": SilentMonitorManager._monitored_mode,
    "StartSMMonitoringMode": SilentMonitorManager._monitoring_mode,
    "StopSilentMonitorMode": SilentMonitorManager._stop_mode,
    "StartSilentMonitorRequest": SilentMonitorManager._start,
    "StopSilentMonitorRequest": SilentMonitorManager._stop,
    "AcceptSilentMonitoring": SilentMonitorManager._accept,
    "ReportSMSessionStatus": SilentMonitorManager._report,
    "SetIPPhoneInfo": SilentMonitorManager._phone,
}


def _need(given: Arguments, *keys: str) -> None:
    for key in keys:
        if given.get(key) in (None, ""):
            raise _error(CilError.E_CTIOS_MISSING_ARGUMENT, f"{key} is missing")


def _service(given: Arguments, choose: Callable[[list[Any]], Any]) -> dict[str, Any]:
    """One entry of Cluster at random, as SMSAddr and what else it says; System Manager Guide."""
    cluster = given.get("Cluster")
    if not isinstance(cluster, Mapping) or not cluster:
        return {}
    entry = choose(list(cluster.values()))
    if not isinstance(entry, Mapping):
        return {"SMSAddr": str(entry)}
    address = entry.get("SilentMonitorService", entry.get("SMSAddr"))
    return {} if address is None else {"SMSAddr": str(address)}


def _phone_fields(given: Arguments) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, kind in PHONE.items():
        if key in given:
            read = given.get_string if kind == "STRING" else given.get_int
            try:
                found[key] = read(key)
            except (FastcilError, OverflowError) as error:
                text = f"SetIPPhoneInfo: {key}: {error}"
                raise _error(CilError.E_CTIOS_INVALID_ARGUMENT, text) from None
    return found


def _give_key(pending: Pending, arguments: MutableMapping[str, Any]) -> None:
    """Writes the SMSessionKey of the confirmation into the arguments of the request."""

    def give() -> None:
        if pending.exception() is None:
            arguments["SMSessionKey"] = pending.result(0)["SMSessionKey"]

    pending.add_waker(give)
