"""What waits to be sent to one client, and what happens when the client does not keep up.

Nothing here does I/O or knows the time. Events are numbered when they are taken, so that one which
was replaced by a later state of the same object leaves no hole. In order of how slow a client is:

1. above the coalescing mark, a new state event (agent state, statistics) takes the place of one of
   the same object that was not sent yet;
2. above the bound, events are dropped and counted; those that end a call, and the latest state of
   each object, are held. Once what was queued before is gone, a GAP frame names the numbers that
   will not come, the held events follow, then a snapshot;
3. a client that lags too long, or for which too much is held, is to be closed as too slow.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from fastcil.codec import FrameKind, control
from fastcil.server._select import load

__all__ = ["Encoded", "Limits", "Outbox"]

HEADER = struct.Struct("<IIIIQ")  # length, message id, epoch, kind and reserved bytes, sequence
Buffer = Union[bytes, memoryview]

if TYPE_CHECKING:
    from fastcil.server._reference import Lane
else:
    Lane = load().Lane


class Encoded:
    """One event as bytes, shared by all clients; only epoch and sequence differ between them."""

    __slots__ = ("_payload", "frame", "length", "message_id")

    def __init__(self, message_id: int, frame: bytes) -> None:
        self.message_id = message_id
        self.frame = frame
        self.length = len(frame)
        self._payload: memoryview | None = None

    @property
    def payload(self) -> memoryview:
        """What stands behind the header."""
        found = self._payload
        if found is None:
            found = self._payload = memoryview(self.frame)[HEADER.size :]
        return found


@dataclass(frozen=True)
class Limits:
    """Bounds of one client's outbox.

    max_bytes, max_frames
        Above either, events are dropped.
    coalesce_share
        The part of these bounds above which state events are coalesced.
    held_bytes
        The most that is held for a client that lags; above, it is too slow.
    lag_seconds
        The longest time that a client may lag; after it, it is too slow.
    """

    max_bytes: int = 4 << 20
    max_frames: int = 20_000
    coalesce_share: float = 0.5
    held_bytes: int = 16 << 20
    lag_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.max_bytes < 1 or self.max_frames < 1 or self.held_bytes < 1:
            raise ValueError("the bounds of an outbox must be at least 1")
        if not 0.0 <= self.coalesce_share <= 1.0:
            raise ValueError(f"coalesce_share must be 0 to 1, not {self.coalesce_share}")


class _Entry:
    __slots__ = ("encoded", "key", "snapshot")  # snapshot: also what was held, after a gap

    def __init__(self, encoded: Encoded | None, key: Hashable | None, snapshot: bool) -> None:
        self.encoded = encoded  # None: replaced by a later one
        self.key = key
        self.snapshot = snapshot


class Outbox(Lane):
    """The events of one client that were not handed to its connection yet.

    A lane too: as long as it is ready, which its owner says, it is empty, and what many clients get
    is written past it, with its numbers. Whatever is pushed makes it not ready.

    wants_snapshot
        True after a gap: the owner must call push_snapshot() before the next take().
    """

    def __init__(self, epoch: int, limits: Limits | None = None) -> None:
        if not 0 < epoch <= 0xFFFFFFFF:
            raise ValueError(f"epoch must be 1 to 4294967295, not {epoch}")
        super().__init__(epoch)
        self.limits = Limits() if limits is None else limits
        self.bytes = 0
        self.frames = 0
        self.held_bytes = 0
        self.lagging = False
        self.wants_snapshot = False
        self.coalesced = 0
        self.dropped = 0
        self.gaps = 0
        self.taken = 0
        self._coalesce_bytes = int(self.limits.max_bytes * self.limits.coalesce_share)
        self._coalesce_frames = int(self.limits.max_frames * self.limits.coalesce_share)
        self._queue: deque[_Entry] = deque()
        self._latest: dict[Hashable, _Entry] = {}
        self._held: dict[Hashable, Encoded] = {}
        self._after: list[Encoded] = []
        self._missed = 0
        self._in_snapshot = 0  # entries that do not count for the bounds
        self._lagging_since: float | None = None

    def __bool__(self) -> bool:
        """Whether take() would give anything."""
        return bool(self._queue) or self.lagging

    @property
    def snapshot_pending(self) -> bool:
        """Whether part of a snapshot was not taken yet, or one is due after a gap."""
        return self._in_snapshot > 0 or self.lagging or self.wants_snapshot

    def push(self, encoded: Encoded, *, key: Hashable | None = None, keep: bool = False) -> None:
        """Add an event. key: the object whose state it tells; keep: it must never be dropped."""
        self.ready = False
        if self.lagging:
            self._hold(encoded, key, keep)
            return
        limits = self.limits
        size = self.bytes + encoded.length
        if size > self._coalesce_bytes or self.frames >= self._coalesce_frames:
            if key is not None and self._replace(encoded, key):
                return
            if size > limits.max_bytes or self.frames >= limits.max_frames:
                self.lagging = True
                self._hold(encoded, key, keep)
                return
        self._append(encoded, key)

    def _append(self, encoded: Encoded, key: Hashable | None) -> None:
        entry = _Entry(encoded, key, False)
        if key is not None:
            self._latest[key] = entry
        self._queue.append(entry)
        self.bytes += encoded.length
        self.frames += 1

    def _replace(self, encoded: Encoded, key: Hashable) -> bool:
        """Put a state event in place of an unsent one of the same object, at the queue's end."""
        old = self._latest.get(key)
        if old is None or old.encoded is None:
            return False
        self.bytes -= old.encoded.length
        self.frames -= 1
        old.encoded = None
        self.coalesced += 1
        self._append(encoded, key)
        self._drop_replaced()
        return True

    def _drop_replaced(self) -> None:
        """Replaced entries must not pile up in the queue of a client that takes nothing."""
        if len(self._queue) > 2 * (self.frames + self._in_snapshot) + 64:
            self._queue = deque(entry for entry in self._queue if entry.encoded is not None)

    def _hold(self, encoded: Encoded, key: Hashable | None, keep: bool) -> None:
        if key is not None:
            old = self._held.pop(key, None)
            if old is not None:
                self.held_bytes -= old.length
                self.coalesced += 1
        elif keep:
            key = object()
        else:
            self._missed += 1
            self.dropped += 1
            return
        self._held[key] = encoded
        self.held_bytes += encoded.length

    def push_snapshot(self, events: Iterable[Encoded], then: Iterable[Encoded] = ()) -> None:
        """Add a snapshot and what must follow it. Snapshots do not count for the bounds.

        While the client lags, only `then` is remembered: a snapshot will come anyway.
        """
        self.ready = False
        if self.lagging:
            self._after.extend(then)
            return
        self.wants_snapshot = False
        entries = [_Entry(encoded, None, True) for encoded in (*events, *self._after, *then)]
        self._after.clear()
        self._in_snapshot += len(entries)
        self._queue.extend(entries)

    def take(self, size: int) -> list[Buffer]:
        """The next events as buffers to be sent one after the other, until they have `size` bytes.

        Empty when there is nothing to send.
        """
        out: list[Buffer] = []
        taken = 0
        queue = self._queue
        pack = HEADER.pack
        while taken < size and not self.wants_snapshot:
            if not queue:
                if not self.lagging:
                    break
                taken += self._recover(out)
                continue
            entry = queue.popleft()
            encoded = entry.encoded
            if encoded is None:
                continue
            if entry.snapshot:
                self._in_snapshot -= 1
            else:
                self.bytes -= encoded.length
                self.frames -= 1
                if entry.key is not None and self._latest.get(entry.key) is entry:
                    del self._latest[entry.key]
            self.sequence += 1
            self.taken += 1
            length = encoded.length
            taken += length
            out.append(pack(length, encoded.message_id, self.epoch, FrameKind.EVENT, self.sequence))
            out.append(encoded.payload)
        return out

    def _recover(self, out: list[Buffer]) -> int:
        """Everything queued before the client lagged is gone: GAP, what was held, a snapshot."""
        size = 0
        if self._missed:
            found = control.gap(
                control.Gap(
                    missed=self._missed,
                    from_sequence=self.sequence + 1,
                    to_sequence=self.sequence + self._missed,
                    epoch=self.epoch,
                    reason=control.GapReason.SLOW,
                )
            )
            out.append(found)
            size = len(found)
            self.sequence += self._missed
            self._missed = 0
            self.gaps += 1
        self.lagging = False
        self._lagging_since = None
        held = list(self._held.values())
        self._held.clear()
        self.held_bytes = 0
        self._queue.extend(_Entry(encoded, None, True) for encoded in held)
        self._in_snapshot += len(held)
        self.wants_snapshot = size > 0 or bool(self._after)
        return size

    def too_slow(self, now: float) -> str | None:
        """Why the client must be closed, in words; None when it need not. To be asked regularly.

        now: seconds of any clock that does not jump.
        """
        if not self.lagging:
            return None
        if self._lagging_since is None:
            self._lagging_since = now
        lag = now - self._lagging_since
        if lag > self.limits.lag_seconds:
            return f"too slow: took nothing new for {lag:.0f} s, {self._missed} events left out"
        if self.held_bytes > self.limits.held_bytes:
            return (
                f"too slow: {self.held_bytes} bytes of events that must not be left out, "
                f"more than {self.limits.held_bytes}"
            )
        return None
