"""By how much does a process grow that sees many events and keeps 10,000 calls?"""

from __future__ import annotations

from typing import Any

import pytest

import memory


@pytest.mark.parametrize("who", ["fastcil", "msgspec"])
@pytest.mark.parametrize("event", ["call_begin", "call_held"])
def test_memory(benchmark: Any, event: str, who: str) -> None:
    benchmark.group = f"{event}/memory"
    found = benchmark.pedantic(
        lambda: memory.measure(who, event, memory.EVENTS), rounds=1, iterations=1
    )
    benchmark.extra_info.update(found)
