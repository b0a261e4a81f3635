"""The two sides of a CTI Server: which one is active, and how the other takes over.

Source: guide, Session Management, PG and CTI Server Graceful Shutdown (version 24 and later), and
CTI Client Application Guidelines, Operations During Failures.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastcil.ged188 import Message
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.enums import StatusCode
from fastcil.simulator.failures import Refusal
from fastcil.simulator.options import STANDBY_VERSION

if TYPE_CHECKING:
    from fastcil.simulator.hub import Hub
    from fastcil.simulator.session import ServerSession

__all__ = ["Maintenance", "Side"]

_log = logging.getLogger("fastcil.simulator")


class Side:
    """One of the two CTI Servers: "A" or "B".

    active: it serves; else it stands by. failed: nothing runs there, connections are reset.
    in_service: False when it says that it is off-line. maintenance: it has handed over and takes
    nobody.
    """

    def __init__(self, name: str, *, active: bool) -> None:
        self.name = name
        self.active = active
        self.failed = False
        self.in_service = True
        self.maintenance = False
        self.connections: dict[int, ServerSession] = {}
        """Every connection, with a session or not, by number."""

    def __repr__(self) -> str:
        role = "active" if self.active else "standby"
        return f"<side {self.name} {role}>"

    @property
    def sessions(self) -> list[ServerSession]:
        """The open sessions, in the order in which the connections were made."""
        return [s for s in list(self.connections.values()) if s.is_open]

    def check(self, version: int) -> None:
        """Whether a client of a version may open a session here. Raises Refusal."""
        if self.failed or not self.in_service:
            raise Refusal(StatusCode.E_CTI_CTI_SERVER_OFFLINE, f"side {self.name} is off-line")
        if self.maintenance:
            raise Refusal(
                StatusCode.E_CTI_SERVER_IN_MAINTENANCE_MODE,
                f"side {self.name} is in maintenance mode",
            )
        if not self.active and version < STANDBY_VERSION:
            raise Refusal(
                StatusCode.E_CTI_CTI_SERVER_OFFLINE,
                f"side {self.name} stands by, version {version} knows no standby",
            )

    def check_services(self, services: int) -> None:
        """Whether these ServicesRequested will do on this side. Raises Refusal."""
        if not self.active and not services & Service.CTI_SERVICE_ACTIVE_STANDBY:
            raise Refusal(
                StatusCode.E_CTI_INVALID_CLIENT_FOR_STANDBY,
                f"side {self.name} stands by, the client does not ask for ACTIVE_STANDBY",
            )


class Maintenance:
    """The way of an active side into maintenance mode: ask, decide, hand over, let go.

    Every client with ACTIVE_STANDBY is asked; one that refuses or is silent for the set time calls
    it off. done(accepted) is called when it is decided.
    """

    def __init__(
        self, hub: Hub, side: Side, other: Side, done: Callable[[bool], None] | None = None
    ) -> None:
        self.hub = hub
        self.side = side
        self.other = other
        self.decided: bool | None = None
        self._done = done
        self._until = hub.now + hub.options.maintenance_seconds
        self._waiting: dict[int, int] = {}  # InvokeID by SessionID

    def begin(self) -> None:
        """Ask; with nobody to ask it is decided at once."""
        for number, session in enumerate(self._concerned(), 1):
            session.accepted_maintenance = None
            self._waiting[session.id] = number
            session.send("ACTIVE_MAINTENANCE_REQ_MSG", {"InvokeID": number})
        if not self._waiting:
            self._decide(True)

    def _concerned(self) -> list[ServerSession]:
        standby = Service.CTI_SERVICE_ACTIVE_STANDBY
        return [session for session in self.side.sessions if session.services & standby]

    @property
    def finished(self) -> bool:
        """Whether nothing more is to come."""
        return self.decided is False or (self.decided is True and not self.side.connections)

    def answered(self, session: ServerSession, message: Message) -> None:
        """ACTIVE_MAINTENANCE_RESP_MSG came."""
        if self.decided is not None or self._waiting.get(session.id) != message["InvokeID"]:
            return
        del self._waiting[session.id]
        session.accepted_maintenance = bool(message["MaintenanceModeAccepted"])
        if not session.accepted_maintenance:
            self._decide(False)
        elif not self._waiting:
            self._decide(True)

    def left(self, session: ServerSession) -> None:
        """A client that was asked is gone: nobody waits for it."""
        if self._waiting.pop(session.id, None) is not None and not self._waiting:
            self._decide(True)

    def stopping(self, session: ServerSession) -> None:
        """STOPPING_REQUESTS_TO_THIS_SIDE_IND came: the server disconnects the socket."""
        if self.decided:
            session.end(StatusCode.E_CTI_SERVER_IN_MAINTENANCE_MODE, "the client has changed sides")

    def tick(self, now: float) -> None:
        """Time passes: silence is a refusal, and who stays too long is sent away."""
        if now < self._until:
            return
        if self.decided is None:
            _log.info("maintenance mode: %d clients did not answer", len(self._waiting))
            self._decide(False)
        elif self.decided:
            self._send_away(list(self.side.connections.values()))

    def _decide(self, accepted: bool) -> None:
        if self.decided is not None:
            return
        self.decided = accepted
        self._waiting.clear()
        for session in self._concerned():
            session.send("ACTIVE_MAINTENANCE_EVENT_MSG", {"MaintenanceModeStatus": int(accepted)})
        if accepted:
            self._until = self.hub.now + self.hub.options.maintenance_seconds
            self.side.maintenance = True
            self.hub.hand_over(self.side, self.other)
            standby = Service.CTI_SERVICE_ACTIVE_STANDBY
            self._send_away([s for s in self.side.sessions if not s.services & standby])
        if self._done is not None:
            self._done(accepted)

    @staticmethod
    def _send_away(sessions: list[ServerSession]) -> None:
        for session in sessions:
            status = StatusCode.E_CTI_SERVER_IN_MAINTENANCE_MODE
            if session.version < STANDBY_VERSION:
                status = StatusCode.E_CTI_CTI_SERVER_OFFLINE
            session.fail(status, None)
            session.end(status, "the side goes into maintenance mode")
