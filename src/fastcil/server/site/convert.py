"""Values of GED-188 messages as the CIL has them.

Fields keep their names where those are CIL keywords; ALIASES has the others. Sources: the event
tables of the CTI OS Developer Guide against the message tables of the CTI Server Message Reference
Guide, protocol version 25.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastcil.catalog import keyword_id
from fastcil.ged188 import NULL_UINT, NULL_USHORT, Message
from fastcil.ged188.schema import MESSAGES_BY_NAME

__all__ = [
    "ALIASES",
    "NOT_OURS",
    "call_fields",
    "clients",
    "ecc",
    "enterprise_id",
    "keyword_fields",
    "number",
    "table",
    "targets",
]

ALIASES = {
    "QueueDeviceID": "QueuedDeviceID",
    "QueueDeviceType": "QueuedDeviceIDType",
    "CallingDeviceType": "CallingDeviceIDType",
    "CalledDeviceType": "CalledDeviceIDType",
    "LastRedirectDeviceID": "LastRedirectedDeviceID",
    "LastRedirectDeviceType": "LastRedirectedDeviceIDType",
    "TrunkUsedDeviceType": "TrunkUsedDeviceIDType",
    "FltCallTypeID": "CallTypeIDTag",
    "PreCallInvokeID": "PreCallInvokeIDTag",
}
"""Fields that the CIL knows by another name; they are kept under both where both are keywords."""

_UNSIGNED = frozenset({"ConnectionCallID", "CallConnectionCallID", "NewConnectionCallID"})
"""Documented UINT in the CIL: all ones stay what they are."""
NOT_OURS = frozenset({"MonitorID", "InvokeID"})
"""Numbers of the server's own session with the CTI Server, which mean nothing to a client."""
_TARGETS: dict[str, tuple[str, ...]] = {}
_ABSENT = (NULL_UINT, NULL_USHORT)


def targets(name: str) -> tuple[str, ...]:
    """The keywords that a field becomes: none, one, or its own and the alias."""
    found = _TARGETS.get(name)
    if found is None:
        names = [] if name in NOT_OURS else [name, ALIASES.get(name, "")]
        found = _TARGETS[name] = tuple(one for one in names if one and keyword_id(one))
    return found


def number(name: str, value: int) -> int:
    """A number as the CIL has it: "absent" is -1 where the CIL's type is signed."""
    return -1 if value in _ABSENT and name not in _UNSIGNED else value


@cache
def table() -> dict[str, tuple[str, str, bool]]:
    """By field: its keyword, the alias, and whether "absent" is -1."""
    found: dict[str, tuple[str, str, bool]] = {}
    for spec in MESSAGES_BY_NAME.values():
        for field in (*spec.fixed, *spec.alternative, *spec.floating):
            names = (*targets(field.name), "", "")
            found[field.name] = (names[0], names[1], field.name not in _UNSIGNED)
    return found


def keyword_fields(message: Message) -> dict[str, Any]:
    """The fields of a message that are CIL keywords; lists and unknown tags are left out."""
    return message.renamed(table())


def ecc(message: Message) -> dict[str, str]:
    """Expanded call context: scalars by name, elements of arrays as name[index]."""
    found = {one.name: one.value for one in message.get("NamedVariable") or ()}
    for element in message.get("NamedArray") or ():
        found[f"{element.name}[{element.index}]"] = element.value
    return found


def clients(message: Message) -> dict[str, dict[str, Any]]:
    """The CTI clients of a call, numbered from 1."""
    signatures = message.get("CTIClientSignature") or ()
    times = message.get("CTIClientTimestamp") or ()
    found = {}
    for i, signature in enumerate(signatures):
        entry: dict[str, Any] = {"CTIClientSignature": signature}
        if i < len(times):
            entry["CTIClientTimestamp"] = str(times[i])
        found[f"CTIClient[{i + 1}]"] = entry
    return found


def enterprise_id(fields: Mapping[str, Any]) -> str:
    """ICMEnterpriseUniqueID: icm.RouterCallKeyDay.RouterCallKeyCallID, "" without a router key.

    Source: CTI OS Developer Guide, coding conventions.
    """
    day, call = fields.get("RouterCallKeyDay", 0), fields.get("RouterCallKeyCallID", 0)
    return f"icm.{day}.{call}" if day > 0 or call > 0 else ""


def call_fields(message: Message) -> dict[str, Any]:
    """What a message tells of a call: its keyword fields, ECC and clients when it has them."""
    found = keyword_fields(message)
    if (variables := ecc(message)) or "NumNamedVariables" in message:
        found["ECC"] = variables
    if "NumCTIClients" in message:
        found["CTIClients"] = clients(message)
    if "RouterCallKeyCallID" in found:
        found["ICMEnterpriseUniqueID"] = enterprise_id(found)
    return found
