"""What agents do with the calls at their telephones, by chance.

Each connection at an agent's telephone gets an end from whoever made it ring or answered it, and
the end is put off as long as it cannot come yet: so every call comes to an end.
"""

from __future__ import annotations

from collections.abc import Callable

from fastcil.ged188.enums import AgentState, EventCause, WrapupDataMode
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.call_events import over
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.model import Agent, Connection, Device, Peripheral, RequestError, Site
from fastcil.simulator.workload_options import WorkloadOptions

__all__ = ["AgentHands"]

_NOTE_SHARE = 0.3
"""Of the calls in which the agent writes something down."""
_HELP_SHARE = 0.25
"""Of the calls listened to that the supervisor comes into."""
_TALKING = AgentState.AGENT_STATE_TALKING


class AgentHands:
    """The hands of the agents."""

    def __init__(
        self, site: Site, calls: CallEngine, agents: AgentEngine, options: WorkloadOptions
    ) -> None:
        self.site = site
        self.calls = calls
        self.agents = agents
        self.options = options
        self._last: dict[int, Connection] = {}
        """By ICMAgentID: what the agent answered last."""

    def _later(self, low: float, high: float, act: Callable[[], None]) -> None:
        """In a while, unless it cannot be done any more by then."""

        def attempt() -> None:
            try:
                act()
            except RequestError:
                # Somebody else was faster: the caller hung up, the agent left.
                return

        self.site.clock.after(self.site.random.uniform(low, high), attempt)

    @staticmethod
    def _acts_for(agent: Agent) -> bool:
        return not agent.client_signature

    @staticmethod
    def _wants(connection: Connection, state: Lcs) -> bool:
        return connection.state == state and not connection.call.ended

    # -- a call that rings ---------------------------------------------------------------------

    def _rings(self, connection: Connection) -> None:
        """A routed call rings: it is answered, sent on, or left ringing for the router."""
        device = connection.device
        if device is None or device.agent is None or not self._acts_for(device.agent):
            return
        chance, options = self.site.random.random(), self.options
        if chance < options.no_answer_share:
            return
        if chance < options.no_answer_share + options.deflect_share:
            self._later(1.0, 4.0, lambda: self._deflect(connection))
            return
        longest = max(0.5, options.answer_seconds)
        self._later(0.5, longest, lambda: self._take(connection, options.talk_seconds))

    def _deflect(self, connection: Connection) -> None:
        if not self._wants(connection, Lcs.LCS_ALERTING):
            return
        colleague = self._colleague(connection)
        if colleague is None:
            self._take(connection, self.options.talk_seconds)
            return
        self.calls.divert(connection, colleague.extension, EventCause.CEC_CALL_FORWARD)
        self._ring_at(colleague, connection)

    def _ring_at(self, colleague: Device, about: Connection, seconds: float = 0.0) -> None:
        """The call of `about` rings at a colleague now, who answers it."""
        for connection in colleague.connections:
            if connection.call is about.call:
                self._expect(connection, seconds or self.options.talk_seconds / 2)

    def _expect(self, connection: Connection, seconds: float) -> None:
        """Somebody is at the telephone and answers; if he cannot, it does not ring for ever."""
        device = connection.device
        if device is not None and device.agent is not None and self._acts_for(device.agent):
            self._later(1.0, 6.0, lambda: self._take(connection, seconds, plain=True))
        self._later(60.0, 61.0, lambda: self._reject(connection))

    def _reject(self, connection: Connection) -> None:
        if self._wants(connection, Lcs.LCS_ALERTING):
            self.calls.clear_connection(connection)

    # -- a call that is talked in --------------------------------------------------------------

    def _take(self, connection: Connection, seconds: float, *, plain: bool = False) -> None:
        """Answer, talk, and perhaps more than that. plain: nothing more. seconds: mean."""
        if not self._wants(connection, Lcs.LCS_ALERTING):
            return
        self.calls.answer(connection)
        if connection.device is not None and connection.device.agent is not None:
            self._last[connection.device.agent.icm_id] = connection
        random, options = self.site.random, self.options
        talk = max(2.0, random.expovariate(1.0 / max(1.0, seconds)))
        self._later(talk, talk + 1.0, lambda: self._finish(connection))
        if random.random() < _NOTE_SHARE:
            self._later(0.1 * talk, 0.4 * talk, lambda: self._note(connection))
        if plain:
            return
        if random.random() < options.hold_share:
            self._later(0.2 * talk, 0.5 * talk, lambda: self._pause(connection))
        chance = random.random()
        for share, act in (
            (options.consult_share, self._consult),
            (options.transfer_share, self._transfer),
            (options.conference_share, self._confer),
            (options.single_step_share, self._pass_on),
            (options.requeue_share, self._requeue),
            (options.outside_transfer_share, self._send_outside),
        ):
            if chance < share:
                self._at(0.6 * talk, 0.8 * talk, connection, act)
                return
            chance -= share

    def _at(
        self,
        low: float,
        high: float,
        connection: Connection,
        act: Callable[[Connection], None],
    ) -> None:
        """In a while, if the call is talked in then."""

        def do() -> None:
            if self._wants(connection, Lcs.LCS_CONNECT):
                act(connection)

        self._later(low, high, do)

    def _note(self, connection: Connection) -> None:
        if self._wants(connection, Lcs.LCS_CONNECT):
            text = f"note {self.site.random.randrange(1000)}"
            self.calls.set_data(connection.call, {"CallVariable5": text})

    def _wrap_up(self, agent: Agent) -> None:
        """Write wrap-up data where the desk settings want them before the work can end."""
        last = self._last.get(agent.icm_id)
        wanted = WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA
        if last is None or wanted not in (agent.desk.wrapup_incoming, agent.desk.wrapup_outgoing):
            return
        if not last.call.wrapup:
            self.calls.set_data(last.call, {"CallWrapupData": "done"})

    def _pause(self, connection: Connection) -> None:
        if self._wants(connection, Lcs.LCS_CONNECT):
            self.calls.hold(connection)
            self._later(5.0, 40.0, lambda: self._back(connection))

    def _back(self, connection: Connection) -> None:
        """Take a held call back as soon as nothing else is talked in."""
        if not self._wants(connection, Lcs.LCS_HOLD) or connection.device is None:
            return
        if any(c.state != Lcs.LCS_HOLD for c in connection.device.connections):
            self._later(3.0, 8.0, lambda: self._back(connection))
        else:
            self.calls.retrieve(connection)

    def _finish(self, connection: Connection) -> None:
        """The talk is over, unless it went on elsewhere; what is on hold is taken back first."""
        call = connection.call
        if call.ended or over(connection.state):
            return
        if connection.state == Lcs.LCS_HOLD:
            self._later(5.0, 15.0, lambda: self._finish(connection))
            self._back(connection)
            return
        others = [c for c in call.connections if c is not connection]
        caller_ends = self.site.random.random() < self.options.caller_ends_share
        if caller_ends and len(others) == 1 and others[0].device is None:
            connection = others[0]
        self.calls.clear_connection(connection)

    # -- colleagues ----------------------------------------------------------------------------

    def _colleague(self, connection: Connection) -> Device | None:
        """Another agent whose telephone is free."""
        peripheral = self.site.peripherals[connection.call.peripheral_id]
        free = [d for d in peripheral.devices.values() if self._free(d)]
        return self.site.random.choice(free) if free else None

    @staticmethod
    def _free(device: Device) -> bool:
        agent = device.agent
        return (
            agent is not None
            and not device.connections
            and device.in_service
            and agent.state != AgentState.AGENT_STATE_RESERVED
        )

    def _start_consult(
        self, connection: Connection, then: Callable[[Connection, Connection], None]
    ) -> None:
        """Call a colleague about the call; `then` when he has answered."""
        colleague = self._colleague(connection)
        if colleague is None:
            return
        mine = self.calls.consult(connection, colleague.extension)
        theirs = next((c for c in mine.call.connections if c.device is colleague), None)
        # However the question ends, the caller is not left on hold.
        self._later(60.0, 90.0, lambda: self._give_up(mine, connection))
        self._later(60.0, 90.0, lambda: self._back(connection))
        if theirs is None:
            return
        self._expect(theirs, self.options.talk_seconds / 2)

        def answered() -> None:
            if self._wants(theirs, Lcs.LCS_CONNECT) and theirs.call is mine.call:
                then(mine, connection)

        self._later(12.0, 40.0, answered)

    def _give_up(self, mine: Connection, held: Connection) -> None:
        """A consultation is over: back to the caller."""
        if mine.call.ended or over(mine.state):
            self._back(held)
        elif held.state == Lcs.LCS_HOLD:
            self.calls.reconnect(mine, held)

    def _consult(self, connection: Connection) -> None:
        self._start_consult(connection, self._give_up)

    def _transfer(self, connection: Connection) -> None:
        self._start_consult(connection, self._hand_over)

    def _hand_over(self, mine: Connection, held: Connection) -> None:
        self.calls.transfer(mine, held)

    def _confer(self, connection: Connection) -> None:
        self._start_consult(connection, self._join)

    def _join(self, mine: Connection, held: Connection) -> None:
        self.calls.conference(mine, held)

    def _pass_on(self, connection: Connection) -> None:
        """Transfer in a single step to a colleague, who answers."""
        colleague = self._colleague(connection)
        if colleague is not None:
            self.calls.single_step_transfer(connection, colleague.extension)
            self._ring_at(colleague, connection)

    def _requeue(self, connection: Connection) -> None:
        """Transfer in a single step into the queue of a service."""
        peripheral = self.site.peripherals[connection.call.peripheral_id]
        numbers = [s.dialed_number for s in peripheral.services.values() if s.dialed_number]
        if not numbers:
            return
        call = connection.call
        self.calls.single_step_transfer(connection, self.site.random.choice(numbers))
        patience = self.site.random.expovariate(1.0 / max(1.0, self.options.patience_seconds))
        caller = next((c for c in call.connections if c.device is None), None)
        if caller is not None:
            self._later(patience, patience + 1.0, lambda: self._tire(caller))

    def _tire(self, caller: Connection) -> None:
        """A caller who was sent into a queue waits no longer."""
        call = caller.call
        talks = any(c.state in (Lcs.LCS_CONNECT, Lcs.LCS_HOLD) for c in call.connections[1:])
        if not call.ended and not over(caller.state) and not talks:
            self.calls.clear_connection(caller)

    def _send_outside(self, connection: Connection) -> None:
        number = f"646{self.site.random.randrange(10_000_000):07d}"
        self.calls.single_step_transfer(connection, number)

    # -- calls that agents make ----------------------------------------------------------------

    def _idle(self, peripheral: Peripheral) -> list[Device]:
        """Telephones with an agent who is at work and not in a call."""
        return [d for d in peripheral.devices.values() if self._free(d)]

    def _caller(self, peripheral: Peripheral) -> Device | None:
        """The telephone of an agent who makes a call: of one who is not ready for others."""
        free = [
            d
            for d in self._idle(peripheral)
            if d.agent is not None
            and self._acts_for(d.agent)
            and d.agent.state == AgentState.AGENT_STATE_NOT_READY
        ]
        return self.site.random.choice(free) if free else None

    def _call_inside(self, peripheral: Peripheral) -> None:
        caller = self._caller(peripheral)
        others = [d for d in self._idle(peripheral) if d is not caller]
        if caller is None or not others:
            return
        called = self.site.random.choice(others)
        mine = self.calls.make(caller, called.extension)
        self._ring_at(called, mine, 60.0)
        self._later(90.0, 180.0, lambda: self._finish(mine))

    def _call_outside(self, peripheral: Peripheral) -> None:
        caller = self._caller(peripheral)
        if caller is None:
            return
        random = self.site.random
        mine = self.calls.make(caller, f"917{random.randrange(10_000_000):07d}")
        talk = 5.0 + random.expovariate(1.0 / max(1.0, self.options.talk_seconds))
        self._later(talk, talk + 1.0, lambda: self._finish(mine))

    # -- supervisors ---------------------------------------------------------------------------

    def _supervise(self, peripheral: Peripheral) -> None:
        """A supervisor listens to one of his agents, and comes in to help now and then."""
        chances = [
            (supervisor.device, connection)
            for team in self.site.teams.values()
            if team.peripheral_id == peripheral.id
            for supervisor in team.supervisors
            if supervisor.device is not None
            and not supervisor.device.connections
            and supervisor.state == AgentState.AGENT_STATE_NOT_READY
            for agent in team.agents
            if agent.state == _TALKING and agent.device is not None
            for connection in agent.device.connections
            if connection.state == Lcs.LCS_CONNECT and not connection.monitors
        ]
        if not chances:
            return
        random = self.site.random
        device, agent = random.choice(chances)
        mine = self.calls.listen(device, agent)
        listen = random.uniform(10.0, 60.0)
        if random.random() < _HELP_SHARE:
            self._later(listen, listen + 1.0, lambda: self._help(device, mine, agent))
        self._later(listen + 2.0, listen + 3.0, lambda: self.calls.leave(mine))

    def _help(self, device: Device, listening: Connection, agent: Connection) -> None:
        if listening.call.ended or not self._wants(agent, Lcs.LCS_CONNECT):
            return
        mine = self.calls.barge_in(device, agent)
        self._later(10.0, 40.0, lambda: self._finish(mine))
