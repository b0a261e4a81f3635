"""Errors of the link to a CTI Server: who refused what is the type.

All are LinkError, hence FastcilError. A refusal by the server carries its code; what went wrong on
this side or on the way does not.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar, Union

from fastcil.codec.errors import FastcilError
from fastcil.ged188._enums import ControlFailureCode, ControlFailureCodeExtended, StatusCode
from fastcil.ged188.errors import DecodeError

__all__ = [
    "AnswerError",
    "ControlFailureError",
    "LinkBusyError",
    "LinkClosedError",
    "LinkDownError",
    "LinkError",
    "LinkLostError",
    "OpenError",
    "RequestFailedError",
    "RequestTimeoutError",
    "code_of",
    "control_failure_of",
    "status_of",
]

_Code = TypeVar("_Code", bound=IntEnum)
FailureCode = Union[ControlFailureCode, ControlFailureCodeExtended, int]


def code_of(kind: type[_Code], value: int) -> _Code | int:
    """A number as a member of its enumeration; the number itself when the documents lack it."""
    try:
        return kind(value)
    except ValueError:
        return value


def status_of(value: int) -> StatusCode | int:
    """A status of FAILURE_CONF or FAILURE_EVENT. Source: guide, table of status codes."""
    return code_of(StatusCode, value)


def control_failure_of(value: int) -> FailureCode:
    """A FailureCode of CONTROL_FAILURE_CONF, looked up in both tables of the guide.

    Source: guide, Constants and Status Codes, ControlFailureCode values (0..79) and the further
    ones from 256 on.
    """
    found = code_of(ControlFailureCode, value)
    return found if isinstance(found, ControlFailureCode) else _extended(value)


def _extended(value: int) -> ControlFailureCodeExtended | int:
    return code_of(ControlFailureCodeExtended, value)


def _name(code: int) -> str:
    return f"{code.name} ({int(code)})" if isinstance(code, IntEnum) else str(code)


class LinkError(FastcilError):
    """Root of the errors of a link."""


class LinkDownError(LinkError):
    """There is no active session at the moment: the link is connecting, or has failed over."""


class LinkClosedError(LinkError):
    """The link was closed, or never opened."""


class LinkBusyError(LinkError):
    """As many requests are outstanding as the settings allow."""


class LinkLostError(LinkError):
    """The session ended while the request was outstanding: whether it was carried out is unknown.

    side: name of the side, "A" or "B".
    """

    def __init__(self, text: str, *, side: str) -> None:
        super().__init__(text)
        self.side = side


class OpenError(LinkError):
    """The link could not be opened. status: the server's refusal, None when none was given."""

    def __init__(self, text: str, *, status: StatusCode | int | None = None) -> None:
        super().__init__(text)
        self.status = status


class RequestTimeoutError(LinkError, TimeoutError):
    """No confirmation came in time. request: its name; seconds: how long it was waited for."""

    def __init__(self, request: str, seconds: float) -> None:
        super().__init__(f"{request}: no answer in {seconds:g} seconds")
        self.request = request
        self.seconds = seconds


class RequestFailedError(LinkError):
    """The server answered FAILURE_CONF.

    status: StatusCode, or a plain int that the documents do not list. peripheral_error_code: of
    the peripheral, 0 when there is none; versions up to 23 do not tell it.
    Source: guide, Messaging Conventions, Failure Indication Messages.
    """

    def __init__(self, request: str, status: int, peripheral_error_code: int = 0) -> None:
        self.request = request
        self.status = status_of(status)
        self.peripheral_error_code = peripheral_error_code
        super().__init__(f"{request}: {_name(self.status)}{_peripheral(peripheral_error_code)}")


class ControlFailureError(LinkError):
    """The server answered CONTROL_FAILURE_CONF: the peripheral did not do it.

    failure_code: ControlFailureCode or ControlFailureCodeExtended, or a plain int that the
    documents do not list. peripheral_error_code: peripheral-specific, 0 when there is none.
    Source: guide, Application Level Interfaces, Client Control Service.
    """

    def __init__(self, request: str, failure_code: int, peripheral_error_code: int = 0) -> None:
        self.request = request
        self.failure_code = control_failure_of(failure_code)
        self.peripheral_error_code = peripheral_error_code
        text = f"{request}: {_name(self.failure_code)}{_peripheral(peripheral_error_code)}"
        super().__init__(text)


class AnswerError(LinkError):
    """The server confirmed, but with a message that cannot be read, or with endless parts.

    error: what the codec says of the bytes; None when the parts were too many or too large.
    """

    def __init__(self, text: str, error: DecodeError | None = None) -> None:
        super().__init__(text)
        self.error = error


def _peripheral(code: int) -> str:
    return f", peripheral error {code}" if code else ""
