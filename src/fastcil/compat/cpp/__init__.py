"""The C++ CIL's names: typed event interfaces, values that are returned or raise CtiosException.

A pointer to a value is an Out as last argument; the result then tells whether there was one. The
classes have their names with and without C; CTIOS_… and ekw… are the keywords' numbers, and
enumerators stand alone, as in C++. Source: CTI OS
Developer Guide 12.6(1); the signatures are those of the catalog's api data.
"""

from __future__ import annotations

from typing import Any

from fastcil.cil import (
    AgentEventsAdapter,
    AllInOneAdapter,
    ButtonEnablementEventsAdapter,
    CallEventsAdapter,
    IAgentEvents,
    IAllInOne,
    IButtonEnablementEvents,
    ICallEvents,
    IGenericEvents,
    IMonitoredAgentEvents,
    IMonitoredCallEvents,
    ISessionEvents,
    ISilentMonitorEvents,
    ISkillGroupEvents,
    MonitoredAgentEventsAdapter,
    MonitoredCallEventsAdapter,
    SessionEventsAdapter,
    SilentMonitorEventsAdapter,
    SkillGroupEventsAdapter,
)
from fastcil.compat._common import CtiOsException
from fastcil.compat._common import Enums as CtiOs_Enums
from fastcil.compat._common import EnumStrings as CtiOs_EnumStrings
from fastcil.compat._common import KeywordIDs as enum_Keywords
from fastcil.compat._names import enumerators, keyword
from fastcil.compat.cpp._counts import Out
from fastcil.compat.cpp._objects import (
    CAgent,
    CCall,
    CCtiOsObject,
    CSilentMonitorManager,
    CSkillGroup,
    CWaitObject,
)
from fastcil.compat.cpp._session import CCtiOsSession
from fastcil.compat.cpp._values import Arg, Arguments, CILRefArg

CtiosException = CCtiosException = CtiOsException
CilRefArg = CILRefArg
Agent, Call, SkillGroup, CtiOsObject = CAgent, CCall, CSkillGroup, CCtiOsObject
WaitObject, SilentMonitorManager = CWaitObject, CSilentMonitorManager
CtiOsSession = CCtiOsSession
AllInOneEventsAdapter = AllInOneAdapter  # so called in a sample

__all__ = [
    "Agent",
    "AgentEventsAdapter",
    "AllInOneAdapter",
    "AllInOneEventsAdapter",
    "Arg",
    "Arguments",
    "ButtonEnablementEventsAdapter",
    "CAgent",
    "CCall",
    "CCtiOsObject",
    "CCtiOsSession",
    "CCtiosException",
    "CILRefArg",
    "CSilentMonitorManager",
    "CSkillGroup",
    "CWaitObject",
    "Call",
    "CallEventsAdapter",
    "CilRefArg",
    "CtiOsException",
    "CtiOsObject",
    "CtiOsSession",
    "CtiOs_EnumStrings",
    "CtiOs_Enums",
    "CtiosException",
    "IAgentEvents",
    "IAllInOne",
    "IButtonEnablementEvents",
    "ICallEvents",
    "IGenericEvents",
    "IMonitoredAgentEvents",
    "IMonitoredCallEvents",
    "ISessionEvents",
    "ISilentMonitorEvents",
    "ISkillGroupEvents",
    "MonitoredAgentEventsAdapter",
    "MonitoredCallEventsAdapter",
    "Out",
    "SessionEventsAdapter",
    "SilentMonitorEventsAdapter",
    "SilentMonitorManager",
    "SkillGroup",
    "SkillGroupEventsAdapter",
    "WaitObject",
    "enum_Keywords",
]


def __getattr__(name: str) -> Any:
    """CTIOS_AGENTID and ekwAgentID, keywords; eLogout, enumerators, which C++ does not scope."""
    found = keyword(name)
    if found is None:
        found = enumerators().get(name)
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
