"""The .NET CIL's names: an out-parameter makes the result a tuple (result, value).

A value that cannot be read is (False, the type's default). Listeners are called as
OnEvent(sender, EventPublisherEventArgs). Source: CTI OS Developer Guide 12.6(1); the signatures
are those of the catalog's api data.
"""

from __future__ import annotations

from typing import Any

from fastcil.catalog import ArgDataType, CilError, EventID, SubscriberList, WaitResult
from fastcil.compat._common import CtiOsException
from fastcil.compat._common import Enums as CtiOs_Enums
from fastcil.compat._common import EnumStrings as CtiOs_EnumStrings
from fastcil.compat._common import KeywordIDs as Enum_CtiOs
from fastcil.compat._names import enumeration
from fastcil.compat.dotnet._logging import LogEventArgs, Logger, LogManager, LogWrapper
from fastcil.compat.dotnet._objects import Agent, Call, CtiOsObject, SkillGroup, WaitObject
from fastcil.compat.dotnet._session import (
    CtiOsSession,
    EventPublisher,
    EventPublisherEventArgs,
    IGenericEvents,
)
from fastcil.compat.dotnet._values import Arg, Arguments, CilRefArg

__all__ = [
    "Agent",
    "Arg",
    "ArgDataType",
    "Arguments",
    "Call",
    "CilError",
    "CilRefArg",
    "CtiOsException",
    "CtiOsObject",
    "CtiOsSession",
    "CtiOs_EnumStrings",
    "CtiOs_Enums",
    "Enum_CtiOs",
    "EventID",
    "EventPublisher",
    "EventPublisherEventArgs",
    "IGenericEvents",
    "LogEventArgs",
    "LogManager",
    "LogWrapper",
    "Logger",
    "SkillGroup",
    "SubscriberList",
    "WaitObject",
    "WaitResult",
]


def __getattr__(name: str) -> Any:
    """Every enumeration by its name: SupervisoryAction, AgentState and so on."""
    found = enumeration(name)
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
