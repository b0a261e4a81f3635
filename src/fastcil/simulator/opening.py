"""OPEN_REQ: may this client have a session, and what is it told.

Source: guide, Session Management, Session Initialization (OPEN_REQ, OPEN_CONF), and the statuses
of Constants and Status Codes. Where several things are wrong the first of this order is told:
server, version, fixed fields, floating fields, password, agent data, services.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastcil.ged188 import NULL_UINT, Message
from fastcil.ged188.enums import (
    AgentState,
    AgentStateMask,
    CallMsgMask,
    ConfigInformationMask,
    MultilineAgentControl,
    PeripheralType,
    SessionType,
    StatusCode,
)
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.simulator.failures import Refusal
from fastcil.simulator.model import Agent, Device, Peripheral, Site
from fastcil.simulator.options import LinkOptions, services_known

__all__ = [
    "AGENT_STATE_BITS",
    "CALL_MSG_BITS",
    "NO_TIMEOUT",
    "Opening",
    "check_opening",
    "confirmation",
]

NO_TIMEOUT = 0xFFFFFFFF
"""IdleTimeout of a client that sends no heartbeats."""
_SHORTEST_TIMEOUT = 20
_CCE = (PeripheralType.PT_ENTERPRISE_AGENT, PeripheralType.PT_ACMI_IPCC)
"""Peripheral types with several lines per agent: the others report no multi-line control."""


def _all(mask: type[Any]) -> int:
    found = 0
    for bit in mask:
        found |= int(bit)
    return found


CALL_MSG_BITS = _all(CallMsgMask)
AGENT_STATE_BITS = _all(AgentStateMask)
_CONFIG_BITS = _all(ConfigInformationMask)


@dataclass(frozen=True)
class Opening:
    """An OPEN_REQ that is in order. device: of a Client Events session, else None."""

    version: int
    idle_timeout: int
    peripheral_id: int
    services: int
    call_mask: int
    agent_mask: int
    config_mask: int
    client_id: str
    signature: str
    device: Device | None
    given: dict[str, str]
    """AgentExtension, AgentID and AgentInstrument as the client gave them."""

    def serves(self, service: Service) -> bool:
        """Whether a service is granted."""
        return bool(self.services & service)


def check_opening(message: Message, site: Site, options: LinkOptions, *, version: int) -> Opening:
    """What the client is granted. Raises Refusal."""
    fields = message.fields
    timeout = fields["IdleTimeout"]
    if timeout < _SHORTEST_TIMEOUT:
        raise Refusal(
            StatusCode.E_CTI_INVALID_TIMEOUT,
            f"IdleTimeout is {_SHORTEST_TIMEOUT} seconds or more, got {timeout}",
        )
    _check_masks(fields, version)
    client_id = message.get("ClientID")
    password = message.get("ClientPassword")
    if not client_id or password is None:
        missing = "ClientPassword" if client_id else "ClientID"
        raise Refusal(StatusCode.E_CTI_REQUIRED_DATA_MISSING, f"{missing} is missing")
    if not options.password_is_right(client_id, password):
        raise Refusal(StatusCode.E_CTI_INVALID_PASSWORD, f"wrong password of {client_id!r}")
    services = fields["ServicesRequested"] & options.services
    if options.agent_state_control_only and services & Service.CTI_SERVICE_CLIENT_CONTROL:
        services &= ~int(Service.CTI_SERVICE_CLIENT_CONTROL)
        services |= Service.CTI_AGENT_STATE_CONTROL_ONLY
    peripheral_id = fields["PeripheralID"]
    given = {
        name: value
        for name in ("AgentExtension", "AgentID", "AgentInstrument")
        if (value := message.get(name))
    }
    device = None
    if services & Service.CTI_SERVICE_CLIENT_EVENTS:
        device = _device(_peripheral(site, peripheral_id), given)
    elif peripheral_id != NULL_UINT:
        _peripheral(site, peripheral_id)
    if services & Service.CTI_SERVICE_SUPERVISOR:
        _check_supervisor(site, services, peripheral_id, device, given)
    return Opening(
        version=version,
        idle_timeout=timeout,
        peripheral_id=peripheral_id,
        services=services,
        call_mask=fields["CallMsgMask"],
        agent_mask=fields["AgentStateMask"],
        config_mask=fields["ConfigMsgMask"],
        client_id=client_id,
        signature=message.get("ClientSignature") or client_id,
        device=device,
        given=given,
    )


def _check_masks(fields: dict[str, int], version: int) -> None:
    for name, known, status in (
        ("ServicesRequested", services_known(version), StatusCode.E_CTI_INVALID_SERVICE_MASK),
        ("CallMsgMask", CALL_MSG_BITS, StatusCode.E_CTI_INVALID_CALL_MSG_MASK),
        ("AgentStateMask", AGENT_STATE_BITS, StatusCode.E_CTI_INVALID_AGENT_STATE_MASK),
        ("ConfigMsgMask", _CONFIG_BITS, StatusCode.E_INVALID_CONFIG_MSG_MASK),
        ("Reserved1", 0, StatusCode.E_CTI_INVALID_RESERVED_FIELD),
        ("Reserved2", 0, StatusCode.E_CTI_INVALID_RESERVED_FIELD),
        ("Reserved3", 0, StatusCode.E_CTI_INVALID_RESERVED_FIELD),
    ):
        if unused := fields[name] & ~known:
            raise Refusal(status, f"{name} has unused bits set: {unused:#x}")


def _peripheral(site: Site, number: int) -> Peripheral:
    try:
        return site.peripheral(number)
    except KeyError:
        raise Refusal(StatusCode.E_CTI_INVALID_PERIPHERAL_ID, f"no peripheral {number}") from None


def _device(peripheral: Peripheral, given: dict[str, str]) -> Device:
    """The telephone of a Client Events session, from what the client said of its agent."""
    if not given:
        raise Refusal(
            StatusCode.E_CTI_REQUIRED_DATA_MISSING,
            "Client Events service needs AgentExtension, AgentID or AgentInstrument",
        )
    found: list[Device] = []
    instrument = given.get("AgentInstrument")
    if instrument is not None:
        device = peripheral.devices.get(instrument)
        if device is None:
            raise Refusal(StatusCode.E_CTI_INVALID_AGENT_DATA, f"no instrument {instrument!r}")
        found.append(device)
    extension = given.get("AgentExtension")
    if extension is not None:
        device = next((d for d in peripheral.devices.values() if d.extension == extension), None)
        if device is None:
            raise Refusal(StatusCode.E_CTI_INVALID_AGENT_DATA, f"no extension {extension!r}")
        found.append(device)
    agent_id = given.get("AgentID")
    if agent_id is not None:
        agent = peripheral.agents.get(agent_id)
        if agent is None:
            raise Refusal(StatusCode.E_CTI_INVALID_AGENT_DATA, f"no agent {agent_id!r}")
        if agent.device is not None:
            found.append(agent.device)
        elif not found:
            raise Refusal(
                StatusCode.E_CTI_AGENT_NOT_LOGGED_ON,
                f"agent {agent_id!r} is not logged on, and no device was given",
            )
        elif found[0].agent is not None:
            raise Refusal(
                StatusCode.E_CTI_INCONSISTENT_AGENT_DATA,
                f"another agent than {agent_id!r} is logged on at {found[0].instrument!r}",
            )
    if any(device is not found[0] for device in found):
        raise Refusal(
            StatusCode.E_CTI_INCONSISTENT_AGENT_DATA,
            f"extension, agent and instrument belong to different devices: {given}",
        )
    return found[0]


def _check_supervisor(
    site: Site, services: int, peripheral_id: int, device: Device | None, given: dict[str, str]
) -> None:
    """Source: guide, Supervisor Service: it requires Client Events, and the agent must be a
    supervisor, or the status is E_CTI_FUNCTION_NOT_AVAILABLE.

    A client with All Events acts for any supervisor and names none here; it may have both, as
    bridges that serve supervisors' desktops do.
    """
    if device is None:
        if services & Service.CTI_SERVICE_ALL_EVENTS:
            return
        raise Refusal(
            StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE, "Supervisor service needs Client Events"
        )
    agent: Agent | None = device.agent
    if agent is None and "AgentID" in given:
        agent = site.peripheral(peripheral_id).agents.get(given["AgentID"])
    if agent is None or not agent.is_supervisor:
        who = "whoever works" if agent is None else f"agent {agent.id!r}"
        raise Refusal(
            StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE,
            f"{who} at {device.instrument!r} is no supervisor",
        )


def confirmation(opening: Opening, site: Site, monitor_id: int, *, active: bool) -> dict[str, Any]:
    """The values of OPEN_CONF but for InvokeID, for the newest version."""
    device = opening.device
    if device is not None:
        peripherals = [site.peripheral(device.peripheral_id)]
    else:
        peripherals = list(site.peripherals.values())
    if opening.peripheral_id != NULL_UINT:
        kind = site.peripheral(opening.peripheral_id).type
    else:
        kind = peripherals[0].type if peripherals else PeripheralType.PT_NONE
    values: dict[str, Any] = {
        "ServicesGranted": opening.services,
        "MonitorID": monitor_id,
        "PGStatus": site.pg_status,
        "ICMCentralControllerTime": site.clock.time,
        "PeripheralOnline": int(all(p.online for p in peripherals)),
        "PeripheralType": int(kind),
        "AgentState": int(AgentState.AGENT_STATE_UNKNOWN),
        "DepartmentID": 0,
        "SessionType": int(SessionType.ACTIVE if active else SessionType.STANDBY),
        "NumPeripherals": 0,
    }
    if device is not None:
        values["AgentState"] = int(AgentState.AGENT_STATE_LOGOUT)
        agent = device.agent
        if agent is not None:
            values["AgentState"] = int(agent.state)
            values["AgentExtension"] = device.extension
            values["AgentID"] = agent.id
            values["AgentInstrument"] = device.instrument
    several = [p for p in site.peripherals.values() if p.type in _CCE]
    if opening.peripheral_id == NULL_UINT and several:
        values["NumPeripherals"] = len(several)
        values["FltPeripheralID"] = [p.id for p in several]
        values["MultilineAgentControl"] = [int(MultilineAgentControl.SINGLE_LINE)] * len(several)
    return values
