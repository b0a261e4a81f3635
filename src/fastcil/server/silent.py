"""Silent monitoring: the messages between the monitoring and the monitored client.

Of the CTI OS kind this server carries the requests and reports from one client to the other; the
voice goes from host to host and is none of its business. Of the Unified CM kind it is a call, which
SuperviseCall begins and ends; the server tells both sides. Sources: CTI OS Developer Guide, silent
monitor manager chapter, ISilentMonitorEvents, building chapter (silent monitoring).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from fastcil.catalog import CilError, SMManagerMode, SupervisoryAction
from fastcil.catalog import SilentMonitorStatus as Status
from fastcil.catalog.requests import RequestID
from fastcil.ged188.enums import StatusCode
from fastcil.server.buttons import Buttons
from fastcil.server.desk import Tell, deliver
from fastcil.server.desktop import DesktopSettings
from fastcil.server.parts import Part
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject, CallObject, agent_key, call_key
from fastcil.server.site.requests import Refused

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.upstream import SiteSource

__all__ = ["SilentMonitor"]

_GOES_ON = (Status.eSMStatusOK, Status.eSMStatusMonitorStarted, Status.eSMStatusInProgress)
"""What the monitored side may report without ending the session."""
_PORT = 39200  # MonitoringIPPort when none is given (StartSilentMonitorRequest)
_SHARED = (
    "MonitoredUniqueObjectID",
    "AgentID",
    "DeviceID",
    "PeripheralID",
    "MonitoringIPAddress",
    "MonitoringIPPort",
    "SMSessionKey",
    "HeartbeatInterval",
    "HeartbeatTimeout",
    "OriginatingServerID",
    "OriginatingClientID",
)
_STOPPED = tuple(
    n for n in _SHARED if n not in ("MonitoringIPPort", "HeartbeatInterval", "HeartbeatTimeout")
)
_REPORTED = (
    "MonitoredUniqueObjectID",
    "SMSessionKey",
    "OriginatingServerID",
    "OriginatingClientID",
)


@dataclass
class _Session:
    """One client listens to another one's agent."""

    monitoring: ClientConnection
    monitored: ClientConnection
    values: dict[str, Any]
    accepted: bool = False


@dataclass
class _Call:
    """A supervisor listens to an agent by a call."""

    supervisor: str
    agent: str
    values: dict[str, Any]


class SilentMonitor(Part):
    """Both kinds: sessions by SMSessionKey, calls by the supervisor's."""

    def __init__(self, site: SiteSource, settings: DesktopSettings, buttons: Buttons) -> None:
        super().__init__(site)
        self._buttons = buttons
        self.callbacks = ("OnCallEnd", "OnPostLogout")
        self._settings = settings
        self._modes: dict[ClientConnection, int] = {}
        self._sessions: dict[int, _Session] = {}
        self._calls: dict[str, _Call] = {}
        self._keys = count(1)
        self.handlers = {
            RequestID.SET_SILENT_MONITOR_MODE: self._mode,
            RequestID.START_SILENT_MONITOR: self._start,
            RequestID.ACCEPT_SILENT_MONITOR: self._accept,
            RequestID.REPORT_SILENT_MONITOR: self._report,
            RequestID.STOP_SILENT_MONITOR: self._stop,
        }

    @property
    def by_call(self) -> bool:
        """Whether silent monitoring is that of Unified CM."""
        return self._settings.ccm_silent_monitor

    def listens(self, call: CallObject) -> bool:
        """Whether somebody listens to a call by one of his own."""
        agent = self.site.mapper.objects.agent_of(call)
        return agent is not None and any(c.agent == agent.key for c in self._calls.values())

    # -- clients of the CTI OS kind ----------------------------------------------------------

    def left(self, client: ClientConnection) -> None:
        """A client is gone: the other side of its session is told."""
        self._modes.pop(client, None)
        for key, session in list(self._sessions.items()):
            if client is session.monitoring:
                other, status = (
                    session.monitored,
                    Status.eSMStatusSessionTerminatedByMonitoringClient,
                )
            elif client is session.monitored:
                other, status = (
                    session.monitoring,
                    Status.eSMStatusSessionTerminatedByMonitoredClient,
                )
            else:
                continue
            del self._sessions[key]
            values = {
                "MonitoredUniqueObjectID": session.values["MonitoredUniqueObjectID"],
                "SMSessionKey": key,
                "StatusCode": int(status),
            }
            deliver(other, SiteEvent("OnSilentMonitorSessionDisconnected", values))

    async def _mode(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        """What the client's manager is ready for; ending a mode ends its session."""
        mode = _number(arguments, "SMManagerMode")
        if mode == SMManagerMode.eSMModeNotSet:
            self.left(client)
        else:
            self._modes[client] = mode

    def _target(self, arguments: Mapping[str, Any]) -> tuple[AgentObject, ClientConnection]:
        """Who is to be listened to, and his client. Raises Refused."""
        peripheral = _number(arguments, "PeripheralID")
        objects = self.site.mapper.objects
        if arguments.get("AgentID"):
            agent = objects.agents.get(agent_key(peripheral, str(arguments["AgentID"])))
        elif arguments.get("DeviceID"):
            agent = objects.at_instrument.get(str(arguments["DeviceID"]), {}).get(peripheral)
        else:
            raise _failed(Status.eSMStatusMissingParameter, "AgentID or DeviceID is needed")
        clients = [] if agent is None else self.site.clients_of(agent)
        if agent is None or not clients:
            raise _failed(Status.eSMStatusPeerLoggedOut, "the agent has no session here")
        ready = [c for c in clients if self._modes.get(c) == SMManagerMode.eSMMonitoredMode]
        if not ready:
            raise _failed(
                Status.eSMStatusPeerSilentMonitorNotEnabled,
                f"no client of {agent.key} is in monitored mode",
            )
        return agent, ready[0]

    async def _start(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        if self._settings.ccm_silent_monitor:
            raise Refused(
                CilError.E_CTIOS_INVALID_SILENT_MONITOR_MODE,
                "silent monitoring is by SuperviseCall",
                int(Status.eSMStatusCCMSilentMonitor),
            )
        if self._modes.get(client) != SMManagerMode.eSMMonitoringMode:
            raise _failed(Status.eSMStatusIncorrectSessionMode, "the manager is not monitoring")
        if not arguments.get("MonitoringIPAddress"):
            raise _failed(Status.eSMStatusMissingParameter, "MonitoringIPAddress is missing")
        agent, target = self._target(arguments)
        for session in self._sessions.values():
            if {client, target} & {session.monitoring, session.monitored}:
                raise _failed(Status.eSMStatusRejectedAlreadyInSession, "one session at a time")
        key = self._key()
        values = {
            "MonitoredUniqueObjectID": agent.key,
            "AgentID": str(arguments.get("AgentID") or ""),
            "DeviceID": str(arguments.get("DeviceID") or ""),
            "PeripheralID": agent.peripheral,
            "MonitoringIPAddress": str(arguments["MonitoringIPAddress"]),
            "MonitoringIPPort": _number(arguments, "MonitoringIPPort", _PORT),
            "SMSessionKey": key,
            "HeartbeatInterval": _number(arguments, "HeartbeatInterval", 5),
            "HeartbeatTimeout": _number(arguments, "HeartbeatTimeout", 15),
            "OriginatingServerID": client.server.name,
            "OriginatingClientID": client.connection_id,
        }
        self._sessions[key] = _Session(client, target, values)
        tell(SiteEvent("OnStartSilentMonitorConf", dict(values)))
        requested = {**values, "DoDefaultMessageHandling": True}
        deliver(target, SiteEvent("OnSilentMonitorStartRequestedEvent", requested))

    def _key(self) -> int:
        """A session key, 1 to 65535, that no session has."""
        while (key := next(self._keys) % 0xFFFF + 1) in self._sessions:
            continue
        return key

    def _session(
        self, arguments: Mapping[str, Any], client: ClientConnection, *sides: str
    ) -> tuple[int, _Session]:
        """The session that a client, on one of the sides, means. Raises Refused."""
        key = _number(arguments, "SMSessionKey")
        session = self._sessions.get(key)
        if session is None or client not in [getattr(session, side) for side in sides]:
            raise _failed(Status.eSMStatusSessionNotFound, f"no session {key} of this client")
        return key, session

    async def _accept(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        _, session = self._session(arguments, client, "monitored")
        if session.accepted:
            raise _failed(Status.eSMStatusInProgress, "the session has begun already")
        session.accepted = True
        tell(SiteEvent("OnSilentMonitorStartedEvent", dict(session.values)))
        self._status(session, Status.eSMStatusMonitorStarted)

    async def _report(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        """What the monitored side has to say; what ends the session ends it here too."""
        key, session = self._session(arguments, client, "monitored")
        status = _number(arguments, "StatusCode")
        self._status(session, status)
        if status not in _GOES_ON:
            self._sessions.pop(key, None)

    def _status(self, session: _Session, status: int) -> None:
        """OnSilentMonitorStatusReportEvent, which goes to the monitoring client alone."""
        values = {name: session.values[name] for name in _REPORTED}
        values.update(StatusCode=int(status), TargetCILClientID=session.monitored.connection_id)
        deliver(session.monitoring, SiteEvent("OnSilentMonitorStatusReportEvent", values))

    def _asked_to_stop(self, session: _Session) -> None:
        """OnSilentMonitorStopRequestedEvent, which goes to the monitored client."""
        values = {name: session.values[name] for name in _STOPPED}
        deliver(session.monitored, SiteEvent("OnSilentMonitorStopRequestedEvent", values))

    def _logged_out(self, key: str) -> None:
        """An agent is logged out, though his client stays: his sessions end."""
        for number, session in list(self._sessions.items()):
            monitoring = self.site.agent_of(session.monitoring)
            if session.values["MonitoredUniqueObjectID"] == key:
                status = Status.eSMStatusPeerLoggedOut
            elif monitoring is not None and monitoring.key == key:
                status = Status.eSMStatusMonitorStopped
            else:
                continue
            del self._sessions[number]
            self._asked_to_stop(session)
            self._status(session, status)

    async def _stop(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        key, session = self._session(arguments, client, "monitoring", "monitored")
        del self._sessions[key]
        if client is session.monitored:
            self._status(session, Status.eSMStatusSessionTerminatedByMonitoredClient)
            return
        tell(SiteEvent("OnStopSilentMonitorConf", dict(session.values)))
        self._asked_to_stop(session)
        self._status(session, Status.eSMStatusMonitorStopped)

    # -- calls of the Unified CM kind --------------------------------------------------------

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Before SuperviseCall is forwarded. Raises Refused when it asks for the other kind."""
        action = _number(arguments, "SupervisoryAction")
        if action == SupervisoryAction.eSupervisorMonitor and not self._settings.ccm_silent_monitor:
            raise Refused(
                CilError.E_CTIOS_INVALID_SILENT_MONITOR_MODE,
                "silent monitoring is by the silent monitor manager (CCMBasedSilentMonitor is 0)",
            )

    def supervised(
        self, arguments: Mapping[str, Any], supervisor: AgentObject | None, call_id: int
    ) -> None:
        """SuperviseCall was confirmed: call_id is that of the supervisor's own call."""
        if supervisor is None:
            return
        action = _number(arguments, "SupervisoryAction")
        if action != SupervisoryAction.eSupervisorMonitor:
            return
        agent = self.site.mapper.objects.agents.get(str(arguments.get("AgentReference") or ""))
        key = call_key(supervisor.peripheral, call_id, supervisor.instrument)
        if agent is None or key in self._calls:
            return
        values = {
            "SilentMonitorInitiatingAgentUID": supervisor.key,
            "SilentMonitorInitiatingDeviceID": supervisor.instrument,
            "SilentMonitorTargetAgentUID": agent.key,
            "SilentMonitorTargetDeviceID": agent.instrument,
            "SilentMonitorCallUID": key,
        }
        self._calls[key] = _Call(supervisor.key, agent.key, values)
        self._both(self._calls[key], SiteEvent("OnSilentMonitorStartedEvent", values))
        self._buttons.supervised(agent.key)

    def told(self, event: SiteEvent) -> None:
        """An agent is out, or the supervisor's call ended, however: so did the monitoring."""
        if event.callback == "OnPostLogout":
            self._logged_out(event.object_id)
            return
        call = self._calls.pop(event.object_id, None)
        if call is not None:
            values = {**call.values, "SilentMonitorCallDisposition": 0}
            self._both(call, SiteEvent("OnSilentMonitorStopRequestedEvent", values))
            self._buttons.supervised(call.agent)

    def _both(self, call: _Call, event: SiteEvent) -> None:
        for key in (call.supervisor, call.agent):
            agent = self.site.mapper.objects.agents.get(key)
            for client in [] if agent is None else self.site.clients_of(agent):
                deliver(client, event)


def _number(arguments: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """A number of a request. Raises Refused when it is missing or none."""
    value = arguments.get(name, default)
    if value is None:
        raise _failed(Status.eSMStatusMissingParameter, f"{name} is missing")
    try:
        return int(value)
    except (TypeError, ValueError):
        words = f"{name}: a number expected, got {value!r}"
        raise _failed(Status.eSMStatusRejectedBadParameter, words) from None


def _failed(status: Status, text: str) -> Refused:
    """A refusal: the status of ISilentMonitorEvents stands in PeripheralErrorCode, since the
    documents give silent monitor requests no failure code of their own."""
    return Refused(StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE, text, int(status))
