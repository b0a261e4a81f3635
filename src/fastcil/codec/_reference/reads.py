"""Reading a value as the type asked for, and by position: getters over a table of entries."""

from __future__ import annotations

import operator
from typing import Any

from fastcil.codec._reference.values import as_bool, as_integer, as_string, not_convertible
from fastcil.codec.types import ArgType

MISSING: Any = object()


class Entry:
    """One entry: the spelling of its key, its type, its value."""

    __slots__ = ("key", "type", "value")

    def __init__(self, key: str, type: ArgType, value: Any) -> None:
        self.key, self.type, self.value = key, type, value


class TypedReads:
    """The getters of Arguments that convert or go by position."""

    __slots__ = ()

    def _entry(self, key: object) -> Entry | None:
        """The entry of a key, None when it is absent; TypeError when the key is no str."""
        raise NotImplementedError

    def _entries(self) -> list[Entry]:
        raise NotImplementedError

    def _value_of(self, entry: Entry) -> Any:
        """The value as it is handed out."""
        raise NotImplementedError

    def _needed(self, key: object, default: Any) -> Entry | None:
        entry = self._entry(key)
        if entry is None and default is MISSING:
            raise KeyError(key)
        return entry

    def _integer(self, key: str, default: Any, wanted: ArgType) -> Any:
        entry = self._needed(key, default)
        return default if entry is None else as_integer(entry.key, entry.value, entry.type, wanted)

    def get_int(self, key: str, default: Any = MISSING) -> Any:
        """A value read as INT (-2147483648..2147483647).

        Other numbers, BOOL and decimal text are converted: ConversionError when that cannot be,
        OverflowError when the number does not fit, KeyError when the key is absent and no default
        is given. INT and UINT are read as each other with the same 32 bits. A default only stands
        in for an absent key.
        """
        return self._integer(key, default, ArgType.INT)

    def get_uint(self, key: str, default: Any = MISSING) -> Any:
        """A value read as UINT (0..4294967295); converts as get_int does."""
        return self._integer(key, default, ArgType.UINT)

    def get_short(self, key: str, default: Any = MISSING) -> Any:
        """A value read as SHORT (-32768..32767); converts as get_int does."""
        return self._integer(key, default, ArgType.SHORT)

    def get_ushort(self, key: str, default: Any = MISSING) -> Any:
        """A value read as USHORT (0..65535); converts as get_int does."""
        return self._integer(key, default, ArgType.USHORT)

    def get_bool(self, key: str, default: Any = MISSING) -> Any:
        """A value read as BOOL: numbers are true when not 0, text is true, false, 1 or 0."""
        entry = self._needed(key, default)
        return default if entry is None else as_bool(entry.key, entry.value, entry.type)

    def get_string(self, key: str, default: Any = MISSING) -> Any:
        """A value read as text. Works for every type: NOTSET is "", nested Arguments their dump."""
        entry = self._needed(key, default)
        return default if entry is None else as_string(entry.value, entry.type)

    def get_arguments(self, key: str, default: Any = MISSING) -> Any:
        """A nested Arguments; ConversionError for any other type."""
        entry = self._needed(key, default)
        if entry is None:
            return default
        if entry.type is not ArgType.ARGUMENTS:
            raise not_convertible(entry.key, entry.value, entry.type, ArgType.ARGUMENTS.name)
        return self._value_of(entry)

    def get_many(self, *keys: str, default: Any = MISSING) -> tuple[Any, ...]:
        """The values of several keys as a tuple. KeyError names the first that is absent."""
        found = [self._needed(key, default) for key in keys]
        return tuple([default if entry is None else self._value_of(entry) for entry in found])

    def type_of(self, key: str) -> ArgType:
        """The ArgType of a key; KeyError when it is absent."""
        entry = self._entry(key)
        if entry is None:
            raise KeyError(key)
        return entry.type

    def _at(self, index: int) -> Entry:
        entries, index = self._entries(), operator.index(index)
        if not 1 <= index <= len(entries):
            raise IndexError(
                f"element {index} of {len(entries)}: elements count from 1 to {len(entries)}"
            )
        return entries[index - 1]

    def element(self, index: int) -> Any:
        """The value at a 1-based index; IndexError names the range."""
        return self._value_of(self._at(index))

    def element_key(self, index: int) -> str:
        """The key at a 1-based index; IndexError names the range."""
        return self._at(index).key

    def element_type(self, index: int) -> ArgType:
        """The ArgType at a 1-based index; IndexError names the range."""
        return self._at(index).type
