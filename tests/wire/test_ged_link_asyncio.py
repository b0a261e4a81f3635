"""The asyncio link against a scripted CTI Server on real sockets, in order and in disorder."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator

import pytest
from ged_link_run import leave, run, scripted, settings, texts, until
from ged_peer import GedPeer

from fastcil.ged188 import EncodeError
from fastcil.ged188.enums import ControlFailureCode, StatusCode
from fastcil.ged188.link import (
    Closed,
    ControlFailureError,
    CtiLink,
    Gap,
    LinkClosedError,
    LinkError,
    LinkState,
    MessageReceived,
    Opened,
    Reconcile,
    ReconcileReason,
    RequestFailedError,
    RequestTimeoutError,
    UnexpectedConfirmation,
)
from fastcil.ged188.requests import HoldCallReq, ListAgentTeamReq, SnapshotDeviceReq

HOLD = HoldCallReq(peripheral_id=1, connection_call_id=2, connection_device_id="3001")


@pytest.fixture
def peer() -> Iterator[GedPeer]:
    with GedPeer() as found:
        yield found


@pytest.fixture
def other() -> Iterator[GedPeer]:
    with GedPeer() as found:
        yield found


def test_from_open_to_close(peer: GedPeer) -> None:
    async def main() -> None:
        serving = asyncio.ensure_future(scripted(peer.opened))
        async with CtiLink(settings(peer)) as link:
            server = await serving
            assert (link.state, link.side, link.version) == (LinkState.OPEN, "A", 25)
            assert link.services == 16
            stream = link.events()
            opened = await until(stream, Opened)
            assert opened.open_conf["PeripheralType"] == 17
            assert (await until(stream, Reconcile)).reason is ReconcileReason.OPENED
            await scripted(server.say, "hello")
            assert await texts(stream, 1) == ["hello"]
            asking = asyncio.ensure_future(link.request(HOLD))
            asked = await scripted(server.expect, "HOLD_CALL_REQ")
            assert asked["ConnectionDeviceID"] == "3001"
            await scripted(server.confirm, asked)
            assert (await asking).name == "HOLD_CALL_CONF"
            leaving = asyncio.ensure_future(scripted(server.take_leave))
        await leaving
        assert isinstance(await until(stream, Closed), Closed)
        with pytest.raises(StopAsyncIteration):
            await stream.__anext__()
        assert [event async for event in link.events()] == []
        assert link.counters.requests == link.counters.confirmations == 1
        with pytest.raises(LinkClosedError):
            await link.request(HOLD)

    run(main())


def test_sockets_have_no_delay_and_no_linger(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        protocol = link._protocols[0]
        assert protocol.transport is not None
        sock = protocol.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        linger = sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
        assert struct.unpack("ii", linger) == (1, 0)
        await leave(link, server)

    run(main())


def test_answers_in_any_order_and_refusals(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        asking = [asyncio.ensure_future(link.request(HOLD)) for _ in range(3)]
        asked = [await scripted(server.expect, "HOLD_CALL_REQ") for _ in range(3)]
        await scripted(server.confirm, asked[2])
        await scripted(server.refuse, asked[1], 13)
        values = {"FailureCode": 14, "PeripheralErrorCode": 7}
        await scripted(lambda: server.confirm(asked[0], "CONTROL_FAILURE_CONF", **values))
        assert (await asking[2])["InvokeID"] == asked[2]["InvokeID"]
        with pytest.raises(RequestFailedError) as failed:
            await asking[1]
        assert failed.value.status is StatusCode.E_CTI_INVALID_CALLID
        with pytest.raises(ControlFailureError) as control:
            await asking[0]
        assert control.value.failure_code is ControlFailureCode(14)
        assert control.value.peripheral_error_code == 7
        await leave(link, server)

    run(main())


def test_five_hundred_requests_at_once(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())

        def serve() -> None:
            for request in reversed([server.expect("HOLD_CALL_REQ") for _ in range(500)]):
                server.confirm(request)

        serving = asyncio.ensure_future(scripted(serve))
        found = await asyncio.gather(*(link.request(HOLD) for _ in range(500)))
        await serving
        assert len({message["InvokeID"] for message in found}) == 500
        await leave(link, server)

    run(main())


def test_time_outs_and_requests_that_are_given_up(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        with pytest.raises(RequestTimeoutError):
            await link.request(HOLD, timeout=0.01)
        first = await scripted(server.expect, "HOLD_CALL_REQ")
        asking = asyncio.ensure_future(link.request(HOLD))
        second = await scripted(server.expect, "HOLD_CALL_REQ")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        for asked in (first, second):
            await scripted(server.confirm, asked)
            late = await until(stream, UnexpectedConfirmation)
            assert (late.late, late.request) == (True, "HOLD_CALL_REQ")
        assert (link.counters.late, link.counters.abandoned, link.counters.timeouts) == (2, 1, 1)
        await leave(link, server)

    run(main())


def test_an_answer_in_parts(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())

        def serve() -> None:
            asked = server.expect("LIST_AGENT_TEAM_REQ")
            for segment, (more, teams) in enumerate([(1, [1, 2]), (0, [3])], 1):
                values = {"SegmentNumber": segment, "More": more, "TeamID": teams}
                server.confirm(asked, "LIST_AGENT_TEAM_CONF", **values)

        for asking in (link.request, link.request_parts):
            serving = asyncio.ensure_future(scripted(serve))
            found = await asking(ListAgentTeamReq(supervisor_id=9))
            await serving
            if isinstance(found, tuple):
                assert [part["TeamID"] for part in found] == [[1, 2], [3]]
            else:
                assert found["TeamID"] == [1, 2, 3]
        await leave(link, server)

    run(main())


def test_what_cannot_be_sent_is_told_at_once(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        with pytest.raises(LinkError, match="not opened"):
            await link.request(HOLD)
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        with pytest.raises(EncodeError, match="AgentInstrument"):
            await link.request(SnapshotDeviceReq(peripheral_id=1, agent_instrument="x" * 99))
        link.send("MEDIA_LOGIN_REQ", body=b"\1\2")
        assert (await scripted(server.expect, "MEDIA_LOGIN_REQ")).body == b"\1\2"
        await leave(link, server)

    run(main())


# --- readers --------------------------------------------------------------------------------------


def test_every_stream_has_all_events_from_its_beginning(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        first = link.events()
        await scripted(server.say, "one")
        assert await texts(first, 1) == ["one"]
        second = link.events()
        await scripted(server.say, "two")
        assert await texts(first, 1) == await texts(second, 1) == ["two"]
        second.close()
        await scripted(server.say, "three")
        assert await texts(first, 1) == ["three"]
        assert len(second) == 0
        with pytest.raises(StopAsyncIteration):
            await second.__anext__()
        await leave(link, server)

    run(main())


def test_one_task_per_stream(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        await until(stream, Reconcile)
        waiting = asyncio.ensure_future(stream.__anext__())
        await asyncio.sleep(0)
        with pytest.raises(LinkError, match="another task"):
            await stream.__anext__()
        await scripted(server.say, "for the first")
        assert isinstance(await waiting, MessageReceived)
        await leave(link, server)

    run(main())


def test_a_reader_that_is_too_slow_is_told_what_it_missed(peer: GedPeer) -> None:
    async def main() -> None:
        link = CtiLink(settings(peer, max_events=5))
        server, _ = await asyncio.gather(scripted(peer.opened), link.open())
        stream = link.events()
        await until(stream, Reconcile)

        def serve() -> None:
            for number in range(20):
                server.say(str(number))
            server.confirm(server.expect("HOLD_CALL_REQ"))

        serving = asyncio.ensure_future(scripted(serve))
        await link.request(HOLD)  # answers are not held up by events that nobody reads
        await serving
        assert await texts(stream, 5) == list("01234")
        gap = await stream.__anext__()
        assert gap == Gap(15)
        assert await stream.__anext__() == Reconcile("A", ReconcileReason.MISSED)
        assert stream.missed == link.counters.missed == 15
        await scripted(server.say, "now")
        assert await texts(stream, 1) == ["now"]
        await leave(link, server)

    run(main())
