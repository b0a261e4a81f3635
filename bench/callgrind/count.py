"""Instructions per hot call, counted by callgrind: exact where clocks are noisy.

Each call runs in two processes that differ only in how often they make it; the difference of
their instruction counts, divided by the difference of the rounds, is the call alone: the start of
Python cancels. The loop itself, a few dozen instructions, is part of the number.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOT = Path(__file__).with_name("hot.py")
COLLECTED = re.compile(rb"Collected : (\d+)")

# event, work, variant, fewer and more rounds
READ_AND_WRITE = (
    ("read3", "bytes", (500, 2500)),
    ("read3", "stream", (8, 24)),
    ("dict", "bytes", (500, 1500)),
    ("encode", "", (500, 1500)),
)
ALL = (
    *READ_AND_WRITE,
    ("read3", "frame", (500, 2500)),
    ("forward", "frame", (500, 2500)),
    ("filter_hit", "frame", (500, 2500)),
    ("dispatch", "", (500, 2500)),
)
CALLS = tuple(
    (event, work, variant, *rounds)
    for event, works in (
        ("call_begin", ALL),
        ("call_held", ALL),
        ("ged_delivered", READ_AND_WRITE),
    )
    for work, variant, rounds in works
)
Call = tuple[str, str, str, int, int]


def key(call: Call) -> str:
    return "/".join(filter(None, call[:3]))


def process(arguments: Sequence[str], rounds: int, tool: Sequence[str] = ()) -> bytes:
    """Standard error of one process that makes a call so many times; RuntimeError if it fails."""
    # A fixed hash seed: the order of sets and the collisions in dicts are the same each time.
    done = subprocess.run(
        [*tool, sys.executable, str(HOT), *arguments, str(rounds)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()[-600:]
        raise RuntimeError(f"{' '.join(arguments)}: {reason}")
    return done.stderr


def instructions(call: Call, rounds: int) -> int:
    """All instructions of one process that makes the call so many times."""
    found = COLLECTED.search(
        process(
            call[:3], rounds, ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        )
    )
    if found is None:
        raise RuntimeError(f"{key(call)}: no instruction count in callgrind's output")
    return int(found.group(1))


def count(calls: Sequence[Call] = CALLS) -> dict[str, float]:
    """Instructions per call. Raises FileNotFoundError, saying what to install, without valgrind."""
    if shutil.which("valgrind") is None:
        raise FileNotFoundError(
            "valgrind is not installed; instruction counts need it: apt-get install valgrind"
        )
    if not has_dispatcher():
        calls = [call for call in calls if call[1] != "dispatch"]
    process(calls[0][:3], 1)  # so that all later processes find compiled modules
    jobs = [(call, rounds) for call in calls for rounds in call[3:]]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        totals = dict(zip(jobs, pool.map(lambda job: instructions(*job), jobs)))
    return {
        key(call): round((totals[call, call[4]] - totals[call, call[3]]) / (call[4] - call[3]), 1)
        for call in calls
    }


def has_dispatcher() -> bool:
    try:
        from fastcil.cil import dispatch
    except ImportError:
        return False
    return hasattr(dispatch, "Dispatcher")


if __name__ == "__main__":
    for name, number in count().items():
        print(f"{name:32}{number:12,.1f}")
