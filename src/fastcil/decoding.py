"""Streams of either protocol as JSON objects: versions followed, errors told, captures walked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fastcil.capture import End, Flow, Gap, Readable, read_capture
from fastcil.codec import FrameReader
from fastcil.codec.errors import Reason, WireError
from fastcil.codec.types import MAX_FRAME_LIMIT
from fastcil.frame_json import frame_object
from fastcil.ged188 import FIRST_VERSION, LAST_VERSION, DecodeError, MessageReader
from fastcil.ged188.message_json import error_object, message_from, message_object

__all__ = ["CapturePrinter", "FramePrinter", "MessagePrinter", "encode_lines"]

Show = Callable[[dict[str, Any]], None]

_OPEN_REQ = 3
_VERSION_END = 16
"""Where VersionNumber ends in OPEN_REQ: the header, InvokeID, then it, in every version."""


class _Printer:
    """A stream as objects, in order; good is False once something could not be decoded."""

    def __init__(self, show: Show, extra: Mapping[str, Any] | None = None) -> None:
        self.good = True
        self._show = show
        self._extra = dict(extra or {})
        self._over = False

    def stamp(self, **extra: Any) -> None:
        """What every object from here on has besides."""
        self._extra.update(extra)

    def _tell(self, offset: int | None, found: Mapping[str, Any]) -> None:
        self._show({"offset": offset, **self._extra, **found})

    def gap(self, gap: Gap) -> None:
        """Bytes are missing: nothing of this stream can be read any more."""
        self._over = True
        self.good = False
        words = f"the capture lacks {gap.size} bytes; this direction is not read on"
        self._tell(gap.offset, {"gap": gap.size, "error": words, "reason": "GAP"})


class MessagePrinter(_Printer):
    """A stream of GED-188 messages as objects {"offset", "type", "name", ...}.

    version None: messages are read as the version that OPEN_REQ asks for (OPEN_CONF names none: a
    server that does not speak it refuses), and as 25 before one came. What cannot be decoded is an
    object with "error", "reason" and "hex", and the next message is read; the stream ends at a
    length that cannot be believed.
    """

    def __init__(
        self, show: Show, version: int | None, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(show, extra)
        self.follows = version is None
        self.reader = MessageReader(LAST_VERSION if version is None else version)
        self.opened: Callable[[int], None] | None = None
        """Called with the version that OPEN_REQ asks for: the other direction wants to know."""

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        if self._over:
            return
        self.reader.feed(data)
        while not self._over:
            if self.follows:
                self._follow()
            try:
                message = next(self.reader, None)
            except DecodeError as error:
                self._error(error)
                self._over = not error.resumable
                continue
            if message is None:
                return
            offset = self.reader.bytes_received - self.reader.pending - len(message)
            self._tell(offset, message_object(message))

    def _follow(self) -> None:
        """OPEN_REQ says as which version it is to be read; its fixed part is that of every one."""
        wanted = _wanted(self.reader.peek(_VERSION_END))
        if wanted is not None:
            self.reader.version = wanted
            if self.opened is not None:
                self.opened(wanted)

    def _error(self, error: DecodeError) -> None:
        self.good = False
        self._tell(error.stream_offset, error_object(error))

    def finish(self) -> None:
        """The stream ended."""
        if self._over:
            return
        self._over = True
        try:
            self.reader.finish()
        except DecodeError as error:
            self._error(error)


class FramePrinter(_Printer):
    """A stream of frames of our own wire, likewise.

    The next frame is read after a bad one whose length can be believed; the stream ends at any
    other, for it is never searched for a frame.
    """

    def __init__(self, show: Show, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(show, extra)
        self._reader = FrameReader(MAX_FRAME_LIMIT)
        self._offset = 0
        self._held = bytearray()  # from _offset on
        self._skip = 0  # bytes of a bad frame that did not come yet

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        if self._skip and not self._over:
            done = min(self._skip, len(data))
            self._skip -= done
            self._offset += done
            data = data[done:]
        self._held += data
        while data and not self._over:
            try:
                for frame in self._reader.feed(data):
                    self._tell(self._offset, frame_object(frame))
                    self._offset += len(frame)
                    del self._held[: len(frame)]
                return
            except WireError as error:
                self._error(error)
            data = bytes(self._held)

    def _error(self, error: WireError) -> None:
        self.good = False
        found = {"error": str(error), "reason": error.reason.name}
        size = int.from_bytes(self._held[:4], "little")
        if error.reason in (Reason.TRUNCATED, Reason.FRAME_LENGTH):
            self._over = True
        else:
            bad = self._held[:size]
            found["hex"] = bad.hex()
            self._skip = size - len(bad)
            del self._held[:size]
            self._reader = FrameReader(MAX_FRAME_LIMIT)
        self._tell(self._offset, found)
        if not self._over:
            self._offset += size - self._skip

    def finish(self) -> None:
        """The stream ended."""
        if self._over:
            return
        self._over = True
        try:
            self._reader.finish()
        except WireError as error:
            self._error(error)
            self._over = True


class CapturePrinter:
    """Every direction of every connection of a capture, each object with its flow and time."""

    def __init__(self, show: Show, protocol: str, version: int | None) -> None:
        self.good = True
        """Whether everything could be decoded."""
        self._show = show
        self._protocol = protocol
        self._version = version
        self._printers: dict[Flow, FramePrinter | MessagePrinter] = {}
        self._versions: dict[str, int] = {}
        """What was asked for last, by connection."""

    def read(self, file: Readable, port: int | None = None) -> None:
        """Print the whole capture. Raises CaptureError."""
        for one in read_capture(file, port):
            printer = self._printers.get(one.flow)
            if isinstance(one, End):
                if printer is not None:
                    printer.stamp(time=one.time)
                    printer.finish()
                    self.good = self.good and printer.good
                    del self._printers[one.flow]
                continue
            if printer is None:
                printer = self._printers[one.flow] = self._printer(one.flow)
            printer.stamp(time=one.time)
            if isinstance(one, Gap):
                printer.gap(one)
            else:
                printer.feed(one.data)

    def _printer(self, flow: Flow) -> FramePrinter | MessagePrinter:
        extra = {"flow": str(flow)}
        if self._protocol == "cil":
            return FramePrinter(self._show, extra)
        printer = MessagePrinter(self._show, self._version, extra)
        if not printer.follows:
            return printer
        connection = _connection(str(flow))
        printer.reader.version = self._versions.get(connection, LAST_VERSION)

        def opened(version: int) -> None:
            self._versions[connection] = version
            for other, answers in self._printers.items():
                if isinstance(answers, MessagePrinter) and _connection(str(other)) == connection:
                    answers.reader.version = version

        printer.opened = opened
        return printer


def _connection(flow: str) -> str:
    """The same text for both directions, given as "a>b" and "b>a"."""
    return ">".join(sorted(flow.split(">")))


def _wanted(head: bytes) -> int | None:
    """The version that an OPEN_REQ asks for when it is one that can be read; None for others."""
    if len(head) < _VERSION_END or int.from_bytes(head[4:8], "big") != _OPEN_REQ:
        return None
    wanted = int.from_bytes(head[12:_VERSION_END], "big")
    return wanted if FIRST_VERSION <= wanted <= LAST_VERSION else None


def encode_lines(
    lines: Iterable[tuple[int, Mapping[str, Any]]],
    version: int | None,
    *,
    raw_errors: bool = False,
) -> Iterator[bytes]:
    """The bytes of each object that MessagePrinter shows, given with the number of its line.

    version None: as OPEN_REQ asks for, in each connection where the lines name flows; 25 before one
    came. raw_errors: what could not be decoded gives its bytes back, a gap none; else both are
    refused. Raises ValueError naming the line.
    """
    versions: dict[str, int] = {}
    for number, found in lines:
        try:
            connection = _connection(str(found.get("flow", "")))
            if "error" in found:
                if not raw_errors:
                    raise ValueError(f"not a message but an error: {found['error']}")
                data = bytes.fromhex(found.get("hex", ""))
            else:
                now = version or _asked(found) or versions.get(connection, LAST_VERSION)
                data = message_from(found, now)
            wanted = _wanted(data[:_VERSION_END])
            if wanted is not None:
                versions[connection] = wanted
            yield data
        except KeyError as error:
            raise ValueError(f"line {number}: {error.args[0]}") from None
        except (ValueError, TypeError) as error:
            raise ValueError(f"line {number}: {error}") from None


def _asked(found: Mapping[str, Any]) -> int | None:
    """The version by which an OPEN_REQ is to be written: its own."""
    fields = found.get("fields")
    if found.get("type", found.get("name")) not in (_OPEN_REQ, "OPEN_REQ"):
        return None
    wanted = fields.get("VersionNumber") if isinstance(fields, Mapping) else None
    good = isinstance(wanted, int) and FIRST_VERSION <= wanted <= LAST_VERSION
    return wanted if good else None
