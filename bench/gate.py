"""The gate of continuous integration: `make bench-gate`. Names every row that is too slow.

Ratios against the promised peer must stay above their floors (floors.json: the promise less a
margin for noise), memory below its bound, and instruction counts within a few per cent of the
committed record (instructions.json). A ratio below its floor is measured twice more and the best
of the three counts: noise only ever hides speed. `--record` writes a new record of instruction
counts, for a commit that says why they changed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import client
import environment
import ged188
import loopback
import memory
import site_costs
from callgrind.count import count
from events import events
from fastcil import codec
from rows import PROMISED_PEER, Row, load_floors, rows
from timing import interleaved, ratio

RECORD = Path(__file__).with_name("instructions.json")
REPEATS = 11
TRANSPORTS = (
    "blocking socket",
    "asyncio Protocol",
    "asyncio BufferedProtocol",
    "uvloop BufferedProtocol",
)
TOOLCHAIN = ("backend", "Python", "compiler", "Cython")


def best_of_three(measure: Callable[[], float], good: Callable[[float], bool], pick: Any) -> float:
    found = measure()
    for _ in range(2):
        if good(found):
            break
        found = pick(found, measure())
    return found


def report(name: str, ok: bool, text: str) -> Iterator[str]:
    print(f"{'ok  ' if ok else 'FAIL'}  {name:32} {text}", flush=True)
    if not ok:
        yield f"{name}: {text}"


def check_row(row: Row, floors: dict[str, Any]) -> Iterator[str]:
    """One ratio of the codec or the dispatcher."""
    if row.key in floors["at_most"]:
        limit = floors["at_most"][row.key]["ceiling"]

        def slower() -> float:
            samples = interleaved({"ours": row.ours, **row.peers}, REPEATS)
            return ratio(samples["ours"], samples[row.promised])

        found = best_of_three(slower, lambda value: value <= limit, min)
        yield from report(
            row.key, found <= limit, f"{found:.2f} x {row.promised}, at most {limit:g}"
        )
    elif row.key in floors["ratios"]:
        floor = floors["ratios"][row.key]["floor"]

        def faster() -> float:
            codes = {"ours": row.ours, "peer": row.peers[row.promised]}
            samples = interleaved(codes, REPEATS)
            return ratio(samples["peer"], samples["ours"])

        found = best_of_three(faster, lambda value: value >= floor, max)
        yield from report(
            row.key, found >= floor, f"{found:.2f} x {row.promised}, at least {floor:g}"
        )


def check_loopback(floors: dict[str, Any]) -> Iterator[str]:
    for event in events():
        name = f"{event.name}/loopback"
        floor = floors["ratios"][name]["floor"]

        def faster(event: Any = event) -> float:
            times = loopback.measure(
                event, 3, count=100_000, codecs=("fastcil", PROMISED_PEER), only=TRANSPORTS
            )
            return ratio(loopback.best(times, PROMISED_PEER)[1], loopback.best(times, "fastcil")[1])

        found = best_of_three(faster, lambda value, floor=floor: value >= floor, max)  # type: ignore[misc]
        yield from report(
            name, found >= floor, f"{found:.2f} x {PROMISED_PEER}, at least {floor:g}"
        )


def check_site(floors: dict[str, Any]) -> Iterator[str]:
    """What the event server of a site takes for a message, and for one more client."""

    async def measure() -> list[dict[str, Any]]:
        messages = await site_costs.record(200, 900.0)
        return [
            row
            for level in (1, 0)
            for row in await site_costs.costs(messages, level, 3, batches=(16,))
        ]

    rows = asyncio.run(measure())
    for _ in range(2):  # as best_of_three has it, for all of them
        limits = {what: floors["site"][what]["ceiling"] for what in ("message", "client")}
        if all(row[f"{what}_ratio"] <= limits[what] for row in rows for what in limits):
            break
        for row, again in zip(rows, asyncio.run(measure())):
            for what in limits:
                row[f"{what}_ratio"] = min(row[f"{what}_ratio"], again[f"{what}_ratio"])
    for row in rows:
        for what in limits:
            found = row[f"{what}_ratio"]
            text = f"{found:.2f} x msgspec, at most {limits[what]:g}"
            yield from report(f"site/{what}/{row['level']}", found <= limits[what], text)


def check_memory(floors: dict[str, Any]) -> Iterator[str]:
    limit = floors["memory"]["growth_mib"]["ceiling"]
    for event in events():
        found = memory.measure("fastcil", event.name)["growth_mib"]
        text = f"grows by {found:.1f} MiB, less than {limit} allowed"
        yield from report(f"{event.name}/memory", found < limit, text)
    for what, bound in (
        ("events", limit),
        ("site", floors["memory"]["client_site_mib"]["ceiling"]),
    ):
        found = client.memory_of(what)["growth_mib"]
        text = f"grows by {found:.1f} MiB, less than {bound} allowed"
        yield from report(f"client/{what}/memory", found < bound, text)


def toolchain() -> dict[str, str]:
    facts = environment.describe()
    return {name: facts[name] for name in TOOLCHAIN}


def check_instructions(floors: dict[str, Any]) -> Iterator[str]:
    """Counts against the record; a wider margin, said aloud, when the toolchain is another one."""
    if not RECORD.exists():
        yield from report(
            "instructions", False, "no record; make one with: python bench/gate.py --record"
        )
        return
    record = json.loads(RECORD.read_text())
    margin, here = floors["instructions"]["growth"], toolchain()
    others = [name for name in TOOLCHAIN if here[name] != record["toolchain"].get(name)]
    if others:
        margin = floors["instructions"]["growth_other_toolchain"]
        for name in others:
            print(f"note  {name} is {here[name]}, the record has {record['toolchain'].get(name)}")
        print(f"note  instruction counts are therefore gated at +{margin:.0%}")
    found = count()
    for name in record["instructions"].keys() - found.keys():
        yield from report(f"instructions {name}", False, "is in the record but was not counted")
    for name, now in found.items():
        before = record["instructions"].get(name)
        if before is None:
            text = "is not in the record; add it with: python bench/gate.py --record"
            yield from report(f"instructions {name}", False, text)
            continue
        growth = f"{now / before - 1:+.1%} against {before:,.0f} (limit +{margin:.0%})"
        text = f"{now:,.0f} instructions, {growth}"
        yield from report(f"instructions {name}", now <= before * (1 + margin), text)


def write_record() -> None:
    record = {
        "about": "instructions per call (bench/callgrind/count.py); a stream row is one chunk",
        "toolchain": toolchain(),
        "instructions": count(),
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    for name, number in record["instructions"].items():  # type: ignore[attr-defined]
        print(f"{name:32}{number:12,.1f}")


def checks(floors: dict[str, Any], *, ratios: bool, instructions: bool) -> Iterator[str]:
    if instructions:
        yield from check_instructions(floors)
    if ratios:
        seen = set()
        found = (rows(event, every_peer=False) for event in events())
        for row in chain(*found, ged188.rows(), client.rows()):
            seen.add(row.key)
            yield from check_row(row, floors)
        yield from check_loopback(floors)
        yield from check_site(floors)
        yield from check_memory(floors)
        promised = floors["ratios"].keys() | floors["at_most"].keys()
        for name in sorted(promised - seen):
            if not name.endswith("/loopback"):
                yield from report(name, False, "has a floor but was not measured")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--record", action="store_true", help="write instructions.json and check nothing"
    )
    parser.add_argument("--only", choices=["ratios", "instructions"], help="one half of the gate")
    given = parser.parse_args()
    if codec.BACKEND != "cython":
        sys.exit(f"the gate judges the cython backend; this is {codec.BACKEND}: run make build")
    try:
        if given.record:
            write_record()
            return
        failures = list(
            checks(
                load_floors(),
                ratios=given.only != "instructions",
                instructions=given.only != "ratios",
            )
        )
    except FileNotFoundError as error:
        sys.exit(str(error))
    if failures:
        sys.exit("\nbench-gate failed:\n" + "\n".join(f"  {line}" for line in failures))
    print("bench-gate passed")


if __name__ == "__main__":
    main()
