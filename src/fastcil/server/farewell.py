"""What becomes of an agent whose session ends without a logout.

Source: System Manager Guide, Agent registry key: forceLogoutOnSessionClose and its reasons.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from fastcil.catalog import AgentState
from fastcil.ged188.schema import MESSAGES_BY_NAME
from fastcil.server.parts import Part
from fastcil.server.site.objects import AgentObject
from fastcil.server.site.requests import Refused, Requester

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.upstream import SiteSource

__all__ = ["Farewell"]

_log = logging.getLogger("fastcil.server")
_SET_STATE = MESSAGES_BY_NAME["SET_AGENT_STATE_REQ"].number
_OUT = (int(AgentState.eLogout), int(AgentState.eUnknown))


class Farewell(Part):
    """Logs out agents who have no session any more, where the configuration wants that."""

    def __init__(self, site: SiteSource) -> None:
        super().__init__(site)
        self._tasks: set[asyncio.Task[None]] = set()

    def left(self, client: ClientConnection) -> None:
        """A client is gone; it still counts as one of its agent's."""
        agent = self.site.agent_of(client)
        if agent is None or not self.site.rules.force_logout or agent.state in _OUT:
            return
        if any(other is not client for other in self.site.clients_of(agent)):
            return
        task = asyncio.get_running_loop().create_task(self._log_out(agent))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """The site is closed."""
        for task in self._tasks:
            task.cancel()

    async def _log_out(self, agent: AgentObject) -> None:
        """Not ready, then out: as an agent would do it."""
        rules = self.site.rules
        steps = (
            (AgentState.eNotReady, rules.not_ready_reason),
            (AgentState.eLogout, rules.logout_reason),
        )
        for state, reason in steps:
            if self.site.clients_of(agent) or self.site.peers.holding(agent):
                return  # he is back, or at a peer
            if agent.state == state:
                continue
            wanted = {"AgentState": int(state), "EventReasonCode": reason}
            try:
                asked = self.site.translator.values(_SET_STATE, wanted, Requester(agent))
                await self.site.ask(*asked)
            except Refused as error:
                _log.warning("%s could not be made %s: %s", agent.key, state.name, error)
