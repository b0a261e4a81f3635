"""Supervisors in their agents' calls, calls for help, recording and greetings, as requested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sim_call_kit import CALLER, OUTSIDE, World, at
from sim_invariants import CallChecker, check_fields

from fastcil.ged188 import NULL_UINT
from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import (
    AgentState,
    CallType,
    EventCause,
    LineType,
    ServerMode,
    SilentMonitorStatus,
    StatusCode,
    SupervisoryAction,
)
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.agent_desk import DEFAULT_DESK_MASK, DeskSettings
from fastcil.simulator.agent_services import CALL_RECORDING, register
from fastcil.simulator.model import Connection, RequestError
from fastcil.simulator.requests import ClientInfo

MONITOR = int(SupervisoryAction.SUPERVISOR_MONITOR)
WHISPER = int(SupervisoryAction.SUPERVISOR_WHISPER)
BARGE_IN = int(SupervisoryAction.SUPERVISOR_BARGE_IN)
INTERCEPT = int(SupervisoryAction.SUPERVISOR_INTERCEPT)
CLEAR = int(SupervisoryAction.SUPERVISOR_CLEAR)


@pytest.fixture
def world() -> World:
    found = World()
    found.not_ready(0)
    return found


@pytest.fixture(autouse=True)
def every_log_is_legal(world: World) -> Iterator[None]:
    """Whatever a test did: the log is legal, every event can be sent, and every call can end."""
    log: list[Any] = []
    world.site.subscribe(log.append)
    yield
    for call in list(world.peripheral.calls.values()):
        if not call.ended:
            world.calls.clear_call(call)
    checker = CallChecker().feed(log)
    assert checker.complaints == []
    assert checker.open == {}
    assert check_fields(log) == []


def supervise(world: World, action: int, **fields: Any) -> dict[str, Any]:
    return world.ask(
        "SUPERVISE_CALL_REQ", SupervisoryAction=action, SupervisorInstrument="20001", **fields
    )


def of(connection: Connection) -> dict[str, Any]:
    return at(connection, "Agent")


# -- supervision --------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["connection", "agent", "instrument"])
def test_a_supervisor_listens(world: World, by: str) -> None:
    agent = world.talking(1)
    world.log.clear()
    if by == "connection":
        made = supervise(world, MONITOR, **of(agent))
    elif by == "agent":
        made = supervise(world, MONITOR, AgentConnectionCallID=NULL_UINT, AgentID="1002")
    else:
        number = agent.call.id
        made = supervise(world, MONITOR, AgentConnectionCallID=number, AgentInstrument="20002")
    (mine,) = world.devices[0].connections
    assert made["ConnectionCallID"] == mine.call.id != agent.call.id
    assert world.names() == [
        "BEGIN_CALL_EVENT",
        "CALL_SERVICE_INITIATED_EVENT",
        "CALL_ESTABLISHED_EVENT",
    ]
    assert mine.call.type == CallType.CALLTYPE_SUPERVISOR_MONITOR
    assert world.agent(0).state == AgentState.AGENT_STATE_TALKING
    given: dict[str, Any] = {"SnapshotDeviceType": 0}
    own = world.ask("SNAPSHOT_DEVICE_REQ", **given, AgentInstrument="20001")
    assert own["SilentMonitorStatus"] == [SilentMonitorStatus.SILENT_MONITOR_INITIATOR]
    other = world.ask("SNAPSHOT_DEVICE_REQ", **given, AgentInstrument="20002")
    assert other["SilentMonitorStatus"] == [SilentMonitorStatus.SILENT_MONITOR_TARGET]
    assert world.statistics.agent_values(world.agent(0))["MonitorCallsSession"] == 1
    assert supervise(world, CLEAR) == made
    assert mine.call.ended
    assert not agent.call.ended


def test_a_supervisor_whispers_after_listening(world: World) -> None:
    agent = world.talking(1)
    supervise(world, MONITOR, **of(agent))
    (first,) = world.devices[0].connections
    world.log.clear()
    supervise(world, WHISPER, **of(agent))
    (second,) = world.devices[0].connections
    assert first.call.ended
    assert second.call.type == CallType.CALLTYPE_SUPERVISOR_WHISPER
    established = world.told("CALL_ESTABLISHED_EVENT")
    assert established["LineType"] == LineType.LINETYPE_SILENT_MONITOR
    assert established["EventCause"] == EventCause.CEC_SUPERVISOR_WHISPER


def test_a_supervisor_barges_in_while_he_listens(world: World) -> None:
    agent = world.talking(1)
    supervise(world, MONITOR, **of(agent))
    (listening,) = world.devices[0].connections
    world.log.clear()
    made = supervise(world, BARGE_IN, **of(agent))
    assert listening.call.ended
    assert made["ConnectionCallID"] == agent.call.id
    conferenced = world.told("CALL_CONFERENCED_EVENT")
    assert conferenced["ControllerDeviceID"] == "20002"
    assert conferenced["AddedPartyDeviceID"] == "20001"
    assert conferenced["ConnectedPartyDeviceID"] == [CALLER, "20002", "20001"]
    assert conferenced["EventCause"] == EventCause.CEC_SUPERVISOR_BARGE_IN
    assert agent.call.type == CallType.CALLTYPE_SUPERVISOR_BARGEIN
    assert world.told("CALL_DATA_UPDATE_EVENT")["CallType"] == agent.call.type
    assert agent.state == Lcs.LCS_CONNECT, "nobody is put on hold for it"
    supervise(world, CLEAR, **at(world.devices[0].connections[0], "Supervisor"))
    assert not agent.call.ended
    assert world.devices[0].connections == []


def test_a_barge_in_is_no_call_that_the_supervisor_handled(world: World) -> None:
    agent = world.talking(1)
    supervise(world, BARGE_IN, **of(agent))
    supervise(world, CLEAR)
    world.calls.clear_connection(agent)
    world.wait(100)
    values = world.statistics.agent_values(world.agent(0))
    assert values["BargeInCallsSession"] == 1
    assert values["HandledCallsSession"] == 0


@pytest.mark.parametrize("after", [None, MONITOR, BARGE_IN])
def test_a_supervisor_intercepts(world: World, after: int | None) -> None:
    agent = world.talking(1)
    if after is not None:
        supervise(world, after, **of(agent))
    world.log.clear()
    made = supervise(world, INTERCEPT, **of(agent))
    assert made["ConnectionCallID"] == agent.call.id
    assert [c.device_id for c in agent.call.connections] == [CALLER, "20001"]
    cleared = world.all_told("CALL_CONNECTION_CLEARED_EVENT")[-1]
    assert cleared["ReleasingDeviceID"] == "20002"
    assert cleared["EventCause"] == EventCause.CEC_SUPERVISOR_INTERCEPT
    assert agent.call.type == CallType.CALLTYPE_SUPERVISOR_INTERCEPT
    world.calls.clear_call(agent.call)
    world.wait(100)
    assert world.statistics.agent_values(world.agent(0))["HandledCallsSession"] == 1


def test_a_call_for_listening_is_not_held(world: World) -> None:
    agent = world.talking(1)
    supervise(world, MONITOR, **of(agent))
    (mine,) = world.devices[0].connections
    code = Failure.CF_REQUEST_INCOMPATIBLE_WITH_OBJECT
    world.fails(code, "HOLD_CALL_REQ", **at(mine))
    world.fails(code, "CONSULTATION_CALL_REQ", **at(mine, "Active"), DialedNumber="20003")


def test_listening_ends_with_the_agents_part_and_goes_with_it(world: World) -> None:
    held, mine, theirs = world.consulting(1, 2)
    supervise(world, MONITOR, **of(theirs))
    (listening,) = world.devices[0].connections
    world.calls.transfer(mine, held)
    assert not listening.call.ended, "the agent listened to still talks"
    world.calls.clear_connection(theirs)
    assert listening.call.ended


@pytest.mark.parametrize(
    ("code", "action", "fields"),
    [
        (StatusCode.E_CTI_INVALID_SUPERVISORY_ACTION, 9, {}),
        (StatusCode.E_CTI_SUPERVISOR_NOT_FOUND, MONITOR, {"SupervisorInstrument": "20003"}),
        (StatusCode.E_CTI_REQUIRED_DATA_MISSING, MONITOR, {"SupervisorInstrument": None}),
        (StatusCode.E_CTI_REQUIRED_DATA_MISSING, MONITOR, {"AgentConnectionDeviceID": None}),
        (
            StatusCode.E_CTI_NO_CALL_ACTIVE,
            MONITOR,
            {"AgentConnectionCallID": NULL_UINT, "AgentID": "1003"},
        ),
        (Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, MONITOR, {"AgentConnectionCallID": 99}),
        (Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER, MONITOR, {"AgentID": "1003"}),
        (Failure.CF_NO_CONNECTION_TO_CLEAR, CLEAR, {}),
        (Failure.CF_RESOURCE_BUSY, BARGE_IN, {"busy": True}),
        (Failure.CF_RESOURCE_BUSY, MONITOR, {"busy": True}),
        (Failure.CF_INVALID_OBJECT_STATE, BARGE_IN, {"held": True}),
    ],
)
def test_what_supervisors_cannot_do(
    world: World, code: int, action: int, fields: dict[str, Any]
) -> None:
    fields = dict(fields)
    agent = world.talking(1)
    if fields.pop("busy", False):
        world.calls.make(world.devices[0], OUTSIDE)
    if fields.pop("held", False):
        world.calls.hold(agent)
    given = {
        **of(agent),
        "SupervisoryAction": action,
        "SupervisorInstrument": "20001",
        **fields,
    }
    world.fails(code, "SUPERVISE_CALL_REQ", **given)


def test_a_supervisor_has_his_own_teams_only() -> None:
    world = World(6, teams_of=3)
    world.not_ready(0)
    agent = world.talking(4)
    code = Failure.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE
    given = {**of(agent), "SupervisoryAction": MONITOR, "SupervisorInstrument": "20001"}
    world.fails(code, "SUPERVISE_CALL_REQ", **given)


# -- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SUPERVISOR_ASSIST", CallType.CALLTYPE_ASSIST),
        ("EMERGENCY_CALL", CallType.CALLTYPE_EMERGENCY),
    ],
)
@pytest.mark.parametrize("about", [True, False])
def test_an_agent_calls_his_supervisor(
    world: World, name: str, kind: CallType, about: bool
) -> None:
    given: dict[str, Any] = {"ConnectionCallID": NULL_UINT, "AgentID": "1002"}
    agent = None
    if about:
        agent = world.talking(1)
        given = {**at(agent), "AgentID": "1002"}
    else:
        world.not_ready(1)
    world.log.clear()
    made = world.ask(f"{name}_REQ", **given)
    call = world.peripheral.calls[made["ConnectionCallID"]]
    assert (call.type, made["LineType"]) == (kind, LineType.LINETYPE_HELP)
    assert made["ConnectionDeviceID"] == "20002"
    assert world.told("BEGIN_CALL_EVENT")["CallType"] == kind
    assert world.devices[0].connections[0].state == Lcs.LCS_ALERTING
    assert world.told("CALL_DELIVERED_EVENT")["LineType"] == LineType.LINETYPE_HELP
    if agent is not None:
        assert agent.state == Lcs.LCS_HOLD
        assert call.originating_call == agent.call.id
    if name == "EMERGENCY_CALL":
        event = next(e for e in world.log if e.name == "EMERGENCY_CALL_EVENT")
        assert event.values["ConnectionCallID"] == (call.id if agent is None else agent.call.id)
        assert event.values["SessionID"] == 7
        assert (event.values["AgentID"], event.values["ClientID"]) == ("1002", "tester")
        assert event.audience.team_id == 501
        assert world.statistics.agent_values(world.agent(1))["EmergencyCallsSession"] == 1


@pytest.mark.parametrize("name", ["SUPERVISOR_ASSIST", "EMERGENCY_CALL"])
def test_the_supervisor_may_be_taken_in_at_once(name: str) -> None:
    world = World(desk=DeskSettings(supervisor_assist_method=1, emergency_method=1))
    world.not_ready(0)
    agent = world.talking(1)
    made = world.ask(f"{name}_REQ", **at(agent), AgentID="1002")
    assert made["ConnectionCallID"] == agent.call.id
    assert [c.device_id for c in agent.call.connections] == [CALLER, "20002", "20001"]


def test_an_emergency_is_told_even_if_no_supervisor_is_found(world: World) -> None:
    agent = world.talking(1)
    world.talking(0)
    world.log.clear()
    with pytest.raises(RequestError) as caught:
        world.replies("EMERGENCY_CALL_REQ", **at(agent), AgentID="1002")
    assert caught.value.status == StatusCode.E_CTI_SUPERVISOR_NOT_FOUND
    assert world.names() == ["EMERGENCY_CALL_EVENT"]
    assert world.statistics.agent_values(world.agent(1))["EmergencyCallsSession"] == 1
    code = StatusCode.E_CTI_SUPERVISOR_NOT_FOUND
    world.fails(code, "SUPERVISOR_ASSIST_REQ", **at(agent), AgentID="1002")


def test_recording_servers_are_told_of_emergencies(world: World) -> None:
    agent = world.talking(1)
    register(world.site, 12, CALL_RECORDING, 0)
    world.ask("EMERGENCY_CALL_REQ", **at(agent), AgentID="1002")
    told = [e.audience for e in world.log if e.name == "EMERGENCY_CALL_EVENT"]
    assert [a.kind for a in told] == ["call", "client"]
    assert told[1].sessions == {12}


def test_help_that_is_refused(world: World) -> None:
    agent, other = world.talking(1), world.talking(2)
    for name in ("SUPERVISOR_ASSIST_REQ", "EMERGENCY_CALL_REQ"):
        code = Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER
        world.fails(code, name, **at(other), AgentID="1002")
        code = Failure.CF_INVALID_CSTA_CALL_IDENTIFIER
        world.fails(code, name, ConnectionCallID=99, AgentID="1002")
    world.agent(1).desk = DeskSettings(
        mask=DEFAULT_DESK_MASK & ~int(Desk.DESK_SUPERVISOR_CALLS_ALLOWED_MASK)
    )
    code = Failure.CF_PRIVILEGE_VIOLATION_ON_CALLED_DEVICE
    world.fails(code, "SUPERVISOR_ASSIST_REQ", **at(agent), AgentID="1002")


def test_a_bad_line(world: World) -> None:
    agent = world.talking(1)
    assert world.ask("BAD_CALL_REQ", **at(agent), AgentID="1002") == {}
    assert agent.call.bad_line


# -- recording ----------------------------------------------------------------------------------


def recording(agent: Connection, **fields: Any) -> dict[str, Any]:
    return {**at(agent), "AgentID": "1002", **fields}


def test_a_server_application_records(world: World) -> None:
    agent = world.talking(1)
    world.fails(StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE, "START_RECORDING_REQ", **recording(agent))
    for session in (12, 13):
        register(world.site, session, CALL_RECORDING, int(ServerMode.ROUND_ROBIN))
    world.log.clear()
    assert world.replies("START_RECORDING_REQ", InvokeID=77, **recording(agent)) == []
    (asked,) = world.log
    assert (asked.name, asked.audience.sessions) == ("START_RECORDING_REQ", {12})
    assert (asked.values["ClientID"], asked.values["ClientAddress"]) == ("tester", "10.1.2.3")
    server = ClientInfo(12, client_id="recorder", address=("10.9.9.9", 1))
    answer = {"InvokeID": asked.values["InvokeID"], "SessionID": NULL_UINT, "ServerData": 5}
    world.log.clear()
    assert world.replies("START_RECORDING_CONF", client=server, **answer) == []
    (told,) = world.log
    assert (told.name, told.audience.sessions) == ("START_RECORDING_CONF", {7})
    assert (told.values["InvokeID"], told.values["ServerData"]) == (77, 5)
    assert told.values["SessionID"] == 12, "the following STOP is for that server"
    assert told.values["ClientID"] == "recorder"
    world.log.clear()
    assert world.replies("START_RECORDING_CONF", client=server, **answer) == []
    assert world.log == [], "it was answered already"
    stop = recording(agent, SessionID=12, ServerData=5)
    world.replies("STOP_RECORDING_REQ", **stop)
    (asked,) = world.log
    assert asked.audience.sessions == {12}
    world.replies("STOP_RECORDING_REQ", **{**stop, "SessionID": 0})
    assert world.log[-1].audience.sessions == {13}, "any server, the other one this time"
    code = StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE
    world.fails(code, "STOP_RECORDING_REQ", **{**stop, "SessionID": 99})
    world.fails(
        StatusCode.E_CTI_INVALID_CALLID, "STOP_RECORDING_REQ", **{**stop, "ConnectionCallID": 99}
    )
    for name, code in (
        ("Direction", StatusCode.E_CTI_INVALID_RTP_DIRECTION),
        ("RTPType", StatusCode.E_CTI_INVALID_RTP_TYPE),
    ):
        world.fails(code, "START_RECORDING_REQ", **recording(agent, **{name: 9}))


def test_the_network_records(world: World) -> None:
    agent = world.talking(1)
    world.log.clear()
    given = at(agent)
    world.ask("START_NETWORK_RECORDING_REQ", **given, PlayToneDirection=3, InvocationType=1)
    started = world.told("NETWORK_RECORDING_STARTED_EVENT")
    assert started["RecordingDeviceID"] == started["ConnectionDeviceID"] == "20002"
    info = next(e for e in world.log if e.name == "NETWORK_RECORDING_TARGET_INFO_EVENT")
    assert info.audience.sessions == {7}, "who began it is told by whom"
    assert info.values["RecordingType"] == 4
    assert info.values["TerminalName"] == world.devices[1].terminal
    code = Failure.CF_INVALID_OBJECT_STATE
    world.fails(code, "START_NETWORK_RECORDING_REQ", **given)
    world.fails(code, "STOP_NETWORK_RECORDING_REQ", **given, InvocationType=0)
    world.ask("STOP_NETWORK_RECORDING_REQ", **given, InvocationType=1)
    assert world.told("NETWORK_RECORDING_ENDED_EVENT")["ConnectionDeviceID"] == "20002"
    world.fails(code, "STOP_NETWORK_RECORDING_REQ", **given, InvocationType=1)
    code = Failure.CF_VALUE_OUT_OF_RANGE
    world.fails(code, "START_NETWORK_RECORDING_REQ", **given, PlayToneDirection=9)
    world.fails(code, "START_NETWORK_RECORDING_REQ", **given, InvocationType=9)


def test_recording_ends_when_the_party_leaves(world: World) -> None:
    agent = world.talking(1)
    world.ask("START_NETWORK_RECORDING_REQ", **at(agent))
    world.log.clear()
    world.calls.single_step_transfer(agent, "20003")
    assert world.told("NETWORK_RECORDING_ENDED_EVENT")["ConnectionDeviceID"] == "20002"
    assert not agent.recording


def test_what_is_not_connected_cannot_be_recorded(world: World) -> None:
    mine = world.calls.make(world.devices[0], OUTSIDE)
    world.log.clear()
    assert world.ask("START_NETWORK_RECORDING_REQ", **at(mine)) == {}
    assert world.names() == ["NETWORK_RECORDING_FAILED_EVENT"]
    ringing = world.ringing(1)
    code = Failure.CF_INVALID_OBJECT_STATE
    world.fails(code, "START_NETWORK_RECORDING_REQ", **at(ringing))


# -- greetings ----------------------------------------------------------------------------------


def test_greetings_are_controlled(world: World) -> None:
    world.site.rules.greeting_seconds = 10.0
    agent = world.talking(1)
    world.log.clear()
    assert world.ask("AGENT_GREETING_CONTROL_REQ", AgentAction=0, AgentID="1002") == {}
    assert world.told("CALL_AGENT_GREETING_EVENT")["EventCode"] == 1
    code: int = Extended.CF_AGENT_GREETING_CONTROL_OPERATION_FAILURE
    world.fails(code, "AGENT_GREETING_CONTROL_REQ", AgentAction=0, AgentID="1002")
    code = Failure.CF_VALUE_OUT_OF_RANGE
    world.fails(code, "AGENT_GREETING_CONTROL_REQ", AgentAction=9, AgentID="1002")
    world.calls.clear_connection(agent)
    for action, plays in ((1, False), (2, True)):
        world.ask("AGENT_GREETING_CONTROL_REQ", AgentAction=action, AgentID="1002")
        world.log.clear()
        again = world.talking(1)
        assert bool(world.all_told("CALL_AGENT_GREETING_EVENT")) is plays
        world.calls.clear_connection(again)
