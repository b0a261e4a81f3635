"""A server as a process: until it is told to stop or its recording ends."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any, Callable

from fastcil.recording import RecordingReader
from fastcil.server.server import EventServer
from fastcil.server.source import ContactCentreSource, EventSource, RecordingSource

__all__ = ["run_server"]


def run_server(
    host: str,
    port: int,
    *,
    agents: int = 50,
    rate: float = 100.0,
    seed: int = 1,
    minimize: bool | int = True,
    recording: Path | str | None = None,
    speed: float = 1.0,
    announce: Callable[[str], Any] = print,
) -> int:
    """Serve a generated contact centre, or a recording, until SIGTERM or SIGINT; the exit code.

    rate: events per second of the contact centre, 0 for as fast as the clients take them.
    speed: of a recording, 1 for its own timing, 0 for as fast as the clients take it; the server
    stops at its end. Announces "listening on host:port" when it serves.
    """
    if recording is not None:
        with RecordingReader(recording) as reader:
            return _run(RecordingSource(reader, speed), host, port, minimize, announce)
    from fastcil.workload import ContactCentre

    source = ContactCentreSource(ContactCentre(agents=agents, seed=seed), rate)
    return _run(source, host, port, minimize, announce)


def _run(
    source: EventSource, host: str, port: int, minimize: bool | int, announce: Callable[[str], Any]
) -> int:
    async def serve() -> None:
        server = EventServer(source, host=host, port=port, minimize=minimize)
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await server.start()
        announce(f"listening on {host}:{server.port}")
        waits = [
            loop.create_task(stop.wait()),
            loop.create_task(server.wait_finished()),
        ]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in waits:
                task.cancel()
            await server.stop()

    asyncio.run(serve())
    return 0
