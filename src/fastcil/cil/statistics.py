"""Statistics of agents and skill groups: mapping views with the documented names.

The values are those of the object's Statistics property; the computed ones are those of the sample
desktop. Source: CTI OS Developer Guide 12.6(1), agent chapter and skill group chapter (statistics
tables), building chapter (computed statistics).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Union

from fastcil.catalog import data
from fastcil.cil.lenient import tree_of
from fastcil.codec import Arguments

if TYPE_CHECKING:
    from fastcil.cil.objects import CtiOsObject

__all__ = ["Names", "Statistics", "names_of", "nested_statistics"]

UNKNOWN = 0xFFFFFFFF
_PROPERTY = "STATISTICS"
Value = Union[int, float, None]


class Formula(NamedTuple):
    """A sum of statistics, divided by another sum or by nothing."""

    over: tuple[str, ...]
    under: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Formula:
        """'(A + B) / (C + D)', 'A / B', 'A + B' or 'A'."""
        over, _, under = text.partition("/")
        return cls(*(tuple(re.findall(r"\w+", part)) for part in (over, under)))


class Names(NamedTuple):
    """The documented statistics of one kind of object."""

    plain: tuple[str, ...]
    computed: Mapping[str, Formula]
    spellings: Mapping[str, str]  # lower case → as documented


@cache
def names_of(kind: str) -> Names:
    """The statistics of 'agent' or 'skill_group'; KeyError for another kind."""
    api = data("api")
    plain = tuple(one["name"] for one in api[f"{kind}_statistics"])
    computed = {
        name: Formula.parse(text) for name, text in api[f"computed_{kind}_statistics"].items()
    }
    return Names(plain, computed, {name.lower(): name for name in (*plain, *computed)})


class Statistics(Mapping[str, Value]):
    """The statistics of an agent or skill group, always as they are now.

    Keys: every documented statistic, then the computed ones (averages in seconds, ratios); case
    does not matter. None: unknown, since the server says so (0xFFFFFFFF), did not send it, or a
    computed one would divide by zero. Times are in seconds. KeyError for a name that is not
    documented: others that a server sends are in the object's Statistics property.
    """

    __slots__ = ("_kind", "_owner")

    def __init__(self, owner: CtiOsObject, kind: str) -> None:
        self._owner = owner
        self._kind = kind

    def __getitem__(self, name: str) -> Value:
        names = names_of(self._kind)
        known = names.spellings.get(name.strip().lower())
        if known is None:
            raise KeyError(name)
        found = tree_of(self._owner, _PROPERTY)
        formula = names.computed.get(known)
        if found is None:
            return None
        return _value(found, known) if formula is None else _computed(found, formula)

    def __iter__(self) -> Iterator[str]:
        names = names_of(self._kind)
        yield from names.plain
        yield from names.computed

    def __len__(self) -> int:
        return len(names_of(self._kind).spellings)

    def known(self) -> dict[str, int | float]:
        """Those whose value is known."""
        return {name: value for name, value in self.items() if value is not None}

    def __repr__(self) -> str:
        return f"Statistics({self.known()!r})"


def _value(found: Arguments, name: str) -> int | None:
    value = found.get(name)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        value = int(value)
    # 0xFFFFFFFF in an INT is -1; no statistic is negative.
    if not isinstance(value, int) or value < 0 or value == UNKNOWN:
        return None
    return int(value)


def _computed(found: Arguments, formula: Formula) -> Value:
    over = _sum(found, formula.over)
    if not formula.under:
        return over
    under = _sum(found, formula.under)
    if over is None or not under:
        return None
    return over / under


def _sum(found: Arguments, names: tuple[str, ...]) -> int | None:
    total = 0
    for name in names:
        value = _value(found, name)
        if value is None:
            return None
        total += value
    return total


def nested_statistics(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields of OnAgentStatistics with its statistics nested under STATISTICS.

    The guide leaves open whether the event carries them flat; the agent's property is nested.
    """
    if not isinstance(fields, dict):
        fields = dict(fields)
    if any(key.lower() == "statistics" for key in fields):
        return fields
    names = frozenset(names_of("agent").plain)
    found = {key: value for key, value in fields.items() if key in names}
    rest = {key: value for key, value in fields.items() if key not in names}
    return {**rest, _PROPERTY: found} if found else fields
