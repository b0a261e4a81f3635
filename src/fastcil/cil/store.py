"""The objects of a session by UniqueObjectID: begun, updated, re-keyed and ended by events.

Its handlers run around the listeners of an event: objects are up to date when listeners see the
event, and a call is dropped after its OnCallEnd was published. Sources: CTI OS Developer Guide
12.6(1), architecture chapter (life of objects), conventions chapter (object keys).
"""

from __future__ import annotations

from collections.abc import Iterable

from fastcil.catalog import EVENT_NAMES
from fastcil.cil.dispatch import Handler
from fastcil.cil.objects import Agent, Call, CtiOsObject, SkillGroup
from fastcil.codec import Arguments, MessageFilter

__all__ = ["ObjectStore"]


def _ids(*names: str) -> frozenset[int]:
    return frozenset(EVENT_NAMES[name] for name in names)


SNAPSHOT_CALL = EVENT_NAMES["OnSnapshotCallConf"]
_BEGIN = _ids("OnCallBegin", "OnMonitoredCallBegin", "OnSnapshotCallConf")
_END = _ids("OnCallEnd", "OnMonitoredCallEnd")
_REKEY = _ids("OnCallDataUpdate", "OnMonitoredCallDataUpdate")
# Events that may name their agent or skill group by its numbers only.
_OF_AGENT = _ids("OnQueryAgentStateConf", "OnAgentStatistics", "OnAgentStateChange")
_OF_SKILL_GROUP = _ids("OnSkillGroupStatisticsUpdated", "OnSkillInfoEvent")
# What the client makes itself names no object.
_OF_NONE = _ids(
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
        self._unconfirmed: set[str] = set()

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
        if message_id in _OF_SKILL_GROUP:
            return (self._of_skill_group,)
        return (self._update,)

    def after(self, message_id: int) -> Iterable[Handler]:
        """What runs after the listeners of an event."""
        return (self._end,) if message_id in _END else ()

    def clear(self) -> None:
        """Releases all objects (Disconnect)."""
        for held in (self.objects, self.agents, self.calls, self.skill_groups):
            held.clear()
        self._unconfirmed.clear()

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

    def _update(self, message_id: int, arguments: Arguments) -> None:
        key = arguments.get("UniqueObjectID")
        found = self.objects.get(key)
        if found is not None:
            found.update(arguments.to_dict())
        elif key:
            self._first(key, arguments)

    def _first(self, key: object, arguments: Arguments) -> None:
        """An event of an object that is not known: agents and skill groups begin with it."""
        if not isinstance(key, str):
            return
        if key.startswith("agent."):
            self.objects[key] = self.agents[key] = self._agent(arguments)
        elif key.startswith("skillgroup."):
            self.objects[key] = self.skill_groups[key] = self._skill_group(arguments)

    def _begin(self, message_id: int, arguments: Arguments) -> None:
        key = arguments.get("UniqueObjectID")
        found = self.objects.get(key)
        if found is not None:
            self._unconfirmed.discard(key)
            found.update(arguments.to_dict())
        elif isinstance(key, str) and key.startswith("call."):
            self.objects[key] = self.calls[key] = self._call(arguments)
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
                if old in self._unconfirmed:
                    self._unconfirmed.discard(old)
                    self._unconfirmed.add(new)
        self._update(message_id, arguments)

    def _end(self, message_id: int, arguments: Arguments) -> None:
        key = arguments.get("UniqueObjectID")
        if self.calls.pop(key, None) is not None:
            del self.objects[key]
            self._unconfirmed.discard(key)

    def _of_agent(self, message_id: int, arguments: Arguments) -> None:
        self._by_numbers(message_id, arguments, "agent", "AgentID")

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
            found.update(arguments.to_dict())
