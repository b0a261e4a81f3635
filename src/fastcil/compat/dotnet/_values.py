"""Arg, CilRefArg and Arguments by the .NET names: (bool, value) for each out-parameter.

What cannot be read is (False, the type's default). Source: CTI OS Developer Guide 12.6(1), helpers
chapter.
"""

from __future__ import annotations

from typing import Any

from fastcil.catalog import ArgDataType
from fastcil.cil.objects import CtiOsObject
from fastcil.codec import ArgType
from fastcil.compat._common import Key
from fastcil.compat._values import Reference, Table, Value

__all__ = ["Arg", "Arguments", "CilRefArg", "Getters", "out"]

_DEFAULTS = {"int": 0, "uint": 0, "short": 0, "ushort": 0, "bool": False}


def out(found: Any, kind: str = "") -> tuple[bool, Any]:
    """A result with its out-parameter."""
    return (False, _DEFAULTS.get(kind)) if found is None else (True, found)


class Getters:
    """Values by key: a name or an Enum_CtiOs number. An Arg has one value and no key."""

    __slots__ = ()

    def _read(self, kind: str, key: Key) -> Any:
        raise NotImplementedError

    def GetValueInt(self, key: Key = "") -> tuple[bool, int]:
        """As System.Int32."""
        return out(self._read("int", key), "int")

    def GetValueUInt(self, key: Key = "") -> tuple[bool, int]:
        """32 bits without a sign, as System.Int64."""
        return out(self._read("uint", key), "uint")

    def GetValueShort(self, key: Key = "") -> tuple[bool, int]:
        """As System.Int16."""
        return out(self._read("short", key), "short")

    def GetValueUShort(self, key: Key = "") -> tuple[bool, int]:
        """16 bits without a sign, as System.Int32."""
        return out(self._read("ushort", key), "ushort")

    def GetValueBool(self, key: Key = "") -> tuple[bool, bool]:
        """As System.Boolean."""
        return out(self._read("bool", key), "bool")

    def GetValueString(self, key: Key = "") -> tuple[bool, str | None]:
        """As text, which every type has."""
        return out(self._read("string", key))


class Arg(Getters, Value):
    """One value with its type."""

    def _read(self, kind: str, key: Key) -> Any:
        return Value._read(self, kind, key)

    def GetArgType(self) -> ArgDataType:
        """GetType()."""
        return self.GetType()

    def SetValue(self, value: Any, /) -> bool:
        """Another value; False when it is none."""
        return self._put(value)

    def SetValueUInt(self, lValue: int, /) -> bool:
        """32 bits without a sign."""
        return self._put(lValue, ArgType.UINT)

    def SetValueUShort(self, iValue: int, /) -> bool:
        """16 bits without a sign."""
        return self._put(iValue, ArgType.USHORT)

    def Clone(self) -> Arg:
        """The same value, independent of this one."""
        return Arg(self)


class CilRefArg(Reference, Arg):
    """A reference to an Agent, Call, SkillGroup, WaitObject or Session."""

    def GetValue(self) -> tuple[bool, CtiOsObject | None]:
        """The object."""
        return out(self._object)

    def GetUniqueObjectID(self) -> str | None:
        """The object's UniqueObjectID."""
        return None if self._object is None else self._object.unique_object_id

    def Clone(self) -> CilRefArg:
        """A reference to the same object."""
        return CilRefArg(self)


class Arguments(Table, Arg):
    """Key-value pairs; a key is a name or an Enum_CtiOs number. Over the codec's Arguments."""

    _single = Arg
    _reference = CilRefArg

    def SetValueArguments(self, rArguments: Any) -> bool:
        """Takes all pairs of another."""
        return self._merge(rArguments)

    def SetValue(self, key: Any, value: Any = None, /) -> bool:
        """Sets a pair; False when the value is none."""
        return self._set(key, value)

    def SetValueUInt(self, key: Any, lValue: int | None = None, /) -> bool:
        """32 bits without a sign."""
        return self._set(key, lValue, ArgType.UINT)

    def SetValueUShort(self, key: Any, iValue: int | None = None, /) -> bool:
        """16 bits without a sign."""
        return self._set(key, iValue, ArgType.USHORT)

    def GetValue(self, key: Key) -> tuple[bool, Arg | None]:
        """The value as Arg, CilRefArg or Arguments."""
        return out(self._wrapped(key))

    def GetValueArray(self, key: Key) -> tuple[bool, Arguments | None]:
        """Nested Arguments."""
        found = self._read("arguments", key)
        return (False, None) if found is None else (True, Arguments(found))

    def GetElement(self, iIndex: int) -> tuple[bool, Arg | None]:
        """The value at a 1-based index, as GetValue."""
        return out(self._wrapped_element(iIndex))

    def GetElementKey(self, iIndex: int) -> tuple[bool, str | None]:
        """The key at a 1-based index."""
        return out(self._key(iIndex))

    def GetElementInt(self, iIndex: int) -> tuple[bool, int]:
        """As GetValueInt, by index."""
        return out(self._element("int", iIndex), "int")

    def GetElementUInt(self, iIndex: int) -> tuple[bool, int]:
        """As GetValueUInt, by index."""
        return out(self._element("uint", iIndex), "uint")

    def GetElementShort(self, iIndex: int) -> tuple[bool, int]:
        """As GetValueShort, by index."""
        return out(self._element("short", iIndex), "short")

    def GetElementUShort(self, iIndex: int) -> tuple[bool, int]:
        """As GetValueUShort, by index."""
        return out(self._element("ushort", iIndex), "ushort")

    def GetElementBool(self, iIndex: int) -> tuple[bool, bool]:
        """As GetValueBool, by index."""
        return out(self._element("bool", iIndex), "bool")

    def GetElementString(self, iIndex: int) -> tuple[bool, str | None]:
        """As GetValueString, by index."""
        return out(self._element("string", iIndex))

    def GetElementArguments(self, iIndex: int) -> tuple[bool, Arguments | None]:
        """As GetValueArray, by index."""
        found = self._element("arguments", iIndex)
        return (False, None) if found is None else (True, Arguments(found))

    def Clone(self) -> Arguments:
        """The same pairs, independent of these."""
        found: Arguments = self._cloned()
        return found
