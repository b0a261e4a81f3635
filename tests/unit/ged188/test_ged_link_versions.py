"""Negotiating the version downwards, and the heartbeats that hold a session."""

from __future__ import annotations

from ged_link_kit import A, Rig

from fastcil.ged188.enums import StatusCode
from fastcil.ged188.link import (
    Closed,
    LinkLost,
    LinkState,
    Lost,
    MessageReceived,
    Opened,
    OpenRefused,
)

# --- versions -------------------------------------------------------------------------------------


def test_versions_go_down_until_one_is_spoken() -> None:
    rig = Rig().start()
    for version in range(25, 9, -1):
        assert rig.made()["VersionNumber"] == version
        rig.refuse_open(StatusCode.E_CTI_INVALID_VERSION)
        assert rig.of(OpenRefused)[-1].next_version == version - 1
    assert rig.made()["VersionNumber"] == 9
    rig.confirm_open()
    assert rig.of(Opened)[0].version == 9
    assert rig.core.counters.version_steps == 16
    assert rig.connects == [A] * 17  # the other side is no better
    # A floating field of version 9 has one byte each for tag and length.
    rig.say("USER_MESSAGE_EVENT", {"ICMCentralControllerTime": 1, "Distribution": 3,
                                   "ClientID": "x", "Text": "old"})  # fmt: skip
    assert rig.of(MessageReceived)[0].message["Text"] == "old"


def test_what_worked_is_asked_for_first_for_a_while() -> None:
    rig = Rig(remember_version=3600.0).start()
    rig.made()
    rig.refuse_open(StatusCode.E_CTI_INVALID_VERSION)
    rig.made()
    rig.confirm_open()
    rig.wait(100)
    rig.lost(A)
    assert rig.made()["VersionNumber"] == 24
    rig.confirm_open()
    rig.wait(4000)
    rig.lost(A)
    assert rig.made()["VersionNumber"] == 25  # the server may have been upgraded


def test_no_version_in_common() -> None:
    rig = Rig(version=11, min_version=10).start()
    rig.made()
    rig.refuse_open(StatusCode.E_CTI_INVALID_VERSION)
    assert rig.made()["VersionNumber"] == 10
    rig.refuse_open(StatusCode.E_CTI_INVALID_VERSION)
    closed = rig.events[-1]
    assert isinstance(closed, Closed)
    assert closed.status is StatusCode.E_CTI_INVALID_VERSION


def test_a_server_that_stumbles_over_wide_tags_is_asked_for_version_19() -> None:
    rig = Rig().start()
    rig.made()
    rig.refuse_open(StatusCode.E_CTI_INVALID_FIELD_LENGTH)
    assert rig.made()["VersionNumber"] == 19


def test_a_server_that_just_closes_is_asked_for_older_versions() -> None:
    rig = Rig(sides=(("only", 1),), version=12, min_version=10).start()
    rig.made()
    rig.lost()  # could be chance: the same again, on schedule
    assert rig.connects == [A]
    rig.wait(2)
    assert rig.made()["VersionNumber"] == 12
    rig.lost()
    assert rig.made()["VersionNumber"] == 11
    rig.lost()
    assert rig.made()["VersionNumber"] == 10
    rig.confirm_open()
    assert rig.of(Opened)[0].version == 10


def test_a_server_that_closes_on_every_version_is_left_alone_for_a_while() -> None:
    rig = Rig(sides=(("only", 1),), version=11, min_version=10).start()
    for _ in range(3):
        rig.wait(2)
        rig.made()
        rig.lost()
    made = len(rig.connects)
    rig.wait(10)
    assert len(rig.connects) == made
    rig.wait(5)  # 15 s less some jitter
    assert len(rig.connects) == made + 1
    assert rig.made()["VersionNumber"] == 11


def test_a_lost_attempt_does_not_lead_to_an_old_version() -> None:
    rig = Rig(sides=(("only", 1),)).start()
    rig.made()
    rig.lost()
    rig.until_tried()
    rig.lost(text="refused")
    rig.until_tried()
    rig.made()
    rig.lost()  # again the first time
    rig.until_tried()
    assert rig.made()["VersionNumber"] == 25


def test_a_server_in_trouble_is_not_taken_for_an_old_one() -> None:
    rig = Rig(sides=(("only", 1),)).opened()
    rig.wait(60)
    rig.lost()
    for _ in range(5):
        rig.until_tried()
        assert rig.made()["VersionNumber"] == 25
        rig.lost()
    assert rig.core.counters.version_steps == 0


# --- heartbeats -----------------------------------------------------------------------------------


def test_heartbeats_only_when_nothing_else_is_sent() -> None:
    rig = Rig(heartbeat_interval=5.0).opened()
    rig.wait(4)
    rig.hold()
    rig.wait(4)
    assert "HEARTBEAT_REQ" not in rig.names()
    rig.wait(1.5)
    assert rig.names().count("HEARTBEAT_REQ") == 1


def test_answered_heartbeats_go_on_for_ever() -> None:
    rig = Rig(heartbeat_interval=5.0).opened()
    for _ in range(20):
        rig.wait(5.0)
        rig.say("HEARTBEAT_CONF", {"InvokeID": rig.last("HEARTBEAT_REQ")["InvokeID"]})
    assert rig.core.state is LinkState.OPEN
    assert rig.core.counters.heartbeats == 20
    assert rig.core.counters.heartbeats_missed == 0


def test_three_unanswered_heartbeats_reset_the_connection() -> None:
    rig = Rig(heartbeat_interval=5.0).opened()
    pending = rig.hold()
    rig.wait(19.9)
    assert rig.names().count("HEARTBEAT_REQ") == 3
    assert rig.core.state is LinkState.OPEN
    rig.wait(0.2)
    (lost,) = rig.of(LinkLost)
    assert (lost.side, lost.reason, lost.retry_in) == ("A", Lost.HEARTBEATS, 0.0)
    assert rig.cuts == [A]
    assert rig.connects == [A, A]  # the same side first
    assert rig.core.counters.heartbeats_missed == 3
    assert rig.outcome(pending).error is not None


def test_a_late_answer_to_the_first_of_two_heartbeats_is_a_sign_of_life() -> None:
    rig = Rig(heartbeat_interval=5.0).opened()
    rig.wait(5)
    first = rig.last("HEARTBEAT_REQ")["InvokeID"]
    rig.wait(6)
    assert rig.names().count("HEARTBEAT_REQ") == 2
    rig.say("HEARTBEAT_CONF", {"InvokeID": first})
    rig.wait(10)
    assert rig.core.state is LinkState.OPEN
    assert rig.core.sides[A].misses == 1


def test_events_do_not_stand_in_for_heartbeat_answers() -> None:
    rig = Rig(heartbeat_interval=5.0).opened()
    for _ in range(7):
        rig.wait(3)
        rig.say("USER_MESSAGE_EVENT", {"ICMCentralControllerTime": 1, "Distribution": 3,
                                       "ClientID": "x", "Text": "busy"})  # fmt: skip
    assert rig.of(LinkLost)[0].reason is Lost.HEARTBEATS


def test_a_refused_heartbeat_means_off_line() -> None:
    rig = Rig(heartbeat_interval=5.0).opened()
    rig.wait(5)
    rig.fail(rig.last("HEARTBEAT_REQ")["InvokeID"], StatusCode.E_CTI_CTI_SERVER_OFFLINE)
    assert rig.of(LinkLost)[0].reason is Lost.HEARTBEAT_REFUSED
    assert rig.cuts == [A]
