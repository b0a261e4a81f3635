"""The codes that the documents print for a method, each given by that method in each face.

docs/methods.md has the whole list; those that no test can cause are named there with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from client_peer import unused_port
from faces_kit import OK, PHONES, CppPhone, Phone, ThreadSite, phones, talk, thread_site
from test_site_desks import CALL_BASED

from fastcil.catalog import CilError, SupervisoryAction

MONITOR = int(SupervisoryAction.eSupervisorMonitor)


@pytest.fixture
def place() -> Iterator[ThreadSite]:
    with thread_site() as found:
        yield found


@pytest.mark.parametrize("kind", PHONES)
def test_connecting_while_it_is_tried(kind: type[Phone], place: ThreadSite) -> None:
    phone = kind(place, "1001", 0)
    nobody = unused_port()
    try:
        sides = phone.args(CtiosA="127.0.0.1", PortA=nobody, CtiosB="127.0.0.1", PortB=nobody)
        assert phone.session.Connect(sides) == OK
        phone.heard.next("OnConnectionFailure")
        assert phone.session.Connect(sides) == CilError.E_CTIOS_IN_FAILOVER
    finally:
        phone.stop()


@pytest.mark.parametrize("kind", PHONES)
def test_logging_in_as_somebody_else(kind: type[Phone], place: ThreadSite) -> None:
    phone = kind(place, "1001", 0)
    try:
        phone.connect()
        phone.mode()
        assert phone.agent.Login(phone.args()) == CilError.E_CTIOS_INVALID_ARGUMENT
        other = phone.args(AgentID="1002", AgentInstrument=phone.instrument)
        assert phone.agent.Login(other) == CilError.E_CTIOS_LOGIN_INCONSISTENT_ARGUMENTS
        stranger = phone.face.Agent()
        assert stranger.Login(other) == CilError.E_CTIOS_INVALID_SESSION
    finally:
        phone.stop()


@pytest.mark.parametrize("kind", PHONES)
def test_an_agent_in_monitor_mode(kind: type[Phone], place: ThreadSite) -> None:
    phone = kind(place, "1001", 0)
    try:
        phone.connect()
        assert phone.session.SetMessageFilter(phone.args(Filter="MessageID=30")) == OK
        phone.heard.next("OnMonitorModeEstablished")
        agent = phone.face.Agent()
        assert agent.SetValue("AgentID", "1001")
        assert agent.SetValue("PeripheralID", 5000)
        required = CilError.E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED
        assert phone.session.SetAgent(agent) == required
    finally:
        phone.stop()


def settings(phone: Phone) -> None:
    """Which kind of silent monitor the site has is told with the desktop settings."""
    assert phone.session.RequestDesktopSettings(phone.args(DesktopType=1)) == OK
    phone.heard.next("OnGlobalSettingsDownloadConf")


@pytest.mark.parametrize("kind", PHONES)
def test_silent_monitoring_of_the_other_kind(kind: type[Phone], place: ThreadSite) -> None:
    wrong = CilError.E_CTIOS_INVALID_SILENT_MONITOR_MODE
    with phones(kind, place, 3) as (boss, one, two):
        settings(boss)
        assert not boss.session.IsCCMSilentMonitor()
        key = one.key(talk(one, two))
        listen = boss.args(
            SupervisoryAction=MONITOR, AgentReference="agent.5000.1002", CallReference=key
        )
        assert boss.agent.SuperviseCall(listen) == wrong
        assert one.call.Clear() == OK
        for phone in (one, two):
            phone.heard.next("OnCallEnd")


def test_a_manager_where_silent_monitoring_is_by_calls() -> None:
    wrong = CilError.E_CTIOS_INVALID_SILENT_MONITOR_MODE
    with thread_site(CALL_BASED) as place, phones(CppPhone, place, 1) as (boss,):
        manager = boss.session.CreateSilentMonitorManager()
        assert manager.StartSMMonitoringMode() == OK
        settings(boss)
        assert boss.session.IsCCMSilentMonitor()
        start = boss.args(AgentID="1002", PeripheralID=5000, HeartbeatInterval=5)
        assert manager.StartSilentMonitorRequest(start) == wrong
