"""The current call and its events against a model, for any order of calls and choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcil.catalog import CilError, event_id
from fastcil.cil import Agent, Session, SessionError, Settings
from fastcil.cil.core import Deliver, State
from fastcil.codec import Arguments, Frame, encode_frame

KEYS = [f"call.5000.{number}.20001" for number in range(1, 5)]
AGENT = "agent.5000.1001"
AGENT_MASK, DISABLE_ALL = 0x08000010, 0x00400000


class Direct(Session):
    """A session without a connection: what the core delivers is dispatched at once."""

    def __init__(self) -> None:
        super().__init__()
        self.core.state, self.core.settings = State.CONNECTED, Settings("a", "b")
        self.heard: list[tuple[int, Arguments]] = []
        self.add_listener(self)
        agent = Agent()
        agent.update({"AgentID": "1001", "PeripheralID": 5000, "EnablementMask": AGENT_MASK})
        self.set_agent(agent)

    def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
        self.heard.append((iEventID, rArgs))

    def _run(self, command: Callable[[float], None]) -> None:
        command(0.0)
        for action in self.core.take():
            if isinstance(action, Deliver):
                self.dispatcher.dispatch_batch(action.frames)

    def disconnect_nowait(self) -> None:
        raise AssertionError("nothing here ends the connection")

    def tell(self, name: str, fields: dict[str, Any]) -> None:
        self.dispatcher.dispatch(Frame.from_bytes(encode_frame(event_id(name), fields)))

    def told(self, name: str) -> list[Arguments]:
        return [arguments for number, arguments in self.heard if number == event_id(name)]


CHANGED, BUTTONS = "OnCurrentCallChanged", "OnButtonEnablementChange"
steps = st.lists(
    st.tuples(
        st.sampled_from(["begin", "end", "rekey", "choose", "drop", "event", "monitored"]),
        st.sampled_from(KEYS),
        st.sampled_from(KEYS),
    ),
    max_size=30,
)


@given(steps)
@settings(max_examples=200, deadline=None)
def test_any_order(actions: list[tuple[str, str, str]]) -> None:
    session = Direct()
    calls: list[str] = []  # the model: own calls, and the current one
    monitored: set[str] = set()
    current = ""
    for what, key, other in actions:
        session.heard.clear()
        before = current
        buttons = False
        if what in ("begin", "monitored") and key not in calls and key not in monitored:
            if what == "monitored":
                session.tell("OnMonitoredCallBegin", {"UniqueObjectID": key, "Monitored": True})
                monitored.add(key)
            else:
                session.tell("OnCallBegin", {"UniqueObjectID": key})
                calls.append(key)
                if not current and len(calls) == 1:
                    current = key
        elif what == "end" and key in calls:
            session.tell("OnCallEnd", {"UniqueObjectID": key})
            calls.remove(key)
            if key == current or not current:
                current = calls[0] if len(calls) == 1 else ""
        elif what == "rekey" and key in calls and other not in calls and other not in monitored:
            fields = {"OldUniqueObjectID": key, "UniqueObjectID": other}
            session.tell("OnCallDataUpdate", fields)
            calls[calls.index(key)] = other
            if current == key:
                before = current = other
        elif what == "choose" and key in calls:
            code = session.perform("SetCurrentCall", session.calls[key]).code
            already = CilError.E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION
            assert code is (already if key == current else CilError.CIL_OK)
            current = key
        elif what == "drop" and current:
            session.set_current_call(None)
            current = ""
        elif what == "event" and key in calls:
            session.tell("OnCallHeld", {"UniqueObjectID": key, "EnablementMask": 8})
            buttons = key == current
        assert set(session.calls) == {*calls, *monitored}
        found = session.current_call
        assert (found.unique_object_id if found is not None else "") == current
        changes = [one["UniqueObjectID"] for one in session.told(CHANGED)]
        assert changes == ([current] if current != before else [])
        assert len(session.told(BUTTONS)) == (1 if changes or buttons else 0)


def test_the_mask_is_of_the_agent_and_of_the_call() -> None:
    session = Direct()
    session.tell("OnCallBegin", {"UniqueObjectID": KEYS[0], "EnablementMask": 1})
    assert session.told(BUTTONS)[-1]["EnablementMask"] == AGENT_MASK | 1
    session.tell("OnCallHeld", {"UniqueObjectID": KEYS[0], "EnablementMask": 8 | DISABLE_ALL})
    found = session.told(BUTTONS)[-1]
    assert found["EnablementMask"] == AGENT_MASK | 8
    assert (found["UniqueObjectID"], found["MessageID"]) == (KEYS[0], event_id("OnCallHeld"))
    # Bit 31 makes an INT negative on some ways.
    session.tell("OnAgentStateChange", {"UniqueObjectID": AGENT, "EnablementMask": -(1 << 31)})
    found = session.told(BUTTONS)[-1]
    assert found["EnablementMask"] == (1 << 31) | 8
    assert found["UniqueObjectID"] == AGENT
    session.tell("OnCallEnd", {"UniqueObjectID": KEYS[0]})
    assert session.told(BUTTONS)[-1]["EnablementMask"] == 1 << 31


def test_events_of_others_move_no_button() -> None:
    session = Direct()
    session.tell("OnAgentStateChange", {"UniqueObjectID": "agent.5000.2", "EnablementMask": 1})
    session.tell("OnCallHeld", {"UniqueObjectID": "call.5000.9.9", "EnablementMask": 1})
    session.tell("OnCallHeld", {"EnablementMask": 1})
    session.tell("OnAgentStateChange", {"UniqueObjectID": AGENT})
    assert not session.told(BUTTONS)


def test_supervisor_buttons() -> None:
    session = Direct()
    name = "OnSupervisorButtonChange"
    for mask in (3, 3, 0):
        fields = {"UniqueObjectID": "agent.5000.2", "SupervisorBtnEnablementMask": mask}
        session.tell("OnMonitoredAgentStateChange", fields)
    fields = {"AgentReference": "agent.5000.2", "SupervisorBtnEnablementMask": 0}
    session.tell("OnStartMonitoringAgent", fields)
    session.tell("OnMonitoredAgentStateChange", {"UniqueObjectID": "agent.5000.2"})
    masks = [one["SupervisorBtnEnablementMask"] for one in session.told(name)]
    assert masks == [3, 0, 0]


def test_a_call_of_another_session() -> None:
    session, other = Direct(), Direct()
    other.tell("OnCallBegin", {"UniqueObjectID": KEYS[0]})
    with pytest.raises(SessionError, match="no call of this session") as caught:
        session.set_current_call(other.calls[KEYS[0]])
    assert caught.value.code is CilError.E_CTIOS_INVALID_CALL


def test_monitor_mode_has_no_current_call_of_its_own() -> None:
    session = Direct()
    session._desk.active = False
    session.dispatcher.refresh()
    session.tell("OnCallBegin", {"UniqueObjectID": KEYS[0], "EnablementMask": 1})
    assert session.current_call is None
    assert not session.told(CHANGED)
    assert not session.told(BUTTONS)
