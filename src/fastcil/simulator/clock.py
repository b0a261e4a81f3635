"""Time of the simulation: a queue of what happens when, driven from outside.

Nothing here sleeps. A test advances the clock as it likes; the server advances it with the real
time that passed, times a factor.
"""

from __future__ import annotations

import heapq
import itertools
from typing import Callable

__all__ = ["Clock", "Timer"]


class Timer:
    """One planned call; cancel() keeps it from happening."""

    __slots__ = ("action", "at", "cancelled")

    def __init__(self, at: float, action: Callable[[], None]) -> None:
        self.at = at
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        """The action will not be called; after it was, this does nothing."""
        self.cancelled = True


class Clock:
    """Simulated seconds since `start` (seconds since 1970, UTC), and the actions planned on them.

    Actions of the same instant run in the order in which they were planned, so a run is the same
    each time.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.start = start
        self.now = 0.0
        self._order = itertools.count()
        self._queue: list[tuple[float, int, Timer]] = []

    @property
    def time(self) -> int:
        """Seconds since 1970, as TIME fields have it."""
        return int(self.start + self.now)

    def after(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Plan a call in so many simulated seconds (0 or more)."""
        if seconds < 0:
            raise ValueError(f"seconds is 0 or more, got {seconds}")
        timer = Timer(self.now + seconds, action)
        heapq.heappush(self._queue, (timer.at, next(self._order), timer))
        return timer

    @property
    def next_at(self) -> float | None:
        """When the next action is due, in simulated seconds; None when nothing is planned."""
        while self._queue and self._queue[0][2].cancelled:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def advance(self, until: float) -> int:
        """Run everything due up to `until`, including what that plans; returns how many ran."""
        count = 0
        while (at := self.next_at) is not None and at <= until:
            timer = heapq.heappop(self._queue)[2]
            self.now = max(self.now, at)
            timer.action()
            count += 1
        self.now = max(self.now, until)
        return count
