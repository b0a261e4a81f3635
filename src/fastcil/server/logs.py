"""Log lines of the server: as text, or one JSON object a line; never with a secret in them."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any, TextIO

from fastcil.server.config import ServerConfig
from fastcil.server.settings import SETTINGS

__all__ = ["MASK", "JsonLines", "LogHandler", "TextLines", "secrets_of", "start_logging"]

MASK = "***"
_LOGGER = "fastcil"
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# What every record has; anything else was given as `extra` and is a field of the line.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def secrets_of(config: ServerConfig) -> frozenset[str]:
    """The values of a configuration that no log line may have: passwords and tokens.

    Documented defaults are none: they are public, and words that other settings have as well.
    """
    found = (str(value) for key, value in config.values.items() if SETTINGS[key].secret)
    return frozenset(text for text in found if text)


class _Lines(logging.Formatter):
    """A formatter that hides secrets, longest first: one may be part of another."""

    def __init__(self, text: str | None = None) -> None:
        super().__init__(text)
        self._secrets: tuple[tuple[str, str], ...] = ()

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on these texts are written as ***, also as JSON and repr() write them."""
        forms: dict[str, None] = {}
        for secret in sorted(set(secrets), key=len, reverse=True):
            quoted = (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret))
            forms.update(dict.fromkeys((secret, *(text[1:-1] for text in quoted))))
        self._secrets = tuple((text, MASK) for text in forms if text)

    def masked(self, text: str) -> str:
        """A text without the secrets."""
        for secret, mask in self._secrets:
            if secret in text:
                text = text.replace(secret, mask)
        return text


class TextLines(_Lines):
    """Time, level, logger and message, then extra fields as name=value."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def format(self, record: logging.LogRecord) -> str:
        found = super().format(record)
        more = " ".join(f"{name}={value!r}" for name, value in _fields(record).items())
        return self.masked(f"{found} [{more}]" if more else found)


class JsonLines(_Lines):
    """One JSON object a line: time (RFC 3339, UTC, milliseconds), level, logger, message, fields.

    fields has what was given as `extra`, and `error` the traceback of an exception; both are only
    there when there is something to say. Values that JSON does not have are written as text.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.masked(record.getMessage()),
        }
        fields = _fields(record)
        if fields:
            line["fields"] = fields
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(self._clean(line), ensure_ascii=False)

    def _clean(self, value: Any) -> Any:
        """A value without secrets in any of its texts: masked before it is quoted, so that the
        line stays JSON whatever a secret looks like."""
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, dict):
            return {str(key): self._clean(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._clean(one) for one in value]
        # A lone surrogate, of bytes that are no UTF-8, cannot be written to a stream.
        return self.masked(str(value)).encode("utf-8", "backslashreplace").decode("utf-8")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes lines to a stream. format_name: "text" or "json"."""

    def __init__(self, format_name: str, stream: TextIO | None = None) -> None:
        super().__init__(sys.stderr if stream is None else stream)
        self.lines: TextLines | JsonLines = JsonLines() if format_name == "json" else TextLines()
        self.setFormatter(self.lines)

    def stop(self) -> None:
        """Write no more."""
        logging.getLogger(_LOGGER).removeHandler(self)


def start_logging(config: ServerConfig, stream: TextIO | None = None) -> LogHandler:
    """Log what [Fastcil] LogFormat says, from INFO up, until stop().

    stream: where to; standard error by default. Secrets of the configuration are hidden;
    handler.lines.hide() takes others, after a reload.
    """
    handler = LogHandler(config.text("Fastcil", "LogFormat"), stream)
    handler.lines.hide(secrets_of(config))
    logger = logging.getLogger(_LOGGER)
    logger.addHandler(handler)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    return handler
