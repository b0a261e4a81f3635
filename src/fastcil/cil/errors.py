"""Errors of the client. Each carries the documented CilError code."""

from __future__ import annotations

from fastcil.catalog import CilError
from fastcil.codec import FastcilError

__all__ = [
    "ConnectError",
    "ConnectionRejectedError",
    "RequestFailedError",
    "RequestTimeoutError",
    "SessionClosedError",
    "SessionError",
]


class SessionError(FastcilError):
    """A session cannot do what was asked; code is the documented CilError."""

    def __init__(self, message: str, code: CilError = CilError.CIL_FAIL) -> None:
        super().__init__(message)
        self.code = code


class ConnectError(SessionError):
    """No side could be reached in time."""


class ConnectionRejectedError(ConnectError):
    """The server speaks no version of the wire that the client knows (OnConnectionRejected)."""


class SessionClosedError(SessionError):
    """The session was closed while something was still awaited."""


class RequestFailedError(SessionError):
    """The server refused a request (OnControlFailureConf).

    failure_code: FailureCode. peripheral_error_code: PeripheralErrorCode, 0 when there is none.
    """

    def __init__(self, message: str, failure_code: int, peripheral_error_code: int = 0) -> None:
        super().__init__(message)
        self.failure_code = failure_code
        self.peripheral_error_code = peripheral_error_code

    @property
    def text(self) -> str:
        """The words of the failure."""
        return str(self)


class RequestTimeoutError(SessionError, TimeoutError):
    """A request was not answered within Settings.request_timeout."""
