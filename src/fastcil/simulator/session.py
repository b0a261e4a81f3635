"""The server's side of one connection: bytes in, bytes out, time as an argument.

Nothing here does I/O. receive() takes what came from the client, take() gives what is to be sent
to it, and when `ending` is set the connection is to be closed. Sessions are made by Hub.connect.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from fastcil.ged188 import (
    MAX_MESSAGE_SIZE,
    DecodeError,
    EncodeError,
    Message,
    MessageReader,
)
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.enums import StatusCode
from fastcil.ged188.schema import HEADER_SIZE, MESSAGES_BY_NAME
from fastcil.simulator.encoding import View, encode_fitting
from fastcil.simulator.failures import (
    Refusal,
    decode_status,
    invoke_id_of,
    tag_status,
)
from fastcil.simulator.model import Agent, Call
from fastcil.simulator.monitors import Monitor
from fastcil.simulator.opening import NO_TIMEOUT, Opening, check_opening
from fastcil.simulator.outgoing import Outgoing
from fastcil.simulator.requests import ClientInfo

if TYPE_CHECKING:
    from fastcil.simulator.hub import Hub
    from fastcil.simulator.sides import Side

__all__ = ["Ending", "ServerSession", "State"]

_log = logging.getLogger("fastcil.simulator")

_OPEN_REQ = MESSAGES_BY_NAME["OPEN_REQ"].number
_MAX_CLIENTS = 16
"""MAX_NUM_CTI_CLIENTS: guide, Constants and Status Codes, Special Values."""


class State(Enum):
    """What a connection is good for."""

    CONNECTED = "no session"
    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True)
class Ending:
    """How and why the server ends a connection. reset: with RST, and without the last words."""

    status: int
    text: str
    reset: bool = False


class ServerSession:
    """One client's connection and, once OPEN_REQ was granted, its session.

    id: SessionID. view: the call variables that it registered for. config_ready: it sent
    CONFIG_REQUEST_EVENT and gets updates.
    """

    def __init__(self, hub: Hub, side: Side, number: int, address: tuple[str, int]) -> None:
        self.hub = hub
        self.side = side
        self.id = number
        self.address = address
        self.state = State.CONNECTED
        self.ending: Ending | None = None
        self.info = ClientInfo(number, address=address)
        self.out = Outgoing(hub.options.max_queue)
        self.version = hub.options.protocol_version
        self.services = 0
        self.call_mask = 0
        self.agent_mask = 0
        self.config_mask = 0
        self.config_ready = False
        self.opening: Opening | None = None
        self.monitors: dict[int, Monitor] = {}
        self.delay = 0.0
        """Seconds by which confirmations are late."""
        self.accepted_maintenance: bool | None = None
        self._reader = MessageReader(self.version, max_message=MAX_MESSAGE_SIZE)
        self._received_at = hub.now
        self._deadline: float | None = hub.now + hub.options.open_seconds
        self._backlog: list[bytes] | None = None  # not None: the server hangs for this client

    def __repr__(self) -> str:
        return f"<session {self.id} {self.info.client_id!r} {self.state.value}>"

    # -- what the server asks ----------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether there is a session."""
        return self.state is State.OPEN

    @property
    def agent(self) -> Agent | None:
        """The agent at the device of a Client Events session, while one is logged on there."""
        device = None if self.opening is None else self.opening.device
        return None if device is None else device.agent

    @property
    def view(self) -> View | None:
        """Which call variables the client wants; None for all of them."""
        info = self.info
        view = View(info.call_variable_mask, info.named_variables, info.named_arrays)
        return None if view == View() else view

    def client(self) -> ClientInfo:
        """What handlers may know of this session, as of now."""
        self.info.agent = self.agent
        return self.info

    # -- bytes in ----------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Bytes came from the client."""
        self.hub.now = now
        self._received_at = now
        if self._backlog is not None:
            self._backlog.append(data)
            return
        if self.ending is not None:
            return
        self.hub.count("bytes_received", len(data))
        try:
            self._reader.feed(data)
        except DecodeError as error:
            self._undecodable(error)
            return
        while self.ending is None and self._backlog is None:
            try:
                message = next(self._reader, None)
            except DecodeError as error:
                self._undecodable(error)
                continue
            if message is None:
                break
            self.hub.count("messages_received")
            self._message(message)
        self.hub.settle()

    def _undecodable(self, error: DecodeError) -> None:
        if error.type == _OPEN_REQ and error.resumable and not self.is_open:
            # Its floating part cannot be read before its version is known.
            self._open(error.data)
            return
        self.hub.count("messages_refused")
        status = decode_status(error)
        _log.info("session %d: %s", self.id, error)
        self.fail(status, invoke_id_of(error.data) if error.resumable else None)
        if not error.resumable:
            self.end(status, f"the stream cannot be read: {error}")

    def _message(self, message: Message) -> None:
        name = message.name
        if name == "OPEN_REQ":
            self._open(message.to_bytes())
            return
        invoke_id = message.get("InvokeID")
        if not self.is_open:
            self.hub.count("messages_refused")
            self.fail(StatusCode.E_CTI_SESSION_NOT_OPEN, invoke_id)
            return
        if self.hub.options.strict_tags:
            tags = [tag for tag, _ in message.raw_floating]
            if (wrong := tag_status(message, tags)) is not None:
                self.hub.count("messages_refused")
                self.fail(wrong[0], invoke_id)
                return
        if name == "HEARTBEAT_REQ":
            self._heartbeat(message["InvokeID"])
        elif name == "CLOSE_REQ":
            self._close(message)
        else:
            self.hub.request(self, message)

    # -- the session's own messages ----------------------------------------------------------

    def _open(self, data: bytes) -> None:
        invoke_id = invoke_id_of(data)
        if self.is_open:
            self.fail(StatusCode.E_CTI_SESSION_ALREADY_OPEN, invoke_id)
            return
        if len(data) < HEADER_SIZE + 8:
            status = StatusCode.E_CTI_BAD_MESSAGE_FORMAT
            self.hub.count("opens_refused")
            self.fail(status, invoke_id)
            self.end(status, "OPEN_REQ without a VersionNumber")
            return
        asked = int.from_bytes(data[HEADER_SIZE + 4 : HEADER_SIZE + 8], "big")
        versions = self.hub.options.versions
        # A refusal has to be readable for the client, so it is of its version where we speak that.
        self.version = min(max(asked, versions[0]), versions[-1])
        try:
            self.side.check(asked)
            if asked not in versions:
                raise Refusal(
                    StatusCode.E_CTI_INVALID_VERSION,
                    f"version {asked} asked for, {versions[0]} to {versions[-1]} are spoken",
                )
            message = self._opening_message(data, asked)
            self.side.check_services(message["ServicesRequested"])
            opening = check_opening(message, self.hub.site, self.hub.options, version=asked)
            self._reader.version = asked
            self.hub.open(self, opening, message["InvokeID"])
        except Refusal as refusal:
            self.hub.count("opens_refused")
            self.fail(refusal.status, invoke_id)
            self.end(refusal.status, str(refusal))

    def _opening_message(self, data: bytes, version: int) -> Message:
        """OPEN_REQ read at the version that it asks for. Raises Refusal."""
        try:
            message = Message.from_bytes(data, version)
        except DecodeError as error:
            raise Refusal(decode_status(error), str(error)) from error
        if self.hub.options.strict_tags:
            wrong = tag_status(message, [tag for tag, _ in message.raw_floating])
            if wrong is not None:
                raise Refusal(wrong[0], f"OPEN_REQ has a field with tag {wrong[1]}")
        return message

    def opened(self, opening: Opening) -> None:
        """The hub granted a session: from now on this is one."""
        self.opening = opening
        self.version = opening.version
        self.services = opening.services
        self.call_mask = opening.call_mask
        self.agent_mask = opening.agent_mask
        self.config_mask = opening.config_mask
        device = opening.device
        self.info = ClientInfo(
            self.id,
            client_id=opening.client_id,
            signature=opening.signature,
            peripheral_id=opening.peripheral_id,
            services=opening.services,
            agent=self.agent,
            instrument="" if device is None else device.instrument,
            address=self.address,
            all_events=opening.serves(Service.CTI_SERVICE_ALL_EVENTS),
        )
        self.state = State.OPEN
        self._deadline = None

    def _heartbeat(self, invoke_id: int) -> None:
        """Source: guide, Session Maintenance: answered at once, by FAILURE_CONF when the server
        is off-line."""
        self.hub.count("heartbeats")
        if self.side.in_service:
            self.reply("HEARTBEAT_CONF", {"InvokeID": invoke_id})
        else:
            self.fail(StatusCode.E_CTI_CTI_SERVER_OFFLINE, invoke_id)

    def _close(self, message: Message) -> None:
        """CLOSE_REQ: the session ends; the connection is left to the client for some seconds."""
        self.reply("CLOSE_CONF", {"InvokeID": message["InvokeID"]})
        self.state = State.CONNECTED
        self._deadline = self.hub.now + self.hub.options.close_seconds
        self.hub.closed(self, message["Status"], normal=True)

    # -- messages out ------------------------------------------------------------------------

    def reply(self, name: str, values: Mapping[str, Any]) -> None:
        """A confirmation, as late as it was ordered to be."""
        try:
            data = encode_fitting(name, values, self.version)
        except (EncodeError, KeyError, TypeError) as error:
            self.hub.count("replies_unencodable")
            _log.error("%s for version %d: %s", name, self.version, error)
            return
        self._push(data, self.hub.now + self.delay if self.delay else 0.0)

    def fail(self, status: int, invoke_id: int | None) -> None:
        """FAILURE_CONF, or FAILURE_EVENT when there is no InvokeID to answer.

        FAILURE_CONF has a Status up to version 23 and a FailureCode from 24 on.
        """
        self.hub.count("failures_sent")
        if invoke_id is None:
            self.send("FAILURE_EVENT", {"Status": int(status)})
            return
        values = {"Status": int(status), "FailureCode": int(status), "PeripheralErrorCode": 0}
        self.reply("FAILURE_CONF", {"InvokeID": invoke_id, **values})

    def send(self, name: str, values: Mapping[str, Any]) -> None:
        """A message that is no confirmation."""
        self._push(encode_fitting(name, values, self.version))

    def send_event(self, data: bytes) -> None:
        """An event of the site, encoded already."""
        self.hub.count("events_sent")
        self._push(data)

    def inject(self, data: bytes) -> None:
        """Bytes that are no message, for faults; behind what waits already."""
        if self.ending is None:
            self.out.force(data)
            self.hub.touch(self)

    def _push(self, data: bytes, due: float = 0.0) -> None:
        if self.ending is not None:
            return
        if not self.out.push(data, due):
            self.hub.count("closed_too_slow")
            lost = self.out.clear()
            self.end(
                StatusCode.E_CTI_UNSPECIFIED_FAILURE,
                f"the client does not read: {lost} bytes thrown away, {self.out.limit} may wait",
                reset=True,
            )
            return
        self.hub.count("messages_sent")
        self.hub.touch(self)

    def handles(self, call: Call, time: int) -> None:
        """The client became associated with a call: it goes into the call's client history.

        Source: guide, Session Management, OPEN_REQ ClientSignature; time in seconds since 1970.
        """
        if len(call.clients) < _MAX_CLIENTS:
            call.clients.append((self.info.signature, time))

    # -- bytes out ---------------------------------------------------------------------------

    def take(self, now: float, size: int = 1 << 16) -> bytes:
        """Bytes to be sent now; b"" when there are none."""
        data = self.out.take(now, size)
        self.hub.count("bytes_sent", len(data))
        return data

    def next_due(self, now: float) -> float | None:
        """When take() will have something, None while it will not."""
        return self.out.next_due(now)

    @property
    def finished(self) -> bool:
        """Whether the connection can be closed: the last words are out, or are not to be."""
        return self.ending is not None and (self.ending.reset or not self.out.bytes)

    # -- time, faults, the end ---------------------------------------------------------------

    def tick(self, now: float) -> None:
        """To be called about every second: idle sessions end.

        Source: guide, Session Maintenance: a client that sent nothing for IdleTimeout seconds has
        its connection reset.
        """
        self.hub.now = now
        if self.ending is not None or self._backlog is not None:
            return
        if self._deadline is not None and now >= self._deadline:
            self.hub.count("closed_unused")
            self.end(StatusCode.E_CTI_TIMEOUT, "no session on the connection", reset=True)
        elif self.is_open and self.opening is not None:
            limit = self.opening.idle_timeout
            if limit != NO_TIMEOUT and now - self._received_at >= limit:
                self.hub.count("closed_idle")
                self.end(StatusCode.E_CTI_TIMEOUT, f"nothing received in {limit} s", reset=True)

    def hang(self) -> None:
        """Nothing is read and nothing is sent any more, and the connection stays."""
        if self._backlog is None:
            self._backlog = []
            self.out.held = True
            self.hub.touch(self)

    @property
    def hangs(self) -> bool:
        """Whether hang() was called and resume() was not."""
        return self._backlog is not None

    def resume(self) -> None:
        """As before hang(): what came in the meantime is read now."""
        backlog, self._backlog = self._backlog, None
        self.out.held = False
        # Messages may also wait in the reader, behind the one that was worked on.
        self.receive(b"".join(backlog or ()), self.hub.now)
        self.hub.touch(self)

    def end(self, status: int, text: str, *, reset: bool = False) -> None:
        """The server ends the connection, after what is queued unless it is reset."""
        if self.ending is not None:
            return
        self.ending = Ending(int(status), text, reset)
        _log.info("session %d of %r: ended: %s", self.id, self.info.client_id, text)
        self._leave(status)
        self.hub.touch(self)

    def lost(self) -> None:
        """The connection is gone."""
        if self.ending is None:
            status = StatusCode.E_CTI_CLIENT_DISCONNECTED
            self.ending = Ending(status, "the client disconnected", reset=True)
        self._leave(self.ending.status)
        self.out.clear()
        self.hub.disconnected(self)

    def _leave(self, status: int) -> None:
        was_open, self.state = self.is_open, State.ENDED
        if was_open:
            self.hub.closed(self, int(status), normal=False)
