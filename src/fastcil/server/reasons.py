"""What an agent's desk must know of reasons and wrap-up, told to the agent's clients as he logs in.

Source: CTI OS Developer Guide, building chapter, wrap-up and reason codes: properties of the Agent
object that come during the login; System Manager Guide, Agent registry key with its subkeys
ReasonCodes and WrapupStrings. Whether reasons are required is the configuration's word on other
switches, and that of the agent's desk settings on Unified CCE (AGENT_DESK_SETTINGS_CONF). The guide
names no event: here they are further fields of OnQueryAgentStateConf.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastcil.catalog import AgentState
from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import PeripheralType
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


class Reasons:
    """LogoutReasonRequired, LogoutReasonCodes and the like."""

    def __init__(self, site: SiteSource) -> None:
        self.site = site

    async def of(self, agent: AgentObject, queried: SiteEvent) -> SiteEvent:
        """OnQueryAgentStateConf with the agent's properties besides."""
        rules = self.site.rules
        logout, not_ready = rules.logout_reason_required, rules.not_ready_reason_required
        mask = None if agent.state in _OUT else await self._desk(agent)
        if mask is not None:
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

    async def _desk(self, agent: AgentObject) -> int | None:
        """DeskSettingsMask on Unified CCE; None elsewhere, and when it is not told."""
        if self.site.mapper.objects.peripheral_types.get(agent.peripheral) not in _CCE:
            return None
        values = {"PeripheralID": agent.peripheral, "AgentID": agent.agent_id}
        try:
            answer = await self.site.ask("AGENT_DESK_SETTINGS_REQ", values)
        except Refused as error:
            _log.debug("desk settings of %s: %s", agent.key, error)
            return None
        return int(answer["DeskSettingsMask"])
