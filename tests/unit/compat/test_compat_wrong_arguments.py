"""Whatever a method is given, it answers with a code, nothing or False: it raises nothing.

C++ getters raise CtiosException, as documented, and say when an Out is none.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documented import FACES, Documented, documented, face_class

from fastcil.catalog import CilError
from fastcil.cil.tracing import LogManager
from fastcil.compat import cpp

_LISTENING = ("AddLogListener", "RemoveLogListener")
_LOGS = ("LogEvent", "LogEventsAdapter", "ILogEvents", "LogEventArgs")  # what others are told by
_WAITING = "WaitOn"  # 0 is for ever


def _wrong() -> Iterator[Any]:
    yield from (None, 5, -1, 1 << 70, "x", "", b"x", 1.5, True)
    yield from ([], [1], {}, {"a": object()}, object())


def _made(one: Documented) -> Any:
    arguments, session = FACES[one.language].Arguments, face_class(one.language, "Session")
    if one.owner == "SilentMonitorManager":
        return session().CreateSilentMonitorManager(arguments())
    if one.owner == "WaitObject":
        return session().CreateWaitObject(arguments({"Event1": 23}))
    return face_class(one.language, one.owner)()


def _counts(one: Documented) -> range:
    """How many arguments the method can be called with."""
    parameters = list(
        inspect.signature(
            getattr(face_class(one.language, one.owner), one.name)
        ).parameters.values()
    )[1:]
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    least = sum(p.default is p.empty for p in places)
    return range(least, len(places) + 1)


CASES = [
    pytest.param(one, id=str(one))
    for one in documented()
    if one.name not in _LISTENING and one.owner not in _LOGS and _WAITING not in one.name
]


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)  # logs are written to files of any name
    manager = LogManager()
    monkeypatch.setattr(LogManager, "_instance", manager)
    yield
    for listener in manager._listeners:
        manager.remove_listener(listener)


@pytest.mark.parametrize("one", CASES)
def test_wrong_arguments(one: Documented) -> None:
    face = FACES[one.language]
    agent = face_class(one.language, "Agent")()
    odd = face.Arguments({"Filter": 5, "InvokeID": "x", "CtiosA": 5, "PortA": "x"})
    for count in _counts(one):
        for wrong in (*_wrong(), face.Arguments(), odd, agent):
            try:
                getattr(_made(one), one.name)(*[wrong] * count)
            except Exception as error:
                found = error
            else:
                continue
            if isinstance(found, cpp.CtiosException):
                assert found.GetCode() in CilError.__members__.values()
            else:
                assert "expected an Out" in str(found), f"{wrong!r}: {found!r}"
            assert one.language == "C++"


def test_requests_tell_a_code() -> None:
    for language, session_name in (("Java", "Session"), (".NET", "Session"), ("C++", "Session")):
        session = face_class(language, session_name)()
        for wrong in (5, "x", object()):
            assert session.Connect(wrong) == CilError.E_CTIOS_INVALID_ARGUMENT
            assert session.Disconnect(wrong) == CilError.E_CTIOS_INVALID_ARGUMENT
            assert session.SetCurrentCall(wrong) == CilError.E_CTIOS_INVALID_CALL
            assert (
                session.SetSupervisorSilentMonitorMode(wrong) == CilError.E_CTIOS_INVALID_ARGUMENT
            )
            code = CilError.E_CTIOS_INVALID_ARGUMENT
            if isinstance(wrong, str):  # a filter, but nowhere to send it to
                code = CilError.E_CTIOS_SESSION_NOT_CONNECTED
            assert session.SetMessageFilter(wrong) == code
        one = FACES[language].Arguments({"SilentMonitorForceMonitoredMode": "1"})
        assert session.SetSupervisorSilentMonitorMode(one) == CilError.CIL_OK
