"""Short measurements of the codec in this process, for `fastcil bench`.

They give an idea of a machine; the numbers that are published come from the suites in bench/.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Callable

from fastcil.codec import Frame, FrameReader, FrameWriter, MessageFilter, encode_frame

from .samples import CALL_BEGIN_ID, CALL_HELD_ID, call_held, full_call_begin

__all__ = ["rates"]

_COUNT = 2000
_FILTER = "UniqueObjectID=call.5000.*;CallStatus=2,4"


def _per_second(work: Callable[[], None], items: int, seconds: float) -> float:
    """How many items a second `work` does; the best round of those that fit into the time."""
    best = float("inf")
    until = perf_counter() + seconds
    while best == float("inf") or perf_counter() < until:
        started = perf_counter()
        work()
        best = min(best, perf_counter() - started)
    return items / best


def _works(number: int, arguments: dict[str, object]) -> list[Callable[[], None]]:
    """Decode (three values read), encode from a dict, filter: each does _COUNT frames."""
    chosen = MessageFilter(_FILTER)
    data = encode_frame(number, arguments)
    stream = data * _COUNT
    frames = [Frame.from_bytes(data)] * _COUNT

    def decode() -> None:
        for frame in FrameReader().feed(stream):
            frame.get_many("UniqueObjectID", "CallStatus", "ICMEnterpriseUniqueID")

    def encode() -> None:
        writer = FrameWriter(epoch=1)
        for _ in range(_COUNT):
            writer.write(number, arguments)

    def match() -> None:
        for frame in frames:
            chosen.matches(frame)

    return [decode, encode, match]


def rates(seconds: float) -> Iterator[tuple[str, list[float]]]:
    """For each sample event its title and frames a second of decode, encode and filter."""
    for title, number, arguments in (
        ("OnCallBegin, 54 items", CALL_BEGIN_ID, full_call_begin()),
        ("OnCallHeld, 5 items", CALL_HELD_ID, call_held()),
    ):
        works = _works(number, arguments)
        yield title, [_per_second(work, _COUNT, seconds / 6) for work in works]
