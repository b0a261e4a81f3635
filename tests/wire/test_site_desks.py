"""Agents' and supervisors' desks at a site's event server: how agent mode begins, whose events they
get, and buttons that change though nothing was told of the call. On real sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from test_server_stream import SECONDS, Client
from test_site_features import CALL_BASED, talking, team
from test_site_service import Site, ask, login, run, until

from fastcil.catalog import (
    AgentState,
    CallStatus,
    CilError,
    IncomingOrOutgoing,
    SupervisoryAction,
    event_id,
)
from fastcil.catalog import ButtonEnablement as B
from fastcil.catalog import SupervisorButtonEnablement as S
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame
from fastcil.ged188 import Message, encode_message
from fastcil.ged188.enums import AgentDeskSettingsMask, WrapupDataMode
from fastcil.ged188.schema import MESSAGES_BY_NAME

UPDATE = event_id("OnCallDataUpdate")
ANSWER, CLEAR, CONSULT, HOLD, RECONNECT, SUPERVISE = (
    MESSAGES_BY_NAME[f"{name}_REQ"].number
    for name in (
        "ANSWER_CALL",
        "CLEAR_CONNECTION",
        "CONSULTATION_CALL",
        "HOLD_CALL",
        "RECONNECT_CALL",
        "SUPERVISE_CALL",
    )
)


async def begins(client: Client, agent_id: str = "1001") -> list[Frame]:
    """Everything by which agent mode begins."""
    await client.request(RequestID.SET_AGENT, AgentID=agent_id, PeripheralID=5000)
    last = event_id("OnCTIOSFailure")
    return await client.until(lambda frame: frame.message_id == last)


def numbers(*callbacks: str) -> list[int]:
    return [event_id(callback) for callback in callbacks]


async def masks(
    client: Client, key: str, until_mask: B | S, keyword: str = "EnablementMask"
) -> Any:
    """The event that brings a mask with these bits to a call."""

    def has(frame: Frame) -> bool:
        mask = frame.get(keyword)
        return frame.get("UniqueObjectID") == key and mask is not None and bool(mask & until_mask)

    return (await client.until(has))[-1]


def test_agent_mode_begins_as_documented() -> None:
    async def test(site: Site) -> None:
        first = await site.client()
        began = await begins(first)
        order = numbers("OnQueryAgentStateConf", "OnSetAgentModeEvent", "OnCTIOSFailure")
        assert [frame.message_id for frame in began] == order
        assert began[0].get("AgentState") in (AgentState.eLogout, AgentState.eUnknown)
        await login(site, first)
        site.simulator.actions.arrive(ani="4155550100")
        key = (await until(first, "OnCallDelivered")).get("UniqueObjectID")
        # The same agent again: the state in OnQueryAgentStateConf tells the second one so.
        began = await begins(await site.client())
        order[2:2] = numbers("OnSnapshotDeviceConf", "OnSnapshotCallConf")
        assert [frame.message_id for frame in began] == order
        assert began[0].get("AgentState") == AgentState.eReserved
        assert began[2].to_dict()["ValidCalls"] == {key: True}
        assert began[3].get("UniqueObjectID") == key
        assert began[3].get("EnablementMask") & B.ENABLE_ANSWER
        assert began[4].get("SystemEventID") == 8  # the CTI Server is on-line

    run(test)


def test_an_agent_gets_no_calls_of_others() -> None:
    async def test(site: Site) -> None:
        _, members = team(site)
        mine, other = await site.agent(members[0]), await site.agent(members[1])
        await login(site, mine, members[0], 0)
        await login(site, other, members[1], 1)
        for _ in range(2):
            site.simulator.actions.arrive(ani="4155550100")
        keys = [
            (await until(one, "OnCallDelivered")).get("UniqueObjectID") for one in (mine, other)
        ]
        await ask(mine, ANSWER, UniqueObjectID=keys[0])
        await ask(other, ANSWER, UniqueObjectID=keys[1])
        # What the other one's call brought stands before the answer to this, or never came.
        await mine.request(RequestID.REQUEST_DESKTOP_SETTINGS, InvokeID=99)
        seen = await mine.until(lambda frame: frame.get("InvokeID") == 99)
        about = {frame.get("UniqueObjectID") for frame in seen}
        assert keys[0] in about
        assert not about & {keys[1], f"agent.5000.{members[1]}"}

    run(test)


def test_confirmations_answer_only_the_client_that_asked() -> None:
    async def test(site: Site) -> None:
        first, second = await site.agent(), await site.agent()
        await login(site, first)
        site.simulator.actions.arrive(ani="4155550100")
        key = (await until(first, "OnCallDelivered")).get("UniqueObjectID")
        conf = await ask(first, ANSWER, InvokeID=7, UniqueObjectID=key)
        assert conf.message_id == event_id("OnAnswerCallConf")
        refused = await ask(first, ANSWER, InvokeID=8, UniqueObjectID=key)
        assert refused.message_id == event_id("OnControlFailureConf")
        about = refused.to_dict()
        assert (about["MessageType"], about["UniqueObjectID"]) == (ANSWER, key)
        assert {"FailureCode", "PeripheralErrorCode", "ErrorMessage"} <= set(about)
        await second.request(RequestID.REQUEST_DESKTOP_SETTINGS, InvokeID=99)
        seen = await second.until(lambda frame: frame.get("InvokeID") == 99)
        answers = numbers("OnAnswerCallConf", "OnControlFailureConf")
        assert not [frame for frame in seen if frame.message_id in answers]
        assert event_id("OnCallEstablished") in [frame.message_id for frame in seen]

    run(test)


def test_rtp_events_in_monitor_mode() -> None:
    """The filter that the silent monitor chapter asks for: 116 and 117."""

    async def test(site: Site) -> None:
        monitor, client = await site.client(), await site.agent()
        await monitor.monitor("MessageID=116,117", MonitorSessionSnapshotMode=1)
        await login(site, client)
        site.simulator.actions.arrive(ani="4155550100")
        key = (await until(client, "OnCallDelivered")).get("UniqueObjectID")
        await ask(client, ANSWER, UniqueObjectID=key)
        await ask(client, CLEAR, UniqueObjectID=key)
        stopped = await monitor.until(lambda frame: frame.message_id == 117)
        assert {frame.message_id for frame in stopped} == {116, 117}

    run(test)


def test_the_held_call_gets_its_mask_when_the_consult_call_changes() -> None:
    async def test(site: Site) -> None:
        _, members = team(site)
        client, other = await site.agent(members[0]), await site.agent(members[1])
        await login(site, client, members[0], 0)
        instrument = await login(site, other, members[1], 1, ready=False)
        site.simulator.actions.arrive(ani="4155550100")
        held = str((await until(client, "OnCallDelivered")).get("UniqueObjectID"))
        await ask(client, ANSWER, UniqueObjectID=held)
        await masks(client, held, B.ENABLE_TRANSFER_INIT)
        await client.request(
            CONSULT, UniqueObjectID=held, DialedNumber=instrument, ConsultType=1, InvokeID=5
        )
        # Ringing: the held call can be gone back to, and nothing else.
        rings = await masks(client, held, B.ENABLE_RECONNECT)
        assert rings.message_id == UPDATE
        assert rings.to_dict() == {
            "UniqueObjectID": held,
            "EnablementMask": rings.get("EnablementMask"),
        }
        assert not rings.get("EnablementMask") & (B.ENABLE_RETRIEVE | B.ENABLE_ALTERNATE)
        second = str((await until(other, "OnCallDelivered")).get("UniqueObjectID"))
        await ask(other, ANSWER, UniqueObjectID=second)
        # Answered: the two can be joined, from either of them.
        joined = await masks(client, held, B.ENABLE_TRANSFER_COMPLETE)
        assert joined.message_id == UPDATE
        objects = site.service.source.mapper.objects
        own = next(
            key
            for key in objects.at_device[objects.agents[f"agent.5000.{members[0]}"].seat]
            if key != held
        )
        await ask(client, RECONNECT, UniqueObjectID=own)
        back = await masks(client, held, B.ENABLE_TRANSFER_INIT)
        assert not back.get("EnablementMask") & B.ENABLE_TRANSFER_COMPLETE

    run(test)


@pytest.mark.parametrize("level", [0, 1])
def test_monitor_mode_gets_the_mask_of_the_held_call_too(level: int) -> None:
    """By an OnCallDataUpdate that filters see whole; also when the agent has no client."""

    async def test(site: Site) -> None:
        _, members = team(site)
        client, other = await site.agent(members[0]), await site.agent(members[1])
        watching, elsewhere = await site.client(), await site.client()
        own = await login(site, client, members[0], 0)
        instrument = await login(site, other, members[1], 1, ready=False)
        await watching.monitor(f"MessageID={UPDATE}; DeviceID={own}", MinimizeEventArgs=level)
        await elsewhere.monitor(f"MessageID={UPDATE}; DeviceID={instrument}")
        site.simulator.actions.arrive(ani="4155550100")
        held = str((await until(client, "OnCallDelivered")).get("UniqueObjectID"))
        await ask(client, ANSWER, UniqueObjectID=held)
        await client.request(
            CONSULT, UniqueObjectID=held, DialedNumber=instrument, ConsultType=1, InvokeID=5
        )
        rings = await masks(watching, held, B.ENABLE_RECONNECT)
        assert rings.message_id == UPDATE
        told = rings.to_dict()
        if level:
            assert set(told) == {"UniqueObjectID", "EnablementMask"}
        else:
            assert (told["ANI"], told["CallStatus"]) == ("4155550100", CallStatus.LCS_HELD)
            assert told["DeviceID"] == own
        second = str((await until(other, "OnCallDelivered")).get("UniqueObjectID"))
        client.socket.close()
        Client.opened.remove(client)
        await ask(other, ANSWER, UniqueObjectID=second)
        assert (await masks(watching, held, B.ENABLE_TRANSFER_COMPLETE)).message_id == UPDATE
        # The other agent has one call: nothing of his changes without an event of its own.
        await elsewhere.request(RequestID.REQUEST_DESKTOP_SETTINGS, InvokeID=99)
        seen = await elsewhere.until(lambda frame: frame.get("InvokeID") == 99)
        assert held not in {frame.get("UniqueObjectID") for frame in seen}

    run(test)


def test_a_mask_that_does_not_change_is_not_sent() -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        await login(site, client)
        site.simulator.actions.arrive(ani="4155550100")
        key = (await until(client, "OnCallDelivered")).get("UniqueObjectID")
        await ask(client, ANSWER, UniqueObjectID=key)
        await ask(client, HOLD, UniqueObjectID=key)
        await client.request(RequestID.REQUEST_DESKTOP_SETTINGS, InvokeID=99)
        seen = await client.until(lambda frame: frame.get("InvokeID") == 99)
        bare = {"UniqueObjectID", "EnablementMask"}
        assert not [f for f in seen if f.message_id == UPDATE and set(f.to_dict()) == bare]

    run(test)


def test_barge_in_changes_what_the_supervisor_may_do() -> None:
    async def test(site: Site) -> None:
        boss, _, agent_key, call, _ = await talking(site)
        await masks(boss, call, S.ENABLE_BARGE_IN, "SupervisorBtnEnablementMask")
        action = int(SupervisoryAction.eSupervisorBargeIn)
        references = {"AgentReference": agent_key, "CallReference": call}
        await boss.request(SUPERVISE, SupervisoryAction=action, **references)

        def intercept(frame: Frame) -> bool:
            mask = frame.get("SupervisorBtnEnablementMask")
            return mask is not None and bool(mask & S.ENABLE_INTERCEPT)

        told = (await boss.until(intercept))[-1]
        assert told.get("Monitored") is True
        assert not told.get("SupervisorBtnEnablementMask") & S.ENABLE_BARGE_IN

    run(test)


def test_silent_monitoring_changes_what_the_supervisor_may_do() -> None:
    async def test(site: Site) -> None:
        boss, _, agent_key, call, _ = await talking(site)
        keyword = "SupervisorBtnEnablementMask"
        await masks(boss, call, S.ENABLE_START_SILENTMONITOR, keyword)
        action = int(SupervisoryAction.eSupervisorMonitor)
        references = {"AgentReference": agent_key, "CallReference": call}
        await boss.request(SUPERVISE, SupervisoryAction=action, **references)
        listens = await masks(boss, call, S.ENABLE_STOP_SILENTMONITOR, keyword)
        assert listens.get("Monitored") is True
        assert not listens.get(keyword) & S.ENABLE_START_SILENTMONITOR
        own = next(iter(site.service.source.silent_calls._calls))
        action = int(SupervisoryAction.eSupervisorClear)
        references["CallReference"] = own
        await boss.request(SUPERVISE, SupervisoryAction=action, **references)
        await masks(boss, call, S.ENABLE_START_SILENTMONITOR, keyword)

    run(test, CALL_BASED)


def test_the_wrong_kind_of_silent_monitoring_has_its_code() -> None:
    wrong = int(CilError.E_CTIOS_INVALID_SILENT_MONITOR_MODE)

    async def by_call(site: Site) -> None:
        boss = await site.agent(team(site)[0])
        refused = await ask(boss, RequestID.START_SILENT_MONITOR, PeripheralID=5000)
        assert refused.get("FailureCode") == wrong

    async def by_manager(site: Site) -> None:
        boss = await site.agent(team(site)[0])
        action = int(SupervisoryAction.eSupervisorMonitor)
        refused = await ask(boss, SUPERVISE, SupervisoryAction=action)
        assert refused.get("FailureCode") == wrong

    run(by_call, CALL_BASED)
    run(by_manager)


def test_login_and_logout_in_the_documented_order() -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        await login(site, client, ready=False)
        await client.request(
            38,
            UniqueObjectID="agent.5000.1001",
            AgentState=int(AgentState.eLogout),
            EventReasonCode=1,
        )
        last = event_id("OnPostLogout")
        seen = await asyncio.wait_for(client.until(lambda f: f.message_id == last), SECONDS)
        order = numbers("OnPreLogout", "OnAgentStateChange", "OnPostLogout")
        assert [frame.message_id for frame in seen if frame.message_id in order][-3:] == order
        assert seen[-2].get("AgentState") == AgentState.eLogout

    run(test)


def test_changes_of_a_team_are_told_to_who_has_its_list() -> None:
    async def test(site: Site) -> None:
        supervisor, members = team(site)
        boss, deaf = await site.agent(supervisor), await site.agent(supervisor)
        objects = site.service.source.mapper.objects
        team_id = objects.agents[f"agent.5000.{supervisor}"].team
        joined = event_id("OnNewAgentTeamMember")
        await boss.request(RequestID.REQUEST_AGENT_TEAM_LIST, InvokeID=1)
        await boss.request(RequestID.REQUEST_DESKTOP_SETTINGS, InvokeID=99)
        seen = await boss.until(lambda frame: frame.get("InvokeID") == 99)
        listed = [frame.get("AgentID") for frame in seen if frame.message_id == joined]
        assert sorted(listed) == sorted([supervisor, *members])

        def change(agent_id: str, operation: int) -> None:
            values = {
                "PeripheralID": 5000,
                "TeamID": team_id,
                "ConfigOperation": operation,
                "DepartmentID": 0,
                "AtcAgentID": [agent_id],
                "AgentFlags": [0],
                "AtcAgentState": [1],
                "AtcStateDuration": [0],
            }
            data = encode_message("AGENT_TEAM_CONFIG_EVENT", values, version=24)
            site.service.source.message(Message.from_bytes(data, 24))

        for agent_id, operation in ((members[0], 2), (members[0], 1), (members[0], 1)):
            change(agent_id, operation)
        for operation in (2, 1):  # what is nothing new is told no second time
            told = await until(boss, "OnNewAgentTeamMember")
            assert (told.get("AgentID"), told.get("ConfigOperation")) == (members[0], operation)
        for client in (boss, deaf):
            await client.request(RequestID.REQUEST_DESKTOP_SETTINGS, InvokeID=100)
            rest = await client.until(lambda frame: frame.get("InvokeID") == 100)
            assert joined not in [frame.message_id for frame in rest]

    run(test)


REASONS = """
[Server.Agent]
LogoutReasonRequired = 1
[Server.Agent.ReasonCodes.Logout]
"End of shift" = 1
[Server.Agent.ReasonCodes.NotReady]
Lunch = 101
Meeting = 102
[Server.Agent.WrapupStrings.Incoming]
String0 = "sold"
"""


def test_reasons_and_wrap_up_strings_come_with_the_login() -> None:
    configured = {
        "LogoutReasonCodes": {"End of shift": 1},
        "NotReadyReasonCodes": {"Lunch": 101, "Meeting": 102},
        "IncomingWrapupStrings": {"String0": "sold"},
    }

    async def test(site: Site) -> None:
        agent = site.simulator.site.peripherals[5000].agents["1001"]
        agent.desk.mask |= int(AgentDeskSettingsMask.DESK_IDLE_REASON_REQUIRED_MASK)
        client = await site.client()
        first = (await begins(client))[0].to_dict()
        # Nobody is logged in: what the configuration says.
        assert {name: first[name] for name in configured} == configured
        assert (first["LogoutReasonRequired"], first["NotReadyReasonRequired"]) == (True, False)
        device = next(iter(site.simulator.site.peripherals[5000].devices.values()))
        await client.request(
            38,
            AgentState=int(AgentState.eLogin),
            AgentInstrument=device.instrument,
            AgentPassword=agent.password,
        )
        # Logged in on Unified CCE: what the agent's desk settings say.
        told = (await until(client, "OnQueryAgentStateConf")).to_dict()
        assert {name: told[name] for name in configured} == configured
        assert (told["LogoutReasonRequired"], told["NotReadyReasonRequired"]) == (False, True)
        assert told["AgentState"] not in (AgentState.eLogout, AgentState.eUnknown)

    run(test, REASONS)


@pytest.mark.parametrize(
    "mode", [WrapupDataMode.REQUIRED, WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA]
)
@pytest.mark.parametrize("level", [0, 1])
def test_wrap_up_tells_the_way_of_the_call_and_whether_data_is_required(
    mode: WrapupDataMode, level: int
) -> None:
    """CTI OS Developer Guide, building chapter, call wrap-up."""
    state = event_id("OnAgentStateChange")
    wrapup = (AgentState.eWorkReady, AgentState.eWorkNotReady)

    async def test(site: Site) -> None:
        agent = site.simulator.site.peripherals[5000].agents["1001"]
        agent.desk.wrapup_incoming = mode
        client = await site.client()
        await client.request(
            RequestID.SET_AGENT, AgentID="1001", PeripheralID=5000, MinimizeEventArgs=level
        )
        await until(client, "OnCTIOSFailure")
        await login(site, client)
        site.simulator.actions.arrive(ani="4155550100")
        call = (await until(client, "OnCallDelivered")).get("UniqueObjectID")
        await ask(client, ANSWER, UniqueObjectID=call)
        await client.request(CLEAR, UniqueObjectID=call)
        frames = await client.until(
            lambda f: f.message_id == state and f.get("AgentState") in wrapup
        )
        told = frames[-1].to_dict()
        assert told["IncomingOrOutgoing"] == IncomingOrOutgoing.incoming
        assert told["WrapupOkEnabled"] is (mode is WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA)
        others = [f for f in frames[:-1] if f.message_id == state]
        assert others
        assert not any("IncomingOrOutgoing" in frame.arguments for frame in others)

    run(test)


def test_names_are_told_to_who_comes_late() -> None:
    """CONFIG_AGENT_EVENT came when the server's own session began: whoever begins agent mode,
    monitor mode or to monitor an agent later has the names from it; LoginName and AgentID are
    columns of a supervisor's grid in the guide."""

    async def test(site: Site) -> None:
        supervisor, (member, *_) = team(site)
        known = site.simulator.site.peripherals[5000].agents
        told = event_id("OnAgentInfoEvent")

        def names(agent_id: str) -> dict[str, str]:
            agent = known[agent_id]
            return {
                "UniqueObjectID": f"agent.5000.{agent_id}",
                "AgentLastName": agent.last_name,
                "AgentFirstName": agent.first_name,
                "AgentID": agent_id,
                "LoginName": agent.login_name,
            }

        monitor = await site.client()
        frames = await monitor.monitor()
        info = [frame.to_dict() for frame in frames if frame.message_id == told]
        assert info == [names(agent_id) for agent_id in sorted(known)]
        boss = await site.agent(supervisor)
        assert (await until(boss, "OnAgentInfoEvent")).to_dict() == names(supervisor)
        await login(site, boss, supervisor)
        key = f"agent.5000.{member}"
        for request in (
            {"number": RequestID.START_MONITORING_AGENT, "AgentReference": key},
            {"number": RequestID.START_MONITORING_ALL_AGENT_TEAMS},
        ):
            await boss.request(**request)
            found = (await until(boss, "OnMonitoredAgentInfoEvent")).to_dict()
            assert found.pop("Monitored")
            assert found == names(member)
        # So is a change.
        site.simulator.configuration.change_agent(known[member], last_name="Noether")
        for client, name in ((monitor, "OnAgentInfoEvent"), (boss, "OnMonitoredAgentInfoEvent")):
            (number,) = numbers(name)

            def renamed(frame: Frame, number: int = number) -> bool:
                return frame.message_id == number and frame.get("AgentLastName") == "Noether"

            assert (await client.until(renamed))[-1].get("UniqueObjectID") == key

    run(test)


def test_another_name_of_a_skill_group_is_told_to_who_has_its_statistics() -> None:
    async def test(site: Site) -> None:
        wants, deaf = await site.agent("1001"), await site.agent("1002")
        await login(site, wants)
        group = site.simulator.site.peripherals[5000].agents["1001"].memberships[0].group
        await wants.request(RequestID.ENABLE_SKILL_GROUP_STATISTICS)
        assert (await until(wants, "OnSkillInfoEvent")).get("SkillGroupName") == group.name
        site.simulator.configuration.change_skill_group(group, name="Mail")
        assert (await until(wants, "OnSkillInfoEvent")).get("SkillGroupName") == "Mail"
        await deaf.request(RequestID.REQUEST_DESKTOP_SETTINGS, InvokeID=100)
        rest = await deaf.until(lambda frame: frame.get("InvokeID") == 100)
        assert event_id("OnSkillInfoEvent") not in [frame.message_id for frame in rest]

    run(test)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"NumSkillGroups": 2**31 - 1}, "NumSkillGroups: 0 to 99 expected, got 2147483647"),
        ({"NumSkillGroups": -1}, "NumSkillGroups: 0 to 99 expected, got -1"),
        ({"NumSkillGroups": "many"}, "NumSkillGroups: a number expected, got 'many'"),
        (
            {"NumSkillGroups": 1, "SkillGroup[1]": {"SkillGroupNumber": {"a": 1}}},
            "SkillGroupNumber: a number expected",
        ),
        (
            {
                "NumSkillGroups": 1,
                "SkillGroup[1]": {"SkillGroupNumber": 1, "SkillGroupPriority": "x"},
            },
            "SkillGroupPriority: a number expected, got 'x'",
        ),
    ],
    ids=["too many", "negative", "text", "number", "priority"],
)
def test_skill_groups_of_a_login_that_cannot_be(arguments: dict[str, Any], words: str) -> None:
    async def test(site: Site) -> None:
        client = await site.agent()
        refused = await ask(
            client,
            38,
            UniqueObjectID="agent.5000.1001",
            AgentState=AgentState.eLogin,
            AgentInstrument="20001",
            **arguments,
        )
        assert refused.message_id == event_id("OnControlFailureConf")
        assert words in refused.get("ErrorMessage")
        assert site.service.server.counters.requests_failed == 0

    run(test)


@pytest.mark.parametrize("peripheral", [{"a": 1}, "x"], ids=["nested", "text"])
def test_agent_mode_of_no_peripheral(peripheral: Any) -> None:
    async def test(site: Site) -> None:
        client = await site.client()
        refused = await ask(client, RequestID.SET_AGENT, AgentID="1001", PeripheralID=peripheral)
        assert refused.message_id == event_id("OnControlFailureConf")
        assert "AgentID and PeripheralID are needed" in refused.get("ErrorMessage")
        assert site.service.server.counters.requests_failed == 0

    run(test)
