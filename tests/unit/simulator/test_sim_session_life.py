"""A session's life: heartbeats, time-outs, CLOSE, bad messages, slow readers."""

from __future__ import annotations

import struct

import pytest
from sim_session_kit import NO_MESSAGES, Client, make_simulator

from fastcil.ged188 import encode_message
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.enums import StatusCode
from fastcil.simulator import Simulator


@pytest.fixture
def simulator() -> Simulator:
    return make_simulator()


@pytest.fixture
def client(simulator: Simulator) -> Client:
    found = Client(simulator.hub)
    found.open()
    return found


def code(message: object) -> int:
    return int(message["FailureCode"])  # type: ignore[index]


def test_heartbeats_are_answered_at_once(client: Client) -> None:
    for number in (0, 1, 0xFFFFFFFF):
        answer = client.ask("HEARTBEAT_REQ", InvokeID=number)
        assert answer.name == "HEARTBEAT_CONF"


def test_an_idle_session_is_reset(simulator: Simulator, client: Client) -> None:
    hub = simulator.hub
    start = hub.now
    hub.tick(start + 119)
    assert client.session.is_open
    client.ask("HEARTBEAT_REQ")
    hub.tick(start + 238)
    assert client.session.is_open
    hub.tick(start + 239)
    ending = client.session.ending
    assert ending is not None
    assert ending.reset
    assert ending.status == StatusCode.E_CTI_TIMEOUT
    assert client.session.finished
    assert hub.sessions == {}


def test_half_a_message_counts_as_life(simulator: Simulator, client: Client) -> None:
    start = simulator.hub.now
    simulator.hub.tick(start + 100)
    client.raw(b"\0\0")
    simulator.hub.tick(start + 200)
    assert client.session.is_open


def test_without_heartbeats_nothing_is_idle(simulator: Simulator) -> None:
    client = Client(simulator.hub)
    client.open(IdleTimeout=0xFFFFFFFF)
    simulator.hub.tick(simulator.hub.now + 1e9)
    assert client.session.is_open


def test_a_connection_without_a_session_is_reset(simulator: Simulator) -> None:
    client = Client(simulator.hub)
    start = simulator.hub.now
    simulator.hub.tick(start + 59)
    assert client.session.ending is None
    simulator.hub.tick(start + 60)
    assert client.session.ending is not None
    assert client.session.ending.reset


def test_close_and_open_again(simulator: Simulator, client: Client) -> None:
    assert client.ask("CLOSE_REQ", Status=0).name == "CLOSE_CONF"
    assert simulator.hub.sessions == {}
    assert client.session.ending is None
    answer = client.ask("HEARTBEAT_REQ")
    assert code(answer) == StatusCode.E_CTI_SESSION_NOT_OPEN
    # The same connection may open another session, of another version as well.
    again = Client(simulator.hub, 12)
    again.session.lost()
    again.session = client.session
    assert again.open().version == 12
    simulator.hub.tick(simulator.hub.now + 6)
    assert client.session.is_open


def test_a_closed_connection_that_stays_is_ended(simulator: Simulator, client: Client) -> None:
    client.ask("CLOSE_REQ", Status=0)
    simulator.hub.tick(simulator.hub.now + 6)
    assert client.session.ending is not None


@pytest.mark.parametrize("name", ["HEARTBEAT_REQ", "CLOSE_REQ", "MONITOR_STOP_REQ"])
def test_requests_before_open(simulator: Simulator, name: str) -> None:
    client = Client(simulator.hub)
    values = {"CLOSE_REQ": {"Status": 0}, "MONITOR_STOP_REQ": {"MonitorID": 1}}.get(name, {})
    answer = client.ask(name, **values)
    assert code(answer) == StatusCode.E_CTI_SESSION_NOT_OPEN
    assert client.session.ending is None


def test_what_no_client_sends_and_what_nobody_answers(client: Client) -> None:
    answer = client.ask("HEARTBEAT_CONF")
    assert code(answer) == StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE
    client.raw(encode_message("TASK_MONITOR_START_REQ", body=struct.pack(">I", 66), version=25))
    (answer,) = client.messages()
    assert answer.name == "FAILURE_EVENT"


def message(number: int, body: bytes) -> bytes:
    return struct.pack(">II", len(body), number) + body


@pytest.mark.parametrize(
    ("data", "status"),
    [
        # an unknown MessageType
        (message(9999, struct.pack(">I", 7)), StatusCode.E_CTI_INVALID_MSG_TYPE_FOR_VERSION),
        # CLOSE_REQ without its Status
        (message(7, struct.pack(">I", 7)), StatusCode.E_CTI_BAD_MESSAGE_FORMAT),
        # HEARTBEAT_REQ with bytes behind it, which are half a field, or one that it has not
        (message(5, struct.pack(">IH", 7, 0)), StatusCode.E_CTI_INVALID_FIELD_LENGTH),
        (message(5, struct.pack(">II", 7, 0)), StatusCode.E_CTI_INVALID_FIELD_TAG),
        # CLIENT_EVENT_REPORT_REQ with a Text that is longer than the message
        (
            message(32, struct.pack(">IHHH", 7, 0, 7, 50) + b"short"),
            StatusCode.E_CTI_INVALID_FIELD_LENGTH,
        ),
        # ... with a Text that is longer than a Text may be
        (
            message(32, struct.pack(">IHHH", 7, 0, 7, 300) + b"x" * 300),
            StatusCode.E_CTI_INVALID_FIELD_LENGTH,
        ),
        # ... with a tag that no field has
        (
            message(32, struct.pack(">IHHHH", 7, 0, 60000, 2, 0)),
            StatusCode.E_CTI_INVALID_FIELD_TAG,
        ),
        # ... with a tag of another message
        (
            message(32, struct.pack(">IHHH", 7, 0, 1, 3) + b"id\0"),
            StatusCode.E_CTI_INVALID_TAG_FOR_MSG_TYPE,
        ),
    ],
)
def test_bad_messages_are_answered_and_the_session_goes_on(
    client: Client, data: bytes, status: StatusCode
) -> None:
    client.raw(data)
    (answer,) = client.messages()
    assert answer.name == "FAILURE_CONF"
    assert (answer["InvokeID"], code(answer)) == (7, status)
    assert client.session.is_open
    assert client.ask("HEARTBEAT_REQ").name == "HEARTBEAT_CONF"


def test_tags_and_types_of_later_versions(simulator: Simulator) -> None:
    client = Client(simulator.hub, 13)
    client.open()
    # NumPeripherals (228) came with version 14, AGENT_GREETING_CONTROL_REQ with 15.
    client.raw(message(32, struct.pack(">IHBBI", 7, 0, 228, 4, 1)))
    (answer,) = client.messages()
    assert answer.get_many("InvokeID", "Status") == (7, StatusCode.E_CTI_INVALID_TAG_FOR_VERSION)
    client.raw(message(249, struct.pack(">IIH", 8, 5000, 1)))
    (answer,) = client.messages()
    expected = (8, StatusCode.E_CTI_INVALID_MSG_TYPE_FOR_VERSION)
    assert answer.get_many("InvokeID", "Status") == expected


def test_tolerance_of_tags_can_be_asked_for() -> None:
    simulator = make_simulator(strict_tags=False)
    client = Client(simulator.hub)
    client.open()
    client.raw(message(32, struct.pack(">IHHHHHH", 7, 0, 60000, 2, 0, 7, 2) + b"x\0"))
    (answer,) = client.messages()
    assert answer.name == "CLIENT_EVENT_REPORT_CONF"


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n", b"\xff" * 64, struct.pack(">II", 99999, 5)]
)
def test_a_length_that_cannot_be_believed_ends_the_session(client: Client, data: bytes) -> None:
    client.raw(data)
    (event,) = client.messages()
    assert event.name == "FAILURE_EVENT"
    assert event["Status"] == StatusCode.E_CTI_INVALID_MESSAGE_LENGTH
    assert client.session.finished
    client.raw(encode_message("HEARTBEAT_REQ", {"InvokeID": 1}))
    assert client.messages() == NO_MESSAGES


def test_a_slow_reader_is_ended_and_others_are_not(simulator: Simulator) -> None:
    simulator = make_simulator(max_queue=1 << 14)
    slow, good = Client(simulator.hub), Client(simulator.hub)
    slow.open()
    good.open()
    told = 0
    for number in range(400):
        simulator.control.announce(f"line {number}")
        told += len(good.names())
        if slow.session.ending is not None:
            break
    assert told == number + 1
    assert slow.session.ending is not None
    assert "does not read" in slow.session.ending.text
    assert slow.session.finished
    assert simulator.hub.counters["closed_too_slow"] == 1
    assert slow.session.out.peak <= 1 << 14
    assert good.session.is_open


def test_connection_monitor_alarms(simulator: Simulator) -> None:
    service = int(Service.CTI_SERVICE_CONNECTION_MONITOR)
    first, second, third = (Client(simulator.hub) for _ in range(3))
    first.open(ServicesRequested=service, ClientID="bridge", ClientSignature="sign")
    first.ask("CLOSE_REQ", Status=0)
    second.open(ServicesRequested=service, ClientID="bridge")
    second.session.lost()
    third.open(ServicesRequested=0)
    third.session.lost()
    assert [(a.what, a.client_id, a.signature, a.address) for a in simulator.hub.alarms] == [
        ("established", "bridge", "sign", "10.1.2.3"),
        ("terminated normally", "bridge", "sign", "10.1.2.3"),
        ("established", "bridge", "bridge", "10.1.2.3"),
        ("terminated abnormally", "bridge", "bridge", "10.1.2.3"),
    ]


def test_client_monitor(simulator: Simulator) -> None:
    watcher, other = Client(simulator.hub), Client(simulator.hub)
    other.open(ClientID="first", ServicesRequested=0, CallMsgMask=5, AgentStateMask=6)
    watcher.open(ServicesRequested=int(Service.CTI_SERVICE_CLIENT_MONITOR))
    known = watcher.answers[1]
    assert known.name == "CLIENT_SESSION_OPENED_EVENT"
    assert known.to_dict() == {
        "SessionID": other.session.id,
        "PeripheralID": 0xFFFFFFFF,
        "ServicesGranted": 0,
        "CallMsgMask": 5,
        "AgentStateMask": 6,
        "ClientPort": other.port,
        "ClientAddress": "10.1.2.3",
        "ClientID": "first",
        "ClientSignature": "first",
    }
    desk = Client(simulator.hub)
    desk.open_desk("20004", ClientSignature="sig")
    (opened,) = watcher.messages()
    assert opened.get_many("SessionID", "PeripheralID", "ClientSignature", "AgentInstrument") == (
        desk.session.id,
        5000,
        "sig",
        "20004",
    )
    desk.ask("CLOSE_REQ", Status=16)
    other.session.lost()
    closed = watcher.messages()
    assert [m.name for m in closed] == ["CLIENT_SESSION_CLOSED_EVENT"] * 2
    assert [m["Status"] for m in closed] == [16, StatusCode.E_CTI_CLIENT_DISCONNECTED]
    assert closed[0]["SessionID"] == desk.session.id
    assert other.names() == []
