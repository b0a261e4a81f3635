"""The ground that everything done to calls stands on: parties, states, who is told what.

Source: GED-188 guide, Application Level Interfaces, call event messages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_events import (
    STATIC,
    audience,
    call_data,
    connection_values,
    device_type,
    fixed_values,
    over,
)
from fastcil.simulator.model import (
    Call,
    Connection,
    Device,
    Peripheral,
    RequestError,
    Site,
)

if TYPE_CHECKING:
    from fastcil.simulator.agents import AgentEngine
    from fastcil.simulator.statistics import Statistics

__all__ = ["CallGround", "refuse"]

_DAY = 86400


def refuse(code: Failure, text: str) -> RequestError:
    return RequestError(int(code), text)


class CallGround(ABC):
    """What every action on calls stands on; the actions are in CallCore and CallEngine."""

    def __init__(self, site: Site, agents: AgentEngine, statistics: Statistics) -> None:
        self.site = site
        self.agents = agents
        self.statistics = statistics
        self._router_calls = 0

    # -- values that the server asks for -------------------------------------------------------

    def begin_values(self, call: Call) -> dict[str, Any]:
        """BEGIN_CALL_EVENT of a call as it is now."""
        first = call.connections[0].device_id if call.connections else ""
        return fixed_values(
            "BEGIN_CALL_EVENT",
            {
                **self._ids(call),
                "CallType": call.type,
                "ConnectionDeviceID": first,
                "CalledPartyDisposition": call.disposition,
                **call_data(call),
                **self._clients(call),
            },
        )

    def end_values(self, call: Call) -> dict[str, Any]:
        """END_CALL_EVENT of a call."""
        first = call.connections[0].device_id if call.connections else ""
        return fixed_values("END_CALL_EVENT", {**self._ids(call), "ConnectionDeviceID": first})

    def _ids(self, call: Call) -> dict[str, Any]:
        return {
            "PeripheralID": call.peripheral_id,
            "PeripheralType": int(self.site.peripherals[call.peripheral_id].type),
            "ConnectionDeviceIDType": STATIC,
            "ConnectionCallID": call.id,
        }

    @staticmethod
    def _clients(call: Call) -> dict[str, Any]:
        return {
            "CTIClientSignature": [signature for signature, _ in call.clients],
            "CTIClientTimestamp": [at for _, at in call.clients],
        }

    # -- the ground that everything stands on --------------------------------------------------

    def _new_call(self, peripheral: Peripheral, call_type: int, **more: Any) -> Call:
        self._router_calls += 1
        call = Call(
            id=next(peripheral.call_ids),
            peripheral_id=peripheral.id,
            type=call_type,
            began=self.site.clock.now,
            router_key=(self.site.clock.time // _DAY, self._router_calls, 1),
            **more,
        )
        call.reference = call.id.to_bytes(4, "big")
        peripheral.calls[call.id] = call
        return call

    def _begin(self, call: Call) -> None:
        self.site.emit("BEGIN_CALL_EVENT", self.begin_values(call), audience(call))

    def connect(self, call: Call, device_id: str, device: Device | None, state: Lcs) -> Connection:
        """A party joins a call."""
        connection = Connection(call, device_id, device, state, self.site.clock.now)
        call.connections.append(connection)
        if device is not None:
            device.connections.append(connection)
        return connection

    def _state(self, connection: Connection, state: Lcs) -> None:
        """A connection is in another state; the agent there learns of it."""
        connection.state = state
        connection.since = self.site.clock.now
        device = connection.device
        if over(state):
            if connection in connection.call.connections:
                connection.call.connections.remove(connection)
            if device is not None and connection in device.connections:
                device.connections.remove(connection)
            self._unlisten(connection)
        if device is not None and device.agent is not None:
            self.agents.call_state_changed(device.agent, connection, connection.call.direction)

    @abstractmethod
    def clear_call(
        self, call: Call, first: Connection | None = None, cause: int | None = None
    ) -> None:
        """Everybody leaves: the one who hung up first, the others, and the call is over."""

    def _unlisten(self, connection: Connection) -> None:
        """What listened to a connection that is no more is over, too."""
        for other in list(connection.monitors):
            connection.monitors.remove(other)
            if not other.call.ended:
                self.clear_call(other.call, other)
        target = connection.call.monitored
        if target is not None and connection in target.monitors:
            target.monitors.remove(connection)

    def _tell(
        self,
        name: str,
        connection: Connection,
        known: Mapping[str, Any],
        *,
        cause: int | None = None,
        also: tuple[Device, ...] = (),
    ) -> None:
        """An event of one connection."""
        values = connection_values(self.site, connection, *(() if cause is None else (cause,)))
        values.update(known)
        self.site.emit(name, fixed_values(name, values), audience(connection.call, also=also))

    @staticmethod
    def require(connection: Connection, *states: Lcs) -> None:
        """The connection is in one of these states, or the request cannot be carried out."""
        if connection.call.ended or connection.state not in states:
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE,
                f"call {connection.call.id} at {connection.device_id} is {connection.state.name}",
            )

    def _parties(self, call: Call, kind: str, named: str, device: Device | None) -> dict[str, Any]:
        """A device that an event names in some role."""
        return {f"{kind}DeviceType": device_type(named, device), f"{kind}DeviceID": named or None}

    def _between(self, call: Call) -> dict[str, Any]:
        """Calling and called device of a call."""
        caller = call.connections[0] if call.connections else None
        called = call.called or call.dialed_number or call.dnis
        peripheral = self.site.peripherals[call.peripheral_id]
        found = self._parties(call, "Called", called, peripheral.devices.get(called))
        if caller is not None:
            found.update(self._parties(call, "Calling", caller.device_id, caller.device))
        return found
