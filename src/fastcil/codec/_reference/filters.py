"""Message filters: running a program on a frame (docs/filter-program.md, section 2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from fastcil.codec._reference.arguments import Arguments, encode_any, view
from fastcil.codec._reference.filter_text import NAMED, NEGATED, Op, parse, write_program
from fastcil.codec._reference.frames import Frame
from fastcil.codec._reference.reads import Entry
from fastcil.codec._reference.text import fold
from fastcil.codec.types import ArgType

_INTEGERS = (ArgType.INT, ArgType.UINT, ArgType.SHORT, ArgType.USHORT)


class MessageFilter:
    """A compiled message filter, as SetMessageFilter takes it: keys with values, AND-ed by `;`.

    `MessageFilter("MessageID=30; AgentID=10*")`. The values of a key are ORed, also when the key is
    given again; docs/filter-program.md has the whole grammar. Raises FilterError with the column of
    what is wrong. Source: CTI OS Developer Guide, Session object, notes on message filters.
    """

    __slots__ = ("_program", "_text")

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a filter is str, got {type(text).__name__}")
        self._text = text
        self._program = write_program(parse(text))

    @property
    def text(self) -> str:
        """The filter as it was given."""
        return self._text

    @property
    def program(self) -> bytes:
        """What the text was compiled to (docs/filter-program.md)."""
        return self._program

    def matches(self, frame: Frame) -> bool:
        """Whether a frame passes."""
        if not isinstance(frame, Frame):
            raise TypeError(f"expected a Frame, got {type(frame).__name__}")
        # The frame's own bytes count, whatever was written to its Arguments meanwhile.
        return _run(self._program, frame.message_id, view(frame.to_bytes()[24:]))

    def matches_arguments(
        self, message_id: int, arguments: Mapping[str, Any] | Arguments | None
    ) -> bool:
        """Whether an event passes that is no frame."""
        return _run(self._program, message_id, view(encode_any(arguments)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MessageFilter):
            return NotImplemented
        return self._program == other._program

    def __hash__(self) -> int:
        return hash(self._program)

    def __reduce__(self) -> tuple[object, ...]:
        return MessageFilter, (self._text,)

    def __repr__(self) -> str:
        return f"MessageFilter({self._text!r})"


def _run(program: bytes, message_id: int, arguments: Arguments) -> bool:
    (count,) = struct.unpack_from("<H", program, 12)
    at = 16
    for _ in range(count):
        (size,) = struct.unpack_from("<I", program, at)
        if not _term_is_true(program[at : at + size], message_id, arguments):
            return False
        at += size
    return True


def _term_is_true(term: bytes, message_id: int, arguments: Arguments) -> bool:
    key, count, name_size, flags = struct.unpack_from("<HHHH", term, 4)
    if key == 0:
        entry: Entry | None = Entry("MessageID", ArgType.UINT, message_id)
    else:
        entry = arguments._table.get(term[16 : 16 + name_size].decode() if key == NAMED else key)
    values = _values(term, 16 + (name_size + 7) // 8 * 8, count)
    found = any(_value_is_true(*value, message_id, entry) for value in values)
    return found != bool(flags & NEGATED)


def _values(term: bytes, at: int, count: int) -> Iterator[tuple[Op, bytes, int | None]]:
    for _ in range(count):
        size, op, known, text_size, number = struct.unpack_from("<IBBHq", term, at)
        yield Op(op), term[at + 16 : at + 16 + text_size], number if known else None
        at += size


def _value_is_true(
    op: Op, raw: bytes, number: int | None, message_id: int, entry: Entry | None
) -> bool:
    if op is Op.EVENT:
        return message_id == number
    if entry is None:
        return False
    if op is Op.ANY:
        return True
    if entry.type is ArgType.STRING:
        text = entry.value.encode("utf-8", "surrogateescape")
        return bool(text == raw if op is Op.EXACT else text.startswith(raw))
    if entry.type in _INTEGERS:
        if op is Op.EXACT:
            return number is not None and number == entry.value
        return str(entry.value).encode().startswith(raw)
    if entry.type is ArgType.BOOL:
        words = ("1", "true") if entry.value else ("0", "false")
        wanted = fold(raw.decode())
        if op is Op.EXACT:
            return wanted in words
        return any(word.startswith(wanted) for word in words)
    return False
