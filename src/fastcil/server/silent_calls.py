"""Silent monitoring of the Unified CM kind: a call, which SuperviseCall begins and ends.

The server tells both sides, and its peers, whose clients they may be. Sources: CTI OS Developer
Guide, ISilentMonitorEvents, building chapter (silent monitoring).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastcil.catalog import CilError, SupervisoryAction
from fastcil.server.buttons import Buttons
from fastcil.server.desk import deliver
from fastcil.server.desktop import DesktopSettings
from fastcil.server.parts import Part
from fastcil.server.peers import Origin, Peers
from fastcil.server.silent_events import number
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject, CallObject, call_key
from fastcil.server.site.requests import Refused

if TYPE_CHECKING:
    from fastcil.server.upstream import SiteSource

__all__ = ["SilentCalls"]

_BEGUN = "silent.call"  # the kind of message between peers
_VALUES = (
    "SilentMonitorInitiatingAgentUID",
    "SilentMonitorInitiatingDeviceID",
    "SilentMonitorTargetAgentUID",
    "SilentMonitorTargetDeviceID",
    "SilentMonitorCallUID",
)
_UNSEEN_SECONDS = 30.0  # after which a call that never came is no more waited for


@dataclass
class _Call:
    """A supervisor listens to an agent by a call."""

    supervisor: str
    agent: str
    values: dict[str, Any]


class SilentCalls(Part):
    """Calls by which somebody listens, by the key of the supervisor's own."""

    def __init__(
        self, site: SiteSource, settings: DesktopSettings, buttons: Buttons, peers: Peers
    ) -> None:
        super().__init__(site)
        self.callbacks = ("OnCallEnd",)
        self._settings = settings
        self._buttons = buttons
        self._peers = peers
        self._calls: dict[str, _Call] = {}
        peers.receivers[_BEGUN] = self._begun_there

    @property
    def by_call(self) -> bool:
        """Whether silent monitoring is that of Unified CM."""
        return self._settings.ccm_silent_monitor

    def listens(self, call: CallObject) -> bool:
        """Whether somebody listens to a call by one of his own."""
        agent = self.site.mapper.objects.agent_of(call)
        return agent is not None and any(c.agent == agent.key for c in self._calls.values())

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Before SuperviseCall is forwarded. Raises Refused when it asks for the other kind."""
        action = number(arguments, "SupervisoryAction")
        if action == SupervisoryAction.eSupervisorMonitor and not self._settings.ccm_silent_monitor:
            raise Refused(
                CilError.E_CTIOS_INVALID_SILENT_MONITOR_MODE,
                "silent monitoring is by the silent monitor manager (CCMBasedSilentMonitor is 0)",
            )

    def supervised(
        self, arguments: Mapping[str, Any], supervisor: AgentObject | None, call_id: int
    ) -> None:
        """SuperviseCall was confirmed: call_id is that of the supervisor's own call."""
        if supervisor is None:
            return
        action = number(arguments, "SupervisoryAction")
        if action != SupervisoryAction.eSupervisorMonitor:
            return
        agent = self.site.mapper.objects.agents.get(str(arguments.get("AgentReference") or ""))
        key = call_key(supervisor.peripheral, call_id, supervisor.instrument)
        if agent is None or key in self._calls:
            return
        values = {
            "SilentMonitorInitiatingAgentUID": supervisor.key,
            "SilentMonitorInitiatingDeviceID": supervisor.instrument,
            "SilentMonitorTargetAgentUID": agent.key,
            "SilentMonitorTargetDeviceID": agent.instrument,
            "SilentMonitorCallUID": key,
        }
        self._begin(key, values)
        self._peers.send(self._peers.up, _BEGUN, values)

    def _begin(self, key: str, values: dict[str, Any]) -> None:
        """Somebody listens: both sides are told, as far as their clients are here."""
        supervisor = str(values["SilentMonitorInitiatingAgentUID"])
        agent = str(values["SilentMonitorTargetAgentUID"])
        self._calls[key] = _Call(supervisor, agent, values)
        self._both(self._calls[key], SiteEvent("OnSilentMonitorStartedEvent", values))
        self._buttons.supervised(agent)

    def _begun_there(self, origin: Origin, message: Mapping[str, Any]) -> dict[str, Any]:
        """A supervisor at a peer listens. That he ends, this server is told by the CTI Server."""
        key = str(message["SilentMonitorCallUID"])
        self._begin(key, {name: str(message[name]) for name in _VALUES})
        if key not in self.site.mapper.objects.calls:
            # Told before the call itself was, or after its end.
            asyncio.get_running_loop().call_later(_UNSEEN_SECONDS, self._unseen, key)
        return {"Delivered": 1}

    def _unseen(self, key: str) -> None:
        call = None if key in self.site.mapper.objects.calls else self._calls.pop(key, None)
        if call is not None:
            self._ended(call)

    def told(self, event: SiteEvent) -> None:
        """The supervisor's call ended, however: so did the monitoring."""
        call = self._calls.pop(event.object_id, None)
        if call is not None:
            self._ended(call)

    def _ended(self, call: _Call) -> None:
        values = {**call.values, "SilentMonitorCallDisposition": 0}
        self._both(call, SiteEvent("OnSilentMonitorStopRequestedEvent", values))
        self._buttons.supervised(call.agent)

    def _both(self, call: _Call, event: SiteEvent) -> None:
        for key in (call.supervisor, call.agent):
            agent = self.site.mapper.objects.agents.get(key)
            for client in [] if agent is None else self.site.clients_of(agent):
                deliver(client, event)
