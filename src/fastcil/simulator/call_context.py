"""The data that travel with a call: how they are set, and how much there may be of them.

Source: GED-188 guide, Application Level Interfaces, Call Data Update Service; Messaging
Conventions, NAMEDVAR and NAMEDARRAY Data Types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.ged188 import NULL_UINT, NULL_USHORT
from fastcil.ged188.enums import StatusCode
from fastcil.simulator.model import Call, Device, Peripheral, RequestError, Site

__all__ = ["apply_data", "apply_device", "check_named", "check_size"]

_MAX_NAMED = 2000
"""Source: guide, NamedVariable: "subject to a combined total limit of 2000 bytes"."""
_TEXTS = {
    "ANI": "ani",
    "UserToUserInfo": "user_to_user",
    "CallerEnteredDigits": "entered_digits",
    "CallWrapupData": "wrapup",
    "CampaignID": "campaign_id",
    "QueryRuleID": "query_rule_id",
    "CustomerPhoneNumber": "customer_phone",
    "CustomerAccountNumber": "customer_account",
    "CallOriginatedFrom": "originated_from",
    "CallType": "type",
    "CalledPartyDisposition": "disposition",
}
_ROUTER_KEY = ("RouterCallKeyDay", "RouterCallKeyCallID", "RouterCallKeySequenceNumber")


def apply_data(call: Call, data: Mapping[str, Any]) -> None:
    """Set what is given of a call's data, by the names of the fields."""
    for number in range(1, 11):
        text = data.get(f"CallVariable{number}")
        if text is not None:
            call.variables[number] = text
    for one in data.get("NamedVariable") or ():
        call.named[one[0]] = one[1]
    for element in data.get("NamedArray") or ():
        call.arrays[element[1], element[0]] = element[2]
    for name, attribute in _TEXTS.items():
        if data.get(name) is not None:
            setattr(call, attribute, data[name])
    if any(data.get(name) is not None for name in _ROUTER_KEY):
        key = [data.get(name) for name in _ROUTER_KEY]
        day, number, sequence = (
            old if new is None else new for old, new in zip(call.router_key, key)
        )
        call.router_key = (day, number, sequence)


def apply_device(peripheral: Peripheral, device: Device, call: Call) -> None:
    """The attributes of the device where a call begins.

    Source: guide, SET_DEVICE_ATTRIBUTES_REQ: "initially assigned to all subsequent calls that
    originate from that device".
    """
    given = device.attributes
    if not given:
        return
    number, identity = given.get("ServiceNumber", NULL_UINT), given.get("ServiceID", NULL_UINT)
    for service in peripheral.services.values():
        if number == service.number or (number == NULL_UINT and identity == service.id):
            call.service = service
    number = given.get("SkillGroupNumber", NULL_UINT)
    identity = given.get("SkillGroupID", NULL_UINT)
    for group in peripheral.skill_groups.values():
        if number == group.number or (number == NULL_UINT and identity == group.id):
            call.skill_group = group
    kind = given.get("CallType", NULL_USHORT)
    if kind not in (0, NULL_USHORT):
        call.type = kind


def check_named(site: Site, data: Mapping[str, Any]) -> None:
    """Named variables must be configured, as scalars or as arrays.

    Raises RequestError (FAILURE_CONF) with the status of what is wrong. Source: guide, Constants,
    Failure Indication Message Status Codes.
    """
    known = site.expanded_variables
    if not known:
        return
    for one in data.get("NamedVariable") or ():
        size = known.get(one[0])
        if size is None:
            raise _wrong(
                StatusCode.E_CTI_NAMED_VARIABLE_NOT_CONFIGURED, f"no named variable {one[0]!r}"
            )
        if size:
            raise _wrong(StatusCode.E_CTI_SCALAR_FUNCTION_ON_ARRAY, f"{one[0]!r} is an array")
    for index, name, _ in data.get("NamedArray") or ():
        size = known.get(name)
        if size is None:
            raise _wrong(StatusCode.E_CTI_NAMED_ARRAY_NOT_CONFIGURED, f"no named array {name!r}")
        if not size:
            raise _wrong(StatusCode.E_CTI_ARRAY_FUNCTION_ON_SCALAR, f"{name!r} is no array")
        if index >= size:
            raise _wrong(StatusCode.E_CTI_INVALID_ARRAY_INDEX, f"{name!r} has {size} elements")


def check_size(call: Call | None, data: Mapping[str, Any]) -> None:
    """What a call would have of named variables must fit into one message.

    Raises RequestError (FAILURE_CONF) E_CTI_TOO_MUCH_DATA.
    """
    named = dict(call.named) if call is not None else {}
    arrays = dict(call.arrays) if call is not None else {}
    named.update((one[0], one[1]) for one in data.get("NamedVariable") or ())
    arrays.update(((e[1], e[0]), e[2]) for e in data.get("NamedArray") or ())
    size = sum(_bytes(name) + _bytes(value) for name, value in named.items())
    size += sum(1 + _bytes(name) + _bytes(value) for (name, _), value in arrays.items())
    if size > _MAX_NAMED:
        raise _wrong(
            StatusCode.E_CTI_TOO_MUCH_DATA, f"named variables of {size} bytes, {_MAX_NAMED} fit"
        )


def _bytes(text: str) -> int:
    """With the closing NUL."""
    return len(text.encode("utf-8", "surrogateescape")) + 1


def _wrong(status: StatusCode, text: str) -> RequestError:
    return RequestError(0, text, status=status)
