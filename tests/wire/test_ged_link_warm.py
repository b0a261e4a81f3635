"""The warm standby on real connections: both sides open, and the switch without a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from ged_link_run import leave, run, scripted, settings, texts, until
from ged_peer import ALL_EVENTS, STANDBY, GedPeer

from fastcil.ged188.enums import SessionType, StatusCode
from fastcil.ged188.link import (
    CtiLink,
    LinkLost,
    LinkState,
    MaintenanceAsked,
    MaintenanceDecided,
    Opened,
    Reconcile,
    ReconcileReason,
    StandbyLost,
    StandbyReady,
    StandbyRefused,
    SwitchedSides,
)
from fastcil.ged188.requests import HoldCallReq

BOTH = ALL_EVENTS | STANDBY
HOLD = HoldCallReq(peripheral_id=1, connection_call_id=2, connection_device_id="3001")
SWITCH = "STANDBY_ACTIVE_EVENT_MSG"
RELEASE = "STOPPING_REQUESTS_TO_THIS_SIDE_IND"


@pytest.fixture
def sides() -> Iterator[tuple[GedPeer, GedPeer]]:
    with GedPeer() as a, GedPeer() as b:
        yield a, b


async def held(sides: tuple[GedPeer, GedPeer], **more: Any) -> tuple[CtiLink, Any, Any]:
    """A link with A active and B standing by."""
    link = CtiLink(settings(*sides, standby=True, **more))
    a, _ = await asyncio.gather(scripted(sides[0].opened, SessionType.ACTIVE, BOTH), link.open())
    b = await scripted(sides[1].opened, SessionType.STANDBY, BOTH)
    return link, a, b


def test_a_graceful_shutdown(sides: tuple[GedPeer, GedPeer]) -> None:
    async def main() -> None:
        link, a, b = await held(sides)
        stream = link.events()
        assert (await until(stream, Opened)).side == "A"
        assert (await until(stream, StandbyReady)).side == "B"
        await scripted(lambda: a.send("ACTIVE_MAINTENANCE_REQ_MSG", InvokeID=9))
        answer = await scripted(a.expect, "ACTIVE_MAINTENANCE_RESP_MSG")
        assert (answer["InvokeID"], answer["MaintenanceModeAccepted"]) == (9, 1)
        assert (await until(stream, MaintenanceAsked)).accepted
        await scripted(lambda: a.send("ACTIVE_MAINTENANCE_EVENT_MSG", MaintenanceModeStatus=1))
        assert (await until(stream, MaintenanceDecided)).continues

        asking = asyncio.ensure_future(link.request(HOLD))
        asked = await scripted(a.expect, "HOLD_CALL_REQ")
        await scripted(b.send, SWITCH)
        assert await until(stream, SwitchedSides) == SwitchedSides("A", "B", 1)
        assert (await until(stream, Reconcile)).reason is ReconcileReason.SWITCHED
        assert link.side == "B"
        await scripted(b.say, "from B")
        assert await texts(stream, 1) == ["from B"]
        await scripted(a.confirm, asked)
        assert (await asking).name == "HOLD_CALL_CONF"
        await scripted(a.expect, RELEASE)
        await scripted(sides[0].leave)
        await scripted(a.close)
        assert (await until(stream, StandbyLost)).side == "A"

        asking = asyncio.ensure_future(link.request(HOLD))
        await scripted(lambda: b.confirm(b.expect("HOLD_CALL_REQ")))
        await asking
        assert (link.counters.switches, link.counters.losses) == (1, 0)
        await leave(link, b)

    run(main())


def test_the_active_side_dies(sides: tuple[GedPeer, GedPeer]) -> None:
    async def main() -> None:
        link, a, b = await held(sides)
        stream = link.events()
        await until(stream, StandbyReady)
        opens = link.counters.opens
        await scripted(sides[0].leave)
        await scripted(a.reset)
        lost = await until(stream, LinkLost)
        assert lost.standby == "B"
        await scripted(b.send, SWITCH)
        assert (await until(stream, SwitchedSides)).new == "B"
        assert link.state is LinkState.OPEN
        assert link.counters.opens == opens
        await leave(link, b)

    run(main())


def test_a_standby_that_refuses_leaves_one_side(sides: tuple[GedPeer, GedPeer]) -> None:
    async def main() -> None:
        link = CtiLink(settings(*sides, standby=True))
        opening = asyncio.ensure_future(link.open())
        a = await scripted(sides[0].opened, SessionType.ACTIVE, BOTH)
        await opening
        status = StatusCode.E_CTI_INVALID_CLIENT_FOR_STANDBY
        await scripted(lambda: sides[1].accept().refuse_open(status))
        stream = link.events()
        assert (await until(stream, StandbyRefused)).status is status
        await scripted(a.say, "alone")
        assert await texts(stream, 1) == ["alone"]
        await leave(link, a)

    run(main())


def test_close_says_good_bye_to_both(sides: tuple[GedPeer, GedPeer]) -> None:
    async def main() -> None:
        link, a, b = await held(sides)
        await until(link.events(), StandbyReady)
        await leave(link, a, b)
        assert link.state is LinkState.CLOSED

    run(main())
