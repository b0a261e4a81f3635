"""What is done for every event, and for every client of one, in pure Python.

The native half (ext/_site.pyx) does the same; the tests hold it to this.
"""

from __future__ import annotations

import struct
from typing import Any, Callable

__all__ = ["Batch", "Lane", "fan_out"]

_HEADER_SIZE = 24
_LENGTH = struct.Struct("<I")
_EPOCH = struct.Struct("<I")
_EPOCH_AT = 8
_SEQUENCE = struct.Struct("<Q")
_SEQUENCE_AT = 16


def _nowhere(data: bytes) -> None:
    """A lane without a connection is never ready."""


class Lane:
    """What a client's connection needs to be sent the same frames as others.

    epoch, sequence: of the last numbered frame; ready: nothing waits and all may be written at
    once; write(bytes): the connection's; sent_at: when something was written last; owner: whose it
    is, for the one who made it.
    """

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.sequence = 0
        self.ready = False
        self.sent_at = 0.0
        self.owner: Any = None
        self.write: Callable[[bytes], Any] = _nowhere


def fan_out(lanes: list[Any], frames: bytes, now: float) -> list[Any]:
    """Write the frames to every lane that is ready, with its own numbers; the lanes that were not.

    frames: whole EVENT frames, one after the other. now: goes into sent_at. Raises ValueError for
    what is no frame.
    """
    starts = []
    at = 0
    while at < len(frames):
        length = _LENGTH.unpack_from(frames, at)[0] if len(frames) - at >= _HEADER_SIZE else 0
        if not _HEADER_SIZE <= length <= len(frames) - at:
            raise ValueError(f"expected whole frames, got {len(frames) - at} bytes that are none")
        starts.append(at)
        at += length
    slow = []
    for lane in lanes:
        if not lane.ready:
            slow.append(lane)
            continue
        data = bytearray(frames)
        for number, start in enumerate(starts, lane.sequence + 1):
            _EPOCH.pack_into(data, start + _EPOCH_AT, lane.epoch)
            _SEQUENCE.pack_into(data, start + _SEQUENCE_AT, number)
        lane.sequence += len(starts)
        lane.sent_at = now
        lane.write(bytes(data))
    return slow


class Batch:
    """Events that wait to be sent, with their frames at one MinimizeEventArgs.

    size: bytes of the frames together; largest: of the largest one.
    """

    def __init__(self, level: int) -> None:
        self.level = level
        self.events: list[Any] = []
        self.size = 0
        self.largest = 0
        self._frames: list[bytes] = []

    def put(self, event: Any) -> None:
        """Add an event. Raises what encoding raises."""
        self.put_all([event])

    def put_all(self, events: list[Any]) -> None:
        """Add events, all or none of them. Raises what encoding raises."""
        frames = [event.frame(self.level) for event in events]
        self.events += events
        self._frames += frames
        self.size += sum(map(len, frames))
        self.largest = max(self.largest, *map(len, frames))

    def send(self, lanes: list[Any], now: float) -> list[Any]:
        """The frames to all lanes that are ready; the lanes that were not."""
        return fan_out(lanes, b"".join(self._frames), now)

    def clear(self) -> None:
        """Forget what waits."""
        self.events.clear()
        self._frames.clear()
        self.size = self.largest = 0
