"""Streams: chunks in, frames out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastcil.codec._cffi._core import KEYWORDS, ffi, lib, wire_error
from fastcil.codec._cffi.frames import Frame, frame_at
from fastcil.codec.errors import Reason, TruncatedError, WireError
from fastcil.codec.types import MAX_FRAME_DEFAULT, MAX_FRAME_LIMIT

SLAB_SIZE = 262144
READ_SIZE = 65536  # the least room that get_buffer offers


class FrameReader:
    """Chunks in, frames out, however the stream is cut.

    Received bytes are kept in slabs and validated once. A bad frame raises WireError after the
    frames before it were yielded, and again at every later call: a stream is never resynchronised.
    A slab that a frame was taken from is never written to again below that frame's end: without
    reference counts nobody knows who still looks at it.
    """

    def __init__(
        self, max_frame: int = MAX_FRAME_DEFAULT, *, keyword_count: int = KEYWORDS
    ) -> None:
        if not 32 <= max_frame <= MAX_FRAME_LIMIT:
            raise ValueError(f"max_frame is 32..{MAX_FRAME_LIMIT}, got {max_frame}")
        if not 0 <= keyword_count <= 0x7FFF:
            raise ValueError(f"keyword_count is 0..32767, got {keyword_count}")
        self._bytes_received = 0
        self._frames_received = 0
        self._max_frame = max_frame
        self._keyword_count = keyword_count
        self._shapes = ffi.new("cw_shapes *")
        lib.cw_shapes_init(self._shapes)
        self._wire = ffi.new("cw_error *")
        self._length = ffi.new("uint32_t *")
        self._error: WireError | None = None
        self._slab: Any = None
        self._capacity = 0
        self._shared = False
        self._start = self._end = 0
        self._room: bytearray | None = None

    def _reserve(self, room: int) -> None:
        """Makes at least `room` bytes free behind the data."""
        held = self._end - self._start
        if self._slab is not None:
            if not held and not self._shared:
                self._start = self._end = 0
            if self._capacity - self._end >= room:
                return
        capacity = max(SLAB_SIZE, held + room)
        fresh = ffi.new("uint8_t[]", capacity)
        if held:
            ffi.memmove(fresh, self._slab + self._start, held)
        self._slab, self._capacity, self._shared = fresh, capacity, False
        self._start, self._end = 0, held

    def _wanted(self) -> int:
        """Bytes that the frame under way still needs, so that its slab is large enough at once."""
        return max(0, self._length[0] - (self._end - self._start)) if self._peek() == 0 else 0

    def _peek(self) -> int:
        held = self._end - self._start
        if self._slab is None:
            self._length[0] = 0
            return 0
        whole: int = lib.cw_frame_peek(
            self._slab + self._start, held, self._max_frame, self._length, self._wire
        )
        return whole

    def feed(self, data: Any) -> Iterator[Frame]:
        """Takes the next chunk (copied) and returns an iterator over the whole frames now there.

        Frames not taken stay and come first next time. Raises WireError for bytes that break the
        format.
        """
        if self._error is not None:
            raise self._error
        self._room = None
        with memoryview(data) as view:
            size = view.nbytes
            if size:
                self._reserve(size)
                chunk = view if view.contiguous else view.tobytes()
                ffi.memmove(self._slab + self._end, chunk, size)
                self._received(size)
        return self

    def get_buffer(self, sizehint: int = -1) -> memoryview:
        """Room to receive into, for asyncio.BufferedProtocol and recv_into.

        What is written to it after the next call of get_buffer(), buffer_updated() or feed() is
        lost: what came is copied into the slab, where nobody can change what was checked.
        """
        if self._error is not None:
            raise self._error
        room = min(sizehint, lib.CW_FRAME_LIMIT) if sizehint > READ_SIZE else READ_SIZE
        self._room = bytearray(max(room, self._wanted()))
        return memoryview(self._room)

    def buffer_updated(self, nbytes: int) -> Iterator[Frame]:
        """Takes nbytes received into get_buffer(); returns the same iterator as feed()."""
        if self._error is not None:
            raise self._error
        room = self._room
        if room is None or not 0 <= nbytes <= len(room):
            raise ValueError(f"buffer_updated: {nbytes} bytes were not offered by get_buffer")
        with memoryview(room) as view:
            return self.feed(view[:nbytes])

    def _received(self, size: int) -> None:
        self._end += size
        self._bytes_received += size

    def __iter__(self) -> FrameReader:
        return self

    def __next__(self) -> Frame:
        if self._error is not None:
            raise self._error
        whole = self._peek()
        if whole == 0:
            raise StopIteration
        p = self._slab + self._start
        length: int = self._length[0]
        if whole < 0 or (
            lib.cw_frame_validate(
                p, length, self._max_frame, self._keyword_count, self._shapes, self._wire
            )
            < 0
        ):
            self._error = wire_error(self._wire, "frame")
            self._error.stream_offset = self._bytes_received - self.pending
            raise self._error
        self._start += length
        self._shared = True
        self._frames_received += 1
        return frame_at(p, self._slab)

    @property
    def bytes_received(self) -> int:
        """Bytes taken so far."""
        return self._bytes_received

    @property
    def frames_received(self) -> int:
        """Frames yielded so far."""
        return self._frames_received

    @property
    def pending(self) -> int:
        """Bytes received that no yielded frame holds."""
        return self._end - self._start

    def finish(self) -> None:
        """Says that the stream ended; TruncatedError when it ended inside a frame."""
        if self._error is not None:
            raise self._error
        if self.pending:
            raise TruncatedError(
                f"the stream ended inside a frame: {self.pending} bytes are left over",
                reason=Reason.TRUNCATED,
                offset=self.pending,
            )
