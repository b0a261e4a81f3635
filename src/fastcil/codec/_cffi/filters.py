"""Message filters: compiled and run by the C core (docs/filter-program.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.codec._cffi._core import ffi, lib, open_block, pointer_to
from fastcil.codec._cffi.arguments import Arguments, encode_block
from fastcil.codec._cffi.frames import Frame
from fastcil.codec.errors import FilterError


class MessageFilter:
    """A compiled message filter, as SetMessageFilter takes it: keys with values, AND-ed by `;`.

    Raises FilterError with the column of the fault. Source: CTI OS Developer Guide, Session object,
    message filters.
    """

    __slots__ = ("_program", "_text")

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a filter is str, got {type(text).__name__}")
        self._text = text
        raw = text.encode("utf-8", "surrogatepass")  # surrogates are no UTF-8: an error there
        error = ffi.new("cw_filter_error *")
        size = lib.cw_filter_compile(raw, len(raw), ffi.NULL, 0, error)
        if not size:
            column = len(raw[: error.column - 1].decode()) + 1
            message = ffi.string(error.message).decode("utf-8", "replace")
            raise FilterError(message, column=column, text=text)
        out = ffi.new("uint8_t[]", size)
        lib.cw_filter_compile(raw, len(raw), out, size, error)
        self._program = bytes(ffi.buffer(out)[:])

    @property
    def text(self) -> str:
        """The filter as it was given."""
        return self._text

    @property
    def program(self) -> bytes:
        """What the text was compiled to (docs/filter-program.md)."""
        return self._program

    def matches(self, frame: Frame) -> bool:
        """Whether a frame passes; runs on the frame's bytes."""
        if not isinstance(frame, Frame):
            raise TypeError(f"expected a Frame, got {type(frame).__name__}")
        return bool(lib.cw_filter_match(self._program, len(self._program), frame._p))

    def matches_arguments(
        self, message_id: int, arguments: Mapping[str, Any] | Arguments | None
    ) -> bool:
        """Whether an event passes that is no frame."""
        raw = encode_block(arguments)
        block = open_block(pointer_to(raw))
        return bool(lib.cw_filter_match_block(self._program, len(self._program), message_id, block))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MessageFilter):
            return NotImplemented
        return self._program == other._program

    def __hash__(self) -> int:
        return hash(self._program)

    def __reduce__(self) -> tuple[Any, ...]:
        return MessageFilter, (self._text,)

    def __repr__(self) -> str:
        return f"MessageFilter({self._text!r})"
