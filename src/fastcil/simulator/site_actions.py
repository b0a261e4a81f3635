"""What befalls a site and its link, as verbs of scenarios: faults, outages, announcements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastcil.simulator.model import Peripheral
from fastcil.simulator.steps import step

if TYPE_CHECKING:
    from fastcil.simulator.simulator import Simulator

__all__ = ["SiteActions"]


class SiteActions:
    """The verbs about the site as a whole and about the link.

    client: a ClientID, where only that client's link is meant.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._site = simulator.site

    def _peripheral(self, number: int | None) -> Peripheral:
        if number is None:
            return next(iter(self._site.peripherals.values()))
        if number not in self._site.peripherals:
            raise KeyError(f"no peripheral {number}")
        return self._site.peripherals[number]

    @step
    def say(self, text: str) -> None:
        """SYSTEM_EVENT with a text, to everybody."""
        self._simulator.control.announce(text)

    # -- faults ------------------------------------------------------------------------------

    @step
    def drop(self, client: str | None = None, how: str = "reset") -> None:
        """Drop links: "close" (FIN), "reset" (RST) or "middle" (in the middle of a message)."""
        self._simulator.faults.drop(client, how)

    @step
    def hang(self, client: str | None = None) -> None:
        """Stop answering with the sockets open."""
        self._simulator.faults.hang(client)

    @step
    def resume(self, client: str | None = None) -> None:
        """Go on after hang."""
        self._simulator.faults.resume(client)

    @step
    def delay(self, seconds: float, client: str | None = None) -> None:
        """Answer so many seconds of real time late; 0 ends it."""
        self._simulator.faults.delay(seconds, client)

    @step
    def trickle(self, bytes_per_second: float, client: str | None = None) -> None:
        """Send that slowly; 0 ends it."""
        self._simulator.faults.trickle(bytes_per_second, client)

    @step
    def garbage(self, kind: str = "random", client: str | None = None) -> None:
        """Send bytes that are no message: "length", "runt", "type", "field" or "random"."""
        self._simulator.faults.garbage(kind, client)

    @step
    def fail_over(self) -> None:
        """The active side fails, the standby takes over."""
        self._simulator.faults.fail_over()

    @step
    def restore(self, side: str) -> None:
        """A failed side works again."""
        self._simulator.faults.restore(side)

    @step
    def maintain(self) -> None:
        """Ask the clients whether the active side may go into maintenance mode."""
        self._simulator.faults.maintain()

    @step
    def off_line(self) -> None:
        """The active side says that it is off-line, until restore."""
        self._simulator.faults.off_line()

    @step
    def peripheral(self, online: bool, peripheral: int | None = None) -> None:
        """A peripheral goes off-line, with its calls and agents, or comes back."""
        number = self._peripheral(peripheral).id
        control = self._simulator.control
        (control.peripheral_online if online else control.peripheral_offline)(number)

    @step
    def controller(self, online: bool) -> None:
        """The Central Controller cannot be reached, or can again."""
        control = self._simulator.control
        (control.controller_online if online else control.controller_offline)()

    @step
    def instrument(self, device: str, in_service: bool, peripheral: int | None = None) -> None:
        """A telephone goes out of service, or comes back."""
        devices = self._peripheral(peripheral).devices
        if device not in devices:
            raise KeyError(f"no device {device!r}")
        control = self._simulator.control
        if in_service:
            control.instrument_in_service(devices[device])
        else:
            control.instrument_out_of_service(devices[device])

    @step
    def gateway(self, up: bool) -> None:
        """The Peripheral Gateway goes down or comes up."""
        (self._simulator.faults.gateway_up if up else self._simulator.faults.gateway_down)()
