"""Every documented request: its number and arguments, confirmed, refused, without a connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from client_peer import SECONDS, Peer
from client_session import Live
from test_agent_threads import CALL, KEY, in_mode

from fastcil.catalog import EVENTS_BY_ID, CallStatus, CilError, data, event_id
from fastcil.catalog.requests import RequestID
from fastcil.cil import Agent, Call, CtiOsObject, RequestFailedError, SkillGroup
from fastcil.cil._methods import METHODS
from fastcil.cil.method import Method, snake
from fastcil.codec import FrameKind
from fastcil.ged188.schema import MESSAGES_BY_NUMBER

GROUP = "skillgroup.5000.77"
# Arguments for those that need some, or need particular ones.
GIVEN: dict[str, dict[str, Any]] = {
    "RequestDesktopSettings": {"DesktopType": 0},
    "Login": {"AgentID": "1001", "AgentPassword": "x"},
    "SetAgentState": {"AgentState": 3},
    "MakeCall": {"DialedNumber": "4711"},
    "MakeConsultCall": {"DialedNumber": "4711", "ConsultType": 1},
    "SingleStepConference": {"DialedNumber": "4711"},
    "SingleStepTransfer": {"DialedNumber": "4711"},
    "SendDTMFSignal": {"DTMFString": "1"},
    "SetCallData": {"CallVariable1": "a"},
    "SendChatMessage": {"Distribution": "agent", "Target": "1002", "Message": "hello"},
    "SetAgentGreetingAction": {"AgentAction": 2},
    "StartMonitoringAgent": {"AgentReference": "agent.5000.1002"},
    "StopMonitoringAgent": {"AgentReference": "agent.5000.1002"},
    "StartMonitoringAgentTeam": {"TeamID": 1},
    "StopMonitoringAgentTeam": {"TeamID": 1},
    "SuperviseCall": {"AgentReference": KEY, "CallReference": CALL, "SupervisoryAction": 3},
}
# Methods that send no request: state of the client, listeners, connection, helper objects.
LOCAL = {
    "Session": {
        *("AddEventListener", "RemoveEventListener", "AddListener methods"),
        *("RemoveListener methods", "Connect", "Disconnect", "SetAgent", "SetMessageFilter"),
        *("CreateSilentMonitorManager", "DestroySilentMonitorManager", "SetCurrentCall"),
        *("CreateWaitObject", "DestroyWaitObject", "GetAllAgents", "GetAllCalls"),
        *("GetAllSkillGroups", "GetCurrentAgent", "GetCurrentCall", "GetCurrentSilentMonitor"),
        *("GetObjectFromObjectID", "GetSystemStatus", "IsAgent", "IsSupervisor"),
        *("IsCCMSilentMonitor", "SendIdentifyClientRequest", "SetCurrentSilentMonitor"),
        "SetSupervisorSilentMonitorMode",
    },
    "Agent": {
        *("GetAgentState", "GetMonitoredAgent", "GetMonitoredCall", "GetSkillGroups"),
        *("IsAgent", "IsSupervisor"),
    },
    "Call": {"GetCallContext", "GetCallData", "GetLastError"},
    "SkillGroup": set(),
}
ALL = [pytest.param(one, id=f"{one.owner}.{one.name}") for one in METHODS.values()]


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found


def target(live: Live, method: Method) -> CtiOsObject:
    """An object with the method, in a state in which it may be called."""
    if method.owner == "Session":
        return live.session
    if method.owner == "Agent":
        assert live.session.current_agent is not None
        return live.session.current_agent
    if method.owner == "Call":
        call = live.session.calls[CALL]
        status = next(iter(method.must), int(CallStatus.LCS_CONNECT))
        call.update({"CallStatus": status})
        return call
    live.server.events(
        ("OnSkillInfoEvent", {"PeripheralID": 5000, "SkillGroupNumber": 77, "SkillGroupName": "x"})
    )
    live.events.wait("OnSkillInfoEvent")
    return live.session.skill_groups[GROUP]


@pytest.mark.parametrize("method", ALL)
def test_the_request_and_its_confirmation(peer: Peer, method: Method) -> None:
    with Live(peer) as live:
        in_mode(live)
        one = target(live, method)
        given = GIVEN.get(method.name, {})
        pending = one.perform(method.name, given)  # type: ignore[attr-defined]
        assert pending.code is CilError.CIL_OK
        request = live.server.expect(FrameKind.REQUEST)
        assert request.message_id == method.request
        assert request.get("InvokeID") == pending.invoke_id
        assert {key: request.get(key) for key in given} == given
        if "UniqueObjectID" in method.fill:
            assert request.get("UniqueObjectID") == one.unique_object_id
        for keyword, value in method.fixed:
            assert request.get(keyword) == value
        if not method.confirm:
            assert not pending.result(SECONDS)
            return
        number = min(method.confirm)
        live.server.events((number, {"InvokeID": pending.invoke_id, "Extra": 1}))
        assert pending.result(SECONDS)["Extra"] == 1
        assert pending.event_id == number


@pytest.mark.parametrize("method", [one for one in ALL if one.values[0].confirm])
def test_the_request_is_refused(peer: Peer, method: Method) -> None:
    with Live(peer, disconnect_on_login_failure=False) as live:
        in_mode(live)
        one = target(live, method)
        native = getattr(one, snake(method.name))
        pending = native(GIVEN.get(method.name, {}))
        live.server.expect(FrameKind.REQUEST)
        failure = {
            "InvokeID": pending.invoke_id,
            "FailureCode": 12,
            "PeripheralErrorCode": 280,
            "MessageType": method.request,
        }
        live.server.events(("OnControlFailureConf", failure))
        with pytest.raises(RequestFailedError, match="FailureCode 12") as caught:
            pending.result(SECONDS)
        assert caught.value.failure_code == 12
        assert caught.value.peripheral_error_code == 280


@pytest.mark.parametrize("method", [one for one in ALL if not one.values[0].confirm])
def test_a_refusal_of_what_is_done_once_it_is_sent(peer: Peer, method: Method) -> None:
    """No confirmation is documented for these: listeners hear OnControlFailureConf all the same."""
    with Live(peer) as live:
        in_mode(live)
        one = target(live, method)
        pending = one.perform(method.name, GIVEN.get(method.name, {}))  # type: ignore[attr-defined]
        live.server.expect(FrameKind.REQUEST)
        failure = {
            "InvokeID": pending.invoke_id,
            "FailureCode": 12,
            "PeripheralErrorCode": 280,
            "MessageType": method.request,
        }
        live.server.events(("OnControlFailureConf", failure))
        told = live.events.wait("OnControlFailureConf")
        assert {key: told.get(key) for key in failure} == failure
        assert not pending.result(SECONDS)
        assert live.session.connected
        assert not len(live.session.requests)


@pytest.mark.parametrize("method", ALL)
def test_without_a_connection_nothing_is_sent(peer: Peer, method: Method) -> None:
    with Live(peer) as live:
        in_mode(live)
        one = target(live, method)
        live.session.disconnect()
        pending = one.perform(method.name, GIVEN.get(method.name))  # type: ignore[attr-defined]
        code = CilError.E_CTIOS_SESSION_NOT_CONNECTED
        if method.name == "Login":
            code = CilError.E_CTIOS_INVALID_SESSION
        assert pending.code is code
        assert pending.done()


@pytest.mark.parametrize("method", [one for one in ALL if one.values[0].owner != "Session"])
def test_an_object_without_a_session(method: Method) -> None:
    kinds: dict[str, Any] = {"Agent": Agent, "Call": Call, "SkillGroup": SkillGroup}
    one = kinds[method.owner]()
    assert one.perform(method.name).code is CilError.E_CTIOS_INVALID_SESSION
    assert one.last_error is CilError.E_CTIOS_INVALID_SESSION


@pytest.mark.parametrize(
    "method",
    [one for one in ALL if any(p.required for p in one.values[0].parameters)],
)
def test_a_missing_argument(peer: Peer, method: Method) -> None:
    with Live(peer) as live:
        in_mode(live)
        one = target(live, method)
        wrong: dict[str, Any] = {"PeripheralID": 1} if method.all_or_none else {}
        filled = {*method.fill, *(keyword for keyword, _ in method.fixed)}
        missing = [p.keyword for p in method.parameters if p.required and p.keyword not in filled]
        pending = one.perform(method.name, wrong)  # type: ignore[attr-defined]
        assert missing
        assert pending.code is CilError.E_CTIOS_MISSING_ARGUMENT


def test_every_documented_method_is_a_request_or_local() -> None:
    for owner, local in LOCAL.items():
        documented = {one["name"] for one in data("api")["objects"][owner]["methods"]}
        requests = {name for kind, name in METHODS if kind == owner}
        assert documented == requests | local
        assert not requests & local


def test_numbers_are_those_of_ged188_and_of_our_requests() -> None:
    for owner, methods in data("methods")["objects"].items():
        for name, facts in methods.items():
            number = METHODS[owner, name].request
            if "ged188" in facts:
                assert MESSAGES_BY_NUMBER[number].name == facts["ged188"]
            else:
                assert RequestID(number).name == facts["request"]
            for callback in facts["confirm"]:
                assert event_id(callback) in EVENTS_BY_ID
