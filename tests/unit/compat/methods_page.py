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
import sys
from collections.abc import Iterator
from pathlib import Path

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
signature is said in [Porting](porting.md)."""


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
    return "\n".join([HEAD, *_tables(covered)]) + "\n"


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


def _cell(one: Documented, covered: dict[str, str]) -> str:
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
