"""The keywords of calls and agents, where messages put them, and how events are made of them."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fastcil.catalog import KEYWORDS, event, keyword_id
from fastcil.codec import BACKEND, Frame
from fastcil.ged188.schema import MESSAGES_BY_NAME, message_spec
from fastcil.server import _select
from fastcil.server.outbox import Encoded
from fastcil.server.site import _plain, _reference, convert, enablement
from fastcil.server.site.agent_core import PLAIN, AgentCore
from fastcil.server.site.call_core import SIMPLE, WHOLE, CallCore
from fastcil.server.site.events import coerced, nested
from fastcil.server.site.objects import (
    OWN,
    AgentObject,
    Objects,
    full_names,
    listed_groups,
    new_call_values,
)
from fastcil.server.source import CALL_END_ID, STATE_IDS, SourceEvent
from fastcil.server.typed import columns_of

if TYPE_CHECKING:
    from fastcil.server.site._reference import Entry, Maker, Schema, Table, Values

__all__ = ["PRECALL", "Fields", "fields"]

PRECALL = {"AgentInstrument": "", "CallTypeIDTag": 0, "PreCallInvokeIDTag": 0}
_DEVICES = ("CallingDeviceID", "CalledDeviceID")
_AGENT_MESSAGES = ("AGENT_STATE_EVENT", *PLAIN)
_CALL_MESSAGES = (
    "BEGIN_CALL_EVENT",
    "END_CALL_EVENT",
    "AGENT_PRE_CALL_EVENT",
    "AGENT_PRE_CALL_ABORT_EVENT",
    *(one for one in MESSAGES_BY_NAME if one.startswith("CALL_") and one.endswith("_EVENT")),
)
_NAMES = ("AgentLastName", "AgentFirstName")
STATE = tuple(
    (p.keyword, "" if p.type == "STRING" else 0, "") for p in event("OnAgentStateChange").parameters
)


def of_devices() -> frozenset[str]:
    """Keywords of the device that a message is about: not those of the call as a whole."""
    return frozenset(k for k in KEYWORDS if k.endswith("DeviceID") and k not in _DEVICES)


def _told(messages: tuple[str, ...]) -> list[str]:
    """The keywords that messages can tell."""
    found: list[str] = []
    for name in messages:
        spec = MESSAGES_BY_NAME[name]
        for field in (*spec.fixed, *spec.alternative, *spec.floating):
            found += convert.targets(field.name)
    return found


class Fields:
    """What a mapper needs of one half. half: a module with what fastcil.server.site._plain has."""

    def __init__(self, half: Any) -> None:
        self.half = half
        names = convert.table()
        plain = {name: _parameters(name) for name in PLAIN.values()}
        every = [name for entries in plain.values() for name in entries]
        own = [name for name, _, _ in STATE]
        self.of_call = half.Schema([*new_call_values(), *PRECALL, *_told(_CALL_MESSAGES)])
        self.of_agent = half.Schema([*own, *every, *_told(_AGENT_MESSAGES), *_NAMES])
        self.call: Values = half.Values(self.of_call, new_call_values())
        """Of a call of which nothing was told; to be copied."""
        self.waiting: Values = half.Values(self.of_call, {**new_call_values(), **PRECALL})
        """Of a call that is announced; to be copied."""
        self.untold: Values = half.Values(self.of_call, {"ICMEnterpriseUniqueID": ""})
        """What was told of a call, before it is; to be copied."""
        self.calls: Table = half.Table(
            self.of_call,
            names,
            fields=convert.call_fields,
            own=OWN,
            devices=of_devices(),
            full=full_names(),
            kept="ConnectionDeviceID",
            calls=True,
        )
        self.waiting_calls: Table = half.Table(
            self.of_call, names, fields=convert.call_fields, calls=True
        )
        self.agents: Table = half.Table(self.of_agent, names, fields=convert.keyword_fields)
        self.plain: dict[str, tuple[Table, Maker]] = {
            name: self._plain(name, wanted) for name, wanted in plain.items()
        }
        self.agent_makers = {
            name: self.maker(name, self.of_agent, STATE, STATE)
            for name in ("OnAgentStateChange", "OnPreLogout", "OnPostLogout")
        }
        self._makers: dict[tuple[str, str], Maker] = {}

    def values(self) -> Values:
        """Of an agent of whom nothing was told."""
        found: Values = self.half.Values(self.of_agent)
        return found

    def new_agent(self, key: str, peripheral: int, agent_id: str) -> AgentObject:
        """An agent of whom nothing was told."""
        found: AgentObject = self.half.AgentObject(key, peripheral, agent_id, self.values())
        return found

    def call_core(self, objects: Objects) -> CallCore:
        """What takes in most messages of calls."""
        found: CallCore = self.half.CallCore(
            objects,
            new=self.call,
            announced=self.waiting,
            untold=self.untold,
            table=self.calls,
            waiting=self.waiting_calls,
            maker=self.call_maker,
            simple={message_spec(name).number: row for name, row in SIMPLE.items()},
            whole={way: message_spec(name).number for way, name in WHOLE.items()},
            own=tuple(OWN),
            mask=enablement.call_mask,
        )
        return found

    def agent_core(self, objects: Objects) -> AgentCore:
        """What takes in most messages of agents."""
        found: AgentCore = self.half.AgentCore(
            objects,
            table=self.agents,
            makers=self.agent_makers,
            plain={message_spec(name).number: self.plain[one] for name, one in PLAIN.items()},
            number=message_spec("AGENT_STATE_EVENT").number,
            mask=enablement.agent_mask,
        )
        return found

    def call_maker(self, callback: str, minimal_set: str) -> Maker:
        """Of the events of calls, each made once."""
        found = self._makers.get((callback, minimal_set))
        if found is None:
            chosen = coerced(callback, minimal_set)
            found = self._makers[callback, minimal_set] = self.maker(
                callback,
                self.of_call,
                [(key, None, chosen.kinds.get(key, "")) for key in chosen.plain.minimal_keys],
                [(key, None, chosen.kinds.get(key, "")) for key in chosen.plain.complete_keys],
                drops=("CallStatus", "FilterTarget"),
                own=OWN,
            )
        return found

    def maker(
        self,
        callback: str,
        schema: Schema,
        minimal: list[Entry] | tuple[Entry, ...],
        complete: list[Entry] | tuple[Entry, ...],
        **more: Any,
    ) -> Maker:
        """A Maker with the types and numbers of the catalog."""
        number = int(event(callback).id)
        columns = columns_of(number)
        types = {name: (int(kind), least, most) for name, kind, least, most in columns}
        ids = {name: keyword_id(name) or 0 for name, _, _ in (*minimal, *complete)}
        slow = _reference.Maker(
            callback, number, schema, minimal, complete, types=types, ids=ids, **more
        )
        if self.half is _plain:
            return slow
        found: Maker = self.half.Maker(
            callback,
            number,
            schema,
            minimal,
            complete,
            types=types,
            ids=ids,
            keep=number == CALL_END_ID,
            state=number in STATE_IDS,
            slow=slow,
            **more,
        )
        return found

    def _plain(self, callback: str, wanted: dict[str, Any]) -> tuple[Table, Maker]:
        """How the message of an event is read that has its fields alone, and how that is made."""
        own = {
            name: (name, "", False) for name in wanted
        }  # where the CIL hides what this event has
        names = {**own, **convert.table()}
        names.update((name, own[name]) for name in convert.NOT_OURS if name in own)
        of_event = {
            field: (first, second if second in wanted else "", signed)
            for field, (first, second, signed) in names.items()
            if first in wanted
        }

        def told(message: Any) -> dict[str, Any]:
            found = {**message.to_dict(), **convert.keyword_fields(message)}
            return {name: value for name, value in found.items() if name in wanted}

        schema = self.half.Schema([*wanted, "PeripheralID", "AgentID"])
        table = self.half.Table(schema, of_event, fields=told)
        entries = [(name, absent, "") for name, absent in wanted.items()]
        return table, self.maker(callback, schema, entries, entries)


def _parameters(callback: str) -> dict[str, Any]:
    """The documented parameters of an event, each with what stands for nothing told."""
    return {p.keyword: "" if p.type == "STRING" else 0 for p in event(callback).parameters}


def _read(frame: bytes) -> dict[str, Any]:
    found: dict[str, Any] = Frame.from_bytes(frame).arguments.to_dict()
    return found


@cache
def fields(name: str = BACKEND) -> Fields:
    """Those of a backend, made once."""
    half: ModuleType = _plain
    if _select.MODULES[name].endswith("_native"):
        half = _select.load(name)
        half.install(read=_read, encoded=Encoded, monitored=SourceEvent.monitored)
        half.install_agents(listed=listed_groups, nested=nested)
    return Fields(half)
