"""The documented methods of each face, from the catalog's api data.

A signature may name further methods (GetValueInt under GetValue); a section about several methods
names them in its signatures or members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from fastcil.catalog import data
from fastcil.compat import cpp, dotnet, java

FACES: dict[str, Any] = {"Java": java, ".NET": dotnet, "C++": cpp}
_NAME = re.compile(r"([A-Za-z]\w*)\s*\(")
# A section about many methods has no method of its name.
_MANY = re.compile(r"\w+ methods$")
_PLACES = ("CtiOsObject", "Session", "Agent", "Call", "SkillGroup", "SilentMonitorManager")


class Documented(NamedTuple):
    """A method of an object in a language."""

    language: str
    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.language} {self.owner}.{self.name}"


def face_class(language: str, owner: str) -> Any:
    """The class of a face that has the methods of a documented object."""
    module = FACES[language]
    if owner == "Session":
        return module.CCtiOsSession if language == "C++" else module.CtiOsSession
    if owner == "CtiOsException" and language == "C++":
        return module.CCtiosException
    return getattr(module, owner)


def _names(owner: str, method: dict[str, Any], language: str) -> Iterator[str]:
    name = method["name"]
    if not _MANY.search(name) and name not in ("constructor", owner):
        yield name
    for member in method.get("members", ()):
        is_object = language == "Java" and member != "GetValueString"
        yield f"{member}Obj" if is_object else member
    # COM and VB have no face; a sample's line may have anything before the parenthesis.
    for signature in method.get("signatures", {}).get(language, ()):
        found = _NAME.search(signature.split("/*")[0])
        if found and found.group(1) != owner:
            yield found.group(1)


def documented() -> list[Documented]:
    """Every documented method of every face, sorted by object and name."""
    found: dict[Documented, None] = {}
    for owner, facts in data("api")["objects"].items():
        for method in facts.get("methods", ()):
            for language in FACES:
                if language not in method["languages"]:
                    continue
                for name in _names(owner, method, language):
                    found[Documented(language, owner, name)] = None
        # What an object has from CtiOsObject is documented with it again.
        for name in facts.get("inherited_methods", ()):
            base = next(
                m for m in data("api")["objects"]["CtiOsObject"]["methods"] if m["name"] == name
            )
            for language in FACES:
                if language in base["languages"]:
                    found[Documented(language, owner, name)] = None
    return list(found)


def requests() -> Iterator[tuple[str, str]]:
    """Owner and name of the documented methods that send a request."""
    from fastcil.cil._methods import METHODS

    yield from METHODS
