"""Supervisors: their teams, and the agents and calls that they watch.

Source: CTI OS Developer Guide, agent object chapter (RequestAgentTeamList, StartMonitoring…), and
the building chapter on supervisor applications.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastcil.catalog import AgentState
from fastcil.catalog.requests import RequestID
from fastcil.ged188.enums import AgentFlags, ControlFailureCode, StatusCode
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.server.desk import Tell, deliver
from fastcil.server.parts import Part
from fastcil.server.site.events import SiteEvent, coerced
from fastcil.server.site.objects import AgentObject, team_key
from fastcil.server.site.requests import Refused

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.upstream import SiteSource

__all__ = ["Supervision"]

_SUPERVISORS = AgentFlags.PRIMARY_SUPERVISOR | AgentFlags.SUPERVISOR


@dataclass
class _Watch:
    """Whom one supervisor watches: members of teams, by team, and single agents.

    Of members of a team come the agents' events, of single agents those of their calls as well
    (CTI OS Developer Guide, StartMonitoringAgentTeam, StartMonitoringAgent).
    """

    teams: dict[str, set[str]] = field(default_factory=dict)
    single: set[str] = field(default_factory=set)

    def everybody(self) -> set[str]:
        return self.single.union(*self.teams.values())


class Supervision(Part):
    """RequestAgentTeamList, Start- and StopMonitoring of agents, teams and calls."""

    def __init__(self, site: SiteSource) -> None:
        super().__init__(site)
        self.callbacks = ("OnNewAgentTeamMember",)
        self._watches: dict[ClientConnection, _Watch] = {}
        self._listed: dict[ClientConnection, set[str]] = {}
        """Of clients that asked for the list of a team: whom they know as members."""
        self.handlers = {
            RequestID.REQUEST_AGENT_TEAM_LIST: self._list,
            RequestID.START_MONITORING_AGENT_TEAM: self._start_team,
            RequestID.STOP_MONITORING_AGENT_TEAM: self._stop_team,
            RequestID.START_MONITORING_ALL_AGENT_TEAMS: self._start_all,
            RequestID.STOP_MONITORING_ALL_AGENT_TEAMS: self._stop_all,
            RequestID.START_MONITORING_AGENT: self._start_agent,
            RequestID.STOP_MONITORING_AGENT: self._stop_agent,
            RequestID.START_MONITORING_CALL: self._start_call,
        }

    def left(self, client: ClientConnection) -> None:
        """A client is gone."""
        self._watches.pop(client, None)
        self._listed.pop(client, None)

    def told(self, event: SiteEvent) -> None:
        """A team has another member, or one less: who has its list is told, and who watches the
        team watches him too."""
        member = event.object_id
        for client, listed in self._listed.items():
            supervisor = self.site.agent_of(client)
            if supervisor is None or supervisor.key == member:  # who gets it as his own
                continue
            belongs = any(member in self._flags(team) for team in self.teams_of(supervisor))
            if belongs is not (member in listed):
                (listed.add if belongs else listed.discard)(member)
                deliver(client, event)
        for client, watch in self._watches.items():
            changed = False
            for team, members in watch.teams.items():
                belongs = member in self._flags(team)
                if belongs is not (member in members):
                    (members.add if belongs else members.discard)(member)
                    changed = True
            if changed:
                self.site.watch(client, watch.everybody(), watch.single)

    @property
    def watching(self) -> bool:
        """Whether anybody watches an agent."""
        return bool(self._watches)

    def watchers(self, agent: str) -> list[ClientConnection]:
        """The clients that watch an agent and his calls."""
        return [client for client, watch in self._watches.items() if agent in watch.single]

    # -- teams -------------------------------------------------------------------------------

    def _flags(self, team: str) -> Mapping[str, int]:
        """AgentFlags of the members of a team, by agent."""
        return self.site.mapper.objects.teams.get(team, {})

    def supervisor(self, client: ClientConnection) -> AgentObject:
        """The agent of a client, who is a supervisor. Raises Refused."""
        agent = self.agent_of(client)
        if not agent.is_supervisor:
            raise Refused(
                ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE,
                f"{agent.key} is no supervisor",
            )
        return agent

    def teams_of(self, supervisor: AgentObject) -> list[str]:
        """The teams that he supervises."""
        teams = self.site.mapper.objects.teams
        return [t for t, flags in teams.items() if flags.get(supervisor.key, 0) & _SUPERVISORS]

    def supervisors_of(self, agent: AgentObject, flag: int = int(_SUPERVISORS)) -> set[str]:
        """Who supervises an agent's team, as what flag says."""
        flags = self._flags(team_key(agent.peripheral, agent.team))
        return {key for key, found in flags.items() if found & flag}

    async def _list(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        """OnNewAgentTeamMember of each member, the supervisor included; from then on of changes."""
        supervisor = self.supervisor(client)
        agents = self.site.mapper.objects.agents
        listed = self._listed[client] = set()
        for team in self.teams_of(supervisor):
            listed.update(self._flags(team))
            for key, flags in self._flags(team).items():
                member = self.site.mapper.agents.team_member(
                    agents[key], flags, 1, supervisor.agent_id
                )
                tell(member)

    def _team(self, arguments: Mapping[str, Any], supervisor: AgentObject) -> str:
        try:
            number = int(arguments["TeamID"])
        except (KeyError, TypeError, ValueError):
            raise Refused(
                StatusCode.E_CTI_REQUIRED_DATA_MISSING, "TeamID is needed, a number"
            ) from None
        found = team_key(supervisor.peripheral, number)
        if found not in self.teams_of(supervisor):
            raise Refused(
                Extended.CF_INVALID_TEAM_SPECIFIED,
                f"{supervisor.key} does not supervise {found}",
            )
        return found

    def _watch_team(
        self, team: str, supervisor: AgentObject, client: ClientConnection
    ) -> Iterator[SiteEvent]:
        """Watch the members of a team; their states, as monitored ones."""
        watch = self._watches.setdefault(client, _Watch())
        members = {key for key in self._flags(team) if key != supervisor.key}
        watch.teams[team] = members
        self.site.watch(client, watch.everybody(), watch.single)
        for key in sorted(members):
            agent = self.site.mapper.objects.agents[key]
            yield self._state(agent)
            yield from self._info(agent)

    def _info(self, agent: AgentObject) -> Iterator[SiteEvent]:
        """His name, when it is known."""
        for event in self.site.mapper.agents.info(agent):
            yield SiteEvent("OnMonitoredAgentInfoEvent", {**event.complete, "Monitored": True})

    def _state(self, agent: AgentObject) -> SiteEvent:
        values = self.site.mapper.agents.state_values(agent)
        mask = int(self.site.supervisor_mask("OnAgentStateChange", values))
        return SiteEvent(
            "OnMonitoredAgentStateChange",
            {**values, "Monitored": True, "SupervisorBtnEnablementMask": mask},
        )

    async def _start_team(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        supervisor = self.supervisor(client)
        for event in self._watch_team(self._team(arguments, supervisor), supervisor, client):
            tell(event)

    async def _stop_team(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        team = self._team(arguments, self.supervisor(client))
        watch = self._watches.setdefault(client, _Watch())
        watch.teams.pop(team, None)
        self.site.watch(client, watch.everybody(), watch.single)

    async def _start_all(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        supervisor = self.supervisor(client)
        for team in self.teams_of(supervisor):
            for event in self._watch_team(team, supervisor, client):
                tell(event)

    async def _stop_all(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        self.supervisor(client)
        watch = self._watches.setdefault(client, _Watch())
        watch.teams.clear()
        self.site.watch(client, watch.everybody(), watch.single)

    # -- single agents and calls -------------------------------------------------------------

    def _reference(self, arguments: Mapping[str, Any], supervisor: AgentObject) -> AgentObject:
        key = str(arguments.get("AgentReference") or "")
        agent = self.site.mapper.objects.agents.get(key)
        if agent is None:
            raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, f"no agent {key!r}")
        if not any(key in self._flags(team) for team in self.teams_of(supervisor)):
            raise Refused(
                ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE,
                f"{key} is in no team of {supervisor.key}",
            )
        return agent

    def _monitoring(self, callback: str, agent: AgentObject, supervisor: AgentObject) -> SiteEvent:
        return SiteEvent(
            callback,
            {
                "UniqueObjectID": supervisor.key,
                "AgentReference": agent.key,
                "SupervisorID": supervisor.agent_id,
                "SupervisorKey": supervisor.key,
                "BargedInCallID": "",
                "SupervisorAgentState": str(supervisor.state),
            },
        )

    async def _start_agent(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        supervisor = self.supervisor(client)
        agent = self._reference(arguments, supervisor)
        watch = self._watches.setdefault(client, _Watch())
        watch.single.add(agent.key)
        self.site.watch(client, watch.everybody(), watch.single)
        told = self._monitoring("OnStartMonitoringAgent", agent, supervisor)
        mask = self.site.supervisor_mask("OnAgentStateChange", agent.values)
        told.complete["SupervisorBtnEnablementMask"] = int(mask)
        tell(told)
        for event in (*self._info(agent), *self._calls(agent)):
            tell(event)

    def _calls(self, agent: AgentObject) -> Iterator[SiteEvent]:
        """The calls that the agent has already: without them nobody could barge in."""
        calls = self.site.mapper.objects.at_device.get(agent.seat, {})
        for call in list(calls.values()):
            begin = coerced("OnCallBegin")
            mask = int(self.site.supervisor_mask("OnCallBegin", call.values))
            call.told_to_supervisor = mask
            mark = {"Monitored": True, "SupervisorBtnEnablementMask": mask}
            complete, minimal = (begin.values(call.values, level) for level in (0, 1))
            yield SiteEvent("OnMonitoredCallBegin", {**complete, **mark}, {**minimal, **mark})

    async def _stop_agent(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        supervisor = self.supervisor(client)
        agent = self._reference(arguments, supervisor)
        watch = self._watches.setdefault(client, _Watch())
        watch.single.discard(agent.key)
        self.site.watch(client, watch.everybody(), watch.single)
        tell(self._monitoring("OnStopMonitoringAgent", agent, supervisor))

    async def _start_call(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        """The call that SuperviseCall will be about: known, and one of an agent of his."""
        supervisor = self.supervisor(client)
        key = str(arguments.get("CallReference") or arguments.get("AgentCallReference") or "")
        if not key:
            return
        call = self.site.mapper.objects.calls.get(key)
        if call is None:
            raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, f"no call {key!r}")
        agent = self.site.mapper.objects.agent_of(call)
        if agent is not None and agent.state != AgentState.eLogout:
            self._reference({"AgentReference": agent.key}, supervisor)
