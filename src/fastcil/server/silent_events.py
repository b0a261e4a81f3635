"""Silent monitoring of the CTI OS kind: what requests have and events carry.

Sources: CTI OS Developer Guide, silent monitor manager chapter, ISilentMonitorEvents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.catalog import SilentMonitorStatus as Status
from fastcil.ged188.enums import StatusCode
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject
from fastcil.server.site.requests import Refused

__all__ = [
    "GOES_ON",
    "SESSION",
    "disconnected",
    "failed",
    "number",
    "session_values",
    "start_requested",
    "status_report",
    "stop_requested",
]

GOES_ON = (Status.eSMStatusOK, Status.eSMStatusMonitorStarted, Status.eSMStatusInProgress)
"""What the monitored side may report without ending the session."""
SESSION = (
    "MonitoredUniqueObjectID",
    "AgentID",
    "DeviceID",
    "PeripheralID",
    "MonitoringIPAddress",
    "MonitoringIPPort",
    "SMSessionKey",
    "HeartbeatInterval",
    "HeartbeatTimeout",
    "OriginatingServerID",
    "OriginatingClientID",
)
"""What is known of a session."""
_STOPPED = tuple(
    n for n in SESSION if n not in ("MonitoringIPPort", "HeartbeatInterval", "HeartbeatTimeout")
)
_REPORTED = (
    "MonitoredUniqueObjectID",
    "SMSessionKey",
    "OriginatingServerID",
    "OriginatingClientID",
)
_GONE = ("MonitoredUniqueObjectID", "SMSessionKey")
_PORT = 39200  # MonitoringIPPort when none is given (StartSilentMonitorRequest)


def session_values(
    arguments: Mapping[str, Any], agent: AgentObject, key: int, server: str, client: str
) -> dict[str, Any]:
    """SESSION of a StartSilentMonitorRequest. server, client: who asked. Raises Refused."""
    return {
        "MonitoredUniqueObjectID": agent.key,
        "AgentID": str(arguments.get("AgentID") or ""),
        "DeviceID": str(arguments.get("DeviceID") or ""),
        "PeripheralID": agent.peripheral,
        "MonitoringIPAddress": str(arguments["MonitoringIPAddress"]),
        "MonitoringIPPort": number(arguments, "MonitoringIPPort", _PORT),
        "SMSessionKey": key,
        "HeartbeatInterval": number(arguments, "HeartbeatInterval", 5),
        "HeartbeatTimeout": number(arguments, "HeartbeatTimeout", 15),
        "OriginatingServerID": server,
        "OriginatingClientID": client,
    }


def start_requested(values: Mapping[str, Any]) -> SiteEvent:
    """What the monitored client is asked by."""
    return SiteEvent(
        "OnSilentMonitorStartRequestedEvent", {**values, "DoDefaultMessageHandling": True}
    )


def stop_requested(values: Mapping[str, Any]) -> SiteEvent:
    """What the monitored client is told when the other side stops."""
    return SiteEvent("OnSilentMonitorStopRequestedEvent", {name: values[name] for name in _STOPPED})


def status_report(values: Mapping[str, Any], status: int, client: str) -> SiteEvent:
    """What the monitoring client is told. client: CILConnectionID of the monitored one."""
    found = {name: values[name] for name in _REPORTED}
    found.update(StatusCode=int(status), TargetCILClientID=client)
    return SiteEvent("OnSilentMonitorStatusReportEvent", found)


def disconnected(values: Mapping[str, Any], status: Status) -> SiteEvent:
    """What one side is told when the other one is gone."""
    found = {name: values[name] for name in _GONE}
    return SiteEvent("OnSilentMonitorSessionDisconnected", {**found, "StatusCode": int(status)})


def number(arguments: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """A number of a request. Raises Refused when it is missing or none."""
    value = arguments.get(name, default)
    if value is None:
        raise failed(Status.eSMStatusMissingParameter, f"{name} is missing")
    try:
        return int(value)
    except (TypeError, ValueError):
        words = f"{name}: a number expected, got {value!r}"
        raise failed(Status.eSMStatusRejectedBadParameter, words) from None


def failed(status: Status, text: str) -> Refused:
    """A refusal: the status of ISilentMonitorEvents stands in PeripheralErrorCode, since the
    documents give silent monitor requests no failure code of their own."""
    return Refused(StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE, text, int(status))
