"""The threaded session against a scripted server on real sockets."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from client_peer import SECONDS, Events, Peer, unused_port
from client_session import Live, settings

from fastcil.catalog import ConnectionFailureReason, SubscriberList, event_id
from fastcil.cil import (
    GAP_EVENT,
    CallEventsAdapter,
    ConnectError,
    ConnectionRejectedError,
    RequestFailedError,
    SessionClosedError,
    SessionError,
    ThreadedSession,
    _network,
    connect_sync,
    typed,
)
from fastcil.codec import Arguments, FilterError, FrameKind
from fastcil.codec.control import CloseReason, Gap, gap

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


def test_connect_monitor_and_disconnect_in_order(peer: Peer) -> None:
    answers = threading.Thread(target=lambda: serve(peer), daemon=True)
    log: list[Any] = []

    def serve(peer: Peer) -> None:
        server = peer.accept()
        server.greet()
        request = server.establish(("OnSnapshotCallConf", {"UniqueObjectID": KEY}))
        log.append(request.get("Filter"))
        log.append(server.closed())

    answers.start()
    with connect_sync(f"ctios://127.0.0.1:{peer.port}") as session:
        assert session.connected
        events = Events()
        session.add_listener(events)
        session.monitor("MessageID=83")
        assert list(session.calls) == [KEY]
        assert session.get_value("CurrentPort") == peer.port
        assert session.get_value_string("MessageFilter") == "MessageID=83"
    answers.join(SECONDS)
    assert log == ["MessageID=83", True]
    assert events.until("OnConnectionClosed") == [
        event_id("OnSnapshotCallConf"),
        event_id("OnMonitorModeEstablished"),
        event_id("OnConnectionClosed"),
    ]
    assert not session.calls
    assert not session.connected


def test_a_missing_side_is_passed_over(peer: Peer) -> None:
    events = Events()
    session = ThreadedSession()
    session.add_listener(events, SubscriberList.eSessionList)
    session.start(settings(unused_port(), peer.port))
    try:
        peer.accept().greet()
        numbers = events.until("OnConnection")
        assert set(numbers[:-1]) <= {event_id("OnConnectionFailure")}
    finally:
        session.disconnect()


def test_no_side_at_all() -> None:
    port = unused_port()
    told = rf"no connection to 127.0.0.1:{port} \(Connection refused\) in 0.5 seconds"
    with pytest.raises(ConnectError, match=told):
        ThreadedSession().connect(settings(port), timeout=0.5)


def test_two_sides_are_told_with_why_each_failed() -> None:
    """One refuses, the other takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port, other = unused_port(), silent.getsockname()[1]
        refused, slow = (
            f"127.0.0.1:{port} \\(Connection refused\\)",
            f"127.0.0.1:{other} \\(no WELCOME",
        )
        with pytest.raises(ConnectError, match=f"{refused} and {slow}"):
            ThreadedSession().connect(settings(port, other, connect_timeout=0.05), timeout=1.0)


def test_failure_fields() -> None:
    events = Events()
    session = ThreadedSession()
    session.add_listener(events)
    session.start(settings(unused_port()))
    try:
        fields = events.wait("OnConnectionFailure")
        assert fields["FailedServer"] == "127.0.0.1"
        assert fields["ReasonCode"] == ConnectionFailureReason.eConnectFail
        assert 0 <= fields["EventTime"] < 86400000
        assert fields["ErrorMessage"]
    finally:
        session.disconnect()
    assert events.until("OnConnectionClosed")


def test_rejected(peer: Peer) -> None:
    opened: list[BaseException] = []

    def connect() -> None:
        try:
            ThreadedSession().connect(settings(peer.port))
        except ConnectionRejectedError as error:
            opened.append(error)

    thread = threading.Thread(target=connect)
    thread.start()
    server = peer.accept()
    server.expect(FrameKind.HELLO)
    server.say_close(CloseReason.VERSION, "version 9 only")
    thread.join(SECONDS)
    assert "version 9 only" in str(opened[0])


def test_failover_restores_the_filter_and_ends_what_ended(peer: Peer) -> None:
    begin = [("OnCallBegin", {"UniqueObjectID": f"call.1.{n}.1"}) for n in (1, 2)]
    with Peer() as other:
        events = Events()
        session = ThreadedSession()
        session.add_listener(events)
        session.start(settings(peer.port, other.port))
        try:
            sides = {peer: other, other: peer}
            first = peer.chosen_of(other)
            server = first.accept()
            server.greet()
            events.wait("OnConnection")
            session.set_message_filter("MessageID=*")
            request = server.establish(*begin)
            events.wait("OnMonitorModeEstablished")
            assert len(session.calls) == 2
            stream = session.events(timeout=SECONDS)
            server.close()
            server = sides[first].accept()
            hello = server.greet()
            assert hello.get("ResumeSequence") == "3"
            again = server.establish(("OnSnapshotCallConf", {"UniqueObjectID": "call.1.1.1"}))
            assert again == request
            fields = events.wait("OnConnectionFailure")
            assert fields["ReasonCode"] == ConnectionFailureReason.eTransportError
            assert events.wait("OnCallEnd")["UniqueObjectID"] == "call.1.2.1"
            events.wait("OnMonitorModeEstablished")
            assert list(session.calls) == ["call.1.1.1"]
            ended = next(event for event in stream if event.message_id == END)
            assert ended.get("UniqueObjectID") == "call.1.2.1"
        finally:
            session.disconnect()


def test_a_gap_is_told(peer: Peer) -> None:
    with Live(peer) as live:
        live.monitor()
        live.server.send(gap(Gap(7, 2, 8, live.server.epoch, "slow")))
        assert live.events.wait(GAP_EVENT)["Missed"] == 7


def test_an_unexplained_jump_reconnects(peer: Peer) -> None:
    with Live(peer) as live:
        live.monitor()
        live.server._writer.write(HELD, {})
        live.server._writer.take()
        live.server.events(("OnCallHeld", {}))
        reason = live.events.wait("OnConnectionFailure")["ReasonCode"]
        assert reason == ConnectionFailureReason.eProtocolMismatch
        assert live.server.closed()
        peer.accept().greet()
        live.events.wait("OnConnection")


def test_bytes_that_are_no_frames_reconnect_after_what_was_good(peer: Peer) -> None:
    with Live(peer) as live:
        live.server._writer.write(HELD, {"UniqueObjectID": KEY})
        live.server.send(live.server._writer.take() + b"\xff" * 64)
        assert live.events.wait("OnCallHeld")["UniqueObjectID"] == KEY
        live.events.wait("OnConnectionFailure")
        peer.accept().greet()
        live.events.wait("OnConnection")


def test_heartbeats_are_exchanged(peer: Peer) -> None:
    with Live(peer, heartbeat=0.02, max_heartbeats=1000) as live:
        beat = live.server.expect(FrameKind.HEARTBEAT)
        live.server.send(beat.to_bytes()[:12] + bytes([6]) + beat.to_bytes()[13:])
        live.events.wait("OnHeartbeat")
        fields = live.events.wait("OnMissingHeartbeat")
        assert fields["ConsecutiveMissedHeartbeats"] == 1
        assert fields["HeartbeatInterval"] == 20


def test_filter_errors(peer: Peer) -> None:
    with Live(peer) as live:
        with pytest.raises(FilterError):
            live.session.monitor("MessageID")

        def refuse() -> None:
            request = live.server.expect(FrameKind.REQUEST)
            fields = {
                "FailureCode": 8,
                "MessageType": request.message_id,
                "InvokeID": request.get("InvokeID"),
                "ErrorMessage": "column 3",
            }
            live.server.events(("OnControlFailureConf", fields))

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(RequestFailedError, match="column 3") as caught:
            live.session.monitor("MessageID=23")
        thread.join(SECONDS)
        assert caught.value.failure_code == 8
        # It is not asked for again.
        live.server.close()
        server = peer.accept()
        server.greet()
        live.events.wait("OnConnection")
        live.session.set_message_filter("MessageID=24")
        assert server.expect(FrameKind.REQUEST).get("Filter") == "MessageID=24"


def test_a_wait_ends_when_the_session_is_closed(peer: Peer) -> None:
    with Live(peer) as live:
        failed: list[BaseException] = []

        def wait() -> None:
            try:
                live.session.monitor("MessageID=23")
            except SessionClosedError as error:
                failed.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        live.server.expect(FrameKind.REQUEST)
        live.session.disconnect()
        thread.join(SECONDS)
        assert len(failed) == 1
        with pytest.raises(SessionError):
            live.session.monitor("MessageID=23")


def test_listeners_that_raise_leave_and_join(peer: Peer) -> None:
    with Live(peer) as live:
        session = live.session
        order: list[str] = []

        class Late:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                order.append("late")

        class Once:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                order.append("once")
                session.remove_listener(self, SubscriberList.eCallList)
                session.add_listener(Late(), SubscriberList.eCallList)
                raise RuntimeError("of the listener")

        session.add_listener(Once(), SubscriberList.eCallList)
        live.server.events(("OnCallHeld", {}), ("OnCallHeld", {}), ("OnCallEnd", {}))
        live.events.wait("OnCallEnd")
        session.disconnect()
        assert order == ["once", "late", "late"]


def test_sys_exit_in_a_listener_ends_nothing(peer: Peer) -> None:
    with Live(peer) as live:

        class Exiting:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                sys.exit(1)

        live.session.add_listener(Exiting(), SubscriberList.eCallList)
        live.server.events(("OnCallHeld", {}), ("OnCallHeld", {}), ("OnCallEnd", {}))
        assert live.events.until("OnCallEnd") == [HELD, HELD, END]


def test_typed_listener_and_the_life_of_a_call(peer: Peer) -> None:
    with Live(peer) as live:
        session = live.session
        seen: list[Any] = []

        class Calls(CallEventsAdapter):
            def OnCallBegin(self, rArgs: Arguments) -> None:
                seen.append(("begin", session.calls[KEY].get_value("ANI")))

            def OnCallHeld(self, rArgs: Arguments) -> None:
                seen.append(("held", session.calls[KEY].get_value("CallStatus")))

            def OnCallEnd(self, rArgs: Arguments) -> None:
                seen.append(("end", KEY in session.calls))

        session.add_listener(Calls(), SubscriberList.eCallList, typed)
        live.server.events(
            ("OnCallBegin", {"UniqueObjectID": KEY, "ANI": "555"}),
            ("OnCallHeld", {"UniqueObjectID": KEY, "CallStatus": 4}),
            ("OnCallEnd", {"UniqueObjectID": KEY}),
            ("OnCallHeld", {"UniqueObjectID": "call.9.9.9"}),
        )
        live.events.until("OnCallEnd")
        live.events.wait("OnCallHeld")
        assert seen[:3] == [("begin", "555"), ("held", 4), ("end", True)]
        assert session.object(KEY) is None


def test_order_over_many_batches(peer: Peer) -> None:
    with Live(peer) as live:
        seen: list[int] = []
        done = threading.Event()

        class Counting:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                seen.append(rArgs["EventCause"])
                if len(seen) == 30000:
                    done.set()

        live.session.remove_listener(live.events)
        live.session.add_listener(Counting(), SubscriberList.eCallList)
        for start in range(0, 30000, 100):
            live.server.events(
                *(("OnCallHeld", {"EventCause": n}) for n in range(start, start + 100))
            )
        assert done.wait(SECONDS)
        assert seen == list(range(30000))


def test_reading_goes_on_after_every_pause(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_network, "_QUEUE_FRAMES", 10)
    with Live(peer, heartbeat=0) as live:  # no timer would mend a lost wake-up
        for number in range(300):
            live.server.events(*[("OnCallHeld", {"EventCause": number})] * 100)
        live.server.events(("OnCallEnd", {}))
        assert len(live.events.until("OnCallEnd")) == 30001


def test_a_slow_listener_pauses_reading_and_loses_nothing(peer: Peer) -> None:
    with Live(peer, heartbeat=0.01, max_heartbeats=2) as live:
        gate = threading.Event()
        done = threading.Event()
        seen: list[int] = []

        class Slow:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                gate.wait(SECONDS)
                seen.append(rArgs["EventCause"])
                if len(seen) == 20000:
                    done.set()

        live.session.remove_listener(live.events)
        live.session.add_listener(Slow(), SubscriberList.eCallList)
        paused = threading.Event()
        core_pause = live.session.core.pause

        def pause(now: float, on: bool) -> None:
            core_pause(now, on)
            if on:
                paused.set()

        live.session.core.pause = pause  # type: ignore[method-assign]
        for start in range(0, 20000, 1000):
            live.server.events(
                *(("OnCallHeld", {"EventCause": n}) for n in range(start, start + 1000))
            )
        assert paused.wait(SECONDS)
        # The client goes on to ask for signs of life, and does not give up on the server.
        for _ in range(5):
            live.server.expect(FrameKind.HEARTBEAT)
        gate.set()
        assert done.wait(SECONDS)
        assert seen == list(range(20000))
