"""Arg, CILRefArg and Arguments by the C++ names.

A getter without a pointer gives the value or raises CtiosException; one with a pointer (an Out as
last argument) puts it there and tells whether it could. Source: CTI OS Developer Guide 12.6(1),
helpers chapter.
"""

from __future__ import annotations

from typing import Any, Union, overload

from fastcil.catalog import CilError, keyword_id
from fastcil.cil.objects import CtiOsObject
from fastcil.compat import _common as common
from fastcil.compat._common import CtiOsException as CtiosException
from fastcil.compat._common import Key
from fastcil.compat._values import Reference, Table, Value
from fastcil.compat.cpp._counts import Counted, Out

__all__ = ["Arg", "Arguments", "CILRefArg", "Getters", "given"]


def given(found: Any, what: Any, kind: str, out: Out[Any] | None) -> Any:
    """The end of every getter: the value, or whether it was put into out."""
    if out is not None:
        if not isinstance(out, Out):
            raise TypeError(f"expected an Out for the value, got {type(out).__name__}")
        if found is not None:
            out.value = found
        return found is not None
    if found is None:
        name = common.key_name(what)
        text = f"{name}: no {kind} value" if name else f"no {kind} value"
        raise CtiosException(text, CilError.E_CTIOS_INVALID_ARGUMENT)
    return found


class Getters:
    """Values by key: a name or a keyword's number. An Arg has one value and no key.

    The numbers come back as int, with an Out as bool.
    """

    __slots__ = ()

    def _read(self, kind: str, key: Key) -> Any:
        raise NotImplementedError

    def GetValueInt(self, key: Key | Out[int] = "", value: Out[int] | None = None) -> int:
        """As 32 bits with a sign."""
        return self._number("int", key, value)

    def GetValueUInt(self, key: Key | Out[int] = "", value: Out[int] | None = None) -> int:
        """As 32 bits without a sign."""
        return self._number("uint", key, value)

    def GetValueShort(self, key: Key | Out[int] = "", value: Out[int] | None = None) -> int:
        """As 16 bits with a sign."""
        return self._number("short", key, value)

    def GetValueUShort(self, key: Key | Out[int] = "", value: Out[int] | None = None) -> int:
        """As 16 bits without a sign."""
        return self._number("ushort", key, value)

    def GetValueBool(self, key: Key | Out[bool] = "", value: Out[bool] | None = None) -> bool:
        """As true or false."""
        return bool(self._number("bool", key, value))

    @overload
    def GetValueString(self, key: Key = "") -> str: ...
    @overload
    def GetValueString(self, key: Key | Out[str], value: Out[str] | None = None) -> Any: ...
    def GetValueString(self, key: Any = "", value: Out[str] | None = None) -> Any:
        """As text, which every type has."""
        return self._get("string", key, value)

    def _number(self, kind: str, key: Any, out: Out[Any] | None) -> int:
        found: int = self._get(kind, key, out)
        return found

    def _get(self, kind: str, key: Any, out: Out[Any] | None) -> Any:
        if isinstance(key, Out):
            key, out = "", key
        return given(self._read(kind, key), key, kind, out)


class Arg(Getters, Counted, Value):
    """One value with its type."""

    def _read(self, kind: str, key: Key) -> Any:
        return Value._read(self, kind, key)

    @staticmethod
    def CreateInstance(arg: Any = None) -> Any:
        """A new Arg: empty, or a copy of one; with an Out, put there, and true."""
        if isinstance(arg, Out):
            arg.value = Arg()
            return True
        return Arg(arg)

    @staticmethod
    def IsValidReference(arg: Any) -> bool:
        """Whether there is one at all."""
        return isinstance(arg, Value)

    def SetValue(self, value: Any, /) -> bool:
        """Another value; False when it is none."""
        return self._put(value)

    def Clone(self) -> Arg:
        """The same value, independent of this one."""
        return Arg(self)


class CILRefArg(Reference, Arg):
    """A reference to an Agent, Call, SkillGroup, WaitObject or Session."""

    @staticmethod
    def CreateInstance(arg: Any = None) -> Any:
        """A new reference: empty, or to an object; with an Out, put there, and true."""
        if isinstance(arg, Out):
            arg.value = CILRefArg()
            return True
        return CILRefArg(arg)

    def GetValue(self) -> CtiOsObject | None:
        """The object; None when there is none."""
        return self._object

    def Clone(self) -> CILRefArg:
        """A reference to the same object."""
        return CILRefArg(self)


Found = Union[Arg, bool]


class Arguments(Table, Arg):
    """Key-value pairs; a key is a name or a keyword's number. Over the codec's Arguments."""

    _single = Arg
    _reference = CILRefArg

    @staticmethod
    def CreateInstance(args: Any = None) -> Any:
        """New Arguments; with an Out, put there, and true."""
        if isinstance(args, Out):
            args.value = Arguments()
            return True
        return Arguments(args)

    def AddRef(self) -> int:
        """One more reference; CIL_OK."""
        self._count(1)
        return CilError.CIL_OK

    def Release(self) -> int:
        """One reference less; CIL_OK."""
        self._count(-1)
        return CilError.CIL_OK

    def SetValue(self, key: Any, value: Any = None, /) -> bool:
        """Sets a pair; False when the value is none."""
        return self._set(key, value)

    def AddItem(self, key: Key, value: Any) -> bool:
        """SetValue()."""
        return self._set(key, value)

    def SetElement(self, index: int, value: Any) -> bool:
        """Replaces the value at a 1-based index."""
        return self._set_element(index, value)

    @overload
    def GetValue(self, key: Key) -> Arg: ...
    @overload
    def GetValue(self, key: Key, value: Out[Arg] | None) -> Found: ...
    def GetValue(self, key: Key, value: Out[Arg] | None = None) -> Any:
        """The value as Arg, CILRefArg or Arguments."""
        return given(self._wrapped(key), key, "Arg", value)

    @overload
    def GetValueArg(self, key: Key) -> Arg: ...
    @overload
    def GetValueArg(self, key: Key, value: Out[Arg] | None) -> Found: ...
    def GetValueArg(self, key: Key, value: Out[Arg] | None = None) -> Any:
        """GetValue()."""
        return given(self._wrapped(key), key, "Arg", value)

    @overload
    def GetValueArray(self, key: Key) -> Arguments: ...
    @overload
    def GetValueArray(self, key: Key, value: Out[Arguments] | None) -> Found: ...
    def GetValueArray(self, key: Key, value: Out[Arguments] | None = None) -> Any:
        """Nested Arguments."""
        return given(_array(self._read("arguments", key)), key, "Arguments", value)

    @overload
    def GetElement(self, index: int) -> Arg: ...
    @overload
    def GetElement(self, index: int, value: Out[Arg] | None) -> Found: ...
    def GetElement(self, index: int, value: Out[Arg] | None = None) -> Any:
        """The value at a 1-based index, as GetValue."""
        return given(self._wrapped_element(index), _at(index), "Arg", value)

    @overload
    def GetElementKey(self, index: int) -> str: ...
    @overload
    def GetElementKey(self, index: int, key: Out[Any] | None) -> str | bool: ...
    def GetElementKey(self, index: int, key: Out[Any] | None = None) -> Any:
        """The key at a 1-based index, by name. Into an Out that holds a number, as it stands for
        an int, the keyword's number."""
        found: Any = self._key(index)
        if found is not None and isinstance(key, Out) and isinstance(key.value, int):
            found = keyword_id(found) or None
        return given(found, _at(index), "key", key)

    def GetElementInt(self, index: int, value: Out[int] | None = None) -> int:
        """As GetValueInt, by index."""
        return self._number_at("int", index, value)

    def GetElementUInt(self, index: int, value: Out[int] | None = None) -> int:
        """As GetValueUInt, by index."""
        return self._number_at("uint", index, value)

    def GetElementShort(self, index: int, value: Out[int] | None = None) -> int:
        """As GetValueShort, by index."""
        return self._number_at("short", index, value)

    def GetElementUShort(self, index: int, value: Out[int] | None = None) -> int:
        """As GetValueUShort, by index."""
        return self._number_at("ushort", index, value)

    def GetElementBool(self, index: int, value: Out[bool] | None = None) -> bool:
        """As GetValueBool, by index."""
        return bool(self._number_at("bool", index, value))

    @overload
    def GetElementString(self, index: int) -> str: ...
    @overload
    def GetElementString(self, index: int, value: Out[str] | None) -> str | bool: ...
    def GetElementString(self, index: int, value: Out[str] | None = None) -> Any:
        """As GetValueString, by index."""
        return self._get_element("string", index, value)

    @overload
    def GetElementArg(self, index: int) -> Arguments: ...
    @overload
    def GetElementArg(self, index: int, value: Out[Arguments] | None) -> Found: ...
    def GetElementArg(self, index: int, value: Out[Arguments] | None = None) -> Any:
        """As GetValueArray, by index."""
        return given(_array(self._element("arguments", index)), _at(index), "Arguments", value)

    def Clone(self) -> Arguments:
        """The same pairs, independent of these."""
        found: Arguments = self._cloned()
        return found

    def _number_at(self, kind: str, index: int, out: Out[Any] | None) -> int:
        found: int = self._get_element(kind, index, out)
        return found

    def _get_element(self, kind: str, index: int, out: Out[Any] | None) -> Any:
        return given(self._element(kind, index), _at(index), kind, out)


def _array(found: Any) -> Arguments | None:
    return None if found is None else Arguments(found)


def _at(index: int) -> str:
    return f"element {index}"
