"""decode and encode of GED-188, as processes; captures too."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dpkt
import pytest

from fastcil.codec import encode_frame
from fastcil.ged188 import encode_message
from fastcil.ged188.schema import MESSAGES, message_spec

HEARTBEAT = encode_message("HEARTBEAT_REQ", {"InvokeID": 7})
CONF = encode_message("HEARTBEAT_CONF", {"InvokeID": 7})


def fastcil(*arguments: object, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "fastcil", *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)


def lines(done: subprocess.CompletedProcess[bytes]) -> list[Any]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_decode_and_encode_from_standard_input() -> None:
    data = HEARTBEAT + CONF
    done = fastcil("decode", "--protocol", "ged188", "--version", 24, data=data)
    assert done.returncode == 0, done.stderr
    assert lines(done) == [
        {
            "offset": 0,
            "type": 5,
            "name": "HEARTBEAT_REQ",
            "fields": {"InvokeID": 7},
            "floating": [],
        },
        {
            "offset": 12,
            "type": 6,
            "name": "HEARTBEAT_CONF",
            "fields": {"InvokeID": 7},
            "floating": [],
        },
    ]
    back = fastcil("encode", "--protocol", "ged188", "--version", 24, "-", data=done.stdout)
    assert (back.returncode, back.stdout) == (0, data)


def test_a_bad_message_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "stream.bin"
    path.write_bytes(HEARTBEAT + bytes.fromhex("0000000000002710") + CONF)
    done = fastcil("decode", "--protocol", "ged188", path)
    assert done.returncode == 1
    assert [one.get("reason") for one in lines(done)] == [None, "MESSAGE_TYPE", None]
    refused = fastcil("encode", "--protocol", "ged188", data=done.stdout)
    assert refused.returncode == 1
    assert b"line 2" in refused.stderr
    back = fastcil("encode", "--protocol", "ged188", "--raw-errors", data=done.stdout)
    assert back.stdout == path.read_bytes()


def test_versions_that_nobody_speaks() -> None:
    done = fastcil("decode", "--protocol", "ged188", "--version", 26)
    assert done.returncode == 2
    assert b"9 to 25" in done.stderr


def test_a_length_that_cannot_be_believed_and_a_cut() -> None:
    done = fastcil("decode", "--protocol", "ged188", data=HEARTBEAT + b"\xff" * 8 + CONF)
    assert done.returncode == 1
    last = lines(done)[-1]
    assert (last["offset"], last["reason"]) == (12, "MESSAGE_LENGTH")
    done = fastcil("decode", "--protocol", "ged188", data=HEARTBEAT + CONF[:9])
    assert done.returncode == 1
    last = lines(done)[-1]
    assert (last["offset"], last["reason"], last["hex"]) == (12, "TRUNCATED", CONF[:9].hex())


@pytest.mark.parametrize("version", [9, 14, 19, 20, 25])
def test_one_of_every_message(version: int) -> None:
    """All of the set, each with a field of an unknown tag, which those without a format lack."""
    stream = b""
    for spec in MESSAGES:
        if spec.min_version > version:
            continue
        strange = b"\xfa\x02hi" if version < 20 else b"\xff\xfa\0\x02hi"
        body = bytes(sum(field.max_size for field in spec.fixed_of(version))) + strange
        stream += len(body).to_bytes(4, "big") + spec.number.to_bytes(4, "big") + body
    options = ("--protocol", "ged188", "--version", version)
    done = fastcil("decode", *options, data=stream)
    found = lines(done)
    assert {one.get("reason") for one in found} <= {None}, found
    assert len(found) == len([spec for spec in MESSAGES if spec.min_version <= version])
    back = fastcil("encode", *options, data=done.stdout)
    assert (back.returncode, back.stdout) == (0, stream)


def test_what_comes_through_a_pipe_is_shown_when_it_comes() -> None:
    command = [sys.executable, "-m", "fastcil", "decode", "--protocol", "ged188"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for data, name in ((HEARTBEAT, "HEARTBEAT_REQ"), (CONF, "HEARTBEAT_CONF")):
            process.stdin.write(data)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["name"] == name
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("decode", "--pcap", "-", "-"), b"two inputs"),
        (("decode", "--port", "42027"), b"--port chooses connections of a capture"),
        (("encode", "--raw-errors"), b"--raw-errors goes with --protocol ged188"),
        (("decode", "--protocol", "ged189"), b"ged189"),
        (("decode", "--protocol", "ged188", "nowhere.bin"), b"nowhere.bin"),
    ],
)
def test_options_that_do_not_fit(arguments: tuple[str, ...], words: bytes) -> None:
    done = fastcil(*arguments)
    assert done.returncode == 2
    assert words in done.stderr


@pytest.mark.parametrize("protocol", ["cil", "ged188"])
@pytest.mark.parametrize("line", [b"\xff", b"[1]", b'{"type": 9, ', b"[" * 100000])
def test_lines_that_are_no_objects(protocol: str, line: bytes) -> None:
    done = fastcil("encode", "--protocol", protocol, data=line)
    assert done.returncode == 1
    assert b"Error: " in done.stderr
    assert b"Traceback" not in done.stderr


def packet(
    data: bytes, forth: bool = True, seq: int = 1, port: int = 5000, flags: int = 16
) -> bytes:
    ends = (b"\x0a\0\0\1", b"\x0a\0\0\2") if forth else (b"\x0a\0\0\2", b"\x0a\0\0\1")
    ports = (port, 42027) if forth else (42027, port)
    tcp = dpkt.tcp.TCP(sport=ports[0], dport=ports[1], seq=seq, flags=flags, data=data)
    ip = dpkt.ip.IP(src=ends[0], dst=ends[1], p=6, data=tcp)
    ip.len = len(ip)
    return bytes(12) + b"\x08\x00" + bytes(ip)


def capture(packets: list[bytes], writer: Any = dpkt.pcap.Writer) -> bytes:
    file = io.BytesIO()
    found = writer(file)
    for number, one in enumerate(packets):
        found.writepkt(one, 1000.0 + number)
    return file.getvalue()


def opening(version: int) -> tuple[bytes, bytes]:
    """OPEN_REQ and OPEN_CONF of a version."""
    names = [field.name for field in message_spec("OPEN_REQ").fixed_of(version)]
    asked = {**dict.fromkeys(names, 0), "VersionNumber": version, "ClientID": "me"}
    names = [field.name for field in message_spec("OPEN_CONF").fixed_of(version)]
    answer = {**dict.fromkeys(names, 0), "AgentExtension": "12"}
    return (
        encode_message("OPEN_REQ", asked, version=version),
        encode_message("OPEN_CONF", answer, version=version),
    )


@pytest.mark.parametrize("writer", [dpkt.pcap.Writer, dpkt.pcapng.Writer])
def test_a_capture_of_two_sessions(tmp_path: Path, writer: Any) -> None:
    """One of version 14 with its segments in disorder, one of version 24 between them."""
    asked, answer = opening(14)
    newer, newer_answer = opening(24)
    data = capture(
        [
            packet(b"", seq=0, flags=2),
            packet(asked[20:], seq=21),
            packet(newer, port=5001),
            packet(asked[:20]),
            packet(asked[10:30], seq=11),
            packet(answer, forth=False),
            packet(newer_answer, forth=False, port=5001),
            packet(HEARTBEAT, seq=1 + len(asked)),
            packet(CONF, forth=False, seq=1 + len(answer)),
        ],
        writer,
    )
    path = tmp_path / "site.pcap"
    path.write_bytes(data)
    done = fastcil("decode", "--protocol", "ged188", path)
    assert done.returncode == 0, done.stderr
    found = lines(done)
    assert list(found[0])[:5] == ["offset", "flow", "time", "type", "name"]
    older = "10.0.0.1:5000>10.0.0.2:42027"
    assert [(one["name"], one["flow"] == older, one["time"]) for one in found] == [
        ("OPEN_REQ", False, 1002.0),
        ("OPEN_REQ", True, 1003.0),
        ("OPEN_CONF", False, 1005.0),
        ("OPEN_CONF", False, 1006.0),
        ("HEARTBEAT_REQ", True, 1007.0),
        ("HEARTBEAT_CONF", False, 1008.0),
    ]
    assert {tuple(one["floating"][0]) for one in found[:4]} == {
        ("ClientID", "me"),
        ("AgentExtension", "12"),
    }, "each as the version of its session"
    back = fastcil("encode", "--protocol", "ged188", data=done.stdout)
    assert back.stdout == newer + asked + answer + newer_answer + HEARTBEAT + CONF

    for arguments, piped in (("--pcap", path), b""), (("-",), data), (("--pcap", "-"), data):
        same = fastcil("decode", "--protocol", "ged188", *arguments, data=piped)
        assert same.stdout == done.stdout
    assert lines(fastcil("decode", "--protocol", "ged188", "--port", 1, path)) == []
    assert len(lines(fastcil("decode", "--protocol", "ged188", "--port", 5000, path))) == 4


def test_a_capture_that_lacks_a_segment_and_has_a_bad_message(tmp_path: Path) -> None:
    bad = bytes.fromhex("0000000000002710")
    path = tmp_path / "site.pcap"
    path.write_bytes(
        capture(
            [
                packet(HEARTBEAT),
                packet(HEARTBEAT, seq=113),
                packet(bad + CONF + CONF[:3], forth=False),
            ]
        )
    )
    done = fastcil("decode", "--protocol", "ged188", path)
    assert done.returncode == 1
    found = lines(done)
    assert [one.get("reason", "") for one in found] == ["", "MESSAGE_TYPE", "", "GAP", "TRUNCATED"]
    assert found[1]["hex"] == bad.hex()
    assert found[3] == {
        "offset": 12,
        "flow": "10.0.0.1:5000>10.0.0.2:42027",
        "time": 1001.0,
        "gap": 100,
        "error": "the capture lacks 100 bytes; this direction is not read on",
        "reason": "GAP",
    }
    back = fastcil("encode", "--protocol", "ged188", "--raw-errors", data=done.stdout)
    assert back.stdout == HEARTBEAT + bad + CONF + CONF[:3]


def test_a_capture_of_our_own_wire(tmp_path: Path) -> None:
    path = tmp_path / "own.pcap"
    frame = encode_frame(30, {"AgentID": "7"})
    path.write_bytes(
        capture([packet(b"", seq=0, flags=2), packet(frame[5:], seq=6), packet(frame)])
    )
    done = fastcil("decode", path)
    assert done.returncode == 0, done.stderr
    (found,) = lines(done)
    assert (found["name"], found["arguments"]) == ("OnAgentStateChange", {"AgentID": "7"})
    assert found["flow"].startswith("10.0.0.1:5000>")
    assert found["time"] == 1002.0
    assert fastcil("encode", data=done.stdout).stdout == frame


def test_a_capture_of_our_own_wire_with_a_loss(tmp_path: Path) -> None:
    path = tmp_path / "own.pcap"
    frame = encode_frame(30, {"AgentID": "7"})
    path.write_bytes(capture([packet(frame), packet(frame, seq=1 + 2 * len(frame))]))
    done = fastcil("decode", path)
    assert done.returncode == 1
    assert [one.get("gap") for one in lines(done)] == [None, len(frame)]


def test_a_file_that_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(bytes.fromhex("d4c3b2a1") + b"\0\0")
    done = fastcil("decode", "--protocol", "ged188", path)
    assert done.returncode == 1
    assert b"the capture ends inside its header" in done.stderr
    path.write_bytes(capture([packet(HEARTBEAT), packet(CONF, forth=False)])[:-1])
    done = fastcil("decode", "--protocol", "ged188", path)
    assert done.returncode == 1
    assert [one["name"] for one in lines(done)] == ["HEARTBEAT_REQ"]
    assert b"the capture ends inside a packet" in done.stderr
    done = fastcil("decode", "--protocol", "ged188", "--pcap", "-", data=HEARTBEAT)
    assert done.returncode == 1
    assert b"no capture file" in done.stderr


def test_a_capture_without_the_extra() -> None:
    program = "import sys; sys.modules['dpkt'] = None; from fastcil.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "decode", "--protocol", "ged188"],
        input=capture([packet(HEARTBEAT)]),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert b"pip install 'fastcil[pcap]'" in done.stderr
    assert b"Traceback" not in done.stderr
