"""Who gets which event: services, masks and monitors."""

from __future__ import annotations

from typing import Any

import pytest
from sim_session_kit import ALL_CALLS, ALL_STATES, NO_MESSAGES, Client, make_simulator

from fastcil.ged188 import Message
from fastcil.ged188.enums import AgentState, AgentStateMask, StatusCode
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.simulator import Simulator

MONITOR = int(Service.CTI_SERVICE_PERIPHERAL_MONITOR)
SUPERVISOR = int(Service.CTI_SERVICE_SUPERVISOR | Service.CTI_SERVICE_CLIENT_EVENTS)


@pytest.fixture
def simulator() -> Simulator:
    return make_simulator()


def states(messages: list[Message]) -> list[tuple[str, AgentState]]:
    """(AgentID, state) of the AGENT_STATE_EVENTs, which must be all there is."""
    assert {m.name for m in messages} <= {"AGENT_STATE_EVENT"}
    return [(m["AgentID"], AgentState(m["AgentState"])) for m in messages]


def code(message: Message) -> int:
    return int(message["FailureCode"])


LOGIN, NOT_READY = AgentState.AGENT_STATE_LOGIN, AgentState.AGENT_STATE_NOT_READY
AVAILABLE = AgentState.AGENT_STATE_AVAILABLE


# -- agents ----------------------------------------------------------------------------------


def test_agent_states_reach_their_own_client_and_all_events(simulator: Simulator) -> None:
    bridge, desk, other = (Client(simulator.hub) for _ in range(3))
    bridge.open()
    bridge.messages()
    monitor = desk.open_desk("20002")["MonitorID"]
    other.open_desk("20003")
    simulator.actions.login("1002")
    told = bridge.messages()
    assert states(told) == [("1002", LOGIN), ("1002", NOT_READY)]
    assert {m["MonitorID"] for m in told} == {0}
    assert {m["SessionID"] for m in told} == {desk.session.id}
    own = desk.messages()
    assert states(own) == states(told)
    assert {m["MonitorID"] for m in own} == {monitor}
    assert other.messages() == NO_MESSAGES
    simulator.actions.login("1004")
    assert {m["SessionID"] for m in bridge.messages()} == {0}


@pytest.mark.parametrize(
    ("mask", "seen"),
    [
        (AgentStateMask.AGENT_LOGIN_MASK, [LOGIN]),
        (AgentStateMask.AGENT_NOT_READY_MASK, [NOT_READY, NOT_READY]),
        (AgentStateMask.AGENT_AVAILABLE_MASK, [AVAILABLE]),
        (AgentStateMask.AGENT_LOGOUT_MASK, [AgentState.AGENT_STATE_LOGOUT]),
        (0, []),
    ],
)
def test_agent_state_masks(simulator: Simulator, mask: int, seen: list[AgentState]) -> None:
    client = Client(simulator.hub)
    client.open(AgentStateMask=int(mask), CallMsgMask=0)
    actions = simulator.actions
    actions.login("1002")
    actions.ready("1002")
    actions.not_ready("1002", 5)
    actions.logout("1002", 5)
    assert [state for _, state in states(client.messages())] == seen


def test_the_same_event_is_encoded_once_for_each_version(simulator: Simulator) -> None:
    """Clients of one version get the same bytes but for the MonitorID."""
    clients = [Client(simulator.hub, version) for version in (9, 19, 20, 25, 25)]
    for client in clients:
        client.open(ServicesRequested=int(Service.CTI_SERVICE_ALL_EVENTS))
        client.messages()
    desk = Client(simulator.hub)
    desk.open_desk("20002")
    simulator.actions.login("1002")
    data = [client.session.take(0.0) for client in clients]
    assert data[3] == data[4]
    assert len({*data}) == 4
    own = desk.session.take(0.0)
    assert len(own) == len(data[3])
    assert own[:8] == data[3][:8]
    assert own[8:12] != data[3][8:12]
    assert own[12:80] == data[3][12:80]


def test_duplicates_are_left_out_when_asked(simulator: Simulator) -> None:
    quiet, plain = Client(simulator.hub), Client(simulator.hub)
    services = Service.CTI_SERVICE_ALL_EVENTS | Service.CTI_SERVICE_IGNORE_DUPLICATE_AGENT_EVENTS
    quiet.open(ServicesRequested=int(services))
    plain.open()
    simulator.actions.login("1002")
    agent = simulator.actions.agent("1002")
    for client in (quiet, plain):
        client.messages()
    from fastcil.simulator.agent_events import agent_audience

    for _ in range(3):
        for values in simulator.agents.state_values(agent):
            simulator.site.emit("AGENT_STATE_EVENT", values, agent_audience(agent))
    assert quiet.messages() == NO_MESSAGES
    assert len(plain.messages()) == 3
    simulator.actions.ready("1002")
    assert states(quiet.messages()) == [("1002", AVAILABLE)]


# -- monitors of devices and calls -----------------------------------------------------------


def start(client: Client, device: str = "20002", **values: Any) -> Message:
    return client.ask(
        "MONITOR_START_REQ",
        **{
            "PeripheralID": 5000,
            "ConnectionCallID": 0,
            "CallMsgMask": ALL_CALLS,
            "AgentStateMask": ALL_STATES,
            "ConnectionDeviceIDType": 0xFFFF,
            "MonitoredDeviceType": 0,
            "MonitoredDeviceID": device,
            **values,
        },
    )


@pytest.fixture
def watcher(simulator: Simulator) -> Client:
    found = Client(simulator.hub)
    found.open(ServicesRequested=MONITOR)
    return found


def test_a_device_monitor_begins_changes_and_ends(simulator: Simulator, watcher: Client) -> None:
    actions = simulator.actions
    actions.login("1002")
    assert watcher.messages() == NO_MESSAGES
    monitor = start(watcher)["MonitorID"]
    assert monitor != 0
    actions.ready("1002")
    actions.login("1003")
    (event,) = watcher.messages()
    assert event.get_many("MonitorID", "AgentID", "AgentState") == (monitor, "1002", AVAILABLE)
    answer = watcher.ask(
        "CHANGE_MONITOR_MASK_REQ",
        MonitorID=monitor,
        CallMsgMask=0,
        AgentStateMask=int(AgentStateMask.AGENT_NOT_READY_MASK),
    )
    assert answer.name == "CHANGE_MONITOR_MASK_CONF"
    actions.not_ready("1002", 1)
    actions.ready("1002")
    assert states(watcher.messages()) == [("1002", NOT_READY)]
    assert watcher.ask("MONITOR_STOP_REQ", MonitorID=monitor).name == "MONITOR_STOP_CONF"
    actions.not_ready("1002", 1)
    assert watcher.messages() == NO_MESSAGES
    answer = watcher.ask("MONITOR_STOP_REQ", MonitorID=monitor)
    assert code(answer) == StatusCode.E_CTI_INVALID_MONITORID


def test_several_monitors_bring_several_messages(simulator: Simulator, watcher: Client) -> None:
    other = Client(simulator.hub)
    other.open(ServicesRequested=MONITOR, ClientID="other")
    first, second = start(watcher), start(other)
    by_extension = start(watcher, "20003")
    assert len({m["MonitorID"] for m in (first, second, by_extension)}) == 3
    simulator.actions.login("1002", device="20002")
    assert {m["MonitorID"] for m in watcher.messages()} == {first["MonitorID"]}
    assert {m["MonitorID"] for m in other.messages()} == {second["MonitorID"]}
    # A monitor ends with its session, and nobody else may end it.
    answer = other.ask("MONITOR_STOP_REQ", MonitorID=first["MonitorID"])
    assert code(answer) == StatusCode.E_CTI_INVALID_MONITORID
    other.session.lost()
    assert len(simulator.hub.monitors) == 2


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"PeripheralID": 1}, StatusCode.E_CTI_INVALID_PERIPHERAL_ID),
        ({"device": "nobody"}, StatusCode.E_CTI_INVALID_DEVICE),
        ({"MonitoredDeviceID": None}, StatusCode.E_CTI_REQUIRED_DATA_MISSING),
        ({"MonitoredDeviceType": 0xFFFF}, StatusCode.E_CTI_REQUIRED_DATA_MISSING),
        ({"ConnectionCallID": 7}, StatusCode.E_CTI_MUTUALLY_EXCLUS_DEVICEID_TYPES),
        (
            {"ConnectionCallID": 7, "MonitoredDeviceType": 0xFFFF},
            StatusCode.E_CTI_REQUIRED_DATA_MISSING,
        ),
        (
            {
                "ConnectionCallID": 7,
                "MonitoredDeviceType": 0xFFFF,
                "ConnectionDeviceIDType": 0,
                "ConnectionDeviceID": "20002",
            },
            StatusCode.E_CTI_INVALID_CALLID,
        ),
        ({"AgentStateMask": 0x8000}, StatusCode.E_CTI_INVALID_AGENT_STATE_MASK),
    ],
)
def test_monitors_that_cannot_be(
    watcher: Client, values: dict[str, Any], status: StatusCode
) -> None:
    answer = start(watcher, **values)
    assert answer.name == "FAILURE_CONF"
    assert code(answer) == status


def test_the_same_monitor_again(watcher: Client) -> None:
    start(watcher)
    assert code(start(watcher)) == StatusCode.E_CTI_MONITOR_ALREADY_EXISTS


def test_services_that_were_not_granted(simulator: Simulator) -> None:
    client = Client(simulator.hub)
    client.open()
    for answer in (
        start(client),
        client.ask("SESSION_MONITOR_START_REQ", SessionID=1),
        client.ask("MONITOR_AGENT_TEAM_START_REQ", TeamID=501),
        client.ask("REGISTER_SERVICE_REQ", ServerMode=0, ServiceName="Cisco:CallRecording"),
    ):
        assert code(answer) == StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE


# -- monitors of sessions and teams ----------------------------------------------------------


def test_a_session_monitor_gets_what_the_session_gets(simulator: Simulator) -> None:
    desk, watcher = Client(simulator.hub), Client(simulator.hub)
    desk.open_desk("20002", AgentStateMask=int(AgentStateMask.AGENT_AVAILABLE_MASK))
    watcher.open(ServicesRequested=int(Service.CTI_SERVICE_CLIENT_MONITOR))
    target = desk.session.id
    answer = watcher.ask("SESSION_MONITOR_START_REQ", SessionID=watcher.session.id)
    assert code(answer) == StatusCode.E_CTI_SESSION_MONITOR_IS_CLIENTS
    answer = watcher.ask("SESSION_MONITOR_START_REQ", SessionID=4711)
    assert code(answer) == StatusCode.E_CTI_CLIENT_NOT_FOUND
    monitor = watcher.ask("SESSION_MONITOR_START_REQ", SessionID=target)["MonitorID"]
    answer = watcher.ask("SESSION_MONITOR_START_REQ", SessionID=target)
    assert code(answer) == StatusCode.E_CTI_SESSION_MONITOR_ALREADY_EXISTS
    simulator.actions.login("1002")
    simulator.actions.ready("1002")
    (event,) = watcher.messages()
    assert event.get_many("MonitorID", "AgentState") == (monitor, AVAILABLE)
    assert watcher.ask("SESSION_MONITOR_STOP_REQ", MonitorID=monitor).name.endswith("_CONF")
    simulator.actions.not_ready("1002", 2)
    simulator.actions.ready("1002")
    assert watcher.messages() == NO_MESSAGES


def test_a_session_monitor_ends_with_the_session(simulator: Simulator) -> None:
    desk, watcher = Client(simulator.hub), Client(simulator.hub)
    desk.open_desk("20002")
    watcher.open(ServicesRequested=int(Service.CTI_SERVICE_CLIENT_MONITOR))
    watcher.ask("SESSION_MONITOR_START_REQ", SessionID=desk.session.id)
    desk.session.lost()
    assert watcher.names() == ["CLIENT_SESSION_CLOSED_EVENT"]
    assert len(simulator.hub.monitors) == 0
    assert watcher.session.monitors == {}


def test_a_team_monitor(simulator: Simulator) -> None:
    simulator.actions.login("1001")
    simulator.actions.login("1003")
    supervisor = Client(simulator.hub)
    supervisor.open_desk("20001", ServicesRequested=SUPERVISOR)
    answer = supervisor.ask("MONITOR_AGENT_TEAM_START_REQ", TeamID=99)
    assert code(answer) == StatusCode.E_CTI_TEAM_NOT_FOUND
    answer = supervisor.ask("MONITOR_AGENT_TEAM_START_REQ", TeamID=501)
    monitor = answer["MonitorID"]
    first = states(supervisor.later)
    assert len(first) == 8
    assert first[:3] == [
        ("1001", NOT_READY),
        ("1002", AgentState.AGENT_STATE_LOGOUT),
        ("1003", NOT_READY),
    ]
    assert {m["MonitorID"] for m in supervisor.later} == {monitor}
    answer = supervisor.ask("MONITOR_AGENT_TEAM_START_REQ", TeamID=501)
    assert code(answer) == StatusCode.E_CTI_AGENT_TEAM_MONITOR_ALREADY_EXISTS
    simulator.actions.ready("1003")
    (event,) = supervisor.messages()
    assert event.get_many("MonitorID", "AgentID", "AgentState") == (monitor, "1003", AVAILABLE)
    supervisor.ask("MONITOR_AGENT_TEAM_STOP_REQ", MonitorID=monitor)
    simulator.actions.not_ready("1003", 1)
    assert supervisor.messages() == NO_MESSAGES


def test_a_stranger_does_not_monitor_a_team() -> None:
    simulator = make_simulator(40)
    simulator.actions.login("1001")
    stranger = Client(simulator.hub)
    stranger.open_desk("20001", ServicesRequested=SUPERVISOR)
    answer = stranger.ask("MONITOR_AGENT_TEAM_START_REQ", TeamID=502)
    assert code(answer) == StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE
