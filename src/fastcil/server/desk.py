"""Requests of clients that only the site can answer: one task each, bounded, answers in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from fastcil.catalog.requests import RequestID
from fastcil.codec import EncodeError, Frame
from fastcil.server.outbox import Encoded
from fastcil.server.peer_link import PEER_JOIN
from fastcil.server.site.answers import failure_event
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.requests import FORWARDED, Refused
from fastcil.server.typed import encode_typed

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.site.objects import AgentObject

__all__ = ["Desk", "SiteBackend", "Tell", "deliver"]

_log = logging.getLogger("fastcil.server")


class SiteBackend(Protocol):
    """What answers the requests of clients. `tell` gives events to the one who asked, in order;
    it may be called at any time until the request is over. Both raise Refused."""

    async def set_agent(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> str:
        """Agent mode: the UniqueObjectID of the agent."""

    async def request(
        self, number: int, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        """Any other request."""

    def agent_of(self, client: ClientConnection) -> AgentObject | None:
        """The agent of a client in agent mode."""

    def left(self, client: ClientConnection) -> None:
        """A client is gone."""


Tell = Callable[[SiteEvent], None]

# Requests that are no message of GED-188 and that a site answers.
OWN_REQUESTS = frozenset(
    int(number)
    for number in (*RequestID, PEER_JOIN)
    if number not in (RequestID.SET_MESSAGE_FILTER, RequestID.REQUEST_SNAPSHOT)
)


class Desk:
    """Takes requests to a site and brings the answers back.

    At most `most` requests of one client are under way; one more is refused.
    """

    def __init__(self, site: SiteBackend, most: int = 32) -> None:
        self.site = site
        self.most = most
        self._tasks: dict[ClientConnection, set[asyncio.Task[None]]] = {}

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return any(self._tasks.values())

    def takes(self, number: int) -> bool:
        """Whether a request of this number is the site's business."""
        return number in FORWARDED or number in OWN_REQUESTS

    def submit(self, client: ClientConnection, frame: Frame) -> bool:
        """Begin to answer; False when the client has too many requests under way."""
        tasks = self._tasks.setdefault(client, set())
        if len(tasks) >= self.most:
            return False
        arguments = frame.arguments.to_dict()
        task = asyncio.get_running_loop().create_task(
            self._serve(client, frame.message_id, arguments)
        )
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return True

    def left(self, client: ClientConnection) -> None:
        """A client is gone: nobody waits for its answers."""
        for task in self._tasks.pop(client, ()):
            task.cancel()
        self.site.left(client)

    async def _serve(
        self, client: ClientConnection, number: int, arguments: dict[str, Any]
    ) -> None:
        def tell(event: SiteEvent) -> None:
            deliver(client, event, arguments.get("InvokeID"))

        try:
            if number == RequestID.SET_AGENT:
                agent = await self.site.set_agent(arguments, client, tell)
                client.server.set_agent(client, agent)
            else:
                await self.site.request(number, arguments, client, tell)
        except Refused as error:
            client.server.counters.requests_refused += 1
            tell(
                failure_event(
                    number,
                    arguments,
                    error.code,
                    str(error),
                    agent=self.site.agent_of(client),
                    peripheral_error=error.peripheral_error,
                )
            )
        except Exception:
            _log.exception("request %#x of %s failed", number, client.connection_id)
            client.server.counters.requests_failed += 1
            tell(failure_event(number, arguments, 0, "the server failed on this request"))


def deliver(
    client: ClientConnection,
    event: SiteEvent,
    invoke_id: Any = None,
    key: Hashable | None = None,
) -> None:
    """Give one client an event, at its own level. invoke_id: of the request that it answers. key:
    of the state that it tells; then a later one may take its place."""
    try:
        if invoke_id is None:  # the same bytes for whoever gets it
            encoded = event.encoded(1 if client.level else 0)
        else:
            values = {**(event.minimal if client.level else event.complete), "InvokeID": invoke_id}
            encoded = Encoded(event.message_id, encode_typed(event.message_id, values))
    except (EncodeError, TypeError, OverflowError) as error:
        client.server.counters.events_unencodable += 1
        _log.error("%s cannot be encoded: %s", event.callback, error)
        return
    client.push(encoded, key, keep=key is None)
    client.server.touch(client)
