"""The simulator as a whole: options, time by hand, what answers what."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sim_session_kit import Client, make_simulator

import fastcil.simulator
from fastcil.ged188.relations import CONFIRMATIONS
from fastcil.ged188.schema import MESSAGES, Direction
from fastcil.simulator import (
    LinkOptions,
    Simulator,
    SimulatorOptions,
    SiteOptions,
    WorkloadOptions,
)
from fastcil.simulator.handlers import HANDLERS
from fastcil.simulator.session_requests import SESSION_REQUESTS

OWN = {"OPEN_REQ", "HEARTBEAT_REQ", "CLOSE_REQ"}


def test_everything_a_client_may_send_is_answered() -> None:
    known = OWN | HANDLERS.keys() | SESSION_REQUESTS.keys()
    sent = {
        spec.name
        for spec in MESSAGES
        if spec.documented and spec.direction in (Direction.TO_SERVER, Direction.BOTH)
    }
    assert sent - known == set()
    assert HANDLERS.keys() & SESSION_REQUESTS.keys() == set()
    assert CONFIRMATIONS.keys() & sent <= known


def test_the_public_names_are_there() -> None:
    for name in fastcil.simulator.__all__:
        assert getattr(fastcil.simulator, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        fastcil.simulator.Nothing  # noqa: B018


def test_time_by_hand() -> None:
    simulator = make_simulator()
    seen: list[float] = []
    clock = simulator.site.clock
    for at in (1.0, 2.0, 2.0, 5.0):
        clock.after(at, lambda: seen.append(clock.now))
    assert simulator.advance(2) == 3
    assert simulator.advance(2) == 0
    assert clock.now == 4.0
    assert simulator.advance(100) == 1
    assert seen == [1.0, 2.0, 2.0, 5.0]
    with pytest.raises(ValueError, match="seconds is 0 or more"):
        simulator.advance(-1)


def test_begin_is_done_once() -> None:
    options = SimulatorOptions(
        site=SiteOptions(agents=10), workload=WorkloadOptions(calls_per_hour=60)
    )
    simulator = Simulator(options)
    simulator.begin()
    simulator.begin()
    client = Client(simulator.hub, 24)
    client.open()
    simulator.advance(120)
    logins = [m for m in client.messages() if m.name == "AGENT_STATE_EVENT"]
    assert [m["AgentState"] for m in logins].count(0) == 10


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (SimulatorOptions, {"speed": -1.0}, "speed is 0 or more"),
        (SimulatorOptions, {"speed": float("inf")}, "speed is 0 or more"),
        (LinkOptions, {"protocol_version": 26}, "protocol version is 9..25"),
        (LinkOptions, {"max_connections": 0}, "max_connections is 1 or more"),
        (LinkOptions, {"max_queue": 100}, "max_queue is 16384 bytes or more"),
    ],
)
def test_options_that_cannot_be(kind: type, values: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        kind(**values)


def test_what_the_scenario_says_takes_the_place_of_options(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text(
        "[site]\nagents = 7\n[server]\nprotocol_version = 14\n[workload]\ncalls_per_hour = 5\n"
    )
    options = SimulatorOptions(
        site=SiteOptions(agents=3, skill_groups=2), link=LinkOptions(max_connections=4), seed=9
    )
    found = Simulator(options, path).options
    assert (found.site.agents, found.site.skill_groups, found.site.seed) == (7, 2, 9)
    assert (found.link.protocol_version, found.link.max_connections) == (14, 4)
    assert found.workload.calls_per_hour == 5
    assert dataclasses.replace(options) == options


def test_counts() -> None:
    simulator = make_simulator(standby=True)
    Client(simulator.hub).open()
    Client(simulator.hub, side="B")
    simulator.actions.login("1002")
    simulator.actions.make_call("1002", "4155550100")
    simulator.advance(1.5)
    found = simulator.counts()
    expected = {
        "simulated_seconds": 1.5,
        "connections": 2,
        "sessions": 1,
        "monitors": 1,
        "calls_in_progress": 1,
        "sessions_opened": 1,
    }
    assert {name: found[name] for name in expected} == expected


def test_the_documentation_has_every_option_of_the_workload() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "simulator.md").read_text()
    for field in dataclasses.fields(WorkloadOptions):
        assert f"`{field.name}`" in page, field.name
