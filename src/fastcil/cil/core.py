"""The state machine of a session's connection. No I/O, no clock: time is an argument.

A driver tells it what happened (opened, received, closed, tick …) and then does, in order, what
take() gives: open a connection, send bytes, close, deliver events. Sources: docs/wire-format.md
(opening, kinds); CTI OS Developer Guide 12.6(1), session chapter, and System Manager Guide,
heartbeats and failover.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import Callable

from fastcil.catalog import CilError
from fastcil.catalog import ConnectionFailureReason as FailureReason
from fastcil.cil import events
from fastcil.cil.actions import Action, Close, Deliver, Open, Send, Ticket
from fastcil.cil.errors import ConnectError, SessionError
from fastcil.cil.modes import AgentMode, Monitor
from fastcil.cil.settings import Settings
from fastcil.codec import (
    MAX_FRAME_DEFAULT,
    Arguments,
    Frame,
    FrameKind,
    WireError,
    control,
)

__all__ = [
    "Action",
    "AgentMode",
    "Close",
    "Deliver",
    "Monitor",
    "Open",
    "Send",
    "SessionCore",
    "State",
    "Ticket",
]

_EVENT = int(FrameKind.EVENT)
# Tries after which a session that has its global settings gives up. Source: session chapter,
# Connect, remarks.
MAX_TRIES = 5


class State(Enum):
    """Where a session stands."""

    IDLE = "idle"  # not asked to connect, or disconnected, or rejected
    WAITING = "waiting"  # for the next try
    CONNECTING = "connecting"
    OPENING = "opening"  # HELLO sent
    CONNECTED = "connected"


class SessionCore:
    """One session's connection to side A or side B."""

    def __init__(
        self,
        *,
        rng: random.Random | None = None,
        time_of_day: Callable[[], int] = events.time_of_day,
        max_frame: int = MAX_FRAME_DEFAULT,
    ) -> None:
        self.state = State.IDLE
        self.settings: Settings | None = None
        self.monitor: Monitor | None = None
        self.agent_mode: AgentMode | None = None
        self.limited = False  # global settings were downloaded: the number of tries is bounded
        self.lives = 0  # how often a connection, or a try, failed
        self._tickets: deque[Ticket] = deque()  # by the time they are due
        self.server = ("", 0)  # connected to, or being tried
        self.welcome: control.Welcome | None = None
        self.epoch = 0
        self.sequence = 0  # of the last event of the epoch
        self.max_frame = max_frame
        self._rng = rng if rng is not None else random.Random()
        self._time_of_day = time_of_day
        self._actions: list[Action] = []
        self._side = 0
        self._failures = 0  # in a row
        self._reasons: dict[tuple[str, int], str] = {}  # why a side failed last
        self._tries = 0  # since a connection was lost
        self._since = 0.0  # when the connection was established
        self._at: float | None = None  # next try, or end of patience while opening
        self._received_at = 0.0
        self._beat_at: float | None = None
        self._misses = 0
        self._awaiting = False  # a heartbeat is out and nothing came since
        self._paused = False
        self._ahead: dict[int, int] = {}  # epoch not yet begun → sequence a GAP leads to

    # --- what the driver reads ----------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When tick() wants to be called; None when nothing is timed."""
        while self._tickets and self._tickets[0].done():
            self._tickets.popleft()
        due = self._tickets[0].due if self._tickets else None
        if self.state is State.CONNECTED:
            at = self._beat_at
        else:
            at = None if self.state is State.IDLE else self._at
        if due is None or at is None:
            return due if at is None else at
        return min(due, at)

    @property
    def in_failover(self) -> bool:
        """Whether a try, or a connection, failed and there is none now. Session chapter, Connect:
        before that a second Connect finds a session that is not disconnected."""
        return self.state not in (State.IDLE, State.CONNECTED) and self._failures > 0

    @property
    def trying(self) -> tuple[str, int]:
        """Host and port that a connection is, or will be, attempted to; ("", 0) when none is."""
        if self.state in (State.CONNECTING, State.OPENING):
            return self.server
        if self.state is State.WAITING and self._at is not None:
            return self._settings().sides[self._side]
        return "", 0

    def unreached(self, seconds: float | None) -> ConnectError:
        """What to raise when no side was reached in time: every side with why it failed last."""
        sides = dict.fromkeys(self._settings().sides)
        told = (
            f"{host}:{port} ({self._reasons.get((host, port), 'no answer')})"
            for host, port in sides
        )
        return ConnectError(f"no connection to {' and '.join(told)} in {seconds:g} seconds")

    def take(self) -> list[Action]:
        """What is to be done now, in order."""
        actions, self._actions = self._actions, []
        return actions

    # --- what the application asks ------------------------------------------------------------

    def connect(self, now: float, settings: Settings) -> None:
        """Starts trying, a side chosen at random first; SessionError when already under way."""
        if self.in_failover:
            raise SessionError("the session is trying to connect", CilError.E_CTIOS_IN_FAILOVER)
        if self.state is not State.IDLE:
            raise SessionError(
                "the session is connected or connecting: Disconnect first",
                CilError.E_CTIOS_SESSION_NOT_DISCONNECTED,
            )
        self.settings = settings
        self._side = self._rng.randrange(2)
        self._failures = self._tries = 0
        self._reasons.clear()
        self._try(now)

    def disconnect(self) -> None:
        """Closes, or stops trying; OnConnectionClosed is the last event."""
        if self.state is State.IDLE:
            return
        if self.state in (State.OPENING, State.CONNECTED):
            self._actions.append(Send(control.close()))
        if self.state is not State.WAITING:
            self._actions.append(Close())
        self._reset()
        self._event(events.connection_closed())

    def set_monitor(self, monitor: Monitor | None) -> None:
        """Monitor mode from now on, also after reconnects; None forgets it."""
        self.monitor = monitor
        if monitor is not None and self.state is State.CONNECTED:
            self._actions.append(Send(monitor.request()))

    def send(self, data: bytes) -> None:
        """Sends a request; SessionError when there is no connection."""
        if self.state is not State.CONNECTED:
            raise self._unconnected()
        self._actions.append(Send(data))

    def send_if_connected(self, data: bytes) -> None:
        """Sends what is sent anew after a reconnect anyway."""
        if self.state is State.CONNECTED:
            self._actions.append(Send(data))

    def deliver(self, frames: Sequence[Frame]) -> None:
        """Events of the client's own making, behind those that wait."""
        if self.state is not State.IDLE:
            self._actions.append(Deliver(frames))

    def watch(self, now: float, ticket: Ticket) -> None:
        """Somebody waits for what follows from a connection: not longer than for an answer."""
        ticket.due = now + self._settings().request_timeout
        self._tickets.append(ticket)

    def request(self, now: float, ticket: Ticket, data: bytes) -> None:
        """Sends a request that somebody may wait for; it fails when there is no connection."""
        if self.state is not State.CONNECTED:
            ticket.fail(self._unconnected())
            return
        ticket.lives = self.lives
        self._actions.append(Send(data))
        if not ticket.confirmable:
            ticket.confirm(0, Arguments())
            return
        ticket.due = now + self._settings().request_timeout
        self._tickets.append(ticket)

    def limit(self) -> None:
        """Global settings came: after MAX_TRIES failed tries there is no further one."""
        self.limited = True

    def set_agent_mode(self, mode: AgentMode | None) -> None:
        """What is asked for after a reconnect; the first time request() does it."""
        self.agent_mode = mode

    # --- what happened on the connection --------------------------------------------------------

    def opened(self, now: float) -> None:
        """The connection is open."""
        if self.state is not State.CONNECTING:
            return
        settings = self._settings()
        self.state = State.OPENING
        self._at = now + settings.connect_timeout
        resume = self.epoch != 0
        hello = control.Hello(
            max_frame=self.max_frame,
            heartbeat_interval=int(settings.heartbeat * 1000),
            client_name=settings.client_name,
            resume_epoch=self.epoch if resume else None,
            resume_sequence=self.sequence if resume else None,
        )
        self._actions.append(Send(control.hello(hello)))

    def received(self, now: float, frames: Sequence[Frame]) -> None:
        """Frames came, in this order."""
        self._received_at = now
        self._awaiting = False
        self._misses = 0
        if self.state is State.CONNECTED and self.epoch:
            # Nearly always all are events, each the next in number.
            expected = self.sequence
            epoch = self.epoch
            for frame in frames:
                expected += 1
                if frame.sequence != expected or frame.epoch != epoch or frame.kind != _EVENT:
                    break
            else:
                self.sequence = expected
                self._actions.append(Deliver(frames))
                return
        batch: list[Frame] = []
        for frame in frames:
            if self.state is not State.CONNECTED:
                if self.state is not State.OPENING:
                    break
                self._answered(now, frame)
            elif frame.kind == _EVENT:
                self._numbered(now, frame, batch)
            else:
                self._controlled(now, frame, batch)
        self._deliver(batch)

    def broken(self, now: float, error: WireError) -> None:
        """The server sent bytes that break the format; frames before them were received()."""
        self._offence(now, str(error))

    def closed(self, now: float, text: str = "") -> None:
        """The connection could not be opened, or was closed by the server or the network."""
        if self.state is State.CONNECTING:
            self._fail(now, FailureReason.eConnectFail, text or "cannot connect", close=False)
        elif self.state is State.OPENING:
            text = text or "closed before the WELCOME"
            self._fail(now, FailureReason.eConnectFail, text, close=True)
        elif self.state is State.CONNECTED:
            text = text or "the server closed the connection"
            self._fail(now, FailureReason.eTransportError, text, close=True)

    def pause(self, now: float, paused: bool) -> None:
        """Reading stopped because listeners are slow, or goes on: silence counts no misses then."""
        self._paused = paused
        self._received_at = now
        self._awaiting = False
        self._misses = 0

    def tick(self, now: float) -> None:
        """Time passed; call when deadline is reached."""
        while self._tickets and (self._tickets[0].done() or now >= self._tickets[0].due):
            self._tickets.popleft().expire(self._settings().request_timeout)
        if self.state is State.CONNECTED:
            self._beat(now)
        elif self._at is not None and now >= self._at:
            if self.state is State.WAITING:
                self._try(now)
            elif self.state is State.CONNECTING:
                self._fail(now, FailureReason.eConnectFail, "connecting took too long", close=True)
            elif self.state is State.OPENING:
                self._fail(now, FailureReason.eConnectFail, "no WELCOME in time", close=True)

    # --- inside ---------------------------------------------------------------------------------

    def _settings(self) -> Settings:
        if self.settings is None:
            raise SessionError("no settings", CilError.E_CTIOS_UNEXPECTED)
        return self.settings

    def _unconnected(self) -> SessionError:
        code = CilError.E_CTIOS_IN_FAILOVER
        if self.state is State.IDLE:
            code = CilError.E_CTIOS_SESSION_NOT_CONNECTED
        return SessionError("the session is not connected", code)

    def _event(self, frame: Frame) -> None:
        self._actions.append(Deliver([frame]))

    def _deliver(self, batch: list[Frame]) -> None:
        """Hands over what was gathered so far, before something else is done."""
        if batch:
            self._actions.append(Deliver(batch[:]))
            batch.clear()

    def _reset(self) -> None:
        """Back to IDLE with nothing remembered of the stream."""
        self.state = State.IDLE
        self.monitor = None
        self.agent_mode = None
        self.limited = False
        self.welcome = None
        self.epoch = self.sequence = 0
        self._ahead.clear()
        self._tickets.clear()
        self._at = self._beat_at = None

    def _try(self, now: float) -> None:
        settings = self._settings()
        self.server = settings.sides[self._side]
        self.state = State.CONNECTING
        self._at = now + settings.connect_timeout
        self._actions.append(Open(*self.server))

    def _fail(self, now: float, reason: FailureReason, text: str, *, close: bool) -> None:
        """This side failed: the other one next, at once the first time, then ever later."""
        settings = self._settings()
        if self.state is State.CONNECTED and now - self._since >= settings.stable_after:
            self._failures = 0
        if close:
            self._actions.append(Close())
        self._failures += 1
        self.lives += 1
        # A connection that was lost is no try yet; then come MAX_TRIES.
        self._tries = 0 if self.state is State.CONNECTED else self._tries + 1
        final = self.limited and self._tries >= MAX_TRIES
        failed = self.server[0]
        self._reasons[self.server] = text
        self._event(events.connection_failure(self._time_of_day(), failed, reason, text, final))
        self._side = 1 - self._side
        self.state = State.WAITING
        if final:
            self._at = None  # until Disconnect
            return
        self.welcome = None
        delay = 0.0
        if self._failures > 1:
            delay = settings.backoff_first * 2.0 ** min(self._failures - 2, 30)
            delay = min(delay, settings.backoff_cap) * self._rng.uniform(0.5, 1.0)
        self._at = now + delay
        if delay == 0.0:
            self._try(now)

    def _offence(self, now: float, text: str) -> None:
        """The server broke the protocol: tell it, close, try again."""
        if self.state in (State.OPENING, State.CONNECTED):
            self._actions.append(Send(control.close(control.CloseReason.PROTOCOL_ERROR, text)))
            self._fail(now, FailureReason.eProtocolMismatch, text, close=True)

    def _answered(self, now: float, frame: Frame) -> None:
        """The first frame: WELCOME or CLOSE."""
        if frame.kind == FrameKind.CLOSE:
            self._closing(now, frame)
            return
        try:
            self.welcome = control.parse_welcome(frame)
        except WireError as error:
            self._offence(now, str(error))
            return
        settings = self._settings()
        self.state = State.CONNECTED
        self._since = self._received_at = now
        self._awaiting = self._paused = False
        self._misses = 0
        self._ahead.clear()
        self._at = None
        self._beat_at = now + settings.heartbeat if settings.heartbeat > 0 else None
        self._event(events.connection(self._time_of_day(), self.server[0]))
        if self.monitor is not None:
            self._actions.append(Send(self.monitor.request()))
        elif self.agent_mode is not None:
            self._actions.append(Send(self.agent_mode.request()))

    def _numbered(self, now: float, frame: Frame, batch: list[Frame]) -> None:
        """An event whose number is to be checked."""
        epoch, sequence = frame.epoch, frame.sequence
        if epoch:
            last = self.sequence if epoch == self.epoch else self._ahead.pop(epoch, 0)
            expected = last + 1
            if sequence != expected:
                self._deliver(batch)
                text = f"event {sequence} of epoch {epoch} came where {expected} was due"
                self._offence(now, text)
                return
            self.epoch, self.sequence = epoch, sequence
        batch.append(frame)

    def _controlled(self, now: float, frame: Frame, batch: list[Frame]) -> None:
        """A frame that is no event."""
        kind = frame.kind
        if kind == FrameKind.HEARTBEAT:
            self._actions.append(Send(control.heartbeat_conf(frame)))
        elif kind == FrameKind.HEARTBEAT_CONF:
            batch.append(events.heartbeat(self._time_of_day()))
        elif kind == FrameKind.GAP:
            self._gap(now, frame, batch)
        elif kind == FrameKind.CLOSE:
            self._deliver(batch)
            self._closing(now, frame)
        else:
            self._deliver(batch)
            self._offence(now, f"a frame of kind {FrameKind(kind).name} from a server")

    def _gap(self, now: float, frame: Frame, batch: list[Frame]) -> None:
        try:
            gap = control.parse_gap(frame)
        except WireError as error:
            self._deliver(batch)
            self._offence(now, str(error))
            return
        if gap.epoch == self.epoch:
            if gap.from_sequence > self.sequence + 1:
                self._deliver(batch)
                due = self.sequence + 1
                self._offence(now, f"a gap from {gap.from_sequence} where {due} was due")
                return
            self.sequence = max(self.sequence, gap.to_sequence)
        else:
            self._ahead[gap.epoch] = gap.to_sequence
        batch.append(events.gap(gap))

    def _closing(self, now: float, frame: Frame) -> None:
        """The server says why it closes."""
        close = control.parse_close(frame)
        text = close.message or f"closed with reason {close.reason}"
        if close.reason == control.CloseReason.VERSION and self.state is State.OPENING:
            self._actions.append(Close())
            self._reset()
            self._event(events.connection_rejected(text))
            return
        reason = FailureReason.eOtherError
        if close.reason in (control.CloseReason.PROTOCOL_ERROR, control.CloseReason.VERSION):
            reason = FailureReason.eProtocolMismatch
        self._fail(now, reason, text, close=True)

    def _beat(self, now: float) -> None:
        """Heartbeats by exception: one for each interval in which the server was silent.

        The last miss closes, so that an interval of 5 s and 3 misses end at 20 s.
        """
        settings = self._settings()
        interval = settings.heartbeat
        if self._beat_at is None or now < self._beat_at:
            return
        silent_until = self._received_at + interval
        if not self._awaiting and now < silent_until:
            self._beat_at = silent_until
            return
        if self._awaiting and not self._paused:
            self._misses += 1
            if self._misses >= settings.max_heartbeats:
                text = f"{self._misses} heartbeats went unanswered"
                self._fail(now, FailureReason.eMissedHeartbeats, text, close=True)
                return
            milliseconds = int(interval * 1000)
            self._event(events.missing_heartbeat(self._time_of_day(), self._misses, milliseconds))
        self._awaiting = True
        self._beat_at = now + interval
        self._actions.append(Send(control.heartbeat()))
