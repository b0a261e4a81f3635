"""Waiting for events of a session on real sockets: threads and asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

import pytest
from client_peer import SECONDS, Peer
from client_session import Live

from fastcil import connect
from fastcil.catalog import CilError, WaitResult, event_id
from fastcil.cil import SessionClosedError, SessionError, ThreadedSession
from fastcil.codec import Arguments

BEGIN, HELD, END = event_id("OnCallBegin"), event_id("OnCallHeld"), event_id("OnCallEnd")
CLOSED = event_id("OnConnectionClosed")
KEY = "call.5000.101.22866"


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


def test_a_thread_waits_for_an_event_of_its_mask(peer: Peer) -> None:
    with Live(peer) as live:
        live.monitor()
        wait_object = live.session.create_wait_object({"Event1": BEGIN, "Event2": END})
        live.server.events(("OnCallHeld", {}), ("OnCallBegin", {"UniqueObjectID": KEY}))
        assert wait_object.wait(10_000) is WaitResult.EVENT_SIGNALED
        assert wait_object.trigger_event == BEGIN
        assert KEY in live.session.calls  # objects are right when the waiter wakes
        assert wait_object.wait(1) is WaitResult.EVENT_WAIT_TIMEDOUT
        live.server.events(("OnCallEnd", {"UniqueObjectID": KEY}))
        assert wait_object.wait() is WaitResult.EVENT_SIGNALED
        assert KEY not in live.session.calls


def test_closing_wakes_every_waiter(peer: Peer) -> None:
    results: list[Any] = []
    with Live(peer) as live:
        objects = [live.session.create_wait_object([HELD]) for _ in range(3)]
        last = live.session.create_wait_object([CLOSED])
        threads = [
            threading.Thread(target=lambda one=one: results.append(one.wait()), daemon=True)
            for one in objects
        ]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert results == [WaitResult.WAIT_FAILED] * 3
    assert last.wait() is WaitResult.EVENT_SIGNALED
    assert live.session.destroy_wait_object(last) is False


def test_waiting_in_a_listener_is_refused_and_the_events_go_on(peer: Peer) -> None:
    caught: list[SessionError] = []
    with Live(peer) as live:
        live.monitor()
        wait_object = live.session.create_wait_object([END])

        class Listener:
            def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
                if iEventID == HELD:
                    for wait in (wait_object.wait, lambda: live.session.wait_for(END)):
                        try:
                            wait()
                        except SessionError as error:
                            caught.append(error)

        live.session.add_listener(Listener())
        live.server.events(("OnCallHeld", {}), ("OnCallEnd", {}))
        assert wait_object.wait(10_000) is WaitResult.EVENT_SIGNALED
    assert [error.code for error in caught] == [CilError.E_CTIOS_INVALID_OBJECT_STATE] * 2
    assert all("another thread" in str(error) for error in caught)


def test_wait_for_and_expect_on_threads(peer: Peer) -> None:
    with Live(peer) as live:
        live.monitor()
        before = live.session.expect(lambda frame: frame.get("AgentID") == "22")
        live.server.events(("OnCallHeld", {"AgentID": "11"}), ("OnCallHeld", {"AgentID": "22"}))
        assert before.result(SECONDS).get("AgentID") == "22"
        with pytest.raises(TimeoutError, match=r"0\.01 seconds"):
            live.session.wait_for("OnCallEnd", timeout=0.01)
        assert live.session._hub._watches == ()
        never = live.session.expect(END)
        last = live.session.expect("OnConnectionClosed")
        with pytest.raises(FutureTimeoutError):
            never.result(0)
    with pytest.raises(SessionClosedError):
        never.result(SECONDS)
    assert last.result(SECONDS).message_id == CLOSED


def test_wait_for_without_a_connection() -> None:
    session = ThreadedSession()
    with pytest.raises(SessionError, match="not connected"):
        session.wait_for(END, timeout=1)


def greeting(peer: Peer, ready: threading.Event | None = None) -> threading.Thread:
    def serve() -> None:
        server = peer.accept()
        server.greet()
        server.establish()
        if ready is not None:
            assert ready.wait(SECONDS)
            server.events(
                ("OnCallHeld", {"AgentID": "1"}),
                ("OnCallHeld", {"AgentID": "2"}),
                ("OnCallEnd", {}),
            )
        server.closed()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


async def waits(peer: Peer, ready: threading.Event) -> None:
    async with connect(f"ctios://127.0.0.1:{peer.port}") as session:
        await session.monitor("MessageID=*")
        wait_object = session.create_wait_object([END])
        first = session.wait_for([HELD, END], timeout=SECONDS)
        second = session.wait_for(lambda frame: frame.get("AgentID") == "2", timeout=SECONDS)
        end = session.wait_for("OnCallEnd")
        closing = session.wait_for(BEGIN)
        with pytest.raises(SessionError, match=r"await session\.wait_for"):
            wait_object.wait(1)
        ready.set()
        assert (await first).get("AgentID") == "1"
        assert (await second).get("AgentID") == "2"
        assert (await end).message_id == END
        assert wait_object._kept
        # Another thread may wait for a session of asyncio.
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, wait_object.wait, 10_000) == (
            WaitResult.EVENT_SIGNALED
        )
        with pytest.raises(TimeoutError, match=r"0\.01 seconds"):
            await session.wait_for(BEGIN, timeout=0.01)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(session.wait_for(BEGIN), 0.01)
        assert len(session._watches) == 1
    with pytest.raises(SessionClosedError):
        await closing
    with pytest.raises(SessionError, match="not connected"):
        session.wait_for(BEGIN)


def test_wait_for_in_asyncio(peer: Peer) -> None:
    ready = threading.Event()
    thread = greeting(peer, ready)
    asyncio.run(waits(peer, ready))
    thread.join(SECONDS)
