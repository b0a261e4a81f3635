"""TCP streams out of captures: order, overlap, loss, both IP versions, every link layer."""

from __future__ import annotations

import io
import random
from collections import defaultdict
from typing import Any

import dpkt
import pytest

from fastcil.capture import CaptureError, Chunk, Gap, is_capture, read_capture

A, B = b"\x0a\0\0\1", b"\x0a\0\0\2"
A6, B6 = bytes(15) + b"\1", bytes(15) + b"\2"
SYN, FIN, RST, ACK = 2, 1, 4, 16


def segment(
    data: bytes = b"", seq: int = 1, flags: int = ACK, ports: tuple[int, int] = (5000, 42027)
) -> Any:
    return dpkt.tcp.TCP(sport=ports[0], dport=ports[1], seq=seq % (1 << 32), flags=flags, data=data)


def ip(tcp: Any, source: bytes = A, target: bytes = B) -> Any:
    if len(source) == 16:
        return dpkt.ip6.IP6(src=source, dst=target, nxt=6, hlim=64, plen=len(tcp), data=tcp)
    packet = dpkt.ip.IP(src=source, dst=target, p=6, data=tcp)
    packet.len = len(packet)
    return packet


def ethernet(packet: Any, vlan: bool = False) -> bytes:
    kind = 0x86DD if isinstance(packet, dpkt.ip6.IP6) else 0x0800
    raw = bytes(packet)
    if vlan:
        head = bytes(12) + (0x8100).to_bytes(2, "big") + (5).to_bytes(2, "big")
        return head + kind.to_bytes(2, "big") + raw
    return bytes(12) + kind.to_bytes(2, "big") + raw


def capture(packets: list[bytes], link: int = 1, writer: Any = dpkt.pcap.Writer) -> io.BytesIO:
    file = io.BytesIO()
    options = {"linktype": link} if writer is dpkt.pcap.Writer else {}
    found = writer(file, **options)
    for number, packet in enumerate(packets):
        found.writepkt(packet, 1000.0 + number)
    return io.BytesIO(file.getvalue())


def streams(file: io.BytesIO, port: int | None = None) -> dict[str, bytes]:
    found: dict[str, bytes] = defaultdict(bytes)
    for one in read_capture(file, port):
        assert isinstance(one, Chunk), one
        assert one.offset == len(found[str(one.flow)])
        found[str(one.flow)] += one.data
    return dict(found)


FORTH = "10.0.0.1:5000>10.0.0.2:42027"


@pytest.mark.parametrize("vlan", [False, True])
@pytest.mark.parametrize("writer", [dpkt.pcap.Writer, dpkt.pcapng.Writer])
def test_a_plain_stream(writer: Any, vlan: bool) -> None:
    packets = [
        ethernet(ip(segment(seq=9, flags=SYN)), vlan),
        ethernet(ip(segment(b"hel", 10)), vlan),
        ethernet(ip(segment(b"lo", 13)), vlan),
        ethernet(ip(segment(seq=15, flags=FIN | ACK)), vlan),
    ]
    file = capture(packets, writer=writer)
    assert is_capture(file.getvalue())
    assert streams(file) == {FORTH: b"hello"}


def test_both_directions_and_the_chosen_port() -> None:
    packets = [
        ethernet(ip(segment(b"ask", 1))),
        ethernet(ip(segment(b"answer", 1, ports=(42027, 5000)), B, A)),
        ethernet(ip(segment(b"other", 1, ports=(1, 2)))),
    ]
    file = capture(packets)
    assert streams(file, 42027) == {FORTH: b"ask", "10.0.0.2:42027>10.0.0.1:5000": b"answer"}
    file.seek(0)
    assert len(streams(file)) == 3


def test_ip6() -> None:
    file = capture([ethernet(ip(segment(b"six", 1), A6, B6))])
    assert streams(file) == {"[::1]:5000>[::2]:42027": b"six"}


@pytest.mark.parametrize("link", [101, 12])
def test_raw_ip(link: int) -> None:
    assert streams(capture([bytes(ip(segment(b"raw", 1)))], link)) == {FORTH: b"raw"}


def test_linux_cooked() -> None:
    cooked = bytes.fromhex("0000 0001 0006 000000000000 0000 0800")
    assert streams(capture([cooked + bytes(ip(segment(b"c", 1)))], 113)) == {FORTH: b"c"}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("start", [1, (1 << 32) - 40])
def test_shuffled_doubled_and_overlapping_segments(seed: int, start: int) -> None:
    rng = random.Random(seed)
    data = rng.randbytes(200)
    pieces = []
    at = 0
    while at < len(data):
        size = rng.randrange(1, 30)
        pieces.append((at, data[at : at + size]))
        back = max(0, at - rng.randrange(10))
        if rng.random() < 0.4:
            pieces.append((back, data[back : at + size]))
        at += size
    rng.shuffle(pieces)
    packets = [ethernet(ip(segment(seq=start, flags=SYN)))]
    packets += [ethernet(ip(segment(part, start + 1 + at))) for at, part in pieces]
    assert streams(capture(packets)) == {FORTH: data}


def test_a_missing_segment_is_a_gap_and_silence_until_a_new_connection() -> None:
    packets = [
        ethernet(ip(segment(seq=0, flags=SYN))),
        ethernet(ip(segment(b"ab", 1))),
        ethernet(ip(segment(b"ef", 5))),
        ethernet(ip(segment(seq=7, flags=RST))),
        ethernet(ip(segment(b"late", 7))),
        ethernet(ip(segment(seq=100, flags=SYN))),
        ethernet(ip(segment(b"new", 101))),
    ]
    found = list(read_capture(capture(packets[:4] + packets[5:])))
    assert [type(one) for one in found] == [Chunk, Gap, Chunk]
    gap = found[1]
    assert isinstance(gap, Gap)
    assert (gap.offset, gap.size) == (2, 2)
    assert found[0].flow != found[2].flow
    assert found[2].data == b"new"  # type: ignore[union-attr]


def test_what_waits_is_bounded() -> None:
    packets = [ethernet(ip(segment(seq=0, flags=SYN)))]
    packets += [ethernet(ip(segment(bytes(60000), 10 + 60000 * n))) for n in range(80)]
    packets.append(ethernet(ip(segment(b"first", 1))))
    found = list(read_capture(capture(packets)))
    assert [type(one) for one in found] == [Gap]


def test_packets_of_other_kinds_are_passed_over() -> None:
    udp = dpkt.ip.IP(src=A, dst=B, p=17, data=dpkt.udp.UDP(sport=1, dport=2, data=b"x"))
    packets = [
        b"",
        b"\0" * 10,
        ethernet(udp),
        bytes(12) + b"\x08\x06arp",
        ethernet(ip(segment(b"y", 1))),
    ]
    assert streams(capture(packets)) == {FORTH: b"y"}


@pytest.mark.parametrize("data", [b"", b"no capture at all", b"\xd4\xc3\xb2\xa1"])
def test_files_that_are_none(data: bytes) -> None:
    with pytest.raises(CaptureError):
        list(read_capture(io.BytesIO(data)))
