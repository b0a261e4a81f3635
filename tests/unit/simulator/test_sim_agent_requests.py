"""The requests about statistics, teams, messages, services and settings."""

from __future__ import annotations

from typing import Any

import pytest
from sim_agent_kit import PERIPHERAL, Floor, desktop

from fastcil.ged188 import NULL_UINT, NULL_USHORT
from fastcil.ged188.enums import (
    AgentState,
    ServerMode,
    StatusCode,
    WrapupDataMode,
)
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.simulator import agent_services
from fastcil.simulator.agent_desk import DeskSettings
from fastcil.simulator.model import Agent, RequestError, Team
from fastcil.simulator.requests import ClientInfo

LOGIN, LOGOUT = AgentState.AGENT_STATE_LOGIN, AgentState.AGENT_STATE_LOGOUT
NOT_READY, AVAILABLE = AgentState.AGENT_STATE_NOT_READY, AgentState.AGENT_STATE_AVAILABLE


def test_query_statistics() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    floor.wait(90)
    ask = "QUERY_AGENT_STATISTICS_REQ"
    for version in (9, 19, 25):
        answer = floor.one(ask, AgentID=agent.id, version=version)
        assert (answer["AvailTimeSession"], answer["AgentInstrument"]) == (90, "20001")
    own = floor.one(ask, client=desktop(floor, 0))
    assert own["AgentID"] == agent.id
    assert floor.refused(ask) == (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)
    out = floor.refused(ask, AgentID=floor.agent(1).id)
    assert out == (0, StatusCode.E_CTI_AGENT_NOT_LOGGED_ON)


@pytest.mark.parametrize(
    ("number", "identity", "status"),
    [
        (1, NULL_UINT, 0),
        (NULL_UINT, 6001, 0),
        (1, 6001, 0),
        (1, 6002, StatusCode.E_CTI_SKILL_GROUP_CONFLICT),
        (9, NULL_UINT, StatusCode.E_CTI_INVALID_SKILL_GROUP),
        (NULL_UINT, NULL_UINT, StatusCode.E_CTI_INVALID_SKILL_GROUP),
        (NULL_UINT, 1, StatusCode.E_CTI_INVALID_SKILL_GROUP),
    ],
)
def test_query_skill_group_statistics(number: int, identity: int, status: int) -> None:
    floor = Floor()
    floor.login(ready=True)
    floor.wait(60)
    asked = {"SkillGroupNumber": number, "SkillGroupID": identity}
    ask = "QUERY_SKILL_GROUP_STATISTICS_REQ"
    if status:
        assert floor.refused(ask, **asked) == (0, status)
        return
    answer = floor.one(ask, **asked)
    assert (answer["SkillGroupNumber"], answer["SkillGroupID"]) == (1, 6001)
    assert (answer["AgentsAvail"], answer["AvailTimeToday"]) == (1, 60)


def test_list_agent_team() -> None:
    floor = Floor(agents=4, teams_of=2)
    ask = "LIST_AGENT_TEAM_REQ"
    supervisor = floor.agent(0)
    ((_, answer),) = floor.ask(ask, SupervisorID=supervisor.icm_id)
    assert (answer["TeamID"], answer["SegmentNumber"], answer["More"]) == ([501], 1, 0)
    for number in range(600, 730):
        floor.site.teams[number] = Team(number, f"T{number}", PERIPHERAL, [], [supervisor])
    answers = [values for _, values in floor.ask(ask, SupervisorID=supervisor.icm_id)]
    assert [a["NumberOfAgentTeams"] for a in answers] == [64, 64, 3]
    assert [a["SegmentNumber"] for a in answers] == [1, 2, 3]
    assert [a["More"] for a in answers] == [1, 1, 0]
    assert [n for a in answers for n in a["TeamID"]] == [501, *range(600, 730)]
    plain = floor.refused(ask, SupervisorID=floor.agent(1).icm_id)
    assert plain == (0, StatusCode.E_CTI_SUPERVISOR_NOT_FOUND)


def sent_to(floor: Floor) -> set[int]:
    (event,) = [e for e in floor.events if e.name == "USER_MESSAGE_EVENT"]
    assert event.audience.kind == "client"
    return set(event.audience.sessions)


def test_user_messages() -> None:
    floor = Floor(agents=6, teams_of=3)
    for index in range(6):
        floor.login(index)
    clients = [desktop(floor, index, index + 1) for index in range(6)]
    clients.append(ClientInfo(9, client_id="wallboard", all_events=True))
    ask = "USER_MESSAGE_REQ"
    expected: list[tuple[int, ClientInfo, dict[str, Any], set[int]]] = [
        (0, clients[1], {"ClientID": "wallboard"}, {9}),
        (1, clients[1], {}, {1}),
        (2, clients[1], {}, {1, 3}),
        (3, clients[1], {}, {1, 3, 4, 5, 6, 9}),
        (1, clients[6], {"AgentID": floor.agent(4).id}, {4}),
        (2, clients[6], {"AgentInstrument": "20005"}, {4, 5, 6}),
    ]
    for distribution, client, extra, sessions in expected:
        floor.events.clear()
        floor.ask(ask, client, clients, Distribution=distribution, Text="coffee?", **extra)
        assert sent_to(floor) == sessions
        told = floor.told("USER_MESSAGE_EVENT")[0]
        assert (told["ClientID"], told["Text"]) == (client.client_id, "coffee?")
        assert (told["Distribution"], told["ICMCentralControllerTime"]) == (
            distribution,
            floor.clock.time,
        )


def test_user_messages_refused() -> None:
    floor = Floor(agents=4, teams_of=2)
    floor.login(1)
    clients = [desktop(floor, 1)]
    ask = "USER_MESSAGE_REQ"

    def status(distribution: int, **values: Any) -> int:
        return floor.refused(
            ask, client=clients[0], clients=clients, Distribution=distribution, **values
        )[1]

    assert status(0, Text="x") == StatusCode.E_CTI_REQUIRED_DATA_MISSING
    assert status(0, Text="x", ClientID="who") == StatusCode.E_CTI_CLIENT_NOT_FOUND
    assert status(1, Text="x") == StatusCode.E_CTI_SUPERVISOR_NOT_FOUND
    assert status(4, Text="x") == StatusCode.E_CTI_INVALID_DISTRIBUTION_TYPE
    assert status(3) == StatusCode.E_CTI_REQUIRED_DATA_MISSING
    floor.agent(1).team = None
    assert status(2, Text="x") == StatusCode.E_CTI_TEAM_NOT_FOUND
    assert floor.told("USER_MESSAGE_EVENT") == []


def test_register_variables() -> None:
    floor = Floor()
    client = ClientInfo(1)
    ask = "REGISTER_VARIABLES_REQ"
    floor.ask(
        ask,
        client,
        CallVariableMask=0x201,
        NamedVariable=[("user.account", "")],
        NamedArray=[(3, "user.history", "ignored")],
    )
    assert client.call_variable_mask == 0x201
    assert client.named_variables == {"user.account"}
    assert client.named_arrays == {("user.history", i) for i in range(10)}


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"CallVariableMask": 0x400}, StatusCode.E_CTI_INVALID_CALL_VARIABLE_MASK),
        ({"NamedVariable": [("nix", "")]}, StatusCode.E_CTI_NAMED_VARIABLE_NOT_CONFIGURED),
        ({"NamedArray": [(0, "nix", "")]}, StatusCode.E_CTI_NAMED_ARRAY_NOT_CONFIGURED),
        ({"NamedVariable": [("user.history", "")]}, StatusCode.E_CTI_SCALAR_FUNCTION_ON_ARRAY),
        ({"NamedArray": [(0, "user.account", "")]}, StatusCode.E_CTI_ARRAY_FUNCTION_ON_SCALAR),
        ({"NumNamedVariables": 1}, StatusCode.E_CTI_INVALID_NUM_NAMED_VARIABLES),
        ({"NumNamedArrays": 1}, StatusCode.E_CTI_INVALID_NUM_NAMED_ARRAYS),
    ],
)
def test_register_variables_refused(values: dict[str, Any], status: int) -> None:
    floor = Floor()
    client = ClientInfo(1)
    refused = floor.refused(
        "REGISTER_VARIABLES_REQ", client=client, **{"CallVariableMask": 1, **values}
    )
    assert refused == (0, status)
    assert client.call_variable_mask is None


def test_services_of_server_applications() -> None:
    floor = Floor()
    site = floor.site
    name = agent_services.CALL_RECORDING

    def register(session: int, mode: ServerMode) -> int:
        values = {"ServiceName": name, "ServerMode": int(mode)}
        answer = floor.one("REGISTER_SERVICE_REQ", client=ClientInfo(session), **values)
        return int(answer["RegisteredServiceID"])

    with pytest.raises(RequestError):
        agent_services.select(site, name)
    first = register(1, ServerMode.ROUND_ROBIN)
    register(2, ServerMode.ROUND_ROBIN)
    assert [agent_services.select(site, name) for _ in range(3)] == [[1], [2], [1]]
    with pytest.raises(RequestError):
        register(3, ServerMode.PARALLEL)
    unregister = "UNREGISTER_SERVICE_REQ"
    other = floor.refused(unregister, client=ClientInfo(2), RegisteredServiceID=first)
    assert other == (0, StatusCode.E_CTI_INVALID_SERVICE)
    floor.ask(unregister, ClientInfo(1), RegisteredServiceID=first)
    assert agent_services.select(site, name) == [2]
    agent_services.close_session(site, 2)
    register(3, ServerMode.EXCLUSIVE)
    with pytest.raises(RequestError):
        register(4, ServerMode.EXCLUSIVE)
    assert agent_services.select(site, name) == [3]
    agent_services.close_session(site, 3)
    for session in (5, 6):
        register(session, ServerMode.PARALLEL)
    assert agent_services.select(site, name) == [5, 6]
    odd = floor.refused("REGISTER_SERVICE_REQ", ServiceName="x", ServerMode=3)
    assert odd == (Extended.CF_INVALID_PARAMETER, 0)
    nameless = floor.refused("REGISTER_SERVICE_REQ", ServerMode=0)
    assert nameless == (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)


def test_agent_desk_settings() -> None:
    floor = Floor()
    agent = floor.agent(1)
    agent.desk = DeskSettings(
        mask=0x21, wrapup_outgoing=WrapupDataMode.NOT_ALLOWED, work_mode_timer=77, play_zip_tone=1
    )
    ask = "AGENT_DESK_SETTINGS_REQ"
    answer = floor.one(ask, AgentID=agent.id)
    assert (answer["DeskSettingsMask"], answer["WorkModeTimer"]) == (0x21, 77)
    assert (answer["WrapupDataOutgoingMode"], answer["PlayZipTone"]) == (2, 1)
    assert floor.one(ask, client=desktop(floor, 1))["WorkModeTimer"] == 77
    assert floor.one(ask)["WorkModeTimer"] == 30
    unknown = floor.refused(ask, AgentID="nobody")
    assert unknown == (Extended.CF_INVALID_AGENT_ID_SPECIFIED, 0)
    assert "PlayZipTone" not in floor.one(ask, AgentID=agent.id, version=23)


def device_request(**values: Any) -> dict[str, Any]:
    return {
        "ServiceNumber": NULL_UINT,
        "ServiceID": NULL_UINT,
        "SkillGroupNumber": NULL_UINT,
        "SkillGroupID": NULL_UINT,
        "SkillGroupPriority": 0,
        "CallType": NULL_USHORT,
        "CallingDeviceType": 0,
        "CallingDeviceID": "20001",
        **values,
    }


def test_set_device_attributes() -> None:
    floor = Floor()
    floor.ask("SET_DEVICE_ATTRIBUTES_REQ", **device_request(ServiceNumber=2, SkillGroupID=6001))
    device = floor.site.peripherals[PERIPHERAL].devices["20001"]
    assert device.attributes == {
        "ServiceNumber": 2,
        "ServiceID": 7002,
        "SkillGroupNumber": 1,
        "SkillGroupID": 6001,
        "SkillGroupPriority": 0,
        "CallType": NULL_USHORT,
    }


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"CallingDeviceID": None}, StatusCode.E_CTI_REQUIRED_DATA_MISSING),
        ({"CallingDeviceID": "1"}, StatusCode.E_CTI_INVALID_DEVICE),
        ({"ServiceNumber": 44}, StatusCode.E_CTI_INVALID_SERVICE),
        ({"ServiceNumber": 1, "ServiceID": 7002}, StatusCode.E_CTI_SERVICE_CONFLICT),
        ({"SkillGroupNumber": 44}, StatusCode.E_CTI_INVALID_SKILL_GROUP),
        ({"SkillGroupNumber": 1, "SkillGroupID": 6002}, StatusCode.E_CTI_SKILL_GROUP_CONFLICT),
        ({"CallType": 1000}, StatusCode.E_CTI_INVALID_CALL_TYPE),
    ],
)
def test_set_device_attributes_refused(values: dict[str, Any], status: int) -> None:
    floor = Floor()
    refused = floor.refused("SET_DEVICE_ATTRIBUTES_REQ", **device_request(**values))
    assert refused == (0, status)
    assert floor.site.peripherals[PERIPHERAL].devices["20001"].attributes == {}


def test_set_app_data() -> None:
    floor = Floor()
    ask = "SET_APP_DATA_REQ"
    floor.ask(ask, ApplicationPathID=5, CallVariable1="a", CallVariable10="j")
    floor.ask(ask, ApplicationPathID=5, CallVariable1="b", FltCallTypeID=8001)
    assert floor.site.app_data == {
        5: {"CallVariable1": "b", "CallVariable10": "j", "FltCallTypeID": 8001}
    }
    assert floor.refused(ask) == (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)


def test_client_event_reports() -> None:
    floor = Floor()
    ask = "CLIENT_EVENT_REPORT_REQ"
    floor.ask(ask, State=2, ObjectName="printer", Text="no paper")
    floor.ask(ask, State=0, Text="hello")
    floor.ask(ask, State=1, ObjectName="printer", Text="little paper")
    assert [r.text for r in floor.site.reports] == ["no paper", "hello", "little paper"]
    assert floor.site.alarms["printer"].state == 1
    bad = floor.refused(ask, State=3, Text="x")
    assert bad == (0, StatusCode.E_CTI_INVALID_OBJECT_STATE)
    assert floor.refused(ask, State=0) == (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)


def test_set_agent_service_data() -> None:
    floor = Floor()
    agent: Agent = floor.agent()
    ask = "SET_AGENT_SERVICE_DATA_REQ"
    keys = {"RouterCallKeyDay": 1, "RouterCallKey": 2, "RouterCallKeySequenceNumber": 0}

    def status(icm_id: int, **values: Any) -> int:
        answer = floor.one(ask, AgentSkillTargetID=icm_id, **keys, **values)
        return int(answer["Status"])

    assert status(agent.icm_id, NumOfEnabledServices=2, FltEnabledServices=[1, 2]) == 0
    assert agent.invoked_services == [1, 2]
    for _ in range(2):
        assert status(agent.icm_id, NumPositiveAnswersSuggestions=3) == 0
    assert agent.suggestions["NumPositiveAnswersSuggestions"] == 6
    assert status(4711) == StatusCode.E_CTI_INVALID_AGENT_DATA
    wrong = status(agent.icm_id, NumOfEnabledServices=3, FltEnabledServices=[1, 2])
    assert wrong == StatusCode.E_CTI_BAD_MESSAGE_FORMAT
    assert status(agent.icm_id, NumOfEnabledServices=0) == 0
    assert agent.invoked_services == []
