"""Where to connect and how patiently: the arguments of Connect, or a ctios:// address.

Source: CTI OS Developer Guide 12.6(1), session chapter, Connect; ports default to 42028, and a
side that is missing takes the other's value.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastcil.catalog import CilError
from fastcil.cil.errors import SessionError
from fastcil.codec import Arguments, ConversionError, FastcilError

__all__ = ["DEFAULT_PORT", "Settings"]

DEFAULT_PORT = 42028
_SCHEME = "ctios://"


def _bad(message: str, code: CilError = CilError.E_CTIOS_INVALID_ARGUMENT) -> SessionError:
    return SessionError(message, code)


@dataclass(frozen=True)
class Settings:
    """Both sides, heartbeats and the pace of reconnecting; times in seconds."""

    ctios_a: str
    ctios_b: str
    port_a: int = DEFAULT_PORT
    port_b: int = DEFAULT_PORT
    heartbeat: float = 5.0  # silence after which the server is asked for a sign of life; 0: never
    max_heartbeats: int = 3  # session chapter, MaxHeartbeats
    connect_timeout: float = 5.0  # for the connection and, again, for the WELCOME
    backoff_first: float = 0.25
    backoff_cap: float = 30.0
    request_timeout: float = 30.0  # for the answer of a request
    disconnect_on_login_failure: bool = True  # event interfaces chapter, OnCTIOSFailure, note
    stable_after: float = 10.0  # a connection that lived so long makes the next failure the first
    client_name: str = "fastcil"
    tls: ssl.SSLContext | None = field(default=None, compare=False, repr=False)
    """With it the session speaks TLS and checks the server's name."""

    @property
    def sides(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Host and port of side A and of side B."""
        return (self.ctios_a, self.port_a), (self.ctios_b, self.port_b)

    @classmethod
    def from_url(cls, url: str, **more: Any) -> Settings:
        """ctios://host[:port][,host[:port]]; an IPv6 address stands in brackets."""
        if not url.lower().startswith(_SCHEME):
            raise _bad(f"{url!r}: expected {_SCHEME}host[:port][,host[:port]]")
        sides = [_side(part, url) for part in url[len(_SCHEME) :].rstrip("/").split(",")]
        if len(sides) > 2:
            raise _bad(f"{url!r}: there are two sides at most, got {len(sides)}")
        (a, port_a), (b, port_b) = sides[0], sides[-1]
        return cls(ctios_a=a, ctios_b=b, port_a=port_a, port_b=port_b, **more)

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Settings:
        """The arguments of Connect: CtiosA, CtiosB, PortA, PortB, Heartbeat, MaxHeartbeats."""
        try:
            values = arguments if isinstance(arguments, Arguments) else Arguments(arguments)
        except (FastcilError, TypeError, ValueError, OverflowError) as error:
            raise _bad(f"Connect: {error}") from None
        a, b = (values.get_string(key, "").strip() for key in ("CtiosA", "CtiosB"))
        if not a and not b:
            raise _bad("Connect needs CtiosA or CtiosB", CilError.E_CTIOS_MISSING_ARGUMENT)
        port_a, port_b = (_number(values, key, 1, 65535) for key in ("PortA", "PortB"))
        more: dict[str, Any] = {}
        heartbeat = _number(values, "Heartbeat", 0, 86400)
        if heartbeat is not None:
            more["heartbeat"] = float(heartbeat)
        misses = _number(values, "MaxHeartbeats", 1, 1000)
        if misses is not None:
            more["max_heartbeats"] = misses
        return cls(
            ctios_a=a or b,
            ctios_b=b or a,
            port_a=(port_a if a else port_b) or port_a or DEFAULT_PORT,
            port_b=(port_b if b else port_a) or port_b or DEFAULT_PORT,
            **more,
        )


def _number(values: Arguments, key: str, low: int, high: int) -> int | None:
    try:
        number: int | None = values.get_int(key, None)
    except (ConversionError, OverflowError) as error:
        raise _bad(f"{key}: {error}") from None
    if number is not None and not low <= number <= high:
        raise _bad(f"{key} is {low} to {high}, got {number}")
    return number


def _side(part: str, url: str) -> tuple[str, int]:
    part = part.strip()
    if part.startswith("["):
        host, bracket, rest = part[1:].partition("]")
        well = bool(bracket) and (not rest or rest.startswith(":"))
        port = rest[1:]
    else:
        host, _, port = part.partition(":")
        well = True
    if not well or not host or not (not port or (port.isascii() and port.isdigit())):
        raise _bad(f"{url!r}: {part!r} is not host[:port]")
    number = int(port) if port else DEFAULT_PORT
    if not 1 <= number <= 65535:
        raise _bad(f"{url!r}: port {number} is not 1 to 65535")
    return host, number
