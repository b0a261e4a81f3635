"""The commands `decode` and `encode`: bytes of either protocol as lines of JSON, and back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import click

from fastcil.codec import FrameReader
from fastcil.codec.errors import FastcilError, WireError
from fastcil.codec.types import MAX_FRAME_LIMIT
from fastcil.recording import MAGIC, RecordingError, RecordingReader, RecordingWriter

__all__ = ["decode", "encode", "print_json"]

_CHUNK = 1 << 16
_HELD_MOST = 64  # messages of one direction that wait until the version is known


class _Prefixed:
    """A binary stream whose first bytes have been looked at."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self.prefix = b""
        while len(self.prefix) < size:
            more = stream.read(size - len(self.prefix))
            if not more:
                break
            self.prefix += more
        self._rest = self.prefix

    def read(self, size: int = -1) -> bytes:
        """As of a file: may give less than asked, b"" at the end only."""
        if not self._rest:
            return self._stream.read(size)
        found = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(found) :]
        return found


def print_json(found: dict[str, Any]) -> None:
    from fastcil.frame_json import dumps

    click.echo(dumps(found))


_protocol = click.option(
    "--protocol",
    type=click.Choice(["cil", "ged188"]),
    default="cil",
    show_default=True,
    help="cil: frames of this project; ged188: messages between a CTI Server and its clients.",
)


def _version(_ctx: click.Context, _param: click.Parameter, text: str) -> int | None:
    """A protocol version; None: to be found out."""
    if text == "auto":
        return None
    if not text.isdecimal() or not 9 <= int(text) <= 25:
        raise click.BadParameter(f"{text!r} is neither 9 to 25 nor auto")
    return int(text)


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@_protocol
@click.option(
    "--version",
    callback=_version,
    default="auto",
    metavar="9..25|auto",
    help="Of GED-188; auto, the default: what OPEN_REQ asks for, else 25.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Of a capture: connections with it.")
def decode(file: BinaryIO, protocol: str, version: int | None, port: int | None) -> None:
    """Print each frame or message of FILE as a line of JSON; FILE - is the standard input.

    FILE is a stream of bytes, a recording, or a capture (pcap, pcapng; with the extra
    fastcil[pcap]), whose lines name flow and time. What cannot be decoded prints {"offset",
    "error", "reason"} and the exit code is 1; a recording and GED-188 go on behind it, a stream of
    frames ends there.

    \b
    Example: fastcil decode calls.rec | jq 'select(.name == "OnCallBegin")'
    Example: fastcil decode --protocol ged188 --version 24 site.pcap
    """
    from fastcil.capture import is_capture

    source: Any = _Prefixed(file, len(MAGIC))
    if is_capture(source.prefix):
        if file.seekable():
            file.seek(0)
        else:
            file = io.BytesIO(source.read())  # dpkt looks at the beginning twice
        good = _decode_capture(file, protocol, version, port)
    elif protocol == "ged188":
        from fastcil.decoding import MessagePrinter

        good = _decode_messages(source, MessagePrinter(print_json, version))
    elif source.prefix == MAGIC:
        good = _decode_recording(source)
    else:
        good = _decode_stream(source)
    if not good:
        raise SystemExit(1)


def _decode_messages(source: Any, printer: Any) -> bool:
    while data := source.read(_CHUNK):
        printer.feed(data)
    printer.finish()
    return bool(printer.good)


def _decode_capture(source: Any, protocol: str, version: int | None, port: int | None) -> bool:
    from fastcil.capture import CaptureError
    from fastcil.decoding import CapturePrinter

    printer = CapturePrinter(print_json, protocol, version)
    try:
        printer.read(source, port)
    except CaptureError as error:
        raise click.ClickException(str(error)) from None
    return printer.good


def _decode_stream(source: _Prefixed) -> bool:
    from fastcil.frame_json import frame_object

    reader = FrameReader(MAX_FRAME_LIMIT)
    offset = 0
    try:
        while data := source.read(_CHUNK):
            for frame in reader.feed(data):
                print_json({"offset": offset, **frame_object(frame)})
                offset += len(frame)
        reader.finish()
    except WireError as error:
        print_json({"offset": offset, "error": str(error), "reason": error.reason.name})
        return False
    return True


def _decode_recording(source: Any) -> bool:
    from fastcil.frame_json import frame_object

    good = True
    reader: RecordingReader | None = None
    while True:
        try:
            if reader is None:
                reader = RecordingReader(source)
            for time_ns, frame in reader:
                found = frame_object(frame)
                print_json({"offset": reader.frame_offset, "time_ns": time_ns, **found})
            return good
        except RecordingError as error:
            cause = error.__cause__
            reason = cause.reason.name if isinstance(cause, WireError) else "RECORDING"
            print_json({"offset": error.offset, "error": str(error), "reason": reason})
            good = False
            if not error.resumable:
                return False


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("-o", "--output", type=click.File("wb"), default="-", help="Default: stdout.")
@_protocol
@click.option(
    "--version",
    callback=_version,
    default="auto",
    metavar="9..25|auto",
    help="Of GED-188; auto, the default: what OPEN_REQ asks for, else 25.",
)
@click.option(
    "--raw-errors", is_flag=True, help="Lines of what could not be decoded give back their bytes."
)
def encode(
    file: Any, output: BinaryIO, protocol: str, version: int | None, raw_errors: bool
) -> None:
    """Turn the lines of `decode` back into the same bytes; FILE - is the standard input.

    Of frames, lines with "time_ns" make a recording, others a stream. Types that are not given
    follow from the JSON value: whole numbers are INT, or UINT when only that fits.

    \b
    Example: echo '{"message_id": 11, "arguments": {"CallStatus": 4}}' | fastcil encode - -o f.cil
    Example: fastcil decode --protocol ged188 s.bin | fastcil encode --protocol ged188 -o same.bin
    """
    if protocol == "ged188":
        from fastcil.decoding import encode_lines

        pieces: Iterator[bytes] = encode_lines(_lines(file), version, raw_errors=raw_errors)
        try:
            for data in pieces:
                output.write(data)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    else:
        _encode_frames(file, output)
    output.flush()


def _lines(file: Any) -> Iterator[tuple[int, Any]]:
    """(number, JSON object) of each line that has one. Raises ValueError."""
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                found = json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
            if not isinstance(found, dict):
                raise ValueError(f"line {number}: not a JSON object")
            yield number, found


def _encode_frames(file: Any, output: BinaryIO) -> None:
    from fastcil.frame_json import frame_from

    writer: RecordingWriter | None = None
    first = True
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            if not isinstance(found, dict):
                raise ValueError("not a JSON object")
            if "error" in found and "reason" in found:
                raise ValueError(f"not a frame but an error: {found['error']}")
            data = frame_from(found)
            if first and "time_ns" in found:
                writer = RecordingWriter(output)
            first = False
            if writer is None:
                output.write(data)
            else:
                writer.write(found["time_ns"], data)
        except KeyError as error:
            raise click.ClickException(f"line {number}: {error} is missing") from None
        except (FastcilError, ValueError, TypeError, OverflowError) as error:
            raise click.ClickException(f"line {number}: {error}") from None
