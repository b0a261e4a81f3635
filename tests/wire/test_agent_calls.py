"""Calls of agents through their clients, over the event server of a simulated site."""

from __future__ import annotations

from typing import Any

import pytest
from agent_kit import AgentSite, Desk, run

from fastcil.catalog import CallStatus, CilError, event_id
from fastcil.cil import Call, RequestFailedError, SessionError
from fastcil.codec import Arguments

CHANGED, BUTTONS = event_id("OnCurrentCallChanged"), event_id("OnButtonEnablementChange")


async def ringing(site: AgentSite, **more: Any) -> tuple[Desk, Desk]:
    """Two agents; the first has called the second, whose telephone rings."""
    caller, called = await site.agent("1001", 0), await site.agent("1002", 1)
    await caller.agent.make_call(dialed_number=site.instrument(1), **more)
    await called.heard.next("OnCallDelivered")
    await called.heard.next("OnButtonEnablementChange")
    return caller, called


async def talking(site: AgentSite, **more: Any) -> tuple[Desk, Desk]:
    caller, called = await ringing(site, **more)
    await called.call.answer()
    await called.heard.next("OnCallEstablished")
    assert called.call.get_value("CallStatus") == CallStatus.LCS_CONNECT
    return caller, called


async def consulting(site: AgentSite) -> tuple[Desk, Desk, Desk, Call, Call]:
    """The first agent talks to the third while the second is on hold; both calls of the first."""
    caller, called = await talking(site)
    third = await site.agent("1003", 2)
    first = caller.call
    await first.make_consult_call(dialed_number=site.instrument(2), consult_type=1)
    await third.heard.next("OnCallDelivered")
    await third.call.answer()
    await third.heard.next("OnCallEstablished")
    second = next(call for call in caller.session.calls.values() if call is not first)
    return caller, called, third, first, second


def test_answer_hold_retrieve_and_release() -> None:
    async def script(site: AgentSite) -> None:
        caller, called = await ringing(site, call_variable1="blue")
        assert called.call.get_value("CallStatus") == CallStatus.LCS_ALERTING
        assert called.call.get_call_data()["CallVariable1"] == "blue"
        assert called.call.perform("Hold").code is CilError.CIL_OK  # the switch decides
        early = called.call.perform("Retrieve")
        assert early.code is CilError.E_CTIOS_CALL_NOT_ON_HOLD
        await called.call.answer()
        await called.heard.next("OnCallEstablished")
        assert called.call.perform("Answer").code is CilError.E_CTIOS_CALL_NOT_ALERTING
        assert called.call.last_error is CilError.E_CTIOS_CALL_NOT_ALERTING
        await called.call.hold()
        await called.heard.next("OnCallHeld")
        assert called.call.perform("Hold").code is CilError.E_CTIOS_CALL_ALREADY_ON_HOLD
        with pytest.raises(SessionError, match="got LCS_HELD") as caught:
            called.call.answer()
        assert caught.value.code is CilError.E_CTIOS_CALL_NOT_ALERTING
        await called.call.retrieve()
        await called.heard.next("OnCallRetrieved")
        call, key = called.call, called.call.unique_object_id
        await call.clear_connection()
        for desk in (caller, called):
            await desk.heard.next("OnCallEnd")
            await desk.heard.next("OnCurrentCallChanged", UniqueObjectID="")
            assert not desk.session.calls
            assert desk.session.current_call is None
        assert call.get_value("CallVariable1") == "blue"
        assert call.unique_object_id == key
        assert call.perform("Hold").code is CilError.E_CTIOS_INVALID_CALL

    run(script)


def test_the_only_call_is_the_current_one() -> None:
    async def script(site: AgentSite) -> None:
        _, called = await ringing(site)
        numbers = called.heard.names()
        begin = numbers.index(event_id("OnCallBegin"))
        assert numbers[begin + 1 : begin + 3] == [CHANGED, BUTTONS]
        changed = called.heard.all("OnCurrentCallChanged")
        assert [one["UniqueObjectID"] for one in changed] == [called.call.unique_object_id]
        assert called.session.get_value("CurrentCall") == called.call.unique_object_id
        delivered = numbers.index(event_id("OnCallDelivered"))
        assert numbers[delivered + 1] == BUTTONS
        buttons = called.heard.all("OnButtonEnablementChange")[-1]
        assert buttons["MessageID"] == event_id("OnCallDelivered")
        assert buttons["EnablementMask"] & 1  # ENABLE_ANSWER
        agent_bits = called.agent.get_value("EnablementMask")
        assert buttons["EnablementMask"] & agent_bits == agent_bits

    run(script)


def test_of_two_calls_the_application_chooses() -> None:
    async def script(site: AgentSite) -> None:
        caller, _, _, first, second = await consulting(site)
        session, heard = caller.session, caller.heard
        assert session.current_call is first
        already = CilError.E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION
        assert session.perform("SetCurrentCall", first).code is already
        before = len(heard.all("OnCurrentCallChanged"))
        session.set_current_call(second)
        assert session.current_call is second
        await heard.next("OnCurrentCallChanged", UniqueObjectID=second.unique_object_id)
        assert len(heard.all("OnCurrentCallChanged")) == before + 1
        stranger = session.perform("SetCurrentCall", Call())
        assert stranger.code is CilError.E_CTIOS_INVALID_CALL
        # The current call ends: what is left is the only call.
        await first.reconnect()
        await heard.next("OnCurrentCallChanged", UniqueObjectID=first.unique_object_id)
        assert session.current_call is first

    run(script)


def test_alternate_and_transfer() -> None:
    async def script(site: AgentSite) -> None:
        caller, called, third, first, second = await consulting(site)
        assert first.get_value("CallStatus") == CallStatus.LCS_HELD
        await second.alternate()
        await caller.heard.next("OnCallRetrieved", UniqueObjectID=first.unique_object_id)
        assert second.get_value("CallStatus") == CallStatus.LCS_HELD
        await first.transfer(call_reference_object_id=second.unique_object_id)
        await caller.heard.next("OnCallEnd")
        await caller.heard.next("OnCurrentCallChanged", UniqueObjectID="")
        for desk in (called, third):
            await desk.heard.next("OnCallTransferred")
            assert len(desk.session.calls) == 1
            assert desk.session.current_call in desk.session.calls.values()

    run(script)


def test_conference() -> None:
    async def script(site: AgentSite) -> None:
        caller, called, third, first, _ = await consulting(site)
        await first.conference()
        for desk in (caller, called, third):
            await desk.heard.next("OnCallConferenced")
        await caller.call.clear()
        for desk in (caller, called, third):
            await desk.heard.next("OnCallEnd")

    run(script)


def test_single_step_calls() -> None:
    async def script(site: AgentSite) -> None:
        caller, _ = await talking(site)
        third = await site.agent("1003", 2)
        await caller.call.single_step_transfer(dialed_number=site.instrument(2))
        await third.heard.next("OnCallBegin")
        await caller.heard.next("OnCallEnd")

    run(script)


def test_single_step_conference() -> None:
    async def script(site: AgentSite) -> None:
        caller, _ = await talking(site)
        third = await site.agent("1003", 2)
        await caller.call.single_step_conference(dialed_number=site.instrument(2))
        await third.heard.next("OnCallBegin")
        assert await caller.heard.next("OnConferenceCallConf") is not None

    run(script)


def test_call_data_with_ecc() -> None:
    async def script(site: AgentSite) -> None:
        caller, called = await talking(site)
        data = Arguments({"CallVariable3": "green", "ECC": {"user.account": "red"}})
        data["ECC"] = Arguments(
            {"user.account": "red", "user.history[0]": "a", "user.history[1]": "b"}
        )
        await caller.call.set_call_data(data)
        await called.heard.next("OnCallDataUpdate")
        found = called.call.get_call_data()
        assert found["CallVariable3"] == "green"
        assert found["ECC"].to_dict() == {
            "user.account": "red",
            "user.history[0]": "a",
            "user.history[1]": "b",
        }
        context = called.call.get_call_context()
        assert context["UniqueObjectID"] == called.call.unique_object_id
        assert "CallVariable3" not in context

    run(script)


def test_dtmf_recording_and_snapshot() -> None:
    async def script(site: AgentSite) -> None:
        caller, _ = await talking(site)
        call = caller.call
        await call.send_dtmf_signal(dtmf_string="123#")
        for record in (call.start_record, call.stop_record):
            with pytest.raises(RequestFailedError, match="E_CTI_FUNCTION_NOT_AVAILABLE"):
                await record()  # there is no recording server
        found = await call.snapshot()
        assert found["UniqueObjectID"] == call.unique_object_id
        long = call.perform("SendDTMFSignal", {"DTMFString": "1" * 33})
        assert long.code is CilError.E_CTIOS_INVALID_ARGUMENT
        missing = call.perform("SendDTMFSignal")
        assert missing.code is CilError.E_CTIOS_MISSING_ARGUMENT

    run(script)


@pytest.mark.parametrize(
    ("method", "arguments", "code"),
    [
        ("MakeCall", {}, CilError.E_CTIOS_MISSING_ARGUMENT),
        ("MakeCall", {"DialedNumber": "1" * 41}, CilError.E_CTIOS_INVALID_ARGUMENT),
        ("MakeCall", {"DialedNumber": "1", "Priority": "x"}, CilError.E_CTIOS_INVALID_ARGUMENT),
        ("MakeCall", {"DialedNumber": "1", "ECC": "x"}, CilError.E_CTIOS_INVALID_ARGUMENT),
        ("MakeCall", {"DialedNumber": "1", "CallOption": {}}, CilError.E_CTIOS_INVALID_ARGUMENT),
        ("MakeCall", {"DialedNumber": "1", "InvokeID": "x"}, CilError.E_CTIOS_INVALID_ARGUMENT),
        ("SendChatMessage", {"Message": "hello"}, CilError.E_CTIOS_MISSING_ARGUMENT),
        ("SendChatMessage", {"Distribution": "agent"}, CilError.E_CTIOS_MISSING_ARGUMENT),
        (
            "SendChatMessage",
            {"Distribution": "agent", "Target": "1", "Message": "é" * 128},
            CilError.E_CTIOS_INVALID_ARGUMENT,
        ),
        ("SetAgentGreetingAction", {"AgentAction": 3}, CilError.E_CTIOS_INVALID_ARGUMENT),
        ("StartMonitoringAgent", {}, CilError.E_CTIOS_MISSING_ARGUMENT),
        ("StartMonitoringAgentTeam", {}, CilError.E_CTIOS_MISSING_ARGUMENT),
        ("SuperviseCall", {"SupervisoryAction": 3}, CilError.E_CTIOS_MISSING_ARGUMENT),
        ("SuperviseCall", {"SupervisoryAction": 2}, CilError.E_CTIOS_INVALID_ARGUMENT),
    ],
)
def test_codes_for_arguments(method: str, arguments: dict[str, Any], code: CilError) -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent()
        pending = desk.agent.perform(method, arguments)
        assert pending.code is code
        assert pending.done()
        assert desk.agent.last_error is code

    run(script)


def test_what_the_switch_refuses() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent()
        with pytest.raises(RequestFailedError) as caught:
            await desk.agent.make_call(dialed_number="no such number")
        failure = await desk.heard.next("OnControlFailureConf")
        assert caught.value.failure_code == failure["FailureCode"]
        caller, called = await ringing_from(site, desk)
        call = called.call
        for method in ("Alternate", "Reconnect", "Transfer", "Conference"):
            pending = call.perform(method)
            assert pending.code is CilError.CIL_OK
            with pytest.raises(RequestFailedError):
                await pending
            assert pending.event_id == event_id("OnControlFailureConf")
        assert caller.session.connected

    async def ringing_from(site: AgentSite, caller: Desk) -> tuple[Desk, Desk]:
        called = await site.agent("1002", 1)
        await caller.agent.make_call(dialed_number=site.instrument(1))
        await called.heard.next("OnCallDelivered")
        return caller, called

    run(script)


def test_an_invoke_id_of_the_application() -> None:
    async def script(site: AgentSite) -> None:
        desk = await site.agent()
        both = [
            desk.agent.perform("QueryAgentState", {"InvokeID": 777}),
            desk.agent.perform("MakeCall", {"InvokeID": 777, "DialedNumber": site.instrument(1)}),
        ]
        assert [one.invoke_id for one in both] == [777, 777]
        states, made = [await one for one in both]
        assert (states["InvokeID"], made["InvokeID"]) == (777, 777)
        assert both[0].event_id == event_id("OnQueryAgentStateConf")
        assert both[1].event_id == event_id("OnMakeCallConf")

    run(script)
