"""Changes of the configuration while the site runs, and the events that tell of them.

Source: guide, Application Level Interfaces, Configuration Acquisition Messages, Update messages;
AGENT_TEAM_CONFIG_EVENT for teams. Every change makes a new key for its part of the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from fastcil.ged188.enums import (
    AgentState,
    ConfigEndStatus,
    ConfigType,
    RecordType,
    TeamConfigOperation,
)
from fastcil.ged188.enums import ConfigInformationMask as Item
from fastcil.simulator.agent_desk import DeskSettings, ReasonCode
from fastcil.simulator.agent_events import team_config_values
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.config_records import (
    ITEMS,
    agent_record,
    agent_service_record,
    desk_settings_record,
    device_record,
    messages,
    skill_group_record,
)
from fastcil.simulator.config_requests import begin_values, end_values
from fastcil.simulator.model import (
    Agent,
    Audience,
    Device,
    Membership,
    Peripheral,
    Site,
    SkillGroup,
    Team,
)

__all__ = ["Configuration"]

ADD = RecordType.CONFIG_RECORD_ADD
CHANGE = RecordType.CONFIG_RECORD_CHANGE
DELETE = RecordType.CONFIG_RECORD_DELETE
_ITEM = {item.bit: item for item in ITEMS}


class Configuration:
    """What an administrator does to a running site. Raises ValueError for what cannot be."""

    def __init__(self, site: Site, agents: AgentEngine) -> None:
        self.site = site
        self.agents = agents

    # Agents

    def add_agent(
        self,
        peripheral_id: int,
        first_name: str,
        last_name: str,
        *,
        agent_id: str | None = None,
        password: str | None = None,
        groups: Sequence[int] = (),
        team: Team | None = None,
        supervisor: bool = False,
        desk: DeskSettings | None = None,
    ) -> Agent:
        """A new agent, logged out. Ids that are not given are the next free ones."""
        site, peripheral = self.site, self.site.peripherals[peripheral_id]
        everybody = site.agents()
        if agent_id is None:
            numbers = [int(a.id) for a in everybody if a.id.isdecimal()]
            agent_id = str(max(numbers, default=1000) + 1)
        if agent_id in peripheral.agents:
            raise ValueError(f"agent {agent_id} exists")
        agent = Agent(
            agent_id,
            max((a.icm_id for a in everybody), default=10000) + 1,
            peripheral_id,
            first_name,
            last_name,
            f"p{agent_id}" if password is None else password,
            is_supervisor=supervisor,
            desk=desk or site.desk_settings.get(peripheral.default_desk) or DeskSettings(),
            login_name=f"{first_name}.{last_name}.{agent_id}".lower(),
        )
        for group in _groups(peripheral, groups):
            agent.memberships.append(Membership(group))
            group.members.append(agent)
        peripheral.agents[agent_id] = agent
        self._update(peripheral, Item.AGENT, [agent_record(site, agent, ADD)])
        if team is not None:
            self.move_to_team(agent, team)
        return agent

    def change_agent(
        self,
        agent: Agent,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        agent_id: str | None = None,
        desk: DeskSettings | None = None,
    ) -> None:
        """Other names, another AgentID (of a logged-out agent), other desk settings."""
        peripheral = self.site.peripherals[agent.peripheral_id]
        old = agent.id
        if agent_id is not None and agent_id != old:
            if agent_id in peripheral.agents:
                raise ValueError(f"agent {agent_id} exists")
            if agent.state != AgentState.AGENT_STATE_LOGOUT:
                raise ValueError(f"agent {old} is logged in")
            del peripheral.agents[old]
            agent.id = agent_id
            peripheral.agents[agent_id] = agent
        agent.first_name = agent.first_name if first_name is None else first_name
        agent.last_name = agent.last_name if last_name is None else last_name
        agent.desk = desk or agent.desk
        record = agent_record(self.site, agent, CHANGE)
        if agent.id != old:
            record["OldLoginID"] = old
        self._update(peripheral, Item.AGENT, [record])

    def change_skills(self, agent: Agent, groups: Sequence[int]) -> None:
        """The agent is in exactly these skill groups from now on, at once.

        One who is logged in gets the new groups in his present state; he is BUSY_OTHER there
        while he works for another.
        """
        peripheral = self.site.peripherals[agent.peripheral_id]
        wanted = _groups(peripheral, groups)
        now = self.site.clock.now
        for membership in list(agent.memberships):
            if membership.group not in wanted:
                agent.memberships.remove(membership)
                membership.group.members.remove(agent)
                membership.group.ready.pop(agent.icm_id, None)
                self.agents.statistics.left_group(agent, membership.group)
        have = [m.group for m in agent.memberships]
        for group in wanted:
            if group not in have:
                agent.memberships.append(Membership(group, since=now))
                group.members.append(agent)
        agent.memberships.sort(key=lambda m: m.group.number)
        self.agents.skills_changed(agent, have)
        self._update(peripheral, Item.AGENT, [agent_record(self.site, agent, CHANGE)])

    def remove_agent(self, agent: Agent) -> None:
        """The agent is logged out, whatever he does, and is no more."""
        peripheral = self.site.peripherals[agent.peripheral_id]
        if agent.state != AgentState.AGENT_STATE_LOGOUT:
            self.agents.logout(agent, reason=ReasonCode.REMOVED, forced=True)
        for team in self.site.teams.values():
            if agent in team.supervisors:
                self.remove_supervisor(team, agent)
        if agent.team is not None:
            self.move_to_team(agent, None)
        record = agent_record(self.site, agent, DELETE)
        for membership in agent.memberships:
            membership.group.members.remove(agent)
            self.agents.statistics.left_group(agent, membership.group)
        agent.memberships.clear()
        del peripheral.agents[agent.id]
        self._update(peripheral, Item.AGENT, [record])

    def set_agent_services(self, agent: Agent, services: Sequence[int]) -> None:
        """AgentService numbers that the agent may use; the event is also sent "when all the
        services from the agent are removed"."""
        kind = CHANGE if agent.enabled_services else ADD
        agent.enabled_services = list(services)
        peripheral = self.site.peripherals[agent.peripheral_id]
        record = agent_service_record(agent, kind if services else DELETE)
        self._update(peripheral, Item.AGENT_SERVICE, [record])

    # Skill groups, devices, desk settings

    def add_skill_group(
        self, peripheral_id: int, name: str, *, number: int | None = None
    ) -> SkillGroup:
        """A new skill group without members."""
        site, peripheral = self.site, self.site.peripherals[peripheral_id]
        if number is None:
            number = max(peripheral.skill_groups, default=0) + 1
        if number in peripheral.skill_groups:
            raise ValueError(f"skill group {number} exists")
        everything = [g.id for p in site.peripherals.values() for g in p.skill_groups.values()]
        group = SkillGroup(peripheral_id, number, max(everything, default=6000) + 1, name)
        peripheral.skill_groups[number] = group
        record = skill_group_record(site, peripheral, group, ADD)
        self._update(peripheral, Item.SKILL_GROUP, [record])
        return group

    def change_skill_group(
        self, group: SkillGroup, *, name: str | None = None, number: int | None = None
    ) -> None:
        """Another name or another number, which must be free."""
        peripheral = self.site.peripherals[group.peripheral_id]
        old = group.number
        if number is not None and number != old:
            if number in peripheral.skill_groups:
                raise ValueError(f"skill group {number} exists")
            del peripheral.skill_groups[old]
            group.number = number
            peripheral.skill_groups[number] = group
            for service in peripheral.services.values():
                service.skill_groups = [number if n == old else n for n in service.skill_groups]
        group.name = group.name if name is None else name
        record = skill_group_record(self.site, peripheral, group, CHANGE)
        if group.number != old:
            record["OldPeripheralNumber"] = old
        self._update(peripheral, Item.SKILL_GROUP, [record])

    def remove_skill_group(self, group: SkillGroup) -> None:
        """The group is no more; its members leave it first. Calls must not wait for it."""
        if group.queue:
            raise ValueError(f"{len(group.queue)} calls wait for skill group {group.number}")
        peripheral = self.site.peripherals[group.peripheral_id]
        for agent in list(group.members):
            numbers = [m.group.number for m in agent.memberships if m.group is not group]
            self.change_skills(agent, numbers)
        del peripheral.skill_groups[group.number]
        for service in peripheral.services.values():
            service.skill_groups = [n for n in service.skill_groups if n != group.number]
        record = skill_group_record(self.site, peripheral, group, DELETE)
        self._update(peripheral, Item.SKILL_GROUP, [record])

    def add_device(self, peripheral_id: int, extension: str, instrument: str = "") -> Device:
        """A new telephone; the instrument is called like the extension unless it is given."""
        peripheral = self.site.peripherals[peripheral_id]
        instrument = instrument or extension
        taken = any(d.extension == extension for d in peripheral.devices.values())
        if taken or instrument in peripheral.devices:
            raise ValueError(f"device {instrument} or extension {extension} exists")
        number = int(extension) if extension.isdecimal() else len(peripheral.devices) + 1
        device = Device(instrument, extension, peripheral_id, number=number)
        peripheral.devices[instrument] = device
        self._update(peripheral, Item.DEVICE, [device_record(device, ADD)])
        return device

    def set_desk_settings(self, settings: DeskSettings, **changes: Any) -> DeskSettings:
        """Settings as given, with changes by attribute name; agents with the same id follow."""
        new = replace(settings, **changes)
        kind = CHANGE if new.id in self.site.desk_settings else ADD
        self.site.desk_settings[new.id] = new
        for agent in self.site.agents():
            if agent.desk.id == new.id:
                agent.desk = new
        for peripheral in self.site.peripherals.values():
            record = desk_settings_record(new, kind)
            self._update(peripheral, Item.AGENT_DESK_SETTINGS, [record])
        return new

    # Teams

    def move_to_team(self, agent: Agent, team: Team | None) -> None:
        """The agent leaves his team for another one or none."""
        old = agent.team
        if old is team:
            return
        if old is not None:
            old.agents.remove(agent)
            agent.team = None
            if agent not in old.supervisors:
                self._team_event(old, TeamConfigOperation.REMOVE_AGENT, agent)
        if team is not None:
            team.agents.append(agent)
            agent.team = team
            self._team_event(team, TeamConfigOperation.ADD_AGENT, agent)

    def add_supervisor(self, team: Team, agent: Agent) -> None:
        """The agent may supervise the team; the first one is its primary supervisor."""
        if agent in team.supervisors:
            return
        team.supervisors.append(agent)
        promoted, agent.is_supervisor = not agent.is_supervisor, True
        self._team_event(team, TeamConfigOperation.ADD_AGENT, agent)
        if promoted:
            self._agent_changed(agent)

    def remove_supervisor(self, team: Team, agent: Agent) -> None:
        """The agent supervises the team no longer. Raises ValueError when he did not."""
        if agent not in team.supervisors:
            raise ValueError(f"agent {agent.id} is no supervisor of team {team.id}")
        # While he still is one, so that AgentFlags says what is taken away.
        self._team_event(team, TeamConfigOperation.REMOVE_AGENT, agent)
        team.supervisors.remove(agent)
        if agent.is_supervisor and not any(
            agent in other.supervisors for other in self.site.teams.values()
        ):
            agent.is_supervisor = False
            self._agent_changed(agent)

    def _agent_changed(self, agent: Agent) -> None:
        peripheral = self.site.peripherals[agent.peripheral_id]
        self._update(peripheral, Item.AGENT, [agent_record(self.site, agent, CHANGE)])

    def _team_event(self, team: Team, operation: TeamConfigOperation, agent: Agent) -> None:
        audience = Audience("team", team.peripheral_id, team_id=team.id)
        for values in team_config_values(self.site, team, operation, [agent]):
            self.site.emit("AGENT_TEAM_CONFIG_EVENT", values, audience)

    # Updates

    def _update(self, peripheral: Peripheral, bit: Item, found: Iterable[dict[str, Any]]) -> None:
        """An unsolicited block: begin, records, end."""
        self.site.config_keys.pop((peripheral.id, int(bit)), None)
        item = _ITEM[bit]
        audience = Audience("config", peripheral.id, config=int(bit))
        begin = begin_values(self.site, peripheral, item, ConfigType.UNSOLICITED)
        self.site.emit("CONFIG_BEGIN_EVENT", begin, audience)
        for name, values in messages(item.message, found):
            self.site.emit(name, values, audience)
        end = end_values(ConfigEndStatus.CONFIGEND_SUCCESS)
        self.site.emit("CONFIG_END_EVENT", end, audience)


def _groups(peripheral: Peripheral, numbers: Sequence[int]) -> list[SkillGroup]:
    unknown = [n for n in numbers if n not in peripheral.skill_groups]
    if unknown:
        raise ValueError(f"peripheral {peripheral.id} has no skill group {unknown[0]}")
    return [peripheral.skill_groups[n] for n in dict.fromkeys(numbers)]
