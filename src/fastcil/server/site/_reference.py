"""What is known of a call or an agent, and its events, in pure Python.

The native half (ext/site_values.pxi, ext/site_events.pxi) does the same and writes frames at once;
the tests hold it to this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Optional

from fastcil.ged188 import Message
from fastcil.server.site.events import SiteEvent

__all__ = ["Maker", "Schema", "Table", "Values"]

Entry = tuple[str, Any, str]
Absent = Optional[frozenset[str]]


class Schema:
    """The keywords that Values have a place for; others are kept as well, but slower."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(dict.fromkeys(names))


class Values(dict[str, Any]):
    """A mapping from keywords to values, with one place for each keyword of a schema."""

    __slots__ = ("schema",)

    def __init__(self, schema: Schema, given: Any = ()) -> None:
        super().__init__(given)
        self.schema = schema

    def assign(self, names: tuple[str, ...], values: tuple[Any, ...]) -> None:
        """Take over values for names, one for each."""
        if len(names) != len(values):
            raise ValueError(f"expected {len(names)} values, got {len(values)}")
        self.update(zip(names, values))

    def fill(self, other: Values) -> None:
        """Take over what another one has and this one has not, or as "" or 0 only."""
        for name, value in other.items():
            if self.get(name) in ("", 0, None):
                self[name] = value

    def copy(self) -> Values:
        """Another one with the same values."""
        return Values(self.schema, self)


class Table:
    """Which fields of messages become which keywords, and which connections of a call they concern.

    names: by field (keyword, another or "", whether absent is -1); fields(message) makes a dict by
    them. own, devices: keywords of one connection, and of the device that a message is about. full:
    by keyword the one with Full at its end. kept: a keyword that messages do not change. calls:
    whether messages have variables, clients and router keys that belong to calls.
    """

    def __init__(
        self,
        schema: Schema,
        names: dict[str, tuple[str, str, bool]],
        *,
        fields: Callable[[Message], dict[str, Any]],
        own: frozenset[str] = frozenset(),
        devices: frozenset[str] = frozenset(),
        full: dict[str, str] | None = None,
        kept: str = "",
        calls: bool = False,
    ) -> None:
        self.fields = fields
        self.unshared = own | devices
        self.full = full or {}
        self.kept = kept

    def hear(self, message: Message, shared: list[Values], mine: Values | None = None) -> None:
        """Take what a message tells into the values of a call: what is of the call as a whole into
        shared, all of it into mine."""
        told = self.fields(message)
        common = {name: value for name, value in told.items() if name not in self.unshared}
        common.update((self.full[name], common[name]) for name in self.full if name in common)
        for values in shared:
            values.update(common)
        if mine is None:
            return
        for name, value in told.items():
            if name != self.kept:
                mine[name] = value
            if name in self.full:
                mine[self.full[name]] = value


def coerce(value: Any, kind: str) -> Any:
    """A value of the documented kind, "number" or "text"; text that is no number stays text."""
    if kind == "number" and isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() else value
    if kind == "text" and isinstance(value, int):
        return str(value)
    return value


class Maker:
    """Makes the events of one kind out of Values.

    minimal, complete: (keyword, what stands for none or None to leave it out, "number", "text" or
    "") in order. own: keywords that the complete set has not of the message besides. drops:
    keywords that an event may lack, each by its bit. types, ids, keep, state, slow: for the native
    half.
    """

    def __init__(
        self,
        callback: str,
        message_id: int,
        schema: Schema,
        minimal: Iterable[Entry],
        complete: Iterable[Entry],
        *,
        types: dict[str, tuple[int, int, int]],
        ids: dict[str, int],
        drops: tuple[str, ...] = (),
        own: frozenset[str] = frozenset(),
        keep: bool = False,
        state: bool = False,
        slow: Maker | None = None,
    ) -> None:
        self.callback = callback
        self.schema = schema
        self.minimal = tuple(minimal)
        self.complete = tuple(complete)
        self.drops = drops
        self.own = own
        self.masked = any(name == "EnablementMask" for name, _, _ in self.minimal)
        """Whether every client learns EnablementMask from it."""

    def make(
        self,
        values: Values,
        agents: tuple[str, ...],
        levels: int,
        dropped: int = 0,
        more: dict[str, Any] | None = None,
        told: dict[str, Any] | Message | None = None,
        table: Table | None = None,
    ) -> SiteEvent:
        """The event as the values are now.

        levels: 1 for MinimizeEventArgs 1, 2 for 0, 3 for both. dropped: bits of what it lacks.
        more: what it has besides, in both; told: what the message said, of which the complete set
        has all: a dict, or the message, which table reads.
        """
        if told is not None and not isinstance(told, dict):
            assert table is not None, "a message needs a table"
            told = table.fields(told)
        complete = self._chosen(self.complete, values, dropped, more, told) if levels & 2 else None
        minimal = (
            self._chosen(self.minimal, values, dropped, more, None) if levels & 1 else complete
        )
        assert minimal is not None, "levels is 1, 2 or 3"
        given = minimal if complete is None else complete
        event = SiteEvent(self.callback, given, minimal, agents=agents)
        event.object_id = values.get("UniqueObjectID", "")  # whatever the event has of it
        return event

    def tell(
        self, table: Table, message: Message, agents: dict[str, Any], levels: int
    ) -> SiteEvent:
        """The event that has the fields of a message alone; of the agent whom it names, if
        `agents` has him by his key."""
        values = Values(self.schema)
        table.hear(message, [], values)
        key = f"agent.{values.get('PeripheralID')}.{values.get('AgentID')}"
        return self.make(values, (key,) if key in agents else (), levels)

    def _chosen(
        self,
        entries: tuple[Entry, ...],
        values: Values,
        dropped: int,
        more: dict[str, Any] | None,
        told: dict[str, Any] | None,
    ) -> dict[str, Any]:
        found = {}
        for name, absent, kind in entries:
            value = values.get(name, absent)
            if value is not None:
                found[name] = coerce(value, kind)
        for name, value in () if told is None else told.items():
            if name not in found and name not in self.own:
                found[name] = value
        if more:
            found.update(more)
        for bit, name in enumerate(self.drops):
            if dropped >> bit & 1:
                found.pop(name, None)
        return found
