"""TCP out of segments: every byte once and in order, what is lost told, memory bounded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from fastcil import capture_tcp
from fastcil.capture_tcp import Chunk, End, Event, Gap, Key, Reassembly, Segment

pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st

FORTH = Key(b"\x0a\0\0\1", 5000, b"\x0a\0\0\2", 42027)
BACK = Key(b"\x0a\0\0\2", 42027, b"\x0a\0\0\1", 5000)
WRAP = 1 << 32


def segment(sequence: int, data: bytes = b"", time: float = 0.0, **flags: bool) -> Segment:
    return Segment(sequence % WRAP, data, len(data), time=time, **flags)


def syn(sequence: int = 0, time: float = 0.0) -> Segment:
    return segment(sequence, syn=True, time=time)


def run(segments: Iterable[Segment], streams: Reassembly | None = None) -> list[Event]:
    """All that comes of segments of one direction, to the end of the capture."""
    streams = streams or Reassembly()
    found = [event for one in segments for event in streams.add(FORTH, one)]
    return [*found, *streams.finish()]


def read(events: list[Event]) -> tuple[bytes, list[tuple[int, int]], int]:
    """The bytes, the gaps as (offset, size) and how many ends; chunks must follow each other."""
    data = b""
    gaps = []
    ends = 0
    for event in events:
        if isinstance(event, Chunk):
            assert event.offset == len(data)
            assert event.data
            assert not gaps, "a direction with a gap is silent"
            data += event.data
        elif isinstance(event, Gap):
            gaps.append((event.offset, event.size))
        else:
            ends += 1
    return data, gaps, ends


@st.composite
def cut(draw: Any) -> tuple[bytes, int, list[tuple[int, bytes]]]:
    """Data, the sequence number of its SYN, and parts as (offset, data) that cover all of it."""
    data = draw(st.binary(min_size=1, max_size=80))
    first = draw(st.sampled_from([0, 1, WRAP - 1, WRAP - 40]) | st.integers(0, WRAP - 1))
    parts = []
    at = 0
    while at < len(data):
        end = min(len(data), at + draw(st.integers(1, 20)))
        parts.append((at, data[at:end]))
        at = end
    for _ in range(draw(st.integers(0, 6))):  # sent again, in other pieces
        start = draw(st.integers(0, len(data) - 1))
        end = draw(st.integers(start + 1, len(data)))
        parts.append((start, data[start:end]))
    return data, first, draw(st.permutations(parts))


@given(made=cut(), fin=st.integers(0, 100), again=st.integers(0, 100))
def test_any_order_gives_the_stream(
    made: tuple[bytes, int, list[tuple[int, bytes]]], fin: int, again: int
) -> None:
    data, first, parts = made
    segments = [segment(first + 1 + at, part) for at, part in parts]
    segments.insert(min(fin, len(segments)), segment(first + 1 + len(data), fin=True))
    segments.insert(min(again, len(segments)), syn(first))
    assert read(run([syn(first), *segments])) == (data, [], 1)


@given(made=cut(), lost=st.integers(0, 79), size=st.integers(1, 20), fin=st.booleans())
def test_what_is_missing_is_a_gap(
    made: tuple[bytes, int, list[tuple[int, bytes]]], lost: int, size: int, fin: bool
) -> None:
    data, first, parts = made
    lost = lost % len(data)
    end = min(len(data), lost + size)
    kept = []
    for at, part in parts:
        kept += [(at, part[: max(0, lost - at)]), (max(at, end), part[max(0, end - at) :])]
    segments = [segment(first + 1 + at, part) for at, part in kept if part]
    if fin:
        segments.append(segment(first + 1 + len(data), fin=True))
    gaps = [(lost, end - lost)] if end < len(data) or fin else []
    assert read(run([syn(first), *segments])) == (data[:lost], gaps, 1)


def test_a_gap_has_the_time_when_it_was_seen_and_silence_follows() -> None:
    events = run(
        [
            syn(0, 1.0),
            segment(1, b"ab", 2.0),
            segment(5, b"ef", 3.0),
            segment(7, reset=True, time=4.0),
            segment(3, b"cdefgh", 5.0),
            syn(100, 6.0),
            segment(101, b"new", 7.0),
        ]
    )
    first, second = events[0].flow, events[-1].flow
    assert str(first) == str(second) == "10.0.0.1:5000>10.0.0.2:42027"
    assert first != second
    assert events == [
        Chunk(first, 0, b"ab", 2.0),
        Gap(first, 2, 2, 3.0),
        End(first, 4.0),
        Chunk(second, 0, b"new", 7.0),
        End(second, 7.0),
    ]


def test_a_connection_from_before_the_capture_is_read_from_its_first_data() -> None:
    probe = segment(99, b"\0")  # keep-alive: a byte that was sent before
    segments = [segment(0), probe, segment(100, b"data"), probe, segment(103, b"a, more")]
    assert read(run(segments)) == (b"data, more", [], 1)
    assert run([segment(1, fin=True), segment(1, reset=True)]) == []


def test_late_segments_begin_no_new_connection_and_a_new_one_does() -> None:
    late = [segment(1, b"ab", 9.0), segment(3, b"cd", 9.0, fin=True)]
    opening = [syn(0, 9.0), segment(1, b"ab", 9.0), segment(3, fin=True, time=9.0)]
    assert read(run([*opening, *late])) == (b"ab", [], 1)
    after = segment(7000, b"later", 9.0 + capture_tcp.LINGER + 1)
    events = run([*opening, *late, after])
    assert [event.data for event in events if isinstance(event, Chunk)] == [b"ab", b"later"]
    assert len({event.flow for event in events}) == 2


def test_data_in_the_syn_and_data_cut_by_the_capture() -> None:
    opening = Segment(0, b"fast", 4, syn=True)
    assert read(run([opening, segment(5, b"er")])) == (b"faster", [], 1)
    short = Segment(1, b"be", 9, fin=True)
    assert read(run([syn(0), short])) == (b"be", [(2, 7)], 1)


def test_a_hole_is_a_loss_when_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_tcp, "WAITING_MOST", 100)
    large = [segment(10 + 60 * n, bytes(60)) for n in range(2)]
    streams = Reassembly()
    assert read(run([syn(0), *large, segment(1, b"too late")], streams)) == (b"", [(0, 9)], 1)
    monkeypatch.setattr(capture_tcp, "SEGMENTS_MOST", 10)
    small = [segment(10 + n, b"x") for n in range(11)]
    assert read(run([syn(0), *small, segment(1, b"too late")])) == (b"", [(0, 9)], 1)
    # The same segment once more takes no more room.
    same = [segment(10, bytes(60))] * 5
    assert read(run([syn(0), *same, segment(1, bytes(9))])) == (bytes(69), [], 1)


def test_the_quietest_direction_is_given_up_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capture_tcp, "FLOWS_MOST", 3)
    streams = Reassembly()
    events = list(streams.add(FORTH, syn(0)))
    for port in range(1, 20):
        events += streams.add(FORTH._replace(source_port=port), syn(0))
        events += streams.add(FORTH, segment(port, b"x"))
    events += streams.finish()
    kept = [one for one in events if one.flow.source_port == 5000]
    assert read(kept) == (b"x" * 19, [], 1)
    assert len([one for one in events if isinstance(one, End)]) == 20


def test_directions_are_apart() -> None:
    streams = Reassembly()
    events = [
        *streams.add(FORTH, segment(1, b"ask")),
        *streams.add(BACK, segment(1, b"answer")),
        *streams.finish(),
    ]
    flows = {str(one.flow): one.data for one in events if isinstance(one, Chunk)}
    assert flows == {
        "10.0.0.1:5000>10.0.0.2:42027": b"ask",
        "10.0.0.2:42027>10.0.0.1:5000": b"answer",
    }
