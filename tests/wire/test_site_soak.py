"""Hours of a site in compressed time, with faults on both sides of the server.

A few seconds by default; FASTCIL_SOAK_SECONDS=600 makes it ten minutes of real time. Afterwards the
server's picture and the clients' are the simulator's truth, and nothing has grown.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import logging
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from site_process import agree, eventually, monitoring, picture, run, truth
from test_server_stream import Client

from fastcil.cil import AsyncSession
from fastcil.ged188 import Message
from fastcil.server.config import load_config
from fastcil.server.outbox import Limits
from fastcil.server.service import SiteService, link_settings
from fastcil.server.site import agents, calls
from fastcil.server.site.events import SiteEvent
from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions, WorkloadOptions

SOAK = float(os.environ.get("FASTCIL_SOAK_SECONDS", "6"))
pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 11), reason="the server needs Python 3.11"),
    pytest.mark.timeout(SOAK + 120),
]
AGENTS, CALLS_PER_HOUR = 40, 450.0
STEP = 20.0  # simulated seconds of a turn
GARBAGE = ("length", "runt", "type", "field", "random")
DROPS = ("close", "reset", "middle")


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Soak:
    """A site, its server, clients that keep up and clients that do not, and faults by chance."""

    def __init__(self, simulator: Simulator, service: SiteService, session: AsyncSession) -> None:
        self.simulator = simulator
        self.service = service
        self.session = session
        self.random = random.Random(7)
        self.slow: list[Client] = []
        self.faults: dict[str, int] = {}
        self.caused: set[tuple[str, str]] = set()
        """Messages and the events that they caused."""
        self._watch()

    def _watch(self) -> None:
        mapper = self.service.source.mapper
        take = mapper.take

        def watched(messages: list[Message], now: float) -> list[SiteEvent]:
            every: list[SiteEvent] = []
            for message in messages:
                found = take([message], now)
                self.caused.update((message.name, event.callback) for event in found)
                every += found
            return every

        mapper.take = watched  # type: ignore[method-assign]

    # -- what goes wrong ---------------------------------------------------------------------

    def _count(self, name: str) -> None:
        self.faults[name] = self.faults.get(name, 0) + 1

    async def fault(self) -> None:
        """One of the faults."""
        faults = self.simulator.faults
        kind = self.random.choice(("drop", "garbage", "hang", "delay", "slow", "gone", "nothing"))
        self._count(kind)
        if kind == "drop":
            faults.drop(how=self.random.choice(DROPS))
        elif kind == "garbage":
            faults.garbage(self.random.choice(GARBAGE))
        elif kind == "hang":
            faults.hang()
            self.simulator.advance(STEP)
            await asyncio.sleep(0)
            faults.resume()
        elif kind == "delay":
            faults.delay(self.random.choice((0.0, 0.02)))
        elif kind == "slow":
            client = Client(self.service.server.port, receive_buffer=4096)
            await client.open()
            await client.monitor(MinimizeEventArgs=0)
            self.slow.append(client)
        if len(self.slow) > (0 if kind == "gone" else 3):
            self.leave()

    def leave(self) -> None:
        """The client that has been slow for longest goes."""
        client = self.slow.pop(0)
        client.socket.close()
        Client.opened.remove(client)

    # -- time --------------------------------------------------------------------------------

    async def turn(self, wrong: bool = True) -> None:
        """Some simulated seconds, perhaps with a fault among them."""
        self.simulator.advance(STEP)
        if wrong and self.random.random() < 0.15:
            await self.fault()
        # As many turns of the loop as the site's messages need to pass through everything.
        for _ in range(20):
            await asyncio.sleep(0)

    async def until(self, seconds: float) -> float:
        """Turns for so many seconds of real time; the simulated seconds that passed."""
        before, end = self.simulator.site.clock.now, time.monotonic() + seconds
        while time.monotonic() < end:
            await self.turn()
        return self.simulator.site.clock.now - before

    async def quiet(self) -> None:
        """No more faults, and everybody who was slow is gone; then all pictures are the truth."""
        self.simulator.faults.resume()
        self.simulator.faults.delay(0.0)
        while self.slow:
            self.leave()
        await eventually(lambda: self.service.cti.known, "the link is back")
        # Calls that wait at no device are in no snapshot: an hour on they have been somewhere. And
        # pre-call events wait for their call for some seconds of real time.
        for _ in range(int(3600 / STEP)):
            await self.turn(wrong=False)
        await agree(self.session, self.simulator, f"after {self.faults}")
        assert self.own() == truth(self.simulator)
        await eventually(lambda: self.service.server.counts()["clients"] == 1, "clients are gone")
        self.service.source.give(self.service.source.mapper.collect(time.monotonic() + 60.0))

    def own(self) -> Any:
        """The server's picture."""
        objects = self.service.source.mapper.objects
        agents = {agent.agent_id: agent.state for agent in objects.agents.values()}
        return set(objects.calls), agents

    # -- what must not grow ------------------------------------------------------------------

    def sizes(self) -> dict[str, int]:
        """Everything that could, in the quiet."""
        service = self.service
        objects, server = service.source.mapper.objects, service.server
        calls = len(self.simulator.site.peripherals[5000].calls)
        return {
            # Conversations and devices are those of the calls that there are now.
            "conversations": len(objects.conversations) - calls,
            "empty devices": sum(not held for held in objects.at_device.values()),
            "agents": len(objects.agents),
            "seats": max(0, len(objects.agent_at) - len(objects.agents)),
            "queued bytes": server.queued_bytes,
            "clients": server.counts()["clients"],
            "pre-calls": len(service.source.mapper.calls.precalls),
            "tasks": len(asyncio.all_tasks()),
            "unmapped": len(service.source.mapper.unmapped),
        }


class Address:
    """A server in this process, as monitoring() wants one."""

    def __init__(self, service: SiteService) -> None:
        self.address = f"127.0.0.1:{service.server.port}"


def test_hours_of_faults(caplog: pytest.LogCaptureFixture) -> None:
    # Thousands of complaints about garbage, which pytest would keep until the end.
    caplog.set_level(logging.CRITICAL, logger="fastcil")

    async def test() -> None:
        options = SimulatorOptions(
            site=SiteOptions(agents=AGENTS, seed=5),
            workload=WorkloadOptions(calls_per_hour=CALLS_PER_HOUR),
        )
        async with Simulator(options) as simulator:
            config = load_config("")
            settings = link_settings(config, f"ctiserver://127.0.0.1:{simulator.port}")
            # Reconnecting and waiting for what is lost take simulated minutes otherwise.
            settings = dataclasses.replace(settings, backoff=(0.05,), request_timeout=2.0)
            limits = Limits(max_bytes=1 << 20, max_frames=2000, lag_seconds=1.0)
            async with (
                SiteService(config, settings, port=0, limits=limits) as service,
                monitoring(Address(service)) as session,
            ):
                await soak(Soak(simulator, service, session))

    run(test(), SOAK + 100.0)


async def soak(found: Soak) -> None:
    await found.until(SOAK / 3)
    await found.quiet()
    gc.collect()
    sizes, before = found.sizes(), memory()
    simulated = await found.until(2 * SOAK / 3)
    await found.quiet()
    gc.collect()
    after = found.sizes()
    assert simulated > 3600.0
    assert found.faults
    for name, size in after.items():
        assert size <= sizes[name] + (2 if name in ("tasks", "conversations") else 0), (name, after)
    grown = memory() - before
    assert grown < 16 << 20, f"{grown >> 20} MiB more after {simulated:.0f} simulated seconds"
    assert picture(found.session) == truth(found.simulator)
    documented = {**calls.CALLBACKS, **agents.CALLBACKS}  # what docs/events.md is made of
    assert len(found.caused) > 20
    assert {one for one in found.caused if one[1] not in documented[one[0]]} == set()
    counts = found.service.server.counts()
    assert counts["events_unencodable"] == counts["requests_failed"] == 0
    print(f"\n{simulated / 3600:.1f} simulated hours, {found.faults}, {grown >> 10} KiB more")
