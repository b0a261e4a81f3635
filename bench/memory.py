"""Memory: a million events pass, 10,000 calls stay. How far does the process grow?

Runs in a process of its own. Every hundredth event is kept (detached, as an object that lives
long is); growth is the highest resident size minus that before the first event. The peer keeps
its decoded dicts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

EVENTS = 1_000_000
RETAINED = 10_000
CHUNK = 64 * 1024


def resident() -> int:
    """Bytes of this process that stand in memory now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no VmHWM")


def child(codec_name: str, event_name: str, events: int, retained: int) -> dict[str, Any]:
    from events import call_begin, call_held
    from loopback import message

    event = {"call_begin": call_begin, "call_held": call_held}[event_name]()
    data = message(event, codec_name)
    per_chunk = max(1, CHUNK // len(data))
    keep: dict[int, Any] = {}
    seen = 0
    every = events // retained
    if codec_name == "fastcil":
        from fastcil.codec import FrameReader

        reader = FrameReader()
        before = resident()
        while seen < events:
            # A new chunk each time, as from a socket.
            for frame in reader.feed(bytes(bytearray(data)) * per_chunk):
                if seen % every == 0:
                    keep[seen // every % retained] = frame.detach().arguments
                seen += 1
    else:
        import msgspec

        from rows import LENGTH_AND_ID

        decode = msgspec.msgpack.Decoder().decode
        before = resident()
        while seen < events:
            chunk = bytes(bytearray(data)) * per_chunk
            at = 0
            while at < len(chunk):
                length, _ = LENGTH_AND_ID.unpack_from(chunk, at)
                values = decode(chunk[at + 8 : at + 8 + length])
                at += 8 + length
                if seen % every == 0:
                    keep[seen // every % retained] = values
                seen += 1
    return {
        "codec": codec_name,
        "event": event_name,
        "events": seen,
        "retained": len(keep),
        "growth_mib": round((peak() - before) / 2**20, 2),
        "growth_at_end_mib": round((resident() - before) / 2**20, 2),
        "bytes_on_wire": len(data),
    }


def measure(codec_name: str, event_name: str, events: int = EVENTS) -> dict[str, Any]:
    """The growth of a fresh process."""
    command = [sys.executable, str(Path(__file__)), codec_name, event_name, str(events)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("codec", nargs="?", default="fastcil", choices=["fastcil", "msgspec"])
    parser.add_argument(
        "event", nargs="?", default="call_begin", choices=["call_begin", "call_held"]
    )
    parser.add_argument("events", nargs="?", type=int, default=EVENTS)
    given = parser.parse_args()
    print(json.dumps(child(given.codec, given.event, given.events, RETAINED)))


if __name__ == "__main__":
    main()
