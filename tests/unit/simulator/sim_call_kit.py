"""A small site whose agents are all available, with requests as a client would send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fastcil.ged188 import NULL_UINT, NULL_USHORT, Message, encode_message
from fastcil.ged188.enums import AgentState
from fastcil.ged188.schema import FieldType, message_spec
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.build import SiteOptions, build_site
from fastcil.simulator.calls import CallEngine
from fastcil.simulator.handlers import HANDLERS
from fastcil.simulator.model import Agent, Call, Connection, RequestError, Service
from fastcil.simulator.requests import ClientInfo, Request
from fastcil.simulator.routing import Router
from fastcil.simulator.statistics import Statistics

__all__ = ["CALLER", "OUTSIDE", "World", "at", "refused"]

CALLER = "4155550100"
OUTSIDE = "14155550199"
_IDS = ("ID", "IDType", "DeviceType", "CallType")


class World:
    """agents: how many; the first is the supervisor of all. routed: whether there is a Router."""

    def __init__(
        self, agents: int = 6, seed: int = 1, *, routed: bool = False, **options: Any
    ) -> None:
        self.site = build_site(SiteOptions(agents=agents, seed=seed, **options))
        self.statistics = Statistics(self.site)
        self.agents = AgentEngine(self.site, self.statistics)
        self.calls = CallEngine(self.site, self.agents, self.statistics)
        self.router = Router(self.site, self.calls, self.agents) if routed else None
        self.peripheral = next(iter(self.site.peripherals.values()))
        self.devices = list(self.peripheral.devices.values())
        for agent, device in zip(self.peripheral.agents.values(), self.devices):
            self.agents.login(agent, device)
            self.agents.set_state(agent, AgentState.AGENT_STATE_AVAILABLE)
        self.log: list[Any] = []
        self.site.subscribe(self.log.append)
        self.client = ClientInfo(7, client_id="tester", address=("10.1.2.3", 40000))
        self.client.all_events = True
        self.clients = [self.client]

    # -- the site ------------------------------------------------------------------------------

    @property
    def service(self) -> Service:
        return next(iter(self.peripheral.services.values()))

    def agent(self, index: int) -> Agent:
        """The agent at a device."""
        found = self.devices[index].agent
        assert found is not None
        return found

    def arrive(self, **more: Any) -> Call:
        arguments = {
            "ani": CALLER,
            "dialed_number": self.service.dialed_number,
            "service": self.service,
            **more,
        }
        return self.calls.arrive(self.peripheral, **arguments)

    def ringing(self, index: int) -> Connection:
        """A call from outside that rings at a device."""
        return self.calls.deliver(self.arrive(), self.devices[index])

    def talking(self, index: int) -> Connection:
        """A call from outside that was answered at a device."""
        connection = self.ringing(index)
        self.calls.answer(connection)
        return connection

    def consulting(
        self, about: int = 0, asked: int = 1
    ) -> tuple[Connection, Connection, Connection]:
        """(the held call, the consultation, the one who was asked)."""
        held = self.talking(about)
        mine = self.calls.consult(held, self.devices[asked].extension)
        theirs = self.devices[asked].connections[0]
        self.calls.answer(theirs)
        self.log.clear()
        return held, mine, theirs

    def not_ready(self, *indexes: int) -> None:
        for index in indexes:
            self.agents.set_state(self.agent(index), AgentState.AGENT_STATE_NOT_READY)
        self.log.clear()

    def wait(self, seconds: float) -> None:
        self.site.clock.advance(self.site.clock.now + seconds)

    # -- what was told -------------------------------------------------------------------------

    def told(self, name: str) -> dict[str, Any]:
        """The values of the only event of a name since the log was cleared."""
        (values,) = self.all_told(name)
        return values

    def all_told(self, name: str) -> list[dict[str, Any]]:
        return [dict(e.values) for e in self.log if e.name == name]

    def names(self, *without: str) -> list[str]:
        """What was told since the last time, agents' states and voice left out."""
        left_out = ("AGENT_STATE", "RTP_", *without)
        found = [e.name for e in self.log if not e.name.startswith(left_out)]
        self.log.clear()
        return found

    # -- requests ------------------------------------------------------------------------------

    def ask(self, name: str, version: int = 25, **fields: Any) -> dict[str, Any]:
        """Have a request carried out; the values of its only answer."""
        replies = self.replies(name, version, **fields)
        ((answer, values),) = replies
        assert answer == name.replace("_REQ", "_CONF")
        return dict(values)

    def replies(
        self, name: str, version: int = 25, client: ClientInfo | None = None, **fields: Any
    ) -> list[tuple[str, Mapping[str, Any]]]:
        """What a handler answers; each answer can be sent."""
        values = {**_absent(name, version), "PeripheralID": self.peripheral.id, **fields}
        if "PeripheralID" not in {f.name for f in message_spec(name).fixed}:
            del values["PeripheralID"]
        message = Message.from_bytes(encode_message(name, values, version=version), version)
        request = Request(
            self.site,
            self.calls,
            self.agents,
            self.statistics,
            message,
            version,
            client or self.client,
            self.clients,
        )
        found = list(HANDLERS[name](request))
        for answer, answered in found:
            data = encode_message(answer, {"InvokeID": 1, **answered}, version=version)
            assert Message.from_bytes(data, version).name == answer
        return found

    def fails(self, code: int, name: str, version: int = 25, **fields: Any) -> None:
        """A request is refused with a FailureCode, or a status, and changes nothing."""
        before = self.picture()
        self.log.clear()
        with pytest.raises(RequestError) as caught:
            self.replies(name, version, **fields)
        assert (caught.value.status or caught.value.code) == code, caught.value
        assert self.log == []
        assert self.picture() == before

    def picture(self) -> list[tuple[int, list[tuple[str, int]], str]]:
        """Every call with its parties."""
        return [
            (call.id, [(c.device_id, int(c.state)) for c in call.connections], call.wrapup)
            for call in self.peripheral.calls.values()
        ]


def _absent(name: str, version: int) -> dict[str, int]:
    """Fixed fields as they are when nothing is said."""
    spec = message_spec(name)
    counts = {one.count for one in spec.lists}
    found = {}
    for field in spec.fixed_of(version):
        if field.name in counts:
            continue
        found[field.name] = 0
        if field.name.endswith(_IDS) or field.name == "SkillGroupNumber":
            found[field.name] = NULL_USHORT if field.type is FieldType.USHORT else NULL_UINT
        if field.name in ("CampaignID", "QueryRuleID"):
            found[field.name] = 0
    return found


def at(connection: Connection, prefix: str = "") -> dict[str, Any]:
    """The three fields that name a connection."""
    return {
        f"{prefix}ConnectionCallID": connection.call.id,
        f"{prefix}ConnectionDeviceIDType": 0,
        f"{prefix}ConnectionDeviceID": connection.device_id,
    }


def refused(code: int, act: Any, *arguments: Any, **more: Any) -> None:
    """The engine refuses with a FailureCode."""
    with pytest.raises(RequestError) as caught:
        act(*arguments, **more)
    assert caught.value.code == code
