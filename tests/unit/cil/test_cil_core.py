"""The connection's state machine, by an injected clock and scripted frames."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from fastcil.catalog import CilError, ConnectionFailureReason
from fastcil.catalog.requests import RequestID
from fastcil.cil import events
from fastcil.cil.core import Close, Deliver, Monitor, Open, Send, SessionCore, State
from fastcil.cil.errors import SessionError
from fastcil.cil.settings import Settings
from fastcil.codec import Frame, FrameKind, encode_frame
from fastcil.codec.control import CloseReason, Gap, Welcome, close, gap, heartbeat, welcome

SETTINGS = Settings("a", "b", 1, 2, heartbeat=5.0, max_heartbeats=3)
EPOCH = 77


def frames(*data: bytes) -> list[Frame]:
    return [Frame.from_bytes(one) for one in data]


def event(sequence: int, message_id: int = 11, epoch: int = EPOCH) -> bytes:
    return encode_frame(message_id, {"CallStatus": 4}, epoch=epoch, sequence=sequence)


def first_side(side: int) -> random.Random:
    """A random whose first choice is that side."""
    for seed in range(100):
        if random.Random(seed).randrange(2) == side:
            return random.Random(seed)
    raise AssertionError


class Driven:
    """A core with what it asked for, sorted."""

    def __init__(self, side: int = 0, settings: Settings = SETTINGS) -> None:
        self.core = SessionCore(rng=first_side(side), time_of_day=lambda: 1234)
        self.opens: list[Open] = []
        self.sent: list[Frame] = []
        self.events: list[Frame] = []
        self.closes = 0
        self.order: list[str] = []
        self.core.connect(0.0, settings)
        self.step()

    def step(self) -> None:
        for action in self.core.take():
            self.order.append(type(action).__name__)
            if isinstance(action, Open):
                self.opens.append(action)
            elif isinstance(action, Send):
                self.sent.append(Frame.from_bytes(action.data))
            elif isinstance(action, Deliver):
                self.events.extend(action.frames)
            elif isinstance(action, Close):
                self.closes += 1

    def receive(self, now: float, *data: bytes) -> None:
        self.core.received(now, frames(*data))
        self.step()

    def establish(self, now: float = 0.0) -> None:
        self.core.opened(now)
        self.receive(now, welcome(Welcome(connection_id="c1")))
        assert self.core.state is State.CONNECTED

    def ids(self) -> list[int]:
        return [frame.message_id for frame in self.events]

    def tick(self, now: float) -> None:
        self.core.tick(now)
        self.step()

    def failure(self) -> Sequence[object]:
        found = [frame for frame in self.events if frame.message_id == events.CONNECTION_FAILURE]
        return found[-1].get_many("FailedServer", "ReasonCode", "EventTime")


@pytest.mark.parametrize(("side", "host"), [(0, "a"), (1, "b")])
def test_the_first_side_is_chosen_at_random(side: int, host: str) -> None:
    assert Driven(side).opens[0].host == host


def test_opening() -> None:
    driven = Driven()
    assert driven.core.state is State.CONNECTING
    assert driven.core.deadline == 5.0
    driven.core.opened(1.0)
    driven.step()
    hello = driven.sent[0]
    assert hello.kind == FrameKind.HELLO
    assert hello.get("HeartbeatInterval") == 5000
    assert "ResumeEpoch" not in hello.arguments
    driven.receive(1.0, welcome(Welcome()))
    assert driven.ids() == [events.CONNECTION]
    assert driven.events[0].arguments.to_dict() == {"EventTime": 1234, "CurrentServer": "a"}


def test_connect_twice_is_refused() -> None:
    def code(driven: Driven) -> CilError:
        with pytest.raises(SessionError) as refused:
            driven.core.connect(0.0, SETTINGS)
        return refused.value.code

    driven = Driven()
    assert code(driven) is CilError.E_CTIOS_SESSION_NOT_DISCONNECTED
    driven.core.closed(0.5, "refused")
    driven.step()
    assert code(driven) is CilError.E_CTIOS_IN_FAILOVER
    driven.establish()
    assert code(driven) is CilError.E_CTIOS_SESSION_NOT_DISCONNECTED


def test_a_side_that_cannot_be_reached_hands_over_to_the_other() -> None:
    driven = Driven()
    driven.core.closed(0.5, "refused")
    driven.step()
    assert driven.order[-2:] == ["Deliver", "Open"]
    assert driven.failure() == ("a", ConnectionFailureReason.eConnectFail, 1234)
    assert driven.opens[-1] == Open("b", 2)


def test_back_off_grows_is_jittered_and_capped() -> None:
    driven = Driven()
    delays = []
    now = 0.0
    for _ in range(20):
        driven.core.closed(now, "refused")
        driven.step()
        if driven.core.state is State.WAITING:
            deadline = driven.core.deadline
            assert deadline is not None
            delays.append(deadline - now)
            driven.tick(deadline - 0.001)
            assert driven.core.state is State.WAITING
            now = deadline
            driven.tick(now)
        assert driven.core.state is State.CONNECTING
    assert len(delays) == 19
    assert 0.125 <= delays[0] <= 0.25
    assert all(15.0 <= delay <= 30.0 for delay in delays[10:])
    assert len(set(delays[10:])) > 1
    assert [one.host for one in driven.opens[:4]] == ["a", "b", "a", "b"]


def test_time_out_of_connecting_and_of_the_welcome() -> None:
    driven = Driven()
    driven.tick(5.0)
    assert driven.closes == 1
    assert driven.core.state is State.CONNECTING
    driven.core.opened(6.0)
    driven.step()
    assert driven.core.deadline == 11.0
    driven.tick(11.0)
    assert driven.closes == 2
    assert driven.failure()[:2] == ("b", ConnectionFailureReason.eConnectFail)


def test_a_stable_connection_that_breaks_fails_over_at_once_a_flapping_one_does_not() -> None:
    driven = Driven()
    driven.establish()
    driven.core.closed(60.0)
    driven.step()
    assert driven.failure()[1] == ConnectionFailureReason.eTransportError
    assert driven.core.state is State.CONNECTING
    driven.establish(60.0)
    driven.core.closed(60.1)
    driven.step()
    assert driven.core.state is State.WAITING


def test_heartbeats_only_in_silence() -> None:
    driven = Driven()
    driven.establish()
    driven.receive(3.0, event(1))
    driven.tick(5.0)
    assert driven.core.deadline == 8.0
    assert all(frame.kind != FrameKind.HEARTBEAT for frame in driven.sent)
    driven.tick(8.0)
    assert driven.sent[-1].kind == FrameKind.HEARTBEAT
    driven.receive(8.2, encode_frame(0, {}, kind=FrameKind.HEARTBEAT_CONF))
    assert driven.ids()[-1] == events.HEARTBEAT


def test_missed_heartbeats_end_in_failover_at_the_last() -> None:
    driven = Driven()
    driven.establish()
    for now in (5.0, 10.0, 15.0):
        driven.tick(now)
    missing = [frame for frame in driven.events if frame.message_id == events.MISSING_HEARTBEAT]
    assert [frame.arguments.to_dict() for frame in missing] == [
        {"EventTime": 1234, "ConsecutiveMissedHeartbeats": 1, "HeartbeatInterval": 5000},
        {"EventTime": 1234, "ConsecutiveMissedHeartbeats": 2, "HeartbeatInterval": 5000},
    ]
    driven.tick(20.0)
    assert driven.failure()[1] == ConnectionFailureReason.eMissedHeartbeats
    assert driven.closes == 1
    assert driven.opens[-1].host == "b"


def test_anything_received_takes_back_the_misses() -> None:
    driven = Driven()
    driven.establish()
    driven.tick(5.0)
    driven.tick(10.0)
    driven.receive(11.0, event(1))
    for now in (15.0, 16.0, 21.0):
        driven.tick(now)
    numbers = [
        frame.get("ConsecutiveMissedHeartbeats")
        for frame in driven.events
        if frame.message_id == events.MISSING_HEARTBEAT
    ]
    assert numbers == [1, 1]


def test_no_misses_while_reading_is_paused() -> None:
    driven = Driven()
    driven.establish()
    driven.core.pause(1.0, True)
    for now in (5.0, 6.0, 11.0, 16.0, 21.0, 26.0):
        driven.tick(now)
    assert driven.core.state is State.CONNECTED
    assert driven.ids() == [events.CONNECTION]
    assert sum(frame.kind == FrameKind.HEARTBEAT for frame in driven.sent) == 5


def test_no_heartbeats_with_interval_0() -> None:
    driven = Driven(settings=Settings("a", "b", heartbeat=0))
    driven.establish()
    assert driven.core.deadline is None
    driven.tick(1e6)
    assert driven.core.state is State.CONNECTED


def test_the_servers_heartbeat_is_answered_with_its_entries() -> None:
    driven = Driven()
    driven.establish()
    driven.receive(1.0, heartbeat(99))
    assert driven.sent[-1].kind == FrameKind.HEARTBEAT_CONF
    assert driven.sent[-1].get("EventTime") == 99


def test_events_in_order_pass() -> None:
    driven = Driven()
    driven.establish()
    driven.receive(1.0, event(1), event(2))
    driven.receive(1.0, event(3), event(4))
    driven.receive(1.0, event(5), heartbeat(), event(6))
    assert driven.ids()[1:] == [11] * 6
    assert driven.core.sequence == 6


@pytest.mark.parametrize("wrong", [1, 2, 4, 5])
def test_an_unexplained_jump_ends_the_connection(wrong: int) -> None:
    driven = Driven()
    driven.establish()
    driven.receive(1.0, event(1), event(2))
    driven.receive(1.0, event(wrong), event(wrong + 1))
    assert driven.ids() == [
        events.CONNECTION,
        11,
        11,
        events.CONNECTION_FAILURE,
    ]
    assert driven.failure()[1] == ConnectionFailureReason.eProtocolMismatch
    assert driven.sent[-1].kind == FrameKind.CLOSE
    assert driven.sent[-1].message_id == CloseReason.PROTOCOL_ERROR
    driven.core.opened(1.0)
    driven.step()
    assert driven.sent[-1].get_many("ResumeEpoch", "ResumeSequence") == (EPOCH, "2")


def test_a_new_epoch_starts_at_1_unless_a_gap_says_else() -> None:
    driven = Driven()
    driven.establish()
    driven.receive(1.0, event(1), event(1, epoch=78))
    assert driven.core.epoch == 78
    driven.receive(1.0, gap(Gap(5, 1, 5, 79, "reconnect")), event(6, epoch=79))
    assert (driven.core.epoch, driven.core.sequence) == (79, 6)
    driven.receive(1.0, event(2, epoch=80))
    assert driven.ids()[-1] == events.CONNECTION_FAILURE


def test_a_gap_is_an_event_and_explains_the_jump() -> None:
    driven = Driven()
    driven.establish()
    driven.receive(1.0, event(1), gap(Gap(3, 2, 4, EPOCH, "slow")), event(5))
    assert driven.ids()[1:] == [11, events.GAP_EVENT, 11]
    assert driven.events[2].arguments.to_dict() == {
        "Missed": 3,
        "FromSequence": "2",
        "ToSequence": "4",
        "Epoch": EPOCH,
        "Reason": "slow",
    }


def test_a_gap_that_does_not_join_is_an_error() -> None:
    driven = Driven()
    driven.establish()
    driven.receive(1.0, event(1), gap(Gap(1, 3, 3, EPOCH, "slow")))
    assert driven.ids()[-1] == events.CONNECTION_FAILURE


def test_unnumbered_events_are_not_counted() -> None:
    driven = Driven()
    driven.establish()
    driven.receive(1.0, event(0, epoch=0), event(0, epoch=0), event(1), event(0, epoch=0))
    assert driven.ids()[1:] == [11] * 4


def test_the_filter_is_restored_after_each_reconnect() -> None:
    driven = Driven()
    driven.establish()
    driven.core.set_monitor(Monitor("MessageID=23", snapshot=False, invoke_id=4))
    driven.step()
    first = driven.sent[-1]
    assert first.message_id == RequestID.SET_MESSAGE_FILTER
    assert first.arguments.to_dict() == {
        "Filter": "MessageID=23",
        "MonitorSessionSnapshotMode": 1,
        "InvokeID": 4,
    }
    driven.core.closed(60.0)
    driven.step()
    driven.establish(60.0)
    assert driven.sent[-1] == first


def test_rejected_stops() -> None:
    driven = Driven()
    driven.core.opened(0.0)
    driven.receive(0.0, close(CloseReason.VERSION, "too old"))
    assert driven.ids() == [events.CONNECTION_REJECTED]
    assert driven.core.state is State.IDLE
    assert driven.core.deadline is None


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (CloseReason.GOING_DOWN, ConnectionFailureReason.eOtherError),
        (CloseReason.PROTOCOL_ERROR, ConnectionFailureReason.eProtocolMismatch),
        (CloseReason.TOO_SLOW, ConnectionFailureReason.eOtherError),
    ],
)
def test_close_of_the_server_is_a_failure_with_its_words(
    reason: CloseReason, code: ConnectionFailureReason
) -> None:
    driven = Driven()
    driven.establish()
    driven.receive(60.0, event(1), close(reason, "bye"))
    assert driven.ids()[1:] == [11, events.CONNECTION_FAILURE]
    assert driven.failure()[1] == code
    assert driven.events[-1].get("ErrorMessage") == "bye"
    assert driven.opens[-1].host == "b"


def test_something_else_than_welcome_is_an_offence() -> None:
    driven = Driven()
    driven.core.opened(0.0)
    driven.receive(0.0, event(1))
    assert driven.failure()[1] == ConnectionFailureReason.eProtocolMismatch


def test_a_request_from_a_server_is_an_offence() -> None:
    driven = Driven()
    driven.establish()
    driven.receive(1.0, encode_frame(5, {}, kind=FrameKind.REQUEST))
    assert driven.failure()[1] == ConnectionFailureReason.eProtocolMismatch


@pytest.mark.parametrize("stage", ["connecting", "opening", "connected", "waiting"])
def test_disconnect_ends_everything(stage: str) -> None:
    driven = Driven()
    if stage == "opening":
        driven.core.opened(0.0)
    elif stage == "connected":
        driven.establish()
    elif stage == "waiting":
        driven.core.closed(0.0)
        driven.core.closed(0.0)
        assert driven.core.state is State.WAITING
    driven.step()
    driven.core.disconnect()
    driven.step()
    assert driven.ids()[-1] == events.CONNECTION_CLOSED
    assert len(driven.events[-1].arguments) == 0
    assert driven.core.state is State.IDLE
    assert driven.core.deadline is None
    if stage in ("opening", "connected"):
        assert driven.order[-3:] == ["Send", "Close", "Deliver"]
        assert driven.sent[-1].message_id == CloseReason.ORDERLY
    driven.core.disconnect()
    assert driven.core.take() == []
    driven.core.connect(1.0, SETTINGS)


def test_sending_needs_a_connection() -> None:
    driven = Driven()
    with pytest.raises(SessionError):
        driven.core.send(b"")


def test_late_news_of_an_old_connection_changes_nothing() -> None:
    driven = Driven()
    driven.core.disconnect()
    driven.step()
    driven.core.opened(1.0)
    driven.core.closed(1.0)
    driven.receive(1.0, event(1))
    driven.tick(100.0)
    assert driven.ids() == [events.CONNECTION_CLOSED]
