"""What a CTI Server can be asked of a site: agents, the calls at devices, calls.

An All Events session is told what happens from its opening on, and which peripherals are on-line;
all that was before must be asked for (CTI Server Message Reference Guide, OPEN_CONF; Operations
During Failures). docs/operations.md has what is learnt when.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any

from fastcil.catalog import AgentState
from fastcil.ged188 import NULL_USHORT, Message
from fastcil.ged188.enums import StatusCode
from fastcil.server.parts import Part
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject
from fastcil.server.site.places import PHONE, QUEUE, Place, Places
from fastcil.server.site.requests import Refused

if TYPE_CHECKING:
    from fastcil.server.upstream import SiteSource

__all__ = ["CallKey", "Snapshots"]

CallKey = tuple[int, int]
"""PeripheralID and ConnectionCallID."""
_log = logging.getLogger("fastcil.server")
_OUT = (int(AgentState.eLogout), int(AgentState.eUnknown))
_UNANSWERED = (int(StatusCode.E_CTI_TIMEOUT), int(StatusCode.E_CTI_CTI_SERVER_OFFLINE))
_CALL_TRIES = 3  # of a snapshot of a call that moves on meanwhile
_KIND_TRIES = 3  # refusals of devices of a kind after which the others are not asked for
_CALL_IDS = ("ConnectionCallID", "PrimaryCallID", "SecondaryCallID", "NewCallID")
_TYPE_TRIES = 3  # devices that are asked for the type of their peripheral


class Snapshots(Part):
    """Takes the state of a site by requests: whole, or of a call whose beginning was missed.

    limit: how many requests may be under way at once.
    """

    def __init__(self, site: SiteSource, limit: int) -> None:
        super().__init__(site)
        self.callbacks = (
            "OnCallBegin",
            "OnCallDataUpdate",
            "OnCallTransferred",
            "OnCallConferenced",
        )
        self.places = Places()
        self.missed: dict[CallKey, None] = {}
        """Calls that were heard of without their beginning; learn() asks for them."""
        self.limit = asyncio.Semaphore(limit)
        self.asked: dict[CallKey, bool] = {}
        """Calls that were not known when they were asked for: whether anything was told of them
        since. They may be over before the answer is taken in."""

    def heard(self, messages: Iterable[Message]) -> None:
        """What came while calls are asked for."""
        asked = self.asked
        for message in messages:
            peripheral = message.get("PeripheralID")
            for name in _CALL_IDS:
                key = (peripheral, message.get(name))
                if key in asked:
                    asked[key] = True

    def told(self, event: SiteEvent) -> None:
        """A call of which nobody told its CallType began before this session, or while there was
        none: BEGIN_CALL_EVENT, the first message of any other, has it."""
        mapper = self.site.mapper
        if event.callback == "OnCallBegin":
            call = mapper.objects.calls.get(event.object_id)
            if call is not None and call.conversation.values["CallType"] == 0:
                self.missed[call.conversation.peripheral, call.conversation.call_id] = None
        if mapper.calls.missed:
            self.missed.update(mapper.calls.missed)
            mapper.calls.missed.clear()

    # -- requests ----------------------------------------------------------------------------

    async def agent(self, agent: AgentObject) -> SiteEvent:
        """OnQueryAgentStateConf: the agent as the CTI Server knows him now. Raises Refused."""
        answer = await self.site.ask(
            "QUERY_AGENT_STATE_REQ",
            {
                "PeripheralID": agent.peripheral,
                "MRDID": 1,
                "ICMAgentID": 0,
                "AgentID": agent.agent_id,
            },
        )
        return self.site.mapper.agents.queried(agent, answer)

    async def calls_at(self, place: Place) -> list[tuple[int, str]]:
        """(call id, device id) of the calls at a device, 16 at most. Raises Refused."""
        answer = await self.site.ask(
            "SNAPSHOT_DEVICE_REQ",
            {
                "PeripheralID": place.peripheral,
                "SnapshotDeviceType": place.kind,
                "AgentInstrument": place.name,
            },
        )
        ids = answer.get("CallConnectionCallID") or []
        devices = answer.get("CallConnectionDeviceID") or [place.name] * len(ids)
        return list(zip(ids, devices))

    async def call(self, key: CallKey, device: str, queues: Iterable[str] = ()) -> list[SiteEvent]:
        """A call as the CTI Server knows it now. Raises Refused.

        queues: in which it is known to wait. Confirmations may come later than events that tell
        what happened after them: what was told of the call meanwhile is newer, so it is asked for
        again, and nothing is taken of a call that ended.
        """
        mapper = self.site.mapper
        conversations = mapper.objects.conversations
        for _ in range(_CALL_TRIES):
            before = conversations.get(key)
            touched = None if before is None else before.touched
            if before is None:
                self.asked[key] = False
            try:
                answer = await self.site.ask(
                    "SNAPSHOT_CALL_REQ",
                    {
                        "PeripheralID": key[0],
                        "ConnectionCallID": key[1],
                        "ConnectionDeviceIDType": 0,
                        "ConnectionDeviceID": device,
                    },
                )
            finally:
                changed = self.asked.pop(key, False)
            after = conversations.get(key)
            if before is not None and after is None:
                return []
            if not changed and (after is None or after.touched == touched):
                break
        else:
            if conversations.get(key) is None:
                return []
        waiting = (device, tuple(queues))
        return list(mapper.calls.taken(*key, answer, time.monotonic(), waiting))

    # -- many of them ------------------------------------------------------------------------

    async def take(self, agents: list[AgentObject] | None = None) -> int:
        """Take the state of the site anew: every agent, his device and its calls.

        Then, unless only some agents are chosen, the calls that wait in queues or stand elsewhere,
        and those that are known and were found nowhere: what is no more ends for the clients too.
        Returns how many requests were not answered; what they would have told is as it was.
        """
        taking = _Taking(self)
        objects = self.site.mapper.objects
        chosen = list(objects.agents.values()) if agents is None else agents
        await taking.types()
        await _all(taking.agent(agent) for agent in chosen)
        await taking.types()
        if agents is None:
            await taking.elsewhere()
        await _all(taking.call(key, device) for key, device in list(taking.found.items()))
        if agents is None:
            others = {
                key: next(iter(conversation.connections), "")
                for key, conversation in objects.conversations.items()
                if key not in taking.found and conversation.touched < taking.began
            }
            await _all(taking.call(key, device) for key, device in others.items())
        return taking.unanswered

    async def learn(self) -> None:
        """Ask for the calls in `missed`."""
        while self.missed and self.site.link is not None:
            keys = list(self.missed)
            self.missed.clear()
            taking = _Taking(self)
            await _all(taking.heard_of(key) for key in keys)


class _Taking:
    """One time that the state is taken."""

    def __init__(self, snapshots: Snapshots) -> None:
        self.snapshots = snapshots
        self.site = snapshots.site
        self.began = time.monotonic()
        self.unanswered = 0
        self.found: dict[CallKey, str] = {}
        """Calls that stand somewhere, each with a device of it."""
        self.queues: dict[CallKey, list[str]] = {}
        """In which queues they wait."""

    async def _limited(self, work: Awaitable[Any]) -> Any:
        """The answer; False for a refusal, None for none, which is counted."""
        async with self.snapshots.limit:
            try:
                return await work
            except Refused as error:
                unanswered = error.code in _UNANSWERED
                self.unanswered += unanswered
                _log.debug("snapshot: %s", error)
                return None if unanswered else False

    # -- agents ------------------------------------------------------------------------------

    async def types(self) -> None:
        """The types of peripherals of which nobody told them: masks of buttons depend on them."""
        objects = self.site.mapper.objects
        places = self.snapshots.places
        every = {agent.peripheral for agent in objects.agents.values()}
        every.update(objects.peripherals, (place.peripheral for place in places))
        for peripheral in sorted(every - set(objects.peripheral_types)):
            agents = [a for a in objects.agents.values() if a.peripheral == peripheral]
            names = dict.fromkeys(
                [*(a.seated for a in agents if a.seated), *places.phones(peripheral)]
            )
            for name in list(names)[:_TYPE_TRIES]:
                asked = {"PeripheralID": peripheral, "Reserved": 0, "AgentInstrument": name}
                answer = await self._limited(self.site.ask("QUERY_DEVICE_INFO_REQ", asked))
                if answer is None:
                    break  # others are not answered either
                if isinstance(answer, Message) and answer["PeripheralType"] != NULL_USHORT:
                    objects.peripheral_types[peripheral] = answer["PeripheralType"]
                    for agent in agents:
                        self.site.mapper.agents.typed(agent)
                    break

    async def agent(self, agent: AgentObject) -> None:
        """An agent, and the calls at his device."""
        event = await self._limited(self.snapshots.agent(agent))
        if event:
            self.site.give([event])
        if agent.state not in _OUT and agent.instrument:
            await self.place(Place(agent.peripheral, PHONE, agent.instrument))

    # -- calls -------------------------------------------------------------------------------

    async def place(self, place: Place) -> bool:
        """The calls at a device; whether the device is known."""
        answer = await self._limited(self.snapshots.calls_at(place))
        for call_id, device in answer or ():
            key = (place.peripheral, call_id)
            self.found.setdefault(key, device)
            if place.kind == QUEUE:
                self.queues.setdefault(key, []).append(place.name)
        return answer is not False

    async def elsewhere(self) -> None:
        """The calls at devices that are no agent's now. A CTI Server may not tell the calls at
        devices of some kind: then those are not asked for one by one."""
        at_instrument = self.site.mapper.objects.at_instrument
        kinds: dict[tuple[int, int], list[Place]] = {}
        for place in self.snapshots.places:
            if place.kind != PHONE or place.peripheral not in at_instrument.get(place.name, ()):
                kinds.setdefault((place.peripheral, place.kind), []).append(place)

        async def of_kind(places: list[Place]) -> None:
            first = await _all(self.place(place) for place in places[:_KIND_TRIES])
            if any(first):
                await _all(self.place(place) for place in places[_KIND_TRIES:])

        await _all(of_kind(places) for places in kinds.values())

    async def call(self, key: CallKey, device: str) -> None:
        """A call; the clients are told, also of its end when there is no such call any more."""
        queues = self.queues.get(key, ())
        found = await self._limited(self.snapshots.call(key, device, queues))
        if found is False:
            found = self.site.mapper.calls.gone(key, self.began)
        self.site.give(found or [])

    async def heard_of(self, key: CallKey) -> None:
        """A call of which something was told, but not its beginning."""
        conversation = self.site.mapper.objects.conversations.get(key)
        if conversation is None or not conversation.connections:
            return
        device = next(iter(conversation.connections))
        self.site.give(await self._limited(self.snapshots.call(key, device)) or [])


async def _all(work: Iterable[Awaitable[Any]]) -> list[Any]:
    return list(await asyncio.gather(*work))
