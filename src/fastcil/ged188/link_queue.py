"""Events on their way to a reader: bounded, with a notice where some are missing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from fastcil.ged188.link_events import Gap, LinkEvent, MessageReceived, Reconcile, ReconcileReason

__all__ = ["EventQueue"]


class EventQueue:
    """A queue of one reader. limit: of messages that wait.

    When it is full, messages are dropped and counted; what the link itself says never is, for it is
    little and nothing repeats it. Where messages are missing stands Gap and, behind it, Reconcile.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[LinkEvent] = deque()
        self._messages = 0
        self._missing = 0  # at the end of the queue
        self._side = ""
        self.missed = 0

    def __len__(self) -> int:
        return len(self._events) + (2 if self._missing else 0)

    def put(self, events: Iterable[LinkEvent]) -> int:
        """Adds events; how many were dropped."""
        dropped = 0
        for event in events:
            if isinstance(event, MessageReceived):
                if self._messages >= self._limit:
                    dropped += 1
                    self._missing += 1
                    self._side = event.side
                    continue
                self._messages += 1
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
        if isinstance(event, MessageReceived):
            self._messages -= 1
        return event

    def clear(self) -> None:
        """Drops everything, uncounted: nobody reads it."""
        self._events.clear()
        self._messages = self._missing = 0

    def _notice(self) -> None:
        self._events.append(Gap(self._missing))
        self._events.append(Reconcile(self._side, ReconcileReason.MISSED))
        self._missing = 0
