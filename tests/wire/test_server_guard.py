"""What a server forbids, on real sockets: connections, monitor mode, too many requests; and TLS."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest
from test_server_stream import ESTABLISHED, FAILURE, SECONDS, STATE, Client, Script, run

import fastcil
from fastcil.catalog import FailureCode
from fastcil.catalog.requests import RequestID
from fastcil.codec import FrameKind, control
from fastcil.codec.control import CloseReason
from fastcil.server import EventServer
from fastcil.server.policy import Policy


def test_connections_of_one_address() -> None:
    async def test(server: EventServer, script: Script) -> None:
        first, second = Client(server.port), Client(server.port)
        assert (await first.open()).kind == FrameKind.WELCOME
        closed = await second.open()
        assert closed.kind == FrameKind.CLOSE
        assert control.parse_close(closed).reason == CloseReason.LIMIT_REACHED
        assert (await first.monitor())[-1].message_id == ESTABLISHED, "the other is not disturbed"

    server = run(test, policy=Policy(max_per_address=1))
    assert server.counters.closed_limit == 1


def test_monitor_mode_behind_a_token() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        await client.request(RequestID.SET_MESSAGE_FILTER, Filter="MessageID=*", InvokeID=7)
        refused = await client.frame()
        assert refused.message_id == FAILURE
        assert refused.get("FailureCode") == FailureCode.eMonitorModeConnectionDenied
        assert refused.get("InvokeID") == 7
        assert "secret" not in str(refused.get("ErrorMessage"))
        frames = await client.monitor(MonitorToken="secret")
        assert frames[-1].message_id == ESTABLISHED

    assert run(test, policy=Policy(monitor_token="secret")).counters.monitors_refused == 1


def test_one_monitor_more_than_allowed() -> None:
    async def test(server: EventServer, script: Script) -> None:
        first, second = Client(server.port), Client(server.port)
        await first.open()
        await second.open()
        await first.monitor()
        await first.monitor(), "the same client again is no other one"
        await second.request(RequestID.SET_MESSAGE_FILTER, Filter="MessageID=*")
        assert (await second.frame()).message_id == FAILURE

    run(test, policy=Policy(max_monitors=1))


def test_too_many_requests() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        for number in range(8):
            await client.request(0x7FFF, InvokeID=number)
        answers = [await client.frame() for _ in range(8)]
        limited = [a for a in answers if "requests a second" in str(a.get("ErrorMessage"))]
        assert len(limited) >= 5
        assert server.counters.requests_limited == len(limited)

    run(test, policy=Policy(requests_per_second=1))


def test_too_many_snapshots() -> None:
    """A snapshot of a site is work: it counts as ten requests."""

    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        await client.monitor()
        for _ in range(6):
            await client.request(RequestID.REQUEST_SNAPSHOT)
        await client.request(0x7FFF, InvokeID=7)
        frames = await client.until(lambda frame: frame.get("InvokeID") == 7)
        words = [str(f.get("ErrorMessage")) for f in frames if f.message_id == FAILURE]
        assert sum("requests a second" in one for one in words) >= 3
        assert len(words) < len(frames)

    run(test, policy=Policy(requests_per_second=20))


def test_too_many_heartbeats() -> None:
    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port)
        await client.open()
        await client.send(b"".join(control.heartbeat(number) for number in range(100)))
        await client.request(0x7FFF, InvokeID=7)
        frames = await client.until(lambda frame: frame.get("InvokeID") == 7)
        answered = [f for f in frames if f.kind == FrameKind.HEARTBEAT_CONF]
        assert 20 <= len(answered) <= 30
        assert server.counters.heartbeats_limited == 100 - len(answered)

    run(test, policy=Policy(requests_per_second=10))


def test_answers_to_heartbeats_do_not_pile_up() -> None:
    """A client that sends heartbeats and takes nothing: what waits for it is bounded."""

    async def test(server: EventServer, script: Script) -> None:
        client = Client(server.port, receive_buffer=4096)
        await client.open()
        beats = control.heartbeat(1) * 1000
        for _ in range(100):
            await client.send(beats)
        (connection,) = server._clients
        transport = connection._transport
        assert transport is not None
        while server.counters.frames_received < 100_000:
            await asyncio.sleep(0.001)
        assert transport.get_write_buffer_size() <= 2 * server.write_buffer

    run(test, send_buffer=4096, write_buffer=8192)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return served, ssl.create_default_context(cafile=str(folder / "cert.pem"))


def test_a_session_over_tls(certificate: Path) -> None:
    served, trusted = contexts(certificate)

    async def test(server: EventServer, script: Script) -> None:
        url = f"ctios://localhost:{server.port}"
        async with fastcil.connect(url, tls=trusted, timeout=SECONDS) as session:
            stream = session.events()
            await session.monitor("MessageID=*")
            script.put(STATE, "agent.1")
            async for event in stream:
                if event.message_id == STATE:
                    return

    run(test, tls=served, host="localhost")


def test_a_server_that_is_not_trusted(certificate: Path) -> None:
    served, _ = contexts(certificate)

    async def test(server: EventServer, script: Script) -> None:
        url = f"ctios://localhost:{server.port}"
        session = fastcil.connect(url, tls=ssl.create_default_context(), timeout=1.0)
        with pytest.raises(fastcil.FastcilError, match="localhost"):
            async with session:
                raise AssertionError("connected")

    run(test, tls=served, host="localhost")


def test_plain_bytes_to_a_tls_port_hurt_nobody(certificate: Path) -> None:
    served, trusted = contexts(certificate)

    async def test(server: EventServer, script: Script) -> None:
        plain = Client(server.port)
        with pytest.raises((EOFError, ConnectionError)):
            await plain.open()
        url = f"ctios://localhost:{server.port}"
        async with fastcil.connect(url, tls=trusted, timeout=SECONDS) as session:
            await session.monitor("MessageID=*")

    run(test, tls=served, host="localhost")
