"""Messages as JSON objects and back to the same bytes."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from fastcil.decoding import MessagePrinter, encode_lines
from fastcil.ged188 import DecodeError, Message, encode_message
from fastcil.ged188.message_json import error_object, message_from, message_object
from fastcil.ged188.schema import MESSAGES, FieldSpec

HELD = {
    "MonitorID": 0,
    "PeripheralID": 5000,
    "PeripheralType": 17,
    "ConnectionDeviceIDType": 0,
    "ConnectionCallID": 202,
    "HoldingDeviceType": 76,
    "LocalConnectionState": 4,
    "EventCause": 0xFFFF,
}


def shown(data: bytes, version: int = 24) -> Any:
    return json.loads(json.dumps(message_object(Message.from_bytes(data, version))))


def test_the_form_that_is_documented() -> None:
    values = {"InvokeID": 1, "CallVariableMask": 3, "NamedVariable": [("user.a", "1")]}
    values["NamedArray"] = [(2, "user.x", "y")]
    found = shown(encode_message("REGISTER_VARIABLES_REQ", values, version=24))
    assert found == {
        "type": 110,
        "name": "REGISTER_VARIABLES_REQ",
        "fields": {
            "InvokeID": 1,
            "CallVariableMask": 3,
            "NumNamedVariables": 1,
            "NumNamedArrays": 1,
        },
        "floating": [
            ["NamedVariable", {"name": "user.a", "value": "1"}],
            ["NamedArray", {"index": 2, "name": "user.x", "value": "y"}],
        ],
    }
    assert list(found["fields"]) == [
        "InvokeID",
        "CallVariableMask",
        "NumNamedVariables",
        "NumNamedArrays",
    ]


def test_text_bytes_arrays_and_unknown_tags() -> None:
    data = encode_message(
        "CALL_HELD_EVENT",
        HELD,
        floating=[("ConnectionDeviceID", "3001"), (312, b"\x00\xff"), ("HoldingDeviceID", "x")],
        version=24,
    )
    assert shown(data)["floating"] == [
        ["ConnectionDeviceID", "3001"],
        {"tag": 312, "hex": "00ff"},
        ["HoldingDeviceID", "x"],
    ]
    group = encode_message(
        "CONFIG_AGENT_EVENT", {"records": [{"RecordType": 0, "FltSkillGroupNumber": [1, 2]}]}
    )
    assert ["FltSkillGroupNumber", [1, 2]] in shown(group, 25)["floating"]
    password = encode_message(
        "OPEN_REQ",
        {
            **{f"Reserved{n}": 0 for n in (1, 2, 3)},
            **dict.fromkeys(("InvokeID", "VersionNumber", "IdleTimeout", "PeripheralID"), 9),
            **dict.fromkeys(("ServicesRequested", "CallMsgMask", "AgentStateMask"), 0),
            "ConfigMsgMask": 0,
            "ClientPassword": b"\x01\x02",
        },
        version=24,
    )
    assert shown(password)["floating"] == [["ClientPassword", "0102"]]


@pytest.mark.parametrize("raw", [b"", b"ab", b"a\0b\0", b"\0\0", b"\xe4\xff\0", b"ok\0"])
def test_texts_that_are_not_canonical_come_back(raw: bytes) -> None:
    data = encode_message(
        "CALL_HELD_EVENT", HELD, floating=[("ConnectionDeviceID", raw)], version=9
    )
    found = shown(data, 9)
    assert message_from(found, 9) == data
    canonical = raw.endswith(b"\0") and raw.count(b"\0") == 1
    assert isinstance(found["floating"][0][1], str) is canonical


@pytest.mark.parametrize("raw", [b"a\0b", b"a\0b\0c", b"a\0\0\0", b"a\0b\0"])
def test_named_variables_that_are_not_canonical_come_back(raw: bytes) -> None:
    values = {"InvokeID": 1, "CallVariableMask": 0, "NumNamedVariables": 1, "NumNamedArrays": 0}
    data = encode_message(110, values, floating=[("NamedVariable", raw)], version=24)
    assert message_from(shown(data), 24) == data


@pytest.mark.parametrize("version", [9, 23, 24])
@pytest.mark.parametrize(
    "fields",
    [{"InvokeID": 5, "Status": 3}, {"InvokeID": 5, "FailureCode": 3, "PeripheralErrorCode": 0}],
)
def test_both_forms_of_failure_conf(fields: dict[str, int], version: int) -> None:
    data = encode_message("FAILURE_CONF", fields, version=version)
    assert shown(data, version)["fields"] == fields
    assert message_from(shown(data, version), version) == data


def value(rng: random.Random, field: FieldSpec) -> Any:
    kind = field.type.value
    if field.is_array:
        return [rng.randrange(1 << 8 * field.type.size) for _ in range(rng.randrange(4))]
    if field.type.size:
        bits = 8 * field.type.size
        if kind == "INT":
            return rng.choice((0, -1, (1 << bits - 1) - 1, -(1 << bits - 1)))
        return rng.choice((0, 1, (1 << bits) - 1, rng.randrange(1 << bits)))
    text = "".join(rng.choice("aZ9 ü") for _ in range(rng.randrange(6)))
    text = text.encode()[: max(0, field.max_size - 1)].decode("utf-8", "ignore")
    return {
        "STRING": text,
        "UNSPEC": rng.randbytes(rng.randrange(min(8, field.max_size + 1))),
        "NAMEDVAR": (f"user.{text}", text),
        "NAMEDARRAY": (rng.randrange(256), f"user.{text}", text),
    }[kind]


@pytest.mark.parametrize("version", [9, 14, 19, 20, 25])
def test_every_message_of_the_set_there_and_back(version: int) -> None:
    rng = random.Random(version)
    count = 0
    for spec in MESSAGES:
        if spec.min_version > version:
            continue
        for _ in range(6):
            if not spec.documented:
                data = encode_message(spec.number, body=rng.randbytes(5), version=version)
            else:
                fields = {f.name: value(rng, f) for f in spec.fixed_of(version)}
                fields = {k: v for k, v in fields.items() if not k.startswith("Num")} | {
                    k: 0 for k in fields if k.startswith("Num")
                }
                if "SessionType" in fields:  # by its value it is told from a tag
                    fields["SessionType"] = rng.randrange(3)
                chosen = [f for f in spec.floating_of(version) if rng.random() < 0.7]
                pairs: list[Any] = [(f.name, value(rng, f)) for f in chosen]
                if rng.random() < 0.3:
                    pairs.append((250 if version < 20 else 400, b"?"))
                data = encode_message(spec.number, fields, floating=pairs, version=version)
            found = shown(data, version)
            assert message_from(found, version) == data, spec.name
            count += 1
    assert count > 800


def test_errors_are_objects_too() -> None:
    data = bytes.fromhex("0000000400000005")
    with pytest.raises(DecodeError) as caught:
        Message.from_bytes(data)
    found = error_object(caught.value)
    assert found["reason"] == "MESSAGE_LENGTH"
    assert found["name"] == "HEARTBEAT_REQ"


def printed(data: bytes, version: int | None = None, size: int = 7) -> tuple[list[Any], bool]:
    found: list[Any] = []
    printer = MessagePrinter(found.append, version)
    for start in range(0, len(data), size):
        printer.feed(data[start : start + size])
    printer.finish()
    return found, printer.good


def open_req(version: int) -> bytes:
    values = dict.fromkeys(
        (
            *("InvokeID", "IdleTimeout", "PeripheralID", "ServicesRequested", "CallMsgMask"),
            *("AgentStateMask", "ConfigMsgMask", "Reserved1", "Reserved2", "Reserved3"),
        ),
        0,
    )
    return encode_message(
        "OPEN_REQ", {**values, "VersionNumber": version, "ClientID": "me"}, version=version
    )


HEARTBEAT = encode_message("HEARTBEAT_REQ", {"InvokeID": 7})


def test_a_stream_follows_the_version_that_is_asked_for() -> None:
    data = open_req(9) + HEARTBEAT + open_req(20)
    found, good = printed(data)
    assert good
    assert [one["offset"] for one in found] == [0, len(open_req(9)), len(open_req(9) + HEARTBEAT)]
    assert [one["floating"] for one in found if one["type"] == 3] == [[["ClientID", "me"]]] * 2
    again = b"".join(encode_lines(enumerate(found, 1), None))
    assert again == data


def test_what_cannot_be_decoded_is_told_and_the_next_one_is_read() -> None:
    bad = bytes.fromhex("0000000000002710")
    found, good = printed(HEARTBEAT + bad + HEARTBEAT + HEARTBEAT[:5], 24)
    assert not good
    assert [one.get("reason") for one in found] == [None, "MESSAGE_TYPE", None, "TRUNCATED"]
    assert found[1] == {
        "offset": 12,
        "type": 10000,
        "error": "message type 10000: unknown MessageType at offset 4",
        "reason": "MESSAGE_TYPE",
        "hex": bad.hex(),
    }
    lines = list(enumerate(found, 1))
    with pytest.raises(ValueError, match="line 2: not a message but an error"):
        list(encode_lines(lines, 24))
    data = HEARTBEAT + bad + HEARTBEAT + HEARTBEAT[:5]
    assert b"".join(encode_lines(lines, 24, raw_errors=True)) == data


def test_a_length_that_cannot_be_believed_is_the_end() -> None:
    found, good = printed(bytes.fromhex("7fffffff00000005") + HEARTBEAT, 24)
    assert not good
    assert [one["reason"] for one in found] == ["MESSAGE_LENGTH"]


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"type": True},
        {"type": 99999},
        {"name": "HEARTBEAT_REQ", "fields": []},
        {"name": "HEARTBEAT_REQ", "fields": {}},
        {"name": "HEARTBEAT_REQ", "fields": {"InvokeID": "x"}},
        {"name": "HEARTBEAT_REQ", "fields": {"InvokeID": 1}, "floating": [1]},
        {"name": "MEDIA_LOGIN_REQ"},
        {"name": "OPEN_REQ", "fields": {"VersionNumber": "x"}},
    ],
)
def test_lines_that_are_no_message(line: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="line 3: "):
        list(encode_lines([(3, line)], None))
