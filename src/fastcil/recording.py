"""Recorded event streams: files of frames with the time of each (docs/wire-format.md, section 8).

A recording is written and read as a stream: neither side ever holds more than one frame. The frames
in it are the bytes that came over the wire, so that a recording can be replayed exactly.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Union

from fastcil.codec import Frame
from fastcil.codec.errors import FastcilError, WireError
from fastcil.codec.types import MAX_FRAME_LIMIT

__all__ = ["MAGIC", "VERSION", "RecordingError", "RecordingReader", "RecordingWriter"]

MAGIC = b"CILREC1\n"
VERSION = 1

_HEADER = struct.Struct("<8sII")
_RECORD = struct.Struct("<QII")
_TIME_MAX = 0xFFFFFFFFFFFFFFFF

Source = Union[str, "os.PathLike[str]", BinaryIO]


class RecordingError(FastcilError, ValueError):
    """A file is no recording, or is damaged. `offset` is where in the file.

    `resumable` is true when only one frame is bad and its record was whole: the reader stands
    before the next record and can be asked for it.
    """

    def __init__(self, message: str, *, offset: int, resumable: bool = False) -> None:
        super().__init__(f"{message} (at offset {offset} of the recording)")
        self.offset = offset
        self.resumable = resumable


class RecordingWriter:
    """Writes frames with their times; a context manager.

    A path is created or overwritten and closed at the end; a binary file object is written from
    where it stands, and stays open. `time_ns` counts from any origin: the first frame's time is
    taken off all of them, and later ones must not be earlier than the one before.
    """

    def __init__(self, target: Source) -> None:
        if isinstance(target, (str, os.PathLike)):
            self._file: BinaryIO = Path(target).open("wb")  # noqa: SIM115
            self._owned = True
        else:
            self._file = target
            self._owned = False
        self._origin: int | None = None
        self._last = 0
        self.frames_written = 0
        self._file.write(_HEADER.pack(MAGIC, VERSION, 0))

    def write(self, time_ns: int, frame: Frame | bytes) -> None:
        """Append one frame; bytes must be exactly one whole frame."""
        data = frame.to_bytes() if isinstance(frame, Frame) else bytes(frame)
        if len(data) < 4 or int.from_bytes(data[:4], "little") != len(data):
            raise ValueError("bytes given to a recording must be one whole frame")
        if self._origin is None:
            self._origin = self._last = time_ns
        if time_ns < self._last:
            raise ValueError(
                f"time_ns {time_ns} lies before that of the previous frame, {self._last}"
            )
        since = time_ns - self._origin
        if since > _TIME_MAX:
            raise OverflowError(f"time_ns: {since} ns after the first frame do not fit 64 bits")
        self._last = time_ns
        self._file.write(_RECORD.pack(since, len(data), 0) + data)
        self.frames_written += 1

    def flush(self) -> None:
        """Hand what is buffered to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Flush, and close the file when the writer opened it. A second call does nothing."""
        if not self._file.closed:
            self._file.flush()
            if self._owned:
                self._file.close()

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class RecordingReader:
    """Iterates over (nanoseconds since the first record, Frame); a context manager.

    Foreign headers are refused at once. A file that ends inside a record, or a record whose length
    cannot be, ends the reading with RecordingError; a bad frame in a whole record raises one that
    is resumable.
    """

    def __init__(self, source: Source, *, max_frame: int = MAX_FRAME_LIMIT) -> None:
        if isinstance(source, (str, os.PathLike)):
            self._file: BinaryIO = Path(source).open("rb")  # noqa: SIM115
            self._owned = True
        else:
            self._file = source
            self._owned = False
        self._max_frame = max_frame
        self._ended = False
        self.offset = 0
        self.frame_offset = _HEADER.size
        try:
            self._check_header()
        except BaseException:
            self.close()
            raise

    def _check_header(self) -> None:
        header = self._read(_HEADER.size)
        if header[: len(MAGIC)] != MAGIC[: len(header)] or not header:
            raise RecordingError("not a recording: it does not begin with CILREC1", offset=0)
        if len(header) < _HEADER.size:
            raise RecordingError("the recording ends inside its header", offset=len(header))
        _, version, reserved = _HEADER.unpack(header)
        if version != VERSION:
            raise RecordingError(
                f"recording of version {version}; this reader knows version {VERSION}", offset=8
            )
        if reserved:
            raise RecordingError("the header's reserved field is not 0", offset=12)

    def _read(self, size: int) -> bytes:
        """`size` bytes, fewer at the end of the file only (pipes may give them in pieces)."""
        data = self._file.read(size)
        while len(data) < size:
            more = self._file.read(size - len(data))
            if not more:
                break
            data += more
        self.offset += len(data)
        return data

    def _fail(self, message: str, offset: int) -> RecordingError:
        self._ended = True
        return RecordingError(message, offset=offset)

    def __iter__(self) -> Iterator[tuple[int, Frame]]:
        return self

    def __next__(self) -> tuple[int, Frame]:
        if self._ended:
            raise StopIteration
        start = self.offset
        head = self._read(_RECORD.size)
        if not head:
            self._ended = True
            raise StopIteration
        if len(head) < _RECORD.size:
            raise self._fail("the recording ends inside a record's head", self.offset)
        time_ns, length, reserved = _RECORD.unpack(head)
        if reserved:
            raise self._fail("a record's reserved field is not 0", start + 12)
        if not 32 <= length <= self._max_frame:
            raise self._fail(
                f"a record's length is {length}, expected 32 to {self._max_frame}", start + 8
            )
        self.frame_offset = start + _RECORD.size
        data = self._read(length)
        if len(data) < length:
            raise self._fail(
                f"the recording ends inside a frame: {len(data)} of {length} bytes", self.offset
            )
        try:
            return time_ns, Frame.from_bytes(data, max_frame=self._max_frame)
        except WireError as error:
            raise RecordingError(str(error), offset=self.frame_offset, resumable=True) from error

    def close(self) -> None:
        """Close the file when the reader opened it. A second call does nothing."""
        self._ended = True
        if self._owned:
            self._file.close()

    def __enter__(self) -> RecordingReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
