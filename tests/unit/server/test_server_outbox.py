"""The outbox: numbering, coalescing, gaps, snapshots, and when a client is too slow."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from fastcil.catalog import event_id
from fastcil.codec import Frame, FrameKind, FrameReader, control, encode_frame
from fastcil.server.outbox import Encoded, Limits, Outbox

HELD = event_id("OnCallHeld")
END = event_id("OnCallEnd")
STATE = event_id("OnAgentStateChange")
SNAPSHOT = event_id("OnSnapshotCallConf")
EPOCH = 7


def encoded(number: int, name: object) -> Encoded:
    return Encoded(number, encode_frame(number, {"UniqueObjectID": str(name)}))


def drain(outbox: Outbox, size: int = 1 << 20) -> list[Frame]:
    """All that take() gives until it gives nothing."""
    data = b""
    while buffers := outbox.take(size):
        data += b"".join(buffers)
    return list(FrameReader().feed(data))


def names(frames: Iterable[Frame]) -> list[str]:
    return [
        "GAP" if frame.kind == FrameKind.GAP else frame.arguments.get_string("UniqueObjectID")
        for frame in frames
    ]


def small(frames: int = 4, share: float = 1.0, **other: float) -> Outbox:
    return Outbox(EPOCH, Limits(max_frames=frames, coalesce_share=share, **other))  # type: ignore[arg-type]


def check_numbers(frames: Iterable[Frame]) -> None:
    """Every number is one more than the last, or the GAP before it tells why not."""
    last = 0
    for frame in frames:
        if frame.kind == FrameKind.GAP:
            gap = control.parse_gap(frame)
            assert gap.from_sequence == last + 1
            assert gap.to_sequence == last + gap.missed
            assert gap.epoch == EPOCH
            last = gap.to_sequence
        else:
            assert (frame.epoch, frame.sequence) == (EPOCH, last + 1)
            last = frame.sequence


def test_takes_in_order_with_consecutive_numbers() -> None:
    outbox = Outbox(EPOCH)
    for name in range(10):
        outbox.push(encoded(HELD, name))
    frames = drain(outbox)
    assert names(frames) == [str(name) for name in range(10)]
    check_numbers(frames)
    assert (outbox.bytes, outbox.frames, bool(outbox)) == (0, 0, False)


def test_only_epoch_and_sequence_differ_from_the_shared_bytes() -> None:
    shared = encoded(HELD, "call.1")
    outbox = Outbox(EPOCH)
    outbox.push(shared)
    (frame,) = drain(outbox)
    expected = encode_frame(HELD, {"UniqueObjectID": "call.1"}, epoch=EPOCH, sequence=1)
    assert frame.to_bytes() == expected


def test_take_stops_near_the_size_asked_for() -> None:
    outbox = Outbox(EPOCH)
    one = encoded(HELD, "call.1")
    for _ in range(10):
        outbox.push(one)
    assert sum(map(len, outbox.take(3 * one.length))) == 3 * one.length
    assert len(drain(outbox)) == 7


def test_states_are_not_coalesced_below_the_mark() -> None:
    outbox = small(frames=10)
    for name in range(3):
        outbox.push(encoded(STATE, name), key="agent.1")
    assert names(drain(outbox)) == ["0", "1", "2"]
    assert outbox.coalesced == 0


def test_states_coalesce_to_the_latest_without_a_hole() -> None:
    outbox = small(frames=4, share=0.5)
    outbox.push(encoded(STATE, "first"), key="agent.1")
    outbox.push(encoded(HELD, "call"))
    outbox.push(encoded(STATE, "other"), key="agent.2")
    for name in ("second", "third"):
        outbox.push(encoded(STATE, name), key="agent.1")
    frames = drain(outbox)
    assert names(frames) == ["call", "other", "third"]
    check_numbers(frames)
    assert (outbox.coalesced, outbox.dropped, outbox.gaps) == (2, 0, 0)


def test_a_state_that_was_sent_is_not_replaced() -> None:
    outbox = small(frames=4, share=0.0)
    outbox.push(encoded(STATE, "sent"), key="agent.1")
    assert names(drain(outbox)) == ["sent"]
    outbox.push(encoded(STATE, "next"), key="agent.1")
    assert names(drain(outbox)) == ["next"]
    assert outbox.coalesced == 0


def test_replaced_states_do_not_pile_up() -> None:
    outbox = small(frames=4, share=0.0)
    for name in range(5000):
        outbox.push(encoded(STATE, name), key="agent.1")
    assert len(outbox._queue) < 100
    assert names(drain(outbox)) == ["4999"]


@pytest.mark.parametrize("bound", ["frames", "bytes"])
def test_above_the_bound_gap_held_events_snapshot(bound: str) -> None:
    one = encoded(HELD, "x")
    limits = Limits(
        max_frames=2 if bound == "frames" else 1000,
        max_bytes=2 * one.length if bound == "bytes" else 1 << 20,
        coalesce_share=1.0,
    )
    outbox = Outbox(EPOCH, limits)
    for name in "abcd":
        outbox.push(encoded(HELD, name))
    outbox.push(encoded(END, "E"), keep=True)
    for name in "st":
        outbox.push(encoded(STATE, name), key="agent.1")
    outbox.push(encoded(HELD, "f"))
    assert outbox.lagging
    first = drain(outbox)
    assert outbox.wants_snapshot
    assert not outbox.take(1 << 20)
    outbox.push_snapshot([encoded(SNAPSHOT, "S")])
    outbox.push(encoded(HELD, "g"))
    frames = first + drain(outbox)
    assert names(frames) == ["a", "b", "GAP", "E", "t", "S", "g"]
    check_numbers(frames)
    gap = control.parse_gap(frames[2])
    assert (gap.missed, gap.reason) == (3, control.GapReason.SLOW)
    assert (outbox.dropped, outbox.coalesced, outbox.gaps) == (3, 1, 1)
    assert not outbox.lagging


def test_an_object_whose_state_is_unsent_does_not_lag_the_client() -> None:
    outbox = small(frames=2)
    outbox.push(encoded(STATE, "a"), key="agent.1")
    outbox.push(encoded(HELD, "b"))
    outbox.push(encoded(STATE, "c"), key="agent.1")
    assert not outbox.lagging
    assert names(drain(outbox)) == ["b", "c"]


def test_nothing_left_out_means_no_gap_and_no_snapshot() -> None:
    outbox = small(frames=1)
    outbox.push(encoded(HELD, "a"))
    outbox.push(encoded(END, "E"), keep=True)
    assert outbox.lagging
    frames = drain(outbox)
    assert names(frames) == ["a", "E"]
    assert not outbox.snapshot_pending
    check_numbers(frames)
    assert not outbox.wants_snapshot


def test_call_ends_survive_any_flood() -> None:
    outbox = small(frames=8)
    for name in range(1000):
        outbox.push(encoded(HELD, f"h{name}"))
        outbox.push(encoded(END, f"e{name}"), keep=True)
    frames = drain(outbox)
    outbox.push_snapshot([])
    frames += drain(outbox)
    ends = [name for name in names(frames) if name.startswith("e")]
    assert ends == [f"e{name}" for name in range(1000)]
    check_numbers(frames)


def test_a_snapshot_does_not_count_for_the_bounds() -> None:
    outbox = small(frames=2)
    outbox.push_snapshot([encoded(SNAPSHOT, name) for name in range(50)], [encoded(HELD, "then")])
    assert outbox.snapshot_pending
    outbox.push(encoded(HELD, "a"))
    outbox.push(encoded(HELD, "b"))
    assert not outbox.lagging
    frames = drain(outbox)
    assert names(frames)[-3:] == ["then", "a", "b"]
    assert not outbox.snapshot_pending


def test_what_follows_a_snapshot_waits_for_that_after_the_gap() -> None:
    outbox = small(frames=1)
    outbox.push(encoded(HELD, "a"))
    outbox.push(encoded(HELD, "b"))
    outbox.push_snapshot([encoded(SNAPSHOT, "old")], [encoded(HELD, "then")])
    assert outbox.snapshot_pending
    frames = drain(outbox)
    outbox.push_snapshot([encoded(SNAPSHOT, "new")])
    frames += drain(outbox)
    assert names(frames) == ["a", "GAP", "new", "then"]


def test_two_gaps_number_on() -> None:
    outbox = small(frames=1)
    frames = []
    for _ in range(2):
        for name in "abc":
            outbox.push(encoded(HELD, name))
        frames += drain(outbox)
        outbox.push_snapshot([encoded(SNAPSHOT, "S")])
        frames += drain(outbox)
    assert names(frames) == ["a", "GAP", "S"] * 2
    check_numbers(frames)


def test_too_slow_after_the_time() -> None:
    outbox = small(frames=1, lag_seconds=5.0)
    outbox.push(encoded(HELD, "a"))
    assert outbox.too_slow(0.0) is None
    outbox.push(encoded(HELD, "b"))
    assert outbox.too_slow(100.0) is None
    assert outbox.too_slow(105.0) is None
    words = outbox.too_slow(105.1)
    assert words is not None
    assert "too slow" in words


def test_lag_time_starts_anew_after_recovery() -> None:
    outbox = small(frames=1, lag_seconds=5.0)
    for start in (0.0, 100.0):
        outbox.push(encoded(HELD, "a"))
        outbox.push(encoded(HELD, "b"))
        assert outbox.too_slow(start) is None
        drain(outbox)
        outbox.push_snapshot([])
        assert outbox.too_slow(start + 50.0) is None


def test_too_slow_when_too_much_is_held() -> None:
    outbox = small(frames=1, held_bytes=200)
    outbox.push(encoded(HELD, "a"))
    for name in range(10):
        outbox.push(encoded(END, name), keep=True)
    assert "must not be left out" in (outbox.too_slow(0.0) or "")


@pytest.mark.parametrize("epoch", [0, -1, 1 << 32])
def test_epoch_must_number(epoch: int) -> None:
    with pytest.raises(ValueError, match="epoch"):
        Outbox(epoch)


def test_limits_are_checked() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Limits(max_bytes=0)
    with pytest.raises(ValueError, match="coalesce_share"):
        Limits(coalesce_share=1.5)
