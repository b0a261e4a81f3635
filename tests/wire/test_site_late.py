"""A server that starts late, or lost its CTI Server, against one that saw everything.

Both are on the same simulated CTI Server. What they know, what a client that joins them is told and
what they tell afterwards must be the same but for what no message told the late one: the tables
below have each such keyword with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agent_kit import AgentSite, Desk
from agent_kit import run as run_agents
from site_process import eventually
from test_server_stream import SECONDS, Client
from test_site_service import until

from fastcil.catalog import KEYWORDS, CallStatus, event_id
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame
from fastcil.ged188.enums import CTIServiceMask, DeviceIDType, PeripheralType
from fastcil.ged188.schema import message_spec
from fastcil.server.config import load_config
from fastcil.server.service import SiteService, link_settings
from fastcil.server.site import convert, enablement
from fastcil.server.site.events import SiteEvent
from fastcil.simulator import (
    LinkOptions,
    Simulator,
    SimulatorOptions,
    SiteOptions,
    WorkloadOptions,
)
from fastcil.simulator.model import Connection

_EVENT = "each event of the connection has its own; no snapshot has it"
_CALL = "fixed fields of most call events; no field of SNAPSHOT_CALL_CONF"
_QUEUE = "of CALL_QUEUED_EVENT; SNAPSHOT_DEVICE_CONF has no number"
_PRECALL = "of AGENT_PRE_CALL_EVENT, which was before"
_WHO = "who did something to the call once; the next one is told"
_LINE = "each event has it; QUERY_DEVICE_INFO_CONF has the lines of a device, not of its calls"
NOT_TOLD_OF_CALLS: dict[str, str] = {
    "CallingDeviceID": _CALL,
    "CallingDeviceIDType": _CALL,
    "CalledDeviceID": _CALL,
    "CalledDeviceIDType": _CALL,
    "CalledDeviceType": _CALL,
    "LastRedirectedDeviceID": _CALL,
    "LastRedirectedDeviceIDType": _CALL,
    "ServiceID": _CALL,
    "ServiceNumber": _CALL,
    "SkillGroupID": _CALL,
    "SkillGroupNumber": _CALL,
    "SkillGroupPriority": _CALL,
    "TrunkNumber": _CALL,
    "EventCause": _EVENT,
    "LineHandle": _LINE,
    "LineType": _LINE,
    "NumQueued": _QUEUE,
    "NumSkillGroups": _QUEUE,
    "QueuedDeviceID": "of CALL_QUEUED_EVENT; known as long as the call waits there",
    "QueuedDeviceIDType": "likewise",
    "RouterCallKeySequenceNumber": "the third part of the key has no field in SNAPSHOT_CALL_CONF",
    "CustomerPhoneNumber": "of CALL_DATA_UPDATE_EVENT alone",
    "CustomerAccountNumber": "likewise",
    "CampaignID": "likewise",
    "QueryRuleID": "likewise",
    "NewConnectionCallID": "likewise",
    "NewConnectionDeviceID": "likewise",
    "NewConnectionDeviceIDType": "likewise",
    "AgentID": _PRECALL,
    "AgentInstrument": _PRECALL,
    "CallTypeIDTag": _PRECALL,
    "MRDID": _PRECALL,
    "AlertingDeviceID": _WHO,
    "AnsweringDeviceID": _WHO,
    "HoldingDeviceID": _WHO,
    "RetrievingDeviceID": _WHO,
    "ReleasingDeviceID": _WHO,
    "DivertingDeviceID": _WHO,
    "DivertingDeviceType": _WHO,
    "AddedPartyDeviceID": _WHO,
    "ControllerDeviceID": _WHO,
    "TransferringDeviceID": _WHO,
    "TransferredDeviceID": _WHO,
    "TrunkUsedDeviceID": _WHO,
    "TrunkUsedDeviceIDType": _WHO,
    "PrimaryDeviceID": _WHO,
    "PrimaryCallID": _WHO,
    "SecondaryDeviceID": _WHO,
    "SecondaryCallID": _WHO,
    "NumParties": _WHO,
    "IsTransferController": _WHO,
}
NEWER_OF_CALLS = {
    "LocalConnectionState": "SNAPSHOT_CALL_CONF has the state that is, events that which was",
}
NOT_TOLD_OF_AGENTS: dict[str, str] = {
    "SkillGroupNumber": "the group whose state changed last; QUERY_AGENT_STATE_CONF lists them all",
    "SkillGroupID": "likewise",
    "SkillGroupPriority": "likewise",
    "SkillGroupState": "likewise",
    "Direction": "of AGENT_STATE_EVENT alone",
    "EventReasonCode": "likewise",
    "StateDuration": "likewise",
    "SessionID": "likewise",
    "CTIClientSignature": "likewise",
}
FULL = {f"{name}Full": reason for name, reason in NOT_TOLD_OF_CALLS.items()}
OF_CALLS = {**NOT_TOLD_OF_CALLS, **FULL, **NEWER_OF_CALLS}
NOTHING = (None, "", 0, {})
Differences = dict[str, tuple[str, Any, Any]]


def test_the_tables_hide_nothing_that_a_snapshot_tells() -> None:
    def told(name: str) -> set[str]:
        spec = message_spec(name)
        single = {one.name for one in (*spec.fixed, *spec.floating)} - {
            name for one in spec.lists for name in one.members
        }
        return {keyword for one in single for keyword in convert.targets(one)}

    for table, message in (
        (NOT_TOLD_OF_CALLS, "SNAPSHOT_CALL_CONF"),
        (NOT_TOLD_OF_AGENTS, "QUERY_AGENT_STATE_CONF"),
    ):
        assert not set(table) & told(message)
        assert set(table) <= set(KEYWORDS)


# -- two servers -----------------------------------------------------------------------------


class Server:
    """A server, and what it publishes while somebody listens."""

    def __init__(self, service: SiteService) -> None:
        self.service = service
        self.source = service.source
        self.objects = service.source.mapper.objects
        self.published: list[tuple[str, str, dict[str, Any]]] | None = None
        one, many = self.source.publish, self.source.publish_all
        assert one is not None
        assert many is not None

        def publish(event: Any) -> None:
            self._keep([event])
            one(event)

        def publish_all(events: list[Any]) -> None:
            self._keep(events)
            many(events)

        self.source.publish, self.source.publish_all = publish, publish_all

    def _keep(self, events: list[SiteEvent]) -> None:
        if self.published is not None:
            found = [(e.callback, e.object_id, dict(e.complete)) for e in events]
            self.published += found

    def picture(self) -> tuple[set[str], dict[str, int]]:
        """Calls, and agents with their states."""
        return set(self.objects.calls), {k: a.state for k, a in self.objects.agents.items()}

    async def joined(self) -> list[Frame]:
        """What a client that joins in monitor mode is told."""
        client = await self.client()
        return await client.monitor()

    async def client(self) -> Client:
        found = Client(self.service.server.port)
        await found.open()
        return found

    async def agent_mode(self, agent_id: str) -> list[Frame]:
        """What a client is told that goes into the agent mode of an agent."""
        client = await self.client()
        await client.request(RequestID.SET_AGENT, AgentID=agent_id, PeripheralID=5000)
        number = event_id("OnCTIOSFailure")
        return await client.until(lambda frame: frame.message_id == number)


class Pair:
    """The simulated CTI Server and the servers on it."""

    def __init__(self, simulator: Simulator, stack: contextlib.AsyncExitStack) -> None:
        self.simulator = simulator
        self.servers: list[Server] = []
        self._stack = stack

    async def start(self) -> Server:
        """One more server."""
        # No arguments are left out of what clients are told.
        config = load_config("[Server.CallObject]\nMinimizeEventArgs = 0\n")
        settings = link_settings(config, f"ctiserver://127.0.0.1:{self.simulator.port}")
        service = SiteService(config, settings, port=0)
        found = Server(await self._stack.enter_async_context(service))
        self.servers.append(found)
        return found

    def truth(self) -> tuple[set[str], dict[str, int]]:
        site = self.simulator.site
        calls = {
            f"call.{p.id}.{call.id}.{connection.device_id}"
            for p in site.peripherals.values()
            for call in p.calls.values()
            for connection in call.connections
        }
        agents = {f"agent.{a.peripheral_id}.{a.id}": int(a.state) for a in site.agents()}
        return calls, agents

    async def settled(self) -> None:
        """Until every server has the truth."""
        for server in self.servers:
            await eventually(lambda server=server: server.picture() == self.truth())
        for server in self.servers:
            snapshots = server.source.snapshots
            await eventually(lambda snapshots=snapshots: not snapshots.missed)

    async def advance(self, seconds: float, step: float = 10.0) -> None:
        """Let simulated time pass, what it causes being taken in meanwhile."""
        left = seconds
        while left > 0:
            self.simulator.advance(min(step, left))
            left -= step
            await self.settled()


def run(
    test: Callable[[Pair], Awaitable[None]],
    calls_per_hour: float = 900.0,
    agents: int = 40,
    seed: int = 3,
    version: int = 25,
    **site: Any,
) -> None:
    async def main() -> None:
        options = SimulatorOptions(
            site=SiteOptions(agents=agents, seed=seed, **site),
            workload=WorkloadOptions(calls_per_hour=calls_per_hour),
            link=LinkOptions(protocol_version=version),
            speed=0.0,
        )
        async with contextlib.AsyncExitStack() as stack:
            simulator = await stack.enter_async_context(Simulator(options))
            try:
                await asyncio.wait_for(test(Pair(simulator, stack)), 4 * SECONDS)
            finally:
                while Client.opened:
                    Client.opened.pop().socket.close()

    asyncio.run(main())


# -- what differs ----------------------------------------------------------------------------


def between(early: dict[str, Any], late: dict[str, Any], allowed: dict[str, str]) -> Differences:
    """By keyword what differs and is not allowed to."""
    return {
        name: ("", early.get(name), late.get(name))
        for name in sorted(set(early) | set(late))
        if name not in allowed
        and early.get(name) != late.get(name)
        and not (early.get(name) in NOTHING and late.get(name) in NOTHING)
    }


def same_objects(early: Server, late: Server, whole: Callable[[str], bool]) -> None:
    """whole(key): this object must be the same in everything."""
    for server in (early, late):
        server.source.mapper.snapshot()  # what a client that joins makes of the state
    for one, other, allowed in (
        (early.objects.calls, late.objects.calls, OF_CALLS),
        (early.objects.agents, late.objects.agents, NOT_TOLD_OF_AGENTS),
    ):
        assert set(one) == set(other)
        for key, known in one.items():
            found = other[key]
            left_out = {} if whole(key) else allowed
            assert not between(dict(known.values), dict(found.values), left_out), key
    for key, agent in early.objects.agents.items():
        other_agent = late.objects.agents[key]
        assert agent.skill_groups == other_agent.skill_groups, key
        assert agent.seat == other_agent.seat, key
        assert agent.is_supervisor == other_agent.is_supervisor, key
    assert early.objects.skill_groups == late.objects.skill_groups
    assert early.objects.peripherals == late.objects.peripherals
    assert early.objects.peripheral_types == late.objects.peripheral_types


def told(frames: list[Frame]) -> dict[tuple[int, str], dict[str, Any]]:
    """By number and object the arguments of events."""
    return {
        (frame.message_id, frame.arguments.get_string("UniqueObjectID", "")): (
            frame.arguments.to_dict()
        )
        for frame in frames
    }


def same_frames(early: list[Frame], late: list[Frame]) -> None:
    """Snapshots are the same; nothing but the called device is not known."""
    one, other = told(early), told(late)
    assert set(one) == set(other)
    numbers = {event_id(n) for n in ("OnSnapshotCallConf", "OnQueryAgentStateConf")}
    allowed = {"CalledDeviceID": "", "CILConnectionID": "", "OriginatingServerID": ""}
    for key, arguments in one.items():
        assert not between(arguments, other[key], allowed), key
    assert numbers <= {number for number, _ in one}


# -- tests -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [PeripheralType.PT_ENTERPRISE_AGENT, PeripheralType.PT_DEFINITY_ECS_EAS]
)
def test_a_server_that_starts_late(kind: PeripheralType) -> None:
    async def test(pair: Pair) -> None:
        early = await pair.start()
        await pair.advance(1200.0)
        waiting = [c for c in pair.simulator.site.peripherals[5000].calls.values() if c.queues]
        talking = {
            agent.key
            for agent in early.objects.agents.values()
            if agent.seat in early.objects.at_device
        }
        assert waiting
        assert talking
        late = await pair.start()
        assert late.picture() == early.picture() == pair.truth()
        assert late.objects.peripheral_types == {5000: kind}
        same_objects(early, late, whole=lambda key: False)
        same_frames(await early.joined(), await late.joined())
        for key in talking:
            agent = early.objects.agents[key].agent_id
            same_frames_of_agent(await early.agent_mode(agent), await late.agent_mode(agent), kind)

    run(test, peripheral_type=kind)


def same_frames_of_agent(early: list[Frame], late: list[Frame], kind: int) -> None:
    """What begins agent mode is the same, masks included, and masks are right."""
    same_frames(early, late)
    calls = [f for f in late if f.message_id == event_id("OnSnapshotCallConf")]
    statuses = [call.get("CallStatus") for call in calls]
    for i, call in enumerate(calls):
        others = statuses[:i] + statuses[i + 1 :]
        mask = enablement.call_mask(statuses[i], others, kind)
        assert call.get("EnablementMask") == mask
    agents = [f for f in late if f.message_id == event_id("OnQueryAgentStateConf")]
    for agent in agents:
        mask = enablement.agent_mask(agent.get("AgentState"), kind)
        assert agent.get("EnablementMask", mask) == mask


def test_ten_minutes_later() -> None:
    """What began since, or was told of since, is the same in everything; and so is every event of
    it. Events of older calls differ in nothing else than the calls themselves."""

    async def test(pair: Pair) -> None:
        early = await pair.start()
        await pair.advance(1200.0)
        late = await pair.start()
        old = set(late.objects.conversations)
        early.published, late.published = [], []
        await pair.advance(600.0)
        heard = {key for name, key, _ in early.published if name == "OnAgentStateChange"}
        old_calls = {
            key
            for key, call in early.objects.calls.items()
            if (call.conversation.peripheral, call.conversation.call_id) in old
        }
        new_calls = set(early.objects.calls) - old_calls
        assert heard
        assert new_calls
        same_objects(early, late, whole=lambda key: key in heard or key in new_calls)
        same_events(early, late, old)
        same_frames(await early.joined(), await late.joined())

    run(test)


def same_events(early: Server, late: Server, old: set[tuple[int, int]]) -> None:
    """Every event is told by both, in the same order for each object."""
    assert early.published is not None
    assert late.published is not None
    found: list[dict[str, list[tuple[str, dict[str, Any]]]]] = []
    for server in (early, late):
        by_key: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        for name, key, arguments in server.published or ():
            by_key.setdefault(key, []).append((name, arguments))
        found.append(by_key)
    one, other = found
    assert set(one) == set(other)
    for key, events in one.items():
        others = other[key]
        assert [name for name, _ in events] == [name for name, _ in others], key
        part = key.split(".")
        is_old = part[0] == "call" and (int(part[1]), int(part[2])) in old
        allowed = OF_CALLS if is_old else {}
        for (name, arguments), (_, theirs) in zip(events, others):
            assert not between(arguments, theirs, allowed), (key, name)


def test_a_cti_server_that_was_lost() -> None:
    """One server loses its session for ten minutes and takes the state anew."""

    async def test(pair: Pair) -> None:
        early, late = await pair.start(), await pair.start()
        await pair.advance(1200.0)
        before = set(late.objects.calls)
        sessions = pair.simulator.hub.sessions
        cti = late.service.cti
        taken = cti.reconciled
        late.published = []
        pair.simulator.faults.drop(max(sessions))  # the one that was opened last
        await eventually(lambda: not cti.known)
        pair.simulator.advance(600.0)
        await eventually(lambda: cti.reconciled > taken and cti.known)
        await pair.settled()
        assert before - set(late.objects.calls), "calls that ended meanwhile"
        ended = {key for name, key, _ in late.published if name == "OnCallEnd"}
        assert before - set(late.objects.calls) <= ended
        same_objects(early, late, whole=lambda key: False)
        same_frames(await early.joined(), await late.joined())
        old = set(late.objects.conversations)
        early.published, late.published = [], []
        await pair.advance(600.0)
        heard = {key for name, key, _ in early.published if name == "OnAgentStateChange"}

        def whole(key: str) -> bool:
            part = key.split(".")
            is_new = part[0] == "call" and (int(part[1]), int(part[2])) not in old
            return key in heard or is_new

        same_objects(early, late, whole)
        same_events(early, late, old)

    run(test)


def masks(desk: Desk) -> dict[str, int]:
    """By call what a client believes that may be done with it."""
    calls = desk.session.calls
    return {key: call.get_value_int("EnablementMask") for key, call in calls.items()}


def buttons(desk: Desk, key: str) -> int:
    """The buttons with a call as the current one."""
    desk.session.set_current_call(None)
    desk.session.set_current_call(desk.session.calls[key])
    return int(desk.heard.all("OnButtonEnablementChange")[-1]["EnablementMask"])


def outside_call(site: AgentSite) -> Connection:
    """Agent 1001 talks with somebody from outside; his connection."""
    calls, (first, *_) = site.simulator.calls, site.peripheral.devices.values()
    service = next(iter(site.peripheral.services.values()))
    number = service.dialed_number
    call = calls.arrive(site.peripheral, ani="4155550100", dialed_number=number, service=service)
    talking = calls.deliver(call, first)
    calls.answer(talking)
    site.simulator.hub.settle()
    return talking


async def the_same(desk: Desk, other: Desk) -> None:
    """Two clients have the same calls with the same buttons; every mask is right."""
    await eventually(lambda: masks(desk) == masks(other) and len(masks(desk)) == 2)
    statuses = {key: call.get_value_int("CallStatus") for key, call in other.session.calls.items()}
    for key, mask in masks(other).items():
        others = [status for one, status in statuses.items() if one != key]
        assert mask == enablement.call_mask(statuses[key], others, 17)
        assert buttons(desk, key) == buttons(other, key)


@pytest.mark.parametrize("answered", [False, True])
def test_the_buttons_of_an_agent_with_calls(answered: bool) -> None:
    """A client that goes into agent mode at the late server has its calls and their buttons."""

    async def test(site: AgentSite) -> None:
        desk = await site.agent("1001", 0)
        calls, (_, second, *_) = site.simulator.calls, site.peripheral.devices.values()
        talking = outside_call(site)
        calls.consult(talking, second.extension)
        if answered:
            calls.answer(second.connections[0])
        site.simulator.hub.settle()
        await eventually(lambda: len(desk.session.calls) == 2)
        config = load_config("")
        settings = link_settings(config, f"ctiserver://127.0.0.1:{site.simulator.port}")
        async with SiteService(config, settings, port=0) as service:
            late = AgentSite(site.simulator, [service])
            other = await late.desk()
            await other.mode("1001")
            await the_same(desk, other)
            if not answered:
                # Both parties are told that the call was answered, also by the late server.
                calls.answer(second.connections[0])
                site.simulator.hub.settle()
                statuses = (CallStatus.LCS_HELD, CallStatus.LCS_CONNECT)
                for one in (desk, other):
                    await eventually(
                        lambda one=one: (
                            {
                                call.get_value_int("CallStatus")
                                for call in one.session.calls.values()
                            }
                            == set(statuses)
                        )
                    )
                await the_same(desk, other)
            await late.close()

    run_agents(test)


def test_the_buttons_of_calls_that_came_while_there_was_no_cti_server() -> None:
    async def test(site: AgentSite) -> None:
        desk = await site.agent("1001", 0)
        early, late = (AgentSite(site.simulator, [service]) for service in site.services)
        other = await late.desk()
        await other.mode("1001")
        cti = site.services[1].cti
        await desk.session.disconnect()
        desk = await early.desk()
        await desk.mode("1001")
        taken = cti.reconciled
        site.simulator.faults.drop(max(site.simulator.hub.sessions))
        await eventually(lambda: not cti.known)
        talking = outside_call(site)
        second = list(site.peripheral.devices.values())[1]
        site.simulator.calls.consult(talking, second.extension)
        site.simulator.hub.settle()
        await eventually(lambda: cti.reconciled > taken and cti.known)
        await the_same(desk, other)
        for one in (early, late):
            await one.close()

    run_agents(test, servers=2)


def test_a_call_that_could_not_be_found_is_learnt_by_its_next_event() -> None:
    """A device tells 16 calls. Of the 17th in a queue the late server hears when it is delivered;
    then it asks for the call, and has all of its connections and its data."""

    async def test(pair: Pair) -> None:
        simulator = pair.simulator
        for _ in range(18):
            simulator.actions.arrive(ani="4155550100", variables={1: "gold"})
        early = await pair.start()
        peripheral = simulator.site.peripherals[5000]
        group = next(g for g in peripheral.skill_groups.values() if g.queue)
        assert len(group.queue) == 18
        missing = group.queue[-1]
        assert (5000, missing.id) not in early.objects.conversations
        for call in group.queue[:16]:
            known = early.objects.conversations[5000, call.id]
            (caller,) = known.connections.values()
            assert caller.status == CallStatus.LCS_INITIATE
            assert caller.values["QueuedDeviceID"] == str(group.number)
            assert caller.values["QueuedDeviceIDType"] == DeviceIDType.DEVID_QUEUE
        client = await early.client()
        await client.monitor()
        simulator.calls.deliver(missing, next(iter(peripheral.devices.values())))
        simulator.hub.settle()
        learnt = await until(client, "OnSnapshotCallConf")
        await eventually(lambda: len(early.objects.conversations[5000, missing.id].connections) > 1)
        call = early.objects.conversations[5000, missing.id]
        assert set(call.connections) == {c.device_id for c in missing.connections}
        assert learnt.get("ConnectionCallID") == missing.id
        assert call.values["CallVariable1"] == "gold"
        assert call.values["PeripheralType"] == PeripheralType.PT_ENTERPRISE_AGENT

    run(test, calls_per_hour=0.0)


@pytest.mark.parametrize("version", [9, 12, 14])
def test_without_a_configuration(version: int) -> None:
    """Before version 19: agents come from their teams, queues are not known; before 13 devices
    have no type. Calls in queues are learnt by their next event."""

    async def test(pair: Pair) -> None:
        early = await pair.start()
        await pair.advance(1200.0)
        late = await pair.start()
        peripheral = pair.simulator.site.peripherals[5000]
        waiting = {
            key
            for key, call in early.objects.calls.items()
            if peripheral.calls[call.conversation.call_id].queues
        }
        assert waiting
        assert set(late.objects.calls) == set(early.objects.calls) - waiting
        assert late.objects.peripheral_types == early.objects.peripheral_types == {5000: 17}
        pair.simulator.advance(600.0)
        await eventually(lambda: late.objects.calls.keys() == early.objects.calls.keys())

    run(test, version=version)


def test_services_that_this_needs_are_asked_for() -> None:
    """Source: GED-188 guide, SNAPSHOT_DEVICE_REQ: Client Control and All Events."""
    from fastcil.server.cti import SERVICES

    needed = CTIServiceMask.CTI_SERVICE_ALL_EVENTS | CTIServiceMask.CTI_SERVICE_CLIENT_CONTROL
    assert SERVICES & needed == needed
