"""Silent monitoring of the CTI OS kind: messages between monitoring and monitored client.

This server carries the requests and reports from one client to the other, also when the other one
is a peer's; the voice goes from host to host and is none of its business. The other kind, which is
a call, has a room of its own (silent_calls). Sources: CTI OS Developer Guide, silent monitor
manager chapter, ISilentMonitorEvents, building chapter (silent monitoring).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Union

from fastcil.catalog import CilError, SMManagerMode
from fastcil.catalog import SilentMonitorStatus as Status
from fastcil.catalog.requests import RequestID
from fastcil.ged188.enums import StatusCode
from fastcil.server.desk import Tell, deliver
from fastcil.server.desktop import DesktopSettings
from fastcil.server.parts import Part
from fastcil.server.peer_link import PeerLink
from fastcil.server.peers import Origin, Peers
from fastcil.server.silent_events import (
    GOES_ON,
    SESSION,
    disconnected,
    failed,
    number,
    session_values,
    start_requested,
    status_report,
    stop_requested,
)
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject, agent_key
from fastcil.server.site.requests import Refused

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.upstream import SiteSource

__all__ = ["SilentMonitor"]

_START, _EVENT = "silent.start", "silent.event"  # the kinds of messages between peers
_NO_ANSWER: dict[str, Any] = {
    "FailureCode": int(StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE),
    "PeripheralErrorCode": int(Status.eSMStatusNoResponseFromPeer),
    "ErrorMessage": "the agent's server does not answer",
}


@dataclass(frozen=True)
class _Remote:
    """A side of a session that is a client of a peer."""

    server_id: str


_Side = Union["ClientConnection", _Remote]


@dataclass
class _Session:
    """One client listens to another one's agent."""

    monitoring: _Side
    monitored: _Side
    values: dict[str, Any]
    watcher: str = ""
    """Key of the agent who listens, when his client is a peer's."""
    target: str = ""
    """CILConnectionID of the monitored client."""
    accepted: bool = False
    early: list[SiteEvent] | None = None
    """For the monitoring client: what came before it was told that the session begins."""


class SilentMonitor(Part):
    """Sessions, by the server on the monitoring side and SMSessionKey."""

    def __init__(self, site: SiteSource, settings: DesktopSettings, peers: Peers) -> None:
        super().__init__(site)
        self.callbacks = ("OnPostLogout",)
        self._settings = settings
        self._peers = peers
        self._modes: dict[ClientConnection, int] = {}
        self._sessions: dict[tuple[str, int], _Session] = {}
        self._keys = count(1)
        self.handlers = {
            RequestID.SET_SILENT_MONITOR_MODE: self._mode,
            RequestID.START_SILENT_MONITOR: self._start,
            RequestID.ACCEPT_SILENT_MONITOR: self._accept,
            RequestID.REPORT_SILENT_MONITOR: self._report,
            RequestID.STOP_SILENT_MONITOR: self._stop,
        }
        peers.receivers[_START] = self._started_there
        peers.receivers[_EVENT] = self._told_there
        peers.ended.append(self._peer_ended)

    # -- the sides ---------------------------------------------------------------------------

    def _tell(
        self, name: tuple[str, int], side: _Side, event: SiteEvent, *, ends: bool = False
    ) -> None:
        """An event for one side of a session, wherever it is. ends: the session is over."""
        if not isinstance(side, _Remote):
            session = self._sessions.get(name)
            if session is not None and session.early is not None and side is session.monitoring:
                session.early.append(event)
            else:
                deliver(side, event)
            return
        link = self._peers.link_to(side.server_id)
        if link is not None:
            message = {"Server": name[0], "SMSessionKey": name[1], "Ends": ends}
            message.update(Callback=event.callback, Values=event.complete)
            self._peers.send([link], _EVENT, message)

    def _told_there(self, origin: Origin, message: Mapping[str, Any]) -> dict[str, Any]:
        """An event of a peer for the side of a session that is here."""
        name = (str(message.get("Server")), number(message, "SMSessionKey"))
        session = self._sessions.get(name)
        if session is None:
            return {"Delivered": 0}
        here, there = session.monitoring, session.monitored
        if isinstance(here, _Remote):
            here, there = there, here
        if there != _Remote(origin.id):
            return {"Delivered": 0}
        event = SiteEvent(str(message["Callback"]), dict(message["Values"]))
        self._tell(name, here, event)
        if message.get("Ends"):
            self._sessions.pop(name, None)
        return {"Delivered": 1}

    def _peer_ended(self, server_id: str) -> None:
        """A peer is out of reach: the sessions with its clients end."""
        for name, session in list(self._sessions.items()):
            sides = (session.monitoring, session.monitored)
            if _Remote(server_id) in sides:
                del self._sessions[name]
                if session.early is None:  # else its beginning is still asked for
                    here = next(side for side in sides if not isinstance(side, _Remote))
                    self._tell(
                        name, here, disconnected(session.values, Status.eSMStatusNoResponseFromPeer)
                    )

    def left(self, client: ClientConnection) -> None:
        """A client is gone: the other side of its session is told."""
        self._modes.pop(client, None)
        for name, session in list(self._sessions.items()):
            if client is session.monitoring:
                other, by = session.monitored, Status.eSMStatusSessionTerminatedByMonitoringClient
            elif client is session.monitored:
                other, by = session.monitoring, Status.eSMStatusSessionTerminatedByMonitoredClient
            else:
                continue
            del self._sessions[name]
            self._tell(name, other, disconnected(session.values, by), ends=True)

    # -- beginning ---------------------------------------------------------------------------

    async def _mode(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        """What the client's manager is ready for; ending a mode ends its session."""
        mode = number(arguments, "SMManagerMode")
        if mode == SMManagerMode.eSMModeNotSet:
            self.left(client)
        else:
            self._modes[client] = mode

    def _agent(self, arguments: Mapping[str, Any]) -> AgentObject:
        """Who is to be listened to. Raises Refused."""
        peripheral = number(arguments, "PeripheralID")
        objects = self.site.mapper.objects
        if arguments.get("AgentID"):
            agent = objects.agents.get(agent_key(peripheral, str(arguments["AgentID"])))
        elif arguments.get("DeviceID"):
            agent = objects.at_instrument.get(str(arguments["DeviceID"]), {}).get(peripheral)
        else:
            raise failed(Status.eSMStatusMissingParameter, "AgentID or DeviceID is needed")
        if agent is None:
            raise failed(Status.eSMStatusPeerLoggedOut, "the agent has no session here")
        return agent

    def _ready(self, agent: AgentObject) -> ClientConnection:
        """His client that can be listened to now. Raises Refused."""
        clients = self.site.clients_of(agent)
        if not clients:
            raise failed(Status.eSMStatusPeerLoggedOut, "the agent has no session here")
        for client in clients:
            if self._modes.get(client) == SMManagerMode.eSMMonitoredMode:
                self._free(client)
                return client
        raise failed(
            Status.eSMStatusPeerSilentMonitorNotEnabled,
            f"no client of {agent.key} is in monitored mode",
        )

    def _free(self, client: ClientConnection) -> None:
        """Raises Refused when a client is in a session."""
        for session in self._sessions.values():
            if client in (session.monitoring, session.monitored):
                raise failed(Status.eSMStatusRejectedAlreadyInSession, "one session at a time")

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
            raise failed(Status.eSMStatusIncorrectSessionMode, "the manager is not monitoring")
        agent = self._agent(arguments)
        self._free(client)
        name = (self._peers.server_id, self._key())
        # The method's table has MonitoringIPAddress as required, the sample of the building chapter
        # leaves it out: then it is where the client is.
        key = "MonitoringIPAddress"
        arguments = {**arguments, key: arguments.get(key) or client.address}
        values = session_values(arguments, agent, name[1], client.server.name, client.connection_id)
        try:
            target = self._ready(agent)
        except Refused as refused:
            session = _Session(client, client, values, early=[])
            await self._start_there(name, session, agent, refused)
        else:
            session = _Session(client, target, values, target=target.connection_id)
            self._sessions[name] = session
        tell(SiteEvent("OnStartSilentMonitorConf", dict(values)))
        early, session.early = session.early, None
        for event in early or ():
            deliver(client, event)
        if not isinstance(session.monitored, _Remote):
            deliver(session.monitored, start_requested(values))

    async def _start_there(
        self, name: tuple[str, int], session: _Session, agent: AgentObject, refused: Refused
    ) -> None:
        """Begin a session with an agent's client at a peer.

        Raises Refused: what the peer said at which he is, else what was said here.
        """
        known = self._peers.holding(agent)
        own = self.site.agent_of(session.monitoring)  # type: ignore[arg-type]
        message = {**session.values, "Watcher": "" if own is None else own.key}
        for link in known or self._peers.up:
            session.monitored = _Remote(link.server_id)
            self._sessions[name] = session  # before its first report can come
            answer = await self._asked(link, message)
            # Early reports: the session began, and has ended again.
            begun = self._sessions.get(name) is session or bool(session.early)
            if begun and answer.get("Delivered"):
                session.target = str(answer.get("TargetCILClientID"))
                return
            self._sessions.pop(name, None)
            if not begun or answer.get("Delivered"):
                answer = _NO_ANSWER
            if known and answer.get("PeripheralErrorCode"):
                words, code = str(answer.get("ErrorMessage")), int(answer["PeripheralErrorCode"])
                refused = Refused(int(answer.get("FailureCode") or 0), words, code)
        raise refused

    async def _asked(self, link: PeerLink, message: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a peer; what stands for it when there is none."""
        for _, answer in await self._peers.ask([link], _START, message):
            return answer
        return _NO_ANSWER

    def _started_there(self, origin: Origin, message: Mapping[str, Any]) -> dict[str, Any]:
        """A client of a peer wants to listen to an agent who has his client here."""
        if self._peers.link_to(origin.id) is None:
            words = f"{self._peers.name} has no connection to {origin.name}"
            raise failed(Status.eSMStatusNoResponseFromPeer, words)
        agent = self.site.mapper.objects.agents.get(str(message["MonitoredUniqueObjectID"]))
        if agent is None:
            raise failed(Status.eSMStatusPeerLoggedOut, "the agent has no session here")
        target = self._ready(agent)
        values = {shared: message[shared] for shared in SESSION}
        name = (origin.id, number(message, "SMSessionKey"))
        self._sessions[name] = _Session(
            _Remote(origin.id),
            target,
            values,
            watcher=str(message.get("Watcher") or ""),
            target=target.connection_id,
        )
        deliver(target, start_requested(values))
        return {"Delivered": 1, "TargetCILClientID": target.connection_id}

    def _key(self) -> int:
        """A session key, 1 to 65535, that no session has."""
        used = {key for _, key in self._sessions}
        return next(key for one in self._keys if (key := one % 0xFFFF + 1) not in used)

    # -- going on, and the end ---------------------------------------------------------------

    def _session(
        self, arguments: Mapping[str, Any], client: ClientConnection, *sides: str
    ) -> tuple[tuple[str, int], _Session]:
        """The session that a client, on one of the sides, means. Raises Refused."""
        key = number(arguments, "SMSessionKey")
        for name, session in self._sessions.items():
            if name[1] == key and client in [getattr(session, side) for side in sides]:
                return name, session
        raise failed(Status.eSMStatusSessionNotFound, f"no session {key} of this client")

    async def _accept(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        name, session = self._session(arguments, client, "monitored")
        if session.accepted:
            raise failed(Status.eSMStatusInProgress, "the session has begun already")
        session.accepted = True
        tell(SiteEvent("OnSilentMonitorStartedEvent", dict(session.values)))
        self._status(name, session, Status.eSMStatusMonitorStarted)

    async def _report(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        """What the monitored side has to say; what ends the session ends it here too."""
        name, session = self._session(arguments, client, "monitored")
        status = number(arguments, "StatusCode")
        ends = status not in GOES_ON
        self._status(name, session, status, ends=ends)
        if ends:
            self._sessions.pop(name, None)

    def _status(
        self, name: tuple[str, int], session: _Session, status: int, *, ends: bool = False
    ) -> None:
        """OnSilentMonitorStatusReportEvent, which goes to the monitoring client alone."""
        event = status_report(session.values, status, session.target)
        self._tell(name, session.monitoring, event, ends=ends)

    def _asked_to_stop(self, name: tuple[str, int], session: _Session) -> None:
        """OnSilentMonitorStopRequestedEvent, which goes to the monitored client."""
        event = stop_requested(session.values)
        self._tell(name, session.monitored, event, ends=True)

    def told(self, event: SiteEvent) -> None:
        """An agent is logged out, though his client stays: his sessions end. A side that is a
        peer's is told by the peer, to which the CTI Server says the same."""
        for name, session in list(self._sessions.items()):
            watcher = session.watcher
            if not isinstance(session.monitoring, _Remote):
                agent = self.site.agent_of(session.monitoring)
                watcher = "" if agent is None else agent.key
            if session.values["MonitoredUniqueObjectID"] == event.object_id:
                status = Status.eSMStatusPeerLoggedOut
            elif watcher == event.object_id:
                status = Status.eSMStatusMonitorStopped
            else:
                continue
            del self._sessions[name]
            if not isinstance(session.monitored, _Remote):
                self._asked_to_stop(name, session)
            if not isinstance(session.monitoring, _Remote):
                self._status(name, session, status)

    async def _stop(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        name, session = self._session(arguments, client, "monitoring", "monitored")
        del self._sessions[name]
        if client is session.monitored:
            status = Status.eSMStatusSessionTerminatedByMonitoredClient
            self._status(name, session, status, ends=True)
            return
        tell(SiteEvent("OnStopSilentMonitorConf", dict(session.values)))
        self._asked_to_stop(name, session)
        self._status(name, session, Status.eSMStatusMonitorStopped)
