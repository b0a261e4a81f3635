"""What the tests of the asyncio link share: running, waiting for events, short settings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Callable, TypeVar

from ged_peer import SECONDS, GedPeer

from fastcil.ged188.link import CtiLink, EventStream, LinkSettings, MessageReceived

T = TypeVar("T")


def run(work: Awaitable[T]) -> T:
    """Runs a test's coroutine, within a limit."""

    async def limited() -> T:
        return await asyncio.wait_for(work, SECONDS)

    return asyncio.run(limited())


async def scripted(script: Callable[..., T], *values: Any) -> T:
    """Runs the server's part on a thread."""
    return await asyncio.get_running_loop().run_in_executor(None, script, *values)


def settings(*peers: GedPeer | int, **more: Any) -> LinkSettings:
    """Short waits between attempts, no heartbeats."""
    ports = tuple(one if isinstance(one, int) else one.port for one in peers)
    values: dict[str, Any] = {
        "sides": tuple(("127.0.0.1", port) for port in ports),
        "client_id": "wire",
        "heartbeat_interval": None,
        "backoff": (0.01,),
        "expected_clients": 0,
        "stable_after": 0.0,
    }
    return LinkSettings(**{**values, **more})


async def until(stream: EventStream, kind: type[T]) -> T:
    """The next event of a kind."""
    async for event in stream:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"the stream ended without {kind.__name__}")


async def texts(stream: EventStream, count: int) -> list[str]:
    """The texts of the next messages."""
    return [(await until(stream, MessageReceived)).message["Text"] for _ in range(count)]


async def leave(link: CtiLink, *servers: Any) -> None:
    """Closes in good order."""
    closing = asyncio.ensure_future(link.close())
    for server in servers:
        await scripted(server.take_leave)
    await closing
