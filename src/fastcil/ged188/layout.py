"""What every backend knows of a message at a version: names, offsets, tags.

One Layout per message, version and fixed part, made when first needed and kept.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import NamedTuple

from fastcil.ged188.schema import (
    HEADER_SIZE,
    MESSAGES_BY_NUMBER,
    WIDE_VERSION,
    FieldSpec,
    MessageSpec,
)

__all__ = ["Layout", "NamedArray", "NamedVariable", "layout_of", "pick_part"]

_CODES = {"UCHAR": "B", "USHORT": "H", "BOOL": "H", "INT": "i", "UINT": "I", "TIME": "I"}


class NamedVariable(NamedTuple):
    """An expanded call context variable: name without its NUL, at most 32 characters; value at most
    210. Source: guide, table of data types, NAMEDVAR."""

    name: str
    value: str


class NamedArray(NamedTuple):
    """One element of an expanded call context array; index is 0 to 255. Source: NAMEDARRAY."""

    index: int  # type: ignore[assignment]  # the documented name; hides tuple.index
    name: str
    value: str


class Layout:
    """A message at one version, with one of its fixed parts.

    fixed: the fixed fields; offsets: of each, from the start of the message; end: where the
    floating part begins; struct: of the whole fixed part. floating: all fields of the schema by
    slot; by_tag: slots of those that the version has. size_tag: bytes of tag and of length.
    """

    def __init__(self, spec: MessageSpec, version: int, part: int) -> None:
        self.spec = spec
        self.version = version
        self.part = part
        self.fixed: tuple[FieldSpec, ...] = spec.fixed_parts(version)[part]
        self.struct = struct.Struct(">" + "".join(_CODES[f.type.value] for f in self.fixed))
        self.end = HEADER_SIZE + self.struct.size
        offsets = {}
        at = HEADER_SIZE
        for f in self.fixed:
            offsets[f.name] = at
            at += f.max_size
        self.offsets: dict[str, int] = offsets
        self.codes = {f.name: ">" + _CODES[f.type.value] for f in self.fixed}
        self.names = tuple(f.name for f in self.fixed)
        self.floating = spec.floating
        self.by_tag = {
            f.tag: slot for slot, f in enumerate(spec.floating) if f.tag and f.exists(version)
        }
        self.slots = {f.name: slot for slot, f in enumerate(spec.floating)}
        self.wide = version >= WIDE_VERSION
        # Records repeat every field; arrays outside of records are one field of many numbers.
        self.repeats = tuple(f.is_list or bool(spec.records) for f in spec.floating)

    def element(self, slot: int) -> str:
        """The struct code of a number or of an array's element; "" for the other types."""
        return _CODES.get(self.floating[slot].type.value, "")


@cache
def layout_of(number: int, version: int, part: int = 0) -> Layout:
    """The layout of a message type. Raises KeyError for a type that the set lacks."""
    return Layout(MESSAGES_BY_NUMBER[number], version, part)


def pick_part(spec: MessageSpec, version: int, body: bytes | memoryview) -> int:
    """Which fixed part a received body has: 0 the usual one, 1 the other.

    Without floating fields the length tells; else the parts differ by one USHORT of small values
    at the end, where otherwise a tag stands, and tags begin at 3 in such messages. Source: the
    documents contradict themselves on FAILURE_CONF and OPEN_CONF, docs/ged188.md.
    """
    parts = spec.fixed_parts(version)
    if len(parts) == 1:
        return 0
    sizes = [sum(f.max_size for f in part) for part in parts]
    if not spec.floating:
        return 1 if len(body) == sizes[1] else 0
    short, long = min(sizes), max(sizes)
    has_more = len(body) >= long and int.from_bytes(body[short:long], "big") <= 2
    return sizes.index(long if has_more else short)
