"""How threaded sessions begin and end, on real sockets: nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from client_peer import SECONDS, Events, Peer
from client_session import Live, settings

from fastcil.catalog import CilError, ConnectionMode, SubscriberList, event_id
from fastcil.cil import (
    SessionError,
    ThreadedSession,
)
from fastcil.codec import Arguments, FrameKind
from fastcil.codec.control import Welcome, welcome

KEY = "call.5000.101.22866"
HELD, END = event_id("OnCallHeld"), event_id("OnCallEnd")


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    yield
    assert [one.name for one in threading.enumerate() if one.name.startswith("fastcil")] == []


def test_waiting_on_the_event_thread_is_refused(peer: Peer) -> None:
    with Live(peer) as live:
        session = live.session
        errors: list[SessionError] = []

        class Waiting:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                for wait in (
                    lambda: session.monitor("MessageID=*"),
                    lambda: session.connect(settings(1)),
                ):
                    try:
                        wait()
                    except SessionError as error:
                        errors.append(error)

        session.add_listener(Waiting(), SubscriberList.eCallList)
        live.server.events(("OnCallHeld", {}))
        live.events.wait("OnCallHeld")
        session.disconnect()
        assert [error.code for error in errors] == [CilError.E_CTIOS_INVALID_OBJECT_STATE] * 2
        assert "set_message_filter()" in str(errors[0])


def test_disconnect_in_a_listener_is_the_end(peer: Peer) -> None:
    with Live(peer) as live:
        session = live.session
        seen: list[int] = []
        closed = threading.Event()

        class Leaving:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                seen.append(iEventID)
                if iEventID == HELD:
                    assert session.disconnect()
                elif iEventID == event_id("OnConnectionClosed"):
                    closed.set()

        session.remove_listener(live.events)
        session.add_listener(Leaving())
        live.server.events(*[("OnCallHeld", {})] * 50)
        assert closed.wait(SECONDS)
        assert live.server.closed()
        assert seen == [HELD, event_id("OnConnectionClosed")]
        assert session._network is not None
        session._network.join(SECONDS)


def test_a_second_connect_needs_a_disconnect(peer: Peer) -> None:
    with Live(peer) as live:
        with pytest.raises(SessionError) as caught:
            live.session.start(settings(peer.port))
        assert caught.value.code == CilError.E_CTIOS_SESSION_NOT_DISCONNECTED
        live.session.disconnect()
        assert not live.session.disconnect()
        live.events.wait("OnConnectionClosed")
        live.session.start(settings(peer.port))
        peer.accept().greet()
        live.events.wait("OnConnection")


def test_a_listener_that_connects_again_hears_of_it_when_it_is_done(peer: Peer) -> None:
    """Listeners are called one at a time, also when a new thread of events has begun."""
    with Live(peer, heartbeat=0.02, max_heartbeats=1000) as live:
        session, server = live.session, live.server
        seen: list[tuple[int, bool]] = []
        running, refused = False, []
        greeted, connected = threading.Event(), threading.Event()

        class Again:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                nonlocal running
                seen.append((iEventID, running))
                running = True
                if iEventID == event_id("OnConnectionClosed") and not refused:
                    session.start(settings(peer.port, heartbeat=0.02, max_heartbeats=1000))
                    assert greeted.wait(SECONDS)
                    try:
                        session.wait_for("OnConnection")
                    except SessionError as error:
                        refused.append(error.code)
                running = False
                if iEventID == event_id("OnConnection"):
                    connected.set()

        session.remove_listener(live.events)
        session.add_listener(Again(), SubscriberList.eSessionList)
        session.disconnect_nowait()
        assert server.closed()
        again = peer.accept()
        again.greet()
        again.expect(FrameKind.HEARTBEAT)  # the network thread is past the opening
        greeted.set()
        assert connected.wait(SECONDS)
    told = [number for number, _ in seen if number != event_id("OnMissingHeartbeat")]
    assert told[:2] == [event_id("OnConnectionClosed"), event_id("OnConnection")]
    assert not any(other for _, other in seen)
    assert refused == [CilError.E_CTIOS_INVALID_OBJECT_STATE]


def test_fewer_keywords_are_agreed_on(peer: Peer) -> None:
    events = Events()
    session = ThreadedSession()
    session.add_listener(events)
    session.start(settings(peer.port))
    try:
        server = peer.accept()
        server.expect(FrameKind.HELLO)
        # The first event stands right behind the WELCOME, in the same piece.
        server._writer.write(HELD, {"UniqueObjectID": KEY})
        server.send(welcome(Welcome(keyword_count=200)) + server._writer.take())
        assert events.wait("OnCallHeld")["UniqueObjectID"] == KEY
    finally:
        session.disconnect()


def test_the_opening_byte_by_byte(peer: Peer) -> None:
    session = ThreadedSession()
    events = Events()
    session.add_listener(events)
    session.start(settings(peer.port))
    try:
        server = peer.accept()
        server.expect(FrameKind.HELLO)
        server._writer.write(HELD, {"UniqueObjectID": KEY})
        data = welcome(Welcome()) + server._writer.take()
        for index in range(len(data)):
            server.send(data[index : index + 1])
        assert events.wait("OnCallHeld")["UniqueObjectID"] == KEY
    finally:
        session.disconnect()


def test_an_interpreter_that_ends_closes_live_sessions(peer: Peer) -> None:
    code = (
        "import sys, fastcil\n"
        f"s = fastcil.connect_sync('ctios://127.0.0.1:{peer.port}')\n"
        "print('open')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    server = peer.accept()
    server.greet()
    assert server.closed()
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err) == (0, b"open\n", b"")


def test_ten_sessions_at_once(peer: Peer) -> None:
    lives = [Live(peer) for _ in range(10)]
    for number, live in enumerate(lives):
        live.server.events(("OnCallHeld", {"EventCause": number}))
    for number, live in enumerate(lives):
        assert live.events.wait("OnCallHeld")["EventCause"] == number
    for live in lives:
        live.session.disconnect()


def test_properties_say_where_the_session_is_connected_or_tries(peer: Peer) -> None:
    """Servers' names are blank when they do not apply; times are milliseconds of the day."""
    places = ("CurrentServer", "CurrentPort", "TryingServer", "TryingPort", "ConnectionMode")
    seen: dict[int, list[object]] = {}
    again = threading.Event()

    class Looking:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            seen.setdefault(iEventID, [session.get_value(key) for key in places])
            if iEventID == event_id("OnConnectionFailure"):
                again.wait(SECONDS)

    session = ThreadedSession()
    session.add_listener(Looking())
    events = Events()
    session.add_listener(events)
    session.start(settings(peer.port))
    try:
        assert session.get_value("TryingServer") == "127.0.0.1"
        assert session.get_value("TryingPort") == peer.port
        assert 0 <= session.get_value("TryingSince") < 86_400_000
        server = peer.accept()
        server.greet()
        events.wait("OnConnection")
        assert 0 <= session.get_value("ConnectedSince") < 86_400_000
        server.close()
        server = peer.accept()  # not greeted: the session tries
        again.set()
        events.wait("OnConnectionFailure")
        server.greet()
        events.wait("OnConnection")
    finally:
        session.disconnect()
    events.wait("OnConnectionClosed")
    connected = ["127.0.0.1", peer.port, "", 0, ConnectionMode.eNotConnected]
    assert seen[event_id("OnConnection")] == connected
    tries = ["", 0, "127.0.0.1", peer.port, ConnectionMode.eNotConnected]
    assert seen[event_id("OnConnectionFailure")] == tries
    assert seen[event_id("OnConnectionClosed")] == ["", 0, "", 0, ConnectionMode.eNotConnected]
    assert session.get_value("MessageFilter") == ""
