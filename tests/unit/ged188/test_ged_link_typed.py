"""The generated requests: every one makes a message, with the defaults of the documents."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

import fastcil.ged188._requests as generated
from fastcil.ged188 import FIRST_VERSION, LAST_VERSION, EncodeError, Message, encode_message
from fastcil.ged188 import generate_requests as generator
from fastcil.ged188.generate import load
from fastcil.ged188.relations import CONFIRMATIONS
from fastcil.ged188.requests import (
    REQUESTS,
    AnswerCallReq,
    ConfigRequestEvent,
    ListAgentTeamReq,
    MakeCallReq,
    MonitorStartReq,
    OpenReq,
    QueryDeviceInfoReq,
    Request,
    SetAgentStateReq,
    SetCallDataReq,
    TransferCallReq,
)
from fastcil.ged188.schema import MESSAGES, Direction, message_spec


def sample(kind: type[Request]) -> Request:
    """A request with nothing but what it cannot do without."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.default is dataclasses.MISSING:
            values[field.name] = 1 if str(field.type) == "int" else "7"
    return kind(**values)


def test_the_generated_file_is_fresh() -> None:
    assert generated.__file__ is not None
    text = Path(generated.__file__).read_text("utf-8")
    assert text == generator.requests_module(load("messages"))


def test_every_request_with_a_format_is_there() -> None:
    wanted = {
        spec.name
        for spec in MESSAGES
        if spec.documented and spec.direction is Direction.TO_SERVER and spec.name in CONFIRMATIONS
    }
    assert set(REQUESTS) == wanted
    assert {spec.name for spec in MESSAGES if spec.has_invoke_id and spec.name.endswith("_REQ")
            and spec.direction is Direction.TO_SERVER} <= wanted  # fmt: skip
    for name, kind in REQUESTS.items():
        assert message_spec(kind.NUMBER).name == name
        assert kind.__doc__ is not None
        assert name in kind.__doc__
        assert CONFIRMATIONS[name] in kind.__doc__


@pytest.mark.parametrize("name", REQUESTS)
def test_each_makes_a_message_of_every_version_that_has_it(name: str) -> None:
    spec = message_spec(name)
    request = sample(REQUESTS[name])
    for version in range(max(FIRST_VERSION, spec.min_version), LAST_VERSION + 1):
        values = request.to_values(version)
        if spec.has_invoke_id:
            values["InvokeID"] = 5
        message = Message.from_bytes(encode_message(name, values, version=version), version)
        fixed = message.fields
        assert set(fixed) == {field.name for field in spec.fixed_of(version)}
        for key, value in values.items():
            got = message[key]
            assert got == (value.encode() if isinstance(got, bytes) and value == "7" else value)


def test_every_field_can_be_given() -> None:
    for name, kind in REQUESTS.items():
        spec = message_spec(name)
        named = {row[1] for row in kind.FIELDS} | set(kind.RESERVED) | {"InvokeID"}
        counts = {group.count for group in spec.lists}
        tagged = {field.name for field in spec.floating if field.tag}
        assert named | counts >= {field.name for field in spec.fixed} | tagged
        attributes = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
        assert sorted(attributes) == sorted(row[0] for row in kind.FIELDS)


def test_defaults_of_the_documents() -> None:
    call = MakeCallReq(peripheral_id=1, agent_instrument="3001", dialed_number="5551234")
    assert call.to_values() == {
        "PeripheralID": 1,
        "CallPlacementType": 0,
        "CallMannerType": 0,
        "AlertRings": 0,
        "CallOption": 0,
        "FacilityType": 0,
        "AnsweringMachine": 0,
        "Priority": 0,
        "PostRoute": 0,
        "SkillGroupNumber": 0xFFFFFFFF,
        "AgentInstrument": "3001",
        "DialedNumber": "5551234",
    }
    assert AnswerCallReq(1, "3001").to_values()["ConnectionCallID"] == 0xFFFFFFFF
    assert QueryDeviceInfoReq(1, "3001").to_values()["Reserved"] == 0
    data = SetCallDataReq(peripheral_id=1, connection_call_id=2, connection_device_id="3")
    assert (data.call_type, data.campaign_id, data.query_rule_id) == (0xFFFF, 0, 0)


def test_the_type_of_an_identifier_follows_whether_there_is_one() -> None:
    step = TransferCallReq(
        peripheral_id=1,
        active_connection_call_id=2,
        active_connection_device_id="3001",
        dialed_number="5551234",
    ).to_values()
    assert step["ActiveConnectionDeviceIDType"] == 0  # CONNECTION_ID_STATIC
    assert step["HeldConnectionDeviceIDType"] == 0xFFFF  # CONNECTION_ID_NONE
    assert step["HeldConnectionCallID"] == 0xFFFFFFFF
    device = MonitorStartReq(1, 0xFF, 0xFF, monitored_device_id="3001").to_values()
    assert (device["MonitoredDeviceType"], device["ConnectionDeviceIDType"]) == (0, 0xFFFF)
    assert device["ConnectionCallID"] == 0
    told = AnswerCallReq(1, "3001", connection_device_id_type=1).to_values()
    assert told["ConnectionDeviceIDType"] == 1


def test_fields_that_a_version_lacks_are_left_out_unless_they_are_asked_for() -> None:
    plain = SetAgentStateReq(peripheral_id=1, agent_state=3)
    assert "ForcedFlag" not in plain.to_values(12)
    assert plain.to_values(13)["ForcedFlag"] == 0
    forced = SetAgentStateReq(peripheral_id=1, agent_state=3, forced_flag=1)
    with pytest.raises(EncodeError, match="ForcedFlag"):
        encode_message("SET_AGENT_STATE_REQ", {"InvokeID": 1, **forced.to_values(12)}, version=12)
    assert "ConfigMsgMask" not in ConfigRequestEvent(4, 1).to_values(23)


def test_lists_are_counted() -> None:
    request = SetAgentStateReq(
        peripheral_id=1,
        agent_state=0,
        skill_group_number=[7, 8],
        skill_group_priority=[0, 1],
    )
    data = encode_message("SET_AGENT_STATE_REQ", {"InvokeID": 1, **request.to_values()})
    message = Message.from_bytes(data)
    assert (message["NumSkillGroups"], message["SkillGroupNumber"]) == (2, [7, 8])


def test_passwords_are_in_no_repr() -> None:
    login = SetAgentStateReq(peripheral_id=1, agent_state=0, agent_password="hunter2")
    opening = OpenReq(version_number=25, services_requested=1, client_id="x",
                      client_password=b"hunter2")  # fmt: skip
    assert "hunter2" not in repr(login) + repr(opening)
    assert login.to_values()["AgentPassword"] == "hunter2"


def test_requests_are_values() -> None:
    assert ListAgentTeamReq(3) == ListAgentTeamReq(supervisor_id=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        ListAgentTeamReq(3).supervisor_id = 4  # type: ignore[misc]
    with pytest.raises(TypeError):
        AnswerCallReq(peripheral_id=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("field", "attribute"),
    [
        ("ConnectionDeviceIDType", "connection_device_id_type"),
        ("CallVariable10", "call_variable_10"),
        ("ANI", "ani"),
        ("MRDID", "mrd_id"),
        ("ICMAgentID", "icm_agent_id"),
        ("DTMFString", "dtmf_string"),
        ("CTIOSCILClientID", "ctios_cil_client_id"),
        ("RTPType", "rtp_type"),
    ],
)
def test_names(field: str, attribute: str) -> None:
    assert generator.attribute_name(field) == attribute


def test_a_default_for_a_field_that_is_not_there_stops_the_generator() -> None:
    with pytest.raises(SystemExit, match=r"USER_MESSAGE_REQ.*Text"):
        generator.request_class({"name": "USER_MESSAGE_REQ", "number": 107,
                                 "confirmation": "USER_MESSAGE_CONF",
                                 "fixed": [{"name": "PeripheralID", "type": "UINT"}]})  # fmt: skip
