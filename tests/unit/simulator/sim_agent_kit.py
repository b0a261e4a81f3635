"""A site with an agent engine and calls made of bare connections, for the tests of agents."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import count
from typing import Any, cast

import pytest

from fastcil.ged188 import Message, encode_message
from fastcil.ged188.enums import AgentState, LocalConnectionState
from fastcil.ged188.schema import MESSAGES_BY_NAME
from fastcil.simulator.agent_desk import DeskSettings
from fastcil.simulator.agent_requests import HANDLERS
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.build import SiteOptions, build_site
from fastcil.simulator.encoding import encode_fitting
from fastcil.simulator.model import (
    Agent,
    Call,
    Connection,
    Event,
    RequestError,
    SkillGroup,
)
from fastcil.simulator.requests import ClientInfo, Request
from fastcil.simulator.statistics import Statistics

__all__ = ["PERIPHERAL", "Day", "Floor", "Leg", "code_of", "desktop"]

PERIPHERAL = 5000
NULL = LocalConnectionState.LCS_NULL
INITIATE = LocalConnectionState.LCS_INITIATE
ALERTING = LocalConnectionState.LCS_ALERTING
CONNECT = LocalConnectionState.LCS_CONNECT
HOLD = LocalConnectionState.LCS_HOLD
LOGOUT = AgentState.AGENT_STATE_LOGOUT
NOT_READY = AgentState.AGENT_STATE_NOT_READY
AVAILABLE = AgentState.AGENT_STATE_AVAILABLE


class Leg:
    """A call at one agent's telephone, moved by hand as the call engine would."""

    def __init__(self, floor: Floor, agent: Agent, call: Call, direction: str) -> None:
        assert agent.device is not None
        self.floor, self.agent, self.direction = floor, agent, direction
        self.device = agent.device
        self.connection = Connection(call, self.device.instrument, self.device)
        self.device.connections.append(self.connection)

    def to(self, state: LocalConnectionState) -> Leg:
        self.connection.state = state
        if state == NULL:
            self.device.connections.remove(self.connection)
        self.floor.engine.call_state_changed(self.agent, self.connection, self.direction)
        return self

    def alert(self) -> Leg:
        return self.to(ALERTING)

    def answer(self) -> Leg:
        return self.to(CONNECT)

    def hold(self) -> Leg:
        return self.to(HOLD)

    def end(self) -> Leg:
        return self.to(NULL)


class Floor:
    """The site, its engines, and everything they emitted; each event is encoded as it comes."""

    def __init__(self, agents: int = 4, **options: Any) -> None:
        options.setdefault("skill_groups", 2)
        options.setdefault("seed", 7)
        self.site = build_site(SiteOptions(agents=agents, **options))
        self.statistics = Statistics(self.site)
        self.engine = AgentEngine(self.site, self.statistics)
        self.events: list[Event] = []
        self.site.subscribe(self._keep)
        self._numbers = count(1)

    def _keep(self, event: Event) -> None:
        values = dict(event.values)
        if any(f.name == "MonitorID" for f in MESSAGES_BY_NAME[event.name].fixed):
            values["MonitorID"] = 0
        for version in (9, 13, 19, 20, 24, 25):
            if MESSAGES_BY_NAME[event.name].min_version <= version:
                Message.from_bytes(
                    encode_fitting(event.name, values, version), version=version, strict=True
                )
        self.events.append(event)

    @property
    def clock(self) -> Any:
        return self.site.clock

    def wait(self, seconds: float) -> None:
        self.clock.advance(self.clock.now + seconds)

    def agent(self, index: int = 0) -> Agent:
        return self.site.agents()[index]

    def group(self, number: int = 1) -> SkillGroup:
        return self.site.peripherals[PERIPHERAL].skill_groups[number]

    def login(self, index: int = 0, *, ready: bool = False, **options: Any) -> Agent:
        agent = self.agent(index)
        device = list(self.site.peripherals[PERIPHERAL].devices.values())[index]
        self.engine.login(agent, device, **options)
        if ready:
            self.engine.set_state(agent, AgentState.AGENT_STATE_AVAILABLE)
        return agent

    def leg(self, agent: Agent, direction: str = "in", group: SkillGroup | None = None) -> Leg:
        number = next(self._numbers)
        call = Call(number, PERIPHERAL, 1, self.clock.now, skill_group=group)
        return Leg(self, agent, call, direction)

    def states(self, agent: Agent | None = None) -> list[AgentState]:
        """The states that the events told, in order."""
        return [e["AgentState"] for e in self.told("AGENT_STATE_EVENT", agent)]

    def told(self, name: str, agent: Agent | None = None) -> list[dict[str, Any]]:
        return [
            dict(e.values)
            for e in self.events
            if e.name == name and (agent is None or e.values.get("ICMAgentID") == agent.icm_id)
        ]

    def names(self) -> list[str]:
        return [e.name for e in self.events]

    def ask(
        self,
        name: str,
        client: ClientInfo | None = None,
        clients: list[ClientInfo] | None = None,
        version: int = 25,
        **values: Any,
    ) -> list[tuple[str, dict[str, Any]]]:
        """A request over the wire; the answers are encoded and decoded again."""
        spec = MESSAGES_BY_NAME[name]
        if any(f.name == "InvokeID" for f in spec.fixed):
            values.setdefault("InvokeID", 77)
        if any(f.name == "PeripheralID" for f in spec.fixed_of(version)):
            values.setdefault("PeripheralID", PERIPHERAL)
        message = Message.from_bytes(encode_message(name, values, version=version), version=version)
        asking = client or ClientInfo(1, client_id="all", all_events=True)
        request = Request(
            self.site,
            cast(Any, None),  # no handler of agents touches calls
            self.engine,
            self.statistics,
            message,
            version,
            asking,
            clients if clients is not None else [asking],
        )
        found = []
        for reply, given in HANDLERS[name](request):
            full = dict(given)
            if MESSAGES_BY_NAME[reply].has_invoke_id:
                full["InvokeID"] = values["InvokeID"]
            data = encode_fitting(reply, full, version)
            decoded = Message.from_bytes(data, version=version, strict=True)
            answer = decoded.to_dict()
            if MESSAGES_BY_NAME[reply].records:
                answer["records"] = decoded.records()
                answer["size"] = len(data)
            found.append((reply, answer))
        return found

    def one(self, name: str, **values: Any) -> dict[str, Any]:
        """The only answer to a request."""
        ((_, answer),) = self.ask(name, **values)
        return answer

    def refused(self, name: str, **values: Any) -> tuple[int, int]:
        """(FailureCode, status) of a request that is refused."""
        try:
            self.ask(name, **values)
        except RequestError as error:
            return int(error.code), int(error.status)
        raise AssertionError(f"{name} was not refused")


class Day:
    """Agents who do what comes to their mind, a whole number of seconds apart."""

    def __init__(self, seed: int) -> None:
        self.floor = Floor(agents=6, skill_groups=3, desk=DeskSettings(work_mode_timer=45))
        self.random = random.Random(seed)
        self.legs: dict[int, Leg] = {}
        floor = self.floor
        floor.agent(1).desk = replace(floor.agent(1).desk, work_mode_timer=0)

    def step(self) -> None:
        self.floor.wait(self.random.randrange(1, 90))
        index = self.random.randrange(6)
        agent = self.floor.agent(index)
        leg = self.legs.get(index)
        if leg is not None:
            self._on_call(index, agent, leg)
        elif agent.state == LOGOUT:
            self.floor.login(index)
        elif self.random.random() < 0.4:
            self._call(index, agent)
        else:
            state = self.random.choice([NOT_READY, AVAILABLE, AVAILABLE, AVAILABLE, LOGOUT])
            try:
                self.floor.engine.set_state(agent, state, reason=self.random.randrange(4))
            except RequestError:
                assert state == LOGOUT  # of one who was not not-ready

    def _call(self, index: int, agent: Agent) -> None:
        if agent.state == AVAILABLE and self.random.random() < 0.7:
            group = self.random.choice([m.group for m in agent.memberships])
            self.legs[index] = self.floor.leg(agent, "in", group).alert()
            return
        kind = self.random.choice(["out", "internal", "auto", "preview", "reserve", "consult"])
        leg = self.floor.leg(agent, kind)
        if kind == "internal" and self.random.random() < 0.5:
            leg.alert()
        else:
            leg.to(INITIATE)
        self.legs[index] = leg

    def _on_call(self, index: int, agent: Agent, leg: Leg) -> None:
        choice = self.random.random()
        state = leg.connection.state
        if choice < 0.35 and state != INITIATE:
            leg.end()
            del self.legs[index]
        elif choice < 0.7 and state.name in ("LCS_ALERTING", "LCS_INITIATE", "LCS_HOLD"):
            leg.answer()
        elif choice < 0.85 and state.name == "LCS_CONNECT":
            leg.hold()
        elif choice < 0.9:
            self.floor.engine.set_state(agent, NOT_READY, reason=2)


def desktop(floor: Floor, index: int, session: int = 1, *, agent: bool = True) -> ClientInfo:
    """A Client Events session at the device of an agent."""
    device = list(floor.site.peripherals[PERIPHERAL].devices.values())[index]
    return ClientInfo(
        session,
        client_id=f"desk{index}",
        signature=f"Desk {index}",
        peripheral_id=PERIPHERAL,
        agent=floor.agent(index) if agent else None,
        instrument=device.instrument,
    )


def code_of(action: object, *args: object, **kwargs: object) -> int:
    with pytest.raises(RequestError) as caught:
        action(*args, **kwargs)  # type: ignore[operator]
    return int(caught.value.code)
