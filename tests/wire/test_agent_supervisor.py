"""A supervisor's client, over the event server of a simulated site."""

from __future__ import annotations

import pytest
from agent_kit import AgentSite, Desk, run

from fastcil.catalog import AgentState, CilError, SupervisoryAction, event_id
from fastcil.cil import RequestFailedError

ONE, TWO = "agent.5000.1002", "agent.5000.1003"


async def watched_call(site: AgentSite) -> tuple[Desk, Desk, Desk, str]:
    """A supervisor who monitors an agent, that agent in a call with another, and the call."""
    supervisor = await site.agent("1001", 0)
    one, two = await site.agent("1002", 1), await site.agent("1003", 2)
    await supervisor.agent.request_agent_team_list()
    supervisor.agent.start_monitoring_all_agent_teams()
    await supervisor.agent.start_monitoring_agent(agent_reference=ONE)
    await one.agent.make_call(dialed_number=site.instrument(2))
    await two.heard.next("OnCallDelivered")
    await two.call.answer()
    key = one.call.unique_object_id
    await supervisor.heard.next("OnMonitoredCallBegin", UniqueObjectID=key)
    return supervisor, one, two, key


def test_team_list_and_monitoring() -> None:
    async def script(site: AgentSite) -> None:
        supervisor, one, _, key = await watched_call(site)
        session, agent = supervisor.session, supervisor.agent
        members = supervisor.heard.all("OnNewAgentTeamMember")
        assert len(members) == 6
        assert session.is_supervisor()
        assert not session.is_agent()
        assert one.session.is_agent()
        assert agent.get_monitored_agent() is session.agents[ONE]
        started = supervisor.heard.names().index(event_id("OnStartMonitoringAgent"))
        assert supervisor.heard.names()[started + 1] == event_id("OnSupervisorButtonChange")
        # A monitored call is no call of the supervisor's own.
        assert key in session.calls
        assert session.current_call is None
        assert not supervisor.heard.all("OnCurrentCallChanged")
        agent.start_monitoring_call(call_reference=key)
        assert agent.get_monitored_call() is session.calls[key]
        await supervisor.heard.next("OnSupervisorButtonChange")
        agent.start_monitoring_call()
        assert agent.get_monitored_call() is None
        await one.call.clear_connection()
        await supervisor.heard.next("OnMonitoredCallEnd", UniqueObjectID=key)
        await agent.stop_monitoring_agent(agent_reference=ONE)
        assert agent.get_monitored_agent() is None
        assert key not in session.calls

    run(script)


def test_barge_in_and_intercept() -> None:
    async def script(site: AgentSite) -> None:
        supervisor, one, _, key = await watched_call(site)
        agent = supervisor.agent
        agent.supervise_call(
            agent_reference=ONE,
            call_reference=key,
            supervisory_action=SupervisoryAction.eSupervisorBargeIn,
        )
        await supervisor.heard.next("OnCallBegin")
        await supervisor.heard.next("OnCallConferenced")
        assert supervisor.session.current_call is not None
        agent.supervise_call(
            {"AgentCallReference": key, "AgentReference": ONE}, supervisory_action=4
        )
        await one.heard.next("OnCallEnd")
        assert supervisor.session.current_call is not None

    run(script)


def test_a_member_is_made_ready() -> None:
    async def script(site: AgentSite) -> None:
        supervisor, one = await site.agent("1001", 0), await site.agent("1002", 1)
        await supervisor.agent.request_agent_team_list()
        await one.agent.query_agent_state()
        member = supervisor.session.agents[ONE]
        await member.set_agent_state(agent_state=AgentState.eAvailable, supervisor_id="1001")
        await one.state(AgentState.eAvailable)

    run(script)


def test_only_supervisors_supervise() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent("1002", 1)
        with pytest.raises(RequestFailedError):
            await desk.agent.request_agent_team_list()
        with pytest.raises(RequestFailedError):
            await desk.agent.start_monitoring_agent(agent_reference=TWO)
        desk.agent.start_monitoring_all_agent_teams()
        await desk.heard.next("OnControlFailureConf")

    run(script)


def test_chat_assist_emergency_and_bad_line() -> None:
    async def script(site: AgentSite) -> None:
        supervisor, one = await site.agent("1001", 0), await site.agent("1002", 1)
        one.agent.send_chat_message(distribution="agent", target="1001", message="hello")
        assert (await supervisor.heard.next("OnChatMessage"))["Message"] == "hello"
        one.agent.request_supervisor_assist()
        await supervisor.heard.next("OnCallDelivered")
        await supervisor.call.answer()
        await supervisor.heard.next("OnCallEstablished")
        one.agent.report_bad_call_line()
        await one.call.clear_connection()
        await one.heard.next("OnCallEnd")
        await one.agent.set_agent_greeting_action(agent_action=1)

    run(script)


def test_help_when_there_is_no_supervisor() -> None:
    """No confirmation is documented: the request is done when it is sent, its failure an event."""

    async def script(site: AgentSite) -> None:
        one = await site.agent("1002", 1)
        for method in ("RequestSupervisorAssist", "MakeEmergencyCall", "ReportBadCallLine"):
            pending = one.agent.perform(method)
            assert pending.code is CilError.CIL_OK
            assert not await pending
            await one.heard.next("OnControlFailureConf", InvokeID=pending.invoke_id)

    run(script)


def test_statistics() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        agent = await desk.mode("1001")
        refused = agent.perform("EnableAgentStatistics")
        assert refused.code is CilError.E_CTIOS_AGENT_NOT_LOGIN
        await site.login(desk)
        agent.enable_agent_statistics()
        await desk.heard.next("OnAgentStatistics")
        agent.disable_agent_statistics()
        agent.enable_skill_group_statistics()
        await desk.heard.next("OnSkillGroupStatisticsUpdated")
        groups = list(desk.session.skill_groups.values())
        assert groups
        groups[0].disable_skill_group_statistics()
        groups[0].enable_skill_group_statistics()
        agent.disable_skill_group_statistics()

    run(script)


def test_desktop_settings_become_properties() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        session = desk.session
        assert session.ccm_silent_monitor is None
        code = session.perform("RequestDesktopSettings", {"DesktopType": 2}).code
        assert code is CilError.E_CTIOS_INVALID_DESKTOP_TYPE
        code = session.perform("RequestDesktopSettings").code
        assert code is CilError.E_CTIOS_MISSING_ARGUMENT
        await desk.mode("1001")
        settings = await session.request_desktop_settings(desktop_type=1)
        for key in ("Grid", "Login", "IPCCSilentMonitor"):
            assert session.get_value_array(key) == settings[key]
        assert session.ccm_silent_monitor is False
        wrong = desk.agent.perform(
            "SuperviseCall",
            {"AgentReference": ONE, "CallReference": "call.1.2.3", "SupervisoryAction": 1},
        )
        assert wrong.code is CilError.E_CTIOS_INVALID_SILENT_MONITOR_MODE
        assert session.get_system_status() == 0

    run(script)


def test_statistics_of_a_session() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.desk()
        session = desk.session
        await session.monitor("FilterTarget=SkillGroupStats", snapshot=False)
        assert session.perform("EnableSkillGroupStatistics").code is CilError.CIL_OK
        some = session.perform("EnableSkillGroupStatistics", {"PeripheralID": 5000})
        assert some.code is CilError.E_CTIOS_MISSING_ARGUMENT
        session.disable_skill_group_statistics()

    run(script)


def test_a_refusal_leaves_the_agent_as_it_is() -> None:
    """OnControlFailureConf tells of a request: nothing of it becomes a property of the agent."""

    async def script(site: AgentSite) -> None:
        desk = await site.agent("1002", 1)
        desk.agent.start_monitoring_agent_team(team_id=1)
        failure = await desk.heard.next("OnControlFailureConf")
        assert (failure["PeripheralID"], failure["AgentID"]) == (5000, "1002")
        assert desk.agent.get_value_int("PeripheralID") == 5000
        assert desk.agent.get_value_string("AgentID") == "1002"
        assert not desk.agent.is_valid("FailureCode")
        await desk.agent.set_agent_state(agent_state=AgentState.eAvailable)

    run(script)
