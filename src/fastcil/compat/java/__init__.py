"""The Java CIL's names: null is None, requests give CilError codes, OnEvent(iEventID, rArgs).

Source: CTI OS Developer Guide 12.6(1); the signatures are those of the catalog's api data.
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
from fastcil.cil.logs import LogManager
from fastcil.compat._common import CtiOsException
from fastcil.compat._common import Enums as CtiOs_Enums
from fastcil.compat._common import EnumStrings as CtiOs_EnumStrings
from fastcil.compat._common import KeywordIDs as CtiOs_IKeywordIDs
from fastcil.compat._names import constants_of, enumerators, keyword
from fastcil.compat.java._logging import ILogEvents, LogEvent, LogEventsAdapter, Logger, LogWrapper
from fastcil.compat.java._objects import Agent, Call, CtiOsObject, SkillGroup, WaitObject
from fastcil.compat.java._session import CtiOsSession
from fastcil.compat.java._values import Arg, Arguments, CilRefArg

# So printed in samples.
CtiOs_IkeywordIDs = CTIOS_enums = CtiOs_IKeywordIDs

__all__ = [
    "Agent",
    "AgentEventsAdapter",
    "AllInOneAdapter",
    "Arg",
    "Arguments",
    "ButtonEnablementEventsAdapter",
    "CTIOS_enums",
    "Call",
    "CallEventsAdapter",
    "CilRefArg",
    "CtiOsException",
    "CtiOsObject",
    "CtiOsSession",
    "CtiOs_EnumStrings",
    "CtiOs_Enums",
    "CtiOs_IKeywordIDs",
    "CtiOs_IkeywordIDs",
    "IAgentEvents",
    "IAllInOne",
    "IButtonEnablementEvents",
    "ICallEvents",
    "IGenericEvents",
    "ILogEvents",
    "IMonitoredAgentEvents",
    "IMonitoredCallEvents",
    "ISessionEvents",
    "ISilentMonitorEvents",
    "ISkillGroupEvents",
    "LogEvent",
    "LogEventsAdapter",
    "LogManager",
    "LogWrapper",
    "Logger",
    "MonitoredAgentEventsAdapter",
    "MonitoredCallEventsAdapter",
    "SessionEventsAdapter",
    "SilentMonitorEventsAdapter",
    "SkillGroup",
    "SkillGroupEventsAdapter",
    "WaitObject",
]


def __getattr__(name: str) -> Any:
    """CtiOs_IAgentState and the like, interfaces of constants; and what a class has from them
    without a prefix: keywords (CTIOS_AGENTID, ekwAgentID, S_MESSAGEID) and enumerators."""
    found: Any = keyword(name)
    if found is None:
        found = constants_of(name)
    if found is None:
        found = enumerators().get(name)
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
