"""Every request that controls calls: what it confirms, and what it is refused with."""

from __future__ import annotations

from typing import Any

import pytest
from sim_call_kit import CALLER, OUTSIDE, World, at

from fastcil.ged188 import NULL_UINT, NULL_USHORT
from fastcil.ged188.enums import (
    AllocationState,
    CallPlacementType,
    CallType,
    EventCause,
    LineType,
    StatusCode,
)
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.ged188.schema import MESSAGES_BY_NAME
from fastcil.simulator.handlers import HANDLERS
from fastcil.simulator.requests import ClientInfo

OF_CALLS = (
    "MAKE_CALL",
    "ANSWER_CALL",
    "HOLD_CALL",
    "RETRIEVE_CALL",
    "ALTERNATE_CALL",
    "RECONNECT_CALL",
    "CONSULTATION_CALL",
    "CONFERENCE_CALL",
    "TRANSFER_CALL",
    "CLEAR_CALL",
    "CLEAR_CONNECTION",
    "DEFLECT_CALL",
    "SEND_DTMF_SIGNAL",
    "SET_CALL_DATA",
    "RELEASE_CALL",
    "SNAPSHOT_CALL",
    "SNAPSHOT_DEVICE",
    "MAKE_PREDICTIVE_CALL",
    "SUPERVISE_CALL",
    "SUPERVISOR_ASSIST",
    "EMERGENCY_CALL",
    "BAD_CALL",
    "START_RECORDING",
    "STOP_RECORDING",
    "START_NETWORK_RECORDING",
    "STOP_NETWORK_RECORDING",
    "AGENT_GREETING_CONTROL",
)


@pytest.fixture
def world() -> World:
    return World()


def both(active: Any, held: Any, other: str = "Held") -> dict[str, Any]:
    return {**at(active, "Active"), **at(held, other)}


def test_every_request_has_a_handler() -> None:
    assert all(f"{name}_REQ" in MESSAGES_BY_NAME for name in OF_CALLS)
    assert {f"{name}_REQ" for name in OF_CALLS} <= set(HANDLERS)


# -- making calls -------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [9, 14, 25])
def test_make_call(world: World, version: int) -> None:
    world.not_ready(0)
    made = world.ask("MAKE_CALL_REQ", version, AgentInstrument="20001", DialedNumber="20002")
    call = world.peripheral.calls[made["NewConnectionCallID"]]
    assert made == {
        "NewConnectionCallID": call.id,
        "NewConnectionDeviceIDType": 0,
        "NewConnectionDeviceID": "20001",
        "LineHandle": 1,
        "LineType": LineType.LINETYPE_INSIDE,
    }
    assert call.type == CallType.CALLTYPE_AGENT_INSIDE


def test_make_call_with_data_and_a_group(world: World) -> None:
    world.not_ready(0)
    made = world.ask(
        "MAKE_CALL_REQ",
        AgentInstrument="20001",
        DialedNumber=OUTSIDE,
        SkillGroupNumber=1,
        CallVariable3="three",
        NamedVariable=[("user.case", "7")],
        UserToUserInfo=b"\x01\x02",
    )
    assert made["LineType"] == LineType.LINETYPE_OUTBOUND
    begun = world.told("BEGIN_CALL_EVENT")
    assert (begun["CallVariable3"], begun["UserToUserInfo"]) == ("three", b"\x01\x02")
    assert world.told("CALL_ORIGINATED_EVENT")["SkillGroupID"] == 6001


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (StatusCode.E_CTI_REQUIRED_DATA_MISSING, {"DialedNumber": None}),
        (StatusCode.E_CTI_REQUIRED_DATA_MISSING, {"AgentInstrument": None}),
        (StatusCode.E_CTI_INVALID_PERIPHERAL_ID, {"PeripheralID": 1}),
        (StatusCode.E_CTI_INVALID_CALL_PLACEMENT_TYPE, {"CallPlacementType": 77}),
        (StatusCode.E_CTI_INVALID_CALL_MANNER_TYPE, {"CallMannerType": 77}),
        (StatusCode.E_CTI_INVALID_CALL_OPTION, {"CallOption": 77}),
        (StatusCode.E_CTI_INVALID_FACILITY_TYPE, {"FacilityType": 77}),
        (StatusCode.E_CTI_INVALID_ANSWERING_MACHINE, {"AnsweringMachine": 77}),
        (
            StatusCode.E_CTI_REQUIRED_DATA_MISSING,
            {"CallPlacementType": int(CallPlacementType.CPT_OUTBOUND)},
        ),
        (
            StatusCode.E_CTI_NAMED_VARIABLE_NOT_CONFIGURED,
            {"NamedVariable": [("user.nothing", "1")]},
        ),
        (Failure.CF_INVALID_CSTA_DEVICE_IDENTIFIER, {"AgentInstrument": "99999"}),
        (Failure.CF_INVALID_CALLED_DEVICE, {"DialedNumber": "20001"}),
        (Failure.CF_INVALID_CALLED_DEVICE, {"DialedNumber": "nowhere"}),
        (Failure.CF_INVALID_OBJECT_STATE, {"AgentInstrument": "20003"}),
        (Extended.CF_INVALID_SKILL_GROUP_SPECIFIED, {"SkillGroupNumber": 99}),
    ],
)
def test_calls_that_are_not_made(world: World, code: int, fields: dict[str, Any]) -> None:
    world.not_ready(0)
    world.talking(2)
    given = {"AgentInstrument": "20001", "DialedNumber": "20002", **fields}
    world.fails(code, "MAKE_CALL_REQ", **given)


def test_nothing_is_done_at_a_peripheral_that_is_off_line(world: World) -> None:
    world.peripheral.online = False
    code = Failure.CF_RESOURCE_OUT_OF_SERVICE
    world.fails(code, "MAKE_CALL_REQ", AgentInstrument="20001", DialedNumber="20002")


def test_a_desktop_controls_its_own_device_only(world: World) -> None:
    connection = world.talking(1)
    world.client.all_events = False
    world.client.agent, world.client.instrument = world.agent(2), "20003"
    code = Failure.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE
    world.fails(code, "HOLD_CALL_REQ", **at(connection))
    world.fails(code, "CLEAR_CALL_REQ", **at(connection))
    world.fails(code, "SNAPSHOT_DEVICE_REQ", AgentInstrument="20002")
    caller = connection.call.connections[0]
    world.fails(code, "CLEAR_CONNECTION_REQ", **at(caller))
    world.client.agent, world.client.instrument = world.agent(1), "20002"
    world.ask("CLEAR_CONNECTION_REQ", **at(caller))
    assert connection.call.ended


# -- predictive calls ---------------------------------------------------------------------------


def test_a_predictive_call_goes_to_an_agent_when_the_customer_answers() -> None:
    world = World(routed=True)
    made = world.ask(
        "MAKE_PREDICTIVE_CALL_REQ",
        OriginatingDeviceID=world.service.dialed_number,
        DialedNumber=OUTSIDE,
        AllocationState=int(AllocationState.ALLOC_CALL_ESTABLISHED),
        CallVariable1="campaign",
    )
    assert (made["NewConnectionDeviceID"], made["LineType"]) == (OUTSIDE, NULL_USHORT)
    assert world.names() == ["BEGIN_CALL_EVENT", "CALL_REACHED_NETWORK_EVENT"]
    call = world.peripheral.calls[made["NewConnectionCallID"]]
    assert (call.type, call.variables) == (CallType.CALLTYPE_AUTO_OUT, {1: "campaign"})
    world.wait(5)
    assert world.names() == [
        "CALL_ESTABLISHED_EVENT",
        "AGENT_PRE_CALL_EVENT",
        "CALL_DELIVERED_EVENT",
    ]
    agent = call.connections[1]
    world.calls.answer(agent)
    established = world.told("CALL_ESTABLISHED_EVENT")
    assert established["LineType"] == LineType.LINETYPE_OUTBOUND_ACD
    assert agent.device is not None
    assert agent.device.agent is not None
    assert agent.device.agent.direction == 7


def test_a_predictive_call_may_ring_at_both() -> None:
    world = World(routed=True)
    world.ask(
        "MAKE_PREDICTIVE_CALL_REQ",
        OriginatingDeviceID=world.service.dialed_number,
        DialedNumber=OUTSIDE,
        AllocationState=int(AllocationState.ALLOC_CALL_DELIVERED),
    )
    assert world.names()[-1] == "CALL_DELIVERED_EVENT"
    world.wait(5)
    assert world.names() == ["CALL_ESTABLISHED_EVENT"]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (StatusCode.E_CTI_REQUIRED_DATA_MISSING, {"OriginatingDeviceID": None}),
        (StatusCode.E_CTI_REQUIRED_DATA_MISSING, {"DialedNumber": None}),
        (StatusCode.E_CTI_INVALID_ALLOCATION_STATE, {"AllocationState": 9}),
        (StatusCode.E_CTI_INVALID_DESTINATION_COUNTRY, {"DestinationCountry": 9}),
        (StatusCode.E_CTI_INVALID_ANSWER_DETECT_MODE, {"AnswerDetectMode": 9}),
        (Failure.CF_INVALID_CALLING_DEVICE, {"OriginatingDeviceID": "20001"}),
        (Failure.CF_INVALID_CALLED_DEVICE, {"DialedNumber": "20001"}),
    ],
)
def test_predictive_calls_that_are_not_made(
    world: World, code: int, fields: dict[str, Any]
) -> None:
    given = {"OriginatingDeviceID": world.service.dialed_number, "DialedNumber": OUTSIDE}
    world.fails(code, "MAKE_PREDICTIVE_CALL_REQ", **{**given, **fields})


# -- answering, holding -------------------------------------------------------------------------


def test_a_call_is_answered_once(world: World) -> None:
    connection = world.ringing(0)
    assert world.ask("ANSWER_CALL_REQ", **at(connection), AgentInstrument="20001") == {}
    assert connection.state == Lcs.LCS_CONNECT
    world.fails(Failure.CF_NO_CALL_TO_ANSWER, "ANSWER_CALL_REQ", **at(connection))


def test_the_call_that_rings_is_answered(world: World) -> None:
    connection = world.ringing(0)
    given = {"ConnectionCallID": NULL_UINT, "ConnectionDeviceIDType": NULL_USHORT}
    world.ask("ANSWER_CALL_REQ", **given, AgentInstrument="20001")
    assert connection.state == Lcs.LCS_CONNECT
    world.fails(Failure.CF_NO_CALL_TO_ANSWER, "ANSWER_CALL_REQ", **given, AgentInstrument="20001")
    world.fails(StatusCode.E_CTI_REQUIRED_DATA_MISSING, "ANSWER_CALL_REQ", **given)


def test_no_second_active_call(world: World) -> None:
    world.talking(0)
    other = world.ringing(0)
    world.fails(Failure.CF_INVALID_OBJECT_STATE, "ANSWER_CALL_REQ", **at(other))


def test_hold_and_retrieve(world: World) -> None:
    connection = world.talking(0)
    world.fails(Failure.CF_NO_HELD_CALL, "RETRIEVE_CALL_REQ", **at(connection, "Held"))
    assert world.ask("HOLD_CALL_REQ", **at(connection)) == {}
    world.fails(Failure.CF_NO_ACTIVE_CALL, "HOLD_CALL_REQ", **at(connection))
    assert world.ask("RETRIEVE_CALL_REQ", **at(connection, "Held")) == {}
    assert connection.state == Lcs.LCS_CONNECT


def test_alternate_takes_a_held_or_a_ringing_call(world: World) -> None:
    first = world.talking(0)
    second = world.ringing(0)
    world.ask("ALTERNATE_CALL_REQ", **both(first, second, "Other"))
    assert (first.state, second.state) == (Lcs.LCS_HOLD, Lcs.LCS_CONNECT)
    world.ask("ALTERNATE_CALL_REQ", **both(second, first, "Other"))
    assert (first.state, second.state) == (Lcs.LCS_CONNECT, Lcs.LCS_HOLD)
    world.fails(Failure.CF_NO_ACTIVE_CALL, "ALTERNATE_CALL_REQ", **both(second, first, "Other"))
    code = Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER
    world.fails(code, "ALTERNATE_CALL_REQ", **both(first, world.talking(1), "Other"))


def test_reconnect(world: World) -> None:
    held, mine, theirs = world.consulting()
    world.fails(Failure.CF_NO_HELD_CALL, "RECONNECT_CALL_REQ", **both(held, mine))
    assert world.ask("RECONNECT_CALL_REQ", **both(mine, held)) == {}
    assert (held.state, theirs.state) == (Lcs.LCS_CONNECT, Lcs.LCS_NULL)


def test_consultation(world: World) -> None:
    held = world.talking(0)
    made = world.ask(
        "CONSULTATION_CALL_REQ", **at(held, "Active"), DialedNumber="20002", CallVariable4="why"
    )
    call = world.peripheral.calls[made["NewConnectionCallID"]]
    assert (call.type, call.variables) == (CallType.CALLTYPE_CONSULT, {4: "why"})
    assert held.state == Lcs.LCS_HOLD
    given = {**at(held, "Active"), "DialedNumber": "20003"}
    world.fails(Failure.CF_NO_ACTIVE_CALL, "CONSULTATION_CALL_REQ", **given)
    mine = call.connections[0]
    given = {**at(mine, "Active"), "DialedNumber": "20001"}
    world.fails(Failure.CF_INVALID_CALLED_DEVICE, "CONSULTATION_CALL_REQ", **given)
    given = {**at(mine, "Active"), "DialedNumber": "20003", "ConsultType": 9}
    world.fails(StatusCode.E_CTI_INVALID_CONSULT_TYPE, "CONSULTATION_CALL_REQ", **given)


# -- joining ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["TRANSFER_CALL", "CONFERENCE_CALL"])
def test_two_calls_are_joined(world: World, name: str) -> None:
    held, mine, _ = world.consulting()
    made = world.ask(f"{name}_REQ", **both(mine, held), CallVariable5="done")
    transferred = name == "TRANSFER_CALL"
    parties = [CALLER, "20002"] if transferred else [CALLER, "20001", "20002"]
    assert made["NewConnectionCallID"] == held.call.id
    assert made["ConnectedPartyDeviceID"] == parties
    assert made["ConnectedPartyCallID"] == [held.call.id] * len(parties)
    assert made["NewConnectionDeviceID"] == (CALLER if transferred else "20001")
    assert held.call.variables == {5: "done"}
    assert world.told("CALL_DATA_UPDATE_EVENT")["CallVariable5"] == "done"


@pytest.mark.parametrize("name", ["TRANSFER_CALL", "CONFERENCE_CALL"])
@pytest.mark.parametrize("held_id", [NULL_UINT, 0])
def test_one_call_goes_on_in_a_single_step(world: World, name: str, held_id: int) -> None:
    connection = world.talking(0)
    made = world.ask(
        f"{name}_REQ",
        **at(connection, "Active"),
        HeldConnectionCallID=held_id,
        DialedNumber="20002",
    )
    assert made["NewConnectionCallID"] == connection.call.id
    assert made["ConnectedPartyDeviceID"][-1] == "20002"
    assert connection.state == (Lcs.LCS_NULL if name == "TRANSFER_CALL" else Lcs.LCS_CONNECT)


@pytest.mark.parametrize("name", ["TRANSFER_CALL_REQ", "CONFERENCE_CALL_REQ"])
def test_what_is_not_joined(world: World, name: str) -> None:
    held, mine, theirs = world.consulting()
    world.fails(Failure.CF_NO_HELD_CALL, name, **both(held, mine))
    code = Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER
    world.fails(code, name, **both(theirs, held))
    active = at(mine, "Active")
    world.fails(StatusCode.E_CTI_REQUIRED_DATA_MISSING, name, **active)
    world.fails(
        Failure.CF_INVALID_CALLED_DEVICE, name, **at(theirs, "Active"), DialedNumber="20001"
    )
    given = {**both(mine, held), "HeldConnectionCallID": 999}
    world.fails(Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, name, **given)


# -- ending, sending on -------------------------------------------------------------------------


def test_clear(world: World) -> None:
    held, mine, theirs = world.consulting()
    world.ask("CLEAR_CONNECTION_REQ", **at(theirs))
    assert mine.call.ended
    world.fails(Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, "CLEAR_CONNECTION_REQ", **at(theirs))
    world.ask("CLEAR_CALL_REQ", **at(held))
    assert world.peripheral.calls == {}
    world.fails(Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, "CLEAR_CALL_REQ", **at(held))


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER, {"ConnectionDeviceID": "20002"}),
        (Failure.CF_INVALID_CSTA_DEVICE_IDENTIFIER, {"ConnectionDeviceID": CALLER}),
        (StatusCode.E_CTI_INVALID_CONNECTION_ID_TYPE, {"ConnectionDeviceIDType": 7}),
        (StatusCode.E_CTI_REQUIRED_DATA_MISSING, {"ConnectionDeviceID": None}),
    ],
)
def test_connections_that_cannot_be_controlled(
    world: World, code: int, fields: dict[str, Any]
) -> None:
    connection = world.talking(0)
    world.fails(code, "HOLD_CALL_REQ", **{**at(connection), **fields})


def test_the_instrument_counts_where_the_connection_is_that_of_the_caller(world: World) -> None:
    connection = world.talking(0)
    caller = connection.call.connections[0]
    world.ask("HOLD_CALL_REQ", **at(caller), AgentInstrument="20001")
    assert connection.state == Lcs.LCS_HOLD


def test_deflect(world: World) -> None:
    connection = world.ringing(0)
    given = {**at(connection), "CalledDeviceType": 0}
    code: int
    world.fails(StatusCode.E_CTI_REQUIRED_DATA_MISSING, "DEFLECT_CALL_REQ", **given)
    code = StatusCode.E_CTI_INVALID_DEVICE_ID_TYPE
    world.fails(code, "DEFLECT_CALL_REQ", **{**given, "CalledDeviceType": 9999})
    world.ask("DEFLECT_CALL_REQ", **given, CalledDeviceID="20002")
    assert world.told("CALL_DIVERTED_EVENT")["EventCause"] == EventCause.CEC_CALL_FORWARD
    code = Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER
    world.fails(code, "DEFLECT_CALL_REQ", **given, CalledDeviceID="20003")
    theirs = world.devices[1].connections[0]
    world.calls.answer(theirs)
    given = {**at(theirs), "CalledDeviceType": 0, "CalledDeviceID": "20003"}
    world.fails(Failure.CF_INVALID_OBJECT_STATE, "DEFLECT_CALL_REQ", **given)


def test_tones(world: World) -> None:
    connection = world.talking(0)
    assert world.ask("SEND_DTMF_SIGNAL_REQ", **at(connection), DTMFString="12*#A") == {}
    code: int = Failure.CF_VALUE_OUT_OF_RANGE
    world.fails(code, "SEND_DTMF_SIGNAL_REQ", **at(connection), DTMFString="1x")
    code = StatusCode.E_CTI_REQUIRED_DATA_MISSING
    world.fails(code, "SEND_DTMF_SIGNAL_REQ", **at(connection))
    world.calls.hold(connection)
    code = Failure.CF_INVALID_OBJECT_STATE
    world.fails(code, "SEND_DTMF_SIGNAL_REQ", **at(connection), DTMFString="1")


def test_a_client_may_leave_out_the_device_that_is_its_own(world: World) -> None:
    connection = world.talking(0)
    own = ClientInfo(8, client_id="desk", agent=world.agent(0), instrument="20001")
    world.replies("HOLD_CALL_REQ", client=own, ConnectionCallID=connection.call.id)
    assert connection.state == Lcs.LCS_HOLD
