"""What a session is made of, its objects, listeners and properties.

Sources: CTI OS Developer Guide 12.6(1), session chapter and event interfaces chapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from fastcil.catalog import CilError, ClassIdentifier, SubscriberList
from fastcil.cil.core import SessionCore, State
from fastcil.cil.dispatch import Binder, Dispatcher, generic
from fastcil.cil.lenient import tree_of
from fastcil.cil.objects import _MISSING, Agent, Call, CtiOsObject, SkillGroup
from fastcil.cil.pending import Requests
from fastcil.cil.store import ObjectStore
from fastcil.cil.system_status import SystemStatus
from fastcil.cil.waiting import WaitObject, Waits
from fastcil.codec import Arguments

if TYPE_CHECKING:
    from fastcil.cil.agent_desk import AgentDesk
    from fastcil.cil.current_call import CurrentCall
    from fastcil.cil.silent_session import SilentMonitors

__all__ = ["SessionState"]


class SessionState(CtiOsObject):
    """What can be asked of a session without asking the server."""

    __slots__ = (
        "__dict__",
        "_current_call",
        "_desk",
        "_filtering",
        "_lives",
        "_opening",
        "_silent",
        "_status",
        "_store",
        "_waits",
        "core",
        "dispatcher",
        "recovering",
        "requests",
    )
    class_identifier = int(ClassIdentifier.eSessionObject)
    resets_agent = False
    """Whether set_agent() of another agent connects anew, as the Java CIL does it."""

    wait_object_type: ClassVar[type[WaitObject]] = WaitObject
    """What create_wait_object() makes: a subclass adds methods of its own."""

    core: SessionCore
    dispatcher: Dispatcher
    requests: Requests
    recovering: bool
    """Whether the connection was lost and the mode does not stand again."""
    _store: ObjectStore
    _desk: AgentDesk
    _current_call: CurrentCall
    _waits: Waits
    _silent: SilentMonitors
    _status: SystemStatus

    # --- state and objects ----------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the connection stands."""
        return self.core.state

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self.core.state is State.CONNECTED

    @property
    def agents(self) -> Mapping[str, Agent]:
        """Agents by UniqueObjectID, a view."""
        return MappingProxyType(self._store.agents)

    @property
    def calls(self) -> Mapping[str, Call]:
        """Calls by UniqueObjectID, a view. They change on the thread that delivers events."""
        return MappingProxyType(self._store.calls)

    @property
    def skill_groups(self) -> Mapping[str, SkillGroup]:
        """Skill groups by UniqueObjectID, a view."""
        return MappingProxyType(self._store.skill_groups)

    def object(self, unique_object_id: str) -> CtiOsObject | None:
        """An agent, call or skill group; None when unknown (GetObjectFromObjectID)."""
        found = self._store.objects.get
        return found(unique_object_id) if isinstance(unique_object_id, str) else None

    @property
    def current_agent(self) -> Agent | None:
        """The agent given by set_agent(); None in monitor mode."""
        return self._desk.agent

    @property
    def current_call(self) -> Call | None:
        """The call that the buttons are about; see set_current_call()."""
        return self._current_call.call

    @property
    def monitored_agent(self) -> Agent | None:
        """The agent whom this session's supervisor monitors."""
        return self._desk.monitored.agent

    @property
    def monitored_call(self) -> Call | None:
        """The call chosen by StartMonitoringCall."""
        return self._desk.monitored.call

    @property
    def in_agent_mode(self) -> bool:
        """Whether agent mode was asked for."""
        return self._desk.active

    def is_supervisor(self) -> bool:
        """Whether the current agent is a supervisor."""
        agent = self._desk.agent
        return agent is not None and agent.is_supervisor()

    def is_agent(self) -> bool:
        """Whether there is a current agent who is no supervisor."""
        agent = self._desk.agent
        return agent is not None and agent.is_agent()

    @property
    def ccm_silent_monitor(self) -> bool | None:
        """Whether silent monitoring is that of Unified CM; None before desktop settings came."""
        found = self.get_value("CCMBasedSilentMonitor", None)
        if found is None:
            tree = tree_of(self, "IPCCSilentMonitor")
            if tree is None:
                return None
            settings = tree.get("Settings")
            found = settings.get("CCMBasedSilentMonitor", 0) if isinstance(settings, Mapping) else 0
        return str(found).strip().lower() in ("1", "true")

    def is_ccm_silent_monitor(self) -> bool:
        """Whether silent monitoring is that of Unified CM (IsCCMSilentMonitor)."""
        return self.ccm_silent_monitor is True

    def get_system_status(self) -> int:
        """What is not on-line, as bits of fastcil.catalog.SystemStatus; 0: all is well
        (GetSystemStatus; the bits are documented nowhere, these are ours)."""
        return self._status.bits

    # --- listeners ------------------------------------------------------------------------------

    def add_listener(
        self,
        listener: Any,
        list_id: int = SubscriberList.eAllInOneList,
        bind: Binder = generic,
    ) -> bool:
        """Puts a listener on a list: OnEvent(iEventID, rArgs) for each of its events.

        With bind=typed its methods named as the events are called, with rArgs. False when it is on
        the list already; ValueError when there is no such list, TypeError when it has no OnEvent.
        """
        return self.dispatcher.add(listener, list_id, bind)

    def remove_listener(
        self,
        listener: Any,
        list_id: int = SubscriberList.eAllInOneList,
        bind: Binder = generic,
    ) -> bool:
        """Takes a listener off a list, from the next event on; False when it was not there."""
        return self.dispatcher.remove(listener, list_id, bind)

    def AddEventListener(self, Listener: Any, iListID: int) -> CilError:
        """The documented name and result of add_listener."""
        try:
            self.add_listener(Listener, iListID)
        except (ValueError, TypeError):
            return CilError.E_CTIOS_INVALID_ARGUMENT
        return CilError.CIL_OK

    def RemoveEventListener(self, Listener: Any, iListID: int) -> CilError:
        """The documented name and result of remove_listener."""
        try:
            found = self.remove_listener(Listener, iListID)
        except ValueError:
            return CilError.E_CTIOS_INVALID_ARGUMENT
        return CilError.CIL_OK if found else CilError.CIL_FAIL

    @property
    def listener_failures(self) -> int:
        """How often a listener raised since the session was made; each time is logged, and the
        other listeners are called."""
        return self.dispatcher.failures

    # --- waiting --------------------------------------------------------------------------------

    def create_wait_object(self, mask: Any) -> WaitObject:
        """An object to wait for the events of a mask (CreateWaitObject).

        mask: Event1 to EventN in a mapping, or an iterable of event numbers, names or typed event
        classes. Empty Arguments or mapping: WaitObject.set_mask() will tell. ValueError when it
        names no event. Released when the session closes.
        """
        return self._waits.create(mask, self.wait_object_type)

    def destroy_wait_object(self, wait_object: WaitObject) -> bool:
        """Releases a wait object: its waiters wake with WAIT_FAILED (DestroyWaitObject).

        False when it is not of this session, or released already.
        """
        return self._waits.destroy(wait_object)

    def get_all_properties(self) -> Arguments:
        """All properties, as Arguments of their own; current agent and call by UniqueObjectID."""
        found = super().get_all_properties()
        for key in ("CurrentAgent", "CurrentCall"):
            value = self._computed(key)
            if value is not _MISSING:
                found[key] = value
        return found

    def _computed(self, key: str) -> Any:
        name = self._canonical(key)
        if name == "CurrentAgent" and self._desk.agent is not None:
            return self._desk.agent.unique_object_id
        if name == "CurrentCall" and self._current_call.call is not None:
            return self._current_call.call.unique_object_id
        if name == "ObjectReferences":
            return {key: key for key in list(self._store.objects)}
        return super()._computed(key)
