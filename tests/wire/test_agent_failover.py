"""Clients in agent mode whose event server goes away: what is restored, and what is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from agent_kit import AgentSite, Desk, run

from fastcil.catalog import AgentState, CilError, event_id
from fastcil.catalog.requests import RequestID
from fastcil.cil import RequestTimeoutError, SessionError
from fastcil.codec.control import CloseReason
from fastcil.server.outbox import Limits
from fastcil.server.site.events import SiteEvent


def on(site: AgentSite, desk: Desk) -> int:
    """Which server a desk is connected to."""
    port = desk.session.get_value("CurrentPort")
    return [service.server.port for service in site.services].index(port)


async def lose(site: AgentSite, desk: Desk) -> None:
    """The server of a desk goes down."""
    desk.heard.skip()
    await site.services[on(site, desk)].stop()
    await desk.heard.next("OnConnectionFailure")


def test_agent_mode_and_calls_recover_on_the_other_side() -> None:
    async def script(site: AgentSite) -> None:
        desk, other = await site.agent("1001", 0), await site.agent("1002", 1)
        await desk.agent.make_call(dialed_number=site.instrument(1))
        await other.heard.next("OnCallDelivered")
        call = desk.call
        await lose(site, desk)
        await desk.heard.next("OnSetAgentModeEvent")
        device = await desk.heard.next("OnSnapshotDeviceConf")
        assert call.unique_object_id in device["ValidCalls"]
        await desk.heard.next("OnSnapshotCallConf", UniqueObjectID=call.unique_object_id)
        assert desk.session.current_call is call
        assert not desk.session.recovering
        assert not desk.heard.all("OnCallEnd")
        await call.clear_connection()
        await desk.heard.next("OnCallEnd")

    run(script, servers=2)


def test_a_call_that_ended_meanwhile_is_ended_for_the_listeners() -> None:
    async def script(site: AgentSite) -> None:
        desk, other = await site.agent("1001", 0), await site.agent("1002", 1)
        await desk.agent.make_call(dialed_number=site.instrument(1))
        await other.heard.next("OnCallDelivered")
        call = desk.call

        class EndsTheCall:
            """While the first connection is gone and the next not there."""

            def OnEvent(self, iEventID: int, rArgs: Any) -> None:
                if iEventID == event_id("OnConnectionFailure"):
                    for one in list(site.peripheral.calls.values()):
                        site.simulator.calls.clear_call(one)

        desk.session.add_listener(EndsTheCall())
        await lose(site, desk)
        ended = await desk.heard.next("OnCallEnd")
        assert ended["UniqueObjectID"] == call.unique_object_id
        await desk.heard.next("OnCurrentCallChanged", UniqueObjectID="")
        assert not desk.session.calls

    run(script, servers=2)


def test_requests_under_way_end_with_an_error() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent("1001", 0)
        site.simulator.faults.hang()
        pending = desk.agent.perform("QueryAgentState")
        assert not pending.done()
        for client in list(site.services[on(site, desk)].server._clients):
            client.close(CloseReason.GOING_DOWN, "a test")
        with pytest.raises(SessionError, match="the connection was lost") as caught:
            await pending
        assert caught.value.code is CilError.E_CTIOS_IN_FAILOVER
        site.simulator.faults.resume()

    run(script, servers=2)


def test_requests_during_failover_have_their_code() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent("1001", 0)
        await lose(site, desk)
        agent = desk.agent
        assert agent.perform("MakeCall", {"DialedNumber": "1"}).code is CilError.E_CTIOS_IN_FAILOVER
        assert agent.perform("Login", {"AgentID": "1001"}).code is CilError.E_CTIOS_INVALID_SESSION
        assert desk.session.begin_connect({"CtiosA": "a"}) is CilError.E_CTIOS_IN_FAILOVER
        assert desk.session.begin_disconnect(needs_mode=True) is CilError.CIL_OK
        await desk.heard.next("OnConnectionClosed")
        code = agent.perform("MakeCall", {"DialedNumber": "1"}).code
        assert code is CilError.E_CTIOS_SESSION_NOT_CONNECTED

    run(script)


def test_statistics_and_monitoring_are_asked_for_again() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent("1001", 0)
        desk.agent.enable_agent_statistics()
        desk.agent.enable_skill_group_statistics()
        desk.agent.disable_skill_group_statistics()
        await desk.agent.start_monitoring_agent(agent_reference="agent.5000.1002")
        assert desk.agent.get_monitored_agent() is desk.session.agents["agent.5000.1002"]
        asked = spy(site.services[1 - on(site, desk)])
        await lose(site, desk)
        await desk.heard.next("OnStartMonitoringAgent")
        assert asked == [
            RequestID.SET_AGENT,
            RequestID.ENABLE_AGENT_STATISTICS,
            RequestID.START_MONITORING_AGENT,
        ]

    run(script, servers=2)


def spy(service: Any) -> list[int]:
    """The numbers of the requests that a server gets from now on."""
    desk, asked = service.server.desk, []
    submit = desk.submit

    def watched(client: Any, frame: Any) -> bool:
        asked.append(frame.message_id)
        return bool(submit(client, frame))

    desk.submit = watched
    return asked


@pytest.mark.parametrize("auto", ["1", "0"])
def test_auto_login(auto: str) -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        await desk.mode("1001")
        await site.login(desk, auto_login=auto)
        asked = spy(site.services[1 - on(site, desk)])

        class LogsOut:
            """The peripheral logs the agent out while the client moves."""

            def OnEvent(self, iEventID: int, rArgs: Any) -> None:
                if iEventID == event_id("OnConnectionFailure"):
                    site.simulator.agents.logout(site.peripheral.agents["1001"])

        desk.session.add_listener(LogsOut())
        await lose(site, desk)
        await desk.heard.next("OnSetAgentModeEvent")
        if auto == "1":
            await desk.state(AgentState.eNotReady)
            assert 38 in asked
        else:
            await desk.agent.query_agent_state()
            assert 38 not in asked

    run(script, servers=2)


def test_the_number_of_tries_is_bounded_once_settings_were_downloaded() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk(backoff_first=0.001, backoff_cap=0.002)
        await desk.mode("1001")
        settings = await desk.session.request_desktop_settings(desktop_type=0)
        assert desk.session.get_value_array("ECC") == settings["ECC"]
        await lose(site, desk)
        while not (await desk.heard.next("OnConnectionFailure")).get("FinalAttempt"):
            pass
        failures = desk.heard.all("OnConnectionFailure")
        assert [one.get("FinalAttempt", False) for one in failures] == [False] * 5 + [True]
        assert desk.session.begin_connect({"CtiosA": "a"}) is CilError.E_CTIOS_IN_FAILOVER
        assert desk.session.begin_disconnect() is CilError.CIL_OK
        await desk.heard.next("OnConnectionClosed")

    run(script)


def test_without_settings_it_tries_on() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk(backoff_first=0.001, backoff_cap=0.002)
        await desk.mode("1001")
        await lose(site, desk)
        for _ in range(7):
            failure = await desk.heard.next("OnConnectionFailure")
            assert "FinalAttempt" not in failure

    run(script)


def test_a_request_that_nobody_answers_times_out() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        await desk.mode("1001")
        # Not before: agent mode is asked for as well, and answered in its own time.
        settings = desk.session.core.settings
        assert settings is not None
        desk.session.core.settings = replace(settings, request_timeout=0.05)
        site.simulator.faults.hang()
        pending = desk.agent.perform("QueryAgentState")
        with pytest.raises(RequestTimeoutError, match=r"QueryAgentState: .* in 0.05 seconds"):
            await pending
        site.simulator.faults.resume()

    run(script)


def test_a_client_that_was_too_slow_learns_its_calls_anew() -> None:
    async def script(site: AgentSite) -> None:
        desk, other = await site.agent("1001", 0), await site.agent("1002", 1)
        await desk.agent.make_call(dialed_number=site.instrument(1))
        await other.heard.next("OnCallDelivered")
        desk.heard.skip()
        values = {"UniqueObjectID": "call.5000.99.20001", "CallVariable1": "x"}
        event = SiteEvent("OnCallDataUpdate", values, agents=("agent.5000.1001",))
        site.services[0].source.give([event] * 100)
        gap = await desk.heard.next("OnGap")
        assert gap["Missed"] > 0
        await desk.heard.next("OnSetAgentModeEvent")
        await desk.heard.next("OnSnapshotCallConf", UniqueObjectID=desk.call.unique_object_id)
        assert not desk.session.recovering
        assert len(desk.session.calls) == 1

    run(script, limits=Limits(max_frames=20))


def test_result_is_refused_where_events_are_delivered() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent("1001", 0)
        pending = desk.agent.query_agent_state()
        with pytest.raises(SessionError, match="await it in a task") as caught:
            pending.result()
        assert caught.value.code is CilError.E_CTIOS_INVALID_OBJECT_STATE
        assert (await pending)["AgentState"] == AgentState.eNotReady

    run(script)


def test_another_thread_asks_a_session_of_the_loop() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent("1001", 0)
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(None, lambda: desk.agent.query_agent_state().result(5.0))
        assert found["AgentState"] == AgentState.eNotReady

    run(script)
