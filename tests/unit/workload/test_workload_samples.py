"""The two sample events have the sizes and keys that every measurement counts on."""

from __future__ import annotations

from typing import Any

from fastcil.catalog import event_id, keyword_id, minimized_parameters
from fastcil.workload.samples import CALL_BEGIN_ID, CALL_HELD_ID, call_held, full_call_begin


def test_sizes() -> None:
    assert len(full_call_begin()) == 54
    assert len(call_held()) == 5


def test_ids() -> None:
    assert event_id("OnCallBegin") == CALL_BEGIN_ID
    assert event_id("OnCallHeld") == CALL_HELD_ID


def test_documented_parameters_are_there_and_all_keys_are_keywords() -> None:
    begin, held = full_call_begin(), call_held()
    assert set(minimized_parameters("OnCallBegin", 0)) <= set(begin)
    assert set(minimized_parameters("OnCallHeld", 1)) <= set(held)
    assert all(keyword_id(key) for key in [*begin, *held])


def test_the_three_measured_keys_are_in_both() -> None:
    keys = {"UniqueObjectID", "CallStatus", "ICMEnterpriseUniqueID"}
    assert keys <= full_call_begin().keys() & call_held().keys()


def test_both_travel(backend: Any) -> None:
    for number, arguments in ((CALL_BEGIN_ID, full_call_begin()), (CALL_HELD_ID, call_held())):
        frame = backend.Frame.from_bytes(backend.encode_frame(number, arguments))
        assert frame.arguments.to_dict() == arguments
