"""Where the documents print a name in several ways, each of them works."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import pytest
from client_peer import SECONDS, Peer, PeerConnection

from fastcil.catalog import EventID, event_id
from fastcil.catalog.requests import RequestID
from fastcil.cil._interfaces import CALLBACKS
from fastcil.codec import FrameKind, FrameReader, MessageFilter, encode_frame
from fastcil.compat import cpp, dotnet, java
from fastcil.compat._spellings import OTHER_NAMES

OK = java.CtiOs_Enums.CilError.CIL_OK
KEY = "agent.5000.1001"
CALL = "call.5000.7.20001"
FACES: dict[str, Any] = {"java": java, "dotnet": dotnet, "cpp": cpp}
NUMBERS = {name: number for table in CALLBACKS.values() for number, name in table.items()}
NAMES = [(callback, other) for callback, others in OTHER_NAMES.items() for other in others]


def session_of(face: Any) -> Any:
    return face.CCtiOsSession() if face is cpp else face.CtiOsSession()


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


class Live:
    """A session of a face in agent mode, with a call, connected to a scripted server."""

    def __init__(self, peer: Peer, face: Any) -> None:
        self.session = session_of(face)
        self._queue: queue.Queue[int] = queue.Queue()
        self.session.add_listener(self)
        arguments = face.Arguments({"CtiosA": "127.0.0.1", "PortA": peer.port})
        assert self.session.Connect(arguments) == OK
        self.server: PeerConnection = peer.accept()
        self.server.greet(connection_id="c1")
        self.wait("OnConnection")
        self.agent = face.Agent()
        assert self.agent.SetValue("AgentID", "1001")
        assert self.agent.SetValue("PeripheralID", 5000)
        assert self.session.SetAgent(self.agent) == OK
        request = self.server.expect(FrameKind.REQUEST)
        assert request.message_id == RequestID.SET_AGENT
        known = {"UniqueObjectID": KEY, "InvokeID": request.get("InvokeID")}
        self.server.events(
            ("OnQueryAgentStateConf", {**known, "AgentState": 3}),
            ("OnSetAgentModeEvent", known),
            ("OnSnapshotDeviceConf", {"ValidCalls": {CALL: True}}),
            ("OnSnapshotCallConf", {"UniqueObjectID": CALL, "CallStatus": 3}),
        )
        self.wait("OnSnapshotCallConf")

    def OnEvent(self, iEventID: int, rArgs: Any) -> None:
        self._queue.put(iEventID)

    def wait(self, name: str) -> None:
        while self._queue.get(timeout=SECONDS) != event_id(name):
            pass

    def request(self) -> Any:
        return self.server.expect(FrameKind.REQUEST)

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.disconnect()


def test_other_names_are_of_callbacks_and_none_is_one() -> None:
    assert set(OTHER_NAMES) <= set(NUMBERS)
    assert not {other for _, other in NAMES} & set(NUMBERS)
    assert len({other for _, other in NAMES}) == len(NAMES)


def one_event(session: Any, callback: str) -> None:
    reader = FrameReader()
    data = encode_frame(NUMBERS[callback], {"UniqueObjectID": CALL})
    for frame in reader.feed(data):
        session.dispatcher.dispatch(frame)


@pytest.mark.parametrize(("callback", "other"), NAMES)
def test_a_callback_is_called_by_each_of_its_names(callback: str, other: str) -> None:
    heard: list[Any] = []
    for face, add in ((java, "addAllInOneEventListener"), (cpp, "AddAllInOneEventListener")):
        session = session_of(face)
        kind = type(
            "Listener", (face.AllInOneAdapter,), {other: lambda _, rArgs: heard.append(rArgs)}
        )
        listener = kind()
        assert getattr(session, add)(listener) == OK
        one_event(session, callback)
        assert [type(one) for one in heard] == [face.Arguments]
        heard.clear()


@pytest.mark.parametrize(("callback", "other"), NAMES)
def test_of_two_names_that_of_the_interface_is_called(callback: str, other: str) -> None:
    heard: list[str] = []
    names = {name: lambda _, rArgs, name=name: heard.append(name) for name in (callback, other)}
    session = cpp.CCtiOsSession()
    listener = type("Listener", (cpp.AllInOneAdapter,), names)()
    assert session.AddAllInOneEventListener(listener) == OK
    one_event(session, callback)
    assert heard == [callback]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eOnNewSkillGroupStatisticsEvent", "eNewSkillGroupStatisticsEvent"),
        ("eOnNewAgentStatisticsEvent", "eNewAgentStatisticsEvent"),
        ("eCallBeginEvent", "eBeginCallEvent"),
        ("eCallServiceInitiatedEvent", "eServiceInitiatedEvent"),
    ],
)
def test_event_numbers(one: str, other: str) -> None:
    for face in FACES.values():
        events = face.CtiOs_Enums.EventID
        assert getattr(events, one) == getattr(events, other)
    assert EventID[one] is EventID[other]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CTIOS_MONITORED", "CTIOS_ISMONITORED", True),
        ("CTIOS_CALLREFERENCE", "CTIOS_AGENTCALLREFERENCE", False),
        ("CTIOS_ECHOCANCELLATION", "CTIOS_ECHOCANCELATION", False),
    ],
)
def test_keywords(one: str, other: str, same: bool) -> None:
    ids = (java.CtiOs_IKeywordIDs, dotnet.Enum_CtiOs, cpp.enum_Keywords, cpp)
    for each in ids:
        assert (getattr(each, one) == getattr(each, other)) is same
    arguments = java.Arguments()
    assert arguments.SetValue(java.CtiOs_IKeywordIDs.CTIOS_ISMONITORED, True)
    assert arguments.GetValueBoolObj("Monitored") is True


def test_a_filter_hides_silent_monitor_calls_by_both_words() -> None:
    programs = set()
    for key in ("HideSilentMonitorCallEvents", "HideSilentMonitorCalls"):
        wanted = MessageFilter(f"MessageID=*; {key}=1")
        programs.add(wanted.program)
        for call_type, shown in ((21, False), (1, True)):
            data = encode_frame(event_id("OnCallBegin"), {"CallType": call_type})
            assert [wanted.matches(frame) for frame in FrameReader().feed(data)] == [shown]
    assert len(programs) == 1


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    ("agent", "call"),
    [
        ("AgentReference", "CallReference"),
        ("AgentReference", "AgentCallReference"),
        ("AgentUniqueObjectID", "CallUniqueObjectID"),
    ],
)
def test_supervise_call(peer: Peer, face: str, agent: str, call: str) -> None:
    module = FACES[face]
    with Live(peer, module) as live:
        arguments = module.Arguments({agent: KEY, call: CALL, "SupervisoryAction": 3})
        assert live.agent.SuperviseCall(arguments) == OK
        request = live.request()
        assert (request.get("AgentReference"), request.get("CallReference")) == (KEY, CALL)
        assert live.agent.StartMonitoringCall(module.Arguments({call: CALL})) == OK
        if call != "CallUniqueObjectID":
            assert live.request().get("CallReference") == CALL


@pytest.mark.parametrize("face", FACES)
def test_methods_of_a_session(peer: Peer, face: str) -> None:
    module = FACES[face]
    with Live(peer, module) as live:
        mode = module.Arguments({"SilentMonitorForceMonitoredMode": 1})
        assert live.session.SetSupervisorSilentMonitorMode(mode) == OK
        assert live.session.SetSupervisorMonitorMode(mode) == OK
        # One chapter has the number itself, a sample has it in Arguments.
        for given in (module.Arguments({"DesktopType": 1}), 1):
            assert live.session.RequestDesktopSettings(given) == OK
            assert live.request().get("DesktopType") == 1
        in_agent_mode = live.session.SetMessageFilter(module.Arguments({"Filter": "MessageID=*"}))
        again = live.session.SetMessageFilterArgs(module.Arguments({"Filter": "MessageID=*"}))
        assert in_agent_mode == again == module.CtiOs_Enums.CilError.E_CTIOS_MODE_CONFLICT
