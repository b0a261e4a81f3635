"""The two events that everything is measured with, and the questions asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastcil.workload import samples

READ = ("UniqueObjectID", "CallStatus", "ICMEnterpriseUniqueID")


def plain(values: Any) -> dict[str, Any]:
    """Nested dicts of plain values, whatever mapping the sample is."""
    return {
        key: plain(value) if isinstance(value, Mapping) else value for key, value in values.items()
    }


@dataclass(frozen=True)
class Event:
    """One event with the filters that hit and miss it.

    Both filters name two keys of the block; the first key matches in both, so a miss
    costs two look-ups too.
    """

    name: str
    title: str
    message_id: int
    values: dict[str, Any]

    @property
    def prefix(self) -> str:
        return str(self.values["UniqueObjectID"])[:10]

    @property
    def status(self) -> int:
        return int(self.values["CallStatus"])

    @property
    def hit(self) -> str:
        return f"UniqueObjectID={self.prefix}*; CallStatus={self.status}"

    @property
    def miss(self) -> str:
        return f"UniqueObjectID={self.prefix}*; CallStatus={self.status + 1}"


def call_begin() -> Event:
    values = plain(samples.full_call_begin())
    return Event("call_begin", f"OnCallBegin, {len(values)} items", samples.CALL_BEGIN_ID, values)


def call_held() -> Event:
    values = plain(samples.call_held())
    return Event("call_held", f"OnCallHeld, {len(values)} items", samples.CALL_HELD_ID, values)


def events() -> list[Event]:
    return [call_begin(), call_held()]
