"""A desktop, a bridge and a supervisor on real sockets, at several protocol versions."""

from __future__ import annotations

from typing import Any

import pytest
from simulator_client import VERSIONS, WireClient, options, run

from fastcil.ged188 import NULL_UINT, NULL_USHORT, Message
from fastcil.ged188.enums import (
    AgentState,
    ControlFailureCode,
    StatusCode,
    SupervisoryAction,
)
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions, WorkloadOptions

PERIPHERAL = 5000
DESK = int(
    Service.CTI_SERVICE_CLIENT_EVENTS
    | Service.CTI_SERVICE_CLIENT_CONTROL
    | Service.CTI_SERVICE_CALL_DATA_UPDATE
)


async def set_state(client: WireClient, agent: str, state: AgentState, **more: Any) -> Message:
    """SET_AGENT_STATE_REQ as each version has it."""
    values: dict[str, Any] = {
        "PeripheralID": PERIPHERAL,
        "AgentState": int(state),
        "AgentWorkMode": 0,
        "NumSkillGroups": 0,
        "EventReasonCode": 0,
        "ForcedFlag": 0,
        "AgentServiceReq": 0,
        "AgentInstrument": f"2{int(agent) - 1000:04}",
        "AgentID": agent,
        "AgentPassword": f"p{agent}",
        **more,
    }
    if client.version < 10:
        del values["ForcedFlag"], values["AgentServiceReq"]
    return await client.ask("SET_AGENT_STATE_REQ", **values)


async def desk(simulator: Simulator, agent: str, version: int = 25) -> WireClient:
    """A desktop whose agent is available."""
    client = await WireClient.connect(simulator, version)
    answer = await client.open_desk(f"2{int(agent) - 1000:04}")
    assert answer.name == "OPEN_CONF", answer
    for state in (AgentState.AGENT_STATE_LOGIN, AgentState.AGENT_STATE_AVAILABLE):
        answer = await set_state(client, agent, state)
        assert answer.name == "SET_AGENT_STATE_CONF", answer
    return client


def at(connection: Message, prefix: str = "", field: str = "") -> dict[str, Any]:
    """The three fields that name a connection, as a request has them."""
    return {
        f"{prefix}ConnectionCallID": connection[f"{field}ConnectionCallID"],
        f"{prefix}ConnectionDeviceIDType": connection[f"{field}ConnectionDeviceIDType"],
        f"{prefix}ConnectionDeviceID": connection[f"{field}ConnectionDeviceID"],
    }


def dialling(version: int, instrument: str, number: str) -> dict[str, Any]:
    """MAKE_CALL_REQ as each version has it."""
    found: dict[str, Any] = {
        "PeripheralID": PERIPHERAL,
        "CallPlacementType": 0,
        "CallMannerType": 0,
        "AlertRings": 0,
        "CallOption": 0,
        "FacilityType": 0,
        "AnsweringMachine": 0,
        "Priority": 0,
        "PostRoute": 0,
        "AgentInstrument": instrument,
        "DialedNumber": number,
    }
    if version >= 14:
        found["SkillGroupNumber"] = NULL_UINT
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_working_day_of_two_agents(version: int) -> None:
    """Login, a call, answer, consult, transfer, after-call work, statistics, logout."""

    async def script() -> None:
        async with Simulator(options()) as simulator:
            first = await desk(simulator, "1002", version)
            second = await desk(simulator, "1003", version)
            bridge = await WireClient.connect(simulator, version)
            await bridge.open()

            made = await first.ask("MAKE_CALL_REQ", **dialling(version, "20002", "4155550100"))
            assert made.name == "MAKE_CALL_CONF", made
            call = made["NewConnectionCallID"]
            assert (await first.event("BEGIN_CALL_EVENT"))["ConnectionCallID"] == call
            mine = at(made, field="New")
            simulator.advance(30)
            cleared = await first.ask("CLEAR_CONNECTION_REQ", PeripheralID=PERIPHERAL, **mine)
            assert cleared.name == "CLEAR_CONNECTION_CONF", cleared
            await first.event("END_CALL_EVENT")

            simulator.actions.staff(0)
            group = simulator.actions.agent("1002").memberships[0].group
            services = simulator.site.peripheral(PERIPHERAL).services.values()
            number = next(s.dialed_number for s in services if group.number in s.skill_groups)
            simulator.advance(60)
            if simulator.actions.agent("1002").state != AgentState.AGENT_STATE_AVAILABLE:
                await set_state(first, "1002", AgentState.AGENT_STATE_AVAILABLE)
            await set_state(second, "1003", AgentState.AGENT_STATE_NOT_READY)
            simulator.actions.arrive(
                call="in", ani="5551234", dialed_number=number, variables={1: "gold"}
            )
            begun = await first.event("BEGIN_CALL_EVENT")
            assert begun.get_many("ANI", "CallVariable1") == ("5551234", "gold")
            ringing = await first.event("CALL_DELIVERED_EVENT")
            answered = await first.ask(
                "ANSWER_CALL_REQ",
                PeripheralID=PERIPHERAL,
                AgentInstrument="20002",
                **at(ringing),
            )
            assert answered.name == "ANSWER_CALL_CONF", answered
            await first.event("CALL_ESTABLISHED_EVENT")
            # A call cannot be answered twice.
            again = await first.ask(
                "ANSWER_CALL_REQ",
                PeripheralID=PERIPHERAL,
                AgentInstrument="20002",
                **at(ringing),
            )
            assert again.name == "CONTROL_FAILURE_CONF"
            assert again["FailureCode"] == ControlFailureCode.CF_NO_CALL_TO_ANSWER
            simulator.advance(20)

            consulted = await first.ask(
                "CONSULTATION_CALL_REQ",
                **{
                    **dialling(9, "20002", "20003"),
                    **at(ringing, "Active"),
                    "ConsultType": 0,
                },
            )
            assert consulted.name == "CONSULTATION_CALL_CONF", consulted
            question = await second.event("CALL_DELIVERED_EVENT")
            answered = await second.ask(
                "ANSWER_CALL_REQ",
                PeripheralID=PERIPHERAL,
                AgentInstrument="20003",
                **at(question),
            )
            assert answered.name == "ANSWER_CALL_CONF", answered
            simulator.advance(10)
            values: dict[str, Any] = {
                **dialling(9, "20002", ""),
                "DialedNumber": None,
                **at(consulted, "Active", "New"),
                **at(ringing, "Held"),
            }
            handed = await first.ask("TRANSFER_CALL_REQ", **values)
            assert handed.name == "TRANSFER_CALL_CONF", handed
            await first.event("CALL_TRANSFERRED_EVENT")
            await second.event("CALL_TRANSFERRED_EVENT")
            simulator.advance(30)
            simulator.actions.hang_up("1003")
            assert simulator.actions.call("in").ended

            names = await bridge.until("END_CALL_EVENT")
            names += await bridge.until("CALL_TRANSFERRED_EVENT")
            names += await bridge.until("END_CALL_EVENT")
            assert names.count("BEGIN_CALL_EVENT") == 3

            statistics = await first.ask(
                "QUERY_AGENT_STATISTICS_REQ", PeripheralID=PERIPHERAL, AgentInstrument="20002"
            )
            assert statistics.name == "QUERY_AGENT_STATISTICS_CONF", statistics
            agent = simulator.actions.agent("1002")
            expected = simulator.statistics.agent_values(agent)
            assert {name: statistics[name] for name in expected} == expected
            assert expected["AgentOutCallsSession"] == 1

            if agent.state != AgentState.AGENT_STATE_NOT_READY:
                await set_state(first, "1002", AgentState.AGENT_STATE_NOT_READY)
            gone = await set_state(first, "1002", AgentState.AGENT_STATE_LOGOUT)
            assert gone.name == "SET_AGENT_STATE_CONF", gone
            while (event := await first.event("AGENT_STATE_EVENT"))["AgentState"] != 1:
                pass
            assert event["AgentID"] == "1002"
            counters = simulator.hub.counters
            assert counters["handler_errors"] == 0
            assert counters["events_unencodable"] == counters["replies_unencodable"] == 0

    run(script)


def test_a_desktop_does_not_control_another_one() -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            client = await desk(simulator, "1002")
            await desk(simulator, "1003")
            answer = await client.ask("MAKE_CALL_REQ", **dialling(25, "20003", "20004"))
            assert answer.name == "CONTROL_FAILURE_CONF"
            expected = ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE
            assert answer["FailureCode"] == expected

    run(script)


@pytest.mark.parametrize("version", [20, 22, 24, 25])
def test_configuration_download(version: int) -> None:
    async def script() -> None:
        async with Simulator(options(30)) as simulator:
            client = await WireClient.connect(simulator, version)
            await client.open(ConfigMsgMask=7)
            values: dict[str, Any] = {"ConfigInformation": 7, "PeripheralID": PERIPHERAL}
            if version >= 24:
                values["ConfigMsgMask"] = 7
            client.send("CONFIG_REQUEST_EVENT", InvokeID=None, **values)
            agents: list[str] = []
            groups: list[str] = []
            # Skill groups come before agents, and each kind has an end of its own.
            while len(agents) < 30:
                message = await client.next()
                if message.name == "CONFIG_AGENT_EVENT":
                    agents += [record["LoginID"] for record in message.records()]
                elif message.name == "CONFIG_SKILL_GROUP_EVENT":
                    assert not agents
                    groups += [record["PeripheralName"] for record in message.records()]
            await client.event("CONFIG_END_EVENT")
            peripheral = simulator.site.peripheral(PERIPHERAL)
            assert agents == list(peripheral.agents)
            assert groups == [group.name for group in peripheral.skill_groups.values()]

    run(script)


def test_a_supervisor_barges_in() -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            simulator.actions.login("1001")
            supervisor = await WireClient.connect(simulator)
            services = DESK | int(Service.CTI_SERVICE_SUPERVISOR)
            await supervisor.open_desk("20001", ServicesRequested=services)
            team = await supervisor.event("AGENT_TEAM_CONFIG_EVENT")
            assert "1002" in team["AtcAgentID"]
            listed = await supervisor.ask(
                "LIST_AGENT_TEAM_REQ", SupervisorID=simulator.actions.agent("1001").icm_id
            )
            assert listed["TeamID"] == [team["TeamID"]]
            started = await supervisor.ask("MONITOR_AGENT_TEAM_START_REQ", TeamID=team["TeamID"])
            assert started.name == "MONITOR_AGENT_TEAM_START_CONF"
            agent = await desk(simulator, "1002")
            made = await agent.ask("MAKE_CALL_REQ", **dialling(25, "20002", "4155550100"))
            while (await supervisor.event("AGENT_STATE_EVENT"))["AgentState"] != 4:
                pass
            answer = await supervisor.ask(
                "SUPERVISE_CALL_REQ",
                PeripheralID=PERIPHERAL,
                **at(made, "Agent", "New"),
                SupervisorConnectionCallID=NULL_UINT,
                SupervisorConnectionDeviceIDType=NULL_USHORT,
                SupervisoryAction=int(SupervisoryAction.SUPERVISOR_BARGE_IN),
                AgentInstrument="20002",
                SupervisorInstrument="20001",
            )
            if simulator.hub.handler("SUPERVISE_CALL_REQ") is None:
                assert answer["FailureCode"] == StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE
            else:
                assert answer.name == "SUPERVISE_CALL_CONF", answer
                call = simulator.site.peripheral(PERIPHERAL).calls[made["NewConnectionCallID"]]
                simulator.advance(2)
                assert any(
                    c.device is not None and c.device.instrument == "20001"
                    for c in call.connections
                )

    run(script)


def test_user_messages_find_their_clients() -> None:
    async def script() -> None:
        async with Simulator(options()) as simulator:
            one = await desk(simulator, "1002")
            other = await desk(simulator, "1003")
            sent = await one.ask(
                "USER_MESSAGE_REQ",
                PeripheralID=PERIPHERAL,
                Distribution=0,
                ClientID="desk 20003",
                Text="lunch?",
            )
            assert sent.name == "USER_MESSAGE_CONF", sent
            assert (await other.event("USER_MESSAGE_EVENT"))["Text"] == "lunch?"

    run(script)


def test_many_clients_while_calls_arrive() -> None:
    """Every desktop hears of its own agent and calls only, the bridges of all."""

    async def script() -> None:
        site = SiteOptions(agents=60, skill_groups=3, seed=5)
        busy = SimulatorOptions(site=site, workload=WorkloadOptions(calls_per_hour=1200))
        async with Simulator(busy) as simulator:
            bridges = []
            for version in VERSIONS[:-1]:
                bridges.append(await WireClient.connect(simulator, version))
                assert (await bridges[-1].open(ClientID=f"bridge {version}")).name == "OPEN_CONF"
            desks = {}
            for number in range(1, 61):
                instrument = f"2{number:04}"
                desks[instrument] = await WireClient.connect(simulator, 24)
                await desks[instrument].open_desk(instrument)
            for _ in range(60):
                simulator.advance(10)
                for client in (*bridges, *desks.values()):
                    assert (await client.ask("HEARTBEAT_REQ")).name == "HEARTBEAT_CONF"
            begun = [
                [m["ConnectionCallID"] for m in b.events if m.name == "BEGIN_CALL_EVENT"]
                for b in bridges
            ]
            assert all(one == begun[0] for one in begun)
            assert len(begun[0]) > 100
            for instrument, client in desks.items():
                agents = {
                    m["AgentInstrument"] for m in client.events if m.name == "AGENT_STATE_EVENT"
                }
                assert agents <= {instrument}
                mine = {
                    m["ConnectionCallID"] for m in client.events if m.name == "BEGIN_CALL_EVENT"
                }
                told = {
                    m["ConnectionCallID"]
                    for m in client.events
                    if m.name in ("CALL_ESTABLISHED_EVENT", "CALL_HELD_EVENT", "END_CALL_EVENT")
                }
                assert told <= mine
            heard = {
                m["ConnectionCallID"]
                for client in desks.values()
                for m in client.events
                if m.name == "CALL_ESTABLISHED_EVENT"
            }
            everywhere = {
                m["ConnectionCallID"]
                for m in bridges[0].events
                if m.name == "CALL_ESTABLISHED_EVENT"
            }
            assert heard == everywhere
            assert simulator.hub.counters["events_unencodable"] == 0

    run(script)
