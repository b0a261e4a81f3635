"""InvokeID matching under any interleaving: every request ends once, with its own answer."""

from __future__ import annotations

from typing import Any

import pytest
from ged_link_kit import A, Rig

from fastcil.ged188 import NULL_UINT, encode_message
from fastcil.ged188.link import (
    ControlFailureError,
    LinkClosedError,
    LinkCore,
    LinkLostError,
    RequestFailedError,
    RequestTimeoutError,
)
from fastcil.ged188.link_requests import Pending

pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

PICK = st.integers(0, 1 << 16)
STEPS = st.lists(
    st.one_of(
        st.just(("ask",)),
        st.tuples(st.just("confirm"), PICK),
        st.tuples(st.just("refuse"), PICK),
        st.tuples(st.just("control"), PICK),
        st.tuples(st.just("again"), PICK),
        st.tuples(st.just("unknown"), PICK),
        st.tuples(st.just("wrong"), PICK),
        st.tuples(st.just("abandon"), PICK),
        st.tuples(st.just("wait"), st.floats(0.0, 8.0)),
        st.just(("lose",)),
        st.tuples(st.just("flush"), st.integers(1, 40)),
    ),
    max_size=60,
)


class Model:
    """What should have become of every request. Bytes wait until they are flushed in pieces."""

    def __init__(self, first: int) -> None:
        settings = Rig(max_outstanding=20, stable_after=0.0).core.settings
        self.rig = Rig(LinkCore(settings, first_invoke_id=first)).opened()
        self.all: list[Pending] = []
        self.open: list[Pending] = []
        self.expected: dict[int, Any] = {}  # id(pending) -> type of the error, or None
        self.wire = bytearray()
        self.promised: list[tuple[Pending, Any]] = []

    def ask(self) -> None:
        if self.rig.core.outstanding == 20:
            return
        pending = self.rig.hold()
        assert 0 < pending.number < NULL_UINT
        assert pending.number not in {one.number for one in self.open}
        self.all.append(pending)
        self.open.append(pending)

    def answer(self, pending: Pending, name: str, error: Any, **values: int) -> None:
        """The server answers; it counts when it arrives, and only the first time."""
        self.wire += encode_message(name, {"InvokeID": pending.number, **values})
        self.promised.append((pending, error))

    def flush(self, size: int) -> None:
        data, self.wire = bytes(self.wire), bytearray()
        for at in range(0, len(data), size):
            self.rig.feed(data[at : at + size])
        for pending, error in self.promised:
            if pending in self.open:
                self.settle(pending, error)
        self.promised.clear()

    def settle(self, pending: Pending, error: Any) -> None:
        self.open.remove(pending)
        self.expected[id(pending)] = error

    def wait(self, seconds: float) -> None:
        self.rig.wait(seconds)
        for pending in [one for one in self.open if one.deadline < 0]:
            self.settle(pending, RequestTimeoutError)

    def lose(self) -> None:
        self.wire.clear()
        self.promised.clear()
        self.rig.lost(A)
        for pending in list(self.open):
            self.settle(pending, LinkLostError)
        self.rig.until_tried(A)
        self.rig.made(A)
        self.rig.confirm_open(A)

    def step(self, what: str, value: Any = None) -> None:
        if what == "ask":
            self.ask()
        elif what == "wait":
            self.wait(value)
        elif what == "lose":
            self.lose()
        elif what == "flush":
            self.flush(value)
        elif what == "unknown":
            number = 1_000_000 + value
            self.wire += encode_message("HOLD_CALL_CONF", {"InvokeID": number})
        elif what == "again" and self.all:
            # To a request that may be over long since.
            pending = self.all[value % len(self.all)]
            self.answer(pending, "HOLD_CALL_CONF", None)
        elif self.open:
            pending = self.open[value % len(self.open)]
            if what == "confirm":
                self.answer(pending, "HOLD_CALL_CONF", None)
            elif what == "refuse":
                values = {"FailureCode": 13, "PeripheralErrorCode": 0}
                self.answer(pending, "FAILURE_CONF", RequestFailedError, **values)
            elif what == "control":
                values = {"FailureCode": 1, "PeripheralErrorCode": 0}
                self.answer(pending, "CONTROL_FAILURE_CONF", ControlFailureError, **values)
            elif what == "wrong":
                number = {"InvokeID": pending.number}
                self.wire += encode_message("ANSWER_CALL_CONF", number)
            elif what == "abandon":
                self.rig.core.abandon(pending)
                self.settle(pending, "abandoned")


@given(steps=STEPS, first=st.sampled_from([1, 1000, NULL_UINT - 5]))
def test_every_request_ends_once_with_its_own_answer(
    steps: list[tuple[Any, ...]], first: int
) -> None:
    model = Model(first)
    for step in steps:
        model.step(*step)
    rig = model.rig
    assert rig.core.outstanding == len(model.open)
    rig.core.close(rig.now)
    rig.act()
    for pending in list(model.open):
        model.settle(pending, LinkClosedError)
    for pending in model.all:
        expected = model.expected[id(pending)]
        found = [one for one in rig.resolved if one.pending is pending]
        if expected == "abandoned":
            assert found == []
            continue
        assert len(found) == 1
        if expected is None:
            assert found[0].error is None
            assert [part["InvokeID"] for part in found[0].parts] == [pending.number]
        else:
            assert type(found[0].error) is expected
    counters = rig.core.counters
    ended = counters.confirmations + counters.failures + counters.timeouts
    closed = sum(error is LinkClosedError for error in model.expected.values())
    assert counters.requests == ended + counters.abandoned + counters.lost + closed
