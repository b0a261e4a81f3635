"""Arg, CilRefArg and Arguments by the Java names: what cannot be read is None.

Source: CTI OS Developer Guide 12.6(1), helpers chapter.
"""

from __future__ import annotations

from typing import Any

from fastcil.cil.objects import CtiOsObject
from fastcil.codec import ArgType
from fastcil.compat._common import Key
from fastcil.compat._values import Reference, Table, Value

__all__ = ["Arg", "Arguments", "CilRefArg", "Getters"]


class Getters:
    """Values by key: a name or a CTIOS_… number. An Arg has one value and no key."""

    __slots__ = ()

    def _read(self, kind: str, key: Key) -> Any:
        raise NotImplementedError

    def GetValueIntObj(self, key: Key = "") -> int | None:
        """As 32 bits with a sign."""
        found: int | None = self._read("int", key)
        return found

    def GetValueUIntObj(self, key: Key = "") -> int | None:
        """As 32 bits without a sign."""
        found: int | None = self._read("uint", key)
        return found

    def GetValueShortObj(self, key: Key = "") -> int | None:
        """As 16 bits with a sign."""
        found: int | None = self._read("short", key)
        return found

    def GetValueUShortObj(self, key: Key = "") -> int | None:
        """As 16 bits without a sign."""
        found: int | None = self._read("ushort", key)
        return found

    def GetValueBoolObj(self, key: Key = "") -> bool | None:
        """As true or false."""
        found: bool | None = self._read("bool", key)
        return found

    def GetValueString(self, key: Key = "") -> str | None:
        """As text, which every type has."""
        found: str | None = self._read("string", key)
        return found


class Arg(Getters, Value):
    """One value with its type."""

    def _read(self, kind: str, key: Key) -> Any:
        return Value._read(self, kind, key)

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

    def GetValue(self) -> CtiOsObject | None:
        """The object."""
        return self._object

    def GetUniqueObjectID(self) -> str | None:
        """The object's UniqueObjectID."""
        return None if self._object is None else self._object.unique_object_id

    def Clone(self) -> CilRefArg:
        """A reference to the same object."""
        return CilRefArg(self)


class Arguments(Table, Arg):
    """Key-value pairs; a key is a name or a CTIOS_… number. Over the codec's Arguments."""

    _single = Arg
    _reference = CilRefArg

    def SetValue(self, key: Any, value: Any = ...) -> bool:
        """SetValue(key, value), or SetValue(rArguments) which takes all pairs of another."""
        return self._merge(key) if value is ... else self._set(key, value)

    def AddItemInt(self, key: Key, value: int) -> bool:
        """SetValue(); so called in the samples of Java interfaces."""
        return self._set(key, value)

    def SetValueUInt(self, key: Any, lValue: int | None = None) -> bool:
        """32 bits without a sign."""
        return self._set(key, lValue, ArgType.UINT)

    def SetValueUShort(self, key: Any, iValue: int | None = None) -> bool:
        """16 bits without a sign."""
        return self._set(key, iValue, ArgType.USHORT)

    def GetValue(self, key: Key) -> Arg | None:
        """The value as Arg, CilRefArg or Arguments."""
        found: Arg | None = self._wrapped(key)
        return found

    def GetValueArray(self, key: Key) -> Arguments | None:
        """Nested Arguments."""
        found = self._read("arguments", key)
        return None if found is None else Arguments(found)

    def GetElement(self, iIndex: int) -> Arg | None:
        """The value at a 1-based index, as GetValue."""
        found: Arg | None = self._wrapped_element(iIndex)
        return found

    def GetElementKey(self, iIndex: int) -> str | None:
        """The key at a 1-based index."""
        return self._key(iIndex)

    def GetElementIntObj(self, iIndex: int) -> int | None:
        """As GetValueIntObj, by index."""
        found: int | None = self._element("int", iIndex)
        return found

    def GetElementUIntObj(self, iIndex: int) -> int | None:
        """As GetValueUIntObj, by index."""
        found: int | None = self._element("uint", iIndex)
        return found

    def GetElementShortObj(self, iIndex: int) -> int | None:
        """As GetValueShortObj, by index."""
        found: int | None = self._element("short", iIndex)
        return found

    def GetElementUShortObj(self, iIndex: int) -> int | None:
        """As GetValueUShortObj, by index."""
        found: int | None = self._element("ushort", iIndex)
        return found

    def GetElementBoolObj(self, iIndex: int) -> bool | None:
        """As GetValueBoolObj, by index."""
        found: bool | None = self._element("bool", iIndex)
        return found

    def GetElementString(self, iIndex: int) -> str | None:
        """As GetValueString, by index."""
        found: str | None = self._element("string", iIndex)
        return found

    def GetElementArguments(self, iIndex: int) -> Arguments | None:
        """As GetValueArray, by index."""
        found = self._element("arguments", iIndex)
        return None if found is None else Arguments(found)

    def Clone(self) -> Arguments:
        """The same pairs, independent of these."""
        found: Arguments = self._cloned()
        return found
