"""The documented logging: Logger and log listeners, LogWrapper and its files, TraceConfig.cfg.

tracing.py has the trace mask and the listeners, log_files.py the files, redaction.py what no line
may hold. Source: CTI OS Developer Guide 12.6(1), logging chapter and helpers chapter.
"""

from __future__ import annotations

from fastcil.cil.log_files import LogEventsAdapter, LogWrapper, TraceConfig
from fastcil.cil.redaction import describe, redact
from fastcil.cil.tracing import (
    DEFAULT_TRACE_MASK,
    EventTrace,
    LogEvent,
    Logger,
    LogListener,
    LogManager,
)

__all__ = [
    "DEFAULT_TRACE_MASK",
    "EventTrace",
    "LogEvent",
    "LogEventsAdapter",
    "LogListener",
    "LogManager",
    "LogWrapper",
    "Logger",
    "TraceConfig",
    "describe",
    "redact",
]
