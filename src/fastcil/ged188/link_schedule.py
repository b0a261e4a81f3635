"""When to try which side: the guide's algorithm for reconnecting, with chance in it.

Source: guide, CTI Client Application Guidelines, Side A/B Selection TCP/IP Connections: the side of
the last success, the other one, a random wait of up to a tenth of the number of clients, both
again, 15 s, both, 30 s, both, 60 s, both, 120 s, and the last again and again.
"""

from __future__ import annotations

import random

from fastcil.ged188.link_settings import LinkSettings

__all__ = ["Schedule"]


class Schedule:
    """The order of attempts for some sides, from one success to the next."""

    def __init__(self, settings: LinkSettings, rng: random.Random, sides: tuple[int, ...]) -> None:
        self._settings = settings
        self._rng = rng
        self._sides = sides
        self._step = 0
        self._first = 0  # index into _sides: where each round begins

    def restart(self, side: int) -> None:
        """A success, or the loss of a session that was one: the schedule begins at this side.

        Without it a session that is lost as soon as it is open is an attempt like any other.
        """
        self._first = self._sides.index(side)
        self._step = 0

    def slow_down(self) -> None:
        """The next attempt waits as if two rounds had failed, whatever the success before it."""
        self._step = max(self._step, 2 * len(self._sides))

    def next(self) -> tuple[int, float]:
        """The next side and the seconds to wait before it is tried."""
        count = len(self._sides)
        round_, place = divmod(self._step, count)
        self._step += 1
        side = self._sides[(self._first + place) % count]
        return side, self._wait(round_) if place == 0 else 0.0

    def _wait(self, round_: int) -> float:
        settings = self._settings
        cap = settings.backoff_cap
        if round_ == 0:
            return 0.0
        if round_ == 1:
            return min(cap, self._rng.uniform(0.0, settings.expected_clients / 10))
        wait = min(cap, settings.backoff[min(round_ - 2, len(settings.backoff) - 1)])
        # Downwards only, so that the cap holds.
        return wait * self._rng.uniform(1.0 - settings.jitter, 1.0)
