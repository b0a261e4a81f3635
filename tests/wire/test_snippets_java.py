"""The Java samples of the CTI OS Developer Guide 12.6(1), line by line, each by the heading under
which it stands: against a site, with its names, its order and its results.

What the guide misprints (getValueArray, getValueShortObj) has the name of its reference chapter.
Samples that ask for one number ask for the simulated site's here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faces_kit import SECONDS, ThreadSite, thread_site

from fastcil.compat.java import (
    CIL_OK,
    CTIOS_AGENTSTATE,
    CTIOS_CONNECTIONPROFILES,
    CTIOS_ECC,
    CTIOS_ENABLEMENTMASK,
    CTIOS_EVENTREASONCODE,
    CTIOS_LOGIN,
    ENABLE_ANSWER,
    ENABLE_HOLD,
    ENABLE_LOGIN,
    ENABLE_LOGOUT,
    ENABLE_LOGOUT_WITH_REASON,
    ENABLE_MAKECALL,
    ENABLE_READY,
    EVENT_SIGNALED,
    S_FILTERTARGET,
    S_MESSAGEID,
    Agent,
    AllInOneAdapter,
    Arguments,
    CTIOS_enums,
    CtiOs_Enums,
    CtiOs_IAgentState,
    CtiOs_IKeywordIDs,
    CtiOs_IkeywordIDs,
    CtiOsObject,
    CtiOsSession,
    IGenericEvents,
    LogWrapper,
    eAgentInfoEvent,
    eAgentStateEvent,
    eControlFailureConf,
    eCTIOSFailureEvent,
    ekwAgentID,
    eLogout,
    eQueryAgentStateConf,
    eUnknown,
)

EventID = CtiOs_Enums.EventID
SETTINGS = """
[EnterpriseDesktopSettings."All Desktops".Login.ConnectionProfiles.Name.SoftACD]
PeripheralID = 5000
custom_WarnIfAgentLoggedIn = 1
custom_RejectIfAgentLoggedIn = 0
[Server.Agent]
PollForAgentStatsAtEndCall = 0
PollingIntervalSec = 1
[Server.SkillGroup]
PollingIntervalSec = 1
"""


@pytest.fixture
def place() -> Iterator[ThreadSite]:
    with thread_site() as found:
        yield found


class Application(IGenericEvents):
    """A program as in the samples: one listener, and a method for each event that it handles."""

    def __init__(self, place: ThreadSite, agent_id: str = "1001", device: int = 0) -> None:
        self.place = place
        self.agent_id = agent_id
        self.instrument = place.instruments[device]
        self.session = CtiOsSession()
        self.agent = Agent()
        self.returned: list[int] = []
        self.heard: list[tuple[int, Arguments]] = []
        self.changed = threading.Condition()
        self.others: list[Application] = []

    def OnEvent(self, iEventID: int, rArgs: Any, /) -> None:
        name = EventID(iEventID).name
        handler = getattr(self, "On" + name.removeprefix("eOn").removeprefix("e"), None)
        if handler is not None:
            handler(rArgs)
        with self.changed:
            self.heard.append((iEventID, rArgs.Clone()))
            self.changed.notify_all()

    def wait(self, number: int, key: str = "", value: object = None) -> Arguments:
        """The first event of a number that has a value; it may have come already."""

        def found() -> Arguments | None:
            for each, rArgs in self.heard:
                if each == number and (not key or rArgs.GetValueString(key) == str(value)):
                    return rArgs
            return None

        with self.changed:
            assert self.changed.wait_for(found, SECONDS), f"{number} {key} {value} did not come"
            rArgs = found()
        assert rArgs is not None
        return rArgs

    def connect(self) -> None:
        # Connect to CTI OS Server: session, listener, parameters, Connect.
        rSession = self.session
        every = CtiOs_Enums.SubscriberList.eAllInOneList
        assert rSession.AddEventListener(self, every) == CIL_OK
        rArgs = Arguments()
        rArgs.SetValue(CTIOS_enums.CTIOS_CTIOSA, "127.0.0.1")
        rArgs.SetValue(CTIOS_enums.CTIOS_PORTA, self.place.port)
        rArgs.SetValue(CTIOS_enums.CTIOS_CTIOSB, "127.0.0.1")
        rArgs.SetValue(CTIOS_enums.CTIOS_PORTB, self.place.port)
        rArgs.SetValue(CTIOS_enums.CTIOS_HEARTBEAT, 100)
        returnCode = rSession.Connect(rArgs)
        assert returnCode == CIL_OK
        self.wait(EventID.eOnConnection)

    def selectAgent(self) -> None:
        # Settings for the connection, select agent mode: the number of a peripheral as text.
        agent = Agent()
        agent.SetValue(CtiOs_IKeywordIDs.CTIOS_AGENTID, self.agent_id)
        agent.SetValue(CtiOs_IKeywordIDs.CTIOS_PERIPHERALID, "5000")
        returnValue = self.session.SetAgent(agent)
        assert returnValue == CIL_OK
        self.agent = agent
        self.wait(EventID.eSetAgentModeEvent)

    def login(self) -> None:
        # Log in an agent.
        rArgs = Arguments()
        rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_AGENTID, self.agent_id)
        rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_PERIPHERALID, "5000")
        rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_AGENTINSTRUMENT, self.instrument)
        password = self.place.passwords[self.agent_id]
        rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_AGENTPASSWORD, password)
        rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_AUTOLOGIN, "1")
        returnValue = self.agent.Login(rArgs)
        assert returnValue == CIL_OK
        self.wait(eAgentStateEvent, "AgentState", 2)

    def logout(self) -> None:
        # Log out an agent.
        rArgs = Arguments()
        rArgs.SetValue(CTIOS_EVENTREASONCODE, 1)
        returnValue = self.agent.Logout(rArgs)
        assert returnValue == CIL_OK
        self.wait(EventID.ePostLogoutEvent)

    def another(self, agent_id: str, device: int) -> Application:
        """Another desk, whose agent has been chosen; it ends with this one."""
        found = Application(self.place, agent_id, device)
        self.others.append(found)
        found.connect()
        found.selectAgent()
        return found

    def stop(self) -> None:
        for one in (*self.others, self):
            one.session.Disconnect(Arguments())
            one.session.disconnect()


@pytest.fixture
def application(place: ThreadSite) -> Iterator[Application]:
    found = Application(place)
    found.connect()
    yield found
    found.stop()


@pytest.fixture
def polled() -> Iterator[Application]:
    with thread_site(SETTINGS) as place:
        found = Application(place)
        found.connect()
        yield found
        found.stop()


def test_log_in_and_log_out(application: Application) -> None:
    """Select agent; log in; the authentication request of the Java CIL; log out."""
    application.selectAgent()
    # SendIdentifyClientRequest is a method of the session of Java alone.
    assert application.session.SendIdentifyClientRequest() == CIL_OK
    application.login()
    application.logout()


def test_make_a_call_with_data(application: Application) -> None:
    """Arguments of a request; the values of events; the call of an id; ECC values both ways."""
    application.selectAgent()
    application.login()
    other = application.another("1002", 1)
    other.login()

    args = Arguments()
    args.SetValue(CtiOs_IkeywordIDs.CTIOS_DIALEDNUMBER, other.instrument)
    args.SetValue(CtiOs_IkeywordIDs.CTIOS_CALLVARIABLE1, "MyData")
    iRet = application.agent.MakeCall(args)
    assert iRet == CIL_OK

    rings = other.wait(EventID.eCallDeliveredEvent)
    # GetValue method to access parameters: null where there is none.
    begins = other.wait(EventID.eCallBeginEvent)
    IPeriph = begins.GetValueIntObj(CtiOs_IkeywordIDs.CTIOS_PERIPHERALID)
    assert IPeriph is not None
    assert int(IPeriph) == 5000
    assert rings.GetValueString(CtiOs_IkeywordIDs.CTIOS_AGENTPASSWORD) is None

    # UniqueObjectID to obtain a reference, and the current call of the session.
    sUID = rings.GetValueString(CtiOs_IKeywordIDs.CTIOS_UNIQUEOBJECTID)
    m_Session = other.session
    rCall: Any = m_Session.GetObjectFromObjectID(sUID)
    assert rCall is not None
    m_Session.SetCurrentCall(rCall)
    assert m_Session.GetCurrentCall() is rCall
    assert rCall.GetValueString(CtiOs_IKeywordIDs.CTIOS_CALLVARIABLE1) == "MyData"

    variables = {"user.MyEcc": 0, "user.MyArray": 10}
    application.place.on(lambda site: site.simulator.site.expanded_variables.update(variables))
    # ECC values: what is there is kept, an array's element has its index in the key.
    rRequestArgs = Arguments()
    rArgEcc = rCall.GetValueArray(CTIOS_ECC)
    if rArgEcc is None:
        rArgEcc = Arguments()
    rArgEcc.SetValue("user.MyEcc", 22222)
    rArgEcc.SetValue("user.MyArray[3]", "new data")
    rRequestArgs.SetValue(CTIOS_ECC, rArgEcc)
    assert rCall.SetCallData(rRequestArgs) == CIL_OK

    # ECC variable value retrieval, at the other party.
    def data(rArgs: Arguments) -> None:
        rUpdated = rArgs.GetValueArray(CTIOS_ECC)
        assert rUpdated is not None
        assert rUpdated.NumElements() == 2
        assert rUpdated.GetValueIntObj("user.MyEcc") == 22222
        assert rUpdated.GetValueString("user.MyArray[3]") == "new data"

    data(application.wait(EventID.eCallDataUpdateEvent))
    mine: Any = application.session.GetCurrentCall()
    assert mine.GetValueArray(CTIOS_ECC).GetValueString("user.MyArray[3]") == "new data"
    assert mine.ClearConnection(Arguments()) == CIL_OK
    other.wait(EventID.eCallEndEvent)


def test_buttons(application: Application) -> None:
    """OnButtonEnablementChange, with the simple test of a bit and with the whole panel."""
    pressed: dict[str, bool] = {}

    def OnButtonEnablementChange(rArguments: Arguments) -> None:
        LMask = rArguments.GetValueUIntObj(CTIOS_ENABLEMENTMASK)
        if LMask is None:
            return
        bitMask = int(LMask)
        pressed["Answer"] = (bitMask & ENABLE_ANSWER) > 0
        pressed["Hold"] = (bitMask & ENABLE_HOLD) > 0
        pressed["Login"] = (bitMask & ENABLE_LOGIN) > 0
        logout = ENABLE_LOGOUT | CtiOs_Enums.ButtonEnablement.ENABLE_LOGOUT_WITH_REASON
        pressed["Logout"] = (bitMask & logout) > 0
        pressed["MakeCall"] = (bitMask & ENABLE_MAKECALL) > 0
        pressed["Ready"] = (bitMask & ENABLE_READY) > 0
        IMask = rArguments.GetValueIntObj(CTIOS_ENABLEMENTMASK)
        assert IMask is not None  # the same bits, as a number with a sign
        assert IMask & 0xFFFFFFFF == bitMask

    application.OnButtonEnablementChange = OnButtonEnablementChange  # type: ignore[attr-defined]
    application.selectAgent()
    application.login()
    application.wait(EventID.eOnButtonEnablementChange, "EnablementMask", logged_in_mask())
    assert pressed == {
        "Answer": False,
        "Hold": False,
        "Login": False,
        "Logout": True,
        "MakeCall": True,
        "Ready": True,
    }


def logged_in_mask() -> int:
    from fastcil.server.site.enablement import agent_mask

    found = agent_mask(2)
    assert found & ENABLE_LOGOUT_WITH_REASON
    return int(found)


def test_desktop_settings_and_duplicate_login(polled: Application) -> None:
    """Detect a duplicate login: values of one's own in the settings, then the agent's state."""
    application = polled
    rArgs = Arguments()
    rArgs.SetValue("CTIOS_DESKTOPTYPE", CtiOs_Enums.DesktopType.eAgentDesktop)
    returnValue = application.session.RequestDesktopSettings(rArgs)
    assert returnValue == CIL_OK

    rArgs = application.wait(EventID.eGlobalSettingsDownloadConf)
    logInArgs = rArgs.GetValueArray(CTIOS_LOGIN)
    assert logInArgs is not None
    connectionProfilesArgs = logInArgs.GetValueArray(CTIOS_CONNECTIONPROFILES)
    assert connectionProfilesArgs is not None
    IPCCLogInArgs = connectionProfilesArgs.GetValueArray("SoftACD")
    assert IPCCLogInArgs is not None
    warningIntObj = IPCCLogInArgs.GetValueIntObj("custom_WarnIfAgentLoggedIn")
    rejectIntObj = IPCCLogInArgs.GetValueIntObj("custom_RejectIfAgentLoggedIn")
    assert (warningIntObj, rejectIntObj) == (1, 0)

    # Another desk has the agent logged in.
    application.selectAgent()
    application.login()
    second = application.another("1001", 3)
    rQuery = Arguments()
    rQuery.SetValue(CtiOs_IKeywordIDs.CTIOS_AGENTID, "1001")
    rQuery.SetValue(CtiOs_IKeywordIDs.CTIOS_PERIPHERALID, 5000)
    assert second.agent.QueryAgentState(rQuery) == CIL_OK
    rState = second.wait(eQueryAgentStateConf)
    agentState = rState.GetValueShortObj(CTIOS_AGENTSTATE)
    assert agentState is not None
    assert int(agentState) != eLogout
    assert int(agentState) != eUnknown


def test_agent_statistics_in_agent_mode(polled: Application) -> None:
    """Set up an agent application to receive agent statistics; get them from the agent."""
    application = polled
    application.selectAgent()
    application.login()
    returnCode = application.agent.EnableAgentStatistics(Arguments())
    assert returnCode == CIL_OK
    application.wait(EventID.eNewAgentStatisticsEvent)
    rArgs = application.agent.GetValueArray(CtiOs_IKeywordIDs.CTIOS_STATISTICS)
    assert rArgs is not None
    availTimeSession = rArgs.GetValueIntObj(CtiOs_IKeywordIDs.CTIOS_AVAILTIMESESSION)
    assert availTimeSession == 0


def test_monitor_mode_with_a_wait_object(application: Application) -> None:
    """Set up a monitor mode application: filters as text, then a WaitObject for what comes."""
    session = application.session
    # Select monitor mode: the events by the numbers of their names.
    filter = f"messageid={int(eAgentStateEvent)},{int(eAgentInfoEvent)},{int(eCTIOSFailureEvent)}"
    rArgs = Arguments()
    rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_FILTER, filter)
    assert session.SetMessageFilter(rArgs) == CIL_OK
    application.wait(EventID.eOnMonitorModeEstablished)
    filter = "MessageId=*;AgentId=1002"
    rArgs = Arguments()
    rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_FILTER, filter)
    assert session.SetMessageFilter(rArgs) == CIL_OK

    rArgs = Arguments()
    rWaitObj = session.CreateWaitObject(rArgs)
    assert rWaitObj is not None
    rArgs.SetValue("Event1", eAgentStateEvent)
    rArgs.SetValue("Event2", eQueryAgentStateConf)
    rArgs.SetValue("Event3", eControlFailureConf)
    rArgs.SetValue("Event4", eCTIOSFailureEvent)
    rWaitObj.SetMask(rArgs)

    desk = application.another("1002", 1)
    desk.login()
    assert rWaitObj.WaitOnMultipleEvents(9000) == EVENT_SIGNALED
    iEventID = rWaitObj.GetTriggerEvent()
    assert iEventID not in (eControlFailureConf, eCTIOSFailureEvent)
    assert iEventID in (eAgentStateEvent, eQueryAgentStateConf)
    session.DestroyWaitObject(rWaitObj)


def test_statistics_in_message_filters(polled: Application) -> None:
    """Set up monitor mode for skill group statistics; statistics events in message filters."""
    application = polled
    session = application.session
    group = application.place.on(
        lambda site: next(iter(site.peripheral.skill_groups.values())).number
    )
    filters = [
        S_FILTERTARGET + "=" + "SkillGroupStats",
        S_MESSAGEID + "=" + str(int(EventID.eNewSkillGroupStatisticsEvent)),
    ]
    for number, filter in enumerate(filters):
        application.heard.clear()
        rArgs = Arguments()
        rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_FILTER, filter)
        returnCode = session.SetMessageFilter(rArgs)
        assert returnCode == CIL_OK
        application.wait(EventID.eOnMonitorModeEstablished)
        if not number:
            rArgs = Arguments()
            rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_SKILLGROUPNUMBER, group)
            rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_PERIPHERALID, 5000)
            assert session.EnableSkillGroupStatistics(rArgs) == CIL_OK
        application.wait(EventID.eNewSkillGroupStatisticsEvent, "SkillGroupNumber", group)
    filter = S_MESSAGEID + "=" + str(int(EventID.eNewAgentStatisticsEvent))
    rArgs = Arguments()
    rArgs.SetValue(CtiOs_IKeywordIDs.CTIOS_FILTER, filter)
    assert session.SetMessageFilter(rArgs) == CIL_OK


def test_keywords_of_an_object() -> None:
    """SetValue method to set properties: the three spellings of a key."""
    sAgentID = "22866"
    for key in ("AgentID", CtiOs_IkeywordIDs.CTIOS_AGENTID, ekwAgentID):
        Args = Arguments()
        Args.SetValue(key, sAgentID)
        assert Args.GetValueString("AgentID") == sAgentID


def test_interfaces_of_constants() -> None:
    """Java interfaces: a class has the constants of the interface it implements."""

    class MyAgent(CtiOsObject, CtiOs_IAgentState):  # type: ignore[misc, valid-type]
        def MyLogin(self, rArguments: Arguments) -> None:
            rArguments.AddItemInt("agentstate", self.eLogin)

    for work in (
        MyAgent().MyLogin,
        lambda rArguments: rArguments.AddItemInt("agentstate", CtiOs_IAgentState.eLogin),
    ):
        rArguments = Arguments()
        work(rArguments)
        assert rArguments.GetValueIntObj(CTIOS_AGENTSTATE) == CtiOs_Enums.AgentState.eLogin
    assert (CtiOs_IAgentState.eLogin, CtiOs_IAgentState.eHold) == (0, 10)


def test_log_wrapper(tmp_path: Path) -> None:
    """Log trace events with the LogWrapper class."""
    from fastcil.compat.java import Logger

    logFileName = str(tmp_path / "MyLogFile.txt")
    fileMaxSize = 2048
    numberArchivesFiles = 20
    numberDaysBeforeFileExpired = 10
    m_logWrapper = LogWrapper(
        logFileName, fileMaxSize, numberArchivesFiles, numberDaysBeforeFileExpired
    )
    m_logger = Logger()
    m_logger.SetTraceMask(Logger.TRACE_MASK_WARNING)
    if m_logger.IsTraceMaskEnabled(Logger.TRACE_MASK_WARNING):
        m_logger.Trace(Logger.TRACE_MASK_WARNING, "OnEvent: what is traced")
    del m_logWrapper
    assert "what is traced" in Path(logFileName).read_text()


def test_adapters_have_every_method() -> None:
    """Events in Java CIL: a listener inherits empty methods of what it does not need."""
    listener = AllInOneAdapter()
    assert listener.OnCallBegin(Arguments()) is None
