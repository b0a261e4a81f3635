"""What a site answers itself, one theme a part."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastcil.ged188.enums import StatusCode
from fastcil.server.desk import Tell
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject
from fastcil.server.site.requests import Refused

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.upstream import SiteSource

__all__ = ["Handler", "Part", "SiteRules"]

Handler = Callable[[Mapping[str, Any], "ClientConnection", Tell], Awaitable[None]]


@dataclass(frozen=True)
class SiteRules:
    """The settings that a site's answers follow, by their documented meaning.

    agent_seconds, group_seconds
        Intervals of statistics (PollingIntervalSec of Agent and SkillGroup).
    at_call_end
        Agent statistics come when a call ends, not at an interval (PollForAgentStatsAtEndCall).
    agent_chat, supervisor_chat
        AgentChatLevel, SupervisorChatLevel.
    force_logout
        An agent whose last session ends without a logout is logged out
        (forceLogoutOnSessionClose), with these reasons (…Reason; 0: none).
    logout_reasons, not_ready_reasons
        By text the code (ReasonCodes), and whether one is required (LogoutReasonRequired,
        NotReadyReasonRequired) where the switch's own desk settings do not say it.
    wrapup_required
        Data is required after an incoming call, where not the agent's desk settings say that
        (WrapupDataRequired).
    wrapup_strings
        Texts to choose from after an incoming call, by name (WrapupStrings).
    desktop
        The tree below EnterpriseDesktopSettings, "All Desktops".
    """

    agent_seconds: float = 15.0
    group_seconds: float = 10.0
    at_call_end: bool = True
    agent_chat: str = "TeamSupervisors"
    supervisor_chat: str = "Unrestricted"
    force_logout: bool = False
    logout_reason: int = 0
    not_ready_reason: int = 0
    logout_reasons: Mapping[str, int] = field(default_factory=dict)
    not_ready_reasons: Mapping[str, int] = field(default_factory=dict)
    logout_reason_required: bool = False
    not_ready_reason_required: bool = False
    wrapup_required: bool = False
    wrapup_strings: Mapping[str, str] = field(default_factory=dict)
    desktop: Mapping[str, Any] = field(default_factory=dict)


class Part:
    """Some requests, what belongs to them, and what becomes of it when a client goes."""

    def __init__(self, site: SiteSource) -> None:
        self.site = site
        self.handlers: dict[int, Handler] = {}
        """The requests that it answers, by number."""
        self.callbacks: tuple[str, ...] = ()
        """The events of which it is told."""

    def told(self, event: SiteEvent) -> None:
        """An event of `callbacks` is on its way to whom it concerns."""

    def left(self, client: ClientConnection) -> None:
        """A client is gone."""

    def stop(self) -> None:
        """The site is closed."""

    def agent_of(self, client: ClientConnection) -> AgentObject:
        """The agent of a client in agent mode. Raises Refused."""
        agent = self.site.agent_of(client)
        if agent is None:
            raise Refused(StatusCode.E_CTI_SESSION_NOT_OPEN, "this needs agent mode")
        return agent
