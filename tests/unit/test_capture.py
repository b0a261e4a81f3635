"""Streams out of captures that dpkt wrote: every link layer, both versions of IP, VLAN tags."""

from __future__ import annotations

import io
import random
import sys
from collections import defaultdict
from typing import Any

import dpkt
import pytest

from fastcil.capture import CaptureError, Chunk, End, Gap, is_capture, read_capture

A, B = b"\x0a\0\0\1", b"\x0a\0\0\2"
A6, B6 = bytes(15) + b"\1", bytes(15) + b"\2"
SYN, FIN, ACK = 2, 1, 16
FORTH = "10.0.0.1:5000>10.0.0.2:42027"
FORTH6 = "[::1]:5000>[::2]:42027"


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


def kind_of(packet: Any) -> bytes:
    return b"\x86\xdd" if isinstance(packet, dpkt.ip6.IP6) else b"\x08\x00"


def ethernet(packet: Any, tags: bytes = b"") -> bytes:
    return bytes(12) + tags + kind_of(packet) + bytes(packet)


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
        assert isinstance(one, (Chunk, End)), one
        if isinstance(one, Chunk):
            assert one.offset == len(found[str(one.flow)])
            found[str(one.flow)] += one.data
    return dict(found)


ONE_TAG = bytes.fromhex("81000005")
TWO_TAGS = bytes.fromhex("88a8000681000005")


@pytest.mark.parametrize("tags", [b"", ONE_TAG, TWO_TAGS])
@pytest.mark.parametrize("ends", [(A, B), (A6, B6)])
@pytest.mark.parametrize("writer", [dpkt.pcap.Writer, dpkt.pcapng.Writer])
def test_a_plain_stream(writer: Any, ends: tuple[bytes, bytes], tags: bytes) -> None:
    parts = [
        segment(seq=9, flags=SYN),
        segment(b"hel", 10),
        segment(b"lo", 13),
        segment(seq=15, flags=FIN | ACK),
    ]
    file = capture([ethernet(ip(part, *ends), tags) for part in parts], writer=writer)
    assert is_capture(file.getvalue())
    found = list(read_capture(file))
    assert [one.time for one in found] == [1001.0, 1002.0, 1003.0]
    assert isinstance(found[-1], End)
    file.seek(0)
    assert streams(file) == {FORTH if ends == (A, B) else FORTH6: b"hello"}


def test_both_directions_and_the_chosen_port() -> None:
    packets = [
        ethernet(ip(segment(b"ask"))),
        ethernet(ip(segment(b"answer", ports=(42027, 5000)), B, A)),
        ethernet(ip(segment(b"other", ports=(1, 2)))),
    ]
    file = capture(packets)
    assert streams(file, 42027) == {FORTH: b"ask", "10.0.0.2:42027>10.0.0.1:5000": b"answer"}
    file.seek(0)
    assert len(streams(file)) == 3


COOKED = bytes.fromhex("0000 0001 0006 000000000000 0000")
COOKED_2_TAIL = bytes.fromhex("0000 00000002 0001 00 06 0000000000000000")


@pytest.mark.parametrize(
    ("link", "before"),
    [
        (0, b"\x02\0\0\0"),
        (108, b"\0\0\0\x02"),
        (12, b""),
        (101, b""),
        (228, b""),
        (113, COOKED + b"\x08\x00"),
        (113, COOKED + ONE_TAG + b"\x08\x00"),
        (276, b"\x08\x00" + COOKED_2_TAIL),
        (276, b"\x81\x00" + COOKED_2_TAIL + b"\x00\x05\x08\x00"),
    ],
)
def test_link_layers(link: int, before: bytes) -> None:
    assert streams(capture([before + bytes(ip(segment(b"data")))], link)) == {FORTH: b"data"}


@pytest.mark.parametrize(("link", "before"), [(101, b""), (229, b""), (0, b"\x1e\0\0\0")])
def test_link_layers_with_ip6(link: int, before: bytes) -> None:
    packet = bytes(ip(segment(b"data"), A6, B6))
    assert streams(capture([before + packet], link)) == {FORTH6: b"data"}


def test_a_link_layer_that_is_not_read_is_told() -> None:
    with pytest.raises(CaptureError, match="link type 127"):
        list(read_capture(capture([b"wireless"], 127)))


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


def test_padding_of_short_frames_is_no_data() -> None:
    packets = [ethernet(ip(segment(b"tiny"))) + bytes(6), ethernet(ip(segment(b"!", 5)))]
    assert streams(capture(packets)) == {FORTH: b"tiny!"}


@pytest.mark.parametrize("ends", [(A, B), (A6, B6)])
def test_packets_of_which_only_the_beginning_was_kept(ends: tuple[bytes, bytes]) -> None:
    whole = ethernet(ip(segment(b"0123456789", 1, FIN), *ends))
    packets = [ethernet(ip(segment(seq=0, flags=SYN), *ends)), whole[:-6]]
    gap = list(read_capture(capture(packets)))[1]
    assert isinstance(gap, Gap)
    assert (gap.offset, gap.size) == (4, 6)


def test_parts_of_packets_are_no_segments() -> None:
    part = ip(segment(b"part"))
    part.mf = 1
    last = ip(segment(b"last"))
    last.offset = 5
    header = bytes([6, 0]) + (1).to_bytes(2, "big") + bytes(4)
    tcp = bytes(segment(b"six"))
    six = dpkt.ip6.IP6(src=A6, dst=B6, nxt=44, hlim=1, plen=len(header + tcp)).pack_hdr()
    assert streams(capture([ethernet(part), ethernet(last)])) == {}
    assert streams(capture([six + header + tcp], 101)) == {}


def test_packets_of_other_kinds_are_passed_over() -> None:
    udp = dpkt.ip.IP(src=A, dst=B, p=17, data=dpkt.udp.UDP(sport=1, dport=2, data=b"x"))
    packets = [
        b"",
        b"\0" * 10,
        ethernet(udp),
        bytes(12) + b"\x08\x06arp",
        ethernet(ip(segment(b"yes"))),
    ]
    assert streams(capture(packets)) == {FORTH: b"yes"}


@pytest.mark.parametrize("link", [1, 0, 101, 113, 276])
def test_damaged_packets_are_passed_over(link: int) -> None:
    rng = random.Random(link)
    options = bytes([6, 0, 1, 4, 0, 0, 0, 0]) + bytes(segment(b"data"))
    extended = dpkt.ip6.IP6(src=A6, dst=B6, nxt=0, hlim=1, plen=len(options)).pack_hdr() + options
    fronts = {0: b"\x1e\0\0\0", 101: b"", 1: bytes(12) + ONE_TAG + b"\x86\xdd"}
    fronts |= {113: COOKED + b"\x86\xdd", 276: b"\x86\xdd" + COOKED_2_TAIL}
    good = fronts[link] + extended
    assert streams(capture([good], link)) == {FORTH6: b"data"}
    packets = []
    for _ in range(3000):
        packet = bytearray(good[: rng.choice((len(good), rng.randrange(len(good))))])
        for _ in range(min(len(packet), rng.randrange(4))):
            packet[rng.randrange(len(packet))] = rng.randrange(256)
        packets.append(bytes(packet))
    assert list(read_capture(capture(packets, link)))


@pytest.mark.parametrize("data", [b"", b"no capture at all", b"\xd4\xc3\xb2\xa1"])
def test_files_that_are_none(data: bytes) -> None:
    with pytest.raises(CaptureError):
        list(read_capture(io.BytesIO(data)))


def test_what_stands_before_the_damage_is_read() -> None:
    file = capture([ethernet(ip(segment(b"whole"))), ethernet(ip(segment(b"cut", 6)))])
    found = []
    with pytest.raises(CaptureError, match="ends inside a packet"):  # noqa: PT012
        for one in read_capture(io.BytesIO(file.getvalue()[:-1])):
            found.append(one)
    assert [type(one) for one in found] == [Chunk, End]


def test_without_dpkt_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dpkt", None)
    with pytest.raises(CaptureError, match=r"pip install 'fastcil\[pcap\]'"):
        list(read_capture(capture([])))
