"""Recordings: what is written comes back, and damage is told with its offset."""

from __future__ import annotations

import io
import struct
from itertools import islice
from pathlib import Path

import pytest

from fastcil.codec import Frame, encode_frame
from fastcil.recording import MAGIC, RecordingError, RecordingReader, RecordingWriter
from fastcil.workload import ContactCentre

START = 10_000_000_000


def frames(count: int = 300) -> list[tuple[int, bytes]]:
    return [
        (event.time_ns, encode_frame(event.message_id, event.complete, epoch=1, sequence=number))
        for number, event in enumerate(islice(ContactCentre(5, 1), count), 1)
    ]


def recording(found: list[tuple[int, bytes]]) -> bytes:
    file = io.BytesIO()
    with RecordingWriter(file) as writer:
        for time_ns, data in found:
            writer.write(START + time_ns, data)
    assert not file.closed
    return file.getvalue()


def test_round_trip_by_path(tmp_path: Path) -> None:
    found = frames()
    path = tmp_path / "calls.rec"
    with RecordingWriter(path) as writer:
        for time_ns, data in found:
            writer.write(START + time_ns, Frame.from_bytes(data))
        assert writer.frames_written == len(found)
    with RecordingReader(str(path)) as reader:
        back = [(time_ns, frame.to_bytes()) for time_ns, frame in reader]
    first = found[0][0]
    assert back == [(time_ns - first, data) for time_ns, data in found]
    assert path.read_bytes() == recording(found)


def test_layout_is_that_of_the_wire_format() -> None:
    frame = encode_frame(11, {"CallStatus": 4})
    data = recording([(5, frame), (12, frame)])
    header = b"CILREC1\n" + struct.pack("<II", 1, 0)
    one = struct.pack("<QII", 0, len(frame), 0) + frame
    two = struct.pack("<QII", 7, len(frame), 0) + frame
    assert data == header + one + two


def test_empty_recording() -> None:
    assert list(RecordingReader(io.BytesIO(recording([])))) == []


def test_every_truncation_is_told_or_a_clean_end() -> None:
    found = frames(3)
    data = recording(found)
    ends = [16]
    for _, frame in found:
        ends.append(ends[-1] + 16 + len(frame))
    for size in range(len(data)):
        file = io.BytesIO(data[:size])
        if size in ends:
            assert len(list(RecordingReader(file))) == ends.index(size)
        else:
            with pytest.raises(RecordingError) as caught:
                list(RecordingReader(file))
            assert caught.value.offset == size
            assert not caught.value.resumable


def test_pipes_that_give_little_at_a_time() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 3))

    data = recording(frames(20))
    assert len(list(RecordingReader(Slow(data)))) == 20


@pytest.mark.parametrize(
    ("offset", "change", "message"),
    [
        (0, b"X", "not a recording"),
        (8, b"\x02", "version 2"),
        (12, b"\x01", "reserved field"),
        (16 + 8, b"\x07\0\0\0", "length is 7"),
        (16 + 8, b"\xff\xff\xff\xff", "length is 4294967295"),
        (16 + 12, b"\x01", "reserved field"),
    ],
)
def test_foreign_and_damaged_files(offset: int, change: bytes, message: str) -> None:
    data = bytearray(recording(frames(2)))
    data[offset : offset + len(change)] = change
    with pytest.raises(RecordingError, match=message) as caught:
        list(RecordingReader(io.BytesIO(data)))
    assert caught.value.offset == offset
    assert f"offset {offset}" in str(caught.value)


def test_a_stream_is_not_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    path.write_bytes(encode_frame(11))
    with pytest.raises(RecordingError, match="CILREC1"):
        RecordingReader(path)
    path.write_bytes(b"")
    with pytest.raises(RecordingError, match="CILREC1"):
        RecordingReader(path)


def test_a_bad_frame_is_one_error_and_the_next_record_follows() -> None:
    found = frames(3)
    data = bytearray(recording(found))
    second = 16 + 16 + len(found[0][1]) + 16
    data[second + 12] = 99  # the kind of the second frame
    reader = RecordingReader(io.BytesIO(data))
    assert next(reader)[1].to_bytes() == found[0][1]
    with pytest.raises(RecordingError) as caught:
        next(reader)
    assert caught.value.resumable
    assert caught.value.offset == second
    assert next(reader)[1].to_bytes() == found[2][1]
    assert next(reader, None) is None


def test_what_a_writer_refuses() -> None:
    frame = encode_frame(11)
    writer = RecordingWriter(io.BytesIO())
    writer.write(10, frame)
    with pytest.raises(ValueError, match="before"):
        writer.write(9, frame)
    with pytest.raises(ValueError, match="whole frame"):
        writer.write(10, frame[:-1])
    with pytest.raises(ValueError, match="whole frame"):
        writer.write(10, MAGIC * 2)
    with pytest.raises(OverflowError, match="64 bits"):
        writer.write(10 + (1 << 64), frame)
    assert writer.frames_written == 1
