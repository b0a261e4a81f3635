"""What the messages of a CTI Server mean for a link. No I/O, no clock.

Part of LinkCore, see link_core. Source: guide, Session Management; Messaging Conventions, Failure
Indication Messages; CTI Client Application Guidelines, InvokeIDs.
"""

from __future__ import annotations

import logging
import random
from typing import Callable

from fastcil.ged188 import DecodeError, Message
from fastcil.ged188._enums import ConfigEndStatus, ConfigType, StatusCode
from fastcil.ged188.link_actions import Disconnect
from fastcil.ged188.link_errors import (
    AnswerError,
    ControlFailureError,
    RequestFailedError,
    status_of,
)
from fastcil.ged188.link_events import (
    DecodeProblem,
    FailureReported,
    Lost,
    MessageReceived,
    OpenRefused,
    SystemEvent,
    UnexpectedConfirmation,
)
from fastcil.ged188.link_requests import MAX_PARTS, Pending
from fastcil.ged188.link_settings import LinkSettings
from fastcil.ged188.link_side import Side, SideState, lower_version
from fastcil.ged188.link_standby import Standby
from fastcil.ged188.relations import CONFIRMATIONS
from fastcil.ged188.schema import HEADER_SIZE, MESSAGES, message_spec

__all__ = ["Messages"]

logger = logging.getLogger("fastcil.ged188.link")

Handler = Callable[[Side, Message, float], None]

_CLOSE_CONF = message_spec("CLOSE_CONF").number
_TO_OPEN_REQ = frozenset(message_spec(name).number for name in ("OPEN_CONF", "FAILURE_CONF"))
_ANSWERS = frozenset(
    spec.number
    for spec in map(message_spec, CONFIRMATIONS.values())
    if spec.has_invoke_id and spec.name not in ("OPEN_CONF", "HEARTBEAT_CONF", "CLOSE_CONF")
)
_REFUSALS = frozenset(message_spec(n).number for n in ("FAILURE_CONF", "CONTROL_FAILURE_CONF"))
_MULTI_PART = frozenset(
    spec.number for spec in MESSAGES if any(field.name == "More" for field in spec.fixed)
)
_CONFIG_KEY = message_spec("CONFIG_KEY_EVENT").number
_CONFIG_END = message_spec("CONFIG_END_EVENT").number
_CONFIG_RECORDS = frozenset(spec.number for spec in MESSAGES if spec.records)

_STANDBY_REFUSALS = frozenset(
    {
        StatusCode.E_CTI_INVALID_CLIENT_FOR_STANDBY,
        StatusCode.E_CTI_CTI_SERVER_OFFLINE,
        StatusCode.E_CTI_SERVER_NOT_MASTER,
        StatusCode.E_CTI_SERVER_IN_MAINTENANCE_MODE,
    }
)
_PASSING = frozenset(
    {
        *_STANDBY_REFUSALS,
        StatusCode.E_CTI_SESSION_ALREADY_OPEN,
        StatusCode.E_CTI_AGENT_NOT_LOGGED_ON,
        StatusCode.E_CTI_DEVICE_IN_USE,
        StatusCode.E_CTI_NEW_SESSION_OPENED,
        StatusCode.E_CTI_TIMEOUT,
        StatusCode.E_CTI_UNSPECIFIED_FAILURE,
        StatusCode.E_CTI_JTAPI_CCM_PROBLEM,
        StatusCode.E_CTI_AUTO_CONFIG_RESET,
    }
)
"""Refusals that pass by themselves. All others name data to be corrected before another attempt."""


class Messages(Standby):
    """Who gets which message."""

    def __init__(
        self,
        settings: LinkSettings,
        *,
        rng: random.Random | None = None,
        first_invoke_id: int = 1,
    ) -> None:
        super().__init__(settings, rng=rng, first_invoke_id=first_invoke_id)
        named: dict[str, Handler] = {
            "OPEN_CONF": self._open_confirmed,
            "HEARTBEAT_CONF": self._beat_confirmed,
            "FAILURE_CONF": self._failed,
            "CONTROL_FAILURE_CONF": self._control_failed,
            "FAILURE_EVENT": self._failure_reported,
            "SYSTEM_EVENT": self._system_event,
            "STANDBY_ACTIVE_EVENT_MSG": self._standby_active,
            "ACTIVE_MAINTENANCE_REQ_MSG": self._maintenance_asked,
            "ACTIVE_MAINTENANCE_EVENT_MSG": self._maintenance_decided,
            "CONFIG_BEGIN_EVENT": self._config_begins,
            "CONFIG_END_EVENT": self._config_ends,
            "CONFIG_KEY_EVENT": self._config_key,
        }
        self._handlers: dict[int, Handler] = dict.fromkeys(_ANSWERS, self._confirmed)
        self._handlers.update(dict.fromkeys(_CONFIG_RECORDS, self._config_record))
        self._handlers.update((message_spec(name).number, one) for name, one in named.items())
        self._own = bytes(number in self._handlers for number in range(max(self._handlers) + 1))
        """By type: the messages that mean something for the link itself."""
        self._opened_once = False

    # --- bytes ------------------------------------------------------------------------------------

    def _read(self, side: Side, now: float) -> None:
        """All whole messages that have come."""
        reader = side.reader
        while True:
            if side is self._active:
                messages = reader.take(self._own)
                if messages:
                    side.bad = 0
                    self.counters.messages += len(messages)
                    name = side.name
                    self._emit_all([MessageReceived(message, name) for message in messages])
            try:
                message = next(reader, None)
            except DecodeError as error:
                if not self._unreadable(side, error, now):
                    return
                continue
            if message is None:
                return
            side.bad = 0
            self._received(side, message, now)
            if side.reader is not reader or not side.hears:
                return  # the connection is gone, what is left of it does not matter

    def _received(self, side: Side, message: Message, now: float) -> None:
        number = message.type
        if side.state is SideState.CLOSING:
            refused = number in _REFUSALS and message["InvokeID"] == side.close_number
            if refused or number == _CLOSE_CONF:
                self._shut(side, Lost.CLOSED_HERE, "closed", now)
            else:
                self.counters.dropped += 1
            return
        handler = self._handlers.get(number)
        if handler is not None:
            handler(side, message, now)
        else:
            self._pass_on(side, message)

    def _pass_on(self, side: Side, message: Message) -> None:
        """Only the active side is listened to: the other one would tell everything twice."""
        if side is self._active:
            self.counters.messages += 1
            self._emit(MessageReceived(message, side.name))
        else:
            self.counters.dropped += 1

    def _unreadable(self, side: Side, error: DecodeError, now: float) -> bool:
        """Bytes that are no message; whether reading goes on."""
        self.counters.bad += 1
        side.bad += 1
        self._emit(DecodeProblem(side.name, error))
        opening = side.state is SideState.OPENING and error.type in _TO_OPEN_REQ
        if error.resumable and not opening and side.bad < self.settings.max_bad_messages:
            if side.bad == 1:  # not the log as well, when there are many
                logger.warning("side %s: passed over what is no message: %s", side.name, error)
            if error.type in _ANSWERS | _REFUSALS and len(error.data) >= HEADER_SIZE + 4:
                number = int.from_bytes(error.data[HEADER_SIZE : HEADER_SIZE + 4], "big")
                pending = self._outstanding.find(number)
                if pending is not None and pending.side == side.index:
                    text = f"{pending.name}: the confirmation cannot be read: {error}"
                    self._over(side, pending, now, AnswerError(text, error))
            return True
        text = f"{Lost.GARBAGE.value}: {error}"
        if side.state is SideState.CLOSING:
            self._shut(side, Lost.GARBAGE, text, now)
        else:
            self._lose(side, Lost.GARBAGE, text, now)
        return False

    # --- the session ------------------------------------------------------------------------------

    def _open_confirmed(self, side: Side, message: Message, now: float) -> None:
        if side.state is not SideState.OPENING or message["InvokeID"] != side.open_number:
            self._unexpected(side, message)
            return
        self._session_opened(side, message.detach(), now)
        self._opened_once = True

    def _refused(self, side: Side, code: int, now: float) -> None:
        """FAILURE_CONF to OPEN_REQ: an older version, the other side, later, or never."""
        status = status_of(code)
        self.counters.refusals += 1
        lower = lower_version(code, side.version, self.settings.min_version)
        self._emit(OpenRefused(side.name, status, side.version, lower))
        text = f"the server refused the session: {status!r}"
        if lower is not None:
            self._actions.append(Disconnect(side.index, Lost.OPEN_REFUSED, text))
            side.idle()
            self._step_down(side, lower, now)
        elif self.dual and self._active is not None and code in _STANDBY_REFUSALS:
            self._standby_refused(side, status, now)
        elif code in _PASSING or self._opened_once:
            # Data that was good enough once can be refused for a while, as when the server starts.
            self._lose(side, Lost.OPEN_REFUSED, text, now)
        else:
            self._give_up(text, status)

    def _beat_confirmed(self, side: Side, message: Message, now: float) -> None:
        if not side.beat_confirmed(message["InvokeID"]):
            self._unexpected(side, message)

    def _failure_reported(self, side: Side, message: Message, now: float) -> None:
        status = status_of(message["Status"])
        logger.warning("side %s: FAILURE_EVENT %r", side.name, status)
        self._emit(FailureReported(side.name, status))
        if status == StatusCode.E_CTI_NEW_SESSION_OPENED:
            # The same client elsewhere: do not take it back at once, nor be taken over again.
            side.displaced = True
        elif status == StatusCode.E_CTI_SERVER_IN_MAINTENANCE_MODE:
            side.leaving = True
        elif status == StatusCode.E_CTI_CTI_SERVER_OFFLINE:
            text = Lost.SERVER_OFFLINE.value
            goodbye = int(status) if side.live else None
            self._lose(side, Lost.SERVER_OFFLINE, text, now, goodbye=goodbye)

    def _system_event(self, side: Side, message: Message, now: float) -> None:
        if side is self._active:
            self.counters.messages += 1
            self._emit(SystemEvent.of(message, side.name))
        else:
            self.counters.dropped += 1

    # --- requests ---------------------------------------------------------------------------------

    def _confirmed(self, side: Side, message: Message, now: float) -> None:
        pending = self._find(side, message)
        if pending is None or pending.confirmation != message.type:
            self._unexpected(side, message)
            return
        pending.parts.append(message.detach())
        if message.type in _MULTI_PART and message["More"]:
            if len(pending.parts) < MAX_PARTS:
                self._outstanding.extend(pending, now)
                return
            text = f"{pending.name}: more than {MAX_PARTS} parts of an answer"
            self._over(side, pending, now, AnswerError(text))
            return
        self.counters.confirmations += 1
        self._over(side, pending, now, None)

    def _failed(self, side: Side, message: Message, now: float) -> None:
        """FAILURE_CONF, in either of its forms: UINT Status, or FailureCode and a peripheral's."""
        status = message.get("Status")
        if status is None:
            status = message["FailureCode"]
        if side.state is SideState.OPENING:
            # Nothing else is outstanding, whatever InvokeID the server could make out.
            self._refused(side, status, now)
            return
        if message["InvokeID"] in side.beats:
            text = f"{Lost.HEARTBEAT_REFUSED.value}: {status_of(status)!r}"
            self._lose(side, Lost.HEARTBEAT_REFUSED, text, now)
            return
        pending = self._find(side, message)
        if pending is None:
            self._unexpected(side, message)
            return
        self.counters.failures += 1
        code = message.get("PeripheralErrorCode", 0)
        self._over(side, pending, now, RequestFailedError(pending.name, status, code))

    def _control_failed(self, side: Side, message: Message, now: float) -> None:
        pending = self._find(side, message)
        if pending is None:
            self._unexpected(side, message)
            return
        self.counters.failures += 1
        codes = message.get_many("FailureCode", "PeripheralErrorCode", default=0)
        self._over(side, pending, now, ControlFailureError(pending.name, *codes))

    def _find(self, side: Side, message: Message) -> Pending | None:
        pending = self._outstanding.find(message["InvokeID"])
        return pending if pending is not None and pending.side == side.index else None

    def _over(
        self,
        side: Side,
        pending: Pending,
        now: float,
        error: AnswerError | ControlFailureError | RequestFailedError | None,
    ) -> None:
        self._outstanding.remove(pending)
        self._resolve(pending, parts=[] if error else pending.parts, error=error)
        self._drain(side, now)

    def _unexpected(self, side: Side, message: Message) -> None:
        """Counted and told, for it may say what came of a request that was given up."""
        name = self._outstanding.late(message["InvokeID"])
        if name is None:
            self.counters.unexpected += 1
        else:
            self.counters.late += 1
        late = name is not None
        logger.info("side %s: %s that no request waits for", side.name, message.name)
        self._emit(UnexpectedConfirmation(side.name, message.detach(), late, name or ""))

    # --- configuration: requests without InvokeID -------------------------------------------------

    def _config_begins(self, side: Side, message: Message, now: float) -> None:
        side.config_update = message["ConfigType"] == ConfigType.UNSOLICITED
        self._config_record(side, message, now)

    def _config_record(self, side: Side, message: Message, now: float) -> None:
        """Goes up as it is; a request for configuration has a sign of life."""
        if not side.config_update and side is self._active:
            pending = self._outstanding.first_unnumbered(_CONFIG_END)
            if pending is not None and pending.side == side.index:
                self._outstanding.extend(pending, now)
        self._pass_on(side, message)

    def _config_ends(self, side: Side, message: Message, now: float) -> None:
        """The end of an answer, unless more parts follow or it was an update nobody asked for.

        Source: guide, Application Level Interfaces, CONFIG_END_EVENT.
        """
        asked, side.config_update = not side.config_update, False
        self._pass_on(side, message)
        if asked and message["ConfigEndStatus"] != ConfigEndStatus.CONFIGEND_PARTIAL:
            self._unnumbered_answer(side, message, now, _CONFIG_END)

    def _config_key(self, side: Side, message: Message, now: float) -> None:
        self._pass_on(side, message)
        self._unnumbered_answer(side, message, now, _CONFIG_KEY)

    def _unnumbered_answer(self, side: Side, message: Message, now: float, number: int) -> None:
        pending = self._outstanding.first_unnumbered(number)
        if pending is not None and pending.side == side.index:
            self.counters.confirmations += 1
            pending.parts.append(message.detach())
            self._over(side, pending, now, None)
