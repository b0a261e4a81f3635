"""The demo's picture: a live dashboard and the table at the end (rich)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fastcil.catalog import EVENTS_BY_ID
from fastcil.console.feed import Feed, Seen

__all__ = ["Dashboard", "percentile", "summary_rows", "summary_table"]

WIDTH = 100
_SPARKS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_STATE_COLOURS = {
    "Available": "green",
    "Talking": "cyan",
    "Hold": "yellow",
    "WorkReady": "blue",
    "WorkNotReady": "blue",
    "Reserved": "magenta",
    "NotReady": "red",
}
_MICROSECONDS = 1000.0


def percentile(values: Sequence[int], share: float) -> float:
    """The value below which `share` of the sorted values lie (nearest rank); 0 without values."""
    if not values:
        return 0.0
    return float(values[min(len(values) - 1, int(share * len(values)))])


def bar(value: float, most: float, width: int) -> str:
    """A horizontal bar of `width` cells at most, exact to an eighth of a cell."""
    eighths = round(8 * width * min(1.0, value / most)) if most > 0 else 0
    text = "█" * (eighths // 8)
    return text + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def sparkline(values: Sequence[float]) -> str:
    """One character for each value, as high as it is beside the highest."""
    most = max(values, default=0.0)
    if most <= 0:
        return ""
    return "".join(_SPARKS[max(1, round(8 * value / most))] for value in values)


def duration(nanoseconds: float) -> str:
    """A latency with a unit that fits."""
    found = nanoseconds / _MICROSECONDS
    return f"{found:,.0f} µs" if found < 1000 else f"{found / 1000:,.1f} ms"


class Dashboard:
    """Draws what two connections have seen; sample() is called at each refresh."""

    def __init__(self, on: Feed, off: Feed, title: str, seconds: float) -> None:
        self._on = on
        self._off = off
        self._title = title
        self._seconds = seconds
        self._samples: deque[tuple[float, int, int, int]] = deque(maxlen=12)
        self._rates: deque[float] = deque(maxlen=24)
        self.elapsed = 0.0
        self.events_per_second = 0.0
        self._bytes_per_second = (0.0, 0.0)

    def sample(self, elapsed: float) -> None:
        """Take the counts of this moment: rates are those of about the last second."""
        on, off = self._on.seen, self._off.seen
        self.elapsed = elapsed
        self._samples.append((elapsed, on.events, on.bytes, off.bytes))
        then = self._samples[0]
        passed = elapsed - then[0]
        if passed > 0:
            self.events_per_second = (on.events - then[1]) / passed
            self._bytes_per_second = ((on.bytes - then[2]) / passed, (off.bytes - then[3]) / passed)
            self._rates.append(self.events_per_second)

    def average(self) -> None:
        """Show the rates of the whole run from now on, for the picture that stays."""
        if self.elapsed > 0:
            on, off = self._on.seen, self._off.seen
            self.events_per_second = on.events / self.elapsed
            self._bytes_per_second = (on.bytes / self.elapsed, off.bytes / self.elapsed)

    def __rich__(self) -> RenderableType:
        upper = Table.grid(expand=True)
        upper.add_column(ratio=1)
        upper.add_column(ratio=1)
        upper.add_row(self._stream(), self._agents())
        content = Group(self._progress(), upper, self._sizes(), self._note())
        return Panel(
            content,
            title=Text.assemble((" fastcil ", "bold white on blue"), f"  {self._title} "),
            title_align="left",
            border_style="blue",
            padding=(0, 1),
            width=WIDTH,
        )

    def _progress(self) -> RenderableType:
        share = min(1.0, self.elapsed / self._seconds) if self._seconds else 1.0
        width = WIDTH - 22
        done = round(width * share)
        return Text.assemble(
            ("━" * done, "blue"),
            ("━" * (width - done), "grey30"),
            f"  {self.elapsed:4.1f} of {self._seconds:g} s",
        )

    def _stream(self) -> RenderableType:
        seen = self._on.seen
        rows = Table.grid(padding=(0, 2))
        rows.add_column(style="grey70", min_width=15)
        rows.add_column()
        rows.add_row(
            "events/second",
            Text(f"{self.events_per_second:,.0f}", style="bold green"),
        )
        rows.add_row("", Text(sparkline(list(self._rates)), style="green"))
        rows.add_row("events", f"{seen.events:,}")
        rows.add_row("live calls", Text(f"{seen.live_calls:,}", style="bold cyan"))
        found = sorted(seen.recent)
        for share in (0.5, 0.9, 0.99):
            value = duration(percentile(found, share))
            rows.add_row(f"latency p{share * 100:g}", Text(value, style="bold yellow"))
        if seen.missed or self._off.seen.missed:
            missed = f"{seen.missed:,} and {self._off.seen.missed:,}"
            rows.add_row("left out", Text(missed, style="bold red"))
        return _box("Stream", rows)

    def _agents(self) -> RenderableType:
        states = self._on.seen.agents_by_state()
        most = max((count for _, count in states), default=0)
        rows = Table.grid(padding=(0, 1))
        rows.add_column(style="grey70", min_width=12)
        rows.add_column(justify="right", min_width=5)
        rows.add_column(width=20)
        for name, count in states:
            colour = _STATE_COLOURS.get(name, "grey62")
            rows.add_row(name, f"{count:,}", Text(bar(count, most, 20), style=colour))
        for _ in range(len(states), 7):
            rows.add_row("", "", "")
        return _box("Agents by state", rows)

    def _sizes(self) -> RenderableType:
        on, off = self._on.seen.bytes_per_event(), self._off.seen.bytes_per_event()
        most = max(on, off)
        rows = Table.grid(padding=(0, 1))
        rows.add_column(style="grey70", min_width=21)
        rows.add_column(justify="right", min_width=7)
        rows.add_column(width=38)
        rows.add_column(justify="right", min_width=12)
        for name, value, rate, colour in (
            ("MinimizeEventArgs off", off, self._bytes_per_second[1], "red"),
            ("MinimizeEventArgs on", on, self._bytes_per_second[0], "green"),
        ):
            rows.add_row(
                name,
                Text(f"{value:,.0f} B", style="bold"),
                Text(bar(value, most, 38), style=colour),
                f"{rate / 1000:,.0f} kB/s",
            )
        saved = f"Bytes per event: {1 - on / off:.0%} less when on" if off else "Bytes per event"
        return _box(saved, rows)

    @staticmethod
    def _note() -> RenderableType:
        return Text(
            "latency: from the server's outbox to the handler in this process, by probe events\n"
            "in the stream; both processes read the same monotonic clock of this machine",
            style="grey58",
            justify="center",
        )


def _box(title: str, content: RenderableType) -> RenderableType:
    return Panel(content, title=title, title_align="left", border_style="grey42", padding=(0, 1))


def summary_rows(on: Seen, off: Seen) -> list[tuple[str, int, int, float, float]]:
    """(event, count on, count off, bytes per event on, off), the most frequent first."""
    rows = []
    for number in sorted({*on.count_of, *off.count_of}, key=lambda one: (-on.count_of[one], one)):
        found = EVENTS_BY_ID.get(number)
        rows.append(
            (
                found.callback if found is not None else f"{number:#x}",
                on.count_of[number],
                off.count_of[number],
                on.bytes_of[number] / max(1, on.count_of[number]),
                off.bytes_of[number] / max(1, off.count_of[number]),
            )
        )
    return rows


def summary_table(on: Seen, off: Seen) -> RenderableType:
    """What was received, as a table."""
    table = Table(width=WIDTH, border_style="grey42", header_style="bold")
    table.add_column("Event received", no_wrap=True, ratio=1)
    table.add_column("count", justify="right")
    table.add_column("bytes, off", justify="right")
    table.add_column("bytes, on", justify="right")
    table.add_column("on / off", justify="right")
    for name, count, _, small, large in summary_rows(on, off):
        share = f"{small / large:.0%}" if large else ""
        table.add_row(name, f"{count:,}", f"{large:,.0f}", f"{small:,.0f}", share)
    table.add_section()
    table.add_row(
        Text("all, and their mean size", style="bold"),
        f"{on.events:,}",
        f"{off.bytes_per_event():,.0f}",
        f"{on.bytes_per_event():,.0f}",
        f"{on.bytes_per_event() / (off.bytes_per_event() or 1.0):.0%}",
    )
    return table
