"""What the logging of Java and .NET has in common.

Source: CTI OS Developer Guide 12.6(1), logging chapter and helpers chapter (Logger, LogWrapper).
"""

from __future__ import annotations

from typing import Any, Callable

from fastcil.catalog import TraceMask
from fastcil.cil import logs
from fastcil.compat import _common as common

__all__ = ["FaceLogWrapper", "FaceLogger", "Told"]

_KILOBYTES, _ARCHIVES, _DAYS = 1 << 30, 9999, 36500  # the most of each


class Told:
    """Calls a face's listener; two for the same listener are equal, so that it can be removed."""

    def __init__(self, listener: Any, call: Callable[[logs.LogEvent], object]) -> None:
        self._listener = listener
        self._call = call

    def __call__(self, event: logs.LogEvent) -> object:
        return self._call(event)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Told) and bool(other._listener == self._listener)

    def __hash__(self) -> int:
        return hash(id(type(self)))


class _Masks(type):
    def __getattr__(cls, name: str) -> TraceMask:
        found = TraceMask.__members__.get(name)
        if found is None:
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return found


class FaceLogger(logs.Logger, metaclass=_Masks):
    """Traces messages of the application; the trace mask is one for the process.

    Logger.TRACE_MASK_WARNING and the like are the bits of masks.
    """

    def GetTraceMask(self) -> int:
        """The trace mask."""
        return self.get_trace_mask()

    def SetTraceMask(self, iTraceMask: int) -> None:
        """Another trace mask; one of more than 32 bits is passed over."""
        common.attempt(self.set_trace_mask, iTraceMask)

    def IsTraceMaskEnabled(self, nMsgTraceMask: int) -> bool:
        """Whether a message with this mask would be traced."""
        try:
            return self.is_trace_mask_enabled(nMsgTraceMask)
        except (TypeError, ValueError):
            return False

    def Trace(self, nMsgTraceMask: int, message: str) -> int:
        """0: traced; -1: not."""
        try:
            return self.trace(nMsgTraceMask, str(message))
        except (TypeError, ValueError):
            return -1


class FaceLogWrapper(logs.LogWrapper):
    """Writes what is traced to a file, or to standard output without one.

    2048 KB, 4 archived files, 1 day, also when a number is not greater than zero.
    """

    def __init__(
        self,
        sFileName: str | None = None,
        iMaxSize: int = 2048,
        iArchives: int = 4,
        iExpires: int = 1,
        iFlushIntervalMs: int = 0,
    ) -> None:
        super().__init__(
            sFileName,
            _positive(iMaxSize, 2048, _KILOBYTES),
            _positive(iArchives, 4, _ARCHIVES),
            _positive(iExpires, 1, _DAYS),
            max(0, iFlushIntervalMs),
        )

    def SetMaxFileSize(self, maxFileSize: int) -> None:
        """KB before the file is archived."""
        self.max_file_size = _positive(maxFileSize, 2048, _KILOBYTES)

    def SetMaxNumberFiles(self, maxTraceFiles: int) -> None:
        """How many archived files are kept."""
        self.max_number_files = _positive(maxTraceFiles, 4, _ARCHIVES)

    SetMaxNumberOfFiles = SetMaxNumberFiles  # so printed in a table

    def SetMaxDaysBeforeExpire(self, maxDaysUntilExpiration: int) -> None:
        """Days after which an archived file is removed."""
        self.max_days_before_expire = _positive(maxDaysUntilExpiration, 1, _DAYS)

    def GetTraceMask(self) -> int:
        """The trace mask of the process."""
        return self.trace_mask

    def SetTraceMask(self, iTraceMask: int) -> None:
        """Another trace mask; one of more than 32 bits is passed over."""
        common.attempt(setattr, self, "trace_mask", iTraceMask)

    def UpdateTraceSettings(self) -> None:
        """Reads the configuration file again if it has changed."""
        self.update_trace_settings()

    def ProcessConfigFile(self) -> bool:
        """Reads TraceConfig.cfg; False when there is none, or a line of it is wrong."""
        return self.process_config_file()

    def WriteTraceLine(self, text: str) -> None:
        """Writes a line, whatever the trace mask."""
        self.write_trace_line(str(text))


def _positive(value: Any, otherwise: int, most: int) -> int:
    """A number that is not greater than zero, or no number, gives the default."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        return otherwise
    return min(value, most)
