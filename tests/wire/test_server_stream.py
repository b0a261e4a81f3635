"""The server on real sockets: handshake, filters, order, snapshots, slow clients, bad bytes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Mapping
from typing import Any, Callable, ClassVar

import pytest

from fastcil.catalog import event_id
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame, FrameKind, FrameReader, control, encode_frame
from fastcil.codec.control import CloseReason
from fastcil.server import EventServer, SourceEvent

SECONDS = 20.0
BEGIN = event_id("OnCallBegin")
HELD = event_id("OnCallHeld")
END = event_id("OnCallEnd")
STATE = event_id("OnAgentStateChange")
AGENT = event_id("OnQueryAgentStateConf")
ESTABLISHED = event_id("OnMonitorModeEstablished")
FAILURE = event_id("OnControlFailureConf")


class Script:
    """A source that gives what a test puts into it."""

    def __init__(self) -> None:
        self.events: list[SourceEvent] = []

    def put(self, number: int, name: str, **more: Any) -> None:
        complete = {"UniqueObjectID": name, **more}
        self.events.append(SourceEvent(number, complete, {"UniqueObjectID": name}))

    def next_events(self, now_ns: int) -> list[SourceEvent]:
        found, self.events = self.events, []
        return found

    def snapshot(self, level: int = 0) -> list[tuple[int, Mapping[str, Any]]]:
        return [(AGENT, {"UniqueObjectID": "agent.1", "AgentState": 3})]


class Client:
    """A connection that reads frame by frame, each wait with a time-out; run() closes it."""

    opened: ClassVar[list[Client]] = []

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.opened.append(self)
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setblocking(False)
        self.port = port
        self.reader = FrameReader()

    async def open(self, hello: bytes | None = None) -> Frame:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, ("127.0.0.1", self.port))
        await self.send(control.hello() if hello is None else hello)
        return await self.frame()

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def request(self, number: int, **arguments: Any) -> None:
        await self.send(encode_frame(number, arguments, kind=FrameKind.REQUEST))

    async def monitor(self, text: str = "MessageID=*", **more: Any) -> list[Frame]:
        """The frames up to OnMonitorModeEstablished."""
        await self.request(RequestID.SET_MESSAGE_FILTER, Filter=text, **more)
        return await self.until(lambda frame: frame.message_id == ESTABLISHED)

    async def frame(self) -> Frame:
        while True:
            found = next(self.reader, None)
            if found is not None:
                return found.detach()
            loop = asyncio.get_running_loop()
            data = await asyncio.wait_for(loop.sock_recv(self.socket, 1 << 16), SECONDS)
            if not data:
                raise EOFError("the server closed the connection")
            self.reader.feed(data)

    async def until(self, last: Callable[[Frame], bool]) -> list[Frame]:
        frames = [await self.frame()]
        while not last(frames[-1]):
            frames.append(await self.frame())
        return frames


def run(test: Callable[[EventServer, Script], Awaitable[None]], **options: Any) -> EventServer:
    """Run a test against a server of its own; the server, stopped."""

    async def main() -> EventServer:
        script = Script()
        server = EventServer(script, port=0, **{"tick_seconds": 0.001, "minimize": 0, **options})
        await server.start()
        try:
            await asyncio.wait_for(test(server, script), 2 * SECONDS)
        finally:
            while Client.opened:
                Client.opened.pop().socket.close()
            await asyncio.wait_for(server.stop(), SECONDS)
        return server

    return asyncio.run(main())


def name(frame: Frame) -> str:
    return frame.arguments.get_string("UniqueObjectID", "")


def numbered(frames: list[Frame]) -> None:
    """One epoch, and every number one more than the last or explained by a GAP."""
    last: int | None = None
    for frame in frames:
        if frame.kind == FrameKind.GAP:
            gap = control.parse_gap(frame)
            assert last is None or gap.from_sequence == last + 1
            last = gap.to_sequence
        elif frame.kind == FrameKind.EVENT:
            assert frame.epoch == frames[0].epoch > 0
            assert last is None or frame.sequence == last + 1
            last = frame.sequence


def test_welcome_snapshot_then_events_without_holes() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        welcome = control.parse_welcome(await client.open())
        assert welcome.keyword_count == control.KEYWORD_COUNT
        frames = await client.monitor(InvokeID=17)
        assert [frame.message_id for frame in frames] == [AGENT, ESTABLISHED]
        assert frames[-1].get("CILConnectionID") == welcome.connection_id
        assert frames[-1].get("InvokeID") == 17
        for number in range(500):
            script.put(HELD, f"call.{number}")
        frames += await client.until(lambda frame: name(frame) == "call.499")
        assert [name(frame) for frame in frames[2:]] == [f"call.{n}" for n in range(500)]
        assert [frame.sequence for frame in frames] == list(range(1, 503))
        numbered(frames)

    server = run(test)
    assert server.counts()["frames_sent"] == 502


def test_snapshot_can_be_left_out_and_asked_for() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        frames = await client.monitor(MonitorSessionSnapshotMode=1)
        assert [frame.message_id for frame in frames] == [ESTABLISHED]
        await client.request(RequestID.REQUEST_SNAPSHOT)
        assert (await client.frame()).message_id == AGENT

    run(test)


def test_filter_chooses_by_arguments_that_minimized_events_lack() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        await client.monitor("SkillGroupNumber=7", MinimizeEventArgs=1)
        for group in (6, 7, 8, 7):
            script.put(BEGIN, f"call.{group}", SkillGroupNumber=group)
        frames = [await client.frame(), await client.frame()]
        assert [name(frame) for frame in frames] == ["call.7", "call.7"]
        assert "SkillGroupNumber" not in frames[0].arguments

    run(test)


def test_minimize_level_is_each_clients_own() -> None:
    async def test(server: EventServer, script: Script) -> None:
        sizes = []
        clients = [Client(server.port), Client(server.port)]
        for level, client in enumerate(clients):
            await client.open()
            await client.monitor(MinimizeEventArgs=level)
        script.put(BEGIN, "call.1", ANI="4155550100")
        for client in clients:
            sizes.append(len(await client.frame()))
        assert sizes[0] > sizes[1]

    run(test)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"Filter": "AgentID"}, "column"), ({}, "Filter is missing")],
)
def test_bad_filter_is_refused_in_words(arguments: dict[str, Any], words: str) -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        await client.request(RequestID.SET_MESSAGE_FILTER, InvokeID=5, **arguments)
        frame = await client.frame()
        assert frame.message_id == FAILURE
        assert frame.arguments.get_int("FailureCode") > 0
        assert frame.get("InvokeID") == 5
        assert frame.get("MessageType") == RequestID.SET_MESSAGE_FILTER
        assert words in frame.arguments.get_string("ErrorMessage")
        await client.monitor()

    run(test)


def test_unknown_request_is_refused() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        await client.request(12345)
        assert (await client.frame()).message_id == FAILURE

    run(test)


def test_requests_sent_at_once_are_answered_in_order() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        request = encode_frame(
            RequestID.SET_MESSAGE_FILTER, {"Filter": "MessageID=*"}, kind=FrameKind.REQUEST
        )
        await client.send(request * 20)
        frames: list[Frame] = []
        for _ in range(20):
            frames += await client.until(lambda frame: frame.message_id == ESTABLISHED)
        assert [frame.message_id for frame in frames] == [AGENT, ESTABLISHED] * 20
        numbered(frames)

    run(test)


def test_heartbeat_is_answered_with_the_same_entries() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        await client.send(control.heartbeat(1_800_000_000))
        frame = await client.frame()
        assert frame.kind == FrameKind.HEARTBEAT_CONF
        assert frame.get("EventTime") == 1_800_000_000

    run(test)


def test_silent_client_gets_heartbeats_then_time_out() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        frames = await client.until(lambda frame: frame.kind == FrameKind.CLOSE)
        assert {frame.kind for frame in frames[:-1]} == {FrameKind.HEARTBEAT}
        assert control.parse_close(frames[-1]).reason == CloseReason.TIME_OUT

    assert run(test, heartbeat_seconds=0.05).counters.heartbeat_time_outs == 1


def test_without_retries_a_silent_client_is_closed_unasked() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        found = await client.frame()
        assert control.parse_close(found).reason == CloseReason.TIME_OUT

    run(test, heartbeat_seconds=0.05, heartbeat_retries=0)


def test_no_hello_in_time() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        found = control.parse_close(await client.open(hello=b""))
        assert found.reason == CloseReason.TIME_OUT
        with pytest.raises(EOFError):
            await client.frame()

    assert run(test, handshake_seconds=0.05).counters.handshake_time_outs == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", id="stranger"),
        pytest.param(control.heartbeat(), id="not-hello"),
        pytest.param(control.hello() + control.hello(), id="two-hellos"),
        pytest.param(control.hello() + encode_frame(1, {}), id="event"),
        pytest.param(control.hello() + b"\x1f" + b"\0" * 31, id="length"),
        pytest.param(encode_frame(5, {}, kind=FrameKind.HELLO), id="hello-of-no-sense"),
    ],
)
def test_what_breaks_the_protocol_is_closed_with_words(data: bytes) -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        frame = await client.open(hello=data)
        if frame.kind == FrameKind.WELCOME:
            frame = await client.frame()
        found = control.parse_close(frame)
        assert found.reason == CloseReason.PROTOCOL_ERROR
        assert found.message
        with pytest.raises((EOFError, ConnectionResetError)):
            await client.frame()

    assert run(test).counters.protocol_errors == 1


@pytest.mark.parametrize(
    "hello",
    [control.Hello(version_min=2, version_max=3), control.Hello(keyword_count=5)],
    ids=["version", "keywords"],
)
def test_client_of_another_version(hello: control.Hello) -> None:
    async def test(server: EventServer, script: Script) -> None:
        frame = await Client(server.port).open(control.hello(hello))
        assert control.parse_close(frame).reason == CloseReason.VERSION

    run(test)


def test_event_above_the_clients_largest_frame() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open(control.hello(control.Hello(max_frame=1024)))
        await client.monitor()
        script.put(BEGIN, "call.1", CallVariable1="x" * 2000)
        found = control.parse_close(await client.frame())
        assert found.reason == CloseReason.LIMIT_REACHED

    run(test)


def test_resuming_client_is_told_what_will_not_come() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open(control.hello(control.Hello(resume_epoch=9, resume_sequence=41)))
        frames = await client.monitor()
        gap = control.parse_gap(frames[0])
        assert (gap.epoch, gap.from_sequence, gap.reason) == (9, 42, control.GapReason.RECONNECT)
        assert frames[1].message_id == AGENT

    run(test)


def test_stop_sends_what_is_queued_then_close() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        await client.monitor()
        script.put(END, "call.1")
        assert name(await client.frame()) == "call.1"
        stopping = asyncio.ensure_future(server.stop())
        found = control.parse_close(await client.frame())
        assert found.reason == CloseReason.GOING_DOWN
        await stopping

    run(test)


def test_event_that_cannot_be_encoded_harms_nobody() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        await client.monitor()
        script.put(BEGIN, "call.1", ANI=1.5)
        script.put(BEGIN, "call.2")
        assert name(await client.frame()) == "call.2"

    assert run(test).counters.events_unencodable == 1
