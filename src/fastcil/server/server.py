"""The event server: one source of events, many clients in monitor mode."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections.abc import Iterable
from typing import Any

from fastcil.codec import EncodeError, Frame, MessageFilter
from fastcil.codec.control import CloseReason
from fastcil.server import replies
from fastcil.server.client import ClientConnection
from fastcil.server.counters import Counters
from fastcil.server.desk import Desk, SiteBackend
from fastcil.server.group import ALL, Group
from fastcil.server.outbox import Encoded, Limits
from fastcil.server.policy import Guard, Policy
from fastcil.server.source import SYSTEM_IDS, SourceEvent, as_source
from fastcil.server.typed import encode_typed

__all__ = ["EventServer"]

_log = logging.getLogger("fastcil.server")
_AT_ONCE = 256  # events that are given to a group in one piece
_DRAIN_TURN = 0.05  # seconds between two looks at whether everything was taken


class EventServer:
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
        self.guard = Guard(Policy() if policy is None else policy)
        self._tls = tls
        self.desk = None if site is None else Desk(site)
        self.source = as_source(source, rate)
        self.host = host
        self.minimize = 1 if minimize else 0
        self.limits = Limits() if limits is None else limits
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
        self._counters = Counters()
        self._past = [0, 0, 0]  # coalesced, dropped, gaps of clients that are gone
        self._epoch = random.randrange(1, 1 << 31)
        self._clients: set[ClientConnection] = set()
        self._groups: dict[tuple[str, int], Group] = {}  # by filter and MinimizeEventArgs
        self._member: dict[ClientConnection, Group] = {}
        self._only: Group | None = None  # when there is one, and it gets everything
        self._waiting = False  # something in a group
        self._agents: dict[str, set[ClientConnection]] = {}
        self._agent_of: dict[ClientConnection, str] = {}
        self._complete_agents: set[ClientConnection] = set()  # with MinimizeEventArgs 0
        self._watched: dict[str, set[ClientConnection]] = {}
        self._touched: set[ClientConnection] = set()
        self._flushing = False
        self._server: asyncio.AbstractServer | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.drained = asyncio.Event()  # a client takes events again
        self._monitored = asyncio.Event()
        self._finished: asyncio.Future[None] | None = None
        self.draining = False
        """Whether drain() has begun: nobody is let in, and no event is taken any more."""

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

    def set_monitor(self, client: ClientConnection) -> None:
        """A client is in monitor mode with its present filter and level."""
        self.leave(client)
        assert client.filter is not None
        key = (client.filter.text, client.level)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(client.filter, client.level, self.limits)
            self._grouped()
        group.add(client)
        self._member[client] = client.group = group
        self._monitored.set()
        self._tell_wanted()

    def set_agent(self, client: ClientConnection, agent: str) -> None:
        """A client is in agent mode: it gets the events of one agent and of his calls."""
        self.leave(client)
        self._agents.setdefault(agent, set()).add(client)
        self._agent_of[client] = agent
        if client.level == 0:
            self._complete_agents.add(client)
        self._tell_wanted()

    def _grouped(self) -> None:
        found = list(self._groups.values())
        self._only = found[0] if len(found) == 1 and found[0].everything else None

    def _tell_wanted(self) -> None:
        """Tell the source which sets of arguments are worth making."""
        tell = getattr(self.source, "want_levels", None)
        if tell is None:
            return
        groups = self._groups.values()
        complete = any(group.level == 0 or not group.everything for group in groups)
        minimal = any(group.level for group in groups)
        if self._agent_of:
            complete = complete or bool(self._complete_agents)
            minimal = minimal or len(self._complete_agents) < len(self._agent_of)
        tell(minimal, complete)

    def watch(self, client: ClientConnection, agents: Iterable[str]) -> None:
        """A supervisor gets the events of these agents as monitored ones, and of no others."""
        for watchers in self._watched.values():
            watchers.discard(client)
        for agent in agents:
            self._watched.setdefault(agent, set()).add(client)
        for agent in [agent for agent, watchers in self._watched.items() if not watchers]:
            del self._watched[agent]

    def leave(self, client: ClientConnection) -> None:
        """A client gets no more events."""
        agent = self._agent_of.pop(client, None)
        if agent is not None:
            self._agents[agent].discard(client)
            if not self._agents[agent]:
                del self._agents[agent]
            self._complete_agents.discard(client)
            self.watch(client, ())
        group = self._member.pop(client, None)
        client.group = None
        if group is not None:
            group.discard(client)
            if not group.clients:
                del self._groups[group.filter.text, group.level]
                self._grouped()
        if not self._member:
            self._monitored.clear()
        self._tell_wanted()
        self.drained.set()

    def touch(self, client: ClientConnection) -> None:
        """A client has something to send: it is sent once, at the end of this turn of the loop."""
        self._touched.add(client)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._waiting:
            self._waiting = False
            now = time.monotonic()
            for group in list(self._groups.values()):
                group.flush(now, self._counters)
        if self._touched:
            touched, self._touched = self._touched, set()
            for client in touched:
                client.flush()

    def system_status(self) -> dict[str, Any] | None:
        """StatusSystem of a site that knows it, None otherwise."""
        found = None if self.desk is None else getattr(self.desk.site, "system_status", None)
        return None if found is None else found()

    @staticmethod
    def event_time() -> int:
        """Seconds since 1970, as EventTime has them."""
        return int(time.time())

    # -- events ------------------------------------------------------------------------------

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

    def publish(self, event: SourceEvent) -> None:
        """Give an event to the clients that want it. Filters see all of its arguments."""
        if self.draining:
            return
        self._counters.events_published += 1
        frame: Frame | None = None
        full: list[Group] = []
        for group in self._groups.values():
            try:
                if not group.everything:
                    if frame is None:
                        frame = Frame.from_bytes(event.encoded(0).frame)
                    if not group.filter.matches(frame):
                        continue
                group.put(event)
            except (EncodeError, TypeError, OverflowError) as error:
                self._counters.events_unencodable += 1
                _log.error("event %d cannot be encoded: %s", event.message_id, error)
                return
            self._waiting = True
            if group.size > group.most:
                full.append(group)
        for group in full:
            group.flush(time.monotonic(), self._counters)
        if self._agent_of:
            self._publish_to_agents(event)

    def _publish_to_agents(self, event: SourceEvent) -> None:
        """Agent mode: the agent's own events, a supervisor's monitored ones, the system's."""
        try:
            if event.message_id in SYSTEM_IDS:
                self._give(event, list(self._agent_of))
            for agent in event.agents:
                self._give(event, list(self._agents.get(agent, ())))
                watchers = self._watched.get(agent)
                monitored = event.monitored() if watchers else None
                if watchers and monitored is not None:
                    self._give(monitored, list(watchers))
        except (EncodeError, TypeError, OverflowError) as error:
            self._counters.events_unencodable += 1
            _log.error("event %d cannot be encoded: %s", event.message_id, error)

    def _give(self, event: SourceEvent, clients: list[ClientConnection]) -> None:
        for client in clients:
            client.push(event.encoded(client.level), event.key, event.keep)
            self._touched.add(client)

    def publish_all(self, events: list[SourceEvent]) -> None:
        """publish() each, and send them at once."""
        if self.draining or not events:
            return
        group = self._only
        if group is None or self._agent_of or len(events) > _AT_ONCE:
            for event in events:
                self.publish(event)
            self._flush()
            return
        # The monitors of a site: nothing is asked of any single event.
        try:
            group.put_all(events)
        except (EncodeError, TypeError, OverflowError):  # publish() finds out which
            for event in events:
                self.publish(event)
        else:
            self._counters.events_published += len(events)
        group.flush(time.monotonic(), self._counters)
        if self._touched:
            self._flush()

    def publish_now(self, event: SourceEvent) -> None:
        """publish(), for a source that gives events as they come: they are sent at the end of this
        turn of the loop."""
        self.publish(event)
        if (self._waiting or self._touched) and not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

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
