"""events(typed=True) on real sockets: threads and asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from client_peer import SECONDS, Peer
from client_session import Live

from fastcil import connect
from fastcil.cil.typed_events import (
    Event,
    OnCallBegin,
    OnCallEnd,
    OnConnectionClosed,
    OnMonitorModeEstablished,
    UnknownEvent,
)

KEY = "call.5000.101.22866"


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


def test_threads(peer: Peer) -> None:
    with Live(peer) as live:
        stream = live.session.events(typed=True, timeout=SECONDS)
        live.monitor()
        live.server.events(
            ("OnCallBegin", {"UniqueObjectID": KEY, "ANI": "123"}), (0x2FFFFFF0, {"Any": 1})
        )
        events: Iterator[Event] = iter(stream)
        seen: list[Event] = [next(events) for _ in range(4)]
        assert isinstance(seen[1], OnMonitorModeEstablished)
        assert isinstance(seen[2], OnCallBegin)
        assert (seen[2].unique_object_id, seen[2].ani) == (KEY, "123")
        assert isinstance(seen[3], UnknownEvent)
        ended = live.session.expect(OnCallEnd)
        live.server.events(("OnCallEnd", {"UniqueObjectID": KEY}))
        assert ended.result(SECONDS).get("UniqueObjectID") == KEY
        stream.close()
        assert list(stream) == []


def test_asyncio(peer: Peer) -> None:
    def serve() -> None:
        server = peer.accept()
        server.greet()
        server.establish(("OnCallBegin", {"UniqueObjectID": KEY, "ANI": "123"}))
        server.events(("OnCallEnd", {"UniqueObjectID": KEY}))
        server.closed()

    async def run() -> list[Event]:
        found = []
        async with connect(f"ctios://127.0.0.1:{peer.port}") as session:
            await session.monitor("MessageID=*")
            async for event in session.events(typed=True):
                found.append(event)
                if isinstance(event, OnCallEnd):
                    session.disconnect_nowait()
        return found

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    found = asyncio.run(asyncio.wait_for(run(), SECONDS))
    thread.join(SECONDS)
    begin = found[1]
    assert isinstance(begin, OnCallBegin)
    assert begin.ani == "123"
    assert isinstance(found[-1], OnConnectionClosed)
