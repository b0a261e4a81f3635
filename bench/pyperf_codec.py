"""Publishable numbers for the codec, by pyperf: many processes, calibrated, with the spread.

    python -m pyperf system tune                       # once, as root
    python bench/pyperf_codec.py -o codec.json
    python -m pyperf stats codec.json
    python bench/pyperf_codec.py --only call_held/read3 --inherit-environ PYTHONPATH

Names are event/work/variant/contender; times are per event.
"""

from __future__ import annotations

import argparse
from typing import Any

import pyperf

from events import events
from rows import rows
from timing import Code


def forward_only(command: list[str], given: argparse.Namespace) -> None:
    if given.only:
        command.extend(("--only", given.only))


def add(runner: Any, name: str, code: Code) -> None:
    runner.bench_time_func(name, code.loop(), inner_loops=code.events)


def main() -> None:
    runner = pyperf.Runner(add_cmdline_args=forward_only)
    runner.argparser.add_argument("--only", default="", help="rows whose name begins so")
    given = runner.parse_args()
    for event in events():
        for row in rows(event):
            if row.key.startswith(given.only):
                add(runner, f"{row.key}/fastcil", row.ours)
                for who, code in row.peers.items():
                    add(runner, f"{row.key}/{who}", code)


if __name__ == "__main__":
    main()
