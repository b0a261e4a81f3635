"""What waits to be sent to one client: bounded in bytes, and late or slow when it was told to be.

Nothing here does I/O; times are seconds of the link's clock, given by the caller.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass

__all__ = ["Outgoing", "Pace"]


@dataclass
class Pace:
    """So many bytes a second and no more, handed out in pieces of at most one byte or more."""

    bytes_per_second: float
    credit: float = 0.0
    since: float = 0.0

    def allowance(self, now: float) -> int:
        """Bytes that may go out now."""
        self.credit += (now - self.since) * self.bytes_per_second
        # What was not used in quiet times is not saved up: a slow line stays slow.
        self.credit = min(self.credit, max(1.0, self.bytes_per_second))
        self.since = now
        return int(self.credit)

    def wait(self) -> float:
        """Seconds until one more byte may go out, after allowance() gave none."""
        return max(0.0, (1.0 - self.credit) / self.bytes_per_second)


class Outgoing:
    """Messages in the order in which they are due; those of the same time in the order given.

    limit: bytes that may wait. Above it push() says False and the message is not taken: the client
    does not read fast enough, and the server will close it.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self.peak = 0
        self.held = False
        """Whether nothing may go out at all, as of a server that hangs."""
        self.pace: Pace | None = None
        self._order = itertools.count()
        self._queue: list[tuple[float, int, bytes]] = []
        self._current = memoryview(b"")  # a message of which a part was sent already

    def push(self, data: bytes, due: float = 0.0) -> bool:
        """Add a message that may be sent from `due` on; False when there is no room for it."""
        if self.bytes + len(data) > self.limit:
            return False
        self.force(data, due)
        return True

    def force(self, data: bytes, due: float = 0.0) -> None:
        """Add bytes whatever the limit is: the last words of a connection."""
        heapq.heappush(self._queue, (due, next(self._order), data))
        self.bytes += len(data)
        self.peak = max(self.peak, self.bytes)

    def take(self, now: float, size: int = 1 << 16) -> bytes:
        """Bytes to send now, about `size` of them at most; b"" when nothing is due."""
        if self.held:
            return b""
        if self.pace is not None:
            size = min(size, self.pace.allowance(now))
        parts: list[memoryview | bytes] = []
        room = size
        while room > 0:
            if not self._current:
                if not self._queue or self._queue[0][0] > now:
                    break
                data = heapq.heappop(self._queue)[2]
                if self.pace is None:
                    # Whole messages, even when the last one is a little more than was asked for.
                    parts.append(data)
                    room -= len(data)
                    continue
                self._current = memoryview(data)
            part, self._current = self._current[:room], self._current[room:]
            parts.append(part)
            room -= len(part)
        found = b"".join(parts)
        if self.pace is not None:
            self.pace.credit -= len(found)
        self.bytes -= len(found)
        return found

    def next_due(self, now: float) -> float | None:
        """When take() will have something; None while nothing waits or everything is held."""
        if self.held or not self.bytes:
            return None
        due = now if self._current else max(now, self._queue[0][0])
        if self.pace is not None:
            self.pace.allowance(now)
            due = max(due, now + (0.0 if self.pace.credit >= 1 else self.pace.wait()))
        return due

    def clear(self) -> int:
        """Throw away what waits but a message begun; returns the bytes thrown away."""
        lost = sum(len(data) for _, _, data in self._queue)
        self._queue.clear()
        self.bytes -= lost
        return lost
