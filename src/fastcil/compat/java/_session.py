"""The session by the Java names: OnEvent(iEventID, rArgs), and typed listeners.

Source: CTI OS Developer Guide 12.6(1), session chapter, event interfaces chapter (Java adapter
classes, events in the Java CIL).
"""

from __future__ import annotations

from typing import Any, cast

from fastcil import codec
from fastcil.catalog import CilError, SubscriberList
from fastcil.cil.dispatch import Handler
from fastcil.compat import _common as common
from fastcil.compat._session import FaceSession, references
from fastcil.compat._spellings import typed
from fastcil.compat.java._objects import Agent, Call, CtiOsObject, SkillGroup, WaitObject
from fastcil.compat.java._values import Arguments

__all__ = ["CtiOsSession"]


def _generic(listener: Any, message_id: int, name: str) -> Handler | None:
    on_event = listener.OnEvent
    return lambda number, arguments: on_event(number, Arguments(arguments))


def _typed(listener: Any, message_id: int, name: str) -> Handler | None:
    handler = typed(listener, message_id, name)
    if handler is None:
        return None
    return lambda number, arguments: handler(number, cast("codec.Arguments", Arguments(arguments)))


class CtiOsSession(CtiOsObject, FaceSession):
    """A session by the Java names. SetAgent with another agent connects anew."""

    resets_agent = True
    _agent = Agent
    _call = Call
    _skill_group = SkillGroup
    wait_object_type = WaitObject

    def AddEventListener(self, Listener: Any, iListID: int) -> CilError:
        """Puts an IGenericEvents on a list; see CtiOs_Enums.SubscriberList."""
        return common.add_listener(self, Listener, iListID, _generic, "OnEvent")

    def RemoveEventListener(self, Listener: Any, iListID: int) -> CilError:
        """Takes it off the list; CIL_FAIL when it was not there."""
        return common.remove_listener(self, Listener, iListID, _generic)

    def GetObjectFromObjectID(self, uniqueObjectID: str) -> CtiOsObject | None:
        """An agent, call or skill group."""
        return cast("CtiOsObject | None", self.object(uniqueObjectID))

    def GetCurrentAgent(self) -> Agent | None:
        """The agent given to SetAgent."""
        return cast("Agent | None", self.current_agent)

    def GetCurrentCall(self) -> Call | None:
        """The call that the buttons are about."""
        return cast("Call | None", self.current_call)

    def GetAllAgents(self) -> Arguments | None:
        """UniqueObjectID to CilRefArg."""
        found: Arguments = references(Arguments, self.agents)
        return found

    def GetAllCalls(self) -> Arguments | None:
        """UniqueObjectID to CilRefArg."""
        found: Arguments = references(Arguments, self.calls)
        return found

    def GetAllSkillGroups(self) -> Arguments | None:
        """UniqueObjectID to CilRefArg."""
        found: Arguments = references(Arguments, self.skill_groups)
        return found

    def CreateWaitObject(self, rArgs: Any) -> WaitObject | None:
        """A wait object for Event1 to EventN, or for what SetMask() will say; None for others."""
        return self._wait_object(rArgs, WaitObject)

    # --- listeners with a method for each event; of the interfaces, or adapters ------------------

    def addAllInOneEventListener(self, allInOneEvents: Any) -> CilError:
        """An IAllInOne gets all events."""
        return self._add(allInOneEvents, SubscriberList.eAllInOneList)

    def removeAllInOneEventListener(self, allInOneEvents: Any) -> CilError:
        """Gets them no more."""
        return self._remove(allInOneEvents, SubscriberList.eAllInOneList)

    def addAgentEventListener(self, agentEvents: Any) -> CilError:
        """An IAgentEvents."""
        return self._add(agentEvents, SubscriberList.eAgentList)

    def removeAgentEventListener(self, agentEvents: Any) -> CilError:
        """Gets them no more."""
        return self._remove(agentEvents, SubscriberList.eAgentList)

    def addButtonEnablementEventListener(self, buttonEvents: Any) -> CilError:
        """An IButtonEnablementEvents."""
        return self._add(buttonEvents, SubscriberList.eButtonEnablementList)

    def removeButtonEnablementEventListener(self, buttonEvents: Any) -> CilError:
        """Gets them no more."""
        return self._remove(buttonEvents, SubscriberList.eButtonEnablementList)

    def addCallEventListener(self, callEvents: Any) -> CilError:
        """An ICallEvents."""
        return self._add(callEvents, SubscriberList.eCallList)

    def removeCallEventListener(self, callEvents: Any) -> CilError:
        """Gets them no more."""
        return self._remove(callEvents, SubscriberList.eCallList)

    def addSkillGroupEventListener(self, skillGroupEvents: Any) -> CilError:
        """An ISkillGroupEvents."""
        return self._add(skillGroupEvents, SubscriberList.eSkillGroupList)

    def removeSkillGroupEventListener(self, skillGroupEvents: Any) -> CilError:
        """Gets them no more."""
        return self._remove(skillGroupEvents, SubscriberList.eSkillGroupList)

    def _add(self, listener: Any, list_id: int) -> CilError:
        return common.add_listener(self, listener, list_id, _typed)

    def _remove(self, listener: Any, list_id: int) -> CilError:
        return common.remove_listener(self, listener, list_id, _typed)
