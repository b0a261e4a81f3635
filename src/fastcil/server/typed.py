"""Values with their documented types: a plain int is INT on the wire, CallStatus is a SHORT.

Types are those of the event's table in the catalog (CTI OS Developer Guide, event interfaces
chapter). Keywords that the table does not have, and numbers that do not fit the documented type
(StatusCode is a SHORT, but its codes reach 0x30000003), keep the type that follows from the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.catalog import EVENTS_BY_ID
from fastcil.codec import Arguments
from fastcil.codec.types import ArgType

__all__ = ["typed"]

_Column = tuple[str, ArgType, int, int]

_RANGES: dict[str, tuple[ArgType, int, int]] = {
    "SHORT": (ArgType.SHORT, -(1 << 15), (1 << 15) - 1),
    "USHORT": (ArgType.USHORT, 0, (1 << 16) - 1),
    "UINT": (ArgType.UINT, 0, (1 << 32) - 1),
}
_columns: dict[int, tuple[_Column, ...]] = {}


def typed(message_id: int, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of an event with documented types; Arguments, which have theirs, as they are.

    A mapping that needs nothing is given back itself.
    """
    if isinstance(arguments, Arguments):
        return arguments
    columns = _columns.get(message_id)
    if columns is None:
        columns = _columns[message_id] = _columns_of(message_id)
    found: Arguments | None = None
    for keyword, kind, least, most in columns:
        value = arguments.get(keyword)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            if found is None:
                found = Arguments(arguments)
            found.set(keyword, value, kind)
    return arguments if found is None else found


def _columns_of(message_id: int) -> tuple[_Column, ...]:
    """The keywords of an event whose type is not the one a plain int has."""
    event = EVENTS_BY_ID.get(message_id)
    if event is None:
        return ()
    return tuple(
        (parameter.keyword, *_RANGES[parameter.type])
        for parameter in (*event.extra_keywords, *event.parameters)  # the table has the last word
        if parameter.type in _RANGES
    )
