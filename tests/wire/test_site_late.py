"""A server that starts late, or lost its CTI Server, against one that saw everything.

Both are on the same simulated CTI Server. What they know, what a client that joins them is told and
what they tell afterwards must be the same but for what no message told the late one: the tables
below have each such keyword with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from late_kit import Pair, Server, between, run, told
from site_process import eventually
from test_site_service import until

from fastcil.catalog import KEYWORDS, CallStatus, event_id
from fastcil.codec import Frame
from fastcil.ged188.enums import CTIServiceMask, DeviceIDType, PeripheralType
from fastcil.ged188.schema import message_spec
from fastcil.server.site import convert, enablement

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


# -- what differs ----------------------------------------------------------------------------


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
