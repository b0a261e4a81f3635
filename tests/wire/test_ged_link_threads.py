"""The threads link against a scripted CTI Server on real sockets."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from ged_link_run import settings
from ged_peer import SECONDS, GedConnection, GedPeer, unused_port

from fastcil.ged188 import EncodeError
from fastcil.ged188.enums import StatusCode
from fastcil.ged188.link import (
    Closed,
    CtiLink,
    CtiLinkThread,
    Gap,
    LinkClosedError,
    LinkError,
    LinkEvent,
    LinkLost,
    LinkLostError,
    LinkState,
    MessageReceived,
    Opened,
    OpenError,
    Reconcile,
    RequestFailedError,
    RequestTimeoutError,
    UnexpectedConfirmation,
)
from fastcil.ged188.requests import HoldCallReq, ListAgentTeamReq

T = TypeVar("T")
HOLD = HoldCallReq(peripheral_id=1, connection_call_id=2, connection_device_id="3001")


class Events:
    """A listener whose events a test waits for, and the threads that it was called on."""

    def __init__(self) -> None:
        self._queue: queue.Queue[LinkEvent] = queue.Queue()
        self.threads: set[str] = set()

    def __call__(self, event: LinkEvent) -> None:
        self.threads.add(threading.current_thread().name)
        self._queue.put(event)

    def until(self, kind: type[T]) -> T:
        """The next event of a kind."""
        while True:
            event = self._queue.get(timeout=SECONDS)
            if isinstance(event, kind):
                return event

    def texts(self, count: int) -> list[str]:
        """The texts of the next messages."""
        return [self.until(MessageReceived).message["Text"] for _ in range(count)]


@pytest.fixture
def peer() -> Iterator[GedPeer]:
    with GedPeer() as found:
        yield found


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as found:
        yield found


def connected(
    peer: GedPeer, aside: ThreadPoolExecutor, **more: Any
) -> tuple[CtiLinkThread, GedConnection, Events]:
    events = Events()
    link = CtiLinkThread(settings(peer, **more), events)
    serving = aside.submit(peer.opened)
    link.open(SECONDS)
    return link, serving.result(SECONDS), events


def leave(link: CtiLinkThread, server: GedConnection, aside: ThreadPoolExecutor) -> None:
    serving = aside.submit(server.take_leave)
    link.close()
    serving.result(SECONDS)
    assert not link._delivery.is_alive()
    assert link._network is not None
    assert not link._network.is_alive()


def test_from_open_to_close(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    link, server, events = connected(peer, aside)
    assert (link.state, link.side, link.version, link.services) == (LinkState.OPEN, "A", 25, 16)
    assert events.until(Opened).side == "A"
    for text in "abc":
        server.say(text)
    assert events.texts(3) == ["a", "b", "c"]
    future = link.request(HOLD)
    server.confirm(server.expect("HOLD_CALL_REQ"))
    assert future.result(SECONDS).name == "HOLD_CALL_CONF"
    assert link.counters.confirmations == 1
    leave(link, server, aside)
    assert events.until(Closed) == Closed("the link was closed")
    assert events.threads == {"fastcil-cti-events"}
    with pytest.raises(LinkClosedError):
        link.request(HOLD).result(SECONDS)
    link.close()


def test_as_a_context_manager(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    serving = aside.submit(peer.opened)
    with CtiLinkThread(settings(peer)) as link:
        server = serving.result(SECONDS)
        with pytest.raises(LinkError, match="before"):
            link.open()
        leaving = aside.submit(server.take_leave)
    leaving.result(SECONDS)
    assert link.state is LinkState.CLOSED


def test_refusals_time_outs_and_lost_requests(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    link, server, events = connected(peer, aside)
    refused = link.request(HOLD)
    server.refuse(server.expect("HOLD_CALL_REQ"), 13)
    with pytest.raises(RequestFailedError) as caught:
        refused.result(SECONDS)
    assert caught.value.status is StatusCode.E_CTI_INVALID_CALLID
    with pytest.raises(RequestTimeoutError):
        link.request(HOLD, timeout=0.01).result(SECONDS)
    lost = link.request(HOLD)
    server.expect("HOLD_CALL_REQ")
    server.expect("HOLD_CALL_REQ")
    server.reset()
    with pytest.raises(LinkLostError):
        lost.result(SECONDS)
    assert events.until(LinkLost).side == "A"
    again = peer.opened()
    leave(link, again, aside)


def test_wrong_requests_fail_their_future(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    link, server, _ = connected(peer, aside)
    with pytest.raises(EncodeError):
        link.request("HOLD_CALL_REQ", {"PeripheralID": 1}).result(SECONDS)
    with pytest.raises(ValueError, match="link itself"):
        link.send("CLOSE_REQ", {"InvokeID": 1, "Status": 0}).result(SECONDS)
    assert link.send("MEDIA_LOGIN_REQ", body=b"\1").result(SECONDS) is None
    server.expect("MEDIA_LOGIN_REQ")
    leave(link, server, aside)


def test_an_answer_in_parts(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    link, server, _ = connected(peer, aside)
    future = link.request_parts(ListAgentTeamReq(supervisor_id=9))
    asked = server.expect("LIST_AGENT_TEAM_REQ")
    for more in (1, 0):
        values = {"SegmentNumber": 2 - more, "More": more, "TeamID": [more]}
        server.confirm(asked, "LIST_AGENT_TEAM_CONF", **values)
    assert [part["TeamID"] for part in future.result(SECONDS)] == [[1], [0]]
    leave(link, server, aside)


def test_many_threads_ask_at_once(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    link, server, _ = connected(peer, aside)

    def serve() -> None:
        for _ in range(300):
            server.confirm(server.expect("HOLD_CALL_REQ"))

    def ask() -> set[int]:
        return {link.request(HOLD).result(SECONDS)["InvokeID"] for _ in range(100)}

    serving = aside.submit(serve)
    found = [one.result(SECONDS) for one in [aside.submit(ask) for _ in range(3)]]
    serving.result(SECONDS)
    assert len(set().union(*found)) == 300
    leave(link, server, aside)


def test_a_cancelled_future_gives_the_request_up(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    link, server, events = connected(peer, aside)
    future = link.request(HOLD)
    asked = server.expect("HOLD_CALL_REQ")
    assert future.cancel()
    with pytest.raises(CancelledError):
        future.result(SECONDS)
    # A round trip, so that the network thread has heard of it.
    again = link.request(HOLD)
    server.confirm(server.expect("HOLD_CALL_REQ"))
    again.result(SECONDS)
    server.confirm(asked)
    assert events.until(UnexpectedConfirmation).late
    leave(link, server, aside)


def test_a_listener_may_wait_for_its_requests(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    link, server, _ = connected(peer, aside)
    answered: Future[str] = Future()

    def asks(event: LinkEvent) -> None:
        if isinstance(event, MessageReceived):
            answered.set_result(link.request(HOLD).result(SECONDS).name)

    link.add_listener(asks)
    server.say("go")
    server.confirm(server.expect("HOLD_CALL_REQ"))
    assert answered.result(SECONDS) == "HOLD_CALL_CONF"
    link.remove_listener(asks)
    leave(link, server, aside)


def test_a_listener_that_fails_stops_nothing(
    peer: GedPeer, aside: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    events = Events()

    def fails(event: LinkEvent) -> None:
        raise RuntimeError("listener")

    link = CtiLinkThread(settings(peer), fails)
    link.add_listener(events)
    with caplog.at_level(logging.ERROR):
        serving = aside.submit(peer.opened)
        link.open(SECONDS)
        server = serving.result(SECONDS)
        server.say("on")
        assert events.texts(1) == ["on"]
        leave(link, server, aside)
    assert "a listener failed on Opened" in caplog.text


def test_close_in_a_listener(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    link, server, events = connected(peer, aside)

    def closes(event: LinkEvent) -> None:
        if isinstance(event, MessageReceived):
            link.close()

    link.add_listener(closes)
    server.say("enough")
    server.take_leave()
    events.until(Closed)
    link.close()
    assert not link._delivery.is_alive()


def test_a_slow_listener_is_told_what_it_missed(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    stuck, may_go = threading.Event(), threading.Event()
    seen: queue.Queue[LinkEvent] = queue.Queue()

    def slow(event: LinkEvent) -> None:
        if isinstance(event, MessageReceived):
            stuck.set()
            may_go.wait(SECONDS)
        seen.put(event)

    link, server, events = connected(peer, aside, max_events=3)
    link.remove_listener(events)
    link.add_listener(slow)
    server.say("0")
    assert stuck.wait(SECONDS)
    for number in range(1, 20):
        server.say(str(number))
    future = link.request(HOLD)
    server.confirm(server.expect("HOLD_CALL_REQ"))
    future.result(SECONDS)  # behind the events on the wire, and not held up by them
    may_go.set()
    got: list[LinkEvent] = []
    while not got or not isinstance(got[-1], Gap):
        got.append(seen.get(timeout=SECONDS))
    told = [event.message["Text"] for event in got if isinstance(event, MessageReceived)]
    assert told == list("0123")  # one in the listener's hands, three in the queue
    assert got[-1] == Gap(16)
    assert isinstance(seen.get(timeout=SECONDS), Reconcile)
    assert link.counters.missed == 16
    leave(link, server, aside)


def test_a_link_that_is_refused(peer: GedPeer, aside: ThreadPoolExecutor) -> None:
    events = Events()
    link = CtiLinkThread(settings(peer), events)
    serving = aside.submit(
        lambda: peer.accept().refuse_open(StatusCode.E_CTI_REQUIRED_DATA_MISSING)
    )
    with pytest.raises(OpenError) as caught:
        link.open(SECONDS)
    serving.result(SECONDS)
    assert caught.value.status is StatusCode.E_CTI_REQUIRED_DATA_MISSING
    assert events.until(Closed).status is StatusCode.E_CTI_REQUIRED_DATA_MISSING
    assert not link._delivery.is_alive()


def test_nobody_there() -> None:
    link = CtiLinkThread(settings(unused_port()))
    with pytest.raises(OpenError, match="no session"):
        link.open(timeout=0.1)
    assert link.state is LinkState.CLOSED


def test_settings_that_make_no_open_req() -> None:
    link = CtiLinkThread(settings(unused_port(), client_id="x" * 100))
    with pytest.raises(EncodeError, match="ClientID"):
        link.open()
    assert not link._delivery.is_alive()


def test_a_network_thread_that_fails_ends_the_link(
    peer: GedPeer,
    aside: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails(_: CtiLink) -> None:
        raise RuntimeError("a fault of the library")

    monkeypatch.setattr(CtiLink, "wait_closed", fails)
    with caplog.at_level(logging.ERROR):
        link, server, _ = connected(peer, aside)
        assert link._network is not None
        link._network.join(SECONDS)
    assert "network thread" in caplog.text
    with pytest.raises(LinkClosedError):
        link.request(HOLD).result(SECONDS)
    link.close()
    with contextlib.suppress(ConnectionResetError):
        while server.sock.recv(4096):  # up to the end, perhaps with a good-bye
            pass
    assert link.state is LinkState.CLOSED


def test_before_open_there_is_nothing() -> None:
    link = CtiLinkThread(settings(unused_port()))
    link.close()
    with pytest.raises(LinkClosedError):
        link.request(HOLD).result(SECONDS)
    assert link.state is LinkState.IDLE
