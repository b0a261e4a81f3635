"""Publishable numbers for events over TCP, by pyperf.

    python bench/pyperf_loopback.py -o loopback.json

Names are event/loopback/transport/contender; times are per event.
"""

from __future__ import annotations

import argparse

import pyperf

import loopback
import receivers
from events import Event, events

BATCH = 20_000


def add(runner: pyperf.Runner, event: Event, transport: str, who: str) -> None:
    data, run = loopback.message(event, who), receivers.transports()[transport]

    def seconds(loops: int) -> float:
        """pyperf wants the time of `loops` runs; one run here is BATCH events."""
        return loopback.once(data, loops * BATCH, run, receivers.SINKS[who]()) * loops * BATCH

    runner.bench_time_func(f"{event.name}/loopback/{transport}/{who}", seconds, inner_loops=BATCH)


def forward_only(command: list[str], given: argparse.Namespace) -> None:
    if given.only:
        command.extend(("--only", given.only))


def main() -> None:
    runner = pyperf.Runner(add_cmdline_args=forward_only)
    runner.argparser.add_argument("--only", default="", help="names that begin so")
    given = runner.parse_args()
    for event in events():
        for transport in receivers.transports():
            for who in receivers.SINKS:
                if f"{event.name}/loopback/{transport}/{who}".startswith(given.only):
                    add(runner, event, transport, who)


if __name__ == "__main__":
    main()
