"""What the two grids share: their options, and a table that is drawn again and again."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import starting
from rich.console import Console
from rich.live import Live
from rich.table import Table

Rows = Iterable[Sequence[str]]
STEP = 0.25
"""Seconds between two frames."""


def options(description: str | None) -> argparse.Namespace:
    """The command line of a grid."""
    parser = starting.parser(description)
    parser.add_argument("--seconds", type=float, default=0.0, help="0: until Ctrl-C")
    parser.add_argument("--plain", action="store_true", help="print the table once, at the end")
    return parser.parse_args()


def frames(
    title: str, heads: Sequence[str], rows: Callable[[], Rows], given: argparse.Namespace
) -> Iterator[None]:
    """Draws the rows once at each step until the time is over; close() leaves the screen tidy."""

    def table() -> Table:
        found = Table(title=title)
        for head in heads:
            found.add_column(head)
        for row in rows():
            found.add_row(*row)
        return found

    end = time.monotonic() + given.seconds if given.seconds else float("inf")
    if given.plain:
        while time.monotonic() < end:
            yield
        Console().print(table())
        return
    with Live(table(), auto_refresh=False) as live:
        while time.monotonic() < end:
            live.update(table(), refresh=True)
            yield
