"""From a received frame to the listeners' methods; no I/O.

Per message id the dispatcher keeps a tuple of bound methods, made when the first event of that id
arrives and made anew after listeners change. A change during an event takes effect at the next.
Which events a list gets: CTI OS Developer Guide, event interfaces and building chapters.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from threading import Lock
from typing import Any, Callable, Optional

from fastcil.catalog import SubscriberList
from fastcil.cil import _adapters
from fastcil.cil._interfaces import CALLBACKS, LISTS
from fastcil.codec import Arguments, Frame, dispatch_frames

__all__ = ["Binder", "Dispatcher", "Handler", "generic", "typed"]

logger = logging.getLogger("fastcil.cil")

Handler = Callable[[int, Arguments], object]
# Gives a listener's handler for an event: (listener, message id, method name or "") → handler. Also
# asked when a listener is added, for message 0, to refuse one that it cannot bind by a TypeError.
Binder = Callable[[Any, int, str], Optional[Handler]]
# Gives what runs before or after all listeners of an event.
Hook = Callable[[int], Iterable[Handler]]
_Subscription = tuple[Any, int, Binder]


def generic(listener: Any, message_id: int, name: str) -> Handler | None:
    """Binds listener.OnEvent(iEventID, rArgs). TypeError when there is no such method."""
    handler: Handler | None = getattr(listener, "OnEvent", None)
    if not callable(handler):
        found = type(listener).__qualname__
        raise TypeError(f"expected a listener with OnEvent(iEventID, rArgs), {found} has none")
    return handler


def typed(listener: Any, message_id: int, name: str) -> Handler | None:
    """Binds the listener's method named as the event, with one parameter, rArgs.

    Nothing is bound for an event without a method, nor for an empty one of an adapter.
    """
    method = getattr(listener, name, None) if name else None
    if method is None or getattr(method, "__module__", None) == _adapters.__name__:
        return None
    return lambda _, arguments: method(arguments)


def _nothing(message_id: int) -> Iterable[Handler]:
    return ()


class Dispatcher:
    """Calls the listeners of each frame, in the order in which they were added.

    dispatch and dispatch_batch are for one thread; listeners may be added and removed on any.
    """

    def __init__(self, *, before: Hook = _nothing, after: Hook = _nothing) -> None:
        self._before = before
        self._after = after
        self._lock = Lock()
        self._subscriptions: list[_Subscription] = []
        self._changes = 0
        self._table: dict[int, tuple[Handler, ...]] = {}
        self._muted = False
        self.failures = 0
        """How often a listener raised, or could not be bound."""

    def add(
        self,
        listener: Any,
        list_id: int = SubscriberList.eAllInOneList,
        bind: Binder = generic,
    ) -> bool:
        """Puts a listener on a list; False when it is there already.

        ValueError: no such list. TypeError: the listener lacks the method that bind needs.
        """
        number = SubscriberList(list_id)
        try:
            bind(listener, 0, "")
        except AttributeError as error:
            raise TypeError(
                f"{type(listener).__qualname__} is no such listener: {error}"
            ) from error
        with self._lock:
            if self._find(listener, number, bind) is not None:
                return False
            self._subscriptions.append((listener, number, bind))
            self._changed()
        return True

    def remove(
        self,
        listener: Any,
        list_id: int = SubscriberList.eAllInOneList,
        bind: Binder = generic,
    ) -> bool:
        """Takes a listener off a list; False when it was not there. ValueError: no such list."""
        number = SubscriberList(list_id)
        with self._lock:
            found = self._find(listener, number, bind)
            if found is None:
                return False
            del self._subscriptions[found]
            self._changed()
        return True

    def mute(self, muted: bool = True) -> None:
        """Drops events from the next on, or ends that."""
        with self._lock:
            self._muted = muted
            self._changed()

    def refresh(self) -> None:
        """What runs before or after the listeners is another: asked again, from the next event."""
        with self._lock:
            self._changed()

    def dispatch(self, frame: Frame) -> None:
        """Calls every handler of one event. A listener that raises is logged, the next one runs."""
        dispatch_frames((frame,), self._table, self._bind, self._failed)

    def dispatch_batch(self, frames: Iterable[Frame]) -> None:
        """dispatch() for each frame in turn."""
        # The table is changed in place only, so that a change takes effect at the next event.
        dispatch_frames(frames, self._table, self._bind, self._failed)

    def _find(self, listener: Any, number: int, bind: Binder) -> int | None:
        for index, (other, other_number, other_bind) in enumerate(self._subscriptions):
            if other is listener and other_number == number and other_bind == bind:
                return index
        return None

    def _changed(self) -> None:
        """The lock must be held."""
        self._changes += 1
        self._table.clear()

    def _bind(self, message_id: int) -> tuple[Handler, ...]:
        with self._lock:
            changes, muted, subscriptions = self._changes, self._muted, [*self._subscriptions]
        # Without the lock: binding may be code of the program, which may come back here.
        handlers = () if muted else tuple(self._handlers(message_id, subscriptions))
        with self._lock:
            if changes == self._changes:
                self._table[message_id] = handlers
        return handlers

    def _handlers(
        self, message_id: int, subscriptions: Iterable[_Subscription]
    ) -> Iterable[Handler]:
        yield from self._before(message_id)
        names = {
            interface: callbacks[message_id]
            for interface, callbacks in CALLBACKS.items()
            if message_id in callbacks
        }
        served: set[tuple[int, Binder]] = set()
        for listener, number, bind in subscriptions:
            if number == SubscriberList.eAllInOneList:
                name = next(iter(names.values()), "")
            elif LISTS[number] in names:
                name = names[LISTS[number]]
            else:
                continue
            # On several lists that share the event, a listener still gets it once.
            if (id(listener), bind) in served:
                continue
            served.add((id(listener), bind))
            try:
                handler = bind(listener, message_id, name)
            except Exception:  # it had the method when it was added
                self.failures += 1
                _log("a listener could not be bound", listener, message_id)
                continue
            if handler is not None:
                yield handler
        yield from self._after(message_id)

    def _failed(self, handler: Handler, message_id: int) -> None:
        self.failures += 1
        _log("a listener raised", getattr(handler, "__self__", handler), message_id)


def _log(what: str, listener: Any, message_id: int) -> None:
    """Logs the exception being handled; a log that raises keeps no listener from its event."""
    extra = {"event_id": message_id, "listener": type(listener).__qualname__}
    with contextlib.suppress(Exception):
        logger.exception(what, extra=extra)
