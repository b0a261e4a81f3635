"""Streams: however they are cut, the same frames and the same errors come out."""

from __future__ import annotations

from typing import Any

import pytest

from fastcil.codec.errors import Reason, TruncatedError, WireError
from fastcil.codec.types import FrameKind


@pytest.fixture
def parts(backend: Any) -> list[bytes]:
    return [
        backend.encode_frame(23, {"AgentID": "22866", "in": {"x": "é"}}, epoch=1, sequence=1),
        backend.encode_frame(0, kind=FrameKind.HEARTBEAT),
        backend.encode_frame(24, {"OwnKey": "y" * 90}, epoch=1, sequence=2),
    ]


def collect(reader: Any, chunks: list[bytes]) -> tuple[list[bytes], Any]:
    """The frames' bytes, and what went wrong."""
    frames = []
    try:
        for chunk in chunks:
            for frame in reader.feed(chunk):
                frames.append(frame.to_bytes())
    except WireError as error:
        return frames, (error.reason, error.offset, error.stream_offset)
    return frames, None


def cuts(data: bytes) -> list[list[bytes]]:
    """Whole, byte by byte, every two-way split, and with empty chunks."""
    return [
        [data],
        [data[i : i + 1] for i in range(len(data))],
        *([data[:i], data[i:]] for i in range(len(data) + 1)),
        [b"", data[:7], b"", b"", data[7:], b""],
    ]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_cut_gives_the_same_frames(backend: Any, parts: list[bytes], kind: Any) -> None:
    data = b"".join(parts)
    for chunks in cuts(data):
        reader = backend.FrameReader()
        assert collect(reader, [kind(chunk) for chunk in chunks]) == (parts, None)
        assert reader.pending == 0
        assert reader.bytes_received == len(data)
        assert reader.frames_received == 3
        reader.finish()


def test_every_cut_gives_the_same_error(backend: Any, parts: list[bytes]) -> None:
    bad = bytearray(parts[2])
    bad[12] = 99
    data = parts[0] + parts[1] + bytes(bad) + parts[0]
    start = len(parts[0] + parts[1])
    for chunks in cuts(data):
        found = collect(backend.FrameReader(), chunks)
        assert found == (parts[:2], (Reason.FRAME_KIND, 12, start))


def test_every_cut_through_get_buffer(backend: Any, parts: list[bytes]) -> None:
    data = b"".join(parts)
    for chunks in cuts(data):
        reader = backend.FrameReader()
        frames = []
        for chunk in chunks:
            with reader.get_buffer(len(chunk)) as room:
                assert not room.readonly
                assert room.nbytes >= len(chunk)
                room[: len(chunk)] = chunk
            frames += [frame.to_bytes() for frame in reader.buffer_updated(len(chunk))]
        assert frames == parts
        assert reader.bytes_received == len(data)


def test_frames_not_taken_come_first_next_time(backend: Any, parts: list[bytes]) -> None:
    reader = backend.FrameReader()
    stream = reader.feed(parts[0] + parts[1] + parts[2][:9])
    assert next(stream).to_bytes() == parts[0]
    assert reader.pending == len(parts[1]) + 9
    stream = reader.feed(parts[2][9:] + parts[0])
    assert [frame.to_bytes() for frame in stream] == [parts[1], parts[2], parts[0]]


def test_nothing_taken_until_the_end(backend: Any, parts: list[bytes]) -> None:
    reader = backend.FrameReader()
    data = b"".join(parts) * 5
    for i in range(0, len(data), 11):
        stream = reader.feed(data[i : i + 11])
    assert reader.pending == len(data)
    assert reader.frames_received == 0
    assert [frame.to_bytes() for frame in stream] == parts * 5
    assert next(iter(reader), None) is None


def test_frames_stay_as_they_were(backend: Any) -> None:
    """Later input never shows through in frames and views that were handed out."""
    reader = backend.FrameReader()
    kept = []
    for number in range(300):
        data = backend.encode_frame(number, {"AgentID": f"{number}-" + "x" * (number * 7)})
        half = number * 3 % len(data)
        for chunk in (bytearray(data[:half]), data[half:]):
            kept += list(reader.feed(chunk))
    for number, frame in enumerate(kept):
        assert frame.message_id == number
        assert frame.get("AgentID") == f"{number}-" + "x" * (number * 7)


def test_frames_stay_as_they_were_through_get_buffer(backend: Any) -> None:
    reader = backend.FrameReader()
    kept, views = [], []
    for number in range(100):
        data = backend.encode_frame(number, {"AgentID": f"{number}-" + "x" * 9000})
        for chunk in (data[:4001], data[4001:]):
            with reader.get_buffer() as room:
                room[: len(chunk)] = chunk
            kept += list(reader.buffer_updated(len(chunk)))
        views.append(kept[-1].arguments)
        if number % 3:
            kept.pop()
    assert [view["AgentID"][:4] for view in views] == [f"{n}-xxx"[:4] for n in range(100)]
    assert [frame.message_id for frame in kept] == list(range(0, 100, 3))


def test_a_frame_larger_than_any_buffer(backend: Any) -> None:
    data = backend.encode_frame(1, {"AgentID": "x" * 900_000})
    for size in (1000, 65536, 300_000):
        reader = backend.FrameReader()
        frames = []
        for i in range(0, len(data), size):
            frames += list(reader.feed(data[i : i + size]))
        assert [frame.to_bytes() for frame in frames] == [data]
    reader = backend.FrameReader()
    at = 0
    while at < len(data):
        with reader.get_buffer() as room:
            chunk = data[at : at + room.nbytes]
            room[: len(chunk)] = chunk
        at += len(chunk)
        frames = list(reader.buffer_updated(len(chunk)))
    assert frames[0].to_bytes() == data


def test_max_frame(backend: Any, parts: list[bytes]) -> None:
    size = len(parts[2])
    assert len(list(backend.FrameReader(size).feed(parts[2]))) == 1
    reader = backend.FrameReader(size - 8)
    assert list(reader.feed(parts[1])) != []
    with pytest.raises(WireError) as caught:
        list(reader.feed(parts[2][:4]))  # before anything of it is waited for
    assert caught.value.reason is Reason.FRAME_LENGTH
    assert caught.value.offset == 0
    assert caught.value.stream_offset == len(parts[1])


def test_default_max_frame(backend: Any) -> None:
    length = (1 << 20) + 8
    assert next(backend.FrameReader().feed((1 << 20).to_bytes(4, "little")), None) is None
    with pytest.raises(WireError):
        next(backend.FrameReader().feed(length.to_bytes(4, "little")))


def test_errors_are_sticky(backend: Any, parts: list[bytes]) -> None:
    reader = backend.FrameReader()
    stream = reader.feed(parts[0] + b"\xff" * 40)
    assert next(stream).to_bytes() == parts[0]
    errors = []
    for use in (
        lambda: next(stream),
        lambda: next(reader),
        lambda: reader.feed(parts[0]),
        lambda: reader.feed(b""),
        lambda: reader.buffer_updated(0),
        lambda: reader.finish(),
    ):
        with pytest.raises(WireError) as caught:
            use()
        errors.append(caught.value)
    assert len({id(error) for error in errors}) == 1
    assert errors[0].reason is Reason.FRAME_LENGTH
    assert errors[0].stream_offset == len(parts[0])
    assert reader.frames_received == 1


def test_finish(backend: Any, parts: list[bytes]) -> None:
    reader = backend.FrameReader()
    reader.finish()
    list(reader.feed(parts[0][:-3]))
    assert reader.pending == len(parts[0]) - 3
    with pytest.raises(TruncatedError) as caught:
        reader.finish()
    assert caught.value.reason is Reason.TRUNCATED
    assert caught.value.offset == len(parts[0]) - 3
    assert len(list(reader.feed(parts[0][-3:]))) == 1
    reader.finish()


def test_buffer_updated_beyond_what_was_offered(backend: Any) -> None:
    reader = backend.FrameReader()
    with pytest.raises(ValueError, match="offered"):
        reader.buffer_updated(1)
    size = reader.get_buffer().nbytes
    for count in (size + 1, -1):
        with pytest.raises(ValueError, match="offered"):
            reader.buffer_updated(count)
    assert reader.bytes_received == 0


def test_feed_and_get_buffer_may_be_mixed(backend: Any, parts: list[bytes]) -> None:
    reader = backend.FrameReader()
    assert list(reader.feed(parts[0][:10])) == []
    with reader.get_buffer() as room:
        room[:20] = parts[0][10:30]
    assert list(reader.buffer_updated(20)) == []
    frames = list(reader.feed(parts[0][30:] + parts[1]))
    assert [frame.to_bytes() for frame in frames] == parts[:2]


def test_keyword_count(backend: Any) -> None:
    """A peer with a smaller table sends the other keywords as names: found all the same."""
    plain = backend.encode_frame(1, {"xgentID": 7, "CallType": 3})
    data = plain.replace(b"xgentID", b"AgentID")
    frame = next(backend.FrameReader(keyword_count=3).feed(data))
    assert frame.get_many("agentid", "calltype") == (7, 3)
    assert frame.arguments == {"AgentID": 7, "CallType": 3}
    assert backend.MessageFilter("AgentID=7").matches(frame)
    with pytest.raises(WireError) as caught:
        next(backend.FrameReader().feed(data))
    assert caught.value.reason is Reason.NAME
    frame.arguments["CallType"] = 4
    again = backend.Arguments.from_buffer(frame.arguments.to_bytes())
    assert again.to_dict() == {"AgentID": 7, "CallType": 4}
