"""The connections of a link: attempts, heartbeats, good-byes, losses. No I/O, no clock.

The base of LinkCore, see link_core. Source: guide, Session Management, and CTI Client Application
Guidelines, Side A/B Selection TCP/IP Connections.
"""

from __future__ import annotations

import logging
import random
from typing import Any

from fastcil.ged188 import Message, encode_message
from fastcil.ged188._enums import StatusCode
from fastcil.ged188.link_actions import (
    Action,
    Connect,
    Counters,
    Deliver,
    Disconnect,
    Resolve,
    Send,
)
from fastcil.ged188.link_errors import LinkError, LinkLostError
from fastcil.ged188.link_events import Closed, ConnectFailed, LinkEvent, LinkLost, Lost, StandbyLost
from fastcil.ged188.link_requests import Outstanding, Pending
from fastcil.ged188.link_schedule import Schedule
from fastcil.ged188.link_settings import LinkSettings
from fastcil.ged188.link_side import LIVE, Side, SideState

__all__ = ["Connections"]

logger = logging.getLogger("fastcil.ged188.link")


class Connections:
    """Both sides and what is planned for them."""

    def __init__(
        self,
        settings: LinkSettings,
        *,
        rng: random.Random | None = None,
        first_invoke_id: int = 1,
    ) -> None:
        self.settings = settings
        self.counters = Counters()
        self.dual = settings.holds_standby
        rng = rng if rng is not None else random.Random()
        indexes = tuple(range(len(settings.sides)))
        shared = Schedule(settings, rng, indexes)
        self.sides = tuple(
            Side(i, settings, Schedule(settings, rng, (i,)) if self.dual else shared)
            for i in indexes
        )
        self._active: Side | None = None
        self._last_active: Side | None = None
        self._started = False
        self._closing = False
        self._closed = False
        self._outstanding = Outstanding(settings.max_outstanding, first_invoke_id)
        self._actions: list[Action] = []

    # --- connections ------------------------------------------------------------------------------

    def _open_values(self, version: int, number: int) -> dict[str, Any]:
        return {"InvokeID": number, **self.settings.open_request(version)}

    def _connect(self, side: Side, now: float) -> None:
        side.choose_version(now)
        side.state = SideState.CONNECTING
        side.at = now + self.settings.connect_timeout
        self.counters.connects += 1
        self._actions.append(Connect(side.index, side.host, side.port))

    def _wait(self, side: Side, now: float, delay: float) -> None:
        """The side is tried after delay seconds, and not before it is closed."""
        if side.state is SideState.CLOSING:
            side.then = now + delay
        elif delay > 0.0:
            side.state = SideState.WAITING
            side.at = now + delay
        else:
            self._connect(side, now)

    def _plan(self, side: Side, now: float) -> float:
        """The next attempt after one that ended on this side; the seconds until then."""
        index, delay = side.schedule.next()
        self._wait(self.sides[index], now, delay)
        return delay

    def _step_down(self, side: Side, version: int, now: float) -> None:
        """The same side at once, with an older version. The connection is gone already."""
        self.counters.version_steps += 1
        logger.info("side %s: asks for version %d now", side.name, version)
        side.step_down(version)
        self._connect(side, now)

    def _cut(self, side: Side, reason: Lost, text: str) -> None:
        """Resets a connection, or stops trying; nothing is planned."""
        if side.state not in (SideState.IDLE, SideState.WAITING):
            self._actions.append(Disconnect(side.index, reason, text))
        side.idle()

    def _shut(self, side: Side, reason: Lost, text: str, now: float) -> None:
        """Ends CLOSING by resetting the connection."""
        self._actions.append(Disconnect(side.index, reason, text))
        self._closed_side(side, now)

    def _say_goodbye(self, side: Side, status: int, now: float) -> None:
        """CLOSE_REQ; CLOSE_CONF or its time-out resets the connection."""
        side.close_number = self._outstanding.new_number()
        values = {"InvokeID": side.close_number, "Status": int(status)}
        self._send(side, encode_message("CLOSE_REQ", values), now)
        side.idle()
        side.state = SideState.CLOSING
        side.at = now + self.settings.close_timeout

    def _closed_side(self, side: Side, now: float) -> None:
        """A side that was CLOSING has no connection any more."""
        then = side.then
        side.idle()
        if self._closing:
            self._finish("the link was closed")
        elif then is not None:
            self._wait(side, now, max(0.0, then - now))

    def _lose(
        self,
        side: Side,
        reason: Lost,
        text: str,
        now: float,
        *,
        cut: bool = True,
        goodbye: int | None = None,
        versions: bool = True,
        retry_in: float | None = None,
    ) -> None:
        """A connection or session is over; the next attempt is planned, those above are told.

        cut: reset it. goodbye: status of a CLOSE_REQ to be sent first. versions: the way down
        through the versions is over as well. retry_in: instead of what the schedule says, for a
        side that may not stand by; it is tried earlier when the active one is lost.
        """
        state, lasted = side.state, now - side.opened_at
        displaced, leaving = side.displaced, side.leaving
        was_active = side is self._active
        if was_active:
            self._active = None
            self.counters.losses += 1
        for pending in self._outstanding.take_side(side.index):
            self.counters.lost += 1
            lost = LinkLostError(f"{pending.name}: {text}", side=side.name)
            self._resolve(pending, error=lost)
        if goodbye is not None:
            self._say_goodbye(side, goodbye, now)
        elif cut:
            self._cut(side, reason, text)
        else:
            side.idle()
        if versions:
            side.give_up_versions()
        if self._closing:
            self._finish("the link was closed")
            return
        stable = state in LIVE and lasted >= self.settings.stable_after
        if stable:
            away = leaving or reason is Lost.SERVER_OFFLINE
            first = self.sides[-1 - side.index] if away and not self.dual else side
            side.schedule.restart(first.index)
        if displaced:
            side.schedule.slow_down()
        if retry_in is None:
            delay = self._plan(side, now)
        else:
            delay = retry_in
            self._wait(side, now, delay)
            side.parked = True
        logger.info("side %s: %s; next attempt in %.1f s", side.name, text, delay)
        if was_active:
            standby = self._hurry(side, now, stable)
            self._watch_standby(now)
            self._emit(LinkLost(side.name, reason, text, delay, standby))
        elif state in (SideState.STANDBY, SideState.DRAINING):
            self._emit(StandbyLost(side.name, reason, text, delay))
        else:
            self._hurry(side, now, False)
            self._emit(ConnectFailed(side.name, reason, text, delay))

    def _hurry(self, lost: Side, now: float, stable: bool) -> str | None:
        """With a standby: the other side is tried now, unless it is held; its name if it is."""
        if not self.dual:
            return None
        other = self.sides[1 - lost.index]
        if other.live:
            return other.name
        waits = other.state is SideState.WAITING and (stable or other.parked)
        if other.state is SideState.IDLE or waits:
            other.parked = False
            other.schedule.restart(other.index)
            self._plan(other, now)
        return None

    def _watch_standby(self, now: float) -> None:
        """While no side is active, a standby has a time in which to take over."""
        for side in self.sides:
            if side.state is SideState.STANDBY:
                waits = self._active is None
                side.at = now + self.settings.standby_takeover if waits else None

    def _give_up(self, text: str, status: StatusCode | int | None) -> None:
        """The link, never open so far, cannot be opened: it closes."""
        logger.error("the link cannot be opened: %s", text)
        self._closing = True
        for side in self.sides:
            self._cut(side, Lost.OPEN_REFUSED, text)
        self._finish(text, status)

    def _finish(self, text: str, status: StatusCode | int | None = None) -> None:
        """Closed, once no side has a connection."""
        if not self._closed and all(side.state is SideState.IDLE for side in self.sides):
            self._closed = True
            self._emit(Closed(text, status))

    def _beat(self, side: Side, now: float) -> None:
        """Heartbeats go out when nothing else does; too many without an answer end the session."""
        due = side.beat_at
        if due is None or now < due:
            return
        if side.beats:
            side.misses += 1
            self.counters.heartbeats_missed += 1
            if side.misses >= self.settings.missed_heartbeats:
                text = f"{side.misses} heartbeats went unanswered"
                self._lose(side, Lost.HEARTBEATS, text, now)
                return
        number = self._outstanding.new_number()
        self.counters.heartbeats += 1
        self._send(side, encode_message("HEARTBEAT_REQ", {"InvokeID": number}), now)
        side.beat_sent(number, now)

    # --- requests and events ----------------------------------------------------------------------

    def _send(self, side: Side, data: bytes, now: float) -> None:
        self.counters.bytes_sent += len(data)
        self._actions.append(Send(side.index, data))
        side.sent(now)

    def _emit(self, event: LinkEvent) -> None:
        self._emit_all([event])

    def _emit_all(self, events: list[LinkEvent]) -> None:
        actions = self._actions
        if actions and type(actions[-1]) is Deliver:
            actions[-1].events += events
        else:
            actions.append(Deliver(events))

    def _resolve(
        self,
        pending: Pending,
        *,
        parts: list[Message] | None = None,
        error: LinkError | None = None,
    ) -> None:
        self._actions.append(Resolve(pending, parts or [], error))
