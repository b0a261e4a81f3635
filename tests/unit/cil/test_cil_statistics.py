"""Statistics views: documented names, unknown values, computed ones."""

from __future__ import annotations

from typing import Any

import pytest

from fastcil.catalog import data, event_id
from fastcil.cil import Agent, Dispatcher, SkillGroup
from fastcil.cil.statistics import Formula, names_of
from fastcil.cil.store import ObjectStore
from fastcil.codec import Arguments, Frame, encode_frame

API = data("api")


def agent(**statistics: Any) -> Agent:
    return Agent(Arguments({"AgentID": "1", "Statistics": statistics}))


def group(**statistics: Any) -> SkillGroup:
    return SkillGroup(Arguments({"SkillGroupNumber": 1, "STATISTICS": statistics}))


@pytest.mark.parametrize(("kind", "found"), [("agent", agent()), ("skill_group", group())])
def test_every_documented_name(kind: str, found: Agent | SkillGroup) -> None:
    plain = [one["name"] for one in API[f"{kind}_statistics"]]
    computed = list(API[f"computed_{kind}_statistics"])
    assert list(found.statistics) == plain + computed
    assert len(found.statistics) == len(plain) + len(computed)
    assert all(found.statistics[name] is None for name in found.statistics)
    assert found.statistics.known() == {}
    assert "AvgTalkTime" not in found.statistics


@pytest.mark.parametrize("kind", ["agent", "skill_group"])
def test_formulas_are_made_of_documented_statistics(kind: str) -> None:
    names = names_of(kind)
    used = {name for one in names.computed.values() for name in (*one.over, *one.under)}
    # Skill groups: CallsQTimeHalf / CallsQHalf and so on are of the table as well.
    assert used <= set(names.plain)


def test_formulas() -> None:
    assert Formula.parse("(A + B) / (C + D)") == (("A", "B"), ("C", "D"))
    assert Formula.parse("A / B") == (("A",), ("B",))
    assert Formula.parse("A + B") == (("A", "B"), ())
    assert Formula.parse("A") == (("A",), ())


def test_values_are_those_of_now() -> None:
    found = agent(HandledCallsToday=3, AvailTimeToday="60")
    view = found.statistics
    assert view["HandledCallsToday"] == 3
    assert view[" handledcallstoday "] == 3
    assert view["AvailTimeToday"] == 60
    assert view["TimeReadyToday"] == 60
    found.update({"STATISTICS": {"HandledCallsToday": 4}})
    assert view["HandledCallsToday"] == 4
    assert view["AvailTimeToday"] is None
    with pytest.raises(KeyError, match="NoSuchStatistic"):
        view["NoSuchStatistic"]


@pytest.mark.parametrize("value", [0xFFFFFFFF, -1, "many", None, {}])
def test_unknown(value: Any) -> None:
    found = agent(HandledCallsToday=value, AgentOutCallsToday=1).statistics
    assert found["HandledCallsToday"] is None
    assert found["CallsHandledToday"] is None
    assert found["AgentOutCallsToday"] == 1


def test_computed_of_an_agent() -> None:
    found = agent(
        AgentOutCallsTalkTimeToday=100,
        HandledCallsTalkTimeToday=200,
        AgentOutCallsToday=1,
        HandledCallsToday=3,
        AgentOutCallsTimeToday=150,
        HandledCallsTimeToday=250,
        LoggedOnTimeToday=700,
        NotReadyTimeToday=100,
    ).statistics
    assert found["AvgTalkTimeToday"] == 75.0
    assert found["CallsHandledToday"] == 4
    assert found["TimeTalkingToday"] == 300
    assert found["AvgHandleTimeToday"] == 100.0
    assert found["AvgIdleTimeToday"] == 25.0
    assert found["PercentUtilitizationToday"] == 0.5  # spelt as printed
    assert found["AvgHoldTimeToday"] is None
    assert found.known()["TimeLoggedInToday"] == 700
    assert "AvgTalkTimeToday" in repr(found)


def test_computed_of_a_skill_group() -> None:
    found = group(CallsQTimeNow=30, CallsQNow=0, CallsQTimeToday=90, CallsQToday=4).statistics
    assert found["AvgCallsQTimeNow"] is None  # nothing queues: no average
    assert found["AvgCallsQTimeToday"] == 22.5


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_statistics_of_an_agent_are_nested_whatever_the_event_does(nested: bool) -> None:
    store = ObjectStore()
    dispatcher = Dispatcher(before=store.before, after=store.after)
    numbers = {"HandledCallsToday": 3, "AvailTimeToday": 60}
    for _ in range(2):
        fields: dict[str, Any] = {"PeripheralID": 5000, "AgentID": "1", "AgentExtension": "10"}
        fields.update({"STATISTICS": numbers} if nested else numbers)
        number = event_id("OnAgentStatistics")
        dispatcher.dispatch(Frame.from_bytes(encode_frame(number, fields)))
        numbers = {"HandledCallsToday": 5}
    found = store.agents["agent.5000.1"]
    assert found.get_value_array("Statistics").to_dict() == {"HandledCallsToday": 5}
    assert found.statistics["HandledCallsToday"] == 5
    assert found.statistics["AvailTimeToday"] is None
    assert not found.is_valid("HandledCallsToday")
    assert found.get_value("AgentExtension") == "10"
