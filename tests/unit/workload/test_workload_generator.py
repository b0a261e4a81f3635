"""The generated contact centre: legal order, documented parameters, equal seeds equal bytes."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import pytest

from fastcil.catalog import EVENTS_BY_ID, AgentState, event_id, minimized_parameters
from fastcil.codec import FrameWriter
from fastcil.workload import ContactCentre, Event
from fastcil.workload.model import TRANSITIONS

BEGIN, END = event_id("OnCallBegin"), event_id("OnCallEnd")
UPDATE, HELD = event_id("OnCallDataUpdate"), event_id("OnCallHeld")
RETRIEVED, AGENT_STATE = event_id("OnCallRetrieved"), event_id("OnAgentStateChange")
TRANSFERRED, CONFERENCED = event_id("OnCallTransferred"), event_id("OnCallConferenced")
STATISTICS = event_id("OnSkillGroupStatisticsUpdated")
COUNT = 12_000


def drained(seed: int, agents: int = 50, count: int = COUNT) -> list[Event]:
    centre = ContactCentre(agents, seed)
    events = list(islice(centre, count))
    return events + list(centre.drain())


@pytest.fixture(scope="module", params=[(1, 50), (2, 3), (3, 400)], ids=str)
def events(request: pytest.FixtureRequest) -> list[Event]:
    seed, agents = request.param
    return drained(seed, agents)


def is_call_event(event: Event) -> bool:
    return (
        str(event.complete["UniqueObjectID"]).startswith("call.")
        if ("UniqueObjectID" in event.complete)
        else False
    )


def test_time_never_goes_back(events: list[Event]) -> None:
    times = [event.time_ns for event in events]
    assert times == sorted(times)


def test_calls_begin_once_and_end_after_drain(events: list[Event]) -> None:
    live: set[str] = set()
    begun = 0
    for event in filter(is_call_event, events):
        key = event.complete["UniqueObjectID"]
        if event.message_id == BEGIN:
            assert key not in live
            live.add(key)
            begun += 1
        elif "OldUniqueObjectID" in event.complete:
            assert event.message_id == UPDATE
            live.remove(event.complete["OldUniqueObjectID"])
            assert key not in live
            live.add(key)
        assert key in live, event
        if event.message_id == END:
            live.remove(key)
    assert begun > 100
    assert not live


def test_holds_and_retrieves_alternate(events: list[Event]) -> None:
    held: set[str] = set()
    for event in events:
        key = event.complete.get("UniqueObjectID", "")
        if event.message_id == HELD:
            assert key not in held
            held.add(key)
        elif event.message_id == RETRIEVED:
            held.remove(key)
        elif event.message_id in (TRANSFERRED, CONFERENCED):
            held.discard(key)
    assert not held


def test_agents_change_states_in_legal_order(events: list[Event]) -> None:
    states: dict[str, int] = {}
    for event in events:
        if event.message_id == AGENT_STATE:
            agent, state = event.complete["AgentID"], event.complete["AgentState"]
            before = states.get(agent, int(AgentState.eLogout))
            assert state in TRANSITIONS[before], (agent, before, state)
            states[agent] = state


def test_parameters_are_those_of_the_catalog(events: list[Event]) -> None:
    for event in events:
        callback = EVENTS_BY_ID[event.message_id].callback
        for level, arguments in enumerate((event.complete, event.minimal)):
            extra = {"OldUniqueObjectID"} if event.message_id == UPDATE else set()
            documented = {re.sub(r"\[.*\]", "[]", k) for k in minimized_parameters(callback, level)}
            found = {re.sub(r"\[.*\]", "[]", key) for key in arguments}
            assert found - extra <= documented
            assert documented <= found | {"ConnectedParty[]"}


def test_complete_contains_minimal(events: list[Event]) -> None:
    for event in events:
        assert event.minimal.items() <= event.complete.items()


def test_values_have_documented_types(events: list[Event]) -> None:
    kinds: dict[str, Any] = {"STRING": str, "ARGUMENTS": dict}
    for event in events:
        for parameter in EVENTS_BY_ID[event.message_id].parameters:
            value = event.complete.get(parameter.keyword)
            if value is not None:
                assert type(value) is kinds.get(str(parameter.type), int), parameter
                if parameter.type == "SHORT":
                    assert -32768 <= value <= 32767, parameter


def test_every_kind_of_event_occurs() -> None:
    names = {EVENTS_BY_ID[event.message_id].callback for event in drained(1)}
    assert names == {
        "OnAgentStateChange",
        "OnCallBegin",
        "OnCallCleared",
        "OnCallConferenced",
        "OnCallConnectionCleared",
        "OnCallDataUpdate",
        "OnCallDelivered",
        "OnCallEnd",
        "OnCallEstablished",
        "OnCallHeld",
        "OnCallOriginated",
        "OnCallRetrieved",
        "OnCallServiceInitiatedEvent",
        "OnCallTransferred",
        "OnSkillGroupStatisticsUpdated",
    }


def stream(events: list[Event]) -> bytes:
    writer = FrameWriter(epoch=1)
    for event in events:
        writer.write(event.message_id, event.complete)
        writer.write(event.message_id, event.minimal)
    return writer.take()


def test_same_seed_same_bytes() -> None:
    first = stream(drained(7, 20, 3000))
    assert first == stream(drained(7, 20, 3000))
    assert first != stream(drained(8, 20, 3000))


@pytest.mark.parametrize("count", [1, 57, 500, 1003, 4999])
def test_snapshot_is_the_state_after_the_last_event(count: int) -> None:
    centre = ContactCentre(30, 5)
    states: dict[str, int] = {}
    live: dict[str, int] = {}
    for event in islice(centre, count):
        if event.message_id == AGENT_STATE:
            states[event.complete["AgentID"]] = event.complete["AgentState"]
        elif event.message_id == END:
            del live[event.complete["UniqueObjectID"]]
        elif is_call_event(event):
            live.pop(event.complete.get("OldUniqueObjectID", ""), None)
            live[event.complete["UniqueObjectID"]] = event.complete["CallStatus"]
    agents, devices, calls = {}, {}, {}
    for message_id, arguments in centre.snapshot():
        if message_id == event_id("OnQueryAgentStateConf"):
            agents[arguments["AgentID"]] = arguments["AgentState"]
        elif message_id == event_id("OnSnapshotDeviceConf"):
            assert arguments["NumCalls"] == len(arguments["ValidCalls"])
            devices[arguments["UniqueObjectID"]] = set(arguments["ValidCalls"])
        else:
            assert message_id == event_id("OnSnapshotCallConf")
            assert set(arguments) == set(minimized_parameters("OnSnapshotCallConf", 0))
            calls[arguments["UniqueObjectID"]] = arguments["CallStatus"]
    assert agents == {a.agent_id: states.get(a.agent_id, 1) for a in centre.agents}
    assert calls == live
    assert set().union(*devices.values()) == set(live)


def test_snapshot_minimised() -> None:
    centre = ContactCentre(10, 1)
    list(islice(centre, 500))
    calls = [a for i, a in centre.snapshot(1) if i == event_id("OnSnapshotCallConf")]
    assert calls
    for arguments in calls:
        assert set(arguments) == set(minimized_parameters("OnSnapshotCallConf", 1))


def test_drained_centre_has_no_calls_and_stays_ended() -> None:
    centre = ContactCentre(10, 1)
    list(islice(centre, 1000))
    list(centre.drain())
    assert not centre.calls
    assert next(centre, None) is None


@pytest.mark.parametrize(("agents", "calls"), [(0, 12.0), (-1, 12.0), (5, 0.0), (5, float("nan"))])
def test_senseless_sizes_are_refused(agents: int, calls: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        ContactCentre(agents, calls_per_agent_hour=calls)
