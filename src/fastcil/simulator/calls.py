"""The calls of a site, all that can happen to them; here: supervisors listen, barge in, intercept.

The layers below have the rest; call_ground says which.

Source: GED-188 guide, Application Level Interfaces, SUPERVISE_CALL_REQ, SupervisoryAction values;
Constants, CallType, LineType and EventCause values.
"""

from __future__ import annotations

from fastcil.ged188.enums import CallType, EventCause, LineType
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_core import Expected
from fastcil.simulator.call_events import over
from fastcil.simulator.call_ground import refuse
from fastcil.simulator.call_joins import CallJoins
from fastcil.simulator.model import Call, Connection, Device

__all__ = ["CallEngine", "Expected"]

_SUPERVISE = "supervise"


class CallEngine(CallJoins):
    """All calls of a site, and the only place that changes them."""

    def listen(self, device: Device, agent: Connection, *, whisper: bool = False) -> Connection:
        """A supervisor listens to an agent's call: a call of his own that no caller hears.

        whisper: the agent hears him. One who does the one goes over to the other. Raises
        RequestError CF_INVALID_OBJECT_STATE when the agent does not talk or somebody listens
        already, CF_RESOURCE_BUSY when the supervisor talks.
        """
        target = self._inside(agent)
        self.require(agent, Lcs.LCS_CONNECT, Lcs.LCS_HOLD)
        present = self._listening(device, agent)
        if agent.monitors and present is None:
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"call {agent.call.id} is listened to already"
            )
        self._free_to_supervise(device, present)
        if present is not None:
            self.clear_connection(present)
        kind = (
            CallType.CALLTYPE_SUPERVISOR_WHISPER
            if whisper
            else CallType.CALLTYPE_SUPERVISOR_MONITOR
        )
        cause = EventCause.CEC_SUPERVISOR_WHISPER if whisper else EventCause.CEC_SILENT_MONITOR
        call = self._new_call(
            self.site.peripherals[device.peripheral_id],
            int(kind),
            dialed_number=agent.device_id,
            line_type=int(LineType.LINETYPE_SILENT_MONITOR),
        )
        call.direction = _SUPERVISE
        call.called = agent.device_id
        call.calling, call.calling_device = device.instrument, device
        call.monitored = agent
        mine = self.connect(call, device.instrument, device, Lcs.LCS_INITIATE)
        agent.monitors.append(mine)
        self._begin(call)
        self._tell_agent(mine)
        calling = self._party("Calling", device.instrument, device)
        self._tell("CALL_SERVICE_INITIATED_EVENT", mine, calling, cause=int(cause))
        self._state(mine, Lcs.LCS_CONNECT)
        call.answered = True
        known = {**self._between(call), **self._party("Answering", agent.device_id, target)}
        self._tell("CALL_ESTABLISHED_EVENT", mine, known, cause=int(cause))
        self._media("RTP_STARTED_EVENT", mine)
        return mine

    @staticmethod
    def _listening(device: Device, agent: Connection) -> Connection | None:
        """The call by which a supervisor listens to an agent's connection."""
        return next((c for c in agent.monitors if c.device is device), None)

    @staticmethod
    def _free_to_supervise(device: Device, present: Connection | None) -> None:
        if not device.in_service:
            raise refuse(
                Failure.CF_RESOURCE_OUT_OF_SERVICE, f"{device.instrument} is out of service"
            )
        if any(c.state != Lcs.LCS_HOLD for c in device.connections if c is not present):
            raise refuse(Failure.CF_RESOURCE_BUSY, f"{device.instrument} is busy with a call")

    def barge_in(self, device: Device, agent: Connection) -> Connection:
        """A supervisor comes into an agent's call and is heard by all.

        Listening to that call ends with it. Raises RequestError CF_INVALID_OBJECT_STATE when the
        agent does not talk or the supervisor is in the call, CF_RESOURCE_BUSY when he is in
        another one, CF_CONFERENCE_MEMBER_LIMIT_EXCEEDED.
        """
        self.require(agent, Lcs.LCS_CONNECT)
        call, controller = agent.call, self._inside(agent)
        if any(c.device is device for c in call.connections):
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"{device.instrument} is in call {call.id}"
            )
        present = self._listening(device, agent)
        self._free_to_supervise(device, present)
        self._check_parties(len(call.connections) + 1)
        mine = self.connect(call, device.instrument, device, Lcs.LCS_CONNECT)
        mine.role = _SUPERVISE
        self._tell_agent(mine)
        if present is not None:
            self.clear_connection(present)
        cause = EventCause.CEC_SUPERVISOR_BARGE_IN
        known = {**self._between(call), **self._party("Answering", device.instrument, device)}
        self._tell("CALL_ESTABLISHED_EVENT", mine, known, cause=int(cause))
        self._merged(
            "CALL_CONFERENCED_EVENT", call, call, controller, (device.instrument, device), cause
        )
        self._talk(call)
        self._become(call, CallType.CALLTYPE_SUPERVISOR_BARGEIN)
        return mine

    def intercept(self, device: Device, agent: Connection) -> Connection:
        """A supervisor takes an agent's place in his call.

        Raises RequestError as barge_in does, unless the supervisor is in the call already.
        """
        call = agent.call
        self.require(agent, Lcs.LCS_CONNECT, Lcs.LCS_HOLD)
        mine = next((c for c in call.connections if c.device is device), None)
        if mine is None:
            mine = self.barge_in(device, agent)
        elif mine is agent:
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"it is the call of {device.instrument} itself"
            )
        mine.role = ""  # it is his call from now on
        self._tell_agent(mine)
        self._become(call, CallType.CALLTYPE_SUPERVISOR_INTERCEPT)
        self.clear_connection(agent, int(EventCause.CEC_SUPERVISOR_INTERCEPT))
        return mine

    def leave(self, mine: Connection) -> None:
        """SUPERVISOR_CLEAR: the supervisor's connection ends.

        Raises RequestError CF_NO_CONNECTION_TO_CLEAR when it has ended.
        """
        if mine.call.ended or over(mine.state):
            raise refuse(
                Failure.CF_NO_CONNECTION_TO_CLEAR, f"{mine.device_id} is not in call {mine.call.id}"
            )
        self.clear_connection(mine, int(EventCause.CEC_SUPERVISOR_CLEAR))

    def _become(self, call: Call, kind: CallType) -> None:
        """The call is of another type from now on, which everybody is told."""
        if call.type != kind:
            call.type = int(kind)
            self.tell_data(call, ())
