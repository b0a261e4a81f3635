"""Streams: chunks in, frames out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastcil.codec._reference.frames import Frame, frame_of
from fastcil.codec._reference.text import KEYWORD_COUNT, MAX_KEYWORD_ID
from fastcil.codec._reference.validate import FRAME_MIN, check_frame, frame_length
from fastcil.codec.errors import Reason, TruncatedError, WireError
from fastcil.codec.types import MAX_FRAME_DEFAULT, MAX_FRAME_LIMIT

READ_SIZE = 65536


class FrameReader:
    """Chunks in, frames out, however the stream is cut.

    A bad frame raises WireError after the frames before it were yielded, and again at every later
    call: a stream is never resynchronised. The error's offset counts from the start of the frame,
    its stream_offset says where in the stream the frame starts.
    """

    def __init__(
        self, max_frame: int = MAX_FRAME_DEFAULT, *, keyword_count: int = KEYWORD_COUNT
    ) -> None:
        """max_frame: the largest frame taken. keyword_count: as negotiated; the table's by default.

        Raises ValueError when max_frame is not 32 to 64 MiB or keyword_count not 0 to 32,767.
        """
        if not FRAME_MIN <= max_frame <= MAX_FRAME_LIMIT:
            raise ValueError(f"max_frame is {FRAME_MIN}..{MAX_FRAME_LIMIT}, got {max_frame}")
        if not 0 <= keyword_count <= MAX_KEYWORD_ID:
            raise ValueError(f"keyword_count is 0..{MAX_KEYWORD_ID}, got {keyword_count}")
        self._max_frame = max_frame
        self._keyword_count = keyword_count
        self._data = b""
        self._room: bytearray | None = None
        self._bytes_received = 0
        self._frames_received = 0
        self._error: WireError | None = None

    def feed(self, data: Any) -> Iterator[Frame]:
        """Takes the next chunk and returns an iterator over the whole frames now there.

        Frames not taken stay and come first next time. Raises WireError after a bad frame.
        """
        if self._error is not None:
            raise self._error
        chunk = bytes(memoryview(data))
        self._room = None
        self._data += chunk
        self._bytes_received += len(chunk)
        return self

    def get_buffer(self, sizehint: int = -1) -> memoryview:
        """Room to receive into, for asyncio.BufferedProtocol and recv_into.

        At least sizehint bytes, up to 64 MiB. What is written to it after the next call of
        get_buffer(), buffer_updated() or feed() is lost. Raises WireError after a bad frame.
        """
        if self._error is not None:
            raise self._error
        self._room = bytearray(max(READ_SIZE, min(sizehint, MAX_FRAME_LIMIT)))
        return memoryview(self._room)

    def buffer_updated(self, nbytes: int) -> Iterator[Frame]:
        """Takes nbytes received into get_buffer(); returns the same iterator as feed().

        Raises ValueError for more bytes than were offered.
        """
        if self._error is not None:
            raise self._error
        room = self._room
        if room is None or not 0 <= nbytes <= len(room):
            raise ValueError(f"buffer_updated: {nbytes} bytes were not offered by get_buffer")
        return self.feed(bytes(room[:nbytes]))

    def __iter__(self) -> FrameReader:
        return self

    def __next__(self) -> Frame:
        if self._error is not None:
            raise self._error
        if len(self._data) < 4:
            raise StopIteration
        try:
            length = frame_length(self._data, self._max_frame)
            if length > len(self._data):
                raise StopIteration
            raw = self._data[:length]
            check_frame(raw, self._max_frame, self._keyword_count)
        except WireError as error:
            error.stream_offset = self._bytes_received - self.pending
            self._error = error
            raise
        self._data = self._data[length:]
        self._frames_received += 1
        return frame_of(raw)

    @property
    def pending(self) -> int:
        """Bytes received that no yielded frame holds."""
        return len(self._data)

    @property
    def bytes_received(self) -> int:
        """Bytes received so far."""
        return self._bytes_received

    @property
    def frames_received(self) -> int:
        """Frames yielded so far."""
        return self._frames_received

    def finish(self) -> None:
        """Says that the stream ended. TruncatedError when bytes are left that no frame holds."""
        if self._error is not None:
            raise self._error
        if self.pending:
            raise TruncatedError(
                f"the stream ended inside a frame: {self.pending} bytes are left over "
                f"(truncated at offset {self.pending})",
                reason=Reason.TRUNCATED,
                offset=self.pending,
            )
