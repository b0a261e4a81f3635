"""docs/methods.md: every documented method of each face, and a test that calls it.

    python tests/unit/compat/methods_page.py            writes the page
    python tests/unit/compat/methods_page.py --check    exit with 1 when it is stale
    python tests/unit/compat/methods_page.py --record   runs the tests of the faces and notes which
                                                        of them calls what, then writes the page

Nobody says which test covers a method: it is what was called while the tests ran (covered.json).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from documented import FACES, Documented, documented

from fastcil.catalog import data

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "methods.md"
COVERED = Path(__file__).with_name("covered.json")
# What a face does not have as a method of its own: an interface that the application implements.
IMPLEMENTED = {("ILogEvents", "processLogEvent")}
CONSTRUCTOR = "constructor"
LANGUAGES = ("C++", "Java", ".NET")
HEAD = """\
# Methods of the faces

Every documented method of `fastcil.compat.cpp`, `.java` and `.dotnet`, and a test that calls it, as
it was noted while the tests ran. Written by `python tests/unit/compat/methods_page.py` from the
catalog's api data; `--record` runs the tests and notes anew, `--check` fails when this page is
stale, and so does a test. A dash: the documents do not have the method in that language. What an
object has from CtiOsObject stands there only. How methods behave of which the documents print no
signature is said in [Porting](porting.md).

[Codes](#codes) has every code that the documents print for a method, and a test in which the method
gives it."""
# Codes that are printed for a method and that it does not give, and why.
NEVER = {
    "CIL_FAIL": "each failure has a code of its own",
    "E_CTIOS_UNEXPECTED": "what nobody expects is an exception",
    "E_CTIOS_SESSION_NOT_CONNECTED": "printed for an unanticipated error, which is an exception",
    "E_CTIOS_PROP_ATTRIBUTES_ACCESS_FAILED": "properties have no attributes apart",
    "E_CTIOS_ARGUMENT_ALLOCATION_FAILED": "where memory ends, Python raises MemoryError",
}
# The list of Connect that is marked as that of C++ and COM, and the one of Java and .NET.
ONLY = {
    ("Connect", "E_CTIOS_MODE_CONFLICT"): ("C++",),
    ("Connect", "E_CTIOS_SESSION_NOT_CONNECTED"): ("C++",),
    ("Connect", "E_CTIOS_SESSION_NOT_DISCONNECTED"): ("Java", ".NET"),
    ("Connect", "E_CTIOS_UNEXPECTED"): ("Java", ".NET"),
}
_CODE = re.compile(r"(\w+)(?: \((.*)\))?")


class Printed(NamedTuple):
    """A code that the documents print for a method of an object in a language."""

    language: str
    owner: str
    name: str
    code: str

    def __str__(self) -> str:
        return f"{self.language} {self.owner}.{self.name} {self.code}"


def printed_codes() -> Iterator[Printed]:
    """Every such code but those of COM and VB."""
    for owner, facts in data("api")["objects"].items():
        for method in facts.get("methods", ()):
            for text in method.get("return_codes", ()):
                found = _CODE.fullmatch(text)
                assert found, text
                code, where = found.groups()
                name = method["name"]
                languages = where.split(", ") if where else ONLY.get((name, code), LANGUAGES)
                for language in LANGUAGES:
                    if language in languages and language in method["languages"]:
                        yield Printed(language, owner, name, code)


def rows() -> list[Documented]:
    """Every documented method in each language, constructors included, what is inherited not."""
    inherited = {
        (owner, name)
        for owner, facts in data("api")["objects"].items()
        for name in facts.get("inherited_methods", ())
    }
    own = {
        (owner, method["name"])
        for owner, facts in data("api")["objects"].items()
        for method in facts.get("methods", ())
    }
    found = [
        one
        for one in documented()
        if (one.owner, one.name) in own or (one.owner, one.name) not in inherited
    ]
    for owner, facts in data("api")["objects"].items():
        for method in facts.get("methods", ()):
            if method["name"] in (CONSTRUCTOR, owner):
                found += [
                    Documented(language, owner, CONSTRUCTOR)
                    for language in FACES
                    if language in method["languages"]
                ]
    return found


def load() -> dict[str, str]:
    """Method to the test that calls it, 'tests/wire/test_x.py::test_y'."""
    found: dict[str, str] = json.loads(COVERED.read_text("utf-8"))
    return found


def page(covered: dict[str, str]) -> str:
    """The text of docs/methods.md."""
    return "\n".join([HEAD, *_tables(covered), *_codes(covered)]) + "\n"


def _tables(covered: dict[str, str]) -> Iterator[str]:
    owners: dict[str, dict[str, dict[str, str]]] = {}
    for one in rows():
        cells = owners.setdefault(one.owner, {}).setdefault(one.name, {})
        cells[one.language] = _cell(one, covered)
    for owner, methods in owners.items():
        yield ""
        yield f"## {owner}"
        yield ""
        yield f"| method | {' | '.join(LANGUAGES)} |"
        yield "|---|---|---|---|"
        for name, cells in methods.items():
            yield f"| {name} | {' | '.join(cells.get(one, '–') for one in LANGUAGES)} |"


def _codes(covered: dict[str, str]) -> Iterator[str]:
    """The table of codes; a code that was caused never is listed with the reason."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one in printed_codes():
        cells = found.setdefault((f"{one.owner}.{one.name}", one.code), {})
        cells[one.language] = (
            _cell(one, covered) if str(one) in covered else NEVER.get(one.code, "")
        )
    yield ""
    yield "## Codes"
    yield ""
    yield f"| method | code | {' | '.join(LANGUAGES)} |"
    yield "|---|---|---|---|---|"
    for (method, code), cells in found.items():
        shown = " | ".join(cells.get(one, "–") or "*none*" for one in LANGUAGES)
        yield f"| {method} | {code} | {shown} |"


def _cell(one: Documented | Printed, covered: dict[str, str]) -> str:
    if (one.owner, one.name) in IMPLEMENTED:
        return "the application's"
    found = covered.get(str(one))
    if found is None:
        return "*none*"
    file, _, test = found.partition("::")
    return f"`{Path(file).stem}` {test}"


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="docs/methods.md from the catalog and the tests")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when stale")
    parser.add_argument("--record", action="store_true", help="run the tests and note the calls")
    options = parser.parse_args(arguments)
    if options.record:
        from record_methods import record

        found = record([(str(one), one) for one in rows()])
        text = json.dumps(found, indent=0, sort_keys=True)
        COVERED.write_text(text + "\n", "utf-8")
    text = page(load())
    if not options.check:
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == text:
        return 0
    print(f"{PAGE} is stale: {Path(__file__).name} writes it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
