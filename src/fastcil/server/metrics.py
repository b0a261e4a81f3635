"""/metrics for Prometheus and /health, over HTTP on this host only.

prometheus_client renders the text; the responder is a page of asyncio: GET and HEAD, one request a
connection, bounded in size, time and number of connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastcil.ged188.link import LinkState
from fastcil.server.config import ConfigError
from fastcil.server.peer_link import PeerCounters

if TYPE_CHECKING:
    from fastcil.server.service import SiteService

__all__ = ["HOST", "MetricsServer", "SiteCollector", "health", "renderer"]

_log = logging.getLogger("fastcil.server")

HOST = "127.0.0.1"
_MAX_REQUEST = 8 << 10
_MAX_CONNECTIONS = 16
_GAUGES = {
    "clients": "Clients connected now",
    "monitors": "Clients in monitor mode now",
    "agents": "Clients in agent mode now",
}
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def health(service: SiteService) -> tuple[bool, dict[str, str]]:
    """Whether clients get what they should, and in words why not.

    link: a LinkState. site: known, stale (taken once, but not since the last loss of the link),
    unknown. server: serving, draining, starting. peers: how many of them are there; without one
    clients still get all but what is for its clients.
    """
    cti = service.cti
    link = cti.link.state
    site = "known" if cti.known else "stale" if cti.reconciled else "unknown"
    server = (
        "draining"
        if service.server.draining
        else "serving"
        if service.server.listening
        else "starting"
    )
    good = link is LinkState.OPEN and site == "known" and server == "serving"
    words = {"status": "ok" if good else "unavailable", "server": server}
    words.update(link=link.value, site=site)
    peers = service.source.peers
    if peers.links:
        words["peers"] = f"{len(peers.up)} of {len(peers.links)}"
    return good, words


class SiteCollector:
    """What prometheus_client asks for: every number of a service, taken when it is scraped."""

    def __init__(self, service: SiteService) -> None:
        self._service = service

    def collect(self) -> Iterator[Any]:
        """Metric families. Names begin with fastcil_server_, _link_, _peer_, _site_."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        service = self._service
        counts = service.server.counts()
        for name, value in counts.items():
            if name in _GAUGES:
                yield GaugeMetricFamily(f"fastcil_server_{name}", _GAUGES[name], value=value)
            else:
                words = f"{name.replace('_', ' ')} since the start (EventServer.counters)"
                yield CounterMetricFamily(f"fastcil_server_{name}", words, value=value)
        link = service.cti.link
        for name, value in link.counters.to_dict().items():
            words = f"{name.replace('_', ' ')} of the link to the CTI Server since the start"
            yield CounterMetricFamily(f"fastcil_link_{name}", words, value=value)
        mapper = service.source.mapper
        objects = mapper.objects
        yield CounterMetricFamily(
            "fastcil_site_messages", "Event messages of the CTI Server", value=mapper.messages
        )
        yield CounterMetricFamily(
            "fastcil_site_reconciled",
            "Times the state was taken whole",
            value=service.cti.reconciled,
        )
        unmapped = CounterMetricFamily(
            "fastcil_site_unmapped", "Messages that caused no event", labels=["message"]
        )
        for name, value in sorted(mapper.unmapped.items()):
            unmapped.add_metric([name], value)
        yield unmapped
        yield from self._peers()
        gauges = {
            "fastcil_link_open": ("1 with an open session", link.state is LinkState.OPEN),
            "fastcil_site_known": ("1 when the state of the site is known", service.cti.known),
            "fastcil_site_agents": ("Agents known", len(objects.agents)),
            "fastcil_site_calls": ("Connections of calls known", len(objects.calls)),
            "fastcil_site_conversations": ("Calls known", len(objects.conversations)),
            "fastcil_site_skill_groups": ("Skill groups known", len(objects.skill_groups)),
            "fastcil_server_outbox_bytes": (
                "Bytes that wait for clients",
                service.server.queued_bytes,
            ),
        }
        for name, (words, number) in gauges.items():
            yield GaugeMetricFamily(name, words, value=float(number))

    def _peers(self) -> Iterator[Any]:
        """The links to peers by host and port; what peers handed over here."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        peers = self._service.source.peers
        yield GaugeMetricFamily("fastcil_peers_joined", "Peers connected now", value=peers.joined)
        yield CounterMetricFamily(
            "fastcil_peer_received", "Messages of peers that were taken in", value=peers.received
        )
        links = list(peers.links.values())
        up = GaugeMetricFamily("fastcil_peer_up", "1 with a connection to it", labels=["peer"])
        agents = GaugeMetricFamily(
            "fastcil_peer_agents", "Agents with a session there", labels=["peer"]
        )
        for link in links:
            up.add_metric([link.address], float(link.up))
            agents.add_metric([link.address], len(link.agents))
        yield from (up, agents)
        for name in asdict(PeerCounters()):
            words = f"{name.replace('_', ' ')} of the connection to a peer since the start"
            family = CounterMetricFamily(f"fastcil_peer_{name}", words, labels=["peer"])
            for link in links:
                family.add_metric([link.address], getattr(link.counters, name))
            yield family


def renderer(service: SiteService) -> tuple[Callable[[], bytes], str]:
    """What makes the text of /metrics, and its content type. Raises ConfigError without the
    package that does it."""
    try:
        from prometheus_client import (
            CONTENT_TYPE_LATEST,
            CollectorRegistry,
            ProcessCollector,
            generate_latest,
        )
    except ImportError:
        raise ConfigError(
            "[Fastcil] MetricsPort needs prometheus-client: pip install 'fastcil[metrics]'"
        ) from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SiteCollector(service))
    ProcessCollector(registry=registry)
    return lambda: generate_latest(registry), CONTENT_TYPE_LATEST


class MetricsServer:
    """Answers GET /metrics and GET /health. Raises ConfigError when it cannot render.

    seconds: the longest that a request may take from connection to answer.
    """

    def __init__(self, service: SiteService, port: int, *, seconds: float = 5.0) -> None:
        self._service = service
        self._render, self._type = renderer(service)
        self._seconds = seconds
        self._server: asyncio.AbstractServer | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.port = port

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._client, HOST, self.port, limit=_MAX_REQUEST)
        self.port = self._server.sockets[0].getsockname()[1]
        _log.info("metrics on http://%s:%d/metrics", HOST, self.port)

    async def stop(self) -> None:
        """Listen no more; what is under way is broken off."""
        if self._server is None:
            return
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._open) >= _MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._open.add(task)
        try:
            # The answer is small: what the peer does not take in time is thrown away.
            async with asyncio.timeout(self._seconds):
                await self._serve(reader, writer)
        except (TimeoutError, OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._open.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._seconds / 2):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError:
            answer = self._words(431, "the request is too long")
        except TimeoutError:
            answer = self._words(408, "no request came in time")
        else:
            answer = self._answer(head)
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
            writer.write_eof()
            # What the peer still sends is read over, or its answer would be lost by a reset.
            while await reader.read(_MAX_REQUEST):
                pass

    def _answer(self, head: bytes) -> bytes:
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return self._words(400, "this is no HTTP/1 request")
        method, path = words[0], words[1].partition(b"?")[0]
        if method not in (b"GET", b"HEAD"):
            return self._words(405, "GET and HEAD are what there is", b"Allow: GET, HEAD\r\n")
        if path == b"/health":
            good, found = health(self._service)
            body, kind, status = (
                json.dumps(found).encode(),
                "application/json",
                200 if good else 503,
            )
        elif path == b"/metrics":
            try:
                body, kind, status = self._render(), self._type, 200
            except Exception:
                _log.exception("the metrics could not be rendered")
                return self._words(500, "the metrics could not be rendered")
        else:
            return self._words(404, "there are /metrics and /health")
        return self._page(status, kind, body, head_only=method == b"HEAD")

    def _words(self, status: int, words: str, more: bytes = b"") -> bytes:
        return self._page(status, "text/plain; charset=utf-8", f"{words}\n".encode(), more)

    @staticmethod
    def _page(
        status: int, kind: str, body: bytes, more: bytes = b"", *, head_only: bool = False
    ) -> bytes:
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n"
        )
        return head.encode() + more + b"\r\n" + (b"" if head_only else body)
