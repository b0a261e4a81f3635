"""The event server of a site, on real sockets: simulator, server and clients together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from test_server_stream import SECONDS, Client

from fastcil.catalog import AgentState, CallStatus, ControlFailureStatusCode, event_id
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame
from fastcil.ged188.enums import ControlFailureCode
from fastcil.server.config import load_config
from fastcil.server.service import SiteService, link_settings
from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions, WorkloadOptions

AGENTS = 6


class Site:
    """A simulated site, the server over it, and time that moves by hand."""

    def __init__(self, simulator: Simulator, service: SiteService) -> None:
        self.simulator = simulator
        self.service = service

    async def advance(self, seconds: float = 0.0) -> None:
        """Let simulated time pass, and what it caused arrive."""
        self.simulator.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Until the server's picture is the simulator's truth."""

        async def same() -> None:
            while self.truth() != self.picture():
                await asyncio.sleep(0)

        await asyncio.wait_for(same(), SECONDS)

    def truth(self) -> Any:
        site = self.simulator.site
        calls = {
            (p.id, call.id, connection.device_id)
            for p in site.peripherals.values()
            for call in p.calls.values()
            for connection in call.connections
        }
        return calls, {agent.id: int(agent.state) for agent in site.agents()}

    def picture(self) -> Any:
        objects = self.service.source.mapper.objects
        calls = {
            (c.conversation.peripheral, c.conversation.call_id, c.device_id)
            for c in objects.calls.values()
        }
        return calls, {agent.agent_id: agent.state for agent in objects.agents.values()}

    async def client(self) -> Client:
        found = Client(self.service.server.port)
        await found.open()
        return found

    async def agent(self, agent_id: str = "1001") -> Client:
        """A client in agent mode; what that begins with is read."""
        client = await self.client()
        await client.request(RequestID.SET_AGENT, AgentID=agent_id, PeripheralID=5000)
        await until(client, "OnCTIOSFailure")
        return client


def run(test: Callable[[Site], Awaitable[None]], text: str = "", **more: Any) -> None:
    async def main() -> None:
        options = SimulatorOptions(site=SiteOptions(agents=AGENTS, seed=2), speed=0.0, **more)
        async with Simulator(options) as simulator:
            config = load_config(text)
            settings = link_settings(config, f"ctiserver://127.0.0.1:{simulator.port}")
            async with SiteService(config, settings, port=0) as service:
                try:
                    await asyncio.wait_for(test(Site(simulator, service)), 2 * SECONDS)
                finally:
                    while Client.opened:
                        Client.opened.pop().socket.close()

    asyncio.run(main())


async def until(client: Client, callback: str) -> Frame:
    """The next event of a callback; those before it are read over."""
    number = event_id(callback)
    return (await client.until(lambda frame: frame.message_id == number))[-1]


async def ask(client: Client, number: int, **arguments: Any) -> Frame:
    """The answer of a request: what has its InvokeID."""
    invoke_id = arguments.setdefault("InvokeID", 4711)
    await client.request(number, **arguments)
    return (await client.until(lambda frame: frame.get("InvokeID") == invoke_id))[-1]


async def login(
    site: Site, client: Client, agent_id: str = "1001", place: int = 0, *, ready: bool = True
) -> str:
    """Log an agent in at a device and make him available, if he shall be; the instrument."""
    peripheral = next(iter(site.simulator.site.peripherals.values()))
    device = list(peripheral.devices.values())[place]
    answer = await ask(
        client,
        38,
        UniqueObjectID=f"agent.5000.{agent_id}",
        AgentState=AgentState.eLogin,
        AgentInstrument=device.instrument,
        AgentPassword=peripheral.agents[agent_id].password,
    )
    assert answer.message_id == event_id("OnSetAgentStateConf")
    if ready:
        answer = await ask(
            client, 38, UniqueObjectID=f"agent.5000.{agent_id}", AgentState=AgentState.eAvailable
        )
        assert answer.message_id == event_id("OnSetAgentStateConf")
    await site.settle()
    return device.instrument


def test_the_picture_at_the_start_is_the_truth() -> None:
    async def test(site: Site) -> None:
        await site.advance(1200.0)
        client = await site.client()
        frames = await client.monitor()
        calls = {f.get("UniqueObjectID") for f in frames if f.message_id == 83}
        assert calls == {f"call.{p}.{c}.{d}" for p, c, d in site.truth()[0]}
        assert calls
        agents = {f.get("AgentID"): f.get("AgentState") for f in frames if f.message_id == 37}
        assert agents == site.truth()[1]
        await site.simulator.stop()
        await until(client, "OnCTIOSFailure")
        status = (await client.monitor())[-1].get("StatusSystem")
        assert status.get("StatusCTIServer") == 1, "there is no CTI Server any more"

    run(test, workload=WorkloadOptions(calls_per_hour=200))


def test_a_server_that_starts_in_the_middle_of_calls() -> None:
    """Calls that began before the server did are learnt from snapshots."""

    async def main() -> None:
        options = SimulatorOptions(
            site=SiteOptions(agents=30, seed=4),
            workload=WorkloadOptions(calls_per_hour=900),
            speed=0.0,
        )
        async with Simulator(options) as simulator:
            simulator.advance(900.0)
            config = load_config("")
            settings = link_settings(config, f"ctiserver://127.0.0.1:{simulator.port}")
            async with SiteService(config, settings, port=0) as service:
                site = Site(simulator, service)
                waiting = [c for c in simulator.site.peripherals[5000].calls.values() if c.queues]
                assert waiting, "calls that stand at no agent's device"
                assert site.picture()[0] == site.truth()[0]
                assert site.picture()[1] == site.truth()[1]

    asyncio.run(asyncio.wait_for(main(), 2 * SECONDS))


def test_a_working_day_of_an_agent() -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        instrument = await login(site, client)
        site.simulator.actions.arrive(call="c", ani="4155550100")
        begin = await until(client, "OnCallBegin")
        assert begin.get("ANI") == "4155550100"
        delivered = await until(client, "OnCallDelivered")
        key = delivered.get("UniqueObjectID")
        assert key == f"call.5000.{begin.get('ConnectionCallID')}.{instrument}"
        assert delivered.get("CallStatus") == CallStatus.LCS_ALERTING
        for number, conf, event, status in (
            (42, "OnAnswerCallConf", "OnCallEstablished", CallStatus.LCS_CONNECT),
            (54, "OnHoldCallConf", "OnCallHeld", CallStatus.LCS_HELD),
            (62, "OnRetrieveCallConf", "OnCallRetrieved", CallStatus.LCS_CONNECT),
        ):
            answer = await ask(client, number, UniqueObjectID=key)
            assert answer.message_id == event_id(conf)
            assert answer.get("UniqueObjectID") == key
            found = await until(client, event)
            assert found.get("CallStatus") == status
        answer = await ask(
            client, 26, UniqueObjectID=key, CallVariable2="x", ECC={}, CallWrapupData="done"
        )
        assert answer.message_id == event_id("OnSetCallDataConf")
        update = await until(client, "OnCallDataUpdate")
        assert (update.get("CallVariable2"), update.get("CallWrapupData")) == ("x", "done")
        answer = await ask(client, 46, UniqueObjectID=key)
        assert answer.message_id == event_id("OnClearConnectionConf")
        ended = await until(client, "OnCallEnd")
        assert ended.get("UniqueObjectID") == key
        await site.settle()
        await ask(client, 38, UniqueObjectID="agent.5000.1001", AgentState=AgentState.eNotReady)
        await client.request(
            38, UniqueObjectID="agent.5000.1001", AgentState=AgentState.eLogout, EventReasonCode=1
        )
        await until(client, "OnPreLogout")
        state = await until(client, "OnAgentStateChange")
        assert state.get("AgentState") == AgentState.eLogout
        await until(client, "OnPostLogout")
        await site.settle()

    run(test)


def test_two_agents_consult_and_transfer() -> None:
    async def test(site: Site) -> None:
        first, second = await site.agent("1001"), await site.agent("1002")
        await login(site, first, "1001", 0)
        here = await login(site, second, "1002", 1)
        site.simulator.actions.arrive(ani="4155550100")
        key = (await until(first, "OnCallDelivered")).get("UniqueObjectID")
        await ask(first, 42, UniqueObjectID=key)
        made = await ask(first, 50, UniqueObjectID=key, DialedNumber=here)
        assert made.message_id == event_id("OnConsultationCallConf")
        consult = (await until(second, "OnCallDelivered")).get("UniqueObjectID")
        await ask(second, 42, UniqueObjectID=consult)
        await site.settle()
        done = await ask(first, 64, UniqueObjectID=key)
        assert done.message_id == event_id("OnTransferCallConf")
        moved = await until(second, "OnCallDataUpdate")
        assert moved.get("OldUniqueObjectID") == consult
        await until(second, "OnCallTransferred")
        await until(first, "OnCallEnd")
        await site.settle()

    run(test)


def test_what_the_switch_refuses_is_told_to_the_one_who_asked() -> None:
    async def test(site: Site) -> None:
        client, other = await site.agent("1001"), await site.agent("1002")
        await login(site, client)
        site.simulator.actions.arrive(ani="4155550100")
        key = (await until(client, "OnCallDelivered")).get("UniqueObjectID")
        refused = await ask(client, 54, UniqueObjectID=key)
        assert refused.message_id == event_id("OnControlFailureConf")
        assert refused.get("FailureCode") == ControlFailureCode.CF_NO_ACTIVE_CALL
        assert refused.get("MessageType") == 54
        assert refused.get("UniqueObjectID") == key
        assert "CF_NO_ACTIVE_CALL" in str(refused.get("ErrorMessage"))
        unknown = await ask(client, 42, UniqueObjectID="call.5000.1.x")
        assert unknown.get("FailureCode") == ControlFailureCode.CF_OBJECT_NOT_KNOWN
        nobody = await ask(other, 42, UniqueObjectID=key, InvokeID=1)
        assert nobody.message_id != event_id("OnAnswerCallConf") or nobody.get("InvokeID") == 1
        assert site.service.server.counters.requests_failed == 0

    run(test)


def test_a_supervisor_sees_what_the_team_does() -> None:
    async def test(site: Site) -> None:
        world = site.simulator.site
        supervisor = next(a for a in world.agents() if a.is_supervisor)
        members = [
            a for a in (supervisor.team.agents if supervisor.team else []) if a != supervisor
        ]
        assert members
        client = await site.agent(supervisor.id)
        await login(site, client, supervisor.id, 4, ready=False)
        await client.request(RequestID.REQUEST_AGENT_TEAM_LIST)
        seen = {(await until(client, "OnNewAgentTeamMember")).get("AgentID") for _ in members}
        assert {a.id for a in members} & seen
        await client.request(RequestID.START_MONITORING_ALL_AGENT_TEAMS)
        await until(client, "OnMonitoredAgentStateChange")
        agent = await site.agent(members[0].id)
        await login(site, agent, members[0].id, 0)
        key = f"agent.5000.{members[0].id}"
        # Of a team the agents' events are told, of an agent those of his calls as well.
        site.simulator.actions.arrive(ani="4155550100")
        await until(agent, "OnCallDelivered")
        await client.request(RequestID.START_MONITORING_AGENT, AgentReference=key)
        started = event_id("OnStartMonitoringAgent")
        before = await client.until(lambda frame: frame.message_id == started)
        told = {frame.message_id for frame in before}
        assert event_id("OnMonitoredAgentStateChange") in told
        assert event_id("OnMonitoredCallDelivered") not in told
        call = (await until(client, "OnMonitoredCallBegin")).get("UniqueObjectID")
        await ask(agent, 42, UniqueObjectID=call)
        found = await until(client, "OnMonitoredCallEstablished")
        assert found.get("Monitored") is True

    run(test)


def test_a_cti_server_that_comes_back() -> None:
    """The link drops in the middle of calls; afterwards the picture is the truth again."""

    async def test(site: Site) -> None:
        await site.advance(600.0)
        client = await site.client()
        await client.monitor()
        taken = site.service.cti.reconciled
        site.simulator.faults.drop()
        failure = await until(client, "OnCTIOSFailure")
        assert failure.get("SystemEventID") == 7
        site.simulator.advance(600.0)
        online = await until(client, "OnCTIOSFailure")
        while online.get("SystemEventID") != 8:
            online = await until(client, "OnCTIOSFailure")

        async def again() -> None:
            while site.service.cti.reconciled == taken:
                await asyncio.sleep(0)

        await asyncio.wait_for(again(), SECONDS)
        objects = site.service.source.mapper.objects
        assert {a.agent_id: a.state for a in objects.agents.values()} == site.truth()[1]
        await site.advance(3600.0)

    run(test, workload=WorkloadOptions(calls_per_hour=200))


def test_without_a_cti_server_requests_fail_and_clients_stay() -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        await site.simulator.stop()
        await until(client, "OnCTIOSFailure")
        refused = await ask(client, 56, UniqueObjectID="agent.5000.1001", DialedNumber="1")
        assert refused.get("FailureCode") == ControlFailureStatusCode.E_CTI_CTI_SERVER_OFFLINE
        assert (await ask(client, 0x7FFF)).get("MessageType") == 0x7FFF, "it is still served"

    run(test)


@pytest.mark.parametrize("level", [0, 1])
def test_the_configured_level_of_arguments(level: int) -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        await login(site, client)
        site.simulator.actions.arrive(ani="4155550100")
        delivered = await until(client, "OnCallDelivered")
        assert ("AlertingDeviceIDFull" in delivered.arguments) is (level == 0)

    run(test, f"[Server.CallObject]\nMinimizeEventArgs = {level}\n")
