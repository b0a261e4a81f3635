"""Agents press whatever button is on while servers lose their clients and the CTI Server its links:
what was asked meanwhile may fail, but afterwards every client has what is true."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from agent_kit import AgentSite, run
from site_process import eventually
from test_agent_walk import DESKS, Walk

from fastcil.cil import RequestFailedError
from fastcil.cil.core import State

STEPS = 60
OFTEN = 0.1


class Broken(Walk):
    """Some agents, and what is cut under them."""

    cuts = 0

    async def step(self) -> None:
        if self.random.random() < OFTEN:
            await (self.cut_links if self.random.random() < 0.5 else self.cut_clients)()
            self.cuts += 1
            return
        with contextlib.suppress(RequestFailedError):  # the call may not be what the agent saw
            await super().step()

    async def cut_clients(self) -> None:
        """A server drops all its clients; they go to the other one."""
        server = self.random.choice(self.site.services).server
        self.done.append((-1, "clients of", str(server.port)))
        gone = set(server._clients)
        for client in gone:
            client._transport.abort()
        everybody = [self.monitor, *(desk.session for desk in self.desks)]

        def back() -> bool:
            there = [one for service in self.site.services for one in service.server._clients]
            return (
                gone.isdisjoint(there)
                and len(there) == len(everybody)
                and all(one.core.state is State.CONNECTED for one in everybody)
                and not any(one.recovering for one in everybody)
            )

        await eventually(back)

    async def cut_links(self) -> None:
        """The servers lose the CTI Server, and find it again."""
        self.done.append((-1, "links", ""))
        services = self.site.services
        known = [service.cti.reconciled for service in services]
        assert self.site.simulator.faults.drop() == len(services)
        await eventually(
            lambda: all(
                service.cti.known and service.cti.reconciled > before
                for service, before in zip(services, known)
            )
        )


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_true_is_known_after_every_cut(seed: int, level: int) -> None:
    async def script(site: AgentSite) -> None:
        desks = [await site.agent(str(1001 + i), i, ready=i > 1) for i in range(DESKS)]
        monitor = (await site.desk()).session
        await monitor.monitor("MessageID=*")
        walk = Broken(site, desks, monitor, seed)
        for _ in range(STEPS):
            await walk.step()
            await walk.right()
            site.advance(walk.random.choice((0.0, 1.0, 3.0)))
            await walk.right()
        assert walk.cuts > 1

    run(script, f"[Server.CallObject]\nMinimizeEventArgs = {level}\n", servers=2)


def test_a_link_that_is_lost_while_the_configuration_comes() -> None:
    """Its end, for which the server waits, does not come any more."""

    async def script(site: AgentSite) -> None:
        (service,) = site.services
        link, faults = service.cti.link, site.simulator.faults
        send, cuts = link.send, []

        def cut(name: str, values: dict[str, Any]) -> None:
            send(name, values)
            if name == "CONFIG_REQUEST_EVENT" and not cuts:
                cuts.append(faults.drop())

        link.send = cut  # type: ignore[method-assign]
        faults.drop()
        await eventually(lambda: cuts and service.cti.known, seconds=5.0)
        assert cuts == [1]

    run(script)
