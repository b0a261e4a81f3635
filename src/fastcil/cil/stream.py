"""Received bytes to frames, through the opening of a connection; no I/O.

The WELCOME may agree on fewer keywords than this client knows, and what follows it must be read
with that number (docs/wire-format.md, section 4). So the first frame is read apart.
"""

from __future__ import annotations

from fastcil.codec import MAX_FRAME_DEFAULT, Frame, FrameKind, FrameReader, WireError, control

__all__ = ["FrameStream"]

_OPENING_MAX = 65536  # no WELCOME or CLOSE is near that


class FrameStream:
    """One connection's incoming bytes: get_buffer(), then updated(n) gives the whole frames.

    error is set when the bytes broke the format; frames before that are still given.
    """

    def __init__(self, max_frame: int = MAX_FRAME_DEFAULT) -> None:
        self.error: WireError | None = None
        self._max_frame = max_frame
        self._reader: FrameReader | None = None
        self._head = bytearray()
        self._scratch = bytearray(4096)

    def get_buffer(self, sizehint: int = -1) -> memoryview:
        """Where the next bytes go."""
        if self._reader is None:
            return memoryview(self._scratch)
        return self._reader.get_buffer(sizehint)

    def updated(self, count: int) -> list[Frame]:
        """count bytes came into the buffer."""
        if self._reader is None:
            return self._opening(count)
        frames: list[Frame] = []
        try:
            frames.extend(self._reader.buffer_updated(count))
        except WireError as error:
            self.error = error
        return frames

    def _opening(self, count: int) -> list[Frame]:
        self._head += self._scratch[:count]
        frames: list[Frame] = []
        try:
            first = next(iter(FrameReader(_OPENING_MAX).feed(bytes(self._head))), None)
            if first is None:
                return frames
            frames.append(first)
            keywords = control.KEYWORD_COUNT
            if first.kind == FrameKind.WELCOME:
                keywords = control.parse_welcome(first).keyword_count
            self._reader = FrameReader(self._max_frame, keyword_count=keywords)
            rest = bytes(self._head[len(first) :])
            self._head.clear()
            frames.extend(self._reader.feed(rest))
        except WireError as error:
            self.error = error
        return frames
