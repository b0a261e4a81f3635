"""Building blocks: entries become an array of items, the C core writes the bytes."""

from __future__ import annotations

from typing import Any

from fastcil.codec._cffi._core import ffi, lib, pointer_to
from fastcil.codec._reference.text import keyword_id
from fastcil.codec.errors import EncodeError
from fastcil.codec.types import MAX_ENTRIES, MAX_FRAME_LIMIT, MAX_NAMES, ArgType


def build_block(parts: list[tuple[str, ArgType, Any]]) -> bytes:
    """The block of these entries: checked key, type, value; for ARGUMENTS the value is a block."""
    items, error = ffi.new("cw_item[]", len(parts)), ffi.new("cw_error *")
    keep: list[Any] = []  # what the items point into
    for i, (name, kind, value) in enumerate(parts):
        item = items[i]
        item.key = keyword_id(name) or lib.CW_KEY_NAMED
        if item.key == lib.CW_KEY_NAMED:
            raw = name.encode()
            item.name, item.name_length = _kept(raw, keep), len(raw)
        item.type = kind
        if kind == ArgType.STRING:
            raw = value.encode("utf-8", "surrogateescape")
            if len(raw) > lib.CW_STR_LENGTH:
                raise EncodeError(f"{name}: a string is longer than {lib.CW_STR_LENGTH} bytes")
            item.data, item.length = _kept(raw, keep), len(raw)
            item.flags = lib.cw_text_flags(item.data, len(raw))
        elif kind == ArgType.ARGUMENTS:
            item.data, item.length = _kept(value, keep), len(value)
        elif kind in (ArgType.SHORT, ArgType.USHORT):
            item.number = value & 0xFFFF
        elif kind != ArgType.NOTSET:
            item.number = int(value) & 0xFFFFFFFF
    size = lib.cw_build_size(items, len(parts), error)
    if not size:
        raise _refusal(error, parts)
    out = ffi.new("uint8_t[]", size)
    if lib.cw_build(items, len(parts), out, size, error) < 0:
        raise _refusal(error, parts)
    return bytes(ffi.buffer(out)[:])


def _kept(raw: bytes, keep: list[Any]) -> Any:
    p = pointer_to(raw)
    keep.append((raw, p))
    return p


def _refusal(error: Any, parts: list[tuple[str, ArgType, Any]]) -> EncodeError:
    """The exception for a limit that the C core refused."""
    if error.reason == lib.CW_COUNT:
        return EncodeError(f"more than {MAX_ENTRIES} entries in one block")
    if error.reason == lib.CW_BLOCK_SIZE:
        return EncodeError(f"the block is larger than a frame may be ({MAX_FRAME_LIMIT} bytes)")
    name = parts[error.offset][0]
    if error.reason == lib.CW_NAME:
        return EncodeError(f"{name}: more than {MAX_NAMES} bytes of names in one block")
    if error.reason == lib.CW_DUPLICATE_KEY:
        return EncodeError(f"{name}: the key occurs twice")
    return EncodeError(f"{name}: a string is longer than {lib.CW_STR_LENGTH} bytes")
