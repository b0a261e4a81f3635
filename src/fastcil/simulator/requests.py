"""What a request handler gets and gives: the seam between the server and the engines.

A handler is a plain function of one Request. It yields the answers in order and lets its effects
show as events of the site; the server sends the answers first and then the events (guide, chapter
CTI Server Overview: a request is confirmed when it was accepted, the events tell what it did).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastcil.ged188 import NULL_UINT, Message
from fastcil.ged188.enums import ControlFailureCode, StatusCode
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.simulator.model import Agent, Device, Peripheral, RequestError, Site, SkillGroup

if TYPE_CHECKING:
    from fastcil.simulator.agents import AgentEngine
    from fastcil.simulator.calls import CallEngine
    from fastcil.simulator.statistics import Statistics

__all__ = [
    "ClientInfo",
    "Handler",
    "Replies",
    "Request",
    "agent_of",
    "check_control",
    "device_of",
    "missing",
    "peripheral_of",
    "skill_group_of",
]

Replies = Iterable[tuple[str, Mapping[str, Any]]]
"""(message name, values without InvokeID: the server adds it where the message has one)."""


@dataclass
class ClientInfo:
    """An open session, as far as handlers need to know it.

    services: the CTIServiceMask granted. agent, instrument: of a Client Events session.
    registered: what the client allows itself to see of call variables (REGISTER_VARIABLES_REQ).
    """

    session_id: int
    client_id: str = ""
    signature: str = ""
    peripheral_id: int = NULL_UINT
    services: int = 0
    agent: Agent | None = None
    instrument: str = ""
    address: tuple[str, int] = ("", 0)
    all_events: bool = False
    call_variable_mask: int | None = None
    """CallVariableMask of REGISTER_VARIABLES_REQ; None: the client registered nothing."""
    named_variables: frozenset[str] | None = None
    """Names registered; None: the client registered nothing and gets all that exist."""
    named_arrays: frozenset[tuple[str, int]] | None = None
    """(name, index) registered."""


@dataclass
class Request:
    """One message of a client with everything needed to carry it out."""

    site: Site
    calls: CallEngine
    agents: AgentEngine
    statistics: Statistics
    message: Message
    version: int
    client: ClientInfo
    clients: Sequence[ClientInfo] = field(default_factory=list)
    """All open sessions, this one included, in the order in which they were opened."""


Handler = Callable[[Request], Replies]
"""Carries out one kind of request; raises RequestError before it has changed anything."""


def peripheral_of(request: Request, *, online: bool = True) -> Peripheral:
    """The peripheral that the request's PeripheralID names.

    Raises RequestError: FAILURE_CONF with E_CTI_INVALID_PERIPHERAL_ID when there is none (guide,
    Constants and Status Codes, Failure Indication), CF_RESOURCE_OUT_OF_SERVICE while it is
    off-line and `online` asks for more than that it exists.
    """
    number = request.message["PeripheralID"]
    peripheral = request.site.peripherals.get(number)
    if peripheral is None:
        raise RequestError(
            0, f"no peripheral {number}", status=StatusCode.E_CTI_INVALID_PERIPHERAL_ID
        )
    if online and not peripheral.online:
        raise RequestError(
            ControlFailureCode.CF_RESOURCE_OUT_OF_SERVICE, f"peripheral {number} is off-line"
        )
    return peripheral


def device_of(peripheral: Peripheral, name: str) -> Device:
    """The device of an instrument or, as clients also write, of an extension.

    Raises RequestError CF_INVALID_CSTA_DEVICE_IDENTIFIER when there is none.
    """
    device = peripheral.devices.get(name)
    if device is None:
        device = next((d for d in peripheral.devices.values() if d.extension == name), None)
    if device is None:
        raise RequestError(
            ControlFailureCode.CF_INVALID_CSTA_DEVICE_IDENTIFIER, f"no device {name!r}"
        )
    return device


def missing(names: str) -> RequestError:
    """FAILURE_CONF for floating fields that a request needs and does not have."""
    return RequestError(0, f"{names} is needed", status=StatusCode.E_CTI_REQUIRED_DATA_MISSING)


def agent_of(request: Request, peripheral: Peripheral, *, own: bool = False) -> Agent:
    """The agent that AgentID, AgentInstrument and AgentExtension of the request name.

    The tables say that at least one of the three must be given; instrument and extension stand for
    the agent logged in there. own: a client with an agent of its own may give none and mean that
    one ("for clients with All Events or Peripheral Monitor service ... must be provided"). Raises
    RequestError: E_CTI_REQUIRED_DATA_MISSING when none is given, CF_INVALID_AGENT_ID_SPECIFIED for
    an unknown AgentID, CF_INVALID_CSTA_DEVICE_IDENTIFIER for an unknown device,
    E_CTI_AGENT_NOT_LOGGED_ON for one where nobody is logged in, E_CTI_INCONSISTENT_AGENT_DATA when
    they name different agents.
    """
    agent_id, instrument, extension = request.message.get_many(
        "AgentID", "AgentInstrument", "AgentExtension"
    )
    if own and not (agent_id or instrument or extension) and request.client.agent is not None:
        return request.client.agent
    agents: list[Agent] = []
    if agent_id:
        agent = peripheral.agents.get(agent_id)
        if agent is None:
            raise RequestError(Extended.CF_INVALID_AGENT_ID_SPECIFIED, f"no agent {agent_id!r}")
        agents.append(agent)
    for name in (instrument, extension):
        if not name:
            continue
        device = device_of(peripheral, name)
        if device.agent is not None:
            agents.append(device.agent)
        elif not agents:
            raise RequestError(
                0,
                f"nobody is logged in at {device.instrument!r}",
                status=StatusCode.E_CTI_AGENT_NOT_LOGGED_ON,
            )
    if not agents:
        raise missing("AgentID, AgentInstrument or AgentExtension")
    if any(other is not agents[0] for other in agents):
        raise RequestError(
            0, "they name different agents", status=StatusCode.E_CTI_INCONSISTENT_AGENT_DATA
        )
    return agents[0]


def skill_group_of(request: Request, peripheral: Peripheral) -> SkillGroup | None:
    """The skill group of SkillGroupNumber and SkillGroupID, of which one may be all ones.

    None when both are. Raises RequestError: E_CTI_INVALID_SKILL_GROUP for an unknown one,
    E_CTI_SKILL_GROUP_CONFLICT when they are different ones.
    """
    number, identity = request.message["SkillGroupNumber"], request.message["SkillGroupID"]
    found = []
    if number != NULL_UINT:
        found.append(peripheral.skill_groups.get(number))
    if identity != NULL_UINT:
        groups = peripheral.skill_groups.values()
        found.append(next((g for g in groups if g.id == identity), None))
    if None in found:
        raise RequestError(
            0,
            f"no skill group {number}, id {identity}",
            status=StatusCode.E_CTI_INVALID_SKILL_GROUP,
        )
    if any(group is not found[0] for group in found):
        raise RequestError(
            0,
            f"skill group {number} has another id than {identity}",
            status=StatusCode.E_CTI_SKILL_GROUP_CONFLICT,
        )
    return found[0] if found else None


def check_control(request: Request, agent: Agent | None, device: Device | None = None) -> None:
    """Whether the client may control this agent or device. Raises RequestError
    CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE.

    Source: guide, Client Control Service: a client with Client Events service controls the
    associated device and no other; one with All Events service controls any. Supervisors also
    control the agents of their teams.
    """
    client = request.client
    if not client.instrument or client.all_events:
        return
    if device is None and agent is not None:
        device = agent.device
    if device is not None and device.instrument == client.instrument:
        return
    own = client.agent
    if own is not None and agent is not None:
        if own is agent or (agent.team is not None and own in agent.team.supervisors):
            return
    elif device is None:
        return
    raise RequestError(
        ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE,
        f"{client.instrument} controls its own device only",
    )
