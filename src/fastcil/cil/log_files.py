"""Log files: rotation by size, expiry by age, and the TraceConfig.cfg that says how.

Source: CTI OS Developer Guide 12.6(1), logging chapter and helpers chapter (LogWrapper).
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path

from fastcil.cil.redaction import redact
from fastcil.cil.tracing import LogEvent, LogManager

__all__ = ["LogEventsAdapter", "LogWrapper", "TraceConfig"]

CONFIG_FILE = "TraceConfig.cfg"
_DAY = 86400.0
# Key → attribute and its range.
_KEYS = {
    "numberdaysbeforefileexpired": ("expires", 0, 36500),
    "numberarchivesfiles": ("archives", 0, 9999),
    "filemaxsize": ("max_size", 1, 1 << 30),
    "tracemask": ("trace_mask", 0, 0xFFFFFFFF),
}


@dataclass(frozen=True)
class TraceConfig:
    """What a TraceConfig.cfg says; None where it says nothing."""

    expires: int | None = None
    archives: int | None = None
    max_size: int | None = None
    trace_mask: int | None = None

    @classmethod
    def parse(cls, text: str) -> TraceConfig:
        """Lines 'key = value', decimal or 0x…; lines that begin with # or ; are comments.

        Keys: NumberDaysBeforeFileExpired, NumberArchivesFiles, FileMaxSize (KB), TraceMask; others
        are passed over. ValueError names the line that is wrong.
        """
        found: dict[str, int] = {}
        for number, whole in enumerate(text.lstrip("\ufeff").splitlines(), 1):
            line = whole.strip()
            if not line or line[0] in "#;":
                continue
            key, equals, value = (part.strip() for part in line.partition("="))
            if not equals:
                raise ValueError(f"line {number}: expected 'key = value', got {line!r}")
            known = _KEYS.get(key.lower())
            if known is None:
                continue
            name, low, high = known
            try:
                found[name] = int(value, 0)
            except ValueError:
                text = f"line {number}: {key}: expected a number, got {value!r}"
                raise ValueError(text) from None
            if not low <= found[name] <= high:
                raise ValueError(
                    f"line {number}: {key}: expected {low} to {high}, got {found[name]}"
                )
        return cls(**found)


class _File(RotatingFileHandler):
    """A log file, its archives name.1 (the newest) to name.N, and no archive older than allowed."""

    def __init__(self, path: Path, max_size: int, archives: int, expires: int) -> None:
        self.expires = expires
        self.wait = 0.0  # seconds a line may wait before it is written out
        self._timer: threading.Timer | None = None
        super().__init__(path, maxBytes=max_size * 1024, backupCount=archives, encoding="utf-8")
        self.expire()

    def doRollover(self) -> None:
        """Also without archives the file begins anew, and never grows beyond its size."""
        if self.backupCount == 0 and self.stream is not None:
            self.stream.close()
            self.stream = open(self.baseFilename, "w", encoding=self.encoding)  # noqa: SIM115
        else:
            super().doRollover()
        self.expire()

    def expire(self) -> None:
        """Removes archives that are too old, or too many."""
        base = Path(self.baseFilename)
        for path in base.parent.glob(f"{base.name}.*"):
            number = path.name[len(base.name) + 1 :]
            if not number.isdecimal():
                continue
            with contextlib.suppress(OSError):  # another process was faster
                age = time.time() - path.stat().st_mtime
                if int(number) > self.backupCount or (self.expires and age > self.expires * _DAY):
                    path.unlink()

    def flush(self) -> None:
        """Writes out now, or within `wait` seconds."""
        if not self.wait:
            super().flush()
        elif self._timer is None:
            self._timer = threading.Timer(self.wait, self._late)
            self._timer.daemon = True
            self._timer.start()

    def _late(self) -> None:
        self._timer = None
        with contextlib.suppress(ValueError):  # closed at this very moment
            super().flush()

    def close(self) -> None:
        timer, self._timer, self.wait = self._timer, None, 0.0
        if timer is not None:
            timer.cancel()
        super().close()


class LogWrapper:
    """Writes what is traced to a file, or to standard output without one.

    file_name: the file. max_size: KB before it is archived. archives: how many archived files are
    kept. expires: days after which an archive is removed, 0: never. flush_interval_ms: how long a
    line may wait before it is written out. OSError when the file cannot be opened; ValueError for
    a number out of range. In effect until close().
    """

    def __init__(
        self,
        file_name: str | Path | None = None,
        max_size: int = 2048,
        archives: int = 4,
        expires: int = 1,
        flush_interval_ms: int = 0,
    ) -> None:
        self._max_size = _within("max_size", max_size, "max_size")
        self._archives = _within("archives", archives, "archives")
        self._expires = _within("expires", expires, "expires")
        if flush_interval_ms < 0:
            raise ValueError(f"expected flush_interval_ms of 0 or more, got {flush_interval_ms}")
        self._manager = LogManager.instance()
        self._config: tuple[Path, float] | None = None
        self._handler: logging.Handler
        if file_name is None:
            self._handler = logging.StreamHandler(sys.stdout)
        else:
            self._handler = _File(Path(file_name), max_size, archives, expires)
            self._handler.wait = flush_interval_ms / 1000
        self._manager.add_listener(self._write)

    def close(self) -> None:
        """Writes out what waits, and no more lines (Dispose)."""
        self._manager.remove_listener(self._write)
        self._handler.close()

    dispose = close

    def __enter__(self) -> LogWrapper:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def max_file_size(self) -> int:
        """KB before the file is archived; in effect at once."""
        return self._max_size

    @max_file_size.setter
    def max_file_size(self, kilobytes: int) -> None:
        self._max_size = _within("max_file_size", kilobytes, "max_size")
        self._apply()

    @property
    def max_number_files(self) -> int:
        """How many archived files are kept; in effect at once."""
        return self._archives

    @max_number_files.setter
    def max_number_files(self, count: int) -> None:
        self._archives = _within("max_number_files", count, "archives")
        self._apply()

    @property
    def max_days_before_expire(self) -> int:
        """Days after which an archived file is removed, 0: never; in effect at once."""
        return self._expires

    @max_days_before_expire.setter
    def max_days_before_expire(self, days: int) -> None:
        self._expires = _within("max_days_before_expire", days, "expires")
        self._apply()

    @property
    def trace_mask(self) -> int:
        """The trace mask of the process."""
        return self._manager.trace_mask

    @trace_mask.setter
    def trace_mask(self, mask: int) -> None:
        self._manager.trace_mask = mask

    def process_config_file(self, path: str | Path | None = None) -> bool:
        """Reads TraceConfig.cfg (ProcessConfigFile): of the parent directory, as documented, or of
        the current one when there is none, unless told another.

        False, and nothing is changed, when there is no such file or a line of it is wrong; the log
        says which.
        """
        parent = Path("..", CONFIG_FILE)
        file = Path(path) if path is not None else parent if parent.exists() else Path(CONFIG_FILE)
        try:
            changed = file.stat().st_mtime
            config = TraceConfig.parse(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            self._manager.trace(0, f"{file}: {error}")
            return False
        self._config = file, changed
        if config.max_size is not None:
            self._max_size = config.max_size
        if config.archives is not None:
            self._archives = config.archives
        if config.expires is not None:
            self._expires = config.expires
        if config.trace_mask is not None:
            self._manager.trace_mask = config.trace_mask
        self._apply()
        return True

    def update_trace_settings(self) -> bool:
        """Reads the file of process_config_file() again if it has changed (UpdateTraceSettings)."""
        if self._config is None:
            return self.process_config_file()
        file, before = self._config
        with contextlib.suppress(OSError):
            if file.stat().st_mtime == before:
                return True
        return self.process_config_file(file)

    def write_trace_line(self, text: str) -> None:
        """Writes a line as it is, whatever the trace mask, secrets hidden (WriteTraceLine)."""
        self._emit(redact(text))

    def _apply(self) -> None:
        handler = self._handler
        if isinstance(handler, _File):
            handler.maxBytes = self._max_size * 1024
            handler.backupCount = self._archives
            handler.expires = self._expires
            handler.expire()

    def _write(self, event: LogEvent) -> None:
        self._emit(event.description)

    def _emit(self, line: str) -> None:
        self._handler.handle(logging.makeLogRecord({"msg": line}))


def _within(name: str, value: int, attribute: str) -> int:
    low, high = next((low, high) for key, low, high in _KEYS.values() if key == attribute)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"expected {name} of {low} to {high}, got {value!r}")
    return value


class LogEventsAdapter:
    """A log listener that begins and ends by request; writes to a file, or to standard output."""

    def __init__(self, file_name: str | Path | None = None) -> None:
        self._manager = LogManager.instance()
        self._handler: logging.Handler
        if file_name is None:
            self._handler = logging.StreamHandler(sys.stdout)
        else:
            self._handler = logging.FileHandler(file_name, encoding="utf-8", delay=True)

    def start_logging(self) -> None:
        """Listens from now on."""
        self._manager.add_listener(self.process_log_event)

    def stop_logging(self) -> None:
        """Listens no more, and closes the file."""
        self._manager.remove_listener(self.process_log_event)
        self._handler.close()

    def process_log_event(self, event: LogEvent) -> None:
        """Writes one line; to be overridden for another use."""
        self._handler.handle(logging.makeLogRecord({"msg": event.description}))
