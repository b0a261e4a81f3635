"""Scenarios that are played: the examples, those of the documentation, and what goes wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sim_session_kit import Client

from fastcil.ged188 import DecodeError
from fastcil.ged188.enums import AgentState
from fastcil.simulator import Simulator, SimulatorOptions, load_scenario
from fastcil.simulator.model import Event
from fastcil.simulator.steps import STEPS

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted((ROOT / "examples" / "scenarios").iterdir())
PAGE = (ROOT / "docs" / "simulator.md").read_text()


def play(
    path: Path, seconds: float, options: SimulatorOptions | None = None
) -> tuple[Simulator, list[Event]]:
    """A scenario from beginning to end; a step that fails is a failure."""
    simulator = Simulator(options or SimulatorOptions(standby_port=0), path)
    events: list[Event] = []
    simulator.site.subscribe(events.append)
    simulator.begin()
    simulator.advance(seconds)
    assert simulator.scenario is not None
    simulator.scenario.check()
    return simulator, events


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def test_there_are_examples_of_both_kinds() -> None:
    assert {path.suffix for path in EXAMPLES} == {".toml", ".py"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples(path: Path) -> None:
    steps = load_scenario(path).steps
    simulator, _ = play(path, max((step.at for step in steps), default=0.0) + 60)
    assert simulator.hub.counters["scenario_steps"] == len(steps)
    assert simulator.hub.counters["scenario_failures"] == 0
    assert simulator.hub.counters["handler_errors"] == 0


def test_the_transfer_of_the_examples() -> None:
    simulator, events = play(ROOT / "examples" / "scenarios" / "transfer.toml", 120)
    told = names(events)
    for name in ("CALL_HELD_EVENT", "CALL_TRANSFERRED_EVENT", "CALL_DATA_UPDATE_EVENT"):
        assert told.count(name) == 1
    assert told.count("BEGIN_CALL_EVENT") == told.count("END_CALL_EVENT") == 2
    assert simulator.actions.call("caller").wrapup == "solved"


def test_the_busy_morning_of_the_examples() -> None:
    simulator, events = play(ROOT / "examples" / "scenarios" / "busy_morning.toml", 2400)
    begun = [e for e in events if e.name == "BEGIN_CALL_EVENT"]
    assert 200 < len(begun) < 600
    assert not [e for e in begun if 1801 <= e.at < 2100]
    assert [e for e in begun if e.at > 2110]
    available = [a for a in simulator.site.agents() if a.state != AgentState.AGENT_STATE_LOGOUT]
    assert len(available) == 40


def test_the_bad_link_of_the_examples() -> None:
    simulator = Simulator(SimulatorOptions(), ROOT / "examples" / "scenarios" / "bad_link.toml")
    client = Client(simulator.hub, 24)
    client.open()
    simulator.begin()
    simulator.advance(60)
    assert client.session.ending is not None
    counters = simulator.hub.counters
    assert {name: counters[name] for name in counters if name.startswith("fault_")} == {
        "fault_delay": 2,
        "fault_garbage": 1,
        "fault_trickle": 2,
        "fault_hang": 1,
        "fault_resume": 1,
        "fault_drop": 1,
    }
    with pytest.raises(DecodeError):
        client.messages()


def test_the_two_sides_of_the_examples(capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "examples" / "scenarios" / "two_sides.py"
    simulator = Simulator(SimulatorOptions(standby_port=0), path)
    simulator.begin()
    client = Client(simulator.hub, 24, "B")
    client.open(ServicesRequested=0x02000010)
    simulator.advance(60)
    simulator.hub.tick(simulator.hub.now + 10)
    assert simulator.hub.counters["fail_overs"] == 1
    names = client.names()
    assert names[0] == "STANDBY_ACTIVE_EVENT_MSG"
    # The client says nothing to the question, so it is called off.
    assert names[-2:] == ["ACTIVE_MAINTENANCE_REQ_MSG", "ACTIVE_MAINTENANCE_EVENT_MSG"]
    assert capsys.readouterr().out == "maintenance mode: False\n"


def test_the_scenarios_of_the_documentation(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    for number, text in enumerate(blocks):
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        play(path, 3600)


def test_the_documentation_has_every_step() -> None:
    described = set(re.findall(r"`(\w+)`", PAGE))
    assert set(STEPS) <= described


def test_python_scenarios_of_both_shapes(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "SITE = {'agents': 2}\n"
        "seen = []\n"
        "def run(simulator):\n"
        "    simulator.actions.staff(1)\n"
        "    yield 10\n"
        "    simulator.actions.say('ten')\n"
        "    yield 2.5\n"
        "    simulator.actions.say('twelve and a half')\n"
    )
    _, events = play(program, 60)
    texts = [(e.at, e.values["Text"]) for e in events if e.values.get("Text")]
    assert texts == [(10.0, "ten"), (12.5, "twelve and a half")]
    steps = tmp_path / "steps.py"
    steps.write_text("STEPS = [{'at': 3, 'do': 'say', 'text': f'line {n}'} for n in range(3)]\n")
    _, events = play(steps, 3)
    assert [e.values["Text"] for e in events] == ["line 0", "line 1", "line 2"]


def test_a_step_that_fails_is_told_and_the_rest_is_done(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text(
        "[site]\nagents = 2\n"
        "[[step]]\nat = 1\ndo = 'answer'\nagent = '1001'\n"
        "[[step]]\nat = 2\ndo = 'login'\nagent = '4711'\n"
        "[[step]]\nat = 3\ndo = 'staff'\n"
        "[[step]]\nat = 4\ndo = 'expect'\nagent = '1001'\nstate = 'agent_state_talking'\n"
        "[[step]]\nat = 5\ndo = 'send'\nmessage = 'HOLD_CALL_REQ'\n"
        "[[step]]\nat = 6\ndo = 'send'\nmessage = 'MONITOR_STOP_REQ'\n"
        "[[step]]\nat = 7\ndo = 'fail_over'\n"
    )
    simulator = Simulator(SimulatorOptions(), path)
    simulator.begin()
    simulator.advance(10)
    assert simulator.scenario is not None
    found = [str(failure) for failure in simulator.scenario.failures]
    expected = [
        ("step[1] (answer at 1 s)", "agent '1001' is not logged in"),
        ("step[2] (login at 2 s)", "no agent '4711'"),
        ("step[4] (expect at 4 s)", "agent '1001' is AGENT_STATE_AVAILABLE"),
        ("step[5] (send at 5 s)", ""),
        ("step[6] (send at 6 s)", "no request of the simulator is named 'MONITOR_STOP_REQ'"),
        ("step[7] (fail_over at 7 s)", "there is no standby side"),
    ]
    assert len(found) == len(expected)
    for text, (key, why) in zip(found, expected, strict=True):
        assert text.startswith(f"{path}: {key}: ")
        assert why in text
    assert simulator.actions.agent("1002").state == AgentState.AGENT_STATE_AVAILABLE


def test_requests_that_must_fail(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    send = "[[step]]\ndo = 'send'\nmessage = 'SET_AGENT_STATE_REQ'\n"
    fields = "fields = { AgentState = 3, AgentInstrument = '20001' }\n"
    path.write_text(f"[site]\nagents = 1\n{send}fails = 9\n{fields}")
    simulator, _ = play(path, 1)
    assert simulator.hub.counters["scenario_steps"] == 1
    path.write_text(f"[site]\nagents = 1\n{send}fails = 7\n{fields}")
    simulator = Simulator(SimulatorOptions(), path)
    simulator.begin()
    assert simulator.scenario is not None
    (failure,) = simulator.scenario.failures
    assert "failure 7 expected, got 9" in str(failure)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def run(simulator):\n    1 / 0\n", "run: division by zero"),
        ("def run(simulator):\n    yield 5\n    1 / 0\n", "run at 5 s: division by zero"),
        ("def run(simulator):\n    yield 'soon'\n", "expected yield of seconds to wait"),
    ],
)
def test_programs_that_fail(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(text)
    simulator = Simulator(SimulatorOptions(), path)
    simulator.begin()
    simulator.advance(10)
    assert simulator.scenario is not None
    (failure,) = simulator.scenario.failures
    assert expected in str(failure)
