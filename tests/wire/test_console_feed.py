"""The console's feed: what it counts of a server's events, and what it says when they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from client_peer import SECONDS, Peer, PeerConnection

from fastcil.catalog.requests import PROBE_EVENT, PROBE_KEY
from fastcil.cil import ConnectError
from fastcil.codec import FrameKind, control
from fastcil.console.feed import Feed


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def connected(peer: Peer, **options: Any) -> tuple[Feed, PeerConnection]:
    made: list[PeerConnection] = []

    def greet() -> None:
        connection = peer.accept()
        connection.greet()
        made.append(connection)

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    feed = Feed("127.0.0.1", peer.port, 1, **options)
    thread.join(SECONDS)
    return feed, made[0]


def until(condition: Callable[[], bool]) -> None:
    """Polls what another thread counts, for there is nothing to wait on."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def agent(name: str, state: int) -> tuple[str, dict[str, Any]]:
    return "OnAgentStateChange", {"UniqueObjectID": f"agent.{name}", "AgentState": state}


def call(name: str, number: int) -> tuple[str, dict[str, Any]]:
    return name, {"UniqueObjectID": f"call.{number}"}


def test_what_is_counted(peer: Peer) -> None:
    feed, server = connected(peer, probe_ms=5)
    try:
        request = server.establish(agent("1", 3), call("OnSnapshotCallConf", 1))
        assert request.get_many("Filter", "MinimizeEventArgs", PROBE_KEY) == ("MessageID=*", 1, 5)
        server.events(call("OnCallBegin", 2), call("OnCallEnd", 1), agent("1", 4), agent("2", 3))
        stamp = str(time.clock_gettime_ns(time.CLOCK_MONOTONIC))
        server.events((PROBE_EVENT, {"MonotonicTime": stamp}), call("OnCallBegin", 3))
        until(lambda: feed.seen.events == 5)
        seen = feed.seen
        assert (seen.snapshot_events, seen.live_calls, seen.gaps) == (2, 2, 0)
        assert seen.agents_by_state() == [("Available", 1), ("Talking", 1)]
        assert len(seen.latencies) == 1
        assert 0 < seen.latencies[0] < SECONDS * 1e9
        assert seen.bytes == sum(seen.bytes_of.values()) == seen.bytes_per_event() * 5
        assert sum(seen.count_of.values()) == 5
        assert feed.running
        assert feed.error is None
    finally:
        feed.close()
    assert not feed.running
    assert feed.error is None


def test_a_gap_forgets_the_calls(peer: Peer) -> None:
    feed, server = connected(peer)
    try:
        assert PROBE_KEY not in server.establish(call("OnSnapshotCallConf", 1)).arguments
        server.send(control.gap(control.Gap(7, 2 + 1, 2 + 7, server.epoch, "slow")))
        until(lambda: feed.seen.gaps == 1)
        assert (feed.seen.missed, feed.seen.live_calls, feed.seen.events) == (7, 0, 0)
    finally:
        feed.close()


def refuse(server: PeerConnection) -> str:
    server.expect(FrameKind.REQUEST)
    server.events(("OnControlFailureConf", {"ErrorMessage": "not for you"}))
    return "not for you"


def go_down(server: PeerConnection) -> str:
    server.establish()
    server.say_close(control.CloseReason.GOING_DOWN, "the server is going down")
    return "the server is going down"


def hang_up(server: PeerConnection) -> str:
    server.establish()
    server.close()
    return "the server closed the connection"


@pytest.mark.parametrize("end", [refuse, go_down, hang_up], ids=lambda end: str(end.__name__))
def test_an_end_is_told_in_words(peer: Peer, end: Callable[[PeerConnection], str]) -> None:
    feed, server = connected(peer)
    words = end(server)
    until(lambda: not feed.running)
    feed.close()
    assert feed.error == words


def test_nobody_there() -> None:
    with Peer() as peer:
        port = peer.port
    with pytest.raises(ConnectError, match="no connection"):
        Feed("127.0.0.1", port, 1, seconds=0.2)


def test_after_close_nothing_is_left(peer: Peer) -> None:
    before = threading.active_count()
    feed, server = connected(peer)
    server.establish()
    feed.close()
    assert threading.active_count() == before
