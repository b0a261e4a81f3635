"""Sites from options: numbers, uniqueness, determinism."""

from __future__ import annotations

import time
from typing import Any

import pytest

from fastcil.ged188.enums import PeripheralType
from fastcil.simulator.agent_events import team_config_values
from fastcil.simulator.build import SiteOptions, build_site
from fastcil.simulator.model import Site


def facts(site: Site) -> list[Any]:
    """Everything by which two sites can be compared."""
    return [
        (
            p.id,
            p.type,
            [(g.number, g.id, g.name) for g in p.skill_groups.values()],
            [(s.number, s.id, s.dialed_number, s.skill_groups) for s in p.services.values()],
            [
                (
                    a.id,
                    a.icm_id,
                    a.first_name,
                    a.last_name,
                    a.password,
                    a.is_supervisor,
                    a.team.id if a.team else 0,
                    [m.group.number for m in a.memberships],
                )
                for a in p.agents.values()
            ],
            [(d.instrument, d.extension, d.terminal) for d in p.devices.values()],
        )
        for p in site.peripherals.values()
    ]


def test_the_same_options_give_the_same_site() -> None:
    options = SiteOptions(agents=120, peripherals=2, seed=5)
    assert facts(build_site(options)) == facts(build_site(options))
    assert facts(build_site(options)) != facts(build_site(SiteOptions(agents=120, peripherals=2)))


def test_a_thousand_agents() -> None:
    began = time.perf_counter()
    site = build_site(SiteOptions(agents=1000, peripherals=3, teams_of=20, supervisors=2))
    assert time.perf_counter() - began < 1
    agents = site.agents()
    assert len(agents) == 1000
    assert [len(p.agents) for p in site.peripherals.values()] == [334, 333, 333]
    assert list(site.peripherals) == [5000, 5001, 5002]
    for unique in (
        [a.id for a in agents],
        [a.icm_id for a in agents],
        [d.extension for p in site.peripherals.values() for d in p.devices.values()],
        [g.id for p in site.peripherals.values() for g in p.skill_groups.values()],
        [g.name for p in site.peripherals.values() for g in p.skill_groups.values()],
        [s.dialed_number for p in site.peripherals.values() for s in p.services.values()],
    ):
        assert len(set(unique)) == len(unique)
    assert all(len(a.id) <= 11 for a in agents)  # 12 bytes with the NUL
    assert sum(len(t.agents) for t in site.teams.values()) == 1000
    for team in site.teams.values():
        assert len(team.agents) <= 20
        assert len(team.supervisors) == min(2, len(team.agents))
        assert all(a.is_supervisor and a.team is team for a in team.supervisors)
    for peripheral in site.peripherals.values():
        assert len(peripheral.devices) == len(peripheral.agents)
        for agent in peripheral.agents.values():
            assert len(agent.memberships) == 2
            assert all(agent in m.group.members for m in agent.memberships)


def test_sizes_and_first_numbers() -> None:
    options = SiteOptions(
        agents=7,
        peripheral_type=PeripheralType.PT_DEFINITY_ECS_EAS,
        skill_groups=3,
        services=5,
        spare_devices=4,
        groups_per_agent=9,
        supervisors=0,
        first_peripheral_id=100,
        first_agent_id=1,
        first_extension=300,
        instrument_prefix="I",
        password="",
        start=0.0,
    )
    site = build_site(options)
    peripheral = site.peripherals[100]
    assert peripheral.type == PeripheralType.PT_DEFINITY_ECS_EAS
    assert list(peripheral.agents) == [str(n) for n in range(1, 8)]
    assert len(peripheral.devices) == 11
    assert (peripheral.devices["I300"].extension, site.clock.time) == ("300", 0)
    assert [s.skill_groups for s in peripheral.services.values()] == [[1], [2], [3], [1], [2]]
    assert {len(a.memberships) for a in site.agents()} == {3}
    assert not any(a.is_supervisor or a.password for a in site.agents())
    assert len(site.call_types) == 5


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"agents": 0}, "agents"),
        ({"agents": 2, "peripherals": 3}, "agents"),
        ({"peripherals": 0}, "peripherals"),
        ({"teams_of": 0}, "teams_of"),
        ({"supervisors": 21}, "supervisors"),
        ({"groups_per_agent": -1}, "groups_per_agent"),
        ({"skill_groups": -1}, "skill_groups"),
    ],
)
def test_options_that_make_no_site(options: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        SiteOptions(**options)  # type: ignore[arg-type]


def test_large_teams_are_told_in_parts() -> None:
    site = build_site(SiteOptions(agents=150, teams_of=150, supervisors=3))
    parts = team_config_values(site, site.teams[501])
    assert [p["NumberOfAgents"] for p in parts] == [64, 64, 22]
    listed = [identity for p in parts for identity in p["AtcAgentID"]]
    assert sorted(listed) == sorted(a.id for a in site.agents())
    assert parts[0]["AgentFlags"][:4] == [5, 4, 4, 0]
    assert {p["ConfigOperation"] for p in parts} == {0}
