"""Who gets which event: the clients in monitor mode by their filters, those in agent mode by their
agents and by whom they watch."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fastcil.codec import EncodeError, Frame
from fastcil.server.counters import Counters
from fastcil.server.group import Group
from fastcil.server.outbox import Limits
from fastcil.server.source import MONITORED_CALL_IDS, SYSTEM_IDS, SourceEvent

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection

__all__ = ["Audience"]

_log = logging.getLogger("fastcil.server")
_AT_ONCE = 256  # events that are given to a group in one piece


class Audience:
    """The clients that get events, and how events get to them; part of EventServer.

    source is told which sets of arguments anybody wants (want_levels). Events wait for the end of a
    turn of the loop, when every client gets all of its own at once.
    """

    def __init__(self, source: Any, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self._counters = Counters()
        self._groups: dict[tuple[str, int], Group] = {}  # by filter and MinimizeEventArgs
        self._member: dict[ClientConnection, Group] = {}
        self._only: Group | None = None  # when there is one, and it gets everything
        self._waiting = False  # something in a group
        self._agents: dict[str, set[ClientConnection]] = {}
        self._agent_of: dict[ClientConnection, str] = {}
        self._complete_agents: set[ClientConnection] = set()  # with MinimizeEventArgs 0
        self._watched: dict[str, set[ClientConnection]] = {}  # by agent
        self._watched_calls: dict[str, set[ClientConnection]] = {}
        self._touched: set[ClientConnection] = set()
        self._flushing = False
        self.drained = asyncio.Event()  # a client takes events again
        self._monitored = asyncio.Event()
        self.draining = False
        """Whether drain() has begun: nobody is let in, and no event is taken any more."""

    # -- who is there ------------------------------------------------------------------------

    def set_monitor(self, client: ClientConnection) -> None:
        """A client is in monitor mode with its present filter and level."""
        self.leave(client)
        assert client.filter is not None
        key = (client.filter.text, client.level)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(client.filter, client.level, self.limits)
            self._grouped()
        group.add(client)
        self._member[client] = client.group = group
        self._monitored.set()
        self._tell_wanted()

    def set_agent(self, client: ClientConnection, agent: str) -> None:
        """A client is in agent mode: it gets the events of one agent and of his calls."""
        self.leave(client)
        self._agents.setdefault(agent, set()).add(client)
        self._agent_of[client] = agent
        if client.level == 0:
            self._complete_agents.add(client)
        self._tell_wanted()

    def _grouped(self) -> None:
        found = list(self._groups.values())
        self._only = found[0] if len(found) == 1 and found[0].everything else None

    def _tell_wanted(self) -> None:
        """Tell the source which sets of arguments are worth making."""
        tell = getattr(self.source, "want_levels", None)
        if tell is None:
            return
        groups = self._groups.values()
        complete = any(group.level == 0 or not group.everything for group in groups)
        minimal = any(group.level for group in groups)
        if self._agent_of:
            complete = complete or bool(self._complete_agents)
            minimal = minimal or len(self._complete_agents) < len(self._agent_of)
        tell(minimal, complete)

    def watch(self, client: ClientConnection, agents: Iterable[str], calls: Iterable[str]) -> None:
        """A supervisor gets, as monitored ones, the events of some agents, and those of the calls
        of some; and of no others."""
        for watched, wanted in ((self._watched, agents), (self._watched_calls, calls)):
            for watchers in watched.values():
                watchers.discard(client)
            for agent in wanted:
                watched.setdefault(agent, set()).add(client)
            for agent in [agent for agent, watchers in watched.items() if not watchers]:
                del watched[agent]

    def leave(self, client: ClientConnection) -> None:
        """A client gets no more events."""
        agent = self._agent_of.pop(client, None)
        if agent is not None:
            self._agents[agent].discard(client)
            if not self._agents[agent]:
                del self._agents[agent]
            self._complete_agents.discard(client)
            self.watch(client, (), ())
        group = self._member.pop(client, None)
        client.group = None
        if group is not None:
            group.discard(client)
            if not group.clients:
                del self._groups[group.filter.text, group.level]
                self._grouped()
        if not self._member:
            self._monitored.clear()
        self._tell_wanted()
        self.drained.set()

    # -- events ------------------------------------------------------------------------------

    def publish(self, event: SourceEvent) -> None:
        """Give an event to the clients that want it. Filters see all of its arguments."""
        if self.draining:
            return
        self._counters.events_published += 1
        frame: Frame | None = None
        full: list[Group] = []
        for group in self._groups.values():
            try:
                if not group.everything:
                    if frame is None:
                        frame = Frame.from_bytes(event.encoded(0).frame)
                    if not group.filter.matches(frame):
                        continue
                group.put(event)
            except (EncodeError, TypeError, OverflowError) as error:
                self._counters.events_unencodable += 1
                _log.error("event %d cannot be encoded: %s", event.message_id, error)
                return
            self._waiting = True
            if group.size > group.most:
                full.append(group)
        for group in full:
            group.flush(time.monotonic(), self._counters)
        if self._agent_of:
            self._publish_to_agents(event)

    def _publish_to_agents(self, event: SourceEvent) -> None:
        """Agent mode: the agent's own events, a supervisor's monitored ones, the system's."""
        try:
            if event.message_id in SYSTEM_IDS:
                self._give(event, list(self._agent_of))
            of_call = event.message_id in MONITORED_CALL_IDS
            watched = self._watched_calls if of_call else self._watched
            for agent in event.agents:
                self._give(event, list(self._agents.get(agent, ())))
                watchers = watched.get(agent)
                monitored = event.monitored() if watchers else None
                if watchers and monitored is not None:
                    self._give(monitored, list(watchers))
        except (EncodeError, TypeError, OverflowError) as error:
            self._counters.events_unencodable += 1
            _log.error("event %d cannot be encoded: %s", event.message_id, error)

    def _give(self, event: SourceEvent, clients: list[ClientConnection]) -> None:
        for client in clients:
            client.push(event.encoded(client.level), event.key, event.keep)
            self._touched.add(client)

    def publish_all(self, events: list[SourceEvent]) -> None:
        """publish() each, and send them at once."""
        if self.draining or not events:
            return
        group = self._only
        if group is None or self._agent_of or len(events) > _AT_ONCE:
            for event in events:
                self.publish(event)
            self._flush()
            return
        # The monitors of a site: nothing is asked of any single event.
        try:
            group.put_all(events)
        except (EncodeError, TypeError, OverflowError):  # publish() finds out which
            for event in events:
                self.publish(event)
        else:
            self._counters.events_published += len(events)
        group.flush(time.monotonic(), self._counters)
        if self._touched:
            self._flush()

    def publish_now(self, event: SourceEvent) -> None:
        """publish(), for a source that gives events as they come: they are sent at the end of this
        turn of the loop."""
        self.publish(event)
        if (self._waiting or self._touched) and not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    # -- sending -----------------------------------------------------------------------------

    def touch(self, client: ClientConnection) -> None:
        """A client has something to send: it is sent once, at the end of this turn of the loop."""
        self._touched.add(client)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._waiting:
            self._waiting = False
            now = time.monotonic()
            for group in list(self._groups.values()):
                group.flush(now, self._counters)
        if self._touched:
            touched, self._touched = self._touched, set()
            for client in touched:
                client.flush()
