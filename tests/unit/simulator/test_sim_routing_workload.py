"""The workload: every kind of call happens, every one comes to an end, and the log is legal."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sim_invariants import AgentChecker, CallChecker, check_fields

from fastcil.ged188.enums import (
    AgentState,
    CallType,
    EventCause,
    PeripheralType,
    WrapupDataMode,
)
from fastcil.ged188.enums import EventCauseExtended as Extended
from fastcil.simulator.agent_control import SiteControl
from fastcil.simulator.agent_desk import DeskSettings, ReasonCode, SiteRules
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.build import SiteOptions, build_site
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.routing import Router, Workload, WorkloadOptions
from fastcil.simulator.statistics import Statistics

EVERYTHING = WorkloadOptions(
    calls_per_hour=900,
    talk_seconds=60,
    patience_seconds=30,
    connect_seconds=0.4,
    no_answer_share=0.05,
    deflect_share=0.05,
    hold_share=0.3,
    consult_share=0.1,
    transfer_share=0.1,
    conference_share=0.1,
    single_step_share=0.1,
    requeue_share=0.1,
    outside_transfer_share=0.1,
    translation_share=0.2,
    trunks=30,
    inside_calls_per_hour=120,
    outside_calls_per_hour=120,
    predictive_calls_per_hour=120,
    supervisions_per_hour=360,
    break_share=0.2,
)

KINDS = (
    "BEGIN_CALL",
    "END_CALL",
    "CALL_DATA_UPDATE",
    "CALL_DELIVERED",
    "CALL_ESTABLISHED",
    "CALL_HELD",
    "CALL_RETRIEVED",
    "CALL_CLEARED",
    "CALL_CONNECTION_CLEARED",
    "CALL_ORIGINATED",
    "CALL_CONFERENCED",
    "CALL_TRANSFERRED",
    "CALL_DIVERTED",
    "CALL_SERVICE_INITIATED",
    "CALL_REACHED_NETWORK",
    "CALL_QUEUED",
    "CALL_DEQUEUED",
    "CALL_ATTRIBUTE_CHANGE",
    "AGENT_PRE_CALL",
    "AGENT_PRE_CALL_ABORT",
    "RTP_STARTED",
    "RTP_STOPPED",
    "CALL_AGENT_GREETING",
    "CALL_TRANSLATION_ROUTE",
)


class Day:
    """A site with a workload, its log checked."""

    def __init__(self, options: WorkloadOptions, seed: int = 1, **site: Any) -> None:
        given: dict[str, Any] = {"agents": 40, "teams_of": 10, "skill_groups": 3, **site}
        self.site = build_site(SiteOptions(seed=seed, **given))
        self.statistics = Statistics(self.site)
        self.agents = AgentEngine(self.site, self.statistics)
        self.calls = CallEngine(self.site, self.agents, self.statistics)
        self.control = SiteControl(self.site, self.agents)
        self.control.on_offline.append(self.calls.end_peripheral)
        self.log: list[Any] = []
        self.site.subscribe(self.log.append)
        self.workload = Workload(self.site, self.calls, self.agents, options)

    def play(self, seconds: float) -> None:
        self.site.clock.advance(self.site.clock.now + seconds)

    def work(self, seconds: float) -> Day:
        """A day from its beginning, and what is left of it until the last call has ended."""
        self.workload.start()
        self.play(seconds)
        self.workload.stop()
        self.play(2 * 3600)
        return self

    def check(self) -> CallChecker:
        checker = CallChecker().feed(self.log)
        assert checker.complaints == []
        assert (checker.open, checker.queued, checker.voice) == ({}, set(), {})
        assert checker.announced == {}
        assert AgentChecker().feed(self.log).complaints == []
        for peripheral in self.site.peripherals.values():
            assert peripheral.calls == {}
            assert all(d.connections == [] for d in peripheral.devices.values())
            assert all(g.queue == [] for g in peripheral.skill_groups.values())
        return checker


@pytest.fixture(scope="module")
def everything() -> Day:
    rules = SiteRules(greeting_seconds=4.0)
    # A peripheral with trunks of its own, which tells of all there is to tell.
    kind = PeripheralType.PT_ACMI_IPCC
    return Day(EVERYTHING, 5, rules=rules, peripheral_type=kind).work(3600)


def test_every_call_ends_and_every_state_is_legal(everything: Day) -> None:
    checker = everything.check()
    assert checker.begun > 1000
    assert checker.begun == len(checker.ended)


def test_everything_happens(everything: Day) -> None:
    seen = Counter(e.name for e in everything.log)
    for name in KINDS:
        assert seen[f"{name}_EVENT"] > 0, name
    types = {e.values["CallType"] for e in everything.log if e.name == "BEGIN_CALL_EVENT"}
    assert types == {
        CallType.CALLTYPE_ACD_IN,
        CallType.CALLTYPE_PREROUTE_ACD_IN,
        CallType.CALLTYPE_AGENT_INSIDE,
        CallType.CALLTYPE_OUT,
        CallType.CALLTYPE_AUTO_OUT,
        CallType.CALLTYPE_CONSULT,
        CallType.CALLTYPE_SUPERVISOR_MONITOR,
    }
    ends = {e.values["EventCause"] for e in everything.log if e.name == "CALL_CLEARED_EVENT"}
    assert {Extended.CECX_ABAND_LOCAL_QUEUE, Extended.CECX_BLIND_TRANSFER} <= ends
    joined = [e.values["EventCause"] for e in everything.log if e.name == "CALL_CONFERENCED_EVENT"]
    assert EventCause.CEC_SUPERVISOR_BARGE_IN in joined


def test_every_event_can_be_sent(everything: Day) -> None:
    assert check_fields(everything.log) == []


def test_agents_take_breaks_and_come_back(everything: Day) -> None:
    reasons = Counter(
        e.values["EventReasonCode"]
        for e in everything.log
        if e.name == "AGENT_STATE_EVENT"
        and e.values["AgentState"] == AgentState.AGENT_STATE_NOT_READY
    )
    assert {1, 2, 3, ReasonCode.NOT_ANSWERED} <= set(reasons)
    states = Counter(a.state for a in everything.site.agents())
    assert set(states) == {AgentState.AGENT_STATE_AVAILABLE}


def test_shares_that_are_nothing_bring_nothing() -> None:
    shares = {
        name: 0.0
        for name in vars(EVERYTHING)
        if name.endswith("_share") and name != "caller_ends_share"
    }
    day = Day(WorkloadOptions(calls_per_hour=300, talk_seconds=60, **shares)).work(1800)
    seen = day.check().seen
    for name in ("HELD", "TRANSFERRED", "CONFERENCED", "DIVERTED", "SERVICE_INITIATED"):
        assert seen[f"CALL_{name}_EVENT"] == 0
    assert seen["CALL_ESTABLISHED_EVENT"] > 100


@pytest.mark.parametrize("seed", range(6))
def test_short_days_of_all_kinds_end_well(seed: int) -> None:
    rules = SiteRules(greeting_seconds=2.0 * (seed % 2))
    Day(EVERYTHING, seed, agents=12, teams_of=4, peripherals=1 + seed % 2, rules=rules).work(
        600
    ).check()


def test_the_same_seed_is_the_same_day_with_everything() -> None:
    def told(seed: int) -> list[tuple[float, str, str]]:
        day = Day(EVERYTHING, seed, agents=15)
        day.workload.start()
        day.play(600)
        return [(e.at, e.name, str(e.values)) for e in day.log]

    first = told(3)
    assert len(first) > 1000
    assert first == told(3)
    assert first != told(4)


def test_wrap_up_data_is_written_where_it_is_required() -> None:
    wanted = WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA
    desk = DeskSettings(wrapup_incoming=wanted, wrapup_outgoing=wanted, work_mode_timer=0)
    day = Day(WorkloadOptions(calls_per_hour=300, talk_seconds=60), desk=desk).work(1800)
    day.check()
    handled = sum(day.statistics.agent_values(a)["HandledCallsSession"] for a in day.site.agents())
    assert handled > 100
    assert {a.state for a in day.site.agents()} == {AgentState.AGENT_STATE_AVAILABLE}


def test_an_outage_in_the_middle_of_the_day() -> None:
    day = Day(EVERYTHING, 9, agents=20)
    day.workload.start()
    day.play(900)
    number = next(iter(day.site.peripherals))
    day.control.peripheral_offline(number)
    assert day.site.peripherals[number].calls == {}
    begun = sum(e.name == "BEGIN_CALL_EVENT" for e in day.log)
    day.play(300)
    assert sum(e.name == "BEGIN_CALL_EVENT" for e in day.log) == begun, "nothing goes on there"
    day.control.peripheral_online(number)
    day.play(300)
    assert sum(e.name == "BEGIN_CALL_EVENT" for e in day.log) > begun
    day.workload.stop()
    day.play(2 * 3600)
    day.check()


def test_agents_of_clients_are_left_alone() -> None:
    day = Day(WorkloadOptions(calls_per_hour=600, talk_seconds=30), agents=4, skill_groups=1)
    day.workload.start()
    peripheral = next(iter(day.site.peripherals.values()))
    own = peripheral.agents["1002"]
    device = list(peripheral.devices.values())[1]
    day.agents.login(own, device, signature="a desktop")
    day.play(300)
    assert own.state == AgentState.AGENT_STATE_NOT_READY, "it is for the client to say"
    day.agents.set_state(own, AgentState.AGENT_STATE_AVAILABLE)
    day.play(300)
    answered = [
        e.values["ConnectionDeviceID"] for e in day.log if e.name == "CALL_ESTABLISHED_EVENT"
    ]
    assert device.instrument not in answered
    assert "20001" in answered


def test_a_workload_that_was_stopped_brings_no_calls() -> None:
    day = Day(WorkloadOptions(calls_per_hour=3600, connect_seconds=0.2))
    router = Router(day.site, day.calls, day.agents)
    day.workload.start(router)
    assert day.workload.router is router
    assert router.connect_seconds == 0.2
    day.workload.stop()
    day.play(120)
    assert not [e for e in day.log if e.name == "BEGIN_CALL_EVENT"]
    day.workload.start(router)
    day.play(120)
    assert [e for e in day.log if e.name == "BEGIN_CALL_EVENT"]


@pytest.mark.parametrize(
    "options",
    [
        {"calls_per_hour": -1},
        {"talk_seconds": float("inf")},
        {"hold_share": 1.5},
        {"staff": 2.0},
        {"requeue_share": 0.6, "transfer_share": 0.6},
        {"no_answer_share": 0.6, "deflect_share": 0.6},
    ],
)
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"0 or more|0 to 1|more than 1"):
        WorkloadOptions(**options)
