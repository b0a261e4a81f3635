"""What a silent monitor manager knows: its mode, the phone, the session under way.

Kept right by the events of the session. Sources: CTI OS Developer Guide 12.6(1), silent monitor
manager chapter (properties, GetSessionInfo …), event interfaces chapter (ISilentMonitorEvents).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastcil.catalog import CilError, SMManagerMode
from fastcil.catalog import SilentMonitorStatus as Status
from fastcil.cil import events
from fastcil.cil.lenient import number_in
from fastcil.cil.objects import CtiOsObject
from fastcil.codec import Arguments

if TYPE_CHECKING:
    from fastcil.cil.session import Session

__all__ = ["GOES_ON", "PHONE", "MonitorState", "information"]

PHONE = {
    "ClientAddress": "STRING",
    "BitRate": "INT",
    "PacketSize": "INT",
    "Direction": "SHORT",
    "RTPType": "SHORT",
    "EchoCancelation": "SHORT",
    "PayLoadType": "SHORT",
}
"""What GetIPPhoneInfo gives, spelt as there."""
GOES_ON = (Status.eSMStatusOK, Status.eSMStatusMonitorStarted, Status.eSMStatusInProgress)
"""Reports after which a session goes on; every other one ends it (ours: the guide does not say)."""
# Those two are spelt otherwise in OnCallRTPStarted.
_EVENT_NAMES = {"EchoCancelation": "EchoCancellation", "PayLoadType": "PayloadType"}
_NOT_SET = SMManagerMode.eSMModeNotSet


class MonitorState(CtiOsObject):
    """The part of a manager that asks for nothing."""

    __slots__ = ("_guard", "_info", "_requested", "do_default_message_handling")

    def __init__(self, session: Session, arguments: Mapping[str, Any] | None = None) -> None:
        super().__init__(None if arguments is None else Arguments(arguments))
        self._session = session
        self._guard = threading.RLock()
        self._info: dict[str, Any] | None = None  # of the session under way
        self._requested: dict[str, Any] | None = None  # what waits to be accepted
        self.do_default_message_handling = True
        """Whether a start request is accepted by itself when no listener decides otherwise, by
        setting DoDefaultMessageHandling of its OnSilentMonitorStartRequestedEvent to False."""
        self.update({"SMManagerMode": int(_NOT_SET)})

    @property
    def mode(self) -> SMManagerMode:
        """What the manager is ready for: nothing, to be monitored, or to monitor."""
        return SMManagerMode(self.get_value_int("SMManagerMode", _NOT_SET))

    def get_session_info(self, arguments: Mapping[str, Any] | None = None) -> Arguments | None:
        """The session under way (GetSessionInfo); None, and last_error, when there is none.

        SMSessionKey or MonitoredUniqueObjectID, when given, must be those of the session. AudioMode
        is 0 (ours): no audio is carried.
        """
        with self._guard:
            info = self._info
            if info is None:
                self.note_error(CilError.E_CTIOS_NO_SM_SESSION_IN_PROGRESS)
                return None
            for key in ("SMSessionKey", "MonitoredUniqueObjectID"):
                wanted = (arguments or {}).get(key)
                if wanted is not None and str(wanted) != str(info.get(key)):
                    self.note_error(CilError.E_CTIOS_INVALID_SILENT_MONITOR_SESSION)
                    return None
            return Arguments(info)

    def get_sm_session_list(self) -> Arguments:
        """The sessions under way, at most one, by SMSessionKey (GetSMSessionList; the form is
        ours)."""
        with self._guard:
            info = self._info
            return Arguments() if info is None else Arguments({str(info.get("SMSessionKey")): info})

    def get_ip_phone_info(self) -> Arguments | None:
        """The phone that is monitored, as it was set or as OnCallRTPStarted told (GetIPPhoneInfo).

        None, and last_error, when nothing is known of it.
        """
        found: Arguments | None = self.get_value_array("IPPhoneInformation", None)
        if found is None:
            self.note_error(CilError.E_CTIOS_IP_PHONE_INFORMATION_NOT_AVAILABLE)
        return found

    def is_monitored_target(self, arguments: Mapping[str, Any]) -> bool:
        """Whether MonitoredUniqueObjectID is who is monitored now (IsMonitoredTarget)."""
        if not isinstance(arguments, Mapping):
            return False
        with self._guard:
            wanted = arguments.get("MonitoredUniqueObjectID")
            info = self._info
            return (
                bool(wanted) and info is not None and info.get("MonitoredUniqueObjectID") == wanted
            )

    # --- events, as the session's SilentMonitors tells them ----------------------------------

    def _requested_of(self, arguments: Arguments) -> None:
        """OnSilentMonitorStartRequestedEvent, before the listeners."""
        with self._guard:
            if self.mode is not SMManagerMode.eSMMonitoredMode:
                return
            self._requested = arguments.to_dict()
        if not self.do_default_message_handling:
            arguments["DoDefaultMessageHandling"] = False

    def _begun(self, arguments: Arguments, status: Status) -> None:
        """The server knows of a session, or it has started."""
        if "SMSessionKey" in arguments:  # that of Unified CM has none
            with self._guard:
                self._info = information(arguments.to_dict(), status)
                self._requested = None
                self._show()

    def _reported(self, arguments: Arguments) -> None:
        """The session's status has changed."""
        with self._guard:
            if self._info is not None and self._is_mine(arguments):
                self._info["SMSessionStatus"] = number_in(
                    arguments, "StatusCode", Status.eSMStatusOK
                )
                self._show()

    def _ended(self, arguments: Arguments, status: int | None = None) -> None:
        """After the listeners: the session is over, unless its status says that it goes on."""
        with self._guard:
            if status not in GOES_ON and self._is_mine(arguments):
                self._forget()

    def _is_mine(self, arguments: Arguments) -> bool:
        about = self._info or self._requested
        return about is not None and about.get("SMSessionKey") == arguments.get("SMSessionKey")

    def _streams(self, arguments: Arguments) -> None:
        """OnCallRTPStarted tells of the phone."""
        found = {key: arguments.get(_EVENT_NAMES.get(key, key)) for key in PHONE}
        known = {key: value for key, value in found.items() if value is not None}
        self.update({"IPPhoneInformation": known})

    def _lost(self) -> None:
        """The connection was lost, and with it the session, of which the server knows no more."""
        with self._guard:
            about = self._info or self._requested
            self._forget()
        session = self._session
        if about is not None and session is not None:
            status = Status.eSMStatusSessionTerminatedAbnormally
            keys = ("MonitoredUniqueObjectID", "SMSessionKey")
            fields = {key: about[key] for key in keys if key in about}
            session._inject([events.silent_monitor_lost({**fields, "StatusCode": int(status)})])

    def _show(self) -> None:
        """SessionInformation as it is now."""
        self.update({"SessionInformation": self._info or {}})

    def _forget(self) -> None:
        self._info = self._requested = None
        self._show()

    def _reset(self) -> None:
        """No mode, no session."""
        self._forget()
        self.update({"SMManagerMode": int(_NOT_SET)})


def information(fields: Mapping[str, Any], status: Status) -> dict[str, Any]:
    """What GetSessionInfo gives, from the fields of an event."""
    keys = (
        "SMSessionKey",
        "AgentID",
        "DeviceID",
        "MonitoredUniqueObjectID",
        "PeripheralID",
        "MonitoringIPAddress",
        "MonitoringIPPort",
    )
    found = {key: fields[key] for key in keys if fields.get(key) not in (None, "")}
    return {**found, "SMSessionStatus": int(status), "AudioMode": 0}
