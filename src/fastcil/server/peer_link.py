"""A server's connection to one of its peer servers: opened, kept alive, and opened again.

On the wire a peer is a client with requests of its own: it joins, is told which agents have
sessions at the other server, and hands over messages for them. Source: System Manager Guide, Peers
Registry Key: a server opens client connections to all of its peers, for internal messages, with
heartbeats and retries. What the messages are it does not say: numbers and fields are ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastcil.codec import Frame, FrameKind, FrameReader, control, encode_frame
from fastcil.codec.control import CloseReason

__all__ = [
    "PEER_JOIN",
    "PEER_PRESENCE",
    "PEER_RELAY",
    "PeerCounters",
    "PeerLink",
    "PeerLost",
    "PeerOptions",
]

_log = logging.getLogger("fastcil.server")

# Numbers of the requests between servers, and of the events that answer them.
PEER_JOIN = 0x20002101
PEER_PRESENCE = 0x20002102
PEER_RELAY = 0x20002103

_CHUNK = 64 << 10
_MOST = 512  # messages that wait for an answer
_MOST_BYTES = 1 << 20  # that wait to be sent


class PeerLost(Exception):
    """There is no peer, or it did not answer, or it takes no more: the text says which."""


class _Refused(PeerLost):
    """The peer does not want this server; the next attempt can wait."""


@dataclass(frozen=True)
class PeerOptions:
    """How peers are reached. Seconds; heartbeat_seconds 0: no heartbeats.

    heartbeat_seconds, heartbeat_retries
        After so long without a byte of the peer a heartbeat is sent; so many may go unanswered.
    answer_seconds
        How long a message may take to be answered.
    connect_seconds
        How long a connection may take up to the peer's consent.
    first_seconds, most_seconds
        The waits between attempts: the first, and the longest one.
    """

    token: str = ""
    tls: ssl.SSLContext | None = None
    heartbeat_seconds: float = 5.0
    heartbeat_retries: int = 3
    answer_seconds: float = 5.0
    connect_seconds: float = 10.0
    first_seconds: float = 0.25
    most_seconds: float = 15.0


@dataclass
class PeerCounters:
    """What one link did so far."""

    connects: int = 0
    losses: int = 0
    heartbeats: int = 0
    relayed: int = 0
    """Messages that were handed over."""
    time_outs: int = 0
    """Messages that were not answered in time, or at all."""
    overflows: int = 0
    """Messages that were not handed over since too many were waiting."""


@dataclass(eq=False)
class PeerLink:
    """One peer, by host and port. start() once; stop() ends it.

    identity: what this server says of itself when it joins. joined, lost: told of it with this
    link; joined may raise PeerLost to refuse the peer.
    """

    host: str
    port: int
    options: PeerOptions
    identity: Callable[[], dict[str, Any]]
    joined: Callable[[PeerLink], None]
    lost: Callable[[PeerLink], None]
    up: bool = False
    server_id: str = ""
    """Of the peer: new with each start of it."""
    name: str = ""
    agents: dict[str, int] = field(default_factory=dict)
    """By key: how many sessions each agent has at the peer."""
    counters: PeerCounters = field(default_factory=PeerCounters)
    problem: str = "not tried yet"
    """Why there is no connection."""

    def __post_init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._number = 0
        self._failures = 0

    @property
    def address(self) -> str:
        """host:port."""
        return f"{self.host}:{self.port}"

    def start(self) -> None:
        """Connect, and again whenever the connection is lost."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Say good-bye, and connect no more."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.write(control.close(CloseReason.GOING_DOWN))
        if self._task is not None:
            self._task.cancel()

    async def relay(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Hand a message over; the peer's answer. It is sent at most once. Raises PeerLost."""
        if not self.up:
            raise PeerLost(f"peer {self.address}: {self.problem}")
        try:
            async with asyncio.timeout(self.options.answer_seconds):
                frame = await self._ask(PEER_RELAY, {"Kind": kind, "Message": dict(values)})
        except TimeoutError:
            self.counters.time_outs += 1
            raise PeerLost(f"peer {self.address} did not answer") from None
        answer = frame.arguments.to_dict()
        answer.pop("InvokeID", None)
        return answer

    def post(self, kind: str, values: Mapping[str, Any]) -> None:
        """relay() without waiting for the answer. Raises PeerLost when it cannot be sent."""
        if not self.up:
            raise PeerLost(f"peer {self.address}: {self.problem}")
        future = self._ask(PEER_RELAY, {"Kind": kind, "Message": dict(values)})
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self.options.answer_seconds, self._unanswered, future)
        future.add_done_callback(lambda _: timer.cancel())

    def _unanswered(self, future: asyncio.Future[Frame]) -> None:
        self.counters.time_outs += 1
        future.cancel()

    def _ask(self, number: int, values: dict[str, Any]) -> asyncio.Future[Frame]:
        """Send a request; what becomes its answer. Raises PeerLost when that cannot be."""
        writer = self._writer
        if writer is None or writer.is_closing():
            raise PeerLost(f"peer {self.address}: {self.problem}")
        waiting = writer.transport.get_write_buffer_size()
        if len(self._answers) >= _MOST or waiting > _MOST_BYTES:
            self.counters.overflows += 1
            raise PeerLost(f"peer {self.address}: {len(self._answers)} messages wait already")
        self._number = number_ = self._number % 0x7FFFFFFF + 1
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[number_] = future
        future.add_done_callback(lambda _: self._answers.pop(number_, None))
        values["InvokeID"] = number_
        writer.write(encode_frame(number, values, kind=FrameKind.REQUEST))
        if number == PEER_RELAY:
            self.counters.relayed += 1
        return future

    # -- the connection ----------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            try:
                await self._connected()
            except (OSError, EOFError, LookupError, ValueError, TypeError, PeerLost) as error:
                # Among them WireError and ConversionError: what a peer sends may be anything.
                problem = str(error) or type(error).__name__
                if self.up or problem != self.problem:
                    _log.warning("peer %s: %s", self.address, problem)
                self.problem = problem
                if isinstance(error, _Refused):
                    self._failures += 8
            finally:
                self._down()
            await asyncio.sleep(self._wait())

    def _wait(self) -> float:
        """Seconds up to the next attempt: twice as many after each failure, with chance in them,
        so that servers that went together do not come together."""
        options = self.options
        most = min(options.most_seconds, options.first_seconds * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return most * random.uniform(0.5, 1.0)

    def _down(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        was, self.up = self.up, False
        self.agents.clear()
        for future in list(self._answers.values()):
            if not future.done():
                future.set_exception(PeerLost(f"peer {self.address}: {self.problem}"))
                future.exception()  # it may be that nobody waits for it any more
        if was:
            self.counters.losses += 1
            self.lost(self)

    async def _connected(self) -> None:
        """One connection from its beginning to its end. Raises what ended it."""
        options = self.options
        try:
            async with asyncio.timeout(options.connect_seconds):
                reader, self._writer = await asyncio.open_connection(
                    self.host, self.port, ssl=options.tls
                )
                frames = FrameReader()
                hello = control.Hello(client_name=str(self.identity()["ServerName"]))
                self._writer.write(control.hello(hello))
                control.parse_welcome(await self._next(reader, frames))
                answer = self._ask(PEER_JOIN, {**self.identity(), "PeerToken": options.token})
                while not answer.done():
                    self._frame(await self._next(reader, frames))
        except TimeoutError:
            raise PeerLost(f"no answer within {options.connect_seconds:g} seconds") from None
        found = answer.result()
        self.server_id = found.arguments.get_string("ServerID", "")
        self.name = found.arguments.get_string("ServerName", "")
        if found.message_id != PEER_JOIN or not self.server_id:
            words = found.arguments.get_string("ErrorMessage", "no ServerID in its answer")
            raise _Refused(f"it does not take peers: {words}")
        try:
            self.joined(self)
        except PeerLost as error:
            raise _Refused(str(error)) from None
        self.up, self.problem, self._failures = True, "", 0
        self.counters.connects += 1
        _log.info("peer %s: joined as %s", self.address, self.name)
        while True:
            self._frame(await self._next(reader, frames))

    async def _next(self, reader: asyncio.StreamReader, frames: FrameReader) -> Frame:
        """The next frame; heartbeats meanwhile, when the peer is silent."""
        missed = 0
        while True:
            frame = next(frames, None)
            if frame is not None:
                return frame
            options = self.options
            try:
                async with asyncio.timeout(options.heartbeat_seconds or None):
                    data = await reader.read(_CHUNK)
            except TimeoutError:
                if missed >= options.heartbeat_retries:
                    seconds = (missed + 1) * options.heartbeat_seconds
                    raise PeerLost(f"nothing received for {seconds:g} seconds") from None
                missed += 1
                self.counters.heartbeats += 1
                assert self._writer is not None
                self._writer.write(control.heartbeat())
                continue
            if not data:
                raise PeerLost("the connection was closed")
            missed = 0
            frames.feed(data)

    def _frame(self, frame: Frame) -> None:
        """What the peer sends. Raises PeerLost when it closes."""
        kind = frame.kind
        if kind == FrameKind.EVENT:
            self._event(frame)
        elif kind == FrameKind.HEARTBEAT and self._writer is not None:
            self._writer.write(control.heartbeat_conf(frame))
        elif kind == FrameKind.GAP:
            # Something of who has a session here did not come: be told of everybody again.
            self._ask(PEER_JOIN, {**self.identity(), "PeerToken": self.options.token})
        elif kind == FrameKind.CLOSE:
            found = control.parse_close(frame)
            words = found.message or CloseReason(found.reason).name.lower().replace("_", " ")
            refused = found.reason == CloseReason.NOT_ALLOWED
            raise (_Refused if refused else PeerLost)(f"closed by the peer: {words}")

    def _event(self, frame: Frame) -> None:
        if frame.message_id == PEER_PRESENCE:
            told = frame.arguments.to_dict()
            if told.get("Reset"):
                self.agents.clear()
            for agent, count in dict(told.get("Agents") or {}).items():
                if count:
                    self.agents[agent] = int(count)
                else:
                    self.agents.pop(agent, None)
            return
        future = self._answers.get(frame.arguments.get_int("InvokeID", 0))
        if future is not None and not future.done():
            future.set_result(frame.detach())
