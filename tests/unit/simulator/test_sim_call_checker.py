"""The checker of event logs finds what is wrong in one: a log that was tampered with complains."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sim_call_kit import World
from sim_invariants import AgentChecker, CallChecker, check_fields

from fastcil.ged188.enums import AgentState
from fastcil.ged188.enums import LocalConnectionState as Lcs

Log = list[Any]


def story() -> Log:
    """Two calls: one is queued, answered, held, asked about and transferred; one is conferenced."""
    world = World(routed=True, seed=2)
    world.site.rules.greeting_seconds = 3.0
    call = world.arrive()
    world.calls.queue(call, world.peripheral.skill_groups[1])
    assert world.router is not None
    world.router.offer(call)
    connection = call.connections[1]
    world.calls.answer(connection)
    world.wait(5)
    for finish in (world.calls.conference, world.calls.transfer):
        target = next(d for d in world.devices if not d.connections)
        mine = world.calls.consult(connection, target.extension)
        world.calls.answer(target.connections[0])
        finish(mine, connection)
    world.calls.clear_call(call)
    return world.log


def index(log: Log, name: str, nth: int = 0) -> int:
    return [i for i, event in enumerate(log) if event.name == name][nth]


def changed(event: Any, **values: Any) -> Any:
    return SimpleNamespace(
        name=event.name, values={**event.values, **values}, audience=event.audience, at=event.at
    )


def without(name: str, nth: int = 0) -> Callable[[Log], None]:
    return lambda log: log.__delitem__(index(log, name, nth))


def twice(name: str, nth: int = 0) -> Callable[[Log], None]:
    def act(log: Log) -> None:
        at = index(log, name, nth)
        log.insert(at, log[at])

    return act


def saying(name: str, **values: Any) -> Callable[[Log], None]:
    def act(log: Log) -> None:
        at = index(log, name)
        log[at] = changed(log[at], **values)

    return act


def moved(name: str, before: str) -> Callable[[Log], None]:
    def act(log: Log) -> None:
        event = log.pop(index(log, name))
        log.insert(index(log, before), event)

    return act


def test_a_true_story_has_nothing_to_complain_about() -> None:
    log = story()
    checker = CallChecker().feed(log)
    assert checker.complaints == []
    assert (checker.begun, checker.open, checker.voice, checker.announced) == (3, {}, {}, {})
    assert check_fields(log) == []


@pytest.mark.parametrize(
    "tamper",
    [
        without("BEGIN_CALL_EVENT"),
        twice("BEGIN_CALL_EVENT"),
        twice("CALL_ESTABLISHED_EVENT"),
        twice("CALL_HELD_EVENT"),
        twice("END_CALL_EVENT"),
        without("CALL_DELIVERED_EVENT"),
        without("CALL_HELD_EVENT", 1),
        twice("CALL_QUEUED_EVENT"),
        without("CALL_QUEUED_EVENT"),
        without("CALL_DEQUEUED_EVENT"),
        moved("CALL_DELIVERED_EVENT", "CALL_DEQUEUED_EVENT"),
        twice("AGENT_PRE_CALL_EVENT"),
        twice("RTP_STARTED_EVENT"),
        without("RTP_STARTED_EVENT"),
        without("RTP_STOPPED_EVENT"),
        moved("RTP_STARTED_EVENT", "CALL_ESTABLISHED_EVENT"),
        without("CALL_AGENT_GREETING_EVENT"),
        without("CALL_AGENT_GREETING_EVENT", 1),
        saying("CALL_HELD_EVENT", LocalConnectionState=int(Lcs.LCS_CONNECT)),
        saying("CALL_TRANSFERRED_EVENT", SecondaryCallID=99),
        saying("CALL_TRANSFERRED_EVENT", ConnectedPartyCallID=[99]),
        moved("END_CALL_EVENT", "CALL_CONFERENCED_EVENT"),
    ],
)
def test_a_log_that_was_tampered_with(tamper: Callable[[Log], None]) -> None:
    log = story()
    tamper(log)
    assert CallChecker().feed(log).complaints != []


def test_a_call_that_does_not_end_stays_open() -> None:
    log = story()
    del log[index(log, "END_CALL_EVENT", -1)]
    assert len(CallChecker().feed(log).open) == 1


def test_announcements_are_kept_or_taken_back() -> None:
    log = story()
    del log[index(log, "CALL_DELIVERED_EVENT")]
    assert len(CallChecker().feed(log).announced) == 1
    values = {"AgentInstrument": "20001", "RouterCallKeyDay": 1, "RouterCallKeyCallID": 1}
    abort = SimpleNamespace(name="AGENT_PRE_CALL_ABORT_EVENT", values=values)
    assert CallChecker().feed([abort]).complaints != []


@pytest.mark.parametrize(
    "values",
    [{"NoSuchField": 1}, {"LineType": 70000}, {"ANI": 5}],
)
def test_events_that_cannot_be_sent(values: dict[str, Any]) -> None:
    log = story()
    at = index(log, "CALL_DELIVERED_EVENT")
    assert check_fields([changed(log[at], **values)]) != []


def test_events_without_a_fixed_field() -> None:
    log = story()
    event = changed(log[index(log, "CALL_DELIVERED_EVENT")])
    del event.values["EventCause"]
    assert check_fields([event]) == ["CALL_DELIVERED_EVENT lacks ['EventCause']"]


def test_agents_log_in_before_anything_else() -> None:
    log = story()
    state = int(AgentState.AGENT_STATE_TALKING)
    stranger = changed(log[index(log, "AGENT_STATE_EVENT")], AgentID="77", AgentState=state)
    assert AgentChecker().feed([stranger]).complaints != []
