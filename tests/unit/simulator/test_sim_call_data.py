"""Data of calls: how they are set and told, how long, and pictures of calls and devices."""

from __future__ import annotations

from typing import Any

import pytest
from sim_call_kit import CALLER, World, at

from fastcil.ged188 import NULL_USHORT
from fastcil.ged188.enums import CallType, DeviceIDType, SilentMonitorStatus, StatusCode
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.requests import ClientInfo


@pytest.fixture
def world() -> World:
    return World()


def test_only_what_changed_is_told_and_all_named_variables(world: World) -> None:
    connection = world.calls.deliver(
        world.arrive(variables={1: "gold"}, named={"user.case": "7"}), world.devices[0]
    )
    world.log.clear()
    assert world.ask("SET_CALL_DATA_REQ", **at(connection), CallVariable2="two") == {}
    values = world.told("CALL_DATA_UPDATE_EVENT")
    assert values["CallVariable2"] == "two"
    assert values["NamedVariable"] == [("user.case", "7")]
    assert not {"CallVariable1", "DNIS", "ANI"} & set(values)
    assert values["ConnectionCallID"] == values["NewConnectionCallID"] == connection.call.id
    assert values["ConnectionDeviceID"] == values["NewConnectionDeviceID"] == CALLER


def test_all_that_can_be_set(world: World) -> None:
    connection = world.talking(0)
    world.log.clear()
    world.ask(
        "SET_CALL_DATA_REQ",
        **at(connection),
        CallType=int(CallType.CALLTYPE_PREVIEW),
        CalledPartyDisposition=13,
        CampaignID=4,
        QueryRuleID=5,
        ANI="555",
        UserToUserInfo=b"\x00\x01",
        CallerEnteredDigits="99",
        CallWrapupData="sold",
        NamedVariable=[("user.case", "7")],
        NamedArray=[(3, "user.history", "x")],
        CustomerPhoneNumber="5551234",
        CustomerAccountNumber="A1",
        RouterCallKeyDay=1,
        RouterCallKeyCallID=2,
        RouterCallKeySequenceNumber=3,
        CallOriginatedFrom=ord("D"),
    )
    values = world.told("CALL_DATA_UPDATE_EVENT")
    expected: dict[str, Any] = {
        "CallType": CallType.CALLTYPE_PREVIEW,
        "CalledPartyDisposition": 13,
        "CampaignID": 4,
        "QueryRuleID": 5,
        "ANI": "555",
        "UserToUserInfo": b"\x00\x01",
        "CallerEnteredDigits": "99",
        "CallWrapupData": "sold",
        "NamedVariable": [("user.case", "7")],
        "NamedArray": [(3, "user.history", "x")],
        "CustomerPhoneNumber": "5551234",
        "CustomerAccountNumber": "A1",
        "RouterCallKeyDay": 1,
        "RouterCallKeyCallID": 2,
        "RouterCallKeySequenceNumber": 3,
    }
    assert {name: values[name] for name in expected} == expected
    assert connection.call.originated_from == ord("D")


def test_a_variable_is_set_to_nothing(world: World) -> None:
    connection = world.calls.deliver(world.arrive(variables={1: "gold"}), world.devices[0])
    world.log.clear()
    world.ask("SET_CALL_DATA_REQ", **at(connection), CallVariable1="")
    assert world.told("CALL_DATA_UPDATE_EVENT")["CallVariable1"] == ""
    assert "CallVariable1" not in world.calls.begin_values(connection.call)


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (StatusCode.E_CTI_INVALID_CALLID, {"ConnectionCallID": 99}),
        (StatusCode.E_CTI_INVALID_CALL_TYPE, {"CallType": 99}),
        (StatusCode.E_CTI_CALLED_PARTY_DISPOSITION, {"CalledPartyDisposition": 999}),
        (StatusCode.E_CTI_NAMED_VARIABLE_NOT_CONFIGURED, {"NamedVariable": [("user.x", "")]}),
        (StatusCode.E_CTI_NAMED_ARRAY_NOT_CONFIGURED, {"NamedArray": [(0, "user.x", "")]}),
        (StatusCode.E_CTI_SCALAR_FUNCTION_ON_ARRAY, {"NamedVariable": [("user.history", "")]}),
        (StatusCode.E_CTI_ARRAY_FUNCTION_ON_SCALAR, {"NamedArray": [(0, "user.case", "")]}),
        (StatusCode.E_CTI_INVALID_ARRAY_INDEX, {"NamedArray": [(10, "user.history", "")]}),
    ],
)
def test_data_that_cannot_be_set(world: World, status: int, fields: dict[str, Any]) -> None:
    connection = world.talking(0)
    given = {**at(connection), "CallWrapupData": "no", **fields}
    world.fails(status, "SET_CALL_DATA_REQ", **given)


def test_all_named_variables_of_a_call_fit_into_a_message(world: World) -> None:
    connection = world.talking(0)
    for index in range(8):
        world.ask(
            "SET_CALL_DATA_REQ", **at(connection), NamedArray=[(index, "user.history", "x" * 210)]
        )
    given = {**at(connection), "NamedArray": [(9, "user.history", "x" * 210)]}
    world.fails(StatusCode.E_CTI_TOO_MUCH_DATA, "SET_CALL_DATA_REQ", **given)
    world.fails(
        StatusCode.E_CTI_TOO_MUCH_DATA,
        "CONSULTATION_CALL_REQ",
        **at(connection, "Active"),
        DialedNumber="20002",
        NamedArray=given["NamedArray"],
    )
    # What takes the place of other data counts once.
    world.ask("SET_CALL_DATA_REQ", **at(connection), NamedArray=[(0, "user.history", "y" * 210)])


def test_wrap_up_data_after_the_end(world: World) -> None:
    connection = world.talking(0)
    world.calls.clear_connection(connection)
    world.log.clear()
    world.wait(60)
    world.log.clear()
    world.ask("SET_CALL_DATA_REQ", **at(connection), CallWrapupData="sold")
    assert connection.call.wrapup == "sold"
    assert world.log == [], "nothing is told of a call that is over"
    world.wait(61)
    code = StatusCode.E_CTI_INVALID_CALLID
    world.fails(code, "SET_CALL_DATA_REQ", **at(connection), CallWrapupData="late")


def test_a_call_that_was_released_takes_no_more_data(world: World) -> None:
    connection = world.talking(0)
    assert world.ask("RELEASE_CALL_REQ", **at(connection)) == {}
    assert not connection.call.ended, "this message does not disconnect the call"
    world.calls.clear_connection(connection)
    world.ask("RELEASE_CALL_REQ", **at(connection))
    world.log.clear()
    code = StatusCode.E_CTI_INVALID_CALLID
    world.fails(code, "SET_CALL_DATA_REQ", **at(connection), CallWrapupData="late")


def test_calls_that_ended_are_forgotten(world: World) -> None:
    for _ in range(50):
        world.calls.clear_call(world.arrive())
        world.wait(10)
    kept = [n for n in range(60) if world.calls.finished(world.peripheral, n)]
    assert 10 <= len(kept) <= 13
    assert len(world.calls._finished) <= 14


def test_only_parties_and_their_supervisors_set_data(world: World) -> None:
    connection = world.talking(1)

    def client(index: int) -> ClientInfo:
        instrument = world.devices[index].instrument
        return ClientInfo(index, agent=world.agent(index), instrument=instrument)

    given = {**at(connection), "CallVariable1": "x"}
    for index in (0, 1):  # the supervisor and the agent
        world.replies("SET_CALL_DATA_REQ", client=client(index), **given)
    world.client = client(3)
    for name in ("SET_CALL_DATA_REQ", "RELEASE_CALL_REQ"):
        fields = given if name.startswith("SET") else at(connection)
        world.fails(StatusCode.E_CTI_NOT_CALL_PARTY, name, **fields)
    # Who was a party sets wrap-up data after he has left.
    world.calls.single_step_transfer(connection, "20003")
    world.replies("SET_CALL_DATA_REQ", client=client(1), **given)


# -- pictures -----------------------------------------------------------------------------------


def test_snapshot_of_a_call(world: World) -> None:
    held, mine, _ = world.consulting()
    held.call.clients.append(("desk", 1234))
    values = world.ask("SNAPSHOT_CALL_REQ", **at(held))
    assert values["CallType"] == CallType.CALLTYPE_ACD_IN
    assert values["CallDeviceID"] == values["CallConnectionDeviceID"] == [CALLER, "20001"]
    assert values["CallDeviceType"] == [
        DeviceIDType.DEVID_EXTERNAL,
        DeviceIDType.DEVID_AGENT_DEVICE,
    ]
    assert values["CallDeviceConnectionState"] == [Lcs.LCS_CONNECT, Lcs.LCS_HOLD]
    assert (values["CTIClientSignature"], values["CTIClientTimestamp"]) == (["desk"], [1234])
    assert values["RouterCallKeyCallID"] == held.call.router_key[1]
    assert "COCConnectionCallID" not in values
    values = world.ask("SNAPSHOT_CALL_REQ", **at(mine))
    assert values["COCConnectionCallID"] == held.call.id
    assert values["COCCallConnectionDeviceID"] == "20001"
    code = Failure.CF_INVALID_CSTA_CALL_IDENTIFIER
    world.fails(code, "SNAPSHOT_CALL_REQ", ConnectionCallID=99)


def test_snapshot_of_a_device(world: World) -> None:
    held, mine, _ = world.consulting()
    given = {"SnapshotDeviceType": NULL_USHORT}
    values = world.ask("SNAPSHOT_DEVICE_REQ", **given, AgentInstrument="20001")
    assert values["CallConnectionCallID"] == [held.call.id, mine.call.id]
    assert values["CallState"] == [Lcs.LCS_HOLD, Lcs.LCS_CONNECT]
    assert values["SilentMonitorStatus"] == [SilentMonitorStatus.SILENT_MONITOR_NONE] * 2
    values = world.ask("SNAPSHOT_DEVICE_REQ", **given, AgentInstrument="20006")
    assert values["CallConnectionCallID"] == []
    code = Failure.CF_INVALID_CSTA_DEVICE_IDENTIFIER
    world.fails(code, "SNAPSHOT_DEVICE_REQ", **given, AgentInstrument="99")
    world.fails(StatusCode.E_CTI_REQUIRED_DATA_MISSING, "SNAPSHOT_DEVICE_REQ", **given)


def test_snapshot_of_a_queue_and_of_a_route_point() -> None:
    world = World(2)
    group = next(iter(world.peripheral.skill_groups.values()))
    calls = [world.arrive() for _ in range(17)]
    for call in calls:
        world.calls.queue(call, group)
    queue = {"SnapshotDeviceType": DeviceIDType.DEVID_QUEUE}
    values = world.ask("SNAPSHOT_DEVICE_REQ", **queue, AgentInstrument=str(group.number))
    assert values["CallConnectionCallID"] == [call.id for call in calls[:16]]
    assert values["CallConnectionDeviceID"] == [CALLER] * 16
    assert values["CallState"] == [Lcs.LCS_QUEUED] * 16
    point = {"SnapshotDeviceType": DeviceIDType.DEVID_ROUTE_POINT}
    number = world.service.dialed_number
    values = world.ask("SNAPSHOT_DEVICE_REQ", **point, AgentInstrument=number)
    assert values["CallConnectionCallID"] == [call.id for call in calls[:16]]
    world.calls.deliver(calls[0], world.devices[0])
    values = world.ask("SNAPSHOT_DEVICE_REQ", **point, AgentInstrument=number)
    assert values["CallConnectionCallID"] == [call.id for call in calls[1:]]
    code = Failure.CF_INVALID_CSTA_DEVICE_IDENTIFIER
    world.fails(code, "SNAPSHOT_DEVICE_REQ", **queue, AgentInstrument="99")
    world.fails(code, "SNAPSHOT_DEVICE_REQ", **point, AgentInstrument="99")
    world.client.all_events, world.client.instrument = False, "20001"
    code = Failure.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE
    world.fails(code, "SNAPSHOT_DEVICE_REQ", **queue, AgentInstrument=str(group.number))
