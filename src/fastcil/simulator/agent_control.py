"""What befalls the site as a whole: peripherals, the central controller, single telephones.

Source: guide, Constants and Status Codes, SystemEventID Values and PGStatusCode Values.
"""

from __future__ import annotations

from collections.abc import Callable

from fastcil.ged188 import NULL_UINT
from fastcil.ged188.enums import AgentState, DeviceIDType, PGStatusMask, SystemEventID
from fastcil.simulator.agent_desk import ReasonCode
from fastcil.simulator.agent_events import system_values
from fastcil.simulator.agents import AgentEngine
from fastcil.simulator.clock import Timer
from fastcil.simulator.model import Audience, Device, Peripheral, Site

__all__ = ["SiteControl"]

HALF_HOUR = 1800
"""Seconds between two SYS_HALF_HOUR_CHANGE; they stand on the half hours of UTC."""


class SiteControl:
    """Takes things off-line and back, and tells everybody by SYSTEM_EVENT.

    on_offline: called after the event that a peripheral went off-line and before its agents are
    logged out: whoever has calls there ends them. on_out_of_service: the same for one telephone.
    """

    def __init__(self, site: Site, agents: AgentEngine) -> None:
        self.site = site
        self.agents = agents
        self.on_offline: list[Callable[[Peripheral], None]] = []
        self.on_out_of_service: list[Callable[[Device], None]] = []
        self._half_hour: Timer | None = None

    def peripheral_offline(self, number: int) -> None:
        """SYS_PERIPHERAL_OFFLINE; the agents of the peripheral are logged out. Raises KeyError."""
        peripheral = self.site.peripheral(number)
        if not peripheral.online:
            return
        peripheral.online = False
        self._status(PGStatusMask.PGS_PERIPHERAL_OFFLINE, True)
        self._emit(SystemEventID.SYS_PERIPHERAL_OFFLINE, number)
        for hook in self.on_offline:
            hook(peripheral)
        for agent in peripheral.agents.values():
            if agent.state != AgentState.AGENT_STATE_LOGOUT:
                self.agents.logout(agent, reason=ReasonCode.PERIPHERAL_RESTART, forced=True)

    def peripheral_online(self, number: int) -> None:
        """SYS_PERIPHERAL_ONLINE; everybody there is logged out. Raises KeyError."""
        peripheral = self.site.peripheral(number)
        if peripheral.online:
            return
        peripheral.online = True
        offline = any(not p.online for p in self.site.peripherals.values())
        self._status(PGStatusMask.PGS_PERIPHERAL_OFFLINE, offline)
        self._emit(SystemEventID.SYS_PERIPHERAL_ONLINE, number)

    def controller_offline(self) -> None:
        """SYS_CENTRAL_CONTROLLER_OFFLINE: "primarily affects translation routing and
        post-routing", so agents and calls go on."""
        if self.site.central_controller_online:
            self.site.central_controller_online = False
            self._status(PGStatusMask.PGS_CC_DOWN, True)
            self._emit(SystemEventID.SYS_CENTRAL_CONTROLLER_OFFLINE)

    def controller_online(self) -> None:
        """SYS_CENTRAL_CONTROLLER_ONLINE."""
        if not self.site.central_controller_online:
            self.site.central_controller_online = True
            self._status(PGStatusMask.PGS_CC_DOWN, False)
            self._emit(SystemEventID.SYS_CENTRAL_CONTROLLER_ONLINE)

    def instrument_out_of_service(self, device: Device) -> None:
        """SYS_INSTRUMENT_OUT_OF_SERVICE; the agent there is logged out."""
        if device.in_service:
            device.in_service = False
            self._instrument(SystemEventID.SYS_INSTRUMENT_OUT_OF_SERVICE, device)
            for hook in self.on_out_of_service:
                hook(device)
            if device.agent is not None:
                reason = ReasonCode.DEVICE_OUT_OF_SERVICE
                self.agents.logout(device.agent, reason=reason, forced=True)

    def instrument_in_service(self, device: Device) -> None:
        """SYS_INSTRUMENT_BACK_IN_SERVICE."""
        if not device.in_service:
            device.in_service = True
            self._instrument(SystemEventID.SYS_INSTRUMENT_BACK_IN_SERVICE, device)

    def announce(self, text: str) -> None:
        """SYS_TEXT_FYI: "broadcast of informational text"."""
        self._emit(SystemEventID.SYS_TEXT_FYI, text=text)

    def start_half_hours(self) -> None:
        """SYS_HALF_HOUR_CHANGE at every half hour from now on; again does nothing."""
        if self._half_hour is None:
            self._plan_half_hour()

    def stop_half_hours(self) -> None:
        """No more of them."""
        if self._half_hour is not None:
            self._half_hour.cancel()
            self._half_hour = None

    def _plan_half_hour(self) -> None:
        clock = self.site.clock
        passed = (clock.start + clock.now) % HALF_HOUR
        self._half_hour = clock.after(HALF_HOUR - passed, self._half_hour_passed)

    def _half_hour_passed(self) -> None:
        self._plan_half_hour()
        self._emit(SystemEventID.SYS_HALF_HOUR_CHANGE)

    def _status(self, bit: PGStatusMask, on: bool) -> None:
        self.site.pg_status = self.site.pg_status | bit if on else self.site.pg_status & ~bit

    def _emit(self, event: SystemEventID, peripheral: int = 0, text: str = "") -> None:
        values = system_values(self.site, event, peripheral, text)
        audience = Audience("system", peripheral or NULL_UINT)
        self.site.emit("SYSTEM_EVENT", values, audience)

    def _instrument(self, event: SystemEventID, device: Device) -> None:
        """SystemEventArg1 has the PeripheralID, the text the AgentInstrument."""
        values = system_values(self.site, event, device.peripheral_id, device.instrument)
        values["EventDeviceType"] = DeviceIDType.DEVID_AGENT_DEVICE
        values["EventDeviceID"] = device.instrument
        self.site.emit("SYSTEM_EVENT", values, Audience("system", device.peripheral_id))
