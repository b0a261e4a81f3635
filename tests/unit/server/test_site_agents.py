"""Agents of a site: messages of the CTI Server in, CIL events out."""

from __future__ import annotations

import pytest
from site_messages import message, state

from fastcil.catalog import AgentState, FailureCode, event
from fastcil.server.site.mapper import SiteMapper

KEY = "agent.5000.22001"


@pytest.fixture
def site() -> SiteMapper:
    return SiteMapper()


def test_a_state_with_every_documented_parameter(site: SiteMapper) -> None:
    (found,) = site.message(state("22001", AgentState.eAvailable, EventReasonCode=0), 0.0)
    assert found.callback == "OnAgentStateChange"
    assert found.object_id == KEY
    assert found.agents == (KEY,)
    for parameter in event("OnAgentStateChange").parameters:
        value = found.minimal[parameter.keyword]
        assert isinstance(value, str if parameter.type == "STRING" else int), parameter.keyword
    assert found.minimal["AgentState"] == AgentState.eAvailable
    assert found.complete["SkillGroup[1]"]["SkillGroupNumber"] == 7
    assert site.objects.agent_at["device.5000.322001"].key == KEY


def test_logout_comes_in_three(site: SiteMapper) -> None:
    site.message(state("22001", AgentState.eNotReady), 0.0)
    events = site.message(state("22001", AgentState.eLogout, EventReasonCode=3), 1.0)
    assert [e.callback for e in events] == ["OnPreLogout", "OnAgentStateChange", "OnPostLogout"]
    assert {e.complete["EventReasonCode"] for e in events} == {3}
    assert not site.objects.agent_at
    again = site.message(state("22001", AgentState.eLogout), 2.0)
    assert [e.callback for e in again] == ["OnAgentStateChange"], "he was out already"


def test_the_listed_groups_of_an_agent(site: SiteMapper) -> None:
    (found,) = site.message(
        state(
            "22001",
            AgentState.eAvailable,
            FltSkillGroupNumber=[7, 8],
            FltSkillGroupID=[5107, 5108],
            FltSkillGroupPriority=[0, 1],
            FltSkillGroupState=[3, 3],
        ),
        0.0,
    )
    assert found.complete["SkillGroup[2]"] == {
        "SkillGroupNumber": 8,
        "SkillGroupID": 5108,
        "SkillGroupPriority": 1,
        "SkillGroupState": 3,
    }
    assert "SkillGroup[1]" not in found.minimal


def test_a_team(site: SiteMapper) -> None:
    site.message(state("22002", AgentState.eAvailable), 0.0)
    events = site.message(
        message(
            "AGENT_TEAM_CONFIG_EVENT",
            TeamID=9,
            ConfigOperation=1,
            AtcAgentID=["22001", "22002"],
            AgentFlags=[4, 0],
            AtcAgentState=[1, 3],
            AtcStateDuration=[0, 0],
        ),
        1.0,
    )
    assert [e.callback for e in events] == ["OnNewAgentTeamMember"] * 2
    assert [e.complete["AgentID"] for e in events] == ["22001", "22002"]
    assert [e.complete["AgentFlags"] for e in events] == [4, 0]
    assert events[1].complete["SupervisorID"] == "22001"
    assert events[1].complete["AgentState"] == AgentState.eAvailable
    assert events[1].complete["PeripheralID"] == "5000"
    assert site.objects.agents[KEY].is_supervisor
    assert site.objects.agents[KEY].team == 9


def test_system_events(site: SiteMapper) -> None:
    (found,) = site.message(
        message("SYSTEM_EVENT", SystemEventID=4, SystemEventArg1=5000, PGStatus=0), 0.0
    )
    assert found.callback == "OnCTIOSFailure"
    assert found.complete["FailureCode"] == FailureCode.eServerConnectionStatus
    assert found.complete["SystemEventArg1"] == 5000
    assert "off-line" in found.complete["ErrorMessage"]
    assert site.objects.peripherals == {5000: False}
    site.message(message("SYSTEM_EVENT", SystemEventID=3, SystemEventArg1=5000, PGStatus=0), 1.0)
    assert site.objects.peripherals == {5000: True}


def test_media_streams(site: SiteMapper) -> None:
    site.message(state("22001", AgentState.eTalking), 0.0)
    (found,) = site.message(
        message(
            "RTP_STARTED_EVENT",
            ConnectionCallID=202,
            ConnectionDeviceID="322001",
            ClientAddress="10.0.0.7",
            ClientPort=4000,
            AgentID="22001",
            SendingPort=1,
            Direction=0,
        ),
        1.0,
    )
    assert found.callback == "OnCallRTPStarted"
    assert found.agents == (KEY,)
    assert found.complete["ClientAddress"] == "10.0.0.7"
    assert set(event("OnCallRTPStarted").keywords) <= set(found.complete)
