"""The silent monitor manager of two clients, over the event server of a simulated site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from agent_kit import PERIPHERAL, AgentSite, Desk, run
from client_peer import Peer
from client_session import Live

from fastcil.catalog import CilError, SilentMonitorStatus, SMManagerMode, event_id
from fastcil.catalog.requests import RequestID
from fastcil.cil import RequestFailedError, SessionError
from fastcil.cil.silent import SilentMonitorManager
from fastcil.codec import Arguments, FrameKind

E = CilError
REQUESTED = event_id("OnSilentMonitorStartRequestedEvent")
START: dict[str, Any] = {
    "AgentID": "1002",
    "PeripheralID": PERIPHERAL,
    "MonitoringIPAddress": "127.0.0.1",
    "HeartbeatInterval": 5,
    "HeartbeatTimeout": 15,
}
TARGET = f"agent.{PERIPHERAL}.1002"
CCM = """
[EnterpriseDesktopSettings."All Desktops".IPCCSilentMonitor.Name.Settings]
CCMBasedSilentMonitor = 1
"""


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


async def manager(
    desk: Desk, mode: SMManagerMode = SMManagerMode.eSMModeNotSet, **arguments: Any
) -> SilentMonitorManager:
    found = desk.session.create_silent_monitor_manager(arguments)
    desk.session.set_current_silent_monitor(found)
    if mode is SMManagerMode.eSMMonitoringMode:
        await found.start_sm_monitoring_mode()
    elif mode is SMManagerMode.eSMMonitoredMode:
        await found.start_sm_monitored_mode()
    return found


async def both(site: AgentSite) -> tuple[Desk, SilentMonitorManager, Desk, SilentMonitorManager]:
    """One desk that is to monitor, and 1002's that is to be monitored."""
    boss, agent = await site.agent("1001"), await site.agent("1002", 1)
    listening = await manager(boss, SMManagerMode.eSMMonitoringMode)
    # What an agent's client sends on another connection is handled when it comes: ask for something
    # so that the mode is known.
    listened = await manager(agent, SMManagerMode.eSMMonitoredMode)
    await agent.agent.query_agent_state()
    await boss.agent.query_agent_state()
    return boss, listening, agent, listened


def code(pending: Any) -> CilError:
    found: CilError = pending.code
    return found


def test_a_session_from_begin_to_end() -> None:
    async def script(site: AgentSite) -> None:
        boss, listening, agent, listened = await both(site)
        assert listening.mode is SMManagerMode.eSMMonitoringMode
        assert listened.get_value("SMManagerMode") == SMManagerMode.eSMMonitoredMode
        given = Arguments(START)
        found = await listening.start_silent_monitor_request(given)
        key = found["SMSessionKey"]
        assert given["SMSessionKey"] == key
        assert found["MonitoringIPPort"] == 39200
        requested = await agent.heard.next("OnSilentMonitorStartRequestedEvent")
        assert requested["DoDefaultMessageHandling"] is True
        started = await agent.heard.next("OnSilentMonitorStartedEvent")
        assert started["SMSessionKey"] == key
        report = await boss.heard.next("OnSilentMonitorStatusReportEvent")
        assert report["StatusCode"] == SilentMonitorStatus.eSMStatusMonitorStarted

        for one in (listening, listened):
            info = one.get_session_info({"SMSessionKey": key})
            assert info is not None
            assert info["SMSessionStatus"] == SilentMonitorStatus.eSMStatusMonitorStarted
            assert (info["MonitoredUniqueObjectID"], info["AgentID"]) == (TARGET, "1002")
            assert info["AudioMode"] == 0
            assert list(one.get_sm_session_list()) == [str(key)]
            assert one.get_value_array("SessionInformation")["SMSessionKey"] == key
            assert one.is_monitored_target({"MonitoredUniqueObjectID": TARGET})
            assert not one.is_monitored_target({"MonitoredUniqueObjectID": "agent.1.1"})
            assert one.get_session_info({"SMSessionKey": key + 1}) is None
            assert one.last_error is E.E_CTIOS_INVALID_SILENT_MONITOR_SESSION

        again = listening.perform("StartSilentMonitorRequest", START)
        assert code(again) is E.E_CTIOS_ALREADY_IN_SESSION
        wrong = listening.perform("StopSilentMonitorRequest", {"SMSessionKey": key + 1})
        assert code(wrong) is E.E_CTIOS_INVALID_SILENT_MONITOR_SESSION
        assert code(listening.perform("StopSilentMonitorRequest")) is E.E_CTIOS_MISSING_ARGUMENT
        stopped = await listening.stop_silent_monitor_request(sm_session_key=key)
        assert stopped["SMSessionKey"] == key
        await agent.heard.next("OnSilentMonitorStopRequestedEvent")
        await agent.agent.query_agent_state()
        for one in (listening, listened):
            assert one.get_session_info() is None
            assert one.last_error is E.E_CTIOS_NO_SM_SESSION_IN_PROGRESS
            assert len(one.get_sm_session_list()) == 0
        pending = listening.perform("StopSilentMonitorRequest", {"SMSessionKey": key})
        assert code(pending) is E.E_CTIOS_NO_SM_SESSION_IN_PROGRESS

    run(script)


def declining(found: Callable[[], Any]) -> Any:
    """A listener that takes the decision, as the guide says: DoDefaultMessageHandling False."""

    class Listener:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            if iEventID == REQUESTED:
                rArgs["DoDefaultMessageHandling"] = False
                found()

    return Listener()


@pytest.mark.parametrize("how", ["listener", "attribute", "in the handler"])
def test_accepting_by_oneself(how: str) -> None:
    async def script(site: AgentSite) -> None:
        boss, listening, agent, listened = await both(site)
        pending = listened.perform("AcceptSilentMonitoring")
        assert code(pending) is E.E_CTIOS_NO_PENDING_REQUEST
        if how == "listener":
            agent.session.add_listener(declining(lambda: None))
        elif how == "attribute":
            listened.do_default_message_handling = False
        else:
            agent.session.add_listener(
                declining(lambda: listened.perform("AcceptSilentMonitoring"))
            )
        key = (await listening.start_silent_monitor_request(START))["SMSessionKey"]
        await agent.heard.next("OnSilentMonitorStartRequestedEvent")
        if how != "in the handler":
            await agent.agent.query_agent_state()
            assert not agent.heard.all("OnSilentMonitorStartedEvent")
            wrong = listened.perform("AcceptSilentMonitoring", {"SMSessionKey": key + 1})
            assert code(wrong) is E.E_CTIOS_INVALID_SILENT_MONITOR_SESSION
            accepted = await listened.accept_silent_monitoring(sm_session_key=key)
            assert accepted["SMSessionKey"] == key
        await boss.heard.next("OnSilentMonitorStatusReportEvent")
        assert len(agent.heard.all("OnSilentMonitorStartedEvent")) == 1

    run(script)


def test_declining_and_reporting() -> None:
    async def script(site: AgentSite) -> None:
        boss, listening, agent, listened = await both(site)
        pending = listened.perform("ReportSMSessionStatus", {"StatusCode": 1})
        assert code(pending) is E.E_CTIOS_NO_SM_SESSION_IN_PROGRESS
        listened.do_default_message_handling = False
        key = (await listening.start_silent_monitor_request(START))["SMSessionKey"]
        await agent.heard.next("OnSilentMonitorStartRequestedEvent")
        assert code(listened.perform("ReportSMSessionStatus")) is E.E_CTIOS_MISSING_ARGUMENT
        wrong = {"StatusCode": "bad"}
        assert code(listened.perform("ReportSMSessionStatus", wrong)) is E.E_CTIOS_INVALID_ARGUMENT
        status = SilentMonitorStatus.eSMStatusRejectedWinPcapNotPresent
        await listened.report_sm_session_status(sm_session_key=key, status_code=status)
        report = await boss.heard.next("OnSilentMonitorStatusReportEvent")
        assert report["StatusCode"] == status
        await boss.agent.query_agent_state()
        assert listening.get_session_info() is None
        assert code(listened.perform("AcceptSilentMonitoring")) is E.E_CTIOS_NO_PENDING_REQUEST

    run(script)


def test_codes_of_modes_and_of_starting() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent("1003", 2)  # 1001 is a supervisor
        found = await manager(desk, HeartbeatInterval=5)
        assert desk.session.current_silent_monitor is found
        assert code(found.perform("NoSuchMethod")) is E.E_CTIOS_METHOD_NO_IMPLEMENTED
        assert found.last_error is E.E_CTIOS_METHOD_NO_IMPLEMENTED
        for name in ("StopSilentMonitorMode", "StartSilentMonitorRequest"):
            assert code(found.perform(name, START)) is E.E_CTIOS_MODE_NOT_SET
        with pytest.raises(SessionError) as caught:
            found.stop_silent_monitor_mode()
        assert caught.value.code is E.E_CTIOS_MODE_NOT_SET

        cluster = {"Cluster": {"1": {"SilentMonitorService": "listener"}}, "SMSRetries": 3}
        assert code(found.perform("StartSMMonitoredMode", cluster)) is E.CIL_OK
        assert found.get_value("SMSAddr") == "listener"
        assert found.get_value("SMSRetries") == 3
        assert code(found.perform("StartSMMonitoringMode")) is E.E_CTIOS_MODE_SET_ALREADY
        other = desk.session.create_silent_monitor_manager()
        assert code(other.perform("StartSMMonitoringMode")) is E.E_CTIOS_MODE_SET_ALREADY
        assert code(found.perform("StartSilentMonitorRequest", START)) is E.E_CTIOS_MODE_CONFLICT
        await found.stop_silent_monitor_mode()
        assert found.mode is SMManagerMode.eSMModeNotSet

        await other.start_sm_monitoring_mode({"HeartbeatTimeout": 15})
        assert code(other.perform("AcceptSilentMonitoring")) is E.E_CTIOS_MODE_CONFLICT
        start = {key: value for key, value in START.items() if key != "HeartbeatTimeout"}
        for key in ("AgentID", "PeripheralID", "HeartbeatInterval"):
            less = {name: value for name, value in start.items() if name != key}
            pending = other.perform("StartSilentMonitorRequest", less)
            assert code(pending) is E.E_CTIOS_MISSING_ARGUMENT, key
        two = other.perform("StartSilentMonitorRequest", {**start, "DeviceID": "1"})
        assert code(two) is E.E_CTIOS_INVALID_ARGUMENT
        with pytest.raises(RequestFailedError):  # nobody is in monitored mode
            await other.start_silent_monitor_request(start)
        assert other.get_session_info() is None

    run(script)


def test_managers_of_a_session() -> None:
    async def script(site: AgentSite) -> None:
        one, other = await site.agent("1003", 2), await site.agent("1002", 1)
        found = await manager(one, SMManagerMode.eSMMonitoredMode, MediaTerminationPort=4000)
        assert found.get_value("MediaTerminationPort") == 4000
        for call in (
            lambda: other.session.set_current_silent_monitor(found),
            lambda: other.session.destroy_silent_monitor_manager(found),
            lambda: one.session.create_silent_monitor_manager({"x": object()}),
            lambda: one.session.set_supervisor_silent_monitor_mode(2),
        ):
            with pytest.raises(SessionError) as caught:
                call()
            assert caught.value.code is E.E_CTIOS_INVALID_ARGUMENT
        one.session.set_current_silent_monitor(None)
        assert one.session.current_silent_monitor is None
        one.session.set_current_silent_monitor(found)
        one.session.destroy_silent_monitor_manager(found)
        assert one.session.current_silent_monitor is None
        assert code(found.perform("StartSMMonitoredMode")) is E.E_CTIOS_INVALID_SESSION

        later = await manager(one, SMManagerMode.eSMMonitoringMode)
        await one.session.disconnect()
        assert later.mode is SMManagerMode.eSMModeNotSet
        pending = later.perform("StartSMMonitoringMode")
        assert code(pending) is E.E_CTIOS_SESSION_NOT_CONNECTED

    run(script)


def test_a_supervisor_is_monitored_only_when_that_was_allowed() -> None:
    async def script(site: AgentSite) -> None:
        boss = next(one.id for one in site.simulator.site.agents() if one.is_supervisor)
        desk = await site.agent(boss)
        desk.agent.set_value("IsSupervisor", 1)
        found = await manager(desk)
        pending = found.perform("StartSMMonitoredMode")
        assert code(pending) is E.E_CTIOS_NOT_ENABLED_FOR_SILENT_MONITOR
        name, key = "SetSupervisorSilentMonitorMode", "SilentMonitorForceMonitoredMode"
        assert code(desk.session.perform(name)) is E.E_CTIOS_MISSING_ARGUMENT
        assert code(desk.session.perform(name, {key: 1})) is E.CIL_OK
        await found.start_sm_monitored_mode()

    run(script)


def test_the_other_kind_of_silent_monitor() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent("1001")
        await desk.session.request_desktop_settings(desktop_type=0)
        assert desk.session.is_ccm_silent_monitor()
        found = desk.session.create_silent_monitor_manager()
        for name in ("StartSMMonitoringMode", "StartSMMonitoredMode", "StartSilentMonitorRequest"):
            pending = found.perform(name, START)
            assert code(pending) is E.E_CTIOS_INVALID_SILENT_MONITOR_MODE, name

    run(script, CCM)


def test_the_phone() -> None:
    async def script(site: AgentSite) -> None:
        found = await manager(await site.agent("1001"))
        assert found.get_ip_phone_info() is None
        assert found.last_error is E.E_CTIOS_IP_PHONE_INFORMATION_NOT_AVAILABLE
        assert code(found.perform("SetIPPhoneInfo")) is E.E_CTIOS_MISSING_ARGUMENT
        wrong = {"ClientAddress": "10.0.0.1", "BitRate": "fast"}
        assert code(found.perform("SetIPPhoneInfo", wrong)) is E.E_CTIOS_INVALID_ARGUMENT
        await found.set_ip_phone_info({"ClientAddress": "10.0.0.1", "BitRate": "64"})
        info = found.get_ip_phone_info()
        assert info is not None
        assert info.to_dict() == {"ClientAddress": "10.0.0.1", "BitRate": 64}

    run(script)


def test_the_stream_tells_of_the_phone(peer: Peer) -> None:
    with Live(peer) as live:
        live.monitor()
        found = live.session.create_silent_monitor_manager()
        fields = {"ClientAddress": "10.0.0.2", "PacketSize": 20, "PayloadType": 4}
        live.server.events(("OnCallRTPStarted", {**fields, "EchoCancellation": 1, "ClientPort": 1}))
        live.events.wait("OnCallRTPStarted")
        info = found.get_ip_phone_info()
        assert info is not None
        assert info.to_dict() == {
            "ClientAddress": "10.0.0.2",
            "PacketSize": 20,
            "EchoCancelation": 1,
            "PayloadType": 4,
        }
        assert info["PayLoadType"] == 4  # keys ignore case


def test_events_that_lack_what_they_should_have(peer: Peer) -> None:
    with Live(peer) as live:
        live.monitor()
        found = live.session.create_silent_monitor_manager()
        found.start_sm_monitored_mode()
        request = live.server.expect(FrameKind.REQUEST)
        assert request.get("SMManagerMode") == SMManagerMode.eSMMonitoredMode
        ccm = {"SilentMonitorCallUID": "call.1.2.3"}
        live.server.events(
            ("OnSilentMonitorStartedEvent", ccm),
            ("OnSilentMonitorStopRequestedEvent", ccm),
            ("OnSilentMonitorStatusReportEvent", {}),
            ("OnSilentMonitorStartRequestedEvent", {"SMSessionKey": 9}),
            ("OnSilentMonitorStopRequestedEvent", ccm),
            ("OnSilentMonitorSessionDisconnected", {"SMSessionKey": 8}),
        )
        accepted = live.server.expect(FrameKind.REQUEST)
        assert accepted.message_id == RequestID.ACCEPT_SILENT_MONITOR
        assert accepted.get("SMSessionKey") == 9
        live.events.wait("OnSilentMonitorSessionDisconnected")
        info = found.get_session_info()
        assert info is not None
        assert info["SMSessionStatus"] == SilentMonitorStatus.eSMStatusInProgress
        refusal = {"InvokeID": accepted.get("InvokeID"), "FailureCode": 15}
        live.server.events(("OnControlFailureConf", refusal), ("OnHeartbeat", {}))
        live.events.wait("OnHeartbeat")
        assert found.get_session_info() is None


def test_the_mode_is_restored_and_the_session_ends_when_the_connection_is_lost() -> None:
    async def script(site: AgentSite) -> None:
        boss, listening, agent, listened = await both(site)
        await listening.start_silent_monitor_request(START)
        await boss.heard.next("OnSilentMonitorStatusReportEvent")
        protocol = agent.session._protocol
        assert protocol is not None
        assert protocol.transport is not None
        protocol.transport.abort()
        lost = await agent.heard.next("OnSilentMonitorSessionDisconnected")
        assert lost["StatusCode"] == SilentMonitorStatus.eSMStatusSessionTerminatedAbnormally
        assert lost["MonitoredUniqueObjectID"] == TARGET
        told = await boss.heard.next("OnSilentMonitorSessionDisconnected")
        status = SilentMonitorStatus.eSMStatusSessionTerminatedByMonitoredClient
        assert told["StatusCode"] == status
        await agent.heard.next("OnSetAgentModeEvent")
        await agent.agent.query_agent_state()
        assert listened.mode is SMManagerMode.eSMMonitoredMode
        assert listening.get_session_info() is listened.get_session_info() is None
        await listening.start_silent_monitor_request(START)
        await agent.heard.next("OnSilentMonitorStartedEvent")

    run(script)
