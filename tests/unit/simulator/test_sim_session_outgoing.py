"""The queue of one client: order, lateness, pace, bounds."""

from __future__ import annotations

import pytest

from fastcil.simulator.outgoing import Outgoing, Pace


def test_in_order_and_no_more_than_asked_for() -> None:
    out = Outgoing(1000)
    for number in range(10):
        assert out.push(bytes([number]) * 10)
    assert out.bytes == 100
    assert out.take(0.0, 25) == b"".join(bytes([n]) * 10 for n in range(3))
    assert out.take(0.0) == b"".join(bytes([n]) * 10 for n in range(3, 10))
    assert out.take(0.0) == b""
    assert out.bytes == 0
    assert out.next_due(0.0) is None


def test_what_is_late_is_passed_by_what_is_not() -> None:
    out = Outgoing(1000)
    out.push(b"late", 5.0)
    out.push(b"now")
    out.push(b"later", 7.0)
    assert out.take(1.0) == b"now"
    assert out.next_due(1.0) == 5.0
    assert out.take(4.9) == b""
    assert out.take(5.0) == b"late"
    assert out.take(9.0) == b"later"


def test_the_bound_is_in_bytes() -> None:
    out = Outgoing(100)
    assert out.push(b"x" * 100)
    assert not out.push(b"y")
    assert out.bytes == 100
    out.force(b"last words")
    assert out.bytes == out.peak == 110
    assert out.clear() == 110
    assert out.push(b"y")


@pytest.mark.parametrize("pace", [1.0, 7.0, 1000.0])
def test_pace(pace: float) -> None:
    """So many bytes a second on the average, nothing lost, nothing out of order."""
    out = Outgoing(10_000)
    sent = bytes(range(256)) * 8
    for at in range(0, len(sent), 64):
        out.push(sent[at : at + 64])
    out.pace = Pace(pace)
    now, found, turns = 0.0, b"", 0
    while out.bytes:
        due = out.next_due(now)
        assert due is not None
        assert due >= now
        now = due + 1e-6
        found += out.take(now)
        assert len(found) <= pace * now + 1
        turns += 1
    assert found == sent
    assert now == pytest.approx(len(sent) / pace, rel=0.1)
    assert turns <= len(sent)


def test_a_quiet_time_is_not_saved_up() -> None:
    out = Outgoing(10_000)
    out.pace = Pace(10.0)
    out.push(b"x" * 1000)
    assert len(out.take(3600.0)) <= 10


def test_held_until_let_go() -> None:
    out = Outgoing(1000)
    out.push(b"x")
    out.held = True
    assert out.take(1.0) == b""
    assert out.next_due(1.0) is None
    out.held = False
    assert out.take(1.0) == b"x"


def test_a_pace_taken_away_in_the_middle_of_a_message() -> None:
    out = Outgoing(1000)
    out.push(b"abcdef")
    out.push(b"ghi")
    out.pace = Pace(4.0)
    assert out.take(1.0) == b"abcd"
    out.pace = None
    assert out.next_due(1.0) == 1.0
    assert out.take(1.0) == b"efghi"
