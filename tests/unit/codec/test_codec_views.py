"""Views: copy on first write, buffers, detaching, pickling."""

from __future__ import annotations

import pickle
from array import array
from typing import Any

import pytest

from fastcil.codec.errors import (
    ConversionError,
    EncodeError,
    FilterError,
    Reason,
    TruncatedError,
    WireError,
)
from fastcil.codec.types import ArgType

CONTENT = {"AgentID": "22866", "in": {"x": 1, "deep": {"y": "z"}}, "LineHandle": 5}


@pytest.fixture
def data(backend: Any) -> bytes:
    result: bytes = backend.Arguments(CONTENT).to_bytes()
    return result


def test_is_view(backend: Any, data: bytes) -> None:
    assert backend.Arguments(CONTENT).is_view is False
    view = backend.Arguments.from_buffer(data)
    assert view.is_view is True
    assert view["in"].is_view is True
    assert view.to_bytes() == data


WRITES = {
    "set": lambda args: args.set("AgentID", 1),
    "setitem": lambda args: args.__setitem__("new", 1),
    "delitem": lambda args: args.__delitem__("agentid"),
    "remove": lambda args: args.remove("AgentID"),
    "clear": lambda args: args.clear(),
    "pop": lambda args: args.pop("AgentID"),
    "popitem": lambda args: args.popitem(),
    "update": lambda args: args.update(new=1),
    "setdefault": lambda args: args.setdefault("new", 1),
    "set_element": lambda args: args.set_element(1, 1),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_first_write_makes_it_independent(backend: Any, data: bytes, write: Any) -> None:
    view = backend.Arguments.from_buffer(data)
    other = backend.Arguments.from_buffer(data)
    twin = view.copy()
    write(view)
    assert view.is_view is False
    assert view != CONTENT
    assert other == twin == CONTENT
    assert other.to_bytes() == twin.to_bytes() == data
    assert backend.Arguments.from_buffer(view.to_bytes()) == view


def test_writes_that_fail_change_nothing(backend: Any, data: bytes) -> None:
    view = backend.Arguments.from_buffer(data)
    for write in (
        lambda: view.set("AgentID", 1 << 40),
        lambda: view.set("AgentID", 1.5),
        lambda: view.set("AgentID", 70000, ArgType.USHORT),
        lambda: view.set("", 1),
        lambda: view.set("x", "\ud800"),
        lambda: view.__delitem__("absent"),
        lambda: view.set_element(9, 1),
    ):
        with pytest.raises((OverflowError, TypeError, EncodeError, KeyError, IndexError)):
            write()
    assert view.remove("absent") is False
    assert view.pop("absent", None) is None
    assert view.is_view is True
    assert view.to_bytes() == data


def test_nested_of_a_view_is_independent(backend: Any, data: bytes) -> None:
    view = backend.Arguments.from_buffer(data)
    inner = view["in"]
    inner["x"] = 2
    assert inner["x"] == 2
    assert view == CONTENT
    assert view.to_bytes() == data
    assert view.get_arguments("in")["x"] == 1


def test_nested_of_a_mutable_is_live(backend: Any, data: bytes) -> None:
    args = backend.Arguments.from_buffer(data)
    args["new"] = 1
    args["in"]["deep"]["y"] = "changed"
    assert args["in"]["deep"]["y"] == "changed"
    again = backend.Arguments.from_buffer(args.to_bytes())
    assert again.to_dict() == {**CONTENT, "in": {"x": 1, "deep": {"y": "changed"}}, "new": 1}
    assert backend.Arguments.from_buffer(data) == CONTENT


def test_types_survive_the_first_write(backend: Any) -> None:
    args = backend.Arguments()
    for number, kind in enumerate((ArgType.SHORT, ArgType.USHORT, ArgType.INT, ArgType.UINT)):
        args.set(f"k{number}", 7, kind)
    view = backend.Arguments.from_buffer(args.to_bytes())
    view["more"] = None
    assert [int(view.element_type(i)) for i in range(1, 6)] == [3, 4, 1, 2, 0]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda raw: array("B", raw)])
def test_buffers(backend: Any, data: bytes, kind: Any) -> None:
    assert backend.Arguments.from_buffer(kind(data)) == CONTENT


def test_buffers_that_change_are_copied(backend: Any, data: bytes) -> None:
    buffer = bytearray(data)
    view = backend.Arguments.from_buffer(buffer)
    buffer[:] = bytes(len(buffer))
    assert view == CONTENT
    buffer.clear()  # nobody exports it any more
    buffer = bytearray(backend.encode_frame(1, CONTENT))
    frame = backend.Frame.from_bytes(memoryview(buffer))
    buffer[:] = bytes(len(buffer))
    assert frame.arguments == CONTENT


@pytest.mark.parametrize("bad", [None, 5, "text", [1]])
def test_what_is_no_buffer(backend: Any, bad: Any) -> None:
    with pytest.raises(TypeError):
        backend.Arguments.from_buffer(bad)
    with pytest.raises(TypeError):
        backend.Frame.from_bytes(bad)
    with pytest.raises(TypeError):
        backend.FrameReader().feed(bad)


def test_detach(backend: Any) -> None:
    frame = next(backend.FrameReader().feed(backend.encode_frame(1, CONTENT)))
    for whole in (frame.arguments, frame.arguments["in"], frame.arguments["in"]["deep"]):
        detached = whole.detach()
        assert detached == whole
        assert detached.to_bytes() == whole.to_bytes()
        assert detached.detach() is detached
    built = backend.Arguments(CONTENT)
    assert built.detach() is built


def test_copy_of_a_view_writes_alone(backend: Any, data: bytes) -> None:
    view = backend.Arguments.from_buffer(data)
    twin = view.copy()
    view["in"] = 5
    twin["more"] = 1
    assert twin == {**CONTENT, "more": 1}
    assert view == {**CONTENT, "in": 5}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(backend: Any, data: bytes, protocol: int) -> None:
    frame = backend.encode_frame(30, CONTENT, epoch=3, sequence=4)
    for thing in (
        backend.Arguments(CONTENT),
        backend.Arguments.from_buffer(data),
        backend.Frame.from_bytes(frame),
        next(backend.FrameReader().feed(frame + frame)),
        backend.MessageFilter("AgentID=1*; MessageID=23"),
    ):
        again = pickle.loads(pickle.dumps(thing, protocol))
        assert type(again) is type(thing)
        assert again == thing
    again = pickle.loads(pickle.dumps(backend.Arguments(CONTENT), protocol))
    assert again.to_bytes() == data


def test_pickling_errors() -> None:
    wire = TruncatedError("cut", reason=Reason.TRUNCATED, offset=7)
    wire.stream_offset = 99
    again = pickle.loads(pickle.dumps(wire))
    assert type(again) is TruncatedError
    assert (str(again), again.reason, again.offset) == ("cut", Reason.TRUNCATED, 7)
    assert again.stream_offset == 99
    again = pickle.loads(pickle.dumps(FilterError("bad", column=3, text="a=")))
    assert (str(again), again.column, again.text) == ("bad", 3, "a=")
    assert isinstance(pickle.loads(pickle.dumps(ConversionError("x"))), ConversionError)
    assert issubclass(TruncatedError, WireError)


def test_views_outlive_what_they_came_from(backend: Any) -> None:
    frame = backend.Frame.from_bytes(backend.encode_frame(1, CONTENT))
    inner = frame.arguments["in"]["deep"]
    del frame
    assert [bytes(1000) for _ in range(10)]
    assert inner == {"y": "z"}
