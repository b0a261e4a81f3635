"""What the two grids share: their options, and a table that draws itself again and again."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table

Rows = Iterable[Sequence[str]]


def options(description: str | None) -> argparse.Namespace:
    """The command line of a grid."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", default="ctios://127.0.0.1:42028")
    parser.add_argument("--seconds", type=float, default=0.0, help="0: until Ctrl-C")
    parser.add_argument("--plain", action="store_true", help="print the table once, at the end")
    return parser.parse_args()


def show(
    title: str, heads: Sequence[str], rows: Callable[[], Rows], given: argparse.Namespace
) -> None:
    """Draw the rows four times a second until the time is over."""

    def table() -> Table:
        found = Table(title=title)
        for head in heads:
            found.add_column(head)
        for row in rows():
            found.add_row(*row)
        return found

    end = time.monotonic() + given.seconds if given.seconds else float("inf")
    console = Console()
    try:
        if given.plain:
            time.sleep(max(0.0, end - time.monotonic()))
            console.print(table())
            return
        with Live(table(), console=console, refresh_per_second=4) as live:
            while time.monotonic() < end:
                time.sleep(0.25)
                live.update(table())
    except KeyboardInterrupt:
        pass
