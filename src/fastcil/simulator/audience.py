"""Who gets which event, and which events only a client's point of view brings forth.

The engines tell what happens at the site once. Here it is given to the monitors that it concerns
and whose masks let it through. A Client Events client hears of a call from BEGIN_CALL_EVENT on,
when its device becomes part of the call, until END_CALL_EVENT, when its device has left it (guide,
Application Level Interfaces, Client Events Service); a site-wide listener hears of every call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastcil.ged188 import EncodeError
from fastcil.ged188.enums import (
    AgentState,
    AgentStateMask,
    CallMsgMask,
    LineType,
    LocalConnectionState,
)
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.relations import AGENT_STATE_MASKS, MASKS, SERVICES
from fastcil.simulator.encoding import EncodedEvent
from fastcil.simulator.model import Agent, Audience, Call, Device, Event, Site
from fastcil.simulator.monitors import CallKey, Kind, Monitor, MonitorTable
from fastcil.simulator.party_update import party_updates

if TYPE_CHECKING:
    from fastcil.simulator.calls import CallEngine
    from fastcil.simulator.session import ServerSession

__all__ = ["Delivery", "agent_bit"]

_log = logging.getLogger("fastcil.simulator")

_BEGIN = int(CallMsgMask.BEGIN_CALL_MASK)
_END = int(CallMsgMask.END_CALL_MASK)
_BITS = {name: int(mask) for name, mask in MASKS.items()}
_OF_SERVICE = {name: int(services) for name, services in SERVICES.items()}
_ACD_ONLY = int(Service.CTI_SERVICE_ACD_LINE_ONLY)
_NO_DUPLICATES = int(Service.CTI_SERVICE_IGNORE_DUPLICATE_AGENT_EVENTS)
# Plain numbers: these are looked at for every event, and flags are slow.
_NOT_OF_A_CALL = frozenset({"AGENT_PRE_CALL_EVENT", "AGENT_PRE_CALL_ABORT_EVENT"})
"""They tell of calls that are not at the device yet and go before BEGIN_CALL_EVENT."""
_OTHER_LINES = (LineType.LINETYPE_NON_ACD_IN, LineType.LINETYPE_NON_ACD_OUT)
"""What CTI_SERVICE_ACD_LINE_ONLY leaves out."""
_SERVICE = {
    Kind.CLIENT: int(Service.CTI_SERVICE_CLIENT_EVENTS),
    Kind.DEVICE: int(Service.CTI_SERVICE_PERIPHERAL_MONITOR),
}
"""The service that a device's monitor belongs to."""
_ANY_STATE = ~AgentStateMask(0)


def agent_bit(state: int) -> int:
    """The AgentStateMask bit of an AgentState; a state without one passes any mask but 0."""
    return int(AGENT_STATE_MASKS.get(AgentState(state), _ANY_STATE))


class Delivery:
    """Takes the site's events and gives them to sessions.

    sessions: the open sessions of the active side, by SessionID. event() is to be called in the
    order in which things happened, settle() whenever the site has come to rest.
    """

    def __init__(
        self,
        site: Site,
        calls: CallEngine,
        monitors: MonitorTable,
        sessions: Mapping[int, ServerSession],
        count: Callable[[str], None],
    ) -> None:
        self.site = site
        self._calls = calls
        self._monitors = monitors
        self._sessions = sessions
        self._count = count
        self._agents: dict[int, Agent] = {}  # by ICMAgentID
        self._touched: dict[int, Monitor] = {}
        self._at = 0.0

    # -- every event -------------------------------------------------------------------------

    def event(self, event: Event) -> None:
        """Give an event to everybody whom it concerns."""
        self._count("events_published")
        if not self._sessions:
            return
        if self._touched and event.at != self._at:
            self.settle()
        self._at = event.at
        if event.name == "AGENT_STATE_EVENT":
            event = self._with_session(event)
        encoded = EncodedEvent(event)
        kind = event.audience.kind
        if kind == "call":
            self._call_event(encoded)
        elif kind == "agent":
            self._agent_event(encoded)
        elif kind == "team":
            self._team_event(encoded)
        elif kind == "config":
            self._config_event(encoded)
        else:
            self._plain(encoded, self._chosen(event.audience))

    def _chosen(self, audience: Audience) -> list[ServerSession]:
        """The sessions an audience names, or all where it names none; "client" must name them."""
        if audience.sessions:
            found = (self._sessions.get(number) for number in sorted(audience.sessions))
            return [session for session in found if session is not None]
        return [] if audience.kind == "client" else list(self._sessions.values())

    def _send(self, encoded: EncodedEvent, monitor: Monitor) -> None:
        """To the client of a monitor, and to those that watch that client's session."""
        session = monitor.session
        chosen = encoded.event.audience.sessions
        if chosen and session.id not in chosen:
            return
        if session.services & _ACD_ONLY and encoded.event.values.get("LineType") in _OTHER_LINES:
            return
        self._to(encoded, session, monitor.id)
        if encoded.has_monitor:
            for watcher in self._monitors.of_session(session.id):
                self._to(encoded, watcher.session, watcher.id)

    def _plain(self, encoded: EncodedEvent, sessions: Iterable[ServerSession]) -> None:
        for session in sessions:
            self._to(encoded, session, 0)

    def _to(self, encoded: EncodedEvent, session: ServerSession, monitor_id: int) -> None:
        try:
            data = encoded.data(session.version, monitor_id, session.view)
        except (EncodeError, KeyError, TypeError) as error:
            self._count("events_unencodable")
            _log.error("%s for version %d: %s", encoded.event.name, session.version, error)
            return
        if data is not None:
            session.send_event(data)

    # -- calls -------------------------------------------------------------------------------

    def _call_event(self, encoded: EncodedEvent) -> None:
        event = encoded.event
        audience = event.audience
        # What has no bit in the masks cannot be masked out.
        bit = _BITS.get(event.name, 0)
        for monitor in self._monitors.site_wide():
            if not bit or monitor.call_mask & bit:
                self._send(encoded, monitor)
        keys = [(audience.peripheral_id, number) for number in sorted(audience.calls)]
        for key in keys:
            for monitor in self._monitors.of_call(key):
                if not bit or monitor.call_mask & bit:
                    self._send(encoded, monitor)
        if event.name == "END_CALL_EVENT":
            for key in keys:
                self._end_call(encoded, key)
        else:
            for monitor in self._monitors.of_instruments(
                audience.instruments, audience.peripheral_id
            ):
                self._device_event(encoded, monitor, keys, bit)
        if event.name == "EMERGENCY_CALL_EVENT":
            self._plain(encoded, self._emergency(audience.team_id))
        if event.name == "CALL_TRANSLATION_ROUTE_EVENT":
            self._plain(encoded, self._peripheral_monitors(bit))

    def _end_call(self, encoded: EncodedEvent, key: CallKey) -> None:
        """A call is over: for its clients and for its monitors."""
        for monitor in self._monitors.associated(key):
            if monitor.call_mask & _END:
                self._send(encoded, monitor)
            self._monitors.dissolve(monitor, key)
        for monitor in self._monitors.forget_call(key):
            monitor.session.monitors.pop(monitor.id, None)

    def _device_event(
        self, encoded: EncodedEvent, monitor: Monitor, keys: list[CallKey], bit: int
    ) -> None:
        """A call event at a device: what its client hears of it."""
        name = encoded.event.name
        device = monitor.device
        service = _SERVICE[monitor.kind]
        if not _OF_SERVICE.get(name, service) & service:
            return
        if name in _NOT_OF_A_CALL or not keys:
            if not bit or monitor.call_mask & bit:
                self._send(encoded, monitor)
            return
        concerned = False
        for key in keys:
            if key in monitor.calls:
                concerned = True
                continue
            call = self._call(key)
            if name == "BEGIN_CALL_EVENT":
                concerned = True
                self._associate(monitor, key, call)
            elif call is not None and device is not None and at_device(call, device):
                concerned = True
                self.begin(monitor, call)
        if concerned:
            self._touched[monitor.id] = monitor
            if not bit or monitor.call_mask & bit:
                self._send(encoded, monitor)

    def _call(self, key: CallKey) -> Call | None:
        peripheral = self.site.peripherals.get(key[0])
        return None if peripheral is None else peripheral.calls.get(key[1])

    def _associate(self, monitor: Monitor, key: CallKey, call: Call | None) -> None:
        self._monitors.associate(monitor, key, call)
        if call is not None and monitor.kind is Kind.CLIENT:
            monitor.session.handles(call, self.site.clock.time)

    def begin(self, monitor: Monitor, call: Call) -> None:
        """The device's client becomes associated with a call that began before."""
        key = (call.peripheral_id, call.id)
        # NumCTIClients counts the clients that were associated before this one.
        values = self._calls.begin_values(call)
        self._associate(monitor, key, call)
        if monitor.call_mask & _BEGIN:
            self._alone("BEGIN_CALL_EVENT", values, call, monitor)

    def begin_present(self, monitor: Monitor) -> None:
        """BEGIN_CALL_EVENT for the calls that are in progress where a new monitor looks.

        Source: guide, CTI Client Application Guidelines, Operations During Failures: ClientEvent
        clients receive a BEGIN_CALL_EVENT for all calls in progress when their session is opened.
        """
        if monitor.device is not None:
            for connection in list(monitor.device.connections):
                if not connection.call.ended:
                    self.begin(monitor, connection.call)
        elif monitor.call is not None:
            call = self._call(monitor.call)
            if call is not None and monitor.call_mask & _BEGIN:
                values = self._calls.begin_values(call)
                self._alone("BEGIN_CALL_EVENT", values, call, monitor)

    def tell_present(self, monitor: Monitor) -> None:
        """Every call in progress, for a site-wide listener that hears of the site only now."""
        for peripheral in self.site.peripherals.values():
            for call in list(peripheral.calls.values()):
                if monitor.call_mask & _BEGIN:
                    values = self._calls.begin_values(call)
                    self._alone("BEGIN_CALL_EVENT", values, call, monitor)
                for event in party_updates(self.site, call):
                    if monitor.call_mask & _BITS[event.name]:
                        self._send(EncodedEvent(event), monitor)

    def _alone(self, name: str, values: Mapping[str, Any], call: Call, monitor: Monitor) -> None:
        """An event of a call for one monitor only."""
        audience = Audience("call", call.peripheral_id, calls=frozenset({call.id}))
        self._send(EncodedEvent(Event(name, values, audience, self.site.clock.now)), monitor)

    def to_monitor(self, encoded: EncodedEvent, monitor: Monitor) -> None:
        """An agent state for one monitor only, as far as its mask lets it through."""
        if monitor.agent_mask & agent_bit(encoded.event.values["AgentState"]):
            self._send(encoded, monitor)

    def recheck(self) -> None:
        """After a time without events: every association is looked at by the next settle()."""
        self._touched.update(self._monitors.with_calls())

    def settle(self) -> None:
        """END_CALL_EVENT to the clients whose devices have left a call that goes on."""
        touched, self._touched = self._touched, {}
        for monitor in touched.values():
            for key, call in list(monitor.calls.items()):
                if call is None or monitor.device is None or at_device(call, monitor.device):
                    continue
                self._monitors.dissolve(monitor, key)
                if monitor.call_mask & _END:
                    self._alone("END_CALL_EVENT", self._calls.end_values(call), call, monitor)

    # -- agents and teams --------------------------------------------------------------------

    def _with_session(self, event: Event) -> Event:
        """AGENT_STATE_EVENT with the SessionID of the agent's own client, which only the server
        knows."""
        for monitor in self._monitors.of_instruments(
            event.audience.instruments, event.audience.peripheral_id
        ):
            if monitor.kind is Kind.CLIENT:
                values = {**event.values, "SessionID": monitor.session.id}
                return Event(event.name, values, event.audience, event.at)
        return event

    def _agent_event(self, encoded: EncodedEvent) -> None:
        event = encoded.event
        audience = event.audience
        monitors = [
            *self._monitors.site_wide(),
            *self._monitors.of_instruments(audience.instruments, audience.peripheral_id),
        ]
        teams = {agent.team.id for agent in self._named(audience) if agent.team is not None}
        for team_id in sorted(teams):
            monitors += self._monitors.of_team(team_id)
        state = event.name == "AGENT_STATE_EVENT"
        bit = agent_bit(event.values["AgentState"]) if state else _BITS.get(event.name, 0)
        for monitor in monitors:
            mask = monitor.agent_mask if state else monitor.call_mask
            if bit and not mask & bit:
                continue
            if state and self._seen(monitor, event.values):
                continue
            self._send(encoded, monitor)

    def _named(self, audience: Audience) -> list[Agent]:
        """The agents of an audience, by their ICMAgentIDs."""
        if any(number not in self._agents for number in audience.agents):
            self._agents = {agent.icm_id: agent for agent in self.site.agents()}
        found = (self._agents.get(number) for number in sorted(audience.agents))
        return [agent for agent in found if agent is not None]

    @staticmethod
    def _seen(monitor: Monitor, values: Mapping[str, Any]) -> bool:
        """Whether the client asked not to be told again what it was told last."""
        if not monitor.session.services & _NO_DUPLICATES:
            return False
        key = (values["ICMAgentID"], values["SkillGroupID"])
        now = (values["AgentState"], values["SkillGroupState"], values["EventReasonCode"])
        before = monitor.seen.get(key)
        monitor.seen[key] = now
        return before == now

    def _team_event(self, encoded: EncodedEvent) -> None:
        """AGENT_TEAM_CONFIG_EVENT and what else concerns supervisors: to those of the team."""
        bit = _BITS.get(encoded.event.name, 0)
        chosen = encoded.event.audience.sessions
        self._plain(
            encoded,
            [
                session
                for session in self._supervisors(encoded.event.audience.team_id)
                if (not bit or session.call_mask & bit) and (not chosen or session.id in chosen)
            ],
        )

    def _supervisors(self, team_id: int) -> list[ServerSession]:
        """The sessions with Supervisor service that a team concerns; 0 is every team."""
        return [s for s in list(self._sessions.values()) if self.supervises(s, team_id)]

    def supervises(self, session: ServerSession, team_id: int) -> bool:
        """Whether a session is of a supervisor of the team, or of a bridge for supervisors."""
        if not session.services & Service.CTI_SERVICE_SUPERVISOR:
            return False
        if session.info.all_events or team_id == 0:
            return True
        team = self.site.teams.get(team_id)
        return team is not None and session.agent in team.supervisors

    def _emergency(self, team_id: int) -> list[ServerSession]:
        """Beside All Events: the team's supervisors, and server applications.

        Source: guide, Supervisor Service and EMERGENCY_CALL_EVENT.
        """
        return [
            session
            for session in list(self._sessions.values())
            if not session.info.all_events
            and (self.supervises(session, team_id) or session.services & Service.CTI_SERVICE_SERVER)
        ]

    def _peripheral_monitors(self, bit: int) -> list[ServerSession]:
        """Source: guide, Peripheral Monitor Service: its clients also receive the
        CALL_TRANSLATION_ROUTE event."""
        wanted, other = Service.CTI_SERVICE_PERIPHERAL_MONITOR, Service.CTI_SERVICE_ALL_EVENTS
        return [
            session
            for session in list(self._sessions.values())
            if session.services & wanted
            and not session.services & other
            and session.call_mask & bit
        ]

    # -- configuration -----------------------------------------------------------------------

    def _config_event(self, encoded: EncodedEvent) -> None:
        """Answers to a CONFIG_REQUEST go to who asked; updates to those who want them.

        Source: guide, Configuration Acquisition Messages: updates are sent after the client's
        CONFIG_REQUEST_EVENT, and honour the mask of OPEN_REQ.
        """
        event = encoded.event
        if event.audience.sessions:
            self._plain(encoded, self._chosen(event.audience))
            return
        bit = event.audience.config or _BITS.get(event.name, 0)
        ready = [s for s in self._sessions.values() if s.config_ready and s.config_mask & bit]
        self._plain(encoded, ready)


def at_device(call: Call, device: Device) -> bool:
    """Whether a device is a party of a call."""
    return any(
        connection.device is device and connection.state != LocalConnectionState.LCS_NULL
        for connection in call.connections
    )
