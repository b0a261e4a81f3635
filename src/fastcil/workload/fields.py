"""The data of a new call.

A call keeps one dict with a value for every keyword of any of its events; an event is a selection
from it (fastcil.catalog.selection).
"""

from __future__ import annotations

from random import Random
from typing import Any

from .model import GROUPS, PERIPHERAL_ID, PERIPHERAL_TYPE, Agent

__all__ = [
    "CALL_TYPE_CONSULT",
    "CALL_TYPE_INBOUND",
    "CALL_TYPE_OUTBOUND",
    "new_call_fields",
]

# Values of CallType in GED-188.
CALL_TYPE_INBOUND = 1
CALL_TYPE_OUTBOUND = 9
CALL_TYPE_CONSULT = 11

_ROLES = (
    "Alerting",
    "Answering",
    "Called",
    "Calling",
    "Holding",
    "Retrieving",
    "Releasing",
    "Diverting",
    "Transferring",
    "Transferred",
    "Controller",
    "AddedParty",
    "Primary",
    "Secondary",
)
_ZERO = (
    "CampaignID",
    "QueryRuleID",
    "MeasuredCallQTime",
    "NumParties",
    "IsTransferController",
    "LineType",
    "CallConnectionDeviceIDType",
    "CallDeviceType",
    "CallDeviceConnectionState",
)
_EMPTY = (
    "CallWrapupData",
    "UserToUserInfo",
    "PrimaryCallID",
    "SecondaryCallID",
    "CallConnectionDeviceID",
    *(f"CallVariable{number}" for number in range(1, 11)),
    *(f"{role}DeviceID" for role in _ROLES),
    *(f"{role}DeviceIDFull" for role in _ROLES),
)
_DEFAULTS: dict[str, Any] = {
    "PeripheralID": PERIPHERAL_ID,
    "PeripheralType": PERIPHERAL_TYPE,
    **dict.fromkeys(_EMPTY, ""),
    **dict.fromkeys(_ZERO, 0),
    "RouterCallKeySequenceNumber": 1,
    "SkillGroupPriority": 1,
    "NumNamedVariables": 2,
    "NumNamedArrays": 1,
    "NumCallDevices": 1,
    "FilterTarget": "CallEvent",
}

_LANGUAGES = ("en_US", "es_MX", "de_DE", "pt_BR")
_TIERS = ("GOLD", "SILVER", "BASIC")
_NAMES = ("Zoë Brandão", "Łukasz Nowak", "Ann Miller", "山田花子", "Omar Haddad", "Priya Nair")
_MENUS = ("IVR:MAIN>CARDS>LOST", "IVR:MAIN>LOANS", "IVR:MAIN>BALANCE>AGENT")


def new_call_fields(
    number: int, day: int, agent: Agent, call_type: int, random: Random
) -> tuple[str, dict[str, Any]]:
    """The UniqueObjectID and the data of a call that begins at an agent's device."""
    connection = 0x01000000 + number
    key = 200000 + number
    unique = f"call.{PERIPHERAL_ID}.{connection}.{key}"
    group = GROUPS[agent.group][0]
    digits = random.randrange(10_000_000)
    customer = f"415{digits:07d}"
    account = f"77{digits * 7 % 100_000_000:08d}"
    language = _LANGUAGES[digits % len(_LANGUAGES)]
    service = "8005550199"
    fields = _DEFAULTS.copy()
    fields.update(
        {
            "CallType": call_type,
            "UniqueObjectID": unique,
            "RouterCallKeyDay": day,
            "RouterCallKeyCallID": key,
            "ConnectionCallID": connection,
            "CallConnectionCallID": connection,
            "ICMEnterpriseUniqueID": f"icm.{day}.{key}.1.{key}",
            "ANI": customer,
            "DNIS": service,
            "DialedNumber": service,
            "CallerEnteredDigits": account,
            "CustomerPhoneNumber": customer,
            "CustomerAccountNumber": account,
            "CallVariable1": _TIERS[digits % len(_TIERS)],
            "CallVariable2": language,
            "CallVariable3": GROUPS[agent.group][1],
            "CallVariable5": _MENUS[digits % len(_MENUS)],
            "CallVariable10": _NAMES[digits % len(_NAMES)],
            "ServiceNumber": PERIPHERAL_ID + group,
            "ServiceID": PERIPHERAL_ID + group,
            "SkillGroupNumber": group,
            "SkillGroupID": PERIPHERAL_ID + 100 + group,
            "TrunkNumber": 100 + number % 96,
            "TrunkGroupNumber": 4,
            "MeasuredCallQTime": digits % 90,
            "DeviceID": agent.instrument,
            "DeviceUniqueObjectID": agent.device_id,
            "ECC": {
                "user.AccountNumber": account,
                "user.Language": language,
                "user.Orders[0]": f"A-{digits % 900000 + 100000}",
                "user.Orders[1]": f"A-{digits % 800000 + 100007}",
            },
            "CTIClients": {
                "CTIClient[1]": {
                    "CTIClientSignature": f"ctios.desk.{agent.agent_id}",
                    "CTIClientTimestamp": f"{day}.{key}",
                },
            },
        }
    )
    return unique, fields
