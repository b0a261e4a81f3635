"""Statistics against an independent count of the same things from the event log alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pytest
from sim_agent_kit import INITIATE, PERIPHERAL, Day, Floor

from fastcil.ged188.enums import AgentState, SupervisoryAction
from fastcil.ged188.schema import MESSAGES_BY_NAME
from fastcil.simulator.agent_desk import DeskSettings
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.model import Call, Event, SkillGroup
from fastcil.simulator.routing import Workload, WorkloadOptions

LOGIN, LOGOUT = AgentState.AGENT_STATE_LOGIN, AgentState.AGENT_STATE_LOGOUT
NOT_READY, AVAILABLE = AgentState.AGENT_STATE_NOT_READY, AgentState.AGENT_STATE_AVAILABLE
TALKING, HOLD = AgentState.AGENT_STATE_TALKING, AgentState.AGENT_STATE_HOLD
WORK = (AgentState.AGENT_STATE_WORK_READY, AgentState.AGENT_STATE_WORK_NOT_READY)
KINDS = {
    1: ("HandledCalls", "IncomingCallsHeld"),
    2: ("AgentOutCalls", "AgentOutCallsHeld"),
    3: ("InternalCallsRcvd", "InternalCallsHeld"),
    4: ("InternalCalls", "InternalCallsHeld"),
    5: ("ReservationCalls", "ReservationCallsHeld"),
    6: ("PreviewCalls", "PreviewCallsHeld"),
    7: ("AutoOutCalls", "AutoOutCallsHeld"),
}


@dataclass
class Span:
    """A stretch of the log between two events of an agent."""

    begin: float
    end: float
    state: int
    direction: int
    group: int
    groups: dict[int, int]


def spans_of(events: list[Event], icm_id: int, until: float) -> list[Span]:
    """What an agent's events say, without LOGIN, which takes no time."""
    found: list[Span] = []
    for event in events:
        values = event.values
        if event.name != "AGENT_STATE_EVENT" or values["ICMAgentID"] != icm_id:
            continue
        if found:
            found[-1].end = event.at
        numbers = values.get("FltSkillGroupNumber") or [values["SkillGroupNumber"]]
        states = values.get("FltSkillGroupState") or [values["SkillGroupState"]]
        found.append(
            Span(
                event.at,
                until,
                values["AgentState"],
                values["Direction"],
                values["SkillGroupNumber"],
                dict(zip(numbers, states, strict=True)),
            )
        )
    return found


def calls_of(spans: list[Span]) -> list[tuple[float, int, int, float, float, float]]:
    """(when completed, direction, group, talk, held, work) of the calls that are over."""
    found = []
    index = 0
    while index < len(spans):
        if spans[index].state not in (TALKING, HOLD):
            index += 1
            continue
        first = index
        while index < len(spans) and spans[index].state in (TALKING, HOLD):
            index += 1
        talk = spans[first:index]
        after = index
        while index < len(spans) and spans[index].state in WORK:
            index += 1
        if index == len(spans):
            break  # still going on
        work = spans[after:index]
        found.append(
            (
                spans[index].begin,
                talk[0].direction,
                talk[0].group,
                talk[-1].end - talk[0].begin,
                sum(s.end - s.begin for s in talk if s.state == HOLD),
                sum(s.end - s.begin for s in work),
            )
        )
    return found


def count_calls(values: dict[str, float], calls: list[Any], since: float) -> None:
    for done, direction, _, talk, held, work in calls:
        if done < since:
            continue
        kind, hold = KINDS[direction]
        values[kind] += 1
        values[f"{kind}Time"] += talk + work
        values[f"{kind}TalkTime"] += talk
        values[f"{kind}AfterCallTime"] += work
        if held:
            values[hold] += 1
            values[f"{hold}Time"] += held


def recount_agent(spans: list[Span], since: float) -> dict[str, float]:
    """The counters of a period that began at `since`, in simulated seconds."""
    values: dict[str, float] = defaultdict(float)
    for span in spans:
        seconds = max(0.0, span.end - max(span.begin, since))
        if span.state != LOGOUT:
            values["LoggedOnTime"] += seconds
            values["RoutableTime"] += seconds
        if span.state == AVAILABLE:
            values["AvailTime"] += seconds
            values["ICMAvailableTime"] += seconds
        if span.state == NOT_READY:
            values["NotReadyTime"] += seconds
    count_calls(values, calls_of(spans), since)
    return values


def recount_group(logs: list[list[Span]], number: int, since: float) -> dict[str, float]:
    values: dict[str, float] = defaultdict(float)
    for spans in logs:
        for span in spans:
            state = span.groups.get(number, LOGOUT)
            seconds = max(0.0, span.end - max(span.begin, since))
            if state != LOGOUT:
                values["LoggedOnTime"] += seconds
            if state == AVAILABLE:
                values["AvailTime"] += seconds
            if state == NOT_READY:
                values["NotReadyTime"] += seconds
        mine = [call for call in calls_of(spans) if call[2] == number]
        count_calls(values, mine, since)
    return values


def periods(now: float, start: float) -> dict[str, float]:
    """Where the running periods of a group began, in simulated seconds."""
    time = start + now
    return {
        suffix: time // length * length - start
        for suffix, length in (("To5", 300), ("ToHalf", 1800), ("Today", 86400))
    }


def check(floor: Floor) -> None:
    now, start = floor.clock.now, floor.clock.start
    logs = [spans_of(floor.events, agent.icm_id, now) for agent in floor.site.agents()]
    since = periods(now, start)
    fields = {f.name for f in MESSAGES_BY_NAME["QUERY_AGENT_STATISTICS_CONF"].fixed}
    fields -= {"InvokeID", "PeripheralID"}
    for agent, spans in zip(floor.site.agents(), logs, strict=True):
        values = floor.statistics.agent_values(agent)
        assert set(values) == fields
        if not spans:
            assert not any(values.values())
            continue
        logins = [s.begin for s in spans if s.state == LOGIN]
        for suffix, begin in (("Session", logins[-1]), ("Today", since["Today"])):
            expected = recount_agent(spans, begin)
            # Calls of the last session that end with it count in it, not in the next.
            for name in {n.removesuffix(suffix) for n in fields if n.endswith(suffix)}:
                assert values[name + suffix] == expected[name], (agent.id, name, suffix)
    for group in floor.site.peripherals[PERIPHERAL].skill_groups.values():
        values = floor.statistics.group_values(group)
        for suffix, begin in since.items():
            expected = recount_group(logs, group.number, begin)
            for name in ("AvailTime", "LoggedOnTime", "NotReadyTime"):
                assert values[name + suffix] == expected[name], (group.number, name, suffix)
            for kind, hold in KINDS.values():
                if kind == "InternalCalls":
                    continue  # groups count those received only
                names = [kind, f"{kind}Time", f"{kind}TalkTime", f"{kind}AfterCallTime"]
                for name in [*names, hold, f"{hold}Time"]:
                    if name + suffix in values:
                        assert values[name + suffix] == expected[name], (name, suffix)


@pytest.mark.parametrize("seed", range(5))
def test_statistics_equal_the_event_log(seed: int) -> None:
    day = Day(seed)
    for step in range(1500):
        day.step()
        if step % 100 == 99:
            check(day.floor)
    states = set(day.floor.states())
    assert {TALKING, HOLD, AVAILABLE, LOGOUT, *WORK} <= states
    assert day.floor.clock.now > 8 * 3600  # midnight is at 6400 s


def test_a_call_counts_when_its_after_call_work_is_done() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    group = floor.group(2)
    call = floor.leg(agent, "in", group).alert()
    floor.wait(4)
    call.answer()
    floor.wait(20)
    call.hold()
    floor.wait(5)
    call.answer()
    floor.wait(10)
    call.end()
    floor.wait(12)
    assert floor.statistics.agent_values(agent)["HandledCallsSession"] == 0
    # Work of the other kind is the same work.
    floor.engine.set_state(agent, WORK[1])
    floor.wait(3)
    floor.engine.set_state(agent, AVAILABLE)
    values = floor.statistics.agent_values(agent)
    assert values["HandledCallsSession"] == values["HandledCallsToday"] == 1
    assert values["HandledCallsTalkTimeSession"] == 35
    assert values["HandledCallsAfterCallTimeSession"] == 15
    assert values["HandledCallsTimeSession"] == 50
    assert values["IncomingCallsHeldSession"] == 1
    assert values["IncomingCallsHeldTimeSession"] == 5
    own, other = (floor.statistics.group_values(floor.group(n)) for n in (2, 1))
    assert (own["HandledCallsToday"], other["HandledCallsToday"]) == (1, 0)
    assert own["HandledCallsTimeToday"] == 50


def test_a_consultation_counts_as_internal_on_both_sides() -> None:
    floor = Floor(desk=DeskSettings(work_mode_timer=10))
    agent, other = floor.login(0, ready=True), floor.login(1, ready=True)
    call = floor.leg(agent, "in", floor.group()).alert().answer()
    floor.wait(10)
    call.hold()
    mine = floor.leg(agent, "consult").to(INITIATE)
    theirs = floor.leg(other, "consult").alert()
    floor.wait(3)
    theirs.answer()
    mine.answer()
    floor.wait(7)
    theirs.end()
    mine.end()
    call.answer()
    floor.wait(5)
    call.end()
    floor.wait(10)
    values = floor.statistics.agent_values(agent)
    assert (values["InternalCallsSession"], values["InternalCallsTimeSession"]) == (1, 10)
    assert (values["HandledCallsSession"], values["HandledCallsTalkTimeSession"]) == (1, 25)
    assert values["HandledCallsTimeSession"] == 35
    assert values["IncomingCallsHeldTimeSession"] == 10
    values = floor.statistics.agent_values(other)
    assert (values["InternalCallsRcvdSession"], values["InternalCallsRcvdTimeSession"]) == (1, 7)


def test_a_transferred_consultation_is_the_callers_call_from_then_on() -> None:
    floor = Floor(desk=DeskSettings(work_mode_timer=10))
    agent = floor.login(ready=True)
    call = floor.leg(agent, "consult").alert().answer()
    floor.wait(8)
    call.direction, call.connection.call.skill_group = "in", floor.group(2)
    call.answer()
    told = floor.told("AGENT_STATE_EVENT")[-1]
    assert (told["AgentState"], told["Direction"], told["SkillGroupNumber"]) == (TALKING, 1, 2)
    floor.wait(20)
    call.end()
    assert agent.state == WORK[0]
    floor.wait(10)
    values = floor.statistics.agent_values(agent)
    assert (values["InternalCallsRcvdSession"], values["InternalCallsRcvdTimeSession"]) == (1, 8)
    assert (values["HandledCallsSession"], values["HandledCallsTalkTimeSession"]) == (1, 20)
    assert values["HandledCallsTimeSession"] == 30


def test_calls_not_answered_do_not_count() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    floor.leg(agent, "in", floor.group()).alert().end()
    values = floor.statistics.agent_values(agent)
    assert values["HandledCallsSession"] == values["HandledCallsTimeSession"] == 0


def test_a_new_session_starts_again_and_the_day_goes_on() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    floor.wait(100)
    floor.engine.set_state(agent, NOT_READY)
    floor.engine.logout(agent)
    floor.wait(50)
    floor.login(ready=True)
    floor.wait(30)
    values = floor.statistics.agent_values(agent)
    assert (values["AvailTimeSession"], values["AvailTimeToday"]) == (30, 130)
    assert (values["LoggedOnTimeSession"], values["LoggedOnTimeToday"]) == (30, 130)


def test_agents_of_a_group_by_state() -> None:
    floor = Floor(agents=8, skill_groups=1, groups_per_agent=1)
    group = floor.group()
    agents = [floor.login(i, ready=i != 1) for i in range(7)]
    directions = {2: "in", 3: "out", 4: "internal", 5: "in", 6: "auto"}
    legs = {i: floor.leg(agents[i], kind).to(INITIATE) for i, kind in directions.items()}
    legs[5].hold()
    values = floor.statistics.group_values(group)
    expected = {
        "AgentsLoggedOn": 7,
        "AgentsAvail": 1,
        "AgentsICMAvailable": 1,
        "AgentsNotReady": 1,
        "AgentsReady": 6,
        "AgentsTalkingIn": 1,
        "AgentsTalkingOut": 1,
        "AgentsTalkingOther": 1,
        "AgentsTalkingAutoOut": 1,
        "AgentsHold": 1,
    }
    got = {name: value for name, value in values.items() if name.startswith("Agents") and value}
    assert got == expected
    legs[2].end()
    assert floor.statistics.group_values(group)["AgentsWorkNotReady"] == 0
    assert floor.statistics.group_values(group)["AgentsWorkReady"] == 1


def test_busy_other_is_counted_in_the_other_groups() -> None:
    floor = Floor(agents=1)
    agent = floor.login(ready=True)
    floor.engine.reserve(agent, floor.group(1))
    first, second = (floor.statistics.group_values(floor.group(n)) for n in (1, 2))
    assert (first["AgentsReserved"], first["AgentsBusyOther"]) == (1, 0)
    assert (second["AgentsReserved"], second["AgentsBusyOther"]) == (0, 1)


def waiting(floor: Floor, group: SkillGroup, number: int) -> Call:
    call = Call(number, PERIPHERAL, 1, floor.clock.now)
    floor.statistics.queued(group, call)
    return call


def test_queues() -> None:
    floor = Floor()
    group = floor.group()
    floor.wait(100)  # 22:15:00
    first = waiting(floor, group, 1)
    floor.wait(20)
    second = waiting(floor, group, 2)
    floor.wait(10)
    values = floor.statistics.group_values(group)
    assert (values["CallsQNow"], values["CallsQTimeNow"], values["LongestCallQNow"]) == (2, 40, 30)
    assert (values["RouterCallsQNow"], values["LongestRouterCallQNow"]) == (2, 30)
    assert values["CallsQ5"] == 0
    floor.statistics.dequeued(group, first)
    floor.statistics.dequeued(group, first)  # again: nothing
    floor.wait(5)
    floor.statistics.dequeued(group, second)
    values = floor.statistics.group_values(group)
    assert (values["CallsQNow"], values["LongestCallQNow"]) == (0, 0)
    for suffix in ("5", "Half", "Today"):
        got = [values[f"{name}{suffix}"] for name in ("CallsQ", "CallsQTime", "LongestCallQ")]
        assert got == [2, 45, 30]
    floor.wait(300)
    values = floor.statistics.group_values(group)
    assert [values[f"CallsQ{s}"] for s in ("5", "Half", "Today")] == [0, 2, 2]


def test_supervision_and_emergencies() -> None:
    floor = Floor()
    agent, group = floor.login(), floor.group()
    for action in SupervisoryAction:
        floor.statistics.supervised(agent, group, action)
    floor.statistics.emergency(agent, None)
    values = floor.statistics.agent_values(agent)
    for name in ("MonitorCalls", "WhisperCalls", "BargeInCalls", "InterceptCalls"):
        assert values[f"{name}Session"] == 1
        assert floor.statistics.group_values(group)[f"{name}ToHalf"] == 1
    assert values["EmergencyCallsToday"] == 1
    assert floor.statistics.group_values(group)["EmergencyCallsToday"] == 0


def test_the_fields_are_those_of_the_messages() -> None:
    floor = Floor()
    group = {f.name for f in MESSAGES_BY_NAME["QUERY_SKILL_GROUP_STATISTICS_CONF"].fixed}
    group -= {"InvokeID", "PeripheralID", "SkillGroupNumber", "SkillGroupID"}
    assert set(floor.statistics.group_values(floor.group())) == group


def test_times_in_states_equal_the_log_of_a_routed_workload() -> None:
    floor = Floor(agents=40, skill_groups=3, seed=11)
    calls = CallEngine(floor.site, floor.engine, floor.statistics)
    options = WorkloadOptions(calls_per_hour=700, inside_calls_per_hour=40)
    Workload(floor.site, calls, floor.engine, options).start()
    floor.wait(3600)
    now, start = floor.clock.now, floor.clock.start
    logs = [spans_of(floor.events, agent.icm_id, now) for agent in floor.site.agents()]
    since = periods(now, start)
    names = ("AvailTime", "LoggedOnTime", "NotReadyTime")
    for agent, spans in zip(floor.site.agents(), logs, strict=True):
        values = floor.statistics.agent_values(agent)
        expected = recount_agent(spans, since["Today"])
        assert expected["LoggedOnTime"] > 3000
        for name in names:  # fractions of seconds are added in another order
            assert values[f"{name}Today"] == pytest.approx(expected[name], abs=1)
    for group in floor.site.peripherals[PERIPHERAL].skill_groups.values():
        values = floor.statistics.group_values(group)
        for suffix, begin in since.items():
            expected = recount_group(logs, group.number, begin)
            for name in names:
                assert values[name + suffix] == pytest.approx(expected[name], abs=1)
    handled = sum(
        floor.statistics.agent_values(a)["HandledCallsToday"] for a in floor.site.agents()
    )
    assert handled > 300
