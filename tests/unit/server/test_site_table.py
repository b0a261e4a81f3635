"""docs/events.md is what the server's tables say, and they say what the server does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from site_messages import message

import fastcil.server
from fastcil.catalog import INTERFACES
from fastcil.ged188.schema import MESSAGES_BY_NAME
from fastcil.server.site import agents, calls, table
from fastcil.server.site.mapper import SiteMapper
from fastcil.server.site.objects import CALL_CALLBACKS
from fastcil.server.site.table_words import CLIENT, COMPUTED, NEVER, SERVER

CALLBACKS = {**calls.CALLBACKS, **agents.CALLBACKS}
EVENTS = [event for interface in INTERFACES.values() for event in interface.events]


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert table.main(["--check"]) == 0, capsys.readouterr().err


def test_every_event_has_one_origin() -> None:
    for event in EVENTS:
        plain = event.callback if event.base is None else event.base[1]
        words = sum(event.callback in one for one in (CLIENT, NEVER, SERVER))
        assert words == 1 or (words == 0 and table.sources_of(event)), event.callback
        assert plain not in NEVER or event.base is None
    known = {event.callback for event in EVENTS}
    assert {*CLIENT, *NEVER, *SERVER, *COMPUTED} <= known


def test_the_tables_name_real_messages_and_events() -> None:
    assert set(CALLBACKS) <= set(MESSAGES_BY_NAME)
    assert {one for found in CALLBACKS.values() for one in found} <= {e.callback for e in EVENTS}
    mapped = SiteMapper().mapped
    assert mapped == {name for name in CALLBACKS if name.endswith("_EVENT")}


@pytest.mark.parametrize("name", sorted(SiteMapper().mapped))
def test_a_message_causes_what_the_table_says(name: str) -> None:
    """Alone, and for a call and an agent that are known."""
    site = SiteMapper()
    ids = {"AgentID": "22001", "ConnectionDeviceID": "3001", "ConnectionCallID": 202}
    fields = {one.name for one in (*MESSAGES_BY_NAME[name].fixed, *MESSAGES_BY_NAME[name].floating)}
    given = {key: value for key, value in ids.items() if key in fields}
    for number in range(2):
        found = {event.callback for event in site.message(message(name, **given), float(number))}
        assert found <= set(CALLBACKS[name])
        site.message(message("BEGIN_CALL_EVENT", **begin(ids)), 1.0)


def begin(ids: dict[str, object]) -> dict[str, object]:
    return {**{k: v for k, v in ids.items() if k != "AgentID"}, "CalledPartyDisposition": 0}


def test_nobody_makes_what_never_occurs() -> None:
    """The names in the server's code are those of the events that it makes."""
    named: set[str] = set()
    folder = Path(fastcil.server.__file__).parent
    for path in folder.rglob("*.py"):
        if path.name != "table_words.py":
            named.update(re.findall(r'"(On[A-Z]\w+)"', path.read_text("utf-8")))
    assert not named & set(NEVER)
    assert set(SERVER) <= named
    assert set(CALL_CALLBACKS) <= named


@pytest.mark.parametrize("callback", sorted(SERVER))
def test_what_the_server_makes_it_fills(callback: str) -> None:
    """Of an event that the server makes, each field says whence it comes."""
    section = table.page().partition(f"### {callback} (")[2].partition("\n### ")[0]
    assert section
    assert "*never told*" not in section
