"""Settings of the pytest-benchmark suites: `python -m pytest bench`.

One question a file; the rows come from rows.py, so the suites, the table and the gate time the
same code.
"""

from __future__ import annotations

from typing import Any

import pytest

from rows import Row


@pytest.fixture
def run(benchmark: Any) -> Any:
    """Times one contender of a row; a group of results is a row."""

    def time(row: Row, who: str) -> None:
        code = row.ours if who == "fastcil" else row.peers[who]
        benchmark.group = row.key
        benchmark.extra_info["events"] = code.events
        benchmark(code.function())

    return time
