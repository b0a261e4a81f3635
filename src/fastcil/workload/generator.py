"""A contact centre in simulated time, as a deterministic stream of events.

Agents log in, become ready, take and make calls, hold, consult, transfer and confer, do their
after-call work, pause, log out and come back. Nothing here knows the real time, sockets or
threads: whoever plays the events decides how fast simulated time runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random
from typing import Any

from fastcil.catalog import AgentState, LocalConnectionState, event_id
from fastcil.catalog.selection import selection

from .calls import CallScripts, Script
from .fields import new_call_fields
from .model import (
    AGENT_MASKS,
    CALL_MASKS,
    CALL_STATUS,
    GROUPS,
    PERIPHERAL_ID,
    PERIPHERAL_TYPE,
    Agent,
    Call,
    Event,
)
from .snapshot import snapshot

__all__ = ["ContactCentre"]

_SECOND = 1_000_000_000
_DAY = 152018
_FIRST_NAMES = ("Ana", "Ben", "Chiara", "Dmitri", "Eva", "Farid", "Grace", "Hugo", "Inês", "Jörg")
_LAST_NAMES = ("Alvarez", "Becker", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Hall")


class ContactCentre(CallScripts):
    """An endless iterator of Event; equal arguments give equal events.

    `calls_per_agent_hour` is how many calls arrive for each agent, transfers and conferences not
    counted; arrivals that find nobody available go elsewhere and are not seen here.
    """

    def __init__(
        self, agents: int = 50, seed: int = 1, *, calls_per_agent_hour: float = 12.0
    ) -> None:
        if agents < 1:
            raise ValueError(f"agents must be at least 1, not {agents}")
        if not calls_per_agent_hour > 0:
            raise ValueError(f"calls_per_agent_hour must be above 0, not {calls_per_agent_hour}")
        self._random = Random(seed)
        self._between_calls = 3600.0 / (calls_per_agent_hour * agents)
        self.time_ns = 0
        self.agents = [self._new_agent(number) for number in range(agents)]
        self.calls: dict[str, Call] = {}
        self.available: deque[Agent] = deque()
        self._number = 0
        self._handled = [0] * len(GROUPS)
        self._draining = False
        self._busy = 0
        self._due: list[tuple[int, int, Script]] = []
        self._scheduled = 0
        self._script: Script | None = None
        for agent in self.agents:
            self._start(self._shift(agent), self._random.uniform(0.0, 30.0))
        self._start(self._arrivals(), 20.0)
        self._start(self._statistics(), 10.0)

    @staticmethod
    def _new_agent(number: int) -> Agent:
        return Agent(
            agent_id=str(22000 + number),
            extension=str(30000 + number),
            instrument=str(30000 + number),
            icm_agent_id=5000 + number,
            group=number % len(GROUPS),
            last_name=_LAST_NAMES[number % len(_LAST_NAMES)],
            first_name=_FIRST_NAMES[number % len(_FIRST_NAMES)],
        )

    # -- the clock ---------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        """The next event; the agents and calls are then as they are just after it."""
        while True:
            script = self._script
            if script is None:
                if self._draining and not self._busy:
                    raise StopIteration
                self.time_ns, _, script = heappop(self._due)
                self._script = script
            step = next(script, None)
            if step is None:
                self._script = None
            elif isinstance(step, Event):
                return step
            else:
                self._script = None
                self._start(script, step)

    def _start(self, script: Script, after: float) -> None:
        """Continue a script `after` simulated seconds."""
        self._scheduled += 1
        heappush(self._due, (self.time_ns + int(after * _SECOND), self._scheduled, script))

    def drain(self) -> Iterator[Event]:
        """The events that are left when no new call begins: every call ends, then it stops."""
        self._draining = True
        return self

    def snapshot(self, level: int = 0) -> list[tuple[int, dict[str, Any]]]:
        """Agents, devices and live calls as (event number, arguments), just after the last event.

        level is MinimizeEventArgs: OnSnapshotCallConf is one of the events that it shortens.
        """
        return snapshot(self.agents, self.calls.values(), level)

    # -- events ------------------------------------------------------------------------------

    def _call_event(self, callback: str, call: Call, **changes: Any) -> Event:
        """An event of a call; `changes` become part of its data."""
        fields = call.fields
        status = CALL_STATUS.get(callback)
        if status is not None:
            fields["CallStatus"] = status
        fields["EnablementMask"] = CALL_MASKS[fields["CallStatus"]]
        if changes:
            fields.update(changes)
        found = selection(callback)
        complete = found.complete(fields)
        if found.parties:
            for number, agent in enumerate(call.agents, 1):
                complete[f"ConnectedParty[{number}]"] = agent.instrument
        return Event(self.time_ns, found.message_id, complete, found.minimal(fields))

    def _begin(self, agent: Agent, call_type: int, **changes: Any) -> tuple[Call, Event]:
        """A new call at an agent's device and its OnCallBegin."""
        self._number += 1
        unique, fields = new_call_fields(self._number, _DAY, agent, call_type, self._random)
        fields["CallStatus"] = int(LocalConnectionState.LCS_INITIATE)
        call = Call(unique, fields, [agent])
        self.calls[unique] = call
        agent.calls.append(call)
        return call, self._call_event("OnCallBegin", call, **changes)

    def _rename(self, call: Call, agent: Agent) -> Event:
        """The OnCallDataUpdate by which a transferred call goes on under a new key."""
        self._number += 1
        old = call.unique_object_id
        connection = 0x01000000 + self._number
        new = f"call.{PERIPHERAL_ID}.{connection}.{200000 + self._number}"
        del self.calls[old]
        self.calls[new] = call
        call.unique_object_id = new
        changes = {
            "UniqueObjectID": new,
            "ConnectionCallID": connection,
            "CallConnectionCallID": connection,
            "DeviceID": agent.instrument,
            "DeviceUniqueObjectID": agent.device_id,
        }
        event = self._call_event("OnCallDataUpdate", call, **changes)
        event.complete["OldUniqueObjectID"] = event.minimal["OldUniqueObjectID"] = old
        return event

    def _end(self, call: Call) -> Event:
        """The OnCallEnd of a call, which is then gone."""
        del self.calls[call.unique_object_id]
        for agent in call.agents:
            agent.calls.remove(call)
            self._handled[agent.group] += 1
        call.agents.clear()
        return self._call_event("OnCallEnd", call)

    def _leave(self, call: Call, agent: Agent) -> None:
        """An agent's device is no longer part of a call."""
        call.agents.remove(agent)
        agent.calls.remove(call)
        self._handled[agent.group] += 1

    def _state(self, agent: Agent, state: AgentState, reason: int = 0) -> Event:
        """An agent's change of state, as OnAgentStateChange."""
        agent.state = int(state)
        agent.reason = reason
        group = GROUPS[agent.group][0]
        arguments = {
            "PeripheralID": PERIPHERAL_ID,
            "PeripheralType": PERIPHERAL_TYPE,
            "AgentState": agent.state,
            "SkillGroupNumber": group,
            "SkillGroupID": PERIPHERAL_ID + 100 + group,
            "StateDuration": 0,
            "SkillGroupPriority": 1,
            "EventReasonCode": reason,
            "SkillGroupState": agent.state,
            "AgentID": agent.agent_id,
            "AgentExtension": agent.extension,
            "CTIClientSignature": f"ctios.desk.{agent.agent_id}",
            "EnablementMask": AGENT_MASKS[agent.state],
            "UniqueObjectID": agent.unique_object_id,
            "AgentInstrument": agent.instrument,
        }
        return Event(self.time_ns, _AGENT_STATE_CHANGE, arguments, arguments.copy())

    # -- scripts -----------------------------------------------------------------------------

    def _shift(self, agent: Agent) -> Script:
        """An agent comes to work: login, not ready, available."""
        if self._draining:
            return
        yield self._state(agent, AgentState.eLogin)
        yield self._state(agent, AgentState.eNotReady)
        yield self._random.uniform(1.0, 15.0)
        yield self._ready(agent)

    def _ready(self, agent: Agent) -> Event:
        """The agent can be given a call from now on."""
        self.available.append(agent)
        return self._state(agent, AgentState.eAvailable)

    def _after_call(self, agent: Agent) -> Script:
        """After-call work, sometimes a pause, sometimes a new shift; then available again."""
        yield self._state(agent, AgentState.eWorkReady)
        yield self._random.uniform(5.0, 40.0)
        chance = self._random.random()
        if chance < 0.08:
            yield self._state(agent, AgentState.eNotReady, 1 + int(chance * 50))
            yield self._random.uniform(30.0, 300.0)
            if chance < 0.01:
                yield self._state(agent, AgentState.eLogout, 5)
                yield self._random.uniform(60.0, 600.0)
                yield from self._shift(agent)
                return
        yield self._ready(agent)

    def _arrivals(self) -> Script:
        """Calls, one after the other, each to the agent who has waited longest."""
        random = self._random
        while not self._draining:
            if self.available:
                agent = self.available.popleft()
                self._busy += 1
                self._start(self._call(agent, random.random()), 0.0)
            yield random.expovariate(1.0) * self._between_calls

    def _call(self, agent: Agent, chance: float) -> Script:
        """One call from its begin to its end, and that of whatever it leads to."""
        yield from self._inbound(agent) if chance < 0.85 else self._outbound(agent)
        self._busy -= 1

    def _statistics(self) -> Script:
        """Every ten seconds the statistics of each skill group."""
        while not self._draining:
            for index, (number, _) in enumerate(GROUPS):
                states = [agent.state for agent in self.agents if agent.group == index]
                logged_out = states.count(AgentState.eLogout)
                arguments = {
                    "PeripheralID": PERIPHERAL_ID,
                    "SkillGroupNumber": number,
                    "SkillGroupID": PERIPHERAL_ID + 100 + number,
                    "STATISTICS": {
                        "AgentsLoggedOn": len(states) - logged_out,
                        "AgentsAvail": states.count(AgentState.eAvailable),
                        "AgentsNotReady": states.count(AgentState.eNotReady),
                        "AgentsReserved": states.count(AgentState.eReserved),
                        "AgentsTalkingIn": states.count(AgentState.eTalking),
                        "AgentsHold": states.count(AgentState.eHold),
                        "AgentsWorkReady": states.count(AgentState.eWorkReady),
                        "HandledCallsToday": self._handled[index],
                    },
                }
                yield Event(self.time_ns, _STATISTICS, arguments, arguments.copy())
            yield 10.0


_AGENT_STATE_CHANGE = event_id("OnAgentStateChange")
_STATISTICS = event_id("OnSkillGroupStatisticsUpdated")
