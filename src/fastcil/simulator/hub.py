"""The CTI Server behind its connections: sessions, requests and events, without any I/O.

A Hub has two sides at most. It hands a request to whoever answers it, sends the answer and then
what the request caused, and gives the site's events to the sessions of the active side.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from fastcil.ged188 import Message
from fastcil.ged188.enums import CallMsgMask, PGStatusMask, StatusCode, SystemEventID
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.relations import SERVICES
from fastcil.ged188.schema import MESSAGES_BY_NAME
from fastcil.simulator.agent_events import system_values, team_config_values
from fastcil.simulator.agent_services import close_session
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.audience import Delivery
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.failures import Refusal
from fastcil.simulator.handlers import HANDLERS
from fastcil.simulator.model import Event, RequestError, Site
from fastcil.simulator.monitors import Kind, Monitor, MonitorTable
from fastcil.simulator.opening import Opening, confirmation
from fastcil.simulator.options import LinkOptions
from fastcil.simulator.requests import ClientInfo, Handler, Request
from fastcil.simulator.session import ServerSession
from fastcil.simulator.session_requests import SESSION_REQUESTS, session_values
from fastcil.simulator.sides import Maintenance, Side
from fastcil.simulator.statistics import Statistics

__all__ = ["Alarm", "Hub"]

_log = logging.getLogger("fastcil.simulator")

_OPC_DOWN = int(PGStatusMask.PGS_OPC_DOWN)
_ALARMS_KEPT = 10_000
_BY_PG = frozenset({"call", "agent", "team"})
"""Kinds of events that come through the Peripheral Gateway."""
_OF_BOTH_SIDES = frozenset({"ACTIVE_MAINTENANCE_RESP_MSG", "STOPPING_REQUESTS_TO_THIS_SIDE_IND"})
"""What a side that handed over still takes."""
_AGENT_STATE_REQUESTS = frozenset({"SET_AGENT_STATE_REQ", "QUERY_AGENT_STATE_REQ"})
"""What CTI_AGENT_STATE_CONTROL_ONLY allows of Client Control."""


@dataclass(frozen=True)
class Alarm:
    """An alarm of the Connection Monitor service. what: "established", "terminated normally" or
    "terminated abnormally". Source: guide, Connection Monitor Service. at: simulated seconds."""

    what: str
    client_id: str
    signature: str
    address: str
    at: float


class _Clients(Sequence[ClientInfo]):
    """The open sessions as handlers see them, looked at only when a handler does."""

    def __init__(self, sessions: Mapping[int, ServerSession]) -> None:
        self._sessions = list(sessions.values())

    def __len__(self) -> int:
        return len(self._sessions)

    @overload
    def __getitem__(self, index: int) -> ClientInfo: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ClientInfo]: ...
    def __getitem__(self, index: int | slice) -> ClientInfo | Sequence[ClientInfo]:
        if isinstance(index, slice):
            return [session.client() for session in self._sessions[index]]
        return self._sessions[index].client()


class Hub:
    """All sessions of a simulated CTI Server.

    standby: whether there is a side B that stands by. handlers: by request name; the default is
    all that the simulator has. link_time: where `now` comes from when there are sockets.
    on_touch is called with a session that has something to send or is to be closed.
    """

    def __init__(
        self,
        site: Site,
        calls: CallEngine,
        agents: AgentEngine,
        statistics: Statistics,
        options: LinkOptions | None = None,
        *,
        standby: bool = False,
        handlers: Mapping[str, Handler] = HANDLERS,
    ) -> None:
        self.site = site
        self.calls = calls
        self.agents = agents
        self.statistics = statistics
        self.options = LinkOptions() if options is None else options
        self.link_time: Callable[[], float] = lambda: 0.0
        self._now = 0.0
        self.sides = {"A": Side("A", active=True)}
        if standby:
            self.sides["B"] = Side("B", active=False)
        self.sessions: dict[int, ServerSession] = {}
        """Open sessions of the active side by SessionID, in the order of opening."""
        self.monitors = MonitorTable()
        self.counters: Counter[str] = Counter()
        self.alarms: deque[Alarm] = deque(maxlen=_ALARMS_KEPT)
        self.maintenance: Maintenance | None = None
        self.on_touch: Callable[[ServerSession], None] = lambda session: None
        self.delivery = Delivery(site, calls, self.monitors, self.sessions, self.count)
        self._handlers = handlers
        self._numbers = 0
        self._collected: list[Event] | None = None
        site.subscribe(self._event)

    @property
    def now(self) -> float:
        """The link's time in seconds, which never goes back; tests move it by setting it."""
        self._now = max(self._now, self.link_time())
        return self._now

    @now.setter
    def now(self, value: float) -> None:
        self._now = max(self._now, value)

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter."""
        self.counters[name] += number

    def touch(self, session: ServerSession) -> None:
        """A session has something to send, or is to be closed."""
        self.on_touch(session)

    @property
    def active(self) -> Side:
        """The side that serves."""
        return next(side for side in self.sides.values() if side.active)

    @property
    def connections(self) -> list[ServerSession]:
        """Every connection of both sides."""
        return [s for side in self.sides.values() for s in list(side.connections.values())]

    # -- connections and sessions ------------------------------------------------------------

    def connect(self, side: str, address: tuple[str, int], now: float) -> ServerSession:
        """A client connected. A connection that is too many is told so and ended."""
        self.now = now
        self._numbers += 1
        self.count("connections_accepted")
        found = self.sides[side]
        session = ServerSession(self, found, self._numbers, address)
        present = sum(len(side.connections) for side in self.sides.values())
        found.connections[session.id] = session
        if present >= self.options.max_connections:
            self.count("connections_refused")
            session.fail(StatusCode.E_CTI_CTI_SERVER_OFFLINE, None)
            session.end(
                StatusCode.E_CTI_CTI_SERVER_OFFLINE,
                f"there are {self.options.max_connections} connections already",
            )
        return session

    def disconnected(self, session: ServerSession) -> None:
        """A connection is gone."""
        session.side.connections.pop(session.id, None)
        if self.maintenance is not None:
            self.maintenance.left(session)

    def open(self, session: ServerSession, opening: Opening, invoke_id: int) -> None:
        """Grant a session and tell everybody. Raises Refusal when its device is taken."""
        self._make_room(session, opening)
        session.opened(opening)
        monitor_id = 0
        if opening.serves(Service.CTI_SERVICE_CLIENT_EVENTS):
            monitor_id = self.monitors.new_id()
            monitor = Monitor(
                monitor_id, session, Kind.CLIENT, opening.call_mask, opening.agent_mask
            )
            monitor.device = opening.device
            session.monitors[monitor_id] = monitor
        if opening.serves(Service.CTI_SERVICE_ALL_EVENTS):
            session.monitors[0] = Monitor(
                0, session, Kind.ALL, opening.call_mask, opening.agent_mask
            )
        self.count("sessions_opened")
        active = session.side.active
        values = confirmation(opening, self.site, monitor_id, active=active)
        session.reply("OPEN_CONF", {"InvokeID": invoke_id, **values})
        if active:
            self._activate(session)
        self._alarm(session, "established")

    def _make_room(self, session: ServerSession, opening: Opening) -> None:
        """Source: guide, OPEN_CONF: a device is of one client; the same client's older session
        ends. A standby side keeps its own account."""
        if opening.device is None:
            return
        for other in session.side.sessions:
            if other.opening is None or other.opening.device is not opening.device:
                continue
            if other.info.client_id != opening.client_id:
                raise Refusal(
                    StatusCode.E_CTI_DEVICE_IN_USE,
                    f"{opening.device.instrument!r} is of {other.info.client_id!r}",
                )
            other.fail(StatusCode.E_CTI_NEW_SESSION_OPENED, None)
            other.end(StatusCode.E_CTI_NEW_SESSION_OPENED, "the client opened a new session")

    def _activate(self, session: ServerSession) -> None:
        """A session gets events from now on, and what a client is told at the beginning."""
        self.sessions[session.id] = session
        for monitor in session.monitors.values():
            self.monitors.add(monitor)
        if session.services & Service.CTI_SERVICE_ALL_EVENTS:
            for peripheral in self.site.peripherals.values():
                number = (
                    SystemEventID.SYS_PERIPHERAL_ONLINE
                    if peripheral.online
                    else SystemEventID.SYS_PERIPHERAL_OFFLINE
                )
                session.send("SYSTEM_EVENT", system_values(self.site, number, peripheral.id))
        self._tell_opened(session)
        if session.call_mask & CallMsgMask.AGENT_TEAM_CONFIG_MASK:
            for team in self.site.teams.values():
                if self.delivery.supervises(session, team.id):
                    for values in team_config_values(self.site, team):
                        session.send("AGENT_TEAM_CONFIG_EVENT", values)
        for monitor in list(session.monitors.values()):
            if monitor.kind is Kind.CLIENT:
                self.delivery.begin_present(monitor)

    def _tell_opened(self, session: ServerSession) -> None:
        """CLIENT_SESSION_OPENED_EVENT: of this session to those who watch, of all to this one."""
        watched = Service.CTI_SERVICE_CLIENT_MONITOR
        name = "CLIENT_SESSION_OPENED_EVENT"
        for other in list(self.sessions.values()):
            if other is not session and other.services & watched:
                other.send(name, session_values(session))
        if session.services & watched:
            for other in list(self.sessions.values()):
                if other is not session:
                    session.send(name, session_values(other))

    def closed(self, session: ServerSession, status: int, *, normal: bool) -> None:
        """A session is over; its monitors end with it."""
        self.count("sessions_closed")
        if self.maintenance is not None:
            self.maintenance.left(session)
        for monitor in list(session.monitors.values()):
            self.remove_monitor(monitor)
        for watcher in self.monitors.of_session(session.id):
            self.remove_monitor(watcher)
        close_session(self.site, session.id)  # of a server application: its services
        if self.sessions.pop(session.id, None) is not None:
            values = {**session_values(session), "Status": status}
            for other in list(self.sessions.values()):
                if other.services & Service.CTI_SERVICE_CLIENT_MONITOR:
                    other.send("CLIENT_SESSION_CLOSED_EVENT", values)
        self._alarm(session, "terminated normally" if normal else "terminated abnormally")

    def _alarm(self, session: ServerSession, what: str) -> None:
        if session.services & Service.CTI_SERVICE_CONNECTION_MONITOR:
            info = session.info
            self.alarms.append(
                Alarm(what, info.client_id, info.signature, info.address[0], self.site.clock.now)
            )

    def add_monitor(self, monitor: Monitor) -> None:
        """A monitor of an open session begins."""
        monitor.session.monitors[monitor.id] = monitor
        self.monitors.add(monitor)

    def remove_monitor(self, monitor: Monitor) -> None:
        """A monitor ends."""
        monitor.session.monitors.pop(monitor.id, None)
        self.monitors.remove(monitor)

    # -- requests ----------------------------------------------------------------------------

    def request(self, session: ServerSession, message: Message) -> None:
        """Carry out a message of an open session: answers first, then what it caused."""
        name = message.name
        self.count("requests")
        try:
            if not session.side.active and name not in _OF_BOTH_SIDES:
                raise Refusal(
                    StatusCode.E_CTI_SERVER_NOT_MASTER, f"side {session.side.name} stands by"
                )
            self._check_service(session, name)
            own = SESSION_REQUESTS.get(name)
            if own is not None:
                own(self, session, message)
            else:
                self._handle(session, message)
        except (Refusal, RequestError) as error:
            self._refused(session, message, error)
        self.settle()

    def _refused(
        self, session: ServerSession, message: Message, error: Refusal | RequestError
    ) -> None:
        """CONTROL_FAILURE_CONF for what the peripheral refuses, else FAILURE_CONF."""
        self.count("requests_refused")
        _log.info("session %d, %s: %s", session.id, message.name, error)
        invoke_id = message.get("InvokeID")
        if isinstance(error, Refusal):
            session.fail(error.status, invoke_id)
        elif error.status or invoke_id is None:
            session.fail(error.status or StatusCode.E_CTI_UNSPECIFIED_FAILURE, invoke_id)
        else:
            values = {
                "InvokeID": invoke_id,
                "FailureCode": int(error.code),
                "PeripheralErrorCode": error.peripheral_error,
            }
            session.reply("CONTROL_FAILURE_CONF", values)

    def handler(self, name: str) -> Handler | None:
        """What answers a request that is not about sessions and monitors."""
        return self._handlers.get(name)

    def _check_service(self, session: ServerSession, name: str) -> None:
        """Source: guide, status E_CTI_FUNCTION_NOT_AVAILABLE: a request for a function or service
        that was not granted to the client."""
        wanted = int(SERVICES.get(name) or 0)
        granted = session.services
        if wanted and not granted & wanted:
            if granted & Service.CTI_AGENT_STATE_CONTROL_ONLY and name in _AGENT_STATE_REQUESTS:
                return
            raise Refusal(
                StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE, f"{name} needs {Service(wanted).name}"
            )

    def _handle(self, session: ServerSession, message: Message) -> None:
        """Have a handler do it. Raises Refusal when there is none."""
        name = message.name
        handler = self.handler(name)
        if handler is None:
            raise Refusal(StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE, f"nothing answers {name}")
        request = Request(
            self.site,
            self.calls,
            self.agents,
            self.statistics,
            message,
            session.version,
            session.client(),
            _Clients(self.sessions),
        )
        events: list[Event] = []
        self._collected = events
        try:
            replies = list(handler(request))
        except (Refusal, RequestError) as error:
            self._refused(session, message, error)
        except Exception:
            self.count("handler_errors")
            _log.exception("session %d: %s failed", session.id, name)
            session.fail(StatusCode.E_CTI_UNSPECIFIED_FAILURE, message.get("InvokeID"))
        else:
            if name == "CONFIG_REQUEST_EVENT":
                session.config_ready = True
                session.config_mask = message.get("ConfigMsgMask", session.config_mask)
            self._confirm(session, message, replies)
        finally:
            self._collected = None
        for event in events:
            self._event(event)

    def _confirm(
        self,
        session: ServerSession,
        message: Message,
        replies: list[tuple[str, Mapping[str, Any]]],
    ) -> None:
        """Send the answers of a handler, with the InvokeID where the message has one."""
        # Source: guide, CTI Service Masks: IGNORE_CONF, no confirmations for third-party requests.
        silent = (
            session.services & Service.CTI_SERVICE_IGNORE_CONF
            and SERVICES.get(message.name) == Service.CTI_SERVICE_CLIENT_CONTROL
        )
        invoke_id = message.get("InvokeID")
        for name, values in replies:
            if silent and name.endswith("_CONF"):
                self.count("confirmations_ignored")
            elif MESSAGES_BY_NAME[name].has_invoke_id and "InvokeID" not in values:
                session.reply(name, {"InvokeID": invoke_id, **values})
            else:
                session.reply(name, values)

    # -- events ------------------------------------------------------------------------------

    def _event(self, event: Event) -> None:
        """The site tells that something happened."""
        if self._collected is not None:
            self._collected.append(event)
        elif self.site.pg_status & _OPC_DOWN and event.audience.kind in _BY_PG:
            self.count("events_suppressed")
        else:
            self.delivery.event(event)

    def settle(self) -> None:
        """The site has come to rest: to be called after everything that may have moved it."""
        self.delivery.settle()

    def tick(self, now: float) -> None:
        """Time-outs; to be called about every second of the link's time."""
        self.now = now
        for session in self.connections:
            session.tick(now)
        if self.maintenance is not None:
            self.maintenance.tick(now)
            if self.maintenance.finished:
                self._end_maintenance(self.maintenance)

    # -- sides -------------------------------------------------------------------------------

    def other_side(self, side: Side) -> Side:
        """The other of the two. Raises ValueError when there is one only."""
        for other in self.sides.values():
            if other is not side:
                return other
        raise ValueError("there is no standby side: start the simulator with a standby port")

    def hand_over(self, old: Side, new: Side) -> None:
        """The new side becomes active and says so; events go to its clients from now on.

        Source: guide, STANDBY_ACTIVE_EVENT: the standby informs its clients when it becomes active.
        """
        old.active, new.active = False, True
        for session in old.sessions:
            self.sessions.pop(session.id, None)
            for monitor in session.monitors.values():
                self.monitors.remove(monitor)
        for session in new.sessions:
            session.send("STANDBY_ACTIVE_EVENT_MSG", {})
            self._activate(session)
            if 0 in session.monitors:
                self.delivery.tell_present(session.monitors[0])

    def fail_over(self) -> None:
        """The active side fails: its connections are reset, the other one takes over.

        The failed side is out of service until restore(). Raises ValueError when there is no
        standby or it is out of service as well.
        """
        old = self.active
        new = self.other_side(old)
        if new.failed or not new.in_service:
            raise ValueError(f"side {new.name} is out of service as well")
        old.failed = True
        for session in list(old.connections.values()):
            session.end(StatusCode.E_CTI_CTI_SERVER_OFFLINE, "the server failed", reset=True)
        self.count("fail_overs")
        self.hand_over(old, new)

    def restore(self, name: str) -> None:
        """A side works again: it stands by, or serves if it is the active one still."""
        side = self.sides[name]
        side.failed = False
        side.in_service = True
        side.maintenance = False

    def maintain(self, done: Callable[[bool], None] | None = None) -> Maintenance:
        """Ask the clients whether the active side may go into maintenance mode, and do it.

        done(accepted) is called when that is decided. Raises ValueError without a standby.
        """
        if self.maintenance is not None and not self.maintenance.finished:
            raise ValueError("maintenance mode is under way already")
        side = self.active
        self.maintenance = Maintenance(self, side, self.other_side(side), done)
        self.maintenance.begin()
        return self.maintenance

    def _end_maintenance(self, done: Maintenance) -> None:
        """The side that was maintained stands by from now on."""
        if done.decided:
            self.restore(done.side.name)
        self.maintenance = None
