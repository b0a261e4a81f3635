"""One frame, and writing frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.codec._cffi._core import (
    HEADER_SIZE,
    KEYWORDS,
    Owner,
    Pointer,
    ffi,
    lib,
    pointer_to,
    span,
    wire_error,
)
from fastcil.codec._cffi.arguments import Arguments, encode_block, view_of
from fastcil.codec._reference.typemap import TypeMap, need_types
from fastcil.codec.errors import EncodeError
from fastcil.codec.types import MAX_FRAME_LIMIT, FrameKind

_MISSING: Any = object()


class Frame:
    """One received frame: header fields and its Arguments, as a view of the receive slab.

    The slab stays in memory as long as the frame or a view of it does; detach() makes a frame with
    bytes of its own.
    """

    __slots__ = ("_arguments", "_header", "_owner", "_p")
    _p: Pointer
    _owner: Owner
    _header: Any
    _arguments: Arguments | None

    def __init__(self) -> None:
        raise TypeError("frames come from FrameReader and Frame.from_bytes")

    @staticmethod
    def from_bytes(data: Any, /, *, max_frame: int = MAX_FRAME_LIMIT) -> Frame:
        """A frame over one encoded frame; bytes are kept, others copied. Raises WireError."""
        owner = data if type(data) is bytes else bytes(memoryview(data))
        p, error = pointer_to(owner), ffi.new("cw_error *")
        if lib.cw_frame_validate(p, len(owner), max_frame, KEYWORDS, ffi.NULL, error) < 0:
            raise wire_error(error, "frame")
        return frame_at(p, owner)

    @property
    def message_id(self) -> int:
        """Number of the event or request."""
        return self._header.message_id  # type: ignore[no-any-return]

    @property
    def epoch(self) -> int:
        """The sender's unbroken sequence; 0 when frames are not numbered."""
        return self._header.epoch  # type: ignore[no-any-return]

    @property
    def kind(self) -> int:
        """A FrameKind number."""
        return self._header.kind  # type: ignore[no-any-return]

    @property
    def sequence(self) -> int:
        """Number within the epoch; 0 when frames are not numbered."""
        return self._header.sequence  # type: ignore[no-any-return]

    @property
    def arguments(self) -> Arguments:
        """The Arguments: the same object each time."""
        if self._arguments is None:
            self._arguments = view_of(self._p + HEADER_SIZE, self._owner)
        return self._arguments

    def get_many(self, *keys: str, default: Any = _MISSING) -> tuple[Any, ...]:
        """The values of several keys as a tuple; KeyError names the first that is absent."""
        if default is _MISSING:
            return self.arguments.get_many(*keys)
        return self.arguments.get_many(*keys, default=default)

    def to_dict(self) -> dict[str, Any]:
        """frame.arguments.to_dict()."""
        return self.arguments.to_dict()

    def get(self, key: str, default: Any = None) -> Any:
        """The value of one key, or default."""
        return self.arguments.get(key, default)

    def to_bytes(self) -> bytes:
        """The frame as it was received."""
        if type(self._owner) is bytes and len(self._owner) == len(self):
            return self._owner
        return bytes(ffi.buffer(self._p, len(self))[:])

    def buffer(self) -> memoryview:
        """The frame's bytes as a read-only memoryview, without a copy where Python allows that."""
        return span(self._p, len(self), self._owner)

    def detach(self) -> Frame:
        """The same frame without a hold on the receive slab."""
        if type(self._owner) is bytes:
            return self
        owner = self.to_bytes()
        return frame_at(pointer_to(owner), owner)

    def __len__(self) -> int:
        return self._header.length  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frame):
            return NotImplemented
        return self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __reduce__(self) -> tuple[Any, ...]:
        return Frame.from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return (
            f"Frame(message_id={self.message_id}, kind={self.kind}, epoch={self.epoch}, "
            f"sequence={self.sequence}, arguments={self.arguments!r})"
        )


def frame_at(p: Pointer, owner: Owner) -> Frame:
    """The validated frame at a place inside what owner keeps."""
    frame = Frame.__new__(Frame)
    frame._p = p
    frame._owner = owner
    frame._arguments = None
    frame._header = ffi.new("cw_header *")
    lib.cw_frame_header(p, frame._header)
    return frame


def _write_header(
    out: Any, size: int, message_id: int, kind: int, epoch: int, sequence: int, max_frame: int
) -> None:
    if size > max_frame:
        raise EncodeError(f"the frame has {size} bytes, at most {max_frame} are allowed")
    if not 1 <= kind <= 8:
        raise ValueError(f"kind is a FrameKind, got {kind!r}")
    header = ffi.new("cw_header *")
    header.length = size
    header.message_id = message_id
    header.epoch = epoch
    header.kind = kind
    header.sequence = sequence
    lib.cw_frame_write_header(out, header)


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
    Arguments have theirs. Raises EncodeError when a limit is passed, OverflowError and TypeError
    as Arguments.set does.
    """
    need_types(types)
    block = encode_block(arguments, types)
    header = ffi.new("uint8_t[]", HEADER_SIZE)
    _write_header(header, HEADER_SIZE + len(block), message_id, kind, epoch, sequence, max_frame)
    return bytes(ffi.buffer(header)[:]) + block


class FrameWriter:
    """Collects frames, numbering events when it has an epoch."""

    def __init__(
        self, *, epoch: int = 0, sequence: int = 0, max_frame: int = MAX_FRAME_LIMIT
    ) -> None:
        self.epoch = epoch
        self.sequence = sequence
        self._max_frame = max_frame
        self._parts: list[bytes] = []
        self._size = 0

    def write(
        self,
        message_id: int,
        arguments: Mapping[str, object] | Arguments | None = None,
        kind: int = FrameKind.EVENT,
    ) -> None:
        """Appends a frame; an EVENT gets the next sequence number when the writer has an epoch."""
        frame = encode_frame(message_id, arguments, kind=kind, max_frame=self._max_frame)
        self._append(self._numbered(frame, message_id) if kind == FrameKind.EVENT else frame)

    def forward(self, frame: Frame) -> None:
        """Appends a received frame as it is, but for epoch and sequence when the writer numbers."""
        if not isinstance(frame, Frame):
            raise TypeError(f"expected a Frame, got {type(frame).__name__}")
        data, event = frame.to_bytes(), frame.kind == FrameKind.EVENT
        self._append(self._numbered(data, frame.message_id) if event else data)

    def _numbered(self, data: bytes, message_id: int) -> bytes:
        """An EVENT's frame with the epoch and the next number, when this writer has an epoch."""
        if not self.epoch:
            return data
        self.sequence += 1
        header = ffi.new("uint8_t[]", HEADER_SIZE)
        numbers = (FrameKind.EVENT, self.epoch, self.sequence, MAX_FRAME_LIMIT)
        _write_header(header, len(data), message_id, *numbers)
        return bytes(ffi.buffer(header)[:]) + data[HEADER_SIZE:]

    def take(self) -> bytes:
        """Everything collected, as bytes; the writer is empty afterwards."""
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return data

    @property
    def size(self) -> int:
        """Bytes collected."""
        return self._size

    def _append(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
