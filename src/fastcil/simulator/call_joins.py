"""Calls are joined: transfers and conferences, of two calls or in a single step.

Source: GED-188 guide, Application Level Interfaces: CONFERENCE_CALL_REQ, TRANSFER_CALL_REQ,
CALL_CONFERENCED_EVENT, CALL_TRANSFERRED_EVENT.
"""

from __future__ import annotations

from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import EventCause
from fastcil.ged188.enums import EventCauseExtended as Extended
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_context import check_size
from fastcil.simulator.call_core import CallCore
from fastcil.simulator.call_events import (
    NO_CAUSE,
    STATIC,
    audience,
    fixed_values,
    line_type_of,
    party_lists,
    skill_values,
    talks,
)
from fastcil.simulator.call_ground import refuse
from fastcil.simulator.call_numbers import Target, check_rights
from fastcil.simulator.model import Call, Connection, Device, RequestError, Service

__all__ = ["CallJoins"]

_MAX_PARTIES = 16
"""Source: guide, Constants, Special Values: MAX_NUM_PARTIES."""


class CallJoins(CallCore):
    """Transfers and conferences."""

    def transfer(self, active: Connection, held: Connection) -> Call:
        """The two calls of a device become one, without it.

        The consultation ends and the call that it was about goes on; of two other calls the held
        one does. Raises RequestError CF_NO_HELD_CALL, CF_NO_ACTIVE_CALL,
        CF_INVALID_CSTA_CONNECTION_IDENTIFIER when they are not at one device.
        """
        self._joinable(active, held, leave=True)
        return self._join(active, held, leave=True)

    def conference(self, active: Connection, held: Connection) -> Call:
        """The two calls of a device become one, with it.

        Raises RequestError as transfer does, and CF_CONFERENCE_MEMBER_LIMIT_EXCEEDED.
        """
        self._joinable(active, held, leave=False)
        total = len(active.call.connections) + len(held.call.connections) - 1
        self._check_parties(total)
        return self._join(active, held, leave=False)

    @staticmethod
    def _check_parties(total: int) -> None:
        if total > _MAX_PARTIES:
            raise refuse(
                Failure.CF_CONFERENCE_MEMBER_LIMIT_EXCEEDED,
                f"a conference has {_MAX_PARTIES} parties at most",
            )

    def _joinable(self, active: Connection, held: Connection, *, leave: bool) -> None:
        self._same_device(active, held)
        self._held(held)
        self._active(active)
        waits = bool(active.call.queues) or active.call.announced is not None
        if waits and not leave:
            raise refuse(Failure.CF_NO_ACTIVE_CALL, f"call {active.call.id} waits in a queue")
        parties = [*active.call.connections, *held.call.connections]
        others = [c for c in parties if c is not active and c is not held]
        if (len(active.call.connections) < 2 and not waits) or not talks(others):
            raise refuse(Failure.CF_NO_ACTIVE_CALL, f"call {active.call.id} has no other party")
        if held.call.queues or held.call.announced:
            raise refuse(Failure.CF_NO_HELD_CALL, f"call {held.call.id} waits in a queue")
        devices = {c.device for c in active.call.connections if c is not active}
        if any(c.device is not None and c.device in devices for c in held.call.connections):
            raise refuse(
                Failure.CF_REQUEST_INCOMPATIBLE_WITH_OBJECT, "somebody is a party of both calls"
            )

    def _join(self, active: Connection, held: Connection, *, leave: bool) -> Call:
        """Everybody of one call comes into the other."""
        consulted_about = held.call.originating_call == active.call.id
        mine, other = (active, held) if consulted_about else (held, active)
        call, gone, device = mine.call, other.call, self._inside(held)
        waits = gone.service if gone.queues or gone.announced else None
        self.dequeue(gone)
        self.unannounce(gone)
        moved = [c for c in gone.connections if c is not other]
        for party in moved:
            self._move(party, call)
        call.answered = call.answered or gone.answered
        for one in (held, active):
            if one.call is gone or leave:
                self._part(one)
        if leave:
            # The held one first: with the talking one he is not seen holding in between.
            self._state(held, Lcs.LCS_NULL)
            self._state(active, Lcs.LCS_NULL)
        else:
            if mine.state == Lcs.LCS_HOLD:
                self._state(mine, Lcs.LCS_CONNECT)
            self._state(other, Lcs.LCS_NULL)
        for one in (held, active):
            if one.call is gone or leave:
                self._media("RTP_STOPPED_EVENT", one)
        added = moved[0] if moved else None
        to = (added.device_id, added.device) if added is not None else (gone.called, None)
        name = "CALL_TRANSFERRED_EVENT" if leave else "CALL_CONFERENCED_EVENT"
        self._merged(name, call, gone, device, to)
        self._talk(call)
        self._end(gone, [device])
        self._take_data(call, gone)
        if waits is not None:
            self.to_service(call, waits)
        self._settle(call, int(Extended.CECX_ANNOUNCED_TRANSFER))
        return call

    def _take_data(self, call: Call, gone: Call) -> None:
        """Variables and wrap-up data that only the call that is gone had are those of the other
        one now, and all are told so.

        Source: CTI OS Developer Guide, Passing Call Variables: where both calls of a consultative
        transfer have data "the call data from the initial call takes precedence".
        """
        new = {n: text for n, text in gone.variables.items() if text and not call.variables.get(n)}
        named = {n: text for n, text in gone.named.items() if n not in call.named}
        arrays = {n: text for n, text in gone.arrays.items() if n not in call.arrays}
        elements = [(index, n, text) for (n, index), text in arrays.items()]
        try:
            check_size(call, {"NamedVariable": list(named.items()), "NamedArray": elements})
        except RequestError:
            named, arrays = {}, {}  # both calls' are more than a message holds
        wrapup = gone.wrapup if not call.wrapup else ""
        if new or named or arrays or wrapup:
            call.wrapup = wrapup or call.wrapup
            call.variables.update(new)
            call.named.update(named)
            call.arrays.update(arrays)
            changed = [f"CallVariable{number}" for number in new]
            self.tell_data(call, [*changed, "CallWrapupData"] if wrapup else changed)

    def _move(self, party: Connection, call: Call) -> None:
        """A party leaves its call for another one, in the state in which it is.

        What records it goes on under the other call's id; its greeting does not.
        """
        self._media("RTP_STOPPED_EVENT", party)
        recorded, invocation = party.recording, party.recording_type
        self._part(party)
        party.call.connections.remove(party)
        party.call = call
        call.connections.append(party)
        if party.device is not None:
            call.instruments.add(party.device.instrument)
        self._tell_agent(party)
        if recorded:
            self.resume_recording(party, invocation)

    def _merged(
        self,
        name: str,
        call: Call,
        gone: Call,
        device: Device,
        added: tuple[str, Device | None],
        cause: EventCause | None = None,
    ) -> None:
        """CALL_TRANSFERRED_EVENT or CALL_CONFERENCED_EVENT: the parties as they are now.

        added: the device id and, inside, the device of who was taken in.
        """
        transferred = name == "CALL_TRANSFERRED_EVENT"
        mine, theirs = (
            ("Transferring", "Transferred") if transferred else ("Controller", "AddedParty")
        )
        if cause is None and transferred:
            cause = EventCause.CEC_TRANSFER
        known = {
            "PeripheralID": call.peripheral_id,
            "PeripheralType": int(self.site.peripherals[call.peripheral_id].type),
            "PrimaryDeviceIDType": STATIC,
            "PrimaryCallID": call.id,
            "PrimaryDeviceID": device.instrument,
            "SecondaryDeviceIDType": STATIC,
            "SecondaryCallID": gone.id,
            "SecondaryDeviceID": device.instrument,
            "LineHandle": device.line_handle,
            "LineType": int(line_type_of(call)),
            "LocalConnectionState": int(Lcs.LCS_NULL if transferred else Lcs.LCS_CONNECT),
            "EventCause": NO_CAUSE if cause is None else int(cause),
            **skill_values(call),
            **self._party(mine, device.instrument, device),
            **party_lists(call, "ConnectedParty"),
        }
        number, inside = added
        if inside is not None:
            known.update(self._party(theirs, number, inside))
        else:
            known.update(self._number(theirs, call, number))
        self.site.emit(name, fixed_values(name, known), audience(call, gone, also=(device,)))

    # -- in a single step ----------------------------------------------------------------------

    def _step(self, connection: Connection, dialed: str) -> tuple[Call, Device, Target]:
        call, device = connection.call, self._inside(connection)
        self._waits_not(call)
        if not talks(c for c in call.connections if c is not connection):
            raise refuse(Failure.CF_INVALID_OBJECT_STATE, f"nobody else is in call {call.id}")
        target = self._reachable(call, device, dialed)
        check_rights(device, target, dialed)
        return call, device, target

    def single_step_transfer(self, connection: Connection, dialed: str) -> Call:
        """The call is sent on to somebody else at once.

        To a number outside it goes on without us. Raises RequestError CF_INVALID_OBJECT_STATE
        when it is not talked in or held there, and those of a number that cannot be reached.
        """
        self.require(connection, Lcs.LCS_CONNECT, Lcs.LCS_HOLD)
        call, device, target = self._step(connection, dialed)
        to = target if isinstance(target, Device) else None
        call.last_redirect, call.last_redirect_device = connection.device_id, device
        # It rings there before it leaves here: so nobody sees it ended in between.
        if to is not None:
            self.deliver(call, to, int(EventCause.CEC_TRANSFER))
        elif target is None:
            self._reach_network(self.connect(call, dialed, None, Lcs.LCS_ALERTING), connection)
        self._part(connection)
        self._state(connection, Lcs.LCS_NULL)
        self._merged("CALL_TRANSFERRED_EVENT", call, call, device, (dialed, to))
        self._media("RTP_STOPPED_EVENT", connection)
        if isinstance(target, Service):
            self.to_service(call, target)
        self._settle(call, int(Extended.CECX_BLIND_TRANSFER))
        return call

    def single_step_conference(self, connection: Connection, dialed: str) -> Call:
        """Somebody else is taken into the call at once: it rings there.

        Raises RequestError CF_INVALID_OBJECT_STATE when it is not talked in,
        CF_INVALID_CALLED_DEVICE for a service, CF_CONFERENCE_MEMBER_LIMIT_EXCEEDED.
        """
        self.require(connection, Lcs.LCS_CONNECT)
        call, device, target = self._step(connection, dialed)
        self._check_parties(len(call.connections) + 1)
        if isinstance(target, Service):
            raise refuse(
                Failure.CF_INVALID_CALLED_DEVICE, f"{dialed} is a queue and no party of a call"
            )
        if target is not None:
            self.deliver(call, target)
        else:
            self._reach_network(self.connect(call, dialed, None, Lcs.LCS_ALERTING), connection)
        self._merged("CALL_CONFERENCED_EVENT", call, call, device, (dialed, target))
        return call
