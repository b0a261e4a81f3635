"""What calls do to an agent: the state they put him in, and what is counted of them.

The call engine reports each change of a connection; everything here is derived from the
connections at the agent's device, so it cannot disagree with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastcil.ged188.enums import AgentCallDirection, AgentState
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.model import Agent, Call, Connection, SkillGroup
from fastcil.simulator.statistics import CallKind, Statistics

__all__ = ["DIRECTIONS", "CallBook", "CallRecord", "call_state", "group_of"]

DIRECTIONS = {
    "in": (CallKind.IN, AgentCallDirection.IN),
    "out": (CallKind.OUT, AgentCallDirection.OUT),
    "auto": (CallKind.AUTO_OUT, AgentCallDirection.OUTBOUND_PREDICTIVE),
    "preview": (CallKind.PREVIEW, AgentCallDirection.OUTBOUND_PREVIEW),
    "reserve": (CallKind.RESERVATION, AgentCallDirection.OUTBOUND_RESERVE),
    "internal": (None, AgentCallDirection.NONE),
    "consult": (None, AgentCallDirection.NONE),
    "supervise": (None, AgentCallDirection.NONE),
}
"""What the call engine may say of a call: how it counts, and AGENT_STATE_EVENT.Direction. None:
who began it decides."""

_OVER = (Lcs.LCS_NULL, Lcs.LCS_NONE)
_TALKING = (Lcs.LCS_CONNECT, Lcs.LCS_INITIATE, Lcs.LCS_FAIL)
"""A telephone off the hook is busy with its call from the first moment, as the talk time of calls
made by the agent demands ("from the call being initiated by the agent"); one that hears a busy
tone still is."""


def group_of(agent: Agent, call: Call) -> SkillGroup | None:
    """The skill group that the call counts for at this agent.

    The call's own when the agent is in it, else his first: "some ACDs ignore this field and use the
    ACD default" (guide, CALL_DELIVERED_EVENT, SkillGroupNumber).
    """
    groups = [m.group for m in agent.memberships if m.state != AgentState.AGENT_STATE_LOGOUT]
    if call.skill_group in groups:
        return call.skill_group
    return groups[0] if groups else None


@dataclass(eq=False)
class CallRecord:
    """One call at one agent, from its first change there to its last."""

    connection: Connection
    kind: CallKind
    direction: AgentCallDirection
    group: SkillGroup | None
    counted: bool
    """False for a supervisor's own leg of supervision: that is counted by the call engine."""
    began: float
    answered: float | None = None
    held_since: float | None = None
    held: float = 0.0
    holds: int = 0
    ended: float | None = None

    def moved(self, state: Lcs, now: float) -> None:
        """The connection is in this state now."""
        if self.answered is None and (state in _TALKING or state == Lcs.LCS_HOLD):
            self.answered = now
        if state == Lcs.LCS_HOLD:
            if self.held_since is None:
                self.held_since = now
                self.holds += 1
        elif self.held_since is not None:
            self.held += now - self.held_since
            self.held_since = None
        if state in _OVER:
            self.ended = now

    @property
    def talk(self) -> float:
        """Seconds from the answer, or the beginning of a call that the agent made, to the end."""
        assert self.answered is not None
        assert self.ended is not None
        return self.ended - self.answered


class CallBook:
    """The calls of one agent: those under way, and those whose after-call work is not done."""

    def __init__(self, agent: Agent, statistics: Statistics) -> None:
        self._agent = agent
        self._statistics = statistics
        self.open: dict[int, CallRecord] = {}
        self.finished: list[CallRecord] = []
        self.work_since: float | None = None
        """When after-call work for the finished calls began; None: there is none."""

    def change(self, connection: Connection, direction: str, now: float) -> None:
        """The connection is in the state that it has now; nothing when that is known already."""
        state = connection.state
        record = self.open.get(id(connection))
        if record is not None and state not in _OVER and _becomes(record, direction):
            # A consultation that was transferred is the caller's call from now on.
            record.moved(Lcs.LCS_NULL, now)
            self._finish(record)
            record = None
        if record is None:
            if state in _OVER:
                return
            record = self._begin(connection, direction, now)
        record.moved(state, now)
        if record.ended is not None:
            self._finish(record)

    def _finish(self, record: CallRecord) -> None:
        del self.open[id(record.connection)]
        if record.answered is not None:
            self.finished.append(record)

    def _begin(self, connection: Connection, direction: str, now: float) -> CallRecord:
        kind, sense = DIRECTIONS[direction]
        if kind is None:
            received = connection.state == Lcs.LCS_ALERTING
            kind = CallKind.INTERNAL_IN if received else CallKind.INTERNAL_OUT
            sense = AgentCallDirection.OTHER_IN if received else AgentCallDirection.OTHER_OUT
        # A consultation belongs to the call that it is about.
        first = next(iter(self.open.values()), None)
        internal = kind in (CallKind.INTERNAL_IN, CallKind.INTERNAL_OUT)
        if internal and first is not None:
            group = first.group
        else:
            group = group_of(self._agent, connection.call)
        record = CallRecord(connection, kind, sense, group, direction != "supervise", now)
        self.open[id(connection)] = record
        return record

    def abandon(self, now: float) -> None:
        """The agent leaves while calls go on without him: what he did of them counts."""
        for record in self.open.values():
            record.moved(Lcs.LCS_NULL, now)
            if record.answered is not None:
                self.finished.append(record)
        self.open.clear()

    def commit(self, now: float) -> None:
        """The finished calls are counted, with the after-call work that ends now.

        The work belongs to the call that ended last among those that bring any.
        """
        work = 0.0 if self.work_since is None else now - self.work_since
        self.work_since = None
        worked = next((r for r in reversed(self.finished) if brings_work(r)), None)
        for record in self.finished:
            if record.counted:
                self._statistics.call_handled(
                    self._agent,
                    record.group,
                    record.kind,
                    talk=record.talk,
                    held=record.held,
                    holds=record.holds,
                    work=work if record is worked else 0.0,
                )
        self.finished.clear()


def _becomes(record: CallRecord, direction: str) -> bool:
    """Whether a call between agents is another kind of call by now."""
    kind = DIRECTIONS[direction][0]
    return kind is not None and kind is not record.kind and not brings_work(record)


def brings_work(record: CallRecord) -> bool:
    """Whether after-call work follows such a call: calls between agents have none."""
    return record.kind not in (CallKind.INTERNAL_IN, CallKind.INTERNAL_OUT)


def call_state(agent: Agent, book: CallBook) -> tuple[AgentState | None, CallRecord | None]:
    """The state that the calls at his device put the agent in, and the call that decides it.

    None: none does. TALKING on any call; HOLD when "the agent currently has all calls on hold";
    RESERVED while a call that was routed to him rings (guide, AgentState Values).
    """
    records = list(book.open.values())
    for record in records:
        if record.connection.state in _TALKING:
            return AgentState.AGENT_STATE_TALKING, record
    for record in records:
        if record.connection.state == Lcs.LCS_HOLD:
            return AgentState.AGENT_STATE_HOLD, record
    for record in records:
        if record.connection.state == Lcs.LCS_ALERTING and _reserves(agent, record):
            return AgentState.AGENT_STATE_RESERVED, record
    return None, None


def _reserves(agent: Agent, record: CallRecord) -> bool:
    """A ringing call takes the agent only when it was routed to him: one that merely rings at a
    telephone whose agent is not ready leaves him as he is."""
    routed = record.kind not in (CallKind.INTERNAL_IN, CallKind.INTERNAL_OUT)
    ready = (AgentState.AGENT_STATE_AVAILABLE, AgentState.AGENT_STATE_RESERVED)
    return routed and agent.state in ready
