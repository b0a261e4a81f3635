"""The packets of capture files: pcap and pcapng, read as a stream, a pipe will do.

Sources: draft-ietf-opsawg-pcap (pcap), draft-ietf-opsawg-pcapng (pcapng). Both byte orders, time in
any resolution, several interfaces and several sections in one file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from fastcil.codec.errors import FastcilError

__all__ = ["CaptureError", "Packet", "Readable", "is_capture", "read_packets"]

_SECTION = bytes.fromhex("0a0d0d0a")  # the same in either byte order
_BYTE_ORDERS = {bytes.fromhex("1a2b3c4d"): ">", bytes.fromhex("4d3c2b1a"): "<"}
_PCAP = {
    bytes.fromhex("a1b2c3d4"): (">", 10**6),
    bytes.fromhex("d4c3b2a1"): ("<", 10**6),
    bytes.fromhex("a1b23c4d"): (">", 10**9),
    bytes.fromhex("4d3cb2a1"): ("<", 10**9),
}
"""Magic number: byte order, parts of a second."""

_SIZE_MOST = 1 << 24
"""Bytes of a packet or block: a larger number is a damaged file, not something to allocate."""

_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET = 1, 2, 3, 6
_OPTION_RESOLUTION, _OPTION_TIME_OFFSET = 9, 14


class CaptureError(FastcilError, ValueError):
    """A file that is no capture, one that cannot be read to its end, or dpkt is not installed."""


class Readable(Protocol):
    """What a capture is read from."""

    def read(self, size: int, /) -> bytes:
        """Up to size bytes, b"" at the end only."""


class Packet(NamedTuple):
    """One packet as it was captured.

    link: LINKTYPE of its interface. time: seconds since 1970, None where the file has none.
    """

    link: int
    time: float | None
    data: bytes


class _Interface(NamedTuple):
    link: int
    snap: int
    """The most bytes of a packet that were kept; 0: all."""
    parts: int
    """Of a second: the unit of time stamps."""
    offset: int
    """Seconds that are added to time stamps."""


def is_capture(prefix: bytes) -> bool:
    """Whether a file that begins so is a pcap or pcapng file."""
    return prefix[:4] == _SECTION or prefix[:4] in _PCAP


def read_packets(file: Readable) -> Iterator[Packet]:
    """The packets of a capture in its order. Raises CaptureError, after what could be read."""
    magic = _take(file, 4, "the first number")
    if magic == _SECTION:
        yield from _pcapng(file)
    elif magic in _PCAP:
        yield from _pcap(file, *_PCAP[magic])
    else:
        raise CaptureError("no capture file: it begins neither as pcap nor as pcapng")


def _some(file: Readable, size: int) -> bytes:
    """size bytes, fewer at the end of the file only."""
    data = file.read(size)
    while 0 < len(data) < size:
        more = file.read(size - len(data))
        if not more:
            break
        data += more
    return data


def _take(file: Readable, size: int, what: str) -> bytes:
    data = _some(file, size)
    if len(data) < size:
        raise CaptureError(f"the capture ends inside {what}: {len(data)} of {size} bytes")
    return data


def _pcap(file: Readable, order: str, parts: int) -> Iterator[Packet]:
    head = _take(file, 20, "its header")
    # The upper half of the last number tells of checksums behind the packets, not of the link.
    link = struct.unpack(order + "I", head[16:])[0] & 0xFFFF
    record = struct.Struct(order + "IIII")
    while raw := _some(file, record.size):
        if len(raw) < record.size:
            raise CaptureError("the capture ends inside the head of a packet")
        seconds, fraction, size, _ = record.unpack(raw)
        if size > _SIZE_MOST:
            raise CaptureError(f"a packet of {size} bytes: the capture is damaged")
        data = _take(file, size, "a packet")
        yield Packet(link, seconds + fraction / parts, data)


def _pcapng(file: Readable) -> Iterator[Packet]:
    """Blocks, each with its length before and behind; sections say the byte order."""
    interfaces: list[_Interface] = []
    order = ""
    kind = _SECTION
    while kind:
        if len(kind) < 4:
            raise CaptureError("the capture ends inside the type of a block")
        raw_size = _take(file, 4, "the length of a block")
        head = b""
        if kind == _SECTION:
            head = _take(file, 4, "the head of a section")
            if head not in _BYTE_ORDERS:
                raise CaptureError("a section of the capture has no byte order")
            order = _BYTE_ORDERS[head]
            interfaces = []
        size = struct.unpack(order + "I", raw_size)[0]
        if not 12 + len(head) <= size <= _SIZE_MOST or size % 4:
            raise CaptureError(f"a block of {size} bytes: the capture is damaged")
        body = _take(file, size - 8 - len(head), "a block")
        if body[-4:] != raw_size:
            raise CaptureError("a block has two different lengths: the capture is damaged")
        if kind != _SECTION:
            number = struct.unpack(order + "I", kind)[0]
            try:
                if number == _INTERFACE:
                    interfaces.append(_interface(order, body[:-4]))
                else:
                    yield from _packet(order, number, body[:-4], interfaces)
            except (struct.error, IndexError):
                raise CaptureError(f"a block of type {number} is damaged") from None
        kind = _some(file, 4)


def _interface(order: str, body: bytes) -> _Interface:
    link, _, snap = struct.unpack_from(order + "HHI", body)
    parts, offset, at = 10**6, 0, 8
    while at + 4 <= len(body):
        code, size = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + size]
        if code == _OPTION_RESOLUTION and value:
            # The top bit: a power of two instead of ten.
            parts = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _OPTION_TIME_OFFSET:
            (offset,) = struct.unpack(order + "q", value)
        elif not code:
            break
        at += 4 + size + -size % 4
    return _Interface(link, snap, parts, offset)


def _packet(order: str, number: int, body: bytes, interfaces: list[_Interface]) -> Iterator[Packet]:
    """The packet of a block; none for the blocks that hold none."""
    if number == _SIMPLE_PACKET:
        one = interfaces[0]
        size = min(struct.unpack_from(order + "I", body)[0], one.snap or _SIZE_MOST, len(body) - 4)
        yield Packet(one.link, None, body[4 : 4 + size])
    elif number in (_ENHANCED_PACKET, _OLD_PACKET):
        # The old form has a count of drops in the upper half of the interface's number.
        head = "IIIII" if number == _ENHANCED_PACKET else "HxxIIII"
        at, high, low, size, _ = struct.unpack_from(order + head, body)
        one = interfaces[at]
        if size > len(body) - 20:
            raise CaptureError(f"a packet of {size} bytes in a block that is shorter")
        time = one.offset + ((high << 32) | low) / one.parts
        yield Packet(one.link, time, body[20 : 20 + size])
