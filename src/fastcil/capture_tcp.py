"""TCP put together from its segments, one direction of a connection at a time.

Segments that come twice, overlap or are out of order give every byte once and in order. What the
capture missed is a Gap, after which that direction is silent until a new connection begins, for
bytes behind a hole cannot be told apart into messages.
"""

from __future__ import annotations

import heapq
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Union

__all__ = ["Chunk", "End", "Flow", "Gap", "Key", "Reassembly", "Segment"]

WAITING_MOST = 4 << 20
"""Bytes behind a hole that are kept for one direction; more: the hole is taken for a loss."""
SEGMENTS_MOST = 16384
"""The same in segments, which may be small."""
FLOWS_MOST = 65536
"""Directions that are known at once; above, the one that was quiet for longest is given up."""
LINGER = 120.0
"""Seconds for which segments of a connection that ended are taken for late ones."""

_WRAP = 1 << 32


@dataclass(frozen=True)
class Flow:
    """One direction of a TCP connection; number tells the flows of a capture apart."""

    source: str
    source_port: int
    target: str
    target_port: int
    number: int = 0

    def __str__(self) -> str:
        here, there = (
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            for host, port in ((self.source, self.source_port), (self.target, self.target_port))
        )
        return f"{here}>{there}"


@dataclass(frozen=True)
class Chunk:
    """Bytes of a flow, in order. offset: of the first one in the flow. time: seconds since 1970."""

    flow: Flow
    offset: int
    data: bytes
    time: float | None


@dataclass(frozen=True)
class Gap:
    """size bytes at offset of a flow that the capture does not have; seen missing at time."""

    flow: Flow
    offset: int
    size: int
    time: float | None


@dataclass(frozen=True)
class End:
    """Nothing more comes of a flow: it was closed, or the capture ended."""

    flow: Flow
    time: float | None


class Key(NamedTuple):
    """The ends of a direction; addresses as they are in packets, 4 or 16 bytes."""

    source: bytes
    source_port: int
    target: bytes
    target_port: int


class Segment(NamedTuple):
    """One TCP segment. size: of its data when it was sent; data may be cut by the capture."""

    sequence: int
    data: bytes
    size: int
    syn: bool = False
    fin: bool = False
    reset: bool = False
    time: float | None = None


Event = Union[Chunk, Gap, End]


@dataclass
class _State:
    flow: Flow
    first: int
    """Sequence number of the byte at offset 0."""
    at: int = 0
    """Offset of the next byte."""
    waiting: dict[int, bytes] = field(default_factory=dict)
    """Segments behind a hole, by offset."""
    starts: list[int] = field(default_factory=list)
    """A heap of their offsets."""
    held: int = 0
    hole_time: float | None = None
    fin: int | None = None
    """Offset behind the last byte, once it is known."""
    silent: bool = False
    ended: bool = False
    last: float | None = None

    def offset_of(self, sequence: int) -> int:
        """The offset of a sequence number, which is less than 2 GiB from the next byte's."""
        ahead = (sequence - self.first - self.at) % _WRAP
        return self.at + (ahead - _WRAP if ahead >= _WRAP // 2 else ahead)


class Reassembly:
    """Segments in, in the order of the capture; what they make out."""

    def __init__(self) -> None:
        self._states: dict[Key, _State] = {}  # the one that was quiet for longest first
        self._flows = 0

    def add(self, key: Key, one: Segment) -> Iterator[Event]:
        """The next segment of a direction."""
        sequence = (one.sequence + 1) % _WRAP if one.syn else one.sequence
        state = self._states.pop(key, None)
        if state is not None and _over(state, one, sequence):
            yield from self._close(state, one.time)
            state = None
        if state is None:
            # A connection that began before the capture is read from here on. One byte is not
            # enough: keep-alive probes repeat one that was sent before.
            if not one.syn and len(one.data) < 2:
                return
            if len(self._states) >= FLOWS_MOST:
                yield from self._close(self._states.pop(next(iter(self._states))), one.time)
            state = self._begin(key, sequence)
        self._states[key] = state
        if state.ended:
            return
        state.last = one.time
        start = state.offset_of(sequence)
        if one.data and not state.silent:
            yield from self._take(state, start, one.data, one.time)
        if one.fin and state.fin is None:
            state.fin = start + one.size
        done = state.fin is not None and (state.silent or state.at >= state.fin)
        if one.reset or done:
            yield from self._close(state, one.time)

    def finish(self) -> Iterator[Event]:
        """The capture ended."""
        for state in list(self._states.values()):
            yield from self._close(state, state.last)
        self._states.clear()

    def _begin(self, key: Key, sequence: int) -> _State:
        self._flows += 1
        source, target = _address(key.source), _address(key.target)
        flow = Flow(source, key.source_port, target, key.target_port, self._flows)
        return _State(flow, sequence)

    @staticmethod
    def _take(state: _State, start: int, data: bytes, time: float | None) -> Iterator[Event]:
        if start > state.at:
            before = state.waiting.get(start)
            if before is None:
                heapq.heappush(state.starts, start)
                if not state.waiting:
                    state.hole_time = time
            if len(data) > len(before or b""):
                state.waiting[start] = data
                state.held += len(data) - len(before or b"")
            if state.held > WAITING_MOST or len(state.waiting) > SEGMENTS_MOST:
                yield _lose(state, state.hole_time)
            return
        while True:
            data = data[state.at - start :]
            if data:
                yield Chunk(state.flow, state.at, data, time)
                state.at += len(data)
            if not state.starts or state.starts[0] > state.at:
                return
            start = heapq.heappop(state.starts)
            data = state.waiting.pop(start)
            state.held -= len(data)

    @staticmethod
    def _close(state: _State, time: float | None) -> Iterator[Event]:
        """The end of a flow; what it still lacked is lost."""
        if state.ended:
            return
        if state.waiting:
            yield _lose(state, state.hole_time)
        elif state.fin is not None and state.at < state.fin and not state.silent:
            yield Gap(state.flow, state.at, state.fin - state.at, time)
        state.ended = True
        yield End(state.flow, time)


def _over(state: _State, one: Segment, sequence: int) -> bool:
    """Whether a segment belongs to a connection after the one of this state."""
    if one.syn:
        return sequence != state.first  # else: the SYN of this connection, once more
    if not state.ended or one.time is None or state.last is None:
        return False
    return one.time - state.last > LINGER


def _lose(state: _State, time: float | None) -> Gap:
    gap = Gap(state.flow, state.at, state.starts[0] - state.at, time)
    state.waiting.clear()
    state.starts.clear()
    state.held = 0
    state.silent = True
    return gap


def _address(raw: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)
