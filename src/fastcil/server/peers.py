"""Peer servers on one CTI Server: who has a session where, and messages for agents at the others.

Every server opens a connection to each of its peers (peer_link) and is joined by each of them here.
What is for a client of another server goes to that one server, once, and is never handed on: so
nothing goes round in circles, however the servers are joined. Source: System Manager Guide, Peers
Registry Key; chapter on security (peers use a client's certificate).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastcil.codec import EncodeError, Frame, encode_frame
from fastcil.codec.control import CloseReason
from fastcil.ged188.enums import StatusCode
from fastcil.server.desk import Tell
from fastcil.server.outbox import Encoded
from fastcil.server.parts import Part
from fastcil.server.peer_link import (
    PEER_JOIN,
    PEER_PRESENCE,
    PEER_RELAY,
    PeerLink,
    PeerLost,
    PeerOptions,
)
from fastcil.server.site.objects import AgentObject
from fastcil.server.site.requests import Refused

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.upstream import SiteSource

__all__ = ["Origin", "Peers", "Receiver"]

_log = logging.getLogger("fastcil.server")
_AT_ONCE = 1000  # agents in one event


@dataclass(frozen=True)
class Origin:
    """The server that a message came from. id: new with each of its starts."""

    id: str
    name: str


Receiver = Callable[[Origin, Mapping[str, Any]], dict[str, Any]]
"""Takes a message in and answers it at once. May raise Refused."""


class Peers(Part):
    """Links to the peers, the peers that joined, and the messages between them.

    receivers: by kind, what takes in a message; other parts put theirs there. ended: called with
    the id of a server to which there is no way any more.
    """

    def __init__(self, site: SiteSource) -> None:
        super().__init__(site)
        self.name = "fastcil"
        self.server_id = secrets.token_hex(8)
        self.options = PeerOptions()
        self.links: dict[tuple[str, int], PeerLink] = {}
        self.receivers: dict[str, Receiver] = {}
        self.ended: list[Callable[[str], None]] = []
        self.received = 0
        """Messages of peers that were taken in."""
        self._joined: dict[ClientConnection, Origin] = {}
        self.handlers = {PEER_JOIN: self._join}

    # -- the links ---------------------------------------------------------------------------

    def configure(self, peers: Mapping[str, int], options: PeerOptions) -> None:
        """The peers that there are from now on: host to port. Links that stay are not touched,
        and follow the options."""
        self.options = options
        wanted = set(peers.items())
        for address in [one for one in self.links if one not in wanted]:
            self.links.pop(address).stop()
        for link in self.links.values():
            link.options = options
        for host, port in wanted - set(self.links):
            link = PeerLink(host, port, options, self._identity, self._check, self._lost)
            self.links[host, port] = link
            link.start()

    def stop(self) -> None:
        """The site is closed."""
        for link in self.links.values():
            link.stop()

    @property
    def joined(self) -> int:
        """How many peers are connected to this server."""
        return len(self._joined)

    @property
    def up(self) -> list[PeerLink]:
        """The links over which messages can go."""
        return [link for link in self.links.values() if link.up]

    def _identity(self) -> dict[str, Any]:
        known = self.site.mapper.objects.peripherals
        return {
            "ServerName": self.name,
            "ServerID": self.server_id,
            "StatusPeripherals": {str(number): True for number in known},
        }

    def _check(self, link: PeerLink) -> None:
        """Whether a peer that consented is one. Raises PeerLost when it is not."""
        if link.server_id == self.server_id:
            raise PeerLost("that is this server itself")
        for other in self.links.values():
            if other is not link and other.up and other.server_id == link.server_id:
                raise PeerLost(f"that is the same server as {other.address}")

    def _lost(self, link: PeerLink) -> None:
        self._end(link.server_id)

    def _end(self, server_id: str) -> None:
        for ended in self.ended:
            ended(server_id)

    # -- messages to peers -------------------------------------------------------------------

    def holding(self, agent: AgentObject) -> list[PeerLink]:
        """The peers at which an agent has a session, as far as is known."""
        return [link for link in self.up if link.agents.get(agent.key)]

    def link_to(self, server_id: str) -> PeerLink | None:
        """The link to the server of an id, as long as it is there."""
        return next((link for link in self.up if link.server_id == server_id), None)

    async def ask(
        self, links: Iterable[PeerLink], kind: str, values: Mapping[str, Any]
    ) -> list[tuple[PeerLink, dict[str, Any]]]:
        """Send a message to some peers; those that answered it, with their answers."""

        async def one(link: PeerLink) -> tuple[PeerLink, dict[str, Any]] | None:
            try:
                return link, await link.relay(kind, values)
            except PeerLost as error:
                _log.warning("%s", error)
                return None

        found = await asyncio.gather(*(one(link) for link in links))
        return [answer for answer in found if answer is not None]

    async def find(
        self, agent: AgentObject, kind: str, values: Mapping[str, Any]
    ) -> list[tuple[PeerLink, dict[str, Any]]]:
        """A message to an agent's sessions at peers: those who took it in (Delivered is not 0).

        Where he is not known to be, or is no more, the other peers are asked as well: he may have
        got there a moment ago. No peer gets it twice.
        """
        first = self.holding(agent)
        found = await self._delivered(first, kind, values)
        if not found:
            rest = [link for link in self.up if link not in first]
            found = await self._delivered(rest, kind, values)
        return found

    async def _delivered(
        self, links: list[PeerLink], kind: str, values: Mapping[str, Any]
    ) -> list[tuple[PeerLink, dict[str, Any]]]:
        answers = await self.ask(links, kind, values)
        return [(link, answer) for link, answer in answers if answer.get("Delivered")]

    def send(self, links: Iterable[PeerLink], kind: str, values: Mapping[str, Any]) -> None:
        """ask() without waiting for the answers. Messages to one peer keep their order."""
        for link in links:
            try:
                link.post(kind, values)
            except PeerLost as error:
                _log.warning("%s", error)

    # -- peers that join ---------------------------------------------------------------------

    async def _join(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        self._let_in(arguments, client)

    def _let_in(self, arguments: Mapping[str, Any], client: ClientConnection) -> None:
        """A client says that it is a peer. From then on its requests are messages."""
        words = self._stranger(arguments, client)
        if words is not None:
            client.server.counters.peers_refused += 1
            _log.warning("%s at %s is no peer: %s", client.connection_id, client.address, words)
            client.close(CloseReason.NOT_ALLOWED, words)
            return
        origin = Origin(str(arguments["ServerID"]), str(arguments.get("ServerName") or ""))
        if client not in self._joined:
            _log.info("peer %s at %s joined", origin.name, client.address)
        self._joined[client] = origin
        client.peer = self._message
        values = {
            "InvokeID": arguments.get("InvokeID", 0),
            "ServerName": self.name,
            "ServerID": self.server_id,
        }
        self._push(client, PEER_JOIN, values)
        agents = list(self.site.present().items())
        for i in range(0, max(len(agents), 1), _AT_ONCE):
            some = {"Reset": i == 0, "Agents": dict(agents[i : i + _AT_ONCE])}
            self._push(client, PEER_PRESENCE, some)

    def _stranger(self, arguments: Mapping[str, Any], client: ClientConnection) -> str | None:
        """Why a client is no peer; None when it is one."""
        words = client.server.guard.peer(
            client.address,
            str(arguments.get("PeerToken") or ""),
            client.certificate_names() & {host.lower() for host, _ in self.links},
            asyncio.get_running_loop().time(),
        )
        if words is not None:
            return words
        if not arguments.get("ServerID"):
            return "ServerID is missing"
        own = {str(number) for number in self.site.mapper.objects.peripherals}
        told = arguments.get("StatusPeripherals")
        theirs = set(told) if isinstance(told, Mapping) else set()
        if own and theirs and not own & theirs:
            return (
                f"its CTI Server has peripherals {', '.join(sorted(theirs))}, that of "
                f"{self.name} {', '.join(sorted(own))}: peers are on one peripheral gateway"
            )
        return None

    def left(self, client: ClientConnection) -> None:
        """A client is gone; if it was a peer, what it began ends."""
        origin = self._joined.pop(client, None)
        if origin is not None:
            _log.info("peer %s left", origin.name)
            self._end(origin.id)

    def seated(self, agent: AgentObject, count: int) -> None:
        """An agent has so many sessions here now: the peers are told."""
        for client in self._joined:
            values = {"Reset": False, "Agents": {agent.key: count}}
            self._push(client, PEER_PRESENCE, values, key=("presence", agent.key))

    def _push(
        self, client: ClientConnection, number: int, values: dict[str, Any], key: Any = None
    ) -> None:
        client.push(Encoded(number, encode_frame(number, values)), key, keep=key is None)
        client.server.touch(client)

    def _message(self, client: ClientConnection, frame: Frame) -> None:
        """A request of a peer: a message for clients of this server, or that it joins again."""
        arguments = frame.arguments.to_dict()
        if frame.message_id == PEER_JOIN:
            self._let_in(arguments, client)
            return
        origin = self._joined.get(client)
        if frame.message_id != PEER_RELAY or origin is None:
            client.close(
                CloseReason.PROTOCOL_ERROR, f"a peer asks nothing by {frame.message_id:#x}"
            )
            return
        answer: dict[str, Any] = {"Delivered": 0}
        kind, message = str(arguments.get("Kind")), arguments.get("Message")
        receiver = self.receivers.get(kind)
        if receiver is None or not isinstance(message, dict):
            answer["ErrorMessage"] = f"no message of kind {kind!r} is known"
        else:
            self.received += 1
            try:
                answer = receiver(origin, message)
            except Refused as error:
                answer = {
                    "Delivered": 0,
                    "FailureCode": error.code,
                    "PeripheralErrorCode": error.peripheral_error,
                    "ErrorMessage": str(error),
                }
            except Exception:
                _log.exception("message %s of peer %s failed", kind, origin.name)
                answer["FailureCode"] = int(StatusCode.E_CTI_UNSPECIFIED_FAILURE)
        answer["InvokeID"] = arguments.get("InvokeID", 0)
        try:
            self._push(client, PEER_RELAY, answer)
        except (EncodeError, TypeError, OverflowError) as error:
            _log.error("the answer to message %s cannot be encoded: %s", kind, error)
