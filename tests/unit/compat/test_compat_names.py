"""Every documented method and class is in the faces whose languages have it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from documented import FACES, Documented, documented, face_class

from fastcil.catalog import data

CLASSES = sorted(
    (language, owner)
    for owner, facts in data("api")["objects"].items()
    for language in FACES
    if language in facts.get("languages", FACES)
)


@pytest.mark.parametrize(("language", "owner"), CLASSES)
def test_class(language: str, owner: str) -> None:
    assert inspect.isclass(face_class(language, owner))


@pytest.mark.parametrize("method", documented(), ids=str)
def test_method(method: Documented) -> None:
    assert callable(getattr(face_class(method.language, method.owner), method.name))


@pytest.mark.parametrize("name", ["SilentMonitorManager", "CreateSilentMonitorManager"])
def test_java_and_dotnet_have_no_silent_monitor_manager(name: str) -> None:
    for language in ("Java", ".NET"):
        assert not hasattr(FACES[language], name)
        assert not hasattr(face_class(language, "Session"), name)


def classes(module: Any) -> list[type]:
    found = [getattr(module, name) for name in module.__all__]
    return [one for one in found if inspect.isclass(one) and one.__module__.startswith("fastcil")]


@pytest.mark.parametrize("language", FACES)
def test_no_face_shadows_what_the_client_has_inside(language: str) -> None:
    """A private name of a face that the class below it uses too would break that."""
    for kind in classes(FACES[language]):
        if getattr(kind, "_is_protocol", False):
            continue
        faces: set[str] = set()
        below: set[str] = set()
        for base in kind.__mro__:
            names = {n for n in vars(base) if n.startswith("_") and not n.startswith("__")}
            if base.__module__.startswith("fastcil.compat"):
                faces |= names
            elif base.__module__.startswith("fastcil"):
                below |= names
        assert not faces & below, kind


@pytest.mark.parametrize("language", FACES)
def test_every_public_method_has_a_docstring(language: str) -> None:
    missing = []
    for kind in classes(FACES[language]):
        if not kind.__module__.startswith("fastcil.compat"):
            continue
        for name, member in inspect.getmembers(kind, callable):
            home = getattr(member, "__module__", None) or ""
            if name.startswith("_") or not home.startswith("fastcil.compat"):
                continue
            if inspect.isroutine(member) and not member.__doc__:
                missing.append(f"{kind.__name__}.{name}")
    assert missing == []
