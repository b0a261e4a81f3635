"""What of the site is on-line, as a client is told.

Sources: CTI OS Developer Guide 12.6(1), OnSetAgentModeEvent (StatusSystem) and OnCTIOSFailure
(SystemEventID). The bits of GetSystemStatus are documented nowhere: those of the catalog are ours.
"""

from __future__ import annotations

from fastcil.catalog import EVENT_NAMES, SystemEventID
from fastcil.catalog import SystemStatus as Bits
from fastcil.cil import events
from fastcil.cil.lenient import number_in, tree_in
from fastcil.codec import Arguments

__all__ = ["SystemStatus"]

_EVENTS = (
    events.MONITOR_MODE_ESTABLISHED,
    events.CTIOS_FAILURE,
    EVENT_NAMES["OnSetAgentModeEvent"],
)
_SERVER, _DRIVER, _CONTROLLER, _PERIPHERAL = (
    int(Bits.eCtiServerNotOnline),
    int(Bits.eCtiServerDriverNotOnline),
    int(Bits.eCentralControllerNotOnline),
    int(Bits.ePeripheralNotOnline),
)
_KEYS = (
    ("StatusCTIServer", _SERVER),
    ("StatusCtiServerDriver", _DRIVER),
    ("StatusCentralController", _CONTROLLER),
)
_CHANGES = {
    int(SystemEventID.eSysCtiServerOffline): (_SERVER, True),
    int(SystemEventID.eSysCtiServerOnline): (_SERVER, False),
    int(SystemEventID.eSysCtiServerDriverOffline): (_DRIVER, True),
    int(SystemEventID.eSysCtiServerDriverOnline): (_DRIVER, False),
    int(SystemEventID.eSysCentralControllerOffline): (_CONTROLLER, True),
    int(SystemEventID.eSysCentralControllerOnline): (_CONTROLLER, False),
    int(SystemEventID.eSysPeripheralOffline): (_PERIPHERAL, True),
    int(SystemEventID.eSysPeripheralOnline): (_PERIPHERAL, False),
}


class SystemStatus:
    """bits: fastcil.catalog.SystemStatus; set: not on-line."""

    EVENTS = _EVENTS
    """Events that tell something of it."""

    def __init__(self) -> None:
        self.bits = 0

    def take(self, message_id: int, arguments: Arguments) -> None:
        """Whole with the mode, one thing at a time by OnCTIOSFailure."""
        if message_id == events.CTIOS_FAILURE:
            bit, down = _CHANGES.get(number_in(arguments, "SystemEventID"), (0, False))
            self.bits = self.bits | bit if down else self.bits & ~bit
            return
        status = tree_in(arguments, "StatusSystem")
        if status:
            bits = [bit for key, bit in _KEYS if status.get(key, 0)]
            peripherals = tree_in(status, "StatusPeripherals")
            if any(not peripherals[key] for key in peripherals):
                bits.append(_PERIPHERAL)
            self.bits = sum(bits)
