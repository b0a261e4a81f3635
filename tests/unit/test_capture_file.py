"""Capture files: pcap and pcapng in either byte order, and files that are damaged or cut."""

from __future__ import annotations

import contextlib
import io
import random
import struct
from typing import Any

import pytest

from fastcil.capture_file import CaptureError, Packet, is_capture, read_packets

MICRO, NANO = 0xA1B2C3D4, 0xA1B23C4D
SECTION, INTERFACE, OLD, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6


def pcap(order: str, magic: int, packets: list[tuple[int, int, bytes]], link: int = 1) -> bytes:
    data = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65535, link)
    for seconds, fraction, packet in packets:
        data += struct.pack(order + "IIII", seconds, fraction, len(packet), len(packet)) + packet
    return data


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def section(order: str) -> bytes:
    return block(order, SECTION, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, link: int, options: bytes = b"", snap: int = 0) -> bytes:
    return block(order, INTERFACE, struct.pack(order + "HHI", link, 0, snap) + options)


def enhanced(order: str, number: int, ticks: int, packet: bytes) -> bytes:
    head = (number, ticks >> 32, ticks & 0xFFFFFFFF, len(packet), len(packet))
    return block(order, ENHANCED, struct.pack(order + "IIIII", *head) + packet)


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def packets_of(data: bytes) -> list[Packet]:
    assert is_capture(data)
    return list(read_packets(io.BytesIO(data)))


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcap(order: str) -> None:
    data = pcap(order, MICRO, [(7, 250000, b"one"), (8, 1, b"")])
    assert packets_of(data) == [Packet(1, 7.25, b"one"), Packet(1, 8.000001, b"")]
    fine = pcap(order, NANO, [(7, 250000000, b"x")], link=0x10000071)
    assert packets_of(fine) == [Packet(113, 7.25, b"x")]


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_with_two_interfaces_and_two_sections(order: str) -> None:
    other = ">" if order == "<" else "<"
    nano = option(order, 2, b"eth0") + option(order, 9, b"\x09") + option(order, 0, b"")
    binary = option(order, 9, bytes([0x80 | 10])) + option(
        order, 14, struct.pack(order + "q", 1000)
    )
    data = (
        section(order)
        + block(order, 5, b"statistics")
        + interface(order, 1, nano)
        + interface(order, 113, binary)
        + enhanced(order, 1, 512, b"second")
        + enhanced(order, 0, 1_500_000_000, b"first")
        + section(other)
        + interface(other, 101, snap=3)
        + block(other, SIMPLE, struct.pack(other + "I", 9) + b"cut")
        + block(other, SIMPLE, struct.pack(other + "I", 2) + b"ab")
        + block(other, OLD, struct.pack(other + "HHIIII", 0, 7, 0, 1_000_000, 3, 3) + b"old")
    )
    assert packets_of(data) == [
        Packet(113, 1000.5, b"second"),
        Packet(1, 1.5, b"first"),
        Packet(101, None, b"cut"),
        Packet(101, None, b"ab"),
        Packet(101, 1.0, b"old"),
    ]


class Pipe:
    """Gives bytes in pieces, as a pipe does."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self.file.read(min(size, 3))


def test_pieces() -> None:
    data = section("<") + interface("<", 1) + enhanced("<", 0, 0, b"packet")
    assert list(read_packets(Pipe(data))) == [Packet(1, 0.0, b"packet")]
    assert [one.data for one in read_packets(Pipe(pcap("<", MICRO, [(0, 0, b"pkt")])))] == [b"pkt"]


@pytest.mark.parametrize(
    "data",
    [
        pcap("<", MICRO, [(1, 0, b"one"), (2, 0, b"two")]),
        section("<")
        + interface("<", 1)
        + enhanced("<", 0, 0, b"one")
        + enhanced("<", 0, 1, b"two"),
    ],
    ids=["pcap", "pcapng"],
)
def test_a_file_that_is_cut_gives_what_is_whole_and_says_so(data: bytes) -> None:
    whole = 0
    for size in range(len(data)):
        found = []
        try:
            for packet in read_packets(io.BytesIO(data[:size])):
                found.append(packet.data)
        except CaptureError:
            pass
        else:
            whole += 1  # cut between two packets or blocks, which nothing tells
        assert found == [b"one", b"two"][: len(found)]
    assert whole <= 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ab",
        b"no capture at all",
        pcap("<", MICRO, []) + struct.pack("<IIII", 0, 0, 0xFFFFFFF0, 0),
        section("<") + struct.pack("<II", 6, 8),
        section("<") + struct.pack("<II", 6, 0xFFFFFFF0),
        section("<")[:-4] + bytes(4),
        struct.pack("<III", SECTION, 28, 5),
        section("<") + enhanced("<", 0, 0, b"of no interface"),
        section("<") + interface("<", 1) + block("<", ENHANCED, bytes(8)),
        section("<")
        + interface("<", 1)
        + block("<", ENHANCED, struct.pack("<IIIII", 0, 0, 0, 999, 999)),
    ],
)
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(CaptureError):
        list(read_packets(io.BytesIO(data)))


@pytest.mark.parametrize("seed", range(10))
def test_any_damage_ends_in_an_error_or_not_at_all(seed: int) -> None:
    rng = random.Random(seed)
    resolution = option("<", 9, b"\x09") + option("<", 14, bytes(8))
    good: list[Any] = [
        section("<") + interface("<", 1, resolution) + enhanced("<", 0, 99, b"packet"),
        pcap(">", NANO, [(1, 2, b"packet")]),
    ]
    for _ in range(500):
        data = bytearray(rng.choice(good))
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 255, rng.randrange(256)))
        with contextlib.suppress(CaptureError):
            list(read_packets(io.BytesIO(data)))
