"""Types of numbers: what an event's table says, where the value alone would say INT or UINT.

The cffi backend uses it too.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastcil.codec._reference.text import Filed, check_key, filed
from fastcil.codec._reference.values import RANGES
from fastcil.codec.types import ArgType

_NUMBERS = (ArgType.INT, ArgType.UINT, ArgType.SHORT, ArgType.USHORT)


class TypeMap:
    """Which keys' numbers have another type than the one that follows from their value.

    types: by key ArgType.INT, UINT, SHORT or USHORT; keys are found as those of Arguments are. A
    number that does not fit its key's type keeps its own, and so does all that is no number. Raises
    ValueError for another type, and TypeError and EncodeError for a key that Arguments would not
    take.
    """

    __slots__ = ("_types",)

    def __init__(self, types: Mapping[str, ArgType | int]) -> None:
        self._types: dict[Filed, ArgType] = {}
        for key, number in list(types.items()):
            name, kind = check_key(key), ArgType(number)
            if kind not in _NUMBERS:
                raise ValueError(
                    f"{name}: the type of a number is INT, UINT, SHORT or USHORT, got {kind.name}"
                )
            self._types[filed(name)] = kind

    def of(self, name: str, kind: ArgType, value: object) -> ArgType:
        """The type of a value under a checked key whose own type is `kind`."""
        if kind in (ArgType.INT, ArgType.UINT) and isinstance(value, int):
            wanted = self._types.get(filed(name), kind)
            low, high = RANGES[wanted]
            if low <= value <= high:
                return wanted
        return kind


def need_types(types: object) -> None:
    """TypeError for what encode_frame does not take as its types."""
    if types is not None and not isinstance(types, TypeMap):
        raise TypeError(f"types is a TypeMap or None, got {type(types).__name__}")
