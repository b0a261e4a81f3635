"""Bytes that are no messages, and streams cut in every way."""

from __future__ import annotations

import struct

import pytest
from ged_link_kit import A, Rig

from fastcil.ged188 import encode_message
from fastcil.ged188.link import DecodeProblem, LinkLost, LinkState, Lost, MessageReceived

GOOD = encode_message(
    "USER_MESSAGE_EVENT",
    {"ICMCentralControllerTime": 1, "Distribution": 3, "ClientID": "x", "Text": "fine"},
)
UNKNOWN = struct.pack(">II", 4, 60_000) + b"\0\0\0\0"
RUNT = struct.pack(">II", 2, 31) + b"\0\0"
# A length that reaches behind the end of its message.
FIELD = struct.pack(">I", len(GOOD) - 8) + GOOD[4:-6] + b"\x00\x07\xff\xff\x00\x00"
ENDLESS = struct.pack(">II", 0x7FFFFFFF, 31)


@pytest.mark.parametrize("bad", [UNKNOWN, RUNT, FIELD], ids=["type", "runt", "field"])
def test_garbage_that_has_an_end_is_passed_over(bad: bytes) -> None:
    rig = Rig().opened()
    rig.feed(GOOD + bad + GOOD)
    assert len(rig.of(MessageReceived)) == 2
    (problem,) = rig.of(DecodeProblem)
    assert (problem.side, problem.error.resumable, problem.error.data) == ("A", True, bad)
    assert rig.core.counters.bad == 1
    assert rig.core.state is LinkState.OPEN


def test_garbage_without_an_end_resets_the_connection() -> None:
    rig = Rig().opened()
    rig.feed(GOOD + ENDLESS + GOOD)
    assert len(rig.of(MessageReceived)) == 1
    assert rig.of(DecodeProblem)[0].error.resumable is False
    (lost,) = rig.of(LinkLost)
    assert lost.reason is Lost.GARBAGE
    assert rig.cuts == [A]
    rig.core.bytes_received(A, GOOD, rig.now)  # what was on the way
    rig.act()
    assert len(rig.of(MessageReceived)) == 1


def test_nothing_but_garbage_is_given_up() -> None:
    rig = Rig(max_bad_messages=10).opened()
    rig.feed(UNKNOWN * 9 + GOOD + UNKNOWN * 9)
    assert rig.core.state is LinkState.OPEN
    rig.feed(UNKNOWN)
    assert rig.of(LinkLost)[0].reason is Lost.GARBAGE
    assert rig.core.counters.bad == 19


def test_garbage_of_an_old_session_does_not_spoil_the_new_one() -> None:
    rig = Rig().opened()
    rig.wait(60)
    rig.feed(GOOD[:11])
    rig.lost(A)
    rig.made(A)
    rig.confirm_open(A)
    rig.feed(GOOD)
    assert len(rig.of(MessageReceived)) == 1


def test_messages_larger_than_allowed_are_not_waited_for() -> None:
    rig = Rig(max_message=512).opened()
    rig.feed(struct.pack(">II", 1000, 31))
    assert rig.of(LinkLost)[0].reason is Lost.GARBAGE


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 64])
def test_any_cut_of_the_stream_gives_the_same_events(size: int) -> None:
    whole, cut = Rig().opened(), Rig().opened()
    pending = [rig.hold() for rig in (whole, cut)]
    data = GOOD + encode_message("HOLD_CALL_CONF", {"InvokeID": pending[0].number}) + UNKNOWN + GOOD
    whole.feed(data)
    for at in range(0, len(data), size):
        cut.feed(data[at : at + size])
    assert whole.kinds() == cut.kinds()
    assert [e.message for e in whole.of(MessageReceived)] == [
        e.message for e in cut.of(MessageReceived)
    ]
    assert whole.outcome(pending[0]).error is cut.outcome(pending[1]).error is None
    assert whole.core.counters == cut.core.counters


def test_a_buffer_to_receive_into_saves_a_copy() -> None:
    rig = Rig().opened()
    for at in range(0, len(GOOD), 10):
        piece = GOOD[at : at + 10]
        rig.core.get_buffer(A, 10)[: len(piece)] = piece
        rig.core.buffer_updated(A, len(piece), rig.now)
        rig.act()
    assert rig.of(MessageReceived)[0].message["Text"] == "fine"


def test_strict_reading_is_a_setting() -> None:
    text = b"\x00\x07\x00\x05fine\x00"
    twice = struct.pack(">I", len(GOOD) - 8 + len(text)) + GOOD[4:] + text
    lenient, strict = Rig().opened(), Rig(strict=True).opened()
    lenient.feed(twice)
    strict.feed(twice)
    assert len(lenient.of(MessageReceived)) == 1
    assert len(strict.of(DecodeProblem)) == 1
