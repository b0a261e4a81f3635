"""Counts of agents and skill groups, kept from what happens and never set by hand.

Source of every definition: guide, Application Level Interfaces, QUERY_AGENT_STATISTICS_CONF and
QUERY_SKILL_GROUP_STATISTICS_CONF. Times are kept in simulated seconds with fractions and rounded
when asked for. Call counts and times are added when after-call work of the call is done, as the
tables demand; times in a state go on until the moment of the question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import Enum

from fastcil.ged188.enums import AgentCallDirection, AgentState, SupervisoryAction
from fastcil.simulator.model import Agent, Call, Membership, Site, SkillGroup

__all__ = ["CallKind", "Statistics"]

FIVE_MINUTES, HALF_HOUR, DAY = 300, 1800, 86400
"""Lengths of the To5, ToHalf and Today periods in seconds; days begin at midnight UTC."""


class CallKind(Enum):
    """What a call is to the agent who handles it; the value starts the names of its counters."""

    IN = "HandledCalls"
    OUT = "AgentOutCalls"
    INTERNAL_OUT = "InternalCalls"
    INTERNAL_IN = "InternalCallsRcvd"
    AUTO_OUT = "AutoOutCalls"
    PREVIEW = "PreviewCalls"
    RESERVATION = "ReservationCalls"


_HELD = {
    CallKind.IN: "IncomingCallsHeld",
    CallKind.INTERNAL_OUT: "InternalCallsHeld",
    CallKind.INTERNAL_IN: "InternalCallsHeld",
}
_SUPERVISED = {
    SupervisoryAction.SUPERVISOR_MONITOR: "MonitorCalls",
    SupervisoryAction.SUPERVISOR_WHISPER: "WhisperCalls",
    SupervisoryAction.SUPERVISOR_BARGE_IN: "BargeInCalls",
    SupervisoryAction.SUPERVISOR_INTERCEPT: "InterceptCalls",
}
_TALK = (CallKind.IN, CallKind.OUT, CallKind.AUTO_OUT, CallKind.PREVIEW, CallKind.RESERVATION)


def _call_names(kinds: Iterable[CallKind]) -> list[str]:
    names: list[str] = []
    for kind in kinds:
        start = kind.value
        names += [start, f"{start}Time"]
        if kind in _TALK:
            names.append(f"{start}TalkTime")
        if kind is CallKind.IN:
            names.append(f"{start}AfterCallTime")
        held = _HELD.get(kind, f"{start}Held")
        names += [held, f"{held}Time"]
    return list(dict.fromkeys(names))


_COUNTED = [*_SUPERVISED.values(), "EmergencyCalls"]
AGENT_NAMES = [
    "AvailTime",
    "LoggedOnTime",
    "NotReadyTime",
    "ICMAvailableTime",
    "RoutableTime",
    *_call_names(CallKind),
    *_COUNTED,
]
"""Counters of an agent; with Session or Today behind them they are the fields."""
GROUP_NAMES = [
    "AvailTime",
    "LoggedOnTime",
    "NotReadyTime",
    *_call_names(kind for kind in CallKind if kind is not CallKind.INTERNAL_OUT),
    *_COUNTED,
]
"""Counters of a skill group; with To5, ToHalf or Today behind them they are the fields."""
QUEUE_NAMES = ["CallsQ", "CallsQTime", "LongestCallQ"]
"""Counters of a skill group's queue; the fields end in 5, Half and Today."""


class _Period:
    """Counters of the current period: they start again from 0 when the next one begins.

    length: in seconds; 0 for one that only restart() ends.
    """

    __slots__ = ("_index", "length", "start", "values")

    def __init__(self, length: int, now: float) -> None:
        self.length = length
        self.values: defaultdict[str, float] = defaultdict(float)
        self._index = now // length if length else 0.0
        self.start = self._index * length if length else now

    def roll(self, now: float) -> None:
        """Begin the period that `now` (seconds since 1970) is in, when it is another one."""
        if self.length and now // self.length != self._index:
            self._index = now // self.length
            self.start = self._index * self.length
            self.values.clear()

    def restart(self, now: float) -> None:
        """A new session."""
        self.start = now
        self.values.clear()


class _Counters:
    """The periods of one agent or group."""

    __slots__ = ("periods",)

    def __init__(self, now: float, *lengths: int) -> None:
        self.periods = [_Period(length, now) for length in lengths]

    def add(self, now: float, name: str, amount: float = 1) -> None:
        for period in self.periods:
            period.roll(now)
            period.values[name] += amount

    def longest(self, now: float, name: str, seconds: float) -> None:
        for period in self.periods:
            period.roll(now)
            period.values[name] = max(period.values[name], seconds)

    def spent(self, now: float, since: float, names: Iterable[str]) -> None:
        """Time in a state from `since` to `now`: each period gets what lies within it."""
        for period in self.periods:
            period.roll(now)
            seconds = now - max(since, period.start)
            if seconds > 0:
                for name in names:
                    period.values[name] += seconds

    def read(self, now: float, names: Iterable[str], *suffixes: str) -> dict[str, int]:
        values = {}
        for period, suffix in zip(self.periods, suffixes, strict=True):
            period.roll(now)
            for name in names:
                values[f"{name}{suffix}"] = round(period.values[name])
        return values


class _Watched:
    """A state that time is counted for: an agent's, or his in one skill group."""

    __slots__ = ("since", "state")

    def __init__(self, state: AgentState, since: float) -> None:
        self.state = state
        self.since = since


_AGENT_TIMES = {
    AgentState.AGENT_STATE_LOGOUT: (),
    AgentState.AGENT_STATE_AVAILABLE: (
        "LoggedOnTime",
        "RoutableTime",
        "AvailTime",
        "ICMAvailableTime",
    ),
    AgentState.AGENT_STATE_NOT_READY: ("LoggedOnTime", "RoutableTime", "NotReadyTime"),
}
_GROUP_TIMES: dict[AgentState, tuple[str, ...]] = {
    AgentState.AGENT_STATE_LOGOUT: (),
    AgentState.AGENT_STATE_AVAILABLE: ("LoggedOnTime", "AvailTime"),
    AgentState.AGENT_STATE_NOT_READY: ("LoggedOnTime", "NotReadyTime"),
}


class Statistics:
    """All counters of a site.

    The agent engine tells of states and of calls handled; the call engine of queues, of what
    supervisors do and of emergencies.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._agents: dict[int, _Counters] = {}
        self._groups: dict[tuple[int, int], _Counters] = {}
        self._states: dict[int, _Watched] = {}
        self._memberships: dict[tuple[int, int], _Watched] = {}
        self._queued: dict[tuple[int, int], dict[int, float]] = {}

    @property
    def _now(self) -> float:
        return self._site.clock.start + self._site.clock.now

    def agent_state(self, agent: Agent) -> None:
        """The agent's state, or his state in a skill group, was changed just now.

        Must be told of every change before simulated time goes on.
        """
        now = self._now
        self._settle(agent, now)
        watched = self._states[agent.icm_id]
        if watched.state == AgentState.AGENT_STATE_LOGOUT != agent.state:
            self._agent(agent).periods[0].restart(now)
        watched.state = agent.state
        for membership in agent.memberships:
            self._memberships[agent.icm_id, membership.group.id].state = membership.state

    def left_group(self, agent: Agent, group: SkillGroup) -> None:
        """The agent is no longer a member: time in the group ends."""
        self._settle(agent, self._now)
        watched = self._memberships.pop((agent.icm_id, group.id), None)
        if watched is not None:
            self._spent_in_group(group, watched, self._now)

    def call_handled(
        self,
        agent: Agent,
        group: SkillGroup | None,
        kind: CallKind,
        *,
        talk: float,
        held: float = 0.0,
        holds: int = 0,
        work: float = 0.0,
    ) -> None:
        """A call, its after-call work included, is completed.

        talk: seconds from answer (for a call that the agent made: from its beginning) to the
        agent's leaving it, hold included. held: seconds of that on hold. holds: how often it was
        held. work: seconds of after-call work.
        """
        now = self._now
        targets = [self._agent(agent)]
        if group is not None:
            targets.append(self._group(group))
        start, hold = kind.value, _HELD.get(kind, f"{kind.value}Held")
        for counters in targets:
            counters.add(now, start)
            counters.add(now, f"{start}Time", talk + work)
            counters.add(now, f"{start}TalkTime", talk)
            counters.add(now, f"{start}AfterCallTime", work)
            if holds:
                counters.add(now, hold)
                counters.add(now, f"{hold}Time", held)

    def supervised(
        self, supervisor: Agent, group: SkillGroup | None, action: SupervisoryAction
    ) -> None:
        """A supervisor completed a barge-in, an intercept, a silent monitor or a whisper."""
        name = _SUPERVISED.get(action)
        if name is not None:
            self._count(supervisor, group, name)

    def emergency(self, agent: Agent, group: SkillGroup | None) -> None:
        """An agent completed an emergency call."""
        self._count(agent, group, "EmergencyCalls")

    def queued(self, group: SkillGroup, call: Call) -> None:
        """The call began to wait for the group."""
        self._queued.setdefault((group.peripheral_id, group.number), {})[call.id] = self._now

    def dequeued(self, group: SkillGroup, call: Call) -> None:
        """The call no longer waits for the group, whatever came of it.

        A call counts in the period in which its waiting ends.
        """
        waiting = self._queued.get((group.peripheral_id, group.number), {})
        since = waiting.pop(call.id, None)
        if since is None:
            return
        now = self._now
        counters = self._group(group)
        counters.add(now, "CallsQ")
        counters.add(now, "CallsQTime", now - since)
        counters.longest(now, "LongestCallQ", now - since)

    def agent_values(self, agent: Agent) -> dict[str, int]:
        """The fixed fields of QUERY_AGENT_STATISTICS_CONF but InvokeID and PeripheralID."""
        now = self._now
        self._settle(agent, now)
        return self._agent(agent).read(now, AGENT_NAMES, "Session", "Today")

    def group_values(self, group: SkillGroup) -> dict[str, int]:
        """The fields of QUERY_SKILL_GROUP_STATISTICS_CONF that count something."""
        now = self._now
        members = [(a, m) for a in group.members for m in a.memberships if m.group is group]
        for agent in group.members:
            self._settle(agent, now)
        waits = [now - since for since in self._waiting(group).values()]
        counters = self._group(group)
        return {
            **_now_values(members),
            "RouterCallsQNow": len(waits),
            "LongestRouterCallQNow": round(max(waits, default=0)),
            "CallsQNow": len(waits),
            "CallsQTimeNow": round(sum(waits)),
            "LongestCallQNow": round(max(waits, default=0)),
            **counters.read(now, GROUP_NAMES, "To5", "ToHalf", "Today"),
            **counters.read(now, QUEUE_NAMES, "5", "Half", "Today"),
        }

    def _count(self, agent: Agent, group: SkillGroup | None, name: str) -> None:
        self._agent(agent).add(self._now, name)
        if group is not None:
            self._group(group).add(self._now, name)

    def _waiting(self, group: SkillGroup) -> dict[int, float]:
        return self._queued.get((group.peripheral_id, group.number), {})

    def _agent(self, agent: Agent) -> _Counters:
        counters = self._agents.get(agent.icm_id)
        if counters is None:
            counters = self._agents[agent.icm_id] = _Counters(self._now, 0, DAY)
        return counters

    def _group(self, group: SkillGroup) -> _Counters:
        key = (group.peripheral_id, group.number)
        counters = self._groups.get(key)
        if counters is None:
            counters = self._groups[key] = _Counters(self._now, FIVE_MINUTES, HALF_HOUR, DAY)
        return counters

    def _settle(self, agent: Agent, now: float) -> None:
        """Count the time in the states that the agent had so far."""
        watched = self._states.get(agent.icm_id)
        if watched is None:
            state = AgentState.AGENT_STATE_LOGOUT
            watched = self._states[agent.icm_id] = _Watched(state, now)
        names = _AGENT_TIMES.get(watched.state, ("LoggedOnTime", "RoutableTime"))
        self._agent(agent).spent(now, watched.since, names)
        watched.since = now
        for membership in agent.memberships:
            key = (agent.icm_id, membership.group.id)
            member = self._memberships.get(key)
            if member is None:
                member = _Watched(AgentState.AGENT_STATE_LOGOUT, now)
                self._memberships[key] = member
            self._spent_in_group(membership.group, member, now)

    def _spent_in_group(self, group: SkillGroup, watched: _Watched, now: float) -> None:
        names = _GROUP_TIMES.get(watched.state, ("LoggedOnTime",))
        self._group(group).spent(now, watched.since, names)
        watched.since = now


_TALKING = {
    AgentCallDirection.IN: "AgentsTalkingIn",
    AgentCallDirection.OUT: "AgentsTalkingOut",
    AgentCallDirection.OUTBOUND_PREDICTIVE: "AgentsTalkingAutoOut",
    AgentCallDirection.OUTBOUND_PREVIEW: "AgentsTalkingPreview",
    AgentCallDirection.OUTBOUND_RESERVE: "AgentsTalkingReservation",
}
"""By the direction of the call; the others are calls between agents, AgentsTalkingOther."""


def _now_values(members: list[tuple[Agent, Membership]]) -> dict[str, int]:
    """How many agents of a group are in which state now.

    Ready are those logged on who are neither not ready nor will be after their work. Every agent
    is routable, so the available ones are ICM-available and none is application-available.
    """
    states: defaultdict[AgentState, int] = defaultdict(int)
    talking = dict.fromkeys([*_TALKING.values(), "AgentsTalkingOther"], 0)
    for agent, membership in members:
        states[membership.state] += 1
        if membership.state == AgentState.AGENT_STATE_TALKING:
            talking[_TALKING.get(AgentCallDirection(agent.direction), "AgentsTalkingOther")] += 1
    logged_on = len(members) - states[AgentState.AGENT_STATE_LOGOUT]
    not_ready = states[AgentState.AGENT_STATE_NOT_READY]
    work_not_ready = states[AgentState.AGENT_STATE_WORK_NOT_READY]
    return {
        "AgentsLoggedOn": logged_on,
        "AgentsAvail": states[AgentState.AGENT_STATE_AVAILABLE],
        "AgentsNotReady": not_ready,
        "AgentsReady": logged_on - not_ready - work_not_ready,
        **talking,
        "AgentsWorkNotReady": work_not_ready,
        "AgentsWorkReady": states[AgentState.AGENT_STATE_WORK_READY],
        "AgentsBusyOther": states[AgentState.AGENT_STATE_BUSY_OTHER],
        "AgentsReserved": states[AgentState.AGENT_STATE_RESERVED],
        "AgentsHold": states[AgentState.AGENT_STATE_HOLD],
        "AgentsICMAvailable": states[AgentState.AGENT_STATE_AVAILABLE],
        "AgentsApplicationAvailable": 0,
    }
