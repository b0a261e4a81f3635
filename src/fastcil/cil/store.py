"""The objects of a session by UniqueObjectID: begun, updated, re-keyed and ended by events.

Its handlers run around the listeners of an event: objects are up to date when listeners see the
event, and a call is dropped after its OnCallEnd was published. Sources: CTI OS Developer Guide
12.6(1), architecture chapter (life of objects), conventions chapter (object keys).
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from itertools import islice
from typing import TYPE_CHECKING

from fastcil.catalog import EVENT_NAMES
from fastcil.cil.dispatch import Handler
from fastcil.cil.objects import Agent, Call, CtiOsObject, SkillGroup
from fastcil.cil.statistics import nested_statistics
from fastcil.codec import Arguments, MessageFilter, Upkeep

if TYPE_CHECKING:
    from fastcil.cil.session import Session

__all__ = ["ObjectStore"]


def _ids(*names: str) -> frozenset[int]:
    return frozenset(EVENT_NAMES[name] for name in names)


SNAPSHOT_CALL = EVENT_NAMES["OnSnapshotCallConf"]
_BEGIN = _ids("OnCallBegin", "OnMonitoredCallBegin", "OnSnapshotCallConf")
_MONITORED_BEGIN = EVENT_NAMES["OnMonitoredCallBegin"]
_END = _ids("OnCallEnd", "OnMonitoredCallEnd")
_REKEY = _ids("OnCallDataUpdate", "OnMonitoredCallDataUpdate")
# Events that may name their agent or skill group by its numbers only.
_OF_AGENT = _ids("OnQueryAgentStateConf", "OnAgentStateChange")
_AGENT_STATISTICS = EVENT_NAMES["OnAgentStatistics"]
_OF_SKILL_GROUP = _ids("OnSkillGroupStatisticsUpdated", "OnSkillInfoEvent")
# What the client makes itself names no object, or says nothing new of the one it names: the mask of
# the buttons is that of the agent and of his call together, a failure is one of a request.
_OF_NONE = _ids(
    "OnControlFailureConf",
    "OnLogoutFailed",
    "OnButtonEnablementChange",
    "OnCurrentAgentReset",
    "OnCurrentCallChanged",
    "OnSupervisorButtonChange",
    "OnConnection",
    "OnConnectionClosed",
    "OnConnectionFailure",
    "OnConnectionRejected",
    "OnHeartbeat",
    "OnMissingHeartbeat",
    "OnMonitorModeEstablished",
)


class ObjectStore:
    """Objects by UniqueObjectID, and the handlers that keep them."""

    def __init__(
        self,
        *,
        agent: type[Agent] = Agent,
        call: type[Call] = Call,
        skill_group: type[SkillGroup] = SkillGroup,
    ) -> None:
        self.objects: dict[str, CtiOsObject] = {}
        self.agents: dict[str, Agent] = {}
        self.calls: dict[str, Call] = {}
        self.skill_groups: dict[str, SkillGroup] = {}
        self._agent = agent
        self._call = call
        self._skill_group = skill_group
        self.session: Session | None = None
        """Whose objects they are."""
        self.monitored: set[str] = set()
        """The calls that are there because a supervisor monitors their agents."""
        self._unconfirmed: set[str] = set()
        # Nearly every event is of a known object: that is done without a line of Python.
        self._upkeep = Upkeep(self.objects, self._update)

    def before(self, message_id: int) -> Iterable[Handler]:
        """What runs before the listeners of an event."""
        if message_id in _OF_NONE:
            return ()
        if message_id in _BEGIN:
            return (self._begin,)
        if message_id in _REKEY:
            return (self._rekey,)
        if message_id in _OF_AGENT:
            return (self._of_agent,)
        if message_id == _AGENT_STATISTICS:
            return (self._of_agent_statistics,)
        if message_id in _OF_SKILL_GROUP:
            return (self._of_skill_group,)
        return (self._upkeep.update,)

    def after(self, message_id: int) -> Iterable[Handler]:
        """What runs after the listeners of an event."""
        return (self._end,) if message_id in _END else ()

    def clear(self) -> None:
        """Releases all objects (Disconnect)."""
        for held in (self.objects, self.agents, self.calls, self.skill_groups):
            held.clear()
        self.monitored.clear()
        self._unconfirmed.clear()

    def adopt(self, key: str, agent: Agent) -> None:
        """An agent that the application made is the one of that key."""
        agent._session = self.session
        agent.update({"UniqueObjectID": key})
        self.objects[key] = self.agents[key] = agent

    def agent_of(self, key: str) -> Agent | None:
        """The agent of a key, made when an event refers to it that names no more than the key."""
        kind, _, rest = key.partition(".")
        peripheral, _, agent_id = rest.partition(".")
        if key not in self.agents and kind == "agent" and agent_id:
            fields = {"UniqueObjectID": key, "PeripheralID": peripheral, "AgentID": agent_id}
            self._first(key, Arguments(fields))
        return self.agents.get(key)

    def own_calls(self, most: int) -> list[Call]:
        """The calls that are not monitored ones, at most so many of them."""
        own = (call for key, call in list(self.calls.items()) if key not in self.monitored)
        return list(islice(own, most))

    def drop_monitored(self, peripheral: str, devices: Set[str]) -> None:
        """The calls of an agent who is monitored no more; all, when his devices are not known."""
        for key in list(self.monitored):
            _, number, _, device = (key + "...").split(".", 3)
            if number == peripheral and (not devices or device.rstrip(".") in devices):
                self.monitored.discard(key)
                self._unconfirmed.discard(key)
                self.calls.pop(key, None)
                self.objects.pop(key, None)

    def begin_recovery(self) -> None:
        """A new connection: until a snapshot names them, calls may have ended meanwhile."""
        self._unconfirmed = set(self.calls)

    def end_recovery(self, message_filter: str) -> list[str]:
        """The snapshot is over: the calls that it would have named, and did not.

        A call that the filter keeps out of snapshots stays, since nothing is known of it.
        """
        unconfirmed, self._unconfirmed = self._unconfirmed, set()
        if not unconfirmed:
            return []
        matches = MessageFilter(message_filter).matches_arguments
        gone = []
        for key, call in list(self.calls.items()):
            if key in unconfirmed and matches(SNAPSHOT_CALL, call.get_all_properties()):
                gone.append(key)
        return gone

    def end_missing(self, valid: frozenset[str]) -> list[str]:
        """The device tells which calls are valid: the own ones that are not, after recovery.

        Monitored calls are not the device's: their end is not known from it.
        """
        unconfirmed, self._unconfirmed = self._unconfirmed, set()
        return [key for key in self.calls if key in unconfirmed - valid - self.monitored]

    def _update(self, message_id: int, arguments: Arguments) -> None:
        key = arguments.get("UniqueObjectID")
        found = self.objects.get(key)
        if found is not None:
            found.update_from(arguments)
        elif key:
            self._first(key, arguments)

    def _first(self, key: object, arguments: Arguments) -> None:
        """An event of an object that is not known: agents and skill groups begin with it."""
        if not isinstance(key, str):
            return
        made: Agent | SkillGroup
        if key.startswith("agent."):
            made = self.agents[key] = self._agent(arguments)
        elif key.startswith("skillgroup."):
            made = self.skill_groups[key] = self._skill_group(arguments)
        else:
            return
        made._session = self.session
        self.objects[key] = made

    def _begin(self, message_id: int, arguments: Arguments) -> None:
        key = arguments.get("UniqueObjectID")
        found = self.objects.get(key)
        if found is not None:
            self._unconfirmed.discard(key)
            found.update_from(arguments)
        elif isinstance(key, str) and key.startswith("call."):
            call = self._call(arguments)
            call._session = self.session
            self.objects[key] = self.calls[key] = call
            if message_id == _MONITORED_BEGIN:
                self.monitored.add(key)
        elif key:
            self._first(key, arguments)

    def _rekey(self, message_id: int, arguments: Arguments) -> None:
        old = arguments.get("OldUniqueObjectID")
        new = arguments.get("UniqueObjectID")
        if isinstance(old, str) and isinstance(new, str) and new and old != new:
            call = self.calls.pop(old, None)
            if call is not None:
                del self.objects[old]
                self.objects[new] = self.calls[new] = call
                for keys in (self._unconfirmed, self.monitored):
                    if old in keys:
                        keys.discard(old)
                        keys.add(new)
        self._update(message_id, arguments)

    def _end(self, message_id: int, arguments: Arguments) -> None:
        key = arguments.get("UniqueObjectID")
        if self.calls.pop(key, None) is not None:
            del self.objects[key]
            self._unconfirmed.discard(key)
            self.monitored.discard(key)

    def _of_agent(self, message_id: int, arguments: Arguments) -> None:
        self._by_numbers(message_id, arguments, "agent", "AgentID")

    def _of_agent_statistics(self, message_id: int, arguments: Arguments) -> None:
        self._of_agent(message_id, Arguments(nested_statistics(arguments.to_dict())))

    def _of_skill_group(self, message_id: int, arguments: Arguments) -> None:
        self._by_numbers(message_id, arguments, "skillgroup", "SkillGroupNumber")

    def _by_numbers(self, message_id: int, arguments: Arguments, kind: str, number: str) -> None:
        if arguments.get("UniqueObjectID"):
            self._update(message_id, arguments)
            return
        peripheral, own = arguments.get_many("PeripheralID", number, default=None)
        if peripheral is None or own in (None, ""):
            return
        key = f"{kind}.{peripheral}.{own}"
        found = self.objects.get(key)
        if found is None:
            self._first(key, arguments)
            found = self.objects[key]
            found.update({"UniqueObjectID": key})
        else:
            found.update_from(arguments)
