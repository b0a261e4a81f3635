"""Runs the tests of the faces and notes which of them calls which documented method, and which
codes it gave."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from documented import Documented, face_class

from fastcil.catalog import CilError

__all__ = ["record"]

ROOT = Path(__file__).resolve().parents[3]
TESTS = ("tests/unit/compat", "tests/wire")


class _Recorder:
    """A plugin of pytest: the running test, and what was called in it."""

    def __init__(self) -> None:
        self.test = ""
        self.called: dict[str, set[str]] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.test = nodeid.partition("[")[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid.partition("[")[0])

    def pytest_runtest_logfinish(self) -> None:
        self.test = ""

    def note(self, method: str) -> None:
        if self.test:
            self.called.setdefault(method, set()).add(self.test)

    def wrapper(self, method: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*values: Any, **named: Any) -> Any:
            self.note(method)
            result = function(*values, **named)
            if isinstance(result, CilError):
                self.note(f"{method} {result.name}")
            return result

        return call


def record(methods: Iterable[tuple[str, Documented]]) -> dict[str, str]:
    """Method, and method and code, to the test that has it: of several that with fewest others."""
    recorder = _Recorder()
    for text, one in methods:
        kind = face_class(one.language, one.owner)
        if getattr(kind, "_is_protocol", False):
            continue
        name = "__init__" if one.name == "constructor" else one.name
        # A class that several faces share, CtiOsException, gets a wrapper for each.
        found = inspect.getattr_static(kind, name)
        if isinstance(found, (staticmethod, classmethod)):
            setattr(kind, name, type(found)(recorder.wrapper(text, found.__func__)))
        else:
            setattr(kind, name, recorder.wrapper(text, found))
    files = [
        str(path)
        for folder in TESTS
        for pattern in ("test_*compat*.py", "test_snippets_*.py", "test_faces_*.py")
        for path in sorted((ROOT / folder).glob(pattern))
        if path.name not in ("test_compat_names.py", "test_compat_methods.py")
    ]
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
    pytest.main([*options, *files], plugins=[recorder])
    if recorder.failed:
        print("not counted, since they failed:", *sorted(recorder.failed))
    breadth: dict[str, int] = {}
    for tests in recorder.called.values():
        for test in tests - recorder.failed:
            breadth[test] = breadth.get(test, 0) + 1
    return {
        method: min(tests - recorder.failed, key=lambda test: (breadth[test], test))
        for method, tests in recorder.called.items()
        if tests - recorder.failed
    }
