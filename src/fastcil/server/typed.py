"""Values with their documented types: a plain int is INT on the wire, CallStatus is a SHORT.

Types are those of the event's table in the catalog (CTI OS Developer Guide, event interfaces
chapter). Keywords that the table does not have, and numbers that do not fit the documented type
(StatusCode is a SHORT, but its codes reach 0x30000003), keep the type that follows from the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.catalog import EVENTS_BY_ID
from fastcil.codec import TypeMap, encode_frame
from fastcil.codec.types import ArgType

__all__ = ["columns_of", "encode_typed"]

_Column = tuple[str, ArgType, int, int]

_RANGES: dict[str, tuple[ArgType, int, int]] = {
    "SHORT": (ArgType.SHORT, -(1 << 15), (1 << 15) - 1),
    "USHORT": (ArgType.USHORT, 0, (1 << 16) - 1),
    "UINT": (ArgType.UINT, 0, (1 << 32) - 1),
}
_columns: dict[int, tuple[_Column, ...]] = {}
_types: dict[int, TypeMap | None] = {}


def encode_typed(message_id: int, arguments: Mapping[str, Any]) -> bytes:
    """The frame of an event whose numbers have their documented types.

    Arguments have theirs already. Raises what encode_frame raises.
    """
    try:
        types = _types[message_id]
    except KeyError:
        types = _types_of(message_id)
    return encode_frame(message_id, arguments, types=types)


def _types_of(message_id: int) -> TypeMap | None:
    """What encode_frame must know of an event, None for one whose numbers are all INT."""
    columns = columns_of(message_id)
    found = TypeMap({keyword: kind for keyword, kind, _, _ in columns}) if columns else None
    if message_id in EVENTS_BY_ID:  # programs may send any number of others
        _types[message_id] = found
    return found


def columns_of(message_id: int) -> tuple[_Column, ...]:
    """The keywords of an event whose type is not the one a plain int has: (keyword, type, least,
    most)."""
    found = _columns.get(message_id)
    if found is not None:
        return found
    event = EVENTS_BY_ID.get(message_id)
    if event is None:
        return ()
    found = _columns[message_id] = tuple(
        (parameter.keyword, *_RANGES[parameter.type])
        for parameter in (*event.extra_keywords, *event.parameters)  # the table has the last word
        if parameter.type in _RANGES
    )
    return found
