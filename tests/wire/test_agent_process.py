"""Agents whose event server is killed: two servers as processes over one simulated site."""

from __future__ import annotations

import signal
from pathlib import Path

from agent_kit import AgentSite, Desk
from site_process import Process, run, serve

from fastcil.cil import AsyncSession, Settings
from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions


async def desk(site: AgentSite, sides: list[Process], agent_id: str, place: int) -> Desk:
    """An agent who is logged in, on the first of the servers that takes him."""
    url = "ctios://" + ",".join(one.address for one in sides)
    settings = Settings.from_url(url, backoff_first=0.02, backoff_cap=0.1)
    found = Desk(AsyncSession(settings, timeout=20.0))
    await found.session.connect()
    await found.mode(agent_id)
    await site.login(found, place)
    return found


def test_a_server_is_killed_in_the_middle_of_a_call(tmp_path: Path) -> None:
    async def main() -> None:
        options = SimulatorOptions(site=SiteOptions(agents=4, seed=2), speed=0.0)
        async with (
            Simulator(options) as simulator,
            serve(tmp_path / "a", simulator) as a,
            serve(tmp_path / "b", simulator) as b,
        ):
            site = AgentSite(simulator, [])
            caller = await desk(site, [a, b], "1001", 0)
            called = await desk(site, [a, b], "1002", 1)
            await caller.agent.make_call(dialed_number=site.instrument(1))
            await called.heard.next("OnCallDelivered")
            await called.call.answer()
            for one in (caller, called):  # each on a connection of its own
                await one.heard.next("OnCallEstablished")
            calls = caller.call, called.call
            port = caller.session.get_value("CurrentPort")
            dies, moved = (a, b) if port == a.port else (b, a)
            caller.heard.skip()
            dies.signal(signal.SIGKILL)
            await caller.heard.next("OnConnectionFailure")
            await caller.heard.next("OnSetAgentModeEvent")
            await caller.heard.next("OnSnapshotCallConf")
            assert caller.session.get_value("CurrentPort") == moved.port
            assert caller.session.current_call is calls[0]
            await caller.call.hold()
            await caller.heard.next("OnCallHeld")
            await caller.call.retrieve()
            await caller.call.clear_connection()
            for one in (caller, called):
                await one.heard.next("OnCallEnd")
                await one.heard.next("OnCurrentCallChanged", UniqueObjectID="")
                assert not one.session.calls
                await one.session.disconnect()

    run(main())
