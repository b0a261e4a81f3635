"""What a session's state machine asks of its driver, and what it needs to know of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Union

from fastcil.cil.errors import SessionError
from fastcil.codec import Arguments, Frame

__all__ = ["Action", "Close", "Deliver", "Open", "Send", "Ticket"]


@dataclass(frozen=True)
class Open:
    """Open a connection, then say opened() or closed()."""

    host: str
    port: int


@dataclass(frozen=True)
class Send:
    """Send bytes."""

    data: bytes


@dataclass(frozen=True)
class Close:
    """Send what is not sent yet, then close, or stop opening; say nothing of it."""


@dataclass(frozen=True)
class Deliver:
    """Events for the listeners, in order."""

    frames: Sequence[Frame]


Action = Union[Open, Send, Close, Deliver]


class Ticket(Protocol):
    """A request under way, as far as the connection is concerned with it."""

    lives: int
    due: float

    @property
    def confirmable(self) -> bool:
        """Whether an event answers it."""

    def done(self) -> bool:
        """Whether its outcome is known."""

    def confirm(self, message_id: int, arguments: Arguments) -> None:
        """It was sent, and no answer is due."""

    def fail(self, error: SessionError) -> None:
        """It could not be sent."""

    def expire(self, seconds: float) -> None:
        """It was not answered in time."""
