"""Clients that get the same events: what they have in common is kept once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastcil.codec import MessageFilter
from fastcil.server._select import load
from fastcil.server.counters import Counters
from fastcil.server.outbox import Limits

if TYPE_CHECKING:
    from fastcil.server._reference import Batch, Lane
    from fastcil.server.client import ClientConnection
else:
    Batch = load().Batch

__all__ = ["ALL", "Group"]

ALL = "MessageID=*"
_CHUNK = 256 << 10


class Group(Batch):
    """The clients in monitor mode with one filter and one MinimizeEventArgs.

    Events wait here until flush(), which happens once a turn of the loop: a client whose outbox
    is empty and whose connection takes something gets them all in one write; any other gets them
    into its outbox, where all is as for a client alone.

    events
        Those that wait; settle() gives them to a client before something else that comes later.
    """

    def __init__(self, chosen: MessageFilter, level: int, limits: Limits) -> None:
        super().__init__(level)
        self.filter = chosen
        self.everything = chosen.text.strip() == ALL
        self.most = min(_CHUNK, limits.max_bytes)
        """Bytes above which flush() is due at once."""
        self._smallest = 0  # of what the clients read
        self._clients: dict[ClientConnection, None] = {}
        self._lanes: list[Lane] = []
        self._ahead: dict[ClientConnection, int] = {}
        """Of clients that have got some of the events that wait: how many."""

    @property
    def clients(self) -> int:
        """How many there are."""
        return len(self._clients)

    def add(self, client: ClientConnection) -> None:
        """A client gets the events from now on."""
        if self.events:
            self._ahead[client] = len(self.events)
        self._clients[client] = None
        self._changed()

    def discard(self, client: ClientConnection) -> None:
        """A client gets what waits, and no more."""
        self.settle(client)
        self._ahead.pop(client, None)
        self._clients.pop(client, None)
        self._changed()

    def _changed(self) -> None:
        self._lanes = [client.outbox for client in self._clients]
        self._smallest = min((client.max_frame for client in self._clients), default=0)

    def settle(self, client: ClientConnection) -> None:
        """Put what waits into a client's outbox: something else comes behind it."""
        start = self._ahead.get(client, 0)
        self._ahead[client] = end = len(self.events)
        for i in range(start, end):
            event = self.events[i]
            client.push_event(event.encoded(self.level), event.key, event.keep)

    def flush(self, now: float, counters: Counters) -> None:
        """Send what waits. now: seconds of the loop's clock."""
        count = len(self.events)
        if not count:
            return
        lanes = self._lanes
        if self._ahead:
            lanes = [client.outbox for client in self._clients if client not in self._ahead]
        try:
            # Clients that cannot read the largest are closed: each sees for itself.
            slow = lanes if self.largest > self._smallest else self.send(lanes, now)
            served = len(lanes) - len(slow)
            counters.frames_sent += served * count
            counters.bytes_sent += served * self.size
            if slow or self._ahead:
                for client in [*(lane.owner for lane in slow), *self._ahead]:
                    self.settle(client)
                    client.flush()
                self._ahead.clear()
        finally:
            self.clear()
