"""Agents and their states.

Source: guide, Constants and Status Codes, AgentState Values; Application Level Interfaces,
SET_AGENT_STATE_REQ, AGENT_STATE_EVENT and AGENT_DESK_SETTINGS_CONF.

An agent logs in (LOGIN, then NOT_READY), makes himself AVAILABLE, is RESERVED for a call, is
TALKING, has all calls on HOLD, does after-call work (WORK_READY or WORK_NOT_READY) and logs out.
In the skill groups that his call does not belong to he is BUSY_OTHER meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastcil.ged188.enums import (
    AgentCallDirection,
    AgentState,
    AgentWorkMode,
    ControlFailureCode,
)
from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.simulator.agent_calls import CallBook, CallRecord, call_state
from fastcil.simulator.agent_checks import (
    check_authentic,
    check_groups,
    check_logged_in,
    check_login,
    check_logout,
    check_reason,
    check_work,
    check_work_mode,
    check_wrapup_data,
    last_with_work,
    work_follows,
)
from fastcil.simulator.agent_desk import ReasonCode
from fastcil.simulator.agent_events import (
    agent_audience,
    agent_values,
    system_values,
    team_config_values,
)
from fastcil.simulator.model import (
    Agent,
    Connection,
    Device,
    Membership,
    RequestError,
    Site,
    SkillGroup,
)
from fastcil.simulator.statistics import CallKind, Statistics

__all__ = ["AgentEngine", "system_values", "team_config_values"]

LOGIN = AgentState.AGENT_STATE_LOGIN
LOGOUT = AgentState.AGENT_STATE_LOGOUT
NOT_READY = AgentState.AGENT_STATE_NOT_READY
AVAILABLE = AgentState.AGENT_STATE_AVAILABLE
TALKING = AgentState.AGENT_STATE_TALKING
HOLD = AgentState.AGENT_STATE_HOLD
RESERVED = AgentState.AGENT_STATE_RESERVED
WORK_READY = AgentState.AGENT_STATE_WORK_READY
WORK_NOT_READY = AgentState.AGENT_STATE_WORK_NOT_READY
BUSY_OTHER = AgentState.AGENT_STATE_BUSY_OTHER

WORKING = (WORK_READY, WORK_NOT_READY)
ON_CALL = (TALKING, HOLD)
REQUESTABLE = (NOT_READY, AVAILABLE, WORK_READY, WORK_NOT_READY)
"""What a client may ask for besides LOGIN and LOGOUT: the other states come from calls."""


class AgentEngine:
    """Moves agents between states, and tells of it.

    on_available: called right after an agent became available, possibly in the middle of what
    made him so; whoever sets it plans what it wants to do instead of doing it at once.
    """

    def __init__(self, site: Site, statistics: Statistics) -> None:
        self.site = site
        self.statistics = statistics
        self.on_available: Callable[[Agent], None] | None = None
        self._books: dict[int, CallBook] = {}

    # What clients ask for

    def login(
        self,
        agent: Agent,
        device: Device,
        *,
        password: str | None = None,
        reason: int = 0,
        work_mode: int = 0,
        signature: str = "",
        groups: Sequence[int] = (),
        forced: bool = False,
        sso: bool = False,
        terminal: str = "",
        position: str = "",
        remote_number: str = "",
    ) -> None:
        """Log the agent in at a device: LOGIN, then NOT_READY.

        password: None trusts the caller. groups: numbers of the skill groups to log in to, all
        when empty; only agents whose desk settings let them select groups may choose. forced: an
        agent who is logged in elsewhere, and one who has the device, are logged out first. Raises
        RequestError with the codes of authenticate(), CF_SPECIFIED_AGENT_ALREADY_SIGNED_ON,
        CF_SPECIFIED_EXTENSION_ALREADY_IN_USE, CF_INVALID_LOGON_DEVICE_SPECIFIED,
        CF_INVALID_AGENT_WORKMODE, CF_INVALID_SKILL_GROUP_SPECIFIED.
        """
        self.authenticate(agent, password, sso=sso)
        check_login(agent, device, work_mode, groups, forced)
        for other in (agent, device.agent):
            if other is not None and other.state != LOGOUT:
                self.logout(other, forced=True)
        now = self.site.clock.now
        agent.device, device.agent = device, agent
        agent.client_signature = signature
        agent.work_mode, agent.logged_on_at = work_mode, now
        agent.active_terminal, agent.position_id = terminal, position
        agent.remote_number = remote_number
        agent.idle, agent.idle_reason = NOT_READY, reason
        agent.after_call, agent.busy_group, agent.reserved_for = None, None, None
        chosen = groups if agent.desk.allows(Desk.DESK_AGENT_CAN_SELECT_GROUP_MASK) else ()
        for membership in agent.memberships:
            selected = not chosen or membership.group.number in chosen
            _move(agent, membership, NOT_READY if selected else LOGOUT, now)
        agent.state, agent.since, agent.reason = NOT_READY, now, 0
        self._books[agent.icm_id] = CallBook(agent, self.statistics)
        self.statistics.agent_state(agent)
        self._emit(agent, state=LOGIN)
        agent.reason = reason
        self._emit(agent)
        self._watch_activity(agent)

    def authenticate(self, agent: Agent, password: str | None, *, sso: bool = False) -> None:
        """Check the password as the site demands it and change nothing but the count of errors.

        Raises RequestError: CF_INVALID_PASSWORD_SPECIFIED, CF_AGENT_ACCOUNT_LOCKED_OUT.
        """
        check_authentic(self.site.rules, agent, password, sso=sso)

    def logout(
        self,
        agent: Agent,
        *,
        reason: int = 0,
        forced: bool = False,
        groups: Sequence[int] = (),
    ) -> None:
        """Log the agent out, or out of some of his skill groups only.

        forced: whatever he does, and without a reason. Raises RequestError:
        CF_INVALID_OBJECT_STATE when he is not logged in or must be not ready first,
        CF_REASON_CODE_REQUIRED, CF_INVALID_AGENT_REASON_CODE, CF_INVALID_SKILL_GROUP_SPECIFIED.
        """
        check_logged_in(agent)
        if not forced:
            check_logout(self.site.rules, agent, reason)
        if groups:
            left = self._leave_groups(agent, groups, reason)
            if left:
                return
        now = self.site.clock.now
        book = self._books.pop(agent.icm_id)
        book.abandon(now)
        book.commit(now)
        self._stop_timer(agent)
        agent.state, agent.since, agent.reason = LOGOUT, now, reason
        agent.after_call, agent.busy_group, agent.reserved_for = None, None, None
        agent.direction = 0
        for membership in agent.memberships:
            _move(agent, membership, LOGOUT, now)
        self.statistics.agent_state(agent)
        self._emit(agent)
        if agent.device is not None:
            agent.device.agent = None
        agent.device = None
        agent.client_signature = ""

    def set_state(
        self,
        agent: Agent,
        state: AgentState,
        *,
        reason: int = 0,
        work_mode: int = 0,
        forced: bool = False,
    ) -> None:
        """What the agent asks for takes effect at once, or after the calls he is on.

        forced: no reason is demanded, as when a supervisor does it. Raises RequestError:
        CF_INVALID_OBJECT_STATE for one who is not logged in,
        CF_VALUE_OUT_OF_RANGE for a state that nobody can ask for, CF_INVALID_OBJECT_STATE for
        after-call work without a call, CF_REASON_CODE_REQUIRED, CF_INVALID_AGENT_REASON_CODE,
        CF_INVALID_AGENT_WORKMODE, CF_WRAPUP_DATA_REQUIRED.
        """
        if state == LOGOUT:
            self.logout(agent, reason=reason, forced=forced)
            return
        check_logged_in(agent)
        if state not in REQUESTABLE:
            raise RequestError(
                ControlFailureCode.CF_VALUE_OUT_OF_RANGE,
                f"agent state {int(state)} comes by itself",
            )
        check_work_mode(work_mode)
        if state == NOT_READY and not forced:
            check_reason(self.site.rules, agent, reason, Desk.DESK_IDLE_REASON_REQUIRED_MASK)
        book = self._books[agent.icm_id]
        if state in WORKING:
            check_work(agent, book, state)
        if agent.state in WORKING and state not in WORKING and not forced:
            check_wrapup_data(agent, book)
        agent.work_mode = work_mode or agent.work_mode
        reason = reason if state == NOT_READY else 0
        if agent.state in ON_CALL or agent.state == RESERVED:
            agent.after_call, agent.after_reason = state, reason
            self._emit(agent, next_state=state)
        elif state in WORKING:
            if state != agent.state:
                self._work(agent, state)
        elif state != agent.state or reason != agent.reason:
            self._end_work(agent)
            self._rest(agent, state, reason)

    # What routing does

    def reserve(self, agent: Agent, group: SkillGroup | None) -> None:
        """Hold the available agent for an inbound call that will come. Raises RequestError
        CF_INVALID_OBJECT_STATE when he is not available."""
        if agent.state != AVAILABLE:
            raise RequestError(
                ControlFailureCode.CF_INVALID_OBJECT_STATE, f"agent {agent.id} is not available"
            )
        agent.reserved_for = group or (agent.memberships[0].group if agent.memberships else None)
        agent.direction = int(AgentCallDirection.IN)
        self._enter(agent, RESERVED, agent.reserved_for)

    def release_reservation(self, agent: Agent) -> None:
        """The call will not come; nothing happens when he is not reserved or it rings already."""
        if agent.state == RESERVED and not self._books[agent.icm_id].open:
            agent.reserved_for = None
            self._after_calls(agent)

    def ring_no_answer(self, agent: Agent) -> None:
        """A call that was routed to the agent rings and is about to be taken away: he will be
        NOT_READY then. Nothing happens to one who is not reserved."""
        if agent.state != RESERVED:
            return
        agent.after_call, agent.after_reason = NOT_READY, ReasonCode.NOT_ANSWERED

    def available(self, group: SkillGroup) -> list[Agent]:
        """The agents who could take a call of the group now, longest available first."""
        ready = [a for a in group.ready.values() if self.is_available(a, group)]
        return sorted(ready, key=lambda a: a.since)

    def longest_available(self, group: SkillGroup) -> Agent | None:
        """The first of available()."""
        ready = (a for a in group.ready.values() if self.is_available(a, group))
        return min(ready, key=lambda a: a.since, default=None)

    def is_available(self, agent: Agent, group: SkillGroup) -> bool:
        """Whether the agent can take a call of the group now: he is AVAILABLE there, and his
        telephone has no call."""
        device = agent.device
        return agent.icm_id in group.ready and device is not None and not device.connections

    def skills_changed(self, agent: Agent, had: Sequence[SkillGroup]) -> None:
        """The agent's skill groups are others now; `had`: those of before.

        In the new ones he is what he is, and BUSY_OTHER while he works for another.
        """
        if agent.state == LOGOUT:
            return
        state = agent.state if agent.busy_group is None else BUSY_OTHER
        for membership in agent.memberships:
            if membership.group not in had:
                _move(agent, membership, state, self.site.clock.now)
        self.statistics.agent_state(agent)
        self._emit(agent, next_state=agent.after_call)
        if agent.state == AVAILABLE:
            self._became_available(agent)

    def state_values(self, agent: Agent) -> list[dict[str, Any]]:
        """The AGENT_STATE_EVENTs that describe the agent as he is now."""
        return [agent_values(self.site, agent, next_state=agent.after_call)]

    # What calls do

    def call_state_changed(self, agent: Agent, connection: Connection, direction: str) -> None:
        """A connection at the agent's device changed; agent_calls.DIRECTIONS has the directions."""
        book = self._books.get(agent.icm_id)
        if book is None:
            return
        now = self.site.clock.now
        book.change(connection, direction, now)
        if agent.device is not None:
            # A call that takes another's place is at the device before the other goes.
            for other in agent.device.connections:
                if other is not connection:
                    book.change(other, other.call.direction, now)
        state, record = call_state(agent, book)
        if state is not None and record is not None:
            self._on_call(agent, book, state, record)
        elif agent.state in ON_CALL or (agent.state == RESERVED and agent.reserved_for is None):
            self._after_calls(agent)
        elif agent.state == AVAILABLE and not book.open:
            # A call between agents rang in vain; while it did, nothing could be routed here.
            self._became_available(agent)

    def _on_call(self, agent: Agent, book: CallBook, state: AgentState, record: CallRecord) -> None:
        agent.reserved_for = None
        if agent.state in WORKING:
            self._end_work(agent)
        direction = int(record.direction)
        if state != agent.state or record.group is not agent.busy_group:
            self._stop_timer(agent)
            agent.direction = direction
            self._enter(agent, state, record.group)
        elif direction != agent.direction:
            agent.direction = direction
            self._emit(agent, next_state=agent.after_call)

    def _after_calls(self, agent: Agent) -> None:
        """The last call ended, or the reservation: after-call work, or back to rest."""
        book = self._books[agent.icm_id]
        wish, wish_reason = agent.after_call, agent.after_reason
        agent.after_call, agent.after_reason = None, 0
        last = last_with_work(book.finished)
        rest, reason = self._rest_after(agent, last)
        if wish in (NOT_READY, AVAILABLE):
            rest, reason = wish, wish_reason
        agent.idle, agent.idle_reason = rest, reason
        work = wish if wish in WORKING else None
        if work is None and last is not None and work_follows(agent, last):
            work = WORK_READY if rest == AVAILABLE else WORK_NOT_READY
        if work is not None and last is not None:
            self._work(agent, work)
            return
        book.commit(self.site.clock.now)
        self._rest(agent, rest, reason)

    def _rest_after(self, agent: Agent, last: CallRecord | None) -> tuple[AgentState, int]:
        """Where calls lead back to.

        The work mode decides, else the desk settings: to AVAILABLE after an inbound call for one
        who was available before, and after an outbound call in any case, where they say so. Other
        calls lead back to where the agent was.
        """
        if last is None:
            return agent.idle, agent.idle_reason
        if agent.work_mode == AgentWorkMode.AWM_AUTO_IN:
            return AVAILABLE, 0
        if agent.work_mode == AgentWorkMode.AWM_MANUAL_IN:
            return NOT_READY, 0
        if last.kind is CallKind.IN:
            if agent.idle == NOT_READY:
                return NOT_READY, agent.idle_reason
            ready = agent.desk.allows(Desk.DESK_AVAIL_AFTER_INCOMING_MASK)
            return (AVAILABLE, 0) if ready else (NOT_READY, 0)
        if agent.desk.allows(Desk.DESK_AVAIL_AFTER_OUTGOING_MASK):
            return AVAILABLE, 0
        return agent.idle, agent.idle_reason

    def _work(self, agent: Agent, state: AgentState) -> None:
        """After-call work begins, or becomes work of the other kind; its time runs on then."""
        self._stop_timer(agent)
        now = self.site.clock.now
        book = self._books[agent.icm_id]
        if book.work_since is None:
            book.work_since = now
        rest = AVAILABLE if state == WORK_READY else NOT_READY
        agent.idle, agent.idle_reason = rest, 0 if rest == AVAILABLE else agent.idle_reason
        seconds = agent.desk.work_mode_timer
        left = max(0.0, book.work_since + seconds - now)
        duration = int(left) if seconds else None
        self._enter(agent, state, agent.busy_group, duration=duration, next_state=rest)
        if seconds:
            agent.timer = self.site.clock.after(left, lambda: self._work_timed_out(agent))

    def _work_timed_out(self, agent: Agent) -> None:
        if agent.state in WORKING:
            self._end_work(agent)
            self._rest(agent, agent.idle, agent.idle_reason)

    def _end_work(self, agent: Agent) -> None:
        """After-call work is done, if there was any: the calls count."""
        self._stop_timer(agent)
        if agent.state in WORKING:
            self._books[agent.icm_id].commit(self.site.clock.now)

    def _rest(self, agent: Agent, state: AgentState, reason: int) -> None:
        """AVAILABLE or NOT_READY, until something happens."""
        self._stop_timer(agent)
        agent.idle, agent.idle_reason = state, reason
        agent.direction = 0
        self._enter(agent, state, None, reason=reason)
        if state == AVAILABLE:
            self._became_available(agent)
        else:
            self._watch_activity(agent)

    def _became_available(self, agent: Agent) -> None:
        if self.on_available is not None:
            self.on_available(agent)

    def _enter(
        self,
        agent: Agent,
        state: AgentState,
        group: SkillGroup | None,
        *,
        reason: int = 0,
        duration: int | None = None,
        next_state: AgentState | None = None,
    ) -> None:
        """The one place where a logged-in agent's state changes."""
        now = self.site.clock.now
        agent.state, agent.since, agent.reason = state, now, reason
        agent.busy_group = group
        for membership in agent.memberships:
            if membership.state == LOGOUT:
                continue
            other = group is not None and membership.group is not group
            _move(agent, membership, BUSY_OTHER if other else state, now)
        self.statistics.agent_state(agent)
        self._emit(agent, duration=duration, next_state=next_state or agent.after_call)

    def _emit(
        self,
        agent: Agent,
        *,
        state: AgentState | None = None,
        duration: int | None = None,
        next_state: AgentState | None = None,
    ) -> None:
        values = agent_values(
            self.site, agent, state=state, duration=duration, next_state=next_state
        )
        self.site.emit("AGENT_STATE_EVENT", values, agent_audience(agent))

    def _watch_activity(self, agent: Agent) -> None:
        """LogoutNonActivityTime runs while the agent is not ready and nothing happens."""
        self._stop_timer(agent)
        seconds = agent.desk.logout_non_activity
        if seconds:
            agent.timer = self.site.clock.after(
                seconds, lambda: self.logout(agent, reason=ReasonCode.NO_ACTIVITY, forced=True)
            )

    def _stop_timer(self, agent: Agent) -> None:
        if agent.timer is not None:
            agent.timer.cancel()
            agent.timer = None

    def _leave_groups(self, agent: Agent, groups: Sequence[int], reason: int) -> bool:
        """Log out of some groups; False when none would be left."""
        check_groups(agent, groups)
        stay = [m for m in agent.memberships if m.state != LOGOUT and m.group.number not in groups]
        if not stay:
            return False
        now = self.site.clock.now
        for membership in agent.memberships:
            if membership.group.number in groups:
                _move(agent, membership, LOGOUT, now)
        agent.reason = reason
        self.statistics.agent_state(agent)
        self._emit(agent)
        return True


def _move(agent: Agent, membership: Membership, state: AgentState, now: float) -> None:
    """The agent's state in one skill group, and whom the group has available."""
    if state == membership.state:
        return
    membership.state, membership.since = state, now
    ready = membership.group.ready
    if state == AVAILABLE:
        ready[agent.icm_id] = agent
    else:
        ready.pop(agent.icm_id, None)
