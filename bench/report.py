"""From measured lines to a table: plain for the terminal, Markdown for docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
HEAD = ("work", "fastcil", "msgspec", "ratio", "promise", "met", "fastest peer", "its ratio")

Line = dict[str, Any]


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    nanoseconds = seconds * 1e9
    if nanoseconds < 10:
        return f"{nanoseconds:.2f} ns"
    return f"{nanoseconds:,.0f} ns" if nanoseconds < 99_950 else f"{nanoseconds / 1000:,.0f} µs"


def times(value: float | None) -> str:
    if value is None:
        return ""
    return (
        f"{value:,.0f} ×" if value >= 100 else f"{value:.3g} ×" if value >= 10 else f"{value:.2f} ×"
    )


def cells(line: Line) -> tuple[str, ...]:
    """One line of the table."""
    promise = line.get("promise")
    sign = "≤" if line.get("at_most") else "≥"
    unit = line.get("unit")
    met = line.get("met")
    return (
        line["work"],
        f"{line['ours']:.1f} {unit}" if unit else duration(line["ours"]),
        f"{line['peer']:.1f} {unit}"
        if unit and line.get("peer") is not None
        else duration(line.get("peer")),
        times(line.get("ratio")),
        "–" if promise is None else f"{sign} {promise:g} {unit or '×'}",
        "–" if met is None else "yes" if met else "NO",
        line.get("fastest", ""),
        times(line.get("fastest_ratio")),
    )


def groups(lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line["title"], []).append(line)
    return found


def align(table: Sequence[Sequence[str]]) -> list[str]:
    """Rows padded to columns; the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in table
    ]


def terminal(lines: Sequence[Line]) -> str:
    parts = []
    for title, found in groups(lines).items():
        parts += [title, *align([HEAD, *map(cells, found)]), ""]
    judged = [line for line in lines if line.get("met") is not None]
    missed = [f"{line['title']}: {line['work']}" for line in judged if not line["met"]]
    parts.append(f"promises met: {len(judged) - len(missed)} of {len(judged)}")
    parts += [f"  not met: {name}" for name in missed]
    return "\n".join(parts)


def markdown_rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|---{'|--:' * (len(head) - 1)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]


def promises(lines: Sequence[Line]) -> str:
    parts: list[str] = []
    for title, found in groups(lines).items():
        parts += [f"**{title}**", "", *markdown_rows(HEAD, map(cells, found))]
    return "\n".join(parts)


def every_peer(lines: Sequence[Line]) -> str:
    """How many times faster than each peer we are, row by row."""
    parts: list[str] = []
    for title, found in groups(line for line in lines if line.get("ratios")).items():
        names = list(dict.fromkeys(name for line in found for name in line["ratios"]))
        rows = (
            [line["work"], *(times(line["ratios"].get(name)) for name in names)] for line in found
        )
        parts += [f"**{title}**", "", *markdown_rows(["work", *names], rows)]
    return "\n".join(parts)


def limits(lines: Sequence[Line]) -> str:
    parts: list[str] = []
    for title, found in groups(lines).items():
        rows = ([line["what"], duration(line["seconds"])] for line in found)
        parts += [f"**{title}**", "", *markdown_rows(["", "per event"], rows)]
    return "\n".join(parts)


def sizes(lines: Sequence[Line]) -> str:
    """One column for each event."""
    titles = list(groups(lines))
    names = list(dict.fromkeys(line["name"] for line in lines))
    found = {(line["name"], line["title"]): f"{line['bytes']:,}" for line in lines}
    rows = ([name, *(found.get((name, title), "") for title in titles)] for name in names)
    return "\n".join(markdown_rows(["bytes of one event", *titles], rows))


def environment(facts: dict[str, str]) -> str:
    return "\n".join(markdown_rows(["", ""], ([name, value] for name, value in facts.items())))


def write_docs(result: dict[str, Any], path: Path = DOCS) -> None:
    """Puts the generated tables between their markers in docs/performance.md."""
    text = path.read_text()
    for name, table in {
        "environment": environment(result["environment"]),
        "promises": promises(result["lines"]),
        "peers": every_peer(result["lines"]),
        "limits": limits(result["limits"]),
        "sizes": sizes(result["sizes"]),
    }.items():
        begin, end = f"<!-- {name}: generated by bench/run.py -->", f"<!-- {name}: end -->"
        before, found, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not found or not ended:
            raise SystemExit(f"{path.name} has no markers {begin} … {end}")
        text = f"{before}{begin}\n\n{table}\n{end}{after}"
    path.write_text(text)
