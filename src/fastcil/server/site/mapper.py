"""Messages of a CTI Server in, CIL events out; the state of the site between."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastcil.ged188 import Message
from fastcil.ged188.schema import message_spec
from fastcil.server.site.agent_core import PLAIN
from fastcil.server.site.agents import AgentBook
from fastcil.server.site.call_core import SIMPLE, WHOLE
from fastcil.server.site.calls import CallBook
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.mapper_core import Dispatch
from fastcil.server.site.objects import Objects

if TYPE_CHECKING:
    from fastcil.server.site.fields import Fields

__all__ = ["SiteMapper"]

_log = logging.getLogger("fastcil.server")


class SiteMapper:
    """Everything known of a site, and what its clients are told.

    take() takes events of the CTI Server; confirmations belong to the one who asked. The state
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
        rare = {**self.calls.handlers, **self.agents.handlers}
        self._mapped = frozenset([*rare, *SIMPLE, *WHOLE.values(), *PLAIN, "AGENT_STATE_EVENT"])
        self._dispatch: Dispatch = self.objects.fields.half.Dispatch(
            self.calls.core,
            self.agents.core,
            {message_spec(name).number: handler for name, handler in rare.items()},
            unmapped=self._unmapped,
            problem=self._problem,
        )

    @property
    def mapped(self) -> frozenset[str]:
        """Names of the messages that cause events."""
        return self._mapped

    def take(self, messages: list[Message], now: float) -> list[SiteEvent]:
        """The events that messages cause, in order. now: seconds of a clock that runs forward.

        What cannot be taken in is logged, and nothing follows from it.
        """
        self.messages += len(messages)
        return self._dispatch.take(messages, now)

    def message(self, message: Message, now: float) -> list[SiteEvent]:
        """take() of one."""
        return self.take([message], now)

    def _unmapped(self, message: Message) -> None:
        self.unmapped[message.name] = self.unmapped.get(message.name, 0) + 1

    def _problem(self, message: Message, error: Exception) -> None:
        if isinstance(error, KeyError):
            # A message without a field that it must have.
            self._unmapped(message)
            _log.warning("%s lacks %s: no event", message.name, error)
        else:
            _log.error("%s could not be taken in", message.name, exc_info=error)

    def collect(self, now: float) -> list[SiteEvent]:
        """What time alone brings: stale calls end, pre-calls are forgotten."""
        return self.calls.collect(now)

    def snapshot(self) -> list[SiteEvent]:
        """Agents with their names, devices and calls as a client in monitor mode gets them at its
        start."""
        objects = self.objects
        found = []
        for agent in objects.agents.values():
            found.append(self.agents.snapshot(agent))
            found += self.agents.info(agent)
        seated = [a for a in objects.agents.values() if objects.agent_at.get(a.seat) is a]
        found += [self.agents.device_snapshot(agent) for agent in seated]
        found += [self.calls.snapshot(call) for call in objects.calls.values()]
        return found
