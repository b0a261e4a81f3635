"""The event interfaces as objects, read from data/*.json when first asked for.

Source of the facts: CTI OS Developer Guide 12.6(1), event interfaces chapter.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

from ._names import EVENT_NAMES

DATA = Path(__file__).resolve().parent / "data"

Json = dict[str, Any]


class Message(NamedTuple):
    """A message of the CTI Server protocol, GED-188."""

    number: int
    name: str


@dataclass(frozen=True)
class Parameter:
    """One documented field of an event."""

    keyword: str
    type: str | None  # NOTSET … ARGUMENTS as in type_names of events.json; None: not printed
    optional: bool
    doc: str
    source: str = ""
    constant: str | None = None
    # Whatever else is known: nested, only_when, exactly_one_of, printed, note …
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """One of the alternative field sets of an event."""

    name: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class Event:
    """One event of an interface."""

    callback: str
    interface: str
    id: int  # 0 for OnEvent, which carries the number of any event
    enum: str | None  # member of EventID
    aliases: tuple[str, ...]
    ours: bool  # the number is this project's
    supported: bool  # False: the guide names it and says it is not supported
    documented: bool  # the fields are documented
    parameters: tuple[Parameter, ...]  # those of base first
    extra_keywords: tuple[Parameter, ...]  # documented elsewhere, not in the event's table
    variants: tuple[Variant, ...]  # parameters repeats the first
    base: tuple[str, str] | None  # interface and callback whose parameters it shares
    ged188: Message | None
    remarks: str
    source: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keywords(self) -> tuple[str, ...]:
        """The keywords of the event's table, in documented order."""
        return tuple(parameter.keyword for parameter in self.parameters)


@dataclass(frozen=True)
class Interface:
    """An event interface, or one of the Java adapter classes."""

    name: str
    events: tuple[Event, ...]
    note: str = ""
    peripherals: str = ""
    methods: tuple[str, ...] = ()  # of an adapter
    implements: str | None = None


@dataclass(frozen=True)
class Minimized:
    """The parameters of one event with MinimizeEventArgs 0 and 1; see docs/catalog.md."""

    event: str  # callback, or member of EventID where there is no callback
    complete: tuple[str, ...]  # MinimizeEventArgs = 0
    minimal: tuple[str, ...]  # MinimizeEventArgs = 1
    table: tuple[str, ...]  # the row of the documented table, as printed but expanded
    footnotes: Mapping[str, str]  # keyword to "*" or "**"

    def level(self, level: int, minimal_set: str = "section") -> tuple[str, ...]:
        """Keywords for a value of MinimizeEventArgs. The table has rows for most events; the row
        of OnSnapshotCallConf only says what to leave out, as its section does."""
        if level not in (0, 1):
            raise ValueError(f"MinimizeEventArgs is 0 or 1, not {level!r}")
        if level and minimal_set == "table" and self.table and self.event != "OnSnapshotCallConf":
            return self.table
        return self.minimal if level else self.complete


def load(name: str) -> Json:
    """One of the data files, by its name without .json."""
    return cast("Json", json.loads((DATA / f"{name}.json").read_text("utf-8")))


_PARAMETER = {"keyword", "type", "optional", "doc", "source", "constant"}
_EVENT = {
    "callback", "id", "enum", "aliases", "ours", "supported", "params_documented", "params",
    "extra_keywords", "variants", "params_ref", "ged188", "remarks", "source",
}  # fmt: skip


def _parameter(record: Json) -> Parameter:
    return Parameter(
        keyword=sys.intern(record["keyword"]),
        type=record["type"],
        optional=bool(record.get("optional", True)),
        doc=record.get("doc", ""),
        source=record.get("source", ""),
        constant=record.get("constant"),
        details={k: v for k, v in record.items() if k not in _PARAMETER},
    )


def _parameters(records: list[Json]) -> tuple[Parameter, ...]:
    return tuple(map(_parameter, records))


def _event(interface: str, record: Json, done: Mapping[tuple[str, str], Event]) -> Event:
    base: tuple[str, str] | None = None
    parameters = _parameters(record["params"])
    if "params_ref" in record:
        base = record["params_ref"]["interface"], record["params_ref"]["event"]
        parameters = done[base].parameters + parameters
    message = record.get("ged188")
    return Event(
        callback=record["callback"],
        interface=interface,
        id=record.get("id", 0),
        enum=record.get("enum"),
        aliases=tuple(record.get("aliases", ())),
        ours=record.get("ours", False),
        supported=record.get("supported", True),
        documented=record["params_documented"],
        parameters=parameters,
        extra_keywords=_parameters(record.get("extra_keywords", [])),
        variants=tuple(
            Variant(v["variant"], _parameters(v["params"])) for v in record.get("variants", ())
        ),
        base=base,
        ged188=Message(message["number"], message["name"]) if message else None,
        remarks=record["remarks"],
        source=record["source"],
        details={k: v for k, v in record.items() if k not in _EVENT},
    )


def _interfaces(data: Json) -> Iterator[Interface]:
    done: dict[tuple[str, str], Event] = {}
    for record in data["interfaces"]:
        name = record["name"]
        events = []
        for entry in record["events"]:
            event = _event(name, entry, done)
            done[name, event.callback] = event
            events.append(event)
        note, peripherals = record.get("note", ""), record.get("peripherals", "")
        yield Interface(name, tuple(events), note, peripherals)


def _adapters(data: Json) -> Iterator[Interface]:
    for record in data["java_adapters"]:
        methods = tuple(record["methods"])
        yield Interface(record["name"], (), "", "", methods, record.get("implements"))


_data = load("events")

INTERFACES: dict[str, Interface] = {i.name: i for i in _interfaces(_data)}
JAVA_ADAPTERS: dict[str, Interface] = {i.name: i for i in _adapters(_data)}
EVENTS: tuple[Event, ...] = tuple(e for i in INTERFACES.values() for e in i.events)
# Where a name or a number stands in two interfaces (OnControlFailureConf), the first wins.
EVENTS_BY_ID: dict[int, Event] = {}
EVENTS_BY_CALLBACK: dict[str, Event] = {}
for _each in EVENTS:
    EVENTS_BY_CALLBACK.setdefault(_each.callback, _each)
    if _each.id:
        EVENTS_BY_ID.setdefault(_each.id, _each)


def find(key: int | str, interface: str | None = None) -> Event:
    """The event with a number, callback, EventID member or alias; KeyError when there is none."""
    found: Event | None = None
    if interface is not None:
        number = key if isinstance(key, int) else EVENT_NAMES.get(key, -1)
        for each in INTERFACES[interface].events:
            if each.callback == key or (each.id and each.id == number):
                found = each
    elif isinstance(key, int):
        found = EVENTS_BY_ID.get(key)
    else:
        found = EVENTS_BY_CALLBACK.get(key) or EVENTS_BY_ID.get(EVENT_NAMES.get(key, 0))
    if found is None:
        raise KeyError(key)
    return found


def _plain(marked: str) -> tuple[str, str]:
    """A table entry without its footnote mark, and the mark."""
    name = marked.rstrip("*")
    return name, marked[len(name) :]


def _minimized(data: Json) -> Iterator[Minimized]:
    expansion: list[str] = data["generate_call_data_update_keywords"]
    constants: Json = data["constants"]
    for enum, row in data["events"].items():
        event = EVENTS_BY_ID.get(EVENT_NAMES[enum])
        own = event.keywords if event else ()
        if row["mode"] == "all_except":
            left_out = set(row["except_keywords"])
            minimal = tuple(k for k in own if k not in left_out)
            yield Minimized(row["callback"], own, minimal, (), {})
            continue
        table: list[str] = []
        footnotes: dict[str, str] = {}
        for marked in row["table_6_90"]:
            name, mark = _plain(marked)
            if mark == "***":
                table += expansion
                continue
            keyword = constants[name]["keyword"] if name in constants else name
            table.append(keyword)
            if mark:
                footnotes[keyword] = mark
        table = list(dict.fromkeys(table))
        complete = tuple(dict.fromkeys([*table, *own]))
        name = event.callback if event else enum
        yield Minimized(name, complete, own or tuple(table), tuple(table), footnotes)


MINIMIZED: dict[str, Minimized] = {m.event: m for m in _minimized(load("minimize"))}
