"""The router: queues, the longest available agent, calls that nobody answers or that abort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sim_call_kit import OUTSIDE, World
from sim_invariants import CallChecker

from fastcil.ged188.enums import AgentState, EventCause
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.agent_desk import DeskSettings, ReasonCode
from fastcil.simulator.model import Call
from fastcil.simulator.routing import Router

AVAILABLE = AgentState.AGENT_STATE_AVAILABLE
NOT_READY = AgentState.AGENT_STATE_NOT_READY
RESERVED = AgentState.AGENT_STATE_RESERVED


@pytest.fixture
def world() -> World:
    return World(routed=True)


@pytest.fixture(autouse=True)
def every_log_is_legal(world: World) -> Iterator[None]:
    log: list[Any] = []
    world.site.subscribe(log.append)
    yield
    for call in list(world.peripheral.calls.values()):
        if not call.ended:
            world.calls.clear_call(call)
    checker = CallChecker().feed(log)
    assert checker.complaints == []
    assert (checker.open, checker.announced) == ({}, {})


def router(world: World) -> Router:
    assert world.router is not None
    return world.router


def offer(world: World) -> Call:
    call = world.arrive()
    router(world).offer(call)
    return call


def where(world: World, call: Call) -> int:
    """The index of the device where a call is."""
    (found,) = [
        i for i, d in enumerate(world.devices) if any(c.call is call for c in d.connections)
    ]
    return found


def test_the_longest_available_agent_is_chosen(world: World) -> None:
    for index in (3, 1, 5, 0, 2, 4):
        world.not_ready(index)
        world.wait(1)
        world.agents.set_state(world.agent(index), AVAILABLE)
    calls = [offer(world) for _ in range(6)]
    assert [where(world, call) for call in calls] == [3, 1, 5, 0, 2, 4]


def test_calls_wait_and_are_served_in_their_order(world: World) -> None:
    world.not_ready(*range(6))
    calls = []
    for _ in range(3):
        calls.append(offer(world))
        world.wait(1)
    group = world.peripheral.skill_groups[1]
    assert group.queue == calls
    for index, call in zip((4, 2), calls):
        world.agents.set_state(world.agent(index), AVAILABLE)
        world.wait(1)
        assert where(world, call) == index
    assert group.queue == calls[2:]
    values = world.statistics.group_values(group)
    assert (values["CallsQNow"], values["CallsQToday"]) == (1, 2)


def test_a_call_waits_for_every_group_of_its_service() -> None:
    world = World(agents=4, routed=True, skill_groups=2, groups_per_agent=1, seed=3)
    first, second = world.peripheral.skill_groups.values()
    world.service.skill_groups[:] = [1, 2]
    world.not_ready(*range(4))
    call = offer(world)
    assert call.queues == [first, second]
    agent = second.members[0]
    world.agents.set_state(agent, AVAILABLE)
    world.wait(1)
    assert (call.skill_group, call.queues) == (second, [])
    assert first.queue == second.queue == []
    assert agent.state == RESERVED


def test_a_service_without_groups_leaves_the_caller_waiting(world: World) -> None:
    world.service.skill_groups.clear()
    call = offer(world)
    assert not call.ended
    assert not call.queues
    world.not_ready(0)
    mine = world.calls.make(world.devices[0], world.service.dialed_number)
    assert not mine.call.ended


def test_a_call_that_nobody_answers_goes_on_and_the_agent_rests(world: World) -> None:
    call = offer(world)
    first = where(world, call)
    world.log.clear()
    world.wait(21)
    assert world.agent(first).state == NOT_READY
    assert world.agent(first).reason == ReasonCode.NOT_ANSWERED
    diverted = world.told("CALL_DIVERTED_EVENT")
    assert diverted["EventCause"] == EventCause.CEC_CALL_FORWARD_NO_ANSWER
    assert (
        world.told("CALL_DELIVERED_EVENT")["LastRedirectDeviceID"] == diverted["DivertingDeviceID"]
    )
    assert where(world, call) != first


def test_a_call_that_nobody_answers_at_all_waits_again(world: World) -> None:
    world.not_ready(1, 2, 3, 4, 5)
    call = offer(world)
    world.wait(21)
    assert call.queues
    world.wait(100)
    assert not call.ended


def test_the_desk_settings_say_how_long_it_rings() -> None:
    world = World(routed=True, desk=DeskSettings(ring_no_answer=7))
    call = offer(world)
    first = where(world, call)
    world.wait(6)
    assert where(world, call) == first
    world.wait(2)
    assert where(world, call) != first


def test_a_consultation_that_was_transferred_while_it_rang_goes_on_as_well(world: World) -> None:
    world.not_ready(1, 2, 3, 4, 5)
    held = offer(world).connections[1]
    world.calls.answer(held)
    world.agents.set_state(world.agent(3), AVAILABLE)
    mine = world.calls.consult(held, world.service.dialed_number)
    theirs = world.devices[3].connections[0]
    call = world.calls.transfer(mine, held)
    assert (theirs.call, theirs.state) == (call, Lcs.LCS_ALERTING)
    assert world.agent(3).state == RESERVED
    world.wait(21)
    assert world.agent(3).state == NOT_READY
    assert not call.ended
    assert call.queues


def test_deflected_calls_are_no_longer_the_routers(world: World) -> None:
    call = offer(world)
    connection = call.connections[1]
    first = where(world, call)
    world.calls.divert(connection, "20006", EventCause.CEC_CALL_FORWARD)
    assert world.agent(first).state == AVAILABLE
    world.calls.answer(world.devices[5].connections[0])
    world.wait(30)
    assert where(world, call) == 5


# -- on the way ---------------------------------------------------------------------------------


def test_a_call_is_announced_and_arrives(world: World) -> None:
    router(world).connect_seconds = 0.5
    call = offer(world)
    assert world.names() == ["BEGIN_CALL_EVENT", "AGENT_PRE_CALL_EVENT"]
    agent = call.announced
    assert agent is not None
    assert agent.state == RESERVED
    world.wait(1)
    assert world.names() == ["CALL_DELIVERED_EVENT"]
    assert call.announced is None


def test_announcements_say_where_the_call_comes_to(world: World) -> None:
    call = offer(world)
    values = world.told("AGENT_PRE_CALL_EVENT")
    agent = world.agent(where(world, call))
    assert agent.device is not None
    assert values["AgentID"] == agent.id
    assert values["AgentSkillTargetID"] == agent.icm_id
    assert values["AgentInstrument"] == agent.device.instrument
    assert values["FltCallTypeID"] == world.service.call_type_id
    assert values["RouterCallKeyCallID"] == call.router_key[1]
    assert values["MRDID"] == 1


def test_the_caller_hangs_up_on_the_way(world: World) -> None:
    router(world).connect_seconds = 0.5
    call = offer(world)
    agent = call.announced
    assert agent is not None
    world.log.clear()
    world.calls.clear_connection(call.connections[0])
    assert world.names()[0] == "AGENT_PRE_CALL_ABORT_EVENT"
    assert agent.state == AVAILABLE
    world.wait(5)
    assert world.all_told("CALL_DELIVERED_EVENT") == []


@pytest.mark.parametrize("what", ["leaves", "telephones", "breaks"])
def test_the_agent_cannot_be_reached_any_more(world: World, what: str) -> None:
    router(world).connect_seconds = 0.5
    call = offer(world)
    agent = call.announced
    assert agent is not None
    device = agent.device
    assert device is not None
    if what == "leaves":
        world.agents.logout(agent, forced=True)
    elif what == "telephones":
        world.calls.make(device, OUTSIDE)
    else:
        device.in_service = False
    world.log.clear()
    world.wait(0.6)
    assert world.told("AGENT_PRE_CALL_ABORT_EVENT")["AgentInstrument"] == device.instrument
    assert world.names()[:2] == ["AGENT_PRE_CALL_ABORT_EVENT", "AGENT_PRE_CALL_EVENT"]
    world.wait(1)
    assert world.devices[where(world, call)] is not device


def test_an_agent_who_is_free_again_gets_the_call_that_is_on_its_way(world: World) -> None:
    router(world).connect_seconds = 0.5
    world.not_ready(1, 2, 3, 4, 5)
    first = offer(world)
    second = offer(world)
    mine = world.calls.make(world.devices[0], OUTSIDE)
    world.calls.clear_connection(mine)
    agent = world.agent(0)
    world.agents.set_state(agent, AVAILABLE)
    world.wait(0.1)
    assert agent.state == RESERVED
    assert (first.announced, second.announced) == (agent, None)
    world.wait(0.5)
    assert where(world, first) == 0
    assert second.queues


def test_a_colleague_who_dials_a_service_is_a_routed_call_to_the_agent(world: World) -> None:
    world.not_ready(0, 2, 3, 4, 5)
    mine = world.calls.make(world.devices[0], world.service.dialed_number)
    assert world.agent(1).state == RESERVED
    world.wait(21)
    assert world.agent(1).state == NOT_READY, "he did not answer"
    assert mine.call.queues
    world.agents.set_state(world.agent(2), AVAILABLE)
    world.wait(1)
    world.calls.answer(world.devices[2].connections[0])
    assert world.agent(2).direction == 1
    world.calls.clear_connection(mine)
    world.wait(100)
    assert world.statistics.agent_values(world.agent(2))["HandledCallsSession"] == 1
    assert world.statistics.agent_values(world.agent(0))["InternalCallsSession"] == 1
