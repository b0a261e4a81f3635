"""Requests in the connection's state machine, and the table of requests under way."""

from __future__ import annotations

import asyncio
import threading

import pytest
from test_cil_core import SETTINGS, Driven, event

from fastcil.catalog import CilError, event_id
from fastcil.catalog.requests import RequestID
from fastcil.cil.core import MAX_TRIES, AgentMode, State
from fastcil.cil.errors import (
    RequestFailedError,
    RequestTimeoutError,
    SessionClosedError,
    SessionError,
)
from fastcil.cil.pending import Pending, Requests
from fastcil.codec import Arguments, FrameKind, encode_frame
from fastcil.codec.control import Welcome, welcome

CONF, FAILURE = event_id("OnAnswerCallConf"), event_id("OnControlFailureConf")


def pending(number: int = 1, confirm: int = CONF, request: int = 42) -> Pending:
    return Pending("Answer", invoke_id=number, request=request, confirm=frozenset({confirm}))


def frame(number: int = 42) -> bytes:
    return encode_frame(number, {}, kind=FrameKind.REQUEST)


def test_a_request_waits_for_its_answer_and_no_longer() -> None:
    driven = Driven()
    driven.establish()
    one = pending()
    driven.core.request(2.0, one, frame())
    driven.step()
    assert driven.sent[-1].message_id == 42
    assert driven.core.deadline == min(2.0 + SETTINGS.request_timeout, driven.core.deadline or 0)
    driven.core.pause(30.0, True)  # no heartbeat gets in the way
    driven.core.tick(2.0 + SETTINGS.request_timeout - 0.01)
    assert not one.done()
    driven.core.tick(2.0 + SETTINGS.request_timeout)
    with pytest.raises(RequestTimeoutError, match="Answer: the server did not answer in 30 s"):
        one.result()


def test_the_deadline_is_that_of_the_oldest_request_under_way() -> None:
    driven = Driven()
    driven.establish()
    first, second = pending(1), pending(2)
    driven.core._beat_at = None
    driven.core.request(2.0, first, frame())
    driven.core.request(3.0, second, frame())
    assert driven.core.deadline == 2.0 + SETTINGS.request_timeout
    first.confirm(CONF, Arguments())
    assert driven.core.deadline == 3.0 + SETTINGS.request_timeout
    second.confirm(CONF, Arguments())
    assert driven.core.deadline is None


@pytest.mark.parametrize("idle", [True, False])
def test_a_request_without_a_connection_fails(idle: bool) -> None:
    driven = Driven()
    if idle:
        driven.core.disconnect()
    one = pending()
    driven.core.request(1.0, one, frame())
    error = one.exception()
    code = CilError.E_CTIOS_SESSION_NOT_CONNECTED if idle else CilError.E_CTIOS_IN_FAILOVER
    assert error is not None
    assert error.code is code


def test_a_request_that_nothing_answers_is_done_when_it_is_sent() -> None:
    driven = Driven()
    driven.establish()
    one = Pending("MakeEmergencyCall", request=121)
    driven.core.request(1.0, one, frame(121))
    assert one.done()
    assert not one.result()


def test_agent_mode_is_asked_for_after_a_reconnect_only() -> None:
    driven = Driven()
    driven.establish()
    driven.core.set_agent_mode(AgentMode({"AgentID": "1", "PeripheralID": "2"}))
    driven.step()
    assert not [one for one in driven.sent if one.kind == FrameKind.REQUEST]
    driven.core.closed(5.0)
    driven.core.opened(5.1)
    driven.receive(5.2, welcome(Welcome()))
    request = driven.sent[-1]
    assert request.message_id == RequestID.SET_AGENT
    assert request.arguments.to_dict() == {"AgentID": "1", "PeripheralID": "2"}


def fail(driven: Driven, now: float) -> dict[str, object]:
    driven.core.closed(now, "refused")
    driven.step()
    found: dict[str, object] = driven.events[-1].arguments.to_dict()
    return found


def next_try(driven: Driven, now: float) -> None:
    """The first comes at once, later ones when they are due."""
    if driven.core.state is State.WAITING:
        driven.core.tick(now)
        driven.step()
    assert driven.core.state is State.CONNECTING


def test_tries_are_bounded_once_settings_were_downloaded() -> None:
    driven = Driven()
    driven.establish()
    driven.core.limit()
    assert "FinalAttempt" not in fail(driven, 10.0)
    now = 10.0
    for attempt in range(1, MAX_TRIES + 1):
        now += 100
        next_try(driven, now)
        assert fail(driven, now).get("FinalAttempt", False) is (attempt == MAX_TRIES)
    assert driven.core.state is State.WAITING
    assert driven.core.deadline is None
    driven.core.tick(1e9)
    assert driven.core.state is State.WAITING
    driven.core.disconnect()
    assert driven.core.state is State.IDLE


def test_a_connection_begins_the_count_of_tries_anew() -> None:
    driven = Driven()
    driven.establish()
    driven.core.limit()
    now = 10.0
    for _ in range(3):
        for _ in range(MAX_TRIES - 1):
            assert "FinalAttempt" not in fail(driven, now)
            now += 100
            next_try(driven, now)
        driven.core.opened(now)
        driven.receive(now, welcome(Welcome()))
        driven.receive(now, event(1))


def test_how_often_the_connection_was_lost_is_known_when_a_request_is_sent() -> None:
    driven = Driven()
    driven.establish()
    before, after = pending(1), pending(2)
    driven.core.request(1.0, before, frame())
    driven.core.closed(2.0)
    driven.core.opened(2.1)
    driven.receive(2.2, welcome(Welcome()))
    driven.core.request(3.0, after, frame())
    table = Requests()
    table.add(before)
    table.add(after)
    table.lost(1, SessionError("lost", CilError.E_CTIOS_IN_FAILOVER))
    assert before.done()
    assert not after.done()


# --- the table ------------------------------------------------------------------------------------


def test_an_answer_is_taken_by_invoke_id_and_kind() -> None:
    table = Requests()
    one, two = pending(7), pending(7, event_id("OnHoldCallConf"), 54)
    table.add(one)
    table.add(two)
    assert table.answered(CONF, Arguments({"InvokeID": 8})) is None
    assert table.answered(CONF, Arguments()) is None
    failure = {"InvokeID": 7, "MessageType": 54, "FailureCode": 3}
    assert table.answered(FAILURE, Arguments(failure)) is two
    assert table.answered(CONF, Arguments({"InvokeID": 7, "A": 1})) is one
    assert one.result()["A"] == 1
    with pytest.raises(RequestFailedError, match="FailureCode 3"):
        two.result()
    assert len(table) == 0


def test_new_ids_are_none_that_are_in_use() -> None:
    table = Requests()
    table.add(pending(2))
    assert [table.new_id() for _ in range(3)] == [1, 3, 4]


def test_a_closed_table_ends_what_comes_late() -> None:
    table = Requests()
    early, late = pending(1), pending(2)
    table.add(early)
    table.close(SessionClosedError("over", CilError.E_CTIOS_SESSION_NOT_CONNECTED))
    table.add(late)
    for one in (early, late):
        with pytest.raises(SessionClosedError, match="over"):
            one.result()
    table.open()
    again = pending(3)
    table.add(again)
    assert not again.done()


def test_the_first_outcome_counts() -> None:
    one = pending()
    one.confirm(CONF, Arguments({"A": 1}))
    one.fail(SessionError("late"))
    one.expire(1.0)
    assert one.result()["A"] == 1


def test_a_code_other_than_ok_is_done_at_once() -> None:
    refused = Pending("Answer", CilError.E_CTIOS_CALL_NOT_ALERTING, "not alerting")
    assert refused.done()
    with pytest.raises(SessionError, match="not alerting") as caught:
        refused.result()
    assert caught.value.code is CilError.E_CTIOS_CALL_NOT_ALERTING
    assert repr(refused) == "Pending('Answer', E_CTIOS_CALL_NOT_ALERTING, invoke_id=0, done)"


def test_many_threads_wait_for_one() -> None:
    one = pending()
    found: list[Arguments] = []
    threads = [threading.Thread(target=lambda: found.append(one.result(5.0))) for _ in range(4)]
    for thread in threads:
        thread.start()
    one.confirm(CONF, Arguments({"A": 1}))
    for thread in threads:
        thread.join(5.0)
    assert [arguments["A"] for arguments in found] == [1] * 4


def test_awaited_on_a_loop_and_ended_on_another_thread() -> None:
    async def main() -> int:
        one = pending()
        waiting = asyncio.ensure_future(wait(one))
        await asyncio.sleep(0)
        threading.Thread(target=one.confirm, args=(CONF, Arguments({"A": 2}))).start()
        found: int = (await asyncio.wait_for(waiting, 5.0))["A"]
        return found

    async def wait(one: Pending) -> Arguments:
        return await one

    assert asyncio.run(main()) == 2


def test_a_cancelled_wait_does_not_end_the_request() -> None:
    async def main() -> None:
        one = pending()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(wait(one)), 0.001)
        assert not one.done()
        one.confirm(CONF, Arguments({"A": 3}))
        assert (await one)["A"] == 3

    async def wait(one: Pending) -> Arguments:
        return await one

    asyncio.run(main())
