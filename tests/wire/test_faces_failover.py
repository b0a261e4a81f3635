"""A server that ends in the middle of a flow, through each face: the flow goes on at the other one.

Sources: CTI OS Developer Guide 12.6(1), building chapter (failover), architecture chapter (what
recovers), event interfaces chapter (OnConnectionFailure, OnSnapshotDeviceConf).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from agent_kit import AgentSite
from faces_kit import OK, PHONES, Phone, ThreadSite, log_out, phones, talk, thread_site

from fastcil.catalog import AgentState, CallStatus, SupervisoryAction
from fastcil.ged188.enums import WrapupDataMode

WORK = (AgentState.eWorkReady, AgentState.eWorkNotReady)
# A flow: given telephones it yields where the server ends, then goes on.
Flow = Callable[[list[Phone]], Generator[None, None, None]]


@pytest.fixture
def place() -> Iterator[ThreadSite]:
    with thread_site(servers=2) as found:
        yield found


def status(phone: Phone, call: Any) -> int:
    return int(phone.text(call, "CallStatus") or 0)


def ring(caller: Phone, called: Phone) -> Any:
    """The called one's call, which rings."""
    assert caller.agent.MakeCall(caller.args(DialedNumber=called.instrument)) == OK
    called.heard.next("OnCallDelivered")
    called.heard.next("OnButtonEnablementChange")
    return called.call


def hang_up(phone: Phone, *others: Phone) -> None:
    assert phone.calls()[0].ClearConnection() == OK
    for one in (phone, *others):
        one.heard.next("OnCallEnd")


def ready(found: list[Phone]) -> Generator[None, None, None]:
    """Ready before is ready after; then not ready."""
    one = found[0]
    become(one, AgentState.eAvailable)
    yield
    assert one.agent.GetAgentState() == AgentState.eAvailable
    become(one, AgentState.eNotReady)


def ringing(found: list[Phone]) -> Generator[None, None, None]:
    """A call that rings is answered."""
    caller, called = found[0], found[1]
    call = ring(caller, called)
    yield
    assert called.call is call
    assert status(called, call) == CallStatus.LCS_ALERTING
    assert call.Answer() == OK
    called.heard.next("OnCallEstablished")
    hang_up(called, caller)


def talking(found: list[Phone]) -> Generator[None, None, None]:
    """A call goes on: hold, retrieve, its data."""
    caller, called = found[0], found[1]
    call = talk(caller, called)
    assert call.SetCallData(caller.args(CallVariable3="before")) == OK
    called.heard.next("OnCallDataUpdate")
    yield
    assert caller.call is call
    assert caller.text(call, "CallVariable3") == "before"
    assert call.Hold() == OK
    caller.heard.next("OnCallHeld")
    assert call.Retrieve() == OK
    caller.heard.next("OnCallRetrieved")
    hang_up(caller, called)


def held(found: list[Phone]) -> Generator[None, None, None]:
    """A held call is retrieved."""
    caller, called = found[0], found[1]
    call = talk(caller, called)
    assert call.Hold() == OK
    caller.heard.next("OnCallHeld")
    yield
    assert status(caller, call) == CallStatus.LCS_HELD
    assert call.Retrieve() == OK
    caller.heard.next("OnCallRetrieved")
    hang_up(caller, called)


def consult(caller: Phone, called: Phone, third: Phone) -> tuple[Any, Any]:
    """The caller's held call, and his call to the third one, who answered."""
    first = talk(caller, called)
    arguments = caller.args(DialedNumber=third.instrument, ConsultType=1)
    assert first.MakeConsultCall(arguments) == OK
    third.heard.next("OnCallDelivered")
    third.heard.next("OnButtonEnablementChange")
    assert third.call.Answer() == OK
    third.heard.next("OnCallEstablished")
    caller.heard.next("OnCallEstablished")
    return first, next(one for one in caller.calls() if one is not first)


def transfer(found: list[Phone]) -> Generator[None, None, None]:
    """A consult call becomes a transfer."""
    caller, called, third = found
    first, second = consult(caller, called, third)
    yield
    assert {id(one) for one in caller.calls()} == {id(first), id(second)}
    assert second.Transfer() == OK
    caller.heard.next("OnCallEnd")
    called.heard.next("OnCallTransferred")
    hang_up(called, third)


def conference(found: list[Phone]) -> Generator[None, None, None]:
    """A conference that stands is left by one, and ended."""
    caller, called, third = found
    _, second = consult(caller, called, third)
    assert second.Conference() == OK
    for phone in found:
        phone.heard.next("OnCallConferenced")
    yield
    assert [len(phone.calls()) for phone in found] == [1, 1, 1]
    assert third.calls()[0].ClearConnection() == OK
    third.heard.next("OnCallEnd")
    hang_up(caller, called)


def wrap_up(found: list[Phone]) -> Generator[None, None, None]:
    """Work after a call is work still; then the agent is not ready."""
    one = found[0]

    def arrive(site: AgentSite) -> None:
        desk = site.peripheral.agents[one.agent_id].desk
        desk.wrapup_incoming = WrapupDataMode.REQUIRED
        site.simulator.actions.arrive(ani="4155550100")

    become(one, AgentState.eAvailable)
    one.site.on(arrive)
    one.heard.next("OnCallDelivered")
    one.heard.next("OnButtonEnablementChange")
    assert one.call.Answer() == OK
    one.heard.next("OnCallEstablished")
    hang_up(one)
    while (state := one.agent.GetAgentState()) not in WORK:
        one.heard.next("OnAgentStateChange")
    yield
    assert one.agent.GetAgentState() == state
    become(one, AgentState.eNotReady)


def become(phone: Phone, state: AgentState) -> None:
    wanted = phone.args(AgentID=phone.agent_id, AgentState=int(state))
    assert phone.agent.SetAgentState(wanted) == OK
    phone.state(state)


def logout(found: list[Phone]) -> Generator[None, None, None]:
    """Logged out meanwhile, by the CTI Server's word alone."""
    yield
    one = found[2]
    assert one.agent.Logout(one.args(EventReasonCode=1)) == OK
    for name in ("OnPreLogout", "OnAgentStateChange", "OnPostLogout"):
        one.heard.next(name)
    one.login()


def supervising(found: list[Phone]) -> Generator[None, None, None]:
    """A member is monitored still; barge-in, then intercept."""
    boss, one, two = found
    key = f"agent.5000.{one.agent_id}"
    assert boss.agent.StartMonitoringAllAgentTeams() == OK
    assert boss.agent.StartMonitoringAgent(boss.args(AgentReference=key)) == OK
    boss.heard.next("OnStartMonitoringAgent")
    call = talk(one, two)
    boss.heard.next("OnMonitoredCallEstablished")
    yield
    assert boss.key(boss.agent.GetMonitoredAgent()) == key
    barge = boss.args(
        SupervisoryAction=int(SupervisoryAction.eSupervisorBargeIn),
        AgentReference=key,
        AgentCallReference=one.key(call),
    )
    assert boss.agent.SuperviseCall(barge) == OK
    boss.heard.next("OnCallConferenced")
    assert one.call.Clear() == OK
    for phone in found:
        phone.heard.next("OnCallEnd")


def statistics(found: list[Phone]) -> Generator[None, None, None]:
    """Statistics come on, without being asked for again."""
    one = found[0]
    assert one.agent.EnableAgentStatistics(one.args()) == OK
    one.site.advance(11)
    one.heard.next("OnAgentStatistics")
    yield
    one.site.advance(11)
    one.heard.next("OnAgentStatistics")
    assert one.agent.DisableAgentStatistics(one.args()) == OK


def chat(found: list[Phone]) -> Generator[None, None, None]:
    """Messages reach those who came over."""
    boss, one, _ = found
    yield
    hello = one.args(Distribution="agent", Target=boss.agent_id, Message="still here")
    assert one.agent.SendChatMessage(hello) == OK
    boss.heard.next("OnChatMessage", Message="still here")


FLOWS: list[Flow] = [
    ready,
    ringing,
    talking,
    held,
    transfer,
    conference,
    wrap_up,
    logout,
    supervising,
    statistics,
    chat,
]


def lose(phone: Phone) -> None:
    """The server of a telephone ends."""
    phone.site.kill(port(phone))


def port(phone: Phone) -> int:
    """That of the server at which a telephone is."""
    return int(phone.text(phone.session, "CurrentPort") or 0)


def own(phone: Phone) -> list[Any]:
    """The calls at a telephone; a supervisor knows of others as well."""
    return [call for call in phone.calls() if phone.key(call).endswith(phone.instrument)]


def truth(site: AgentSite) -> dict[str, set[tuple[int, str]]]:
    """By instrument: the calls that the CTI Server has there."""
    found: dict[str, set[tuple[int, str]]] = {}
    for call in site.peripheral.calls.values():
        for connection in call.connections:
            device = str(connection.device.instrument)
            found.setdefault(device, set()).add((call.id, device))
    return found


@pytest.mark.parametrize("kind", PHONES)
@pytest.mark.parametrize("flow", FLOWS, ids=[flow.__name__ for flow in FLOWS])
def test_the_flow_goes_on(kind: type[Phone], flow: Flow, place: ThreadSite) -> None:
    with phones(kind, place, 3) as found:
        rest = flow(found)
        next(rest)
        gone = int(found[0].text(found[0].session, "CurrentPort") or 0)
        moved = [one for one in found if int(one.text(one.session, "CurrentPort") or 0) == gone]
        lose(found[0])
        for one in moved:
            for name in ("OnConnectionFailure", "OnConnection", "OnSetAgentModeEvent"):
                one.heard.next(name)
            one.heard.next("OnSnapshotDeviceConf")
            for call in own(one):
                one.heard.next("OnSnapshotCallConf", UniqueObjectID=one.key(call))
            assert int(one.text(one.session, "CurrentPort") or 0) != gone
        known = place.on(truth)
        for one in found:
            ids = {int(one.text(call, "ConnectionCallID") or 0) for call in own(one)}
            assert ids == {number for number, _ in known.get(one.instrument, ())}
        assert next(rest, None) is None


@pytest.mark.parametrize("kind", PHONES)
def test_a_login_without_an_answer(kind: type[Phone], place: ThreadSite) -> None:
    """The answer is lost with the server: the agent is, or logs in, at the other one."""
    one = kind(place, "1001", 0)
    try:
        one.connect()
        one.mode()
        place.on(lambda site: site.simulator.faults.hang())
        arguments = one.args(
            AgentID=one.agent_id,
            AgentInstrument=one.instrument,
            AgentPassword=place.passwords[one.agent_id],
        )
        assert one.agent.Login(arguments) == OK
        lose(one)
        for name in ("OnConnectionFailure", "OnConnection", "OnSetAgentModeEvent"):
            one.heard.next(name)
        if one.agent.GetAgentState() != AgentState.eNotReady:
            assert one.agent.Login(arguments) == OK
            one.state(AgentState.eNotReady)
        log_out(one)
    finally:
        one.stop()


@pytest.mark.parametrize("kind", PHONES)
def test_monitor_mode_goes_on(kind: type[Phone], place: ThreadSite) -> None:
    """The filter is set again, and a call that began before is known."""
    with phones(kind, place, 2) as found:
        watcher = kind(place, "", 5)
        try:
            watcher.connect()
            wanted = watcher.args(Filter="MessageID=*; PeripheralID=5000")
            assert watcher.session.SetMessageFilter(wanted) == OK
            watcher.heard.next("OnMonitorModeEstablished")
            call = talk(found[0], found[1])
            key = found[0].key(call)
            watcher.heard.next("OnCallEstablished", UniqueObjectID=key)
            there = [one for one in found if port(one) == port(watcher)]
            lose(watcher)
            for one in there:
                for name in ("OnConnectionFailure", "OnConnection", "OnSetAgentModeEvent"):
                    one.heard.next(name)
            for name in ("OnConnectionFailure", "OnConnection"):
                watcher.heard.next(name)
            watcher.heard.next("OnSnapshotCallConf", UniqueObjectID=key)
            watcher.heard.next("OnMonitorModeEstablished")
            assert key in [watcher.key(one) for one in watcher.calls()]
            assert call.Hold() == OK
            watcher.heard.next("OnCallHeld", UniqueObjectID=key)
        finally:
            watcher.stop()
        hang_up(found[0], found[1])
