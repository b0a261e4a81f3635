"""Wait objects and watches, without a socket."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

import pytest

from fastcil.catalog import CilError, EventID, WaitResult, event
from fastcil.cil import SessionClosedError, SessionError
from fastcil.cil.dispatch import Dispatcher, Handler
from fastcil.cil.waiting import WaitObject, Waits, Watch
from fastcil.codec import Arguments, Frame, encode_frame

BEGIN, HELD, END = (event(name).id for name in ("OnCallBegin", "OnCallHeld", "OnCallEnd"))
SECONDS = 10.0


def frame(message_id: int, **fields: Any) -> Frame:
    return Frame.from_bytes(encode_frame(message_id, fields))


class Kit:
    """A dispatcher with wait objects, as a session has them."""

    def __init__(self) -> None:
        self.on_event_thread = False
        self.dispatcher = Dispatcher(after=self.after)
        self.waits = Waits(self.dispatcher.refresh, lambda: self.on_event_thread)

    def after(self, message_id: int) -> tuple[Handler, ...]:
        return self.waits.handlers(message_id)

    def send(self, *numbers: int) -> None:
        self.dispatcher.dispatch_batch([frame(number) for number in numbers])


class Told(threading.Condition):
    """A condition that tells when somebody begins to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.begun.release()
        return super().wait(timeout)


class Waiting(threading.Thread):
    """wait() on a thread of its own, begun when this is made."""

    def __init__(self, wait_object: WaitObject, milliseconds: int | None = 10_000) -> None:
        super().__init__(daemon=True)
        self.wait_object = wait_object
        self.milliseconds = milliseconds
        self.found: tuple[WaitResult, int] | None = None
        if not isinstance(wait_object._changed_signal, Told):
            wait_object._changed_signal = Told()
        told: Told = wait_object._changed_signal
        self.start()
        assert told.begun.acquire(timeout=SECONDS)

    def run(self) -> None:
        result = self.wait_object.wait(self.milliseconds)
        self.found = result, self.wait_object.trigger_event

    def over(self) -> tuple[WaitResult, int]:
        self.join(SECONDS)
        assert self.found is not None, "the waiter still waits"
        return self.found


@pytest.mark.parametrize("milliseconds", [None, 0, 10_000])
def test_an_event_of_the_mask_wakes_the_waiter(milliseconds: int | None) -> None:
    kit = Kit()
    waiting = Waiting(kit.waits.create({"Event1": HELD, "Event2": END}), milliseconds)
    kit.send(BEGIN, END)
    assert waiting.over() == (WaitResult.EVENT_SIGNALED, END)


def test_listeners_had_the_event_before_the_waiter_wakes() -> None:
    kit, log = Kit(), []
    wait_object = kit.waits.create([HELD])

    class Listener:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            log.append(len(wait_object._kept))

    kit.dispatcher.add(Listener())
    kit.send(HELD, HELD)
    assert log == [0, 1]


def test_no_event_in_time() -> None:
    kit = Kit()
    wait_object = kit.waits.create([HELD])
    kit.send(BEGIN)
    assert wait_object.wait(1) is WaitResult.EVENT_WAIT_TIMEDOUT
    assert wait_object.trigger_event == EventID.eUnknownEvent
    assert wait_object._waiting == []


def test_events_that_come_before_are_remembered_in_order() -> None:
    kit = Kit()
    wait_object = kit.waits.create([HELD, END])
    kit.send(HELD, BEGIN, END)
    assert wait_object.wait(1) is WaitResult.EVENT_SIGNALED
    assert wait_object.trigger_event == HELD
    assert wait_object.wait(1) is WaitResult.EVENT_SIGNALED
    assert wait_object.trigger_event == END
    assert wait_object.wait(1) is WaitResult.EVENT_WAIT_TIMEDOUT


def test_what_is_remembered_is_bounded_and_can_be_forgotten() -> None:
    kit = Kit()
    wait_object = kit.waits.create([HELD, END])
    kit.send(HELD, *[END] * 256)
    assert wait_object.wait(1) is WaitResult.EVENT_SIGNALED
    assert wait_object.trigger_event == END  # the oldest, HELD, is gone
    wait_object.clear()
    assert wait_object.wait(1) is WaitResult.EVENT_WAIT_TIMEDOUT


def test_every_thread_that_waits_is_woken_and_knows_its_own_event() -> None:
    kit = Kit()
    wait_object = kit.waits.create([HELD, END])
    first = Waiting(wait_object)
    second = Waiting(wait_object)
    kit.send(HELD)
    assert first.over() == second.over() == (WaitResult.EVENT_SIGNALED, HELD)
    assert wait_object.trigger_event == HELD  # this thread never waited
    assert wait_object.wait(1) is WaitResult.EVENT_WAIT_TIMEDOUT
    assert wait_object.trigger_event == EventID.eUnknownEvent


def test_several_wait_objects_of_a_session() -> None:
    kit = Kit()
    one, other = kit.waits.create([HELD]), kit.waits.create([HELD, END])
    kit.send(HELD)
    assert one.wait(1) is other.wait(1) is WaitResult.EVENT_SIGNALED
    assert kit.waits.destroy(one) is True
    assert kit.waits.destroy(one) is False
    kit.send(HELD)
    assert one.wait(1) is WaitResult.WAIT_FAILED
    assert other.wait(1) is WaitResult.EVENT_SIGNALED


def test_destroying_and_closing_wake_waiters() -> None:
    kit = Kit()
    destroyed, closed = kit.waits.create([HELD]), kit.waits.create([END])
    first, second = Waiting(destroyed, None), Waiting(closed, None)
    kit.waits.destroy(destroyed)
    kit.waits.release()
    assert first.over() == second.over() == (WaitResult.WAIT_FAILED, EventID.eUnknownEvent)


def test_an_event_that_came_before_closing_still_counts() -> None:
    kit = Kit()
    wait_object = kit.waits.create([HELD])
    kit.send(HELD)
    kit.waits.release()
    assert wait_object.wait() is WaitResult.EVENT_SIGNALED
    assert wait_object.wait() is WaitResult.WAIT_FAILED


def test_waiting_where_events_are_delivered_is_refused() -> None:
    kit = Kit()
    wait_object = kit.waits.create([HELD])
    kit.on_event_thread = True
    with pytest.raises(SessionError, match="another thread, or do in the listener") as caught:
        wait_object.wait(1)
    assert caught.value.code is CilError.E_CTIOS_INVALID_OBJECT_STATE


def test_the_mask() -> None:
    kit = Kit()
    wait_object = kit.waits.create(Arguments({"event2": "31", " EVENT1": HELD, "Other": 5}))
    assert wait_object.get_mask().to_dict() == {"Event1": HELD, "Event2": 31}
    assert wait_object.get_value_int("Event2") == 31
    assert wait_object.in_mask(HELD)
    assert wait_object.in_mask("OnCallHeld")
    assert not wait_object.in_mask(END)
    assert not wait_object.in_mask("NoSuchEvent")
    assert wait_object.dump_event_mask().startswith(f"Event1 = {HELD} (OnCallHeld); Event2 = 31")
    kit.send(HELD)
    wait_object.set_mask([END])
    assert wait_object.get_mask().to_dict() == {"Event1": END}
    assert not wait_object.is_valid("Event2")
    kit.send(HELD)
    assert wait_object.wait(1) is WaitResult.EVENT_WAIT_TIMEDOUT
    kit.send(END)
    assert wait_object.wait(1) is WaitResult.EVENT_SIGNALED


@pytest.mark.parametrize(
    "mask",
    [{}, [], {"Other": 1}, {"Event1": 0}, {"Event1": True}, {"Event1": "x"}, [-1], ["NoSuchEvent"],
     [1 << 32], [object]],
    ids=repr,
)  # fmt: skip
def test_masks_that_are_none(mask: Any) -> None:
    kit = Kit()
    if mask != {}:  # whose mask will follow
        with pytest.raises(ValueError, match=r"expected|names at least one"):
            kit.waits.create(mask)
    wait_object = kit.waits.create([HELD])
    with pytest.raises(ValueError, match=r"expected|names at least one"):
        wait_object.set_mask(mask)
    assert wait_object.in_mask(HELD)


def test_a_negative_time() -> None:
    with pytest.raises(ValueError, match="-1"):
        Kit().waits.create([HELD]).wait(-1)


# --- watches ----------------------------------------------------------------------------------


def test_a_watch_gives_the_first_event_of_its_numbers() -> None:
    future: Future[Frame] = Future()
    watch = Watch(["OnCallHeld", END], future)
    watch.put([frame(BEGIN), frame(END, UniqueObjectID="a"), frame(HELD)])
    watch.put([frame(HELD)])
    assert future.result(0).message_id == END
    assert future.result(0).get("UniqueObjectID") == "a"


def test_a_watch_with_a_test() -> None:
    future: Future[Frame] = Future()
    watch = Watch(lambda found: found.get("AgentID") == "2", future)
    watch.put([frame(HELD, AgentID="1")])
    assert not future.done()
    watch.put([frame(HELD, AgentID="2")])
    assert future.result(0).get("AgentID") == "2"


def test_a_test_that_raises_ends_the_wait_only() -> None:
    future: Future[Frame] = Future()
    Watch(lambda found: found.get("AgentID") / 0 == 1, future).put([frame(HELD, AgentID=1)])
    with pytest.raises(ZeroDivisionError):
        future.result(0)


def test_a_watch_that_ends_and_one_that_was_cancelled() -> None:
    future: Future[Frame] = Future()
    watch = Watch(HELD, future)
    watch.end()
    watch.end()
    with pytest.raises(SessionClosedError):
        future.result(0)
    cancelled: Future[Frame] = Future()
    watch = Watch(HELD, cancelled)
    cancelled.cancel()
    watch.put([frame(HELD)])
    watch.end()
    assert cancelled.cancelled()


def test_a_watch_for_nothing() -> None:
    with pytest.raises(ValueError, match="names at least one"):
        Watch([], Future())
