"""Faults on order, as clients see them, and the two sides of the server."""

from __future__ import annotations

import pytest
from sim_session_kit import NO_MESSAGES, Client, make_simulator

from fastcil.ged188 import DecodeError, Message, MessageReader, Reason
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.enums import StatusCode
from fastcil.simulator import Garbage, Simulator

STANDBY = int(Service.CTI_SERVICE_ALL_EVENTS | Service.CTI_SERVICE_ACTIVE_STANDBY)


@pytest.fixture
def simulator() -> Simulator:
    return make_simulator(standby=True)


@pytest.fixture
def client(simulator: Simulator) -> Client:
    found = Client(simulator.hub)
    found.open()
    return found


def code(message: Message) -> int:
    return int(message["FailureCode"])


# -- links -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset"])
def test_drop(simulator: Simulator, client: Client, how: str) -> None:
    other = Client(simulator.hub)
    other.open(ClientID="other")
    assert simulator.faults.drop("tester", how) == 1
    ending = client.session.ending
    assert ending is not None
    assert ending.reset is (how == "reset")
    assert client.session.finished
    assert client.messages() == NO_MESSAGES
    assert other.ask("HEARTBEAT_REQ").name == "HEARTBEAT_CONF"


def test_drop_in_the_middle_of_a_message(simulator: Simulator, client: Client) -> None:
    simulator.faults.drop(client.session.id, "middle")
    data = client.session.take(simulator.hub.now)
    reader = MessageReader(25)
    assert list(reader.feed(data)) == []
    with pytest.raises(DecodeError) as caught:
        reader.finish()
    assert caught.value.reason is Reason.TRUNCATED
    assert client.session.finished


def test_hang_and_go_on(simulator: Simulator, client: Client) -> None:
    assert simulator.faults.hang() == 1
    client.send("HEARTBEAT_REQ", InvokeID=1)
    simulator.control.announce("nobody hears this yet")
    client.send("HEARTBEAT_REQ", InvokeID=2)
    assert client.messages() == NO_MESSAGES
    simulator.hub.tick(simulator.hub.now + 3600)
    assert client.session.is_open
    simulator.faults.resume()
    names = client.names()
    assert names == ["SYSTEM_EVENT", "HEARTBEAT_CONF", "HEARTBEAT_CONF"]
    assert client.ask("HEARTBEAT_REQ").name == "HEARTBEAT_CONF"


def test_late_confirmations(simulator: Simulator, client: Client) -> None:
    """Events are not late: they overtake."""
    simulator.faults.delay(0.25)
    start = simulator.hub.now
    client.send("HEARTBEAT_REQ")
    simulator.control.announce("quick")
    assert client.names() == ["SYSTEM_EVENT"]
    assert client.session.next_due(start) == start + 0.25
    simulator.hub.tick(start + 0.25)
    assert client.names() == ["HEARTBEAT_CONF"]
    simulator.faults.delay(0)
    assert client.ask("HEARTBEAT_REQ").name == "HEARTBEAT_CONF"


def test_trickle(simulator: Simulator, client: Client) -> None:
    simulator.faults.trickle(12)
    client.send("HEARTBEAT_REQ")  # HEARTBEAT_CONF has 12 bytes
    assert client.messages() == NO_MESSAGES
    simulator.hub.tick(simulator.hub.now + 0.5)
    assert len(client.session.take(simulator.hub.now)) == 6
    simulator.hub.tick(simulator.hub.now + 0.5)
    assert len(client.session.take(simulator.hub.now)) == 6
    simulator.faults.trickle(0)
    assert client.session.out.pace is None


@pytest.mark.parametrize("version", [9, 19, 20, 25])
@pytest.mark.parametrize(
    ("kind", "reason", "resumable"),
    [
        (Garbage.LENGTH, Reason.MESSAGE_LENGTH, False),
        (Garbage.RUNT, Reason.MESSAGE_LENGTH, True),
        (Garbage.TYPE, Reason.MESSAGE_TYPE, True),
        (Garbage.FIELD, Reason.FIELD_TRUNCATED, True),
    ],
)
def test_garbage(
    simulator: Simulator, version: int, kind: Garbage, reason: Reason, resumable: bool
) -> None:
    client = Client(simulator.hub, version)
    client.open()
    simulator.faults.garbage(kind)
    simulator.control.announce("and on")
    data = client.session.take(simulator.hub.now)
    reader = MessageReader(version)
    with pytest.raises(DecodeError) as caught:
        next(reader.feed(data))
    assert caught.value.reason is reason
    assert caught.value.resumable is resumable
    if resumable:
        assert next(reader)["Text"] == "and on"


def test_random_garbage_is_the_same_for_a_seed() -> None:
    found = []
    for _ in range(2):
        simulator = make_simulator()
        found.append([simulator.faults.bytes_of(Garbage.RANDOM, 25) for _ in range(5)])
    assert found[0] == found[1]
    assert len({*found[0]}) == 5


def test_orders_that_make_no_sense(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="seconds is 0 or more"):
        simulator.faults.delay(-1)
    with pytest.raises(ValueError, match="bytes_per_second is 0 or more"):
        simulator.faults.trickle(-1)
    with pytest.raises(ValueError, match="side is one of A, B"):
        simulator.faults.restore("C")
    with pytest.raises(ValueError, match="no standby side"):
        make_simulator().faults.fail_over()
    with pytest.raises(ValueError, match="no standby side"):
        make_simulator().faults.maintain()


# -- the server off-line, the gateway down ---------------------------------------------------


def test_off_line(simulator: Simulator, client: Client) -> None:
    simulator.faults.off_line()
    (event,) = client.messages()
    assert event.get_many("Status") == (StatusCode.E_CTI_CTI_SERVER_OFFLINE,)
    assert code(client.ask("HEARTBEAT_REQ")) == StatusCode.E_CTI_CTI_SERVER_OFFLINE
    other = Client(simulator.hub)
    assert code(other.try_open()) == StatusCode.E_CTI_CTI_SERVER_OFFLINE
    simulator.faults.restore("A")
    assert client.ask("HEARTBEAT_REQ").name == "HEARTBEAT_CONF"


def test_gateway_down(simulator: Simulator, client: Client) -> None:
    simulator.faults.gateway_down()
    (event,) = client.messages()
    assert event.get_many("SystemEventID", "PGStatus") == (6, 1)
    simulator.actions.login("1002")
    assert client.messages() == NO_MESSAGES
    simulator.faults.gateway_up()
    (event,) = client.messages()
    assert event.get_many("SystemEventID", "PGStatus") == (3, 0)
    simulator.actions.ready("1002")
    assert client.names() == ["AGENT_STATE_EVENT"]


def test_peripheral_and_controller(simulator: Simulator, client: Client) -> None:
    simulator.actions.login("1002")
    client.messages()
    simulator.actions.peripheral(online=False)
    events = client.messages()
    assert [m.name for m in events] == ["SYSTEM_EVENT", "AGENT_STATE_EVENT"]
    assert events[0].get_many("SystemEventID", "SystemEventArg1", "PGStatus") == (4, 5000, 4)
    simulator.actions.peripheral(online=True)
    simulator.actions.controller(online=False)
    simulator.actions.controller(online=True)
    found = [m.get_many("SystemEventID", "PGStatus") for m in client.messages()]
    assert found == [(3, 0), (2, 2), (1, 0)]


# -- two sides -------------------------------------------------------------------------------


def test_who_may_open_on_the_standby(simulator: Simulator) -> None:
    old = Client(simulator.hub, 23, "B")
    answer = old.try_open()
    assert answer["Status"] == StatusCode.E_CTI_CTI_SERVER_OFFLINE
    plain = Client(simulator.hub, 24, "B")
    assert code(plain.try_open()) == StatusCode.E_CTI_INVALID_CLIENT_FOR_STANDBY
    good = Client(simulator.hub, 24, "B")
    assert good.open(ServicesRequested=STANDBY)["SessionType"] == 2
    assert [m.name for m in good.answers] == ["OPEN_CONF"]
    assert simulator.hub.sessions == {}


def test_what_the_standby_takes(simulator: Simulator) -> None:
    client = Client(simulator.hub, 24, "B")
    client.open(ServicesRequested=STANDBY)
    simulator.actions.login("1002")
    assert client.messages() == NO_MESSAGES
    assert client.ask("HEARTBEAT_REQ").name == "HEARTBEAT_CONF"
    answer = client.ask("CLIENT_EVENT_REPORT_REQ", State=0, Text="x")
    assert code(answer) == StatusCode.E_CTI_SERVER_NOT_MASTER
    assert client.ask("CLOSE_REQ", Status=0).name == "CLOSE_CONF"


def test_an_older_client_asks_for_a_bit_it_cannot_know(simulator: Simulator) -> None:
    client = Client(simulator.hub, 23)
    answer = client.try_open(ServicesRequested=STANDBY)
    assert answer["Status"] == StatusCode.E_CTI_INVALID_SERVICE_MASK


def test_fail_over(simulator: Simulator, client: Client) -> None:
    standby = Client(simulator.hub, 24, "B")
    standby.open(ServicesRequested=STANDBY)
    simulator.faults.fail_over()
    assert client.session.ending is not None
    assert client.session.ending.reset
    assert client.session.finished
    assert standby.names() == ["STANDBY_ACTIVE_EVENT_MSG", "SYSTEM_EVENT"]
    simulator.actions.login("1002")
    assert standby.names() == ["AGENT_STATE_EVENT", "AGENT_STATE_EVENT"]
    assert standby.ask("CLIENT_EVENT_REPORT_REQ", State=0, Text="x").name.endswith("_CONF")
    # Older clients find their way to side B now, and side A stands by when it is back.
    old = Client(simulator.hub, 12, "B")
    old.open()
    with pytest.raises(ValueError, match="out of service"):
        simulator.faults.fail_over()
    simulator.faults.restore("A")
    again = Client(simulator.hub, 24, "A")
    assert again.open(ServicesRequested=STANDBY)["SessionType"] == 2
    simulator.faults.fail_over()
    assert again.names() == ["STANDBY_ACTIVE_EVENT_MSG", "SYSTEM_EVENT"]


def test_the_new_side_tells_of_the_calls_in_progress(simulator: Simulator) -> None:
    actions = simulator.actions
    for agent in ("1002", "1003"):
        actions.login(agent)
    bridge, desk = (Client(simulator.hub, 24, "B") for _ in range(2))
    bridge.open(ServicesRequested=STANDBY)
    services = Service.CTI_SERVICE_CLIENT_EVENTS | Service.CTI_SERVICE_ACTIVE_STANDBY
    desk.open_desk("20003", ServicesRequested=int(services))
    call = actions.make_call("1002", "20003")
    simulator.faults.fail_over()
    told = bridge.messages()[2:]
    assert [(m.name, m["ConnectionCallID"], m.get("EventCause")) for m in told] == [
        ("BEGIN_CALL_EVENT", call.id, None),
        ("CALL_ESTABLISHED_EVENT", call.id, 50),
        ("CALL_DELIVERED_EVENT", call.id, 50),
    ]
    assert told[1].get_many("ConnectionDeviceID", "AnsweringDeviceID") == ("20002", "20002")
    assert told[2].get_many("ConnectionDeviceID", "AlertingDeviceID") == ("20003", "20003")
    assert desk.names() == ["STANDBY_ACTIVE_EVENT_MSG", "BEGIN_CALL_EVENT"]
    actions.hang_up("1002")
    assert desk.names()[-1] == "END_CALL_EVENT"


def maintained(simulator: Simulator, clients: int = 2) -> tuple[list[Client], list[Client]]:
    """Clients with a session on both sides each."""
    active = [Client(simulator.hub, 24, "A") for _ in range(clients)]
    standby = [Client(simulator.hub, 24, "B") for _ in range(clients)]
    for one in [*active, *standby]:
        one.open(ServicesRequested=STANDBY)
    return active, standby


def test_maintenance_mode(simulator: Simulator) -> None:
    active, standby = maintained(simulator)
    old = Client(simulator.hub, 12)
    old.open()
    decided: list[bool] = []
    simulator.faults.maintain(decided.append)
    for one in active:
        (request,) = one.messages()
        assert request.name == "ACTIVE_MAINTENANCE_REQ_MSG"
        assert decided == []
        one.send(
            "ACTIVE_MAINTENANCE_RESP_MSG",
            InvokeID=request["InvokeID"],
            MaintenanceModeAccepted=1,
        )
    assert decided == [True]
    for one in active:
        (event,) = one.messages()
        assert event.get_many("MaintenanceModeStatus") == (1,)
    for one in standby:
        assert one.names() == ["STANDBY_ACTIVE_EVENT_MSG", "SYSTEM_EVENT"]
    # Who knows nothing of two sides is sent away, and who comes now is not let in.
    (event,) = old.messages()
    assert event["Status"] == StatusCode.E_CTI_CTI_SERVER_OFFLINE
    assert old.session.finished
    late = Client(simulator.hub, 24)
    answer = late.try_open(ServicesRequested=STANDBY)
    assert code(answer) == StatusCode.E_CTI_SERVER_IN_MAINTENANCE_MODE
    simulator.actions.login("1002")
    assert active[0].messages() == NO_MESSAGES
    assert standby[0].names() == ["AGENT_STATE_EVENT", "AGENT_STATE_EVENT"]
    # One says that it has changed sides; the other one is made to.
    active[0].send("STOPPING_REQUESTS_TO_THIS_SIDE_IND", InvokeID=None)
    assert active[0].session.finished
    assert not active[1].session.finished
    simulator.hub.tick(simulator.hub.now + 5)
    (event,) = active[1].messages()
    assert event["Status"] == StatusCode.E_CTI_SERVER_IN_MAINTENANCE_MODE
    for one in [*active, old, late]:
        one.session.lost()
    simulator.hub.tick(simulator.hub.now + 1)
    assert simulator.hub.maintenance is None
    back = Client(simulator.hub, 24)
    assert back.open(ServicesRequested=STANDBY)["SessionType"] == 2


@pytest.mark.parametrize("silent", [False, True])
def test_maintenance_mode_called_off(simulator: Simulator, silent: bool) -> None:
    active, standby = maintained(simulator)
    simulator.faults.maintain()
    with pytest.raises(ValueError, match="under way"):
        simulator.faults.maintain()
    requests = [one.messages()[0] for one in active]
    active[0].send(
        "ACTIVE_MAINTENANCE_RESP_MSG",
        InvokeID=requests[0]["InvokeID"],
        MaintenanceModeAccepted=1,
    )
    if silent:
        simulator.hub.tick(simulator.hub.now + 4.9)
        assert active[0].messages() == NO_MESSAGES
        simulator.hub.tick(simulator.hub.now + 0.1)
    else:
        active[1].send(
            "ACTIVE_MAINTENANCE_RESP_MSG",
            InvokeID=requests[1]["InvokeID"],
            MaintenanceModeAccepted=0,
        )
    for one in active:
        (event,) = one.messages()
        assert event.get_many("MaintenanceModeStatus") == (0,)
    assert standby[0].messages() == NO_MESSAGES
    simulator.actions.login("1002")
    assert active[0].names() == ["AGENT_STATE_EVENT", "AGENT_STATE_EVENT"]


def test_maintenance_does_not_wait_for_who_is_gone(simulator: Simulator) -> None:
    active, standby = maintained(simulator, 1)
    decided: list[bool] = []
    simulator.faults.maintain(decided.append)
    active[0].session.lost()
    assert decided == [True]
    assert standby[0].names()[0] == "STANDBY_ACTIVE_EVENT_MSG"
