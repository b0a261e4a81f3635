"""One session in monitor mode, its events counted in a thread, and what it has seen so far."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from fastcil.catalog import AgentState, event_id
from fastcil.catalog.requests import PROBE_EVENT, PROBE_KEY
from fastcil.cil import GAP_EVENT, connect_sync
from fastcil.codec import Arguments, Frame

__all__ = ["Feed", "Seen"]

_AGENT_IDS = frozenset(event_id(name) for name in ("OnAgentStateChange", "OnQueryAgentStateConf"))
_CALL_IDS = frozenset(event_id(name) for name in ("OnCallBegin", "OnSnapshotCallConf"))
_CALL_END_ID = event_id("OnCallEnd")
_CALL_UPDATE_ID = event_id("OnCallDataUpdate")
_ESTABLISHED_ID = event_id("OnMonitorModeEstablished")
_ENDS = {  # and what is wrong when the event itself does not say
    event_id("OnConnectionFailure"): "the connection was lost",
    event_id("OnConnectionRejected"): "the server speaks another version",
    event_id("OnControlFailureConf"): "the server refused the filter",
}


class Seen:
    """Counts of one connection's events. Bytes are those of whole frames, headers included."""

    def __init__(self) -> None:
        self.events = 0  # of the live stream: without the snapshot and the probes
        self.bytes = 0
        self.count_of: Counter[int] = Counter()
        self.bytes_of: Counter[int] = Counter()
        self.snapshot_events = 0
        self.gaps = 0
        self.missed = 0
        self.agents_in: Counter[int] = Counter()
        self.latencies: list[int] = []  # nanoseconds, every probe
        self.recent: deque[int] = deque(maxlen=400)
        self._agents: dict[Any, int] = {}
        self._calls: set[Any] = set()
        self._live = False

    @property
    def live_calls(self) -> int:
        """Calls that began and have not ended."""
        return len(self._calls)

    def frame(self, frame: Frame) -> None:
        """Take in one event."""
        number = frame.message_id
        if number == GAP_EVENT:
            self._gap(frame.get("Missed", 0))
            return
        if frame.epoch == 0 or number == PROBE_EVENT:  # made here, or to measure
            return
        if self._live:
            size = len(frame)
            self.events += 1
            self.bytes += size
            self.count_of[number] += 1
            self.bytes_of[number] += size
        elif number == _ESTABLISHED_ID:
            self._live = True
        else:
            self.snapshot_events += 1
        if number in _AGENT_IDS:
            self._agent(*frame.get_many("UniqueObjectID", "AgentState", default=None))
        elif number in _CALL_IDS:
            self._calls.add(frame.get("UniqueObjectID"))
        elif number == _CALL_END_ID:
            self._calls.discard(frame.get("UniqueObjectID"))
        elif number == _CALL_UPDATE_ID:
            old = frame.get("OldUniqueObjectID")
            if old is not None:
                self._calls.discard(old)
                self._calls.add(frame.get("UniqueObjectID"))

    def _agent(self, unique: Any, state: Any) -> None:
        before = self._agents.get(unique)
        if before is not None:
            self.agents_in[before] -= 1
        self._agents[unique] = state
        self.agents_in[state] += 1

    def probe(self, arguments: Arguments) -> None:
        """Take in a probe, at the moment that it came."""
        sent = int(arguments.get_string("MonotonicTime"))
        latency = time.clock_gettime_ns(time.CLOCK_MONOTONIC) - sent
        self.latencies.append(latency)
        self.recent.append(latency)

    def _gap(self, missed: int) -> None:
        """Events were left out; a snapshot follows, which tells every call that there is."""
        self.gaps += 1
        self.missed += missed
        self._calls.clear()

    def agents_by_state(self) -> list[tuple[str, int]]:
        """(name of the state, agents in it), in the order of the states."""
        found = [(state, count) for state, count in list(self.agents_in.items()) if count]
        return [(_state_name(state), count) for state, count in sorted(found)]

    def bytes_per_event(self) -> float:
        """The mean so far, 0 when there was none."""
        return self.bytes / self.events if self.events else 0.0


def _state_name(state: int) -> str:
    try:
        return AgentState(state).name[1:]
    except ValueError:
        return str(state)


class Feed:
    """Connects, asks for all events and counts them until close() or the end of the connection."""

    def __init__(
        self, host: str, port: int, minimize: int, *, probe_ms: int = 0, seconds: float = 5.0
    ) -> None:
        """minimize: MinimizeEventArgs. probe_ms: how often the latency is measured, 0 for never.

        ConnectError when the server cannot be reached within `seconds`.
        """
        self.seen = Seen()
        self.error: str | None = None
        url = f"ctios://[{host}]:{port}" if ":" in host else f"ctios://{host}:{port}"
        self._session = connect_sync(url, timeout=seconds, client_name="fastcil demo")
        self._session.add_listener(self)
        events = self._session.events()
        more: dict[str, Any] = {PROBE_KEY: probe_ms} if probe_ms else {}
        self._session.set_message_filter("MessageID=*", MinimizeEventArgs=minimize, **more)
        self._thread = threading.Thread(
            target=self._run, args=(events,), name=f"feed-{minimize}", daemon=True
        )
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the connection is still there."""
        return self._thread.is_alive()

    def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
        """What a listener is called with: here latency is measured, before anything is counted."""
        if iEventID == PROBE_EVENT:
            self.seen.probe(rArgs)

    def _run(self, events: Iterable[Frame]) -> None:
        for frame in events:
            words = _ENDS.get(frame.message_id)
            if words is not None:
                self.error = frame.arguments.get_string("ErrorMessage", words)
                self._session.disconnect_nowait()  # a demo does not wait for another server
                return
            self.seen.frame(frame)

    def close(self) -> None:
        """End the connection and its threads."""
        self._session.disconnect()
        self._thread.join(5.0)
