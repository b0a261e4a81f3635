"""Scenarios that cannot be used are refused with file, key and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastcil.simulator import ScenarioError, load_scenario
from fastcil.simulator.agent_desk import DeskSettings
from fastcil.simulator.steps import STEPS


def write(tmp_path: Path, text: str, name: str = "day.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("= 1", "", "not TOML"),
        ("[sites]", "sites", "unknown key, expected one of title, site, server, workload, step"),
        ("title = 3", "title", "expected text, got 3"),
        ("site = 3", "site", "expected a table, got 3"),
        ("[site]\nagent = 3", "site.agent", "unknown key, expected one of agents,"),
        ("[site]\nagents = 'x'", "site.agents", "expected a whole number, got 'x'"),
        ("[site]\nagents = true", "site.agents", "expected a whole number, got True"),
        ("[site]\nagents = 0", "site", "agents is at least the number of peripherals, got 0"),
        ("[site]\npassword = 1", "site.password", "expected text, got 1"),
        (
            "[site]\nperipheral_type = 'pt_none_such'",
            "site.peripheral_type",
            "expected one of PT_NONE",
        ),
        ("[site.desk]\nmask = 'x'", "site.desk.mask", "expected a whole number, got 'x'"),
        ("[site.desk]\nmusk = 1", "site.desk.musk", "unknown key"),
        ("[server]\nprotocol_version = 8", "server", "protocol version is 9..25, got 8"),
        ("[server]\nopen_seconds = 'x'", "server.open_seconds", "expected a number, got 'x'"),
        ("[workload]\ncalls_per_hour = 'x'", "workload.calls_per_hour", "expected a number"),
        ("[step]\nat = 1", "step", "expected a list of tables"),
        ("[[step]]\nat = 1", "step[1].do", "missing, expected the name of an action"),
        ("[[step]]\nat = 1\ndo = 'fly'", "step[1].do", "expected one of abandon,"),
        (
            "[[step]]\ndo='staff'\n[[step]]\nat = -1\ndo = 'staff'",
            "step[2].at",
            "expected seconds, a number of 0 or more, got -1",
        ),
        ("[[step]]\nat = 'now'\ndo = 'staff'", "step[1].at", "expected seconds"),
        ("[[step]]\nat = nan\ndo = 'staff'", "step[1].at", "expected seconds"),
        ("[[step]]\ndo = 'login'", "step[1].agent", "missing, login needs text"),
        ("[[step]]\ndo = 'login'\nagent = 7", "step[1].agent", "expected text, got 7"),
        (
            "[[step]]\ndo = 'login'\nagent = '7'\nphone = '1'",
            "step[1].phone",
            "unknown key, login takes at, do and agent, device, work_mode",
        ),
        ("[[step]]\ndo = 'fail_over'\nx = 1", "step[1].x", "takes at, do and none"),
        (
            "[[step]]\ndo = 'arrive'\nvariables = { one = 'x' }",
            "step[1].variables.one",
            "expected a number as key, got 'one'",
        ),
        (
            "[[step]]\ndo = 'expect'\nagent = '7'\nstate = 'asleep'",
            "step[1].state",
            "expected one of AGENT_STATE_LOGIN,",
        ),
    ],
)
def test_what_is_wrong_and_where(tmp_path: Path, text: str, key: str, expected: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert caught.value.key == key
    assert expected in str(caught.value)
    assert str(caught.value).startswith(f"{path}: {key}" if key else f"{path}: ")


def test_values_as_the_options_want_them(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        title = "All kinds"
        [site]
        agents = 5
        peripheral_type = "pt_generic"
        desk = { work_mode_timer = 9 }
        [server]
        open_seconds = 3
        passwords = { a = "b" }
        [[step]]
        at = 9
        do = "expect"
        agent = "1001"
        state = 3
        [[step]]
        at = 1.5
        do = "arrive"
        variables = { 1 = "x", 10 = "y" }
        """,
    )
    found = load_scenario(path)
    assert found.title == "All kinds"
    assert found.site["peripheral_type"].name == "PT_GENERIC"
    assert found.site["desk"] == DeskSettings(work_mode_timer=9)
    assert found.server == {"open_seconds": 3.0, "passwords": {"a": "b"}}
    assert [(step.at, step.do, step.key) for step in found.steps] == [
        (1.5, "arrive", "step[2]"),
        (9.0, "expect", "step[1]"),
    ]
    assert found.steps[0].arguments == {"variables": {1: "x", 10: "y"}}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("day.yaml", "", "a scenario is a file *.toml or *.py"),
        ("day.py", "x = 1", "a function run(simulator) or STEPS expected"),
        ("day.py", "run = 1", "run: a function of one argument expected"),
        ("day.py", "STEPS = 1", "step: expected a list of tables"),
        ("day.py", "STEPS = [{'do': 'fly'}]", "step[1].do: expected one of"),
        ("day.py", "SITE = {'agents': 'x'}\nSTEPS = []", "site.agents: expected a whole number"),
        ("day.py", "1 / 0", "ZeroDivisionError"),
        ("day.py", "x = (", "SyntaxError"),
    ],
)
def test_programs_that_are_no_scenario(tmp_path: Path, name: str, text: str, expected: str) -> None:
    with pytest.raises(ScenarioError, match="day") as caught:
        load_scenario(write(tmp_path, text, name))
    assert expected in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_scenario(tmp_path / "none.toml")


def test_every_action_says_what_it_does() -> None:
    from fastcil.simulator.actions import Actions

    for name in STEPS:
        assert getattr(Actions, name).__doc__, name
