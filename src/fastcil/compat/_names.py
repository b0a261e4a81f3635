"""Names that stand alone in programs of other languages: enumerators, keywords, interfaces of them.

C++ enumerators are unscoped, and a Java class that implements an interface of constants has them
without a prefix. Source: CTI OS Developer Guide 12.6(1), CIL coding conventions (keywords, Java
interfaces), and the samples of the building chapter.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Any

import fastcil.catalog as catalog
from fastcil.catalog import CONSTANTS, KEYWORDS, _enums, keyword_id

__all__ = ["FORCED_LOGOUT_REASON_CODE", "constants_of", "enumeration", "enumerators", "keyword"]

FORCED_LOGOUT_REASON_CODE = 50002
"""CTIOS_FORCED_LOGOUT_REASON_CODE, whose number the guide does not print: EventReasonCode of an
agent who was logged out because a component of the CTI client failed (Database Schema Handbook for
Unified CCE, Release 15.0(1), Predefined Logout Reason Codes)."""

# Printed besides the name that the tables have, in samples of the building and architecture
# chapters.
_OTHERS = {"eSessionModeNotSet": "eNotConnected", "CIL_FAILED": "CIL_FAIL"}


def enumeration(name: str) -> Any:
    """The enumeration of a name, or None."""
    found = None if name.startswith("_") else getattr(catalog, name, None)
    return found if isinstance(found, type) and issubclass(found, Enum) else None


@cache
def enumerators() -> dict[str, Any]:
    """Every enumerator by its name; a name that two enumerations give other numbers is left out."""
    found: dict[str, Any] = {}
    twice = set()
    for name in _enums.__all__:
        for key, member in getattr(enumeration(name), "__members__", {}).items():
            if found.setdefault(key, member) != member:
                twice.add(key)
    found.update({other: found[name] for other, name in _OTHERS.items()})
    return {key: member for key, member in found.items() if key not in twice}


@cache
def _keywords() -> dict[str, Any]:
    """ekw and S_ names: the number and the name of a keyword."""
    found: dict[str, Any] = {}
    for constant, name in CONSTANTS.items():
        found["S_" + constant.partition("_")[2]] = name
    found.update({f"ekw{name}": keyword_id(name) for name in KEYWORDS if name})
    return found


def keyword(name: str) -> int | str | None:
    """CTIOS_… and ekw…: the number of a keyword; S_…: its name. None when nothing is called so.

    The samples print CTIOS_ names in mixed case too.
    """
    if name == "CTIOS_FORCED_LOGOUT_REASON_CODE":
        return FORCED_LOGOUT_REASON_CODE
    if name.startswith("CTIOS_"):
        known = CONSTANTS.get(name.upper())
        return None if known is None else keyword_id(known)
    return _keywords().get(name)


@cache
def constants_of(name: str) -> type | None:
    """CtiOs_I…, the interface whose constants are an enumeration's; None for no enumeration."""
    found = enumeration(name[len("CtiOs_I") :]) if name.startswith("CtiOs_I") else None
    if found is None:
        return None
    return type(name, (), {"__doc__": found.__doc__, **found.__members__})
