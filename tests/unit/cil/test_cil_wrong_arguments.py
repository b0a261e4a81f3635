"""Whatever a request is given: perform() tells a documented code, the native method raises it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fastcil.catalog import CilError, event_id
from fastcil.cil import (
    Agent,
    AsyncSession,
    RequestFailedError,
    Session,
    SessionError,
    Settings,
)
from fastcil.cil._methods import METHODS
from fastcil.cil.core import State
from fastcil.cil.method import snake
from fastcil.cil.objects import CtiOsObject
from fastcil.cil.pending import Pending
from fastcil.codec import Arguments, Frame, encode_frame

INVALID, MISSING = CilError.E_CTIOS_INVALID_ARGUMENT, CilError.E_CTIOS_MISSING_ARGUMENT
CALL = "call.5000.1.20001"
# What is no Arguments, nor a mapping that could be written as one.
NO_ARGUMENTS = (5, -1, 1.5, True, "x", b"x", [1], ["AgentID"], object(), {"a": object()}, {5: 1})
OWN = {
    "SetAgent": CilError.E_CTIOS_INVALID_AGENT,
    "SetCurrentCall": CilError.E_CTIOS_INVALID_CALL,
    "SetMessageFilter": INVALID,
    "SetSupervisorSilentMonitorMode": INVALID,
    "Connect": INVALID,
    "Disconnect": INVALID,
    "SetCurrentSilentMonitor": INVALID,
    "DestroySilentMonitorManager": INVALID,
}
SILENT = (
    "StartSMMonitoredMode",
    "StartSMMonitoringMode",
    "StopSilentMonitorMode",
    "StartSilentMonitorRequest",
    "StopSilentMonitorRequest",
    "AcceptSilentMonitoring",
    "ReportSMSessionStatus",
    "SetIPPhoneInfo",
)
REQUESTS = [pytest.param(*key, id=".".join(key)) for key in METHODS]


class Connected(Session):
    """A session whose connection takes every request."""

    def __init__(self) -> None:
        super().__init__()
        self.core.state, self.core.settings = State.CONNECTED, Settings("a", "b")
        self.sent: list[Pending] = []
        self.left = False
        agent = Agent()
        agent.update({"AgentID": "1001", "PeripheralID": 5000, "AgentState": 3})
        self.set_agent(agent)
        for number, key in ((23, CALL), (1, "skillgroup.5000.7")):
            fields = {"UniqueObjectID": key}
            self.dispatcher.dispatch(Frame.from_bytes(encode_frame(number, fields)))
        self.sent.clear()

    def _run(self, command: Callable[[float], None]) -> None:
        command(0.0)
        self.core.take()

    def _transmit(self, pending: Pending, data: bytes) -> None:
        self.sent.append(pending)

    def disconnect_nowait(self) -> None:
        self.left = True

    def one(self, owner: str) -> CtiOsObject:
        """An object of a kind."""
        if owner == "Session":
            return self
        if owner == "SilentMonitorManager":
            return self.create_silent_monitor_manager()
        key = {"Agent": "agent.5000.1001", "Call": CALL, "SkillGroup": "skillgroup.5000.7"}[owner]
        found = self.object(key)
        assert found is not None
        return found


def told(target: Any, name: str, wrong: Any) -> CilError:
    """The code of perform(); the same error as that of the native method, when there is one."""
    pending = target.perform(name, wrong)
    code: CilError = pending.code
    assert isinstance(code, CilError)
    if code is not CilError.CIL_OK:
        assert pending.done()
        assert pending.exception().code is target.last_error is code
    return code


def native(target: Any, name: str, wrong: Any) -> CilError:
    try:
        getattr(target, snake(name))(wrong)
    except SessionError as error:
        return error.code
    return CilError.CIL_OK


@pytest.mark.parametrize(("owner", "name"), REQUESTS)
def test_what_is_no_arguments(owner: str, name: str) -> None:
    session = Connected()
    target = session.one(owner)
    for wrong in (*NO_ARGUMENTS, Connected()):
        assert told(target, name, wrong) is INVALID, repr(wrong)
        assert native(target, name, wrong) is INVALID, repr(wrong)
        with pytest.raises(SessionError) as refused:
            target._ask(name, wrong, {"InvokeID": 7})  # type: ignore[attr-defined]
        assert refused.value.code is INVALID
    assert not session.sent


@pytest.mark.parametrize(("owner", "name"), REQUESTS)
def test_nothing_at_all(owner: str, name: str) -> None:
    session = Connected()
    target = session.one(owner)
    allowed = {CilError.CIL_OK, INVALID, MISSING, *METHODS[owner, name].codes}
    found = {told(target, name, nothing) for nothing in (None, {}, Arguments(), [])}
    assert len(found) == 1
    assert found <= allowed
    if all(not one.required for one in METHODS[owner, name].parameters) and name != "Login":
        assert found == {CilError.CIL_OK}


def wrong_values(kind: str) -> Iterator[Any]:
    nested = {"a": 1}
    yield from {
        "INT": ("x", "", "1.5", nested),
        "BOOL": ("maybe", nested),
        "ARGUMENTS": (5, "x", True),
    }.get(kind, ())


@pytest.mark.parametrize(("owner", "name"), REQUESTS)
def test_a_value_of_another_kind(owner: str, name: str) -> None:
    method = METHODS[owner, name]
    for parameter in method.parameters:
        for value in wrong_values(parameter.type):
            session = Connected()
            target = session.one(owner)
            fields = {one.keyword: _right(one.type) for one in method.parameters if one.required}
            fields[parameter.keyword] = value
            assert parameter.keyword in method.fixed or told(target, name, fields) in (
                INVALID,
                CilError.E_CTIOS_INVALID_DESKTOP_TYPE,
                CilError.E_CTIOS_LOGIN_INCONSISTENT_ARGUMENTS,
            ), f"{parameter.keyword} = {value!r}"
            assert not session.sent


def _right(kind: str) -> Any:
    return {"INT": 1, "BOOL": True, "ARGUMENTS": {"1": 1}}.get(kind, "1")


@pytest.mark.parametrize("name", OWN)
def test_what_the_session_does_itself(name: str) -> None:
    session = Connected()
    for wrong in (5, "x", [1], object(), {"a": object()}, Agent if name == "SetAgent" else Agent()):
        assert told(session, name, wrong) is OWN[name], repr(wrong)
    assert not session.sent
    assert not session.left


@pytest.mark.parametrize("name", SILENT)
def test_silent_monitoring(name: str) -> None:
    session = Connected()
    target = session.one("SilentMonitorManager")
    for wrong in NO_ARGUMENTS:
        assert told(target, name, wrong) is INVALID, repr(wrong)
        if name != "StopSilentMonitorMode":  # it has no parameter
            assert native(target, name, wrong) is INVALID, repr(wrong)
    assert not session.sent


@pytest.mark.parametrize(
    "owner", ["Session", "Agent", "Call", "SkillGroup", "SilentMonitorManager"]
)
def test_no_such_method(owner: str) -> None:
    target = Connected().one(owner)
    for name in ("", "Nothing", None, 5, [], object()):
        assert told(target, name, None) is CilError.E_CTIOS_METHOD_NO_IMPLEMENTED


def test_asyncio_without_a_loop() -> None:
    pending = AsyncSession().perform("Connect", {"CtiosA": "127.0.0.1"})
    assert pending.code is CilError.E_CTIOS_INVALID_OBJECT_STATE


@pytest.mark.parametrize("odd", ["x", {"a": 1}, 1 << 31, -1])
def test_a_refusal_with_odd_fields_still_ends_its_request(odd: Any) -> None:
    session = Connected()
    pending = session.perform("RequestDesktopSettings", {"DesktopType": 0})
    keys = ("FailureCode", "PeripheralErrorCode", "ErrorMessage", "SystemEventID", "StatusSystem")
    fields = {**dict.fromkeys(keys, odd), "InvokeID": pending.invoke_id}
    for name in ("OnCTIOSFailure", "OnControlFailureConf", "OnSnapshotDeviceConf"):
        data = encode_frame(event_id(name), {**fields, "ValidCalls": odd})
        session.dispatcher.dispatch(Frame.from_bytes(data))
    assert isinstance(pending.exception(), RequestFailedError)
    assert session.listener_failures == 0
