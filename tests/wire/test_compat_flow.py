"""A day at the telephone through each face, with an event server that is a process."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from compat_kit import PERIPHERAL, SECONDS, AgentState, CilError, CppPhone, DotnetPhone, JavaPhone
from compat_kit import Phone as AnyPhone

from fastcil.catalog import event_id

FACES = {"java": (JavaPhone, 1), "dotnet": (DotnetPhone, 4), "cpp": (CppPhone, 7)}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server over a site where nothing happens by itself; agents for each face."""
    site = ["--agents", "12", "--calls-per-hour", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "fastcil", "serve", "--port", "0", *site],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"listening on \S+:(\d+)", process.stdout.readline())
        assert found, process.communicate(timeout=SECONDS)
        yield int(found[1])
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, errors
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


@pytest.fixture(params=FACES)
def phones(port: int, request: pytest.FixtureRequest) -> Iterator[list[Any]]:
    """Three telephones whose agents are logged in."""
    kind, first = FACES[request.param]
    found: list[Any] = []
    try:
        for place in range(first, first + 3):
            found.append(kind(port, place))
        yield found
    finally:
        for phone in found:
            phone.session.disconnect()
    names = [one.name for one in threading.enumerate() if one.name.startswith("fastcil")]
    assert names == []


def test_a_day_at_the_telephone(phones: list[AnyPhone]) -> None:
    caller, called, third = phones
    arguments = caller.arguments(DialedNumber=called.instrument, CallVariable1="blue")
    assert caller.agent.MakeCall(arguments) == CilError.CIL_OK
    arguments.Clear()  # the request has its own copy

    # It rings.
    begun = called.heard.next("OnCallBegin")
    assert called.heard.next("OnCurrentCallChanged") == begun
    called.heard.next("OnCallDelivered")
    call = called.call
    assert called.text(call, "UniqueObjectID") == begun
    assert called.text(call, "NoSuchProperty") is None
    assert called.text(call.GetCallData(), "CallVariable1") == "blue"
    assert called.text(call.GetCallContext(), "UniqueObjectID") == begun
    assert called.numbers(called.session.GetAllCalls()) == 1
    assert call.Retrieve() == CilError.E_CTIOS_CALL_NOT_ON_HOLD

    # The two talk; hold and retrieve.
    assert call.Answer() == CilError.CIL_OK
    called.heard.next("OnCallEstablished")
    assert called.agent.GetAgentState() == AgentState.eTalking
    assert call.Hold() == CilError.CIL_OK
    called.heard.next("OnCallHeld")
    assert call.Hold() == CilError.E_CTIOS_CALL_ALREADY_ON_HOLD
    assert called.last_error(call) == CilError.E_CTIOS_CALL_ALREADY_ON_HOLD
    assert call.Retrieve() == CilError.CIL_OK
    called.heard.next("OnCallRetrieved")

    # The called agent asks a third one, and transfers the call to him.
    called.ask(call, "MakeConsultCall", DialedNumber=third.instrument, ConsultType=1)
    third.heard.next("OnCallDelivered")
    assert third.call.Answer() == CilError.CIL_OK
    third.heard.next("OnCallEstablished")
    called.heard.next("OnCallHeld")
    called.heard.next("OnCallEstablished")
    assert called.numbers(called.session.GetAllCalls()) == 2
    assert call.Transfer(called.arguments()) == CilError.CIL_OK
    called.heard.next("OnCallTransferred")
    key: str | None = begun
    while key != "":  # first the other call becomes the current one, then there is none
        key = called.heard.next("OnCurrentCallChanged")
    assert called.numbers(called.session.GetAllCalls()) == 0
    assert called.text(call, "CallVariable1") == "blue"  # a call that has ended stays readable
    assert call.Hold() == CilError.E_CTIOS_INVALID_CALL

    # Caller and third hang up.
    third.heard.next("OnCallTransferred")  # from here on his call has its new key
    assert third.call.ClearConnection() == CilError.CIL_OK
    for phone in (caller, third):
        phone.heard.next("OnCallEnd")
        # The session drops the call when all listeners have had the event; then it tells this one.
        assert phone.heard.next("OnCurrentCallChanged") == ""
        assert phone.numbers(phone.session.GetAllCalls()) == 0

    # Logged out, the end.
    for phone in phones:
        logging_out(phone)


def logging_out(phone: AnyPhone) -> None:
    """Logout with its events in their order, then the end of the connection."""
    seen = len(phone.heard.all)
    phone.ask(phone.agent, "Logout", EventReasonCode=1)
    assert phone.heard.next("OnPostLogout") == f"agent.{PERIPHERAL}.{phone.agent_id}"
    names = ("OnPreLogout", "OnAgentStateChange", "OnPostLogout")
    wanted = [event_id(name) for name in names]
    told = [number for number in phone.heard.all[seen:] if number in wanted]
    assert told[told.index(wanted[0]) :] == wanted
    assert phone.agent.GetAgentState() == AgentState.eLogout
    assert phone.session.Disconnect(phone.arguments()) == CilError.CIL_OK
    phone.heard.next("OnConnectionClosed")
    # The threads may still be ending when the last event has been delivered.
    phone.session.disconnect()
    assert phone.session.Disconnect(phone.arguments()) == CilError.E_CTIOS_SESSION_NOT_CONNECTED


@pytest.mark.parametrize("face", FACES)
def test_a_login_that_fails(port: int, face: str) -> None:
    """A wrong password: the client ends the connection by itself, as documented."""
    kind, place = FACES[face]
    phone = kind(port, place, password="wrong")
    try:
        assert phone.heard.next("OnConnectionClosed") is None
        assert phone.agent.GetAgentState() != AgentState.eNotReady
    finally:
        phone.session.disconnect()


@pytest.mark.parametrize("face", FACES)
def test_another_agent_for_the_session(port: int, face: str) -> None:
    """The Java library connects anew for him; the others say that they want to be disconnected."""
    kind = FACES[face][0]
    phone = kind(port, 10 + list(FACES).index(face))
    try:
        other = phone.face.Agent()
        assert other.SetValue("AgentID", "1001")
        assert other.SetValue("PeripheralID", PERIPHERAL)
        code = phone.session.SetAgent(other)
        if face != "java":
            assert code == CilError.E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED
            assert phone.session.GetCurrentAgent() is phone.agent
            return
        assert code == CilError.CIL_OK
        phone.heard.next("OnConnectionClosed")
        phone.heard.next("OnConnection")
        assert phone.heard.next("OnSetAgentModeEvent") == f"agent.{PERIPHERAL}.1001"
        assert phone.session.GetCurrentAgent() is other
    finally:
        phone.session.disconnect()


@pytest.mark.parametrize("face", FACES)
def test_a_session_without_a_mode_is_disconnected(port: int, face: str) -> None:
    """In C++ only by force, as documented; and again from the listener that hears of the end."""
    module = FACES[face][0].face
    session = module.CtiOsSession()
    heard: queue.Queue[str] = queue.Queue()
    codes: queue.Queue[CilError] = queue.Queue()
    sides = module.Arguments({"CtiosA": "127.0.0.1", "PortA": port})

    class Again:
        """Connects once more when the first connection has ended."""

        lives = 0

        def OnEvent(self, number: Any, rest: Any) -> None:
            number = number if number is not None else rest.iEventID
            if number == event_id("OnConnection"):
                heard.put("open")
            elif number == event_id("OnConnectionClosed"):
                self.lives += 1
                heard.put("closed")
                if self.lives == 1:
                    codes.put(session.Connect(sides))

    listener = Again()
    everything = module.CtiOs_Enums.SubscriberList.eAllInOneList
    assert session.AddEventListener(listener, everything) == CilError.CIL_OK
    forced = module.Arguments({"ForcedDisconnect": 1})
    try:
        assert session.Connect(sides) == CilError.CIL_OK
        for _ in range(2):
            assert heard.get(timeout=SECONDS) == "open"
            if face == "cpp":
                assert session.Disconnect(module.Arguments()) == CilError.E_CTIOS_MODE_NOT_SET
                assert session.Disconnect(forced) == CilError.CIL_OK
            else:
                assert session.Disconnect(module.Arguments()) == CilError.CIL_OK
            assert heard.get(timeout=SECONDS) == "closed"
        assert codes.get(timeout=SECONDS) == CilError.CIL_OK
    finally:
        session.disconnect()
