"""InvokeIDs, confirmations, refusals, time-outs, and answers of every odd kind."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from ged_link_kit import A, B, Rig

from fastcil.ged188 import NULL_UINT, EncodeError, encode_message
from fastcil.ged188.enums import ControlFailureCode, ControlFailureCodeExtended, StatusCode
from fastcil.ged188.link import (
    AnswerError,
    ControlFailureError,
    LinkBusyError,
    LinkCore,
    LinkLostError,
    MessageReceived,
    RequestFailedError,
    RequestTimeoutError,
    UnexpectedConfirmation,
)
from fastcil.ged188.link_futures import Waiting
from fastcil.ged188.link_requests import MAX_PARTS, Outstanding, merged
from fastcil.ged188.requests import ConfigRequestEvent, HoldCallReq, ListAgentTeamReq

HOLD_CONF = "HOLD_CALL_CONF"


def teams(rig: Rig, number: int, ids: list[int], more: int, segment: int = 1) -> None:
    """One part of a team list."""
    rig.say(
        "LIST_AGENT_TEAM_CONF",
        {"InvokeID": number, "SegmentNumber": segment, "More": more, "TeamID": ids},
    )


def test_the_confirmation_resolves_its_request() -> None:
    rig = Rig().opened()
    first, second = rig.hold(), rig.hold()
    assert first.number != second.number
    rig.say(HOLD_CONF, {"InvokeID": second.number})
    outcome = rig.outcome(second)
    assert outcome.error is None
    assert [part["InvokeID"] for part in outcome.parts] == [second.number]
    assert rig.core.outstanding == 1
    assert rig.of(MessageReceived) == []  # confirmations are no events
    assert (rig.core.counters.requests, rig.core.counters.confirmations) == (2, 1)


def test_a_typed_request_is_sent_with_the_defaults_of_the_documents() -> None:
    rig = Rig().opened()
    pending = rig.core.request(
        rig.now,
        HoldCallReq(peripheral_id=5000, connection_call_id=77, connection_device_id="3001"),
    )
    rig.act()
    sent = rig.last("HOLD_CALL_REQ")
    assert sent["InvokeID"] == pending.number
    assert (sent["ConnectionDeviceIDType"], sent["Reservation"]) == (0, 0)
    assert sent["ConnectionDeviceID"] == "3001"


def test_failure_conf_in_the_form_of_version_24() -> None:
    rig = Rig(version=24).opened()
    pending = rig.hold()
    values = {"InvokeID": pending.number, "FailureCode": 13, "PeripheralErrorCode": 99}
    rig.say("FAILURE_CONF", values)
    error = rig.outcome(pending).error
    assert isinstance(error, RequestFailedError)
    assert error.status is StatusCode.E_CTI_INVALID_CALLID
    assert error.peripheral_error_code == 99
    assert str(error) == "HOLD_CALL_REQ: E_CTI_INVALID_CALLID (13), peripheral error 99"


@pytest.mark.parametrize("version", [23, 25])
def test_failure_conf_in_the_form_of_version_23_whatever_the_version(version: int) -> None:
    rig = Rig(version=version).opened()
    pending = rig.hold()
    rig.feed(encode_message("FAILURE_CONF", {"InvokeID": pending.number, "Status": 12}, version=23))
    error = rig.outcome(pending).error
    assert isinstance(error, RequestFailedError)
    assert error.status is StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE
    assert error.peripheral_error_code == 0


@pytest.mark.parametrize(
    ("code", "meaning", "text"),
    [
        (13, ControlFailureCode(13), ControlFailureCode(13).name),
        (
            260,
            ControlFailureCodeExtended.CF_INVALID_LOGON_DEVICE_SPECIFIED,
            "CF_INVALID_LOGON_DEVICE_SPECIFIED",
        ),
        (9999, 9999, "9999"),
    ],
)
def test_control_failure_conf(code: int, meaning: int, text: str) -> None:
    rig = Rig().opened()
    pending = rig.hold()
    values = {"InvokeID": pending.number, "FailureCode": code, "PeripheralErrorCode": 0}
    rig.say("CONTROL_FAILURE_CONF", values)
    error = rig.outcome(pending).error
    assert isinstance(error, ControlFailureError)
    assert error.failure_code == meaning
    assert type(error.failure_code) is type(meaning)
    assert text in str(error)
    assert rig.core.counters.failures == 1


def test_every_request_has_a_time_out_of_its_own() -> None:
    rig = Rig(request_timeout=10.0).opened()
    usual = rig.hold()
    short = rig.core.request(
        rig.now,
        HoldCallReq(peripheral_id=1, connection_call_id=2, connection_device_id="3"),
        timeout=1.0,
    )
    rig.wait(1.1)
    error = rig.outcome(short).error
    assert isinstance(error, RequestTimeoutError)
    assert isinstance(error, TimeoutError)
    assert (error.request, error.seconds) == ("HOLD_CALL_REQ", 1.0)
    rig.wait(8.8)
    assert rig.core.outstanding == 1
    rig.wait(0.2)
    assert isinstance(rig.outcome(usual).error, RequestTimeoutError)
    assert rig.core.counters.timeouts == 2
    assert rig.core.deadline is None


def test_a_late_confirmation_is_counted_and_told() -> None:
    rig = Rig().opened()
    pending = rig.hold()
    rig.wait(11)
    rig.say(HOLD_CONF, {"InvokeID": pending.number})
    (event,) = rig.of(UnexpectedConfirmation)
    assert (event.late, event.request, event.message.name) == (True, "HOLD_CALL_REQ", HOLD_CONF)
    rig.say(HOLD_CONF, {"InvokeID": pending.number})
    assert rig.of(UnexpectedConfirmation)[1].late is False
    assert (rig.core.counters.late, rig.core.counters.unexpected) == (1, 1)
    assert isinstance(rig.outcome(pending).error, RequestTimeoutError)


def test_a_second_confirmation_resolves_nothing() -> None:
    rig = Rig().opened()
    pending, other = rig.hold(), rig.hold()
    rig.say(HOLD_CONF, {"InvokeID": pending.number})
    rig.say(HOLD_CONF, {"InvokeID": pending.number})
    assert rig.outcome(pending).error is None
    assert rig.core.outstanding == 1
    assert rig.core.counters.unexpected == 1
    assert not [one for one in rig.resolved if one.pending is other]


def test_the_confirmation_of_another_message_does_not_count() -> None:
    rig = Rig().opened()
    pending = rig.hold()
    rig.say("ANSWER_CALL_CONF", {"InvokeID": pending.number})
    assert rig.core.outstanding == 1
    assert rig.core.counters.unexpected == 1
    rig.say(HOLD_CONF, {"InvokeID": pending.number})
    assert rig.outcome(pending).error is None


def test_refusals_without_a_request_are_counted() -> None:
    rig = Rig().opened()
    rig.fail(4242, 13)
    values = {"InvokeID": 4242, "FailureCode": 1, "PeripheralErrorCode": 0}
    rig.say("CONTROL_FAILURE_CONF", values)
    rig.say("HEARTBEAT_CONF", {"InvokeID": 4242})
    assert rig.core.counters.unexpected == 3


def test_an_abandoned_request_leaves_its_invoke_id_taken() -> None:
    rig = Rig().opened()
    pending = rig.hold()
    rig.core.abandon(pending)
    rig.core.abandon(pending)
    assert (rig.core.outstanding, rig.core.counters.abandoned) == (0, 1)
    rig.wait(20)
    rig.say(HOLD_CONF, {"InvokeID": pending.number})
    assert rig.core.counters.late == 1
    assert rig.resolved == []


def test_an_abandoned_request_for_configuration_waits_for_nothing() -> None:
    rig = Rig().opened()
    pending = rig.core.request(rig.now, "CONFIG_REQUEST_KEY_EVENT", {"PeripheralID": 1})
    rig.core.abandon(pending)
    rig.core.abandon(pending)
    rig.say("CONFIG_KEY_EVENT", {"ConfigkeyStatus": 0})
    assert (rig.core.outstanding, rig.core.counters.abandoned) == (0, 1)
    assert rig.resolved == []


def test_lost_requests_for_configuration_fail_as_well() -> None:
    rig = Rig().opened()
    pending = rig.core.request(rig.now, "CONFIG_REQUEST_KEY_EVENT", {"PeripheralID": 1})
    rig.lost(A)
    assert isinstance(rig.outcome(pending).error, LinkLostError)


def test_a_lost_session_fails_what_is_outstanding() -> None:
    rig = Rig().opened()
    first, second = rig.hold(), rig.hold()
    rig.lost(A, "reset by peer")
    for pending in (first, second):
        error = rig.outcome(pending).error
        assert isinstance(error, LinkLostError)
        assert error.side == "A"
        assert str(error) == "HOLD_CALL_REQ: reset by peer"
    assert rig.core.counters.lost == 2
    rig.made(B)
    rig.confirm_open(B)
    rig.say(HOLD_CONF, {"InvokeID": first.number}, B)  # a new session knows nothing of it
    assert rig.core.counters.unexpected == 1


def test_outstanding_requests_are_bounded() -> None:
    rig = Rig(max_outstanding=3).opened()
    pending = [rig.hold() for _ in range(3)]
    with pytest.raises(LinkBusyError, match="3 requests"):
        rig.hold()
    assert rig.names().count("HOLD_CALL_REQ") == 3
    rig.say(HOLD_CONF, {"InvokeID": pending[0].number})
    rig.hold()


def test_invoke_ids_wrap_and_are_never_reserved_or_taken() -> None:
    rig = Rig(LinkCore(Rig().core.settings, first_invoke_id=NULL_UINT - 3)).opened()
    taken = rig.last("OPEN_REQ")["InvokeID"]
    assert taken == NULL_UINT - 3
    numbers = [rig.hold().number for _ in range(6)]
    assert numbers == [NULL_UINT - 2, NULL_UINT - 1, 1, 2, 3, 4]


def test_a_new_number_passes_over_those_in_use_and_those_given_up() -> None:
    table = Outstanding(10, first=NULL_UINT - 1)
    table.add("X", 1, 55, A, 0.0, 10.0)
    gone = table.add("X", 2, 55, A, 0.0, 10.0)
    table.remove(gone, late=True)
    assert [table.new_number() for _ in range(2)] == [NULL_UINT - 1, 3]


def test_requests_given_up_are_remembered_within_bounds() -> None:
    table = Outstanding(10)
    for number in range(1, 6001):
        table.remove(table.add("X", number, 55, A, 0.0, 1.0), late=True)
    assert table.late(6000) == "X"
    assert table.late(1) is None


def test_many_answered_requests_leave_nothing_behind() -> None:
    table = Outstanding(10)
    for number in range(1, 5000):
        table.remove(table.add("X", number, 55, A, 0.0, 1000.0))
    assert len(table) == 0
    assert len(table._times) < 200
    assert table.deadline is None


@pytest.mark.parametrize(
    ("name", "error", "match"),
    [
        ("OPEN_REQ", ValueError, "by the link itself"),
        ("HEARTBEAT_REQ", ValueError, "by the link itself"),
        ("CALL_DELIVERED_EVENT", ValueError, "use send"),
        ("MEDIA_LOGIN_REQ", ValueError, "no documented format"),
        ("NO_SUCH_REQ", KeyError, "NO_SUCH_REQ"),
        (9_999, KeyError, "9999"),
    ],
)
def test_what_is_no_request(name: str | int, error: type[Exception], match: str) -> None:
    rig = Rig().opened()
    with pytest.raises(error, match=match):
        rig.core.request(rig.now, name, {})


def test_values_that_make_no_message_are_not_outstanding() -> None:
    rig = Rig().opened()
    with pytest.raises(EncodeError, match="ConnectionCallID"):
        rig.core.request(rig.now, "HOLD_CALL_REQ", {"PeripheralID": 1})
    with pytest.raises(ValueError, match="InvokeID"):
        rig.core.request(rig.now, "HOLD_CALL_REQ", {"InvokeID": 7})
    with pytest.raises(ValueError, match="typed"):
        rig.core.request(rig.now, ListAgentTeamReq(supervisor_id=1), {"InvokeID": 7})
    assert (rig.core.outstanding, rig.core.counters.requests) == (0, 0)


# --- answers in parts -----------------------------------------------------------------------------


def test_parts_are_gathered_and_make_one_message() -> None:
    rig = Rig().opened()
    pending = rig.core.request(rig.now, ListAgentTeamReq(supervisor_id=9))
    teams(rig, pending.number, [1, 2], more=1, segment=1)
    rig.wait(9)  # each part gives the next one the whole time
    teams(rig, pending.number, [3], more=1, segment=2)
    rig.wait(9)
    assert rig.core.outstanding == 1
    teams(rig, pending.number, [4, 5], more=0, segment=3)
    parts = rig.outcome(pending).parts
    assert [part["TeamID"] for part in parts] == [[1, 2], [3], [4, 5]]
    whole = merged(parts)
    assert whole["TeamID"] == [1, 2, 3, 4, 5]
    assert (whole["NumberOfAgentTeams"], whole["More"]) == (5, 0)
    assert merged(parts[2:]) is parts[2]


def test_a_missing_part_is_a_time_out() -> None:
    rig = Rig().opened()
    pending = rig.core.request(rig.now, ListAgentTeamReq(supervisor_id=9))
    teams(rig, pending.number, [1], more=1)
    rig.wait(11)
    assert isinstance(rig.outcome(pending).error, RequestTimeoutError)


def test_endless_parts_are_cut_off() -> None:
    rig = Rig().opened()
    pending = rig.core.request(rig.now, ListAgentTeamReq(supervisor_id=9))
    for _ in range(MAX_PARTS):
        teams(rig, pending.number, [1], more=1)
    assert isinstance(rig.outcome(pending).error, AnswerError)


def test_parts_too_large_for_one_message_say_so() -> None:
    rig = Rig().opened()
    pending = rig.core.request(rig.now, ListAgentTeamReq(supervisor_id=9))
    for more in (1, 1, 0):
        teams(rig, pending.number, list(range(1500)), more=more)
    parts = rig.outcome(pending).parts
    with pytest.raises(AnswerError, match="3 parts"):
        merged(parts)
    whole: Future[object] = Future()
    Waiting(whole, True).settle(parts, None)
    assert isinstance(whole.exception(0), AnswerError)
    apart: Future[object] = Future()
    Waiting(apart, False).settle(parts, None)
    Waiting(apart, False).settle([], RequestTimeoutError("X", 1.0))  # settled once
    assert apart.result(0) == tuple(parts)


def test_a_confirmation_that_cannot_be_read_fails_its_request() -> None:
    rig = Rig().opened()
    pending = rig.hold()
    conf = encode_message("HOLD_CALL_CONF", {"InvokeID": pending.number})
    other = rig.core.request(rig.now, "QUERY_AGENT_STATISTICS_REQ", {"PeripheralID": 1})
    short = bytearray(encode_message("MONITOR_STOP_CONF", {"InvokeID": other.number}))
    short[7] = 113  # QUERY_AGENT_STATISTICS_CONF has far more than an InvokeID
    rig.feed(bytes(short) + conf)
    error = rig.outcome(other).error
    assert isinstance(error, AnswerError)
    assert error.error is not None
    assert error.error.message == "QUERY_AGENT_STATISTICS_CONF"
    assert rig.outcome(pending).error is None


# --- requests without InvokeID -----------------------------------------------------------------


def test_configuration_is_answered_by_its_end() -> None:
    rig = Rig().opened()
    asked = ConfigRequestEvent(config_information=4, peripheral_id=5000)
    pending = rig.core.request(rig.now, asked)
    rig.act()
    assert rig.last("CONFIG_REQUEST_EVENT")["ConfigInformation"] == 4
    rig.wait(9)
    rig.say("CONFIG_BEGIN_EVENT", {"ConfigType": 1, "ConfigInformation": 4})
    rig.wait(9)  # the time-out runs anew with every record
    rig.say("CONFIG_END_EVENT", {"ConfigEndStatus": 5})  # partial
    rig.say("CONFIG_BEGIN_EVENT", {"ConfigType": 1, "ConfigInformation": 4})
    assert rig.core.outstanding == 1
    rig.say("CONFIG_END_EVENT", {"ConfigEndStatus": 0})
    assert [part.name for part in rig.outcome(pending).parts] == ["CONFIG_END_EVENT"]
    assert len(rig.of(MessageReceived)) == 4  # the layer above has the records in order


def test_an_update_nobody_asked_for_ends_no_request() -> None:
    rig = Rig().opened()
    pending = rig.core.request(rig.now, "CONFIG_REQUEST_EVENT", {
        "ConfigInformation": 4, "ConfigMsgMask": 0, "PeripheralID": 1})  # fmt: skip
    rig.say("CONFIG_BEGIN_EVENT", {"ConfigType": 2, "ConfigInformation": 4})
    rig.say("CONFIG_END_EVENT", {"ConfigEndStatus": 0})
    assert rig.core.outstanding == 1
    rig.say("CONFIG_END_EVENT", {"ConfigEndStatus": 4})  # an error needs no beginning
    assert rig.outcome(pending).parts[0]["ConfigEndStatus"] == 4


def test_configuration_keys_and_their_time_out() -> None:
    rig = Rig().opened()
    first = rig.core.request(rig.now, "CONFIG_REQUEST_KEY_EVENT", {"PeripheralID": 1})
    second = rig.core.request(rig.now, "CONFIG_REQUEST_KEY_EVENT", {"PeripheralID": 2})
    rig.say("CONFIG_KEY_EVENT", {"ConfigkeyStatus": 0})
    assert rig.outcome(first).error is None  # in the order they were made
    rig.wait(11)
    assert isinstance(rig.outcome(second).error, RequestTimeoutError)
    rig.say("CONFIG_KEY_EVENT", {"ConfigkeyStatus": 0})
    assert rig.core.outstanding == 0


# --- messages without an answer ----------------------------------------------------------------


def test_send_takes_any_other_message() -> None:
    rig = Rig().opened()
    rig.core.send(rig.now, "START_RECORDING_CONF",
                  {"InvokeID": 3, "SessionID": 1, "ServerData": 2})  # fmt: skip
    rig.core.send(rig.now, "MEDIA_LOGIN_REQ", body=b"\1\2\3\4")
    rig.act()
    assert rig.names()[-2:] == ["START_RECORDING_CONF", "MEDIA_LOGIN_REQ"]
    assert rig.last("MEDIA_LOGIN_REQ").body == b"\1\2\3\4"
    assert rig.core.outstanding == 0
    with pytest.raises(ValueError, match="by the link itself"):
        rig.core.send(rig.now, "CLOSE_REQ", {"InvokeID": 1, "Status": 0})


def test_a_request_that_the_server_passes_on_is_an_event() -> None:
    rig = Rig().opened()
    rig.say("STOP_RECORDING_REQ", {
        "InvokeID": 8, "PeripheralID": 1, "ConnectionCallID": 2, "ClientPort": 3, "SessionID": 4,
        "ServerData": 5, "ConnectionDeviceIDType": 0, "Direction": 1,
        "ConnectionDeviceID": "3001"})  # fmt: skip
    assert rig.of(MessageReceived)[0].message.name == "STOP_RECORDING_REQ"


def test_requests_follow_the_active_side() -> None:
    rig = Rig().opened()
    rig.wait(60)
    rig.lost(A)
    rig.lost(A, "refused")
    rig.made(B)
    rig.confirm_open(B)
    pending = rig.hold()
    assert pending.side == B
    assert rig.names(B)[-1] == "HOLD_CALL_REQ"
