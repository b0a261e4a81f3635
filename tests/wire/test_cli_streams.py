"""The commands that work on files, as processes: decode and encode give the same bytes back."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import pytest

from fastcil.codec import Arguments, FrameWriter, encode_frame
from fastcil.codec.types import ArgType, FrameKind
from fastcil.decoding import FramePrinter
from fastcil.recording import RecordingReader, RecordingWriter
from fastcil.workload import ContactCentre, full_call_begin

pytest.importorskip("click")


def fastcil(*arguments: object, data: bytes = b"", code: int = 0) -> bytes:
    found = subprocess.run(
        [sys.executable, "-m", "fastcil", *map(str, arguments)],
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == code, found.stderr.decode()
    assert b"Traceback" not in found.stderr
    return found.stdout if code in (0, 1) else found.stderr


def lines(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def odd_arguments() -> Arguments:
    """Every type, nested, with bytes that are not UTF-8, unknown names and numeric keys."""
    arguments = Arguments(full_call_begin())
    for number, kind in enumerate((ArgType.INT, ArgType.UINT, ArgType.SHORT, ArgType.USHORT)):
        arguments.set(f"x.number{number}", number, kind)
    arguments["x.bytes"] = b"\xff\xfe ok \xc3"
    arguments["x.nothing"] = None
    arguments["x.flag"] = True
    arguments["x.large"] = (1 << 32) - 1
    arguments["#9999"] = "beyond the table"
    nested = Arguments({"name": "日本", "raw": b"\x80"})
    nested.set("short", -5, ArgType.SHORT)
    arguments["x.nested"] = Arguments({"inner": nested, "empty": Arguments()})
    return arguments


@pytest.fixture(scope="module")
def stream() -> bytes:
    writer = FrameWriter(epoch=3)
    for event in islice(ContactCentre(20, 1), 400):
        writer.write(event.message_id, event.complete)
        writer.write(event.message_id, event.minimal)
    writer.write(0, {"EventTime": 1}, FrameKind.HEARTBEAT)
    writer.write(23, odd_arguments())
    writer.write(0x7FFFFFFF, {})
    return writer.take()


def test_stream_through_json_and_back(stream: bytes) -> None:
    decoded = fastcil("decode", "-", data=stream)
    found = lines(decoded)
    assert len(found) == 803
    assert found[0]["offset"] == 0
    assert found[0]["name"] == "OnAgentStateChange"
    assert found[0]["epoch"] == 3
    assert found[-2]["types"]["x.nested"]["inner"] == {"short": "SHORT"}
    assert found[-1]["name"] is None
    assert fastcil("encode", "-", data=decoded) == stream


def test_recording_through_json_and_back(tmp_path: Path) -> None:
    path, back = tmp_path / "a.rec", tmp_path / "b.rec"
    with RecordingWriter(path) as writer:
        for event in islice(ContactCentre(5, 2), 100):
            writer.write(event.time_ns, encode_frame(event.message_id, event.complete))
    decoded = fastcil("decode", path)
    assert lines(decoded)[0]["time_ns"] == 0
    fastcil("encode", "-", "-o", back, data=decoded)
    assert back.read_bytes() == path.read_bytes()


def test_raw_frames_are_taken_as_they_are() -> None:
    data = encode_frame(11, {"CallStatus": 4})
    line = json.dumps({"message_id": 12, "raw": base64.b64encode(data).decode()})
    assert fastcil("encode", "-", data=line.encode()) == data


def test_a_bad_frame_is_told_and_the_next_one_read() -> None:
    good, bad = encode_frame(11, {"CallStatus": 4}), bytearray(encode_frame(12))
    bad[12] = 99
    stream = good + bytes(bad) + bytes(bad) + good
    found = lines(fastcil("decode", "-", data=stream, code=1))
    assert [(line["offset"], line.get("reason"), line.get("hex")) for line in found] == [
        (0, None, None),
        (len(good), "FRAME_KIND", bad.hex()),
        (len(good + bad), "FRAME_KIND", bad.hex()),
        (len(good + bad + bad), None, None),
    ]


def test_a_length_that_cannot_be_believed_ends_the_stream() -> None:
    good = encode_frame(11, {"CallStatus": 4})
    found = lines(fastcil("decode", "-", data=good + b"\x01\0\0\0" + good, code=1))
    assert len(found) == 2
    assert (found[1]["offset"], found[1]["reason"]) == (len(good), "FRAME_LENGTH")
    cut = lines(fastcil("decode", "-", data=good + good[:-1], code=1))
    assert len(cut) == 2
    assert (cut[1]["offset"], cut[1]["reason"]) == (len(good), "TRUNCATED")


@pytest.mark.parametrize("size", [1, 7, 64])
def test_bad_frames_in_pieces(size: int) -> None:
    good, bad = encode_frame(11, {"CallStatus": 4}), bytearray(encode_frame(12, {"a": "b" * 90}))
    bad[12] = 99
    stream = good + bytes(bad) + good + bytes(bad) + good
    found: list[Any] = []
    printer = FramePrinter(found.append)
    for start in range(0, len(stream), size):
        printer.feed(stream[start : start + size])
    printer.finish()
    steps = (len(good), len(bad), len(good), len(bad))
    assert [line["offset"] for line in found] == list(accumulate(steps, initial=0))
    assert ["error" in line for line in found] == [False, True, False, True, False]


def test_bad_record_is_told_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    frame = encode_frame(11, {"CallStatus": 4})
    with RecordingWriter(path) as writer:
        for time_ns in range(3):
            writer.write(time_ns, frame)
    data = bytearray(path.read_bytes())
    second = 16 + 16 + len(frame) + 16
    data[second + 12] = 99
    path.write_bytes(data)
    found = lines(fastcil("decode", path, code=1))
    assert [("error" in entry, entry["offset"]) for entry in found] == [
        (False, 32),
        (True, second),
        (False, second + len(frame) + 16),
    ]
    path.write_bytes(data[:-1])
    assert lines(fastcil("decode", path, code=1))[-1]["reason"] == "RECORDING"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "line 1"),
        (b"[]", "not a JSON object"),
        (b"{}", "message_id is missing"),
        (b'{"message_id": 1, "kind": "X"}', "kind: 'X'"),
        (b'{"message_id": 1, "arguments": {"A": 1.5}}', "A"),
        (b'{"message_id": 1, "arguments": {"A": 70000}, "types": {"A": "SHORT"}}', "70000"),
        (b'{"message_id": 1, "arguments": {"A": 1}, "types": {"A": "LONG"}}', "LONG"),
        (b'{"message_id": 1, "raw": "?"}', "raw"),
    ],
)
def test_lines_that_are_no_frames(line: bytes, message: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "fastcil", "encode", "-"],
        input=line,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 1
    assert message in found.stderr.decode()
    assert b"Traceback" not in found.stderr


def test_replay_prints_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    with RecordingWriter(path) as writer:
        for event in islice(ContactCentre(5, 2), 50):
            writer.write(event.time_ns, encode_frame(event.message_id, event.minimal))
    found = lines(fastcil("replay", path, "--speed", "max"))
    with RecordingReader(path) as reader:
        assert [entry["time_ns"] for entry in found] == [time_ns for time_ns, _ in reader]
    assert b"neither" in fastcil("replay", path, "--speed", "-1", code=2)


def test_each_listed_command_has_help_with_an_example() -> None:
    listed = fastcil("--help").decode().partition("Commands:")[2]
    names = [line.split()[0] for line in listed.splitlines() if line.startswith("  ")]
    names = [name for name in names if name.isalpha() and name.islower()]
    assert {"decode", "encode", "replay", "bench"} <= set(names)
    for name in names:
        assert b"Example: " in fastcil(name, "--help")


def test_bench_prints_both_events() -> None:
    output = fastcil("bench", "--seconds", "0.05").decode()
    assert "54 items" in output
    assert "5 items" in output
