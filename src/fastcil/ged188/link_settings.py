"""Where a link connects to, as whom, for what, and how patiently.

Source: guide, Session Management (OPEN_REQ, service and event masks, heartbeats, time-outs) and
CTI Client Application Guidelines (Side A/B Selection TCP/IP Connections).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastcil.ged188 import FIRST_VERSION, LAST_VERSION, MAX_MESSAGE_SIZE, NULL_UINT
from fastcil.ged188._enums import AgentStateMask, CallMsgMask, ConfigInformationMask
from fastcil.ged188._enums import CTIServiceMask as Service
from fastcil.ged188.relations import AGENT_STATE_MASKS, MASKS
from fastcil.ged188.schema import MESSAGES_BY_NAME, check_version

__all__ = [
    "ALL_AGENT_STATES",
    "ALL_CALL_EVENTS",
    "DEFAULT_PORTS",
    "STANDBY_VERSION",
    "LinkSettings",
    "TlsOptions",
    "accept_maintenance",
]

DEFAULT_PORTS = (42027, 43027)
"""The CTI Server's customary TCP ports of side A and side B."""
STANDBY_VERSION = 24
"""The first version with an active and a standby side (guide, Changes and Additions)."""
_SCHEME = "ctiserver://"
_COUNTS = ("missed_heartbeats", "max_outstanding", "max_events", "max_bad_messages", "max_unsent")
_TIMES = (
    "heartbeat_interval",
    "connect_timeout",
    "open_timeout",
    "close_timeout",
    "request_timeout",
    "standby_takeover",
)


def _all(masks: Any) -> int:
    found = 0
    for mask in masks:
        found |= int(mask)
    return found


ALL_CALL_EVENTS = _all(mask for mask in MASKS.values() if isinstance(mask, CallMsgMask))
"""CallMsgMask with every bit that stands for a message."""
ALL_AGENT_STATES = _all(AGENT_STATE_MASKS.values())
"""AgentStateMask with every state that has a bit."""
_DEFAULT_SERVICES = int(
    Service.CTI_SERVICE_ALL_EVENTS
    | Service.CTI_SERVICE_CLIENT_CONTROL
    | Service.CTI_SERVICE_CALL_DATA_UPDATE
)


def accept_maintenance() -> bool:
    """The default policy for ACTIVE_MAINTENANCE_REQ: yes."""
    return True


@dataclass(frozen=True)
class TlsOptions:
    """TLS towards the CTI Server, from files; context() makes what the drivers use.

    ca_file: PEM certificates that the server's must lead to; None: the system's. cert_file,
    key_file: PEM certificate and key of this client, for mutual TLS; key_password: of key_file.
    check_hostname: whether the certificate must name the host that is connected to. The secured
    connection of Unified CCE takes TLS 1.2 and later, so nothing older is offered.
    """

    ca_file: str | Path | None = None
    cert_file: str | Path | None = None
    key_file: str | Path | None = None
    key_password: str | None = field(default=None, repr=False)
    check_hostname: bool = True

    def context(self) -> ssl.SSLContext:
        """The context. Raises OSError and ssl.SSLError for files that cannot be used."""
        found = ssl.create_default_context(
            cafile=None if self.ca_file is None else str(self.ca_file)
        )
        found.minimum_version = ssl.TLSVersion.TLSv1_2
        found.check_hostname = self.check_hostname
        if self.cert_file is not None:
            key = None if self.key_file is None else str(self.key_file)
            found.load_cert_chain(str(self.cert_file), key, self.key_password)
        return found


@dataclass(frozen=True)
class LinkSettings:
    """Everything a link needs to know. Times are in seconds.

    Session
      sides: one or two (host, port), side A first. client_id: up to 63 bytes; client_password is
      in no repr and in no log. client_signature: up to 63 bytes, None: the server takes client_id.
      services: CTIServiceMask; ACTIVE_STANDBY is added by standby. call_msg_mask, agent_state_mask,
      config_msg_mask: which events (bits for messages that the negotiated version lacks are left
      out, for servers refuse unused bits). peripheral_id and one of agent_extension, agent_id,
      agent_instrument: for CTI_SERVICE_CLIENT_EVENTS. application_path_id: of an application
      instance, None for none.
    Version
      version: the newest to be asked for, min_version the oldest to go down to, 9..25.
      remember_version: how long a side is asked first for what it granted last, before the newest
      version is tried again.
    Standby (version 24 and later)
      standby: hold both sides open. maintenance: asked on ACTIVE_MAINTENANCE_REQ, must answer at
      once, for the server counts silence of 5 s as no. standby_drain: how long requests of the
      side that went passive may still be answered before it is told that no more come; the server
      waits 5 s for that. standby_takeover: how long a standby is given to become active when no
      side is; then its session is opened anew. standby_retry: until a side that refused a standby
      session is tried again.
    Time
      heartbeat_interval: None for none; the guide's minimum is 5 (CTI bridges), 90 for desktops.
      missed_heartbeats: unanswered ones that reset the connection. connect_timeout: for TCP and
      TLS. open_timeout: for OPEN_CONF; None: what the guide says, 30 s, or 60 s where
      expected_clients are more than 500.
      close_timeout: for CLOSE_CONF. request_timeout: for every confirmation.
    Reconnecting
      backoff: the waits after the first ones, backoff_cap their limit, jitter (0..1): the part of a
      wait that is left to chance. expected_clients: of the site; the first wait is up to a tenth of
      it. stable_after: a session that lived so long begins the schedule anew when it is lost.
    Limits
      max_message: bytes; max_outstanding: requests; max_events: what waits for a slow reader of
      events before further ones are counted as missed; max_bad_messages: unreadable ones in a row
      that reset the connection; max_unsent: bytes that the server does not take before the
      connection is reset. strict: how the codec reads (see MessageReader).
    tls: TlsOptions or an ssl.SSLContext; None: plain TCP.
    """

    sides: tuple[tuple[str, int], ...]
    client_id: str = "fastcil"
    client_password: str | bytes = field(default="", repr=False)
    client_signature: str | None = None
    services: int = _DEFAULT_SERVICES
    call_msg_mask: int = ALL_CALL_EVENTS
    agent_state_mask: int = ALL_AGENT_STATES
    config_msg_mask: int = 0
    peripheral_id: int = NULL_UINT
    agent_extension: str | None = None
    agent_id: str | None = None
    agent_instrument: str | None = None
    application_path_id: int | None = None
    version: int = LAST_VERSION
    min_version: int = FIRST_VERSION
    remember_version: float = 3600.0
    standby: bool = False
    maintenance: Callable[[], bool] = accept_maintenance
    standby_drain: float = 4.0
    standby_takeover: float = 30.0
    standby_retry: float = 120.0
    heartbeat_interval: float | None = 5.0
    missed_heartbeats: int = 3
    connect_timeout: float = 5.0
    open_timeout: float | None = None
    close_timeout: float = 5.0
    request_timeout: float = 10.0
    backoff: tuple[float, ...] = (15.0, 30.0, 60.0, 120.0)
    backoff_cap: float = 120.0
    jitter: float = 0.2
    expected_clients: int = 10
    stable_after: float = 10.0
    max_message: int = MAX_MESSAGE_SIZE
    max_outstanding: int = 1000
    max_events: int = 16384
    max_bad_messages: int = 100
    max_unsent: int = 1 << 20
    strict: bool = False
    tls: TlsOptions | ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.sides) <= 2:
            raise ValueError(f"a link has one or two sides, got {len(self.sides)}")
        for host, port in self.sides:
            if not host or not 1 <= port <= 65535:
                raise ValueError(f"a side is a host and a port of 1..65535, got {host!r}, {port}")
        check_version(self.version)
        check_version(self.min_version)
        if self.min_version > self.version:
            raise ValueError(f"min_version {self.min_version} is above version {self.version}")
        if not 0.0 <= self.jitter <= 1.0:
            raise ValueError(f"jitter is 0..1, got {self.jitter}")
        if not self.backoff:
            raise ValueError("backoff needs one wait at least")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is 1 or more, got {getattr(self, name)}")
        for name in _TIMES:
            seconds = getattr(self, name)
            if seconds is not None and seconds <= 0:
                raise ValueError(f"{name} is more than 0 seconds, got {seconds:g}")

    @classmethod
    def from_url(cls, url: str, **more: Any) -> LinkSettings:
        """ctiserver://host[:port][,host[:port]]; more are the other settings.

        An IPv6 address stands in brackets. Ports default to 42027 for side A, 43027 for side B.
        Raises ValueError, whose text does not repeat the address: it might hold a password.
        """
        if not url.lower().startswith(_SCHEME):
            raise ValueError(f"expected {_SCHEME}host[:port][,host[:port]]")
        if "@" in url:
            raise ValueError("the address takes no user name or password: use client_id and so on")
        parts = url[len(_SCHEME) :].rstrip("/").split(",")
        if len(parts) > 2:
            raise ValueError(f"there are two sides at most, got {len(parts)}")
        sides = tuple(_side(part.strip(), DEFAULT_PORTS[i]) for i, part in enumerate(parts))
        return cls(sides=sides, **more)

    @property
    def holds_standby(self) -> bool:
        """Whether both sides are to be held open."""
        return self.standby and len(self.sides) == 2 and self.version >= STANDBY_VERSION

    @property
    def open_patience(self) -> float:
        """How long OPEN_CONF is waited for."""
        if self.open_timeout is not None:
            return self.open_timeout
        return 60.0 if self.expected_clients > 500 else 30.0

    @property
    def idle_timeout(self) -> int:
        """IdleTimeout of OPEN_REQ: four intervals, and 20 s at least, for servers refuse less."""
        if self.heartbeat_interval is None:
            return NULL_UINT
        return max(20, round(4 * self.heartbeat_interval))

    def open_request(self, version: int) -> dict[str, Any]:
        """The fields of OPEN_REQ without InvokeID, for a version to be asked for."""
        services = self.services & ~int(Service.CTI_SERVICE_ACTIVE_STANDBY)
        if self.holds_standby and version >= STANDBY_VERSION:
            services |= Service.CTI_SERVICE_ACTIVE_STANDBY
        password = self.client_password
        return {
            "VersionNumber": version,
            "IdleTimeout": self.idle_timeout,
            "PeripheralID": self.peripheral_id,
            "ServicesRequested": services,
            "CallMsgMask": self.call_msg_mask & ~_later(CallMsgMask, version),
            "AgentStateMask": self.agent_state_mask & ~_later(AgentStateMask, version),
            "ConfigMsgMask": self.config_msg_mask & ~_later(ConfigInformationMask, version),
            "Reserved1": 0,
            "Reserved2": 0,
            "Reserved3": 0,
            "ClientID": self.client_id,
            "ClientPassword": password.encode() if isinstance(password, str) else password,
            "ClientSignature": self.client_signature,
            "AgentExtension": self.agent_extension,
            "AgentID": self.agent_id,
            "AgentInstrument": self.agent_instrument,
            "ApplicationPathID": self.application_path_id,
        }

    def tls_context(self) -> ssl.SSLContext | None:
        """What secures the connections; None: plain TCP."""
        return self.tls.context() if isinstance(self.tls, TlsOptions) else self.tls


def _later(kind: type[Any], version: int) -> int:
    """The bits of a mask whose messages came after a version."""
    return _all(
        mask
        for name, mask in MASKS.items()
        if isinstance(mask, kind) and MESSAGES_BY_NAME[name].min_version > version
    )


def _side(part: str, default_port: int) -> tuple[str, int]:
    if part.startswith("["):
        host, bracket, rest = part[1:].partition("]")
        well = bool(bracket) and (not rest or rest.startswith(":"))
        port = rest[1:]
    else:
        host, _, port = part.partition(":")
        well = True
    if not well or not host or (port and not (port.isascii() and port.isdigit())):
        raise ValueError("a side of the address is not host[:port]")
    return host, int(port) if port else default_port
