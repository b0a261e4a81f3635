"""Opening, holding and closing a session, and every way in which that goes wrong."""

from __future__ import annotations

import logging

import pytest
from ged_link_kit import ALL_EVENTS, A, B, Rig, settings

from fastcil.ged188 import EncodeError
from fastcil.ged188.enums import CTIServiceMask, PGStatusMask, StatusCode, SystemEventID
from fastcil.ged188.link import (
    Closed,
    ConnectFailed,
    DecodeProblem,
    FailureReported,
    LinkClosedError,
    LinkCore,
    LinkDownError,
    LinkError,
    LinkLost,
    LinkState,
    Lost,
    MessageReceived,
    Opened,
    OpenRefused,
    Reconcile,
    ReconcileReason,
    SystemEvent,
)


def test_open_req_says_who_wants_what() -> None:
    rig = Rig(
        services=ALL_EVENTS,
        client_signature="sig",
        peripheral_id=5000,
        heartbeat_interval=15.0,
        config_msg_mask=4,
        agent_instrument="3001",
    ).start()
    assert rig.connects == [A]
    request = rig.made()
    assert request["VersionNumber"] == 25
    assert request["IdleTimeout"] == 60  # four heartbeat intervals
    assert request["ServicesRequested"] == ALL_EVENTS
    assert request["PeripheralID"] == 5000
    assert request["ConfigMsgMask"] == 4
    assert (request["Reserved1"], request["Reserved2"], request["Reserved3"]) == (0, 0, 0)
    assert request["ClientID"] == "tester"
    assert request["ClientPassword"] == b"s3cret"
    assert request["ClientSignature"] == "sig"
    assert request["AgentInstrument"] == "3001"
    assert "AgentID" not in request


def test_no_heartbeats_no_idle_timeout_and_an_empty_password_is_there() -> None:
    request = Rig(client_password="").start().made()
    assert request["IdleTimeout"] == 0xFFFFFFFF
    assert request["ClientPassword"] == b""


def test_a_short_interval_still_asks_for_the_idle_timeout_that_servers_accept() -> None:
    assert Rig(heartbeat_interval=0.1).start().made()["IdleTimeout"] == 20


@pytest.mark.parametrize(("version", "newest"), [(22, 0x08000000), (14, 0x02000000), (25, 1 << 31)])
def test_masks_have_no_bit_that_the_version_does_not_know(version: int, newest: int) -> None:
    mask = Rig(version=version).start().made()["CallMsgMask"]
    assert mask.bit_length() == newest.bit_length()
    assert not mask & 0x04000000  # CALL_TERMINATION_MASK is reserved


def test_opened_tells_what_was_granted_and_asks_to_reconcile() -> None:
    rig = Rig().opened()
    assert rig.core.state is LinkState.OPEN
    assert rig.core.version == 25
    assert rig.core.services == CTIServiceMask.CTI_SERVICE_ALL_EVENTS
    opened, reconcile = rig.events
    assert isinstance(opened, Opened)
    assert (opened.side, opened.version, opened.services) == ("A", 25, ALL_EVENTS)
    assert opened.open_conf["PeripheralType"] == 17
    assert reconcile == Reconcile("A", ReconcileReason.OPENED)


def test_events_go_up_in_order_and_are_counted() -> None:
    rig = Rig().opened()
    rig.say("CLIENT_SESSION_CLOSED_EVENT", {"SessionID": 1, "PeripheralID": 1, "Status": 0,
                                            "ClientPort": 9, "ClientAddress": "10.0.0.9",
                                            "ClientID": "x"})  # fmt: skip
    rig.say("USER_MESSAGE_EVENT", {"ICMCentralControllerTime": 1, "Distribution": 3,
                                   "ClientID": "x", "Text": "hello"})  # fmt: skip
    got = rig.of(MessageReceived)
    assert [one.message.name for one in got] == [
        "CLIENT_SESSION_CLOSED_EVENT",
        "USER_MESSAGE_EVENT",
    ]
    assert got[1].message["Text"] == "hello"
    assert rig.core.counters.messages == 2
    assert "hello" not in repr(got[1])


def test_system_events_are_typed() -> None:
    rig = Rig().opened()
    rig.say(
        "SYSTEM_EVENT",
        {
            "PGStatus": 4,
            "ICMCentralControllerTime": 1_700_000_001,
            "SystemEventID": 4,
            "SystemEventArg1": 5000,
            "SystemEventArg2": 0,
            "SystemEventArg3": 0,
            "EventDeviceType": 0xFFFF,
            "Text": "gone",
        },
    )
    (event,) = rig.of(SystemEvent)
    assert event.id is SystemEventID.SYS_PERIPHERAL_OFFLINE
    assert event.pg_status is PGStatusMask.PGS_PERIPHERAL_OFFLINE
    assert (event.arguments, event.text, event.time) == ((5000, 0, 0), "gone", 1_700_000_001)


# --- opening goes wrong ---------------------------------------------------------------------------


def test_nothing_listens_anywhere() -> None:
    rig = Rig().start()
    rig.lost(A, "refused")
    assert rig.connects == [A, B]
    rig.lost(B, "refused")
    failures = rig.of(ConnectFailed)
    assert [(f.side, f.reason, f.text) for f in failures] == [
        ("A", Lost.CONNECT_FAILED, "refused"),
        ("B", Lost.CONNECT_FAILED, "refused"),
    ]
    assert rig.core.state is LinkState.CONNECTING


def test_connecting_has_a_time_out() -> None:
    rig = Rig(connect_timeout=5.0).start()
    rig.wait(4.9)
    assert rig.cuts == []
    rig.wait(0.2)
    assert rig.cuts == [A]
    assert rig.connects == [A, B]
    assert rig.of(ConnectFailed)[0].reason is Lost.CONNECT_TIMEOUT


@pytest.mark.parametrize(("clients", "patience"), [(500, 30.0), (501, 60.0)])
def test_open_conf_has_the_time_out_of_the_guide(clients: int, patience: float) -> None:
    rig = Rig(expected_clients=clients).start()
    rig.made()
    rig.wait(patience - 1)
    assert rig.cuts == []
    rig.wait(2.0)
    assert rig.cuts == [A]
    assert rig.connects == [A, B]
    assert rig.of(ConnectFailed)[0].reason is Lost.OPEN_TIMEOUT


def test_a_refusal_that_passes_leads_to_the_other_side() -> None:
    rig = Rig().start()
    rig.made()
    rig.refuse_open(StatusCode.E_CTI_DEVICE_IN_USE)
    assert rig.of(OpenRefused) == [OpenRefused("A", StatusCode.E_CTI_DEVICE_IN_USE, 25, None)]
    assert rig.cuts == [A]
    assert rig.connects == [A, B]
    rig.made(B)
    rig.confirm_open(B)
    assert rig.core.active is rig.core.sides[B]


@pytest.mark.parametrize(
    "status",
    [
        StatusCode.E_CTI_INVALID_PASSWORD,
        StatusCode.E_CTI_REQUIRED_DATA_MISSING,
        StatusCode.E_CTI_INCONSISTENT_AGENT_DATA,
        StatusCode.E_CTI_INVALID_SERVICE_MASK,
        4711,
    ],
)
def test_a_refusal_of_the_data_ends_a_link_that_was_never_open(status: int) -> None:
    rig = Rig().start()
    rig.made()
    rig.refuse_open(status)
    closed = rig.events[-1]
    assert isinstance(closed, Closed)
    assert closed.status == status
    assert rig.core.state is LinkState.CLOSED
    assert rig.cuts == [A]
    assert rig.core.deadline is None
    with pytest.raises(LinkClosedError):
        rig.hold()


def test_the_same_refusal_later_is_waited_out() -> None:
    rig = Rig().opened()
    rig.wait(60)
    rig.lost(A)
    rig.made(A)
    rig.refuse_open(StatusCode.E_CTI_INVALID_PERIPHERAL_ID)
    assert rig.core.state is LinkState.CONNECTING
    assert rig.connects == [A, A, B]


def test_an_open_conf_for_another_request_opens_nothing() -> None:
    rig = Rig().start()
    request = rig.made()
    rig.say("HEARTBEAT_CONF", {"InvokeID": request["InvokeID"]})
    assert rig.core.state is LinkState.CONNECTING
    assert rig.core.counters.unexpected == 1


def test_a_second_open_conf_changes_nothing() -> None:
    rig = Rig().opened()
    rig.confirm_open()
    assert len(rig.of(Opened)) == 1
    assert rig.core.counters.unexpected == 1


def test_open_conf_that_cannot_be_read_is_not_waited_out() -> None:
    rig = Rig().start()
    rig.made()
    rig.feed(bytes.fromhex("00000004 00000004 00000001"))
    assert rig.cuts == [A]
    assert rig.of(DecodeProblem)[0].error.message == "OPEN_CONF"
    assert rig.of(ConnectFailed)[0].reason is Lost.GARBAGE


def test_settings_that_make_no_open_req_are_refused_before_anything_is_sent() -> None:
    core = LinkCore(settings(client_id="x" * 200))
    with pytest.raises(EncodeError, match="ClientID"):
        core.open(0.0)
    assert core.take() == []


def test_open_twice_and_open_after_close() -> None:
    rig = Rig().start()
    with pytest.raises(LinkError, match="before"):
        rig.core.open(rig.now)
    rig.core.close(rig.now)
    with pytest.raises(LinkClosedError):
        rig.core.open(rig.now)


def test_requests_need_a_session() -> None:
    rig = Rig()
    with pytest.raises(LinkClosedError):
        rig.hold()
    rig.start()
    with pytest.raises(LinkDownError):
        rig.hold()


# --- endings --------------------------------------------------------------------------------------


def test_close_waits_for_close_conf() -> None:
    rig = Rig().opened()
    pending = rig.hold()
    rig.core.close(rig.now, StatusCode.E_CTI_TIMEOUT)
    rig.act()
    request = rig.last("CLOSE_REQ")
    assert request["Status"] == StatusCode.E_CTI_TIMEOUT
    assert rig.core.state is LinkState.CLOSING
    assert isinstance(rig.outcome(pending).error, LinkClosedError)
    assert rig.cuts == []
    rig.say("CLOSE_CONF", {"InvokeID": request["InvokeID"]})
    assert rig.cuts == [A]
    assert rig.events[-1] == Closed("the link was closed")
    assert rig.core.state is LinkState.CLOSED
    assert rig.core.deadline is None
    rig.core.close(rig.now)
    assert rig.core.take() == []


def test_close_conf_has_a_time_out() -> None:
    rig = Rig(close_timeout=5.0).opened()
    rig.core.close(rig.now)
    rig.act()
    rig.wait(4.9)
    assert rig.core.state is LinkState.CLOSING
    rig.wait(0.2)
    assert rig.cuts == [A]
    assert isinstance(rig.events[-1], Closed)


@pytest.mark.parametrize("how", ["refusal", "lost", "garbage"])
def test_closing_ends_whatever_the_server_does(how: str) -> None:
    rig = Rig().opened()
    rig.core.close(rig.now)
    rig.act()
    rig.say("USER_MESSAGE_EVENT", {"ICMCentralControllerTime": 1, "Distribution": 3,
                                   "ClientID": "x", "Text": "too late"})  # fmt: skip
    if how == "refusal":
        rig.fail(rig.last("CLOSE_REQ")["InvokeID"], 4)
    elif how == "lost":
        rig.lost(A)
    else:
        rig.feed(b"\xff" * 64)
    assert isinstance(rig.events[-1], Closed)
    assert rig.of(MessageReceived) == []
    assert rig.core.counters.dropped == 1


def test_a_late_refusal_of_another_request_does_not_end_closing() -> None:
    rig = Rig().opened()
    pending = rig.hold()
    rig.core.close(rig.now)
    rig.act()
    rig.fail(pending.number, 13)
    assert rig.core.state is LinkState.CLOSING


@pytest.mark.parametrize("stage", ["connecting", "opening", "waiting"])
def test_close_before_there_is_a_session(stage: str) -> None:
    rig = Rig().start()
    if stage == "opening":
        rig.made()
    elif stage == "waiting":
        rig.lost(A)
        rig.lost(B)
    before = len(rig.connects)
    rig.core.close(rig.now)
    rig.act()
    assert isinstance(rig.events[-1], Closed)
    assert rig.cuts == ([] if stage == "waiting" else [A])
    rig.wait(1000)
    assert len(rig.connects) == before
    rig.core.connection_made(A, rig.now)  # too late
    assert rig.core.take() == []


def test_failure_event_off_line_closes_and_goes_to_the_other_side() -> None:
    rig = Rig().opened()
    rig.wait(60)
    pending = rig.hold()
    rig.say("FAILURE_EVENT", {"Status": 15})
    assert rig.of(FailureReported) == [FailureReported("A", StatusCode.E_CTI_CTI_SERVER_OFFLINE)]
    assert rig.last("CLOSE_REQ")["Status"] == 15
    assert rig.of(LinkLost)[0].reason is Lost.SERVER_OFFLINE
    assert rig.outcome(pending).error is not None
    assert rig.connects == [A, B]  # while the good-bye is still awaited
    rig.say("CLOSE_CONF", {"InvokeID": rig.last("CLOSE_REQ")["InvokeID"]})
    assert rig.cuts == [A]
    rig.made(B)
    rig.confirm_open(B)
    assert rig.core.state is LinkState.OPEN


def test_the_only_side_is_tried_again_when_its_good_bye_is_over() -> None:
    rig = Rig(sides=(("only", 1),)).opened()
    rig.wait(60)
    rig.say("FAILURE_EVENT", {"Status": 15})
    assert rig.connects == [A]
    rig.wait(5.1)
    assert rig.cuts == [A]
    assert rig.connects == [A, A]


def test_another_session_of_the_same_client_is_not_fought() -> None:
    rig = Rig(sides=(("only", 1),), jitter=0.0).opened()
    rig.wait(60)
    rig.say("FAILURE_EVENT", {"Status": 11})
    assert rig.core.state is LinkState.OPEN  # the server closes, not the client
    rig.lost()
    assert rig.of(LinkLost)[0].retry_in == 15.0


def test_a_side_that_goes_into_maintenance_is_left_for_the_other() -> None:
    rig = Rig().opened()
    rig.wait(60)
    rig.say("FAILURE_EVENT", {"Status": 110})
    assert rig.core.state is LinkState.OPEN
    rig.lost(A)
    assert rig.connects == [A, B]


def test_off_line_before_the_session_is_open() -> None:
    rig = Rig().start()
    rig.made()
    rig.say("FAILURE_EVENT", {"Status": 15})
    assert rig.cuts == [A]
    assert rig.connects == [A, B]
    assert "CLOSE_REQ" not in rig.names()


def test_messages_before_the_session_is_open_are_counted() -> None:
    rig = Rig().start()
    rig.made()
    rig.say("USER_MESSAGE_EVENT", {"ICMCentralControllerTime": 1, "Distribution": 3,
                                   "ClientID": "x", "Text": "early"})  # fmt: skip
    assert rig.core.counters.dropped == 1
    assert rig.core.counters.to_dict()["dropped"] == 1
    assert rig.events == []


def test_other_failure_events_are_told_and_change_nothing() -> None:
    rig = Rig().opened()
    rig.say("FAILURE_EVENT", {"Status": 16})
    assert rig.of(FailureReported)[0].status is StatusCode.E_CTI_TIMEOUT
    assert rig.core.state is LinkState.OPEN


def test_the_password_is_in_no_repr_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    rig = Rig().opened()
    rig.say("FAILURE_EVENT", {"Status": 15})
    texts = [repr(rig.core.settings), caplog.text, *map(repr, rig.events)]
    assert not any("s3cret" in text for text in texts)
