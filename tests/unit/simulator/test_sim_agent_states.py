"""The states of agents: what they ask for, and what is refused."""

from __future__ import annotations

import pytest
from sim_agent_kit import Floor, code_of

from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import AgentState, ControlFailureCode, WrapupDataMode
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.simulator.agent_desk import DeskSettings, ReasonCode, SiteRules

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


def test_login_is_told_and_leads_to_not_ready() -> None:
    floor = Floor()
    agent = floor.login(signature="desk 1", terminal="SEP1")
    assert floor.states(agent) == [LOGIN, NOT_READY]
    told = floor.told("AGENT_STATE_EVENT")[-1]
    assert agent.device is not None
    assert told["AgentID"] == agent.id
    assert told["AgentInstrument"] == agent.device.instrument
    assert told["AgentExtension"] == agent.device.extension
    assert told["CTIClientSignature"] == "desk 1"
    assert told["ActiveTerminal"] == "SEP1"
    assert told["FltSkillGroupNumber"] == [1, 2]
    assert told["FltSkillGroupState"] == [NOT_READY, NOT_READY]
    assert (told["NumTasks"], told["AgentAvailabilityStatus"], told["MaxTaskLimit"]) == (0, 0, 1)
    audience = floor.events[-1].audience
    assert audience.kind == "agent"
    assert audience.instruments == {agent.device.instrument}
    assert audience.agents == {agent.icm_id}


def test_login_refusals() -> None:
    floor = Floor()
    first, second = floor.agent(0), floor.agent(1)
    devices = list(floor.site.peripherals[5000].devices.values())
    login = floor.engine.login
    wrong = code_of(login, first, devices[0], password="no")
    assert wrong == Extended.CF_INVALID_PASSWORD_SPECIFIED
    assert code_of(login, first, devices[0], work_mode=9) == Extended.CF_INVALID_AGENT_WORKMODE
    assert first.state == LOGOUT
    login(first, devices[0], password=first.password)
    again = code_of(login, first, devices[1])
    assert again == Extended.CF_SPECIFIED_AGENT_ALREADY_SIGNED_ON
    taken = code_of(login, second, devices[0])
    assert taken == Extended.CF_SPECIFIED_EXTENSION_ALREADY_IN_USE
    devices[2].in_service = False
    out = code_of(login, second, devices[2])
    assert out == ControlFailureCode.CF_RESOURCE_OUT_OF_SERVICE
    assert second.state == LOGOUT


def test_a_forced_login_takes_the_device_and_the_agent_over() -> None:
    floor = Floor()
    first = floor.login(0)
    second = floor.login(1)
    device = first.device
    assert device is not None
    floor.engine.login(second, device, forced=True)
    assert first.state == LOGOUT
    assert (second.device, device.agent) == (device, second)
    assert floor.states(first)[-1] == LOGOUT
    assert floor.states(second) == [LOGIN, NOT_READY, LOGOUT, LOGIN, NOT_READY]


def test_an_account_is_locked_after_wrong_passwords() -> None:
    floor = Floor(rules=SiteRules(lockout_after=2))
    agent = floor.agent()
    authenticate = floor.engine.authenticate
    for _ in range(2):
        assert code_of(authenticate, agent, "no") == Extended.CF_INVALID_PASSWORD_SPECIFIED
    locked = code_of(authenticate, agent, agent.password)
    assert locked == Extended.CF_AGENT_ACCOUNT_LOCKED_OUT


def test_skill_groups_can_be_selected_at_login_where_the_desk_settings_allow_it() -> None:
    desk = DeskSettings(mask=int(Desk.DESK_AGENT_CAN_SELECT_GROUP_MASK))
    floor = Floor(desk=desk)
    agent = floor.login(groups=[2])
    assert [m.state for m in agent.memberships] == [LOGOUT, NOT_READY]
    floor.engine.logout(agent, groups=[2])
    assert agent.state == LOGOUT

    both = Floor(desk=desk)
    agent = both.login(groups=[1, 2])
    both.engine.logout(agent, groups=[2])
    assert agent.state == NOT_READY
    assert both.told("AGENT_STATE_EVENT")[-1]["FltSkillGroupState"] == [NOT_READY, LOGOUT]
    unknown = code_of(both.engine.logout, agent, groups=[9])
    assert unknown == Extended.CF_INVALID_SKILL_GROUP_SPECIFIED


def test_logout_needs_not_ready_and_the_reason_that_the_desk_demands() -> None:
    mask = Desk.DESK_LOGOUT_REASON_REQUIRED_MASK | Desk.DESK_IDLE_REASON_REQUIRED_MASK
    floor = Floor(
        desk=DeskSettings(mask=int(mask)), rules=SiteRules(reason_codes=frozenset({1, 2}))
    )
    agent = floor.agent()
    logout, set_state = floor.engine.logout, floor.engine.set_state
    assert code_of(logout, agent) == ControlFailureCode.CF_INVALID_OBJECT_STATE
    floor.login(ready=True)
    assert code_of(logout, agent, reason=1) == ControlFailureCode.CF_INVALID_OBJECT_STATE
    assert code_of(set_state, agent, NOT_READY) == Extended.CF_REASON_CODE_REQUIRED
    unknown = code_of(set_state, agent, NOT_READY, reason=3)
    assert unknown == Extended.CF_INVALID_AGENT_REASON_CODE
    set_state(agent, NOT_READY, reason=2)
    assert floor.told("AGENT_STATE_EVENT")[-1]["EventReasonCode"] == 2
    assert code_of(logout, agent) == Extended.CF_REASON_CODE_REQUIRED
    logout(agent, reason=1)
    told = floor.told("AGENT_STATE_EVENT")[-1]
    assert (told["AgentState"], told["EventReasonCode"]) == (LOGOUT, 1)
    assert told["AgentInstrument"] is not None  # where it was
    assert agent.device is None


@pytest.mark.parametrize("state", [LOGIN, TALKING, HOLD, RESERVED, BUSY_OTHER])
def test_states_that_come_by_themselves_cannot_be_asked_for(state: AgentState) -> None:
    floor = Floor()
    agent = floor.login()
    before = len(floor.events)
    refused = code_of(floor.engine.set_state, agent, state)
    assert refused == ControlFailureCode.CF_VALUE_OUT_OF_RANGE
    assert (agent.state, len(floor.events)) == (NOT_READY, before)


def test_after_call_work_needs_a_call() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    for state in (WORK_READY, WORK_NOT_READY):
        refused = code_of(floor.engine.set_state, agent, state)
        assert refused == ControlFailureCode.CF_INVALID_OBJECT_STATE
    assert agent.state == AVAILABLE


def test_the_same_state_again_is_told_only_with_another_reason() -> None:
    floor = Floor()
    agent = floor.login()
    floor.engine.set_state(agent, NOT_READY, reason=3)
    floor.engine.set_state(agent, NOT_READY, reason=3)
    floor.engine.set_state(agent, AVAILABLE)
    floor.engine.set_state(agent, AVAILABLE)
    assert floor.states(agent) == [LOGIN, NOT_READY, NOT_READY, AVAILABLE]


def test_a_forced_logout_during_a_call() -> None:
    floor = Floor()
    agent = floor.login(ready=True)
    call = floor.leg(agent, "in", floor.group()).alert().answer()
    refused = code_of(floor.engine.logout, agent)
    assert refused == ControlFailureCode.CF_INVALID_OBJECT_STATE
    floor.engine.logout(agent, forced=True)
    assert agent.state == LOGOUT
    before = len(floor.events)
    call.end()  # the telephone goes on without him
    assert len(floor.events) == before


def test_no_activity_logs_the_agent_out() -> None:
    floor = Floor(desk=DeskSettings(logout_non_activity=60))
    agent = floor.login()
    floor.wait(59)
    floor.engine.set_state(agent, NOT_READY, reason=1)
    floor.wait(59)
    assert agent.state == NOT_READY
    floor.wait(1)
    assert (agent.state, agent.reason) == (LOGOUT, ReasonCode.NO_ACTIVITY)
    # Neither while available nor when logged out meanwhile.
    floor.login(ready=True)
    floor.wait(500)
    assert agent.state == AVAILABLE
    floor.engine.set_state(agent, NOT_READY)
    floor.engine.logout(agent)
    floor.wait(500)
    assert floor.states(agent)[-1] == LOGOUT


def test_one_skill_group_is_told_in_the_fixed_part_alone() -> None:
    floor = Floor(groups_per_agent=1)
    agent = floor.login()
    told = floor.told("AGENT_STATE_EVENT")[-1]
    assert told["NumFltSkillGroups"] == 0
    assert told["SkillGroupNumber"] == agent.memberships[0].group.number
    assert "FltSkillGroupNumber" not in told
