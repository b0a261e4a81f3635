"""What a link core asks its driver to do, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import Union

from fastcil.ged188 import Message
from fastcil.ged188.link_errors import LinkError
from fastcil.ged188.link_events import LinkEvent, Lost
from fastcil.ged188.link_requests import Pending

__all__ = [
    "Action",
    "Connect",
    "Counters",
    "Deliver",
    "Disconnect",
    "LinkState",
    "Resolve",
    "Send",
]


class LinkState(Enum):
    """Where a link stands."""

    IDLE = "idle"  # not opened yet
    CONNECTING = "connecting"  # no active session; trying, waiting, or waiting for the standby
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


@dataclass(frozen=True)
class Connect:
    """Open a connection for a side, then say connection_made() or connection_lost()."""

    side: int
    host: str
    port: int


@dataclass(frozen=True)
class Send:
    """Send bytes."""

    side: int
    data: bytes


@dataclass(frozen=True)
class Disconnect:
    """Reset the connection, or stop opening it, without waiting; say nothing of it any more."""

    side: int
    reason: Lost
    text: str


@dataclass  # not frozen: that would take longer than all else of a message
class Deliver:
    """Events for the layer above, in order."""

    events: list[LinkEvent]


@dataclass(frozen=True)
class Resolve:
    """A request is over: its parts of an answer, or the error."""

    pending: Pending
    parts: list[Message]
    error: LinkError | None


Action = Union[Connect, Send, Disconnect, Deliver, Resolve]


@dataclass
class Counters:
    """What happened since the link was made.

    Requests: requests sent; confirmations, failures (FAILURE_CONF and CONTROL_FAILURE_CONF),
    timeouts, abandoned (given up by the caller), lost (with their session), late (confirmations
    after the time-out), unexpected (confirmations without or for another request).
    Messages: received and passed on; dropped by the core, for they came from a side that is not
    active; bad (unreadable); missed (dropped because a reader of events was too slow).
    Sides: connects, opens, losses of the active session, refusals of OPEN_REQ, version_steps
    downwards, heartbeats sent, heartbeats_missed, switches of sides without a new connection.
    """

    requests: int = 0
    confirmations: int = 0
    failures: int = 0
    timeouts: int = 0
    abandoned: int = 0
    lost: int = 0
    late: int = 0
    unexpected: int = 0
    messages: int = 0
    dropped: int = 0
    bad: int = 0
    missed: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    connects: int = 0
    opens: int = 0
    losses: int = 0
    refusals: int = 0
    version_steps: int = 0
    heartbeats: int = 0
    heartbeats_missed: int = 0
    switches: int = 0

    def to_dict(self) -> dict[str, int]:
        """All of them by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
