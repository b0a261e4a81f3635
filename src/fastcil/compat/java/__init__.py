"""The Java CIL's names: null is None, requests give CilError codes, OnEvent(iEventID, rArgs).

Source: CTI OS Developer Guide 12.6(1); the signatures are those of the catalog's api data.
"""

from __future__ import annotations

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
from fastcil.compat.java._logging import ILogEvents, LogEvent, LogEventsAdapter, Logger, LogWrapper
from fastcil.compat.java._objects import Agent, Call, CtiOsObject, SkillGroup, WaitObject
from fastcil.compat.java._session import CtiOsSession
from fastcil.compat.java._values import Arg, Arguments, CilRefArg

__all__ = [
    "Agent",
    "AgentEventsAdapter",
    "AllInOneAdapter",
    "Arg",
    "Arguments",
    "ButtonEnablementEventsAdapter",
    "Call",
    "CallEventsAdapter",
    "CilRefArg",
    "CtiOsException",
    "CtiOsObject",
    "CtiOsSession",
    "CtiOs_EnumStrings",
    "CtiOs_Enums",
    "CtiOs_IKeywordIDs",
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
