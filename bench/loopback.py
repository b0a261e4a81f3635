"""Events per second over TCP on one machine, from another process to a listener of three fields.

Every program of receivers.py, in turn, over the same number of events. The sender's bytes are
prepared beforehand; the clock starts when the receiver tells the sender to begin and stops when
the receiver has handled the last event.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import msgspec

import receivers
from events import Event
from fastcil import codec
from rows import LENGTH_AND_ID

SENDER = Path(__file__).with_name("sender.py")
BATCH_BYTES = 1 << 20

Times = dict[tuple[str, str], list[float]]


def message(event: Event, name: str) -> bytes:
    """One event as it stands on the wire."""
    if name == "fastcil":
        return codec.encode_frame(event.message_id, event.values)
    body = msgspec.msgpack.Encoder().encode(event.values)
    return LENGTH_AND_ID.pack(len(body), event.message_id) + body


def once(data: bytes, count: int, run: Callable[..., None], sink: receivers.Sink) -> float:
    """Seconds per event of one run over at least `count` events."""
    per_batch = max(1, BATCH_BYTES // len(data))
    times = -(-count // per_batch)
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-S", str(SENDER), str(server.getsockname()[1]), str(times)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as sender:
            assert sender.stdin is not None
            sender.stdin.write(data * per_batch)
            sender.stdin.close()
            server.settimeout(30)
            connection, _ = server.accept()
            connection.setblocking(False)
            with connection:
                seconds = receivers.timed(run, connection, sink)
    if sink.seen != per_batch * times:
        raise AssertionError(f"{sink.seen} of {per_batch * times} events arrived")
    return seconds / sink.seen


def measure(
    event: Event,
    repeats: int,
    *,
    count: int,
    codecs: Sequence[str] = ("fastcil", "msgspec", "msgspec Struct"),
    only: Sequence[str] = (),
) -> Times:
    """Seconds per event of every codec on every transport, in turn."""
    runs = {k: v for k, v in receivers.transports().items() if not only or k in only}
    result: Times = {(name, transport): [] for transport in runs for name in codecs}
    wire = {name: message(event, name) for name in codecs}
    for _ in range(repeats):
        for transport, run in runs.items():
            for name in codecs:
                result[name, transport].append(
                    once(wire[name], count, run, receivers.SINKS[name]())
                )
    return result


def best(times: Times, name: str) -> tuple[str, list[float]]:
    """The transport that is fastest for this codec, by median, with its times."""
    mine = {transport: seconds for (who, transport), seconds in times.items() if who == name}
    transport = min(mine, key=lambda key: median(mine[key]))
    return transport, mine[transport]


if __name__ == "__main__":
    from events import events

    for measured in events():
        print(measured.title)
        found = measure(measured, 3, count=100_000)
        for (who, transport), seconds in sorted(found.items(), key=lambda item: median(item[1])):
            print(f"  {who:16}{transport:26}{1 / median(seconds):14,.0f} events/s")
