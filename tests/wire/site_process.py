"""Servers as processes over a simulated CTI Server, and what their clients know."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from test_server_stream import Client

import fastcil
from fastcil.cil import AsyncSession
from fastcil.codec import Frame
from fastcil.simulator import Simulator

SECONDS = 30.0
Picture = tuple[set[str], dict[str, int]]


async def eventually(same: Callable[[], Any], what: str = "", seconds: float = SECONDS) -> None:
    """Until same() is true."""

    async def wait() -> None:
        while not same():
            await asyncio.sleep(0.005)

    try:
        await asyncio.wait_for(wait(), seconds)
    except asyncio.TimeoutError:
        raise AssertionError(f"not within {seconds:g} s: {what}") from None


class Reachable(Protocol):
    """A server that has an address: host:port."""

    @property
    def address(self) -> str: ...


class Process:
    """A command of fastcil that listens."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.port = 0

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def text(self) -> str:
        """What it wrote to standard error so far."""
        return self.log.read_text()

    async def announced(self) -> None:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS)
        words = line.decode().split()
        assert words[:2] == ["listening", "on"], (line, self.text())
        self.port = int(words[2].rstrip(";,").rpartition(":")[2])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, seconds: float = SECONDS) -> int:
        """Its exit code."""
        assert self.process.stdout is not None
        code = await asyncio.wait_for(self.process.wait(), seconds)
        await self.process.stdout.read()
        return code


@contextlib.asynccontextmanager
async def running(log: Path, *arguments: object, wait: bool = True) -> AsyncIterator[Process]:
    """A command, from its announcement (with wait) on; killed at the end if it still runs."""
    with log.open("wb") as errors:
        process = Process(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "fastcil",
                *map(str, arguments),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            ),
            log,
        )
    try:
        if wait:
            await process.announced()
        yield process
    finally:
        if process.process.returncode is None:
            process.process.kill()
        await process.ended()


def serve(
    log: Path, simulator: Simulator, *more: object, wait: bool = True
) -> contextlib.AbstractAsyncContextManager[Process]:
    """fastcil serve over a simulator."""
    upstream = f"ctiserver://127.0.0.1:{simulator.port}"
    return running(log, "serve", "--port", 0, "--upstream", upstream, *more, wait=wait)


def truth(simulator: Simulator) -> Picture:
    """Connections by their keys and agents with their states."""
    calls = {
        f"call.{peripheral.id}.{call.id}.{connection.device_id}"
        for peripheral in simulator.site.peripherals.values()
        for call in peripheral.calls.values()
        for connection in call.connections
    }
    return calls, {agent.id: int(agent.state) for agent in simulator.site.agents()}


def picture(session: AsyncSession) -> Picture:
    """The same as a client knows it."""
    agents = {
        str(agent.get_value("AgentID")): int(agent.get_value("AgentState"))
        for agent in session.agents.values()
    }
    return set(session.calls), agents


async def agree(session: AsyncSession, simulator: Simulator, what: str = "") -> None:
    """Until a client's picture is the truth."""
    try:
        await eventually(lambda: picture(session) == truth(simulator), what)
    except AssertionError as error:
        (calls, agents), (real, states) = picture(session), truth(simulator)
        raise AssertionError(
            f"{error}: of {len(real)} missing {sorted(real - calls)}, too many "
            f"{sorted(calls - real)}, agents {sorted(agents.items() ^ states.items())}"
        ) from None


@contextlib.asynccontextmanager
async def monitoring(*servers: Reachable, **more: Any) -> AsyncIterator[AsyncSession]:
    """A client that monitors everything on the first server that takes it."""
    url = "ctios://" + ",".join(server.address for server in servers)
    settings = {"backoff_first": 0.02, "backoff_cap": 0.1, "timeout": SECONDS, **more}
    async with fastcil.connect(url, **settings) as session:
        await session.monitor("MessageID=*")
        yield session


async def until_end(client: Client) -> list[Frame]:
    """What a client still gets, up to the end of its connection."""
    frames: list[Frame] = []
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            frames.append(await client.frame())
    return frames


def run(test: Awaitable[None], seconds: float = 3 * SECONDS) -> None:
    async def main() -> None:
        await asyncio.wait_for(test, seconds)

    asyncio.run(main())
