"""Clients in agent mode over the event server of a simulated site, all in one process."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastcil.catalog import AgentState, event_id
from fastcil.cil import GAP_EVENT, Agent, AsyncSession, Call, Settings
from fastcil.codec import Arguments
from fastcil.server.config import load_config
from fastcil.server.outbox import Limits
from fastcil.server.service import SiteService, link_settings
from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions

SECONDS = 5.0  # a limit, never a wait
PERIPHERAL = 5000


class Heard:
    """A listener that keeps what it hears, and for which a test can wait."""

    def __init__(self) -> None:
        self.events: list[tuple[int, Arguments]] = []
        self._changed = asyncio.Event()
        self._seen = 0

    def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
        self.events.append((iEventID, rArgs.detach()))
        self._changed.set()

    async def next(self, name: str, **fields: Any) -> Arguments:
        """The next event of a name and with these fields; those before it are passed over."""
        wanted = GAP_EVENT if name == "OnGap" else event_id(name)

        async def wait() -> Arguments:
            while True:
                while self._seen < len(self.events):
                    number, arguments = self.events[self._seen]
                    self._seen += 1
                    if number == wanted and all(arguments.get(k) == v for k, v in fields.items()):
                        return arguments
                self._changed.clear()
                await self._changed.wait()

        try:
            return await asyncio.wait_for(wait(), SECONDS)
        except asyncio.TimeoutError:
            raise AssertionError(f"{name} {fields} did not come: {self.names()}") from None

    def names(self) -> list[int]:
        """The numbers of all events so far."""
        return [number for number, _ in self.events]

    def all(self, name: str) -> list[Arguments]:
        """All events of a name so far."""
        wanted = event_id(name)
        return [arguments for number, arguments in self.events if number == wanted]

    def skip(self) -> None:
        """next() begins with what comes from now on."""
        self._seen = len(self.events)


class Desk:
    """A session, its listener and its agent."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.heard = Heard()
        session.add_listener(self.heard)

    @property
    def agent(self) -> Agent:
        assert self.session.current_agent is not None
        return self.session.current_agent

    @property
    def call(self) -> Call:
        assert self.session.current_call is not None
        return self.session.current_call

    async def mode(self, agent_id: str = "1001", **properties: Any) -> Agent:
        """Agent mode."""
        agent = Agent()
        agent.set_value("AgentID", agent_id)
        agent.set_value("PeripheralID", PERIPHERAL)
        for key, value in properties.items():
            agent.set_value(key, value)
        await self.session.set_agent(agent)
        return agent

    async def state(self, state: AgentState) -> None:
        """Until the agent is in a state."""
        while self.agent.get_agent_state() != state:
            await self.heard.next("OnAgentStateChange")


class AgentSite:
    """The simulated site, the servers over it, and time that moves by hand."""

    def __init__(self, simulator: Simulator, services: list[SiteService]) -> None:
        self.simulator = simulator
        self.services = services
        self._stack = contextlib.AsyncExitStack()

    @property
    def peripheral(self) -> Any:
        return next(iter(self.simulator.site.peripherals.values()))

    def instrument(self, place: int) -> str:
        return str(list(self.peripheral.devices.values())[place].instrument)

    def password(self, agent_id: str) -> str:
        return str(self.peripheral.agents[agent_id].password)

    def url(self) -> str:
        sides = ",".join(f"127.0.0.1:{service.server.port}" for service in self.services)
        return f"ctios://{sides}"

    async def desk(self, **more: Any) -> Desk:
        """A connected session; it is closed at the end."""
        values = {"backoff_first": 0.02, "backoff_cap": 0.1, **more}
        desk = Desk(AsyncSession(Settings.from_url(self.url(), **values), timeout=SECONDS))
        await desk.session.connect()
        self._stack.push_async_callback(desk.session.disconnect)
        return desk

    async def agent(
        self, agent_id: str = "1001", place: int = 0, *, ready: bool = False, **more: Any
    ) -> Desk:
        """A desk whose agent is logged in at a device, in NotReady or available."""
        desk = await self.desk(**more)
        await desk.mode(agent_id)
        await self.login(desk, place)
        if ready:
            await desk.agent.set_agent_state(agent_state=AgentState.eAvailable)
            await desk.state(AgentState.eAvailable)
        return desk

    async def login(self, desk: Desk, place: int = 0, **more: Any) -> None:
        agent_id = desk.agent.get_value_string("AgentID")
        await desk.agent.login(
            agent_id=agent_id,
            agent_instrument=self.instrument(place),
            agent_password=self.password(agent_id),
            **more,
        )
        await desk.state(AgentState.eNotReady)

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.simulator.advance(seconds)

    async def close(self) -> None:
        await self._stack.aclose()


@contextlib.asynccontextmanager
async def site(
    text: str = "",
    *,
    agents: int = 6,
    servers: int = 1,
    limits: Limits | None = None,
    **more: Any,
) -> AsyncIterator[AgentSite]:
    """A site with its servers."""
    options = SimulatorOptions(site=SiteOptions(agents=agents, seed=2), speed=0.0, **more)
    async with contextlib.AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator(options))
        services = []
        for _ in range(servers):
            config = load_config(text)
            settings = link_settings(config, f"ctiserver://127.0.0.1:{simulator.port}")
            settings = dataclasses.replace(settings, backoff=(0.05,), backoff_cap=0.05)
            service = SiteService(config, settings, port=0, limits=limits)
            services.append(await stack.enter_async_context(service))
        found = AgentSite(simulator, services)
        stack.push_async_callback(found.close)
        yield found


def run(test: Callable[[AgentSite], Awaitable[None]], text: str = "", **more: Any) -> None:
    """Runs a test in a site; a hang is a failure."""

    async def main() -> None:
        async with site(text, **more) as found:
            await asyncio.wait_for(test(found), 3 * SECONDS)

    asyncio.run(main())
