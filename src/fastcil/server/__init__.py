"""The event server: serves generated or recorded contact-centre events to many clients."""

from __future__ import annotations

from fastcil.server.counters import Counters
from fastcil.server.outbox import Limits
from fastcil.server.run import run_server
from fastcil.server.server import EventServer
from fastcil.server.source import ContactCentreSource, EventSource, RecordingSource, SourceEvent

__all__ = [
    "ContactCentreSource",
    "Counters",
    "EventServer",
    "EventSource",
    "Limits",
    "RecordingSource",
    "SourceEvent",
    "run_server",
]
