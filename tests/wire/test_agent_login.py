"""Agent mode, login, states and logout of a client, over the event server of a simulated site."""

from __future__ import annotations

from typing import Any

import pytest
from agent_kit import PERIPHERAL, AgentSite, Desk, run

from fastcil.catalog import AgentState, CilError, ConnectionMode, event_id
from fastcil.cil import Agent, AsyncSession, RequestFailedError, SessionError


def test_agent_mode_login_and_logout() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        session = desk.session
        assert session.get_value("ConnectionMode") == ConnectionMode.eNotConnected
        agent = await desk.mode("1001")
        assert session.current_agent is agent
        assert session.agents["agent.5000.1001"] is agent
        assert session.get_value("CurrentAgent") == "agent.5000.1001"
        assert session.get_all_properties()["CurrentAgent"] == "agent.5000.1001"
        assert session.get_value("ConnectionMode") == ConnectionMode.eAgentConnection
        names = desk.heard.names()
        assert names.index(event_id("OnQueryAgentStateConf")) < names.index(
            event_id("OnSetAgentModeEvent")
        )
        assert agent.get_agent_state() in (AgentState.eLogout, AgentState.eUnknown)
        desk.heard.skip()
        await site.login(desk)
        assert agent.get_value_string("AgentInstrument") == site.instrument(0)
        await agent.set_agent_state(agent_state=AgentState.eAvailable)
        await desk.state(AgentState.eAvailable)
        await agent.set_agent_state(agent_state=AgentState.eNotReady, event_reason_code=7)
        await desk.state(AgentState.eNotReady)
        desk.heard.skip()
        await agent.logout(event_reason_code=1)
        await desk.heard.next("OnPostLogout")
        numbers = [event_id(n) for n in ("OnPreLogout", "OnAgentStateChange", "OnPostLogout")]
        assert [n for n in desk.heard.names()[-6:] if n in numbers] == numbers
        assert agent.get_agent_state() is AgentState.eLogout

    run(script)


def codes(pending: Any) -> CilError:
    assert pending.done() == (pending.code is not CilError.CIL_OK)
    found: CilError = pending.code
    return found


def test_codes_of_set_agent() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        session = desk.session
        agent = Agent()
        refused = session.perform("SetAgent", agent)
        assert codes(refused) is CilError.E_CTIOS_MISSING_ARGUMENT
        assert session.last_error is CilError.E_CTIOS_MISSING_ARGUMENT
        assert codes(session.perform("SetAgent", session)) is CilError.E_CTIOS_INVALID_AGENT
        agent = await desk.mode("1001")
        assert (
            codes(session.perform("SetAgent", agent)) is CilError.E_CTIOS_AGENT_ALREADY_IN_SESSION
        )
        same = Agent()
        same.set_value("AgentID", "1001")
        same.set_value("PeripheralID", PERIPHERAL)
        assert codes(session.perform("SetAgent", same)) is CilError.E_CTIOS_AGENT_ALREADY_IN_SESSION
        same.set_value("AgentID", "1002")
        required = CilError.E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED
        assert codes(session.perform("SetAgent", same)) is required
        with pytest.raises(SessionError, match="Disconnect first") as caught:
            session.set_agent(same)
        assert caught.value.code is required
        mode = session.perform("SetMessageFilter", {"Filter": "MessageID=*"})
        assert codes(mode) is CilError.E_CTIOS_MODE_CONFLICT
        session.set_agent(None)
        reset = await desk.heard.next("OnCurrentAgentReset")
        assert reset["UniqueObjectID"] == "agent.5000.1001"
        assert session.current_agent is None
        await session.disconnect()
        assert codes(session.perform("SetAgent", same)) is CilError.E_CTIOS_INVALID_SESSION

    run(script)


def test_monitor_mode_excludes_agent_mode() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        await desk.session.monitor("MessageID=30")
        agent = Agent()
        agent.set_value("AgentID", "1001")
        agent.set_value("PeripheralID", PERIPHERAL)
        code = desk.session.perform("SetAgent", agent).code
        assert code is CilError.E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED

    run(script)


def test_agent_mode_excludes_monitor_mode() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        await desk.mode("1001")
        with pytest.raises(SessionError, match="one mode per connection") as caught:
            await desk.session.monitor("MessageID=30")
        assert caught.value.code is CilError.E_CTIOS_MODE_CONFLICT

    run(script)


def test_connect_and_disconnect_by_their_names() -> None:
    async def script(site: AgentSite) -> None:
        desk = Desk(AsyncSession())
        session = desk.session
        arguments = {"CtiosA": "127.0.0.1", "PortA": site.services[0].server.port}
        assert session.begin_connect(arguments) is CilError.CIL_OK
        assert session.begin_connect(arguments) is CilError.E_CTIOS_SESSION_NOT_DISCONNECTED
        await desk.heard.next("OnConnection")
        await desk.mode("1001")
        assert session.begin_disconnect(needs_mode=True) is CilError.CIL_OK
        await desk.heard.next("OnConnectionClosed")
        assert session.begin_disconnect() is CilError.E_CTIOS_SESSION_NOT_CONNECTED
        await session.disconnect()

    run(script)


def test_a_mobile_agent() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        agent = await desk.mode("1001", AgentCallMode=3, AgentRemoteNumber="5551234")
        asked: list[Any] = []
        server = site.services[0].server.desk
        submit = server.submit
        server.submit = lambda client, frame: asked.append(frame.detach()) or submit(client, frame)
        await site.login(desk, arguments={"RemoteLogin": "true"})
        # What SetAgent was given goes with the login, and the sample's text is a number.
        keys = ("AgentCallMode", "AgentRemoteNumber", "RemoteLogin")
        assert asked[0].get_many(*keys) == (3, "5551234", 1)
        assert agent.get_agent_state() is AgentState.eNotReady

    run(script)


def test_an_agent_whom_nobody_knows() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        with pytest.raises(RequestFailedError) as caught:
            await desk.mode("9999")
        assert caught.value.failure_code
        await desk.heard.next("OnCurrentAgentReset")
        assert desk.session.current_agent is None
        await desk.mode("1001")

    run(script)


def test_codes_of_login() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        stranger = Agent()
        assert (
            codes(stranger.perform("Login", {"AgentID": "1"})) is CilError.E_CTIOS_INVALID_SESSION
        )
        agent = await desk.mode("1001")
        assert codes(agent.perform("Login")) is CilError.E_CTIOS_INVALID_ARGUMENT
        inconsistent = CilError.E_CTIOS_LOGIN_INCONSISTENT_ARGUMENTS
        assert codes(agent.perform("Login", {"AgentID": "1002"})) is inconsistent
        assert codes(agent.perform("Login", {"AgentID": "1001", "PeripheralID": 4})) is inconsistent
        bad = agent.perform("Login", {"AgentID": "1001", "AgentCallMode": 7})
        assert codes(bad) is CilError.E_CTIOS_INVALID_ARGUMENT
        assert agent.last_error is CilError.E_CTIOS_INVALID_ARGUMENT
        remote = agent.perform("Login", {"AgentID": "1001", "AgentCallMode": 3})
        assert codes(remote) is CilError.E_CTIOS_INVALID_ARGUMENT
        with pytest.raises(SessionError, match="expected one of 3, 4, got 7") as caught:
            agent.login(agent_id="1001", agent_call_mode=7)
        assert caught.value.code is CilError.E_CTIOS_INVALID_ARGUMENT

    run(script)


def test_a_login_that_fails_ends_the_connection() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        agent = await desk.mode("1001")
        with pytest.raises(RequestFailedError) as caught:
            await agent.login(
                agent_id="1001", agent_instrument=site.instrument(0), agent_password="wrong"
            )
        assert caught.value.text.startswith("Login: ")
        await desk.heard.next("OnControlFailureConf")
        await desk.heard.next("OnConnectionClosed")
        assert not desk.session.connected

    run(script)


def test_a_login_that_fails_may_be_tried_again_when_that_is_chosen() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk(disconnect_on_login_failure=False)
        agent = await desk.mode("1001")
        with pytest.raises(RequestFailedError):
            await agent.login(agent_instrument=site.instrument(0), agent_password="wrong")
        await site.login(desk)

    run(script)


def test_another_agent_when_the_session_resets_agents() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        desk.session.resets_agent = True
        await desk.mode("1001")
        desk.heard.skip()
        second = await desk.mode("1002")
        numbers = [
            event_id(n) for n in ("OnConnectionClosed", "OnConnection", "OnSetAgentModeEvent")
        ]
        assert [n for n in desk.heard.names() if n in numbers] == [*numbers[1:], *numbers]
        assert desk.session.current_agent is second

    run(script)


def test_state_checks_need_their_arguments() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent()
        agent = desk.agent
        assert codes(agent.perform("SetAgentState")) is CilError.E_CTIOS_MISSING_ARGUMENT
        assert codes(agent.perform("SetAgentState", {"AgentState": 99})) is (
            CilError.E_CTIOS_INVALID_ARGUMENT
        )
        assert codes(agent.perform("SetAgentState", {"AgentState": "x"})) is (
            CilError.E_CTIOS_INVALID_ARGUMENT
        )
        assert codes(agent.perform("Fly")) is CilError.E_CTIOS_METHOD_NO_IMPLEMENTED
        found = await agent.query_agent_state()
        assert found["AgentState"] == AgentState.eNotReady

    run(script)
