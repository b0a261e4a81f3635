"""The messages that tell of calls: who is named in them, and what they say.

Every fixed field is there: what nobody knows is all ones, as the protocol says absent. Source:
GED-188 guide, Application Level Interfaces, call event messages.
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
from fastcil.simulator.model import Audience, Call, Connection, Device, Site

__all__ = [
    "audience",
    "call_data",
    "connection_values",
    "device_type",
    "fixed_values",
    "skill_values",
]

STATIC = int(ConnectionDeviceIDType.CONNECTION_ID_STATIC)
NO_CAUSE = int(EventCause.CEC_NONE)
_NO_DEVICE = int(DeviceIDType.DEVID_NONE)


@cache
def _blank(name: str) -> dict[str, int]:
    """The fixed fields of a message, all absent; count fields are left to the encoder."""
    spec = message_spec(name)
    counts = {one.count for one in spec.lists}
    found = {}
    for field in spec.fixed:
        if field.name in counts or field.name == "MonitorID":
            continue
        if field.type is FieldType.USHORT:
            found[field.name] = NULL_USHORT
        elif field.type in (FieldType.UINT, FieldType.TIME):
            found[field.name] = NULL_UINT
        else:
            found[field.name] = 0
    return found


def fixed_values(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a message: every fixed field, and the floating ones that are known."""
    return {**_blank(name), **known}


def device_type(device_id: str, device: Device | None) -> int:
    """DeviceIDType of a device: an agent's telephone, or somebody outside."""
    if not device_id:
        return _NO_DEVICE
    return int(DeviceIDType.DEVID_EXTERNAL if device is None else DeviceIDType.DEVID_AGENT_DEVICE)


def audience(call: Call, *others: Call, also: Iterable[Device] = (), team: int = 0) -> Audience:
    """Everybody who is a party of the calls, and the devices that just left."""
    devices = [c.device for one in (call, *others) for c in one.connections if c.device is not None]
    devices += list(also)
    return Audience(
        "call",
        call.peripheral_id,
        frozenset(d.instrument for d in devices),
        frozenset(d.agent.icm_id for d in devices if d.agent is not None),
        frozenset(one.id for one in (call, *others)),
        team,
    )


def skill_values(call: Call) -> dict[str, int]:
    """Service and skill group of a call."""
    found: dict[str, int] = {}
    if call.service is not None:
        found.update(ServiceNumber=call.service.number, ServiceID=call.service.id)
    if call.skill_group is not None:
        found.update(
            SkillGroupNumber=call.skill_group.number,
            SkillGroupID=call.skill_group.id,
            SkillGroupPriority=call.skill_group.priority,
        )
    return found


def connection_values(
    site: Site, connection: Connection, cause: int = NO_CAUSE, line_type: int | None = None
) -> dict[str, Any]:
    """What every event of a connection says of it."""
    call, device = connection.call, connection.device
    state = connection.state
    found: dict[str, Any] = {
        "PeripheralID": call.peripheral_id,
        "PeripheralType": int(site.peripherals[call.peripheral_id].type),
        "ConnectionDeviceIDType": STATIC,
        "ConnectionCallID": call.id,
        "ConnectionDeviceID": connection.device_id,
        "LocalConnectionState": int(state),
        "EventCause": cause,
        **skill_values(call),
    }
    if device is not None:
        found["LineHandle"] = device.line_handle
        found["LineType"] = int(line_type_of(call) if line_type is None else line_type)
    return found


def line_type_of(call: Call) -> LineType:
    """LineType: a call of a service is an inbound ACD call, one between agents inside."""
    if call.service is not None:
        return LineType.LINETYPE_INBOUND_ACD
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
        "RouterCallKeyDay": call.router_key[0],
        "RouterCallKeyCallID": call.router_key[1],
        "RouterCallKeySequenceNumber": call.router_key[2],
        **{f"CallVariable{n}": text for n, text in call.variables.items() if text},
        "NamedVariable": [NamedVariable(n, v) for n, v in call.named.items()],
        "NamedArray": [NamedArray(i, n, v) for (n, i), v in call.arrays.items()],
    }
    return {name: value for name, value in found.items() if value is not None}


def over(state: LocalConnectionState) -> bool:
    """Whether a connection in this state is no more."""
    return state in (LocalConnectionState.LCS_NULL, LocalConnectionState.LCS_NONE)
