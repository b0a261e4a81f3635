"""Agent mode in a session of threads, against a scripted server: Pending, time-outs, InvokeIDs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Callable

import pytest
from client_peer import SECONDS, Peer, PeerConnection
from client_session import Live, settings

from fastcil.catalog import CilError, ControlFailureStatusCode, event_id
from fastcil.catalog.requests import RequestID
from fastcil.cil import (
    Agent,
    Pending,
    RequestFailedError,
    RequestTimeoutError,
    SessionClosedError,
    SessionError,
    ThreadedSession,
)
from fastcil.codec import Arguments, Frame, FrameKind, FrameWriter
from fastcil.codec.control import Gap, gap

KEY = "agent.5000.1001"
CALL = "call.5000.7.20001"


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    yield
    assert [one.name for one in threading.enumerate() if one.name.startswith("fastcil")] == []


def agent_of(agent_id: str = "1001") -> Agent:
    agent = Agent()
    agent.set_value("AgentID", agent_id)
    agent.set_value("PeripheralID", 5000)
    return agent


def in_mode(live: Live, agent_id: str = "1001") -> Agent:
    """Agent mode, with a call at the device."""
    agent = agent_of(agent_id)
    pending = live.session.set_agent(agent)
    accept_agent(live.server, CALL)
    pending.result(SECONDS)
    live.events.wait("OnSnapshotCallConf")
    return agent


def accept_agent(server: PeerConnection, *calls: str) -> Frame:
    """Answers SET_AGENT for an agent who is logged in."""
    request = server.expect(FrameKind.REQUEST)
    assert request.message_id == RequestID.SET_AGENT
    known = {} if request.get("InvokeID") is None else {"InvokeID": request.get("InvokeID")}
    server.events(
        ("OnQueryAgentStateConf", {"UniqueObjectID": KEY, "AgentState": 3, **known}),
        ("OnSetAgentModeEvent", {"UniqueObjectID": KEY, **known}),
        ("OnSnapshotDeviceConf", {"ValidCalls": dict.fromkeys(calls, True), **known}),
        *(("OnSnapshotCallConf", {"UniqueObjectID": one, "CallStatus": 3}) for one in calls),
    )
    return request


def answer(server: PeerConnection, name: str, **fields: Any) -> Frame:
    request = server.expect(FrameKind.REQUEST)
    server.events((name, {"InvokeID": request.get("InvokeID"), **fields}))
    return request


def test_result_in_a_thread(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        request = {"DialedNumber": "4711", "UniqueObjectID": KEY}
        pending = agent.make_call(dialed_number="4711", peripheral_id=5000)
        frame = answer(live.server, "OnMakeCallConf", NewConnectionCallID=8)
        assert frame.message_id == 56
        assert {key: frame.get(key) for key in request} == request
        assert frame.get("InvokeID") == pending.invoke_id
        assert pending.result(SECONDS)["NewConnectionCallID"] == 8
        assert pending.done()
        assert pending.exception() is None
        assert pending.event_id == event_id("OnMakeCallConf")


def test_a_failure_carries_its_codes(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        pending = agent.make_call(dialed_number="4711")
        answer(
            live.server,
            "OnControlFailureConf",
            FailureCode=12,
            PeripheralErrorCode=281,
            MessageType=56,
            ErrorMessage="no",
        )
        with pytest.raises(RequestFailedError, match="MakeCall: no") as caught:
            pending.result(SECONDS)
        assert (caught.value.failure_code, caught.value.peripheral_error_code) == (12, 281)


def test_a_failure_of_another_request_is_not_its_own(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        pending = agent.perform("MakeCall", {"DialedNumber": "1", "InvokeID": 9})
        live.server.expect(FrameKind.REQUEST)
        live.server.events(
            ("OnControlFailureConf", {"InvokeID": 9, "MessageType": 42, "FailureCode": 1}),
            ("OnAnswerCallConf", {"InvokeID": 9}),
            ("OnCallHeld", {}),
        )
        live.events.wait("OnCallHeld")
        assert not pending.done()
        with pytest.raises(TimeoutError, match=r"MakeCall: no answer in 0\.01 seconds"):
            pending.result(0.01)
        live.server.events(("OnMakeCallConf", {"InvokeID": 9}))
        pending.result(SECONDS)


def test_requests_with_the_same_invoke_id_are_answered_in_order(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        both = [agent.perform("QueryAgentState", {"InvokeID": 5}) for _ in range(2)]
        for state in (3, 4):
            answer(live.server, "OnQueryAgentStateConf", AgentState=state)
        assert [one.result(SECONDS)["AgentState"] for one in both] == [3, 4]


def test_waiting_in_a_listener_is_refused_with_advice(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        told: list[SessionError] = []
        tried = threading.Event()

        class Waits:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                if iEventID == event_id("OnCallHeld"):
                    try:
                        agent.query_agent_state().result(SECONDS)
                    except SessionError as error:
                        told.append(error)
                    tried.set()

        live.session.add_listener(Waits())
        live.server.events(("OnCallHeld", {}))
        assert tried.wait(SECONDS)
        assert told[0].code is CilError.E_CTIOS_INVALID_OBJECT_STATE
        assert "from its event" in str(told[0])


def test_a_request_times_out(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)  # in its own time
        settings = live.session.core.settings
        assert settings is not None
        live.session.core.settings = replace(settings, request_timeout=0.05)
        pending = agent.query_agent_state()
        with pytest.raises(RequestTimeoutError, match=r"did not answer in 0\.05 seconds"):
            pending.result(SECONDS)


@pytest.mark.parametrize("how", ["lost", "closed"])
def test_what_is_under_way_ends_with_the_connection(peer: Peer, how: str) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        pending = agent.query_agent_state()
        live.server.expect(FrameKind.REQUEST)
        if how == "lost":
            live.server.close()
            with pytest.raises(SessionError, match="the connection was lost"):
                pending.result(SECONDS)
        else:
            live.session.disconnect()
            with pytest.raises(SessionClosedError):
                pending.result(SECONDS)
            after = agent.perform("QueryAgentState")
            assert after.code is CilError.E_CTIOS_SESSION_NOT_CONNECTED


def test_an_answer_before_the_loss_counts(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        pending = agent.query_agent_state()
        answer(live.server, "OnQueryAgentStateConf", AgentState=3)
        live.server.close()
        assert pending.result(SECONDS)["AgentState"] == 3


def test_calls_are_rekeyed_before_the_next_event(peer: Peer) -> None:
    new = "call.5000.9.20001"
    with Live(peer) as live:
        in_mode(live)
        call = live.session.current_call
        assert call is live.session.calls[CALL]
        seen: list[Any] = []
        looked = threading.Event()

        class Looks:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                if iEventID == event_id("OnCallHeld"):
                    seen.append(live.session.object(new))
                    seen.append(live.session.get_value("CurrentCall"))
                    looked.set()

        live.session.add_listener(Looks())
        live.server.events(
            ("OnCallDataUpdate", {"OldUniqueObjectID": CALL, "UniqueObjectID": new}),
            ("OnCallHeld", {"UniqueObjectID": new, "CallStatus": 4}),
        )
        assert looked.wait(SECONDS)
        assert seen == [call, new]
        assert live.session.current_call is call
        live.server.events(("OnCallEnd", {"UniqueObjectID": new}))
        live.events.wait("OnCallEnd")
        changed = live.events.wait("OnCurrentCallChanged")
        assert changed["UniqueObjectID"] == ""


def test_monitored_calls_end_when_the_connection_was_lost(peer: Peer) -> None:
    other = "call.5000.8.20002"
    with Live(peer) as live:
        in_mode(live)
        live.server.events(("OnMonitoredCallBegin", {"UniqueObjectID": other}))
        live.events.wait("OnMonitoredCallBegin")
        live.server.close()
        again = peer.accept()
        again.greet()
        request = accept_agent(again, CALL)
        assert (request.get("AgentID"), request.get("PeripheralID")) == ("1001", "5000")
        ended = live.events.wait("OnMonitoredCallEnd")
        assert (ended["UniqueObjectID"], ended["Monitored"]) == (other, True)
        live.events.wait("OnSnapshotCallConf")
        assert list(live.session.calls) == [CALL]


def test_a_mode_that_cannot_be_restored_yet_is_asked_for_again(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        live.server.close()
        again = peer.accept()
        again.greet()
        assert again.expect(FrameKind.REQUEST).message_id == RequestID.SET_AGENT
        code = int(ControlFailureStatusCode.E_CTI_CTI_SERVER_OFFLINE)
        offline = {"MessageType": int(RequestID.SET_AGENT), "FailureCode": code}
        again.events(("OnControlFailureConf", offline), ("OnCTIOSFailure", {"SystemEventID": 8}))
        accept_agent(again, CALL)
        live.events.wait("OnSnapshotCallConf")
        assert live.session.current_agent is agent


def test_an_agent_that_is_not_taken_again_is_lost(peer: Peer) -> None:
    with Live(peer) as live:
        in_mode(live)
        live.server.close()
        again = peer.accept()
        again.greet()
        again.expect(FrameKind.REQUEST)
        refusal = {"MessageType": int(RequestID.SET_AGENT), "FailureCode": 1}
        again.events(("OnControlFailureConf", refusal))
        assert live.events.wait("OnCallEnd")["UniqueObjectID"] == CALL
        assert live.events.wait("OnCurrentAgentReset")["UniqueObjectID"] == KEY
        assert live.session.current_agent is None


def test_monitor_mode_by_its_name(peer: Peer) -> None:
    with Live(peer) as live:
        session = live.session
        refused = session.perform("SetMessageFilter", {"Filter": "no filter"})
        assert refused.code is CilError.E_CTIOS_INVALID_ARGUMENT
        filter_, off = "MessageID=30", {"MonitorSessionSnapshotMode": 1}
        pending = session.perform("SetMessageFilter", {"Filter": filter_, **off})
        request = live.server.expect(FrameKind.REQUEST)
        assert request.get_many("Filter", "MonitorSessionSnapshotMode") == (filter_, 1)
        failure = {"InvokeID": pending.invoke_id, "FailureCode": 14}
        live.server.events(
            ("OnControlFailureConf", {**failure, "MessageType": int(RequestID.SET_MESSAGE_FILTER)})
        )
        with pytest.raises(RequestFailedError, match="FailureCode 14"):
            pending.result(SECONDS)
        pending = session.perform("SetMessageFilter", {"Filter": filter_})
        live.server.establish()
        pending.result(SECONDS)
        assert session.get_value("MessageFilter") == filter_


def test_statistics_of_a_monitor_session_are_asked_for_again(peer: Peer) -> None:
    with Live(peer) as live:
        live.monitor()
        one = {"PeripheralID": 5000, "SkillGroupNumber": 7, "SkillGroupPriority": 0}
        live.session.perform("EnableSkillGroupStatistics", one)
        assert live.server.expect(FrameKind.REQUEST).get("SkillGroupNumber") == 7
        live.server.close()
        again = peer.accept()
        again.greet()
        again.establish()
        request = again.expect(FrameKind.REQUEST)
        assert request.message_id == RequestID.ENABLE_SKILL_GROUP_STATISTICS
        assert request.get_many(*one) == tuple(one.values())


def test_a_forced_logout_in_a_failover_leaves_the_session_connected(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        live.server.close()
        again = peer.accept()
        again.greet()
        accept_agent(again)
        logout = {"UniqueObjectID": KEY, "AgentState": 1}
        again.events(
            ("OnAgentStateChange", logout), ("OnPostLogout", {**logout, "EventReasonCode": 50002})
        )
        assert live.events.wait("OnPostLogout")["EventReasonCode"] == 50002
        assert live.session.current_agent is agent
        pending = agent.query_agent_state()
        answer(again, "OnQueryAgentStateConf", AgentState=1)
        pending.result(SECONDS)
        assert live.session.connected


def test_after_a_gap_agent_mode_is_asked_for_again(peer: Peer) -> None:
    with Live(peer) as live:
        in_mode(live)
        live.server.events(("OnCallBegin", {"UniqueObjectID": "call.5000.8.20001"}))
        live.events.wait("OnCallBegin")
        # What was left out can be the end of a call.
        live.server.send(gap(Gap(3, 6, 8, live.server.epoch, "slow")))
        request = live.server.expect(FrameKind.REQUEST)
        assert request.message_id == RequestID.SET_AGENT
        live.server._writer = FrameWriter(epoch=live.server.epoch + 1000)
        live.server.events(
            ("OnSetAgentModeEvent", {"UniqueObjectID": KEY}),
            ("OnSnapshotDeviceConf", {"ValidCalls": {CALL: True}}),
        )
        assert live.events.wait("OnCallEnd")["UniqueObjectID"] == "call.5000.8.20001"
        assert list(live.session.calls) == [CALL]


def test_the_same_agent_in_the_next_connection(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        live.session.disconnect()
        assert live.session.current_agent is None
        live.session.start(settings(peer.port))
        live.server = peer.accept()
        live.server.greet()
        live.events.wait("OnConnectionClosed")
        live.events.wait("OnConnection")
        pending = live.session.set_agent(agent)
        accept_agent(live.server, CALL)
        pending.result(SECONDS)
        live.events.wait("OnSnapshotCallConf")
        assert live.session.current_call is live.session.calls[CALL]


def test_another_agent_resets_the_session(peer: Peer) -> None:
    with Live(peer) as live:
        live.session.resets_agent = True
        in_mode(live)
        second = agent_of("1002")
        pending = live.session.set_agent(second)
        assert pending.code is CilError.CIL_OK
        live.events.wait("OnConnectionClosed")
        again = peer.accept()
        again.greet()
        live.events.wait("OnConnection")
        request = again.expect(FrameKind.REQUEST)
        assert request.get("AgentID") == "1002"
        fields = {"InvokeID": request.get("InvokeID"), "UniqueObjectID": "agent.5000.1002"}
        again.events(("OnSetAgentModeEvent", fields))
        pending.result(SECONDS)
        assert live.session.current_agent is second


def test_codes_of_connect_and_disconnect(peer: Peer) -> None:
    session = ThreadedSession()
    assert session.begin_connect(None) is CilError.E_CTIOS_INVALID_ARGUMENT
    assert session.begin_connect({}) is CilError.E_CTIOS_MISSING_ARGUMENT
    assert session.begin_disconnect() is CilError.E_CTIOS_SESSION_NOT_CONNECTED
    assert session.last_error is CilError.E_CTIOS_SESSION_NOT_CONNECTED
    with Live(peer) as live:
        again = live.session.begin_connect({"CtiosA": "127.0.0.1", "PortA": peer.port})
        assert again is CilError.E_CTIOS_SESSION_NOT_DISCONNECTED
        code = live.session.begin_disconnect(needs_mode=True)
        assert code is CilError.E_CTIOS_MODE_NOT_SET
        assert live.session.connected
        forced = live.session.begin_disconnect({"ForcedDisconnect": 0}, needs_mode=True)
        assert forced is CilError.CIL_OK
        live.events.wait("OnConnectionClosed")


def test_a_disconnect_that_is_pending(peer: Peer) -> None:
    with Live(peer) as live:
        held, go = threading.Event(), threading.Event()

        class Holds:
            """The event thread, so that OnConnectionClosed is not delivered yet."""

            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                if iEventID == event_id("OnCallHeld"):
                    held.set()
                    go.wait(SECONDS)

        live.session.add_listener(Holds())
        live.server.events(("OnCallHeld", {}))
        assert held.wait(SECONDS)
        assert live.session.begin_disconnect() is CilError.CIL_OK
        pending = live.session.begin_disconnect()
        again = live.session.begin_connect({"CtiosA": "127.0.0.1", "PortA": peer.port})
        go.set()
        assert pending is CilError.E_CTIOS_SESSION_DISCONNECT_PENDING
        assert again is CilError.E_CTIOS_SESSION_NOT_DISCONNECTED
        live.events.wait("OnConnectionClosed")
        # Now it may connect again.
        arguments = {"CtiosB": "127.0.0.1", "PortB": peer.port, "Heartbeat": 60}
        assert live.session.begin_connect(arguments) is CilError.CIL_OK
        peer.accept().greet()
        live.events.wait("OnConnection")
        assert live.session.get_value("Heartbeat") == 60
        assert live.session.perform("SendIdentifyClientRequest").code is CilError.CIL_OK


def test_errors_are_those_of_the_thread(peer: Peer) -> None:
    with Live(peer) as live:
        agent = in_mode(live)
        assert agent.perform("MakeCall").code is CilError.E_CTIOS_MISSING_ARGUMENT
        assert agent.get_value("LastError") == CilError.E_CTIOS_MISSING_ARGUMENT
        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(agent.last_error))
        thread.start()
        thread.join(SECONDS)
        assert found == [CilError.CIL_OK]
        assert agent.report_error(-122) == -122
        assert agent.last_error is CilError.E_CTIOS_UNKNOWN


def test_requests_of_many_threads(peer: Peer) -> None:
    threads, each = 8, 40
    with Live(peer) as live:
        agent = in_mode(live)

        def serve() -> None:
            for _ in range(threads * each):
                request = live.server.expect(FrameKind.REQUEST)
                echo = {"InvokeID": request.get("InvokeID"), "Echo": request.get("DialedNumber")}
                live.server.events(("OnMakeCallConf", echo))

        wrong: list[Any] = []

        def ask(name: str) -> None:
            for number in range(each):
                text = f"{name}-{number}"
                found = agent.make_call(dialed_number=text).result(SECONDS)["Echo"]
                if found != text:
                    wrong.append((found, text))

        workers = [threading.Thread(target=serve)]
        workers += [threading.Thread(target=ask, args=(str(one),)) for one in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(SECONDS)
        assert not wrong
        assert not any(worker.is_alive() for worker in workers)
        assert len(live.session.requests) == 0


def test_ten_sessions_in_a_process(peer: Peer) -> None:
    lives = [Live(peer) for _ in range(10)]
    try:
        agents = [in_mode(live) for live in lives]
        pending: list[Pending] = []
        for live, agent in zip(lives, agents):
            pending.append(agent.query_agent_state())
            answer(live.server, "OnQueryAgentStateConf", AgentState=len(pending))
        assert [one.result(SECONDS)["AgentState"] for one in pending] == list(range(1, 11))
        assert len({id(live.session.current_call) for live in lives}) == 10
    finally:
        for live in lives:
            live.session.disconnect()


def test_listeners_that_misbehave(peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    with Live(peer) as live:
        heard: list[str] = []

        class Once:
            def __init__(self, name: str, then: Callable[[], object]) -> None:
                self.name, self.then = name, then

            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                if iEventID == event_id("OnCallHeld"):
                    heard.append(self.name)
                    self.then()

        late = Once("late", lambda: None)
        raises = Once("raises", lambda: 1 / 0)
        leaves = Once("leaves", lambda: live.session.remove_listener(leaves))
        invites = Once("invites", lambda: live.session.add_listener(late))
        for one in (raises, leaves, invites):
            live.session.add_listener(one)
        live.server.events(("OnCallHeld", {}), ("OnCallHeld", {}), ("OnHeartbeat", {}))
        live.events.wait("OnHeartbeat")
        assert heard == ["raises", "leaves", "invites", "raises", "invites", "late"]
        assert "a listener raised" in caplog.text


def test_an_interpreter_that_ends_with_live_sessions(peer: Peer) -> None:
    """It says CLOSE, waits for nobody, and leaves nothing behind."""
    script = (
        "import sys, fastcil\n"
        "from fastcil.cil import Agent\n"
        "session = fastcil.connect_sync(sys.argv[1])\n"
        "agent = Agent()\n"
        "agent.set_value('AgentID', '1001')\n"
        "agent.set_value('PeripheralID', 5000)\n"
        "session.set_agent(agent).result(10)\n"
        "agent.query_agent_state()\n"
    )
    url = f"ctios://127.0.0.1:{peer.port}"
    with subprocess.Popen([sys.executable, "-c", script, url], stderr=subprocess.PIPE) as process:
        server = peer.accept()
        server.greet()
        accept_agent(server, CALL)
        assert server.closed()
        _, errors = process.communicate(timeout=SECONDS)
        assert (process.returncode, errors) == (0, b"")
