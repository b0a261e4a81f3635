"""What is done for nearly every message of an agent, in pure Python.

The native half (ext/site_agents.pxi) does the same; the tests hold it to this. What is rarer is in
fastcil.server.site.agents, which is built upon it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from fastcil.catalog import AgentState
from fastcil.ged188 import Message
from fastcil.server.site.events import SiteEvent, nested
from fastcil.server.site.objects import GROUP, AgentObject, Objects

if TYPE_CHECKING:
    from fastcil.server.site._reference import Maker, Table

__all__ = ["PLAIN", "AgentCore"]

_LOGOUT, _UNKNOWN = int(AgentState.eLogout), int(AgentState.eUnknown)
_OUT = (_LOGOUT, _UNKNOWN)
_WRAPUP = (int(AgentState.eWorkReady), int(AgentState.eWorkNotReady))
_WHO = ("AgentID", "PeripheralID", "PeripheralType", "NumFltSkillGroups")

PLAIN = {
    "RTP_STARTED_EVENT": "OnCallRTPStarted",
    "RTP_STOPPED_EVENT": "OnCallRTPStopped",
    "EMERGENCY_CALL_EVENT": "OnEmergencyCall",
}
"""Events whose parameters are the fields of one message, by that."""

Handler = Callable[[Message, float], "list[SiteEvent]"]


class AgentCore:
    """The states of agents, and events that have the fields of one message.

    table: how messages of agents are read; makers: of OnAgentStateChange and those around it, by
    callback; plain: table and maker of each message of PLAIN, by number. number: of
    AGENT_STATE_EVENT. mask: of an agent, as enablement.agent_mask.
    """

    def __init__(
        self,
        objects: Objects,
        *,
        table: Table,
        makers: Mapping[str, Maker],
        plain: Mapping[int, tuple[Table, Maker]],
        number: int,
        mask: Callable[[int, int], int],
    ) -> None:
        self.levels = 3
        """As in CallCore."""
        self.wrapup: Callable[[AgentObject, int], dict[str, Any] | None] = lambda agent, way: None
        """What OnAgentStateChange has besides when an agent goes to wrap-up; with the Direction
        that was told of him before."""
        self.objects = objects
        self._table, self._makers, self._mask = table, makers, mask
        self.handlers: dict[int, Handler] = {
            number: self._state,
            **{one: partial(self._plain, *both) for one, both in plain.items()},
        }
        """By number: the messages that are taken in here."""

    def follow(self, agent: AgentObject) -> int:
        """What follows from facts that were told of an agent; his state."""
        values = agent.values
        values["PeripheralID"], values["AgentID"] = agent.peripheral, agent.agent_id
        values["UniqueObjectID"] = agent.key
        state: int = values.get("AgentState", _UNKNOWN)
        kind = self.objects.peripheral_types.get(agent.peripheral, 0)
        values["EnablementMask"] = self._mask(state, kind)
        self.objects.seat(agent, "" if state in _OUT else values.get("AgentInstrument", ""))
        return state

    def _state(self, message: Message, now: float) -> list[SiteEvent]:
        objects = self.objects
        agent_id, peripheral, kind, listed = message.get_many(*_WHO, default="")
        if not agent_id:
            return []
        agent = objects.agent(peripheral, agent_id)
        objects.peripheral_types[peripheral] = kind
        values = agent.values
        before, direction = values.get("AgentState", _UNKNOWN), values.get("Direction", 0)
        self._table.hear(message, [], values)
        state = self.follow(agent)
        if listed:
            agent.listed = message.detach()
        else:
            group = values["SkillGroupNumber"]
            if group != -1:
                agent.skill_groups[group] = {name: values[name] for name in GROUP}
        levels, told = self.levels, None
        if levels & 2:
            told = nested(agent.skill_groups.values(), "SkillGroup")
        who = (agent.key,)
        makers = self._makers
        more = self.wrapup(agent, direction) if state in _WRAPUP else None
        event = makers["OnAgentStateChange"].make(values, who, levels, 0, more, told)
        if state != _LOGOUT or before in _OUT:
            return [event]
        first, last = (
            makers[name].make(values, who, levels, 0, None, told)
            for name in ("OnPreLogout", "OnPostLogout")
        )
        return [first, event, last]

    def _plain(self, table: Table, maker: Maker, message: Message, now: float) -> list[SiteEvent]:
        """An event whose parameters are the fields of one message."""
        return [maker.tell(table, message, self.objects.agents, self.levels)]
