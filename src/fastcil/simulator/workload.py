"""A day at the site: callers who arrive by chance, and agents who do with calls what agents do.

Everything goes through the engines, as requests of clients do, so it has the same effects and is
refused for the same reasons.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from fastcil.ged188.enums import AgentState
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.agent_desk import ReasonCode
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.call_events import over
from fastcil.simulator.call_router import Router
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.model import (
    Agent,
    Call,
    Connection,
    Device,
    Event,
    Peripheral,
    RequestError,
    Service,
    Site,
)
from fastcil.simulator.workload_agents import AgentHands
from fastcil.simulator.workload_options import WorkloadOptions

__all__ = ["Workload"]

AVAILABLE = AgentState.AGENT_STATE_AVAILABLE
NOT_READY = AgentState.AGENT_STATE_NOT_READY
_WORKING = (AgentState.AGENT_STATE_WORK_READY, AgentState.AGENT_STATE_WORK_NOT_READY)
_BREAKS = (1, 2, 3)
"""Reason codes of breaks, where the site has no list of its own."""


class Workload(AgentHands):
    """Callers and agents of a day, by chance but always the same for a seed.

    Agents whom a client logged in, with a signature, are left alone: calls are routed to them, and
    what they do with them is the client's.
    """

    def __init__(
        self, site: Site, calls: CallEngine, agents: AgentEngine, options: WorkloadOptions
    ) -> None:
        super().__init__(site, calls, agents, options)
        self.router: Router | None = None
        self.running = False
        self._watching = False
        self._on_break: set[int] = set()

    def start(self, router: Router | None = None) -> None:
        """Agents come to work within a minute, then calls arrive."""
        self.running = True
        self.router = router or Router(self.site, self.calls, self.agents)
        self.router.delivered = self._rings
        if self.options.connect_seconds:
            self.router.connect_seconds = self.options.connect_seconds
        if not self._watching:
            self._watching = True
            self.site.subscribe(self._watch)
        random, clock, options = self.site.random, self.site.clock, self.options
        for peripheral in self.site.peripherals.values():
            places = list(peripheral.devices.values())
            agents = list(peripheral.agents.values())[: -options.people or None]
            staff = [agent for agent in agents if random.random() < options.staff]
            for agent, device in zip(staff, places):
                clock.after(random.uniform(0.0, 60.0), self._comes(agent, device))
            for rate, first, act in (
                (options.calls_per_hour, 0.0, self._arrive),
                (options.inside_calls_per_hour, 60.0, self._call_inside),
                (options.outside_calls_per_hour, 60.0, self._call_outside),
                (options.predictive_calls_per_hour, 60.0, self._predict),
                (options.supervisions_per_hour, 60.0, self._supervise),
            ):
                if rate:
                    clock.after(
                        first + random.uniform(0.0, 1.0), self._again(peripheral, rate, act)
                    )

    def stop(self) -> None:
        """No new calls; those there are come to their end."""
        self.running = False

    def _again(
        self, peripheral: Peripheral, per_hour: float, act: Callable[[Peripheral], None]
    ) -> Callable[[], None]:
        """Do something at random times, so often in an hour for the peripheral's share."""
        rate = per_hour / max(1, len(self.site.peripherals)) / 3600.0

        def do() -> None:
            if not self.running:
                return
            if peripheral.online:
                # Somebody may have been faster at the telephone that was chosen.
                with suppress(RequestError):
                    act(peripheral)
            self.site.clock.after(self.site.random.expovariate(rate), do)

        return do

    # -- people --------------------------------------------------------------------------------

    def _comes(self, agent: Agent, device: Device) -> Callable[[], None]:
        def act() -> None:
            peripheral = self.site.peripherals[agent.peripheral_id]
            if agent.device is None and device.agent is None and peripheral.online:
                self.agents.login(agent, device)

        return act

    def _watch(self, event: Event) -> None:
        """Agents go on by themselves: from after-call work, from breaks, from nothing to do."""
        if event.name != "AGENT_STATE_EVENT":
            return
        state = event.values["AgentState"]
        if state != NOT_READY and state not in _WORKING:
            return
        agent = self.site.peripherals[event.values["PeripheralID"]].agents.get(
            event.values["AgentID"]
        )
        # LOGIN is told before the agent is in a state; the event of the state itself counts.
        if agent is None or agent.state != state or not self._acts_for(agent):
            return
        since, random = agent.since, self.site.random
        if state in _WORKING:
            wait = random.expovariate(1.0 / max(1.0, self.options.work_seconds))
            self._later(wait, wait + 1.0, lambda: self._after_work(agent, since))
            return
        if agent.icm_id in self._on_break:
            self._on_break.discard(agent.icm_id)
            wait = random.expovariate(1.0 / max(1.0, self.options.break_seconds))
        elif agent.reason == ReasonCode.NOT_ANSWERED:
            wait = random.uniform(5.0, 30.0)
        else:
            wait = random.uniform(1.0, 5.0)
        self._later(wait, wait + 1.0, lambda: self._ready(agent, since))

    def _ready(self, agent: Agent, since: float) -> None:
        if agent.state == NOT_READY and agent.since == since:
            self.agents.set_state(agent, AVAILABLE)

    def _after_work(self, agent: Agent, since: float) -> None:
        """Back to work, or a break first."""
        if agent.state not in _WORKING or agent.since != since:
            return
        self._wrap_up(agent)
        random = self.site.random
        if random.random() >= self.options.break_share:
            self.agents.set_state(agent, AVAILABLE)
            return
        codes = self.site.rules.reason_codes
        reason = random.choice(_BREAKS if not codes else sorted(codes))
        self._on_break.add(agent.icm_id)
        self.agents.set_state(agent, NOT_READY, reason=reason)

    # -- callers -------------------------------------------------------------------------------

    def _service(self, peripheral: Peripheral) -> Service | None:
        services = list(peripheral.services.values())
        return self.site.random.choice(services) if services else None

    def _arrive(self, peripheral: Peripheral) -> None:
        random, options = self.site.random, self.options
        service = self._service(peripheral)
        if service is None:
            return
        digits = random.randrange(10_000_000)
        arguments = {
            "ani": f"415{digits:07d}",
            "dialed_number": service.dialed_number,
            "service": service,
            "variables": {1: random.choice(("GOLD", "SILVER", "BASIC")), 2: service.name},
            "entered_digits": f"{digits % 100_000:05d}",
        }
        if options.trunks:
            arguments["trunk"] = random.randrange(options.trunks)
        if options.translation_share and random.random() < options.translation_share:
            expected = self.calls.expect(peripheral, **arguments)
            self._later(0.5, 3.0, lambda: self._waits(self.calls.arrive_expected(expected)))
        else:
            self._waits(self.calls.arrive(peripheral, **arguments))  # type: ignore[arg-type]

    def _waits(self, call: Call) -> None:
        """A caller is there: he is brought to an agent, or hangs up when it takes too long."""
        assert self.router is not None
        self.router.offer(call)
        patience = self.site.random.expovariate(1.0 / max(1.0, self.options.patience_seconds))
        self.site.clock.after(patience, lambda: self._abandon(call))

    def _abandon(self, call: Call) -> None:
        """The caller has waited long enough, if nobody talks to him yet."""
        if not call.ended and not call.answered and call.connections:
            self.calls.clear_connection(call.connections[0])

    def _predict(self, peripheral: Peripheral) -> None:
        """A service calls a customer; one who is not put through hangs up."""
        service = self._service(peripheral)
        if service is None:
            return
        dialed = f"212{self.site.random.randrange(10_000_000):07d}"
        call = self.calls.predict(peripheral, service, service.dialed_number, dialed, {})
        customer = call.connections[0]
        patience = self.site.random.uniform(15.0, 45.0)
        self.site.clock.after(patience, lambda: self._not_put_through(customer))

    def _not_put_through(self, customer: Connection) -> None:
        call = customer.call
        talks = any(c.device is not None and c.state != Lcs.LCS_ALERTING for c in call.connections)
        if not call.ended and not over(customer.state) and not talks:
            self.calls.clear_connection(customer)
