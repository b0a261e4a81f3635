"""What get_buffer() lends: whoever keeps it, nobody changes bytes that were checked."""

from __future__ import annotations

import gc
import pickle
import sys
from contextlib import suppress
from typing import Any, Callable

import pytest

CONTENT = {"AgentID": "x" * 50, "CallStatus": 5, "in": {"deep": "y" * 50}}


def overwrite(held: Any) -> None:
    """Writes over everything that a view, or what stands behind one, still reaches."""
    with suppress(ValueError, BufferError), memoryview(held) as view:  # when it was taken back
        view[:] = b"\xff" * len(view)


HOLDS: dict[str, Callable[[memoryview], Any]] = {
    "the view": lambda view: view,
    "a part": lambda view: view[10:],
    "another view": memoryview,
    "a buffer": lambda view: memoryview(pickle.PickleBuffer(view)),
    "a part of a part": lambda view: view[:2000][5:],
    "what is behind it": lambda view: view.obj,
}


@pytest.mark.parametrize("hold", HOLDS.values(), ids=HOLDS)
def test_a_late_write_is_lost(backend: Any, hold: Any) -> None:
    reader = backend.FrameReader()
    data = backend.encode_frame(1, CONTENT)
    kept = []
    for cut in (0, 7, len(data) - 1):
        view = reader.get_buffer()
        held = hold(view)
        chunk = data + data[:cut]
        view[: len(chunk)] = chunk
        frames = list(reader.buffer_updated(len(chunk)))
        overwrite(held)
        kept += [*frames, *reader.feed(data[cut:] if cut else b"")]
        overwrite(held)
    assert [frame.to_bytes() for frame in kept] == [data] * 5
    assert [frame.to_dict() for frame in kept] == [CONTENT] * 5
    assert reader.pending == 0


@pytest.mark.parametrize("hold", HOLDS.values(), ids=HOLDS)
def test_frames_are_yielded_after_a_late_write(backend: Any, hold: Any) -> None:
    reader = backend.FrameReader()
    data = backend.encode_frame(1, CONTENT)
    for _ in range(3):
        view = reader.get_buffer()
        held = hold(view)
        view[: 2 * len(data)] = data * 2
        frames = reader.buffer_updated(2 * len(data))
        first = next(frames)
        overwrite(held)
        assert [frame.to_dict() for frame in (first, *frames)] == [CONTENT] * 2


def test_what_was_lent_before_is_taken_back(backend: Any) -> None:
    data = backend.encode_frame(1, CONTENT)
    reader = backend.FrameReader()
    old = reader.get_buffer()
    new = reader.get_buffer()
    new[: len(data)] = data
    overwrite(old)
    assert [frame.to_dict() for frame in reader.buffer_updated(len(data))] == [CONTENT]
    with pytest.raises(ValueError, match="offered"):
        reader.buffer_updated(1)


def test_feed_takes_it_back(backend: Any) -> None:
    data = backend.encode_frame(1, CONTENT)
    reader = backend.FrameReader()
    list(reader.feed(data[:10]))
    view = reader.get_buffer()
    frames = list(reader.feed(data[10:] + data))
    overwrite(view)
    assert [frame.to_dict() for frame in frames] == [CONTENT] * 2
    with pytest.raises(ValueError, match="offered"):
        reader.buffer_updated(0)


def test_feeding_what_was_lent(backend: Any) -> None:
    data = backend.encode_frame(1, CONTENT)
    reader = backend.FrameReader()
    view = reader.get_buffer()
    view[: len(data)] = data
    with view[: len(data)] as part:
        frames = list(reader.feed(part))
        part[:] = bytes(len(part))
    assert [frame.to_dict() for frame in frames] == [CONTENT]


def test_feeding_a_frame_s_own_bytes(backend: Any) -> None:
    data = backend.encode_frame(1, CONTENT)
    reader = backend.FrameReader()
    list(reader.feed(bytearray(data)))
    frames = list(reader.feed(bytearray(data)))
    for _ in range(2000):
        frames = list(reader.feed(frames[0].buffer()))
    assert [frame.to_bytes() for frame in frames] == [data]


def test_fed_from_its_own_iteration(backend: Any) -> None:
    data = [backend.encode_frame(i, {**CONTENT, "number": i}) for i in range(300)]
    reader = backend.FrameReader()
    waiting = [b"".join(data[i : i + 3]) for i in range(0, 300, 3)]
    seen = []
    for frame in reader.feed(waiting.pop(0)):
        seen.append(frame)
        if waiting:
            chunk = waiting.pop(0)
            half = len(chunk) // 2
            reader.feed(chunk[:half] if len(waiting) % 2 else bytearray(chunk[:half]))
            view = reader.get_buffer()
            view[: len(chunk) - half] = chunk[half:]
            reader.buffer_updated(len(chunk) - half)
    assert [frame.to_bytes() for frame in seen] == data


def test_frames_outlive_their_reader(backend: Any) -> None:
    data = backend.encode_frame(1, CONTENT)
    frames, values = [], []
    for i in range(50):
        reader = backend.FrameReader()
        reader.feed(bytearray(data * 20))
        frames.append(next(reader))
        values.append(next(reader).arguments["in"])
        lent = reader.get_buffer()
        del reader
        lent[:100] = bytes([i]) * 100
    gc.collect()
    assert all(frame.to_dict() == CONTENT for frame in frames)
    assert all(one.to_dict() == CONTENT["in"] for one in values)


def test_a_buffer_changed_after_it_was_fed(backend: Any) -> None:
    data = backend.encode_frame(1, CONTENT)
    reader = backend.FrameReader()
    chunk = bytearray(data + data[:40])
    frames = list(reader.feed(chunk))
    chunk[:] = b""  # nothing holds it
    with memoryview(bytearray(data[40:])) as rest:
        frames += reader.feed(rest)
    view = backend.Frame.from_bytes(chunk + data)
    chunk.extend(b"more")
    args = backend.Arguments.from_buffer(bytearray(data[24:]))
    assert [frame.to_dict() for frame in (*frames, view)] == [CONTENT] * 3
    assert args == CONTENT


def test_a_released_buffer(backend: Any) -> None:
    view = memoryview(b"x")
    view.release()
    feed = backend.FrameReader().feed
    for use in (feed, backend.Frame.from_bytes, backend.Arguments.from_buffer):
        with pytest.raises(ValueError, match="released"):
            use(view)
    with pytest.raises(ValueError, match="released"):
        backend.encode_frame(1, {"a": view})


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no __buffer__ before Python 3.12")
def test_a_buffer_whose_class_uses_the_reader(backend: Any) -> None:
    data = [backend.encode_frame(i, CONTENT) for i in range(4)]
    reader = backend.FrameReader()

    class Chunk:
        def __buffer__(self, flags: int) -> memoryview:
            reader.get_buffer()
            reader.feed(data[1] + data[2])
            return memoryview(data[3])

    reader.feed(data[0])
    found: Any = Chunk()
    assert [frame.to_bytes() for frame in reader.feed(found)] == data


def test_a_loop_that_lets_go_late(backend: Any) -> None:
    """uvloop holds the buffer until buffer_updated() has returned."""
    reader = backend.FrameReader()
    data = [backend.encode_frame(i, {**CONTENT, "number": i}) for i in range(200)]
    stream = b"".join(data)
    kept = []
    for at in range(0, len(stream), 700):
        view = reader.get_buffer()
        held = memoryview(pickle.PickleBuffer(view))
        chunk = stream[at : at + 700]
        held[: len(chunk)] = chunk
        kept += reader.buffer_updated(len(chunk))
        overwrite(held)
        held.release()
        view.release()
    assert [frame.to_bytes() for frame in kept] == data
    assert reader.pending == 0
