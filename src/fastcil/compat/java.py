"""The Java CIL's names: null is None, requests give CilError codes, OnEvent(iEventID, rArgs).

Source: CTI OS Developer Guide 12.6(1); the signatures are those of the catalog's api data.
"""

from __future__ import annotations

from typing import Any

from fastcil import cil, codec
from fastcil.catalog import ArgDataType, CilError
from fastcil.cil.dispatch import Handler
from fastcil.cil.settings import Settings
from fastcil.cil.store import ObjectStore
from fastcil.codec import ArgType
from fastcil.compat import _common as common
from fastcil.compat._common import Enums as CtiOs_Enums
from fastcil.compat._common import Key
from fastcil.compat._common import KeywordIDs as CtiOs_IKeywordIDs

__all__ = [
    "Agent",
    "Arg",
    "Arguments",
    "Call",
    "CtiOsObject",
    "CtiOsSession",
    "CtiOs_Enums",
    "CtiOs_IKeywordIDs",
    "IGenericEvents",
    "SkillGroup",
]

IGenericEvents = cil.IGenericEvents


class Arg:
    """One value with its type."""

    def __init__(self, value: Any = None) -> None:
        self._held = codec.Arguments()
        common.set_value(self._held, "Value", value)

    def _native(self) -> Any:
        return self._held["Value"]

    def _type(self) -> ArgType:
        return self._held.type_of("Value")

    def GetType(self) -> int:
        return ArgDataType(int(self._type()))

    def GetValueIntObj(self) -> int | None:
        found: int | None = common.read(self._held, "int", "Value")
        return found

    def GetValueUIntObj(self) -> int | None:
        found: int | None = common.read(self._held, "uint", "Value")
        return found

    def GetValueShortObj(self) -> int | None:
        found: int | None = common.read(self._held, "short", "Value")
        return found

    def GetValueUShortObj(self) -> int | None:
        found: int | None = common.read(self._held, "ushort", "Value")
        return found

    def GetValueBoolObj(self) -> bool | None:
        found: bool | None = common.read(self._held, "bool", "Value")
        return found

    def GetValueString(self) -> str | None:
        found: str | None = common.read(self._held, "string", "Value")
        return found

    def SetValue(self, value: Any) -> bool:
        return common.set_value(self._held, "Value", value)

    def SetValueUInt(self, lValue: int) -> bool:
        return common.set_value(self._held, "Value", lValue, ArgType.UINT)

    def SetValueUShort(self, iValue: int) -> bool:
        return common.set_value(self._held, "Value", iValue, ArgType.USHORT)

    def Clone(self) -> Arg:
        return Arg(self)

    def DumpArg(self) -> str:
        return self.GetValueString() or ""


class Arguments:
    """Key-value pairs; a key is a name or a CTIOS_… number. Over the codec's Arguments."""

    def __init__(self, values: Any = None) -> None:
        self._values = values if isinstance(values, codec.Arguments) else codec.Arguments(values)

    def _native(self) -> codec.Arguments:
        return self._values

    def _wrap(self, found: codec.Arguments | None) -> Arguments | None:
        return None if found is None else Arguments(found)

    def SetValue(self, key: Any, value: Any = ...) -> bool:
        """SetValue(key, value), or SetValue(rArguments) which merges another Arguments."""
        if value is ...:
            return common.attempt(self._values.update, common.plain(key))
        return common.set_value(self._values, key, value)

    def SetValueUInt(self, key: Key, lValue: int) -> bool:
        return common.set_value(self._values, key, lValue, ArgType.UINT)

    def SetValueUShort(self, key: Key, iValue: int) -> bool:
        return common.set_value(self._values, key, iValue, ArgType.USHORT)

    def GetValue(self, key: Key) -> Arg | None:
        name = common.key_name(key)
        if name not in self._values:
            return None
        arg = Arg()
        common.set_value(arg._held, "Value", self._values[name], self._values.type_of(name))
        return arg

    def GetValueIntObj(self, key: Key) -> int | None:
        found: int | None = common.read(self._values, "int", key)
        return found

    def GetValueUIntObj(self, key: Key) -> int | None:
        found: int | None = common.read(self._values, "uint", key)
        return found

    def GetValueShortObj(self, key: Key) -> int | None:
        found: int | None = common.read(self._values, "short", key)
        return found

    def GetValueUShortObj(self, key: Key) -> int | None:
        found: int | None = common.read(self._values, "ushort", key)
        return found

    def GetValueBoolObj(self, key: Key) -> bool | None:
        found: bool | None = common.read(self._values, "bool", key)
        return found

    def GetValueString(self, key: Key) -> str | None:
        found: str | None = common.read(self._values, "string", key)
        return found

    def GetValueArray(self, key: Key) -> Arguments | None:
        return self._wrap(common.read(self._values, "arguments", key))

    def GetElement(self, iIndex: int) -> Arg | None:
        key = self.GetElementKey(iIndex)
        return None if key is None else self.GetValue(key)

    def GetElementKey(self, iIndex: int) -> str | None:
        try:
            return self._values.element_key(iIndex)
        except IndexError:
            return None

    def GetElementIntObj(self, iIndex: int) -> int | None:
        found: int | None = common.read_element(self._values, "int", iIndex)
        return found

    def GetElementUIntObj(self, iIndex: int) -> int | None:
        found: int | None = common.read_element(self._values, "uint", iIndex)
        return found

    def GetElementShortObj(self, iIndex: int) -> int | None:
        found: int | None = common.read_element(self._values, "short", iIndex)
        return found

    def GetElementUShortObj(self, iIndex: int) -> int | None:
        found: int | None = common.read_element(self._values, "ushort", iIndex)
        return found

    def GetElementBoolObj(self, iIndex: int) -> bool | None:
        found: bool | None = common.read_element(self._values, "bool", iIndex)
        return found

    def GetElementString(self, iIndex: int) -> str | None:
        found: str | None = common.read_element(self._values, "string", iIndex)
        return found

    def GetElementArguments(self, iIndex: int) -> Arguments | None:
        return self._wrap(common.read_element(self._values, "arguments", iIndex))

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


class CtiOsObject(cil.CtiOsObject):
    """Properties by the Java names."""

    __slots__ = ()

    def GetValue(self, key: Key) -> Arg | None:
        return Arguments(self.get_all_properties()).GetValue(key)

    def GetValueIntObj(self, key: Key) -> int | None:
        found: int | None = common.read(self, "int", key)
        return found

    def GetValueUIntObj(self, key: Key) -> int | None:
        found: int | None = common.read(self, "uint", key)
        return found

    def GetValueShortObj(self, key: Key) -> int | None:
        found: int | None = common.read(self, "short", key)
        return found

    def GetValueUShortObj(self, key: Key) -> int | None:
        found: int | None = common.read(self, "ushort", key)
        return found

    def GetValueBoolObj(self, key: Key) -> bool | None:
        found: bool | None = common.read(self, "bool", key)
        return found

    def GetValueString(self, key: Key) -> str | None:
        found: str | None = common.read(self, "string", key)
        return found

    def GetValueArray(self, key: Key) -> Arguments | None:
        found = common.read(self, "arguments", key)
        return None if found is None else Arguments(found)

    def SetValue(self, key: Key, value: Any) -> bool:
        return common.attempt(self.set_value, common.key_name(key), common.plain(value))

    def IsValid(self, key: Key) -> bool:
        return self.is_valid(common.key_name(key))

    def GetAllProperties(self) -> Arguments:
        return Arguments(self.get_all_properties())

    def GetNumProperties(self) -> int:
        return len(self.get_all_properties())

    def GetPropertyName(self, iIndex: int) -> str | None:
        return self.GetAllProperties().GetElementKey(iIndex)

    def GetPropertyType(self, key: Key) -> int:
        name = common.key_name(key)
        return ArgDataType(int(self.get_property_type(name)) if self.is_valid(name) else 0)

    def DumpProperties(self) -> str:
        return self.dump()

    def GetLastError(self) -> int | None:
        return self.GetValueIntObj("LastError")

    def ReportError(self, iError: int) -> int:
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


def _bind(listener: Any, message_id: int, name: str) -> Handler | None:
    on_event = listener.OnEvent
    return lambda number, arguments: on_event(number, Arguments(arguments))


class CtiOsSession(CtiOsObject, cil.ThreadedSession):
    """A session by the Java names. Disconnect does not wait: OnConnectionClosed follows."""

    def __init__(self) -> None:
        super().__init__(store=ObjectStore(agent=Agent, call=Call, skill_group=SkillGroup))

    def Connect(self, rArgs: Arguments) -> int:
        values = common.plain(rArgs)
        code = common.code_of(lambda: self.start(Settings.from_arguments(values)))
        return code if code == CilError.CIL_OK else self.ReportError(code)

    def Disconnect(self, rArgs: Arguments | None = None) -> int:
        if self.disconnect(timeout=0.0):
            return CilError.CIL_OK
        return self.ReportError(CilError.E_CTIOS_SESSION_NOT_CONNECTED)

    def SetMessageFilter(self, rArgs: Arguments) -> int:
        code = common.set_message_filter(self, common.plain(rArgs))
        return code if code == CilError.CIL_OK else self.ReportError(code)

    def AddEventListener(self, Listener: Any, iListID: int) -> CilError:
        return common.add_listener(self, Listener, iListID, _bind)

    def RemoveEventListener(self, Listener: Any, iListID: int) -> CilError:
        return common.remove_listener(self, Listener, iListID, _bind)

    def GetObjectFromObjectID(self, uniqueObjectID: str) -> cil.CtiOsObject | None:
        return self.object(uniqueObjectID)
