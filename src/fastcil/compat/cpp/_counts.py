"""AddRef and Release: counts that nothing depends on, and pointers to values.

Source: CTI OS Developer Guide 12.6(1), CtiOs client interface library architecture chapter
(reference counts) and helpers chapter.
"""

from __future__ import annotations

import threading
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["Counted", "Out"]

T = TypeVar("T")
_lock = threading.Lock()
_counts: WeakKeyDictionary[Any, int] = WeakKeyDictionary()


class Out(Generic[T]):
    """Where a pointer would point to: a getter that is given one puts there what it found.

    `value = Out(); args.GetValueInt("CallStatus", value)` is true when value.value was set.
    """

    def __init__(self, value: T | None = None) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Out({self.value!r})"


class Counted:
    """An object with a reference count, 1 at first. Nothing is released when it gets 0."""

    __slots__ = ()

    def AddRef(self) -> int:
        """One more reference; how many there are."""
        return self._count(1)

    def Release(self) -> int:
        """One reference less; how many are left."""
        return self._count(-1)

    def _count(self, change: int) -> int:
        with _lock:
            found = _counts[self] = max(0, _counts.get(self, 1) + change)
        return found
