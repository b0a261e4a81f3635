"""Call events against the guide: their order, their states, who is named in them."""

from __future__ import annotations

from typing import Any

import pytest
from sim_call_kit import CALLER, OUTSIDE, World, refused
from sim_invariants import CallChecker, check_fields

from fastcil.ged188 import NULL_UINT, NULL_USHORT
from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import (
    AgentState,
    CallType,
    DeviceIDType,
    EventCause,
    LineType,
    PeripheralType,
    RTPDirection,
)
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import EventCauseExtended as Extended
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.agent_desk import DEFAULT_DESK_MASK, DeskSettings


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def every_log_is_legal(world: World) -> Any:
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


# -- calls from outside -------------------------------------------------------------------------


def test_a_routed_call_is_told_in_order() -> None:
    world = World(routed=True)
    world.not_ready(*range(6))
    call = world.arrive()
    assert world.router is not None
    world.router.offer(call)
    world.agents.set_state(world.agent(2), AgentState.AGENT_STATE_AVAILABLE)
    world.wait(3)
    connection = call.connections[1]
    world.calls.answer(connection)
    world.calls.hold(connection)
    world.calls.retrieve(connection)
    world.calls.clear_connection(connection)
    told = [e.name for e in world.log if not e.name.startswith("AGENT_STATE")]
    voice = ["RTP_STARTED_EVENT"] * 2
    silence = ["RTP_STOPPED_EVENT"] * 2
    assert told == [
        "BEGIN_CALL_EVENT",
        "CALL_QUEUED_EVENT",
        "CALL_DEQUEUED_EVENT",
        "AGENT_PRE_CALL_EVENT",
        "CALL_DELIVERED_EVENT",
        "CALL_ESTABLISHED_EVENT",
        *voice,
        "CALL_HELD_EVENT",
        *silence,
        "CALL_RETRIEVED_EVENT",
        *voice,
        "CALL_CONNECTION_CLEARED_EVENT",
        *silence,
        "CALL_CONNECTION_CLEARED_EVENT",
        "CALL_CLEARED_EVENT",
        "END_CALL_EVENT",
    ]
    assert CallChecker().feed(world.log).complaints == []


def test_begin_has_the_context_and_delivered_repeats_it(world: World) -> None:
    call = world.arrive(variables={1: "gold"}, named={"user.case": "7"}, entered_digits="42")
    world.calls.deliver(call, world.devices[0])
    for name in ("BEGIN_CALL_EVENT", "CALL_DELIVERED_EVENT"):
        values = world.told(name)
        assert values["ANI"] == CALLER
        assert values["DNIS"] == values["DialedNumber"] == world.service.dialed_number
        assert values["CallVariable1"] == "gold"
        assert values["CallerEnteredDigits"] == "42"
        assert values["NamedVariable"] == [("user.case", "7")]
        assert "CallVariable2" not in values
    begun = world.told("BEGIN_CALL_EVENT")
    assert begun["CallType"] == CallType.CALLTYPE_ACD_IN
    assert begun["ConnectionDeviceID"] == CALLER
    assert begun["RouterCallKeyDay"] == world.site.clock.time // 86400


def test_delivered_names_the_parties(world: World) -> None:
    world.ringing(0)
    values = world.told("CALL_DELIVERED_EVENT")
    assert values["AlertingDeviceID"] == values["ConnectionDeviceID"] == "20001"
    assert values["AlertingDeviceType"] == DeviceIDType.DEVID_AGENT_DEVICE
    assert (values["CallingDeviceID"], values["CallingDeviceType"]) == (
        CALLER,
        DeviceIDType.DEVID_EXTERNAL,
    )
    assert values["CalledDeviceID"] == world.service.dialed_number
    assert values["CalledDeviceType"] == DeviceIDType.DEVID_ROUTE_POINT
    assert values["LastRedirectDeviceType"] == DeviceIDType.DEVID_NONE
    assert "LastRedirectDeviceID" not in values
    assert values["LineType"] == LineType.LINETYPE_INBOUND_ACD
    assert values["LineHandle"] == 1
    assert values["ServiceID"] == world.service.id
    assert values["SkillGroupNumber"] == NULL_UINT
    assert values["SkillGroupPriority"] == 0
    assert values["EventCause"] == EventCause.CEC_NONE


def test_a_call_for_nobody_in_particular_is_dialled_directly(world: World) -> None:
    world.calls.deliver(world.arrive(service=None, dialed_number="20001"), world.devices[0])
    values = world.told("CALL_DELIVERED_EVENT")
    assert values["LineType"] == LineType.LINETYPE_DID
    assert values["ServiceID"] == NULL_UINT


def test_a_trunk_is_seized(world: World) -> None:
    call = world.arrive(trunk=12)
    assert [e.name for e in world.log] == ["BEGIN_CALL_EVENT", "CALL_DELIVERED_EVENT"]
    values = world.told("CALL_DELIVERED_EVENT")
    assert values["LocalConnectionState"] == Lcs.LCS_INITIATE
    assert values["TrunkNumber"] == 12
    assert (values["LineHandle"], values["LineType"]) == (NULL_USHORT, NULL_USHORT)
    assert "AlertingDeviceID" not in values
    world.log.clear()
    world.calls.deliver(call, world.devices[0])
    assert world.told("CALL_DELIVERED_EVENT")["TrunkNumber"] == 12


def test_a_translation_route_is_told_before_the_call(world: World) -> None:
    expected = world.calls.expect(
        world.peripheral,
        ani=CALLER,
        dialed_number=world.service.dialed_number,
        service=world.service,
        variables={3: "vip"},
    )
    assert world.peripheral.calls == {}
    ahead = world.told("CALL_TRANSLATION_ROUTE_EVENT")
    assert (ahead["DNIS"], ahead["CallVariable3"]) == (world.service.dialed_number, "vip")
    world.wait(2)
    call = world.calls.arrive_expected(expected)
    begun = world.told("BEGIN_CALL_EVENT")
    for name in ("RouterCallKeyDay", "RouterCallKeyCallID", "CallVariable3"):
        assert begun[name] == ahead[name]
    assert call.type == CallType.CALLTYPE_PREROUTE_ACD_IN


def test_the_router_call_key_begins_again_at_midnight(world: World) -> None:
    first, second = world.arrive(), world.arrive()
    assert (first.router_key[1], second.router_key[1]) == (1, 2)
    world.wait(86400)
    third = world.arrive()
    assert third.router_key == (first.router_key[0] + 1, 1, 1)


@pytest.mark.parametrize(
    ("where", "cause"),
    [
        ("queue", Extended.CECX_ABAND_LOCAL_QUEUE),
        ("ring", Extended.CECX_ABAND_RING),
        ("nowhere", Extended.CECX_ABAND_DELAY),
        ("talk", NULL_USHORT),
    ],
)
def test_how_far_an_abandoned_call_came(world: World, where: str, cause: int) -> None:
    call = world.arrive()
    if where == "queue":
        world.calls.queue(call, world.peripheral.skill_groups[1])
    elif where in ("ring", "talk"):
        connection = world.calls.deliver(call, world.devices[0])
        if where == "talk":
            world.calls.answer(connection)
    world.log.clear()
    world.calls.clear_connection(call.connections[0])
    assert world.told("CALL_CLEARED_EVENT")["EventCause"] == cause
    # The extended causes are those of CALL_CLEARED_EVENT only.
    for values in world.all_told("CALL_CONNECTION_CLEARED_EVENT"):
        assert values["EventCause"] == EventCause.CEC_NONE


# -- queues -------------------------------------------------------------------------------------


def test_queue_events() -> None:
    world = World(agents=4, skill_groups=2, groups_per_agent=2)
    first, second = world.peripheral.skill_groups.values()
    other, call = world.arrive(), world.arrive()
    world.calls.queue(other, first)
    world.log.clear()
    world.calls.queue(call, first, second)
    values = world.told("CALL_QUEUED_EVENT")
    assert values["QueueDeviceType"] == DeviceIDType.DEVID_QUEUE
    assert values["NumQueued"] == 2
    assert values["SkillGroupID"] == [first.id, second.id]
    assert values["SkillGroupPriority"] == [0, 0]
    assert values["LocalConnectionState"] == Lcs.LCS_QUEUED
    assert (values["CallingDeviceID"], values["ConnectionDeviceID"]) == (CALLER, CALLER)
    world.calls.dequeue(other)
    world.log.clear()
    world.calls.dequeue(call)
    values = world.told("CALL_DEQUEUED_EVENT")
    assert (values["NumQueued"], values["SkillGroupNumber"]) == (0, [1, 2])
    assert first.queue == second.queue == []
    world.log.clear()
    world.calls.dequeue(call)
    assert world.log == []
    assert world.statistics.group_values(second)["CallsQToday"] == 1


@pytest.mark.parametrize("kind", [PeripheralType.PT_ACMI_IPCC, PeripheralType.PT_ENTERPRISE_AGENT])
def test_a_change_of_the_service_is_told_where_the_peripheral_does(kind: PeripheralType) -> None:
    world = World(services=2, peripheral_type=kind)
    connection = world.talking(0)
    number = world.peripheral.services[2].dialed_number
    world.log.clear()
    world.calls.single_step_transfer(connection, number)
    told = world.all_told("CALL_ATTRIBUTE_CHANGE_EVENT")
    if kind is PeripheralType.PT_ENTERPRISE_AGENT:
        assert told == []
        return
    (values,) = told
    assert values["ServiceNumber"] == 2
    assert values["CallTypeID"] == world.peripheral.services[2].call_type_id
    assert check_fields(world.log) == []


# -- voice --------------------------------------------------------------------------------------


def test_voice_streams_name_the_telephone(world: World) -> None:
    connection = world.talking(0)
    started = world.all_told("RTP_STARTED_EVENT")
    assert [v["Direction"] for v in started] == [RTPDirection.INPUT, RTPDirection.OUTPUT]
    for values in started:
        assert values["ConnectionCallID"] == connection.call.id
        assert values["ConnectionDeviceID"] == values["AgentInstrument"] == "20001"
        assert values["AgentID"] == world.agent(0).id
        assert values["PacketSize"] == 20
        assert values["ClientAddress"].startswith("10.")
    world.calls.clear_connection(connection)
    for event in world.log[-8:]:
        if event.name == "RTP_STOPPED_EVENT":
            assert "20001" in event.audience.instruments, "its own client is told"


def test_no_voice_without_somebody_to_talk_to(world: World) -> None:
    world.not_ready(0)
    mine = world.calls.make(world.devices[0], OUTSIDE)
    assert world.all_told("RTP_STARTED_EVENT") == []
    world.wait(5)
    assert len(world.all_told("RTP_STARTED_EVENT")) == 2
    assert mine.media


# -- calls of agents ----------------------------------------------------------------------------


def test_a_call_to_a_number_outside(world: World) -> None:
    world.not_ready(0)
    mine = world.calls.make(world.devices[0], OUTSIDE)
    assert [e.name for e in world.log if not e.name.startswith("AGENT_STATE")] == [
        "BEGIN_CALL_EVENT",
        "CALL_SERVICE_INITIATED_EVENT",
        "CALL_ORIGINATED_EVENT",
        "CALL_REACHED_NETWORK_EVENT",
    ]
    begun = world.told("BEGIN_CALL_EVENT")
    assert begun["CallType"] == CallType.CALLTYPE_OUT
    assert "RouterCallKeyDay" not in begun, "only of routed calls"
    initiated = world.told("CALL_SERVICE_INITIATED_EVENT")
    assert initiated["LocalConnectionState"] == Lcs.LCS_INITIATE
    assert initiated["CallReferenceID"] == mine.call.reference
    assert "COCConnectionCallID" not in initiated
    network = world.told("CALL_REACHED_NETWORK_EVENT")
    assert network["CalledDeviceID"] == OUTSIDE
    assert network["TrunkUsedDeviceType"] == DeviceIDType.DEVID_TRUNK_IDENTIFIER
    assert network["LineType"] == LineType.LINETYPE_OUTBOUND
    world.wait(5)
    established = world.told("CALL_ESTABLISHED_EVENT")
    assert established["AnsweringDeviceID"] == OUTSIDE
    assert established["CallingDeviceID"] == "20001"


def test_numbers_outside_may_ring_for_ever(world: World) -> None:
    world.site.rules.outside_answer_seconds = None
    world.not_ready(0)
    mine = world.calls.make(world.devices[0], OUTSIDE)
    world.wait(3600)
    assert mine.call.connections[1].state == Lcs.LCS_ALERTING


def test_a_number_of_a_service_leads_into_its_queue(world: World) -> None:
    world.not_ready(*range(6))
    mine = world.calls.make(world.devices[0], world.service.dialed_number)
    call = mine.call
    assert world.told("CALL_DATA_UPDATE_EVENT")["RouterCallKeyCallID"] == call.router_key[1]
    assert world.names()[-2:] == ["CALL_DATA_UPDATE_EVENT", "CALL_QUEUED_EVENT"]
    assert (call.service, call.queues) == (world.service, [world.peripheral.skill_groups[1]])
    assert call.router_key[0] > 0
    world.calls.clear_connection(mine)
    assert world.names() == [
        "CALL_DEQUEUED_EVENT",
        "CALL_CONNECTION_CLEARED_EVENT",
        "CALL_CLEARED_EVENT",
        "END_CALL_EVENT",
    ]


def test_a_telephone_out_of_service(world: World) -> None:
    world.not_ready(0, 1)
    world.devices[1].in_service = False
    mine = world.calls.make(world.devices[0], "20002")
    failed = world.told("CALL_FAILED_EVENT")
    assert failed["EventCause"] == EventCause.CEC_DEST_NOT_OBTAINABLE
    assert failed["FailingDeviceID"] == failed["CalledDeviceID"] == "20002"
    assert mine.state == Lcs.LCS_FAIL
    refused(Failure.CF_RESOURCE_OUT_OF_SERVICE, world.calls.make, world.devices[1], "20001")


def test_a_busy_tone_takes_the_telephone_until_it_is_put_down(world: World) -> None:
    held = world.talking(0)
    world.ringing(1)
    mine = world.calls.consult(held, "20002")
    assert mine.state == Lcs.LCS_FAIL
    assert world.told("CALL_FAILED_EVENT")["EventCause"] == EventCause.CEC_BUSY
    code = Failure.CF_INVALID_OBJECT_STATE
    refused(code, world.calls.retrieve, held)
    refused(code, world.calls.answer, world.ringing(0))
    world.calls.reconnect(mine, held)
    assert (mine.call.ended, held.state) == (True, Lcs.LCS_CONNECT)


@pytest.mark.parametrize("number", ["1002", "20002"])
def test_an_agent_is_reached_by_number_and_by_name(world: World, number: str) -> None:
    world.not_ready(0)
    world.calls.make(world.devices[0], number)
    assert world.devices[1].connections[0].state == Lcs.LCS_ALERTING
    assert world.told("CALL_DELIVERED_EVENT")["LineType"] == LineType.LINETYPE_INSIDE


def test_an_agent_who_is_not_there_is_not_reached(world: World) -> None:
    world.not_ready(0, 1)
    world.agents.logout(world.agent(1))
    refused(Failure.CF_INVALID_CALLED_DEVICE, world.calls.make, world.devices[0], "1002")


@pytest.mark.parametrize(
    ("bit", "number"),
    [
        (Desk.DESK_AGENT_TO_AGENT_CALLS_ALLOWED, "20002"),
        (Desk.DESK_OUTBOUND_ACCESS_PUBLIC_NET_MASK, OUTSIDE),
    ],
)
def test_desk_settings_forbid_calls(bit: Desk, number: str) -> None:
    world = World(desk=DeskSettings(mask=DEFAULT_DESK_MASK & ~int(bit)))
    world.not_ready(0)
    code = Failure.CF_PRIVILEGE_VIOLATION_ON_CALLED_DEVICE
    refused(code, world.calls.make, world.devices[0], number)
    world.calls.make(world.devices[0], "20002" if number == OUTSIDE else OUTSIDE)


def test_desk_settings_answer_by_themselves() -> None:
    mask = DEFAULT_DESK_MASK | int(Desk.DESK_AUTO_ANSWER_ENABLED_MASK)
    world = World(desk=DeskSettings(mask=mask))
    connection = world.ringing(0)
    assert connection.state == Lcs.LCS_ALERTING
    world.wait(2)
    assert connection.state == Lcs.LCS_CONNECT


def test_attributes_of_the_device(world: World) -> None:
    world.not_ready(0)
    world.devices[0].attributes = {
        "ServiceNumber": 1,
        "SkillGroupID": 6001,
        "CallType": int(CallType.CALLTYPE_PREVIEW),
    }
    world.calls.make(world.devices[0], OUTSIDE)
    assert world.told("BEGIN_CALL_EVENT")["CallType"] == CallType.CALLTYPE_PREVIEW
    values = world.told("CALL_ORIGINATED_EVENT")
    assert (values["ServiceID"], values["SkillGroupNumber"]) == (7001, 1)


def test_a_consultation_has_the_data_and_names_its_origin(world: World) -> None:
    held = world.calls.deliver(
        world.arrive(variables={1: "gold"}, named={"user.case": "7"}), world.devices[0]
    )
    world.calls.answer(held)
    world.log.clear()
    mine = world.calls.consult(held, "20002", {"CallVariable2": "why"})
    begun = world.told("BEGIN_CALL_EVENT")
    assert begun["CallType"] == CallType.CALLTYPE_CONSULT
    assert (begun["CallVariable1"], begun["CallVariable2"]) == ("gold", "why")
    assert begun["NamedVariable"] == [("user.case", "7")]
    assert 2 not in held.call.variables
    initiated = world.told("CALL_SERVICE_INITIATED_EVENT")
    assert initiated["COCConnectionCallID"] == held.call.id
    assert initiated["COCCallConnectionDeviceID"] == "20001"
    assert mine.call.originating_call == held.call.id


# -- ringing elsewhere --------------------------------------------------------------------------


def test_a_deflected_call_says_where_it_rang(world: World) -> None:
    connection = world.ringing(0)
    world.log.clear()
    world.calls.divert(connection, "20003", EventCause.CEC_CALL_FORWARD)
    diverted = world.told("CALL_DIVERTED_EVENT")
    assert (diverted["DivertingDeviceID"], diverted["CalledDeviceID"]) == ("20001", "20003")
    assert diverted["EventCause"] == EventCause.CEC_CALL_FORWARD
    assert diverted["LocalConnectionState"] == Lcs.LCS_NULL
    delivered = world.told("CALL_DELIVERED_EVENT")
    assert delivered["LastRedirectDeviceID"] == "20001"
    assert delivered["CalledDeviceID"] == world.service.dialed_number, "as dialled at first"


def test_a_call_deflected_outside_is_over_here(world: World) -> None:
    connection = world.ringing(0)
    world.log.clear()
    world.calls.divert(connection, OUTSIDE, EventCause.CEC_CALL_FORWARD)
    assert connection.call.ended
    assert world.told("CALL_CLEARED_EVENT")["EventCause"] == EventCause.CEC_REDIRECTED


def test_a_call_deflected_to_a_service_waits(world: World) -> None:
    connection = world.ringing(0)
    world.log.clear()
    world.calls.divert(connection, world.service.dialed_number, EventCause.CEC_CALL_FORWARD)
    assert world.names() == ["CALL_DIVERTED_EVENT", "CALL_QUEUED_EVENT"]
    assert not connection.call.ended


# -- greetings ----------------------------------------------------------------------------------


def test_a_greeting_plays_when_a_routed_call_is_answered(world: World) -> None:
    world.site.rules.greeting_seconds = 5.0
    world.talking(0)
    started = world.told("CALL_AGENT_GREETING_EVENT")
    assert (started["EventCode"], started["PeripheralErrorCode"]) == (0, 0)
    assert started["AgentID"] == world.agent(0).id
    world.log.clear()
    world.wait(6)
    assert world.told("CALL_AGENT_GREETING_EVENT")["EventCode"] == 1


def test_a_greeting_is_cut_off(world: World) -> None:
    world.site.rules.greeting_seconds = 5.0
    connection = world.talking(0)
    world.log.clear()
    world.calls.clear_connection(connection)
    failed = world.told("CALL_AGENT_GREETING_EVENT")
    assert failed["EventCode"] == 2
    assert failed["PeripheralErrorCode"] != 0
    assert world.names()[0] == "CALL_AGENT_GREETING_EVENT"
    world.wait(10)
    assert world.all_told("CALL_AGENT_GREETING_EVENT") == []


def test_no_greeting_for_calls_between_agents(world: World) -> None:
    world.site.rules.greeting_seconds = 5.0
    world.not_ready(0)
    world.calls.make(world.devices[0], "20002")
    world.calls.answer(world.devices[1].connections[0])
    assert world.all_told("CALL_AGENT_GREETING_EVENT") == []


# -- what befalls the site ----------------------------------------------------------------------


def test_a_peripheral_goes_off_line_in_the_middle_of_everything(world: World) -> None:
    held, _, _ = world.consulting(0, 1)
    world.calls.listen(world.devices[4], held)
    world.calls.queue(world.arrive(), world.peripheral.skill_groups[1])
    world.ringing(3)
    world.calls.end_peripheral(world.peripheral)
    assert world.peripheral.calls == {}
    assert all(d.connections == [] for d in world.devices)
    assert world.peripheral.skill_groups[1].queue == []


def test_a_telephone_goes_out_of_service(world: World) -> None:
    held, mine, theirs = world.consulting(0, 1)
    world.calls.end_device(world.devices[0])
    assert held.call.ended
    assert mine.call.ended
    assert theirs.state == Lcs.LCS_NULL
    assert world.devices[0].connections == []
