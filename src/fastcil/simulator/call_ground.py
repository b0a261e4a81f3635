"""The ground that everything done to calls stands on: parties, states, who is told what.

The engine is in layers, each a module: call_ground, call_media (voice, greetings, recording),
call_ends, call_queues (queues and ringing), call_core (beginning, answering, holding, consulting),
call_joins (transfers, conferences), and calls, which has supervision and is the whole engine. Each
action checks the state first and raises RequestError with the documented FailureCode; then it
changes the state and emits the events in the order of the GED-188 guide (Application Level
Interfaces, call event messages and client control requests).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.ged188.enums import DeviceIDType
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_context import apply_data
from fastcil.simulator.call_events import (
    NO_CAUSE,
    STATIC,
    audience,
    call_data,
    client_values,
    connection_values,
    device_type,
    fixed_values,
    over,
)
from fastcil.simulator.call_numbers import Numbers
from fastcil.simulator.model import (
    Call,
    Connection,
    Device,
    Peripheral,
    RequestError,
    Service,
    Site,
)

if TYPE_CHECKING:
    from fastcil.simulator.agents import AgentEngine
    from fastcil.simulator.statistics import Statistics

__all__ = ["CallGround", "refuse"]

_DAY = 86400
_ALWAYS = frozenset(
    {
        "NamedVariable",
        "NamedArray",
        "RouterCallKeyDay",
        "RouterCallKeyCallID",
        "RouterCallKeySequenceNumber",
    }
)
"""What CALL_DATA_UPDATE_EVENT has in any case: the ECC variables, and which call it is."""


def refuse(code: Failure | Extended, text: str) -> RequestError:
    """CONTROL_FAILURE_CONF with this code."""
    return RequestError(int(code), text)


class CallGround(ABC):
    """What every action on calls stands on.

    route: brings a call of a service to an agent or into the queue; the router sets it. Without
    one such a call waits in the queue of its service.
    """

    def __init__(self, site: Site, agents: AgentEngine, statistics: Statistics) -> None:
        self.site = site
        self.agents = agents
        self.statistics = statistics
        self.numbers = Numbers()
        self.route: Callable[[Call], None] | None = None
        self._router_day = 0
        self._router_calls = 0

    # -- values that the server asks for -------------------------------------------------------

    def begin_values(self, call: Call) -> dict[str, Any]:
        """BEGIN_CALL_EVENT of a call as it is now."""
        return fixed_values(
            "BEGIN_CALL_EVENT",
            {
                **self._ids(call),
                "CallType": call.type,
                "CalledPartyDisposition": call.disposition,
                **call_data(call),
                **client_values(call),
            },
        )

    def end_values(self, call: Call) -> dict[str, Any]:
        """END_CALL_EVENT of a call."""
        return fixed_values("END_CALL_EVENT", self._ids(call))

    def _ids(self, call: Call) -> dict[str, Any]:
        """The call by its reference connection, which is that of any party."""
        return {
            "PeripheralID": call.peripheral_id,
            "PeripheralType": int(self.site.peripherals[call.peripheral_id].type),
            "ConnectionDeviceIDType": STATIC,
            "ConnectionCallID": call.id,
            "ConnectionDeviceID": call.connections[0].device_id
            if call.connections
            else call.calling,
        }

    # -- calls and parties ---------------------------------------------------------------------

    def _new_call(self, peripheral: Peripheral, call_type: int, **more: Any) -> Call:
        number = next(peripheral.call_ids)
        call = Call(
            id=number,
            peripheral_id=peripheral.id,
            type=call_type,
            began=self.site.clock.now,
            **more,
        )
        # Unique in the site, as the Unified CM's call reference is.
        call.reference = peripheral.id.to_bytes(4, "big") + number.to_bytes(4, "big")
        peripheral.calls[number] = call
        return call

    def _next_router_key(self) -> tuple[int, int, int]:
        """Source: guide, RouterCallKeyCallID: "resets this counter at midnight"."""
        day = self.site.clock.time // _DAY
        if day != self._router_day:
            self._router_day, self._router_calls = day, 0
        self._router_calls += 1
        return day, self._router_calls, 1

    def _begin(self, call: Call) -> None:
        self.site.emit("BEGIN_CALL_EVENT", self.begin_values(call), audience(call))

    def connect(self, call: Call, device_id: str, device: Device | None, state: Lcs) -> Connection:
        """A party joins a call."""
        connection = Connection(call, device_id, device, state, self.site.clock.now)
        call.connections.append(connection)
        if device is not None:
            call.instruments.add(device.instrument)
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
        self._tell_agent(connection)

    def _tell_agent(self, connection: Connection) -> None:
        device = connection.device
        if device is not None and device.agent is not None:
            self.agents.call_state_changed(device.agent, connection, connection.direction)

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

    # -- telling -------------------------------------------------------------------------------

    def _tell(
        self,
        name: str,
        connection: Connection,
        known: Mapping[str, Any],
        *,
        cause: int | None = None,
        also: Iterable[Device] = (),
    ) -> None:
        """An event of one connection."""
        values = connection_values(self.site, connection, NO_CAUSE if cause is None else int(cause))
        values.update(known)
        self.site.emit(name, fixed_values(name, values), audience(connection.call, also=also))

    @staticmethod
    def _party(kind: str, named: str, device: Device | None) -> dict[str, Any]:
        """A device that an event names in some role."""
        return {f"{kind}DeviceType": device_type(named, device), f"{kind}DeviceID": named or None}

    def _number(self, kind: str, call: Call, number: str) -> dict[str, Any]:
        """A number that was dialled, in some role: a telephone, a service, or outside."""
        peripheral = self.site.peripherals[call.peripheral_id]
        found = self.numbers.look_up(peripheral, number)
        if isinstance(found, Service):
            return {
                f"{kind}DeviceType": int(DeviceIDType.DEVID_ROUTE_POINT),
                f"{kind}DeviceID": number,
            }
        return self._party(kind, number, found)

    def _between(self, call: Call) -> dict[str, Any]:
        """Calling and originally called device of a call, and where it rang before."""
        found = self._party("Calling", call.calling, call.calling_device)
        found.update(self._number("Called", call, call.dialed_number or call.dnis))
        if call.last_redirect:
            found.update(self._party("LastRedirect", call.last_redirect, call.last_redirect_device))
        if call.trunk is not None:
            found["TrunkNumber"] = call.trunk
        return found

    @staticmethod
    def require(connection: Connection, *states: Lcs) -> None:
        """The connection is in one of these states, or RequestError CF_INVALID_OBJECT_STATE."""
        if connection.call.ended or connection.state not in states:
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE,
                f"call {connection.call.id} at {connection.device_id} is {connection.state.name}",
            )

    @staticmethod
    def _inside(connection: Connection) -> Device:
        """The device of a connection; nobody controls a telephone outside."""
        if connection.device is None:
            raise refuse(
                Failure.CF_INVALID_CSTA_DEVICE_IDENTIFIER,
                f"{connection.device_id} is not a device of the site",
            )
        return connection.device

    # -- data ----------------------------------------------------------------------------------

    def set_data(self, call: Call, data: Mapping[str, Any]) -> None:
        """Data of a call change, and everybody is told, unless it is over."""
        apply_data(call, data)
        if not call.ended:
            self.tell_data(call, [name for name, value in data.items() if value is not None])

    def tell_data(self, call: Call, changed: Collection[str] | None = None) -> None:
        """CALL_DATA_UPDATE_EVENT of a call as it is.

        changed: the fields that are new; None: all. Source: guide, CALL_DATA_UPDATE_EVENT: "in
        general, this message contains only the items that have changed. But, the message always
        contains all ECC variables that are associated with the call".
        """
        data = call_data(call)
        if changed is not None:
            kept = _ALWAYS | set(changed)
            data = {name: value for name, value in data.items() if name in kept}
            # What was set to nothing is told as well.
            for name in changed:
                if name.startswith("CallVariable"):
                    data[name] = call.variables.get(int(name[12:]), "")
        ids = self._ids(call)
        known = {
            **ids,
            "CallType": call.type,
            "NewConnectionDeviceIDType": STATIC,
            "NewConnectionCallID": call.id,
            "NewConnectionDeviceID": ids["ConnectionDeviceID"],
            "CalledPartyDisposition": call.disposition,
            "CampaignID": call.campaign_id,
            "QueryRuleID": call.query_rule_id,
            "CustomerPhoneNumber": call.customer_phone or None,
            "CustomerAccountNumber": call.customer_account or None,
            **data,
            **client_values(call),
        }
        name = "CALL_DATA_UPDATE_EVENT"
        self.site.emit(name, fixed_values(name, known), audience(call))
