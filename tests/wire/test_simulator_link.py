"""The simulator's link on real sockets: sessions, faults, two sides, the end."""

from __future__ import annotations

import asyncio

import pytest
from simulator_client import VERSIONS, WireClient, options, run

from fastcil.ged188 import DecodeError, Reason
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.enums import StatusCode
from fastcil.simulator import Simulator

STANDBY = int(Service.CTI_SERVICE_ALL_EVENTS | Service.CTI_SERVICE_ACTIVE_STANDBY)


@pytest.mark.parametrize("version", VERSIONS)
def test_open_heartbeat_close(version: int) -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            client = await WireClient.connect(simulator, version)
            assert (await client.open()).name == "OPEN_CONF"
            assert (await client.event("SYSTEM_EVENT"))["SystemEventArg1"] == 5000
            assert (await client.ask("HEARTBEAT_REQ")).name == "HEARTBEAT_CONF"
            assert (await client.ask("CLOSE_REQ", Status=0)).name == "CLOSE_CONF"
            simulator.pass_idle(6)
            assert await client.ended() is ConnectionResetError

    run(script)


def test_a_refused_client_is_told_and_closed() -> None:
    async def script() -> None:
        async with Simulator(options(link={"protocol_version": 19})) as simulator:
            client = await WireClient.connect(simulator, 19)
            answer = await client.open(VersionNumber=24)
            assert answer["Status"] == StatusCode.E_CTI_INVALID_VERSION
            assert await client.ended() is EOFError

    run(script)


def test_idle_sessions_are_reset_and_others_are_not() -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            idle, never = [await WireClient.connect(simulator) for _ in range(2)]
            await idle.open(IdleTimeout=20)
            await never.open(IdleTimeout=0xFFFFFFFF)
            simulator.pass_idle(21)
            assert await idle.ended() is ConnectionResetError
            assert (await never.ask("HEARTBEAT_REQ")).name == "HEARTBEAT_CONF"

    run(script)


def test_the_end_is_announced() -> None:
    async def script() -> None:
        simulator = Simulator(options())
        await simulator.start()
        client = await WireClient.connect(simulator)
        await client.open()
        silent = await WireClient.connect(simulator)
        stopping = asyncio.ensure_future(simulator.stop())
        event = await client.event("FAILURE_EVENT")
        assert event["Status"] == StatusCode.E_CTI_CTI_SERVER_OFFLINE
        assert await client.ended() is EOFError
        assert await silent.ended() is EOFError
        await stopping
        with pytest.raises(ConnectionRefusedError):
            await WireClient.connect(simulator)

    run(script)


@pytest.mark.parametrize(("how", "error"), [("close", EOFError), ("reset", ConnectionResetError)])
def test_dropped_links(how: str, error: type[Exception]) -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            client, other = [await WireClient.connect(simulator) for _ in range(2)]
            await client.open(ClientID="victim")
            await other.open(ClientID="other")
            simulator.faults.drop("victim", how)
            assert await client.ended() is error
            assert (await other.ask("HEARTBEAT_REQ")).name == "HEARTBEAT_CONF"

    run(script)


def test_a_link_dropped_in_the_middle_of_a_message() -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            client = await WireClient.connect(simulator)
            await client.open()
            simulator.faults.drop(None, "middle")
            with pytest.raises(DecodeError) as caught:
                await client.ended()
            assert caught.value.reason is Reason.TRUNCATED

    run(script)


def test_hang_garbage_delay_trickle() -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            client = await WireClient.connect(simulator)
            await client.open()
            await client.event("SYSTEM_EVENT")
            simulator.faults.hang()
            invoke_id = client.send("HEARTBEAT_REQ")
            # The heartbeat is at the server when another client's later one has been answered.
            other = await WireClient.connect(simulator)
            await other.open()
            await other.ask("HEARTBEAT_REQ")
            assert client.reader._buffer == b""  # type: ignore[attr-defined]
            simulator.faults.resume()
            assert (await client.next())["InvokeID"] == invoke_id
            simulator.faults.garbage("type", "tester")
            with pytest.raises(DecodeError) as caught:
                await client.next()
            assert caught.value.reason is Reason.MESSAGE_TYPE
            simulator.faults.delay(0.05)
            start = asyncio.get_running_loop().time()
            await client.ask("HEARTBEAT_REQ")
            assert asyncio.get_running_loop().time() - start >= 0.05
            simulator.faults.delay(0)
            simulator.faults.trickle(240)
            start = asyncio.get_running_loop().time()
            await client.ask("HEARTBEAT_REQ")
            # 12 bytes at 240 a second
            assert asyncio.get_running_loop().time() - start >= 0.04

    run(script)


def test_a_client_that_does_not_read_is_ended_and_others_are_not() -> None:
    async def script() -> None:
        small = options(link={"max_queue": 1 << 16}, send_buffer=1 << 12)
        async with Simulator(small) as simulator:
            slow, good = [await WireClient.connect(simulator) for _ in range(2)]
            await slow.open(ClientID="slow")
            await good.open(ClientID="good")
            slow.writer.transport.pause_reading()
            number = 0
            while simulator.hub.counters["closed_too_slow"] == 0:
                assert number < 1_000_000, "the queue grows without end"
                for _ in range(50):
                    number += 1
                    simulator.control.announce(f"{number:0200}")
                while (await good.event("SYSTEM_EVENT")).get("Text") != f"{number:0200}":
                    pass
            assert [s.info.client_id for s in simulator.hub.sessions.values()] == ["good"]
            assert (await good.ask("HEARTBEAT_REQ")).name == "HEARTBEAT_CONF"

    run(script)


@pytest.mark.parametrize("version", [24, 25])
def test_fail_over(version: int) -> None:
    async def script() -> None:
        async with Simulator(options(standby=True)) as simulator:
            active = await WireClient.connect(simulator, version)
            standby = await WireClient.connect(simulator, version, standby=True)
            assert (await active.open(ServicesRequested=STANDBY))["SessionType"] == 1
            assert (await standby.open(ServicesRequested=STANDBY))["SessionType"] == 2
            simulator.faults.fail_over()
            assert await active.ended() is ConnectionResetError
            assert (await standby.next()).name == "STANDBY_ACTIVE_EVENT_MSG"
            simulator.actions.login("1002")
            assert (await standby.event("AGENT_STATE_EVENT"))["AgentID"] == "1002"
            # The failed side takes nobody until it is restored.
            late = await WireClient.connect(simulator, version)
            assert await late.ended() in (EOFError, ConnectionResetError)
            simulator.faults.restore("A")
            back = await WireClient.connect(simulator, version)
            assert (await back.open(ServicesRequested=STANDBY))["SessionType"] == 2

    run(script)


@pytest.mark.parametrize("version", [9, 14, 19, 20])
def test_older_clients_find_the_active_side(version: int) -> None:
    async def script() -> None:
        async with Simulator(options(standby=True)) as simulator:
            wrong = await WireClient.connect(simulator, version, standby=True)
            answer = await wrong.open()
            assert answer["Status"] == StatusCode.E_CTI_CTI_SERVER_OFFLINE
            simulator.faults.fail_over()
            right = await WireClient.connect(simulator, version, standby=True)
            assert (await right.open()).name == "OPEN_CONF"

    run(script)


def test_time_by_itself() -> None:
    """At a speed simulated time follows real time, without anybody advancing it."""

    async def script() -> None:
        async with Simulator(options(speed=10_000)) as simulator:
            client = await WireClient.connect(simulator)
            await client.open()
            await client.event("SYSTEM_EVENT")
            half_hour = await client.event("SYSTEM_EVENT")
            assert half_hour["SystemEventID"] == 9
            assert half_hour["ICMCentralControllerTime"] % 1800 == 0

    run(script)


def test_time_goes_on_after_an_action_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    async def script() -> None:
        async with Simulator(options(speed=1000)) as simulator:
            client = await WireClient.connect(simulator)
            await client.open()
            clock = simulator.site.clock
            clock.after(1.0, lambda: 1 // 0)
            clock.after(2.0, lambda: simulator.control.announce("still here"))
            while (await client.event("SYSTEM_EVENT")).get("Text") != "still here":
                pass
            assert simulator.hub.counters["simulation_errors"] == 1
            assert "ZeroDivisionError" in caplog.text

    run(script)


def test_a_port_that_is_taken() -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            with pytest.raises(OSError, match="in use"):
                await Simulator(options(port=simulator.port)).start()

    run(script)


def test_a_server_that_says_it_is_off_line() -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            client = await WireClient.connect(simulator)
            await client.open()
            simulator.faults.off_line()
            event = await client.event("FAILURE_EVENT")
            assert event["Status"] == StatusCode.E_CTI_CTI_SERVER_OFFLINE
            late = await WireClient.connect(simulator)
            answer = await late.open()
            assert answer["FailureCode"] == StatusCode.E_CTI_CTI_SERVER_OFFLINE
            assert await late.ended() is EOFError

    run(script)
