"""A warm standby: two sessions, one active, and every way in which they change places."""

from __future__ import annotations

import logging

import pytest
from ged_link_kit import ALL_EVENTS, STANDBY, A, B, Rig

from fastcil.ged188.enums import CTIServiceMask, SessionType, StatusCode
from fastcil.ged188.link import (
    ConnectFailed,
    LinkDownError,
    LinkLost,
    LinkLostError,
    LinkState,
    Lost,
    MaintenanceAsked,
    MaintenanceDecided,
    MessageReceived,
    Opened,
    Reconcile,
    ReconcileReason,
    RequestTimeoutError,
    StandbyLost,
    StandbyReady,
    StandbyRefused,
    SwitchedSides,
    SystemEvent,
)
from fastcil.ged188.link_side import SideState

BOTH = ALL_EVENTS | STANDBY
ACTIVE_TYPE, STANDBY_TYPE = SessionType.ACTIVE, SessionType.STANDBY
SWITCH = "STANDBY_ACTIVE_EVENT_MSG"
RELEASE = "STOPPING_REQUESTS_TO_THIS_SIDE_IND"
MESSAGE = {"ICMCentralControllerTime": 1, "Distribution": 3, "ClientID": "x", "Text": "hi"}


def standby(**more: object) -> Rig:
    return Rig(**{"standby": True, "jitter": 0.0, **more})


def states(rig: Rig) -> list[SideState]:
    return [side.state for side in rig.core.sides]


def test_both_sides_are_held_open() -> None:
    rig = standby().start()
    request = rig.made(A)
    assert request["ServicesRequested"] & CTIServiceMask.CTI_SERVICE_ACTIVE_STANDBY
    assert rig.connects == [A]
    rig.confirm_open(A, ACTIVE_TYPE, BOTH)
    assert rig.connects == [A, B]
    rig.made(B)
    rig.confirm_open(B, STANDBY_TYPE, BOTH)
    assert rig.kinds() == ["Opened", "StandbyReady"]
    assert rig.of(StandbyReady) == [StandbyReady("B", 25)]
    assert states(rig) == [SideState.ACTIVE, SideState.STANDBY]
    assert rig.core.active is rig.core.sides[A]


def test_the_first_side_may_be_the_one_that_stands_by() -> None:
    rig = standby().start()
    rig.made(A)
    rig.confirm_open(A, STANDBY_TYPE, BOTH)
    assert rig.core.state is LinkState.CONNECTING
    with pytest.raises(LinkDownError):
        rig.hold()
    rig.made(B)
    rig.confirm_open(B, ACTIVE_TYPE, BOTH)
    assert rig.core.active is rig.core.sides[B]
    assert rig.kinds() == ["StandbyReady", "Opened"]


def test_where_the_server_does_not_say_the_second_session_stands_by() -> None:
    rig = standby().start()
    rig.made(A)
    rig.confirm_open(A, SessionType.UNKNOWN, BOTH)
    rig.made(B)
    rig.confirm_open(B, SessionType.UNKNOWN, BOTH)
    assert states(rig) == [SideState.ACTIVE, SideState.STANDBY]


def test_both_standing_by_waits_for_one_to_become_active() -> None:
    rig = standby().start()
    for side in (A, B):
        rig.made(side)
        rig.confirm_open(side, STANDBY_TYPE, BOTH)
    assert rig.core.state is LinkState.CONNECTING
    rig.say(SWITCH, side=B)
    assert rig.core.active is rig.core.sides[B]
    assert rig.of(Opened)[0].side == "B"  # the first one ever, with its OPEN_CONF
    assert rig.of(Opened)[0].open_conf["SessionType"] == STANDBY_TYPE
    assert rig.of(Reconcile)[0].reason is ReconcileReason.OPENED


def test_events_and_requests_belong_to_the_active_side() -> None:
    rig = standby().dual()
    rig.say("USER_MESSAGE_EVENT", MESSAGE, A)
    rig.say("USER_MESSAGE_EVENT", MESSAGE, B)
    rig.say("SYSTEM_EVENT", {"PGStatus": 0, "ICMCentralControllerTime": 1, "SystemEventID": 3,
                             "SystemEventArg1": 1, "SystemEventArg2": 0, "SystemEventArg3": 0,
                             "EventDeviceType": 0xFFFF}, B)  # fmt: skip
    assert [event.side for event in rig.of(MessageReceived)] == ["A"]
    assert rig.of(SystemEvent) == []
    assert rig.core.counters.dropped == 2
    rig.hold()
    assert rig.sent[-1][0] == A


def test_both_sessions_are_kept_alive() -> None:
    rig = standby(heartbeat_interval=5.0).dual()
    for _ in range(4):
        rig.wait(5)
        for side in (A, B):
            number = rig.last("HEARTBEAT_REQ", side)["InvokeID"]
            rig.say("HEARTBEAT_CONF", {"InvokeID": number}, side)
    assert rig.names(A).count("HEARTBEAT_REQ") == 4
    assert rig.names(B).count("HEARTBEAT_REQ") == 4
    rig.wait(5)
    rig.say("HEARTBEAT_CONF", {"InvokeID": rig.last("HEARTBEAT_REQ", A)["InvokeID"]}, A)
    for _ in range(3):
        rig.wait(5)
        rig.say("HEARTBEAT_CONF", {"InvokeID": rig.last("HEARTBEAT_REQ", A)["InvokeID"]}, A)
    assert rig.of(StandbyLost)[0].reason is Lost.HEARTBEATS
    assert rig.core.state is LinkState.OPEN
    assert rig.connects[-1] == B


# --- the switch -----------------------------------------------------------------------------------


def test_the_switch_makes_no_connection() -> None:
    rig = standby().dual()
    connects = len(rig.connects)
    rig.say(SWITCH, side=B)
    assert rig.core.active is rig.core.sides[B]
    assert rig.events == [
        SwitchedSides("A", "B", 0),
        Reconcile("B", ReconcileReason.SWITCHED),
    ]
    assert rig.names(A) == [RELEASE]  # nothing was outstanding
    assert rig.names(B) == []
    assert (len(rig.connects), rig.cuts) == (connects, [])
    assert rig.core.counters.switches == 1
    rig.hold()
    assert rig.sent[-1][0] == B
    rig.say("USER_MESSAGE_EVENT", MESSAGE, A)  # on the way when the sides changed
    assert rig.of(MessageReceived) == []
    rig.say("USER_MESSAGE_EVENT", MESSAGE, B)
    assert rig.of(MessageReceived)[0].side == "B"


def test_the_old_side_may_still_answer_what_it_was_asked() -> None:
    rig = standby(request_timeout=2.0, standby_drain=4.0).dual()
    first, second = rig.hold(), rig.hold()
    rig.say(SWITCH, side=B)
    assert rig.of(SwitchedSides)[0].draining == 2
    newer = rig.hold()
    rig.say("HOLD_CALL_CONF", {"InvokeID": first.number}, A)
    assert rig.outcome(first).error is None
    assert RELEASE not in rig.names(A)
    rig.wait(2.1)
    assert isinstance(rig.outcome(second).error, RequestTimeoutError)
    assert rig.names(A)[-1] == RELEASE
    assert newer.side == B


def test_the_server_is_not_kept_waiting_for_ever() -> None:
    rig = standby(request_timeout=60.0, standby_drain=4.0).dual()
    pending = rig.hold()
    rig.say(SWITCH, side=B)
    rig.wait(3.9)
    assert RELEASE not in rig.names(A)
    rig.wait(0.2)
    assert rig.names(A)[-1] == RELEASE
    rig.lost(A)  # as the guide says it will
    assert isinstance(rig.outcome(pending).error, LinkLostError)
    assert rig.of(StandbyLost)[0].side == "A"
    assert rig.core.state is LinkState.OPEN
    assert rig.of(LinkLost) == []


def test_the_time_runs_from_the_decision_for_maintenance() -> None:
    rig = standby(request_timeout=60.0, standby_drain=4.0).dual()
    rig.hold()
    rig.say("ACTIVE_MAINTENANCE_EVENT_MSG", {"MaintenanceModeStatus": 1}, A)
    rig.wait(3)
    rig.say(SWITCH, side=B)
    rig.wait(1.1)
    assert rig.names(A)[-1] == RELEASE


def test_the_old_side_comes_back_as_standby() -> None:
    rig = standby().dual()
    rig.say(SWITCH, side=B)
    rig.lost(A)
    rig.until_tried(A)
    rig.made(A)
    rig.refuse_open(StatusCode.E_CTI_SERVER_IN_MAINTENANCE_MODE, A)
    assert rig.of(StandbyRefused)[0].status is StatusCode.E_CTI_SERVER_IN_MAINTENANCE_MODE
    rig.until_tried(A)
    rig.made(A)
    rig.confirm_open(A, STANDBY_TYPE, BOTH)
    assert states(rig) == [SideState.STANDBY, SideState.ACTIVE]
    rig.say(SWITCH, side=A)
    assert rig.core.active is rig.core.sides[A]
    assert rig.core.counters.switches == 2


def test_back_and_forth_while_requests_are_outstanding() -> None:
    rig = standby().dual()
    first = rig.hold()
    rig.say(SWITCH, side=B)
    second = rig.hold()
    rig.say(SWITCH, side=A)  # A was still draining
    assert states(rig) == [SideState.ACTIVE, SideState.DRAINING]
    rig.say("HOLD_CALL_CONF", {"InvokeID": first.number}, A)
    rig.say("HOLD_CALL_CONF", {"InvokeID": second.number}, B)
    assert rig.outcome(first).error is rig.outcome(second).error is None
    assert rig.names(A).count(RELEASE) == 0
    assert rig.names(B)[-1] == RELEASE


def test_a_second_announcement_changes_nothing() -> None:
    rig = standby().dual()
    rig.say(SWITCH, side=A)
    assert rig.events == []
    assert rig.core.counters.dropped == 1


def test_a_confirmation_from_the_wrong_side_is_none() -> None:
    rig = standby().dual()
    pending = rig.hold()
    rig.say("HOLD_CALL_CONF", {"InvokeID": pending.number}, B)
    assert rig.core.outstanding == 1
    assert rig.core.counters.unexpected == 1


# --- the active side fails ------------------------------------------------------------------------


def test_the_active_side_dies_and_the_standby_takes_over() -> None:
    rig = standby().dual()
    rig.wait(60)
    pending = rig.hold()
    rig.lost(A, "reset")
    (lost,) = rig.of(LinkLost)
    assert (lost.side, lost.standby) == ("A", "B")
    assert isinstance(rig.outcome(pending).error, LinkLostError)
    with pytest.raises(LinkDownError):
        rig.hold()
    assert rig.connects[-1] == A  # it may have been the line
    rig.say(SWITCH, side=B)
    assert rig.of(SwitchedSides) == [SwitchedSides("", "B", 0)]
    assert rig.events[-1] == Reconcile("B", ReconcileReason.SWITCHED)
    assert rig.core.state is LinkState.OPEN


def test_the_active_side_comes_back_before_the_standby_moves() -> None:
    rig = standby().dual()
    rig.wait(60)
    rig.lost(A)
    rig.made(A)
    rig.confirm_open(A, ACTIVE_TYPE, BOTH)
    assert rig.core.active is rig.core.sides[A]
    assert states(rig)[B] is SideState.STANDBY
    assert rig.events[-1] == Reconcile("A", ReconcileReason.OPENED)


def test_both_sides_die() -> None:
    rig = standby().dual()
    rig.wait(60)
    rig.lost(B)
    rig.lost(A)
    assert rig.of(LinkLost)[0].standby is None
    for side in (A, B):
        rig.until_tried(side)
        rig.lost(side, "refused")
    assert rig.of(ConnectFailed)
    rig.until_tried(B)
    rig.made(B)
    rig.confirm_open(B, ACTIVE_TYPE, BOTH)
    assert rig.core.active is rig.core.sides[B]
    assert rig.of(Opened)[0].side == "B"


def test_a_side_that_was_refused_is_tried_when_it_is_needed() -> None:
    rig = standby(standby_retry=120.0).start()
    rig.made(A)
    rig.confirm_open(A, ACTIVE_TYPE, BOTH)
    rig.made(B)
    rig.refuse_open(StatusCode.E_CTI_CTI_SERVER_OFFLINE, B)
    connects = len(rig.connects)
    rig.lost(A)
    assert B in rig.connects[connects:]


def test_a_standby_that_never_takes_over_is_opened_anew() -> None:
    rig = standby(standby_takeover=30.0, open_timeout=500.0).dual()
    rig.wait(60)
    rig.lost(A)
    rig.made(A)  # accepted, and silent
    rig.wait(29)
    assert rig.of(StandbyLost) == []
    rig.wait(1.5)
    assert rig.of(StandbyLost)[0].reason is Lost.NO_TAKEOVER
    assert rig.last("CLOSE_REQ", B)["Status"] == 0
    rig.say("CLOSE_CONF", {"InvokeID": rig.last("CLOSE_REQ", B)["InvokeID"]}, B)
    rig.made(B)
    rig.confirm_open(B, ACTIVE_TYPE, BOTH)  # so it was active, and had not said so
    assert rig.core.active is rig.core.sides[B]


def test_a_standby_is_not_hurried_while_the_other_side_is_active() -> None:
    rig = standby(standby_takeover=30.0).dual()
    rig.wait(60)
    rig.lost(A)
    rig.wait(1)
    rig.say(SWITCH, side=B)
    rig.wait(1000)
    assert rig.core.state is LinkState.OPEN
    assert rig.of(StandbyLost) == []


def test_a_lost_standby_that_had_lived_is_opened_again_at_once() -> None:
    rig = standby().dual()
    rig.wait(60)
    rig.lost(B)
    assert rig.of(StandbyLost)[0].retry_in == 0.0
    assert rig.connects[-1] == B


# --- less than two --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [15, 92, 107, 110])
def test_a_refused_standby_leaves_one_side(status: int) -> None:
    rig = standby(standby_retry=120.0).start()
    rig.made(A)
    rig.confirm_open(A, ACTIVE_TYPE, BOTH)
    rig.made(B)
    rig.refuse_open(status, B)
    assert rig.of(StandbyRefused) == [StandbyRefused("B", StatusCode(status), 120.0)]
    assert rig.core.state is LinkState.OPEN
    connects = len(rig.connects)
    rig.wait(119)
    assert len(rig.connects) == connects
    rig.wait(1.1)
    assert rig.connects[-1] == B


def test_a_server_without_the_service_has_one_side() -> None:
    rig = standby().opened(kind=0, services=ALL_EVENTS)
    assert rig.connects == [A]
    assert rig.of(StandbyRefused) == [StandbyRefused("B", None, None)]
    rig.wait(1000)
    assert rig.connects == [A]
    rig.lost(A)
    assert rig.connects == [A, A, B]  # now it is needed


def test_an_old_version_has_no_standby() -> None:
    rig = standby().start()
    rig.made(A)
    rig.refuse_open(StatusCode.E_CTI_INVALID_VERSION)
    rig.made(A)
    rig.refuse_open(StatusCode.E_CTI_INVALID_VERSION)
    request = rig.made(A)
    assert request["VersionNumber"] == 23
    assert not request["ServicesRequested"] & CTIServiceMask.CTI_SERVICE_ACTIVE_STANDBY
    rig.confirm_open(A)
    assert rig.of(StandbyRefused) == [StandbyRefused("B", None, None)]


@pytest.mark.parametrize(("sides", "version"), [(1, 25), (2, 23)])
def test_standby_needs_two_sides_and_version_24(sides: int, version: int) -> None:
    both = (("side-a", 1), ("side-b", 2))
    rig = standby(sides=both[:sides], version=version).start()
    assert rig.core.dual is False
    asked = rig.made(A)["ServicesRequested"]
    assert not asked & CTIServiceMask.CTI_SERVICE_ACTIVE_STANDBY


def test_two_active_sides_are_one_too_many() -> None:
    rig = standby(standby_retry=100.0).start()
    rig.made(A)
    rig.confirm_open(A, ACTIVE_TYPE, BOTH)
    rig.made(B)
    rig.confirm_open(B, ACTIVE_TYPE, BOTH)
    assert rig.core.active is rig.core.sides[A]
    assert rig.last("CLOSE_REQ", B)["Status"] == 0
    assert rig.of(StandbyRefused) == [StandbyRefused("B", None, 100.0)]
    rig.say("CLOSE_CONF", {"InvokeID": rig.last("CLOSE_REQ", B)["InvokeID"]}, B)
    assert rig.cuts == [B]
    rig.wait(99)
    assert rig.connects == [A, B]
    rig.wait(2)
    assert rig.connects == [A, B, B]


def test_unless_the_first_one_has_stopped_answering() -> None:
    rig = standby(heartbeat_interval=5.0, connect_timeout=12.0).start()
    rig.made(A)
    rig.confirm_open(A, ACTIVE_TYPE, BOTH)
    rig.wait(10.5)
    assert rig.core.sides[A].misses == 1
    rig.made(B)
    rig.confirm_open(B, ACTIVE_TYPE, BOTH)
    assert rig.core.active is rig.core.sides[B]
    assert rig.of(LinkLost)[0].side == "A"
    assert rig.events[-1] == Reconcile("B", ReconcileReason.OPENED)


def test_a_client_that_holds_one_side_does_not_stay_with_a_standby() -> None:
    rig = Rig().start()
    rig.made(A)
    rig.confirm_open(A, STANDBY_TYPE)
    assert rig.core.state is LinkState.CONNECTING
    assert rig.last("CLOSE_REQ", A)["Status"] == 0
    assert rig.connects == [A, B]


# --- maintenance ----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [True, False])
def test_maintenance_is_answered_by_the_policy(answer: bool) -> None:
    rig = standby(maintenance=lambda: answer).dual()
    rig.say("ACTIVE_MAINTENANCE_REQ_MSG", {"InvokeID": 77}, A)
    response = rig.last("ACTIVE_MAINTENANCE_RESP_MSG", A)
    assert (response["InvokeID"], response["MaintenanceModeAccepted"]) == (77, int(answer))
    assert rig.of(MaintenanceAsked) == [MaintenanceAsked("A", answer)]


def test_maintenance_is_accepted_by_default() -> None:
    rig = standby().dual()
    rig.say("ACTIVE_MAINTENANCE_REQ_MSG", {"InvokeID": 1}, A)
    assert rig.last("ACTIVE_MAINTENANCE_RESP_MSG", A)["MaintenanceModeAccepted"] == 1


def test_a_policy_that_fails_says_no(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> bool:
        raise RuntimeError("no idea")

    rig = standby(maintenance=broken).dual()
    with caplog.at_level(logging.ERROR):
        rig.say("ACTIVE_MAINTENANCE_REQ_MSG", {"InvokeID": 1}, A)
    assert rig.last("ACTIVE_MAINTENANCE_RESP_MSG", A)["MaintenanceModeAccepted"] == 0
    assert "policy" in caplog.text


def test_a_graceful_shutdown_from_end_to_end() -> None:
    rig = standby().dual()
    rig.say("ACTIVE_MAINTENANCE_REQ_MSG", {"InvokeID": 5}, A)
    rig.say("ACTIVE_MAINTENANCE_EVENT_MSG", {"MaintenanceModeStatus": 1}, A)
    pending = rig.hold()
    assert pending.side == A  # until the other side says that it is active
    rig.say(SWITCH, side=B)
    rig.say("HOLD_CALL_CONF", {"InvokeID": pending.number}, A)
    rig.lost(A)
    assert rig.names(A) == ["ACTIVE_MAINTENANCE_RESP_MSG", "HOLD_CALL_REQ", RELEASE]
    assert rig.of(MaintenanceDecided) == [MaintenanceDecided("A", True)]
    assert rig.kinds() == [
        "MaintenanceAsked",
        "MaintenanceDecided",
        "SwitchedSides",
        "StandbyLost",
    ]
    assert rig.core.state is LinkState.OPEN


def test_a_maintenance_that_is_called_off() -> None:
    rig = standby(request_timeout=60.0, standby_drain=4.0).dual()
    rig.hold()
    for status in (1, 0):
        rig.say("ACTIVE_MAINTENANCE_EVENT_MSG", {"MaintenanceModeStatus": status}, A)
    rig.wait(3)
    rig.say(SWITCH, side=B)
    rig.wait(3)
    assert RELEASE not in rig.names(A)  # the time runs from the switch


def test_close_ends_both_sessions() -> None:
    rig = standby().dual()
    rig.core.close(rig.now)
    rig.act()
    for side in (A, B):
        number = rig.last("CLOSE_REQ", side)["InvokeID"]
        assert rig.core.state is LinkState.CLOSING
        rig.say("CLOSE_CONF", {"InvokeID": number}, side)
    assert rig.core.state is LinkState.CLOSED
    assert sorted(rig.cuts) == [A, B]
