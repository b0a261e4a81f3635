"""What is known of a documented method that sends a request; the table is _methods.py."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from fastcil.catalog import CilError

__all__ = ["Method", "Parameter", "snake"]


class Parameter(NamedTuple):
    """An argument of a method: its keyword, its documented type, and whether it must be there."""

    keyword: str
    type: str  # STRING, INT, BOOL, ARGUMENTS; "" when the guide names none
    longest: int = 0  # characters of a STRING; 0: no bound is documented
    required: bool = False


@dataclass(frozen=True)
class Method:
    """One method of Session, Agent, Call or SkillGroup.

    request: message_id of the REQUEST frame. confirm: events that answer it; empty where the guide
    names none: such a request is done when it is sent. fill: properties of the object that go
    with the request unless the arguments have them. fixed: arguments that are always so.
    """

    owner: str
    name: str
    request: int
    confirm: frozenset[int] = frozenset()
    parameters: tuple[Parameter, ...] = ()
    fill: tuple[str, ...] = ()
    fixed: tuple[tuple[str, int], ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    all_or_none: bool = False  # without any argument it is about everything
    must: frozenset[int] = frozenset()  # CallStatus
    must_not: frozenset[int] = frozenset()
    status_code: CilError = CilError.CIL_FAIL
    codes: tuple[CilError, ...] = field(default=())  # those that its section lists


def snake(name: str) -> str:
    """The native spelling: MakeConsultCall → make_consult_call, AgentID → agent_id."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
