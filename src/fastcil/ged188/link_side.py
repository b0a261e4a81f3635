"""One side of a link: its connection, its session, its timers. No I/O, no clock.

LinkCore decides; a Side knows where it stands, what is due when, and which version to ask for.
Source: guide, Session Management: Session Initialization, Session Maintenance, Session Termination.
"""

from __future__ import annotations

from enum import Enum

from fastcil.ged188 import Message, MessageReader
from fastcil.ged188._enums import StatusCode
from fastcil.ged188.link_schedule import Schedule
from fastcil.ged188.link_settings import LinkSettings
from fastcil.ged188.schema import WIDE_VERSION

__all__ = ["LIVE", "SIDE_NAMES", "Side", "SideState", "lower_version"]

SIDE_NAMES = ("A", "B")

# The server does not know the version, or the message or the tag in it.
_VERSION_REFUSALS = frozenset(
    {
        StatusCode.E_CTI_INVALID_VERSION,
        StatusCode.E_CTI_INVALID_MSG_TYPE_FOR_VERSION,
        StatusCode.E_CTI_INVALID_TAG_FOR_VERSION,
    }
)
# What a server may say that takes the two bytes of a tag for a tag and a length.
_FORMAT_REFUSALS = frozenset(
    {
        StatusCode.E_CTI_INVALID_MESSAGE_LENGTH,
        StatusCode.E_CTI_INVALID_FIELD_TAG,
        StatusCode.E_CTI_INVALID_FIELD_LENGTH,
        StatusCode.E_CTI_BAD_MESSAGE_FORMAT,
        StatusCode.E_CTI_INVALID_TAG_FOR_MSG_TYPE,
    }
)


class SideState(Enum):
    """Where a side stands."""

    IDLE = "idle"
    WAITING = "waiting"  # for the next attempt
    CONNECTING = "connecting"
    OPENING = "opening"  # OPEN_REQ sent
    STANDBY = "standby"  # a session that stands by
    ACTIVE = "active"
    DRAINING = "draining"  # was active; requests are still to be answered
    CLOSING = "closing"  # CLOSE_REQ sent


LIVE = frozenset({SideState.STANDBY, SideState.ACTIVE, SideState.DRAINING})
"""States with a session."""


def lower_version(status: int, version: int, lowest: int) -> int | None:
    """The version to ask for after a refusal; None when the version was not the reason."""
    if status in _VERSION_REFUSALS:
        lower = version - 1
    elif status in _FORMAT_REFUSALS and version >= WIDE_VERSION:
        lower = WIDE_VERSION - 1
    else:
        return None
    return lower if lower >= lowest else None


class Side:
    """Side A or B.

    version: asked for, or granted. at: when the state's patience ends, or the next attempt is due.
    then: the attempt that waits for the end of CLOSING. drain_by: when the server that goes into
    maintenance wants to hear of the last request. standby_granted: whether the session was
    granted CTI_SERVICE_ACTIVE_STANDBY. parked: waiting because a standby session was refused.
    displaced: the server said that the same client opened a session elsewhere; leaving: that it
    goes into maintenance. live: whether there is a session; hears: whether what comes matters.
    """

    def __init__(self, index: int, settings: LinkSettings, schedule: Schedule) -> None:
        self.index = index
        self.name = SIDE_NAMES[index]
        self.host, self.port = settings.sides[index]
        self.schedule = schedule
        self.live = self.hears = False
        self.state = SideState.IDLE
        self.version = settings.version
        self.at: float | None = None
        self.then: float | None = None
        self.drain_by: float | None = None
        self.parked = False
        self.displaced = False
        self.leaving = False
        self.open_conf: Message | None = None
        self.opened_at = 0.0
        self.standby_granted = False
        self.services = 0
        self.open_number = 0
        self.close_number = 0
        self.beats: list[int] = []
        self.misses = 0
        self.bad = 0  # unreadable messages in a row
        self.config_update = False  # within an unsolicited block of configuration
        self._settings = settings
        self._beat_at = 0.0
        self._sent_at = 0.0
        self._worked: tuple[int, float] | None = None  # version, when
        self._stepping = False  # going down because of refusals
        self._silent = 0  # times the server closed instead of answering OPEN_REQ
        self.reader = self._reader()

    def __repr__(self) -> str:
        return f"<side {self.name} {self.state.value}>"

    @property
    def state(self) -> SideState:
        """Where it stands."""
        return self._state

    @state.setter
    def state(self, state: SideState) -> None:
        self._state = state
        self.live = state in LIVE
        self.hears = self.live or state in (SideState.OPENING, SideState.CLOSING)

    def idle(self) -> None:
        """No connection any more, and none is planned."""
        self.state = SideState.IDLE
        self.at = None
        self.then = None
        self.drain_by = None
        self.parked = False
        self.displaced = False
        self.leaving = False
        self.open_conf = None
        self.services = 0
        self.standby_granted = False
        self.beats.clear()
        self.misses = 0
        self.config_update = False

    # --- versions -------------------------------------------------------------------------------

    def choose_version(self, now: float) -> None:
        """The version for the next attempt: where the way down leads, else what worked, else the
        newest."""
        if self._stepping:
            return
        settings = self._settings
        worked = self._remembered(now)
        self.version = settings.version if worked is None else worked

    def _remembered(self, now: float) -> int | None:
        """The version that was granted last, while that is not too long ago."""
        worked = self._worked
        if worked is None or now - worked[1] >= self._settings.remember_version:
            return None
        return worked[0]

    def step_down(self, version: int) -> None:
        """The next attempt asks for this version."""
        self.version = version
        self._stepping = True

    def give_up_versions(self) -> None:
        """An attempt failed for other reasons: the next one starts where choose_version says."""
        self._stepping = False
        self._silent = 0

    def closed_silently(self, now: float) -> int | None:
        """The server closed instead of answering OPEN_REQ, as some do that know the version not.

        The first time can be chance, and where a version worked lately the server is in trouble.
        Else, from the second time on: the version to try at once; None when there is none.
        """
        if self._remembered(now) is not None:
            return None
        self._silent += 1
        if self._silent == 1:
            return None
        lower = self.version - 1
        if lower >= self._settings.min_version:
            return lower
        self.give_up_versions()
        return None

    def version_worked(self, now: float) -> None:
        """A session was opened."""
        self._worked = (self.version, now)
        self._stepping = False
        self._silent = 0

    # --- reading and sending --------------------------------------------------------------------

    def start_reading(self) -> None:
        """A new connection: its bytes begin with a message of the version asked for."""
        self.reader = self._reader()
        self.bad = 0

    def _reader(self) -> MessageReader:
        settings = self._settings
        return MessageReader(self.version, max_message=settings.max_message, strict=settings.strict)

    def sent(self, now: float) -> None:
        """Something was sent: no heartbeat is due for an interval."""
        self._sent_at = now

    # --- heartbeats -----------------------------------------------------------------------------

    @property
    def beat_at(self) -> float | None:
        """When a heartbeat is due, or counts as unanswered; None without session or heartbeats."""
        interval = self._settings.heartbeat_interval
        if interval is None or self.state not in LIVE:
            return None
        return (self._beat_at if self.beats else self._sent_at) + interval

    def beat_sent(self, number: int, now: float) -> None:
        """HEARTBEAT_REQ went out."""
        self.beats.append(number)
        self._beat_at = self._sent_at = now

    def beat_confirmed(self, number: int) -> bool:
        """HEARTBEAT_CONF came; False when none with that InvokeID was sent."""
        if number not in self.beats:
            return False
        self.beats.clear()
        self.misses = 0
        return True

    @property
    def deadline(self) -> float | None:
        """When the side wants a tick."""
        beat = self.beat_at
        if self.at is None:
            return beat
        return self.at if beat is None else min(self.at, beat)
