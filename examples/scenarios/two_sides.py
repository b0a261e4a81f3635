"""Side A fails and comes back; later it goes into maintenance mode and side B takes over again.

Start it with a standby: fastcil simulate --standby-port 43027 --scenario two_sides.py
"""

from __future__ import annotations

from collections.abc import Iterator

from fastcil.simulator import Simulator

TITLE = "Two sides"
SITE = {"agents": 4, "skill_groups": 1}


def run(simulator: Simulator) -> Iterator[float]:
    """Each yield waits that many simulated seconds."""
    simulator.actions.staff()
    yield 5
    simulator.faults.fail_over()
    yield 5
    simulator.actions.not_ready("1001", reason=3)
    simulator.faults.restore("A")
    yield 20
    simulator.faults.maintain(lambda accepted: print(f"maintenance mode: {accepted}"))
