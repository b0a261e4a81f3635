"""AddListener and RemoveListener methods of the C++ session.

Each Add…EventListener takes an object with a method per event of the interface, the adapters among
them; each …GenericListener one with OnEvent(iEventID, rArgs). Source: CTI OS Developer Guide
12.6(1), session chapter, AddListener methods.
"""

from __future__ import annotations

from typing import Any, cast

from fastcil import cil, codec
from fastcil.catalog import CilError, SubscriberList
from fastcil.cil.dispatch import Binder, Handler
from fastcil.compat import _common as common
from fastcil.compat._spellings import typed
from fastcil.compat.cpp._values import Arguments

__all__ = ["Listeners"]

_Lists = SubscriberList


def _typed(listener: Any, message_id: int, name: str) -> Handler | None:
    handler = typed(listener, message_id, name)
    if handler is None:
        return None
    return lambda number, arguments: handler(number, cast("codec.Arguments", Arguments(arguments)))


def _generic(listener: Any, message_id: int, name: str) -> Handler | None:
    on_event = listener.OnEvent
    return lambda number, arguments: on_event(number, Arguments(arguments))


class Listeners(cil.ThreadedSession):
    """The listeners of a session, by interface."""

    def AddEventListener(self, Listener: Any, iListID: int | None = None) -> CilError:
        """AddEventListener(rArguments): what these hold is documented nowhere, and the code says
        so. With a list's number, as in Java."""
        if iListID is None:
            return CilError.E_CTIOS_METHOD_NO_IMPLEMENTED
        return self._add(Listener, iListID, _generic)

    def RemoveEventListener(self, Listener: Any, iListID: int | None = None) -> CilError:
        """The counterpart of AddEventListener."""
        if iListID is None:
            return CilError.E_CTIOS_METHOD_NO_IMPLEMENTED
        return common.remove_listener(self, Listener, iListID, _generic)

    # --- a method for each event ---

    def AddSessionEventListener(self, pSessionEvents: Any) -> CilError:
        """An ISessionEvents listens to its events."""
        return self._add(pSessionEvents, _Lists.eSessionList, _typed)

    def RemoveSessionEventListener(self, pSessionEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pSessionEvents, _Lists.eSessionList, _typed)

    def AddCallEventListener(self, pCallEvents: Any) -> CilError:
        """An ICallEvents listens to its events."""
        return self._add(pCallEvents, _Lists.eCallList, _typed)

    def RemoveCallEventListener(self, pCallEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pCallEvents, _Lists.eCallList, _typed)

    def AddAgentEventListener(self, pAgentEvents: Any) -> CilError:
        """An IAgentEvents listens to its events."""
        return self._add(pAgentEvents, _Lists.eAgentList, _typed)

    def RemoveAgentEventListener(self, pAgentEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pAgentEvents, _Lists.eAgentList, _typed)

    def AddSkillGroupEventListener(self, pSkillGroupEvents: Any) -> CilError:
        """An ISkillGroupEvents listens to its events."""
        return self._add(pSkillGroupEvents, _Lists.eSkillGroupList, _typed)

    def RemoveSkillGroupEventListener(self, pSkillGroupEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pSkillGroupEvents, _Lists.eSkillGroupList, _typed)

    def AddButtonEnablementEventListener(self, pButtonEvents: Any) -> CilError:
        """An IButtonEnablementEvents listens to its events."""
        return self._add(pButtonEvents, _Lists.eButtonEnablementList, _typed)

    def RemoveButtonEnablementEventListener(self, pButtonEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pButtonEvents, _Lists.eButtonEnablementList, _typed)

    def AddAllInOneEventListener(self, pAllInOneEvents: Any) -> CilError:
        """An IAllInOne listens to its events."""
        return self._add(pAllInOneEvents, _Lists.eAllInOneList, _typed)

    def RemoveAllInOneEventListener(self, pAllInOneEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pAllInOneEvents, _Lists.eAllInOneList, _typed)

    def AddSilentMonitorEventListener(self, pSilentMonitorEvents: Any) -> CilError:
        """An ISilentMonitorEvents listens to its events."""
        return self._add(pSilentMonitorEvents, _Lists.eSilentMonitorList, _typed)

    def RemoveSilentMonitorEventListener(self, pSilentMonitorEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pSilentMonitorEvents, _Lists.eSilentMonitorList, _typed)

    # --- OnEvent(iEventID, rArgs) ---

    def AddSessionEventGenericListener(self, pSessionEvents: Any) -> CilError:
        """An IGenericEvents listens to the events of ISessionEvents."""
        return self._add(pSessionEvents, _Lists.eSessionList, _generic)

    def RemoveSessionEventGenericListener(self, pSessionEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pSessionEvents, _Lists.eSessionList, _generic)

    def AddCallEventGenericListener(self, pCallEvents: Any) -> CilError:
        """An IGenericEvents listens to the events of ICallEvents."""
        return self._add(pCallEvents, _Lists.eCallList, _generic)

    def RemoveCallEventGenericListener(self, pCallEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pCallEvents, _Lists.eCallList, _generic)

    def AddAgentEventGenericListener(self, pAgentEvents: Any) -> CilError:
        """An IGenericEvents listens to the events of IAgentEvents."""
        return self._add(pAgentEvents, _Lists.eAgentList, _generic)

    def RemoveAgentEventGenericListener(self, pAgentEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pAgentEvents, _Lists.eAgentList, _generic)

    def AddSkillGroupEventGenericListener(self, pSkillGroupEvents: Any) -> CilError:
        """An IGenericEvents listens to the events of ISkillGroupEvents."""
        return self._add(pSkillGroupEvents, _Lists.eSkillGroupList, _generic)

    def RemoveSkillGroupEventGenericListener(self, pSkillGroupEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pSkillGroupEvents, _Lists.eSkillGroupList, _generic)

    def AddButtonEnablementEventGenericListener(self, pButtonEvents: Any) -> CilError:
        """An IGenericEvents listens to the events of IButtonEnablementEvents."""
        return self._add(pButtonEvents, _Lists.eButtonEnablementList, _generic)

    def RemoveButtonEnablementEventGenericListener(self, pButtonEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pButtonEvents, _Lists.eButtonEnablementList, _generic)

    def AddAllInOneEventGenericListener(self, pAllInOneEvents: Any) -> CilError:
        """An IGenericEvents listens to the events of IAllInOne."""
        return self._add(pAllInOneEvents, _Lists.eAllInOneList, _generic)

    def RemoveAllInOneEventGenericListener(self, pAllInOneEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pAllInOneEvents, _Lists.eAllInOneList, _generic)

    def AddSilentMonitorEventGenericListener(self, pSilentMonitorEvents: Any) -> CilError:
        """An IGenericEvents listens to the events of ISilentMonitorEvents."""
        return self._add(pSilentMonitorEvents, _Lists.eSilentMonitorList, _generic)

    def RemoveSilentMonitorEventGenericListener(self, pSilentMonitorEvents: Any) -> CilError:
        """Listens no more; CIL_FAIL when it did not."""
        return self._remove(pSilentMonitorEvents, _Lists.eSilentMonitorList, _generic)

    def _add(self, listener: Any, list_id: int, bind: Binder) -> CilError:
        method = "OnEvent" if bind is _generic else ""
        return common.add_listener(self, listener, list_id, bind, method)

    def _remove(self, listener: Any, list_id: int, bind: Binder) -> CilError:
        return common.remove_listener(self, listener, list_id, bind)
