"""Server applications and the services they register.

Source: guide, Application Level Interfaces, Server Service.
"""

from __future__ import annotations

from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.ged188.enums import ServerMode, StatusCode
from fastcil.simulator.model import RegisteredService, RequestError, Site

__all__ = ["CALL_RECORDING", "close_session", "register", "select", "unregister"]

CALL_RECORDING = "Cisco:CallRecording"
"""The only service that server applications may provide "initially"."""

_REFUSED = StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE
"""The guide refuses with E_CTI_NO_SERVER_FOR_REQUEST, for which it prints no number anywhere; this
is the status whose description fits."""


def register(site: Site, session_id: int, name: str, mode: int) -> RegisteredService:
    """A session provides a service from now on.

    Raises RequestError: CF_INVALID_PARAMETER for an unknown ServerMode; FAILURE_CONF when another
    server has the service with another mode, or exclusively.
    """
    if mode not in {int(one) for one in ServerMode}:
        raise RequestError(Extended.CF_INVALID_PARAMETER, f"no ServerMode {mode}")
    others = [s for s in site.registered_services if s.name == name]
    if any(s.mode != mode for s in others):
        raise RequestError(0, f"{name!r} has another ServerMode", status=_REFUSED)
    if others and mode == ServerMode.EXCLUSIVE:
        raise RequestError(0, f"{name!r} has its server", status=_REFUSED)
    service = RegisteredService(next(site.service_ids), name, mode, session_id)
    site.registered_services.append(service)
    return service


def unregister(site: Site, session_id: int, service_id: int) -> None:
    """The session's service of this id ends. Raises RequestError (FAILURE_CONF,
    E_CTI_INVALID_SERVICE) when it has no such one."""
    for service in site.registered_services:
        if service.id == service_id and service.session_id == session_id:
            site.registered_services.remove(service)
            return
    raise RequestError(
        0, f"no service {service_id} of this session", status=StatusCode.E_CTI_INVALID_SERVICE
    )


def close_session(site: Site, session_id: int) -> None:
    """A session is over, and what it registered with it."""
    site.registered_services = [s for s in site.registered_services if s.session_id != session_id]


def select(site: Site, name: str) -> list[int]:
    """The sessions that a request for the service goes to.

    Exclusive: the one; round-robin: the one that has waited the longest; parallel: all. Raises
    RequestError (FAILURE_CONF) when there is none.
    """
    servers = [s for s in site.registered_services if s.name == name]
    if not servers:
        raise RequestError(0, f"no server for {name!r}", status=_REFUSED)
    if servers[0].mode == ServerMode.PARALLEL:
        return [s.session_id for s in servers]
    chosen = servers[0]
    site.registered_services.remove(chosen)
    site.registered_services.append(chosen)
    return [chosen.session_id]
