"""The commands `decode` and `encode`: bytes of either protocol as lines of JSON, and back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from fastcil.codec.errors import FastcilError, WireError
from fastcil.recording import MAGIC, RecordingError, RecordingReader, RecordingWriter

if TYPE_CHECKING:
    from fastcil.decoding import FramePrinter, MessagePrinter

__all__ = ["decode", "encode", "print_json"]

_CHUNK = 1 << 16


class _Prefixed:
    """A binary stream whose first `size` bytes have been looked at."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        # read1: what comes through a pipe is shown when it comes, not when a buffer is full.
        self._more: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self.prefix = b""
        while len(self.prefix) < size:
            more = self._more(size - len(self.prefix))
            if not more:
                break
            self.prefix += more
        self._rest = self.prefix

    def read(self, size: int) -> bytes:
        """What is there, up to size bytes; b"" at the end only."""
        if not self._rest:
            return self._more(size)
        found = self._rest[:size]
        self._rest = self._rest[len(found) :]
        return found


def print_json(found: dict[str, Any]) -> None:
    """One object as a line on the standard output."""
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


_version_option = click.option(
    "--version",
    callback=_version,
    default="auto",
    metavar="9..25|auto",
    help="Of GED-188; auto, the default: what OPEN_REQ asks for, else 25.",
)


@click.command()
@click.argument("file", type=click.File("rb"), default=None, required=False)
@_protocol
@_version_option
@click.option("--pcap", type=click.File("rb"), metavar="FILE", help="A capture, instead of FILE.")
@click.option("--port", type=click.IntRange(1, 65535), help="Of a capture: connections with it.")
def decode(
    file: BinaryIO | None,
    protocol: str,
    version: int | None,
    pcap: BinaryIO | None,
    port: int | None,
) -> None:
    """Print each frame or message of FILE as a line of JSON; FILE - is the standard input.

    FILE is a stream of bytes, a recording, or a capture (pcap, pcapng; with the extra
    fastcil[pcap]), whose lines name flow and time. What cannot be decoded prints {"offset",
    "error", "reason"} and the exit code is 1; a recording and GED-188 go on behind it, a stream of
    frames ends there.

    \b
    Example: fastcil decode calls.rec | jq 'select(.name == "OnCallBegin")'
    Example: fastcil decode --protocol ged188 --port 42027 site.pcap
    """
    from fastcil.capture_file import is_capture
    from fastcil.decoding import FramePrinter, MessagePrinter

    if pcap is not None and file is not None:
        raise click.UsageError("--pcap FILE and FILE are two inputs; give one")
    source = _Prefixed(pcap or file or sys.stdin.buffer, len(MAGIC))
    if pcap is not None or is_capture(source.prefix):
        good = _decode_capture(source, protocol, version, port)
    elif port is not None:
        raise click.UsageError("--port chooses connections of a capture; the input is none")
    elif protocol == "ged188":
        good = _decode_stream(source, MessagePrinter(print_json, version))
    elif source.prefix == MAGIC:
        good = _decode_recording(source)
    else:
        good = _decode_stream(source, FramePrinter(print_json))
    if not good:
        raise SystemExit(1)


def _decode_stream(source: _Prefixed, printer: FramePrinter | MessagePrinter) -> bool:
    while data := source.read(_CHUNK):
        printer.feed(data)
    printer.finish()
    return printer.good


def _decode_capture(
    source: _Prefixed, protocol: str, version: int | None, port: int | None
) -> bool:
    from fastcil.capture import CaptureError
    from fastcil.decoding import CapturePrinter

    printer = CapturePrinter(print_json, protocol, version)
    try:
        printer.read(source, port)
    except CaptureError as error:
        raise click.ClickException(str(error)) from None
    return printer.good


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
@_version_option
@click.option(
    "--raw-errors",
    is_flag=True,
    help="Of GED-188: lines of what could not be decoded give back their bytes.",
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
    from fastcil.decoding import encode_lines

    if raw_errors and protocol != "ged188":
        raise click.UsageError("--raw-errors goes with --protocol ged188")
    try:
        if protocol == "ged188":
            for data in encode_lines(_lines(file), version, raw_errors=raw_errors):
                output.write(data)
        else:
            _encode_frames(file, output)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(str(error)) from None
    output.flush()


def _lines(file: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
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


def _encode_frames(file: Iterable[str], output: BinaryIO) -> None:
    """The frames of lines: a recording when the first one has a time. Raises ValueError."""
    from fastcil.frame_json import frame_from

    writer: RecordingWriter | None = None
    first = True
    for number, found in _lines(file):
        try:
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
            raise ValueError(f"line {number}: {error} is missing") from None
        except (FastcilError, ValueError, TypeError, OverflowError) as error:
            raise ValueError(f"line {number}: {error}") from None
