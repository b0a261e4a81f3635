"""A supervisor at one server and his agents at its peer: monitored events, barge-in, silent
monitoring of both kinds."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from site_process import run
from test_server_stream import Client
from test_site_peers import LEVELS, Pair, pair
from test_site_service import ask, until

from fastcil.catalog import (
    AgentState,
    SilentMonitorStatus,
    SMManagerMode,
    SupervisorButtonEnablement,
    SupervisoryAction,
    event_id,
)
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame
from fastcil.simulator import SiteOptions, WorkloadOptions

pytest.importorskip("click")
pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 11), reason="the server needs Python 3.11"),
    pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP"),
]

FAILED = event_id("OnControlFailureConf")
SILENT = {"MonitoringIPAddress": "10.0.0.5", "HeartbeatInterval": 5, "HeartbeatTimeout": 15}
BY_CALL = """
[EnterpriseDesktopSettings."All Desktops".IPCCSilentMonitor.Name.Settings]
CCMBasedSilentMonitor = 1
"""


class Team:
    """A supervisor's client at the first server, a member's at the second one."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.simulator = pair.simulator
        supervisor = next(a for a in self.simulator.site.agents() if a.is_supervisor)
        assert supervisor.team is not None
        members = [a.id for a in supervisor.team.agents if a is not supervisor]
        self.supervisor, self.member = supervisor.id, members[0]
        self.key = f"agent.5000.{self.member}"
        self.boss: Client
        self.agent: Client

    async def come(self) -> None:
        self.boss = await self.pair.agent(0, self.supervisor)
        self.agent = await self.pair.agent(1, self.member)

    async def login(self, client: Client, agent_id: str, place: int) -> str:
        """Log an agent in; the instrument."""
        peripheral = self.simulator.site.peripherals[5000]
        device = list(peripheral.devices.values())[place]
        answer = await ask(
            client,
            38,
            UniqueObjectID=f"agent.5000.{agent_id}",
            AgentState=int(AgentState.eLogin),
            AgentInstrument=device.instrument,
            AgentPassword=peripheral.agents[agent_id].password,
        )
        assert answer.message_id == event_id("OnSetAgentStateConf"), answer.to_dict()
        return device.instrument

    async def silent(self) -> None:
        """Both managers are in their modes, and the server has taken that in."""
        modes = (SMManagerMode.eSMMonitoringMode, SMManagerMode.eSMMonitoredMode)
        for client, mode in zip((self.boss, self.agent), modes):
            await client.request(RequestID.SET_SILENT_MONITOR_MODE, SMManagerMode=int(mode))
            await ask(client, RequestID.REQUEST_DESKTOP_SETTINGS)

    async def start(self) -> Frame:
        """The answer of StartSilentMonitorRequest."""
        wanted = {"AgentID": self.member, "PeripheralID": 5000, **SILENT}
        return await ask(self.boss, RequestID.START_SILENT_MONITOR, **wanted)


def with_team(check: Callable[[Team], Awaitable[None]], folder: Path, *more: str) -> None:
    async def main() -> None:
        options = {
            "site": SiteOptions(agents=6, seed=2),
            "workload": WorkloadOptions(calls_per_hour=0),
        }
        async with pair(folder, *(more or (LEVELS,)), **options) as found:
            team = Team(found)
            await team.come()
            await check(team)

    run(main())


def status(frame: Frame) -> int:
    return int(frame.arguments.get_int("StatusCode"))


async def talking(team: Team) -> str:
    """The member is in a call that the supervisor sees; its key."""
    await team.login(team.boss, team.supervisor, 4)
    await team.boss.request(RequestID.START_MONITORING_ALL_AGENT_TEAMS)
    await until(team.boss, "OnMonitoredAgentStateChange")
    await team.boss.request(RequestID.START_MONITORING_AGENT, AgentReference=team.key)
    await until(team.boss, "OnStartMonitoringAgent")
    await team.login(team.agent, team.member, 0)
    ready = {"UniqueObjectID": team.key, "AgentState": int(AgentState.eAvailable)}
    await ask(team.agent, 38, **ready)
    team.simulator.actions.arrive(ani="4155550100")
    call = str((await until(team.agent, "OnCallDelivered")).get("UniqueObjectID"))
    await ask(team.agent, 42, UniqueObjectID=call)
    return call


def test_monitored_events_and_barge_in(tmp_path: Path) -> None:
    async def check(team: Team) -> None:
        call = await talking(team)
        found = await until(team.boss, "OnMonitoredCallEstablished")
        assert (found.get("UniqueObjectID"), found.get("Monitored")) == (call, True)
        buttons = SupervisorButtonEnablement(found.arguments.get_int("SupervisorBtnEnablementMask"))
        assert SupervisorButtonEnablement.ENABLE_BARGE_IN in buttons
        action = int(SupervisoryAction.eSupervisorBargeIn)
        references = {"AgentReference": team.key, "CallReference": call}
        await team.boss.request(124, SupervisoryAction=action, **references)
        await until(team.boss, "OnCallEstablished")
        await until(team.agent, "OnCallConferenced")

    with_team(check, tmp_path)


def test_a_silent_monitor_session_between_two_servers(tmp_path: Path) -> None:
    async def check(team: Team) -> None:
        boss, agent = team.boss, team.agent
        await team.silent()
        conf = await team.start()
        assert conf.message_id == event_id("OnStartSilentMonitorConf"), conf.to_dict()
        key = conf.get("SMSessionKey")
        requested = await until(agent, "OnSilentMonitorStartRequestedEvent")
        wanted = {name: value for name, value in conf.to_dict().items() if name != "InvokeID"}
        assert requested.to_dict() == {**wanted, "DoDefaultMessageHandling": True}
        twice = await team.start()
        already = SilentMonitorStatus.eSMStatusRejectedAlreadyInSession
        assert twice.get("PeripheralErrorCode") == already
        started = await ask(agent, RequestID.ACCEPT_SILENT_MONITOR, SMSessionKey=key)
        assert started.message_id == event_id("OnSilentMonitorStartedEvent")
        report = await until(boss, "OnSilentMonitorStatusReportEvent")
        assert status(report) == SilentMonitorStatus.eSMStatusMonitorStarted
        assert report.get("MonitoredUniqueObjectID") == team.key
        code = int(SilentMonitorStatus.eSMStatusInProgress)
        await agent.request(RequestID.REPORT_SILENT_MONITOR, SMSessionKey=key, StatusCode=code)
        assert status(await until(boss, "OnSilentMonitorStatusReportEvent")) == code
        stopped = await ask(boss, RequestID.STOP_SILENT_MONITOR, SMSessionKey=key)
        assert stopped.message_id == event_id("OnStopSilentMonitorConf")
        asked = await until(agent, "OnSilentMonitorStopRequestedEvent")
        assert asked.get("SMSessionKey") == key
        report = await until(boss, "OnSilentMonitorStatusReportEvent")
        assert status(report) == SilentMonitorStatus.eSMStatusMonitorStopped
        gone = await ask(agent, RequestID.ACCEPT_SILENT_MONITOR, SMSessionKey=key)
        assert gone.get("PeripheralErrorCode") == SilentMonitorStatus.eSMStatusSessionNotFound
        # Another one, which the monitored side ends.
        key = (await team.start()).get("SMSessionKey")
        code = int(SilentMonitorStatus.eSMStatusIPPhoneInformatioNotAvailable)
        await agent.request(RequestID.REPORT_SILENT_MONITOR, SMSessionKey=key, StatusCode=code)
        assert status(await until(boss, "OnSilentMonitorStatusReportEvent")) == code
        gone = await ask(boss, RequestID.STOP_SILENT_MONITOR, SMSessionKey=key)
        assert gone.get("PeripheralErrorCode") == SilentMonitorStatus.eSMStatusSessionNotFound

    with_team(check, tmp_path)


@pytest.mark.parametrize("who", ["monitoring", "monitored"])
def test_a_side_that_goes(who: str, tmp_path: Path) -> None:
    async def check(team: Team) -> None:
        await team.silent()
        await team.start()
        goes, stays = (team.boss, team.agent) if who == "monitoring" else (team.agent, team.boss)
        goes.socket.close()
        Client.opened.remove(goes)
        told = await until(stays, "OnSilentMonitorSessionDisconnected")
        codes = {
            "monitoring": SilentMonitorStatus.eSMStatusSessionTerminatedByMonitoringClient,
            "monitored": SilentMonitorStatus.eSMStatusSessionTerminatedByMonitoredClient,
        }
        assert status(told) == codes[who]

    with_team(check, tmp_path)


@pytest.mark.parametrize("who", ["monitoring", "monitored"])
def test_a_logout_ends_the_session_once(who: str, tmp_path: Path) -> None:
    async def check(team: Team) -> None:
        await team.silent()
        await team.login(team.boss, team.supervisor, 4)
        await team.login(team.agent, team.member, 0)
        key = (await team.start()).get("SMSessionKey")
        goes, out = team.boss, team.supervisor
        if who == "monitored":
            goes, out = team.agent, team.member
        change = {"UniqueObjectID": f"agent.5000.{out}", "AgentState": int(AgentState.eLogout)}
        await goes.request(38, EventReasonCode=1, **change)
        asked = await until(team.agent, "OnSilentMonitorStopRequestedEvent")
        assert asked.get("SMSessionKey") == key
        report = await until(team.boss, "OnSilentMonitorStatusReportEvent")
        codes = {
            "monitoring": SilentMonitorStatus.eSMStatusMonitorStopped,
            "monitored": SilentMonitorStatus.eSMStatusPeerLoggedOut,
        }
        assert status(report) == codes[who]
        # Nothing of it comes a second time: the next that either side gets is something else.
        for client, once in ((team.agent, asked.message_id), (team.boss, report.message_id)):
            number = int(RequestID.REQUEST_DESKTOP_SETTINGS)
            await client.request(number, DesktopType=0, InvokeID=99)
            frames = await client.until(lambda frame: frame.get("InvokeID") == 99)
            assert once not in {frame.message_id for frame in frames}

    with_team(check, tmp_path)


def test_a_server_that_dies_ends_the_session(tmp_path: Path) -> None:
    async def check(team: Team) -> None:
        await team.silent()
        await team.start()
        team.pair.servers[1].signal(signal.SIGKILL)
        told = await until(team.boss, "OnSilentMonitorSessionDisconnected")
        assert status(told) == SilentMonitorStatus.eSMStatusNoResponseFromPeer
        again = await team.start()
        assert again.get("PeripheralErrorCode") == SilentMonitorStatus.eSMStatusPeerLoggedOut

    with_team(check, tmp_path)


def test_an_agent_who_is_not_ready_for_it(tmp_path: Path) -> None:
    async def check(team: Team) -> None:
        mode = int(SMManagerMode.eSMMonitoringMode)
        await team.boss.request(RequestID.SET_SILENT_MONITOR_MODE, SMManagerMode=mode)
        refused = await team.start()
        not_enabled = SilentMonitorStatus.eSMStatusPeerSilentMonitorNotEnabled
        assert refused.message_id == FAILED
        assert refused.get("PeripheralErrorCode") == not_enabled, refused.to_dict()

    with_team(check, tmp_path)


def test_silent_monitoring_by_a_call(tmp_path: Path) -> None:
    async def check(team: Team) -> None:
        call = await talking(team)
        action: Any = int(SupervisoryAction.eSupervisorMonitor)
        references = {"AgentReference": team.key, "CallReference": call}
        await team.boss.request(124, SupervisoryAction=action, **references)
        for client in (team.boss, team.agent):
            started = await until(client, "OnSilentMonitorStartedEvent")
            assert started.get("SilentMonitorTargetAgentUID") == team.key
        own = str(started.get("SilentMonitorCallUID"))
        action = int(SupervisoryAction.eSupervisorClear)
        references["CallReference"] = own
        await team.boss.request(124, SupervisoryAction=action, **references)
        for client in (team.boss, team.agent):
            stopped = await until(client, "OnSilentMonitorStopRequestedEvent")
            assert stopped.get("SilentMonitorCallUID") == own

    with_team(check, tmp_path, BY_CALL)
