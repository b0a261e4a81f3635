"""What a link tells those above it, in order.

The one rule for a layer that keeps state: on Reconcile take snapshots and compare, whatever made
it necessary. Everything else may be shown, counted or ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Union

from fastcil.ged188 import Message
from fastcil.ged188._enums import CTIServiceMask, PGStatusMask, SessionType, StatusCode
from fastcil.ged188._enums import SystemEventID as EventID
from fastcil.ged188.errors import DecodeError
from fastcil.ged188.link_errors import code_of

__all__ = [
    "Closed",
    "ConnectFailed",
    "DecodeProblem",
    "FailureReported",
    "Gap",
    "LinkEvent",
    "LinkLost",
    "Lost",
    "MaintenanceAsked",
    "MaintenanceDecided",
    "MessageReceived",
    "OpenRefused",
    "Opened",
    "Reconcile",
    "ReconcileReason",
    "StandbyLost",
    "StandbyReady",
    "StandbyRefused",
    "SwitchedSides",
    "SystemEvent",
    "UnexpectedConfirmation",
]


class Lost(Enum):
    """Why a connection or a session ended."""

    CONNECT_FAILED = "could not connect"
    CONNECT_TIMEOUT = "connecting took too long"
    OPEN_REFUSED = "the server refused the session"
    OPEN_TIMEOUT = "no answer to OPEN_REQ"
    CLOSED_BY_PEER = "the connection was closed or reset"
    HEARTBEATS = "heartbeats went unanswered"
    HEARTBEAT_REFUSED = "the server refused a heartbeat: it is off-line"
    SERVER_OFFLINE = "the server said that it goes off-line"
    GARBAGE = "the bytes received are not the protocol"
    NO_TAKEOVER = "no side became active: the standby session is opened anew"
    SECOND_ACTIVE = "both sides say that they are active"
    CLOSED_HERE = "closed by this client"


class ReconcileReason(Enum):
    """Why what is known may differ from what is."""

    OPENED = "a session was opened: events in between are unknown"
    SWITCHED = "the other side became active: events on the way may be lost"
    MISSED = "events were dropped, for they were not read in time"


class MessageReceived:
    """A message of the active session: an event, or a request that the server passes on.

    message: as decoded; it may hold the chunk it came in (Message.detach). side: "A" or "B".
    """

    __slots__ = ("message", "side")

    def __init__(self, message: Message, side: str) -> None:
        self.message = message
        self.side = side

    def __repr__(self) -> str:
        # The name only: fields of messages can hold what belongs in no log.
        return f"MessageReceived({self.message.name}, side={self.side!r})"


@dataclass(frozen=True)
class Opened:
    """A session is open and active. Reconcile follows.

    services: CTIServiceMask as granted, which can be less than what was asked for. version: of the
    protocol. open_conf: OPEN_CONF whole. session_type: UNKNOWN where the server does not say.
    """

    side: str
    version: int
    services: CTIServiceMask
    session_type: SessionType | int
    open_conf: Message


@dataclass(frozen=True)
class Reconcile:
    """What the layer above knows may be stale: it should take snapshots now."""

    side: str
    reason: ReconcileReason


@dataclass(frozen=True)
class LinkLost:
    """The active session ended; outstanding requests of it failed. The link goes on by itself.

    retry_in: seconds until the next attempt. standby: side that is held open and may take over.
    """

    side: str
    reason: Lost
    text: str
    retry_in: float
    standby: str | None = None


@dataclass(frozen=True)
class ConnectFailed:
    """An attempt to connect, or to open a session, came to nothing."""

    side: str
    reason: Lost
    text: str
    retry_in: float


@dataclass(frozen=True)
class OpenRefused:
    """FAILURE_CONF to OPEN_REQ. next_version: asked for next; None: the version was not at fault.

    status: why. Source: guide, Session Initialization, and the table of status codes.
    """

    side: str
    status: StatusCode | int
    version: int
    next_version: int | None


@dataclass(frozen=True)
class SwitchedSides:
    """The other side became active, without a new connection. Reconcile follows.

    old: "" when no side was active in between. draining: requests of the old side still awaited.
    """

    old: str
    new: str
    draining: int


@dataclass(frozen=True)
class StandbyReady:
    """A standby session is held open on this side."""

    side: str
    version: int


@dataclass(frozen=True)
class StandbyLost:
    """The standby session ended; the active one is not touched."""

    side: str
    reason: Lost
    text: str
    retry_in: float


@dataclass(frozen=True)
class StandbyRefused:
    """No standby session on this side: the link has one side until it is tried again.

    status: of the refusal; None when the server does not do this service, or both sides say that
    they are active. retry_in: None: not until the active session is lost.
    """

    side: str
    status: StatusCode | int | None
    retry_in: float | None


@dataclass(frozen=True)
class MaintenanceAsked:
    """ACTIVE_MAINTENANCE_REQ came and was answered by the settings' policy."""

    side: str
    accepted: bool


@dataclass(frozen=True)
class MaintenanceDecided:
    """ACTIVE_MAINTENANCE_EVENT: whether the side really goes into maintenance."""

    side: str
    continues: bool


@dataclass(frozen=True)
class SystemEvent:
    """SYSTEM_EVENT of the active session.

    id: what happened. pg_status: of the peripheral gateway, 0 when all is well. time: of the
    central controller, seconds since 1970 UTC. arguments: SystemEventArg1..3, their meaning hangs
    on id: for peripherals and instruments the first is the PeripheralID.
    Source: guide, Miscellaneous Service, and the table of SystemEventID values.
    """

    side: str
    id: EventID | int
    pg_status: PGStatusMask
    time: int
    arguments: tuple[int, int, int]
    text: str
    message: Message

    @classmethod
    def of(cls, message: Message, side: str) -> SystemEvent:
        """From the message."""
        one, two, three = message.get_many(
            "SystemEventArg1", "SystemEventArg2", "SystemEventArg3", default=0
        )
        return cls(
            side=side,
            id=code_of(EventID, message["SystemEventID"]),
            pg_status=PGStatusMask(message["PGStatus"]),
            time=message["ICMCentralControllerTime"],
            arguments=(one, two, three),
            text=message.get("Text", ""),
            message=message,
        )

    def __repr__(self) -> str:
        return f"SystemEvent(side={self.side!r}, id={self.id!r}, pg_status={self.pg_status!r})"


@dataclass(frozen=True)
class FailureReported:
    """FAILURE_EVENT: the server is in trouble, or about to end the session. status: why."""

    side: str
    status: StatusCode | int


@dataclass(frozen=True)
class UnexpectedConfirmation:
    """A confirmation that no request waits for any more.

    late: its request timed out or was given up; else it belongs to none, or is not the message
    that confirms it. request: name of the request, "" when there is none.
    """

    side: str
    message: Message
    late: bool
    request: str

    def __repr__(self) -> str:
        return (
            f"UnexpectedConfirmation(side={self.side!r}, message={self.message.name}, "
            f"late={self.late}, request={self.request!r})"
        )


@dataclass(frozen=True)
class DecodeProblem:
    """Bytes that are no message. error.resumable: whether the session went on."""

    side: str
    error: DecodeError


@dataclass(frozen=True)
class Gap:
    """This many events were dropped here, for the reader was too slow. Reconcile follows."""

    missed: int


@dataclass(frozen=True)
class Closed:
    """The last event: the link is closed, by close() or because opening it is hopeless.

    status: the refusal that ended it, None when it was closed on purpose.
    """

    text: str
    status: StatusCode | int | None = None


LinkEvent = Union[
    MessageReceived,
    Opened,
    Reconcile,
    LinkLost,
    ConnectFailed,
    OpenRefused,
    SwitchedSides,
    StandbyReady,
    StandbyLost,
    StandbyRefused,
    MaintenanceAsked,
    MaintenanceDecided,
    SystemEvent,
    FailureReported,
    UnexpectedConfirmation,
    DecodeProblem,
    Gap,
    Closed,
]
