"""SET_AGENT_STATE_REQ and the queries of agents and devices."""

from __future__ import annotations

from typing import Any

import pytest
from sim_agent_kit import PERIPHERAL, Floor, desktop

from fastcil.ged188.enums import (
    AgentDeskSettingsMask,
    AgentState,
    AgentWorkMode,
    ControlFailureCode,
    ControlRequestMask,
    StatusCode,
    TypeOfDevice,
)
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.simulator.agent_desk import DeskSettings, ReasonCode, SiteRules
from fastcil.simulator.handlers import HANDLERS

LOGIN, LOGOUT = AgentState.AGENT_STATE_LOGIN, AgentState.AGENT_STATE_LOGOUT
NOT_READY, AVAILABLE = AgentState.AGENT_STATE_NOT_READY, AgentState.AGENT_STATE_AVAILABLE


def state_request(state: int, **values: Any) -> dict[str, Any]:
    return {
        "AgentState": int(state),
        "AgentWorkMode": 0,
        "EventReasonCode": 0,
        "ForcedFlag": 0,
        "AgentServiceReq": 0,
        **values,
    }


def login_request(floor: Floor, index: int = 0, **values: Any) -> dict[str, Any]:
    agent = floor.agent(index)
    device = list(floor.site.peripherals[PERIPHERAL].devices.values())[index]
    given = {
        "AgentInstrument": device.instrument,
        "AgentID": agent.id,
        "AgentPassword": agent.password,
    }
    return state_request(LOGIN, **{**given, **values})


SET = "SET_AGENT_STATE_REQ"


def test_login_ready_not_ready_logout() -> None:
    floor = Floor()
    agent = floor.agent()
    ask = floor.ask
    client = desktop(floor, 0, agent=False)
    assert ask(SET, client, **login_request(floor))[0][0] == "SET_AGENT_STATE_CONF"
    assert (agent.state, agent.client_signature) == (NOT_READY, "Desk 0")
    at = {"AgentInstrument": agent.device.instrument if agent.device else ""}
    ask(SET, **state_request(AVAILABLE, **at))
    assert agent.state == AVAILABLE
    ask(SET, **state_request(NOT_READY, EventReasonCode=12, **at))
    assert (agent.state, agent.reason) == (NOT_READY, 12)
    ask(SET, **state_request(LOGOUT, EventReasonCode=3, AgentID=agent.id, **at))
    assert (agent.state, agent.reason) == (LOGOUT, 3)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"AgentID": None}, (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)),
        ({"AgentPassword": None}, (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)),
        ({"AgentInstrument": None}, (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)),
        ({"AgentID": "4711"}, (Extended.CF_INVALID_AGENT_ID_SPECIFIED, 0)),
        ({"AgentPassword": "no"}, (Extended.CF_INVALID_PASSWORD_SPECIFIED, 0)),
        ({"AgentInstrument": "9"}, (Extended.CF_INVALID_LOGON_DEVICE_SPECIFIED, 0)),
        ({"AgentInstrument": "20001;555"}, (Extended.CF_INVALID_LOGON_DEVICE_SPECIFIED, 0)),
        ({"AgentWorkMode": 17}, (Extended.CF_INVALID_AGENT_WORKMODE, 0)),
        ({"PeripheralID": 1}, (0, StatusCode.E_CTI_INVALID_PERIPHERAL_ID)),
        (
            {"NumSkillGroups": 2, "SkillGroupNumber": [1]},
            (0, StatusCode.E_CTI_INVALID_NUM_SKILL_GROUPS),
        ),
        ({"SkillGroupNumber": [77]}, (Extended.CF_INVALID_SKILL_GROUP_SPECIFIED, 0)),
    ],
)
def test_logins_that_are_refused(values: dict[str, Any], expected: tuple[int, int]) -> None:
    floor = Floor()
    assert floor.refused(SET, **login_request(floor, **values)) == expected
    assert floor.agent().state == LOGOUT
    assert floor.events == []


def test_a_position_can_be_required() -> None:
    floor = Floor(rules=SiteRules(position_required=True))
    missing = floor.refused(SET, **login_request(floor))
    assert missing == (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)
    floor.ask(SET, **login_request(floor, PositionID="P7"))
    assert floor.agent().position_id == "P7"


def test_single_sign_on_stands_in_for_the_password() -> None:
    floor = Floor(rules=SiteRules(sso=True))
    agent = floor.agent()
    asked = login_request(floor, AgentPassword=None, SSOEnabled=1)
    assert floor.refused(SET, **asked)[0] == Extended.CF_INVALID_PASSWORD_SPECIFIED
    agent.sso = True
    floor.ask(SET, **asked)
    assert agent.state == NOT_READY


def test_a_remote_agent_gives_his_number() -> None:
    floor = Floor()
    mode = int(AgentWorkMode.RA_CALL_BY_CALL)
    asked = login_request(floor, AgentInstrument="20001;5551234", AgentWorkMode=mode)
    floor.ask(SET, **asked)
    agent = floor.agent()
    assert (agent.state, agent.remote_number, agent.work_mode) == (NOT_READY, "5551234", mode)


def test_authentication_only() -> None:
    floor = Floor()
    asked = login_request(floor, ForcedFlag=2, AgentInstrument=None)
    assert floor.ask(SET, **asked)[0][0] == "SET_AGENT_STATE_CONF"
    wrong = login_request(floor, ForcedFlag=2, AgentPassword="no")
    assert floor.refused(SET, **wrong)[0] == Extended.CF_INVALID_PASSWORD_SPECIFIED
    assert (floor.agent().state, floor.events) == (LOGOUT, [])


def test_forced_login_and_logout() -> None:
    floor = Floor(
        desk=DeskSettings(mask=int(AgentDeskSettingsMask.DESK_LOGOUT_REASON_REQUIRED_MASK))
    )
    first, second = floor.login(0, ready=True), floor.agent(1)
    asked = login_request(floor, 1, AgentInstrument="20001")
    assert floor.refused(SET, **asked)[0] == Extended.CF_SPECIFIED_EXTENSION_ALREADY_IN_USE
    floor.ask(SET, **{**asked, "ForcedFlag": 1})
    assert (first.state, second.state) == (LOGOUT, NOT_READY)
    out = state_request(LOGOUT, AgentID=second.id)
    assert floor.refused(SET, **out)[0] == Extended.CF_REASON_CODE_REQUIRED
    wrong = floor.refused(SET, **{**out, "AgentPassword": "no", "ForcedFlag": 1})
    assert wrong[0] == Extended.CF_INVALID_PASSWORD_SPECIFIED
    floor.ask(SET, **{**out, "ForcedFlag": 1})
    assert second.state == LOGOUT


def test_who_may_set_whose_state() -> None:
    floor = Floor(agents=6, teams_of=3)
    for index in range(6):
        floor.login(index)
    supervisor, member, stranger = (desktop(floor, i) for i in (0, 1, 3))
    target = floor.agent(1)
    ready = state_request(AVAILABLE, AgentID=target.id)
    privilege = ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE
    assert floor.refused(SET, client=stranger, **ready) == (privilege, 0)
    assert floor.refused(SET, client=desktop(floor, 2), **ready) == (privilege, 0)
    floor.ask(SET, member, **ready)
    assert target.state == AVAILABLE
    target.desk = DeskSettings(mask=int(AgentDeskSettingsMask.DESK_IDLE_REASON_REQUIRED_MASK))
    not_ready = state_request(NOT_READY, AgentID=target.id)
    refused = floor.refused(SET, client=member, **not_ready)
    assert refused[0] == Extended.CF_REASON_CODE_REQUIRED
    floor.ask(SET, supervisor, **not_ready)
    assert (target.state, target.reason) == (NOT_READY, ReasonCode.SUPERVISOR)
    floor.ask(SET, member, **ready)
    floor.ask(SET, supervisor, **state_request(LOGOUT, AgentID=target.id))
    assert (target.state, target.reason) == (LOGOUT, ReasonCode.SUPERVISOR)
    # His own device only, also to log in.
    away = {**login_request(floor, 1), "AgentInstrument": "20006"}
    floor.engine.logout(floor.agent(5))
    assert floor.refused(SET, client=desktop(floor, 1, agent=False), **away) == (privilege, 0)


def test_set_state_of_nobody_and_of_two() -> None:
    floor = Floor()
    floor.login(0)
    second = floor.login(1)
    nobody = state_request(AVAILABLE)
    assert floor.refused(SET, **nobody) == (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)
    two = state_request(AVAILABLE, AgentInstrument="20001", AgentID=second.id)
    assert floor.refused(SET, **two) == (0, StatusCode.E_CTI_INCONSISTENT_AGENT_DATA)
    free = state_request(AVAILABLE, AgentInstrument="20003")
    assert floor.refused(SET, **free) == (0, StatusCode.E_CTI_AGENT_NOT_LOGGED_ON)
    out = state_request(AVAILABLE, AgentID=floor.agent(2).id)
    assert floor.refused(SET, **out) == (ControlFailureCode.CF_INVALID_OBJECT_STATE, 0)
    odd = state_request(99, AgentInstrument="20001")
    assert floor.refused(SET, **odd) == (ControlFailureCode.CF_VALUE_OUT_OF_RANGE, 0)
    floor.site.peripherals[PERIPHERAL].online = False
    off = state_request(AVAILABLE, AgentInstrument="20001")
    assert floor.refused(SET, **off) == (ControlFailureCode.CF_RESOURCE_OUT_OF_SERVICE, 0)


def test_query_agent_state() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    floor.engine.reserve(agent, floor.group(2))
    assert agent.device is not None
    queries = [
        {"ICMAgentID": agent.icm_id},
        {"ICMAgentID": -1, "AgentID": agent.id},
        {"ICMAgentID": 0, "AgentInstrument": agent.device.instrument},
        {"ICMAgentID": 0, "AgentExtension": agent.device.extension},
    ]
    for query in queries:
        answer = floor.one("QUERY_AGENT_STATE_REQ", MRDID=1, **query)
        assert answer["AgentState"] == AgentState.AGENT_STATE_RESERVED
        assert answer["SkillGroupNumber"] == [1, 2]
        busy, reserved = AgentState.AGENT_STATE_BUSY_OTHER, AgentState.AGENT_STATE_RESERVED
        assert answer["SkillGroupState"] == [busy, reserved]
        assert (answer["ICMAgentID"], answer["NumTasks"]) == (agent.icm_id, 1)
        assert answer["AgentID"] == agent.id
    nobody = floor.one("QUERY_AGENT_STATE_REQ", MRDID=1, ICMAgentID=0, AgentInstrument="20003")
    assert nobody["AgentState"] == LOGOUT
    assert "AgentID" not in nobody
    floor.engine.release_reservation(agent)
    available = floor.one("QUERY_AGENT_STATE_REQ", MRDID=1, ICMAgentID=agent.icm_id)
    assert (available["AgentAvailabilityStatus"], available["InternalAgentState"]) == (1, 3)


def test_query_agent_state_refused() -> None:
    floor = Floor()
    ask = "QUERY_AGENT_STATE_REQ"
    domain = floor.refused(ask, MRDID=8, ICMAgentID=10001)
    assert domain == (0, StatusCode.E_CTI_INVALID_MR_DOMAIN)
    nothing = floor.refused(ask, MRDID=1, ICMAgentID=0)
    assert nothing == (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)
    unknown = floor.refused(ask, MRDID=1, ICMAgentID=3)
    assert unknown == (Extended.CF_INVALID_AGENT_ID_SPECIFIED, 0)
    device = floor.refused(ask, MRDID=1, ICMAgentID=0, AgentInstrument="9")
    assert device == (ControlFailureCode.CF_INVALID_CSTA_DEVICE_IDENTIFIER, 0)


def test_query_device_info() -> None:
    floor = Floor()
    ask = "QUERY_DEVICE_INFO_REQ"
    answer = floor.one(ask, Reserved=0, AgentInstrument="20001")
    assert answer["TypeOfDevice"] == TypeOfDevice.DEVT_STATION
    assert answer["PeripheralType"] == floor.site.peripherals[PERIPHERAL].type
    for bit in ControlRequestMask:
        answered = f"{bit.name.removeprefix('CONTROL_')}_REQ" in HANDLERS
        assert bool(answer["CallControlSupported"] & bit) == answered
    assert answer["CallControlSupported"] & ControlRequestMask.CONTROL_MAKE_CALL
    assert (answer["NumLines"], answer["LineHandle"], answer["LineType"]) == (1, [1], [0])
    reserved = floor.refused(ask, Reserved=1, AgentInstrument="20001")
    assert reserved == (0, StatusCode.E_CTI_INVALID_RESERVED_FIELD)
    assert floor.refused(ask, Reserved=0) == (0, StatusCode.E_CTI_REQUIRED_DATA_MISSING)
    unknown = floor.refused(ask, Reserved=0, AgentInstrument="1")
    assert unknown[0] == ControlFailureCode.CF_INVALID_CSTA_DEVICE_IDENTIFIER
