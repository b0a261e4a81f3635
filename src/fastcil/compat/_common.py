"""What the three faces share: keys by number or name, values read without exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Union

import fastcil.catalog as catalog
from fastcil import codec
from fastcil.catalog import CONSTANTS, KEYWORDS, CilError, keyword_id
from fastcil.cil.dispatch import Binder
from fastcil.cil.errors import SessionError
from fastcil.cil.objects import CtiOsObject
from fastcil.cil.threaded import ThreadedSession
from fastcil.codec import ArgType, FastcilError

__all__ = [
    "Enums",
    "Key",
    "KeywordIDs",
    "add_listener",
    "attempt",
    "code_of",
    "key_name",
    "plain",
    "read",
    "read_element",
    "remove_listener",
    "set_element",
    "set_message_filter",
    "set_value",
    "value_type",
]

Key = Union[int, str]  # a keyword id (CTIOS_…) or a name


class _Enums(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(catalog, name)


class Enums(metaclass=_Enums):
    """CtiOs_Enums: the enumerations of the catalog, CtiOs_Enums.EventID.eCallBeginEvent …"""


class _KeywordIDs(type):
    def __getattr__(cls, name: str) -> int:
        keyword = CONSTANTS.get(name)
        if keyword is None:
            raise AttributeError(f"no keyword is called {name}")
        return keyword_id(keyword)


class KeywordIDs(metaclass=_KeywordIDs):
    """CtiOs_IKeywordIDs, Enum_CtiOs: CTIOS_AGENTID … as numbers, which every key may be."""


def key_name(key: Key) -> str:
    """The name of a key; a number of no keyword gives '#' and the number."""
    if isinstance(key, str):
        return key
    return KEYWORDS[key] if 0 < key < len(KEYWORDS) else f"#{int(key)}"


def plain(value: Any) -> Any:
    """What the codec stores: a face's Arg or Arguments gives the value it holds."""
    native = getattr(value, "_native", None)
    return native() if native is not None else value


def read(source: codec.Arguments | CtiOsObject, kind: str, key: Key) -> Any:
    """A value as kind ('int', 'string' …), or None when it is absent or cannot be converted."""
    name = key_name(key)
    try:
        if isinstance(source, CtiOsObject):
            kind = "array" if kind == "arguments" else kind
            return getattr(source, f"get_value_{kind}")(name)
        return getattr(source, f"get_{kind}")(name)
    except (KeyError, OverflowError, FastcilError):
        return None


def read_element(source: codec.Arguments, kind: str, index: int) -> Any:
    """An element (1-based) as kind, or None."""
    try:
        return getattr(codec.Arguments({"Value": source.element(index)}), f"get_{kind}")("Value")
    except (IndexError, OverflowError, FastcilError):
        return None


def attempt(work: Callable[..., Any], *values: Any) -> bool:
    """Whether it could be done."""
    try:
        work(*values)
    except (KeyError, IndexError, TypeError, OverflowError, FastcilError):
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


def code_of(work: Callable[[], Any]) -> CilError:
    """CIL_OK, or the code of what the native session raised."""
    try:
        work()
    except SessionError as error:
        return error.code
    except FastcilError:
        return CilError.E_CTIOS_INVALID_ARGUMENT
    return CilError.CIL_OK


def add_listener(session: ThreadedSession, listener: Any, list_id: int, bind: Binder) -> CilError:
    """AddEventListener and its kin; adding twice does nothing."""
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


def set_message_filter(session: ThreadedSession, arguments: Mapping[str, Any]) -> CilError:
    """SetMessageFilter: Filter, and MonitorSessionSnapshotMode = 1 for no snapshot."""
    values = arguments if isinstance(arguments, codec.Arguments) else codec.Arguments(arguments)
    text = values.get_string("Filter", None)
    if text is None:
        return CilError.E_CTIOS_MISSING_ARGUMENT
    snapshot = read(values, "int", "MonitorSessionSnapshotMode") != 1
    return code_of(lambda: session.set_message_filter(text, snapshot=snapshot))
