"""Which keywords an event carries, taken from an object that has a value for each of them.

The lists are those of MinimizeEventArgs 0 and 1; docs/catalog.md says how they are read.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Callable

from fastcil.catalog import event as catalog_event
from fastcil.catalog import minimized_parameters

__all__ = ["PARTY", "Selection", "selection"]

PARTY = "ConnectedParty[<PartyNumber>]"  # one documented parameter, one entry per party


class Selection:
    """The keywords of one event at both levels, and how to take them from a call's data."""

    __slots__ = ("_complete", "_minimal", "complete_keys", "message_id", "minimal_keys", "parties")

    def __init__(self, callback: str, minimal_set: str = "section") -> None:
        found = catalog_event(callback)
        complete = minimized_parameters(callback, 0)
        minimal = minimized_parameters(callback, 1, minimal_set)
        self.message_id = int(found.id)
        self.parties = PARTY in complete
        self.complete_keys = tuple(key for key in complete if key != PARTY)
        self.minimal_keys = tuple(key for key in minimal if key != PARTY)
        self._complete: Callable[[dict[str, Any]], tuple[Any, ...]] = itemgetter(
            *self.complete_keys
        )
        self._minimal: Callable[[dict[str, Any]], tuple[Any, ...]] = itemgetter(*self.minimal_keys)

    def complete(self, fields: dict[str, Any]) -> dict[str, Any]:
        """New dict: the arguments with MinimizeEventArgs 0."""
        return dict(zip(self.complete_keys, self._complete(fields)))

    def minimal(self, fields: dict[str, Any]) -> dict[str, Any]:
        """New dict: the arguments with MinimizeEventArgs 1."""
        return dict(zip(self.minimal_keys, self._minimal(fields)))


_SELECTIONS: dict[tuple[str, str], Selection] = {}


def selection(callback: str, minimal_set: str = "section") -> Selection:
    """The selection of an event, made once. minimal_set: see minimized_parameters."""
    found = _SELECTIONS.get((callback, minimal_set))
    if found is None:
        found = _SELECTIONS[callback, minimal_set] = Selection(callback, minimal_set)
    return found
