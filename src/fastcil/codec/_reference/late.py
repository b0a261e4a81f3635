"""What events said of an object and nobody has asked for yet, in pure Python: nothing is kept late.

The cffi backend uses it too.
"""

from __future__ import annotations

from typing import Any, Callable

__all__ = ["LateFields", "Upkeep"]


class LateFields:
    """Base of objects whose properties events change: here every event is merged when it comes."""

    __slots__ = ()
    late = 0

    def keep_late(self, arguments: Any) -> bool:
        """Keeps an event's fields; False: the caller must merge them."""
        return False

    def late_value(self, key: str, default: Any) -> Any:
        """The newest value that is kept for a key; default when there is none."""
        return default

    def peek_late(self) -> tuple[int, list[dict[str, Any]]]:
        """A stamp for drop_late(), and the kept fields, oldest first."""
        return 0, []

    def drop_late(self, stamp: int) -> None:
        """Forgets what was kept up to a stamp."""


class Upkeep:
    """A handler that lets the objects of a dict keep the fields of the events that name them.

    objects: by UniqueObjectID. slow(message_id, arguments) is called for every event that is not of
    a known object, and when an object has no room: it merges what was kept.
    """

    def __init__(self, objects: dict[str, Any], slow: Callable[[int, Any], object]) -> None:
        self._objects = objects
        self._slow = slow

    def update(self, message_id: int, arguments: Any) -> None:
        """The handler itself."""
        found = self._objects.get(arguments.get("UniqueObjectID"))
        if not isinstance(found, LateFields) or not found.keep_late(arguments):
            self._slow(message_id, arguments)
