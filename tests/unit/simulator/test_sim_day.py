"""A working day of 1,000 agents in compressed time: what its event log must satisfy.

Three hours and their end by default; FASTCIL_WHOLE_DAY=1 plays 24 hours with 230,000 calls, which
takes about five minutes on a slow machine.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict

import pytest
from sim_invariants import MERGES, AgentChecker, CallChecker, check_fields
from test_sim_statistics import periods, recount_agent, recount_group, spans_of

from fastcil.ged188.enums import AgentState, CallType
from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions, WorkloadOptions
from fastcil.simulator.model import Event

WHOLE = bool(os.environ.get("FASTCIL_WHOLE_DAY"))
HOURS = 23 if WHOLE else 3
AGENTS = 1000
MIDNIGHT = 1_700_006_400.0
INBOUND = (CallType.CALLTYPE_ACD_IN, CallType.CALLTYPE_PREROUTE_ACD_IN)
TIMES = ("AvailTime", "LoggedOnTime", "NotReadyTime")


class Day:
    """The log of a day, checked as it is written, so that a day's events need not be kept."""

    def __init__(self, seed: int, calls_per_hour: float) -> None:
        self.simulator = Simulator(
            SimulatorOptions(
                site=SiteOptions(
                    agents=AGENTS, peripherals=2, skill_groups=40, seed=seed, start=MIDNIGHT
                ),
                workload=WorkloadOptions(
                    calls_per_hour=calls_per_hour,
                    inside_calls_per_hour=60,
                    outside_calls_per_hour=60,
                    predictive_calls_per_hour=60,
                ),
            )
        )
        self.calls = CallChecker()
        self.agents = AgentChecker()
        self.states: dict[int, list[Event]] = defaultdict(list)
        self.agent_at: dict[str, str] = {}
        self.from_outside: set[tuple[int, int]] = set()
        self.handled: set[tuple[int, int, str]] = set()
        self.unencodable: list[str] = []
        self.events = 0
        self.last_at = 0.0
        self.simulator.site.subscribe(self._check)
        self.simulator.begin()

    def _check(self, event: Event) -> None:
        assert event.at >= self.last_at
        self.last_at = event.at
        self.calls.feed([event])
        self.agents.feed([event])
        if event.name == "AGENT_STATE_EVENT":
            self.states[event.values["ICMAgentID"]].append(event)
            if instrument := event.values["AgentInstrument"]:
                self.agent_at[instrument] = event.values["AgentID"]
        else:
            self._count_handled(event)
        # Every kind of event is looked at often enough; all of them would take too long.
        if self.calls.seen[event.name] < 20 or self.events % 50 == 0:
            self.unencodable += check_fields([event])
        self.events += 1

    def _count_handled(self, event: Event) -> None:
        """Which agents talked in which calls from outside: answered them, or were taken in."""
        values = event.values
        peripheral = values.get("PeripheralID", 0)
        if event.name == "BEGIN_CALL_EVENT" and values["CallType"] in INBOUND:
            self.from_outside.add((peripheral, values["ConnectionCallID"]))
        elif event.name == "CALL_ESTABLISHED_EVENT":
            call = (peripheral, values["ConnectionCallID"])
            if call in self.from_outside:
                self.handled.add((*call, self.agent_at[values["ConnectionDeviceID"]]))
        elif event.name in MERGES:
            call = (peripheral, values["ConnectedPartyCallID"][0])
            if call in self.from_outside:
                present = {*values["ConnectedPartyDeviceID"]} & self.agent_at.keys()
                self.handled |= {(*call, self.agent_at[device]) for device in present}

    def handled_calls_equal_the_log(self) -> None:
        """After the last call: what each agent and the groups handled is what the events tell."""
        site, statistics = self.simulator.site, self.simulator.statistics
        expected = Counter(agent for _, _, agent in self.handled)
        found = {a.id: statistics.agent_values(a)["HandledCallsToday"] for a in site.agents()}
        assert {agent: number for agent, number in found.items() if number} == expected
        groups = [g for p in site.peripherals.values() for g in p.skill_groups.values()]
        in_groups = sum(statistics.group_values(group)["HandledCallsToday"] for group in groups)
        assert in_groups == len(self.handled)

    def times_equal_the_log(self) -> None:
        """How long agents and the agents of groups were in each state is what the log says."""
        site, statistics = self.simulator.site, self.simulator.statistics
        now = site.clock.now
        since = periods(now, MIDNIGHT)
        logs = {
            agent.icm_id: spans_of(self.states[agent.icm_id], agent.icm_id, now)
            for agent in site.agents()
        }
        for agent in site.agents():
            values = statistics.agent_values(agent)
            expected = recount_agent(logs[agent.icm_id], since["Today"])
            for name in TIMES:
                assert values[f"{name}Today"] == pytest.approx(expected[name], abs=1), agent.id
        for peripheral in site.peripherals.values():
            for group in peripheral.skill_groups.values():
                members = [logs[agent.icm_id] for agent in group.members]
                values = statistics.group_values(group)
                expected = recount_group(members, group.number, since["Today"])
                for name in TIMES:
                    told = values[f"{name}Today"]
                    assert told == pytest.approx(expected[name], abs=1), (group.name, name)


@pytest.mark.timeout(1800 if WHOLE else 600)  # some 10 s of computing
def test_a_day_of_a_thousand_agents() -> None:
    day = Day(seed=2, calls_per_hour=10_000 if WHOLE else 3000)
    simulator = day.simulator
    for _ in range(HOURS):
        simulator.advance(3600)
        assert day.calls.complaints == []
        assert day.agents.complaints == []
        present = {
            (p.id, number) for p in simulator.site.peripherals.values() for number in p.calls
        }
        assert set(day.calls.open) == present
    day.times_equal_the_log()

    simulator.workload.stop()
    simulator.advance(3 * 3600 if not WHOLE else 3000)
    assert day.calls.complaints == []
    assert day.calls.open == {}, "every call that began has ended"
    assert len(day.calls.ended) == day.calls.begun > (2000 if not WHOLE else 200_000)
    day.handled_calls_equal_the_log()
    assert day.unencodable == []
    for peripheral in simulator.site.peripherals.values():
        assert peripheral.calls == {}
        assert all(group.queue == [] for group in peripheral.skill_groups.values())
        assert all(device.connections == [] for device in peripheral.devices.values())
    for agent in simulator.site.agents():
        assert day.agents.states[agent.id] == agent.state
        assert agent.state in (
            AgentState.AGENT_STATE_AVAILABLE,
            AgentState.AGENT_STATE_NOT_READY,
        )
    for name in ("CALL_QUEUED_EVENT", "CALL_HELD_EVENT", "CALL_TRANSFERRED_EVENT"):
        assert day.calls.seen[name] > 0
    assert simulator.hub.counters["events_published"] == day.events


def test_the_same_seed_is_the_same_day() -> None:
    logs = []
    for seed in (4, 4, 5):
        options = SimulatorOptions(
            site=SiteOptions(agents=50, seed=seed), workload=WorkloadOptions(calls_per_hour=600)
        )
        simulator = Simulator(options)
        log: list[tuple[float, str, str]] = []
        simulator.site.subscribe(lambda e, log=log: log.append((e.at, e.name, str(e.values))))  # type: ignore[misc]
        simulator.begin()
        simulator.advance(900)
        logs.append(log)
    assert len(logs[0]) > 500
    assert logs[0] == logs[1]
    assert logs[0] != logs[2]
