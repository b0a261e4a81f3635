"""A supervisor, statistics, chat and emergencies through each face, over a simulated site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from faces_kit import OK, PHONES, CppPhone, Phone, ThreadSite, phones, talk, thread_site

from fastcil.catalog import AgentState, CilError, SilentMonitorStatus, SupervisoryAction
from fastcil.compat import cpp

ONE = "agent.5000.1002"


@pytest.fixture
def place() -> Iterator[ThreadSite]:
    with thread_site() as found:
        yield found


@pytest.mark.parametrize("kind", PHONES)
def test_monitoring_of_a_member(kind: type[Phone], place: ThreadSite) -> None:
    with phones(kind, place, 3) as (boss, one, two):
        agent = boss.agent
        assert boss.session.IsSupervisor()
        assert not boss.session.IsAgent()
        assert agent.IsSupervisor()
        assert one.agent.IsAgent()
        assert one.session.IsAgent()
        assert agent.RequestAgentTeamList() == OK
        boss.heard.next("OnNewAgentTeamMember", UniqueObjectID=ONE)
        assert agent.StartMonitoringAllAgentTeams() == OK
        assert agent.StartMonitoringAgent() == CilError.E_CTIOS_MISSING_ARGUMENT
        assert agent.StartMonitoringAgent(boss.args(AgentReference=ONE)) == OK
        boss.heard.next("OnStartMonitoringAgent")
        boss.heard.next("OnSupervisorButtonChange")
        assert boss.key(agent.GetMonitoredAgent()) == ONE
        call = talk(one, two)
        key = one.key(call)
        boss.heard.next("OnMonitoredCallBegin", UniqueObjectID=key)
        assert agent.StartMonitoringCall(boss.args(CallReference=key)) == OK
        assert boss.key(agent.GetMonitoredCall()) == key
        assert agent.StartMonitoringCall(boss.args()) == OK
        assert agent.GetMonitoredCall() is None
        # A reference to an object goes over the wire as its UniqueObjectID.
        barge = boss.args(SupervisoryAction=int(SupervisoryAction.eSupervisorBargeIn))
        assert barge.SetValue("AgentReference", agent.GetMonitoredAgent())
        assert barge.SetValue("AgentCallReference", key)
        assert agent.SuperviseCall(barge) == OK
        boss.heard.next("OnCallConferenced")
        assert one.call.Clear() == OK
        for phone in (boss, one, two):
            phone.heard.next("OnCallEnd")
        assert agent.StopMonitoringAgent(boss.args(AgentReference=ONE)) == OK
        boss.heard.next("OnStopMonitoringAgent")
        assert agent.GetMonitoredAgent() is None
        assert agent.StopMonitoringAllAgentTeams() == OK
        missing = CilError.E_CTIOS_MISSING_ARGUMENT
        assert agent.StartMonitoringAgentTeam() == missing
        team = boss.args(TeamID=place.team)
        assert agent.StartMonitoringAgentTeam(team) == OK
        assert agent.StopMonitoringAgentTeam(team) == OK
        assert agent.QueryAgentState() == OK
        boss.heard.next("OnQueryAgentStateConf")


@pytest.mark.parametrize("kind", PHONES)
def test_states_chat_assist_and_greeting(kind: type[Phone], place: ThreadSite) -> None:
    with phones(kind, place, 2) as (boss, one):
        agent = one.agent
        ready = one.args(AgentID=one.agent_id, AgentState=int(AgentState.eAvailable))
        assert agent.SetAgentState(ready) == OK
        one.heard.next("OnSetAgentStateConf")
        one.state(AgentState.eAvailable)
        assert boss.agent.SendChatMessage(boss.args(Distribution="agent")) == (
            CilError.E_CTIOS_MISSING_ARGUMENT
        )
        hello = one.args(Distribution="agent", Target="1001", Message="hello")
        assert agent.SendChatMessage(hello) == OK
        boss.heard.next("OnChatMessage", Message="hello")
        assert agent.SetAgentGreetingAction(one.args(AgentAction=1)) == OK
        assert agent.SetAgentGreetingAction(one.args(AgentAction=3)) == (
            CilError.E_CTIOS_INVALID_ARGUMENT
        )
        idle = one.args(AgentID=one.agent_id, AgentState=int(AgentState.eNotReady))
        assert agent.SetAgentState(idle) == OK
        one.state(AgentState.eNotReady)
        assert agent.RequestSupervisorAssist() == OK
        boss.heard.next("OnCallDelivered")
        boss.heard.next("OnButtonEnablementChange")
        assert boss.call.Answer() == OK
        boss.heard.next("OnCallEstablished")
        one.heard.next("OnCallEstablished")  # its own call is the current one before it
        assert agent.ReportBadCallLine() == OK
        assert one.call.ClearConnection() == OK
        boss.heard.next("OnCallEnd")
        one.heard.next("OnCallEnd")
        assert agent.MakeEmergencyCall() == OK
        one.heard.next("OnCallBegin")
        boss.heard.next("OnCallDelivered")
        assert one.calls()[0].ClearConnection() == OK
        boss.heard.next("OnCallEnd")
        one.heard.next("OnCallEnd")


@pytest.mark.parametrize("kind", PHONES)
def test_statistics_and_skill_groups(kind: type[Phone], place: ThreadSite) -> None:
    with phones(kind, place, 1) as (one,):
        agent = one.agent
        assert agent.EnableAgentStatistics(one.args()) == OK
        everything = one.args()
        assert one.session.EnableSkillGroupStatistics(everything) == OK
        place.advance(11)
        one.heard.next("OnSkillGroupStatisticsUpdated")
        groups = one.session.GetAllSkillGroups()
        assert groups.NumElements() > 0
        key = groups.GetElementKey(1)
        group = one.session.object(key if isinstance(key, str) else key[1])
        assert isinstance(group, one.face.SkillGroup)
        assert group.DisableSkillGroupStatistics() == OK
        assert group.EnableSkillGroupStatistics() == OK
        wanted = one.args(SkillGroupNumbers={"1": 1})
        assert agent.EnableSkillGroupStatistics(wanted) == OK
        known = agent.GetSkillGroups()
        assert known.NumElements() == 1
        reference = known.GetElement(1)
        reference = reference[1] if isinstance(reference, tuple) else reference
        assert isinstance(reference, one.face.CilRefArg)
        assert agent.DisableSkillGroupStatistics(wanted) == OK
        assert one.session.DisableSkillGroupStatistics(everything) == OK
        assert agent.DisableAgentStatistics(one.args()) == OK


@pytest.mark.parametrize("kind", PHONES)
def test_desktop_settings(kind: type[Phone], place: ThreadSite) -> None:
    phone = kind(place, "1001", 0)
    try:
        offline = phone.session.SendIdentifyClientRequest()
        assert offline == CilError.E_CTIOS_SESSION_NOT_CONNECTED
        phone.connect()
        assert phone.session.SendIdentifyClientRequest() == OK
        assert phone.session.RequestDesktopSettings(phone.args(DesktopType=1)) == OK
        phone.heard.next("OnGlobalSettingsDownloadConf")
        assert phone.session.RequestDesktopSettings(0) == OK  # as the Java chapter has it
        phone.heard.next("OnGlobalSettingsDownloadConf")
        bad = phone.session.RequestDesktopSettings(phone.args(DesktopType=7))
        assert bad == CilError.E_CTIOS_INVALID_DESKTOP_TYPE
        assert phone.session.IsCCMSilentMonitor() is False
        assert phone.session.GetSystemStatus() == 0
        forced = phone.args(SilentMonitorForceMonitoredMode=1)
        assert phone.session.SetSupervisorSilentMonitorMode(forced) == OK
        missing = phone.session.SetSupervisorSilentMonitorMode(phone.args())
        assert missing == CilError.E_CTIOS_MISSING_ARGUMENT
    finally:
        phone.stop()


def test_silent_monitor_managers(place: ThreadSite) -> None:
    with phones(CppPhone, place, 2) as (boss, one):
        listening, listened = manager(boss), manager(one)
        assert boss.session.GetCurrentSilentMonitor() is listening
        not_set = CilError.E_CTIOS_MODE_NOT_SET
        assert listening.StopSilentMonitorMode() == not_set
        assert listening.StartSMMonitoringMode(boss.args()) == OK
        assert listened.StartSMMonitoredMode(one.args()) == OK
        # The server has handled that when it has answered what was asked later, and by an event
        # that nothing else causes: OnQueryAgentStateConf comes of a login as well.
        assert one.session.RequestDesktopSettings(one.args(DesktopType=1)) == OK
        one.heard.next("OnGlobalSettingsDownloadConf")
        start = boss.args(
            AgentID="1002",
            PeripheralID=5000,
            MonitoringIPAddress="127.0.0.1",
            HeartbeatInterval=5,
            HeartbeatTimeout=15,
        )
        assert listening.StartSilentMonitorRequest(start) == OK
        boss.heard.next("OnStartSilentMonitorConf")
        assert listening.AcceptSilentMonitoring() == CilError.E_CTIOS_MODE_CONFLICT
        one.heard.next("OnSilentMonitorStartRequestedEvent")
        one.heard.next("OnSilentMonitorStartedEvent")
        boss.heard.next("OnSilentMonitorStatusReportEvent")
        key = start.GetValueInt("SMSessionKey")
        found = listening.GetSessionInfo(start)
        assert found is not None
        assert found.GetValueString("MonitoredUniqueObjectID") == ONE
        assert listening.GetSMSessionList().GetElementKey(1) == str(key)
        assert listened.IsMonitoredTarget(one.args(MonitoredUniqueObjectID=ONE))
        assert listened.GetIPPhoneInfo() is None
        assert listened.SetIPPhoneInfo(one.args(ClientAddress="10.0.0.1")) == OK
        phone = listened.GetIPPhoneInfo()
        assert phone is not None
        assert phone.GetValueString("ClientAddress") == "10.0.0.1"
        report = one.args(
            SMSessionKey=key, StatusCode=int(SilentMonitorStatus.eSMStatusMonitorStarted)
        )
        assert listened.ReportSMSessionStatus(report) == OK
        boss.heard.next("OnSilentMonitorStatusReportEvent")
        assert listening.StopSilentMonitorRequest(boss.args(SMSessionKey=key)) == OK
        boss.heard.next("OnStopSilentMonitorConf")
        one.heard.next("OnSilentMonitorStopRequestedEvent")
        assert listening.StopSilentMonitorMode() == OK
        assert boss.session.SetCurrentSilentMonitor(None) == OK
        assert boss.session.GetCurrentSilentMonitorManager() is None
        wrong = CilError.E_CTIOS_INVALID_ARGUMENT
        assert boss.session.SetCurrentSilentMonitor(listened) == wrong
        assert boss.session.DestroySilentMonitorManager(listened) == wrong
        assert boss.session.DestroySilentMonitorManager(listening) == OK
        assert listening.StartSMMonitoringMode() == CilError.E_CTIOS_INVALID_SESSION


def manager(phone: Phone) -> Any:
    found = phone.session.CreateSilentMonitorManager(phone.args(HeartbeatInterval=5))
    assert isinstance(found, cpp.CSilentMonitorManager)
    assert found.GetValueInt("HeartbeatInterval") == 5
    assert phone.session.SetCurrentSilentMonitor(found) == OK
    return found
