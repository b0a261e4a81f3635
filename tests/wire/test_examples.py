"""The programs of examples/, each as a process, against an event server over a simulated site."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from client_peer import unused_port

pytest.importorskip("rich")
pytest.importorskip("click")

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SECONDS = 20


@contextmanager
def site(*arguments: str) -> Iterator[str]:
    """`fastcil serve` over the simulator; its address."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "fastcil", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"listening on \S+:(\d+)", process.stdout.readline())
        assert found, process.communicate(timeout=SECONDS)
        yield f"ctios://127.0.0.1:{found[1]}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)


@pytest.fixture
def quiet() -> Iterator[str]:
    """A site whose agents wait for a person."""
    with site("--agents", "6", "--calls-per-hour", "0") as address:
        yield address


@pytest.fixture(scope="module")
def busy() -> Iterator[str]:
    """A site at work."""
    with site("--agents", "12", "--calls-per-hour", "6000") as address:
        yield address


class Program:
    """A running example, spoken to through its standard input. One that hangs is ended, so that
    every wait for it ends too."""

    opened: ClassVar[list[Program]] = []

    def __init__(self, name: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(EXAMPLES / name), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.name = name
        self.lines: list[str] = []
        self.opened.append(self)
        self._timer = threading.Timer(SECONDS, self.process.kill)
        self._timer.start()

    def close(self) -> None:
        self._timer.cancel()
        self.process.kill()
        self.process.communicate(timeout=SECONDS)

    def say(self, *lines: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def until(self, pattern: str) -> str:
        """The first line from now on that matches."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if re.search(pattern, line):
                return line
        pytest.fail(f"{pattern!r} did not come:\n{''.join(self.lines)}{self.errors()}")

    def errors(self) -> str:
        self.process.kill()
        return self.process.communicate(timeout=SECONDS)[1]

    def end(self) -> str:
        """All that it printed; it must have ended well."""
        out, errors = self.process.communicate(timeout=SECONDS)
        text = "".join(self.lines) + out
        assert self.process.returncode == 0, text + errors
        assert "!" not in [line[:1] for line in text.splitlines()], text
        return text


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Ends what a test leaves running."""
    yield
    while Program.opened:
        Program.opened.pop().close()


def run(name: str, *arguments: str) -> str:
    """What a program that asks for nothing prints."""
    return Program(name, *arguments).end()


def phone(server: str, number: int) -> Program:
    agent, instrument = f"100{number}", f"2000{number}"
    return Program("phone.py", "--server", server, "--agent", agent, "--instrument", instrument)


def test_every_program_explains_itself() -> None:
    programs = [path for path in EXAMPLES.glob("*.py") if "__main__" in path.read_text()]
    assert len(programs) >= 6
    for path in programs:
        found = subprocess.run(
            [sys.executable, str(path), "--help"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        assert "--server" in found.stdout, path.name


PROGRAMS = {
    "all_agents_grid.py": (),
    "all_calls_grid.py": (),
    "java_port.py": (),
    "phone.py": (),
    "screen_pop.py": (),
    "statistics_view.py": ("groups",),
    "supervisor.py": (),
}


def test_no_server_is_told_in_one_line() -> None:
    port = unused_port()
    server = ("--server", f"ctios://127.0.0.1:{port}")
    programs = [Program(name, *more, *server) for name, more in PROGRAMS.items()]
    for program in programs:
        out, errors = program.process.communicate(timeout=SECONDS)
        assert program.process.returncode == 1, out + errors
        (line,) = errors.splitlines()
        reason = "" if program.name == "java_port.py" else r" \(Connection refused\)"
        assert re.search(rf"no connection to .*127\.0\.0\.1:{port}{reason}", line), line


def test_ctrl_c_ends_a_program_quietly() -> None:
    for name, more in PROGRAMS.items():
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.settimeout(SECONDS)
            address = f"ctios://127.0.0.1:{silent.getsockname()[1]}"
            program = Program(name, *more, "--server", address)
            silent.accept()[0].close()
            program.process.send_signal(signal.SIGINT)
            _, errors = program.process.communicate(timeout=SECONDS)
            assert (program.process.returncode, errors) == (130, ""), name


def test_ctrl_c_while_a_line_is_awaited(quiet: str) -> None:
    for name, first in (("phone.py", "eLogout"), ("supervisor.py", "is logged in")):
        program = Program(name, "--server", quiet)
        program.until(first)
        program.process.send_signal(signal.SIGINT)
        assert program.process.wait(SECONDS) == 130
        assert program.errors() == ""


def test_people_take_calls_beside_the_simulated_agents() -> None:
    """--people: the last agents of a site at work wait for somebody to log in as them."""
    with site("--agents", "6", "--people", "1", "--calls-per-hour", "12000") as address:
        person = phone(address, 6)
        person.say("login", "ready", "wait OnCallDelivered", "answer", "wait OnCallEstablished")
        person.until("OnCallEstablished .*LCS_CONNECT")
        person.say("release", "wait OnCallEnd", "quit")
        person.end()


def test_two_telephones_and_a_transfer(quiet: str) -> None:
    first, second, third = (phone(quiet, number) for number in (2, 3, 4))
    for one in (first, second, third):
        one.say("login", "help")
        one.until(r"< OnAgentStateChange eNotReady")
    first.say("call 20003")
    second.until(r"< OnCallDelivered .*LCS_ALERTING")
    second.say("answer")
    first.until(r"< OnCallEstablished")
    second.until(r"< OnCallEstablished")
    second.say("var 1 gold", "hold", "wait OnCallHeld", "retrieve", "wait OnCallRetrieved")
    second.until(r"buttons: .*hold")
    second.say("consult 20004")
    third.until(r"< OnCallDelivered")
    third.say("answer")
    third.until(r"< OnCallEstablished")
    second.say(
        "wait OnCallEstablished", "calls", "transfer", "wait OnCallTransferred", "wait OnCallEnd"
    )
    third.until(r"< OnCallTransferred")
    third.say("calls", "wrapup done", "release")
    first.until(r"< OnCallEnd")
    for one in (first, second, third):
        one.say("logout", "wait OnPostLogout", "quit")
        assert "OnPostLogout" in one.end()


def test_a_supervisor_steps_in(quiet: str) -> None:
    one, two = phone(quiet, 5), phone(quiet, 6)
    for program in (one, two):
        program.say("login")
        program.until(r"eNotReady")
    boss = Program("supervisor.py", "--server", quiet, "--agent", "1001", "--instrument", "20001")
    boss.say("team", "watch 1005")
    boss.until(r"agent.5000.1005")
    one.say("call 20006")
    two.until(r"OnCallDelivered")
    two.say("answer")
    boss.until(r"OnMonitoredCallEstablished")
    boss.say("barge")
    boss.until(r"< OnCallBegin")
    one.until(r"OnCallConferenced")
    boss.say("intercept")
    one.until(r"< OnCallEnd")
    boss.say("chat 1005 well done")
    one.until(r"OnChatMessage 1001: well done")
    one.say("notready 1", "quit")
    two.say("release", "wait OnCallEnd", "quit")
    boss.until(r"< OnCallEnd")
    boss.say("quit")
    for program in (boss, one, two):
        program.end()


def test_the_screen_pop(quiet: str) -> None:
    pop = Program(
        "screen_pop.py",
        "--server",
        quiet,
        "--agent",
        "1003",
        "--instrument",
        "20003",
        "--count",
        "1",
    )
    pop.until(r"ready")
    caller = Program("phone.py", "--server", quiet, "--agent", "1002", "--instrument", "20001")
    caller.say("login")
    caller.until(r"eNotReady")
    caller.say("call 20003")
    pop.until(r"20001 is Ada Byron gold")
    caller.until(r"OnCallDataUpdate")
    caller.say("release", "wait OnCallEnd", "logout", "quit")
    assert "is over" in pop.end()
    caller.end()


def test_the_java_port(quiet: str) -> None:
    callee = phone(quiet, 3)
    callee.say("login")
    callee.until(r"eNotReady")
    who = ("--agent", "1002", "--instrument", "20002", "--call", "20003")
    port = Program("java_port.py", "--server", quiet, *who, "--milliseconds", "20000")
    callee.until(r"< OnCallDelivered")
    callee.say("answer", "wait OnCallEnd", "quit")
    text = port.end()
    for line in (
        "hold",
        "the call has from the port",
        "user.account is 4711",
        "user.history[0] is held once",
        "the call is over",
        "agent state eLogout",
        "the monitor saw the logout",
    ):
        assert f"{line}\n" in text, text
    assert re.search(r"calls out \d+", text)
    assert not re.search("refused|E_CTIOS|CIL_FAIL", text), text
    callee.end()


def test_statistics_of_an_agent(quiet: str) -> None:
    out = run(
        "statistics_view.py", "agent", "--server", quiet, "--agent", "1004", "--instrument", "20004"
    )
    assert re.search(r"agent\.5000\.1004 LoggedOnTimeSession \d+, HandledCallsToday \d+", out)


def test_statistics_of_skill_groups(busy: str) -> None:
    out = run("statistics_view.py", "groups", "--server", busy, "--count", "2")
    found = re.findall(r"(skillgroup\.5000\.\d+) AgentsLoggedOn (\d+)", out)
    assert len(found) == 2


def test_the_grids(busy: str) -> None:
    agents = run("all_agents_grid.py", "--server", busy, "--plain", "--seconds", "1")
    named = dict(re.findall(r"(agent\.5000\.\d+) │ (\w+ \w+)", agents))
    assert len(named) == 12, agents
    calls = run("all_calls_grid.py", "--server", busy, "--plain", "--seconds", "2")
    assert re.search(r"call\.5000\.\d+\.\d+", calls)
    assert re.search(r"\d+ connections", calls)
