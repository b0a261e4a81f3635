"""Checking frames and blocks: every rule of docs/wire-format.md, sections 1 to 3, in its order."""

from __future__ import annotations

import struct

from fastcil.codec._reference.text import (
    KEYWORD_COUNT,
    fold,
    hash_number,
    is_utf8,
    keyword_id,
    text_flags,
)
from fastcil.codec.errors import Reason, TruncatedError, WireError
from fastcil.codec.types import MAX_DEPTH, MAX_ENTRIES, MAX_NAME, ArgType, FrameKind

HEADER_SIZE = 24
FRAME_MIN = 32
LENGTH_MASK = 0x3FFFFFFF
FLAGS_MASK = 0xC0000000

# Bits of the value that each type may use (section 2.2).
_VALUE_BITS = {
    ArgType.NOTSET: 0,
    ArgType.INT: 0xFFFFFFFF,
    ArgType.UINT: 0xFFFFFFFF,
    ArgType.SHORT: 0xFFFF,
    ArgType.USHORT: 0xFFFF,
    ArgType.BOOL: 1,
}


def fail(what: str, reason: Reason, offset: int) -> WireError:
    """The exception for a broken rule."""
    word = reason.name.lower().replace("_", "-")
    kind = TruncatedError if reason is Reason.TRUNCATED else WireError
    return kind(f"{what} ({word} at offset {offset})", reason=reason, offset=offset)


def pad8(size: int) -> int:
    """The next multiple of 8."""
    return (size + 7) // 8 * 8


def frame_length(data: bytes, max_frame: int) -> int:
    """The length that a frame's first four bytes announce; WireError when it cannot be one."""
    length: int = struct.unpack_from("<I", data)[0]
    if length < FRAME_MIN or length % 8 or length > max_frame:
        raise fail(
            f"expected a frame length of {FRAME_MIN}..{max_frame}, a multiple of 8, got {length}",
            Reason.FRAME_LENGTH,
            0,
        )
    return length


def check_frame(data: bytes, max_frame: int, keyword_count: int = KEYWORD_COUNT) -> None:
    """Checks exactly one frame. Raises WireError; TruncatedError when bytes are missing."""
    if len(data) < 4 or frame_length(data, max_frame) > len(data):
        raise fail(f"expected a frame, got {len(data)} bytes", Reason.TRUNCATED, len(data))
    if frame_length(data, max_frame) != len(data):
        raise fail(f"expected one frame, got {len(data)} bytes", Reason.FRAME_LENGTH, 0)
    kind, reserved8, reserved16 = struct.unpack_from("<BBH", data, 12)
    if not FrameKind.EVENT <= kind <= FrameKind.CLOSE:
        raise fail(f"expected a frame kind of 1..8, got {kind}", Reason.FRAME_KIND, 12)
    if reserved8:
        raise fail(f"expected 0 in a reserved field, got {reserved8}", Reason.RESERVED, 13)
    if reserved16:
        raise fail(f"expected 0 in a reserved field, got {reserved16}", Reason.RESERVED, 14)
    _Block(data, HEADER_SIZE, len(data) - HEADER_SIZE, keyword_count).check(1)


def check_block(data: bytes, keyword_count: int = KEYWORD_COUNT) -> None:
    """Checks exactly one block. Raises WireError; TruncatedError when bytes are missing."""
    _Block(data, 0, len(data), keyword_count).check(1)


class _Block:
    """One block under check: where it starts in data, and the bytes there are for it.

    The places below are indexes into data; check_sizes() finds them.
    """

    size: int
    count: int
    named: int
    end: int
    keys: int
    name_ends: int
    types: int
    names: int
    names_size: int
    values: int

    def __init__(self, data: bytes, start: int, space: int, keyword_count: int) -> None:
        self.data = data
        self.start = start
        self.space = space
        self.keyword_count = keyword_count

    def check(self, depth: int) -> None:
        self.check_sizes()
        self.check_keys()
        self.check_names()
        self.check_padding(self.names + self.names_size, self.values)
        self.check_types_and_values()
        heap_end: int = self.check_strings()
        first_child = self.start + pad8(heap_end - self.start)
        if first_child > self.end:
            raise fail("the strings' padding does not fit", Reason.BLOCK_SIZE, self.start)
        self.check_padding(heap_end, first_child)
        end = self.check_children(first_child, depth)
        if end != self.end:
            raise fail(
                f"expected a block of {end - self.start} bytes, got {self.size}",
                Reason.BLOCK_SIZE,
                self.start,
            )

    def check_sizes(self) -> None:
        """Do size, count and named agree with the space, and the fixed parts fit?"""
        start = self.start
        if self.space < 8:
            raise fail(f"expected a block, got {self.space} bytes", Reason.TRUNCATED, start)
        self.size, self.count, self.named = struct.unpack_from("<IHH", self.data, start)
        if self.size < 8 or self.size % 8:
            raise fail(
                f"expected a block size of at least 8, a multiple of 8, got {self.size}",
                Reason.BLOCK_SIZE,
                start,
            )
        if self.size != self.space:
            reason = Reason.TRUNCATED if self.size > self.space else Reason.BLOCK_SIZE
            raise fail(f"expected a block of {self.space} bytes, got {self.size}", reason, start)
        if self.count > MAX_ENTRIES:
            raise fail(
                f"expected at most {MAX_ENTRIES} entries, got {self.count}", Reason.COUNT, start + 4
            )
        if self.named > self.count:
            raise fail(
                f"expected at most {self.count} names, got {self.named}", Reason.COUNT, start + 6
            )
        self.end = start + self.size
        self.keys = start + 8
        self.name_ends = self.keys + 2 * self.count
        self.types = self.name_ends + 2 * self.named
        self.names = self.types + self.count
        if self.names > self.end:
            raise fail("keys and types do not fit the block", Reason.BLOCK_SIZE, start)
        ends = self.name_end_numbers()
        self.names_size = ends[-1] if ends else 0
        self.values = start + pad8(self.names + self.names_size - start)
        if self.values + 8 * self.count > self.end:
            raise fail("names and values do not fit the block", Reason.BLOCK_SIZE, start)

    def key_numbers(self) -> tuple[int, ...]:
        return struct.unpack_from(f"<{self.count}H", self.data, self.keys)

    def name_end_numbers(self) -> tuple[int, ...]:
        return struct.unpack_from(f"<{self.named}H", self.data, self.name_ends)

    def check_keys(self) -> None:
        seen: set[int] = set()
        for i, key in enumerate(self.key_numbers()):
            offset = self.keys + 2 * i
            if key == 0:
                raise fail("expected a key, got 0", Reason.KEY, offset)
            if key >= 0x8000 and key - 0x8000 >= self.named:
                raise fail(
                    f"expected a name below {self.named}, got {key - 0x8000}", Reason.KEY, offset
                )
            if key in seen:
                reason = Reason.KEY if key >= 0x8000 else Reason.DUPLICATE_KEY
                raise fail(f"key {key} occurs twice", reason, offset)
            seen.add(key)
        used = sum(key >= 0x8000 for key in seen)
        if used != self.named:
            raise fail(
                f"expected {self.named} names in use, got {used}", Reason.KEY, self.start + 6
            )

    def check_names(self) -> None:
        ids = self.key_numbers()
        begin, previous = 0, (0, "")
        for rank, end in enumerate(self.name_end_numbers()):
            offset = self.name_ends + 2 * rank
            if not 1 <= end - begin <= MAX_NAME or end > self.names_size:
                raise fail(
                    f"expected a name of 1..{MAX_NAME} bytes, got {end - begin}",
                    Reason.NAME,
                    offset,
                )
            offset = self.names + begin
            raw = self.data[offset : self.names + end]
            if not is_utf8(raw):
                raise fail("a name is not UTF-8", Reason.NAME, offset)
            name = raw.decode()
            if name[0] in " \t\n\v\f\r" or name[-1] in " \t\n\v\f\r":
                raise fail("a name has white space at an end", Reason.NAME, offset)
            order = (len(raw), fold(name))
            if order <= previous:
                raise fail("names are not in order", Reason.NAME, offset)
            known = keyword_id(name)
            if 0 < known <= self.keyword_count and not name.startswith("#"):
                raise fail("a keyword travels as a name", Reason.NAME, offset)
            if hash_number(name) > self.keyword_count:
                raise fail("a keyword id travels as a name", Reason.NAME, offset)
            if known and known in ids:
                raise fail(f"key {known} occurs twice", Reason.DUPLICATE_KEY, offset)
            begin, previous = end, order

    def check_padding(self, begin: int, end: int) -> None:
        for offset in range(begin, end):
            if self.data[offset]:
                raise fail("padding is not 0", Reason.RESERVED, offset)

    def value(self, i: int) -> int:
        number: int = struct.unpack_from("<Q", self.data, self.values + 8 * i)[0]
        return number

    def check_types_and_values(self) -> None:
        for i in range(self.count):
            kind = self.data[self.types + i]
            if kind > ArgType.ARGUMENTS:
                raise fail(f"expected a type of 0..7, got {kind}", Reason.TYPE, self.types + i)
            bits = _VALUE_BITS.get(ArgType(kind))
            if bits is not None and self.value(i) & ~bits:
                raise fail(
                    f"{self.value(i):#x} is no {ArgType(kind).name}",
                    Reason.VALUE,
                    self.values + 8 * i,
                )

    def check_strings(self) -> int:
        """Returns where the last string ends."""
        cursor = self.values + 8 * self.count
        for i in range(self.count):
            if self.data[self.types + i] != ArgType.STRING:
                continue
            value, offset = self.value(i), self.values + 8 * i
            at = value & 0xFFFFFFFF
            length: int = value >> 32 & LENGTH_MASK
            if at != cursor - self.start or length > self.end - cursor:
                raise fail(
                    f"expected a string at {cursor - self.start} that fits, "
                    f"got {length} bytes at {at}",
                    Reason.STRING,
                    offset,
                )
            flags = text_flags(self.data[cursor : cursor + length])
            if value >> 32 & FLAGS_MASK != flags:
                raise fail("the string's flags are wrong", Reason.STRING_FLAGS, offset)
            cursor += length
        return cursor

    def check_children(self, cursor: int, depth: int) -> int:
        """Returns where the last child ends."""
        for i in range(self.count):
            if self.data[self.types + i] != ArgType.ARGUMENTS:
                continue
            value, offset = self.value(i), self.values + 8 * i
            at, size = value & 0xFFFFFFFF, value >> 32
            if (
                at != cursor - self.start
                or not 8 <= size <= self.end - cursor
                or struct.unpack_from("<I", self.data, cursor)[0] != size
            ):
                raise fail(
                    f"expected a block at {cursor - self.start} that fits, "
                    f"got {size} bytes at {at}",
                    Reason.CHILD,
                    offset,
                )
            if depth == MAX_DEPTH:
                raise fail(f"nested deeper than {MAX_DEPTH}", Reason.DEPTH, offset)
            _Block(self.data, cursor, size, self.keyword_count).check(depth + 1)
            cursor += size
        return cursor
