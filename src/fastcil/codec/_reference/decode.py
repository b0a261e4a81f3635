"""Reading validated blocks: the entries of a block, in order."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from fastcil.codec._reference.encode import Item
from fastcil.codec._reference.text import keyword_text
from fastcil.codec._reference.validate import LENGTH_MASK, pad8
from fastcil.codec.types import ArgType

_NUMBERS = {
    ArgType.INT: "<i",
    ArgType.UINT: "<I",
    ArgType.SHORT: "<h",
    ArgType.USHORT: "<H",
    ArgType.BOOL: "<?",
}


def read_block(block: bytes) -> Iterator[Item]:
    """The entries of one validated block; the value of an ARGUMENTS entry is the child's block."""
    count, named = struct.unpack_from("<HH", block, 4)
    keys = struct.unpack_from(f"<{count}H", block, 8)
    ends = (0, *struct.unpack_from(f"<{named}H", block, 8 + 2 * count))
    types = 8 + 2 * count + 2 * named
    names = types + count
    values = pad8(names + ends[-1])
    for i, key in enumerate(keys):
        if key >= 0x8000:
            rank = key - 0x8000
            text = block[names + ends[rank] : names + ends[rank + 1]].decode()
        else:
            text = keyword_text(key)
        kind = ArgType(block[types + i])
        yield Item(text, kind, _value(block, kind, values + 8 * i))


def _value(block: bytes, kind: ArgType, at: int) -> Any:
    if kind is ArgType.NOTSET:
        return None
    if kind in _NUMBERS:
        return struct.unpack_from(_NUMBERS[kind], block, at)[0]
    offset, length = struct.unpack_from("<II", block, at)
    if kind is ArgType.ARGUMENTS:
        return block[offset : offset + length]
    return block[offset : offset + (length & LENGTH_MASK)].decode("utf-8", "surrogateescape")
