"""Clients that get the same events: order, numbers, and those that do not keep up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from fastcil.catalog import event_id
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame, FrameKind, FrameReader, control, encode_frame
from fastcil.server.client import ClientConnection
from fastcil.server.outbox import Limits
from fastcil.server.replies import failure
from fastcil.server.server import EventServer
from fastcil.server.source import SourceEvent

HELD, STATE = event_id("OnCallHeld"), event_id("OnAgentStateChange")
ESTABLISHED = event_id("OnMonitorModeEstablished")


class Source:
    """No events of its own."""

    def next_events(self, now_ns: int) -> list[SourceEvent]:
        return []

    def snapshot(self, level: int = 0) -> list[tuple[int, dict[str, Any]]]:
        return []


class Wire(asyncio.Transport):
    """A connection that keeps what is written, and pauses its client when it is told to."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.writes: list[bytes] = []
        self.pause_after = 1 << 30
        self.client: ClientConnection | None = None
        self.closed = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))
        if len(self.writes) == self.pause_after and self.client is not None:
            self.client.pause_writing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_reading(self) -> bool:
        return True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    abort = close

    def frames(self) -> list[Frame]:
        return list(FrameReader().feed(b"".join(self.writes)))

    def names(self) -> list[str]:
        """The events behind the handshake and the answer to the filter; GAP for a gap."""
        found = []
        for frame in self.frames():
            if frame.kind == FrameKind.GAP:
                found.append("GAP")
            elif frame.kind == FrameKind.CLOSE:
                found.append("CLOSE")
            elif frame.kind == FrameKind.EVENT and frame.message_id != ESTABLISHED:
                found.append(str(frame.arguments.get("UniqueObjectID") or "failure"))
        return found

    def check_numbers(self) -> None:
        numbers = [f.sequence for f in self.frames() if f.kind == FrameKind.EVENT]
        assert numbers == list(range(1, len(numbers) + 1))


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 20))

    return run


def event(name: str, number: int = HELD) -> SourceEvent:
    return SourceEvent(number, {"UniqueObjectID": name})


def connect(
    server: EventServer, text: str = "MessageID=*", level: int = 1, max_frame: int = 1 << 20
) -> tuple[ClientConnection, Wire]:
    client, wire = server._accept(), Wire()
    client.connection_made(wire)
    wire.client = client
    send(client, control.hello(control.Hello(max_frame=max_frame)))
    monitor(client, text, level)
    server._flush()
    return client, wire


def send(client: ClientConnection, data: bytes) -> None:
    room = client.get_buffer(len(data))
    room[: len(data)] = data
    client.buffer_updated(len(data))


def monitor(client: ClientConnection, text: str, level: int = 1) -> None:
    values = {"Filter": text, "MinimizeEventArgs": level}
    send(client, encode_frame(RequestID.SET_MESSAGE_FILTER, values, kind=FrameKind.REQUEST))


@in_loop
async def test_a_turn_is_one_write_for_each_client() -> None:
    server = EventServer(Source())
    wires = [connect(server)[1] for _ in range(3)]
    before = [len(wire.writes) for wire in wires]
    for name in "abc":
        server.publish(event(name))
    server._flush()
    assert [len(wire.writes) - n for wire, n in zip(wires, before)] == [1, 1, 1]
    for wire in wires:
        assert wire.names() == ["a", "b", "c"]
        wire.check_numbers()
    assert len({frame.epoch for wire in wires for frame in wire.frames()[2:]}) == 3
    counts = server.counts()
    assert counts["bytes_sent"] == sum(len(b"".join(wire.writes)) for wire in wires)
    assert counts["frames_sent"] == 3 * 4


@in_loop
async def test_what_is_for_one_client_stands_where_it_came() -> None:
    server = EventServer(Source())
    client, wire = connect(server)
    _, other = connect(server)
    server.publish(event("a"))
    client.push(failure(1, "no", 2, None), keep=True)
    server.touch(client)
    server.publish(event("b"))
    server._flush()
    assert wire.names() == ["a", "failure", "b"]
    assert other.names() == ["a", "b"]
    wire.check_numbers()


@in_loop
async def test_who_joins_gets_what_comes_then_and_who_leaves_what_was() -> None:
    server = EventServer(Source())
    first, wire = connect(server)
    server.publish(event("a"))
    late, late_wire = connect(server)
    server.publish(event("b"))
    server.publish(event("c"))
    server.leave(first)
    server.publish(event("d"))
    server._flush()
    first.flush()
    assert wire.names() == ["a", "b", "c"]
    assert late_wire.names() == ["b", "c", "d"]
    late_wire.check_numbers()
    monitor(late, "UniqueObjectID=none")
    server.publish(event("e"))
    server._flush()
    late.flush()
    assert late_wire.names() == ["b", "c", "d"]


@in_loop
async def test_a_filter_is_asked_once_for_all_that_have_it() -> None:
    server = EventServer(Source())
    wires = [connect(server, "UniqueObjectID=b")[1] for _ in range(2)]
    everything = connect(server)[1]
    assert len(server._groups) == 2
    for name in "abc":
        server.publish(event(name))
    server._flush()
    assert [wire.names() for wire in wires] == [["b"], ["b"]]
    assert everything.names() == ["a", "b", "c"]


@in_loop
async def test_a_client_that_does_not_keep_up_has_its_own_outbox() -> None:
    server = EventServer(Source(), limits=Limits(max_frames=4, coalesce_share=1.0))
    client, wire = connect(server)
    _, other = connect(server)
    wire.pause_after = len(wire.writes) + 1
    names = "abcdefgh"
    for name in names:
        server.publish(event(name))
        server._flush()
    assert other.names() == list(names)
    assert wire.names() == ["a"]
    assert client.outbox.lagging
    client.resume_writing()
    assert wire.names() == ["a", "b", "c", "d", "e", "GAP"]
    server.publish(event("z"))
    server._flush()
    assert (wire.names()[-1], other.names()[-1]) == ("z", "z")
    assert client.outbox.ready


@in_loop
async def test_a_client_that_reads_only_small_frames_is_closed_and_the_others_are_not() -> None:
    server = EventServer(Source())
    _, wire = connect(server, max_frame=1024)
    _, other = connect(server)
    server.publish(event("a"))
    server.publish(event("b" * 2000))
    server.publish(event("c"))
    server._flush()
    assert other.names() == ["a", "b" * 2000, "c"]
    assert wire.closed
    assert wire.names()[-1] == "CLOSE"
    assert server.counts()["monitors"] == 1
    server.publish(event("d"))
    server._flush()
    assert other.names()[-1] == "d"


@in_loop
async def test_a_long_turn_is_sent_in_parts() -> None:
    server = EventServer(Source(), limits=Limits(max_bytes=1024))
    client, wire = connect(server)
    before = len(wire.writes)
    for i in range(100):
        server.publish(event(f"call.{i}"))
    server._flush()
    assert wire.names() == [f"call.{i}" for i in range(100)]
    assert len(wire.writes) - before > 2
    assert max(map(len, wire.writes)) < 1024 + 200
    wire.check_numbers()
    assert not client.outbox


@in_loop
async def test_coalescing_is_that_of_the_outbox() -> None:
    server = EventServer(Source(), limits=Limits(max_frames=100, coalesce_share=0.0))
    client, wire = connect(server)
    client.pause_writing()
    for _ in range(5):
        server.publish(event("agent.1", STATE))
        server._flush()
    client.resume_writing()
    assert wire.names() == ["agent.1"]
    assert server.counts()["events_coalesced"] == 4


@in_loop
async def test_an_event_that_cannot_be_encoded_is_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = EventServer(Source())
    _, wire = connect(server)
    server.publish(event("a"))
    server.publish(SourceEvent(HELD, {"UniqueObjectID": 1 << 40}))
    server.publish(event("b"))
    server._flush()
    assert wire.names() == ["a", "b"]
    assert server.counts()["events_unencodable"] == 1
    assert "cannot be encoded" in caplog.text
