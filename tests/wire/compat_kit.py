"""Telephones written in the manner of each face, for one script that runs through all of them."""

from __future__ import annotations

import queue
import time
from typing import Any

from fastcil.catalog import event_id
from fastcil.compat import cpp, dotnet, java

SECONDS = 10.0  # a limit, never a wait
PERIPHERAL = 5000
CilError = java.CtiOs_Enums.CilError
AgentState = java.CtiOs_Enums.AgentState


class Heard:
    """The events of a telephone: number, UniqueObjectID (None when there is none), its number."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[int, str | None]] = queue.Queue()
        self.all: list[int] = []

    def put(self, number: int, key: str | None) -> None:
        self._queue.put((int(number), key))

    def next(self, name: str) -> str | None:
        """The UniqueObjectID of the next event of a name; others before it are passed over."""
        wanted = event_id(name)
        until = time.monotonic() + SECONDS
        while True:
            try:
                number, key = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{name} did not come: {self.all}") from None
            self.all.append(number)
            if number == wanted:
                return key


class Phone:
    """What the script does with a telephone; how it is done is a face's."""

    face: Any
    session: Any
    agent: Any

    def __init__(self, port: int, place: int, password: str = "") -> None:
        self.heard = Heard()
        self.agent_id = str(1000 + place)
        self.instrument = str(20000 + place)
        self.open(port)
        self.heard.next("OnConnection")
        assert self.session.SetAgent(self.agent) == CilError.CIL_OK
        assert self.heard.next("OnSetAgentModeEvent") == f"agent.{PERIPHERAL}.{self.agent_id}"
        self.ask(
            self.agent,
            "Login",
            AgentID=self.agent_id,
            AgentInstrument=self.instrument,
            AgentPassword=password or f"p{self.agent_id}",
        )
        while not password and self.agent.GetAgentState() != AgentState.eNotReady:
            self.heard.next("OnAgentStateChange")

    def open(self, port: int) -> None:
        """Session, listeners, agent; begins to connect."""
        raise NotImplementedError

    def arguments(self, **values: Any) -> Any:
        """Arguments of the face, set one by one."""
        found = self.face.Arguments()
        for key, value in values.items():
            assert found.SetValue(key, value)
        return found

    def ask(self, target: Any, method: str, **values: Any) -> None:
        """A request that is accepted for sending."""
        assert getattr(target, method)(self.arguments(**values)) == CilError.CIL_OK, method

    @property
    def call(self) -> Any:
        """The current call."""
        found = self.session.GetCurrentCall()
        assert isinstance(found, self.face.Call)
        return found

    def text(self, values: Any, key: str) -> str | None:
        """A value as the face gives it; None when it says that there is none."""
        raise NotImplementedError

    def last_error(self, target: Any) -> int:
        raise NotImplementedError

    def numbers(self, values: Any) -> int:
        """How many there are in what GetAllCalls and its kin give."""
        found: int = values.NumElements()
        return found


class JavaPhone(Phone, java.IGenericEvents):
    """OnEvent with a number; null, and objects for numbers."""

    face = java

    def open(self, port: int) -> None:
        self.session = java.CtiOsSession()
        lists = java.CtiOs_Enums.SubscriberList
        assert self.session.AddEventListener(self, lists.eAllInOneList) == CilError.CIL_OK
        self.agent = java.Agent()
        assert self.agent.SetValue(java.CtiOs_IKeywordIDs.CTIOS_AGENTID, self.agent_id)
        assert self.agent.SetValue(java.CtiOs_IKeywordIDs.CTIOS_PERIPHERALID, PERIPHERAL)
        sides = java.Arguments()
        sides.SetValue(java.CtiOs_IKeywordIDs.CTIOS_CTIOSA, "127.0.0.1")
        sides.SetValue(java.CtiOs_IKeywordIDs.CTIOS_PORTA, port)
        assert self.session.Connect(sides) == CilError.CIL_OK

    def OnEvent(self, iEventID: int, rArgs: Any) -> None:
        assert isinstance(rArgs, java.Arguments)
        key = rArgs.GetValueString(java.CtiOs_IKeywordIDs.CTIOS_UNIQUEOBJECTID)
        self.heard.put(iEventID, key)

    def text(self, values: Any, key: str) -> str | None:
        found: str | None = values.GetValueString(key)
        return found

    def last_error(self, target: Any) -> int:
        found: int = target.GetLastError()
        return found


class DotnetPhone(Phone):
    """OnEvent with a sender, which is null, and what was published; out-parameters."""

    face = dotnet

    def open(self, port: int) -> None:
        self.session = dotnet.CtiOsSession()
        everything = dotnet.SubscriberList.eAllInOneList
        assert self.session.AddEventListener(self, everything) is dotnet.CilError.CIL_OK
        self.agent = dotnet.Agent()
        assert self.agent.SetValue(dotnet.Enum_CtiOs.CTIOS_AGENTID, self.agent_id)
        assert self.agent.SetValue(dotnet.Enum_CtiOs.CTIOS_PERIPHERALID, PERIPHERAL)
        sides = dotnet.Arguments()
        sides.SetValue(dotnet.Enum_CtiOs.CTIOS_CTIOSB, "127.0.0.1")
        sides.SetValue(dotnet.Enum_CtiOs.CTIOS_PORTB, port)
        assert self.session.Connect(sides) is dotnet.CilError.CIL_OK

    def OnEvent(self, sender: Any, eventArgs: Any) -> None:
        assert sender is None
        assert isinstance(eventArgs, dotnet.EventPublisher.EventPublisherEventArgs)
        found, key = eventArgs.rArgs.GetValueString(dotnet.Enum_CtiOs.CTIOS_UNIQUEOBJECTID)
        assert found is (key is not None)
        self.heard.put(eventArgs.iEventID, key)

    def text(self, values: Any, key: str) -> str | None:
        found, value = values.GetValueString(key)
        return value if found else None

    def last_error(self, target: Any) -> int:
        success, code = target.GetLastError()
        assert success
        assert isinstance(code, int)
        return code


class CppPhone(Phone, cpp.AllInOneAdapter):
    """A method for each event; pointers, or exceptions."""

    face = cpp

    def open(self, port: int) -> None:
        self.session = cpp.CCtiOsSession()
        assert self.session.AddAllInOneEventListener(self) == CilError.CIL_OK
        self.agent = cpp.CAgent()
        assert self.agent.SetValue("AgentID", self.agent_id)
        assert self.agent.SetValue(f"PeripheralID={PERIPHERAL}")
        sides = cpp.Arguments.CreateInstance()
        assert sides.AddItem("CtiosA", "127.0.0.1")
        assert sides.AddItem("PortA", port)
        assert self.session.Connect(sides) == CilError.CIL_OK
        assert sides.Release() == CilError.CIL_OK

    def _put(self, name: str, rArgs: Any) -> None:
        assert isinstance(rArgs, cpp.Arguments)
        key: cpp.Out[str] = cpp.Out()
        assert rArgs.GetValueString("UniqueObjectID", key) is (key.value is not None)
        self.heard.put(event_id(name), key.value)

    def OnConnection(self, rArgs: Any) -> None:
        self._put("OnConnection", rArgs)

    def OnConnectionClosed(self, rArgs: Any) -> None:
        self._put("OnConnectionClosed", rArgs)

    def OnSetAgentModeEvent(self, rArgs: Any) -> None:
        self._put("OnSetAgentModeEvent", rArgs)

    def OnAgentStateChange(self, rArgs: Any) -> None:
        self._put("OnAgentStateChange", rArgs)

    def OnPreLogout(self, rArgs: Any) -> None:
        self._put("OnPreLogout", rArgs)

    def OnPostLogout(self, rArgs: Any) -> None:
        self._put("OnPostLogout", rArgs)

    def OnCurrentCallChanged(self, rArgs: Any) -> None:
        self._put("OnCurrentCallChanged", rArgs)

    def OnCallBegin(self, rArgs: Any) -> None:
        self._put("OnCallBegin", rArgs)

    def OnCallDelivered(self, rArgs: Any) -> None:
        self._put("OnCallDelivered", rArgs)

    def OnCallEstablished(self, rArgs: Any) -> None:
        self._put("OnCallEstablished", rArgs)

    def OnCallHeld(self, rArgs: Any) -> None:
        self._put("OnCallHeld", rArgs)

    def OnCallRetrieved(self, rArgs: Any) -> None:
        self._put("OnCallRetrieved", rArgs)

    def OnCallTransferred(self, rArgs: Any) -> None:
        self._put("OnCallTransferred", rArgs)

    def OnCallEnd(self, rArgs: Any) -> None:
        self._put("OnCallEnd", rArgs)

    def text(self, values: Any, key: str) -> str | None:
        try:
            found: str = values.GetValueString(key)
        except cpp.CtiosException as error:
            if error.GetCode() != CilError.E_CTIOS_INVALID_ARGUMENT:
                raise
            return None
        return found

    def last_error(self, target: Any) -> int:
        found: int = target.GetValueInt("LastError")
        return found
