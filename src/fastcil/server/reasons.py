"""What an agent's desk must know of reasons and wrap-up, told to the agent's clients as he logs in.

Source: CTI OS Developer Guide, building chapter, wrap-up and reason codes: properties of the Agent
object that come during the login; System Manager Guide, Agent registry key with its subkeys
ReasonCodes and WrapupStrings. Whether reasons are required is the configuration's word on other
switches, and that of the agent's desk settings on Unified CCE (AGENT_DESK_SETTINGS_CONF). The guide
names no event: here they are further fields of OnQueryAgentStateConf.

When an agent goes to wrap-up, OnAgentStateChange says which way the call went, and whether data is
required (same chapter, call wrap-up). The way is Direction of AGENT_STATE_EVENT. Data is required
after an incoming call, by the desk settings on Unified CCE (REQUIRED_WITH_DATA; System Manager
Guide, agent desk settings), by WrapupDataRequired elsewhere. Desk settings are known of agents who
have had a client here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastcil.catalog import AgentState, IncomingOrOutgoing
from fastcil.ged188 import Message
from fastcil.ged188.enums import AgentCallDirection as Direction
from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import PeripheralType, WrapupDataMode
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject
from fastcil.server.site.requests import Refused

if TYPE_CHECKING:
    from fastcil.server.upstream import SiteSource

__all__ = ["Reasons"]

_log = logging.getLogger("fastcil.server")
_OUT = (int(AgentState.eLogout), int(AgentState.eUnknown))
_CCE = frozenset(
    {
        PeripheralType.PT_ENTERPRISE_AGENT,
        PeripheralType.PT_ACMI_IPCC,
        PeripheralType.PT_SIMPLIFIED_IPCC,
    }
)


_WAYS = {
    int(Direction.IN): IncomingOrOutgoing.incoming,
    int(Direction.OTHER_IN): IncomingOrOutgoing.incoming,
    int(Direction.OUT): IncomingOrOutgoing.outgoing,
    int(Direction.OTHER_OUT): IncomingOrOutgoing.outgoing,
    int(Direction.OUTBOUND_RESERVE): IncomingOrOutgoing.outgoing,
    int(Direction.OUTBOUND_PREVIEW): IncomingOrOutgoing.outgoing,
    int(Direction.OUTBOUND_PREDICTIVE): IncomingOrOutgoing.outgoing,
}


class Reasons:
    """LogoutReasonRequired, LogoutReasonCodes and the like."""

    def __init__(self, site: SiteSource) -> None:
        self.site = site
        self._modes: dict[str, int] = {}
        """By agent: WrapupDataIncomingMode of the desk settings."""
        site.mapper.agents.wrapup = self.wrapup

    def wrapup(self, agent: AgentObject, before: int) -> dict[str, Any]:
        """IncomingOrOutgoing and WrapupOkEnabled of the call that an agent had. before: the
        Direction that was told before the last one, which need not have it any more."""
        found = agent.values.get("Direction", 0) or before
        way = _WAYS.get(found, IncomingOrOutgoing.unknown)
        if self.site.mapper.objects.peripheral_types.get(agent.peripheral) in _CCE:
            mode = self._modes.get(agent.key)
            required = mode == WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA
        else:
            required = self.site.rules.wrapup_required
        outgoing = way is IncomingOrOutgoing.outgoing
        return {"IncomingOrOutgoing": int(way), "WrapupOkEnabled": required and not outgoing}

    async def of(self, agent: AgentObject, queried: SiteEvent) -> SiteEvent:
        """OnQueryAgentStateConf with the agent's properties besides."""
        rules = self.site.rules
        logout, not_ready = rules.logout_reason_required, rules.not_ready_reason_required
        desk = None if agent.state in _OUT else await self._desk(agent)
        if desk is not None:
            mask = int(desk["DeskSettingsMask"])
            self._modes[agent.key] = int(desk["WrapupDataIncomingMode"])
            logout = bool(mask & Desk.DESK_LOGOUT_REASON_REQUIRED_MASK)
            not_ready = bool(mask & Desk.DESK_IDLE_REASON_REQUIRED_MASK)
        properties: dict[str, Any] = {
            "LogoutReasonRequired": logout,
            "LogoutReasonCodes": dict(rules.logout_reasons),
            "NotReadyReasonRequired": not_ready,
            "NotReadyReasonCodes": dict(rules.not_ready_reasons),
            "IncomingWrapupStrings": dict(rules.wrapup_strings),
        }
        return SiteEvent("OnQueryAgentStateConf", {**queried.complete, **properties})

    async def _desk(self, agent: AgentObject) -> Message | None:
        """The desk settings on Unified CCE; None elsewhere, and when they are not told."""
        if self.site.mapper.objects.peripheral_types.get(agent.peripheral) not in _CCE:
            return None
        values = {"PeripheralID": agent.peripheral, "AgentID": agent.agent_id}
        try:
            return await self.site.ask("AGENT_DESK_SETTINGS_REQ", values)
        except Refused as error:
            _log.debug("desk settings of %s: %s", agent.key, error)
            return None
