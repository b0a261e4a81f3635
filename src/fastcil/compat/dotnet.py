"""The .NET CIL's names: an out-parameter makes the result a tuple (bool, value).

A value that cannot be read is (False, the type's default). Listeners are called as
OnEvent(sender, EventPublisherEventArgs). Source: CTI OS Developer Guide 12.6(1); the signatures
are those of the catalog's api data.
"""

from __future__ import annotations

from typing import Any, Protocol

from fastcil import cil, codec
from fastcil.catalog import ArgDataType, CilError
from fastcil.cil.dispatch import Handler
from fastcil.cil.settings import Settings
from fastcil.cil.store import ObjectStore
from fastcil.codec import ArgType
from fastcil.compat import _common as common
from fastcil.compat._common import Enums as CtiOs_Enums
from fastcil.compat._common import Key
from fastcil.compat._common import KeywordIDs as Enum_CtiOs

__all__ = [
    "Agent",
    "Arg",
    "Arguments",
    "Call",
    "CtiOsObject",
    "CtiOsSession",
    "CtiOs_Enums",
    "Enum_CtiOs",
    "EventPublisherEventArgs",
    "IGenericEvents",
    "SkillGroup",
]

_DEFAULTS = {"int": 0, "uint": 0, "short": 0, "ushort": 0, "bool": False}


def _out(found: Any, kind: str) -> tuple[bool, Any]:
    return (False, _DEFAULTS.get(kind)) if found is None else (True, found)


class Arg:
    """One value with its type."""

    def __init__(self, value: Any = None) -> None:
        self._held = codec.Arguments()
        common.set_value(self._held, "Value", value)

    def _native(self) -> Any:
        return self._held["Value"]

    def _type(self) -> ArgType:
        return self._held.type_of("Value")

    def _read(self, kind: str) -> tuple[bool, Any]:
        return _out(common.read(self._held, kind, "Value"), kind)

    def GetType(self) -> ArgDataType:
        return ArgDataType(int(self._type()))

    GetArgType = GetType

    def GetValueInt(self) -> tuple[bool, int]:
        return self._read("int")

    def GetValueUInt(self) -> tuple[bool, int]:
        return self._read("uint")

    def GetValueShort(self) -> tuple[bool, int]:
        return self._read("short")

    def GetValueUShort(self) -> tuple[bool, int]:
        return self._read("ushort")

    def GetValueBool(self) -> tuple[bool, bool]:
        return self._read("bool")

    def GetValueString(self) -> tuple[bool, str | None]:
        return self._read("string")

    def SetValue(self, value: Any) -> bool:
        return common.set_value(self._held, "Value", value)

    def SetValueUInt(self, lValue: int) -> bool:
        return common.set_value(self._held, "Value", lValue, ArgType.UINT)

    def SetValueUShort(self, iValue: int) -> bool:
        return common.set_value(self._held, "Value", iValue, ArgType.USHORT)

    def Clone(self) -> Arg:
        return Arg(self)

    def DumpArg(self) -> str:
        return self.GetValueString()[1] or ""


class Arguments:
    """Key-value pairs; a key is a name or an Enum_CtiOs number. Over the codec's Arguments."""

    def __init__(self, values: Any = None) -> None:
        self._values = values if isinstance(values, codec.Arguments) else codec.Arguments(values)

    def _native(self) -> codec.Arguments:
        return self._values

    def _read(self, kind: str, key: Key) -> tuple[bool, Any]:
        return _out(common.read(self._values, kind, key), kind)

    def _element(self, kind: str, index: int) -> tuple[bool, Any]:
        return _out(common.read_element(self._values, kind, index), kind)

    def SetValueArguments(self, rArguments: Arguments) -> bool:
        return common.attempt(self._values.update, common.plain(rArguments))

    def SetValue(self, key: Key, value: Any) -> bool:
        return common.set_value(self._values, key, value)

    def SetValueUInt(self, key: Key, lValue: int) -> bool:
        return common.set_value(self._values, key, lValue, ArgType.UINT)

    def SetValueUShort(self, key: Key, iValue: int) -> bool:
        return common.set_value(self._values, key, iValue, ArgType.USHORT)

    def GetValue(self, key: Key) -> tuple[bool, Arg | None]:
        name = common.key_name(key)
        if name not in self._values:
            return False, None
        arg = Arg()
        common.set_value(arg._held, "Value", self._values[name], self._values.type_of(name))
        return True, arg

    def GetValueInt(self, key: Key) -> tuple[bool, int]:
        return self._read("int", key)

    def GetValueUInt(self, key: Key) -> tuple[bool, int]:
        return self._read("uint", key)

    def GetValueShort(self, key: Key) -> tuple[bool, int]:
        return self._read("short", key)

    def GetValueUShort(self, key: Key) -> tuple[bool, int]:
        return self._read("ushort", key)

    def GetValueBool(self, key: Key) -> tuple[bool, bool]:
        return self._read("bool", key)

    def GetValueString(self, key: Key) -> tuple[bool, str | None]:
        return self._read("string", key)

    def GetValueArray(self, key: Key) -> tuple[bool, Arguments | None]:
        found = common.read(self._values, "arguments", key)
        return (False, None) if found is None else (True, Arguments(found))

    def GetElement(self, iIndex: int) -> tuple[bool, Arg | None]:
        found, key = self.GetElementKey(iIndex)
        return self.GetValue(key) if found and key is not None else (False, None)

    def GetElementKey(self, iIndex: int) -> tuple[bool, str | None]:
        try:
            return True, self._values.element_key(iIndex)
        except IndexError:
            return False, None

    def GetElementInt(self, iIndex: int) -> tuple[bool, int]:
        return self._element("int", iIndex)

    def GetElementUInt(self, iIndex: int) -> tuple[bool, int]:
        return self._element("uint", iIndex)

    def GetElementShort(self, iIndex: int) -> tuple[bool, int]:
        return self._element("short", iIndex)

    def GetElementUShort(self, iIndex: int) -> tuple[bool, int]:
        return self._element("ushort", iIndex)

    def GetElementBool(self, iIndex: int) -> tuple[bool, bool]:
        return self._element("bool", iIndex)

    def GetElementString(self, iIndex: int) -> tuple[bool, str | None]:
        return self._element("string", iIndex)

    def GetElementArguments(self, iIndex: int) -> tuple[bool, Arguments | None]:
        found = common.read_element(self._values, "arguments", iIndex)
        return (False, None) if found is None else (True, Arguments(found))

    def NumElements(self) -> int:
        return len(self._values)

    def IsValid(self, key: Key) -> bool:
        return common.key_name(key) in self._values

    def RemoveItem(self, key: Key) -> bool:
        return self._values.remove(common.key_name(key))

    def Clear(self) -> None:
        self._values.clear()

    def Clone(self) -> Arguments:
        return Arguments(self._values.copy())

    def DumpArgs(self) -> str:
        return " ".join(f"{key} = {self._values.get_string(key)};" for key in self._values)

    def __repr__(self) -> str:
        return f"Arguments({self._values.to_dict()!r})"


class EventPublisherEventArgs:
    """What a listener gets: the event's number and its fields."""

    __slots__ = ("iEventID", "rArgs")

    def __init__(self, iEventID: int, rArgs: Arguments) -> None:
        self.iEventID = iEventID
        self.rArgs = rArgs


class IGenericEvents(Protocol):
    """Every event through one method."""

    def OnEvent(self, sender: Any, eventArgs: EventPublisherEventArgs, /) -> object: ...


class CtiOsObject(cil.CtiOsObject):
    """Properties by the .NET names."""

    __slots__ = ()

    def _read(self, kind: str, key: Key) -> tuple[bool, Any]:
        return _out(common.read(self, kind, key), kind)

    def GetValue(self, key: Key) -> tuple[bool, Arg | None]:
        return Arguments(self.get_all_properties()).GetValue(key)

    def GetValueInt(self, key: Key) -> tuple[bool, int]:
        return self._read("int", key)

    def GetValueUInt(self, key: Key) -> tuple[bool, int]:
        return self._read("uint", key)

    def GetValueShort(self, key: Key) -> tuple[bool, int]:
        return self._read("short", key)

    def GetValueUShort(self, key: Key) -> tuple[bool, int]:
        return self._read("ushort", key)

    def GetValueBool(self, key: Key) -> tuple[bool, bool]:
        return self._read("bool", key)

    def GetValueString(self, key: Key) -> tuple[bool, str | None]:
        return self._read("string", key)

    def GetValueArray(self, key: Key) -> tuple[bool, Arguments | None]:
        found = common.read(self, "arguments", key)
        return (False, None) if found is None else (True, Arguments(found))

    def SetValue(self, key: Key, value: Any) -> bool:
        return common.attempt(self.set_value, common.key_name(key), common.plain(value))

    def IsValid(self, key: Key) -> bool:
        return self.is_valid(common.key_name(key))

    def GetAllProperties(self) -> tuple[bool, Arguments]:
        return True, Arguments(self.get_all_properties())

    def GetNumProperties(self) -> int:
        return len(self.get_all_properties())

    def GetPropertyName(self, iIndex: int) -> tuple[bool, str | None]:
        return Arguments(self.get_all_properties()).GetElementKey(iIndex)

    def GetPropertyType(self, key: Key) -> ArgDataType:
        name = common.key_name(key)
        return ArgDataType(int(self.get_property_type(name)) if self.is_valid(name) else 0)

    def DumpProperties(self) -> str:
        return self.dump()

    def GetLastError(self) -> tuple[bool, int]:
        return self.GetValueInt("LastError")

    def ReportError(self, iError: CilError) -> CilError:
        self.update({"LastError": int(iError)})
        return iError


class Agent(CtiOsObject, cil.Agent):
    """An agent."""

    __slots__ = ()


class Call(CtiOsObject, cil.Call):
    """A call."""

    __slots__ = ()


class SkillGroup(CtiOsObject, cil.SkillGroup):
    """A skill group."""

    __slots__ = ()


class CtiOsSession(CtiOsObject, cil.ThreadedSession):
    """A session by the .NET names. Disconnect does not wait: OnConnectionClosed follows."""

    def __init__(self) -> None:
        super().__init__(store=ObjectStore(agent=Agent, call=Call, skill_group=SkillGroup))

    def _bind(self, listener: Any, message_id: int, name: str) -> Handler | None:
        on_event = listener.OnEvent

        def call(number: int, arguments: codec.Arguments) -> object:
            return on_event(self, EventPublisherEventArgs(number, Arguments(arguments)))

        return call

    def Connect(self, rArgs: Arguments) -> CilError:
        values = common.plain(rArgs)
        code = common.code_of(lambda: self.start(Settings.from_arguments(values)))
        return code if code == CilError.CIL_OK else self.ReportError(code)

    def Disconnect(self, rArgs: Arguments | None = None) -> CilError:
        if self.disconnect(timeout=0.0):
            return CilError.CIL_OK
        return self.ReportError(CilError.E_CTIOS_SESSION_NOT_CONNECTED)

    def SetMessageFilter(self, rArgs: Arguments) -> CilError:
        code = common.set_message_filter(self, common.plain(rArgs))
        return code if code == CilError.CIL_OK else self.ReportError(code)

    def AddEventListener(self, Listener: Any, iListID: int) -> CilError:
        return common.add_listener(self, Listener, iListID, self._bind)

    def RemoveEventListener(self, Listener: Any, iListID: int) -> CilError:
        return common.remove_listener(self, Listener, iListID, self._bind)

    def GetObjectFromObjectID(self, uniqueObjectID: str) -> tuple[bool, cil.CtiOsObject | None]:
        found = self.object(uniqueObjectID)
        return found is not None, found
