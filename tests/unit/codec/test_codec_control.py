"""Control frames: what is built is what is read, and bad ones say what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastcil.codec import ArgType, Arguments, Frame, FrameKind, WireError, encode_frame
from fastcil.codec.control import (
    HELLO_ID,
    KEYWORD_COUNT,
    Close,
    CloseReason,
    Gap,
    GapReason,
    Hello,
    NegotiationError,
    Welcome,
    close,
    gap,
    heartbeat,
    heartbeat_conf,
    hello,
    negotiate,
    parse_close,
    parse_gap,
    parse_hello,
    parse_welcome,
    welcome,
)
from fastcil.codec.errors import Reason

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "frames.json"

HELLO = Hello(keyword_count=500, heartbeat_interval=60000, client_name="golden")
WELCOME = Welcome(
    keyword_count=500, heartbeat_interval=60000, connection_id="7", current_server="side-a"
)
GAP = Gap(missed=20, from_sequence=101, to_sequence=120, epoch=9, reason=GapReason.SLOW)


def read(data: bytes) -> Frame:
    return Frame.from_bytes(data)


def edited(data: bytes, **entries: Any) -> Frame:
    """A control frame with some entries replaced; None takes one out."""
    frame = read(data)
    block = Arguments(frame.arguments)
    for key, value in entries.items():
        if value is None:
            block.remove(key)
        else:
            block[key] = value
    return read(encode_frame(frame.message_id, block, kind=frame.kind))


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("HELLO", hello(HELLO)),
        ("WELCOME", welcome(WELCOME)),
        ("HEARTBEAT", heartbeat(4000000000)),
        ("HEARTBEAT_CONF", heartbeat_conf(read(heartbeat(4000000000)))),
        ("GAP", gap(GAP)),
        ("CLOSE, orderly", close()),
        ("CLOSE, too slow", close(CloseReason.TOO_SLOW, "too slow")),
    ],
)
def test_builders_make_the_golden_bytes(name: str, made: bytes) -> None:
    vectors = {v["name"]: v["hex"] for v in json.loads(VECTORS.read_text("utf-8"))}
    assert made.hex() == vectors[name]


@pytest.mark.parametrize(
    "what",
    [
        Hello(),
        HELLO,
        Hello(version_min=1, version_max=9, max_frame=32, keyword_count=0),
        Hello(resume_epoch=0xFFFFFFFF, resume_sequence=0xFFFFFFFFFFFFFFFF),
        Hello(resume_epoch=0, resume_sequence=0),
    ],
)
def test_hello(what: Hello) -> None:
    assert parse_hello(read(hello(what))) == what


def test_hello_says_who_it_is_in_its_first_bytes() -> None:
    assert hello()[4:8] == b"CIL1"


def test_half_a_resume_position() -> None:
    with pytest.raises(ValueError, match="together"):
        hello(Hello(resume_epoch=1))
    with pytest.raises(WireError):
        parse_hello(edited(hello(), ResumeEpoch=1))
    with pytest.raises(WireError):
        parse_hello(edited(hello(), ResumeSequence="1"))


@pytest.mark.parametrize(
    "entries",
    [
        {"WireVersionMin": None},
        {"WireVersionMin": 0},
        {"WireVersionMin": 3, "WireVersionMax": 2},
        {"WireVersionMax": "one"},
        {"KeywordCount": -1},
        {"KeywordCount": 40000},
        {"MaxFrame": 31},
        {"MaxFrame": None},
        {"MaxFrame": True},
        {"HeartbeatInterval": -1},
        {"HeartbeatInterval": {"nested": 1}},
        {"ResumeEpoch": 1, "ResumeSequence": "18446744073709551616"},
        {"ResumeEpoch": 1, "ResumeSequence": "1" * 5000},
        {"ResumeEpoch": 1, "ResumeSequence": "-1"},
        {"ResumeEpoch": 1, "ResumeSequence": "٣"},
    ],
)
def test_bad_hello(entries: dict[str, Any]) -> None:
    with pytest.raises(WireError, match="HELLO: expected") as caught:
        parse_hello(edited(hello(), **entries))
    assert caught.value.reason is Reason.VALUE
    assert len(str(caught.value)) < 6000


def test_numbers_may_come_in_any_type() -> None:
    frame = edited(hello(), KeywordCount="500", MaxFrame=3000000000 - 2000000000)
    assert parse_hello(frame).keyword_count == 500
    frame = edited(hello(), MaxFrame=0x7FFFFFFF)
    assert parse_hello(frame).max_frame == 64 << 20


def test_unknown_entries_are_ignored() -> None:
    assert parse_hello(edited(hello(), Future="x", Later={"y": 1})) == Hello()


def test_kinds_are_checked() -> None:
    for parse, kind in (
        (parse_hello, FrameKind.HELLO),
        (parse_welcome, FrameKind.WELCOME),
        (parse_gap, FrameKind.GAP),
        (parse_close, FrameKind.CLOSE),
        (heartbeat_conf, FrameKind.HEARTBEAT),
    ):
        with pytest.raises(WireError, match=kind.name) as caught:
            parse(read(encode_frame(HELLO_ID, {}, kind=FrameKind.EVENT)))
        assert caught.value.reason is Reason.FRAME_KIND
        assert caught.value.offset == 12


def test_message_ids_are_checked() -> None:
    frame = read(hello())
    other = read(encode_frame(5, frame.arguments, kind=FrameKind.HELLO))
    with pytest.raises(WireError, match="message id") as caught:
        parse_hello(other)
    assert caught.value.offset == 4


def test_negotiate() -> None:
    got = negotiate(
        Hello(version_max=5, keyword_count=200),
        max_frame=4096,
        heartbeat_interval=5000,
        connection_id="12",
        current_server="side-b",
        status_system=3,
    )
    assert got == Welcome(
        version=1,
        keyword_count=200,
        max_frame=4096,
        heartbeat_interval=5000,
        connection_id="12",
        current_server="side-b",
        status_system=3,
    )
    assert parse_welcome(read(welcome(got))) == got
    assert negotiate(Hello(keyword_count=0x7FFF)).keyword_count == KEYWORD_COUNT


def test_no_common_version() -> None:
    with pytest.raises(NegotiationError, match="version 1, got 2 to 3"):
        negotiate(Hello(version_min=2, version_max=3))


@pytest.mark.parametrize(
    "entries",
    [
        {"WireVersion": 2},
        {"WireVersion": None},
        {"KeywordCount": KEYWORD_COUNT + 1},
        {"MaxFrame": 8},
        {"StatusSystem": None},
    ],
)
def test_bad_welcome(entries: dict[str, Any]) -> None:
    with pytest.raises(WireError, match="WELCOME: expected"):
        parse_welcome(edited(welcome(WELCOME), **entries))


def test_heartbeats() -> None:
    plain = read(heartbeat())
    assert plain.kind == FrameKind.HEARTBEAT
    assert not plain.arguments
    timed = read(heartbeat(5))
    assert timed.arguments.type_of("EventTime") is ArgType.UINT
    answer = read(heartbeat_conf(edited(heartbeat(5), Own="entry")))
    assert answer.kind == FrameKind.HEARTBEAT_CONF
    assert answer.arguments == {"EventTime": 5, "Own": "entry"}


def test_gap() -> None:
    assert parse_gap(read(gap(GAP))) == GAP
    many = Gap(1 << 40, 1, 1 << 40, 0xFFFFFFFF, GapReason.RECONNECT)
    assert parse_gap(read(gap(many))).missed == 0xFFFFFFFF
    for entries in ({"Missed": None}, {"ToSequence": "100"}, {"FromSequence": "x"}):
        with pytest.raises(WireError, match="GAP: expected"):
            parse_gap(edited(gap(GAP), **entries))


@pytest.mark.parametrize("reason", CloseReason)
def test_close(reason: CloseReason) -> None:
    assert parse_close(read(close(reason, "words"))) == Close(reason, "words")
    assert parse_close(read(close(reason))) == Close(reason, "")
    assert isinstance(parse_close(read(close(reason))).reason, CloseReason)


def test_close_of_a_later_version() -> None:
    frame = read(encode_frame(77, {"ErrorMessage": 5}, kind=FrameKind.CLOSE))
    assert parse_close(frame) == Close(77, "5")
