"""Messages from bytes: golden bytes made by hand from the guide's tables, and every way to err."""

from __future__ import annotations

import gc
import pickle
from types import ModuleType
from typing import Any

import pytest

from fastcil.ged188 import DecodeError, NamedArray, NamedVariable, Reason
from fastcil.ged188.schema import MESSAGES


def h(text: str) -> bytes:
    return bytes.fromhex(text.replace("|", ""))


def message(number: int, body: str) -> bytes:
    data = h(body)
    return len(data).to_bytes(4, "big") + number.to_bytes(4, "big") + data


HEARTBEAT = h("00000004 00000005 0000002A")
# OPEN_REQ of version 9: eleven UINTs, then one-byte tags: ClientID, ClientPassword (empty).
OPEN_REQ_9 = h(
    "0000003C 00000003"
    "00000001 00000009 00000078 FFFFFFFF 00000010 00FFFFFF 000003FF 00000000 00000000 00000000"
    "00000000"
    "01 09 666173746369 6C3100"  # "fastcil1"
    "02 00"
    "03 01 00"
)
# The same with two-byte tags and lengths.
OPEN_REQ_20 = h(
    "0000003C 00000003"
    "00000001 00000014 00000078 FFFFFFFF 00000010 00FFFFFF 000003FF 00000000 00000000 00000000"
    "00000000"
    "0001 0004 61626300"
    "0002 0004 00010203"
)
OPEN_CONF = "00000001 00000010 00000000 00000000 65000000 0001 0011 0003 00000007"
FAILURE_STATUS = message(1, "00000005 0000006B")
FAILURE_CODES = message(1, "00000005 0021 00000007")
AGENT_STATE_24 = message(
    30,
    "00000000 00001388 00000000 0011 0003 00000000 00000007 000013F3 0000 0003 0000 00000001"
    "00000000 0001 00000001 0000C35A 00000001 0002 00000000"
    "0005 0006 323238363600"
    "003E 0004 00000007 | 003F 0004 000013F3 | 0040 0002 0000 | 0041 0002 0003"
    "003E 0004 00000008 | 003F 0004 000013F4 | 0040 0002 0001 | 0041 0002 0003",
)
HELD = "00000000 00001388 0011 0000 000000CA 0000 0004 FFFF"  # CALL_HELD_EVENT, fixed part


def test_a_heartbeat(ged: ModuleType) -> None:
    found = ged.Message.from_bytes(HEARTBEAT, 24)
    assert (found.type, found.name, found.version, len(found)) == (5, "HEARTBEAT_REQ", 24, 12)
    assert found["InvokeID"] == 42
    assert found.fields == {"InvokeID": 42}
    assert found.floating == []
    assert found.to_bytes() == HEARTBEAT
    assert found.body == HEARTBEAT[8:]
    assert ged.encode_message("HEARTBEAT_REQ", {"InvokeID": 42}, version=24) == HEARTBEAT
    assert ged.encode_message(5, {"InvokeID": 42}) == HEARTBEAT


def test_open_req_with_tags_of_one_byte(ged: ModuleType) -> None:
    found = ged.Message.from_bytes(OPEN_REQ_9, 9)
    assert found["VersionNumber"] == 9
    assert found["PeripheralID"] == 0xFFFFFFFF
    assert found.floating == [
        ("ClientID", "fastcil1"),
        ("ClientPassword", b""),
        ("ClientSignature", ""),
    ]
    assert found.raw_floating == [(1, b"fastcil1\0"), (2, b""), (3, b"\0")]
    values = {k: v for k, v in found.to_dict().items() if v is not None}
    assert ged.encode_message("OPEN_REQ", values, version=9) == OPEN_REQ_9


def test_open_req_with_tags_of_two_bytes(ged: ModuleType) -> None:
    found = ged.Message.from_bytes(OPEN_REQ_20, 20)
    assert found.floating == [("ClientID", "abc"), ("ClientPassword", b"\0\1\2\3")]
    assert found.get("ClientSignature", "none") == "none"
    assert "ClientID" in found
    assert "ClientSignature" not in found


@pytest.mark.parametrize("version", [19, 20, 23, 24, 25])
def test_open_conf_with_and_without_session_type(ged: ModuleType, version: int) -> None:
    """SessionType is told under 24 and printed in 23: its presence is found out."""
    head = "0004" if version >= 20 else "04"
    size = "0003" if version >= 20 else "03"
    tail = f"{head} {size} 313200"  # AgentExtension "12"
    plain = ged.Message.from_bytes(message(4, OPEN_CONF + tail), version)
    assert "SessionType" not in plain
    assert plain["DepartmentID"] == 7
    assert plain["AgentExtension"] == "12"
    marked = ged.Message.from_bytes(message(4, OPEN_CONF + "0001" + tail), version)
    assert marked["SessionType"] == 1
    assert marked["AgentExtension"] == "12"
    for one in (plain, marked):
        again = ged.encode_message(4, one.to_dict(), version=version)
        assert again == one.to_bytes()


@pytest.mark.parametrize("version", [9, 23, 24, 25])
def test_failure_conf_has_two_forms(ged: ModuleType, version: int) -> None:
    """Editions 23 and 24 print other bodies; the length tells them apart."""
    status = ged.Message.from_bytes(FAILURE_STATUS, version)
    assert status.fields == {"InvokeID": 5, "Status": 107}
    codes = ged.Message.from_bytes(FAILURE_CODES, version)
    assert codes.fields == {"InvokeID": 5, "FailureCode": 33, "PeripheralErrorCode": 7}
    for one in (status, codes):
        assert ged.encode_message(1, one.fields, version=version) == one.to_bytes()


def test_lists_of_an_agent_state(ged: ModuleType) -> None:
    found = ged.Message.from_bytes(AGENT_STATE_24, 24)
    assert found["AgentID"] == "22866"
    assert found["ICMAgentID"] == 0xC35A
    assert found["FltSkillGroupNumber"] == [7, 8]
    assert found["FltSkillGroupPriority"] == [0, 1]
    assert found.get_many("AgentID", "Direction", "NumFltSkillGroups") == ("22866", None, 2)
    again = {k: v for k, v in found.to_dict().items() if k != "NumFltSkillGroups"}
    assert ged.encode_message("AGENT_STATE_EVENT", again, version=24) == AGENT_STATE_24


def test_named_variables(ged: ModuleType) -> None:
    made = ged.encode_message(
        "BEGIN_CALL_EVENT",
        {
            **dict.fromkeys(
                (
                    "MonitorID",
                    "PeripheralID",
                    "PeripheralType",
                    "CallType",
                    "ConnectionDeviceIDType",
                    "ConnectionCallID",
                    "CalledPartyDisposition",
                ),
                1,
            ),
            "NamedVariable": [("user.a", "1"), NamedVariable("b", "")],
            "NamedArray": [NamedArray(255, "user.x", "y")],
        },
        version=24,
    )
    assert made.endswith(
        h(
            "0052 0009 757365722E61 00 31 00 | 0052 0003 62 00 00 | 0053 000A FF 757365722E78 00 79 00"
        )
    )
    found = ged.Message.from_bytes(made, 24)
    assert found["NamedVariable"] == [("user.a", "1"), ("b", "")]
    assert found["NamedVariable"][0].name == "user.a"
    assert found["NamedArray"] == [(255, "user.x", "y")]
    assert (found["NumNamedVariables"], found["NumNamedArrays"]) == (2, 1)


def test_records_of_a_configuration_event(ged: ModuleType) -> None:
    made = ged.encode_message(
        "CONFIG_AGENT_EVENT",
        {
            "records": [
                {"RecordType": 0, "LoginID": "ann", "FltSkillGroupNumber": [1, 2, 0xFFFFFFFF]},
                {"RecordType": 2, "LoginID": "bob"},
            ]
        },
        version=25,
    )
    assert h("003E 000C 00000001 00000002 FFFFFFFF") in made
    found = ged.Message.from_bytes(made, 25)
    assert found["NumRecords"] == 2
    assert found.records() == [
        {"RecordType": 0, "LoginID": "ann", "FltSkillGroupNumber": [1, 2, 0xFFFFFFFF]},
        {"RecordType": 2, "LoginID": "bob"},
    ]
    assert found["LoginID"] == ["ann", "bob"]
    assert ged.Message.from_bytes(HEARTBEAT).records() == []


def test_a_message_without_a_documented_format(ged: ModuleType) -> None:
    data = message(151, "DEADBEEF 00")
    found = ged.Message.from_bytes(data)
    assert found.name == "MEDIA_LOGIN_REQ"
    assert (found.fields, found.floating) == ({}, [])
    assert found.body == h("DEADBEEF 00")
    assert ged.encode_message("MEDIA_LOGIN_REQ", body=found.body) == data


def test_tags_that_the_message_does_not_have_are_kept(ged: ModuleType) -> None:
    tail = "0019 0003 313200 | 0138 0002 ABCD | 0138 0001 EF"
    found = ged.Message.from_bytes(message(11, HELD + tail), 24)
    assert found.floating == [("ConnectionDeviceID", "12"), (312, b"\xab\xcd"), (312, b"\xef")]
    assert found.to_dict()["#312"] == [b"\xab\xcd", b"\xef"]
    again = ged.encode_message(11, found.fields, floating=found.floating, version=24)
    assert again == found.to_bytes()


def test_a_message_without_floating_fields_keeps_what_a_newer_peer_adds(ged: ModuleType) -> None:
    found = ged.Message.from_bytes(message(5, "0000002A 0138 0001 78"), 24)
    assert found.floating == [(312, b"x")]


def test_a_field_that_the_version_lacks_is_kept_raw(ged: ModuleType) -> None:
    """ActiveTerminal (303) came with version 24."""
    data = message(30, AGENT_STATE_24[8:].hex() + "012F 0002 7400")
    assert ged.Message.from_bytes(data, 24)["ActiveTerminal"] == "t"
    older = ged.Message.from_bytes(data, 23)
    assert older.get("ActiveTerminal") is None
    assert older.floating[-1] == (303, b"t\0")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"\0", ""),
        (b"ab", "ab"),
        (b"ab\0", "ab"),
        (b"ab\0cd\0", "ab"),
        ("gr\u00fc\u00dfe\0".encode(), "gr\u00fc\u00dfe"),
        (b"\xe4\0", "\udce4"),
    ],
)
def test_strings_as_peers_send_them(ged: ModuleType, raw: bytes, text: str) -> None:
    tail = f"0019 {len(raw):04x} {raw.hex()}"
    found = ged.Message.from_bytes(message(11, HELD + tail), 24)
    assert found["ConnectionDeviceID"] == text
    again = ged.encode_message(11, found.fields, floating=[("ConnectionDeviceID", raw)], version=24)
    assert again == found.to_bytes()


# fmt: off
# ruff: noqa: E501
ERRORS = [
    ("no header", b"\0\0\0", 24, Reason.TRUNCATED, 3, "", ""),
    ("length too large", h("00000005 00000005 0000002A"), 24, Reason.MESSAGE_LENGTH, 0, "HEARTBEAT_REQ", ""),
    ("length too small", h("00000003 00000005 0000002A"), 24, Reason.MESSAGE_LENGTH, 0, "HEARTBEAT_REQ", ""),
    ("unknown type", message(9999, ""), 24, Reason.MESSAGE_TYPE, 4, "", ""),
    ("newer message", message(277, ""), 23, Reason.MESSAGE_VERSION, 4, "STANDBY_ACTIVE_EVENT_MSG", ""),
    ("fixed part cut", message(11, HELD[:30]), 24, Reason.MESSAGE_LENGTH, 20, "CALL_HELD_EVENT", "ConnectionCallID"),
    ("behind the fixed part", HEARTBEAT[:3] + b"\5" + HEARTBEAT[4:] + b"x", 24, Reason.FIELD_TRUNCATED, 12, "HEARTBEAT_REQ", ""),
    ("tag cut", message(11, HELD + "0019"), 24, Reason.FIELD_TRUNCATED, 30, "CALL_HELD_EVENT", ""),
    ("field cut", message(11, HELD + "0019 0004 31"), 24, Reason.FIELD_TRUNCATED, 30, "CALL_HELD_EVENT", "ConnectionDeviceID"),
    ("unknown field cut", message(11, HELD + "0138 0004 31"), 24, Reason.FIELD_TRUNCATED, 30, "CALL_HELD_EVENT", "#312"),
    ("text too long", message(11, HELD + "0019 0041" + "31" * 65), 24, Reason.FIELD_LENGTH, 30, "CALL_HELD_EVENT", "ConnectionDeviceID"),
    ("field twice", message(11, HELD + "0019 0002 3100 0019 0002 3100"), 24, Reason.DUPLICATE_FIELD, 36, "CALL_HELD_EVENT", "ConnectionDeviceID"),
    ("number of 3 bytes", message(30, AGENT_STATE_24[8:].hex() + "0096 0003 000000"), 24, Reason.FIELD_LENGTH, len(AGENT_STATE_24), "AGENT_STATE_EVENT", "Duration"),
    ("name without NUL", message(110, "00000001 0000 0001 0000 0052 0003 616263"), 24, Reason.FIELD_VALUE, 18, "REGISTER_VARIABLES_REQ", "NamedVariable"),
    ("named too short", message(110, "00000001 0000 0001 0000 0052 0002 6100"), 24, Reason.FIELD_LENGTH, 18, "REGISTER_VARIABLES_REQ", "NamedVariable"),
    ("array of odd bytes", message(237, "0001 003E 0005 0000000100"), 24, Reason.FIELD_LENGTH, 10, "CONFIG_AGENT_EVENT", "FltSkillGroupNumber"),
]
# fmt: on


@pytest.mark.parametrize(
    ("data", "version", "reason", "offset", "name", "field"),
    [one[1:] for one in ERRORS],
    ids=[one[0] for one in ERRORS],
)
def test_errors_name_message_field_and_offset(
    ged: ModuleType, data: bytes, version: int, reason: Reason, offset: int, name: str, field: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        ged.Message.from_bytes(data, version)
    error = caught.value
    assert (error.reason, error.offset) == (reason, offset)
    assert (error.message, error.field) == (name, field)
    assert name in str(error)
    assert field in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.reason, copy.field) == (str(error), reason, field)


def test_a_lenient_reading_bears_with_what_peers_do(ged: ModuleType) -> None:
    long = message(11, HELD + "0019 0041" + "31" * 64 + "00")
    assert ged.Message.from_bytes(long, 24, strict=False)["ConnectionDeviceID"] == "1" * 64
    twice = message(11, HELD + "0019 0002 3100 0019 0002 3200")
    found = ged.Message.from_bytes(twice, 24, strict=False)
    assert found["ConnectionDeviceID"] == "1", "the first one counts"
    assert len(found.floating) == 2


@pytest.mark.parametrize("version", [0, 8, 26, -1])
def test_versions_that_nobody_speaks(ged: ModuleType, version: int) -> None:
    with pytest.raises(ValueError, match=r"9\.\.25"):
        ged.Message.from_bytes(HEARTBEAT, version)
    with pytest.raises(ValueError, match=r"9\.\.25"):
        ged.MessageReader(version)
    with pytest.raises(ValueError, match=r"9\.\.25"):
        ged.encode_message("HEARTBEAT_REQ", {"InvokeID": 1}, version=version)


def test_messages_are_values(ged: ModuleType) -> None:
    one, same = ged.Message.from_bytes(HEARTBEAT, 24), ged.Message.from_bytes(HEARTBEAT, 24)
    assert one == same
    assert hash(one) == hash(same)
    assert one != ged.Message.from_bytes(HEARTBEAT, 25)
    assert one != ged.Message.from_bytes(message(5, "00000001"), 24)
    assert one != "HEARTBEAT_REQ"
    assert pickle.loads(pickle.dumps(one)).to_bytes() == HEARTBEAT
    assert repr(one) == "<HEARTBEAT_REQ {'InvokeID': 42}>"
    with pytest.raises(TypeError, match="from_bytes"):
        ged.Message()
    with pytest.raises(KeyError, match="Nothing"):
        one["Nothing"]
    assert one.get(5) is None


def test_a_message_keeps_its_bytes_and_a_detached_one_only_its_own(ged: ModuleType) -> None:
    reader = ged.MessageReader(24)
    chunk = bytearray(AGENT_STATE_24 + HEARTBEAT)
    first, second = list(reader.feed(chunk))
    chunk[:] = bytes(len(chunk))
    alone = second.detach()
    del reader
    gc.collect()
    assert first["AgentID"] == "22866"
    assert first.to_bytes() == AGENT_STATE_24
    assert alone == second
    assert alone.detach() is alone


def test_every_message_has_a_name_and_a_number(ged: ModuleType) -> None:
    for spec in MESSAGES:
        size = sum(f.max_size for f in spec.fixed_of(25))
        if spec.alternative:
            continue
        found = ged.Message.from_bytes(message(spec.number, "00" * size), 25)
        assert (found.type, found.name) == (spec.number, spec.name)
        assert set(found.fields.values()) <= {0}


def chunked(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


STREAM = OPEN_REQ_20 + HEARTBEAT + AGENT_STATE_24 + FAILURE_CODES + HEARTBEAT


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 64, len(STREAM)])
def test_a_stream_however_it_is_cut(ged: ModuleType, size: int, kind: Any) -> None:
    reader = ged.MessageReader(24)
    names = [m.name for part in chunked(STREAM, size) for m in reader.feed(kind(part))]
    assert names == [
        "OPEN_REQ",
        "HEARTBEAT_REQ",
        "AGENT_STATE_EVENT",
        "FAILURE_CONF",
        "HEARTBEAT_REQ",
    ]
    assert (reader.pending, reader.bytes_received) == (0, len(STREAM))
    assert reader.messages_received == 5
    reader.finish()


def test_a_stream_received_into_the_readers_own_buffer(ged: ModuleType) -> None:
    reader = ged.MessageReader(24)
    names = []
    for part in chunked(STREAM, 13):
        room = reader.get_buffer(-1)
        room[: len(part)] = part
        names += [m.name for m in reader.buffer_updated(len(part))]
    assert len(names) == 5
    with pytest.raises(ValueError, match="not offered"):
        reader.buffer_updated(1 << 30)


def test_a_bad_message_does_not_stop_the_stream(ged: ModuleType) -> None:
    bad = message(9999, "00")
    reader = ged.MessageReader(24)
    stream = iter(reader.feed(HEARTBEAT + bad + HEARTBEAT))
    assert next(stream).name == "HEARTBEAT_REQ"
    with pytest.raises(DecodeError) as caught:
        next(stream)
    assert caught.value.resumable
    assert (caught.value.stream_offset, caught.value.data) == (len(HEARTBEAT), bad)
    assert [m.name for m in reader.feed(b"")] == ["HEARTBEAT_REQ"]
    assert reader.messages_received == 2


def test_a_length_that_cannot_be_believed_stops_it(ged: ModuleType) -> None:
    reader = ged.MessageReader(24, max_message=100)
    stream = reader.feed(HEARTBEAT + h("00001000 00000009") + HEARTBEAT)
    assert next(stream).name == "HEARTBEAT_REQ"
    for _ in range(2):
        with pytest.raises(DecodeError, match="CALL_DELIVERED_EVENT: MessageLength 4096") as caught:
            next(stream)
        assert not caught.value.resumable
        assert caught.value.stream_offset == len(HEARTBEAT)
    for use in (lambda: reader.feed(b""), reader.finish, lambda: reader.get_buffer(-1)):
        with pytest.raises(DecodeError):
            use()


@pytest.mark.parametrize("size", [1, 7, len(STREAM)])
def test_what_is_there_is_taken_at_once(ged: ModuleType, size: int) -> None:
    """take() stops where the iteration has something to tell, and at types that are named."""
    reader = ged.MessageReader(24)
    stop = bytes(number == 30 for number in range(31))  # AGENT_STATE_EVENT
    names = []
    for part in chunked(STREAM, size):
        reader.feed(part)
        names += [m.name for m in reader.take(stop)]
    assert names == ["OPEN_REQ", "HEARTBEAT_REQ"]
    assert reader.take(stop) == []
    assert next(reader).name == "AGENT_STATE_EVENT"
    assert [m.name for m in reader.take(stop)] == ["FAILURE_CONF", "HEARTBEAT_REQ"]
    assert (reader.messages_received, reader.pending, reader.take(b"")) == (5, 0, [])


def test_what_is_taken_at_once_ends_at_what_is_no_message(ged: ModuleType) -> None:
    bad = message(9999, "00")
    reader = ged.MessageReader(24, max_message=100)
    reader.feed(HEARTBEAT + bad + HEARTBEAT + h("00001000 00000009"))
    assert [m.name for m in reader.take(b"")] == ["HEARTBEAT_REQ"]
    assert reader.take(b"") == []
    with pytest.raises(DecodeError) as caught:
        next(reader)
    assert (caught.value.stream_offset, caught.value.data) == (len(HEARTBEAT), bad)
    assert [m.name for m in reader.take(b"")] == ["HEARTBEAT_REQ"]
    assert reader.take(b"") == []
    with pytest.raises(DecodeError, match="MessageLength 4096"):
        next(reader)
    assert reader.take(b"") == []
    assert reader.messages_received == 2


def test_the_end_inside_a_message(ged: ModuleType) -> None:
    reader = ged.MessageReader(24)
    assert list(reader.feed(HEARTBEAT + HEARTBEAT[:7])) != []
    with pytest.raises(DecodeError, match="7 bytes are left over") as caught:
        reader.finish()
    assert caught.value.reason == Reason.TRUNCATED
    assert caught.value.data == HEARTBEAT[:7]


def test_the_version_changes_in_mid_stream(ged: ModuleType) -> None:
    reader = ged.MessageReader(9)
    assert [m["ClientID"] for m in reader.feed(OPEN_REQ_9)] == ["fastcil1"]
    reader.version = 20
    assert [m["ClientID"] for m in reader.feed(OPEN_REQ_20)] == ["abc"]
    assert reader.version == 20
    with pytest.raises(ValueError, match=r"9\.\.25"):
        reader.version = 26


@pytest.mark.parametrize("limit", [0, 7, 65536])
def test_limits_of_max_message(ged: ModuleType, limit: int) -> None:
    with pytest.raises(ValueError, match=r"max_message is 8\.\.65535"):
        ged.MessageReader(24, max_message=limit)


def test_fields_under_other_names(ged: ModuleType) -> None:
    found = ged.Message.from_bytes(AGENT_STATE_24, 24)
    table = {
        "AgentID": ("Who", "AlsoWho", False),
        "SkillGroupPriority": ("Priority", "", True),
        "ICMAgentID": ("", "unused", False),
        "FltSkillGroupNumber": ("Groups", "", False),
        "Nothing": ("Nothing", "", False),
    }
    assert found.renamed(table) == {"Who": "22866", "AlsoWho": "22866", "Priority": 0}
    held = ged.Message.from_bytes(message(11, HELD), 24)
    assert held.renamed({"EventCause": ("Cause", "", True)}) == {"Cause": -1}
    assert held.renamed({"EventCause": ("Cause", "", False)}) == {"Cause": 0xFFFF}
    assert held.renamed({}) == {}
