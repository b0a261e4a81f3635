"""A session of threads over TLS, against a scripted server."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
from client_peer import SECONDS, Events, PeerConnection

from fastcil.catalog import event_id
from fastcil.cil import ConnectError, Settings, ThreadedSession
from fastcil.codec import Arguments


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    yield
    assert [one.name for one in threading.enumerate() if one.name.startswith("fastcil")] == []


class TlsServer:
    """A server in a thread: each connection is given to a script."""

    def __init__(self, folder: Path, script: Callable[[PeerConnection], None]) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._script = script
        self.errors: list[Exception] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            plain.settimeout(SECONDS)
            try:
                with self._context.wrap_socket(plain, server_side=True) as sock:
                    self._script(PeerConnection(sock, 7))
            except OSError as error:
                self.errors.append(error)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(SECONDS)


def settings(folder: Path, port: int, *, trusted: bool = True) -> Settings:
    context = ssl.create_default_context(cafile=str(folder / "cert.pem") if trusted else None)
    return Settings.from_url(f"ctios://localhost:{port}", tls=context, backoff_first=0.01)


def test_a_session_over_tls(folder: Path) -> None:
    closed = threading.Event()

    def script(peer: PeerConnection) -> None:
        peer.greet()
        peer.establish(("OnSnapshotCallConf", {"UniqueObjectID": "call.1.2.3"}))
        assert peer.closed()
        closed.set()

    server = TlsServer(folder, script)
    session = ThreadedSession()
    session.connect(settings(folder, server.port), timeout=SECONDS)
    session.monitor("MessageID=*", timeout=SECONDS)
    assert list(session.calls) == ["call.1.2.3"]
    session.disconnect()
    assert closed.wait(SECONDS)
    server.close()
    assert not server.errors


def test_more_events_than_the_listeners_keep_up_with(folder: Path) -> None:
    """Reading pauses while TLS holds bytes of which the socket says nothing; none is lost."""
    count, batch = 30_000, 1000

    def script(peer: PeerConnection) -> None:
        peer.greet()
        for start in range(0, count, batch):
            numbers = range(start, start + batch)
            peer.events(*(("OnCallHeld", {"CallStatus": 4, "NumQueued": one}) for one in numbers))
        peer.frame()

    server = TlsServer(folder, script)
    go, done = threading.Event(), threading.Event()
    seen: list[int] = []

    class Slow:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            if iEventID == event_id("OnCallHeld"):
                go.wait(SECONDS)
                seen.append(rArgs["NumQueued"])
                if len(seen) == count:
                    done.set()

    session = ThreadedSession()
    session.add_listener(Slow())
    session.connect(settings(folder, server.port), timeout=SECONDS)
    go.set()
    assert done.wait(SECONDS), len(seen)
    assert seen == list(range(count))
    session.disconnect()
    server.close()


def test_a_server_that_is_not_trusted(folder: Path) -> None:
    server = TlsServer(folder, lambda peer: None)
    session = ThreadedSession()
    events = Events()
    session.add_listener(events)
    with pytest.raises(ConnectError, match="localhost"):
        session.connect(settings(folder, server.port, trusted=False), timeout=0.3)
    assert "certificate" in events.wait("OnConnectionFailure")["ErrorMessage"]
    server.close()


def test_a_server_that_speaks_no_tls(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        session = ThreadedSession()
        events = Events()
        session.add_listener(events)
        session.start(settings(folder, listener.getsockname()[1]))
        plain, _ = listener.accept()
        plain.sendall(b"not a handshake at all")
        assert events.wait("OnConnectionFailure")["ErrorMessage"].startswith("TLS: ")
        session.disconnect()
        plain.close()
