"""What the server itself says as events: confirmations, failures, the latency probe."""

from __future__ import annotations

import time
from typing import Any

from fastcil.catalog import ControlFailureStatusCode, FailureCode, event_id
from fastcil.catalog.requests import PROBE_EVENT, PROBE_KEY
from fastcil.codec import encode_frame
from fastcil.server.outbox import Encoded

__all__ = [
    "BAD_FILTER",
    "BAD_VALUE",
    "MISSING",
    "NOT_ALLOWED",
    "NOT_IN_MODE",
    "PROBE_ID",
    "PROBE_KEY",
    "TOO_MANY",
    "UNKNOWN_REQUEST",
    "established",
    "failure",
    "probe",
]

# Of GED-188's status codes, the nearest; ErrorMessage says it exactly.
BAD_FILTER = int(ControlFailureStatusCode.E_CTI_INVALID_FIELD_TAG)
BAD_VALUE = int(ControlFailureStatusCode.E_CTI_INVALID_FIELD_TAG)
MISSING = int(ControlFailureStatusCode.E_CTI_REQUIRED_DATA_MISSING)
NOT_IN_MODE = int(ControlFailureStatusCode.E_CTI_SESSION_NOT_OPEN)
UNKNOWN_REQUEST = int(ControlFailureStatusCode.E_CTI_INVALID_MESSAGE_TYPE)
NOT_ALLOWED = int(FailureCode.eMonitorModeConnectionDenied)
TOO_MANY = int(ControlFailureStatusCode.E_CTI_FUNCTION_NOT_AVAILABLE)

PROBE_ID = PROBE_EVENT  # takes the way of every other event

_ESTABLISHED_ID = event_id("OnMonitorModeEstablished")
_FAILURE_ID = event_id("OnControlFailureConf")


def _encoded(message_id: int, arguments: dict[str, Any], invoke_id: Any) -> Encoded:
    if invoke_id is not None:
        arguments["InvokeID"] = invoke_id
    return Encoded(message_id, encode_frame(message_id, arguments))


def established(
    connection_id: str, invoke_id: Any = None, status: dict[str, Any] | None = None
) -> Encoded:
    """OnMonitorModeEstablished (CTI OS Developer Guide, ISessionEvents).

    status: StatusSystem, what is on-line; None where there is no site, and all of it is.
    """
    status = status or {
        "StatusCTIServer": 0,
        "StatusCtiServerDriver": 0,
        "StatusCentralController": 0,
        "StatusPeripherals": {"5000": True},
    }
    arguments = {"CILConnectionID": connection_id, "StatusSystem": status}
    return _encoded(_ESTABLISHED_ID, arguments, invoke_id)


def failure(code: int, message: str, request: int, invoke_id: Any = None) -> Encoded:
    """OnControlFailureConf (CTI OS Developer Guide, ICallEvents)."""
    arguments = {
        "PeripheralID": 0,
        "FailureCode": code,
        "PeripheralErrorCode": 0,
        "AgentID": "",
        "UniqueObjectID": "",
        "MessageType": request,
        "ErrorMessage": message,
    }
    return _encoded(_FAILURE_ID, arguments, invoke_id)


def probe() -> Encoded:
    """A latency probe stamped with this moment."""
    stamp = str(time.clock_gettime_ns(time.CLOCK_MONOTONIC))
    return Encoded(PROBE_ID, encode_frame(PROBE_ID, {"MonotonicTime": stamp}))
