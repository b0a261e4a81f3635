"""Events on their way to a reader: bounded, with a notice where some are missing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from fastcil.ged188.link_events import (
    Closed,
    Gap,
    LinkEvent,
    LinkLost,
    MaintenanceAsked,
    MaintenanceDecided,
    Opened,
    Reconcile,
    ReconcileReason,
    StandbyLost,
    StandbyReady,
    StandbyRefused,
    SwitchedSides,
)

__all__ = ["EventQueue"]

_KEPT = frozenset(
    (
        Opened,
        Reconcile,
        LinkLost,
        SwitchedSides,
        StandbyReady,
        StandbyLost,
        StandbyRefused,
        MaintenanceAsked,
        MaintenanceDecided,
        Gap,
        Closed,
    )
)


class EventQueue:
    """A queue of one reader. limit: of events that wait.

    When it is full, what the server sends is dropped and counted, and so are failed attempts; where
    the link stands is always told, for that is little and nothing repeats it. Where events are
    missing stands Gap and, behind it, Reconcile.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[LinkEvent] = deque()
        self._droppable = 0
        self._missing = 0  # at the end of the queue
        self._side = ""
        self.missed = 0

    def __len__(self) -> int:
        return len(self._events) + (2 if self._missing else 0)

    def put(self, events: Iterable[LinkEvent]) -> int:
        """Adds events; how many were dropped."""
        dropped = 0
        for event in events:
            if type(event) not in _KEPT:
                if self._droppable >= self._limit:
                    dropped += 1
                    self._missing += 1
                    self._side = getattr(event, "side", self._side)
                    continue
                self._droppable += 1
            if self._missing:
                self._notice()
            self._events.append(event)
        self.missed += dropped
        return dropped

    def get(self) -> LinkEvent:
        """The next event; IndexError when there is none."""
        if not self._events and self._missing:
            self._notice()
        event = self._events.popleft()
        if type(event) not in _KEPT:
            self._droppable -= 1
        return event

    def clear(self) -> None:
        """Drops everything, uncounted: nobody reads it."""
        self._events.clear()
        self._droppable = self._missing = 0

    def _notice(self) -> None:
        self._events.append(Gap(self._missing))
        self._events.append(Reconcile(self._side, ReconcileReason.MISSED))
        self._missing = 0
