"""Requests at random with arguments at random, from clients at work: whatever is asked, nothing
fails inside the server, and who asks properly is served as before. On real sockets."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

import pytest
from test_server_stream import Client
from test_site_service import Site, login, run

from fastcil.catalog import AgentState, CallStatus, event_id
from fastcil.catalog.requests import RequestID

REQUESTS = 4000
KEYS = (
    "AgentID",
    "AgentInstrument",
    "AgentPassword",
    "AgentReference",
    "AgentState",
    "AlertRings",
    "CallPlacementType",
    "CallReference",
    "CallVariable1",
    "ConsultType",
    "DialedNumber",
    "Digits",
    "Distribution",
    "DTMFString",
    "ECC",
    "EventReasonCode",
    "Filter",
    "HeartbeatInterval",
    "InvokeID",
    "LoginName",
    "Message",
    "MonitoredAgentID",
    "MonitoringIPAddress",
    "MonitorSessionSnapshotMode",
    "NumSkillGroups",
    "PauseDuration",
    "PeripheralID",
    "PostRoute",
    "SilentMonitorID",
    "SkillGroup[1]",
    "SkillGroupNumber",
    "SkillGroupNumbers",
    "SupervisorID",
    "SupervisoryAction",
    "Target",
    "TeamID",
    "Text",
    "ToneDuration",
    "UniqueObjectID",
)
VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 2, 99, 5000, 65535, 65536, 2**31 - 1, -(2**31), 2**32 - 1, True, False),
    *("", "1001", "1002", "p1001", "20001", "5000", "*", "é" * 10, "x" * 300, "MessageID=*"),
    *("agent.5000.1001", "agent.5000.1002", "agent..", "agent.5000.", "device.5000.20001"),
    *("call.5000.1.20001", "call.5000.99999.x", "skillgroup.5000.1"),
)
ANSWER = 42


class Chance:
    """What is asked, by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        if depth < 2 and self.random.random() < 0.15:
            names = (*KEYS, "1", "2", "user.account", "user.history[0]", "user.history[99999]")
            chosen = self.random.sample(names, self.random.randrange(4))
            return {name: self.value(depth + 1) for name in chosen}
        if self.random.random() < 0.9:
            return self.random.choice(VALUES)
        return self.random.randrange(-(2**31), 2**32)

    def request(self, calls: list[str]) -> tuple[int, dict[str, Any]]:
        number = self.random.choice(list(RequestID))
        if self.random.random() < 0.03:
            number = self.random.randrange(2**32)
        keys = self.random.sample(KEYS, self.random.randrange(7))
        arguments = {key: self.value() for key in keys}
        if calls and self.random.random() < 0.6:
            arguments["UniqueObjectID"] = self.random.choice(calls)
        return int(number), arguments


async def begin(site: Site, client: Client, agent_id: str, place: int) -> None:
    await client.request(RequestID.SET_AGENT, AgentID=agent_id, PeripheralID=5000)
    last = event_id("OnCTIOSFailure")
    await client.until(lambda frame: frame.message_id == last)
    await login(site, client, agent_id, place)


async def read_over(client: Client, invoke_id: int) -> None:
    """Read what has come, up to the answer of one more request."""
    await client.request(RequestID.REQUEST_DESKTOP_SETTINGS, InvokeID=invoke_id)
    await client.until(lambda frame: frame.get("InvokeID") == invoke_id)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_requests(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "fastcil")
    chance = Chance(seed)

    async def test(site: Site) -> None:
        objects = site.service.source.mapper.objects
        clients = [await site.client() for _ in range(3)]
        for place, client in enumerate(clients):
            await begin(site, client, f"100{place + 1}", place)
        for count in range(REQUESTS):
            number, arguments = chance.request(list(objects.calls))
            await chance.random.choice(clients).request(number, **arguments)
            if not count % 10:
                site.simulator.actions.arrive(ani="4155550100")
            ringing = [k for k, c in objects.calls.items() if c.status == CallStatus.LCS_ALERTING]
            if ringing:
                call = chance.random.choice(ringing)
                await chance.random.choice(clients).request(ANSWER, UniqueObjectID=call)
            if not count % 20:
                site.simulator.advance(1.0)
                for client in clients:
                    await read_over(client, 1_000_000 + count)
        assert not caplog.records, caplog.text
        assert site.service.server.counters.requests_failed == 0
        assert site.service.server.counters.requests_refused > REQUESTS / 10
        # Somebody else begins, as if nothing had been.
        other = await site.client()
        await begin(site, other, "1004", 3)
        assert objects.agents["agent.5000.1004"].state == AgentState.eAvailable
        await asyncio.gather(*(read_over(client, 7) for client in clients))

    run(test)
