"""Calls from their beginning to their end: what can happen to one, and the events that tell it.

Everything that happens to a call happens here, whoever wants it: a client's request, a scenario,
the workload. Each action checks the state first and raises RequestError with the documented
FailureCode; then it changes the state and emits the events in the order of the GED-188 guide
(Application Level Interfaces, call event messages and client control requests).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastcil.ged188.enums import CallType, EventCause, RTPDirection, RTPType
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_events import (
    audience,
    call_data,
    connection_values,
    fixed_values,
    over,
    skill_values,
)
from fastcil.simulator.call_ground import CallGround, refuse
from fastcil.simulator.model import (
    Agent,
    Audience,
    Call,
    Connection,
    Device,
    Peripheral,
    Service,
    SkillGroup,
)

if TYPE_CHECKING:
    pass

__all__ = ["CallCore"]

_DAY = 86400


class CallCore(CallGround):
    """Calls from their beginning to their end; CallEngine adds what joins them."""

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
    ) -> Call:
        """A call comes in from outside and waits for what becomes of it."""
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
        )
        call.direction = "in"
        self.connect(call, ani or f"outside{call.id}", None, Lcs.LCS_CONNECT)
        self._begin(call)
        return call

    def make(
        self, device: Device, dialed: str, data: Mapping[str, Any] | None = None
    ) -> Connection:
        """A call from a device: off the hook, dialled, and on to where it leads."""
        peripheral = self.site.peripherals[device.peripheral_id]
        if any(c.state not in (Lcs.LCS_HOLD,) for c in device.connections):
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"{device.instrument} is busy with a call"
            )
        target = self._target(peripheral, dialed)
        if target is device:
            raise refuse(Failure.CF_INVALID_CALLED_DEVICE, f"{dialed} is the caller itself")
        inside = target is not None
        call_type = CallType.CALLTYPE_AGENT_INSIDE if inside else CallType.CALLTYPE_OUT
        call = self._new_call(peripheral, int(call_type), dialed_number=dialed)
        call.ani = device.extension
        self.apply_data(call, data or {})
        call.direction = "internal" if inside else "out"
        return self._dial(call, device, dialed, target)

    def _target(self, peripheral: Peripheral, dialed: str) -> Device | None:
        """The device inside that a number leads to; None: outside."""
        if not dialed:
            raise refuse(Failure.CF_INVALID_CALLED_DEVICE, "no number was dialled")
        for device in peripheral.devices.values():
            if dialed in (device.extension, device.instrument):
                return device
        agent = peripheral.agents.get(dialed)
        if agent is not None and agent.device is not None:
            return agent.device
        if not dialed.lstrip("+").replace("-", "").isdigit():
            raise refuse(Failure.CF_INVALID_CALLED_DEVICE, f"{dialed!r} leads nowhere")
        return None

    def _dial(self, call: Call, device: Device, dialed: str, target: Device | None) -> Connection:
        mine = self.connect(call, device.instrument, device, Lcs.LCS_INITIATE)
        self._begin(call)
        self._state(mine, Lcs.LCS_INITIATE)
        call.called = dialed
        calling = self._parties(call, "Calling", device.instrument, device)
        self._tell("CALL_SERVICE_INITIATED_EVENT", mine, calling)
        self._state(mine, Lcs.LCS_CONNECT)
        self._tell("CALL_ORIGINATED_EVENT", mine, self._between(call))
        if target is None:
            outside = self.connect(call, dialed, None, Lcs.LCS_ALERTING)
            self._tell(
                "CALL_REACHED_NETWORK_EVENT",
                mine,
                {**self._between(call), "TrunkUsedDeviceType": 71, "TrunkNumber": outside.call.id},
            )
        elif any(c.state in (Lcs.LCS_ALERTING, Lcs.LCS_INITIATE) for c in target.connections) or (
            not target.in_service
        ):
            self._fail(mine, EventCause.CEC_BUSY)
        else:
            self.deliver(call, target)
        return mine

    def _fail(self, connection: Connection, cause: EventCause) -> None:
        """The other side cannot be had: the caller hears a tone until he hangs up."""
        self._state(connection, Lcs.LCS_FAIL)
        call = connection.call
        failing = call.called or call.dialed_number
        peripheral = self.site.peripherals[call.peripheral_id]
        known = {
            **self._between(call),
            **self._parties(call, "Failing", failing, peripheral.devices.get(failing)),
        }
        self._tell("CALL_FAILED_EVENT", connection, known, cause=int(cause))

    @staticmethod
    def apply_data(call: Call, data: Mapping[str, Any]) -> None:
        """Set what is given of a call's data."""
        for number in range(1, 11):
            text = data.get(f"CallVariable{number}")
            if text is not None:
                call.variables[number] = text
        for one in data.get("NamedVariable") or ():
            call.named[one[0]] = one[1]
        for element in data.get("NamedArray") or ():
            call.arrays[element[1], element[0]] = element[2]
        for name, attribute in _DATA.items():
            if data.get(name) is not None:
                setattr(call, attribute, data[name])

    # -- queues --------------------------------------------------------------------------------

    def queue(self, call: Call, group: SkillGroup) -> None:
        """A call waits for an agent of a skill group."""
        call.skill_group = group
        group.queue.append(call)
        self.statistics.queued(group, call)
        first = call.connections[0]
        known = {
            **self._between(call),
            **self._parties(call, "Queue", group.extension or str(group.number), None),
            "NumQueued": len(group.queue),
            "SkillGroupNumber": [group.number],
            "SkillGroupID": [group.id],
            "SkillGroupPriority": [group.priority],
        }
        self._queue_event("CALL_QUEUED_EVENT", first, known, Lcs.LCS_QUEUED)

    def dequeue(self, call: Call, group: SkillGroup, cause: int | None = None) -> None:
        """A call no longer waits."""
        if call not in group.queue:
            return
        group.queue.remove(call)
        self.statistics.dequeued(group, call)
        if not call.connections:
            return
        known = {
            **self._parties(call, "Queue", group.extension or str(group.number), None),
            "NumQueued": len(group.queue),
            "SkillGroupNumber": [group.number],
            "SkillGroupID": [group.id],
            "SkillGroupPriority": [group.priority],
        }
        self._queue_event("CALL_DEQUEUED_EVENT", call.connections[0], known, Lcs.LCS_QUEUED, cause)

    def _queue_event(
        self,
        name: str,
        connection: Connection,
        known: dict[str, Any],
        state: Lcs,
        cause: int | None = None,
    ) -> None:
        lists = ("SkillGroupNumber", "SkillGroupID", "SkillGroupPriority")
        values = connection_values(self.site, connection)
        values = {k: v for k, v in values.items() if k not in lists}
        values.update(known)
        values["LocalConnectionState"] = int(state)
        if cause is not None:
            values["EventCause"] = cause
        self.site.emit(name, fixed_values(name, values), audience(connection.call))

    # -- ringing and answering -----------------------------------------------------------------

    def announce(self, call: Call, agent: Agent) -> None:
        """AGENT_PRE_CALL_EVENT: the router says which agent the call will come to."""
        if agent.device is None:
            return
        self.site.emit(
            "AGENT_PRE_CALL_EVENT",
            fixed_values(
                "AGENT_PRE_CALL_EVENT",
                {
                    **skill_values(call),
                    **call_data(call),
                    "MRDID": 1,
                    "AgentSkillTargetID": agent.icm_id,
                    "AgentInstrument": agent.device.instrument,
                    "AgentID": agent.id,
                    **({"FltCallTypeID": call.service.call_type_id} if call.service else {}),
                },
            ),
            Audience(
                "call",
                call.peripheral_id,
                frozenset({agent.device.instrument}),
                frozenset({agent.icm_id}),
                frozenset({call.id}),
            ),
        )

    def abort_announcement(self, call: Call, agent: Agent) -> None:
        """AGENT_PRE_CALL_ABORT_EVENT: it will not come."""
        if agent.device is None:
            return
        self.site.emit(
            "AGENT_PRE_CALL_ABORT_EVENT",
            fixed_values(
                "AGENT_PRE_CALL_ABORT_EVENT",
                {
                    "MRDID": 1,
                    "AgentInstrument": agent.device.instrument,
                    **{k: v for k, v in call_data(call).items() if k.startswith("RouterCallKey")},
                },
            ),
            Audience(
                "call",
                call.peripheral_id,
                frozenset({agent.device.instrument}),
                frozenset({agent.icm_id}),
                frozenset({call.id}),
            ),
        )

    def deliver(self, call: Call, device: Device, cause: int | None = None) -> Connection:
        """A call rings at a device."""
        connection = self.connect(call, device.instrument, device, Lcs.LCS_ALERTING)
        known = {
            **self._between(call),
            **self._parties(call, "Alerting", device.instrument, device),
            **call_data(call),
        }
        self._tell("CALL_DELIVERED_EVENT", connection, known, cause=cause)
        self._state(connection, Lcs.LCS_ALERTING)
        return connection

    def answer(self, connection: Connection) -> None:
        """The call that rings is taken."""
        if connection.state != Lcs.LCS_ALERTING:
            raise refuse(
                Failure.CF_NO_CALL_TO_ANSWER,
                f"call {connection.call.id} does not ring at {connection.device_id}",
            )
        device = connection.device
        if device is not None and any(
            c.state in (Lcs.LCS_CONNECT, Lcs.LCS_INITIATE)
            for c in device.connections
            if c is not connection
        ):
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"{connection.device_id} has an active call"
            )
        call = connection.call
        self._state(connection, Lcs.LCS_CONNECT)
        for other in call.connections:
            if other.device is None and other.state == Lcs.LCS_ALERTING and other is not connection:
                self._state(other, Lcs.LCS_CONNECT)
        known = {
            **self._between(call),
            **self._parties(call, "Answering", connection.device_id, device),
        }
        self._tell("CALL_ESTABLISHED_EVENT", connection, known)
        for party in call.connections:
            if party.state == Lcs.LCS_CONNECT:
                self._media("RTP_STARTED_EVENT", party)

    def _media(self, name: str, connection: Connection) -> None:
        """The voice streams of a telephone begin or end, one for each direction, if they do."""
        device, starts = connection.device, name == "RTP_STARTED_EVENT"
        if device is None or connection.media is starts:
            return
        connection.media = starts
        agent = device.agent
        for direction in (RTPDirection.INPUT, RTPDirection.OUTPUT):
            known: dict[str, Any] = {
                **self._ids(connection.call),
                "ConnectionDeviceID": connection.device_id,
                "Direction": int(direction),
                "ClientAddress": "127.0.0.1",
                "ClientPort": 16384 + 2 * (device.number % 8192),
                "SendingAddress": "127.0.0.1",
                "SendingPort": 24576 + 2 * (device.number % 8192),
                "AgentExtension": device.extension,
                "AgentInstrument": device.instrument,
                "AgentID": agent.id if agent is not None else None,
            }
            if starts:
                known.update(
                    RTPType=int(RTPType.AUDIO),
                    BitRate=64,
                    EchoCancellation=0,
                    PacketSize=20,
                    PayloadType=4,
                )
            known.pop("PeripheralType")
            self.site.emit(name, fixed_values(name, known), audience(connection.call))

    def hold(self, connection: Connection) -> None:
        """The call is put on hold."""
        if connection.state != Lcs.LCS_CONNECT:
            raise refuse(
                Failure.CF_NO_ACTIVE_CALL,
                f"call {connection.call.id} is {connection.state.name} at {connection.device_id}",
            )
        self._state(connection, Lcs.LCS_HOLD)
        known = self._parties(connection.call, "Holding", connection.device_id, connection.device)
        self._tell("CALL_HELD_EVENT", connection, known)

    def retrieve(self, connection: Connection) -> None:
        """The held call is taken back."""
        if connection.state != Lcs.LCS_HOLD:
            raise refuse(
                Failure.CF_NO_HELD_CALL,
                f"call {connection.call.id} is {connection.state.name} at {connection.device_id}",
            )
        device = connection.device
        if device is not None and any(
            c.state in (Lcs.LCS_CONNECT, Lcs.LCS_INITIATE) for c in device.connections
        ):
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"{connection.device_id} has an active call"
            )
        self._state(connection, Lcs.LCS_CONNECT)
        known = self._parties(connection.call, "Retrieving", connection.device_id, device)
        self._tell("CALL_RETRIEVED_EVENT", connection, known)

    def alternate(self, active: Connection, other: Connection) -> None:
        """Hold one call and take the other."""
        self._same_device(active, other)
        if active.state != Lcs.LCS_CONNECT:
            raise refuse(Failure.CF_NO_ACTIVE_CALL, f"call {active.call.id} is not active")
        if other.state not in (Lcs.LCS_HOLD, Lcs.LCS_ALERTING):
            raise refuse(Failure.CF_NO_HELD_CALL, f"call {other.call.id} is not held")
        self.hold(active)
        if other.state == Lcs.LCS_ALERTING:
            self.answer(other)
        else:
            self.retrieve(other)

    def reconnect(self, active: Connection, held: Connection) -> None:
        """Drop one call and take the held one back."""
        self._same_device(active, held)
        if held.state != Lcs.LCS_HOLD:
            raise refuse(Failure.CF_NO_HELD_CALL, f"call {held.call.id} is not held")
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
        self, active: Connection, dialed: str, data: Mapping[str, Any] | None = None
    ) -> Connection:
        """Put a call on hold and make one about it."""
        if active.state != Lcs.LCS_CONNECT:
            raise refuse(Failure.CF_NO_ACTIVE_CALL, f"call {active.call.id} is not active")
        device = active.device
        if device is None:
            raise refuse(Failure.CF_INVALID_CSTA_DEVICE_IDENTIFIER, "nobody is there")
        peripheral = self.site.peripherals[device.peripheral_id]
        target = self._target(peripheral, dialed)
        if target is device:
            raise refuse(Failure.CF_INVALID_CALLED_DEVICE, f"{dialed} is the caller itself")
        self.hold(active)
        origin = active.call
        call = self._new_call(
            peripheral,
            int(CallType.CALLTYPE_CONSULT),
            dialed_number=dialed,
            ani=device.extension,
            variables=dict(origin.variables),
            named=dict(origin.named),
            arrays=dict(origin.arrays),
            originating_call=origin.id,
        )
        self.apply_data(call, data or {})
        call.direction = "consult"
        return self._dial(call, device, dialed, target)

    # -- away ----------------------------------------------------------------------------------

    def _reachable(self, call: Call, device: Device, dialed: str) -> Device | None:
        peripheral = self.site.peripherals[call.peripheral_id]
        target = self._target(peripheral, dialed)
        if target is not None and (
            target is device or any(c.call is call for c in target.connections)
        ):
            raise refuse(Failure.CF_INVALID_CALLED_DEVICE, f"{dialed} is in the call")
        if target is not None and (
            not target.in_service or any(c.state != Lcs.LCS_HOLD for c in target.connections)
        ):
            raise refuse(Failure.CF_RESOURCE_BUSY, f"{dialed} is busy")
        return target

    def _add(self, call: Call, dialed: str, target: Device | None) -> None:
        if target is None:
            self.connect(call, dialed, None, Lcs.LCS_CONNECT)
        else:
            self.deliver(call, target)

    def divert(self, connection: Connection, dialed: str, cause: EventCause) -> None:
        """A call that rings goes on to another device: deflected, or not answered."""
        self.require(connection, Lcs.LCS_ALERTING)
        call, device = connection.call, connection.device
        assert device is not None
        target = self._reachable(call, device, dialed)
        self._told_away(connection, dialed, cause)
        call.called = dialed
        self._add(call, dialed, target)
        self._settle(call)

    def _told_away(self, connection: Connection, to: str, cause: EventCause) -> None:
        """CALL_DIVERTED_EVENT: the call no longer rings at a device."""
        call, device = connection.call, connection.device
        peripheral = self.site.peripherals[call.peripheral_id]
        self._state(connection, Lcs.LCS_NULL)
        known = {
            **self._parties(call, "Diverting", connection.device_id, device),
            **self._parties(call, "Called", to, peripheral.devices.get(to)),
        }
        also = () if device is None else (device,)
        self._tell("CALL_DIVERTED_EVENT", connection, known, cause=int(cause), also=also)

    def withdraw(self, connection: Connection, group: SkillGroup) -> None:
        """A call that nobody answered goes back to its skill group."""
        self.require(connection, Lcs.LCS_ALERTING)
        self._told_away(
            connection, group.extension or str(group.number), EventCause.CEC_CALL_FORWARD_NO_ANSWER
        )

    # -- ends ----------------------------------------------------------------------------------

    def clear_connection(self, connection: Connection, cause: int | None = None) -> None:
        """A party hangs up. The call goes on as long as two others talk."""
        if connection.call.ended or over(connection.state):
            raise refuse(
                Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER,
                f"call {connection.call.id} is not at {connection.device_id}",
            )
        call = connection.call
        if len(call.connections) <= 2 or self._nobody_else_inside(call, connection):
            self.clear_call(call, connection, cause)
            return
        self._release(connection, cause)

    @staticmethod
    def _nobody_else_inside(call: Call, connection: Connection) -> bool:
        """Whether only outside parties would be left."""
        return all(c.device is None for c in call.connections if c is not connection)

    def _release(self, connection: Connection, cause: int | None) -> None:
        call, device = connection.call, connection.device
        self._state(connection, Lcs.LCS_NULL)
        known = self._parties(call, "Releasing", connection.device_id, device)
        also = () if device is None else (device,)
        self._tell("CALL_CONNECTION_CLEARED_EVENT", connection, known, cause=cause, also=also)
        self._media("RTP_STOPPED_EVENT", connection)

    def clear_call(
        self, call: Call, first: Connection | None = None, cause: int | None = None
    ) -> None:
        """Everybody leaves: the one who hung up, the others, and the call is over."""
        if call.ended:
            raise refuse(Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, f"call {call.id} is over")
        if call.skill_group is not None:
            self.dequeue(call, call.skill_group, int(EventCause.CEC_CALL_CANCELLED))
        devices = [c.device for c in call.connections if c.device is not None]
        order = [c for c in call.connections if c is not first]
        if first is not None:
            order.insert(0, first)
        last = order[-1] if order else None
        for connection in order:
            self._release(connection, cause)
        if last is not None:
            values = connection_values(self.site, last)
            values["LocalConnectionState"] = int(Lcs.LCS_NULL)
            if cause is not None:
                values["EventCause"] = cause
            keep = {k: v for k, v in values.items() if k not in _NOT_IN_CLEARED}
            self.site.emit(
                "CALL_CLEARED_EVENT",
                fixed_values("CALL_CLEARED_EVENT", keep),
                audience(call, also=devices),
            )
        self._end(call, tuple(devices))

    def _end(self, call: Call, devices: tuple[Device, ...] = ()) -> None:
        if call.ended:
            return
        call.ended = True
        values = self.end_values(call)
        whom = audience(call, also=devices)
        self.site.peripherals[call.peripheral_id].calls.pop(call.id, None)
        self.site.emit("END_CALL_EVENT", values, whom)

    def _settle(self, call: Call) -> None:
        """A call that one party is left of is over."""
        if len(call.connections) < 2 and not call.ended and call.skill_group is None:
            self.clear_call(call)

    def end_peripheral(self, peripheral: Peripheral) -> None:
        """A peripheral went off-line: its calls are gone."""
        for call in list(peripheral.calls.values()):
            self.clear_call(call)


_DATA = {
    "ANI": "ani",
    "UserToUserInfo": "user_to_user",
    "CallerEnteredDigits": "entered_digits",
    "CallWrapupData": "wrapup",
}
_NOT_IN_CLEARED = frozenset(
    {
        "LineHandle",
        "LineType",
        "ServiceNumber",
        "ServiceID",
        "SkillGroupNumber",
        "SkillGroupID",
        "SkillGroupPriority",
    }
)
