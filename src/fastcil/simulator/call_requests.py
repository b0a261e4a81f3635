"""Requests about calls: each names a connection or a device, and the call engine does the rest.

Source: GED-188 guide, Application Level Interfaces, Client Control Service and Call Data Update
Service: the request tables say which fields count, the Constants chapter which FailureCode is told.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188 import NULL_UINT, NULL_USHORT
from fastcil.ged188.enums import CallType, EventCause, StatusCode
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator import supervision_requests
from fastcil.simulator.call_events import STATIC, call_data, device_type
from fastcil.simulator.model import Call, Connection, Device, Peripheral, RequestError
from fastcil.simulator.requests import (
    Handler,
    Replies,
    Request,
    check_control,
    device_of,
    missing,
    peripheral_of,
)

__all__ = ["HANDLERS", "call_of", "connection_of"]

_DTMF = frozenset("0123456789*#ABCDabcd")


def call_of(request: Request, peripheral: Peripheral, prefix: str = "Connection") -> Call:
    """The call of <prefix>CallID. Raises RequestError CF_INVALID_CSTA_CALL_IDENTIFIER."""
    number = request.message[f"{prefix}CallID"]
    call = peripheral.calls.get(number)
    if call is None:
        raise RequestError(Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, f"no call {number}")
    return call


def connection_of(
    request: Request, peripheral: Peripheral, prefix: str = "Connection"
) -> Connection:
    """The connection that <prefix>CallID and <prefix>DeviceID name.

    AgentInstrument says at which device it is when the connection's own id is not one. Raises
    RequestError: CF_INVALID_CSTA_CALL_IDENTIFIER, CF_INVALID_CSTA_CONNECTION_IDENTIFIER, and
    CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE for a client that controls another device.
    """
    call = call_of(request, peripheral, prefix)
    names = (request.message.get(f"{prefix}DeviceID"), request.message.get("AgentInstrument"))
    for name in names:
        for connection in call.connections:
            device = connection.device
            if name and (name == connection.device_id or (device and name == device.extension)):
                check_control(request, device.agent if device else None, device)
                return connection
    raise RequestError(
        Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER,
        f"call {call.id} has no connection {' or '.join(repr(n) for n in names if n)}",
    )


def _new(connection: Connection) -> dict[str, Any]:
    """NewConnection fields of a confirmation."""
    device = connection.device
    return {
        "NewConnectionCallID": connection.call.id,
        "NewConnectionDeviceIDType": STATIC,
        "NewConnectionDeviceID": connection.device_id,
        "LineHandle": device.line_handle if device else NULL_USHORT,
        "LineType": 0 if connection.call.service else 2,
    }


def _data(request: Request) -> dict[str, Any]:
    """The call data of a request, those it has."""
    message = request.message
    found = {f"CallVariable{n}": message.get(f"CallVariable{n}") for n in range(1, 11)}
    for name in ("ANI", "UserToUserInfo", "CallerEnteredDigits", "CallWrapupData"):
        found[name] = message.get(name)
    found["NamedVariable"] = message.get("NamedVariable")
    found["NamedArray"] = message.get("NamedArray")
    _check_named(request, found)
    return {name: value for name, value in found.items() if value is not None}


def _check_named(request: Request, data: dict[str, Any]) -> None:
    """Named variables must be configured. Raises RequestError as REGISTER_VARIABLES_REQ does."""
    known = request.site.expanded_variables
    if not known:
        return
    for one in data["NamedVariable"] or ():
        if known.get(one.name) != 0:
            raise RequestError(
                0,
                f"no named variable {one.name!r}",
                status=StatusCode.E_CTI_NAMED_VARIABLE_NOT_CONFIGURED,
            )
    for element in data["NamedArray"] or ():
        size = known.get(element.name, 0)
        if not size:
            raise RequestError(
                0,
                f"no named array {element.name!r}",
                status=StatusCode.E_CTI_NAMED_ARRAY_NOT_CONFIGURED,
            )
        if element.index >= size:
            raise RequestError(
                0,
                f"{element.name!r} has {size} elements",
                status=StatusCode.E_CTI_INVALID_ARRAY_INDEX,
            )


def _dialed(request: Request) -> str:
    dialed = request.message.get("DialedNumber")
    if not dialed:
        raise missing("DialedNumber")
    return str(dialed)


def make_call(request: Request) -> Replies:
    """MAKE_CALL_REQ."""
    peripheral = peripheral_of(request)
    device = device_of(peripheral, request.message.get("AgentInstrument", ""))
    check_control(request, device.agent, device)
    connection = request.calls.make(device, _dialed(request), _data(request))
    return [("MAKE_CALL_CONF", _new(connection))]


def make_predictive_call(request: Request) -> Replies:
    """MAKE_PREDICTIVE_CALL_REQ: the customer is called first, then the service's agents."""
    peripheral = peripheral_of(request)
    origin = request.message.get("OriginatingDeviceID", "")
    services = peripheral.services.values()
    service = next((s for s in services if origin in (s.extension, s.dialed_number)), None)
    if service is None:
        raise RequestError(Failure.CF_INVALID_CALLING_DEVICE, f"no service at {origin!r}")
    dialed = _dialed(request)
    call = request.calls.arrive(
        peripheral,
        ani=dialed,
        dialed_number=dialed,
        service=service,
        call_type=CallType.CALLTYPE_AUTO_OUT,
    )
    call.direction = "auto"
    request.calls.apply_data(call, _data(request))
    _route(request, call)
    return [("MAKE_PREDICTIVE_CALL_CONF", _new(call.connections[0]))]


def _route(request: Request, call: Call) -> None:
    """To an agent of the call's service, or into the queue."""
    every = request.site.peripherals[call.peripheral_id].skill_groups
    groups = [every[n] for n in (call.service.skill_groups if call.service else []) if n in every]
    for group in groups:
        agent = request.agents.longest_available(group)
        if agent is not None and agent.device is not None:
            request.agents.reserve(agent, group)
            call.skill_group = group
            request.calls.deliver(call, agent.device)
            return
    if groups:
        request.calls.queue(call, groups[0])


def answer_call(request: Request) -> Replies:
    """ANSWER_CALL_REQ."""
    request.calls.answer(connection_of(request, peripheral_of(request)))
    return [("ANSWER_CALL_CONF", {})]


def hold_call(request: Request) -> Replies:
    """HOLD_CALL_REQ."""
    request.calls.hold(connection_of(request, peripheral_of(request)))
    return [("HOLD_CALL_CONF", {})]


def retrieve_call(request: Request) -> Replies:
    """RETRIEVE_CALL_REQ."""
    request.calls.retrieve(connection_of(request, peripheral_of(request), "HeldConnection"))
    return [("RETRIEVE_CALL_CONF", {})]


def alternate_call(request: Request) -> Replies:
    """ALTERNATE_CALL_REQ."""
    peripheral = peripheral_of(request)
    active = connection_of(request, peripheral, "ActiveConnection")
    request.calls.alternate(active, connection_of(request, peripheral, "OtherConnection"))
    return [("ALTERNATE_CALL_CONF", {})]


def reconnect_call(request: Request) -> Replies:
    """RECONNECT_CALL_REQ."""
    peripheral = peripheral_of(request)
    active = connection_of(request, peripheral, "ActiveConnection")
    request.calls.reconnect(active, connection_of(request, peripheral, "HeldConnection"))
    return [("RECONNECT_CALL_CONF", {})]


def consultation_call(request: Request) -> Replies:
    """CONSULTATION_CALL_REQ."""
    active = connection_of(request, peripheral_of(request), "ActiveConnection")
    connection = request.calls.consult(active, _dialed(request), _data(request))
    return [("CONSULTATION_CALL_CONF", _new(connection))]


def _joined(call: Call, device: Device | None) -> dict[str, Any]:
    """What transfer and conference confirm: the call that goes on, and its parties."""
    parties = call.connections
    mine = next((c for c in parties if c.device is device), parties[0] if parties else None)
    return {
        "NewConnectionCallID": call.id,
        "NewConnectionDeviceIDType": STATIC,
        "NewConnectionDeviceID": mine.device_id if mine else "",
        "LineHandle": device.line_handle if device else NULL_USHORT,
        "LineType": 0 if call.service else 2,
        "ConnectedPartyCallID": [call.id for _ in parties],
        "ConnectedPartyDeviceIDType": [STATIC for _ in parties],
        "ConnectedPartyDeviceID": [c.device_id for c in parties],
    }


def _join(request: Request, *, leave: bool) -> tuple[Call, Device | None]:
    peripheral = peripheral_of(request)
    active = connection_of(request, peripheral, "ActiveConnection")
    device = active.device
    if request.message["HeldConnectionCallID"] == NULL_UINT:
        # Single step: one call, and a number to go on to.
        dialed = _dialed(request)
        if leave:
            return request.calls.single_step_transfer(active, dialed), device
        return request.calls.single_step_conference(active, dialed), device
    held = connection_of(request, peripheral, "HeldConnection")
    join = request.calls.transfer if leave else request.calls.conference
    return join(active, held), device


def transfer_call(request: Request) -> Replies:
    """TRANSFER_CALL_REQ, of two calls or in a single step."""
    call, device = _join(request, leave=True)
    return [("TRANSFER_CALL_CONF", _joined(call, device))]


def conference_call(request: Request) -> Replies:
    """CONFERENCE_CALL_REQ, of two calls or in a single step."""
    call, device = _join(request, leave=False)
    return [("CONFERENCE_CALL_CONF", _joined(call, device))]


def clear_call(request: Request) -> Replies:
    """CLEAR_CALL_REQ: everybody leaves."""
    connection = connection_of(request, peripheral_of(request))
    request.calls.clear_call(connection.call, connection)
    return [("CLEAR_CALL_CONF", {})]


def clear_connection(request: Request) -> Replies:
    """CLEAR_CONNECTION_REQ: one party leaves."""
    request.calls.clear_connection(connection_of(request, peripheral_of(request)))
    return [("CLEAR_CONNECTION_CONF", {})]


def deflect_call(request: Request) -> Replies:
    """DEFLECT_CALL_REQ."""
    connection = connection_of(request, peripheral_of(request))
    called = request.message.get("CalledDeviceID")
    if not called:
        raise missing("CalledDeviceID")
    request.calls.divert(connection, called, EventCause.CEC_CALL_FORWARD)
    return [("DEFLECT_CALL_CONF", {})]


def send_dtmf_signal(request: Request) -> Replies:
    """SEND_DTMF_SIGNAL_REQ: at least one tone, into a call that is talked in."""
    connection = connection_of(request, peripheral_of(request))
    digits = request.message.get("DTMFString")
    if not digits:
        raise missing("DTMFString")
    if not set(digits) <= _DTMF:
        raise RequestError(Failure.CF_VALUE_OUT_OF_RANGE, f"{digits!r} has other signs than tones")
    request.calls.require(connection, Lcs.LCS_CONNECT)
    return [("SEND_DTMF_SIGNAL_CONF", {})]


def set_call_data(request: Request) -> Replies:
    """SET_CALL_DATA_REQ."""
    call = call_of(request, peripheral_of(request))
    data = _data(request)
    message = request.message
    if message["CallType"] != NULL_USHORT:
        call.type = message["CallType"]
    if message["CalledPartyDisposition"] not in (0, NULL_USHORT):
        call.disposition = message["CalledPartyDisposition"]
    request.calls.set_data(call, data)
    return [("SET_CALL_DATA_CONF", {})]


def release_call(request: Request) -> Replies:
    """RELEASE_CALL_REQ: the client has finished with the call; it goes on."""
    call_of(request, peripheral_of(request))
    return [("RELEASE_CALL_CONF", {})]


def snapshot_call(request: Request) -> Replies:
    """SNAPSHOT_CALL_REQ."""
    call = call_of(request, peripheral_of(request))
    parties = call.connections
    values: dict[str, Any] = {
        "CallType": call.type,
        "CalledPartyDisposition": call.disposition,
        **call_data(call),
        "CTIClientSignature": [signature for signature, _ in call.clients],
        "CTIClientTimestamp": [at for _, at in call.clients],
        "CallConnectionCallID": [call.id for _ in parties],
        "CallConnectionDeviceIDType": [STATIC for _ in parties],
        "CallConnectionDeviceID": [c.device_id for c in parties],
        "CallDeviceType": [device_type(c.device_id, c.device) for c in parties],
        "CallDeviceID": [c.device_id for c in parties],
        "CallDeviceConnectionState": [int(c.state) for c in parties],
    }
    values.pop("RouterCallKeySequenceNumber")
    if call.originating_call != NULL_UINT:
        values["COCConnectionCallID"] = call.originating_call
    return [("SNAPSHOT_CALL_CONF", values)]


def snapshot_device(request: Request) -> Replies:
    """SNAPSHOT_DEVICE_REQ."""
    peripheral = peripheral_of(request)
    device = device_of(peripheral, request.message.get("AgentInstrument", ""))
    connections = device.connections
    return [
        (
            "SNAPSHOT_DEVICE_CONF",
            {
                "CallConnectionCallID": [c.call.id for c in connections],
                "CallConnectionDeviceIDType": [STATIC for _ in connections],
                "CallConnectionDeviceID": [c.device_id for c in connections],
                "CallState": [int(c.state) for c in connections],
                "SilentMonitorStatus": [
                    int(supervision_requests.monitor_status(c)) for c in connections
                ],
            },
        )
    ]


HANDLERS: dict[str, Handler] = {
    "MAKE_CALL_REQ": make_call,
    "MAKE_PREDICTIVE_CALL_REQ": make_predictive_call,
    "ANSWER_CALL_REQ": answer_call,
    "HOLD_CALL_REQ": hold_call,
    "RETRIEVE_CALL_REQ": retrieve_call,
    "ALTERNATE_CALL_REQ": alternate_call,
    "RECONNECT_CALL_REQ": reconnect_call,
    "CONSULTATION_CALL_REQ": consultation_call,
    "TRANSFER_CALL_REQ": transfer_call,
    "CONFERENCE_CALL_REQ": conference_call,
    "CLEAR_CALL_REQ": clear_call,
    "CLEAR_CONNECTION_REQ": clear_connection,
    "DEFLECT_CALL_REQ": deflect_call,
    "SEND_DTMF_SIGNAL_REQ": send_dtmf_signal,
    "SET_CALL_DATA_REQ": set_call_data,
    "RELEASE_CALL_REQ": release_call,
    "SNAPSHOT_CALL_REQ": snapshot_call,
    "SNAPSHOT_DEVICE_REQ": snapshot_device,
    **supervision_requests.HANDLERS,
}
"""By message name."""
