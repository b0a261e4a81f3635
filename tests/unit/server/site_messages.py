"""Messages of a CTI Server for tests: what is not given is absent, as the protocol says it."""

from __future__ import annotations

from typing import Any

from fastcil.ged188 import NULL_UINT, NULL_USHORT, Message, encode_message
from fastcil.ged188.schema import message_spec

VERSION = 24
_PLAIN = {
    "PeripheralID": 5000,
    "PeripheralType": 17,
    "ConnectionDeviceIDType": 0,
    "LocalConnectionState": 3,
    "NumNamedVariables": None,
    "NumNamedArrays": None,
    "NumCTIClients": None,
    "NumParties": None,
    "NumSkillGroups": None,
    "NumFltSkillGroups": None,
    "NumberOfAgents": None,
}


def message(name: str, **fields: Any) -> Message:
    """A message as the reader yields it."""
    values: dict[str, Any] = {}
    for field in message_spec(name).fixed_of(VERSION):
        absent = NULL_USHORT if field.type.size == 2 else NULL_UINT if field.type.size == 4 else 0
        if field.type.value == "INT":
            absent = 0
        values[field.name] = _PLAIN.get(field.name, absent)
    values.update(fields)
    values = {k: v for k, v in values.items() if v is not None}
    return Message.from_bytes(encode_message(name, values, version=VERSION), VERSION)


def call(name: str, device: str, call_id: int = 202, **fields: Any) -> Message:
    """A message of one connection of a call."""
    return message(name, ConnectionCallID=call_id, ConnectionDeviceID=device, **fields)


def state(agent_id: str, number: int, instrument: str = "", **fields: Any) -> Message:
    """AGENT_STATE_EVENT; the instrument is the agent's ID with a 3 before it unless given."""
    plain: dict[str, Any] = {
        "AgentID": agent_id,
        "AgentExtension": instrument or f"3{agent_id}",
        "AgentInstrument": instrument or f"3{agent_id}",
        "AgentState": number,
        "SkillGroupNumber": 7,
        "SkillGroupID": 5107,
        "SkillGroupPriority": 0,
        "SkillGroupState": number,
        "EventReasonCode": 0,
        "StateDuration": 0,
    }
    return message("AGENT_STATE_EVENT", **{**plain, **fields})
