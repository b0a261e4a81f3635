"""Requests that control calls: each names a connection or a device, the call engine does the rest.

Source: GED-188 guide, Application Level Interfaces, Client Control Service: the request tables say
which fields count, the Constants chapter which FailureCode or status is told.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188 import NULL_UINT, NULL_USHORT
from fastcil.ged188.enums import AllocationState, CallPlacementType, EventCause
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator import call_data_requests, recording_requests, supervision_requests
from fastcil.simulator.call_context import check_named, check_size
from fastcil.simulator.call_events import STATIC, line_type_of, party_lists
from fastcil.simulator.call_request_fields import (
    NO_CALL,
    call_of,
    check_values,
    connection_of,
    given_data,
)
from fastcil.simulator.model import (
    Call,
    Connection,
    Device,
    Peripheral,
    RequestError,
    SkillGroup,
)
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


def _new(connection: Connection) -> dict[str, Any]:
    """NewConnection fields of a confirmation."""
    device = connection.device
    return {
        "NewConnectionCallID": connection.call.id,
        "NewConnectionDeviceIDType": STATIC,
        "NewConnectionDeviceID": connection.device_id,
        "LineHandle": device.line_handle if device else NULL_USHORT,
        "LineType": int(line_type_of(connection.call)) if device else NULL_USHORT,
    }


def _data(request: Request) -> dict[str, Any]:
    """The call data of a request, those it has, checked."""
    data = given_data(request)
    check_named(request.site, data)
    return data


def _dialed(request: Request) -> str:
    dialed = request.message.get("DialedNumber")
    if not dialed:
        raise missing("DialedNumber")
    return str(dialed)


def _group(request: Request, peripheral: Peripheral) -> SkillGroup | None:
    """The skill group "to make the call on behalf of"; older versions have no such field."""
    number = request.message.get("SkillGroupNumber", NULL_UINT)
    if number == NULL_UINT:
        return None
    group = peripheral.skill_groups.get(number)
    if group is None:
        raise RequestError(Extended.CF_INVALID_SKILL_GROUP_SPECIFIED, f"no skill group {number}")
    return group


def make_call(request: Request) -> Replies:
    """MAKE_CALL_REQ."""
    peripheral = peripheral_of(request)
    message = request.message
    check_values(request)
    if message["CallPlacementType"] == CallPlacementType.CPT_OUTBOUND and not message.get("CCT"):
        raise missing("CCT")
    instrument = message.get("AgentInstrument") or request.client.instrument
    if not instrument:
        raise missing("AgentInstrument")
    device = device_of(peripheral, instrument)
    check_control(request, device.agent, device)
    data, group = _data(request), _group(request, peripheral)
    check_size(None, data)
    connection = request.calls.make(device, _dialed(request), data, group)
    return [("MAKE_CALL_CONF", _new(connection))]


def make_predictive_call(request: Request) -> Replies:
    """MAKE_PREDICTIVE_CALL_REQ: the customer is called first, then the service's agents."""
    peripheral = peripheral_of(request)
    check_values(request)
    origin = request.message.get("OriginatingDeviceID")
    if not origin:
        raise missing("OriginatingDeviceID")
    services = peripheral.services.values()
    service = next((s for s in services if origin in (s.extension, s.dialed_number)), None)
    if service is None:
        raise RequestError(Failure.CF_INVALID_CALLING_DEVICE, f"no service at {origin!r}")
    dialed = _dialed(request)
    if request.calls.numbers.target(peripheral, dialed) is not None:
        raise RequestError(Failure.CF_INVALID_CALLED_DEVICE, f"{dialed!r} is not outside")
    data = _data(request)
    check_size(None, data)
    call = request.calls.predict(
        peripheral,
        service,
        origin,
        dialed,
        data,
        on_delivery=request.message["AllocationState"] == AllocationState.ALLOC_CALL_DELIVERED,
    )
    return [("MAKE_PREDICTIVE_CALL_CONF", _new(call.connections[0]))]


def answer_call(request: Request) -> Replies:
    """ANSWER_CALL_REQ; without a call id, of the call that rings at the instrument."""
    peripheral = peripheral_of(request)
    if request.message["ConnectionCallID"] not in NO_CALL:
        request.calls.answer(connection_of(request, peripheral))
        return [("ANSWER_CALL_CONF", {})]
    name = (
        request.message.get("AgentInstrument")
        or request.message.get("ConnectionDeviceID")
        or request.client.instrument
    )
    if not name:
        raise missing("AgentInstrument")
    device = device_of(peripheral, name)
    check_control(request, device.agent, device)
    ringing = next((c for c in device.connections if c.state == Lcs.LCS_ALERTING), None)
    if ringing is None:
        raise RequestError(Failure.CF_NO_CALL_TO_ANSWER, f"no call rings at {name}")
    request.calls.answer(ringing)
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
    check_values(request)
    active = connection_of(request, peripheral_of(request), "ActiveConnection")
    data = _data(request)
    check_size(active.call, data)
    connection = request.calls.consult(active, _dialed(request), data)
    return [("CONSULTATION_CALL_CONF", _new(connection))]


def _joined(call: Call, device: Device | None) -> dict[str, Any]:
    """What transfer and conference confirm: the call that goes on, and its parties."""
    parties = call.connections
    mine = next((c for c in parties if c.device is device), parties[0] if parties else None)
    return {
        "NewConnectionCallID": call.id,
        "NewConnectionDeviceIDType": STATIC,
        "NewConnectionDeviceID": mine.device_id if mine else call.calling,
        "LineHandle": device.line_handle if device else NULL_USHORT,
        "LineType": int(line_type_of(call)),
        **party_lists(call, "ConnectedParty"),
    }


def _join(request: Request, *, leave: bool) -> tuple[Call, Device | None]:
    """ "Either a HeldConnectionDeviceID or DialedNumber is required": the number of a single step
    goes with no held connection."""
    check_values(request)
    peripheral = peripheral_of(request)
    active = connection_of(request, peripheral, "ActiveConnection")
    device = active.device
    calls, message = request.calls, request.message
    data = _data(request)
    check_size(active.call, data)
    single = message["HeldConnectionCallID"] in NO_CALL or not message.get("HeldConnectionDeviceID")
    if single and (message.get("DialedNumber") or message["HeldConnectionCallID"] in NO_CALL):
        dialed = _dialed(request)
        step = calls.single_step_transfer if leave else calls.single_step_conference
        call = step(active, dialed)
    else:
        held = connection_of(request, peripheral, "HeldConnection")
        call = (calls.transfer if leave else calls.conference)(active, held)
    if data and not call.ended:
        calls.set_data(call, data)
    return call, device


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
    connection = connection_of(request, peripheral_of(request), outside=True)
    request.calls.clear_call(connection.call, connection)
    return [("CLEAR_CALL_CONF", {})]


def clear_connection(request: Request) -> Replies:
    """CLEAR_CONNECTION_REQ: one party leaves; it may be one outside."""
    connection = connection_of(request, peripheral_of(request), outside=True)
    request.calls.clear_connection(connection)
    return [("CLEAR_CONNECTION_CONF", {})]


def deflect_call(request: Request) -> Replies:
    """DEFLECT_CALL_REQ."""
    check_values(request)
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
    **call_data_requests.HANDLERS,
    **supervision_requests.HANDLERS,
    **recording_requests.HANDLERS,
}
"""By message name."""
