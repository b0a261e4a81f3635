"""Clients that do not keep up: GAP, snapshot, close; the others notice nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from test_server_stream import AGENT, END, HELD, STATE, Client, Script, name, numbered, run

from fastcil.codec import Frame, FrameKind, control
from fastcil.codec.control import CloseReason
from fastcil.server import EventServer, Limits

PADDING = "x" * 1000
ROUNDS = 3000
BATCH = 10  # less than what puts even a quick client above its bound


def put_round(script: Script, number: int) -> None:
    """An event of some size, an agent's state, and now and then the end of a call."""
    script.put(HELD, f"call.{number}", CallVariable1=PADDING)
    script.put(STATE, f"agent.{number % 5}", AgentState=number)
    if number % 10 == 0:
        script.put(END, f"call.{number}")


async def flood(script: Script, quick: Client) -> list[Frame]:
    """All rounds, as fast as one client takes them; what that client got."""
    frames: list[Frame] = []
    for start in range(0, ROUNDS, BATCH):
        for number in range(start, start + BATCH):
            put_round(script, number)
        last = f"mark.{start}"
        script.put(HELD, last)
        frames += await quick.until(lambda frame, last=last: name(frame) == last)  # type: ignore[misc]
    return frames


OPTIONS: dict[str, Any] = {
    "send_buffer": 4096,
    "write_buffer": 4096,
    "limits": Limits(max_bytes=64 << 10, max_frames=200),
}


def test_slow_client_gets_gap_ends_and_snapshot_others_everything() -> None:
    async def test(server: EventServer, script: Script) -> None:
        slow, quick = Client(server.port, receive_buffer=4096), Client(server.port)
        for client in (slow, quick):
            await client.open()
            await client.monitor(MonitorSessionSnapshotMode=1)
        everything = await flood(script, quick)
        assert {frame.kind for frame in everything} == {FrameKind.EVENT}
        assert sum(frame.message_id == HELD for frame in everything) == ROUNDS + ROUNDS // BATCH
        assert sum(frame.message_id == STATE for frame in everything) == ROUNDS
        numbered(everything)

        frames = await slow.until(lambda frame: frame.message_id == AGENT)
        numbered(frames)
        kinds = [frame.kind for frame in frames]
        gap_at = kinds.index(FrameKind.GAP)
        assert kinds.count(FrameKind.GAP) == 1
        assert control.parse_gap(frames[gap_at]).missed > ROUNDS // 2
        ends = [name(frame) for frame in frames if frame.message_id == END]
        assert ends == [f"call.{number}" for number in range(0, ROUNDS, 10)]
        states = [frame for frame in frames[gap_at:] if frame.message_id == STATE]
        assert {name(frame): frame.get("AgentState") for frame in states} == {
            f"agent.{number}": ROUNDS - 5 + number for number in range(5)
        }
        assert len(states) == 5

        script.put(HELD, "afterwards")
        frames += await slow.until(lambda frame: name(frame) == "afterwards")
        numbered(frames)

    counts = run(test, **OPTIONS).counts()
    assert counts["gaps_sent"] == 1
    assert counts["events_coalesced"] > 0
    assert counts["closed_too_slow"] == 0


def test_far_too_slow_client_is_closed_with_words() -> None:
    async def test(server: EventServer, script: Script) -> None:
        slow, quick = Client(server.port, receive_buffer=4096), Client(server.port)
        for client in (slow, quick):
            await client.open()
            await client.monitor(MonitorSessionSnapshotMode=1)
        numbered(await flood(script, quick))
        async with asyncio.timeout(20):
            while not server.counters.closed_too_slow:
                put_round(script, 1)
                await quick.frame()
        frames = await slow.until(lambda frame: frame.kind == FrameKind.CLOSE)
        found = control.parse_close(frames[-1])
        assert found.reason == CloseReason.TOO_SLOW
        assert "too slow" in found.message
        numbered(frames[:-1])

    limits = Limits(max_bytes=64 << 10, max_frames=200, lag_seconds=0.2)
    run(test, **{**OPTIONS, "limits": limits, "linger_seconds": 20.0})
