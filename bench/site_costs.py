"""What the event server of a site costs, beside msgspec in the same run: python -m bench.site_costs

A day of a simulated site is recorded as the bytes that its CTI Server sends. Then, alternating:

1. those bytes through the link's state machine, the mapper and the event server to one subscribed
   client (everything but system calls: the client's transport only counts), against
   msgspec.msgpack.encode of the same events, once each;
2. the same with more clients that get the same events: what each of them adds;
3. the server as a process with 2,000 clients in agent mode and 4 monitors over real sockets:
   memory, lost events, and the time from a byte of the CTI Server to the byte of a client.

CPU time of this process, medians of samples taken side by side. Part 3 takes about a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from environment import cpu_model
from fastcil.catalog.requests import RequestID
from fastcil.codec import FrameKind, control, encode_frame
from fastcil.ged188 import Message, encode_message
from fastcil.ged188.enums import PGStatusMask
from fastcil.ged188.link import LinkCore, LinkSettings
from fastcil.ged188.link_actions import Deliver, LinkState, Send
from fastcil.server.config import load_config
from fastcil.server.cti import CtiServer
from fastcil.server.server import EventServer
from fastcil.server.service import SiteService, link_settings
from fastcil.server.site.fields import fields
from fastcil.server.site.mapper import SiteMapper
from fastcil.server.upstream import SiteSource
from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions, WorkloadOptions
from site_clients import crowd
from timing import ratio

PROMISED_EVENT = 6.0
"""Most CPU time of one upstream message with one client, in msgspec encodes of its event."""
PROMISED_CLIENT = 1 / 5
"""Most CPU time of one more client that gets the event, in the same unit."""
CHUNK = 64 << 10
MANY = 65
LEAST = 1000
"""Messages below which a ratio says nothing."""
VERSION = 24


async def record(agents: int, seconds: float) -> list[bytes]:
    """The event messages of so many simulated seconds, each as bytes."""
    options = SimulatorOptions(
        site=SiteOptions(agents=agents, seed=1),
        workload=WorkloadOptions(calls_per_hour=12.0 * agents),
    )
    found: list[bytes] = []
    async with Simulator(options) as simulator:
        config = load_config("")
        settings = link_settings(config, f"ctiserver://127.0.0.1:{simulator.port}")
        async with SiteService(config, settings, port=0) as service:
            source = service.source
            take, take_all = source.message, source.messages

            def message(message: Message, now: float | None = None) -> None:
                found.append(message.to_bytes())
                take(message, now)

            def messages(messages: list[Message], now: float) -> None:
                found.extend(message.to_bytes() for message in messages)
                take_all(messages, now)

            source.message = message  # type: ignore[method-assign]
            source.messages = messages  # type: ignore[method-assign]
            for _ in range(int(seconds / 10)):
                simulator.advance(10.0)
                for _ in range(40):
                    await asyncio.sleep(0)
    if len(found) < LEAST:
        raise RuntimeError(f"expected at least {LEAST} messages to measure with, got {len(found)}")
    return found


class Sink(asyncio.Transport):
    """A connection that takes everything."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.bytes = 0

    def write(self, data: Any) -> None:
        self.bytes += len(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_reading(self) -> bool:
        return True

    def close(self) -> None:
        pass

    abort = close


class Bench:
    """A server with clients, and a link that was opened by hand."""

    def __init__(self, clients: int, level: int) -> None:
        self.source = SiteSource(SiteMapper())
        self.server = EventServer(self.source, minimize=level, site=self.source)
        self.source.publish = self.server.publish_now
        self.source.publish_all = self.server.publish_all
        settings = LinkSettings(sides=(("127.0.0.1", 1),), version=VERSION)
        self.cti = CtiServer(settings, self.source, link=_NoLink(settings))  # type: ignore[arg-type]
        self.core = self._opened(settings)
        self.sinks = [self._client() for _ in range(clients)]

    @staticmethod
    def _opened(settings: LinkSettings) -> LinkCore:
        core = LinkCore(settings)
        core.open(0.0)
        core.take()
        core.connection_made(0, 0.0)
        (request,) = (a for a in core.take() if isinstance(a, Send))
        opened = Message.from_bytes(request.data, VERSION)
        values = {
            "InvokeID": opened["InvokeID"],
            "ServicesGranted": opened["ServicesRequested"],
            "MonitorID": 1,
            "PGStatus": int(PGStatusMask.PGS_NORMAL) if hasattr(PGStatusMask, "PGS_NORMAL") else 0,
            "ICMCentralControllerTime": 0,
            "PeripheralOnline": 1,
            "PeripheralType": 17,
            "AgentState": 0,
            "DepartmentID": 0,
            "SessionType": 0,
        }
        core.bytes_received(0, encode_message("OPEN_CONF", values, version=VERSION), 0.0)
        core.take()
        assert core.state is LinkState.OPEN
        return core

    def _client(self) -> Sink:
        client = self.server._accept()
        sink = Sink()
        client.connection_made(sink)
        monitor = encode_frame(
            RequestID.SET_MESSAGE_FILTER,
            {"Filter": "MessageID=*", "MinimizeEventArgs": self.server.minimize},
            kind=FrameKind.REQUEST,
        )
        for data in (control.hello(), monitor):
            room = client.get_buffer(len(data))
            room[: len(data)] = data
            client.buffer_updated(len(data))
        self.server._flush()
        return sink

    def play(self, chunks: Sequence[bytes]) -> float:
        """CPU seconds of taking in chunks, one after the other; each is sent on before the next."""
        core, cti = self.core, self.cti
        start = time.process_time()
        for chunk in chunks:
            room = core.get_buffer(0, len(chunk))
            room[: len(chunk)] = chunk
            core.buffer_updated(0, len(chunk), 1.0)
            for action in core.take():
                if isinstance(action, Deliver):
                    cti.take_in(action.events)
        return time.process_time() - start


class _NoLink:
    """A link of which nobody asks anything."""

    def __init__(self, settings: LinkSettings) -> None:
        self.settings = settings


def chunked(messages: Sequence[bytes], size: int) -> list[bytes]:
    """The messages as `size` messages a read."""
    return [b"".join(messages[i : i + size]) for i in range(0, len(messages), size)]


def events_of(messages: Sequence[bytes], level: int) -> list[dict[str, Any]]:
    """The arguments of the events that messages cause, as they are encoded for a client."""
    mapper = SiteMapper(known=fields("reference"))  # not what is measured
    found: list[dict[str, Any]] = []
    for data in messages:
        for event in mapper.message(Message.from_bytes(data, VERSION), 0.0):
            found.append(dict(event.minimal if level else event.complete))
    return found


def encode_all(events: Sequence[dict[str, Any]]) -> float:
    """CPU seconds of one msgspec encode of each."""
    encode = msgspec.msgpack.Encoder().encode
    start = time.process_time()
    for event in events:
        encode(event)
    return time.process_time() - start


def sampled(works: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """CPU seconds of each work, taken in turn."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            gc.collect()
            gc.disable()
            try:
                found[name].append(work())
            finally:
                gc.enable()
    return found


async def costs(
    messages: Sequence[bytes], level: int, repeats: int, batches: Sequence[int] = (1, 16)
) -> list[dict[str, Any]]:
    """Parts 1 and 2 for one MinimizeEventArgs; needs a running loop. batches: messages a read."""
    events = events_of(messages, level)
    per = len(events)
    rows = []
    for batch in batches:
        chunks = chunked(messages, batch)
        works: dict[str, Callable[[], float]] = {
            "msgspec": lambda: encode_all(events) / per,
            "one": lambda chunks=chunks: Bench(1, level).play(chunks),  # type: ignore[misc]
            "many": lambda chunks=chunks: Bench(MANY, level).play(chunks),  # type: ignore[misc]
        }
        found = sampled(works, repeats)
        unit = found["msgspec"]
        more = [(b - a) / (MANY - 1) / per for a, b in zip(found["one"], found["many"])]
        rows.append(
            {
                "level": level,
                "batch": batch,
                "messages": len(messages),
                "events": per,
                "msgspec_ns": median(unit) * 1e9,
                "message_ns": median(found["one"]) / len(messages) * 1e9,
                "event_ns": median(found["one"]) / per * 1e9,
                "client_ns": median(more) * 1e9,
                "message_ratio": ratio([t / len(messages) for t in found["one"]], unit),
                "event_ratio": ratio([t / per for t in found["one"]], unit),
                "client_ratio": ratio(more, unit),
            }
        )
    return rows


def show(rows: Sequence[dict[str, Any]]) -> None:
    """One table, with what was promised."""
    print(f"{cpu_model()}, Python {sys.version.split()[0]}, msgspec {msgspec.__version__}")
    head = ("minimize", "messages", "events", "msgspec", "a message", "an event", "a client more")
    print("".join(f"{word:>15}" for word in head))
    for row in rows:
        print(
            f"{row['level']:>8} x{row['batch']:<5}"
            f"{row['messages']:>15,}{row['events']:>15,}{row['msgspec_ns']:>12.0f} ns"
            f"{row['message_ns'] / 1000:>8.1f} us {row['message_ratio']:>4.1f}x"
            f"{row['event_ns'] / 1000:>8.1f} us {row['event_ratio']:>4.1f}x"
            f"{row['client_ns']:>7.0f} ns {row['client_ratio']:>5.2f}x"
        )
    print(
        f"promised: a message at most {PROMISED_EVENT:g}x, a client more at most "
        f"{PROMISED_CLIENT:g}x; x1 and x16: messages in one read"
    )


def main() -> int:
    """The exit code: 0 whatever the numbers are; they are there to be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=1800.0, help="simulated, of parts 1, 2")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clients", type=int, default=2000, help="in agent mode; 0 for no part 3")
    parser.add_argument("--monitors", type=int, default=4)
    parser.add_argument("--real-seconds", type=float, default=20.0, help="of part 3")
    parser.add_argument("--json", type=Path, help="write the numbers to a file as well")
    given = parser.parse_args()

    async def measure() -> list[dict[str, Any]]:
        messages = await record(given.agents, given.seconds)
        rows = []
        for level in (1, 0):
            rows += await costs(messages, level, given.repeats)
        return rows

    rows = asyncio.run(measure())
    show(rows)
    found: dict[str, Any] = {"costs": rows}
    if given.clients:
        found["crowd"] = crowd(given.clients, given.monitors, given.real_seconds)
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
