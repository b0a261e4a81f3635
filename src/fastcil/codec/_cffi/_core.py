"""The compiled C core, and the few things every file of this backend does with it.

A view is a pointer into bytes that somebody owns: every pointer kept in a Python object is kept
together with its owner, a bytes object or a slab, since cffi's pointers do not hold the memory they
point to.
"""

from __future__ import annotations

from typing import Any, Union

from fastcil.codec import _cilwire_cffi
from fastcil.codec.errors import Reason, TruncatedError, WireError
from fastcil.codec.types import ArgType

lib: Any = _cilwire_cffi.lib
ffi: Any = _cilwire_cffi.ffi

if lib.cw_abi_version() != lib.CW_ABI_VERSION:  # pragma: no cover - a stale build
    raise ImportError("fastcil.codec._cilwire_cffi was built from another version of the C core")

KEYWORDS: int = lib.cw_keyword_total()
HEADER_SIZE: int = lib.CW_HEADER_SIZE

Pointer = Any  # cffi's `uint8_t *`
Block = Any  # cffi's `cw_block *`
Owner = object  # what keeps a pointer's memory: bytes or a slab
Scalar = Union[None, bool, int, str]

_NUMBERS = {int(kind): kind for kind in ArgType}


def text_of(p: Pointer, length: int, flags: int) -> str:
    """A string of the wire; bytes that are not UTF-8 become lone surrogates."""
    raw: bytes = ffi.buffer(p, length)[:]
    return raw.decode("utf-8", "surrogateescape" if flags & lib.CW_STR_OPAQUE else "strict")


def pointer_to(data: bytes) -> Pointer:
    """A pointer to the bytes themselves; they are not copied."""
    return ffi.from_buffer("uint8_t[]", data)


def span(p: Pointer, length: int, owner: Owner) -> memoryview:
    """A read-only memoryview of a part of what owner keeps; it holds the owner."""
    if type(owner) is bytes:
        base, whole = pointer_to(owner), memoryview(owner)
    else:
        base, whole = owner, memoryview(ffi.buffer(owner)).toreadonly()
    start = int(ffi.cast("uintptr_t", p)) - int(ffi.cast("uintptr_t", base))
    return whole[start : start + length]


def open_block(p: Pointer) -> Block:
    """A validated block, opened."""
    block = ffi.new("cw_block *")
    lib.cw_block_open(p, block)
    return block


def find(block: Block, key: str) -> int:
    """Index of an entry by key, -1 when absent."""
    try:
        raw = key.encode()
    except UnicodeEncodeError:
        return -1
    found: int = lib.cw_find_key(block, raw, len(raw))
    return found


def key_text(block: Block, index: int) -> str:
    """The spelling of an entry's key."""
    scratch, length = ffi.new("char[8]"), ffi.new("uint32_t *")
    text = lib.cw_key_text(block, index, scratch, length)
    return text_of(text, length[0], 0)


def scalar(entry: Any) -> Scalar:
    """The Python value of an entry that is no ARGUMENTS."""
    kind: int = entry.type
    if kind == ArgType.STRING:
        return text_of(entry.data, entry.length, entry.flags)
    if kind == ArgType.NOTSET:
        return None
    number: int = entry.number
    return number != 0 if kind == ArgType.BOOL else number


def arg_type(number: int) -> ArgType:
    return _NUMBERS[number]


def wire_error(error: Any, what: str) -> WireError:
    """The exception for what the C core found."""
    reason = Reason(error.reason)
    word: str = ffi.string(lib.cw_reason_name(error.reason)).decode()
    kind = TruncatedError if reason is Reason.TRUNCATED else WireError
    offset: int = error.offset
    return kind(f"{what}: {word} at offset {offset}", reason=reason, offset=offset)
