"""The C# and Visual Basic .NET samples of the CTI OS Developer Guide 12.6(1), line by line, each by
the heading under which it stands.

An out-parameter is the second of a pair. A sample in Visual Basic .NET has the classes of .NET.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import pytest
from faces_kit import SECONDS, DotNetPhone, ThreadSite, phones, talk, thread_site
from test_site_desks import CALL_BASED

from fastcil.compat.dotnet import (
    Agent,
    Arguments,
    Call,
    CilError,
    CilRefArg,
    CtiOs_Enums,
    Enum_CtiOs,
    EventID,
    IGenericEvents,
    LogEventArgs,
    Logger,
    LogManager,
    SubscriberList,
    SupervisoryAction,
)


@pytest.fixture
def place() -> Iterator[ThreadSite]:
    with thread_site() as found:
        yield found


def test_events_by_a_switch(place: ThreadSite) -> None:
    """Events in .NET CIL: the number of an event becomes its enumerator."""
    with phones(DotNetPhone, place, 1) as (phone,):
        processed: queue.SimpleQueue[Arguments] = queue.SimpleQueue()

        class Listener(IGenericEvents):
            def OnEvent(self, sender: Any, eventArgs: Any, /) -> None:
                args = eventArgs.rArgs
                receivedEvent = EventID(eventArgs.iEventID)
                if receivedEvent == EventID.eQueryAgentStateConf:
                    processed.put(args.Clone())

        listener = Listener()
        session = phone.session
        assert session.AddEventListener(listener, SubscriberList.eAgentList) == CilError.CIL_OK
        assert phone.agent.QueryAgentState(Arguments()) == CilError.CIL_OK
        args = processed.get(timeout=SECONDS)
        found, state = args.GetValueInt(Enum_CtiOs.CTIOS_AGENTSTATE)
        assert (found, state) == (True, CtiOs_Enums.AgentState.eNotReady)
        assert session.RemoveEventListener(listener, SubscriberList.eAgentList) == CilError.CIL_OK


def test_all_agents_and_all_calls(place: ThreadSite) -> None:
    """GetAllAgents and GetAllCalls: from Arguments to CilRefArg to the object."""
    with phones(DotNetPhone, place, 2) as (one, two):
        talk(one, two)
        for method, kind in (("GetAllAgents", Agent), ("GetAllCalls", Call)):
            args = getattr(one.session, method)()
            lines = []
            for i in range(1, args.NumElements() + 1):
                there, refArg = args.GetElement(i)
                if there and refArg is not None:
                    assert isinstance(refArg, CilRefArg)
                    _, thing = refArg.GetValue()
                    assert isinstance(thing, kind)
                    lines.append(thing.DumpProperties())
            assert lines
            assert all("UniqueObjectID = " in line for line in lines)
        assert one.call.Clear() == CilError.CIL_OK
        for phone in (one, two):
            phone.heard.next("OnCallEnd")


def test_buttons_of_an_agent(place: ThreadSite) -> None:
    """Button enablement, Visual Basic .NET: the bits of the agent's mask as its state changes."""
    Masks = CtiOs_Enums.ButtonEnablement
    with phones(DotNetPhone, place, 1) as (phone,):
        found, bitmask = phone.agent.GetValueInt("EnablementMask")
        assert found
        assert bitmask & Masks.ENABLE_READY
        assert bitmask & Masks.ENABLE_NOTREADY_WITH_REASON  # for another reason
        assert bitmask & (Masks.ENABLE_LOGOUT | Masks.ENABLE_LOGOUT_WITH_REASON)


def test_statistics_and_skill_groups_of_an_agent() -> None:
    """Agent statistics; GetSkillGroups (the loop over SkillGroup[1], SkillGroup[2], …)."""
    text = "[Server.Agent]\nPollForAgentStatsAtEndCall = 0\nPollingIntervalSec = 1\n"
    with thread_site(text) as place, phones(DotNetPhone, place, 1) as (phone,):
        agent = phone.agent
        assert agent.EnableAgentStatistics(Arguments()) == CilError.CIL_OK
        phone.heard.next("OnAgentStatistics")
        found, args = agent.GetValueArray("Statistics")
        assert found
        assert args.GetValueInt("AvailTimeSession") == (True, 0)
        assert args.GetValueInt("BargeInCallsToday") == (True, 0)
        numbers = []
        for i in range(1, 21):
            if agent.IsValid(f"SkillGroup[{i}]"):
                found, argskills = agent.GetValueArray(f"SkillGroup[{i}]")
                assert found
                assert argskills.DumpArgs()
                numbers.append(argskills.GetValueInt("SkillGroupNumber")[1])
        theirs = place.on(
            lambda site: sorted(
                one.group.number for one in site.peripheral.agents[phone.agent_id].memberships
            )
        )
        assert sorted(numbers) == theirs


def test_skill_groups_of_a_new_team_member(place: ThreadSite) -> None:
    """Agent team information in a grid: NumSkillGroups, then SkillGroup[n] one by one."""
    with phones(DotNetPhone, place, 2) as (boss, _):
        members: list[list[str]] = []

        class Listener(IGenericEvents):
            def OnEvent(self, sender: Any, eventArgs: Any, /) -> None:
                if eventArgs.iEventID != EventID.eOnNewAgentTeamMember:
                    return
                args = eventArgs.rArgs
                skillGroupNumbers: list[str] = []
                found, numGroups = args.GetValueInt(Enum_CtiOs.CTIOS_NUMSKILLGROUPS)
                for j in range(1, numGroups + 1 if found else 1):
                    sgKey = f"SkillGroup[{j}]"
                    there, sgInfo = args.GetValueArray(sgKey)
                    if there:
                        there, sgStr = sgInfo.GetValueString(Enum_CtiOs.CTIOS_SKILLGROUPNUMBER)
                    skillGroupNumbers.append(sgStr if there else f"unknown {j}")
                members.append(skillGroupNumbers)

        listener = Listener()
        boss.session.AddEventListener(listener, SubscriberList.eAllInOneList)
        assert boss.agent.RequestAgentTeamList() == CilError.CIL_OK
        boss.heard.next("OnNewAgentTeamMember", UniqueObjectID="agent.5000.1002")
        known = place.on(
            lambda site: {
                str(one.group.number)
                for agent in site.peripheral.agents.values()
                for one in agent.memberships
            }
        )
        groups = [number for member in members for number in member]
        assert groups
        assert set(groups) <= known


def test_silent_monitoring_by_a_call() -> None:
    """CCM-based silent monitor: begin, is it me who is monitored, end, and which kind it is."""
    with thread_site(CALL_BASED) as place, phones(DotNetPhone, place, 3) as (boss, one, two):
        session = boss.session
        assert session.RequestDesktopSettings(boss.args(DesktopType=1)) == CilError.CIL_OK
        boss.heard.next("OnGlobalSettingsDownloadConf")
        assert session.IsCCMSilentMonitor()
        reference = "agent.5000.1002"
        assert boss.agent.StartMonitoringAllAgentTeams() == CilError.CIL_OK
        member = boss.args(AgentReference=reference)
        assert boss.agent.StartMonitoringAgent(member) == CilError.CIL_OK
        boss.heard.next("OnStartMonitoringAgent")
        key = one.key(talk(one, two))
        boss.heard.next("OnMonitoredCallEstablished", UniqueObjectID=key)
        chosen = boss.args(CallReference=key)
        assert boss.agent.StartMonitoringCall(chosen) == CilError.CIL_OK

        targets: list[bool] = []

        def IsCurrentAgentTargetAgent(args: Arguments) -> bool:
            isTarget = False
            rAgent = one.session.GetCurrentAgent()
            if rAgent is not None:
                _, curAgentUID = rAgent.GetValueString(Enum_CtiOs.CTIOS_UNIQUEOBJECTID)
                if curAgentUID is not None:
                    _, targetAgentUID = args.GetValueString(
                        Enum_CtiOs.CTIOS_SILENTMONITOR_TARGET_AGENTUID
                    )
                    if targetAgentUID is not None:
                        isTarget = curAgentUID == targetAgentUID
            return isTarget

        class Monitored(IGenericEvents):
            def OnEvent(self, sender: Any, eventArgs: Any, /) -> None:
                if eventArgs.iEventID == EventID.eSilentMonitorStartedEvent:
                    targets.append(IsCurrentAgentTargetAgent(eventArgs.rArgs))

        listener = Monitored()
        one.session.AddEventListener(listener, SubscriberList.eAllInOneList)

        # Initiate a silent monitor session.
        curAgent = session.GetCurrentAgent()
        monAgent = curAgent.GetMonitoredAgent()
        monCall = curAgent.GetMonitoredCall()
        _, monAgentID = monAgent.GetValueString(Enum_CtiOs.CTIOS_UNIQUEOBJECTID)
        _, monCallID = monCall.GetValueString(Enum_CtiOs.CTIOS_UNIQUEOBJECTID)
        args = Arguments()
        args.SetValue(Enum_CtiOs.CTIOS_AGENTREFERENCE, monAgentID)
        args.SetValue(Enum_CtiOs.CTIOS_AGENTCALLREFERENCE, monCallID)
        args.SetValue(Enum_CtiOs.CTIOS_SUPERVISORYACTION, SupervisoryAction.eSupervisorMonitor)
        ret = curAgent.SuperviseCall(args)
        assert ret == CilError.CIL_OK
        boss.heard.next("OnSilentMonitorStartedEvent")
        one.heard.next("OnSilentMonitorStartedEvent")
        assert targets == [True]

        # End it: what the current agent knows of it.
        curAgent = session.GetCurrentAgent()
        _, monAgentID = curAgent.GetValueString(Enum_CtiOs.CTIOS_SILENTMONITOR_TARGET_AGENTUID)
        _, monCallID = curAgent.GetValueString(Enum_CtiOs.CTIOS_SILENTMONITOR_CALLUID)
        assert monAgentID == reference
        args = Arguments()
        args.SetValue(Enum_CtiOs.CTIOS_AGENTREFERENCE, monAgentID)
        args.SetValue(Enum_CtiOs.CTIOS_AGENTCALLREFERENCE, monCallID)
        args.SetValue(Enum_CtiOs.CTIOS_SUPERVISORYACTION, SupervisoryAction.eSupervisorClear)
        ret = curAgent.SuperviseCall(args)
        assert ret == CilError.CIL_OK
        boss.heard.next("OnSilentMonitorStopRequestedEvent")
        assert one.call.Clear() == CilError.CIL_OK
        for phone in (one, two):
            phone.heard.next("OnCallEnd")


def test_the_last_error() -> None:
    """GetLastError: whether there is one, and which."""
    agent = Agent()
    agent.ReportError(CilError.E_CTIOS_INVALID_ARGUMENT)
    success, myLastError = agent.GetLastError()
    assert success
    assert myLastError == CilError.E_CTIOS_INVALID_ARGUMENT


def test_custom_logging() -> None:
    """Log trace events with the Logger class: a delegate, and a method that traces by its mask."""
    lines: list[str] = []
    m_logger = Logger()
    m_logger.SetTraceMask(Logger.TRACE_MASK_METHOD_AVG_LOGIC | Logger.TRACE_MASK_WARNING)

    def ProcessLogEvent(eventSender: Any, Evt: LogEventArgs) -> None:
        traceLine = Evt.Description
        if m_logger.IsTraceMaskEnabled(Logger.TRACE_MASK_WARNING):
            lines.append(traceLine)

    def MyTrace(traceLevel: int, methodName: str, msg: str) -> None:
        if m_logger.IsTraceMaskEnabled(traceLevel):
            m_logger.Trace(traceLevel, f"{methodName}: {msg}")

    handler = LogManager.LogEventHandler(ProcessLogEvent)
    m_logger.AddLogListener(handler)
    try:
        MyTrace(Logger.TRACE_MASK_METHOD_AVG_LOGIC, "OnEvent", "heard")
        MyTrace(Logger.TRACE_MASK_METHOD_LOW, "OnEvent", "not traced")
    finally:
        m_logger.RemoveLogListener(handler)
    assert len(lines) == 1
    assert "OnEvent: heard" in lines[0]
