"""The thin client: sessions over the CIL wire, with agents, calls, skill groups and listeners.

`connect` is for asyncio, `connect_sync` for threads; both give a Session.
"""

from __future__ import annotations

from fastcil.cil._adapters import (
    AgentEventsAdapter,
    AllInOneAdapter,
    ButtonEnablementEventsAdapter,
    CallEventsAdapter,
    MonitoredAgentEventsAdapter,
    MonitoredCallEventsAdapter,
    SessionEventsAdapter,
    SilentMonitorEventsAdapter,
    SkillGroupEventsAdapter,
)
from fastcil.cil._interfaces import (
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
)
from fastcil.cil.aio import AsyncSession, connect
from fastcil.cil.core import State
from fastcil.cil.dispatch import Dispatcher, generic, typed
from fastcil.cil.errors import (
    ConnectError,
    ConnectionRejectedError,
    RequestFailedError,
    RequestTimeoutError,
    SessionClosedError,
    SessionError,
)
from fastcil.cil.events import GAP_EVENT
from fastcil.cil.objects import Agent, Call, CtiOsObject, SkillGroup
from fastcil.cil.pending import Pending
from fastcil.cil.session import Session
from fastcil.cil.settings import Settings
from fastcil.cil.silent import SilentMonitorManager
from fastcil.cil.threaded import ThreadedSession, connect_sync
from fastcil.cil.waiting import WaitObject

__all__ = [
    "GAP_EVENT",
    "Agent",
    "AgentEventsAdapter",
    "AllInOneAdapter",
    "AsyncSession",
    "ButtonEnablementEventsAdapter",
    "Call",
    "CallEventsAdapter",
    "ConnectError",
    "ConnectionRejectedError",
    "CtiOsObject",
    "Dispatcher",
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
    "Pending",
    "RequestFailedError",
    "RequestTimeoutError",
    "Session",
    "SessionClosedError",
    "SessionError",
    "SessionEventsAdapter",
    "Settings",
    "SilentMonitorEventsAdapter",
    "SilentMonitorManager",
    "SkillGroup",
    "SkillGroupEventsAdapter",
    "State",
    "ThreadedSession",
    "WaitObject",
    "connect",
    "connect_sync",
    "generic",
    "typed",
]
