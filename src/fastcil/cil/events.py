"""The events the client itself makes: fields and numbers as in the catalog, frames as on the wire.

They travel to the listeners like every received event. Sources: CTI OS Developer Guide, event
interfaces chapter, ISessionEvents; docs/wire-format.md, section 5, for the gap.
"""

from __future__ import annotations

import time

from fastcil.catalog import EVENT_NAMES, ConnectionFailureReason
from fastcil.codec import ArgType, Arguments, Frame, encode_frame
from fastcil.codec.control import Gap

__all__ = [
    "CALL_BEGIN",
    "CALL_END",
    "CONNECTION",
    "CONNECTION_CLOSED",
    "CONNECTION_FAILURE",
    "CONNECTION_REJECTED",
    "CONTROL_FAILURE",
    "GAP_EVENT",
    "HEARTBEAT",
    "MISSING_HEARTBEAT",
    "MONITOR_MODE_ESTABLISHED",
    "call_end",
    "connection",
    "connection_closed",
    "connection_failure",
    "connection_rejected",
    "gap",
    "heartbeat",
    "missing_heartbeat",
    "time_of_day",
]

CALL_BEGIN = EVENT_NAMES["OnCallBegin"]
CALL_END = EVENT_NAMES["OnCallEnd"]
CONNECTION = EVENT_NAMES["OnConnection"]
CONNECTION_CLOSED = EVENT_NAMES["OnConnectionClosed"]
CONNECTION_FAILURE = EVENT_NAMES["OnConnectionFailure"]
CONNECTION_REJECTED = EVENT_NAMES["OnConnectionRejected"]
CONTROL_FAILURE = EVENT_NAMES["OnControlFailureConf"]
HEARTBEAT = EVENT_NAMES["OnHeartbeat"]
MISSING_HEARTBEAT = EVENT_NAMES["OnMissingHeartbeat"]
MONITOR_MODE_ESTABLISHED = EVENT_NAMES["OnMonitorModeEstablished"]

# Ours: events were left out (OnGap, in the session's list). Fields as in the GAP frame.
GAP_EVENT = 0x20002001


def time_of_day() -> int:
    """EventTime: milliseconds since midnight, local time."""
    now = time.time()
    local = time.localtime(now)
    seconds = (local.tm_hour * 60 + local.tm_min) * 60 + local.tm_sec
    return seconds * 1000 + int(now % 1 * 1000)


def _frame(message_id: int, fields: Arguments) -> Frame:
    return Frame.from_bytes(encode_frame(message_id, fields))


def connection(event_time: int, server: str) -> Frame:
    """OnConnection: the session is open; server is the host it was connected to."""
    return _frame(CONNECTION, Arguments({"EventTime": event_time, "CurrentServer": server}))


def connection_closed() -> Frame:
    """OnConnectionClosed: the client closed; it has no fields."""
    return _frame(CONNECTION_CLOSED, Arguments())


def connection_failure(
    event_time: int, server: str, reason: ConnectionFailureReason, text: str
) -> Frame:
    """OnConnectionFailure, with ErrorMessage (ours) telling in words what happened."""
    fields = Arguments({"EventTime": event_time, "FailedServer": server})
    fields.set("ReasonCode", int(reason), ArgType.SHORT)
    if text:
        fields["ErrorMessage"] = text
    return _frame(CONNECTION_FAILURE, fields)


def connection_rejected(text: str) -> Frame:
    """OnConnectionRejected: the versions do not match. ErrorMessage is ours."""
    return _frame(CONNECTION_REJECTED, Arguments({"ErrorMessage": text} if text else {}))


def heartbeat(event_time: int) -> Frame:
    """OnHeartbeat: the server answered a heartbeat."""
    return _frame(HEARTBEAT, Arguments({"EventTime": event_time}))


def missing_heartbeat(event_time: int, missed: int, interval: int) -> Frame:
    """OnMissingHeartbeat: missed heartbeats in a row; interval in milliseconds."""
    fields = {
        "EventTime": event_time,
        "ConsecutiveMissedHeartbeats": missed,
        "HeartbeatInterval": interval,
    }
    return _frame(MISSING_HEARTBEAT, Arguments(fields))


def gap(what: Gap) -> Frame:
    """OnGap: the fields of the server's GAP frame."""
    fields = Arguments()
    fields.set("Missed", what.missed, ArgType.UINT)
    fields["FromSequence"] = str(what.from_sequence)
    fields["ToSequence"] = str(what.to_sequence)
    fields.set("Epoch", what.epoch, ArgType.UINT)
    fields["Reason"] = what.reason
    return _frame(GAP_EVENT, fields)


def call_end(unique_object_id: str) -> Frame:
    """OnCallEnd for a call that ended while the client was not connected."""
    return _frame(CALL_END, Arguments({"UniqueObjectID": unique_object_id}))
