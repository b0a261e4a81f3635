"""SetAgent: what a client is told as its agent mode begins.

Source: CTI OS Developer Guide, building chapter (agent mode: which events, in which order) and
OnSetAgentModeEvent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fastcil.catalog import AgentState, FailureCode
from fastcil.ged188.enums import StatusCode, SystemEventID
from fastcil.server.site.agents import SYSTEM_TEXT
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject
from fastcil.server.site.requests import Refused

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.desk import Tell
    from fastcil.server.upstream import SiteSource

__all__ = ["AgentMode"]

_OUT = (int(AgentState.eLogout), int(AgentState.eUnknown))


class AgentMode:
    """Begins the agent mode of clients."""

    def __init__(self, site: SiteSource) -> None:
        self.site = site

    async def begin(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> AgentObject:
        """The agent, and then the device and the calls of one who is logged in. Raises Refused."""
        site = self.site
        agent = self._agent(arguments)
        queried = await site.query_agent(agent)
        known = agent.state
        tell(await site.reasons.of(agent, queried))
        site.seat(client, agent)
        try:
            tell(self._established(agent, client, arguments))
            if agent.state not in _OUT and agent.instrument:
                for call_id, device in await site.device_calls(agent):
                    await site.call_snapshot(agent.peripheral, call_id, device)
                for event in self._snapshot(agent):
                    tell(event)
        except Refused:
            site.unseat(client)
            raise
        if agent.state != known:  # meanwhile, when the client did not get his events yet
            tell(SiteEvent("OnAgentStateChange", site.mapper.agents.state_values(agent)))
        for event in (*self._on_line(agent.peripheral), *site.mapper.agents.info(agent)):
            tell(event)
        return agent

    def _agent(self, arguments: Mapping[str, Any]) -> AgentObject:
        """Who is meant. Raises Refused."""
        agent_id = str(arguments.get("AgentID") or arguments.get("LoginName") or "")
        try:
            peripheral = int(arguments.get("PeripheralID") or 0)
        except (TypeError, ValueError):
            peripheral = 0
        if not agent_id or not peripheral:
            raise Refused(
                StatusCode.E_CTI_REQUIRED_DATA_MISSING, "AgentID and PeripheralID are needed"
            )
        if not arguments.get("AgentID"):
            named = self.site.logged_in_as(peripheral, agent_id)
            if named is not None:
                return named
        return self.site.mapper.objects.agent(peripheral, agent_id)

    def _established(
        self, agent: AgentObject, client: ClientConnection, arguments: Mapping[str, Any]
    ) -> SiteEvent:
        return SiteEvent(
            "OnSetAgentModeEvent",
            {
                "PeripheralID": str(agent.peripheral),
                "AgentID": agent.agent_id,
                "UniqueObjectID": agent.key,
                "ClientAgentTemporaryID": str(arguments.get("ClientAgentTemporaryID", "")),
                "CILConnectionID": client.connection_id,
                "StatusSystem": self.site.system_status(),
                "IsSupervisor": int(agent.is_supervisor),
            },
        )

    def _snapshot(self, agent: AgentObject) -> Iterator[SiteEvent]:
        """The agent's device, and its calls."""
        mapper = self.site.mapper
        yield mapper.agents.device_snapshot(agent)
        for call in list(mapper.objects.at_device.get(agent.seat, {}).values()):
            yield mapper.calls.snapshot(call)

    def _on_line(self, peripheral: int) -> Iterator[SiteEvent]:
        """OnCTIOSFailure: the CTI Server, and the agent's peripheral when it is off-line."""
        online, offline = SystemEventID.SYS_CTI_SERVER_ONLINE, SystemEventID.SYS_CTI_SERVER_OFFLINE
        found = [(offline if self.site.link is None else online, 0)]
        if not self.site.mapper.objects.peripherals.get(peripheral, True):
            found.append((SystemEventID.SYS_PERIPHERAL_OFFLINE, peripheral))
        for number, argument in found:
            values = {
                "FailureCode": int(FailureCode.eServerConnectionStatus),
                "SystemEventID": int(number),
                "SystemEventArg1": argument,
                "ErrorMessage": SYSTEM_TEXT[number],
            }
            yield SiteEvent("OnCTIOSFailure", values)
