"""The calls of a site: all that can happen to them.

call_core.py has what happens to one call; here calls are joined, listened to, and change data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.ged188.enums import CallType, EventCause, LineType
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_core import CallCore
from fastcil.simulator.call_events import (
    STATIC,
    audience,
    call_data,
    fixed_values,
    skill_values,
)
from fastcil.simulator.call_ground import refuse
from fastcil.simulator.model import Call, Connection, Device

__all__ = ["CallEngine"]

_MAX_PARTIES = 16
"""Source: guide, Constants, special values: MAX_NUM_PARTIES."""


class CallEngine(CallCore):
    """All calls of a site, and the only place that changes them."""

    # -- listening -----------------------------------------------------------------------------

    def listen(self, device: Device, agent: Connection) -> Connection:
        """A supervisor listens to an agent's call: a call of his own that nobody hears."""
        self.require(agent, Lcs.LCS_CONNECT, Lcs.LCS_HOLD)
        if any(c.state != Lcs.LCS_HOLD for c in device.connections):
            raise refuse(Failure.CF_RESOURCE_BUSY, f"{device.instrument} is busy with a call")
        if agent.monitors:
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"call {agent.call.id} is listened to already"
            )
        peripheral = self.site.peripherals[device.peripheral_id]
        call = self._new_call(
            peripheral, int(CallType.CALLTYPE_SUPERVISOR_MONITOR), dialed_number=agent.device_id
        )
        call.direction = "supervise"
        call.called = agent.device_id
        call.monitored = agent
        mine = self.connect(call, device.instrument, device, Lcs.LCS_INITIATE)
        agent.monitors.append(mine)
        self._begin(call)
        self._state(mine, Lcs.LCS_INITIATE)
        calling = self._parties(call, "Calling", device.instrument, device)
        line = {"LineType": int(LineType.LINETYPE_SILENT_MONITOR)}
        self._tell("CALL_SERVICE_INITIATED_EVENT", mine, {**calling, **line})
        self._state(mine, Lcs.LCS_CONNECT)
        known = {
            **self._between(call),
            **self._parties(call, "Answering", agent.device_id, agent.device),
            **line,
        }
        self._tell("CALL_ESTABLISHED_EVENT", mine, known, cause=int(EventCause.CEC_SILENT_MONITOR))
        self._media("RTP_STARTED_EVENT", mine)
        return mine

    # -- joining -------------------------------------------------------------------------------

    def transfer(self, active: Connection, held: Connection) -> Call:
        """The two calls of a device become one, without it."""
        self._joinable(active, held)
        return self._join(active, held, leave=True)

    def conference(self, active: Connection, held: Connection) -> Call:
        """The two calls of a device become one, with it."""
        self._joinable(active, held)
        total = {c.device_id for c in (*active.call.connections, *held.call.connections)}
        if len(total) > _MAX_PARTIES:
            raise refuse(Failure.CF_OVERALL_MONITOR_LIMIT_EXCEEDED, "16 parties are the limit")
        return self._join(active, held, leave=False)

    def _joinable(self, active: Connection, held: Connection) -> None:
        self._same_device(active, held)
        if held.state != Lcs.LCS_HOLD:
            raise refuse(Failure.CF_NO_HELD_CALL, f"call {held.call.id} is not held")
        if active.state != Lcs.LCS_CONNECT or len(active.call.connections) < 2:
            raise refuse(Failure.CF_NO_ACTIVE_CALL, f"call {active.call.id} is not active")

    def _join(self, active: Connection, held: Connection, *, leave: bool) -> Call:
        """Everybody of the active call comes into the held one, which is the older."""
        call, gone = held.call, active.call
        device = held.device
        assert device is not None
        parties = [c for c in gone.connections if c is not active]
        moved: list[Connection] = []
        for party in parties:
            # The new connection is there before the old one goes: nobody is without a call.
            state = party.state
            new = self.connect(call, party.device_id, party.device, state)
            new.media, party.media = party.media, False
            moved.append(new)
            self._state(party, Lcs.LCS_NULL)
            self._state(new, state)
        self._state(active, Lcs.LCS_NULL)
        if leave:
            self._state(held, Lcs.LCS_NULL)
        elif held.state == Lcs.LCS_HOLD:
            self._state(held, Lcs.LCS_CONNECT)
        added = moved[0] if moved else held
        name = "CALL_TRANSFERRED_EVENT" if leave else "CALL_CONFERENCED_EVENT"
        self._merged(name, call, gone, device, added)
        self._media("RTP_STOPPED_EVENT", active)
        if leave:
            self._media("RTP_STOPPED_EVENT", held)
        self._end(gone)
        return call

    def _merged(self, name: str, call: Call, gone: Call, device: Device, added: Connection) -> None:
        transferred = name == "CALL_TRANSFERRED_EVENT"
        mine, theirs = (
            ("Transferring", "Transferred")
            if transferred
            else (
                "Controller",
                "AddedParty",
            )
        )
        connections = call.connections
        known: dict[str, Any] = {
            "PeripheralID": call.peripheral_id,
            "PeripheralType": int(self.site.peripherals[call.peripheral_id].type),
            "PrimaryDeviceIDType": STATIC,
            "PrimaryCallID": call.id,
            "PrimaryDeviceID": device.instrument,
            "SecondaryDeviceIDType": STATIC,
            "SecondaryCallID": gone.id,
            "SecondaryDeviceID": device.instrument,
            "LineHandle": device.line_handle,
            "LineType": (0 if call.service else 2),
            "LocalConnectionState": int(Lcs.LCS_NULL if transferred else Lcs.LCS_CONNECT),
            "EventCause": int(EventCause.CEC_TRANSFER if transferred else EventCause.CEC_NEW_CALL),
            **skill_values(call),
            **self._parties(call, mine, device.instrument, device),
            **self._parties(call, theirs, added.device_id, added.device),
            "ConnectedPartyCallID": [call.id for _ in connections],
            "ConnectedPartyDeviceIDType": [STATIC for _ in connections],
            "ConnectedPartyDeviceID": [c.device_id for c in connections],
        }
        for other in ("ServiceNumber", "ServiceID"):
            known.pop(other, None)
        self.site.emit(name, fixed_values(name, known), audience(call, gone, also=(device,)))

    def single_step_transfer(self, connection: Connection, dialed: str) -> Call:
        """The call is sent on to somebody else at once."""
        self.require(connection, Lcs.LCS_CONNECT, Lcs.LCS_HOLD)
        call, device = connection.call, connection.device
        if device is None:
            raise refuse(Failure.CF_INVALID_CSTA_DEVICE_IDENTIFIER, "nobody is there")
        target = self._reachable(call, device, dialed)
        self._add(call, dialed, target)
        self._state(connection, Lcs.LCS_NULL)
        added = call.connections[-1]
        self._merged("CALL_TRANSFERRED_EVENT", call, call, device, added)
        self._media("RTP_STOPPED_EVENT", connection)
        self._settle(call)
        return call

    def single_step_conference(self, connection: Connection, dialed: str) -> Call:
        """Somebody else is taken into the call at once."""
        self.require(connection, Lcs.LCS_CONNECT)
        call, device = connection.call, connection.device
        if device is None:
            raise refuse(Failure.CF_INVALID_CSTA_DEVICE_IDENTIFIER, "nobody is there")
        if len(call.connections) >= _MAX_PARTIES:
            raise refuse(Failure.CF_OVERALL_MONITOR_LIMIT_EXCEEDED, "16 parties are the limit")
        target = self._reachable(call, device, dialed)
        self._add(call, dialed, target)
        self._merged("CALL_CONFERENCED_EVENT", call, call, device, call.connections[-1])
        return call

    # -- data ----------------------------------------------------------------------------------

    def set_data(self, call: Call, data: Mapping[str, Any]) -> None:
        """Data of a call change, and everybody is told."""
        self.apply_data(call, data)
        self.tell_data(call)

    def tell_data(self, call: Call) -> None:
        """CALL_DATA_UPDATE_EVENT of a call as it is."""
        first = call.connections[0].device_id if call.connections else ""
        self.site.emit(
            "CALL_DATA_UPDATE_EVENT",
            fixed_values(
                "CALL_DATA_UPDATE_EVENT",
                {
                    **self._ids(call),
                    "CallType": call.type,
                    "ConnectionDeviceID": first,
                    "NewConnectionDeviceIDType": STATIC,
                    "NewConnectionCallID": call.id,
                    "NewConnectionDeviceID": first,
                    "CalledPartyDisposition": call.disposition,
                    "CampaignID": 0,
                    "QueryRuleID": 0,
                    **call_data(call),
                    **self._clients(call),
                },
            ),
            audience(call),
        )
