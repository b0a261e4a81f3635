"""Streams of either protocol as JSON objects: versions followed, errors told, captures walked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from fastcil.capture import Chunk, Flow, Gap, read_capture
from fastcil.codec import FrameReader
from fastcil.codec.errors import WireError
from fastcil.codec.types import MAX_FRAME_LIMIT
from fastcil.frame_json import frame_object
from fastcil.ged188 import LAST_VERSION, DecodeError, MessageReader
from fastcil.ged188.message_json import error_object, message_from, message_object

__all__ = ["CapturePrinter", "FramePrinter", "MessagePrinter", "encode_lines"]

Show = Callable[[dict[str, Any]], None]
_OPEN_REQ = 3


class MessagePrinter:
    """A stream of GED-188 messages as objects {"offset", "type", "name", ...}, in order.

    version None: messages are read as the version that OPEN_REQ asks for, and as 25 before one
    came. version_now tells which it is. What cannot be decoded is an object with "error", "reason"
    and "hex", and good is False from then on.
    """

    def __init__(
        self, show: Show, version: int | None, extra: Mapping[str, Any] | None = None
    ) -> None:
        self.good = True
        self.follows = version is None
        self.reader = MessageReader(LAST_VERSION if version is None else version)
        self.opened: Callable[[int], None] | None = None
        """Called with the version that OPEN_REQ asks for: the other direction wants to know."""
        self._show = show
        self._extra = dict(extra or {})
        self._over = False

    def stamp(self, **extra: Any) -> None:
        """What every object from here on has besides."""
        self._extra.update(extra)

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        if self._over:
            return
        self.reader.feed(data)
        while not self._over:
            if self.follows:
                self._follow()
            try:
                message = next(iter(self.reader), None)
            except DecodeError as error:
                self._error(error)
                self._over = not error.resumable
                continue
            if message is None:
                return
            offset = self.reader.bytes_received - self.reader.pending - len(message)
            self._show({"offset": offset, **self._extra, **message_object(message)})

    def _follow(self) -> None:
        """OPEN_REQ says as which version it is to be read; its fixed part is that of every one."""
        head = self.reader.peek(16)
        if len(head) < 16 or int.from_bytes(head[4:8], "big") != _OPEN_REQ:
            return
        wanted = int.from_bytes(head[12:16], "big")
        if 9 <= wanted <= LAST_VERSION:
            self.reader.version = wanted
            if self.opened is not None:
                self.opened(wanted)

    def _error(self, error: DecodeError) -> None:
        self.good = False
        self._show({"offset": error.stream_offset, **self._extra, **error_object(error)})

    def gap(self, gap: Gap) -> None:
        """Bytes are missing: nothing of this stream can be read any more."""
        self._over = True
        self.good = False
        words = f"the capture lacks {gap.size} bytes; this direction is not read on"
        self._show({"offset": gap.offset, **self._extra, "error": words, "reason": "GAP"})

    def finish(self) -> None:
        """The stream ended."""
        if self._over:
            return
        try:
            self.reader.finish()
        except DecodeError as error:
            self._error(error)


class FramePrinter:
    """A stream of frames of our own wire, likewise."""

    def __init__(self, show: Show, extra: Mapping[str, Any] | None = None) -> None:
        self.good = True
        self._reader = FrameReader(MAX_FRAME_LIMIT)
        self._offset = 0
        self._show = show
        self._extra = dict(extra or {})
        self._over = False

    def stamp(self, **extra: Any) -> None:
        """What every object from here on has besides."""
        self._extra.update(extra)

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        if self._over:
            return
        try:
            for frame in self._reader.feed(data):
                self._show({"offset": self._offset, **self._extra, **frame_object(frame)})
                self._offset += len(frame)
        except WireError as error:
            self._error(error)

    def _error(self, error: WireError) -> None:
        self._over = True
        self.good = False
        found = {"error": str(error), "reason": error.reason.name}
        self._show({"offset": self._offset, **self._extra, **found})

    def gap(self, gap: Gap) -> None:
        """Bytes are missing: nothing of this stream can be read any more."""
        self._over = True
        self.good = False
        words = f"the capture lacks {gap.size} bytes; this direction is not read on"
        self._show({"offset": gap.offset, **self._extra, "error": words, "reason": "GAP"})

    def finish(self) -> None:
        """The stream ended."""
        if self._over:
            return
        try:
            self._reader.finish()
        except WireError as error:
            self._error(error)


class CapturePrinter:
    """Every direction of every connection of a capture, each object with its flow and time."""

    def __init__(self, show: Show, protocol: str, version: int | None) -> None:
        self._show = show
        self._protocol = protocol
        self._version = version
        self._printers: dict[Flow, FramePrinter | MessagePrinter] = {}

    @property
    def good(self) -> bool:
        """Whether everything could be decoded."""
        return all(printer.good for printer in self._printers.values())

    def read(self, file: BinaryIO, port: int | None = None) -> None:
        """Print the whole capture. Raises CaptureError."""
        for one in read_capture(file, port):
            printer = self._printers.get(one.flow)
            if printer is None:
                printer = self._printers[one.flow] = self._printer(one.flow)
            printer.stamp(time=one.time)
            if isinstance(one, Chunk):
                printer.feed(one.data)
            else:
                printer.gap(one)
        for printer in self._printers.values():
            printer.finish()

    def _printer(self, flow: Flow) -> FramePrinter | MessagePrinter:
        extra = {"flow": str(flow)}
        if self._protocol == "cil":
            return FramePrinter(self._show, extra)
        printer = MessagePrinter(self._show, self._version, extra)
        other = Flow(flow.target, flow.target_port, flow.source, flow.source_port, flow.number)

        def opened(version: int) -> None:
            answers = self._printers.get(other)
            if answers is None:
                answers = self._printers[other] = self._printer(other)
            if isinstance(answers, MessagePrinter) and answers.follows:
                answers.reader.version = version

        printer.opened = opened
        return printer


def encode_lines(
    lines: Iterable[tuple[int, Mapping[str, Any]]],
    version: int | None,
    *,
    raw_errors: bool = False,
) -> Iterator[bytes]:
    """The bytes of each object that MessagePrinter shows, by line number.

    version None: as OPEN_REQ asks for, 25 before one came. Raises ValueError naming the line.
    """
    now = LAST_VERSION if version is None else version
    for number, found in lines:
        try:
            if "error" in found:
                if not raw_errors:
                    raise ValueError(f"not a message but an error: {found['error']}")
                yield bytes.fromhex(found.get("hex", ""))
                continue
            if version is None and found.get("type", found.get("name")) in (_OPEN_REQ, "OPEN_REQ"):
                wanted = found.get("fields", {}).get("VersionNumber", now)
                now = wanted if 9 <= wanted <= LAST_VERSION else now
            yield message_from(found, now)
        except KeyError as error:
            raise ValueError(f"line {number}: {error}") from None
        except (ValueError, TypeError) as error:
            raise ValueError(f"line {number}: {error}") from None
