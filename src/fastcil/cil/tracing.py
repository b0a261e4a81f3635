"""Trace masks and log listeners: one trace mask for the process, lines for whoever listens.

Trace lines also go to Python's logger "fastcil.trace"; what the library itself logs, on
"fastcil.cil", also goes to the log listeners. No line holds a password. Source: CTI OS Developer
Guide 12.6(1), logging chapter and helpers chapter (Logger).
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Callable

from fastcil.catalog import EVENTS_BY_ID, TraceMask
from fastcil.cil.redaction import describe, redact
from fastcil.codec import Arguments

__all__ = [
    "DEFAULT_TRACE_MASK",
    "EventTrace",
    "LogEvent",
    "LogListener",
    "LogManager",
    "Logger",
]

DEFAULT_TRACE_MASK = 0x40000307
"""The recommended mask: critical, warning, methods high with logic, threading."""
_CALL_VARIABLES = 0x400000  # lets call variables be logged
_MASKS = 0xFFFFFFFF

_trace = logging.getLogger("fastcil.trace")
_own = logging.getLogger("fastcil.cil")


@dataclass(frozen=True)
class LogEvent:
    """A traced line: description is all of it, as a listener shows it."""

    description: str
    mask: int
    message: str


LogListener = Callable[[LogEvent], object]


def _mask(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -0x80000000 <= value <= _MASKS:
        raise ValueError(f"expected a trace mask of 32 bits, got {value!r}")
    return value & _MASKS  # .NET has it as a signed number


def _level(mask: int) -> int:
    """The level of Python's logging for a message's mask."""
    if mask & TraceMask.TRACE_MASK_CRITICAL:
        return logging.CRITICAL
    if mask & TraceMask.TRACE_MASK_WARNING:
        return logging.WARNING
    return logging.INFO if mask <= 0xFF else logging.DEBUG


def _mask_of(level: int) -> int:
    """The mask of a line that the library logged at a level."""
    if level >= logging.ERROR:
        return int(TraceMask.TRACE_MASK_CRITICAL)
    if level >= logging.WARNING:
        return int(TraceMask.TRACE_MASK_WARNING)
    low = level < logging.INFO
    return int(TraceMask.TRACE_MASK_METHOD_LOW if low else TraceMask.TRACE_MASK_METHOD_HIGH)


def _name(mask: int) -> str:
    names = [one.name for one in TraceMask if one and mask & one == one and one.name]
    return "|".join(names) or ("TRACE_MASK_ALWAYS" if not mask else f"{mask:#x}")


class LogManager:
    """The trace mask and the log listeners of the process: one for all (LogManager singleton)."""

    _instance: LogManager | None = None
    _instance_lock = threading.Lock()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trace_mask = DEFAULT_TRACE_MASK
        self._listeners: tuple[LogListener, ...] = ()
        self._busy = threading.local()
        self._handler = _Own(self)

    @classmethod
    def instance(cls) -> LogManager:
        """The one of the process."""
        with cls._instance_lock:
            if cls._instance is None:
                cls._instance = cls()
            return cls._instance

    @property
    def trace_mask(self) -> int:
        """What is traced: TraceMask bits. ValueError for more than 32 bits."""
        return self._trace_mask

    @trace_mask.setter
    def trace_mask(self, mask: int) -> None:
        self._trace_mask = _mask(mask)

    def enabled(self, mask: int) -> bool:
        """Whether the mask holds all bits of a message's mask."""
        wanted = _mask(mask)
        return self._trace_mask & wanted == wanted

    def add_listener(self, listener: LogListener) -> bool:
        """Has it called with each traced line, on the thread that traces; False: it is already."""
        with self._lock:
            if listener in self._listeners:
                return False
            if not self._listeners:
                _own.addHandler(self._handler)
            self._listeners = (*self._listeners, listener)
        return True

    def remove_listener(self, listener: LogListener) -> bool:
        """Has it called no more; False: it was not."""
        with self._lock:
            left = tuple(one for one in self._listeners if one != listener)
            found = len(left) < len(self._listeners)
            self._listeners = left
            if not left:
                _own.removeHandler(self._handler)
        return found

    def trace(self, mask: int, message: str) -> bool:
        """Traces a message when the trace mask holds all bits of its mask; whether it did.

        TRACE_MASK_ALWAYS, 0, is traced always. ValueError for a mask of more than 32 bits.
        """
        if not self.enabled(mask):
            return False
        _trace.log(_level(mask), "%s", redact(message))
        self._tell(mask, message)
        return True

    def _tell(self, mask: int, message: str) -> None:
        listeners = self._listeners
        if not listeners or getattr(self._busy, "telling", False):
            return  # a listener that traces is not told of it
        now = time.time()
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        text = redact(message)
        where = threading.current_thread().name
        line = f"{clock}.{int(now % 1 * 1000):03} [{where}] {_name(_mask(mask))} {text}"
        event = LogEvent(line, _mask(mask), text)
        self._busy.telling = True
        try:
            for listener in listeners:
                try:
                    listener(event)
                except Exception:
                    _trace.exception("a log listener raised")
        finally:
            self._busy.telling = False


class _Own(logging.Handler):
    """Hands what the library logs to the log listeners."""

    def __init__(self, manager: LogManager) -> None:
        super().__init__()
        self._manager = manager

    def emit(self, record: logging.LogRecord) -> None:
        """As trace(), but for Python's logger, which has the line already."""
        mask = _mask_of(record.levelno)
        if self._manager.enabled(mask):
            self._manager._tell(mask, self.format(record))


class Logger:
    """Traces messages of the application, and lets it listen to all lines."""

    def __init__(self) -> None:
        self._manager = LogManager.instance()

    def get_trace_mask(self) -> int:
        """The trace mask of the process."""
        return self._manager.trace_mask

    def set_trace_mask(self, mask: int) -> None:
        """Another trace mask; ValueError for more than 32 bits."""
        self._manager.trace_mask = mask

    def is_trace_mask_enabled(self, mask: int) -> bool:
        """Whether a message with this mask would be traced."""
        return self._manager.enabled(mask)

    def add_log_listener(self, listener: LogListener) -> bool:
        """Calls listener(LogEvent) for each traced line; False when it is called already."""
        return self._manager.add_listener(listener)

    def remove_log_listener(self, listener: LogListener) -> bool:
        """Ends that; False when it was not called."""
        return self._manager.remove_listener(listener)

    def trace(self, mask: int, message: str) -> int:
        """0: traced; -1: not, since the trace mask lacks bits of the message's mask."""
        return 0 if self._manager.trace(mask, message) else -1


# How often an event comes decides its bits; which event counts as which is ours.
_LOW = ("Heartbeat", "Statistic", "SkillInfo")
_EVENT_MASKS = (
    (int(TraceMask.TRACE_MASK_EVT_REQ_HIGH), int(TraceMask.TRACE_MASK_EVT_REQ_HIGH_PARM)),
    (int(TraceMask.TRACE_MASK_EVT_REQ_AVG), int(TraceMask.TRACE_MASK_EVT_REQ_AVG_PARM)),
    (int(TraceMask.TRACE_MASK_EVT_REQ_LOW), int(TraceMask.TRACE_MASK_EVT_REQ_LOW_PARM)),
)


class EventTrace:
    """A listener that traces each event: session.add_listener(EventTrace()).

    Its name with the EVT_REQ bit of its kind, and its fields when the mask has the _PARM bit too.
    Heartbeats and statistics are LOW, events of monitored agents and calls AVG, all others HIGH.
    Passwords are never in a line; call variables, ECC and caller's digits only with bit 0x400000.
    """

    def __init__(self, manager: LogManager | None = None) -> None:
        self._manager = LogManager.instance() if manager is None else manager

    def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
        """Traces one event."""
        known = EVENTS_BY_ID.get(iEventID)
        name = f"event {iEventID:#x}" if known is None else known.callback
        rank = 2 if any(one in name for one in _LOW) else int(name.startswith("OnMonitored"))
        plain, with_fields = _EVENT_MASKS[rank]
        manager = self._manager
        if not manager.enabled(plain):
            return
        if manager.enabled(with_fields):
            name = f"{name}: {describe(rArgs, personal=manager.enabled(_CALL_VARIABLES))}"
        manager.trace(plain, name)
