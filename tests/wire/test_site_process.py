"""fastcil serve as a process over a simulated CTI Server: signals, metrics, logs, two of them, and
the loss of either side."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from client_peer import unused_port
from prometheus_client.parser import text_string_to_metric_families
from site_process import (
    SECONDS,
    Process,
    agree,
    eventually,
    monitoring,
    run,
    running,
    serve,
    truth,
    until_end,
)
from test_server_stream import Client

from fastcil.catalog import event_id
from fastcil.codec import Arguments, Frame, FrameKind, control
from fastcil.codec.control import CloseReason
from fastcil.simulator import LinkOptions, Simulator, SimulatorOptions, SiteOptions, WorkloadOptions

pytest.importorskip("click")
pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 11), reason="the server needs Python 3.11"),
    pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP"),
]

DELIVERED, END = event_id("OnCallDelivered"), event_id("OnCallEnd")
PASSWORD, TOKEN = "pass-4711-wörd", "token-0815"


def site(**more: Any) -> Simulator:
    """A busy site of which time moves by hand."""
    options: dict[str, Any] = {
        "site": SiteOptions(agents=12, seed=3),
        "workload": WorkloadOptions(calls_per_hour=600),
        "speed": 0.0,
    }
    return Simulator(SimulatorOptions(**{**options, **more}))


@contextlib.asynccontextmanager
async def one_server(
    tmp_path: Path, text: str = "", **more: Any
) -> AsyncIterator[tuple[Simulator, Process]]:
    """A site in the middle of calls and a server over it. text: of the server's file."""
    file = tmp_path / "site.toml"
    file.write_text(text)
    async with site(**more) as simulator:
        simulator.advance(600.0)
        async with serve(tmp_path / "log", simulator, "--config", file) as server:
            yield simulator, server


async def get(port: int, path: str) -> tuple[int, str]:
    """Status and body of an HTTP answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    try:
        head, _, body = (await asyncio.wait_for(reader.read(), SECONDS)).partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body.decode()
    finally:
        writer.close()


# -- what is to be seen of it ----------------------------------------------------------------


def test_metrics_and_health(tmp_path: Path) -> None:
    port = unused_port()

    async def test() -> None:
        async with one_server(tmp_path, f"[Fastcil]\nMetricsPort = {port}\n") as (
            simulator,
            server,
        ):
            assert await get(port, "/health") == (
                200,
                '{"status": "ok", "server": "serving", "link": "open", "site": "known"}',
            )
            async with monitoring(server) as session:
                simulator.advance(1200.0)
                await agree(session, simulator, "the picture")
                _, body = await get(port, "/metrics")
                values = {
                    sample.name: sample.value
                    for family in text_string_to_metric_families(body)
                    for sample in family.samples
                }
                assert values["fastcil_server_monitors"] == 1
                assert values["fastcil_server_clients"] == 1
                assert values["fastcil_site_agents"] == 12
                assert values["fastcil_site_calls"] == len(session.calls)
                assert values["fastcil_server_frames_sent_total"] > 12
                assert values["fastcil_link_open"] == values["fastcil_site_known"] == 1
                await simulator.stop()
                status, words = 200, ""

                while status == 200:
                    status, words = await asyncio.wait_for(get(port, "/health"), SECONDS)
                assert status == 503
                assert json.loads(words)["site"] == "stale"
                assert json.loads(words)["link"] == "connecting"

    run(test())


def test_the_logs_are_json_without_a_secret(tmp_path: Path) -> None:
    text = (
        f'[CtiDriver.Config]\nClientPassword = "{PASSWORD}"\n'
        f'[Fastcil]\nLogFormat = "json"\nMonitorToken = "{TOKEN}"\n'
    )
    link = LinkOptions(passwords=PASSWORD)

    async def test() -> None:
        async with one_server(tmp_path, text, link=link) as (simulator, server):
            client = Client(server.port)
            await client.open()
            await client.monitor(MonitorToken=TOKEN)
            await client.send(b"\xff" * 64)  # protocol errors are logged
            await until_end(client)
            client.socket.close()
            # Wrong files, one of them by a setting that repeats the secret; then a new secret.
            (tmp_path / "site.toml").write_text(f'[Fastcil]\nMonitorTokens = "{TOKEN}"\n')
            server.signal(signal.SIGHUP)
            await eventually(lambda: "stays as it was" in server.text(), "the complaint")
            (tmp_path / "site.toml").write_text(text.replace(TOKEN, "another-1"))
            server.signal(signal.SIGHUP)
            await eventually(lambda: "configuration read again" in server.text(), "the reload")
            simulator.faults.drop()
            simulator.faults.garbage()
            server.signal(signal.SIGTERM)
            assert await server.ended() == 0
            lines = [json.loads(line) for line in server.text().splitlines()]
            assert len(lines) >= 5
            for line in lines:
                assert {"time", "level", "logger", "message"} <= set(line)
            assert lines[-1]["fields"]["counters"]["protocol_errors"] == 1
            for secret in (PASSWORD, json.dumps(PASSWORD)[1:-1], TOKEN, "another-1"):
                assert secret not in server.text()

    run(test())


# -- signals ---------------------------------------------------------------------------------


def test_sigterm_sends_what_is_queued(tmp_path: Path) -> None:
    """A client that took nothing for a while gets all of it, then CLOSE; nobody else is let in."""
    port = unused_port()

    async def test() -> None:
        text = f"[Fastcil]\nMetricsPort = {port}\nDrainSeconds = 20\n"
        async with one_server(tmp_path, text) as (simulator, server):
            slow = Client(server.port, receive_buffer=4096)
            await slow.open()
            await slow.monitor(MinimizeEventArgs=0)
            async with monitoring(server) as session:
                ends = Ends()
                session.add_listener(ends)
                while not await queued(port):
                    simulator.advance(900.0)
                    await agree(session, simulator, "the picture")
                server.signal(signal.SIGTERM)
                await eventually(lambda: "SIGTERM: going down" in server.text(), "the signal")
                await refused(server.port)
                frames = await until_end(slow)
            slow.socket.close()
            closed = control.parse_close(frames[-1])
            assert closed.reason == CloseReason.GOING_DOWN
            assert [one.get("UniqueObjectID") for one in frames if is_end(one)] == ends.keys
            numbers = [frame.sequence for frame in frames if frame.kind == FrameKind.EVENT]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert await server.ended() == 0
            assert "drained" in server.text()

    def is_end(frame: Frame) -> bool:
        return frame.kind == FrameKind.EVENT and frame.message_id == END

    run(test())


async def queued(port: int) -> float:
    """Bytes in the outboxes of a server."""
    _, body = await get(port, "/metrics")
    found = next(
        family
        for family in text_string_to_metric_families(body)
        if family.name == "fastcil_server_outbox_bytes"
    )
    return found.samples[0].value


class Ends:
    """A listener that remembers which calls ended."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
        if iEventID == END:
            self.keys.append(rArgs.get_string("UniqueObjectID"))


async def refused(port: int) -> None:
    """Until a port takes no connections."""

    def closed() -> bool:
        with socket.socket() as found:
            return found.connect_ex(("127.0.0.1", port)) != 0

    await eventually(closed, "the port closed")


def test_a_client_that_takes_nothing_does_not_keep_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with one_server(tmp_path, "[Fastcil]\nDrainSeconds = 1\n") as (simulator, server):
            stuck = Client(server.port, receive_buffer=4096)
            await stuck.open()
            await stuck.monitor(MinimizeEventArgs=0)
            async with monitoring(server) as session:
                for _ in range(4):
                    simulator.advance(3600.0)
                    await agree(session, simulator, "the picture")
                server.signal(signal.SIGTERM)
                assert await server.ended(15.0) == 0
            stuck.socket.close()
            assert "did not take" in server.text()

    run(test())


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    async def test() -> None:
        text = "[Fastcil]\nDrainSeconds = 600\n"
        async with one_server(tmp_path, text) as (simulator, server):
            stuck = Client(server.port, receive_buffer=4096)
            await stuck.open()
            await stuck.monitor(MinimizeEventArgs=0)
            async with monitoring(server) as session:
                for _ in range(4):
                    simulator.advance(3600.0)
                    await agree(session, simulator, "the picture")
                server.signal(signal.SIGTERM)
                await eventually(lambda: "going down" in server.text(), "the signal")
                server.signal(signal.SIGTERM)
                assert await server.ended(5.0) == -signal.SIGTERM
            stuck.socket.close()

    run(test())


def test_sigterm_before_there_is_a_cti_server(tmp_path: Path) -> None:
    port, metrics = unused_port(), unused_port()
    file = tmp_path / "site.toml"
    file.write_text(f"[Fastcil]\nMetricsPort = {metrics}\n")

    async def test() -> None:
        upstream = f"ctiserver://127.0.0.1:{port}"
        arguments = ("serve", "--port", 0, "--upstream", upstream, "--config", file)
        async with running(tmp_path / "log", *arguments, wait=False) as server:
            await eventually(lambda: "metrics on" in server.text(), "its start")
            status, words = await get(metrics, "/health")
            assert (status, json.loads(words)["site"]) == (503, "unknown")
            server.signal(signal.SIGTERM)
            assert await server.ended(5.0) == 0

    run(test())


def test_sighup_reads_the_file_again(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"

    async def test() -> None:
        text = "[Server.CallObject]\nMinimizeEventArgs = 0\n"
        async with one_server(tmp_path, text) as (simulator, server):
            before = await delivered(server, simulator)
            assert "AlertingDeviceIDFull" in before
            file.write_text(text.replace("0", "1"))
            server.signal(signal.SIGHUP)
            await eventually(lambda: "configuration read again" in server.text(), "the reload")
            after = await delivered(server, simulator)
            assert set(after) < set(before)
            assert "AlertingDeviceIDFull" not in after
            # A wrong file is told with line and key, and changes nothing.
            file.write_text("[Server.CallObject]\n\nMinimizeEventArgs = 7\n")
            server.signal(signal.SIGHUP)
            await eventually(lambda: "stays as it was" in server.text(), "the complaint")
            assert "line 3: [Server.CallObject] MinimizeEventArgs: 0 to 1" in server.text()
            assert set(await delivered(server, simulator)) == set(after)
            # What only a restart can change is named.
            file.write_text("[Server.Connections]\nListenPort = 5\n")
            server.signal(signal.SIGHUP)
            await eventually(lambda: "Server.Connections.ListenPort" in server.text(), "the hint")

    async def delivered(server: Process, simulator: Simulator) -> list[str]:
        """The keywords of the next OnCallDelivered of a client that asks for no level."""
        client = Client(server.port)
        await client.open()
        await client.monitor(f"MessageID={DELIVERED}")
        simulator.advance(300.0)
        frame = await client.frame()
        client.socket.close()
        return list(frame.arguments)

    run(test())


# -- two servers, and a CTI Server that dies -------------------------------------------------


def test_a_client_goes_from_one_server_to_the_other(tmp_path: Path) -> None:
    """Whichever server is killed in the middle of calls: what the client knows is the truth."""

    async def test() -> None:
        async with contextlib.AsyncExitStack() as stack:
            simulator = await stack.enter_async_context(site())
            simulator.advance(900.0)
            servers = [
                await stack.enter_async_context(serve(tmp_path / f"log{n}", simulator))
                for n in range(2)
            ]
            simulator.advance(900.0)
            session = await stack.enter_async_context(monitoring(*servers))
            await agree(session, simulator, "the first picture")
            assert session.calls
            used = next(s for s in servers if s.port == session.core.server[1])
            used.signal(signal.SIGKILL)
            await used.ended()
            simulator.advance(300.0)  # calls end and begin while nobody tells the client
            await agree(session, simulator, "after the first")
            # The first one again, at its old address; then the other one goes.
            other = next(s for s in servers if s is not used)
            again = await stack.enter_async_context(
                running(
                    tmp_path / "log2",
                    *("serve", "--port", used.port),
                    *("--upstream", f"ctiserver://127.0.0.1:{simulator.port}"),
                )
            )
            assert again.port == used.port
            simulator.advance(3600.0)
            await agree(session, simulator, "between")
            other.signal(signal.SIGKILL)
            await other.ended()
            simulator.advance(300.0)
            await agree(session, simulator, "after the second")
            assert session.calls

    run(test())


def test_a_cti_server_that_is_killed_and_started_again(tmp_path: Path) -> None:
    """The first one is a process; the second, at the same port, has other calls and agents."""

    async def test() -> None:
        async with contextlib.AsyncExitStack() as stack:
            first = await stack.enter_async_context(
                running(
                    tmp_path / "simulator",
                    *("simulate", "--port", 0, "--agents", 12, "--seed", 3, "--speed", 60),
                    *("--calls-per-hour", 900),
                )
            )
            upstream = f"ctiserver://127.0.0.1:{first.port}"
            server = await stack.enter_async_context(
                running(tmp_path / "log", "serve", "--port", 0, "--upstream", upstream)
            )
            session = await stack.enter_async_context(monitoring(server))
            await eventually(lambda: len(session.calls) >= 4, "calls")
            before = set(session.calls)
            first.signal(signal.SIGKILL)
            await first.ended()
            second = site(port=first.port)
            second.begin()
            second.advance(1800.0)
            await stack.enter_async_context(second)
            assert truth(second)[0] != before
            await agree(session, second, "after the restart")
            assert session.calls
            second.advance(3600.0)
            await agree(session, second, "an hour later")

    run(test())
