"""Agent mode of a session: its agent, and what is restored after a failover.

Sources: CTI OS Developer Guide 12.6(1), session chapter (SetAgent), building chapter (agent mode,
failover, AutoLogin), architecture chapter (what recovers), event interfaces chapter
(OnSnapshotDeviceConf and ValidCalls; OnCTIOSFailure, login failure).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastcil.catalog import (
    EVENT_NAMES,
    AgentState,
    CilError,
    ConnectionMode,
    ControlFailureStatusCode,
)
from fastcil.catalog.requests import RequestID
from fastcil.cil import engine, events
from fastcil.cil._methods import METHODS
from fastcil.cil.core import AgentMode, State
from fastcil.cil.dispatch import Handler
from fastcil.cil.errors import SessionError
from fastcil.cil.lenient import number_in, tree_in
from fastcil.cil.method import Method
from fastcil.cil.monitored import Monitored
from fastcil.cil.objects import Agent, CtiOsObject
from fastcil.cil.pending import Pending
from fastcil.codec import Arguments

if TYPE_CHECKING:
    from fastcil.cil.session import Session

__all__ = ["SET_AGENT_CONFIRM", "AgentDesk"]

logger = logging.getLogger("fastcil.cil")

SET_AGENT_MODE = EVENT_NAMES["OnSetAgentModeEvent"]
SET_AGENT_CONFIRM = frozenset({SET_AGENT_MODE})
_DEVICE = EVENT_NAMES["OnSnapshotDeviceConf"]
_SYSTEM = EVENT_NAMES["OnCTIOSFailure"]
_OUT = (int(AgentState.eLogout), int(AgentState.eUnknown))
# Properties of the agent that SetAgent carries. Session chapter, SetAgent.
_CARRIED = ("AgentCallMode", "AgentRemoteNumber", "AgentInstrument", "ClientAgentTemporaryID")
# The CTI Server is away: agent mode is asked for again when it is back.
_LATER = (
    int(ControlFailureStatusCode.E_CTI_CTI_SERVER_OFFLINE),
    int(ControlFailureStatusCode.E_CTI_TIMEOUT),
)
# What stays in force until it is taken back, and is asked for again after a failover.
_STANDING = {
    "EnableAgentStatistics": "DisableAgentStatistics",
    "EnableSkillGroupStatistics": "DisableSkillGroupStatistics",
    "StartMonitoringAgent": "StopMonitoringAgent",
    "StartMonitoringAgentTeam": "StopMonitoringAgentTeam",
    "StartMonitoringAllAgentTeams": "StopMonitoringAllAgentTeams",
}
_ENDING = {end: begin for begin, end in _STANDING.items()}


def _key(fields: Arguments) -> str:
    """The agent's UniqueObjectID. Conventions chapter, object keys."""
    return "agent.{}.{}".format(*fields.get_many("PeripheralID", "AgentID"))


class AgentDesk:
    """The agent of a session. Runs on the event thread but for set() and performed()."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.agent: Agent | None = None
        self.monitored = Monitored(session)
        self.active = False  # agent mode was asked for
        self.reset: tuple[Agent, Pending] | None = None
        """The agent for whom the connection is being closed, to be opened anew."""
        self._next: tuple[Agent, Pending] | None = None
        self._standing: dict[tuple[str, str, bytes], tuple[Method, Arguments]] = {}
        self._login: Arguments | None = None
        self._was_in = False  # logged in when the connection was lost
        self._again = False

    def clear(self, error: SessionError) -> None:
        """The session is over."""
        if self._next is not None:
            self._next[1].fail(error)
            self._next = None
        self.agent = None
        self.monitored.clear()
        self.active = self._was_in = self._again = False
        self._standing.clear()
        self._login = None

    # --- SetAgent -------------------------------------------------------------------------------

    def set(self, agent: Any) -> Pending:
        """SetAgent; None drops the agent. SessionError with the documented code."""
        session = self._session
        if agent is None:
            return self._drop()
        if not isinstance(agent, Agent):
            raise SessionError(
                f"SetAgent: expected an Agent, got {type(agent).__name__}",
                CilError.E_CTIOS_INVALID_AGENT,
            )
        if session.core.state is not State.CONNECTED:
            raise SessionError(
                f"SetAgent: the session is not connected ({session.core.state.value})",
                CilError.E_CTIOS_INVALID_SESSION,
            )
        if session.core.monitor is not None:
            raise SessionError(
                "SetAgent: the session is in monitor mode: Disconnect first",
                CilError.E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED,
            )
        fields = self._fields(agent)
        if self.agent is not None:
            if agent is self.agent or _key(fields) == self.agent.unique_object_id:
                raise SessionError(
                    f"SetAgent: {agent!r} is the session's agent already",
                    CilError.E_CTIOS_AGENT_ALREADY_IN_SESSION,
                )
            if not session.resets_agent:
                raise SessionError(
                    f"SetAgent: the session has {self.agent!r}: Disconnect first",
                    CilError.E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED,
                )
            return self._connect_anew(agent)
        return self._begin(agent, fields)

    @staticmethod
    def _fields(agent: Agent) -> Arguments:
        fields = Arguments()
        for key in ("AgentID", "PeripheralID"):
            text = agent.get_value_string(key, "")
            if not text:
                raise SessionError(
                    f"SetAgent: the agent has no {key}", CilError.E_CTIOS_MISSING_ARGUMENT
                )
            fields[key] = text
        for key in _CARRIED:
            value = agent.get_value(key, None)
            if value is not None:
                fields[key] = value
        return fields

    def _begin(self, agent: Agent, fields: Arguments) -> Pending:
        session = self._session
        key = _key(fields)
        session._store.adopt(key, agent)
        self.agent, self.active = agent, True
        session.dispatcher.refresh()
        mode = AgentMode(fields.to_dict())
        pending = engine.send(
            session, "SetAgent", int(RequestID.SET_AGENT), fields, SET_AGENT_CONFIRM
        )
        session._run(lambda now: session.core.set_agent_mode(mode))
        return pending

    def _drop(self) -> Pending:
        """No agent any more: his events may go on until the session disconnects."""
        agent, self.agent = self.agent, None
        session = self._session
        if agent is not None:
            session._run(lambda now: session.core.set_agent_mode(None))
            session._inject([events.current_agent_reset(agent.unique_object_id)])
        done = Pending("SetAgent")
        done.confirm(0, Arguments())
        return done

    def _connect_anew(self, agent: Agent) -> Pending:
        """Another agent: disconnect, connect again, then SetAgent. Session chapter, Java only."""
        pending = Pending("SetAgent", confirm=SET_AGENT_CONFIRM, guard=self._session._guard_waiting)
        self.reset = (agent, pending)
        self._session.disconnect_nowait()
        return pending

    def closed(self) -> Pending | None:
        """OnConnectionClosed was delivered: who waits for a new connection."""
        self._next, self.reset = self.reset, None
        return None if self._next is None else self._next[1]

    def connected_anew(self) -> None:
        """OnConnection was delivered."""
        if self._next is None:
            return
        (agent, waiting), self._next = self._next, None
        try:
            pending = self._begin(agent, self._fields(agent))
        except SessionError as error:
            waiting.fail(error)
            return

        def done() -> None:
            error = pending.exception()
            if error is not None:
                waiting.fail(error)
            else:
                waiting.confirm(pending.event_id, pending.result())

        pending.add_waker(done)

    # --- what was asked for ---------------------------------------------------------------------

    def performed(
        self, target: CtiOsObject, method: Method, fields: Arguments, pending: Pending
    ) -> None:
        """A request was sent: what is to be remembered of it."""
        name = method.name
        if name == "Login":
            self._login = fields.copy()
            del self._login["InvokeID"]
        elif name == "Logout":
            self._login = None
        elif name == "StartMonitoringCall":
            self.monitored.choose(self._session.object(fields.get_string("CallReference", "")))
        begin = _ENDING.get(name, name)
        if begin not in _STANDING:
            return
        rest = fields.copy()
        del rest["InvokeID"]
        key = (begin, target.unique_object_id, rest.to_bytes())
        if name == begin:
            self._standing[key] = (method, rest)
            return
        everything = not any(one.keyword in rest for one in method.parameters)
        for other in list(self._standing):
            if other == key or (everything and other[:2] == key[:2]):
                del self._standing[other]

    # --- events ---------------------------------------------------------------------------------

    def before(self, message_id: int) -> Iterable[Handler]:
        """What runs before the listeners of an event, after the objects are up to date."""
        if not self.active:
            return ()
        if message_id == SET_AGENT_MODE:
            return (self._in_mode,)
        return self.monitored.before(message_id)

    def after(self, message_id: int) -> Iterable[Handler]:
        """What runs after the listeners of an event."""
        found = {
            SET_AGENT_MODE: self._recover,
            _DEVICE: self._device,
            _SYSTEM: self._system,
            events.GAP_EVENT: self._gap,
            events.CONTROL_FAILURE: self._refused,
        }.get(message_id)
        if not self.active:
            return ()
        return self.monitored.after(message_id) if found is None else (found,)

    def lost(self) -> None:
        """The connection was lost."""
        if self.agent is not None and not self._session.recovering:
            self._was_in = self.agent.get_value("AgentState", _OUT[0]) not in _OUT

    def _in_mode(self, _: int, arguments: Arguments) -> None:
        self._session._changed["ConnectionMode"] = int(ConnectionMode.eAgentConnection)

    def _recover(self, _: int, arguments: Arguments) -> None:
        """Agent mode stands again. Who is logged in gets the snapshot of his device next."""
        session, agent = self._session, self.agent
        self._again = False
        if not session.recovering or agent is None:
            return
        out = agent.get_value("AgentState", _OUT[0]) in _OUT
        for key in sorted(session._store.monitored):
            session._deliver_one(events.call_end(key, monitored=True))
        if not out:
            self.restore()
            return
        session.recovering = False
        self._end(frozenset())
        login = self._login
        wanted = agent.get_value_string("AutoLogin", "") or (
            "" if login is None else login.get_string("AutoLogin", "")
        )
        if not (self._was_in and login is not None and wanted == "1"):
            self.restore()
            return
        method = METHODS["Agent", "Login"]
        try:
            pending = engine.send(
                session, "AutoLogin", method.request, login.copy(), method.confirm
            )
        except SessionError as error:
            logger.warning("the agent was not logged in again: %s", error)
            return
        pending.add_waker(self.restore)

    def _device(self, _: int, arguments: Arguments) -> None:
        """The calls at the device: those that are not there any more ended meanwhile."""
        session = self._session
        if not session.recovering:
            return
        session.recovering = False
        valid: Mapping[str, Any] = tree_in(arguments, "ValidCalls")
        keys = {str(key) for key in valid}
        keys.update(str(valid[key]) for key in valid)
        self._end(frozenset(keys))

    def _end(self, valid: frozenset[str]) -> None:
        for key in self._session._store.end_missing(valid):
            self._session._deliver_one(events.call_end(key))

    def restore(self) -> None:
        """Statistics and monitoring are asked for again."""
        for method, fields in list(self._standing.values()):
            try:
                engine.send(
                    self._session, method.name, method.request, fields.copy(), method.confirm
                )
            except SessionError as error:
                logger.warning("%s was not asked for again: %s", method.name, error)

    def _refused(self, _: int, arguments: Arguments) -> None:
        """SetAgent failed: the session has no agent. In a failover it may come a little later."""
        if number_in(arguments, "MessageType") != RequestID.SET_AGENT:
            return
        session, agent = self._session, self.agent
        if session.recovering and number_in(arguments, "FailureCode") in _LATER:
            self._again = True
            return
        self.agent = None
        session._run(lambda now: session.core.set_agent_mode(None))
        if session.recovering:
            session.recovering = False
            self._end(frozenset())
        if agent is not None:
            session._deliver_one(events.current_agent_reset(agent.unique_object_id))

    def _system(self, _: int, arguments: Arguments) -> None:
        """Something of the site changed: agent mode that could not be restored is tried again."""
        mode = self._session.core.agent_mode
        if not self._again or mode is None:
            return
        self._again = False
        self._ask_anew(mode)

    def _gap(self, _: int, arguments: Arguments) -> None:
        """Events were left out: what is true now comes with agent mode, asked for once more."""
        mode = self._session.core.agent_mode
        if mode is None or self._session.recovering:
            return
        self._session.recovering = True
        self._session._store.begin_recovery()
        self._ask_anew(mode)

    def _ask_anew(self, mode: AgentMode) -> None:
        data = mode.request()
        self._session._run(lambda now: self._session.core.send_if_connected(data))
