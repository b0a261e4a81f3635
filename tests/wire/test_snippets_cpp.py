"""The C++ samples of the CTI OS Developer Guide 12.6(1), and those in Visual Basic of what only the
C++ face has, line by line, each by the heading under which it stands.

A pointer that is filled is an Out; a reference is what a call returns. Enumerators and keywords
stand alone, as in C++.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from faces_kit import SECONDS, CppPhone, ThreadSite, phones, talk, thread_site

from fastcil.compat.cpp import (
    CIL_FAILED,
    CIL_OK,
    CTIOS_AGENTID,
    CTIOS_AGENTSTATE,
    CTIOS_CONNECTIONMODE,
    CTIOS_ECC,
    CTIOS_EVENTREASONCODE,
    CTIOS_FORCED_LOGOUT_REASON_CODE,
    CTIOS_FORCEDDISCONNECT,
    CTIOS_MONITORED,
    CTIOS_PERIPHERALID,
    CTIOS_SKILLGROUPNUMBER,
    CTIOS_SKILLGROUPPRIORITY,
    ENABLE_ANSWER,
    AllInOneAdapter,
    Arg,
    Arguments,
    CAgent,
    CCall,
    CCtiOsSession,
    CILRefArg,
    CSkillGroup,
    CtiOs_Enums,
    CTIOS_SkillGroupNUMBER,
    Out,
    SessionEventsAdapter,
    ekwAgentID,
    ekwAgentInstrument,
    eLogout,
    eSessionModeNotSet,
    eSMStatusMonitorStarted,
)

POLLED = "[Server.SkillGroup]\nPollingIntervalSec = 1\n"


@pytest.fixture
def place() -> Iterator[ThreadSite]:
    with thread_site() as found:
        yield found


class Signals:
    """What sinks tell the test."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self._changed = threading.Condition()

    def put(self, what: Any) -> None:
        with self._changed:
            self.heard.append(what)
            self._changed.notify_all()

    def wait(self, count: int = 1) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.heard) >= count, SECONDS), self.heard
            return list(self.heard)


def test_a_session_and_its_sink(place: ThreadSite) -> None:
    """Event subscription in C++; session object lifetime; disconnect without a mode."""
    signals = Signals()
    m_ctiSession = CCtiOsSession()

    class CEventSink(AllInOneAdapter):
        def OnConnection(self, rArguments: Any) -> None:
            signals.put("OnConnection")

        def OnConnectionClosed(self, rArguments: Any) -> None:
            signals.put("OnConnectionClosed")

    m_pEventSink = CEventSink()
    assert m_ctiSession.AddAllInOneEventListener(m_pEventSink) == CIL_OK
    args = Arguments.CreateInstance()
    args.AddItem("CtiosA", "127.0.0.1")
    args.AddItem("PortA", place.port)
    assert m_ctiSession.Connect(args) == CIL_OK
    args.Release()
    signals.wait(1)
    assert m_ctiSession.Disconnect(Arguments.CreateInstance()) != CIL_OK
    if m_ctiSession.GetValueInt(CTIOS_CONNECTIONMODE) == eSessionModeNotSet:
        pDisconnectArgs: Out[Arguments] = Out()
        bAllocOk = Arguments.CreateInstance(pDisconnectArgs)
        assert bAllocOk
        assert pDisconnectArgs.value is not None
        pDisconnectArgs.value.AddItem(CTIOS_FORCEDDISCONNECT, True)
        assert m_ctiSession.Disconnect(pDisconnectArgs.value) == CIL_OK
        pDisconnectArgs.value.Release()
    assert signals.wait(2) == ["OnConnection", "OnConnectionClosed"]
    assert m_ctiSession.RemoveAllInOneEventListener(m_pEventSink) == CIL_OK
    m_ctiSession.Release()
    m_ctiSession.disconnect()


def test_log_in_with_enumerated_keywords_and_log_out(place: ThreadSite) -> None:
    """Keywords; typical logout procedure: disconnect on OnPostLogout, unless it was forced."""
    phone = CppPhone(place, "1001", 0)
    signals = Signals()
    m_ctiSession = phone.session

    class CMyAppEventSink(AllInOneAdapter):
        def OnPostLogout(self, rArguments: Any) -> None:
            nAgentState: Out[int] = Out()
            nReasonCode: Out[int] = Out()
            out = rArguments.GetValueInt(CTIOS_AGENTSTATE, nAgentState)
            known = rArguments.GetValueInt(CTIOS_EVENTREASONCODE, nReasonCode)
            if out and nAgentState.value == eLogout and known:
                assert nReasonCode.value is not None
                if nReasonCode.value & 0xFFFF == CTIOS_FORCED_LOGOUT_REASON_CODE:
                    return
            m_ctiSession.Disconnect()
            signals.put("disconnected")

    sink = CMyAppEventSink()
    try:
        m_ctiSession.AddAllInOneEventListener(sink)
        phone.connect()
        phone.mode()
        pAgent = phone.agent
        args = Arguments.CreateInstance()
        args.AddItem(ekwAgentID, "1001")
        args.AddItem(ekwAgentInstrument, phone.instrument)
        args.AddItem("AgentPassword", place.passwords["1001"])
        assert pAgent.Login(args) == CIL_OK
        args.Release()
        phone.state(CtiOs_Enums.AgentState.eNotReady)

        rArgAgentLogout = Arguments.CreateInstance()
        rArgAgentLogout.AddItem(CTIOS_EVENTREASONCODE, 1)
        nRetVal = pAgent.Logout(rArgAgentLogout)
        rArgAgentLogout.Release()
        assert nRetVal == CIL_OK
        assert signals.wait() == ["disconnected"]
        phone.heard.next("OnConnectionClosed")
        # The application is closing: its sink, the current agent and the session go.
        assert m_ctiSession.RemoveAllInOneEventListener(sink) == CIL_OK
        pNullAgent = None
        assert m_ctiSession.SetAgent(pNullAgent) == CIL_OK
        m_ctiSession.Release()
        pAgent.Release()
    finally:
        phone.session.disconnect()


def test_ecc_variables_of_a_call(place: ThreadSite) -> None:
    """ECC values, and ECC variable value retrieval; a call's id to a pointer; Clear and Release."""
    variables = {"user.MyECC": 0, "user.MyArray": 10}
    place.on(lambda site: site.simulator.site.expanded_variables.update(variables))
    with phones(CppPhone, place, 2) as (one, two):
        talk(one, two)
        sUniqueObjectID = one.key(one.call)
        pointer: Out[CCall] = Out()
        assert one.session.GetObjectFromObjectID(sUniqueObjectID, pointer)
        pCall = pointer.value
        assert isinstance(pCall, CCall)

        RequestArgs = Arguments.CreateInstance()
        pECCData: Out[Arguments] = Out()
        if pCall.IsValid(CTIOS_ECC):
            pCall.GetValueArray(CTIOS_ECC, pECCData)
        else:
            Arguments.CreateInstance(pECCData)
        assert pECCData.value is not None
        pECCData.value.AddItem("user.MyECC", "FirstECCVariable")
        pECCData.value.AddItem("user.MyArray[2]", 2222)
        RequestArgs.AddItem(CTIOS_ECC, pECCData.value)
        assert pCall.SetCallData(RequestArgs) == CIL_OK
        RequestArgs.Release()
        pECCData.value.Release()

        two.heard.next("OnCallDataUpdate")
        other = two.call
        data: Out[Arguments] = Out()
        sMyECCVariable: Out[str] = Out()
        nMyECCArrayVariable: Out[int] = Out()
        assert other.IsValid(CTIOS_ECC)
        other.GetValueArray(CTIOS_ECC, data)
        assert data.value is not None
        if data.value.IsValid("user.MyECC"):
            data.value.GetValueString("user.MyECC", sMyECCVariable)
        if data.value.IsValid("user.MyArray[2]"):
            data.value.GetValueInt("user.MyArray[2]", nMyECCArrayVariable)
        data.value.Release()
        assert (sMyECCVariable.value, nMyECCArrayVariable.value) == ("FirstECCVariable", 2222)

        assert pCall.Clear() == CIL_OK
        pCall.Release()
        for phone in (one, two):
            phone.heard.next("OnCallEnd")


def test_all_objects_by_references(place: ThreadSite) -> None:
    """GetAllAgents, GetAllCalls and GetSkillGroups: a CILRefArg at each index or key."""
    with phones(CppPhone, place, 2) as (one, two):
        talk(one, two)
        for args, kind in (
            (one.session.GetAllAgents(), CAgent),
            (one.session.GetAllCalls(), CCall),
        ):
            assert args.NumElements() > 0
            for i in range(1, args.NumElements() + 1):
                pRefArg: Out[Any] = Out()
                if args.GetElement(i, pRefArg) and pRefArg.value is not None:
                    assert isinstance(pRefArg.value, CILRefArg)
                    pObject = pRefArg.value.GetValue()
                    assert isinstance(pObject, kind)
                    assert "UniqueObjectID" in pObject.DumpProperties()
        group = place.on(lambda site: site.peripheral.agents["1001"].memberships[0].group.number)
        assert one.agent.EnableSkillGroupStatistics(Arguments()) == CIL_OK
        one.heard.next("OnSkillGroupStatisticsUpdated")
        arSkills = one.agent.GetSkillGroups()
        assert Arguments.IsValidReference(arSkills)
        numbers = []
        for nI in range(1, arSkills.NumElements() + 1):
            strUOID = arSkills.GetElementKey(nI)
            reference = arSkills.GetValue(strUOID)
            if Arg.IsValidReference(reference):
                pSkill = reference.GetValue()
                assert isinstance(pSkill, CSkillGroup)
                reference.Release()
                numbers.append(pSkill.GetValueInt(CTIOS_SKILLGROUPNUMBER))
        assert group in numbers
        assert one.call.Clear() == CIL_OK
        for phone in (one, two):
            phone.heard.next("OnCallEnd")


def test_statistics_of_skill_groups() -> None:
    """Skill group statistics in a filter; EnableSkillGroupStatistics and its opposite, with and
    without a priority, for several groups with the same Arguments."""
    with thread_site(POLLED) as place:
        watcher = CppPhone(place, "", 0)
        try:
            watcher.connect()
            groups = place.on(
                lambda site: [one.number for one in site.peripheral.skill_groups.values()]
            )
            sFilterExpression = "FilterTarget=SkillGroupStats"
            m_session = watcher.session
            m_Args = Arguments.CreateInstance()
            m_Args.AddItem("Filter", sFilterExpression)
            assert m_session.SetMessageFilter(m_Args) == CIL_OK
            watcher.heard.next("OnMonitorModeEstablished")
            m_Args = Arguments()
            for intSG in groups:
                m_Args.Clear()
                m_Args.AddItem("SkillGroupNumber", intSG)
                m_Args.AddItem("PeripheralID", 5000)
                assert m_session.EnableSkillGroupStatistics(m_Args) == CIL_OK
            for _ in groups:
                watcher.heard.next("OnSkillGroupStatisticsUpdated")
            argsStatBroadcast = Arguments.CreateInstance()
            argsStatBroadcast.AddItem(CTIOS_SkillGroupNUMBER, groups[0])
            argsStatBroadcast.AddItem(CTIOS_PERIPHERALID, 5000)
            argsStatBroadcast.AddItem(CTIOS_SKILLGROUPPRIORITY, 0)
            assert m_session.EnableSkillGroupStatistics(argsStatBroadcast) == CIL_OK
            argsStatBroadcast.RemoveItem(CTIOS_SKILLGROUPPRIORITY)
            assert m_session.DisableSkillGroupStatistics(argsStatBroadcast) == CIL_OK
            argsStatBroadcast.Release()
        finally:
            watcher.stop()


@pytest.mark.parametrize(
    "sFilterExpression",
    [
        "UniqueObjectID=agent.5000.1001",
        "AgentID=1001, 1002, 1003",
        "AgentID=1001, 1002, 1003; SkillGroupNumber=20, 21",
        "MessageID = 30",
        "MessageID = 23, 24",
        "MessageID = 116, 117",
    ],
)
def test_filters(sFilterExpression: str, place: ThreadSite) -> None:
    """Message filter syntax: each example is accepted, as text alone."""
    watcher = CppPhone(place, "", 0)
    try:
        watcher.connect()
        assert watcher.session.SetMessageFilter(sFilterExpression) == CIL_OK
        watcher.heard.next("OnMonitorModeEstablished")
    finally:
        watcher.stop()


def test_events_of_monitored_agents_only(place: ThreadSite) -> None:
    """Events not allowed in filters: the mark of what comes of others' monitoring."""
    signals = Signals()

    class CMyEventSink(AllInOneAdapter):
        def OnAgentStateChange(self, argParams: Any) -> None:
            if argParams.IsValid(CTIOS_MONITORED) and argParams.GetValueBool(CTIOS_MONITORED):
                signals.put(argParams.GetValueString(CTIOS_AGENTID))

        def OnMonitoredAgentStateChange(self, argParams: Any) -> None:
            self.OnAgentStateChange(argParams)

    with phones(CppPhone, place, 2) as (boss, one):
        sink = CMyEventSink()
        boss.session.AddAllInOneEventListener(sink)
        assert boss.agent.StartMonitoringAllAgentTeams() == CIL_OK
        assert (
            boss.agent.StartMonitoringAgent(boss.args(AgentReference="agent.5000.1002")) == CIL_OK
        )
        boss.heard.next("OnStartMonitoringAgent")
        ready = one.args(AgentState=int(CtiOs_Enums.AgentState.eAvailable))
        assert one.agent.SetAgentState(ready) == CIL_OK
        assert "1002" in signals.wait()
        not_ready = one.args(AgentState=int(CtiOs_Enums.AgentState.eNotReady), EventReasonCode=1)
        assert one.agent.SetAgentState(not_ready) == CIL_OK
        one.state(CtiOs_Enums.AgentState.eNotReady)


def test_an_answer_button_and_a_call_variable(place: ThreadSite) -> None:
    """Button enablement masks; retrieve a common session: an event's call and its variable."""
    signals = Signals()
    with phones(CppPhone, place, 2) as (one, two):
        m_session = two.session

        class EventSink(AllInOneAdapter):
            def OnCallDelivered(self, args: Any) -> None:
                unBitMask: Out[int] = Out()
                if args.IsValid("EnablementMask"):
                    args.GetValueInt("EnablementMask", unBitMask)
                    assert unBitMask.value is not None
                    signals.put(bool(unBitMask.value & ENABLE_ANSWER))

            def OnCallEstablished(self, pIArguments: Any) -> None:
                m_uid = pIArguments.GetValueString("Uniqueobjectid")
                m_call: Out[CCall] = Out()
                assert m_session.GetObjectFromObjectID(m_uid, m_call)
                assert m_call.value is not None
                signals.put(m_call.value.GetValueString("Callvariable1"))

        sink = EventSink()
        m_session.AddAllInOneEventListener(sink)
        args = Arguments.CreateInstance()
        args.AddItem("DialedNumber", two.instrument)
        args.AddItem("CallVariable1", "seventeen")
        errorcode = one.agent.MakeCall(args)
        assert errorcode == CIL_OK
        assert signals.wait() == [True]
        two.heard.next("OnCallDelivered")
        two.heard.next("OnButtonEnablementChange")
        errorCode = two.call.Answer()
        assert errorCode != CIL_FAILED
        assert signals.wait(2)[1] == "seventeen"
        assert two.call.Clear() == CIL_OK
        for phone in (one, two):
            phone.heard.next("OnCallEnd")


def test_desktop_settings(place: ThreadSite) -> None:
    """Settings download: asked for on connection, then read from the session."""
    signals = Signals()
    phone = CppPhone(place, "", 0)
    m_session = phone.session

    class Sink(SessionEventsAdapter):
        def OnConnection(self, pDispParam: Any) -> None:
            m_session.RequestDesktopSettings(CtiOs_Enums.DesktopType.eAgentDesktop)

        def OnGlobalSettingsDownloadConf(self, pDispParam: Any) -> None:
            assert m_session.IsValid("SoundPreferences ")
            SoundArgs = m_session.GetValue("SoundPreferences")
            assert SoundArgs.IsValid("DialTone")
            DialToneArgs = SoundArgs.GetValue("DialTone")
            signals.put(DialToneArgs.GetValueInt("Mute"))

    sink = Sink()
    try:
        m_session.AddSessionEventListener(sink)
        phone.connect()
        assert signals.wait() == [0]
    finally:
        phone.stop()


def test_agent_greeting(place: ThreadSite) -> None:
    """Agent greeting: 1 disables, 2 enables."""
    with phones(CppPhone, place, 1) as (phone,):
        for commandRequested in (1, 2):
            rArgAgentAction = Arguments.CreateInstance()
            rArgAgentAction.AddItem("AgentAction", commandRequested)
            nRetVal = phone.agent.SetAgentGreetingAction(rArgAgentAction)
            rArgAgentAction.Release()
            assert nRetVal == CIL_OK
            phone.heard.next("OnAgentGreetingControlConf")


def test_silent_monitor_manager(place: ThreadSite) -> None:
    """Create a silent monitor object; both modes; a session from its start to its shutdown."""
    with phones(CppPhone, place, 2) as (boss, one):
        managers = []
        for phone in (boss, one):
            m_Args = Arguments()
            m_SMManager = phone.session.CreateSilentMonitorManager(m_Args)
            assert m_SMManager is not None
            assert phone.session.SetCurrentSilentMonitor(m_SMManager) == CIL_OK
            managers.append(m_SMManager)
        m_SMManager, m_silentMonitor = managers
        for start, name, value in (
            (m_SMManager.StartSMMonitoringMode, "MediaTerminationPort", 4000),
            (m_silentMonitor.StartSMMonitoredMode, "MonitoringDeviceID", 1234),
        ):
            m_Args = Arguments()
            m_Args.AddItem("HeartbeatInterval", 5)
            m_Args.AddItem("HeartbeatTimeout", 15)
            m_Args.AddItem("SMSAddr", "localhost")
            m_Args.AddItem("SMSListenPort", 42228)
            m_Args.AddItem("SMSTOS", 0)
            m_Args.AddItem("SMSHeartbeats", 5000)
            m_Args.AddItem("SMSRetries", 3)
            m_Args.AddItem(name, value)
            assert start(m_Args) == CIL_OK
        # The server has both modes when it has answered what was asked after them.
        assert one.session.RequestDesktopSettings(one.args(DesktopType=1)) == CIL_OK
        one.heard.next("OnGlobalSettingsDownloadConf")

        reports = Signals()

        class Sink(AllInOneAdapter):
            def OnSilentMonitorStatusReportEvent(self, pIArguments: Any) -> None:
                nMode = pIArguments.GetValueInt("StatusCode")
                if nMode == eSMStatusMonitorStarted:
                    reports.put(pIArguments.GetValueString("MonitoredUniqueObjectID"))
                else:
                    reports.put(nMode)

        sink = Sink()
        boss.session.AddAllInOneEventListener(sink)
        m_Args = Arguments()
        m_Args.AddItem("AgentID", "1002")
        m_Args.AddItem("PeripheralID", "5000")
        m_Args.AddItem("HeartbeatInterval", 5)
        m_Args.AddItem("HeartbeatTimeout", 15)
        m_Args.AddItem("MonitoringIPPort", 39200)
        m_nSMSessionKey: Out[int] = Out()
        assert m_SMManager.StartSilentMonitorRequest(m_Args, m_nSMSessionKey) == CIL_OK
        one.heard.next("OnSilentMonitorStartRequestedEvent", MonitoringIPAddress="127.0.0.1")
        assert reports.wait() == ["agent.5000.1002"]
        assert m_nSMSessionKey.value
        m_Args = Arguments()
        m_Args.AddItem("SMSessionKey", m_nSMSessionKey.value)
        assert m_SMManager.StopSilentMonitorRequest(m_Args, m_nSMSessionKey) == CIL_OK
        one.heard.next("OnSilentMonitorStopRequestedEvent")
        # Silent monitor manager shutdown.
        assert m_SMManager.StopSilentMonitorMode() == CIL_OK
        assert boss.session.SetCurrentSilentMonitor(None) == CIL_OK
        assert boss.session.DestroySilentMonitorManager(m_SMManager) == CIL_OK


def test_arguments() -> None:
    """Clone; GetValue and SetValue: a name, a keyword and its enumerator are the same key."""
    argsOrig = Arguments.CreateInstance()
    for key in ("AgentID", CTIOS_AGENTID, ekwAgentID):
        a = CAgent()
        assert a.SetValue(key, "22866")
        argsOrig.SetValue(key, "22866")
        sAgentID: Out[str] = Out()
        assert a.GetValueString("AgentID", sAgentID)
        assert sAgentID.value == "22866"
    assert argsOrig.NumElements() == 1
    argsCopy = argsOrig.Clone()
    argsCopy.SetValue("AgentID", "1")
    assert argsOrig.GetValueString("AgentID") == "22866"
