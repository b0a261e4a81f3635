"""Every command and every program of the documentation is run as it stands."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "127.0.0.1:42028"
WAITING = "127.0.0.1:42029"  # where the agents of a site wait for a person
TIMEOUT = 60


def blocks(language: str) -> list[object]:
    """Every block of a language, as parameters of a test."""
    found = []
    for page in PAGES:
        for number, match in enumerate(FENCE.finditer(page.read_text())):
            if match.group(1) == language:
                name = f"{page.relative_to(ROOT)}:{number}"
                found.append(pytest.param(match.group(2), id=name))
    return found


def commands() -> list[object]:
    """Every line of the console blocks, without comments."""
    found = {}
    for block in blocks("console"):
        for line in block.values[0].splitlines():  # type: ignore[attr-defined]
            if line.strip() and not line.startswith("#"):
                found[line] = pytest.param(line, id=line)
    return list(found.values())


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server with a generated contact centre, as the README starts one, on a port of its own."""
    with started(["serve", "--port", "0", "--agents", "50", "--rate", "500"], ROOT) as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def waiting() -> Iterator[str]:
    """A server over a simulated site where nothing happens by itself."""
    site = ["serve", "--port", "0", "--agents", "6", "--calls-per-hour", "0"]
    with started(site, ROOT) as port:
        yield f"127.0.0.1:{port}"


def run(arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=cwd, timeout=TIMEOUT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("program", blocks("python"))
def test_program(program: str, address: str, waiting: str, tmp_path: Path) -> None:
    text = program.replace(ADDRESS, address).replace(WAITING, waiting)
    (tmp_path / "program.py").write_text(text)
    done = run([sys.executable, "-W", "error", "program.py"], tmp_path)
    assert done.returncode == 0, done.stderr


EXCERPT = re.compile(r"From `(examples/\w+\.py)`:\n(?:.*?)^```py\n(.*?)^```$", re.M | re.S)


def test_excerpts_are_in_the_programs() -> None:
    """Lines that a page shows of a program are there, one after the other."""
    found = [match.groups() for page in PAGES for match in EXCERPT.finditer(page.read_text())]
    assert len(found) == len(blocks("py")) >= 6
    for name, excerpt in found:
        program = (ROOT / name).read_text()
        first = excerpt.splitlines()[0]
        margin = re.search(rf"^( *){re.escape(first)}$", program, re.MULTILINE)
        assert margin is not None, (name, first)
        assert textwrap.indent(excerpt, margin.group(1)) in program, (name, excerpt)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run, one after the other: what one writes the next may read."""
    return tmp_path_factory.mktemp("docs")


@pytest.fixture(scope="module")
def cti_server() -> Iterator[str]:
    """A simulated CTI Server, in place of a site's."""
    with started(["simulate", "--port", "0", "--agents", "4"], ROOT) as port:
        yield f"ctiserver://127.0.0.1:{port}"


@contextmanager
def started(arguments: list[str], cwd: Path) -> Iterator[str]:
    """A command that serves until it is told to stop, once it says on which port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fastcil", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        match = re.search(r"\S+:(\d+)", process.stdout.readline())
        if match is None:
            process.kill()
            pytest.fail(f"no address announced: {process.communicate(timeout=TIMEOUT)}")
        yield match.group(1)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0, errors
    finally:
        process.kill()
        process.communicate(timeout=TIMEOUT)


def serves(words: list[str]) -> bool:
    """Whether a command of fastcil runs until it is stopped."""
    ends = {"--help", "--seconds", "--print-config"}
    return words[1] in ("serve", "simulate") and not ends & set(words)


@pytest.mark.parametrize("line", commands())
def test_command(line: str, address: str, cti_server: str, workplace: Path) -> None:
    words = shlex.split(line.replace(ADDRESS, address))
    if words[0] == "make":
        # Building and testing are what is running now; here it is enough that the target is there.
        done = run(["make", "-n", *words[1:]], ROOT)
    elif Path(words[0]).name == "fastcil" and serves(words):
        with_port = [*words[1:], "--port", "0"]
        arguments = [re.sub(r"^ctiserver://.*", cti_server, word) for word in with_port]
        with started(arguments, workplace):
            return
    elif Path(words[0]).name == "fastcil" and ">" not in words:
        done = run([sys.executable, "-m", "fastcil", *words[1:]], workplace)
    elif ".venv/bin/fastcil " in line and words[0] in ("echo", ".venv/bin/fastcil"):
        program = line.replace(".venv/bin/fastcil", f"{shlex.quote(sys.executable)} -m fastcil")
        done = run(["bash", "-o", "pipefail", "-c", program], workplace)
    else:
        pytest.fail(f"no test knows how to run {words[0]!r}")
    assert done.returncode == 0, done.stderr + done.stdout
