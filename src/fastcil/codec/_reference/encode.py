"""Writing blocks (docs/wire-format.md, section 2)."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from fastcil.codec._reference.text import fold, keyword_id, text_flags
from fastcil.codec._reference.validate import HEADER_SIZE, LENGTH_MASK, pad8
from fastcil.codec.errors import EncodeError
from fastcil.codec.types import MAX_ENTRIES, MAX_FRAME_LIMIT, MAX_NAMES, ArgType


class Item(NamedTuple):
    """One entry to write: a checked key, its type, and its value (for ARGUMENTS: a block)."""

    key: str
    type: ArgType
    value: Any


def _keys(items: list[Item]) -> tuple[list[int], list[bytes]]:
    """The key numbers in entry order, and the names in rank order."""
    named = [item.key for item in items if not keyword_id(item.key)]
    names = sorted(named, key=lambda name: (len(name.encode()), fold(name)))
    size = 0
    for name in named:
        size += len(name.encode())
        if size > MAX_NAMES:
            raise EncodeError(f"{name}: more than {MAX_NAMES} bytes of names in one block")
    ranks = {name: rank for rank, name in enumerate(names)}
    keys = [keyword_id(item.key) or 0x8000 | ranks[item.key] for item in items]
    return keys, [name.encode() for name in names]


def _padded(data: bytes) -> bytes:
    return data.ljust(pad8(len(data)), b"\0")


def build_block(items: list[Item]) -> bytes:
    """The block of these items, whose keys all differ. Raises EncodeError at a limit."""
    if len(items) > MAX_ENTRIES:
        raise EncodeError(f"more than {MAX_ENTRIES} entries in one block")
    keys, names = _keys(items)
    ends = [sum(len(name) for name in names[: rank + 1]) for rank in range(len(names))]
    shape = struct.pack(f"<HH{len(keys)}H{len(ends)}H", len(keys), len(ends), *keys, *ends)
    shape += bytes(item.type for item in items) + b"".join(names)
    values_at = pad8(4 + len(shape))
    heap_at = values_at + 8 * len(items)
    texts = {
        item.key: item.value.encode("utf-8", "surrogateescape")
        for item in items
        if item.type is ArgType.STRING
    }
    child_at = pad8(heap_at + sum(map(len, texts.values())))
    values, heap, children = [], b"".join(texts.values()), []
    for item in items:
        if item.type is ArgType.STRING:
            text = texts[item.key]
            if len(text) > LENGTH_MASK:
                raise EncodeError(f"{item.key}: a string is longer than {LENGTH_MASK} bytes")
            values.append((len(text) | text_flags(text)) << 32 | heap_at)
            heap_at += len(text)
        elif item.type is ArgType.ARGUMENTS:
            values.append(len(item.value) << 32 | child_at)
            child_at += len(item.value)
            children.append(item.value)
        elif item.type in (ArgType.SHORT, ArgType.USHORT):
            values.append(item.value & 0xFFFF)
        else:
            values.append(int(item.value or 0) & 0xFFFFFFFF)
    if child_at > MAX_FRAME_LIMIT - HEADER_SIZE:
        raise EncodeError(f"the block is larger than a frame may be ({MAX_FRAME_LIMIT} bytes)")
    fixed = _padded(struct.pack("<I", child_at) + shape)
    body = fixed + struct.pack(f"<{len(values)}Q", *values) + heap
    return _padded(body) + b"".join(children)
