"""What a simulated site is made of: plain data, and the places that hold it.

The behaviour lives beside it: calls.py moves calls, agents.py moves agents, statistics.py counts.
Field names in comments are those of GED-188. Agents, calls, devices and the like are what they are
and not what they look like: two of them are equal only when they are the same one.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from fastcil.ged188 import NULL_UINT, NULL_USHORT
from fastcil.ged188.enums import AgentState, LocalConnectionState, PeripheralType
from fastcil.simulator.agent_desk import DeskSettings, SiteRules
from fastcil.simulator.clock import Clock, Timer

__all__ = [
    "Agent",
    "Alarm",
    "Audience",
    "Call",
    "Connection",
    "Device",
    "Event",
    "Membership",
    "Peripheral",
    "RegisteredService",
    "RequestError",
    "Service",
    "Site",
    "SkillGroup",
    "Team",
]


class RequestError(Exception):
    """A request cannot be carried out: becomes CONTROL_FAILURE_CONF with this FailureCode.

    With status set instead, it becomes FAILURE_CONF with that StatusCode: for requests that are
    wrong in themselves rather than refused by the peripheral.
    """

    def __init__(self, code: int, text: str, *, peripheral_error: int = 0, status: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.peripheral_error = peripheral_error
        self.status = status


@dataclass(frozen=True)
class Audience:
    """Whom an event concerns; the server sends it to the sessions and monitors that match.

    kind: "call", "agent", "team", "system", "client" or "config": which of the masks and services
    decides. instruments: of the agents concerned. agents: their ICMAgentIDs. calls: call ids.
    sessions: when not empty, only these client sessions get it. config: ConfigInformation bits of
    the block that a configuration event belongs to.
    """

    kind: str
    peripheral_id: int = NULL_UINT
    instruments: frozenset[str] = frozenset()
    agents: frozenset[int] = frozenset()
    calls: frozenset[int] = frozenset()
    team_id: int = 0
    sessions: frozenset[int] = frozenset()
    config: int = 0


@dataclass(frozen=True)
class Event:
    """A message that the site causes, before it is encoded for each client.

    values has every fixed field but MonitorID, which the server fills in for each receiver, and
    the floating fields that apply; fields that a client's version lacks are left out by the server.
    """

    name: str
    values: Mapping[str, Any]
    audience: Audience
    at: float


@dataclass
class Service:
    """A service of a peripheral: what a dialled number leads to."""

    number: int
    id: int
    name: str
    skill_groups: list[int] = field(default_factory=list)
    dialed_number: str = ""
    """What callers dial to reach it."""
    extension: str = ""
    """What is dialled inside the site."""
    call_type_id: int = 0
    description: str = ""
    level_threshold: int = 20
    """Service Level threshold in seconds."""


@dataclass(eq=False)
class SkillGroup:
    """A skill group; number is the peripheral's, id the ICM's (SkillGroupSkillTargetID)."""

    peripheral_id: int
    number: int
    id: int
    name: str
    priority: int = 0
    members: list[Agent] = field(default_factory=list)
    queue: list[Call] = field(default_factory=list)
    extension: str = ""
    description: str = ""
    ready: dict[int, Agent] = field(default_factory=dict)
    """Members who are AVAILABLE in the group, by ICMAgentID; kept by the agent engine."""


@dataclass(eq=False)
class Membership:
    """An agent in a skill group: the state may differ from the agent's while on another's call."""

    group: SkillGroup
    state: AgentState = AgentState.AGENT_STATE_LOGOUT
    since: float = 0.0


@dataclass(eq=False)
class Device:
    """A telephone or another thing that calls stand at. type: DeviceIDType."""

    instrument: str
    extension: str
    peripheral_id: int
    agent: Agent | None = None
    connections: list[Connection] = field(default_factory=list)
    line_handle: int = 1
    terminal: str = ""
    """Name of the telephone that has the extension, as the call manager knows it."""
    number: int = 0
    """PeripheralNumber in CONFIG_DEVICE_EVENT."""
    in_service: bool = True
    attributes: dict[str, int] = field(default_factory=dict)
    """What SET_DEVICE_ATTRIBUTES_REQ gave the calls that begin here: ServiceNumber, ServiceID,
    SkillGroupNumber, SkillGroupID, SkillGroupPriority, CallType."""


@dataclass(eq=False)
class Team:
    """A team of agents with its supervisors; id is TeamID."""

    id: int
    name: str
    peripheral_id: int
    agents: list[Agent] = field(default_factory=list)
    supervisors: list[Agent] = field(default_factory=list)


@dataclass(eq=False)
class Agent:
    """An agent. id: AgentID, the login name; icm_id: ICMAgentID (AgentSkillTargetID)."""

    id: str
    icm_id: int
    peripheral_id: int
    first_name: str
    last_name: str
    password: str
    memberships: list[Membership] = field(default_factory=list)
    team: Team | None = None
    is_supervisor: bool = False
    state: AgentState = AgentState.AGENT_STATE_LOGOUT
    since: float = 0.0
    reason: int = 0
    work_mode: int = 0
    device: Device | None = None
    client_signature: str = ""
    after_call: AgentState | None = None
    """Where the agent goes when the call under way ends; None: where he was before it."""
    timer: Timer | None = None
    logged_on_at: float = 0.0
    desk: DeskSettings = field(default_factory=DeskSettings)
    idle: AgentState = AgentState.AGENT_STATE_NOT_READY
    """AVAILABLE or NOT_READY: where calls that bring no after-call work lead back to."""
    idle_reason: int = 0
    after_reason: int = 0
    """EventReasonCode that came with after_call."""
    reserved_for: SkillGroup | None = None
    """The group that reserve() holds the agent for, until the call comes."""
    busy_group: SkillGroup | None = None
    """The group that the agent's call, reservation or after-call work belongs to."""
    direction: int = 0
    """AGENT_STATE_EVENT.Direction of the call the agent works on."""
    login_name: str = ""
    department_id: int = 0
    description: str = ""
    active_terminal: str = ""
    position_id: str = ""
    remote_number: str = ""
    """Where a remote agent's telephone is: behind the ";" of his AgentInstrument."""
    failed_passwords: int = 0
    sso: bool = False
    enabled_services: list[int] = field(default_factory=list)
    """AgentService numbers that the configuration allows."""
    invoked_services: list[int] = field(default_factory=list)
    """AgentService numbers that the desktop uses, as SET_AGENT_SERVICE_DATA_REQ said last."""
    greeting: bool = True
    """Whether the agent greeting plays; AGENT_GREETING_CONTROL_REQ changes it for a login."""
    suggestions: dict[str, int] = field(default_factory=dict)
    """What the agent thought of the suggestions, summed up by field of that request."""


@dataclass(eq=False)
class Connection:
    """One party of a call: a call at a device. It is what ConnectionCallID + DeviceID name."""

    call: Call
    device_id: str
    device: Device | None
    state: LocalConnectionState = LocalConnectionState.LCS_NULL
    since: float = 0.0
    monitors: list[Connection] = field(default_factory=list)
    """Supervisors' connections that listen to this one."""
    recording: bool = False
    """Whether the network records it."""
    media: bool = False
    """Whether voice streams of the device run for it."""
    role: str = ""
    """What the agent engine counts this party's part as, where that is not the call's direction."""
    recording_type: int = 0
    """InvocationType that the network recording was started with."""
    greeting: Timer | None = None
    """Runs while the agent greeting plays."""

    @property
    def direction(self) -> str:
        """What the agent engine counts the call as at this device."""
        return self.role or self.call.direction


@dataclass(eq=False)
class Call:
    """A call of a peripheral. id: ConnectionCallID. variables: 1..10 to text."""

    id: int
    peripheral_id: int
    type: int
    began: float
    connections: list[Connection] = field(default_factory=list)
    ani: str = ""
    dnis: str = ""
    dialed_number: str = ""
    entered_digits: str = ""
    variables: dict[int, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    arrays: dict[tuple[str, int], str] = field(default_factory=dict)
    wrapup: str = ""
    user_to_user: bytes = b""
    router_key: tuple[int, int, int] = (0, 0, 0)
    service: Service | None = None
    skill_group: SkillGroup | None = None
    disposition: int = 0
    clients: list[tuple[str, int]] = field(default_factory=list)
    """(CTIClientSignature, CTIClientTimestamp) of the clients that handled the call."""
    reference: bytes = b""
    originating_call: int = NULL_UINT
    ended: bool = False
    direction: str = "internal"
    """What the agent engine counts the call as: a key of agent_calls.DIRECTIONS."""
    called: str = ""
    """Device or number that the call was last sent to."""
    monitored: Connection | None = None
    """The agent's connection that this call, a supervisor's own, listens to."""
    bad_line: bool = False
    """An agent reported the line."""
    calling: str = ""
    """Who called: the device or number; stays when that party leaves."""
    calling_device: Device | None = None
    last_redirect: str = ""
    """The device that the call rang at before; "": none."""
    last_redirect_device: Device | None = None
    queues: list[SkillGroup] = field(default_factory=list)
    """The skill groups that the call waits for now."""
    announced: Agent | None = None
    """The agent that the router chose, until the call rings there."""
    announced_at: str = ""
    """The instrument where that agent was when it was announced to him."""
    answered: bool = False
    """Somebody who was called has answered."""
    trunk: int | None = None
    """The trunk that the call came in on, where the peripheral has trunks."""
    line_type: int | None = None
    """LineType, where it does not follow from the direction."""
    originating_device: str = ""
    """Where the call that this one is a consultation of was put on hold."""
    campaign_id: int = 0
    query_rule_id: int = 0
    customer_phone: str = ""
    customer_account: str = ""
    originated_from: int = 0
    """CallOriginatedFrom: "D" for one that the dialer made; 0: not said."""
    instruments: set[str] = field(default_factory=set)
    """Every device that was a party of the call."""
    ended_at: float = 0.0


@dataclass(eq=False)
class Peripheral:
    """One peripheral: a switch with its agents, devices and groups."""

    id: int
    type: PeripheralType
    name: str = ""
    online: bool = True
    agents: dict[str, Agent] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    """By instrument."""
    skill_groups: dict[int, SkillGroup] = field(default_factory=dict)
    """By number."""
    services: dict[int, Service] = field(default_factory=dict)
    default_desk: int = 0
    """AgentDeskSettingsID of agents for whom nothing else was said."""
    calls: dict[int, Call] = field(default_factory=dict)
    call_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))


@dataclass
class RegisteredService:
    """A service that a server application provides. mode: ServerMode."""

    id: int
    name: str
    mode: int
    session_id: int


@dataclass
class Alarm:
    """What a client reported. state: 0 normal, 1 warning, 2 error; at: seconds of the clock."""

    object_name: str
    state: int
    text: str
    client_id: str
    at: float


class Site:
    """Everything, and where events go.

    emit() hands an event to every sink in the order of subscription. A site is driven by one
    thread; nothing here locks or waits.
    """

    def __init__(self, clock: Clock | None = None, seed: int = 1) -> None:
        self.clock = clock or Clock()
        self.random = random.Random(seed)
        self.peripherals: dict[int, Peripheral] = {}
        self.teams: dict[int, Team] = {}
        self.central_controller_online = True
        self.pg_status = 0
        self.rules = SiteRules()
        self.desk_settings: dict[int, DeskSettings] = {}
        self.config_keys: dict[tuple[int, int], bytes] = {}
        """(PeripheralID, ConfigInformation bit) to the key of that part of the configuration, as
        long as it does not change."""
        self.registered_services: list[RegisteredService] = []
        """In the order of registration; a round-robin moves whom it chose to the end."""
        self.service_ids = itertools.count(1)
        self.alarms: dict[str, Alarm] = {}
        """By ObjectName of CLIENT_EVENT_REPORT_REQ."""
        self.reports: list[Alarm] = []
        """What clients reported, objects or not, in order."""
        self.app_data: dict[int, dict[str, Any]] = {}
        """ApplicationPathID to the variables that SET_APP_DATA_REQ gave."""
        self.recording_ids = 0
        self.recordings: dict[int, tuple[int, int]] = {}
        """Recording requests under way: our number to (session, its InvokeID)."""
        self.call_types: dict[int, str] = {}
        """CallTypeID to name."""
        self.expanded_variables: dict[str, int] = {}
        """Named variables that are configured: 0 for a scalar, else the size of the array."""
        self._sinks: list[Callable[[Event], None]] = []

    def subscribe(self, sink: Callable[[Event], None]) -> Callable[[], None]:
        """Every event from now on goes to `sink` as well; call the result to end that."""
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink)

    def emit(self, name: str, values: Mapping[str, Any], audience: Audience) -> None:
        """Something happened."""
        event = Event(name, values, audience, self.clock.now)
        for sink in tuple(self._sinks):
            sink(event)

    def peripheral(self, number: int) -> Peripheral:
        """The peripheral of a PeripheralID. Raises KeyError."""
        return self.peripherals[number]

    def agents(self) -> list[Agent]:
        """All agents, in a fixed order."""
        return [a for p in self.peripherals.values() for a in p.agents.values()]


NONE_GROUP = {
    "SkillGroupNumber": NULL_UINT,
    "SkillGroupID": NULL_UINT,
    "SkillGroupPriority": NULL_USHORT,
}
"""The skill-group fields of an event that has none."""
