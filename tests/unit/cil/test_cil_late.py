"""What events say of an object is merged when it is asked for: nobody may notice."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcil.catalog import event_id
from fastcil.cil import Call, Dispatcher
from fastcil.cil.store import ObjectStore
from fastcil.codec import BACKEND, Arguments, Frame, LateFields, encode_frame

HELD, STATUS = event_id("OnCallHeld"), event_id("OnCallFailed")
KEY = "call.5000.101.22866"
keeps = pytest.mark.skipif(BACKEND != "cython", reason="this backend merges at once")

KEYS = st.sampled_from(["CallStatus", "ANI", "DNIS", "ECC", "Own name", "own NAME", "x"])
VALUES = st.one_of(
    st.integers(-0x80000000, 0xFFFFFFFF),
    st.booleans(),
    st.text(max_size=12),
    st.dictionaries(st.sampled_from(["user.a", "user.b"]), st.integers(0, 9), max_size=2),
)


def unique(fields: dict[str, Any]) -> dict[str, Any]:
    """No key twice but for case."""
    return Arguments(fields).to_dict()


def view(**fields: Any) -> Arguments:
    """An event's arguments, as they come."""
    return Frame.from_bytes(encode_frame(HELD, fields)).arguments


def begun(**fields: Any) -> Call:
    return Call(view(UniqueObjectID=KEY, **fields))


@settings(max_examples=300)
@given(
    st.dictionaries(KEYS, VALUES),
    st.lists(st.tuples(st.dictionaries(KEYS, VALUES), st.sampled_from(["", "get", "all", "set"])),
             max_size=14),
)  # fmt: skip
def test_late_or_at_once_is_the_same(
    first: dict[str, Any], events: list[tuple[dict[str, Any], str]]
) -> None:
    late, at_once = Call(view(**unique(first))), Call(view(**unique(first)))
    for fields, then in events:
        arguments = view(**unique(fields))
        late.update_from(arguments)
        at_once.update(arguments.to_dict())
        if then == "set":
            for one in (late, at_once):
                one.set_value("Own NAME", len(fields))
        elif then == "get":
            for key in ("callstatus", " ECC", "own name", "ANI", "Missing"):
                assert late.get_value(key, None) == at_once.get_value(key, None)
                assert late.is_valid(key) == at_once.is_valid(key)
        elif then == "all":
            assert late.get_all_properties() == at_once.get_all_properties()
    assert late.get_all_properties() == at_once.get_all_properties()
    # Their order is not fixed.
    assert sorted(late.get_all_properties()) == sorted(at_once.get_all_properties())
    for key in at_once.get_all_properties():
        assert late.get_property_type(key) == at_once.get_property_type(key)
        assert late.get_value_string(key, None) == at_once.get_value_string(key, None)


@keeps
def test_events_of_one_shape_are_kept_once() -> None:
    call = begun()
    for status in range(1000):
        call.update_from(view(CallStatus=status))
        call.update_from(view(CallStatus=status, ANI="1" * (status % 50)))
    assert call.late == 2
    assert call.get_value("CallStatus") == 999
    assert call.late == 2  # a value is read where it is
    assert call.get_value("ANI") == "1" * 49
    assert len(call.get_all_properties()) == 3
    assert call.late == 0


@keeps
def test_the_newest_wins_whatever_their_shapes() -> None:
    call = begun()
    for fields in ({"CallStatus": 1}, {"CallStatus": 2, "ANI": "a"}, {"CallStatus": 3}):
        call.update_from(view(**fields))
    assert call.late == 2
    assert (call.get_value("CallStatus"), call.get_value("ANI")) == (3, "a")
    assert call.get_all_properties()["CallStatus"] == 3


@keeps
def test_more_shapes_than_are_kept_are_merged() -> None:
    call = begun()
    for number in range(50):
        call.update_from(view(**{f"own{number}": number}))
        assert call.late <= 6
    assert [call.get_value(f"own{number}") for number in range(50)] == list(range(50))


@keeps
def test_what_is_kept_is_bounded_in_bytes() -> None:
    call = begun()
    large = [view(**{f"{name}{n}": "x" * 150 for n in range(8)}) for name in "abc"]
    for arguments in large:
        call.update_from(arguments)
        assert call.late == 1  # one of more than 1 KiB, of the 2 that are allowed
    assert not call.keep_late(view(**{f"d{n}": "x" * 250 for n in range(8)}))
    call.update_from(view(**{f"d{n}": "x" * 250 for n in range(8)}))
    assert call.late == 0
    call.update_from(view(CallStatus=1))
    assert call.late == 1
    assert [call.get_value(f"{name}7") for name in "abcd"] == ["x" * 150] * 3 + ["x" * 250]
    assert len(call.get_all_properties()) == 34


@keeps
def test_nested_values_are_of_their_own() -> None:
    call = begun()
    call.update_from(view(ECC={"user.a": 1}))
    before = call.get_value("ECC")
    call.update_from(view(ECC={"user.a": 2}))
    assert before["user.a"] == 1
    assert call.get_value_array("ECC")["user.a"] == 2


@keeps
def test_what_is_dropped_is_what_was_merged() -> None:
    fields = LateFields()
    assert fields.keep_late(view(CallStatus=1))
    assert fields.keep_late(view(ANI="a"))
    stamp, kept = fields.peek_late()
    assert kept == [{"CallStatus": 1}, {"ANI": "a"}]
    assert fields.keep_late(view(CallStatus=2))  # came while the others were being merged
    fields.drop_late(stamp)
    assert fields.peek_late()[1] == [{"CallStatus": 2}]
    assert not fields.keep_late(Arguments({"CallStatus": 3}))  # not of bytes
    with pytest.raises(TypeError):
        fields.late_value(1, None)  # type: ignore[arg-type]


def test_no_receive_buffer_is_held() -> None:
    call = begun()
    arguments = view(CallStatus=1)
    call.update_from(arguments)
    assert not [one for one in gc.get_referents(call) if one is arguments]


@pytest.mark.parametrize("known", [True, False])
def test_the_store(known: bool) -> None:
    store = ObjectStore()
    dispatcher = Dispatcher(before=store.before, after=store.after)
    seen: list[Any] = []

    class Listener:
        def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
            call = store.calls.get(KEY)
            seen.append(None if call is None else call.get_value("CallStatus", None))

    dispatcher.add(Listener())

    def send(name: str, **fields: Any) -> None:
        dispatcher.dispatch(Frame.from_bytes(encode_frame(event_id(name), fields)))

    if known:
        send("OnCallBegin", UniqueObjectID=KEY)
    for status in (1, 2):
        send("OnCallHeld", UniqueObjectID=KEY, CallStatus=status)
    send("OnCallHeld", CallStatus=3)
    send("OnCallHeld", UniqueObjectID=7, CallStatus=3)
    assert seen == ([None, 1, 2, 2, 2] if known else [None] * 4)
    call = store.calls.get(KEY)
    send("OnCallDataUpdate", UniqueObjectID=f"{KEY}1", OldUniqueObjectID=KEY, CallStatus=5)
    if known:
        assert call is store.calls[f"{KEY}1"]
        assert call is not None
        assert call.unique_object_id == f"{KEY}1"
        assert call.get_value("CallStatus") == 5
    send("OnCallEnd", UniqueObjectID=f"{KEY}1")
    assert not store.objects


def test_readers_never_see_an_older_value() -> None:
    """One thread brings events, others read and merge: what they see only grows."""
    call = begun(CallStatus=0)
    rng = random.Random(7)
    shapes: list[dict[str, Any]] = [{}, {"ANI": "1"}, {"DNIS": "2"}, {"ECC": {"user.a": 1}}]
    events = [view(CallStatus=n, **rng.choice(shapes)) for n in range(1, 20_001)]
    wrong: list[tuple[int, int]] = []
    done = threading.Event()

    def merged() -> int:
        return int(call.get_all_properties()["CallStatus"])

    def value() -> int:
        return int(call.get_value("CallStatus"))

    def read(read_one: Callable[[], int]) -> None:
        last = 0
        while not done.is_set():
            now = read_one()
            if now < last:
                wrong.append((last, now))
            last = now

    threads = [threading.Thread(target=read, args=(one,)) for one in (merged, value, merged)]
    for thread in threads:
        thread.start()
    for arguments in events:
        call.update_from(arguments)
    done.set()
    for thread in threads:
        thread.join(10)
    assert wrong == []
    assert call.get_value("CallStatus") == 20_000
