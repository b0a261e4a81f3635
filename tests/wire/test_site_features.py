"""What a site's event server does for its clients beyond calls: chat, settings, statistics, silent
monitoring, supervision, farewells. Simulator, server and clients on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from test_server_stream import SECONDS, Client
from test_site_service import Site, ask, login, run, until

import fastcil
from fastcil.catalog import (
    AgentState,
    SilentMonitorStatus,
    SMManagerMode,
    SupervisorButtonEnablement,
    SupervisoryAction,
    event_id,
)
from fastcil.catalog.requests import RequestID
from fastcil.cil import Agent
from fastcil.codec import Frame
from fastcil.ged188.enums import ControlFailureCode
from fastcil.server import source
from fastcil.server.typed import encode_typed

FAILED = event_id("OnControlFailureConf")
SILENT = {"MonitoringIPAddress": "127.0.0.1", "HeartbeatInterval": 5, "HeartbeatTimeout": 15}


def team(site: Site) -> tuple[str, list[str]]:
    """A supervisor and the other members of his team."""
    supervisor = next(a for a in site.simulator.site.agents() if a.is_supervisor)
    assert supervisor.team is not None
    return supervisor.id, [a.id for a in supervisor.team.agents if a is not supervisor]


async def eventually(true: Callable[[], Any]) -> None:
    async def wait() -> None:
        while not true():
            await asyncio.sleep(0)

    await asyncio.wait_for(wait(), SECONDS)


# -- chat --------------------------------------------------------------------------------------


def chat(target: str, text: str = "hello") -> dict[str, Any]:
    return {"Distribution": "agent", "Target": target, "Message": text}


def test_an_agent_chats_with_the_supervisor_of_the_team_only() -> None:
    async def test(site: Site) -> None:
        supervisor, members = team(site)
        agent, boss, other = [await site.agent(one) for one in (members[0], supervisor, members[1])]
        await agent.request(RequestID.SEND_CHAT_MESSAGE, **chat(supervisor))
        found = await until(boss, "OnChatMessage")
        assert found.to_dict() == {
            "Distribution": "agent",
            "AgentID": supervisor,
            "Target": supervisor,
            "Message": "hello",
            "Source": members[0],
        }
        refused = await ask(agent, RequestID.SEND_CHAT_MESSAGE, **chat(members[1]))
        code = ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE
        assert (refused.message_id, refused.get("FailureCode")) == (FAILED, code)
        await boss.request(RequestID.SEND_CHAT_MESSAGE, **chat(members[1], "from above"))
        assert (await until(other, "OnChatMessage")).get("Source") == supervisor

    run(test)


@pytest.mark.parametrize(
    ("text", "from_supervisor", "to_supervisor", "allowed"),
    [
        ('[Server.Agent]\nAgentChatLevel = "Disabled"', False, True, False),
        ('[Server.Agent]\nAgentChatLevel = "PrimarySupervisor"', False, True, True),
        ('[Server.Agent]\nAgentChatLevel = "Team"', False, False, True),
        ('[Server.Agent]\nAgentChatLevel = "Unrestricted"', False, False, True),
        ('[Server.Supervisor]\nSupervisorChatLevel = "Disabled"', True, False, False),
        ('[Server.Supervisor]\nSupervisorChatLevel = "Team"', True, False, True),
    ],
)
def test_chat_levels(text: str, from_supervisor: bool, to_supervisor: bool, allowed: bool) -> None:
    async def test(site: Site) -> None:
        supervisor, members = team(site)
        source = supervisor if from_supervisor else members[0]
        target = supervisor if to_supervisor else members[1]
        sender, receiver = await site.agent(source), await site.agent(target)
        await sender.request(RequestID.SEND_CHAT_MESSAGE, InvokeID=5, **chat(target))
        if allowed:
            assert (await until(receiver, "OnChatMessage")).get("Source") == source
        else:
            assert (await until(sender, "OnControlFailureConf")).get("InvokeID") == 5

    run(test, text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"Distribution": "team", "Target": "1001"}, "Distribution"),
        ({"Distribution": "agent"}, "Target is missing"),
        (chat("no one"), "no agent"),
        (chat("1002"), "no session"),
        (chat("1002", "x" * 256), "255 bytes"),
    ],
)
def test_chat_that_cannot_be(arguments: dict[str, Any], words: str) -> None:
    async def test(site: Site) -> None:
        client = await site.agent("1001")
        refused = await ask(client, RequestID.SEND_CHAT_MESSAGE, **arguments)
        assert refused.message_id == FAILED
        assert words in str(refused.get("ErrorMessage"))

    run(test, '[Server.Agent]\nAgentChatLevel = "Unrestricted"')


def test_chat_by_login_name() -> None:
    """SendChatMessage: Target and LoginName have the login name (CTI OS Developer Guide)."""

    async def test(site: Site) -> None:
        sender, receiver = await site.agent("1001"), await site.agent("1002")
        name = site.simulator.site.peripherals[5000].agents["1002"].login_name
        assert name
        assert name != "1002"
        wanted = {**chat(name), "LoginName": name}
        await sender.request(RequestID.SEND_CHAT_MESSAGE, **wanted)
        assert (await until(receiver, "OnChatMessage")).get("AgentID") == "1002"

    run(test, '[Server.Agent]\nAgentChatLevel = "Unrestricted"')


def test_an_event_for_many_clients_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []

    def counted(message_id: int, arguments: Any) -> bytes:
        encoded.append(message_id)
        return encode_typed(message_id, arguments)

    monkeypatch.setattr(source, "encode_typed", counted)

    async def test(site: Site) -> None:
        sender = await site.agent("1001")
        receivers = [await site.agent("1002") for _ in range(5)]
        await sender.request(RequestID.SEND_CHAT_MESSAGE, **chat("1002"))
        for receiver in receivers:
            assert (await until(receiver, "OnChatMessage")).get("Message") == "hello"
        assert encoded.count(event_id("OnChatMessage")) == 1

    run(test, '[Server.Agent]\nAgentChatLevel = "Unrestricted"')


def test_agent_mode_by_login_name() -> None:
    async def test(site: Site) -> None:
        name = site.simulator.site.peripherals[5000].agents["1002"].login_name
        client = await site.client()
        await client.request(RequestID.SET_AGENT, LoginName=name, PeripheralID=5000)
        assert (await until(client, "OnSetAgentModeEvent")).get("AgentID") == "1002"

    run(test)


# -- desktop settings --------------------------------------------------------------------------


def test_desktop_settings_as_documented_without_a_configuration() -> None:
    async def test(site: Site) -> None:
        client = await site.client()
        found = (await ask(client, RequestID.REQUEST_DESKTOP_SETTINGS, DesktopType=0)).to_dict()
        assert found["IPCCSilentMonitor"]["settings"]["MonitoringIPPort"] == 39200
        assert found["ScreenPreferences"]["MainScreen"]["BringToFrontOnCall"] == 1
        assert found["Grid"]["CallAppearance"]["columns"]["4"] == {"Type": "ANI"}
        assert len(found["Grid"]["CallAppearance"]["columns"]) == 18
        assert found["SoundPreferences"]["RingInTone"] == {"Mute": False}
        assert found["ECC"] == {}
        assert found["Login"]["ConnectionProfiles"] == {}

    run(test)


DESKTOP = """
[EnterpriseDesktopSettings."All Desktops".ECC.Name."user.Segment"]
[EnterpriseDesktopSettings."All Desktops".ECC.Name.Orders]
Size = 2
[EnterpriseDesktopSettings."All Desktops".Grid.AgentStatistics.Columns.Number.1]
Type = "AvgHoldTimeToday"
Header = "Hold"
[EnterpriseDesktopSettings."All Desktops".Grid.SkillGroupStatistics.Columns.Number.1]
Type = "SkillGroupNumber"
[EnterpriseDesktopSettings."All Desktops".Grid.SkillGroupStatistics.Columns.Number.2]
Type = "AgentsLoggedOn"
[EnterpriseDesktopSettings."All Desktops".Grid.Mine.Columns.Number.1]
Type = "ours"
[EnterpriseDesktopSettings."All Desktops".IPCCSilentMonitor.Name.Settings]
CCMBasedSilentMonitor = 1
[EnterpriseDesktopSettings."All Desktops".Login.ConnectionProfiles.Name.Here]
CtiOsA = "a"
AutoLogin = 1
[EnterpriseDesktopSettings."All Desktops".Login.ConnectionProfiles.Name.Here.SilentMonitorService]
ListenPort = 42228
[EnterpriseDesktopSettings."All Desktops".Login.ConnectionProfiles.Name.Here.SilentMonitorService.Cluster.1]
SilentMonitorService = "listener"
[EnterpriseDesktopSettings."All Desktops".SoundPreferences.Name.DTMF]
Mute = true
[EnterpriseDesktopSettings."All Desktops".Own]
x = 1
"""  # noqa: E501


def test_desktop_settings_of_a_configuration() -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        found = (await ask(client, RequestID.REQUEST_DESKTOP_SETTINGS, DesktopType=1)).to_dict()
        assert found["ECC"] == {"user.Segment": {}, "user.Orders[0]": {}, "user.Orders[1]": {}}
        column = {"Type": "AvgHoldTimeToday", "Header": "Hold"}
        assert found["Grid"]["AgentStatistics"] == {"columns": {"1": column}}
        assert found["Grid"]["Mine"]["columns"]["1"] == {"Type": "ours"}
        assert found["IPCCSilentMonitor"]["settings"]["CCMBasedSilentMonitor"] == 1
        profile = found["Login"]["ConnectionProfiles"]["Here"]
        assert (profile["CtiosA"], profile["AutoLogin"], profile["MaxHeartbeats"]) == ("a", 1, 5)
        service = {"ListenPort": 42228, "Cluster": {"1": {"SilentMonitorService": "listener"}}}
        assert profile["SilentMonitorService"] == service
        assert found["SoundPreferences"]["DTMF"] == {"Mute": True}
        assert found["Own"] == {}

    run(test, DESKTOP)


# -- statistics --------------------------------------------------------------------------------

_ONCE = """
[Server.Agent]
PollForAgentStatsAtEndCall = 1
PollingIntervalSec = 1
"""


def test_agent_statistics_come_at_the_end_of_a_call() -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        await login(site, client)
        await client.request(RequestID.ENABLE_AGENT_STATISTICS)
        first = await until(client, "OnAgentStatistics")
        assert first.get("AgentID") == "1001"
        assert first.get("HandledCallsToday") == 0
        asked = site.service.source.statistics.asked
        site.simulator.actions.arrive(ani="4155550100")
        key = (await until(client, "OnCallDelivered")).get("UniqueObjectID")
        await ask(client, 42, UniqueObjectID=key)
        await ask(client, 46, UniqueObjectID=key)
        again = await until(client, "OnAgentStatistics")
        assert site.service.source.statistics.asked == asked + 1
        assert again.get("UniqueObjectID") == "agent.5000.1001"
        assert again.get("LoggedOnTimeSession") is not None

    run(test, _ONCE)


def test_agent_statistics_at_an_interval_until_nobody_wants_them() -> None:
    async def test(site: Site) -> None:
        first, second = await site.agent(), await site.agent()
        await login(site, first)
        for client in (first, second):
            await client.request(RequestID.ENABLE_AGENT_STATISTICS)
            await until(client, "OnAgentStatistics")
        statistics = site.service.source.statistics
        asked = statistics.asked
        for client in (first, second):
            await until(client, "OnAgentStatistics")
        assert statistics.asked <= asked + 2, "one answer serves both"
        await ask(first, RequestID.DISABLE_AGENT_STATISTICS, UniqueObjectID="agent.5000.none")
        for client in (first, second):
            await client.request(RequestID.DISABLE_AGENT_STATISTICS)
        await eventually(lambda: not statistics._agents)
        assert not statistics._loops

    run(test, "[Server.Agent]\nPollForAgentStatsAtEndCall = 0\nPollingIntervalSec = 1")


def test_only_the_columns_of_the_grid_are_sent() -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        await login(site, client)
        await client.request(RequestID.ENABLE_AGENT_STATISTICS)
        found = (await until(client, "OnAgentStatistics")).to_dict()
        about = {"PeripheralID", "AgentExtension", "AgentID", "AgentInstrument", "UniqueObjectID"}
        # AvgHoldTimeToday is computed from these.
        assert set(found) - about == {
            "AgentOutCallsHeldTimeToday",
            "AgentOutCallsToday",
            "HandledCallsToday",
            "IncomingCallsHeldTimeToday",
        }
        await client.request(RequestID.ENABLE_SKILL_GROUP_STATISTICS)
        groups = await until(client, "OnSkillGroupStatisticsUpdated")
        assert set(groups.to_dict()["Statistics"]) == {"AgentsLoggedOn"}

    run(test, DESKTOP)


def test_skill_group_statistics_in_agent_mode() -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        await login(site, client)
        peripheral = site.simulator.site.peripherals[5000]
        group = peripheral.agents["1001"].memberships[0].group.number
        numbers = {"1": {"SkillGroupNumber": group, "SkillGroupPriority": 0}}
        await client.request(RequestID.ENABLE_SKILL_GROUP_STATISTICS, SkillGroupNumbers=numbers)
        about = await until(client, "OnSkillInfoEvent")
        assert about.get("SkillGroupNumber") == group
        found = await until(client, "OnSkillGroupStatisticsUpdated")
        values = found.to_dict()
        assert values["SkillGroupNumber"] == group
        assert values["Statistics"]["AgentsLoggedOn"] == 1
        await client.request(RequestID.DISABLE_SKILL_GROUP_STATISTICS)
        await eventually(lambda: not site.service.source.statistics._groups)

    run(test)


def test_skill_group_statistics_in_monitor_mode() -> None:
    """With nobody logged in, chosen by FilterTarget; another filter lets none through."""

    async def test(site: Site) -> None:
        client, deaf = await site.client(), await site.client()
        await client.monitor("FilterTarget=SkillGroupStats", MonitorSessionSnapshotMode=1)
        await deaf.monitor("MessageID=23", MonitorSessionSnapshotMode=1)
        every = set(site.service.source.mapper.objects.skill_groups)
        assert every == {
            f"skillgroup.5000.{group.number}"
            for group in site.simulator.site.peripherals[5000].skill_groups.values()
        }
        for one in (client, deaf):
            await one.request(RequestID.ENABLE_SKILL_GROUP_STATISTICS)
        seen = set()
        while seen != every:
            found = await until(client, "OnSkillGroupStatisticsUpdated")
            assert found.get("FilterTarget") == "SkillGroupStats"
            seen.add(found.get("UniqueObjectID"))
        number = event_id("OnSkillGroupStatisticsUpdated")
        await deaf.request(RequestID.REQUEST_SNAPSHOT)
        last = await ask(deaf, RequestID.SEND_CHAT_MESSAGE)
        assert last.message_id == FAILED
        assert number != last.message_id

    run(test)


# -- silent monitoring -------------------------------------------------------------------------


async def ready_for(client: Client, mode: SMManagerMode) -> None:
    await client.request(RequestID.SET_SILENT_MONITOR_MODE, SMManagerMode=int(mode))


async def silent_pair(site: Site) -> tuple[Client, Client, str]:
    """A monitoring and a monitored client, and the agent of the latter."""
    supervisor, members = team(site)
    boss, agent = await site.agent(supervisor), await site.agent(members[0])
    await ready_for(boss, SMManagerMode.eSMMonitoringMode)
    await ready_for(agent, SMManagerMode.eSMMonitoredMode)
    # What is sent after it is handled after it.
    await ask(agent, RequestID.REQUEST_DESKTOP_SETTINGS)
    return boss, agent, members[0]


def status(frame: Frame) -> Any:
    assert frame.message_id == event_id("OnSilentMonitorStatusReportEvent")
    return frame.get("StatusCode")


def test_a_silent_monitor_session_from_start_to_stop() -> None:
    async def test(site: Site) -> None:
        boss, agent, agent_id = await silent_pair(site)
        wanted = {"AgentID": agent_id, "PeripheralID": 5000, **SILENT}
        conf = await ask(boss, RequestID.START_SILENT_MONITOR, **wanted)
        assert conf.message_id == event_id("OnStartSilentMonitorConf")
        key = conf.get("SMSessionKey")
        requested = await until(agent, "OnSilentMonitorStartRequestedEvent")
        assert requested.get("SMSessionKey") == key
        assert requested.get("DoDefaultMessageHandling") is True
        assert requested.get("MonitoringIPPort") == 39200
        started = await ask(agent, RequestID.ACCEPT_SILENT_MONITOR, SMSessionKey=key)
        assert started.message_id == event_id("OnSilentMonitorStartedEvent")
        report = await until(boss, "OnSilentMonitorStatusReportEvent")
        assert status(report) == SilentMonitorStatus.eSMStatusMonitorStarted
        assert report.get("MonitoredUniqueObjectID") == f"agent.5000.{agent_id}"
        twice = await ask(boss, RequestID.START_SILENT_MONITOR, **wanted)
        already = SilentMonitorStatus.eSMStatusRejectedAlreadyInSession
        assert twice.get("PeripheralErrorCode") == already
        stopped = await ask(boss, RequestID.STOP_SILENT_MONITOR, SMSessionKey=key)
        assert stopped.message_id == event_id("OnStopSilentMonitorConf")
        asked = await until(agent, "OnSilentMonitorStopRequestedEvent")
        assert asked.get("SMSessionKey") == key
        report = await until(boss, "OnSilentMonitorStatusReportEvent")
        assert status(report) == SilentMonitorStatus.eSMStatusMonitorStopped
        gone = await ask(boss, RequestID.STOP_SILENT_MONITOR, SMSessionKey=key)
        assert gone.get("PeripheralErrorCode") == SilentMonitorStatus.eSMStatusSessionNotFound

    run(test)


@pytest.mark.parametrize("who", ["monitoring", "monitored"])
def test_a_side_of_a_silent_monitor_session_that_goes(who: str) -> None:
    async def test(site: Site) -> None:
        boss, agent, agent_id = await silent_pair(site)
        wanted = {"AgentID": agent_id, "PeripheralID": 5000, **SILENT}
        await ask(boss, RequestID.START_SILENT_MONITOR, **wanted)
        goes, stays = (boss, agent) if who == "monitoring" else (agent, boss)
        goes.socket.close()
        Client.opened.remove(goes)
        told = await until(stays, "OnSilentMonitorSessionDisconnected")
        codes = {
            "monitoring": SilentMonitorStatus.eSMStatusSessionTerminatedByMonitoringClient,
            "monitored": SilentMonitorStatus.eSMStatusSessionTerminatedByMonitoredClient,
        }
        assert told.get("StatusCode") == codes[who]
        assert not site.service.source.silent._sessions

    run(test)


def test_what_the_monitored_side_reports_ends_the_session() -> None:
    async def test(site: Site) -> None:
        boss, agent, agent_id = await silent_pair(site)
        wanted = {"AgentID": agent_id, "PeripheralID": 5000, **SILENT}
        key = (await ask(boss, RequestID.START_SILENT_MONITOR, **wanted)).get("SMSessionKey")
        code = int(SilentMonitorStatus.eSMStatusIPPhoneInformatioNotAvailable)
        await agent.request(RequestID.REPORT_SILENT_MONITOR, SMSessionKey=key, StatusCode=code)
        assert status(await until(boss, "OnSilentMonitorStatusReportEvent")) == code
        gone = await ask(agent, RequestID.ACCEPT_SILENT_MONITOR, SMSessionKey=key)
        assert gone.get("PeripheralErrorCode") == SilentMonitorStatus.eSMStatusSessionNotFound

    run(test)


@pytest.mark.parametrize("who", ["monitoring", "monitored"])
def test_a_logout_ends_the_session(who: str) -> None:
    async def test(site: Site) -> None:
        boss, agent, agent_id = await silent_pair(site)
        supervisor, _ = team(site)
        await login(site, boss, supervisor, 4, ready=False)
        await login(site, agent, agent_id, 0, ready=False)
        wanted = {"AgentID": agent_id, "PeripheralID": 5000, **SILENT}
        key = (await ask(boss, RequestID.START_SILENT_MONITOR, **wanted)).get("SMSessionKey")
        code = int(SilentMonitorStatus.eSMStatusInProgress)
        await agent.request(RequestID.REPORT_SILENT_MONITOR, SMSessionKey=key, StatusCode=code)
        assert status(await until(boss, "OnSilentMonitorStatusReportEvent")) == code
        goes, out = (boss, supervisor) if who == "monitoring" else (agent, agent_id)
        change = {"UniqueObjectID": f"agent.5000.{out}", "AgentState": int(AgentState.eLogout)}
        await goes.request(38, EventReasonCode=1, **change)
        asked = await until(agent, "OnSilentMonitorStopRequestedEvent")
        assert asked.get("SMSessionKey") == key
        report = await until(boss, "OnSilentMonitorStatusReportEvent")
        codes = {
            "monitoring": SilentMonitorStatus.eSMStatusMonitorStopped,
            "monitored": SilentMonitorStatus.eSMStatusPeerLoggedOut,
        }
        assert status(report) == codes[who]

    run(test)


def test_silent_monitoring_that_cannot_be() -> None:
    async def test(site: Site) -> None:
        supervisor, members = team(site)
        boss = await site.agent(supervisor)
        wanted = {"AgentID": members[0], "PeripheralID": 5000, **SILENT}

        async def code(**arguments: Any) -> Any:
            found = await ask(boss, RequestID.START_SILENT_MONITOR, **arguments)
            assert found.message_id == FAILED
            return found.get("PeripheralErrorCode")

        assert await code(**wanted) == SilentMonitorStatus.eSMStatusIncorrectSessionMode
        await ready_for(boss, SMManagerMode.eSMMonitoringMode)
        assert await code(**wanted) == SilentMonitorStatus.eSMStatusPeerLoggedOut
        await site.agent(members[0])
        not_enabled = SilentMonitorStatus.eSMStatusPeerSilentMonitorNotEnabled
        assert await code(**wanted) == not_enabled
        missing = SilentMonitorStatus.eSMStatusMissingParameter
        assert await code(AgentID=members[0]) == missing
        assert await code(PeripheralID=5000, **SILENT) == missing

    run(test)


CALL_BASED = """
[EnterpriseDesktopSettings."All Desktops".IPCCSilentMonitor.Name.Settings]
CCMBasedSilentMonitor = 1
"""


async def talking(site: Site) -> tuple[Client, Client, str, str, str]:
    """A supervisor's client, an agent's in a call, the agent's key, the call's, the instrument."""
    supervisor, members = team(site)
    boss, agent = await site.agent(supervisor), await site.agent(members[0])
    await login(site, boss, supervisor, 4, ready=False)
    await boss.request(RequestID.START_MONITORING_ALL_AGENT_TEAMS)
    await until(boss, "OnMonitoredAgentStateChange")
    key = f"agent.5000.{members[0]}"
    await boss.request(RequestID.START_MONITORING_AGENT, AgentReference=key)
    await until(boss, "OnStartMonitoringAgent")
    instrument = await login(site, agent, members[0], 0)
    site.simulator.actions.arrive(ani="4155550100")
    call = (await until(agent, "OnCallDelivered")).get("UniqueObjectID")
    await ask(agent, 42, UniqueObjectID=call)
    await site.settle()
    return boss, agent, key, str(call), instrument


def test_silent_monitoring_by_a_call() -> None:
    async def test(site: Site) -> None:
        boss, agent, agent_key, call, instrument = await talking(site)
        wrong = await ask(boss, RequestID.START_SILENT_MONITOR, PeripheralID=5000, **SILENT)
        by_call = SilentMonitorStatus.eSMStatusCCMSilentMonitor
        assert wrong.get("PeripheralErrorCode") == by_call
        action = int(SupervisoryAction.eSupervisorMonitor)
        references = {"AgentReference": agent_key, "AgentCallReference": call}
        await boss.request(124, SupervisoryAction=action, **references)
        for client in (boss, agent):
            started = await until(client, "OnSilentMonitorStartedEvent")
            assert started.get("SilentMonitorTargetAgentUID") == agent_key
            assert started.get("SilentMonitorTargetDeviceID") == instrument
        own = str(started.get("SilentMonitorCallUID"))
        await site.settle()
        assert own in site.service.source.mapper.objects.calls
        action = int(SupervisoryAction.eSupervisorClear)
        references = {"AgentReference": agent_key, "CallReference": own}
        await boss.request(124, SupervisoryAction=action, **references)
        for client in (boss, agent):
            stopped = await until(client, "OnSilentMonitorStopRequestedEvent")
            assert stopped.get("SilentMonitorCallUID") == own
            assert stopped.get("SilentMonitorCallDisposition") == 0

    run(test, CALL_BASED)


def test_silent_monitoring_by_a_call_where_it_is_of_the_other_kind() -> None:
    async def test(site: Site) -> None:
        boss, _, agent_key, call, _ = await talking(site)
        action = int(SupervisoryAction.eSupervisorMonitor)
        references = {"AgentReference": agent_key, "CallReference": call}
        refused = await ask(boss, 124, SupervisoryAction=action, **references)
        assert refused.message_id == FAILED
        assert "CCMBasedSilentMonitor" in str(refused.get("ErrorMessage"))

    run(test)


# -- supervision -------------------------------------------------------------------------------


def test_barge_in_and_intercept() -> None:
    async def test(site: Site) -> None:
        boss, agent, agent_key, call, _ = await talking(site)
        established = await until(boss, "OnMonitoredCallEstablished")
        buttons = SupervisorButtonEnablement(established.get("SupervisorBtnEnablementMask"))
        assert SupervisorButtonEnablement.ENABLE_BARGE_IN in buttons
        references = {"AgentReference": agent_key, "CallReference": call}
        action = int(SupervisoryAction.eSupervisorBargeIn)
        await boss.request(124, SupervisoryAction=action, **references)
        await until(boss, "OnCallEstablished")
        await site.settle()
        mask = site.service.source.supervisor_mask(
            "OnCallHeld", {"UniqueObjectID": _call_of(site, agent_key)}
        )
        assert SupervisorButtonEnablement.ENABLE_INTERCEPT in mask
        action = int(SupervisoryAction.eSupervisorIntercept)
        references["CallReference"] = _call_of(site, agent_key)
        await boss.request(124, SupervisoryAction=action, **references)
        ended = await until(agent, "OnCallEnd")
        assert ended.get("UniqueObjectID") == call
        await site.settle()
        assert call not in site.service.source.mapper.objects.calls

    run(test)


def _call_of(site: Site, agent_key: str) -> str:
    objects = site.service.source.mapper.objects
    return next(iter(objects.at_device[objects.agents[agent_key].seat]))


def test_monitoring_one_agent_brings_the_calls_there_are() -> None:
    async def test(site: Site) -> None:
        boss, _, agent_key, call, _ = await talking(site)
        await boss.request(RequestID.STOP_MONITORING_ALL_AGENT_TEAMS)
        told = await ask(boss, RequestID.START_MONITORING_AGENT, AgentReference=agent_key)
        assert told.message_id == event_id("OnStartMonitoringAgent")
        logout = SupervisorButtonEnablement.ENABLE_SET_AGENT_LOGOUT
        assert logout in SupervisorButtonEnablement(told.get("SupervisorBtnEnablementMask"))
        begun = await until(boss, "OnMonitoredCallBegin")
        assert (begun.get("UniqueObjectID"), begun.get("Monitored")) == (call, True)
        await boss.request(RequestID.START_MONITORING_CALL, CallReference=call)
        unknown = await ask(boss, RequestID.START_MONITORING_CALL, CallReference="call.1.2.3")
        assert unknown.get("FailureCode") == ControlFailureCode.CF_OBJECT_NOT_KNOWN
        stopped = await ask(boss, RequestID.STOP_MONITORING_AGENT, AgentReference=agent_key)
        assert stopped.message_id == event_id("OnStopMonitoringAgent")

    run(test)


def test_a_supervisor_logs_a_member_out() -> None:
    async def test(site: Site) -> None:
        supervisor, members = team(site)
        boss, agent = await site.agent(supervisor), await site.agent(members[0])
        await login(site, boss, supervisor, 4, ready=False)
        await login(site, agent, members[0], 0)
        key = f"agent.5000.{members[0]}"
        change = {"UniqueObjectID": key, "SupervisorID": supervisor}
        conf = await ask(boss, 38, AgentState=AgentState.eNotReady, **change)
        assert conf.message_id == event_id("OnSetAgentStateConf"), conf.to_dict()
        conf = await ask(boss, 38, AgentState=AgentState.eLogout, EventReasonCode=999, **change)
        assert conf.message_id == event_id("OnSetAgentStateConf"), conf.to_dict()
        out = await until(agent, "OnPostLogout")
        assert out.get("EventReasonCode") == 999

    run(test)


def test_a_client_learns_at_once_whether_its_agent_is_a_supervisor() -> None:
    async def test(site: Site) -> None:
        supervisor, members = team(site)
        for agent_id, wanted in ((supervisor, True), (members[0], False)):
            url = f"ctios://127.0.0.1:{site.service.server.port}"
            async with fastcil.connect(url) as session:
                agent = Agent()
                agent.set_value("AgentID", agent_id)
                agent.set_value("PeripheralID", 5000)
                await session.set_agent(agent)
                assert session.is_supervisor() is wanted

    run(test)


def test_only_supervisors_watch_teams() -> None:
    async def test(site: Site) -> None:
        supervisor, members = team(site)
        agent, boss = await site.agent(members[0]), await site.agent(supervisor)
        number = int(RequestID.START_MONITORING_AGENT_TEAM)
        refused = await ask(agent, number, TeamID=1)
        code = ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE
        assert refused.get("FailureCode") == code
        assert (await ask(boss, number)).message_id == FAILED
        assert (await ask(boss, number, TeamID=424242)).message_id == FAILED
        own = site.service.source.mapper.objects.agents[f"agent.5000.{supervisor}"].team
        await boss.request(number, TeamID=own)
        assert (await until(boss, "OnMonitoredAgentStateChange")).get("Monitored") is True

    run(test)


# -- farewell ----------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [0, 1])
def test_an_agent_whose_session_ends_without_a_logout(force: int) -> None:
    async def test(site: Site) -> None:
        client, watching = await site.agent(), await site.client()
        await login(site, client)
        await watching.monitor("MessageID=*", MonitorSessionSnapshotMode=1)
        client.socket.close()
        Client.opened.remove(client)
        agent = site.simulator.site.peripherals[5000].agents["1001"]
        if force:
            out = await until(watching, "OnPostLogout")
            assert out.get("EventReasonCode") == 50
            await site.settle()
            assert int(agent.state) == AgentState.eLogout
        else:
            server = site.service.server
            await eventually(lambda: server.counts()["agents"] == 0)
            assert int(agent.state) == AgentState.eAvailable

    text = f"[Server.Agent]\nforceLogoutOnSessionClose = {force}\n"
    run(test, text + "forceLogoutOnSessionCloseReason = 50\nforceNotReadyOnSessionCloseReason = 51")
