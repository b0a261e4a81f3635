"""The link to a CTI Server: one session of GED-188, kept open, for a whole program.

CtiLink runs on an asyncio loop, CtiLinkThread on threads of its own, LinkCore is the state machine
of both, without I/O. docs/ged188-link.md describes them; requests are in fastcil.ged188.requests.
"""

from __future__ import annotations

from fastcil.ged188.link_actions import Counters, LinkState
from fastcil.ged188.link_aio import CtiLink, EventStream
from fastcil.ged188.link_core import LinkCore
from fastcil.ged188.link_errors import (
    AnswerError,
    ControlFailureError,
    LinkBusyError,
    LinkClosedError,
    LinkDownError,
    LinkError,
    LinkLostError,
    OpenError,
    RequestFailedError,
    RequestTimeoutError,
)
from fastcil.ged188.link_events import (
    Closed,
    ConnectFailed,
    DecodeProblem,
    FailureReported,
    Gap,
    LinkEvent,
    LinkLost,
    Lost,
    MaintenanceAsked,
    MaintenanceDecided,
    MessageReceived,
    Opened,
    OpenRefused,
    Reconcile,
    ReconcileReason,
    StandbyLost,
    StandbyReady,
    StandbyRefused,
    SwitchedSides,
    SystemEvent,
    UnexpectedConfirmation,
)
from fastcil.ged188.link_settings import LinkSettings, TlsOptions
from fastcil.ged188.link_threads import CtiLinkThread

__all__ = [
    "AnswerError",
    "Closed",
    "ConnectFailed",
    "ControlFailureError",
    "Counters",
    "CtiLink",
    "CtiLinkThread",
    "DecodeProblem",
    "EventStream",
    "FailureReported",
    "Gap",
    "LinkBusyError",
    "LinkClosedError",
    "LinkCore",
    "LinkDownError",
    "LinkError",
    "LinkEvent",
    "LinkLost",
    "LinkLostError",
    "LinkSettings",
    "LinkState",
    "Lost",
    "MaintenanceAsked",
    "MaintenanceDecided",
    "MessageReceived",
    "OpenError",
    "OpenRefused",
    "Opened",
    "Reconcile",
    "ReconcileReason",
    "RequestFailedError",
    "RequestTimeoutError",
    "StandbyLost",
    "StandbyReady",
    "StandbyRefused",
    "SwitchedSides",
    "SystemEvent",
    "TlsOptions",
    "UnexpectedConfirmation",
]
