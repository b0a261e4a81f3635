"""What Arg, CilRefArg and Arguments of every face hold, and what is called alike in all of them.

Source: CTI OS Developer Guide 12.6(1), helpers chapter.
"""

from __future__ import annotations

from typing import Any, ClassVar

from fastcil import codec
from fastcil.catalog import ArgDataType
from fastcil.cil.objects import CtiOsObject
from fastcil.codec import ArgType
from fastcil.compat import _common as common
from fastcil.compat._common import Key

__all__ = ["Reference", "Table", "Value"]

_ONLY = "Value"


class Value:
    """One value with its type."""

    def __init__(self, value: Any = None) -> None:
        self._held = codec.Arguments()
        if value is not None:
            self._put(value)

    def GetType(self) -> ArgDataType:
        """What the value is; ARG_NOTSET when there is none."""
        type = self._type()
        return ArgDataType.ARG_NOTSET if type is None else ArgDataType(int(type))

    def DumpArg(self) -> str:
        """The value as text; empty when there is none."""
        return self._read("string", "") or ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._native()!r})"

    def _native(self) -> Any:
        return self._held.get(_ONLY)

    def _type(self) -> ArgType | None:
        return self._held.type_of(_ONLY) if _ONLY in self._held else None

    def _read(self, kind: str, key: Key) -> Any:
        """As kind; None when it cannot be. An Arg has no keys."""
        return common.read(self._held, kind, _ONLY) if key == "" else None

    def _put(self, value: Any, type: ArgType | None = None) -> bool:
        return common.set_value(self._held, _ONLY, value, type)


class Reference(Value):
    """A reference to an object; as text it is the object's UniqueObjectID."""

    def __init__(self, value: Any = None) -> None:
        self._object: CtiOsObject | None = None
        super().__init__(value)

    def GetType(self) -> ArgDataType:
        """ARG_REFERENCE."""
        return ArgDataType.ARG_REFERENCE

    def _put(self, value: Any, type: ArgType | None = None) -> bool:
        found = value._object if isinstance(value, Reference) else value
        if not isinstance(found, CtiOsObject):
            return False
        self._object = found
        return True

    def _type(self) -> ArgType | None:
        return ArgType.STRING

    def _native(self) -> Any:
        return "" if self._object is None else self._object.unique_object_id

    def _read(self, kind: str, key: Key) -> Any:
        if kind != "string" or key != "" or self._object is None:
            return None
        return self._object.unique_object_id


class Table(Value):
    """Key-value pairs over the codec's Arguments, and the objects that some of the keys refer to.

    A reference goes over the wire as the object's UniqueObjectID; nested in other Arguments it is
    no more than that.
    """

    _single: ClassVar[type[Value]]
    _reference: ClassVar[type[Reference]]

    def __init__(self, values: Any = None) -> None:
        """Over the codec's Arguments, which stay the same; or with the pairs of a mapping, whose
        keys and values may be what SetValue takes. TypeError for a value that cannot be one."""
        if not isinstance(values, codec.Arguments):  # that of an event is the usual case
            values = common.plain(values)
        self._refs: dict[str, CtiOsObject] = {}
        if isinstance(values, codec.Arguments):
            self._values = values
            return
        self._values = codec.Arguments()
        for key, value in dict(values or {}).items():
            name, kind = common.key_name(key), common.value_type(value)
            self._values.set(name, common.plain(value), kind)
            self._refer(name, value)

    def GetType(self) -> ArgDataType:
        """ARG_ARGARRAY."""
        return ArgDataType.ARG_ARGARRAY

    def NumElements(self) -> int:
        """How many pairs there are."""
        return len(self._values)

    def IsValid(self, key: Any) -> bool:
        """Whether there is such a key; an Arg may hold it."""
        return common.key_name(key) in self._values

    def RemoveItem(self, key: Key) -> bool:
        """Removes a pair; whether it was there."""
        self._refs.pop(_folded(key), None)
        return self._values.remove(common.key_name(key))

    def Clear(self) -> None:
        """Removes all pairs."""
        self._refs.clear()
        self._values.clear()

    def GetElementArgType(self, index: int) -> ArgDataType:
        """The type of the value at a 1-based index, ARG_NOTSET when there is none. A table of the
        guide names the method; its syntax is printed nowhere."""
        found = self._wrapped_element(index)
        kind: ArgDataType = ArgDataType.ARG_NOTSET if found is None else found.GetType()
        return kind

    def DumpArgs(self) -> str:
        """'key1 = value1; key2 = value2;…'"""
        return " ".join(f"{key} = {self._values.get_string(key)};" for key in self._values)

    def DumpArg(self) -> str:
        """DumpArgs()."""
        return self.DumpArgs()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._values.to_dict()!r})"

    def _native(self) -> codec.Arguments:
        return self._values

    def _type(self) -> ArgType | None:
        return ArgType.ARGUMENTS

    def _read(self, kind: str, key: Key) -> Any:
        return common.read(self._values, kind, key)

    def _element(self, kind: str, index: int) -> Any:
        return common.read_element(self._values, kind, index)

    def _key(self, index: int) -> str | None:
        try:
            return self._values.element_key(index)
        except (IndexError, TypeError):
            return None

    def _set(self, key: Any, value: Any, type: ArgType | None = None) -> bool:
        if not common.set_value(self._values, key, value, type):
            return False
        self._refer(key, value)
        return True

    def _set_element(self, index: int, value: Any) -> bool:
        if not common.set_element(self._values, index, value):
            return False
        self._refer(self._values.element_key(index), value)
        return True

    def _refer(self, key: Any, value: Any) -> None:
        found = value._object if isinstance(value, Reference) else value
        if isinstance(found, CtiOsObject):
            self._refs[_folded(key)] = found
        else:
            self._refs.pop(_folded(key), None)

    def _merge(self, other: Any) -> bool:
        """Takes all pairs of another Arguments."""
        if not isinstance(common.plain(other), codec.Arguments):
            return False
        if not common.attempt(self._values.update, common.plain(other)):
            return False
        for key in common.plain(other):
            self._refs.pop(_folded(key), None)
        if isinstance(other, Table):
            self._refs.update(other._refs)
        return True

    def _wrapped(self, key: Any) -> Any:
        """The value of a key as Arg, CilRefArg or Arguments; None when it is absent."""
        name = common.key_name(key)
        if name not in self._values:
            return None
        found = self._refs.get(_folded(name))
        if found is not None:
            return self._reference(found)
        kind = self._values.type_of(name)
        if kind is ArgType.ARGUMENTS:
            return type(self)(self._values[name])
        one = self._single()
        one._put(self._values[name], kind)
        return one

    def _wrapped_element(self, index: int) -> Any:
        key = self._key(index)
        return None if key is None else self._wrapped(key)

    def _cloned(self) -> Any:
        found = type(self)(self._values.copy())
        found._refs = dict(self._refs)
        return found


def _folded(key: Any) -> str:
    return common.key_name(key).strip().lower()
