"""Statistics of agents and skill groups: asked for once, however many clients want them.

Source: CTI OS Developer Guide, Enable…Statistics, OnAgentStatistics, OnSkillGroupStatisticsUpdated,
OnSkillInfoEvent; System Manager Guide, PollForAgentStatsAtEndCall, PollingIntervalSec and the
statistics grids, whose columns say which statistics a client gets.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Coroutine, Hashable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from fastcil import catalog
from fastcil.catalog import AgentState
from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame
from fastcil.ged188 import NULL_UINT
from fastcil.ged188.enums import ControlFailureCode
from fastcil.server.desk import Tell, deliver
from fastcil.server.desktop import columns
from fastcil.server.parts import Part
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject, skill_group_key
from fastcil.server.site.requests import Refused
from fastcil.server.site.statistics import agent_statistics, skill_group_statistics
from fastcil.server.source import state_key

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.upstream import SiteSource

__all__ = ["Statistics"]

_log = logging.getLogger("fastcil.server")
_AT_ONCE = 16  # statistics that are asked for at the same time
_OUT = (int(AgentState.eLogout), int(AgentState.eUnknown))
_ROOT = "All Desktops"
FILTER_TARGET = "SkillGroupStats"
"""FilterTarget of skill group statistics: what a filter in monitor mode selects them by."""


@cache
def _ingredients(kind: str) -> dict[str, frozenset[str]]:
    """By computed statistic: those it is computed from (api.json, computed statistics)."""
    data = catalog.data("api")
    plain = {one["name"] for one in data[f"{kind}_statistics"]}
    return {
        name: frozenset(re.findall(r"\w+", formula)) & plain
        for name, formula in data[f"computed_{kind}_statistics"].items()
    }


class Statistics(Part):
    """Enable- and DisableAgentStatistics, Enable- and DisableSkillGroupStatistics."""

    def __init__(self, site: SiteSource) -> None:
        super().__init__(site)
        self.callbacks = ("OnCallEnd", "OnSkillInfoEvent")
        self._agents: dict[str, set[ClientConnection]] = {}
        self._groups: dict[str, set[ClientConnection]] = {}
        self._every_group: set[ClientConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self._asking: set[str] = set()
        self.asked = 0
        """Statistics that the CTI Server was asked for."""
        self.handlers = {
            RequestID.ENABLE_AGENT_STATISTICS: self._enable_agent,
            RequestID.DISABLE_AGENT_STATISTICS: self._disable_agent,
            RequestID.ENABLE_SKILL_GROUP_STATISTICS: self._enable_groups,
            RequestID.DISABLE_SKILL_GROUP_STATISTICS: self._disable_groups,
        }

    def left(self, client: ClientConnection) -> None:
        """A client is gone: what nobody wants any more is not asked for."""
        for wanted in (self._agents, self._groups):
            for key in [key for key, clients in wanted.items() if client in clients]:
                _discard(wanted, key, client)
        self._every_group.discard(client)
        self._rest()

    def stop(self) -> None:
        """The site is closed."""
        for task in (*self._loops.values(), *self._tasks):
            task.cancel()

    def told(self, event: SiteEvent) -> None:
        """A call ended: the agent's statistics come now, unless they come at an interval. A skill
        group has another name: who has its statistics is told; monitor mode is told anyhow."""
        if event.callback == "OnSkillInfoEvent":
            for client in self._groups.get(event.object_id, ()):
                if client.filter is None:
                    deliver(client, event)
        if event.callback == "OnCallEnd" and self._agents and self.site.rules.at_call_end:
            for key in event.agents:
                if key in self._agents:
                    self._begin(self._poll_agent(key))

    # -- requests ----------------------------------------------------------------------------

    def _agent(self, arguments: Mapping[str, Any], client: ClientConnection) -> AgentObject:
        """The agent named, or the client's own. Raises Refused."""
        key = arguments.get("UniqueObjectID")
        if isinstance(key, str) and key.startswith("agent."):
            found = self.site.mapper.objects.agents.get(key)
            if found is None:
                raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, f"no agent {key}")
            return found
        return self.agent_of(client)

    async def _enable_agent(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        agent = self._agent(arguments, client)
        self._agents.setdefault(agent.key, set()).add(client)
        self._begin(self._poll_agent(agent.key))
        self._wake()

    async def _disable_agent(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        _discard(self._agents, self._agent(arguments, client).key, client)
        self._rest()

    async def _enable_groups(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        keys = self._named(arguments, client)
        if keys is None:
            self._every_group.add(client)
            keys = list(self.site.mapper.objects.skill_groups)
        for key in keys:
            self._groups.setdefault(key, set()).add(client)
            known = self.site.mapper.objects.skill_groups.get(key)
            if known is not None:
                about = {n: known[n] for n in ("SkillGroupNumber", "SkillGroupName")}
                tell(SiteEvent("OnSkillInfoEvent", {**about, "UniqueObjectID": key}))
            self._begin(self._poll_group(key))
        self._wake()

    async def _disable_groups(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        keys = self._named(arguments, client)
        if keys is None:
            self._every_group.discard(client)
            keys = [key for key, clients in self._groups.items() if client in clients]
        for key in keys:
            _discard(self._groups, key, client)
        self._rest()

    def _named(self, arguments: Mapping[str, Any], client: ClientConnection) -> list[str] | None:
        """The skill groups that a request names; None for all: of the agent, or of the site."""
        agent = self.site.agent_of(client)
        peripheral = _number(arguments.get("PeripheralID"))
        if peripheral is None and agent is not None:
            peripheral = agent.peripheral
        numbers = list(_numbers(arguments))
        if not numbers:
            if agent is None:
                return None
            return [skill_group_key(agent.peripheral, number) for number in agent.skill_groups]
        if peripheral is None:
            raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, "PeripheralID is missing")
        return [skill_group_key(peripheral, number) for number in numbers]

    # -- asking ------------------------------------------------------------------------------

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _wake(self) -> None:
        """Run a loop for what is wanted at an interval."""
        for name, wanted in (("agents", self._agents), ("groups", self._groups)):
            if wanted and name not in self._loops:
                self._loops[name] = asyncio.get_running_loop().create_task(self._repeat(name))

    def _rest(self) -> None:
        """End the loops of what nobody wants."""
        for name, wanted in (("agents", self._agents), ("groups", self._groups)):
            if not wanted and name in self._loops:
                self._loops.pop(name).cancel()

    async def _repeat(self, name: str) -> None:
        while True:
            rules = self.site.rules
            await asyncio.sleep(rules.agent_seconds if name == "agents" else rules.group_seconds)
            if name == "groups":
                self._widen()
                await asyncio.gather(*(self._poll_group(key) for key in list(self._groups)))
            elif not self.site.rules.at_call_end:
                await asyncio.gather(*(self._poll_agent(key) for key in list(self._agents)))

    def _widen(self) -> None:
        """Who wants every skill group wants new ones too."""
        for key in self.site.mapper.objects.skill_groups if self._every_group else ():
            self._groups.setdefault(key, set()).update(self._every_group)

    async def _ask(self, key: str, name: str, values: Mapping[str, Any]) -> Any:
        """The confirmation; None when it was refused, or is being asked for already."""
        if key in self._asking:
            return None
        self._asking.add(key)
        try:
            async with self._limit:
                self.asked += 1
                return await self.site.ask(name, values)
        except Refused as error:
            _log.debug("statistics of %s: %s", key, error)
            return None
        finally:
            self._asking.discard(key)

    async def _poll_agent(self, key: str) -> None:
        agent = self.site.mapper.objects.agents.get(key)
        if agent is None or agent.state in _OUT:
            return
        answer = await self._ask(
            key,
            "QUERY_AGENT_STATISTICS_REQ",
            {
                "PeripheralID": agent.peripheral,
                "AgentID": agent.agent_id,
                "AgentInstrument": agent.instrument,
                "AgentExtension": agent.values.get("AgentExtension", ""),
            },
        )
        if answer is not None:
            event = agent_statistics(agent, answer)
            names = self._columns("AgentStatistics", "agent", "DisableStatsMinimization")
            self._give(event, self._agents.get(key, ()), lambda _: names, "")

    async def _poll_group(self, key: str) -> None:
        _, peripheral, number = key.split(".")
        values = {
            "PeripheralID": int(peripheral),
            "SkillGroupNumber": int(number),
            "SkillGroupID": NULL_UINT,
        }
        answer = await self._ask(key, "QUERY_SKILL_GROUP_STATISTICS_REQ", values)
        if answer is not None:
            event = skill_group_statistics(answer)
            event.complete["FilterTarget"] = FILTER_TARGET

            def names(client: ClientConnection) -> frozenset[str] | None:
                off = (
                    "DisableStatsMinimization"
                    if client.filter is None
                    else ("DisableMonitorModeStatsMinimization")
                )
                return self._columns("SkillGroupStatistics", "skill_group", off)

            self._give(event, self._groups.get(key, ()), names, "STATISTICS")

    # -- giving ------------------------------------------------------------------------------

    def _columns(self, grid: str, kind: str, off: str) -> frozenset[str] | None:
        """The statistics that a grid shows, with what computed ones are made of; None for all.

        A grid without columns shows nothing that could be chosen from: then all are sent.
        """
        tree = self.site.rules.desktop.get(_ROOT, {})
        number: Any = tree
        for name in ("Grid", grid, "Columns", "Number"):
            number = number.get(name, {}) if isinstance(number, Mapping) else {}
        shown = {str(column.get("Type")) for column in columns(tree, grid).values()}
        if not shown or (isinstance(number, Mapping) and number.get(off)):
            return None
        computed = _ingredients(kind)
        return frozenset(shown).union(*(computed.get(name, ()) for name in shown))

    def _give(
        self,
        event: SiteEvent,
        clients: Iterable[ClientConnection],
        names_of: Any,
        nested: str,
    ) -> None:
        """The event to those who want it: with the statistics that each may have, and to clients
        in monitor mode as their filters let it through."""
        made: dict[frozenset[str] | None, SiteEvent] = {}
        key: Hashable = state_key(event.message_id, event.complete)
        for client in list(clients):
            names = names_of(client)
            found = made.get(names)
            if found is None:
                found = made[names] = SiteEvent(
                    event.callback, _only(event.complete, names, nested)
                )
            chosen = client.filter
            if chosen is None or chosen.matches(Frame.from_bytes(found.encoded(0).frame)):
                deliver(client, found, key=key)


_ABOUT = frozenset(
    {"PeripheralID", "AgentExtension", "AgentID", "AgentInstrument", "UniqueObjectID"}
)


def _only(values: dict[str, Any], names: frozenset[str] | None, nested: str) -> dict[str, Any]:
    """The values with the named statistics alone; names None: all."""
    if names is None:
        return values
    if nested:
        return {**values, nested: {k: v for k, v in values[nested].items() if k in names}}
    return {k: v for k, v in values.items() if k in names or k in _ABOUT}


def _discard(wanted: dict[str, set[Any]], key: str, client: Any) -> None:
    clients = wanted.get(key)
    if clients is not None:
        clients.discard(client)
        if not clients:
            del wanted[key]


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _numbers(arguments: Mapping[str, Any]) -> Iterable[int]:
    """SkillGroupNumber, or the entries of SkillGroupNumbers: numbers, or nested with their own."""
    single = _number(arguments.get("SkillGroupNumber"))
    if single is not None and single >= 0:
        yield single
    entries = arguments.get("SkillGroupNumbers")
    for entry in entries.values() if isinstance(entries, Mapping) else ():
        value = entry.get("SkillGroupNumber") if isinstance(entry, Mapping) else entry
        number = _number(value)
        if number is not None:
            yield number
