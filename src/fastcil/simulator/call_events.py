"""The messages that tell of calls: who is named in them, and what they say.

Every fixed field is there: what nobody knows is absent as the protocol says it, all ones for ids
and 0 for SkillGroupPriority, CampaignID and QueryRuleID. Source: GED-188 guide, Application Level
Interfaces, call event messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from fastcil.ged188 import NULL_UINT, NULL_USHORT, NamedArray, NamedVariable
from fastcil.ged188.enums import (
    ConnectionDeviceIDType,
    DeviceIDType,
    EventCause,
    LineType,
    LocalConnectionState,
)
from fastcil.ged188.schema import FieldType, message_spec
from fastcil.simulator.model import Audience, Call, Connection, Device, Site, SkillGroup

__all__ = [
    "STATIC",
    "audience",
    "call_data",
    "client_values",
    "connection_values",
    "consult_values",
    "device_type",
    "fixed_values",
    "group_lists",
    "line_type_of",
    "over",
    "party_lists",
    "router_key",
    "skill_values",
    "talks",
]

STATIC = int(ConnectionDeviceIDType.CONNECTION_ID_STATIC)
NO_CAUSE = int(EventCause.CEC_NONE)
_NO_DEVICE = int(DeviceIDType.DEVID_NONE)
_EXTERNAL = int(DeviceIDType.DEVID_EXTERNAL)
_AGENT_DEVICE = int(DeviceIDType.DEVID_AGENT_DEVICE)
_LEFT = frozenset({LocalConnectionState.LCS_NULL, LocalConnectionState.LCS_NONE})
_PRESENT = frozenset({LocalConnectionState.LCS_CONNECT, LocalConnectionState.LCS_HOLD})
_ZERO = frozenset({"SkillGroupPriority", "CampaignID", "QueryRuleID", "EchoCancellation"})
"""Fields that are 0 when not applicable; others are all ones."""


@cache
def _form(name: str) -> tuple[dict[str, int], frozenset[str]]:
    """The fixed fields of a message, all absent, and the names of all its fields.

    Count fields are left to the encoder, the MonitorID to the server.
    """
    spec = message_spec(name)
    counts = {one.count for one in spec.lists}
    blank = {}
    for field in spec.fixed:
        if field.name in counts or field.name == "MonitorID":
            continue
        if field.name in _ZERO:
            blank[field.name] = 0
        elif field.type is FieldType.USHORT:
            blank[field.name] = NULL_USHORT
        elif field.type in (FieldType.UINT, FieldType.TIME):
            blank[field.name] = NULL_UINT
        else:
            blank[field.name] = 0
    # A floating field whose tag is printed nowhere cannot be sent.
    return blank, frozenset(blank) | {field.name for field in spec.floating if field.tag}


def fixed_values(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a message: every fixed field, and the floating ones that are known.

    What is known but no field of the message is left out, so that callers may hand over all that
    they know of a connection.
    """
    blank, fields = _form(name)
    values: dict[str, Any] = dict(blank)
    for key, value in known.items():
        if value is not None and key in fields:
            values[key] = value
    return values


def device_type(device_id: str, device: Device | None) -> int:
    """DeviceIDType of a device: an agent's telephone, or somebody outside."""
    if not device_id:
        return _NO_DEVICE
    return _EXTERNAL if device is None else _AGENT_DEVICE


def audience(call: Call, *others: Call, also: Iterable[Device] = (), team: int = 0) -> Audience:
    """Everybody who is a party of the calls, and the devices that just left."""
    calls = (call, *others)
    devices = [c.device for one in calls for c in one.connections if c.device is not None]
    devices += also
    return Audience(
        "call",
        call.peripheral_id,
        frozenset([d.instrument for d in devices]),
        frozenset([d.agent.icm_id for d in devices if d.agent is not None]),
        frozenset([one.id for one in calls]),
        team,
    )


def skill_values(call: Call) -> dict[str, int]:
    """Service and skill group of a call."""
    found: dict[str, int] = {}
    if call.service is not None:
        found["ServiceNumber"] = call.service.number
        found["ServiceID"] = call.service.id
    if call.skill_group is not None:
        found["SkillGroupNumber"] = call.skill_group.number
        found["SkillGroupID"] = call.skill_group.id
        found["SkillGroupPriority"] = call.skill_group.priority
    return found


def connection_values(
    site: Site, connection: Connection, cause: int = NO_CAUSE, line_type: int | None = None
) -> dict[str, Any]:
    """What every event of a connection says of it."""
    call, device = connection.call, connection.device
    found: dict[str, Any] = {
        "PeripheralID": call.peripheral_id,
        "PeripheralType": int(site.peripherals[call.peripheral_id].type),
        "ConnectionDeviceIDType": STATIC,
        "ConnectionCallID": call.id,
        "ConnectionDeviceID": connection.device_id,
        "LocalConnectionState": int(connection.state),
        "EventCause": cause,
        **skill_values(call),
    }
    if device is not None:
        found["LineHandle"] = device.line_handle
        found["LineType"] = int(line_type_of(call) if line_type is None else line_type)
    return found


def line_type_of(call: Call) -> LineType:
    """LineType of a call at the devices of the site. Source: guide, Constants, LineType Values."""
    if call.line_type is not None:
        return LineType(call.line_type)
    if call.direction == "auto":
        return LineType.LINETYPE_OUTBOUND_ACD
    if call.service is not None:
        return LineType.LINETYPE_INBOUND_ACD
    if call.direction == "in":
        return LineType.LINETYPE_DID
    outside = any(c.device is None for c in call.connections)
    return LineType.LINETYPE_OUTBOUND if outside else LineType.LINETYPE_INSIDE


def call_data(call: Call) -> dict[str, Any]:
    """The data that travel with a call, those that it has."""
    found: dict[str, Any] = {
        "ANI": call.ani or None,
        "DNIS": call.dnis or None,
        "DialedNumber": call.dialed_number or None,
        "CallerEnteredDigits": call.entered_digits or None,
        "UserToUserInfo": call.user_to_user or None,
        "CallWrapupData": call.wrapup or None,
        "CallReferenceID": call.reference or None,
    }
    found = {name: value for name, value in found.items() if value is not None}
    found.update(router_key(call))
    for number, text in call.variables.items():
        if text:
            found[f"CallVariable{number}"] = text
    found["NamedVariable"] = [NamedVariable(n, v) for n, v in call.named.items()]
    found["NamedArray"] = [NamedArray(i, n, v) for (n, i), v in call.arrays.items()]
    return found


def router_key(call: Call) -> dict[str, int]:
    """The router call key: "only provided for Post-routed and Translation-routed calls"."""
    day, number, sequence = call.router_key
    if not day:
        return {}
    return {
        "RouterCallKeyDay": day,
        "RouterCallKeyCallID": number,
        "RouterCallKeySequenceNumber": sequence,
    }


def consult_values(call: Call) -> dict[str, Any]:
    """COC fields: the call that this one is a consultation of."""
    if call.originating_call == NULL_UINT:
        return {}
    return {
        "COCConnectionCallID": call.originating_call,
        "COCCallConnectionDeviceIDType": STATIC,
        "COCCallConnectionDeviceID": call.originating_device or None,
    }


def client_values(call: Call) -> dict[str, list[Any]]:
    """The CTI clients that handled a call, parallel lists."""
    return {
        "CTIClientSignature": [signature for signature, _ in call.clients],
        "CTIClientTimestamp": [at for _, at in call.clients],
    }


def party_lists(call: Call, prefix: str) -> dict[str, list[Any]]:
    """The parties of a call as the parallel lists <prefix>CallID, DeviceIDType, DeviceID."""
    parties = call.connections
    return {
        f"{prefix}CallID": [call.id] * len(parties),
        f"{prefix}DeviceIDType": [STATIC] * len(parties),
        f"{prefix}DeviceID": [c.device_id for c in parties],
    }


def group_lists(groups: Iterable[SkillGroup]) -> dict[str, list[int]]:
    """Skill groups as the parallel lists of the queue events."""
    groups = list(groups)
    return {
        "SkillGroupNumber": [group.number for group in groups],
        "SkillGroupID": [group.id for group in groups],
        "SkillGroupPriority": [group.priority for group in groups],
    }


def over(state: LocalConnectionState) -> bool:
    """Whether a connection in this state is no more."""
    return state in _LEFT


def talks(connections: Iterable[Connection]) -> bool:
    """Whether any of these parties is in its call, be it holding."""
    return any(c.state in _PRESENT for c in connections)
