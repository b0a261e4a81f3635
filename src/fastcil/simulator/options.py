"""What one may set about the server's side of the link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastcil.ged188 import FIRST_VERSION
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.schema import check_version

__all__ = ["SERVICES_OFFERED", "STANDBY_VERSION", "LinkOptions", "services_known"]

STANDBY_VERSION = 24
"""The first version with an active and a standby side. Source: guide, Changes and Additions."""

SERVICES_OFFERED = int(
    Service.CTI_SERVICE_CLIENT_EVENTS
    | Service.CTI_SERVICE_CALL_DATA_UPDATE
    | Service.CTI_SERVICE_CLIENT_CONTROL
    | Service.CTI_SERVICE_CONNECTION_MONITOR
    | Service.CTI_SERVICE_ALL_EVENTS
    | Service.CTI_SERVICE_PERIPHERAL_MONITOR
    | Service.CTI_SERVICE_CLIENT_MONITOR
    | Service.CTI_SERVICE_SUPERVISOR
    | Service.CTI_SERVICE_SERVER
    | Service.CTI_AGENT_STATE_CONTROL_ONLY
    | Service.CTI_SERVICE_UPDATE_EVENTS
    | Service.CTI_SERVICE_IGNORE_DUPLICATE_AGENT_EVENTS
    | Service.CTI_SERVICE_IGNORE_CONF
    | Service.CTI_SERVICE_ACD_LINE_ONLY
    | Service.CTI_SERVICE_ACTIVE_STANDBY
)
"""What can be granted. Not: message capture (DEBUG) and the services of task messages, whose
formats the documents do not give."""

_UNUSED = int(Service.Unused)


def services_known(version: int) -> int:
    """The bits of ServicesRequested that have a meaning in a version.

    Source: guide, Session Management, CTI Service Masks; ACTIVE_STANDBY came with version 24.
    """
    known = 0
    for bit in Service:
        known |= int(bit)
    known &= ~_UNUSED
    if version < STANDBY_VERSION:
        known &= ~int(Service.CTI_SERVICE_ACTIVE_STANDBY)
    return known


@dataclass(frozen=True)
class LinkOptions:
    """Settings of the link; times are seconds of real time, sizes bytes.

    protocol_version: the newest version spoken; a client may ask for any from 9 to it.
    passwords: of all clients, or by ClientID; None: any will do.
    services: the CTIServiceMask that can be granted.
    agent_state_control_only: grant CTI_AGENT_STATE_CONTROL_ONLY where CLIENT_CONTROL is asked for.
    strict_tags: refuse messages with floating fields that their type does not have.
    max_connections: for both sides together. max_queue: what may wait for one client.
    open_seconds: a connection without a session is closed after this time.
    close_seconds: so long a connection is kept after CLOSE_CONF (guide: the client waits 5 s).
    maintenance_seconds: for ACTIVE_MAINTENANCE_RESP and STOPPING_REQUESTS (guide: 5 s).
    """

    protocol_version: int = 24
    passwords: str | Mapping[str, str] | None = None
    services: int = SERVICES_OFFERED
    agent_state_control_only: bool = False
    strict_tags: bool = True
    max_connections: int = 10_000
    max_queue: int = 4 << 20
    open_seconds: float = 60.0
    close_seconds: float = 5.0
    maintenance_seconds: float = 5.0

    def __post_init__(self) -> None:
        check_version(self.protocol_version)
        if self.max_connections < 1:
            raise ValueError(f"max_connections is 1 or more, got {self.max_connections}")
        if self.max_queue < 1 << 14:
            raise ValueError(f"max_queue is 16384 bytes or more, got {self.max_queue}")

    @property
    def versions(self) -> range:
        """The versions that are spoken."""
        return range(FIRST_VERSION, self.protocol_version + 1)

    def password_is_right(self, client_id: str, password: bytes) -> bool:
        """Whether a client may come in with this password. A closing NUL does not matter."""
        if self.passwords is None:
            return True
        if isinstance(self.passwords, str):
            wanted: str | None = self.passwords
        else:
            wanted = self.passwords.get(client_id)
        return wanted is not None and password.rstrip(b"\0") == wanted.encode()
