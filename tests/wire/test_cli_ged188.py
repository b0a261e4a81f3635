"""decode and encode of GED-188, as processes; captures too."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dpkt

from fastcil.codec import encode_frame
from fastcil.ged188 import encode_message

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


def packet(data: bytes, forth: bool = True, seq: int = 1) -> bytes:
    ends = (b"\x0a\0\0\1", b"\x0a\0\0\2") if forth else (b"\x0a\0\0\2", b"\x0a\0\0\1")
    ports = (5000, 42027) if forth else (42027, 5000)
    tcp = dpkt.tcp.TCP(sport=ports[0], dport=ports[1], seq=seq, flags=16, data=data)
    ip = dpkt.ip.IP(src=ends[0], dst=ends[1], p=6, data=tcp)
    ip.len = len(ip)
    return bytes(12) + b"\x08\x00" + bytes(ip)


def write(path: Path, packets: list[bytes]) -> None:
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file)
    for number, one in enumerate(packets):
        writer.writepkt(one, 1000.0 + number)
    path.write_bytes(file.getvalue())


def test_a_capture_of_a_session(tmp_path: Path) -> None:
    values = dict.fromkeys(
        (
            *("InvokeID", "IdleTimeout", "PeripheralID", "ServicesRequested", "CallMsgMask"),
            *("AgentStateMask", "ConfigMsgMask", "Reserved1", "Reserved2", "Reserved3"),
        ),
        0,
    )
    asked = encode_message(
        "OPEN_REQ", {**values, "VersionNumber": 14, "ClientID": "me"}, version=14
    )
    answer = encode_message(
        "OPEN_CONF",
        {
            **dict.fromkeys(("InvokeID", "ServicesGranted", "MonitorID", "PGStatus"), 0),
            **dict.fromkeys(("PeripheralOnline", "PeripheralType", "AgentState"), 1),
            "ICMCentralControllerTime": 1,
            "AgentExtension": "12",
        },
        version=14,
    )
    path = tmp_path / "site.pcap"
    write(
        path,
        [
            packet(asked[:20]),
            packet(asked[20:], seq=21),
            packet(answer, forth=False),
            packet(HEARTBEAT, seq=1 + len(asked)),
        ],
    )
    done = fastcil("decode", "--protocol", "ged188", path)
    assert done.returncode == 0, done.stderr
    found = lines(done)
    assert [one["name"] for one in found] == ["OPEN_REQ", "OPEN_CONF", "HEARTBEAT_REQ"]
    assert found[1]["floating"] == [["AgentExtension", "12"]], "read as version 14 as well"
    assert found[1]["flow"] == "10.0.0.2:42027>10.0.0.1:5000"
    assert found[2]["time"] == 1003.0
    assert lines(fastcil("decode", "--protocol", "ged188", "--port", 1, path)) == []


def test_a_capture_of_our_own_wire(tmp_path: Path) -> None:
    path = tmp_path / "own.pcap"
    write(path, [packet(encode_frame(30, {"AgentID": "7"}))])
    (found,) = lines(fastcil("decode", path))
    assert (found["name"], found["arguments"]) == ("OnAgentStateChange", {"AgentID": "7"})
    assert found["flow"].startswith("10.0.0.1:5000>")


def test_a_file_that_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(bytes.fromhex("d4c3b2a1") + b"\0\0")
    done = fastcil("decode", "--protocol", "ged188", path)
    assert done.returncode == 1
    assert b"no capture file" in done.stderr
