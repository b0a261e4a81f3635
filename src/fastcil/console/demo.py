"""The demo: a server in a second process, two monitor connections to it, and a live view."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.live import Live

from fastcil.cil import SessionError
from fastcil.console.feed import Feed
from fastcil.console.view import (
    WIDTH,
    Dashboard,
    duration,
    percentile,
    summary_rows,
    summary_table,
)

__all__ = ["DemoError", "run_demo"]

_HOST = "127.0.0.1"
_REFRESH = 0.1
_PROBE_MS = 5
_START_SECONDS = 20.0


class DemoError(Exception):
    """The server did not come up, in words."""


def run_demo(
    seconds: float = 10.0,
    agents: int = 200,
    rate: float = 2000.0,
    from_file: Path | str | None = None,
    svg: Path | str | None = None,
) -> int:
    """Show the stream for some seconds, then a table of it; the exit code, 1 without events.

    One connection has MinimizeEventArgs on, the other off. In plain text when the standard output
    is no terminal. svg: the last view is saved there as a picture.
    """
    options = ["--agents", str(agents), "--rate", f"{rate:g}"]
    what = f"{agents:,} agents"
    if from_file is not None:
        options += ["--from-file", str(from_file)]
        what = Path(from_file).name
    try:
        with _server(options) as port, contextlib.ExitStack() as stack:
            on = Feed(_HOST, port, 1, probe_ms=_PROBE_MS)
            stack.callback(on.close)
            off = Feed(_HOST, port, 0)
            stack.callback(off.close)
            title = f"a contact centre of {what}: one server process, two connections"
            if from_file is not None:
                title = f"recording {what}: one server process, two connections"
            dashboard = Dashboard(on, off, title, seconds)
            _watch(on, off, dashboard, seconds)
    except (DemoError, SessionError, OSError) as error:
        print(f"fastcil demo: {error}", file=sys.stderr)
        return 1
    return _finish(on, off, dashboard, svg)


@contextlib.contextmanager
def _server(options: list[str]) -> Iterator[int]:
    """The port of a server in a process of its own, which ends with the context."""
    command = [sys.executable, "-m", "fastcil", "serve", "--host", _HOST, "--port", "0", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield _port(process.stdout, errors)
        finally:
            process.terminate()
            try:
                process.wait(10.0)
            except subprocess.TimeoutExpired:
                process.kill()


def _port(output: IO[str], errors: IO[str]) -> int:
    """What the server announced; DemoError when it does not in time."""
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
    try:
        line = lines.get(timeout=_START_SECONDS).strip()
    except queue.Empty:
        raise DemoError(f"the server did not listen within {_START_SECONDS:g} seconds") from None
    number = line.rpartition(":")[2]
    if not line.startswith("listening on ") or not number.isdecimal():
        errors.seek(0)
        said = errors.read().strip().splitlines()
        raise DemoError(f"the server did not start: {said[-1] if said else line!r}")
    return int(number)


def _watch(on: Feed, off: Feed, dashboard: Dashboard, seconds: float) -> None:
    """Show the view until the time is over, the stream ends or somebody presses Ctrl-C."""
    console = Console()
    started = time.monotonic()
    terminal = console.is_terminal
    view: contextlib.AbstractContextManager[object] = (
        Live(dashboard, console=console, refresh_per_second=round(1 / _REFRESH), screen=False)
        if terminal
        else contextlib.nullcontext()
    )
    switch = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # drawing must not keep the readers waiting
    spoken = 0
    try:
        with view, contextlib.suppress(KeyboardInterrupt):
            while True:
                elapsed = min(time.monotonic() - started, seconds)
                dashboard.sample(elapsed)
                if not terminal and int(elapsed) > spoken:
                    spoken = int(elapsed)
                    print(_line(on, dashboard), flush=True)
                if elapsed >= seconds or not (on.running and off.running):
                    break
                time.sleep(min(_REFRESH, max(0.0, seconds - elapsed)))
            dashboard.average()
    finally:
        sys.setswitchinterval(switch)


def _line(feed: Feed, dashboard: Dashboard) -> str:
    """The view in one line of plain text."""
    seen = feed.seen
    p99 = duration(percentile(sorted(seen.recent), 0.99))
    states = ", ".join(f"{count} {name}" for name, count in seen.agents_by_state())
    return (
        f"{dashboard.elapsed:5.1f} s  {dashboard.events_per_second:7,.0f} events/s  "
        f"{seen.live_calls} live calls  latency p99 {p99}  agents: {states}"
    )


def _finish(on: Feed, off: Feed, dashboard: Dashboard, svg: Path | str | None) -> int:
    """The table of what was received, the picture, and the exit code."""
    console = Console()
    if console.is_terminal:
        console.print(summary_table(on.seen, off.seen))
    else:
        _print_plain(on, off, dashboard)
    if svg is not None:
        with Path(os.devnull).open("w") as nothing:
            canvas = Console(
                record=True,
                width=WIDTH,
                file=nothing,
                force_terminal=True,
                color_system="truecolor",
            )
            canvas.print(dashboard)
            canvas.save_svg(str(svg), title="fastcil demo")
        print(f"picture saved in {svg}")
    for feed in (on, off):
        if feed.error is not None:
            print(f"fastcil demo: {feed.error}", file=sys.stderr)
    if not on.seen.events or not off.seen.events:
        print("fastcil demo: no events were received", file=sys.stderr)
        return 1
    return 0


def _print_plain(on: Feed, off: Feed, dashboard: Dashboard) -> None:
    """The same table without lines and colours."""
    seen = on.seen
    print(f"\n{'event':32}{'count':>9}{'bytes, off':>12}{'bytes, on':>12}")
    for name, count, _, small, large in summary_rows(seen, off.seen):
        print(f"{name:32}{count:9,}{large:12,.0f}{small:12,.0f}")
    means = off.seen.bytes_per_event(), seen.bytes_per_event()
    print(f"{'all, and their mean size':32}{seen.events:9,}{means[0]:12,.0f}{means[1]:12,.0f}")
    found = sorted(seen.latencies)
    shares = ", ".join(
        f"p{share * 100:g} {duration(percentile(found, share))}" for share in (0.5, 0.9, 0.99)
    )
    print(
        f"\n{dashboard.events_per_second:,.0f} events/s; sizes with MinimizeEventArgs off and on, "
        f"whole frames\nlatency {shares}: from the server's outbox to the handler in this process, "
        f"by {len(found):,} probe events"
    )
