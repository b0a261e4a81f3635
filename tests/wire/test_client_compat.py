"""The Java, .NET and C++ faces: names, results, listener models; on real sockets."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import pytest
from client_peer import SECONDS, Peer, PeerConnection, unused_port

from fastcil.catalog import event_id
from fastcil.cil import AllInOneAdapter, SessionEventsAdapter
from fastcil.compat import cpp, dotnet, java

KEY = "call.5000.101.22866"
Enums = java.CtiOs_Enums
Ids = java.CtiOs_IKeywordIDs
HELD = event_id("OnCallHeld")


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


class Log:
    """What a listener noted, to be waited for."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Any] = queue.Queue()
        self.put = self._queue.put

    def get(self) -> Any:
        return self._queue.get(timeout=SECONDS)


def script(peer: Peer) -> PeerConnection:
    """Greets, takes a filter, sends one call."""
    server = peer.accept()
    server.greet()
    server.establish()
    server.events(
        ("OnCallBegin", {"UniqueObjectID": KEY, "ANI": "555", "ECC": {"user.a": "x"}}),
        ("OnCallHeld", {"UniqueObjectID": KEY, "CallStatus": 4}),
        ("OnCallEnd", {"UniqueObjectID": KEY}),
    )
    return server


def test_java_program(peer: Peer) -> None:
    session = java.CtiOsSession()
    log = Log()

    class Listener:
        def OnEvent(self, iEventID: int, rArgs: java.Arguments) -> None:
            if iEventID == Enums.EventID.eOnConnection:
                arguments = java.Arguments()
                arguments.SetValue(Ids.CTIOS_FILTER, "MessageID=23,24,11")
                log.put(session.SetMessageFilter(arguments))
            elif iEventID == HELD:
                key = rArgs.GetValueString(Ids.CTIOS_UNIQUEOBJECTID)
                assert key is not None
                call = session.GetObjectFromObjectID(key)
                assert isinstance(call, java.Call)
                log.put((rArgs.GetValueIntObj("CallStatus"), call.GetValueString("ANI")))
            elif iEventID == Enums.EventID.eOnConnectionClosed:
                log.put("closed")

    arguments = java.Arguments()
    arguments.SetValue(Ids.CTIOS_CTIOSA, "127.0.0.1")
    arguments.SetValue(Ids.CTIOS_PORTA, peer.port)
    listener = Listener()
    assert session.AddEventListener(listener, 99) == Enums.CilError.E_CTIOS_INVALID_ARGUMENT
    assert (
        session.AddEventListener(listener, Enums.SubscriberList.eAllInOneList)
        == Enums.CilError.CIL_OK
    )
    assert session.SetMessageFilter(arguments) == Enums.CilError.E_CTIOS_MISSING_ARGUMENT
    assert session.Connect(arguments) == Enums.CilError.CIL_OK
    server = script(peer)
    assert log.get() == Enums.CilError.CIL_OK
    assert log.get() == (4, "555")
    assert session.Connect(arguments) == Enums.CilError.E_CTIOS_SESSION_NOT_DISCONNECTED
    assert session.GetLastError() == Enums.CilError.E_CTIOS_SESSION_NOT_DISCONNECTED
    assert session.Disconnect(java.Arguments()) == Enums.CilError.CIL_OK
    assert log.get() == "closed"
    assert server.closed()
    session.disconnect()
    assert session.Disconnect() == Enums.CilError.E_CTIOS_SESSION_NOT_CONNECTED
    assert (
        session.RemoveEventListener(listener, Enums.SubscriberList.eAllInOneList)
        == Enums.CilError.CIL_OK
    )
    assert (
        session.RemoveEventListener(listener, Enums.SubscriberList.eAllInOneList)
        == Enums.CilError.CIL_FAIL
    )


def test_java_connect_codes() -> None:
    session = java.CtiOsSession()
    assert session.Connect(java.Arguments()) == Enums.CilError.E_CTIOS_MISSING_ARGUMENT
    arguments = java.Arguments({"CtiosA": "127.0.0.1", "PortA": unused_port()})
    try:
        assert session.Connect(arguments) == Enums.CilError.CIL_OK
        # In failover from the first failure on; before that Connect is still under way.
        assert session.Connect(arguments) in (
            Enums.CilError.E_CTIOS_SESSION_NOT_DISCONNECTED,
            Enums.CilError.E_CTIOS_IN_FAILOVER,
        )
    finally:
        session.disconnect()


def test_dotnet_program(peer: Peer) -> None:
    session = dotnet.CtiOsSession()
    log = Log()

    class Listener:
        def OnEvent(self, sender: Any, eventArgs: dotnet.EventPublisherEventArgs) -> None:
            if eventArgs.iEventID == HELD:
                found, key = eventArgs.rArgs.GetValueString("UniqueObjectID")
                assert found
                assert key is not None
                log.put((sender, session.GetObjectFromObjectID(key)))
                log.put(eventArgs.rArgs.GetValueInt("ANI"))

    listener = Listener()
    assert session.AddEventListener(listener, 3) == Enums.CilError.CIL_OK
    arguments = dotnet.Arguments()
    assert arguments.SetValue(dotnet.Enum_CtiOs.CTIOS_CTIOSB, "127.0.0.1")
    assert arguments.SetValue(dotnet.Enum_CtiOs.CTIOS_PORTB, peer.port)
    assert session.Connect(arguments) == Enums.CilError.CIL_OK
    wanted = dotnet.Arguments({"Filter": "MessageID=*"})
    try:
        server = peer.accept()
        server.greet()
        assert session.SetMessageFilter(wanted) == Enums.CilError.CIL_OK
        server.establish()
        server.events(("OnCallBegin", {"UniqueObjectID": KEY}), ("OnCallHeld", {
            "UniqueObjectID": KEY
        }))  # fmt: skip
        sender, (found, call) = log.get()
        assert sender is None  # "a null object", as documented
        assert found
        assert isinstance(call, dotnet.Call)
        assert log.get() == (False, 0)
        assert call.GetValueString("UniqueObjectID") == (True, KEY)
        assert session.GetObjectFromObjectID("call.0.0.0") == (False, None)
        assert session.RemoveEventListener(listener, 3) == Enums.CilError.CIL_OK
    finally:
        session.disconnect()


def test_cpp_program(peer: Peer) -> None:
    session = cpp.CCtiOsSession()
    log = Log()

    class Calls(AllInOneAdapter):
        def OnCallHeld(self, rArgs: Any) -> None:
            log.put(rArgs.GetValueInt("CallStatus"))
            try:
                rArgs.GetValueInt("ANI")
            except cpp.CtiosException as error:
                log.put(error.GetCode())

    class Sessions(SessionEventsAdapter):
        def OnConnection(self, rArgs: Any) -> None:
            log.put(rArgs.GetValueString("CurrentServer"))
            log.put(session.SetMessageFilter(cpp.Arguments({"Filter": "MessageID=*"})))

    class Generic:
        def OnEvent(self, iEventID: int, rArgs: cpp.Arguments) -> None:
            if iEventID == HELD:
                log.put(("generic", rArgs.NumElements()))

    calls, sessions, generic = Calls(), Sessions(), Generic()
    assert session.AddAllInOneEventListener(calls) == 1
    assert session.AddSessionEventListener(sessions) == 1
    assert session.AddCallEventGenericListener(generic) == 1
    arguments = cpp.Arguments.CreateInstance()
    assert arguments.AddItem("CtiosA", "127.0.0.1")
    assert arguments.AddItem("PortA", peer.port)
    assert session.Connect(arguments) == Enums.CilError.CIL_OK
    script(peer)
    try:
        assert log.get() == "127.0.0.1"
        assert log.get() == Enums.CilError.CIL_OK
        assert log.get() == 4
        assert log.get() == Enums.CilError.E_CTIOS_INVALID_ARGUMENT
        assert log.get() == ("generic", 2)
        assert session.Connect(arguments) == Enums.CilError.E_CTIOS_MODE_CONFLICT
        assert session.RemoveAllInOneEventListener(calls) == 1
        assert session.RemoveSessionEventListener(sessions) == 1
        assert session.RemoveCallEventGenericListener(generic) == 1
    finally:
        session.disconnect()


def test_java_arguments() -> None:
    arguments = java.Arguments()
    assert arguments.SetValue(Ids.CTIOS_AGENTID, "22")
    assert arguments.SetValueUInt("Big", 4000000000)
    assert arguments.SetValueUShort("Port", 65535)
    assert not arguments.SetValueUShort("Port", 65536)
    assert not arguments.SetValue("Bad", 1.5)
    assert arguments.GetValueIntObj(" agentid ") == 22
    assert arguments.GetValueIntObj("Big") == 4000000000 - (1 << 32)
    assert arguments.GetValueUIntObj("Big") == 4000000000
    assert arguments.GetValueUShortObj("Port") == 65535
    assert arguments.GetValueShortObj("Port") is None
    assert arguments.GetValueString("none") is None
    assert arguments.GetValueBoolObj("Port") is True
    assert arguments.SetValue("Nested", java.Arguments({"a": 1}))
    nested = arguments.GetValueArray("Nested")
    assert nested is not None
    assert nested.GetElementIntObj(1) == 1
    assert arguments.GetValueArray("Port") is None
    assert arguments.NumElements() == 4
    assert arguments.GetElementKey(1) == "AgentID"
    assert arguments.GetElementKey(5) is None
    assert arguments.GetElement(5) is None
    arg = arguments.GetElement(3)
    assert arg is not None
    assert arg.GetType() == 4
    assert arg.GetValueUShortObj() == 65535
    other = java.Arguments({"AgentID": "1", "More": True})
    assert other.SetValue("Copied", arg)
    assert arguments.SetValue(other)
    assert arguments.GetValueString("AgentID") == "1"
    assert arguments.GetElementString(1) == "1"
    assert arguments.IsValid("more")
    assert arguments.RemoveItem("more")
    assert not arguments.RemoveItem("more")
    clone = arguments.Clone()
    clone.Clear()
    assert clone.NumElements() == 0
    assert arguments.DumpArgs().startswith("AgentID = 1; Big = 4000000000;")


def test_dotnet_arguments() -> None:
    arguments = dotnet.Arguments({"A": "x", "N": 5})
    assert arguments.GetValueInt("N") == (True, 5)
    assert arguments.GetValueInt("A") == (False, 0)
    assert arguments.GetValueString("N") == (True, "5")
    assert arguments.GetValueString("none") == (False, None)
    assert arguments.GetValueBool("none") == (False, False)
    assert arguments.GetValueArray("A") == (False, None)
    assert arguments.GetElementKey(3) == (False, None)
    found, arg = arguments.GetElement(2)
    assert found
    assert arg is not None
    assert arg.GetArgType() == 1
    assert arguments.SetValueArguments(dotnet.Arguments({"N": 6}))
    assert arguments.GetElementInt(2) == (True, 6)


def test_cpp_arguments_raise() -> None:
    arguments = cpp.Arguments({"A": "x"})
    with pytest.raises(cpp.CtiosException, match="A: no int value") as caught:
        arguments.GetValueInt("A")
    assert caught.value.GetCode() == Enums.CilError.E_CTIOS_INVALID_ARGUMENT
    assert "code -103" in caught.value.What()
    with pytest.raises(cpp.CtiosException):
        arguments.GetElementKey(2)
    assert arguments.SetElement(1, "y")
    assert not arguments.SetElement(2, "y")
    assert arguments.GetElementString(1) == "y"


def test_java_objects() -> None:
    call = java.Call()
    assert call.GetValueString("ANI") is None
    assert call.SetValue(Ids.CTIOS_ANI, "12")
    assert call.GetValueIntObj("ani") == 12
    assert call.GetNumProperties() == 1
    assert call.GetPropertyName(1) == "ANI"
    assert call.GetPropertyType("ANI") == 6
    assert call.GetPropertyType("DNIS") == 0
    assert call.DumpProperties() == "ANI = 12;"
    assert call.GetAllProperties().GetValueString("ANI") == "12"


def test_enumerations_and_keywords() -> None:
    assert Enums.EventID.eOnConnection == event_id("OnConnection")
    assert isinstance(Ids.CTIOS_AGENTID, int)
    with pytest.raises(AttributeError):
        _ = Ids.CTIOS_NONE
    with pytest.raises(AttributeError):
        _ = Enums.NoSuchEnum
