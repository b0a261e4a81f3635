"""Configuration: download by keys, and what changes while the site runs."""

from __future__ import annotations

from typing import Any

import pytest
from sim_agent_kit import PERIPHERAL, Floor

from fastcil.ged188 import encode_message
from fastcil.ged188.enums import (
    AgentState,
    ConfigDeviceType,
    ConfigEndStatus,
    ConfigType,
    StatusCode,
)
from fastcil.ged188.enums import ConfigInformationMask as Item
from fastcil.simulator.agent_desk import DeskSettings
from fastcil.simulator.config_records import messages
from fastcil.simulator.configuration import Configuration

ALL = 0x3FF
ORDER = [
    "CONFIG_SERVICE_EVENT",
    "CONFIG_SKILL_GROUP_EVENT",
    "CONFIG_AGENT_EVENT",
    "CONFIG_AGENT_SERVICE_EVENT",
    "CONFIG_DEVICE_EVENT",
    "CONFIG_CALL_TYPE_EVENT",
    "CONFIG_MRD_EVENT",
    "CONFIG_PERIPHERAL_EVENT",
    "CONFIG_AGENT_DESK_SETTINGS_EVENT",
    "CONFIG_TERMINAL_EVENT",
]
LOGOUT, BUSY_OTHER = AgentState.AGENT_STATE_LOGOUT, AgentState.AGENT_STATE_BUSY_OTHER


def download(floor: Floor, asked: int = ALL, version: int = 25) -> list[tuple[str, dict[str, Any]]]:
    values: dict[str, Any] = {"ConfigInformation": asked}
    if version >= 24:
        values["ConfigMsgMask"] = 0
    return floor.ask("CONFIG_REQUEST_EVENT", version=version, **values)


def records(answers: list[tuple[str, dict[str, Any]]], name: str) -> list[dict[str, Any]]:
    return [record for n, values in answers if n == name for record in values["records"]]


def keys(floor: Floor, version: int = 25) -> dict[str, bytes]:
    values = floor.one("CONFIG_REQUEST_KEY_EVENT", version=version)
    assert values["ConfigkeyStatus"] == 0
    return {name: value for name, value in values.items() if name.endswith("ConfigKey")}


def test_everything_in_the_documented_order() -> None:
    floor = Floor(agents=33, skill_groups=12)
    floor.agent(4).enabled_services = [1]
    answers = download(floor)
    names = [name for name, _ in answers]
    assert list(dict.fromkeys(n for n in names if n in ORDER)) == ORDER
    blocks: list[list[str]] = []
    for name in names:
        if name == "CONFIG_BEGIN_EVENT":
            blocks.append([])
        blocks[-1].append(name)
    assert len(blocks) == len(ORDER)
    for block, expected in zip(blocks, ORDER, strict=True):
        assert block[0] == "CONFIG_BEGIN_EVENT"
        assert block[-1] == "CONFIG_END_EVENT"
        assert set(block[1:-1]) == {expected}
    begins = [v for n, v in answers if n == "CONFIG_BEGIN_EVENT"]
    bits = [1, 2, 4, 512, 8, 16, 32, 64, 128, 256]
    assert [b["ConfigInformation"] for b in begins] == bits
    assert {b["ConfigType"] for b in begins} == {ConfigType.SOLICITED}
    ends = [v["ConfigEndStatus"] for n, v in answers if n == "CONFIG_END_EVENT"]
    partial, success = ConfigEndStatus.CONFIGEND_PARTIAL, ConfigEndStatus.CONFIGEND_SUCCESS
    assert ends == [partial] * 9 + [success]
    for _, values in answers:
        assert len(values.get("records", ())) <= 10
        assert values.get("size", 0) <= 12500


def test_the_records_are_the_site() -> None:
    floor = Floor(agents=33, skill_groups=12)
    agent = floor.login(2, terminal="SEP000")
    answers = download(floor)
    peripheral = floor.site.peripherals[PERIPHERAL]
    agents = records(answers, "CONFIG_AGENT_EVENT")
    assert [a["LoginID"] for a in agents] == list(peripheral.agents)
    mine = agents[2]
    assert (mine["FirstName"], mine["LastName"]) == (agent.first_name, agent.last_name)
    assert mine["FltSkillGroupNumber"] == [m.group.number for m in agent.memberships]
    assert mine["NumSkills"] == len(agent.memberships)
    assert (mine["Extension"], mine["ActiveTerminal"]) == ("20003", "SEP000")
    assert (mine["FltAgentMRDID"], mine["FltAgentMRDState"]) == ([1], [agent.state])
    assert agents[1]["NumMRDs"] == 0
    assert [a["AgentType"] for a in agents[:3]] == [1, 0, 0]
    groups = records(answers, "CONFIG_SKILL_GROUP_EVENT")
    assert [g["SkillGroupSkillTargetID"] for g in groups] == [
        g.id for g in peripheral.skill_groups.values()
    ]
    services = records(answers, "CONFIG_SERVICE_EVENT")
    assert [s["ServiceMember"] for s in services] == [
        s.skill_groups for s in peripheral.services.values()
    ]
    devices = records(answers, "CONFIG_DEVICE_EVENT")
    phones = [
        d["Extension"]
        for d in devices
        if d["DeviceType"] == ConfigDeviceType.AGENT_DEVICE_EXTENSION
    ]
    assert phones == [d.extension for d in peripheral.devices.values()]
    assert len(records(answers, "CONFIG_CALL_TYPE_EVENT")) == len(peripheral.services)
    (domain,) = records(answers, "CONFIG_MRD_EVENT")
    assert (domain["FltMRDomainID"], domain["FltEnterpriseName"]) == (1, "Cisco_Voice")
    terminals = records(answers, "CONFIG_TERMINAL_EVENT")
    assert [t["Instrument"] for t in terminals] == [[i] for i in peripheral.devices]
    (desk,) = records(answers, "CONFIG_AGENT_DESK_SETTINGS_EVENT")
    assert desk["FltDeskSettingsMask"] == agent.desk.mask


@pytest.mark.parametrize(
    ("version", "lacking"),
    [
        (19, {"CONFIG_MRD_EVENT", "CONFIG_PERIPHERAL_EVENT", "CONFIG_TERMINAL_EVENT"}),
        (20, {"CONFIG_PERIPHERAL_EVENT", "CONFIG_TERMINAL_EVENT"}),
        (22, {"CONFIG_TERMINAL_EVENT"}),
        (24, set()),
    ],
)
def test_older_versions_get_what_they_have(version: int, lacking: set[str]) -> None:
    floor = Floor()
    floor.agent(0).login_name = "x" * 60
    answers = download(floor, version=version)
    assert not lacking & {name for name, _ in answers}
    name = records(answers, "CONFIG_AGENT_EVENT")[0]["LoginName"]
    assert len(name) == (31 if version < 20 else 60)
    assert answers[-1][1]["ConfigEndStatus"] == ConfigEndStatus.CONFIGEND_SUCCESS


def test_many_skills_stay_within_the_size_of_a_message() -> None:
    floor = Floor(agents=20, skill_groups=120, groups_per_agent=120)
    for agent in floor.site.agents():
        agent.description = "d" * 120
        agent.login_name = "n" * 250
    answers = download(floor, Item.AGENT)
    agents = records(answers, "CONFIG_AGENT_EVENT")
    assert len(agents) == 20
    assert {a["NumSkills"] for a in agents} == {100}
    sizes = [v["size"] for n, v in answers if n == "CONFIG_AGENT_EVENT"]
    assert max(sizes) <= 12500
    old = records(download(floor, Item.AGENT, version=19), "CONFIG_AGENT_EVENT")
    assert {len(a["FltSkillGroupNumber"]) for a in old} == {63}


def test_ten_records_that_are_too_large_go_in_more_messages() -> None:
    record = {
        "RecordType": 0,
        "LoginID": "1" * 63,
        "OldLoginID": "2" * 63,
        "LoginName": "n" * 254,
        "LastName": "l" * 31,
        "FirstName": "f" * 31,
        "ActiveTerminal": "t" * 63,
        "Description": "d" * 127,
        "FltSkillGroupNumber": list(range(100)),
        "FltSkillGroupPriority": [0] * 100,
    }
    parts = list(messages("CONFIG_AGENT_EVENT", [record] * 25))
    sizes = [len(encode_message(name, values)) for name, values in parts]
    assert [len(values["records"]) for _, values in parts] == [9, 9, 7]
    assert sizes[0] <= 12500 < sizes[0] * 10 // 9


def test_one_item_nothing_and_nonsense() -> None:
    floor = Floor()
    names = [name for name, _ in download(floor, Item.SKILL_GROUP)]
    assert names == ["CONFIG_BEGIN_EVENT", "CONFIG_SKILL_GROUP_EVENT", "CONFIG_END_EVENT"]
    assert download(floor, 0) == []
    ((name, values),) = download(floor, 0x400)
    assert (name, values["ConfigEndStatus"]) == ("CONFIG_END_EVENT", 3)
    ((name, values),) = download(floor, Item.AGENT_SERVICE)
    assert (name, values["ConfigEndStatus"]) == ("CONFIG_END_EVENT", 4)
    unknown = floor.refused("CONFIG_REQUEST_KEY_EVENT", PeripheralID=1)
    assert unknown == (0, StatusCode.E_CTI_INVALID_PERIPHERAL_ID)


def test_keys() -> None:
    floor = Floor()
    first = keys(floor)
    assert len(first) == 7
    assert all(len(key) == 8 and key != bytes(8) for key in first.values())
    assert keys(floor) == first == keys(Floor())
    assert len(keys(floor, version=19)) == 5
    # What agents do is no configuration.
    floor.login(ready=True)
    floor.site.config_keys.clear()
    assert keys(floor) == first
    begin = download(floor, Item.CALL_TYPE)[0][1]
    assert begin["CallTypeConfigKey"] == first["CallTypeConfigKey"]
    assert keys(Floor(agents=5))["AgentConfigKey"] != first["AgentConfigKey"]


def update(floor: Floor) -> tuple[str, dict[str, Any]]:
    """The only record of the only block since the log was cleared."""
    config = [e for e in floor.events if e.name.startswith("CONFIG_")]
    begin, body, end = config
    assert (begin.name, end.name) == ("CONFIG_BEGIN_EVENT", "CONFIG_END_EVENT")
    assert begin.values["ConfigType"] == ConfigType.UNSOLICITED
    assert end.values["ConfigEndStatus"] == 0
    for event in config:
        assert event.audience.kind == "config"
        assert event.audience.config == begin.values["ConfigInformation"]
    (record,) = body.values["records"]
    floor.events.clear()
    return body.name, record


def test_an_agent_comes_changes_and_goes() -> None:
    floor = Floor()
    configuration = Configuration(floor.site, floor.engine)
    before = keys(floor)
    agent = configuration.add_agent(PERIPHERAL, "Ines", "Novak", groups=[2])
    name, record = update(floor)
    assert (name, record["RecordType"], record["LoginID"]) == ("CONFIG_AGENT_EVENT", 0, "1005")
    assert record["FltSkillGroupNumber"] == [2]
    after = keys(floor)
    assert {n for n in before if before[n] != after[n]} == {"AgentConfigKey"}
    assert agent in floor.group(2).members

    configuration.change_agent(agent, agent_id="2000", last_name="Costa")
    _, record = update(floor)
    assert (record["RecordType"], record["LoginID"], record["OldLoginID"]) == (1, "2000", "1005")
    assert floor.site.peripherals[PERIPHERAL].agents["2000"] is agent
    with pytest.raises(ValueError, match="exists"):
        configuration.change_agent(agent, agent_id="1001")

    device = configuration.add_device(PERIPHERAL, "30000")
    assert update(floor)[0] == "CONFIG_DEVICE_EVENT"
    floor.engine.login(agent, device)
    floor.events.clear()
    configuration.remove_agent(agent)
    assert floor.states(agent) == [LOGOUT]
    _, record = update(floor)
    assert (record["RecordType"], record["LoginID"]) == (2, "2000")
    assert agent not in floor.group(2).members
    assert keys(floor) == {**before, "DeviceConfigKey": keys(floor)["DeviceConfigKey"]}


def test_refused_changes_change_nothing() -> None:
    floor = Floor()
    configuration = Configuration(floor.site, floor.engine)
    with pytest.raises(ValueError, match="no skill group 9"):
        configuration.add_agent(PERIPHERAL, "A", "B", groups=[9])
    with pytest.raises(ValueError, match="exists"):
        configuration.add_agent(PERIPHERAL, "A", "B", agent_id="1001")
    with pytest.raises(ValueError, match="exists"):
        configuration.add_device(PERIPHERAL, "20001")
    with pytest.raises(ValueError, match="exists"):
        configuration.add_skill_group(PERIPHERAL, "x", number=1)
    floor.login()
    floor.events.clear()
    with pytest.raises(ValueError, match="logged in"):
        configuration.change_agent(floor.agent(), agent_id="77")
    assert floor.events == []
    assert len(floor.site.agents()) == 4


def test_skills_change_at_once() -> None:
    floor = Floor(skill_groups=3, groups_per_agent=1)
    configuration = Configuration(floor.site, floor.engine)
    agent = floor.login(ready=True)
    old = agent.memberships[0].group
    new = next(g for g in (floor.group(n) for n in (1, 2, 3)) if g is not old)
    call = floor.leg(agent, "in", old).alert().answer()
    floor.events.clear()
    configuration.change_skills(agent, [old.number, new.number])
    assert {m.group.number: m.state for m in agent.memberships} == {
        old.number: AgentState.AGENT_STATE_TALKING,
        new.number: BUSY_OTHER,
    }
    assert floor.states(agent) == [AgentState.AGENT_STATE_TALKING]
    floor.events = [e for e in floor.events if e.name != "AGENT_STATE_EVENT"]
    assert update(floor)[1]["NumSkills"] == 2
    call.end()
    floor.wait(30)
    assert floor.engine.available(new) == [agent]
    floor.wait(60)
    configuration.change_skills(agent, [new.number])
    floor.wait(60)
    assert floor.engine.available(old) == []
    values = floor.statistics.group_values(old)
    assert (values["AvailTimeToday"], values["AgentsLoggedOn"]) == (60, 0)
    assert floor.statistics.group_values(new)["AvailTimeToday"] == 120


def test_new_skills_of_an_available_agent_are_offered_to_routing() -> None:
    floor = Floor(skill_groups=2, groups_per_agent=1)
    agent = floor.login(ready=True)
    seen: list[object] = []
    floor.engine.on_available = seen.append
    Configuration(floor.site, floor.engine).change_skills(agent, [1, 2])
    assert seen == [agent]


def test_skill_groups_come_change_and_go() -> None:
    floor = Floor()
    configuration = Configuration(floor.site, floor.engine)
    group = configuration.add_skill_group(PERIPHERAL, "Chat")
    name, record = update(floor)
    assert (name, record["PeripheralNumber"]) == ("CONFIG_SKILL_GROUP_EVENT", 3)
    assert record["SkillGroupSkillTargetID"] == 6003
    configuration.change_skill_group(group, name="Mail", number=8)
    _, record = update(floor)
    assert (record["PeripheralNumber"], record["OldPeripheralNumber"]) == (8, 3)
    assert record["PeripheralName"] == "Mail"
    configuration.change_skills(floor.agent(), [1, 8])
    floor.events.clear()
    configuration.remove_skill_group(group)
    names = [e.name for e in floor.events if e.name.endswith("_EVENT")]
    assert names.count("CONFIG_AGENT_EVENT") == 1
    assert floor.told("CONFIG_SKILL_GROUP_EVENT")[0]["records"][0]["RecordType"] == 2
    assert [m.group.number for m in floor.agent().memberships] == [1]


def test_services_of_agents() -> None:
    floor = Floor()
    configuration = Configuration(floor.site, floor.engine)
    agent = floor.agent()
    for services, kind in (([1], 0), ([1, 2], 1), ([], 2)):
        configuration.set_agent_services(agent, services)
        name, record = update(floor)
        assert (name, record["RecordType"]) == ("CONFIG_AGENT_SERVICE_EVENT", kind)
        assert record["NumOfEnabledServices"] == len(services)


def test_desk_settings_change_for_all_who_have_them() -> None:
    floor = Floor()
    configuration = Configuration(floor.site, floor.engine)
    before = keys(floor)["AgentDeskSettingsConfigKey"]
    configuration.set_desk_settings(floor.agent().desk, work_mode_timer=5)
    name, record = update(floor)
    assert (name, record["RecordType"]) == ("CONFIG_AGENT_DESK_SETTINGS_EVENT", 1)
    assert {a.desk.work_mode_timer for a in floor.site.agents()} == {5}
    assert keys(floor)["AgentDeskSettingsConfigKey"] != before
    new = configuration.set_desk_settings(DeskSettings(id=5001))
    assert update(floor)[1]["RecordType"] == 0
    configuration.change_agent(floor.agent(), desk=new)
    assert update(floor)[1]["AgentDeskSettingsID"] == 5001


def team_events(floor: Floor) -> list[tuple[int, int, list[str], list[int]]]:
    """(TeamID, ConfigOperation, agents, flags) of each event since the last call."""
    found = [
        (v["TeamID"], v["ConfigOperation"], v["AtcAgentID"], v["AgentFlags"])
        for v in floor.told("AGENT_TEAM_CONFIG_EVENT")
    ]
    for event in floor.events:
        if event.name == "AGENT_TEAM_CONFIG_EVENT":
            assert (event.audience.kind, event.audience.team_id) == ("team", event.values["TeamID"])
    floor.events.clear()
    return found


def test_teams_change() -> None:
    floor = Floor(agents=4, teams_of=2)
    configuration = Configuration(floor.site, floor.engine)
    first, second = floor.site.teams[501], floor.site.teams[502]
    agent = floor.agent(1)
    configuration.move_to_team(agent, second)
    assert team_events(floor) == [(501, 2, ["1002"], [0]), (502, 1, ["1002"], [0])]
    assert (agent.team, agent in first.agents, agent in second.agents) == (second, False, True)
    configuration.move_to_team(agent, second)
    assert team_events(floor) == []
    configuration.add_supervisor(second, agent)
    assert agent.is_supervisor
    assert floor.told("CONFIG_AGENT_EVENT")[0]["records"][0]["AgentType"] == 1
    assert team_events(floor) == [(502, 1, ["1002"], [4])]
    configuration.remove_supervisor(second, agent)
    assert not agent.is_supervisor
    assert team_events(floor) == [(502, 2, ["1002"], [4])]
    with pytest.raises(ValueError, match="no supervisor"):
        configuration.remove_supervisor(second, agent)
    new = configuration.add_agent(PERIPHERAL, "Yara", "Wolf", team=first)
    assert team_events(floor) == [(501, 1, [new.id], [0])]
    configuration.remove_agent(floor.agent(0))  # the primary supervisor of the first team
    assert team_events(floor)[0] == (501, 2, ["1001"], [5])
    assert first.supervisors == []
