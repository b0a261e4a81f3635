"""Dispatching: which listener gets which event, in which order, whatever listeners do."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable

import pytest

from fastcil.catalog import SubscriberList, event
from fastcil.cil import CallEventsAdapter, Dispatcher, dispatch, typed
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
    assert len(caplog.records) == dispatcher.failures == 3
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


class Without:
    """A listener that lacks the method which generic listeners have."""

    OnEvent = "no method"


def test_a_listener_without_its_method_is_refused_when_it_is_added() -> None:
    dispatcher = Dispatcher()
    for listener in (None, object(), Without(), lambda number, arguments: None):
        with pytest.raises(TypeError, match=r"OnEvent\(iEventID, rArgs\)"):
            dispatcher.add(listener)
        assert not dispatcher.remove(listener)
    recorder = Recorder()
    dispatcher.add(recorder)
    dispatcher.dispatch(frame())
    assert recorder.log == [HELD]


def test_a_binder_that_cannot_bind_is_refused_when_it_is_added() -> None:
    def binder(listener: Any, message_id: int, name: str) -> Any:
        return listener.no_such_method

    with pytest.raises(TypeError, match="object"):
        Dispatcher().add(object(), SubscriberList.eAllInOneList, binder)


@pytest.fixture
def dispatcher_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Dispatcher]:
    """A dispatcher over one backend."""

    def made(backend: Any) -> Dispatcher:
        monkeypatch.setattr(dispatch, "dispatch_frames", backend.dispatch_frames)
        return Dispatcher()

    return made


def frames_of(backend: Any, *numbers: int) -> list[Any]:
    return [backend.Frame.from_bytes(backend.encode_frame(number)) for number in numbers]


class Changing:
    """Has OnEvent when it is added, and something else afterwards."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: type[BaseException] = AttributeError

    @property
    def OnEvent(self) -> Callable[[int, Arguments], object]:
        self.asked += 1
        if self.asked > 1:
            raise self.error("gone")
        return lambda number, arguments: None


@pytest.mark.parametrize("error", [AttributeError, ValueError, RecursionError])
def test_a_listener_that_raises_while_it_is_bound_is_logged_and_the_next_runs(
    backend: Any,
    dispatcher_of: Callable[[Any], Dispatcher],
    caplog: pytest.LogCaptureFixture,
    error: type[BaseException],
) -> None:
    dispatcher = dispatcher_of(backend)
    changing, recorder = Changing(), Recorder()
    changing.error = error
    dispatcher.add(changing)
    dispatcher.add(recorder)
    with caplog.at_level(logging.ERROR, "fastcil.cil"):
        dispatcher.dispatch_batch(frames_of(backend, HELD, HELD, STATE))
    assert recorder.log == [HELD, HELD, STATE]
    assert len(caplog.records) == dispatcher.failures == 2  # one for each kind of event
    record: Any = caplog.records[0]
    assert (record.event_id, record.listener) == (HELD, "Changing")
    assert ("has none" if error is AttributeError else "gone") in caplog.text


def test_a_listener_that_raises_is_logged_and_the_next_runs_with_every_backend(
    backend: Any, dispatcher_of: Callable[[Any], Dispatcher], caplog: pytest.LogCaptureFixture
) -> None:
    class Raising:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            raise LookupError("boom")

        OnCallHeld = OnEvent

    dispatcher = dispatcher_of(backend)
    recorder = Recorder()
    dispatcher.add(Raising())
    dispatcher.add(Raising(), SubscriberList.eCallList, typed)  # called with too few arguments
    dispatcher.add(recorder)
    with caplog.at_level(logging.ERROR, "fastcil.cil"):
        dispatcher.dispatch_batch(frames_of(backend, HELD, HELD))
    assert recorder.log == [HELD, HELD]
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 4
    assert dispatcher.failures == 4


def test_a_log_that_raises_does_not_stop_the_next_listener(
    backend: Any, dispatcher_of: Callable[[Any], Dispatcher]
) -> None:
    class Full(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise OSError("no space left")

    class Raising:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            raise LookupError("boom")

    dispatcher = dispatcher_of(backend)
    recorder = Recorder()
    dispatcher.add(Raising())
    dispatcher.add(recorder)
    log, full = logging.getLogger("fastcil.cil"), Full()
    log.addHandler(full)
    try:
        dispatcher.dispatch_batch(frames_of(backend, HELD, STATE))
    finally:
        log.removeHandler(full)
    assert recorder.log == [HELD, STATE]


def test_listeners_are_changed_by_one_that_is_being_bound() -> None:
    """Looking a method up may be code of the program; it may use the dispatcher."""
    dispatcher = Dispatcher()
    late = Recorder()

    class Asking:
        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            dispatcher.add(late)
            dispatcher.mute(False)
            return lambda *_: None

    dispatcher.add(Asking(), SubscriberList.eAllInOneList, typed)
    done = threading.Thread(target=lambda: dispatcher.dispatch_batch([frame(), frame()]))
    done.daemon = True
    done.start()
    done.join(5.0)
    assert not done.is_alive()
    assert late.log == [HELD]
