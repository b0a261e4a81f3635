"""Scenarios: what a site is like and what happens there when, as TOML or as Python.

A TOML scenario has the tables [site], [server] and [workload] and any number of [[step]]; a Python
scenario has SITE, SERVER, WORKLOAD and STEPS of the same shape, or a function run(simulator), which
may yield the simulated seconds to wait before it goes on. docs/simulator.md lists the keys.
"""

from __future__ import annotations

import dataclasses
import runpy
import types
import typing
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomllib

from fastcil.simulator.actions import Actions
from fastcil.simulator.build import SiteOptions
from fastcil.simulator.model import RequestError
from fastcil.simulator.options import LinkOptions
from fastcil.simulator.routing import WorkloadOptions
from fastcil.simulator.steps import STEPS

if TYPE_CHECKING:
    from fastcil.simulator.simulator import Simulator

__all__ = ["Scenario", "ScenarioError", "ScenarioRun", "Step", "load_scenario"]

_SECTIONS = {"site": SiteOptions, "server": LinkOptions, "workload": WorkloadOptions}


class ScenarioError(ValueError):
    """A scenario that cannot be used: the text names file, key and what was expected."""

    def __init__(self, source: str, key: str, text: str) -> None:
        super().__init__(f"{source}: {key}: {text}" if key else f"{source}: {text}")
        self.source = source
        self.key = key


@dataclass(frozen=True)
class Step:
    """One thing to do. at: simulated seconds after the start; do: the name of one of Actions."""

    at: float
    do: str
    arguments: Mapping[str, Any]
    key: str
    """Where it stands in the file: "step[3]", counted from 1."""


@dataclass(frozen=True)
class Scenario:
    """A checked scenario. site, server, workload: what differs from the defaults."""

    source: str
    title: str = ""
    site: Mapping[str, Any] = field(default_factory=dict)
    server: Mapping[str, Any] = field(default_factory=dict)
    workload: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    run: Callable[[Simulator], Any] | None = None


def load_scenario(path: Path | str) -> Scenario:
    """Read and check a scenario: *.toml as data, *.py as a program that is run.

    Raises ScenarioError, and OSError when the file cannot be read.
    """
    path = Path(path)
    source = str(path)
    if path.suffix == ".toml":
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ScenarioError(source, "", f"not TOML: {error}") from None
        return _checked(source, found)
    if path.suffix == ".py":
        try:
            names = runpy.run_path(str(path))
        except OSError:
            raise
        except Exception as error:
            raise ScenarioError(source, "", f"{type(error).__name__}: {error}") from error
        data = {
            key: names[key.upper()]
            for key in ("title", "site", "server", "workload")
            if key.upper() in names
        }
        if "STEPS" in names:
            data["step"] = names["STEPS"]
        run = names.get("run")
        if run is not None and not callable(run):
            raise ScenarioError(source, "run", "a function of one argument expected")
        if run is None and "step" not in data:
            raise ScenarioError(source, "", "a function run(simulator) or STEPS expected")
        return dataclasses.replace(_checked(source, data), run=run)
    raise ScenarioError(source, "", "a scenario is a file *.toml or *.py")


# -- checking --------------------------------------------------------------------------------


def _checked(source: str, data: Mapping[str, Any]) -> Scenario:
    title = data.get("title", "")
    if not isinstance(title, str):
        raise ScenarioError(source, "title", _expected("text", title))
    for key in data:
        if key not in _SECTIONS and key not in ("title", "step"):
            known = ", ".join(["title", *_SECTIONS, "step"])
            raise ScenarioError(source, str(key), f"unknown key, expected one of {known}")
    sections = {}
    for name, kind in _SECTIONS.items():
        found = data.get(name, {})
        sections[name] = _section(source, name, kind, found)
    steps = data.get("step", [])
    if not isinstance(steps, (list, tuple)):
        raise ScenarioError(source, "step", _expected("a list of tables ([[step]])", steps))
    checked = [_step(source, f"step[{n}]", one) for n, one in enumerate(steps, 1)]
    return Scenario(
        source,
        title,
        sections["site"],
        sections["server"],
        sections["workload"],
        tuple(sorted(checked, key=lambda step: step.at)),
    )


def _section(source: str, key: str, kind: type[Any], found: Any) -> Mapping[str, Any]:
    """A table whose keys are the fields of a dataclass, checked by making one."""
    if not isinstance(found, Mapping):
        raise ScenarioError(source, key, _expected("a table", found))
    hints = typing.get_type_hints(kind)
    known = {f.name for f in dataclasses.fields(kind) if f.init}
    values = {}
    for name, value in found.items():
        place = f"{key}.{name}"
        if name not in known:
            raise ScenarioError(
                source, place, f"unknown key, expected one of {', '.join(sorted(known))}"
            )
        values[name] = _value(source, place, hints[name], value)
    try:
        kind(**values)
    except (ValueError, TypeError) as error:
        raise ScenarioError(source, key, str(error)) from None
    return values


def _step(source: str, key: str, found: Any) -> Step:
    if not isinstance(found, Mapping):
        raise ScenarioError(source, key, _expected("a table", found))
    at = found.get("at", 0.0)
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at < float("inf"):
        raise ScenarioError(source, f"{key}.at", _expected("seconds, a number of 0 or more", at))
    do = found.get("do")
    if do is None:
        raise ScenarioError(source, f"{key}.do", "missing, expected the name of an action")
    if do not in STEPS:
        raise ScenarioError(
            source, f"{key}.do", f"expected one of {', '.join(sorted(STEPS))}, got {do!r}"
        )
    parameters = STEPS[do]
    arguments = {}
    for name, value in found.items():
        if name in ("at", "do"):
            continue
        if name not in parameters:
            known = ", ".join(parameters) or "none"
            raise ScenarioError(
                source, f"{key}.{name}", f"unknown key, {do} takes at, do and {known}"
            )
        arguments[name] = _value(source, f"{key}.{name}", parameters[name].hint, value)
    for name, parameter in parameters.items():
        if parameter.required and name not in arguments:
            raise ScenarioError(
                source, f"{key}.{name}", f"missing, {do} needs {_words(parameter.hint)}"
            )
    return Step(float(at), do, arguments, key)


def _expected(what: str, value: Any) -> str:
    return f"expected {what}, got {value!r}"


_WORDS = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    bytes: "bytes",
    types.NoneType: "nothing",
}


def _words(hint: Any) -> str:
    """A type in the words of one who writes scenarios."""
    if hint in _WORDS:
        return _WORDS[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_words(one) for one in arguments if one is not types.NoneType)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(member.name for member in hint)}"
    if dataclasses.is_dataclass(hint):
        return "a table"
    if origin is not None and issubclass(origin, Mapping):
        return "a table"
    return "a list"


def _value(source: str, key: str, hint: Any, value: Any) -> Any:
    """A value of the file as the type that is wanted. Raises ScenarioError."""
    found = _convert(source, key, hint, value)
    if found is _NOT:
        raise ScenarioError(source, key, _expected(_words(hint), value))
    return found


_NOT = object()


def _convert(source: str, key: str, hint: Any, value: Any) -> Any:
    """_NOT when the value is none of the type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        for one in arguments:
            found = _convert(source, key, one, value)
            if found is not _NOT:
                return found
        return _NOT
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (int, float, str, bool, types.NoneType, bytes):
        good = type(value) is hint
        return value if good else _NOT
    if isinstance(hint, type) and issubclass(hint, Enum):
        by_name = {member.name.lower(): member for member in hint}
        if isinstance(value, str) and value.lower() in by_name:
            return by_name[value.lower()]
        return next((member for member in hint if member.value == value), _NOT)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            return _NOT
        return hint(**_section(source, key, hint, value))
    if origin is None or not isinstance(origin, type):
        return _NOT
    if issubclass(origin, Mapping):
        return _mapping(source, key, arguments, value)
    return _sequence(source, key, origin, arguments, value)


def _mapping(source: str, key: str, arguments: tuple[Any, ...], value: Any) -> Any:
    if not isinstance(value, Mapping):
        return _NOT
    found = {}
    for name, one in value.items():
        # The keys of TOML tables are texts, also where numbers are meant.
        if arguments and arguments[0] is int and isinstance(name, str):
            if not name.isdecimal():
                raise ScenarioError(source, f"{key}.{name}", _expected("a number as key", name))
            name = int(name)
        hint = arguments[1] if arguments else Any
        found[name] = _value(source, f"{key}.{name}", hint, one)
    return found


def _sequence(
    source: str, key: str, origin: type[Any], arguments: tuple[Any, ...], value: Any
) -> Any:
    if not isinstance(value, (list, tuple)):
        return _NOT
    if origin is tuple and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            return _NOT
        hints = list(arguments)
    else:
        hints = [arguments[0] if arguments else Any] * len(value)
    found = [
        _value(source, f"{key}[{n}]", hint, one)
        for n, (hint, one) in enumerate(zip(hints, value, strict=True), 1)
    ]
    return origin(found) if origin in (tuple, frozenset, set) else found


# -- running ---------------------------------------------------------------------------------


class ScenarioRun:
    """A scenario that is being played on a simulator.

    failures: what could not be done, each with file, step and why. The steps after it are done.
    """

    def __init__(self, scenario: Scenario, simulator: Simulator) -> None:
        self.scenario = scenario
        self.simulator = simulator
        self.failures: list[ScenarioError] = []
        self.done = 0
        self._program: Generator[float, None, None] | None = None

    def start(self) -> None:
        """Plan every step on the simulator's clock; what is due at 0 is done by advance(0)."""
        clock = self.simulator.site.clock
        for step in self.scenario.steps:
            clock.after(step.at, lambda step=step: self._do(step))  # type: ignore[misc]
        if self.scenario.run is not None:
            clock.after(0.0, self._run)

    def check(self) -> None:
        """Raises the first ScenarioError there was."""
        if self.failures:
            raise self.failures[0]

    def _fail(self, key: str, error: Exception) -> None:
        text = str(error) or type(error).__name__
        failure = ScenarioError(self.scenario.source, key, text)
        failure.__cause__ = error
        self.failures.append(failure)
        self.simulator.hub.count("scenario_failures")

    def _do(self, step: Step) -> None:
        actions: Actions = self.simulator.actions
        try:
            getattr(actions, step.do)(**step.arguments)
        except (RequestError, ValueError, KeyError, AssertionError) as error:
            self._fail(f"{step.key} ({step.do} at {step.at:g} s)", error)
        self.done += 1
        self.simulator.hub.count("scenario_steps")

    def _run(self) -> None:
        assert self.scenario.run is not None
        try:
            found = self.scenario.run(self.simulator)
        except Exception as error:
            self._fail("run", error)
            return
        if isinstance(found, Generator):
            self._program = found
            self._resume()

    def _resume(self) -> None:
        """Go on with run() until it yields the next time to wait."""
        assert self._program is not None
        try:
            seconds = next(self._program)
        except StopIteration:
            self._program = None
            return
        except Exception as error:
            self._fail(f"run at {self.simulator.site.clock.now:g} s", error)
            return
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
            self._fail("run", ValueError(_expected("yield of seconds to wait", seconds)))
            return
        self.simulator.site.clock.after(float(seconds), self._resume)
