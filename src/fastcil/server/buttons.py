"""Buttons that change though nothing was told of the call, or of the agent, whose they are.

What may be done with a call depends on the calls beside it, and what a supervisor may do with one
on whether he listens to it. Nor do the events of a transfer or a conference tell it with
MinimizeEventArgs 1. The documents have the library take masks from events alone
(OnButtonEnablementChange, OnSupervisorButtonChange); so such a change is an OnCallDataUpdate,
which tells what is new of a call: to the agent's clients with nothing but the mask. To clients in
monitor mode, which have no buttons but the same call, it is one as filters see it: with all fields
of the call for MinimizeEventArgs 0, with the mask alone for 1. What a supervisor may do follows
from who he is; monitor mode is nobody's, and gets no SupervisorBtnEnablementMask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastcil.server.desk import deliver
from fastcil.server.parts import Part
from fastcil.server.site import enablement
from fastcil.server.site.events import SiteEvent, coerced
from fastcil.server.site.objects import CALL_CALLBACKS, CallObject
from fastcil.server.source import MONITORED_CALL_IDS

if TYPE_CHECKING:
    from fastcil.server.supervision import Supervision
    from fastcil.server.upstream import SiteSource

__all__ = ["Buttons"]


# Not OnCallBegin: the event that follows it says what the call does at the device. A call that was
# learnt by a snapshot is told by OnSnapshotCallConf, which has no mask.
_CALLBACKS = tuple(name for name in CALL_CALLBACKS if name != "OnCallBegin")


class Buttons(Part):
    """EnablementMask and SupervisorBtnEnablementMask of calls of which no event comes."""

    def __init__(self, site: SiteSource, supervision: Supervision) -> None:
        super().__init__(site)
        self.callbacks = _CALLBACKS
        self._supervision = supervision

    def told(self, event: SiteEvent) -> None:
        """The calls at the device of an event's call, and the other parties of that call."""
        for key in event.agents:
            self._at_device(key, event)
        if self._supervision.watching:
            self._of_parties(event)

    def _at_device(self, key: str, event: SiteEvent) -> None:
        objects = self.site.mapper.objects
        agent = objects.agents.get(key)
        calls = None if agent is None else objects.at_device.get(agent.seat)
        if agent is None or calls is None:
            return
        if len(calls) == 1:
            (call,) = calls.values()
            if call.told_mask == call.values["EnablementMask"] and event.object_id == call.key:
                return  # nearly always
        clients = self.site.clients_of(agent)
        watchers = self._supervision.watchers(key) if self._supervision.watching else ()
        for call in list(calls.values()):
            values = call.values
            mask = enablement.call_mask(call.status, objects.others(call), values["PeripheralType"])
            if mask != call.told_mask:
                values["EnablementMask"] = call.told_mask = mask
                update = _update("OnCallDataUpdate", call, EnablementMask=mask)
                for client in clients:
                    deliver(client, update)
                for client in watchers:
                    deliver(client, self._monitored(call, EnablementMask=mask))
                complete = coerced("OnCallDataUpdate").values(values, 0)
                if call.failed:
                    complete.pop("CallStatus", None)
                self.site.give([SiteEvent("OnCallDataUpdate", complete, update.complete)])

    # -- supervisors -------------------------------------------------------------------------

    def supervised(self, agent: str) -> None:
        """Whether somebody listens to an agent changed: for those who watch him."""
        objects = self.site.mapper.objects
        found = objects.agents.get(agent)
        if found is not None:
            for call in list(objects.at_device.get(found.seat, {}).values()):
                self._tell_supervisors(call, agent)

    def _of_parties(self, event: SiteEvent) -> None:
        """Whether a supervisor is in a call as well decides what he may do with it."""
        kind, _, rest = event.object_id.partition(".")
        peripheral, _, rest = rest.partition(".")
        call_id = rest.partition(".")[0]
        if kind != "call" or not (peripheral.isdecimal() and call_id.isdecimal()):
            return
        objects = self.site.mapper.objects
        conversation = objects.conversations.get((int(peripheral), int(call_id)))
        for call in [] if conversation is None else list(conversation.connections.values()):
            agent = objects.agent_of(call)
            if agent is None:
                continue
            if call.key == event.object_id and event.message_id in MONITORED_CALL_IDS:
                call.told_to_supervisor = self._supervisor_mask(call)  # by that event
            else:
                self._tell_supervisors(call, agent.key)

    def _tell_supervisors(self, call: CallObject, agent: str) -> None:
        watchers = self._supervision.watchers(agent)
        if watchers and self._supervisor_mask(call) != call.told_to_supervisor:
            update = self._monitored(call)
            for client in watchers:
                deliver(client, update)

    def _supervisor_mask(self, call: CallObject) -> int:
        return int(self.site.supervisor_mask("OnCallDataUpdate", call.values))

    def _monitored(self, call: CallObject, **changes: int) -> SiteEvent:
        """What changed of a call, for those who watch its agent."""
        call.told_to_supervisor = mask = self._supervisor_mask(call)
        return _update(
            "OnMonitoredCallDataUpdate",
            call,
            Monitored=True,
            SupervisorBtnEnablementMask=mask,
            **changes,
        )


def _update(callback: str, call: CallObject, **changes: int) -> SiteEvent:
    """What changed of a call, and which call that is."""
    return SiteEvent(callback, {"UniqueObjectID": call.key, **changes})
