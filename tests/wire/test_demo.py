"""The demo as a program: two processes, plain text because its output is no terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rich")
pytest.importorskip("click")


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fastcil", "demo", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_two_seconds_in_plain_text(tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"
    done = demo("--seconds", "2", "--agents", "40", "--rate", "500", "--svg", str(picture))
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert re.search(r"^  1\.\d s .*events/s .*live calls .*latency p99", done.stdout, re.M)
    assert re.search(r"^OnCallBegin +\d+ ", done.stdout, re.M)
    count, off, on = re.findall(
        r"^all, and their mean size +([\d,]+) +(\d+) +(\d+)$", done.stdout, re.M
    )[0]
    assert int(count.replace(",", "")) > 500
    assert int(off) > int(on) > 0
    assert picture.read_text(encoding="utf-8").startswith("<svg")


def test_server_that_cannot_start_is_told(tmp_path: Path) -> None:
    recording = tmp_path / "no.rec"
    recording.write_bytes(b"this is not a recording")
    done = demo("--seconds", "1", "--from-file", str(recording))
    assert done.returncode == 1
    assert "not a recording" in done.stderr
