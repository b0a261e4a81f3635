"""The connection to a peer server, against one that does what a test wants."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fastcil.codec import Frame, FrameKind, FrameReader, control, encode_frame
from fastcil.codec.control import CloseReason

if sys.version_info < (3, 11):
    pytest.skip("the server needs Python 3.11", allow_module_level=True)

from fastcil.server import peer_link
from fastcil.server.peer_link import (
    PEER_JOIN,
    PEER_PRESENCE,
    PEER_RELAY,
    PeerLink,
    PeerLost,
    PeerOptions,
)
from fastcil.server.policy import Guard, Policy

SECONDS = 10.0


class FakePeer:
    """Takes one connection after the other; answers requests by `answer`."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.writer: asyncio.StreamWriter | None = None
        self.answer: Callable[[Frame], bytes] = self.good
        self.connections = 0
        self.server_id = "other"
        self.port = 0
        self._server: asyncio.Server | None = None

    def good(self, frame: Frame) -> bytes:
        if frame.kind == FrameKind.HELLO:
            return control.welcome(control.Welcome())
        if frame.kind == FrameKind.REQUEST:
            values = {"InvokeID": frame.get("InvokeID"), "ServerID": self.server_id, "Delivered": 1}
            return encode_frame(frame.message_id, values)
        return b""

    def silent(self, frame: Frame) -> bytes:
        """Joins, and answers nothing else."""
        return self.good(frame) if frame.message_id != PEER_RELAY else b""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.connections += 1
        frames = FrameReader()
        while data := await reader.read(1 << 16):
            for frame in frames.feed(data):
                self.frames.put_nowait(frame.detach())
                writer.write(self.answer(frame))
        writer.close()

    def say(self, data: bytes) -> None:
        assert self.writer is not None
        self.writer.write(data)

    async def next(self, kind: FrameKind, number: int | None = None) -> Frame:
        """The next frame of a kind; others are passed over."""
        while True:
            frame = await asyncio.wait_for(self.frames.get(), SECONDS)
            if frame.kind == kind and number in (None, frame.message_id):
                return frame

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        if self.writer is not None:
            self.writer.close()


class Watch:
    """What a link tells."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.refuse = ""

    def joined(self, link: PeerLink) -> None:
        self.told.put_nowait("joined")
        if self.refuse:
            raise PeerLost(self.refuse)

    def lost(self, link: PeerLink) -> None:
        self.told.put_nowait("lost")

    async def next(self) -> str:
        return await asyncio.wait_for(self.told.get(), SECONDS)


Check = Callable[[PeerLink, FakePeer, Watch], Awaitable[None]]


def run(check: Check, **options: Any) -> None:
    async def main() -> None:
        peer, watch = FakePeer(), Watch()
        await peer.start()
        settings = {"heartbeat_seconds": 0.0, "first_seconds": 0.01, "most_seconds": 0.05}
        link = PeerLink(
            "127.0.0.1",
            peer.port,
            PeerOptions(token="t", **{**settings, **options}),
            lambda: {"ServerName": "me", "ServerID": "mine"},
            watch.joined,
            watch.lost,
        )
        with pytest.raises(PeerLost, match="not tried yet"):
            link.post("chat", {})
        link.start()
        try:
            await asyncio.wait_for(check(link, peer, watch), 2 * SECONDS)
        finally:
            link.stop()
            peer.stop()

    asyncio.run(main())


def test_it_joins_and_relays() -> None:
    async def check(link: PeerLink, peer: FakePeer, watch: Watch) -> None:
        assert await watch.next() == "joined"
        join = await peer.next(FrameKind.REQUEST, PEER_JOIN)
        assert (join.get("ServerID"), join.get("PeerToken")) == ("mine", "t")
        answer = await link.relay("chat", {"Message": "x"})
        assert answer["Delivered"] == 1
        relayed = await peer.next(FrameKind.REQUEST, PEER_RELAY)
        assert relayed.arguments.to_dict()["Message"] == {"Message": "x"}
        peer.say(encode_frame(PEER_PRESENCE, {"Reset": True, "Agents": {"a": 2, "b": 1}}))
        peer.say(encode_frame(PEER_PRESENCE, {"Reset": False, "Agents": {"a": 0}}))
        await link.relay("chat", {})  # what was sent before its answer has come
        assert link.agents == {"b": 1}
        peer.say(control.close(CloseReason.GOING_DOWN))
        assert await watch.next() == "lost"
        assert link.agents == {}
        assert await watch.next() == "joined"
        assert (link.counters.connects, link.counters.losses) == (2, 1)

    run(check)


def test_an_answer_that_does_not_come() -> None:
    async def check(link: PeerLink, peer: FakePeer, watch: Watch) -> None:
        peer.answer = peer.silent
        await watch.next()
        with pytest.raises(PeerLost, match="did not answer"):
            await link.relay("chat", {})
        link.post("chat", {})
        while link.counters.time_outs < 2 or link._answers:
            await asyncio.sleep(0)
        assert link.up, "a message is not the connection"

    run(check, answer_seconds=0.02)


def test_no_more_messages_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_link, "_MOST", 3)

    async def check(link: PeerLink, peer: FakePeer, watch: Watch) -> None:
        peer.answer = peer.silent
        await watch.next()
        for _ in range(3):
            link.post("chat", {})
        with pytest.raises(PeerLost, match="3 messages wait"):
            link.post("chat", {})
        assert (link.counters.relayed, link.counters.overflows) == (3, 1)
        waiting = asyncio.ensure_future(link.relay("chat", {}))
        with pytest.raises(PeerLost, match="wait already"):
            await waiting

    run(check)


def test_a_loss_ends_the_waiting() -> None:
    async def check(link: PeerLink, peer: FakePeer, watch: Watch) -> None:
        peer.answer = peer.silent
        await watch.next()
        waiting = asyncio.ensure_future(link.relay("chat", {}))
        await peer.next(FrameKind.REQUEST, PEER_RELAY)
        assert peer.writer is not None
        peer.writer.close()
        with pytest.raises(PeerLost, match="closed"):
            await waiting
        assert await watch.next() == "lost"

    run(check)


def test_heartbeats_and_their_end() -> None:
    async def check(link: PeerLink, peer: FakePeer, watch: Watch) -> None:
        await watch.next()
        await peer.next(FrameKind.HEARTBEAT)  # not answered, nor the next
        await peer.next(FrameKind.HEARTBEAT)
        assert await watch.next() == "lost"
        assert "nothing received for 0.09 seconds" in link.problem
        assert link.counters.heartbeats == 2

    run(check, heartbeat_seconds=0.03, heartbeat_retries=2, first_seconds=5.0, most_seconds=5.0)


def test_without_retries_silence_alone_ends_it() -> None:
    """System Manager Guide, heartbeats of connections: a Retry value of 0."""

    async def check(link: PeerLink, peer: FakePeer, watch: Watch) -> None:
        await watch.next()
        assert await watch.next() == "lost"
        assert link.counters.heartbeats == 0

    run(check, heartbeat_seconds=0.03, heartbeat_retries=0, first_seconds=5.0, most_seconds=5.0)


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff" * 64,
        control.close(CloseReason.NOT_ALLOWED, "go away"),
        encode_frame(PEER_PRESENCE, {"Agents": {"a": "many"}}),
        encode_frame(PEER_PRESENCE, {"Agents": 5}),
        encode_frame(PEER_JOIN, {"InvokeID": 1}),
    ],
    ids=["garbage", "refused", "count", "agents", "no id"],
)
def test_a_peer_that_talks_nonsense_is_tried_again(answer: bytes) -> None:
    async def check(link: PeerLink, peer: FakePeer, watch: Watch) -> None:
        good = peer.answer
        peer.answer = lambda frame: good(frame) if frame.kind == FrameKind.HELLO else answer
        while peer.connections < 3:
            await peer.next(FrameKind.REQUEST, PEER_JOIN)
        assert not link.up
        peer.answer = good
        assert await watch.next() == "joined"

    run(check, connect_seconds=0.2)


def test_a_peer_that_is_not_wanted() -> None:
    async def check(link: PeerLink, peer: FakePeer, watch: Watch) -> None:
        watch.refuse = "that is this server itself"
        assert await watch.next() == "joined"
        assert await watch.next() == "joined", "it is tried again"
        assert not link.up
        assert link.problem == watch.refuse
        assert link.counters.connects == 0

    run(check)


def test_a_gap_makes_it_ask_for_everybody_again() -> None:
    async def check(link: PeerLink, peer: FakePeer, watch: Watch) -> None:
        await watch.next()
        await peer.next(FrameKind.REQUEST, PEER_JOIN)
        peer.say(control.gap(control.Gap(1, 2, 2, 1, "slow")))
        await peer.next(FrameKind.REQUEST, PEER_JOIN)
        assert link.up

    run(check)


def test_who_is_a_peer() -> None:
    guard = Guard(Policy(peer_token="right", disable_threshold=2, disable_seconds=60))
    assert guard.peer("a", "right", (), 0.0) is None
    assert guard.peer("b", "wrong", ("cti-b",), 0.0) == "a peer needs the right PeerToken"
    assert guard.peer("b", "wrong", (), 0.0)
    assert "disabled for b for 60" in str(guard.peer("b", "right", (), 0.0))
    assert guard.monitor("b", "", 0, 0.0) is None, "monitor mode is another matter"
    assert guard.peer("b", "right", (), 61.0) is None
    by_name = Guard(Policy())
    assert by_name.peer("a", "", ("cti-b",), 0.0) is None
    assert "a peer needs PeerToken" in str(by_name.peer("a", "anything", (), 0.0))
