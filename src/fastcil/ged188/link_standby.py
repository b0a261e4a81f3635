"""A warm standby: both sides open, one of them active. No I/O, no clock.

Part of LinkCore, see link_core. Source: guide (versions 24 and 25), Session Management, PG and CTI
Server Graceful Shutdown: the standby takes OPEN_REQ, HEARTBEAT_REQ and CLOSE_REQ only; it says
STANDBY_ACTIVE_EVENT when it becomes active; the old side is told with STOPPING_REQUESTS_TO_THIS_
SIDE_IND that no more requests come, and disconnects.
"""

from __future__ import annotations

import logging

from fastcil.ged188 import Message, encode_message
from fastcil.ged188._enums import CTIServiceMask, SessionType, StatusCode
from fastcil.ged188.link_connect import Connections
from fastcil.ged188.link_errors import code_of
from fastcil.ged188.link_events import (
    Lost,
    MaintenanceAsked,
    MaintenanceDecided,
    Opened,
    Reconcile,
    ReconcileReason,
    StandbyReady,
    StandbyRefused,
    SwitchedSides,
)
from fastcil.ged188.link_side import Side, SideState

__all__ = ["Standby"]

logger = logging.getLogger("fastcil.ged188.link")


class Standby(Connections):
    """Which of the sides is active."""

    def _session_opened(self, side: Side, message: Message, now: float) -> None:
        """OPEN_CONF: the session is active, or stands by, or is one too many."""
        side.version_worked(now)
        side.at = None
        side.opened_at = now
        side.open_conf = message
        side.services = message["ServicesGranted"]
        granted = side.services & CTIServiceMask.CTI_SERVICE_ACTIVE_STANDBY
        side.standby_granted = bool(granted)
        kind = code_of(SessionType, message.get("SessionType", 0))
        self.counters.opens += 1
        other = self.sides[1 - side.index] if self.dual else None
        held = self._active
        stands_by = kind == SessionType.STANDBY or (
            kind == SessionType.UNKNOWN and side.standby_granted and held is not None
        )
        if stands_by and self.dual:
            side.state = SideState.STANDBY
            logger.info("side %s: stands by, version %d", side.name, side.version)
            self._emit(StandbyReady(side.name, side.version))
        elif stands_by:
            # Only a client that asks for it is given one, so this one would never become active.
            self._lose(side, Lost.OPEN_REFUSED, "the side stands by", now, goodbye=0)
            return
        elif held is not None and not held.misses:
            # Two all-events sessions would tell everything twice, and sites allow few of them.
            text = Lost.SECOND_ACTIVE.value
            wait = self.settings.standby_retry
            self._lose(side, Lost.SECOND_ACTIVE, text, now, goodbye=0, retry_in=wait)
            self._emit(StandbyRefused(side.name, None, wait))
            return
        else:
            if held is not None:
                # It has stopped answering, and this side says that it is the active one.
                self._lose(held, Lost.HEARTBEATS, "the other side became active", now)
            self._activate(side, message, kind)
        self._watch_standby(now)
        if other is not None and other.state is SideState.IDLE:
            if side.standby_granted:
                self._plan(other, now)
            else:
                self._emit(StandbyRefused(other.name, None, None))

    def _activate(self, side: Side, message: Message, kind: SessionType | int) -> None:
        """A session that was opened is the active one."""
        side.state = SideState.ACTIVE
        self._active = self._last_active = side
        services = CTIServiceMask(side.services)
        logger.info("side %s: open, version %d", side.name, side.version)
        self._emit(Opened(side.name, side.version, services, kind, message))
        self._emit(Reconcile(side.name, ReconcileReason.OPENED))

    def _standby_active(self, side: Side, message: Message, now: float) -> None:
        """STANDBY_ACTIVE_EVENT: this side is the active one from here on."""
        if side.state is not SideState.STANDBY and side.state is not SideState.DRAINING:
            self.counters.dropped += 1  # it is active already
            return
        side.at = None
        if self._last_active is None and side.open_conf is not None:
            self._activate(side, side.open_conf, SessionType.ACTIVE)
            self._watch_standby(now)
            return
        old = self._active
        side.state = SideState.ACTIVE
        self._active = self._last_active = side
        self.counters.switches += 1
        draining = 0
        if old is not None:
            draining = self._outstanding.of_side(old.index)
            old.state = SideState.DRAINING
            limit = now + self.settings.standby_drain
            # The server counts from its decision, if it told one.
            old.at = limit if old.drain_by is None else min(old.drain_by, limit)
        logger.info("side %s: became active, without a new connection", side.name)
        self._emit(SwitchedSides("" if old is None else old.name, side.name, draining))
        self._emit(Reconcile(side.name, ReconcileReason.SWITCHED))
        self._watch_standby(now)
        if old is not None:
            self._drain(old, now)

    def _drain(self, side: Side, now: float) -> None:
        """Tells the old side that no more requests come, once it owes no answer or time is up."""
        if side.state is not SideState.DRAINING:
            return
        if self._outstanding.of_side(side.index) and (side.at is None or now < side.at):
            return
        side.state = SideState.STANDBY
        side.at = side.drain_by = None
        self._send(side, encode_message("STOPPING_REQUESTS_TO_THIS_SIDE_IND", {}), now)

    def _maintenance_asked(self, side: Side, message: Message, now: float) -> None:
        """ACTIVE_MAINTENANCE_REQ: the policy of the settings answers at once."""
        try:
            accepted = bool(self.settings.maintenance())
        except Exception:
            # No answer would count as no, after 5 s; say it now.
            logger.exception("the maintenance policy failed: answered with no")
            accepted = False
        values = {"InvokeID": message["InvokeID"], "MaintenanceModeAccepted": int(accepted)}
        answer = encode_message("ACTIVE_MAINTENANCE_RESP_MSG", values, version=side.version)
        self._send(side, answer, now)
        self._emit(MaintenanceAsked(side.name, accepted))

    def _maintenance_decided(self, side: Side, message: Message, now: float) -> None:
        """ACTIVE_MAINTENANCE_EVENT: from here the server waits 5 s for the end of requests."""
        continues = bool(message["MaintenanceModeStatus"])
        side.drain_by = now + self.settings.standby_drain if continues else None
        self._emit(MaintenanceDecided(side.name, continues))

    def _standby_refused(self, side: Side, status: StatusCode | int, now: float) -> None:
        """No standby session there: one side has to do, for a while."""
        wait = self.settings.standby_retry
        text = f"no standby session: status {int(status)}"
        self._lose(side, Lost.OPEN_REFUSED, text, now, retry_in=wait)
        self._emit(StandbyRefused(side.name, status, wait))
