"""Agent, Call and SkillGroup: properties by keyword, kept right by the stream of events.

An object keeps the bytes of the first event that named it, in one detached block that is read when
asked, and beside it a small dict of what later events changed. Nothing of it holds a receive
buffer. Sources: CTI OS Developer Guide 12.6(1), CtiOs Object chapter; architecture chapter for the
life of objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.catalog import KEYWORDS, keyword_id
from fastcil.codec import ArgType, Arguments

__all__ = ["Agent", "Call", "CtiOsObject", "SkillGroup"]

_MISSING: Any = object()
_MAX_CHANGED = 24  # changed properties before they are written into the block
_EMPTY = Arguments().to_bytes()


class CtiOsObject:
    """Properties as in Arguments: keys without regard to case, values converted on reading."""

    __slots__ = ("__weakref__", "_block", "_changed")

    def __init__(self, arguments: Arguments | None = None) -> None:
        self._block = Arguments.from_buffer(_EMPTY) if arguments is None else arguments.detach()
        self._changed: dict[str, Any] = {}

    @property
    def unique_object_id(self) -> str:
        """The object's key, such as call.5000.101.22866; empty when it has none."""
        found: str = self.get_value_string("UniqueObjectID", "")
        return found

    def get_value(self, key: str, default: Any = _MISSING) -> Any:
        """A property's value; KeyError when absent and no default is given.

        Nested values come as Arguments of their own.
        """
        found = self._find(key)
        if found is _MISSING:
            if default is _MISSING:
                raise KeyError(key)
            return default
        return Arguments(found) if isinstance(found, Mapping) else found

    def get_value_int(self, key: str, default: Any = _MISSING) -> Any:
        """As INT: numbers by range, decimal text; ConversionError or OverflowError else."""
        return self._convert("get_int", key, default)

    def get_value_uint(self, key: str, default: Any = _MISSING) -> Any:
        """As UINT."""
        return self._convert("get_uint", key, default)

    def get_value_short(self, key: str, default: Any = _MISSING) -> Any:
        """As SHORT."""
        return self._convert("get_short", key, default)

    def get_value_ushort(self, key: str, default: Any = _MISSING) -> Any:
        """As USHORT."""
        return self._convert("get_ushort", key, default)

    def get_value_bool(self, key: str, default: Any = _MISSING) -> Any:
        """As BOOL."""
        return self._convert("get_bool", key, default)

    def get_value_string(self, key: str, default: Any = _MISSING) -> Any:
        """As text; every type has one."""
        return self._convert("get_string", key, default)

    def get_value_array(self, key: str, default: Any = _MISSING) -> Any:
        """As nested Arguments."""
        return self._convert("get_arguments", key, default)

    def is_valid(self, key: str) -> bool:
        """Whether the object has the property."""
        return self._find(key) is not _MISSING

    def get_property_type(self, key: str) -> ArgType:
        """The property's type; KeyError when absent."""
        if key in self._block and self._canonical(key) not in self._changed:
            return self._block.type_of(key)
        one = Arguments({key: self.get_value(key)})
        # A later event changed the value; numbers keep the type of the first.
        if key in self._block and one.type_of(key) in (ArgType.INT, ArgType.UINT):
            return self._block.type_of(key)
        return one.type_of(key)

    def get_all_properties(self) -> Arguments:
        """All properties, as Arguments of their own."""
        merged = self._block.copy()
        for key, value in list(self._changed.items()):
            self._write(merged, key, value)
        return merged

    def dump(self) -> str:
        """'key1 = value1; key2 = value2;…' (DumpProperties)."""
        merged = self.get_all_properties()
        return " ".join(f"{key} = {merged.get_string(key)};" for key in merged)

    def set_value(self, key: str, value: Any) -> None:
        """Sets a property locally: the server does not hear of it."""
        Arguments({key: value})  # the same errors for what cannot be a value
        self.update({self._canonical(key): value})

    def update(self, values: dict[str, Any]) -> None:
        """Takes the fields of an event, as Arguments.to_dict() gives them."""
        self._changed.update(values)
        if len(self._changed) > _MAX_CHANGED:
            self._block = Arguments.from_buffer(self.get_all_properties().to_bytes())
            self._changed = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.unique_object_id!r})"

    @staticmethod
    def _write(into: Arguments, key: str, value: Any) -> None:
        """Writes a changed value over the block's, in the old type where it fits."""
        if type(value) is int and key in into:
            old = into.type_of(key)
            if ArgType.INT <= old <= ArgType.USHORT:
                try:
                    into.set(key, value, old)
                except OverflowError:
                    into[key] = value
                return
        into[key] = value

    def _canonical(self, key: str) -> str:
        """The spelling under which a property stands in _changed."""
        if key in self._changed:
            return key
        number = keyword_id(key)
        if number:
            return KEYWORDS[number]
        folded = key.strip().lower()
        for other in list(self._changed):
            if other.lower() == folded:
                return other
        return key.strip()

    def _find(self, key: str) -> Any:
        changed = self._changed.get(key, _MISSING)
        if changed is _MISSING and self._changed:
            changed = self._changed.get(self._canonical(key), _MISSING)
        return self._block.get(key, _MISSING) if changed is _MISSING else changed

    def _convert(self, getter: str, key: str, default: Any) -> Any:
        found = self._find(key)
        if found is _MISSING:
            if default is _MISSING:
                raise KeyError(key)
            return default
        return getattr(Arguments({"Value": found}), getter)("Value")


class Agent(CtiOsObject):
    """An agent, agent.PeripheralID.AgentID."""

    __slots__ = ()


class Call(CtiOsObject):
    """One connection of a call, call.PeripheralID.ConnectionCallID.ConnectionDeviceID."""

    __slots__ = ()


class SkillGroup(CtiOsObject):
    """A skill group, skillgroup.PeripheralID.SkillGroupNumber."""

    __slots__ = ()
