"""The call engine: states, events and their order, refusals."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sim_invariants import AgentChecker, CallChecker, check_fields

from fastcil.ged188.enums import AgentState, EventCause
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.build import SiteOptions, build_site
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.model import Call, Connection, Device, RequestError
from fastcil.simulator.routing import Router, Workload, WorkloadOptions
from fastcil.simulator.statistics import Statistics


class World:
    """A small site with everybody logged in and available."""

    def __init__(self, agents: int = 6, seed: int = 1) -> None:
        self.site = build_site(SiteOptions(agents=agents, seed=seed))
        self.statistics = Statistics(self.site)
        self.agents = AgentEngine(self.site, self.statistics)
        self.calls = CallEngine(self.site, self.agents, self.statistics)
        self.peripheral = next(iter(self.site.peripherals.values()))
        self.devices = list(self.peripheral.devices.values())
        for agent, device in zip(self.peripheral.agents.values(), self.devices):
            self.agents.login(agent, device)
            self.agents.set_state(agent, AgentState.AGENT_STATE_AVAILABLE)
        self.log: list[Any] = []
        self.site.subscribe(self.log.append)

    def arrive(self) -> Call:
        service = next(iter(self.peripheral.services.values()))
        return self.calls.arrive(
            self.peripheral, ani="4155550100", dialed_number=service.dialed_number, service=service
        )

    def talking(self, device: Device) -> Connection:
        """A call from outside that was answered at a device."""
        connection = self.calls.deliver(self.arrive(), device)
        self.calls.answer(connection)
        return connection

    def free(self, device: Device) -> None:
        assert device.agent is not None
        self.agents.set_state(device.agent, AgentState.AGENT_STATE_NOT_READY)

    def names(self, prefix: str = "") -> list[str]:
        """What was told since the last time, media and agents left out."""
        found = [
            e.name
            for e in self.log
            if not e.name.startswith(("RTP_", "AGENT_STATE")) and e.name.startswith(prefix)
        ]
        self.log.clear()
        return found


@pytest.fixture
def world() -> World:
    return World()


def refused(code: Failure, act: Any, *arguments: Any) -> None:
    with pytest.raises(RequestError) as caught:
        act(*arguments)
    assert caught.value.code == code


def test_a_call_from_outside(world: World) -> None:
    device = world.devices[0]
    agent = device.agent
    assert agent is not None
    connection = world.calls.deliver(world.arrive(), device)
    assert world.names() == ["BEGIN_CALL_EVENT", "CALL_DELIVERED_EVENT"]
    world.calls.answer(connection)
    assert agent.state == AgentState.AGENT_STATE_TALKING
    world.calls.hold(connection)
    assert agent.state == AgentState.AGENT_STATE_HOLD
    world.calls.retrieve(connection)
    world.calls.clear_connection(connection)
    assert world.names() == [
        "CALL_ESTABLISHED_EVENT",
        "CALL_HELD_EVENT",
        "CALL_RETRIEVED_EVENT",
        "CALL_CONNECTION_CLEARED_EVENT",
        "CALL_CONNECTION_CLEARED_EVENT",
        "CALL_CLEARED_EVENT",
        "END_CALL_EVENT",
    ]
    assert not world.peripheral.calls
    assert not device.connections


def test_voice_runs_while_a_telephone_is_in_a_call(world: World) -> None:
    connection = world.talking(world.devices[0])
    world.calls.clear_connection(connection)
    media = [e.name for e in world.log if e.name.startswith("RTP_")]
    assert media == ["RTP_STARTED_EVENT"] * 2 + ["RTP_STOPPED_EVENT"] * 2


def test_what_a_state_does_not_allow(world: World) -> None:
    connection = world.calls.deliver(world.arrive(), world.devices[0])
    refused(Failure.CF_NO_ACTIVE_CALL, world.calls.hold, connection)
    refused(Failure.CF_NO_HELD_CALL, world.calls.retrieve, connection)
    world.calls.answer(connection)
    refused(Failure.CF_NO_CALL_TO_ANSWER, world.calls.answer, connection)
    world.calls.hold(connection)
    refused(Failure.CF_NO_ACTIVE_CALL, world.calls.hold, connection)
    world.calls.retrieve(connection)
    world.calls.clear_connection(connection)
    refused(Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER, world.calls.clear_connection, connection)
    refused(Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, world.calls.clear_call, connection.call)


def test_a_refusal_tells_and_changes_nothing(world: World) -> None:
    connection = world.talking(world.devices[0])
    world.log.clear()
    refused(Failure.CF_NO_HELD_CALL, world.calls.retrieve, connection)
    assert world.log == []
    assert connection.state == Lcs.LCS_CONNECT


def test_an_agent_calls_another(world: World) -> None:
    caller, called = world.devices[:2]
    world.free(caller)
    world.log.clear()
    mine = world.calls.make(caller, called.extension)
    assert world.names() == [
        "BEGIN_CALL_EVENT",
        "CALL_SERVICE_INITIATED_EVENT",
        "CALL_ORIGINATED_EVENT",
        "CALL_DELIVERED_EVENT",
    ]
    theirs = called.connections[0]
    assert theirs.call is mine.call
    world.calls.answer(theirs)
    world.calls.clear_connection(mine)
    assert mine.call.ended


def test_a_number_outside(world: World) -> None:
    caller = world.devices[0]
    world.free(caller)
    world.log.clear()
    world.calls.make(caller, "14155550123")
    assert world.names()[-1] == "CALL_REACHED_NETWORK_EVENT"


@pytest.mark.parametrize("dialed", ["", "nobody"])
def test_numbers_that_lead_nowhere(world: World, dialed: str) -> None:
    refused(Failure.CF_INVALID_CALLED_DEVICE, world.calls.make, world.devices[0], dialed)


def test_a_busy_telephone(world: World) -> None:
    caller, called = world.devices[:2]
    world.calls.deliver(world.arrive(), called)
    world.free(caller)
    world.log.clear()
    mine = world.calls.make(caller, called.extension)
    assert mine.state == Lcs.LCS_FAIL
    failed = next(e for e in world.log if e.name == "CALL_FAILED_EVENT")
    assert failed.values["EventCause"] == EventCause.CEC_BUSY
    world.calls.clear_connection(mine)
    assert mine.call.ended


def consulting(world: World) -> tuple[Connection, Connection, Connection]:
    """(the held call, the consultation, the one who was asked), at devices 0, 0 and 1."""
    held = world.talking(world.devices[0])
    mine = world.calls.consult(held, world.devices[1].extension)
    theirs = world.devices[1].connections[0]
    world.calls.answer(theirs)
    world.log.clear()
    return held, mine, theirs


def test_a_transfer(world: World) -> None:
    held, mine, _ = consulting(world)
    call = world.calls.transfer(mine, held)
    assert world.names() == ["CALL_TRANSFERRED_EVENT", "END_CALL_EVENT"]
    assert call is held.call
    assert mine.call.ended
    assert {c.device_id for c in call.connections} == {"4155550100", world.devices[1].instrument}
    assert not world.devices[0].connections
    agent = world.devices[1].agent
    assert agent is not None
    assert agent.state == AgentState.AGENT_STATE_TALKING


def test_a_conference(world: World) -> None:
    held, mine, _ = consulting(world)
    call = world.calls.conference(mine, held)
    event = next(e for e in world.log if e.name == "CALL_CONFERENCED_EVENT")
    assert len(event.values["ConnectedPartyDeviceID"]) == 3
    assert event.values["ControllerDeviceID"] == world.devices[0].instrument
    assert held.state == Lcs.LCS_CONNECT
    world.calls.clear_connection(held)
    assert not call.ended, "the other two go on"
    assert len(call.connections) == 2


def test_reconnect_drops_the_consultation(world: World) -> None:
    held, mine, theirs = consulting(world)
    world.calls.reconnect(mine, held)
    assert mine.call.ended
    assert theirs.state == Lcs.LCS_NULL
    assert held.state == Lcs.LCS_CONNECT


def test_alternate(world: World) -> None:
    held, mine, _ = consulting(world)
    world.calls.alternate(mine, held)
    assert (mine.state, held.state) == (Lcs.LCS_HOLD, Lcs.LCS_CONNECT)
    assert world.names() == ["CALL_HELD_EVENT", "CALL_RETRIEVED_EVENT"]


def test_only_two_calls_of_one_device_are_joined(world: World) -> None:
    one, other = world.talking(world.devices[0]), world.talking(world.devices[1])
    world.calls.hold(other)
    refused(Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER, world.calls.transfer, one, other)


def test_single_step_transfer(world: World) -> None:
    connection = world.talking(world.devices[0])
    world.log.clear()
    call = world.calls.single_step_transfer(connection, world.devices[2].extension)
    assert world.names() == ["CALL_DELIVERED_EVENT", "CALL_TRANSFERRED_EVENT"]
    assert not world.devices[0].connections
    world.calls.answer(world.devices[2].connections[0])
    world.calls.clear_call(call)
    assert call.ended


def test_single_step_conference(world: World) -> None:
    connection = world.talking(world.devices[0])
    call = world.calls.single_step_conference(connection, world.devices[2].extension)
    assert len(call.connections) == 3
    assert connection.state == Lcs.LCS_CONNECT


def test_deflection(world: World) -> None:
    connection = world.calls.deliver(world.arrive(), world.devices[0])
    world.log.clear()
    target = world.devices[3].extension
    world.calls.divert(connection, target, EventCause.CEC_CALL_FORWARD)
    assert world.names() == ["CALL_DIVERTED_EVENT", "CALL_DELIVERED_EVENT"]
    assert world.devices[3].connections[0].state == Lcs.LCS_ALERTING


def test_a_supervisor_listens_until_the_call_ends(world: World) -> None:
    agent, supervisor = world.talking(world.devices[0]), world.devices[4]
    mine = world.calls.listen(supervisor, agent)
    assert mine.call is not agent.call
    established = [e for e in world.log if e.name == "CALL_ESTABLISHED_EVENT"][-1]
    assert established.values["LineType"] == 9
    assert established.values["EventCause"] == EventCause.CEC_SILENT_MONITOR
    refused(Failure.CF_INVALID_OBJECT_STATE, world.calls.listen, world.devices[5], agent)
    world.calls.clear_connection(agent)
    assert mine.call.ended


def test_data(world: World) -> None:
    connection = world.talking(world.devices[0])
    world.log.clear()
    world.calls.set_data(
        connection.call,
        {"CallVariable3": "x", "NamedVariable": [("user.a", "1")], "CallWrapupData": "done"},
    )
    (event,) = world.log
    assert event.name == "CALL_DATA_UPDATE_EVENT"
    assert event.values["CallVariable3"] == "x"
    assert event.values["CallWrapupData"] == "done"


def test_a_queue_is_served_in_order(world: World) -> None:
    router = Router(world.site, world.calls, world.agents)
    for device in world.devices:
        if device.agent is not None:
            world.free(device)
    first, second = world.arrive(), world.arrive()
    router.offer(first)
    router.offer(second)
    group = first.skill_group
    assert group is not None
    assert group.queue[:2] == [first, second]
    agent = next(a for a in group.members if a.device is not None)
    world.agents.set_state(agent, AgentState.AGENT_STATE_AVAILABLE)
    world.site.clock.advance(world.site.clock.now + 1)
    assert len(first.connections) == 2
    assert group.queue == [second]


def test_a_call_that_nobody_answers_goes_on(world: World) -> None:
    router = Router(world.site, world.calls, world.agents, ring_seconds=10)
    call = world.arrive()
    router.offer(call)
    first = call.connections[1].device
    assert first is not None
    world.site.clock.advance(11)
    assert first.agent is not None
    assert first.agent.state == AgentState.AGENT_STATE_NOT_READY
    assert "CALL_DIVERTED_EVENT" in world.names()
    assert call.connections[1].device is not first


def day(seed: int, hours: float = 1.0, agents: int = 40) -> World:
    world = World(agents, seed)
    for agent in list(world.peripheral.agents.values()):
        world.agents.set_state(agent, AgentState.AGENT_STATE_NOT_READY)
        world.agents.logout(agent)
    options = WorkloadOptions(calls_per_hour=15 * agents, inside_calls_per_hour=agents)
    workload = Workload(world.site, world.calls, world.agents, options)
    workload.start()
    world.site.clock.advance(3600 * hours)
    workload.stop()
    world.site.clock.advance(3600 * (hours + 1))
    return world


def test_every_call_of_a_day_ends_and_every_state_is_legal() -> None:
    world = day(7)
    checker = CallChecker().feed(world.log)
    assert checker.complaints == []
    assert checker.begun > 500
    assert not checker.open
    assert not world.peripheral.calls
    assert {"CALL_TRANSFERRED_EVENT", "CALL_CONFERENCED_EVENT", "CALL_QUEUED_EVENT"} <= set(
        checker.seen
    )
    assert AgentChecker().feed(world.log).complaints == []
    started = sum(e.name == "RTP_STARTED_EVENT" for e in world.log)
    assert started == sum(e.name == "RTP_STOPPED_EVENT" for e in world.log)


def test_every_event_of_a_day_can_be_sent() -> None:
    world = day(3, 0.3)
    assert check_fields(world.log) == []


def test_the_same_seed_is_the_same_day() -> None:
    def told(seed: int) -> list[Any]:
        return [(e.at, e.name, dict(e.values)) for e in day(seed, 0.1).log]

    assert told(5) == told(5)
    assert told(5) != told(6)


@pytest.mark.parametrize(
    "options",
    [
        {"calls_per_hour": -1},
        {"hold_share": 1.5},
        {"consult_share": 0.6, "transfer_share": 0.6},
    ],
)
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"share|calls_per_hour|more than 1"):
        WorkloadOptions(**options)


@pytest.mark.parametrize("seed", range(8))
def test_random_actions_keep_the_log_legal(seed: int) -> None:
    """Whatever is tried in whatever state: it is refused, or the log stays legal."""
    world = World(6, seed)
    rng = random.Random(seed)
    calls = world.calls

    def one() -> None:
        connections = [c for call in world.peripheral.calls.values() for c in call.connections]
        inside = [c for c in connections if c.device is not None]
        device = rng.choice(world.devices[:6])
        act = rng.randrange(12)
        if act == 0 or not inside:
            calls.deliver(world.arrive(), device)
        elif act == 1:
            calls.make(device, rng.choice(world.devices[:6]).extension)
        else:
            first, second = rng.choice(inside), rng.choice(inside)
            number = rng.choice(world.devices[:6]).extension
            (
                lambda: calls.answer(first),
                lambda: calls.hold(first),
                lambda: calls.retrieve(first),
                lambda: calls.alternate(first, second),
                lambda: calls.consult(first, number),
                lambda: calls.transfer(first, second),
                lambda: calls.conference(first, second),
                lambda: calls.single_step_transfer(first, number),
                lambda: calls.divert(first, number, EventCause.CEC_CALL_FORWARD),
                lambda: calls.clear_connection(first),
            )[act - 2]()

    done = 0
    for _ in range(400):
        try:
            one()
            done += 1
        except RequestError:
            continue
    assert done > 50
    for call in list(world.peripheral.calls.values()):
        calls.clear_call(call)
    checker = CallChecker().feed(world.log)
    assert checker.complaints == []
    assert not checker.open
    assert not any(d.connections for d in world.devices)
