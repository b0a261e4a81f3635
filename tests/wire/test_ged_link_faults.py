"""What can go wrong on real connections: faults, refusals, old versions, sides that fail over."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from ged_link_run import leave, run, scripted, settings, texts, until
from ged_peer import GedPeer, unused_port

from fastcil.ged188 import encode_message
from fastcil.ged188.enums import StatusCode
from fastcil.ged188.link import (
    Closed,
    ConnectFailed,
    CtiLink,
    DecodeProblem,
    LinkClosedError,
    LinkDownError,
    LinkLost,
    LinkLostError,
    LinkState,
    Lost,
    Opened,
    OpenError,
    OpenRefused,
    Reconcile,
    ReconcileReason,
)
from fastcil.ged188.requests import HoldCallReq

HOLD = HoldCallReq(peripheral_id=1, connection_call_id=2, connection_device_id="3001")


@pytest.fixture
def peer() -> Iterator[GedPeer]:
    with GedPeer() as found:
        yield found


@pytest.fixture
def other() -> Iterator[GedPeer]:
    with GedPeer() as found:
        yield found


# --- faults ---------------------------------------------------------------------------------------


def test_bytes_that_trickle_in_make_the_same_messages(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        event = {"ICMCentralControllerTime": 1, "Distribution": 3, "ClientID": "x"}
        data = b"".join(
            encode_message("USER_MESSAGE_EVENT", {**event, "Text": text}) for text in "abc"
        )
        await scripted(server.trickle, data, 1)
        assert await texts(stream, 3) == ["a", "b", "c"]
        await leave(link, server)

    run(main())


@pytest.mark.parametrize("how", ["middle", "close", "reset"])
def test_a_dropped_connection_is_made_again(peer: GedPeer, how: str) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        await until(stream, Opened)
        asking = asyncio.ensure_future(link.request(HOLD))
        await scripted(server.expect, "HOLD_CALL_REQ")
        if how == "middle":
            await scripted(server.raw, encode_message("HOLD_CALL_CONF", {"InvokeID": 2})[:9])
        await scripted(server.reset if how == "reset" else server.close)
        with pytest.raises(LinkLostError):
            await asking
        lost = await until(stream, LinkLost)
        assert (lost.side, lost.reason) == ("A", Lost.CLOSED_BY_PEER)
        assert link.state is LinkState.CONNECTING
        with pytest.raises(LinkDownError):
            await link.request(HOLD)
        server = await scripted(peer.opened)
        await until(stream, Opened)
        assert (await until(stream, Reconcile)).reason is ReconcileReason.OPENED
        await scripted(server.say, "back")
        assert await texts(stream, 1) == ["back"]
        assert (link.counters.losses, link.counters.opens) == (1, 2)
        await leave(link, server)

    run(main())


def test_a_server_that_stops_answering_is_left(peer: GedPeer, other: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, other, heartbeat_interval=0.05, stable_after=60.0))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        await until(stream, Opened)
        lost = await until(stream, LinkLost)
        assert lost.reason is Lost.HEARTBEATS
        await scripted(server.gone)
        server = await scripted(other.opened)
        assert (await until(stream, Opened)).side == "B"
        assert link.counters.heartbeats_missed == 3
        await leave(link, server)

    run(main())


def test_heartbeats_that_are_answered_hold_the_session(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, heartbeat_interval=0.02, missed_heartbeats=500))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())

        def serve() -> None:
            for _ in range(10):
                beat = server.expect("HEARTBEAT_REQ")
                server.confirm(beat, "HEARTBEAT_CONF")

        await scripted(serve)
        assert link.state is LinkState.OPEN
        await leave(link, server)

    run(main())


def test_a_server_that_does_not_read_is_left(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, max_unsent=50_000))
        _, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        await until(stream, Opened)

        def flood() -> None:
            while True:
                link.send("MEDIA_LOGIN_REQ", body=b"x" * 10_000)

        with pytest.raises(LinkDownError):
            flood()
        assert "does not read" in (await until(stream, LinkLost)).text
        server = await scripted(peer.opened)
        await until(stream, Opened)
        await leave(link, server)

    run(main())


def test_garbage(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        await scripted(server.raw, struct.pack(">III", 4, 60_000, 0))
        await scripted(server.say, "still here")
        problem = await until(stream, DecodeProblem)
        assert problem.error.resumable
        assert await texts(stream, 1) == ["still here"]
        await scripted(server.raw, b"\xff" * 100)
        assert (await until(stream, LinkLost)).reason is Lost.GARBAGE
        await scripted(server.gone)
        server = await scripted(peer.opened)
        await until(stream, Opened)
        await leave(link, server)

    run(main())


def test_a_refused_password_is_not_tried_again(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, client_password="wrong"))
        serving = asyncio.ensure_future(
            scripted(lambda: peer.accept().refuse_open(StatusCode.E_CTI_INVALID_PASSWORD))
        )
        with pytest.raises(OpenError) as caught:
            await link.open()
        assert caught.value.status is StatusCode.E_CTI_INVALID_PASSWORD
        assert (await serving)["ClientPassword"] == b"wrong"
        assert link.state is LinkState.CLOSED
        with pytest.raises(OpenError):
            await link.open()

    run(main())


def test_nobody_answers_in_time(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, unused_port()))
        accepting = asyncio.ensure_future(scripted(peer.accept))
        with pytest.raises(OpenError, match="no session"):
            await link.open(timeout=0.2)
        assert link.state is LinkState.CLOSED
        await scripted((await accepting).expect, "OPEN_REQ")

    run(main())


def test_open_that_is_cancelled_leaves_nothing_behind(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        opening = asyncio.ensure_future(link.open(None))
        server = await scripted(peer.accept)
        await scripted(server.expect, "OPEN_REQ")
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await scripted(server.gone)
        assert link.state is LinkState.CLOSED

    run(main())


def test_a_server_that_never_confirms_the_close(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, close_timeout=0.05))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        await link.close()
        await scripted(server.expect, "CLOSE_REQ")
        await scripted(server.gone)
        assert link.state is LinkState.CLOSED

    run(main())


def test_abort_waits_for_nothing(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        link.abort()
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        asking = asyncio.ensure_future(link.request(HOLD))
        await scripted(server.expect, "HOLD_CALL_REQ")
        link.abort()
        assert link.state is LinkState.CLOSED
        await until(stream, Closed)
        with pytest.raises(LinkClosedError):
            await asking
        await link.wait_closed()

    run(main())


def test_close_fails_what_is_outstanding(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        asking = asyncio.ensure_future(link.request(HOLD))
        await scripted(server.expect, "HOLD_CALL_REQ")
        await leave(link, server)
        with pytest.raises(LinkClosedError):
            await asking

    run(main())


# --- versions and sides ---------------------------------------------------------------------------


def test_versions_go_down_on_real_connections(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, version=21))

        def serve() -> Any:
            asked = []
            for _ in range(3):
                server = peer.accept()
                asked.append(server.refuse_open(StatusCode.E_CTI_INVALID_VERSION)["VersionNumber"])
            server = peer.accept()
            asked.append(server.open()["VersionNumber"])
            assert asked == [21, 20, 19, 18]
            return server

        server, _ = await asyncio.gather(scripted(serve), link.open())
        assert link.version == 18
        stream = link.events()
        assert (await until(stream, OpenRefused)).next_version == 20
        await scripted(server.say, "narrow tags")
        assert await texts(stream, 1) == ["narrow tags"]
        await leave(link, server)

    run(main())


def test_a_server_that_closes_on_newer_versions(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, version=12))

        def serve() -> Any:
            while True:
                server = peer.accept()
                request = server.expect("OPEN_REQ")
                if request["VersionNumber"] > 10:
                    server.close()
                    continue
                server.refuse(request, StatusCode.E_CTI_INVALID_VERSION)
                server.gone()
                break
            return peer.opened()

        server, _ = await asyncio.gather(scripted(serve), link.open())
        assert link.version == 9
        await leave(link, server)

    run(main())


def test_the_other_side_when_the_first_is_down(other: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(unused_port(), other))
        server, _ = await asyncio.gather(scripted(other.opened), link.open())
        assert link.side == "B"
        stream = link.events()
        failed = await until(stream, ConnectFailed)
        assert (failed.side, failed.reason) == ("A", Lost.CONNECT_FAILED)
        await leave(link, server)

    run(main())


def test_fail_over_from_a_to_b_and_back(peer: GedPeer, other: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, other))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        await until(stream, Opened)
        await scripted(peer.leave)
        await scripted(server.reset)
        await until(stream, LinkLost)
        server = await scripted(other.opened)
        assert (await until(stream, Opened)).side == "B"
        asking = asyncio.ensure_future(link.request(HOLD))
        await scripted(lambda: server.confirm(server.expect("HOLD_CALL_REQ")))
        await asking
        await leave(link, server)

    run(main())


def test_off_line_is_said_and_the_session_moves(peer: GedPeer, other: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, other))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        await until(stream, Opened)
        await scripted(lambda: server.send("FAILURE_EVENT", Status=15))
        await scripted(server.take_leave, StatusCode.E_CTI_CTI_SERVER_OFFLINE)
        moved = await scripted(other.opened)
        assert (await until(stream, Opened)).side == "B"
        await leave(link, moved)

    run(main())
