"""A whole simulated CTI Server: site, engines, workload, sessions, sockets."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastcil.simulator.actions import Actions
from fastcil.simulator.agent_control import SiteControl
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.build import SiteOptions, build_site
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.configuration import Configuration
from fastcil.simulator.faults import Faults
from fastcil.simulator.hub import Hub
from fastcil.simulator.options import LinkOptions
from fastcil.simulator.routing import Router, Workload, WorkloadOptions
from fastcil.simulator.scenario import Scenario, ScenarioRun, load_scenario
from fastcil.simulator.server import LinkServer
from fastcil.simulator.statistics import Statistics

__all__ = ["Simulator", "SimulatorOptions"]

_log = logging.getLogger("fastcil.simulator")

_TURN_SECONDS = 0.01
"""How often the simulated clock follows the real one."""
_WORK_SECONDS = 0.02
"""How long simulating may keep the event loop from its sockets at a time."""
_BEHIND_SECONDS = 1.0
"""Real time that the simulated clock makes up for when simulating took longer than it should."""


@dataclass(frozen=True)
class SimulatorOptions:
    """What a simulator is started with.

    speed: simulated seconds per real second; 0: time moves by advance() only. port: of side A;
    standby_port: of side B, None for a server without one; 0 lets the system choose. seed: of
    everything that happens by chance; it takes the place of site.seed. send_buffer: of each
    socket, in bytes, None for the system's choice.
    """

    site: SiteOptions = field(default_factory=SiteOptions)
    link: LinkOptions = field(default_factory=LinkOptions)
    workload: WorkloadOptions = field(default_factory=WorkloadOptions)
    host: str = "127.0.0.1"
    port: int = 0
    standby_port: int | None = None
    speed: float = 0.0
    seed: int | None = None
    send_buffer: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.speed < float("inf"):
            raise ValueError(f"speed is 0 or more, got {self.speed}")


def _applied(options: SimulatorOptions, scenario: Scenario | None) -> SimulatorOptions:
    """The options with what the scenario says in their place."""
    site = options.site
    if options.seed is not None:
        site = dataclasses.replace(site, seed=options.seed)
    link, workload = options.link, options.workload
    if scenario is not None:
        site = dataclasses.replace(site, **scenario.site)
        link = dataclasses.replace(link, **scenario.server)
        workload = dataclasses.replace(workload, **scenario.workload)
    return dataclasses.replace(options, site=site, link=link, workload=workload)


class Simulator:
    """A simulated site behind a CTI Server.

    Without sockets: make one, begin(), advance(seconds). With them: `async with Simulator(options)
    as simulator:` listens on simulator.port (and standby_port) until the block is left. The truth
    is in site, statistics and counts(); faults orders faults; actions does what agents do.

    scenario: a checked one, or the path of one. Its options take precedence.
    Raises ScenarioError, ValueError for options that do not go together.
    """

    def __init__(
        self,
        options: SimulatorOptions | None = None,
        scenario: Scenario | Path | str | None = None,
    ) -> None:
        if isinstance(scenario, (str, Path)):
            scenario = load_scenario(scenario)
        self.options = _applied(options or SimulatorOptions(), scenario)
        self.site = build_site(self.options.site)
        self.statistics = Statistics(self.site)
        self.agents = AgentEngine(self.site, self.statistics)
        self.calls = CallEngine(self.site, self.agents, self.statistics)
        self.control = SiteControl(self.site, self.agents)
        self.control.on_offline.append(self.calls.end_peripheral)
        self.control.on_out_of_service.append(self.calls.end_device)
        self.router = Router(self.site, self.calls, self.agents)
        self.workload = Workload(self.site, self.calls, self.agents, self.options.workload)
        self.hub = Hub(
            self.site,
            self.calls,
            self.agents,
            self.statistics,
            self.options.link,
            standby=self.options.standby_port is not None,
        )
        self.faults = Faults(self.hub, self.options.site.seed)
        self.actions = Actions(self)
        self.configuration = Configuration(self.site, self.agents)
        self.scenario = None if scenario is None else ScenarioRun(scenario, self)
        self.server: LinkServer | None = None
        self._driver: asyncio.Task[None] | None = None
        self._begun = False

    # -- time --------------------------------------------------------------------------------

    def begin(self) -> None:
        """Agents come to work and the scenario starts; start() does it too, once."""
        if self._begun:
            return
        self._begun = True
        self.control.start_half_hours()
        if self.options.workload.calls_per_hour:
            self.workload.start(self.router)
        if self.scenario is not None:
            self.scenario.start()
        self.advance(0.0)

    def advance(self, seconds: float) -> int:
        """Let so many simulated seconds pass; returns how many planned actions ran."""
        if seconds < 0:
            raise ValueError(f"seconds is 0 or more, got {seconds}")
        ran = self.site.clock.advance(self.site.clock.now + seconds)
        self.hub.settle()
        return ran

    def pass_idle(self, seconds: float) -> None:
        """As if so many seconds of real time had passed on the link without a byte: time-outs."""
        assert self.server is not None, "there is no link"
        self.server.offset += seconds
        self.hub.tick(self.server.now())

    # -- the link ----------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Where side A listens: after start() the port that the system chose, if it was 0."""
        return self.options.port if self.server is None else self.server.ports["A"]

    @property
    def standby_port(self) -> int | None:
        """Where side B listens, None without one."""
        if self.server is None:
            return self.options.standby_port
        return self.server.ports.get("B")

    async def start(self) -> None:
        """Listen and begin. Raises OSError when a port is taken."""
        ports = {"A": self.options.port}
        if self.options.standby_port is not None:
            ports["B"] = self.options.standby_port
        self.server = LinkServer(
            self.hub, self.options.host, ports, send_buffer=self.options.send_buffer
        )
        await self.server.start()
        self.begin()
        if self.options.speed:
            self._driver = asyncio.get_running_loop().create_task(self._drive())

    async def stop(self) -> None:
        """Tell the clients and close; simulated time stands still from now on."""
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.gather(self._driver, return_exceptions=True)
            self._driver = None
        if self.server is not None:
            await self.server.stop()

    async def __aenter__(self) -> Simulator:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _drive(self) -> None:
        """Simulated time follows real time, `speed` times as fast."""
        clock, speed = self.site.clock, self.options.speed
        target, before = clock.now, time.monotonic()
        while True:
            await asyncio.sleep(_TURN_SECONDS)
            now = time.monotonic()
            target += (now - before) * speed
            # What cannot be simulated in time is left out, so that clients still get answers.
            late = target - clock.now - _BEHIND_SECONDS * speed
            if late > 0:
                target -= late
                self.hub.count("simulated_ms_behind", int(late * 1000))
            before = now
            try:
                self._catch_up(target, now + _WORK_SECONDS)
            except Exception:
                # One planned action that fails must not stop the time of all the others.
                self.hub.count("simulation_errors")
                _log.exception("at %.3f simulated seconds", clock.now)

    def _catch_up(self, target: float, until: float) -> None:
        clock = self.site.clock
        while (due := clock.next_at) is not None and due <= target:
            clock.advance(due)
            if time.monotonic() > until:
                break
        else:
            clock.advance(target)
        self.hub.settle()

    # -- what came of it ---------------------------------------------------------------------

    def counts(self) -> dict[str, Any]:
        """Counters so far, and what is there now."""
        peripherals = self.site.peripherals.values()
        return {
            "simulated_seconds": round(self.site.clock.now, 3),
            "connections": len(self.hub.connections),
            "sessions": sum(len(side.sessions) for side in self.hub.sides.values()),
            "monitors": len(self.hub.monitors),
            "calls_in_progress": sum(len(p.calls) for p in peripherals),
            **dict(sorted(self.hub.counters.items())),
        }
