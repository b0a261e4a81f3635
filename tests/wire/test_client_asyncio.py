"""The asyncio session against a scripted server on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Any, Callable, TypeVar

import pytest
from client_peer import SECONDS, Events, Peer, PeerConnection, unused_port

import fastcil
from fastcil.catalog import ConnectionFailureReason, event_id
from fastcil.catalog.requests import RequestID
from fastcil.cil import (
    GAP_EVENT,
    AsyncSession,
    ConnectError,
    ConnectionRejectedError,
    RequestFailedError,
    SessionClosedError,
    SessionError,
    aio,
    pending,
)
from fastcil.cil.pending import Pending
from fastcil.codec import FilterError, FrameKind
from fastcil.codec.control import CloseReason, Gap, gap

KEY = "call.5000.101.22866"
HELD, END = event_id("OnCallHeld"), event_id("OnCallEnd")
T = TypeVar("T")


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


def run(work: Awaitable[T]) -> T:
    async def limited() -> T:
        return await asyncio.wait_for(work, SECONDS)

    return asyncio.run(limited())


async def scripted(script: Callable[..., T], *values: Any) -> T:
    """Runs the server's part on a thread."""
    return await asyncio.get_running_loop().run_in_executor(None, script, *values)


def session_of(*ports: int, **more: Any) -> AsyncSession:
    url = "ctios://" + ",".join(f"127.0.0.1:{port}" for port in ports)
    return fastcil.connect(url, backoff_first=0.01, backoff_cap=0.05, **more)


def greeted(peer: Peer) -> PeerConnection:
    server = peer.accept()
    server.greet()
    return server


async def pair(peer: Peer, **more: Any) -> tuple[AsyncSession, PeerConnection]:
    """A connected session and its server's side."""
    session = session_of(peer.port, **more)
    _, server = await asyncio.gather(session.connect(), scripted(greeted, peer))
    return session, server


def test_the_sample_of_the_readme(peer: Peer) -> None:
    def script() -> bool:
        server = greeted(peer)
        server.establish(("OnSnapshotCallConf", {"UniqueObjectID": KEY}))
        server.events(("OnCallHeld", {"UniqueObjectID": KEY}), ("OnCallEnd", {}))
        return server.closed()

    async def main() -> tuple[list[int], bool]:
        serving = asyncio.ensure_future(scripted(script))
        seen = []
        async with session_of(peer.port) as session:
            await session.monitor("MessageID=*")
            assert list(session.calls) == [KEY]
            async for event in session.events():
                seen.append(event.message_id)
                if event.message_id == END:
                    break
        return seen, await serving

    seen, closed = run(main())
    # Nothing that came since the connection slips through.
    assert seen == [
        event_id("OnConnection"),
        event_id("OnSnapshotCallConf"),
        event_id("OnMonitorModeEstablished"),
        HELD,
        END,
    ]
    assert closed


def test_the_stream_ends_with_the_session(peer: Peer) -> None:
    async def main() -> list[int]:
        session, _ = await pair(peer)
        stream = session.events()
        await session.disconnect()
        late = [frame async for frame in session.events()]
        assert late == []
        return [frame.message_id async for frame in stream]

    assert run(main()) == [event_id("OnConnection"), event_id("OnConnectionClosed")]


def test_no_side(peer: Peer) -> None:
    port = unused_port()

    async def main() -> None:
        async with session_of(port, timeout=0.5):
            pass

    told = rf"no connection to 127.0.0.1:{port} \(Connection refused\) in 0.5 seconds"
    with pytest.raises(ConnectError, match=told):
        run(main())


def test_rejected(peer: Peer) -> None:
    def script() -> None:
        server = peer.accept()
        server.expect(FrameKind.HELLO)
        server.say_close(CloseReason.VERSION, "version 9 only")

    async def main() -> None:
        serving = asyncio.ensure_future(scripted(script))
        try:
            await session_of(peer.port).connect()
        finally:
            await serving

    with pytest.raises(ConnectionRejectedError, match="version 9 only"):
        run(main())


def test_monitor_needs_a_connection() -> None:
    async def main() -> None:
        await session_of(1).monitor("MessageID=23")

    with pytest.raises(SessionError, match="not connected"):
        run(main())


def test_filter_errors(peer: Peer) -> None:
    async def main() -> None:
        session, server = await pair(peer)
        with pytest.raises(FilterError):
            await session.monitor("MessageID")

        def refuse() -> None:
            request = server.expect(FrameKind.REQUEST)
            fields = {
                "FailureCode": 8,
                "MessageType": request.message_id,
                "InvokeID": request.get("InvokeID"),
                "ErrorMessage": "column 3",
            }
            server.events(("OnControlFailureConf", fields))

        serving = asyncio.ensure_future(scripted(refuse))
        with pytest.raises(RequestFailedError, match="column 3"):
            await session.monitor("MessageID=23")
        await serving
        assert session.core.monitor is None
        await session.disconnect()

    run(main())


def test_a_wait_ends_when_the_session_is_closed(peer: Peer) -> None:
    async def main() -> None:
        session, server = await pair(peer)
        waiting = asyncio.ensure_future(session.monitor("MessageID=23"))
        await scripted(server.expect, FrameKind.REQUEST)
        await session.disconnect()
        with pytest.raises(SessionClosedError):
            await waiting

    run(main())


def test_failover_restores_the_filter_and_ends_what_ended(peer: Peer) -> None:
    begin = [("OnCallBegin", {"UniqueObjectID": f"call.1.{n}.1"}) for n in (1, 2)]

    async def main(other: Peer) -> None:
        session = session_of(peer.port, other.port)
        listener = Events()
        session.add_listener(listener)
        connecting = asyncio.ensure_future(session.connect())
        first = await scripted(peer.chosen_of, other)
        second = other if first is peer else peer
        server = await scripted(greeted, first)
        await connecting
        await asyncio.gather(
            session.monitor("MessageID=*"), scripted(lambda: server.establish(*begin))
        )
        assert len(session.calls) == 2
        server.close()
        server = await scripted(greeted, second)
        stream = session.events()
        again = await scripted(
            lambda: server.establish(("OnSnapshotCallConf", {"UniqueObjectID": "call.1.1.1"}))
        )
        assert again.get("Filter") == "MessageID=*"
        async for event in stream:
            if event.message_id == END:
                assert event.get("UniqueObjectID") == "call.1.2.1"
                break
        reason = listener.wait("OnConnectionFailure")["ReasonCode"]
        assert reason == ConnectionFailureReason.eTransportError
        assert listener.wait("OnCallEnd")["UniqueObjectID"] == "call.1.2.1"
        assert list(session.calls) == ["call.1.1.1"]
        await session.disconnect()

    with Peer() as other:
        run(main(other))


def test_broken_bytes_and_a_gap(peer: Peer) -> None:
    async def main() -> list[int]:
        session, server = await pair(peer)
        server.events(("OnCallHeld", {}))
        server.send(gap(Gap(7, 2, 8, server.epoch, "slow")))
        server.send(b"\xff" * 64)
        stream = session.events()
        seen = []
        async for event in stream:
            seen.append(event.message_id)
            if event.message_id == event_id("OnConnectionFailure"):
                break
        await scripted(greeted, peer)
        async for event in stream:
            seen.append(event.message_id)
            if event.message_id == event_id("OnConnection"):
                break
        await session.disconnect()
        return seen

    assert run(main()) == [
        event_id("OnConnection"),
        HELD,
        GAP_EVENT,
        event_id("OnConnectionFailure"),
        event_id("OnConnection"),
    ]


def test_heartbeats(peer: Peer) -> None:
    async def main() -> int:
        session, _ = await pair(peer, heartbeat=0.02, max_heartbeats=2)
        async for event in session.events():
            if event.message_id == event_id("OnConnectionFailure"):
                await session.disconnect()
                return int(event.get("ReasonCode"))
        raise AssertionError

    assert run(main()) == ConnectionFailureReason.eMissedHeartbeats


def test_a_slow_reader_pauses_and_loses_nothing(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aio, "_BACKLOG", 100)
    count = 20000

    async def main() -> None:
        session, server = await pair(peer)
        stream = session.events()
        session_paused = asyncio.Event()
        core_pause = session.core.pause

        def pause(now: float, on: bool) -> None:
            core_pause(now, on)
            if on:
                session_paused.set()

        session.core.pause = pause  # type: ignore[method-assign]

        def send() -> None:
            for start in range(0, count, 1000):
                server.events(
                    *(("OnCallHeld", {"EventCause": n}) for n in range(start, start + 1000))
                )

        sending = asyncio.ensure_future(scripted(send))
        await session_paused.wait()
        assert not session._reading
        expected = 0
        async for event in stream:
            if event.message_id != HELD:
                continue
            assert event.get("EventCause") == expected
            expected += 1
            if expected == count:
                break
        await sending
        await session.disconnect()

    run(main())


def test_events_asked_for_too_late_begin_with_a_gap(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aio, "_BACKLOG", 10)

    async def main() -> None:
        session, server = await pair(peer)
        done = asyncio.Event()

        class Listener:
            def OnEvent(self, iEventID: int, rArgs: Any) -> None:
                if iEventID == END:
                    done.set()

        session.add_listener(Listener())
        server.events(*[("OnCallHeld", {})] * 50, ("OnCallEnd", {}))
        await done.wait()
        first = await session.events().__anext__()
        assert first.message_id == GAP_EVENT
        assert first.get("Missed") == 52
        await session.disconnect()

    run(main())


def test_connecting_again(peer: Peer) -> None:
    async def main() -> None:
        session, _ = await pair(peer)
        with pytest.raises(SessionError):
            await session.connect()
        await session.disconnect()
        await asyncio.gather(session.connect(), scripted(greeted, peer))
        assert session.connected
        await session.disconnect()

    run(main())


def test_disconnect_in_a_listener_is_the_end(peer: Peer) -> None:
    async def main() -> list[int]:
        session, server = await pair(peer)
        seen: list[int] = []

        class Leaving:
            def OnEvent(self, iEventID: int, rArgs: Any) -> None:
                seen.append(iEventID)
                if iEventID == HELD:
                    session.disconnect_nowait()

        session.add_listener(Leaving())
        server.events(*[("OnCallHeld", {})] * 5)
        await scripted(server.closed)
        return seen

    assert run(main()) == [HELD, event_id("OnConnectionClosed")]


def test_requests_end_with_the_loop(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that closes its loop without disconnect() waits for nothing that cannot come."""
    monkeypatch.setattr(pending, "_LOOK", 0.01)
    loop = asyncio.new_event_loop()
    session = session_of(peer.port)

    async def begin() -> PeerConnection:
        greeting = asyncio.ensure_future(scripted(greeted, peer))
        await session.connect()
        return await greeting

    async def ask() -> Pending:
        return session.request(RequestID.REQUEST_SNAPSHOT, confirm=(HELD,))

    server = loop.run_until_complete(asyncio.wait_for(begin(), SECONDS))
    before = loop.run_until_complete(ask())
    protocol = session._protocol
    assert protocol is not None
    assert protocol.transport is not None
    protocol.session = None  # it hears nothing: the loop just ends
    protocol.transport.abort()
    loop.run_until_complete(asyncio.wait_for(protocol.gone, SECONDS))
    loop.close()
    with pytest.raises(SessionClosedError, match="loop is closed"):
        before.result(SECONDS)
    after = session.request(RequestID.REQUEST_SNAPSHOT, confirm=(HELD,))
    with pytest.raises(SessionClosedError, match="loop is closed"):
        after.result(SECONDS)
    server.close()
