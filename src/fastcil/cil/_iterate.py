"""Events for `for event in session.events()`: handed from the event thread to others."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Callable

from fastcil.cil import events
from fastcil.cil.waiting import Watch
from fastcil.codec import Frame
from fastcil.codec.control import Gap

__all__ = ["EventHub", "EventStream"]

_BACKLOG = 8192  # events that wait for a slow `for` before delivery, and so reading, pauses


class EventStream:
    """Events in order, for `for`. Ends after OnConnectionClosed, or when it is closed.

    An event is a Frame: message_id, arguments, get(), get_many(). With a timeout, waiting longer
    than that many seconds for the next one raises TimeoutError.
    """

    def __init__(self, hub: EventHub, timeout: float | None) -> None:
        self._hub = hub
        self._timeout = timeout
        self._frames: deque[Frame] = deque()
        self._ended = False

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> Frame:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        with self._hub.changed:
            while not self._frames:
                if self._ended:
                    raise StopIteration
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(f"no event in {self._timeout:g} seconds")
                self._hub.changed.wait(left)
            frame = self._frames.popleft()
            if not self._frames:
                self._hub.changed.notify_all()
        return frame

    def close(self) -> None:
        """No more events are wanted from it."""
        self._hub.leave(self)


class EventHub:
    """Gives each batch of events to every stream, and waits for the one that is behind.

    What comes before the first stream is kept, up to a bound, so that none slips through between
    connecting and the first events().
    """

    def __init__(self, unbounded: Callable[[], bool]) -> None:
        self.changed = threading.Condition()
        self._unbounded = unbounded
        self._streams: list[EventStream] = []
        self._early: deque[Frame] | None = deque()
        self._missed = 0
        self._closed = False
        self._watches: tuple[Watch, ...] = ()

    def watch(self, watch: Watch) -> None:
        """Shows it the batches from now on; it ends at once when no more will come."""
        with self.changed:
            if not self._closed:
                self._watches = (*self._watches, watch)
                return
        watch.end()

    def unwatch(self, watch: Watch) -> None:
        """It wants no more."""
        with self.changed:
            self._watches = tuple(one for one in self._watches if one is not watch)

    def stream(self, timeout: float | None) -> EventStream:
        """A new stream. The first one begins with what came before it."""
        stream = EventStream(self, timeout)
        with self.changed:
            early, self._early = self._early, None
            if early:
                stream._frames.extend(early)
            elif self._missed:
                stream._frames.append(events.gap(Gap(self._missed, 0, 0, 0, "slow")))
            self._missed = 0
            stream._ended = self._closed
            if not self._closed:
                self._streams.append(stream)
        return stream

    def put(self, frames: Sequence[Frame]) -> None:
        """A batch, after the listeners had it; on the event thread."""
        for watch in self._watches:
            watch.put(frames)
        with self.changed:
            if self._early is not None:
                self._early.extend(frames)
                if len(self._early) > _BACKLOG:
                    self._missed, self._early = len(self._early), None
            elif not self._streams:
                if self._missed:
                    self._missed += len(frames)
                return
            for stream in self._streams:
                stream._frames.extend(frames)
            self.changed.notify_all()
            while not self._unbounded() and any(len(s._frames) > _BACKLOG for s in self._streams):
                self.changed.wait()

    def stir(self) -> None:
        """Makes put() ask again whether it has to wait."""
        with self.changed:
            self.changed.notify_all()

    def leave(self, stream: EventStream) -> None:
        """A stream that is wanted no more."""
        with self.changed:
            stream._ended = True
            stream._frames.clear()
            if stream in self._streams:
                self._streams.remove(stream)
            self.changed.notify_all()

    def close(self) -> None:
        """No more events will come: streams end when what they have was taken."""
        with self.changed:
            self._closed = True
            for stream in self._streams:
                stream._ended = True
            self._streams.clear()
            self.changed.notify_all()

    def end_watches(self) -> None:
        """The last event was delivered."""
        with self.changed:
            self._closed = True
            watches, self._watches = self._watches, ()
        for watch in watches:
            watch.end()
