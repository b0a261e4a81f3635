"""How many events per second reach a listener over TCP, sent by another process?"""

from __future__ import annotations

from typing import Any

import pytest

import loopback
import receivers
from events import Event, events

COUNT = 50_000


@pytest.mark.parametrize("who", receivers.SINKS)
@pytest.mark.parametrize("transport", receivers.transports())
@pytest.mark.parametrize("event", events(), ids=lambda event: event.name)
def test_loopback(benchmark: Any, event: Event, transport: str, who: str) -> None:
    benchmark.group = f"{event.name}/loopback/{transport}"
    data, run = loopback.message(event, who), receivers.transports()[transport]
    benchmark.extra_info["events"] = COUNT
    benchmark.pedantic(
        lambda: loopback.once(data, COUNT, run, receivers.SINKS[who]()), rounds=3, iterations=1
    )
