"""The events the client itself makes: fields and numbers as in the catalog, frames as on the wire.

They travel to the listeners like every received event. Sources: CTI OS Developer Guide, event
interfaces chapter, ISessionEvents; docs/wire-format.md, section 5, for the gap.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from fastcil.catalog import EVENT_NAMES, ConnectionFailureReason
from fastcil.codec import ArgType, Arguments, Frame, encode_frame
from fastcil.codec.control import Gap

__all__ = [
    "BUTTON_ENABLEMENT",
    "CALL_BEGIN",
    "CALL_END",
    "CONNECTION",
    "CONNECTION_CLOSED",
    "CONNECTION_FAILURE",
    "CONNECTION_REJECTED",
    "CONTROL_FAILURE",
    "CTIOS_FAILURE",
    "CURRENT_AGENT_RESET",
    "CURRENT_CALL_CHANGED",
    "GAP_EVENT",
    "HEARTBEAT",
    "MISSING_HEARTBEAT",
    "MONITORED_CALL_END",
    "MONITOR_MODE_ESTABLISHED",
    "SETTINGS_DOWNLOAD",
    "SILENT_MONITOR_DISCONNECTED",
    "SUPERVISOR_BUTTON",
    "button_enablement",
    "call_end",
    "connection",
    "connection_closed",
    "connection_failure",
    "connection_rejected",
    "current_agent_reset",
    "current_call_changed",
    "gap",
    "heartbeat",
    "missing_heartbeat",
    "silent_monitor_lost",
    "supervisor_button",
    "time_of_day",
]

CALL_BEGIN = EVENT_NAMES["OnCallBegin"]
CALL_END = EVENT_NAMES["OnCallEnd"]
CONNECTION = EVENT_NAMES["OnConnection"]
CONNECTION_CLOSED = EVENT_NAMES["OnConnectionClosed"]
CONNECTION_FAILURE = EVENT_NAMES["OnConnectionFailure"]
CONNECTION_REJECTED = EVENT_NAMES["OnConnectionRejected"]
CONTROL_FAILURE = EVENT_NAMES["OnControlFailureConf"]
CTIOS_FAILURE = EVENT_NAMES["OnCTIOSFailure"]
CURRENT_AGENT_RESET = EVENT_NAMES["OnCurrentAgentReset"]
CURRENT_CALL_CHANGED = EVENT_NAMES["OnCurrentCallChanged"]
BUTTON_ENABLEMENT = EVENT_NAMES["OnButtonEnablementChange"]
SETTINGS_DOWNLOAD = EVENT_NAMES["OnGlobalSettingsDownloadConf"]
SILENT_MONITOR_DISCONNECTED = EVENT_NAMES["OnSilentMonitorSessionDisconnected"]
SUPERVISOR_BUTTON = EVENT_NAMES["OnSupervisorButtonChange"]
HEARTBEAT = EVENT_NAMES["OnHeartbeat"]
MISSING_HEARTBEAT = EVENT_NAMES["OnMissingHeartbeat"]
MONITORED_CALL_END = EVENT_NAMES["OnMonitoredCallEnd"]
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
    event_time: int,
    server: str,
    reason: ConnectionFailureReason,
    text: str,
    final: bool = False,
) -> Frame:
    """OnConnectionFailure, with ErrorMessage (ours) telling in words what happened.

    final: FinalAttempt is there (its type is documented nowhere, BOOL is ours): no further try.
    """
    fields = Arguments({"EventTime": event_time, "FailedServer": server})
    fields.set("ReasonCode", int(reason), ArgType.SHORT)
    if text:
        fields["ErrorMessage"] = text
    if final:
        fields["FinalAttempt"] = True
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


def call_end(unique_object_id: str, monitored: bool = False) -> Frame:
    """OnCallEnd (OnMonitoredCallEnd) for a call that ended while the client was not connected."""
    fields: dict[str, Any] = {"UniqueObjectID": unique_object_id}
    if monitored:
        fields["Monitored"] = True
    return _frame(MONITORED_CALL_END if monitored else CALL_END, Arguments(fields))


def current_call_changed(unique_object_id: str) -> Frame:
    """OnCurrentCallChanged; empty when there is no current call any more."""
    return _frame(CURRENT_CALL_CHANGED, Arguments({"UniqueObjectID": unique_object_id}))


def current_agent_reset(unique_object_id: str) -> Frame:
    """OnCurrentAgentReset: the session's agent is not its agent any more."""
    return _frame(CURRENT_AGENT_RESET, Arguments({"UniqueObjectID": unique_object_id}))


def button_enablement(mask: int, unique_object_id: str, message_id: int) -> Frame:
    """OnButtonEnablementChange: the object and the event from which the mask comes."""
    fields = {"EnablementMask": mask, "UniqueObjectID": unique_object_id, "MessageID": message_id}
    return _frame(BUTTON_ENABLEMENT, Arguments(fields))


def supervisor_button(mask: int) -> Frame:
    """OnSupervisorButtonChange."""
    return _frame(SUPERVISOR_BUTTON, Arguments({"SupervisorBtnEnablementMask": mask}))


def silent_monitor_lost(fields: Mapping[str, Any]) -> Frame:
    """OnSilentMonitorSessionDisconnected: the client lost its connection, and so the session."""
    return _frame(SILENT_MONITOR_DISCONNECTED, Arguments(fields))
