"""Agent, team and system messages of GED-188 as CIL events.

Source: CTI OS Developer Guide, IAgentEvents, ISessionEvents; GED-188 guide, agent and system event
messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Callable

from fastcil.catalog import AgentState, FailureCode, event
from fastcil.ged188 import Message
from fastcil.ged188.enums import RecordType, SystemEventID
from fastcil.server.site import convert, enablement
from fastcil.server.site.events import SiteEvent, nested
from fastcil.server.site.objects import AgentObject, Objects, device_key, skill_group_key, team_key

__all__ = ["CALLBACKS", "AgentBook"]

Events = Iterator[SiteEvent]

_STATE = tuple(
    (p.keyword, "" if p.type == "STRING" else 0) for p in event("OnAgentStateChange").parameters
)
_GROUP = ("SkillGroupNumber", "SkillGroupID", "SkillGroupPriority", "SkillGroupState")
_GROUP_LISTS = {prefix: tuple(prefix + name for name in _GROUP) for prefix in ("", "Flt")}
_DELETED = int(RecordType.CONFIG_RECORD_DELETE)
_OUT = (int(AgentState.eLogout), int(AgentState.eUnknown))

CALLBACKS: dict[str, tuple[str, ...]] = {
    "AGENT_STATE_EVENT": ("OnAgentStateChange", "OnPreLogout", "OnPostLogout"),
    "QUERY_AGENT_STATE_CONF": ("OnQueryAgentStateConf",),
    "AGENT_TEAM_CONFIG_EVENT": ("OnNewAgentTeamMember",),
    "SYSTEM_EVENT": ("OnCTIOSFailure",),
    "RTP_STARTED_EVENT": ("OnCallRTPStarted",),
    "RTP_STOPPED_EVENT": ("OnCallRTPStopped",),
    "EMERGENCY_CALL_EVENT": ("OnEmergencyCall",),
    "CONFIG_AGENT_EVENT": ("OnAgentInfoEvent",),
    "CONFIG_SKILL_GROUP_EVENT": ("OnSkillInfoEvent",),
}
"""The events that a message can cause."""

_SYSTEM_TEXT = {
    SystemEventID.SYS_CENTRAL_CONTROLLER_ONLINE: "The central controller is on-line",
    SystemEventID.SYS_CENTRAL_CONTROLLER_OFFLINE: "The central controller is off-line",
    SystemEventID.SYS_PERIPHERAL_ONLINE: "A peripheral is on-line",
    SystemEventID.SYS_PERIPHERAL_OFFLINE: "A peripheral is off-line",
    SystemEventID.SYS_CTI_SERVER_ONLINE: "The CTI Server is on-line",
    SystemEventID.SYS_CTI_SERVER_OFFLINE: "The CTI Server is off-line",
    SystemEventID.SYS_PERIPHERAL_GATEWAY_OFFLINE: "The peripheral gateway is off-line",
}


@cache
def _parameters(callback: str) -> dict[str, Any]:
    """The documented parameters of an event, each with what stands for nothing told."""
    return {p.keyword: "" if p.type == "STRING" else 0 for p in event(callback).parameters}


class AgentBook:
    """The agents, teams and peripherals of a site: messages in, events out."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.complete_wanted = True
        """As in CallBook."""
        self.handlers: dict[str, Callable[[Message, float], Events]] = {
            "AGENT_STATE_EVENT": self._state,
            "AGENT_TEAM_CONFIG_EVENT": self._team,
            "SYSTEM_EVENT": self._system,
            "RTP_STARTED_EVENT": self._rtp,
            "RTP_STOPPED_EVENT": self._rtp,
            "EMERGENCY_CALL_EVENT": self._emergency,
            "CONFIG_AGENT_EVENT": self._configured_agents,
            "CONFIG_SKILL_GROUP_EVENT": self._configured_groups,
        }

    # -- agents ------------------------------------------------------------------------------

    def _learn(self, agent: AgentObject, told: dict[str, Any]) -> None:
        """Facts of an agent, and the seat that follows from them."""
        values = agent.values
        values.update(told)
        values["PeripheralID"], values["AgentID"] = agent.peripheral, agent.agent_id
        values["UniqueObjectID"] = agent.key
        state = agent.state
        values["EnablementMask"] = enablement.agent_mask(state)
        self.objects.seat(agent, "" if state in _OUT else agent.instrument)

    def _groups(self, agent: AgentObject, message: Message, prefix: str = "") -> None:
        """The skill groups that a message lists; most say what was said before."""
        told = message.get_many(*_GROUP_LISTS[prefix])
        numbers = told[0]
        if not isinstance(numbers, list) or told == agent.listed:
            return
        agent.listed = told
        agent.skill_groups = {}
        columns = {name: column or [] for name, column in zip(_GROUP[1:], told[1:])}
        for i, group in enumerate(numbers):
            entry: dict[str, Any] = {"SkillGroupNumber": group}
            for name, column in columns.items():
                if i < len(column):
                    entry[name] = convert.number(name, column[i])
            agent.skill_groups[group] = entry

    def state_values(self, agent: AgentObject) -> dict[str, Any]:
        """The arguments of OnAgentStateChange, every documented one present."""
        values = agent.values
        return {keyword: values.get(keyword, default) for keyword, default in _STATE}

    def _state(self, message: Message, now: float) -> Events:
        agent_id = message.get("AgentID", "")
        if not agent_id:
            return
        agent = self.objects.agent(message["PeripheralID"], agent_id)
        self.objects.peripheral_types[agent.peripheral] = message["PeripheralType"]
        before = agent.state
        told = convert.keyword_fields(message)
        self._learn(agent, told)
        group = told["SkillGroupNumber"]
        if group != -1:
            agent.skill_groups[group] = {name: told[name] for name in _GROUP}
        self._groups(agent, message, "Flt")
        complete = minimal = self.state_values(agent)
        if self.complete_wanted:
            complete = {**minimal, **nested(agent.skill_groups.values(), "SkillGroup")}
        leaves = agent.state == AgentState.eLogout and before not in _OUT
        who = (agent.key,)
        if leaves:
            yield SiteEvent("OnPreLogout", dict(complete), dict(minimal), agents=who)
        yield SiteEvent("OnAgentStateChange", complete, minimal, agents=who)
        if leaves:
            yield SiteEvent("OnPostLogout", dict(complete), dict(minimal), agents=who)

    def queried(self, agent: AgentObject, message: Message) -> SiteEvent:
        """OnQueryAgentStateConf from QUERY_AGENT_STATE_CONF; the agent is as it says then."""
        self._learn(agent, convert.keyword_fields(message))
        self._groups(agent, message)
        return self.snapshot(agent)

    def snapshot(self, agent: AgentObject) -> SiteEvent:
        """OnQueryAgentStateConf of an agent as he is known."""
        values = agent.values
        found: dict[str, Any] = {
            "PeripheralID": agent.peripheral,
            "UniqueObjectID": agent.key,
            "NumSkillGroups": len(agent.skill_groups),
        }
        for parameter in event("OnQueryAgentStateConf").parameters:
            if "[" not in parameter.keyword:
                default = "" if parameter.type == "STRING" else 0
                found.setdefault(parameter.keyword, values.get(parameter.keyword, default))
        found["AgentState"] = agent.state
        found["EnablementMask"] = values.get("EnablementMask", enablement.agent_mask(agent.state))
        found.update(nested(agent.skill_groups.values(), "SkillGroup"))
        return SiteEvent("OnQueryAgentStateConf", found, agents=(agent.key,))

    def device_snapshot(self, agent: AgentObject) -> SiteEvent:
        """OnSnapshotDeviceConf of the device at which an agent is logged in."""
        key = device_key(agent.peripheral, agent.instrument)
        calls = self.objects.at_device.get(key, {})
        found = {
            "PeripheralID": agent.peripheral,
            "UniqueObjectID": key,
            "NumCalls": len(calls),
            "ValidCalls": dict.fromkeys(calls, True),
        }
        return SiteEvent("OnSnapshotDeviceConf", found, agents=(agent.key,))

    # -- teams -------------------------------------------------------------------------------

    def _team(self, message: Message, now: float) -> Events:
        peripheral, team = message["PeripheralID"], message["TeamID"]
        ids = message.get("AtcAgentID") or []
        flags = message.get("AgentFlags") or []
        states = message.get("AtcAgentState") or []
        members = [self.objects.agent(peripheral, agent_id) for agent_id in ids]
        supervisors = {
            agent.agent_id
            for i, agent in enumerate(members)
            if i < len(flags) and flags[i] & 5  # primary supervisor 1, supervisor 4
        }
        removed = message["ConfigOperation"] == 2
        known = self.objects.teams.setdefault(team_key(peripheral, team), {})
        for i, agent in enumerate(members):
            if removed:
                known.pop(agent.key, None)
                agent.team = 0 if agent.team == team else agent.team
                agent.is_supervisor = any(
                    f.get(agent.key, 0) & 5 for f in self.objects.teams.values()
                )
            else:
                known[agent.key] = flags[i] if i < len(flags) else 0
                agent.team = team
                agent.is_supervisor = agent.is_supervisor or agent.agent_id in supervisors
            if i < len(states) and "AgentState" not in agent.values:
                self._learn(agent, {"AgentState": states[i]})
            yield self.team_member(
                agent,
                flags[i] if i < len(flags) else 0,
                2 if removed else 1,
                next(iter(sorted(supervisors)), ""),
            )

    def team_member(
        self, agent: AgentObject, flags: int, operation: int, supervisor: str
    ) -> SiteEvent:
        """OnNewAgentTeamMember: operation 1 joined, 2 left."""
        values = {**agent.values, "PeripheralID": str(agent.peripheral)}
        first, last = values.get("AgentFirstName", ""), values.get("AgentLastName", "")
        values.update(
            AgentID=agent.agent_id,
            UniqueObjectID=agent.key,
            AgentState=agent.state,
            NumSkillGroups=len(agent.skill_groups),
            AgentName=f"{first} {last}".strip(),
            AgentFlags=flags,
            ConfigOperation=operation,
            SupervisorID=supervisor,
        )
        found = {
            p.keyword: values.get(p.keyword, "" if p.type == "STRING" else 0)
            for p in event("OnNewAgentTeamMember").parameters
            if "[" not in p.keyword
        }
        found.update(nested(agent.skill_groups.values(), "SkillGroup"))
        return SiteEvent("OnNewAgentTeamMember", found, agents=(agent.key,))

    # -- configuration -----------------------------------------------------------------------

    def _configured_agents(self, message: Message, now: float) -> Events:
        """Names of agents, of those who are new as OnAgentInfoEvent."""
        for record in message.records():
            agent_id, peripheral = record.get("LoginID"), record.get("FltPeripheralID")
            if not agent_id or peripheral is None or record.get("RecordType") == _DELETED:
                continue
            agent = self.objects.agent(peripheral, agent_id)
            before = agent.values.get("AgentLastName"), agent.values.get("AgentFirstName")
            names = record.get("LastName", ""), record.get("FirstName", "")
            agent.values["AgentLastName"], agent.values["AgentFirstName"] = names
            if names != before:
                found = {
                    "UniqueObjectID": agent.key,
                    "AgentLastName": names[0],
                    "AgentFirstName": names[1],
                }
                yield SiteEvent("OnAgentInfoEvent", found, agents=(agent.key,))

    def _configured_groups(self, message: Message, now: float) -> Events:
        """Names of skill groups as OnSkillInfoEvent."""
        for record in message.records():
            number, peripheral = record.get("PeripheralNumber"), record.get("FltPeripheralID")
            if number is None or peripheral is None or record.get("RecordType") == _DELETED:
                continue
            key = skill_group_key(peripheral, number)
            name = record.get("PeripheralName", "")
            if self.objects.skill_groups.get(key, {}).get("SkillGroupName") != name:
                values = {"SkillGroupNumber": number, "SkillGroupName": name}
                self.objects.skill_groups[key] = {**values, "PeripheralID": peripheral}
                yield SiteEvent("OnSkillInfoEvent", {**values, "UniqueObjectID": key})

    # -- the rest ----------------------------------------------------------------------------

    def _system(self, message: Message, now: float) -> Events:
        number = message["SystemEventID"]
        online = {
            SystemEventID.SYS_PERIPHERAL_ONLINE: True,
            SystemEventID.SYS_PERIPHERAL_OFFLINE: False,
        }.get(number)
        if online is not None:
            self.objects.peripherals[message["SystemEventArg1"]] = online
        text = message.get("Text") or _SYSTEM_TEXT.get(number, f"System event {number}")
        yield SiteEvent(
            "OnCTIOSFailure",
            {
                "FailureCode": int(FailureCode.eServerConnectionStatus),
                "SystemEventID": number,
                "SystemEventArg1": convert.number("SystemEventArg1", message["SystemEventArg1"]),
                "ErrorMessage": text,
            },
        )

    def _rtp(self, message: Message, now: float) -> Events:
        callback = (
            "OnCallRTPStarted" if message.name.startswith("RTP_START") else ("OnCallRTPStopped")
        )
        yield self._plain(callback, message)

    def _emergency(self, message: Message, now: float) -> Events:
        yield self._plain("OnEmergencyCall", message)

    def _plain(self, callback: str, message: Message) -> SiteEvent:
        """An event whose parameters are the fields of one message."""
        told = convert.keyword_fields(message)
        wanted = _parameters(callback)
        if not told.keys() >= wanted.keys():
            told = {**message.to_dict(), **told}
        found = {keyword: told.get(keyword, default) for keyword, default in wanted.items()}
        agent = self.objects.agents.get(f"agent.{message['PeripheralID']}.{found['AgentID']}")
        return SiteEvent(callback, found, agents=() if agent is None else (agent.key,))
