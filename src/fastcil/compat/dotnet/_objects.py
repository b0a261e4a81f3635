"""The objects by the .NET names.

Source: CTI OS Developer Guide 12.6(1), CtiOs Object chapter and those of the objects.
"""

from __future__ import annotations

from typing import Any, cast

from fastcil.catalog import WaitResult
from fastcil.compat._common import Key
from fastcil.compat._objects import (
    FaceAgent,
    FaceCall,
    FaceObject,
    FaceSkillGroup,
    FaceWaitObject,
)
from fastcil.compat._session import references
from fastcil.compat.dotnet._values import Arg, Arguments, Getters, out

__all__ = ["Agent", "Call", "CtiOsObject", "SkillGroup", "WaitObject"]


class CtiOsObject(Getters, FaceObject):
    """Properties; an out-parameter comes behind the result."""

    __slots__ = ()
    _arguments = Arguments

    def _read(self, kind: str, key: Key) -> Any:
        return FaceObject._read(self, kind, key)

    def GetValue(self, key: Key) -> tuple[bool, Arg | None]:
        """A property as Arg or Arguments."""
        return out(self._property(key))

    def GetValueArray(self, key: Key) -> tuple[bool, Arguments | None]:
        """A property that is an array."""
        found = self._read("arguments", key)
        return (False, None) if found is None else (True, Arguments(found))

    def GetValueBoolObj(self, key: Key) -> bool | None:
        """GetValueBool without an out-parameter: None when it cannot be read."""
        found: bool | None = self._read("bool", key)
        return found

    def GetElement(self, key: Key, element: int) -> tuple[bool, Arg | None]:
        """The element at a 1-based index of a property that is an array."""
        return out(self._element_of(key, element))

    def GetAllProperties(self) -> Arguments | None:
        """All properties, as Arguments of their own."""
        found: Arguments = self._properties()
        return found

    def GetPropertyName(self, iIndex: int) -> tuple[bool, str | None]:
        """The name of the property at a 1-based index."""
        return out(self._name_at(iIndex))

    def GetLastError(self) -> tuple[bool, int]:
        """The code of this thread's last failure with the object; CIL_OK when there was none."""
        return True, self.last_error

    def ReportError(self, iError: int) -> int:
        """Sets the last error, logs it, and returns it."""
        self._note_code(iError)
        return iError


class SkillGroup(CtiOsObject, FaceSkillGroup):
    """A skill group."""

    __slots__ = ()


class Call(CtiOsObject, FaceCall):
    """A call."""

    __slots__ = ()

    def GetCallContext(self) -> Arguments | None:
        """What identifies the call."""
        return Arguments(self.get_call_context())

    def GetCallData(self) -> Arguments | None:
        """CallVariable1 to 10 and ECC."""
        return Arguments(self.get_call_data())


class Agent(CtiOsObject, FaceAgent):
    """An agent; one that the application makes has AgentID and PeripheralID set for SetAgent."""

    __slots__ = ()

    def GetMonitoredAgent(self) -> Agent | None:
        """The agent whom this supervisor monitors."""
        return cast("Agent | None", self.get_monitored_agent())

    def GetMonitoredCall(self) -> Call | None:
        """The call chosen by StartMonitoringCall."""
        return cast("Call | None", self.get_monitored_call())

    def GetSkillGroups(self) -> Arguments | None:
        """UniqueObjectID to CilRefArg of the agent's skill groups that the session knows."""
        found: Arguments = references(Arguments, self.get_skill_groups())
        return found


class WaitObject(CtiOsObject, FaceWaitObject):
    """Waits for events; made by the session's CreateWaitObject."""

    __slots__ = ()

    def GetMask(self) -> Arguments | None:
        """The mask, Event1 to EventN."""
        return Arguments(self.get_mask())

    def WaitOnMultipleEvents(self, Milliseconds: int = 0) -> WaitResult:
        """Waits for an event of the mask; 0: for ever. Not in a listener: WAIT_FAILED."""
        return self._waited(Milliseconds)
