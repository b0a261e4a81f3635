"""Event monitors: what each client session wants to see, and where to look them up.

A session gets its events through monitors: one without an id for the All Events service, one made
by OPEN_REQ for the Client Events service, and those that the client starts (guide, Application
Level Interfaces, Peripheral Monitor, Client Monitor and Supervisor services).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from fastcil.ged188 import NULL_UINT
from fastcil.simulator.model import Call, Device

if TYPE_CHECKING:
    from fastcil.simulator.session import ServerSession

__all__ = ["CallKey", "Kind", "Monitor", "MonitorTable"]

CallKey = tuple[int, int]
"""PeripheralID and ConnectionCallID."""


class Kind(Enum):
    """Who made a monitor, and for what."""

    ALL = "all events"
    CLIENT = "client events"
    DEVICE = "device"
    CALL = "call"
    SESSION = "session"
    TEAM = "team"


@dataclass(eq=False)
class Monitor:
    """One monitor of one session. id: MonitorID, 0 for the All Events service.

    device, call, target (SessionID) or team_id: what is monitored, by kind. calls: the calls that
    the device's client is associated with, each with its state if it is still known. seen: the
    last agent states sent, for CTI_SERVICE_IGNORE_DUPLICATE_AGENT_EVENTS.
    """

    id: int
    session: ServerSession
    kind: Kind
    call_mask: int = 0
    agent_mask: int = 0
    device: Device | None = None
    call: CallKey | None = None
    target: int = 0
    team_id: int = 0
    calls: dict[CallKey, Call | None] = field(default_factory=dict)
    seen: dict[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)

    @property
    def wants_calls(self) -> bool:
        """Whether the monitor is associated with calls one by one."""
        return self.kind in (Kind.CLIENT, Kind.DEVICE)


class MonitorTable:
    """All monitors of the active side, findable by what they monitor."""

    def __init__(self) -> None:
        self._next = 0
        self._by_id: dict[int, Monitor] = {}
        self._all: dict[int, Monitor] = {}  # All Events, by SessionID
        self._instruments: dict[str, list[Monitor]] = {}
        self._calls: dict[CallKey, list[Monitor]] = {}
        self._associated: dict[CallKey, dict[int, Monitor]] = {}
        self._sessions: dict[int, list[Monitor]] = {}
        self._teams: dict[int, list[Monitor]] = {}

    def __len__(self) -> int:
        return len(self._by_id) + len(self._all)

    def new_id(self) -> int:
        """A MonitorID that was never used before; 0 is none."""
        self._next += 1
        return self._next

    def get(self, number: int) -> Monitor | None:
        """The monitor of a MonitorID."""
        return self._by_id.get(number)

    def add(self, monitor: Monitor) -> None:
        """The monitor gets events from now on."""
        if monitor.kind is Kind.ALL:
            self._all[monitor.session.id] = monitor
            return
        self._by_id[monitor.id] = monitor
        for place in self._places(monitor):
            place.append(monitor)

    def remove(self, monitor: Monitor) -> None:
        """The monitor gets nothing any more."""
        if monitor.kind is Kind.ALL:
            self._all.pop(monitor.session.id, None)
            return
        if self._by_id.pop(monitor.id, None) is None:
            return
        for place in self._places(monitor):
            place.remove(monitor)
        for key in list(monitor.calls):
            self.dissolve(monitor, key)

    def _places(self, monitor: Monitor) -> Iterator[list[Monitor]]:
        if monitor.device is not None:
            yield self._instruments.setdefault(monitor.device.instrument, [])
        if monitor.call is not None:
            yield self._calls.setdefault(monitor.call, [])
        if monitor.kind is Kind.SESSION:
            yield self._sessions.setdefault(monitor.target, [])
        if monitor.kind is Kind.TEAM:
            yield self._teams.setdefault(monitor.team_id, [])

    # -- looking up --------------------------------------------------------------------------

    def site_wide(self) -> list[Monitor]:
        """The monitors of All Events sessions."""
        return list(self._all.values())

    def of_instruments(self, instruments: Iterable[str], peripheral_id: int) -> list[Monitor]:
        """Client and device monitors of these devices, in the order of their MonitorIDs."""
        found = [
            monitor
            for instrument in instruments
            for monitor in self._instruments.get(instrument, ())
            if monitor.device is not None
            and peripheral_id in (NULL_UINT, monitor.device.peripheral_id)
        ]
        return sorted(found, key=lambda monitor: monitor.id)

    def client_of(self, device: Device) -> Monitor | None:
        """The Client Events monitor of a device; there is one at most on the active side."""
        for monitor in self._instruments.get(device.instrument, ()):
            if monitor.kind is Kind.CLIENT and monitor.device is device:
                return monitor
        return None

    def of_call(self, key: CallKey) -> list[Monitor]:
        """The call monitors of a call."""
        return list(self._calls.get(key, ()))

    def of_session(self, session_id: int) -> list[Monitor]:
        """The session monitors that watch a session."""
        return list(self._sessions.get(session_id, ()))

    def of_team(self, team_id: int) -> list[Monitor]:
        """The team monitors of a team."""
        return list(self._teams.get(team_id, ()))

    # -- calls and the clients they are associated with --------------------------------------

    def associate(self, monitor: Monitor, key: CallKey, call: Call | None) -> None:
        """The monitor's client handles this call from now on."""
        monitor.calls[key] = call
        self._associated.setdefault(key, {})[monitor.id] = monitor

    def dissolve(self, monitor: Monitor, key: CallKey) -> None:
        """The monitor's client has nothing to do with this call any more."""
        monitor.calls.pop(key, None)
        found = self._associated.get(key)
        if found is not None:
            found.pop(monitor.id, None)
            if not found:
                del self._associated[key]

    def associated(self, key: CallKey) -> list[Monitor]:
        """The monitors whose clients handle this call."""
        return list(self._associated.get(key, {}).values())

    def with_calls(self) -> dict[int, Monitor]:
        """The monitors that are associated with any call, by MonitorID."""
        return {m.id: m for found in self._associated.values() for m in found.values()}

    def forget_call(self, key: CallKey) -> list[Monitor]:
        """The call ended: its call monitors end with it; returns them (guide: call monitors are
        automatically terminated when the corresponding call ends)."""
        found = self.of_call(key)
        for monitor in found:
            self.remove(monitor)
        self._calls.pop(key, None)
        return found
