"""Every method of a call through each face, over the event server of a simulated site."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from faces_kit import (
    OK,
    PERIPHERAL,
    PHONES,
    JavaPhone,
    Phone,
    ThreadSite,
    phones,
    talk,
    thread_site,
)

from fastcil.catalog import CallStatus, CilError

CONNECTED = str(int(CallStatus.LCS_CONNECT))


@pytest.fixture
def place() -> Iterator[ThreadSite]:
    with thread_site() as found:
        yield found


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    yield
    assert [one.name for one in threading.enumerate() if one.name.startswith("fastcil")] == []


@pytest.mark.parametrize("kind", PHONES)
def test_a_call_from_begin_to_end(kind: type[Phone], place: ThreadSite) -> None:
    with phones(kind, place, 2) as (caller, called):
        assert isinstance(caller.agent, caller.face.Agent)
        assert caller.session.GetCurrentAgent() is caller.agent
        arguments = caller.args(
            DialedNumber=called.instrument, CallVariable1="blue", ECC={"user.account": "red"}
        )
        assert caller.agent.MakeCall(arguments) == OK
        called.heard.next("OnCallDelivered")
        called.heard.next("OnButtonEnablementChange")
        call = called.call
        assert isinstance(call, called.face.Call)
        assert called.calls() == [call]
        assert holds(called, "CurrentCall") is call
        assert holds(called, "CurrentAgent") is called.agent
        assert called.text(call.GetCallData(), "CallVariable1") == "blue"
        assert called.text(call.GetCallContext(), "UniqueObjectID") == called.key(call)
        assert call.Retrieve() == CilError.E_CTIOS_CALL_NOT_ON_HOLD
        assert call.Answer() == OK
        called.heard.next("OnCallEstablished")
        assert called.text(call, "CallStatus") == CONNECTED
        assert call.Answer() == CilError.E_CTIOS_CALL_NOT_ALERTING
        assert call.Hold(called.args()) == OK
        called.heard.next("OnCallHeld")
        assert call.Retrieve() == OK
        called.heard.next("OnCallRetrieved")
        assert call.SetCallData(called.args(CallVariable2="green")) == OK
        caller.heard.next("OnCallDataUpdate")
        assert caller.text(caller.call, "CallVariable2") == "green"
        assert call.Snapshot() == OK
        called.heard.next("OnSnapshotCallConf")
        assert call.SendDTMFSignal() == CilError.E_CTIOS_MISSING_ARGUMENT
        assert call.SendDTMFSignal(called.args(DTMFString="12#")) == OK
        called.heard.next("OnSendDTMFConf")
        for record in (call.StartRecord, call.StopRecord):
            assert record() == OK
            called.heard.next("OnControlFailureConf")  # there is no recording server
        assert call.ClearConnection() == OK
        for phone in (caller, called):
            phone.heard.next("OnCallEnd")
            phone.heard.next("OnCurrentCallChanged", UniqueObjectID="")
            assert phone.calls() == []
            assert phone.session.GetCurrentCall() is None


@pytest.mark.parametrize("kind", PHONES)
@pytest.mark.parametrize("end", ["Transfer", "Conference"])
def test_a_consult_call_and_its_end(kind: type[Phone], end: str, place: ThreadSite) -> None:
    with phones(kind, place, 3) as (caller, called, third):
        first = talk(caller, called)
        arguments = caller.args(DialedNumber=third.instrument, ConsultType=1)
        assert first.MakeConsultCall(arguments) == OK
        third.heard.next("OnCallDelivered")
        third.heard.next("OnButtonEnablementChange")
        assert third.call.Answer() == OK
        third.heard.next("OnCallEstablished")
        caller.heard.next("OnCallEstablished")
        second = next(one for one in caller.calls() if one is not first)
        already = CilError.E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION
        assert caller.session.SetCurrentCall(first) == already
        assert caller.session.SetCurrentCall(second) == OK
        caller.heard.next("OnCurrentCallChanged", UniqueObjectID=caller.key(second))
        assert second.Alternate() == OK
        caller.heard.next("OnCallRetrieved", UniqueObjectID=caller.key(first))
        if end == "Transfer":
            assert first.Transfer() == OK
            caller.heard.next("OnCallEnd")
            called.heard.next("OnCallTransferred")
            third.heard.next("OnCallTransferred")
            assert called.calls()[0].ClearConnection() == OK
        else:
            assert first.Conference() == OK
            for phone in (caller, called, third):
                phone.heard.next("OnCallConferenced")
            assert caller.calls()[0].Clear() == OK
            caller.heard.next("OnCallEnd")
        for phone in (called, third):
            phone.heard.next("OnCallEnd")


@pytest.mark.parametrize("kind", PHONES)
def test_reconnect_and_single_steps(kind: type[Phone], place: ThreadSite) -> None:
    with phones(kind, place, 3) as (caller, called, third):
        first = talk(caller, called)
        there = caller.args(DialedNumber=third.instrument)
        consult = caller.args(DialedNumber=third.instrument, ConsultType=1)
        assert first.MakeConsultCall(consult) == OK
        third.heard.next("OnCallDelivered")
        assert first.Reconnect() == OK
        caller.heard.next("OnCallEnd")
        third.heard.next("OnCallEnd")
        while caller.text(first, "CallStatus") != CONNECTED:
            caller.heard.next("OnCallRetrieved")
        assert first.SingleStepConference(there) == OK
        third.heard.next("OnCallBegin")
        assert first.Clear() == OK
        for phone in (caller, called, third):
            phone.heard.next("OnCallEnd")
        second = talk(caller, called)
        assert second.SingleStepTransfer(there) == OK
        third.heard.next("OnCallBegin")
        caller.heard.next("OnCallEnd")
        assert called.calls()[0].ClearConnection() == OK
        called.heard.next("OnCallEnd")
        third.heard.next("OnCallEnd")


def holds(phone: Phone, key: str) -> Any:
    """The object that a property of the session refers to."""
    found = phone.session.GetValue(key)
    reference = found[1] if isinstance(found, tuple) else found
    assert isinstance(reference, phone.face.CilRefArg)
    one = reference.GetValue()
    return one[1] if isinstance(one, tuple) else one


@pytest.mark.parametrize("kind", PHONES)
def test_another_agent(kind: type[Phone], place: ThreadSite) -> None:
    """Java connects anew; with the others the application does."""
    phone = kind(place, "1001", 0)
    try:
        phone.connect()
        phone.mode()
        already = CilError.E_CTIOS_AGENT_ALREADY_IN_SESSION
        assert phone.session.SetAgent(phone.agent) is already
        other = phone.face.Agent()
        assert other.SetValue("AgentID", "1002")
        assert other.SetValue("PeripheralID", PERIPHERAL)
        code = phone.session.SetAgent(other)
        if kind is not JavaPhone:
            assert code is CilError.E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED
            assert phone.session.GetCurrentAgent() is phone.agent
            return
        assert code is OK
        for name in ("OnConnectionClosed", "OnConnection", "OnSetAgentModeEvent"):
            phone.heard.next(name)
        assert phone.session.GetCurrentAgent() is other
        assert phone.session.SetAgent(None) is OK
        phone.heard.next("OnCurrentAgentReset")
        assert phone.session.GetCurrentAgent() is None
    finally:
        phone.stop()
