"""Calls from outside to agents: queues, the longest available agent, and what a day brings.

Router takes a call to an agent of its service's skill groups, or lets it wait. Workload makes the
calls and lets agents do with them what agents do. Both go through the engines, as requests do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastcil.ged188.enums import AgentState, EventCause
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.model import (
    Agent,
    Call,
    Connection,
    Device,
    Peripheral,
    RequestError,
    Site,
    SkillGroup,
)

__all__ = ["Router", "Workload", "WorkloadOptions"]


class Router:
    """Brings calls to available agents, the longest available first.

    A call that finds nobody waits in the queue of its first skill group; an agent who becomes
    available gets the call that has waited the longest in any of his groups. A call that rings for
    ring_seconds goes to the next agent, and the one who did not answer is made not ready.
    """

    def __init__(
        self, site: Site, calls: CallEngine, agents: AgentEngine, ring_seconds: float = 20.0
    ) -> None:
        self.site = site
        self.calls = calls
        self.agents = agents
        self.ring_seconds = ring_seconds
        self.delivered: Callable[[Connection], None] | None = None
        """Called with every connection that rings at an agent because of the router."""
        agents.on_available = self._available

    def offer(self, call: Call) -> None:
        """Bring a call to an agent, or let it wait."""
        if call.ended:
            return
        groups = self._groups(call)
        for group in groups:
            agent = self.agents.longest_available(group)
            if agent is not None:
                self._give(call, agent, group)
                return
        if groups and not any(call in group.queue for group in groups):
            self.calls.queue(call, groups[0])

    def _groups(self, call: Call) -> list[SkillGroup]:
        if call.service is None:
            return []
        every = self.site.peripherals[call.peripheral_id].skill_groups
        return [every[number] for number in call.service.skill_groups if number in every]

    def _give(self, call: Call, agent: Agent, group: SkillGroup) -> None:
        """Reserve the agent, take the call out of its queue, ring."""
        self.agents.reserve(agent, group)
        self.calls.announce(call, agent)
        if call.skill_group is not None:
            self.calls.dequeue(call, call.skill_group)
        call.skill_group = group
        assert agent.device is not None
        connection = self.calls.deliver(call, agent.device)
        self.site.clock.after(self.ring_seconds, lambda: self._unanswered(connection, agent))
        if self.delivered is not None:
            self.delivered(connection)

    def _unanswered(self, connection: Connection, agent: Agent) -> None:
        """Nobody took it: the agent is made not ready, the call goes on."""
        call = connection.call
        if call.ended or connection.state != Lcs.LCS_ALERTING or call.skill_group is None:
            return
        self.agents.ring_no_answer(agent)
        self.calls.withdraw(connection, call.skill_group)
        self.offer(call)

    def _available(self, agent: Agent) -> None:
        # The agent may become so in the middle of something: look when that is done.
        self.site.clock.after(0.0, lambda: self._serve(agent))

    def _serve(self, agent: Agent) -> None:
        """The oldest call that waits for one of the agent's groups."""
        waiting = [
            (call.began, group, call)
            for group in self._groups_of(agent)
            if self.agents.is_available(agent, group)
            for call in group.queue[:1]
        ]
        if waiting:
            _, group, call = min(waiting, key=lambda one: one[0])
            self._give(call, agent, group)

    @staticmethod
    def _groups_of(agent: Agent) -> list[SkillGroup]:
        return [membership.group for membership in agent.memberships]


@dataclass(frozen=True)
class WorkloadOptions:
    """What a day brings. Times in seconds, shares from 0 to 1.

    calls_per_hour: arrivals from outside for each peripheral's share of the site, in all; 0: none.
    talk_seconds, work_seconds, patience_seconds: means. answer_seconds: longest time until an agent
    answers. no_answer_share: calls that an agent lets ring. hold_share, consult_share,
    transfer_share, conference_share, single_step_share: of the calls that were answered.
    inside_calls_per_hour: calls between agents. break_share: of the calls after which an agent
    takes a break of break_seconds. staff: part of the agents who come to work.
    """

    calls_per_hour: float = 0.0
    talk_seconds: float = 180.0
    work_seconds: float = 20.0
    patience_seconds: float = 120.0
    answer_seconds: float = 6.0
    no_answer_share: float = 0.01
    hold_share: float = 0.15
    consult_share: float = 0.04
    transfer_share: float = 0.05
    conference_share: float = 0.02
    single_step_share: float = 0.02
    inside_calls_per_hour: float = 0.0
    break_share: float = 0.05
    break_seconds: float = 300.0
    staff: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 0:
                raise ValueError(f"{name} is 0 or more, got {value}")
            if name.endswith("_share") and value > 1:
                raise ValueError(f"{name} is 0 to 1, got {value}")
        shares = self.consult_share + self.transfer_share + self.conference_share
        if shares + self.single_step_share > 1:
            raise ValueError("what becomes of answered calls adds up to more than 1")


class Workload:
    """Callers and agents of a day, by chance but always the same for a seed."""

    def __init__(
        self, site: Site, calls: CallEngine, agents: AgentEngine, options: WorkloadOptions
    ) -> None:
        self.site = site
        self.calls = calls
        self.agents = agents
        self.options = options
        self.router: Router | None = None
        self.running = False

    def start(self, router: Router | None = None) -> None:
        """Agents come to work within a minute, then calls arrive."""
        self.running = True
        self.router = router or Router(self.site, self.calls, self.agents)
        self.router.delivered = self._rings
        random, clock = self.site.random, self.site.clock
        for peripheral in self.site.peripherals.values():
            places = list(peripheral.devices.values())
            staff = [a for a in peripheral.agents.values() if random.random() < self.options.staff]
            for agent, device in zip(staff, places):
                clock.after(random.uniform(0.0, 60.0), self._comes(agent, device))
            if self.options.calls_per_hour:
                clock.after(random.uniform(0.0, 1.0), self._arrivals(peripheral))
            if self.options.inside_calls_per_hour:
                clock.after(random.uniform(60.0, 90.0), self._inside(peripheral))

    def stop(self) -> None:
        """No new calls; those there are come to their end."""
        self.running = False

    # -- people --------------------------------------------------------------------------------

    def _comes(self, agent: Agent, device: Device) -> Callable[[], None]:
        def act() -> None:
            if agent.device is None and device.agent is None:
                self.agents.login(agent, device)
                self._later(1.0, 5.0, lambda: self._ready(agent))

        return act

    def _ready(self, agent: Agent) -> None:
        if agent.state == AgentState.AGENT_STATE_NOT_READY and agent.device is not None:
            self.agents.set_state(agent, AgentState.AGENT_STATE_AVAILABLE)

    def _later(self, low: float, high: float, act: Callable[[], None]) -> None:
        """In a while, unless it cannot be done any more by then."""

        def attempt() -> None:
            try:
                act()
            except RequestError:
                # Somebody else was faster: the caller hung up, the agent left.
                return

        self.site.clock.after(self.site.random.uniform(low, high), attempt)

    # -- callers -------------------------------------------------------------------------------

    def _between(self, peripheral: Peripheral, per_hour: float) -> float:
        rate = per_hour / max(1, len(self.site.peripherals)) / 3600.0
        return self.site.random.expovariate(rate)

    def _arrivals(self, peripheral: Peripheral) -> Callable[[], None]:
        def act() -> None:
            if not self.running:
                return
            self._arrive(peripheral)
            self.site.clock.after(self._between(peripheral, self.options.calls_per_hour), act)

        return act

    def _arrive(self, peripheral: Peripheral) -> None:
        random = self.site.random
        services = list(peripheral.services.values())
        if not services or not peripheral.online:
            return
        service = random.choice(services)
        digits = random.randrange(10_000_000)
        call = self.calls.arrive(
            peripheral,
            ani=f"415{digits:07d}",
            dialed_number=service.dialed_number,
            service=service,
            variables={1: random.choice(("GOLD", "SILVER", "BASIC")), 2: service.name},
            entered_digits=f"{digits % 100_000:05d}",
        )
        assert self.router is not None
        self.router.offer(call)
        patience = random.expovariate(1.0 / max(1.0, self.options.patience_seconds))
        self.site.clock.after(patience, lambda: self._abandon(call))

    def _abandon(self, call: Call) -> None:
        """The caller has waited long enough, if nobody talks to him yet."""
        if call.ended or len(call.connections) != 1:
            return
        self.calls.clear_connection(call.connections[0], int(EventCause.CEC_CALL_CANCELLED))

    def _inside(self, peripheral: Peripheral) -> Callable[[], None]:
        def act() -> None:
            if not self.running:
                return
            self._call_inside(peripheral)
            per_hour = self.options.inside_calls_per_hour
            self.site.clock.after(self._between(peripheral, per_hour), act)

        return act

    def _call_inside(self, peripheral: Peripheral) -> None:
        random = self.site.random
        free = [
            d
            for d in peripheral.devices.values()
            if d.agent is not None
            and not d.connections
            and d.agent.state == AgentState.AGENT_STATE_NOT_READY
        ]
        others = [d for d in peripheral.devices.values() if d.agent and not d.connections]
        if not free or len(others) < 2:
            return
        caller, called = random.choice(free), random.choice(others)
        if caller is called:
            return
        try:
            mine = self.calls.make(caller, called.extension)
        except RequestError:
            return
        theirs = next((c for c in mine.call.connections if c.device is called), None)
        if theirs is not None:
            self._later(1.0, 5.0, lambda: self._take(theirs, 60.0))

    # -- what agents do with a call ------------------------------------------------------------

    def _rings(self, connection: Connection) -> None:
        random = self.site.random
        if random.random() < self.options.no_answer_share:
            return
        self._later(
            0.5,
            max(0.5, self.options.answer_seconds),
            lambda: self._take(connection, self.options.talk_seconds),
        )

    def _take(self, connection: Connection, seconds: float) -> None:
        """Answer, talk, and perhaps more than that."""
        if connection.call.ended or connection.state != Lcs.LCS_ALERTING:
            return
        self.calls.answer(connection)
        random, options = self.site.random, self.options
        talk = max(2.0, random.expovariate(1.0 / max(1.0, seconds)))
        chance = random.random()
        if chance < options.hold_share:
            self._later(0.2 * talk, 0.5 * talk, lambda: self._pause(connection))
        chance = random.random()
        for share, act in (
            (options.consult_share, self._consult),
            (options.transfer_share, self._transfer),
            (options.conference_share, self._confer),
            (options.single_step_share, self._pass_on),
        ):
            if chance < share:
                self._later(0.6 * talk, 0.8 * talk, lambda act=act: act(connection))  # type: ignore[misc]
                break
            chance -= share
        if random.random() < 0.3:
            self._later(0.1 * talk, 0.4 * talk, lambda: self._note(connection))
        self._later(talk, talk + 1.0, lambda: self._hang_up(connection))

    def _note(self, connection: Connection) -> None:
        if not connection.call.ended and connection.state == Lcs.LCS_CONNECT:
            text = f"note {self.site.random.randrange(1000)}"
            self.calls.set_data(connection.call, {"CallVariable5": text})

    def _pause(self, connection: Connection) -> None:
        if connection.call.ended or connection.state != Lcs.LCS_CONNECT:
            return
        self.calls.hold(connection)
        self._later(5.0, 40.0, lambda: self._back(connection))

    def _back(self, connection: Connection) -> None:
        if not connection.call.ended and connection.state == Lcs.LCS_HOLD:
            self.calls.retrieve(connection)

    def _colleague(self, connection: Connection) -> Device | None:
        """Another agent whose telephone is free."""
        peripheral = self.site.peripherals[connection.call.peripheral_id]
        free = [
            d
            for d in peripheral.devices.values()
            if d.agent is not None and not d.connections and d.in_service
        ]
        return self.site.random.choice(free) if free else None

    def _start_consult(
        self, connection: Connection, then: Callable[[Connection, Connection], None]
    ) -> None:
        """Call a colleague about the call; `then` when he has answered."""
        if connection.call.ended or connection.state != Lcs.LCS_CONNECT:
            return
        colleague = self._colleague(connection)
        if colleague is None:
            return
        mine = self.calls.consult(connection, colleague.extension)
        theirs = next((c for c in mine.call.connections if c.device is colleague), None)

        def answered() -> None:
            if theirs is None or theirs.state != Lcs.LCS_ALERTING or mine.call.ended:
                return
            self.calls.answer(theirs)
            self._later(5.0, 30.0, lambda: then(mine, connection))
            self._later(90.0, 400.0, lambda: self._hang_up_at(colleague))

        self._later(1.0, 6.0, answered)
        self._later(60.0, 61.0, lambda: self._give_up(mine, connection))

    def _give_up(self, mine: Connection, held: Connection) -> None:
        """A consultation that led nowhere: back to the caller."""
        if not mine.call.ended and mine.state != Lcs.LCS_NULL and held.state == Lcs.LCS_HOLD:
            self.calls.reconnect(mine, held)

    def _consult(self, connection: Connection) -> None:
        self._start_consult(connection, self._give_up)

    def _transfer(self, connection: Connection) -> None:
        self._start_consult(connection, lambda mine, held: self._joined(mine, held, leave=True))

    def _confer(self, connection: Connection) -> None:
        self._start_consult(connection, lambda mine, held: self._joined(mine, held, leave=False))

    def _joined(self, mine: Connection, held: Connection, *, leave: bool) -> None:
        if mine.call.ended or held.call.ended:
            return
        if leave:
            self.calls.transfer(mine, held)
        else:
            self.calls.conference(mine, held)

    def _pass_on(self, connection: Connection) -> None:
        """Transfer in a single step to a colleague, who answers."""
        if connection.call.ended or connection.state != Lcs.LCS_CONNECT:
            return
        colleague = self._colleague(connection)
        if colleague is None:
            return
        call = self.calls.single_step_transfer(connection, colleague.extension)
        theirs = next((c for c in call.connections if c.device is colleague), None)
        if theirs is not None:
            self._later(1.0, 6.0, lambda: self._take(theirs, self.options.talk_seconds / 2))
            self._later(60.0, 61.0, lambda: self._unanswered(theirs))

    def _unanswered(self, connection: Connection) -> None:
        if not connection.call.ended and connection.state == Lcs.LCS_ALERTING:
            self.calls.clear_connection(connection)

    def _hang_up_at(self, device: Device) -> None:
        for connection in list(device.connections):
            if connection.state == Lcs.LCS_CONNECT:
                self._hang_up(connection)

    def _hang_up(self, connection: Connection) -> None:
        """The talk is over, unless it went on elsewhere."""
        call, device = connection.call, connection.device
        if call.ended or connection.state == Lcs.LCS_NULL:
            return
        if connection.state != Lcs.LCS_CONNECT or (
            device is not None and len(device.connections) > 1
        ):
            self._later(10.0, 20.0, lambda: self._hang_up(connection))
            return
        agent = device.agent if device is not None else None
        self.calls.clear_connection(connection)
        if agent is not None:
            work = self.site.random.expovariate(1.0 / max(1.0, self.options.work_seconds))
            self._later(work, work + 1.0, lambda: self._after_work(agent))

    def _after_work(self, agent: Agent) -> None:
        """Back to work, or a break first."""
        if agent.device is None or agent.device.connections:
            return
        if self.site.random.random() < self.options.break_share:
            self.agents.set_state(agent, AgentState.AGENT_STATE_NOT_READY, reason=1)
            pause = self.site.random.expovariate(1.0 / max(1.0, self.options.break_seconds))
            self._later(pause, pause + 1.0, lambda: self._ready(agent))
        elif agent.state != AgentState.AGENT_STATE_AVAILABLE:
            self.agents.set_state(agent, AgentState.AGENT_STATE_AVAILABLE)
