"""Values with their documented types: a plain int is INT on the wire, CallStatus is a SHORT.

Types are those of the event's table in the catalog (CTI OS Developer Guide, event interfaces
chapter). Keywords that the table does not have, and numbers that do not fit the documented type
(StatusCode is a SHORT, but its codes reach 0x30000003), keep the type that follows from the value.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastcil.catalog import EVENTS_BY_ID
from fastcil.codec import Arguments, encode_frame
from fastcil.codec.types import ArgType

__all__ = ["columns_of", "encode_typed", "typed"]

_Column = tuple[str, ArgType, int, int]

_RANGES: dict[str, tuple[ArgType, int, int]] = {
    "SHORT": (ArgType.SHORT, -(1 << 15), (1 << 15) - 1),
    "USHORT": (ArgType.USHORT, 0, (1 << 16) - 1),
    "UINT": (ArgType.UINT, 0, (1 << 32) - 1),
}
_columns: dict[int, tuple[_Column, ...]] = {}

_COUNTS = struct.Struct("<HH")
_COUNTS_AT = 28  # count and named of the root block: a header of 24 bytes, then its size
_KEYS_AT = 32
_PLANS = 1024  # shapes remembered; more are encoded without a plan


class _Plan(NamedTuple):
    """What becomes of the frames of one shape whose numbers fit."""

    values: struct.Struct  # reads the numbers that get another type
    most: tuple[int, ...]
    shape: bytes  # with the documented types


_plans: dict[tuple[int, bytes], _Plan | None] = {}


def encode_typed(message_id: int, arguments: Mapping[str, Any]) -> bytes:
    """The same bytes as encode_frame(message_id, typed(message_id, arguments)), sooner.

    A number from 0 up has the same value bytes in every type it fits (docs/wire-format.md, 2.2), so
    that only the types differ. They lie at the same place in all frames of one shape.
    """
    data = encode_frame(message_id, arguments)
    if isinstance(arguments, Arguments):
        return data
    count, named = _COUNTS.unpack_from(data, _COUNTS_AT)
    end = _KEYS_AT + 3 * count + 2 * named
    key = (message_id, data[_COUNTS_AT:end])
    try:
        plan = _plans[key]
    except KeyError:
        plan = _plan(message_id, data, end)
        if len(_plans) < _PLANS:
            _plans[key] = plan
    if plan is None:
        return data
    for value, most in zip(plan.values.unpack_from(data), plan.most):
        if not 0 <= value <= most:
            return encode_frame(message_id, typed(message_id, arguments))
    return data[:_COUNTS_AT] + plan.shape + data[end:]


def _plan(message_id: int, data: bytes, end: int) -> _Plan | None:
    """The plan for the shape of a frame, None when all of its types are the documented ones."""
    keywords = {keyword: (kind, most) for keyword, kind, _, most in columns_of(message_id)}
    block = Arguments.from_buffer(data[24:])
    count = len(block)
    shape = bytearray(data[_COUNTS_AT:end])
    values_at = 24 + _values_offset(data, end)
    format_, at, most_of = "<", 0, []
    for index in range(count):
        found = keywords.get(block.element_key(index + 1))
        if found is None or block.element_type(index + 1) != ArgType.INT:
            continue
        kind, most = found
        shape[len(shape) - count + index] = kind
        position = values_at + 8 * index
        format_ += f"{position - at}xi"
        at = position + 4
        most_of.append(most)
    if not most_of:
        return None
    return _Plan(struct.Struct(format_), tuple(most_of), bytes(shape))


def _values_offset(data: bytes, end: int) -> int:
    """Where the values of the root block begin, from the start of the block."""
    count, named = _COUNTS.unpack_from(data, _COUNTS_AT)
    ends = _KEYS_AT + 2 * count
    names = int.from_bytes(data[ends + 2 * named - 2 : ends + 2 * named], "little") if named else 0
    return (end - 24 + names + 7) & ~7


def typed(message_id: int, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of an event with documented types; Arguments, which have theirs, as they are.

    A mapping of an event without such types is given back itself.
    """
    columns = columns_of(message_id)
    if not columns or isinstance(arguments, Arguments):
        return arguments
    found = Arguments(arguments)
    for keyword, kind, least, most in columns:
        value = found.get(keyword)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            found.set(keyword, value, kind)
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
