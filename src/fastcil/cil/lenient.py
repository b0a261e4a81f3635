"""Values read as what they should be, whatever a server wrote there: nothing is raised.

So that an odd field spoils its own event at most, and not what the session has to do for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastcil.codec import Arguments

if TYPE_CHECKING:
    from fastcil.cil.objects import CtiOsObject

__all__ = ["number_in", "number_of", "tree_in", "tree_of"]


def number_in(fields: Mapping[str, Any], key: str, default: int = 0) -> int:
    """A number of an event, also as text; default for what is none."""
    return _number(fields.get(key), default)


def tree_in(fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What is nested in an event; nothing for what is not."""
    found = fields.get(key)
    return found if isinstance(found, Mapping) else {}


def number_of(owner: CtiOsObject, key: str, default: int) -> int:
    """A number among the properties, as number_in()."""
    return _number(owner.get_value(key, None), default)


def tree_of(owner: CtiOsObject, key: str) -> Arguments | None:
    """What is nested in a property; None for what is not."""
    found = owner.get_value(key, None)
    return found if isinstance(found, Arguments) else None


def _number(found: Any, default: int) -> int:
    try:
        return default if found is None else int(found)
    except (TypeError, ValueError):
        return default
