"""What every object offers besides get_value: elements, names, errors; agents and calls."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from fastcil.catalog import AgentState, CilError, ClassIdentifier, event_id
from fastcil.cil import (
    Agent,
    AsyncSession,
    Call,
    Session,
    SilentMonitorManager,
    SkillGroup,
    ThreadedSession,
    WaitObject,
)
from fastcil.cil.method import snake
from fastcil.codec import ArgType, Arguments, Frame, encode_frame


def call() -> Call:
    return Call(
        Arguments(
            {
                "UniqueObjectID": "call.5000.1.2",
                "ANI": "555",
                "CallVariable1": "a",
                "CallVariable10": "j",
                "ECC": {"user.x": "1"},
                "CallStatus": 3,
            }
        )
    )


def test_elements_and_names() -> None:
    one = call()
    names = [one.get_property_name(index) for index in range(1, one.get_num_properties() + 1)]
    assert names == [
        "UniqueObjectID",
        "ANI",
        "CallVariable1",
        "CallVariable10",
        "ECC",
        "CallStatus",
    ]
    assert one.get_element(2) == "555"
    for index in (0, 7):
        with pytest.raises(IndexError):
            one.get_property_name(index)
        with pytest.raises(IndexError):
            one.get_element(index)


def test_call_data_and_context() -> None:
    one = call()
    one.update({"CallVariable1": "b"})
    assert one.get_call_data().to_dict() == {
        "CallVariable1": "b",
        "CallVariable10": "j",
        "ECC": {"user.x": "1"},
    }
    assert one.get_call_context().to_dict() == {"ANI": "555", "UniqueObjectID": "call.5000.1.2"}


def test_last_error_and_class_identifier() -> None:
    one = call()
    assert one.get_value("LastError") == CilError.CIL_OK
    assert one.is_valid("lasterror")
    one.note_error(CilError.E_CTIOS_CALL_NOT_ON_HOLD)
    assert one.last_error is CilError.E_CTIOS_CALL_NOT_ON_HOLD
    assert call().last_error is CilError.CIL_OK, "of another object"
    kinds: list[Any] = [Session, Agent, Call, SkillGroup]
    assert [kind().get_value("ClassIdentifier") for kind in kinds] == [1, 2, 3, 4]
    assert "LastError" not in one.get_all_properties()


def test_report_error(caplog: pytest.LogCaptureFixture) -> None:
    one = call()
    with caplog.at_level(logging.CRITICAL, "fastcil.cil"):
        assert one.report_error(int(CilError.E_CTIOS_UNKNOWN)) == -122
    assert "error -122" in caplog.text
    assert one.last_error is CilError.E_CTIOS_UNKNOWN
    assert one.report_error(4711) == 4711, "a number of the application's own"
    assert one.last_error == one.get_value("LastError") == 4711


def test_a_value_keeps_the_type_that_it_was_set_with() -> None:
    one = call()
    one.set_value("LineHandle", 5, ArgType.USHORT)
    one.set_value("callstatus", -3, ArgType.SHORT)
    one.set_value("Own", "7", ArgType.STRING)
    assert one.get_property_type("LINEHANDLE") is ArgType.USHORT
    assert one.get_property_type("CallStatus") is ArgType.SHORT
    assert (one.get_value("LineHandle"), one.get_value("CallStatus")) == (5, -3)
    assert one.get_all_properties().type_of("LineHandle") is ArgType.USHORT
    one.update({"LineHandle": 6})
    assert one.get_property_type("LineHandle") is ArgType.USHORT
    with pytest.raises(OverflowError):
        one.set_value("LineHandle", 1 << 16, ArgType.USHORT)
    assert one.get_value("LineHandle") == 6


@pytest.mark.parametrize(
    ("fields", "supervisor"),
    [({}, False), ({"AgentFlags": 2}, False), ({"AgentFlags": 4}, True), ({"AgentFlags": 1}, True)],
)
def test_supervisors(fields: dict[str, Any], supervisor: bool) -> None:
    agent = Agent(Arguments(fields))
    assert agent.is_supervisor() is supervisor
    assert agent.is_agent() is not supervisor
    assert Agent(Arguments({"IsSupervisor": 1})).is_supervisor()


def test_an_agent_of_nobody() -> None:
    agent = Agent()
    assert agent.get_agent_state() is AgentState.eUnknown
    assert agent.get_skill_groups() == {}
    assert agent.get_monitored_agent() is None
    assert agent.get_monitored_call() is None


def test_skill_groups_of_an_agent() -> None:
    session = Session()
    agent = Agent(
        Arguments(
            {
                "UniqueObjectID": "agent.5000.1",
                "PeripheralID": 5000,
                "NumSkillGroups": 2,
                "SkillGroup[1]": {"SkillGroupNumber": 7},
                "SkillGroup[2]": {"SkillGroupNumber": 8},
            }
        )
    )
    agent._session = session
    assert agent.get_skill_groups() == {}
    group = SkillGroup(Arguments({"UniqueObjectID": "skillgroup.5000.8"}))
    session._store.skill_groups["skillgroup.5000.8"] = group
    assert agent.get_skill_groups() == {"skillgroup.5000.8": group}


def test_computed_properties_of_a_session() -> None:
    session = Session()
    assert not session.is_valid("CurrentAgent")
    assert not session.is_valid("CurrentCall")
    assert session.get_value_array("ObjectReferences").to_dict() == {}
    assert session.ccm_silent_monitor is None
    session.update({"IPCCSilentMonitor": {"settings": {"CCMBasedSilentMonitor": True}}})
    assert session.is_ccm_silent_monitor()
    session.set_value("CCMBasedSilentMonitor", 0)
    assert session.ccm_silent_monitor is False


def test_system_status() -> None:
    session = Session()

    def tell(name: str, fields: dict[str, Any]) -> int:
        session.dispatcher.dispatch(Frame.from_bytes(encode_frame(event_id(name), fields)))
        return session.get_system_status()

    assert session.get_system_status() == 0
    failures = [tell("OnCTIOSFailure", {"SystemEventID": number}) for number in (7, 13, 4, 9)]
    assert failures == [1, 3, 11, 11]
    whole = {"StatusCTIServer": 0, "StatusCentralController": 1, "StatusPeripherals": {"5": True}}
    assert tell("OnMonitorModeEstablished", {"StatusSystem": whole}) == 4
    whole = {"StatusCTIServer": 0, "StatusPeripherals": {"5": True, "6": False}}
    assert tell("OnSetAgentModeEvent", {"StatusSystem": whole}) == 8
    back = [tell("OnCTIOSFailure", {"SystemEventID": number}) for number in (3, 2, 1)]
    assert back == [0, 4, 0]
    assert tell("OnSetAgentModeEvent", {}) == 0


@pytest.mark.parametrize("kind", [AsyncSession, ThreadedSession])
def test_a_session_that_never_connected(kind: Any) -> None:
    session = kind()
    assert session.perform("SendIdentifyClientRequest").code is (
        CilError.E_CTIOS_SESSION_NOT_CONNECTED
    )
    assert session.perform("SetMessageFilter", {"Filter": "MessageID=*"}).code is (
        CilError.E_CTIOS_SESSION_NOT_CONNECTED
    )
    assert session.perform("SetMessageFilter", {}).code is CilError.E_CTIOS_MISSING_ARGUMENT
    assert session.perform("SetMessageFilter", 4).code is CilError.E_CTIOS_INVALID_ARGUMENT
    assert session.perform("SetAgent", None).code is CilError.CIL_OK
    assert session.perform("SetCurrentCall", None).code is (
        CilError.E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION
    )
    assert session.perform("SetSupervisorSilentMonitorMode").code is (
        CilError.E_CTIOS_MISSING_ARGUMENT
    )
    wrong = {"SilentMonitorForceMonitoredMode": 2}
    assert session.perform("SetSupervisorSilentMonitorMode", wrong).code is (
        CilError.E_CTIOS_INVALID_ARGUMENT
    )
    right = {"SilentMonitorForceMonitoredMode": 1}
    assert session.perform("SetSupervisorSilentMonitorMode", right).code is CilError.CIL_OK
    assert session.begin_disconnect() is CilError.E_CTIOS_SESSION_NOT_CONNECTED


@pytest.mark.parametrize(
    ("name", "native"),
    [
        ("MakeCall", "make_call"),
        ("SendDTMFSignal", "send_dtmf_signal"),
        ("AgentID", "agent_id"),
        ("CallVariable10", "call_variable10"),
        ("ECC", "ecc"),
        ("DTMFString", "dtmf_string"),
        ("StartMonitoringAllAgentTeams", "start_monitoring_all_agent_teams"),
    ],
)
def test_native_spelling(name: str, native: str) -> None:
    assert snake(name) == native


def test_a_session_makes_the_objects_of_its_own_kinds() -> None:
    class Waiting(WaitObject):
        __slots__ = ()

    class Manager(SilentMonitorManager):
        __slots__ = ()

    class Own(Session):
        wait_object_type = Waiting
        silent_monitor_manager_type = Manager

    own = Own()
    assert type(own.create_wait_object([23])) is Waiting
    assert type(own.create_silent_monitor_manager()) is Manager
    assert own.get_value("ClassIdentifier") == ClassIdentifier.eSessionObject
    assert own.create_wait_object([23]).get_value("ClassIdentifier") == ClassIdentifier.eWaitObject


@pytest.mark.parametrize("odd", ["x", "", {"a": 1}, 4711, -1, 1 << 31, 0xFFFFFFFF])
def test_odd_values_of_a_server_are_no_errors(odd: Any) -> None:
    agent, session = Agent(), Session()
    agent._session = session
    keys = ("AgentState", "IsSupervisor", "NumSkillGroups", "SkillGroup[1]", "STATISTICS")
    agent.update(dict.fromkeys(keys, odd))
    assert agent.get_agent_state() is AgentState.eUnknown
    assert agent.is_supervisor() is not agent.is_agent()
    assert agent.get_skill_groups() == {}
    assert agent.statistics.known() == {}
    for tree in (odd, {"Settings": odd}):
        session.update({"IPCCSilentMonitor": tree})
        assert not session.is_ccm_silent_monitor()


def test_flags_are_read_however_they_are_written() -> None:
    agent = Agent()
    for yes in (1, True, "1", " 1 "):
        agent.update({"IsSupervisor": yes})
        assert agent.is_supervisor(), repr(yes)
    for no in (0, False, "0", ""):
        agent.update({"IsSupervisor": no})
        assert agent.is_agent(), repr(no)
