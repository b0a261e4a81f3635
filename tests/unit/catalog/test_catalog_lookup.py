"""The catalog's functions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fastcil import catalog
from fastcil.catalog import _events


def test_keyword_ids_count_up_and_find_themselves() -> None:
    assert catalog.KEYWORDS[0] == ""
    for number, keyword in enumerate(catalog.KEYWORDS[1:], 1):
        assert number <= 0x7FFF
        assert keyword.isascii()
        assert 1 <= len(keyword) <= 255
        assert catalog.keyword_id(keyword) == number
        assert catalog.keyword_id(keyword.upper()) == number
        assert catalog.keyword_id(f" \t\n\v\f\r{keyword.swapcase()}\r\f\v\n\t ") == number
    assert len({keyword.lower() for keyword in catalog.KEYWORDS}) == len(catalog.KEYWORDS)


@pytest.mark.parametrize(
    "name", ["", " ", "NoSuchKeyword", "AgentID\u00a0", "\u212anown", "Agent\u0130D", "Agent ID"]
)
def test_other_names_are_no_keywords(name: str) -> None:
    assert catalog.keyword_id(name) == 0


def test_hot_call_keywords_come_first_in_documented_order() -> None:
    row = catalog.data("minimize")["generate_call_data_update_keywords"]
    assert list(catalog.KEYWORDS[1 : len(row) + 1]) == row


def test_constants_and_aliases_lead_to_keywords() -> None:
    for constant, keyword in catalog.CONSTANTS.items():
        assert constant.startswith("CTIOS_")
        assert catalog.KEYWORDS[catalog.keyword_id(keyword)] == keyword
    for alias, keyword in catalog.ALIASES.items():
        assert catalog.KEYWORDS[catalog.keyword_id(alias)] == keyword
    assert catalog.CONSTANTS["CTIOS_ISMONITORED"] == catalog.CONSTANTS["CTIOS_MONITORED"]
    assert catalog.CONSTANTS["CTIOS_STATE"] == catalog.CONSTANTS["CTIOS_AGENTSTATE"]
    # Two names whose underscores the rule CTIOS_ + upper case does not give.
    assert catalog.CONSTANTS["CTIOS_SILENTMONITOR_CALLUID"] == "SilentMonitorCallUID"
    assert catalog.CONSTANTS["CTIOS_SILENTMONITOR_TARGET_AGENTUID"] == "SilentMonitorTargetAgentUID"


def test_constants_printed_in_the_guide_are_not_marked_as_made_here() -> None:
    records = {r["constant"]: r for r in catalog.data("keywords")["keywords"]}
    for constant in ("CTIOS_AGENTID", "CTIOS_CTIOSA", "CTIOS_FILTER", "CTIOS_AGENTCALLREFERENCE"):
        assert "constant_derived" not in records[constant]
    assert records["CTIOS_ALERTRINGS"]["constant_derived"]


def test_wire_filter_and_statistics_keywords() -> None:
    words = """
    WireVersionMin WireVersionMax WireVersion KeywordCount MaxFrame ClientName ResumeEpoch
    ResumeSequence Missed FromSequence ToSequence Epoch Reason HeartbeatInterval
    CILConnectionID CurrentServer StatusSystem InvokeID EventTime ErrorMessage
    FilterTarget HideSilentMonitorCallEvents MessageID Filter FinalAttempt
    AgentsLoggedOn AvailTimeSession
    """
    for keyword in words.split():
        assert catalog.keyword_id(keyword), keyword


@pytest.mark.parametrize(
    ("callback", "number"),
    [
        ("OnCallBegin", 23),
        ("OnCallEnd", 24),
        ("OnCallDataUpdate", 25),
        ("OnAgentStateChange", 30),
        ("OnCallRTPStarted", 116),
        ("OnCallRTPStopped", 117),
        ("OnSkillGroupStatisticsUpdated", 536871027),
        ("OnAgentStatistics", 0x20000000 + 113),
        ("OnMonitoredCallBegin", 0x20000800 + 23),
        ("OnConnection", 0x20001000),
    ],
)
def test_event_numbers(callback: str, number: int) -> None:
    found = catalog.event(number)
    assert found.callback == callback
    assert found.id == catalog.event_id(callback) == number
    assert found.enum is not None
    assert catalog.EventID[found.enum] == number
    assert catalog.event(found.enum) is catalog.event(callback) is found


def test_event_numbers_are_unique_and_follow_the_rules() -> None:
    seen: dict[int, str] = {}
    for event in catalog.EVENTS:
        if not event.id:
            assert event.callback == "OnEvent"
            continue
        assert seen.setdefault(event.id, event.callback) == event.callback
        rule = event.details["id_rule"]
        if rule == "ged188":
            assert event.ged188 is not None
            assert event.id == event.ged188.number
            assert not event.ours
        elif rule == "monitored":
            base = catalog.event(event.base[1]) if event.base else event
            offset = 0x20000800 if base.ged188 else 0x20000A00
            assert event.id == offset + (base.id & 0xFF if not base.ged188 else base.id)
        elif rule == "cil":
            assert 0x20001000 <= event.id < 0x20002000
        else:
            assert rule == "derived from ged188"
            assert event.id == 0x20000000 + event.details["ged188_origin"]["number"]
        assert event.ours or event.id < 0x20000000 or event.details["id_documented"]


def test_event_look_up() -> None:
    assert catalog.event("eBeginCallEvent").callback == "OnCallBegin"
    assert catalog.event("OnMonitoredCallBeginEvent").callback == "OnMonitoredCallBegin"
    assert catalog.event("OnControlFailureConf").interface == "ICallEvents"
    assert catalog.event("OnControlFailureConf", "IAgentEvents").interface == "IAgentEvents"
    assert catalog.event(35, "IAgentEvents").keywords[0] == "InvokeID"
    assert catalog.event_id("NoSuchEvent") == 0
    for key in ("NoSuchEvent", 0, 99999):
        with pytest.raises(KeyError):
            catalog.event(key)
    with pytest.raises(KeyError):
        catalog.event("OnCallBegin", "IAgentEvents")
    with pytest.raises(KeyError):
        catalog.interface("NoSuchInterface")
    assert catalog.interface("ICallEvents").events[4].callback == "OnCallBegin"


def test_monitored_events_share_the_parameters_of_the_plain_ones() -> None:
    plain = catalog.event("OnCallBegin")
    monitored = catalog.event("OnMonitoredCallBegin")
    assert monitored.base == ("ICallEvents", "OnCallBegin")
    assert monitored.keywords == (*plain.keywords, "Monitored")


def test_every_parameter_is_a_keyword_or_a_pattern() -> None:
    patterns = {record["pattern"] for record in catalog.data("keywords")["patterns"]}
    types = {*catalog.data("events")["type_names"], None}
    for event in catalog.EVENTS:
        fields = [*event.parameters, *event.extra_keywords]
        fields += [p for variant in event.variants for p in variant.parameters]
        for parameter in fields:
            assert parameter.type in types
            if event.callback != "OnEvent" and parameter.keyword not in patterns:
                assert catalog.keyword_id(parameter.keyword), parameter


def test_filter_forbidden() -> None:
    forbidden = catalog.filter_forbidden_ids()
    assert len(catalog.data("events")["filter_forbidden"]) == 33
    assert len(forbidden) == 32  # OnMonitoredAgentStateChange is named twice
    assert catalog.EventID.eOnConnection in forbidden
    assert catalog.event_id("OnMonitoredCallQueuedEvent") in forbidden
    assert catalog.EventID.eCallBeginEvent not in forbidden


def test_minimized_parameters() -> None:
    held = catalog.minimized_parameters("OnCallHeld", 1)
    assert held == ("EnablementMask", "UniqueObjectID", "CallStatus", "ICMEnterpriseUniqueID")
    assert set(held) < set(catalog.minimized_parameters("OnCallHeld", 0))
    begin = catalog.minimized_parameters(23, 0)
    assert begin[0] == "CampaignID" or "CampaignID" in begin
    assert len(begin) == len(set(begin)) == 45
    assert catalog.minimized_parameters("eCallBeginEvent", 1) == catalog.event(23).keywords
    snapshot = set(catalog.minimized_parameters("OnSnapshotCallConf", 0))
    assert snapshot - set(catalog.minimized_parameters("OnSnapshotCallConf", 1)) == {
        "ICMEnterpriseUniqueID",
        "CallConnectionCallID",
        "CallConnectionDeviceIDType",
        "CallConnectionDeviceID",
        "CallDeviceConnectionState",
        "CallDeviceType",
    }
    state = catalog.event("OnAgentStateChange").keywords
    assert catalog.minimized_parameters("OnAgentStateChange", 0) == state
    assert catalog.minimized_parameters("OnAgentStateChange", 1) == state
    assert "ErrorMessage" in catalog.minimized_parameters("eFailureConf", 0)
    with pytest.raises(ValueError, match="0 or 1"):
        catalog.minimized_parameters("OnCallHeld", 2)
    with pytest.raises(KeyError):
        catalog.minimized_parameters("NoSuchEvent", 0)


def test_minimized_tables_match_the_expanded_rows() -> None:
    rows = catalog.data("minimize")["events"]
    assert len(rows) == 20 == len(catalog.MINIMIZED)
    for enum, row in rows.items():
        name = row["callback"] or (enum if enum in catalog.MINIMIZED else "OnFailure")
        entry = catalog.MINIMIZED[name]
        if row["mode"] == "list":
            assert list(entry.table) == row["expanded_keywords"]
            assert set(entry.complete) >= set(entry.table)
        assert set(entry.minimal) <= set(entry.complete)
        patterns = {"ConnectedParty[<PartyNumber>]"}
        assert all(k in patterns or catalog.keyword_id(k) for k in entry.complete)
        assert set(entry.footnotes) in (set(), {"CallStatus", "FilterTarget"})


def test_enumerations_are_re_exported() -> None:
    assert catalog.AgentState.eNotReady == 2
    assert catalog.CallStatus is catalog.LocalConnectionState
    assert catalog.CallStatus.LCS_HELD == 4
    assert catalog.CilError.CIL_OK == 1
    both = catalog.ButtonEnablement.ENABLE_READY | catalog.ButtonEnablement.ENABLE_ANSWER
    assert both & catalog.ButtonEnablement.DISABLE_READY == 1
    assert catalog.EventID.eUnknownEvent == 0
    assert len({member.value for member in catalog.SubscriberList}) == 9
    assert "EventID" in dir(catalog)
    assert "EVENTS" in dir(catalog)
    for name in ("NoSuchThing", "_no_such_thing", "__no_such_thing__"):
        with pytest.raises(AttributeError, match=name):
            getattr(catalog, name)


def test_all_names_exist() -> None:
    for name in catalog.__all__:
        assert getattr(catalog, name) is not None
    assert catalog.Event is _events.Event


def test_import_reads_no_data_file() -> None:
    code = (
        "import sys, fastcil.catalog as c; c.keyword_id('AgentID'); c.event_id('OnCallBegin');"
        "c.filter_forbidden_ids();"
        "assert 'fastcil.catalog._events' not in sys.modules;"
        "assert 'fastcil.catalog._enums' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
