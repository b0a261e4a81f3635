"""Whom a supervisor watches: what his Agent and his session say of it, from the events alone."""

from __future__ import annotations

import pytest
from test_cil_current_call import Direct

BOSS, ONE, TWO = "agent.5000.1001", "agent.5000.1002", "agent.5000.1003"
SILENT = {
    "SilentMonitorInitiatingAgentUID": BOSS,
    "SilentMonitorTargetAgentUID": ONE,
    "SilentMonitorCallUID": "call.5000.9.20001",
}
KEYS = ("SilentMonitorCallUID", "SilentMonitorTargetAgentUID")


def call(device: str, number: int = 1) -> str:
    return f"call.5000.{number}.{device}"


def watching(known: bool = True) -> Direct:
    """A supervisor who watches two agents, each with a call, and has one of his own."""
    session = Direct()
    for key, device in ((ONE, "20002"), (TWO, "20003")):
        fields = {"UniqueObjectID": key, "AgentInstrument": device if known else ""}
        session.tell("OnMonitoredAgentStateChange", {**fields, "Monitored": True})
        session.tell("OnStartMonitoringAgent", {"UniqueObjectID": BOSS, "AgentReference": key})
        session.tell("OnMonitoredCallBegin", {"UniqueObjectID": call(device), "Monitored": True})
    session.tell("OnCallBegin", {"UniqueObjectID": call("20001")})
    return session


def test_calls_of_an_agent_who_is_monitored_no_more_are_dropped() -> None:
    session = watching()
    session.tell("OnStopMonitoringAgent", {"UniqueObjectID": BOSS, "AgentReference": ONE})
    assert list(session.calls) == [call("20003"), call("20001")]
    assert session.object(call("20002")) is None
    assert session.monitored_agent is session.agents[TWO]
    assert not session.told("OnMonitoredCallEnd")
    session.tell("OnStopMonitoringAgent", {"UniqueObjectID": BOSS, "AgentReference": TWO})
    assert session.monitored_agent is None
    assert list(session.calls) == [call("20001")]


def test_without_a_known_device_all_monitored_calls_are_dropped() -> None:
    session = watching(known=False)
    session.tell("OnStopMonitoringAgent", {"UniqueObjectID": BOSS, "AgentReference": ONE})
    assert list(session.calls) == [call("20001")]


@pytest.mark.parametrize("end", ["OnSilentMonitorStopRequestedEvent", "OnCallEnd"])
def test_a_silent_monitor_call_is_a_property_of_the_supervisor(end: str) -> None:
    session = watching()
    boss = session.current_agent
    assert boss is not None
    for _ in range(2):  # at failover it may come again
        session.tell("OnSilentMonitorStartedEvent", SILENT)
    assert [boss.get_value(key) for key in KEYS] == [SILENT[key] for key in KEYS]
    session.tell(end, {"UniqueObjectID": "call.5000.8.20001", "SilentMonitorCallUID": ""})
    assert boss.get_value("SilentMonitorCallUID")
    session.tell(end, {**SILENT, "UniqueObjectID": SILENT["SilentMonitorCallUID"]})
    assert [boss.get_value(key) for key in KEYS] == ["", ""]


def test_the_agent_who_is_heard_has_no_such_property() -> None:
    session = watching()
    heard = {**SILENT, "SilentMonitorInitiatingAgentUID": TWO, "SilentMonitorTargetAgentUID": BOSS}
    session.tell("OnSilentMonitorStartedEvent", heard)
    assert session.current_agent is not None
    assert not session.current_agent.is_valid("SilentMonitorCallUID")
