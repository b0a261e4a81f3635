"""The two events that every measurement of fastcil is about.

`full_call_begin` is OnCallBegin as a server with MinimizeEventArgs 0 sends it: everything that is
known of a new call, 54 items, two of them nested. `call_held` is the other end: OnCallHeld with
MinimizeEventArgs 1 and the device that holds, 5 items. Names are those of the catalog (CTI OS
Developer Guide, ICallEvents and MinimizeEventArgs; fields under CTI Server names: GED-188,
BEGIN_CALL_EVENT and the call events that follow it); values are those of an invented bank.
"""

from __future__ import annotations

__all__ = ["CALL_BEGIN_ID", "CALL_HELD_ID", "call_held", "full_call_begin"]

CALL_BEGIN_ID = 23
CALL_HELD_ID = 11


def full_call_begin() -> dict[str, object]:
    """The arguments of a complete OnCallBegin: 54 items, plain ints and strings, two nested."""
    return {
        "PeripheralID": 5000,
        "PeripheralType": 17,
        "CallType": 1,
        "UniqueObjectID": "call.5000.16777987.206006",
        "RouterCallKeyDay": 152018,
        "RouterCallKeyCallID": 206006,
        "RouterCallKeySequenceNumber": 1,
        "ConnectionCallID": 16777987,
        "ANI": "4155550123",
        "UserToUserInfo": "",
        "DNIS": "8005550199",
        "DialedNumber": "8005550199",
        "CallerEnteredDigits": "1234567890",
        "ServiceNumber": 5001,
        "ServiceID": 5001,
        "SkillGroupNumber": 12,
        "SkillGroupID": 5112,
        "SkillGroupPriority": 1,
        "CallWrapupData": "",
        "CampaignID": 0,
        "QueryRuleID": 0,
        "CallVariable1": "GOLD",
        "CallVariable2": "en_US",
        "CallVariable3": "Card services",
        "CallVariable4": "7781-0042-19",
        "CallVariable5": "IVR:MAIN>CARDS>LOST",
        "CallVariable6": "verified",
        "CallVariable7": "2",
        "CallVariable8": "",
        "CallVariable9": "2026-03-18T14:22:07Z",
        "CallVariable10": "Zoë Brandão",
        "CustomerPhoneNumber": "4155550123",
        "CustomerAccountNumber": "7781004219",
        "NumNamedVariables": 2,
        "NumNamedArrays": 1,
        "ECC": {
            "user.AccountNumber": "7781004219",
            "user.Language": "en_US",
            "user.Orders[0]": "A-204481",
            "user.Orders[1]": "A-204513",
        },
        "CTIClients": {
            "CTIClient[1]": {
                "CTIClientSignature": "ctios.desk.0231",
                "CTIClientTimestamp": "2026-03-18 14:22:09",
            },
        },
        "DeviceID": "23901",
        "DivertingDeviceID": "8005550199",
        "DivertingDeviceIDFull": "8005550199",
        "EnablementMask": 0x00000001,
        "ICMEnterpriseUniqueID": "icm.152018.206006.1.206006",
        "DeviceUniqueObjectID": "device.5000.23901",
        "FilterTarget": "CallEvent",
        "CallStatus": 2,
        "ConnectionDeviceID": "23901",
        "ConnectionDeviceIDType": 0,
        "LineHandle": 1,
        "LineType": 0,
        "TrunkNumber": 117,
        "TrunkGroupNumber": 4,
        "LocalConnectionState": 2,
        "EventCause": 22,
        "NumQueued": 0,
    }


def call_held() -> dict[str, object]:
    """The arguments of a minimal OnCallHeld and its holding device: 5 items."""
    return {
        "EnablementMask": 0x00000008,
        "UniqueObjectID": "call.5000.16777987.206006",
        "CallStatus": 4,
        "ICMEnterpriseUniqueID": "icm.152018.206006.1.206006",
        "DeviceUniqueObjectID": "device.5000.23901",
    }
