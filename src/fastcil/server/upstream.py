"""A site behind a CTI Server: its events for the clients, their requests for it.

One session with the CTI Server serves all clients. The state of the site is taken by snapshots when
the session opens, and again after every spell in which events may have been missed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from fastcil.catalog import AgentState, LocalConnectionState
from fastcil.catalog import SupervisorButtonEnablement as Buttons
from fastcil.ged188 import Message
from fastcil.ged188.enums import StatusCode
from fastcil.ged188.schema import MESSAGES_BY_NAME
from fastcil.server.agent_mode import AgentMode
from fastcil.server.buttons import Buttons as AgentButtons
from fastcil.server.chat import Chat
from fastcil.server.desk import deliver
from fastcil.server.desktop import DesktopSettings
from fastcil.server.farewell import Farewell
from fastcil.server.parts import Handler, Part, SiteRules
from fastcil.server.peers import Peers
from fastcil.server.polling import Statistics
from fastcil.server.reasons import Reasons
from fastcil.server.silent import SilentMonitor
from fastcil.server.silent_calls import SilentCalls
from fastcil.server.site.answers import confirmation
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.mapper import SiteMapper
from fastcil.server.site.objects import AgentObject
from fastcil.server.site.places import PHONE, Place
from fastcil.server.site.requests import Refused, Requester, Translator, is_login, is_logout
from fastcil.server.snapshots import Snapshots
from fastcil.server.source import MONITORED_IDS, SourceEvent
from fastcil.server.supervision import Supervision

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection

__all__ = ["RequestFailed", "SiteSource", "UpstreamLink"]

_log = logging.getLogger("fastcil.server")
_OUT = (int(AgentState.eLogout), int(AgentState.eUnknown))
_SUPERVISE = MESSAGES_BY_NAME["SUPERVISE_CALL_REQ"].number


class RequestFailed(Exception):
    """The CTI Server refused a request: FailureCode and PeripheralErrorCode, or a StatusCode."""

    def __init__(self, code: int, text: str, peripheral_error: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.peripheral_error = peripheral_error


def _unwatched(client: ClientConnection, agents: set[str], calls: set[str]) -> None:
    """Without a server nobody is told anything."""


class UpstreamLink(Protocol):
    """What is needed of a session with a CTI Server."""

    async def request(self, name: str, values: Mapping[str, Any]) -> Message:
        """The confirmation. Raises RequestFailed, or TimeoutError when none came."""
        ...


class SiteSource:
    """An EventSource and a SiteBackend over one session with a CTI Server.

    message() takes what the session receives, opened() and lost() what becomes of it. snapshots:
    how many requests of a snapshot may be under way at once.
    """

    on_demand = False
    unpaced = False
    exhausted = False

    def __init__(
        self,
        mapper: SiteMapper | None = None,
        *,
        snapshots: int = 32,
        rules: SiteRules | None = None,
    ) -> None:
        self.mapper = SiteMapper() if mapper is None else mapper
        self.rules = SiteRules() if rules is None else rules
        self.translator = Translator(self.mapper.objects)
        self.link: UpstreamLink | None = None
        self.publish: Callable[[SourceEvent], None] | None = None
        """Where events go at once; without it they wait for next_events()."""
        self.publish_all: Callable[[list[SourceEvent]], None] | None = None
        """Likewise, for the events of one turn of the loop."""
        self._waiting: deque[SourceEvent] = deque()
        self._agents: dict[ClientConnection, AgentObject] = {}
        self.watch: Callable[[ClientConnection, set[str], set[str]], None] = _unwatched
        self._of_agent: dict[str, dict[ClientConnection, None]] = {}
        self.peers = Peers(self)
        self.reasons = Reasons(self)
        self.agent_mode = AgentMode(self)
        self.supervision = supervision = Supervision(self)
        self.snapshots = Snapshots(self, snapshots)
        settings = DesktopSettings(self)
        self.statistics = Statistics(self)
        buttons = AgentButtons(self, supervision)
        self.silent = SilentMonitor(self, settings, self.peers)
        self.silent_calls = SilentCalls(self, settings, buttons, self.peers)
        self.parts: tuple[Part, ...] = (
            self.snapshots,
            supervision,
            settings,
            self.statistics,
            self.silent,
            self.silent_calls,
            buttons,
            Chat(self, supervision, self.peers),
            Farewell(self),
            self.peers,
        )
        self._handlers: dict[int, Handler] = {}
        for part in self.parts:
            self._handlers.update(part.handlers)
        self._telling: dict[str, list[Part]] = {}
        """Who is told of events, by callback."""
        for part in self.parts:
            for callback in part.callbacks:
                self._telling.setdefault(callback, []).append(part)

    # -- events ------------------------------------------------------------------------------

    def message(self, message: Message, now: float | None = None) -> None:
        """An event of the CTI Server."""
        if self.snapshots.asked:
            self.snapshots.heard([message])
        self.give(self.mapper.message(message, time.monotonic() if now is None else now))

    def messages(self, messages: list[Message], now: float) -> None:
        """Events of the CTI Server that came in one turn of the loop; all are sent at its end."""
        if self.snapshots.asked:
            self.snapshots.heard(messages)
        publish_all = self.publish_all
        if publish_all is None or self.supervision.watching:
            # What a supervisor may do follows from the state just after each of them.
            for message in messages:
                self.give(self.mapper.message(message, now))
            return
        events = self.mapper.take(messages, now)
        publish_all(events)  # type: ignore[arg-type]
        self._tell(events)

    def _tell(self, events: list[SiteEvent]) -> None:
        """Events to the parts that want to know of them."""
        telling = self._telling
        for event in events:
            if event.callback in telling:
                for part in telling[event.callback]:
                    part.told(event)

    def give(self, events: list[SiteEvent]) -> None:
        """Events for everybody whom they concern."""
        watching = self.supervision.watching
        for event in events:
            if watching and event.agents and event.message_id in MONITORED_IDS:
                event.supervisor_mask = partial(
                    self.supervisor_mask, event.callback, event.complete
                )
            if self.publish is None:
                self._waiting.append(event)
            else:
                self.publish(event)
            self._tell([event])

    def want_levels(self, minimal: bool, complete: bool) -> None:
        """As EventSource says."""
        levels = minimal + 2 * complete or 1
        self.mapper.calls.levels = self.mapper.agents.levels = levels

    def supervisor_mask(self, callback: str, values: Mapping[str, Any]) -> Buttons:
        """SupervisorBtnEnablementMask: what a supervisor may do to the agent, or call, of an event.

        Source: CTI OS Developer Guide, OnSupervisorButtonChange, table of the bits; when a bit is
        on follows from what the CTI Server accepts.
        """
        if callback == "OnAgentStateChange":
            state = values.get("AgentState")
            if state in _OUT:
                return Buttons(0)
            ready = state in (AgentState.eNotReady, AgentState.eWorkNotReady)
            return Buttons.ENABLE_SET_AGENT_LOGOUT | (
                Buttons.ENABLE_SET_AGENT_READY if ready else Buttons(0)
            )
        objects = self.mapper.objects
        call = objects.calls.get(str(values.get("UniqueObjectID", "")))
        if call is None or call.status != LocalConnectionState.LCS_CONNECT:
            return Buttons(0)
        found = Buttons.ENABLE_BARGE_IN
        for other in call.conversation.connections.values():
            agent = None if other is call else objects.agent_of(other)
            if agent is not None and agent.is_supervisor:
                found = Buttons.ENABLE_INTERCEPT | Buttons.ENABLE_CLEAR
        if self.silent_calls.by_call:
            listens = self.silent_calls.listens(call)
            found |= (
                Buttons.ENABLE_STOP_SILENTMONITOR if listens else Buttons.ENABLE_START_SILENTMONITOR
            )
        return found

    # -- clients -----------------------------------------------------------------------------

    def agent_of(self, client: ClientConnection) -> AgentObject | None:
        """The agent of a client in agent mode."""
        return self._agents.get(client)

    def clients_of(self, agent: AgentObject) -> list[ClientConnection]:
        """The clients in an agent's agent mode, oldest first."""
        return [c for c in self._of_agent.get(agent.key, ()) if not c.closing]

    def present(self) -> dict[str, int]:
        """By the key of each agent who has clients in agent mode: how many."""
        return {key: len(clients) for key, clients in self._of_agent.items()}

    def logged_in_as(self, peripheral: int, name: str) -> AgentObject | None:
        """The agent of a login name."""
        for agent in self.mapper.objects.agents.values():
            if agent.peripheral == peripheral and agent.login_name == name:
                return agent
        return None

    def next_events(self, now_ns: int) -> list[SourceEvent]:
        """As EventSource says: what was not published at once."""
        found = list(self._waiting)
        self._waiting.clear()
        return found

    def snapshot(self, level: int = 0) -> list[tuple[int, Mapping[str, Any]]]:
        """Agents, devices and calls as they are known."""
        return [
            (event.message_id, event.minimal if level else event.complete)
            for event in self.mapper.snapshot()
        ]

    # -- snapshots ---------------------------------------------------------------------------

    async def ask(self, name: str, values: Mapping[str, Any]) -> Message:
        """A request to the CTI Server. Raises Refused."""
        if self.link is None:
            raise Refused(StatusCode.E_CTI_CTI_SERVER_OFFLINE, "there is no CTI Server")
        try:
            return await self.link.request(name, values)
        except RequestFailed as error:
            raise Refused(error.code, str(error), error.peripheral_error) from error
        except asyncio.TimeoutError:
            raise Refused(
                StatusCode.E_CTI_TIMEOUT, f"{name}: the CTI Server did not answer"
            ) from None

    async def query_agent(self, agent: AgentObject) -> SiteEvent:
        """As Snapshots.agent()."""
        return await self.snapshots.agent(agent)

    async def device_calls(self, agent: AgentObject) -> list[tuple[int, str]]:
        """(call id, device id) of the calls at an agent's device. Raises Refused."""
        return await self.snapshots.calls_at(Place(agent.peripheral, PHONE, agent.instrument))

    async def call_snapshot(self, peripheral: int, call_id: int, device: str) -> list[SiteEvent]:
        """As Snapshots.call()."""
        return await self.snapshots.call((peripheral, call_id), device)

    async def reconcile(self, agents: list[AgentObject] | None = None) -> int:
        """As Snapshots.take()."""
        return await self.snapshots.take(agents)

    # -- requests of clients -----------------------------------------------------------------

    async def set_agent(
        self,
        arguments: Mapping[str, Any],
        client: ClientConnection,
        tell: Callable[[SiteEvent], None],
    ) -> str:
        """As SiteBackend says: who the agent is, and what he is doing."""
        return (await self.agent_mode.begin(arguments, client, tell)).key

    def seat(self, client: ClientConnection, agent: AgentObject) -> None:
        """A client is in an agent's agent mode, and in no other one's."""
        self.unseat(client)
        self._agents[client] = agent
        clients = self._of_agent.setdefault(agent.key, {})
        clients[client] = None
        self.peers.seated(agent, len(clients))

    def unseat(self, client: ClientConnection) -> None:
        """A client is in no agent mode."""
        agent = self._agents.pop(client, None)
        if agent is not None:
            clients = self._of_agent[agent.key]
            del clients[client]
            self.peers.seated(agent, len(clients))
            if not clients:
                del self._of_agent[agent.key]

    def system_status(self) -> dict[str, Any]:
        """StatusSystem: what is on-line (CTI OS Developer Guide, OnSetAgentModeEvent)."""
        peripherals = self.mapper.objects.peripherals
        return {
            "StatusCTIServer": 0 if self.link is not None else 1,
            "StatusCtiServerDriver": 0,
            "StatusCentralController": 0,
            "StatusPeripherals": {str(number): online for number, online in peripherals.items()},
        }

    async def request(
        self,
        number: int,
        arguments: Mapping[str, Any],
        client: ClientConnection,
        tell: Callable[[SiteEvent], None],
    ) -> None:
        """As SiteBackend says."""
        own = self._handlers.get(number)
        if own is not None:
            await own(arguments, client, tell)
            return
        requester = Requester(self._agents.get(client))
        if number == _SUPERVISE:
            self.silent_calls.check(arguments)
        name, values = self.translator.values(number, arguments, requester)
        try:
            answer = await self.ask(name, values)
        except Refused as error:
            if is_logout(name, values):
                tell(
                    SiteEvent(
                        "OnLogoutFailed",
                        {
                            "InvokeID": arguments.get("InvokeID", 0),
                            "FailureCode": error.code,
                            "PeripheralErrorCode": error.peripheral_error,
                        },
                    )
                )
            raise
        confirmed = confirmation(arguments, answer)
        if confirmed is not None:
            tell(confirmed)
        agent = requester.agent
        if agent is not None and is_login(name, values) and values.get("AgentID") == agent.agent_id:
            queried = await self.reasons.of(agent, await self.query_agent(agent))
            for one in self.clients_of(agent):
                deliver(one, queried)
        if number == _SUPERVISE:
            self.silent_calls.supervised(arguments, requester.agent, answer["ConnectionCallID"])

    def left(self, client: ClientConnection) -> None:
        """A client is gone."""
        for part in self.parts:
            part.left(client)
        self.unseat(client)

    def stop(self) -> None:
        """Nothing is asked for any more."""
        for part in self.parts:
            part.stop()
