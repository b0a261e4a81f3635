"""Properties of objects, and what a session says without a server, in the three faces."""

from __future__ import annotations

from typing import Any

import pytest
from documented import FACES, face_class

from fastcil.catalog import AgentState, ArgDataType, CilError
from fastcil.codec import Arguments
from fastcil.compat import cpp, dotnet, java

E = CilError
faces = pytest.mark.parametrize("language", FACES)
OWNERS = ("Agent", "Call", "SkillGroup", "Session")


def second(language: str, result: Any) -> Any:
    """What .NET gives behind the result."""
    if language != ".NET":
        return result
    assert result[0]
    return result[1]


@faces
@pytest.mark.parametrize("owner", OWNERS)
def test_properties(language: str, owner: str) -> None:
    face = FACES[language]
    one = face_class(language, owner)()
    before = one.GetNumProperties()
    assert one.SetValue("ANI", "12")
    assert one.SetValue("ECC", face.Arguments({"user.a": 1, "user.b": "x"}))
    assert one.GetNumProperties() == before + 2
    assert one.IsValid("ani")
    assert one.IsValid(java.CtiOs_IKeywordIDs.CTIOS_ANI)
    assert not one.IsValid("DNIS")
    assert one.GetPropertyType("ANI") is ArgDataType.ARG_STRING
    assert one.GetPropertyType("ECC") is ArgDataType.ARG_ARGARRAY
    assert one.GetPropertyType("DNIS") is ArgDataType.ARG_NOTSET
    names = {second(language, one.GetPropertyName(n)) for n in range(1, before + 3)}
    assert {"ANI", "ECC"} <= names
    assert "ANI = 12;" in one.DumpProperties()
    everything = one.GetAllProperties()
    assert isinstance(everything, face.Arguments)
    assert everything.NumElements() == before + 2
    everything.Clear()
    assert one.IsValid("ANI")
    value = second(language, one.GetValue("ANI"))
    assert isinstance(value, face.Arg)
    assert isinstance(second(language, one.GetValue("ECC")), face.Arguments)
    array = second(language, one.GetValueArray("ECC"))
    assert array.IsValid("user.b")
    element = second(language, one.GetElement("ECC", 1))
    assert isinstance(element, face.Arg)
    assert element.DumpArg() == "1"


@pytest.mark.parametrize("owner", OWNERS)
def test_java_failures_are_null(owner: str) -> None:
    one = face_class("Java", owner)()
    assert one.GetValue("DNIS") is None
    assert one.GetValueArray("DNIS") is None
    assert one.GetElement("DNIS", 1) is None
    assert one.GetPropertyName(99) is None
    for kind in ("Int", "UInt", "Short", "UShort", "Bool"):
        assert getattr(one, f"GetValue{kind}Obj")("DNIS") is None
    assert one.GetValueString("DNIS") is None


@pytest.mark.parametrize("owner", OWNERS)
def test_dotnet_failures_are_false(owner: str) -> None:
    one = face_class(".NET", owner)()
    assert one.GetValue("DNIS") == (False, None)
    assert one.GetValueArray("DNIS") == (False, None)
    assert one.GetElement("DNIS", 1) == (False, None)
    assert one.GetPropertyName(99) == (False, None)
    assert one.GetValueInt("DNIS") == (False, 0)
    assert one.GetValueString("DNIS") == (False, None)
    assert one.GetValueBoolObj("DNIS") is None
    assert one.SetValue("DNIS", True)
    assert one.GetValueBoolObj("DNIS") is True


@pytest.mark.parametrize("owner", OWNERS)
def test_cpp_failures_are_exceptions_or_false(owner: str) -> None:
    one = face_class("C++", owner)()
    pointer: cpp.Out[Any] = cpp.Out()
    for getter in (one.GetValue, one.GetValueArray, one.GetValueInt, one.GetValueString):
        with pytest.raises(cpp.CtiosException, match="DNIS"):
            getter("DNIS")
        assert not getter("DNIS", pointer)
    assert pointer.value is None
    assert one.GetElement("DNIS", 1) is None
    with pytest.raises(cpp.CtiosException, match="element 99"):
        one.GetPropertyName(99)
    assert one.SetValue("DNIS = 12")
    assert one.GetValueString("DNIS") == "12"
    assert not one.SetValue("DNIS")
    assert one.GetAllProperties(pointer)
    assert pointer.value.IsValid("DNIS")


@pytest.mark.parametrize("language", ["Java", ".NET"])
@pytest.mark.parametrize("owner", OWNERS)
def test_last_error(language: str, owner: str) -> None:
    one = face_class(language, owner)()
    assert second(language, one.GetLastError()) == E.CIL_OK
    assert one.ReportError(E.E_CTIOS_INVALID_CALL) == E.E_CTIOS_INVALID_CALL
    assert second(language, one.GetLastError()) == E.E_CTIOS_INVALID_CALL
    assert one.ReportError(123456) == 123456  # no code of the CIL: it is given back


@faces
def test_objects_without_a_session(language: str) -> None:
    face = FACES[language]
    agent, call, group = face.Agent(), face.Call(), face.SkillGroup()
    assert agent.GetAgentState() is AgentState.eUnknown
    assert agent.IsAgent()
    assert not agent.IsSupervisor()
    assert agent.GetMonitoredAgent() is None
    assert agent.GetMonitoredCall() is None
    assert agent.GetSkillGroups().NumElements() == 0
    assert call.GetCallContext().NumElements() == 0
    assert call.SetValue("CallVariable1", "x")
    assert call.GetCallData().DumpArgs() == "CallVariable1 = x;"
    for code in (agent.Login(), call.Answer(), group.EnableSkillGroupStatistics()):
        assert code is E.E_CTIOS_INVALID_SESSION


@faces
def test_a_session_that_is_not_connected(language: str) -> None:
    face = FACES[language]
    session = face_class(language, "Session")()
    assert session.Connect(None) is E.E_CTIOS_INVALID_ARGUMENT
    assert session.Connect(face.Arguments()) is E.E_CTIOS_MISSING_ARGUMENT
    assert session.Disconnect() is E.E_CTIOS_SESSION_NOT_CONNECTED
    assert session.SetMessageFilter(face.Arguments()) is E.E_CTIOS_MISSING_ARGUMENT
    wanted = face.Arguments({"Filter": "MessageID=23"})
    assert session.SetMessageFilter(wanted) is E.E_CTIOS_SESSION_NOT_CONNECTED
    assert session.SetMessageFilterArgs(wanted) is E.E_CTIOS_SESSION_NOT_CONNECTED
    assert session.SetAgent(face.Agent()) is E.E_CTIOS_INVALID_SESSION
    assert session.SetAgent("1001") is E.E_CTIOS_INVALID_AGENT
    assert session.SetCurrentCall(face.Call()) is E.E_CTIOS_INVALID_CALL
    assert session.GetCurrentAgent() is None
    assert session.GetCurrentCall() is None
    for every in (session.GetAllAgents(), session.GetAllCalls(), session.GetAllSkillGroups()):
        assert isinstance(every, face.Arguments)
        assert every.NumElements() == 0
    assert not session.IsAgent()
    assert not session.IsSupervisor()
    assert not session.IsCCMSilentMonitor()
    assert session.SendIdentifyClientRequest() is E.E_CTIOS_SESSION_NOT_CONNECTED
    ask = session.RequestDesktopSettings
    assert ask(0) is ask(face.Arguments({"DesktopType": 1})) is E.E_CTIOS_SESSION_NOT_CONNECTED
    mode = session.SetSupervisorMonitorMode
    assert mode(face.Arguments({"SilentMonitorForceMonitoredMode": 1})) is E.CIL_OK
    assert mode(face.Arguments({"SilentMonitorForceMonitoredMode": 7})) is (
        E.E_CTIOS_INVALID_ARGUMENT
    )


def test_objects_by_id() -> None:
    fields = Arguments({"UniqueObjectID": "agent.5000.1001", "AgentID": "1001"})
    for language in FACES:
        session = face_class(language, "Session")()
        session._store._first("agent.5000.1001", fields)
        by_id = session.GetObjectFromObjectID
        if language == "C++":
            pointer: cpp.Out[Any] = cpp.Out()
            assert by_id("agent.5000.1001", pointer)
            assert pointer.value is by_id("agent.5000.1001")
            assert isinstance(pointer.value, cpp.CAgent)
            assert not by_id("call.0.0.0", pointer)
            with pytest.raises(cpp.CtiosException, match=r"call\.0\.0\.0"):
                by_id("call.0.0.0")
        elif language == ".NET":
            found, agent = by_id("agent.5000.1001")
            assert found
            assert isinstance(agent, dotnet.Agent)
            assert by_id("call.0.0.0") == (False, None)
        else:
            assert isinstance(by_id("agent.5000.1001"), java.Agent)
            assert by_id("call.0.0.0") is None
        every = session.GetAllAgents()
        reference = second(language, every.GetValue("agent.5000.1001"))
        assert isinstance(reference, FACES[language].CilRefArg)
        held = second(language, reference.GetValue())
        assert held is session.agents["agent.5000.1001"]


def test_silent_monitor_manager_of_cpp() -> None:
    session = cpp.CCtiOsSession()
    manager = session.CreateSilentMonitorManager(cpp.Arguments({"HeartbeatInterval": 5}))
    assert isinstance(manager, cpp.CSilentMonitorManager)
    assert manager.GetValueInt("HeartbeatInterval") == 5
    assert session.GetCurrentSilentMonitor() is None
    assert session.SetCurrentSilentMonitor(manager) is E.CIL_OK
    assert session.GetCurrentSilentMonitor() is manager
    assert manager.StopSilentMonitorMode() is E.E_CTIOS_MODE_NOT_SET
    assert manager.StopSilentMonitorRequest() is E.E_CTIOS_MODE_NOT_SET
    assert manager.StartSilentMonitorRequest() is E.E_CTIOS_MODE_NOT_SET
    assert manager.AcceptSilentMonitoring() is E.E_CTIOS_MODE_NOT_SET
    assert manager.ReportSMSessionStatus() is E.E_CTIOS_MODE_NOT_SET
    assert manager.SetIPPhoneInfo() is E.E_CTIOS_MISSING_ARGUMENT
    assert manager.GetSessionInfo() is None
    assert manager.GetSMSessionList().NumElements() == 0
    assert not manager.IsMonitoredTarget(cpp.Arguments({"MonitoredUniqueObjectID": "agent.1.1"}))
    assert manager.StartSMMonitoredMode() is E.E_CTIOS_SESSION_NOT_CONNECTED
    assert session.DestroySilentMonitorManager(manager) is E.CIL_OK
    assert session.DestroySilentMonitorManager(manager) is E.E_CTIOS_INVALID_ARGUMENT
    assert session.CreateSilentMonitorManager("no arguments") is None
    assert session.last_error is E.E_CTIOS_INVALID_ARGUMENT
