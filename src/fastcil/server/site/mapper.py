"""Messages of a CTI Server in, CIL events out; the state of the site between."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Callable

from fastcil.ged188 import Message
from fastcil.ged188.schema import message_spec
from fastcil.server.site.agents import AgentBook
from fastcil.server.site.calls import CallBook
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import Objects

if TYPE_CHECKING:
    from fastcil.server.site.fields import Fields

__all__ = ["SiteMapper"]

Handler = Callable[[Message, float], Iterable[SiteEvent]]

_log = logging.getLogger("fastcil.server")


class SiteMapper:
    """Everything known of a site, and what its clients are told.

    message() takes events of the CTI Server; confirmations belong to the one who asked. The state
    of calls and agents is in `objects`. known: of another half than that of the codec, for tests.
    """

    def __init__(
        self, *, stale_call_seconds: float = 4 * 3600.0, known: Fields | None = None
    ) -> None:
        self.objects = Objects(known)
        self.calls = CallBook(self.objects, stale_call_seconds)
        self.agents = AgentBook(self.objects)
        self.unmapped: dict[str, int] = {}
        """Messages that cause no event, by name: how many came."""
        self.messages = 0
        self._handlers: dict[str, Handler] = {**self.calls.handlers, **self.agents.handlers}
        self._by_type: dict[int, Handler] = {
            message_spec(name).number: handler for name, handler in self._handlers.items()
        }

    @property
    def mapped(self) -> frozenset[str]:
        """Names of the messages that cause events."""
        return frozenset(self._handlers)

    def message(self, message: Message, now: float) -> list[SiteEvent]:
        """The events that a message causes, in order. now: seconds of a clock that runs forward."""
        self.messages += 1
        handler = self._by_type.get(message.type)
        if handler is None:
            self.unmapped[message.name] = self.unmapped.get(message.name, 0) + 1
            return []
        try:
            found = handler(message, now)
            return found if isinstance(found, list) else list(found)
        except KeyError as error:
            # A message without a field that it must have: nothing follows from it.
            self.unmapped[message.name] = self.unmapped.get(message.name, 0) + 1
            _log.warning("%s lacks %s: no event", message.name, error)
            return []

    def collect(self, now: float) -> list[SiteEvent]:
        """What time alone brings: stale calls end, pre-calls are forgotten."""
        return self.calls.collect(now)

    def snapshot(self) -> list[SiteEvent]:
        """Agents, devices and calls as a client in monitor mode gets them at its start."""
        objects = self.objects
        found = [self.agents.snapshot(agent) for agent in objects.agents.values()]
        seated = [a for a in objects.agents.values() if objects.agent_at.get(a.seat) is a]
        found += [self.agents.device_snapshot(agent) for agent in seated]
        found += [self.calls.snapshot(call) for call in objects.calls.values()]
        return found
