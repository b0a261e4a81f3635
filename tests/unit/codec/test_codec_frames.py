"""Single frames, and writing them."""

from __future__ import annotations

from typing import Any

import pytest

from fastcil.codec.errors import Reason, WireError
from fastcil.codec.types import FrameKind

CONTENT = {"AgentID": "22866", "PeripheralID": 5000, "in": {"x": 1}}


def test_header(backend: Any) -> None:
    data = backend.encode_frame(30, CONTENT, kind=FrameKind.REQUEST, epoch=7, sequence=1 << 40)
    frame = backend.Frame.from_bytes(data)
    assert frame.message_id == 30
    assert frame.kind == FrameKind.REQUEST == 2
    assert frame.epoch == 7
    assert frame.sequence == 1 << 40
    assert len(frame) == len(data)
    assert frame.to_bytes() == data
    assert data[:4] == len(data).to_bytes(4, "little")


def test_arguments(backend: Any) -> None:
    frame = backend.Frame.from_bytes(backend.encode_frame(30, CONTENT))
    assert frame.arguments is frame.arguments
    assert frame.arguments.is_view
    assert frame.arguments == CONTENT
    assert frame.get("agentid") == "22866"
    assert frame.get("absent") is None
    assert frame.get("absent", 5) == 5
    assert frame.get_many("PeripheralID", "AgentID") == (5000, "22866")
    assert frame.get_many("absent", default=None) == (None,)
    with pytest.raises(KeyError, match="absent"):
        frame.get_many("AgentID", "absent")


def test_writing_to_the_arguments_leaves_the_bytes(backend: Any) -> None:
    data = backend.encode_frame(30, CONTENT)
    frame = backend.Frame.from_bytes(data)
    frame.arguments["AgentID"] = "changed"
    assert frame.get("AgentID") == "changed"
    assert frame.get_many("AgentID") == ("changed",)
    assert frame.to_bytes() == data
    assert frame == backend.Frame.from_bytes(data)


def test_buffer(backend: Any) -> None:
    data = backend.encode_frame(30, CONTENT)
    for frame in (
        backend.Frame.from_bytes(data),
        next(backend.FrameReader().feed(bytearray(data))),
    ):
        with frame.buffer() as view:
            assert view.readonly
            assert view.nbytes == len(frame)
            assert bytes(view) == data
            with pytest.raises(TypeError):
                view[0] = 0
        assert frame.detach() == frame
        assert frame.detach().to_bytes() == data


def test_equality_is_that_of_the_bytes(backend: Any) -> None:
    one = backend.Frame.from_bytes(backend.encode_frame(30, CONTENT))
    same = next(backend.FrameReader().feed(backend.encode_frame(30, CONTENT)))
    other = backend.Frame.from_bytes(backend.encode_frame(30, CONTENT, sequence=1))
    assert one == same
    assert one != other
    assert one != one.to_bytes()
    assert hash(one) == hash(same)
    assert len({one, same, other}) == 2


def test_repr(backend: Any) -> None:
    frame = backend.Frame.from_bytes(backend.encode_frame(30, {"x": 1}, epoch=2, sequence=3))
    assert repr(frame) == (
        "Frame(message_id=30, kind=1, epoch=2, sequence=3, arguments=Arguments({'x': 1}))"
    )


def test_frames_are_not_made_by_calling(backend: Any) -> None:
    with pytest.raises(TypeError):
        backend.Frame()


def test_nothing_to_send(backend: Any) -> None:
    for nothing in (None, {}, backend.Arguments()):
        assert len(backend.encode_frame(0, nothing)) == 32


def test_a_view_is_encoded_as_it_is(backend: Any) -> None:
    data = backend.encode_frame(30, CONTENT)
    frame = backend.Frame.from_bytes(data)
    assert backend.encode_frame(30, frame.arguments) == data
    assert backend.encode_frame(1, frame.arguments["in"]) == backend.encode_frame(1, {"x": 1})
    assert backend.encode_frame(30, {**CONTENT, "in": frame.arguments["in"]}) == data


def test_duplicate_spellings_in_a_dict(backend: Any) -> None:
    """The later one replaces, at the place of the first: as assigning one after the other does."""
    for given in (
        {"agentid": 1, "b": 2, " AgentID": 3},
        {"x": 1, "b": 2, "X": 3},
        {"é": 1, "b": 2, " é": 3},
    ):
        args = backend.Arguments()
        for key, value in given.items():
            args[key] = value
        assert len(args) == 2
        assert backend.encode_frame(1, given)[24:] == args.to_bytes()
        assert (
            backend.encode_frame(1, {"in": given})[24:]
            == backend.Arguments({"in": args}).to_bytes()
        )


@pytest.mark.parametrize(
    ("numbers", "error"),
    [
        ({"message_id": -1}, OverflowError),
        ({"message_id": 1 << 32}, OverflowError),
        ({"message_id": "30"}, TypeError),
        ({"message_id": 1, "epoch": 1 << 32}, OverflowError),
        ({"message_id": 1, "sequence": 1 << 64}, OverflowError),
        ({"message_id": 1, "sequence": -1}, OverflowError),
        ({"message_id": 1, "kind": 0}, ValueError),
        ({"message_id": 1, "kind": 9}, ValueError),
        ({"message_id": 1, "arguments": 5}, TypeError),
        ({"message_id": 1, "arguments": [("a", 1)]}, TypeError),
    ],
)
def test_what_cannot_be_encoded(backend: Any, numbers: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        backend.encode_frame(**numbers)


def test_from_bytes_wants_exactly_one(backend: Any) -> None:
    data = backend.encode_frame(30, CONTENT)
    with pytest.raises(WireError) as caught:
        backend.Frame.from_bytes(data + data)
    assert caught.value.reason is Reason.FRAME_LENGTH
    assert caught.value.stream_offset is None
    for cut in range(len(data)):
        with pytest.raises(WireError) as caught:
            backend.Frame.from_bytes(data[:cut])
        assert caught.value.reason is Reason.TRUNCATED
        assert caught.value.offset == cut


def test_writer_without_numbers(backend: Any) -> None:
    writer = backend.FrameWriter()
    assert writer.size == 0
    assert writer.take() == b""
    writer.write(30, CONTENT)
    writer.write(0, kind=FrameKind.HEARTBEAT)
    wanted = backend.encode_frame(30, CONTENT) + backend.encode_frame(0, kind=FrameKind.HEARTBEAT)
    assert writer.size == len(wanted)
    assert writer.take() == wanted
    assert writer.size == 0
    assert writer.sequence == 0
    assert writer.take() == b""


def test_writer_numbers_events(backend: Any) -> None:
    writer = backend.FrameWriter(epoch=5, sequence=10)
    assert (writer.epoch, writer.sequence) == (5, 10)
    writer.write(30, CONTENT)
    writer.write(0, kind=FrameKind.HEARTBEAT)
    with pytest.raises(OverflowError):
        writer.write(30, {"a": 1 << 40})
    writer.write(31)
    assert writer.sequence == 12
    frames = list(backend.FrameReader().feed(writer.take()))
    assert [(f.message_id, f.epoch, f.sequence) for f in frames] == [
        (30, 5, 11),
        (0, 0, 0),
        (31, 5, 12),
    ]


def test_writer_forwards(backend: Any) -> None:
    data = backend.encode_frame(30, CONTENT, epoch=1, sequence=99)
    beat = backend.encode_frame(0, kind=FrameKind.HEARTBEAT)
    frames = list(backend.FrameReader().feed(data + beat))
    plain = backend.FrameWriter()
    for frame in frames:
        plain.forward(frame)
    assert plain.take() == data + beat
    assert plain.sequence == 0
    numbered = backend.FrameWriter(epoch=5)
    for frame in frames:
        numbered.forward(frame)
    numbered.write(31)
    assert numbered.take() == (
        backend.encode_frame(30, CONTENT, epoch=5, sequence=1)
        + beat
        + backend.encode_frame(31, epoch=5, sequence=2)
    )
    for bad in (None, data, 5):
        with pytest.raises(TypeError):
            plain.forward(bad)


def test_writer_of_many(backend: Any) -> None:
    writer = backend.FrameWriter()
    for number in range(2000):
        writer.write(number, {"AgentID": "x" * 50})
    frames = list(backend.FrameReader().feed(writer.take()))
    assert [frame.message_id for frame in frames] == list(range(2000))
