"""Wait objects, listener lists and typed listeners of each face, against a scripted server."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from client_peer import SECONDS, Peer, PeerConnection

from fastcil.catalog import CilError, SubscriberList, WaitResult, event_id
from fastcil.cil import (
    AgentEventsAdapter,
    AllInOneAdapter,
    ButtonEnablementEventsAdapter,
    CallEventsAdapter,
    SessionEventsAdapter,
    SilentMonitorEventsAdapter,
    SkillGroupEventsAdapter,
)
from fastcil.compat import cpp, dotnet, java

OK = CilError.CIL_OK
HELD, END = event_id("OnCallHeld"), event_id("OnCallEnd")
KEY = "call.5000.101.22866"
FACES = {"Java": java, ".NET": dotnet, "C++": cpp}


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


class Connected:
    """A session of a face, connected to a scripted server."""

    def __init__(self, language: str, peer: Peer, listen: Any = None) -> None:
        self.face: Any = FACES[language]
        kind = self.face.CCtiOsSession if language == "C++" else self.face.CtiOsSession
        self.session = kind()
        if listen is not None:
            listen(self.session)
        sides = self.face.Arguments({"CtiosA": "127.0.0.1", "PortA": peer.port})
        mask = self.face.Arguments({"Event1": event_id("OnConnection")})
        waiting = self.session.CreateWaitObject(mask)
        assert self.session.Connect(sides) is OK
        self.server: PeerConnection = peer.accept()
        self.server.greet()
        assert waiting.WaitOnMultipleEvents(int(SECONDS * 1000)) is WaitResult.EVENT_SIGNALED
        self.session.DestroyWaitObject(waiting)

    def __enter__(self) -> Connected:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.disconnect()
        names = [one.name for one in threading.enumerate() if one.name.startswith("fastcil")]
        assert names == []


@pytest.mark.parametrize("language", FACES)
def test_wait_objects(language: str, peer: Peer) -> None:
    with Connected(language, peer) as found:
        session, face = found.session, found.face
        assert session.CreateWaitObject(face.Arguments({"Other": 1})) is None
        later = session.CreateWaitObject(face.Arguments())  # its mask will follow
        assert later.WaitOnMultipleEvents(1) is WaitResult.WAIT_FAILED
        assert not later.SetMask(face.Arguments())
        assert later.SetMask(face.Arguments({"Event1": HELD}))
        assert later.WaitOnMultipleEvents(1) is WaitResult.EVENT_WAIT_TIMEDOUT
        assert session.CreateWaitObject(None) is None
        one = session.CreateWaitObject(face.Arguments({"Event1": HELD, "Event2": END}))
        assert isinstance(one, face.WaitObject)
        assert isinstance(one, face.CtiOsObject)
        assert one.InMask(HELD)
        assert not one.InMask(23)
        mask = one.GetMask()
        assert isinstance(mask, face.Arguments)
        assert mask.DumpArgs() == one.DumpProperties() == f"Event1 = {HELD}; Event2 = {END};"
        assert "OnCallHeld" in one.DumpEventMask()
        assert one.WaitOnMultipleEvents(1) is WaitResult.EVENT_WAIT_TIMEDOUT
        assert one.GetTriggerEvent() == 0
        assert one.WaitOnMultipleEvents(-1) is WaitResult.WAIT_FAILED
        found.server.events(("OnCallHeld", {"UniqueObjectID": KEY}))
        # Without an argument for ever.
        assert one.WaitOnMultipleEvents() is WaitResult.EVENT_SIGNALED
        assert one.GetTriggerEvent() == HELD
        assert not one.SetMask(face.Arguments())
        assert one.InMask(HELD)
        assert one.SetMask(face.Arguments({"Event1": END}))
        assert not one.InMask(HELD)
        if language == "C++":  # elsewhere 0 is for ever
            assert one.WaitOnMultipleEvents(0) is WaitResult.EVENT_WAIT_TIMEDOUT
            pointer: cpp.Out[Any] = cpp.Out()
            assert one.GetMask(pointer)
            assert pointer.value.NumElements() == 1
        reference = face.CilRefArg()
        assert reference.SetValue(one)
        woken: queue.Queue[WaitResult] = queue.Queue()
        thread = threading.Thread(target=lambda: woken.put(one.WaitOnMultipleEvents()))
        thread.start()
        session.DestroyWaitObject(one)
        assert woken.get(timeout=SECONDS) is WaitResult.WAIT_FAILED
        thread.join(SECONDS)
        session.DestroyWaitObject(one)  # again, and nothing happens
        session.DestroyWaitObject(None)


@pytest.mark.parametrize("language", FACES)
def test_waiting_in_a_listener_fails(language: str, peer: Peer) -> None:
    told: queue.Queue[Any] = queue.Queue()

    class Listener(AllInOneAdapter):
        def OnEvent(self, first: Any, second: Any) -> None:
            number = second.iEventID if language == ".NET" else first
            if number == HELD:
                told.put((waiting.WaitOnMultipleEvents(1000), waiting.last_error))

    listener = Listener()

    def listen(session: Any) -> None:
        if language == "C++":
            assert session.AddCallEventGenericListener(listener) is OK
        else:
            assert session.AddEventListener(listener, SubscriberList.eCallList) is OK

    with Connected(language, peer, listen) as found:
        waiting = found.session.CreateWaitObject(found.face.Arguments({"Event1": END}))
        found.server.events(("OnCallHeld", {"UniqueObjectID": KEY}))
        failed = (WaitResult.WAIT_FAILED, CilError.E_CTIOS_INVALID_OBJECT_STATE)
        assert told.get(timeout=SECONDS) == failed


# A listener, its event, and the lists that it may be on, by the middle of their methods' names.
TYPED: dict[str, tuple[type, str]] = {
    "Session": (SessionEventsAdapter, "OnCTIOSFailure"),
    "Call": (CallEventsAdapter, "OnCallHeld"),
    "Agent": (AgentEventsAdapter, "OnAgentStateChange"),
    "SkillGroup": (SkillGroupEventsAdapter, "OnSkillInfoEvent"),
    "ButtonEnablement": (ButtonEnablementEventsAdapter, "OnButtonEnablementChange"),
    "AllInOne": (AllInOneAdapter, "OnCallHeld"),
    "SilentMonitor": (SilentMonitorEventsAdapter, "OnStartSilentMonitorConf"),
}
JAVA = ("AllInOne", "Agent", "ButtonEnablement", "Call", "SkillGroup")


def noting(adapter: type, name: str, told: queue.Queue[Any]) -> Any:
    """A listener with a method for one event, and OnEvent."""

    def on_event(self: Any, iEventID: int, rArgs: Any) -> None:
        if iEventID == event_id(name):
            told.put(("generic", type(rArgs)))

    def typed(self: Any, rArgs: Any) -> None:
        told.put(("typed", type(rArgs)))

    return type("Noting", (adapter,), {name: typed, "OnEvent": on_event})()


@pytest.mark.parametrize("kind", TYPED)
def test_cpp_listeners(kind: str, peer: Peer) -> None:
    adapter, name = TYPED[kind]
    told: queue.Queue[Any] = queue.Queue()
    listener = noting(adapter, name, told)
    with Connected("C++", peer) as found:
        session = found.session
        for suffix, what in (("", "typed"), ("Generic", "generic")):
            add = getattr(session, f"Add{kind}Event{suffix}Listener")
            remove = getattr(session, f"Remove{kind}Event{suffix}Listener")
            assert remove(listener) is CilError.CIL_FAIL
            assert add(listener) is OK
            assert add(listener) is OK  # twice is once
            found.server.events((name, {"UniqueObjectID": KEY}))
            assert told.get(timeout=SECONDS) == (what, cpp.Arguments)
            assert remove(listener) is OK
            quiet(found, name)
            assert told.empty()
            assert add(None) is CilError.E_CTIOS_INVALID_ARGUMENT
        assert add(object()) is CilError.E_CTIOS_INVALID_ARGUMENT  # no OnEvent


@pytest.mark.parametrize("kind", JAVA)
def test_java_typed_listeners(kind: str, peer: Peer) -> None:
    adapter, name = TYPED[kind]
    told: queue.Queue[Any] = queue.Queue()
    listener = noting(adapter, name, told)
    with Connected("Java", peer) as found:
        add = getattr(found.session, f"add{kind}EventListener")
        remove = getattr(found.session, f"remove{kind}EventListener")
        assert add(listener) is OK
        found.server.events((name, {"UniqueObjectID": KEY}))
        assert told.get(timeout=SECONDS) == ("typed", java.Arguments)
        assert remove(listener) is OK
        assert remove(listener) is CilError.CIL_FAIL
        quiet(found, name)
        assert told.empty()


def quiet(found: Connected, name: str) -> None:
    """Until an event was delivered to who still listens."""
    number = event_id(name)
    waiting = found.session.CreateWaitObject(found.face.Arguments({"Event1": number}))
    found.server.events((name, {"UniqueObjectID": KEY}))
    assert waiting.WaitOnMultipleEvents(int(SECONDS * 1000)) is WaitResult.EVENT_SIGNALED
    found.session.DestroyWaitObject(waiting)


@pytest.mark.parametrize("number", [int(one) for one in SubscriberList])
def test_lists_of_java_and_dotnet(number: int) -> None:
    class Listener:
        def OnEvent(self, first: Any, second: Any) -> None:
            raise AssertionError("no event comes")

    listener = Listener()
    for session in (java.CtiOsSession(), dotnet.CtiOsSession()):
        assert session.AddEventListener(listener, number) is OK
        assert session.RemoveEventListener(listener, number) is OK
        assert session.RemoveEventListener(listener, number) is CilError.CIL_FAIL
        no_listener = CilError.E_CTIOS_INVALID_ARGUMENT
        assert session.AddEventListener(object(), number) is no_listener
        for wrong in (0, 99):
            bad = CilError.E_CTIOS_INVALID_ARGUMENT
            assert session.AddEventListener(listener, wrong) is bad
            assert session.RemoveEventListener(listener, wrong) is bad


def test_cpp_listeners_in_arguments() -> None:
    """Printed once, and nowhere what the Arguments hold."""
    session = cpp.CCtiOsSession()
    arguments = cpp.Arguments()
    assert session.AddEventListener(arguments) is CilError.E_CTIOS_METHOD_NO_IMPLEMENTED
    assert session.RemoveEventListener(arguments) is CilError.E_CTIOS_METHOD_NO_IMPLEMENTED


def test_listeners_share_what_they_write(peer: Peer) -> None:
    """DoDefaultMessageHandling is set by a listener in the arguments of the event."""
    told: queue.Queue[Any] = queue.Queue()

    class First(SilentMonitorEventsAdapter):
        def OnSilentMonitorStartRequestedEvent(self, rArgs: Any) -> None:
            assert rArgs.SetValue("DoDefaultMessageHandling", False)

    class Second(SilentMonitorEventsAdapter):
        def OnSilentMonitorStartRequestedEvent(self, rArgs: Any) -> None:
            told.put(rArgs.GetValueBool("DoDefaultMessageHandling"))

    listeners = [First(), Second()]

    def listen(session: Any) -> None:
        for one in listeners:
            assert session.AddSilentMonitorEventListener(one) is OK

    with Connected("C++", peer, listen) as found:
        fields = {"SMSessionKey": 1, "DoDefaultMessageHandling": True}
        found.server.events(("OnSilentMonitorStartRequestedEvent", fields))
        assert told.get(timeout=SECONDS) is False


@pytest.mark.parametrize("language", FACES)
def test_disconnect_without_a_mode(language: str, peer: Peer) -> None:
    with Connected(language, peer) as found:
        session, face = found.session, found.face
        if language == "C++":
            assert session.Disconnect() is CilError.E_CTIOS_MODE_NOT_SET
            assert session.Disconnect(face.Arguments()) is CilError.E_CTIOS_MODE_NOT_SET
            assert session.Disconnect(face.Arguments({"ForcedDisconnect": 0})) is OK
        else:
            assert session.Disconnect() is OK
        assert session.Disconnect() in (
            CilError.E_CTIOS_SESSION_DISCONNECT_PENDING,
            CilError.E_CTIOS_SESSION_NOT_CONNECTED,
        )


@pytest.mark.parametrize("language", FACES)
def test_connect_twice(language: str, peer: Peer) -> None:
    with Connected(language, peer) as found:
        sides = found.face.Arguments({"CtiosA": "127.0.0.1", "PortA": peer.port})
        wanted = CilError.E_CTIOS_SESSION_NOT_DISCONNECTED
        if language == "C++":
            wanted = CilError.E_CTIOS_MODE_CONFLICT
        assert found.session.Connect(sides) is wanted
        assert found.session.last_error is wanted
