"""The rows of GED-188: one CALL_DELIVERED_EVENT, ours beside a decoder written by hand on struct.

The event has ten call variables and two named variables, as it comes from a site that fills its
call context. Ways of receiving as in rows.py: `bytes` is one message's bytes, `stream` a chunk of
64 KiB; checking every length, text and name is inside the clock, which the struct decoder skips.
The rows per byte compare GED-188 with our own frames, OnCallBegin with 54 items.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Any

import ged_struct
from events import READ as OWN_READ
from events import Event, call_begin
from fastcil import codec, ged188
from rows import CHUNK, Row
from timing import Code

VERSION = 24
MESSAGE = "CALL_DELIVERED_EVENT"
NAME = "ged_delivered"
PEER = "struct, by hand"
FRAMES = "our own frames"
READ = ("ConnectionCallID", "AlertingDeviceID", "ANI")
KEYS = ", ".join(map(repr, READ))
LENGTH = Struct(">I")
OWN = call_begin()  # never a recorded one: per byte only like sizes compare

PEER_STREAM = """\
at = 0
while at < size:
    end = at + 8 + unpack_from(chunk, at)[0]
    found = decode(chunk[at:end])
    found["ConnectionCallID"], found["AlertingDeviceID"], found["ANI"]
    at = end
"""
TITLES = {
    "read3": "read 3 fields",
    "dict": "whole dict",
    "encode": "dict → bytes",
    "check_per_byte": "cut and check, a byte",
    "read3_per_byte": "read 3 fields, a byte",
    "dict_per_byte": "whole dict, a byte",
}


def values() -> dict[str, Any]:
    """The fields of the event: numbers of a small site, texts of usual length."""
    found: dict[str, Any] = {
        "MonitorID": 0,
        "PeripheralID": 5000,
        "PeripheralType": 17,
        "ConnectionDeviceIDType": 0,
        "ConnectionCallID": 16800202,
        "LineHandle": 0xFFFF,
        "LineType": 0,
        "ServiceNumber": 5006,
        "ServiceID": 5006,
        "SkillGroupNumber": 77,
        "SkillGroupID": 5077,
        "SkillGroupPriority": 0,
        "AlertingDeviceType": 0,
        "CallingDeviceType": 1,
        "CalledDeviceType": 0,
        "LastRedirectDeviceType": 0xFFFF,
        "LocalConnectionState": 2,
        "EventCause": 0,
        "NumNamedVariables": 2,
        "NumNamedArrays": 0,
        "ConnectionDeviceID": "23901",
        "AlertingDeviceID": "23901",
        "CallingDeviceID": "5558675309",
        "CalledDeviceID": "8005551234",
        "TrunkNumber": 12,
        "TrunkGroupNumber": 3,
        "ANI": "5558675309",
        "DNIS": "8005551234",
        "DialedNumber": "8005551234",
        "CallerEnteredDigits": "40721",
    }
    found.update({f"CallVariable{number}": f"value of CV {number:02}" for number in range(1, 11)})
    found["NamedVariable"] = [
        ged188.NamedVariable("user.CustomerSegment", "gold"),
        ged188.NamedVariable("user.OrderNumber", "2024-000117"),
    ]
    return found


def event() -> Event:
    """The name and title under which the rows stand."""
    number = ged188.Message.from_bytes(message(), VERSION).type
    return Event(NAME, f"GED-188 {MESSAGE}, version {VERSION}, {len(message())} bytes", number, {})


def message() -> bytes:
    return ged188.encode_message(MESSAGE, values(), version=VERSION)


def check() -> None:
    """Raises AssertionError unless both sides give the right answers."""
    data, wanted = message(), values()
    ours = ged188.Message.from_bytes(data, VERSION)
    theirs = ged_struct.decoder(MESSAGE, VERSION)(data)
    names = tuple(wanted[name] for name in READ)
    if ours.get_many(*READ) != names or tuple(theirs[name] for name in READ) != names:
        raise AssertionError(f"{MESSAGE}: {ours.get_many(*READ)}")
    if ours.to_dict() != theirs:
        raise AssertionError(f"{MESSAGE}: {ours.to_dict()} is not {theirs}")
    if ged_struct.encoder(MESSAGE, VERSION)(wanted) != data:
        raise AssertionError(f"{MESSAGE}: the peer's bytes are others")


def stream_of(source: str, feed: Any, data: bytes, *, per_byte: bool = False) -> Code:
    """What is done with each `one` of a chunk."""
    count = CHUNK // len(data)
    return Code(
        f"for one in feed(chunk):\n    {source}",
        {"feed": feed, "chunk": data * count},
        events=count * len(data) if per_byte else count,
        statements=True,
    )


def rows() -> Iterator[Row]:
    """Our code and the peer's for each question; answers are checked before anything is timed."""
    check()
    about, data = event(), message()
    count = CHUNK // len(data)
    chunk = data * count
    decode = ged_struct.decoder(MESSAGE, VERSION)
    open_one = ged188.Message.from_bytes
    ours = {"open_one": open_one, "data": data, "version": VERSION}
    theirs = {"decode": decode, "data": data}

    def row(work: str, variant: str, mine: Code, peer: Code, name: str = PEER) -> Row:
        return Row(about, work, variant, mine, {name: peer}, promised=name, titles=TITLES)

    three = (
        'found = decode(data)\nfound["ConnectionCallID"], found["AlertingDeviceID"], found["ANI"]'
    )
    yield row(
        "read3",
        "bytes",
        Code(f"open_one(data, version).get_many({KEYS})", ours),
        Code(three, theirs, statements=True),
    )
    yield row(
        "read3",
        "stream",
        stream_of(f"one.get_many({KEYS})", ged188.MessageReader(VERSION).feed, data),
        Code(
            PEER_STREAM,
            {
                "decode": decode,
                "chunk": chunk,
                "size": len(chunk),
                "unpack_from": LENGTH.unpack_from,
            },
            events=count,
            statements=True,
        ),
    )
    yield row(
        "dict",
        "bytes",
        Code("open_one(data, version).to_dict()", ours),
        Code("decode(data)", theirs),
    )
    yield row(
        "encode",
        "",
        Code(
            "encode(name, values, version=version)",
            {
                "encode": ged188.encode_message,
                "name": MESSAGE,
                "values": values(),
                "version": VERSION,
            },
        ),
        Code(
            "encode(values)",
            {"encode": ged_struct.encoder(MESSAGE, VERSION), "values": values()},
        ),
    )
    # Per byte: as many "events" as bytes.
    own = codec.encode_frame(OWN.message_id, OWN.values)
    for work, mine_source, own_source in (
        ("check", "pass", "pass"),
        ("read3", f"one.get_many({KEYS})", f"one.get_many({', '.join(map(repr, OWN_READ))})"),
        ("dict", "one.to_dict()", "one.to_dict()"),
    ):
        mine = stream_of(mine_source, ged188.MessageReader(VERSION).feed, data, per_byte=True)
        frames = stream_of(own_source, codec.FrameReader().feed, own, per_byte=True)
        yield row(f"{work}_per_byte", "stream", mine, frames, FRAMES)
