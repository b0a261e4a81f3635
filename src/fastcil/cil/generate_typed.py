"""Text of _typed_events.py: a class for each event of the catalog, an attribute for each field.

Part of `python -m fastcil.cil.generate`.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from fastcil.catalog import INTERFACES, minimized_parameters
from fastcil.catalog import Event as CatalogEvent
from fastcil.catalog._events import Parameter
from fastcil.cil.events import GAP_EVENT
from fastcil.cil.method import snake

__all__ = ["attribute", "typed_events_module"]

_WIDTH = 100
_MAKERS = {
    "INT": "int_",
    "UINT": "uint",
    "SHORT": "short",
    "USHORT": "ushort",
    "BOOL": "bool_",
    "STRING": "string",
    "ARGUMENTS": "nested",
}
_OWN = {"arguments", "event_id", "frame", "name", "number"}  # of the base class

# The client's own event: fields, and where they are described.
_GAP = (
    ("uint", "Missed", "how many events were left out"),
    ("string", "FromSequence", "number of the first that is missing, in decimal digits"),
    ("string", "ToSequence", "number of the last that is missing, in decimal digits"),
    ("uint", "Epoch", "epoch of the numbers"),
    ("string", "Reason", "why, in a word"),
)


def attribute(keyword: str) -> str:
    """The attribute of a keyword: SkillGroup[j] becomes skill_groups, the others snake_case."""
    return f"{snake(keyword[:-3])}s" if keyword.endswith("[j]") else snake(keyword)


def _base(interface: str) -> str:
    """ICallEvents → CallEvent."""
    return interface[1:-1]


def _fields(event: CatalogEvent) -> Iterator[tuple[str, str, str]]:
    """Maker, keyword and meaning of each field, the object's own key first."""
    # Both readings of MinimizeEventArgs leave a field out at one level: then it may be missing.
    minimal = set(minimized_parameters(event.callback, 1)) if event.id else set()
    variants = [{one.keyword for one in variant.parameters} for variant in event.variants]
    found: dict[str, tuple[str, str, str]] = {}
    more = [one for variant in event.variants for one in variant.parameters]
    tables = [(one, True) for one in (*event.parameters, *more)]
    tables += [(one, False) for one in event.extra_keywords]
    for parameter, own in tables:
        keyword = parameter.keyword
        if keyword.startswith("<") or parameter.type == "MHDR" or keyword in found:
            continue
        always = (
            own
            and not parameter.optional
            and keyword in minimal
            and "only_when" not in parameter.details
            and all(keyword in variant for variant in variants)
        )
        found[keyword] = (_maker(parameter, always), keyword, parameter.doc)
    yield from sorted(found.values(), key=lambda field: field[1] != "UniqueObjectID")


def _maker(parameter: Parameter, always: bool) -> str:
    if parameter.keyword.endswith("[j]"):
        return "numbered"
    if parameter.type is None:
        return "any_"
    # A mask is documented as INT, and has 32 bits: none of them is a sign.
    is_mask = parameter.type == "INT" and parameter.keyword.endswith("EnablementMask")
    maker = _MAKERS["UINT" if is_mask else parameter.type]
    return maker if always else f"opt_{maker.rstrip('_')}"


def _call(name: str, maker: str, keyword: str, doc: str) -> Iterator[str]:
    shown = keyword[:-3] if keyword.endswith("[j]") else keyword
    arguments = [_quoted(shown), _quoted(doc)]
    line = f"    {name} = {maker}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"    {name} = {maker}("
    line = f"        {', '.join(arguments)}"
    if len(line) <= _WIDTH:
        yield line
    else:
        yield from (f"        {one}," for one in arguments)
    yield "    )"


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text and "'" not in text else json.dumps(text, ensure_ascii=False)


def _class(
    name: str, bases: str, number: int, doc: str, source: str, fields: list[tuple[str, str, str]]
) -> Iterator[str]:
    names = [attribute(keyword) for _, keyword, _ in fields]
    clash = _OWN.intersection(names)
    if clash or len(set(names)) < len(names):
        raise SystemExit(f"{name}: two attributes of one name among {names}")
    yield from ["", "", f"class {name}({bases}):"]
    lines = textwrap.wrap(f'"""{doc}', _WIDTH - 7)
    if len(lines) == 1:
        yield f'    {lines[0]}"""'
    else:
        yield from (f"    {line}" for line in lines)
        yield '    """'
    yield ""
    yield "    __slots__ = ()"
    yield f"    _source = {json.dumps(source)}"
    yield f"    event_id = {number if number < 0x10000 else f'0x{number:X}'}"
    if not fields:
        return
    always = [name for name, (maker, *_) in zip(names, fields) if maker in _MAKERS.values()]
    if always:
        yield from _tuple("__match_args__", always)
    for attribute_name, (maker, keyword, meaning) in zip(names, fields):
        yield from _call(attribute_name, maker, keyword, meaning)


def _tuple(name: str, values: list[str]) -> Iterator[str]:
    quoted = [json.dumps(value) for value in values]
    one = f"    {name} = ({', '.join(quoted)}{',' if len(quoted) == 1 else ''})"
    if len(one) <= _WIDTH:
        yield one
        return
    yield f"    {name} = ("
    yield from (f"        {value}," for value in quoted)
    yield "    )"


def _events() -> Iterator[tuple[str, CatalogEvent]]:
    """Bases and event; one that stands in two interfaces belongs to both."""
    homes: dict[str, list[str]] = {}
    events: dict[str, CatalogEvent] = {}
    for interface in INTERFACES.values():
        for event in interface.events:
            if event.id:
                homes.setdefault(event.callback, []).append(_base(interface.name))
                events.setdefault(event.callback, event)
    for callback, event in events.items():
        yield ", ".join(homes[callback]), event


def typed_events_module() -> str:
    """The whole module."""
    events = list(_events())
    bases = [_base(one.name) for one in INTERFACES.values() if one.name != "IGenericEvents"]
    body: list[str] = []
    for base in bases:
        body += ["", "", f"class {base}(Event):", f'    """An event of I{base}s."""', ""]
        body.append("    __slots__ = ()")
    for base, event in events:
        doc = event.remarks if event.supported else f"{event.remarks} It never comes."
        body += _class(event.callback, base, event.id, doc, event.source, list(_fields(event)))
    doc = "Events were left out, since the client was slow or away; a snapshot may follow."
    body += _class("OnGap", "SessionEvent", GAP_EVENT, doc, "docs/wire-format.md", list(_GAP))
    names = [*(event.callback for _, event in events), "OnGap"]
    body += ["", "", "# Event number to class.", "BY_NUMBER: dict[int, type[Event]] = {"]
    body += [f"    {name}.event_id: {name}," for name in names]
    body += ["}", ""]
    text = "\n".join(body)
    makers = sorted({*_MAKERS.values(), *(f"opt_{one.rstrip('_')}" for one in _MAKERS.values())})
    used = [one for one in [*makers, "any_", "numbered"] if f" = {one}(" in text]
    head = ['"""The typed events: a class for each, an attribute for each field.', ""]
    head += ["Generated by fastcil.cil.generate from the catalog; do not edit.", '"""', ""]
    head += ["from __future__ import annotations", ""]
    head += ["from fastcil.cil.typed_fields import ("]
    head += [f"    {name}," for name in ["Event", *sorted(used)]]
    head += [")", "", "__all__ = ["]
    shown = sorted([*bases, *names])
    head += ['    "BY_NUMBER",', *(f'    "{name}",' for name in shown), "]"]
    return "\n".join(head) + "\n" + text
