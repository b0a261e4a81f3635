"""Dispatching: which listener gets which event, in which order, whatever listeners do."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from fastcil.catalog import SubscriberList, event
from fastcil.cil import CallEventsAdapter, Dispatcher, typed
from fastcil.cil.events import GAP_EVENT
from fastcil.cil.generate import stale
from fastcil.codec import Arguments, Frame, encode_frame

HELD = event("OnCallHeld").id
STATE = event("OnAgentStateChange").id
FAILURE = event("OnControlFailureConf").id


def frame(message_id: int = HELD, **fields: Any) -> Frame:
    return Frame.from_bytes(encode_frame(message_id, fields))


class Recorder:
    def __init__(self, log: list[Any] | None = None, name: str = "") -> None:
        self.log: list[Any] = [] if log is None else log
        self.name = name

    def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
        self.log.append((self.name, iEventID) if self.name else iEventID)


def test_generated_interfaces_are_fresh() -> None:
    assert stale() == []


@pytest.mark.parametrize(
    ("list_id", "expected"),
    [
        (SubscriberList.eAllInOneList, [HELD, STATE, FAILURE, GAP_EVENT, 0x2FFFFFFF]),
        (SubscriberList.eCallList, [HELD, FAILURE]),
        (SubscriberList.eAgentList, [STATE, FAILURE]),
        (SubscriberList.eSessionList, [GAP_EVENT]),
        (SubscriberList.eSkillGroupList, []),
    ],
)
def test_lists(list_id: SubscriberList, expected: list[int]) -> None:
    dispatcher = Dispatcher()
    recorder = Recorder()
    dispatcher.add(recorder, list_id)
    for number in (HELD, STATE, FAILURE, GAP_EVENT, 0x2FFFFFFF):
        dispatcher.dispatch(frame(number))
    assert recorder.log == expected


def test_unknown_list() -> None:
    with pytest.raises(ValueError, match="99"):
        Dispatcher().add(Recorder(), 99)


def test_order_is_that_of_adding_and_batches_equal_single_frames() -> None:
    log: list[Any] = []
    dispatcher = Dispatcher()
    for name in "abc":
        dispatcher.add(Recorder(log, name))
    frames = [frame(HELD), frame(STATE)]
    dispatcher.dispatch_batch(frames)
    first, log[:] = log[:], []
    for one in frames:
        dispatcher.dispatch(one)
    assert first == log == [(name, number) for number in (HELD, STATE) for name in "abc"]


def test_a_listener_on_two_lists_gets_a_shared_event_once() -> None:
    dispatcher = Dispatcher()
    recorder = Recorder()
    dispatcher.add(recorder, SubscriberList.eCallList)
    dispatcher.add(recorder, SubscriberList.eAgentList)
    dispatcher.dispatch(frame(FAILURE))
    assert recorder.log == [FAILURE]


def test_adding_twice_and_removing() -> None:
    dispatcher = Dispatcher()
    recorder = Recorder()
    assert dispatcher.add(recorder)
    assert not dispatcher.add(recorder)
    dispatcher.dispatch(frame())
    assert dispatcher.remove(recorder)
    assert not dispatcher.remove(recorder)
    dispatcher.dispatch(frame())
    assert recorder.log == [HELD]


def test_a_listener_that_raises_is_logged_and_the_next_runs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Raising:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            raise RuntimeError("boom")

    dispatcher = Dispatcher()
    recorder = Recorder()
    dispatcher.add(Raising())
    dispatcher.add(recorder)
    with caplog.at_level(logging.ERROR, "fastcil.cil"):
        dispatcher.dispatch_batch([frame(), frame()])
        dispatcher.dispatch(frame())
    assert recorder.log == [HELD] * 3
    assert len(caplog.records) == 3
    record: Any = caplog.records[0]
    assert record.event_id == HELD
    assert record.listener.endswith("Raising")
    assert "boom" in caplog.text


def test_a_listener_removes_itself_adds_another_from_the_next_event_on() -> None:
    dispatcher = Dispatcher()
    log: list[Any] = []
    late = Recorder(log, "late")

    class Once(Recorder):
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            super().OnEvent(iEventID, rArgs)
            dispatcher.remove(self)
            dispatcher.add(late)

    dispatcher.add(Once(log, "once"))
    dispatcher.add(Recorder(log, "always"))
    dispatcher.dispatch_batch([frame(), frame()])
    assert log == [("once", HELD), ("always", HELD), ("always", HELD), ("late", HELD)]


def test_a_removed_listener_still_gets_the_event_under_way() -> None:
    dispatcher = Dispatcher()
    log: list[Any] = []
    second = Recorder(log, "second")

    class Removing:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            dispatcher.remove(second)

    dispatcher.add(Removing())
    dispatcher.add(second)
    dispatcher.dispatch_batch([frame(), frame()])
    assert log == [("second", HELD)]


def test_typed_listener() -> None:
    class Listener(CallEventsAdapter):
        def __init__(self) -> None:
            self.held: list[Any] = []

        def OnCallHeld(self, rArgs: Arguments) -> None:
            self.held.append(rArgs["CallStatus"])

    dispatcher = Dispatcher()
    listener = Listener()
    dispatcher.add(listener, SubscriberList.eCallList, typed)
    dispatcher.dispatch_batch([frame(CallStatus=4), frame(STATE), frame(FAILURE)])
    assert listener.held == [4]


def test_typed_listener_of_all_events_has_a_method_for_gaps() -> None:
    class Listener:
        def __init__(self) -> None:
            self.gaps = 0

        def OnGap(self, rArgs: Arguments) -> None:
            self.gaps += 1

    dispatcher = Dispatcher()
    listener = Listener()
    dispatcher.add(listener, SubscriberList.eAllInOneList, typed)
    dispatcher.dispatch(frame(GAP_EVENT))
    dispatcher.dispatch(frame(0x2FFFFFFF))
    assert listener.gaps == 1


def test_mute_takes_effect_within_a_batch() -> None:
    dispatcher = Dispatcher()
    recorder = Recorder()

    class Muting:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            dispatcher.mute()

    dispatcher.add(recorder)
    dispatcher.add(Muting())
    dispatcher.dispatch_batch([frame(), frame(), frame()])
    assert recorder.log == [HELD]
    dispatcher.mute(False)
    dispatcher.dispatch(frame())
    assert recorder.log == [HELD, HELD]
