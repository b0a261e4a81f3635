"""Agent, Call and SkillGroup: properties by keyword, kept right by the stream of events.

An object keeps the bytes of the first event that named it, in one detached block that is read when
asked, and beside it a small dict of what later events changed. What the newest events said stays as
their bytes (LateFields) and goes into that dict when it is asked for, or when there are more of
them. Nothing of it holds a receive buffer. Sources: CTI OS Developer Guide 12.6(1), CtiOs Object
chapter; architecture chapter for the life of objects.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from fastcil.catalog import (
    KEYWORDS,
    AgentState,
    CilError,
    ClassIdentifier,
    TeamMemberFlags,
    keyword_id,
)
from fastcil.cil import engine
from fastcil.cil._native import AgentMethods, CallMethods, SkillGroupMethods
from fastcil.cil.lenient import number_of, tree_of
from fastcil.cil.pending import Pending
from fastcil.cil.statistics import Statistics
from fastcil.codec import ArgType, Arguments, LateFields

if TYPE_CHECKING:
    from fastcil.cil.session import Session

__all__ = ["Agent", "Call", "CtiOsObject", "SkillGroup"]

logger = logging.getLogger("fastcil.cil")

_MISSING: Any = object()
_MAX_CHANGED = 24  # changed properties before they are written into the block
_EMPTY = Arguments().to_bytes()
_CODES = frozenset(int(code) for code in CilError)
_STATES = frozenset(int(state) for state in AgentState)
_SKILL_GROUPS = 99  # the most that an event names; event interfaces chapter, NumSkillGroups
_SUPERVISOR_FLAGS = int(
    TeamMemberFlags.AGENT_FLAG_PRIMARY_SUPERVISOR | TeamMemberFlags.AGENT_FLAG_SUPERVISOR
)
# Call chapter, GetCallContext and GetCallData.
_CONTEXT = (
    "ANI",
    "CallerEnteredDigits",
    "CallType",
    "CallWrapupData",
    "ConnectionCallID",
    "DialedNumber",
    "DNIS",
    "ICMEnterpriseUniqueID",
    "ServiceID",
    "ServiceNumber",
    "SkillGroupID",
    "SkillGroupNumber",
    "UniqueObjectID",
    "UserToUserInfo",
)
_CALL_DATA = (*(f"CallVariable{number}" for number in range(1, 11)), "ECC")


# Two threads that merge late fields of one object would do it in the wrong order.
_merging = threading.RLock()


class _Errors(threading.local):
    """The last error of each object, for one thread. Source: CtiOs Object chapter, GetLastError."""

    def __init__(self) -> None:
        self.codes: WeakKeyDictionary[CtiOsObject, int] = WeakKeyDictionary()


_errors = _Errors()


class CtiOsObject(LateFields):
    """Properties as in Arguments: keys without regard to case, values converted on reading.

    Two properties are not stored, and so not counted: LastError, that of the calling thread, and
    ClassIdentifier (class_identifier, one of fastcil.catalog.ClassIdentifier).
    """

    __slots__ = ("__weakref__", "_block", "_changed", "_session")

    class_identifier: ClassVar[int] = 0

    def __init__(self, arguments: Arguments | None = None) -> None:
        self._session: Session | None = None
        self._block = Arguments.from_buffer(_EMPTY) if arguments is None else arguments.detach()
        self._changed: dict[str, Any] = {}

    @property
    def unique_object_id(self) -> str:
        """The object's key, such as call.5000.101.22866; empty when it has none."""
        found: str = self.get_value_string("UniqueObjectID", "")
        return found

    def get_value(self, key: str, default: Any = _MISSING) -> Any:
        """A property's value; KeyError when absent and no default is given.

        Nested values come as Arguments of their own.
        """
        found = self._find(key)
        if found is _MISSING:
            if default is _MISSING:
                raise KeyError(key)
            return default
        return Arguments(found) if isinstance(found, Mapping) else found

    def get_value_int(self, key: str, default: Any = _MISSING) -> Any:
        """As INT: numbers by range, decimal text; ConversionError or OverflowError else."""
        return self._convert("get_int", key, default)

    def get_value_uint(self, key: str, default: Any = _MISSING) -> Any:
        """As UINT."""
        return self._convert("get_uint", key, default)

    def get_value_short(self, key: str, default: Any = _MISSING) -> Any:
        """As SHORT."""
        return self._convert("get_short", key, default)

    def get_value_ushort(self, key: str, default: Any = _MISSING) -> Any:
        """As USHORT."""
        return self._convert("get_ushort", key, default)

    def get_value_bool(self, key: str, default: Any = _MISSING) -> Any:
        """As BOOL."""
        return self._convert("get_bool", key, default)

    def get_value_string(self, key: str, default: Any = _MISSING) -> Any:
        """As text; every type has one."""
        return self._convert("get_string", key, default)

    def get_value_array(self, key: str, default: Any = _MISSING) -> Any:
        """As nested Arguments."""
        return self._convert("get_arguments", key, default)

    def is_valid(self, key: str) -> bool:
        """Whether the object has the property."""
        return self._find(key) is not _MISSING

    def get_property_type(self, key: str) -> ArgType:
        """The property's type; KeyError when absent."""
        self._merge()
        if key in self._block and self._canonical(key) not in self._changed:
            return self._block.type_of(key)
        one = Arguments({key: self.get_value(key)})
        # A later event changed the value; numbers keep the type of the first.
        if key in self._block and one.type_of(key) in (ArgType.INT, ArgType.UINT):
            return self._block.type_of(key)
        return one.type_of(key)

    def get_all_properties(self) -> Arguments:
        """All properties, as Arguments of their own."""
        self._merge()
        return self._merged()

    def get_num_properties(self) -> int:
        """How many properties get_property_name() can name."""
        return len(self.get_all_properties())

    def get_property_name(self, index: int) -> str:
        """The key at a 1-based index; IndexError when there is none. Events change the order."""
        return self.get_all_properties().element_key(index)

    def get_element(self, index: int) -> Any:
        """The value at a 1-based index; IndexError when there is none."""
        return self.get_value(self.get_property_name(index))

    @property
    def last_error(self) -> int:
        """The code of the last request of this thread on this object that was refused at once, or
        of report_error(); CIL_OK when there was none. A CilError where it is one."""
        code = _errors.codes.get(self, CilError.CIL_OK)
        return CilError(code) if code in _CODES else code

    def report_error(self, code: int) -> int:
        """Sets last_error, logs it and returns it (ReportError).

        code: a CilError, or a number of the application's own.
        """
        self.note_error(code)
        logger.critical("%s: error %d was reported", type(self).__name__, code)
        return code

    def note_error(self, code: int) -> None:
        """Sets last_error."""
        _errors.codes[self] = code

    def dump(self) -> str:
        """'key1 = value1; key2 = value2;…' (DumpProperties)."""
        merged = self.get_all_properties()
        return " ".join(f"{key} = {merged.get_string(key)};" for key in merged)

    def set_value(self, key: str, value: Any, type: ArgType | None = None) -> None:
        """Sets a property locally: the server does not hear of it.

        type: None for the one that follows from the value. TypeError, OverflowError or another
        ValueError when the value cannot have it.
        """
        one = Arguments()
        one.set(key, value, type)  # the errors for what cannot be a value
        if type is None:
            self.update({self._canonical(key): value})
            return
        with _merging:
            self._merge()
            merged = self._merged()
            merged.set(self._canonical(key), value, type)
            self._block = Arguments.from_buffer(merged.to_bytes())
            self._changed = {}

    def update(self, values: dict[str, Any]) -> None:
        """Takes the fields of an event, as Arguments.to_dict() gives them."""
        with _merging:
            self._merge()
            self._put(values)

    def update_from(self, arguments: Arguments) -> None:
        """Takes the fields of an event: at once, or when they are asked for."""
        if not self.keep_late(arguments):
            self._merge()  # that makes room
            if not self.keep_late(arguments):
                self.update(arguments.to_dict())

    def _merge(self) -> None:
        """What events said lately is written where the other properties are."""
        if self.late:
            with _merging:
                stamp, kept = self.peek_late()
                for values in kept:
                    self._put(values)
                self.drop_late(stamp)

    def _put(self, values: dict[str, Any]) -> None:
        changed = self._changed
        for key, value in values.items():
            # A name that is no keyword may come in another spelling than before.
            changed[key if key in changed else self._canonical(key)] = value
        if len(self._changed) > _MAX_CHANGED:
            self._block = Arguments.from_buffer(self._merged().to_bytes())
            self._changed = {}

    def _merged(self) -> Arguments:
        """The block with what was changed, as Arguments of their own."""
        merged = self._block.copy()
        for key, value in list(self._changed.items()):
            self._write(merged, key, value)
        return merged

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.unique_object_id!r})"

    @staticmethod
    def _write(into: Arguments, key: str, value: Any) -> None:
        """Writes a changed value over the block's, in the old type where it fits."""
        if type(value) is int and key in into:
            old = into.type_of(key)
            if ArgType.INT <= old <= ArgType.USHORT:
                try:
                    into.set(key, value, old)
                except OverflowError:
                    into[key] = value
                return
        into[key] = value

    def _canonical(self, key: str) -> str:
        """The spelling under which a property stands in _changed."""
        if key in self._changed:
            return key
        number = keyword_id(key)
        if number:
            return KEYWORDS[number]
        folded = key.strip().lower()
        for other in list(self._changed):
            if other.lower() == folded:
                return other
        return key.strip()

    def _find(self, key: str) -> Any:
        if self.late:
            late = self.late_value(key, _MISSING)
            if late is not _MISSING:
                return late
        changed = self._changed.get(key, _MISSING)
        if changed is _MISSING and self._changed:
            changed = self._changed.get(self._canonical(key), _MISSING)
        if changed is not _MISSING:
            return changed
        found = self._block.get(key, _MISSING)
        return self._computed(key) if found is _MISSING else found

    def _computed(self, key: str) -> Any:
        """Properties that are not stored."""
        name = self._canonical(key)
        if name == "LastError":
            return int(self.last_error)
        if name == "ClassIdentifier" and self.class_identifier:
            return self.class_identifier
        return _MISSING

    def _convert(self, getter: str, key: str, default: Any) -> Any:
        found = self._find(key)
        if found is _MISSING:
            if default is _MISSING:
                raise KeyError(key)
            return default
        return getattr(Arguments({"Value": found}), getter)("Value")


class Agent(AgentMethods, CtiOsObject):
    """An agent, agent.PeripheralID.AgentID.

    One made by the application has its properties set (AgentID, PeripheralID) and is given to the
    session by set_agent().
    """

    __slots__ = ()
    class_identifier = int(ClassIdentifier.eAgentObject)

    def perform(self, method: str, arguments: Mapping[str, Any] | None = None) -> Pending:
        """A documented request of an agent by its name: perform("MakeCall", {...}).

        Never raises what the guide has a code for: see Pending.code.
        """
        return engine.begin(self._session, self, "Agent", method, arguments)

    @property
    def statistics(self) -> Statistics:
        """The agent's statistics by their documented names, the computed ones included."""
        return Statistics(self, "agent")

    def get_agent_state(self) -> AgentState:
        """AgentState; eUnknown while nothing is known, or a number that is none."""
        found = number_of(self, "AgentState", AgentState.eUnknown)
        return AgentState(found) if found in _STATES else AgentState.eUnknown

    def is_supervisor(self) -> bool:
        """Whether the agent is a supervisor: IsSupervisor, or the flags of a team member."""
        if number_of(self, "IsSupervisor", 0):
            return True
        return bool(number_of(self, "AgentFlags", 0) & _SUPERVISOR_FLAGS)

    def is_agent(self) -> bool:
        """Whether the agent is no supervisor."""
        return not self.is_supervisor()

    def get_skill_groups(self) -> dict[str, SkillGroup]:
        """The agent's skill groups by UniqueObjectID, as far as the session knows them."""
        session = self._session
        if session is None:
            return {}
        peripheral = self.get_value_string("PeripheralID", "")
        found = {}
        for index in range(1, min(number_of(self, "NumSkillGroups", 0), _SKILL_GROUPS) + 1):
            entry = tree_of(self, f"SkillGroup[{index}]")
            number = None if entry is None else entry.get("SkillGroupNumber")
            group = session.skill_groups.get(f"skillgroup.{peripheral}.{number}")
            if group is not None:
                found[group.unique_object_id] = group
        return found

    def get_monitored_agent(self) -> Agent | None:
        """The agent whom this supervisor monitors (StartMonitoringAgent)."""
        return None if self._session is None else self._session.monitored_agent

    def get_monitored_call(self) -> Call | None:
        """The call chosen by StartMonitoringCall."""
        return None if self._session is None else self._session.monitored_call


class Call(CallMethods, CtiOsObject):
    """One connection of a call, call.PeripheralID.ConnectionCallID.ConnectionDeviceID."""

    __slots__ = ()
    class_identifier = int(ClassIdentifier.eCallObject)

    def perform(self, method: str, arguments: Mapping[str, Any] | None = None) -> Pending:
        """A documented request of a call by its name: perform("Answer").

        Never raises what the guide has a code for: see Pending.code.
        """
        return engine.begin(self._session, self, "Call", method, arguments)

    def get_call_context(self) -> Arguments:
        """What identifies the call: those of the documented properties that it has."""
        return self._some(_CONTEXT)

    def get_call_data(self) -> Arguments:
        """CallVariable1 to 10 and ECC, as far as the call has them."""
        return self._some(_CALL_DATA)

    def _some(self, keys: tuple[str, ...]) -> Arguments:
        everything = self.get_all_properties()
        found = Arguments()
        for key in keys:
            if key in everything:
                found.set(key, everything[key], everything.type_of(key))
        return found


class SkillGroup(SkillGroupMethods, CtiOsObject):
    """A skill group, skillgroup.PeripheralID.SkillGroupNumber."""

    __slots__ = ()
    class_identifier = int(ClassIdentifier.eSkillGroupObject)

    def perform(self, method: str, arguments: Mapping[str, Any] | None = None) -> Pending:
        """A documented request of a skill group by its name.

        Never raises what the guide has a code for: see Pending.code.
        """
        return engine.begin(self._session, self, "SkillGroup", method, arguments)

    @property
    def statistics(self) -> Statistics:
        """The group's statistics by their documented names, the computed ones included."""
        return Statistics(self, "skill_group")
