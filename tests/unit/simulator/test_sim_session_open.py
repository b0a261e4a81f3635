"""OPEN_REQ: who gets a session, what it is told, and which status refuses the others."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from sim_session_kit import NO_MESSAGES, Client, make_simulator

from fastcil.ged188 import NULL_UINT, encode_message
from fastcil.ged188.enums import AgentState, PeripheralType, SessionType, StatusCode
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.simulator import Simulator

CLIENT_EVENTS = int(Service.CTI_SERVICE_CLIENT_EVENTS)
DESK = {"ServicesRequested": CLIENT_EVENTS, "PeripheralID": 5000}


@pytest.fixture
def simulator() -> Simulator:
    return make_simulator()


def status_of(client: Client, message: Any) -> int:
    """The status of a refusal, which stands elsewhere from version 24 on."""
    assert message.name == "FAILURE_CONF", message
    field = "Status" if client.version < 24 else "FailureCode"
    return int(message[field])


@pytest.mark.parametrize("version", [9, 13, 14, 18, 19, 20, 22, 23, 24, 25])
def test_every_version_gets_its_own_confirmation(simulator: Simulator, version: int) -> None:
    client = Client(simulator.hub, version)
    found = client.open(InvokeID=77)
    assert found["InvokeID"] == 77
    assert found["ServicesGranted"] == Service.CTI_SERVICE_ALL_EVENTS
    assert found["MonitorID"] == 0
    assert found["ICMCentralControllerTime"] == simulator.site.clock.time
    assert found["PeripheralOnline"] == 1
    assert found["PeripheralType"] == PeripheralType.PT_ENTERPRISE_AGENT
    assert found["AgentState"] == AgentState.AGENT_STATE_UNKNOWN
    assert ("NumPeripherals" in found) == (version >= 14)
    assert ("DepartmentID" in found) == (version >= 19)
    assert ("SessionType" in found) == (version >= 24)
    if version >= 14:
        assert found["FltPeripheralID"] == [5000]
    if version >= 24:
        assert found["SessionType"] == SessionType.ACTIVE


def test_all_events_is_told_of_each_peripheral() -> None:
    simulator = make_simulator()
    client = Client(simulator.hub)
    client.open()
    assert [m.name for m in client.answers] == ["OPEN_CONF", "SYSTEM_EVENT"]
    assert client.answers[1].get_many("SystemEventID", "SystemEventArg1") == (3, 5000)
    simulator.control.peripheral_offline(5000)
    other = Client(simulator.hub, 9)
    assert other.open()["PeripheralOnline"] == 0
    assert other.answers[0]["PGStatus"] == 4
    assert other.answers[1].get_many("SystemEventID", "PGStatus") == (4, 4)


@pytest.mark.parametrize(("asked", "spoken"), [(8, 19), (0, 19), (20, 19), (25, 24), (4000, 25)])
def test_versions_that_are_not_spoken(asked: int, spoken: int) -> None:
    simulator = make_simulator(version=spoken)
    client = Client(simulator.hub, min(max(asked, 9), spoken))
    answer = client.try_open(VersionNumber=asked)
    assert status_of(client, answer) == StatusCode.E_CTI_INVALID_VERSION
    assert client.session.ending is not None
    assert not client.session.ending.reset
    assert client.session.finished


@pytest.mark.parametrize("version", [9, 19, 20, 25])
@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"IdleTimeout": 19}, StatusCode.E_CTI_INVALID_TIMEOUT),
        ({"ServicesRequested": 0x00004010}, StatusCode.E_CTI_INVALID_SERVICE_MASK),
        ({"AgentStateMask": 0x4000}, StatusCode.E_CTI_INVALID_AGENT_STATE_MASK),
        ({"ConfigMsgMask": 0x400}, StatusCode.E_INVALID_CONFIG_MSG_MASK),
        ({"Reserved2": 1}, StatusCode.E_CTI_INVALID_RESERVED_FIELD),
        ({"ClientID": None}, StatusCode.E_CTI_REQUIRED_DATA_MISSING),
        ({"ClientID": ""}, StatusCode.E_CTI_REQUIRED_DATA_MISSING),
        ({"ClientPassword": None}, StatusCode.E_CTI_REQUIRED_DATA_MISSING),
        ({"PeripheralID": 4711}, StatusCode.E_CTI_INVALID_PERIPHERAL_ID),
        ({**DESK, "PeripheralID": NULL_UINT}, StatusCode.E_CTI_INVALID_PERIPHERAL_ID),
        (DESK, StatusCode.E_CTI_REQUIRED_DATA_MISSING),
        ({**DESK, "AgentInstrument": "999"}, StatusCode.E_CTI_INVALID_AGENT_DATA),
        ({**DESK, "AgentExtension": "999"}, StatusCode.E_CTI_INVALID_AGENT_DATA),
        ({**DESK, "AgentID": "999"}, StatusCode.E_CTI_INVALID_AGENT_DATA),
        ({**DESK, "AgentID": "1004"}, StatusCode.E_CTI_AGENT_NOT_LOGGED_ON),
        (
            {**DESK, "AgentInstrument": "20001", "AgentExtension": "20002"},
            StatusCode.E_CTI_INCONSISTENT_AGENT_DATA,
        ),
        (
            {"ServicesRequested": int(Service.CTI_SERVICE_SUPERVISOR)},
            StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE,
        ),
    ],
)
def test_refusals(
    simulator: Simulator, version: int, values: dict[str, Any], status: StatusCode
) -> None:
    client = Client(simulator.hub, version)
    answer = client.try_open(InvokeID=5, **values)
    assert status_of(client, answer) == status
    assert answer["InvokeID"] == 5
    assert client.answers[1:] == NO_MESSAGES
    assert client.session.finished
    assert simulator.hub.sessions == {}


def test_an_agent_elsewhere_is_inconsistent(simulator: Simulator) -> None:
    simulator.actions.login("1002")
    client = Client(simulator.hub)
    answer = client.try_open(**DESK, AgentID="1002", AgentInstrument="20001")
    assert status_of(client, answer) == StatusCode.E_CTI_INCONSISTENT_AGENT_DATA
    client = Client(simulator.hub)
    answer = client.try_open(**DESK, AgentID="1003", AgentInstrument="20002")
    assert status_of(client, answer) == StatusCode.E_CTI_INCONSISTENT_AGENT_DATA


def test_passwords() -> None:
    simulator = make_simulator(passwords={"tester": "right", "other": "else"})
    for name, password, good in (
        ("tester", b"right", True),
        ("tester", b"right\0", True),
        ("tester", b"else", False),
        ("tester", b"", False),
        ("nobody", b"right", False),
    ):
        client = Client(simulator.hub)
        answer = client.try_open(ClientID=name, ClientPassword=password)
        if good:
            assert answer.name == "OPEN_CONF"
        else:
            assert status_of(client, answer) == StatusCode.E_CTI_INVALID_PASSWORD


def test_one_password_for_all() -> None:
    simulator = make_simulator(passwords="secret")
    assert Client(simulator.hub).try_open(ClientPassword=b"secret").name == "OPEN_CONF"
    assert Client(simulator.hub).try_open(ClientPassword=b"Secret").name == "FAILURE_CONF"


def test_a_desktop_is_told_of_its_agent(simulator: Simulator) -> None:
    client = Client(simulator.hub)
    found = client.open_desk("20002")
    assert found["AgentState"] == AgentState.AGENT_STATE_LOGOUT
    assert found["MonitorID"] != 0
    assert found["NumPeripherals"] == 0
    assert "AgentID" not in found
    simulator.actions.login("1003")
    other = Client(simulator.hub)
    found = other.open_desk("20003", AgentInstrument=None, AgentID="1003")
    assert found["AgentState"] == AgentState.AGENT_STATE_NOT_READY
    expected = ("1003", "20003", "20003")
    assert found.get_many("AgentID", "AgentExtension", "AgentInstrument") == expected


def test_services_that_are_not_offered_are_not_granted(simulator: Simulator) -> None:
    wanted = Service.CTI_SERVICE_ALL_EVENTS | Service.CTI_SERVICE_ALL_TASK_EVENTS
    found = Client(simulator.hub).open(ServicesRequested=int(wanted))
    assert found["ServicesGranted"] == Service.CTI_SERVICE_ALL_EVENTS


def test_agent_states_only() -> None:
    simulator = make_simulator(agent_state_control_only=True)
    client = Client(simulator.hub)
    found = client.open_desk("20001")
    assert not found["ServicesGranted"] & Service.CTI_SERVICE_CLIENT_CONTROL
    assert found["ServicesGranted"] & Service.CTI_AGENT_STATE_CONTROL_ONLY
    answer = client.ask(
        "QUERY_AGENT_STATE_REQ", PeripheralID=5000, MRDID=1, ICMAgentID=0, AgentID="1001"
    )
    assert answer.name == "QUERY_AGENT_STATE_CONF"
    answer = client.ask(
        "ANSWER_CALL_REQ",
        PeripheralID=5000,
        ConnectionCallID=1,
        ConnectionDeviceIDType=0,
        ConnectionDeviceID="20001",
    )
    assert status_of(client, answer) == StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE


def test_supervisors(simulator: Simulator) -> None:
    services = CLIENT_EVENTS | int(Service.CTI_SERVICE_SUPERVISOR)
    client = Client(simulator.hub)
    answer = client.try_open(**{**DESK, "ServicesRequested": services}, AgentInstrument="20001")
    assert status_of(client, answer) == StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE
    simulator.actions.login("1001")
    simulator.actions.login("1002")
    client = Client(simulator.hub)
    answer = client.try_open(**{**DESK, "ServicesRequested": services}, AgentInstrument="20002")
    assert status_of(client, answer) == StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE
    client = Client(simulator.hub)
    client.open(**{**DESK, "ServicesRequested": services}, AgentInstrument="20001")
    team = client.answers[1]
    assert team.name == "AGENT_TEAM_CONFIG_EVENT"
    assert team["AtcAgentID"] == [str(number) for number in range(1001, 1009)]


def test_a_device_has_one_client(simulator: Simulator) -> None:
    first = Client(simulator.hub)
    first.open_desk("20001", ClientID="one")
    other = Client(simulator.hub)
    answer = other.try_open(**DESK, AgentInstrument="20001", ClientID="two")
    assert status_of(other, answer) == StatusCode.E_CTI_DEVICE_IN_USE
    assert first.session.is_open


def test_the_same_client_again_ends_its_older_session(simulator: Simulator) -> None:
    first = Client(simulator.hub)
    first.open_desk("20001", ClientID="one")
    again = Client(simulator.hub)
    again.open_desk("20001", ClientID="one")
    (event,) = first.messages()
    assert event.name == "FAILURE_EVENT"
    assert event["Status"] == StatusCode.E_CTI_NEW_SESSION_OPENED
    assert first.session.finished
    assert list(simulator.hub.sessions) == [again.session.id]


def test_a_second_open_on_a_connection(simulator: Simulator) -> None:
    client = Client(simulator.hub)
    client.open()
    answer = client.try_open(InvokeID=9)
    assert status_of(client, answer) == StatusCode.E_CTI_SESSION_ALREADY_OPEN
    assert answer["InvokeID"] == 9
    assert client.session.is_open
    assert client.ask("HEARTBEAT_REQ").name == "HEARTBEAT_CONF"


@pytest.mark.parametrize("version", [9, 19, 20, 25])
def test_open_in_single_bytes_with_a_heartbeat_behind(simulator: Simulator, version: int) -> None:
    """The bytes behind OPEN_REQ are read at the version that it asked for."""
    client = Client(simulator.hub, version)
    data = client.open_request() + encode_message("HEARTBEAT_REQ", {"InvokeID": 2}, version=version)
    for at in range(len(data)):
        client.raw(data[at : at + 1])
    assert client.names() == ["OPEN_CONF", "SYSTEM_EVENT", "HEARTBEAT_CONF"]


def test_open_that_is_too_short_for_a_version(simulator: Simulator) -> None:
    client = Client(simulator.hub)
    client.raw(struct.pack(">III", 4, 3, 21))
    (answer,) = client.messages()
    assert status_of(client, answer) == StatusCode.E_CTI_BAD_MESSAGE_FORMAT
    assert answer["InvokeID"] == 21
    assert client.session.finished


def test_too_many_connections() -> None:
    simulator = make_simulator(max_connections=2)
    clients = [Client(simulator.hub) for _ in range(3)]
    (event,) = clients[2].messages()
    assert event["Status"] == StatusCode.E_CTI_CTI_SERVER_OFFLINE
    assert clients[2].session.finished
    clients[0].open()
    clients[1].session.lost()
    clients[2].session.lost()
    Client(simulator.hub).open()
