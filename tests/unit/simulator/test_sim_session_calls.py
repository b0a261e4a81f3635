"""Calls as clients see them: association, call monitors, answers before events, versions."""

from __future__ import annotations

import pytest
from sim_session_kit import ALL_CALLS, NO_MESSAGES, Client, make_simulator

from fastcil.ged188 import NULL_UINT, Message
from fastcil.ged188.enums import CallMsgMask, StatusCode
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator import Simulator

MONITOR = int(Service.CTI_SERVICE_PERIPHERAL_MONITOR)


@pytest.fixture
def simulator() -> Simulator:
    return make_simulator(4)


def calls_of(message: Message) -> set[int]:
    """The call ids that an event names."""
    names = ("ConnectionCallID", "PrimaryCallID", "SecondaryCallID")
    found = {message.get(name, NULL_UINT) for name in names}
    return found - {NULL_UINT}


def of_calls(messages: list[Message]) -> list[Message]:
    return [m for m in messages if m.name not in ("AGENT_STATE_EVENT", "SYSTEM_EVENT")]


def check_story(messages: list[Message]) -> dict[int, bool]:
    """A client's story of calls: each begins once before anything else is told of it and ends at
    most once, after everything else. Returns the calls, and whether they ended."""
    ended: dict[int, bool] = {}
    for message in of_calls(messages):
        if message.name.startswith("AGENT_PRE_CALL"):
            continue
        for call in calls_of(message):
            if message.name == "BEGIN_CALL_EVENT":
                assert call not in ended or ended[call], "it began before"
                ended[call] = False
            elif message.name in ("CALL_TRANSFERRED_EVENT", "CALL_CONFERENCED_EVENT"):
                continue  # names a call that the client need not be a party of
            else:
                assert ended.get(call) is False, f"{message.name} of call {call}"
                ended[call] = message.name == "END_CALL_EVENT"
    return ended


def desk(simulator: Simulator, number: int, version: int = 25) -> Client:
    found = Client(simulator.hub, version)
    found.open_desk(f"2000{number}")
    return found


@pytest.fixture
def bridge(simulator: Simulator) -> Client:
    found = Client(simulator.hub)
    found.open()
    return found


@pytest.fixture
def transferred(simulator: Simulator, bridge: Client) -> dict[str, list[Message]]:
    """What everybody is told of a caller who is answered, asked about and handed over."""
    clients = {"bridge": bridge, **{f"2000{n}": desk(simulator, n) for n in (2, 3, 4)}}
    actions = simulator.actions
    for agent in ("1002", "1003", "1004"):
        actions.login(agent)
    actions.ready("1002")
    service = next(
        s
        for s in simulator.site.peripheral(5000).services.values()
        if actions.agent("1002").memberships[0].group.number in s.skill_groups
    )
    actions.arrive(call="caller", ani="5551234", dialed_number=service.dialed_number)
    simulator.advance(3)
    for act in (
        lambda: actions.answer("1002"),
        lambda: actions.consult("1002", "20003", call="question"),
        lambda: actions.answer("1003"),
        lambda: actions.transfer("1002"),
        lambda: actions.hang_up("1003"),
    ):
        act()
        simulator.advance(5)
    return {name: client.messages() for name, client in clients.items()}


def test_a_transfer_from_every_point_of_view(
    simulator: Simulator, transferred: dict[str, list[Message]]
) -> None:
    caller, question = (simulator.actions.call(name).id for name in ("caller", "question"))
    for messages in transferred.values():
        check_story(messages)
    assert check_story(transferred["bridge"]) == {caller: True, question: True}
    assert check_story(transferred["20002"]) == {caller: True, question: True}
    assert check_story(transferred["20003"]) == {caller: True, question: True}
    assert of_calls(transferred["20004"]) == NO_MESSAGES
    # Nothing of the call after the transfer reaches who has left it.
    names = [m.name for m in of_calls(transferred["20002"])]
    assert names.index("CALL_TRANSFERRED_EVENT") < names.index("END_CALL_EVENT")
    assert "CALL_CLEARED_EVENT" not in names
    assert "CALL_CLEARED_EVENT" in [m.name for m in transferred["20003"]]


def test_clients_go_into_the_history_of_the_call(
    simulator: Simulator, transferred: dict[str, list[Message]]
) -> None:
    begun = [m for m in transferred["20003"] if m.name == "BEGIN_CALL_EVENT"]
    caller = simulator.actions.call("caller")
    (last,) = [m for m in begun if m["ConnectionCallID"] == caller.id]
    assert last["CTIClientSignature"] == ["desk 20002"]
    assert [signature for signature, _ in caller.clients] == ["desk 20002", "desk 20003"]


def test_monitor_ids(transferred: dict[str, list[Message]]) -> None:
    assert {m["MonitorID"] for m in transferred["bridge"] if "MonitorID" in m} == {0}
    for name in ("20002", "20003"):
        (own,) = {m["MonitorID"] for m in transferred[name] if "MonitorID" in m}
        assert own != 0


def test_call_masks(simulator: Simulator) -> None:
    wanted = CallMsgMask.CALL_DELIVERED_MASK | CallMsgMask.END_CALL_MASK
    client = Client(simulator.hub)
    client.open(CallMsgMask=int(wanted), AgentStateMask=0)
    simulator.actions.login("1002")
    simulator.actions.login("1003")
    simulator.actions.make_call("1002", "20003")
    simulator.actions.hang_up("1002")
    assert client.names() == ["CALL_DELIVERED_EVENT", "END_CALL_EVENT"]


@pytest.mark.parametrize("version", [9, 14, 19, 20, 25])
def test_the_answer_comes_before_the_events(simulator: Simulator, version: int) -> None:
    client = desk(simulator, 2, version)
    simulator.actions.login("1002")
    simulator.actions.login("1003")
    client.messages()
    answer = client.ask(
        "MAKE_CALL_REQ",
        **{
            name: value
            for name, value in {
                "PeripheralID": 5000,
                "CallPlacementType": 0,
                "CallMannerType": 0,
                "AlertRings": 0,
                "CallOption": 0,
                "FacilityType": 0,
                "AnsweringMachine": 0,
                "Priority": 0,
                "PostRoute": 0,
                "SkillGroupNumber": NULL_UINT if version >= 14 else None,
                "AgentInstrument": "20002",
                "DialedNumber": "20003",
            }.items()
            if value is not None
        },
    )
    assert answer.name == "MAKE_CALL_CONF", answer
    events = of_calls(client.later)
    assert events[0].name == "BEGIN_CALL_EVENT"
    assert {c for m in events for c in calls_of(m)} == {answer["NewConnectionCallID"]}
    ringing = client.ask(
        "CLEAR_CONNECTION_REQ",
        PeripheralID=5000,
        ConnectionCallID=answer["NewConnectionCallID"],
        ConnectionDeviceIDType=answer["NewConnectionDeviceIDType"],
        ConnectionDeviceID=answer["NewConnectionDeviceID"],
    )
    assert ringing.name == "CLEAR_CONNECTION_CONF"
    assert of_calls(client.later)[-1].name == "END_CALL_EVENT"


def test_confirmations_may_be_left_out(simulator: Simulator) -> None:
    client = Client(simulator.hub)
    services = (
        Service.CTI_SERVICE_ALL_EVENTS
        | Service.CTI_SERVICE_CLIENT_CONTROL
        | Service.CTI_SERVICE_IGNORE_CONF
    )
    client.open(ServicesRequested=int(services))
    simulator.actions.login("1002")
    simulator.actions.login("1003")
    simulator.actions.make_call("1002", "20003")
    client.messages()
    (alerting,) = simulator.actions.agent("1003").device.connections  # type: ignore[union-attr]
    values = {
        "PeripheralID": 5000,
        "ConnectionCallID": alerting.call.id,
        "ConnectionDeviceIDType": 0,
        "ConnectionDeviceID": alerting.device_id,
    }
    client.send("ANSWER_CALL_REQ", **values)
    names = client.names()
    assert "ANSWER_CALL_CONF" not in names
    assert "CALL_ESTABLISHED_EVENT" in names
    # A refusal is told all the same.
    client.send("ANSWER_CALL_REQ", **values)
    assert client.names() == ["CONTROL_FAILURE_CONF"]


def test_calls_in_progress_are_told_to_who_opens(simulator: Simulator) -> None:
    actions = simulator.actions
    actions.login("1002")
    actions.login("1003")
    actions.make_call("1002", "20003", call="inside")
    number = actions.call("inside").id
    client = Client(simulator.hub)
    client.open_desk("20003")
    begun = client.answers[1]
    assert begun.name == "BEGIN_CALL_EVENT"
    assert begun["ConnectionCallID"] == number
    bridge = Client(simulator.hub)
    bridge.open()
    names = [m.name for m in bridge.answers]
    assert names == ["OPEN_CONF", "SYSTEM_EVENT"], "the guide has it for Client Events alone"
    actions.answer("1003")
    actions.hang_up("1003")
    story = check_story([*client.answers[1:], *client.messages()])
    assert story == {number: True}


def test_call_monitors_end_with_their_call(simulator: Simulator) -> None:
    actions = simulator.actions
    for agent in ("1002", "1003"):
        actions.login(agent)
    call = actions.make_call("1002", "20003")
    watcher = Client(simulator.hub)
    watcher.open(ServicesRequested=MONITOR)
    answer = watcher.ask(
        "MONITOR_START_REQ",
        PeripheralID=5000,
        ConnectionCallID=call.id,
        CallMsgMask=ALL_CALLS,
        AgentStateMask=0,
        ConnectionDeviceIDType=0,
        MonitoredDeviceType=0xFFFF,
        ConnectionDeviceID="20002",
    )
    assert [m.name for m in watcher.later] == ["BEGIN_CALL_EVENT"]
    actions.answer("1003")
    actions.hang_up("1003")
    messages = watcher.messages()
    assert {m["MonitorID"] for m in messages} == {answer["MonitorID"]}
    assert messages[-1].name == "END_CALL_EVENT"
    assert len(simulator.hub.monitors) == 0
    again = watcher.ask("MONITOR_STOP_REQ", MonitorID=answer["MonitorID"])
    assert again["FailureCode"] == StatusCode.E_CTI_INVALID_MONITORID


def test_a_device_monitor_hears_what_the_device_hears(simulator: Simulator) -> None:
    own = desk(simulator, 3)
    watcher = Client(simulator.hub)
    watcher.open(ServicesRequested=MONITOR)
    watcher.ask(
        "MONITOR_START_REQ",
        PeripheralID=5000,
        ConnectionCallID=0,
        CallMsgMask=ALL_CALLS,
        AgentStateMask=0x3FFF,
        ConnectionDeviceIDType=0xFFFF,
        MonitoredDeviceType=0,
        MonitoredDeviceID="20003",
    )
    actions = simulator.actions
    for agent in ("1002", "1003"):
        actions.login(agent)
    actions.make_call("1002", "20003")
    actions.answer("1003")
    actions.hang_up("1003")
    assert [m.name for m in watcher.messages()] == [m.name for m in own.messages()]


def test_registered_variables_only(simulator: Simulator, bridge: Client) -> None:
    bridge.messages()
    answer = bridge.ask(
        "REGISTER_VARIABLES_REQ",
        CallVariableMask=0b1,
        NamedVariable=[("user.case", "")],
    )
    assert answer.name == "REGISTER_VARIABLES_CONF", answer
    everything = Client(simulator.hub)
    everything.open()
    simulator.actions.arrive(
        variables={1: "one", 2: "two"}, named={"user.case": "77", "user.segment": "gold"}
    )
    begun = [
        next(m for m in c.messages() if m.name == "BEGIN_CALL_EVENT") for c in (bridge, everything)
    ]
    assert begun[0].get_many("CallVariable1", "CallVariable2") == ("one", None)
    assert begun[1].get_many("CallVariable1", "CallVariable2") == ("one", "two")
    assert [v.name for v in begun[0]["NamedVariable"]] == ["user.case"]
    assert begun[0]["NumNamedVariables"] == 1
    assert {v.name for v in begun[1]["NamedVariable"]} == {"user.case", "user.segment"}


def test_an_outage_ends_calls_and_a_gateway_hides_them(simulator: Simulator) -> None:
    client = desk(simulator, 2)
    actions = simulator.actions
    for agent in ("1002", "1003"):
        actions.login(agent)
    first = actions.make_call("1002", "20003")
    simulator.faults.gateway_down()
    actions.hang_up("1002")
    assert first.ended
    simulator.faults.gateway_up()
    messages = client.messages()
    assert check_story(messages) == {first.id: True}
    second = actions.make_call("1002", "20003")
    actions.peripheral(online=False)
    messages = client.messages()
    assert check_story(messages) == {second.id: True}
    assert all(c.state == Lcs.LCS_NULL for c in second.connections)
    assert not simulator.site.peripheral(5000).calls


def test_a_telephone_out_of_service_ends_its_calls(simulator: Simulator, bridge: Client) -> None:
    actions = simulator.actions
    for agent in ("1002", "1003"):
        actions.login(agent)
    call = actions.make_call("1002", "20003")
    actions.answer("1003")
    bridge.messages()
    actions.instrument("20003", in_service=False)
    names = [m.name for m in bridge.messages()]
    assert names[0] == "SYSTEM_EVENT"
    assert names.index("END_CALL_EVENT") < len(names) - 1
    assert names[-1] == "AGENT_STATE_EVENT"
    assert call.ended
    assert actions.agent("1003").device is None
    actions.instrument("20003", in_service=True)
    actions.login("1003")
    assert simulator.actions.agent("1003").device is not None


def test_every_event_can_be_encoded_for_every_version() -> None:
    from fastcil.simulator import SimulatorOptions, SiteOptions, WorkloadOptions

    simulator = Simulator(
        SimulatorOptions(
            site=SiteOptions(agents=30, skill_groups=3, seed=5),
            workload=WorkloadOptions(calls_per_hour=600, inside_calls_per_hour=60),
        )
    )
    clients = []
    for version in range(9, 25):
        clients.append(Client(simulator.hub, version))
        clients[-1].open(IdleTimeout=NULL_UINT)
    simulator.begin()
    stories: list[list[Message]] = [[] for _ in clients]
    for _ in range(30):
        simulator.advance(30)
        for client, story in zip(clients, stories, strict=True):
            story += client.messages()
    counters = simulator.hub.counters
    assert counters["events_unencodable"] == 0
    assert counters["replies_unencodable"] == 0
    assert counters["handler_errors"] == 0
    for story in stories:
        check_story(story)
    assert len({m.name for m in stories[-1]}) >= 15


def test_recording_goes_to_the_server_application_and_back(simulator: Simulator) -> None:
    """The guide's Server Service: a request is forwarded, the answer comes back to who asked."""
    recorder = Client(simulator.hub)
    recorder.open(ServicesRequested=int(Service.CTI_SERVICE_SERVER), ClientID="recorder")
    answer = recorder.ask("REGISTER_SERVICE_REQ", ServerMode=0, ServiceName="Cisco:CallRecording")
    assert answer.name == "REGISTER_SERVICE_CONF"
    client = desk(simulator, 2, 22)
    simulator.actions.login("1002")
    call = simulator.actions.make_call("1002", "4155550100")
    client.messages()
    connection = {
        "ConnectionCallID": call.id,
        "ConnectionDeviceIDType": 0,
        "ConnectionDeviceID": "20002",
    }
    asked = client.send(
        "START_RECORDING_REQ",
        PeripheralID=5000,
        **connection,
        ClientPort=5004,
        BitRate=64000,
        PacketSize=20,
        Direction=0,
        RTPType=0,
        EchoCancellation=0,
        PayloadType=0,
        AgentInstrument="20002",
    )
    assert client.messages() == NO_MESSAGES
    (request,) = recorder.messages()
    assert request.name == "START_RECORDING_REQ"
    assert request["ClientID"] == "desk 20002"
    recorder.send("START_RECORDING_CONF", InvokeID=request["InvokeID"], SessionID=7, ServerData=9)
    (answer,) = client.messages()
    assert answer.name == "START_RECORDING_CONF"
    assert answer.get_many("InvokeID", "SessionID", "ServerData") == (asked, 7, 9)
    # Without an application that records the request is refused.
    recorder.session.lost()
    refused = client.ask(
        "STOP_RECORDING_REQ",
        PeripheralID=5000,
        **connection,
        ClientPort=5004,
        SessionID=7,
        ServerData=9,
        Direction=0,
        AgentInstrument="20002",
    )
    assert refused.name in ("FAILURE_CONF", "CONTROL_FAILURE_CONF")
