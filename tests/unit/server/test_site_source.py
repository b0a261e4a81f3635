"""What a server asks a CTI Server for its clients, and what it tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from site_messages import call, message, state

from fastcil.catalog import AgentState
from fastcil.catalog.requests import RequestID
from fastcil.ged188 import Message, encode_message
from fastcil.ged188.enums import ControlFailureCode, StatusCode, SystemEventID
from fastcil.ged188.schema import message_spec
from fastcil.server.desktop import DesktopSettings
from fastcil.server.parts import SiteRules
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.requests import Refused
from fastcil.server.upstream import RequestFailed, SiteSource


class Link:
    """Answers requests from a table; every request can be encoded as it was asked for."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def request(self, name: str, values: Mapping[str, Any]) -> Message:
        encode_message(name, {"InvokeID": 1, **values}, version=24)
        self.asked.append((name, dict(values)))
        await asyncio.sleep(0)
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer(values) if callable(answer) else answer


AGENT_STATE = message(
    "QUERY_AGENT_STATE_CONF",
    InvokeID=1,
    AgentState=AgentState.eTalking,
    AgentID="22001",
    AgentExtension="3001",
    AgentInstrument="3001",
    SkillGroupNumber=[7],
    SkillGroupID=[5107],
    SkillGroupPriority=[0],
    SkillGroupState=[4],
)
DEVICE = message(
    "SNAPSHOT_DEVICE_CONF",
    InvokeID=1,
    NumCalls=None,
    CallConnectionCallID=[202],
    CallConnectionDeviceIDType=[0],
    CallConnectionDeviceID=["3001"],
    CallState=[3],
)
CALL = message(
    "SNAPSHOT_CALL_CONF",
    InvokeID=1,
    CallType=1,
    NumCallDevices=None,
    CalledPartyDisposition=0,
    ANI="777",
    CallConnectionCallID=[202],
    CallConnectionDeviceIDType=[0],
    CallConnectionDeviceID=["3001"],
    CallDeviceType=[0],
    CallDeviceID=["3001"],
    CallDeviceConnectionState=[3],
)
SNAPSHOTS = {
    "QUERY_AGENT_STATE_REQ": AGENT_STATE,
    "SNAPSHOT_DEVICE_REQ": DEVICE,
    "SNAPSHOT_CALL_REQ": CALL,
}


def confirmation(name: str, **more: Any) -> Message:
    return message(name, InvokeID=1, **more)


def source(**answers: Any) -> tuple[SiteSource, Link]:
    found = SiteSource()
    none = RequestFailed(1, "none")
    link = Link({"AGENT_DESK_SETTINGS_REQ": none, **SNAPSHOTS, **answers})
    found.link = link
    return found, link


class Client:
    """A client of the server, and what it was told as answers; nothing else reaches it."""

    closing = True

    def __init__(self) -> None:
        self.connection_id = "fastcil.1"
        self.told: list[SiteEvent] = []

    @property
    def callbacks(self) -> list[str]:
        return [event.callback for event in self.told]


def set_agent(site: SiteSource, client: Any, agent: str = "22001") -> str:
    return asyncio.run(
        site.set_agent({"AgentID": agent, "PeripheralID": 5000}, client, client.told.append)
    )


def ask(site: SiteSource, client: Any, number: int, **arguments: Any) -> None:
    asyncio.run(site.request(number, arguments, client, client.told.append))


def test_agent_mode_begins_in_the_documented_order() -> None:
    site, _ = source()
    client = Client()
    assert set_agent(site, client) == "agent.5000.22001"
    assert client.callbacks == [
        "OnQueryAgentStateConf",
        "OnSetAgentModeEvent",
        "OnSnapshotDeviceConf",
        "OnSnapshotCallConf",
        "OnCTIOSFailure",
    ]
    assert client.told[0].complete["SkillGroup[1]"]["SkillGroupNumber"] == 7
    assert client.told[1].complete["CILConnectionID"] == "fastcil.1"
    assert client.told[2].complete["ValidCalls"] == {"call.5000.202.3001": True}
    assert client.told[3].complete["ANI"] == "777"


def test_an_agent_who_is_logged_out_has_no_device() -> None:
    out = message("QUERY_AGENT_STATE_CONF", InvokeID=1, AgentState=AgentState.eLogout)
    site, _ = source(QUERY_AGENT_STATE_REQ=out)
    client = Client()
    set_agent(site, client)
    assert client.callbacks == ["OnQueryAgentStateConf", "OnSetAgentModeEvent", "OnCTIOSFailure"]


def test_agent_mode_ends_with_what_is_on_line() -> None:
    site, _ = source()
    site.mapper.objects.peripherals[5000] = False
    client = Client()
    set_agent(site, client)
    server, peripheral = client.told[-2:]
    online, offline = SystemEventID.SYS_CTI_SERVER_ONLINE, SystemEventID.SYS_PERIPHERAL_OFFLINE
    assert server.complete["SystemEventID"] == online
    found = peripheral.complete
    assert (found["SystemEventID"], found["SystemEventArg1"]) == (offline, 5000)


def test_a_state_that_changes_while_agent_mode_begins_is_told() -> None:
    def device(_: Any) -> Message:
        site.mapper.objects.agent(5000, "22001").values["AgentState"] = int(AgentState.eHold)
        return DEVICE

    site, _ = source(SNAPSHOT_DEVICE_REQ=device)
    client = Client()
    set_agent(site, client)
    changed = next(event for event in client.told if event.callback == "OnAgentStateChange")
    assert changed.complete["AgentState"] == AgentState.eHold


@pytest.mark.parametrize("arguments", [{}, {"AgentID": "1"}, {"PeripheralID": "x"}])
def test_agent_mode_needs_to_know_who(arguments: dict[str, Any]) -> None:
    site, _ = source()
    client: Any = Client()
    with pytest.raises(Refused) as caught:
        asyncio.run(site.set_agent(arguments, client, client.told.append))
    assert caught.value.code == StatusCode.E_CTI_REQUIRED_DATA_MISSING


def test_agent_mode_that_cannot_begin_leaves_nothing() -> None:
    site, _ = source(SNAPSHOT_DEVICE_REQ=RequestFailed(13, "no such device"))
    client: Any = Client()
    with pytest.raises(Refused, match="no such device"):
        set_agent(site, client)
    assert site.agent_of(client) is None


def test_answer_names_the_connection_of_the_call() -> None:
    site, link = source(ANSWER_CALL_REQ=confirmation("ANSWER_CALL_CONF"))
    client = Client()
    set_agent(site, client)
    ask(site, client, 42, UniqueObjectID="call.5000.202.3001")
    name, values = link.asked[-1]
    assert name == "ANSWER_CALL_REQ"
    assert (values["ConnectionCallID"], values["ConnectionDeviceID"]) == (202, "3001")
    assert values["PeripheralID"] == 5000
    assert values["AgentInstrument"] == "3001"
    assert client.callbacks[-1] == "OnAnswerCallConf"
    assert client.told[-1].complete == {"UniqueObjectID": "call.5000.202.3001"}


def test_make_call_takes_its_instrument_from_the_agent() -> None:
    made = confirmation(
        "MAKE_CALL_CONF",
        NewConnectionCallID=303,
        NewConnectionDeviceID="3001",
        NewConnectionDeviceIDType=0,
        LineHandle=1,
        LineType=2,
    )
    site, link = source(MAKE_CALL_REQ=made)
    client = Client()
    set_agent(site, client)
    ask(
        site,
        client,
        56,
        UniqueObjectID="agent.5000.22001",
        DialedNumber="3002",
        CallVariable1="GOLD",
        ECC={"user.lang": "de", "user.order[2]": "A-7"},
    )
    values = link.asked[-1][1]
    assert values["AgentInstrument"] == "3001"
    assert values["DialedNumber"] == "3002"
    assert values["CallVariable1"] == "GOLD"
    assert values["NamedVariable"] == [("user.lang", "de")]
    assert values["NamedArray"] == [(2, "user.order", "A-7")]
    assert client.told[-1].callback == "OnMakeCallConf"
    assert client.told[-1].complete["NewConnectionCallID"] == 303


def test_transfer_finds_the_talking_and_the_held_call() -> None:
    done = confirmation(
        "TRANSFER_CALL_CONF",
        NewConnectionCallID=303,
        NewConnectionDeviceIDType=0,
        LineHandle=1,
        LineType=2,
        NumParties=None,
    )
    site, link = source(TRANSFER_CALL_REQ=done)
    client = Client()
    set_agent(site, client)
    site.message(call("CALL_HELD_EVENT", "3001"), 1.0)
    site.message(call("CALL_ESTABLISHED_EVENT", "3001", 303), 2.0)
    ask(site, client, 64, UniqueObjectID="call.5000.202.3001")
    values = link.asked[-1][1]
    assert (values["ActiveConnectionCallID"], values["HeldConnectionCallID"]) == (303, 202)


def test_a_transfer_without_a_second_call_is_refused_here() -> None:
    site, link = source()
    client = Client()
    set_agent(site, client)
    asked = len(link.asked)
    with pytest.raises(Refused) as caught:
        ask(site, client, 64, UniqueObjectID="call.5000.202.3001")
    assert caught.value.code == ControlFailureCode.CF_INVALID_OBJECT_STATE
    assert len(link.asked) == asked


def test_a_refusal_of_the_cti_server_keeps_its_codes() -> None:
    site, _ = source(HOLD_CALL_REQ=RequestFailed(33, "no active call", 7))
    client = Client()
    set_agent(site, client)
    with pytest.raises(Refused) as caught:
        ask(site, client, 54, UniqueObjectID="call.5000.202.3001")
    assert (caught.value.code, caught.value.peripheral_error) == (33, 7)


def test_a_logout_that_fails_is_told_twice() -> None:
    site, _ = source(SET_AGENT_STATE_REQ=RequestFailed(281, "reason needed", 0))
    client = Client()
    set_agent(site, client)
    with pytest.raises(Refused):
        ask(site, client, 38, UniqueObjectID="agent.5000.22001", AgentState=1)
    assert client.told[-1].callback == "OnLogoutFailed"
    assert client.told[-1].complete["FailureCode"] == 281


def test_a_call_that_is_not_there() -> None:
    site, _ = source()
    client = Client()
    with pytest.raises(Refused, match=r"no call call\.5000\.9\.9"):
        ask(site, client, 42, UniqueObjectID="call.5000.9.9")


def test_without_a_cti_server() -> None:
    site = SiteSource()
    with pytest.raises(Refused) as caught:
        ask(site, Client(), 36, AgentID="1", PeripheralID=5000)
    assert caught.value.code == StatusCode.E_CTI_CTI_SERVER_OFFLINE


def test_desktop_settings_are_packed_once_for_a_configuration() -> None:
    site, _ = source()
    settings = DesktopSettings(site)
    first = settings.packed
    assert settings.packed is first
    assert not settings.ccm_silent_monitor
    about = {"Name": {"Settings": {"CCMBasedSilentMonitor": 1}}}
    site.rules = SiteRules(desktop={"All Desktops": {"IPCCSilentMonitor": about}})
    assert settings.ccm_silent_monitor
    assert settings.packed is not first


def test_a_time_out() -> None:
    site, _ = source(QUERY_AGENT_STATE_REQ=asyncio.TimeoutError())
    with pytest.raises(Refused) as caught:
        ask(site, Client(), 36, AgentID="1", PeripheralID=5000)
    assert caught.value.code == StatusCode.E_CTI_TIMEOUT


def team(site: SiteSource) -> None:
    site.message(
        message(
            "AGENT_TEAM_CONFIG_EVENT",
            TeamID=9,
            ConfigOperation=1,
            AtcAgentID=["22001", "22002"],
            AgentFlags=[4, 0],
            AtcAgentState=[4, 3],
            AtcStateDuration=[0, 0],
        ),
        0.0,
    )


def test_a_supervisor_and_the_team() -> None:
    site, _ = source()
    team(site)
    site.message(state("22002", AgentState.eAvailable, "3002"), 1.0)
    watched: list[set[str]] = []
    site.watch = lambda client, agents, calls: watched.append(set(agents))
    client = Client()
    set_agent(site, client)
    ask(site, client, RequestID.REQUEST_AGENT_TEAM_LIST)
    assert [e.complete["AgentID"] for e in client.told[-2:]] == ["22001", "22002"]
    ask(site, client, RequestID.START_MONITORING_ALL_AGENT_TEAMS)
    assert client.told[-1].callback == "OnMonitoredAgentStateChange"
    assert client.told[-1].complete["Monitored"] is True
    assert watched[-1] == {"agent.5000.22002"}
    ask(site, client, RequestID.STOP_MONITORING_ALL_AGENT_TEAMS)
    assert watched[-1] == set()
    ask(site, client, RequestID.START_MONITORING_AGENT, AgentReference="agent.5000.22002")
    assert client.told[-1].callback == "OnStartMonitoringAgent"
    assert watched[-1] == {"agent.5000.22002"}
    ask(site, client, RequestID.STOP_MONITORING_AGENT, AgentReference="agent.5000.22002")
    assert client.told[-1].callback == "OnStopMonitoringAgent"
    assert watched[-1] == set()


def test_only_supervisors_monitor() -> None:
    site, _ = source()
    client = Client()
    with pytest.raises(Refused, match="agent mode"):
        ask(site, client, RequestID.REQUEST_AGENT_TEAM_LIST)
    set_agent(site, client)
    with pytest.raises(Refused, match="no supervisor"):
        ask(site, client, RequestID.REQUEST_AGENT_TEAM_LIST)


def test_reconcile_takes_everything_anew_and_ends_what_is_gone() -> None:
    site, link = source()
    site.message(state("22001", AgentState.eTalking, "3001"), 0.0)
    site.message(call("CALL_ESTABLISHED_EVENT", "3009", 909), 0.0)
    site.next_events(0)
    assert asyncio.run(site.reconcile()) == 0
    given = [event.message_id for event in site.next_events(0)]
    assert given == [37, 83, 25, 24], "agent, call, its buttons; the end of the one that is gone"
    assert [name for name, _ in link.asked] == [*SNAPSHOTS, "SNAPSHOT_CALL_REQ"]
    assert not site.mapper.objects.conversations.get((5000, 909))


def call_answers(values: Any) -> Message:
    """The call of the device is known, no other is."""
    if values["ConnectionCallID"] != 202:
        raise RequestFailed(13, "CF_INVALID_CSTA_CONNECTION_IDENTIFIER")
    return CALL


def test_a_refused_snapshot_is_an_answer() -> None:
    """A call of which the CTI Server knows nothing ends; others are not kept by that."""
    site, _ = source(SNAPSHOT_CALL_REQ=call_answers)
    site.message(state("22001", AgentState.eTalking, "3001"), 0.0)
    site.message(call("CALL_ESTABLISHED_EVENT", "3009", 909), 0.0)
    assert asyncio.run(site.reconcile()) == 0
    assert set(site.mapper.objects.calls) == {"call.5000.202.3001"}


def test_what_was_not_answered_stays_as_it_was() -> None:
    site, _ = source(SNAPSHOT_CALL_REQ=asyncio.TimeoutError())
    site.message(state("22001", AgentState.eTalking, "3001"), 0.0)
    site.message(call("CALL_ESTABLISHED_EVENT", "3009", 909), 0.0)
    assert asyncio.run(site.reconcile()) == 2
    assert set(site.mapper.objects.calls) == {"call.5000.909.3009"}


def test_a_call_that_began_meanwhile_goes_on() -> None:
    """Its events came after the device had been asked for its calls."""
    site, link = source()
    site.message(state("22001", AgentState.eTalking, "3001"), 0.0)

    def late(values: Any) -> Message:
        site.message(call("CALL_DELIVERED_EVENT", "3001", 303))
        return DEVICE

    link.answers = {**link.answers, "SNAPSHOT_DEVICE_REQ": late}
    asyncio.run(site.reconcile())
    assert set(site.mapper.objects.calls) == {"call.5000.202.3001", "call.5000.303.3001"}


def test_a_snapshot_that_is_older_than_the_events_is_taken_again() -> None:
    site, link = source()
    site.message(state("22001", AgentState.eTalking, "3001"), 0.0)
    site.message(call("CALL_ESTABLISHED_EVENT", "3001", 202), 0.0)

    def late(values: Any) -> Message:
        asked = [name for name, _ in link.asked].count("SNAPSHOT_CALL_REQ")
        if asked == 1:  # held and retrieved again, which the confirmation does not know
            site.message(call("CALL_HELD_EVENT", "3001", 202))
        return CALL

    link.answers = {**link.answers, "SNAPSHOT_CALL_REQ": late}
    asyncio.run(site.reconcile())
    assert [name for name, _ in link.asked].count("SNAPSHOT_CALL_REQ") == 2


def test_a_snapshot_of_a_call_that_ended_meanwhile() -> None:
    site, link = source()
    site.message(state("22001", AgentState.eTalking, "3001"), 0.0)
    site.message(call("CALL_ESTABLISHED_EVENT", "3001", 202), 0.0)

    def late(values: Any) -> Message:
        site.message(message("END_CALL_EVENT", ConnectionCallID=202))
        return CALL

    link.answers = {**link.answers, "SNAPSHOT_CALL_REQ": late}
    asyncio.run(site.reconcile())
    assert not site.mapper.objects.calls


def test_every_request_can_be_made_from_its_object_alone() -> None:
    """No fixed field of any forwarded request is left without a value."""
    from fastcil.server.site.requests import FORWARDED

    site, _ = source()
    client = Client()
    set_agent(site, client)
    site.message(call("CALL_HELD_EVENT", "3001", 303), 1.0)
    requester = SimpleNamespace(agent=site.mapper.objects.agents["agent.5000.22001"], client=0)
    for number, spec in FORWARDED.items():
        arguments: dict[str, Any] = {"PeripheralID": 5000}
        if number not in (56, 58, 38, 36):
            arguments["UniqueObjectID"] = "call.5000.202.3001"
        if spec.name == "SUPERVISE_CALL_REQ":
            arguments["AgentReference"] = "agent.5000.22001"
        name, values = site.translator.values(number, arguments, requester)  # type: ignore[arg-type]
        data = encode_message(name, {"InvokeID": 1, **values}, version=24)
        assert Message.from_bytes(data, 24).name == spec.name
    assert message_spec("ANSWER_CALL_REQ").number in FORWARDED
