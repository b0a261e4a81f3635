"""The queue of a reader of events: order, bound, and the notice of what is missing."""

from __future__ import annotations

import pytest

from fastcil.ged188 import DecodeError, Message, Reason, encode_message
from fastcil.ged188.link import (
    Closed,
    DecodeProblem,
    Gap,
    LinkEvent,
    MessageReceived,
    Reconcile,
    ReconcileReason,
)
from fastcil.ged188.link_queue import EventQueue

DATA = encode_message("STANDBY_ACTIVE_EVENT_MSG", {})


def events(count: int) -> list[LinkEvent]:
    return [MessageReceived(Message.from_bytes(DATA), "B") for _ in range(count)]


def drain(queue: EventQueue) -> list[LinkEvent]:
    found = []
    while len(queue):
        found.append(queue.get())
    return found


def test_order_is_kept() -> None:
    queue = EventQueue(10)
    given = [*events(2), Closed("x"), *events(1)]
    assert queue.put(given) == 0
    assert drain(queue) == given
    with pytest.raises(IndexError):
        queue.get()


def test_what_is_too_much_is_counted_and_told_where_it_is_missing() -> None:
    queue = EventQueue(3)
    given = events(5)
    assert queue.put(given) == 2
    assert queue.put(events(1)) == 1
    found = drain(queue)
    assert found[:3] == given[:3]
    assert found[3:] == [Gap(3), Reconcile("B", ReconcileReason.MISSED)]
    assert queue.missed == 3


def test_the_notice_stands_before_what_comes_afterwards() -> None:
    queue = EventQueue(2)
    queue.put(events(3))
    queue.get()
    later = events(1)
    queue.put(later)
    found = drain(queue)
    assert [type(event) for event in found] == [MessageReceived, Gap, Reconcile, MessageReceived]
    assert found[-1] is later[0]


def test_what_the_link_says_itself_is_never_dropped() -> None:
    queue = EventQueue(1)
    queue.put(events(2))
    assert queue.put([Closed("a")]) == 0
    assert queue.put([*events(1), Closed("b")]) == 1
    kinds = [type(event) for event in drain(queue)]
    assert kinds == [MessageReceived, Gap, Reconcile, Closed, Gap, Reconcile, Closed]


def test_a_flood_of_anything_the_server_sends_is_bounded() -> None:
    queue = EventQueue(2)
    error = DecodeError("bad", reason=Reason.MESSAGE_TYPE, offset=4)
    assert queue.put([DecodeProblem("A", error)] * 1000) == 998
    assert len(queue) == 4
    assert drain(queue)[2:] == [Gap(998), Reconcile("A", ReconcileReason.MISSED)]


def test_nobody_reads_it_any_more() -> None:
    queue = EventQueue(1)
    queue.put(events(5))
    queue.clear()
    assert len(queue) == 0
    assert queue.put(events(1)) == 0
