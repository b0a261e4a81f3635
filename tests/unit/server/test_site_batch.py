"""Messages that come in one turn of the loop: their events go out together, in order."""

from __future__ import annotations

import asyncio

import pytest
from site_messages import call, state

from fastcil.catalog import AgentState, event_id
from fastcil.ged188 import Message
from fastcil.ged188.link import LinkSettings, MessageReceived
from fastcil.server.cti import CtiServer
from fastcil.server.site.mapper import SiteMapper
from fastcil.server.site.objects import AgentObject
from fastcil.server.source import SourceEvent
from fastcil.server.upstream import SiteSource

STATE, BEGIN, HELD = (
    event_id(name) for name in ("OnAgentStateChange", "OnCallBegin", "OnCallHeld")
)


def source() -> tuple[SiteSource, list[list[int]]]:
    given: list[list[int]] = []

    def publish_all(events: list[SourceEvent]) -> None:
        given.append([event.message_id for event in events])

    found = SiteSource(SiteMapper())
    found.publish = lambda event: given.append([event.message_id])
    found.publish_all = publish_all
    return found, given


def some() -> list[Message]:
    return [state("22001", 3, "3001"), call("CALL_HELD_EVENT", "3001"), state("22002", 3, "3002")]


def test_they_are_published_in_one_piece() -> None:
    site, given = source()
    site.messages(some(), 1.0)
    assert given == [[STATE, BEGIN, HELD, STATE]]


def test_one_that_fails_does_not_keep_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def wrapup(agent: AgentObject, way: int) -> None:
        raise RuntimeError("no")

    site, given = source()
    site.mapper.agents.wrapup = wrapup
    first, _, last = some()
    site.messages([first, state("22003", AgentState.eWorkReady, "3003"), last], 1.0)
    assert given == [[STATE, STATE]]
    assert "AGENT_STATE_EVENT could not be taken in" in caplog.text
    assert "RuntimeError: no" in caplog.text


def test_parts_are_told_of_their_events_only() -> None:
    site, _ = source()
    told: list[str] = []
    part = site.parts[0]
    site._telling = {"OnCallHeld": [part]}
    part.told = lambda event: told.append(event.callback)  # type: ignore[method-assign]
    site.messages(some(), 1.0)
    assert told == ["OnCallHeld"]


def test_events_of_the_link_keep_their_order() -> None:
    async def run() -> None:
        site, given = source()
        server = CtiServer(LinkSettings(sides=(("127.0.0.1", 1),)), site)
        server.take_in([MessageReceived(one, "A") for one in some()])
        assert given == [[STATE, BEGIN, HELD, STATE]]
        await asyncio.sleep(0)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("minimal", "complete", "levels"),
    [(True, False, 1), (False, True, 2), (True, True, 3), (False, False, 1)],
)
def test_only_what_somebody_wants_is_made(minimal: bool, complete: bool, levels: int) -> None:
    site, _ = source()
    site.want_levels(minimal, complete)
    assert site.mapper.calls.levels == site.mapper.agents.levels == levels
