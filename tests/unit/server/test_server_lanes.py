"""The same frames to many clients: both halves write the same bytes, each with its own numbers."""

from __future__ import annotations

from typing import Any

import pytest

from fastcil.catalog import event_id
from fastcil.codec import BACKEND, Frame, FrameReader, encode_frame
from fastcil.server._select import MODULES, load

HELD = event_id("OnCallHeld")
NAMES = ["reference", "cython"] if BACKEND == "cython" else ["reference"]


@pytest.fixture(params=NAMES)
def half(request: pytest.FixtureRequest) -> Any:
    return load(request.param)


def frames(count: int) -> bytes:
    return b"".join(encode_frame(HELD, {"UniqueObjectID": "x" * i}) for i in range(count))


def lane(half: Any, epoch: int, sequence: int = 0) -> tuple[Any, list[bytes]]:
    written: list[bytes] = []
    found = half.Lane(epoch)
    found.sequence, found.ready, found.write = sequence, True, written.append
    return found, written


def test_every_lane_has_its_own_numbers(half: Any) -> None:
    one, first = lane(half, 7)
    two, second = lane(half, 0xFFFFFFFF, (1 << 32) + 5)
    data = frames(3)
    assert half.fan_out([one, two], data, 2.5) == []
    for found, epoch, start in ((first, 7, 1), (second, 0xFFFFFFFF, (1 << 32) + 6)):
        (bytes_,) = found
        read = list(FrameReader().feed(bytes_))
        assert [(f.epoch, f.sequence) for f in read] == [(epoch, start + i) for i in range(3)]
        assert [f.arguments.get_string("UniqueObjectID") for f in read] == ["", "x", "xx"]
    assert (one.sequence, two.sequence) == (3, (1 << 32) + 8)
    assert (one.sent_at, two.sent_at) == (2.5, 2.5)
    assert data == frames(3), "what is shared is as it was"


def test_a_lane_that_is_not_ready_is_handed_back(half: Any) -> None:
    one, first = lane(half, 7)
    two, second = lane(half, 8)
    one.ready = False
    assert half.fan_out([one, two], frames(1), 1.0) == [one]
    assert (first, one.sequence, one.sent_at) == ([], 0, 0.0)
    assert Frame.from_bytes(second[0]).sequence == 1


@pytest.mark.parametrize("data", [b"\1", bytes(24), frames(2)[:-1], frames(1) + bytes(30)])
def test_what_is_no_frame_is_refused(half: Any, data: bytes) -> None:
    one, written = lane(half, 7)
    with pytest.raises(ValueError, match="expected whole frames"):
        half.fan_out([one], data, 1.0)
    assert (written, one.sequence) == ([], 0)


def test_the_backends_are_named() -> None:
    assert set(MODULES) == {"cython", "cffi", "reference"}
