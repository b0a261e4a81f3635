"""Where a number leads: to a telephone, to a service, or outside."""

from __future__ import annotations

from typing import Union

from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.simulator.model import Device, Peripheral, RequestError, Service

__all__ = ["Numbers", "Target", "check_rights"]

Target = Union[Device, Service, None]
"""None: a number outside."""


class Numbers:
    """The numbering plan of the peripherals.

    An extension leads to its telephone, an AgentID to where the agent is logged in, the dialled
    number or extension of a service to that service, other digits lead outside.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int, dict[str, Device | Service]]] = {}

    def look_up(self, peripheral: Peripheral, number: str) -> Device | Service | None:
        """The telephone or service of a number; None when it is of neither."""
        if not number:
            return None
        return self._table(peripheral).get(number)

    def _table(self, peripheral: Peripheral) -> dict[str, Device | Service]:
        # Configuration changes add and remove entries while the site runs.
        size = (len(peripheral.devices), len(peripheral.services))
        known = self._known.get(peripheral.id)
        if known is not None and known[:2] == size:
            return known[2]
        table: dict[str, Device | Service] = {}
        for service in peripheral.services.values():
            for number in (service.dialed_number, service.extension):
                if number:
                    table[number] = service
        for device in peripheral.devices.values():
            table[device.extension] = device
            table[device.instrument] = device
        self._known[peripheral.id] = (*size, table)
        return table

    def target(self, peripheral: Peripheral, dialed: str) -> Target:
        """Where a number leads that somebody dialled.

        Raises RequestError CF_INVALID_CALLED_DEVICE: nothing was dialled, it is no number, or it
        is the AgentID of somebody who is not logged in.
        """
        found = self.look_up(peripheral, dialed)
        if found is not None:
            return found
        agent = peripheral.agents.get(dialed)
        if agent is not None:
            if agent.device is None:
                raise _nowhere(f"agent {dialed} is not logged in")
            return agent.device
        if not dialed:
            raise _nowhere("no number was dialled")
        digits = dialed.lstrip("+").replace("-", "")
        if not digits.isascii() or not digits.isdigit():
            raise _nowhere(f"{dialed!r} leads nowhere")
        return None


def check_rights(device: Device, target: Target, dialed: str) -> None:
    """Whether the agent at a device may call there.

    Source: guide, AGENT_DESK_SETTINGS_CONF, boolean desk settings: calls to other agents, calls
    through the public network. Raises RequestError CF_PRIVILEGE_VIOLATION_ON_CALLED_DEVICE.
    """
    agent = device.agent
    if agent is None or isinstance(target, Service):
        return
    if isinstance(target, Device):
        needed = Desk.DESK_AGENT_TO_AGENT_CALLS_ALLOWED
    else:
        needed = Desk.DESK_OUTBOUND_ACCESS_PUBLIC_NET_MASK
    if not agent.desk.allows(needed):
        raise RequestError(
            int(Failure.CF_PRIVILEGE_VIOLATION_ON_CALLED_DEVICE),
            f"agent {agent.id} may not call {dialed}: {needed.name}",
        )


def _nowhere(text: str) -> RequestError:
    return RequestError(int(Failure.CF_INVALID_CALLED_DEVICE), text)
