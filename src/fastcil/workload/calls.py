"""How calls go: the scripts of inbound and outbound calls, holds, transfers and conferences.

A script yields events, and numbers: the simulated seconds that pass before it goes on. The order
of events is that of the CTI OS Developer Guide's ICallEvents chapter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Any, Union

from fastcil.catalog import AgentState

from .fields import CALL_TYPE_CONSULT, CALL_TYPE_INBOUND, CALL_TYPE_OUTBOUND
from .model import Agent, Call, Event

__all__ = ["CallScripts", "Script"]

Script = Iterator[Union[Event, float]]


def _device(role: str, number: str) -> dict[str, str]:
    return {f"{role}DeviceID": number, f"{role}DeviceIDFull": number}


class CallScripts(ABC):
    """The scripts; what they need of the contact centre is abstract."""

    _random: Random
    available: deque[Agent]

    @abstractmethod
    def _start(self, script: Script, after: float) -> None: ...
    @abstractmethod
    def _call_event(self, callback: str, call: Call, **changes: Any) -> Event: ...
    @abstractmethod
    def _begin(self, agent: Agent, call_type: int, **changes: Any) -> tuple[Call, Event]: ...
    @abstractmethod
    def _rename(self, call: Call, agent: Agent) -> Event: ...
    @abstractmethod
    def _end(self, call: Call) -> Event: ...
    @abstractmethod
    def _leave(self, call: Call, agent: Agent) -> None: ...
    @abstractmethod
    def _state(self, agent: Agent, state: AgentState, reason: int = 0) -> Event: ...
    @abstractmethod
    def _after_call(self, agent: Agent) -> Script: ...

    def _inbound(self, agent: Agent) -> Script:
        """A customer calls: reserved, begin, delivered, established, and what follows."""
        yield self._state(agent, AgentState.eReserved)
        call, begin = self._begin(agent, CALL_TYPE_INBOUND)
        yield begin
        customer: str = call.fields["ANI"]
        devices = {
            **_device("Alerting", agent.instrument),
            **_device("Calling", customer),
            **_device("Called", call.fields["DNIS"]),
        }
        yield self._call_event("OnCallDelivered", call, **devices)
        yield self._random.uniform(1.0, 8.0)
        yield self._state(agent, AgentState.eTalking)
        yield self._call_event("OnCallEstablished", call, **_device("Answering", agent.instrument))
        yield from self._conversation(call, agent)

    def _outbound(self, agent: Agent) -> Script:
        """An agent calls a customer: service initiated, originated, delivered, established."""
        yield self._state(agent, AgentState.eTalking)
        call, begin = self._begin(agent, CALL_TYPE_OUTBOUND)
        yield begin
        customer: str = call.fields["ANI"]
        calling = _device("Calling", agent.instrument)
        yield self._call_event("OnCallServiceInitiatedEvent", call, **calling)
        yield self._random.uniform(1.0, 5.0)
        called = _device("Called", customer)
        yield self._call_event("OnCallOriginated", call, DialedNumber=customer, **called)
        yield self._random.uniform(0.5, 2.0)
        yield self._call_event("OnCallDelivered", call, **_device("Alerting", customer))
        yield self._random.uniform(2.0, 15.0)
        yield self._call_event("OnCallEstablished", call, **_device("Answering", customer))
        yield from self._conversation(call, agent)

    def _conversation(self, call: Call, agent: Agent) -> Script:
        """An established call until its end."""
        random = self._random
        yield random.uniform(10.0, 90.0)
        if random.random() < 0.4:
            number = random.randrange(1, 11)
            note = f"note {random.randrange(10_000)}"
            yield self._call_event("OnCallDataUpdate", call, **{f"CallVariable{number}": note})
            yield random.uniform(1.0, 60.0)
        if random.random() < 0.35:
            yield from self._hold(call, agent)
            yield random.uniform(5.0, 60.0)
            yield from self._retrieve(call, agent)
            yield random.uniform(5.0, 60.0)
        chance = random.random()
        if chance < 0.2 and self.available:
            other = self.available.popleft()
            if chance < 0.13:
                yield from self._transfer(call, agent, other)
            else:
                yield from self._conference(call, agent, other)
            return
        yield random.uniform(10.0, 120.0)
        yield from self._hang_up(call, agent, "customer")

    def _hold(self, call: Call, agent: Agent) -> Script:
        yield self._call_event("OnCallHeld", call, **_device("Holding", agent.instrument))
        yield self._state(agent, AgentState.eHold)

    def _retrieve(self, call: Call, agent: Agent) -> Script:
        yield self._call_event("OnCallRetrieved", call, **_device("Retrieving", agent.instrument))
        yield self._state(agent, AgentState.eTalking)

    def _hang_up(self, call: Call, agent: Agent, who: str) -> Script:
        """The last connection goes, the call is cleared and ends, the agent works on."""
        released: str = agent.instrument if who == "agent" else call.fields["ANI"]
        yield self._call_event("OnCallConnectionCleared", call, **_device("Releasing", released))
        yield self._call_event("OnCallCleared", call)
        yield self._end(call)
        self._start(self._after_call(agent), 0.0)

    def _consult(self, call: Call, agent: Agent, other: Agent, consults: list[Call]) -> Script:
        """The call is held and a second one made to another agent; appended to consults."""
        random = self._random
        yield from self._hold(call, agent)
        yield random.uniform(1.0, 4.0)
        yield self._state(agent, AgentState.eTalking)
        yield self._state(other, AgentState.eReserved)
        consult, begin = self._begin(
            agent,
            CALL_TYPE_CONSULT,
            ANI=agent.instrument,
            DialedNumber=other.instrument,
            DNIS=other.instrument,
            ECC=call.fields["ECC"],
        )
        consults.append(consult)
        yield begin
        devices = {**_device("Calling", agent.instrument), **_device("Called", other.instrument)}
        yield self._call_event("OnCallServiceInitiatedEvent", consult, **devices)
        yield self._call_event("OnCallOriginated", consult)
        consult.agents.append(other)
        other.calls.append(consult)
        alerting = _device("Alerting", other.instrument)
        yield self._call_event("OnCallDelivered", consult, **alerting)
        yield random.uniform(1.0, 8.0)
        yield self._state(other, AgentState.eTalking)
        answering = _device("Answering", other.instrument)
        yield self._call_event("OnCallEstablished", consult, **answering)
        yield random.uniform(5.0, 60.0)

    def _transfer(self, call: Call, agent: Agent, other: Agent) -> Script:
        """A consult transfer: the call goes on at the other agent's device under a new key."""
        consults: list[Call] = []
        yield from self._consult(call, agent, other, consults)
        consult = consults[0]
        self._leave(call, agent)
        call.agents.append(other)
        other.calls.append(call)
        yield self._call_event(
            "OnCallTransferred",
            call,
            PrimaryCallID=call.unique_object_id,
            SecondaryCallID=consult.unique_object_id,
            NumParties=2,
            IsTransferController=1,
            **_device("Transferring", agent.instrument),
            **_device("Transferred", other.instrument),
        )
        yield from self._drop(consult, agent)
        yield self._rename(call, other)
        self._start(self._after_call(agent), 0.0)
        yield self._random.uniform(20.0, 180.0)
        yield from self._hang_up(call, other, "customer")

    def _conference(self, call: Call, agent: Agent, other: Agent) -> Script:
        """A consult, then all three in one call; the second agent leaves first."""
        consults: list[Call] = []
        yield from self._consult(call, agent, other, consults)
        consult = consults[0]
        call.agents.append(other)
        other.calls.append(call)
        yield self._call_event(
            "OnCallConferenced",
            call,
            PrimaryCallID=call.unique_object_id,
            SecondaryCallID=consult.unique_object_id,
            NumParties=3,
            **_device("Controller", agent.instrument),
            **_device("AddedParty", other.instrument),
            **_device("Primary", agent.instrument),
            **_device("Secondary", other.instrument),
        )
        yield from self._drop(consult, agent)
        yield self._random.uniform(10.0, 90.0)
        self._leave(call, other)
        released = _device("Releasing", other.instrument)
        yield self._call_event("OnCallConnectionCleared", call, NumParties=2, **released)
        self._start(self._after_call(other), 0.0)
        yield self._random.uniform(5.0, 60.0)
        yield from self._hang_up(call, agent, "agent")

    def _drop(self, consult: Call, agent: Agent) -> Script:
        """The consultation call is no longer needed."""
        released = _device("Releasing", agent.instrument)
        yield self._call_event("OnCallConnectionCleared", consult, **released)
        yield self._call_event("OnCallCleared", consult)
        yield self._end(consult)
