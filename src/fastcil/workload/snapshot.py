"""The present state of a contact centre, as the events that a newly connected client gets.

Agents come as OnQueryAgentStateConf, devices as OnSnapshotDeviceConf (ValidCalls names the calls
that exist), calls as OnSnapshotCallConf, as after a failover (CTI OS Developer Guide). Agents and
devices also carry PeripheralID and UniqueObjectID, without which nobody could tell whose they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastcil.catalog import AgentAvailabilityStatus, AgentMode, AgentState, event_id
from fastcil.catalog.selection import selection

from .model import CALL_MASKS, GROUPS, PERIPHERAL_ID, TALKING_STATES, Agent, Call

__all__ = ["agent_snapshot", "call_snapshot", "device_snapshot", "snapshot"]

AGENT_SNAPSHOT_ID = event_id("OnQueryAgentStateConf")
DEVICE_SNAPSHOT_ID = event_id("OnSnapshotDeviceConf")


def agent_snapshot(agent: Agent) -> dict[str, Any]:
    """OnQueryAgentStateConf of one agent."""
    group = GROUPS[agent.group][0]
    available = agent.state == AgentState.eAvailable
    return {
        "PeripheralID": PERIPHERAL_ID,
        "UniqueObjectID": agent.unique_object_id,
        "AgentID": agent.agent_id,
        "AgentExtension": agent.extension,
        "AgentInstrument": agent.instrument,
        "AgentState": agent.state,
        "NumSkillGroups": 1,
        "SkillGroup[1]": {
            "SkillGroupNumber": group,
            "SkillGroupID": PERIPHERAL_ID + 100 + group,
            "SkillGroupPriority": 1,
            "SkillGroupState": agent.state,
        },
        "MRDID": 1,
        "NumTasks": int(agent.state in TALKING_STATES),
        "AgentMode": int(AgentMode.ROUTABLE),
        "MaxTaskLimit": 1,
        "ICMAgentID": agent.icm_agent_id,
        "AgentAvailabilityStatus": int(
            AgentAvailabilityStatus.ICM_AVAILABLE
            if available
            else AgentAvailabilityStatus.NOT_AVAILABLE
        ),
    }


def device_snapshot(agent: Agent) -> dict[str, Any]:
    """OnSnapshotDeviceConf of an agent's device."""
    return {
        "PeripheralID": PERIPHERAL_ID,
        "UniqueObjectID": agent.device_id,
        "NumCalls": len(agent.calls),
        "ValidCalls": {call.unique_object_id: True for call in agent.calls},
    }


def call_snapshot(call: Call, level: int = 0) -> dict[str, Any]:
    """OnSnapshotCallConf of one call; level is MinimizeEventArgs."""
    found = selection("OnSnapshotCallConf")
    status = call.fields["CallStatus"]
    device = call.agents[-1].instrument if call.agents else ""
    fields = {
        **call.fields,
        "EnablementMask": CALL_MASKS[status],
        "NumCallDevices": len(call.agents),
        "CallDeviceConnectionState": status,
        "CallConnectionDeviceID": device,
    }
    return found.minimal(fields) if level else found.complete(fields)


def snapshot(
    agents: Iterable[Agent], calls: Iterable[Call], level: int = 0
) -> list[tuple[int, dict[str, Any]]]:
    """All of it as (event number, arguments): agents, their devices, calls."""
    agents = list(agents)
    found = [(AGENT_SNAPSHOT_ID, agent_snapshot(agent)) for agent in agents]
    found += [(DEVICE_SNAPSHOT_ID, device_snapshot(agent)) for agent in agents]
    number = selection("OnSnapshotCallConf").message_id
    found += [(number, call_snapshot(call, level)) for call in calls]
    return found
