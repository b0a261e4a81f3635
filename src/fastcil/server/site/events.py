"""A CIL event on its way to the clients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from fastcil.catalog import event_id
from fastcil.catalog.selection import Selection, selection
from fastcil.server.source import SourceEvent

__all__ = ["CoercedSelection", "SiteEvent", "coerced"]

_NUMBERS = frozenset({"INT", "SHORT", "UINT", "USHORT"})


@cache
def _kinds() -> dict[str, set[bool]]:
    """By keyword: whether the fields of GED-188 that become it are numbers."""
    from fastcil.ged188.schema import MESSAGES_BY_NAME
    from fastcil.server.site.convert import targets

    found: dict[str, set[bool]] = {}
    for spec in MESSAGES_BY_NAME.values():
        for field in (*spec.fixed, *spec.alternative, *spec.floating):
            for keyword in targets(field.name):
                is_number = field.type.value not in ("STRING", "UNSPEC", "NAMEDVAR", "NAMEDARRAY")
                found.setdefault(keyword, set()).add(is_number)
    return found


def _differs(keyword: str, wants_number: bool) -> bool:
    """Whether a keyword may have a value of the other kind than an event documents: as a field has
    it, as a new call has it, or as the server makes it (call and device ids)."""
    from fastcil.server.site.objects import new_call_values

    value = new_call_values().get(keyword)
    kinds = set(_kinds().get(keyword, ()))
    if value is not None:
        kinds.add(isinstance(value, int))
    return not kinds or kinds != {wants_number} or "CallID" in keyword or "DeviceID" in keyword


class CoercedSelection:
    """A Selection whose values have the documented kind.

    A keyword that is a number in one event and text in another (ConnectionDeviceID, CTI OS
    Developer Guide, ICallEvents) is kept as the CTI Server sends it; here it becomes what the
    event's own table says. Text that is no number stays text.
    """

    __slots__ = ("_coerce", "kinds", "plain")

    def __init__(self, callback: str, minimal_set: str = "section") -> None:
        from fastcil.catalog import event

        self.plain: Selection = selection(callback, minimal_set)
        self._coerce = [
            (parameter.keyword, parameter.type in _NUMBERS)
            for parameter in event(callback).parameters
            if (parameter.type in _NUMBERS or parameter.type == "STRING")
            and _differs(parameter.keyword, parameter.type in _NUMBERS)
        ]
        self.kinds = {key: "number" if number else "text" for key, number in self._coerce}
        """By keyword: what it becomes, where that may be needed."""

    def values(self, fields: dict[str, Any], level: int) -> dict[str, Any]:
        """The event's arguments with MinimizeEventArgs `level`."""
        found = self.plain.minimal(fields) if level else self.plain.complete(fields)
        for keyword, wants_number in self._coerce:
            value = found.get(keyword)
            if wants_number:
                if isinstance(value, str):
                    found[keyword] = int(value) if value.isascii() and value.isdecimal() else value
            elif isinstance(value, int):
                found[keyword] = str(value)
        return found


_selections: dict[tuple[str, str], CoercedSelection] = {}


def coerced(callback: str, minimal_set: str = "section") -> CoercedSelection:
    """The selection of a callback, made once. minimal_set: as catalog.minimized_parameters has."""
    found = _selections.get((callback, minimal_set))
    if found is None:
        found = _selections[callback, minimal_set] = CoercedSelection(callback, minimal_set)
    return found


class SiteEvent(SourceEvent):
    """One event of a site.

    callback: its documented name. object_id: UniqueObjectID of the object it tells of, "" for none.
    agents: UniqueObjectIDs of the agents concerned, in whose agent mode it belongs. complete and
    minimal: arguments with MinimizeEventArgs 0 and 1.
    """

    __slots__ = ("callback", "object_id")
    complete: dict[str, Any]
    minimal: dict[str, Any]

    def __init__(
        self,
        callback: str,
        complete: dict[str, Any],
        minimal: dict[str, Any] | None = None,
        *,
        agents: tuple[str, ...] = (),
    ) -> None:
        super().__init__(event_id(callback), complete, minimal, agents=agents)
        self.callback = callback
        self.object_id = str(complete.get("UniqueObjectID", ""))

    def __repr__(self) -> str:
        return f"<{self.callback} {self.object_id}>"


def nested(entries: Iterable[Mapping[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """Numbered entries, "SkillGroup[1]" and on: how the CIL nests a list."""
    return {f"{name}[{i}]": dict(entry) for i, entry in enumerate(entries, 1)}
