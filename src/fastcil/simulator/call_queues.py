"""Waiting and ringing: queues, what is announced to agents, and where a ringing call goes on to.

Source: GED-188 guide, Application Level Interfaces: CALL_QUEUED_EVENT, CALL_DEQUEUED_EVENT,
AGENT_PRE_CALL_EVENT, AGENT_PRE_CALL_ABORT_EVENT, CALL_DELIVERED_EVENT, CALL_DIVERTED_EVENT.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import DeviceIDType, EventCause, PeripheralType
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_ends import CallEnds
from fastcil.simulator.call_events import (
    STATIC,
    audience,
    call_data,
    connection_values,
    fixed_values,
    group_lists,
    router_key,
    skill_values,
)
from fastcil.simulator.call_ground import refuse
from fastcil.simulator.call_numbers import Target
from fastcil.simulator.model import (
    Agent,
    Audience,
    Call,
    Connection,
    Device,
    RequestError,
    Service,
    SkillGroup,
)

__all__ = ["CallQueues"]

_MAX_GROUPS = 20
"""Source: guide, CALL_QUEUED_EVENT, NumSkillGroups: "up to a maximum of 20"."""
_AUTO_ANSWER_SECONDS = 1.0
"""How long a call rings at an agent whose desk settings answer it; long enough to be seen."""
_CHANGES_ATTRIBUTES = (PeripheralType.PT_ACMI_CRS, PeripheralType.PT_ACMI_IPCC)
"""Source: guide, CALL_ATTRIBUTE_CHANGE_EVENT, PeripheralType: "(PT_CRS or PT_IPCC)"."""


class CallQueues(CallEnds):
    """Calls that wait for agents or ring at them."""

    @abstractmethod
    def answer(self, connection: Connection) -> None:
        """The call that rings is taken."""

    @abstractmethod
    def _reach_network(self, outside: Connection, teller: Connection) -> None:
        """A number outside rings."""

    # -- queues --------------------------------------------------------------------------------

    def queue(self, call: Call, *groups: SkillGroup) -> None:
        """A call waits for an agent of any of these skill groups."""
        groups = groups[:_MAX_GROUPS]
        call.queues = list(groups)
        call.skill_group = groups[0]
        for group in groups:
            group.queue.append(call)
            self.statistics.queued(group, call)
        known = {**self._queue_values(call, groups), **self._between(call)}
        self._queue_event("CALL_QUEUED_EVENT", call, known, None)

    def dequeue(
        self, call: Call, group: SkillGroup | None = None, cause: int | None = None
    ) -> None:
        """A call waits no longer, in no queue; nothing when it does not (in the one given)."""
        groups = call.queues
        if not groups or (group is not None and group not in groups):
            return
        call.queues = []
        for one in groups:
            one.queue.remove(call)
            self.statistics.dequeued(one, call)
        if call.connections:
            known = self._queue_values(call, groups)
            self._queue_event("CALL_DEQUEUED_EVENT", call, known, cause)

    def _queue_values(
        self, call: Call, groups: list[SkillGroup] | tuple[SkillGroup, ...]
    ) -> dict[str, Any]:
        first = groups[0]
        waiting = len(first.queue)
        if len(groups) > 1:
            waiting = len({id(one) for group in groups for one in group.queue})
        return {
            "QueueDeviceType": int(DeviceIDType.DEVID_QUEUE),
            "QueueDeviceID": first.extension or str(first.number),
            "NumQueued": waiting,
            **group_lists(groups),
        }

    def _queue_event(self, name: str, call: Call, known: dict[str, Any], cause: int | None) -> None:
        values = connection_values(self.site, call.connections[0])
        values.update(known)
        values["LocalConnectionState"] = int(Lcs.LCS_QUEUED)
        if cause is not None:
            values["EventCause"] = int(cause)
        self.site.emit(name, fixed_values(name, values), audience(call))

    def to_service(self, call: Call, service: Service) -> None:
        """A call goes to a service: to an agent of its skill groups, or it waits for one."""
        changed = call.service is not None and call.service is not service
        call.service, call.skill_group = service, None
        if not call.router_key[0]:
            # Routed for the first time: the key is news of the call.
            call.router_key = self._next_router_key()
            self.tell_data(call, ())
        if changed:
            self._attributes_changed(call)
        if self.route is not None:
            self.route(call)
            return
        every = self.site.peripherals[call.peripheral_id].skill_groups
        groups = [every[number] for number in service.skill_groups if number in every]
        if groups:
            self.queue(call, *groups)

    def _attributes_changed(self, call: Call) -> None:
        """CALL_ATTRIBUTE_CHANGE_EVENT: the service, and with it the call type, is another one."""
        peripheral = self.site.peripherals[call.peripheral_id]
        if peripheral.type not in _CHANGES_ATTRIBUTES or call.service is None:
            return
        name = "CALL_ATTRIBUTE_CHANGE_EVENT"
        known = {
            "PeripheralID": peripheral.id,
            "PeripheralType": int(peripheral.type),
            "ConnectionDeviceIDType": STATIC,
            "CallTypeID": call.service.call_type_id,
            "ServiceNumber": call.service.number,
            "ConnectionDeviceID": call.connections[0].device_id if call.connections else None,
        }
        self.site.emit(name, fixed_values(name, known), audience(call))

    # -- announcing ----------------------------------------------------------------------------

    def announce(self, call: Call, agent: Agent) -> None:
        """AGENT_PRE_CALL_EVENT: the router says which agent the call will come to."""
        if agent.device is None:
            return
        call.announced, call.announced_at = agent, agent.device.instrument
        known = {
            **skill_values(call),
            **call_data(call),
            "MRDID": self.site.rules.mrd_id,
            "AgentSkillTargetID": agent.icm_id,
            "AgentInstrument": call.announced_at,
            "AgentID": agent.id,
            "FltCallTypeID": call.service.call_type_id if call.service else None,
        }
        name = "AGENT_PRE_CALL_EVENT"
        self.site.emit(name, fixed_values(name, known), _announced(call, agent))

    def abort_announcement(self, call: Call, agent: Agent) -> None:
        """AGENT_PRE_CALL_ABORT_EVENT: it will not come, even if he has left meanwhile."""
        if call.announced is not agent:
            return
        call.announced = None
        known = {
            "MRDID": self.site.rules.mrd_id,
            "AgentInstrument": call.announced_at,
            **router_key(call),
        }
        name = "AGENT_PRE_CALL_ABORT_EVENT"
        self.site.emit(name, fixed_values(name, known), _announced(call, agent))

    def unannounce(self, call: Call) -> None:
        """The call will not come to the agent that it was announced to, who is free again."""
        agent = call.announced
        if agent is not None:
            self.abort_announcement(call, agent)
            self.agents.release_reservation(agent)

    # -- ringing -------------------------------------------------------------------------------

    def deliver(
        self, call: Call, device: Device, cause: int | None = None, *, role: str = ""
    ) -> Connection:
        """A call rings at a device. role: what it is to the agent there, if not what it is to
        others."""
        call.announced = None
        connection = self.connect(call, device.instrument, device, Lcs.LCS_ALERTING)
        connection.role = role
        known = {
            **self._between(call),
            **self._party("Alerting", device.instrument, device),
            **call_data(call),
        }
        self._tell("CALL_DELIVERED_EVENT", connection, known, cause=cause)
        self._tell_agent(connection)
        agent = device.agent
        if agent is not None and agent.desk.allows(Desk.DESK_AUTO_ANSWER_ENABLED_MASK):
            self.site.clock.after(_AUTO_ANSWER_SECONDS, lambda: self._auto_answer(connection))
        return connection

    def _auto_answer(self, connection: Connection) -> None:
        if connection.call.ended or connection.state != Lcs.LCS_ALERTING:
            return
        try:
            self.answer(connection)
        except RequestError:
            return  # the agent talks in another call: it rings on

    def _reachable(self, call: Call, device: Device, dialed: str) -> Target:
        """Where a call can be sent on to at once: not to a party of it, nor where it is busy, and
        into a queue only when nobody but the caller is left."""
        target = self.numbers.target(self.site.peripherals[call.peripheral_id], dialed)
        if isinstance(target, Device):
            if target is device or any(c.call is call for c in target.connections):
                raise refuse(Failure.CF_INVALID_CALLED_DEVICE, f"{dialed} is in the call")
            if not target.in_service:
                raise refuse(Failure.CF_RESOURCE_OUT_OF_SERVICE, f"{dialed} is out of service")
            if any(c.state != Lcs.LCS_HOLD for c in target.connections):
                raise refuse(Failure.CF_RESOURCE_BUSY, f"{dialed} is busy")
        elif isinstance(target, Service):
            stay = (None, device, call.calling_device)
            if any(c.device not in stay for c in call.connections):
                raise refuse(
                    Failure.CF_INVALID_OBJECT_STATE, f"others are in call {call.id} as well"
                )
        return target

    @staticmethod
    def _waits_not(call: Call) -> None:
        if call.queues or call.announced is not None:
            raise refuse(Failure.CF_INVALID_OBJECT_STATE, f"call {call.id} waits for an agent")

    def divert(self, connection: Connection, dialed: str, cause: EventCause) -> None:
        """A call that rings goes on to another device: deflected, or not answered.

        Raises RequestError CF_INVALID_OBJECT_STATE when it does not ring there, and those of
        _reachable.
        """
        self.require(connection, Lcs.LCS_ALERTING)
        call, device = connection.call, self._inside(connection)
        self._waits_not(call)
        target = self._reachable(call, device, dialed)
        self._told_away(connection, self._number("Called", call, dialed), cause)
        call.called = dialed
        if isinstance(target, Device):
            self.deliver(call, target, int(cause))
        elif isinstance(target, Service):
            self.to_service(call, target)
        else:
            outside = self.connect(call, dialed, None, Lcs.LCS_ALERTING)
            self._reach_network(outside, outside)
        self._settle(call, int(EventCause.CEC_REDIRECTED))

    def _told_away(self, connection: Connection, to: dict[str, Any], cause: EventCause) -> None:
        """CALL_DIVERTED_EVENT: the call no longer rings at a device."""
        call, device = connection.call, connection.device
        call.last_redirect, call.last_redirect_device = connection.device_id, device
        self._state(connection, Lcs.LCS_NULL)
        known = {**self._party("Diverting", connection.device_id, device), **to}
        also = () if device is None else (device,)
        self._tell("CALL_DIVERTED_EVENT", connection, known, cause=int(cause), also=also)

    def withdraw(self, connection: Connection, group: SkillGroup) -> None:
        """A call that nobody answered goes back to its skill group.

        Raises RequestError CF_INVALID_OBJECT_STATE when it does not ring.
        """
        self.require(connection, Lcs.LCS_ALERTING)
        to = {
            "CalledDeviceType": int(DeviceIDType.DEVID_QUEUE),
            "CalledDeviceID": group.extension or str(group.number),
        }
        self._told_away(connection, to, EventCause.CEC_CALL_FORWARD_NO_ANSWER)


def _announced(call: Call, agent: Agent) -> Audience:
    return Audience(
        "call",
        call.peripheral_id,
        frozenset({call.announced_at}),
        frozenset({agent.icm_id}),
        frozenset({call.id}),
    )
