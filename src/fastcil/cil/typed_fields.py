"""What the typed event classes are made of: the base class, and a descriptor for each field.

A field is read from the event's Arguments when it is asked for; nothing is built before.
"""

from __future__ import annotations

from typing import Any, Callable, ClassVar, Generic, TypeVar, overload

from fastcil.codec import Arguments, FastcilError, Frame

__all__ = ["Event", "Field", "MissingFieldError", "UnknownEvent"]

T = TypeVar("T")
_MISSING: Any = object()


class MissingFieldError(FastcilError, AttributeError):
    """An event came without a field that is documented as always there.

    An AttributeError, so that a class pattern of a match statement does not match then.
    """


class Event:
    """An event with its fields as attributes, named as the keywords but in snake_case.

    A field that may be missing is None then; one that must be there raises MissingFieldError. A
    value of another type than the documented one is converted, as Arguments do it: ConversionError
    or OverflowError when it cannot be. What is not documented is found in `arguments`. Positional
    patterns of a match statement take the fields that are always there, UniqueObjectID first.
    """

    __slots__ = ("arguments", "frame", "number")
    __match_args__: tuple[str, ...] = ()

    event_id: ClassVar[int] = 0
    """Number of the event; 0 for a class of several events."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.number: int = frame.message_id
        self.arguments: Arguments = frame.arguments

    @property
    def name(self) -> str:
        """The event's documented name, such as OnCallBegin."""
        return type(self).__name__

    def __repr__(self) -> str:
        key = self.arguments.get("UniqueObjectID")
        return f"{self.name}({'' if key is None else repr(key)})"


class UnknownEvent(Event):
    """An event that the catalog does not know: its number and arguments are all there is."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """'event' and the number."""
        return f"event {self.number:#x}"


class Field(Generic[T]):
    """One field of a typed event: reads it, with its documented type, when asked."""

    def __init__(
        self, keyword: str, read: Callable[..., Any], kind: str, required: bool, doc: str
    ) -> None:
        self.keyword = keyword
        self.kind = kind
        self.required = required
        self._read = read
        self.__doc__ = f"{doc or keyword}. {kind}{'' if required else ', None when missing'}."

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        source = owner.__dict__.get("_source")
        if source:
            self.__doc__ = f"{self.__doc__} Source: {source}."

    @overload
    def __get__(self, event: None, owner: type) -> Field[T]: ...
    @overload
    def __get__(self, event: Event, owner: type) -> T: ...
    def __get__(self, event: Event | None, owner: type) -> Field[T] | T:
        if event is None:
            return self
        found: Any = self._read(event.arguments, self.keyword, _MISSING)
        if found is not _MISSING:
            value: T = found
            return value
        if self.required:
            raise MissingFieldError(f"{event.name} came without {self.keyword}")
        nothing: Any = None
        missing: T = nothing
        return missing

    def __set__(self, event: Event, value: object) -> None:
        raise AttributeError(f"{self.name} of an event that came cannot be changed")


# --- one maker for each documented type, and its twin for a field that may be missing ------------


def int_(keyword: str, doc: str) -> Field[int]:
    return Field(keyword, Arguments.get_int, "INT", True, doc)


def opt_int(keyword: str, doc: str) -> Field[int | None]:
    return Field(keyword, Arguments.get_int, "INT", False, doc)


def uint(keyword: str, doc: str) -> Field[int]:
    return Field(keyword, Arguments.get_uint, "UINT", True, doc)


def opt_uint(keyword: str, doc: str) -> Field[int | None]:
    return Field(keyword, Arguments.get_uint, "UINT", False, doc)


def short(keyword: str, doc: str) -> Field[int]:
    return Field(keyword, Arguments.get_short, "SHORT", True, doc)


def opt_short(keyword: str, doc: str) -> Field[int | None]:
    return Field(keyword, Arguments.get_short, "SHORT", False, doc)


def ushort(keyword: str, doc: str) -> Field[int]:
    return Field(keyword, Arguments.get_ushort, "USHORT", True, doc)


def opt_ushort(keyword: str, doc: str) -> Field[int | None]:
    return Field(keyword, Arguments.get_ushort, "USHORT", False, doc)


def bool_(keyword: str, doc: str) -> Field[bool]:
    return Field(keyword, Arguments.get_bool, "BOOL", True, doc)


def opt_bool(keyword: str, doc: str) -> Field[bool | None]:
    return Field(keyword, Arguments.get_bool, "BOOL", False, doc)


def string(keyword: str, doc: str) -> Field[str]:
    return Field(keyword, Arguments.get_string, "STRING", True, doc)


def opt_string(keyword: str, doc: str) -> Field[str | None]:
    return Field(keyword, Arguments.get_string, "STRING", False, doc)


def nested(keyword: str, doc: str) -> Field[Arguments]:
    return Field(keyword, Arguments.get_arguments, "ARGUMENTS", True, doc)


def opt_nested(keyword: str, doc: str) -> Field[Arguments | None]:
    return Field(keyword, Arguments.get_arguments, "ARGUMENTS", False, doc)


def any_(keyword: str, doc: str) -> Field[Any]:
    return Field(keyword, Arguments.get, "type not documented", False, doc)


def _numbered(arguments: Arguments, keyword: str, default: object) -> Any:
    """keyword[0] or keyword[1], keyword[2] … up to the first that is missing."""
    first = arguments.get(f"{keyword}[0]", default)
    found = [] if first is default else [first]
    index = 1
    while True:
        entry = arguments.get(f"{keyword}[{index}]", default)
        if entry is default:
            return tuple(found)
        found.append(entry)
        index += 1


def numbered(keyword: str, doc: str) -> Field[tuple[Arguments, ...]]:
    return Field(keyword, _numbered, "ARGUMENTS, one for each index", False, doc)
