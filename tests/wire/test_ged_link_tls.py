"""TLS towards a CTI Server: the server's certificate, the client's, and those that are not trusted.

Certificates are made for the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ged_link_run import leave, run, scripted, settings, texts, until
from ged_peer import GedPeer

from fastcil.ged188.link import ConnectFailed, CtiLink, CtiLinkThread, Lost, Opened, TlsOptions

trustme = pytest.importorskip("trustme")


class Certificates:
    """An authority, the server's certificate and the client's, as files."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(self.ca_file))
        mine = self.authority.issue_cert("client@example.com")
        self.cert_file, self.key_file = folder / "client.pem", folder / "client.key"
        mine.private_key_pem.write_to_path(str(self.key_file))
        for blob in mine.cert_chain_pems:
            blob.write_to_path(str(self.cert_file), append=True)

    def server(self, name: str = "127.0.0.1", *, mutual: bool = False) -> ssl.SSLContext:
        """A server's context."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(name).configure_cert(context)
        if mutual:
            context.verify_mode = ssl.CERT_REQUIRED
            self.authority.configure_trust(context)
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secured(certificates: Certificates) -> Iterator[GedPeer]:
    with GedPeer(certificates.server()) as found:
        yield found


def refused(peer: GedPeer) -> None:
    """A connection that does not become one."""
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        peer.accept().gone()


async def exchange(peer: GedPeer, tls: Any) -> None:
    """An event there, a good-bye back."""
    link = CtiLink(settings(peer, tls=tls))
    server, _ = await asyncio.gather(scripted(peer.opened), link.open())
    assert isinstance(server.sock, ssl.SSLSocket)
    stream = link.events()
    await until(stream, Opened)
    await scripted(server.say, "secret " * 30)
    assert await texts(stream, 1) == ["secret " * 30]
    await leave(link, server)


def test_a_server_with_a_certificate(secured: GedPeer, certificates: Certificates) -> None:
    run(exchange(secured, TlsOptions(ca_file=certificates.ca_file)))


def test_a_context_of_ones_own(secured: GedPeer, certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=str(certificates.ca_file))
    run(exchange(secured, context))


def test_mutual(certificates: Certificates) -> None:
    options = TlsOptions(
        ca_file=certificates.ca_file,
        cert_file=certificates.cert_file,
        key_file=certificates.key_file,
    )
    with GedPeer(certificates.server(mutual=True)) as peer:
        run(exchange(peer, options))


def test_a_client_without_a_certificate_is_not_let_in(certificates: Certificates) -> None:
    async def main(peer: GedPeer) -> None:
        link = CtiLink(settings(peer, tls=TlsOptions(ca_file=certificates.ca_file)))
        link.start()
        await scripted(refused, peer)
        # With TLS 1.3 the client believes that it is connected until the server's alert arrives.
        failed = await until(link.events(), ConnectFailed)
        assert failed.reason in (Lost.CONNECT_FAILED, Lost.CLOSED_BY_PEER)
        await link.close()

    with GedPeer(certificates.server(mutual=True)) as peer:
        run(main(peer))


def test_an_authority_that_is_not_trusted(secured: GedPeer, tmp_path: Path) -> None:
    async def main() -> None:
        stranger = Certificates(tmp_path)
        link = CtiLink(settings(secured, tls=TlsOptions(ca_file=stranger.ca_file)))
        link.start()
        await scripted(refused, secured)
        failed = await until(link.events(), ConnectFailed)
        assert failed.reason is Lost.CONNECT_FAILED
        assert "certificate" in failed.text.lower()
        await link.close()

    run(main())


@pytest.mark.parametrize("check", [True, False])
def test_a_certificate_of_another_host(certificates: Certificates, check: bool) -> None:
    options = TlsOptions(ca_file=certificates.ca_file, check_hostname=check)

    async def fails(peer: GedPeer) -> None:
        link = CtiLink(settings(peer, tls=options))
        link.start()
        await scripted(refused, peer)
        assert (await until(link.events(), ConnectFailed)).reason is Lost.CONNECT_FAILED
        await link.close()

    with GedPeer(certificates.server("elsewhere.example.com")) as peer:
        run(fails(peer) if check else exchange(peer, options))


def test_a_server_that_speaks_no_tls(certificates: Certificates) -> None:
    async def main(peer: GedPeer) -> None:
        options = TlsOptions(ca_file=certificates.ca_file)
        link = CtiLink(settings(peer, tls=options))
        link.start()
        server = await scripted(peer.accept)
        await scripted(server.raw, b"\0" * 64)
        assert (await until(link.events(), ConnectFailed)).reason is Lost.CONNECT_FAILED
        await link.close()

    with GedPeer() as peer:
        run(main(peer))


def test_a_handshake_that_never_ends_is_cut_off(certificates: Certificates) -> None:
    async def main(peer: GedPeer) -> None:
        options = TlsOptions(ca_file=certificates.ca_file)
        link = CtiLink(settings(peer, tls=options, connect_timeout=0.1))
        link.start()
        await scripted(peer.accept)
        assert (await until(link.events(), ConnectFailed)).reason is Lost.CONNECT_TIMEOUT
        await link.close()

    with GedPeer() as peer:
        run(main(peer))


def test_the_threads_driver_has_it_as_well(secured: GedPeer, certificates: Certificates) -> None:
    link = CtiLinkThread(settings(secured, tls=TlsOptions(ca_file=certificates.ca_file)))

    async def main() -> None:
        server, _ = await asyncio.gather(scripted(secured.opened), scripted(link.open))
        assert isinstance(server.sock, ssl.SSLSocket)
        await asyncio.gather(scripted(server.take_leave), scripted(link.close))

    run(main())
