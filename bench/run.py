"""All rows of the promises against all peers, in one process and one run: `make bench`.

Samples of all contenders are taken in turn (A B C A B C …) and ratios are medians of ratios of
neighbours, so that a machine that slows down for a while slows everybody.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import environment
import floor
import ged188
import loopback
import memory
import peers
import report
from events import FROM_FILE, Event, events
from rows import PROMISED_PEER, Row, load_floors, rows
from timing import interleaved, ratio

RESULTS = Path(__file__).with_name("results") / "latest.json"

Line = report.Line


def row_line(row: Row, repeats: int, floors: dict[str, Any]) -> Line:
    """One codec row, ours and every peer."""
    samples = interleaved({"": row.ours, **row.peers}, repeats)
    ours = samples.pop("")
    line: Line = {
        "key": row.key,
        "title": row.event.title,
        "work": row.title,
        "ours": median(ours),
        "seconds": {name: median(taken) for name, taken in samples.items()},
    }
    if len(samples) == 1 and row.promised != PROMISED_PEER:
        ceiling = floors["at_most"].get(row.key, {}).get("promise")
        at_most = row.key in floors["at_most"] or row.work.endswith("_per_byte")
        promise = ceiling if at_most else floors["ratios"].get(row.key, {}).get("promise")
        beside = samples[row.promised]
        found = ratio(ours, beside) if at_most else ratio(beside, ours)
        line.update(peer=median(beside), ratio=found, promise=promise, at_most=at_most)
        met = promise and (found <= promise if at_most else found >= promise)
        line.update(met=met)
        line["work"] += f" (beside it: {row.promised})"
        return line
    ratios = {name: ratio(taken, ours) for name, taken in samples.items()}
    fastest = min(ratios, key=lambda name: ratios[name])
    promise = floors["ratios"].get(row.key, {}).get("promise")
    line.update(
        peer=line["seconds"].get(PROMISED_PEER),
        ratio=ratios.get(PROMISED_PEER),
        ratios=ratios,
        fastest=fastest,
        fastest_ratio=ratios[fastest],
        promise=promise,
        met=None if promise is None else ratios[PROMISED_PEER] >= promise,
    )
    return line


def loopback_lines(event: Event, repeats: int, count: int, floors: dict[str, Any]) -> list[Line]:
    """The best program of each codec, and the same program on both, program by program."""
    found = loopback.measure(event, repeats, count=count)
    names = list(dict.fromkeys(name for name, _ in found))
    best = {name: loopback.best(found, name) for name in names}
    ours = best["fastcil"][1]
    ratios = {name: ratio(best[name][1], ours) for name in names if name != "fastcil"}
    fastest = min(ratios, key=lambda name: ratios[name])
    promise = floors["ratios"].get(f"{event.name}/loopback", {}).get("promise")
    lines: list[Line] = [
        {
            "key": f"{event.name}/loopback",
            "title": event.title,
            "work": f"loopback, best of each ({best['fastcil'][0]}; {best[PROMISED_PEER][0]})",
            "ours": median(ours),
            "peer": median(best[PROMISED_PEER][1]),
            "ratio": ratios[PROMISED_PEER],
            "ratios": ratios,
            "fastest": fastest,
            "fastest_ratio": ratios[fastest],
            "promise": promise,
            "met": None if promise is None else ratios[PROMISED_PEER] >= promise,
        }
    ]
    for transport in dict.fromkeys(transport for _, transport in found):
        samples = {name: found[name, transport] for name in names}
        mine = samples.pop("fastcil")
        each = {name: ratio(taken, mine) for name, taken in samples.items()}
        nearest = min(each, key=lambda name: each[name])
        lines.append(
            {
                "key": f"{event.name}/loopback/{transport}",
                "title": event.title,
                "work": f"loopback, {transport}",
                "ours": median(mine),
                "peer": median(samples[PROMISED_PEER]),
                "ratio": each[PROMISED_PEER],
                "ratios": each,
                "fastest": nearest,
                "fastest_ratio": each[nearest],
            }
        )
    return lines


def memory_line(event: Event, floors: dict[str, Any]) -> Line:
    ours, theirs = (memory.measure(name, event.name) for name in ("fastcil", PROMISED_PEER))
    promise = floors["memory"]["growth_mib"]["promise"]
    return {
        "key": f"{event.name}/memory",
        "title": event.title,
        "work": f"memory: growth over {ours['events']:,} events, {ours['retained']:,} kept",
        "ours": ours["growth_mib"],
        "peer": theirs["growth_mib"],
        "unit": "MiB",
        "promise": promise,
        "at_most": True,
        "met": ours["growth_mib"] < promise,
    }


def sizes() -> list[Line]:
    """Bytes of one event, without the framing that the peers need besides."""
    found: list[Line] = []
    for event in events():
        ours = loopback.message(event, "fastcil")
        found.append({"title": event.title, "name": "fastcil, whole frame", "bytes": len(ours)})
        for peer in peers.load(event):
            if "dict" in peer.sources:
                found.append({"title": event.title, "name": peer.name, "bytes": len(peer.data)})
    return found


def measure(repeats: int, say: Callable[[str], None], *, quick: bool = False) -> dict[str, Any]:
    """Everything, as one JSON document."""
    floors, lines = load_floors(), []
    for event in events():
        for row in rows(event):
            say(f"{event.title}: {row.title}")
            lines.append(row_line(row, repeats, floors))
        say(f"{event.title}: loopback")
        count = 100_000 if quick else 400_000 if event.name == "call_held" else 200_000
        lines += loopback_lines(event, 3 if quick else 7, count, floors)
        say(f"{event.title}: memory")
        lines.append(memory_line(event, floors))
    for row in ged188.rows():
        say(f"{row.event.title}: {row.title}")
        lines.append(row_line(row, repeats, floors))
    say("limits")
    return {
        "environment": environment.describe(),
        "repeats": repeats,
        "lines": lines,
        "limits": floor.measure(repeats),
        "sizes": sizes(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=21, help="samples of each contender (21)")
    parser.add_argument("--quick", action="store_true", help="few and short samples, to try things")
    parser.add_argument(
        "--docs", action="store_true", help="write the tables into docs/performance.md"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="the JSON file")
    parser.add_argument("--from-file", help="take the events from a recording (fastcil record)")
    given = parser.parse_args()
    if given.from_file:
        os.environ[FROM_FILE] = str(Path(given.from_file).resolve())
    result = measure(
        5 if given.quick else given.repeats,
        lambda text: print(f"… {text}", flush=True),
        quick=given.quick,
    )
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(result, indent=1) + "\n")
    print()
    for name, value in result["environment"].items():
        print(f"{name:12}{value}")
    print()
    print(report.terminal(result["lines"]))
    print()
    print("Limits (what each kind of work cannot go below here)")
    for title, found in report.groups(result["limits"]).items():
        print(title)
        for line in found:
            print(f"  {line['what']:44}{report.duration(line['seconds']):>14}")
    if given.docs:
        report.write_docs(result)


if __name__ == "__main__":
    main()
