"""What goes wrong when it is ordered to: links that break, servers that hang, lie or fail over.

Every order concerns some clients: all of them (None), those with a ClientID (text), or one session
(SessionID). Orders take effect at once; `Clock.after` and scenarios give them a time.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Union

from fastcil.ged188 import MAX_MESSAGE_SIZE
from fastcil.ged188.enums import PGStatusMask, StatusCode, SystemEventID
from fastcil.ged188.schema import HEADER_SIZE, MESSAGES_BY_NAME, WIDE_VERSION
from fastcil.simulator.agent_events import system_values
from fastcil.simulator.encoding import encode_fitting
from fastcil.simulator.model import Audience
from fastcil.simulator.outgoing import Pace
from fastcil.simulator.session import ServerSession

if TYPE_CHECKING:
    from fastcil.simulator.hub import Hub
    from fastcil.simulator.sides import Maintenance

__all__ = ["Drop", "Faults", "Garbage", "Target"]

Target = Union[str, int, None]
"""Which clients: a ClientID, a SessionID, or None for all."""


class Drop(Enum):
    """How a link is dropped: FIN, RST, or FIN in the middle of a message."""

    CLOSE = "close"
    RESET = "reset"
    MIDDLE = "middle"


class Garbage(Enum):
    """Bytes that are no message of the protocol.

    LENGTH: a MessageLength that no message has, RUNT: one that is too short for its fixed part,
    TYPE: a MessageType that does not exist, FIELD: a floating field that is longer than its
    message, RANDOM: anything.
    """

    LENGTH = "length"
    RUNT = "runt"
    TYPE = "type"
    FIELD = "field"
    RANDOM = "random"


class Faults:
    """Orders for faults of one Hub.

    hub: whose clients are meant. seed: of the random bytes. The counters of the hub count what was
    done to how many sessions, as fault_drop, fault_hang and so on.
    """

    def __init__(self, hub: Hub, seed: int = 1) -> None:
        self.hub = hub
        self._random = random.Random(seed)

    def _chosen(self, target: Target) -> list[ServerSession]:
        found = [s for s in self.hub.connections if s.ending is None]
        if isinstance(target, str):
            return [s for s in found if s.is_open and s.info.client_id == target]
        if target is not None:
            return [s for s in found if s.id == target]
        return found

    def _each(self, name: str, target: Target, action: Callable[[ServerSession], None]) -> int:
        chosen = self._chosen(target)
        for session in chosen:
            self.hub.count(f"fault_{name}")
            action(session)
        return len(chosen)

    # -- the link ----------------------------------------------------------------------------

    def drop(self, target: Target = None, how: Drop | str = Drop.RESET) -> int:
        """End connections without a word; returns how many."""
        how = Drop(how)
        status = StatusCode.E_CTI_CLIENT_DISCONNECTED

        def drop(session: ServerSession) -> None:
            if how is Drop.MIDDLE:
                session.inject(self._half(session))
            session.end(status, f"link dropped ({how.value})", reset=how is Drop.RESET)

        return self._each("drop", target, drop)

    def _half(self, session: ServerSession) -> bytes:
        values = system_values(self.hub.site, SystemEventID.SYS_TEXT_FYI, text="cut off in the mid")
        data = encode_fitting("SYSTEM_EVENT", values, session.version)
        return data[: len(data) // 2]

    def hang(self, target: Target = None) -> int:
        """Keep the sockets open and neither read nor send; returns how many."""
        return self._each("hang", target, ServerSession.hang)

    def resume(self, target: Target = None) -> int:
        """After hang(): read what came, send what waits."""
        return self._each("resume", target, ServerSession.resume)

    def delay(self, seconds: float, target: Target = None) -> int:
        """Send confirmations so many seconds of real time late; 0 ends it. Events are not late,
        so they may come before the confirmation of the request that caused them."""
        if seconds < 0:
            raise ValueError(f"seconds is 0 or more, got {seconds}")

        def late(session: ServerSession) -> None:
            session.delay = seconds

        return self._each("delay", target, late)

    def trickle(self, bytes_per_second: float, target: Target = None) -> int:
        """Send so many bytes in a second of real time and no more; 0 ends it."""
        if bytes_per_second < 0:
            raise ValueError(f"bytes_per_second is 0 or more, got {bytes_per_second}")

        def slow(session: ServerSession) -> None:
            pace = Pace(bytes_per_second, since=self.hub.now) if bytes_per_second else None
            session.out.pace = pace
            self.hub.touch(session)

        return self._each("trickle", target, slow)

    def garbage(self, kind: Garbage | str = Garbage.RANDOM, target: Target = None) -> int:
        """Send bytes that are no message; returns to how many clients."""
        kind = Garbage(kind)
        return self._each("garbage", target, lambda s: s.inject(self.bytes_of(kind, s.version)))

    def bytes_of(self, kind: Garbage, version: int) -> bytes:
        """Garbage of a kind, as a client of a version would see it."""
        system = MESSAGES_BY_NAME["SYSTEM_EVENT"].number
        if kind is Garbage.LENGTH:
            return struct.pack(">II", self._random.randrange(MAX_MESSAGE_SIZE, 1 << 32), system)
        if kind is Garbage.RUNT:
            return struct.pack(">IIH", 2, system, 0)
        if kind is Garbage.TYPE:
            body = self._random.randbytes(12)
            return struct.pack(">II", len(body), self._random.randrange(10_000, 1 << 31)) + body
        if kind is Garbage.FIELD:
            values = system_values(self.hub.site, SystemEventID.SYS_TEXT_FYI)
            data = encode_fitting("SYSTEM_EVENT", values, version)[HEADER_SIZE:]
            # Text (tag 7) of 200 bytes, of which four follow.
            field = struct.pack(">HH" if version >= WIDE_VERSION else ">BB", 7, 200) + b"text"
            return struct.pack(">II", len(data) + len(field), system) + data + field
        return self._random.randbytes(self._random.randrange(16, 256))

    # -- the server --------------------------------------------------------------------------

    def fail_over(self) -> None:
        """The active side fails, the other one takes over. Raises ValueError without one."""
        self.hub.fail_over()

    def restore(self, side: str) -> None:
        """A failed side works again. Raises ValueError for a side that does not exist."""
        if side not in self.hub.sides:
            raise ValueError(f"side is one of {', '.join(self.hub.sides)}, got {side!r}")
        self.hub.restore(side)

    def maintain(self, done: Callable[[bool], None] | None = None) -> Maintenance:
        """Ask the clients for maintenance mode of the active side. Raises ValueError without a
        standby, and while one is under way."""
        return self.hub.maintain(done)

    def off_line(self) -> int:
        """The active side tells its clients E_CTI_CTI_SERVER_OFFLINE by FAILURE_EVENT, answers
        heartbeats by FAILURE_CONF and refuses new sessions, until restore()."""
        side = self.hub.active
        side.in_service = False
        sessions = side.sessions
        for session in sessions:
            self.hub.count("fault_off_line")
            session.fail(StatusCode.E_CTI_CTI_SERVER_OFFLINE, None)
        return len(sessions)

    # -- what is behind the server -----------------------------------------------------------

    def _system(self, number: SystemEventID, peripheral_id: int = 0) -> None:
        values = system_values(self.hub.site, number, peripheral_id)
        self.hub.site.emit("SYSTEM_EVENT", values, Audience("system"))

    def gateway_down(self) -> None:
        """The Peripheral Gateway cannot be reached: no call or agent events until gateway_up().

        Source: guide, PGStatusCode Values, PGS_OPC_DOWN.
        """
        self.hub.site.pg_status |= PGStatusMask.PGS_OPC_DOWN
        self._system(SystemEventID.SYS_PERIPHERAL_GATEWAY_OFFLINE)

    def gateway_up(self) -> None:
        """The gateway is there again. There is no event for just that: the peripherals on line
        are reported with the new PGStatus."""
        self.hub.site.pg_status &= ~PGStatusMask.PGS_OPC_DOWN
        for peripheral in self.hub.site.peripherals.values():
            if peripheral.online:
                self._system(SystemEventID.SYS_PERIPHERAL_ONLINE, peripheral.id)
        self.hub.delivery.recheck()
        self.hub.settle()
