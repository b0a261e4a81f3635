"""The current call of a session in agent mode, and the buttons that follow from it.

Source: CTI OS Developer Guide 12.6(1), building chapter, Current Call and OnButtonEnablementChange:
the only call of a device becomes the current one by itself; of several the application chooses one,
and again when that one ends. Each change is told by OnCurrentCallChanged and
OnButtonEnablementChange; the latter also follows the events of the agent and of the current call
that carry EnablementMask. Its mask is what the agent may do and what may be done with the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastcil.catalog import EVENT_NAMES, ButtonEnablement, CilError
from fastcil.cil import events
from fastcil.cil._interfaces import CALLBACKS
from fastcil.cil.dispatch import Handler
from fastcil.cil.errors import SessionError
from fastcil.cil.objects import Call
from fastcil.codec import Arguments, ConversionError

if TYPE_CHECKING:
    from fastcil.cil.session import Session

__all__ = ["CurrentCall"]

_BEGIN = frozenset({events.CALL_BEGIN, EVENT_NAMES["OnSnapshotCallConf"]})
_OWN = frozenset({*CALLBACKS["ICallEvents"], *CALLBACKS["IAgentEvents"]})
_MONITORED = frozenset({*CALLBACKS["IMonitoredCallEvents"], *CALLBACKS["IMonitoredAgentEvents"]})
_CHOSEN = frozenset({EVENT_NAMES["OnStartMonitoringAgent"], EVENT_NAMES["OnStopMonitoringAgent"]})
_NO_CALL_BUTTON = int(ButtonEnablement.DISABLE_ALL)


class CurrentCall:
    """Which call it is. Changed by events on their thread, by set() on any."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.call: Call | None = None
        self._supervisor_mask: int | None = None

    def clear(self) -> None:
        """The session has no calls any more; nothing is told."""
        self.call = None
        self._supervisor_mask = None

    def set(self, call: Call | None) -> None:
        """SetCurrentCall; None: no call. SessionError with the documented code."""
        session = self._session
        if call is not None and not (
            isinstance(call, Call) and session.calls.get(call.unique_object_id) is call
        ):
            raise SessionError(
                f"SetCurrentCall: {call!r} is no call of this session",
                CilError.E_CTIOS_INVALID_CALL,
            )
        if call is self.call:
            raise SessionError(
                f"SetCurrentCall: {call!r} is the current call already",
                CilError.E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION,
            )
        self.call = call
        key = "" if call is None else call.unique_object_id
        frames = [events.current_call_changed(key)]
        if session.in_agent_mode:
            frames.append(events.button_enablement(self.mask(), key, events.CURRENT_CALL_CHANGED))
        session._inject(frames)

    def mask(self) -> int:
        """EnablementMask of the agent and of the current call together."""
        agent = self._session.current_agent
        found = 0 if agent is None else _mask(agent.get_value("EnablementMask", 0))
        if self.call is not None:
            found |= _mask(self.call.get_value("EnablementMask", 0)) & ~_NO_CALL_BUTTON
        return found

    def after(self, message_id: int) -> Iterable[Handler]:
        """What runs after the listeners of an event in agent mode."""
        if message_id in _BEGIN:
            return (self._begun,)
        if message_id == events.CALL_END:
            return (self._ended,)
        if message_id in _CHOSEN:
            return (self._chosen,)
        if message_id in _OWN:
            return (self._buttons,)
        return (self._supervised,) if message_id in _MONITORED else ()

    def selected(self, mask: object) -> None:
        """The supervisor chose an agent or a call: what he may do with it is told in any case."""
        self._supervisor_mask = _mask(mask)
        self._session._inject([events.supervisor_button(self._supervisor_mask)])

    def _begun(self, message_id: int, arguments: Arguments) -> None:
        if self.call is None and self._choose(message_id):
            return
        self._buttons(message_id, arguments)

    def _ended(self, message_id: int, arguments: Arguments) -> None:
        """The call is not in the session any more."""
        call = self.call
        if call is None or call.unique_object_id != arguments.get("UniqueObjectID"):
            if call is None:
                self._choose(message_id)
            return
        self.call = None
        if not self._choose(message_id):
            self._tell(message_id)

    def _choose(self, message_id: int) -> bool:
        """The only call of the device becomes the current one."""
        own = self._session._store.own_calls(2)
        if len(own) != 1:
            return False
        self.call = own[0]
        self._tell(message_id)
        return True

    def _tell(self, message_id: int) -> None:
        key = "" if self.call is None else self.call.unique_object_id
        self._session._deliver_one(events.current_call_changed(key))
        self._session._deliver_one(events.button_enablement(self.mask(), key, message_id))

    def _buttons(self, message_id: int, arguments: Arguments) -> None:
        if arguments.get("EnablementMask") is None:
            return
        key = arguments.get("UniqueObjectID")
        agent = self._session.current_agent
        if not key or not (
            (self.call is not None and key == self.call.unique_object_id)
            or (agent is not None and key == agent.unique_object_id)
        ):
            return
        self._session._deliver_one(events.button_enablement(self.mask(), key, message_id))

    def _chosen(self, message_id: int, arguments: Arguments) -> None:
        """Monitoring of an agent began or ended."""
        value = arguments.get("SupervisorBtnEnablementMask")
        if value is not None:
            self._supervisor_mask = _mask(value)
            self._session._deliver_one(events.supervisor_button(self._supervisor_mask))

    def _supervised(self, message_id: int, arguments: Arguments) -> None:
        """A monitored event that tells what the supervisor may do now."""
        value = arguments.get("SupervisorBtnEnablementMask")
        if value is None:
            return
        mask = _mask(value)
        if mask != self._supervisor_mask:
            self._supervisor_mask = mask
            self._session._deliver_one(events.supervisor_button(mask))


def _mask(value: object) -> int:
    """A mask as an unsigned number: bit 31 makes an INT negative."""
    try:
        number: int = Arguments({"Value": value}).get_int("Value")
    except OverflowError:
        number = Arguments({"Value": value}).get_uint("Value")
    except ConversionError:
        return 0
    return number & 0xFFFFFFFF
