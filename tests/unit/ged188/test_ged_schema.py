"""The message tables against the documents.

What stands here was read from the CTI Server Message Reference Guide by hand, independently of
data/*.json: sizes of fixed parts added up from the format tables of the editions for versions 9
(release 7.0), 14, 15, 23, 24 and 25 and from the changes chapter, tags from the table Tag Values,
the largest sizes from what the older editions print below their tables.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any

import pytest

from fastcil.ged188 import enums as ged_enums
from fastcil.ged188 import generate, relations
from fastcil.ged188.schema import (
    FIRST_VERSION,
    LAST_VERSION,
    MESSAGES,
    MESSAGES_BY_NAME,
    MESSAGES_BY_NUMBER,
    WIDE_VERSION,
    FieldSpec,
    FieldType,
    check_version,
    message_spec,
)

VERSIONS = range(FIRST_VERSION, LAST_VERSION + 1)

# Bytes of the fixed part without the header, from the version named on.
FIXED: dict[str, dict[int, int]] = {
    "FAILURE_CONF": {9: 8, 24: 10},
    "FAILURE_EVENT": {9: 4},
    "OPEN_REQ": {9: 44},
    "OPEN_CONF": {9: 26, 19: 30, 24: 32},
    "HEARTBEAT_REQ": {9: 4},
    "CLOSE_REQ": {9: 8},
    "CALL_DELIVERED_EVENT": {9: 54},
    "CALL_ESTABLISHED_EVENT": {9: 50},
    "CALL_HELD_EVENT": {9: 22},
    "CALL_CLEARED_EVENT": {9: 20},
    "CALL_ORIGINATED_EVENT": {9: 46},
    "CALL_QUEUED_EVENT": {9: 40},
    "CALL_TRANSLATION_ROUTE_EVENT": {9: 4},
    "BEGIN_CALL_EVENT": {9: 26},
    "END_CALL_EVENT": {9: 16},
    "CALL_DATA_UPDATE_EVENT": {9: 40},
    "SET_CALL_DATA_REQ": {9: 30},
    "AGENT_STATE_EVENT": {9: 56, 13: 58, 19: 62},
    "SYSTEM_EVENT": {9: 24, 13: 26},
    "CONTROL_FAILURE_CONF": {9: 10},
    "QUERY_AGENT_STATE_CONF": {9: 30, 19: 34},
    "SET_AGENT_STATE_REQ": {9: 16, 13: 21},
    "MAKE_CALL_REQ": {9: 28, 14: 32},
    "MAKE_PREDICTIVE_CALL_REQ": {9: 42},
    "QUERY_DEVICE_INFO_CONF": {9: 40},
    "SNAPSHOT_CALL_REQ": {9: 14},
    "SNAPSHOT_CALL_CONF": {9: 16},
    "SNAPSHOT_DEVICE_REQ": {9: 8, 13: 10},
    "SNAPSHOT_DEVICE_CONF": {9: 6},
    "SEND_DTMF_SIGNAL_REQ": {9: 20},
    "MONITOR_START_REQ": {9: 24},
    "CLIENT_SESSION_OPENED_EVENT": {9: 24},
    "AGENT_PRE_CALL_EVENT": {9: 30, 20: 34},
    "RTP_STARTED_EVENT": {9: 34},
    "RTP_STOPPED_EVENT": {9: 20},
    "SUPERVISE_CALL_REQ": {9: 22},
    "AGENT_TEAM_CONFIG_EVENT": {9: 12, 19: 16},
    "AGENT_DESK_SETTINGS_CONF": {9: 64},
    "LIST_AGENT_TEAM_CONF": {9: 10},
    "CONFIG_REQUEST_EVENT": {19: 8, 24: 12},
    "CONFIG_BEGIN_EVENT": {19: 6},
    "CONFIG_AGENT_EVENT": {19: 2},
    "START_NETWORK_RECORDING_REQ": {23: 14},
    "NETWORK_RECORDING_TARGET_INFO_EVENT": {23: 20},
    "STANDBY_ACTIVE_EVENT_MSG": {24: 0},
    "ACTIVE_MAINTENANCE_RESP_MSG": {24: 6},
    "SET_AGENT_SERVICE_DATA_REQ": {24: 20},
    "SET_AGENT_SERVICE_DATA_CONF": {24: 8},
}

# Message, floating field, tag, type, largest size in bytes from the version named on; 0: not there.
FLOATING: list[tuple[str, str, int, str, dict[int, int]]] = [
    ("OPEN_REQ", "ClientID", 1, "STRING", {9: 64}),
    ("OPEN_REQ", "ClientPassword", 2, "UNSPEC", {9: 64}),
    ("OPEN_REQ", "ApplicationPathID", 97, "INT", {9: 4}),
    ("OPEN_CONF", "NumPeripherals", 228, "USHORT", {9: 0, 14: 2}),
    ("CALL_DELIVERED_EVENT", "ANI", 8, "STRING", {9: 40}),
    ("CALL_DELIVERED_EVENT", "ANI_II", 215, "STRING", {9: 0, 11: 2}),
    ("CALL_DELIVERED_EVENT", "UserToUserInfo", 9, "UNSPEC", {9: 131}),
    ("CALL_DELIVERED_EVENT", "CallVariable1", 13, "STRING", {9: 41}),
    ("CALL_DELIVERED_EVENT", "CallVariable10", 22, "STRING", {9: 41}),
    ("CALL_DELIVERED_EVENT", "CallWrapupData", 46, "STRING", {9: 40}),
    ("CALL_DELIVERED_EVENT", "NamedVariable", 82, "NAMEDVAR", {9: 251}),
    ("CALL_DELIVERED_EVENT", "NamedArray", 83, "NAMEDARRAY", {9: 252}),
    ("CALL_ESTABLISHED_EVENT", "AnsweringDeviceID", 30, "STRING", {9: 64}),
    ("CALL_SERVICE_INITIATED_EVENT", "COCCallConnectionDeviceID", 231, "STRING", {9: 0, 14: 64}),
    ("BEGIN_CALL_EVENT", "CallReferenceID", 223, "UNSPEC", {9: 0, 14: 32}),
    ("BEGIN_CALL_EVENT", "CTIClientTimestamp", 24, "TIME", {9: 4}),
    ("CALL_DATA_UPDATE_EVENT", "CustomerPhoneNumber", 95, "STRING", {9: 20}),
    ("CALL_DATA_UPDATE_EVENT", "CustomerAccountNumber", 96, "STRING", {9: 32}),
    ("AGENT_STATE_EVENT", "CTIClientSignature", 3, "STRING", {9: 64}),
    ("AGENT_STATE_EVENT", "NextAgentState", 123, "USHORT", {9: 0, 13: 2}),
    ("AGENT_STATE_EVENT", "Duration", 150, "UINT", {9: 0, 13: 4}),
    ("AGENT_STATE_EVENT", "Direction", 244, "UINT", {9: 0, 16: 4}),
    ("AGENT_STATE_EVENT", "MaxBeyondTaskLimit", 266, "UINT", {9: 0, 22: 4}),
    ("AGENT_STATE_EVENT", "ActiveTerminal", 303, "STRING", {9: 0, 24: 64}),
    ("SYSTEM_EVENT", "EventDeviceID", 206, "STRING", {9: 0, 13: 64}),
    ("SET_AGENT_STATE_REQ", "AgentPassword", 49, "STRING", {9: 64}),
    ("SET_AGENT_STATE_REQ", "SSOEnabled", 257, "USHORT", {9: 0, 20: 2}),
    ("MAKE_CALL_REQ", "CCT", 84, "STRING", {9: 4}),
    ("CLEAR_CONNECTION_REQ", "RequestingDeviceIDType", 220, "USHORT", {9: 0, 14: 2}),
    ("CLEAR_CONNECTION_REQ", "CTIOSCILClientID", 217, "STRING", {9: 64, 25: 0}),
    ("SNAPSHOT_DEVICE_CONF", "SilentMonitorStatus", 218, "USHORT", {9: 0, 13: 2}),
    ("CLIENT_SESSION_OPENED_EVENT", "ClientAddress", 81, "STRING", {9: 16, 19: 64}),
    ("RTP_STARTED_EVENT", "SendingAddress", 125, "STRING", {9: 0, 13: 16, 19: 64}),
    ("RTP_STARTED_EVENT", "SendingAddressIPV6", 227, "STRING", {9: 0, 14: 16, 19: 0}),
    ("USER_MESSAGE_EVENT", "Text", 7, "STRING", {9: 255}),
    ("CONFIG_AGENT_EVENT", "LoginName", 207, "STRING", {19: 32, 20: 255}),
    ("CONFIG_AGENT_EVENT", "AgentSkillTargetID", 185, "UINT", {19: 4}),
    ("CONFIG_SKILL_GROUP_EVENT", "AutoWork", 185, "BOOL", {19: 2}),
    ("CONFIG_SKILL_GROUP_EVENT", "FltSkillGroupPriority", 64, "USHORT", {19: 2}),
    ("CONFIG_TERMINAL_EVENT", "Instrument", 6, "STRING", {24: 64}),
    ("SNAPSHOT_CALL_CONF", "ProtocolReferenceGUID", 294, "STRING", {9: 0, 24: 40}),
    ("NETWORK_RECORDING_TARGET_INFO_EVENT", "ProtocolReferenceGUID", 294, "STRING", {23: 64}),
    ("SET_AGENT_SERVICE_DATA_REQ", "NumPositiveAnswersSuggestions", 312, "USHORT", {24: 2}),
]

# "Maximum message size (including header)" below the tables of the editions for 9, 14 and 15.
# Left out: messages with NamedVariable fields, which are not counted in, and what was not brought
# up to date when fields were added (EMERGENCY_CALL_EVENT, QUERY_AGENT_STATE_CONF and a few others).
LARGEST: list[tuple[str, int, int]] = [
    ("SNAPSHOT_DEVICE_REQ", 9, 82),
    ("CALL_SERVICE_INITIATED_EVENT", 9, 184),
    ("SET_AGENT_STATE_REQ", 9, 398),
    ("AGENT_PRE_CALL_ABORT_EVENT", 9, 100),
    ("RTP_STARTED_EVENT", 9, 224),
    ("USER_MESSAGE_CONF", 9, 12),
    ("USER_MESSAGE_EVENT", 9, 337),
    ("QUERY_AGENT_STATISTICS_REQ", 9, 114),
    ("AGENT_TEAM_CONFIG_EVENT", 9, 1812),
    ("MONITOR_AGENT_TEAM_START_REQ", 9, 16),
    ("LIST_AGENT_TEAM_REQ", 9, 16),
    ("LIST_AGENT_TEAM_CONF", 9, 402),
    ("SNAPSHOT_DEVICE_CONF", 9, 1294),
    ("SNAPSHOT_CALL_REQ", 14, 88),
    ("QUERY_AGENT_STATE_REQ", 14, 122),
    ("CALL_ORIGINATED_EVENT", 14, 252),
    ("CLIENT_EVENT_REPORT_REQ", 14, 401),
    ("END_CALL_EVENT", 15, 90),
    ("BAD_CALL_REQ", 15, 102),
]
# Most members of a list: guide, table Special Values and the count fields.
MOST = {"NumSkillGroups": 20, "NumCalls": 16, "NumberOfAgents": 64, "NumberOfAgentTeams": 64}


def fixed_size(name: str, version: int) -> int:
    return sum(field.max_size for field in message_spec(name).fixed_of(version))


def at(facts: dict[int, int], version: int) -> int:
    """The fact of the last version named that is not above this one."""
    return facts[max(first for first in facts if first <= version)]


def floating(name: str, field: str) -> FieldSpec:
    (found,) = (f for f in message_spec(name).floating if f.name == field)
    return found


def test_generated_files_are_up_to_date() -> None:
    assert generate.main(["--check"]) == 0


def test_data_has_no_duplicates_and_no_dangling_names() -> None:
    assert generate.problems(generate.load("messages"), generate.load("enums")) == []


@pytest.mark.parametrize("name", FIXED)
def test_fixed_part_has_the_size_of_the_table(name: str) -> None:
    facts = FIXED[name]
    found = {v: fixed_size(name, v) for v in VERSIONS if v >= min(facts)}
    assert found == {v: at(facts, v) for v in found}


@pytest.mark.parametrize(("name", "field", "tag", "kind", "sizes"), FLOATING)
def test_floating_field_has_the_tag_type_and_size_of_the_tables(
    name: str, field: str, tag: int, kind: str, sizes: dict[int, int]
) -> None:
    spec = floating(name, field)
    assert (spec.tag, spec.type) == (tag, FieldType(kind))
    versions = [v for v in VERSIONS if v >= min(sizes)]
    found = {v: spec.limit(v) if spec.exists(v) else 0 for v in versions}
    assert found == {v: at(sizes, v) for v in versions}


@pytest.mark.parametrize(("name", "version", "largest"), LARGEST)
def test_sizes_add_up_to_the_printed_maximum(name: str, version: int, largest: int) -> None:
    spec = message_spec(name)
    counts = {member: group.count for group in spec.lists for member in group.members}
    total = 8 + fixed_size(name, version)
    for field in spec.floating_of(version):
        times = MOST[counts[field.name]] if field.name in counts else 1
        total += times * (2 + (field.type.size or field.limit(version)))
    assert total == largest


def test_message_set_is_that_of_the_guide() -> None:
    numbers = {1: "FAILURE_CONF", 9: "CALL_DELIVERED_EVENT", 30: "AGENT_STATE_EVENT"}
    numbers |= {65: "TRANSFER_CALL_CONF", 78: "QUERY_DEVICE_INFO_REQ", 91: "SEND_DTMF_SIGNAL_REQ"}
    numbers |= {111: "REGISTER_VARIABLES_CONF", 150: "STOP_RECORDING_CONF"}
    numbers |= {151: "MEDIA_LOGIN_REQ", 215: "ROUTE_END_EVENT", 230: "CONFIG_REQUEST_KEY_EVENT"}
    numbers |= {240: "CALL_ATTRIBUTE_CHANGE_EVENT", 242: "TEAM_CONFIG_REQ"}
    numbers |= {254: "CONFIG_MRD_EVENT", 268: "START_NETWORK_RECORDING_REQ"}
    numbers |= {275: "NETWORK_RECORDING_TARGET_INFO_EVENT", 284: "SET_AGENT_SERVICE_DATA_CONF"}
    assert {n: MESSAGES_BY_NUMBER[n].name for n in numbers} == numbers
    # Reserved: guide, Messaging Conventions, Message Types.
    reserved = {*range(66, 78), 80, 81, *range(87, 91), *range(216, 230), 239, 241, 246, 247}
    reserved |= {251, 252, 253}
    assert not reserved & MESSAGES_BY_NUMBER.keys()
    assert sum(spec.documented for spec in MESSAGES) == 163


def test_every_message_has_a_source() -> None:
    chapters = ("Application Level Interfaces, ", "Messaging Conventions, ", "Session Management, ")
    assert [spec.name for spec in MESSAGES if not spec.source.startswith(chapters)] == []


def test_the_page_lists_what_has_no_format() -> None:
    page = (Path(__file__).parents[3] / "docs" / "ged188.md").read_text("utf-8")
    end = page[page.index("## Messages without a documented format") :]
    words = {*end.replace(",", " ").split()}
    without = {spec.name for spec in MESSAGES if not spec.documented}
    assert without <= words
    assert not {spec.name for spec in MESSAGES if spec.documented} & words


def test_number_types_have_their_sizes() -> None:
    wrong = [
        (spec.name, field.name)
        for spec in MESSAGES
        for field in (*spec.fixed, *spec.alternative, *spec.floating)
        if field.type.size and not field.is_array and field.max_size != field.type.size
    ]
    assert wrong == []


def tag_sizes(entry: dict[str, Any]) -> tuple[list[str], int | None]:
    kinds = entry.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds], entry.get("max_size")


def test_floating_fields_agree_with_the_tag_table() -> None:
    data = generate.load("tags")
    table = {(entry["tag"], entry.get("name")): entry for entry in data["tags"]}
    exceptions = {(e["tag"], e["message"]): e["max_size"] for e in data["exceptions"]}
    largest = {"NAMEDVAR": 251, "NAMEDARRAY": 252}
    wrong = []
    for message in generate.load("messages")["messages"]:
        for field in message.get("floating", []):
            if field["tag"] is None:
                assert field["note"].startswith("no edition prints its tag")
                continue
            kinds, size = tag_sizes(table[field["tag"], field["tag_name"]])
            size = exceptions.get((field["tag"], message["name"]), size)
            mine = generate.SIZES.get(field["type"]) or largest.get(field["type"])
            if field.get("array"):
                mine = size = None
            if field["type"] not in kinds or (mine or field.get("max_size")) != size:
                wrong.append((message["name"], field["name"], field["type"], kinds, size))
    assert wrong == []
    # An exception that no field needs any more is a mistake.
    used = {
        (field["tag"], message["name"])
        for message in generate.load("messages")["messages"]
        for field in message.get("floating", [])
    }
    assert exceptions.keys() <= used


def test_tags_without_a_number_are_left_out_of_the_wire() -> None:
    unknown = {(s.name, f.name) for s in MESSAGES for f in s.floating if not f.tag}
    assert unknown == {
        ("OPEN_REQ", "UniqueInstanceID"),
        ("CALL_AGENT_GREETING_EVENT", "GreetingType"),
        ("SET_AGENT_SERVICE_DATA_REQ", "TotalAnswersSuggestion"),
    }
    for name, field in unknown:
        assert field not in [f.name for f in message_spec(name).floating_of(LAST_VERSION)]


def test_tags_of_a_message_are_unique_at_every_version() -> None:
    for spec in MESSAGES:
        for version in VERSIONS:
            tags = [field.tag for field in spec.floating_of(version)]
            assert len(tags) == len({*tags}), (spec.name, version)


def test_no_wide_tags_and_sizes_before_version_20() -> None:
    for spec in MESSAGES:
        for version in range(max(FIRST_VERSION, spec.min_version), WIDE_VERSION):
            for field in spec.floating_of(version):
                assert field.tag <= 255, (spec.name, field.name, version)
                assert field.limit(version) <= 255


def test_lists_are_counted_by_a_field_of_their_message() -> None:
    for spec in MESSAGES:
        fields = {f.name: f for f in (*spec.fixed, *spec.floating)}
        for group in spec.lists:
            assert fields[group.count].type is FieldType.USHORT
            assert all(fields[member].is_list for member in group.members)
        if spec.records:
            assert spec.records == "NumRecords" == spec.fixed[0].name


def test_failure_conf_has_two_forms() -> None:
    spec = message_spec("FAILURE_CONF")
    names = [[f.name for f in part] for part in spec.fixed_parts(23)]
    assert names == [["InvokeID", "Status"], ["InvokeID", "FailureCode", "PeripheralErrorCode"]]
    assert [[f.name for f in part] for part in spec.fixed_parts(24)] == names[::-1]


# --- who answers, who may have it --------------------------------------------------------------


def test_every_request_has_a_confirmation_with_an_invoke_id() -> None:
    requests = [spec for spec in MESSAGES if spec.name.endswith("_REQ")]
    assert [spec.name for spec in requests if spec.name not in relations.CONFIRMATIONS] == []
    for spec in requests:
        answer = MESSAGES_BY_NAME[relations.CONFIRMATIONS[spec.name]]
        assert answer.documented == spec.documented
        assert answer.has_invoke_id == spec.has_invoke_id == spec.documented
        if spec.documented:
            assert MESSAGES_BY_NAME[relations.FAILURES[spec.name]].has_invoke_id


def test_failures_by_service() -> None:
    control = {n for n, f in relations.FAILURES.items() if f == "CONTROL_FAILURE_CONF"}
    service = ged_enums.CTIServiceMask.CTI_SERVICE_CLIENT_CONTROL
    of_control = {n for n, s in relations.SERVICES.items() if s == service}
    # Guide, Application Level Interfaces: both say FAILURE_CONF when there is no supervisor.
    assert of_control - control == {"SUPERVISOR_ASSIST_REQ", "EMERGENCY_CALL_REQ"}
    assert control <= of_control
    assert relations.FAILURES["SET_CALL_DATA_REQ"] == "FAILURE_CONF"


def test_masks_cover_the_printed_bits() -> None:
    masks: dict[str, int] = {**relations.MASKS}
    assert masks["RTP_STARTED_EVENT"] == 0x00200000
    assert masks["NETWORK_RECORDING_TARGET_INFO_EVENT"] == 0x80000000
    assert masks["CONFIG_TERMINAL_EVENT"] == 0x100
    call = {mask for mask in masks.values() if isinstance(mask, ged_enums.CallMsgMask)}
    assert {*ged_enums.CallMsgMask} - call == {ged_enums.CallMsgMask.CALL_TERMINATION_MASK}
    config = {mask for mask in masks.values() if isinstance(mask, ged_enums.ConfigInformationMask)}
    assert config == {*ged_enums.ConfigInformationMask}
    assert {*relations.AGENT_STATE_MASKS.values()} == {*ged_enums.AgentStateMask}
    unknown = {*ged_enums.AgentState} - relations.AGENT_STATE_MASKS.keys()
    assert unknown == {ged_enums.AgentState.AGENT_STATE_UNKNOWN}


def test_services() -> None:
    service = ged_enums.CTIServiceMask
    assert relations.SERVICES["MONITOR_START_REQ"] == service.CTI_SERVICE_PERIPHERAL_MONITOR
    assert relations.SERVICES["LIST_AGENT_TEAM_REQ"] == service.CTI_SERVICE_SUPERVISOR
    assert relations.SERVICES["AGENT_PRE_CALL_ABORT_EVENT"] == service.CTI_SERVICE_ALL_EVENTS
    for everybody in ("OPEN_REQ", "SYSTEM_EVENT", "USER_MESSAGE_REQ", "REGISTER_VARIABLES_REQ"):
        assert everybody not in relations.SERVICES


# --- enumerations --------------------------------------------------------------------------------


ENUMERATIONS = [
    (ged_enums.AgentState.AGENT_STATE_NOT_ACTIVE, 14),
    (ged_enums.EventCause.CEC_CALL_PARTY_UPDATE_IND, 50),
    (ged_enums.CTIServiceMask.CTI_SERVICE_ACTIVE_STANDBY, 0x02000000),
    (ged_enums.StatusCode.E_CTI_INVALID_CLIENT_FOR_STANDBY, 107),
    (ged_enums.StatusCode.E_CTI_DEVICE_IN_USE, 10),
    (ged_enums.PeripheralType.PT_ENTERPRISE_AGENT, 17),
    (ged_enums.PeripheralType.PT_SIMPLIFIED_IPCC, 23),
    (ged_enums.DispositionCode.CANT_OBTAIN_TASK_ID, 39),
    (ged_enums.ClassOfDevice.DEVC_VOICE, 0x80),
    # 27 is printed twice, and so is the name of 38.
    (ged_enums.CallType.RESERVATION_PREVIEW, 27),
    (ged_enums.CallType.CALLTYPE_NON_ACD, 38),
]


@pytest.mark.parametrize(("member", "number"), ENUMERATIONS)
def test_enumerations(member: IntEnum | IntFlag, number: int) -> None:
    assert int(member) == number
    assert type(member)(number) is member


def test_masks_are_flags() -> None:
    flags = {
        name
        for name in ged_enums.__all__
        if isinstance(getattr(ged_enums, name), type)
        and issubclass(getattr(ged_enums, name), IntFlag)
    }
    masks = {name for name in ged_enums.__all__ if name.endswith("Mask")}
    assert flags == masks | {"AgentFlags", "ClassOfDevice"}


def test_every_enumeration_names_its_table() -> None:
    for name, entry in generate.load("enums")["enums"].items():
        assert entry["chapter"] in (getattr(ged_enums, name).__doc__ or ""), name
        assert entry["table"], name


def test_version_check() -> None:
    assert [check_version(v) for v in VERSIONS] == [*range(9, 26)]
    for version in (8, 26):
        with pytest.raises(ValueError, match=r"9\.\.25"):
            check_version(version)
