"""Servers on one simulated CTI Server that start one after the other, and how they differ."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from site_process import eventually
from test_server_stream import SECONDS, Client

from fastcil.catalog import event_id
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame
from fastcil.server.config import load_config
from fastcil.server.service import SiteService, link_settings
from fastcil.server.site.events import SiteEvent
from fastcil.simulator import (
    LinkOptions,
    Simulator,
    SimulatorOptions,
    SiteOptions,
    WorkloadOptions,
)

__all__ = ["Pair", "Server", "between", "run", "told"]

_NOTHING = (None, "", 0, {})
Differences = dict[str, tuple[Any, Any]]


class Server:
    """A server, and what it publishes while somebody listens."""

    def __init__(self, service: SiteService) -> None:
        self.service = service
        self.source = service.source
        self.objects = service.source.mapper.objects
        self.published: list[tuple[str, str, dict[str, Any]]] | None = None
        one, many = self.source.publish, self.source.publish_all
        assert one is not None
        assert many is not None

        def publish(event: Any) -> None:
            self._keep([event])
            one(event)

        def publish_all(events: list[Any]) -> None:
            self._keep(events)
            many(events)

        self.source.publish, self.source.publish_all = publish, publish_all

    def _keep(self, events: list[SiteEvent]) -> None:
        if self.published is not None:
            found = [(e.callback, e.object_id, dict(e.complete)) for e in events]
            self.published += found

    def picture(self) -> tuple[set[str], dict[str, int]]:
        """Calls, and agents with their states."""
        return set(self.objects.calls), {k: a.state for k, a in self.objects.agents.items()}

    async def joined(self) -> list[Frame]:
        """What a client that joins in monitor mode is told."""
        client = await self.client()
        return await client.monitor()

    async def client(self) -> Client:
        found = Client(self.service.server.port)
        await found.open()
        return found

    async def agent_mode(self, agent_id: str) -> list[Frame]:
        """What a client is told that goes into the agent mode of an agent."""
        client = await self.client()
        await client.request(RequestID.SET_AGENT, AgentID=agent_id, PeripheralID=5000)
        number = event_id("OnCTIOSFailure")
        return await client.until(lambda frame: frame.message_id == number)


class Pair:
    """The simulated CTI Server and the servers on it."""

    def __init__(self, simulator: Simulator, stack: contextlib.AsyncExitStack) -> None:
        self.simulator = simulator
        self.servers: list[Server] = []
        self._stack = stack

    async def start(self) -> Server:
        """One more server."""
        # No arguments are left out of what clients are told.
        config = load_config("[Server.CallObject]\nMinimizeEventArgs = 0\n")
        settings = link_settings(config, f"ctiserver://127.0.0.1:{self.simulator.port}")
        service = SiteService(config, settings, port=0)
        found = Server(await self._stack.enter_async_context(service))
        self.servers.append(found)
        return found

    def truth(self) -> tuple[set[str], dict[str, int]]:
        site = self.simulator.site
        calls = {
            f"call.{p.id}.{call.id}.{connection.device_id}"
            for p in site.peripherals.values()
            for call in p.calls.values()
            for connection in call.connections
        }
        agents = {f"agent.{a.peripheral_id}.{a.id}": int(a.state) for a in site.agents()}
        return calls, agents

    async def settled(self) -> None:
        """Until every server has the truth."""
        for server in self.servers:
            await eventually(lambda server=server: server.picture() == self.truth())
        for server in self.servers:
            snapshots = server.source.snapshots
            await eventually(lambda snapshots=snapshots: not snapshots.missed)

    async def advance(self, seconds: float, step: float = 10.0) -> None:
        """Let simulated time pass, what it causes being taken in meanwhile."""
        left = seconds
        while left > 0:
            self.simulator.advance(min(step, left))
            left -= step
            await self.settled()


def run(
    test: Callable[[Pair], Awaitable[None]],
    calls_per_hour: float = 900.0,
    agents: int = 40,
    seed: int = 3,
    version: int = 25,
    **site: Any,
) -> None:
    async def main() -> None:
        options = SimulatorOptions(
            site=SiteOptions(agents=agents, seed=seed, **site),
            workload=WorkloadOptions(calls_per_hour=calls_per_hour),
            link=LinkOptions(protocol_version=version),
            speed=0.0,
        )
        async with contextlib.AsyncExitStack() as stack:
            simulator = await stack.enter_async_context(Simulator(options))
            try:
                await asyncio.wait_for(test(Pair(simulator, stack)), 4 * SECONDS)
            finally:
                while Client.opened:
                    Client.opened.pop().socket.close()

    asyncio.run(main())


def between(early: dict[str, Any], late: dict[str, Any], allowed: Mapping[str, str]) -> Differences:
    """By keyword what differs and is not allowed to."""
    return {
        name: (early.get(name), late.get(name))
        for name in sorted(set(early) | set(late))
        if name not in allowed
        and early.get(name) != late.get(name)
        and not (early.get(name) in _NOTHING and late.get(name) in _NOTHING)
    }


def told(frames: list[Frame]) -> dict[tuple[int, str], dict[str, Any]]:
    """By number and object the arguments of events."""
    return {
        (frame.message_id, frame.arguments.get_string("UniqueObjectID", "")): (
            frame.arguments.to_dict()
        )
        for frame in frames
    }
