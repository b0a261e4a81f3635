"""dispatch_frames: every handler of every frame, in order, whatever one of them does."""

from __future__ import annotations

from typing import Any

import pytest


def frames(backend: Any, *numbers: int) -> list[Any]:
    data = b"".join(backend.encode_frame(n, {"AgentID": str(n)}) for n in numbers)
    return list(backend.FrameReader().feed(data))


def unexpected(*_: object) -> Any:
    raise AssertionError("must not be called")


def test_order_and_arguments(backend: Any) -> None:
    seen: list[tuple[str, int, str]] = []
    table = {
        30: (
            lambda number, args: seen.append(("a", number, args["AgentID"])),
            lambda number, args: seen.append(("b", number, args["AgentID"])),
        ),
        0x20000001: (lambda number, args: seen.append(("c", number, args["AgentID"])),),
        31: (),
    }
    backend.dispatch_frames(frames(backend, 30, 31, 0x20000001, 30), table, unexpected, unexpected)
    assert seen == [
        ("a", 30, "30"),
        ("b", 30, "30"),
        ("c", 0x20000001, "536870913"),
        ("a", 30, "30"),
        ("b", 30, "30"),
    ]


def test_a_reader_is_taken_frame_by_frame(backend: Any) -> None:
    reader = backend.FrameReader()
    seen: list[int] = []

    def handler(number: int, _: Any) -> None:
        seen.append(reader.pending)

    data = backend.encode_frame(30)
    backend.dispatch_frames(reader.feed(data * 3), {30: (handler,)}, unexpected, unexpected)
    assert seen == [2 * len(data), len(data), 0]


def test_handlers_of_an_unknown_id_are_bound_once(backend: Any) -> None:
    table: dict[int, tuple[Any, ...]] = {}
    bound: list[int] = []

    def bind(number: int) -> tuple[Any, ...]:
        bound.append(number)
        table[number] = (lambda *_: None,)
        return table[number]

    backend.dispatch_frames(frames(backend, 1, 2, 1, 2), table, bind, unexpected)
    assert bound == [1, 2]


def test_a_change_takes_effect_at_the_next_frame(backend: Any) -> None:
    seen: list[str] = []
    table: dict[int, tuple[Any, ...]] = {}

    def late(*_: object) -> None:
        seen.append("late")

    def early(*_: object) -> None:
        seen.append("early")
        table.clear()

    table[1] = (early, early)
    backend.dispatch_frames(frames(backend, 1, 1), table, lambda _: (late,), unexpected)
    assert seen == ["early", "early", "late"]


def test_a_raising_handler_does_not_stop_the_others(backend: Any) -> None:
    seen: list[object] = []

    def bad(*_: object) -> None:
        raise ValueError("of the listener")

    def failed(handler: Any, number: int) -> None:
        import sys

        seen.append((handler, number, str(sys.exc_info()[1])))

    table = {7: (bad, lambda *_: seen.append("next"))}
    backend.dispatch_frames(frames(backend, 7), table, unexpected, failed)
    assert seen == [(bad, 7, "of the listener"), "next"]


def test_what_is_no_exception_goes_through(backend: Any) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backend.dispatch_frames(frames(backend, 7), {7: (stop,)}, unexpected, unexpected)


def test_a_failing_bind_is_raised(backend: Any) -> None:
    with pytest.raises(AssertionError, match="must not be called"):
        backend.dispatch_frames(frames(backend, 7), {}, unexpected, unexpected)
