"""The calls in progress, told to clients that were not told of them while they went on.

Source: guide, Session Management, PG and CTI Server Graceful Shutdown: CALL_DELIVERED_EVENT and
CALL_ESTABLISHED_EVENT with EventCause 50 (CEC_CALL_PARTY_UPDATE_IND) go to All Events clients, to
build the call state on the client after one side was shut down.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastcil.ged188.enums import EventCause
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_events import (
    audience,
    call_data,
    connection_values,
    device_type,
    fixed_values,
)
from fastcil.simulator.model import Call, Connection, Event, Site

__all__ = ["party_updates"]

_CAUSE = int(EventCause.CEC_CALL_PARTY_UPDATE_IND)


def party_updates(site: Site, call: Call) -> Iterator[Event]:
    """One event for each device that is a party of a call, as it is there now."""
    for connection in call.connections:
        if connection.device is None:
            continue
        if connection.state == Lcs.LCS_ALERTING:
            yield _event(site, connection, "CALL_DELIVERED_EVENT", "Alerting")
        elif connection.state in (Lcs.LCS_CONNECT, Lcs.LCS_HOLD):
            yield _event(site, connection, "CALL_ESTABLISHED_EVENT", "Answering")


def _event(site: Site, connection: Connection, name: str, role: str) -> Event:
    call = connection.call
    caller = call.connections[0]
    values: dict[str, Any] = {
        **connection_values(site, connection, _CAUSE),
        **_party(role, connection),
        **_party("Calling", caller),
    }
    if name == "CALL_DELIVERED_EVENT":
        values.update(call_data(call))
    return Event(name, fixed_values(name, values), audience(call), site.clock.now)


def _party(role: str, connection: Connection) -> dict[str, Any]:
    return {
        f"{role}DeviceType": device_type(connection.device_id, connection.device),
        f"{role}DeviceID": connection.device_id or None,
    }
