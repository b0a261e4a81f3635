"""Transfers and conferences against the guide: who is where afterwards, and what is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sim_call_kit import CALLER, OUTSIDE, World, refused
from sim_invariants import CallChecker, check_fields

from fastcil.ged188.enums import AgentState, EventCause
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import EventCauseExtended as Extended
from fastcil.ged188.enums import LocalConnectionState as Lcs

TALKING = AgentState.AGENT_STATE_TALKING


@pytest.fixture
def world() -> World:
    return World()


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


def states(world: World, index: int) -> list[int]:
    """The states that an agent was told to be in since the log was cleared."""
    agent = world.agent(index).id
    return [v["AgentState"] for v in world.all_told("AGENT_STATE_EVENT") if v["AgentID"] == agent]


def test_variables_of_both_calls_are_joined(world: World) -> None:
    """Source: CTI OS Developer Guide, Passing Call Variables: the initial call takes precedence."""
    held, mine, _ = world.consulting()
    world.calls.set_data(held.call, {"CallVariable1": "first", "NamedVariable": [("a.b", "1")]})
    data = {"CallVariable1": "second", "CallVariable2": "note"}
    world.calls.set_data(mine.call, {**data, "NamedVariable": [("a.b", "2"), ("a.c", "3")]})
    world.calls.set_data(mine.call, {"NamedArray": [(0, "a.d", "4")]})
    world.log.clear()
    call = world.calls.conference(mine, held)
    assert (call.variables[1], call.variables[2]) == ("first", "note")
    assert call.named == {"a.b": "1", "a.c": "3"}
    assert call.arrays == {("a.d", 0): "4"}
    values = world.told("CALL_DATA_UPDATE_EVENT")
    assert (values["ConnectionCallID"], values["CallVariable2"]) == (call.id, "note")
    assert "CallVariable1" not in values


def test_variables_that_do_not_fit_stay_behind(world: World) -> None:
    held, mine, _ = world.consulting()
    for connection, letter in ((held, "a"), (mine, "b")):
        named = [(f"{letter}.{i}", "x" * 200) for i in range(6)]
        world.calls.set_data(connection.call, {"NamedVariable": named})
    assert len(world.calls.transfer(mine, held).named) == 6


def test_a_transfer_names_everybody(world: World) -> None:
    held, mine, theirs = world.consulting()
    call = world.calls.transfer(mine, held)
    values = world.told("CALL_TRANSFERRED_EVENT")
    assert (values["PrimaryCallID"], values["SecondaryCallID"]) == (held.call.id, mine.call.id)
    assert values["PrimaryDeviceID"] == values["SecondaryDeviceID"] == "20001"
    assert values["TransferringDeviceID"] == "20001"
    assert values["TransferredDeviceID"] == "20002"
    assert values["ConnectedPartyDeviceID"] == [CALLER, "20002"]
    assert values["ConnectedPartyCallID"] == [call.id, call.id]
    assert values["LocalConnectionState"] == Lcs.LCS_NULL
    assert values["EventCause"] == EventCause.CEC_TRANSFER
    assert theirs.call is call, "the party that stays is the same one"
    assert mine.call.ended


def test_voice_goes_over_to_the_call_that_goes_on(world: World) -> None:
    held, mine, _ = world.consulting()
    world.calls.transfer(mine, held)
    voice = [
        (e.name, e.values["ConnectionCallID"], e.values["ConnectionDeviceID"])
        for e in world.log
        if e.name.startswith("RTP_")
    ]
    consult, call = mine.call.id, held.call.id
    assert voice[::2] == [
        ("RTP_STOPPED_EVENT", consult, "20002"),
        ("RTP_STOPPED_EVENT", consult, "20001"),
        ("RTP_STARTED_EVENT", call, "20002"),
    ]


def test_the_agents_of_a_transfer_are_told_no_state_in_between(world: World) -> None:
    held, mine, _ = world.consulting()
    world.calls.transfer(mine, held)
    assert AgentState.AGENT_STATE_HOLD not in states(world, 0)
    assert set(states(world, 1)) == {TALKING}


def test_the_agents_of_a_conference_are_told_no_state_in_between(world: World) -> None:
    held, mine, _ = world.consulting()
    world.calls.conference(mine, held)
    assert AgentState.AGENT_STATE_HOLD not in states(world, 0)
    assert AgentState.AGENT_STATE_NOT_READY not in states(world, 1)
    assert world.agent(0).state == world.agent(1).state == TALKING


def test_after_alternating_the_callers_call_goes_on_all_the_same(world: World) -> None:
    held, mine, _ = world.consulting()
    world.calls.alternate(mine, held)
    world.log.clear()
    call = world.calls.transfer(held, mine)
    assert call is held.call
    assert world.told("CALL_TRANSFERRED_EVENT")["TransferredDeviceID"] == "20002"
    assert [c.device_id for c in call.connections] == [CALLER, "20002"]
    assert world.agent(1).direction == 1, "an inbound call from now on"


def test_two_calls_of_which_none_is_about_the_other(world: World) -> None:
    first = world.talking(0)
    world.calls.hold(first)
    second = world.talking(0)
    world.log.clear()
    call = world.calls.transfer(second, first)
    # Both callers are outside, so their call goes on without us.
    assert call is first.call
    assert call.ended
    assert world.told("CALL_CLEARED_EVENT")["EventCause"] == Extended.CECX_ANNOUNCED_TRANSFER


def test_a_transfer_while_it_rings(world: World) -> None:
    held = world.talking(0)
    mine = world.calls.consult(held, "20002")
    theirs = world.devices[1].connections[0]
    call = world.calls.transfer(mine, held)
    assert (theirs.call, theirs.state) == (call, Lcs.LCS_ALERTING)
    world.log.clear()
    world.calls.answer(theirs)
    assert world.told("CALL_ESTABLISHED_EVENT")["ConnectionCallID"] == call.id
    assert len(world.all_told("RTP_STARTED_EVENT")) == 2


def test_a_transfer_into_a_queue(world: World) -> None:
    world.not_ready(1, 2, 3, 4, 5)
    held = world.talking(0)
    mine = world.calls.consult(held, world.service.dialed_number)
    world.log.clear()
    call = world.calls.transfer(mine, held)
    assert world.names() == [
        "CALL_DEQUEUED_EVENT",
        "CALL_TRANSFERRED_EVENT",
        "END_CALL_EVENT",
        "CALL_QUEUED_EVENT",
    ]
    assert call.queues == [world.peripheral.skill_groups[1]]
    assert [c.device_id for c in call.connections] == [CALLER]


def test_nobody_is_conferenced_with_a_queue(world: World) -> None:
    world.not_ready(1, 2, 3, 4, 5)
    held = world.talking(0)
    mine = world.calls.consult(held, world.service.dialed_number)
    refused(Failure.CF_NO_ACTIVE_CALL, world.calls.conference, mine, held)


def test_what_cannot_be_joined(world: World) -> None:
    held, mine, theirs = world.consulting()
    for join in (world.calls.transfer, world.calls.conference):
        refused(Failure.CF_NO_HELD_CALL, join, held, mine)
        refused(Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER, join, theirs, held)
        refused(Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER, join, mine, mine)
    world.calls.hold(mine)
    refused(Failure.CF_NO_ACTIVE_CALL, world.calls.transfer, mine, held)


def test_somebody_who_is_in_both_calls(world: World) -> None:
    held = world.talking(0)
    world.calls.single_step_conference(held, "20002")
    theirs = world.devices[1].connections[0]
    world.calls.answer(theirs)
    world.calls.hold(theirs)
    mine = world.calls.consult(held, "20002")
    world.calls.answer(world.devices[1].connections[1])
    code = Failure.CF_REQUEST_INCOMPATIBLE_WITH_OBJECT
    refused(code, world.calls.conference, mine, held)


def test_a_conference_has_sixteen_parties(world: World) -> None:
    connection = world.talking(0)
    for number in range(14):
        world.calls.single_step_conference(connection, f"{OUTSIDE}{number:02}")
    assert len(connection.call.connections) == 16
    code = Failure.CF_CONFERENCE_MEMBER_LIMIT_EXCEEDED
    refused(code, world.calls.single_step_conference, connection, "20002")
    mine = world.calls.consult(connection, "20002")
    world.calls.answer(world.devices[1].connections[0])
    refused(code, world.calls.conference, mine, connection)
    world.calls.transfer(mine, connection)
    assert len(mine.call.connections) == 0


def test_a_conference_goes_on_until_two_are_left(world: World) -> None:
    held, mine, theirs = world.consulting()
    call = world.calls.conference(mine, held)
    values = world.told("CALL_CONFERENCED_EVENT")
    assert (values["ControllerDeviceID"], values["AddedPartyDeviceID"]) == ("20001", "20002")
    assert values["LocalConnectionState"] == Lcs.LCS_CONNECT
    world.log.clear()
    world.calls.clear_connection(call.connections[0])
    assert world.names() == ["CALL_CONNECTION_CLEARED_EVENT"]
    assert not call.ended, "the two agents talk on"
    world.calls.clear_connection(theirs)
    assert call.ended


def test_a_conference_of_one_agent_with_two_outside_ends_with_him(world: World) -> None:
    connection = world.talking(0)
    call = world.calls.single_step_conference(connection, OUTSIDE)
    world.wait(5)
    world.calls.clear_connection(connection)
    assert call.ended


# -- in a single step ---------------------------------------------------------------------------


def test_a_blind_transfer_outside_is_over_here(world: World) -> None:
    connection = world.talking(0)
    world.log.clear()
    call = world.calls.single_step_transfer(connection, OUTSIDE)
    assert world.names()[:2] == ["CALL_REACHED_NETWORK_EVENT", "CALL_TRANSFERRED_EVENT"]
    assert call.ended


def test_a_blind_transfer_outside_by_one_of_two_agents(world: World) -> None:
    held, mine, theirs = world.consulting()
    call = world.calls.conference(mine, held)
    world.calls.single_step_transfer(held, OUTSIDE)
    assert not call.ended
    assert [c.device_id for c in call.connections] == [CALLER, "20002", OUTSIDE]
    world.wait(5)
    assert call.connections[2].state == Lcs.LCS_CONNECT
    assert theirs.state == Lcs.LCS_CONNECT


def test_a_blind_transfer_into_a_queue(world: World) -> None:
    world.not_ready(1, 2, 3, 4, 5)
    connection = world.talking(0)
    world.log.clear()
    call = world.calls.single_step_transfer(connection, world.service.dialed_number)
    assert world.names() == ["CALL_TRANSFERRED_EVENT", "CALL_QUEUED_EVENT"]
    assert call.queues


def test_a_blind_transfer_of_a_held_call(world: World) -> None:
    connection = world.talking(0)
    world.calls.hold(connection)
    world.log.clear()
    call = world.calls.single_step_transfer(connection, "20002")
    values = world.told("CALL_DELIVERED_EVENT")
    assert values["LastRedirectDeviceID"] == "20001"
    assert values["EventCause"] == EventCause.CEC_TRANSFER
    world.calls.clear_connection(world.devices[1].connections[0])
    assert call.ended, "nobody took it"


@pytest.mark.parametrize("step", ["single_step_transfer", "single_step_conference"])
def test_who_cannot_be_reached_in_a_single_step(world: World, step: str) -> None:
    connection = world.talking(0)
    act = getattr(world.calls, step)
    world.talking(1)
    world.devices[2].in_service = False
    refused(Failure.CF_RESOURCE_BUSY, act, connection, "20002")
    refused(Failure.CF_RESOURCE_OUT_OF_SERVICE, act, connection, "20003")
    refused(Failure.CF_INVALID_CALLED_DEVICE, act, connection, "20001")
    refused(Failure.CF_INVALID_CALLED_DEVICE, act, connection, "somewhere")
    ringing = world.ringing(3)
    refused(Failure.CF_INVALID_OBJECT_STATE, act, ringing, "20005")


def test_a_queue_is_no_party_of_a_conference(world: World) -> None:
    connection = world.talking(0)
    number = world.service.dialed_number
    code = Failure.CF_INVALID_CALLED_DEVICE
    refused(code, world.calls.single_step_conference, connection, number)


def test_calls_that_only_ring_are_not_passed_on(world: World) -> None:
    world.not_ready(0)
    mine = world.calls.make(world.devices[0], "20002")
    code = Failure.CF_INVALID_OBJECT_STATE
    refused(code, world.calls.single_step_transfer, mine, "20003")
    refused(code, world.calls.single_step_conference, mine, "20003")
    other = world.calls.consult(mine, "20003")
    refused(Failure.CF_NO_ACTIVE_CALL, world.calls.transfer, other, mine)


def test_who_leaves_a_call_that_only_rings_ends_it(world: World) -> None:
    connection = world.talking(0)
    for number in ("20002", "20003"):
        world.calls.single_step_conference(connection, number)
    call = connection.call
    world.calls.clear_connection(call.connections[0])
    assert not call.ended, "the agent is there still"
    world.calls.clear_connection(connection)
    assert call.ended


def test_calls_that_wait_are_not_passed_on(world: World) -> None:
    world.not_ready(*range(6))
    mine = world.calls.make(world.devices[0], world.service.dialed_number)
    code = Failure.CF_INVALID_OBJECT_STATE
    refused(code, world.calls.single_step_transfer, mine, "20003")
    refused(code, world.calls.single_step_conference, mine, "20003")


def test_nobody_is_left_in_a_queue_with_others(world: World) -> None:
    held, mine, _ = world.consulting()
    world.calls.conference(mine, held)
    number = world.service.dialed_number
    refused(Failure.CF_INVALID_OBJECT_STATE, world.calls.single_step_transfer, held, number)


def test_recording_goes_on_under_the_other_call(world: World) -> None:
    held, mine, theirs = world.consulting()
    world.calls.start_recording(theirs, 1, 0)
    world.log.clear()
    call = world.calls.transfer(mine, held)
    ended = world.told("NETWORK_RECORDING_ENDED_EVENT")
    started = world.told("NETWORK_RECORDING_STARTED_EVENT")
    assert (ended["ConnectionCallID"], started["ConnectionCallID"]) == (mine.call.id, call.id)
    assert (theirs.recording, theirs.recording_type) == (True, 1)


def test_greetings_do_not_outlast_a_transfer(world: World) -> None:
    world.site.rules.greeting_seconds = 5.0
    held = world.talking(0)
    mine = world.calls.consult(held, "20002")
    world.calls.answer(world.devices[1].connections[0])
    world.log.clear()
    world.calls.transfer(mine, held)
    assert world.told("CALL_AGENT_GREETING_EVENT")["EventCode"] == 2
    world.log.clear()
    world.wait(10)
    assert world.all_told("CALL_AGENT_GREETING_EVENT") == []
