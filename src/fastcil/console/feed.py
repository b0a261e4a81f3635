"""One monitor connection read in a thread of its own, and what it has seen so far."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter, deque
from typing import Any

from fastcil.catalog import AgentState, event_id
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame, FrameKind, FrameReader, WireError, control, encode_frame
from fastcil.server.replies import PROBE_ID, PROBE_KEY

__all__ = ["Feed", "Seen"]

_AGENT_IDS = frozenset(event_id(name) for name in ("OnAgentStateChange", "OnQueryAgentStateConf"))
_CALL_IDS = frozenset(event_id(name) for name in ("OnCallBegin", "OnSnapshotCallConf"))
_CALL_END_ID = event_id("OnCallEnd")
_CALL_UPDATE_ID = event_id("OnCallDataUpdate")
_ESTABLISHED_ID = event_id("OnMonitorModeEstablished")
_FAILURE_ID = event_id("OnControlFailureConf")


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
        if number == PROBE_ID:
            sent = int(frame.arguments.get_string("MonotonicTime"))
            latency = time.clock_gettime_ns(time.CLOCK_MONOTONIC) - sent
            self.latencies.append(latency)
            self.recent.append(latency)
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

    def gap(self, found: control.Gap) -> None:
        """Events were left out; a snapshot follows, which tells every call that there is."""
        self.gaps += 1
        self.missed += found.missed
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

    def __init__(self, host: str, port: int, minimize: int, *, probe_ms: int = 0) -> None:
        self.seen = Seen()
        self.error: str | None = None
        self._socket = socket.create_connection((host, port), timeout=5.0)
        request = {"Filter": "MessageID=*", "MinimizeEventArgs": minimize}
        if probe_ms:
            request[PROBE_KEY] = probe_ms
        self._socket.sendall(
            control.hello(control.Hello(client_name="fastcil demo"))
            + encode_frame(RequestID.SET_MESSAGE_FILTER, request, kind=FrameKind.REQUEST)
        )
        self._socket.settimeout(None)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"feed-{minimize}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the connection is still there."""
        return self._thread.is_alive()

    def _run(self) -> None:
        reader = FrameReader()
        try:
            while True:
                size = self._socket.recv_into(reader.get_buffer())
                if not size:
                    return
                for frame in reader.buffer_updated(size):
                    if frame.kind == FrameKind.EVENT:
                        if frame.message_id == _FAILURE_ID:
                            self.error = frame.arguments.get_string("ErrorMessage", "")
                            return
                        self.seen.frame(frame)
                    elif not self._other(frame):
                        return
        except (OSError, WireError) as error:
            if not self._closed:
                self.error = str(error)

    def _other(self, frame: Frame) -> bool:
        """A frame that is no event; False when it was the last."""
        if frame.kind == FrameKind.HEARTBEAT:
            self._socket.sendall(control.heartbeat_conf(frame))
        elif frame.kind == FrameKind.GAP:
            self.seen.gap(control.parse_gap(frame))
        elif frame.kind == FrameKind.CLOSE:
            found = control.parse_close(frame)
            if found.reason not in (control.CloseReason.ORDERLY, control.CloseReason.GOING_DOWN):
                self.error = found.message
            return False
        return True

    def close(self) -> None:
        """End the connection and its thread."""
        self._closed = True
        try:
            self._socket.sendall(control.close())
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(5.0)
        self._socket.close()
