"""Whom and what a supervisor watches: the agent, the call he chose, a silent monitor call.

Sources: CTI OS Developer Guide 12.6(1), agent chapter (StartMonitoringAgent, StartMonitoringCall,
GetMonitoredAgent, properties SilentMonitorCallUID and SilentMonitorTargetAgentUID), event
interfaces chapter (ISilentMonitorEvents).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastcil.catalog import event_id
from fastcil.cil import events
from fastcil.cil.dispatch import Handler
from fastcil.cil.objects import Agent, Call, CtiOsObject
from fastcil.codec import Arguments

if TYPE_CHECKING:
    from fastcil.cil.session import Session

__all__ = ["Monitored"]

_START = event_id("OnStartMonitoringAgent")
_STOP = event_id("OnStopMonitoringAgent")
_SILENT_START = event_id("OnSilentMonitorStartedEvent")
_SILENT_STOP = event_id("OnSilentMonitorStopRequestedEvent")
_DEVICES = ("AgentInstrument", "AgentExtension", "Extension")
_CALL, _TARGET = "SilentMonitorCallUID", "SilentMonitorTargetAgentUID"


class Monitored:
    """The monitored agent and call of a session. Runs on the event thread but for choose()."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.agent: Agent | None = None
        self.call: Call | None = None

    def clear(self) -> None:
        """Nobody is watched any more."""
        self.agent = self.call = None

    def choose(self, found: CtiOsObject | None) -> None:
        """StartMonitoringCall was sent, for a call or for none."""
        self.call = found if isinstance(found, Call) else None
        mask = None if found is None else found.get_value("SupervisorBtnEnablementMask", None)
        if mask is not None:
            self._session._current_call.selected(mask)

    def before(self, message_id: int) -> Iterable[Handler]:
        """What runs before the listeners of an event."""
        if message_id == _START:
            yield self._started
        elif message_id == _STOP:
            yield self._stopped
        elif message_id == _SILENT_START:
            yield self._silent_started

    def after(self, message_id: int) -> Iterable[Handler]:
        """What runs after the listeners of an event."""
        if message_id == _STOP:
            yield self._release
        elif message_id == _SILENT_STOP:
            yield self._silent_stopped
        elif message_id == events.CALL_END:
            yield self._call_ended

    def _started(self, _: int, arguments: Arguments) -> None:
        key = arguments.get_string("AgentReference", "")
        self.agent = self._session._store.agent_of(key)

    def _stopped(self, _: int, arguments: Arguments) -> None:
        agent = self.agent
        if agent is not None and agent.unique_object_id == arguments.get("AgentReference"):
            self.clear()

    def _release(self, _: int, arguments: Arguments) -> None:
        """No event will tell the end of that agent's calls: they are dropped now."""
        key = arguments.get_string("AgentReference", "")
        agent = self._session._store.agents.get(key)
        known = () if agent is None else (agent.get_value_string(one, "") for one in _DEVICES)
        devices = {device for device in known if device}
        peripheral = key.partition(".")[2].partition(".")[0]
        self._session._store.drop_monitored(peripheral, devices)

    # --- silent monitoring of the Unified CM kind -----------------------------------------------

    def _silent_started(self, _: int, arguments: Arguments) -> None:
        """The supervisor's Agent tells the call and whom it is about."""
        call, target = (arguments.get(key) for key in (_CALL, _TARGET))
        agent = self._session.current_agent
        starter = arguments.get("SilentMonitorInitiatingAgentUID")
        if call and agent is not None and starter == agent.unique_object_id:
            agent.update({_CALL: call, _TARGET: target or ""})

    def _silent_stopped(self, _: int, arguments: Arguments) -> None:
        self._silent_over(arguments.get(_CALL))

    def _call_ended(self, _: int, arguments: Arguments) -> None:
        self._silent_over(arguments.get("UniqueObjectID"))

    def _silent_over(self, call: object) -> None:
        agent = self._session.current_agent
        if call and agent is not None and agent.get_value(_CALL, None) == call:
            agent.update({_CALL: "", _TARGET: ""})
