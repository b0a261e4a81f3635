"""Statistics confirmations as CIL events.

Source: CTI OS Developer Guide, OnAgentStatistics, OnSkillGroupStatisticsUpdated and the statistics
tables of the agent and skill group objects; GED-188 guide, QUERY_AGENT_STATISTICS_CONF and
QUERY_SKILL_GROUP_STATISTICS_CONF. The statistics have the same names in both.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188 import Message
from fastcil.server.site import convert
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject, skill_group_key

__all__ = ["agent_statistics", "skill_group_statistics"]

_NO_STATISTICS = frozenset({"InvokeID", "PeripheralID", "SkillGroupNumber", "SkillGroupID"})


def _values(message: Message) -> dict[str, int]:
    return {
        name: convert.number(name, value)
        for name, value in message.fields.items()
        if name not in _NO_STATISTICS
    }


def agent_statistics(agent: AgentObject, message: Message) -> SiteEvent:
    """OnAgentStatistics of an agent."""
    found: dict[str, Any] = {
        "PeripheralID": agent.peripheral,
        "AgentExtension": message.get("AgentExtension", ""),
        "AgentID": agent.agent_id,
        "AgentInstrument": message.get("AgentInstrument", ""),
        "UniqueObjectID": agent.key,
        **_values(message),
    }
    return SiteEvent("OnAgentStatistics", found, agents=(agent.key,))


def skill_group_statistics(message: Message) -> SiteEvent:
    """OnSkillGroupStatisticsUpdated of a skill group."""
    peripheral, number = message["PeripheralID"], message["SkillGroupNumber"]
    found: dict[str, Any] = {
        "PeripheralID": peripheral,
        "SkillGroupNumber": number,
        "SkillGroupID": convert.number("SkillGroupID", message["SkillGroupID"]),
        "UniqueObjectID": skill_group_key(peripheral, number),
        "STATISTICS": _values(message),
    }
    return SiteEvent("OnSkillGroupStatisticsUpdated", found)
