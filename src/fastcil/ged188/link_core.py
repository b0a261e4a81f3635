"""The state machine of a link to a CTI Server. No I/O, no clock: time is an argument.

A driver tells it what happened (connection_made, bytes_received, connection_lost, tick ...) and
then does, in order, what take() gives: connect, send, disconnect, deliver events, resolve requests.
Connections are in link_connect, what a standby does in link_standby, what messages mean in
link_messages.

Source: guide, Session Management, and CTI Client Application Guidelines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastcil.ged188 import encode_message
from fastcil.ged188._enums import CTIServiceMask, StatusCode
from fastcil.ged188._request import Request
from fastcil.ged188.link_actions import Action, LinkState
from fastcil.ged188.link_errors import (
    LinkBusyError,
    LinkClosedError,
    LinkDownError,
    LinkError,
    RequestTimeoutError,
)
from fastcil.ged188.link_events import Lost
from fastcil.ged188.link_messages import Messages
from fastcil.ged188.link_requests import SESSION_MESSAGES, Ask, Pending, request_spec, values_of
from fastcil.ged188.link_side import Side, SideState
from fastcil.ged188.relations import CONFIRMATIONS
from fastcil.ged188.schema import message_spec

__all__ = ["LinkCore"]


class LinkCore(Messages):
    """A link: settings, and a source of chance for the waits between attempts.

    rng: jitter and the random wait; first_invoke_id: where InvokeIDs begin.
    """

    # --- what the driver and the layer above read ------------------------------------------------

    @property
    def state(self) -> LinkState:
        """Where the link stands."""
        if self._closed:
            return LinkState.CLOSED
        if self._closing:
            return LinkState.CLOSING
        if self._active is not None:
            return LinkState.OPEN
        return LinkState.CONNECTING if self._started else LinkState.IDLE

    @property
    def active(self) -> Side | None:
        """The side whose session is used; None while there is none."""
        return self._active

    @property
    def version(self) -> int | None:
        """The protocol version of the active session."""
        return None if self._active is None else self._active.version

    @property
    def services(self) -> CTIServiceMask:
        """The services that were granted; none while there is no active session."""
        return CTIServiceMask(0 if self._active is None else self._active.services)

    @property
    def outstanding(self) -> int:
        """How many requests wait for their confirmation."""
        return len(self._outstanding)

    @property
    def deadline(self) -> float | None:
        """When tick() wants to be called; None when nothing is timed."""
        times = [side.deadline for side in self.sides]
        times.append(self._outstanding.deadline)
        return min((time for time in times if time is not None), default=None)

    def take(self) -> list[Action]:
        """What is to be done now, in order."""
        actions, self._actions = self._actions, []
        return actions

    # --- what the application asks ---------------------------------------------------------------

    def open(self, now: float) -> None:
        """Starts: side A first. Raises EncodeError when the settings make no OPEN_REQ.

        Raises LinkClosedError when the link was closed, LinkError when it was started before.
        """
        if self._closed or self._closing:
            raise LinkClosedError("the link was closed")
        if self._started:
            raise LinkError("the link was opened before")
        for version in range(self.settings.min_version, self.settings.version + 1):
            encode_message("OPEN_REQ", self._open_values(version, 1), version=version)
        self._started = True
        self._plan(self.sides[0], now)

    def close(self, now: float, status: int = StatusCode.E_CTI_NO_ERROR) -> None:
        """Ends the session in good order; Closed is the last event. A second call does nothing.

        status: of CLOSE_REQ: E_CTI_NO_ERROR, E_CTI_CTI_SERVER_OFFLINE or E_CTI_TIMEOUT.
        """
        if self._closing or self._closed:
            return
        self._closing = True
        self._active = None
        for side in self.sides:
            error = LinkClosedError("the link was closed")
            for pending in self._outstanding.take_side(side.index):
                self._resolve(pending, error=error)
            if side.live:
                self._say_goodbye(side, status, now)
            elif side.state is SideState.CLOSING:
                side.then = None
            else:
                self._cut(side, Lost.CLOSED_HERE, "the link was closed")
        self._finish("the link was closed")

    def request(
        self,
        now: float,
        request: Ask,
        values: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        token: Any = None,
    ) -> Pending:
        """Sends a request to the active side; Resolve tells the outcome.

        request: an object of fastcil.ged188.requests, or a name with values. timeout: seconds,
        None for that of the settings. token: kept in Pending.token, before anything is done.

        Raises LinkDownError without an active session, LinkClosedError after close(), LinkBusyError
        when too many are outstanding, EncodeError for values that make no message, KeyError and
        ValueError for what is no request.
        """
        side = self._usable()
        if self._outstanding.full:
            raise LinkBusyError(f"{len(self._outstanding)} requests are outstanding")
        spec = request_spec(request)
        fields = values_of(request, values, side.version)
        number = self._outstanding.new_number() if spec.has_invoke_id else 0
        if number:
            fields["InvokeID"] = number
        data = encode_message(spec.name, fields, version=side.version)
        seconds = self.settings.request_timeout if timeout is None else timeout
        answer = message_spec(CONFIRMATIONS[spec.name]).number
        pending = self._outstanding.add(spec.name, number, answer, side.index, now, seconds)
        pending.token = token
        self.counters.requests += 1
        self._send(side, data, now)
        return pending

    def send(
        self,
        now: float,
        message: Ask,
        values: Mapping[str, Any] | None = None,
        *,
        floating: Iterable[tuple[str | int, Any]] | None = None,
        body: bytes | None = None,
    ) -> None:
        """Sends a message for which no answer is awaited; arguments as for encode_message.

        For what a server application answers, for configuration requests whose end does not
        matter, and with body for messages whose format is documented nowhere. Raises as request().
        """
        side = self._usable()
        spec = message_spec(message.NAME if isinstance(message, Request) else message)
        if spec.name in SESSION_MESSAGES:
            raise ValueError(f"{spec.name} is sent by the link itself")
        given = message.to_values(side.version) if isinstance(message, Request) else values
        data = encode_message(spec.name, given, version=side.version, floating=floating, body=body)
        self._send(side, data, now)

    def abandon(self, pending: Pending) -> None:
        """Nobody waits for this request any more; its confirmation will be counted as late."""
        if self._outstanding.remove(pending, late=True):
            self.counters.abandoned += 1

    # --- what happened on a connection -----------------------------------------------------------

    def connection_made(self, index: int, now: float) -> None:
        """The connection of a side is open, TLS included."""
        side = self.sides[index]
        if side.state is not SideState.CONNECTING:
            return
        side.start_reading()
        side.open_number = self._outstanding.new_number()
        values = self._open_values(side.version, side.open_number)
        data = encode_message("OPEN_REQ", values, version=side.version)
        side.state = SideState.OPENING
        side.at = now + self.settings.open_patience
        self._send(side, data, now)

    def connection_lost(self, index: int, now: float, text: str = "") -> None:
        """The connection could not be made, or was closed or reset by the server or the network."""
        side = self.sides[index]
        if side.state is SideState.CONNECTING:
            reason = Lost.CONNECT_FAILED
            self._lose(side, reason, text or reason.value, now, cut=False)
        elif side.state is SideState.CLOSING:
            self._closed_side(side, now)
        elif side.state is SideState.OPENING:
            text = text or "closed before an answer to OPEN_REQ"
            lower = side.closed_silently(now)
            if lower is not None:
                side.idle()
                self._step_down(side, lower, now)
            else:
                self._lose(side, Lost.CLOSED_BY_PEER, text, now, cut=False, versions=False)
        elif side.live:
            text = text or Lost.CLOSED_BY_PEER.value
            self._lose(side, Lost.CLOSED_BY_PEER, text, now, cut=False)

    def bytes_received(self, index: int, data: bytes | memoryview, now: float) -> None:
        """Bytes came from a side, cut in any way."""
        side = self.sides[index]
        if side.hears:
            self.counters.bytes_received += len(data)
            side.reader.feed(data)
            self._read(side, now)

    def get_buffer(self, index: int, sizehint: int = -1) -> memoryview:
        """Room to receive into, for buffer_updated(): saves a copy."""
        side = self.sides[index]
        return side.reader.get_buffer(sizehint) if side.hears else memoryview(bytearray(256))

    def buffer_updated(self, index: int, count: int, now: float) -> None:
        """count bytes came into get_buffer()."""
        side = self.sides[index]
        if side.hears:
            self.counters.bytes_received += count
            side.reader.buffer_updated(count)
            self._read(side, now)

    def tick(self, now: float) -> None:
        """Time passed; call when deadline is reached. More often does no harm."""
        for pending in self._outstanding.expired(now):
            self.counters.timeouts += 1
            self._resolve(pending, error=RequestTimeoutError(pending.name, pending.timeout))
        for side in self.sides:
            self._tick(side, now)

    # --- time -------------------------------------------------------------------------------------

    def _tick(self, side: Side, now: float) -> None:
        due = side.at is not None and now >= side.at
        if side.state is SideState.WAITING:
            if due:
                self._connect(side, now)
        elif side.state is SideState.CONNECTING:
            if due:
                reason = Lost.CONNECT_TIMEOUT
                self._lose(side, reason, reason.value, now)
        elif side.state is SideState.OPENING:
            if due:
                self._lose(side, Lost.OPEN_TIMEOUT, Lost.OPEN_TIMEOUT.value, now)
        elif side.state is SideState.CLOSING:
            if due:
                self._shut(side, Lost.CLOSED_HERE, "no CLOSE_CONF in time", now)
        elif side.live:
            if side.state is SideState.DRAINING:
                self._drain(side, now)
            elif due:
                reason = Lost.NO_TAKEOVER
                self._lose(side, reason, reason.value, now, goodbye=0)
                return
            self._beat(side, now)

    def _usable(self) -> Side:
        if self._closing or self._closed or not self._started:
            raise LinkClosedError("the link is not open")
        if self._active is None:
            raise LinkDownError("there is no active session now")
        return self._active
