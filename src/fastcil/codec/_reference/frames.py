"""Frames: one of them, and writing them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from fastcil.codec._reference.arguments import Arguments, encode_any, view
from fastcil.codec._reference.reads import MISSING
from fastcil.codec._reference.typemap import TypeMap, need_types
from fastcil.codec._reference.validate import HEADER_SIZE, check_frame
from fastcil.codec.errors import EncodeError
from fastcil.codec.types import MAX_FRAME_LIMIT, FrameKind

_HEADER = struct.Struct("<IIIBBHQ")


class Frame:
    """One frame: header fields and its Arguments, over the bytes that were received.

    Two frames are equal when their bytes are.
    """

    __slots__ = ("_arguments", "_data", "_header")
    _arguments: Arguments
    _data: bytes
    _header: tuple[int, ...]

    def __init__(self) -> None:
        raise TypeError("frames come from FrameReader and Frame.from_bytes")

    @staticmethod
    def from_bytes(data: Any, /, *, max_frame: int = MAX_FRAME_LIMIT) -> Frame:
        """A frame over exactly one encoded frame. Raises WireError."""
        raw = bytes(memoryview(data))
        check_frame(raw, max_frame)
        return frame_of(raw)

    @property
    def message_id(self) -> int:
        """Number of the event or request."""
        return self._header[1]

    @property
    def epoch(self) -> int:
        """The sender's unbroken sequence; 0 when frames are not numbered."""
        return self._header[2]

    @property
    def kind(self) -> int:
        """A FrameKind number."""
        return self._header[3]

    @property
    def sequence(self) -> int:
        """Number within the epoch; 0 when frames are not numbered."""
        return self._header[6]

    @property
    def arguments(self) -> Arguments:
        """The Arguments: the same object each time. Writing to it does not change the frame."""
        return self._arguments

    def get(self, key: str, default: Any = None) -> Any:
        """The value of one key, or default."""
        return self._arguments.get(key, default)

    def get_many(self, *keys: str, default: Any = MISSING) -> tuple[Any, ...]:
        """The values of several keys as a tuple; KeyError names the first that is absent."""
        return self._arguments.get_many(*keys, default=default)

    def to_dict(self) -> dict[str, Any]:
        """frame.arguments.to_dict()."""
        return self._arguments.to_dict()

    def to_bytes(self) -> bytes:
        """The frame as it was received."""
        return self._data

    def buffer(self) -> memoryview:
        """The frame's bytes as a read-only memoryview."""
        return memoryview(self._data)

    def detach(self) -> Frame:
        """The same frame without a hold on a receive slab; here that is always the frame itself."""
        return self

    def __len__(self) -> int:
        return len(self._data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frame):
            return NotImplemented
        return self._data == other._data

    def __hash__(self) -> int:
        return hash(self._data)

    def __reduce__(self) -> tuple[object, ...]:
        return Frame.from_bytes, (self._data,)

    def __repr__(self) -> str:
        return (
            f"Frame(message_id={self.message_id}, kind={self.kind}, epoch={self.epoch}, "
            f"sequence={self.sequence}, arguments={self.arguments!r})"
        )


def frame_of(data: bytes) -> Frame:
    """The frame of validated bytes."""
    frame = Frame.__new__(Frame)
    frame._data = data
    frame._header = _HEADER.unpack_from(data)
    frame._arguments = view(data[HEADER_SIZE:])
    return frame


def _in_range(name: str, number: int, bits: int) -> int:
    if not isinstance(number, int):
        raise TypeError(f"{name} is an int, got {type(number).__name__}")
    if not 0 <= number < 1 << bits:
        raise OverflowError(f"{name}: {number} does not fit {bits} bits")
    return int(number)


def encode_frame(
    message_id: int,
    arguments: Mapping[str, object] | Arguments | None = None,
    *,
    kind: int = FrameKind.EVENT,
    epoch: int = 0,
    sequence: int = 0,
    max_frame: int = MAX_FRAME_LIMIT,
    types: TypeMap | None = None,
) -> bytes:
    """One frame as bytes: header and Arguments block (docs/wire-format.md).

    types: which numbers of a mapping have another type than the one that follows from their value;
    Arguments have theirs. Raises EncodeError when a limit is passed, OverflowError for a header
    field that does not fit, ValueError for an unknown kind; OverflowError and TypeError as
    Arguments.set does.
    """
    numbers = _in_range("message_id", message_id, 32), _in_range("epoch", epoch, 32)
    _in_range("sequence", sequence, 64)
    need_types(types)
    block = encode_any(arguments, types)
    size = HEADER_SIZE + len(block)
    if size > max_frame:
        raise EncodeError(f"the frame has {size} bytes, at most {max_frame} are allowed")
    if not FrameKind.EVENT <= kind <= FrameKind.CLOSE:
        raise ValueError(f"kind is a FrameKind, got {kind}")
    return _HEADER.pack(size, *numbers, kind, 0, 0, sequence) + block


class FrameWriter:
    """Collects frames. With an epoch other than 0 it numbers its events, from sequence + 1 on."""

    def __init__(
        self, *, epoch: int = 0, sequence: int = 0, max_frame: int = MAX_FRAME_LIMIT
    ) -> None:
        self._epoch = _in_range("epoch", epoch, 32)
        self._sequence = _in_range("sequence", sequence, 64)
        self._max_frame = max_frame
        self._parts: list[bytes] = []

    @property
    def epoch(self) -> int:
        """The epoch of the events that are written; 0 when they are not numbered."""
        return self._epoch

    @property
    def sequence(self) -> int:
        """The number of the last event."""
        return self._sequence

    @property
    def size(self) -> int:
        """Bytes collected."""
        return sum(map(len, self._parts))

    def write(
        self,
        message_id: int,
        arguments: Mapping[str, object] | Arguments | None = None,
        kind: int = FrameKind.EVENT,
    ) -> None:
        """Appends a frame; an EVENT takes the next number when the writer has an epoch.

        Raises what encode_frame raises; nothing is appended or counted then.
        """
        frame = encode_frame(message_id, arguments, kind=kind, max_frame=self._max_frame)
        self._parts.append(self._numbered(frame) if kind == FrameKind.EVENT else frame)

    def forward(self, frame: Frame) -> None:
        """Appends a received frame as it is.

        An EVENT takes this writer's epoch and next number when the writer has an epoch: a numbered
        stream has no gaps. All other bytes stay.
        """
        if not isinstance(frame, Frame):
            raise TypeError(f"expected a Frame, got {type(frame).__name__}")
        data = frame.to_bytes()
        self._parts.append(self._numbered(data) if frame.kind == FrameKind.EVENT else data)

    def _numbered(self, data: bytes) -> bytes:
        """An EVENT's frame with the epoch and the next number, when this writer has an epoch."""
        if self._epoch == 0:
            return data
        self._sequence += 1
        return (
            data[:8]
            + struct.pack("<I", self._epoch)
            + data[12:16]
            + struct.pack("<Q", self._sequence)
            + data[HEADER_SIZE:]
        )

    def take(self) -> bytes:
        """Everything collected, as bytes; the writer is empty afterwards and goes on counting."""
        data = b"".join(self._parts)
        self._parts = []
        return data
