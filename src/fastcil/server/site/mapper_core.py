"""Which handler takes a message in, in pure Python.

The native half (ext/site_mapper.pxi) does the same; the tests hold it to this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from fastcil.ged188 import Message
from fastcil.server.site.agent_core import AgentCore
from fastcil.server.site.call_core import CallCore
from fastcil.server.site.events import SiteEvent

__all__ = ["Dispatch", "Handler"]

Handler = Callable[[Message, float], Iterable[SiteEvent]]


class Dispatch:
    """Messages in, events out: calls and agents take in what they can, handlers the rest.

    unmapped(message): a message that causes no event; problem(message, error): one that could not
    be taken in.
    """

    def __init__(
        self,
        calls: CallCore,
        agents: AgentCore,
        handlers: Mapping[int, Handler],
        *,
        unmapped: Callable[[Message], None],
        problem: Callable[[Message, Exception], None],
    ) -> None:
        self._handlers: dict[int, Callable[[Message, float], Any]] = {
            **handlers,
            **calls.handlers,
            **agents.handlers,
        }
        self._unmapped, self._problem = unmapped, problem

    def take(self, messages: list[Message], now: float) -> list[SiteEvent]:
        """The events that messages cause, in order. now: seconds of a clock that runs forward."""
        events: list[SiteEvent] = []
        for message in messages:
            handler = self._handlers.get(message.type)
            if handler is None:
                self._unmapped(message)
                continue
            try:
                # Nothing follows from a message that was not taken in whole.
                events += list(handler(message, now))
            except Exception as error:
                self._problem(message, error)
        return events
