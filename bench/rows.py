"""The rows of the comparison: for each event and question our code and every peer's.

Three ways in which a frame can have been received, each its own row where it matters: `frame`: a
Frame that FrameReader yielded, validated before the clock starts, as a server has it that filters
or forwards one event for many clients; `bytes`: one frame's bytes, validation inside the clock;
`stream`: a 64 KiB chunk of frames, reading, validation and framing inside the clock. Peers start
from bytes in all three.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Any

import peers
from events import READ, Event
from fastcil import codec
from fastcil.cil.dispatch import Dispatcher
from timing import Code

CHUNK = 64 * 1024
BATCH = 64  # frames of one read, as the drivers hand them on
PROMISED_PEER = "msgspec"
FLOORS = Path(__file__).with_name("floors.json")
LENGTH_AND_ID = Struct("<II")

TITLES = {
    "read3": "read 3 fields",
    "dict": "whole dict",
    "encode": "dict → bytes",
    "forward": "forward unchanged",
    "filter_hit": "2-key filter, hit",
    "filter_miss": "2-key filter, miss",
    "dispatch": "dispatch to OnEvent",
}
VARIANTS = {
    "frame": "frame in hand",
    "bytes": "one frame's bytes",
    "stream": "64 KiB of frames",
    "": "",
}
PLAN = (
    ("read3", ("bytes", "stream", "frame")),
    ("dict", ("bytes", "frame")),
    ("encode", ("",)),
    ("forward", ("frame", "bytes", "stream")),
    ("filter_hit", ("frame", "bytes", "stream")),
    ("filter_miss", ("frame", "bytes", "stream")),
)
KEYS = ", ".join(map(repr, READ))
# what is done with a frame; {0} is the frame
OURS = {
    "read3": f"{{0}}.get_many({KEYS})",
    "dict": "{0}.to_dict()",
    "forward": "{0}.to_bytes()",
    "filter_hit": "hit({0})",
    "filter_miss": "miss({0})",
}
STREAM = """\
at = 0
while at < size:
    length, number = unpack_from(chunk, at)
    at += 8
    data = chunk[at:at + length]
    at += length
    {source}
"""


def load_floors() -> dict[str, Any]:
    """The promises, and the floors below which the gate fails."""
    return json.loads(FLOORS.read_text())  # type: ignore[no-any-return]


@dataclass
class Row:
    """One line of the table."""

    event: Event
    work: str
    variant: str
    ours: Code
    peers: dict[str, Code] = field(default_factory=dict)
    promised: str = PROMISED_PEER  # the peer that the promise is about
    titles: Mapping[str, str] = field(default_factory=lambda: TITLES)

    @property
    def key(self) -> str:
        return "/".join(filter(None, (self.event.name, self.work, self.variant)))

    @property
    def title(self) -> str:
        return ", ".join(filter(None, (self.titles[self.work], VARIANTS[self.variant])))


def our_names(event: Event) -> dict[str, Any]:
    data = codec.encode_frame(event.message_id, event.values)
    chunk = data * max(1, CHUNK // len(data))
    (frame,) = codec.FrameReader().feed(data)
    return {
        "data": data,
        "chunk": chunk,
        "frame": frame,
        "values": event.values,
        "number": event.message_id,
        "from_bytes": codec.Frame.from_bytes,
        "encode": codec.encode_frame,
        "feed": codec.FrameReader().feed,
        "hit": codec.MessageFilter(event.hit).matches,
        "miss": codec.MessageFilter(event.miss).matches,
    }


def used(source: str, names: dict[str, Any]) -> dict[str, Any]:
    """Those of the names that the source mentions."""
    mentioned = compile(textwrap.dedent(source), "row", "exec").co_names
    return {name: value for name, value in names.items() if name in mentioned}


def our_code(event: Event, work: str, variant: str) -> Code:
    names = our_names(event)
    if work == "encode":
        source = "encode(number, values)"
        return Code(source, used(source, names))
    if variant == "stream":
        source = f"for frame in feed(chunk):\n    {OURS[work].format('frame')}"
        del names["frame"]
        count = len(names["chunk"]) // len(names["data"])
        return Code(source, used(source, names), events=count, statements=True)
    source = OURS[work].format("frame" if variant == "frame" else "from_bytes(data)")
    return Code(source, used(source, names))


def stream_code(peer: peers.Peer, work: str) -> Code | None:
    """The peer's answer over a chunk of length-prefixed messages."""
    if work not in peer.sources:
        return None
    message = LENGTH_AND_ID.pack(len(peer.data), peer.event.message_id) + peer.data
    count = max(1, CHUNK // len(message))
    names = {
        **peer.names,
        "chunk": message * count,
        "size": len(message) * count,
        "unpack_from": LENGTH_AND_ID.unpack_from,
    }
    del names["data"]
    source = STREAM.format(source=peer.sources[work])
    return Code(source, used(source, names), events=count, statements=True)


def rows(event: Event, *, every_peer: bool = True) -> Iterator[Row]:
    """The rows of one event; answers are checked before anything is timed."""
    found = [p for p in peers.load(event) if every_peer or p.name == PROMISED_PEER]
    for peer in found:
        peer.check()
    check(event)
    for work, variants in PLAN:
        for variant in variants:
            row = Row(event, work, variant, our_code(event, work, variant))
            for peer in found:
                code = stream_code(peer, work) if variant == "stream" else peer.code(work)
                if code is not None:
                    row.peers[peer.name] = code
            yield row
    dispatch = dispatch_row(event)
    if dispatch is not None:
        yield dispatch


def check(event: Event) -> None:
    """Raises AssertionError unless our answers are the right ones."""
    data = our_names(event)["data"]
    wanted = {
        "read3": tuple(event.values[key] for key in READ),
        "dict": event.values,
        "encode": data,
        "forward": data,
        "filter_hit": True,
        "filter_miss": False,
    }
    for work, variants in PLAN:
        for variant in variants:
            if variant != "stream":
                got = our_code(event, work, variant).function()()
                if got != wanted[work]:
                    raise AssertionError(f"fastcil, {work} {variant}: {got!r}")


class Listener:
    """The least a listener can be: the dispatch row measures what comes before it."""

    def OnEvent(self, iEventID: int, rArgs: Any) -> None:
        pass


def dispatch_row(event: Event) -> Row:
    """Our dispatcher against a bare loop that calls the same method with arguments at hand."""
    names = our_names(event)
    listener, dispatcher = Listener(), Dispatcher()
    dispatcher.add(listener)
    frame = names["frame"]
    ours = Code(
        "dispatch(frames)",
        {"dispatch": dispatcher.dispatch_batch, "frames": [frame] * BATCH},
        events=BATCH,
    )
    bare = Code(
        "for _ in batch: on_event(number, arguments)",
        {
            "batch": range(BATCH),
            "on_event": listener.OnEvent,
            "number": event.message_id,
            "arguments": frame.arguments,
        },
        events=BATCH,
        statements=True,
    )
    return Row(event, "dispatch", "", ours, {"bare call": bare}, promised="bare call")
