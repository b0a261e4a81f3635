"""`fastcil simulate` as a process."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcil.ged188 import FIRST_VERSION, LAST_VERSION, MessageReader, encode_message

pytest.importorskip("click")

SECONDS = 60.0  # a limit, never a wait


@contextlib.contextmanager
def started(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """A simulator process, and the ports that it announces, by side."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fastcil", "simulate", "--port", "0", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)(?:, standby on \S+:(\d+))?", line)
        assert found, line or process.communicate(timeout=SECONDS)
        yield process, {side: int(port) for side, port in zip("AB", found.groups()) if port}
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=SECONDS)


def stopped(process: subprocess.Popen[str], number: int, code: int = 0) -> dict[str, str]:
    """Stop the process; returns the counters that it prints."""
    process.send_signal(number)
    output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    rows = [line.split() for line in output.splitlines()]
    return {row[0]: row[1] for row in rows}


def opened(
    port: int, version: int, password: bytes = b"", until: str = "SYSTEM_EVENT"
) -> list[str]:
    """The names of the messages that a client gets after OPEN_REQ, up to one of a name."""
    request = encode_message(
        "OPEN_REQ",
        {
            "InvokeID": 1,
            "VersionNumber": version,
            "IdleTimeout": 0xFFFFFFFF,
            "PeripheralID": 0xFFFFFFFF,
            "ServicesRequested": 16,
            "CallMsgMask": 0xFFFFFFFF,
            "AgentStateMask": 0x3FFF,
            "ConfigMsgMask": 0,
            "Reserved1": 0,
            "Reserved2": 0,
            "Reserved3": 0,
            "ClientID": "tester",
            "ClientPassword": password,
        },
        version=version,
    )
    reader = MessageReader(version)
    names: list[str] = []
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as link:
        link.sendall(request)
        while until not in names and (data := link.recv(65536)):
            names += [message.name for message in reader.feed(data)]
    return names[: names.index(until) + 1] if until in names else names


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_start_serve_stop(number: int) -> None:
    with started("--agents", 30, "--calls-per-hour", 900, "--speed", 50) as (process, ports):
        assert opened(ports["A"], 24) == ["OPEN_CONF", "SYSTEM_EVENT"]
        # Time passes by itself: agents come to work and calls arrive.
        assert "CALL_DELIVERED_EVENT" in opened(ports["A"], 9, until="CALL_DELIVERED_EVENT")
        counters = stopped(process, number)
    assert counters["connections_accepted"] == "2"
    assert counters["sessions_opened"] == "2"
    assert float(counters["simulated_seconds"].replace(",", "")) > 0


def test_two_sides_a_password_and_an_older_version() -> None:
    options = ["--standby-port", 0, "--password", "secret", "--protocol-version", 24]
    with started("--agents", 4, *options) as (process, ports):
        assert opened(ports["A"], 24) == ["FAILURE_CONF"]
        assert opened(ports["A"], 24, password=b"secret") == ["OPEN_CONF", "SYSTEM_EVENT"]
        assert opened(ports["B"], 24, password=b"secret") == ["FAILURE_CONF"]
        assert opened(ports["A"], 25, password=b"secret") == ["FAILURE_CONF"]
        counters = stopped(process, signal.SIGTERM)
    assert counters["opens_refused"] == "3"


def test_for_some_seconds() -> None:
    with started("--agents", 4, "--seconds", 0.2) as (process, _):
        output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    assert "simulated_seconds" in output


def test_a_scenario_and_what_could_not_be_done(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text(
        "[site]\nagents = 3\n[server]\nprotocol_version = 20\n"
        "[[step]]\ndo = 'staff'\n[[step]]\ndo = 'answer'\nagent = '1001'\n"
    )
    with started("--scenario", path, "--agents", 2) as (process, ports):
        assert opened(ports["A"], 20) == ["OPEN_CONF", "SYSTEM_EVENT"]
        assert opened(ports["A"], 21) == ["FAILURE_CONF"]
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert errors == (
        f"{path}: step[2] (answer at 0 s): agent '1001' has no call in state LCS_ALERTING\n"
    )
    assert "scenario_steps" in output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--protocol-version", "26"], "26 is not in the range 9<=x<=25"),
        (["--speed", "0"], "0.0 is not in the range x>0"),
        (["--agents", "1", "--peripherals", "2"], "agents is at least the number of peripherals"),
        (["--scenario", "none.toml"], "does not exist"),
    ],
)
def test_mistakes(arguments: list[str], expected: str, tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "fastcil", "simulate", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert found.returncode != 0
    assert expected in found.stderr
    assert "Traceback" not in found.stderr


def test_a_scenario_with_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text("[[step]]\ndo = 'fly'\n")
    found = subprocess.run(
        [sys.executable, "-m", "fastcil", "simulate", "--scenario", str(path)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert found.returncode == 1
    assert f"{path}: step[1].do: expected one of" in found.stderr


def test_the_help_teaches() -> None:
    from click.testing import CliRunner

    from fastcil.cli import main
    from fastcil.simulator import command

    found = CliRunner().invoke(main, ["simulate", "--help"], prog_name="fastcil")
    assert found.exit_code == 0
    assert "fastcil simulate --agents 1000 --calls-per-hour 20000" in found.output
    assert (command.FIRST_VERSION, command.LAST_VERSION) == (FIRST_VERSION, LAST_VERSION)
