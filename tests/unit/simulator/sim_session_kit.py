"""A simulator without sockets and clients that talk to it by bytes, for the session's tests."""

from __future__ import annotations

from itertools import count
from typing import Any

from fastcil.ged188 import NULL_UINT, Message, MessageReader, encode_message
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.simulator import LinkOptions, Simulator, SimulatorOptions, SiteOptions
from fastcil.simulator.hub import Hub

__all__ = ["ALL_CALLS", "ALL_STATES", "NO_MESSAGES", "Client", "make_simulator"]

ALL_CALLS = 0xFFFFFFFF
ALL_STATES = 0x3FFF
NO_MESSAGES: list[Message] = []


def make_simulator(
    agents: int = 8, *, standby: bool = False, version: int = 25, **link: Any
) -> Simulator:
    """A small site with one team of agents 1001 (its supervisor) on, at extensions 20001 on."""
    site = SiteOptions(agents=agents, skill_groups=2, groups_per_agent=1, seed=3)
    options = SimulatorOptions(
        site=site,
        link=LinkOptions(protocol_version=version, **link),
        standby_port=0 if standby else None,
    )
    simulator = Simulator(options)
    simulator.begin()
    return simulator


class Client:
    """One connection to a Hub. Time is the link's, moved by hand."""

    _ports = count(40000)

    def __init__(self, hub: Hub, version: int = 25, side: str = "A") -> None:
        self.hub = hub
        self.version = version
        self.port = next(self._ports)
        self.session = hub.connect(side, ("10.1.2.3", self.port), hub.now)
        self._reader = MessageReader(version if 9 <= version <= 25 else 25)
        self._invoke = count(1)

    def raw(self, data: bytes) -> None:
        """Any bytes."""
        self.session.receive(data, self.hub.now)

    def send(self, name: str, **values: Any) -> int:
        """A message; returns its InvokeID."""
        invoke_id = values.setdefault("InvokeID", next(self._invoke))
        if invoke_id is None:
            del values["InvokeID"]
        self.raw(encode_message(name, values, version=self.version))
        return invoke_id or 0

    def ask(self, name: str, **values: Any) -> Message:
        """A request and its answer, which must be the first message that comes."""
        assert self.messages() == NO_MESSAGES
        invoke_id = self.send(name, **values)
        found = self.messages()
        assert found, f"no answer to {name}"
        assert found[0]["InvokeID"] == invoke_id
        self.later = found[1:]
        return found[0]

    later: list[Message] = NO_MESSAGES
    """What came after the answer of the last ask()."""

    def messages(self) -> list[Message]:
        """What the server sent since the last time."""
        found = []
        while data := self.session.take(self.hub.now, 1000):
            found += list(self._reader.feed(data))
        return found

    def names(self) -> list[str]:
        """The names of messages()."""
        return [message.name for message in self.messages()]

    def opening(self, **values: Any) -> dict[str, Any]:
        """OPEN_REQ of a client for all events, with some values replaced; None leaves one out."""
        found: dict[str, Any] = {
            "InvokeID": 1,
            "VersionNumber": self.version,
            "IdleTimeout": 120,
            "PeripheralID": NULL_UINT,
            "ServicesRequested": int(Service.CTI_SERVICE_ALL_EVENTS),
            "CallMsgMask": ALL_CALLS,
            "AgentStateMask": ALL_STATES,
            "ConfigMsgMask": 0,
            "Reserved1": 0,
            "Reserved2": 0,
            "Reserved3": 0,
            "ClientID": "tester",
            "ClientPassword": b"",
            **values,
        }
        return {name: value for name, value in found.items() if value is not None}

    def open_request(self, **values: Any) -> bytes:
        """The bytes of opening(), also for versions that do not exist."""
        version = min(max(self.version, 9), 25)
        return encode_message("OPEN_REQ", self.opening(**values), version=version)

    def try_open(self, **values: Any) -> Message:
        """The answer to OPEN_REQ, whichever it is."""
        self.raw(self.open_request(**values))
        self.answers = self.messages()
        return self.answers[0]

    answers: list[Message] = NO_MESSAGES
    """OPEN_CONF and what came with it."""

    def open(self, **values: Any) -> Message:
        """OPEN_CONF."""
        found = self.try_open(**values)
        assert found.name == "OPEN_CONF", found
        return found

    def open_desk(self, instrument: str = "20001", **values: Any) -> Message:
        """OPEN_CONF of a desktop at an instrument."""
        services = (
            Service.CTI_SERVICE_CLIENT_EVENTS
            | Service.CTI_SERVICE_CLIENT_CONTROL
            | Service.CTI_SERVICE_CALL_DATA_UPDATE
        )
        return self.open(
            **{
                "ClientID": f"desk {instrument}",
                "ServicesRequested": int(services),
                "PeripheralID": 5000,
                "AgentInstrument": instrument,
                **values,
            }
        )
