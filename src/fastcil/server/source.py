"""Where a server's events come from: a simulated contact centre, a recording, or anything else."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from fastcil.catalog import INTERFACES, event_id
from fastcil.codec import Frame, FrameKind
from fastcil.server.outbox import Encoded
from fastcil.server.state import StreamState
from fastcil.server.typed import encode_typed

__all__ = [
    "ContactCentreSource",
    "EventSource",
    "RecordingSource",
    "SourceEvent",
    "as_source",
    "state_key",
]

_SECOND = 1_000_000_000
_BATCH = 256

CALL_END_ID = event_id("OnCallEnd")


# The number that each event has when a supervisor gets it of an agent he monitors.
def _monitored(interface: str) -> dict[int, int]:
    events = INTERFACES[interface].events
    return {event_id(event.base[1]): event.id for event in events if event.base is not None}


MONITORED_CALL_IDS = _monitored("IMonitoredCallEvents")
MONITORED_IDS = {**_monitored("IMonitoredAgentEvents"), **MONITORED_CALL_IDS}
# Events that tell the whole state of an object: the latest one replaces those before.
STATE_IDS = frozenset(
    event_id(name)
    for name in (
        "OnAgentStateChange",
        "OnMonitoredAgentStateChange",
        "OnAgentStatistics",
        "OnSkillGroupStatisticsUpdated",
    )
)
# Events that every client in agent mode gets, whoever its agent is.
SYSTEM_IDS = frozenset({event_id("OnCTIOSFailure")})
# Events of the connection that was recorded; the server sends its own.
_OF_A_CONNECTION = frozenset(
    event_id(name) for name in ("OnMonitorModeEstablished", "OnControlFailureConf")
)


def state_key(message_id: int, arguments: Mapping[str, Any]) -> Hashable | None:
    """The object whose state an event tells, None for other events."""
    if message_id not in STATE_IDS:
        return None
    unique = arguments.get("UniqueObjectID")
    if unique is None:
        unique = (
            arguments.get("PeripheralID"),
            arguments.get("SkillGroupNumber"),
            arguments.get("AgentID"),
        )
    return (message_id, unique)


class SourceEvent:
    """One event on its way to all clients, encoded at most once for each MinimizeEventArgs."""

    __slots__ = (
        "_encoded",
        "_monitored",
        "agents",
        "complete",
        "keep",
        "key",
        "message_id",
        "minimal",
        "supervisor_mask",
    )

    def __init__(
        self,
        message_id: int,
        complete: Mapping[str, Any],
        minimal: Mapping[str, Any] | None = None,
        *,
        frame: bytes | None = None,
        agents: Iterable[str] = (),
    ) -> None:
        """frame: the event as it was recorded, for both levels; then nothing is encoded.

        agents: UniqueObjectIDs of the agents in whose agent mode the event belongs.
        """
        self.agents = agents
        self._monitored: SourceEvent | None = None
        self.supervisor_mask: Callable[[], int] | None = None
        """What a supervisor may do, for SupervisorBtnEnablementMask; asked when one watches."""
        self.message_id = message_id
        self.complete = complete
        self.minimal = complete if minimal is None else minimal
        self.key = state_key(message_id, complete) if message_id in STATE_IDS else None
        self.keep = message_id == CALL_END_ID
        self._encoded: list[Encoded | None] = [None, None]
        if frame is not None:
            self._encoded = [Encoded(message_id, frame)] * 2

    def encoded(self, level: int) -> Encoded:
        """The event with MinimizeEventArgs `level`. Raises EncodeError when it cannot be."""
        found = self._encoded[level]
        if found is None:
            arguments = self.minimal if level else self.complete
            found = Encoded(self.message_id, encode_typed(self.message_id, arguments))
            self._encoded[level] = found
            if self.minimal is self.complete:
                self._encoded[1 - level] = found
        return found

    def frame(self, level: int) -> bytes:
        """The bytes of encoded()."""
        return self.encoded(level).frame

    def monitored(self) -> SourceEvent | None:
        """The event as a supervisor gets it who monitors the agent; None when there is no such.

        Source: CTI OS Developer Guide, IMonitoredAgentEvents and IMonitoredCallEvents: the plain
        event's parameters and Monitored.
        """
        number = MONITORED_IDS.get(self.message_id)
        if number is not None and self._monitored is None:
            mark: dict[str, Any] = {"Monitored": True}
            if self.supervisor_mask is not None:
                mark["SupervisorBtnEnablementMask"] = int(self.supervisor_mask())
            minimal = None if self.minimal is self.complete else {**self.minimal, **mark}
            self._monitored = SourceEvent(number, {**self.complete, **mark}, minimal)
            self._monitored.keep = self.keep
        return self._monitored


@runtime_checkable
class EventSource(Protocol):
    """What a server needs. Optional attributes, all False when absent:

    unpaced: events come as fast as the clients take them; on_demand: nothing is asked for until
    there is a client in monitor mode; exhausted: there will never be another event. Optional too:
    want_levels(minimal, complete) is told which arguments any client gets, or is chosen by.
    """

    def next_events(self, now_ns: int) -> list[SourceEvent]:
        """The events that are due; now_ns is of a clock that does not jump."""

    def snapshot(self, level: int = 0) -> list[tuple[int, Mapping[str, Any]]]:
        """The present state as (event number, arguments), just after the last event given."""


class ContactCentreSource:
    """The events of a ContactCentre at a rate per second of real time.

    rate 0: as fast as the clients take them. None: simulated time passes like real time.
    """

    def __init__(self, centre: Any, rate: float | None = None) -> None:
        if rate is not None and rate < 0:
            raise ValueError(f"rate must be 0 or more, not {rate}")
        self.centre = centre
        self.rate = rate
        self.unpaced = self.on_demand = rate == 0
        self.exhausted = False
        self._events: Iterator[Any] = iter(centre)
        self._waiting: Any = None
        self._origin: int | None = None
        self._given = 0

    def next_events(self, now_ns: int) -> list[SourceEvent]:
        """As EventSource says. What is overdue by more than a batch is not made up for."""
        if self._origin is None:
            self._origin = now_ns
        if self.rate is None:
            return self._until(now_ns - self._origin)
        if self.unpaced:
            return self._take(_BATCH)
        due = int((now_ns - self._origin) * self.rate / _SECOND) - self._given
        most = max(_BATCH, int(self.rate))
        if due > most:
            self._given += due - most
            due = most
        self._given += due
        return self._take(due)

    def _take(self, count: int) -> list[SourceEvent]:
        found = []
        for _ in range(count):
            event = next(self._events, None)
            if event is None:
                self.exhausted = True
                break
            found.append(SourceEvent(event.message_id, event.complete, event.minimal))
        return found

    def _until(self, time_ns: int) -> list[SourceEvent]:
        # The centre's state is that after its last event: one that is not due yet is in it already.
        found = []
        while not self.exhausted:
            event = self._waiting or next(self._events, None)
            self._waiting = None
            if event is None:
                self.exhausted = True
            elif event.time_ns > time_ns:
                self._waiting = event
                break
            else:
                found.append(SourceEvent(event.message_id, event.complete, event.minimal))
        return found

    def snapshot(self, level: int = 0) -> list[tuple[int, Mapping[str, Any]]]:
        """The centre's own."""
        found: list[tuple[int, Mapping[str, Any]]] = self.centre.snapshot(level)
        return found


class RecordingSource:
    """The events of a recording with their own timing, `speed` times as fast; 0: at once.

    It starts when the first client is in monitor mode. The events go out as they were recorded,
    whatever MinimizeEventArgs a client asks for; the snapshot is what they told so far.
    """

    on_demand = True

    def __init__(self, reader: Iterator[tuple[int, Frame]], speed: float = 1.0) -> None:
        if speed < 0:
            raise ValueError(f"speed must be 0 or more, not {speed}")
        self.unpaced = speed == 0
        self.exhausted = False
        self._speed = speed
        self._reader = reader
        self._waiting: tuple[int, Frame] | None = None
        self._origin: int | None = None
        self._state = StreamState()

    def next_events(self, now_ns: int) -> list[SourceEvent]:
        """As EventSource says; at most a batch at a time. Raises RecordingError for a bad file."""
        if self._origin is None:
            self._origin = now_ns
        until = (now_ns - self._origin) * self._speed
        found: list[SourceEvent] = []
        while len(found) < _BATCH:
            record = self._waiting or next(self._reader, None)
            self._waiting = None
            if record is None:
                self.exhausted = True
                break
            time_ns, frame = record
            if not self.unpaced and time_ns > until:
                self._waiting = record
                break
            if frame.kind != FrameKind.EVENT or frame.message_id in _OF_A_CONNECTION:
                continue
            self._state.update(frame.message_id, frame.arguments)
            found.append(SourceEvent(frame.message_id, frame.arguments, frame=frame.to_bytes()))
        return found

    def snapshot(self, level: int = 0) -> list[tuple[int, Mapping[str, Any]]]:
        """What the events so far told of agents, devices and calls."""
        return self._state.snapshot()


def as_source(source: Any, rate: float | None = None) -> EventSource:
    """An EventSource as it is; a ContactCentre with a rate."""
    if isinstance(source, EventSource):
        if rate is not None:
            raise ValueError("an EventSource has its own timing: rate cannot be given")
        return source
    return ContactCentreSource(source, rate)
