"""What a server encodes has the documented types, whatever the Python value says."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from fastcil.catalog import EVENTS_BY_ID, event_id
from fastcil.codec import ArgType, Arguments, Frame, encode_frame
from fastcil.server import ContactCentreSource, SourceEvent
from fastcil.server.typed import columns_of, encode_typed
from fastcil.workload import ContactCentre


def typed(message_id: int, values: Any) -> Any:
    """The arguments of an event with documented types, made one by one; Arguments as they are."""
    if isinstance(values, Arguments):
        return values
    found = Arguments(values)
    for keyword, kind, least, most in columns_of(message_id):
        value = found.get(keyword)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            found.set(keyword, value, kind)
    return found


HELD, BEGIN = event_id("OnCallHeld"), event_id("OnCallBegin")


def test_types_follow_the_table() -> None:
    plain = {"CallStatus": 2, "ConnectionCallID": 16777987, "ANI": "415"}
    found = Frame.from_bytes(encode_typed(BEGIN, plain)).arguments
    assert found.type_of("CallStatus") == ArgType.SHORT
    assert found.type_of("ConnectionCallID") == ArgType.UINT
    assert found.type_of("ANI") == ArgType.STRING


def test_order_and_values_stay() -> None:
    plain = {"UniqueObjectID": "call.1", "CallStatus": 4, "EnablementMask": 8}
    found = Frame.from_bytes(encode_typed(HELD, plain)).to_dict()
    assert list(found.items()) == list(plain.items())


@pytest.mark.parametrize("value", [1 << 15, -(1 << 15) - 1, True, "4", None])
def test_what_does_not_fit_keeps_its_own_type(value: object) -> None:
    plain = {"CallStatus": value}
    assert encode_typed(HELD, plain) == encode_frame(HELD, plain)


def test_arguments_and_unknown_events_are_left_alone() -> None:
    arguments = Arguments({"CallStatus": 4})
    assert encode_typed(HELD, arguments) == encode_frame(HELD, arguments)
    plain = {"CallStatus": 4}
    assert encode_typed(0x7FFFFFFF, plain) == encode_frame(0x7FFFFFFF, plain)


@pytest.mark.parametrize("level", [0, 1])
def test_every_generated_event_has_its_documented_types(level: int) -> None:
    checked = 0
    for event in islice(ContactCentre(30, 4), 3000):
        made = SourceEvent(event.message_id, event.complete, event.minimal)
        arguments = Frame.from_bytes(made.encoded(level).frame).arguments
        for parameter in EVENTS_BY_ID[event.message_id].parameters:
            if parameter.keyword in arguments:
                assert arguments.type_of(parameter.keyword).name == parameter.type, parameter
                checked += 1
    assert checked > 10_000


def test_in_one_pass_gives_the_same_bytes() -> None:
    for event in islice(ContactCentre(30, 4), 5000):
        for arguments in (event.complete, event.minimal):
            slow = encode_frame(event.message_id, typed(event.message_id, arguments))
            assert encode_typed(event.message_id, arguments) == slow


ODD = (0, 1, -1, 32767, 32768, -32768, 1 << 31, (1 << 32) - 1, True, "4", None, {"CallStatus": 3})


@pytest.mark.parametrize("names", [(), ("x.name",), ("x.name", "x.much.longer.name")])
def test_in_one_pass_with_values_of_all_kinds(names: tuple[str, ...]) -> None:
    """Twice in turn, so that a plan made for one value meets all the others."""
    for value in ODD * 2:
        for other in ODD:
            plain = {**dict.fromkeys(names, value), "callstatus": value, "ConnectionCallID": other}
            for number in (BEGIN, HELD, 0x7FFFFFFF):
                slow = encode_frame(number, typed(number, plain))
                assert encode_typed(number, plain) == slow, (number, plain)


def test_an_event_whose_levels_are_equal_is_encoded_once() -> None:
    event = SourceEvent(HELD, {"CallStatus": 4})
    assert event.encoded(0) is event.encoded(1)


def test_same_seed_same_bytes() -> None:
    def stream(seed: int) -> bytes:
        source = ContactCentreSource(ContactCentre(20, seed), rate=0)
        found = [event for _ in range(8) for event in source.next_events(0)]
        return b"".join(event.encoded(level).frame for event in found for level in (0, 1))

    assert stream(3) == stream(3)
    assert stream(3) != stream(4)
