"""What the three faces share: keys by number or name, values read without exceptions, listeners."""

from __future__ import annotations

from typing import Any, Callable, Union

from fastcil import codec
from fastcil.catalog import CONSTANTS, KEYWORDS, CilError
from fastcil.cil.dispatch import Binder
from fastcil.cil.objects import CtiOsObject
from fastcil.cil.threaded import ThreadedSession
from fastcil.codec import ArgType, FastcilError
from fastcil.compat._names import enumeration, keyword

__all__ = [
    "CtiOsException",
    "EnumStrings",
    "Enums",
    "Key",
    "KeywordIDs",
    "add_listener",
    "attempt",
    "key_name",
    "plain",
    "read",
    "read_element",
    "remove_listener",
    "set_element",
    "set_value",
    "value_type",
]

_KINDS = ("int", "uint", "short", "ushort", "bool", "string", "arguments")
_GETTERS = {kind: f"get_{kind}" for kind in _KINDS}
Key = Union[int, str]  # a keyword id (CTIOS_…) or a name


class _Enums(type):
    def __getattr__(cls, name: str) -> Any:
        found = enumeration(name)
        if found is None:
            raise AttributeError(f"no enumeration is called {name}")
        return found


class Enums(metaclass=_Enums):
    """CtiOs_Enums: the enumerations of the catalog, CtiOs_Enums.EventID.eCallBeginEvent …"""


class _EnumStrings(type):
    def __getattr__(cls, name: str) -> Callable[[int], str | None]:
        members: dict[str, Any] = getattr(Enums, name).__members__
        return lambda value: next((key for key, one in members.items() if one == value), None)


class EnumStrings(metaclass=_EnumStrings):
    """CtiOs_EnumStrings: the name of an enumeration's number, CtiOs_EnumStrings.AgentState(2).

    Of two names with one number the first in the catalog is given; None for a number without one.
    The chapters say nothing of this class, so its methods are ours.
    """


class _KeywordIDs(type):
    def __getattr__(cls, name: str) -> Any:
        found = keyword(name)
        if found is None:
            raise AttributeError(f"no keyword is called {name}")
        return found


class KeywordIDs(metaclass=_KeywordIDs):
    """CtiOs_IKeywordIDs, Enum_CtiOs: CTIOS_AGENTID … as numbers, which every key may be.

    S_AGENTID … are the names themselves, as message filters have them.
    """


class CtiOsException(Exception):
    """An error of the CIL: its text, its code (CilError) and a status.

    Source: CTI OS Developer Guide 12.6(1), helpers chapter (CCtiOsException).
    """

    def __init__(self, message: str = "", code: int = CilError.CIL_FAIL, status: int = 0) -> None:
        super().__init__(message)
        self._code = int(code)
        self._status = int(status)

    def GetCode(self) -> int:
        """The code."""
        return self._code

    def GetStatus(self) -> int:
        """The status."""
        return self._status

    def GetString(self) -> str:
        """The text."""
        return str(self.args[0])

    def What(self) -> str:
        """Text, code and status in one line."""
        return f"{self.args[0]} (code {self._code}, status {self._status})"


def key_name(key: Any) -> str:
    """The name of a key: a name, a keyword's number, or an Arg that holds one of them.

    The name of a constant in quotes, as a sample has it ("CTIOS_DESKTOPTYPE"; building chapter,
    duplicate login), is that keyword. A number of no keyword gives '#' and the number.
    """
    if isinstance(key, str):
        return CONSTANTS.get(key, key) if key.startswith("CTIOS_") else key
    key = plain(key)
    if isinstance(key, str):
        return key
    if not isinstance(key, int):
        return ""
    return KEYWORDS[key] if 0 < key < len(KEYWORDS) else f"#{int(key)}"


def plain(value: Any) -> Any:
    """What the codec stores: of a face's Arg or Arguments what it holds, of an object its key."""
    native = getattr(value, "_native", None)
    if native is not None:
        return native()
    return value.unique_object_id if isinstance(value, CtiOsObject) else value


def read(source: codec.Arguments | CtiOsObject, kind: str, key: Key) -> Any:
    """A value as kind ('int', 'string' …), or None when it is absent or cannot be converted."""
    name = key_name(key)
    try:
        if isinstance(source, codec.Arguments):
            return getattr(source, _GETTERS[kind])(name, None)
        kind = "array" if kind == "arguments" else kind
        return getattr(source, f"get_value_{kind}")(name, None)
    except (OverflowError, FastcilError):
        return None


def read_element(source: codec.Arguments, kind: str, index: int) -> Any:
    """An element (1-based) as kind, or None."""
    try:
        return getattr(source, f"get_{kind}")(source.element_key(index))
    except (KeyError, IndexError, TypeError, OverflowError, FastcilError):
        return None


def attempt(work: Callable[..., Any], *values: Any) -> bool:
    """Whether it could be done."""
    try:
        work(*values)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, FastcilError):
        return False
    return True


def set_value(target: codec.Arguments, key: Key, value: Any, type: ArgType | None = None) -> bool:
    """Sets a key, False when the value cannot be set. An Arg keeps its type."""
    if type is None:
        type = value_type(value)
    return attempt(target.set, key_name(key), plain(value), type)


def set_element(target: codec.Arguments, index: int, value: Any) -> bool:
    """Sets an element (1-based), False when that cannot be."""
    return attempt(target.set_element, index, plain(value), value_type(value))


def value_type(value: Any) -> ArgType | None:
    """The type of an Arg, else None: by the value."""
    type_of = getattr(value, "_type", None)
    return type_of() if type_of is not None else None


def add_listener(
    session: ThreadedSession, listener: Any, list_id: int, bind: Binder, method: str = ""
) -> CilError:
    """AddEventListener and its kin; adding twice does nothing. method: what it must have."""
    if listener is None or (method and not callable(getattr(listener, method, None))):
        return CilError.E_CTIOS_INVALID_ARGUMENT
    try:
        session.add_listener(listener, list_id, bind)
    except ValueError:
        return CilError.E_CTIOS_INVALID_ARGUMENT
    return CilError.CIL_OK


def remove_listener(
    session: ThreadedSession, listener: Any, list_id: int, bind: Binder
) -> CilError:
    """RemoveEventListener and its kin; CIL_FAIL when the listener was not there."""
    try:
        found = session.remove_listener(listener, list_id, bind)
    except ValueError:
        return CilError.E_CTIOS_INVALID_ARGUMENT
    return CilError.CIL_OK if found else CilError.CIL_FAIL
