"""TCP streams out of capture files: pcap and pcapng, from Ethernet, Linux cooked and IP links.

The layers up to TCP are read with dpkt, the extra `pcap`; the file is read by capture_file, the
streams are put together by capture_tcp.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from fastcil.capture_file import CaptureError, Readable, is_capture, read_packets
from fastcil.capture_tcp import Chunk, End, Event, Flow, Gap, Key, Reassembly, Segment

__all__ = ["CaptureError", "Chunk", "End", "Flow", "Gap", "Readable", "is_capture", "read_capture"]

# LINKTYPE numbers: https://www.tcpdump.org/linktypes.html
_ETHERNET = 1
_LOOPBACKS = (0, 108)
_RAW_IP = (12, 14, 101, 228, 229)
_COOKED, _COOKED_2 = 113, 276
_FRAGMENT_HEADER = 44


class _OtherLink(Exception):
    """A packet of a link layer that is not read."""


def read_capture(file: Readable, port: int | None = None) -> Iterator[Event]:
    """Every byte of every TCP connection in a capture, in the order of the capture.

    port: only connections that have it at one end. Each flow ends with an End. Raises CaptureError
    for a file that is none, that is damaged or cut (after what could be read), whose link layers
    are none that are read, and when dpkt is not installed.
    """
    try:
        import dpkt
    except ImportError:
        raise CaptureError("captures need dpkt: pip install 'fastcil[pcap]'") from None
    streams = Reassembly()
    known = False
    foreign: set[int] = set()
    error: CaptureError | None = None
    packets = read_packets(file)
    while True:
        try:
            packet = next(packets, None)
        except CaptureError as found:
            error, packet = found, None
        if packet is None:
            break
        try:
            ip = _network(dpkt, packet.link, packet.data)
        except _OtherLink:
            foreign.add(packet.link)
            continue
        known = True
        tcp = getattr(ip, "data", None)
        if not isinstance(tcp, dpkt.tcp.TCP) or _fragment(dpkt, ip):
            continue
        if port is None or port in (tcp.sport, tcp.dport):
            key = Key(ip.src, tcp.sport, ip.dst, tcp.dport)
            yield from streams.add(key, _segment(dpkt, ip, tcp, packet.time))
    yield from streams.finish()
    if error is not None:
        raise error
    if foreign and not known:
        kinds = ", ".join(map(str, sorted(foreign)))
        raise CaptureError(f"link type {kinds}: Ethernet, Linux cooked, loopback and IP are read")


def _segment(dpkt: Any, ip: Any, tcp: Any, time: float | None) -> Segment:
    data = bytes(tcp.data)
    size = len(data)
    if isinstance(ip, dpkt.ip.IP):
        # Longer than the data where the capture kept only the beginning of packets.
        size = max(size, ip.len - 4 * ip.hl - 4 * tcp.off)
    elif not ip.all_extension_headers:
        size = max(size, ip.plen - 4 * tcp.off)
    flags = dpkt.tcp
    return Segment(
        tcp.seq,
        data,
        size,
        syn=bool(tcp.flags & flags.TH_SYN),
        fin=bool(tcp.flags & flags.TH_FIN),
        reset=bool(tcp.flags & flags.TH_RST),
        time=time,
    )


def _fragment(dpkt: Any, ip: Any) -> bool:
    """Whether a packet is a part of one: TCP avoids them, and one part is no segment."""
    if isinstance(ip, dpkt.ip.IP):
        return bool(ip.mf or ip.offset)
    header = ip.extension_hdrs.get(_FRAGMENT_HEADER)
    return header is not None and bool(header.frag_off or header.m_flag)


def _network(dpkt: Any, link: int, packet: bytes) -> Any:
    """The IP packet in a frame of the link layer; None where there is none that can be read."""
    try:
        if link == _ETHERNET:
            found = dpkt.ethernet.Ethernet(packet).data
        elif link == _COOKED:
            # Behind the protocol number it goes on as in Ethernet, VLAN tags and all.
            found = dpkt.ethernet.Ethernet(bytes(12) + packet[14:]).data
        elif link == _COOKED_2:
            found = dpkt.ethernet.Ethernet(bytes(12) + packet[:2] + packet[20:]).data
        elif link in _LOOPBACKS:
            found = dpkt.loopback.Loopback(packet).data
        elif link in _RAW_IP:
            kind = {4: dpkt.ip.IP, 6: dpkt.ip6.IP6}.get(packet[0] >> 4)
            found = None if kind is None else kind(packet)
        else:
            raise _OtherLink
    except (dpkt.dpkt.Error, ValueError, LookupError, TypeError, AttributeError, struct.error):
        # What dpkt raises for damaged packets is whatever its slicing happens to raise.
        return None
    return found if isinstance(found, (dpkt.ip.IP, dpkt.ip6.IP6)) else None
