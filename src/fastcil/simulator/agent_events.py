"""The events about agents, teams and the system, as values without MonitorID.

Source: guide, Application Level Interfaces, AGENT_STATE_EVENT, AGENT_TEAM_CONFIG_EVENT and
SYSTEM_EVENT.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188.enums import (
    AgentCallDirection,
    AgentFlags,
    AgentState,
    SystemEventID,
    TeamConfigOperation,
)
from fastcil.simulator.model import NONE_GROUP, Agent, Audience, Membership, Site, Team

__all__ = [
    "agent_audience",
    "agent_values",
    "membership_fields",
    "system_values",
    "team_config_values",
]

MAX_TEAM_MEMBERS = 64
"""Agents per AGENT_TEAM_CONFIG_EVENT: the table says that NumberOfAgents is up to 64."""
MAX_SKILL_GROUPS = 99
"""Groups per AGENT_STATE_EVENT, as the table says of NumFltSkillGroups."""

_ON_TASK = (
    AgentState.AGENT_STATE_TALKING,
    AgentState.AGENT_STATE_HOLD,
    AgentState.AGENT_STATE_RESERVED,
    AgentState.AGENT_STATE_WORK_READY,
    AgentState.AGENT_STATE_WORK_NOT_READY,
)


def agent_audience(agent: Agent) -> Audience:
    """Whom the agent's state concerns."""
    device = agent.device
    return Audience(
        "agent",
        peripheral_id=agent.peripheral_id,
        instruments=frozenset({device.instrument}) if device else frozenset(),
        agents=frozenset({agent.icm_id}),
        team_id=agent.team.id if agent.team else 0,
    )


def task_values(site: Site, agent: Agent) -> dict[str, Any]:
    """What both AGENT_STATE_EVENT and QUERY_AGENT_STATE_CONF tell of the agent's tasks.

    A voice agent has one task at a time: offered, active, paused or in wrap-up. He is always
    routable, hence never "application available".
    """
    return {
        "MRDID": site.rules.mrd_id,
        "NumTasks": int(agent.state in _ON_TASK),
        "AgentMode": 1,
        "MaxTaskLimit": 1,
        "ICMAgentID": agent.icm_id,
        "AgentAvailabilityStatus": int(agent.state == AgentState.AGENT_STATE_AVAILABLE),
        "DepartmentID": agent.department_id,
        "MaxBeyondTaskLimit": 0,
    }


def membership_fields(memberships: list[Membership], prefix: str = "") -> dict[str, list[int]]:
    """The parallel lists of skill groups; prefix: "Flt" where the fields are named so."""
    return {
        f"{prefix}SkillGroupNumber": [m.group.number for m in memberships],
        f"{prefix}SkillGroupID": [m.group.id for m in memberships],
        f"{prefix}SkillGroupPriority": [m.group.priority for m in memberships],
        f"{prefix}SkillGroupState": [int(m.state) for m in memberships],
    }


def agent_values(
    site: Site,
    agent: Agent,
    *,
    state: AgentState | None = None,
    duration: int | None = None,
    next_state: AgentState | None = None,
) -> dict[str, Any]:
    """AGENT_STATE_EVENT for the agent as he is now.

    state: instead of his own, for LOGIN, which is no state that lasts. duration: seconds that the
    state is expected to last. next_state: the one after it. With one skill group or none the fixed
    part says it all; with more, the fixed part has the one concerned and the lists have all.
    """
    memberships = agent.memberships[:MAX_SKILL_GROUPS]
    first = next((m for m in memberships if m.group is agent.busy_group), None)
    if first is None and memberships:
        first = memberships[0]
    device = agent.device
    shown = agent.state if state is None else state
    values: dict[str, Any] = {
        "PeripheralID": agent.peripheral_id,
        "SessionID": 0,
        "PeripheralType": site.peripherals[agent.peripheral_id].type,
        "SkillGroupState": shown if first is None or state is not None else first.state,
        "StateDuration": int(site.clock.now - agent.since),
        **NONE_GROUP,
        "AgentState": shown,
        "EventReasonCode": agent.reason,
        **task_values(site, agent),
        "NumFltSkillGroups": 0,
        "CTIClientSignature": agent.client_signature or None,
        "AgentID": agent.id,
        "AgentExtension": device.extension if device else None,
        "ActiveTerminal": agent.active_terminal or None,
        "AgentInstrument": device.instrument if device else None,
        "Duration": duration,
        "NextAgentState": next_state,
        "Direction": agent.direction or AgentCallDirection.NONE,
    }
    if first is not None:
        values["SkillGroupNumber"] = first.group.number
        values["SkillGroupID"] = first.group.id
        values["SkillGroupPriority"] = first.group.priority
    if len(memberships) > 1:
        values["NumFltSkillGroups"] = len(memberships)
        lists = membership_fields(memberships, "Flt")
        if state is not None:
            out = AgentState.AGENT_STATE_LOGOUT  # of groups that the agent does not log in to
            lists["FltSkillGroupState"] = [
                int(out if m.state == out else state) for m in memberships
            ]
        values.update(lists)
    return values


def team_config_values(
    site: Site,
    team: Team,
    operation: TeamConfigOperation = TeamConfigOperation.RESTORE_PERMANENT,
    agents: list[Agent] | None = None,
) -> list[dict[str, Any]]:
    """AGENT_TEAM_CONFIG_EVENTs that list the team, or the agents added to it or removed."""
    if agents is None:
        agents = [*team.supervisors, *(a for a in team.agents if a not in team.supervisors)]
    parts = [agents[i : i + MAX_TEAM_MEMBERS] for i in range(0, len(agents), MAX_TEAM_MEMBERS)]
    return [_team_part(site, team, operation, part) for part in parts or [[]]]


def _team_part(
    site: Site, team: Team, operation: TeamConfigOperation, agents: list[Agent]
) -> dict[str, Any]:
    now = site.clock.now
    return {
        "PeripheralID": team.peripheral_id,
        "TeamID": team.id,
        "NumberOfAgents": len(agents),
        "ConfigOperation": operation,
        "DepartmentID": agents[0].department_id if agents else 0,
        "AgentTeamName": team.name,
        "AtcAgentID": [a.id for a in agents],
        "AgentFlags": [_flags(team, a) for a in agents],
        "AtcAgentState": [int(a.state) for a in agents],
        "AtcStateDuration": [int(now - a.since) for a in agents],
    }


def _flags(team: Team, agent: Agent) -> int:
    if agent not in team.supervisors:
        return int(AgentFlags.REGULAR_AGENT)
    flags = int(AgentFlags.SUPERVISOR)
    if agent is team.supervisors[0]:
        flags |= AgentFlags.PRIMARY_SUPERVISOR
    return flags


def system_values(
    site: Site, event_id: SystemEventID, arg1: int = 0, text: str = ""
) -> dict[str, Any]:
    """SYSTEM_EVENT; arg1: SystemEventArg1, the PeripheralID of the events about one."""
    return {
        "PGStatus": site.pg_status,
        "ICMCentralControllerTime": site.clock.time,
        "SystemEventID": event_id,
        "SystemEventArg1": arg1,
        "SystemEventArg2": 0,
        "SystemEventArg3": 0,
        "EventDeviceType": 0xFFFF,
        "Text": text or None,
        "EventDeviceID": None,
    }
