"""The event server: one source of events, many clients in monitor mode."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
import time
from typing import Any

from fastcil.codec import Frame, MessageFilter
from fastcil.codec.control import CloseReason
from fastcil.server import replies
from fastcil.server.audience import Audience
from fastcil.server.client import ClientConnection
from fastcil.server.counters import Counters
from fastcil.server.desk import Desk, SiteBackend
from fastcil.server.group import ALL
from fastcil.server.outbox import Encoded, Limits
from fastcil.server.policy import Guard, Policy
from fastcil.server.source import as_source
from fastcil.server.typed import encode_typed

__all__ = ["EventServer"]

_log = logging.getLogger("fastcil.server")
_DRAIN_TURN = 0.05  # seconds between two looks at whether everything was taken


class EventServer(Audience):
    """Serves the events of a source. start() and stop() once each, in one event loop.

    source
        An EventSource, or a ContactCentre, which is then played at `rate` events per second
        (0: as fast as the clients take them; None: in its own time).
    minimize
        MinimizeEventArgs (0 or 1) of clients that do not ask for one.
    limits
        Bounds of each client's outbox.
    site
        What answers requests that only a site can; without it there is no agent mode.
    policy
        Who may connect and monitor, and how much a client may ask.
    tls
        With it, clients speak TLS.
    heartbeat_seconds, heartbeat_retries
        A client that is silent so long is sent a heartbeat; so many may go unanswered.
    stall_seconds
        With an unpaced source: a client that took nothing for so long is not waited for.
    """

    def __init__(
        self,
        source: Any,
        *,
        host: str = "127.0.0.1",
        port: int = 42028,
        minimize: int | bool = 1,
        rate: float | None = None,
        limits: Limits | None = None,
        name: str = "fastcil",
        handshake_seconds: float = 5.0,
        heartbeat_seconds: float = 15.0,
        heartbeat_retries: int = 2,
        linger_seconds: float = 2.0,
        stall_seconds: float = 1.0,
        tick_seconds: float = 0.005,
        write_buffer: int = 64 << 10,
        send_buffer: int | None = None,
        site: SiteBackend | None = None,
        policy: Policy | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(as_source(source, rate), Limits() if limits is None else limits)
        self.guard = Guard(Policy() if policy is None else policy)
        self._tls = tls
        self.desk = None if site is None else Desk(site)
        self.host = host
        self.minimize = 1 if minimize else 0
        self.name = name
        self.handshake_seconds = handshake_seconds
        self.heartbeat_seconds = heartbeat_seconds
        self.heartbeat_retries = heartbeat_retries
        self.linger_seconds = linger_seconds
        self.write_buffer = write_buffer
        self._send_buffer = send_buffer
        self._stall_seconds = stall_seconds
        self._tick_seconds = tick_seconds
        self._port = port
        self._past = [0, 0, 0]  # coalesced, dropped, gaps of clients that are gone
        self._epoch = random.randrange(1, 1 << 31)
        self._clients: set[ClientConnection] = set()
        self._server: asyncio.AbstractServer | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._finished: asyncio.Future[None] | None = None

    # -- from outside ------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port listened on: after start() that which the system chose, if it was 0."""
        return self._port

    @property
    def listening(self) -> bool:
        """Whether clients are let in."""
        return self._server is not None and not self.draining

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait in the outboxes of all clients."""
        return sum(client.outbox.bytes + client.outbox.held_bytes for client in self._clients)

    @property
    def counters(self) -> Counters:
        """The counts so far."""
        return self._counters

    def counts(self) -> dict[str, int]:
        """The counters with those of the clients' outboxes added up."""
        coalesced, dropped, gaps = self._past
        for client in self._clients:
            coalesced += client.outbox.coalesced
            dropped += client.outbox.dropped
            gaps += client.outbox.gaps
        counters = self._counters
        counters.events_coalesced, counters.events_dropped = coalesced, dropped
        counters.gaps_sent = gaps
        counters.clients, counters.monitors = len(self._clients), len(self._member)
        counters.agents = len(self._agent_of)
        return counters.to_dict()

    async def start(self) -> None:
        """Listen and begin to serve."""
        loop = asyncio.get_running_loop()
        self._finished = loop.create_future()
        self._server = await loop.create_server(self._accept, self.host, self._port, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]
        self._tasks = [loop.create_task(self._pump()), loop.create_task(self._house())]

    async def drain(self, seconds: float) -> bool:
        """Let nobody in any more and send what is queued; stop() comes next. Events that come
        now are left to the server to which the clients go.

        seconds: how long requests may take to be answered, and clients to take what is theirs.
        False when that was not enough for all of them.
        """
        self.draining = True
        if self._server is not None:
            self._server.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while busy := self._busy():
            left = until - loop.time()
            if left <= 0:
                break
            self.drained.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.drained.wait(), min(left, _DRAIN_TURN))
        return not busy

    def _busy(self) -> bool:
        """Whether an answer is due or an outbox has something."""
        if self.desk is not None and self.desk.busy:
            return True
        self._flush()
        for client in list(self._clients):
            client.flush()
        return any(client.outbox and not client.closing for client in self._clients)

    async def stop(self) -> None:
        """CLOSE (going down) to all clients after what is queued for them; then no more."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        clients = list(self._clients)
        self._flush()
        for client in clients:
            client.flush()
            client.close(CloseReason.GOING_DOWN, "the server is going down")
        if clients:
            await asyncio.wait([client.closed for client in clients])
        await self._server.wait_closed()
        self._server = None

    async def wait_finished(self) -> None:
        """Until the source has no more events and the clients have taken those there were.

        Raises what the source raised, if it failed.
        """
        assert self._finished is not None, "start() comes first"
        await asyncio.shield(self._finished)

    # -- clients -----------------------------------------------------------------------------

    def _accept(self) -> ClientConnection:
        self._counters.connections_accepted += 1
        number = self._counters.connections_accepted
        self._epoch = self._epoch % 0xFFFFFFFF + 1
        return ClientConnection(self, number, self._epoch)

    def connected(self, client: ClientConnection) -> None:
        """A client's connection is there."""
        self._clients.add(client)
        client.tune(self._send_buffer)
        words = self.guard.connect(client.address)
        if words is not None:
            self._counters.closed_limit += 1
            client.close(CloseReason.LIMIT_REACHED, words)

    def disconnected(self, client: ClientConnection) -> None:
        """A client's connection is gone."""
        self.leave(client)
        self._clients.discard(client)
        self.guard.disconnect(client.address)
        if self.desk is not None:
            self.desk.left(client)
        outbox = client.outbox
        for index, count in enumerate((outbox.coalesced, outbox.dropped, outbox.gaps)):
            self._past[index] += count

    def may_monitor(self, client: ClientConnection, token: str, now: float) -> str | None:
        """None when a client may be in monitor mode, else why not."""
        others = len(self._member) - (client in self._member)
        return self.guard.monitor(client.address, token, others, now)

    def system_status(self) -> dict[str, Any] | None:
        """StatusSystem of a site that knows it, None otherwise."""
        found = None if self.desk is None else getattr(self.desk.site, "system_status", None)
        return None if found is None else found()

    @staticmethod
    def event_time() -> int:
        """Seconds since 1970, as EventTime has them."""
        return int(time.time())

    def snapshot(self, chosen: MessageFilter, level: int) -> list[Encoded]:
        """The source's state as far as a filter lets it through."""
        found = []
        everything = chosen.text.strip() == ALL
        for number, arguments in self.source.snapshot(level):
            data = encode_typed(number, arguments)
            if everything or chosen.matches(Frame.from_bytes(data)):
                found.append(Encoded(number, data))
        self._counters.snapshots_sent += 1
        self._counters.frames_encoded += len(found)
        return found

    async def _pump(self) -> None:
        """Take events from the source and give them to the clients until there are no more."""
        assert self._finished is not None
        source: Any = self.source
        unpaced = getattr(source, "unpaced", False)
        on_demand = getattr(source, "on_demand", False)
        try:
            while not getattr(source, "exhausted", False):
                if on_demand:
                    await self._monitored.wait()
                if unpaced:
                    await self._room()
                for event in source.next_events(time.monotonic_ns()):
                    self.publish(event)
                self._probe()
                self._flush()
                await asyncio.sleep(0 if unpaced else self._tick_seconds)
            while any(client.outbox for client in self._member):
                self.drained.clear()
                await self.drained.wait()
        except Exception as error:
            _log.exception("the source of events failed")
            if not self._finished.done():
                self._finished.set_exception(error)
            return
        if not self._finished.done():
            self._finished.set_result(None)

    async def _room(self) -> None:
        """Wait for the clients that still take something to have room for a batch."""
        loop = asyncio.get_running_loop()
        limits = self.limits
        while True:
            since = loop.time() - self._stall_seconds
            if not any(
                client.progress_at > since
                and (
                    client.outbox.bytes > limits.max_bytes // 4
                    or client.outbox.frames > limits.max_frames // 4
                )
                for client in self._member
            ):
                return
            self.drained.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.drained.wait(), self._stall_seconds)

    def _probe(self) -> None:
        """Latency probes to the clients that asked for them, behind the events of this turn."""
        now = time.monotonic()
        for client in self._member:
            if client.probe_seconds and now >= client.probe_due:
                client.probe_due = now + client.probe_seconds
                client.push(replies.probe())
                self._touched.add(client)

    async def _house(self) -> None:
        """Heartbeats and slow clients, a few times a second."""
        loop = asyncio.get_running_loop()
        every = min(0.25, self.heartbeat_seconds / 4 or 0.25, self.limits.lag_seconds / 4)
        while True:
            await asyncio.sleep(max(every, 0.01))
            now = loop.time()
            for client in list(self._clients):
                client.tick(now)
