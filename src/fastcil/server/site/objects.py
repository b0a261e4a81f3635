"""Agents, calls, devices, skill groups and teams, by their documented UniqueObjectIDs.

Keys: call.PeripheralID.ConnectionCallID.ConnectionDeviceID, agent.PeripheralID.AgentID,
device.PeripheralID.Instrument, skillgroup.PeripheralID.SkillGroupNumber, team.PeripheralID.TeamID.
Source: CTI OS Developer Guide, coding conventions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from fastcil.catalog import AgentState, LocalConnectionState, event, minimized_parameters
from fastcil.catalog.selection import PARTY
from fastcil.ged188 import Message
from fastcil.server.site.convert import number

if TYPE_CHECKING:
    from fastcil.server.site._reference import Values
    from fastcil.server.site.fields import Fields

__all__ = [
    "CALL_CALLBACKS",
    "GROUP",
    "OWN",
    "AgentObject",
    "CallObject",
    "Conversation",
    "Objects",
    "agent_key",
    "call_key",
    "device_key",
    "full_names",
    "new_call_values",
    "skill_group_key",
    "team_key",
]

CALL_CALLBACKS = (
    "OnCallBegin",
    "OnCallEnd",
    "OnCallDataUpdate",
    "OnCallDelivered",
    "OnCallEstablished",
    "OnCallHeld",
    "OnCallRetrieved",
    "OnCallCleared",
    "OnCallConnectionCleared",
    "OnCallOriginated",
    "OnCallFailed",
    "OnCallServiceInitiatedEvent",
    "OnCallQueuedEvent",
    "OnCallDequeuedEvent",
    "OnCallReachedNetworkEvent",
    "OnCallDiverted",
    "OnCallTransferred",
    "OnCallConferenced",
    "OnSnapshotCallConf",
)
"""Every event that is a selection from a call's values."""

OWN = frozenset(
    {"ConnectionDeviceID", "CallStatus", "LocalConnectionState", "LineHandle", "LineType"}
)
"""Fields that belong to one connection, not to the call: a new connection does not inherit them."""
GROUP = ("SkillGroupNumber", "SkillGroupID", "SkillGroupPriority", "SkillGroupState")
"""What is known of an agent in a skill group."""
_FLT_GROUP = tuple(f"Flt{name}" for name in GROUP)
_STATUSES = frozenset({int(one) for one in LocalConnectionState} - {0xFFFF})
_EMPTY: dict[str, Any] = {"STRING": "", "ARGUMENTS": {}, "BOOL": False}


def agent_key(peripheral: int, agent_id: str) -> str:
    """UniqueObjectID of an agent."""
    return f"agent.{peripheral}.{agent_id}"


def call_key(peripheral: int, call_id: int, device_id: str) -> str:
    """UniqueObjectID of a connection of a call."""
    return f"call.{peripheral}.{call_id}.{device_id}"


def device_key(peripheral: int, instrument: str) -> str:
    """UniqueObjectID of a device."""
    return f"device.{peripheral}.{instrument}"


def skill_group_key(peripheral: int, number: int) -> str:
    """UniqueObjectID of a skill group."""
    return f"skillgroup.{peripheral}.{number}"


def team_key(peripheral: int, team_id: int) -> str:
    """UniqueObjectID of a team."""
    return f"team.{peripheral}.{team_id}"


@cache
def _defaults() -> tuple[tuple[str, Any], ...]:
    """Each keyword of any call event with the value it has when nothing was told of it."""
    kinds: dict[str, str] = {}
    names: dict[str, None] = {}
    for callback in CALL_CALLBACKS:
        for parameter in (*event(callback).parameters, *event(callback).extra_keywords):
            kinds.setdefault(parameter.keyword, parameter.type or "STRING")
        for level in (0, 1):
            names.update(dict.fromkeys(minimized_parameters(callback, level)))
    names.pop(PARTY, None)
    # Keywords of the table alone have no printed type there; those of devices and ids are text,
    # but for two that GED-188 has as numbers.
    text = ("ID", "IDFull", "Data", "Number", "Message", "Target")
    for name in names:
        if name not in kinds:
            is_text = name.endswith(text) and name not in ("CampaignID", "QueryRuleID")
            kinds[name] = "STRING" if is_text else "INT"
    return tuple((name, _EMPTY.get(kinds[name], 0)) for name in names)


def new_call_values() -> dict[str, Any]:
    """A value for every keyword that any call event has."""
    found = _template().copy()
    for name in _nested_defaults():
        found[name] = {}  # each call has its own
    return found


@cache
def _template() -> dict[str, Any]:
    found = dict(_defaults())
    found["ECC"] = {}
    found["CTIClients"] = {}
    found["FilterTarget"] = "CallEvent"
    return found


@cache
def _nested_defaults() -> tuple[str, ...]:
    return tuple(name for name, value in _template().items() if isinstance(value, dict))


@cache
def full_names() -> dict[str, str]:
    """By keyword of a device: the one that has the same with Full at its end."""
    names = _template()
    return {name: f"{name}Full" for name in names if f"{name}Full" in names}


def listed_groups(message: Message, known: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The skill groups that a message lists, by number; those known when it lists none."""
    names = _FLT_GROUP if message.name == "AGENT_STATE_EVENT" else GROUP
    numbers, *columns = message.get_many(*names, default=())
    if not isinstance(numbers, list):
        return known
    found: dict[int, dict[str, Any]] = {}
    for i, group in enumerate(numbers):
        entry = found[group] = {GROUP[0]: group}
        for name, column in zip(GROUP[1:], columns):
            if i < len(column):
                entry[name] = number(name, column[i])
    return found


@dataclass(eq=False)
class AgentObject:
    """An agent as the CTI Server told of him; values holds the keywords of OnAgentStateChange."""

    key: str
    peripheral: int
    agent_id: str
    values: Values
    listed: Message | None = None
    """The message that listed his skill groups last, as long as nobody asked for them."""
    _skill_groups: dict[int, dict[str, Any]] = field(default_factory=dict)
    team: int = 0
    is_supervisor: bool = False
    seat: str = ""
    """Key of the device at which he is logged in, "" for none."""
    seated: str = ""
    """The device itself."""
    login_name: str = ""
    """LoginName of CONFIG_AGENT_EVENT."""

    @property
    def skill_groups(self) -> dict[int, dict[str, Any]]:
        """By SkillGroupNumber: SkillGroupNumber, ID, Priority, State."""
        message, self.listed = self.listed, None
        if message is not None:
            self._skill_groups = listed_groups(message, self._skill_groups)
        return self._skill_groups

    @property
    def state(self) -> int:
        """AgentState; eUnknown as long as nothing was told."""
        return int(self.values.get("AgentState", AgentState.eUnknown))

    @property
    def instrument(self) -> str:
        """The device at which he is logged in, or was."""
        return str(self.values.get("AgentInstrument", ""))


@dataclass(eq=False)
class CallObject:
    """One connection of a call: what the CIL calls a Call. values: every keyword of its events."""

    key: str
    conversation: Conversation
    device_id: str
    values: Values
    device: str = ""
    """Key of the device."""
    told_by_other: str = ""
    """The event that it got because the other party's message told of both."""
    told_mask: int = -1
    """EnablementMask as the clients were told last."""
    told_to_supervisor: int = -1
    """SupervisorBtnEnablementMask, likewise."""
    failed: bool = False
    """OnCallFailed was sent: from then on its events have no CallStatus (table 6-90, footnote)."""

    @property
    def status(self) -> int:
        """CallStatus, a LocalConnectionState."""
        return int(self.values["CallStatus"])


@dataclass(eq=False)
class Conversation:
    """What the CTI Server calls a call: one ConnectionCallID with all of its connections."""

    peripheral: int
    call_id: int
    values: Values
    """What new connections of the call begin with."""
    touched: float
    connections: dict[str, CallObject] = field(default_factory=dict)
    """By ConnectionDeviceID."""
    all_values: list[Values] = field(default_factory=list)
    """Its own and those of all connections."""

    def __post_init__(self) -> None:
        self.gather()

    def gather(self) -> None:
        """To be called when a connection has come or gone."""
        self.all_values = found = [self.values]
        for call in self.connections.values():
            found.append(call.values)


class Objects:
    """Everything known of a site, each kind by its key."""

    def __init__(self, known: Fields | None = None) -> None:
        if known is None:
            from fastcil.server.site.fields import fields

            known = fields()
        self.fields = known
        self.agents: dict[str, AgentObject] = {}
        self.agent_at: dict[str, AgentObject] = {}
        """By the key of the device at which an agent is logged in."""
        self.at_instrument: dict[str, dict[int, AgentObject]] = {}
        """The same by instrument, then by PeripheralID."""
        self.conversations: dict[tuple[int, int], Conversation] = {}
        """By PeripheralID and ConnectionCallID."""
        self.calls: dict[str, CallObject] = {}
        self.at_device: dict[str, dict[str, CallObject]] = {}
        """Calls by device key, then by call key."""
        self.skill_groups: dict[str, dict[str, Any]] = {}
        self.teams: dict[str, dict[str, int]] = {}
        """By team key: AgentFlags of its members, by agent key."""
        self.peripherals: dict[int, bool] = {}
        """Whether each peripheral is on-line."""
        self.peripheral_types: dict[int, int] = {}

    def agent(self, peripheral: int, agent_id: str) -> AgentObject:
        """The agent of an id, new when there was none."""
        key = agent_key(peripheral, agent_id)
        found = self.agents.get(key)
        if found is None:
            found = self.fields.new_agent(key, peripheral, agent_id)
            self.agents[key] = found
        return found

    def seat(self, agent: AgentObject, instrument: str) -> None:
        """The agent is logged in at a device; "" when at none."""
        if instrument == agent.seated and (
            not instrument or self.agent_at.get(agent.seat) is agent
        ):
            return
        key = device_key(agent.peripheral, instrument) if instrument else ""
        if agent.seat != key:
            self._leave(agent)
            agent.seat, agent.seated = key, instrument
        other = self.agent_at.get(key)
        if key and other is not agent:
            if other is not None:
                self._leave(other)
            self.agent_at[key] = agent
            self.at_instrument.setdefault(instrument, {})[agent.peripheral] = agent

    def _leave(self, agent: AgentObject) -> None:
        """An agent is at his device no more."""
        if self.agent_at.get(agent.seat) is not agent:
            return
        del self.agent_at[agent.seat]
        instrument = agent.seat.split(".", 2)[2]
        found = self.at_instrument[instrument]
        del found[agent.peripheral]
        if not found:
            del self.at_instrument[instrument]

    def agent_of(self, call: CallObject) -> AgentObject | None:
        """The agent at the device of a call, if one is logged in there."""
        return self.agent_at.get(call.device)

    def others(self, call: CallObject) -> list[int]:
        """The statuses of the other calls at the same device."""
        calls = self.at_device.get(call.device)
        if calls is None or len(calls) == 1:
            return []
        return [c.status for c in calls.values() if c is not call]

    def status_of(self, state: int) -> int:
        """LocalConnectionState of GED-188 as CallStatus, which has neither queued nor none: who
        waits is on the way to somebody."""
        if state == LocalConnectionState.LCS_QUEUED:
            return int(LocalConnectionState.LCS_INITIATE)
        return state if state in _STATUSES else int(LocalConnectionState.LCS_NULL)
