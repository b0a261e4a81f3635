"""A call at one telephone: it begins, is answered, held, taken back, and consulted about.

Source: GED-188 guide, Application Level Interfaces, call event messages and Client Control Service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastcil.ged188 import NULL_UINT
from fastcil.ged188.enums import CallType, DeviceIDType, EventCause
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_context import apply_data, apply_device
from fastcil.simulator.call_events import (
    audience,
    call_data,
    connection_values,
    consult_values,
    fixed_values,
)
from fastcil.simulator.call_ground import refuse
from fastcil.simulator.call_numbers import Target, check_rights
from fastcil.simulator.call_queues import CallQueues
from fastcil.simulator.model import (
    Audience,
    Call,
    Connection,
    Device,
    Peripheral,
    Service,
    SkillGroup,
)

__all__ = ["CallCore", "Expected"]

_ACTIVE = (Lcs.LCS_CONNECT, Lcs.LCS_INITIATE, Lcs.LCS_FAIL)
"""States in which a telephone is taken; it gives the busy tone as well."""
_TRUNK = int(DeviceIDType.DEVID_TRUNK_IDENTIFIER)


@dataclass(frozen=True)
class Expected:
    """A call that was translation-routed to a peripheral and has not arrived there yet."""

    peripheral: Peripheral
    arguments: Mapping[str, Any]


class CallCore(CallQueues):
    """Calls from their beginning to the moment where they are joined or end."""

    apply_data = staticmethod(apply_data)

    # -- calls begin ---------------------------------------------------------------------------

    def arrive(
        self,
        peripheral: Peripheral,
        *,
        ani: str,
        dialed_number: str,
        service: Service | None = None,
        variables: Mapping[int, str] | None = None,
        named: Mapping[str, str] | None = None,
        call_type: int = CallType.CALLTYPE_ACD_IN,
        entered_digits: str = "",
        trunk: int | None = None,
        router_key: tuple[int, int, int] | None = None,
    ) -> Call:
        """A call comes in from outside and waits for what becomes of it.

        trunk: the trunk that it seizes, which peripherals with trunks of their own tell.
        router_key: of a call that was expected.
        """
        call = self._new_call(
            peripheral,
            int(call_type),
            ani=ani,
            dnis=dialed_number,
            dialed_number=dialed_number,
            entered_digits=entered_digits,
            service=service,
            variables=dict(variables or {}),
            named=dict(named or {}),
            router_key=router_key or self._next_router_key(),
            trunk=trunk,
        )
        call.direction = "in"
        call.calling = ani or f"outside{call.id}"
        connection = self.connect(call, call.calling, None, Lcs.LCS_CONNECT)
        self._begin(call)
        if trunk is not None:
            self._seize(connection)
        return call

    def _seize(self, connection: Connection) -> None:
        """Source: guide, All Events Service, CALL_DELIVERED_EVENT: "when an inbound ACD trunk is
        seized ... the LocalConnectionState is set to LCS_INITIATE"."""
        call = connection.call
        values = connection_values(self.site, connection)
        values.update(self._between(call))
        values.update(call_data(call))
        values["LocalConnectionState"] = int(Lcs.LCS_INITIATE)
        values["EventCause"] = int(EventCause.CEC_NEW_CALL)
        name = "CALL_DELIVERED_EVENT"
        self.site.emit(name, fixed_values(name, values), audience(call))

    def expect(self, peripheral: Peripheral, **arguments: Any) -> Expected:
        """A call will come by a translation route; the arguments are those of arrive.

        CALL_TRANSLATION_ROUTE_EVENT brings "the call context data that will be assigned to the
        call after it arrives at the peripheral".
        """
        arguments.setdefault("call_type", CallType.CALLTYPE_PREROUTE_ACD_IN)
        arguments["router_key"] = self._next_router_key()
        call = Call(
            NULL_UINT,
            peripheral.id,
            int(arguments["call_type"]),
            self.site.clock.now,
            ani=arguments["ani"],
            dnis=arguments["dialed_number"],
            dialed_number=arguments["dialed_number"],
            entered_digits=arguments.get("entered_digits", ""),
            variables=dict(arguments.get("variables") or {}),
            named=dict(arguments.get("named") or {}),
            router_key=arguments["router_key"],
        )
        name = "CALL_TRANSLATION_ROUTE_EVENT"
        self.site.emit(name, fixed_values(name, call_data(call)), Audience("call", peripheral.id))
        return Expected(peripheral, arguments)

    def arrive_expected(self, expected: Expected) -> Call:
        """The call arrives that was expected, with the data that were told."""
        return self.arrive(expected.peripheral, **expected.arguments)

    def make(
        self,
        device: Device,
        dialed: str,
        data: Mapping[str, Any] | None = None,
        group: SkillGroup | None = None,
        *,
        line_type: int | None = None,
    ) -> Connection:
        """A call from a device: off the hook, dialled, and on to where it leads.

        group: the skill group that it is made on behalf of. line_type: LineType, where the call
        is of a special kind. Raises RequestError
        CF_RESOURCE_OUT_OF_SERVICE, CF_INVALID_OBJECT_STATE when the device has an active call,
        CF_INVALID_CALLED_DEVICE, CF_PRIVILEGE_VIOLATION_ON_CALLED_DEVICE.
        """
        self._may_dial(device)
        target = self._dialled(device, dialed)
        outside = target is None
        call = self._new_call(
            self.site.peripherals[device.peripheral_id],
            int(CallType.CALLTYPE_OUT if outside else CallType.CALLTYPE_AGENT_INSIDE),
            dialed_number=dialed,
            ani=device.extension,
            skill_group=group,
            line_type=line_type,
        )
        apply_device(self.site.peripherals[device.peripheral_id], device, call)
        apply_data(call, data or {})
        call.direction = "out" if outside else "internal"
        return self._dial(call, device, dialed, target)

    @staticmethod
    def _may_dial(device: Device) -> None:
        if not device.in_service:
            raise refuse(
                Failure.CF_RESOURCE_OUT_OF_SERVICE, f"{device.instrument} is out of service"
            )
        if any(c.state != Lcs.LCS_HOLD for c in device.connections):
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"{device.instrument} is busy with a call"
            )

    def _dialled(self, device: Device, dialed: str) -> Target:
        """Where somebody at a device can call. Raises RequestError, as make does."""
        target = self.numbers.target(self.site.peripherals[device.peripheral_id], dialed)
        if target is device:
            raise refuse(Failure.CF_INVALID_CALLED_DEVICE, f"{dialed} is the caller itself")
        check_rights(device, target, dialed)
        return target

    def _dial(self, call: Call, device: Device, dialed: str, target: Target) -> Connection:
        call.called = dialed
        call.calling, call.calling_device = device.instrument, device
        mine = self.connect(call, device.instrument, device, Lcs.LCS_INITIATE)
        self._begin(call)
        self._tell_agent(mine)
        known = {
            **self._party("Calling", device.instrument, device),
            "CallReferenceID": call.reference,
            **consult_values(call),
        }
        self._tell("CALL_SERVICE_INITIATED_EVENT", mine, known)
        self._state(mine, Lcs.LCS_CONNECT)
        self._tell("CALL_ORIGINATED_EVENT", mine, self._between(call))
        if target is None:
            self._reach_network(self.connect(call, dialed, None, Lcs.LCS_ALERTING), mine)
        elif isinstance(target, Service):
            self.to_service(call, target)
        elif not target.in_service:
            self._fail(mine, EventCause.CEC_DEST_NOT_OBTAINABLE)
        elif any(c.state in (Lcs.LCS_ALERTING, Lcs.LCS_INITIATE) for c in target.connections):
            self._fail(mine, EventCause.CEC_BUSY)
        else:
            self.deliver(call, target)
        return mine

    def _reach_network(self, outside: Connection, teller: Connection) -> None:
        """A number outside rings; somebody answers after a while. teller: whose connection the
        event is of."""
        call = outside.call
        known = {
            **self._party("Called", outside.device_id, None),
            "TrunkUsedDeviceType": _TRUNK,
            "TrunkUsedDeviceID": f"trunk{call.id % 1000}",
            "TrunkNumber": call.id % 1000,
            "TrunkGroupNumber": 1,
        }
        self._tell("CALL_REACHED_NETWORK_EVENT", teller, known)
        seconds = self.site.rules.outside_answer_seconds
        if seconds is not None:
            self.site.clock.after(seconds, lambda: self._outside_answers(outside))

    def _outside_answers(self, connection: Connection) -> None:
        if connection.state == Lcs.LCS_ALERTING and not connection.call.ended:
            self.answer(connection)

    def predict(
        self,
        peripheral: Peripheral,
        service: Service,
        origin: str,
        dialed: str,
        data: Mapping[str, Any],
        *,
        on_delivery: bool = False,
    ) -> Call:
        """A customer is called for a service; when he answers, the call goes to its agents.

        on_delivery: already when it rings at him (AllocationState ALLOC_CALL_DELIVERED). Source:
        guide, MAKE_PREDICTIVE_CALL_REQ.
        """
        call = self._new_call(
            peripheral,
            int(CallType.CALLTYPE_AUTO_OUT),
            ani=dialed,
            dialed_number=dialed,
            service=service,
            router_key=self._next_router_key(),
        )
        call.direction = "auto"
        call.calling, call.called = origin, dialed
        apply_data(call, data)
        customer = self.connect(call, dialed, None, Lcs.LCS_ALERTING)
        self._begin(call)
        self._reach_network(customer, customer)
        if on_delivery:
            self._allocate(customer)
        return call

    def _allocate(self, customer: Connection) -> None:
        """The customer of a predictive call is there: an agent is wanted."""
        call = customer.call
        if call.service is not None and not call.queues and len(call.connections) == 1:
            self.to_service(call, call.service)

    def _fail(self, connection: Connection, cause: EventCause) -> None:
        """The other side cannot be had: the caller hears a tone until he hangs up."""
        self._state(connection, Lcs.LCS_FAIL)
        call = connection.call
        called = self._number("Called", call, call.called)
        failing = self._number("Failing", call, call.called)
        self._tell("CALL_FAILED_EVENT", connection, {**called, **failing}, cause=int(cause))

    # -- answering, holding --------------------------------------------------------------------

    def answer(self, connection: Connection) -> None:
        """The call that rings is taken.

        Raises RequestError CF_NO_CALL_TO_ANSWER when none rings there, CF_INVALID_OBJECT_STATE
        when the device has an active call.
        """
        call, device = connection.call, connection.device
        if call.ended or connection.state != Lcs.LCS_ALERTING:
            raise refuse(
                Failure.CF_NO_CALL_TO_ANSWER,
                f"call {call.id} does not ring at {connection.device_id}",
            )
        if device is not None:
            self._no_active_call(device)
        self._state(connection, Lcs.LCS_CONNECT)
        first, call.answered = not call.answered, True
        known = {
            **self._between(call),
            **self._party("Answering", connection.device_id, device),
        }
        self._tell("CALL_ESTABLISHED_EVENT", connection, known)
        self._talk(call)
        if device is None:
            if call.direction == "auto" and first:
                self._allocate(connection)
        elif device.agent is not None and call.direction in ("in", "auto"):
            self._greet(connection, device.agent)

    @staticmethod
    def _no_active_call(device: Device) -> None:
        if any(c.state in _ACTIVE for c in device.connections):
            raise refuse(Failure.CF_INVALID_OBJECT_STATE, f"{device.instrument} has an active call")

    def hold(self, connection: Connection) -> None:
        """The call is put on hold.

        Raises RequestError CF_NO_ACTIVE_CALL, CF_REQUEST_INCOMPATIBLE_WITH_OBJECT for a call by
        which a supervisor listens: that is ended or goes on.
        """
        device = self._inside(connection)
        self._active(connection)
        if connection.call.monitored is not None:
            raise refuse(
                Failure.CF_REQUEST_INCOMPATIBLE_WITH_OBJECT,
                f"call {connection.call.id} is for listening",
            )
        self._state(connection, Lcs.LCS_HOLD)
        known = self._party("Holding", connection.device_id, device)
        self._tell("CALL_HELD_EVENT", connection, known)
        self._media("RTP_STOPPED_EVENT", connection)

    def retrieve(self, connection: Connection) -> None:
        """The held call is taken back.

        Raises RequestError CF_NO_HELD_CALL, CF_INVALID_OBJECT_STATE when the device has an active
        call.
        """
        device = self._inside(connection)
        self._held(connection)
        self._no_active_call(device)
        self._state(connection, Lcs.LCS_CONNECT)
        known = self._party("Retrieving", connection.device_id, device)
        self._tell("CALL_RETRIEVED_EVENT", connection, known)
        self._talk(connection.call)

    @staticmethod
    def _active(connection: Connection) -> None:
        if connection.state != Lcs.LCS_CONNECT or connection.call.ended:
            raise refuse(
                Failure.CF_NO_ACTIVE_CALL,
                f"call {connection.call.id} is {connection.state.name} at {connection.device_id}",
            )

    @staticmethod
    def _held(connection: Connection) -> None:
        if connection.state != Lcs.LCS_HOLD or connection.call.ended:
            raise refuse(
                Failure.CF_NO_HELD_CALL,
                f"call {connection.call.id} is {connection.state.name} at {connection.device_id}",
            )

    def alternate(self, active: Connection, other: Connection) -> None:
        """Hold one call and take the other, which is held or rings.

        Raises RequestError CF_NO_ACTIVE_CALL, CF_NO_HELD_CALL and that of _same_device.
        """
        self._same_device(active, other)
        self._active(active)
        ringing = other.state == Lcs.LCS_ALERTING
        if not ringing:
            self._held(other)
        self.hold(active)
        if ringing:
            self.answer(other)
        else:
            self.retrieve(other)

    def reconnect(self, active: Connection, held: Connection) -> None:
        """Drop one call and take the held one back.

        Raises RequestError CF_NO_HELD_CALL, CF_INVALID_OBJECT_STATE and that of _same_device.
        """
        self._same_device(active, held)
        self._held(held)
        self.require(active, Lcs.LCS_CONNECT, Lcs.LCS_INITIATE, Lcs.LCS_FAIL)
        self.clear_connection(active)
        self.retrieve(held)

    @staticmethod
    def _same_device(one: Connection, other: Connection) -> None:
        if one.device is None or one.device is not other.device or one is other:
            raise refuse(
                Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER,
                "the two connections are not two calls of one device",
            )

    def consult(
        self,
        active: Connection,
        dialed: str,
        data: Mapping[str, Any] | None = None,
        *,
        call_type: int = CallType.CALLTYPE_CONSULT,
        line_type: int | None = None,
    ) -> Connection:
        """Put a call on hold and make one about it, with its data.

        Raises RequestError CF_NO_ACTIVE_CALL, CF_INVALID_OBJECT_STATE when another call is
        under way there as well, CF_INVALID_CALLED_DEVICE,
        CF_PRIVILEGE_VIOLATION_ON_CALLED_DEVICE.
        """
        device = self._inside(active)
        self._active(active)
        if any(c.state in _ACTIVE for c in device.connections if c is not active):
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"{device.instrument} is busy with a call"
            )
        target = self._dialled(device, dialed)
        self.hold(active)
        origin = active.call
        call = self._new_call(
            self.site.peripherals[device.peripheral_id],
            int(call_type),
            dialed_number=dialed,
            ani=device.extension,
            entered_digits=origin.entered_digits,
            user_to_user=origin.user_to_user,
            wrapup=origin.wrapup,
            variables=dict(origin.variables),
            named=dict(origin.named),
            arrays=dict(origin.arrays),
            originating_call=origin.id,
            originating_device=active.device_id,
            line_type=line_type,
        )
        apply_data(call, data or {})
        call.direction = "consult"
        return self._dial(call, device, dialed, target)
