"""An agent desktop, with a small monitor, written against the Java CIL, ported line by line.

    fastcil serve --agents 6 --calls-per-hour 0
    python examples/phone.py --agent 1003 --instrument 20003      (type: login, then answer)
    python examples/java_port.py --agent 1002 --instrument 20002 --call 20003

One class has what the Developer Guide shows in Java, by the headings there: connecting, agent mode,
desktop settings, detecting a duplicate login, logging in, button enablement, making a call with
call variables and ECC values, the current call, statistics, logging out, and monitor mode with a
message filter and a WaitObject. The names, the result codes and the shape (one listener with
OnEvent and a switch) are those of Java; the imports are all that a port must change, and null is
None. What a newer program would do shorter is in phone.py. Everything happens in events: the code
of a request says that it was sent.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import starting

from fastcil.compat.java import (
    Agent,
    Arguments,
    CtiOs_Enums,
    CtiOs_IKeywordIDs,
    CtiOsSession,
    IGenericEvents,
)

EventID = CtiOs_Enums.EventID
AgentState = CtiOs_Enums.AgentState
Button = CtiOs_Enums.ButtonEnablement
CIL_OK = CtiOs_Enums.CilError.CIL_OK
EVENT_SIGNALED = CtiOs_Enums.WaitResult.EVENT_SIGNALED
K = CtiOs_IKeywordIDs


class Desktop(IGenericEvents):
    """Logs in, makes a call, holds it, writes data into it, ends it, shows statistics, logs out."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.m_options = options
        self.m_session = CtiOsSession()
        self.m_monitor = CtiOsSession()
        self.m_agent = Agent()
        self.m_uid = ""
        self.m_mask = 0
        self.m_called = False
        self.m_rejects: bool | None = None  # while the answer to QueryAgentState is awaited

    # -- connecting --------------------------------------------------------------------------

    def address(self) -> Arguments:
        host, _, port = self.m_options.server.removeprefix("ctios://").partition(":")
        rArgs = Arguments()
        rArgs.SetValue(K.CTIOS_CTIOSA, host)
        rArgs.SetValue(K.CTIOS_PORTA, int(port or 42028))
        rArgs.SetValue(K.CTIOS_HEARTBEAT, 5)
        return rArgs

    def connect(self) -> int:
        self.m_session.AddEventListener(self, CtiOs_Enums.SubscriberList.eAllInOneList)
        return int(self.m_session.Connect(self.address()))

    def OnEvent(self, iEventID: int, rArgs: Any) -> None:
        if iEventID == EventID.eOnConnection:
            self.m_agent.SetValue(K.CTIOS_AGENTID, self.m_options.agent)
            self.m_agent.SetValue(K.CTIOS_PERIPHERALID, self.m_options.peripheral)
            self.check("SetAgent", self.m_session.SetAgent(self.m_agent))
        elif iEventID == EventID.eOnConnectionFailure:
            # The CIL tries on by itself, one side after the other.
            print("connection lost:", rArgs.GetValueString(K.CTIOS_ERRORMESSAGE), flush=True)
        elif iEventID == EventID.eSetAgentModeEvent:
            rRequest = Arguments()
            rRequest.SetValue("DesktopType", CtiOs_Enums.DesktopType.eAgentDesktop)
            code = self.m_session.RequestDesktopSettings(rRequest)
            self.check("RequestDesktopSettings", code)
        elif iEventID == EventID.eGlobalSettingsDownloadConf:
            self.onSettings(rArgs)
        elif iEventID == EventID.eQueryAgentStateConf:
            self.onQueried(rArgs)
        elif iEventID == EventID.eOnButtonEnablementChange:
            self.onButtons(rArgs)
        elif iEventID == EventID.eAgentStateEvent:
            self.onAgentState(rArgs.GetValueIntObj(K.CTIOS_AGENTSTATE))
        elif iEventID == EventID.eCallBeginEvent:
            self.m_uid = rArgs.GetValueString(K.CTIOS_UNIQUEOBJECTID)
            print("a call begins:", self.m_uid, flush=True)
        elif iEventID == EventID.eCallEstablishedEvent:
            print("hold", flush=True)
            self.call("Hold", Arguments())
        elif iEventID == EventID.eCallHeldEvent:
            self.call("Retrieve", Arguments())
        elif iEventID == EventID.eCallRetrievedEvent:
            self.writeData()
        elif iEventID == EventID.eCallDataUpdateEvent:
            self.onData(rArgs)
        elif iEventID == EventID.eCallEndEvent:
            print("the call is over", flush=True)
            self.check("EnableAgentStatistics", self.m_agent.EnableAgentStatistics(Arguments()))
        elif iEventID == EventID.eNewAgentStatisticsEvent:
            self.onStatistics()
        elif iEventID == EventID.eControlFailureConf:
            print("refused:", rArgs.GetValueString(K.CTIOS_ERRORMESSAGE), flush=True)

    # -- the agent ---------------------------------------------------------------------------

    def onSettings(self, rArgs: Arguments) -> None:
        """Detecting a duplicate login begins with settings of one's own in the profile."""
        rProfiles: Arguments | None = rArgs.GetValueArray(K.CTIOS_LOGIN)
        for name in ("ConnectionProfiles", "SoftACD"):
            rProfiles = rProfiles.GetValueArray(name) if rProfiles is not None else None
        rReject = None
        if rProfiles is not None:
            rReject = rProfiles.GetValueIntObj("custom_RejectIfAgentLoggedIn")
        self.m_rejects = bool(rReject)
        rQuery = Arguments()
        rQuery.SetValue(K.CTIOS_AGENTID, self.m_options.agent)
        rQuery.SetValue(K.CTIOS_PERIPHERALID, self.m_options.peripheral)
        self.check("QueryAgentState", self.m_agent.QueryAgentState(rQuery))

    def onQueried(self, rArgs: Arguments) -> None:
        """Who is logged in already is warned, or turned away; agent mode brings this event too."""
        if self.m_rejects is None:
            return
        rejects, self.m_rejects = self.m_rejects, None
        state = rArgs.GetValueShortObj(K.CTIOS_AGENTSTATE)
        if state is not None and state not in (AgentState.eLogout, AgentState.eUnknown):
            print("logged in already, in state", AgentState(state).name, flush=True)
            if rejects:
                self.m_session.Disconnect(Arguments())
                return
        self.login()

    def login(self) -> None:
        rArgs = Arguments()
        rArgs.SetValue(K.CTIOS_AGENTID, self.m_options.agent)
        rArgs.SetValue(K.CTIOS_AGENTINSTRUMENT, self.m_options.instrument)
        password = self.m_options.password or f"p{self.m_options.agent}"
        rArgs.SetValue(K.CTIOS_AGENTPASSWORD, password)
        self.check("Login", self.m_agent.Login(rArgs))

    def onButtons(self, rArgs: Arguments) -> None:
        """A button is enabled when its bit is there: the call is made when MakeCall first is."""
        lMask = rArgs.GetValueUIntObj(K.CTIOS_ENABLEMENTMASK)
        if lMask is None:
            return
        self.m_mask = int(lMask)
        if self.m_mask & Button.ENABLE_MAKECALL and not self.m_called:
            self.m_called = True
            self.makeCall()

    def onAgentState(self, state: int) -> None:
        print("agent state", AgentState(state).name, flush=True)

    # -- the call ----------------------------------------------------------------------------

    def makeCall(self) -> None:
        rArgs = Arguments()
        rArgs.SetValue(K.CTIOS_DIALEDNUMBER, self.m_options.call)
        rArgs.SetValue(K.CTIOS_CALLVARIABLE1, "from Java")
        rEcc = Arguments()
        rEcc.SetValue("user.account", "4711")
        rArgs.SetValue(K.CTIOS_ECC, rEcc)
        self.check("MakeCall", self.m_agent.MakeCall(rArgs))

    def writeData(self) -> None:
        """ECC values: what is there is kept; an element of an array has its index in the key."""
        rCall: Any = self.m_session.GetCurrentCall()
        rData = Arguments()
        rData.SetValue(K.CTIOS_CALLVARIABLE1, "from the port")
        rEcc = rCall.GetValueArray(K.CTIOS_ECC) if rCall is not None else None
        if rEcc is None:
            rEcc = Arguments()
        rEcc.SetValue("user.history[0]", "held once")
        rData.SetValue(K.CTIOS_ECC, rEcc)
        self.call("SetCallData", rData)

    def onData(self, rArgs: Arguments) -> None:
        rEcc = rArgs.GetValueArray(K.CTIOS_ECC)
        if rEcc is None or rEcc.GetValueString("user.history[0]") is None:
            return
        rCall = self.m_session.GetObjectFromObjectID(self.m_uid)
        if rCall is not None:
            print("the call has", rCall.GetValueString(K.CTIOS_CALLVARIABLE1), flush=True)
        for name in ("user.account", "user.history[0]"):
            print(name, "is", rEcc.GetValueString(name), flush=True)
        self.call("ClearConnection", Arguments())

    def call(self, method: str, rArgs: Arguments) -> None:
        rCall = self.m_session.GetCurrentCall()
        if rCall is None:
            print(f"{method}: no current call", flush=True)
            return
        self.check(method, getattr(rCall, method)(rArgs))

    # -- statistics, and the end -------------------------------------------------------------

    def onStatistics(self) -> None:
        rStatistics = self.m_agent.GetValueArray(K.CTIOS_STATISTICS)
        if rStatistics is not None:  # null where the CIL has nothing
            print("calls out", rStatistics.GetValueIntObj("AgentOutCallsToday"), flush=True)
        self.m_agent.DisableAgentStatistics(Arguments())
        rArgs = Arguments()
        rArgs.SetValue(K.CTIOS_EVENTREASONCODE, 1)
        self.check("Logout", self.m_agent.Logout(rArgs))

    def check(self, what: str, iRet: int) -> None:
        if iRet != CIL_OK:
            print(f"{what}: {CtiOs_Enums.CilError(iRet).name}", flush=True)

    # -- monitor mode ------------------------------------------------------------------------

    def monitor(self, milliseconds: int) -> bool:
        """A session of its own that sees agents log out: its filter is text, and the main thread
        waits. False: there is no server."""
        rWait: Any = self.m_monitor.CreateWaitObject(Arguments())
        rWait.SetMask(self.mask(EventID.eOnConnection, EventID.eOnConnectionFailure))
        self.check("Connect", self.m_monitor.Connect(self.address()))
        rWait.WaitOnMultipleEvents(milliseconds)
        if rWait.GetTriggerEvent() != EventID.eOnConnection:
            return False
        rWait.SetMask(self.mask(EventID.eOnMonitorModeEstablished))
        # OnCTIOSFailure belongs into every filter: it tells that the picture may be old.
        numbers = (EventID.eAgentStateEvent, EventID.eCTIOSFailureEvent)
        rFilter = Arguments()
        rFilter.SetValue(K.CTIOS_FILTER, "MessageID=" + ",".join(str(int(n)) for n in numbers))
        self.check("SetMessageFilter", self.m_monitor.SetMessageFilter(rFilter))
        rWait.WaitOnMultipleEvents(milliseconds)
        rWait.SetMask(self.mask(EventID.eAgentStateEvent))
        self.m_seen = rWait
        return True

    def seen(self, milliseconds: int) -> None:
        uid, state = self.m_agent.GetValueString(K.CTIOS_UNIQUEOBJECTID), None
        while state != AgentState.eLogout:
            if self.m_seen.WaitOnMultipleEvents(milliseconds) != EVENT_SIGNALED:
                break
            rAgent = self.m_monitor.GetObjectFromObjectID(uid)
            state = rAgent.GetValueIntObj(K.CTIOS_AGENTSTATE) if rAgent is not None else None
        else:
            print("the monitor saw the logout", flush=True)
        self.m_monitor.DestroyWaitObject(self.m_seen)

    def mask(self, *events: EventID) -> Arguments:
        rMask = Arguments()
        for number, event in enumerate(events, 1):
            rMask.SetValue(f"Event{number}", event)
        return rMask

    def run(self, milliseconds: int) -> int:
        """The main thread waits for the end by WaitObjects; the CIL's threads do the work."""
        if not self.monitor(milliseconds):
            print(f"no connection to {self.m_options.server}", file=sys.stderr)
            return 1
        rMask = self.mask(EventID.ePostLogoutEvent, EventID.eOnConnectionClosed)
        rWait = self.m_session.CreateWaitObject(rMask)
        if rWait is None or self.connect() != CIL_OK:
            print("Connect failed")
            return 1
        rWait.WaitOnMultipleEvents(milliseconds)
        ended = rWait.GetTriggerEvent() == EventID.ePostLogoutEvent
        if ended:
            self.seen(milliseconds)
        self.m_session.DestroyWaitObject(rWait)
        return 0 if ended else 1

    def close(self) -> None:
        for session in (self.m_session, self.m_monitor):
            session.Disconnect(Arguments())


def main() -> int:
    parser = starting.desk_parser(__doc__, "1002", "20002")
    parser.add_argument("--call", default="20003", help="whom to call")
    parser.add_argument("--milliseconds", type=int, default=60_000, help="for all of it")
    options = parser.parse_args()
    desktop = Desktop(options)
    try:
        return desktop.run(options.milliseconds)
    finally:
        desktop.close()


if __name__ == "__main__":
    with starting.ending():
        sys.exit(main())
