"""Errors of the codec: who broke what is the type.

WireError: the peer's bytes break docs/wire-format.md. EncodeError, ConversionError, FilterError:
the caller asked for something that cannot be. All of them are FastcilError and ValueError.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "ConversionError",
    "EncodeError",
    "FastcilError",
    "FilterError",
    "Reason",
    "TruncatedError",
    "WireError",
]


class Reason(IntEnum):
    """Why bytes are no frame (docs/wire-format.md, section 6)."""

    TRUNCATED = 1
    FRAME_LENGTH = 2
    FRAME_KIND = 3
    RESERVED = 4
    BLOCK_SIZE = 5
    COUNT = 6
    KEY = 7
    NAME = 8
    DUPLICATE_KEY = 9
    TYPE = 10
    VALUE = 11
    STRING = 12
    STRING_FLAGS = 13
    CHILD = 14
    DEPTH = 15


class FastcilError(Exception):
    """Root of every error that fastcil defines."""


class WireError(FastcilError, ValueError):
    """Bytes from a peer break the wire format.

    offset counts from the start of the frame (of the block where a block was given). stream_offset
    is where the frame starts in the stream, for errors that a FrameReader raises; None for others.
    """

    def __init__(self, message: str, *, reason: Reason, offset: int) -> None:
        super().__init__(message)
        self.reason = reason
        self.offset = offset
        self.stream_offset: int | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return _restore_wire_error, (
            type(self),
            str(self),
            self.reason,
            self.offset,
            self.stream_offset,
        )


class TruncatedError(WireError):
    """The bytes end inside a frame or block."""


class EncodeError(FastcilError, ValueError):
    """A key, text or structure cannot be sent; the message names the key and the limit."""


class ConversionError(FastcilError, ValueError):
    """A value cannot be read as the type asked for."""


class FilterError(FastcilError, ValueError):
    """A message filter is wrong; column (from 1) says where in text."""

    def __init__(self, message: str, *, column: int, text: str) -> None:
        super().__init__(message)
        self.column = column
        self.text = text

    def __reduce__(self) -> tuple[object, ...]:
        return _restore_filter_error, (str(self), self.column, self.text)


def _restore_wire_error(
    kind: type[WireError], message: str, reason: Reason, offset: int, stream_offset: int | None
) -> WireError:
    error = kind(message, reason=reason, offset=offset)
    error.stream_offset = stream_offset
    return error


def _restore_filter_error(message: str, column: int, text: str) -> FilterError:
    return FilterError(message, column=column, text=text)
