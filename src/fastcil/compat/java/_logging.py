"""Logging by the Java names.

Source: CTI OS Developer Guide 12.6(1), logging chapter and helpers chapter.
"""

from __future__ import annotations

from typing import Any, Protocol

from fastcil.cil import logs
from fastcil.compat._logging import FaceLogger, FaceLogWrapper, Told

__all__ = ["ILogEvents", "LogEvent", "LogEventsAdapter", "LogWrapper", "Logger"]


class LogEvent:
    """A traced line."""

    def __init__(self, description: str) -> None:
        self._description = description

    def getDescription(self) -> str:
        """The line."""
        return self._description


class ILogEvents(Protocol):
    """A listener of traced lines."""

    def processLogEvent(self, event: LogEvent, /) -> object:
        """Takes one."""


class Logger(FaceLogger):
    """Traces messages, and lets an ILogEvents listen to all lines."""

    def addLogListener(self, logEvents: ILogEvents) -> None:
        """Has it called with each traced line."""
        self.add_log_listener(_told(logEvents))

    def removeLogListener(self, logEvents: ILogEvents) -> None:
        """Has it called no more."""
        self.remove_log_listener(_told(logEvents))

    # The method table has them with a capital letter.
    AddLogListener = addLogListener
    RemoveLogListener = removeLogListener


class LogWrapper(FaceLogWrapper):
    """LogWrapper(), LogWrapper(sFileName), or with size, archives, days and flush interval."""


class LogEventsAdapter(logs.LogEventsAdapter):
    """An ILogEvents that writes to a file, or to standard output without one."""

    def __init__(self, fileName: str | None = None) -> None:
        super().__init__(fileName)

    def startLogging(self) -> None:
        """Listens from now on."""
        self.start_logging()

    def stopLogging(self) -> None:
        """Listens no more."""
        self.stop_logging()

    def processLogEvent(self, e: LogEvent) -> None:
        """Writes one line; to be overridden for another use."""
        super().process_log_event(logs.LogEvent(e.getDescription(), 0, e.getDescription()))

    def process_log_event(self, event: logs.LogEvent) -> None:
        """What the log manager calls."""
        self.processLogEvent(LogEvent(event.description))

    def finalize(self) -> None:
        """Stops listening and closes the file."""
        self.stop_logging()


def _told(listener: Any) -> Told:
    return Told(listener, lambda event: listener.processLogEvent(LogEvent(event.description)))
