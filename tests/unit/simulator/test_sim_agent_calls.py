"""What calls do to the states of agents: from reservation to after-call work."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sim_agent_kit import ALERTING, CONNECT, INITIATE, Day, Floor, code_of

from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import AgentState, AgentWorkMode, ControlFailureCode, WrapupDataMode
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.simulator.agent_desk import DeskSettings, ReasonCode
from fastcil.simulator.model import Agent

LOGIN, LOGOUT, NOT_READY = (
    AgentState.AGENT_STATE_LOGIN,
    AgentState.AGENT_STATE_LOGOUT,
    AgentState.AGENT_STATE_NOT_READY,
)
AVAILABLE, TALKING, HOLD = (
    AgentState.AGENT_STATE_AVAILABLE,
    AgentState.AGENT_STATE_TALKING,
    AgentState.AGENT_STATE_HOLD,
)
RESERVED, BUSY_OTHER = AgentState.AGENT_STATE_RESERVED, AgentState.AGENT_STATE_BUSY_OTHER
WORK_READY, WORK_NOT_READY = (
    AgentState.AGENT_STATE_WORK_READY,
    AgentState.AGENT_STATE_WORK_NOT_READY,
)
NO_WORK = DeskSettings(
    wrapup_incoming=WrapupDataMode.NOT_ALLOWED, wrapup_outgoing=WrapupDataMode.NOT_ALLOWED
)


def test_an_inbound_call_from_reservation_to_work() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    group = floor.group(2)
    floor.wait(5)
    floor.engine.reserve(agent, group)
    assert floor.engine.available(group) == []
    call = floor.leg(agent, "in", group).alert()
    floor.wait(3)
    call.answer()
    floor.wait(10)
    call.hold()
    floor.wait(4)
    call.answer()
    floor.wait(6)
    call.end()
    assert floor.states(agent)[3:] == [RESERVED, TALKING, HOLD, TALKING, WORK_READY]
    told = floor.told("AGENT_STATE_EVENT")
    for event, own in zip(told[3:], [RESERVED, TALKING, HOLD, TALKING, WORK_READY], strict=True):
        assert event["FltSkillGroupState"] == [BUSY_OTHER, own]
        assert event["SkillGroupNumber"] == 2
        assert event["SkillGroupState"] == own
        assert (event["NumTasks"], event["Direction"]) == (1, 1)
    assert (told[-1]["Duration"], told[-1]["NextAgentState"]) == (30, AVAILABLE)
    floor.wait(29.5)
    assert agent.state == WORK_READY
    floor.wait(0.5)
    assert agent.state == AVAILABLE
    last = floor.told("AGENT_STATE_EVENT")[-1]
    assert last["FltSkillGroupState"] == [AVAILABLE, AVAILABLE]
    assert (last["Direction"], last["AgentAvailabilityStatus"]) == (0, 1)


def test_what_is_asked_for_during_a_call_takes_effect_after_it() -> None:
    floor = Floor(desk=NO_WORK)
    agent = floor.login(ready=True)
    call = floor.leg(agent, "in", floor.group()).alert().answer()
    floor.engine.set_state(agent, NOT_READY, reason=4)
    pending = floor.told("AGENT_STATE_EVENT")[-1]
    assert (pending["AgentState"], pending["NextAgentState"]) == (TALKING, NOT_READY)
    assert floor.engine.state_values(agent)[0]["NextAgentState"] == NOT_READY
    call.hold()
    call.answer()
    call.end()
    last = floor.told("AGENT_STATE_EVENT")[-1]
    assert (last["AgentState"], last["EventReasonCode"]) == (NOT_READY, 4)
    assert last["NextAgentState"] is None
    # Once only: the next call leads back to where it began.
    floor.engine.set_state(agent, AVAILABLE)
    floor.leg(agent, "in", floor.group()).alert().answer().end()
    assert agent.state == AVAILABLE


def test_not_ready_asked_for_during_a_call_makes_work_not_ready() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    call = floor.leg(agent, "in", floor.group()).alert().answer()
    floor.engine.set_state(agent, NOT_READY, reason=8)
    call.end()
    assert agent.state == WORK_NOT_READY
    floor.wait(30)
    assert (agent.state, agent.reason) == (NOT_READY, 8)


@pytest.mark.parametrize(
    ("mode", "asked", "expected"),
    [
        (WrapupDataMode.REQUIRED, None, WORK_READY),
        (WrapupDataMode.OPTIONAL, None, AVAILABLE),
        (WrapupDataMode.OPTIONAL, WORK_NOT_READY, WORK_NOT_READY),
        (WrapupDataMode.OPTIONAL, WORK_READY, WORK_READY),
        (WrapupDataMode.NOT_ALLOWED, None, AVAILABLE),
        (WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA, None, WORK_READY),
    ],
)
def test_wrapup_modes(mode: WrapupDataMode, asked: AgentState | None, expected: AgentState) -> None:
    floor = Floor(desk=DeskSettings(wrapup_incoming=mode))
    agent = floor.login(ready=True)
    call = floor.leg(agent, "in", floor.group()).alert().answer()
    if asked is not None:
        floor.engine.set_state(agent, asked)
    call.end()
    assert agent.state == expected


def test_work_is_refused_where_the_desk_settings_forbid_it() -> None:
    floor = Floor(desk=NO_WORK)
    agent = floor.login(ready=True)
    floor.leg(agent, "in", floor.group()).alert().answer()
    refused = code_of(floor.engine.set_state, agent, WORK_READY)
    assert refused == ControlFailureCode.CF_REQUEST_INCOMPATIBLE_WITH_OBJECT


def test_wrapup_data_can_be_required() -> None:
    desk = DeskSettings(wrapup_incoming=WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA)
    floor = Floor(desk=desk)
    agent = floor.login(ready=True)
    call = floor.leg(agent, "in", floor.group()).alert().answer().end()
    refused = code_of(floor.engine.set_state, agent, AVAILABLE)
    assert refused == Extended.CF_WRAPUP_DATA_REQUIRED
    call.connection.call.wrapup = "sold"
    floor.engine.set_state(agent, AVAILABLE)
    assert agent.state == AVAILABLE


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (AgentWorkMode.AWM_AUTO_IN, AVAILABLE),
        (AgentWorkMode.AWM_MANUAL_IN, WORK_NOT_READY),
        (AgentWorkMode.AWM_UNSPECIFIED, WORK_READY),
    ],
)
def test_work_modes(mode: AgentWorkMode, expected: AgentState) -> None:
    floor = Floor()
    agent = floor.login(ready=True, work_mode=int(mode))
    floor.leg(agent, "in", floor.group()).alert().answer().end()
    assert agent.state == expected


def test_an_outbound_call_leads_back_to_where_it_began() -> None:
    floor = Floor()
    agent = floor.login()
    floor.engine.set_state(agent, NOT_READY, reason=6)
    call = floor.leg(agent, "out")
    call.to(INITIATE)
    assert agent.state == TALKING
    assert floor.told("AGENT_STATE_EVENT")[-1]["Direction"] == 2
    call.answer()
    call.end()
    assert (agent.state, agent.reason) == (NOT_READY, 6)

    after = floor.agent(1)
    after.desk = replace(after.desk, mask=int(Desk.DESK_AVAIL_AFTER_OUTGOING_MASK))
    floor.login(1)
    floor.leg(after, "out").answer().end()
    assert after.state == AVAILABLE


def test_a_call_that_rings_in_vain_makes_the_agent_not_ready() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    floor.engine.reserve(agent, floor.group())
    call = floor.leg(agent, "in", floor.group()).alert()
    floor.engine.ring_no_answer(agent)
    call.end()
    assert (agent.state, agent.reason) == (NOT_READY, ReasonCode.NOT_ANSWERED)
    # Nothing stays behind for one whose telephone rang with something else.
    floor.engine.ring_no_answer(agent)
    assert agent.after_call is None


def test_a_caller_who_gives_up_leaves_the_agent_available() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    seen: list[Agent] = []
    floor.engine.on_available = seen.append
    floor.leg(agent, "in", floor.group()).alert().end()
    assert floor.states(agent)[-2:] == [RESERVED, AVAILABLE]
    assert seen == [agent]


def test_a_reservation_can_be_given_back() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    floor.engine.reserve(agent, floor.group())
    floor.engine.release_reservation(agent)
    assert agent.state == AVAILABLE
    floor.engine.reserve(agent, floor.group())
    floor.engine.set_state(agent, NOT_READY)
    assert agent.state == RESERVED
    floor.engine.release_reservation(agent)
    assert agent.state == NOT_READY
    not_available = code_of(floor.engine.reserve, agent, floor.group())
    assert not_available == ControlFailureCode.CF_INVALID_OBJECT_STATE


def test_a_consultation_while_the_first_call_is_on_hold() -> None:
    floor = Floor(desk=NO_WORK)
    agent, other = floor.login(0, ready=True), floor.login(1, ready=True)
    call = floor.leg(agent, "in", floor.group(2)).alert().answer()
    call.hold()
    assert agent.state == HOLD
    mine = floor.leg(agent, "consult")
    mine.to(INITIATE)
    assert agent.state == TALKING
    told = floor.told("AGENT_STATE_EVENT", agent)[-1]
    assert (told["Direction"], told["SkillGroupNumber"]) == (4, 2)
    theirs = floor.leg(other, "consult").alert()
    assert other.state == AVAILABLE
    assert not floor.engine.is_available(other, floor.group())
    theirs.answer()
    assert floor.told("AGENT_STATE_EVENT", other)[-1]["Direction"] == 3
    mine.answer()
    theirs.end()
    mine.end()
    assert (agent.state, other.state) == (HOLD, AVAILABLE)
    call.answer()
    call.end()
    assert agent.state == AVAILABLE


def test_one_call_takes_the_place_of_another() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    old = floor.leg(agent, "consult").alert().answer()
    floor.wait(5)
    new = floor.leg(agent, "in", floor.group(2))
    new.connection.state, new.connection.call.direction = CONNECT, "in"
    before = len(floor.events)
    old.end()
    new.answer()
    (told,) = floor.told("AGENT_STATE_EVENT")[before:]
    assert (told["AgentState"], told["Direction"], told["SkillGroupNumber"]) == (TALKING, 1, 2)
    new.end()
    assert agent.state == WORK_READY


def test_an_internal_call_in_vain_frees_the_agent_for_routing_again() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    seen: list[Agent] = []
    floor.engine.on_available = seen.append
    call = floor.leg(agent, "internal").alert()
    assert floor.engine.available(floor.group()) == []
    call.end()
    assert seen == [agent]
    assert floor.engine.available(floor.group()) == [agent]
    assert floor.states(agent) == [LOGIN, NOT_READY, AVAILABLE]


def test_the_longest_available_comes_first() -> None:
    floor = Floor(agents=4)
    for index in (2, 0, 3, 1):
        floor.login(index, ready=True)
        floor.wait(1)
    order = [floor.agent(i) for i in (2, 0, 3, 1)]
    assert floor.engine.available(floor.group()) == order
    floor.engine.set_state(order[0], NOT_READY)
    floor.wait(1)
    floor.engine.set_state(order[0], AVAILABLE)
    assert floor.engine.available(floor.group()) == [*order[1:], order[0]]
    assert floor.engine.longest_available(floor.group()) is order[1]


def test_an_agent_without_skill_groups() -> None:
    floor = Floor(groups_per_agent=0, skill_groups=0)
    agent = floor.login(ready=True)
    call = floor.leg(agent, "out").to(CONNECT)
    told = floor.told("AGENT_STATE_EVENT")[-1]
    assert (told["SkillGroupNumber"], told["SkillGroupState"]) == (0xFFFFFFFF, TALKING)
    call.end()
    assert agent.state == AVAILABLE


def test_a_routed_call_does_not_take_one_who_is_not_ready() -> None:
    floor = Floor()
    agent = floor.login()
    floor.leg(agent, "in", floor.group()).to(ALERTING)
    assert agent.state == NOT_READY


REST = {NOT_READY, AVAILABLE}
WORKING = {WORK_READY, WORK_NOT_READY}
LEGAL = {
    LOGOUT: {LOGIN},
    LOGIN: {NOT_READY},
    NOT_READY: {NOT_READY, AVAILABLE, TALKING, LOGOUT},
    AVAILABLE: {NOT_READY, RESERVED, TALKING},
    RESERVED: {RESERVED, AVAILABLE, NOT_READY, TALKING},
    TALKING: {TALKING, HOLD} | WORKING | REST,
    HOLD: {TALKING, HOLD} | WORKING | REST,
    WORK_READY: {TALKING} | WORKING | REST,
    WORK_NOT_READY: {TALKING} | WORKING | REST,
}
"""What may follow upon what, without force: the states of a voice agent of Unified CCE."""


@pytest.mark.parametrize("seed", range(5))
def test_only_legal_changes_whatever_comes(seed: int) -> None:
    day = Day(100 + seed)
    for _ in range(1500):
        day.step()
    changes = set()
    for agent in day.floor.site.agents():
        states = day.floor.states(agent)
        changes |= set(zip([LOGOUT, *states], states, strict=False))
    assert {(old, new) for old, new in changes if new not in LEGAL[old]} == set()
    assert len(changes) > 25
    own = {TALKING, HOLD, RESERVED} | WORKING
    for told in day.floor.told("AGENT_STATE_EVENT"):
        state, groups = told["AgentState"], told["FltSkillGroupState"]
        if state in own:  # he belongs to one group, and is BUSY_OTHER in the rest
            assert sorted(groups) == sorted([state] + [BUSY_OTHER] * (len(groups) - 1))
        else:
            assert set(groups) == {state}
        assert told["NumTasks"] == (state in own)
        assert told["AgentAvailabilityStatus"] == (state == AVAILABLE)
