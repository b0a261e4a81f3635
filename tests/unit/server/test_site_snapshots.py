"""What a server asks a CTI Server for, and what it makes of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from site_messages import VERSION, call, message, state

from fastcil.catalog import AgentState, CallStatus
from fastcil.ged188 import Message, encode_message
from fastcil.ged188.enums import ConfigDeviceType, DeviceIDType, PeripheralType, RecordType
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.server.site import enablement
from fastcil.server.site.places import PHONE, QUEUE, Place, Places
from fastcil.server.site.requests import Refused
from fastcil.server.upstream import RequestFailed, SiteSource

ROUTE_POINT = int(DeviceIDType.DEVID_ROUTE_POINT)
REFUSED = RequestFailed(1, "no such device")
DEFINITY = int(PeripheralType.PT_DEFINITY_ECS_EAS)


class Link:
    """Answers by a function of name and values; what it returns None for is refused."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def request(self, name: str, values: Mapping[str, Any]) -> Message:
        encode_message(name, {"InvokeID": 1, **values}, version=25)
        self.asked.append((name, dict(values)))
        await asyncio.sleep(0)
        answer = self.answers.get(name)
        found = answer(values) if callable(answer) else answer
        if found is None:
            raise REFUSED
        assert isinstance(found, Message)
        return found

    def of(self, name: str, *fields: str) -> list[tuple[Any, ...]]:
        """The fields of each request of a name."""
        return [tuple(v[f] for f in fields) for one, v in self.asked if one == name]


def config(name: str, *records: dict[str, Any]) -> Message:
    """A configuration message of records."""
    values = {"NumRecords": len(records), "records": list(records)}
    return Message.from_bytes(encode_message(name, values, version=VERSION), VERSION)


def device(kind: int, number: int, extension: str = "", **more: Any) -> dict[str, Any]:
    found = {
        "RecordType": int(RecordType.CONFIG_RECORD_ADD),
        "FltPeripheralID": 5000,
        "PeripheralNumber": number,
        "DeviceType": kind,
        "MaxQueued": 0,
        "FltServiceID": 0,
        "Extension": extension or None,
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def parties(*found: tuple[str, int, int], call_id: int = 202) -> Message:
    """SNAPSHOT_CALL_CONF: (device, its type, state) of each party."""
    return message(
        "SNAPSHOT_CALL_CONF",
        InvokeID=1,
        CallType=1,
        NumCallDevices=None,
        CalledPartyDisposition=0,
        ANI="777",
        CallConnectionCallID=[call_id] * len(found),
        CallConnectionDeviceIDType=[0] * len(found),
        CallConnectionDeviceID=[device for device, _, _ in found],
        CallDeviceType=[kind for _, kind, _ in found],
        CallDeviceID=[device for device, _, _ in found],
        CallDeviceConnectionState=[int(state) for _, _, state in found],
    )


def calls_at(*found: tuple[int, str]) -> Message:
    """SNAPSHOT_DEVICE_CONF: (call id, device id) of each call."""
    return message(
        "SNAPSHOT_DEVICE_CONF",
        InvokeID=1,
        NumCalls=None,
        CallConnectionCallID=[number for number, _ in found],
        CallConnectionDeviceIDType=[0] * len(found),
        CallConnectionDeviceID=[device for _, device in found],
        CallState=[int(Lcs.LCS_QUEUED)] * len(found),
    )


# -- places ----------------------------------------------------------------------------------


def test_places_come_from_the_configuration() -> None:
    places = Places()
    group = {"RecordType": 0, "FltPeripheralID": 5000, "PeripheralNumber": 7}
    group |= {"FltSkillGroupPriority": 0, "SkillGroupSkillTargetID": 1, "AutoWork": 0}
    places.take(config("CONFIG_SKILL_GROUP_EVENT", {**group, "PeripheralName": "Sales"}))
    places.take(
        config(
            "CONFIG_DEVICE_EVENT",
            device(int(ConfigDeviceType.SKILL_GROUP), 8, "3008"),
            device(int(ConfigDeviceType.ROUTE_POINT), 1, DialedNumber="800"),
            device(int(ConfigDeviceType.AGENT_DEVICE_EXTENSION), 2, "20001"),
            device(int(ConfigDeviceType.AGENT_ID), 3, "22001"),
            device(int(ConfigDeviceType.ROUTE_POINT), 4),
        )
    )
    every = [
        Place(5000, QUEUE, "7"),
        Place(5000, QUEUE, "3008"),
        Place(5000, ROUTE_POINT, "800"),
        Place(5000, PHONE, "20001"),
    ]
    assert list(places) == every
    assert places.phones(5000) == ["20001"]
    assert places.phones(5001) == []
    places.take(state("22001", AgentState.eTalking))
    assert len(places) == 4, "other messages say nothing of it"
    gone = device(int(ConfigDeviceType.SKILL_GROUP), 8, "3008", RecordType=2)
    places.take(config("CONFIG_DEVICE_EVENT", gone))
    assert len(places) == 3


def source(link: Link, *places: Place) -> SiteSource:
    found = SiteSource()
    found.link = link
    for place in places:
        found.snapshots.places._known[place] = None
    return found


# -- the type of a peripheral ----------------------------------------------------------------


def info(values: Mapping[str, Any]) -> Message | None:
    if values["AgentInstrument"] == "20001":
        return None
    return message("QUERY_DEVICE_INFO_CONF", InvokeID=1, PeripheralType=DEFINITY, NumLines=None)


def agent_conf(values: Mapping[str, Any]) -> Message:
    return message(
        "QUERY_AGENT_STATE_CONF",
        InvokeID=1,
        AgentState=AgentState.eTalking,
        AgentID=values["AgentID"],
        AgentExtension="3001",
        AgentInstrument="3001",
    )


def test_the_type_of_a_peripheral_is_asked_of_its_telephones() -> None:
    link = Link(QUERY_DEVICE_INFO_REQ=info, QUERY_AGENT_STATE_REQ=agent_conf)
    site = source(link, *(Place(5000, PHONE, str(20001 + i)) for i in range(3)))
    agent = site.mapper.objects.agent(5000, "22001")
    assert asyncio.run(site.reconcile()) == 0
    assert link.of("QUERY_DEVICE_INFO_REQ", "AgentInstrument") == [("20001",), ("20002",)]
    assert site.mapper.objects.peripheral_types == {5000: DEFINITY}
    assert agent.values["PeripheralType"] == DEFINITY
    mask = enablement.agent_mask(AgentState.eTalking, DEFINITY)
    assert agent.values["EnablementMask"] == mask != enablement.agent_mask(AgentState.eTalking)
    assert asyncio.run(site.reconcile()) == 0
    assert len(link.of("QUERY_DEVICE_INFO_REQ", "AgentInstrument")) == 2, "it is known"


def test_the_type_of_a_peripheral_is_asked_of_an_agents_device() -> None:
    """Where no configuration names a telephone."""
    link = Link(QUERY_DEVICE_INFO_REQ=info, QUERY_AGENT_STATE_REQ=agent_conf)
    site = source(link)
    agent = site.mapper.objects.agent(5000, "22001")
    asyncio.run(site.reconcile())
    assert link.of("QUERY_DEVICE_INFO_REQ", "AgentInstrument") == [("3001",)]
    assert agent.values["PeripheralType"] == DEFINITY
    assert agent.values["EnablementMask"] == enablement.agent_mask(AgentState.eTalking, DEFINITY)


def test_a_type_that_is_known_is_not_asked_for() -> None:
    link = Link(QUERY_AGENT_STATE_REQ=agent_conf)
    site = source(link, Place(5000, PHONE, "20001"))
    site.mapper.objects.peripheral_types[5000] = 17
    agent = site.mapper.objects.agent(5000, "22001")
    asyncio.run(site.reconcile())
    assert not link.of("QUERY_DEVICE_INFO_REQ", "AgentInstrument")
    assert agent.values["PeripheralType"] == 17


# -- calls elsewhere -------------------------------------------------------------------------


def test_calls_in_queues_are_found() -> None:
    link = Link(
        SNAPSHOT_DEVICE_REQ=lambda v: (
            calls_at((202, "777")) if v["AgentInstrument"] != "9" else None
        ),
        SNAPSHOT_CALL_REQ=parties(("777", DeviceIDType.DEVID_EXTERNAL, Lcs.LCS_QUEUED)),
    )
    site = source(link, Place(5000, QUEUE, "7"), Place(5000, QUEUE, "9"), Place(5000, QUEUE, "8"))
    assert asyncio.run(site.reconcile()) == 0
    (found,) = site.mapper.objects.calls.values()
    assert found.key == "call.5000.202.777"
    assert found.status == CallStatus.LCS_INITIATE
    assert found.values["LocalConnectionState"] == Lcs.LCS_QUEUED
    assert found.values["QueuedDeviceID"] == "7"
    assert found.values["QueuedDeviceIDType"] == DeviceIDType.DEVID_QUEUE
    assert found.values["CallDeviceType"] == DeviceIDType.DEVID_EXTERNAL
    assert len(link.of("SNAPSHOT_CALL_REQ", "ConnectionCallID")) == 1, "in both queues"
    found.values["QueuedDeviceID"] = "8"
    asyncio.run(site.reconcile())
    assert found.values["QueuedDeviceID"] == "8", "it waits there as well"
    found.values["QueuedDeviceID"] = "6"
    asyncio.run(site.reconcile())
    assert found.values["QueuedDeviceID"] == "7", "it waits there no longer"


def test_devices_of_a_kind_that_are_refused_are_not_asked_for_one_by_one() -> None:
    link = Link(
        SNAPSHOT_DEVICE_REQ=lambda v: calls_at() if v["SnapshotDeviceType"] == QUEUE else None
    )
    places = [Place(5000, kind, str(i)) for kind in (QUEUE, ROUTE_POINT) for i in range(10)]
    site = source(link, *places)
    asyncio.run(site.reconcile())
    asked = [kind for (kind,) in link.of("SNAPSHOT_DEVICE_REQ", "SnapshotDeviceType")]
    assert (asked.count(QUEUE), asked.count(ROUTE_POINT)) == (10, 3)


def test_the_device_of_an_agent_is_asked_for_once() -> None:
    link = Link(SNAPSHOT_DEVICE_REQ=calls_at(), QUERY_AGENT_STATE_REQ=agent_conf)
    site = source(link, Place(5000, PHONE, "3001"), Place(5000, PHONE, "3002"))
    site.mapper.objects.agent(5000, "22001")
    asyncio.run(site.reconcile())
    asked = link.of("SNAPSHOT_DEVICE_REQ", "AgentInstrument", "SnapshotDeviceType")
    assert asked == [("3001", PHONE), ("3002", PHONE)]


# -- calls whose beginning was missed --------------------------------------------------------

BEGIN = call("BEGIN_CALL_EVENT", "777", CallType=1)
UPDATE = call(
    "CALL_DATA_UPDATE_EVENT",
    "777",
    CallType=1,
    NewConnectionDeviceIDType=0,
    NewConnectionCallID=202,
    NewConnectionDeviceID="777",
)
MOVED = call(
    "CALL_DATA_UPDATE_EVENT",
    "777",
    201,
    CallType=1,
    NewConnectionDeviceIDType=0,
    NewConnectionCallID=202,
    NewConnectionDeviceID="777",
)
JOINED = message(
    "CALL_CONFERENCED_EVENT",
    PrimaryCallID=202,
    SecondaryCallID=203,
    PrimaryDeviceIDType=0,
    SecondaryDeviceIDType=0,
    PrimaryDeviceID="3001",
    ConnectedPartyCallID=[202, 202],
    ConnectedPartyDeviceIDType=[0, 0],
    ConnectedPartyDeviceID=["777", "3001"],
)
DELIVERED = call("CALL_DELIVERED_EVENT", "3001", AlertingDeviceID="3001")


@pytest.mark.parametrize("first", [UPDATE, MOVED, JOINED, DELIVERED], ids=lambda m: m.name)
def test_a_call_without_a_beginning_is_asked_for(first: Message) -> None:
    found = parties(
        ("777", DeviceIDType.DEVID_EXTERNAL, Lcs.LCS_CONNECT),
        ("3001", DeviceIDType.DEVID_AGENT_DEVICE, Lcs.LCS_ALERTING),
        ("3002", DeviceIDType.DEVID_AGENT_DEVICE, Lcs.LCS_HOLD),
    )
    link = Link(SNAPSHOT_CALL_REQ=found)
    site = source(link)
    site.messages([first], 0.0)
    assert list(site.snapshots.missed) == [(5000, 202)]
    asyncio.run(site.snapshots.learn())
    assert link.of("SNAPSHOT_CALL_REQ", "ConnectionCallID") == [(202,)]
    keys = {f"call.5000.202.{device}" for device in ("777", "3001", "3002")}
    assert set(site.mapper.objects.calls) == keys
    assert not site.snapshots.missed


def test_a_call_that_began_is_not_asked_for() -> None:
    link = Link()
    site = source(link)
    site.messages([BEGIN, DELIVERED, UPDATE], 0.0)
    assert not site.snapshots.missed


@pytest.mark.parametrize("is_there", [True, False])
def test_a_call_that_ends_before_it_was_asked_for(is_there: bool) -> None:
    link = Link()
    site = source(link)
    site.messages([DELIVERED], 0.0)
    if is_there:
        site.messages([message("END_CALL_EVENT", ConnectionCallID=202)], 0.0)
    asyncio.run(site.snapshots.learn())
    assert len(link.asked) == (0 if is_there else 1)
    assert len(site.mapper.objects.calls) == (0 if is_there else 1), "a refusal ends nothing"


def test_without_a_session_nothing_is_asked_for() -> None:
    site = source(Link())
    site.link = None
    site.messages([DELIVERED], 0.0)
    asyncio.run(site.snapshots.learn())
    assert list(site.snapshots.missed) == [(5000, 202)]


# -- what a snapshot of a call says ----------------------------------------------------------


@pytest.mark.parametrize(
    ("external", "other", "status"),
    [
        (Lcs.LCS_CONNECT, Lcs.LCS_ALERTING, CallStatus.LCS_INITIATE),
        (Lcs.LCS_CONNECT, Lcs.LCS_CONNECT, CallStatus.LCS_CONNECT),
        (Lcs.LCS_CONNECT, Lcs.LCS_HOLD, CallStatus.LCS_CONNECT),
        (Lcs.LCS_CONNECT, None, CallStatus.LCS_INITIATE),
        (Lcs.LCS_QUEUED, None, CallStatus.LCS_INITIATE),
        (Lcs.LCS_HOLD, Lcs.LCS_ALERTING, CallStatus.LCS_HELD),
    ],
)
def test_who_called_is_connected_when_somebody_answered(
    external: int, other: int | None, status: int
) -> None:
    """In the CIL: as OnCallEstablished, which both parties get, says it."""
    found = [("777", int(DeviceIDType.DEVID_EXTERNAL), external)]
    if other is not None:
        found.append(("3001", int(DeviceIDType.DEVID_AGENT_DEVICE), other))
    site = source(Link(SNAPSHOT_CALL_REQ=parties(*found)))
    asyncio.run(site.call_snapshot(5000, 202, "777"))
    assert site.mapper.objects.calls["call.5000.202.777"].status == status


def test_an_end_that_overtakes_the_answer_is_the_end() -> None:
    """A call that nobody knew when it was asked for: the answer tells of it, but it is over."""
    found = ("777", int(DeviceIDType.DEVID_EXTERNAL), Lcs.LCS_CONNECT)
    sites: list[SiteSource] = []
    answers = [parties(found)]

    def answer(values: Mapping[str, Any]) -> Message | None:
        sites[0].messages([message("END_CALL_EVENT", PeripheralID=5000, ConnectionCallID=202)], 0.0)
        return answers.pop() if answers else None

    link = Link(SNAPSHOT_CALL_REQ=answer)
    sites.append(source(link))
    with pytest.raises(Refused):  # asked again, it is not there
        asyncio.run(sites[0].call_snapshot(5000, 202, "777"))
    assert sites[0].mapper.objects.calls == {}
    answers += [parties(found)] * 3
    assert asyncio.run(sites[0].call_snapshot(5000, 202, "777")) == []
    assert (answers, sites[0].mapper.objects.calls) == ([], {})
    assert sites[0].snapshots.asked == {}


def test_who_was_told_that_he_is_connected_stays_so() -> None:
    """A snapshot for one client does not change what the others know: here of a call that was
    answered, and went on to a telephone that rings."""
    found = [("777", int(DeviceIDType.DEVID_EXTERNAL), Lcs.LCS_CONNECT)]
    answered = parties(*found, ("3001", int(DeviceIDType.DEVID_AGENT_DEVICE), Lcs.LCS_CONNECT))
    rings = parties(*found, ("3002", int(DeviceIDType.DEVID_AGENT_DEVICE), Lcs.LCS_ALERTING))
    link = Link(SNAPSHOT_CALL_REQ=answered)
    site = source(link)
    asyncio.run(site.call_snapshot(5000, 202, "777"))
    link.answers["SNAPSHOT_CALL_REQ"] = rings
    asyncio.run(site.call_snapshot(5000, 202, "777"))
    calls = site.mapper.objects.calls
    assert calls["call.5000.202.777"].status == CallStatus.LCS_CONNECT
    assert calls["call.5000.202.3002"].status == CallStatus.LCS_ALERTING


def test_an_agent_who_is_alone_in_a_call_is_connected() -> None:
    """A CTI Server need not list who is outside."""
    found = ("3001", DeviceIDType.DEVID_AGENT_DEVICE, Lcs.LCS_CONNECT)
    site = source(Link(SNAPSHOT_CALL_REQ=parties(found)))
    asyncio.run(site.call_snapshot(5000, 202, "3001"))
    assert site.mapper.objects.calls["call.5000.202.3001"].status == CallStatus.LCS_CONNECT


def test_a_variable_that_the_snapshot_lacks_is_empty() -> None:
    site = source(
        Link(SNAPSHOT_CALL_REQ=parties(("777", DeviceIDType.DEVID_EXTERNAL, Lcs.LCS_HOLD)))
    )
    site.messages(
        [call("BEGIN_CALL_EVENT", "777", CallType=1, CallVariable3="old", DNIS="800")], 0.0
    )
    asyncio.run(site.call_snapshot(5000, 202, "777"))
    values = site.mapper.objects.calls["call.5000.202.777"].values
    assert (values["CallVariable3"], values["DNIS"], values["ANI"]) == ("", "800", "777")
