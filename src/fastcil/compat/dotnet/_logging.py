"""Logging by the .NET names.

Source: CTI OS Developer Guide 12.6(1), logging chapter (custom logging mechanism) and helpers
chapter.
"""

from __future__ import annotations

from typing import Any, Callable

from fastcil.cil import logs
from fastcil.compat._logging import FaceLogger, FaceLogWrapper, Told

__all__ = ["LogEventArgs", "LogManager", "LogWrapper", "Logger"]


class LogEventArgs:
    """A traced line."""

    def __init__(self, Description: str) -> None:
        self.Description = Description


_Method = Callable[[Any, LogEventArgs], object]


class LogManager:
    """The delegate that the listeners of the process's one log manager are."""

    @staticmethod
    def instance() -> logs.LogManager:
        """The log manager."""
        return logs.LogManager.instance()

    class LogEventHandler:
        """Calls a method as (eventSender, LogEventArgs); equal to others of the same method."""

        def __init__(self, method: _Method) -> None:
            self.method = method

        def __call__(self, eventSender: Any, args: LogEventArgs) -> object:
            return self.method(eventSender, args)

        def __eq__(self, other: object) -> bool:
            return isinstance(other, LogManager.LogEventHandler) and self.method == other.method

        def __hash__(self) -> int:
            return hash(self.method)


class Logger(FaceLogger):
    """Traces messages, and lets delegates listen to all lines."""

    def AddLogListener(self, handler: _Method) -> None:
        """Has a LogManager.LogEventHandler called with each traced line; its sender is the logger's
        manager."""
        self.add_log_listener(_told(handler))

    def RemoveLogListener(self, handler: _Method) -> None:
        """Has it called no more."""
        self.remove_log_listener(_told(handler))


class LogWrapper(FaceLogWrapper):
    """LogWrapper(), LogWrapper(file), or with size, number of files and days."""

    def Dispose(self) -> None:
        """Writes out what waits, and no more lines."""
        self.close()

    def GetMaxFileSize(self) -> int:
        """KB before the file is archived."""
        return self.max_file_size

    def GetMaxNumberFiles(self) -> int:
        """How many archived files are kept."""
        return self.max_number_files

    GetMaxNumberOfFiles = GetMaxNumberFiles  # so printed in a table

    def GetMaxDaysBeforeExpire(self) -> int:
        """Days after which an archived file is removed."""
        return self.max_days_before_expire


def _told(handler: _Method) -> Told:
    manager = LogManager.instance()
    return Told(handler, lambda event: handler(manager, LogEventArgs(event.description)))
