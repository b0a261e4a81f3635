"""Agent, team and system messages of GED-188 as CIL events.

Source: CTI OS Developer Guide, IAgentEvents, ISessionEvents; GED-188 guide, agent and system event
messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fastcil.catalog import FailureCode, event
from fastcil.ged188 import Message
from fastcil.ged188.enums import RecordType, SystemEventID
from fastcil.server.site import convert, enablement
from fastcil.server.site.events import SiteEvent, nested
from fastcil.server.site.fields import STATE
from fastcil.server.site.mapper_core import Handler
from fastcil.server.site.objects import (
    AgentObject,
    Objects,
    device_key,
    skill_group_key,
    team_key,
)

__all__ = ["CALLBACKS", "SYSTEM_TEXT", "AgentBook"]

Events = Iterator[SiteEvent]

_DELETED = int(RecordType.CONFIG_RECORD_DELETE)

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

SYSTEM_TEXT = {
    SystemEventID.SYS_CENTRAL_CONTROLLER_ONLINE: "The central controller is on-line",
    SystemEventID.SYS_CENTRAL_CONTROLLER_OFFLINE: "The central controller is off-line",
    SystemEventID.SYS_PERIPHERAL_ONLINE: "A peripheral is on-line",
    SystemEventID.SYS_PERIPHERAL_OFFLINE: "A peripheral is off-line",
    SystemEventID.SYS_CTI_SERVER_ONLINE: "The CTI Server is on-line",
    SystemEventID.SYS_CTI_SERVER_OFFLINE: "The CTI Server is off-line",
    SystemEventID.SYS_PERIPHERAL_GATEWAY_OFFLINE: "The peripheral gateway is off-line",
}


class AgentBook:
    """The agents, teams and peripherals of a site: messages in, events out."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.core = objects.fields.agent_core(objects)
        """What takes in most messages."""
        self.handlers: dict[str, Handler] = {
            "AGENT_TEAM_CONFIG_EVENT": self._team,
            "SYSTEM_EVENT": self._system,
            "CONFIG_AGENT_EVENT": self._configured_agents,
            "CONFIG_SKILL_GROUP_EVENT": self._configured_groups,
        }
        """Those that take in the others."""

    @property
    def levels(self) -> int:
        """As in CallBook."""
        return self.core.levels

    @levels.setter
    def levels(self, levels: int) -> None:
        self.core.levels = levels

    @property
    def wrapup(self) -> Callable[[AgentObject, int], dict[str, Any] | None]:
        """What OnAgentStateChange has besides when an agent goes to wrap-up; with the Direction
        that was told of him before."""
        return self.core.wrapup

    @wrapup.setter
    def wrapup(self, wrapup: Callable[[AgentObject, int], dict[str, Any] | None]) -> None:
        self.core.wrapup = wrapup

    # -- agents ------------------------------------------------------------------------------

    def _learn(self, agent: AgentObject, told: dict[str, Any]) -> None:
        """Facts of an agent, and the seat that follows from them."""
        agent.values.update(told)
        self.core.follow(agent)

    def state_values(self, agent: AgentObject) -> dict[str, Any]:
        """The arguments of OnAgentStateChange, every documented one present."""
        values = agent.values
        return {keyword: values.get(keyword, default) for keyword, default, _ in STATE}

    def queried(self, agent: AgentObject, message: Message) -> SiteEvent:
        """OnQueryAgentStateConf from QUERY_AGENT_STATE_CONF; the agent is as it says then."""
        told = convert.keyword_fields(message)
        kind = self.objects.peripheral_types.get(agent.peripheral)
        if kind is not None:
            told["PeripheralType"] = kind  # which this message lacks
        self._learn(agent, told)
        agent.listed, _ = message.detach(), agent.skill_groups  # it need not list any
        return self.snapshot(agent)

    def typed(self, agent: AgentObject) -> None:
        """The type of an agent's peripheral has become known."""
        kind = self.objects.peripheral_types[agent.peripheral]
        self._learn(agent, {"PeripheralType": kind})

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

    def info(self, agent: AgentObject) -> Events:
        """OnAgentInfoEvent, or nothing when no name is known.

        AgentID and LoginName are not among its parameters, but the guide has a supervisor's grid
        read them from the monitored one (Developer Guide, .NET CIL, columns of the agent grid).
        """
        if "AgentLastName" in agent.values:
            found = {
                "UniqueObjectID": agent.key,
                "AgentLastName": agent.values["AgentLastName"],
                "AgentFirstName": agent.values["AgentFirstName"],
                "AgentID": agent.agent_id,
                "LoginName": agent.login_name,
            }
            yield SiteEvent("OnAgentInfoEvent", found, agents=(agent.key,))

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
            agent.login_name = record.get("LoginName") or agent.login_name
            before = agent.values.get("AgentLastName"), agent.values.get("AgentFirstName")
            names = record.get("LastName", ""), record.get("FirstName", "")
            agent.values["AgentLastName"], agent.values["AgentFirstName"] = names
            if names != before:
                yield from self.info(agent)

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
        text = message.get("Text") or SYSTEM_TEXT.get(number, f"System event {number}")
        yield SiteEvent(
            "OnCTIOSFailure",
            {
                "FailureCode": int(FailureCode.eServerConnectionStatus),
                "SystemEventID": number,
                "SystemEventArg1": convert.number("SystemEventArg1", message["SystemEventArg1"]),
                "ErrorMessage": text,
            },
        )
