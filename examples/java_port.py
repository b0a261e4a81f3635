"""An agent desktop written against the Java CIL, ported line by line.

    fastcil serve --agents 6 --calls-per-hour 0
    python examples/phone.py --agent 1003 --instrument 20003      (type: login, then answer)
    python examples/java_port.py --agent 1002 --instrument 20002 --call 20003

The names, the result codes and the shape (one listener with OnEvent and a switch) are those of
Java; the imports are all that a port must change, and null is None. What a newer program would do
shorter is in phone.py. Everything happens in events: a request's code says that it was sent.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

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
CIL_OK = CtiOs_Enums.CilError.CIL_OK
K = CtiOs_IKeywordIDs


class Desktop(IGenericEvents):
    """Logs in, makes a call, holds it, writes data into it, ends it, shows statistics, logs out."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.m_options = options
        self.m_session = CtiOsSession()
        self.m_agent = Agent()
        self.m_uid = ""
        self.m_called = False

    # -- the session -------------------------------------------------------------------------

    def connect(self) -> int:
        self.m_session.AddEventListener(self, CtiOs_Enums.SubscriberList.eAllInOneList)
        host, _, port = self.m_options.server.removeprefix("ctios://").partition(":")
        rArgs = Arguments()
        rArgs.SetValue(K.CTIOS_CTIOSA, host)
        rArgs.SetValue(K.CTIOS_PORTA, int(port or 42028))
        rArgs.SetValue(K.CTIOS_HEARTBEAT, 5)
        return int(self.m_session.Connect(rArgs))

    def OnEvent(self, iEventID: int, rArgs: Any) -> None:
        if iEventID == EventID.eOnConnection:
            self.m_agent.SetValue(K.CTIOS_AGENTID, self.m_options.agent)
            self.m_agent.SetValue(K.CTIOS_PERIPHERALID, self.m_options.peripheral)
            self.check("SetAgent", self.m_session.SetAgent(self.m_agent))
        elif iEventID == EventID.eSetAgentModeEvent:
            self.login()
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
            rData = Arguments()
            rData.SetValue(K.CTIOS_CALLVARIABLE1, "from the port")
            self.call("SetCallData", rData)
        elif iEventID == EventID.eCallDataUpdateEvent:
            rCall = self.m_session.GetObjectFromObjectID(self.m_uid)
            if rCall is not None:
                print("the call has", rCall.GetValueString(K.CTIOS_CALLVARIABLE1), flush=True)
            self.call("ClearConnection", Arguments())
        elif iEventID == EventID.eCallEndEvent:
            print("the call is over", flush=True)
            self.check("EnableAgentStatistics", self.m_agent.EnableAgentStatistics(Arguments()))
        elif iEventID == EventID.eNewAgentStatisticsEvent:
            self.onStatistics()
        elif iEventID == EventID.eControlFailureConf:
            print("refused:", rArgs.GetValueString(K.CTIOS_ERRORMESSAGE), flush=True)

    # -- the agent ---------------------------------------------------------------------------

    def login(self) -> None:
        rArgs = Arguments()
        rArgs.SetValue(K.CTIOS_AGENTID, self.m_options.agent)
        rArgs.SetValue(K.CTIOS_AGENTINSTRUMENT, self.m_options.instrument)
        password = self.m_options.password or f"p{self.m_options.agent}"
        rArgs.SetValue(K.CTIOS_AGENTPASSWORD, password)
        self.check("Login", self.m_agent.Login(rArgs))

    def onAgentState(self, state: int) -> None:
        print("agent state", AgentState(state).name, flush=True)
        if state == AgentState.eNotReady and not self.m_called:
            self.m_called = True
            rArgs = Arguments()
            rArgs.SetValue(K.CTIOS_DIALEDNUMBER, self.m_options.call)
            self.check("MakeCall", self.m_agent.MakeCall(rArgs))

    def onStatistics(self) -> None:
        rStatistics = self.m_agent.GetValueArray(K.CTIOS_STATISTICS)
        if rStatistics is not None:  # null where the CIL has nothing
            print("calls out", rStatistics.GetValueIntObj("AgentOutCallsToday"), flush=True)
        self.m_agent.DisableAgentStatistics(Arguments())
        rArgs = Arguments()
        rArgs.SetValue(K.CTIOS_EVENTREASONCODE, 1)
        self.check("Logout", self.m_agent.Logout(rArgs))

    def call(self, method: str, rArgs: Arguments) -> None:
        rCall = self.m_session.GetCurrentCall()
        if rCall is None:
            print(f"{method}: no current call", flush=True)
            return
        self.check(method, getattr(rCall, method)(rArgs))

    def check(self, what: str, iRet: int) -> None:
        if iRet != CIL_OK:
            print(f"{what}: {CtiOs_Enums.CilError(iRet).name}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", default="ctios://127.0.0.1:42028")
    parser.add_argument("--agent", default="1002")
    parser.add_argument("--peripheral", type=int, default=5000)
    parser.add_argument("--instrument", default="20002")
    parser.add_argument("--password", help="default: that of the simulator")
    parser.add_argument("--call", default="20003", help="whom to call")
    parser.add_argument("--milliseconds", type=int, default=60_000, help="for all of it")
    options = parser.parse_args()
    desktop = Desktop(options)
    # The main thread waits for the end by a WaitObject; the CIL's thread does the work.
    rMask = Arguments()
    rMask.SetValue("Event1", EventID.ePostLogoutEvent)
    rMask.SetValue("Event2", EventID.eOnConnectionClosed)
    rWait = desktop.m_session.CreateWaitObject(rMask)
    if rWait is None or desktop.connect() != CIL_OK:
        print("Connect failed")
        return 1
    rWait.WaitOnMultipleEvents(options.milliseconds)
    ended = rWait.GetTriggerEvent() == EventID.ePostLogoutEvent
    desktop.m_session.DestroyWaitObject(rWait)
    desktop.m_session.Disconnect(Arguments())
    return 0 if ended else 1


if __name__ == "__main__":
    sys.exit(main())
