"""Many clients of one event server: memory, lost events, and how old an event is when it arrives.

The simulated CTI Server, a relay in front of it and all clients are this process; the server is
another one. The relay notes when it passes each AGENT_STATE_EVENT on; a client in agent mode gets
the OnAgentStateChange of its agent in the same order, a monitor those of everybody. The age of an
event holds what this process needs to notice it: it is an upper bound.
"""

from __future__ import annotations

import asyncio
import resource
import struct
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastcil.catalog import event_id
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame, FrameKind, control, encode_frame
from fastcil.ged188 import MessageReader
from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions, WorkloadOptions

__all__ = ["crowd"]

HEADER = struct.Struct("<IIIB3xQ")  # length, message id, epoch, kind, sequence
STATE, AGENT_MODE = event_id("OnAgentStateChange"), event_id("OnSetAgentModeEvent")
SETTINGS = event_id("OnGlobalSettingsDownloadConf")
ESTABLISHED = event_id("OnMonitorModeEstablished")
AT_ONCE = 50  # clients that connect at a time
PERIPHERAL = 5000
SECONDS = 120.0


class Seen:
    """What was passed on to the server, and what came of it."""

    def __init__(self) -> None:
        self.counting = False
        self.passed: dict[str, int] = {}
        """AGENT_STATE_EVENTs by agent, since counting began."""
        self.waiting: dict[str, deque[float]] = {}
        """When those were passed on that the agent's client has not got."""
        self.ages: list[float] = []
        self.monitor_ages: list[float] = []
        self.times: dict[tuple[str, int], float] = {}
        self.holes = 0
        self.gaps = 0

    def state(self, agent: str) -> None:
        """One more goes to the server now."""
        if self.counting:
            now = time.perf_counter()
            number = self.passed[agent] = self.passed.get(agent, 0) + 1
            self.waiting.setdefault(agent, deque()).append(now)
            self.times[agent, number] = now


class Client(asyncio.Protocol):
    """Counts events; looks into none but those that it needs. agent: "" for a monitor."""

    def __init__(self, seen: Seen, agent: str) -> None:
        self.seen = seen
        self.agent = agent
        self.ready = asyncio.get_running_loop().create_future()
        self.settings = asyncio.get_running_loop().create_future()
        self.states: dict[str, int] = {}
        self._data = bytearray()
        self._sequence = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(control.hello(control.Hello(heartbeat_interval=0)))
        if self.agent:
            number = RequestID.SET_AGENT
            arguments: dict[str, Any] = {"AgentID": self.agent, "PeripheralID": PERIPHERAL}
        else:
            number, arguments = RequestID.SET_MESSAGE_FILTER, {"Filter": "MessageID=*"}
        transport.write(encode_frame(number, arguments, kind=FrameKind.REQUEST))

    def data_received(self, data: bytes) -> None:
        buffer = self._data
        buffer += data
        at = 0
        while len(buffer) - at >= HEADER.size:
            length, message, _, kind, sequence = HEADER.unpack_from(buffer, at)
            if len(buffer) - at < length:
                break
            if kind == FrameKind.EVENT:
                self._event(message, sequence, buffer, at, length)
            elif kind == FrameKind.GAP:
                self.seen.gaps += 1
            elif kind == FrameKind.HEARTBEAT and self._transport is not None:
                beat = Frame.from_bytes(bytes(buffer[at : at + length]))
                self._transport.write(control.heartbeat_conf(beat))
            at += length
        del buffer[:at]

    def _event(self, message: int, sequence: int, buffer: bytearray, at: int, length: int) -> None:
        seen = self.seen
        seen.holes += sequence != self._sequence + 1
        self._sequence = sequence
        if message in (AGENT_MODE, ESTABLISHED):
            if not self.ready.done():
                self.ready.set_result(None)
        elif message == SETTINGS:
            self.settings.set_result(None)
        elif message == STATE and seen.counting:
            agent = self.agent
            if agent:
                waiting = seen.waiting.get(agent)
                if waiting:
                    seen.ages.append(time.perf_counter() - waiting.popleft())
            else:
                agent = str(Frame.from_bytes(bytes(buffer[at : at + length])).get("AgentID"))
            number = self.states[agent] = self.states.get(agent, 0) + 1
            if not self.agent and (agent, number) in seen.times:
                seen.monitor_ages.append(time.perf_counter() - seen.times[agent, number])

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"the server closed: {exc}"))

    def ask_settings(self) -> None:
        """As a desktop does at its login."""
        assert self._transport is not None
        number, arguments = RequestID.REQUEST_DESKTOP_SETTINGS, {"DesktopType": 0, "InvokeID": 1}
        self._transport.write(encode_frame(number, arguments, kind=FrameKind.REQUEST))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def relay(seen: Seen, upstream: int) -> asyncio.AbstractServer:
    """Passes bytes between the server and the CTI Server, and notes agent states."""

    async def copy(reader: Any, writer: Any, messages: MessageReader | None) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                if messages is not None:
                    messages.feed(data)
                    for message in messages:
                        if message.name == "AGENT_STATE_EVENT":
                            seen.state(str(message.get("AgentID", "")))
                writer.write(data)
                await writer.drain()
        writer.close()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", upstream)
        both = (copy(reader, back, None), copy(there, writer, MessageReader(24)))
        await asyncio.gather(*both)

    return await asyncio.start_server(client, "127.0.0.1", 0)


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def cpu(pid: int) -> float:
    """CPU seconds of a process, the system's for it included."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / 100.0


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of the values lies, in milliseconds."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000


async def _crowd(clients: int, monitors: int, seconds: float) -> dict[str, Any]:
    seen = Seen()
    options = SimulatorOptions(
        site=SiteOptions(agents=clients, seed=1),
        workload=WorkloadOptions(calls_per_hour=12.0 * clients),
        speed=1.0,
    )
    async with Simulator(options) as simulator:
        between = await relay(seen, simulator.port)
        port = between.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fastcil", "serve", "--port", "0"),
            *("--upstream", f"ctiserver://127.0.0.1:{port}"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), SECONDS)
            address = int(line.decode().strip().rpartition(":")[2])
            return await _measured(seen, simulator, process.pid, address, monitors, seconds)
        finally:
            process.terminate()
            await process.wait()
            between.close()


async def _measured(
    seen: Seen, simulator: Simulator, pid: int, port: int, monitors: int, seconds: float
) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    empty = resident(pid)
    agents = [agent.id for agent in simulator.site.agents()]
    wanted = [*agents, *[""] * monitors]
    found: list[Client] = []
    began = time.perf_counter()
    for i in range(0, len(wanted), AT_ONCE):
        some = [
            await loop.create_connection(lambda agent=agent: Client(seen, agent), "127.0.0.1", port)  # type: ignore[misc]
            for agent in wanted[i : i + AT_ONCE]
        ]
        found += [protocol for _, protocol in some]
        await asyncio.wait_for(asyncio.gather(*(p.ready for _, p in some)), SECONDS)
    connected = time.perf_counter() - began
    asked, began = cpu(pid), time.perf_counter()
    desks = [client for client in found if client.agent]
    for client in desks:
        client.ask_settings()
    await asyncio.wait_for(asyncio.gather(*(client.settings for client in desks)), SECONDS)
    answered, asked = time.perf_counter() - began, cpu(pid) - asked
    # What was on its way before the counting began must not be taken for what comes after it.
    await asyncio.sleep(1.0)
    used = cpu(pid)
    seen.counting = True
    await asyncio.sleep(seconds)
    seen.counting = False
    used = cpu(pid) - used
    passed = dict(seen.passed)
    seen.counting = True
    late = await _arrive(found, passed)
    result = {
        "clients": len(agents),
        "monitors": monitors,
        "connect_seconds": connected,
        "settings_seconds": answered,
        "settings_cpu_ms": asked / len(desks) * 1000,
        "rss_empty_mib": empty / (1 << 20),
        "rss_mib": resident(pid) / (1 << 20),
        "agent_states": sum(passed.values()),
        "per_second": sum(passed.values()) / seconds,
        "lost": late,
        "holes": seen.holes,
        "gaps": seen.gaps,
        "cpu_share": used / seconds,
        "agent_p50_ms": percentile(seen.ages, 0.5),
        "agent_p99_ms": percentile(seen.ages, 0.99),
        "monitor_p99_ms": percentile(seen.monitor_ages, 0.99),
    }
    for client in found:
        client.close()
    return result


async def _arrive(found: list[Client], passed: dict[str, int]) -> int:
    """How many of the events did not come within ten seconds after the last one."""

    def missing() -> int:
        count = 0
        for client in found:
            of = {client.agent: passed.get(client.agent, 0)} if client.agent else passed
            count += sum(max(0, n - client.states.get(agent, 0)) for agent, n in of.items())
        return count

    until = time.perf_counter() + 10.0
    while (left := missing()) and time.perf_counter() < until:
        await asyncio.sleep(0.05)
    return left


def crowd(clients: int, monitors: int, seconds: float) -> dict[str, Any]:
    """Measure, print a few lines, and give the numbers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = clients + monitors + 100
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * needed), hard))
    found = asyncio.run(_crowd(clients, monitors, seconds))
    print(
        "\n{clients:,} clients in agent mode and {monitors} monitors, there after "
        "{connect_seconds:.1f} s\n"
        "desktop settings for all of them at once: {settings_seconds:.2f} s, {settings_cpu_ms:.2f} "
        "ms of the server's CPU each\n"
        "memory of the server: {rss_mib:.0f} MiB, {rss_empty_mib:.0f} MiB without clients\n"
        "{agent_states:,} agent states in {per_second:.0f} a second: {lost} lost, {holes} holes in "
        "sequences, {gaps} gaps; CPU of the server {cpu_share:.0%} of one core\n"
        "from the CTI Server's byte to the client's: {agent_p50_ms:.1f} ms at the median, "
        "{agent_p99_ms:.1f} ms at 99 %; monitors {monitor_p99_ms:.1f} ms at 99 %".format(**found)
    )
    return found
