"""`for event in session.events()` against a real server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import fastcil
from fastcil.catalog import EventID, event_id
from fastcil.cil import _iterate
from fastcil.server import EventServer, SourceEvent

SECONDS = 20.0
HELD = event_id("OnCallHeld")


class Script:
    """A source that gives what a test puts into it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.events: list[SourceEvent] = []

    def put(self, *numbers: int) -> None:
        made = [SourceEvent(HELD, {"EnablementMask": n}, {"EnablementMask": n}) for n in numbers]
        with self.lock:
            self.events += made

    def next_events(self, now_ns: int) -> list[SourceEvent]:
        with self.lock:
            found, self.events = self.events, []
        return found

    def snapshot(self, level: int = 0) -> list[tuple[int, Mapping[str, Any]]]:
        return []


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def url(script: Script) -> Iterator[str]:
    ready: list[str] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        server = EventServer(script, port=0)
        await server.start()
        ready.append(f"ctios://127.0.0.1:{server.port}")
        started.set()
        await stop.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert started.wait(SECONDS)
    yield ready[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(SECONDS)
    assert not thread.is_alive()
    loop.close()


def masks(events: Iterator[Any], count: int) -> list[int]:
    found: list[int] = []
    for event in events:
        if event.message_id == HELD:
            found.append(event.get("EnablementMask"))
            if len(found) == count:
                break
    return found


def test_nothing_slips_through_between_connecting_and_iterating(url: str, script: Script) -> None:
    with fastcil.connect_sync(url) as session:
        got = threading.Event()

        class Listener:
            def OnEvent(self, number: int, arguments: Any) -> None:
                if number == HELD and arguments["EnablementMask"] == 3:
                    got.set()

        session.add_listener(Listener())
        session.monitor("MessageID=*")
        script.put(1, 2, 3)
        assert got.wait(SECONDS)
        assert masks(session.events(timeout=SECONDS), 3) == [1, 2, 3]


def test_every_stream_gets_every_event(url: str, script: Script) -> None:
    with fastcil.connect_sync(url) as session:
        session.monitor("MessageID=*")
        first, second = session.events(timeout=SECONDS), session.events(timeout=SECONDS)
        script.put(*range(100))
        assert masks(first, 100) == list(range(100))
        assert masks(second, 100) == list(range(100))


def test_a_closed_stream_ends_and_others_go_on(url: str, script: Script) -> None:
    with fastcil.connect_sync(url) as session:
        session.monitor("MessageID=*")
        first, second = session.events(timeout=SECONDS), session.events(timeout=SECONDS)
        first.close()
        assert list(first) == []
        script.put(7)
        assert masks(second, 1) == [7]


def test_silence_is_a_timeout(url: str) -> None:
    with fastcil.connect_sync(url) as session:
        session.monitor("MessageID=*")
        events = session.events(timeout=0.01)
        with pytest.raises(TimeoutError, match=r"no event in 0\.01 seconds"):
            for _ in events:
                pass


def test_streams_end_with_the_session(url: str, script: Script) -> None:
    with fastcil.connect_sync(url) as session:
        session.monitor("MessageID=*")
        events = session.events(timeout=SECONDS)
        script.put(1)
        assert masks(events, 1) == [1]
    assert list(events) == []
    assert list(session.events(timeout=SECONDS)) == []


def test_a_stream_that_is_not_read_pauses_delivery(
    url: str, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_iterate, "_BACKLOG", 10)
    with fastcil.connect_sync(url) as session:
        session.monitor("MessageID=*")
        events = session.events(timeout=SECONDS)
        script.put(*range(5000))
        # While monitor() waits the pause is lifted, or its answer could never come.
        session.monitor("MessageID=*", timeout=SECONDS)
        assert masks(events, 5000) == list(range(5000))


def test_what_was_too_much_to_keep_is_a_gap(
    url: str, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_iterate, "_BACKLOG", 10)
    with fastcil.connect_sync(url) as session:
        seen = {99: threading.Event(), 100: threading.Event()}

        class Listener:
            def OnEvent(self, number: int, arguments: Any) -> None:
                if number == HELD and arguments["EnablementMask"] in seen:
                    seen[arguments["EnablementMask"]].set()

        session.add_listener(Listener())
        session.monitor("MessageID=*")
        script.put(*range(100))
        assert seen[99].wait(SECONDS)
        # Listeners have an event before it is kept or dropped: one more makes sure of those.
        script.put(100)
        assert seen[100].wait(SECONDS)
        events = session.events(timeout=SECONDS)
        first = next(events)
        assert first.message_id == fastcil.cil.GAP_EVENT
        assert first.arguments.get_int("Missed") >= 100


def test_connection_is_the_first_event(url: str) -> None:
    with fastcil.connect_sync(url) as session:
        assert next(session.events(timeout=SECONDS)).message_id == EventID.eOnConnection
