"""What the objects of every face have under the same names and with the same results.

Source: CTI OS Developer Guide 12.6(1), CtiOs Object chapter and those of the objects.
"""

from __future__ import annotations

from typing import Any, ClassVar

from fastcil import cil, codec
from fastcil.catalog import AgentState, ArgDataType, CilError, WaitResult
from fastcil.cil import waiting
from fastcil.cil.errors import SessionError
from fastcil.codec import ArgType
from fastcil.compat import _common as common
from fastcil.compat._common import Key
from fastcil.compat._requests import AgentRequests, CallRequests, SkillGroupRequests
from fastcil.compat._values import Table

__all__ = ["FaceAgent", "FaceCall", "FaceObject", "FaceSkillGroup", "FaceWaitObject"]


class FaceObject(cil.CtiOsObject):
    """Properties by the documented names."""

    __slots__ = ()
    _arguments: ClassVar[type[Table]]

    def SetValue(self, key: Any, value: Any) -> bool:
        """Sets a property here: the server does not hear of it. An object is kept as its
        UniqueObjectID."""
        return self._set(key, value, common.value_type(value))

    def IsValid(self, key: Any) -> bool:
        """Whether the object has the property."""
        return self.is_valid(common.key_name(key))

    def GetNumProperties(self) -> int:
        """How many properties GetPropertyName can name."""
        return self.get_num_properties()

    def GetPropertyType(self, key: Key) -> ArgDataType:
        """The property's type; ARG_NOTSET when there is none."""
        name = common.key_name(key)
        found = self.get_property_type(name) if self.is_valid(name) else 0
        return ArgDataType(int(found))

    def DumpProperties(self) -> str:
        """'key1 = value1; key2 = value2;…'"""
        return self.dump()

    def _read(self, kind: str, key: Key) -> Any:
        return common.read(self, kind, key)

    def _set(self, key: Any, value: Any, type: ArgType | None) -> bool:
        one = codec.Arguments()
        name = common.key_name(key)
        if not common.set_value(one, name, value, type):
            return False
        return common.attempt(self.set_value, name, one[name], type and one.type_of(name))

    def _properties(self) -> Any:
        return self._arguments(self.get_all_properties())

    def _property(self, key: Key) -> Any:
        """A property as Arg, CilRefArg or Arguments; None when it is absent."""
        name = common.key_name(key)
        one = codec.Arguments()
        try:
            one.set(name, self.get_value(name), self.get_property_type(name))
        except KeyError:
            return None
        return self._arguments(one)._wrapped(name)

    def _element_of(self, key: Key, element: int) -> Any:
        """An element (1-based) of a property that is an array; None when there is none."""
        found = self._read("arguments", key)
        return None if found is None else self._arguments(found)._wrapped_element(element)

    def _name_at(self, index: int) -> str | None:
        try:
            return self.get_property_name(index)
        except (IndexError, TypeError):
            return None

    def _note_code(self, code: int) -> None:
        if isinstance(code, int):
            self.report_error(code)


class FaceAgent(AgentRequests, cil.Agent):
    """An agent."""

    __slots__ = ()

    def GetAgentState(self) -> AgentState:
        """The state; eUnknown while nothing is known."""
        return self.get_agent_state()

    def IsAgent(self) -> bool:
        """Whether the agent is no supervisor."""
        return self.is_agent()

    def IsSupervisor(self) -> bool:
        """Whether the agent is a supervisor."""
        return self.is_supervisor()


class FaceCall(CallRequests, cil.Call):
    """A call."""

    __slots__ = ()


class FaceSkillGroup(SkillGroupRequests, cil.SkillGroup):
    """A skill group."""

    __slots__ = ()


class FaceWaitObject(waiting.WaitObject):
    """A wait object: WaitOnMultipleEvents() waits for one of the events of its mask."""

    __slots__ = ()

    def InMask(self, iEventId: int) -> bool:
        """Whether an event is in the mask."""
        return self.in_mask(iEventId)

    def SetMask(self, rArgs: Any) -> bool:
        """Another mask, Event1 to EventN; False, and nothing is changed, when it names no event."""
        return common.attempt(self.set_mask, common.plain(rArgs))

    def GetTriggerEvent(self) -> int:
        """The event that ended the last wait; eUnknownEvent when none did."""
        return self.trigger_event

    def DumpEventMask(self) -> str:
        """The mask in words."""
        return self.dump_event_mask()

    def _waited(self, milliseconds: int | None) -> WaitResult:
        try:
            return self.wait(milliseconds)
        except SessionError as error:
            self.note_error(error.code)
        except ValueError:
            self.note_error(CilError.E_CTIOS_INVALID_ARGUMENT)
        return WaitResult.WAIT_FAILED
