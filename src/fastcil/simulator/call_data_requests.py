"""Requests about the data of calls, and pictures of calls and devices.

Source: GED-188 guide, Application Level Interfaces: Call Data Update Service, SNAPSHOT_CALL_REQ,
SNAPSHOT_DEVICE_REQ.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188 import NULL_UINT, NULL_USHORT
from fastcil.ged188.enums import (
    CallType,
    ControlFailureCode,
    DeviceIDType,
    DispositionCode,
    StatusCode,
)
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_context import check_named, check_size
from fastcil.simulator.call_events import (
    STATIC,
    call_data,
    client_values,
    consult_values,
    device_type,
    party_lists,
)
from fastcil.simulator.call_request_fields import call_of, check_member, given_data
from fastcil.simulator.model import Call, Connection, Peripheral, RequestError
from fastcil.simulator.requests import (
    Handler,
    Replies,
    Request,
    check_control,
    device_of,
    missing,
    peripheral_of,
)
from fastcil.simulator.supervision_requests import monitor_status

__all__ = ["HANDLERS"]

_CALL_TYPES = frozenset(int(one) for one in CallType)
_DISPOSITIONS = frozenset(int(one) for one in DispositionCode)
_UNCHANGED = (0, NULL_USHORT)
"""CallType and CalledPartyDisposition: neither table has a value 0."""
_UNUSED = (0, NULL_UINT)
"""CampaignID and QueryRuleID: "set to zero if not used"."""
_MAX_CALLS = 16
"""Source: guide, SNAPSHOT_DEVICE_CONF, NumCalls: "up to a maximum of 16"."""


def _call(request: Request) -> Call:
    """A call in progress, or one that ended lately. Raises RequestError (FAILURE_CONF)
    E_CTI_INVALID_CALLID, E_CTI_NOT_CALL_PARTY."""
    peripheral = peripheral_of(request)
    number = request.message["ConnectionCallID"]
    call = peripheral.calls.get(number) or request.calls.finished(peripheral, number)
    if call is None:
        raise RequestError(0, f"no call {number}", status=StatusCode.E_CTI_INVALID_CALLID)
    check_member(request, call)
    return call


def _numbers(request: Request) -> dict[str, Any]:
    """What SET_CALL_DATA_REQ has besides the call context, as far as it is given."""
    message = request.message
    found: dict[str, Any] = {}
    kind, disposition = message["CallType"], message["CalledPartyDisposition"]
    if kind not in _UNCHANGED:
        if kind not in _CALL_TYPES:
            raise RequestError(0, f"no CallType {kind}", status=StatusCode.E_CTI_INVALID_CALL_TYPE)
        found["CallType"] = kind
    if disposition not in _UNCHANGED:
        if disposition not in _DISPOSITIONS:
            raise RequestError(
                0,
                f"no disposition {disposition}",
                status=StatusCode.E_CTI_CALLED_PARTY_DISPOSITION,
            )
        found["CalledPartyDisposition"] = disposition
    for name in ("CampaignID", "QueryRuleID"):
        if message[name] not in _UNUSED:
            found[name] = message[name]
    for name in (
        "CustomerPhoneNumber",
        "CustomerAccountNumber",
        "RouterCallKeyDay",
        "RouterCallKeyCallID",
        "RouterCallKeySequenceNumber",
        "CallOriginatedFrom",
    ):
        if message.get(name) is not None:
            found[name] = message[name]
    return found


def set_call_data(request: Request) -> Replies:
    """SET_CALL_DATA_REQ, during the call and some time after it."""
    call = _call(request)
    data = {**given_data(request), **_numbers(request)}
    check_named(request.site, data)
    check_size(call, data)
    request.calls.set_data(call, data)
    return [("SET_CALL_DATA_CONF", {})]


def release_call(request: Request) -> Replies:
    """RELEASE_CALL_REQ: the client has finished with the data of a call; the call goes on."""
    request.calls.release(_call(request))
    return [("RELEASE_CALL_CONF", {})]


def snapshot_call(request: Request) -> Replies:
    """SNAPSHOT_CALL_REQ."""
    call = call_of(request, peripheral_of(request))
    parties = call.connections
    values: dict[str, Any] = {
        "CallType": call.type,
        "CalledPartyDisposition": call.disposition,
        **call_data(call),
        **client_values(call),
        **party_lists(call, "CallConnection"),
        "CallDeviceType": [device_type(c.device_id, c.device) for c in parties],
        "CallDeviceID": [c.device_id for c in parties],
        "CallDeviceConnectionState": [_state(c) for c in parties],
        **consult_values(call),
    }
    # The one message with a router call key that has no field for this part of it.
    values.pop("RouterCallKeySequenceNumber", None)
    return [("SNAPSHOT_CALL_CONF", values)]


def _state(connection: Connection) -> int:
    """The state that the last event told: LCS_QUEUED of the party that waits."""
    call = connection.call
    waits = bool(call.queues) and connection is call.connections[0]
    return int(Lcs.LCS_QUEUED if waits else connection.state)


def snapshot_device(request: Request) -> Replies:
    """SNAPSHOT_DEVICE_REQ: "must be granted both Client Control and All Events services to look
    at all devices". SnapshotDeviceType "for non-agent devices": here queues and route points."""
    peripheral = peripheral_of(request)
    name = request.message.get("AgentInstrument") or request.client.instrument
    if not name:
        raise missing("AgentInstrument")
    kind = request.message.get("SnapshotDeviceType")
    if kind in (DeviceIDType.DEVID_QUEUE, DeviceIDType.DEVID_ROUTE_POINT):
        _check_sees_all(request)
        of_queue = kind == DeviceIDType.DEVID_QUEUE
        calls = (_queued if of_queue else _routed)(peripheral, name)
        return [("SNAPSHOT_DEVICE_CONF", _calls([call.connections[0] for call in calls], of_queue))]
    device = device_of(peripheral, name)
    check_control(request, device.agent, device)
    return [("SNAPSHOT_DEVICE_CONF", _calls(device.connections))]


def _check_sees_all(request: Request) -> None:
    """Raises RequestError for a client that has a device of its own and not All Events."""
    if request.client.instrument and not request.client.all_events:
        raise RequestError(
            ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE,
            f"{request.client.instrument} controls its own device only",
        )


def _queued(peripheral: Peripheral, name: str) -> list[Call]:
    """The calls that wait in the queue of a QueueDeviceID, oldest first. Raises RequestError."""
    for group in peripheral.skill_groups.values():
        if name == (group.extension or str(group.number)):
            return [call for call in group.queue if call.connections]
    raise RequestError(ControlFailureCode.CF_INVALID_CSTA_DEVICE_IDENTIFIER, f"no queue {name!r}")


def _routed(peripheral: Peripheral, name: str) -> list[Call]:
    """The calls that came to a route point and are at no telephone yet. Raises RequestError."""
    for service in peripheral.services.values():
        if name in (service.dialed_number, service.extension):
            return [
                call
                for call in peripheral.calls.values()
                if call.service is service
                and call.connections
                and all(one.device is None for one in call.connections)
            ]
    raise RequestError(
        ControlFailureCode.CF_INVALID_CSTA_DEVICE_IDENTIFIER, f"no route point {name!r}"
    )


def _calls(connections: list[Connection], queued: bool = False) -> dict[str, list[Any]]:
    """queued: the calls wait, whatever the connection that stands for each is."""
    connections = connections[:_MAX_CALLS]
    return {
        "CallConnectionCallID": [c.call.id for c in connections],
        "CallConnectionDeviceIDType": [STATIC for _ in connections],
        "CallConnectionDeviceID": [c.device_id for c in connections],
        "CallState": [int(Lcs.LCS_QUEUED if queued else c.state) for c in connections],
        "SilentMonitorStatus": [int(monitor_status(c)) for c in connections],
    }


HANDLERS: dict[str, Handler] = {
    "SET_CALL_DATA_REQ": set_call_data,
    "RELEASE_CALL_REQ": release_call,
    "SNAPSHOT_CALL_REQ": snapshot_call,
    "SNAPSHOT_DEVICE_REQ": snapshot_device,
}
"""By message name."""
