"""Waiting for events: wait objects on any thread, and futures of the next event that matches.

Sources: CTI OS Developer Guide 12.6(1), helpers chapter (wait objects), session chapter
(CreateWaitObject, DestroyWaitObject), building chapter (no waiting on the event thread).
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import InvalidStateError
from typing import Any, Callable, Protocol, Union

from fastcil.catalog import CilError, ClassIdentifier, EventID, WaitResult, event_id
from fastcil.cil.dispatch import Handler
from fastcil.cil.errors import SessionClosedError, SessionError
from fastcil.cil.objects import CtiOsObject
from fastcil.codec import Arguments, Frame

__all__ = ["WaitObject", "Waits", "Watch", "What"]

_KEPT = 256  # events of the mask that are remembered while nobody waits
_MASK_KEY = re.compile(r"\s*event[0-9]+\s*", re.ASCII | re.IGNORECASE)
_UNKNOWN = int(EventID.eUnknownEvent)

# An event number or name, a typed event class, several of them, or a test of a frame.
What = Union[int, str, type, Iterable[Any], Callable[[Frame], bool]]


def number_of(one: Any) -> int:
    """The number of an event given by number, by name or by its typed class; ValueError else."""
    if isinstance(one, str):
        found = event_id(one)
        if not found:
            raise ValueError(f"expected the name of an event, got {one!r}")
        return found
    if isinstance(one, type):
        one = getattr(one, "event_id", None)
    if not isinstance(one, int) or isinstance(one, bool) or not 0 < one <= 0xFFFFFFFF:
        raise ValueError(f"expected an event's number, 1 to 0xFFFFFFFF, got {one!r}")
    return int(one)


def mask_numbers(mask: Any) -> tuple[int, ...]:
    """The event numbers of a mask, in its order, each once.

    mask is a mapping or Arguments with the keys Event1 to EventN, or an iterable of numbers, names
    or typed classes. ValueError when a value is no event number, or there is none at all.
    """
    if isinstance(mask, Mapping):
        found = []
        for key in mask:
            if not _MASK_KEY.fullmatch(key):
                continue
            value = mask[key]
            if isinstance(value, str) and value.strip().isdecimal():
                value = int(value)  # Arguments convert where possible
            found.append((int(key.strip()[5:]), number_of(value)))
        numbers = [number for _, number in sorted(found)]
    elif isinstance(mask, (int, str, type)):
        numbers = [number_of(mask)]
    else:
        numbers = [number_of(one) for one in mask]
    if not numbers:
        raise ValueError("a mask names at least one event, as Event1 to EventN; got none")
    return tuple(dict.fromkeys(numbers))


class WaitObject(CtiOsObject):
    """Wakes a thread when one of the events of its mask comes; made by create_wait_object().

    Its properties are those of its mask, Event1 to EventN. Any thread may wait but the one that
    delivers events. The object is signalled when all listeners had the event. An event that comes
    while nobody waits is remembered (256 of them, then the oldest is forgotten), so that an object
    made before a request misses no answer; one that comes while several threads wait wakes all.
    """

    class_identifier = int(ClassIdentifier.eWaitObject)

    __slots__ = ("_changed_signal", "_ids", "_kept", "_last", "_local", "_owner", "_waiting")

    def __init__(self, owner: Waits, mask: Any) -> None:
        # Samples make the object first, with empty Arguments, and set its mask afterwards (building
        # chapter, monitor mode for agent statistics).
        later = isinstance(mask, Mapping) and not mask
        numbers = () if later else mask_numbers(mask)
        super().__init__(_mask_arguments(numbers))
        self._owner: Waits | None = owner
        self._ids = numbers
        self._changed_signal = threading.Condition()
        self._kept: deque[int] = deque(maxlen=_KEPT)
        self._waiting: list[list[int]] = []
        self._local = threading.local()
        self._last = _UNKNOWN

    def wait(self, milliseconds: int | None = None) -> WaitResult:
        """Waits for an event of the mask (WaitOnMultipleEvents).

        milliseconds, 0 or None: for ever. EVENT_SIGNALED when an event came, which trigger_event
        then names; EVENT_WAIT_TIMEDOUT when none did in time; WAIT_FAILED when the session closed,
        the object was destroyed or has no mask yet. ValueError for a negative time; SessionError on
        the thread that delivers events, which would wait for itself.
        """
        if milliseconds is not None and milliseconds < 0:
            raise ValueError(f"expected milliseconds, 0 or more, got {milliseconds}")
        owner = self._owner
        if owner is not None:
            owner.refuse_on_event_thread("wait")
        deadline = time.monotonic() + milliseconds / 1000 if milliseconds else None
        cell: list[int] = []
        with self._changed_signal:
            self._local.trigger = _UNKNOWN
            if not self._ids:
                return WaitResult.WAIT_FAILED
            if self._kept:
                cell.append(self._kept.popleft())
            else:
                self._waiting.append(cell)
            while not cell and self._owner is not None:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._changed_signal.wait(
                    None if left is None else min(left, threading.TIMEOUT_MAX)
                )
            if cell:
                self._local.trigger = self._last = cell[0]
                return WaitResult.EVENT_SIGNALED
            self._waiting = [other for other in self._waiting if other is not cell]
            if self._owner is None:
                return WaitResult.WAIT_FAILED
            return WaitResult.EVENT_WAIT_TIMEDOUT

    @property
    def trigger_event(self) -> int:
        """The event that ended the last wait of this thread (GetTriggerEvent).

        eUnknownEvent when no event did. On a thread that never waited: that of the last wait of
        any thread.
        """
        found: int = getattr(self._local, "trigger", self._last)
        return found

    def in_mask(self, event: Any) -> bool:
        """Whether an event is in the mask, by number, name or typed class (InMask)."""
        try:
            return number_of(event) in self._ids
        except ValueError:
            return False

    def get_mask(self) -> Arguments:
        """The mask, Event1 to EventN, as Arguments of their own (GetMask)."""
        return _mask_arguments(self._ids)

    def set_mask(self, mask: Any) -> None:
        """Another mask, from the next event on; what was remembered is forgotten (SetMask).

        ValueError as for create_wait_object(): the mask stays as it was.
        """
        numbers = mask_numbers(mask)
        with self._changed_signal:
            self._ids = numbers
            self._kept.clear()
            super().__init__(_mask_arguments(numbers))
        if self._owner is not None:
            self._owner.masks_changed()

    def clear(self) -> None:
        """Forgets the events that came while nobody waited."""
        with self._changed_signal:
            self._kept.clear()

    def dump_event_mask(self) -> str:
        """The mask in words, 'Event1 = 23 (OnCallBegin); …' (DumpEventMask; the form is ours)."""
        return " ".join(
            f"Event{index} = {number}{_name(number)};" for index, number in enumerate(self._ids, 1)
        )

    def __repr__(self) -> str:
        return f"WaitObject({self.dump_event_mask()!r})"

    def _signal(self, message_id: int, arguments: Arguments) -> None:
        """An event came, and all listeners had it."""
        with self._changed_signal:
            if message_id not in self._ids or self._owner is None:
                return  # the mask was changed while the event was delivered
            if not self._waiting:
                self._kept.append(message_id)
                return
            for cell in self._waiting:
                cell.append(message_id)
            self._waiting = []
            self._changed_signal.notify_all()

    def _release(self) -> None:
        """No event will come any more."""
        with self._changed_signal:
            self._owner = None
            self._changed_signal.notify_all()


def _mask_arguments(numbers: Iterable[int]) -> Arguments:
    return Arguments({f"Event{index}": number for index, number in enumerate(numbers, 1)})


def _name(number: int) -> str:
    from fastcil.catalog import EVENTS_BY_ID

    found = EVENTS_BY_ID.get(number)
    return f" ({found.callback})" if found is not None else ""


class Waits:
    """The wait objects of a session.

    refresh is called after a mask has changed; on_event_thread says whether the caller is where the
    session's events are delivered.
    """

    def __init__(self, refresh: Callable[[], None], on_event_thread: Callable[[], bool]) -> None:
        self._refresh = refresh
        self._on_event_thread = on_event_thread
        self._lock = threading.Lock()
        self._objects: tuple[WaitObject, ...] = ()

    def create(self, mask: Any, kind: type[WaitObject] = WaitObject) -> WaitObject:
        """A new wait object of a class; ValueError when the mask is wrong."""
        made = kind(self, mask)
        with self._lock:
            self._objects = (*self._objects, made)
        self._refresh()
        return made

    def destroy(self, wait_object: WaitObject) -> bool:
        """Releases one, its waiters wake with WAIT_FAILED; False when it is not of this session."""
        with self._lock:
            left = tuple(one for one in self._objects if one is not wait_object)
            found = len(left) < len(self._objects)
            self._objects = left
        if found:
            wait_object._release()
            self._refresh()
        return found

    def masks_changed(self) -> None:
        """An object has another mask."""
        self._refresh()

    def handlers(self, message_id: int) -> tuple[Handler, ...]:
        """What is to be called, after the listeners, for an event."""
        return tuple(one._signal for one in self._objects if message_id in one._ids)

    def release(self, message_id: int = 0, arguments: Arguments | None = None) -> None:
        """Releases all of them: the session has ended."""
        with self._lock:
            released, self._objects = self._objects, ()
        for one in released:
            one._release()
        if released:
            self._refresh()

    def refuse_on_event_thread(self, what: str) -> None:
        """SessionError where events are delivered."""
        if self._on_event_thread():
            raise SessionError(
                f"{what}() on the thread that delivers the events would wait for itself: wait on"
                " another thread, or do in the listener of the event what is to follow it (in"
                " asyncio: await session.wait_for(…))",
                CilError.E_CTIOS_INVALID_OBJECT_STATE,
            )


class _Future(Protocol):
    """What asyncio's and concurrent.futures' futures have in common."""

    def done(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


class Watch:
    """Gives a future the first event that matches; driven by the session's batches of events."""

    __slots__ = ("_future", "_matches", "_numbers")

    def __init__(self, what: What, future: _Future) -> None:
        self._future = future
        self._numbers: frozenset[int] = frozenset()
        self._matches: Callable[[Frame], bool] | None = None
        if callable(what) and not isinstance(what, type):
            self._matches = what
        else:
            self._numbers = frozenset(mask_numbers(what))

    def put(self, frames: Sequence[Frame]) -> None:
        """Events were delivered, in this order."""
        future = self._future
        if future.done():
            return
        try:
            found = self._first(frames)
        except Exception as error:
            _settle(future.set_exception, error)
            return
        if found is not None:
            # Of its own: a result may be kept for long.
            _settle(future.set_result, found.detach())

    def _first(self, frames: Sequence[Frame]) -> Frame | None:
        matches, numbers = self._matches, self._numbers
        if matches is None:
            return next((frame for frame in frames if frame.message_id in numbers), None)
        return next((frame for frame in frames if matches(frame)), None)

    def end(self) -> None:
        """No more events will come."""
        if not self._future.done():
            _settle(
                self._future.set_exception,
                SessionClosedError(
                    "the session was closed before the event came",
                    CilError.E_CTIOS_SESSION_NOT_CONNECTED,
                ),
            )


def _settle(setter: Callable[[Any], None], value: object) -> None:
    try:
        setter(value)
    except InvalidStateError:
        return  # cancelled at this very moment
