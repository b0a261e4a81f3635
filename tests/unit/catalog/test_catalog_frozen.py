"""Numbers of events that were given away once keep their meaning.

data/event_numbers.json was written when the numbers were fixed. New events append to it; a line of
it never changes, because recorded streams and other implementations hold these numbers.
"""

from __future__ import annotations

import json
from pathlib import Path

from fastcil import catalog

FROZEN: dict[str, int] = json.loads(
    (Path(__file__).parent / "data" / "event_numbers.json").read_text("utf-8")
)
DOCUMENTED = {
    "eCallBeginEvent": 23,
    "eCallEndEvent": 24,
    "eAgentStateEvent": 30,
    "eRTPStartedEvent": 116,
    "eRTPStoppedEvent": 117,
    "eOnNewSkillGroupStatisticsEvent": 536871027,
}


def test_event_numbers_never_change() -> None:
    now = {name: member.value for name, member in catalog.EventID.__members__.items()}
    assert {name: now.get(name) for name in FROZEN} == FROZEN


def test_every_event_number_is_frozen() -> None:
    assert set(catalog.EventID.__members__) == set(FROZEN)


def test_documented_numbers_are_among_them() -> None:
    assert DOCUMENTED.items() <= FROZEN.items()
