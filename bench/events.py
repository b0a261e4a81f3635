"""The two events that everything is measured with, and the questions asked of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastcil.catalog import event_id
from fastcil.recording import RecordingReader
from fastcil.workload import samples

FROM_FILE = "FASTCIL_BENCH_FILE"  # a recording to take the events from, here and in child processes
BEGIN = event_id("OnCallBegin")
HELD = event_id("OnCallHeld")
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


def recorded(path: str) -> list[Event]:
    """The fullest OnCallBegin and OnCallHeld of a recording (`fastcil record`)."""
    fullest: dict[int, dict[str, Any]] = {}
    with RecordingReader(path) as reader:
        for _, frame in reader:
            if frame.message_id in (BEGIN, HELD):
                values = frame.to_dict()
                if len(values) > len(fullest.get(frame.message_id, {})):
                    fullest[frame.message_id] = values
    found = []
    for number, name, callback in (
        (BEGIN, "call_begin", "OnCallBegin"),
        (HELD, "call_held", "OnCallHeld"),
    ):
        values = fullest.get(number, {})
        missing = [key for key in READ if key not in values]
        if missing:
            raise SystemExit(
                f"{path}: no {callback} with {', '.join(missing)}; record with MinimizeEventArgs 0"
            )
        found.append(Event(name, f"{callback}, {len(values)} items, recorded", number, values))
    return found


def events() -> list[Event]:
    if FROM_FILE in os.environ:
        return recorded(os.environ[FROM_FILE])
    return [call_begin(), call_held()]
