"""Calls of services to agents: queues, and the longest available agent."""

from __future__ import annotations

from collections.abc import Callable

from fastcil.ged188.enums import AgentState
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.model import Agent, Call, Connection, Site, SkillGroup

__all__ = ["Router"]


class Router:
    """Brings calls to available agents, the longest available first.

    A call that finds nobody waits in the queues of its service's skill groups; an agent who
    becomes available gets the call that has waited the longest for any of his groups. A call that
    rings for ring_seconds, or as long as the agent's desk settings say, goes to the next agent,
    and the one who did not answer is made not ready.

    connect_seconds: how long a call is on its way to the agent that it was announced to; when it
    cannot arrive there, the announcement is taken back. delivered: called with every connection
    that rings at an agent because of the router.
    """

    def __init__(
        self,
        site: Site,
        calls: CallEngine,
        agents: AgentEngine,
        ring_seconds: float = 20.0,
        connect_seconds: float = 0.0,
    ) -> None:
        self.site = site
        self.calls = calls
        self.agents = agents
        self.ring_seconds = ring_seconds
        self.connect_seconds = connect_seconds
        self.delivered: Callable[[Connection], None] | None = None
        self._coming: dict[int, Call] = {}
        """By ICMAgentID: the call that was announced to an agent and is on its way."""
        agents.on_available = self._available
        calls.route = self.offer

    def offer(self, call: Call) -> None:
        """Bring a call to an agent, or let it wait; nothing for a call of no service."""
        if call.ended or call.announced is not None:
            return
        groups = self._groups(call)
        for group in groups:
            agent = self.agents.longest_available(group)
            if agent is not None:
                self._give(call, agent, group)
                return
        if groups and not call.queues:
            self.calls.queue(call, *groups)

    def _groups(self, call: Call) -> list[SkillGroup]:
        if call.service is None:
            return []
        every = self.site.peripherals[call.peripheral_id].skill_groups
        return [every[number] for number in call.service.skill_groups if number in every]

    def _give(self, call: Call, agent: Agent, group: SkillGroup) -> None:
        """Reserve the agent, take the call out of its queue, announce it, ring."""
        coming = self._coming.get(agent.icm_id)
        if coming is not None and coming.announced is agent:
            # He is free again after a call of his own: for the one that is on its way to him.
            self.agents.reserve(agent, coming.skill_group)
            self.offer(call)
            return
        self.agents.reserve(agent, group)
        self.calls.dequeue(call)
        call.skill_group = group
        self.calls.announce(call, agent)
        if self.connect_seconds:
            self._coming[agent.icm_id] = call
            self.site.clock.after(self.connect_seconds, lambda: self._arrives(call, agent))
        else:
            self._arrives(call, agent)

    def _arrives(self, call: Call, agent: Agent) -> None:
        if self._coming.get(agent.icm_id) is call:
            del self._coming[agent.icm_id]
        if call.ended or call.announced is not agent:
            return
        device = agent.device
        reserved = agent.state == AgentState.AGENT_STATE_RESERVED
        if device is None or not device.in_service or device.connections or not reserved:
            self.calls.unannounce(call)
            self.offer(call)
            return
        # To the agent it is a routed call, also where a colleague dialled the service.
        inside = call.direction in ("internal", "consult")
        connection = self.calls.deliver(call, device, role="in" if inside else "")
        seconds = agent.desk.ring_no_answer or self.ring_seconds
        self.site.clock.after(seconds, lambda: self._unanswered(connection, agent))
        if self.delivered is not None:
            self.delivered(connection)

    def _unanswered(self, connection: Connection, agent: Agent) -> None:
        """Nobody took it: the agent is made not ready, the call goes on."""
        call = connection.call
        if call.ended or connection.state != Lcs.LCS_ALERTING:
            return
        if call.service is None or call.skill_group is None:
            return  # it is no longer the router's
        self.agents.ring_no_answer(agent)
        self.calls.withdraw(connection, call.skill_group)
        self.offer(call)

    def _available(self, agent: Agent) -> None:
        # The agent may become so in the middle of something: look when that is done.
        self.site.clock.after(0.0, lambda: self._serve(agent))

    def _serve(self, agent: Agent) -> None:
        """The oldest call that waits for one of the agent's groups."""
        waiting = [
            (group.queue[0].began, index)
            for index, group in enumerate(self._groups_of(agent))
            if group.queue and self.agents.is_available(agent, group)
        ]
        if waiting:
            group = self._groups_of(agent)[min(waiting)[1]]
            self._give(group.queue[0], agent, group)

    @staticmethod
    def _groups_of(agent: Agent) -> list[SkillGroup]:
        return [membership.group for membership in agent.memberships]
