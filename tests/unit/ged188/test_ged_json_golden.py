"""Golden JSON: bytes made by hand from the guide's tables, and what is printed of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastcil.decoding import MessagePrinter, encode_lines


def message(number: int, body: str) -> bytes:
    data = bytes.fromhex(body)
    return len(data).to_bytes(4, "big") + number.to_bytes(4, "big") + data


CALL_DELIVERED = message(
    9,
    "00000000 00001388 0011 0000 000000CA FFFF 0000 FFFFFFFF FFFFFFFF 00000007 000013F3 0000"
    "004C 004A 004C FFFF 0002 FFFF 0001 0001"
    "0019 0005 3330303100"  # ConnectionDeviceID
    "0008 0004 35353500"  # ANI
    "0009 0003 01FF00"  # UserToUserInfo
    "000D 0001 00"  # CallVariable1, empty text
    "000E 0000"  # CallVariable2 without the NUL that closes a text
    "0138 0002 00FF"  # a tag that the message does not have
    "0052 0009 757365722E6100 3100"
    "0053 000A 02 757365722E7800 E400",  # a value that is not UTF-8
)
CALL_DELIVERED_JSON = """
{"offset": 0, "type": 9, "name": "CALL_DELIVERED_EVENT", "fields": {"MonitorID": 0,
"PeripheralID": 5000, "PeripheralType": 17, "ConnectionDeviceIDType": 0, "ConnectionCallID": 202,
"LineHandle": 65535, "LineType": 0, "ServiceNumber": 4294967295, "ServiceID": 4294967295,
"SkillGroupNumber": 7, "SkillGroupID": 5107, "SkillGroupPriority": 0, "AlertingDeviceType": 76,
"CallingDeviceType": 74, "CalledDeviceType": 76, "LastRedirectDeviceType": 65535,
"LocalConnectionState": 2, "EventCause": 65535, "NumNamedVariables": 1, "NumNamedArrays": 1},
"floating": [["ConnectionDeviceID", "3001"], ["ANI", "555"], ["UserToUserInfo", "01ff00"],
["CallVariable1", ""], ["CallVariable2", {"hex": ""}], {"tag": 312, "hex": "00ff"},
["NamedVariable", {"name": "user.a", "value": "1"}],
["NamedArray", {"index": 2, "name": "user.x", "value": "\\udce4"}]]}
"""

# Of version 14: tags and lengths of one byte, no DepartmentID.
AGENT_STATE = message(
    30,
    "00000000 00001388 00000001 0011 0003 00000000 00000007 000013F3 0000 0003 0000 FFFFFFFF"
    "00000000 0001 00000001 0000C35A 00000001 0002"
    "05 06 323238363600"
    "3E 04 00000007 3F 04 000013F3 40 02 0000 41 02 0003"
    "3E 04 FFFFFFF8 3F 04 000013F4 40 02 0001 41 02 0003",
)
AGENT_STATE_JSON = """
{"offset": 0, "type": 30, "name": "AGENT_STATE_EVENT", "fields": {"MonitorID": 0,
"PeripheralID": 5000, "SessionID": 1, "PeripheralType": 17, "SkillGroupState": 3,
"StateDuration": 0, "SkillGroupNumber": 7, "SkillGroupID": 5107, "SkillGroupPriority": 0,
"AgentState": 3, "EventReasonCode": 0, "MRDID": -1, "NumTasks": 0, "AgentMode": 1,
"MaxTaskLimit": 1, "ICMAgentID": 50010, "AgentAvailabilityStatus": 1, "NumFltSkillGroups": 2},
"floating": [["AgentID", "22866"], ["FltSkillGroupNumber", 7], ["FltSkillGroupID", 5107],
["FltSkillGroupPriority", 0], ["FltSkillGroupState", 3], ["FltSkillGroupNumber", -8],
["FltSkillGroupID", 5108], ["FltSkillGroupPriority", 1], ["FltSkillGroupState", 3]]}
"""

# Two records; the arrays are one field each.
CONFIG_AGENT = message(
    237,
    "0002"
    "00B7 0002 0000  00D0 0004 00001388  00BE 0006 323238363600  00BF 0002 0002"
    "003E 0008 00000007 00000008  0040 0004 0000 0001"
    "00B7 0002 0002  00BE 0006 323238363700  00BF 0002 0000  003E 0000",
)
CONFIG_AGENT_JSON = """
{"offset": 0, "type": 237, "name": "CONFIG_AGENT_EVENT", "fields": {"NumRecords": 2},
"floating": [["RecordType", 0], ["FltPeripheralID", 5000], ["LoginID", "22866"],
["NumSkills", 2], ["FltSkillGroupNumber", [7, 8]], ["FltSkillGroupPriority", [0, 1]],
["RecordType", 2], ["LoginID", "22867"], ["NumSkills", 0], ["FltSkillGroupNumber", []]]}
"""

FAILURE_STATUS = message(1, "00000005 0000006B")
FAILURE_STATUS_JSON = """
{"offset": 0, "type": 1, "name": "FAILURE_CONF", "fields": {"InvokeID": 5, "Status": 107},
"floating": []}
"""
FAILURE_CODES = message(1, "00000005 0021 00000007")
FAILURE_CODES_JSON = """
{"offset": 0, "type": 1, "name": "FAILURE_CONF", "fields": {"InvokeID": 5, "FailureCode": 33,
"PeripheralErrorCode": 7}, "floating": []}
"""

# The form without SessionType, and members of a list whose count the server left out.
OPEN_CONF = message(
    4,
    "00000001 00000010 00000000 00000000 65000000 0001 0011 0003 00000007"
    "00D0 0004 00001388 00E0 0002 0001",
)
OPEN_CONF_JSON = """
{"offset": 0, "type": 4, "name": "OPEN_CONF", "fields": {"InvokeID": 1, "ServicesGranted": 16,
"MonitorID": 0, "PGStatus": 0, "ICMCentralControllerTime": 1694498816, "PeripheralOnline": 1,
"PeripheralType": 17, "AgentState": 3, "DepartmentID": 7},
"floating": [["FltPeripheralID", 5000], ["MultilineAgentControl", 1]]}
"""

# In the message set, its format in no document.
MEDIA_LOGIN = message(151, "0102 FF")
MEDIA_LOGIN_JSON = """
{"offset": 0, "type": 151, "name": "MEDIA_LOGIN_REQ", "fields": {}, "floating": [],
"body": "0102ff"}
"""


@pytest.mark.parametrize(
    ("data", "version", "expected"),
    [
        pytest.param(CALL_DELIVERED, 24, CALL_DELIVERED_JSON, id="CALL_DELIVERED_EVENT"),
        pytest.param(AGENT_STATE, 14, AGENT_STATE_JSON, id="AGENT_STATE_EVENT"),
        pytest.param(CONFIG_AGENT, 25, CONFIG_AGENT_JSON, id="CONFIG_AGENT_EVENT"),
        pytest.param(FAILURE_STATUS, 23, FAILURE_STATUS_JSON, id="FAILURE_CONF of 23"),
        pytest.param(FAILURE_STATUS, 25, FAILURE_STATUS_JSON, id="the same at 25"),
        pytest.param(FAILURE_CODES, 25, FAILURE_CODES_JSON, id="FAILURE_CONF of 24 and 25"),
        pytest.param(FAILURE_CODES, 9, FAILURE_CODES_JSON, id="the same at 9"),
        pytest.param(OPEN_CONF, 24, OPEN_CONF_JSON, id="OPEN_CONF without SessionType"),
        pytest.param(MEDIA_LOGIN, 25, MEDIA_LOGIN_JSON, id="no documented format"),
    ],
)
def test_golden(data: bytes, version: int, expected: str) -> None:
    found: list[Any] = []
    printer = MessagePrinter(found.append, version)
    printer.feed(data)
    printer.finish()
    assert printer.good
    (line,) = found
    wanted = json.loads(expected)
    assert json.loads(json.dumps(line)) == wanted
    assert list(line) == list(wanted)
    assert list(line["fields"]) == list(wanted["fields"])
    assert b"".join(encode_lines([(1, wanted)], version)) == data


@pytest.mark.parametrize(
    "unknown", [{"tag": 312, "hex": "00FF"}, [None, {"tag": 312, "hex": "00 ff"}]]
)
def test_both_ways_to_write_an_unknown_tag(unknown: Any) -> None:
    line = json.loads(CALL_DELIVERED_JSON)
    line["floating"][5] = unknown
    assert b"".join(encode_lines([(1, line)], 24)) == CALL_DELIVERED
