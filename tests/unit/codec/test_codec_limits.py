"""Limits: what is refused, and that the message names the limit."""

from __future__ import annotations

from typing import Any

import pytest

from fastcil.codec.errors import EncodeError, FastcilError, Reason, WireError
from fastcil.codec.types import (
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_FRAME_DEFAULT,
    MAX_FRAME_LIMIT,
    MAX_NAME,
    MAX_NAMES,
)


def nested(depth: int) -> dict[str, Any]:
    """Mappings inside each other; the innermost stands at this depth."""
    result: dict[str, Any] = {}
    for _ in range(depth - 1):
        result = {"in": result}
    return result


def test_the_numbers() -> None:
    assert MAX_FRAME_DEFAULT == 1048576
    assert MAX_FRAME_LIMIT == 67108864
    assert (MAX_ENTRIES, MAX_DEPTH, MAX_NAME) == (4096, 16, 255)


@pytest.mark.parametrize("key", ["x" * 255, "é" * 127, " " + "x" * 255 + " "])
def test_longest_key(backend: Any, key: str) -> None:
    args = backend.Arguments({key: 1})
    assert backend.Arguments.from_buffer(args.to_bytes()) == {key: 1}


@pytest.mark.parametrize("key", ["x" * 256, "é" * 128])
def test_key_too_long(backend: Any, key: str) -> None:
    args = backend.Arguments()
    for use in (
        lambda: args.set(key, 1),
        lambda: backend.Arguments({key: 1}),
        lambda: backend.encode_frame(1, {key: 1}),
    ):
        with pytest.raises(EncodeError, match="255"):
            use()
    assert key not in args


def test_entries(backend: Any) -> None:
    most = {f"#{number}": number for number in range(20000, 20000 + MAX_ENTRIES)}
    data = backend.Arguments(most).to_bytes()
    assert len(backend.Arguments.from_buffer(data)) == MAX_ENTRIES
    assert backend.encode_frame(1, most)[24:] == data
    more = {**most, "one": 1}
    for use in (
        lambda: backend.Arguments(more).to_bytes(),
        lambda: backend.encode_frame(1, more),
        lambda: backend.encode_frame(1, {"in": more}),
    ):
        with pytest.raises(EncodeError, match="4096"):
            use()


def test_names(backend: Any) -> None:
    names = {f"{n:03}" + "x" * 252: n for n in range(MAX_NAMES // 255)}
    assert sum(map(len, names)) == MAX_NAMES
    data = backend.Arguments(names).to_bytes()
    assert backend.Arguments.from_buffer(data) == names
    for use in (
        lambda: backend.Arguments({**names, "y": 1}).to_bytes(),
        lambda: backend.encode_frame(1, {**names, "y": 1}),
    ):
        with pytest.raises(EncodeError, match="65535"):
            use()


def test_depth(backend: Any) -> None:
    deepest = nested(MAX_DEPTH)
    data = backend.Arguments(deepest).to_bytes()
    assert backend.Arguments.from_buffer(data).to_dict() == deepest
    assert backend.encode_frame(1, deepest)[24:] == data
    for use in (
        lambda: backend.Arguments(nested(MAX_DEPTH + 1)).to_bytes(),
        lambda: backend.encode_frame(1, nested(MAX_DEPTH + 1)),
        lambda: backend.Arguments({"in": backend.Arguments(deepest)}).to_bytes(),
        lambda: backend.Arguments({"in": backend.Arguments.from_buffer(data)}).to_bytes(),
        lambda: backend.encode_frame(1, {"in": backend.Arguments.from_buffer(data)}),
        lambda: backend.encode_frame(1, nested(5000)),
    ):
        with pytest.raises(EncodeError, match="16"):
            use()


def test_arguments_inside_itself(backend: Any) -> None:
    args = backend.Arguments(a=1)
    args["self"] = args
    with pytest.raises(EncodeError, match="16"):
        args.to_bytes()
    with pytest.raises(EncodeError, match="16"):
        backend.encode_frame(1, args)


def test_frame_size(backend: Any) -> None:
    frame = backend.encode_frame(1, {"AgentID": "x" * 1000})
    size = len(frame)
    assert backend.encode_frame(1, {"AgentID": "x" * 1000}, max_frame=size) == frame
    with pytest.raises(EncodeError, match=str(size - 8)):
        backend.encode_frame(1, {"AgentID": "x" * 1000}, max_frame=size - 8)
    writer = backend.FrameWriter(max_frame=size - 8)
    with pytest.raises(EncodeError, match=str(size - 8)):
        writer.write(1, {"AgentID": "x" * 1000})
    assert writer.size == 0
    with pytest.raises(WireError) as caught:
        backend.Frame.from_bytes(frame, max_frame=size - 8)
    assert caught.value.reason is Reason.FRAME_LENGTH
    with pytest.raises(WireError) as caught:
        backend.Arguments.from_buffer(frame[24:], max_size=size - 32)
    assert caught.value.reason is Reason.BLOCK_SIZE
    assert caught.value.offset == 0


def test_frames_above_64_mib(backend: Any) -> None:
    text = "x" * (MAX_FRAME_LIMIT - 24)
    for use in (
        lambda: backend.encode_frame(1, {"AgentID": text}),
        lambda: backend.Arguments(AgentID=text).to_bytes(),
    ):
        with pytest.raises(EncodeError, match="67108864"):
            use()


def test_errors_have_one_root() -> None:
    assert issubclass(EncodeError, FastcilError)
    assert issubclass(EncodeError, ValueError)
    assert issubclass(WireError, FastcilError)
    assert issubclass(WireError, ValueError)


@pytest.mark.parametrize("keywords", [{"max_frame": 31}, {"max_frame": MAX_FRAME_LIMIT + 1}])
def test_reader_limits(backend: Any, keywords: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="max_frame"):
        backend.FrameReader(**keywords)
    for count in (-1, 0x8000):
        with pytest.raises((ValueError, OverflowError)):
            backend.FrameReader(keyword_count=count)
