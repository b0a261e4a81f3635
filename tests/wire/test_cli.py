"""The commands that work on a server, as processes: serve, monitor, record, replay --listen."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fastcil.catalog import event_id
from fastcil.codec import Frame, FrameKind
from fastcil.recording import RecordingReader

pytest.importorskip("click")

TIMEOUT = 30.0
ESTABLISHED = event_id("OnMonitorModeEstablished")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "fastcil", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


@contextmanager
def listening(*arguments: object) -> Iterator[str]:
    """The URL of a command that serves; it ends with the context, in order."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        output = process.stdout
        assert output is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
        words = lines.get(timeout=TIMEOUT).split()
        assert words[:2] == ["listening", "on"]
        yield f"ctios://{words[2]}"
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with listening("serve", "--port", 0, "--agents", 20, "--rate", 500) as found:
        yield found


def frames_of(path: Path) -> list[Frame]:
    with RecordingReader(path) as reader:
        return [frame for _, frame in reader]


def record(url: str, path: Path, *more: object) -> list[Frame]:
    done = run("record", url, path, "--seconds", 2, *more)
    assert done.returncode == 0, done.stderr
    frames = frames_of(path)
    assert done.stderr == f"{len(frames)} events in {path}\n"
    return frames


def events(frames: list[Frame]) -> list[tuple[int, bytes]]:
    """What was told, without the numbers and events that belong to one connection."""
    return [
        (frame.message_id, frame.arguments.to_bytes())
        for frame in frames
        if frame.message_id != ESTABLISHED
    ]


def test_record_keeps_what_came_over_the_wire_and_nothing_else(url: str, tmp_path: Path) -> None:
    frames = record(url, tmp_path / "a.rec")
    assert {frame.kind for frame in frames} == {FrameKind.EVENT}
    assert len({frame.epoch for frame in frames}) == 1
    assert [frame.sequence for frame in frames] == list(range(1, len(frames) + 1))
    at = [frame.message_id for frame in frames].index(ESTABLISHED)
    assert at > 0
    assert len(frames) - at > 100


def test_a_replayed_recording_is_recorded_equal(url: str, tmp_path: Path) -> None:
    first = events(record(url, tmp_path / "a.rec"))
    replay = ["replay", tmp_path / "a.rec", "--speed", "max", "--listen", "127.0.0.1:0"]
    with listening(*replay) as again:
        second = events(record(again, tmp_path / "b.rec"))
    assert second == first


def test_record_with_a_filter(url: str, tmp_path: Path) -> None:
    frames = record(url, tmp_path / "a.rec", "--filter", "AgentID=22001,22002")
    agents = {frame.get("AgentID") for frame in frames if frame.message_id != ESTABLISHED}
    assert agents == {"22001", "22002"}


def test_monitor_prints_json_lines(url: str) -> None:
    done = run("monitor", url, "--json", "--filter", "AgentID=2200*", "--count", 30)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 30
    agents = [
        entry["arguments"]["AgentID"]
        for entry in found
        if entry["epoch"] and "AgentID" in entry["arguments"]
    ]
    assert agents
    assert all(agent.startswith("2200") for agent in agents)


def test_monitor_prints_arguments_as_text(url: str) -> None:
    done = run("monitor", url, "--filter", "MessageID=30", "--count", 8)
    assert done.returncode == 0, done.stderr
    assert "OnAgentStateChange\n" in done.stdout
    assert "AgentState = " in done.stdout
    assert "(SHORT)" in done.stdout


def test_monitor_ends_well_on_ctrl_c(url: str) -> None:
    process = subprocess.Popen(
        command("monitor", url, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what it runs in the background with SIGINT ignored, and so its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["name"] == "OnConnection"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0
    assert errors == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ctios://127.0.0.1:0",), 1, "port"),
        (("http://127.0.0.1",), 1, "expected ctios://"),
        (("ctios://127.0.0.1", "--filter", "AgentID"), 2, "at column 8"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = run("monitor", *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_more_people_than_agents() -> None:
    done = run("serve", "--agents", 3, "--people", 4)
    assert done.returncode == 2
    assert "--people 4 of 3 agents" in done.stderr
