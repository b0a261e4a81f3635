"""docs/events.md: of every event of the catalog, what it follows from and whence each field comes.

    python -m fastcil.server.site.table            writes the page
    python -m fastcil.server.site.table --check    exit with 1 when it is stale

What messages cause which events is read from the tables of calls.py and agents.py, what fields
messages have from the schema of GED-188; what the server works out itself is said in words here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from fastcil.catalog import INTERFACES, minimized_parameters
from fastcil.catalog._events import Event, Parameter
from fastcil.ged188.schema import MESSAGES_BY_NAME, MESSAGES_BY_NUMBER, MessageSpec
from fastcil.server.site import agents, calls, convert
from fastcil.server.site.objects import CALL_CALLBACKS, new_call_values
from fastcil.server.site.requests import FORWARDED
from fastcil.server.site.table_words import (
    CLIENT,
    COMPUTED,
    NEVER,
    OF_ANSWERS,
    OF_CALLS,
    SERVER,
)

__all__ = ["main", "page", "sources_of"]

PAGE = Path(__file__).resolve().parents[4] / "docs" / "events.md"
_HEAD = """# Events

Of every event of the Client Interface Library: which message of the CTI Server (GED-188) it
follows from, and whence each of its fields comes. Written by `python -m
fastcil.server.site.table` from the tables that the event server works by; `--check` fails when
this page is stale.

How to read it: a name in `code` is a field of the message named above the table. *told earlier*
means that the server remembers the field for the call or agent: a message that has it came
before, the ones that can are listed. *never told* means that no message of protocol version 25
has it: the field is there with the value given. Numbers that the CTI Server marks as absent are
-1.

A call is one connection: every device of a call has a Call object of its own. The first message
that names a connection brings OnCallBegin before anything else, whatever the message is; a
connection ends with OnCallEnd. Ringing and answering are told to both parties, also where the CTI
Server tells them of one. Filters see all fields; clients with MinimizeEventArgs 1 get
those marked ●.
"""


@cache
def _fields(message: str) -> Mapping[str, str]:
    """The keywords that a message tells by single fields: keyword to field name."""
    found: dict[str, str] = {}
    spec: MessageSpec = MESSAGES_BY_NAME[message]
    for field in (*spec.fixed, *spec.floating):
        if not field.is_list:
            for keyword in convert.targets(field.name):
                found.setdefault(keyword, field.name)
    return found


@cache
def _causes() -> dict[str, tuple[str, ...]]:
    """Callback to the messages that cause it, its own first."""
    first: dict[str, list[str]] = {}
    around: dict[str, list[str]] = {}
    for name, callbacks in {**calls.CALLBACKS, **agents.CALLBACKS}.items():
        first.setdefault(callbacks[0], []).append(name)
        for callback in callbacks[1:]:
            around.setdefault(callback, []).append(name)
    return {
        callback: (*first.get(callback, ()), *around.get(callback, ()))
        for callback in (*first, *around)
    }


def sources_of(event: Event) -> tuple[str, ...]:
    """The messages that an event follows from, its own first; empty when there are none."""
    if event.base is not None:
        return _causes().get(event.base[1], ())
    found = _causes().get(event.callback)
    if found is not None:
        return found
    spec = MESSAGES_BY_NUMBER.get(event.id)
    forwarded = {one.name.replace("_REQ", "_CONF") for one in FORWARDED.values()}
    return (spec.name,) if spec is not None and spec.name in forwarded else ()


def _default(parameter: Parameter | None) -> str:
    if parameter is None or parameter.type in (None, "STRING"):
        return '""'
    return {"ARGUMENTS": "empty", "BOOL": "False"}.get(parameter.type or "", "0")


def _earlier(keyword: str, own: Iterable[str], of: Iterable[str]) -> str:
    """Which other messages tell a keyword of the same object."""
    names = [name for name in of if name not in own and keyword in _fields(name)]
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 4 else ""
    return "*told earlier*: " + ", ".join(names if not more else names[:3]) + more


def _where(event: Event, keyword: str, parameter: Parameter | None) -> str:
    """Whence a field comes, in words."""
    callback = event.callback if event.base is None else event.base[1]
    for words in (COMPUTED.get(callback, {}), OF_CALLS if callback in CALL_CALLBACKS else {}):
        if keyword in words:
            return words[keyword]
    own = sources_of(event)
    if own and own[0].endswith("_CONF") and callback not in _causes() and keyword in OF_ANSWERS:
        return OF_ANSWERS[keyword]
    main = [name for name in own[:1] if keyword in _fields(name)]
    if main:
        return f"`{_fields(main[0])[keyword]}`"
    if callback in CALL_CALLBACKS:
        found = _earlier(keyword, own[:1], calls.CALLBACKS)
        if not found and keyword.endswith("Full"):
            return f"as {keyword.removesuffix('Full')}"
    else:
        found = _earlier(keyword, own[:1], _of_agents(callback))
    if found:
        return found
    if callback in CALL_CALLBACKS:
        value = new_call_values().get(keyword, "")
        return "*never told*: " + ('""' if value == "" else str(value))
    return f"*never told*: {_default(parameter)}"


def _of_agents(callback: str) -> Iterable[str]:
    """The messages whose fields are remembered for the object of an event that is not a call's."""
    if callback in ("OnAgentStateChange", "OnPreLogout", "OnPostLogout", "OnNewAgentTeamMember"):
        return ("AGENT_STATE_EVENT", "QUERY_AGENT_STATE_CONF", "AGENT_TEAM_CONFIG_EVENT")
    return ("AGENT_STATE_EVENT",) if callback == "OnQueryAgentStateConf" else ()


def _origin(event: Event) -> str:
    """The line above the table of an event."""
    callback = event.callback
    if callback in CLIENT:
        return f"Made by the client library: {CLIENT[callback]}."
    if callback in NEVER:
        return f"Does not occur: {NEVER[callback]}."
    if callback in SERVER:
        return f"Made by the server: {SERVER[callback]}."
    found = sources_of(event)
    assert found, f"{callback}: nobody makes it, and nobody says why"
    words = f"From {found[0]}"
    if len(found) > 1:
        words += "; may also stand around " + ", ".join(found[1:])
    if found[0].endswith("_CONF") and callback not in _causes():
        words += ", to the client that asked"
    if event.base is not None:
        words = f"{event.base[1]} of an agent whom the client's supervisor monitors. {words}"
    return words + "."


def _rows(event: Event) -> Iterator[tuple[str, str, str]]:
    """(keyword, mark of MinimizeEventArgs 1, whence it comes)."""
    parameters = {one.keyword: one for one in event.parameters}
    plain = event.callback if event.base is None else event.base[1]
    table = plain in CALL_CALLBACKS
    minimal = set(minimized_parameters(plain, 1)) if table else set(parameters)
    names = dict.fromkeys(minimized_parameters(plain, 0)) if table else {}
    for keyword in dict.fromkeys((*parameters, *names)):
        if keyword == "Monitored" and event.base is not None:
            yield keyword, "●", "True"
            continue
        mark = "●" if keyword in minimal else ""
        yield keyword, mark, _where(event, keyword, parameters.get(keyword))
    for extra in event.extra_keywords:
        words = COMPUTED.get(event.callback, {}).get(extra.keyword)
        if words is not None and extra.keyword not in parameters:
            yield extra.keyword, "" if "[" in extra.keyword else "●", words


def _section(event: Event) -> Iterator[str]:
    yield (
        f"### {event.callback} ({event.id:#x})"
        if event.ours
        else (f"### {event.callback} ({event.id})")
    )
    yield ""
    yield _origin(event)
    yield ""
    if event.callback in NEVER or event.callback in CLIENT:
        return
    if event.base is not None:
        yield f"Fields: those of {event.base[1]}, and Monitored, which is True."
        yield ""
        return
    rows = list(_rows(event))
    if not rows:
        yield "It has no fields."
        yield ""
        return
    yield "| field | ● | whence |"
    yield "|---|---|---|"
    for keyword, mark, words in rows:
        yield f"| {keyword.replace('<', '&lt;')} | {mark} | {words} |"
    yield ""


def page() -> str:
    """The text of docs/events.md."""
    lines = [_HEAD]
    for name, interface in INTERFACES.items():
        lines += [f"## {name}", ""]
        for event in interface.events:
            lines += _section(event)
    lines += ["## Messages that cause no event", ""]
    lines += _silent()
    return "\n".join(lines).rstrip("\n") + "\n"


def _silent() -> Iterator[str]:
    """Event messages of the protocol for which the library has no event."""
    known = {**calls.CALLBACKS, **agents.CALLBACKS}
    yield "The library has no event for them; they are counted by name (`fastcil_site_unmapped`):"
    yield ""
    names = (
        name
        for name, spec in MESSAGES_BY_NAME.items()
        if name.endswith("_EVENT") and name not in known and spec.documented
    )
    yield ", ".join(sorted(names)) + "."
    yield ""


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="docs/events.md from the tables of the server")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when stale")
    check: bool = parser.parse_args(arguments).check
    text = page()
    if not check:
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == text:
        return 0
    print(f"{PAGE} is stale: python -m fastcil.server.site.table writes it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
