"""Chat between the clients of a server and of its peers, within the configured levels.

The server of the sender decides who may write to whom. Source: CTI OS Developer Guide,
SendChatMessage and OnChatMessage; System Manager Guide, Agent and Supervisor registry keys
(AgentChatLevel, SupervisorChatLevel). The guides do not say how a refusal is numbered: as for other
rights, by CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastcil.catalog.requests import RequestID
from fastcil.ged188.enums import AgentFlags, ControlFailureCode, StatusCode
from fastcil.server.desk import Tell, deliver
from fastcil.server.parts import Part
from fastcil.server.peers import Origin, Peers
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject, agent_key
from fastcil.server.site.requests import Refused
from fastcil.server.supervision import Supervision

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.upstream import SiteSource

__all__ = ["MAX_MESSAGE", "Chat"]

MAX_MESSAGE = 255
"""Bytes of a message."""
_AGENT = "agent"
_FIELDS = ("Distribution", "AgentID", "Target", "Message", "Source")
_CHAT = "chat"  # the kind of message between peers


class Chat(Part):
    """SendChatMessage: to the clients of one agent of the same peripheral, wherever they are."""

    def __init__(self, site: SiteSource, supervision: Supervision, peers: Peers) -> None:
        super().__init__(site)
        self._supervision = supervision
        self._peers = peers
        peers.receivers[_CHAT] = self._relayed
        self.handlers = {RequestID.SEND_CHAT_MESSAGE: self._send}

    async def _send(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        sender = self.agent_of(client)
        text = str(arguments.get("Message") or "")
        if len(text.encode("utf-8", "surrogateescape")) > MAX_MESSAGE:
            raise Refused(
                StatusCode.E_CTI_INVALID_MESSAGE_LENGTH, f"Message: {MAX_MESSAGE} bytes at most"
            )
        if str(arguments.get("Distribution") or "").lower() not in (_AGENT, "distributetoagent"):
            raise Refused(
                StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE, 'Distribution: only "agent" is known'
            )
        target = self._target(arguments, sender)
        if not self.allowed(sender, target):
            raise Refused(
                ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE,
                f"{sender.key} may not chat with {target.key}",
            )
        values = {
            "Distribution": _AGENT,
            "AgentID": target.agent_id,
            "Target": target.agent_id,
            "Message": text,
            "Source": sender.agent_id,
        }
        message = {"UniqueObjectID": target.key, **values}
        if self._give(target, values):
            self._peers.send(self._peers.holding(target), _CHAT, message)
            return
        # Nobody here, or not yet: he may come from a peer while that is asked.
        there = await self._peers.find(target, _CHAT, message)
        if not there and not self._give(target, values):
            raise Refused(
                ControlFailureCode.CF_GENERIC_SUBSCRIBED_RESOURCE_AVAILABILITY,
                f"{target.key} has no session here",
            )

    def _give(self, target: AgentObject, values: dict[str, Any]) -> int:
        """OnChatMessage to the clients that an agent has here; how many they are."""
        receivers = self.site.clients_of(target)
        event = SiteEvent("OnChatMessage", values)
        for receiver in receivers:
            deliver(receiver, event)
        return len(receivers)

    def _relayed(self, origin: Origin, message: Mapping[str, Any]) -> dict[str, Any]:
        """A message of a peer for clients here: it may be sent, which that server saw to."""
        target = self.site.mapper.objects.agents.get(str(message.get("UniqueObjectID")))
        values = {name: str(message.get(name) or "") for name in _FIELDS}
        return {"Delivered": 0 if target is None else self._give(target, values)}

    def _target(self, arguments: Mapping[str, Any], sender: AgentObject) -> AgentObject:
        """Whom a message is for: by AgentID, or by login name. Raises Refused."""
        name = str(arguments.get("Target") or arguments.get("LoginName") or "")
        if not name:
            raise Refused(StatusCode.E_CTI_REQUIRED_DATA_MISSING, "Target is missing")
        found = self.site.mapper.objects.agents.get(agent_key(sender.peripheral, name))
        if found is None:
            found = self.site.logged_in_as(sender.peripheral, name)
        if found is None:
            raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, f"no agent {name!r}")
        return found

    def allowed(self, sender: AgentObject, target: AgentObject) -> bool:
        """Whether the levels let one agent write to the other."""
        rules = self.site.rules
        if sender.is_supervisor:
            level = rules.supervisor_chat
            if level == "Team":
                return target.team == sender.team or target.key in {
                    key
                    for team in self._supervision.teams_of(sender)
                    for key in self.site.mapper.objects.teams[team]
                }
            return level == "Unrestricted"
        level = rules.agent_chat
        if level == "PrimarySupervisor":
            flag = int(AgentFlags.PRIMARY_SUPERVISOR)
            return target.key in self._supervision.supervisors_of(sender, flag)
        if level == "TeamSupervisors":
            return target.key in self._supervision.supervisors_of(sender)
        if level == "Team":
            return target.team == sender.team != 0
        return level == "Unrestricted"
