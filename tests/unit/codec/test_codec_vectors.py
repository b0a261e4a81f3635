"""Every backend against the golden vectors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fastcil.codec.errors import FilterError, Reason, TruncatedError, WireError
from fastcil.codec.types import ArgType, FrameKind

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


def load(name: str) -> list[Any]:
    return [
        pytest.param(vector, id=vector.get("name") or vector["text"][:60] or "empty")
        for vector in json.loads((VECTORS / name).read_text("utf-8"))
    ]


def build(backend: Any, entries: list[Any]) -> Any:
    """The Arguments that a vector's entries stand for."""
    result = backend.Arguments()
    for key, kind, value in entries:
        result.set(key, content(backend, kind, value), ArgType[kind])
    return result


def content(backend: Any, kind: str, value: Any) -> Any:
    if kind == "ARGUMENTS":
        return build(backend, value)
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return value


def check_content(arguments: Any, entries: list[Any]) -> None:
    assert list(arguments) == [key for key, _, _ in entries]
    for index, (key, kind, value) in enumerate(entries, 1):
        assert arguments.type_of(key) is ArgType[kind]
        assert arguments.element_key(index) == key
        found = arguments[key]
        if kind == "ARGUMENTS":
            check_content(found, value)
        elif isinstance(value, dict):
            assert found.encode("utf-8", "surrogateescape").hex() == value["hex"]
        else:
            assert found == value
            assert type(found) is type(value)


def check_error(error: WireError, vector: dict[str, Any]) -> None:
    assert error.reason is Reason[vector["reason"].upper().replace("-", "_")]
    assert error.offset == vector["offset"]
    assert isinstance(error, TruncatedError) == (error.reason is Reason.TRUNCATED)
    assert vector["reason"] in str(error)
    assert f"offset {vector['offset']}" in str(error)


@pytest.mark.parametrize("vector", load("blocks.json"))
def test_block(backend: Any, vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    view = backend.Arguments.from_buffer(data)
    check_content(view, vector["entries"])
    assert view.to_bytes() == data
    built = build(backend, vector["entries"])
    assert built.to_bytes() == data
    assert built == view
    view["another"] = 1  # encodes all of it anew
    del view["another"]
    assert view.to_bytes() == data


@pytest.mark.parametrize("vector", load("frames.json"))
def test_frame(backend: Any, vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    frame = backend.Frame.from_bytes(data)
    assert frame.message_id == vector["message_id"]
    assert frame.kind == FrameKind[vector["kind"]]
    assert frame.epoch == vector["epoch"]
    assert frame.sequence == int(vector["sequence"])
    assert frame.to_bytes() == data
    check_content(frame.arguments, vector["entries"])
    again = backend.encode_frame(
        frame.message_id,
        build(backend, vector["entries"]),
        kind=frame.kind,
        epoch=frame.epoch,
        sequence=frame.sequence,
    )
    assert again == data


@pytest.mark.parametrize("vector", load("blocks_invalid.json"))
def test_invalid_block(backend: Any, vector: dict[str, Any]) -> None:
    with pytest.raises(WireError) as caught:
        backend.Arguments.from_buffer(bytes.fromhex(vector["hex"]))
    check_error(caught.value, vector)


# A negotiated keyword count is a matter of streams.
SINGLE = [p for p in load("frames_invalid.json") if "keyword_count" not in p.values[0]]


@pytest.mark.parametrize("vector", SINGLE)
def test_invalid_frame(backend: Any, vector: dict[str, Any]) -> None:
    with pytest.raises(WireError) as caught:
        backend.Frame.from_bytes(bytes.fromhex(vector["hex"]))
    check_error(caught.value, vector)


@pytest.mark.parametrize("vector", load("frames_invalid.json"))
def test_invalid_frame_in_a_stream(backend: Any, vector: dict[str, Any]) -> None:
    """A stream fails where a single frame does, unless it can still wait for more bytes."""
    data = bytes.fromhex(vector["hex"])
    options = {key: vector[key] for key in ("keyword_count",) if key in vector}
    reader = backend.FrameReader(64 << 20, **options)
    good = backend.encode_frame(24, {"AgentID": "1"})
    if vector["reason"] == "truncated" and vector["offset"] == len(data):
        assert len(list(reader.feed(good + data))) == 1
        if data:
            with pytest.raises(TruncatedError):
                reader.finish()
        return
    if "behind the frame" in vector["name"]:  # that is how the next frame begins
        assert next(reader.feed(good + data)).message_id == 24
        return
    stream = reader.feed(good + data)
    assert next(stream).message_id == 24
    with pytest.raises(WireError) as caught:
        next(stream)
    check_error(caught.value, vector)
    assert caught.value.stream_offset == len(good)


@pytest.mark.parametrize("vector", load("filters.json"))
def test_filter(backend: Any, vector: dict[str, Any]) -> None:
    assert backend.MessageFilter(vector["text"]).program.hex() == vector["program"]


@pytest.mark.parametrize("vector", load("filters_invalid.json"))
def test_invalid_filter(backend: Any, vector: dict[str, Any]) -> None:
    with pytest.raises(FilterError) as caught:
        backend.MessageFilter(vector["text"])
    assert caught.value.column == vector["column"]
    assert caught.value.text == vector["text"]
    assert str(caught.value) == f"{vector['message']} at column {vector['column']}"


def test_every_reason_has_a_vector() -> None:
    reasons = {p.values[0]["reason"] for p in load("frames_invalid.json")}
    assert reasons == {reason.name.lower().replace("_", "-") for reason in Reason}


def test_vectors_are_fresh() -> None:
    command = [sys.executable, str(VECTORS / "make_vectors.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
