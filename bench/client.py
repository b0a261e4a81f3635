"""The client with its objects: what keeping them right costs, how fast they are found, their size.

    python bench/client.py            the table
    python bench/client.py --json     the same as JSON

`objects`: OnCallHeld frames, received and checked before the clock starts, through a session that
updates the call's properties and calls one OnEvent, against the dispatcher alone with the same
listener: all of one call, which the processor's caches hold, and of 20,000 calls in turn, which
they do not. `find`: an object by its UniqueObjectID among 30,000, against among 30. Memory is
measured in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from events import Event, call_begin, call_held
from fastcil import codec
from fastcil.catalog import event_id
from fastcil.cil import Dispatcher, ThreadedSession
from memory import CHUNK, EVENTS, RETAINED, peak, resident
from rows import BATCH, Listener, Row
from timing import Code, interleaved, ratio

AGENTS, CALLS = 10_000, 20_000
STATE = event_id("OnAgentStateChange")
FULL = (("OnCallBegin", ""), ("OnCallDelivered", "ANI"), ("OnCallEstablished", "DNIS"))
REPEATS = 15
TITLES = {
    "objects/one": "dispatch with objects, one call",
    "objects/many": f"dispatch with objects, {CALLS:,} calls in turn",
    "find": "an object by its key",
}


def key_of(number: int) -> str:
    return f"call.5000.{16777987 + number}.{200000 + number}"


def agent_key(number: int) -> str:
    return f"agent.5000.{10000 + number}"


def frames(numbers: range) -> list[Any]:
    """OnCallHeld of each call, as they are received."""
    event = call_held()
    writer = codec.FrameWriter()
    for number in numbers:
        writer.write(event.message_id, {**event.values, "UniqueObjectID": key_of(number)})
    return list(codec.FrameReader().feed(writer.take()))


def live(calls: int, agents: int = 0) -> ThreadedSession:
    """A session with that many objects, begun by full OnCallBegin and OnAgentStateChange."""
    session = ThreadedSession()
    begin = call_begin()
    for number in range(calls):
        values = {**begin.values, "UniqueObjectID": key_of(number)}
        dispatch(session, begin.message_id, values)
    for number in range(agents):
        dispatch(session, STATE, agent_values(number))
    if len(session.calls) != calls or len(session.agents) != agents:
        raise AssertionError(f"{len(session.calls)} calls, {len(session.agents)} agents")
    return session


def agent_values(number: int) -> dict[str, Any]:
    return {
        "UniqueObjectID": agent_key(number),
        "PeripheralID": 5000,
        "AgentID": str(10000 + number),
        "AgentExtension": str(20000 + number),
        "AgentInstrument": str(20000 + number),
        "AgentState": 3,
        "StateDuration": 0,
        "SkillGroupNumber": 7,
        "EventReasonCode": 0,
    }


def dispatch(session: ThreadedSession, number: int, values: dict[str, Any]) -> None:
    session.dispatcher.dispatch(codec.Frame.from_bytes(codec.encode_frame(number, values)))


def run_code(dispatcher: Any, batch: list[Any], count: int) -> Code:
    return Code(
        "for one in batches:\n    run(one)",
        {
            "run": dispatcher.dispatch_batch,
            "batches": [batch[at : at + BATCH] for at in range(0, count, BATCH)],
        },
        events=count,
        statements=True,
    )


def check(session: ThreadedSession) -> None:
    """The session did what is measured: AssertionError else."""
    held = call_held().values
    call = session.object(key_of(0))
    if call is None or call.get_value("CallStatus") != held["CallStatus"]:
        raise AssertionError(f"the call was not kept: {call!r}")
    if call.get_value("ANI") != call_begin().values["ANI"]:
        raise AssertionError("the first event's fields are lost")


def rows() -> Iterator[Row]:
    """The rows that the gate checks."""
    event = call_held()
    for work, calls in (("objects/one", 1), ("objects/many", CALLS)):
        batch = frames(range(calls)) if calls > 1 else frames(range(1)) * BATCH
        count = len(batch) - len(batch) % BATCH
        session, bare = live(calls), Dispatcher()
        bare.add(Listener())
        session.add_listener(Listener())
        ours = run_code(session.dispatcher, batch, count)
        ours.function()()
        check(session)
        row = Row(event, work, "", ours, promised="bare dispatch", titles=TITLES)
        row.peers["bare dispatch"] = run_code(bare, batch, count)
        yield row
    yield find_row(event)


def find_row(event: Event) -> Row:
    """Look-up by key among many objects and among few."""
    many, few = live(CALLS, AGENTS), live(20, 10)
    # The same number of different keys in both, so that what the keys themselves cost is the same.
    wanted = [key_of(number) for number in range(20)] + [agent_key(n) for n in range(10)]

    def code(session: ThreadedSession) -> Code:
        names = {"find": session.object, "keys": wanted}
        source = "for key in keys:\n    find(key)"
        return Code(source, names, events=len(wanted), statements=True)

    row = Row(event, "find", "", code(many), promised="among 30", titles=TITLES)
    row.peers["among 30"] = code(few)
    return row


# --- memory ---------------------------------------------------------------------------------------


def child(what: str) -> dict[str, Any]:
    """Growth of this process; "events": a million of them, 10,000 calls stay; "site": what
    10,000 agents and 20,000 calls take."""
    codec.encode_frame(1, {})
    session = ThreadedSession()
    before = resident()
    if what == "site":
        session = live(CALLS, AGENTS)
        for frame in frames(range(CALLS)):
            session.dispatcher.dispatch(frame)
        seen = 2 * CALLS + AGENTS
    else:
        seen = stream(session)
    return {
        "what": what,
        "events": seen,
        "objects": len(session.calls) + len(session.agents),
        "growth_mib": round((peak() - before) / 2**20, 2),
        "growth_at_end_mib": round((resident() - before) / 2**20, 2),
    }


def stream(session: ThreadedSession) -> int:
    """A million events, as from a socket: 10,000 calls begin, are delivered and established (full
    events of three shapes), and are then held again and again; none ends."""
    begin, held = call_begin(), call_held()
    reader, writer, seen = codec.FrameReader(), codec.FrameWriter(), 0
    session.add_listener(Listener())
    per_call = EVENTS // RETAINED
    for number in range(RETAINED):
        key = {"UniqueObjectID": key_of(number)}
        full = {**begin.values, **key}
        for name, left_out in FULL:
            writer.write(event_id(name), {k: v for k, v in full.items() if k != left_out})
        for status in range(per_call - len(FULL)):
            writer.write(held.message_id, {**held.values, **key, "CallStatus": status})
        data = writer.take()
        for at in range(0, len(data), CHUNK):
            session.dispatcher.dispatch_batch(list(reader.feed(data[at : at + CHUNK])))
        seen += per_call
    return seen


def memory_of(what: str) -> dict[str, Any]:
    """child() in a fresh process."""
    command = [sys.executable, str(Path(__file__)), "--child", what]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)  # type: ignore[no-any-return]


def measure() -> dict[str, Any]:
    """Every number of the table."""
    found: dict[str, Any] = {"backend": codec.BACKEND, "rows": {}, "memory": {}}
    for row in rows():
        samples = interleaved({"ours": row.ours, **row.peers}, REPEATS)
        found["rows"][row.work] = {
            "title": row.title,
            "ns": round(median(samples["ours"]) * 1e9, 1),
            "peer": row.promised,
            "peer_ns": round(median(samples[row.promised]) * 1e9, 1),
            "ratio": round(ratio(samples["ours"], samples[row.promised]), 2),
        }
    for what in ("events", "site"):
        found["memory"][what] = memory_of(what)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--child", choices=["events", "site"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(child(given.child)))
        return
    found = measure()
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for row in found["rows"].values():
        print(
            f"{row['title']:46}{row['ns']:8.1f} ns  {row['ratio']:5.2f} x {row['peer']}"
            f" ({row['peer_ns']:.1f} ns)"
        )
    for one in found["memory"].values():
        print(
            f"{one['events']:,} events, {one['objects']:,} objects at the end:"
            f" grows by {one['growth_mib']} MiB"
        )


if __name__ == "__main__":
    main()
