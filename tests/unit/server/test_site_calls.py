"""Calls of a site: messages of the CTI Server in, CIL events out."""

from __future__ import annotations

from typing import Any

import pytest
from site_messages import call, message, state

from fastcil.catalog import LocalConnectionState, event, minimized_parameters
from fastcil.catalog.selection import PARTY
from fastcil.ged188 import NamedArray, NamedVariable
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.mapper import SiteMapper

L = LocalConnectionState
FIRST, SECOND = "call.5000.202.3001", "call.5000.202.3002"


@pytest.fixture
def site() -> SiteMapper:
    return SiteMapper()


def names(events: list[SiteEvent]) -> list[tuple[str, str]]:
    return [(e.callback, e.object_id) for e in events]


def play(site: SiteMapper, *messages: Any) -> list[SiteEvent]:
    found: list[SiteEvent] = []
    for at, one in enumerate(messages):
        found += site.message(one, float(at))
    return found


def begin(device: str = "3001", **fields: Any) -> Any:
    plain: dict[str, Any] = {
        "ANI": "4155551234",
        "DNIS": "8000",
        "CallVariable1": "GOLD",
        "RouterCallKeyDay": 152018,
        "RouterCallKeyCallID": 77,
        "RouterCallKeySequenceNumber": 1,
        "NamedVariable": [NamedVariable("user.lang", "de")],
        "NamedArray": [NamedArray(1, "user.order", "A-7")],
        "CTIClientSignature": ["desk.1"],
        "CTIClientTimestamp": [1700000000],
        "CallType": 1,
        "CalledPartyDisposition": 0,
    }
    return call("BEGIN_CALL_EVENT", device, **{**plain, **fields})


def test_a_call_from_begin_to_end(site: SiteMapper) -> None:
    events = play(
        site,
        state("22001", 3, "3001"),
        begin(),
        call("CALL_DELIVERED_EVENT", "3001", AlertingDeviceID="3001", CallingDeviceID="415"),
        call("CALL_ESTABLISHED_EVENT", "3001", AnsweringDeviceID="3001"),
        call("CALL_HELD_EVENT", "3001", HoldingDeviceID="3001"),
        call("CALL_RETRIEVED_EVENT", "3001", RetrievingDeviceID="3001"),
        call("CALL_CONNECTION_CLEARED_EVENT", "3001", ReleasingDeviceID="3001"),
        message("END_CALL_EVENT", ConnectionCallID=202, ConnectionDeviceID="3001"),
    )
    assert names(events)[1:] == [
        ("OnCallBegin", FIRST),
        ("OnCallDelivered", FIRST),
        ("OnCallEstablished", FIRST),
        ("OnCallHeld", FIRST),
        ("OnCallRetrieved", FIRST),
        ("OnCallConnectionCleared", FIRST),
        ("OnCallEnd", FIRST),
    ]
    statuses = [e.complete["CallStatus"] for e in events[1:]]
    assert statuses == [
        L.LCS_INITIATE,
        L.LCS_ALERTING,
        L.LCS_CONNECT,
        L.LCS_HELD,
        L.LCS_CONNECT,
        L.LCS_NULL,
        L.LCS_NULL,
    ]
    assert all(e.agents == ("agent.5000.22001",) for e in events)
    assert not site.objects.calls
    assert not site.objects.conversations


def test_a_call_that_is_taken_from_a_device_ends_there(site: SiteMapper) -> None:
    """Redirected on no answer: nothing but CALL_DIVERTED_EVENT tells that connection's end."""
    events = play(
        site,
        state("22001", 3, "3001"),
        call("CALL_DELIVERED_EVENT", "3001", AlertingDeviceID="3001"),
        call("CALL_DIVERTED_EVENT", "3001", DivertingDeviceID="3001", LocalConnectionState=0),
    )
    assert names(events)[-2:] == [("OnCallDiverted", FIRST), ("OnCallEnd", FIRST)]
    assert [e.complete["CallStatus"] for e in events[-2:]] == [L.LCS_NULL, L.LCS_NULL]
    assert not site.objects.calls


def test_what_begin_tells(site: SiteMapper) -> None:
    (found,) = play(site, begin())
    assert found.complete["ANI"] == "4155551234"
    assert found.complete["CallVariable1"] == "GOLD"
    assert found.complete["ECC"] == {"user.lang": "de", "user.order[1]": "A-7"}
    assert found.complete["CTIClients"] == {
        "CTIClient[1]": {"CTIClientSignature": "desk.1", "CTIClientTimestamp": "1700000000"}
    }
    assert found.complete["ICMEnterpriseUniqueID"] == "icm.152018.77"
    assert found.complete["ConnectionCallID"] == 202
    assert found.complete["DeviceUniqueObjectID"] == "device.5000.3001"
    assert found.complete["SkillGroupNumber"] == 0
    assert "FilterTarget" not in found.complete, "nobody is logged in at the device"


@pytest.mark.parametrize("level", [0, 1])
def test_every_documented_parameter_is_there(site: SiteMapper, level: int) -> None:
    events = play(
        site,
        state("22001", 3, "3001"),
        begin(),
        call("CALL_SERVICE_INITIATED_EVENT", "3001"),
        call("CALL_ORIGINATED_EVENT", "3001"),
        call("CALL_QUEUED_EVENT", "3001", QueueDeviceID="q"),
        call("CALL_DEQUEUED_EVENT", "3001"),
        call("CALL_REACHED_NETWORK_EVENT", "3001", TrunkUsedDeviceID="t1"),
        call("CALL_DELIVERED_EVENT", "3001"),
        call("CALL_ESTABLISHED_EVENT", "3001"),
        call("CALL_HELD_EVENT", "3001"),
        call("CALL_RETRIEVED_EVENT", "3001"),
        call("CALL_DIVERTED_EVENT", "3001"),
        call("CALL_FAILED_EVENT", "3001"),
        message("END_CALL_EVENT", ConnectionCallID=202),
    )
    failed = False
    for found in events[1:]:
        given = found.minimal if level else found.complete
        wanted = {k for k in minimized_parameters(found.callback, level) if k != PARTY}
        if failed:
            wanted.discard("CallStatus")
        assert wanted <= set(given), found.callback
        for parameter in event(found.callback).parameters:
            value = given.get(parameter.keyword)
            if value is None or parameter.type == "ARGUMENTS":
                continue
            if parameter.type == "STRING":
                assert isinstance(value, str), (found.callback, parameter.keyword)
            elif parameter.keyword != "ConnectionDeviceID":
                assert isinstance(value, int), (found.callback, parameter.keyword, value)
        failed = failed or found.callback == "OnCallFailed"


@pytest.mark.parametrize("minimal_set", ["section", "table"])
def test_what_the_minimal_set_is(site: SiteMapper, minimal_set: str) -> None:
    site.calls.minimal_set = minimal_set
    events = play(
        site,
        state("22001", 3, "3001"),
        call("CALL_DELIVERED_EVENT", "3001"),
        call("CALL_ESTABLISHED_EVENT", "3001"),
        call("CALL_HELD_EVENT", "3001"),
        call("CALL_RETRIEVED_EVENT", "3001"),
        message("END_CALL_EVENT", ConnectionCallID=202),
    )[1:]
    assert len(events) == 6
    for found in events:
        wanted = minimized_parameters(found.callback, 1, minimal_set)
        assert set(found.minimal) == {key for key in wanted if key != PARTY}, found.callback
    held = next(found for found in events if found.callback == "OnCallHeld")
    assert ("DeviceUniqueObjectID" in held.minimal) is (minimal_set == "table")


def test_the_complete_set_has_what_the_message_carries_besides(site: SiteMapper) -> None:
    fields = {"HoldingDeviceID": "3001", "EventCause": 22, "LocalConnectionState": 4}
    events = play(
        site, call("CALL_DELIVERED_EVENT", "3001"), call("CALL_HELD_EVENT", "3001", **fields)
    )
    held = events[-1]
    documented = {*event("OnCallHeld").keywords, *minimized_parameters("OnCallHeld", 0)}
    assert "EventCause" not in documented
    assert held.complete["EventCause"] == 22
    assert "EventCause" not in held.minimal
    # Which connection it is about its key tells.
    assert "ConnectionDeviceID" not in held.complete
    # Nothing of it is left behind for an event that no message caused.
    assert "EventCause" not in site.calls.snapshot(next(iter(site.objects.calls.values()))).minimal


def test_both_parties_hear_that_it_rings_and_is_answered(site: SiteMapper) -> None:
    """One message or two: each party gets each event once, with its own status."""
    delivered = [call("CALL_DELIVERED_EVENT", d, AlertingDeviceID="3002") for d in ("3002", "3001")]
    answered = [
        call("CALL_ESTABLISHED_EVENT", d, AnsweringDeviceID="3002") for d in ("3002", "3001")
    ]
    for rings, answers in ((delivered, answered), (delivered[:1], answered[:1])):
        site = SiteMapper()
        play(site, call("CALL_ORIGINATED_EVENT", "3001", CallingDeviceID="3001"))
        told = [
            (found.callback, found.object_id, found.minimal["CallStatus"])
            for found in play(site, *rings, *answers)
            if found.callback != "OnCallBegin"
        ]
        assert sorted(told) == [
            ("OnCallDelivered", FIRST, L.LCS_INITIATE),
            ("OnCallDelivered", SECOND, L.LCS_ALERTING),
            ("OnCallEstablished", FIRST, L.LCS_CONNECT),
            ("OnCallEstablished", SECOND, L.LCS_CONNECT),
        ]


def test_what_is_told_to_the_other_party(site: SiteMapper) -> None:
    """Which device rings or answers, and what the message carries besides."""
    play(site, call("CALL_ORIGINATED_EVENT", "3001", CallingDeviceID="3001"))
    for name, keyword in (
        ("CALL_DELIVERED_EVENT", "AlertingDeviceID"),
        ("CALL_ESTABLISHED_EVENT", "AnsweringDeviceID"),
    ):
        events = play(site, call(name, "3002", **{keyword: "3002"}))[-2:]
        assert names(events) == [(events[0].callback, SECOND), (events[0].callback, FIRST)]
        one, other = (event.complete for event in events)
        assert set(one) == set(other)
        assert other[keyword] == other[f"{keyword}Full"] == "3002"
        assert other["PeripheralID"] == one["PeripheralID"] == 5000


def test_events_that_no_message_caused_have_what_filters_ask_for(site: SiteMapper) -> None:
    play(site, call("CALL_ORIGINATED_EVENT", "3001", CallingDeviceID="3001"))
    known = site.objects.conversations
    (key,) = known
    found = [event for event in site.snapshot() if event.callback == "OnSnapshotCallConf"]
    found += site.calls.taken(*key, snapshot(("3001", L.LCS_CONNECT), ("3002", 1)), 1.0)
    found += site.calls.taken(*key, snapshot(("3001", L.LCS_CONNECT)), 1.0)
    found += site.calls.gone(key, 2.0)
    assert not known
    play(site, call("CALL_ORIGINATED_EVENT", "3001", CallingDeviceID="3001"))
    found += site.collect(1e9)
    assert not known
    assert {event.callback for event in found} == {"OnSnapshotCallConf", "OnCallEnd"}
    assert {event.complete.get("PeripheralID") for event in found} == {5000}


def test_a_number_that_is_absent_is_minus_one(site: SiteMapper) -> None:
    events = play(site, call("CALL_DELIVERED_EVENT", "3001"))
    assert events[-1].complete["SkillGroupNumber"] == -1
    assert events[-1].complete["LineType"] == -1


def test_a_connection_named_later_begins_with_the_facts_of_the_call(site: SiteMapper) -> None:
    events = play(
        site, begin("3001"), call("CALL_DELIVERED_EVENT", "3002", AlertingDeviceID="3002")
    )
    assert names(events) == [
        ("OnCallBegin", FIRST),
        ("OnCallBegin", SECOND),
        ("OnCallDelivered", SECOND),
        ("OnCallDelivered", FIRST),
    ]
    assert events[1].complete["ANI"] == "4155551234"
    assert events[1].complete["DeviceID"] == "3002"
    assert site.objects.calls[FIRST].status == L.LCS_INITIATE
    assert site.objects.calls[SECOND].status == L.LCS_ALERTING


def test_an_update_reaches_every_connection(site: SiteMapper) -> None:
    play(site, begin("3001"), call("CALL_DELIVERED_EVENT", "3002"))
    events = play(
        site,
        call(
            "CALL_DATA_UPDATE_EVENT",
            "3001",
            NewConnectionCallID=202,
            NewConnectionDeviceID="3001",
            CallVariable1="SILVER",
            CampaignID=0,
            QueryRuleID=0,
        ),
    )
    assert sorted(names(events)) == [("OnCallDataUpdate", FIRST), ("OnCallDataUpdate", SECOND)]
    assert {e.complete["CallVariable1"] for e in events} == {"SILVER"}


def test_an_update_that_gives_the_call_a_new_id(site: SiteMapper) -> None:
    play(site, begin("3001"))
    (found,) = play(
        site,
        call(
            "CALL_DATA_UPDATE_EVENT",
            "3001",
            NewConnectionCallID=303,
            NewConnectionDeviceID="3009",
            CampaignID=0,
            QueryRuleID=0,
        ),
    )
    assert found.object_id == "call.5000.303.3009"
    assert found.complete["OldUniqueObjectID"] == found.minimal["OldUniqueObjectID"] == FIRST
    assert list(site.objects.calls) == ["call.5000.303.3009"]


def test_a_call_under_a_new_id_keeps_its_facts(site: SiteMapper) -> None:
    play(site, begin("3001", ANI="4155550100", CallVariable2="GOLD"))
    update = call(
        "CALL_DATA_UPDATE_EVENT",
        "3001",
        NewConnectionCallID=303,
        NewConnectionDeviceID="3001",
        CampaignID=0,
        QueryRuleID=0,
    )
    (moved,) = play(site, update)
    later = play(site, call("CALL_ESTABLISHED_EVENT", "3002", 303))[0]
    for one in (moved, later):
        assert one.complete["ANI"] == "4155550100"
        assert one.complete["CallVariable2"] == "GOLD"


def test_who_is_taken_into_a_call_has_the_facts_of_that_call(site: SiteMapper) -> None:
    """As a snapshot of the call would say: there is one caller, one router key, one context."""
    play(
        site,
        begin("3001", ANI="4155550100", RouterCallKeyDay=7, RouterCallKeyCallID=9),
        call("CALL_ESTABLISHED_EVENT", "3001", CallingDeviceID="4155550100"),
        call("CALL_HELD_EVENT", "3001"),
        call("BEGIN_CALL_EVENT", "3001", 303, CallType=11, ANI="3001", CallVariable3="note"),
        call("CALL_ESTABLISHED_EVENT", "3002", 303, CallingDeviceID="3001"),
    )
    events = play(
        site,
        message(
            "CALL_TRANSFERRED_EVENT",
            PeripheralID=5000,
            PrimaryCallID=202,
            SecondaryCallID=303,
            TransferringDeviceID="3001",
            TransferredDeviceID="3002",
            ConnectedPartyCallID=[202],
            ConnectedPartyDeviceID=["3002"],
        ),
    )
    moved = events[0]
    assert moved.callback == "OnCallDataUpdate"
    assert moved.complete["OldUniqueObjectID"] == "call.5000.303.3002"
    assert moved.complete["UniqueObjectID"] == SECOND
    assert moved.complete["ANI"] == "4155550100"
    assert moved.complete["ICMEnterpriseUniqueID"] == "icm.7.9"
    assert moved.complete["CallVariable3"] == "note", "the call taken over has none"
    assert moved.complete["CallStatus"] == L.LCS_CONNECT
    assert site.objects.calls[SECOND].values["CallingDeviceIDFull"] == "4155550100"


def test_a_transfer_leaves_the_one_who_made_it(site: SiteMapper) -> None:
    play(
        site,
        begin("3001"),
        call("CALL_ESTABLISHED_EVENT", "3001"),
        call("CALL_HELD_EVENT", "3001"),
        call("BEGIN_CALL_EVENT", "3001", 303, CallType=11, CalledPartyDisposition=0),
        call("CALL_ESTABLISHED_EVENT", "3002", 303),
    )
    events = play(
        site,
        message(
            "CALL_TRANSFERRED_EVENT",
            PrimaryCallID=202,
            SecondaryCallID=303,
            PrimaryDeviceIDType=0,
            SecondaryDeviceIDType=0,
            PrimaryDeviceID="3001",
            SecondaryDeviceID="3001",
            TransferringDeviceID="3001",
            TransferredDeviceID="3002",
            ConnectedPartyCallID=[202],
            ConnectedPartyDeviceIDType=[0],
            ConnectedPartyDeviceID=["3002"],
        ),
    )
    moved = [e for e in events if e.callback == "OnCallDataUpdate"]
    assert [e.complete["OldUniqueObjectID"] for e in moved] == ["call.5000.303.3002"]
    transferred = [e for e in events if e.callback == "OnCallTransferred"]
    assert {e.object_id for e in transferred} == {FIRST, SECOND}
    assert transferred[0].complete["ConnectedParty[1]"] == "3002"
    ended = {e.object_id for e in events if e.callback == "OnCallEnd"}
    assert ended == {FIRST, "call.5000.303.3001"}
    assert list(site.objects.calls) == [SECOND]


def test_a_conference_keeps_everybody(site: SiteMapper) -> None:
    play(
        site,
        begin("3001"),
        call("CALL_ESTABLISHED_EVENT", "3001"),
        call("BEGIN_CALL_EVENT", "3001", 303, CallType=12, CalledPartyDisposition=0),
        call("CALL_ESTABLISHED_EVENT", "3002", 303),
    )
    events = play(
        site,
        message(
            "CALL_CONFERENCED_EVENT",
            PrimaryCallID=202,
            SecondaryCallID=303,
            PrimaryDeviceIDType=0,
            SecondaryDeviceIDType=0,
            PrimaryDeviceID="3001",
            SecondaryDeviceID="3001",
            ControllerDeviceID="3001",
            AddedPartyDeviceID="3002",
            ConnectedPartyCallID=[202, 202],
            ConnectedPartyDeviceIDType=[0, 0],
            ConnectedPartyDeviceID=["3001", "3002"],
        ),
    )
    assert set(site.objects.calls) == {FIRST, SECOND}
    conferenced = [e for e in events if e.callback == "OnCallConferenced"]
    assert {e.object_id for e in conferenced} == {FIRST, SECOND}
    assert conferenced[0].complete["NumParties"] == 2
    assert conferenced[0].complete["ControllerDeviceIDFull"] == "3001"


def test_call_status_is_withheld_after_a_failure(site: SiteMapper) -> None:
    play(site, begin("3001"))
    events = play(
        site,
        call("CALL_FAILED_EVENT", "3001"),
        call("CALL_CONNECTION_CLEARED_EVENT", "3001"),
    )
    assert events[0].complete["CallStatus"] == L.LCS_FAIL
    assert all("CallStatus" not in e.complete for e in events[1:])
    assert all("CallStatus" not in e.minimal for e in events[1:])


def test_a_precall_meets_its_call(site: SiteMapper) -> None:
    play(site, state("22001", 3, "3001"))
    announced = message(
        "AGENT_PRE_CALL_EVENT",
        AgentInstrument="3001",
        RouterCallKeyDay=152018,
        RouterCallKeyCallID=77,
        RouterCallKeySequenceNumber=1,
        CallVariable5="from the router",
        ServiceNumber=4,
    )
    (found,) = play(site, announced)
    assert found.callback == "OnAgentPrecallEvent"
    assert found.agents == ("agent.5000.22001",)
    assert found.complete["ICMEnterpriseUniqueID"] == "icm.152018.77"
    (begun,) = play(site, begin())
    assert begun.complete["CallVariable5"] == "from the router"
    assert not site.calls.precalls


def test_what_time_brings(site: SiteMapper) -> None:
    play(site, begin("3001"))
    precall = message("AGENT_PRE_CALL_EVENT", AgentInstrument="3001", RouterCallKeyDay=1)
    site.message(precall, 10.0)
    assert site.collect(20.0) == []
    assert site.calls.precalls
    assert site.collect(50.0) == []
    assert not site.calls.precalls
    assert names(site.collect(5 * 3600.0)) == [("OnCallEnd", FIRST)]
    assert not site.objects.calls


def test_a_message_that_causes_nothing_is_counted(site: SiteMapper) -> None:
    assert play(site, message("CALL_ATTRIBUTE_CHANGE_EVENT", CallTypeID=1)) == []
    assert site.unmapped == {"CALL_ATTRIBUTE_CHANGE_EVENT": 1}


def test_the_snapshot(site: SiteMapper) -> None:
    play(site, state("22001", 4, "3001"), begin("3001"), call("CALL_ESTABLISHED_EVENT", "3001"))
    events = site.snapshot()
    assert names(events) == [
        ("OnQueryAgentStateConf", "agent.5000.22001"),
        ("OnSnapshotDeviceConf", "device.5000.3001"),
        ("OnSnapshotCallConf", FIRST),
    ]
    assert events[1].complete["ValidCalls"] == {FIRST: True}
    assert events[2].complete["CallStatus"] == L.LCS_CONNECT


def snapshot(*parties: tuple[str, int], call_id: int = 202) -> Any:
    """SNAPSHOT_CALL_CONF with (device, connection state) of each party."""
    return message(
        "SNAPSHOT_CALL_CONF",
        InvokeID=1,
        CallType=1,
        NumCallDevices=None,
        CalledPartyDisposition=0,
        ANI="777",
        CallConnectionCallID=[call_id for _ in parties],
        CallConnectionDeviceIDType=[0 for _ in parties],
        CallConnectionDeviceID=[device for device, _ in parties],
        CallDeviceType=[0 for _ in parties],
        CallDeviceID=[device for device, _ in parties],
        CallDeviceConnectionState=[state for _, state in parties],
    )


def test_a_call_learnt_from_a_snapshot(site: SiteMapper) -> None:
    taken = snapshot(("3001", int(L.LCS_CONNECT)), ("3002", int(L.LCS_HELD)))
    events = list(site.calls.taken(5000, 202, taken, 0.0))
    assert names(events) == [("OnSnapshotCallConf", FIRST), ("OnSnapshotCallConf", SECOND)]
    assert [e.complete["CallStatus"] for e in events] == [L.LCS_CONNECT, L.LCS_HELD]
    assert events[0].complete["ANI"] == "777"


def test_a_snapshot_ends_what_it_lacks(site: SiteMapper) -> None:
    play(site, begin("3001"), call("CALL_ESTABLISHED_EVENT", "3002"))
    taken = snapshot(("3001", int(L.LCS_CONNECT)))
    events = list(site.calls.taken(5000, 202, taken, 9.0))
    assert names(events) == [("OnCallEnd", SECOND), ("OnSnapshotCallConf", FIRST)]


def test_calls_that_ended_meanwhile(site: SiteMapper) -> None:
    play(site, begin("3001"), call("BEGIN_CALL_EVENT", "3002", 303, CalledPartyDisposition=0))
    heard = site.objects.conversations[5000, 303].touched
    assert site.calls.gone((5000, 303), heard) == [], "something was told of it since"
    assert site.calls.gone((5000, 999), heard + 1) == []
    assert names(site.calls.gone((5000, 303), heard + 1)) == [("OnCallEnd", "call.5000.303.3002")]
    assert list(site.objects.calls) == [FIRST]
