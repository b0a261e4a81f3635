"""Which arguments of events a site's event server sends: MinimizeEventArgs and MinimalSet, on real
sockets, as configured and after the configuration was read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_server_stream import Client
from test_site_service import Site, ask, login, run, until

from fastcil.catalog import AgentState, event_id, minimized_parameters
from fastcil.server.config import load_config

# What OnSnapshotCallConf has only with MinimizeEventArgs 0 (CTI OS Developer Guide, ICallEvents).
SIX = {
    "ICMEnterpriseUniqueID",
    "CallConnectionCallID",
    "CallConnectionDeviceIDType",
    "CallConnectionDeviceID",
    "CallDeviceConnectionState",
    "CallDeviceType",
}
DELIVERED = event_id("OnCallDelivered")
SNAPSHOT = event_id("OnSnapshotCallConf")


async def delivered(site: Site, client: Client) -> set[str]:
    """The keywords of the OnCallDelivered of one more call, which ends again."""
    ready = {"UniqueObjectID": "agent.5000.1001", "AgentState": int(AgentState.eAvailable)}
    await ask(client, 38, **ready)
    site.simulator.actions.arrive(ani="4155550100")
    found = await until(client, "OnCallDelivered")
    await ask(client, 42, UniqueObjectID=found.get("UniqueObjectID"))
    await ask(client, 46, UniqueObjectID=found.get("UniqueObjectID"))
    return set(found.arguments)


@pytest.mark.parametrize("minimal_set", ["section", "table"])
def test_the_minimal_set(minimal_set: str) -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        await login(site, client, ready=False)
        wanted = set(minimized_parameters("OnCallDelivered", 1, minimal_set))
        assert await delivered(site, client) == wanted

    run(
        test, f'[Server.CallObject]\nMinimizeEventArgs = 1\n[Fastcil]\nMinimalSet = "{minimal_set}"'
    )


def test_the_minimal_set_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    text = '[Server.CallObject]\nMinimizeEventArgs = 1\n[Fastcil]\nMinimalSet = "section"\n'

    async def test(site: Site) -> None:
        file.write_text(text)
        site.service.config = load_config(file)
        client = await site.agent()
        await login(site, client, ready=False)
        before = await delivered(site, client)
        file.write_text(text.replace("section", "table"))
        assert site.service.reload() == []
        after = await delivered(site, client)
        assert before != after == set(minimized_parameters("OnCallDelivered", 1, "table"))

    run(test, text)


@pytest.mark.parametrize("level", [0, 1])
def test_six_fields_of_a_snapshot(level: int) -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        await login(site, client)
        site.simulator.actions.arrive(ani="4155550100")
        await until(client, "OnCallDelivered")
        monitor = await site.client()
        found = next(f for f in await monitor.monitor() if f.message_id == SNAPSHOT)
        assert SIX & set(found.arguments) == (set() if level else SIX)
        assert "CallStatus" in found.arguments

    run(test, f"[Server.CallObject]\nMinimizeEventArgs = {level}")


def test_filter_target_is_there_when_an_agent_is() -> None:
    async def test(site: Site) -> None:
        monitor, client = await site.client(), await site.agent()
        await monitor.monitor(f"MessageID={DELIVERED}", MonitorSessionSnapshotMode=1)
        instrument = await login(site, client)
        site.simulator.actions.arrive(ani="4155550100")
        frames = [await monitor.frame(), await monitor.frame()]
        for frame in frames:
            of_agent = str(frame.get("UniqueObjectID")).endswith(f".{instrument}")
            assert ("FilterTarget" in frame.arguments) is of_agent
        assert any("FilterTarget" in frame.arguments for frame in frames)

    run(test, "[Server.CallObject]\nMinimizeEventArgs = 0")
