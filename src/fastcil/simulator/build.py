"""A whole site from a few numbers: names, ids, extensions, groups, teams and services.

Everything follows from SiteOptions and its seed, so the same options give the same site each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fastcil.ged188.enums import PeripheralType
from fastcil.simulator.agent_desk import DeskSettings, SiteRules
from fastcil.simulator.clock import Clock
from fastcil.simulator.model import (
    Agent,
    Device,
    Membership,
    Peripheral,
    Service,
    Site,
    SkillGroup,
    Team,
)

__all__ = ["SiteOptions", "build_site"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = _words(
    """
    Ada Aisha Alan Alice Amir Ana Andrew Anna Anton Arjun Ben Bianca Boris Carla Carlos Chen
    Chloe Clara Daniel Daria David Dora Edward Elena Elias Emma Erik Eva Farah Felix Fiona
    Frank George Grace Hana Hassan Helen Hugo Ida Igor Ines Ivan Jack James Jana John Julia
    Kaito Karim Karin Kate Laura Leo Li Linda Lucas Luis Maria Marta Max Mei Mia Milan Nadia
    Nina Noah Oliver Olga Omar Oscar Paula Peter Petra Priya Ravi Rita Robert Rosa Sam Sara
    Simon Sofia Stefan Susan Tara Theo Thomas Tina Tomas Uma Vera Victor Walter Wendy Yara
    Yusuf Zoe
    """
)
_LAST = _words(
    """
    Abbott Adler Ahmed Andersen Baker Banerjee Bauer Bell Berg Bianchi Blake Brown Campbell
    Castro Chang Chen Clark Cohen Costa Cruz Davies Diaz Dubois Edwards Eriksson Evans
    Fernandez Fischer Fox Garcia Gomez Grant Gray Gupta Haas Hall Hansen Harris Hoffman Horvat
    Hughes Ito Ivanov Jackson Jensen Johnson Jones Kaya Keller Kelly Khan Kim King Klein
    Kovacs Kumar Lang Larsen Lee Lewis Li Lopez Martin Mendes Meyer Miller Moreau Morgan
    Murphy Nagy Nguyen Nilsson Novak Okafor Olsen Parker Patel Pereira Petrov Popov Quinn
    Ramos Reed Rossi Ryan Santos Sato Schmidt Silva Singh Smith Sousa Stone Suzuki Taylor Tran
    Turner Vargas Virtanen Wagner Walker Wang Ward Weber White Wilson Wolf Wong Wright Yilmaz
    Young Zimmer
    """
)
_TOPICS = _words(
    """
    Sales Support Billing Orders Returns Delivery Claims Loans Cards Mortgages Travel Bookings
    Upgrades Retention Complaints Technical Accounts Insurance Warranty Onboarding Payments
    Fraud Partners Renewals
    """
)
_LANGUAGES = ("English", "Spanish", "French", "German", "Italian", "Portuguese", "Dutch", "Polish")
_EXPANDED = {"user.account": 0, "user.segment": 0, "user.case": 0, "user.history": 10}
"""Named variables of the site: name to size, 0 for a scalar."""


@dataclass
class SiteOptions:
    """How large a site is and what its numbers begin with.

    agents, supervisors included, skill_groups and services are those of the whole site; each
    peripheral gets its share. teams_of: agents per team; supervisors: of each team, taken from its
    agents. groups_per_agent: how many skill groups an agent is in.
    """

    agents: int = 100
    peripherals: int = 1
    peripheral_type: PeripheralType = PeripheralType.PT_ENTERPRISE_AGENT
    teams_of: int = 20
    supervisors: int = 1
    skill_groups: int | None = None
    """None: one for every 25 agents, at least one per peripheral."""
    groups_per_agent: int = 2
    services: int | None = None
    """None: as many as skill groups."""
    spare_devices: int = 0
    """Telephones nobody logs in at, per peripheral."""
    desk: DeskSettings = field(default_factory=DeskSettings)
    rules: SiteRules = field(default_factory=SiteRules)
    first_peripheral_id: int = 5000
    first_agent_id: int = 1001
    first_icm_agent_id: int = 10001
    first_extension: int = 20001
    instrument_prefix: str = ""
    """Before the extension, to tell instruments from extensions; the same by default, as they are
    on Unified CCE."""
    first_skill_group_id: int = 6001
    first_service_id: int = 7001
    first_call_type_id: int = 8001
    first_team_id: int = 501
    first_dialed_number: int = 8005550100
    password: str | None = None
    """Of every agent; None: the AgentID with "p" before it."""
    expanded_variables: dict[str, int] = field(default_factory=lambda: dict(_EXPANDED))
    seed: int = 1
    start: float | None = None
    """Seconds since 1970 at which simulated time begins; None: as Clock has it."""

    def __post_init__(self) -> None:
        if self.peripherals < 1:
            raise ValueError(f"peripherals is 1 or more, got {self.peripherals}")
        if self.agents < self.peripherals:
            raise ValueError(f"agents is at least the number of peripherals, got {self.agents}")
        if self.teams_of < 1:
            raise ValueError(f"teams_of is 1 or more, got {self.teams_of}")
        if not 0 <= self.supervisors <= self.teams_of:
            raise ValueError(f"supervisors is 0..teams_of, got {self.supervisors}")
        if self.groups_per_agent < 0:
            raise ValueError(f"groups_per_agent is 0 or more, got {self.groups_per_agent}")
        if self.skill_groups is not None and self.skill_groups < 0:
            raise ValueError(f"skill_groups is 0 or more, got {self.skill_groups}")


def _share(total: int, parts: int, index: int) -> int:
    return total // parts + (index < total % parts)


def build_site(options: SiteOptions | None = None, clock: Clock | None = None) -> Site:
    """The site of the options; everybody is logged out and no call is under way."""
    options = options or SiteOptions()
    if clock is None:
        clock = Clock() if options.start is None else Clock(options.start)
    site = Site(clock, options.seed)
    site.rules = replace(options.rules)
    site.desk_settings[options.desk.id] = options.desk
    site.expanded_variables = dict(options.expanded_variables)
    builder = _Builder(site, options)
    for index in range(options.peripherals):
        builder.peripheral(index)
    return site


class _Builder:
    """Hands out the numbers while the peripherals are made one after the other."""

    def __init__(self, site: Site, options: SiteOptions) -> None:
        self.site = site
        self.options = options
        self._agents = 0
        self._groups = 0
        self._services = 0
        self._teams = 0
        self._extensions = 0

    def peripheral(self, index: int) -> None:
        options = self.options
        number = options.first_peripheral_id + index
        peripheral = Peripheral(number, options.peripheral_type, f"PG_{index + 1}")
        peripheral.default_desk = options.desk.id
        self.site.peripherals[number] = peripheral
        agents = _share(options.agents, options.peripherals, index)
        if options.skill_groups is None:
            groups = max(1, agents // 25)
        else:
            groups = _share(options.skill_groups, options.peripherals, index)
        for position in range(groups):
            self._skill_group(peripheral, position + 1)
        services = groups
        if options.services is not None:
            services = _share(options.services, options.peripherals, index)
        for position in range(services):
            self._service(peripheral, position + 1)
        members = [self._agent(peripheral) for _ in range(agents)]
        for _ in range(options.spare_devices):
            self._device(peripheral)
        for start in range(0, agents, options.teams_of):
            self._team(peripheral, members[start : start + options.teams_of])

    def _skill_group(self, peripheral: Peripheral, number: int) -> None:
        topic = _TOPICS[self._groups % len(_TOPICS)]
        language = _LANGUAGES[self._groups // len(_TOPICS) % len(_LANGUAGES)]
        group = SkillGroup(
            peripheral.id,
            number,
            self.options.first_skill_group_id + self._groups,
            f"{topic}_{language}_{self._groups + 1}",
            description=f"{topic} in {language}",
        )
        self._groups += 1
        peripheral.skill_groups[number] = group

    def _service(self, peripheral: Peripheral, number: int) -> None:
        groups = list(peripheral.skill_groups.values())
        group = groups[(number - 1) % len(groups)] if groups else None
        call_type = self.options.first_call_type_id + self._services
        service = Service(
            number,
            self.options.first_service_id + self._services,
            f"{group.name}_Line" if group else f"Line_{number}",
            [group.number] if group else [],
            dialed_number=str(self.options.first_dialed_number + self._services),
            call_type_id=call_type,
            description=f"Callers for {group.description}" if group else "",
        )
        self.site.call_types[call_type] = service.name
        self._services += 1
        peripheral.services[number] = service

    def _agent(self, peripheral: Peripheral) -> Agent:
        options, choose = self.options, self.site.random.choice
        identity = str(options.first_agent_id + self._agents)
        first, last = choose(_FIRST), choose(_LAST)
        agent = Agent(
            identity,
            options.first_icm_agent_id + self._agents,
            peripheral.id,
            first,
            last,
            options.password if options.password is not None else f"p{identity}",
            desk=options.desk,
            login_name=f"{first}.{last}.{identity}".lower(),
        )
        self._agents += 1
        groups = list(peripheral.skill_groups.values())
        chosen = self.site.random.sample(groups, min(options.groups_per_agent, len(groups)))
        for group in sorted(chosen, key=lambda group: group.number):
            agent.memberships.append(Membership(group))
            group.members.append(agent)
        peripheral.agents[identity] = agent
        self._device(peripheral)
        return agent

    def _device(self, peripheral: Peripheral) -> None:
        number = self.options.first_extension + self._extensions
        self._extensions += 1
        device = Device(
            f"{self.options.instrument_prefix}{number}",
            str(number),
            peripheral.id,
            terminal=f"SEP{0x001122000000 + number:012X}",
            number=number,
        )
        peripheral.devices[device.instrument] = device

    def _team(self, peripheral: Peripheral, members: list[Agent]) -> None:
        number = self.options.first_team_id + self._teams
        self._teams += 1
        team = Team(number, f"Team_{self._teams}", peripheral.id, list(members))
        for agent in members:
            agent.team = team
        for agent in members[: self.options.supervisors]:
            agent.is_supervisor = True
            team.supervisors.append(agent)
        self.site.teams[number] = team
