"""The facts of the CTI OS client interface: keywords, events, enumerations, event parameters.

Keyword ids and enumerations come from generated modules; events with their parameters are
read from the data files when first asked for. See docs/catalog.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._keywords import ALIASES, CONSTANTS, KEYWORDS
from ._names import EVENT_NAMES, FILTER_FORBIDDEN

if TYPE_CHECKING:
    from ._enums import *  # noqa: F403
    from ._events import (
        EVENTS,
        EVENTS_BY_CALLBACK,
        EVENTS_BY_ID,
        INTERFACES,
        JAVA_ADAPTERS,
        MINIMIZED,
        Event,
        Interface,
        Message,
        Minimized,
        Parameter,
        Variant,
    )

__all__ = [
    "ALIASES",
    "CONSTANTS",
    "EVENTS",
    "EVENTS_BY_CALLBACK",
    "EVENTS_BY_ID",
    "EVENT_NAMES",
    "FILTER_FORBIDDEN",
    "INTERFACES",
    "JAVA_ADAPTERS",
    "KEYWORDS",
    "MINIMIZED",
    "Event",
    "Interface",
    "Message",
    "Minimized",
    "Parameter",
    "Variant",
    "data",
    "event",
    "event_id",
    "filter_forbidden_ids",
    "interface",
    "keyword_id",
    "minimized_parameters",
]

_BLANKS = " \t\n\v\f\r"
_IDS: dict[str, int] = {keyword.lower(): number for number, keyword in enumerate(KEYWORDS)}
_IDS.update((keyword, number) for number, keyword in enumerate(KEYWORDS))
del _IDS[""]


def keyword_id(name: str) -> int:
    """The id of a keyword, 0 when it is none; ASCII case and blanks around it do not matter."""
    found = _IDS.get(name)
    if found is None:
        name = name.strip(_BLANKS)
        found = _IDS.get(name.lower(), 0) if name.isascii() else 0
    return found


def event_id(name: str) -> int:
    """The number of an event by callback, EventID member or alias, 0 when unknown."""
    return EVENT_NAMES.get(name, 0)


def event(key: int | str, interface: str | None = None) -> Event:
    """An event by number, callback, EventID member or alias; KeyError when there is none.

    OnControlFailureConf stands in two interfaces: without one, that of ICallEvents is given.
    """
    from ._events import find

    return find(key, interface)


def interface(name: str) -> Interface:
    """An event interface by name; KeyError when there is none."""
    from ._events import INTERFACES

    return INTERFACES[name]


def minimized_parameters(
    key: int | str, level: int, minimal_set: str = "section"
) -> tuple[str, ...]:
    """The keywords of an event with MinimizeEventArgs = level; KeyError when unknown.

    Events outside the documented table have the same parameters at both levels. minimal_set:
    what level 1 is, the event's own "section" or its row of the "table" (docs/catalog.md,
    contradictions); ValueError for another word.
    """
    from ._events import MINIMIZED, find

    if level not in (0, 1):
        raise ValueError(f"MinimizeEventArgs is 0 or 1, not {level!r}")
    if minimal_set not in ("section", "table"):
        raise ValueError(f"minimal_set is 'section' or 'table', not {minimal_set!r}")
    entry = MINIMIZED.get(key) if isinstance(key, str) else None
    if entry is None:
        found = find(key)
        entry = MINIMIZED.get(found.callback)
        if entry is None:
            return found.keywords
    return entry.level(level, minimal_set)


def filter_forbidden_ids() -> frozenset[int]:
    """The numbers of the events that a message filter may not name."""
    return frozenset(FILTER_FORBIDDEN)


def data(name: str) -> dict[str, Any]:
    """One of the data files: api, enums, events, keywords, minimize, server_config, settings."""
    from ._events import load

    return load(name)


def __getattr__(name: str) -> Any:
    # Enumerations and events are made on first use.
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "_events" if name in __all__ else "_enums"
    module = import_module(f"{__name__}.{home}")
    if home == "_enums" and name not in module.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    enums: list[str] = import_module(f"{__name__}._enums").__all__
    return sorted({*globals(), *__all__, *enums})
