"""Peers by certificates: a server is let in by a peer's name in its certificate, and a desktop's
certificate opens nothing."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from client_peer import unused_port
from site_process import SECONDS, run, running
from test_site_peers import Pair
from test_site_process import site

from fastcil.codec import FrameKind, FrameReader, control, encode_frame
from fastcil.codec.control import CloseReason
from fastcil.server.peer_link import PEER_JOIN

pytest.importorskip("click")
pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 11), reason="the server needs Python 3.11"),
    pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP"),
]

TEXT = """
[Server.Security]
SecurityEnabled = 1
[Server.Peers]
HeartbeatIntervalMs = 500
[Server.Peers.localhost]
Port = {other}
[Fastcil]
MetricsPort = {metrics}
TlsCertificate = "{folder}/server.pem"
TlsClientAuthority = "{folder}/known.pem"
PeerTls = "mutual"
PeerAuthority = "{folder}/server.pem"
PeerCertificate = "{folder}/server.pem"
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """server.pem (of localhost) and desktop.pem with their keys; known.pem: both certificates."""
    folder = tmp_path_factory.mktemp("peers")
    known = ""
    for name, host in (("server", "localhost"), ("desktop", "desktop-17")):
        command = [
            *("openssl", "req", "-x509", "-newkey", "ec"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
            *("-keyout", str(folder / "key"), "-out", str(folder / "cert")),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        text = (folder / "cert").read_text()
        known += text
        (folder / f"{name}.pem").write_text(text + (folder / "key").read_text())
    (folder / "known.pem").write_text(known)
    return folder


async def stranger(port: int, certificates: Path) -> control.Close:
    """How a server closes on a client that has a desktop's certificate and says it is a peer."""
    context = ssl.create_default_context(cafile=str(certificates / "server.pem"))
    context.load_cert_chain(certificates / "desktop.pem")
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    try:
        writer.write(control.hello())
        join = {"ServerID": "x", "ServerName": "localhost", "PeerToken": ""}
        writer.write(encode_frame(PEER_JOIN, join, kind=FrameKind.REQUEST))
        frames = FrameReader()
        while True:
            data = await asyncio.wait_for(reader.read(1 << 16), SECONDS)
            assert data, "closed without a word"
            for frame in frames.feed(data):
                if frame.kind == FrameKind.CLOSE:
                    return control.parse_close(frame)
    finally:
        writer.close()


def test_servers_that_know_each_other_by_certificate(tmp_path: Path, certificates: Path) -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            simulator = await stack.enter_async_context(site())
            found = Pair(simulator, tmp_path)
            for number in range(2):
                file = tmp_path / f"site{number}.toml"
                ports = {"other": found.ports[1 - number], "metrics": found.metrics[number]}
                file.write_text(TEXT.format(folder=certificates, **ports))
                upstream = f"ctiserver://127.0.0.1:{simulator.port}"
                server = running(
                    tmp_path / f"log{number}",
                    *("serve", "--port", found.ports[number], "--upstream", upstream),
                    *("--host", "localhost", "--config", file),
                )
                await stack.enter_async_context(server)
            for number in range(2):
                await found.joined(number)
            closed = await stranger(found.ports[0], certificates)
            assert closed.reason == CloseReason.NOT_ALLOWED
            assert "certificate" in closed.message

    run(main())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Server.Peers.cti-b]\nPort = 42028\n", "PeerToken is missing"),
        ('[Fastcil]\nPeerTls = "mutual"\n', "PeerCertificate is missing"),
        ('[Fastcil]\nPeerTls = "server"\nPeerAuthority = "/nowhere.pem"\n', "PeerAuthority"),
    ],
)
def test_what_makes_no_peers(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    upstream = f"ctiserver://127.0.0.1:{unused_port()}"
    command = ("serve", "--port", "0", "--upstream", upstream, "--config", str(file))
    done = subprocess.run(
        [sys.executable, "-m", "fastcil", *command], capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 1
    assert words in done.stderr
