"""How a method becomes a step that scenarios may name."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["STEPS", "Parameter", "step"]

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Parameter:
    """What an action takes: the type, and whether it must be given."""

    hint: Any
    required: bool


STEPS: dict[str, dict[str, Parameter]] = {}
"""Every action that a scenario may name, with its parameters."""


def step(function: _F) -> _F:
    """The method can be named by `do` in a scenario; its signature says what the step takes."""
    hints = typing.get_type_hints(function)
    STEPS[function.__name__] = {
        name: Parameter(hints[name], parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self"
    }
    return function
