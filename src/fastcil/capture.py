"""TCP streams out of capture files: pcap and pcapng, with dpkt; the reassembly is here.

Each direction of each connection is a Flow. Segments that come twice, overlap or are out of order
give every byte once and in order; what the capture missed is a Gap, after which that direction is
silent until a new connection begins, for bytes behind a hole cannot be told apart into messages.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from fastcil.codec.errors import FastcilError

__all__ = ["CaptureError", "Chunk", "Flow", "Gap", "is_capture", "read_capture"]

_MAGICS = (
    bytes.fromhex("a1b2c3d4"),
    bytes.fromhex("d4c3b2a1"),
    bytes.fromhex("a1b23c4d"),
    bytes.fromhex("4d3cb2a1"),
    bytes.fromhex("0a0d0d0a"),
)
_WAITING_MOST = 4 << 20
"""Bytes behind a hole that are kept for one direction; more: the hole is taken for a loss."""
_FLOWS_MOST = 65536
_WRAP = 1 << 32


class CaptureError(FastcilError, ValueError):
    """A file that is no capture, or one that cannot be read to its end."""


def is_capture(prefix: bytes) -> bool:
    """Whether a file that begins so is a pcap or pcapng file."""
    return prefix[:4] in _MAGICS


@dataclass(frozen=True)
class Flow:
    """One direction of a TCP connection."""

    source: str
    source_port: int
    target: str
    target_port: int
    number: int = 0
    """How many connections of the same addresses and ports were before."""

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
    time: float


@dataclass(frozen=True)
class Gap:
    """Bytes that the capture does not have; size 0 when it is not known how many."""

    flow: Flow
    offset: int
    size: int
    time: float


@dataclass
class _State:
    flow: Flow
    expected: int
    """Sequence number of the next byte."""
    offset: int = 0
    waiting: dict[int, bytes] = field(default_factory=dict)
    """Segments behind a hole, by sequence number."""
    held: int = 0
    silent: bool = False
    last: float = 0.0


class _Streams:
    """Puts segments in order."""

    def __init__(self) -> None:
        self._states: dict[tuple[bytes, int, bytes, int], _State] = {}
        self._numbers: dict[tuple[bytes, int, bytes, int], int] = {}

    def segment(
        self, key: tuple[bytes, int, bytes, int], tcp: Any, time: float, flags: Any
    ) -> Iterator[Chunk | Gap]:
        """One TCP segment of a direction."""
        sequence, data = tcp.seq, bytes(tcp.data)
        if tcp.flags & flags.TH_SYN:
            yield from self._close(key, time)
            self._states[key] = _State(self._flow(key), (sequence + 1) % _WRAP)
            sequence = (sequence + 1) % _WRAP
        state = self._states.get(key)
        if state is None:
            if not data:
                return
            if len(self._states) >= _FLOWS_MOST:
                raise CaptureError(f"more than {_FLOWS_MOST} connections at once")
            # A connection that began before the capture: it is read from here on.
            state = self._states[key] = _State(self._flow(key), sequence)
        state.last = time
        if data and not state.silent:
            yield from self._take(state, sequence, data, time)
        if tcp.flags & (flags.TH_FIN | flags.TH_RST):
            yield from self._close(key, time)

    def _flow(self, key: tuple[bytes, int, bytes, int]) -> Flow:
        number = self._numbers.get(key, 0)
        self._numbers[key] = number + 1
        source, source_port, target, target_port = key
        return Flow(_address(source), source_port, _address(target), target_port, number)

    def _take(
        self, state: _State, sequence: int, data: bytes, time: float
    ) -> Iterator[Chunk | Gap]:
        ahead = (sequence - state.expected) % _WRAP
        if ahead >= _WRAP // 2:  # all or part of it came before
            known = _WRAP - ahead
            if known >= len(data):
                return
            data, ahead = data[known:], 0
        if ahead:
            start = (state.expected + ahead) % _WRAP
            before = state.waiting.get(start, b"")
            if len(data) > len(before):
                state.waiting[start] = data
                state.held += len(data) - len(before)
            if state.held > _WAITING_MOST:
                yield self._lose(state, time)
            return
        yield self._chunk(state, data, time)
        while (found := self._next(state)) is not None:
            yield self._chunk(state, found, time)

    @staticmethod
    def _chunk(state: _State, data: bytes, time: float) -> Chunk:
        chunk = Chunk(state.flow, state.offset, data, time)
        state.offset += len(data)
        state.expected = (state.expected + len(data)) % _WRAP
        return chunk

    @staticmethod
    def _next(state: _State) -> bytes | None:
        """What waited and is next now."""
        for start in list(state.waiting):
            behind = (state.expected - start) % _WRAP
            if behind < _WRAP // 2:
                data = state.waiting.pop(start)
                state.held -= len(data)
                if behind < len(data):
                    return data[behind:]
        return None

    @staticmethod
    def _lose(state: _State, time: float) -> Gap:
        size = min((start - state.expected) % _WRAP for start in state.waiting)
        state.waiting.clear()
        state.held = 0
        state.silent = True
        return Gap(state.flow, state.offset, size, time)

    def _close(self, key: tuple[bytes, int, bytes, int], time: float) -> Iterator[Chunk | Gap]:
        state = self._states.pop(key, None)
        if state is not None and state.waiting:
            yield self._lose(state, time)

    def finish(self) -> Iterator[Chunk | Gap]:
        """The capture ended."""
        for key, state in list(self._states.items()):
            yield from self._close(key, state.last)


def _address(raw: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def read_capture(file: BinaryIO, port: int | None = None) -> Iterator[Chunk | Gap]:
    """Every byte of every TCP connection in a capture, in the order of the capture.

    port: only connections that have it at one end. Raises CaptureError for a file that is none or
    that ends in the middle, and when dpkt, the extra `pcap`, is not installed.
    """
    try:
        import dpkt
    except ImportError:
        raise CaptureError("captures need dpkt: pip install 'fastcil[pcap]'") from None
    try:
        reader = dpkt.pcap.UniversalReader(file)
        link = reader.datalink()
    except (ValueError, dpkt.dpkt.Error) as error:
        raise CaptureError(f"no capture file: {error}") from None
    streams = _Streams()
    try:
        for time, packet in reader:
            ip = _network(dpkt, link, packet)
            tcp = getattr(ip, "data", None)
            if not isinstance(tcp, dpkt.tcp.TCP) or _fragment(dpkt, ip):
                continue
            if port is not None and port not in (tcp.sport, tcp.dport):
                continue
            key = (ip.src, tcp.sport, ip.dst, tcp.dport)
            yield from streams.segment(key, tcp, float(time), dpkt.tcp)
    except (ValueError, dpkt.dpkt.Error) as error:
        raise CaptureError(f"the capture cannot be read on: {error}") from None
    yield from streams.finish()


def _fragment(dpkt: Any, ip: Any) -> bool:
    """Whether a packet is a part of one: TCP sends none, and one part is no segment."""
    return isinstance(ip, dpkt.ip.IP) and bool(ip.mf or ip.offset)


def _network(dpkt: Any, link: int, packet: bytes) -> Any:
    """The IP packet in a frame of the link layer; None where there is none."""
    kinds = {
        dpkt.pcap.DLT_EN10MB: dpkt.ethernet.Ethernet,
        dpkt.pcap.DLT_LINUX_SLL: dpkt.sll.SLL,
        dpkt.pcap.DLT_NULL: dpkt.loopback.Loopback,
        dpkt.pcap.DLT_LOOP: dpkt.loopback.Loopback,
        276: dpkt.sll2.SLL2,
    }
    try:
        kind = kinds.get(link)
        if kind is None:  # raw IP
            version = packet[0] >> 4 if packet else 0
            return {4: dpkt.ip.IP, 6: dpkt.ip6.IP6}[version](packet) if version in (4, 6) else None
        found = kind(packet).data
    except (dpkt.dpkt.Error, ValueError, IndexError):
        return None
    return found if isinstance(found, (dpkt.ip.IP, dpkt.ip6.IP6)) else None
