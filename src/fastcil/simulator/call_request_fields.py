"""What requests about calls have in common: how they name calls and connections, and call data.

Source: GED-188 guide, Application Level Interfaces, Client Control Service and Call Data Update
Service; Constants, Failure Indication Message Status Codes.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188 import NULL_UINT
from fastcil.ged188.enums import (
    AllocationState,
    AnswerDetectMode,
    AnsweringMachine,
    CallMannerType,
    CallOption,
    CallPlacementType,
    ConnectionDeviceIDType,
    ConsultType,
    DestinationCountry,
    DeviceIDType,
    FacilityType,
    RTPDirection,
    RTPType,
    StatusCode,
)
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.simulator.model import Call, Connection, Peripheral, RequestError
from fastcil.simulator.requests import Request, check_control, missing

__all__ = [
    "NO_CALL",
    "call_of",
    "check_member",
    "check_values",
    "connection_of",
    "given_data",
    "own_connection",
]

NO_CALL = (0, NULL_UINT)
"""Call ids that are none. The guide says all ones; no call has the id 0 either."""
_VALUES: dict[str, tuple[type, StatusCode]] = {
    "CallPlacementType": (CallPlacementType, StatusCode.E_CTI_INVALID_CALL_PLACEMENT_TYPE),
    "CallMannerType": (CallMannerType, StatusCode.E_CTI_INVALID_CALL_MANNER_TYPE),
    "CallOption": (CallOption, StatusCode.E_CTI_INVALID_CALL_OPTION),
    "FacilityType": (FacilityType, StatusCode.E_CTI_INVALID_FACILITY_TYPE),
    "AnsweringMachine": (AnsweringMachine, StatusCode.E_CTI_INVALID_ANSWERING_MACHINE),
    "ConsultType": (ConsultType, StatusCode.E_CTI_INVALID_CONSULT_TYPE),
    "AllocationState": (AllocationState, StatusCode.E_CTI_INVALID_ALLOCATION_STATE),
    "DestinationCountry": (DestinationCountry, StatusCode.E_CTI_INVALID_DESTINATION_COUNTRY),
    "AnswerDetectMode": (AnswerDetectMode, StatusCode.E_CTI_INVALID_ANSWER_DETECT_MODE),
    "CalledDeviceType": (DeviceIDType, StatusCode.E_CTI_INVALID_DEVICE_ID_TYPE),
    "Direction": (RTPDirection, StatusCode.E_CTI_INVALID_RTP_DIRECTION),
    "RTPType": (RTPType, StatusCode.E_CTI_INVALID_RTP_TYPE),
}
_ID_TYPES = frozenset(int(one) for one in ConnectionDeviceIDType)
_ALLOWED = {name: frozenset(int(one) for one in kind) for name, (kind, _) in _VALUES.items()}  # type: ignore[attr-defined]
_TEXTS = (
    "ANI",
    "UserToUserInfo",
    "CallerEnteredDigits",
    "CallWrapupData",
    "NamedVariable",
    "NamedArray",
)


def check_values(request: Request) -> None:
    """Fields that have a table of values have one of them.

    Raises RequestError (FAILURE_CONF) with the status that exists for the field.
    """
    for name, (_, status) in _VALUES.items():
        value = request.message.get(name)
        if value is not None and value not in _ALLOWED[name]:
            raise RequestError(0, f"{name} {value} is none of the guide's", status=status)


def call_of(request: Request, peripheral: Peripheral, prefix: str = "Connection") -> Call:
    """The call of <prefix>CallID. Raises RequestError CF_INVALID_CSTA_CALL_IDENTIFIER."""
    number = request.message[f"{prefix}CallID"]
    call = peripheral.calls.get(number)
    if call is None:
        raise RequestError(Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, f"no call {number}")
    return call


def connection_of(
    request: Request,
    peripheral: Peripheral,
    prefix: str = "Connection",
    *,
    outside: bool = False,
) -> Connection:
    """The connection that <prefix>CallID and <prefix>DeviceID name.

    AgentInstrument, or the client's own, says at which device it is when no device id is given or
    the one given is of no party. outside: it may be that of a party outside, for clients that are
    a party of the call or may control any device. Raises RequestError:
    CF_INVALID_CSTA_CALL_IDENTIFIER, CF_INVALID_CSTA_CONNECTION_IDENTIFIER,
    CF_INVALID_CSTA_DEVICE_IDENTIFIER for a party outside, and
    CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE for a client that controls another device.
    """
    message = request.message
    kind = message.get(f"{prefix}DeviceIDType")
    if kind is not None and kind not in _ID_TYPES:
        raise RequestError(
            0,
            f"{prefix}DeviceIDType {kind} is none of the guide's",
            status=StatusCode.E_CTI_INVALID_CONNECTION_ID_TYPE,
        )
    call = call_of(request, peripheral, prefix)
    names = [message.get(f"{prefix}DeviceID"), message.get("AgentInstrument")]
    if not any(names):
        names.append(request.client.instrument)
    if not any(names):
        raise missing(f"{prefix}DeviceID")
    refused = Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER
    for name in names:
        for connection in call.connections:
            device = connection.device
            if not name or name not in (connection.device_id, device and device.extension):
                continue
            if device is not None:
                check_control(request, device.agent, device)
            elif outside:
                _check_party(request, call)
            else:
                refused = Failure.CF_INVALID_CSTA_DEVICE_IDENTIFIER
                continue
            return connection
    raise RequestError(
        refused,
        f"call {call.id} has no connection of a device "
        f"{' or '.join(repr(name) for name in names if name)}",
    )


def _check_party(request: Request, call: Call) -> None:
    """A client may drop parties outside from calls that it controls a device of."""
    inside = [c.device for c in call.connections if c.device is not None]
    for device in inside[:-1]:
        try:
            check_control(request, device.agent, device)
        except RequestError:
            continue
        return
    if inside:
        check_control(request, inside[-1].agent, inside[-1])


def own_connection(call: Call, instrument: str) -> Connection | None:
    """The connection of a device in a call."""
    for connection in call.connections:
        if connection.device is not None and connection.device.instrument == instrument:
            return connection
    return None


def check_member(request: Request, call: Call) -> None:
    """A client with a device of its own must be, or have been, a party of the call, or supervise
    one. Raises RequestError (FAILURE_CONF) E_CTI_NOT_CALL_PARTY: "a CallDataUpdate or Release Call
    request specified a call that the client is not a party to"."""
    client = request.client
    if not client.instrument or client.all_events or client.instrument in call.instruments:
        return
    for connection in call.connections:
        agent = connection.device.agent if connection.device is not None else None
        if agent is not None and agent.team is not None and client.agent in agent.team.supervisors:
            return
    raise RequestError(
        0,
        f"{client.instrument} is no party of call {call.id}",
        status=StatusCode.E_CTI_NOT_CALL_PARTY,
    )


def given_data(request: Request) -> dict[str, Any]:
    """The call data of a request, those it has."""
    message = request.message
    found = {f"CallVariable{n}": message.get(f"CallVariable{n}") for n in range(1, 11)}
    for name in _TEXTS:
        found[name] = message.get(name)
    return {name: value for name, value in found.items() if value is not None}
