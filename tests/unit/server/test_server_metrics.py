"""What /metrics, /health and the log lines say, and what they never say."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fastcil.ged188.link import LinkSettings
from fastcil.server.config import ConfigError, ServerConfig, load_config
from fastcil.server.logs import LogHandler, secrets_of, start_logging
from fastcil.server.metrics import HOST, MetricsServer, health, renderer
from fastcil.server.service import SiteService

SECONDS = 10.0
PASSWORD, TOKEN = 'pass"wörd\\1', "tok-4711"
SECRETS = f"""
[CtiDriver.Config]
ClientPassword = {json.dumps(PASSWORD)}
[Fastcil]
MonitorToken = "{TOKEN}"
"""


def service(text: str = "") -> SiteService:
    settings = LinkSettings.from_url("ctiserver://127.0.0.1:1")
    return SiteService(load_config(text), settings, port=0)


# -- metrics ---------------------------------------------------------------------------------


def metrics(of: SiteService) -> dict[str, float]:
    render, kind = renderer(of)
    assert kind.startswith("text/plain")
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(render().decode())
        for sample in family.samples
    }


def test_every_counter_is_a_metric() -> None:
    found = service()
    found.server.counters.events_published = 7
    found.cti.link.counters.losses = 3
    found.source.mapper.messages = 5
    found.source.mapper.unmapped["USER_MESSAGE_EVENT"] = 2
    found.source.mapper.objects.agent(5000, "1001")
    values = metrics(found)
    assert values["fastcil_server_events_published_total"] == 7
    assert values["fastcil_link_losses_total"] == 3
    assert values["fastcil_site_messages_total"] == 5
    assert values["fastcil_site_unmapped_totalUSER_MESSAGE_EVENT"] == 2
    assert values["fastcil_site_agents"] == 1
    assert values["fastcil_site_calls"] == values["fastcil_link_open"] == 0
    names = {*found.server.counts(), *found.cti.link.counters.to_dict()}
    for name in names:
        shown = (
            f"fastcil_{part}_{name}{end}" for part in ("server", "link") for end in ("", "_total")
        )
        assert any(one in values for one in shown), name
    if sys.platform == "linux":
        assert values["process_resident_memory_bytes"] > 1 << 20


def test_without_the_package_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    service(), "nobody asked for metrics"
    with pytest.raises(ConfigError, match=r"MetricsPort .* pip install 'fastcil\[metrics\]'"):
        service("[Fastcil]\nMetricsPort = 9100\n")


def test_health_in_words() -> None:
    good, words = health(service())
    assert not good
    assert words == {
        "status": "unavailable",
        "server": "starting",
        "link": "idle",
        "site": "unknown",
    }


# -- HTTP ------------------------------------------------------------------------------------


def run(test: Callable[[MetricsServer], Awaitable[None]], *, seconds: float = SECONDS) -> None:
    async def main() -> None:
        server = MetricsServer(service(), 0, seconds=seconds)
        await server.start()
        try:
            await asyncio.wait_for(test(server), SECONDS)
        finally:
            await server.stop()

    asyncio.run(main())


async def answer(server: MetricsServer, request: bytes, *, end: bool = False) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    writer.write(request)
    if end:
        writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /metrics?name=x HTTP/1.0\r\n\r\n", 200),
        (b"GET /health HTTP/1.1\r\n\r\n", 503),
        (b"GET /other HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody", 405),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"x" * 20_000, 431),
    ],
)
def test_requests(request_: bytes, status: int) -> None:
    async def test(server: MetricsServer) -> None:
        found = await answer(server, request_)
        head, _, body = found.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"Content-Length: %d\r\n" % len(body) in head

    run(test)


def test_head_has_no_body() -> None:
    async def test(server: MetricsServer) -> None:
        found = await answer(server, b"HEAD /health HTTP/1.1\r\n\r\n")
        assert found.startswith(b"HTTP/1.1 503")
        assert found.endswith(b"\r\n\r\n")

    run(test)


def test_a_request_that_never_ends() -> None:
    async def test(server: MetricsServer) -> None:
        assert (await answer(server, b"GET /me")).startswith(b"HTTP/1.1 408")
        assert await answer(server, b"GET /me", end=True) == b""

    run(test, seconds=0.2)


async def refused(server: MetricsServer) -> None:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    try:
        await reader.readexactly(1)
    finally:
        writer.transport.abort()


def test_too_many_connections() -> None:
    async def test(server: MetricsServer) -> None:
        idle = [await asyncio.open_connection(HOST, server.port) for _ in range(16)]
        for reader, writer in idle:  # each of them is being served: none has an answer yet
            writer.write(b"GET /")
            assert not reader.at_eof()
        with pytest.raises((ConnectionError, EOFError)):
            await refused(server)
        for _, writer in idle:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    run(test)


# -- logs ------------------------------------------------------------------------------------


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logging_to(stream: io.StringIO) -> Iterator[Callable[[ServerConfig], LogHandler]]:
    started: list[LogHandler] = []

    def start(config: ServerConfig) -> LogHandler:
        started.append(start_logging(config, stream))
        return started[-1]

    yield start
    for handler in started:
        handler.stop()


Start = Callable[[ServerConfig], LogHandler]
LOGGER = logging.getLogger("fastcil.server")


def config(more: str) -> ServerConfig:
    return load_config(SECRETS + more)


def test_a_json_line(stream: io.StringIO, logging_to: Start) -> None:
    logging_to(config('LogFormat = "json"\n'))
    LOGGER.info("%d calls", 3, extra={"agents": 5, "what": {1: LOGGER}})
    LOGGER.info("a\nb \udc80")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "INFO",
        "logger": "fastcil.server",
        "message": "3 calls",
        "fields": {"agents": 5, "what": {"1": str(LOGGER)}},
    }
    assert second["message"] == "a\nb \\udc80"


def test_a_text_line(stream: io.StringIO, logging_to: Start) -> None:
    logging_to(config(""))
    LOGGER.warning("so", extra={"agents": 5})
    assert stream.getvalue().endswith(" WARNING fastcil.server: so [agents=5]\n")


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_line_has_a_secret(stream: io.StringIO, logging_to: Start, style: str) -> None:
    handler = logging_to(config(f'LogFormat = "{style}"\n'))
    LOGGER.info("%s and %r", PASSWORD, PASSWORD, extra={"token": TOKEN, "deep": [{"x": PASSWORD}]})
    try:
        raise ValueError(f"wrong: {TOKEN} {PASSWORD!r}")
    except ValueError:
        LOGGER.exception("failed")
    handler.lines.hide(["another"])
    LOGGER.info("another")
    text = stream.getvalue()
    assert text.count("***") >= 5
    for form in (PASSWORD, repr(PASSWORD)[1:-1], json.dumps(PASSWORD)[1:-1], "another"):
        assert form not in text
    assert text.count(TOKEN) == 0
    if style == "json":
        assert [json.loads(line) for line in text.splitlines()]


def test_secrets_are_those_of_the_settings() -> None:
    assert secrets_of(config("")) == {PASSWORD, TOKEN}
    assert secrets_of(ServerConfig()) == frozenset()


def test_a_fault_does_not_repeat_a_secret() -> None:
    with pytest.raises(
        ConfigError, match=r"line 2: \[Fastcil\] MonitorToken: text expected"
    ) as found:
        load_config("[Fastcil]\nMonitorToken = 4711\n")
    assert "4711" not in str(found.value)
