"""How calls end: one party leaves, all leave, or nobody inside is left.

Source: GED-188 guide, Application Level Interfaces: CALL_CONNECTION_CLEARED_EVENT,
CALL_CLEARED_EVENT, END_CALL_EVENT; Constants, Extended Call Cleared Event Causes.
"""

from __future__ import annotations

from abc import abstractmethod
from itertools import islice
from typing import TYPE_CHECKING

from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import EventCause
from fastcil.ged188.enums import EventCauseExtended as Extended
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_events import (
    audience,
    connection_values,
    fixed_values,
    over,
    talks,
)
from fastcil.simulator.call_ground import refuse
from fastcil.simulator.call_media import CallMedia
from fastcil.simulator.model import Call, Connection, Device, Peripheral, Site, SkillGroup

if TYPE_CHECKING:
    from fastcil.simulator.agents import AgentEngine
    from fastcil.simulator.statistics import Statistics

__all__ = ["CallEnds"]


class CallEnds(CallMedia):
    """Ends connections and calls, and keeps the data of ended calls for a while."""

    def __init__(self, site: Site, agents: AgentEngine, statistics: Statistics) -> None:
        super().__init__(site, agents, statistics)
        self._finished: dict[tuple[int, int], Call] = {}
        """By PeripheralID and call id, the oldest first."""

    @abstractmethod
    def dequeue(
        self, call: Call, group: SkillGroup | None = None, cause: int | None = None
    ) -> None:
        """The call waits no longer."""

    @abstractmethod
    def unannounce(self, call: Call) -> None:
        """The call will not come to the agent that it was announced to."""

    def clear_connection(self, connection: Connection, cause: int | None = None) -> None:
        """A party hangs up. The call goes on as long as two others talk.

        cause: EventCause. Raises RequestError CF_INVALID_CSTA_CONNECTION_IDENTIFIER when the party
        has left already.
        """
        call = connection.call
        if call.ended or over(connection.state):
            raise refuse(
                Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER,
                f"call {call.id} is not at {connection.device_id}",
            )
        others = [c for c in call.connections if c is not connection]
        inside = any(c.device is not None for c in others)
        if len(others) < 2 or not inside or not talks(others):
            self.clear_call(call, connection, cause)
        else:
            self._release(connection, cause)

    def _release(self, connection: Connection, cause: int | None) -> None:
        device = connection.device
        also = () if device is None else (device,)
        self._part(connection)
        self._state(connection, Lcs.LCS_NULL)
        known = self._party("Releasing", connection.device_id, device)
        self._tell("CALL_CONNECTION_CLEARED_EVENT", connection, known, cause=cause, also=also)
        self._media("RTP_STOPPED_EVENT", connection)

    def clear_call(
        self, call: Call, first: Connection | None = None, cause: int | None = None
    ) -> None:
        """Everybody leaves: the one who hung up first, the others, and the call is over.

        cause: EventCause of the parties' leaving and of the end; where it is not given, the end of
        a call that was never answered says how far it came. Raises RequestError
        CF_INVALID_CSTA_CALL_IDENTIFIER when it is over already.
        """
        if call.ended:
            raise refuse(Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, f"call {call.id} is over")
        end_cause = _abandoned(call, first) if cause is None else cause
        self.dequeue(call, cause=int(EventCause.CEC_CALL_CANCELLED))
        self.unannounce(call)
        devices = [c.device for c in call.connections if c.device is not None]
        order = [c for c in call.connections if c is not first]
        if first is not None:
            order.insert(0, first)
        # Extended causes are those of CALL_CLEARED_EVENT only.
        own = cause if cause is None or cause < Extended.CECX_ABAND_NETWORK else None
        for connection in order:
            if not over(connection.state):
                self._release(connection, own)
        if call.ended:
            return  # by what listened to it
        if order:
            values = connection_values(self.site, order[-1])
            values["LocalConnectionState"] = int(Lcs.LCS_NULL)
            if end_cause is not None:
                values["EventCause"] = int(end_cause)
            self.site.emit(
                "CALL_CLEARED_EVENT",
                fixed_values("CALL_CLEARED_EVENT", values),
                audience(call, also=devices),
            )
        self._end(call, devices)

    def _end(self, call: Call, devices: list[Device]) -> None:
        """The last event of a call."""
        if call.ended:
            return
        call.ended = True
        call.ended_at = self.site.clock.now
        values = self.end_values(call)
        whom = audience(call, also=devices)
        self.site.peripherals[call.peripheral_id].calls.pop(call.id, None)
        self._keep(call)
        self.site.emit("END_CALL_EVENT", values, whom)

    def _settle(self, call: Call, cause: int | None = None) -> None:
        """A call that nobody inside is a party of, and that waits for nobody, is over here.

        Source: guide, Transfer Call: "the call leaves the realm of the monitoring PG and the
        original call is terminated in the usual way".
        """
        if call.ended or call.queues or call.announced is not None:
            return
        if len(call.connections) < 2 or not any(c.device is not None for c in call.connections):
            self.clear_call(call, None, cause)

    def end_device(self, device: Device) -> None:
        """A telephone went out of service: what is there is gone."""
        for connection in list(device.connections):
            if not connection.call.ended and not over(connection.state):
                self.clear_connection(connection)

    def end_peripheral(self, peripheral: Peripheral) -> None:
        """A peripheral went off-line: its calls are gone."""
        for call in list(peripheral.calls.values()):
            if not call.ended:
                self.clear_call(call)

    # -- after the end -------------------------------------------------------------------------

    def _keep(self, call: Call) -> None:
        """Data of a call can be set for some time after its end."""
        self._finished[call.peripheral_id, call.id] = call
        oldest = self.site.clock.now - self.site.rules.call_data_seconds
        # One comes, two may go: so there are never more than those of the time that counts.
        for key in list(islice(self._finished, 2)):
            if self._finished[key].ended_at < oldest:
                del self._finished[key]

    def finished(self, peripheral: Peripheral, number: int) -> Call | None:
        """A call that ended so lately that its data can still be set."""
        call = self._finished.get((peripheral.id, number))
        if call is None:
            return None
        if call.ended_at + self.site.rules.call_data_seconds < self.site.clock.now:
            del self._finished[peripheral.id, number]
            return None
        return call

    def release(self, call: Call) -> None:
        """A client is done with the data of a call: after its end they cannot be set any more."""
        if call.ended:
            self._finished.pop((call.peripheral_id, call.id), None)


def _abandoned(call: Call, first: Connection | None) -> Extended | None:
    """Why a call from outside that nobody answered is over. None: the guide has no cause for it.

    Source: guide, Extended Call Cleared Event Causes.
    """
    if call.answered or call.direction != "in" or first is None or first.device is not None:
        return None
    if call.queues:
        return Extended.CECX_ABAND_LOCAL_QUEUE
    if any(c.state == Lcs.LCS_ALERTING for c in call.connections):
        return Extended.CECX_ABAND_RING
    return Extended.CECX_ABAND_DELAY
