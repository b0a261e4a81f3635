"""The session by the .NET names: OnEvent(sender, eventArgs).

Source: CTI OS Developer Guide 12.6(1), session chapter, event interfaces chapter (events in the
.NET CIL).
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from fastcil.catalog import CilError
from fastcil.cil.dispatch import Handler
from fastcil.compat import _common as common
from fastcil.compat._session import FaceSession, references
from fastcil.compat.dotnet._objects import Agent, Call, CtiOsObject, SkillGroup, WaitObject
from fastcil.compat.dotnet._values import Arguments, out

__all__ = ["CtiOsSession", "EventPublisher", "EventPublisherEventArgs", "IGenericEvents"]


class EventPublisherEventArgs:
    """What a listener gets: the number of the event and its arguments."""

    __slots__ = ("iEventID", "rArgs")

    def __init__(self, iEventID: int, rArgs: Arguments) -> None:
        self.iEventID = iEventID
        self.rArgs = rArgs


class EventPublisher:
    """The name space of EventPublisherEventArgs."""

    EventPublisherEventArgs = EventPublisherEventArgs


class IGenericEvents(Protocol):
    """A listener; the sender is None, as documented."""

    def OnEvent(self, sender: Any, eventArgs: EventPublisherEventArgs, /) -> object:
        """Takes an event."""


def _generic(listener: Any, message_id: int, name: str) -> Handler | None:
    on_event = listener.OnEvent
    return lambda number, arguments: on_event(
        None, EventPublisherEventArgs(number, Arguments(arguments))
    )


class CtiOsSession(CtiOsObject, FaceSession):
    """A session by the .NET names."""

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

    def GetObjectFromObjectID(self, sUID: str) -> tuple[bool, CtiOsObject | None]:
        """An agent, call or skill group."""
        return out(self.object(sUID))

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
